// tests/lib/hyparquet.mjs: hyparquet, a reader of Parquet that nobody here
// wrote, with decompressors of all codecs.
//
//   const columns = await readHyparquet(bytes, t);    // canonical values
//
// It is asked for values as they are stored, because its own way to give
// decimals and moments (numbers, Dates) is not exact; what the schema says
// about them is applied here. friendly() is its own way.

import { pathToFileURL } from "node:url";
import { assert, require } from "./harness.mjs";
import { doubleBits } from "./values.mjs";

const load = (name) => import(pathToFileURL(require.resolve(name)).href);

const hyparquet = await load("hyparquet");
const { compressors } = await load("hyparquet-compressors");
export const thrift = await load("hyparquet/src/thrift.js");
export { compressors, hyparquet };

// A file in memory, as hyparquet asks for it.
export const asFile = (bytes) => ({
  byteLength: bytes.length,
  slice: (a, b) => bytes.buffer.slice(bytes.byteOffset + a,
    bytes.byteOffset + (b ?? bytes.length)),
});

const hex = (v) => Buffer.from(v.buffer, v.byteOffset, v.length)
  .toString("hex");

export function signed(bytes) {
  const n = bytes.length * 8;
  return n === 0 ? 0n : BigInt.asIntN(n, BigInt(`0x${hex(bytes)}`));
}

// A stored value as canonical text. element: the schema's.
export function stored(c, element, v) {
  if (v === null || v === undefined) return null;
  switch (c.kind) {
  case "bool": return String(v);
  case "float":
  case "double": return Number.isNaN(v) ? "nan" : doubleBits(v);
  case "text": case "json": case "blob": case "uuid": return hex(v);
  case "decimal":
    return String(typeof v === "object" ? signed(v) : v);
  case "time": case "timestamp": case "timestamp_ntz":
    return String(BigInt(v) *
      (element.logical_type.unit === "MILLIS" ? 1000n : 1n));
  default: return String(v);
  }
}

export async function readHyparquet(bytes, t, options = {}) {
  const file = asFile(bytes);
  const metadata = hyparquet.parquetMetadata(await file.slice(0));
  assert.equal(Number(metadata.num_rows), options.n ?? t.n);
  const elements = metadata.schema.slice(1);
  assert.deepEqual(elements.map((e) => e.name), t.columns.map((c) => c.name));
  const plain = { ...metadata, schema: metadata.schema.map((e) =>
    ({ ...e, converted_type: undefined, logical_type: undefined })) };
  const columns = t.columns.map(() => []);
  await hyparquet.parquetRead({
    file, metadata: plain, compressors, utf8: false,
    onComplete: (rows) => rows.forEach((row) => row.forEach((v, j) =>
      columns[j].push(stored(t.columns[j], elements[j], v)))),
  });
  return columns;
}

// Rows as objects, as its users see them.
export const friendly = (bytes, options = {}) => hyparquet.parquetReadObjects(
  { file: asFile(bytes), compressors, ...options });

export const query = (bytes, options) =>
  hyparquet.parquetQuery({ file: asFile(bytes), compressors, ...options });
