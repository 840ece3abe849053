// tests/lib/wire.mjs: HTTP/1.1 on bare sockets, so that a test decides about
// every byte of an answer and about when and how a connection ends.
//
//   const server = await serve({ tls: { cert, key }, async handler(q, c) {
//     c.send({ status: 201, headers: { "x-ms-version": "1" } });
//   } });
//   ... server.port ...
//   await server.stop();
//
// A request q: { method, target, path, query, headers, head, body, nth } where
// nth counts the connection's requests from 1. `onHead(q, c)` is called before
// the body was read; what it returns that is not undefined is the whole
// treatment of that request, and nothing more is read from the connection.
//
// A connection c: send(answer), write(bytes), end() for FIN, reset() for RST,
// cut() for a FIN without TLS's goodbye, forge(bytes) for bytes that TLS knows
// nothing of, stopReading(), `closed`. server.files = { cert, key } is what new
// connections are shown.

import net from "node:net";
import tls from "node:tls";
import { readFileSync } from "node:fs";
import { cleanup, sleep } from "./harness.mjs";

const END = Buffer.from("\r\n\r\n");

export function parseHead(bytes) {
  const lines = bytes.toString("latin1").split("\r\n");
  const [method, target] = lines[0].split(" ");
  const headers = {};
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(":");
    if (colon > 0)
      headers[line.slice(0, colon).toLowerCase()] =
        line.slice(colon + 1).trim();
  }
  const [path, query = ""] = target.split("?");
  return { method, target, path, query: new URLSearchParams(query), headers,
    head: bytes };
}

// An answer as bytes: { status, reason, headers, body }. Content-Length is
// added unless the headers have one, or `length: false`.
export function compose(answer) {
  const { status, reason = "Said", headers = {}, length = true } = answer;
  const body = Buffer.from(answer.body ?? "");
  const known = Object.keys(headers).map((h) => h.toLowerCase());
  const lines = [`HTTP/1.1 ${status} ${reason}`];
  for (const [name, value] of Object.entries(headers))
    for (const one of [value].flat()) lines.push(`${name}: ${one}`);
  if (length && !known.includes("content-length") && status !== 204 &&
      status !== 304 && status >= 200)
    lines.push(`Content-Length: ${body.length}`);
  return Buffer.concat([Buffer.from(lines.join("\r\n") + "\r\n\r\n", "latin1"),
    body]);
}

class Connection {
  constructor(raw, socket) {
    this.raw = raw;
    this.socket = socket;
    this.closed = false;
    this.pieces = [];
    this.have = 0;
    this.wake = () => {};
    socket.on("data", (d) => {
      this.pieces.push(d);
      this.have += d.length;
      this.wake();
    });
    const gone = () => {
      this.closed = true;
      this.wake();
    };
    for (const s of new Set([raw, socket])) {
      s.on("close", gone);
      s.on("end", gone);
      s.on("error", gone);
    }
  }

  async more() {
    if (this.closed) return false;
    const before = this.have;
    await new Promise((done) => {
      this.wake = done;
    });
    return this.have > before;
  }

  all() {
    if (this.pieces.length > 1) this.pieces = [Buffer.concat(this.pieces)];
    return this.pieces[0] ?? Buffer.alloc(0);
  }

  take(n) {
    const all = this.all();
    this.pieces = n < all.length ? [all.subarray(n)] : [];
    this.have = all.length - n;
    return all.subarray(0, n);
  }

  async readHead() {
    for (;;) {
      const at = this.all().indexOf(END);
      if (at >= 0) {
        const head = Buffer.from(this.take(at));
        this.take(END.length);
        return head;
      }
      if (!(await this.more())) return null;
    }
  }

  async readBody(n) {
    while (this.have < n) if (!(await this.more())) return null;
    return Buffer.from(this.take(n));
  }

  write(bytes) {
    if (!this.closed && !this.socket.destroyed) this.socket.write(bytes);
  }

  send(answer) {
    this.write(compose(answer));
  }

  end() {
    this.socket.end();
    this.raw.end();
    this.closed = true;
  }

  reset() {
    this.closed = true;
    this.raw.resetAndDestroy();
    this.socket.destroy();
  }

  cut() {
    this.raw.end();
    this.closed = true;
  }

  forge(bytes) {
    this.raw.write(bytes);
  }

  stopReading() {
    this.socket.pause();
    this.raw.pause();
  }

  // One byte at a time, `ms` apart, until the other side has gone.
  async drip(bytes, ms) {
    for (let i = 0; i < bytes.length && !this.closed; i++) {
      this.write(bytes.subarray(i, i + 1));
      await sleep(ms);
    }
  }
}

async function converse(c, handler, onHead) {
  for (let nth = 1; ; nth++) {
    const head = await c.readHead();
    if (!head) return c.closed ? undefined : c.end();
    const q = { ...parseHead(head), nth };
    const early = onHead?.(q, c);
    if (early !== undefined) return early;
    if (/100-continue/i.test(q.headers.expect ?? ""))
      c.write("HTTP/1.1 100 Continue\r\n\r\n");
    q.body = await c.readBody(Number(q.headers["content-length"] ?? 0));
    if (!q.body) return undefined;
    await handler(q, c);
    if (c.closed) return undefined;
  }
}

export async function serve({ tls: files, port = 0, handler, onHead }) {
  const open = new Set();
  const problems = [];
  // It is to show even a certificate that openssl itself would not.
  const load = ({ cert, key, options }) => tls.createSecureContext({
    cert: readFileSync(cert), key: readFileSync(key),
    ciphers: "DEFAULT:@SECLEVEL=0", ...options });
  let context = files && load(files);
  let accepted = 0;
  const server = net.createServer({ noDelay: true }, (raw) => {
    accepted++;
    open.add(raw);
    raw.on("close", () => open.delete(raw));
    raw.on("error", () => {});
    const socket = context ?
      new tls.TLSSocket(raw, { isServer: true, secureContext: context }) : raw;
    socket.on("error", () => {});
    const c = new Connection(raw, socket);
    converse(c, handler, onHead).catch((e) => {
      problems.push(e);
      c.reset();
    });
  });
  await new Promise((done, fail) => {
    server.once("error", fail);
    server.listen(port, "127.0.0.1", done);
  });
  let stopped = false;
  const stop = async () => {
    if (stopped) return;
    stopped = true;
    const closed = new Promise((done) => server.close(done));
    for (const s of open) s.destroy();
    await closed;
    if (problems.length) throw problems[0];
  };
  cleanup(stop);
  return {
    port: server.address().port,
    get accepted() { return accepted; },
    get open() { return open.size; },
    set files(next) { context = load(next); },
    stop,
  };
}

// A TCP relay that looks at no bytes but counts them.
//
// plan(connection number, from 1) -> undefined or
//   { up: n, down: n, how: "reset" | "fin" }   end both sides at that byte
//   { silent: true }                           accept, and never answer
export async function startRelay({ to, plan = () => undefined }) {
  const open = new Set();
  const seen = [];
  const server = net.createServer({ noDelay: true }, (client) => {
    const deed = plan(seen.length + 1) ?? {};
    const record = { up: 0, down: 0, cut: false };
    seen.push(record);
    open.add(client);
    client.on("error", () => {});
    client.on("close", () => open.delete(client));
    if (deed.silent) return;
    const far = net.connect({ port: to, host: "127.0.0.1", noDelay: true });
    open.add(far);
    far.on("error", () => client.destroy());
    far.on("close", () => {
      open.delete(far);
      client.end();
    });
    client.on("close", () => far.destroy());
    const cut = () => {
      record.cut = true;
      far.destroy();
      if (deed.how === "fin") client.end();
      else client.resetAndDestroy();
    };
    const pipe = (from, into, key) => from.on("data", (d) => {
      if (record.cut) return;
      const room = (deed[key] ?? Infinity) - record[key];
      record[key] += Math.min(d.length, room);
      if (d.length < room) {
        into.write(d);
        return;
      }
      into.write(d.subarray(0, room), () => cut());
    });
    pipe(client, far, "up");
    pipe(far, client, "down");
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  let stopped = false;
  const stop = async () => {
    if (stopped) return;
    stopped = true;
    const closed = new Promise((done) => server.close(done));
    for (const s of open) s.destroy();
    await closed;
  };
  cleanup(stop);
  return {
    port: server.address().port,
    seen,
    set plan(fn) { plan = fn; },
    forget() { seen.length = 0; },
    stop,
  };
}
