// tests/bench/bench.mjs: the agent and its peers, on the same rows and into the
// same places; see tests/bench/run.
//
// All cases of all targets run one after another, then all of them again: what
// else the machine does then hits everybody. Each target has its own floor (see
// floor.c), measured in the same series, and what is printed are ratios to it.

import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync,
  writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ACCOUNT, KEY, makeCertificate, startAzurite }
  from "../lib/azurite.mjs";
import { top } from "../lib/harness.mjs";
import { report } from "./report.mjs";

const RUNS = Number(process.env.BENCH_RUNS ?? 3);
const ROWS = Number(process.env.BENCH_ROWS ?? 1000000);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 500);
const ONLY = new RegExp(process.argv[2] ?? "");
const CONTAINER = "bench";

const here = join(top, "tests/bench");
const made = join(top, "build/bench");
const runnel = process.env.RUNNEL ?? join(top, "build/runnel");
const runnelCurl = process.env.RUNNEL_CURL ?? join(top, "build/curl/runnel");
const scratch = mkdtempSync(join(tmpdir(), "runnel-bench-"));
const ended = [() => rmSync(scratch, { recursive: true, force: true })];

// The same ten columns for everybody; sqlite3 prints a BLOB only as hex.
const columns = ["id", "customer", "title", "note", "score", "amount",
  "updated_at", "state", "active", "token"];
const plain = `SELECT ${columns.join(", ")} FROM orders`;
const peerColumns = columns.map((c) => c === "token" ? "hex(token)" : c);
const forCsv = `SELECT ${peerColumns.join(", ")} FROM orders`;
const forJson = "SELECT json_object(" +
  columns.map((c, i) => `'${c}', ${peerColumns[i]}`).join(", ") +
  ") FROM orders";

// ------------------------------------------------------------------ the data

function database() {
  const file = join(made, `orders-${ROWS}.db`);
  const rowgen = join(top, "build/rowgen");
  if (!existsSync(file) || statSync(file).mtimeMs < statSync(rowgen).mtimeMs) {
    execFileSync(rowgen, ["--rows", String(ROWS), `${file}.new`]);
    execFileSync("mv", [`${file}.new`, file]);
  }
  return file;
}

// --------------------------------------------------------------- the targets

// Processor seconds of a process so far; the tick is 1/100 s everywhere.
function cpuOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const field = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(field[11]) + Number(field[12])) / 100;
}

async function startSink(tls) {
  const args = tls ? ["--cert", tls.cert, "--key", tls.key] : [];
  const child = spawn(join(made, "sink"), args,
    { stdio: ["ignore", "pipe", "inherit"] });
  ended.push(() => child.kill("SIGTERM"));
  const port = await new Promise((ready, fail) => {
    child.stdout.once("data", (d) => ready(Number(/\d+/.exec(String(d))[0])));
    child.once("exit", () => fail(new Error("the sink does not start")));
  });
  return {
    name: tls ? "sink, TLS" : "sink",
    url: `${tls ? "https" : "http"}://127.0.0.1:${port}/${ACCOUNT}`,
    ca: tls?.ca,
    // As it is by default for the service itself; auto would take this for
    // an emulator because of its address.
    checksum: "crc64",
    pid: child.pid,
    begin: async () => {},
    clear: async () => {},
  };
}

async function startEmulator(tls) {
  const az = await startAzurite({ tls, memory: true });
  ended.push(() => az.stop());
  const container = az.service.getContainerClient(CONTAINER);
  return {
    name: tls ? "Azurite, TLS" : "Azurite",
    url: az.url,
    ca: az.ca,
    checksum: "auto",
    get pid() { return az.pid; },
    // Azurite keeps what was deleted for ten minutes or more, until its memory
    // is full of it.
    begin: async () => {
      await az.restart();
      await az.createContainer(CONTAINER);
    },
    clear: async () => {
      for await (const b of container.listBlobsFlat())
        await container.deleteBlob(b.name);
    },
  };
}

async function startTargets() {
  const cert = makeCertificate(join(scratch, "tls"));
  return [await startSink(), await startSink(cert),
    await startEmulator(false), await startEmulator(true)];
}

// ----------------------------------------------------------------- the cases

let jobs = 0;

function agent(name, kind, program, keys) {
  const job = (target, db) => {
    const file = join(scratch, `job${++jobs}.ini`);
    const section = { job: { name: "bench", memory: "1M" },
      source: { kind: "sqlite" }, file: { binary: "hex" },
      store: { connections: 2, retry_for: "20s" } };
    section.job.state = join(scratch, "bench.state");
    section.source.database = db;
    section.source.query = plain;
    section.store.url = `${target.url}/${CONTAINER}`;
    section.store.checksum = target.checksum;
    if (target.ca) section.tls = { ca: target.ca };
    else section.store.allow_http = "true";
    section.auth = { kind: "shared-key", account: ACCOUNT, key: "${BENCH_KEY}" };
    for (const [key, value] of Object.entries(keys)) {
      const [s, k] = key.split(".");
      section[s][k] = value;
    }
    writeFileSync(file, Object.entries(section).map(([s, all]) =>
      `[${s}]\n` + Object.entries(all).map(([k, v]) => `${k} = ${v}\n`)
        .join("")).join("\n"));
    return [[program, "run", file, "--quiet", "--json"]];
  };
  return { name, kind, who: "agent", stages: job, env: () =>
    ({ BENCH_KEY: KEY }), check: (out) => JSON.parse(out).rows === ROWS };
}

const sqlite = (db, mode, query) =>
  ["sqlite3", "-readonly", ...mode, db, query];
const csv = (db) => sqlite(db, ["-csv", "-header"], forCsv);
const json = (db) => sqlite(db, ["-list"], forJson);

let blobs = 0;
const rclone = (name, kind, before) => ({
  name, kind, who: "peer",
  stages: (target, db) => [...before(db),
    ["rclone", "rcat", `:azureblob:${CONTAINER}/rclone-${++blobs}`]],
  // Nothing on the command line, and nobody's own configuration.
  env: (target) => ({
    RCLONE_CONFIG: "/dev/null",
    RCLONE_AZUREBLOB_USE_EMULATOR: "true",
    RCLONE_AZUREBLOB_ACCOUNT: ACCOUNT,
    RCLONE_AZUREBLOB_KEY: KEY,
    RCLONE_AZUREBLOB_ENDPOINT: target.url,
    ...(target.ca ? { RCLONE_CA_CERT: target.ca } : {}),
  }),
});

const sdk = (name, kind, before) => ({
  name, kind, who: "peer",
  stages: (target, db) => [...before(db),
    [process.execPath, join(here, "peers/upload_stream.mjs"),
      `${target.url}/${CONTAINER}/sdk-${++blobs}`]],
  env: (target) => ({
    AZURE_ACCOUNT: ACCOUNT,
    AZURE_KEY: KEY,
    ...(target.ca ? { NODE_EXTRA_CA_CERTS: target.ca } : {}),
  }),
});

const floor = (name, program, who) => ({
  name, kind: "floor", who,
  stages: (target, db) => [[join(made, program), db, plain]],
  env: () => ({}),
  check: (out) => JSON.parse(out).rows === ROWS,
});

const gz = (level) => ({ "file.compression": "gzip", "file.level": level });
const ndjson = { "file.format": "json" };

const cases = [
  floor("floor: step and read, Debian's SQLite", "floor", "floor"),
  floor("the same, the agent's SQLite", "floor-own", "note"),
  agent("runnel csv, 1M", "csv", runnel, {}),
  agent("runnel csv, 2M", "csv", runnel, { "job.memory": "2M" }),
  agent("runnel csv, 8M", "csv", runnel, { "job.memory": "8M" }),
  agent("runnel (libcurl) csv, 1M", "csv", runnelCurl, {}),
  rclone("sqlite3 -csv | rclone", "csv", (db) => [csv(db)]),
  sdk("sqlite3 -csv | node uploadStream", "csv", (db) => [csv(db)]),
  agent("runnel ndjson, 1M", "ndjson", runnel, ndjson),
  agent("runnel ndjson, 8M", "ndjson", runnel,
    { ...ndjson, "job.memory": "8M" }),
  rclone("sqlite3 json_object | rclone", "ndjson", (db) => [json(db)]),
  agent("runnel csv.gz 1, 1M", "csv.gz 1", runnel, gz(1)),
  rclone("sqlite3 -csv | gzip -1 | rclone", "csv.gz 1",
    (db) => [csv(db), ["gzip", "-1"]]),
  // A third of a round's time, all of it zlib: once is enough.
  { once: true, ...agent("runnel csv.gz 6, 1M", "csv.gz 6", runnel, gz(6)) },
  { once: true, ...rclone("sqlite3 -csv | gzip -6 | rclone", "csv.gz 6",
    (db) => [csv(db), ["gzip", "-6"]]) },
];

// --------------------------------------------------------------- measurement

const LATE_SECONDS = 90;
let running = null;

function stopRunning() {
  if (running) process.kill(-running.pid, "SIGKILL");
}

// One run: { wall, cpu, server, private }, or a text that says what failed.
async function measure(one, target, db) {
  const out = join(scratch, "out");
  const args = [out];
  one.stages(target, db).forEach((stage, i) =>
    args.push(...(i > 0 ? ["|"] : []), ...stage));
  const before = cpuOf(target.pid);
  const child = spawn(join(made, "measure"), args, {
    env: { ...process.env, LC_ALL: "C.UTF-8", ...one.env(target) },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true, // a group of its own, that goes as a whole
  });
  running = child;
  const late = setTimeout(stopRunning, LATE_SECONDS * 1000);
  let said = "";
  let errors = "";
  child.stdout.on("data", (d) => { said += d; });
  child.stderr.on("data", (d) => { errors += d; });
  await new Promise((done) => child.once("close", done));
  clearTimeout(late);
  running = null;
  const after = cpuOf(target.pid);
  await target.clear();
  let result;
  try {
    result = JSON.parse(said);
    if (!result.ok || (one.check && !one.check(readFileSync(out, "utf8"))))
      return errors.trim() || "it failed without a word";
  } catch {
    return errors.trim() || `it was stopped after ${LATE_SECONDS} s`;
  }
  return { ...result, server: after - before };
}

async function rounds(targets, db) {
  const results = []; // { target, one, runs, failure }
  const begun = Date.now();
  let last = 0;
  for (const target of targets) {
    const named = cases.filter((one) =>
      ONLY.test(`${target.name}: ${one.name}`));
    for (const one of cases)
      if (named.includes(one) || (named.length > 0 && one.who === "floor"))
        results.push({ target: target.name, one, at: target, runs: [] });
  }
  for (let round = 0; round < RUNS; round++) {
    const spent = Date.now() - begun;
    if (round > 0 && (spent + last) / 1000 > SECONDS) {
      console.error(`bench: ${round} rounds of ${RUNS}; time is up`);
      break;
    }
    let at = null;
    for (const r of results) {
      if (r.failure || (r.one.once && round > 0)) continue;
      if (r.at !== at) await (at = r.at).begin();
      const got = await measure(r.one, r.at, db);
      if (typeof got === "string") {
        r.failure = got;
        console.error(`bench: ${r.target}: ${r.one.name}: ${got}`);
      } else {
        r.runs.push(got);
      }
      process.stderr.write(".");
    }
    last = Date.now() - begun - spent;
    process.stderr.write(` round ${round + 1}: ${(last / 1000).toFixed(0)} s\n`);
  }
  return results;
}

async function main() {
  mkdirSync(made, { recursive: true });
  const db = database();
  const targets = await startTargets();
  // The file into the page cache, and the processor out of its sleep.
  for (let i = 0; i < 2; i++)
    execFileSync(join(made, "floor"), [db, plain]);
  const results = await rounds(targets, db);
  const text = report(results, ROWS);
  writeFileSync(join(made, "result.md"), text);
  process.stdout.write(`${text}\nbuild/bench/result.md has this as well.\n`);
}

async function clean() {
  stopRunning();
  for (const fn of ended.splice(0).reverse()) await fn();
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
  process.on(signal, () => clean().finally(() => process.exit(130)));
try {
  await main();
} finally {
  await clean();
}
