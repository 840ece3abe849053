// tests/lib/values.mjs: tables of every type, and the truth about them.
//
//   const t = table([column("a", "int8"), column("b", "decimal", 38, 10)],
//     [[1n, null], [-128n, 5n]]);
//   const database = tableDatabase(dir, t);     // its table is called t
//   makeJob({ database, query: t.query, types: t.types, ... })
//   sameColumns(await someReader(file), t);
//
// Values: booleans; BigInt for integers, for decimals (without their point),
// for days since 1970 and for microseconds; numbers; strings; Buffers; null.
// What readers give is compared as text (canonical()), so that no two values
// are taken for one: -0 and 0, or two integers that one double stands for.

import { assert } from "./harness.mjs";
import { makeDatabase } from "./job.mjs";

const DAY = 86400n * 1000000n;
export const DAY_MIN = -719162n; // 0001-01-01
export const DAY_MAX = 2932896n; // 9999-12-31
export const MOMENT_MIN = DAY_MIN * DAY;
export const MOMENT_MAX = (DAY_MAX + 1n) * DAY - 1n;

// What SQLite is told of a column, and what the job's [types] say where
// SQLite's word for it would not do (an affinity that changes values, or no
// word at all).
const KINDS = {
  bool: { declared: "BOOLEAN" },
  int8: { declared: "INTEGER", rule: "int8" },
  int16: { declared: "INTEGER", rule: "int16" },
  int32: { declared: "INTEGER", rule: "int32" },
  int64: { declared: "BIGINT" },
  float: { declared: "", rule: "float" },
  double: { declared: "", rule: "double" },
  decimal: { declared: "TEXT", rule: "decimal" },
  date: { declared: "DATE" },
  time: { declared: "TIME" },
  timestamp: { declared: "TIMESTAMP" },
  timestamp_ntz: { declared: "TEXT", rule: "timestamp_ntz" },
  text: { declared: "TEXT" },
  json: { declared: "TEXT", rule: "json" },
  uuid: { declared: "TEXT", rule: "uuid" },
  blob: { declared: "BLOB" },
};
export const kinds = Object.keys(KINDS);

export function column(name, kind, precision, scale = 0) {
  const { declared, rule } = KINDS[kind];
  return { name, kind, precision, scale, declared,
    rule: kind === "decimal" ? `decimal(${precision},${scale})` : rule };
}

const name = (text) => `"${text.replaceAll("\"", "\"\"")}"`;

export function table(columns, rows) {
  return {
    columns, rows, n: rows.length,
    query: `SELECT ${columns.map((c) => name(c.name)).join(", ")} FROM t ` +
      "ORDER BY rowid",
    types: Object.fromEntries(columns.filter((c) => c.rule)
      .map((c) => [c.name, c.rule])),
    truth: columns.map((c, j) => rows.map((r) => canonical(c, r[j]))),
  };
}

// ------------------------------------------------------------- into SQLite

const pad = (n, width) => String(n).padStart(width, "0");
const mod = (a, b) => ((a % b) + b) % b;
const dayText = (days) =>
  new Date(Number(days) * 86400000).toISOString().slice(0, 10);

function timeText(us) {
  const s = us / 1000000n;
  return `${pad(s / 3600n, 2)}:${pad(s / 60n % 60n, 2)}:${pad(s % 60n, 2)}` +
    `.${pad(us % 1000000n, 6)}`;
}

export const momentText = (us) =>
  `${dayText((us - mod(us, DAY)) / DAY)}T${timeText(mod(us, DAY))}`;

export function decimalText(unscaled, scale) {
  const digits = pad(unscaled < 0n ? -unscaled : unscaled, scale + 1);
  const whole = digits.slice(0, digits.length - scale);
  return (unscaled < 0n ? "-" : "") + whole +
    (scale > 0 ? `.${digits.slice(digits.length - scale)}` : "");
}

export function doubleBits(v) {
  const b = Buffer.alloc(8);
  b.writeDoubleBE(v);
  return b.toString("hex");
}

function literal(c, v) {
  if (v === null) return "NULL";
  switch (c.kind) {
  case "bool": return v ? "1" : "0";
  // The shell reads digits in its own way; the bits leave it no choice.
  case "float":
  case "double": return `ieee754_from_blob(X'${doubleBits(v)}')`;
  case "decimal": return `'${decimalText(v, c.scale)}'`;
  case "date": return `'${dayText(v)}'`;
  case "time": return `'${timeText(v)}'`;
  case "timestamp": return `'${momentText(v)}Z'`;
  case "timestamp_ntz": return `'${momentText(v)}'`;
  case "uuid": return `'${v}'`;
  case "blob": return `X'${v.toString("hex")}'`;
  case "text":
  case "json": return `CAST(X'${Buffer.from(v).toString("hex")}' AS TEXT)`;
  default: return String(v);
  }
}

export function tableDatabase(dir, t, file) {
  const fields = t.columns.map((c) => `${name(c.name)} ${c.declared}`);
  const rows = t.rows.map((r) => "INSERT INTO t VALUES (" +
    r.map((v, j) => literal(t.columns[j], v)).join(",") + ");");
  return makeDatabase(dir, `CREATE TABLE t (${fields.join(", ")});\nBEGIN;\n` +
    `${rows.join("\n")}\nCOMMIT;`, file);
}

// --------------------------------------------------------------- the truth

export function canonical(c, v) {
  if (v === null || v === undefined) return null;
  switch (c.kind) {
  case "float":
  case "double": return Number.isNaN(v) ? "nan" : doubleBits(v);
  case "blob": return v.toString("hex");
  case "text":
  case "json": return Buffer.from(v).toString("hex");
  case "uuid": return v.replaceAll("-", "").toLowerCase();
  default: return String(v);
  }
}

// A canonical value as something with an order: a bigint, a number, a Buffer.
export function sortable(c, text) {
  switch (c.kind) {
  case "bool": return text === "true" ? 1n : 0n;
  case "float":
  case "double": return text === "nan" ? NaN :
    Buffer.from(text, "hex").readDoubleBE();
  case "text": case "json": case "uuid": case "blob":
    return Buffer.from(text, "hex");
  default: return BigInt(text);
  }
}

export const order = (a, b) => (Buffer.isBuffer(a) ? Buffer.compare(a, b) :
  a < b ? -1 : a > b ? 1 : 0);

// got: for each column, in order, its canonical values.
export function sameColumns(got, t, what = "") {
  assert.equal(got.length, t.columns.length, `${what}: columns`);
  t.truth.forEach((want, j) => {
    const { name: column, kind } = t.columns[j];
    assert.equal(got[j].length, want.length, `${what}: rows of ${column}`);
    for (let i = 0; i < want.length; i++)
      if (got[j][i] !== want[i])
        assert.fail(`${what}: row ${i + 1}, ${column} (${kind}): ` +
          `${String(got[j][i]).slice(0, 200)} is not ` +
          `${String(want[i]).slice(0, 200)}`);
  });
}

// -------------------------------------------------------------- extremes

const power = (b, e) => b ** BigInt(e);
const limits = (bits) => [0n, 1n, -1n, 42n, power(2n, bits - 1) - 1n,
  -power(2n, bits - 1)];
const nines = (p) => power(10n, p) - 1n;
const moment = (text) => BigInt(Date.parse(`${text}Z`)) * 1000n;
const day = (text) => BigInt(Date.parse(text) / 86400000);

export const TEXTS = ["", " ", "plain", "a,b", "say \"yes\"", "\n", "\r\n",
  "tab\there", "NULL", "null", "\u2028\u2029", "\uFEFFbom", "\u00e9\u0301",
  "東京", "\u{1F69A}\u{10FFFF}", "\u{10FFFF}".repeat(40), "\u0001\u001f\u007f",
  "a\u0000b", "\u0000", "\u007f".repeat(70), "x".repeat(5000), "trail ",
  "\uFFFD", "\uD7FF\uE000"];

export function extremes(c) {
  switch (c.kind) {
  case "bool": return [true, false, true, true, false];
  case "int8": return limits(8);
  case "int16": return limits(16);
  case "int32": return limits(32);
  case "int64": return [...limits(64), 9007199254740993n, -9007199254740993n];
  case "float": return [0, -0, 1, -1.5, 2 ** -149, 2 ** -126, -(2 ** -149),
    (2 - 2 ** -23) * 2 ** 127, -(2 - 2 ** -23) * 2 ** 127, Infinity, -Infinity,
    Math.fround(0.1)];
  case "double": return [0, -0, 0.1, 1 / 3, 5e-324, -5e-324,
    2.2250738585072014e-308, 1.7976931348623157e308, -1.7976931348623157e308,
    Infinity, -Infinity, 9007199254740993, 4.35, -2.5, 1e21];
  case "decimal": return [0n, 1n, -1n, nines(c.precision), -nines(c.precision),
    nines(c.precision) / 7n, power(10n, c.precision - 1)];
  case "date": return [DAY_MIN, 0n, -1n, day("2000-02-29"), DAY_MAX,
    day("1582-10-10"), day("2026-11-22")];
  case "time": return [0n, 1n, 86399999999n, 43200000000n, 3723004005n];
  case "timestamp":
  case "timestamp_ntz": return [MOMENT_MIN, -1n, 0n, 1n, MOMENT_MAX,
    moment("2026-03-29T01:30:00"), moment("2026-03-29T02:30:00"),
    moment("2026-10-25T02:30:00"), moment("2016-12-31T23:59:59") + 999999n,
    -62135596799999999n, 1700000000123456n];
  case "text": return TEXTS;
  case "json": return ["{}", "[]", "null", "\"\"", "{\"a\": [1, 2.50, null]}",
    `{"東京": "${"\u{10FFFF}"}"}`, "\"\\u0000\"", `[${"1,".repeat(500)}2]`];
  case "uuid": return ["00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "123e4567-e89b-12d3-a456-426614174000",
    "80000000-0000-0000-0000-000000000001"];
  case "blob": return ["", "00", "ff", "0001020304", "ff".repeat(70),
    "deadbeef".repeat(40)].map((h) => Buffer.from(h, "hex"));
  default: return assert.fail(c.kind);
  }
}

// Every kind, decimals of every width that files keep in their own way.
export const everyColumn = () => [
  ...kinds.filter((k) => k !== "decimal").map((k) => column(k, k)),
  column("p1", "decimal", 1, 1), column("p9", "decimal", 9, 2),
  column("p10", "decimal", 10, 0), column("p18", "decimal", 18, 4),
  column("p19", "decimal", 19, 19), column("p30", "decimal", 30, 10),
  column("p38", "decimal", 38, 10),
];

// `n` rows of the extremes, over and over, with NULLs in between; each column
// comes round at its own pace, so that neighbours differ from row to row.
export function extremeTable(n, columns = everyColumn()) {
  const lists = columns.map((c) => [...extremes(c), null]);
  const rows = Array.from({ length: n },
    (_, i) => lists.map((list) => list[i % list.length]));
  return table(columns, rows);
}

// ------------------------------------------------------------------ chance

// The same numbers for the same seed, everywhere.
export function chance(seed) {
  let s = seed >>> 0;
  const next = () => {
    s = (s + 0x9e3779b9) >>> 0;
    let z = s;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  const r = {
    next,
    below: (n) => next() % n,
    pick: (list) => list[next() % list.length],
    yes: (p) => next() < p * 4294967296,
    bits: (n) => {
      let v = 0n;
      for (let i = 0; i < n; i += 32) v = (v << 32n) | BigInt(next());
      return v & ((1n << BigInt(n)) - 1n);
    },
    // Of the whole range, both ends included.
    between: (lo, hi) => lo + r.bits(160) % (hi - lo + 1n),
    bytes: (n) => {
      const b = Buffer.alloc(n);
      for (let i = 0; i < n; i++) b[i] = next() >>> 7;
      return b;
    },
  };
  return r;
}

const LETTERS = [..."abcdefghij ÄöüßñКирилл東京\u0000\"\\\u{1F69A}\u{10FFFF}"];

function text(r, longest) {
  const n = r.yes(0.9) ? r.below(24) : r.below(longest);
  let s = "";
  for (let i = 0; i < n; i++) s += r.pick(LETTERS);
  return s;
}

function uuid(r) {
  const h = r.bytes(16).toString("hex");
  return [h.slice(0, 8), h.slice(8, 12), h.slice(12, 16), h.slice(16, 20),
    h.slice(20)].join("-");
}

const wide = { int8: 8, int16: 16, int32: 32, int64: 64 };

export function anyValue(r, c, longest = 3000) {
  if (wide[c.kind]) return BigInt.asIntN(wide[c.kind], r.bits(64));
  switch (c.kind) {
  case "bool": return r.yes(0.5);
  case "float":
  case "double": {
    const b = r.bytes(8);
    const v = c.kind === "float" ? b.readFloatBE() : b.readDoubleBE();
    return Number.isNaN(v) ? 0.5 : v;
  }
  case "decimal": return r.between(-nines(c.precision), nines(c.precision));
  case "date": return r.between(DAY_MIN, DAY_MAX);
  case "time": return r.between(0n, DAY - 1n);
  case "timestamp":
  case "timestamp_ntz": return r.between(MOMENT_MIN, MOMENT_MAX);
  case "text": return text(r, longest);
  case "json": return JSON.stringify({ a: text(r, longest), b: r.below(9) });
  case "uuid": return uuid(r);
  case "blob": return r.bytes(r.yes(0.9) ? r.below(40) : r.below(longest));
  default: return assert.fail(c.kind);
  }
}

// A column's habits: how often NULL, how many different values, in what order.
export function anyColumn(r, c, n) {
  const nulls = r.pick([0, 0, 0.1, 0.5, 0.95, 1]);
  const distinct = r.pick([1, 2, 5, 40, 300, Infinity]);
  const pool = distinct === Infinity ? null : Array.from({ length: distinct },
    () => (r.yes(0.3) ? r.pick(extremes(c)) : anyValue(r, c)));
  const values = [];
  while (values.length < n) {
    const v = r.yes(nulls) ? null : pool ? r.pick(pool) :
      r.yes(0.1) ? r.pick(extremes(c)) : anyValue(r, c);
    // Runs are what run-length codes are about.
    const times = r.yes(0.1) ? 1 + r.below(300) : 1;
    for (let i = 0; i < times && values.length < n; i++) values.push(v);
  }
  if (r.yes(0.3))
    values.sort((a, b) => (a === null ? -1 : b === null ? 1 :
      order(sortable(c, canonical(c, a)), sortable(c, canonical(c, b)))));
  return values;
}

export function anyTable(r, n, columns) {
  const lists = columns.map((c) => anyColumn(r, c, n));
  return table(columns,
    Array.from({ length: n }, (_, i) => lists.map((l) => l[i])));
}

export function anyColumns(r, n) {
  return Array.from({ length: n }, (_, i) => {
    const kind = r.pick(kinds);
    const precision = 1 + r.below(38);
    return column(`${kind}_${i}`, kind, precision, r.below(precision + 1));
  });
}
