// tests/e2e/machine.test.mjs: a machine that is full, read-only or out of
// descriptors, a log that nobody takes, and signals while the agent waits.

import net from "node:net";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { assert, program, run, runnel, skip, sleep, tmpdir } from "../lib/harness.mjs";
import { startAzurite } from "../lib/azurite.mjs";
import { startProxy } from "../lib/proxy.mjs";
import { startRelay } from "../lib/wire.mjs";
import { azureReader, checkStore, countsUp, makeJob, onlyOnce, onlyRun, quick,
  series }
  from "../lib/job.mjs";

const test = await onlyOnce(program);
const az = await startAzurite({ tls: false });
const proxy = await startProxy({ to: az });
let containers = 0;

async function setup(options = {}) {
  const container = `machine${++containers}`;
  await az.createContainer(container);
  proxy.forget();
  const sas = az.sas(container);
  const job = makeJob({
    query: series(options.rows ?? 300, 90),
    tls: { ca: proxy.ca },
    auth: { kind: "sas", token: "${RUNNEL_TEST_SAS}" },
    env: { RUNNEL_TEST_SAS: sas },
    secrets: [new URLSearchParams(sas).get("sig")],
    ...options,
    file: { header: false, rows_per_file: 200 },
    store: { url: `https://127.0.0.1:${options.port ?? proxy.port}/` +
      `${az.account}/${container}`, block: "16K", ...quick,
      ...options.store },
  });
  return { job, container, reader: azureReader(az, container) };
}

// ------------------------------------------------------------------- disks

// A mount of our own needs a mount namespace, as root or in one of our own.
const apart = [["-m"], ["-rm"]].find((flags) => spawnSync("unshare", [...flags,
  "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0);
const mounted = (name, fn) => (apart ? test(name, fn) :
  skip(name, "no mount namespaces here"));

// In a folder that is such a mount; $1 the folder, $2 the program, $3 the job,
// $4 where results go.
const inMount = async (s, script) => {
  const results = join(s.job.dir, "results");
  mkdirSync(results);
  const r = await run("unshare", [...apart, "bash", "-c", `
    again() { "$2" run "$3" --json >"$4/$5.json" 2>"$4/$5.log"; }
    ${script}`, "bash", join(s.job.dir, "small"), program, s.job.path, results],
  { env: s.job.env });
  assert.equal(r.code, 0, r.stderr);
  return (name) => s.job.checkResult({ signal: null,
    code: Number(readFileSync(join(results, `${name}.rc`), "utf8")),
    stdout: readFileSync(join(results, `${name}.json`), "utf8"),
    stderr: readFileSync(join(results, `${name}.log`), "utf8") });
};

async function small() {
  const dir = tmpdir();
  mkdirSync(join(dir, "small"));
  return setup({ dir, job: { state: join(dir, "small", "job.state") } });
}

mounted("a disk that is full before the first record: nothing is sent; with " +
  "room, and full again, runs go on", async () => {
  const s = await small();
  const result = await inMount(s, `
    set -e
    mount -t tmpfs -o size=16k none "$1"
    fill() { cat /dev/zero >"$1/filler" 2>/dev/null || true; }
    fill "$1"
    truncate -s -4096 "$1/filler"  # one page: half of a state file
    for n in full room again; do
      [ $n != room ] || rm "$1/filler"
      [ $n != again ] || fill "$1"
      rc=0
      again "$1" "$2" "$3" "$4" $n || rc=$?
      echo $rc >"$4/$n.rc"
    done`);
  const first = result("full");
  assert.equal(first.code, 1);
  assert.match(first.error.text, /job\.state.*No space left/);
  assert.equal(result("room").code, 0);
  assert.equal(result("again").code, 0);
  const runs = await checkStore(s.reader);
  assert.equal(runs.length, 2, "runs");
  assert.deepEqual([...runs.strays], []);
  runs.forEach((x) => countsUp(x, 300));
  for (const q of proxy.log)
    assert(runs.some((x) => q.name.includes(x.manifest.run)),
      `a run that has no record was sent: ${q.name}`);
});

mounted("a disk that has become read-only: nothing is sent, and the record " +
  "is as it was", async () => {
  const s = await small();
  await s.job.done();
  const before = readFileSync(s.job.sections.job.state);
  proxy.forget();
  const result = await inMount(s, `
    set -e
    mount --bind "$1" "$1"
    mount -o remount,bind,ro "$1"
    rc=0
    again "$1" "$2" "$3" "$4" ro || rc=$?
    echo $rc >"$4/ro.rc"
    "$2" status "$3" >/dev/null`);
  const r = result("ro");
  assert.equal(r.code, 1);
  assert.match(r.error.text, /job\.state.*Read-only/);
  assert.equal(proxy.log.length, 0, "a request was sent");
  assert.deepEqual(readFileSync(s.job.sections.job.state), before);
  await onlyRun(s.reader);
});

// ------------------------------------------------------------- descriptors

test("with any number of descriptors it runs or says what it cannot open",
  async () => {
    const s = await setup();
    let done = 0;
    // The loader itself needs the fourth.
    for (let n = 4; n < 20 && done < 3; n++) {
      const r = s.job.checkOutput(await run("bash", ["-c",
        `ulimit -n ${n}; exec "$@"`, "bash", program, "run", s.job.path,
        "--json"], { env: s.job.env }));
      assert.equal(r.signal, null, `${n}: ${r.stderr}`);
      assert([0, 1, 2, 3, 4, 75].includes(r.code), `${n}: ${r.code}`);
      if (r.code !== 0) assert.match(r.stderr, /^runnel: ./m, `${n}`);
      done += r.code === 0 ? 1 : 0;
      const runs = await checkStore(s.reader);
      assert.equal(runs.length, done, `${n}`);
      runs.forEach((x) => countsUp(x, 300));
    }
    assert.equal(done, 3, "runs");
    await s.job.done();
    assert.deepEqual([...(await checkStore(s.reader)).strays], []);
  });

// --------------------------------------------------------------------- log

for (const [what, script] of [
  ["is a full disk", "exec \"$@\" 2>/dev/full"],
  ["is a pipe that is full and that nobody reads", "mkfifo \"$0\" && " +
    "exec 3<>\"$0\" && head -c 65536 /dev/zero >&3 && exec \"$@\" 2>&3"],
  ["is a pipe whose reader has gone", "mkfifo \"$0\" && exec 3<>\"$0\" " +
    "4>\"$0\" 3<&- && exec \"$@\" 2>&4 4<&-"]])
  test(`a log that ${what} holds no run up`, async () => {
    const s = await setup();
    const r = await run("timeout", ["20", "bash", "-c", script,
      join(s.job.dir, "fifo"), program, "run", s.job.path, "--json",
      "--log-level", "debug"], { env: s.job.env });
    assert.equal(s.job.checkResult(r).code, 0, r.stdout);
    countsUp(await onlyRun(s.reader), 300);
  });

// ----------------------------------------------------------------- signals

async function noAnswer() {
  // A backlog that is full answers no more.
  const server = net.createServer();
  await new Promise((done) => server.listen({ port: 0, host: "127.0.0.1",
    backlog: 1 }, done));
  server._handle.onconnection = () => {};
  const { port } = server.address();
  const fill = Array.from({ length: 8 }, () => net.connect(port, "127.0.0.1")
    .on("error", () => {}));
  await sleep(100);
  return { port, stop: () => {
    fill.forEach((c) => c.destroy());
    server.close();
  } };
}

async function interrupted(signal, place) {
  const s = await setup({ port: place.port, store: { timeout: "3s",
    connect_timeout: "30s", request_timeout: "30s", retry_for: "30s" } });
  let hit = !place.silent;
  if (place.silent)
    proxy.rule = (q) => {
      hit ||= place.silent(q);
      return place.silent(q) && { silent: true };
    };
  const p = s.job.start();
  for (let i = 0; i < 1000 && !hit; i++) await sleep(10);
  assert(hit, "it never came to that");
  await sleep(300);
  p.child.kill(signal);
  const r = s.job.checkResult(await p.done);
  assert.equal(r.code, 75, r.where);
  assert.equal((await checkStore(s.reader)).length, 0);
  if (place.silent) proxy.rule = () => undefined;
  s.job.sections.store.url = s.job.sections.store.url.replace(/:\d+\//,
    `:${proxy.port}/`);
  s.job.write();
  const next = await s.job.done();
  const runs = await checkStore(s.reader);
  runs.forEach((x) => countsUp(x, 300));
  assert.equal(runs.length, next.json.completed ? 2 : 1);
  assert.deepEqual([...runs.strays], []);
  const status = JSON.parse((await runnel(["status", s.job.path, "--json"],
    { env: s.job.env })).stdout).jobs[0];
  assert.equal(status.open, null);
}

for (const [signal, what, silent] of [
  ["SIGTERM", "for a look at a file", (q) => q.op === "head"],
  ["SIGTERM", "for the manifest", (q) => q.method === "PUT" &&
    q.name.endsWith("_manifest.json")],
  ["SIGHUP", "for _SUCCESS", (q) => q.method === "PUT" &&
    q.name.endsWith("_SUCCESS")]])
  test(`${signal} while it waits ${what} ends with 75, and the next run puts ` +
    "everything right", () => interrupted(signal, { silent }));

// At once, for each tries for some seconds to remove what it did not leave.
test("SIGTERM and SIGHUP while it waits for a connection or in a handshake end " +
  "with 75, and the next run puts everything right", async () => {
  const relay = await startRelay({ to: proxy.port,
    plan: () => ({ silent: true }) });
  const nobody = await noAnswer();
  try {
    await Promise.all([nobody, relay].flatMap((place) => ["SIGTERM", "SIGHUP"]
      .map((signal) => interrupted(signal, { port: place.port }))));
  } finally {
    nobody.stop();
  }
});
