// tests/lib/lakehouse_tds_wire.mjs: the server's half of TDS 7.2 to 7.4, as
// FreeTDS and tedious speak it ([MS-TDS]): packets, PRELOGIN with TLS inside,
// LOGIN7, batches, the few calls that a driver makes of SQL text, transactions
// and attention. It knows no SQL: what a batch means is its handler's affair.
//
//   const tds = await listenTds({ tls, encryption: "required", open });
//   ... tds.port ... await tds.close();
//
// open(login) -> session, or { error } when the login is refused; login has
// user, password, database, application, host. A session has
//
//   batch(text, answer)         answer: class Answer, below
//   transaction("begin" | "commit" | "rollback", answer)
//   cancel()                    attention, or the connection is gone
//   close()
//   database                    its name

import net from "node:net";
import tls from "node:tls";
import { Duplex } from "node:stream";

const PRELOGIN = 0x12;
const REPLY = 0x04;
const LOGIN7 = 0x10;
const BATCH = 0x01;
const RPC = 0x03;
const ATTENTION = 0x06;
const MANAGER = 0x0e;

const ENCRYPT = { off: 0, on: 1, none: 2, required: 3 };

// SQL_Latin1_General_CP1_CI_AS, what a dedicated pool has by default.
const COLLATION = Buffer.from([0x09, 0x04, 0xd0, 0x00, 0x34]);

// ------------------------------------------------------------ small writers

const ucs2 = (text) => Buffer.from(text, "utf16le");
const u8 = (n) => Buffer.from([n]);
const u16 = (n) => { const b = Buffer.alloc(2); b.writeUInt16LE(n); return b; };
const u32 = (n) => {
  const b = Buffer.alloc(4);
  b.writeUInt32LE(n >>> 0);
  return b;
};
const u64 = (n) => {
  const b = Buffer.alloc(8);
  b.writeBigUInt64LE(BigInt.asUintN(64, BigInt(n)));
  return b;
};
const bText = (t) => Buffer.concat([u8(t.length), ucs2(t)]);
const usText = (t) => Buffer.concat([u16(t.length), ucs2(t)]);
const withLength = (token, body) =>
  Buffer.concat([u8(token), u16(body.length), body]);

// ------------------------------------------------------------------ tokens

const message = (token, m) => withLength(token, Buffer.concat([
  u32(m.number), u8(m.state ?? 1), u8(m.class ?? (token === 0xaa ? 16 : 0)),
  usText(m.message.slice(0, 4000)), bText(m.server ?? "runnel-synapse"),
  bText(""), u32(m.line ?? 1),
]));

const environment = (type, now, before) =>
  withLength(0xe3, Buffer.concat([u8(type), now, before]));

const done = (token, status, count) => Buffer.concat([
  u8(token), u16(status | (count === undefined ? 0 : 0x10)), u16(0xc1),
  u64(count ?? 0),
]);

// How a column's values travel: { info: TYPE_INFO, put(value) }. Values are
// what columns of that name below hold; null is NULL everywhere.
const TYPES = {
  int: { info: [0x26, 4], put: (v) => sized(4, (b) => b.writeInt32LE(v)) },
  bigint: {
    info: [0x26, 8],
    put: (v) => sized(8, (b) => b.writeBigInt64LE(BigInt(v))),
  },
  smallint: { info: [0x26, 2], put: (v) => sized(2, (b) => b.writeInt16LE(v)) },
  tinyint: { info: [0x26, 1], put: (v) => sized(1, (b) => b.writeUInt8(v)) },
  bit: { info: [0x68, 1], put: (v) => sized(1, (b) => b.writeUInt8(v ? 1 : 0)) },
  float: { info: [0x6d, 8], put: (v) => sized(8, (b) => b.writeDoubleLE(v)) },
  real: { info: [0x6d, 4], put: (v) => sized(4, (b) => b.writeFloatLE(v)) },
};

function sized(n, fill) {
  const b = Buffer.alloc(n + 1);
  b[0] = n;
  fill(b.subarray(1));
  return b;
}

const decimalBytes = (p) => p <= 9 ? 5 : p <= 19 ? 9 : p <= 28 ? 13 : 17;

// v: the decimal's text, "-12.30"
function putDecimal(v, column) {
  const size = decimalBytes(column.precision);
  const [, sign, whole, part = ""] = /^(-?)(\d*)\.?(\d*)$/.exec(v);
  let n = BigInt(whole + part.slice(0, column.scale).padEnd(column.scale, "0"));
  const b = Buffer.alloc(size + 1);
  b[0] = size;
  b[1] = sign ? 0 : 1;
  for (let i = 2; i <= size; i++, n >>= 8n) b[i] = Number(n & 0xffn);
  return b;
}

const plp = (bytes) => Buffer.concat(bytes.length === 0 ?
  [u64(0), u32(0)] : [u64(bytes.length), u32(bytes.length), bytes, u32(0)]);

// A column: { name, type, precision, scale, max } where type is one of TYPES,
// decimal, nvarchar or varbinary; max: values may be longer than 8000 bytes.
function codec(c) {
  if (TYPES[c.type])
    return { info: Buffer.from(TYPES[c.type].info), put: TYPES[c.type].put,
      null: u8(0) };
  if (c.type === "decimal")
    return {
      info: Buffer.from([0x6a, decimalBytes(c.precision), c.precision, c.scale]),
      put: (v) => putDecimal(v, c), null: u8(0),
    };
  const text = c.type === "nvarchar";
  const bytes = (v) => text ? ucs2(v) : v;
  const info = [u8(text ? 0xe7 : 0xa5), u16(c.max ? 0xffff : 8000)];
  if (text) info.push(COLLATION);
  return {
    info: Buffer.concat(info),
    put: (v) => c.max ? plp(bytes(v)) :
      Buffer.concat([u16(bytes(v).length), bytes(v)]),
    null: c.max ? u64(-1n) : u16(0xffff),
  };
}

// ------------------------------------------------------------------ answer

// What a session says to one request. Nothing is complete without end().
export class Answer {
  constructor(send, procedure) {
    this.send = send;
    this.procedure = procedure; // inside of an RPC
    this.failed = false;
    this.parts = [];
  }

  put(bytes) {
    this.parts.push(bytes);
    this.size = (this.size ?? 0) + bytes.length;
    if (this.size > 1 << 16) this.flush(false);
  }

  flush(last) {
    this.send(Buffer.concat(this.parts), last);
    this.parts = [];
    this.size = 0;
  }

  // e: { number, state, class, message, line }
  error(e) {
    this.failed = true;
    this.put(message(0xaa, e));
  }

  info(m) { this.put(message(0xab, m)); }

  database(now, before) {
    this.put(environment(1, bText(now), bText(before)));
  }

  // kind: begin, commit or rollback; id: of the transaction, a bigint
  transaction(kind, id) {
    const eight = Buffer.concat([u8(8), u64(id)]);
    this.put(kind === "begin" ? environment(8, eight, u8(0)) :
      environment(kind === "commit" ? 9 : 10, u8(0), eight));
  }

  columns(list) {
    this.list = list.map((c) => ({ ...c, codec: codec(c) }));
    this.put(Buffer.concat([u8(0x81), u16(list.length), ...this.list.map((c) =>
      Buffer.concat([u32(0), u16(0x09), c.codec.info, bText(c.name)]))]));
  }

  row(values) {
    this.put(Buffer.concat([u8(0xd1), ...this.list.map((c, i) =>
      values[i] === null ? c.codec.null : c.codec.put(values[i]))]));
  }

  // A statement's end: how many rows, if it counts any.
  done(count, more = false, failed = false) {
    this.put(done(this.procedure ? 0xff : 0xfd,
      (more || this.procedure ? 1 : 0) | (failed ? 2 : 0), count));
  }

  // The end of everything; handle: of what an RPC has prepared.
  end(handle) {
    if (this.procedure) {
      this.put(Buffer.concat([u8(0x79), u32(this.failed ? 1 : 0)]));
      if (handle !== undefined)
        this.put(Buffer.concat([u8(0xac), u16(0), bText("@handle"), u8(1),
          u32(0), u16(0), Buffer.from([0x26, 4, 4]), u32(handle)]));
      this.put(done(0xfe, this.failed ? 2 : 0));
    }
    this.flush(true);
  }
}

// ----------------------------------------------------------------- packets

// TLS inside of TDS 7.x: its handshake travels in PRELOGIN packets, what comes
// after it bare. Only what holds application data tells which is which.
class Wrapped extends Duplex {
  constructor(socket) {
    super();
    this.socket = socket;
    this.rest = Buffer.alloc(0);
    this.bare = false;
    socket.on("close", () => { this.push(null); this.destroy(); });
  }

  _read() {}

  feed(data) {
    if (this.over) {
      this.push(data);
      return;
    }
    this.rest = Buffer.concat([this.rest, data]);
    while (this.rest.length > 0) {
      if (this.rest[0] !== PRELOGIN) {
        this.over = true;
        this.push(this.rest);
        this.rest = Buffer.alloc(0);
        return;
      }
      if (this.rest.length < 8) return;
      const n = this.rest.readUInt16BE(2);
      if (this.rest.length < n) return;
      this.push(this.rest.subarray(8, n));
      this.rest = this.rest.subarray(n);
    }
  }

  // What one side has to say in its turn is one message: tedious reads no
  // second one before it answers.
  turn() {
    if (this.said?.length && !this.socket.destroyed)
      this.socket.write(Buffer.concat(packets(PRELOGIN,
        Buffer.concat(this.said), 4096)));
    this.said = null;
  }

  _write(chunk, _, next) {
    if (this.socket.destroyed) return next();
    if (this.bare) return this.socket.write(chunk, next);
    // Whoever writes knows nothing of records: one may come in two pieces.
    const data = this.tail ? Buffer.concat([this.tail, chunk]) : chunk;
    this.tail = null;
    for (let at = 0; at < data.length;) {
      if (data[at] === 0x17) {
        this.bare = true;
        this.turn();
        return this.socket.write(data.subarray(at), next);
      }
      const n = at + 5 > data.length ? Infinity :
        at + 5 + data.readUInt16BE(at + 3);
      if (n > data.length) {
        this.tail = data.subarray(at);
        break;
      }
      if (!this.said) setImmediate(() => this.turn());
      (this.said ??= []).push(data.subarray(at, n));
      at = n;
    }
    return next();
  }

  _final(next) { this.socket.end(); next(); }
}

function packets(type, data, size, last = true) {
  const room = size - 8;
  const list = [];
  for (let at = 0, n = 1; at < data.length || n === 1; at += room, n++) {
    const part = data.subarray(at, at + room);
    const head = Buffer.alloc(8);
    head[0] = type;
    head[1] = last && at + room >= data.length ? 1 : 0;
    head.writeUInt16BE(part.length + 8, 2);
    head[6] = n & 0xff;
    list.push(head, part);
  }
  return list;
}

// Puts packets together to messages: (type, data) => void
function messages(take) {
  let rest = Buffer.alloc(0);
  let parts = [];
  return (data) => {
    rest = rest.length ? Buffer.concat([rest, data]) : data;
    while (rest.length >= 8) {
      const n = rest.readUInt16BE(2);
      if (n < 8) throw new Error("TDS packet shorter than its header");
      if (rest.length < n) return;
      const [type, status] = rest;
      parts.push(rest.subarray(8, n));
      rest = rest.subarray(n);
      if (!(status & 1)) continue;
      const whole = Buffer.concat(parts);
      parts = [];
      take(type, whole);
    }
  };
}

// ------------------------------------------------------------------ login

function readPrelogin(data) {
  const options = {};
  for (let at = 0; data[at] !== 0xff; at += 5) {
    const offset = data.readUInt16BE(at + 1);
    options[data[at]] =
      data.subarray(offset, offset + data.readUInt16BE(at + 3));
  }
  return { encryption: options[1]?.[0] ?? ENCRYPT.none };
}

function prelogin(encryption) {
  const options = [[0, Buffer.from([12, 0, 20, 0, 0, 0])],
    [1, u8(encryption)], [2, u8(0)], [4, u8(0)]];
  let offset = options.length * 5 + 1;
  const head = [];
  for (const [id, value] of options) {
    const b = Buffer.alloc(5);
    b[0] = id;
    b.writeUInt16BE(offset, 1);
    b.writeUInt16BE(value.length, 3);
    head.push(b);
    offset += value.length;
  }
  return Buffer.concat([...head, u8(0xff), ...options.map(([, v]) => v)]);
}

function readLogin(data) {
  const text = (at) => {
    const offset = data.readUInt16LE(at);
    return data.subarray(offset, offset + data.readUInt16LE(at + 2) * 2);
  };
  const word = (at) => text(at).toString("utf16le");
  const secret = Buffer.from(text(44)
    .map((b) => ((b ^ 0xa5) << 4 | (b ^ 0xa5) >> 4) & 0xff));
  return {
    version: data.readUInt32LE(4),
    packet: data.readUInt32LE(8) || 4096,
    host: word(36),
    user: word(40),
    password: secret.toString("utf16le"),
    application: word(48),
    server: word(52),
    database: word(68),
  };
}

function loginAnswer(login, database) {
  const version = Buffer.alloc(4);
  version.writeUInt32BE(login.version);
  const name = "Microsoft SQL Server";
  return Buffer.concat([
    environment(1, bText(database), bText("master")),
    message(0xab, { number: 5701, state: 2, class: 0,
      message: `Changed database context to '${database}'.` }),
    environment(7, Buffer.concat([u8(5), COLLATION]), u8(0)),
    environment(2, bText("us_english"), bText("")),
    environment(4, bText(String(login.packet)), bText("4096")),
    withLength(0xad, Buffer.concat([u8(1), version, bText(name),
      Buffer.from([12, 0, 7, 208])])),
    done(0xfd, 0),
  ]);
}

// --------------------------------------------------------------- requests

// What every request since 7.2 begins with is not asked for.
const afterHeaders = (data) => data.subarray(data.readUInt32LE(0));

// A procedure's parameter: { name, value, next }; only integers and text.
function readParameter(data, at) {
  const n = data[at];
  const name = data.toString("utf16le", at + 1, at + 1 + n * 2);
  at += 2 + n * 2; // and the flags
  const type = data[at++];
  if (type === 0x26 || type === 0x68) {
    const size = data[at + 1];
    at += 2;
    const value = size === 0 ? null : data.readIntLE(at, Math.min(size, 6));
    return { name, value, next: at + size };
  }
  if (type === 0x38) return { name, value: data.readInt32LE(at), next: at + 4 };
  if (type === 0x63) { // NTEXT
    const size = data.readInt32LE(at + 9);
    at += 13;
    return size < 0 ? { name, value: null, next: at } :
      { name, value: data.toString("utf16le", at, at + size), next: at + size };
  }
  if (type === 0xe7) {
    const long = data.readUInt16LE(at) === 0xffff;
    at += 7;
    if (!long) {
      const size = data.readUInt16LE(at);
      at += 2;
      return size === 0xffff ? { name, value: null, next: at } :
        { name, value: data.toString("utf16le", at, at + size),
          next: at + size };
    }
    if (data.readBigUInt64LE(at) === 0xffffffffffffffffn)
      return { name, value: null, next: at + 8 };
    at += 8;
    const parts = [];
    for (let size; (size = data.readUInt32LE(at)) > 0; at += 4 + size)
      parts.push(data.subarray(at + 4, at + 4 + size));
    return { name, value: Buffer.concat(parts).toString("utf16le"),
      next: at + 4 };
  }
  throw new Error(`RPC parameter of TDS type 0x${type.toString(16)}`);
}

const PROCEDURES = { 10: "sp_executesql", 11: "sp_prepare", 12: "sp_execute",
  13: "sp_prepexec", 15: "sp_unprepare" };

function readCall(data) {
  let name;
  let at = 2;
  if (data.readUInt16LE(0) === 0xffff) {
    const id = data.readUInt16LE(2);
    name = PROCEDURES[id] ?? `procedure ${id}`;
    at = 4;
  } else {
    at += data.readUInt16LE(0) * 2;
    name = data.toString("utf16le", 2, at).toLowerCase();
  }
  at += 2;
  const parameters = [];
  while (at < data.length && data[at] !== 0xff && data[at] !== 0x80) {
    const p = readParameter(data, at);
    parameters.push(p);
    at = p.next;
  }
  return { name, values: parameters.map((p) => p.value) };
}

// ------------------------------------------------------------- connection

class Connection {
  constructor(socket, server) {
    this.socket = socket;
    this.server = server;
    this.stream = null; // TLS, once it is there
    this.packet = 4096;
    this.prepared = new Map();
    this.queue = Promise.resolve();
    this.read = messages((type, data) => this.take(type, data));
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("data", (d) => this.refused || this.guard(() =>
      this.wrapped ? this.wrapped.feed(d) : this.read(d)));
    socket.on("close", () => {
      server.connections.delete(this);
      this.session?.cancel();
      // After what is still being done, as a server would.
      this.queue.finally(() => this.session?.close());
    });
  }

  guard(fn) {
    try {
      fn();
    } catch (e) {
      this.server.problems.push(e);
      this.cut();
    }
  }

  // By a reset, or as if the server's process had ended.
  cut(how) {
    if (how === "end") this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  write(type, data, last = true) {
    const to = this.stream ?? this.socket;
    if (this.socket.destroyed || !to.writable) return;
    to.write(Buffer.concat(packets(type, data, this.packet, last)));
  }

  take(type, data) {
    if (type === PRELOGIN) return this.prelogin(data);
    if (type === ATTENTION) {
      this.session?.cancel();
      this.attention = true;
      this.queue = this.queue.then(() => {
        this.attention = false;
        this.write(REPLY, done(0xfd, 0x20));
      });
      return;
    }
    this.queue = this.queue.then(() => this.serve(type, data)).catch((e) => {
      this.server.problems.push(e);
      this.cut();
    });
  }

  prelogin(data) {
    const { encryption } = readPrelogin(data);
    if (this.server.encryption === "none") {
      this.plain = true;
      return this.write(REPLY, prelogin(ENCRYPT.none));
    }
    // Synapse: encryption is mandatory, TLS 1.2 or newer (facts/synapse.md 5).
    // A client that can't is told so, and the connection ends.
    const answer = encryption === ENCRYPT.on ? ENCRYPT.on : ENCRYPT.required;
    this.write(REPLY, prelogin(answer));
    if (encryption === ENCRYPT.none) {
      this.server.refused++;
      this.refused = true; // whatever it says now
      this.socket.end();
      return;
    }
    this.wrapped = new Wrapped(this.socket);
    this.stream = new tls.TLSSocket(this.wrapped, {
      isServer: true,
      secureContext: this.server.context,
    });
    this.stream.on("error", (e) => {
      this.server.tlsErrors.push(e.message);
      this.cut();
    });
    this.stream.on("data", (d) => this.guard(() => this.read(d)));
  }

  async serve(type, data) {
    if (this.socket.destroyed) return;
    if (type === LOGIN7) return this.login(readLogin(data));
    if (!this.session) throw new Error("a request before the login");
    if (type === BATCH) {
      const answer = this.answer();
      await this.session.batch(afterHeaders(data).toString("utf16le"), answer);
      return this.finish(answer);
    }
    if (type === RPC) return this.call(readCall(afterHeaders(data)));
    if (type === MANAGER) {
      const kind = { 5: "begin", 7: "commit", 8: "rollback" }[
        afterHeaders(data).readUInt16LE(0)];
      if (!kind) throw new Error("a transaction request nobody needs");
      const answer = this.answer();
      await this.session.transaction(kind, answer);
      return this.finish(answer);
    }
    throw new Error(`TDS message of type ${type}`);
  }

  answer(procedure = false) {
    return new Answer((data, last) => {
      // After an attention nothing but its acknowledgement matters.
      if (!this.attention) this.write(REPLY, data, last);
      else if (last) this.write(REPLY, Buffer.alloc(0), true);
    }, procedure);
  }

  finish(answer, handle) {
    if (!this.socket.destroyed && !this.silent) answer.end(handle);
  }

  async login(login) {
    if (login.version < 0x72090002) throw new Error("TDS older than 7.2");
    const session = await this.server.open(login, this);
    if (this.socket.destroyed) return session?.close?.();
    if (!session || session.error) {
      this.write(REPLY, Buffer.concat([message(0xaa, session.error),
        done(0xfd, 2)]));
      return this.socket.end();
    }
    this.session = session;
    this.write(REPLY, loginAnswer(login, session.database));
    this.packet = Math.min(Math.max(login.packet, 512), 32767);
  }

  // The procedures that drivers use to send a text. Values in it would come as
  // parameters, which nobody here sends.
  async call({ name, values }) {
    const answer = this.answer(true);
    const known = { sp_executesql: 0, sp_prepexec: 2, sp_prepare: 2,
      sp_execute: -1, sp_unprepare: -1 }[name];
    let handle;
    let text;
    if (known === undefined) {
      answer.error({ number: 2812, state: 62, class: 16,
        message: `Could not find stored procedure '${name}'.` });
    } else if (name === "sp_unprepare") {
      this.prepared.delete(values[0]);
    } else if (name === "sp_execute") {
      text = this.prepared.get(values[0]);
      if (text === undefined)
        answer.error({ number: 8179, class: 16, message:
          `Could not find prepared statement with handle ${values[0]}.` });
    } else {
      text = values[known];
      if (known === 2) {
        handle = this.server.handle++;
        this.prepared.set(handle, text);
        if (name === "sp_prepare") text = undefined;
      }
    }
    if (text !== undefined) await this.session.batch(text, answer);
    this.finish(answer, handle);
  }
}

// tls: { cert, key } as PEM; encryption: "required" (as Synapse), or "none"
export async function listenTds({ tls: files, encryption = "required", open }) {
  const server = {
    encryption,
    open,
    connections: new Set(),
    handle: 1,
    refused: 0, // clients without encryption
    tlsErrors: [],
    problems: [], // what a client sent that is no TDS, and our own mistakes
    // TLS 1.3 sends tickets after the handshake, for which 7.x has no place.
    context: encryption === "none" ? null : tls.createSecureContext({
      ...files, minVersion: "TLSv1.2", maxVersion: "TLSv1.2" }),
  };
  const listener = net.createServer((socket) =>
    server.connections.add(new Connection(socket, server)));
  await new Promise((ready, fail) => {
    listener.on("error", fail);
    listener.listen(0, "127.0.0.1", ready);
  });
  server.port = listener.address().port;
  server.close = async () => {
    const over = new Promise((end) => listener.close(end));
    for (const c of server.connections) c.socket.destroy();
    await over;
    await Promise.allSettled([...server.connections].map((c) => c.queue));
  };
  return server;
}
