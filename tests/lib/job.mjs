// tests/lib/job.mjs: jobs, databases, and what must be true after any run.
//
//   const job = makeJob({ query: "SELECT 1 AS a", store: { url }, ... });
//   const r = await job.run();              // --json, its oracles checked
//   const runs = await checkStore(az, "c"); // nothing half visible
//
// Oracles: the exit code is the error's; --json is one object; no secret comes
// out anywhere; for each _SUCCESS there is a manifest, and each file that it
// names is there with its bytes and checksum.

import { existsSync, readdirSync, readFileSync, statSync, writeFileSync }
  from "node:fs";
import { join, relative } from "node:path";
import { execFileSync, spawn } from "node:child_process";
import { gunzipSync } from "node:zlib";
import { assert, cleanup, run, runnel, skip, startRunnel, test, tmpdir }
  from "./harness.mjs";
import { crc64 } from "./crc64.mjs";

// Run SQL in the sqlite3 shell, a reader and writer that nobody here wrote.
export const sql = (database, text, ...flags) =>
  execFileSync("sqlite3", ["-bail", "-batch", ...flags, database],
    { input: text, maxBuffer: 1 << 30, encoding: "utf8" });

export const rowsOf = (database, query) => {
  const text = sql(database, `${query};`, "-json").trim();
  return text ? JSON.parse(text) : [];
};

export function makeDatabase(dir, text = "CREATE TABLE t (a INTEGER);",
  name = "data.db") {
  const path = join(dir, name);
  sql(path, text);
  return path;
}

// Another process holds it exclusively until release().
export async function lockDatabase(database) {
  const child = spawn("sqlite3", ["-batch", database],
    { stdio: ["pipe", "pipe", "ignore"] });
  child.stdin.on("error", () => {});
  const ready = new Promise((done) => child.stdout.once("data", done));
  child.stdin.write("BEGIN EXCLUSIVE;\nSELECT 'locked';\n");
  await ready;
  const release = () => child.kill("SIGKILL");
  cleanup(release);
  return { release };
}

// Numbers 1 to n, with a text of `width` bytes beside each.
export const series = (n, width = 0) =>
  "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s " +
  `WHERE n < ${n}) SELECT n` +
  (width ? `, printf('%0${width}d', n) AS filler FROM s` : " FROM s");

export function ini(sections) {
  const text = [];
  for (const [name, keys] of Object.entries(sections)) {
    if (!keys) continue;
    text.push(`[${name}]`);
    for (const [key, value] of Object.entries(keys))
      if (value !== undefined && value !== null)
        text.push(`${key} = ${String(value).replaceAll("\n", "\n    ")}`);
    text.push("");
  }
  return text.join("\n");
}

// Failures shall be over in a moment.
export const quick = {
  connect_timeout: "2s", timeout: "1s", request_timeout: "5s",
  retry_for: "1s",
};

const secretForms = (secret) => {
  const forms = [secret, encodeURIComponent(secret)];
  try {
    forms.push(decodeURIComponent(secret));
  } catch {
    // not an encoded one
  }
  return forms.filter((s) => s.length >= 8);
};

const DURING = ["code", "where", "exit", "text"];

// options: { dir, database, query, job, source, file, store, tls, auth,
// databricks, synapse, connect, validate, env, secrets: what must never be
// seen }
export function makeJob(options) {
  const dir = options.dir ?? tmpdir();
  const database = options.database ?? makeDatabase(dir,
    undefined, `db${readdirSync(dir).length}.db`);
  const name = options.name ?? "job";
  const path = join(dir, `${name}.ini`);
  const state = join(dir, `${name}.state`);
  const sections = {
    job: { name, memory: "1M", state, ...options.job },
    source: { kind: "sqlite", database, query: options.query,
      ...options.source },
    file: { format: "csv", ...options.file },
    types: options.types,
    store: { path: "{job}/{run}/part-{part}.{ext}", ...options.store },
    tls: options.tls,
    auth: options.auth,
    databricks: options.databricks,
    synapse: options.synapse,
    connect: options.connect,
    validate: options.validate,
  };
  const secrets = (options.secrets ?? []).flatMap(secretForms);
  const write = () => writeFileSync(path, ini(sections), { mode: 0o600 });
  write();

  // What a run must never do, whatever happened to it.
  function checkOutput(r) {
    for (const secret of secrets) {
      assert(!r.stdout.includes(secret), "a secret on stdout");
      assert(!r.stderr.includes(secret), `a secret on stderr: ${r.stderr}`);
      if (existsSync(state))
        assert(!readFileSync(state).includes(secret), "a secret in the state");
    }
    assert(!r.stderr.includes("internal error"), r.stderr);
    return r;
  }

  function checkResult(r) {
    checkOutput(r);
    assert.equal(r.signal, null, `ended by ${r.signal}: ${r.stderr}`);
    assert.equal(r.stdout.trimEnd().split("\n").length, 1,
      `not one line of JSON: ${r.stdout}\n${r.stderr}`);
    try {
      r.json = JSON.parse(r.stdout);
    } catch (e) {
      assert.fail(`not JSON (code ${r.code}): ${r.stdout}\n${r.stderr}`);
    }
    const error = r.json.error;
    assert.equal(r.code, error === null ? 0 : error.exit,
      `exit ${r.code}: ${r.stdout} ${r.stderr}`);
    if (error)
      for (const key of DURING) assert(key in error, `error.${key}`);
    assert.equal(r.json.state,
      { 0: "done", 75: "stopped" }[r.code] ?? "failed");
    r.error = error;
    r.where = `${r.stdout}${r.stderr}`;
    return r;
  }

  const env = { ...options.env };
  const common = ["run", path, "--json"];
  return {
    dir, database, path, state, sections, write, checkOutput, checkResult, env,
    start: (args = [], more = {}) =>
      startRunnel([...common, ...args],
        { ...more, env: { ...env, ...more.env } }),
    async run(args = [], more = {}) {
      return checkResult(await this.start(args, more).done);
    },
    // Must succeed.
    async done(args, more) {
      const r = await this.run(args, more);
      assert.equal(r.code, 0, r.where);
      return r;
    },
    // Must fail, with this exit code if there is one, in words that match.
    async fails(code, words, args, more) {
      const r = await this.run(args, more);
      assert.notEqual(r.code, 0, r.where);
      assert.equal(r.code, code ?? r.code, r.where);
      if (words) assert.match(r.error.text, words);
      return r;
    },
  };
}

// The smallest memory in KiB with which a job starts, as its refusals tell.
// make(memory) gives the job with that budget; the answer is at most the third
// number we are told.
export async function leastMemory(make, first = 300) {
  let kib = first;
  for (let i = 0; i < 4; i++) {
    const job = make(`${kib}K`);
    const r = await runnel(["plan", job.path], { env: job.env });
    if (r.code === 0) return kib;
    assert.equal(r.code, 2, r.stderr);
    const m = /needs (?:at least )?(\d+) KiB; the largest part is (\w+)/
      .exec(r.stderr);
    assert(m && Number(m[1]) > kib, r.stderr);
    kib = Number(m[1]);
  }
  return assert.fail(`no end of numbers: ${kib} KiB`);
}

// ------------------------------------------------------------- the store

// A container through Azure's own library.
export function azureReader(az, container) {
  const etags = new Map();
  const kept = new Map();
  const read = (name) => az.download(container, name);
  return {
    list: async () => {
      etags.clear();
      for (const b of await az.list(container)) etags.set(b.name, b.etag);
      return [...etags.keys()];
    },
    read,
    // As listed: what has the ETag it was read with is not read again.
    readListed: async (name) => {
      const had = kept.get(name);
      const etag = etags.get(name);
      if (had && had.etag === etag) return had.bytes;
      const bytes = await read(name);
      kept.set(name, { etag, bytes });
      return bytes;
    },
  };
}

export const folderReader = (dir) => ({
  list: async () => !existsSync(dir) ? [] :
    readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((e) => e.isFile())
      .map((e) => relative(dir, join(e.parentPath ?? e.path, e.name)))
      .sort(),
  read: async (name) => readFileSync(join(dir, name)),
});

// Every run that readers would take as finished is whole. Returns those runs:
// [{ folder, manifest, files: [{ name, bytes }] }], and `strays`: the names of
// data files that no finished run has.
export async function checkStore(reader) {
  const names = await reader.list();
  const read = reader.readListed ?? reader.read;
  const runs = [];
  const used = new Set();
  for (const marker of names.filter((n) => /(^|\/)_SUCCESS$/.test(n))) {
    const folder = marker.slice(0, -"_SUCCESS".length);
    assert.equal((await read(marker)).length, 0, "_SUCCESS is empty");
    assert(names.includes(`${folder}_manifest.json`),
      `${marker} without a manifest`);
    const manifest = JSON.parse(await read(`${folder}_manifest.json`));
    const files = [];
    let rows = 0;
    for (const f of manifest.files) {
      const full = folder + f.name;
      assert(names.includes(full), `${full} is missing in ${names}`);
      const bytes = await read(full);
      assert.equal(bytes.length, f.bytes, `length of ${full}`);
      assert.equal(crc64(bytes), f.crc64, `checksum of ${full}`);
      rows += f.rows;
      used.add(full);
      files.push({ ...f, name: full, bytes });
    }
    assert.equal(rows, manifest.rows, "rows of the files against the run's");
    used.add(marker);
    used.add(`${folder}_manifest.json`);
    runs.push({ folder, manifest, files });
  }
  return Object.assign(runs, { strays: names.filter((n) => !used.has(n)) });
}

// The one finished run there shall be, and nothing beside it.
export async function onlyRun(reader) {
  const runs = await checkStore(reader);
  assert.equal(runs.length, 1, `${runs.length} finished runs`);
  assert.deepEqual([...runs.strays], [], "files beside the run's");
  return runs[0];
}

// Nothing is finished and nothing is left.
export async function nothingThere(reader) {
  const runs = await checkStore(reader);
  assert.equal(runs.length, 0, "a failed run looks finished");
  assert.deepEqual([...runs.strays], [], "files of a failed run are left");
}

export const text = (run) => Buffer.concat(run.files.map((f) =>
  f.name.endsWith(".gz") ? gunzipSync(f.bytes) : f.bytes)).toString();

// The numbers 1 to n, written by series(n) as CSV without a header.
export function countsUp(run, n, first = 1) {
  const lines = text(run).split("\n");
  assert.equal(lines.pop(), "");
  assert.equal(lines.length, n - first + 1, "rows");
  for (let i = 0; i < lines.length; i++)
    if (!lines[i].startsWith(`${first + i}`))
      assert.fail(`row ${i + 1} is ${lines[i].slice(0, 60)}`);
}

// Seconds this process and its ended children have spent computing.
export const childCpu = () => {
  const stat = readFileSync("/proc/self/stat", "utf8");
  const f = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(f[13]) + Number(f[14])) / 100;
};

// RssAnon of a process in bytes, its largest value while it lives.
export function watchMemory(pid) {
  let most = 0;
  const look = () => {
    try {
      const m = /RssAnon:\s+(\d+) kB/.exec(
        readFileSync(`/proc/${pid}/status`, "utf8"));
      if (m) most = Math.max(most, Number(m[1]) * 1024);
    } catch {
      // it has ended
    }
  };
  const timer = setInterval(look, 5);
  look();
  return () => {
    clearInterval(timer);
    return most;
  };
}

export const sizeOf = (path) => (existsSync(path) ? statSync(path).size : -1);

// Is this program the one over libcurl? Its memory promise is a measured one.
let version;
export async function isCurl(program) {
  version ??= (await run(program, ["version"])).stdout;
  return /curl/i.test(version);
}

// test() for what comes before the network and takes long: run with the default
// build, and with the one over libcurl only named.
export const onlyOnce = async (program) => (await isCurl(program) ?
  (name) => skip(name, "run with the default build") : test);
