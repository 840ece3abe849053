// tests/e2e/files.test.mjs: files split as asked, the manifest tells the truth
// about them, and _SUCCESS comes last.

import { assert, runnel, test, tmpdir } from "../lib/harness.mjs";
import { startAzurite } from "../lib/azurite.mjs";
import { startProxy } from "../lib/proxy.mjs";
import { startSink } from "../lib/sink.mjs";
import { azureReader, checkStore, countsUp, leastMemory, makeDatabase, makeJob,
  onlyRun, rowsOf, series, text } from "../lib/job.mjs";

const az = await startAzurite({ tls: false });
const proxy = await startProxy({ to: az });
let containers = 0;

async function jobInto(options) {
  const container = `files${++containers}`;
  await az.createContainer(container);
  proxy.forget();
  const sas = az.sas(container);
  const job = makeJob({
    tls: { ca: proxy.ca },
    auth: { kind: "sas", token: "${RUNNEL_TEST_SAS}" },
    env: { RUNNEL_TEST_SAS: sas },
    secrets: [new URLSearchParams(sas).get("sig")],
    ...options,
    store: { url: `${proxy.url}/${container}`, ...options.store },
  });
  return { job, container, reader: azureReader(az, container) };
}

const plain = { format: "csv", header: false };

test("rows_per_file splits exactly, numbers the parts and loses no row",
  async () => {
    const { job, reader } = await jobInto({ query: series(1050),
      file: { ...plain, rows_per_file: 100 } });
    const r = await job.done();
    const run = await onlyRun(reader);
    assert.equal(run.files.length, 11);
    run.files.forEach((f, i) => {
      assert.match(f.name,
        new RegExp(`/part-${String(i + 1).padStart(5, "0")}\\.csv$`));
      assert.equal(f.rows, i < 10 ? 100 : 50);
    });
    countsUp(run, 1050);
    assert.equal(r.json.files_total, 11);
    assert.deepEqual(r.json.files.map((f) => f.rows), run.files.map(
      (f) => f.rows));
  });

test("a row count that is a multiple of rows_per_file makes no empty file",
  async () => {
    const { job, reader } = await jobInto({ query: series(300),
      file: { ...plain, rows_per_file: 100 } });
    await job.done();
    const run = await onlyRun(reader);
    assert.deepEqual(run.files.map((f) => f.rows), [100, 100, 100]);
  });

for (const compression of ["none", "gzip"])
  test(`bytes_per_file splits near the size (${compression}); each file has ` +
    "its own header", async () => {
    const { job, reader } = await jobInto({
      query: `SELECT n, hex(randomblob(100)) AS filler FROM (${series(4000)})`,
      file: { format: "csv", compression, bytes_per_file: "20000" } });
    await job.done();
    const run = await onlyRun(reader);
    assert(run.files.length > (compression === "gzip" ? 8 : 30),
      `${run.files.length} files`);
    for (const f of run.files.slice(0, -1))
      assert(f.bytes.length > 10000 && f.bytes.length < 100000,
        `a file of ${f.bytes.length} bytes`);
    const headers = text(run).split("\n").filter((l) => l === "n,filler");
    assert.equal(headers.length, run.files.length);
    assert.equal(run.manifest.rows, 4000);
    const rows = text(run).split("\n").filter((l) => l && l !== "n,filler");
    rows.forEach((l, i) => assert(l.startsWith(`${i + 1},`), l.slice(0, 50)));
  });

test("gzip files with the same rows in other blocks are the same bytes",
  async () => {
    const sizes = [];
    for (const block of ["4K", "16K", "64K"]) {
      const { job, reader } = await jobInto({ query: series(30000, 40),
        file: { ...plain, compression: "gzip" }, store: { block } });
      await job.done();
      const run = await onlyRun(reader);
      sizes.push(run.files[0].crc64);
      countsUp(run, 30000);
    }
    assert.equal(new Set(sizes).size, 1, sizes.join());
  });

test("_SUCCESS is written last, after the manifest, after the files",
  async () => {
    const { job } = await jobInto({ query: series(500),
      file: { ...plain, rows_per_file: 200 } });
    await job.done();
    const made = proxy.log.filter((e) => ["put", "commit"].includes(e.op))
      .map((e) => e.name.split("/").pop());
    assert.deepEqual(made, ["part-00001.csv", "part-00002.csv",
      "part-00003.csv", "_manifest.json", "_SUCCESS"]);
  });

test("a small file is one Put Blob", async () => {
  const { job } = await jobInto({ query: "SELECT 1 AS a" });
  await job.done();
  assert.equal(proxy.count.stage ?? 0, 0);
  assert.equal(proxy.count.commit ?? 0, 0);
  assert.equal(proxy.count.put, 3);
});

test("a large file travels on as many connections as the job allows, in " +
  "blocks whose ids are of one width", async () => {
  const { job, reader, container } = await jobInto({
    query: series(60000, 80), file: plain,
    store: { connections: 3, block: "32K" },
  });
  await job.done();
  assert(proxy.most >= 2, `${proxy.most} in flight at most`);
  assert(proxy.most <= 3, `${proxy.most} in flight`);
  const run = await onlyRun(reader);
  countsUp(run, 60000);
  const { committed, uncommitted } =
    await az.blocks(container, run.files[0].name);
  assert.equal(uncommitted.length, 0);
  assert.equal(committed.length, run.files[0].blocks);
  assert.equal(new Set(committed.map((b) => b.name.length)).size, 1);
  assert.equal(new Set(committed.map((b) => b.name)).size, committed.length);
});

test("blobs carry their type and say of which run and how many rows they are",
  async () => {
    for (const [file, type] of [
      [{ format: "csv" }, /^text\/csv/],
      [{ format: "json" }, /^application\/(json|x-ndjson)/],
      [{ format: "csv", compression: "gzip" }, /^application\/gzip/],
    ]) {
      const { job, reader, container } = await jobInto({
        query: series(300, 600), file: { ...file, rows_per_file: 200 },
        store: { block: "8K" } });
      const r = await job.done();
      const run = await onlyRun(reader);
      const blobs = await az.list(container);
      for (const f of run.files) {
        const blob = blobs.find((b) => b.name === f.name);
        assert.match(blob.contentType, type);
        assert(!blob.contentEncoding, "a Content-Encoding");
        assert.equal(blob.metadata.runnel_run, r.json.run);
        assert.equal(blob.metadata.runnel_rows, String(f.rows));
        assert.equal(r.json.files.find((x) => f.name.endsWith(x.name)).etag
          .replaceAll("\"", ""), blob.etag.replaceAll("\"", ""));
      }
    }
  });

test("the manifest's digests are what SQLite's own shell computes",
  async () => {
    const dir = tmpdir();
    const database = makeDatabase(dir, "CREATE TABLE t (i BIGINT, d DOUBLE, " +
      "s TEXT, day DATE, f BOOLEAN, b BLOB);" +
      `INSERT INTO t SELECT n * 7919 - 4000000, n / 7.0, CASE n % 5 WHEN 0 ` +
      "THEN NULL ELSE 'key' || (n % 977) END, date('2000-01-01', n || ' day')" +
      `, n % 3 = 0, CASE n % 2 WHEN 0 THEN zeroblob(n % 9) END FROM (${
        series(2000)});`);
    const { job, reader } = await jobInto({ dir, database,
      query: "SELECT * FROM t" });
    await job.done();
    const { manifest } = await onlyRun(reader);
    const [want] = rowsOf(database, "SELECT count(i) ci, min(i)||'' mini, " +
      "max(i)||'' maxi, sum(i)||'' sumi, count(s) cs, min(s) mins, max(s) " +
      "maxs, min(day) minday, max(day) maxday, sum(f)||'' sumf, count(b) cb, " +
      "min(d) mind, max(d) maxd FROM t");
    const of = Object.fromEntries(manifest.digests.map((d) => [d.column, d]));
    assert.deepEqual([of.i.non_null, of.i.min, of.i.max, of.i.sum],
      [want.ci, want.mini, want.maxi, want.sumi]);
    assert.deepEqual([of.s.non_null, of.s.min, of.s.max, of.s.sum],
      [want.cs, want.mins, want.maxs, null]);
    assert.deepEqual([of.day.min, of.day.max], [want.minday, want.maxday]);
    assert.equal(of.f.sum, want.sumf);
    assert.equal(of.b.non_null, want.cb);
    assert.deepEqual([Number(of.d.min), Number(of.d.max)],
      [want.mind, want.maxd]);
    assert.equal(of.d.sum, null);
    assert.deepEqual(manifest.columns.map((c) => c.type),
      ["integer", "double", "text", "date", "boolean", "binary"]);
  });

test("the manifest says when, what and how: columns, format, source, agent",
  async () => {
    const { job, reader } = await jobInto({ query: series(10),
      file: { format: "csv", delimiter: "tab", null: "\\N" } });
    const before = Date.now();
    const r = await job.done();
    const { manifest } = await onlyRun(reader);
    assert.equal(manifest.runnel_manifest, 1);
    assert.equal(manifest.job, "job");
    assert.equal(manifest.run, r.json.run);
    assert.match(manifest.agent, /^runnel \S+/);
    assert.equal(manifest.source.kind, "sqlite");
    assert.equal(manifest.format.name, "csv");
    assert.equal(manifest.format.delimiter, "\t");
    assert.equal(manifest.format.null, "\\N");
    assert.equal(manifest.columns[0].name, "n");
    assert(Date.parse(manifest.started) >= before - 2000);
    assert(Date.parse(manifest.finished) >= Date.parse(manifest.started));
  });

test("two runs lie side by side, each whole", async () => {
  const { job, reader } = await jobInto({ query: series(100), file: plain });
  await job.done();
  await job.done();
  const runs = await checkStore(reader);
  assert.equal(runs.length, 2);
  assert.deepEqual([...runs.strays], []);
  runs.forEach((run) => countsUp(run, 100));
});

test("a file is closed before 50,000 blocks, and no row is lost at the seam",
  { timeout: 150 }, async () => {
    const sink = await startSink();
    const width = 1000;
    const rows = 220000;
    const dir = tmpdir();
    const make = (memory) => makeJob({
      dir, name: "blocks",
      query: `WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s ` +
        `WHERE n < ${rows}) SELECT printf('%0${width - 1}d', n) AS f FROM s`,
      job: { memory }, file: plain, source: { max_cell: "2K" },
      store: { url: `${sink.url}/many`, allow_http: true, block: "1",
        connections: 2 },
      auth: { kind: "sas", token: az.sas("many") },
    });
    // The smallest memory that does, so that blocks are as small as can be.
    const job = make(`${await leastMemory(make)}K`);
    const plan = JSON.parse((await runnel(["plan", job.path, "--json"],
      { env: job.env })).stdout);
    assert(plan.block <= 2048, `blocks of ${plan.block} bytes`);
    const r = await job.done();
    const parts = [...sink.blob].filter(([n]) => n.includes("/part-"))
      .sort(([a], [b]) => (a < b ? -1 : 1)).map(([, b]) => b);
    assert.equal(r.json.rows, rows);
    assert(parts.length >= 3, `${parts.length} parts`);
    assert(sink.largestList <= 50000, `${sink.largestList} blocks`);
    assert(sink.largestList > 45000, `${sink.largestList} blocks only`);
    let next = 1;
    for (const p of parts) {
      assert.equal(p.length % width, 0, "a row is cut");
      assert.equal(Number(p.first.toString().slice(0, width)), next);
      next += p.length / width;
      assert.equal(Number(p.last.toString().slice(-width)), next - 1);
    }
    assert.equal(next - 1, rows);
  });
