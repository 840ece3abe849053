// tests/e2e/resume.test.mjs: with source.key a run that was killed, stopped or
// cut off goes on where its last checkpoint says, and its files read as if
// nothing had happened.

import { closeSync, openSync, readFileSync, writeFileSync, writeSync }
  from "node:fs";
import { join } from "node:path";
import { assert, program, runnel, tmpdir } from "../lib/harness.mjs";
import { startAzurite } from "../lib/azurite.mjs";
import { azureReader, folderReader, makeDatabase, makeJob, nothingThere,
  onlyOnce, onlyRun, quick, rowsOf, sql, text } from "../lib/job.mjs";
import { startProxy } from "../lib/proxy.mjs";
import { decode } from "../lib/avro.mjs";
import { friendly } from "../lib/hyparquet.mjs";

const test = await onlyOnce(program);
const az = await startAzurite();
const proxy = await startProxy({ to: az });
let containers = 0;

const ROWS = 20000;
const database = makeDatabase(tmpdir(), "CREATE TABLE t (n INTEGER PRIMARY " +
  "KEY, name TEXT, price DECIMAL(9,2), seen TIMESTAMP, ratio REAL);" +
  "INSERT INTO t SELECT value, printf('%032d', value * 7919 % 1000003), " +
  "value % 1000 || '.25', datetime(1700000000 + value, 'unixepoch'), " +
  `value / 8.0 FROM generate_series(1, ${ROWS});`);
const QUERY = "SELECT * FROM t WHERE n > :after ORDER BY n";

async function makeOne(file, more = {}) {
  const name = `resume${++containers}`;
  await az.createContainer(name);
  proxy.forget();
  return { name, reader: azureReader(az, name), job: makeJob({
    database, query: QUERY, file,
    tls: { ca: proxy.ca }, auth: { kind: "sas", token: az.sas(name) },
    ...more,
    job: { memory: "1M", checkpoint: "0", ...more.job },
    source: { key: "n", ...more.source },
    store: { url: `${proxy.url}/${name}`, connections: 1, ...quick,
      ...more.store },
  }) };
}

// Run until a request of this kind comes for the nth time, and kill it there:
// before the service has heard of it, or after it has done it.
async function killed(job, { op, n = 1, name = /part/, after = false }) {
  const run = job.start();
  let seen = 0;
  let hit = false;
  proxy.forget();
  proxy.rule = (q) => {
    if (hit) return { silent: true };
    if (q.op !== op || !name.test(q.name) || ++seen < n) return undefined;
    hit = true;
    if (!after) run.child.kill("SIGKILL");
    return after ? { edit: (answer) => {
      run.child.kill("SIGKILL");
      return answer;
    } } : { silent: true };
  };
  const r = await run.done;
  proxy.forget();
  assert.equal(r.signal, "SIGKILL", `${op} ${n} never came: ${r.stdout}` +
    r.stderr);
}

const bytes = (run) => run.files.map((f) => f.bytes);
const digests = (run) => JSON.stringify(run.manifest.digests);
const figures = (run) => run.manifest.files.map((f) =>
  `${f.name} ${f.rows} ${f.bytes} ${f.crc64} ${f.blocks}`);

// Rows as the database has them, from readers that nobody here wrote.
const want = rowsOf(database, "SELECT n, name FROM t ORDER BY n");
async function rowsIn(run, format) {
  const rows = [];
  for (const f of run.files) {
    if (format === "parquet")
      rows.push(...(await friendly(f.bytes)).map((o) => [Number(o.n), o.name]));
    else if (format === "avro")
      rows.push(...(await decode(f.bytes)).records
        .map((o) => [Number(o.n), o.name]));
  }
  if (format === "array")
    rows.push(...run.files.flatMap((f) => JSON.parse(f.bytes))
      .map((o) => [o.n, o.name]));
  if (format === "json")
    rows.push(...text(run).trimEnd().split("\n").map((line) =>
      JSON.parse(line)).map((o) => [o.n, o.name]));
  if (format === "csv")
    rows.push(...text(run).trimEnd().split("\n").filter((line) =>
      !/^(no,)?n,/.test(line)).map((line) => line.split(",").slice(-5))
      .map((c) => [Number(c[0]), c[1]]));
  return rows;
}

const LEGS = [
  { op: "stage", n: 4 },
  { op: "stage", n: 3, after: true },
  { op: "commit" },
  { op: "commit", after: true },
  { op: "stage", n: 3 },
  { op: "commit", after: true },
  { op: "commit", name: /manifest/ },
  { op: "commit", name: /manifest/, after: true },
];

const CASES = [
  ["csv", { format: "csv" }],
  ["csv", { format: "csv", compression: "gzip", row_number: "no" }],
  ["json", { format: "json" }],
  ["json", { format: "json", compression: "gzip" }],
  ["array", { format: "json", shape: "array" }],
  ["avro", { format: "avro", compression: "deflate", page: "4K" }],
  ["parquet", { format: "parquet", row_group_rows: 700,
    bloom_filter: "name", bloom_bytes: "1K" }],
];

for (const [format, options] of CASES)
  test(`killed eight times, and whole (${Object.values(options).join(" ")})`,
    async () => {
      const file = { rows_per_file: 7000, ...options };
      const more = { job: { memory: format === "parquet" ? "2M" : "700K" } };
      const plain = await makeOne(file, more);
      await plain.job.done();
      const sent = proxy.bytes;
      const whole = await onlyRun(plain.reader);
      const { reader, job } = await makeOne(file, more);
      for (const leg of LEGS) await killed(job, leg);
      const r = await job.done();
      const run = await onlyRun(reader);
      assert(proxy.bytes < sent / 4, `${proxy.bytes} of ${sent} sent again`);
      assert.equal(r.json.resumed_rows, ROWS);
      assert.equal(r.json.rows, ROWS);
      assert.equal(digests(run), digests(whole));
      assert.deepEqual(run.manifest.counts, whole.manifest.counts);
      if (format !== "avro") { // whose files have a marker of their own
        assert.deepEqual(figures(run), figures(whole));
        assert.deepEqual(bytes(run), bytes(whole));
      }
      const rows = await rowsIn(run, format);
      assert.equal(rows.length, ROWS);
      rows.forEach((row, i) =>
        assert.deepEqual(row, [want[i].n, want[i].name]));
    });

const SMALL = { job: { memory: "700K" } };

test("stopped or cut off, it is kept", async () => {
  const { reader, job } = await makeOne({ rows_per_file: 7000 }, SMALL);
  const run = job.start();
  proxy.rule = (q) => {
    if (q.op === "stage" && q.n === 5) run.child.kill("SIGTERM");
  };
  const stopped = job.checkResult(await run.done);
  assert.equal(stopped.code, 75);
  assert.match(stopped.stderr, /is kept/);
  proxy.forget();
  proxy.rule = (q) => q.n > 2 && q.op === "stage" && { lose: "reset" };
  const offline = await job.fails(75, null);
  assert(offline.json.resumed_rows > 0, offline.where);
  proxy.forget();
  const r = await job.done();
  const found = await onlyRun(reader);
  assert(r.json.resumed_rows > offline.json.resumed_rows, r.where);
  assert.deepEqual([r.json.run, offline.json.run],
    [stopped.json.run, stopped.json.run]);
  assert.equal((await rowsIn(found, "csv")).length, ROWS);
  const status = JSON.parse((await runnel(["status", job.path, "--json"]))
    .stdout).jobs[0];
  assert.equal(status.open, null);
  assert.equal(status.runs.length, 1);
  assert.equal(status.runs[0].resumed_rows, r.json.resumed_rows);
  const told = (await runnel(["status", job.path])).stdout;
  assert.match(told, /done .*resumed at row \d/);
});

test("--fresh begins anew, and so does a job that has changed", async () => {
  for (const how of ["fresh", "changed", "query"]) {
    const { reader, job } = await makeOne({ rows_per_file: 7000 }, SMALL);
    await killed(job, { op: "stage", n: 9 });
    if (how === "changed") job.sections.file.delimiter = "pipe";
    if (how === "query") job.sections.source.query = QUERY.replace("n >",
      "n < 9000 AND n >");
    job.write();
    const r = await job.done(how === "fresh" ? ["--fresh"] : []);
    assert.equal(r.json.resumed_rows, 0);
    assert.match(r.stderr, how === "fresh" ?
      /was interrupted; removing/ : /cannot go on: the job has changed/);
    const run = await onlyRun(reader);
    assert.equal(run.manifest.rows, how === "query" ? 8999 : ROWS);
  }
});

test("blocks that the service has dropped start the run again", async () => {
  const { reader, job } = await makeOne({}, SMALL);
  const first = job.start();
  proxy.rule = (q) => {
    if (q.op !== "stage" || q.n > 6) return undefined;
    if (q.n === 6) first.child.kill("SIGKILL");
    return { swallow: true };
  };
  await first.done;
  proxy.forget();
  const r = await job.done();
  assert.equal(r.json.restarts, 1);
  assert.equal(r.json.resumed_rows, 0);
  assert.match(r.stderr, /going on with run/);
  assert.equal((await rowsIn(await onlyRun(reader), "csv")).length, ROWS);
  // Not kept for a next time when it may not start again.
  const other = await makeOne({}, { ...SMALL, store: { restarts: 0 } });
  proxy.rule = (q) => q.op === "stage" && q.n < 4 && { swallow: true };
  await other.job.fails(75, null);
  proxy.forget();
  assert.equal((await other.job.done()).json.resumed_rows, 0);
});

test("checkpoints that are damaged are not gone on with", async () => {
  for (const slots of [[0], [1], [0, 1]]) {
    const { reader, job } = await makeOne({}, SMALL);
    await killed(job, { op: "stage", n: 7 });
    const fd = openSync(job.state, "r+");
    for (const slot of slots)
      writeSync(fd, Buffer.from([255]), 0, 1, 16384 + slot * (512 << 10) + 99);
    closeSync(fd);
    const r = await job.done();
    if (slots.length === 2) {
      assert.equal(r.json.resumed_rows, 0);
      assert.match(r.stderr, /cannot go on: its checkpoint is damaged/);
    } else {
      assert(r.json.resumed_rows > 0);
    }
    assert.equal((await rowsIn(await onlyRun(reader), "csv")).length, ROWS);
  }
});

test("a state file that is refused is left behind by --fresh", async () => {
  const { reader, job } = await makeOne({}, SMALL);
  await job.done();
  const good = readFileSync(job.state);
  const bad = { torn: (b) => [8, 8200].forEach((at) => b.fill(1, at, at + 9)),
    other: () => (job.sections.job.name = "someone-else") };
  for (const [what, spoil] of Object.entries(bad)) {
    const bytes = Buffer.from(good);
    spoil(bytes);
    writeFileSync(job.state, bytes);
    job.write();
    const r = await job.fails(1, /--fresh/);
    assert.equal(r.json.rows, 0);
    const fresh = await job.done(["--fresh"]);
    assert.match(fresh.stderr, /--fresh leaves it behind, with its watermark/,
      what);
    await job.done();
  }
  assert((await reader.list()).length > 0);
});

test("rows out of order, twice or without a key end the run", async () => {
  for (const [query, words] of [
    ["SELECT n FROM t WHERE n > :after ORDER BY n DESC",
      /row 2, column "n": not above the row before/],
    ["SELECT n / 2 AS n FROM t WHERE n > :after ORDER BY t.n",
      /row 3, .*ORDER BY n/],
    ["SELECT NULL AS n, :after", /row 1, column "n": NULL/],
  ]) {
    const { reader, job } = await makeOne({}, { ...SMALL, query });
    await job.fails(3, words);
    await nothingThere(reader);
  }
  for (const [more, words] of [
    [{ query: "SELECT n FROM t" }, /no parameter :after/],
    [{ source: { key: "m" } }, /source.key names "m"/],
  ])
    await (await makeOne({}, { ...SMALL, ...more })).job.fails(2, words);
});

test("a bad row undoes a run that went on, and nothing of it is left",
  async () => {
    const own = makeDatabase(tmpdir(), "CREATE TABLE t (n INTEGER " +
      "PRIMARY KEY, v TEXT); " +
      "INSERT INTO t SELECT value, printf('%099d', value) FROM " +
      "generate_series(1, 9000);");
    const { reader, job } = await makeOne({ rows_per_file: 3000 },
      { ...SMALL, database: own });
    await killed(job, { op: "commit", n: 2, after: true });
    sql(own, "UPDATE t SET v = x'ff' WHERE n = 8000;");
    const r = await job.fails(3, /row 8000/);
    assert.equal(r.json.resumed_rows, 6000);
    await nothingThere(reader);
    // Once one of its files may be gone, nobody goes on with the others.
    await killed(job, { op: "delete", n: 2 });
    sql(own, "UPDATE t SET v = '' WHERE n = 8000;");
    const last = await job.done();
    assert.equal(last.json.resumed_rows, 0);
    assert.match(last.stderr, /was interrupted; removing/);
    assert.equal((await onlyRun(reader)).manifest.rows, 9000);
  });

test("with a watermark, rows that came meanwhile are the next run's",
  async () => {
    const own = makeDatabase(tmpdir(), "PRAGMA journal_mode = WAL; CREATE " +
      "TABLE t (n INTEGER PRIMARY KEY, v TEXT, at INTEGER); INSERT INTO t " +
      "SELECT value, printf('%099d', value), value * 7919 % 9973 FROM " +
      "generate_series(1, 9000);");
    const { reader, job } = await makeOne({ rows_per_file: 3000 }, { ...SMALL,
      database: own, query: "SELECT n, v, at FROM t WHERE at > :watermark " +
        "AND n > :after ORDER BY n -- in order", source: { watermark: "at" } });
    await killed(job, { op: "stage", n: 9 });
    sql(own, "UPDATE t SET at = 10001 WHERE n = 5; " +
      "UPDATE t SET at = 10002 WHERE n = 8500; " +
      "INSERT INTO t VALUES (-1, '', 10003), (9001, '', 10004);");
    const first = await job.done();
    assert(first.json.resumed_rows > 0);
    assert.equal(first.json.rows, 8999);
    const second = await job.done();
    assert.equal(second.json.rows, 4);
    const files = [];
    for (const name of await reader.list())
      if (name.includes(second.json.run) && name.endsWith(".csv"))
        files.push(String(await reader.read(name)));
    assert.deepEqual(files.join("").trim().split("\n").slice(1)
      .map((line) => line.split(",")[0]), ["-1", "5", "8500", "9001"]);
    assert.equal((await job.done()).json.rows, 0);
  });

test("a table of row groups that has no room any more begins anew",
  async () => {
    const { reader, job } = await makeOne({ format: "parquet",
      row_group_rows: 10 }, { job: { memory: "4M" },
      store: { block: "128K" } });
    await killed(job, { op: "stage", n: 44, after: true });
    job.sections.job.memory = "1100K";
    delete job.sections.store.block;
    job.write();
    const r = await job.done();
    assert.match(r.stderr, /cannot go on: its checkpoint does not fit/);
    assert.equal(r.json.resumed_rows, 0);
    assert.equal((await onlyRun(reader)).manifest.rows, ROWS);
  });

test("plan says how a run goes on, and a folder begins anew", async () => {
  for (const [format, words] of [["csv", /block by block/],
    ["parquet", /row group by row group/]]) {
    const { job } = await makeOne({ format });
    assert.match((await runnel(["plan", job.path])).stdout, words);
    assert.match(JSON.parse((await runnel(["plan", job.path, "--json"])).stdout)
      .resume, words);
  }
  const dir = tmpdir();
  const job = makeJob({ database, query: QUERY, source: { key: "n" },
    store: { url: `file://${join(dir, "out")}` } });
  assert.match((await runnel(["plan", job.path])).stdout,
    /resumes +not into this store: a run begins anew/);
  await job.done();
  await onlyRun(folderReader(join(dir, "out")));
});
