// tests/e2e/resume.test.mjs: with source.key a run that was killed, stopped or
// cut off goes on where its last checkpoint says, and its files read as if
// nothing had happened.

import { assert, test, tmpdir } from "../lib/harness.mjs";
import { startAzurite } from "../lib/azurite.mjs";
import { azureReader, checkStore, makeDatabase, makeJob, nothingThere,
  onlyRun, quick, rowsOf, sql, text } from "../lib/job.mjs";
import { startProxy } from "../lib/proxy.mjs";
import { decode } from "../lib/avro.mjs";
import { friendly } from "../lib/hyparquet.mjs";

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
      rows.push(...decode(f.bytes).rows.map((o) => [Number(o.n), o.name]));
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
  { op: "commit", n: 2, after: true },
  { op: "commit", name: /manifest/ },
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
  test(`killed seven times, and whole (${Object.values(options).join(" ")})`,
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
