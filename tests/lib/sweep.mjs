// tests/lib/sweep.mjs: one short incremental run, many times over, each time
// with something else going wrong at its k-th system call; and what must be
// true afterwards, whatever it was.
//
//   const sweep = await prepare(az, "kill");
//   await sweep.over("sendmsg", "signal=KILL", async (c, r) => ...);
//
// The job reads by a watermark, so a row that a run skipped or a second one
// repeated shows in what the finished runs hold together. SWEEP=full looks at
// every k where `step` would leave some out.

import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { assert, program, runnel, tmpdir } from "./harness.mjs";
import { azureReader, checkStore, makeDatabase, makeJob, sql, text }
  from "./job.mjs";
import { injected } from "./strace.mjs";

export const full = process.env.SWEEP === "full";

const FIRST = 40; // rows of the run before
const fill = (from, to) => "INSERT INTO t SELECT value, " +
  `printf('%090d', value) FROM generate_series(${from}, ${to});`;

// Two parts: one of two staged blocks and a commit, one of a single request.
const file = { header: false, rows_per_file: 220 };

// rows: how many there are in the end; the rest as makeJob() takes it
export async function prepare(az, name, { rows = 340, ...options } = {}) {
  const dir = tmpdir(`runnel-${name}-`);
  const database = makeDatabase(dir,
    `CREATE TABLE t (id INTEGER PRIMARY KEY, filler TEXT);${fill(1, FIRST)}`);
  let made = 0;

  async function fresh() {
    const n = ++made;
    const container = `${name}${n}`;
    await az.createContainer(container);
    const sas = az.sas(container);
    const own = join(dir, `case${n}`);
    mkdirSync(own);
    const job = makeJob({
      dir: own, database, query: "SELECT id, filler FROM t " +
        "WHERE id > :watermark ORDER BY id",
      source: { watermark: "id" },
      tls: { ca: az.ca },
      auth: { kind: "sas", token: "${RUNNEL_TEST_SAS}" },
      env: { RUNNEL_TEST_SAS: sas },
      secrets: [new URLSearchParams(sas).get("sig")],
      ...options,
      file: { ...file, ...options.file },
      store: { url: `${az.url}/${container}`, block: "16K", connections: 1,
        connect_timeout: "5s", timeout: "5s", request_timeout: "10s",
        retry_for: "10s", ...options.store },
    });
    const c = { n, dir: own, container, job, reader: azureReader(az, container) };
    c.inject = async (what, k, more = {}) => job.checkOutput(await injected(
      program, ["run", job.path, "--json"], what, k,
      { dir: own, env: job.env, ...more }));
    return c;
  }

  // The run before all faults: its record must survive each of them.
  const before = await fresh();
  const first = (await before.job.done()).json.run;
  sql(database, fill(FIRST + 1, rows));
  // anew: without that run, so that the state file has to be made.
  const begin = async ({ anew = false } = {}) => {
    const c = await fresh();
    c.from = anew ? 1 : FIRST + 1;
    c.knows = anew ? [] : [first];
    if (!anew) copyFileSync(before.job.state, c.job.state);
    return c;
  };

  // Finished runs are whole, and no row is in two of them.
  async function whole(c) {
    const runs = await checkStore(c.reader);
    const lines = runs.flatMap((x) => text(x).split("\n").slice(0, -1));
    const ids = lines.map((l) => Number(l.slice(0, l.indexOf(","))));
    ids.sort((a, b) => a - b);
    const double = ids.find((id, i) => i > 0 && id === ids[i - 1]);
    assert.equal(double, undefined, "a row is visible twice");
    for (const l of lines)
      assert.match(l, /^(\d+),0*\1$/, "a row is not what the table has");
    return { runs, ids };
  }

  async function status(c) {
    const r = await runnel(["status", c.job.path, "--json"],
      { env: c.job.env });
    assert.equal(r.code, 0, r.stderr);
    return JSON.parse(r.stdout).jobs[0];
  }

  // Every row, once, and nothing beside the finished runs: what a clean run
  // leaves, in the container, in the state file and beside it.
  async function settled(c) {
    const { runs, ids } = await whole(c);
    assert.deepEqual([ids.length, ids[0], ids.at(-1)],
      [rows - c.from + 1, c.from, rows], "rows that are visible");
    assert.deepEqual([...runs.strays], [], "files of no run");
    const s = await status(c);
    assert.equal(s.open, null, "a run is left open");
    const known = s.runs.map((x) => x.run);
    for (const run of c.knows)
      assert(known.includes(run), "the run before is forgotten");
    for (const b of await az.list(c.container, { uncommitted: true }))
      assert(known.includes(b.name.split("/")[1]), `nobody knows ${b.name}`);
    assert.deepEqual(readdirSync(c.dir).sort(), ["job.ini", "job.state"]);
  }

  // The same after the fault: at once where the run said so, else after
  // another run that nothing happens to; gives what that one said.
  async function recovers(c, r) {
    let next = null;
    if (r.code !== 0) {
      await whole(c);
      next = (await c.job.done()).json;
    }
    await settled(c);
    return next;
  }

  // check(case, result) at every k, or every step-th, until there is none;
  // gives how many were hit. from: the first k that is not the loader's.
  async function over(call, fault, check, { step = 1, anew = false } = {}) {
    const stride = full ? 1 : step;
    const probe = await begin({ anew });
    const clean = await probe.inject(`${call}:${fault}`, 60000);
    assert.equal(clean.code, 0, clean.stderr);
    let k = clean.loading + 1;
    let hits = 0;
    let ended = false;
    const worker = async () => {
      while (!ended) {
        const at = k;
        k += stride;
        const c = await begin({ anew });
        const r = await c.inject(`${call}:${fault}`, at);
        if (!r.hit) {
          ended = true;
          assert.equal(r.code, 0, r.stderr);
          await settled(c);
          return;
        }
        hits++;
        try {
          await check(c, r);
        } catch (e) {
          e.message = `${call} ${at} on ${r.on}, ${fault}: ${e.message}\n` +
            `${r.stdout}${r.stderr}`;
          throw e;
        }
      }
    };
    await Promise.all([worker(), worker()]);
    return hits;
  }

  return { begin, over, recovers, settled, status, whole };
}
