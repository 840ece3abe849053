// tests/lib/lakehouse_pipeline.mjs: the REST calls by which a Synapse workspace
// runs a pipeline and tells of its runs, over HTTPS.
//
//   const ws = await startPipelines({ token: "…", pipelines: {
//     async load(parameters) { … return { rowsCopied: 5 } } } });
//   ws.url; ws.runs; ws.rule = (q) => q.op === "create" && { answer: … };
//
// A run is Queued when it is first asked for, then InProgress for `polls`
// questions, then what its function's end says. Rules: { answer: { status,
// headers, body } } instead of anything; { drop: true }: done, but no answer;
// { lose: true }: not done. What the function returns is the output of the
// run's one activity.

import https from "node:https";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificate } from "./azurite.mjs";
import { cleanup } from "./harness.mjs";

const VERSION = "2020-12-01";

export async function startPipelines({ token, pipelines, polls = 1,
  certificate }) {
  const dir = mkdtempSync(join(tmpdir(), "runnel-pipeline-"));
  cleanup(() => rmSync(dir, { recursive: true, force: true }));
  const files = certificate ?? makeCertificate(dir);
  const ws = { rule: () => undefined, runs: new Map(), log: [], count: {},
    token, ca: files.ca };

  const refusal = (status, code) => ({ status, body: { error: { code,
    message: `${code}: as the workspace says it` } } });

  function create(name, body) {
    const fn = pipelines[name];
    if (!fn) return refusal(404, "PipelineNotFound");
    let parameters;
    try {
      parameters = body ? JSON.parse(body) : {};
    } catch {
      return refusal(400, "BadRequest");
    }
    const run = { runId: randomUUID(), pipelineName: name, parameters,
      status: "Queued", message: "", asked: 0,
      runStart: new Date().toISOString(), runEnd: null, durationInMs: null };
    ws.runs.set(run.runId, run);
    run.over = Promise.resolve().then(() => fn(parameters, run))
      .then((output) => { run.end = "Succeeded"; run.output = output; },
        (e) => { run.end = "Failed"; run.message = String(e.message ?? e); });
    return { status: 202, body: { runId: run.runId } };
  }

  async function look(runId) {
    const run = ws.runs.get(runId);
    if (!run) return refusal(404, "PipelineRunNotFound");
    run.asked++;
    if (run.asked > polls) {
      await run.over;
      run.status = run.end;
      run.runEnd ??= new Date().toISOString();
      run.durationInMs = Date.parse(run.runEnd) - Date.parse(run.runStart);
    } else if (run.asked > 1 || polls === 1) {
      run.status = "InProgress";
    }
    return { status: 200, body: shown(run) };
  }

  const shown = ({ runId, pipelineName, parameters, status, message, runStart,
    runEnd, durationInMs }) => ({ runId, pipelineName, parameters, status,
    message, runStart, runEnd, durationInMs, isLatest: true });

  // Filters: by the pipeline's name, and by when a run was last changed.
  function query({ lastUpdatedAfter, lastUpdatedBefore, filters = [] }) {
    const from = Date.parse(lastUpdatedAfter);
    const to = Date.parse(lastUpdatedBefore);
    const known = filters.every((f) => f.operand === "PipelineName" &&
      f.operator === "Equals" && Array.isArray(f.values));
    if (!(from < to) || !known) return refusal(400, "BadRequest");
    const value = [...ws.runs.values()].filter((r) => {
      const at = Date.parse(r.runEnd ?? r.runStart);
      return at >= from && at < to &&
        filters.every((f) => f.values.includes(r.pipelineName));
    });
    return { status: 200, body: { value: value.map(shown) } };
  }

  function activities(name, runId) {
    const run = ws.runs.get(runId);
    if (!run || run.pipelineName !== name)
      return refusal(404, "PipelineRunNotFound");
    return { status: 200, body: { value: run.end ? [{ pipelineName: name,
      pipelineRunId: runId, activityName: "Load", activityType: "Copy",
      activityRunId: randomUUID(), status: run.end, output: run.output ?? {},
      error: { message: run.message } }] : [] } };
  }

  const bodyOf = (text) => {
    try {
      return JSON.parse(text);
    } catch {
      return {};
    }
  };

  async function serve(q) {
    if (q.headers.authorization !== `Bearer ${ws.token}`)
      return refusal(401, "AuthenticationFailed");
    if (q.query.get("api-version") !== VERSION)
      return refusal(400, "InvalidApiVersionParameter");
    if (q.op === "create") return create(q.name, q.body);
    if (q.op === "look") return look(q.name);
    if (q.op === "query") return query(bodyOf(q.body));
    if (q.op === "activities") return activities(...q.name.split("/"));
    return refusal(404, "NotFound");
  }

  const operation = (method, path) => {
    const made = /^\/pipelines\/([^/]+)\/createRun$/.exec(path);
    if (method === "POST" && made) return ["create", made[1]];
    if (method === "POST" && path === "/queryPipelineRuns")
      return ["query", ""];
    const acts = new RegExp("^/pipelines/([^/]+)/pipelineruns/([^/]+)/" +
      "queryActivityruns$").exec(path);
    if (method === "POST" && acts)
      return ["activities", `${acts[1]}/${acts[2]}`];
    const seen = /^\/pipelineruns\/([^/]+)$/.exec(path);
    return method === "GET" && seen ? ["look", seen[1]] : ["other", path];
  };

  const listener = https.createServer({ cert: readFileSync(files.cert),
    key: readFileSync(files.key) }, (req, res) => {
    const parts = [];
    req.on("data", (d) => parts.push(d));
    req.on("end", async () => {
      const url = new URL(req.url, "https://x");
      const [op, name] = operation(req.method, url.pathname);
      const n = ws.count[op] = (ws.count[op] ?? 0) + 1;
      const q = { op, n, name: decodeURIComponent(name), query:
        url.searchParams, headers: req.headers,
      body: Buffer.concat(parts).toString() };
      const deed = ws.rule(q) ?? {};
      if (deed.lose) return req.socket.destroy();
      const answer = deed.answer ?? await serve(q);
      ws.log.push({ op, name: q.name, status: answer.status });
      if (deed.drop) return req.socket.destroy();
      const body = typeof answer.body === "string" ? answer.body :
        JSON.stringify(answer.body ?? "");
      res.writeHead(answer.status, { "content-type": "application/json",
        "content-length": Buffer.byteLength(body), ...answer.headers });
      return res.end(body);
    });
  });
  await new Promise((ready) => listener.listen(0, "127.0.0.1", ready));
  ws.port = listener.address().port;
  ws.url = `https://127.0.0.1:${ws.port}`;
  ws.stop = () => new Promise((end) => {
    listener.close(end);
    listener.closeAllConnections();
  });
  cleanup(() => listener.listening && ws.stop());
  return ws;
}
