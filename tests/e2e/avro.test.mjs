// tests/e2e/avro.test.mjs: Avro files as readers that nobody here wrote see
// them: avsc, and Debian's avrocat over libavro.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, program, test, tmpdir } from "../lib/harness.mjs";
import { readAvrocat, valueType, walkAvro } from "../lib/avro.mjs";
import { startAzurite } from "../lib/azurite.mjs";
import { exportTable, sameAvro, shared, tableJob } from "../lib/columnar.mjs";
import { azureReader, folderReader, isCurl, makeDatabase, nothingThere, onlyRun,
  quick } from "../lib/job.mjs";
import { refusal, startProxy } from "../lib/proxy.mjs";
import { anyTable, chance, column, everyColumn, extremeTable, sameColumns,
  table } from "../lib/values.mjs";

const curl = await isCurl(program);
const CODECS = curl ? ["null"] : ["null", "deflate", "snappy", "zstd"];
const CODEC = { null: "null", none: "null", deflate: "deflate",
  snappy: "snappy", zstd: "zstandard" };

const every = shared(extremeTable(700));
const avro = (t, file, more) => exportTable(t, { format: "avro", ...file },
  more);

for (const compression of CODECS)
  test(`every value arrives through avsc (${compression}), in one block and ` +
    "in many", async () => {
    for (const page of ["0", "1K"]) {
      const e = await avro(every, { compression, page });
      const [file] = await sameAvro(e, every);
      assert.equal(e.files.length, 1);
      assert.match(e.files[0].name, /\.avro$/);
      assert.equal(file.codec, CODEC[compression]);
      if (page === "1K") assert(file.blocks.length > 10);
    }
  });

// avrocat prints JSON by jansson: no infinities, and nothing behind a NUL.
const printable = (t) => table(t.columns, t.rows.map((r) => r.map((v) =>
  typeof v === "number" && !Number.isFinite(v) ? 1.5 :
    typeof v === "string" ? v.replaceAll("\0", "0") :
      Buffer.isBuffer(v) ? Buffer.from(v.map((b) => b || 1)) : v)));

for (const compression of CODECS.filter((c) => c !== "zstd"))
  test(`avrocat reads every value (${compression})`, async () => {
    const t = printable(extremeTable(400));
    const e = await avro(t, { compression, page: "4K" });
    const columns = await readAvrocat(e.files[0].path, t);
    sameColumns(columns, t, "avrocat");
  });

test("the schema says what the values are", async () => {
  const e = await avro(every, {});
  const { schema, meta } = walkAvro(e.files[0].bytes);
  assert.equal(schema.type, "record");
  assert.equal(schema.name, "job");
  const decimal = (precision, scale) =>
    ({ type: "bytes", logicalType: "decimal", precision, scale });
  const want = {
    bool: "boolean", int8: "int", int16: "int", int32: "int", int64: "long",
    float: "float", double: "double", text: "string", blob: "bytes",
    date: { type: "int", logicalType: "date" },
    time: { type: "long", logicalType: "time-micros" },
    timestamp: { type: "long", logicalType: "timestamp-micros" },
    timestamp_ntz: { type: "long", logicalType: "local-timestamp-micros" },
    uuid: { type: "string", logicalType: "uuid" },
    json: "string",
  };
  schema.fields.forEach((f, j) => {
    const c = every.columns[j];
    assert.equal(f.name, c.name);
    assert.deepEqual(valueType(f), c.kind === "decimal" ?
      decimal(c.precision, c.scale) : want[c.kind], c.name);
    if (c.kind === "json") assert.equal(f["runnel.type"], "json");
  });
  assert(!("avro.codec" in meta) || meta["avro.codec"] === "null");
});

test("moments in milliseconds say so", async () => {
  const t = table([column("ts", "timestamp"), column("ntz", "timestamp_ntz"),
    column("tm", "time")], [[1700000000123000n, -62135596800000000n,
    86399999000n], [-1000n, 253402300799999000n, 0n], [null, null, null]]);
  const e = await avro(t, { timestamps: "millis" });
  const [file] = await sameAvro(e, t);
  assert.deepEqual(file.schema.fields.map((f) => valueType(f).logicalType),
    ["timestamp-millis", "local-timestamp-millis", "time-millis"]);
});

test("names become legal, unique, and are kept beside", async () => {
  const names = ["a b", "a_b", "1st", "Ä", "東京\u{1F69A}", "a.b", "", "\"q\"",
    "plain", "x-y", "x_y", "_", "\n"];
  const t = table(names.map((n) => column(n, "int64")),
    [names.map((_, i) => BigInt(i))]);
  const list = names.map((n, i) => `${i} AS "${n.replaceAll("\"", "\"\"")}"`);
  const e = await avro({ ...t, database: makeDatabase(tmpdir()),
    query: `SELECT ${list.join(", ")}` }, {});
  const [file] = await sameAvro(e, t);
  const legal = file.schema.fields.map((f) => f.name);
  assert.equal(new Set(legal).size, names.length);
  file.schema.fields.forEach((f, i) => {
    assert.match(f.name, /^[A-Za-z_][A-Za-z0-9_]*$/);
    if (f.name === names[i]) return;
    assert.equal(f["runnel.name"], names[i]);
    assert(f.doc.includes(names[i]), f.doc);
  });
  for (const n of ["a_b", "plain", "x_y", "_"])
    assert.equal(legal[names.indexOf(n)], n);
  await readAvrocat(e.files[0].path, t);
});

test("the record has the name that the job gives it", async () => {
  const t = table([column("a", "int64")], [[1n]]);
  const e = await avro(t, { record: "com.example.orders.Row" });
  const { schema } = walkAvro(e.files[0].bytes);
  assert.equal(schema.namespace ? `${schema.namespace}.${schema.name}` :
    schema.name, "com.example.orders.Row");
  await sameAvro(e, t);
  for (const record of ["1a", "a..b", "a b", ".a"]) {
    const { job } = tableJob(t, { format: "avro", record });
    await job.fails(2, /record/);
  }
});

test("no rows, one row, one column: each a file that all can read",
  async () => {
    for (const t of [table(everyColumn(), []), printable(extremeTable(1)),
      table([column("a", "text")], []), table([column("a", "blob")], [[null]])])
      for (const compression of CODECS) {
        const e = await avro(t, { compression });
        const [file] = await sameAvro(e, t);
        assert.equal(file.blocks.length, t.n ? 1 : 0);
        if (compression !== "zstd")
          sameColumns(await readAvrocat(e.files[0].path, t), t, "avrocat");
      }
  });

test("1,600 columns arrive in their order", { timeout: 60 }, async () => {
  const columns = Array.from({ length: 1600 }, (_, i) => `${i} AS c${i}`);
  const dir = tmpdir();
  const query = join(dir, "query.sql");
  writeFileSync(query, `SELECT ${columns.join(",")} UNION ALL SELECT ` +
    columns.map((_, i) => -i).join(","));
  const t = table(columns.map((_, i) => column(`c${i}`, "int64")),
    [1n, -1n].map((sign) => columns.map((_, i) => sign * BigInt(i))));
  const e = await avro({ ...t, database: makeDatabase(dir),
    query: `file:${query}`, types: undefined }, {},
  { dir, job: { memory: "4M" }, source: { memory: "2M" } });
  await sameAvro(e, t);
  sameColumns(await readAvrocat(e.files[0].path, t), t, "avrocat");
});

test("several files are each whole, with markers of their own", async () => {
  const e = await avro(every, { rows_per_file: 250, compression: "deflate" });
  const files = await sameAvro(e, every);
  assert.deepEqual(files.map((f) => f.rows), [250, 250, 200]);
  assert.equal(new Set(files.map((f) => f.sync.toString("hex"))).size, 3);
});

test("rows larger than a block, a segment and the store's block arrive",
  async () => {
    const r = chance(13);
    const t = table([column("id", "int64"), column("b", "blob"),
      column("s", "text")], [1, 70000, 0, 65536, 3, 65535, 200000, 5, 100000]
      .map((n, i) => [BigInt(i), n === 0 ? null : r.bytes(n),
        "é".repeat(n >> 1)]));
    for (const compression of CODECS) {
      const e = await avro(t, { compression, page: "4K" },
        { source: { max_cell: "256K", memory: "2M" }, job: { memory: "6M" } });
      await sameAvro(e, t);
    }
  });

test("blocks are of about the size that the job says", async () => {
  const t = anyTable(chance(17), 4000, [column("a", "int64"),
    column("b", "uuid")]);
  const e = await avro(t, { page: "2K" });
  const [file] = await sameAvro(e, t);
  for (const b of file.blocks.slice(0, -1))
    assert(b.raw > 1024 && b.raw <= 2048 + 64, `${b.raw}`);
});

for (const [kind, bad] of [["int8", "128"], ["int32", "2147483648"],
  ["float", "1e300"], ["uuid", "'not-a-uuid'"]])
  test(`a value that ${kind} has no room for (${bad}) is an error that names ` +
    "row and column", async () => {
    const c = column("v", kind);
    const database = makeDatabase(tmpdir(),
      `CREATE TABLE t (v ${c.declared}); ` +
      `INSERT INTO t VALUES (NULL), (${bad});`);
    const { job, out } = tableJob({ ...table([c], []), database },
      { format: "avro" });
    const r = await job.fails(3, /row 2/);
    assert.match(r.error.text, /\bv\b/);
    await nothingThere(folderReader(out));
  });

test("no other codec than Avro's is taken", async () => {
  const t = table([column("a", "int64")], []);
  const { job } = tableJob(t, { format: "avro", compression: "gzip" });
  await job.fails(2, /compression/);
});

// ------------------------------------------------------------------ faults

const az = await startAzurite();
const proxy = await startProxy({ to: az });
const faulty = shared(anyTable(chance(43), 3000, everyColumn()));
let containers = 0;

async function stored(t, file, more = {}) {
  const name = `avro${++containers}`;
  await az.createContainer(name);
  proxy.forget();
  const e = tableJob(t, { format: "avro", ...file }, { ...more,
    tls: { ca: proxy.ca },
    auth: { kind: "sas", token: "${RUNNEL_TEST_SAS}" },
    env: { RUNNEL_TEST_SAS: az.sas(name) },
    store: { url: `${proxy.url}/${name}`, ...quick, retry_for: "5s",
      restarts: 1, ...more.store } });
  const reader = azureReader(az, name);
  return { ...e, reader, async done() {
    const r = await e.job.done();
    return { json: r.json, files: (await onlyRun(reader)).files };
  } };
}

for (const [what, deed] of [["refused", { answer: refusal(500,
  "InternalError") }], ["lost", { lose: "reset" }],
["stored but not acknowledged", { drop: "reset" }],
["acknowledged and not stored", { swallow: true }]])
  test(`any block that is ${what} is sent again, and the file is right`,
    { timeout: 60 }, async () => {
      const s = await stored(faulty, { page: "4K", compression: "snappy" },
        { store: { block: "16K" } });
      proxy.rule = (q) => q.op === "stage" &&
        (deed.swallow ? [5] : [3, 11]).includes(q.n) && deed;
      const e = await s.done();
      assert(proxy.count.stage > 10, `${proxy.count.stage} blocks`);
      await sameAvro(e, faulty);
    });

test("the store's blocks may end anywhere", { timeout: 60 }, async () => {
  const t = shared(anyTable(chance(47), 300, everyColumn()));
  let first;
  for (const block of [undefined, "4K", "5001", "64K"]) {
    const s = await stored(t, { page: "2K" }, { store: { block } });
    const [file] = await sameAvro(await s.done(), t);
    first ??= file.blocks;
    assert.deepEqual(file.blocks, first);
  }
});

test("a source that fails midway leaves nothing", async () => {
  const rows = Array.from({ length: 5000 }, (_, i) =>
    `(${i === 4321 ? "'x'" : i}, '${"y".repeat(i % 100)}')`);
  const database = makeDatabase(tmpdir(), "CREATE TABLE t (a INTEGER, " +
    `b TEXT); INSERT INTO t VALUES ${rows.join(",")};`);
  const t = { database, query: "SELECT a, b FROM t" };
  const folder = tableJob(t, { format: "avro" });
  await folder.job.fails(3, /row 4322/);
  await nothingThere(folderReader(folder.out));
  const s = await stored(t, {}, { store: { block: "16K" } });
  await s.job.fails(3, /row 4322/);
  await nothingThere(s.reader);
});
