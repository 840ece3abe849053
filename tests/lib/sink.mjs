// tests/lib/sink.mjs: a blob service that remembers how much it was given and
// not what: for runs that are too large to keep. It is as strict about block
// lists as the service: known ids, of one width, 50,000 at most, and a name is
// never written twice under If-None-Match.
//
//   const sink = await startSink();
//   ... sink.url ...
//   sink.blob.get("/acct/c/a/b.csv")   // { length, blocks, first, last }

import { serve } from "./wire.mjs";
import { created, operation, refusal } from "./proxy.mjs";

// Of each end of a file so much is kept.
const EDGE = 4096;

export async function startSink({ tls } = {}) {
  const staged = new Map(); // name -> Map(id -> { length, first, last })
  const blob = new Map();
  const sink = { blob, staged, requests: 0, bytes: 0, most: 0, largestList: 0 };

  const edges = (body) => ({
    length: body.length,
    first: Buffer.from(body.subarray(0, EDGE)),
    last: Buffer.from(body.subarray(Math.max(0, body.length - EDGE))),
  });

  const meta = (q) => Object.fromEntries(Object.entries(q.headers)
    .filter(([k]) => k.startsWith("x-ms-meta-")));

  function commit(q) {
    const ids = [...q.body.toString().matchAll(
      /<Uncommitted>([^<]*)<\/Uncommitted>/g)].map((m) => m[1]);
    const own = staged.get(q.path) ?? new Map();
    sink.largestList = Math.max(sink.largestList, ids.length);
    if (/<(Latest|Committed)>/.test(q.body.toString()))
      return refusal(400, "InvalidInput");
    if (ids.length > 50000) return refusal(400, "BlockCountExceedsLimit");
    if (blob.has(q.path)) return refusal(409, "BlobAlreadyExists");
    if (!ids.length || new Set(ids).size !== ids.length ||
        !ids.every((id) => own.has(id)))
      return refusal(400, "InvalidBlockList");
    const parts = ids.map((id) => own.get(id));
    blob.set(q.path, {
      length: parts.reduce((n, p) => n + p.length, 0),
      blocks: parts.length,
      first: parts[0].first,
      last: parts.at(-1).last,
      meta: meta(q),
    });
    staged.delete(q.path);
    return created();
  }

  function stage(q) {
    if (q.body.length === 0) return refusal(400, "InvalidHeaderValue");
    if (!staged.has(q.path)) staged.set(q.path, new Map());
    staged.get(q.path).set(q.query.get("blockid"), edges(q.body));
    return created();
  }

  function answer(q) {
    switch (operation(q)) {
    case "stage": return stage(q);
    case "commit": return commit(q);
    case "put":
      if (blob.has(q.path)) return refusal(409, "BlobAlreadyExists");
      blob.set(q.path, { ...edges(q.body), blocks: 0, meta: meta(q),
        body: q.body.length < 1 << 20 ? Buffer.from(q.body) : undefined });
      return created();
    case "head": {
      const b = blob.get(q.path);
      return b ? { ...created({ ...b.meta, "content-length": b.length }),
        status: 200 } :
        { ...refusal(404, "BlobNotFound"), body: "", length: false };
    }
    case "delete":
      return blob.delete(q.path) ? { ...created(), status: 202 } :
        refusal(404, "BlobNotFound");
    default: return refusal(400, "UnsupportedHttpVerb");
    }
  }

  let inFlight = 0;
  const server = await serve({
    tls,
    onHead() {
      sink.most = Math.max(sink.most, ++inFlight);
    },
    handler(q, c) {
      inFlight--;
      sink.requests++;
      sink.bytes += q.body.length;
      c.send(answer(q));
    },
  });
  return Object.assign(sink, {
    port: server.port,
    url: `${tls ? "https" : "http"}://127.0.0.1:${server.port}/sinkaccount`,
    stop: server.stop,
  });
}
