// tests/e2e/cli.test.mjs: what a person and a script get to see: exit codes, one
// clear line for each mistake, JSON that is JSON.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, program, run, runnel, test, tmpdir } from "../lib/harness.mjs";
import { startAzurite } from "../lib/azurite.mjs";
import { folderReader, makeDatabase, makeJob, onlyRun, quick, series }
  from "../lib/job.mjs";

function setup(options = {}) {
  const dir = options.dir ?? tmpdir();
  const out = join(dir, "out");
  mkdirSync(out, { recursive: true });
  const job = makeJob({ query: series(10), ...options, dir,
    store: { url: `file://${out}`, ...options.store } });
  return { dir, out, job, reader: folderReader(out) };
}

// Exit code 2 and one line, which matches all of these.
async function refused(args, ...words) {
  const r = await runnel(args);
  assert.equal(r.code, 2, `${args}: ${r.stdout}${r.stderr}`);
  assert.equal(r.stderr.trimEnd().split("\n").length, 1, r.stderr);
  for (const w of words) assert.match(r.stderr, w);
  return r;
}

// ------------------------------------------------------------ command line

test("help lists the commands, tells of one, and of the keys", async () => {
  const r = await runnel(["help"]);
  assert.equal(r.code, 0);
  for (const c of ["run", "plan", "check", "status", "version", "help"])
    assert.match(r.stdout, new RegExp(`\\b${c}\\b`));
  const one = await runnel(["help", "run"]);
  assert.equal(one.code, 0);
  assert.match(one.stdout, /--set/);
  const keys = await runnel(["help", "keys"]);
  assert.equal(keys.code, 0);
  for (const k of ["memory", "max_cell", "rows_per_file", "connections"])
    assert.match(keys.stdout, new RegExp(`\\b${k}\\b`));
});

test("version names the agent and what it is made of", async () => {
  const r = await runnel(["version"]);
  assert.equal(r.code, 0);
  assert.match(r.stdout, /runnel \d+\.\d+/);
  assert.match(r.stdout, /SQLite/i);
});

test("a wrong command or option is one line with the nearest right one",
  async () => {
    await refused(["rum", "x.ini"], /did you mean run/);
    await refused(["run", "x.ini", "--jsno"], /did you mean --json/);
    await refused(["run", "x.ini", "--set"], /needs a value/);
    await refused(["run"], /JOB|job/);
    await refused(["run", "a.ini", "b.ini"]);
    await refused(["status", "--fresh", "x.ini"]);
    assert.equal((await runnel([])).code, 2);
  });

test("commands that come later are refused by name", async () => {
  for (const c of ["daemon", "handoff"])
    await refused([c, "x.ini"], new RegExp(c));
});

test("a secret typed in a wrong place is not repeated", async () => {
  const secret = "sv=2024&sig=CANARYCANARYCANARY%3D";
  for (const args of [[secret], ["run", `--${secret}`],
    ["run", "x.ini", "--set", `auth.token=${secret}`]]) {
    const r = await runnel(args);
    assert.notEqual(r.code, 0);
    assert(!(r.stdout + r.stderr).includes("CANARY"), r.stderr);
  }
});

// ---------------------------------------------------------------- job file

const base = ["[job]", "memory = 1M", "[source]", "kind = sqlite",
  "database = d.db", "query = SELECT 1 AS a", "[store]", "url = file:///tmp"];

for (const [what, line, ...words] of [
  ["a key that does not exist", "conections = 2", /:9:/, /connections/],
  ["a section that does not exist", "[stroe]", /:9:/, /store/],
  ["a number that is none", "connections = many", /:9:/, /connections/],
  ["a number out of range", "connections = 999", /:9:/, /32/],
  ["a word that is none", "checksum = sha1", /:9:/, /md5/],
  ["a size that is none", "block = 12Q", /:9:/],
  ["a line without a key", "this is no key", /:9:/],
  ["a key of a later version", "[notify]\nwebhook = https://x", /notif/],
  ["a format that there is not", "[file]\nformat = orc", /parquet/],
  ["a codec of another format", "[file]\ncompression = zstd", /none or gzip/],
  ["an authentication of a later version",
    "[auth]\nkind = managed-identity", /Entra|managed-identity/],
  ["a key twice", "path = {run}/{part}\npath = {run}/{part}x", /:10:/, /path/],
  ["a path without a part", "path = a/{run}/b.csv", /part/],
  ["a path that leads out", "path = ../{run}/{part}", /path/],
])
  test(`${what} in a job file is one line with file and line`, async () => {
    const path = join(tmpdir(), "bad.ini");
    writeFileSync(path, [...base, line, ""].join("\n"));
    await refused(["run", path], /bad\.ini/, ...words);
    await refused(["plan", path], /bad\.ini/, ...words);
  });

test("a job file that is not there, a folder or empty is refused by name",
  async () => {
    const dir = tmpdir();
    await refused(["run", join(dir, "nowhere.ini")], /nowhere\.ini/);
    await refused(["run", dir], new RegExp(dir));
    writeFileSync(join(dir, "empty.ini"), "");
    await refused(["run", join(dir, "empty.ini")], /empty\.ini/);
  });

test("--set overrides the job file, and is checked like it", async () => {
  const s = setup();
  const r = await s.job.done(["--set", "file.format=json",
    "--set=source.query=SELECT 7 AS seven"]);
  assert.match(r.json.files[0].name, /\.json$/);
  assert.equal((await onlyRun(s.reader)).files[0].bytes.toString(),
    "{\"seven\":7}\n");
  await s.job.fails(2, /formt|format/, ["--set", "file.formt=json"]);
});

test("${NAME} and quoted names are filled in from the environment", async () => {
  const s = setup({ query: "SELECT '${RUNNEL_WORD}' AS w" });
  await s.job.done([], { env: { RUNNEL_WORD: "hello" } });
  assert.equal((await onlyRun(s.reader)).files[0].bytes.toString(),
    "w\nhello\n");
});

test("a job's state and name come from its file's name", async () => {
  const s = setup();
  s.job.sections.job = { memory: "1M" };
  s.job.write();
  const r = await run(program, ["run", "job.ini", "--json"], { cwd: s.dir });
  assert.equal(r.code, 0, r.stderr);
  assert.equal(JSON.parse(r.stdout).job, "job");
  assert(readdirSync(s.dir).includes("job.state"));
});

// ----------------------------------------------------------------- outputs

const MEMBERS = ["job", "run", "state", "rows", "bytes", "files", "seconds",
  "memory", "retries", "warehouse", "validation", "error"];

test("--json is exactly one object with all its members, whatever happened",
  async () => {
    const s = setup();
    const good = await s.job.done();
    for (const m of MEMBERS) assert(m in good.json, m);
    assert.deepEqual(Object.keys(good.json.files[0]),
      ["name", "rows", "bytes", "crc64", "etag"]);
    assert.deepEqual(Object.keys(good.json.memory), ["budget", "peak"]);
    assert.equal(good.json.error, null);
    assert.equal(good.stderr, "");
    for (const [code, set] of [[2, "file.format=nothing"],
      [3, "source.database=/nowhere.db"], [2, "source.query=SELEC 1"]]) {
      const bad = await s.job.fails(code, undefined, ["--set", set]);
      for (const m of MEMBERS) assert(m in bad.json, `${m} after ${set}`);
    }
  });

test("without --json a person gets a short summary on stdout", async () => {
  const s = setup({ query: series(1234) });
  const r = await runnel(["run", s.job.path]);
  assert.equal(r.code, 0);
  assert.match(r.stdout, /1,234/);
  assert.match(r.stdout, /memory/);
  assert.equal(r.stderr, "");
});

test("progress is drawn on a terminal, and nowhere else", async () => {
  if ((await run("script", ["-qec", "true", "/dev/null"])).code !== 0) {
    console.log("skipped: no terminal can be made here");
    return;
  }
  const s = setup({ query: series(3000000) });
  const on = await run("script", ["-qec",
    `${program} run ${s.job.path} --json`, "/dev/null"]);
  assert.match(on.stdout, /rows\/s/);
  const quiet = await run("script", ["-qec",
    `${program} run ${s.job.path} --json --quiet`, "/dev/null"]);
  assert.doesNotMatch(quiet.stdout, /rows\/s/);
  const off = await runnel(["run", s.job.path, "--json"]);
  assert.equal(off.stderr, "");
});

test("--log-level makes the log talk, one line each, on stderr", async () => {
  const s = setup();
  const r = await s.job.done(["--log-level", "info"]);
  assert(r.stderr.length > 0);
  for (const line of r.stderr.trimEnd().split("\n"))
    assert.match(line, /^\d{4}-\d\d-\d\dT[\d:.]+Z (error|warn|info): /);
});

// -------------------------------------------------------------------- plan

test("plan adds up to the budget and says what fits", async () => {
  const s = setup();
  const r = await runnel(["plan", s.job.path, "--json"]);
  assert.equal(r.code, 0, r.stderr);
  const plan = JSON.parse(r.stdout);
  assert.equal(plan.budget, 1 << 20);
  assert.equal(plan.parts.reduce((n, p) => n + p.bytes, 0), plan.budget);
  assert.equal(plan.columns, 1);
  assert(plan.block > 0 && plan.largest_file > 0);
  const person = await runnel(["plan", s.job.path]);
  assert.match(person.stdout, /pool/);
  assert.match(person.stdout, /source/);
});

test("plan never asks the network", async () => {
  const s = setup({ store: { url: "https://no-such-host.invalid/a/c" },
    auth: { kind: "sas", token: "sv=1&sp=rcwd&sig=AAAAAAAAAAAA" } });
  const r = await runnel(["plan", s.job.path]);
  assert.equal(r.code, 0, r.stderr);
  assert(r.seconds < 2);
});

// ----------------------------------------------------------- check, status

test("check tells each step, and leaves no trace", async () => {
  const az = await startAzurite();
  await az.createContainer("checked");
  const job = makeJob({ query: series(3), tls: { ca: az.ca },
    auth: { kind: "sas", token: az.sas("checked") },
    secrets: [new URLSearchParams(az.sas("checked")).get("sig")],
    store: { url: `${az.url}/checked`, ...quick } });
  const good = await runnel(["check", job.path]);
  assert.equal(good.code, 0, good.stdout + good.stderr);
  job.checkOutput(good);
  for (const step of ["source", "memory", "credential", "write", "delete"])
    assert.match(good.stdout, new RegExp(`${step} +ok`));
  assert.deepEqual(await az.list("checked", { uncommitted: true }), []);

  // Without the right to delete it says what that means.
  job.sections.auth.token = az.sas("checked", "rcw");
  job.write();
  const less = await runnel(["check", job.path]);
  assert.equal(less.code, 0, less.stdout + less.stderr);
  assert.match(less.stdout, /delete.*(not permitted|not allowed|stays)/);

  job.sections.auth.token = az.sas("checked", "r");
  job.write();
  const none = await runnel(["check", job.path]);
  assert([2, 4].includes(none.code), none.stdout + none.stderr);
  assert.match(none.stdout + none.stderr, /FAILED|permission|allow/);

  job.sections.source.database = "/nowhere.db";
  job.write();
  const source = await runnel(["check", job.path]);
  assert.equal(source.code, 3, source.stdout);
  assert.match(source.stdout, /source +FAILED.*nowhere\.db/);
});

test("status tells of no run, a done one and a failed one, newest first",
  async () => {
    const s = setup();
    const none = await runnel(["status", s.job.path]);
    assert.equal(none.code, 0, none.stderr);
    assert.match(none.stdout, /no run/);
    const r = await s.job.done();
    await s.job.fails(undefined, undefined,
      ["--set", "source.query=SELECT 1.0 AS d UNION ALL SELECT 9e999"]);
    const both = await runnel(["status", s.job.path, "--json"]);
    const { jobs: [job] } = JSON.parse(both.stdout);
    assert.deepEqual(job.runs.map((x) => x.state), ["failed", "done"]);
    assert.equal(job.runs[1].run, r.json.run);
    assert.equal(job.runs[1].rows, 10);
    assert.match(job.runs[0].error, /row 2/);
    const person = await runnel(["status", s.job.path]);
    assert.match(person.stdout, /failed/);
    assert.match(person.stdout, /done/);
  });

test("status changes nothing and does not wait for a run under way",
  async () => {
    const s = setup();
    await s.job.done();
    const before = readFileSync(s.job.state);
    await runnel(["status", s.job.path]);
    assert(readFileSync(s.job.state).equals(before));
    const lock = run("flock", [s.job.state, "sleep", "2"]);
    const r = await runnel(["status", s.job.path]);
    assert.equal(r.code, 0, r.stderr);
    assert(r.seconds < 1);
    await lock;
  });

test("one bad job does not hide the status of the others", async () => {
  const s = setup();
  await s.job.done();
  const r = await runnel(["status", "nowhere.ini", s.job.path]);
  assert.equal(r.code, 2);
  assert.match(r.stdout, /done/);
  makeDatabase(s.dir, undefined, "unused.db");
});
