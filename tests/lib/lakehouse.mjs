// tests/lib/lakehouse.mjs: a Databricks workspace for a test: it speaks the SQL
// Statement Execution API 2.0, Jobs and OAuth over HTTPS, and really loads the
// files that Azurite has.
//
//   const az = await startAzurite();
//   const lake = await startLakehouse({ azurite: az,
//     locations: [`abfss://box@${az.account}.dfs.core.windows.net`] });
//   ... lake.url, lake.ca (Azurite's), lake.warehouse, lake.token ...
//   await lake.rows("SELECT count(*) FROM main.sales.orders");   // [["3"]]
//   lake.faults.lag = 2;
//   lake.statements;                        // texts, in their order
//   lake.checkSecrets([secret, …]);         // none was in any request
//
// Options: those of createEngine() in lakehouse_databricks.mjs, and
//   warehouse, token, client, secret: what it takes (defaults are given back)
//   tokenSeconds   how long an OAuth token is good for (3600)
//   coldStart      seconds for which the first statement is PENDING (0)
//   chunkRows      rows in a chunk of a result (10000)
//   jobs           { "123": async ({ parameters, execute, store }) => … }
//   store          of createStore(), to share with the Synapse half:
//                  const syn = await startSynapse({ store: lake.store,
//                    certificate: lake.certificate });
//                  lake.synapse = syn;   who may log in there
//                  lake.secrets.vault = { user: syn.user, word: syn.password };
//
// Faults, to be set on lake.faults at any time (numbers count down):
//   lose        { match?, times? }  done, and then the connection is cut
//   drop        { match?, times? }  cut before anything is done
//   fail        { match?, times?, code, message, state, after? }: FAILED
//               (after: although it was done)
//   odd         { match?, times?, state }: the state of a finished statement
//   http        { match?, times?, status, headers?, body? }: that answer; match
//               is for "METHOD /path\n" and the statement
//   slow        { match?, times?, seconds }: RUNNING for so long
//   unauthorized  so many requests are told 401
//   forget      so many finished statements are unknown when asked for (404)
//   lag         the next write is seen after so many SELECTs of its table
//   reject      so many rows of the next write are not taken
//   vanish      true: files are gone when they are to be read
//   afterLoad   async ({ table, store }) after rows were written
//
// The shapes of error bodies are in `errorBody`.

import { randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { makeCertificate } from "./azurite.mjs";
import { assert, cleanup, sleep } from "./harness.mjs";
import { createEngine } from "./lakehouse_databricks.mjs";
import { LakeError, createStore } from "./lakehouse_store.mjs";

// HTTP errors: the four shapes that clients have met.
export const errorBody = {
  json: (code, message) => ({ headers: { "content-type": "application/json" },
    body: JSON.stringify({ error_code: code, message, details: [] }) }),
  old: (code, message) => ({ headers: { "content-type": "application/json" },
    body: JSON.stringify({ error: `${code}: ${message}` }) }),
  text: (code, message) => ({ headers: { "content-type": "text/plain" },
    body: `${code}: ${message}` }),
  html: (code, message) => ({ headers: { "content-type": "text/html" },
    body: `<html><body><h1>${code}</h1><p>${message}</p></body></html>` }),
};

class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const invalid = (message) =>
  new Refusal(400, "INVALID_PARAMETER_VALUE", message);

// Types as the manifest names them.
const TYPE_NAMES = { BIGINT: "LONG", SMALLINT: "SHORT", TINYINT: "BYTE",
  VOID: "NULL" };
const typeName = (t) => TYPE_NAMES[t] ?? t.replace(/\(.*/, "");

const FIELDS = ["statement", "warehouse_id", "catalog", "schema", "parameters",
  "wait_timeout", "on_wait_timeout", "disposition", "format", "row_limit",
  "byte_limit", "query_tags"];

// Start: which fields there are and what they may hold.
function checkRequest(b, warehouse) {
  for (const k of Object.keys(b))
    if (!FIELDS.includes(k)) throw invalid(`unknown field ${k}`);
  if (typeof b.statement !== "string" || b.statement === "")
    throw invalid("statement is required");
  if (b.warehouse_id !== warehouse)
    throw b.warehouse_id ? new Refusal(404, "NOT_FOUND",
      `SQL warehouse ${b.warehouse_id} was not found`) :
      invalid("warehouse_id is required");
  const wait = /^(\d{1,2})s$/.exec(b.wait_timeout ?? "10s");
  const seconds = Number(wait?.[1]);
  if (!wait || (seconds !== 0 && (seconds < 5 || seconds > 50)))
    throw invalid("wait_timeout is 0s or 5s to 50s");
  if (!["CONTINUE", "CANCEL"].includes(b.on_wait_timeout ?? "CONTINUE"))
    throw invalid("on_wait_timeout is CONTINUE or CANCEL");
  if ((b.disposition ?? "INLINE") !== "INLINE")
    throw invalid("disposition: this stand-in has INLINE only");
  if ((b.format ?? "JSON_ARRAY") !== "JSON_ARRAY")
    throw invalid("format: INLINE results are JSON_ARRAY");
  for (const p of b.parameters ?? [])
    if (typeof p.name !== "string" || Object.keys(p).some((k) =>
      !["name", "value", "type"].includes(k)) ||
      !["string", "object", "undefined"].includes(typeof p.value))
      throw invalid("parameters are { name, value, type } with a text");
  if (b.row_limit !== undefined && !Number.isSafeInteger(b.row_limit))
    throw invalid("row_limit is a number");
  if (b.query_tags && b.query_tags.length > 20)
    throw invalid("at most 20 query tags");
  return seconds;
}

const MOST_INLINE = 25 << 20;

export async function startLakehouse(options) {
  const { azurite, warehouse = "f00dcafe12345678",
    token = `dapi${randomBytes(16).toString("hex")}`,
    client = randomUUID(), secret = `dose${randomBytes(16).toString("hex")}`,
    tokenSeconds = 3600, coldStart = 0, chunkRows = 10000, jobs = {},
    pollBlock = 0.2 } = options;
  const store = options.store ?? await createStore({ azurite });
  const faults = { ...options.faults };
  const engineOptions = { secrets: {}, ...options, faults };
  const engine = await createEngine(store, engineOptions);
  const requests = [];
  const statements = [];
  const byId = new Map();
  const issued = new Map(); // access token -> when it ends
  const runs = new Map();
  const runsByToken = new Map();
  let warm = coldStart <= 0;
  let warming;

  // Whether a fault is meant for this, and one less of it.
  function hit(name, text = "") {
    const f = faults[name];
    if (!f) return null;
    if (typeof f === "number") {
      faults[name] = f - 1;
      return f;
    }
    if (f.match && !f.match.test(text)) return null;
    f.times = (f.times ?? 1) - 1;
    if (f.times <= 0) delete faults[name];
    return f;
  }

  // ------------------------------------------------------------ statements

  const finished = (s) => !["PENDING", "RUNNING"].includes(s.state);

  async function perform(s, b) {
    if (!warm) {
      // A stopped warehouse is started by the first statement.
      warming ??= sleep(coldStart * 1000).then(() => {
        warm = true;
      });
      await warming;
    }
    if (finished(s)) return;
    s.state = "RUNNING";
    const slow = hit("slow", b.statement);
    if (slow) await sleep(slow.seconds * 1000);
    if (finished(s)) return;
    const fail = hit("fail", b.statement);
    const failWith = () => Object.assign(s, { state: "FAILED",
      sqlState: fail.state, error: { error_code: fail.code ?? "INTERNAL_ERROR",
        message: fail.message ?? "it failed" } });
    if (fail && !fail.after) return void failWith();
    try {
      s.result = await engine.execute(b.statement, { catalog: b.catalog,
        schema: b.schema, parameters: b.parameters });
      if (JSON.stringify(s.result.rows).length > MOST_INLINE)
        throw new LakeError("INLINE_RESULT_TOO_LARGE", "54000",
          "an inline result holds 25 MiB");
      if (finished(s)) return;
      if (fail) return void failWith();
      s.state = hit("odd", b.statement)?.state ?? "SUCCEEDED";
    } catch (e) {
      const known = e instanceof LakeError;
      if (!known) lake.broken.push(e);
      if (finished(s)) return;
      Object.assign(s, { state: "FAILED", sqlState: known ? e.state : "XX000",
        error: { error_code: known ? "BAD_REQUEST" : "INTERNAL_ERROR",
          message: known ? e.message : `stand-in: ${e.message}` } });
    }
  }

  function start(b) {
    const s = { id: randomUUID(), state: "PENDING", limit: b.row_limit };
    byId.set(s.id, s);
    statements.push(b.statement);
    s.done = perform(s, b);
    return s;
  }

  // Response: one chunk is inline; a link leads to each next one.
  function chunkOf(s, n) {
    const rows = s.result.rows.slice(0, s.limit);
    const some = rows.slice(n * chunkRows, (n + 1) * chunkRows);
    const more = (n + 1) * chunkRows < rows.length;
    return { chunk_index: n, row_offset: n * chunkRows,
      row_count: some.length, data_array: some,
      ...more && { next_chunk_index: n + 1, next_chunk_internal_link:
        `/api/2.0/sql/statements/${s.id}/result/chunks/${n + 1}` } };
  }

  function shown(s) {
    const answer = { statement_id: s.id, status: { state: s.state } };
    if (s.error) {
      answer.status.error = s.error;
      if (s.sqlState) answer.status.sql_state = s.sqlState;
    }
    if (s.state !== "SUCCEEDED") return answer;
    const { columns } = s.result;
    const rows = s.result.rows.slice(0, s.limit);
    const chunks = Math.max(1, Math.ceil(rows.length / chunkRows));
    answer.manifest = {
      format: "JSON_ARRAY",
      schema: { column_count: columns.length, columns: columns.map((c, i) => {
        const d = /^DECIMAL\((\d+),(\d+)\)$/.exec(c.type);
        return { name: c.name, position: i, type_name: typeName(c.type),
          type_text: c.type, ...d && { type_precision: Number(d[1]),
            type_scale: Number(d[2]) } };
      }) },
      total_chunk_count: chunks,
      total_row_count: rows.length,
      truncated: rows.length < s.result.rows.length,
      chunks: Array.from({ length: chunks }, (_, i) => ({ chunk_index: i,
        row_offset: i * chunkRows,
        row_count: Math.min(chunkRows, rows.length - i * chunkRows) })),
    };
    answer.result = chunkOf(s, 0);
    return answer;
  }

  const within = (s, seconds) => Promise.race([s.done, sleep(seconds * 1000)]);

  async function startStatement(b) {
    const seconds = checkRequest(b, warehouse);
    const s = start(b);
    // At 0s the answer comes at once, whatever the state is.
    if (seconds > 0) await within(s, seconds);
    if (!finished(s) && seconds > 0 && b.on_wait_timeout === "CANCEL")
      s.state = "CANCELED";
    return s;
  }

  function statement(id) {
    const s = byId.get(id);
    if (s && finished(s) && hit("forget")) byId.delete(id);
    if (!byId.has(id))
      throw new Refusal(404, "RESOURCE_DOES_NOT_EXIST",
        `The statement ${id} was not found`);
    return s;
  }

  // ------------------------------------------------------------------ jobs

  // run-now: the same idempotency token is the same run, done once.
  function runNow(b) {
    const known = ["job_id", "idempotency_token", "job_parameters",
      "notebook_params", "python_params", "sql_params"];
    for (const k of Object.keys(b))
      if (!known.includes(k)) throw invalid(`unknown field ${k}`);
    const job = jobs[String(b.job_id)];
    if (!job)
      throw new Refusal(400, "INVALID_PARAMETER_VALUE",
        `Job ${b.job_id} does not exist.`);
    const key = b.idempotency_token;
    if (key !== undefined && (typeof key !== "string" || key.length > 64))
      throw invalid("idempotency_token has at most 64 characters");
    if (key && runsByToken.has(key)) return runsByToken.get(key);
    const parameters = { ...b.notebook_params, ...b.sql_params,
      ...b.job_parameters };
    for (const [k, v] of Object.entries(parameters))
      if (typeof v !== "string") throw invalid(`${k} is no text`);
    const run = { job_id: Number(b.job_id), run_id: 455644833 + runs.size,
      number_in_job: runs.size + 1, state: "PENDING", parameters };
    runs.set(String(run.run_id), run);
    if (key) runsByToken.set(key, run);
    run.done = (async () => {
      const slow = hit("slow", "job");
      if (slow) await sleep(slow.seconds * 1000);
      run.state = "RUNNING";
      try {
        const fail = hit("fail", "job");
        if (fail && !fail.after) throw new Error(fail.message);
        run.output = await job({ parameters, store, execute: engine.execute });
        if (fail) throw new Error(fail.message);
        run.result = "SUCCESS";
      } catch (e) {
        Object.assign(run, { result: "FAILED", message: e.message });
      }
      run.state = "TERMINATED";
    })();
    return run;
  }

  function runShown(r) {
    const state = hit("odd", "job")?.state ?? r.state;
    return { job_id: r.job_id, run_id: r.run_id,
      number_in_job: r.number_in_job,
      state: { life_cycle_state: state, state_message: r.message ?? "",
        ...r.result && { result_state: r.result } },
      status: { state, ...r.result && { termination_details: {
        code: r.result === "SUCCESS" ? "SUCCESS" : "RUN_EXECUTION_ERROR",
        type: r.result === "SUCCESS" ? "SUCCESS" : "CLIENT_ERROR",
        message: r.message ?? "" } } } };
  }

  // ------------------------------------------------------------------ HTTP

  const formText = "grant_type=client_credentials&scope=all-apis";

  // OAuth M2M: Basic, and a form.
  function issue(q) {
    const basic = Buffer.from(`${client}:${secret}`).toString("base64");
    if (q.headers.authorization !== `Basic ${basic}`)
      return { status: 401, body: { error: "invalid_client",
        error_description: "Client authentication failed" } };
    const type = q.headers["content-type"] ?? "";
    const form = new URLSearchParams(q.body);
    form.sort();
    if (!type.startsWith("application/x-www-form-urlencoded") ||
        form.toString() !== formText)
      return { status: 400, body: { error: "invalid_request",
        error_description: `a form of ${formText}` } };
    const access = `eyJ${randomBytes(24).toString("base64url")}`;
    issued.set(access, Date.now() + tokenSeconds * 1000);
    return { status: 200, body: { access_token: access, scope: "all-apis",
      token_type: "Bearer", expires_in: tokenSeconds } };
  }

  function authorize(q) {
    const bearer = /^Bearer (\S+)$/.exec(q.headers.authorization ?? "")?.[1];
    const good = bearer === token || issued.get(bearer) > Date.now();
    if (hit("unauthorized") || !good)
      throw new Refusal(401, "UNAUTHENTICATED", issued.has(bearer) ?
        "Token is expired" : "Credential was not sent or was of an " +
        "unsupported type for this API");
  }

  function json(q) {
    if (!/^application\/json\b/.test(q.headers["content-type"] ?? ""))
      throw invalid("Content-Type is application/json");
    try {
      return JSON.parse(q.body);
    } catch (e) {
      throw new Refusal(400, "MALFORMED_REQUEST", e.message);
    }
  }

  const API = String.raw`/api/2\.[12]`;
  const ROUTES = [
    ["POST", /^\/api\/2\.0\/sql\/statements\/?$/, async (q) => {
      const s = await startStatement(json(q));
      return shown(s);
    }],
    ["GET", /^\/api\/2\.0\/sql\/statements\/([\w-]+)$/, async (q, id) => {
      const s = statement(id);
      if (!finished(s)) await within(s, pollBlock);
      return shown(s);
    }],
    ["GET", /^\/api\/2\.0\/sql\/statements\/([\w-]+)\/result\/chunks\/(\d+)$/,
      (q, id, n) => {
        const s = statement(id);
        const rows = s.result?.rows.slice(0, s.limit);
        if (s.state !== "SUCCEEDED" || (Number(n) > 0 &&
            Number(n) * chunkRows >= rows.length))
          throw new Refusal(404, "RESOURCE_DOES_NOT_EXIST", `no chunk ${n}`);
        return chunkOf(s, Number(n));
      }],
    // The answer is empty; only a later look tells.
    ["POST", /^\/api\/2\.0\/sql\/statements\/([\w-]+)\/cancel$/, (q, id) => {
      const s = statement(id);
      if (!finished(s)) s.state = "CANCELED";
      return null;
    }],
    ["GET", /^\/api\/2\.0\/sql\/warehouses\/(\w+)$/, (q, id) => {
      if (id !== warehouse)
        throw new Refusal(404, "RESOURCE_DOES_NOT_EXIST", id);
      return { id, state: warm ? "RUNNING" : "STOPPED" };
    }],
    ["POST", new RegExp(`^${API}/jobs/run-now$`), (q) => {
      const r = runNow(json(q));
      return { run_id: r.run_id, number_in_job: r.number_in_job };
    }],
    ["GET", new RegExp(`^${API}/jobs/runs/get$`), async (q) => {
      const r = runs.get(q.query.get("run_id"));
      if (!r)
        throw new Refusal(400, "INVALID_PARAMETER_VALUE",
          `Run ${q.query.get("run_id")} does not exist.`);
      await within(r, pollBlock);
      return runShown(r);
    }],
    ["POST", new RegExp(`^${API}/jobs/runs/cancel$`), () => ({})],
    ["GET", new RegExp(`^${API}/jobs/get$`), (q) => {
      const id = q.query.get("job_id");
      if (!jobs[id])
        throw new Refusal(400, "INVALID_PARAMETER_VALUE",
          `Job ${id} does not exist.`);
      return { job_id: Number(id), settings: { name: `job ${id}` } };
    }],
  ];

  async function answer(q) {
    if (q.path === "/oidc/v1/token" && q.method === "POST") return issue(q);
    authorize(q);
    for (const [method, rule, fn] of ROUTES) {
      const m = rule.exec(q.path);
      if (!m) continue;
      if (method !== q.method) continue;
      return { status: 200, body: await fn(q, ...m.slice(1)) };
    }
    throw new Refusal(404, "ENDPOINT_NOT_FOUND",
      `No API found for '${q.method} ${q.path}'`);
  }

  const statementOf = (body) => {
    try {
      return JSON.parse(body).statement;
    } catch {
      return undefined;
    }
  };

  async function serve(req, res) {
    const pieces = [];
    for await (const d of req) pieces.push(d);
    const [path, query = ""] = req.url.split("?");
    const q = { method: req.method, path, target: req.url,
      query: new URLSearchParams(query), headers: req.headers,
      body: Buffer.concat(pieces).toString() };
    q.statement = statementOf(q.body);
    requests.push(q);
    const text = `${q.method} ${q.path}\n${q.statement ?? ""}`;
    const send = (status, headers, body) => {
      res.writeHead(status, { "x-request-id": randomUUID(), ...headers });
      res.end(body);
    };
    if (hit("drop", text)) return req.socket.destroy();
    const canned = hit("http", text);
    if (canned) return send(canned.status, canned.headers, canned.body);
    let r;
    try {
      r = await answer(q);
    } catch (e) {
      if (!(e instanceof Refusal)) lake.broken.push(e);
      r = { status: e.status ?? 500, body: { error_code: e.code ??
        "INTERNAL_ERROR", message: e.message, details: [] } };
    }
    if (faults.lose && hit("lose", text)) {
      // The effect is there, whoever asks next; the answer never comes.
      const id = r.body?.statement_id;
      if (id) await byId.get(id).done;
      return req.socket.destroy();
    }
    q.status = r.status;
    return r.body === null ? send(r.status, { "content-length": 0 }) :
      send(r.status, { "content-type": "application/json" },
        JSON.stringify(r.body));
  }

  // The authority that signed Azurite's certificate signed this one.
  let own;
  let files;
  if (azurite.ca) {
    const dir = dirname(azurite.ca);
    files = { ca: azurite.ca, cert: join(dir, "leaf.pem"),
      key: join(dir, "leaf.key") };
  } else {
    own = mkdtempSync(join(tmpdir(), "runnel-lakehouse-"));
    files = makeCertificate(own);
  }
  const server = createServer({ cert: readFileSync(files.cert),
    key: readFileSync(files.key) }, (req, res) => {
    serve(req, res).catch((e) => {
      lake.broken.push(e);
      req.socket.destroy();
    });
  });
  const open = new Set();
  server.on("connection", (s) => {
    open.add(s);
    s.on("error", () => {});
    s.on("close", () => open.delete(s));
  });
  server.on("tlsClientError", () => {});
  await new Promise((done) => server.listen(0, "127.0.0.1", done));

  let stopped = false;
  const stop = async () => {
    if (stopped) return;
    stopped = true;
    const closed = new Promise((done) => server.close(done));
    for (const s of open) s.destroy();
    await closed;
    if (!options.store) await store.stop();
    if (own) rmSync(own, { recursive: true, force: true });
    // What the stand-in itself could not do must not look like a refusal.
    if (lake.broken.length) throw lake.broken[0];
  };
  cleanup(stop);

  const { port } = server.address();
  const lake = {
    url: `https://127.0.0.1:${port}`, port, ca: files.ca, certificate: files,
    warehouse, token, client, secret, store, engine, faults, requests,
    statements, runs, broken: [],
    secrets: engineOptions.secrets,
    get synapse() { return engineOptions.synapse; },
    set synapse(s) { engineOptions.synapse = s; },

    // What a statement answers, asked here and not over HTTPS.
    execute: (text, session) => engine.execute(text, session),
    rows: async (text, session) => (await engine.execute(text, session)).rows,

    // No path and no body held any of them; a header may hold what it is for.
    checkSecrets(secrets) {
      for (const q of requests)
        for (const s of secrets.flatMap((x) => [x, encodeURIComponent(x),
          Buffer.from(x).toString("base64")]))
          assert(!q.target.includes(s) && !q.body.includes(s),
            `a secret in ${q.method} ${q.path}`);
    },

    // As if the warehouse had gone to sleep.
    sleep() {
      warm = coldStart <= 0;
      warming = undefined;
    },
    stop,
  };
  return lake;
}
