// tests/lib/proxy.mjs: what stands between the agent and Azurite and does what
// networks, proxies and busy services do.
//
//   const proxy = await startProxy({ to: az, tls: certificate });
//   proxy.rule = (q) => q.op === "commit" && q.n === 1 && { drop: "reset" };
//
// A request q: { op, n, nth, name, method, path, query, headers, body } where
// op is stage, commit, put, head or delete, n counts the requests of that kind
// and nth those of the connection, from 1. A rule gives nothing (forward it) or
// one of these deeds:
//
//   { answer: { status, headers, body } }   say that; nothing is forwarded
//   { raw: bytes, then: "end" | "reset" | "cut" }   say these very bytes
//   { forge: bytes }     send these below TLS, then FIN; nothing is forwarded
//   { drop: "reset" | "end" }               forward, then no answer
//   { lose: "reset" | "end" }               not even forwarded
//   { late: ms }         drop the connection now, forward that much later
//   { swallow: true }    answer 201 like the service, and forward nothing
//   { edit(answer) }     forward, and change the answer: it returns an answer
//                        or bytes
//   { drip: ms }         forward, and answer one byte at a time
//   { delay: ms }        forward and answer, only later
//   { silent: true }     never answer
//   { deaf: true }       stop reading the request
//   { early: answer }    answer before the body has come, then close
//   { closeAfter: ms }   forward and answer, then close the idle connection
//   { then: "end" | "reset" | "cut", wait: ms }   the same, or break it

import http from "node:http";
import https from "node:https";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cleanup, sleep } from "./harness.mjs";
import { makeCertificate } from "./azurite.mjs";
import { compose, serve } from "./wire.mjs";

export function operation(q) {
  const comp = q.query.get("comp");
  if (q.method === "PUT")
    return { block: "stage", blocklist: "commit" }[comp] ??
      (comp ? "other" : "put");
  return { HEAD: "head", DELETE: "delete" }[q.method] ?? "other";
}

// What the service itself would say to a write, without having done it.
export const created = (headers = {}) => ({
  status: 201,
  reason: "Created",
  headers: {
    "x-ms-version": "2021-12-02",
    "x-ms-request-id": "00000000-0000-0000-0000-000000000001",
    date: new Date().toUTCString(),
    etag: "\"0x8D00000000000001\"",
    ...headers,
  },
});

// What the service says when it refuses.
export const refusal = (status, code, headers = {}) => ({
  status,
  headers: {
    "x-ms-version": "2021-12-02",
    "x-ms-request-id": "00000000-0000-0000-0000-000000000002",
    ...(code ? { "x-ms-error-code": code } : {}),
    "content-type": "application/xml",
    ...headers,
  },
  body: "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>" +
    `${code ?? "Other"}</Code><Message>As the test wants it.</Message></Error>`,
});

export async function startProxy({ to, tls = true }) {
  const dir = mkdtempSync(join(tmpdir(), "runnel-proxy-"));
  cleanup(() => rmSync(dir, { recursive: true, force: true }));
  const files = tls === true ? makeCertificate(dir) : tls;
  const client = to.url.startsWith("https:") ? https : http;
  const agent = new client.Agent({ keepAlive: true, maxSockets: 16 });
  cleanup(() => agent.destroy());
  const proxy = {
    rule: () => undefined,
    // Each request in the order in which it came: { op, name, status }.
    log: [],
    count: {},
    inFlight: 0,
    most: 0,
    bytes: 0,
    problems: [],
    forget() {
      proxy.log = [];
      proxy.count = {};
      proxy.most = 0;
      proxy.bytes = 0;
      proxy.rule = () => undefined;
    },
  };

  const forward = (q) => new Promise((done, fail) => {
    const headers = { ...q.headers };
    delete headers.expect;
    const r = client.request({
      host: "127.0.0.1", port: to.port, method: q.method, path: q.target,
      headers, agent, rejectUnauthorized: false,
    }, (res) => {
      const parts = [];
      res.on("data", (d) => parts.push(d));
      res.on("error", fail);
      res.on("end", () => {
        const h = {};
        for (let i = 0; i < res.rawHeaders.length; i += 2) {
          const name = res.rawHeaders[i];
          // How the emulator framed it is its own affair.
          if (!/^(transfer-encoding|connection|keep-alive)$/i.test(name))
            h[name] = res.rawHeaders[i + 1];
        }
        done({ status: res.statusCode, reason: res.statusMessage, headers: h,
          body: Buffer.concat(parts) });
      });
    });
    r.on("error", fail);
    r.end(q.body);
  });

  const finish = (c, how) => ({ end: () => c.end(), cut: () => c.cut() }[how] ??
    (() => c.reset()))();

  function number(q) {
    q.op = operation(q);
    q.n = proxy.count[q.op] = (proxy.count[q.op] ?? 0) + 1;
    q.name = decodeURIComponent(q.path);
    q.entry = { op: q.op, n: q.n, name: q.name, nth: q.nth };
    proxy.log.push(q.entry);
    proxy.inFlight++;
    proxy.most = Math.max(proxy.most, proxy.inFlight);
    return proxy.rule(q) || {};
  }

  function onHead(q, c) {
    q.deed = number(q);
    const d = q.deed;
    if (d.deaf) {
      c.stopReading();
      proxy.inFlight--;
      return true;
    }
    if (d.early) {
      c.send({ ...d.early, headers: { ...d.early.headers,
        connection: "close" } });
      proxy.inFlight--;
      // Read what still comes, or the reset that follows eats the answer.
      setTimeout(() => c.end(), 300);
      return true;
    }
    return undefined;
  }

  async function treat(q, c) {
    const d = q.deed;
    if (d.answer) return c.send(d.answer);
    if (d.raw) {
      c.write(d.raw);
      if (d.then) setTimeout(() => finish(c, d.then), d.wait ?? 20);
      return undefined;
    }
    if (d.forge) {
      c.forge(d.forge);
      setTimeout(() => c.cut(), 20);
      return undefined;
    }
    if (d.lose) return finish(c, d.lose);
    if (d.swallow) return c.send(created());
    if (d.silent) return undefined;
    if (d.late) {
      c.reset();
      proxy.pending = sleep(d.late).then(() => forward(q))
        .then((a) => (q.entry.status = a.status));
      return undefined;
    }
    const answer = await forward(q);
    q.entry.status = answer.status;
    if (d.drop) return finish(c, d.drop);
    if (d.delay) await sleep(d.delay);
    const edited = d.edit ? d.edit(answer) : answer;
    const bytes = Buffer.isBuffer(edited) ? edited : compose(edited);
    if (d.drip) return c.drip(bytes, d.drip);
    c.write(bytes);
    if (d.then) setTimeout(() => finish(c, d.then), d.wait ?? 20);
    if (d.closeAfter !== undefined) {
      await sleep(d.closeAfter);
      c.end();
    }
    return undefined;
  }

  const server = await serve({
    tls: files,
    onHead,
    async handler(q, c) {
      proxy.bytes += q.body.length;
      try {
        await treat(q, c);
      } finally {
        proxy.inFlight--;
      }
    },
  });

  const base = `${files ? "https" : "http"}://127.0.0.1:${server.port}`;
  return Object.assign(proxy, {
    port: server.port,
    ca: files?.ca,
    files,
    base,
    url: `${base}/${to.account}`,
    server,
    async stop() {
      agent.destroy();
      await server.stop();
    },
  });
}
