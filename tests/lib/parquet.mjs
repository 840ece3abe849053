// tests/lib/parquet.mjs: what a Parquet file says about itself, checked byte by
// byte against what is in it and against the truth.
//
//   const file = walkParquet(bytes);         // every page, every index
//   checkParquet(file, t);                   // ... and their bounds are true
//
// Field numbers are those of parquet.thrift; hyparquet reads the structs.

import zlib from "node:zlib";
import { assert } from "./harness.mjs";
import { duck } from "./duck.mjs";
import { compressors, signed, thrift } from "./hyparquet.mjs";
import { order, sortable } from "./values.mjs";

export const PHYSICAL = ["BOOLEAN", "INT32", "INT64", "INT96", "FLOAT",
  "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"];
export const ENCODING = { 0: "PLAIN", 2: "PLAIN_DICTIONARY", 3: "RLE",
  5: "DELTA_BINARY_PACKED", 6: "DELTA_LENGTH_BYTE_ARRAY", 8: "RLE_DICTIONARY" };
export const CODEC = ["UNCOMPRESSED", "SNAPPY", "GZIP", "LZO", "BROTLI", "LZ4",
  "ZSTD", "LZ4_RAW"];
const DATA = 0;
const DICTIONARY = 2;
const DATA_V2 = 3;

const TABLE = Int32Array.from({ length: 256 }, (_, i) => {
  let c = i;
  for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  return c;
});

// As PageHeader has it: signed. Node 18 has none of its own.
export function crc32(bytes) {
  if (zlib.crc32) return zlib.crc32(bytes) | 0;
  let c = -1;
  for (const b of bytes) c = TABLE[(c ^ b) & 255] ^ (c >>> 8);
  return ~c;
}

function struct(bytes, offset) {
  const reader = { offset, view: new DataView(bytes.buffer, bytes.byteOffset,
    bytes.length) };
  const value = thrift.deserializeTCompactProtocol(reader);
  return { value, end: reader.offset };
}

const string = (b) => b && Buffer.from(b).toString();
const buffer = (b) => b && Buffer.from(b);
const num = (v) => (v === undefined ? undefined : Number(v));

function statistics(s) {
  if (!s) return undefined;
  // 1 and 2 are the old ones, whose order nobody knows for bytes.
  return {
    max: buffer(s.field_5), min: buffer(s.field_6), nulls: num(s.field_3),
    maxExact: s.field_7, minExact: s.field_8, old: s.field_1 ?? s.field_2,
  };
}

function page(bytes, offset, chunk, at) {
  const { value: h, end } = struct(bytes, offset);
  const p = { type: h.field_1, offset, raw: h.field_2, stored: h.field_3,
    crc: h.field_4, header: end - offset, end: end + h.field_3 };
  assert(p.end <= chunk.end, `${at}: a page goes beyond its chunk`);
  p.body = bytes.subarray(end, p.end);
  const d = { [DATA]: h.field_5, [DICTIONARY]: h.field_7,
    [DATA_V2]: h.field_8 }[p.type];
  assert(d, `${at}: no header for a page of type ${p.type}`);
  p.values = d.field_1;
  if (p.type === DATA_V2) {
    p.nulls = d.field_2;
    p.rows = d.field_3;
    p.encoding = d.field_4;
    p.levels = d.field_5 + d.field_6;
    p.compressed = d.field_7 ?? true;
    assert.equal(d.field_6, 0, `${at}: repetition levels of a flat column`);
    assert.equal(p.rows, p.values, `${at}: rows of a flat page`);
  } else {
    p.encoding = d.field_2;
    p.rows = p.values;
    p.levels = 0;
    p.compressed = true;
    if (p.type === DATA) {
      assert.equal(d.field_3, 3, `${at}: definition levels are RLE`);
      assert.equal(d.field_4, 3, `${at}: repetition levels are RLE`);
    }
  }
  p.stats = statistics({ [DATA]: d.field_5, [DATA_V2]: d.field_8 }[p.type]);
  return p;
}

// What a page is before compression, as long as its header says.
export function inflate(chunk, p) {
  if (chunk.codec === "UNCOMPRESSED" || !p.compressed) return p.body;
  const packed = p.body.subarray(p.levels);
  const long = p.raw - p.levels;
  if (long === 0 && packed.length === 0) return p.body;
  const raw = chunk.codec === "GZIP" ? zlib.gunzipSync(packed) :
    compressors[chunk.codec](packed, long);
  return Buffer.concat([p.body.subarray(0, p.levels), raw]);
}

function walkPages(bytes, chunk, at, options) {
  chunk.pages = [];
  let raw = 0;
  for (let offset = chunk.start; offset < chunk.end;) {
    const n = chunk.pages.length;
    const p = page(bytes, offset, chunk, `${at}, page ${n}`);
    if (!options.foreign)
      assert.equal(p.crc, crc32(p.body), `${at}, page ${n}: CRC-32`);
    assert.equal(inflate(chunk, p).length, p.raw, `${at}, page ${n}: size`);
    raw += p.header + p.raw;
    offset = p.end;
    chunk.pages.push(p);
  }
  assert.equal(raw, chunk.raw, `${at}: total_uncompressed_size`);
  const dictionaries = chunk.pages.filter((p) => p.type === DICTIONARY);
  chunk.data = chunk.pages.filter((p) => p.type !== DICTIONARY);
  assert(dictionaries.length <= 1, `${at}: dictionaries`);
  if (dictionaries.length) {
    assert.equal(chunk.pages[0].type, DICTIONARY, `${at}: dictionary first`);
    assert.equal(chunk.dictionaryOffset, chunk.start, `${at}: its offset`);
    assert(chunk.data.some((p) => [2, 8].includes(p.encoding)),
      `${at}: of no use`);
  } else {
    assert.equal(chunk.dictionaryOffset, undefined,
      `${at}: offset of no dictionary`);
  }
  if (chunk.data.length)
    assert.equal(chunk.data[0].offset, chunk.dataOffset, `${at}: data offset`);
  assert.equal(chunk.data.reduce((s, p) => s + p.values, 0), chunk.values,
    `${at}: values of the pages`);
  for (const p of options.foreign ? chunk.data : chunk.pages)
    assert(chunk.encodings.includes(p.encoding),
      `${at}: ${ENCODING[p.encoding]} is not among its encodings`);
  checkEncodingStats(chunk, at);
}

function checkEncodingStats(chunk, at) {
  if (!chunk.encodingStats) return;
  const count = {};
  for (const p of chunk.pages) {
    const key = `${p.type} ${p.encoding}`;
    count[key] = (count[key] ?? 0) + 1;
  }
  assert.deepEqual(Object.fromEntries(chunk.encodingStats.map((s) =>
    [`${s.field_1} ${s.field_2}`, s.field_3])), count, `${at}: encoding_stats`);
}

function walkIndexes(bytes, chunk, c, at) {
  if (c.field_4 !== undefined) {
    const from = Number(c.field_4);
    const { value, end } = struct(bytes, from);
    assert.equal(end - from, c.field_5, `${at}: length of the offset index`);
    chunk.locations = value.field_1.map((l) => ({ offset: Number(l.field_1),
      size: l.field_2, row: Number(l.field_3) }));
    chunk.claims.push([from, end, "offset index"]);
    let row = 0;
    assert.equal(chunk.locations.length, chunk.data.length, `${at}: locations`);
    chunk.data.forEach((p, i) => {
      assert.deepEqual(chunk.locations[i],
        { offset: p.offset, size: p.header + p.stored, row },
        `${at}: location of page ${i}`);
      row += p.rows;
    });
  }
  if (c.field_6 !== undefined) {
    const from = Number(c.field_6);
    const { value, end } = struct(bytes, from);
    assert.equal(end - from, c.field_7, `${at}: length of the column index`);
    chunk.claims.push([from, end, "column index"]);
    chunk.index = { empty: value.field_1, min: value.field_2.map(buffer),
      max: value.field_3.map(buffer), order: value.field_4,
      nulls: value.field_5?.map(Number) };
    for (const key of ["empty", "min", "max", "nulls"])
      assert.equal(chunk.index[key]?.length ?? chunk.data.length,
        chunk.data.length, `${at}: ${key} of the column index`);
    assert(chunk.locations, `${at}: a column index without an offset index`);
  }
}

function walkBloom(bytes, chunk, m) {
  if (m.field_14 === undefined) return;
  const from = Number(m.field_14);
  const { value, end } = struct(bytes, from);
  assert.equal(value.field_1 % 32, 0, "a filter of whole blocks");
  chunk.bloom = { offset: from, bytes: value.field_1 };
  if (m.field_15 !== undefined)
    assert.equal(m.field_15, end + value.field_1 - from, "length of a filter");
  chunk.claims.push([from, end + value.field_1, "filter"]);
}

function walkChunk(bytes, c, element, at, options) {
  const m = c.field_3;
  assert.equal(c.field_1, undefined, `${at}: a chunk in another file`);
  const chunk = {
    name: m.field_3.map(string).join("."), type: m.field_1, element,
    encodings: m.field_2, codec: CODEC[m.field_4], values: Number(m.field_5),
    raw: Number(m.field_6), stored: Number(m.field_7),
    dataOffset: Number(m.field_9), dictionaryOffset: num(m.field_11),
    stats: statistics(m.field_12), encodingStats: m.field_13, claims: [],
  };
  assert.equal(chunk.name, element.name, `${at}: path_in_schema`);
  assert.equal(chunk.type, element.type, `${at}: type`);
  chunk.start = Math.min(chunk.dataOffset, chunk.dictionaryOffset ?? Infinity);
  chunk.end = chunk.start + chunk.stored;
  chunk.claims.push([chunk.start, chunk.end, at]);
  walkPages(bytes, chunk, at, options);
  walkIndexes(bytes, chunk, c, at);
  walkBloom(bytes, chunk, m);
  return chunk;
}

// No byte that nobody speaks for, and none that two do.
function checkClaims(claims, length) {
  claims.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let at = 0;
  for (const [from, to, what] of claims) {
    assert.equal(from, at, `bytes ${at} to ${from}, before ${what}`);
    at = to;
  }
  assert.equal(at, length, "the end of the file");
}

function walkGroup(bytes, g, i, elements, options) {
  const group = { rows: Number(g.field_3), raw: Number(g.field_2),
    columns: g.field_1.map((c, j) => walkChunk(bytes, c, elements[j],
      `group ${i}, ${elements[j]?.name}`, options)) };
  assert.equal(group.columns.length, elements.length, `group ${i}: columns`);
  const sum = (key) => group.columns.reduce((s, c) => s + c[key], 0);
  assert.equal(group.raw, sum("raw"), `group ${i}: total_byte_size`);
  if (g.field_6 !== undefined)
    assert.equal(Number(g.field_6), sum("stored"),
      `group ${i}: total_compressed_size`);
  if (g.field_5 !== undefined)
    assert.equal(Number(g.field_5), group.columns[0].start,
      `group ${i}: file_offset`);
  if (g.field_7 !== undefined) assert.equal(g.field_7, i, "ordinal");
  for (const c of group.columns)
    assert.equal(c.values, group.rows, `group ${i}, ${c.name}: num_values`);
  return group;
}

// foreign: a file of others, who may leave things out.
export function walkParquet(bytes, options = {}) {
  const n = bytes.length;
  assert.equal(string(bytes.subarray(0, 4)), "PAR1");
  assert.equal(string(bytes.subarray(n - 4)), "PAR1");
  const footer = n - 8 - bytes.readUInt32LE(n - 8);
  const { value: m, end } = struct(bytes, footer);
  assert.equal(end, n - 8, "the footer's length");
  const elements = m.field_2.slice(1).map((e) => ({ type: e.field_1,
    length: e.field_2, optional: e.field_3 === 1, name: string(e.field_4),
    converted: e.field_6, scale: e.field_7, precision: e.field_8,
    logical: e.field_10 }));
  assert.equal(m.field_2[0].field_5, elements.length, "num_children");
  const file = {
    version: m.field_1, rows: Number(m.field_3), creator: string(m.field_6),
    orders: m.field_7, elements, keys: Object.fromEntries(
      (m.field_5 ?? []).map((k) => [string(k.field_1), string(k.field_2)])),
    groups: m.field_4.map((g, i) => walkGroup(bytes, g, i, elements, options)),
  };
  assert.equal(file.groups.reduce((s, g) => s + g.rows, 0), file.rows,
    "rows of the groups");
  if (!options.foreign)
    checkClaims([[0, 4, "magic"], [footer, n, "footer"],
      ...file.groups.flatMap((g) => g.columns.flatMap((c) => c.claims))], n);
  return file;
}

// ----------------------------------------------------------- against truth

// A bound as it is stored, as something with an order.
export function boundOf(c, element, b) {
  switch (PHYSICAL[element.type]) {
  case "BOOLEAN": return BigInt(b.readUInt8());
  case "INT32": return scaled(c, element, BigInt(b.readInt32LE()));
  case "INT64": return scaled(c, element, b.readBigInt64LE());
  case "FLOAT": return b.readFloatLE();
  case "DOUBLE": return b.readDoubleLE();
  default: return c.kind === "decimal" ? signed(b) : b;
  }
}

// TIME and TIMESTAMP in milliseconds: their unit is a union.
const scaled = (c, element, v) => {
  const unit = (element.logical?.field_7 ?? element.logical?.field_8)?.field_2;
  return unit?.field_1 ? v * 1000n : v;
};

const WIDTH = { BOOLEAN: 1, INT32: 4, INT64: 8, FLOAT: 4, DOUBLE: 8 };

function checkBound(c, element, b, least, what, { exact, lower }) {
  const width = WIDTH[PHYSICAL[element.type]] ??
    (PHYSICAL[element.type] === "FIXED_LEN_BYTE_ARRAY" ? element.length :
      undefined);
  if (width && !(["uuid"].includes(c.kind) && !exact))
    assert.equal(b.length, width, `${what}: bytes of a bound`);
  const v = boundOf(c, element, b);
  const side = order(v, least) * (lower ? 1 : -1);
  assert(side <= 0, `${what}: the bound ${b.toString("hex")} cuts off ` +
    `${Buffer.isBuffer(least) ? least.toString("hex") : least}`);
  // Only bytes may be cut short; a zero stands for both zeros.
  if (width || exact)
    assert(side === 0, `${what}: not the value itself`);
  if (typeof v === "number" && v === 0)
    assert(Object.is(v, lower ? -0 : 0), `${what}: which zero?`);
  // Text is cut between characters.
  if (["text", "json"].includes(c.kind))
    assert.equal(Buffer.compare(Buffer.from(b.toString()), b), 0,
      `${what}: the bound is not UTF-8`);
}

const rank = (values) => {
  let min, max;
  for (const v of values) {
    if (typeof v === "number" && Number.isNaN(v)) continue;
    if (min === undefined || order(v, min) < 0) min = v;
    if (max === undefined || order(v, max) > 0) max = v;
  }
  return { min, max };
};

function checkStatistics(chunk, c, values, what) {
  const s = chunk.stats;
  assert(s, `${what}: no statistics`);
  assert.equal(s.old, undefined, `${what}: deprecated bounds`);
  assert.equal(s.nulls, values.length - values.filter((v) => v !== null).length,
    `${what}: null_count`);
  const { min, max } = rank(values.filter((v) => v !== null)
    .map((v) => sortable(c, v)));
  if (min === undefined) {
    assert(s.min === undefined && s.max === undefined,
      `${what}: bounds of nothing`);
    return;
  }
  assert(s.min !== undefined, `${what}: no minimum`);
  checkBound(c, chunk.element, s.min, min, `${what}, min`,
    { exact: s.minExact, lower: true });
  // What cannot be raised has no upper bound: only bytes that are all FF.
  if (s.max === undefined)
    assert(Buffer.isBuffer(max) && max.length >= 16, `${what}: no maximum`);
  else
    checkBound(c, chunk.element, s.max, max, `${what}, max`,
      { exact: s.maxExact, lower: false });
}

function checkPages(chunk, c, values, what) {
  let row = 0;
  const bounds = [];
  chunk.data.forEach((p, i) => {
    const some = values.slice(row, row + p.rows);
    const there = some.filter((v) => v !== null).map((v) => sortable(c, v));
    const nulls = some.length - there.length;
    row += p.rows;
    if (p.nulls !== undefined)
      assert.equal(p.nulls, nulls, `${what}, page ${i}: num_nulls`);
    const x = chunk.index;
    if (!x) return;
    assert.equal(x.empty[i], there.length === 0, `${what}, page ${i}: empty?`);
    if (x.nulls)
      assert.equal(x.nulls[i], nulls, `${what}, page ${i}: null_counts`);
    if (!there.length) return;
    const { min, max } = rank(there);
    checkBound(c, chunk.element, x.min[i], min, `${what}, page ${i}, min`,
      { lower: true });
    checkBound(c, chunk.element, x.max[i], max, `${what}, page ${i}, max`,
      { lower: false });
    bounds.push([x.min[i], x.max[i]].map((b) => boundOf(c, chunk.element, b)));
  });
  assert.equal(row, values.length, `${what}: rows of the pages`);
  checkOrder(chunk.index?.order, bounds, what);
}

// 1: neither minima nor maxima ever fall; 2: they never rise.
function checkOrder(said, bounds, what) {
  if (!said) return;
  for (let i = 1; i < bounds.length; i++)
    for (const k of [0, 1]) {
      const step = order(bounds[i - 1][k], bounds[i][k]);
      assert(said === 1 ? step <= 0 : step >= 0,
        `${what}: boundary_order ${said} at page ${i}`);
    }
}

// skip: rows of the table that are in files before this one.
export function checkParquet(file, t, skip = 0) {
  assert.equal(file.elements.length, t.columns.length);
  assert.equal(file.orders?.length, t.columns.length,
    "without column orders nobody may use bounds");
  let from = skip;
  file.groups.forEach((g, i) => {
    g.columns.forEach((chunk, j) => {
      const values = t.truth[j].slice(from, from + g.rows);
      const what = `group ${i}, ${chunk.name}`;
      checkStatistics(chunk, t.columns[j], values, what);
      checkPages(chunk, t.columns[j], values, what);
    });
    from += g.rows;
  });
  return from;
}

// -------------------------------------------------------------- DuckDB

const quoted = (s) => `"${s.replaceAll("\"", "\"\"")}"`;

const VIEW = {
  float: (c) => `CAST(${c} AS VARCHAR)`,
  double: (c) => `CAST(${c} AS VARCHAR)`,
  date: (c) => `CAST(epoch(${c})::BIGINT // 86400 AS VARCHAR)`,
  time: (c) => `CAST(epoch_us(${c}) AS VARCHAR)`,
  timestamp: (c) => `CAST(epoch_us(${c}) AS VARCHAR)`,
  timestamp_ntz: (c) => `CAST(epoch_us(${c}) AS VARCHAR)`,
  text: (c) => `hex(${c})`,
  json: (c) => `hex(CAST(${c} AS VARCHAR))`,
  blob: (c) => `hex(${c})`,
};

const numberOf = (s) => ({ inf: Infinity, "-inf": -Infinity, nan: NaN }[s] ??
  Number(s));

function fromDuck(c, v, bits) {
  if (v === null) return null;
  switch (c.kind) {
  case "float": return bits(Math.fround(numberOf(v)));
  case "double": return bits(numberOf(v));
  case "decimal": return String(BigInt(v.replace(".", "")));
  case "uuid": return v.replaceAll("-", "");
  case "text": case "json": case "blob": return v.toLowerCase();
  default: return v;
  }
}

const bits = (v) => {
  if (Number.isNaN(v)) return "nan";
  const b = Buffer.alloc(8);
  b.writeDoubleBE(v);
  return b.toString("hex");
};

// Canonical values of each column, in the file's order of rows.
export async function readDuck(path, t) {
  const fields = t.columns.map((c, j) => {
    const view = VIEW[c.kind] ?? ((x) => `CAST(${x} AS VARCHAR)`);
    return `${view(quoted(c.name))} AS c${j}`;
  });
  const rows = await duck(`SELECT ${fields.join(", ")} FROM ` +
    `read_parquet('${path}', file_row_number = true) ORDER BY file_row_number`);
  return t.columns.map((c, j) =>
    rows.map((r) => fromDuck(c, r[`c${j}`], bits)));
}

// What DuckDB calls each kind of column, and what the schema shall say:
// [type, type_length, converted_type, logical_type, precision, scale]
export const DUCK_TYPE = (c) => ({
  bool: "BOOLEAN", int8: "TINYINT", int16: "SMALLINT", int32: "INTEGER",
  int64: "BIGINT", float: "FLOAT", double: "DOUBLE",
  decimal: `DECIMAL(${c.precision},${c.scale})`, date: "DATE", time: "TIME",
  timestamp: "TIMESTAMP WITH TIME ZONE", timestamp_ntz: "TIMESTAMP",
  text: "VARCHAR", json: "JSON", uuid: "UUID", blob: "BLOB",
}[c.kind]);
