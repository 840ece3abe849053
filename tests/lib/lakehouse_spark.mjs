// tests/lib/lakehouse_spark.mjs: files as Spark reads them, so that an option
// that is wrong for a file loses what it would lose there.
//
//   const files = await readFiles(store, "CSV", [{ path, bytes }], options);
//   files.columns   // [{ name, type }]
//   files.stages    // [{ path, name, rows }], tables in DuckDB
//
// After Spark's pages on CSV, JSON, Avro and Parquet files and Databricks'
// COPY INTO "Format options": the defaults are header false, escape \,
// multiLine false, mode PERMISSIVE, inferSchema false. An option that is not
// in the table here is refused; Spark would ignore it.

import { decode } from "./avro.mjs";
import { castTo, duckType } from "./lakehouse_expr.mjs";
import { LakeError, id, lit } from "./lakehouse_store.mjs";

const COMMON = { mergeschema: "false", ignorecorruptfiles: "false",
  ignoremissingfiles: "true", recursivefilelookup: "false",
  pathglobfilter: null, modifiedafter: null, modifiedbefore: null };
const TEXT = { mode: "PERMISSIVE", encoding: "UTF-8", linesep: null,
  dateformat: null, timestampformat: null, timestampntzformat: null,
  multiline: "false" };
const DEFAULTS = {
  CSV: { ...COMMON, ...TEXT, header: "false", sep: ",", quote: "\"",
    escape: "\\", nullvalue: "", emptyvalue: "", inferschema: "false",
    maxcolumns: "20480", skiprows: "0", ignoreleadingwhitespace: "false",
    ignoretrailingwhitespace: "false", enforceschema: "true" },
  JSON: { ...COMMON, ...TEXT, primitivesasstring: "false",
    prefersdecimal: "false", infertimestamp: "false" },
  AVRO: { ...COMMON },
  PARQUET: { ...COMMON },
};
const OTHER_NAMES = { delimiter: "sep", charset: "encoding" };

export function formatOptions(format, given) {
  const o = { ...DEFAULTS[format] };
  for (const [name, value] of Object.entries(given)) {
    const key = OTHER_NAMES[name] ?? name;
    // COPY INTO: not for files that are loaded.
    if (key === "rescueddatacolumn" || key === "columnnameofcorruptrecord")
      throw new LakeError("COPY_INTO_UNSUPPORTED_OPTION", "0A000", name);
    if (!(key in o))
      throw new LakeError("UNKNOWN_FORMAT_OPTION", "42616",
        `${name} for ${format}: this stand-in doesn't know it`);
    o[key] = value;
  }
  for (const key of Object.keys(o))
    if (["true", "false"].includes(DEFAULTS[format][key])) {
      if (!/^(true|false)$/i.test(o[key]))
        throw new LakeError("INVALID_FORMAT_OPTION", "22023",
          `${key} = '${o[key]}'`);
      o[key] = o[key].toLowerCase() === "true";
    }
  if ("mode" in o) {
    o.mode = o.mode.toUpperCase();
    if (!["PERMISSIVE", "DROPMALFORMED", "FAILFAST"].includes(o.mode))
      throw new LakeError("INVALID_FORMAT_OPTION", "22023", `mode ${o.mode}`);
  }
  if (o.linesep !== null && o.linesep !== undefined && o.linesep.length !== 1)
    throw new LakeError("INVALID_FORMAT_OPTION", "22023",
      "lineSep is one character");
  if (o.encoding && !/^utf-?8$/i.test(o.encoding))
    throw new LakeError("INVALID_FORMAT_OPTION", "22023",
      `encoding ${o.encoding}: this stand-in reads UTF-8`);
  return o;
}

const malformed = (what) => new LakeError("MALFORMED_RECORD_IN_PARSING." +
  "WITHOUT_SUGGESTION", "22023", `Malformed records are detected: ${what}. ` +
  "Parse Mode: FAILFAST");

// --------------------------------------------------------------------- CSV

// A record from `at` on: { fields, at }; a field is { text, quoted }. A quote
// that is not escaped is taken with all that follows, up to a delimiter.
function csvRecord(text, at, o, ends) {
  const { sep, quote, escape } = o;
  const fields = [];
  const isEnd = (i) => i >= text.length || (ends && newlineAt(text, i, o));
  for (;;) {
    let value = "";
    let quoted = false;
    if (quote && text[at] === quote) {
      const begin = at++;
      quoted = true;
      for (;;) {
        if (at >= text.length) break;
        const c = text[at];
        if (c === escape && escape !== quote && text[at + 1] === quote) {
          value += quote;
          at += 2;
        } else if (c === quote && escape === quote && text[at + 1] === quote) {
          value += quote;
          at += 2;
        } else if (c === quote) {
          if (text.startsWith(sep, at + 1) || isEnd(at + 1)) {
            at++;
            break;
          }
          quoted = false;
          while (!isEnd(at) && !text.startsWith(sep, at)) at++;
          value = text.slice(begin, at);
          break;
        } else {
          value += c;
          at++;
        }
      }
    } else {
      const begin = at;
      while (!isEnd(at) && !text.startsWith(sep, at)) at++;
      value = text.slice(begin, at);
      if (o.ignoreleadingwhitespace) value = value.trimStart();
      if (o.ignoretrailingwhitespace) value = value.trimEnd();
    }
    fields.push({ text: value, quoted });
    if (!text.startsWith(sep, at) || at >= text.length) break;
    at += sep.length;
  }
  const n = newlineAt(text, at, o);
  return { fields, at: at + (n || 1) };
}

// The length of the line end at `i`, or 0.
function newlineAt(text, i, o) {
  if (o.linesep) return text.startsWith(o.linesep, i) ? o.linesep.length : 0;
  if (text[i] === "\n") return 1;
  if (text[i] !== "\r") return 0;
  return text[i + 1] === "\n" ? 2 : 1;
}

function csvRecords(text, o) {
  const records = [];
  if (o.multiline) {
    // The line end is what is found first; inside quotes it becomes \n, unless
    // lineSep says what it is.
    const end = o.linesep ?? /\r\n|\n|\r/.exec(text)?.[0] ?? "\n";
    const own = { ...o, linesep: end };
    for (let at = 0; at < text.length;) {
      if (text.startsWith(end, at)) { // an empty line is no record
        at += end.length;
        continue;
      }
      const r = csvRecord(text, at, own, true);
      ({ at } = r);
      if (!o.linesep && end !== "\n")
        for (const f of r.fields)
          if (f.quoted) f.text = f.text.replaceAll(end, "\n");
      records.push(r.fields);
    }
    return records;
  }
  const lines = text.split(o.linesep ?? /\r\n|\n|\r/);
  if (lines.at(-1) === "") lines.pop();
  for (const line of lines)
    if (line.trim() !== "") records.push(csvRecord(line, 0, o, false).fields);
  return records;
}

function csvValue(f, o) {
  if (!f || (f.text === "" && !f.quoted)) return null;
  const value = f.text === "" ? o.emptyvalue : f.text;
  return value === o.nullvalue ? null : value;
}

// Header names as Spark makes them safe.
function csvNames(fields, o) {
  if (!o.header) return fields.map((_, i) => `_c${i}`);
  const names = fields.map((f) => csvValue(f, o) ?? "");
  const folded = names.map((n) => n.toLowerCase());
  return names.map((n, i) => n === "" ? `_c${i}` :
    folded.filter((x) => x === folded[i]).length > 1 ? `${n}${i}` : n);
}

// What inferSchema makes of a column.
function csvType(values) {
  const real = values.filter((v) => v !== null);
  const all = (rule) => real.length > 0 && real.every((v) => rule.test(v));
  if (all(/^[+-]?\d{1,18}$/))
    return real.every((v) => Math.abs(Number(v)) < 2 ** 31) ? "INT" : "BIGINT";
  if (all(/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^NaN$|^-?Inf$/))
    return "DOUBLE";
  if (all(/^\d{4}-\d\d-\d\d$/)) return "DATE";
  if (all(/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$/))
    return "TIMESTAMP";
  return all(/^(true|false)$/i) ? "BOOLEAN" : "STRING";
}

// Where the options are those of RFC 4180, DuckDB must see the same rows.
async function sameInDuck(store, text, rows, names, o) {
  if (!o.multiline || o.escape !== o.quote || o.quote === "" ||
      o.sep.length !== 1 || (o.linesep ?? "\n") !== "\n" ||
      o.skiprows !== "0" ||
      names.length < 2 || rows.some((r) => r.length !== names.length) ||
      text.length > 1 << 24 || text.includes("\r") ||
      o.ignoreleadingwhitespace || o.ignoretrailingwhitespace)
    return;
  const path = store.file(text, "csv");
  const columns = names.map((_, i) => `'c${i}': 'VARCHAR'`).join(", ");
  const found = await store.query("SELECT * FROM read_csv(" +
    `${lit(path)}, auto_detect = false, columns = {${columns}}, delim = ` +
    `${lit(o.sep)}, quote = ${lit(o.quote)}, escape = ${lit(o.escape)}, ` +
    `header = ${o.header}, nullstr = ['\x01none'], max_line_size = ` +
    "20000000, parallel = false, new_line = '\\n')");
  const flat = (r) => JSON.stringify(r.map((v) => v ?? ""));
  const mine = rows.map((r) => r.map((f) => f.text));
  for (let i = 0; i < Math.max(mine.length, found.rows.length); i++)
    if (!mine[i] || !found.rows[i] || flat(mine[i]) !== flat(found.rows[i]))
      throw new Error(`stand-in: row ${i + 1} of a CSV file is ` +
        `${flat(mine[i] ?? [])} and for DuckDB ${flat(found.rows[i] ?? [])}`);
}

async function readCsv(store, files, o) {
  for (const [key, least] of [["quote", 0], ["escape", 0], ["sep", 1]])
    if (o[key].length > (key === "sep" ? 8 : 1) || o[key].length < least)
      throw new LakeError("INVALID_FORMAT_OPTION", "22023",
        `${key} = '${o[key]}'`);
  let names;
  const loads = [];
  for (const f of files) {
    const text = f.bytes.toString("utf8").replace(/^\ufeff/, "");
    let records = csvRecords(text, o).slice(Number(o.skiprows));
    if (records.length === 0) continue;
    names ??= csvNames(records[0], o);
    if (names.length > Number(o.maxcolumns))
      throw malformed(`more than ${o.maxcolumns} columns`);
    if (o.header) records = records.slice(1);
    await sameInDuck(store, text, records, names, o);
    const whole = (r) => r.length === names.length;
    if (o.mode === "FAILFAST" && !records.every(whole))
      throw malformed(`${records.find((r) => !whole(r)).length} fields in ` +
        `place of ${names.length} in ${f.path}`);
    if (o.mode === "DROPMALFORMED") records = records.filter(whole);
    loads.push({ path: f.path, rows: records.map((r) =>
      names.map((_, i) => csvValue(r[i], o))) });
  }
  if (!names) return null;
  const columns = names.map((name, i) => ({ name, type: o.inferschema ?
    csvType(loads.flatMap((l) => l.rows.map((r) => r[i]))) : "STRING" }));
  return stageTexts(store, columns, loads);
}

// Texts into a stage whose columns have their types.
async function stageTexts(store, columns, loads) {
  const stages = [];
  for (const { path, rows } of loads) {
    const raw = await store.stageRows(columns.map((_, i) => `c${i}`), rows);
    const staged = await store.stage("SELECT " + columns.map((c, i) =>
      `${c.type === "BINARY" ? `unhex("c${i}")` : c.opaque ? `"c${i}"` :
        castTo({ sql: `"c${i}"`, type: "STRING" }, c.type)} AS ${id(c.name)}`)
      .join(", ") + ` FROM ${raw.name}`);
    await store.drop(raw);
    stages.push({ path, name: staged.name, rows: staged.rows });
  }
  return { columns, stages };
}

// -------------------------------------------------------------------- JSON

// A JSON text with its numbers as they were written.
class Num {
  constructor(text) {
    this.text = text;
  }
}

function parseJson(text) {
  const rule = new RegExp([
    String.raw`\s*(?:("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|`,
    String.raw`u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?`,
    String.raw`(?:[eE][+-]?\d+)?)|(true|false|null)|([{}[\],:]))`,
  ].join(""), "y");
  const bad = () => {
    throw new SyntaxError(`at ${rule.lastIndex}`);
  };
  const token = () => {
    const at = rule.lastIndex;
    const m = rule.exec(text);
    if (!m) {
      rule.lastIndex = at;
      bad();
    }
    return m;
  };
  const sign = (want) => {
    if (token()[4] !== want) bad();
  };
  const next = () => {
    const at = rule.lastIndex;
    const m = token();
    rule.lastIndex = at;
    return m[4];
  };
  function value() {
    const m = token();
    if (m[1] !== undefined) return JSON.parse(m[1]);
    if (m[2] !== undefined) return new Num(m[2]);
    if (m[3] !== undefined) return JSON.parse(m[3]);
    const begin = rule.lastIndex;
    if (m[4] === "[") {
      const list = [];
      if (next() === "]") sign("]");
      else
        for (;;) {
          list.push(value());
          const { 4: s } = token();
          if (s === "]") break;
          if (s !== ",") bad();
        }
      Object.defineProperty(list, "raw",
        { value: text.slice(begin - 1, rule.lastIndex) });
      return list;
    }
    if (m[4] !== "{") bad();
    const fields = new Map();
    if (next() === "}") sign("}");
    else
      for (;;) {
        const key = token()[1];
        if (key === undefined) bad();
        sign(":");
        const name = JSON.parse(key);
        if (fields.has(name)) bad();
        fields.set(name, value());
        const { 4: s } = token();
        if (s === "}") break;
        if (s !== ",") bad();
      }
    fields.raw = text.slice(begin - 1, rule.lastIndex);
    return fields;
  }
  const found = value();
  if (text.slice(rule.lastIndex).trim() !== "") bad();
  return found;
}

function jsonType(v, o) {
  if (v === null) return "VOID";
  if (Array.isArray(v)) return "ARRAY";
  if (v instanceof Map) return "STRUCT";
  if (o.primitivesasstring || typeof v === "string") return "STRING";
  if (typeof v === "boolean") return "BOOLEAN";
  const whole = /^-?(\d+)$/.exec(v.text);
  if (whole) {
    if (BigInt.asIntN(64, BigInt(v.text)) === BigInt(v.text)) return "BIGINT";
    return whole[1].length <= 38 ? `DECIMAL(${whole[1].length},0)` : "DOUBLE";
  }
  // Digits behind the point make a DOUBLE, whatever they are.
  if (o.prefersdecimal)
    throw new LakeError("UNKNOWN_FORMAT_OPTION", "42616",
      "prefersDecimal: this stand-in doesn't know it");
  return "DOUBLE";
}

function widerJson(a, b) {
  if (a === b || b === "VOID") return a;
  if (a === "VOID") return b;
  const numbers = [a, b].every((t) => /^(BIGINT|DOUBLE|DECIMAL)/.test(t));
  if (!numbers) return "STRING";
  if (a === "DOUBLE" || b === "DOUBLE") return "DOUBLE";
  const p = Math.max(...[a, b].map((t) => Number(/\d+/.exec(t)?.[0] ?? 20)));
  return `DECIMAL(${p},0)`;
}

// A number read as a text goes through a double, unless the runtime keeps the
// text as it is (Spark 4: spark.sql.json.enableExactStringParsing).
function jsonText(v, type, exact) {
  if (v === undefined || v === null) return null;
  if (v instanceof Num)
    return type !== "STRING" || exact || /^-?\d+$/.test(v.text) ? v.text :
      String(Number(v.text)).replace(/^0$/, v.text);
  if (typeof v === "object") return v.raw;
  return String(v);
}

async function readJson(store, files, o) {
  const loads = [];
  const types = new Map();
  for (const f of files) {
    const text = f.bytes.toString("utf8").replace(/^\ufeff/, "");
    const pieces = o.multiline ? [text] : text.split(o.linesep ?? /\r\n|\n|\r/)
      .filter((l) => l.trim() !== "");
    const rows = [];
    for (const piece of pieces) {
      let v;
      try {
        v = parseJson(piece);
        if (Array.isArray(v)) rows.push(...v.map((r) => {
          if (!(r instanceof Map)) throw new SyntaxError("no object");
          return r;
        }));
        else if (v instanceof Map) rows.push(v);
        else throw new SyntaxError("no object");
      } catch (e) {
        if (!(e instanceof SyntaxError)) throw e;
        if (o.mode === "FAILFAST")
          throw malformed(`${piece.slice(0, 60)} in ${f.path}`);
        if (o.mode === "PERMISSIVE") rows.push(new Map());
      }
    }
    for (const r of rows)
      for (const [name, v] of r)
        types.set(name, widerJson(types.get(name) ?? "VOID", jsonType(v, o)));
    loads.push({ path: f.path, rows });
  }
  if (types.size === 0 && loads.every((l) => l.rows.length === 0)) return null;
  // A schema that is given takes the place of what would be inferred.
  const columns = o.schema?.map((c) => ({ name: c.name, type: c.type })) ??
    [...types].map(([name, t]) => ({ name,
    type: t === "VOID" ? "STRING" : t,
    opaque: t === "ARRAY" || t === "STRUCT" }));
  return stageTexts(store, columns, loads.map(({ path, rows }) => ({ path,
    rows: rows.map((r) => columns.map((c) =>
      jsonText(r.get(c.name), c.type, o.exact))) })));
}

// -------------------------------------------------------------------- Avro

const plain = (type) => (typeof type === "string" ? { type } : type);

function branch(type) {
  if (!Array.isArray(type)) return plain(type);
  const real = type.filter((t) => t !== "null");
  if (real.length !== 1)
    throw new LakeError("UNSUPPORTED_DATATYPE", "0A000", "a union in Avro");
  return plain(real[0]);
}

const DAY = 86400000000n;

function momentText(us) {
  const day = (us - ((us % DAY) + DAY) % DAY) / DAY;
  const date = new Date(Number(day) * 86400000).toISOString().slice(0, 10);
  const left = us - day * DAY;
  const two = (n) => String(n).padStart(2, "0");
  return `${date} ${two(left / 3600000000n)}:${two(left / 60000000n % 60n)}:` +
    `${two(left / 1000000n % 60n)}.${String(left % 1000000n).padStart(6, "0")}`;
}

function signedOf(b) {
  let n = 0n;
  for (const x of b) n = n * 256n + BigInt(x);
  return b.length && b[0] > 127 ? n - (1n << BigInt(8 * b.length)) : n;
}

function pointed(n, scale) {
  const digits = String(n < 0n ? -n : n).padStart(scale + 1, "0");
  const at = digits.length - scale;
  return (n < 0n ? "-" : "") + digits.slice(0, at) +
    (scale ? `.${digits.slice(at)}` : "");
}

// Apache Avro data source: { type, text(value) } of a field. A logical type
// that Spark doesn't know leaves the type below it: time and uuid do.
function avroKind(type) {
  const same = (name) => ({ type: name, text: String });
  const unit = /-millis$/.test(type.logicalType ?? "") ? 1000n : 1n;
  switch (type.logicalType) {
  case "decimal": return { type: `DECIMAL(${type.precision},${type.scale ??
    0})`, text: (v) => pointed(signedOf(v), type.scale ?? 0) };
  case "date": return { type: "DATE",
    text: (v) => momentText(BigInt(v) * DAY).slice(0, 10) };
  case "timestamp-millis": case "timestamp-micros":
    return { type: "TIMESTAMP", text: (v) => momentText(BigInt(v) * unit) };
  case "local-timestamp-millis": case "local-timestamp-micros":
    return { type: "TIMESTAMP_NTZ",
      text: (v) => momentText(BigInt(v) * unit) };
  default:
  }
  switch (type.type) {
  case "boolean": return same("BOOLEAN");
  case "int": return same("INT");
  case "long": return same("BIGINT");
  case "float": case "double": return { type: type.type.toUpperCase(),
    text: (v) => (Object.is(v, -0) ? "-0.0" : String(v)) };
  case "string": case "enum": return same("STRING");
  case "bytes": case "fixed":
    return { type: "BINARY", text: (v) => Buffer.from(v).toString("hex") };
  default: throw new LakeError("UNSUPPORTED_DATATYPE", "0A000",
    `Avro ${type.type}`);
  }
}

const sameColumns = (first, columns, path) => {
  const flat = (list) => JSON.stringify(list.map((c) =>
    [c.name.toLowerCase(), c.type]));
  if (first && flat(first) !== flat(columns))
    throw new LakeError("COPY_INTO_SCHEMA_MISMATCH_WITH_TARGET_TABLE", "42KDG",
      `${path} has other columns than the first file`);
};

async function readAvro(store, files) {
  let columns;
  const loads = [];
  for (const f of files) {
    const { schema, records } = await decode(f.bytes);
    if (schema?.type !== "record")
      throw new Error("not an Avro file of records");
    const kinds = schema.fields.map((x) => avroKind(branch(x.type)));
    const own = schema.fields.map((x, i) =>
      ({ name: x.name, type: kinds[i].type }));
    sameColumns(columns, own, f.path);
    columns ??= own;
    loads.push({ path: f.path, rows: records.map((r) => own.map((c, i) => {
      const v = r[schema.fields[i].name];
      return v === null || v === undefined ? null : kinds[i].text(v);
    })) });
  }
  return columns ? stageTexts(store, columns, loads) : null;
}

// ----------------------------------------------------------------- Parquet

// Which type Spark makes of a column (ParquetSchemaConverter), and how DuckDB's
// value becomes one.
function parquetKind(c) {
  const illegal = () => {
    throw new LakeError("PARQUET_TYPE_ILLEGAL", "42846", "Illegal Parquet " +
      `type: ${c.physical} (${c.logical || c.converted})`);
  };
  const is = (type, sql = (x) => x) => ({ type, sql });
  const utc = (x) => `(${x} AT TIME ZONE 'UTC')`;
  const note = `${c.logical} ${c.converted}`;
  if (/DecimalType|DECIMAL/.test(note))
    return is(`DECIMAL(${c.precision},${c.scale})`);
  switch (c.physical) {
  case "BOOLEAN": return is("BOOLEAN");
  case "FLOAT": return is("FLOAT");
  case "DOUBLE": return is("DOUBLE");
  case "INT96":
    return is("TIMESTAMP", c.duck === "TIMESTAMP" ? utc : undefined);
  case "INT32":
    if (/DateType|DATE/.test(note)) return is("DATE");
    return { TINYINT: is("TINYINT"), SMALLINT: is("SMALLINT"),
      INTEGER: is("INT"), UTINYINT: is("SMALLINT"), USMALLINT: is("INT"),
      UINTEGER: is("BIGINT") }[c.duck] ?? illegal();
  case "INT64":
    if (/TimestampType|TIMESTAMP/.test(note)) {
      if (/NANOS=Nano/.test(note)) return illegal();
      if (/isAdjustedToUTC=0/.test(note)) return is("TIMESTAMP_NTZ");
      return is("TIMESTAMP", c.duck === "TIMESTAMP" ? utc : undefined);
    }
    return { BIGINT: is("BIGINT"), UBIGINT: is("DECIMAL(20,0)") }[c.duck] ??
      illegal();
  case "BYTE_ARRAY":
    if (/StringType|UTF8|EnumType|ENUM|JsonType|JSON/.test(note))
      return is("STRING");
    return note.trim() === "" || /BSON|Bson/.test(note) ? is("BINARY") :
      illegal();
  case "FIXED_LEN_BYTE_ARRAY":
    return note.trim() === "" ? is("BINARY") : illegal();
  default: return illegal();
  }
}

async function readParquet(store, files) {
  let columns;
  const stages = [];
  for (const f of files) {
    const raw = await store.stageParquet(f.bytes);
    const kinds = raw.parquet.map(parquetKind);
    const own = raw.parquet.map((c, i) =>
      ({ name: c.name, type: kinds[i].type }));
    sameColumns(columns, own, f.path);
    columns ??= own;
    const staged = await store.stage("SELECT " + own.map((c, i) =>
      `CAST(${kinds[i].sql(id(raw.columns[i].name))} AS ${duckType(c.type)}) ` +
      `AS ${id(columns[i].name)}`).join(", ") + ` FROM ${raw.name}`);
    await store.drop(raw);
    stages.push({ path: f.path, name: staged.name, rows: staged.rows });
  }
  return columns ? { columns, stages } : null;
}

const READERS = { CSV: readCsv, JSON: readJson, AVRO: readAvro,
  PARQUET: readParquet };

// files: [{ path, bytes }]; o: of formatOptions(). Null when there is nothing
// to infer a schema from. `corrupt`: paths that no reader could read.
export async function readFiles(store, format, files, o) {
  const whole = [];
  const corrupt = [];
  for (const f of files) {
    try {
      const bytes = format === "CSV" || format === "JSON" ?
        store.inflate(f.path, f.bytes) : f.bytes;
      if (format === "PARQUET" && bytes.toString("latin1", 0, 4) !== "PAR1")
        throw new Error("no Parquet file");
      if (format === "AVRO" && bytes.toString("latin1", 0, 3) !== "Obj")
        throw new Error("no Avro file");
      whole.push({ path: f.path, bytes });
    } catch (e) {
      if (!o.ignorecorruptfiles)
        throw new LakeError("FAILED_READ_FILE.NO_HINT", "KD001",
          `Error while reading file ${f.path}: ${e.message}`);
      corrupt.push(f.path);
    }
  }
  const found = await READERS[format](store, whole, o);
  return { columns: [], stages: [], ...found, nothing: !found, corrupt };
}
