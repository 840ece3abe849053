// tests/board/board.test.mjs: firmware on an emulated Cortex-M3 exports to
// Azurite through TLS, and readers that nobody here wrote find every cell.

import { join } from "node:path";
import { assert, test, top } from "../lib/harness.mjs";
import { startAzurite } from "../lib/azurite.mjs";
import { makeBoard, NAME } from "../lib/board.mjs";
import { azureReader, nothingThere, rowsOf } from "../lib/job.mjs";
import { duck } from "../lib/duck.mjs";
import { sameAvro, sameParquet } from "../lib/columnar.mjs";
import { demoTable, sameText } from "../lib/demo.mjs";
import { column, table } from "../lib/values.mjs";
import { boardJob, fetchRun } from "./board_kit.mjs";

const az = await startAzurite({
  rsa: true, certificate: { names: [`DNS:${NAME}`, "IP:127.0.0.1"] } });
// With elliptic keys a handshake needs more stack and less heap.
const elliptic = await startAzurite({
  certificate: { names: [`DNS:${NAME}`, "IP:127.0.0.1"] } });
let containers = 0;

async function setup({ at = az, ...options } = {}) {
  const container = `board${++containers}`;
  await at.createContainer(container);
  const board = makeBoard({ roots: [at.ca], host: { name: NAME } });
  board.job(boardJob({ az: at, container, ...options }));
  return { board, container, reader: azureReader(at, container) };
}

async function exports(image, file, rows, columns, check, options) {
  const s = await setup({ file, ...options });
  const r = await s.board.run(image, { args: { rows, columns } });
  assert.equal(r.code, 0, `${r.stdout}${r.stderr}`);
  assert.equal(r.rows, rows);
  console.log(`${image} ${file.format} ${rows} rows: peak: ${r.line("peak")} ` +
    `(${r.seconds.toFixed(2)} s)`);
  const e = await fetchRun(s.reader);
  await check(e, demoTable(rows, columns));
}

const asText = (format) => async (e, t) => {
  assert.equal(e.files.length, 1);
  await sameText(e.files[0].path, t, format);
};

test("csv image: CSV, every cell through DuckDB", () =>
  exports("csv", { format: "csv" }, 2000, 8, asText("csv")));

test("csv image: NDJSON, every cell through DuckDB", () =>
  exports("csv", { format: "json" }, 2000, 8, asText("json"),
    { at: elliptic }));

test("gzip image: CSV and NDJSON through gzip", async () => {
  await exports("gzip", { format: "csv", compression: "gzip" }, 2000, 8,
    asText("csv"));
  await exports("gzip", { format: "json", compression: "gzip" }, 2000, 8,
    asText("json"));
});

test("parquet image: 20 columns, through DuckDB, hyparquet, byte by byte", () =>
  exports("parquet", { format: "parquet", compression: "none" }, 2000, 20,
    sameParquet));

test("all image: every format", async () => {
  await exports("all", { format: "csv" }, 500, 20, asText("csv"));
  await exports("all", { format: "json" }, 500, 20, asText("json"));
  await exports("all", { format: "avro" }, 500, 20, sameAvro);
  await exports("all", { format: "parquet" }, 500, 20, sameParquet);
});

// The database in flash, as the build made it, read by the sqlite3 shell.
const SHOP = join(top, "build/boards/mps2-an385/shop.db");
const QUERY = "SELECT o.id, c.name, o.total, o.placed_at, o.note, o.weight " +
  "FROM orders o JOIN customer c ON c.id = o.customer ORDER BY o.id";

test("sqlite image: a database in flash, every row as the shell reads it",
  async () => {
    const s = await setup({ file: { format: "csv" }, source: { kind: "sqlite",
      database: "flash:shop", max_cell: "1K", query: QUERY } });
    const r = await s.board.run("sqlite");
    assert.equal(r.code, 0, r.stdout);
    console.log(`sqlite csv: peak: ${r.line("peak")} ` +
      `(${r.seconds.toFixed(2)} s)`);
    const e = await fetchRun(s.reader);
    const got = await duck(`SELECT * FROM read_csv('${e.files[0].path}', ` +
      "header = true, all_varchar = true, nullstr = '', " +
      "allow_quoted_nulls = false, parallel = false)");
    const want = rowsOf(SHOP, QUERY);
    assert.equal(got.length, want.length);
    want.forEach((w, i) => {
      for (const [name, v] of Object.entries(w))
        assert.equal(typeof v === "number" ? Number(got[i][name]) :
          got[i][name], v, `row ${i + 1}, ${name}`);
    });
  });

// The same rows with their types.
const shopTable = () => table([column("id", "int64"), column("name", "text"),
  column("total", "decimal", 10, 2), column("placed_at", "timestamp"),
  column("note", "text"), column("weight", "double")],
rowsOf(SHOP, QUERY).map((r) => [BigInt(r.id), r.name,
  BigInt(Math.round(r.total * 100)), BigInt(Date.parse(r.placed_at)) * 1000n,
  r.note, r.weight]));

for (const [file, check] of [
  [{ format: "json", compression: "gzip" }, asText("json")],
  [{ format: "avro", compression: "deflate" }, sameAvro],
  [{ format: "parquet", compression: "none" }, sameParquet]])
  test(`sqlite image: the database as ${file.format}, ${file.compression}`,
    async () => {
      const s = await setup({ file, source: { kind: "sqlite",
        database: "flash:shop", max_cell: "1K", query: QUERY } });
      const r = await s.board.run("sqlite");
      assert.equal(r.code, 0, r.stdout);
      console.log(`sqlite ${file.format}: peak: ${r.line("peak")} ` +
        `(${r.seconds.toFixed(2)} s)`);
      await check(await fetchRun(s.reader), shopTable());
    });

test("sqlite image: a query that writes, or a database not there, is refused",
  async () => {
    for (const [source, code] of [[{ query: "DELETE FROM orders" }, 2],
      [{ query: QUERY, database: "flash:nowhere" }, 3]]) {
      const s = await setup({ file: { format: "csv" }, source: {
        kind: "sqlite", database: "flash:shop", max_cell: "1K", ...source } });
      const r = await s.board.run("sqlite");
      assert.equal(r.code, code, r.stdout);
      await nothingThere(s.reader);
    }
  });
