// tests/e2e/synapse.test.mjs: runs that Synapse loads, over ODBC with FreeTDS
// into a dedicated pool or a view of a serverless one, or by a pipeline. The
// pools are the tests' own (lib/lakehouse_tds.mjs); tables are read where they
// keep them.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, program, test, tmpdir } from "../lib/harness.mjs";
import { startAzurite } from "../lib/azurite.mjs";
import { makeDatabase, makeJob, onlyOnce } from "../lib/job.mjs";
import { createStore } from "../lib/lakehouse_store.mjs";
import { startPipelines, startSynapse } from "../lib/lakehouse_tds.mjs";
import { allAgree, held, loaded, runsIn, verdict } from "../lib/loading.mjs";
import { column, extremeTable, kinds, sameColumns, table, tableDatabase }
  from "../lib/values.mjs";

const az = await startAzurite();
await az.createContainer("box");
const store = await createStore({ azurite: az });
const syn = await startSynapse({ store });
const serverless = await startSynapse({ store, kind: "serverless",
  database: "lake", managedIdentity: true });
const plain = await startSynapse({ store, encryption: "none",
  database: "open" });
const sas = az.sas("box", "rcwdl");
const thorough = await onlyOnce(program);

// The driver manager's own files, so that no machine's settings count.
const DRIVER = `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}` +
  "-linux-gnu/odbc/libtdsodbc.so";
const odbc = tmpdir();
writeFileSync(join(odbc, "odbcinst.ini"),
  `[FreeTDS]\nDescription = of the tests\nDriver = ${DRIVER}\n`);
writeFileSync(join(odbc, "odbc.ini"), "");

const NUMBERS = "CREATE TABLE t (id BIGINT, v TEXT); INSERT INTO t VALUES " +
  "(1, 'one'), (2, NULL), (3, ''), (4, 'fo\"ur\n, 4'), (5, 'fünf🚚');";
let jobs = 0;

function loading(o = {}) {
  const { s = syn, more = {}, text = NUMBERS } = o;
  const name = `t${++jobs}`;
  const into = o.table ?? `dbo.${name}`;
  s.forget();
  const connection = s.connection(o.connection);
  const job = makeJob({
    dir: tmpdir(), name, job: { memory: "2M", ...o.job },
    database: o.database ?? makeDatabase(tmpdir(), text),
    query: o.query ?? "SELECT id, v FROM t ORDER BY id", types: o.types,
    source: o.source,
    file: { format: "parquet", timestamps: ["csv", "json"].includes(
      o.file?.format) ? undefined : "millis", ...o.file },
    store: { url: `${az.url}/box`, connect_timeout: "5s", timeout: "30s",
      retry_for: "10s", ...o.store },
    tls: { ca: az.ca }, auth: { kind: "sas", token: "${RUNNEL_SAS}" },
    synapse: { connection: "${RUNNEL_SYNAPSE}", table: into, credential: "sas",
      deadline: "20s", ...more },
    validate: o.validate === undefined ? {} : o.validate,
    env: { RUNNEL_SAS: sas, RUNNEL_SYNAPSE: connection, ODBCSYSINI: odbc,
      ODBCINI: join(odbc, "odbc.ini") },
    secrets: [sas, s.password, az.key],
  });
  const place = ["synapse", s.database, ...into.replace(/[[\]]/g, "")
    .split(".")];
  return { job, place, s,
    run: (args = []) => job.run(["--log-level", "debug", ...args]),
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
    runs: () => runsIn(store, place),
    held: (t, order = "id") => held(store, place, t, order),
    left: () => [...store.tables.values()].filter((x) =>
      x.place === "synapse" && x.parts.some((p) => /runnel/.test(p)))
      .map((x) => x.parts.join(".")),
  };
}

// An agent without ODBC refuses, and a pipeline is what is left.
const probe = await loading({ validate: null }).run();
const pooled = /without ODBC/.test(probe.error?.text ?? "") ? () => {} : test;

// --------------------------------------------------------- formats and modes

const FORMATS = {
  "parquet snappy": { format: "parquet" },
  "parquet gzip": { format: "parquet", compression: "gzip" },
  csv: { format: "csv", quote: "non-null" },
  "odd csv.gz": { format: "csv", compression: "gzip", delimiter: "pipe",
    quote_char: "single", header: false, bool: "1/0", newline: "crlf",
    quote: "non-null" },
};

const COLUMNS = [column("id", "int64"), column("v", "text"),
  column("d", "decimal", 12, 2)];
const FIRST = table(COLUMNS, [[1n, "one", 150n], [2n, null, null],
  [3n, "x", -1n], [4n, "say \"four\"|,;'\n\\", 0n], [5n, "fünf 🚚", 99n]]);
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

// Rows with the same id come in the order of their runs.
async function heldSorted(w, want, runs) {
  const hex = runs.map((x) => Buffer.from(x).toString("hex"));
  const all = await w.held({ columns: [...want.columns,
    column("_runnel_run", "text")] }, null);
  const rows = all[0].map((_, i) => all.map((c) => c[i]));
  rows.sort((a, b) => Number(BigInt(a[0]) - BigInt(b[0])) ||
    hex.indexOf(a.at(-1)) - hex.indexOf(b.at(-1)));
  return want.columns.map((_, j) => rows.map((r) => r[j]));
}

for (const [name, file] of Object.entries(FORMATS))
  for (const mode of ["append", "overwrite", "merge"])
    pooled(`two runs of ${name}, ${mode}: the table is what it should be`,
      async () => {
        const w = loading({ database: first, file, types: FIRST.types,
          query: FIRST.query.replace("ORDER BY rowid", ""),
          more: { mode, keys: mode === "merge" ? "id" : undefined } });
        const a = await w.done();
        loaded(a, "synapse");
        allAgree(a, "synapse");
        sameColumns(await w.held(FIRST), FIRST, "after the first");
        w.job.sections.source.database = second;
        w.job.write();
        const b = await w.done();
        loaded(b, "synapse");
        allAgree(b, "synapse");
        const want = table(COLUMNS, ordered(AFTER[mode]));
        sameColumns(await heldSorted(w, want, [a.json.run, b.json.run]), want,
          "after the second");
        assert.deepEqual(await w.runs(), mode === "overwrite" ?
          { [b.json.run]: 3 } : mode === "append" ?
            { [a.json.run]: 5, [b.json.run]: 3 } :
            { [a.json.run]: 3, [b.json.run]: 3 });
        assert.deepEqual(w.left(), [], "a staging table is left");
      });

// ------------------------------------------------------------- every value

const every = extremeTable(24, [column("id", "int64"),
  ...kinds.filter((k) => k !== "decimal").map((k) => column(`c_${k}`, k)),
  column("p9", "decimal", 9, 2), column("p38", "decimal", 38, 10)]);
every.rows.forEach((r, i) => (r[0] = BigInt(i)));

const MILLI = 1000n;
// What the pool's types hold: milliseconds, no NaN, denormals or infinities.
function fits(c, v) {
  if (v === null) return v;
  if (["float", "double"].includes(c.kind))
    return Number.isFinite(v) && (v === 0 || Math.abs(v) > 1e-30) ? v + 0 : 0.5;
  if (["time", "timestamp", "timestamp_ntz"].includes(c.kind))
    return v - ((v % MILLI) + MILLI) % MILLI;
  return v;
}
const only = (without) => {
  const at = every.columns.map((c, j) => j).filter((j) =>
    !without.includes(every.columns[j].kind));
  const columns = at.map((j) => every.columns[j]);
  return table(columns, every.rows.map((r) => at.map((j, k) =>
    fits(columns[k], r[j]))));
};

for (const [name, file, t] of [
  ["parquet", { format: "parquet" }, only([])],
  ["csv", { format: "csv", quote: "non-null" }, only(["blob"])],
])
  pooled(`every kind of value arrives as it was (${name})`, async () => {
    const w = loading({ database: tableDatabase(tmpdir(), t), types: t.types,
      query: t.query.replace("ORDER BY rowid", ""), file });
    const r = await w.done();
    allAgree(r, "synapse");
    sameColumns(await w.held(t), t, name);
    assert(verdict(r, "synapse").columns > 10, r.where);
  });

pooled("names that are hard to write come through", async () => {
  const names = ["a b", "c,d;e", "x.y", "Ünïcode🚚", "select", "brack]et",
    "quo\"te", "o'clock", "back\\slash", "new(){}=", "_"];
  const t = table([column("id", "int64"), ...names.map((x) =>
    column(x, "text"))], [0n, 1n].map((i) => [i, ...names.map((x) =>
    (i ? null : `of ${x}`))]));
  const w = loading({ table: "dbo.[hard]]na.me]",
    database: tableDatabase(tmpdir(), t),
    query: t.query.replace("ORDER BY rowid", "") });
  w.place.splice(2, 9, "dbo", "hard]na.me");
  allAgree(await w.done(), "synapse");
  sameColumns(await w.held(t), t);
});

// ---------------------------------------------------------------- refusals

const REFUSED = [
  ["Avro", { file: { format: "avro" } }, /Avro.*parquet or csv/],
  ["JSON", { file: { format: "json" } }, /JSON.*parquet or csv/],
  ["zstd", { file: { compression: "zstd" } }, /zstd.*snappy/],
  ["microseconds", { file: { timestamps: "micros" },
    query: "SELECT '2026-01-01T00:00:00Z' AS a", types: { a: "timestamp" } },
  /"a".*millis/],
  ["escapes", { file: { format: "csv", escape: "backslash" } }, /escape/],
  ["a key that no column is", { more: { mode: "merge", keys: "nope" } },
    /no column "nope"/],
  ["merge into a view", { more: { load: "external", mode: "merge",
    keys: "id", credential: "none" } }, /mode/],
];
for (const [name, o, words] of REFUSED)
  test(`refused before a row is read: ${name}`, async () => {
    const w = loading(o);
    const r = await w.fails(2, words);
    assert.equal(r.json.rows, 0);
    assert.equal(w.s.log.length, 0);
  });

pooled("a row that no pool takes is said, and nothing is published (27)",
  async () => {
    const w = loading({ job: { memory: "16M" }, source: { max_cell: "2M" },
      file: { format: "csv", quote: "non-null" },
      query: "SELECT 1 AS id, printf('%01200000d', 7) AS v" });
    const r = await w.run();
    assert([2, 3, 5].includes(r.code), r.where);
    assert.equal(w.s.log.filter((q) => q.op === "insert" &&
      q.status === "Completed").length, 0);
  });

// --------------------------------------------------------------- troubles

pooled("a wrong password is exit code 5, without it", async () => {
  const w = loading({ connection: { PWD: "wrong-pa55word" } });
  const r = await w.fails(5, /login|Login/);
  assert.equal(r.error.where, "warehouse");
  assert(!r.where.includes("wrong-pa55word"));
});

pooled("a pool that wants encryption gets it, a plain one not", async () => {
  allAgree(await loading({ s: plain }).done(), "synapse");
  const w = loading({ connection: { Encryption: "off" },
    more: { deadline: "2s" } });
  const r = await w.run();
  assert.equal(r.error?.where, "warehouse", r.where);
});

pooled("a pool that resumes is waited for", async () => {
  const w = loading();
  w.s.login = (login, n) => n <= 2 && { error: { number: 42108,
    message: "the pool is paused" } };
  allAgree(await w.done(), "synapse");
});

const OPS = ["create_table", "copy", "insert", "commit", "drop"];
for (const op of OPS)
  for (const deed of ["drop", "lose"])
    pooled(`${op}: ${deed === "drop" ? "done, but" : "not done,"} the ` +
      "connection breaks: once all the same (101)", async () => {
      const w = loading();
      let cut = 0;
      w.s.rule = (q) => q.op === op && ++cut === 1 && { [deed]: true };
      const r = await w.done();
      allAgree(r, "synapse");
      assert.equal(cut >= 1, true, `no ${op}: ${w.s.log.map((q) => q.op)}`);
      assert.deepEqual(await w.runs(), { [r.json.run]: 5 });
    });

(pooled === test ? thorough : pooled)(
  "a COPY that goes on after its connection is awaited (101)",
  async () => {
    const w = loading();
    let cut = 0;
    w.s.rule = (q) => q.op === "copy" && ++cut === 1 && { late: 1500 };
    const r = await w.done();
    assert.deepEqual(await w.runs(), { [r.json.run]: 5 });
  });

pooled("line ends, quotes and commas in texts (103)", async () => {
  const t = table([column("id", "int64"), column("v", "text")],
    ["a\nb", "a\r\nb", "\"", "\"\"", ",", "a\",\"b", "\n", "x\"\n\"y"].map(
      (v, i) => [BigInt(i), v]));
  for (const newline of ["lf", "crlf"]) {
    const w = loading({ database: tableDatabase(tmpdir(), t),
      query: t.query.replace("ORDER BY rowid", ""),
      file: { format: "csv", quote: "non-null", newline } });
    allAgree(await w.done(), "synapse");
    sameColumns(await w.held(t), t, newline);
  }
});

pooled("rows that COPY did not take are a failure, and nothing is seen (102)",
  async () => {
    const w = loading();
    w.s.rule = (q) => q.op === "copy" && { tamper: (st, t) =>
      st.exec(`DELETE FROM ${(t ?? [...st.tables.values()].at(-1)).physical} ` +
        "WHERE id = 1") };
    const r = await w.fails(5, /took 4 rows of run \S+, which has 5/);
    assert.equal(r.error.where, "warehouse");
    assert.deepEqual(await w.runs(), {});
    w.s.rule = () => undefined;
    const next = await w.done();
    assert.equal(next.json.completed, r.json.run);
    assert.deepEqual(await w.runs(), { [r.json.run]: 5, [next.json.run]: 5 });
  });

pooled("a table changed after the load is found out (104)", async () => {
  const w = loading({ validate: { window: "0" } });
  w.s.rule = (q) => q.op === "commit" && { tamper: (st) =>
    st.exec(`UPDATE ${st.find(...[w.place[0], w.place.slice(1)]).physical} ` +
      "SET v = 'twO' WHERE id = 5") };
  const r = await w.fails(6, /differs/);
  assert(verdict(r, "synapse").different.length > 0, r.where);
});

pooled("a count that lags is asked again (105)", async () => {
  const w = loading();
  w.s.rule = (q) => q.op === "insert" && { lag: 1 };
  const r = await w.run();
  w.s.forget();
  if (r.code !== 0) {
    assert.equal(r.error.where, "warehouse", r.where);
    await w.done();
  }
  assert.equal((await w.runs())[r.json.run], 5);
});

for (const [name, ddl, code, words] of [
  ["a column less", "(id bigint, _runnel_run nvarchar(64))", 5,
    /no column "v"/],
  ["no run's name", "(id bigint, v nvarchar(max))", 5,
    /ALTER TABLE .*ADD _runnel_run/],
  ["a column more, in another order",
    "(_runnel_run nvarchar(64), w float, v nvarchar(4000), id bigint)", 0],
])
  pooled(`a table with ${name} (107)`, async () => {
    const w = loading();
    await w.s.sql(`CREATE TABLE dbo.${w.place[3]} ${ddl} WITH (HEAP)`);
    const r = await w.run();
    assert.equal(r.code, code, r.where);
    if (words) assert.match(r.error.text, words);
    else allAgree(r, "synapse");
  });

pooled("create = never: no table is made", async () => {
  const w = loading({ more: { create: "never" } });
  await w.fails(5, /no such table/);
  assert(!w.s.log.some((q) => q.op === "create_table"));
});

// Killed at a statement: before it is done, or after.
for (const mode of ["append", "overwrite", "merge"])
  for (const [op, deed] of [["copy", "before"], ["copy", "after"],
    ["insert", "before"], ["commit", "before"], ["commit", "after"]])
    pooled(`killed ${deed} ${op}: the next run ends that load, once (108, ` +
      `${mode})`, async () => {
      const w = loading({ more: { mode, keys: mode === "merge" ? "id" :
        undefined } });
      let p;
      let dead;
      const gone = new Promise((done) => (dead = done));
      const kill = () => {
        p.child.kill("SIGKILL");
        dead();
      };
      w.s.rule = (q) => {
        if (q.op !== op) return undefined;
        w.s.rule = () => undefined;
        if (deed === "before") kill();
        else setTimeout(kill, 50);
        return deed === "before" ? { lose: true } : { drop: true, delay: 0 };
      };
      p = w.job.start();
      await gone;
      await p.done;
      const r = await w.done();
      const { completed, run: last } = r.json;
      assert.match(completed ?? "", /^2/, r.where);
      assert.deepEqual(await w.runs(), mode === "append" ?
        { [completed]: 5, [last]: 5 } : { [last]: 5 });
      assert.deepEqual(w.left(), []);
    });

// --------------------------------------------------------------- serverless

for (const [name, file] of [["parquet", {}],
  ["csv", { format: "csv", quote: "non-null" }],
  ["csv.gz", { format: "csv", quote: "non-null", compression: "gzip" }]])
  pooled(`a serverless pool gets a view of every run (${name})`, async () => {
    const w = loading({ s: serverless, file, text: NUMBERS.replace("\n", " "),
      more: { load: "external",
      credential: "managed-identity" } });
    const runs = [];
    for (let i = 0; i < 2; i++) {
      const r = await w.done();
      allAgree(r, "synapse");
      runs.push(r.json.run);
    }
    const rows = await serverless.sql("SELECT _runnel_run, COUNT_BIG(*) FROM " +
      `dbo.${w.place[3]} GROUP BY _runnel_run`);
    assert.deepEqual(Object.fromEntries(rows.map(([a, b]) => [a, Number(b)])),
      { [runs[0]]: 5, [runs[1]]: 5 });
  });

pooled("an older reader that takes no line ends in texts is no success",
  async () => {
    const w = loading({ s: serverless, file: { format: "csv",
      quote: "non-null", compression: "gzip" }, more: { load: "external",
      credential: "managed-identity" } });
    const r = await w.run();
    assert.equal(r.code, 5, r.where);
    assert.equal(r.error.where, "warehouse");
  });

// ---------------------------------------------------------------- pipelines

// A pipeline that copies what it is told of into a table.
async function startLoader(o = {}) {
  return startPipelines({ polls: 0, token: "ey.pipeline-token.x", certificate: {
    ca: az.ca, cert: az.ca.replace("ca.pem", "leaf.pem"),
    key: az.ca.replace("ca.pem", "leaf.key") }, pipelines: {
    load: o.load ?? (async ({ run: id, folder, rows }) => {
      loads.push({ id, folder, rows });
      return { rowsCopied: o.rows ?? rows };
    }) } });
}
const loads = [];
const byPipeline = (ws, o = {}) => {
  loads.length = 0;
  const w = loading({ ...o, validate: null, more: { load: "pipeline",
    workspace: ws.url, pipeline: "load", token: "${RUNNEL_TOKEN}",
    connection: undefined, table: undefined, credential: undefined,
    mode: undefined, keys: undefined, ...o.more } });
  w.job.env.RUNNEL_TOKEN = ws.token;
  return w;
};

test("a pipeline is started once, with what it needs", async () => {
  const ws = await startLoader();
  const w = byPipeline(ws);
  const r = await w.done();
  assert.equal(loads.length, 1);
  assert.equal(loads[0].id, r.json.run);
  assert.equal(loads[0].rows, 5);
  assert.match(loads[0].folder, new RegExp(`^t\\d+/${r.json.run}$`));
  loaded(r, "synapse");
  assert(!r.where.includes(ws.token));
});

test("a pipeline that fails, or copies less, is exit code 5", async () => {
  const broken = byPipeline(await startLoader({ load: async () => {
    throw new Error("the copy broke");
  } }));
  await broken.fails(5, /the copy broke/);
  const short = byPipeline(await startLoader({ rows: 4 }));
  await short.fails(5, /copied 4 rows/);
});

thorough("a lost answer starts a pipeline no second time (98)", async () => {
  const ws = await startLoader();
  const w = byPipeline(ws);
  ws.rule = (q) => q.op === "create" && q.n === 1 && { drop: true };
  const r = await w.done();
  assert.equal(loads.length, 1, r.where);
});
