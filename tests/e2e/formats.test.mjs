// tests/e2e/formats.test.mjs: every value arrives, in every format, as readers
// that nobody here wrote see it.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { assert, test, tmpdir } from "../lib/harness.mjs";
import { startAzurite } from "../lib/azurite.mjs";
import { duck } from "../lib/duck.mjs";
import { azureReader, makeDatabase, makeJob, onlyRun, rowsOf, series, text }
  from "../lib/job.mjs";

const az = await startAzurite();
let containers = 0;

// A container, a job into it that is `options`, run; what readers find there.
async function exported(options, args) {
  const name = `formats${++containers}`;
  await az.createContainer(name);
  const job = makeJob({
    store: { url: `${az.url}/${name}`, ...options.store },
    tls: { ca: az.ca },
    auth: { kind: "sas", token: "${RUNNEL_TEST_SAS}" },
    env: { RUNNEL_TEST_SAS: az.sas(name) },
    secrets: [new URLSearchParams(az.sas(name)).get("sig")],
    ...options,
    ...(options.store ? { store: { url: `${az.url}/${name}`,
      ...options.store } } : {}),
  });
  const result = await job.done(args);
  const run = await onlyRun(azureReader(az, name));
  return { job, result, run, text: text(run), json: result.json };
}

const quoted = (s) => `CAST(X'${Buffer.from(s).toString("hex")}' AS TEXT)`;

// ----------------------------------------------------------------- values

const INTEGERS = ["0", "-1", "1", "9223372036854775807", "-9223372036854775808",
  "9007199254740993", "-9007199254740993"];
const DOUBLES = [0, 0.1, 1 / 3, 1e308, -1e308, 5e-324, 2.2250738585072014e-308,
  1.7976931348623157e308, 123456789.123456789, 1e21, 1e-7, 9007199254740993,
  4.35, 100, -2.5];
const TEXTS = ["", " ", "plain", "say \"yes\"", "\"", "\"\"", ",", "a,b", "\n",
  "\r", "\r\n", "line\nline", "cr\r\nlf", "tab\there", "back\\slash", "\\n",
  "NULL", "null", "\\N", "\u2028\u2029", "\uFEFFbom", "\u00e9\u0301", "東京",
  "\u{1F69A}\u{10FFFF}", "\u0001\u001f\u007f", "=1+1", "'; --", " lead",
  "trail ", "a\u0000b", "\u0000", "x".repeat(5000), "\"".repeat(300)];
const DECIMALS = ["0.00", "-0.01", "12345678901234567890123456789012345.67",
  "99.90", "-1000000.00"];
const DATES = ["0001-01-01", "1970-01-01", "1969-12-31", "2000-02-29",
  "9999-12-31", "2026-11-22"];
const MOMENTS = ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z",
  "2026-11-22T10:11:12.123456Z", "2026-03-29T01:30:00Z",
  "9999-12-31T23:59:59.999999Z"];
const BLOBS = ["", "00", "ff", "0001020304", "deadbeef".repeat(40)];

const literal = (d) => Number.isInteger(d) && Math.abs(d) < 1e15 ? `${d}.0` :
  d.toString();

// Row by row the longest of these lists, the others repeated, NULL in between.
function mixed(dir) {
  const rows = [];
  const pick = (list, i) => i % (list.length + 1) < list.length ?
    list[i % (list.length + 1)] : null;
  for (let i = 0; i < 2 * TEXTS.length; i++)
    rows.push({
      id: i,
      i: pick(INTEGERS, i),
      d: pick(DOUBLES, i),
      t: pick(TEXTS, i),
      n: pick(DECIMALS, i),
      day: pick(DATES, i),
      ts: pick(MOMENTS, i),
      b: pick(BLOBS, i),
      flag: pick([true, false], i),
    });
  const value = (v, f) => (v === null ? "NULL" : f(v));
  const sql = rows.map((r) => "INSERT INTO mixed VALUES (" + [
    r.id, value(r.i, String), value(r.d, literal), value(r.t, quoted),
    value(r.n, (v) => `'${v}'`), value(r.day, (v) => `'${v}'`),
    value(r.ts, (v) => `'${v}'`), value(r.b, (v) => `X'${v}'`),
    value(r.flag, Number),
  ].join(",") + ");").join("\n");
  const database = makeDatabase(dir, "CREATE TABLE mixed (id INTEGER, " +
    "i BIGINT, d DOUBLE, t TEXT, n TEXT_DECIMAL, day DATE, ts TIMESTAMP, " +
    "b BLOB, flag BOOLEAN);".replace("TEXT_DECIMAL", "DECIMAL(37,2)") +
    "BEGIN;" + sql + "COMMIT;");
  return { rows, database };
}

// SQLite gives a DECIMAL column NUMERIC affinity, which would make doubles of
// long digits; a cast to text in the query keeps what was put in.
const QUERY = "SELECT id, i, d, t, day, ts, b, flag FROM mixed ORDER BY id";

const same = (got, want, what) => {
  if (typeof want === "number" ? !Object.is(got, want) : got !== want)
    assert.fail(`${what}: ${JSON.stringify(got)} is not ` +
      `${JSON.stringify(want)}`);
};

function compare(got, rows) {
  assert.equal(got.length, rows.length, "rows");
  rows.forEach((want, k) => {
    for (const key of ["t", "i", "d", "day", "ts", "b", "flag"])
      same(got[k][key], want[key], `row ${k + 1}, ${key}`);
  });
}

// DuckDB's strings come through a decoder that drops a leading BOM; their bytes
// in hex do not.
const readCsv = async (file) => (await duck("SELECT * REPLACE (hex(t) AS t) " +
  `FROM read_csv('${file}', header = true, delim = ',', quote = '"', ` +
  "escape = '\"', nullstr = '', allow_quoted_nulls = false, all_varchar = " +
  "true, parallel = false, new_line = '\\n', max_line_size = 1000000)"))
  .map((r) => ({ ...r,
    t: r.t === null ? null : Buffer.from(r.t, "hex").toString(),
    d: r.d === null ? null : Number(r.d),
    b: r.b === null ? null : Buffer.from(r.b, "base64").toString("hex"),
    flag: r.flag === null ? null : r.flag === "true",
  }));

const base64 = (hex) => Buffer.from(hex, "hex").toString("base64");

for (const compression of ["none", "gzip"])
  test(`CSV (${compression}) gives DuckDB back every value, and NULL apart ` +
    "from the empty text", async () => {
    const dir = tmpdir();
    const { rows, database } = mixed(dir);
    const e = await exported({ dir, database, query: QUERY,
      file: { format: "csv", compression, quote: "non-null" } });
    const file = join(dir, compression === "gzip" ? "a.csv.gz" : "a.csv");
    writeFileSync(file, e.run.files[0].bytes);
    compare(await readCsv(file), rows);
    assert.equal(e.json.rows, rows.length);
  });

test("CSV with minimal quotes tells NULL from the empty text as well",
  async () => {
    const dir = tmpdir();
    const { rows, database } = mixed(dir);
    const e = await exported({ dir, database, query: QUERY });
    const file = join(dir, "a.csv");
    writeFileSync(file, e.run.files[0].bytes);
    compare(await readCsv(file), rows);
  });

for (const shape of ["lines", "array"])
  for (const compression of ["none", "gzip"])
    test(`JSON ${shape} (${compression}) gives JSON.parse back every value`,
      async () => {
        const { rows, database } = mixed(tmpdir());
        const e = await exported({ database, query: QUERY,
          file: { format: "json", shape, compression } });
        // Integers that JavaScript cannot hold are compared as they stand.
        const exact = e.text.replace(/"i":(-?\d+)/g, "\"i\":\"$1\"");
        let got;
        if (shape === "array") {
          got = JSON.parse(exact);
        } else {
          const lines = exact.split("\n");
          assert.equal(lines.pop(), "");
          got = lines.map((l) => JSON.parse(l));
        }
        compare(got.map((r) => ({ ...r,
          b: r.b === null ? null : Buffer.from(r.b, "base64").toString("hex"),
        })), rows);
        assert.deepEqual(Object.keys(got[0]),
          ["id", "i", "d", "t", "day", "ts", "b", "flag"]);
      });

test("NDJSON gives DuckDB back the same sums as SQLite's own shell",
  async () => {
    const dir = tmpdir();
    const { database } = mixed(dir);
    const e = await exported({ dir, database, query: QUERY,
      file: { format: "json", compression: "gzip" } });
    const file = join(dir, "a.json.gz");
    writeFileSync(file, e.run.files[0].bytes);
    const [got] = await duck("SELECT count(*)::INT AS n, count(i)::INT AS i, " +
      "sum(id)::INT AS ids, count(t)::INT AS t, min(day)::VARCHAR AS first " +
      `FROM read_json('${file}', format = 'newline_delimited')`);
    const [want] = rowsOf(database, "SELECT count(*) AS n, count(i) AS i, " +
      "sum(id) AS ids, count(t) AS t, min(day) AS first FROM mixed");
    assert.deepEqual(got, want);
  });

test("a gzip file is one member, which zlib reads, and is named .gz",
  async () => {
    const e = await exported({ query: series(20000), file: {
      format: "csv", compression: "gzip", header: false } });
    const [f] = e.run.files;
    assert.match(f.name, /part-00001\.csv\.gz$/);
    const lines = gunzipSync(f.bytes).toString().trimEnd().split("\n");
    assert.equal(lines.length, 20000);
    assert.equal(lines[19999], "20000");
  });

test("decimals keep every digit, as text and in the sums", async () => {
  const database = makeDatabase(tmpdir(), "CREATE TABLE t " +
    "(n DECIMAL(18,4)); INSERT INTO t VALUES " +
    "('12.5'), ('-0.0001'), ('99999999.9999'), (NULL), (7);");
  const e = await exported({ database, query: "SELECT n FROM t",
    file: { header: false, null: "-" } });
  assert.equal(e.text, "12.5000\n-0.0001\n99999999.9999\n-\n7.0000\n");
  assert.equal(e.run.manifest.columns[0].type, "decimal");
  assert.equal(e.run.manifest.digests[0].sum, "100000019.4998");
});

for (const [nan, csv, json] of [
  ["text", "1,Infinity\n2,-Infinity\n",
    "{\"n\":1,\"d\":\"Infinity\"}\n{\"n\":2,\"d\":\"-Infinity\"}\n"],
  ["null", "1,\n2,\n", "{\"n\":1,\"d\":null}\n{\"n\":2,\"d\":null}\n"],
])
  test(`infinities are ${nan} where the job says so`, async () => {
    const query = "SELECT 1 AS n, CAST(9e999 AS REAL) AS d UNION ALL " +
      "SELECT 2, -9e999";
    const a = await exported({ query, file: { nan, header: false } });
    const b = await exported({ query, file: { nan, format: "json" } });
    assert.equal(a.text, csv);
    assert.equal(b.text, json);
    assert.equal(b.json.counts.nulled, nan === "null" ? 2 : 0);
  });

test("an infinity is an error that names row and column by default",
  async () => {
    await az.createContainer("infinity");
    const job = makeJob({ query: "SELECT 1.0 AS d UNION ALL SELECT 9e999",
      store: { url: `${az.url}/infinity` }, tls: { ca: az.ca },
      auth: { kind: "sas", token: az.sas("infinity") } });
    const r = await job.fails(3, /row 2/);
    assert.match(r.error.text, /"?d"?/);
  });

// --------------------------------------------------------------- bad text

const BAD = "SELECT 'ok' AS t UNION ALL SELECT CAST(X'61FF62C328' AS TEXT)";

test("text that is not UTF-8 is an error that names row and column, nothing " +
  "is published", async () => {
  await az.createContainer("badtext");
  const job = makeJob({ query: BAD, store: { url: `${az.url}/badtext` },
    tls: { ca: az.ca }, auth: { kind: "sas", token: az.sas("badtext") } });
  const r = await job.fails(3, /row 2/);
  assert.match(r.error.text, /\bt\b/);
  assert.deepEqual(await az.list("badtext"), []);
});

test("text that is not UTF-8 is repaired and counted where the job says so",
  async () => {
    const e = await exported({ query: BAD, source: { on_bad_text: "replace" },
      file: { format: "json" } });
    const got = e.text.trimEnd().split("\n").map((l) => JSON.parse(l).t);
    assert.equal(got[0], "ok");
    assert.equal(got[1], "a\uFFFDb\uFFFD(");
    assert.equal(e.json.counts.replaced, 1);
    assert.equal(e.run.manifest.counts.replaced, 1);
  });

test("a value of another type than its column is an error that names row and " +
  "column", async () => {
  const database = makeDatabase(tmpdir(), "CREATE TABLE t (a INTEGER, b TEXT);" +
    "INSERT INTO t VALUES (1, 'x'), ('seven', 'y');");
  await az.createContainer("mismatch");
  const job = makeJob({ database, query: "SELECT a, b FROM t",
    store: { url: `${az.url}/mismatch` }, tls: { ca: az.ca },
    auth: { kind: "sas", token: az.sas("mismatch") } });
  const r = await job.fails(3, /row 2/);
  assert.match(r.error.text, /\ba\b/);
});

test("a value of another type is converted without loss, and counted, where " +
  "the job says so", async () => {
  const database = makeDatabase(tmpdir(), "CREATE TABLE t (b TEXT, a);" +
    "INSERT INTO t VALUES ('x', 1); UPDATE t SET b = 'x';" +
    "CREATE TABLE u (a INTEGER); INSERT INTO u VALUES (1), (2.0);" +
    "CREATE TABLE v (a BLOB); INSERT INTO v VALUES (X'00'), ('text');");
  const e = await exported({ database, query: "SELECT a FROM v",
    source: { on_mismatch: "convert" }, file: { binary: "hex" } });
  assert.equal(e.text, "a\n00\n74657874\n");
  assert.equal(e.json.counts.converted, 1);
});

test("a value larger than max_cell is an error, cut, or NULL, as the job says",
  async () => {
    const query = "SELECT 1 AS n, 'short' AS t UNION ALL SELECT 2, " +
      "printf('%0300d', 7)";
    await az.createContainer("oversize");
    const job = makeJob({ query, source: { max_cell: 100 },
      store: { url: `${az.url}/oversize` }, tls: { ca: az.ca },
      auth: { kind: "sas", token: az.sas("oversize") } });
    const r = await job.fails(3, /row 2/);
    assert.match(r.error.text, /\bt\b/);
    const cut = await exported({ query, source: { max_cell: 100,
      on_oversize: "truncate" }, file: { header: false } });
    assert.equal(cut.text, `1,short\n2,${"0".repeat(100)}\n`);
    assert.equal(cut.json.counts.truncated, 1);
    const none = await exported({ query, source: { max_cell: 100,
      on_oversize: "null" }, file: { header: false } });
    assert.equal(none.text, "1,short\n2,\n");
    assert.equal(none.json.counts.nulled, 1);
  });

// ------------------------------------------------------------------ sizes

test("no rows make a valid file of each format, and the manifest says 0",
  async () => {
    const query = "SELECT 1 AS a, 'x' AS b WHERE 0";
    for (const [file, want] of [
      [{ format: "csv" }, "a,b\n"],
      [{ format: "json", shape: "lines" }, ""],
      [{ format: "json", shape: "array" }, null],
      [{ format: "csv", compression: "gzip" }, "a,b\n"],
      [{ format: "json", compression: "gzip" }, ""],
    ]) {
      const e = await exported({ query, file });
      assert.equal(e.json.rows, 0);
      assert.equal(e.run.manifest.rows, 0);
      if (want === null) assert.deepEqual(JSON.parse(e.text), []);
      else assert.equal(e.text, want);
    }
  });

test("one row and one column arrive", async () => {
  const a = await exported({ query: "SELECT 7 AS a" });
  assert.equal(a.text, "a\n7\n");
  const b = await exported({ query: "SELECT NULL AS a",
    file: { format: "json" } });
  assert.equal(b.text, "{\"a\":null}\n");
});

test("-0 keeps its sign", async () => {
  const e = await exported({ query: "SELECT 1 AS n, 0.0 * -1 AS d" ,
    file: { format: "json" } });
  assert(Object.is(JSON.parse(e.text).d, -0), e.text);
});

test("an empty line is refused in CSV, because readers skip it", async () => {
  await az.createContainer("emptyline");
  const job = makeJob({ query: "SELECT NULL AS a",
    store: { url: `${az.url}/emptyline` }, tls: { ca: az.ca },
    auth: { kind: "sas", token: az.sas("emptyline") } });
  await job.fails(3, /row 1.*empty line.*file\.null/);
});

test("1,600 columns arrive in their order", { timeout: 60 }, async () => {
  const cols = Array.from({ length: 1600 }, (_, i) => `${i} AS c${i}`);
  const dir = tmpdir();
  const query = join(dir, "query.sql");
  writeFileSync(query, `SELECT ${cols.join(",")} UNION ALL SELECT ` +
    Array.from({ length: 1600 }, (_, i) => -i).join(","));
  const e = await exported({ dir, query: `file:${query}`,
    job: { memory: "4M" }, source: { memory: "2M" } });
  const [head, first, second, end] = e.text.split("\n");
  assert.equal(end, "");
  assert.deepEqual(head.split(","), cols.map((_, i) => `c${i}`));
  assert.deepEqual(first.split(",").map(Number), cols.map((_, i) => i));
  assert.deepEqual(second.split(",").map(Number),
    cols.map((_, i) => (i ? -i : 0)));
  assert.equal(e.run.manifest.columns.length, 1600);
});

// ---------------------------------------------------------------- options

test("the CSV options do what they say", async () => {
  const query = "SELECT 1 AS a, 'x;y' AS b, NULL AS c, '' AS d, 1.5 AS e";
  const of = async (file) => (await exported({ query, file })).text;
  assert.equal(await of({ delimiter: "tab" }),
    "a\tb\tc\td\te\n1\tx;y\t\t\"\"\t1.5\n");
  assert.equal(await of({ delimiter: "semicolon", newline: "crlf" }),
    "a;b;c;d;e\r\n1;\"x;y\";;\"\";1.5\r\n");
  assert.equal(await of({ quote: "all", null: "NULL" }),
    "\"a\",\"b\",\"c\",\"d\",\"e\"\n\"1\",\"x;y\",\"NULL\",\"\",\"1.5\"\n");
  assert.equal(await of({ quote: "non-numeric", header: false }),
    "1,\"x;y\",,\"\",1.5\n");
  assert.equal(await of({ quote_char: "single", delimiter: "pipe",
    header: false }), "1|x;y||''|1.5\n");
  assert.equal(await of({ row_number: "no" }),
    "no,a,b,c,d,e\n1,1,x;y,,\"\",1.5\n");
});

test("dates and binary values are written as the job says", async () => {
  const database = makeDatabase(tmpdir(), "CREATE TABLE t (d DATE, " +
    "ts TIMESTAMP, b BLOB, f BOOLEAN); INSERT INTO t VALUES ('1970-01-02', " +
    "'1970-01-01 00:00:01.5', X'0AFF', 1);");
  const of = async (file) => (await exported({ database,
    query: "SELECT * FROM t", file: { header: false, ...file } })).text;
  assert.equal(await of({}), "1970-01-02,1970-01-01T00:00:01.500Z," +
    `${base64("0aff")},true\n`);
  assert.match(await of({ dates: "epoch-ms", binary: "hex", bool: "1/0" }),
    /^\d+,1500,0aff,1\n$/i);
});
