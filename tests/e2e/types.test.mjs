// tests/e2e/types.test.mjs: what [types] says is what the files hold and the
// manifest tells, and nothing is changed beside it.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, runnel, test, tmpdir } from "../lib/harness.mjs";
import { folderReader, makeDatabase, makeJob, nothingThere, onlyRun, text }
  from "../lib/job.mjs";

// `types` is [column, type] pairs, because an object would sort numbers first.
function setup(types, options = {}) {
  const dir = tmpdir();
  const out = join(dir, "out");
  mkdirSync(out, { recursive: true });
  const job = makeJob({ ...options, dir, store: { url: `file://${out}` } });
  const lines = types.map(([column, type]) => `${column} = ${type}\n`);
  writeFileSync(job.path, `${readFileSync(job.path)}\n[types]\n${
    lines.join("")}`, { mode: 0o600 });
  return { out, job, reader: folderReader(out) };
}

const UUID = "00112233-4455-6677-8899-aabbccddeeff";

test("every type of [types] is in the file as it says and in the manifest",
  async () => {
    const database = makeDatabase(tmpdir(), `CREATE TABLE t (b, i8, i16, i32,
      i64, f, d, p, day, at, u TEXT, l TEXT, s, j TEXT, id BLOB, x BLOB);
      INSERT INTO t VALUES (1, -128, 32767, -2147483648, 9223372036854775807,
        0.1, 0.1, '12.5', '2026-11-22', '10:11', 1795342272,
        '2026-11-22 10:11:12', 'a', '{"a":1}',
        x'${UUID.replaceAll("-", "")}', x'00ff'),
      (${"NULL, ".repeat(15)}NULL);`);
    const types = [["b", "bool"], ["i8", "int8"], ["i16", "int16"],
      ["i32", "int32"], ["i64", "bigint"], ["f", "float"], ["d", "double"],
      ["p", "DECIMAL(38, 3)"], ["day", "date"], ["at", "time"],
      ["u", "timestamp"], ["l", "timestamp_ntz"], ["s", "text"],
      ["j", "json"], ["id", "uuid"], ["x", "blob"]];
    const s = setup(types, { database, query: "SELECT b, i8, i16, i32, i64, " +
      "f, d, p, day, at, CAST(u AS INTEGER) AS u, l, s, j, id, x FROM t",
    file: { binary: "hex" } });
    await s.job.done();
    const run = await onlyRun(s.reader);
    assert.equal(text(run), `${types.map(([c]) => c)}\n` +
      "true,-128,32767,-2147483648,9223372036854775807," +
      "0.10000000149011612,0.1,12.500,2026-11-22,10:11:00," +
      "2026-11-22T10:11:12Z,2026-11-22T10:11:12,a,\"{\"\"a\"\":1}\"," +
      `${UUID},00ff\n${",".repeat(15)}\n`);
    const columns = run.manifest.columns.map(({ name, nullable, ...rest }) => {
      assert.equal(nullable, true, name);
      return rest;
    });
    assert.deepEqual(columns, [{ type: "boolean" },
      { type: "integer", bits: 8 }, { type: "integer", bits: 16 },
      { type: "integer", bits: 32 }, { type: "integer" },
      { type: "double", bits: 32 }, { type: "double" },
      { type: "decimal", precision: 38, scale: 3 }, { type: "date" },
      { type: "time" }, { type: "timestamp", utc: true },
      { type: "timestamp", utc: false }, { type: "text" },
      { type: "text", json: true }, { type: "uuid" }, { type: "binary" }]);
    const id = run.manifest.digests.find((d) => d.column === "id");
    assert.deepEqual([id.non_null, id.min, id.max, id.sum],
      [1, UUID, UUID, null]);
    assert.equal(run.manifest.digests.find((d) => d.column === "f").max,
      "0.10000000149011612");
    assert.equal(run.manifest.counts.converted, 0);
  });

test("UUIDs are the same in CSV and JSON, declared or by [types]", async () => {
  const database = makeDatabase(tmpdir(), "CREATE TABLE t (u UUID);" +
    `INSERT INTO t VALUES ('${UUID.toUpperCase()}'), (x'${
      UUID.replaceAll("-", "")}'), (NULL);`);
  const declared = setup([], { database, query: "SELECT u FROM t",
    file: { format: "json" } });
  await declared.job.done();
  assert.equal(text(await onlyRun(declared.reader)),
    `{"u":"${UUID}"}\n{"u":"${UUID}"}\n{"u":null}\n`);
  const ruled = setup([["v", "uuid"]], { database,
    query: "SELECT u || '' AS v FROM t WHERE typeof(u) = 'text'" });
  await ruled.job.done();
  assert.equal(text(await onlyRun(ruled.reader)), `v\n${UUID}\n`);
});

test("a value outside its range names row, column and type, or is NULL",
  async () => {
    const s = setup([["n", "int8"]], { query: "SELECT 127 AS n UNION ALL " +
      "SELECT 128" });
    const r = await s.job.fails(3, /row 2, column "n": 128.*int8/);
    assert.match(r.error.text, /on_mismatch/);
    await nothingThere(s.reader);
    const done = await s.job.done(["--set", "source.on_mismatch=null",
      "--set", "file.null=-"]);
    assert.equal(done.json.counts.nulled, 1);
    assert.equal(text(await onlyRun(s.reader)), "n\n127\n-\n");
  });

test("a rule for no column is refused with the nearest, also by plan and check",
  async () => {
    const s = setup([["Price", "decimal(10,2)"]],
      { query: "SELECT 1.5 AS price" });
    const words = /\[types\] Price: .*did you mean "price"/;
    await s.job.fails(2, words);
    for (const command of ["plan", "check"]) {
      const r = await runnel([command, s.job.path]);
      assert.equal(r.code, 2, r.stderr);
      assert.match(r.stdout + r.stderr, words);
    }
    await nothingThere(s.reader);
  });

test("--set gives a column its type, over the file's", async () => {
  const s = setup([["a b", "text"]], { query: "SELECT 5 AS \"a b\"" });
  await s.job.done(["--set", "types.a b=decimal(4,2)"]);
  assert.equal(text(await onlyRun(s.reader)), "a b\n5.00\n");
  await s.job.fails(2, /--set types\.\S.*did you mean decimal/,
    ["--set", "types.price=desimal(4,2)"]);
});

test("plan shows each column with its type, and not a thousand of them",
  async () => {
    const database = makeDatabase(tmpdir(),
      "CREATE TABLE t (n, at, \"x\u001b[31m\" REAL)");
    const s = setup([["at", "timestamp_ntz"], ["n", "int16"]],
      { database, query: "SELECT * FROM t" });
    const r = await runnel(["plan", s.job.path]);
    assert.equal(r.code, 0, r.stderr);
    assert.match(r.stdout, /^ {2}n +int16$/m);
    assert.match(r.stdout, /^ {2}at +timestamp_ntz$/m);
    assert.match(r.stdout, /^ {2}x\?\[31m +double$/m);
    const json = JSON.parse((await runnel(["plan", s.job.path, "--json"]))
      .stdout);
    assert.deepEqual(json.schema, [
      { name: "n", type: "integer", nullable: true, bits: 16 },
      { name: "at", type: "timestamp", nullable: true, utc: false },
      { name: "x\u001b[31m", type: "double", nullable: true }]);

    const many = Array.from({ length: 400 }, (_, i) => `${i} AS c${i}`);
    const wide = setup([["c399", "int32"]],
      { query: `SELECT ${many}`, job: { memory: "2M" } });
    const short = (await runnel(["plan", wide.job.path])).stdout;
    assert.match(short, /^ {2}and 381 more$/m);
    assert.equal(short.match(/^ {2}c\d+ +int64$/gm).length, 19);
    const all = JSON.parse((await runnel(["plan", wide.job.path, "--json"]))
      .stdout).schema;
    assert.equal(all.length, 400);
    assert.equal(all[399].bits, 32);
    await wide.job.done();
  });

test("help keys lists the types", async () => {
  const { stdout } = await runnel(["help", "keys"]);
  for (const word of ["int8", "decimal(p,s)", "timestamp_ntz", "uuid"])
    assert(stdout.includes(`| ${word} `), word);
});
