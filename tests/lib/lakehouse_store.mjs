// tests/lib/lakehouse_store.mjs: what the stand-ins of Databricks and Synapse
// hold: tables in one DuckDB, and files in Azurite.
//
//   const store = await createStore({ azurite });
//   const t = await store.create("databricks", ["main", "sales", "orders"],
//     [{ name: "a", type: "BIGINT", duck: "BIGINT", nullable: true }]);
//   const staged = await store.stageParquet(bytes);    // or stageRows()
//   const n = await store.insert(t, ["a"], `SELECT "a" FROM ${staged.name}`);
//   await store.drop(staged);
//   await store.count("synapse", ["pool", "dbo", "orders"]);
//
// A table's full name is a list of parts, compared without case. Two places
// never see each other's tables but through what this module offers.
// One statement at a time: take turns with store.turn(fn).

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { request as plainRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { cleanup, require } from "./harness.mjs";

// What an engine says of a statement that fails: the name of the condition,
// its SQLSTATE, and the text.
export class LakeError extends Error {
  constructor(condition, state, message) {
    super(`[${condition}] ${message}`);
    this.condition = condition;
    this.state = state;
  }
}

// For DuckDB.
export const id = (name) => `"${String(name).replaceAll("\"", "\"\"")}"`;
export const lit = (text) => `'${String(text).replaceAll("'", "''")}'`;

const fold = (parts) => parts.map((p) => p.toLowerCase());

export async function createStore({ azurite }) {
  const { DuckDBInstance } = require("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:", { threads: "2" });
  const connection = await instance.connect();
  const dir = mkdtempSync(join(tmpdir(), "runnel-lake-"));
  const tables = new Map();
  let stages = 0;
  let files = 0;
  let physical = 0;

  const exec = (sql) => connection.run(sql);

  // { columns: [{ name, type }], rows }: as DuckDB names the types; what JSON
  // does not hold is text.
  async function query(sql) {
    const r = await connection.runAndReadAll(sql);
    return {
      columns: r.columnNames().map((name, i) =>
        ({ name, type: String(r.columnType(i)) })),
      rows: r.getRowsJson(),
    };
  }

  const one = async (sql) => (await query(sql)).rows[0]?.[0];

  // [{ name, type }] of a SELECT, without running it.
  const describe = async (sql) => (await query(`DESCRIBE ${sql}`)).rows
    .map(([name, type]) => ({ name, type }));

  await exec("SET TimeZone = 'UTC'");
  // A statement over a thousand files is a union as deep.
  await exec("SET max_expression_depth = 5000");

  // --------------------------------------------------------------- tables

  const key = (place, parts) => `${place}\0${fold(parts).join("\0")}`;
  const find = (place, parts) => tables.get(key(place, parts));

  const definition = (c) => `${id(c.name)} ${c.duck}` +
    (c.nullable === false ? " NOT NULL" : "");

  async function create(place, parts, columns, more = {}) {
    const table = { ...more, place, parts, columns,
      physical: id(`t${++physical}`), loaded: new Map(), history: [] };
    // DuckDB has no table of no columns; Delta has.
    await exec(`CREATE TABLE ${table.physical} (` +
      (columns.map(definition).join(", ") || "\"\x01none\" BOOLEAN") + ")");
    tables.set(key(place, parts), table);
    return table;
  }

  async function destroy(place, parts) {
    const table = find(place, parts);
    if (!table) return false;
    tables.delete(key(place, parts));
    await exec(`DROP TABLE ${table.physical}`);
    return true;
  }

  function rename(table, parts) {
    tables.delete(key(table.place, table.parts));
    table.parts = parts;
    tables.set(key(table.place, parts), table);
  }

  async function addColumn(table, column) {
    await exec(`ALTER TABLE ${table.physical} ADD COLUMN ` +
      definition({ ...column, nullable: true }));
    if (table.columns.length === 0)
      await exec(`ALTER TABLE ${table.physical} DROP COLUMN "\x01none"`);
    table.columns.push(column);
  }

  // Append what a SELECT of DuckDB gives; returns how many rows. Columns that
  // are not named are NULL.
  async function insert(table, names, select) {
    const r = await connection.run(`INSERT INTO ${table.physical} (` +
      `${names.map(id).join(", ")}) ${select}`);
    return Number(r.rowsChanged);
  }

  const count = async (place, parts) => {
    const table = find(place, parts);
    return table ? Number(await one(
      `SELECT count(*) FROM ${table.physical}`)) : undefined;
  };

  // All of fn or nothing.
  async function transaction(fn) {
    await exec("BEGIN");
    try {
      const result = await fn();
      await exec("COMMIT");
      return result;
    } catch (e) {
      await exec("ROLLBACK");
      throw e;
    }
  }

  let last = Promise.resolve();
  function turn(fn) {
    const mine = last.then(fn);
    last = mine.catch(() => {});
    return mine;
  }

  // ----------------------------------------------------------------- files

  const container = (name) => azurite.service.getContainerClient(name);

  // [{ name, bytes }] by name; folders are followed.
  async function list(box, prefix = "") {
    const found = [];
    for await (const b of container(box).listBlobsFlat({ prefix }))
      found.push({ name: b.name, bytes: b.properties.contentLength ?? 0,
        modified: b.properties.lastModified });
    return found;
  }

  // With the account's key: what a credential that was configured does.
  async function fetch(box, name) {
    try {
      return await container(box).getBlobClient(name).downloadToBuffer();
    } catch (e) {
      if (e.statusCode === 404) return null;
      throw e;
    }
  }

  // With a shared access signature and nothing else, so that Azurite judges
  // it: { status, body }.
  function fetchSigned(box, name, sas) {
    const url = new URL(`${azurite.url}/${box}/` +
      name.split("/").map(encodeURIComponent).join("/"));
    url.search = sas;
    const send = url.protocol === "https:" ? request : plainRequest;
    return new Promise((done, fail) => {
      const q = send(url, { agent: false, ca: azurite.ca &&
        readFileSync(azurite.ca) }, (r) => {
        const pieces = [];
        r.on("data", (d) => pieces.push(d));
        r.on("end", () => done({ status: r.statusCode,
          body: Buffer.concat(pieces) }));
        r.on("error", fail);
      });
      q.on("error", fail);
      q.end();
    });
  }

  // { box, name } of a URL of Azurite, of the service's two endpoints, of
  // abfss:// or wasbs://; undefined for any other.
  function locate(url) {
    const lake = /^(?:abfss?|wasbs?):\/\/([^@/]+)@([^./]+)\.[^/]*\/?(.*)$/s
      .exec(url);
    if (lake) return { box: lake[1], account: lake[2], name: lake[3] };
    const own = `${azurite.url}/`;
    if (url.startsWith(own)) {
      const [box, ...rest] = url.slice(own.length).split("/");
      return { box, account: azurite.account, name: rest.join("/") };
    }
    const http = new RegExp(String.raw`^https://([^./]+)\.(?:blob|dfs)\.core` +
      String.raw`\.windows\.net/([^/]+)/?(.*)$`, "s").exec(url);
    return http ? { box: http[2], account: http[1], name: http[3] } :
      undefined;
  }

  // -------------------------------------------------------------- loading

  const file = (bytes, ext = "bin") => {
    const path = join(dir, `f${++files}.${ext}`);
    writeFileSync(path, bytes);
    return path;
  };

  // Whatever DuckDB's SELECT gives, in a table of its own.
  async function stage(select) {
    const name = id(`stage${++stages}`);
    await exec(`CREATE TEMP TABLE ${name} AS ${select}`);
    return { name, columns: await describe(`SELECT * FROM ${name}`),
      rows: Number(await one(`SELECT count(*) FROM ${name}`)) };
  }

  const drop = (staged) => exec(`DROP TABLE IF EXISTS ${staged.name}`);

  // Rows as lists of texts and nulls; columns are all VARCHAR.
  async function stageRows(names, rows) {
    const path = file("", "json");
    const parts = [];
    for (const row of rows) parts.push(`${JSON.stringify(row)}\n`);
    writeFileSync(path, parts.join(""));
    const select = names.map((n, i) => `v[${i + 1}] AS ${id(n)}`);
    const staged = await stage(`SELECT ${select.join(", ")} FROM ` +
      `read_json(${lit(path)}, format = 'newline_delimited', records = ` +
      "false, columns = { v: 'VARCHAR[]' }, maximum_object_size = 268435456)");
    rmSync(path);
    return staged;
  }

  // A Parquet file's columns as it has them: [{ name, physical, width, logical,
  // converted, precision, scale, duck }], and its rows as a stage.
  async function stageParquet(bytes) {
    const path = file(bytes, "parquet");
    try {
      const schema = await query("SELECT name, type, type_length, " +
        "logical_type, converted_type, precision, scale, num_children " +
        `FROM parquet_schema(${lit(path)})`);
      const staged = await stage(`SELECT * FROM read_parquet(${lit(path)})`);
      const fields = schema.rows.slice(1);
      if (fields.some((f) => f[7] !== null && Number(f[7]) > 0))
        throw new LakeError("PARQUET_NESTED", "0A000", "a column of groups");
      staged.parquet = fields.map((f, i) => ({ name: f[0], physical: f[1],
        width: Number(f[2] ?? 0), logical: f[3] ?? "", converted: f[4] ?? "",
        precision: Number(f[5] ?? 0), scale: Number(f[6] ?? 0),
        duck: staged.columns[i].type }));
      return staged;
    } finally {
      rmSync(path);
    }
  }

  // By the extension, as both engines do.
  const inflate = (name, bytes) => name.endsWith(".gz") ? gunzipSync(bytes) :
    bytes;

  let open = true;
  const stop = async () => {
    if (!open) return;
    open = false;
    await last;
    connection.closeSync();
    rmSync(dir, { recursive: true, force: true });
  };
  cleanup(stop);

  return { azurite, connection, tables, exec, query, one, describe, find,
    create, destroy, rename, addColumn, insert, count, transaction, turn, list,
    fetch, fetchSigned, locate, file, stage, drop, stageRows, stageParquet,
    inflate, stop };
}
