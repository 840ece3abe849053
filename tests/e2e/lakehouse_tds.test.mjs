// The tests' own Synapse, tested by clients nobody here wrote: FreeTDS's tsql,
// its ODBC driver under isql, and tedious. What it promises to the tests of the
// agent is that it is as strict as a pool.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { assert, require, run, sleep, test, tmpdir } from "../lib/harness.mjs";
import { startAzurite } from "../lib/azurite.mjs";
import { createStore } from "../lib/lakehouse_store.mjs";
import { startPipelines, startSynapse } from "../lib/lakehouse_tds.mjs";

const azurite = await startAzurite();
const box = await azurite.createContainer("data");
const store = await createStore({ azurite });
const syn = await startSynapse({ store });
const plain = await startSynapse({ store, encryption: "none",
  database: "quick", password: "quick" });

// ------------------------------------------------------------------ clients

const freetds = (dir, encryption) => {
  const path = join(dir, "freetds.conf");
  writeFileSync(path, `[global]\ntds version = 7.4\nencryption = ` +
    `${encryption}\nclient charset = UTF-8\n`);
  return { FREETDSCONF: path };
};

const tsql = (s, text, { password = s.password, encryption = "require" } = {}) =>
  run("tsql", ["-H", s.host, "-p", String(s.port), "-U", s.user, "-P", password],
    { env: freetds(tmpdir(), encryption), timeout: 20,
      input: `${text}\ngo\nexit\n` });

const isql = (s, text, more) => run("isql",
  ["-b", "-v", "-k", s.connection(more), "-d|"], { timeout: 20,
    input: `${text}\n` });

// A tedious connection: ask(text) -> { rows, counts }, or throws the server's
// error with its number.
async function tedious(s, options = {}) {
  const { Connection, Request } = require("tedious");
  const c = new Connection({ server: "127.0.0.1",
    authentication: { type: "default",
      options: { userName: s.user, password: s.password } },
    options: { port: s.port, database: s.database, encrypt: true,
      trustServerCertificate: true, rowCollectionOnRequestCompletion: true,
      maxRetriesOnTransientErrors: 0, connectTimeout: 8000, requestTimeout: 8000, ...options } });
  await new Promise((done, fail) =>
    c.connect((e) => e ? fail(e) : done()));
  c.on("error", () => {});
  return {
    c,
    ask: (text) => new Promise((done, fail) => {
      const counts = [];
      const r = new Request(text, (e, _, rows) => e ? fail(e) :
        done({ counts, rows: rows.map((row) => row.map((v) => v.value)) }));
      r.on("done", (n) => n === undefined || counts.push(n));
      c.execSqlBatch(r);
    }),
    close: () => c.close(),
  };
}

// The number of the error that a statement must end with.
async function refused(s, number, text, pattern = /./) {
  await assert.rejects(s.sql(text), (e) => {
    assert.equal(e.number, number, `${text}\n${e.message}`);
    assert.match(e.message, pattern);
    return true;
  });
}

const sas = (permissions = "rl") => azurite.sas("data", permissions);
const signed = (permissions) => "CREDENTIAL = (IDENTITY = 'Shared Access " +
  `Signature', SECRET = '${sas(permissions)}')`;
const upload = (name, data) => azurite.upload("data", name, Buffer.from(data));

// A Parquet file of a SELECT of DuckDB.
async function parquet(name, select, codec = "snappy") {
  const path = join(tmpdir(), "x.parquet");
  await store.turn(() => store.exec(`COPY (${select}) TO '${path}' (FORMAT ` +
    `parquet, CODEC '${codec}')`));
  const { readFileSync } = await import("node:fs");
  await upload(name, readFileSync(path));
}

const copy = (table, files, options = "", columns = "") =>
  `COPY INTO ${table} ${columns} FROM ${files.map((f) => `'${box}/${f}'`)
    .join(", ")} WITH (${options}${options && ", "}${signed()})`;
const CSV = "FILE_TYPE = 'CSV', ROWTERMINATOR = '0x0A'";

// --------------------------------------------------------------- the wire

test("tsql logs in through TLS and sees types, NULL and Unicode", async () => {
  const r = await tsql(syn, "SELECT 1 AS a, CONVERT(bigint, 9007199254740993) " +
    "AS b, N'aé😀' AS c, CONVERT(decimal(20, 2), -12.3) AS d, NULL AS e");
  assert.equal(r.code, 0, r.stderr);
  assert.match(r.stdout, /^1\t9007199254740993\taé😀\t-12\.30\tNULL$/m);
  assert.match(r.stdout, /1 row affected/);
});

test("a wrong password is error 18456", async () => {
  const r = await tsql(syn, "SELECT 1", { password: "wrong" });
  assert.notEqual(r.code, 0);
  assert.match(r.stderr + r.stdout, /18456.*Login failed for user 'loader'/s);
  const odbc = await isql(syn, "SELECT 1", { PWD: "wrong" });
  assert.match(odbc.stderr + odbc.stdout, /Login failed for user 'loader'/);
});

test("a client without encryption gets no login", async () => {
  const r = await tsql(syn, "SELECT 1", { encryption: "off" });
  assert.notEqual(r.code, 0);
  assert.doesNotMatch(r.stdout, /row affected/);
});

test("a pool without encryption serves one that wants none", async () => {
  const r = await tsql(plain, "SELECT N'ü' AS u", { encryption: "off" });
  assert.match(r.stdout, /^ü$/m);
});

test("an unknown database is error 4060", async () => {
  const r = await isql(syn, "SELECT 1", { Database: "nowhere" });
  assert.match(r.stderr + r.stdout, /Cannot open database "nowhere"/);
});

test("isql runs statements over FreeTDS's ODBC driver", async () => {
  const r = await isql(syn, [
    "CREATE TABLE dbo.viaodbc (a bigint, b nvarchar(50)) WITH (HEAP)",
    "INSERT INTO dbo.viaodbc VALUES (1, N'aé😀')",
    "INSERT INTO dbo.viaodbc VALUES (NULL, NULL)",
    "SELECT a, b FROM dbo.viaodbc ORDER BY a DESC",
    "DROP TABLE dbo.viaodbc",
    "SELECT 1 FROM dbo.viaodbc"].join("\n"));
  assert.match(r.stdout, /1\|aé😀/);
  assert.match(r.stdout + r.stderr,
    /S0*02.*Invalid object name 'dbo\.viaodbc'/s);
});

test("tedious gets rows, counts and numbers of errors", async () => {
  const t = await tedious(syn);
  const r = await t.ask("CREATE TABLE dbo.te (a int, b nvarchar(max), c " +
    "decimal(38, 10), d float, e bit, f varbinary(10)) WITH (HEAP); " +
    "INSERT INTO dbo.te VALUES (-5, N'" + "x".repeat(9000) + "', 1.5, 0.1, 1, " +
    "0x00ff); SELECT * FROM dbo.te; DELETE FROM dbo.te; DROP TABLE dbo.te");
  const [row] = r.rows;
  assert.deepEqual([row[0], row[1].length, row[2], row[3], row[4],
    [...row[5]]], [-5, 9000, 1.5, 0.1, true, [0, 255]]);
  assert.deepEqual(r.counts, [1, 1, 1]);
  await assert.rejects(t.ask("SELEC 1"), { number: 103010 });
  // As a driver sends what it was told to prepare: sp_executesql.
  const { Request } = require("tedious");
  const viaCall = (text) => new Promise((done, fail) => t.c.execSql(
    new Request(text, (e, _, rows) => e ? fail(e) : done(rows[0][0].value))));
  assert.equal(await viaCall("SELECT N'ä' AS a"), "ä");
  await assert.rejects(viaCall("SELECT 1 / 0"), { number: 8134 });
  await assert.rejects(t.ask("SELECT x FROM nowhere"), { number: 208 });
  assert.deepEqual((await t.ask("SELECT @@TRANCOUNT")).rows, [[0]]);
  t.close();
});

test("a driver's own transaction is one", async () => {
  const t = await tedious(syn);
  await t.ask("CREATE TABLE dbo.tx (a int)");
  const step = (fn) => new Promise((done, fail) =>
    t.c[fn]((e) => e ? fail(e) : done()));
  await step("beginTransaction");
  await t.ask("INSERT INTO dbo.tx VALUES (1)");
  await step("rollbackTransaction");
  await step("beginTransaction");
  await t.ask("INSERT INTO dbo.tx VALUES (2)");
  await step("commitTransaction");
  assert.deepEqual((await t.ask("SELECT a FROM dbo.tx")).rows, [[2]]);
  await t.ask("DROP TABLE dbo.tx");
  t.close();
});

test("an attention ends a statement that never answers", async () => {
  const t = await tedious(syn, { requestTimeout: 300 });
  syn.rule = (q) => q.op === "select" && /1234/.test(q.text) &&
    { silent: true };
  await assert.rejects(t.ask("SELECT 1234"), { code: "ETIMEOUT" });
  syn.forget();
  assert.deepEqual((await t.ask("SELECT 5")).rows, [[5]]);
  t.close();
});

test("a transaction ends with its session", async () => {
  await syn.sql("CREATE TABLE dbo.cut (a int)");
  const t = await tedious(syn);
  await t.ask("BEGIN TRANSACTION");
  await t.ask("INSERT INTO dbo.cut VALUES (1)");
  t.close();
  assert.equal(await syn.count("dbo.cut"), 0);
  await syn.sql("DROP TABLE dbo.cut");
});

// -------------------------------------------------------------------- SQL

test("what T-SQL has not is refused", async () => {
  await refused(syn, 103010, "CREATE TABLE IF NOT EXISTS dbo.x (a int)");
  await refused(syn, 103010, "INSERT INTO dbo.x VALUES (1), (2)");
  await refused(syn, 103010, "SELECT a FROM dbo.x LIMIT 1");
  await refused(syn, 2715, "CREATE TABLE dbo.x (a string)");
  await refused(syn, 104220, "CREATE TABLE dbo.x (a xml)");
  await refused(syn, 195, "SELECT md5(N'a')");
  await refused(syn, 8117, "SELECT MIN(CONVERT(bit, 1))");
  await refused(syn, 8115, "SELECT SUM(a) FROM (SELECT 2000000000 AS a UNION " +
    "ALL SELECT 2000000000) AS t");
  await refused(syn, 8116, "SELECT HASHBYTES('MD5', 5)");
  await refused(syn, 4145, "SELECT 1 WHERE 1");
  await refused(syn, 35343, "CREATE TABLE dbo.x (a nvarchar(max))");
  await refused(syn, 2760, "CREATE TABLE nope.x (a int)");
  await refused(syn, 40515, "SELECT 1 FROM other.dbo.x");
});

test("texts are compared without case and trailing spaces", async () => {
  const [[a, b, c]] = await syn.sql("SELECT CASE WHEN N'Aé' = N'aÉ ' THEN 1 " +
    "ELSE 0 END, CASE WHEN N'a' COLLATE Latin1_General_100_BIN2_UTF8 = N'A' " +
    "THEN 1 ELSE 0 END, CONVERT(varchar(10), N'aé😀')");
  assert.deepEqual([a, b, c], [1, 0, "aé?"]);
});

test("a hash is of UTF-16, or of what was made of it", async () => {
  const { createHash } = await import("node:crypto");
  const md5 = (b) => createHash("md5").update(b).digest("hex").toUpperCase();
  const hex = (e) => `CONVERT(varchar(32), HASHBYTES('MD5', ${e}), 2)`;
  const text = "N'aé😀'";
  const [[a, b, c]] = await syn.sql(`SELECT ${hex(text)}, ${hex("CONVERT(" +
    `varchar(8000), ${text} COLLATE Latin1_General_100_BIN2_UTF8)`)}, ${
    hex("CONVERT(varchar(20), -5)")}`);
  assert.deepEqual([a, b, c], [md5(Buffer.from("aé😀", "utf16le")),
    md5("aé😀"), md5("-5")]);
});

test("CONVERT has its styles, and cuts text but no number", async () => {
  const [row] = await syn.sql("SELECT CONVERT(varchar(10), CONVERT(date, " +
    "'2026-11-22'), 23), CONVERT(varchar(26), CONVERT(datetime2(6), " +
    "'2026-11-22 10:11:12.1'), 121), CONVERT(varchar(30), CONVERT(float, " +
    "0.1), 3), CONVERT(varchar(3), N'abcdef'), CONVERT(datetime2(3), " +
    "'2026-11-22 10:11:12.1239'), DATEDIFF_BIG(microsecond, CONVERT(datetime2(" +
    "6), '1970-01-01'), CONVERT(datetime2(6), '1969-12-31 23:59:59.999999'))");
  assert.deepEqual(row, ["2026-11-22", "2026-11-22 10:11:12.100000",
    "1.0000000000000001e-001", "abc", "2026-11-22 10:11:12.124", "-1"]);
  await refused(syn, 8115, "SELECT CONVERT(varchar(2), 12345)");
});

test("no DDL inside a transaction, and an error ends it", async () => {
  const t = await tedious(syn);
  await t.ask("CREATE TABLE dbo.doom (a int)");
  await t.ask("BEGIN TRANSACTION; INSERT INTO dbo.doom VALUES (1)");
  await assert.rejects(t.ask("CREATE TABLE dbo.y (a int)"), { number: 111212 });
  await assert.rejects(t.ask("SELECT 1"), { number: 111233 });
  await t.ask("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION").catch(() => {});
  await t.ask("ROLLBACK TRANSACTION").catch(() => {});
  assert.deepEqual((await t.ask("SELECT COUNT_BIG(*) FROM dbo.doom")).rows,
    [["0"]]);
  await assert.rejects(t.ask("COMMIT"), { number: 111214 });
  await t.ask("DROP TABLE dbo.doom");
  t.close();
});

test("RENAME OBJECT, UPDATE, CTAS, IF, labels", async () => {
  await syn.sql("CREATE TABLE dbo.a (k int, v nvarchar(10)) WITH " +
    "(DISTRIBUTION = HASH(k), CLUSTERED COLUMNSTORE INDEX); INSERT INTO dbo.a " +
    "SELECT 1, N'x' UNION ALL SELECT 2, N'y'; RENAME OBJECT dbo.a TO b; " +
    "UPDATE dbo.b SET v = N'z' WHERE k = 2");
  await syn.sql("CREATE TABLE dbo.c WITH (DISTRIBUTION = ROUND_ROBIN, HEAP) " +
    "AS SELECT k, v FROM dbo.b OPTION (LABEL = 'my run')");
  assert.deepEqual(await syn.sql("SELECT v FROM dbo.c ORDER BY k"),
    [["x"], ["z"]]);
  assert.deepEqual(await syn.sql("SELECT [status] FROM " +
    "sys.dm_pdw_exec_requests WHERE [label] = 'my run'"), [["Completed"]]);
  await refused(syn, 208, "SELECT 1 FROM dbo.a");
  await refused(syn, 2714, "CREATE TABLE dbo.b (a int)");
  await syn.sql("IF OBJECT_ID(N'[dbo].[c]') IS NOT NULL DROP TABLE dbo.c");
  await syn.sql("IF OBJECT_ID(N'[dbo].[c]') IS NOT NULL DROP TABLE dbo.c; " +
    "DROP TABLE dbo.b");
  await refused(syn, 2628, "CREATE TABLE dbo.n (a nvarchar(2)); INSERT INTO " +
    "dbo.n VALUES (N'abc')");
  await syn.sql("DROP TABLE dbo.n");
});

// ------------------------------------------------------------------- COPY

test("COPY reads CSV: quotes, NULL and empty text, headers, gzip", async () => {
  const text = "id,name,at\n1,\"a \"\"b\"\", é\",2026-11-22 10:11:12.123456\n" +
    "2,,\n3,\"\",2026-11-22\n4,\"two\nlines\",\n";
  await upload("c/one.csv", text);
  await upload("c/two.csv.gz", gzipSync(text));
  await syn.sql("CREATE TABLE dbo.c1 (id bigint, name nvarchar(100), at " +
    "datetime2(6)) WITH (HEAP)");
  await syn.sql(copy("dbo.c1", ["c/one.csv"], `${CSV}, FIRSTROW = 2`));
  assert.deepEqual(await syn.sql("SELECT * FROM dbo.c1 ORDER BY id"), [
    ["1", "a \"b\", é", "2026-11-22 10:11:12.123456"], ["2", null, null],
    ["3", "", "2026-11-22 00:00:00.000000"], ["4", "two\nlines", null]]);
  // Nothing is remembered: twice doubles (1.2).
  await syn.sql(copy("dbo.c1", ["c/one.csv", "c/two.csv.gz"],
    `${CSV}, FIRSTROW = 2`));
  assert.equal(await syn.count("dbo.c1"), 12);
  await syn.sql("DROP TABLE dbo.c1");
});

test("LF files without '0x0A' give wrong counts, in silence", async () => {
  await upload("lf/h.csv", "a\n1\n2\n3\n");
  await syn.sql("CREATE TABLE dbo.lf (a nvarchar(100))");
  for (const rows of ["", ", ROWTERMINATOR = '\\n'"])
    await syn.sql(copy("dbo.lf", ["lf/h.csv"],
      `FILE_TYPE = 'CSV', FIRSTROW = 2${rows}`));
  assert.equal(await syn.count("dbo.lf"), 0);
  await syn.sql(copy("dbo.lf", ["lf/h.csv"], "FILE_TYPE = 'CSV'"));
  assert.equal(await syn.count("dbo.lf"), 1);
  await syn.sql("TRUNCATE TABLE dbo.lf");
  await syn.sql(copy("dbo.lf", ["lf/h.csv"], `${CSV}, FIRSTROW = 2`));
  assert.equal(await syn.count("dbo.lf"), 3);
  await syn.sql("DROP TABLE dbo.lf");
});

test("a value that doesn't fit refuses the load, or its row", async () => {
  await syn.sql("CREATE TABLE dbo.f (a int, b nvarchar(3) NOT NULL)");
  const bad = { "x,a": 4864, "2147483648,a": 4864, "1,abcd": 4863, "1,": 4864,
    "1": 4864, "1,a,b": 4864, "1,\"a\"b": 4864, "1,\"a": 4864 };
  for (const [line, number] of Object.entries(bad)) {
    await upload("f.csv", `5,ok\n${line}\n`);
    await refused(syn, number, copy("dbo.f", ["f.csv"], CSV));
  }
  assert.equal(await syn.count("dbo.f"), 0);
  await upload("f.csv", "5,ok\nx,y\n6,ok\n");
  await syn.sql(copy("dbo.f", ["f.csv"], `${CSV}, MAXERRORS = 1`));
  assert.equal(await syn.count("dbo.f"), 2);
  await syn.sql("DROP TABLE dbo.f");
});

test("a zone needs datetimeoffset", async () => {
  await upload("z.csv", "2026-11-22T10:11:12.123456Z\n");
  await syn.sql("CREATE TABLE dbo.z2 (a datetime2(6)); CREATE TABLE dbo.zo " +
    "(a datetimeoffset(6))");
  await refused(syn, 4864, copy("dbo.z2", ["z.csv"], CSV));
  await syn.sql(copy("dbo.zo", ["z.csv"], CSV));
  await syn.sql("INSERT INTO dbo.z2 SELECT CAST(a AS datetime2(6)) FROM dbo.zo");
  assert.deepEqual(await syn.sql("SELECT a FROM dbo.z2"),
    [["2026-11-22 10:11:12.123456"]]);
  await syn.sql("DROP TABLE dbo.z2; DROP TABLE dbo.zo");
});

test("a column list maps fields and fills a constant", async () => {
  await upload("m.csv", "7,x,1\n8,,2\n");
  await syn.sql("CREATE TABLE dbo.m (n int, t nvarchar(5), run nvarchar(64), " +
    "other int)");
  await syn.sql(copy("dbo.m", ["m.csv"], CSV, "([n] 3, [t] DEFAULT N'none' 2, " +
    "[run] DEFAULT N'r-1' 9)"));
  assert.deepEqual(await syn.sql("SELECT * FROM dbo.m ORDER BY n"),
    [[1, "x", "r-1", null], [2, "none", "r-1", null]]);
  await syn.sql("DROP TABLE dbo.m");
});

test("no JSON, no Avro, no unknown option", async () => {
  await syn.sql("CREATE TABLE dbo.o (a int)");
  await upload("o.csv", "1\n");
  for (const type of ["JSON", "AVRO"])
    await refused(syn, 103010, copy("dbo.o", ["o.csv"], `FILE_TYPE = '${type}'`));
  await refused(syn, 103010, copy("dbo.o", ["o.csv"], `${CSV}, HEADER = 1`));
  await refused(syn, 103010, copy("dbo.o", ["o.csv"],
    `${CSV}, COMPRESSION = 'Zstd'`));
  await refused(syn, 13822, copy("dbo.o", ["none.csv"], CSV));
  await refused(syn, 207, copy("dbo.o", ["o.csv"], CSV, "(b 1)"));
  await syn.sql("DROP TABLE dbo.o");
});

test("folders and wildcards pass over _ and .", async () => {
  for (const name of ["w/a.csv", "w/sub/b.csv", "w/_SUCCESS", "w/.x.csv"])
    await upload(name, "1\n");
  await syn.sql("CREATE TABLE dbo.w (a int)");
  for (const [path, n] of [["w", 2], ["w/", 2], ["w/*.csv", 2], ["w/.x.csv", 1]]) {
    await syn.sql(copy("dbo.w", [path], CSV));
    assert.equal(await syn.count("dbo.w"), n, path);
    await syn.sql("TRUNCATE TABLE dbo.w");
  }
  await syn.sql("DROP TABLE dbo.w");
});

test("a credential must be one that COPY takes", async () => {
  await upload("k.csv", "1\n");
  await parquet("k.parquet", "SELECT 1::INTEGER AS a");
  await syn.sql("CREATE TABLE dbo.k (a int)");
  const load = (file, type, credential) => `COPY INTO dbo.k FROM ` +
    `'${box}/${file}' WITH (FILE_TYPE = '${type}'${type === "CSV" ?
      ", ROWTERMINATOR = '0x0A'" : ""}${credential ?
      `, CREDENTIAL = (${credential})` : ""})`;
  const shared = (s) => `IDENTITY = 'Shared Access Signature', SECRET = '${s}'`;
  const key = (s) => `IDENTITY = 'Storage Account Key', SECRET = '${s}'`;
  const own = "IDENTITY = 'Managed Identity'";
  await refused(syn, 105096, load("k.csv", "CSV"));
  await refused(syn, 13807, load("k.csv", "CSV", shared(sas("r"))), /list/);
  await refused(syn, 16561, load("k.csv", "CSV", shared(`?${sas()}`)));
  await refused(syn, 13807, load("k.csv", "CSV", shared(sas().slice(0, -9))));
  await refused(syn, 13807, load("k.csv", "CSV", key("bm8=")));
  await refused(syn, 105096, load("k.csv", "CSV", own), /Managed/);
  await syn.sql(load("k.csv", "CSV", key(azurite.key)));
  syn.pool.options.managedIdentity = true;
  await syn.sql(load("k.csv", "CSV", own));
  // On flat Blob storage Parquet takes a SAS or a key only (1.1).
  await refused(syn, 105096, load("k.parquet", "PARQUET", own), /Parquet/);
  syn.pool.options.gen2 = true;
  await syn.sql(load("k.parquet", "PARQUET", own));
  syn.pool.options.gen2 = syn.pool.options.managedIdentity = false;
  await syn.sql(load("k.parquet", "PARQUET", shared(sas())));
  assert.equal(await syn.count("dbo.k"), 4);
  const shown = await syn.sql("SELECT command FROM sys.dm_pdw_exec_requests " +
    "WHERE command LIKE 'COPY%'");
  assert.doesNotMatch(JSON.stringify(shown), /sig=/);
  await syn.sql("DROP TABLE dbo.k");
});

test("COPY reads Parquet by position, types exact", async () => {
  await parquet("p.parquet", "SELECT 1::BIGINT AS x, 'aé😀' AS y, " +
    "12.30::DECIMAL(10, 2) AS z, DATE '2026-11-22' AS d, true AS b, " +
    "0.1::DOUBLE AS f, TIMESTAMP_MS '2026-11-22 10:11:12.123' AS t, " +
    "'\\x01\\xFF'::BLOB AS bin");
  await syn.sql("CREATE TABLE dbo.p (a bigint, b nvarchar(20), c decimal(12, " +
    "2), d date, e bit, f float, g datetime2(3), h varbinary(10)) WITH (HEAP)");
  await syn.sql(copy("dbo.p", ["p.parquet"], "FILE_TYPE = 'PARQUET'"));
  const [row] = await syn.sql("SELECT a, b, c, d, e, f, g, " +
    "CONVERT(varchar(20), h, 2) FROM dbo.p");
  assert.deepEqual(row, ["1", "aé😀", "12.30", "2026-11-22", true, 0.1,
    "2026-11-22 10:11:12.123", "01FF"]);
  await syn.sql("DROP TABLE dbo.p");
});

test("Parquet that a pool can't read is refused", async () => {
  const cases = [
    ["1::BIGINT", "int", /ClassCast/], ["1::INTEGER", "bigint", /ClassCast/],
    ["1::SMALLINT", "int", /ClassCast/], ["1::FLOAT", "float", /ClassCast/],
    ["'\\x01'::BLOB", "nvarchar(10)", /varbinary/],
    ["TIMESTAMP '2026-11-22 10:11:12'", "datetime2(6)", /MICROS/],
    ["TIMESTAMPTZ '2026-11-22 10:11:12Z'", "datetime2(6)", /MICROS/],
    ["TIMESTAMP_NS '2026-11-22 10:11:12'", "datetime2(7)", /NANOS/],
    ["TIME '10:11:12'", "time(6)", /MICROS/],
    ["1.5::DECIMAL(10, 2)", "decimal(10, 3)", /ClassCast/]];
  for (const [value, type, why] of cases) {
    await parquet("bad.parquet", `SELECT ${value} AS a`);
    await syn.sql(`CREATE TABLE dbo.bad (a ${type})`);
    await refused(syn, 106000, copy("dbo.bad", ["bad.parquet"],
      "FILE_TYPE = 'PARQUET'"), why);
    await syn.sql("DROP TABLE dbo.bad");
  }
  await syn.sql("CREATE TABLE dbo.bad (a int)");
  await parquet("zstd.parquet", "SELECT 1::INTEGER AS a", "zstd");
  await refused(syn, 106000, copy("dbo.bad", ["zstd.parquet"],
    "FILE_TYPE = 'PARQUET'"), /ZSTD/);
  await syn.sql("DROP TABLE dbo.bad");
});

test("every kind of column survives COPY and CREATE TABLE", async () => {
  await parquet("all.parquet", "SELECT 1::TINYINT AS a, 200::USMALLINT AS b, " +
    "3::UINTEGER AS c, 18446744073709551615::UBIGINT AS d, 1.5::FLOAT AS e, " +
    "'0f8fad5b-d9cb-469f-a165-70867728950e'::UUID AS f, 100::UTINYINT AS g");
  await syn.sql("CREATE TABLE dbo.alltypes (a smallint, b int, c bigint, d " +
    "decimal(20, 0), e real, f uniqueidentifier, g tinyint)");
  await syn.sql(copy("dbo.alltypes", ["all.parquet"], "FILE_TYPE = 'PARQUET'"));
  assert.deepEqual(await syn.sql("SELECT * FROM dbo.alltypes"), [[1, 200, "3",
    "18446744073709551615", 1.5, "0F8FAD5B-D9CB-469F-A165-70867728950E", 100]]);
  await syn.sql("DROP TABLE dbo.alltypes");
});

// ------------------------------------------------------------- what goes wrong

test("transient errors on demand, at login and later", async () => {
  syn.forget();
  syn.login = (_, n) => n === 1 && { error: { number: 40613 } };
  await assert.rejects(tedious(syn), /not currently available/);
  const t = await tedious(syn);
  syn.rule = (q) => q.op === "select" && q.n === 1 &&
    { error: { number: 40197, message: "The service has encountered an error" } };
  syn.pool.counts = {};
  await assert.rejects(t.ask("SELECT 1"), { number: 40197 });
  assert.deepEqual((await t.ask("SELECT 1")).rows, [[1]]);
  t.close();
  syn.forget();
});

test("a COPY may commit, and the connection break", async () => {
  await upload("cut.csv", "1\n2\n");
  await syn.sql("CREATE TABLE dbo.cut (a int)");
  const statement = `${copy("dbo.cut", ["cut.csv"], CSV)} ` +
    "OPTION (LABEL = 'cut')";
  for (const [deed, rows] of [["drop", 2], ["lose", 2]]) {
    const t = await tedious(syn);
    syn.rule = (q) => q.op === "copy" && { [deed]: true };
    await assert.rejects(t.ask(statement));
    syn.forget();
    assert.equal(await syn.count("dbo.cut"), rows, deed);
  }
  const t = await tedious(syn);
  syn.rule = (q) => q.op === "copy" && { late: 300 };
  await assert.rejects(t.ask(statement));
  syn.forget();
  const running = () => syn.sql("SELECT COUNT_BIG(*) FROM " +
    "sys.dm_pdw_exec_requests WHERE [label] LIKE 'cu%' AND [status] IN " +
    "('Running', 'Suspended')").then((r) => Number(r[0][0]));
  assert.equal(await running(), 1);
  await sleep(700);
  assert.equal(await running(), 0);
  assert.equal(await syn.count("dbo.cut"), 4);
  await syn.sql("DROP TABLE dbo.cut");
});

test("counts may lag, and a table be tampered with", async () => {
  await syn.sql("CREATE TABLE dbo.lag (a int)");
  const t = await tedious(syn);
  syn.rule = (q) => q.op === "insert" && { lag: 2 };
  await t.ask("INSERT INTO dbo.lag VALUES (1)");
  const count = async () =>
    Number((await t.ask("SELECT COUNT_BIG(*) FROM dbo.lag")).rows[0][0]);
  assert.deepEqual([await count(), await count(), await count()], [0, 0, 1]);
  syn.rule = (q) => q.op === "insert" && { rows: 7,
    tamper: (s, table) => s.exec(`UPDATE ${table.physical} SET a = 9`) };
  const r = await t.ask("INSERT INTO dbo.lag VALUES (1)");
  assert.deepEqual(r.counts, [7]);
  assert.deepEqual((await t.ask("SELECT a FROM dbo.lag")).rows, [[9], [9]]);
  t.close();
  syn.forget();
  await syn.sql("DROP TABLE dbo.lag");
});

// ---------------------------------------------------------------- serverless

const less = await startSynapse({ store, kind: "serverless", database: "lake" });

test("a serverless pool reads files through views", async () => {
  await upload("s/a.csv", "id,name\n1,é\n2,\n");
  await upload("s/b.csv", "id,name\n3,x\n");
  await less.sql(`CREATE CREDENTIAL [${box}] WITH IDENTITY = ` +
    `'SHARED ACCESS SIGNATURE', SECRET = '${sas()}'`);
  await less.sql("CREATE VIEW dbo.v AS SELECT r.id, r.name, N'run-1' AS " +
    `[_runnel_run] FROM OPENROWSET(BULK ('${box}/s/a.csv', '${box}/s/b.csv'), ` +
    "FORMAT = 'CSV', PARSER_VERSION = '2.0', HEADER_ROW = TRUE) WITH (id " +
    "bigint, name nvarchar(10)) AS r");
  const t = await tedious(less);
  assert.deepEqual((await t.ask("SELECT * FROM dbo.v ORDER BY id")).rows,
    [["1", "é", "run-1"], ["2", null, "run-1"], ["3", "x", "run-1"]]);
  t.close();
  // Read anew by every query.
  await upload("s/b.csv", "id,name\n3,x\n4,y\n");
  assert.equal(await less.count("dbo.v"), 4);
});

test("each parser has what the other lacks", async () => {
  await upload("s/z.csv.gz", gzipSync("1,2026-11-22T10:11:12\n"));
  await upload("s/d.csv", "1,2026-11-22T10:11:12\n");
  const of = (file, options) => `SELECT COUNT_BIG(*) FROM OPENROWSET(BULK ` +
    `'${box}/s/${file}', FORMAT = 'CSV', ${options}) WITH (a int, b ` +
    "datetime2(6)) AS r";
  await refused(less, 16560, of("z.csv.gz", "PARSER_VERSION = '2.0', " +
    "DATA_COMPRESSION = 'GZIP'"));
  await refused(less, 16560, of("d.csv", "HEADER_ROW = TRUE"));
  await refused(less, 13812, of("d.csv", "PARSER_VERSION = '2.0'"));
  assert.deepEqual(await less.sql(of("z.csv.gz", "DATA_COMPRESSION = 'GZIP'")),
    [["1"]]);
  // '\n' is \r\n to parser 1.0.
  await upload("s/n.csv", "1,2026-11-22\n2,2026-11-22\n");
  await refused(less, 13812, of("n.csv", "ROWTERMINATOR = '\\n'"));
});

test("the case of a Parquet column's name counts", async () => {
  await parquet("s/c.parquet", "SELECT 5::BIGINT AS Id, 'x' AS name, " +
    "TIMESTAMP_MS '2026-11-22 10:11:12' AS local, TIMESTAMPTZ " +
    "'2026-11-22 10:11:12.123456Z' AS utc");
  const of = (columns) => `SELECT * FROM OPENROWSET(BULK '${box}/s/c.parquet', ` +
    `FORMAT = 'PARQUET') WITH (${columns}) AS r`;
  assert.deepEqual(await less.sql(of("Id bigint, [NAME] nvarchar(10), utc " +
    "datetime2(6)")), [["5", null, "2026-11-22 10:11:12.123456"]]);
  assert.deepEqual(await less.sql(of("id bigint, name nvarchar(10)")),
    [[null, "x"]]);
  await refused(less, 13812, of("Id int"));
  await refused(less, 13812, of("local datetime2(6)"));
  assert.equal((await less.sql(of("local bigint"))).length, 1);
  await refused(less, 16528, of("name varchar(10)"));
  await less.sql(of("name varchar(10) COLLATE Latin1_General_100_BIN2_UTF8"));
});

test("data sources carry credentials; no storage, no COPY", async () => {
  await less.sql("CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'x'; CREATE " +
    "DATABASE SCOPED CREDENTIAL [c] WITH IDENTITY = 'SHARED ACCESS " +
    `SIGNATURE', SECRET = '${sas()}'; CREATE EXTERNAL DATA SOURCE [s] WITH ` +
    `(LOCATION = '${box}', CREDENTIAL = [c])`);
  assert.deepEqual(await less.sql("SELECT a FROM OPENROWSET(BULK 's/n.csv', " +
    "DATA_SOURCE = 's', FORMAT = 'CSV', PARSER_VERSION = '2.0') WITH (a int 1) " +
    "AS r"), [[1], [2]]);
  await less.sql(`DROP CREDENTIAL [${box}]`);
  await refused(less, 13807, "SELECT * FROM dbo.v");
  await refused(less, 15871, "CREATE TABLE dbo.t (a int)");
  await refused(less, 15871, copy("dbo.t", ["s/n.csv"], CSV));
  await refused(less, 15871, "INSERT INTO dbo.v SELECT 1");
  await refused(syn, 103010, "CREATE CREDENTIAL [x] WITH IDENTITY = 'y'");
  await refused(syn, 103010, "SELECT * FROM OPENROWSET(BULK 'x', FORMAT = " +
    "'CSV') WITH (a int) AS r");
});

// ------------------------------------------------------------------ pipelines

test("a pipeline is started, asked for, and does its load", async () => {
  await upload("pl.csv", "1\n2\n");
  await syn.sql("CREATE TABLE dbo.pl (a int)");
  const ws = await startPipelines({ token: "secret", polls: 2, pipelines: {
    async load({ file }) {
      await syn.sql(copy("dbo.pl", [file], CSV));
      return { rowsCopied: 2 };
    },
  } });
  const call = async (method, path, body, token = "secret") => {
    const r = await run("curl", ["-s", "-w", "\n%{http_code}", "--cacert",
      ws.ca, "-X", method, "-H", `Authorization: Bearer ${token}`, ...(body ?
        ["-d", JSON.stringify(body)] : []), `${ws.url}${path}`]);
    const [text, code] = r.stdout.split("\n");
    return { status: Number(code), body: JSON.parse(text) };
  };
  const version = "?api-version=2020-12-01";
  const start = `/pipelines/load/createRun${version}`;
  assert.equal((await call("POST", start, {}, "wrong")).status, 401);
  assert.equal((await call("POST", "/pipelines/load/createRun", {})).status, 400);
  assert.equal((await call("POST", `/pipelines/no/createRun${version}`, {}))
    .status, 404);
  const made = await call("POST", start, { file: "pl.csv" });
  assert.equal(made.status, 202);
  const seen = [];
  for (let i = 0; i < 3; i++)
    seen.push((await call("GET", `/pipelineruns/${made.body.runId}${version}`))
      .body.status);
  assert.deepEqual(seen, ["Queued", "InProgress", "Succeeded"]);
  assert.equal(await syn.count("dbo.pl"), 2);
  const bad = await call("POST", start, { file: "none.csv" });
  let last;
  for (let i = 0; i < 3; i++)
    last = await call("GET", `/pipelineruns/${bad.body.runId}${version}`);
  assert.equal(last.body.status, "Failed");
  assert.match(last.body.message, /cannot be opened/);
  await syn.sql("DROP TABLE dbo.pl");
});

test("nothing that a client sent was a surprise", async () => {
  for (const s of [syn, plain, less])
    assert.deepEqual(s.problems.map((e) => e.stack ?? e), []);
});
