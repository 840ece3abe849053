// tests/lib/duck.mjs: DuckDB, as a reader of files that nobody here wrote.
//
//   const rows = await duck("SELECT * FROM read_csv('a.csv')");
//
// Rows come as objects; what JSON cannot hold (large integers, decimals,
// dates) comes as text.

import { require } from "./harness.mjs";

let connection;

export async function duck(query) {
  if (!connection) {
    const { DuckDBInstance } = require("@duckdb/node-api");
    const instance = await DuckDBInstance.create(":memory:", { threads: "2" });
    connection = await instance.connect();
  }
  const reader = await connection.runAndReadAll(query);
  return reader.getRowObjectsJson();
}
