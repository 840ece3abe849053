// tests/e2e/workflow.test.mjs: the whole of it in one job: a query's rows in
// the container, in Databricks and in Synapse, Databricks connected to Synapse,
// and every place asked what it holds. One place that fails is made good by the
// next run, and the others are not loaded twice.

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, runnel, test as always, tmpdir } from "../lib/harness.mjs";
import { startAzurite } from "../lib/azurite.mjs";
import { azureReader, checkStore, makeDatabase, makeJob, sql }
  from "../lib/job.mjs";
import { startLakehouse } from "../lib/lakehouse.mjs";
import { startSynapse } from "../lib/lakehouse_tds.mjs";
import { allAgree, loaded, runsIn, verdict } from "../lib/loading.mjs";

const az = await startAzurite();
await az.createContainer("box");
const ABFSS = `abfss://box@${az.account}.dfs.core.windows.net`;
const lake = await startLakehouse({ azurite: az, locations: [ABFSS] });
const { store } = lake;
const syn = await startSynapse({ store, certificate: lake.certificate });
lake.synapse = syn;

const DRIVER = `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}` +
  "-linux-gnu/odbc/libtdsodbc.so";
const odbc = tmpdir();
writeFileSync(join(odbc, "odbcinst.ini"), `[FreeTDS]\nDriver = ${DRIVER}\n`);
writeFileSync(join(odbc, "odbc.ini"), "");

const sas = az.sas("box", "rcwdl");
const SECRETS = [sas, az.key, lake.secret, lake.token, syn.password];
let jobs = 0;

function workflow(o = {}) {
  const name = `w${++jobs}`;
  for (const k of Object.keys(lake.faults)) delete lake.faults[k];
  lake.statements.length = lake.requests.length = 0;
  syn.forget();
  lake.secrets.runnel = { user: syn.user, password: syn.password };
  const mode = { mode: o.mode, keys: o.mode === "merge" ? "id" : undefined };
  const job = makeJob({
    dir: tmpdir(), name, job: { memory: "4M" },
    database: o.database ?? makeDatabase(tmpdir(), "CREATE TABLE t (id " +
      "BIGINT, v TEXT, d TEXT, at TIMESTAMP); INSERT INTO t VALUES " +
      "(1, 'one', '1.50', '2026-11-22T01:02:03.004Z'), (2, NULL, NULL, NULL)," +
      "(3, 'fünf 🚚', '-0.01', '0001-01-01T00:00:00Z'), (4, 'say \"4\"', " +
      "'99999999.99', '9999-12-31T23:59:59.999Z');"),
    query: o.query ?? "SELECT id, v, d, at FROM t ORDER BY id",
    types: { d: "decimal(12,2)" }, source: o.source,
    file: { format: "parquet", timestamps: "millis", ...o.file },
    store: { url: `${az.url}/box`, connect_timeout: "5s", timeout: "30s",
      retry_for: "10s" },
    tls: { ca: az.ca }, auth: { kind: "sas", token: "${RUNNEL_SAS}" },
    databricks: { host: lake.url, warehouse: lake.warehouse,
      client: lake.client, secret: "${RUNNEL_DATABRICKS}",
      table: `main.sales.${name}`, deadline: "20s", ...mode },
    synapse: { connection: "${RUNNEL_SYNAPSE}", table: `dbo.${name}`,
      credential: "sas", deadline: "20s", ...mode },
    connect: { catalog: `cat_${name}`, host: "127.0.0.1", port: syn.port,
      database: syn.database, scope: "runnel" },
    validate: { columns: "all", read_back: true, window: "2s" },
    env: { RUNNEL_SAS: sas, RUNNEL_DATABRICKS: lake.secret,
      RUNNEL_SYNAPSE: syn.connection(), ODBCSYSINI: odbc,
      ODBCINI: join(odbc, "odbc.ini") },
    secrets: SECRETS,
  });
  return { job, name,
    async run() {
      const r = await job.run(["--log-level", "debug"]);
      lake.checkSecrets(SECRETS);
      return r;
    },
    async done() {
      const r = await this.run();
      assert.equal(r.code, 0, r.where);
      allAgree(r, "databricks", "synapse", "connection");
      return r;
    },
    async runs() {
      return { databricks: await runsIn(store, ["databricks", "main", "sales",
        name]), synapse: await runsIn(store, ["synapse", syn.database, "dbo",
        name]) };
    },
    async bothHold(want) {
      assert.deepEqual(await this.runs(), { databricks: want, synapse: want });
    },
    // How often this run's files were loaded.
    copies: (run) => [lake.statements.filter((s) => s.startsWith("COPY INTO") &&
      s.includes(run)).length, syn.log.filter((q) => q.op === "copy" &&
      q.label?.includes(run) && q.status === "Completed").length],
  };
}

const test = existsSync(DRIVER) && !/without ODBC/.test(
  (await workflow().run()).error?.text ?? "") ? always : () => {};

for (const mode of ["append", "overwrite", "merge"])
  test(`two runs, ${mode}: every place holds the same, and says so`,
    async () => {
      const w = workflow({ mode });
      const a = await w.done();
      loaded(a, "databricks");
      loaded(a, "synapse");
      const b = await w.done();
      await w.bothHold(mode === "append" ?
        { [a.json.run]: 4, [b.json.run]: 4 } : { [b.json.run]: 4 });
      const runs = await checkStore(azureReader(az, "box"));
      assert(runs.some((r) => r.manifest.run === b.json.run));
      assert.equal(verdict(b, "databricks").columns, 4, b.where);
      assert.equal(verdict(b, "synapse").columns, 4, b.where);
    });

test("what is made in Databricks leads to Synapse, by names of secrets",
  async () => {
    const w = workflow();
    await w.done();
    assert.deepEqual(await lake.rows(`SELECT count(*) FROM cat_${w.name}.dbo.` +
      w.name), [["4"]]);
    const made = lake.statements.filter((s) =>
      /^CREATE (FOREIGN|CONN)/.test(s));
    assert.equal(made.length, 2, made.join("\n"));
    assert.match(made[0], /secret\('runnel', 'password'\)/i);
    await w.done();
  });

// ------------------------------------------------- one of them fails (109)

test("Databricks fails: Synapse has the run, the next one loads the rest (109)",
  async () => {
    const w = workflow();
    lake.faults.fail = { match: /COPY INTO/, message: "[BROKEN] it is",
      times: 9 };
    const r = await w.run();
    assert.equal(r.code, 5, r.where);
    assert.match(r.error.text, /BROKEN/);
    loaded(r, "synapse", { rows: 4 });
    assert.equal(r.json.warehouse[0].state, "failed");
    delete lake.faults.fail;
    lake.statements.length = 0;
    const next = await w.done();
    assert.equal(next.json.completed, r.json.run);
    assert.deepEqual(w.copies(r.json.run), [1, 1]);
    await w.bothHold({ [r.json.run]: 4, [next.json.run]: 4 });
  });

test("Synapse fails: Databricks has the run, the next one loads the rest (109)",
  async () => {
    const w = workflow();
    syn.rule = (q) => q.op === "copy" && { error: { number: 13812,
      message: "a row is broken" } };
    const r = await w.run();
    assert.equal(r.code, 5, r.where);
    assert.match(r.error.text, /a row is broken/);
    loaded(r, "databricks", { rows: 4 });
    syn.rule = () => undefined;
    const next = await w.done();
    assert.equal(next.json.completed, r.json.run);
    assert.deepEqual(w.copies(r.json.run), [1, 1]);
    await w.bothHold({ [r.json.run]: 4, [next.json.run]: 4 });
  });

test("killed between the two: the first is not asked again", async () => {
  const w = workflow();
  let p;
  const dead = new Promise((done) => {
    syn.rule = (q) => {
      if (q.op !== "copy") return undefined;
      p.child.kill("SIGKILL");
      done();
      return { lose: true };
    };
  });
  p = w.job.start();
  await dead;
  await p.done;
  syn.rule = () => undefined;
  const next = await w.done();
  assert.deepEqual(w.copies(next.json.completed), [1, 1]);
  await w.bothHold({ [next.json.completed]: 4, [next.json.run]: 4 });
});

test("rows passed by the watermark are in every place, once, after failures",
  async () => {
    const database = makeDatabase(tmpdir(), "CREATE TABLE t (id BIGINT, v " +
      "TEXT, d TEXT, at TIMESTAMP); INSERT INTO t (id) VALUES (1), (2);");
    const w = workflow({ database, query: "SELECT id, v, d, at FROM t WHERE " +
      "id > :watermark ORDER BY id",
    source: { watermark: "id", watermark_start: 0 } });
    const a = await w.done();
    sql(database, "INSERT INTO t (id) VALUES (3), (4), (5);");
    syn.rule = (q) => q.op === "copy" && { error: { number: 13812 } };
    const b = await w.run();
    assert.equal(b.code, 5, b.where);
    sql(database, "INSERT INTO t (id) VALUES (6);");
    syn.rule = () => undefined;
    const c = await w.done();
    await w.bothHold({ [a.json.run]: 2, [b.json.run]: 3, [c.json.run]: 1 });
  });

// ------------------------------------------------------------- what differs

test("a secret that Synapse refuses is exit code 5; the loads are kept",
  async () => {
    const w = workflow();
    lake.secrets.runnel = { user: syn.user, password: "old one" };
    const r = await w.run();
    assert.equal(r.code, 5, r.where);
    assert.equal(r.error.where, "warehouse", r.where);
    assert(!r.where.includes("old one"));
    lake.secrets.runnel = { user: syn.user, password: syn.password };
    const next = await w.done();
    await w.bothHold({ [r.json.run]: 4, [next.json.run]: 4 });
  });

test("a catalog that leads elsewhere is refused, by name", async () => {
  const w = workflow();
  await lake.execute(`CREATE CONNECTION cat_${w.name} TYPE sqldw OPTIONS ` +
    "(host 'other', port '1433', user secret('runnel', 'user'), password " +
    "secret('runnel', 'password'))");
  await lake.execute(`CREATE FOREIGN CATALOG cat_${w.name} USING CONNECTION ` +
    `cat_${w.name} OPTIONS (database 'pool')`);
  const r = await w.run();
  assert.equal(r.code, 5, r.where);
  assert.match(r.error.text, new RegExp(`cat_${w.name}`));
});

for (const [place, change] of [
  ["databricks", async (w) => store.turn(() => store.exec("DELETE FROM " +
    `${store.find("databricks", ["main", "sales", w.name]).physical} WHERE ` +
    "id = 2"))],
  ["synapse", (w) => syn.sql(`UPDATE dbo.${w.name} SET v = N'x' WHERE id = 1`)],
])
  test(`${place} changed afterwards: runnel validate names it`, async () => {
    const w = workflow();
    await w.done();
    const ask = () => runnel(["validate", w.job.path, "--json"],
      { env: w.job.env });
    const good = await ask();
    assert.equal(good.code, 0, good.stderr + good.stdout);
    await change(w);
    const bad = w.job.checkOutput(await ask());
    assert.equal(bad.code, 6, bad.stderr + bad.stdout);
    assert.match(bad.stderr + bad.stdout, new RegExp(place));
  });

test("check tries every place, and changes none", async () => {
  const w = workflow();
  const before = store.tables.size;
  const r = w.job.checkOutput(await runnel(["check", w.job.path],
    { env: w.job.env }));
  assert.equal(r.code, 0, r.stderr + r.stdout);
  assert.equal(store.tables.size, before);
  assert(!lake.statements.some((s) => !/^\s*(SELECT|DESCRIBE|SHOW)/i.test(s)),
    lake.statements.join("\n"));
  assert(syn.log.every((q) => q.op === "select"),
    JSON.stringify(syn.log.map((q) => q.op)));
});
