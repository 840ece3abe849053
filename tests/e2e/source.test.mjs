// tests/e2e/source.test.mjs: what a query may do, what happens when the
// database is locked, broken or too much, and that increments move on.

import { copyFileSync, mkdirSync, openSync, readFileSync, statSync, writeSync }
  from "node:fs";
import { join } from "node:path";
import { assert, sleep, test, tmpdir } from "../lib/harness.mjs";
import { checkStore, folderReader, lockDatabase, makeDatabase, makeJob,
  nothingThere, onlyRun, rowsOf, series, sql, text } from "../lib/job.mjs";

function setup(options = {}) {
  const dir = options.dir ?? tmpdir();
  const out = join(dir, "out");
  mkdirSync(out, { recursive: true });
  const job = makeJob({ ...options, dir, file: { header: false,
    ...options.file }, store: { url: `file://${out}` } });
  return { dir, out, job, reader: folderReader(out) };
}

for (const [what, query] of [
  ["ATTACH", "ATTACH '/tmp/other.db' AS o"],
  ["INSERT", "INSERT INTO t VALUES (9)"],
  ["UPDATE", "UPDATE t SET a = 9"],
  ["DELETE", "DELETE FROM t"],
  ["DROP", "DROP TABLE t"],
  ["CREATE", "CREATE TABLE u (a)"],
  ["PRAGMA", "PRAGMA journal_mode = DELETE"],
  ["VACUUM INTO", "VACUUM INTO '/tmp/stolen.db'"],
  ["load_extension", "SELECT load_extension('x')"],
  ["two statements", "SELECT 1; DELETE FROM t"],
  ["no statement", "-- nothing"],
  ["a returning write", "INSERT INTO t VALUES (9) RETURNING a"],
])
  test(`${what} in a query is refused, and the database stays as it was`,
    async () => {
      const database = makeDatabase(tmpdir(), "CREATE TABLE t (a INTEGER);" +
        "INSERT INTO t VALUES (1);");
      const before = readFileSync(database);
      const s = setup({ database, query });
      await s.job.fails(2);
      await nothingThere(s.reader);
      assert(readFileSync(database).equals(before), "the database changed");
    });

test("a query that does not compile is refused with SQLite's own words",
  async () => {
    const s = setup({ query: "SELECT a FROM nowhere" });
    await s.job.fails(2, /no such table: nowhere/);
  });

test("a database that is missing, empty of sense or damaged is told apart",
  async () => {
    const dir = tmpdir();
    const s = setup({ dir, query: "SELECT * FROM t" });
    await s.job.fails(3, /cannot open|exist/,
      ["--set", `source.database=${join(dir, "nowhere.db")}`]);
    await s.job.fails(3, /not a SQLite database/,
      ["--set", `source.database=${s.job.path}`]);
  });

test("pages that were damaged end the run with exit code 3 and nothing visible",
  async () => {
    const dir = tmpdir();
    const database = makeDatabase(dir, "CREATE TABLE t (n INTEGER, f TEXT);" +
      `INSERT INTO t ${series(20000, 90)};`);
    const size = statSync(database).size;
    for (const part of [0.25, 0.5, 0.9]) {
      const bad = join(dir, `bad${part}.db`);
      copyFileSync(database, bad);
      const at = Math.floor(size * part / 4096) * 4096;
      writeSync(openSync(bad, "r+"), Buffer.alloc(4096, 0xa5), 0, 4096, at);
      const s = setup({ dir, database: bad, query: "SELECT * FROM t",
        file: { header: false, rows_per_file: 1000 } });
      await s.job.fails(3, /damaged|malformed/);
      await nothingThere(s.reader);
    }
  });

test("a locked database is waited for, and the run then succeeds", async () => {
  const database = makeDatabase(tmpdir(), "CREATE TABLE t (a INTEGER);" +
    "INSERT INTO t VALUES (1);");
  const s = setup({ database, query: "SELECT a FROM t" });
  const lock = await lockDatabase(database);
  const p = s.job.start();
  await sleep(500);
  lock.release();
  const r = s.job.checkResult(await p.done);
  assert.equal(r.code, 0, r.where);
  assert.equal(text(await onlyRun(s.reader)), "1\n");
});

test("a database that stays locked ends the run with exit code 3 after " +
  "source.busy", async () => {
  const database = makeDatabase(tmpdir(), "CREATE TABLE t (a INTEGER);");
  const s = setup({ database, query: "SELECT a FROM t",
    source: { busy: "400ms" } });
  const lock = await lockDatabase(database);
  const r = await s.job.fails(3, /locked/);
  assert(r.seconds > 0.35 && r.seconds < 3, `${r.seconds} s`);
  lock.release();
});

test("a sort without an index that is too large says so and what helps",
  async () => {
    const database = makeDatabase(tmpdir(), "CREATE TABLE t (n INTEGER, " +
      `f TEXT); INSERT INTO t ${series(40000, 100)};`);
    const s = setup({ database, query: "SELECT * FROM t ORDER BY f DESC" });
    const r = await s.job.run();
    if (r.code === 0) assert(r.json.memory.peak <= 1 << 20, "over the budget");
    else {
      assert.equal(r.code, 3, r.where);
      assert.match(r.error.text, /ORDER BY.*index|source\.memory/);
      await nothingThere(s.reader);
    }
    const big = setup({ database, query: "SELECT * FROM t ORDER BY f DESC",
      job: { memory: "32M" }, source: { memory: "24M" } });
    await big.job.done();
    assert(text(await onlyRun(big.reader)).startsWith("40000,"));
  });

test("rows come from one snapshot although others write", async () => {
  const dir = tmpdir();
  const database = makeDatabase(dir, "PRAGMA journal_mode = WAL;" +
    "CREATE TABLE t (n INTEGER PRIMARY KEY, f TEXT);" +
    `INSERT INTO t ${series(100000, 60)};`);
  const s = setup({ dir, database, query: "SELECT n FROM t ORDER BY n" });
  const p = s.job.start();
  for (let i = 0; i < 5; i++)
    sql(database, `UPDATE t SET f = 'x' WHERE n % 100 = ${i}; INSERT INTO t ` +
      `(f) VALUES ('new'); DELETE FROM t WHERE n = ${1000 * i + 7};`);
  const r = s.job.checkResult(await p.done);
  assert.equal(r.code, 0, r.where);
  // Whatever the moment was: each write adds a row and takes one.
  assert.equal(r.json.rows, 100000);
});

test("a watermark moves on, never repeats a row and loses none", async () => {
  const dir = tmpdir();
  const database = makeDatabase(dir, "CREATE TABLE t (id INTEGER PRIMARY KEY);" +
    `INSERT INTO t ${series(100)};`);
  const s = setup({ dir, database,
    query: "SELECT id FROM t WHERE id > :watermark ORDER BY id",
    source: { watermark: "id", watermark_start: "0" } });
  const rows = [];
  const next = async () => {
    const before = new Set((await checkStore(s.reader)).map((x) => x.folder));
    const r = await s.job.done();
    const run = (await checkStore(s.reader)).find((x) => !before.has(x.folder));
    rows.push(...text(run).trim().split("\n").filter(Boolean).map(Number));
    return { r, run };
  };
  assert.equal((await next()).r.json.rows, 100);
  sql(database, "INSERT INTO t SELECT id + 100 FROM t;");
  const second = await next();
  assert.equal(second.r.json.rows, 100);
  assert.equal(second.run.manifest.watermark.value, "200");
  assert.equal((await next()).r.json.rows, 0);
  // A run that fails does not move it.
  sql(database, "INSERT INTO t VALUES (201), (202);");
  await s.job.fails(undefined, undefined, ["--set", "store.url=file:///proc/x"]);
  assert.equal((await next()).r.json.rows, 2);
  assert.deepEqual(rows, Array.from({ length: 202 }, (_, i) => i + 1));
});

test("a watermark of texts moves on as well", async () => {
  const dir = tmpdir();
  const database = makeDatabase(dir, "CREATE TABLE t (at TEXT);" +
    "INSERT INTO t VALUES ('2026-01-01'), ('2026-01-02');");
  const s = setup({ dir, database,
    query: "SELECT at FROM t WHERE at > :watermark",
    source: { watermark: "at", watermark_start: "2026-01-01" } });
  assert.equal((await s.job.done()).json.rows, 1);
  assert.equal((await s.job.done()).json.rows, 0);
  sql(database, "INSERT INTO t VALUES ('2026-02-01');");
  assert.equal((await s.job.done()).json.rows, 1);
});

test("a value that SQLite cannot hold in its slice is an error that names it",
  async () => {
    const database = makeDatabase(tmpdir(), "CREATE TABLE t (n INTEGER, b BLOB);" +
      "INSERT INTO t VALUES (1, X'00'), (2, zeroblob(3000000));");
    const s = setup({ database, query: "SELECT n, b FROM t" });
    const r = await s.job.fails(3, /row 2/);
    assert.match(r.error.text, /"?b"?.*3000000|max_cell/);
  });

test("columns keep their names, odd ones too", async () => {
  const s = setup({ query: "SELECT 1 AS \"a,b\", 2 AS \"q\"\"q\", 3 AS \"ü\"",
    file: { header: true } });
  await s.job.done();
  assert.equal(text(await onlyRun(s.reader)),
    "\"a,b\",\"q\"\"q\",ü\n1,2,3\n");
});

test("a table of every type is what the sqlite3 shell says it is", async () => {
  const database = makeDatabase(tmpdir(), "CREATE TABLE t (i INT, r REAL, " +
    `s VARCHAR(9)); INSERT INTO t SELECT n, n * 0.5, 's' || n FROM (${
      series(500)});`);
  const s = setup({ database, query: "SELECT * FROM t ORDER BY i",
    file: { format: "json", header: undefined } });
  await s.job.done();
  const got = text(await onlyRun(s.reader)).trim().split("\n")
    .map((l) => JSON.parse(l));
  assert.deepEqual(got, rowsOf(database, "SELECT * FROM t ORDER BY i"));
});
