// tests/lib/lakehouse_tsql_types.mjs: T-SQL's types and values in SQL of DuckDB:
// lengths that cut, collations that ignore case and trailing spaces, styles of
// CONVERT, bytes of nvarchar, and the type in which two values meet. A value is
//
//   { sql, t: { k, n, p, s }, coll }
//
// What isn't known here is an error, also where a pool would take it.

import { createHash } from "node:crypto";
import { SqlError } from "./lakehouse_tsql.mjs";
import { require } from "./harness.mjs";

const INTS = ["tinyint", "smallint", "int", "bigint"];
const TEXTS = ["char", "varchar", "nchar", "nvarchar"];
const BYTES = ["binary", "varbinary"];
const TIMES = ["date", "time", "datetime2", "datetimeoffset", "datetime",
  "smalldatetime"];
export const isInt = (t) => INTS.includes(t.k);
export const isText = (t) => TEXTS.includes(t.k);
export const isBytes = (t) => BYTES.includes(t.k);
const isTime = (t) => TIMES.includes(t.k);
export const isFloat = (t) => t.k === "float" || t.k === "real";
const isMoney = (t) => t.k === "money" || t.k === "smallmoney";
export const wide = (t) => t.k.startsWith("n");
export const DEFAULT_COLLATION = "SQL_Latin1_General_CP1_CI_AS";

export const refuse = (text, number = 40515) => {
  throw new SqlError(number, text);
};

// T-SQL's name of a type, as it would be declared.
export function typeName(t) {
  if (t.k === "decimal") return `decimal(${t.p},${t.s})`;
  if (isText(t) || isBytes(t)) return `${t.k}(${t.n ?? 1})`;
  if (t.s !== undefined) return `${t.k}(${t.s})`;
  return t.k;
}

// How DuckDB keeps such a column.
export function duckType(t) {
  if (t.k === "decimal") return `DECIMAL(${t.p}, ${t.s})`;
  if (isText(t)) return "VARCHAR";
  if (isBytes(t)) return "BLOB";
  return { bit: "BOOLEAN", tinyint: "UTINYINT", smallint: "SMALLINT",
    int: "INTEGER", bigint: "BIGINT", real: "FLOAT", float: "DOUBLE",
    money: "DECIMAL(19, 4)", smallmoney: "DECIMAL(10, 4)", date: "DATE",
    time: "TIME", datetime2: "TIMESTAMP", datetime: "TIMESTAMP",
    smalldatetime: "TIMESTAMP", datetimeoffset: "TIMESTAMPTZ",
    uniqueidentifier: "UUID", null: "INTEGER" }[t.k];
}

// ------------------------------------------------- functions DuckDB lacks

// Code page 1252 beyond ASCII and Latin-1.
const PAGE = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";
const pageBytes = (text) => Buffer.from([...text].map((c) => {
  const at = PAGE.indexOf(c);
  return at >= 0 ? 0x80 + at : Math.min(c.codePointAt(0), 0xff);
}));
export const WINDOWS = /[^\x00-\x7f\xa0-\xff€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]/gu;

function cutBytes(text, n) {
  const b = Buffer.from(text);
  if (b.length <= n) return text;
  let end = n;
  while (end > 0 && (b[end] & 0xc0) === 0x80) end--;
  return b.toString("utf8", 0, end);
}

function cutUnits(text, n) {
  if (text.length <= n) return text;
  // Half a character can't be kept.
  const half = /[\ud800-\udbff]/.test(text[n - 1]);
  return text.slice(0, half ? n - 1 : n);
}

// Style 3: 17 digits; 1: 8; 2: 16; 0: at most 6, without an exponent if it can.
function floatText(v, style) {
  const exponent = (t) => t.replace(/e([+-])(\d+)$/,
    (_, s, d) => `e${s}${d.padStart(3, "0")}`);
  if (style > 0)
    return exponent(v.toExponential({ 1: 7, 2: 15, 3: 16 }[style]));
  const t = Number(v.toPrecision(6));
  return v !== 0 && (Math.abs(t) >= 1e6 || Math.abs(t) < 1e-4) ?
    exponent(t.toExponential()) : String(t);
}

export function defineFunctions(connection) {
  const d = require("@duckdb/node-api");
  const bytes = (v) => v instanceof d.DuckDBBlobValue ? Buffer.from(v.bytes) :
    Buffer.from(v);
  const define = (name, parameterTypes, returnType, fn) =>
    connection.registerScalarFunction(d.DuckDBScalarFunction.create({
      name, parameterTypes, returnType,
      mainFunction(_, input, output) {
        const columns = parameterTypes.map((__, i) => input.getColumnVector(i));
        for (let r = 0; r < input.rowCount; r++) {
          const values = columns.map((c) => c.getItem(r));
          let v = values.includes(null) ? null : fn(...values);
          if (Buffer.isBuffer(v)) v = new d.DuckDBBlobValue(v);
          output.setItem(r, v);
        }
        output.flush();
      },
    }));
  const swap = (text) => Buffer.from(text, "utf16le").swap16();
  define("ts_utf16", [d.VARCHAR], d.BLOB, (v) => Buffer.from(v, "utf16le"));
  define("ts_order", [d.VARCHAR], d.BLOB, swap);
  define("ts_page", [d.VARCHAR], d.BLOB, pageBytes);
  define("ts_sha512", [d.BLOB], d.BLOB,
    (v) => createHash("sha512").update(bytes(v)).digest());
  define("ts_cut8", [d.VARCHAR, d.INTEGER], d.VARCHAR, cutBytes);
  define("ts_cut16", [d.VARCHAR, d.INTEGER], d.VARCHAR, cutUnits);
  define("ts_windows", [d.VARCHAR], d.VARCHAR, (v) => v.replace(WINDOWS, "?"));
  define("ts_left", [d.BLOB, d.INTEGER, d.INTEGER], d.BLOB,
    (v, from, n) => bytes(v).subarray(Math.max(from - 1, 0), from - 1 + n));
  define("ts_int", [d.BLOB], d.BIGINT, (v) => {
    const b = Buffer.alloc(8);
    const last = bytes(v).subarray(-8);
    last.copy(b, 8 - last.length);
    return b.readBigInt64BE();
  });
  define("ts_bytes", [d.BIGINT, d.INTEGER], d.BLOB, (v, n) => {
    const b = Buffer.alloc(8);
    b.writeBigInt64BE(v);
    return Buffer.from(b.subarray(8 - n));
  });
  define("ts_float", [d.DOUBLE, d.INTEGER], d.VARCHAR, floatText);
}

// --------------------------------------------------------------- collation

export const COLLATION = new RegExp("^(SQL_)?Latin1_General(_100|_CP1)?" +
  "(_CI_AS|_CI_AI|_CS_AS|_BIN|_BIN2)(_SC)?(_UTF8)?$", "i");

const utf8 = (e) => /_UTF8$/i.test(e.coll ?? "");
const binary = (e) => /_BIN2?(_|$)/i.test(e.coll ?? "");
export const anyCase = (e) => !binary(e) && !/_CS_/i.test(e.coll ?? "");

// What a text is compared by: trailing spaces never count, case by default
// doesn't either.
export function sameness(e) {
  if (!isText(e.t)) return e.sql;
  const trimmed = `rtrim(${e.sql}, ' ')`;
  return anyCase(e) ? `lower(${trimmed})` : trimmed;
}

// And ordered by: nvarchar in BIN2 goes by its 16-bit units.
export function order(e) {
  if (e.t.k === "uniqueidentifier")
    refuse("the order of uniqueidentifier is not known here");
  const key = sameness(e);
  return isText(e.t) && wide(e.t) && binary(e) ? `ts_order(${key})` : key;
}

// --------------------------------------------------------------- conversion

const overflow = (t) => `error('8115;Arithmetic overflow error converting ` +
  `expression to data type ${t.k}.')`;

const FRACTION = "lpad(CAST(extract('microsecond' FROM $) % 1000000 AS " +
  "VARCHAR), 6, '0') || '0'";

// A time's text with t.s digits after the point.
function clock(sql, s) {
  const whole = `strftime(${sql}, '%H:%M:%S')`;
  return s === 0 ? whole : `(${whole} || '.' || left(` +
    `${FRACTION.replaceAll("$", sql)}, ${s}))`;
}

// Styles as CAST and CONVERT have them; 121 where none is given.
function timeText(e, style = 121) {
  const { k } = e.t;
  const stamp = k === "time" ? `(DATE '1970-01-01' + ${e.sql})` : e.sql;
  const at = k === "datetimeoffset" ? `timezone('UTC', ${e.sql})` : stamp;
  const s = { datetime: 3, smalldatetime: 0 }[k] ?? e.t.s ?? 7;
  if (k === "date") {
    if (![23, 120, 121, 126, 127].includes(style))
      refuse(`style ${style} of a date is not known here`);
    return `strftime(${at}, '%Y-%m-%d')`;
  }
  const day = `strftime(${at}, '%Y-%m-%d')`;
  const zone = k === "datetimeoffset" ? " || ' +00:00'" : "";
  if (k === "time") {
    if (![108, 114, 120, 121, 126].includes(style))
      refuse(`style ${style} of a time is not known here`);
    return clock(at, style === 108 || style === 120 ? 0 : s);
  }
  if (style === 23) return day;
  if (style === 120) return `(${day} || ' ' || ${clock(at, 0)}${zone})`;
  if (style === 121 || style === 21 || style === 25)
    return `(${day} || ' ' || ${clock(at, s)}${zone})`;
  // A fraction of nothing is left out (CAST and CONVERT, styles 126, 127).
  if (style === 126 || style === 127)
    return `(${day} || 'T' || CASE WHEN extract('microsecond' FROM ${at}) % ` +
      `1000000 = 0 THEN ${clock(at, 0)} ELSE ${clock(at, s)} END` +
      `${k !== "datetimeoffset" ? "" : style === 127 ? " || 'Z'" :
        " || '+00:00'"})`;
  return refuse(`style ${style} of ${k} is not known here`);
}

// The text of any value, before it is cut.
function asText(e, style) {
  const { k } = e.t;
  if (isText(e.t)) return e.sql;
  if (k === "null") return "CAST(NULL AS VARCHAR)";
  if (isTime(e.t)) return timeText(e, style);
  if (k === "bit") return `CAST(CAST(${e.sql} AS INTEGER) AS VARCHAR)`;
  if (isFloat(e.t)) {
    if (![0, 1, 2, 3].includes(style ?? 0))
      refuse(`style ${style} of a float is not known here`);
    return `ts_float(CAST(${e.sql} AS DOUBLE), ${style ?? 0})`;
  }
  if (k === "uniqueidentifier") return `upper(CAST(${e.sql} AS VARCHAR))`;
  if (isMoney(e.t)) return `CAST(CAST(${e.sql} AS DECIMAL(38, 2)) AS VARCHAR)`;
  if (isBytes(e.t)) {
    if (style === 2) return `hex(${e.sql})`;
    if (style === 1) return `('0x' || hex(${e.sql}))`;
    refuse("bytes as characters (style 0) are not known here");
  }
  return `CAST(${e.sql} AS VARCHAR)`;
}

// No text has more UTF-16 units than UTF-8 bytes, which are quicker to count.
const cut = (sql, t, n) => `(CASE WHEN strlen(${sql}) <= ${n} THEN ${sql} ` +
  `ELSE ts_cut${wide(t) ? 16 : 8}(${sql}, ${n}) END)`;

export function toText(e, t, style) {
  const n = t.n ?? 30;
  const result = { t: { ...t, n },
    coll: isText(e.t) ? e.coll : DEFAULT_COLLATION };
  let sql = asText(e, style);
  // What the code page lacks becomes a question mark.
  if (!wide(t) && isText(e.t) && !utf8(e)) sql = `ts_windows(${sql})`;
  if (n !== "max") {
    // Numbers are never cut: an error, or for char an asterisk nobody wants.
    sql = isText(e.t) || isTime(e.t) || isBytes(e.t) || e.t.k === "null" ?
      cut(sql, t, n) :
      `(CASE WHEN length(${sql}) > ${n} THEN ${overflow(t)} ELSE ${sql} END)`;
    if (!t.k.includes("var")) sql = `rpad(${sql}, ${n}, ' ')`;
  }
  return { ...result, sql };
}

export function toBytes(e, t) {
  const n = t.n ?? 30;
  let sql;
  if (isBytes(e.t) || e.t.k === "null") sql = e.sql;
  else if (isText(e.t) && wide(e.t)) sql = `ts_utf16(${e.sql})`;
  else if (isText(e.t) && utf8(e)) sql = `encode(${e.sql})`;
  else if (isText(e.t)) sql = `ts_page(${e.sql})`;
  else if (isInt(e.t))
    sql = `ts_bytes(CAST(${e.sql} AS BIGINT), ` +
      `${{ tinyint: 1, smallint: 2, int: 4, bigint: 8 }[e.t.k]})`;
  else refuse(`${typeName(e.t)} to ${typeName(t)} is not known here`, 529);
  if (t.k === "binary" && !isBytes(e.t))
    refuse("binary pads: use varbinary", 529);
  if (n !== "max") sql = `ts_left(${sql}, 1, ${n})`;
  return { sql, t: { ...t, n } };
}

function toNumber(e, t) {
  const duck = duckType(t);
  let { sql } = e;
  if (isTime(e.t) || e.t.k === "uniqueidentifier")
    refuse(`Explicit conversion from data type ${e.t.k} to ${t.k} is not ` +
      "allowed.", 529);
  if (isBytes(e.t)) {
    if (!isInt(t)) refuse(`${e.t.k} to ${t.k} is not known here`, 529);
    sql = `ts_int(${sql})`;
  } else if ((e.t.k === "decimal" || isFloat(e.t) || isMoney(e.t)) && isInt(t)) {
    sql = `trunc(${sql})`;
  } else if (isText(e.t)) {
    sql = `trim(${sql})`;
  }
  if (t.k === "bit" && !isText(e.t)) sql = `(${sql} <> 0)`;
  return { sql: `CAST(${sql} AS ${duck})`, t };
}

function toTime(e, t) {
  const ok = isText(e.t) || isTime(e.t) || e.t.k === "null";
  if (!ok) refuse(`Explicit conversion from data type ${e.t.k} to ${t.k} is ` +
    "not allowed.", 529);
  let { sql } = e;
  if (e.t.k === "datetimeoffset" && t.k !== "datetimeoffset")
    sql = `timezone('UTC', ${sql})`;
  sql = `CAST(${sql} AS ${duckType(t)})`;
  // Fewer digits are rounded.
  const s = { datetime: 3, smalldatetime: 0 }[t.k] ?? t.s;
  if (s !== undefined && s < 6) {
    const unit = 10 ** (6 - s);
    if (t.k === "datetime" || t.k === "smalldatetime")
      refuse(`${typeName(t)} is not known here`);
    sql = t.k !== "time" ?
      `make_timestamp${t.k === "datetimeoffset" ? "tz" : ""}(CAST(round(epoch_us(${sql}) / ${unit}) AS BIGINT) * ` +
        `${unit})` :
      `CAST(TIME '00:00:00' + to_microseconds(CAST(round(epoch_us(${sql}) / ` +
        `${unit}) AS BIGINT) * ${unit}) AS TIME)`;
  }
  return { sql, t };
}

export function convert(e, t, style) {
  let r;
  if (isText(t)) r = toText(e, t, style);
  else if (isBytes(t)) r = toBytes(e, t);
  else if (isTime(t)) r = toTime(e, t);
  else if (t.k === "uniqueidentifier") {
    if (!isText(e.t) && e.t.k !== "uniqueidentifier" && e.t.k !== "null")
      refuse(`${e.t.k} to uniqueidentifier is not known here`, 529);
    r = { sql: `CAST(${e.sql} AS UUID)`, t };
  } else {
    r = toNumber(e, t);
  }
  return r;
}

// What a value becomes when it is stored in a column without being asked to:
// as CONVERT, but nothing is cut.
export function assign(e, t, column) {
  if (isText(t) && t.n !== "max" && (isText(e.t) || isTime(e.t))) {
    const n = t.n ?? 1;
    const text = convert(e, { ...t, n: "max" });
    const length = wide(t) ? `octet_length(ts_utf16(${text.sql})) / 2` :
      `strlen(${text.sql})`;
    return `(CASE WHEN strlen(${text.sql}) <= ${n} THEN ${text.sql} WHEN ` +
      `${length} > ${n} THEN error('2628;String or binary ` +
      `data would be truncated, column ${column.replaceAll("'", "''")}.') ` +
      `ELSE ${text.sql} END)`;
  }
  if (isBytes(t) && t.n !== "max" && isBytes(e.t))
    return `(CASE WHEN octet_length(${e.sql}) > ${t.n ?? 1} THEN error('2628;` +
      `String or binary data would be truncated.') ELSE ${e.sql} END)`;
  return convert(e, isText(t) ? { ...t, n: t.n ?? 1 } : t).sql;
}

// ------------------------------------------------------------- mixed types

export const RANK = ["null", "bit", ...INTS, "smallmoney", "money", "decimal", "real",
  "float"];
const whole = { bit: 1, tinyint: 3, smallint: 5, int: 10, bigint: 19,
  money: 19, smallmoney: 10 };
const asDecimal = (t) => t.k === "decimal" ? t :
  { k: "decimal", p: whole[t.k], s: isMoney(t) ? 4 : 0 };

// The type in which two values meet (data type precedence).
export function common(a, b) {
  if (a.k === "null") return b;
  if (b.k === "null") return a;
  if (isText(a) && isText(b)) {
    const n = a.n === "max" || b.n === "max" ? "max" :
      Math.max(a.n ?? 1, b.n ?? 1);
    return { k: wide(a) || wide(b) ? "nvarchar" : "varchar", n };
  }
  if (isBytes(a) && isBytes(b))
    return { k: "varbinary", n: a.n === "max" || b.n === "max" ? "max" :
      Math.max(a.n ?? 1, b.n ?? 1) };
  if (a.k === "decimal" && b.k === "decimal") {
    const s = Math.max(a.s, b.s);
    return { k: "decimal", s,
      p: Math.min(38, Math.max(a.p - a.s, b.p - b.s) + s) };
  }
  if (RANK.includes(a.k) && RANK.includes(b.k)) {
    const high = RANK.indexOf(a.k) >= RANK.indexOf(b.k) ? a : b;
    return high.k === "decimal" ? common(asDecimal(a), asDecimal(b)) : high;
  }
  if (a.k === b.k) return { ...a, s: Math.max(a.s ?? 0, b.s ?? 0) || a.s };
  if (isTime(a) && isText(b)) return a;
  if (isTime(b) && isText(a)) return b;
  if (isTime(a) && isTime(b) && a.k !== "time" && b.k !== "time")
    return [a, b].find((t) => t.k === "datetime2") ??
      refuse(`${a.k} with ${b.k} is not known here`);
  if (a.k === "uniqueidentifier" && isText(b)) return a;
  if (b.k === "uniqueidentifier" && isText(a)) return b;
  return refuse(`Operand type clash: ${a.k} is incompatible with ${b.k}`, 206);
}

export function meeting(a, b) {
  if (isText(a.t) && isText(b.t) && a.coll && b.coll && a.coll !== b.coll &&
      a.explicit && b.explicit)
    refuse("Cannot resolve the collation conflict.", 468);
  return a.explicit ? a.coll : b.explicit ? b.coll : a.coll ?? b.coll;
}

// Both sides in one type, ready to be compared.
export function paired(a, b) {
  const t = common(a.t, b.t);
  const coll = isText(t) ? meeting(a, b) : undefined;
  const one = (e) => isText(t) || isBytes(t) || e.t.k === t.k ?
    { ...e, t: isText(t) ? t : e.t, coll } : { ...convert(e, t), coll };
  return [one(a), one(b)];
}

export function arithmetic(op, a, b) {
  if (op === "+" && isText(a.t) && isText(b.t)) {
    const t = common(a.t, b.t);
    const n = t.n === "max" ? "max" :
      Math.min((a.t.n ?? 1) + (b.t.n ?? 1), wide(t) ? 4000 : 8000);
    const both = `(${a.sql} || ${b.sql})`;
    return { sql: n === "max" ? both : cut(both, t, n), t: { ...t, n },
      coll: meeting(a, b) };
  }
  if (!RANK.includes(a.t.k) || !RANK.includes(b.t.k))
    refuse(`${a.t.k} ${op} ${b.t.k} is not known here`, 402);
  if ((a.t.k === "bit" && b.t.k === "bit") || op === "&" || op === "|" ||
      op === "^")
    refuse(`${a.t.k} ${op} ${b.t.k} is not known here`, 402);
  let t = common(a.t, b.t);
  if (t.k === "bit") t = { k: "int" };
  const zero = (sql) => `(CASE WHEN ${b.sql} = 0 THEN error('8134;Divide by ` +
    `zero error encountered.') ELSE ${sql} END)`;
  if (t.k === "decimal") {
    const x = asDecimal(a.t);
    const y = asDecimal(b.t);
    if (op === "*") {
      if (x.s + y.s > 0 && x.p + y.p + 1 > 38)
        refuse("a product of such decimals is not known here");
      const p = Math.min(38, x.p + y.p + 1);
      return { sql: `CAST(CAST(${a.sql} AS DECIMAL(38, ${x.s})) * ` +
        `CAST(${b.sql} AS DECIMAL(38, ${y.s})) AS DECIMAL(${p}, ${x.s + y.s}))`,
        t: { k: "decimal", p, s: x.s + y.s } };
    }
    if (op === "%" && x.s === 0 && y.s === 0) {
      const p = Math.min(x.p, y.p);
      return { sql: zero(`CAST(CAST(${a.sql} AS HUGEINT) % ` +
        `CAST(${b.sql} AS HUGEINT) AS DECIMAL(${p}, 0))`),
        t: { k: "decimal", p, s: 0 } };
    }
    if (op !== "+" && op !== "-")
      refuse(`decimal ${op} decimal is not known here`);
    const s = Math.max(x.s, y.s);
    const p = Math.min(38, s + Math.max(x.p - x.s, y.p - y.s) + 1);
    return { sql: `CAST(CAST(${a.sql} AS DECIMAL(38, ${s})) ${op} ` +
      `CAST(${b.sql} AS DECIMAL(38, ${s})) AS DECIMAL(${p}, ${s}))`,
      t: { k: "decimal", p, s } };
  }
  const [x, y] = [a, b].map((e) => convert(e, t).sql);
  const duck = duckType(t);
  if (op === "/")
    return { t, sql: zero(isFloat(t) ? `(${x} / ${y})` :
      `CAST(${x} // ${y} AS ${duck})`) };
  return { t, sql: op === "%" ? zero(`CAST(${x} % ${y} AS ${duck})`) :
    `CAST(${x} ${op} ${y} AS ${duck})` };
}
