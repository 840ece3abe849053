// tests/e2e/databricks.test.mjs: runs that Databricks loads: every format and
// mode, what the table then holds, and what happens when anything goes wrong on
// the way. The warehouse is the tests' own (lib/lakehouse.mjs), strict and with
// faults; the table is read where it keeps it.

import { assert, program, runnel, sleep, test, tmpdir } from
  "../lib/harness.mjs";
import { startAzurite } from "../lib/azurite.mjs";
import { makeDatabase, makeJob, onlyOnce } from "../lib/job.mjs";
import { startLakehouse } from "../lib/lakehouse.mjs";
import { allAgree, held, loaded, runsIn, verdict } from "../lib/loading.mjs";
import { column, extremeTable, kinds, sameColumns, table, tableDatabase }
  from "../lib/values.mjs";

const az = await startAzurite();
await az.createContainer("box");
const ABFSS = `abfss://box@${az.account}.dfs.core.windows.net`;
const perJob = []; // what the workspace's job was asked for
const lake = await startLakehouse({ azurite: az, locations: [ABFSS],
  volumes: { "/Volumes/main/raw/box": "box" }, jobs: { 77: loadAsJob } });
const sas = az.sas("box", "rcwdl");
// What takes seconds is for one program; it is the same code in the others.
const thorough = await onlyOnce(program);

// Any other way to load: here one statement of the job's own.
async function loadAsJob({ parameters: p, execute }) {
  perJob.push(p);
  await execute("COPY INTO main.sales.by_job FROM (SELECT *, " +
    `'${p.runnel_run}' AS _runnel_run FROM '${p.runnel_folder}') ` +
    "FILEFORMAT = PARQUET");
}

const NUMBERS = "CREATE TABLE t (id BIGINT, v TEXT); INSERT INTO t VALUES " +
  "(1, 'one'), (2, NULL), (3, ''), (4, 'fo\"ur\n, 4'), (5, 'fünf🚚');";
let jobs = 0;

// A job that loads. The table is its own if none is named.
function loading(o = {}) {
  const { l = lake, more = {}, text = NUMBERS } = o;
  const n = ++jobs;
  const name = `t${n}`;
  const into = o.table ?? `main.sales.${name}`;
  const signed = o.sas ?? sas;
  for (const k of Object.keys(l.faults)) delete l.faults[k];
  l.statements.length = l.requests.length = 0;
  const job = makeJob({
    dir: tmpdir(), name, job: { memory: "2M", ...o.job },
    database: o.database ?? makeDatabase(tmpdir(), text),
    query: o.query ?? "SELECT id, v FROM t ORDER BY id", types: o.types,
    source: o.source,
    file: { format: "parquet", ...o.file },
    store: { url: `${az.url}/box`, connect_timeout: "5s", timeout: "30s",
      retry_for: "10s", ...o.store },
    tls: { ca: az.ca }, auth: { kind: "sas", token: "${RUNNEL_SAS}" },
    databricks: { host: l.url, warehouse: l.warehouse, auth: "pat",
      token: "${RUNNEL_TOKEN}", table: into, deadline: "20s", ...more },
    validate: o.validate === undefined ? {} : o.validate,
    env: { RUNNEL_SAS: signed, RUNNEL_TOKEN: l.token, RUNNEL_SECRET: l.secret },
    secrets: [signed, l.token, l.secret, az.key],
  });
  const place = ["databricks", ...into.replaceAll("`", "").split(".")];
  return { job, place, l,
    run: async (args = []) => {
      const r = await job.run(["--log-level", "debug", ...args]);
      l.checkSecrets([l.token, l.secret, az.key,
        ...more.access === "sas" ? [] : [signed]]);
      return r;
    },
    async done(args) {
      const r = await this.run(args);
      assert.equal(r.code, 0, r.where);
      return r;
    },
    async fails(code, words) {
      const r = await this.run();
      assert.equal(r.code, code, r.where);
      assert.match(r.error.text, words);
      return r;
    },
    runs: () => runsIn(l.store, place),
    held: (t, order = "id") => held(l.store, place, t, order),
  };
}

// --------------------------------------------------------- formats and modes

const FORMATS = {
  "parquet snappy": { format: "parquet" },
  "parquet zstd": { format: "parquet", compression: "zstd" },
  "parquet gzip": { format: "parquet", compression: "gzip" },
  avro: { format: "avro", compression: "deflate" },
  csv: { format: "csv", quote: "non-null" },
  "odd csv.gz": { format: "csv", compression: "gzip", delimiter: "pipe",
    quote_char: "single", header: false, bool: "t/f", binary: "hex",
    quote: "non-null" },
  "json.gz": { format: "json", compression: "gzip" },
};

const COLUMNS = [column("id", "int64"), column("v", "text"),
  column("d", "decimal", 12, 2)];
const FIRST = table(COLUMNS, [[1n, "one", 150n], [2n, null, null],
  [3n, "", -1n], [4n, "say \"four\"|,;'\n\\", 0n], [5n, "fünf 🚚", 99n]]);
const SECOND = table(COLUMNS, [[4n, "vier", 7n], [5n, null, 8n],
  [6n, "sechs", null]]);
const first = tableDatabase(tmpdir(), FIRST, "first.db");
const second = tableDatabase(tmpdir(), SECOND, "second.db");
const AFTER = {
  append: [...FIRST.rows, ...SECOND.rows],
  overwrite: SECOND.rows,
  merge: [...FIRST.rows.slice(0, 3), ...SECOND.rows],
};
const ordered = (rows) => [...rows].sort((a, b) => Number(a[0] - b[0]));

for (const [name, file] of Object.entries(FORMATS))
  for (const mode of ["append", "overwrite", "merge"])
    test(`two runs of ${name}, ${mode}: the table is what it should be`,
      async () => {
        const w = loading({ database: first, file, types: FIRST.types,
          query: FIRST.query.replace("ORDER BY rowid", ""),
          more: { mode, keys: mode === "merge" ? "id" : undefined } });
        const a = await w.done();
        loaded(a, "databricks");
        allAgree(a, "databricks");
        sameColumns(await w.held(FIRST), FIRST, "after the first");
        w.job.sections.source.database = second;
        w.job.write();
        const b = await w.done();
        loaded(b, "databricks");
        allAgree(b, "databricks");
        const want = table(COLUMNS, ordered(AFTER[mode]));
        const sorted = await heldSorted(w, want, [a.json.run, b.json.run]);
        sameColumns(sorted, want, "after the second");
        assert.deepEqual(await w.runs(), mode === "overwrite" ?
          { [b.json.run]: 3 } : mode === "append" ?
            { [a.json.run]: 5, [b.json.run]: 3 } :
            { [a.json.run]: 3, [b.json.run]: 3 });
        const left = [...w.l.store.tables.values()].filter((x) =>
          x.parts.some((p) => p.includes("__runnel")));
        assert.deepEqual(left.map((x) => x.parts), []);
      });

// Rows with the same id come in the order of their runs.
async function heldSorted(w, want, runs) {
  const hex = runs.map((x) => Buffer.from(x).toString("hex"));
  const run = column("_runnel_run", "text");
  const all = await w.held({ columns: [...want.columns, run] }, null);
  const rows = all[0].map((_, i) => all.map((c) => c[i]));
  rows.sort((a, b) => Number(BigInt(a[0]) - BigInt(b[0])) ||
    hex.indexOf(a.at(-1)) - hex.indexOf(b.at(-1)));
  return want.columns.map((_, j) => rows.map((r) => r[j]));
}

// ------------------------------------------------------------- every value

const every = extremeTable(24, [column("id", "int64"),
  ...kinds.filter((k) => k !== "decimal").map((k) => column(`c_${k}`, k)),
  column("p9", "decimal", 9, 2), column("p38", "decimal", 38, 10),
  column("p38i", "decimal", 38, 0)]);
every.rows.forEach((r, i) => (r[0] = BigInt(i)));
const only = (without, change = (c, v) => v) => {
  const at = every.columns.map((c, j) => j).filter((j) =>
    !without.includes(every.columns[j].kind) &&
    !without.includes(every.columns[j].name));
  const columns = at.map((j) => every.columns[j]);
  return table(columns, every.rows.map((r) => at.map((j, k) =>
    change(columns[k], r[j]))));
};
const finite = (c, v) => (["float", "double"].includes(c.kind) && v !== null &&
  !Number.isFinite(v) ? 0.5 : v);

for (const [name, file, t] of [
  ["parquet", { format: "parquet" }, only(["time", "uuid"])],
  ["avro", { format: "avro" }, only(["time"])],
  ["csv", { format: "csv", quote: "non-null", nan: "text" }, only([], finite)],
  ["json", { format: "json" }, only(["p9", "p38", "p38i"], finite)],
])
  test(`every kind of value arrives as it was (${name})`, async () => {
    const w = loading({ database: tableDatabase(tmpdir(), t), types: t.types,
      query: t.query.replace("ORDER BY rowid", ""), file });
    const r = await w.done();
    allAgree(r, "databricks");
    sameColumns(await w.held(t), t, name);
    assert(verdict(r, "databricks").columns > 10, r.where);
  });

const odd = ["a b", "c,d;e", "x.y", "Ünïcode🚚", "select", "back`tick",
  "quo\"te", "o'clock", "back\\slash", "new(){}=", "_"];

for (const format of ["parquet", "csv", "json"])
  test(`names that are hard to write come through (${format})`, async () => {
    const names = odd;
    const t = table([column("id", "int64"), ...names.map((x) =>
      column(x, "text"))], [0n, 1n].map((i) => [i, ...names.map((x) =>
      (i ? null : `of ${x}`))]));
    const w = loading({ table: "main.sales.`hard``na-me_" + format + "`",
      database: tableDatabase(tmpdir(), t), file: { format,
        ...format === "csv" ? { quote: "non-null" } : {} },
      query: t.query.replace("ORDER BY rowid", "") });
    w.place[3] = `hard\`na-me_${format}`;
    const r = await w.done();
    allAgree(r, "databricks");
    sameColumns(await w.held(t), t, format);
  });

test("names that Avro's files don't have are refused first", async () => {
  const w = loading({ query: "SELECT id AS \"a b\", v FROM t",
    file: { format: "avro" } });
  await w.fails(2, /"a b".*rename/s);
  assert.deepEqual(w.l.statements, []);
});

// ------------------------------------------------------------ who, how, where

thorough("OAuth: a token that ends on the way is renewed", async () => {
  const l = await startLakehouse({ azurite: az, store: lake.store,
    locations: [ABFSS], tokenSeconds: 1 });
  const w = loading({ l, store: { timeout: "10s" }, more: { auth: "oauth-m2m",
    token: undefined, client: l.client, secret: "${RUNNEL_SECRET}" } });
  l.faults.slow = { match: /COPY INTO/, seconds: 1.5 };
  const r = await w.done();
  allAgree(r, "databricks");
  const asked = l.requests.filter((q) => q.path === "/oidc/v1/token").length;
  assert(asked >= 2, `${asked} tokens`);
  await l.stop();
});

test("a credential that is refused is exit code 5, in words, without it",
  async () => {
    const w = loading();
    w.job.env.RUNNEL_TOKEN = "dapi00000000000000000000000000000000";
    const r = await w.fails(5, /./);
    assert.equal(r.error.where, "warehouse");
    assert.equal(r.error.code, "auth");
    assert(!r.where.includes("dapi0000"));
    const o = loading({ more: { auth: "oauth-m2m", token: undefined,
      client: lake.client, secret: "${RUNNEL_SECRET}" } });
    o.job.env.RUNNEL_SECRET = "dose0000000000000000000000000000";
    assert.equal((await o.fails(5, /./)).error.code, "auth");
  });

thorough("a warehouse that starts is waited for, within the deadline (110)",
  async () => {
    const l = await startLakehouse({ azurite: az, store: lake.store,
      locations: [ABFSS], coldStart: 2 });
    allAgree(await loading({ l, store: { timeout: "10s" } }).done(),
      "databricks");
    l.sleep();
    const r = await loading({ l, more: { deadline: "1s" } }).fails(75,
      /deadline|1 s|time/i);
    assert.equal(r.error.where, "warehouse");
    await l.stop();
  });

for (const [name, o] of Object.entries({
  "a volume": { more: { access: "volume", volume: "/Volumes/main/raw/box" } },
  "a location": { more: { location: `${ABFSS}/` } },
  "a short SAS": { more: { access: "sas" } },
}))
  test(`the warehouse reads through ${name}`, async () => {
    const w = loading(o);
    allAgree(await w.done(), "databricks");
    assert.deepEqual(Object.values(await w.runs()), [5]);
    assert.equal(w.l.statements.some((s) => s.includes("AZURE_SAS_TOKEN")),
      o.more.access === "sas");
  });

test("a SAS that lives long, or cannot list, gets into no statement",
  async () => {
    for (const [signed, words] of [[az.sas("box", "rcwdl", 100), /48 hours/],
      [az.sas("box", "rcw"), /listing/]]) {
      const w = loading({ sas: signed, more: { access: "sas" } });
      await w.fails(2, words);
      assert.deepEqual(w.l.requests, []);
    }
  });

test("create = never: no table is made, one that is there is filled",
  async () => {
    const w = loading({ more: { create: "never" } });
    await w.fails(5, /no such table/);
    assert(!w.l.statements.some((s) => /CREATE/.test(s)));
    await lake.execute(`CREATE TABLE ${w.place.slice(1).join(".")} ` +
      "(v STRING, id BIGINT, more INT, _runnel_run STRING)");
    const r = await w.done();
    assert.deepEqual(Object.values(await w.runs()), [5, 5].slice(0,
      Object.keys(await w.runs()).length), r.where);
  });

thorough("more than 1,000 files are loaded, each once", async () => {
  const w = loading({ query: "WITH RECURSIVE s(id) AS (SELECT 1 UNION ALL " +
    "SELECT id + 1 FROM s WHERE id < 1001) SELECT id, 'x' AS v FROM s",
  // The stand-in takes its time for so many; how long is not the question.
  store: { connections: 8 }, validate: null, more: { deadline: "100s" },
  file: { format: "csv", rows_per_file: 1, quote: "non-null" } });
  const r = await w.done();
  assert.equal(r.json.files_total, 1001);
  assert.deepEqual(await w.runs(), { [r.json.run]: 1001 });
  assert(w.l.statements.filter((s) => s.startsWith("COPY")).length > 1);
});

test("load = external-table: a view of the last run alone", async () => {
  const w = loading({ more: { load: "external-table" }, file: {
    format: "csv", quote: "non-null" } });
  for (let i = 0; i < 2; i++) {
    const r = await w.done();
    allAgree(r, "databricks");
    assert.deepEqual(await lake.rows(`SELECT _runnel_run, count(*) FROM ` +
      `${w.place.slice(1).join(".")} GROUP BY _runnel_run`),
    [[r.json.run, "5"]]);
  }
});

test("load = none: nothing is sent", async () => {
  const w = loading({ more: { load: "none" } });
  await w.run();
  assert.deepEqual(w.l.requests, []);
});

test("load = job: the run is its token, an answer that is lost costs nothing " +
  "(98)", async () => {
  await lake.execute("CREATE TABLE IF NOT EXISTS main.sales.by_job " +
    "(id BIGINT, v STRING, _runnel_run STRING)");
  const w = loading({ table: "main.sales.by_job", more: { load: "job",
    job: 77, warehouse: undefined, table: undefined }, validate: null });
  w.l.faults.lose = { match: /run-now/ };
  perJob.length = 0;
  const r = await w.done();
  assert.equal(perJob.length, 1);
  assert.equal(perJob[0].runnel_run, r.json.run);
  assert.deepEqual(await w.runs(), { [r.json.run]: 5 });
  w.l.faults.fail = { match: /job/, message: "the notebook broke" };
  const f = await w.fails(5, /the notebook broke/);
  assert.equal(f.json.warehouse[0].state, "failed");
});

// ----------------------------------------------------------------- troubles

// fn() once a text that matches has come, a moment before it is done.
const before = (rule, fn) => ({ seconds: 0.15, match: { test: (text) => {
  if (!rule.test(text)) return false;
  fn();
  return true;
} } });

test("a COPY whose answer is lost is not done again (98)", async () => {
  const w = loading();
  w.l.faults.lose = { match: /COPY INTO/ };
  const r = await w.done();
  allAgree(r, "databricks");
  assert.deepEqual(await w.runs(), { [r.json.run]: 5 });
});

for (const mode of ["append", "overwrite", "merge"])
  test(`one whose connection breaks before it is done is done (${mode})`,
    async () => {
      const w = loading({ more: { mode, keys: mode === "merge" ? "id" :
        undefined } });
      w.l.faults.drop = { match: /COPY INTO|INSERT OVERWRITE|MERGE/ };
      const r = await w.done();
      assert.deepEqual(await w.runs(), { [r.json.run]: 5 });
    });

test("no rows taken is a failure: files that were seen before (99)",
  async () => {
    const w = loading();
    const t = w.place.slice(1).join(".");
    w.l.faults.lose = { match: /COPY INTO/ };
    w.l.faults.afterLoad = ({ table: x, store }) =>
      store.exec(`DELETE FROM ${x.physical}`);
    const r = await w.fails(5, /took no row/);
    assert.equal(r.json.warehouse[0].state, "failed", t);
  });

test("files that are gone when they are to be read are a failure (99)",
  async () => {
    const w = loading();
    w.l.faults.vanish = true;
    const r = await w.fails(5, /./);
    assert.equal(r.error.where, "warehouse");
    // The next run loads what this one left, and then itself.
    w.l.faults.vanish = false;
    const next = await w.done();
    assert.equal(next.json.completed, r.json.run);
    assert.deepEqual(await w.runs(), { [r.json.run]: 5, [next.json.run]: 5 });
  });

const busy = { status: 429, headers: { "retry-after": "1" },
  body: "REQUEST_LIMIT_EXCEEDED: too many" };
for (const [name, fault, times] of [
  ["404 at a look", { forget: 1, slow: { match: /COPY/, seconds: 5.3 } }],
  ["429", { http: { match: /GET|POST/, ...busy, times: 2 } }],
  ["503", { http: { match: /statements/, status: 503, body: "<html>" } }],
  ["401 once", { unauthorized: 1 }, true],
])
  thorough(`${name} is no end (100)`, async () => {
    const w = loading({ store: { timeout: "10s" },
      validate: null, more: times ? {
      auth: "oauth-m2m", token: undefined, client: lake.client,
      secret: "${RUNNEL_SECRET}" } : {} });
    Object.assign(w.l.faults, fault);
    const r = await w.done();
    assert.deepEqual(await w.runs(), { [r.json.run]: 5 });
  });

thorough("one that runs for ever ends at the deadline, once (100)",
  async () => {
    const w = loading({ store: { timeout: "10s" }, more: { deadline: "7s" } });
    w.l.faults.slow = { match: /COPY INTO/, seconds: 15 };
    const r = await w.fails(75, /./);
    assert(r.seconds < 15, `${r.seconds} s`);
    assert.equal(r.error.where, "warehouse");
    w.job.sections.databricks.deadline = "20s";
    w.job.write();
    const next = await w.done();
    assert.equal(next.json.completed, r.json.run);
    assert.deepEqual(await w.runs(), { [r.json.run]: 5, [next.json.run]: 5 });
  });

test("a state that nobody knows is no success: the table is asked (100)",
  async () => {
    const w = loading();
    w.l.faults.odd = { match: /COPY INTO/, state: "WEIRD" };
    const r = await w.run();
    assert([0, 5].includes(r.code), r.where);
    if (r.code !== 0) await w.done();
    assert.deepEqual((await w.runs())[r.json.run], 5);
  });

test("rows that were not taken are a failure (102)", async () => {
  const w = loading();
  w.l.faults.reject = 1;
  const r = await w.fails(5, /holds 4 rows of run \S+, which has 5/);
  assert.equal(r.json.warehouse[0].rows, 4);
});

for (const [name, change, figure] of [
  ["one row short", (x) => `DELETE FROM ${x} WHERE id = 3`, "rows"],
  ["one row long", (x) => `INSERT INTO ${x} SELECT * FROM ${x} WHERE id = 3`,
    "rows"],
  ["another text", (x) => `UPDATE ${x} SET v = 'twO' WHERE id = 5`, "max"],
  ["two values swapped for others with the same sum", (x) =>
    `UPDATE ${x} SET id = CASE id WHEN 2 THEN 3 WHEN 3 THEN 2 ELSE id END, ` +
    "v = CASE WHEN id = 2 THEN '' WHEN id = 3 THEN 'null' ELSE v END", "non"],
  ["one NULL that is an empty text", (x) =>
    `UPDATE ${x} SET v = '' WHERE id = 2`, "non"],
])
  test(`a table with ${name} is found out (104)`, async () => {
    const w = loading({ validate: { window: "0" } });
    // After the load's own count, before the validation.
    let counts = 0;
    w.l.faults.slow = { seconds: 0.3, match: { test: (text) => {
      if (!/SELECT count\(\*\),/.test(text)) return false;
      const x = lake.store.find(...[w.place[0], w.place.slice(1)]).physical;
      if (counts++ === 0) void lake.store.turn(() =>
        lake.store.exec(change(x)));
      return true;
    } } };
    const r = await w.fails(6, /differs/);
    const d = verdict(r, "databricks").different;
    assert(d.some((x) => x.figure.includes(figure)) || figure === "non",
      r.where);
    assert(d.length > 0, r.where);
  });

test("a count that lags is asked again, within the window (105)", async () => {
  const w = loading({ validate: { window: "10s" } });
  w.l.faults.lag = 1;
  const r = await w.run();
  if (r.code !== 0) {
    assert.equal(r.error.where, "warehouse", r.where);
    await w.done();
  }
  assert.equal((await w.runs())[r.json.run], 5);
});

test("files of others in the folder are not loaded (106)", async () => {
  const w = loading({ file: { format: "csv", quote: "non-null" } });
  let placed;
  w.l.faults.slow = before(/COPY INTO/, () => {
    const [, folder] = /box@[^/]*\/([^']*)'/.exec(w.l.statements.at(-1));
    placed = Promise.all(["part-00002.csv", "part-00001.csv.csv",
      "_part-00001.csv", ".part.csv"].map((f) => az.upload("box",
      `${folder.replace(/\/?$/, "/")}${f}`, Buffer.from("id,v\n9,x\n"))));
  });
  const r = await w.done();
  await placed;
  assert.deepEqual(await w.runs(), { [r.json.run]: 5 });
});

for (const [name, ddl, code, words] of [
  ["a column less", "(id BIGINT, _runnel_run STRING)", 5, /lacks a column/],
  ["another type", "(id INT, v STRING, _runnel_run STRING)", 5,
    /"id" is INT.*BIGINT/],
  ["no run's name", "(id BIGINT, v STRING)", 5,
    /ALTER TABLE .*ADD COLUMN _runnel_run STRING/],
  ["a column more, in another order",
    "(_runnel_run STRING, w DOUBLE, v STRING, id BIGINT)", 0],
])
  test(`a table with ${name} (107)`, async () => {
    const w = loading();
    const t = w.place.slice(1).join(".");
    await lake.execute(`CREATE TABLE ${t} ${ddl}`);
    const r = await w.run();
    assert.equal(r.code, code, r.where);
    if (words) {
      assert.match(r.error.text, words);
      assert(!w.l.statements.some((s) => s.startsWith("COPY")));
    } else {
      allAgree(r, "databricks");
      assert.deepEqual(await w.runs(), { [r.json.run]: 5 });
    }
  });

// Killed at a statement: before it is done, or after.
for (const mode of ["append", "overwrite", "merge"])
  for (const at of ["before COPY INTO", "after COPY INTO",
    ...mode === "append" ? ["before count"] : ["before publishing",
      "after publishing"]])
    test(`killed ${at}: the next run ends that load first, once (108, ${mode})`,
      async () => {
        const w = loading({ more: { mode, keys: mode === "merge" ? "id" :
          undefined } });
        const rule = / COPY/.test(at) ? /COPY INTO/ : /count/.test(at) ?
          /SELECT count\(\*\) FROM/ : /INSERT OVERWRITE|MERGE INTO|INSERT INTO/;
        let dead;
        const gone = new Promise((done) => (dead = done));
        const p = w.job.start();
        const kill = () => {
          p.child.kill("SIGKILL");
          dead();
        };
        if (at.startsWith("after") && rule.test("COPY INTO"))
          w.l.faults.afterLoad = kill;
        else if (at.startsWith("after"))
          w.l.faults.odd = { match: { test: (text) => {
            if (!rule.test(text)) return false;
            kill();
            return true;
          } }, state: "SUCCEEDED" };
        else
          w.l.faults.slow = before(rule, kill);
        await gone;
        await p.done;
        for (const k of Object.keys(w.l.faults)) delete w.l.faults[k];
        await sleep(300); // what was sent is done all the same
        const r = await w.done();
        const { completed, run } = r.json;
        assert.match(completed ?? "", /^2/, r.where);
        assert.notEqual(completed, run);
        assert.deepEqual(await w.runs(), mode === "append" ?
          { [completed]: 5, [run]: 5 } : { [run]: 5 });
      });

test("a request to stop during a load is exit code 75, no harm", async () => {
  const w = loading();
  const p = w.job.start();
  w.l.faults.slow = { ...before(/COPY INTO/, () => p.child.kill("SIGTERM")),
    seconds: 1 };
  const r = w.job.checkResult(await p.done);
  assert.equal(r.code, 75, r.where);
  await sleep(800);
  const next = await w.done();
  assert.deepEqual(await w.runs(), { [r.json.run]: 5, [next.json.run]: 5 });
});

test("the service's words come through, without secrets", async () => {
  const w = loading();
  w.l.faults.fail = { match: /COPY INTO/, message: "[DIVIDE_BY_ZERO] token " +
    `${lake.token} ${sas}`, state: "22012", times: 9 };
  const r = await w.fails(5, /DIVIDE_BY_ZERO/);
  assert.equal(r.error.where, "warehouse");
});

test("the job that has no rows leaves a table without rows", async () => {
  const w = loading({ query: "SELECT id, v FROM t WHERE id > 9" });
  const r = await w.done();
  assert.deepEqual(await w.runs(), {}, r.where);
});

test("runnel validate finds the same, later", async () => {
  const w = loading();
  const r = await w.done();
  const v = await runnel(["validate", w.job.path, "--json"],
    { env: w.job.env });
  assert.equal(v.code, 0, v.stderr + v.stdout);
  await lake.execute(`DELETE FROM ${w.place.slice(1).join(".")} WHERE id = 1`);
  w.job.sections.validate = { window: "0" };
  w.job.write();
  const late = await runnel(["validate", w.job.path, "--json"],
    { env: w.job.env });
  assert.equal(late.code, 6, late.stderr + late.stdout);
  assert(late.stdout.includes(r.json.run));
  w.job.checkOutput(late);
});

// --------------------------------------- the job changes while a load is open

for (const [name, change] of [
  ["another path", (s) => { s.store.path = "{job}/x/{run}/{part}.{ext}"; }],
])
  test(`a run that is open is loaded as it was: the job has ${name}`,
    async () => {
      const w = loading();
      w.l.faults.vanish = true;
      const r = await w.fails(5, /./);
      delete w.l.faults.vanish;
      change(w.job.sections);
      w.job.write();
      const next = await w.run();
      assert.equal((await w.runs())[r.json.run], 5, next.where);
      const t = table([column("v", "text")], [["one"], [null], [""],
        ["fo\"ur\n, 4"], ["fünf🚚"]]);
      const all = await w.held({ columns: [...t.columns,
        column("_runnel_run", "text")] }, "id");
      const run = Buffer.from(r.json.run).toString("hex");
      sameColumns([all[0].filter((_, i) => all[1][i] === run)], t, next.where);
    });

for (const [name, change] of [
  ["a column more", (s) => { s.source.query = "SELECT id, v, 1 AS w FROM t"; }],
  ["a column less", (s) => { s.source.query = "SELECT id FROM t"; }],
  ["another format", (s) => { s.file.format = "json"; }],
])
  test(`a run that is open waits for the job that wrote it: ${name}`,
    async () => {
      const w = loading();
      const before = structuredClone(w.job.sections);
      w.l.faults.vanish = true;
      const r = await w.fails(5, /./);
      delete w.l.faults.vanish;
      change(w.job.sections);
      w.job.write();
      await w.fails(5, /has other columns or another \[file\]/);
      assert.equal((await w.runs())[r.json.run] ?? 0, 0);
      Object.assign(w.job.sections, before);
      w.job.write();
      const next = await w.run();
      assert.equal((await w.runs())[r.json.run], 5, next.where);
    });
