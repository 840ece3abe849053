// tests/lib/avro.mjs: readers of Avro's object container files that nobody here
// wrote: avsc, and Debian's avrocat (libavro); and a look at the container.
//
//   const { columns, schema } = await readAvsc(bytes, t);  // canonical values
//   const columns = await readAvrocat(path, t);
//   const file = walkAvro(bytes);                    // header and blocks

import zlib from "node:zlib";
import { pathToFileURL } from "node:url";
import { assert, require, run } from "./harness.mjs";
import { signed } from "./hyparquet.mjs";
import { crc32 } from "./parquet.mjs";
import { doubleBits } from "./values.mjs";

const avsc = require("avsc");
const { decompressSnappy, decompressZstd } =
  await import(pathToFileURL(require.resolve("hyparquet-compressors")).href);

// How long a block of snappy will be stands at its beginning.
function snappyLength(b) {
  let n = 0;
  for (let i = 0; i < 5; i++) {
    n += (b[i] & 127) * 2 ** (7 * i);
    if (b[i] < 128) break;
  }
  return n;
}

function unsnappy(b) {
  const packed = b.subarray(0, b.length - 4);
  const raw = Buffer.from(decompressSnappy(packed, snappyLength(packed)));
  assert.equal(crc32(raw), b.readInt32BE(b.length - 4),
    "CRC-32 of what a block was");
  return raw;
}

const INFLATE = {
  null: (b) => b,
  deflate: (b) => zlib.inflateRawSync(b),
  snappy: unsnappy,
  zstandard: (b) => Buffer.from(decompressZstd(b)),
};

export const codecs = Object.fromEntries(Object.entries(INFLATE).map(
  ([name, f]) => [name, (b, done) => {
    try {
      done(null, f(b));
    } catch (e) {
      done(e);
    }
  }]));

// All 64 bits.
const long = avsc.types.LongType.__with({
  fromBuffer: (b) => b.readBigInt64LE(),
  toBuffer(v) {
    const b = Buffer.alloc(8);
    b.writeBigInt64LE(v);
    return b;
  },
  fromJSON: BigInt,
  toJSON: String,
  isValid: (v) => typeof v === "bigint",
  compare: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
});

// Values as they are stored: without logical types, so that each long is ours.
const bare = (type) => (Array.isArray(type) ? type.map(bare) :
  type.logicalType && typeof type.type === "string" ? type.type : type);

export const typeOf = (schema) => avsc.Type.forSchema(
  { ...schema, fields: schema.fields.map((f) =>
    ({ ...f, type: bare(f.type) })) },
  { registry: { long }, wrapUnions: false });

// { schema, codec, meta, records }
export function decode(bytes) {
  return new Promise((done, fail) => {
    const found = { records: [] };
    const decoder = new avsc.streams.BlockDecoder({ codecs,
      parseHook(schema) {
        found.schema = schema;
        return typeOf(schema);
      } });
    decoder.on("metadata", (type, codec, header) => {
      found.codec = codec;
      found.meta = header.meta;
    });
    decoder.on("data", (r) => found.records.push(r));
    decoder.on("error", fail);
    decoder.on("end", () => done(found));
    decoder.end(bytes);
  });
}

// The branch of a nullable union that is not null.
export function valueType(field) {
  if (!Array.isArray(field.type)) return field.type;
  assert.equal(field.type.length, 2);
  assert.equal(field.type[0], "null");
  return field.type[1];
}

const plain = (type) => (typeof type === "string" ? { type } : type);

function stored(c, type, v) {
  if (v === null || v === undefined) return null;
  switch (c.kind) {
  case "float":
  case "double": return Number.isNaN(v) ? "nan" : doubleBits(v);
  case "text": case "json": return Buffer.from(v).toString("hex");
  case "blob": return v.toString("hex");
  case "uuid": return typeof v === "string" ?
    v.replaceAll("-", "").toLowerCase() : Buffer.from(v).toString("hex");
  case "decimal": return String(signed(Buffer.from(v)));
  case "time": case "timestamp": case "timestamp_ntz":
    return String(BigInt(v) *
      (plain(type).logicalType?.endsWith("-millis") ? 1000n : 1n));
  default: return String(v);
  }
}

// Canonical values of each column, in order.
export async function readAvsc(bytes, t) {
  const found = await decode(bytes);
  const { fields } = found.schema;
  assert.equal(fields.length, t.columns.length);
  return { ...found, columns: t.columns.map((c, j) => {
    const type = valueType(fields[j]);
    return found.records.map((r) => stored(c, type, r[fields[j].name]));
  }) };
}

// avrocat's JSON, of one value without its union: its canonical text.
function shown(c, v) {
  if (v === null) return null;
  switch (c.kind) {
  case "blob": return Buffer.from(v, "latin1").toString("hex");
  // Behind a NUL nothing is shown; a decimal has many.
  case "decimal": return undefined;
  case "float": return doubleBits(Math.fround(v));
  default: return stored(c, {}, v);
  }
}

// Canonical values of each column; decimals as they should be, for avrocat
// can't show them.
export async function readAvrocat(path, t) {
  const r = await run("avrocat", [path]);
  assert.equal(r.code, 0, r.stderr);
  assert.equal(r.stderr, "");
  const lines = r.stdout.split("\n");
  assert.equal(lines.pop(), "");
  const rows = lines.map((l) => Object.values(JSON.parse(
    // What a number of JavaScript does not hold.
    l.replace(/\{"(long|int)": (-?\d+)\}/g, "{\"$1\": \"$2\"}"))));
  return t.columns.map((c, j) => rows.map((row, i) => {
    const v = row[j];
    const found = shown(c, v !== null && typeof v === "object" ?
      Object.values(v)[0] : v);
    return found === undefined ? t.truth[j][i] : found;
  }));
}

// ---------------------------------------------------------- the container

class Bytes {
  constructor(b) {
    this.b = b;
    this.at = 0;
  }

  long() {
    let n = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.b.readUInt8(this.at++);
      n |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number((n >> 1n) ^ -(n & 1n));
    }
  }

  take(n) {
    assert(n >= 0 && this.at + n <= this.b.length, `${n} bytes at ${this.at}`);
    return this.b.subarray(this.at, this.at += n);
  }

  text() {
    return this.take(this.long()).toString();
  }
}

function header(r) {
  assert.equal(r.take(4).toString("latin1"), "Obj\u0001");
  const meta = {};
  for (let n; (n = r.long()) !== 0; ) {
    if (n < 0) {
      n = -n;
      r.long();
    }
    while (n-- > 0) {
      const key = r.text();
      assert(!(key in meta), `${key} twice`);
      meta[key] = r.text();
    }
  }
  return meta;
}

// { meta, schema, codec, sync, rows, blocks: [{ rows, stored, raw }] }; the
// bytes end where the last block's marker does.
export function walkAvro(bytes) {
  const r = new Bytes(bytes);
  const meta = header(r);
  const sync = Buffer.from(r.take(16));
  const codec = meta["avro.codec"] ?? "null";
  const blocks = [];
  while (r.at < bytes.length) {
    const rows = r.long();
    const data = r.take(r.long());
    assert(rows > 0, "a block of no rows");
    assert.deepEqual(Buffer.from(r.take(16)), sync,
      `sync marker of block ${blocks.length}`);
    blocks.push({ rows, stored: data.length,
      raw: INFLATE[codec](data).length });
  }
  return { meta, schema: JSON.parse(meta["avro.schema"]), codec, sync, blocks,
    rows: blocks.reduce((n, b) => n + b.rows, 0) };
}
