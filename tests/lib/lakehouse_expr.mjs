// tests/lib/lakehouse_expr.mjs: Databricks expressions and queries as DuckDB
// ones, typed as Databricks types them: the session is in UTC and ANSI mode,
// so a value that does not fit a cast is an error and never NULL.
//
//   const { sql, type } = expression(tree, scope);
//   const { sql, columns } = await compileQuery(tree, world);
//
// A function that is not in the table here is refused: whoever wants it writes
// down first what it means.

import { require } from "./harness.mjs";
import { LakeError, id, lit } from "./lakehouse_store.mjs";

const DUCK = { BOOLEAN: "BOOLEAN", TINYINT: "TINYINT", SMALLINT: "SMALLINT",
  INT: "INTEGER", BIGINT: "BIGINT", FLOAT: "FLOAT", DOUBLE: "DOUBLE",
  STRING: "VARCHAR", BINARY: "BLOB", DATE: "DATE",
  TIMESTAMP: "TIMESTAMP WITH TIME ZONE", TIMESTAMP_NTZ: "TIMESTAMP",
  VOID: "VARCHAR" };

const INTEGERS = ["TINYINT", "SMALLINT", "INT", "BIGINT"];
const isInteger = (t) => INTEGERS.includes(t);
const isFloating = (t) => t === "FLOAT" || t === "DOUBLE";
const isDecimal = (t) => t.startsWith("DECIMAL");
const isNumeric = (t) => isInteger(t) || isFloating(t) || isDecimal(t);
const isMoment = (t) => t === "DATE" || t.startsWith("TIMESTAMP");
export const isText = (t) => t === "STRING" || /^(VAR)?CHAR\(/.test(t);

export const duckType = (type) => DUCK[type] ??
  (isText(type) ? "VARCHAR" : isDecimal(type) ? type : undefined);

// The other way round, for what DuckDB holds.
export function typeOfDuck(duck) {
  const found = Object.entries(DUCK).find(([, d]) => d === duck)?.[0];
  return found ?? (/^DECIMAL/.test(duck) ? duck.replace(/\s/g, "") : undefined);
}

const decimalOf = (t) => {
  const m = /^DECIMAL\((\d+),(\d+)\)$/.exec(t);
  if (m) return { p: Number(m[1]), s: Number(m[2]) };
  return { TINYINT: { p: 3, s: 0 }, SMALLINT: { p: 5, s: 0 },
    INT: { p: 10, s: 0 }, BIGINT: { p: 20, s: 0 } }[t];
};

// DecimalType.adjustPrecisionScale: the whole part is kept, at least 6 digits
// behind the point.
function decimal(p, s) {
  if (p <= 38) return `DECIMAL(${p},${s})`;
  return `DECIMAL(38,${Math.max(38 - (p - s), Math.min(s, 6))})`;
}

const no = (condition, message, state = "42K09") =>
  new LakeError(condition, state, message);
const unknown = (what) => no("UNRESOLVED_ROUTINE",
  `${what}: this stand-in doesn't know it`, "42883");
const mismatch = (message) => no("DATATYPE_MISMATCH", message);

// ------------------------------------------------------------------- casts

// Data type rules, CAST in ANSI mode: a text that is no number is an error.
const failed = (x, type) => "error('[CAST_INVALID_INPUT] The value ' || " +
  `quote_of(${x}) || ' of the type "STRING" cannot be cast to "${type}"')`;

const guarded = (x, type, pattern, then) =>
  `CASE WHEN ${x} IS NULL THEN NULL WHEN regexp_full_match(trim_of(${x}), ` +
  `${lit(pattern)}, 'i') THEN ${then} ELSE ${failed(x, type)} END`;

const DATE = String.raw`[+-]?\d{4,7}-\d{1,2}-\d{1,2}`;
const CLOCK = String.raw`\d{1,2}:\d{1,2}(:\d{1,2}(\.\d{0,9})?)?`;
const ZONE = String.raw`( ?(Z|UTC|[+-]\d{1,2}:?\d{2}))`;
const NUMBER = String.raw`[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?`;

function fromText(x, type) {
  const trimmed = `trim_of(${x})`;
  if (isInteger(type))
    return guarded(x, type, "[+-]?\\d+", `CAST(${trimmed} AS ${DUCK[type]})`);
  if (isDecimal(type))
    return guarded(x, type, NUMBER, `CAST(${trimmed} AS ${type})`);
  if (isFloating(type))
    return guarded(x, type,
      `(${NUMBER}[df]?|nan|[+-]?inf(inity)?)`,
      `CAST(regexp_replace(${trimmed}, '([0-9.])[dDfF]$', '\\1') AS ` +
      `${DUCK[type]})`);
  switch (type) {
  case "BOOLEAN":
    return guarded(x, type, "t|true|y|yes|1|f|false|n|no|0",
      `lower(${trimmed}) IN ('t', 'true', 'y', 'yes', '1')`);
  case "DATE":
    return guarded(x, type, `${DATE}([T ].*)?`,
      `CAST(regexp_extract(${trimmed}, '^${DATE}') AS DATE)`);
  case "TIMESTAMP":
    return guarded(x, type, `${DATE}([T ]${CLOCK}${ZONE}?)?`,
      `CAST(micros_of(${trimmed}) AS TIMESTAMPTZ)`);
  case "TIMESTAMP_NTZ":
    return guarded(x, type, `${DATE}([T ]${CLOCK}${ZONE}?)?`,
      "CAST(regexp_replace(micros_of(" +
      `${trimmed}), '${ZONE}$', '') AS TIMESTAMP)`);
  case "BINARY": return `encode(${x})`;
  default: throw mismatch(`cannot cast STRING to ${type}`);
  }
}

function toText(x, type) {
  if (type === "TIMESTAMP")
    return `CAST(${x} AT TIME ZONE 'UTC' AS VARCHAR)`;
  if (type === "BINARY") return `decode(${x})`;
  if (type === "FLOAT") return `spark_float(${x})`;
  if (type === "DOUBLE") return `spark_double(${x})`;
  if (isNumeric(type) || isMoment(type) || type === "BOOLEAN")
    return `CAST(${x} AS VARCHAR)`;
  throw mismatch(`this stand-in casts no ${type} to STRING`);
}

export function castTo({ sql, type }, want) {
  if (type === want) return sql;
  if (type === "VOID") return `CAST(NULL AS ${duckType(want)})`;
  if (isText(want)) return isText(type) ? sql : toText(sql, type);
  if (isText(type)) return fromText(sql, want);
  const duck = duckType(want);
  if (isNumeric(want) && isNumeric(type)) {
    // Towards zero; DuckDB would round.
    const whole = isInteger(want) && !isInteger(type) ? `trunc(${sql})` : sql;
    return `CAST(${whole} AS ${duck})`;
  }
  if (type === "BOOLEAN" && isNumeric(want)) return `CAST(${sql} AS ${duck})`;
  if (want === "BOOLEAN" && isNumeric(type)) return `(${sql} <> 0)`;
  if (type === "DATE" && isMoment(want)) return `CAST(${sql} AS ${duck})`;
  if (type === "TIMESTAMP" && isMoment(want))
    return `CAST(${sql} AT TIME ZONE 'UTC' AS ${duck})`;
  if (type === "TIMESTAMP_NTZ" && want === "TIMESTAMP")
    return `(${sql} AT TIME ZONE 'UTC')`;
  if (type === "TIMESTAMP_NTZ" && want === "DATE")
    return `CAST(${sql} AS DATE)`;
  if (type === "TIMESTAMP" && want === "BIGINT")
    return `CAST(floor(epoch_us(${sql}) / 1000000) AS BIGINT)`;
  throw mismatch(`cannot cast ${type} to ${want}`);
}

// What a store would take by itself (ANSI store assignment): numbers into
// numbers, moments into moments, anything into STRING; never a text into
// anything else.
export function assignable(type, want) {
  if (type === want || type === "VOID") return true;
  if (isText(want)) return duckType(type) !== undefined;
  return (isNumeric(type) && isNumeric(want)) ||
    (isMoment(type) && isMoment(want));
}

// What the casts above and the functions below need in DuckDB.
const MACROS = [
  "CREATE MACRO trim_of(x) AS trim(x, ' ' || chr(9) || chr(10) || chr(13))",
  "CREATE MACRO quote_of(x) AS chr(39) || x || chr(39)",
  // Spark keeps six digits of a second's fraction and drops more.
  "CREATE MACRO micros_of(x) AS regexp_replace(x, '(\\.\\d{6})\\d+', '\\1')",
];

// Java's Double.toString(), with the fewest digits that tell two apart.
function javaText(v, shortest) {
  if (Number.isNaN(v)) return "NaN";
  if (!Number.isFinite(v)) return v > 0 ? "Infinity" : "-Infinity";
  if (v === 0) return Object.is(v, -0) ? "-0.0" : "0.0";
  const [, minus, head, rest, exp] =
    /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(shortest);
  const e = Number(exp);
  const digits = head + (rest ?? "");
  if (e < -3 || e > 6) return `${minus}${head}.${rest || "0"}E${e}`;
  if (e < 0) return `${minus}0.${"0".repeat(-e - 1)}${digits}`;
  const padded = digits.padEnd(e + 2, "0");
  return `${minus}${padded.slice(0, e + 1)}.${padded.slice(e + 1)}`;
}

function floatText(v) {
  for (let n = 0; n < 9; n++) {
    const t = v.toExponential(n);
    if (Math.fround(Number(t)) === v) return t;
  }
  return v.toExponential(9);
}

// Exact; null where the sum has more than 38 digits.
function trySum(scale, list) {
  let sum = 0n;
  for (const t of list.split(" ")) sum += BigInt(t.replace(".", ""));
  const size = sum < 0n ? -sum : sum;
  if (size >= 10n ** 38n) return null;
  const digits = String(size).padStart(scale + 1, "0");
  const at = digits.length - scale;
  return (sum < 0n ? "-" : "") + digits.slice(0, at) +
    (scale ? `.${digits.slice(at)}` : "");
}

const taught = new WeakSet(); // stores that know these functions

export async function defineFunctions(store) {
  if (taught.has(store)) return;
  taught.add(store);
  const d = require("@duckdb/node-api");
  const bytes = (v) => Buffer.from(v.bytes ?? v);
  const define = (name, parameterTypes, returnType, fn) =>
    store.connection.registerScalarFunction(d.DuckDBScalarFunction.create({
      name, parameterTypes, returnType,
      mainFunction(_, input, output) {
        const columns = parameterTypes.map((__, i) => input.getColumnVector(i));
        for (let r = 0; r < input.rowCount; r++) {
          const values = columns.map((c) => c.getItem(r));
          const v = values.includes(null) ? null : fn(...values);
          output.setItem(r, Buffer.isBuffer(v) ? new d.DuckDBBlobValue(v) : v);
        }
        output.flush();
      },
    }));
  define("spark_double", [d.DOUBLE], d.VARCHAR,
    (v) => javaText(v, v.toExponential()));
  define("spark_float", [d.FLOAT], d.VARCHAR, (v) => javaText(v, floatText(v)));
  define("spark_bytes", [d.BLOB, d.INTEGER, d.INTEGER], d.BLOB,
    (v, from, n) => bytes(v).subarray(Math.max(from - 1, 0),
      Math.max(from - 1, 0) + n));
  define("spark_try_sum", [d.INTEGER, d.VARCHAR], d.VARCHAR, trySum);
  define("spark_hex", [d.VARCHAR], d.VARCHAR, (v) =>
    (/^[0-9A-Fa-f]{1,16}$/.test(v) ? String(BigInt(`0x${v}`)) : null));
  for (const m of MACROS) await store.exec(m);
}

// ------------------------------------------------------------- expressions

function common(types) {
  const real = types.filter((t) => t !== "VOID");
  if (real.length === 0) return "VOID";
  if (real.every((t) => t === real[0])) return real[0];
  if (real.every(isText)) return "STRING";
  if (real.every(isNumeric)) {
    if (real.some(isFloating)) return "DOUBLE";
    if (real.every(isInteger))
      return INTEGERS[Math.max(...real.map((t) => INTEGERS.indexOf(t)))];
    const all = real.map(decimalOf);
    const s = Math.max(...all.map((d) => d.s));
    return decimal(s + Math.max(...all.map((d) => d.p - d.s)), s);
  }
  if (real.every(isMoment))
    return real.includes("TIMESTAMP") ? "TIMESTAMP" : "TIMESTAMP_NTZ";
  // ANSI: a text beside another type is cast to that type.
  const others = real.filter((t) => !isText(t));
  if (new Set(others).size === 1) return others[0] === "INT" ? "BIGINT" :
    others[0];
  throw mismatch(`no type for ${real.join(", ")}`);
}

const unify = (args) => {
  const type = common(args.map((a) => a.type));
  return { type, args: args.map((a) => castTo(a, type)) };
};

const need = (arg, ok, name) => {
  if (!ok(arg.type) && arg.type !== "VOID")
    throw mismatch(`${name}() of ${arg.type}`);
  return arg.sql;
};

// Datetime patterns: letters of Java's DateTimeFormatter that are fixed width.
const PATTERN = { yyyy: "%Y", MM: "%m", dd: "%d", HH: "%H", mm: "%M",
  ss: "%S", SSSSSS: "%f", SSS: "%g", X: "Z", XXX: "Z" };

function javaPattern(text) {
  let out = "";
  for (const m of text.matchAll(/'([^']*)'|([A-Za-z])\2*|([^])/g)) {
    const part = m[1] ?? (m[2] ? PATTERN[m[0]] : m[3]);
    if (part === undefined)
      throw no("INVALID_DATETIME_PATTERN", `${m[0]} in '${text}'`, "22007");
    out += m[2] ? part : part.replaceAll("%", "%%");
  }
  return out;
}

const literalOf = (tree, name) => {
  if (tree?.op === "string") return tree.value;
  if (tree?.op === "number") return Number(tree.text);
  throw mismatch(`${name}() takes a literal here`);
};

const text = (sql) => ({ sql, type: "STRING" });
const bigint = (sql) => ({ sql, type: "BIGINT" });

// name: [arguments at least, at most, (args, trees) -> { sql, type }]
const FUNCTIONS = {
  coalesce: [1, 9, (a) => {
    const u = unify(a);
    return { sql: `coalesce(${u.args.join(", ")})`, type: u.type };
  }],
  if: [3, 3, ([c, ...a]) => {
    const u = unify(a);
    return { sql: `CASE WHEN ${need(c, (t) => t === "BOOLEAN", "if")} THEN ` +
      `${u.args[0]} ELSE ${u.args[1]} END`, type: u.type };
  }],
  nullif: [2, 2, ([a, b]) => ({ sql: `nullif(${a.sql}, ` +
    `${castTo(b, a.type)})`, type: a.type })],
  date_format: [2, 2, ([x], [, p]) => {
    need(x, isMoment, "date_format");
    const at = x.type === "TIMESTAMP" ? `${x.sql} AT TIME ZONE 'UTC'` : x.sql;
    return text(`strftime(CAST(${at} AS TIMESTAMP), ` +
      `${lit(javaPattern(literalOf(p, "date_format")))})`);
  }],
  sha2: [2, 2, ([x], [, n]) => {
    if (![0, 256].includes(literalOf(n, "sha2"))) throw unknown("sha2 of that");
    return text(`sha256(${binary(x)})`);
  }],
  sha: [1, 1, ([x]) => text(`sha1(${binary(x)})`)],
  sha1: [1, 1, ([x]) => text(`sha1(${binary(x)})`)],
  md5: [1, 1, ([x]) => text(`md5(${binary(x)})`)],
  hex: [1, 1, ([x]) => text(isInteger(x.type) ?
    `CASE WHEN ${x.sql} >= 0 THEN to_hex(CAST(${x.sql} AS BIGINT)) ELSE ` +
      `to_hex(CAST(${x.sql} AS HUGEINT) + 18446744073709551616) END` :
    `hex(${need(x, (t) => isText(t) || t === "BINARY", "hex")})`)],
  unhex: [1, 1, ([x]) => ({ sql: "CASE WHEN regexp_full_match(" +
    `${need(x, isText, "unhex")}, '([0-9A-Fa-f]{2})*') THEN ` +
    `unhex(${x.sql}) END`, type: "BINARY" })],
  base64: [1, 1, ([x]) => text(`base64(${binary(x)})`)],
  unbase64: [1, 1, ([x]) => ({
    sql: `from_base64(${need(x, isText, "unbase64")})`, type: "BINARY" })],
  to_binary: [1, 2, ([x], [, f]) => {
    const how = f ? literalOf(f, "to_binary").toLowerCase() : "hex";
    const by = { hex: "unhex", base64: "from_base64", "utf-8": "encode",
      utf8: "encode" }[how];
    if (!by) throw unknown(`to_binary of ${how}`);
    return { sql: `${by}(${need(x, isText, "to_binary")})`, type: "BINARY" };
  }],
  // conv() works on 64 bits without sign and answers a text.
  conv: [3, 3, ([x], [, from, to]) => {
    if (literalOf(from, "conv") !== 16 || literalOf(to, "conv") !== 10)
      throw unknown("conv but from 16 to 10");
    const digits = castTo(x, "STRING");
    return text(`spark_hex(${digits})`);
  }],
  substr: [2, 3, (a) => a[0].type === "BINARY" ? { type: "BINARY",
    sql: `spark_bytes(${a[0].sql}, ${a[1].sql}, ` +
      `${a[2]?.sql ?? "2147483647"})` } : text("substr(" +
    [castTo(a[0], "STRING"), ...a.slice(1).map((x) =>
      need(x, isInteger, "substr"))].join(", ") + ")")],
  substring: [2, 3, (a) => FUNCTIONS.substr[2](a)],
  left: [2, 2, ([x, n]) => text(`left(${castTo(x, "STRING")}, ${n.sql})`)],
  right: [2, 2, ([x, n]) => text(`right(${castTo(x, "STRING")}, ${n.sql})`)],
  concat: [1, 99, (a) => text(
    `(${a.map((x) => castTo(x, "STRING")).join(" || ")})`)],
  lower: [1, 1, ([x]) => text(`lower(${castTo(x, "STRING")})`)],
  upper: [1, 1, ([x]) => text(`upper(${castTo(x, "STRING")})`)],
  trim: [1, 1, ([x]) => text(`trim(${castTo(x, "STRING")}, ' ')`)],
  length: [1, 1, ([x]) => ({ type: "INT", sql: x.type === "BINARY" ?
    `CAST(octet_length(${x.sql}) AS INTEGER)` :
    `CAST(length(${castTo(x, "STRING")}) AS INTEGER)` })],
  octet_length: [1, 1, ([x]) => ({ type: "INT",
    sql: `CAST(octet_length(${binary(x)}) AS INTEGER)` })],
  rpad: [3, 3, ([x, n, p]) => text(`rpad(${castTo(x, "STRING")}, ${n.sql}, ` +
    `${p.sql})`)],
  lpad: [3, 3, ([x, n, p]) => text(`lpad(${castTo(x, "STRING")}, ${n.sql}, ` +
    `${p.sql})`)],
  replace: [3, 3, (a) => text(
    `replace(${a.map((x) => castTo(x, "STRING")).join(", ")})`)],
  regexp_replace: [3, 3, ([x], [, p, r]) => text("regexp_replace(" +
    `${castTo(x, "STRING")}, ${lit(literalOf(p, "regexp_replace"))}, ` +
    `${lit(literalOf(r, "regexp_replace"))}, 'g')`)],
  abs: [1, 1, ([x]) => ({ sql: `abs(${need(x, isNumeric, "abs")})`,
    type: x.type })],
  isnan: [1, 1, ([x]) => ({ type: "BOOLEAN", sql: `coalesce(isnan(` +
    `${need(x, isFloating, "isnan")}), false)` })],
  mod: [2, 2, ([a, b]) => arithmetic("%", a, b)],
  pmod: [2, 2, ([a, b]) => {
    const r = arithmetic("%", a, b);
    const once = castTo(b, r.type);
    return { type: r.type, sql: `CAST(((${r.sql}) + ${once}) % ${once} AS ` +
      `${duckType(r.type)})` };
  }],
  unix_micros: [1, 1, ([x]) => bigint(
    `epoch_us(${need(x, (t) => t === "TIMESTAMP", "unix_micros")})`)],
  unix_millis: [1, 1, ([x]) => bigint(
    `epoch_ms(${need(x, (t) => t === "TIMESTAMP", "unix_millis")})`)],
  unix_date: [1, 1, ([x]) => ({ type: "INT", sql: "CAST(date_diff('day', " +
    `DATE '1970-01-01', ${need(x, (t) => t === "DATE", "unix_date")}) AS ` +
    "INTEGER)" })],
  to_timestamp: [1, 1, ([x]) => ({ type: "TIMESTAMP",
    sql: castTo(x, "TIMESTAMP") })],
  to_date: [1, 1, ([x]) => ({ type: "DATE", sql: castTo(x, "DATE") })],
  current_catalog: [0, 0, () => text("'main'")],
  version: [0, 0, () => text("'4.0.0 stand-in'")],
  current_user: [0, 0, () => text("'runnel@example.com'")],
};

function binary(x) {
  if (x.type === "BINARY") return x.sql;
  return `encode(${need(x, isText, "a function of bytes")})`;
}

const distinctOf = (tree) => (tree.distinct ? "DISTINCT " : "");

// An aggregate: count_if and friends are one function each.
const AGGREGATES = {
  count(tree, a) {
    if (tree.args[0]?.op === "star") return bigint("count(*)");
    if (a.length === 0) throw no("WRONG_NUM_ARGS", "count()", "42605");
    if (a.length > 1) throw unknown("count of several");
    return bigint(`count(${distinctOf(tree)}${a[0].sql})`);
  },
  count_if: (tree, [x]) => bigint("count_if(" +
    `${need(x, (t) => t === "BOOLEAN", "count_if")})`),
  min: (tree, [x]) => extreme("min", x),
  max: (tree, [x]) => extreme("max", x),
  avg: (tree, [x]) => ({ sql: `avg(${need(x, isNumeric, "avg")})`,
    type: "DOUBLE" }),
  // sum() of integers is a BIGINT and overflows with an error; of a
  // DECIMAL(p,s) it is one of p + 10 digits.
  sum(tree, [x]) {
    need(x, isNumeric, "sum");
    const d = distinctOf(tree);
    if (isInteger(x.type))
      return bigint(`CAST(sum(${d}CAST(${x.sql} AS HUGEINT)) AS BIGINT)`);
    if (isFloating(x.type))
      return { sql: `sum(${d}${x.sql})`, type: "DOUBLE" };
    const { p, s } = decimalOf(x.type);
    const type = `DECIMAL(${Math.min(38, p + 10)},${s})`;
    return { sql: `CAST(sum(${d}${x.sql}) AS ${type})`, type };
  },
  // NULL in place of an overflow.
  try_sum(tree, [x]) {
    if (!isDecimal(x.type) || tree.distinct) throw unknown("try_sum of that");
    const { p, s } = decimalOf(x.type);
    const type = `DECIMAL(${Math.min(38, p + 10)},${s})`;
    return { type, sql: `CAST(spark_try_sum(${s}, string_agg(CAST(${x.sql} ` +
      `AS VARCHAR), ' ')) AS ${type})` };
  },
  bit_xor: (tree, [x]) => ({ type: x.type,
    sql: `bit_xor(${need(x, isInteger, "bit_xor")})` }),
};

// Strings compare by their bytes (UTF8_BINARY), as DuckDB's do. NaN is larger
// than any number in both.
function extreme(name, x) {
  if (!duckType(x.type)) throw mismatch(`${name}() of ${x.type}`);
  return { sql: `${name}(${x.sql})`, type: x.type };
}

function arithmetic(sign, a, b) {
  for (const x of [a, b])
    if (!isNumeric(x.type) && x.type !== "VOID")
      throw mismatch(`${sign} of ${a.type} and ${b.type}`);
  if (isFloating(a.type) || isFloating(b.type) ||
      (sign === "/" && isInteger(a.type) && isInteger(b.type))) {
    const [l, r] = [castTo(a, "DOUBLE"), castTo(b, "DOUBLE")];
    if (sign === "DIV") throw unknown("DIV of doubles");
    return { type: "DOUBLE", sql: sign === "+" || sign === "-" ||
      sign === "*" ? `(${l} ${sign} ${r})` : `CASE WHEN ${r} = 0 THEN ` +
      `error('[DIVIDE_BY_ZERO]') ELSE ${l} ${sign} ${r} END` };
  }
  if (isInteger(a.type) && isInteger(b.type)) {
    const type = sign === "DIV" ? "BIGINT" : common([a.type, b.type]);
    const wide = (x) => `CAST(${x.sql} AS HUGEINT)`;
    const by = { DIV: "//" }[sign] ?? sign;
    const sum = `${wide(a)} ${by} ${wide(b)}`;
    return { type, sql: by === "//" || by === "%" ?
      `CASE WHEN ${b.sql} = 0 THEN error('[DIVIDE_BY_ZERO]') ELSE ` +
        `CAST(${sum} AS ${DUCK[type]}) END` :
      `CAST(${sum} AS ${DUCK[type]})` };
  }
  const [l, r] = [decimalOf(a.type), decimalOf(b.type)];
  if (!l || !r) return { type: "VOID", sql: "NULL" };
  const whole = Math.max(l.p - l.s, r.p - r.s);
  const s = Math.max(l.s, r.s);
  const type = { "+": decimal(whole + s + 1, s), "-": decimal(whole + s + 1, s),
    "*": decimal(l.p + r.p + 1, l.s + r.s),
    "%": decimal(Math.min(l.p - l.s, r.p - r.s) + s, s) }[sign];
  if (!type) throw unknown(`${sign} of decimals`);
  // Both at 38 digits, so that DuckDB has no narrower idea.
  const wide = (x, scale) => castTo(x, `DECIMAL(38,${scale})`);
  if (sign === "*") {
    if (l.p + r.p > 38) throw unknown("* of decimals of more than 38 digits");
    return { type, sql: `CAST(${a.sql} * ${b.sql} AS ${type})` };
  }
  const sum = `${wide(a, s)} ${sign} ${wide(b, s)}`;
  return { type, sql: sign === "%" ? `CASE WHEN ${b.sql} = 0 THEN ` +
    `error('[DIVIDE_BY_ZERO]') ELSE CAST(${sum} AS ${type}) END` :
    `CAST(${sum} AS ${type})` };
}

// scope: { column(parts) -> { sql, type }, parameters, query(tree) -> { sql,
// type } }
export function expression(tree, scope) {
  const one = (t) => expression(t, scope);
  const all = () => tree.args.map(one);
  const yes = (x) => need(x, (t) => t === "BOOLEAN", "a condition");
  const condition = (sql) => ({ sql: `(${sql})`, type: "BOOLEAN" });
  switch (tree.op) {
  case "number": return { type: tree.type,
    sql: `CAST(${lit(tree.text)} AS ${duckType(tree.type)})` };
  case "string": return text(lit(tree.value));
  case "binary": return { sql: `unhex(${lit(tree.value)})`, type: "BINARY" };
  case "boolean": return { sql: String(tree.value), type: "BOOLEAN" };
  case "null": return { sql: "NULL", type: "VOID" };
  case "marker": return scope.parameter(tree.name);
  case "column": return scope.column(tree.parts);
  case "and": return condition(all().map(yes).join(" AND "));
  case "or": return condition(all().map(yes).join(" OR "));
  case "not": return condition(`NOT ${yes(one(tree.args[0]))}`);
  case "isnull": return condition(`${one(tree.args[0]).sql} IS NULL`);
  case "notnull": return condition(`${one(tree.args[0]).sql} IS NOT NULL`);
  case "compare": {
    const u = unify(all());
    const sign = { "<=>": "IS NOT DISTINCT FROM", "!=": "<>" }[tree.sign] ??
      tree.sign;
    return condition(u.args.join(` ${sign} `));
  }
  case "same": return condition(
    unify(all()).args.join(" IS NOT DISTINCT FROM "));
  case "differ": return condition(unify(all()).args.join(" IS DISTINCT FROM "));
  case "between": {
    const u = unify(all());
    return condition(`${u.args[0]} BETWEEN ${u.args[1]} AND ${u.args[2]}`);
  }
  case "in": {
    const [x, ...list] = unify(all()).args;
    return condition(`${x} IN (${list.join(", ")})`);
  }
  case "like": {
    const [x, p] = all();
    return condition(`${castTo(x, "STRING")} LIKE ${castTo(p, "STRING")} ` +
      "ESCAPE '\\'");
  }
  case "concat": return text(
    `(${all().map((x) => castTo(x, "STRING")).join(" || ")})`);
  case "arithmetic": return arithmetic(tree.sign, ...all());
  case "bits": {
    const u = unify(all());
    if (!isInteger(u.type)) throw mismatch(`${tree.sign} of ${u.type}`);
    return { type: u.type, sql: tree.sign === "^" ?
      `xor(${u.args.join(", ")})` : `(${u.args.join(` ${tree.sign} `)})` };
  }
  case "minus": {
    const [x] = all();
    return { sql: `(- ${need(x, isNumeric, "-")})`, type: x.type };
  }
  case "cast": return { sql: castTo(one(tree.args[0]), tree.type),
    type: tree.type };
  case "try_cast": return { sql: `TRY(${castTo(one(tree.args[0]),
    tree.type)})`, type: tree.type };
  case "case": {
    const results = unify([...tree.branches.map(([, r]) => one(r)),
      tree.other ? one(tree.other) : { sql: "NULL", type: "VOID" }]);
    const when = tree.branches.map(([w], i) => {
      const c = tree.subject ? unify([one(tree.subject), one(w)]).args
        .join(" = ") : yes(one(w));
      return `WHEN ${c} THEN ${results.args[i]}`;
    });
    return { type: results.type, sql: `CASE ${when.join(" ")} ELSE ` +
      `${results.args.at(-1)} END` };
  }
  case "call": return call(tree, scope, one);
  case "subquery": throw unknown("a subquery in an expression");
  case "star": throw no("INVALID_USAGE_OF_STAR_OR_REGEX", "*", "42000");
  default: throw new Error(`no such expression: ${tree.op}`);
  }
}

function call(tree, scope, one) {
  const aggregate = AGGREGATES[tree.name];
  if (aggregate) {
    if (!scope.aggregates)
      throw no("GROUP_BY_AGGREGATE", `${tree.name}() may not stand here`,
        "42903");
    const inner = tree.args[0]?.op === "star" ? [] :
      tree.args.map((a) => expression(a, { ...scope, aggregates: false }));
    const found = aggregate(tree, inner);
    if (!tree.filter) return found;
    const filter = one(tree.filter).sql;
    return { type: found.type,
      sql: found.sql.replace(/^(CAST\()?(\w+\(.*\))( AS .*\))?$/s,
        (_, a = "", f, b = "") => `${a}${f} FILTER (WHERE ${filter})${b}`) };
  }
  const f = FUNCTIONS[tree.name];
  if (!f) throw unknown(`${tree.name}()`);
  const [least, most, make] = f;
  if (tree.distinct || tree.filter) throw unknown(`${tree.name}(DISTINCT)`);
  if (tree.args.length < least || tree.args.length > most)
    throw no("WRONG_NUM_ARGS", `${tree.name}() of ${tree.args.length}`,
      "42605");
  return make(tree.args.map(one), tree.args);
}

// ----------------------------------------------------------------- queries

// columns: [{ table, name, type, sql }]: names are compared without case.
export function columnScope(columns, more = {}) {
  return {
    aggregates: false,
    parameter(name) {
      throw no("UNBOUND_SQL_PARAMETER", `:${name}`, "42P02");
    },
    ...more,
    columns,
    column(parts) {
      const name = parts.at(-1).toLowerCase();
      const table = parts.slice(0, -1).map((p) => p.toLowerCase());
      const found = columns.filter((c) => c.name.toLowerCase() === name &&
        (!c.hidden || table.length > 0) &&
        table.every((p, i) => c.table?.at(i - table.length)
          ?.toLowerCase() === p));
      const shown = parts.map((p) => `\`${p}\``).join(".");
      if (found.length === 0)
        throw no("UNRESOLVED_COLUMN.WITH_SUGGESTION", "A column, variable, " +
          `or function parameter with name ${shown} cannot be resolved. Did ` +
          `you mean one of: ${columns.slice(0, 5).map((c) => `\`${c.name}\``)
            .join(", ")}`, "42703");
      if (found.length > 1)
        throw no("AMBIGUOUS_REFERENCE", `Reference ${shown} is ambiguous`,
          "42704");
      return found[0];
    },
  };
}

const hasAggregate = (tree) => tree && typeof tree === "object" &&
  ((tree.op === "call" && tree.name in AGGREGATES) ||
    Object.values(tree).some((v) => Array.isArray(v) ?
      v.flat().some(hasAggregate) : hasAggregate(v)));

// The items of a SELECT over a scope: [{ name, type, sql }].
export function selectItems(items, scope) {
  const out = [];
  for (const item of items) {
    if (item.star) {
      const wanted = item.star.map((p) => p.toLowerCase());
      const found = scope.columns.filter((c) => !c.hidden && wanted.every(
        (p, i) => c.table?.at(i - wanted.length)?.toLowerCase() === p));
      if (found.length === 0)
        throw no("CANNOT_RESOLVE_STAR_EXPAND", item.star.join("."), "42704");
      out.push(...found.map(({ name, type, sql }) => ({ name, type, sql })));
      continue;
    }
    const { sql, type } = expression(item.e, scope);
    out.push({ name: item.alias ?? nameOf(item.e), sql, type });
  }
  return out;
}

const nameOf = (e) => (e.op === "column" ? e.parts.at(-1) :
  e.op === "call" && e.args[0]?.op === "star" ? `${e.name}(1)` :
    e.op === "call" ? `${e.name}()` : e.op);

// world: { source(from) -> { sql, columns: [{ name, type }], name: [parts] },
// parameter(name) }
export async function compileQuery(q, world) {
  if (q.kind === "union") {
    const [l, r] = [await compileQuery(q.left, world),
      await compileQuery(q.right, world)];
    if (l.columns.length !== r.columns.length)
      throw no("NUM_COLUMNS_MISMATCH", "UNION ALL", "42826");
    const types = l.columns.map((c, i) =>
      common([c.type, r.columns[i].type]));
    const cast = (side) => side.columns.map((c, i) =>
      `${castTo({ sql: id(c.name), type: c.type }, types[i])} AS ` +
      id(l.columns[i].name)).join(", ");
    const columns = l.columns.map((c, i) => ({ ...c, type: types[i] }));
    return finish(q, { columns, sql: `SELECT ${cast(l)} FROM (${l.sql}) ` +
      `UNION ALL SELECT ${cast(r)} FROM (${r.sql})` }, world);
  }
  const scopeColumns = [];
  let from = "";
  for (const [i, f] of q.from.entries()) {
    const inner = f.kind === "query" ? await compileQuery(f.query, world) :
      await world.source(f);
    const alias = `s${i}`;
    const table = f.alias ? [f.alias] : f.parts ?? [];
    scopeColumns.push(...inner.columns.map((c) =>
      ({ ...c, table, sql: `${alias}.${id(c.name)}` })));
    const piece = `(${inner.sql}) AS ${alias}`;
    if (!f.join) from = ` FROM ${piece}`;
    else {
      const on = f.on ? ` ON ${expression(f.on, columnScope(scopeColumns,
        { parameter: world.parameter })).sql}` : "";
      from += ` ${f.join} ${piece}${on}`;
    }
  }
  const scope = columnScope(scopeColumns, { parameter: world.parameter,
    aggregates: true });
  const columns = selectItems(q.items, scope);
  if (!q.group && q.items.some((i) => i.e && hasAggregate(i.e))) {
    const loose = q.items.find((i) => i.star || (!hasAggregate(i.e) &&
      JSON.stringify(i.e).includes("\"column\"")));
    if (loose)
      throw no("MISSING_GROUP_BY", "a column beside an aggregate", "42803");
  }
  // Answers may have one name twice; what reads them by name may not.
  const seen = new Map();
  for (const c of columns) {
    const n = seen.get(c.name) ?? 0;
    seen.set(c.name, n + 1);
    c.shown = c.name;
    if (n) c.name = `${c.name}\x01${n}`;
  }
  let sql = `SELECT ${q.distinct ? "DISTINCT " : ""}` +
    columns.map((c) => `${c.sql} AS ${id(c.name)}`).join(", ") + from;
  const plain = { ...scope, aggregates: false };
  if (q.where) sql += ` WHERE ${expression(q.where, plain).sql}`;
  if (q.group) {
    const by = q.group.map((g) => g.op === "number" ? g.text :
      expression(g, plain).sql);
    sql += ` GROUP BY ${by.join(", ")}`;
  }
  if (q.having) sql += ` HAVING ${expression(q.having, scope).sql}`;
  return finish(q, { sql, columns: columns.map(({ name, shown, type }) =>
    ({ name, shown, type })) }, world);
}

function finish(q, found, world) {
  if (!q.order && q.limit === undefined) return found;
  let sql = `SELECT * FROM (${found.sql}) AS o`;
  if (q.order) {
    const scope = columnScope(found.columns.map((c) =>
      ({ ...c, sql: `o.${id(c.name)}` })), { parameter: world.parameter });
    sql += ` ORDER BY ${q.order.map(({ e, down }) => {
      const x = e.op === "number" ? id(found.columns[Number(e.text) - 1].name) :
        expression(e, scope).sql;
      return `${x} ${down ? "DESC NULLS LAST" : "ASC NULLS FIRST"}`;
    }).join(", ")}`;
  }
  if (q.limit !== undefined) sql += ` LIMIT ${q.limit}`;
  return { ...found, sql };
}

export { common, hasAggregate, isMoment, isNumeric };
