// tests/bench/peers/duck.mjs: what DuckDB does for the benchmark, as a user
// would ask for it through its node package.
//
//   node duck.mjs table DATABASE < ROWS     make the table of the rows
//   node duck.mjs copy FROM TO OPTIONS [THREADS]
//        FROM: a database that `table` made, or - for the rows as CSV
//        OPTIONS: what stands behind (FORMAT parquet in COPY
//   node duck.mjs inspect < JOB             sizes, sums and times of reading
//
// `copy` says in its output what node and loading the library took before
// DuckDB was asked for anything: { rows, before: { cpu, wall } }.

import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const top = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
const require = createRequire(join(top, "build", "package.json"));
const { DuckDBInstance } = require("@duckdb/node-api");

// The types that the agent finds in the same SQLite columns.
const types = {
  id: "BIGINT", customer: "BIGINT", title: "VARCHAR", note: "VARCHAR",
  score: "DOUBLE", amount: "VARCHAR", updated_at: "TIMESTAMPTZ",
  state: "VARCHAR", active: "BOOLEAN", token: "BLOB",
};
const columns = Object.keys(types);

// sqlite3 -csv prints a BLOB only as hex; "" is text, nothing is NULL.
const rowsOf = (file) => {
  const read = Object.entries(types).map(([name, type]) =>
    `'${name}': '${type === "BLOB" ? "VARCHAR" : type}'`);
  return "SELECT * REPLACE (unhex(token) AS token) FROM " +
    `read_csv('${file}', header = true, auto_detect = false, ` +
    "delim = ',', quote = '\"', escape = '\"', new_line = '\\n', " +
    `allow_quoted_nulls = false, columns = {${read.join(", ")}})`;
};

async function open(file, threads) {
  const options = threads ? { threads: String(threads) } : {};
  const instance = await DuckDBInstance.create(file, options);
  const db = await instance.connect();
  await db.run("SET TimeZone = 'UTC'");
  return db;
}

async function table(file) {
  const db = await open(file);
  await db.run(`CREATE TABLE orders (${Object.entries(types)
    .map((c) => c.join(" ")).join(", ")})`);
  await db.run(`INSERT INTO orders ${rowsOf("/dev/stdin")}`);
  await db.run("CHECKPOINT");
}

function spent() {
  const { user, system } = process.cpuUsage();
  return { cpu: (user + system) / 1e6, wall: performance.now() / 1000 };
}

async function copy(from, to, options, threads) {
  const before = spent();
  const db = await open(from === "-" ? ":memory:" : from, threads);
  const query = from === "-" ? rowsOf("/dev/stdin") : "SELECT * FROM orders";
  const done = await db.runAndReadAll(
    `COPY (${query}) TO '${to}' (FORMAT parquet${options})`);
  const rows = Number(done.getRowObjects()[0].Count);
  console.log(JSON.stringify({ rows, before }));
}

// ----------------------------------------------------------------- inspect

const list = async (db, query) =>
  (await db.runAndReadAll(query)).getRowObjectsJson();

// Every value of every column is decoded, looked at and summed up.
const scan = (from) => "SELECT count(*)::VARCHAR AS n, " +
  columns.map((c) => `sum(hash(${c}))::VARCHAR AS ${c}`).join(", ") +
  ` FROM ${from}`;
const quoted = (files) => `[${files.map((f) => `'${f}'`).join(", ")}]`;
const parquet = (files) => `read_parquet(${quoted(files)})`;

async function describe(db, files) {
  const meta = `parquet_metadata(${quoted(files)})`;
  const [whole] = await list(db, "SELECT count(DISTINCT (file_name, " +
    `row_group_id))::INT AS groups FROM ${meta}`);
  const sizes = await list(db, "SELECT path_in_schema AS name, " +
    "sum(total_compressed_size)::DOUBLE AS bytes, " +
    "sum(total_uncompressed_size)::DOUBLE AS plain, " +
    "string_agg(DISTINCT encodings, '; ') AS encodings " +
    `FROM ${meta} GROUP BY ALL ORDER BY min(column_id)`);
  return { ...whole, columns: sizes };
}

async function timed(db, query) {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  await list(db, query);
  const wall = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { cpu: (user + system) / 1e6, wall };
}

// Round after round over all files, so that the machine's bad moments hit all.
// Each begins its round elsewhere: what went before leaves warm or cold caches.
async function reading(db, files, job) {
  const times = files.map(() => ({}));
  for (const threads of job.threads) {
    await db.run(`SET threads = ${threads}`);
    for (const t of times) t[threads] = [];
    for (let round = 0; round < job.rounds; round++) {
      for (let i = 0; i < files.length; i++) {
        const at = (i + round) % files.length;
        times[at][threads].push(await timed(db, scan(parquet(files[at]))));
      }
    }
  }
  return times;
}

// JOB: { truth: database, files: [[name, ...], ...], threads: [], rounds }
async function inspect() {
  let text = "";
  for await (const piece of process.stdin) text += piece;
  const job = JSON.parse(text);
  const db = await open(":memory:");
  await db.run(`ATTACH '${job.truth}' AS truth (READ_ONLY)`);
  const [truth] = await list(db, scan("truth.orders"));
  const found = [];
  for (const file of job.files) {
    const [sums] = await list(db, scan(parquet(file))); // warms up as well
    found.push({ ...await describe(db, file),
      differ: ["n", ...columns].filter((c) => sums[c] !== truth[c]) });
  }
  const times = await reading(db, job.files, job);
  found.forEach((f, i) => { f.times = times[i]; });
  console.log(JSON.stringify(found));
}

const commands = { table, copy, inspect };
await commands[process.argv[2]](...process.argv.slice(3));
