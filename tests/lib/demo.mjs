// tests/lib/demo.mjs: the rows that boards push, by the rule of boards/demo.c,
// as a table of tests/lib/values.mjs; and CSV and NDJSON files read back by
// DuckDB.
//
//   const t = demoTable(2000, 8);                 // rows, columns
//   await sameText(path, t, "csv");               // every cell

import { assert } from "./harness.mjs";
import { duck } from "./duck.mjs";
import { column, decimalText, doubleBits, momentText, sameColumns, table }
  from "./values.mjs";

export const DEMO_COLUMNS = 20;
export const DEMO_FEW = 8;

const columns = [
  column("id", "int64"), column("at", "timestamp"), column("meter", "text"),
  column("value", "double"), column("total", "decimal", 12, 2),
  column("ok", "bool"), column("day", "date"), column("note", "text"),
  column("tiny", "int8"), column("short", "int16"), column("count", "int32"),
  column("ratio", "float"), column("clock", "time"),
  column("local", "timestamp_ntz"), column("key", "uuid"),
  column("data", "blob"), column("doc", "json"),
  column("big", "decimal", 30, 0), column("rare", "text"),
  column("same", "int64"),
];

const NOTES = ["plain", "comma, and \"quote\"", "two\nlines", "",
  "Grüße, 世界", " blanks ", "semi;colon"];
const DAY = 20454n;
const BEGIN = DAY * 86400n * 1000000n;

function row(i) {
  const x = Math.imul(i, 2654435761 | 0) >>> 0;
  const cents = BigInt((x >>> 3) % 10000000);
  const bytes = Buffer.alloc(16);
  for (let k = 0; k < 16; k++)
    bytes[k] = (k < 8 ? x : i) >>> (8 * (k % 4)) & 255;
  const hex = bytes.toString("hex");
  return [
    BigInt(i),
    BEGIN + BigInt(i) * 60000000n + BigInt(x % 1000000),
    `meter-${x % 50}`,
    i % 10 === 0 ? null : (x % 100000) / 16 - 1000,
    x & 1 ? -cents : cents,
    (x & 2) !== 0,
    DAY + BigInt(i % 400),
    i % 7 === 0 ? null : NOTES[x % NOTES.length],
    BigInt(x % 256 - 128),
    BigInt(x % 65536 - 32768),
    BigInt(x) - 2147483648n,
    (x % 2000) / 8,
    BigInt(x % 86400) * 1000000n + BigInt(i % 1000000),
    BEGIN - BigInt(i) * 1000001n,
    [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20),
      hex.slice(20)].join("-"),
    i % 16 === 15 ? null : bytes.subarray(0, i % 16),
    `{"i":${i},"x":[${x}]}`,
    BigInt(`${i}${String(x).padStart(10, "0")}0000000000`),
    i % 100 === 0 ? "once in a hundred" : null,
    42n,
  ];
}

export function demoTable(n, few = DEMO_COLUMNS) {
  const rows = [];
  for (let i = 1; i <= n; i++) rows.push(row(i).slice(0, few));
  return table(columns.slice(0, few), rows);
}

// A cell of a text format as the canonical value of its column. DuckDB gives
// every field as text, as it stood in the file; JSON's own true and null are
// its affair.
function fromText(c, v) {
  if (v === null || v === undefined) return null;
  switch (c.kind) {
  case "double": case "float": return doubleBits(Number(v));
  case "text": case "json": return Buffer.from(v).toString("hex");
  case "uuid": return v.replaceAll("-", "");
  case "blob": return Buffer.from(v, "base64").toString("hex");
  default: return v;
  }
}

// What is written for a canonical value that is not itself.
function written(c, v) {
  if (v === null) return null;
  switch (c.kind) {
  case "decimal": return decimalText(BigInt(v), c.scale);
  case "date": return momentText(BigInt(v) * 86400000000n).slice(0, 10);
  case "time": return momentText(BigInt(v)).slice(11);
  case "timestamp": return `${momentText(BigInt(v))}Z`;
  case "timestamp_ntz": return momentText(BigInt(v));
  default: return v;
  }
}

const trimmed = (text) => text.replace(/(\.\d*?)0+(Z?)$/, "$1$2")
  .replace(/\.(Z?)$/, "$1");
const moments = new Set(["time", "timestamp", "timestamp_ntz"]);

// format: "csv", "json"; `.gz` in the name is enough for DuckDB to unpack.
export async function sameText(path, t, format) {
  // A number in JSON may end in zeros, a text made of it may not.
  const type = (c) => (c.kind === "decimal" ?
    `DECIMAL(${c.precision},${c.scale})` : "VARCHAR");
  const names = t.columns.map((c) => `'${c.name}': '${type(c)}'`).join(", ");
  const from = format === "csv" ?
    `read_csv('${path}', header = true, all_varchar = true, nullstr = '', ` +
    "allow_quoted_nulls = false, parallel = false)" :
    `read_json('${path}', format = 'newline_delimited', columns = {${names}})`;
  const rows = await duck(`SELECT * FROM ${from}`);
  assert.equal(rows.length, t.n, "rows");
  const got = t.columns.map((c) => rows.map((r) => {
    const v = fromText(c, r[c.name]);
    return v !== null && moments.has(c.kind) ? trimmed(v) : v;
  }));
  const want = { ...t, truth: t.columns.map((c, j) => t.truth[j].map((v) => {
    const text = written(c, v);
    return text !== null && moments.has(c.kind) ? trimmed(text) : text;
  })) };
  sameColumns(got, want, `DuckDB's ${format}`);
}
