// tools/demo.mjs: what tools/demo does; see there.

import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdtempSync, openSync, closeSync, rmSync, statSync,
  writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { program, require, start, top } from "../tests/lib/harness.mjs";
import { codecs, typeOf } from "../tests/lib/avro.mjs";
import { startAzurite } from "../tests/lib/azurite.mjs";
import { startLakehouse } from "../tests/lib/lakehouse.mjs";
import { startSynapse } from "../tests/lib/lakehouse_tds.mjs";
import { duck } from "../tests/lib/duck.mjs";
import { azureReader, checkStore, ini, watchMemory } from "../tests/lib/job.mjs";

const avsc = require("avsc");
const ROWS = Number(process.env.ROWS ?? 1000000);
const formats = [
  ["csv", { format: "csv" }],
  ["csv gzip", { format: "csv", compression: "gzip" }],
  ["ndjson", { format: "json" }],
  ["ndjson gzip", { format: "json", compression: "gzip" }],
  ["parquet", { format: "parquet" }],
  ["parquet zstd", { format: "parquet", compression: "zstd" }],
  ["avro", { format: "avro" }],
  ["avro zstd", { format: "avro", compression: "zstd" }],
];
const grouped = (n) => n.toLocaleString("en-US");
const kib = (n) => `${Math.round(n / 1024)} KiB`;
const mib = (n) => `${(n / (1 << 20)).toFixed(1)} MiB`;

// Every column of every row in a form in which two programs cannot disagree:
// text and bytes in hex, '~' is NULL. The shell's own decimals of doubles are
// not exact, so those come as whole part and rest, scaled by 2^62; the few too
// large for that with 15 digits.
const TRUTH = "SELECT id, customer, hex(title) AS title, " +
  "iif(note IS NULL, '~', 'x' || hex(note)) AS note, " +
  "CASE WHEN abs(score) < 9e15 THEN CAST(score AS INTEGER) WHEN score IS " +
  "NULL THEN '~' ELSE printf('%.14e', score) END AS score, CASE WHEN abs(score) < 9e15 THEN " +
  "CAST((score - CAST(score AS INTEGER)) * 4611686018427387904.0 AS INTEGER) " +
  "END AS rest, " +
  "coalesce(amount, '~') AS amount, coalesce(updated_at, '~') AS updated_at, " +
  "coalesce(state, '~') AS state, coalesce(active, '~') AS active, " +
  "iif(token IS NULL, '~', 'x' || hex(token)) AS token FROM orders";

function writeTruth(database, path) {
  const out = openSync(path, "w");
  const r = spawnSync("sqlite3", ["-batch", "-csv", "-header", database, TRUTH],
    { stdio: ["ignore", out, "inherit"] });
  closeSync(out);
  if (r.status !== 0) throw new Error("the sqlite3 shell failed");
}

// DuckDB has no Avro by itself: avsc reads the file, and DuckDB gets its rows
// as lines of JSON.
async function avroLines(bytes, path) {
  const out = createWriteStream(path);
  const decoder = new avsc.streams.BlockDecoder({ codecs, parseHook: typeOf });
  decoder.end(bytes);
  let lines = [];
  for await (const r of decoder) {
    lines.push(JSON.stringify({ ...r, id: Number(r.id), customer: undefined,
      token: r.token?.toString("base64") ?? null,
      updated_at: r.updated_at === null ? null :
        new Date(Number(r.updated_at / 1000n)).toISOString() })
      .replace(/}$/, `,"customer":${r.customer ?? null}}`));
    if (lines.length < 10000) continue;
    if (!out.write(`${lines.join("\n")}\n`)) await once(out, "drain");
    lines = [];
  }
  out.end(lines.map((l) => `${l}\n`).join(""));
  await once(out, "finish");
}

// What DuckDB makes of a file of ours, column by column like TRUTH.
function reader(format, path) {
  const parquet = `(SELECT * REPLACE (to_base64(token) AS token) FROM '${path}')`;
  const csv = `read_csv('${path}', header = true, delim = ',', quote = '"', ` +
    "escape = '\"', nullstr = '', allow_quoted_nulls = false, " +
    "all_varchar = true, new_line = '\\n', parallel = false)";
  const columns = ["id", "customer", "title", "note", "score", "amount",
    "updated_at", "state", "active", "token"];
  const json = `read_json('${path}', format = 'newline_delimited', columns = {` +
    columns.map((c) => `${c}: '${{ id: "BIGINT", customer: "BIGINT",
      score: "DOUBLE", active: "BOOLEAN" }[c] ?? "VARCHAR"}'`).join(", ") + "})";
  return "SELECT id::BIGINT AS id, customer::BIGINT AS customer, " +
    "hex(title) AS title, coalesce('x' || hex(note), '~') AS note, " +
    "CASE WHEN abs(score::DOUBLE) < 9e15 THEN " +
    "trunc(score::DOUBLE)::BIGINT::VARCHAR ELSE " +
    "printf('%.14e', score::DOUBLE) END AS score, " +
    "CASE WHEN abs(score::DOUBLE) < 9e15 THEN trunc((score::DOUBLE - " +
    "trunc(score::DOUBLE)) * 4611686018427387904)::BIGINT END AS rest, " +
    "coalesce(amount, '~') AS amount, updated_at::TIMESTAMP AS updated_at, " +
    "coalesce(state, '~') AS state, active::BOOLEAN AS active, " +
    "coalesce('x' || hex(from_base64(token)), '~') AS token FROM " +
    { csv, ndjson: json, avro: json, parquet }[format.split(" ")[0]];
}

async function compare(name, path, truth) {
  const expected = "SELECT id, customer, title, note, " +
    "nullif(score, '~') AS score, rest, amount, " +
    "nullif(updated_at, '~')::TIMESTAMP AS updated_at, state, " +
    "nullif(active, '~')::BOOLEAN AS active, token FROM read_csv('" +
    `${truth}', header = true, columns = {id: 'BIGINT', customer: 'BIGINT', ` +
    ["title", "note", "score", "rest", "amount", "updated_at", "state",
      "active", "token"].map((c) => `${c}: '${c === "rest" ? "BIGINT" :
      "VARCHAR"}'`).join(", ") + "})";
  await duck("CREATE OR REPLACE TEMP TABLE got AS " + reader(name, path));
  await duck(`CREATE TEMP TABLE IF NOT EXISTS want AS ${expected}`);
  const differ = ["customer", "title", "note", "score", "rest", "amount",
    "updated_at", "state", "active", "token"]
    .map((c) => `got.${c} IS DISTINCT FROM want.${c}`).join(" OR ");
  const [r] = await duck("SELECT (SELECT count(*) FROM got)::INT AS rows, " +
    "(SELECT sum(customer) FROM got)::VARCHAR AS total, " +
    "(SELECT sum(customer) FROM want)::VARCHAR AS wanted, " +
    "(SELECT count(*) FROM want)::INT AS of, (SELECT count(*) FROM got " +
    "FULL JOIN want USING (id) WHERE got.title IS NULL OR want.title IS NULL " +
    `OR ${differ})::INT AS differ`);
  return { ...r, same: r.rows === r.of && r.differ === 0 &&
    r.total === r.wanted };
}

async function runJob(dir, name, path, env) {
  const p = start(program, ["run", path, "--json", "--quiet"], { env });
  const most = watchMemory(p.child.pid);
  const r = await p.done;
  const memory = most();
  if (r.code !== 0) throw new Error(`${name}: exit ${r.code}\n${r.stderr}`);
  return { ...JSON.parse(r.stdout), memory, seconds: r.seconds };
}

async function main(dir) {
  console.log(`A SQLite database of ${grouped(ROWS)} rows ...`);
  const database = join(dir, "orders.db");
  execFileSync(join(top, "build/rowgen"), ["--rows", String(ROWS), database]);
  const truth = join(dir, "truth.csv");
  writeTruth(database, truth);
  console.log(`  ${mib(statSync(database).size)}; Azurite over HTTPS ...`);
  const az = await startAzurite({ memory: false });
  await az.createContainer("demo");
  const env = { RUNNEL_SAS: az.sas("demo", "rcwd") };
  let same = true;
  try {
    const jobs = formats.map(([name, file]) => {
      const path = join(dir, `${name.replace(" ", "-")}.ini`);
      writeFileSync(path, ini({
        job: { memory: "1M" },
        source: { kind: "sqlite", database,
          query: "SELECT * FROM orders ORDER BY id" },
        file,
        store: { url: `${az.url}/demo`, connections: 2 },
        tls: { ca: az.ca },
        auth: { kind: "sas", token: "${RUNNEL_SAS}" },
      }));
      return [name, path];
    });
    console.log("");
    execFileSync(program, ["plan", jobs[4][1]],
      { env: { ...process.env, ...env }, stdio: ["ignore", "inherit",
        "inherit"] });
    console.log("\nformat            rows       bytes  seconds  " +
      "RssAnon of 1024 KiB  DuckDB says");
    for (const [name, path] of jobs) {
      const r = await runJob(dir, name, path, env);
      const runs = await checkStore(azureReader(az, "demo"));
      const run = runs.find((x) => x.manifest.run === r.run);
      const kind = name.split(" ")[0];
      const file = join(dir, `part.${{ ndjson: "json", avro: "json" }[kind] ??
        kind}${name.endsWith("gzip") ? ".gz" : ""}`);
      if (run.files.length !== 1 || runs.strays.length > 0)
        throw new Error(`${name}: ${run.files.length} files`);
      if (kind === "avro") await avroLines(run.files[0].bytes, file);
      else writeFileSync(file, run.files[0].bytes);
      const verdict = await compare(name, file, truth);
      const fits = r.memory <= 1 << 20;
      same = same && verdict.same && fits && verdict.rows === ROWS;
      console.log([name.padEnd(12), grouped(r.rows).padStart(9),
        mib(r.bytes).padStart(11), r.seconds.toFixed(1).padStart(8),
        `${kib(r.memory).padStart(15)}${fits ? "     " : " !   "}`,
        verdict.same ? "  every value of every row is the database's" :
          `  DIFFERENT: ${verdict.rows} rows of ${verdict.of}, ` +
          `${verdict.differ} differ`].join(" "));
      await az.service.getContainerClient("demo").delete();
      await az.createContainer("demo");
    }
  } finally {
    await az.stop();
  }
  console.log(same ? "\nAll of it arrived, in the memory that was given." :
    "\nNOT as it should be: see above.");
  return same && await workflow(dir, database);
}

// The whole workflow in one command: query, container, both warehouses, the
// connection between them, and the proof. Databricks and Synapse are the tests'
// stand-ins, which really load the files.
async function workflow(dir, database) {
  const rows = Math.min(ROWS, 20000);
  console.log(`\nOne job of ${grouped(rows)} rows: into the container, into ` +
    "Databricks and Synapse, connected, compared ...\n");
  const az = await startAzurite({ memory: true });
  await az.createContainer("demo");
  const at = `abfss://demo@${az.account}.dfs.core.windows.net`;
  const lake = await startLakehouse({ azurite: az, locations: [at] });
  const syn = await startSynapse({ store: lake.store,
    certificate: lake.certificate });
  lake.synapse = syn;
  lake.secrets.runnel = { user: syn.user, password: syn.password };
  const secrets = { RUNNEL_SAS: az.sas("demo", "rcwdl"),
    RUNNEL_DATABRICKS: lake.secret, RUNNEL_SYNAPSE: syn.connection() };
  const path = join(dir, "workflow.ini");
  writeFileSync(path, ini({
    job: { memory: "4M" },
    source: { kind: "sqlite", database,
      query: `SELECT * FROM orders ORDER BY id LIMIT ${rows}` },
    file: { format: "parquet", timestamps: "millis" },
    store: { url: `${az.url}/demo`, connections: 2 },
    tls: { ca: az.ca },
    auth: { kind: "sas", token: "${RUNNEL_SAS}" },
    databricks: { host: lake.url, warehouse: lake.warehouse,
      client: lake.client, secret: "${RUNNEL_DATABRICKS}", location: `${at}/`,
      table: "main.sales.orders" },
    synapse: { connection: "${RUNNEL_SYNAPSE}", table: "dbo.orders",
      credential: "sas" },
    connect: { catalog: "synapse", host: "127.0.0.1", port: syn.port,
      database: syn.database, scope: "runnel" },
    validate: { columns: "all" },
  }));
  const r = await start(program, ["run", path, "--quiet"], { env: secrets })
    .done;
  console.log(r.stdout + r.stderr);
  console.log(r.code === 0 ? "Every place holds every row." :
    `NOT as it should be: exit ${r.code}.`);
  return r.code === 0;
}

const dir = mkdtempSync(join(tmpdir(), "runnel-demo-"));
let good = false;
try {
  good = await main(dir);
} catch (e) {
  console.error(e.message);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
process.exit(good ? 0 : 1);
