// tests/lib/lakehouse_serverless.mjs: OPENROWSET of a serverless SQL pool, by
// the rules of facts/synapse.md 2: parsers 1.0 and 2.0, Parquet by names whose
// case counts, credentials by URL. A rowset is read anew by every query.

import { gunzipSync } from "node:zlib";
import { SqlError } from "./lakehouse_tsql.mjs";
import { assign, duckType, typeName } from "./lakehouse_tsql_types.mjs";
import { csvRows, fetchAll, misfit, parquetCodec, parquetType, place,
  terminator } from "./lakehouse_copy.mjs";
import { id } from "./lakehouse_store.mjs";

const fail = (number, text) => { throw new SqlError(number, text); };
const UTF8 = "Latin1_General_100_BIN2_UTF8";

const KNOWN = new Set(["data_source", "format", "parser_version",
  "header_row", "fieldterminator", "rowterminator", "fieldquote",
  "data_compression", "firstrow", "codepage"]);

// A credential of the server is found by the longest name that the URL begins
// with; one of the database by the data source.
function credential(pool, url, source) {
  let c;
  if (source) {
    c = source.credential && pool.scoped.get(source.credential.toLowerCase());
  } else {
    const names = [...pool.credentials.keys()].filter((n) =>
      `${url.toLowerCase()}/`.startsWith(n.endsWith("/") ? n : `${n}/`));
    c = pool.credentials.get(names.sort((a, b) => b.length - a.length)[0]);
  }
  if (!c) {
    const at = place(pool.store, url);
    if ((pool.options.public ?? []).includes(at.box)) return {};
    return fail(13807, `Content of directory on path '${url}' cannot be ` +
      "listed. (No credential for it, and a login of SQL has no identity.)");
  }
  const kind = c.identity.toLowerCase();
  if (kind === "shared access signature") {
    const may = new URLSearchParams(c.secret ?? "").get("sp") ?? "";
    if (!may.includes("r") || !may.includes("l"))
      fail(13807, `Content of directory on path '${url}' cannot be listed.`);
    return { sas: c.secret };
  }
  if (kind === "managed identity" && pool.options.managedIdentity)
    return { trusted: true };
  return fail(16561, `The identity '${c.identity}' is not known here.`);
}

async function filesOf(pool, o) {
  let source;
  if (o.options.data_source) {
    source = pool.sources.get(o.options.data_source.toLowerCase());
    if (!source) fail(12703, `Referenced external data source ` +
      `"${o.options.data_source}" not found.`);
  }
  const files = [];
  for (const path of o.paths) {
    const url = source ? `${source.location.replace(/\/$/, "")}/` +
      path.replace(/^\//, "") : path;
    const deep = url.endsWith("/**");
    const at = place(pool.store, deep ? url.slice(0, -2) : url);
    files.push(...await fetchAll(pool.store, [at],
      credential(pool, url, source), { recursive: deep }));
  }
  return files;
}

// --------------------------------------------------------------------- CSV

// What only one of the two parsers can do (2).
function csvForm(o) {
  const version = o.parser_version ?? "1.0";
  if (!["1.0", "2.0"].includes(version)) fail(102, "PARSER_VERSION");
  const two = version === "2.0";
  const header = String(o.header_row ?? "false").toLowerCase() === "true";
  if (header && !two) fail(16560, "HEADER_ROW needs PARSER_VERSION = '2.0'.");
  if (o.data_compression !== undefined && two)
    fail(16560, "DATA_COMPRESSION is not supported by PARSER_VERSION '2.0'.");
  if (o.data_compression !== undefined &&
      !/^(gzip|org\.apache\.hadoop\.io\.compress\.GzipCodec)$/i
        .test(o.data_compression)) fail(16560, "DATA_COMPRESSION");
  if (o.codepage !== undefined && !/^(65001|utf-?8)$/i.test(o.codepage))
    fail(16560, "CODEPAGE is not known here");
  // '\n' is \r\n to parser 1.0; by default both take several.
  const row = o.rowterminator === undefined ?
    two ? ["\r\n", "\n"] : ["\r\n", "\n", "\r"] :
    [terminator(o.rowterminator, { expand: !two })];
  return { two, header, row, field: terminator(o.fieldterminator ?? ","),
    quote: o.fieldquote === undefined ? "\"" : terminator(o.fieldquote),
    first: (o.firstrow ?? 1), spanning: two,
    gzip: o.data_compression !== undefined };
}

function text(file, form) {
  let { bytes } = file;
  if (form.gzip) {
    try {
      bytes = gunzipSync(bytes);
    } catch {
      fail(13822, `'${file.name}' is not compressed with GZIP.`);
    }
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return fail(13812, `'${file.name}' is no text in UTF-8.`);
  }
}

// Parser 2.0 knows dates as YYYY-MM-DD HH:MM:SS[.f] only.
function unfit(value, c, form) {
  if (form.two && value.length > 8000) return "more than 8000 characters";
  if (form.two && c.t.k.startsWith("datetime") && value.includes("T"))
    return "type mismatch";
  return misfit(value, c.t);
}

function csvFile(file, form, columns) {
  const rows = [];
  let places = null;
  const error = (n, c, why) => fail(13812, "Bulk load data conversion error " +
    `(${why}) for row ${n}${c ? `, column ${c.ordinal ?? ""} (${c.name})` :
      ""} in data file ${file.url}.`);
  let n = 0;
  for (const r of csvRows(text(file, form), form)) {
    n++;
    if (r.error) error(n, null, r.error);
    if (form.two && r.size > 8 << 20) error(n, null, "the row is above 8 MB");
    if (form.header && !places) {
      places = columns.map((c) => c.ordinal !== undefined ? c.ordinal - 1 :
        r.fields.indexOf(c.name));
      continue;
    }
    places ??= columns.map((c, i) => (c.ordinal ?? i + 1) - 1);
    rows.push(columns.map((c, i) => {
      const v = r.fields[places[i]] ?? null;
      const why = v === null ? undefined : unfit(v, c, form);
      if (why) error(n, c, why);
      return v;
    }));
  }
  return rows;
}

async function csv(pool, o, columns, files) {
  const form = csvForm(o.options);
  const rows = files.flatMap((f) => csvFile(f, form, columns));
  const stage = await pool.store.stageRows(columns.map((_, i) => `c${i}`), rows);
  return { staged: [stage], selects: [`SELECT ${columns.map((c, i) =>
    assign({ sql: `c${i}`, t: { k: "nvarchar", n: "max" }, coll: UTF8 }, c.t,
      c.name)).join(", ")} FROM ${stage.name}`] };
}

// ----------------------------------------------------------------- Parquet

// As for COPY, but: UTC timestamps also of microseconds, those without a zone
// as bare bigint (2).
function serverlessType(f) {
  const stamp = /^TimestampType/.test(f.logical) ||
    f.converted.startsWith("TIMESTAMP_");
  if (stamp) {
    if (/NANOS=(?!<null>)/.test(f.logical)) return "NANOS of time";
    if (/isAdjustedToUTC=0/.test(f.logical)) return { k: "bigint", raw: true };
    return { k: "datetime2", s: 7 };
  }
  if (/^TimeType/.test(f.logical) && !/NANOS=(?!<null>)/.test(f.logical))
    return { k: "time", s: 7 };
  return parquetType(f);
}

const compatible = (file, c) => file.k === "nvarchar" ?
  ["varchar", "nvarchar", "char", "nchar"].includes(c.k) :
  file.k === "varbinary" || file.k === "binary" ?
    ["varbinary", "binary"].includes(c.k) :
    file.k === "decimal" ? c.k === "decimal" && c.s >= file.s &&
      c.p - c.s >= file.p - file.s :
      ["int", "smallint", "tinyint", "bigint"].includes(file.k) ?
        ["tinyint", "smallint", "int", "bigint"].indexOf(c.k) >=
          ["tinyint", "smallint", "int", "bigint"].indexOf(file.k) :
        file.k === "real" ? c.k === "real" || c.k === "float" : file.k === c.k;

function parquetValue(c, stage, file) {
  // The case of a name counts; no such column is NULL and no error (2).
  const i = stage.parquet.findIndex((f) => f.name === (c.path ?? c.name));
  if (i < 0) return `CAST(NULL AS ${duckType(c.t)})`;
  const f = stage.parquet[i];
  const t = serverlessType(f);
  if (typeof t === "string" || !compatible(t, c.t))
    fail(13812, `Column '${c.name}' of type '${typeName(c.t).toUpperCase()}' ` +
      "is not compatible with external data type '" +
      `${typeof t === "string" ? t : `Parquet: ${typeName(t)}`}' in file ` +
      `${file.url}.`);
  // Text wants a UTF-8 collation (2).
  if (t.k === "nvarchar" && !c.t.k.startsWith("n") &&
      !/_UTF8$/i.test(c.coll ?? ""))
    fail(16528, `Column '${c.name}': varchar without a UTF-8 collation would ` +
      "garble text.");
  let sql = id(stage.columns[i].name);
  if (t.raw) sql = `epoch_us(${sql})`;
  else if (t.k === "datetime2") sql = f.duck.includes("WITH TIME ZONE") ?
    `timezone('UTC', ${sql})` : `CAST(${sql} AS TIMESTAMP)`;
  return assign({ sql, t, coll: UTF8 }, c.t, c.name);
}

async function parquet(pool, o, columns, files) {
  const staged = [];
  const selects = [];
  let shown = columns;
  try {
    for (const file of files) {
      const codec = await parquetCodec(pool.store, file);
      if (codec) fail(15813, `Error handling external file: compression ` +
        `${codec}. File: ${file.url}`);
      const stage = await pool.store.stageParquet(file.bytes);
      staged.push(stage);
      // Without WITH the first file decides, and text is varchar(8000) (2).
      shown ??= stage.parquet.map((f) => {
        const t = serverlessType(f);
        if (typeof t === "string") fail(13812, `${f.name}: ${t}`);
        return { name: f.name, coll: UTF8,
          t: t.k === "nvarchar" ? { k: "varchar", n: 8000 } :
            t.k === "varbinary" ? { k: "varbinary", n: 8000 } : t };
      });
      selects.push(`SELECT ${shown.map((c) => parquetValue(c, stage, file))
        .join(", ")} FROM ${stage.name}`);
    }
  } catch (e) {
    for (const s of staged) await pool.store.drop(s);
    throw e;
  }
  return { staged, selects, columns: shown };
}

// { sql, columns, staged }
export async function rowset(pool, o) {
  for (const key of Object.keys(o.options))
    if (!KNOWN.has(key)) fail(102, `Incorrect syntax near '${key}'.`);
  const format = String(o.options.format ?? "").toUpperCase();
  if (!["CSV", "PARQUET"].includes(format))
    fail(16561, `FORMAT '${format}' is not supported by OPENROWSET here.`);
  if (format === "PARQUET")
    for (const key of Object.keys(o.options))
      if (!["data_source", "format"].includes(key))
        fail(16560, `${key.toUpperCase()} applies to CSV only.`);
  if (!o.columns && format === "CSV")
    fail(40515, "the stand-in infers no types: give WITH");
  const columns = o.columns?.map((c) => ({ name: c.name, t: c.type,
    coll: c.collation, ordinal: c.ordinal, path: c.path }));
  const files = await filesOf(pool, o);
  const read = await (format === "CSV" ? csv : parquet)(pool, o, columns, files);
  const shown = read.columns ?? columns;
  const names = shown.map((c) => id(c.name)).join(", ");
  const none = `SELECT ${shown.map((c) => `CAST(NULL AS ${duckType(c.t)})`)
    .join(", ")} WHERE false`;
  return { staged: read.staged, columns: shown, sql: `(SELECT * FROM (${[none,
    ...read.selects].join(" UNION ALL ")}) AS v(${names}))` };
}
