// tests/board/tap.test.mjs: port/lwip on the host over a tap device, under the
// sanitizers. Run by tests/board/tap.sh, in a network namespace of its own: so
// it can be name server and time server as well.

import dgram from "node:dgram";
import net from "node:net";
import { assert, cleanup, test } from "../lib/harness.mjs";
import { startAzurite } from "../lib/azurite.mjs";
import { makeTap, NAME } from "../lib/board.mjs";
import { azureReader } from "../lib/job.mjs";
import { sameAvro, sameParquet } from "../lib/columnar.mjs";
import { demoTable, sameText } from "../lib/demo.mjs";
import { boardJob, fetchRun, startPeer } from "./board_kit.mjs";

// What listens on the loopback listens at the device too, each end and reset
// of a connection passed on.
function forward(port) {
  const server = net.createServer({ allowHalfOpen: true }, (a) => {
    const b = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    for (const [from, to] of [[a, b], [b, a]]) {
      from.pipe(to);
      from.on("error", () => to.resetAndDestroy());
    }
  });
  cleanup(() => server.close());
  return new Promise((done) => server.listen(port, "10.0.2.2", done));
}

const az = await startAzurite({
  rsa: true, certificate: { names: [`DNS:${NAME}`, "IP:127.0.0.1"] } });
await forward(az.port);
let containers = 0;

async function setup(file, { host = { name: NAME, address: "10.0.2.2" },
  ...more }) {
  const container = `tap${++containers}`;
  await az.createContainer(container);
  const board = makeTap({ roots: [az.ca], host });
  board.job(boardJob({ az, container, file, ...more }));
  return { board, reader: azureReader(az, container) };
}

async function exports(file, args, check, options = {}) {
  const s = await setup(file, options);
  const r = await s.board.run("all", { args });
  assert.equal(r.code, 0, `${r.stdout}${r.stderr}`);
  const e = await fetchRun(s.reader);
  await check(e, demoTable(Number(args.rows), Number(args.columns)));
  return r;
}

const sanitized = (r) => assert(!/Sanitizer|runtime error/.test(r.stderr),
  r.stderr);

test("every promise of the port holds on the tap device", async () => {
  const ports = await startPeer();
  for (const [name, port] of Object.entries(ports))
    if (name !== "refuse") await forward(Number(port));
  const r = await makeTap({}).run("contract", { args: { ...ports,
    peer: "10.0.2.2", stranger: "no-such-host.invalid" }, timeout: 100 });
  sanitized(r);
  assert.equal(r.code, 0, `${r.stdout}${r.stderr}`);
  assert.match(r.stdout, /^\d+ passed, 0 failed, \d+ skipped$/m);
});

test("every format through TLS, under the sanitizers", async () => {
  const args = { rows: 500, columns: 20 };
  sanitized(await exports({ format: "csv" }, args,
    (e, t) => sameText(e.files[0].path, t, "csv")));
  sanitized(await exports({ format: "json", compression: "gzip" }, args,
    (e, t) => sameText(e.files[0].path, t, "json")));
  sanitized(await exports({ format: "parquet", compression: "gzip" }, args,
    sameParquet));
  sanitized(await exports({ format: "avro", compression: "deflate" }, args,
    sameAvro));
});

// One question at a time: the name's address is 10.0.2.2, no other is known.
function startDns() {
  const asked = [];
  const socket = dgram.createSocket("udp4");
  socket.on("message", (q, from) => {
    let at = 12;
    const labels = [];
    for (; q[at] !== 0; at += q[at] + 1)
      labels.push(q.toString("latin1", at + 1, at + 1 + q[at]));
    const name = labels.join(".");
    asked.push(name);
    const known = name.toLowerCase() === NAME;
    const answer = Buffer.concat([q.subarray(0, at + 5), known ?
      Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 2, 2]) :
      Buffer.alloc(0)]);
    answer.writeUInt16BE(known ? 0x8180 : 0x8183, 2);
    answer.writeUInt16BE(known ? 1 : 0, 6);
    socket.send(answer, from.port, from.address);
  });
  cleanup(() => socket.close());
  return new Promise((done) => socket.bind(53, "10.0.2.2",
    () => done({ asked })));
}

// RFC 4330: the question's time comes back as the origin.
function startTime(shift = 0) {
  const seen = { n: 0 };
  const socket = dgram.createSocket("udp4");
  socket.on("message", (q, from) => {
    seen.n++;
    const a = Buffer.alloc(48);
    a[0] = 4 << 3 | 4;
    a[1] = 1;
    q.copy(a, 24, 40, 48);
    const now = Date.now() / 1000 + 2208988800 + shift;
    for (const at of [32, 40]) {
      a.writeUInt32BE(Math.floor(now) % 2 ** 32, at);
      a.writeUInt32BE(Math.floor(now % 1 * 2 ** 32), at + 4);
    }
    socket.send(a, from.port, from.address);
  });
  cleanup(() => socket.close());
  return new Promise((done) => socket.bind(123, "10.0.2.2",
    () => done(seen)));
}

test("a board without a clock asks a time server, and one for names",
  async () => {
    const dns = await startDns();
    const time = await startTime();
    await exports({ format: "csv" },
      { rows: 50, columns: 8, dns: "10.0.2.2", time: "10.0.2.2" },
      (e, t) => sameText(e.files[0].path, t, "csv"), { host: null });
    assert(dns.asked.includes(NAME), "the name server was asked");
    assert(time.n > 0, "the time server was asked");
  });

test("a time server that is wrong by years makes certificates invalid",
  async () => {
    await startTime(40 * 365 * 86400);
    const s = await setup({ format: "csv" }, { hours: 24 * 366 * 50 });
    const r = await s.board.run("all",
      { args: { rows: 5, columns: 8, time: "10.0.2.2" } });
    assert.notEqual(r.code, 0);
    assert.match(r.error, /certificate expired on 20\d\d-/);
  });

test("a name that no server knows ends with 75 and says so", async () => {
  await startDns();
  const s = await setup({ format: "csv" }, { host: null });
  s.board.job(boardJob({ az, container: "tap1", file: { format: "csv" },
    host: "devstoreaccount1.blob.nowhere.test" }));
  const r = await s.board.run("all",
    { args: { rows: 5, columns: 8, dns: "10.0.2.2" } });
  assert.equal(r.code, 75, r.stdout);
  assert.match(r.error, /name is not known/);
});
