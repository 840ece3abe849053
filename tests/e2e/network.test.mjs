// tests/e2e/network.test.mjs: connections that break, stall, lie or babble.
// Whatever the network does, a run ends in time, and what it shows is whole.

import net from "node:net";
import { assert, sleep, test } from "../lib/harness.mjs";
import { startAzurite } from "../lib/azurite.mjs";
import { created, startProxy } from "../lib/proxy.mjs";
import { compose, startRelay } from "../lib/wire.mjs";
import { azureReader, checkStore, childCpu, countsUp, makeJob, nothingThere,
  onlyRun, quick, series } from "../lib/job.mjs";

const az = await startAzurite({ tls: false });
const proxy = await startProxy({ to: az });
const cuts = process.env.SWEEP === "full" ? 64 : 10; // in one direction
let containers = 0;

async function setup(options = {}) {
  const container = `network${++containers}`;
  await az.createContainer(container);
  proxy.forget();
  const port = options.port ?? proxy.port;
  const sas = az.sas(container);
  const job = makeJob({
    query: series(options.rows ?? 10, options.width ?? 0),
    tls: { ca: proxy.ca },
    auth: { kind: "sas", token: "${RUNNEL_TEST_SAS}" },
    env: { RUNNEL_TEST_SAS: sas },
    secrets: [new URLSearchParams(sas).get("sig")],
    file: { header: false },
    store: { url: `https://127.0.0.1:${port}/${az.account}/${container}`,
      block: "32K", ...quick, ...options.store },
  });
  return { job, container, reader: azureReader(az, container) };
}

async function survives(rule, options) {
  const s = await setup(options);
  proxy.rule = rule;
  const r = await s.job.done();
  countsUp(await onlyRun(s.reader), options?.rows ?? 10);
  return { ...s, r };
}

async function fails(rule, code, words, options) {
  const s = await setup(options);
  proxy.rule = rule;
  const r = await s.job.fails(code, words);
  assert(r.seconds < 10, `it took ${r.seconds} s`);
  proxy.rule = () => undefined;
  const runs = await checkStore(s.reader);
  assert.equal(runs.length, 0, "a failed run looks finished");
  return { ...s, r };
}

// ------------------------------------------------------------ no connection

test("a refused connection ends with exit code 75 and names the host",
  async () => {
    const server = net.createServer();
    await new Promise((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address();
    await new Promise((done) => server.close(done));
    const s = await setup({ port });
    const r = await s.job.fails(75, /127\.0\.0\.1/);
    assert(r.seconds < 5, `${r.seconds} s`);
  });

test("a host that accepts and then says nothing ends within the timeouts",
  async () => {
    const relay = await startRelay({ to: proxy.port,
      plan: () => ({ silent: true }) });
    const s = await setup({ port: relay.port,
      store: { connect_timeout: "500ms" } });
    const r = await s.job.fails(75);
    assert(r.seconds < 6, `${r.seconds} s`);
  });

test("a host that answers no packet ends within connect_timeout", async () => {
  // A backlog that is full answers no more handshakes.
  const server = net.createServer();
  await new Promise((done) => server.listen({ port: 0, host: "127.0.0.1",
    backlog: 1 }, done));
  server._handle.onconnection = () => {};
  const { port } = server.address();
  const fill = [];
  for (let i = 0; i < 8; i++) {
    const c = net.connect(port, "127.0.0.1");
    c.on("error", () => {});
    fill.push(c);
  }
  await sleep(100);
  const s = await setup({ port, store: { connect_timeout: "500ms",
    retry_for: "500ms" } });
  try {
    const r = await s.job.fails(75);
    assert(r.seconds < 6, `${r.seconds} s`);
  } finally {
    for (const c of fill) c.destroy();
    server.close();
  }
});

test("a name that does not exist ends with exit code 75 and is named",
  async () => {
    const s = await setup();
    const r = await s.job.fails(undefined, /no-such-host\.invalid/, ["--set",
      "store.url=https://no-such-host.invalid/account/container"]);
    assert([4, 75].includes(r.code), r.where);
    assert(r.seconds < 10, `${r.seconds} s`);
  });

test("plain HTTP where TLS was meant is an error that says so, not a wait",
  async () => {
    const server = net.createServer((c) => {
      c.on("error", () => {});
      c.once("data", () => c.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    });
    await new Promise((done) => server.listen(0, "127.0.0.1", done));
    const s = await setup({ port: server.address().port });
    const r = await s.job.fails(4, /TLS|SSL/);
    assert(r.seconds < 3, `${r.seconds} s`);
    await new Promise((done) => server.close(done));
  });

// --------------------------------------------------------------- cut links

for (const how of ["reset", "fin"])
  test(`a link cut (${how}) at any byte of a request or an answer loses and ` +
    "doubles nothing", { timeout: 180 }, async () => {
    const relay = await startRelay({ to: proxy.port });
    const s = await setup({ port: relay.port, rows: 10,
      store: { retry_for: "20s", connections: 1 } });
    // How much goes each way when nothing is cut.
    await s.job.done();
    const up = relay.seen.reduce((n, c) => n + c.up, 0);
    const down = relay.seen.reduce((n, c) => n + c.down, 0);
    let runs = 1;
    for (const [key, all] of [["up", up], ["down", down]])
      for (let at = 1; at < all; at += Math.max(1, Math.floor(all / cuts))) {
        relay.forget();
        relay.plan = (n) => (n === 1 ? { [key]: at, how } : undefined);
        const r = await s.job.run();
        // Before the handshake is done a cut may be taken for a refusal.
        assert([0, 75].includes(r.code), `${key} ${at}: ${r.where}`);
        if (r.code === 0) runs++;
        const found = await checkStore(s.reader);
        assert.equal(found.length, runs, `${key} at ${at}`);
        assert.deepEqual([...found.strays], [], `${key} at ${at}`);
      }
    (await checkStore(s.reader)).forEach((run) => countsUp(run, 10));
    console.log(`cut ${cuts} times each way (SWEEP=full: 64)`);
  });

test("links that break all the time end the run with exit code 75",
  async () => {
    const relay = await startRelay({ to: proxy.port,
      plan: () => ({ up: 3000, how: "reset" }) });
    const s = await setup({ port: relay.port, rows: 5000, width: 90 });
    await s.job.fails(75);
    assert.equal((await checkStore(s.reader)).length, 0);
  });

test("a large file arrives over links that break every 100,000 bytes",
  async () => {
    const relay = await startRelay({ to: proxy.port,
      plan: () => ({ up: 100000, how: "reset" }) });
    const s = await setup({ port: relay.port, rows: 20000, width: 90,
      store: { retry_for: "20s", block: "16K" } });
    await s.job.done();
    countsUp(await onlyRun(s.reader), 20000);
    assert(relay.seen.length > 10, `${relay.seen.length} connections`);
  });

// ------------------------------------------------------------- keep-alive

test("an idle connection that was closed costs no retry", async () => {
  const { r } = await survives((q) => q.n % 2 === 0 && { closeAfter: 0 },
    { rows: 5000, width: 90 });
  assert.equal(r.json.retries, 0, r.where);
});

test("a connection that breaks while idle costs no row", async () => {
  for (const then of ["reset", "cut"])
    await survives((q) => q.n % 2 === 0 && { then, wait: 1 },
      { rows: 5000, width: 90, store: { retry_for: "20s" } });
});

test("a service that closes after every answer only costs connections",
  async () => {
    await survives(() => ({ edit: (a) => ({ ...a, headers: { ...a.headers,
      Connection: "close" } }), then: "end", wait: 0 }),
    { rows: 3000, width: 90 });
  });

// ------------------------------------------------------------------ stalls

test("an answer that drips in byte by byte is cut off by the time for a " +
  "request", async () => {
  const store = { timeout: "700ms", request_timeout: "1s", retry_for: "500ms" };
  const { r } = await fails((q) => q.op === "stage" && { drip: 200 }, 75,
    undefined, { rows: 3000, width: 90, store });
  assert(r.seconds < 8, `${r.seconds} s`);
  // What was published by such a request is found by asking.
  await survives((q) => q.op === "put" && q.n === 1 && { drip: 200 },
    { store });
});

test("a slow answer that makes progress is waited for", async () => {
  await survives((q) => q.op === "head" && q.n === 1 && { delay: 600 });
});

test("no answer at all is a lost link after `timeout`", async () => {
  const { r } = await fails((q) => q.method === "PUT" && { silent: true }, 75,
    undefined, { store: { timeout: "400ms", retry_for: "500ms" } });
  assert(r.seconds < 6, `${r.seconds} s`);
});

test("a service that stops reading is a lost link, and waiting for it takes " +
  "no processor", async () => {
  const before = childCpu();
  const { r } = await fails((q) => q.op === "stage" && { deaf: true }, 75,
    undefined, { rows: 60000, width: 90, store: { block: "128K",
      connections: 1, timeout: "1500ms", retry_for: "1s" } });
  assert(r.seconds > 1.2 && r.seconds < 9, `${r.seconds} s`);
  assert(childCpu() - before < 1, "busy waiting");
});

// ------------------------------------------------------------- bad answers

const good = (more = "") => "HTTP/1.1 201 Created\r\nx-ms-version: 1\r\n" +
  "x-ms-request-id: 1-1\r\n" + more;

const bad = [
  ["garbage instead of an answer", "\u0000\u0001garbage\r\n\r\n"],
  ["another protocol's greeting", "220 mail.example.com ESMTP\r\n\r\n"],
  ["HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["a header of a megabyte", good("x: " + "a".repeat(1 << 20))],
  ["10,000 headers", good("x-a: b\r\n".repeat(10000)) +
    "Content-Length: 0\r\n\r\n"],
  ["two lengths that differ", good("Content-Length: 0\r\n" +
    "Content-Length: 5\r\n\r\nhello")],
  ["length and chunks together", good("Content-Length: 5\r\n" +
    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")],
  ["a negative length", good("Content-Length: -1\r\n\r\n")],
  ["a length that overflows",
    good("Content-Length: 18446744073709551616\r\n\r\n")],
  ["a NUL in a header", good("x-a: b\u0000c\r\nContent-Length: 0\r\n\r\n")],
  ["a chunk of ffffffffffffffff bytes",
    good("Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx")],
  ["a chunk size that is no number",
    good("Transfer-Encoding: chunked\r\n\r\nhello\r\n\r\n")],
  ["a status of four digits", "HTTP/1.1 2010 Created\r\n\r\n"],
  ["a status of 99", "HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n"],
  ["101 Switching Protocols", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"],
];

for (const [what, bytes] of bad)
  test(`${what} is an error and never success`, async () => {
    const { r, reader } = await fails((q) => q.method === "PUT" &&
      { raw: Buffer.from(bytes, "latin1"), then: "end", wait: 50 }, undefined,
    undefined, { store: { retry_for: "200ms" } });
    assert([4, 75].includes(r.code), r.where);
    await nothingThere(reader);
  });

test("a body shorter than its length is an error and never success",
  async () => {
    const { r } = await fails((q) => q.method === "PUT" && { raw: Buffer.from(
      good("Content-Length: 100\r\n\r\nshort")), then: "end" }, undefined,
    undefined, { store: { retry_for: "200ms" } });
    assert([4, 75].includes(r.code));
  });

test("bytes after an answer are never taken for the next one", async () => {
  // The second answer on the same connection would say yes to a block that
  // was never stored.
  await survives((q) => q.op === "stage" && q.n === 2 && { edit: (a) =>
    Buffer.concat([compose(a), compose(created())]) },
  { rows: 5000, width: 90, store: { connections: 1, retry_for: "20s" } });
});

test("interim answers are skipped, and a flood of them is an error",
  async () => {
    const interim = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";
    await survives((q) => q.method === "PUT" && { edit: (a) =>
      Buffer.concat([Buffer.from(interim + interim), compose(a)]) });
    const { r } = await fails((q) => q.method === "PUT" && { raw:
      Buffer.from(interim.repeat(20000)), then: "end", wait: 500 }, undefined,
    undefined, { store: { retry_for: "200ms" } });
    assert([4, 75].includes(r.code), r.where);
  });

test("a refusal that comes before the block was sent is heard", async () => {
  const { r } = await fails((q) => q.op === "stage" && { early: {
    status: 403, headers: { "x-ms-version": "1", "x-ms-request-id": "1-1",
      "x-ms-error-code": "AuthorizationFailure" } } }, undefined, undefined,
  { rows: 60000, width: 90, store: { block: "112K", retry_for: "500ms" } });
  assert.equal(r.code, 4, r.where);
});

test("answers in chunks are read like any other", async () => {
  await survives((q) => q.method === "PUT" && { edit: (a) => {
    const headers = { ...a.headers, "Transfer-Encoding": "chunked" };
    delete headers["content-length"];
    return compose({ ...a, headers, length: false, body: "0\r\n\r\n" });
  } });
});
