// tests/e2e/process.test.mjs: signals, kills, a full or broken disk, a machine
// without chance, sockets that take one byte: and the memory promise.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, program, run, runnel, sleep, test, tmpdir }
  from "../lib/harness.mjs";
import { startAzurite } from "../lib/azurite.mjs";
import { refusal, startProxy } from "../lib/proxy.mjs";
import { preload } from "../lib/preload.mjs";
import { azureReader, checkStore, countsUp, isCurl, leastMemory, lockDatabase,
  makeDatabase, makeJob, onlyRun, quick, series } from "../lib/job.mjs";

const az = await startAzurite({ tls: false });
const proxy = await startProxy({ to: az });
let containers = 0;

async function setup(options = {}) {
  const container = `process${++containers}`;
  await az.createContainer(container);
  proxy.forget();
  const sas = az.sas(container);
  const job = makeJob({
    query: series(options.rows ?? 10, options.width ?? 0),
    tls: { ca: proxy.ca },
    auth: { kind: "sas", token: "${RUNNEL_TEST_SAS}" },
    env: { RUNNEL_TEST_SAS: sas },
    secrets: [new URLSearchParams(sas).get("sig")],
    ...options,
    file: { header: false, ...options.file },
    store: { url: `${proxy.url}/${container}`, block: "32K", ...quick,
      ...options.store },
  });
  return { job, container, reader: azureReader(az, container) };
}

const noneFinished = async (reader) =>
  assert.equal((await checkStore(reader)).length, 0, "it looks finished");

// When the proxy has seen this, for at most 10 s.
async function until(what, words = "what the test waits for") {
  for (let i = 0; i < 1000; i++) {
    if (await what()) return;
    await sleep(10);
  }
  assert.fail(`${words} never came`);
}

// ----------------------------------------------------------------- kill -9

for (const when of ["before", "after"])
  test(`killed ${when} any request is served, no run looks finished that is ` +
    "not whole, and the next run succeeds and leaves nothing else",
  { timeout: 120 }, async () => {
    const s = await setup({ rows: 1500, width: 90,
      file: { header: false, rows_per_file: 500 }, store: { block: "16K",
        retry_for: "5s" } });
    await s.job.done();
    const all = proxy.log.length;
    assert(all >= 15, `${all} requests only`);
    let whole = 1;
    for (let k = 1; k <= all; k += 1) {
      proxy.forget();
      let p;
      let seen = 0;
      const killed = new Promise((done) => {
        proxy.rule = () => {
          if (++seen !== k) return undefined;
          if (when === "before") {
            p.child.kill("SIGKILL");
            done();
            return { lose: "reset" };
          }
          return { edit: (a) => {
            p.child.kill("SIGKILL");
            done();
            return a;
          } };
        };
      });
      p = s.job.start();
      const r = await p.done;
      if (seen >= k) await killed;
      proxy.rule = () => undefined;
      s.job.checkOutput(r);
      const found = await checkStore(s.reader);
      found.forEach((x) => countsUp(x, 1500));
      const n = await s.job.run();
      assert.equal(n.code, 0, `after a kill at request ${k}: ${n.where}`);
      const now = await checkStore(s.reader);
      assert.deepEqual([...now.strays], [], `left by a kill at request ${k}`);
      assert(now.length > whole && now.length <= whole + 2,
        `${now.length} runs after ${whole}`);
      whole = now.length;
    }
  });

test("killed while it recovers from a kill, the next run still succeeds",
  { timeout: 60 }, async () => {
    const s = await setup({ rows: 1500, width: 90, store: { retry_for: "5s" },
      file: { header: false, rows_per_file: 500 } });
    for (let k = 1; k <= 6; k++) {
      for (const nth of [9, k]) {
        let seen = 0;
        let p;
        proxy.rule = () => {
          if (++seen === nth) p.child.kill("SIGKILL");
          return undefined;
        };
        p = s.job.start();
        await p.done;
      }
      proxy.rule = () => undefined;
      await s.job.done();
      const now = await checkStore(s.reader);
      assert.deepEqual([...now.strays], []);
    }
  });

test("status tells of runs that were killed", async () => {
  const s = await setup();
  let p;
  proxy.rule = (q) => {
    if (q.op === "put") p.child.kill("SIGKILL");
    return undefined;
  };
  p = s.job.start();
  await p.done;
  proxy.rule = () => undefined;
  const first = await runnel(["status", s.job.path], { env: s.job.env });
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /not ended|killed/);
  await s.job.done();
  const then = await runnel(["status", s.job.path, "--json"],
    { env: s.job.env });
  const [job] = JSON.parse(then.stdout).jobs;
  assert.equal(job.open, null);
  assert.deepEqual(job.runs.map((x) => x.state), ["done", "interrupted"]);
});

// ----------------------------------------------------------------- signals

const endless = "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 " +
  "FROM s) SELECT count(*) FROM s";
const states = [
  ["waiting for an answer to a block", { rows: 60000, width: 90 },
    (q) => q.op === "stage" && { silent: true }],
  ["waiting for an answer to a commit", { rows: 2000, width: 90 },
    (q) => q.op === "commit" && { silent: true }],
  ["between tries", { rows: 2000, width: 90, store: { retry_for: "60s" } },
    (q) => q.method === "PUT" && { answer: refusal(503, "ServerBusy",
      { "Retry-After": "30" }) }],
  ["uploading at full speed", { rows: 3000000, width: 90 }, () => undefined],
  ["in a query that gives no row", { query: endless }, null],
  ["after its first files", { rows: 60000, width: 90, file: { header: false,
    rows_per_file: 1000 } }, () => undefined],
];

for (const [what, options, rule] of states)
  for (const signal of ["SIGTERM", "SIGINT"])
    test(`${signal} ${what} ends with exit code 75 and nothing visible`,
      async () => {
        const s = await setup({ ...options, store: { timeout: "30s",
          request_timeout: "30s", ...options.store } });
        let hit = false;
        let requests = 0;
        proxy.rule = (q) => {
          const deed = rule?.(q);
          // Deeds mark the moment; without one a few requests do.
          if (deed || (++requests > 5 && rule)) hit = true;
          return q.op === "delete" || q.op === "head" ? undefined : deed;
        };
        const p = s.job.start();
        if (rule) await until(() => hit || p.child.exitCode !== null);
        else await sleep(300);
        const begun = Date.now();
        p.child.kill(signal);
        const r = s.job.checkResult(await p.done);
        assert.equal(r.code, 75, r.where);
        assert(Date.now() - begun < 3000, `${Date.now() - begun} ms`);
        proxy.rule = () => undefined;
        const found = await checkStore(s.reader);
        assert.equal(found.length, 0);
        if (!/commit/.test(what)) assert.deepEqual([...found.strays], []);
      });

test("SIGTERM while it waits for a locked database ends with exit code 75",
  async () => {
    const dir = tmpdir();
    const database = makeDatabase(dir, "CREATE TABLE t (a INTEGER);");
    const lock = await lockDatabase(database);
    const s = await setup({ dir, database, query: "SELECT * FROM t" });
    const p = s.job.start();
    await sleep(200);
    p.child.kill("SIGTERM");
    const r = s.job.checkResult(await p.done);
    assert.equal(r.code, 75, r.where);
    assert(r.seconds < 3, `${r.seconds} s`);
    lock.release();
  });

test("a second signal ends it at once", async () => {
  const s = await setup({ rows: 2000, width: 90,
    file: { header: false, rows_per_file: 500 }, store: { timeout: "30s" } });
  // Cleaning up hangs, so the first signal alone would take a while.
  proxy.rule = (q) => ((q.op === "delete" || q.op === "head") ||
    q.name.includes("part-00003")) && { silent: true };
  const p = s.job.start();
  await until(() => (proxy.count.head ?? 0) + (proxy.count.stage ?? 0) > 0);
  p.child.kill("SIGTERM");
  await sleep(150);
  const begun = Date.now();
  p.child.kill("SIGTERM");
  const r = await p.done;
  assert.equal(r.code, 75, r.stderr);
  assert(Date.now() - begun < 500, `${Date.now() - begun} ms`);
});

test("a stopped and continued process goes on", async () => {
  const s = await setup({ rows: 40000, width: 90, store: { retry_for: "20s" } });
  const p = s.job.start();
  await until(() => (proxy.count.stage ?? 0) > 3);
  p.child.kill("SIGSTOP");
  await sleep(1500);
  p.child.kill("SIGCONT");
  const r = s.job.checkResult(await p.done);
  assert.equal(r.code, 0, r.where);
  countsUp(await onlyRun(s.reader), 40000);
});

test("a reader of our output that went away kills no run", async () => {
  const s = await setup();
  const r = await run("bash", ["-c", `${program} run ${s.job.path} --json ` +
    "| true; echo ${PIPESTATUS[0]}"], { env: s.job.env });
  assert.notEqual(r.stdout.trim(), "141", "died of SIGPIPE");
  countsUp(await onlyRun(s.reader), 10);
});

test("a run whose summary cannot be written says so by its exit code",
  async () => {
    const s = await setup();
    const r = await run("bash", ["-c", `${program} run ${s.job.path} --json ` +
      ">/dev/full; echo $?"], { env: s.job.env });
    assert.equal(r.stdout.trim(), "1", r.stderr);
    await onlyRun(s.reader);
  });

test("closed standard descriptors never become sockets or state files",
  async () => {
    const s = await setup();
    const r = await run("bash", ["-c",
      `${program} run ${s.job.path} <&- >&- 2>&-; echo $?`],
    { env: s.job.env });
    assert.equal(r.stdout.trim(), "0");
    countsUp(await onlyRun(s.reader), 10);
    await s.job.done();
  });

// --------------------------------------------------------------- two agents

test("of two agents with one state, one runs and the other says which file " +
  "is taken and ends with 75", async () => {
  const s = await setup();
  let free;
  const held = new Promise((done) => (free = done));
  proxy.rule = (q) => {
    if (q.op === "put" && q.n === 1) free();
    return q.op === "put" && q.n === 1 && { delay: 500 };
  };
  const p = s.job.start();
  await held;
  for (let i = 0; i < 5; i++) {
    const second = await s.job.fails(75);
    assert(second.error.text.includes("job.state"), second.error.text);
  }
  assert.equal(s.job.checkResult(await p.done).code, 0);
  countsUp(await onlyRun(s.reader), 10);
});

test("ten agents started at once make as many runs as say they did",
  async () => {
    const s = await setup({ rows: 3000, width: 90 });
    const all = await Promise.all(Array.from({ length: 10 },
      async () => s.job.checkResult(await s.job.start().done)));
    const done = all.filter((r) => r.code === 0);
    assert(done.length >= 1);
    assert(all.every((r) => r.code === 0 || r.code === 75));
    const runs = await checkStore(s.reader);
    assert.equal(runs.length, done.length);
    assert.deepEqual(runs.map((x) => x.manifest.run).sort(),
      done.map((r) => r.json.run).sort());
  });

// ------------------------------------------------------------------- state

for (const call of ["pwrite", "fdatasync"])
  for (const name of ["ENOSPC", "EIO", "EROFS"])
    test(`${name} from ${call} on the journal, at any save, shows no run that ` +
      "is not whole; afterwards runs succeed", { timeout: 60 }, async () => {
      const s = await setup({ rows: 300, file: { header: false,
        rows_per_file: 100 } });
      for (const times of ["", ":1"])
        for (let nth = 1; nth <= (call === "pwrite" ? 14 : 7); nth++) {
          const r = await s.job.run([],
            { env: preload("fault", { FAULT: `${call}:${name}:${nth}${times}` }) });
          assert([0, 1].includes(r.code), r.where);
          if (r.code)
            assert.match(r.error.text, /state|journal/, r.where);
          (await checkStore(s.reader)).forEach((x) => countsUp(x, 300));
        }
      await s.job.done();
      const runs = await checkStore(s.reader);
      runs.forEach((x) => countsUp(x, 300));
      assert.deepEqual([...runs.strays], []);
    });

test("a state file that is torn, foreign, a folder or not ours to write is " +
  "refused by name, or its older record is used", async () => {
  const s = await setup();
  await s.job.done();
  const good = readFileSync(s.job.state);
  writeFileSync(s.job.state, "this is a shopping list\n");
  const r = await s.job.fails(1, /job\.state/);
  assert.match(r.error.text, /not a state file/);
  // One slot destroyed: the other counts. Both: refused or begun anew, said.
  for (const at of [16, 8192 + 16]) {
    const torn = Buffer.from(good);
    torn.fill(0x55, at, Math.min(at + 64, torn.length));
    writeFileSync(s.job.state, torn);
    await s.job.done();
  }
  await s.job.fails(1, /nowhere/,
    ["--set", `job.state=${join(s.job.dir, "nowhere/x.state")}`]);
});

// ------------------------------------------------------------------ chance

test("without random bytes nothing is sent", async () => {
  const s = await setup();
  const r = await s.job.fails(undefined, undefined, [],
    { env: preload("fault", { FAULT: "getrandom:ENOSYS:1" }) });
  assert([1, 4].includes(r.code), r.where);
  assert.equal(proxy.log.filter((e) => e.op !== "delete").length, 0,
    "a request was sent");
  assert.deepEqual(await s.reader.list(), []);
});

test("when random bytes cease during the run, it still ends in order",
  async () => {
    for (const nth of [2, 3, 4, 6, 9]) {
      const s = await setup({ rows: 2000, width: 90 });
      const r = await s.job.run([],
        { env: preload("fault", { FAULT: `getrandom:EIO:${nth}` }) });
      if (r.code !== 0) await noneFinished(s.reader);
      else await onlyRun(s.reader);
    }
  });

// ------------------------------------------------------------ tiny sockets

test("sockets that take a byte at a time, EAGAIN and EINTR change no byte",
  { timeout: 60 }, async () => {
    if (await isCurl(program)) {
      console.log("skipped: libcurl's own calls are not ours to test");
      return;
    }
    const s = await setup({ rows: 2000, width: 90, store: { timeout: "20s",
      connect_timeout: "20s", request_timeout: "30s" } });
    const r = await s.job.done([], { env: preload("trickle") });
    assert.equal(r.json.retries, 0);
    countsUp(await onlyRun(s.reader), 2000);
  });

// ------------------------------------------------------------------ memory

test("nothing is allocated after the start: not in runs of any format, not " +
  "when they retry or fail", { timeout: 60 }, async () => {
  if (await isCurl(program)) {
    console.log("skipped: libcurl allocates");
    return;
  }
  const env = preload("strict");
  // The shim sees what it shall see.
  const seen = await run("bash", ["-c", "x=1; echo $x"], { env });
  assert.equal(seen.signal ?? "SIGABRT", "SIGABRT");
  assert.match(seen.stderr, /allocated after the start/);
  for (const file of [{ format: "csv" }, { format: "json" },
    { format: "csv", compression: "gzip" },
    { format: "json", shape: "array", compression: "gzip" }]) {
    const s = await setup({ rows: 3000, width: 90 });
    s.job.sections.file = file;
    s.job.write();
    proxy.rule = (q) => q.n === 2 && { answer: refusal(503, "ServerBusy") };
    await s.job.done([], { env });
    await onlyRun(s.reader);
    proxy.rule = (q) => q.method === "PUT" && { answer: refusal(403, "No") };
    await s.job.fails(4, undefined, [], { env });
    await s.job.fails(2, undefined, ["--set", "job.memory=400K"], { env });
    for (const command of ["plan", "check", "status"]) {
      proxy.rule = () => undefined;
      const r = await runnel([command, s.job.path],
        { env: { ...s.job.env, ...env } });
      assert.equal(r.signal, null, `${command}: ${r.stderr}`);
    }
  }
});

test("a budget that is too small is refused with the part and the number, and " +
  "that number does", async () => {
  for (const options of [{}, { store: { connections: 4, block: undefined } },
    { file: { compression: "gzip" } },
    { store: { block: "100K" } }]) {
    const s = await setup({ rows: 5000, width: 90, ...options });
    const make = (memory) => {
      s.job.sections.job.memory = memory;
      s.job.write();
      return s.job;
    };
    const r = await make("300K").fails(2, /needs (at least )?\d+ KiB/);
    assert.match(r.error.text, /largest part is \w+ with \d+ KiB/);
    assert.equal(proxy.log.length, 0, "a request was sent");
    const need = await leastMemory(make);
    const done = await make(`${need}K`).done();
    assert(done.json.memory.peak <= need * 1024 || await isCurl(program),
      `${done.json.memory.peak} of ${need * 1024}`);
    await make(`${need - 1}K`).fails(2);
    await onlyRun(s.reader);
  }
});

test("no descriptor is left open and no file beside the state is made",
  async () => {
    const s = await setup();
    await s.job.done();
    const left = (await run("ls", ["-A", s.job.dir])).stdout.trim().split("\n");
    assert(existsSync(s.job.state));
    assert.deepEqual(left.filter((f) => !/^(db\d+\.db|job\.ini|job\.state)$/
      .test(f)), []);
  });
