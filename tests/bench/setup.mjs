// tests/bench/setup.mjs: what all parts of the benchmark share: how much, where,
// and the rows.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statfsSync,
  statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { top } from "../lib/harness.mjs";

export const RUNS = Number(process.env.BENCH_RUNS ?? 3);
export const ROWS = Number(process.env.BENCH_ROWS ?? 1000000);
export const SECONDS = Number(process.env.BENCH_SECONDS ?? 500);
export const CONTAINER = "bench";

export const here = join(top, "tests/bench");
export const made = join(top, "build/bench");
export const runnel = process.env.RUNNEL ?? join(top, "build/runnel");
export const runnelCurl =
  process.env.RUNNEL_CURL ?? join(top, "build/curl/runnel");
export const duck = [process.execPath, join(here, "peers/duck.mjs")];

const ended = [];
export const atEnd = (fn) => { ended.push(fn); };
export async function clean() {
  for (const fn of ended.splice(0).reverse()) await fn();
}

function folderIn(parent) {
  const dir = mkdtempSync(join(parent, "runnel-bench-"));
  atEnd(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
export const scratch = folderIn(tmpdir());

// Files go to memory where there is enough of it: no disk is measured then.
export function folderForFiles() {
  const memory = "/dev/shm";
  if (existsSync(memory)) {
    const { bavail, bsize } = statfsSync(memory);
    if (bavail * bsize > ROWS * 4000) return folderIn(memory);
  }
  console.error(`bench: ${memory} is too small; files go to ${tmpdir()}`);
  return folderIn(tmpdir());
}

// The same ten columns for everybody; sqlite3 prints a BLOB only as hex.
const columns = ["id", "customer", "title", "note", "score", "amount",
  "updated_at", "state", "active", "token"];
const select = (list) => `SELECT ${list.join(", ")} FROM orders`;
export const plain = select(columns);
const peerColumns = columns.map((c) => c === "token" ? "hex(token)" : c);
export const forCsv = select(columns.map((c) =>
  c === "token" ? "hex(token) AS token" : c));
export const forJson = "SELECT json_object(" +
  columns.map((c, i) => `'${c}', ${peerColumns[i]}`).join(", ") +
  ") FROM orders";
// With all the digits of a double, for those who need the very same rows.
const forTable = forCsv.replace("score", "printf('%!.17g', score) AS score");

const older = (file, than) => !existsSync(file) ||
  statSync(file).mtimeMs < statSync(than).mtimeMs;

export function database() {
  mkdirSync(made, { recursive: true });
  const file = join(made, `orders-${ROWS}.db`);
  const rowgen = join(top, "build/rowgen");
  if (older(file, rowgen)) {
    execFileSync(rowgen, ["--rows", String(ROWS), `${file}.new`]);
    renameSync(`${file}.new`, file);
  }
  return file;
}

export const csv = (db, query = forCsv) =>
  ["sqlite3", "-readonly", "-csv", "-header", db, query];

// The same rows, as a table of DuckDB's own.
export function duckTable(db) {
  const file = join(made, `orders-${ROWS}.duckdb`);
  if (older(file, db) || older(file, duck[1])) {
    rmSync(`${file}.new`, { force: true });
    execFileSync(join(made, "measure"), [join(scratch, "out"),
      ...csv(db, forTable), "|", ...duck, "table", `${file}.new`]);
    renameSync(`${file}.new`, file);
  }
  return file;
}
