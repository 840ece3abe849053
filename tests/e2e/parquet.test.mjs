// tests/e2e/parquet.test.mjs: Parquet files as readers that nobody here wrote
// see them, and what the files say about themselves against the truth.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, program, test, tmpdir } from "../lib/harness.mjs";
import { startAzurite } from "../lib/azurite.mjs";
import { exportTable, leastFor, sameParquet, shared, tableJob }
  from "../lib/columnar.mjs";
import { duck } from "../lib/duck.mjs";
import { friendly, query as ask } from "../lib/hyparquet.mjs";
import { azureReader, folderReader, isCurl, makeDatabase, nothingThere,
  onlyOnce, onlyRun, quick, rowsOf, series } from "../lib/job.mjs";
import { DUCK_TYPE, PHYSICAL, walkParquet } from "../lib/parquet.mjs";
import { refusal, startProxy } from "../lib/proxy.mjs";
import { anyTable, anyValue, chance, column, everyColumn, extremeTable,
  table } from "../lib/values.mjs";

// What the build over libcurl does before the network is the same code.
const curl = await isCurl(program);
const CODECS = curl ? ["snappy"] : ["none", "gzip", "snappy", "zstd"];
// For what need not be seen in both builds.
const once = await onlyOnce(program);
const NAME = { none: "UNCOMPRESSED", gzip: "GZIP", snappy: "SNAPPY",
  zstd: "ZSTD" };

// Every type, every extreme, NULLs between; and long runs of one value.
const every = shared(extremeTable(700));

const RLE_DICTIONARY = 8;
const usedBy = (file, kind) => new Set(file.groups.flatMap((g) => g.columns
  .filter((c, j) => every.columns[j].kind === kind)
  .flatMap((c) => c.data.map((p) => p.encoding))));

// ----------------------------------------------------------------- values

for (const compression of CODECS)
  for (const version of [1, 2])
    test(`every value arrives: ${compression}, data pages ${version}, with ` +
      "each encoding", async () => {
      for (const dictionary of [true, false])
        for (const packed of [true, false]) {
          const e = await exportTable(every, { compression,
            data_page: version, dictionary,
            integer_encoding: packed ? "delta" : "plain",
            text_encoding: packed ? "delta-length" : "plain" });
          const [file] = await sameParquet(e, every);
          assert.equal(e.files.length, 1);
          const chunks = file.groups.flatMap((g) => g.columns);
          for (const c of chunks) {
            assert.equal(c.codec, NAME[compression], c.name);
            assert(c.data.every((p) => p.type === (version === 1 ? 0 : 3)));
          }
          for (const [kind, encoding] of [["int64", packed ? 5 : 0],
            ["timestamp", packed ? 5 : 0], ["date", packed ? 5 : 0],
            ["text", packed ? 6 : 0], ["blob", packed ? 6 : 0]]) {
            const used = usedBy(file, kind);
            assert(used.has(dictionary ? RLE_DICTIONARY : encoding),
              `${kind}: ${[...used]}`);
          }
          assert.deepEqual([...usedBy(file, "bool")], [version === 1 ? 0 : 3]);
        }
    });

once("booleans are RLE or plain where the job says so", async () => {
  const t = anyTable(chance(7), 3000, [column("a", "bool"),
    column("b", "bool")]);
  for (const data_page of [1, 2])
    for (const [word, encoding] of [["rle", 3], ["plain", 0]]) {
      const e = await exportTable(t, { boolean_encoding: word, data_page });
      const [file] = await sameParquet(e, t);
      for (const c of file.groups[0].columns)
        assert(c.data.every((p) => p.encoding === encoding), word);
    }
});

once("hyparquet's own way to show values sees dates, moments, text and JSON",
  async () => {
    const e = await exportTable(every, {});
    const rows = await friendly(e.files[0].bytes);
    const at = (name) => every.columns.findIndex((c) => c.name === name);
    rows.forEach((r, i) => {
      const of = (name) => every.rows[i][at(name)];
      const when = (us) => us === null ? undefined :
        Number((us - ((us % 1000n) + 1000n) % 1000n) / 1000n);
      const near = (v, us) => us === null ? assert.equal(v ?? null, null) :
        assert(Math.abs(v.getTime() - when(us)) <= 1, `${v} is not ${us}`);
      assert.equal(r.text ?? null, of("text")?.replace(/^\uFEFF/, "") ?? null);
      assert.deepEqual(r.json ?? null, JSON.parse(of("json")));
      assert.equal(r.uuid ?? null, of("uuid"));
      assert.equal(r.int8 ?? null, of("int8") === null ? null :
        Number(of("int8")));
      assert.equal(r.date?.getTime() ?? null, of("date") === null ? null :
        Number(of("date")) * 86400000);
      near(r.timestamp, of("timestamp"));
      near(r.timestamp_ntz, of("timestamp_ntz"));
    });
  });

test("moments in milliseconds say so, and are exact, cut or refused",
  async () => {
    const columns = [column("ts", "timestamp"), column("ntz", "timestamp_ntz"),
      column("tm", "time")];
    const whole = table(columns, [[1700000000123000n, -62135596800000000n,
      86399999000n], [-1000n, 253402300799999000n, 0n], [null, null, null]]);
    const e = await exportTable(whole, { timestamps: "millis" });
    const [file] = await sameParquet(e, whole);
    const units = await duck("SELECT logical_type AS l, converted_type AS c, " +
      `type AS t FROM parquet_schema('${e.files[0].path}')`);
    assert.match(units[1].l, /TimestampType\(isAdjustedToUTC=1.*MILLIS/);
    assert.match(units[2].l, /TimestampType\(isAdjustedToUTC=0.*MILLIS/);
    assert.match(units[3].l, /TimeType\(isAdjustedToUTC=0.*MILLIS/);
    assert.deepEqual(file.elements.map((x) => PHYSICAL[x.type]),
      ["INT64", "INT64", "INT32"]);
    const fine = table(columns, [[-1n, 1999n, 1999n], [null, null, null]]);
    const cut = table(columns, [[-1000n, 1000n, 1000n], [null, null, null]]);
    const f = await exportTable(fine, { timestamps: "millis-truncate" });
    await sameParquet(f, cut);
    assert.equal(f.json.counts.truncated, 3);
    const { job, out } = tableJob(fine, { timestamps: "millis" });
    const r = await job.fails(3, /row 1/);
    assert.match(r.error.text, /\bts\b.*millis/);
    await nothingThere(folderReader(out));
  });

for (const [kind, precision, scale, bad] of [["int8", 0, 0, "128"],
  ["int16", 0, 0, "-32769"], ["int32", 0, 0, "2147483648"],
  ["float", 0, 0, "1e300"], ["decimal", 4, 2, "'123.45'"],
  ["decimal", 4, 2, "'0.001'"], ["uuid", 0, 0, "'not-a-uuid'"]])
  once(`a value that ${kind} has no room for (${bad}) is an error that names ` +
    "row and column", async () => {
    const c = column("v", kind, precision, scale);
    const database = makeDatabase(tmpdir(),
      `CREATE TABLE t (v ${c.declared}); ` +
      `INSERT INTO t VALUES (NULL), (${bad});`);
    const t = { ...table([c], []), database };
    const { job, out } = tableJob(t, {});
    const r = await job.fails(3, /row 2/);
    assert.match(r.error.text, /\bv\b/);
    await nothingThere(folderReader(out));
  });

// ----------------------------------------------------------------- schema

test("the schema names every type as Parquet does", async () => {
  const e = await exportTable(every, {});
  const [root, ...schema] = await duck("SELECT * FROM " +
    `parquet_schema('${e.files[0].path}')`);
  assert.equal(Number(root.num_children), every.columns.length);
  const fixed = (p) => ({ 19: 9, 30: 13, 38: 16 }[p]);
  const want = {
    // DuckDB shows a byte's number as its character.
    bool: ["BOOLEAN", null, /^null$/],
    int8: ["INT32", "INT_8", /IntType\(bitWidth=\x08, isSigned=1/],
    int16: ["INT32", "INT_16", /IntType\(bitWidth=\x10, isSigned=1/],
    int32: ["INT32", "INT_32", /IntType\(bitWidth= , isSigned=1/],
    int64: ["INT64", null, /^null$/],
    float: ["FLOAT", null, /^null$/], double: ["DOUBLE", null, /^null$/],
    date: ["INT32", "DATE", /DateType/],
    time: ["INT64", "TIME_MICROS", /TimeType\(isAdjustedToUTC=0.*MICROS/],
    timestamp: ["INT64", "TIMESTAMP_MICROS",
      /TimestampType\(isAdjustedToUTC=1.*MICROS/],
    // The format wants the old name for local times too (LogicalTypes.md).
    timestamp_ntz: ["INT64", "TIMESTAMP_MICROS",
      /TimestampType\(isAdjustedToUTC=0.*MICROS/],
    text: ["BYTE_ARRAY", "UTF8", /StringType/],
    json: ["BYTE_ARRAY", "JSON", /JsonType/],
    uuid: ["FIXED_LEN_BYTE_ARRAY", null, /UUIDType/],
    blob: ["BYTE_ARRAY", null, /^null$/],
  };
  schema.forEach((s, j) => {
    const c = every.columns[j];
    assert.equal(s.name, c.name);
    assert.equal(s.repetition_type, "OPTIONAL", c.name);
    if (c.kind === "decimal") {
      const type = c.precision <= 9 ? "INT32" : c.precision <= 18 ? "INT64" :
        "FIXED_LEN_BYTE_ARRAY";
      assert.equal(s.type, type, c.name);
      assert.equal(s.converted_type, "DECIMAL");
      assert.equal(Number(s.precision), c.precision);
      assert.equal(Number(s.scale), c.scale);
      if (c.precision > 18)
        assert.equal(Number(s.type_length), fixed(c.precision), c.name);
      return;
    }
    const [type, converted, logical] = want[c.kind];
    assert.equal(s.type, type, c.name);
    assert.equal(s.converted_type, converted, c.name);
    assert.match(String(s.logical_type), logical, c.name);
    if (c.kind === "uuid") assert.equal(Number(s.type_length), 16);
  });
  const types = await duck(`DESCRIBE SELECT * FROM '${e.files[0].path}'`);
  assert.deepEqual(types.map((r) => r.column_type),
    every.columns.map(DUCK_TYPE));
  const [about] = await duck("SELECT created_by AS c, num_rows::INT AS n " +
    `FROM parquet_file_metadata('${e.files[0].path}')`);
  assert.match(about.c, /^runnel version \d+\.\d+\.\d+/i);
  assert.equal(about.n, every.n);
});

once("declared types of SQLite become Parquet's without [types]", async () => {
  const database = makeDatabase(tmpdir(), "CREATE TABLE t (a BOOLEAN, " +
    "b DECIMAL(9,2), c DATE, d DATETIME, e UUID, f JSON, g VARCHAR(10), " +
    "h DOUBLE, i TIME, j BLOB, k INTEGER);" +
    "INSERT INTO t VALUES (1, 12.5, '2026-11-22', '2026-11-22 10:11:12', " +
    "'123e4567-e89b-12d3-a456-426614174000', '{\"a\":1}', 'x', 1.5, " +
    "'10:11:12', X'00', 7);");
  const e = await exportTable({ database, query: "SELECT * FROM t" }, {});
  const types = await duck(`DESCRIBE SELECT * FROM '${e.files[0].path}'`);
  assert.deepEqual(types.map((r) => r.column_type), ["BOOLEAN", "DECIMAL(9,2)",
    "DATE", "TIMESTAMP WITH TIME ZONE", "UUID", "JSON", "VARCHAR", "DOUBLE",
    "TIME", "BLOB", "BIGINT"]);
  const [row] = await duck("SELECT b::VARCHAR AS b, e::VARCHAR AS e, f->>'a' " +
    `AS f FROM '${e.files[0].path}'`);
  assert.deepEqual(row,
    { b: "12.50", e: "123e4567-e89b-12d3-a456-426614174000", f: "1" });
});

once("names of columns are kept as they are", async () => {
  const names = ["a b", "select", "Ä", "東京\u{1F69A}", "a.b", "\"", "x'y",
    "A", "a", "c".repeat(300)];
  const t = table(names.map((n) => column(n, "int64")),
    [names.map((_, i) => BigInt(i))]);
  const list = names.map((n, i) => `${i} AS "${n.replaceAll("\"", "\"\"")}"`);
  const e = await exportTable({ ...t, database: makeDatabase(tmpdir()),
    query: `SELECT ${list.join(", ")}` }, {});
  // DuckDB knows no difference between a and A.
  const file = walkParquet(e.files[0].bytes);
  assert.deepEqual(file.elements.map((x) => x.name), names);
  const [row] = await friendly(e.files[0].bytes);
  assert.deepEqual(Object.keys(row), names);
});

// ------------------------------------------------------------------ sizes

test("no rows, one row, one column: each a file that all can read",
  async () => {
    for (const t of [table(everyColumn(), []), extremeTable(1),
      table([column("a", "text")], []), table([column("a", "int64")], [[7n]]),
      table([column("a", "blob")], [[null]])])
      for (const data_page of [1, 2]) {
        const e = await exportTable(t, { data_page });
        const [file] = await sameParquet(e, t);
        assert.equal(file.groups.length, t.n ? 1 : 0);
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
  const e = await exportTable({ ...t, database: makeDatabase(dir),
    query: `file:${query}`, types: undefined }, {},
  { dir, job: { memory: "16M" }, source: { memory: "2M" } });
  await sameParquet(e, t);
});

once("row groups end where the job says, in one file and in several",
  async () => {
    const e = await exportTable(every, { row_group_rows: 100 });
    const [file] = await sameParquet(e, every);
    assert.deepEqual(file.groups.map((g) => g.rows), Array(7).fill(100));
    const f = await exportTable(every, { row_group_rows: 100,
      rows_per_file: 250 });
    const files = await sameParquet(f, every);
    assert.deepEqual(files.map((x) => x.groups.map((g) => g.rows)),
      [[100, 100, 50], [100, 100, 50], [100, 100]]);
    const g = await exportTable(every, { row_group_bytes: "20K",
      compression: "none", dictionary: false });
    const [bySize] = await sameParquet(g, every);
    const sizes = bySize.groups.map((x) =>
      x.columns.reduce((n, c) => n + c.stored, 0));
    assert(sizes.length > 3, `${sizes}`);
    for (const n of sizes.slice(0, -1))
      assert(n >= 16 * 1024 && n <= 40 * 1024, `${sizes}`);
  });

once("more row groups than 32,767 make more files", { timeout: 60 },
  async () => {
    const n = 33000;
    const e = await exportTable({ query: series(n), n,
      database: makeDatabase(tmpdir()) }, { row_group_rows: 1,
      compression: "none", dictionary: false }, { job: { memory: "16M" } });
    const files = e.files.map((f) => walkParquet(f.bytes));
    assert(files.length >= 2);
    assert(files.every((f) => f.groups.length <= 32767));
    const [sum] = await duck("SELECT count(*)::INT AS n, sum(n)::INT AS s " +
      `FROM read_parquet([${e.files.map((f) => `'${f.path}'`)}])`);
    assert.deepEqual(sum, { n, s: n * (n + 1) / 2 });
  });

once("a file whose table of block counts is full is followed by the next",
  async () => {
    const columns = Array.from({ length: 300 },
      (_, i) => column(`c${i}`, i % 2 ? "int64" : "text"));
    const t = anyTable(chance(4), 80, columns);
    const file = { row_group_rows: 1, page: "512", page_index: false };
    const source = { memory: "1M" };
    const memory = `${await leastFor(t, file, { source })}K`;
    const e = await exportTable(t, file, { job: { memory }, source });
    const files = await sameParquet(e, t);
    assert(files.length > 1, `${files.length} files`);
  });

once("values larger than a page, a segment and a block arrive", async () => {
  const r = chance(11);
  const long = (n) => r.bytes(n);
  const t = table([column("id", "int64"), column("b", "blob"),
    column("s", "text"), column("u", "text")], [1, 70000, 0, 65536, 3, 65535,
    200000, 5, 100000].map((n, i) => [BigInt(i), n === 0 ? null : long(n),
    "é".repeat(n >> 1), i % 3 ? "same" : null]));
  for (const compression of CODECS)
    for (const data_page of [1, 2]) {
      const e = await exportTable(t, { compression, data_page, page: "4K",
        dictionary: data_page === 1, text_encoding: data_page === 1 ? "plain" :
          "delta-length" }, { source: { max_cell: "256K", memory: "2M" },
        job: { memory: "6M" } });
      await sameParquet(e, t);
    }
});

// --------------------------------------------------------------- encodings

once("a dictionary is used where it helps and left where it does not",
  async () => {
    const r = chance(3);
    const t = table([column("few", "text"), column("all", "text"),
      column("turns", "int64"), column("one", "double"), column("u", "uuid"),
      column("p", "decimal", 38, 2)],
    Array.from({ length: 20000 }, (_, i) => [`value ${i % 7}`,
      r.bytes(12).toString("hex"), i < 5000 ? BigInt(i % 3) : BigInt(i * i),
      -0, `00000000-0000-0000-0000-00000000000${i % 10}`, BigInt(i % 100)]));
    const e = await exportTable(t, { compression: "none" });
    const [file] = await sameParquet(e, t);
    const of = (name) => file.groups[0].columns.find((c) => c.name === name);
    for (const name of ["few", "one", "u", "p"])
      assert(of(name).data.every((p) => p.encoding === RLE_DICTIONARY), name);
    assert(of("all").data.some((p) => p.encoding === 0), "no fallback");
    // A few bits a value.
    assert(of("few").stored < 20000, `${of("few").stored}`);
    assert(of("one").stored < 2000, `${of("one").stored}`);
    const f = await exportTable(t, { compression: "none", dictionary: false });
    const [plain] = await sameParquet(f, t);
    assert(plain.groups[0].columns.every((c) =>
      c.dictionaryOffset === undefined));
  });

once("delta codes survive deltas that overflow", async () => {
  const r = chance(5);
  const max = 2n ** 63n - 1n;
  const lists = {
    int64: [max, -max - 1n, 0n, -1n, max, max - 1n],
    int32: [2147483647n, -2147483648n, 0n, -1n],
    date: [-719162n, 2932896n, 0n],
  };
  const columns = Object.keys(lists).map((k) => column(k, k));
  for (const n of [1, 2, 32, 33, 34, 128, 129, 130, 3000]) {
    const t = table(columns, Array.from({ length: n }, () =>
      columns.map((c) => (r.yes(0.1) ? null : r.pick(lists[c.kind])))));
    for (const data_page of [1, 2]) {
      const e = await exportTable(t, { integer_encoding: "delta", data_page,
        dictionary: false, page: n > 1000 ? "2K" : "0" });
      await sameParquet(e, t);
    }
  }
});

// -------------------------------------------------------------- the metadata

once("DuckDB's view of the footer agrees with the truth", async () => {
  const t = table([column("id", "int64"), column("d", "date"),
    column("n", "decimal", 12, 2), column("s", "text"), column("f", "double")],
  Array.from({ length: 1000 }, (_, i) => [BigInt(i), BigInt(i % 50),
    i % 4 ? BigInt(i * 100 + 25) : null,
    `name ${String(i % 90).padStart(3, 0)}`, i / 8 + 1]));
  const e = await exportTable(t, { row_group_rows: 500, bloom_filter: "id" });
  await sameParquet(e, t);
  const seen = await duck("SELECT * FROM " +
    `parquet_metadata('${e.files[0].path}') ORDER BY row_group_id, column_id`);
  assert.equal(seen.length, 10);
  const want = {
    id: [["0", "499"], ["500", "999"]],
    d: [["1970-01-01", "1970-02-19"], ["1970-01-01", "1970-02-19"]],
    n: [["1.25", "499.25"], ["501.25", "999.25"]],
    s: [["name 000", "name 089"], ["name 000", "name 089"]],
    f: [["1.0", "63.375"], ["63.5", "125.875"]],
  };
  for (const m of seen) {
    const g = Number(m.row_group_id);
    const name = m.path_in_schema;
    assert.equal(Number(m.num_values), 500);
    assert.equal(Number(m.row_group_num_rows), 500);
    assert.equal(m.compression, "SNAPPY");
    assert.equal(Number(m.stats_null_count), name === "n" ? 125 : 0);
    assert.deepEqual([m.stats_min_value ?? m.stats_min,
      m.stats_max_value ?? m.stats_max], want[name][g], `${name} ${g}`);
    assert.equal(m.bloom_filter_offset !== null, name === "id");
    assert.match(m.encodings, /PLAIN|RLE/);
  }
});

// Statistics hold the first 64 bytes: cut before a character, and raised where
// they are a maximum; where nothing can be raised there is none.
test("bounds of long values are cut, and still bounds", async () => {
  const values = [];
  for (let k = 58; k <= 66; k++)
    for (const c of ["z", "é", "東", "\u{1F69A}", "\uD7FF", "\uFFFF",
      "\u{10FFFF}", "\u007f"])
      values.push("a".repeat(k) + c.repeat(20), c.repeat(k));
  const text = table(values.map((v, i) => column(`t${i}`, "text")),
    [values, values.map((v) => `${v}~`)]);
  const bytes = [63, 64, 65, 200].flatMap((n) => ["ff", "00", "fe", "80"]
    .map((b) => Buffer.from(b.repeat(n) + "01", "hex")));
  const blobs = table(bytes.map((v, i) => column(`b${i}`, "blob")),
    [bytes, bytes]);
  for (const t of [text, blobs]) {
    const e = await exportTable(t, {}, { job: { memory: "8M" } });
    const [file] = await sameParquet(e, t);
    assert(file.groups[0].columns.every((c) =>
      (c.stats.min?.length ?? 0) <= 64 && (c.stats.max?.length ?? 0) <= 68));
    assert(file.groups[0].columns.some((c) => c.stats.max === undefined));
    for (const [j, c] of t.columns.entries()) {
      const [found] = await duck("SELECT count(*)::INT AS n FROM " +
        `'${e.files[0].path}' WHERE ${c.name} = ${c.kind === "text" ?
          `decode(unhex('${t.truth[j][0]}'))` : `unhex('${t.truth[j][0]}')`}`);
      assert.equal(found.n, c.kind === "text" ? 1 : 2, c.name);
    }
  }
});

// Nobody can tell a query that skips row groups from one that reads all.
once("predicates that skip row groups and pages return the same rows",
  async () => {
    const r = chance(9);
    const columns = [column("id", "int64"), ...everyColumn().filter((c) =>
      !["json"].includes(c.kind))];
    const n = 1200;
    const body = anyTable(r, n, columns.slice(1));
    // Half of the columns in order, so that there is something to skip.
    columns.slice(1).forEach((c, j) => {
      if (j % 2) return;
      const sorted = anyTable(chance(j), n, [c]).rows.map((x) => x[0])
        .filter((v) => v !== null);
      body.rows.forEach((row, i) => {
        row[j] = sorted.length ? sorted[i % sorted.length] : null;
      });
    });
    const t = table(columns, body.rows.map((row, i) => [BigInt(i), ...row]));
    const e = await exportTable(t, { row_group_rows: 100, page: "256",
      bloom_filter: columns.map((c) => c.name).filter((c) => c !== "bool")
        .join(",") },
    { job: { memory: "16M" } });
    await sameParquet(e, t);
    const [{ path, bytes }] = e.files;
    await duck(`CREATE OR REPLACE TABLE copy AS SELECT * FROM '${path}'`);
    for (const c of columns) {
      const values = await duck(`SELECT DISTINCT "${c.name}" AS v FROM copy ` +
        `USING SAMPLE reservoir(2 ROWS) REPEATABLE (1)`);
      for (let k = 0; k < Math.max(1, values.length); k++) {
        const one = `(SELECT "${c.name}" FROM copy ORDER BY id LIMIT 1 ` +
          `OFFSET ${k * 397})`;
        await duck(`SET VARIABLE v = ${one}`);
        for (const p of ["= getvariable('v')", "< getvariable('v')",
          "> getvariable('v')", ">= getvariable('v')", "IS NULL",
          "IS NOT NULL", "IN (getvariable('v'))"]) {
          const rows = (from) => duck("SELECT count(*)::INT AS n, " +
            `sum(id)::INT AS s FROM ${from} WHERE "${c.name}" ${p}`);
          assert.deepEqual(await rows(`'${path}'`), await rows("copy"),
            `${c.name} ${p}`);
        }
      }
    }
    for (const [name, list] of [["id", [0, 599, 1199, 5000]]])
      for (const v of list)
        for (const filter of [{ $eq: BigInt(v) }, { $lt: BigInt(v) },
          { $gte: BigInt(v) }]) {
          const found = await ask(bytes, { filter: { [name]: filter },
            columns: ["id"], usePageIndex: true, useBloomFilters: true });
          const all = await ask(bytes, { filter: { [name]: filter },
            columns: ["id"] });
          assert.deepEqual(found.map((x) => x.id), all.map((x) => x.id));
        }
  });

once("Bloom filters never deny what is there, and often what is not",
  async () => {
    const columns = [column("i", "int32"), column("l", "int64"),
      column("f", "double"), column("s", "text")];
    const t = table(columns, Array.from({ length: 2000 }, (_, i) =>
      [BigInt(i * 3), i % 9 ? BigInt(i * 1000003) : null, i / 3,
        `key ${i * 7}`]));
    const e = await exportTable(t, { row_group_rows: 500, bloom_bytes: "1K",
      bloom_filter: "i,l,f,s" });
    const [file] = await sameParquet(e, t);
    assert(file.groups.every((g) => g.columns.every((c) =>
      c.bloom?.bytes === 1024)));
    const [{ path }] = e.files;
    const probe = async (name, v) => (await duck("SELECT " +
      "bloom_filter_excludes AS x FROM parquet_bloom_probe(" +
      `'${path}', '${name}', ${v}) ORDER BY row_group_id`)).map((r) => r.x);
    const sql = { i: (v) => `${v}::INTEGER`, l: (v) => `${v}::BIGINT`,
      f: (v) => `${v}::DOUBLE`, s: (v) => `'${v}'` };
    for (const [j, c] of columns.entries()) {
      for (let i = 0; i < t.n; i += 97) {
        const v = t.rows[i][j];
        if (v === null) continue;
        const excluded = await probe(c.name, sql[c.name](v));
        assert.equal(excluded[Math.floor(i / 500)], false, `${c.name} ${v}`);
      }
      let denied = 0;
      for (let i = 0; i < 25; i++)
        denied += (await probe(c.name, sql[c.name](c.kind === "text" ?
          `no such ${i}` : 900000001 + i * 2))).filter((x) => x).length;
      assert(denied > 60, `${c.name}: ${denied} of 100 are known absent`);
    }
  });

test("a filter for a column that is not there is refused by name", async () => {
  const { job } = tableJob(table([column("amount", "int64")], []),
    { bloom_filter: "amuont" });
  await job.fails(2, /amuont/);
});

once("without page_index there is none, and the rest is the same", async () => {
  const e = await exportTable(every, { page_index: false });
  const [file] = await sameParquet(e, every);
  assert(file.groups.every((g) => g.columns.every((c) => !c.index &&
    !c.locations)));
});

once("pages are indexed where the index has room", async () => {
  const e = await exportTable(every, { page: "512", dictionary: false });
  const [file] = await sameParquet(e, every);
  const chunks = file.groups.flatMap((g) => g.columns);
  assert(chunks.some((c) => c.data.length > 1), "one page each");
  assert(chunks.filter((c) => c.index).length > chunks.length / 2);
  // Small pages were asked for.
  for (const c of chunks)
    for (const p of c.data)
      assert(p.rows === 1 || p.raw <= 512 + 64 || p.raw < 6000,
        `${c.name}: a page of ${p.raw}`);
});

// ------------------------------------------------------- memory and blocks

// Nearly all values differ: there is much to write.
function mixedTable(n, seed) {
  const r = chance(seed);
  const columns = everyColumn();
  return table(columns, Array.from({ length: n }, () => columns.map((c) =>
    (r.yes(0.1) ? null : anyValue(r, c, 100)))));
}

const az = await startAzurite();
const proxy = await startProxy({ to: az });
let containers = 0;

// The same in a container, through the proxy. spare: KiB of memory over what
// the job is content with; without, what job.memory says.
async function stored(t, file, { spare, ...more } = {}) {
  const name = `parquet${++containers}`;
  await az.createContainer(name);
  proxy.forget();
  const dir = tmpdir();
  const options = { ...more, dir, tls: { ca: proxy.ca },
    auth: { kind: "sas", token: "${RUNNEL_TEST_SAS}" },
    env: { RUNNEL_TEST_SAS: az.sas(name) },
    store: { url: `${proxy.url}/${name}`, ...more.store } };
  if (spare !== undefined)
    options.job = { memory: `${await leastFor(t, file, options) + spare}K` };
  const e = tableJob(t, file, options);
  const reader = azureReader(az, name);
  return { ...e, name, reader, async done() {
    const r = await e.job.done();
    const run = await onlyRun(reader);
    const files = run.files.map((f, i) => {
      const path = join(dir, `${i}.parquet`);
      writeFileSync(path, f.bytes);
      return { ...f, path };
    });
    return { ...e, json: r.json, run, files };
  } };
}

// n rows of a query of many kinds of columns; SQLite's own shell tells sums.
function wideQuery(columns, rows) {
  const make = [(i) => `n * ${i + 1} AS c${i}`,
    (i) => `printf('%0${4 + i % 9}d', n * ${i + 7} % 1000) AS c${i}`,
    (i) => `n / ${i + 2}.0 AS c${i}`,
    (i) => `CASE WHEN n % ${i + 2} = 0 THEN NULL ELSE n % 9 END AS c${i}`,
    (i) => `hex(n * 2654435761 * ${2 * i + 1} & 4294967295) AS c${i}`];
  const list = Array.from({ length: columns }, (_, i) => make[i % 5](i));
  return `WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s ` +
    `WHERE n < ${rows}) SELECT ${list.join(", ")} FROM s`;
}

async function sameSums(query, columns, paths) {
  const of = (text, cast) => Array.from({ length: columns }, (_, i) =>
    [`count(c${i})${cast} AS n${i}`, `min(c${i}) AS a${i}`,
      `max(c${i}) AS b${i}`,
      `sum(length(CAST(c${i} AS ${text})))${cast} AS l${i}`]
      .filter((x) => !(i % 5 === 2 && x.startsWith("sum")))).flat().join(", ");
  const [want] = rowsOf(makeDatabase(tmpdir()),
    `SELECT ${of("TEXT", "")} FROM (${query})`);
  const [got] = await duck(`SELECT ${of("VARCHAR", "::BIGINT")} FROM ` +
    `read_parquet([${paths.map((p) => `'${p}'`)}])`);
  for (const [k, v] of Object.entries(want))
    if (typeof v === "number" && !Number.isInteger(v))
      assert(Math.abs(Number(got[k]) - v) <= 1e-9 * Math.abs(v), k);
    else assert.equal(String(got[k]), String(v), k);
}

for (const [columns, memory, rows] of [[20, "1M", 30000], [200, "4M", 4000]])
  once(`${rows} rows of ${columns} columns are one row group in ${memory}`,
    { timeout: 120 }, async () => {
      const query = wideQuery(columns, rows);
      const t = { query, database: makeDatabase(tmpdir()) };
      const s = await stored(t, {}, { job: { memory } });
      const e = await s.done();
      assert.equal(e.files.length, 1);
      assert(e.files[0].blocks > 5, `${e.files[0].blocks} blocks`);
      const file = walkParquet(e.files[0].bytes);
      assert.equal(file.groups.length, 1);
      assert.equal(file.rows, rows);
      await sameSums(query, columns, [e.files[0].path]);
    });

test("one column of 99 % of the bytes, and bytes that no codec makes " +
  "smaller, change nothing", { timeout: 60 }, async () => {
  const r = chance(21);
  const t = shared(table([column("a", "int32"), column("big", "blob"),
    column("c", "bool"), column("d", "text")],
  Array.from({ length: 1500 }, (_, i) => [BigInt(i % 5), r.bytes(2000), true,
    null])));
  for (const compression of CODECS) {
    const s = await stored(t, { compression }, { job: { memory: "1M" } });
    const e = await s.done();
    const [file] = await sameParquet(e, t);
    assert.equal(file.groups.length, 1);
    assert(e.files[0].bytes.length < 1500 * 2100, "incompressible grew");
  }
});

once("a file is the same bytes, whatever the memory and the blocks",
  { timeout: 120 }, async () => {
    const t = shared(mixedTable(2500, 32));
    // What is kept of dictionaries and indexes is by memory.
    const pages = { page: "2K", dictionary: false, page_index: false,
      row_group_rows: 1000 };
    const whole = await exportTable(t, pages, { job: { memory: "64M" } });
    await sameParquet(whole, t);
    for (const [spare, block] of [[0, undefined], [0, "8K"], [300, "5001"],
      [700, "64K"]]) {
      const s = await stored(t, pages, { spare, store: { block } });
      const e = await s.done();
      assert.equal(e.files.length, 1);
      assert(spare > 0 || e.files[0].blocks > 3,
        `${e.files[0].blocks} blocks, ${block}`);
      const i = e.files[0].bytes.findIndex((b, k) =>
        b !== whole.files[0].bytes[k]);
      assert(i === -1 && e.files[0].bytes.length ===
        whole.files[0].bytes.length, `spare ${spare}, block ${block}: ` +
        `differs from byte ${i} on`);
    }
  });

// ------------------------------------------------------------------ faults

// Many blocks: much to say in a memory that is just enough.
const faulty = shared(mixedTable(3000, 42));
const faultyFile = { page: "2K", row_group_rows: 1000 };

for (const [what, deed] of [["refused", { answer: refusal(500,
  "InternalError") }], ["lost", { lose: "reset" }],
["stored but not acknowledged", { drop: "reset" }]])
  test(`any block that is ${what} is sent again, and the file is right`,
    { timeout: 120 }, async () => {
      const s = await stored(faulty, faultyFile,
        { store: { ...quick, retry_for: "5s" }, spare: 0 });
      proxy.rule = (q) => q.op === "stage" && [3, 11].includes(q.n) && deed;
      const e = await s.done();
      assert(proxy.count.stage > 10, `${proxy.count.stage} blocks`);
      await sameParquet(e, faulty);
    });

test("a block that can't be stored ends the run, and nothing is left",
  async () => {
    const s = await stored(faulty, faultyFile, { store: quick, spare: 0 });
    proxy.rule = (q) => q.op === "stage" && q.n > 7 &&
      { answer: refusal(503, "ServerBusy") };
    const r = await s.job.run();
    assert([4, 75].includes(r.code), r.where);
    proxy.forget();
    await nothingThere(s.reader);
  });

test("a source that fails midway leaves nothing, in a container or a folder",
  async () => {
    const rows = Array.from({ length: 5000 }, (_, i) =>
      `(${i === 4321 ? "'x'" : i}, '${"y".repeat(i % 100)}')`);
    const database = makeDatabase(tmpdir(), "CREATE TABLE t (a INTEGER, " +
      `b TEXT); INSERT INTO t VALUES ${rows.join(",")};`);
    const t = { database, query: "SELECT a, b FROM t" };
    const folder = tableJob(t, { row_group_rows: 1000 });
    await folder.job.fails(3, /row 4322/);
    await nothingThere(folderReader(folder.out));
    const s = await stored(t, { row_group_rows: 1000, page: "1K" },
      { job: { memory: "2M" }, store: { block: "16K" } });
    await s.job.fails(3, /row 4322/);
    await nothingThere(s.reader);
  });

test("a file that fits the memory is one request", async () => {
  const t = extremeTable(50);
  const s = await stored(t, {});
  const e = await s.done();
  assert.equal(proxy.count.stage ?? 0, 0);
  assert.equal(proxy.count.put, 3); // with the manifest and _SUCCESS
  await sameParquet(e, t);
});

test("no other codec than Parquet's is taken", async () => {
  const t = table([column("a", "int64")], []);
  const { job } = tableJob(t, { compression: "deflate" });
  await job.fails(2, /compression/);
});
