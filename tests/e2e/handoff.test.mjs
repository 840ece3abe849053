// tests/e2e/handoff.test.mjs: the code that `runnel handoff` prints reads the
// data: Python is run, every language's literals are read back by its rules,
// and the SQL in them is parsed and run by the tests' own Databricks. Before
// it, the connection over which it reads is made and counted through.

import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, assert, program, run, runnel, test, tmpdir }
  from "../lib/harness.mjs";
import { startAzurite } from "../lib/azurite.mjs";
import { makeDatabase, makeJob } from "../lib/job.mjs";
import { startLakehouse } from "../lib/lakehouse.mjs";
import { parse, tokenize } from "../lib/lakehouse_sql.mjs";
import { createStore } from "../lib/lakehouse_store.mjs";
import { allAgree } from "../lib/loading.mjs";
import { startSynapse } from "../lib/lakehouse_tds.mjs";
import { parse as parseTsql } from "../lib/lakehouse_tsql.mjs";

const LANGUAGES = ["sql", "python", "scala", "r"];
const az = await startAzurite();
await az.createContainer("box");
const store = await createStore({ azurite: az });
const syn = await startSynapse({ store, encryption: "none" });
const vault = { user: syn.user, "pass word": syn.password };
const lake = await startLakehouse({ azurite: az, store,
  locations: [`abfss://box@${az.account}.dfs.core.windows.net`],
  schemas: ["main.default", "main.sales", "main.sa`l\"es'"],
  secrets: { vault, "va'u\"lt": vault },
  synapse: { host: syn.host, port: syn.port, database: syn.database,
    user: syn.user, password: syn.password } });
after(() => lake.stop());
after(() => syn.stop());
const sas = az.sas("box", "rcwdl");

let jobs = 0;
function makeLoading(o = {}) {
  const n = ++jobs;
  const job = makeJob({ dir: tmpdir(), name: `job-${n}`,
    job: { memory: "2M" },
    database: makeDatabase(tmpdir(), "CREATE TABLE t (id BIGINT, v TEXT); " +
      "INSERT INTO t VALUES (1, 'one'), (2, NULL), (3, 'drei');"),
    query: "SELECT id, v FROM t ORDER BY id", file: { format: "parquet" },
    store: { url: `${az.url}/box`, connect_timeout: "5s", timeout: "30s",
      retry_for: "10s" },
    tls: { ca: az.ca }, auth: { kind: "sas", token: "${RUNNEL_SAS}" },
    databricks: o.databricks === null ? undefined :
      { host: lake.url, warehouse: lake.warehouse, auth: "pat",
        token: "${RUNNEL_TOKEN}", table: `main.sales.t${n}`, deadline: "20s",
        ...o.databricks },
    synapse: o.synapse === null ? undefined :
      { connection: "${RUNNEL_ODBC}", table: `dbo.t${n}`,
        credential: "sas", deadline: "20s", ...o.synapse },
    connect: o.connect === null ? undefined :
      { catalog: `syn${n}`, host: syn.host, port: syn.port,
        database: syn.database, scope: "vault", password_key: "pass word",
        ...o.connect },
    validate: {},
    env: { RUNNEL_SAS: az.sas("box", "rcwdl"), RUNNEL_TOKEN: lake.token,
      RUNNEL_ODBC: syn.connection() },
    secrets: [sas, lake.token, syn.password, az.key] });
  for (const k of Object.keys(lake.faults)) delete lake.faults[k];
  lake.statements.length = 0;
  return { ...job, n,
    catalog: o.connect?.catalog ?? `syn${n}`,
    handoff: async (language, code = 0) => {
      const r = await runnel(["handoff", job.path, "--for", language],
        { env: job.env });
      assert.equal(r.code, code, r.stderr);
      job.checkOutput(r);
      return code ? r.stderr : r.stdout;
    },
    check: async () => {
      const r = await runnel(["check", job.path], { env: job.env });
      job.checkOutput(r);
      return r;
    } };
}

// ----------------------------------------------------------------- literals

const LITERAL = { sql: /'(?:[^'\\]|\\[^])*'|`(?:[^`]|``)*`|--.*/g,
  python: /"(?:[^"\\\n]|\\.)*"|#.*/g, scala: /"(?:[^"\\\n]|\\.)*"|\/\/.*/g,
  r: /"(?:[^"\\\n]|\\.)*"|#.*/g };

const ESCAPE = { n: "\n", r: "\r", t: "\t" };
const unescape = (text) => text.replace(
  /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|([0-3][0-7]{2})|([^]))/g,
  (_, x, u, o, c) => x ?? u ? String.fromCharCode(parseInt(x ?? u, 16)) :
    o ? String.fromCharCode(parseInt(o, 8)) : ESCAPE[c] ?? c);

const literals = (language, code) => [...code.matchAll(LITERAL[language])]
  .map((m) => m[0]).filter((t) => /^["']/.test(t))
  .map((t) => unescape(t.slice(1, -1)));

// The statements of a script, at its semicolons.
function statements(code) {
  const found = [];
  let from = 0;
  for (const t of tokenize(code.replaceAll("com.databricks.spark.sqldw",
    "SQLDW_____________________"))) {
    if (t.text !== ";") continue;
    found.push(code.slice(from, t.at).trim());
    from = t.at + 1;
  }
  assert.match(code.slice(from), /^(?:\s|--.*)*$/, "an open statement");
  return found.map((s) => s.replace(/^(?:--.*\n|\s)+/, ""));
}

const selects = (language, code) => (language === "sql" ? statements(code) :
  literals(language, code)).filter((s) => s.startsWith("SELECT * FROM `"));

// ------------------------------------------------------------------- Python

// Runs the code with a spark that writes down what it is asked.
const hasPython = spawnSync("python3", ["--version"]).status === 0;
const PYTHON = `
import json, sys
class Chain:
    def __init__(self, log): self.log = log
    def __getattr__(self, name):
        def call(*args, **more):
            self.log.append([name, *args, *sorted(more.items())])
            return Chain(self.log)
        return call
class Spark:
    def __init__(self): self.logs = []
    @property
    def read(self):
        self.logs.append([]); return Chain(self.logs[-1])
    def sql(self, text):
        self.logs.append([["sql", text]]); return Chain(self.logs[-1])
class Secrets:
    def get(self, scope, key): return "secret:" + scope + "/" + key
class DbUtils: secrets = Secrets()
class Rows:
    def __init__(self): self.log = []
    @property
    def write(self): return Chain(self.log)
spark, rows = Spark(), Rows()
names = {"spark": spark, "dbutils": DbUtils()}
exec(compile(open(sys.argv[1], encoding="utf-8").read(), "code", "exec"), names)
if "write_to_synapse" in names: names["write_to_synapse"](rows)
print(json.dumps({"read": spark.logs, "write": rows.log}))
`;

function runPython(code) {
  const dir = tmpdir();
  writeFileSync(join(dir, "code.py"), code);
  writeFileSync(join(dir, "run.py"), PYTHON);
  return JSON.parse(execFileSync("python3", [join(dir, "run.py"),
    join(dir, "code.py")], { encoding: "utf8" }));
}

const options = (log) => Object.fromEntries(log
  .filter(([name]) => name === "option").map(([, k, v]) => [k, v]));

// -------------------------------------------------------------------- tests

test("a run is loaded, connected and counted through the connection, and its " +
  "code reads it in every language", async () => {
  const job = makeLoading();
  const r = await job.run(["--log-level", "debug"]);
  assert.equal(r.code, 0, r.stderr);
  assert(lake.statements.some((s) => /^CREATE CONNECTION/.test(s)));
  assert(lake.statements.some((s) => /^CREATE FOREIGN CATALOG/.test(s)));
  lake.checkSecrets([lake.token, syn.password, az.key]);
  allAgree(r, "databricks", "synapse", "connection");
  for (const language of LANGUAGES) {
    const found = selects(language, await job.handoff(language));
    assert.equal(found.length, 2, language);
    for (const s of found) {
      assert.equal(parse(s).kind, "query");
      const rows = await lake.rows(s);
      assert.deepEqual(rows.map((x) => x.slice(0, 2)).sort(),
        [["1", "one"], ["2", null], ["3", "drei"]], s);
    }
  }
});

test("the SQL script: each statement is one, and what makes the connection " +
  "may run again", async () => {
  const job = makeLoading();
  await store.create("synapse", [syn.database, "dbo", `t${job.n}`],
    [{ name: "id", duck: "BIGINT", nullable: true },
      { name: "_runnel_run", duck: "VARCHAR", nullable: true }]);
  const all = statements(await job.handoff("sql"));
  const kinds = all.map((s) => s.split(/\s+/, 2).join(" "));
  assert.deepEqual(kinds, ["SELECT *", "CREATE CONNECTION", "CREATE FOREIGN",
    "CREATE TABLE", "SELECT *", "SELECT *"]);
  assert.equal(parse(all[1]).type, "sqldw");
  for (const s of [all[1], all[2], all[1], all[2]]) await lake.execute(s);
  assert.deepEqual(await lake.rows(all[0]), []);
  // Not a thing for SQL warehouses: read here, run nowhere.
  const older = new RegExp("^CREATE TABLE IF NOT EXISTS (\\S+)\nUSING " +
    "(\\S+)\nOPTIONS \\(([^]*)\\)$").exec(all[3]);
  assert.equal(older[1], `hive_metastore.default.synapse_job_${job.n}`);
  assert.equal(older[2], "com.databricks.spark.sqldw");
  assert.equal(parse(`CREATE CONNECTION x TYPE sqldw OPTIONS (${older[3]})`)
    .options.password.key, "pass word");
  assert.equal(all[4], `SELECT * FROM ${older[1]} LIMIT 10`);
});

test("Python: what the code asks of Spark", async () => {
  if (!hasPython) return;
  const job = makeLoading();
  const { read, write } = runPython(await job.handoff("python"));
  assert.equal(read.length, 3);
  assert.deepEqual(read[0], [["sql",
    `SELECT * FROM \`syn${job.n}\`.\`dbo\`.\`t${job.n}\``], ["show", 10]]);
  assert.deepEqual(read[1][0], ["format", "com.databricks.spark.sqldw"]);
  const o = options(read[1]);
  assert.deepEqual(Object.keys(o), ["url", "user", "password", "tempDir",
    "forwardSparkAzureStorageCredentials", "query"]);
  assert.equal(o.url, `jdbc:sqlserver://${syn.host}:${syn.port};` +
    `database=${syn.database};encrypt=true;trustServerCertificate=false;` +
    "loginTimeout=30");
  assert.equal(o.user, "secret:vault/user");
  assert.equal(o.password, "secret:vault/pass word");
  assert.equal(o.tempDir,
    `abfss://box@${az.account}.dfs.core.windows.net/runnel-handoff`);
  assert.equal(parseTsql(o.query).length, 1);
  assert.deepEqual(read[1].slice(-2), [["load"], ["show", 10]]);
  assert.equal(options(write).dbTable, `dbo.t${job.n}`);
  assert.deepEqual(write.slice(-2), [["mode", "append"], ["save"]]);
  assert.equal(parse(read[2][0][1]).kind, "query");
});

test("hostile names: the data is read all the same", async () => {
  const schema = "dbo", table = "o'r\"d]e\\r`s #--";
  const job = makeLoading({
    databricks: { table: "main.`sa``l\"es'`.`or``d\"er's`" },
    synapse: { table: `[dbo].[${table.replaceAll("]", "]]")}]` },
    connect: { catalog: "s`y\"n'", scope: "va'u\"lt" } });
  await store.create("synapse", [syn.database, schema, table],
    [{ name: "id", duck: "BIGINT", nullable: true }]);
  const t = await store.create("databricks",
    ["main", "sa`l\"es'", "or`d\"er's"],
    [{ name: "id", type: "BIGINT", duck: "BIGINT", nullable: true }]);
  await store.insert(t, ["id"], "SELECT 7");
  const script = statements(await job.handoff("sql"));
  await lake.execute(script[1]);
  await lake.execute(script[2]);
  for (const language of LANGUAGES) {
    const code = await job.handoff(language);
    const found = selects(language, code);
    assert.equal(found.length, 2, code);
    assert.deepEqual(await lake.rows(found[0]), []);
    assert.deepEqual(await lake.rows(found[1]), [["7"]]);
    if (language === "python" && hasPython) {
      const { read } = runPython(code);
      assert.equal(read[0][0][1], found[0]);
      assert.equal(options(read[1]).user, "secret:va'u\"lt/user");
      parseTsql(options(read[1]).query);
    }
  }
});

test("what the job hasn't is said, and the rest is there", async () => {
  const none = makeLoading({ connect: null });
  const some = makeLoading({ databricks: null, connect: null });
  for (const language of LANGUAGES) {
    const code = await none.handoff(language);
    assert.match(code, /left out: the job has no \[connect\]\./);
    assert.equal(selects(language, code).length, 1);
    assert.match(await some.handoff(language, 2), /nothing to read/);
  }
});

test("a language nobody knows, and none at all", async () => {
  const job = makeLoading();
  assert.match(await job.handoff("cobol", 2), /sql, python, scala or r/);
  const r = await run(program, ["handoff", job.path], { env: job.env });
  assert.equal(r.code, 2);
  assert.match(r.stderr, /--for which language/);
});

// -------------------------------------------------------------------- check

test("check: every place has its line", async () => {
  const job = makeLoading();
  const r = await job.check();
  assert.equal(r.code, 0, r.stdout);
  for (const name of ["databricks", "synapse", "connect"])
    assert.match(r.stdout, new RegExp(`^${name} +ok `, "m"));
  assert(!lake.statements.some((s) => /CREATE|COPY/.test(s)),
    "a check changed something");
});

test("check: one that fails says what, and the others are tried", async () => {
  const job = makeLoading({ connect: { database: "elsewhere" } });
  await lake.execute(`CREATE CONNECTION syn${job.n} TYPE sqldw OPTIONS (host ` +
    `'${syn.host}', port '${syn.port}', user secret('vault', 'user'), ` +
    "password secret('vault', 'pass word'))");
  await lake.execute(`CREATE FOREIGN CATALOG syn${job.n} USING CONNECTION ` +
    `syn${job.n} OPTIONS (database 'elsewhere')`);
  lake.faults.fail = { match: /^SELECT 1$/, times: 1,
    code: "BAD_REQUEST", message: "[NOPE] no", state: "42501" };
  const r = await job.check();
  assert.equal(r.code, 5, r.stdout);
  assert.match(r.stdout, /^databricks +FAILED .*no/m);
  assert.match(r.stdout, /^synapse +ok /m);
  assert.match(r.stdout, /^connect +FAILED .*Cannot open database/m);
});

test("[connect] without the other two is refused before anything is sent",
  async () => {
    for (const o of [{ databricks: null }, { synapse: null }]) {
      const job = makeLoading(o);
      const before = lake.requests.length;
      for (const command of ["run", "check"]) {
        const r = await runnel([command, job.path], { env: job.env });
        assert.equal(r.code, 2, r.stderr);
        assert.match(r.stderr + r.stdout, /\[connect\] needs \[/);
      }
      assert.equal(lake.requests.length, before);
    }
  });
