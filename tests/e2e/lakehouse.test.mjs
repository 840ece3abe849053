// tests/e2e/lakehouse.test.mjs: the lakehouse that other tests rely on is as
// strict as the real one: each rule is shown to bite. Files are written by
// DuckDB and avsc here, and by hand where they shall be wrong.

import { readFileSync } from "node:fs";
import { request } from "node:https";
import { gzipSync } from "node:zlib";
import { join } from "node:path";
import { after, assert, require, sleep, test, tmpdir }
  from "../lib/harness.mjs";
import { startAzurite } from "../lib/azurite.mjs";
import { duck } from "../lib/duck.mjs";
import { tableJob } from "../lib/columnar.mjs";
import { folderReader, onlyRun } from "../lib/job.mjs";
import { errorBody, startLakehouse } from "../lib/lakehouse.mjs";
import { startSynapse } from "../lib/lakehouse_tds.mjs";
import { doubleBits, everyColumn, extremeTable, sameColumns }
  from "../lib/values.mjs";

const az = await startAzurite();
await az.createContainer("box");
const ROOT = `abfss://box@${az.account}.dfs.core.windows.net`;
const secrets = { vault: { user: "runnel", word: "not-in-any-statement" } };

const boot = (options) => startLakehouse({ azurite: az, locations: [ROOT],
  volumes: { "/Volumes/main/raw/files": "box" }, secrets,
  synapse: { host: "ws.sql.azuresynapse.net", port: 1433, database: "pool",
    user: "runnel", password: "not-in-any-statement" }, ...options });
const lake = await boot();
after(() => lake.stop());

let tables = 0;
// A table of its own for each test.
async function table(columns, on = lake) {
  const name = `main.sales.t${++tables}`;
  await on.execute(`CREATE TABLE ${name} (${columns})`);
  return name;
}

let folders = 0;
// Files in a folder of their own; its URL.
async function upload(files) {
  const folder = `f${++folders}`;
  for (const [name, data] of Object.entries(files))
    await az.upload("box", `${folder}/${name}`, Buffer.from(data));
  return `${ROOT}/${folder}`;
}

const refuses = (promise, condition) => assert.rejects(promise,
  (e) => e.condition === condition ||
    assert.fail(`${e.condition ?? e.stack}: ${e.message}`));

const RFC = { header: "true", escape: "\"", multiLine: "true",
  mode: "FAILFAST", nullValue: "\\\\N" };
const options = (o) => Object.entries(o).map(([k, v]) => `'${k}' = '${v}'`)
  .join(", ");
const format = (o) => (Object.keys(o).length ?
  `FORMAT_OPTIONS (${options(o)})` : "");

// COPY INTO; items: a SELECT list.
const copy = (to, from, { as = "CSV", files, items, o = {}, more = "",
  withs = "" }) => `COPY INTO ${to} FROM ` +
  (items ? `(SELECT ${items} FROM '${from}'${withs})` : `'${from}'${withs}`) +
  ` FILEFORMAT = ${as} ` +
  (files ? `FILES = (${files.map((f) => `'${f}'`).join(", ")}) ` : "") +
  `${format(o)} ${more}`;

const inserted = async (text, on = lake) => Number((await on.execute(text))
  .rows[0][1]);
const count = async (t, on = lake) => Number((await on.rows(
  `SELECT count(*) FROM ${t}`))[0][0]);

// ------------------------------------------------------------------- files

const HARD = "a,b,c\n1,\"x \"\"y\"\"\nz, w\",2.50\n2,,\n3,\"\",-1.00\n";
const ITEMS = "a::BIGINT AS a, b, c::DECIMAL(10,2) AS c, 'r1' AS _runnel_run";
const COLUMNS = "a BIGINT, b STRING, c DECIMAL(10,2), _runnel_run STRING";

test("CSV: rows arrive as they are under the right options", async () => {
  const t = await table(COLUMNS);
  const from = await upload({ "p.csv": HARD, "q.csv.gz": gzipSync(HARD) });
  assert.equal(await inserted(copy(t, from, { items: ITEMS,
    files: ["p.csv", "q.csv.gz"], o: RFC })), 6);
  assert.deepEqual(await lake.rows(
    `SELECT DISTINCT * FROM ${t} ORDER BY a`), [
    ["1", "x \"y\"\nz, w", "2.50", "r1"],
    ["2", null, null, "r1"],
    ["3", "", "-1.00", "r1"],
  ]);
});

// What each option loses when it is left at its default.
const LOSSES = {
  header: async (t, from) => {
    await refuses(lake.execute(copy(t, from, { items: ITEMS,
      o: { ...RFC, header: "false" } })), "UNRESOLVED_COLUMN.WITH_SUGGESTION");
  },
  escape: async (t, from) => {
    await refuses(lake.execute(copy(t, from, { items: ITEMS,
      o: { ...RFC, escape: "\\\\" } })),
    "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION");
  },
  multiLine: async (t, from) => {
    await refuses(lake.execute(copy(t, from, { items: ITEMS,
      o: { ...RFC, multiLine: "false" } })),
    "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION");
  },
  nullValue: async (t, from) => {
    await lake.execute(copy(t, from, { items: ITEMS,
      o: { ...RFC, nullValue: "" } }));
    assert.deepEqual(await lake.rows(
      `SELECT count(b) FROM ${t}`), [["1"]], "an empty text became NULL");
  },
  mode: async (t) => {
    const from = await upload({ "p.csv": "a,b,c\n1,x\n2,y,1,9\n" });
    const bad = (mode) => copy(t, from, { items: ITEMS, o: { ...RFC, mode } });
    await refuses(lake.execute(bad("FAILFAST")),
      "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION");
    assert.equal(await inserted(bad("PERMISSIVE")), 2);
    assert.deepEqual(await lake.rows(`SELECT a, c FROM ${t} ORDER BY a`),
      [["1", null], ["2", "1.00"]]);
  },
  inferSchema: async (t) => {
    const from = await upload({ "p.csv": "a,b\n1,007\n" });
    await lake.execute(copy(t, from, { items: "a, b",
      o: { ...RFC, inferSchema: "true" } }));
    assert.deepEqual(await lake.rows(`SELECT b FROM ${t}`), [["7"]]);
  },
};
for (const [name, lose] of Object.entries(LOSSES))
  test(`CSV: ${name} matters`, async () => {
    const from = await upload({ "p.csv": HARD });
    await lose(await table(COLUMNS), from);
  });

test("CSV: an empty line is no row, and CR LF in quotes becomes LF",
  async () => {
    const t = await table("a STRING");
    const one = await upload({ "p.csv": "a\n1\n\n2\n" });
    assert.equal(await inserted(copy(t, one, { o: RFC })), 2);
    const two = await upload({ "p.csv": "a,b\r\n\"x\r\ny\",\r\n" });
    await lake.execute(copy(t, two, { items: "a", o: RFC }));
    const three = await upload({ "p.csv": "a,b\n\"x\r\ny\",\n" });
    const exact = (lineSep) => copy(t, three, { items: "a",
      o: { ...RFC, lineSep } });
    await refuses(lake.execute(exact("\\r\\n")), "INVALID_FORMAT_OPTION");
    await lake.execute(exact("\\n"));
    assert.deepEqual(await lake.rows(
      `SELECT hex(a) FROM ${t} WHERE length(a) > 1 ORDER BY 1`),
    [["780A79"], ["780D0A79"]]);
  });

test("a text goes into no other type by itself, and a bad one into none",
  async () => {
    const t = await table(COLUMNS);
    const from = await upload({ "p.csv": "a,b\n1.5,x\n" });
    await refuses(lake.execute(copy(t, from, { o: RFC })),
      "DELTA_FAILED_TO_MERGE_FIELDS");
    for (const [text, type] of [["1.5", "BIGINT"], ["x", "DOUBLE"],
      ["2024-02-30x", "DATE"], ["maybe", "BOOLEAN"], ["1 2", "DECIMAL(9,2)"],
      ["12:00", "TIMESTAMP"]])
      await refuses(lake.execute(`SELECT CAST('${text}' AS ${type})`),
        "CAST_INVALID_INPUT");
    await refuses(lake.execute("SELECT CAST(300 AS TINYINT)"),
      "NUMERIC_VALUE_OUT_OF_RANGE");
  });

test("JSON: digits are kept as texts and lost as doubles", async () => {
  const t = await table("n DECIMAL(38,10), x DOUBLE, s STRING, u STRING");
  const big = "12345678901234567890.0123456789";
  const from = await upload({ "p.json":
    `{"n":"${big}","x":0.5,"s":"a\\nb","u":null}\n` +
    "{\"n\":null,\"x\":1e300,\"s\":\"\",\"u\":null}\n",
  "q.json": `{"n":${big},"x":0.5,"s":"a","u":null}\n` });
  const items = "n::DECIMAL(38,10) AS n, x::DOUBLE AS x, s, u";
  const load = (file) => lake.execute(copy(t, from, { as: "JSON", items,
    files: [file], o: { mode: "FAILFAST", primitivesAsString: "true" } }));
  await load("p.json");
  assert.deepEqual(await lake.rows(`SELECT n, x, s FROM ${t} ORDER BY x`),
    [[big, "0.5", "a\nb"], [null, "1.0E300", ""]]);
  await load("q.json");
  assert.deepEqual(await lake.rows(
    `SELECT n FROM ${t} WHERE s = 'a'`), [["12345678901234567000.0000000000"]]);
});

test("JSON: a bad line fails, or is NULL without FAILFAST", async () => {
  const t = await table("a BIGINT");
  const from = await upload({ "p.json": "{\"a\":1}\n{\"a\":\n" });
  await refuses(lake.execute(copy(t, from, { as: "JSON",
    o: { mode: "FAILFAST" } })),
  "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION");
  assert.equal(await inserted(copy(t, from, { as: "JSON" })), 2);
  assert.deepEqual(await lake.rows(`SELECT count(a) FROM ${t}`), [["1"]]);
});

async function parquet(select) {
  const path = join(tmpdir(), "a.parquet");
  await duck(`COPY (${select}) TO '${path}' (FORMAT PARQUET)`);
  return readFileSync(path);
}

test("Parquet: DuckDB's file arrives, each type in its own", async () => {
  const from = await upload({ "p.parquet": await parquet(
    "SELECT 1::TINYINT a, 2::SMALLINT b, 3::INTEGER c, 4::BIGINT d, " +
    "1.5::FLOAT e, 2.5::DOUBLE f, 1.25::DECIMAL(38,2) g, 'x' h, " +
    "'y'::BLOB i, DATE '0001-01-01' j, TIMESTAMPTZ '2024-01-01 00:00:00Z' k, " +
    "TIMESTAMP '2024-01-01 00:00:00.123456' l, true m") });
  const t = await table("a TINYINT, b SMALLINT, c INT, d BIGINT, e FLOAT, " +
    "f DOUBLE, g DECIMAL(38,2), h STRING, i BINARY, j DATE, k TIMESTAMP, " +
    "l TIMESTAMP_NTZ, m BOOLEAN");
  assert.equal(await inserted(copy(t, from, { as: "PARQUET" })), 1);
  assert.deepEqual(await lake.rows("SELECT a, b, c, d, e, f, g, h, hex(i), " +
    `j, unix_micros(k), CAST(l AS STRING), m FROM ${t}`), [["1", "2", "3", "4",
    "1.5", "2.5", "1.25", "x", "79", "0001-01-01", "1704067200000000",
    "2024-01-01 00:00:00.123456", "true"]]);
});

for (const [what, select] of Object.entries({
  "nanoseconds": "SELECT TIMESTAMP_NS '2024-01-01 00:00:00' a",
  "a time of day": "SELECT TIME '12:00:00' a",
  "a UUID": "SELECT '123e4567-e89b-12d3-a456-426614174000'::UUID a",
}))
  test(`Parquet: ${what} is an illegal type`, async () => {
    const from = await upload({ "p.parquet": await parquet(select) });
    await refuses(lake.execute(copy(await table("a STRING"), from,
      { as: "PARQUET", items: "a::STRING AS a" })), "PARQUET_TYPE_ILLEGAL");
  });

test("Avro: avsc's file arrives; a time of day is only a number", async () => {
  const avsc = require("avsc");
  const schema = { type: "record", name: "r", fields: [
    { name: "a", type: ["null", "long"] },
    { name: "d", type: { type: "int", logicalType: "date" } },
    { name: "ts", type: { type: "long", logicalType: "timestamp-micros" } },
    { name: "ti", type: { type: "long", logicalType: "time-micros" } },
    { name: "n", type: ["null", { type: "bytes", logicalType: "decimal",
      precision: 20, scale: 2 }] },
    { name: "s", type: "string" },
  ] };
  const bytes = await new Promise((done) => {
    const out = [];
    const e = new avsc.streams.BlockEncoder(schema,
      { codec: "deflate", wrapUnions: false });
    e.on("data", (b) => out.push(b));
    e.on("end", () => done(Buffer.concat(out)));
    e.write({ a: null, d: 1, ts: 1500000, ti: 3600000000, s: "x",
      n: Buffer.from([0xff, 0x85]) });
    e.end({ a: 7, d: -1, ts: 0, ti: 0, s: "", n: null });
  });
  const from = await upload({ "p.avro": bytes });
  const t = await table("a BIGINT, d DATE, ts TIMESTAMP, ti STRING, " +
    "n DECIMAL(20,2), s STRING");
  assert.equal(await inserted(copy(t, from, { as: "AVRO" })), 2);
  assert.deepEqual(await lake.rows(
    `SELECT a, d, unix_micros(ts), ti, n, s FROM ${t} ORDER BY s`), [
    ["7", "1969-12-31", "0", "0", null, ""],
    [null, "1970-01-02", "1500000", "3600000000", "-1.23", "x"],
  ]);
});

// What Runnel writes, each value of each type: as COPY INTO would be told.
const DATABRICKS = { bool: "BOOLEAN", int8: "TINYINT", int16: "SMALLINT",
  int32: "INT", int64: "BIGINT", float: "FLOAT", double: "DOUBLE",
  date: "DATE", timestamp: "TIMESTAMP", timestamp_ntz: "TIMESTAMP_NTZ",
  blob: "BINARY" };
const typeOf = (c) => (c.kind === "decimal" ?
  `DECIMAL(${c.precision}, ${c.scale})` : DATABRICKS[c.kind] ?? "STRING");

// Each value as the text that values.mjs compares.
const shownAs = (c) => ({
  float: `CAST(CAST(${c.name} AS DOUBLE) AS STRING)`,
  date: `unix_date(${c.name})`,
  timestamp: `unix_micros(${c.name})`,
  timestamp_ntz: `unix_micros(CAST(${c.name} AS TIMESTAMP))`,
  text: `lower(hex(${c.name}))`, json: `lower(hex(${c.name}))`,
  blob: `lower(hex(${c.name}))`, uuid: `lower(replace(${c.name}, '-', ''))`,
  decimal: `regexp_replace(CAST(${c.name} AS STRING), '[.]', '')`,
}[c.kind] ?? c.name);

function asTruth(c, v) {
  if (v === null) return null;
  switch (c.kind) {
  case "float": case "double": {
    const n = Number(v);
    return Number.isNaN(n) ? "nan" : doubleBits(n);
  }
  case "decimal": return String(BigInt(v));
  case "time": {
    const [, h, m, s, us = ""] = /^(\d\d):(\d\d):(\d\d)(?:\.(\d+))?$/.exec(v);
    return String(((BigInt(h) * 60n + BigInt(m)) * 60n + BigInt(s)) *
      1000000n + BigInt(us.padEnd(6, "0")));
  }
  default: return v;
  }
}

const TEXT_OPTIONS = { csv: { ...RFC, nullValue: "never in a row",
  lineSep: "\\n" }, json: { mode: "FAILFAST", primitivesAsString: "true" } };

// On a runtime that reads numbers in JSON through doubles, only those decimals
// that doubles hold.
const recent = await boot({ exactJson: true });
for (const [as, on, decimals] of [["csv", lake, 38], ["json", lake, 15],
  ["json", recent, 38], ["avro", lake, 38], ["parquet", lake, 38]])
  test(`${as}: each value that Runnel writes arrives (decimals of ` +
    `${decimals} digits)`, async () => {
    const columnar = as === "avro" || as === "parquet";
    const columns = everyColumn().filter((c) => (c.precision ?? 0) <=
      decimals && !(columnar && ["time", "uuid"].includes(c.kind)));
    const t = extremeTable(200, columns);
    const name = await table(columns.map((c) =>
      `${c.name} ${typeOf(c)}`).concat("_runnel_run STRING").join(", "), on);
    const from = await upload({ [`p.${as}`]: await tableJobRun(t, as) });
    const items = columns.map((c) => (c.kind === "blob" && !columnar ?
      `unbase64(${c.name})` : `${c.name}::${typeOf(c)}`) + ` AS ${c.name}`)
      .concat("'r' AS _runnel_run").join(", ");
    assert.equal(await inserted(copy(name, from, { as: as.toUpperCase(), items,
      files: [`p.${as}`], o: TEXT_OPTIONS[as] ?? {} }), on), t.n);
    const rows = await on.rows(
      `SELECT ${columns.map(shownAs).join(", ")} FROM ${name}`);
    sameColumns(columns.map((c, i) => rows.map((r) => asTruth(c, r[i]))), t,
      as);
  });

async function tableJobRun(t, as) {
  const e = tableJob(t, { format: as,
    ...TEXT_OPTIONS[as] && { nan: "text" } });
  await e.job.done();
  return (await onlyRun(folderReader(e.out))).files[0].bytes;
}

// --------------------------------------------------------------- COPY INTO

test("the target must be there; so must a column, and its type fits",
  async () => {
    const from = await upload({ "p.json": "{\"a\":1,\"b\":2}\n" });
    await refuses(lake.execute(copy("main.sales.nowhere", from,
      { as: "JSON" })), "DELTA_MISSING_DELTA_TABLE_COPY_INTO");
    await refuses(lake.execute("CREATE TABLE main.other.t (a INT)"),
      "SCHEMA_NOT_FOUND");
    const t = await table("a BIGINT");
    await refuses(lake.execute(copy(t, from, { as: "JSON" })),
      "COPY_INTO_SCHEMA_MISMATCH_WITH_TARGET_TABLE");
    assert.equal(await count(t), 0);
    assert.equal(await inserted(copy(t, from, { as: "JSON",
      more: "COPY_OPTIONS ('mergeSchema' = 'true')" })), 1);
    assert.deepEqual(await lake.rows(`SELECT b FROM ${t}`), [["2"]]);
  });

test("a path is taken once by each table, whatever it holds later",
  async () => {
    const t = await table("a BIGINT");
    const other = await table("a BIGINT");
    const from = await upload({ "p.json": "{\"a\":1}\n" });
    const text = copy(t, from, { as: "JSON", files: ["p.json"] });
    assert.equal(await inserted(text), 1);
    assert.equal(await inserted(text), 0);
    await az.upload("box", `${from.split("/").at(-1)}/p.json`,
      Buffer.from("{\"a\":1}\n{\"a\":2}\n"));
    assert.equal(await inserted(text), 0);
    await lake.execute(`DELETE FROM ${t}`);
    assert.equal(await inserted(text), 0, "even after its rows are gone");
    assert.equal(await inserted(copy(other, from, { as: "JSON" })), 2);
    assert.equal(await inserted(
      `${text} COPY_OPTIONS ('force' = 'true')`), 2);
  });

test("hidden files are not seen, missing ones not missed", async () => {
  const t = await table("a BIGINT");
  const row = "{\"a\":1}\n";
  const from = await upload({ "p.json": row, "_m.json": row, ".h.json": row,
    "deep/p.json": row });
  assert.equal(await inserted(copy(t, from, { as: "JSON" })), 1);
  assert.equal(await inserted(copy(t, from, { as: "JSON",
    files: ["_m.json", ".h.json"] })), 0);
  assert.equal(await inserted(copy(t, from, { as: "JSON",
    files: ["deep/p.json", "gone.json"] })), 1);
  await refuses(lake.execute(copy(t, from, { as: "JSON",
    files: ["gone.json"], o: { ignoreMissingFiles: "false" } })),
  "FAILED_READ_FILE.FILE_NOT_EXIST");
  await refuses(lake.execute(copy(t, from, { as: "JSON",
    files: ["gone.json"] })), "COPY_INTO_SOURCE_SCHEMA_INFERENCE_FAILED");
  const before = await count(t);
  lake.faults.vanish = true;
  try {
    await az.upload("box", `${from.split("/").at(-1)}/q.json`,
      Buffer.from(row));
    assert.equal(await inserted(copy(t, from, { as: "JSON",
      files: ["q.json"] })), 0, "a silent zero");
  } finally {
    lake.faults.vanish = false;
  }
  assert.equal(await count(t), before);
});

test("FILES takes 1,000 names and no more", async () => {
  const t = await table("a BIGINT");
  const from = await upload({ "p1.json": "{\"a\":1}\n" });
  const names = (n) => Array.from({ length: n }, (_, i) => `p${i + 1}.json`);
  assert.equal(await inserted(copy(t, from, { as: "JSON",
    files: names(1000) })), 1);
  await refuses(lake.execute(copy(t, from, { as: "JSON",
    files: names(1001) })), "COPY_INTO_SYNTAX_ERROR");
});

test("a broken file fails, or is counted as skipped", async () => {
  const t = await table("a INT");
  const good = await parquet("SELECT 1 AS a");
  const from = await upload({ "p.parquet": "PAR0 no", "q.parquet": good });
  await refuses(lake.execute(copy(t, from, { as: "PARQUET" })),
    "FAILED_READ_FILE.NO_HINT");
  const text = copy(t, from, { as: "PARQUET",
    o: { ignoreCorruptFiles: "true" } });
  assert.deepEqual((await lake.execute(text)).rows, [["1", "1", "1"]]);
});

test("a path is read only with a credential for it", async () => {
  const folder = (await upload({ "p.json": "{\"a\":1}\n" })).split("/").at(-1);
  const other = await startLakehouse({ azurite: az,
    volumes: { "/Volumes/main/raw/files": "box" } });
  const t = await table("a BIGINT", other);
  const sas = (permissions, hours) => " WITH (CREDENTIAL (AZURE_SAS_TOKEN = " +
    `'${az.sas("box", permissions, hours)}'))`;
  const load = (from, withs) => other.execute(copy(t, from,
    { as: "JSON", withs }));
  const from = `${ROOT}/${folder}`;
  await refuses(load(from), "NO_PARENT_EXTERNAL_LOCATION_FOR_PATH");
  await refuses(load(from, sas("rl", 24 * 3)),
    "COPY_INTO_CREDENTIALS_REFUSED");
  await refuses(load(from, sas("r", 1)), "COPY_INTO_CREDENTIALS_REFUSED");
  await refuses(load(from, sas("rl", 1).replace(/sig=..../, "sig=AAAA")),
    "FAILED_READ_FILE.CANNOT_READ");
  await refuses(load(`https://x.blob.core.windows.net/box/${folder}`,
    sas("rl", 1)), "UNSUPPORTED_URI_SCHEME");
  await refuses(load(`/Volumes/main/raw/files/${folder}`, sas("rl", 1)),
    "COPY_INTO_CREDENTIALS_NOT_ALLOWED_ON");
  assert.equal(Number((await load(from, sas("rl", 1))).rows[0][1]), 1);
  const u = await table("a BIGINT", other);
  assert.equal(await inserted(copy(u, `/Volumes/main/raw/files/${folder}`,
    { as: "JSON" }), other), 1);
});

// --------------------------------------------------------------------- SQL

test("what the reader of statements doesn't know is a syntax error",
  async () => {
    for (const text of ["SELECT 1 FROM", "COPY INTO t", "SELECT 'a''b'",
      "SELECT 1; SELECT 2", "SELECT \"a", "SELECT `a", "VACUUM t",
      "COPY INTO main.sales.t FROM 'x' FILEFORMAT = XLS",
      "COPY INTO main.sales.t FROM 'x' FILEFORMAT = CSV MAXERRORS = 1",
      "SELECT * FROM a b c", "CREATE TABLE t a INT"])
      await refuses(lake.execute(text), "PARSE_SYNTAX_ERROR");
    await refuses(lake.execute("SELECT nothing_like_it(1)"),
      "UNRESOLVED_ROUTINE");
    await refuses(lake.execute("SELECT `${x}`"), "VARIABLE_SUBSTITUTION");
    const t = await table("a BIGINT");
    await refuses(lake.execute(copy(t, ROOT, { o: { heade: "true" } })),
      "UNKNOWN_FORMAT_OPTION");
    await refuses(lake.execute(copy(t, ROOT, { more: "COPY_OPTIONS " +
      "('purge' = 'true')" })), "UNKNOWN_COPY_OPTION");
  });

test("hostile names and texts come through quoted", async () => {
  const name = "x`y\"z'é";
  const text = "it's \\ \"here\" {";
  await lake.execute("CREATE TABLE main.sales.hostile (`x``y\"z'é` STRING)");
  await lake.execute("INSERT INTO main.sales.hostile VALUES " +
    "('it\\'s \\\\ \"here\" \\{')");
  const r = await lake.execute("SELECT * FROM main.sales.hostile WHERE " +
    "`x``y\"z'é` LIKE 'it%'");
  assert.deepEqual([r.columns[0].name, r.rows], [name, [[text]]]);
  await refuses(lake.execute("CREATE TABLE main.sales.h2 (`a b` INT)"),
    "DELTA_INVALID_CHARACTERS_IN_COLUMN_NAME");
  await lake.execute("CREATE TABLE main.sales.h2 (`a b` INT) " +
    "TBLPROPERTIES ('delta.columnMapping.mode' = 'name')");
  await refuses(lake.execute("CREATE TABLE main.sales.`h 3` (a INT)"),
    "INVALID_PARAMETER_VALUE");
  await refuses(lake.execute("CREATE TABLE main.sales.h4 (a INT, A INT)"),
    "COLUMN_ALREADY_EXISTS");
});

test("sums are exact or an error, and texts of numbers are Java's",
  async () => {
    const t = await table("a BIGINT, d DECIMAL(38,0), f FLOAT");
    await lake.execute(`INSERT INTO ${t} VALUES (9223372036854775807, ` +
      `${"9".repeat(38)}, CAST(0.1 AS FLOAT)), (9223372036854775807, ` +
      `${"9".repeat(38)}, CAST(0.1 AS FLOAT))`);
    await refuses(lake.execute(`SELECT sum(a) FROM ${t}`),
      "NUMERIC_VALUE_OUT_OF_RANGE");
    await refuses(lake.execute(`SELECT sum(d) FROM ${t}`),
      "NUMERIC_VALUE_OUT_OF_RANGE");
    assert.deepEqual(await lake.rows("SELECT sum(CAST(a AS DECIMAL(38,0))), " +
      `try_sum(d), CAST(max(f) AS STRING) FROM ${t}`),
    [["18446744073709551614", null, "0.1"]]);
    const texts = { 1: "1.0", 1e7: "1.0E7", 9999999: "9999999.0",
      0.001: "0.001", 0.0001: "1.0E-4", 123.456: "123.456",
      1.5e300: "1.5E300" };
    for (const [v, want] of Object.entries(texts))
      assert.deepEqual(await lake.rows(
        `SELECT CAST(CAST('${v}' AS DOUBLE) AS STRING)`), [[want]]);
  });

test("a merge refuses two rows for one; an overwrite is whole", async () => {
  const t = await table("k INT, v STRING");
  const s = await table("k INT, v STRING");
  await lake.execute(`INSERT INTO ${t} VALUES (1, 'old'), (2, 'stays')`);
  await lake.execute(`INSERT INTO ${s} VALUES (1, 'new'), (3, 'more')`);
  const merge = `MERGE INTO ${t} AS t USING ${s} AS s ON t.k <=> s.k WHEN ` +
    "MATCHED THEN UPDATE SET t.v = s.v WHEN NOT MATCHED THEN INSERT (k, v) " +
    "VALUES (s.k, s.v)";
  assert.deepEqual((await lake.execute(merge)).rows, [["2", "1", "0", "1"]]);
  assert.deepEqual(await lake.rows(`SELECT k, v FROM ${t} ORDER BY k`),
    [["1", "new"], ["2", "stays"], ["3", "more"]]);
  await lake.execute(`INSERT INTO ${s} VALUES (1, 'twice')`);
  await refuses(lake.execute(merge),
    "DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE");
  await refuses(lake.execute(
    `INSERT OVERWRITE TABLE ${t} (k) SELECT v FROM ${s}`),
  "DELTA_FAILED_TO_MERGE_FIELDS");
  assert.equal(await count(t), 3);
  await lake.execute(`INSERT OVERWRITE TABLE ${t} (k, v) SELECT k, v FROM ` +
    `${s}`);
  assert.equal(await count(t), 3);
  assert.deepEqual(await lake.rows(
    `SELECT count(*) FROM (SELECT count(*) AS n FROM ${t} GROUP BY k ` +
    "HAVING count(*) > 1) AS twice"), [["1"]]);
});

test("a view of files reads those that there are when it is asked",
  async () => {
    const from = await upload({ "p.csv": HARD });
    await lake.execute("CREATE OR REPLACE VIEW main.sales.v AS SELECT " +
      `a::BIGINT AS a, b AS b FROM read_files('${from}/', format => 'CSV', ` +
      "schema => '`a` STRING, `b` STRING, `c` STRING', header => 'true', " +
      "escape => '\"', multiLine => 'true', mode => 'FAILFAST')");
    assert.equal(await count("main.sales.v"), 3);
    await az.upload("box", `${from.split("/").at(-1)}/q.csv`,
      Buffer.from(HARD));
    assert.equal(await count("main.sales.v"), 6);
    await refuses(lake.execute(copy("main.sales.v", from, { o: RFC })),
      "DELTA_MISSING_DELTA_TABLE_COPY_INTO");
  });

test("Databricks sees Synapse through a connection whose secrets are right",
  async () => {
    const on = await boot();
    await on.store.create("synapse", ["pool", "dbo", "orders"],
      [{ name: "a", type: "int", duck: "INTEGER" }]);
    const connect = (word, host = "ws.sql.azuresynapse.net") =>
      "CREATE CONNECTION IF NOT EXISTS syn TYPE sqldw OPTIONS (host " +
      `'${host}', port '1433', user secret('vault', 'user'), password ${word})`;
    await refuses(on.execute(connect("secret('vault', 'nope')")),
      "INVALID_SECRET_LOOKUP.SECRET_NOT_FOUND");
    await refuses(on.execute(connect("'plain'")), "PASSWORD_IN_STATEMENT");
    const catalog = "CREATE FOREIGN CATALOG IF NOT EXISTS syn_cat USING " +
      "CONNECTION syn OPTIONS (database 'pool')";
    await refuses(on.execute(catalog), "CONNECTION_NOT_FOUND");
    await on.execute(connect("secret('vault', 'user')"));
    await on.execute(catalog);
    const ask = "SELECT count(*) FROM syn_cat.dbo.orders";
    await refuses(on.execute(ask), "FAILED_JDBC.CONNECTION");
    await on.execute("DROP CONNECTION syn");
    for (let i = 0; i < 2; i++) {
      await on.execute(connect("secret('vault', 'word')"));
      await on.execute(catalog);
    }
    assert.deepEqual(await on.rows(ask), [["0"]]);
    await refuses(on.execute("INSERT INTO syn_cat.dbo.orders VALUES (1)"),
      "UNSUPPORTED_FEATURE.FOREIGN_TABLE_WRITE");
  });

test("what a client of Synapse writes, Databricks counts", async () => {
  const on = await boot({ synapse: undefined, secrets: {} });
  const syn = await startSynapse({ store: on.store,
    certificate: on.certificate });
  on.synapse = syn;
  on.secrets.vault = { user: syn.user, word: syn.password };
  await syn.sql("CREATE TABLE dbo.both (a int, s nvarchar(20), t " +
    "datetime2(6), u uniqueidentifier) WITH (HEAP)");
  await syn.sql("INSERT INTO dbo.both (a, s) SELECT 1, N'x'");
  await on.execute("CREATE CONNECTION IF NOT EXISTS `syn` TYPE sqldw OPTIONS " +
    `(host '${syn.host}', port '${syn.port}', user secret('vault', 'user'), ` +
    "password secret('vault', 'word'))");
  await on.execute("CREATE FOREIGN CATALOG IF NOT EXISTS `syn_cat` USING " +
    `CONNECTION \`syn\` OPTIONS (database '${syn.database}')`);
  assert.deepEqual(await on.rows("SELECT count(*) FROM " +
    "`syn_cat`.`dbo`.`both` WHERE `s` = 'x'"), [["1"]]);
  assert.deepEqual(await on.rows("DESCRIBE CONNECTION `syn`"), [
    ["Connection Name", "syn"], ["Connection Type", "SQLDW"],
    ["Options", `((host,${syn.host}),(port,${syn.port}),` +
      "(user,*********),(password,*********))"]]);
  await syn.stop();
  await on.stop();
});

// --------------------------------------------------------------------- API

// { status, headers, body }, parsed where it is JSON.
function call(on, method, path, { body, token = on.token, headers = {} } = {}) {
  const text = body === undefined || typeof body === "string" ? body :
    JSON.stringify(body);
  return new Promise((done, fail) => {
    const q = request(`${on.url}${path}`, { method, agent: false,
      ca: readFileSync(on.ca), headers: {
        ...token && { authorization: `Bearer ${token}` },
        ...text !== undefined && { "content-type": "application/json" },
        ...headers } }, (r) => {
      const pieces = [];
      r.on("data", (d) => pieces.push(d));
      r.on("end", () => {
        const all = Buffer.concat(pieces).toString();
        let parsed = all;
        try {
          parsed = JSON.parse(all);
        } catch {
          // not JSON
        }
        done({ status: r.statusCode, headers: r.headers, body: parsed });
      });
    });
    q.on("error", fail);
    q.end(text);
  });
}

const STATEMENTS = "/api/2.0/sql/statements";
const post = (on, statement, more) => call(on, "POST", STATEMENTS,
  { body: { statement, warehouse_id: on.warehouse, ...more } });

test("a statement: inline rows are texts, a failure is a 200", async () => {
  const r = await post(lake, "SELECT 1 AS n, CAST(2.5 AS DECIMAL(5,2)) AS d, " +
    "NULL AS z, true AS b");
  assert.equal(r.status, 200);
  assert.equal(r.body.status.state, "SUCCEEDED");
  assert.deepEqual(r.body.result.data_array, [["1", "2.50", null, "true"]]);
  assert.deepEqual(r.body.manifest.schema.columns[1], { name: "d",
    position: 1, type_name: "DECIMAL", type_text: "DECIMAL(5,2)",
    type_precision: 5, type_scale: 2 });
  const bad = await post(lake, "SELECT * FROM main.sales.nothing");
  assert.equal(bad.status, 200);
  assert.deepEqual([bad.body.status.state, bad.body.status.sql_state,
    bad.body.status.error.error_code, "result" in bad.body],
  ["FAILED", "42P01", "BAD_REQUEST", false]);
  assert.match(bad.body.status.error.message, /^\[TABLE_OR_VIEW_NOT_FOUND\]/);
});

test("a request that is none is refused", async () => {
  const bad = async (more, status = 400) =>
    assert.equal((await post(lake, "SELECT 1", more)).status, status,
      JSON.stringify(more));
  await bad({ wait_timeout: "3s" });
  await bad({ wait_timeout: "51s" });
  await bad({ wait_timeout: 10 });
  await bad({ on_wait_timeout: "WAIT" });
  await bad({ disposition: "EXTERNAL_LINKS" });
  await bad({ format: "CSV" });
  await bad({ timeout: "5s" });
  await bad({ warehouse_id: undefined });
  await bad({ warehouse_id: "other" }, 404);
  await bad({ parameters: [{ name: "a", value: 1 }] });
  assert.equal((await call(lake, "POST", STATEMENTS, { body: "{" })).status,
    400);
  assert.equal((await call(lake, "GET", `${STATEMENTS}/nothing`)).status, 404);
  assert.equal((await call(lake, "GET", "/api/2.0/clusters")).status, 404);
});

test("parameters have names, types and no other way in", async () => {
  const r = await post(lake, "SELECT :a + 1, :b, :c", { parameters: [
    { name: "a", value: "41", type: "INT" }, { name: "b", value: "x" },
    { name: "c" }] });
  assert.deepEqual(r.body.result.data_array, [["42", "x", null]]);
  for (const text of ["SELECT :nope", "SELECT ?"])
    assert.match((await post(lake, text)).body.status.error.message,
      /^\[UNBOUND_SQL_PARAMETER\]/);
});

test("a cold warehouse is PENDING, then answers; a wait may cancel",
  async () => {
    const on = await boot({ coldStart: 1.5 });
    const begun = Date.now();
    let r = await post(on, "SELECT 1", { wait_timeout: "0s" });
    assert.equal(r.body.status.state, "PENDING");
    assert(!("manifest" in r.body));
    const states = new Set();
    while (["PENDING", "RUNNING"].includes(r.body.status.state)) {
      states.add(r.body.status.state);
      r = await call(on, "GET", `${STATEMENTS}/${r.body.statement_id}`);
    }
    assert.equal(r.body.status.state, "SUCCEEDED");
    assert(Date.now() - begun >= 1400);
    on.sleep();
    const slow = await post(on, "CREATE TABLE main.sales.never (a INT)",
      { wait_timeout: "0s" });
    assert.equal((await call(on, "POST",
      `${STATEMENTS}/${slow.body.statement_id}/cancel`)).status, 200);
    r = await call(on, "GET", `${STATEMENTS}/${slow.body.statement_id}`);
    assert.equal(r.body.status.state, "CANCELED");
    await sleep(1700);
    await refuses(on.execute("SELECT * FROM main.sales.never"),
      "TABLE_OR_VIEW_NOT_FOUND");
  });

test("a long result comes in chunks, a limited one says so", async () => {
  const on = await boot({ chunkRows: 2 });
  await on.execute("CREATE TABLE main.sales.c (a INT)");
  await on.execute("INSERT INTO main.sales.c VALUES (1), (2), (3), (4), (5)");
  const r = await post(on, "SELECT a FROM main.sales.c ORDER BY a");
  const rows = [...r.body.result.data_array];
  assert.equal(r.body.manifest.total_row_count, 5);
  assert.equal(r.body.manifest.total_chunk_count, 3);
  let link = r.body.result.next_chunk_internal_link;
  while (link) {
    const { body } = await call(on, "GET", link);
    assert.equal(body.row_offset, rows.length);
    rows.push(...body.data_array);
    link = body.next_chunk_internal_link;
  }
  assert.deepEqual(rows.flat(), ["1", "2", "3", "4", "5"]);
  assert.equal((await call(on, "GET", `${STATEMENTS}/${r.body.statement_id}` +
    "/result/chunks/3")).status, 404);
  const cut = await post(on, "SELECT a FROM main.sales.c", { row_limit: 1 });
  assert.equal(cut.body.manifest.truncated, true);
});

test("who nobody is gets nothing; tokens end", async () => {
  const on = await boot({ tokenSeconds: 1 });
  const basic = (secret) => `Basic ${Buffer.from(`${on.client}:${secret}`)
    .toString("base64")}`;
  const ask = (secret, body = "grant_type=client_credentials&scope=all-apis") =>
    call(on, "POST", "/oidc/v1/token", { token: "", body, headers: {
      authorization: basic(secret),
      "content-type": "application/x-www-form-urlencoded" } });
  assert.equal((await ask("wrong")).status, 401);
  assert.equal((await ask(on.secret, "grant_type=password")).status, 400);
  const { body } = await ask(on.secret);
  assert.equal(body.expires_in, 1);
  const one = (token) => call(on, "POST", STATEMENTS, { token, body: {
    statement: "SELECT 1", warehouse_id: on.warehouse } });
  assert.equal((await one(body.access_token)).status, 200);
  assert.equal((await one("dapi-other")).status, 401);
  assert.equal((await one("")).status, 401);
  await sleep(1100);
  assert.equal((await one(body.access_token)).status, 401);
  assert.equal((await one(on.token)).status, 200);
  on.faults.unauthorized = 1;
  assert.equal((await one(on.token)).status, 401);
  assert.equal((await one(on.token)).status, 200);
  on.checkSecrets([on.token, on.secret]);
});

test("faults happen when they are asked for, and then are over", async () => {
  const on = await boot();
  await on.execute("CREATE TABLE main.sales.f (a INT)");
  const put = "INSERT INTO main.sales.f VALUES (1), (2)";
  const n = () => count("main.sales.f", on);
  on.faults.drop = { match: /INSERT/ };
  await assert.rejects(post(on, put));
  assert.equal(await n(), 0);
  on.faults.lose = { match: /INSERT/ };
  await assert.rejects(post(on, put));
  assert.equal(await n(), 2);
  on.faults.fail = { code: "TEMPORARILY_UNAVAILABLE", message: "later",
    after: true };
  let r = await post(on, put);
  assert.deepEqual(r.body.status, { state: "FAILED", error: {
    error_code: "TEMPORARILY_UNAVAILABLE", message: "later" } });
  assert.equal(await n(), 4);
  on.faults.odd = { state: "THINKING" };
  assert.equal((await post(on, "SELECT 1")).body.status.state, "THINKING");
  on.faults.lag = 2;
  await post(on, put);
  assert.deepEqual([await n(), await n(), await n()], [4, 4, 6]);
  on.faults.reject = 1;
  assert.deepEqual((await post(on, put)).body.result.data_array, [["1", "1"]]);
  assert.equal(await n(), 7);
  on.faults.afterLoad = ({ table: t, store }) =>
    store.exec(`UPDATE ${t.physical} SET a = 9`);
  await post(on, put);
  assert.deepEqual(await on.rows(
    "SELECT min(a), count(*) FROM main.sales.f"), [["9", "9"]]);
  r = await post(on, "SELECT 1");
  on.faults.forget = 1;
  const again = () => call(on, "GET", `${STATEMENTS}/${r.body.statement_id}`);
  assert.equal((await again()).status, 404);
  for (const shape of Object.values(errorBody)) {
    const canned = shape("TEMPORARILY_UNAVAILABLE", "wait");
    on.faults.http = { status: 503, ...canned,
      headers: { ...canned.headers, "retry-after": "2" } };
    const a = await post(on, "SELECT 1");
    assert.deepEqual([a.status, a.headers["retry-after"]], [503, "2"]);
    assert.equal((await post(on, "SELECT 1")).status, 200);
  }
});

test("a job's idempotency token runs it once", async () => {
  let ran = 0;
  const on = await boot({ jobs: { 77: async ({ parameters }) => {
    ran++;
    if (parameters.fail) throw new Error("as asked");
  } } });
  const run = (token, parameters) => call(on, "POST", "/api/2.2/jobs/run-now",
    { body: { job_id: 77, idempotency_token: token,
      job_parameters: parameters } });
  const a = await run("t1", { run: "r" });
  const b = await run("t1", { run: "r" });
  assert.equal(a.body.run_id, b.body.run_id);
  const state = async (id) => {
    for (;;) {
      const r = await call(on, "GET", `/api/2.2/jobs/runs/get?run_id=${id}`);
      if (r.body.state.life_cycle_state === "TERMINATED") return r.body;
    }
  };
  assert.equal((await state(a.body.run_id)).state.result_state, "SUCCESS");
  assert.equal(ran, 1);
  const c = await run("t2", { fail: "1" });
  assert.equal((await state(c.body.run_id)).status.termination_details.code,
    "RUN_EXECUTION_ERROR");
  assert.equal((await run("x".repeat(65))).status, 400);
  assert.equal((await call(on, "POST", "/api/2.2/jobs/run-now",
    { body: { job_id: 78 } })).status, 400);
});
