// tests/lib/lakehouse_copy.mjs: how a dedicated SQL pool reads files: COPY INTO
// with its options, its CSV rows, its Parquet types and its credentials.
//
// Rules are those of facts/synapse.md 1.1 (options), 1.4 (Parquet types), 1.5
// (CSV); where that page says "unverified" the harder reading was taken.
// Numbers of errors that it doesn't name are from general knowledge.

import { readFileSync, rmSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { SqlError } from "./lakehouse_tsql.mjs";
import { assign, typeName } from "./lakehouse_tsql_types.mjs";
import { id, lit } from "./lakehouse_store.mjs";
import { require } from "./harness.mjs";

const ROW_LIMIT = 1000000; // a row must be smaller than 1 MB (1.3)

const fail = (number, text) => { throw new SqlError(number, text); };

// ------------------------------------------------------------------- blobs

const listError = (url) => fail(13807,
  `Content of directory on path '${url}' cannot be listed.`);
const openError = (url) => fail(13822, `File '${url}' cannot be opened ` +
  "because it does not exist or it is used by another process.");

// Files that a path stands for: itself, all below a folder, or what a wildcard
// takes; _ and . are passed over but where they are named (1.1, COPYSQL).
export function chosen(names, path, { recursive = true } = {}) {
  const visible = (rest) => !rest.split("/").some((p) => /^[_.]/.test(p));
  if (path.includes("*")) {
    const cut = path.slice(0, path.indexOf("*")).lastIndexOf("/") + 1;
    const pattern = new RegExp("^" + path.replace(/[.+?^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", recursive ? ".*" : "[^/]*") + "$", "s");
    return names.filter((n) => pattern.test(n) && visible(n.slice(cut)));
  }
  if (names.includes(path)) return [path];
  const folder = path === "" || path.endsWith("/") ? path : `${path}/`;
  return names.filter((n) => n.startsWith(folder) &&
    visible(n.slice(folder.length)) &&
    (recursive || !n.slice(folder.length).includes("/")));
}

export function place(store, url) {
  const at = store.locate(url);
  if (!at) fail(105215, `The URL '${url}' is not that of a blob or a folder ` +
    "in Azure storage.");
  const query = at.name.indexOf("?");
  if (query >= 0) fail(105215, "A URL must not have a query.");
  return { ...at, name: decodeURIComponent(at.name), url,
    dfs: /^https:\/\/[^/]+\.dfs\./.test(url) };
}

// A client that may do what the credential may, and nothing else.
function reader(store, box, cred) {
  if (cred.key || cred.trusted) return store.azurite.service
    .getContainerClient(box);
  const { ContainerClient } = require("@azure/storage-blob");
  const { ca, url } = store.azurite;
  return new ContainerClient(`${url}/${box}${cred.sas ? `?${cred.sas}` : ""}`,
    undefined, { retryOptions: { maxTries: 1 },
      tlsOptions: ca ? { ca: readFileSync(ca) } : undefined });
}

// [{ url, name, bytes }] of all files of the URLs. cred: { sas }, { key },
// { trusted } (the pool's own identity) or {} (public)
export async function fetchAll(store, places, cred, options) {
  const files = [];
  for (const p of places) {
    const client = reader(store, p.box, cred);
    let names = [];
    const fixed = p.name.includes("*") ?
      p.name.slice(0, p.name.indexOf("*")) : p.name;
    try {
      for await (const b of client.listBlobsFlat({ prefix: fixed }))
        names.push(b.name);
    } catch {
      listError(p.url);
    }
    names = chosen(names.sort(), p.name, options);
    if (names.length === 0) {
      if (p.name.includes("*")) listError(p.url);
      openError(p.url);
    }
    for (const name of names) {
      try {
        files.push({ url: p.url, name,
          bytes: await client.getBlobClient(name).downloadToBuffer() });
      } catch {
        openError(p.url);
      }
    }
  }
  return files;
}

// The credential matrix of COPY (1.1).
export function copyCredential(pool, option, type, p) {
  const { store, options } = pool;
  const own = p.url.startsWith(`${store.azurite.url}/`);
  const lake = options.gen2;
  const dfs = own ? lake : p.dfs;
  const parquet = type !== "CSV";
  if (!option) {
    // A login of SQL has no identity to show to a storage account.
    if ((options.public ?? []).includes(p.box)) return {};
    return fail(105096, "COPY without CREDENTIAL needs an Entra login or a " +
      "public container.");
  }
  const kind = option.identity.toLowerCase();
  if (kind === "shared access signature") {
    const sas = option.secret ?? "";
    if (sas === "" || sas.startsWith("?"))
      fail(16561, "The secret of a shared access signature must not begin " +
        "with a question mark.");
    const may = new URLSearchParams(sas).get("sp") ?? "";
    // Read and List (1.1)
    if (!may.includes("r") || !may.includes("l")) listError(p.url);
    if (parquet && lake && !own && dfs)
      fail(105096, "A shared access signature needs the .blob endpoint.");
    return { sas };
  }
  if (kind === "storage account key") {
    if (option.secret !== store.azurite.key) listError(p.url);
    return { key: true };
  }
  if (kind === "managed identity") {
    if (option.secret !== undefined)
      fail(105096, "SECRET is not valid with Managed Identity.");
    if (!options.managedIdentity)
      fail(105096, "Managed Service Identity has not been enabled on this " +
        "server. Please enable Managed Service Identity and try again.");
    if (parquet && !(lake && dfs))
      fail(105096, "Parquet in Blob storage is read with a shared access " +
        "signature or an account key only.");
    return { trusted: true };
  }
  return fail(105096, `CREDENTIAL: identity '${option.identity.slice(0, 60)}' ` +
    "is not known here.");
}

// --------------------------------------------------------------------- CSV

// '0x0A', '0x0D0A', '\t', '||'; '\n' alone is \r\n, silently (1.1)
export function terminator(text, { row = false, expand = row } = {}) {
  if (/^0x([0-9a-f]{2})+$/i.test(text))
    return Buffer.from(text.slice(2), "hex").toString("latin1");
  const plain = text.replaceAll("\\r", "\r").replaceAll("\\n", "\n")
    .replaceAll("\\t", "\t");
  if (/[^\x00-\x7f]/.test(plain))
    fail(105215, "Terminators have no extended ASCII characters.");
  return expand && plain === "\n" ? "\r\n" : plain;
}

export class RowError extends Error {}

// The rows of a text: { fields, from, size } where a field is a text or null,
// or { error, … }. form: { field, row: [terminators], quote, first, spanning }.
// spanning: a terminator between quotes is part of the field.
export function* csvRows(text, form) {
  const { field, row, quote, first = 1, spanning = true } = form;
  const ends = [...row].sort((a, b) => b.length - a.length);
  const endAt = (i) => ends.find((e) => text.startsWith(e, i));
  // Where each terminator is next; remembered, since one may be far away.
  const seek = [field, ...ends].map((mark) => {
    let found = -1;
    return (from) => {
      if (found >= from) return found;
      found = text.indexOf(mark, from);
      if (found < 0) found = Infinity;
      return found;
    };
  });
  let at = 0;
  // Rows are skipped by their terminators, quotes or not (COPYSQL).
  for (let n = 1; n < first; n++) {
    let next = -1;
    for (const e of ends) {
      const found = text.indexOf(e, at);
      if (found >= 0 && (next < 0 || found < next)) next = found;
    }
    if (next < 0) return;
    at = next + endAt(next).length;
  }
  const skipRow = () => {
    at = Math.min(text.length, ...seek.slice(1).map((find) => find(at)));
    at += endAt(at)?.length ?? 0;
  };
  while (at < text.length) {
    const from = at;
    const fields = [];
    let error;
    for (;;) {
      let value;
      if (quote && text[at] === quote) {
        value = "";
        at++;
        for (;;) {
          const end = text.indexOf(quote, at);
          const stop = end < 0 ? text.length : end;
          if (!spanning)
            for (let i = at; i < stop && !error; i++)
              if (endAt(i)) error = "a row ends between quotes";
          if (error) break;
          value += text.slice(at, stop);
          at = stop + 1;
          if (end < 0) { error = "a quote is not closed"; break; }
          if (text[at] !== quote) break;
          value += quote;
          at++;
        }
        if (!error && at < text.length && !text.startsWith(field, at) &&
            !endAt(at)) error = "text behind a closing quote";
      } else {
        const end = Math.min(text.length, ...seek.map((find) => find(at)));
        // An empty field without quotes is NULL (1.5).
        value = end === at ? null : text.slice(at, end);
        at = end;
      }
      if (error) break;
      fields.push(value);
      if (text.startsWith(field, at) && at < text.length) at += field.length;
      else break;
    }
    if (error) {
      at = Math.max(at, from);
      skipRow();
      yield { error, from };
      continue;
    }
    const size = at - from;
    at += endAt(at)?.length ?? 0;
    yield { fields, from, size };
  }
}

const RANGE = { tinyint: [0n, 255n], smallint: [-32768n, 32767n],
  int: [-2147483648n, 2147483647n],
  bigint: [-9223372036854775808n, 9223372036854775807n] };
const DAY = String.raw`\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])`;
const HOUR = String.raw`(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,7})?`;
const SHAPES = {
  date: new RegExp(`^${DAY}$`),
  time: new RegExp(`^${HOUR}$`),
  // A zone needs datetimeoffset (1.5).
  datetime2: new RegExp(`^${DAY}(?:[ T]${HOUR})?$`),
  datetimeoffset: new RegExp(`^${DAY}[ T]${HOUR}(?:Z| ?\\+00:00)?$`),
  float: /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/,
  decimal: /^[+-]?(?:\d+\.?\d*|\.\d+)$/,
  uniqueidentifier: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  bit: /^(?:0|1|true|false)$/i,
};
SHAPES.datetime = SHAPES.smalldatetime = SHAPES.datetime2;
SHAPES.real = SHAPES.float;

// Why a text is no value of the type; undefined when it is one.
export function misfit(text, t) {
  const mismatch = "type mismatch or invalid character for the specified " +
    "codepage";
  if (RANGE[t.k]) {
    if (!/^[+-]?\d{1,40}$/.test(text)) return mismatch;
    const v = BigInt(text.replace(/^\+/, ""));
    return v < RANGE[t.k][0] || v > RANGE[t.k][1] ? "overflow" : undefined;
  }
  if (t.k === "decimal") {
    if (!SHAPES.decimal.test(text)) return mismatch;
    const digits = text.replace(/^[+-]?0*/, "").split(".")[0].length;
    return digits > t.p - t.s ? "overflow" : undefined;
  }
  if (t.k.endsWith("char")) {
    const n = t.k.startsWith("n") ? text.length : Buffer.byteLength(text);
    return t.n !== "max" && n > (t.n ?? 1) ? "truncation" : undefined;
  }
  const shape = SHAPES[t.k];
  if (!shape) return `${t.k} from text is not known here`;
  return shape.test(text) ? undefined : mismatch;
}

function decode(file, encoding) {
  try {
    return new TextDecoder(encoding === "UTF16" ? "utf-16le" : "utf-8",
      { fatal: true, ignoreBOM: true }).decode(file.bytes);
  } catch {
    return fail(4864, `The file '${file.name}' is not ${encoding}.`);
  }
}

const word = (o, key, allowed, or) => {
  if (o[key] === undefined) return or;
  const found = allowed.find((w) => w.toLowerCase() === o[key].toLowerCase());
  return found ?? fail(103010, `Parse error: ${key} = '${o[key]}'`);
};

// How a COPY reads CSV.
function csvForm(o) {
  const quote = o.fieldquote === undefined ? "\"" : terminator(o.fieldquote);
  if (quote.length > 1) fail(105215, "FIELDQUOTE is one character.");
  const form = {
    quote,
    field: terminator(o.fieldterminator ?? ","),
    row: [terminator(o.rowterminator ?? "\\n", { row: true })],
    first: o.firstrow ?? 1,
    encoding: word(o, "encoding", ["UTF8", "UTF16"], "UTF8"),
    compression: word(o, "compression", ["GZIP", "NONE"]),
    errors: o.maxerrors ?? 0,
  };
  if (form.first < 1) fail(105215, "FIRSTROW begins with 1.");
  if (!form.field || !form.row[0] || form.field === form.row[0])
    fail(105215, "FIELDTERMINATOR and ROWTERMINATOR must differ.");
  return form;
}

function inflate(file, compression) {
  const zipped = compression ? compression === "GZIP" :
    file.name.endsWith(".gz");
  if (!zipped) return file;
  try {
    return { ...file, bytes: gunzipSync(file.bytes) };
  } catch {
    return fail(105215, `The file '${file.name}' is not in the GZIP format.`);
  }
}

// Rows of one file as the table's columns want them; null for a rejected one.
function fit(fields, columns, mapped) {
  const most = Math.max(...columns.map((c) => c.field ?? 0));
  // Without a list each field needs its column; with one, the others are not
  // looked at.
  if (!mapped && fields.length > most)
    throw new RowError(`the row has ${fields.length} fields, not ${most}`);
  return columns.map((c) => {
    let v = c.field === undefined ? null : fields[c.field - 1];
    if (v === undefined && c.default === undefined)
      throw new RowError(`column ${c.name}: the row has only ` +
        `${fields.length} fields`);
    // DEFAULT replaces what is NULL or not there at all (1.1).
    v ??= c.default ?? null;
    if (v === null && c.nullable === false)
      throw new RowError(`column ${c.name} does not allow NULL`);
    const why = v === null ? undefined : misfit(v, c.t);
    if (why) throw new RowError(`Bulk load data conversion error (${why}), ` +
      `column ${c.name}`);
    return v;
  });
}

function csvValues(files, form, columns, mapped) {
  const rows = [];
  let rejected = 0;
  const reject = (file, from, why) => {
    if (++rejected > form.errors)
      fail(why.includes("truncation") ? 4863 : 4864, `${why}, row starting at ` +
        `byte offset ${from} in data file ${file.name}. Max errors count ` +
        "reached.");
  };
  for (const packed of files) {
    const file = inflate(packed, form.compression);
    for (const row of csvRows(decode(file, form.encoding), form)) {
      if (row.error) { reject(file, row.from, row.error); continue; }
      if (row.size >= ROW_LIMIT) {
        reject(file, row.from, "the row is 1 MB or more");
        continue;
      }
      try {
        rows.push(fit(row.fields, columns, mapped));
      } catch (e) {
        if (!(e instanceof RowError)) throw e;
        reject(file, row.from, e.message);
      }
    }
  }
  return { rows, rejected };
}

// ----------------------------------------------------------------- Parquet

// What a pool makes of a column of a Parquet file (1.4); a text: it doesn't.
export function parquetType(f) {
  const l = f.logical;
  const c = f.converted;
  const time = /^Time(stamp)?Type/.test(l) || /^TIME/.test(c);
  const unit = /MICROS=(?!<null>)/.test(l) || c.endsWith("MICROS") ? "MICROS" :
    /NANOS=(?!<null>)/.test(l) ? "NANOS" : "MILLIS";
  if (time && unit !== "MILLIS") return `${unit} of time`;
  const stamp = /^TimestampType/.test(l) || c === "TIMESTAMP_MILLIS";
  const utc = !/isAdjustedToUTC=0/.test(l);
  const int = /^IntType\(bitWidth=(\d+), isSigned=(\d)/.exec(l);
  const kind = int ? `${int[2] === "1" ? "" : "U"}INT_${int[1]}` :
    c.replace(/^UINT/, "UINT");
  if (/^DecimalType/.test(l) || c === "DECIMAL")
    return { k: "decimal", p: f.precision, s: f.scale };
  switch (f.physical) {
  case "BOOLEAN": return { k: "bit" };
  case "FLOAT": return { k: "real" };
  case "DOUBLE": return { k: "float" };
  case "INT96": return { k: "datetime2", s: 7, utc: true };
  case "INT32": case "INT64":
    if (c === "DATE" || /^DateType/.test(l)) return { k: "date" };
    if (stamp) return { k: "datetime2", s: 3, utc };
    if (time) return { k: "time", s: 3 };
    if (["INT_8", "INT_16"].includes(kind)) return { k: "smallint" };
    if (kind === "UINT_8") return { k: "tinyint" };
    if (kind === "UINT_16") return { k: "int" };
    if (kind === "UINT_32") return { k: "bigint" };
    if (kind === "UINT_64") return { k: "decimal", p: 20, s: 0 };
    return { k: f.physical === "INT32" ? "int" : "bigint" };
  case "BYTE_ARRAY":
    if (/^(String|Json|JSON|Enum)Type/.test(l) ||
        ["UTF8", "ENUM", "JSON"].includes(c)) return { k: "nvarchar", n: "max" };
    return { k: "varbinary", n: "max" };
  default:
    if (/^UUIDType/.test(l)) return { k: "uniqueidentifier" };
    return { k: "binary", n: f.width };
  }
}

// Whether the type fits the column without any conversion: widths are exact.
function suits(file, column) {
  if (file.k === "nvarchar") return ["nvarchar", "varchar"].includes(column.k);
  if (file.k === "varbinary" || file.k === "binary")
    return ["varbinary", "binary"].includes(column.k);
  if (file.k === "decimal")
    return column.k === "decimal" && column.s === file.s && column.p >= file.p;
  if (file.k === "datetime2" || file.k === "time")
    return column.k === file.k && column.s >= Math.min(file.s, 3);
  return file.k === column.k;
}

export async function parquetCodec(store, file) {
  const path = store.file(file.bytes, "parquet");
  try {
    const r = await store.query("SELECT DISTINCT compression FROM " +
      `parquet_metadata(${lit(path)})`);
    return r.rows.map(([c]) => c).find((c) =>
      !["SNAPPY", "GZIP", "UNCOMPRESSED"].includes(c));
  } catch (e) {
    return fail(105215, `'${file.name}' is not a Parquet file: ` +
      String(e.message).split("\n")[0]);
  } finally {
    rmSync(path);
  }
}

async function copyParquet(store, files, columns) {
  const staged = [];
  const selects = [];
  try {
    for (const file of files) {
      const codec = await parquetCodec(store, file);
      if (codec) fail(106000, "HdfsBridge::recordReaderFillBuffer - Unexpected " +
        `error encountered filling record reader buffer: compression ${codec} ` +
        "is not supported");
      const stage = await store.stageParquet(file.bytes);
      staged.push(stage);
      selects.push(`SELECT ${columns.map((c) => parquetColumn(c, stage, file))
        .join(", ")} FROM ${stage.name}`);
    }
    return { staged, selects, rejected: 0 };
  } catch (e) {
    for (const s of staged) await store.drop(s);
    throw e;
  }
}

function parquetColumn(c, stage, file) {
  const f = c.field === undefined ? undefined : stage.parquet[c.field - 1];
  const constant = c.default === undefined ? null : c.default;
  const value = constant === null ? `CAST(NULL AS ${c.duck})` :
    assign({ sql: lit(constant), t: { k: "varchar", n: 8000 } }, c.t, c.name);
  if (!f) {
    if (c.default === undefined && c.field !== undefined)
      fail(110802, `The file '${file.name}' has no field ${c.field} for ` +
        `column ${c.name}.`);
    return value;
  }
  const t = parquetType(f);
  if (typeof t === "string")
    fail(106000, `HdfsBridge::recordReaderFillBuffer - column ${f.name}: ` +
      `${t} is not supported.`);
  if (!suits(t, c.t))
    fail(106000, "HdfsBridge::recordReaderFillBuffer - Unexpected error " +
      "encountered filling record reader buffer: ClassCastException: column " +
      `${c.name} is ${typeName(c.t)}, the file has ${typeName(t)}`);
  const own = { sql: id(stage.columns[c.field - 1].name), t };
  if (t.k === "datetime2")
    own.sql = f.duck.includes("WITH TIME ZONE") ?
      `timezone('UTC', ${own.sql})` : `CAST(${own.sql} AS TIMESTAMP)`;
  if (t.k === "tinyint") // only up to 127 (1.4)
    own.sql = `(CASE WHEN ${own.sql} > 127 THEN error('106000;HdfsBridge: ` +
      `a value above 127 in a tinyint') ELSE ${own.sql} END)`;
  const sql = assign(own, c.t, c.name);
  return c.default == null ? sql : `coalesce(${sql}, ${value})`;
}

// -------------------------------------------------------------------- COPY

// Which field of a file a column takes. table: of the store; list: as parsed.
function targets(table, list) {
  if (!list) return table.columns.map((c, i) =>
    ({ ...c, field: i + 1 }));
  const named = new Map();
  list.forEach((item, i) => {
    const c = table.columns.find((x) =>
      x.name.toLowerCase() === item.name.toLowerCase());
    if (!c) fail(207, `Invalid column name '${item.name}'.`);
    if (named.has(c.name)) fail(264, `The column name '${c.name}' is ` +
      "specified more than once.");
    named.set(c.name, { ...c, default: item.default,
      field: item.field ?? i + 1 });
  });
  // What the list leaves out is NULL (COPYSQL).
  return table.columns.map((c) => named.get(c.name) ??
    { ...c, field: undefined, default: null });
}

// Reads what a COPY names: { selects, staged, rejected }; each select gives
// all columns of the table in order.
export async function readCopy(pool, s, table) {
  const { store } = pool;
  const o = s.options;
  const kind = (o.file_type ?? (o.file_format ? "" : "CSV")).toUpperCase();
  let type = kind;
  if (o.file_format) {
    const format = pool.formats.get(o.file_format.toLowerCase());
    if (!format) fail(208, `Invalid object name '${o.file_format}'.`);
    if (format.format_type !== "PARQUET")
      fail(105215, "FILE_FORMAT is for Parquet and ORC only.");
    type = "PARQUET";
  }
  // No JSON and no Avro (1.1); ORC nobody here writes.
  if (!["CSV", "PARQUET"].includes(type))
    fail(103010, `Parse error: Incorrect syntax near '${o.file_type}'.`);
  if (o.auto_create_table) fail(40515, "AUTO_CREATE_TABLE is not known here");
  if (type === "PARQUET")
    for (const key of ["fieldquote", "fieldterminator", "rowterminator",
      "firstrow", "encoding", "dateformat", "errorfile"])
      if (o[key] !== undefined)
        fail(105215, `${key.toUpperCase()} applies to CSV only.`);
  const places = s.urls.map((u) => place(store, u));
  if (places.some((p) => p.box !== places[0].box ||
      p.account !== places[0].account))
    fail(105215, "All files of a COPY are in one account and container.");
  const columns = targets(table, s.columns);
  if (type === "PARQUET") word(o, "compression", ["GZIP", "Snappy", "NONE"]);
  const form = type === "CSV" ? csvForm(o) : null;
  const cred = copyCredential(pool, o.credential, type, places[0]);
  const files = await fetchAll(store, places, cred);
  if (type === "PARQUET") return copyParquet(store, files, columns);
  const { rows, rejected } = csvValues(files, form, columns, Boolean(s.columns));
  const staged = await store.stageRows(columns.map((_, i) => `c${i}`), rows);
  return { rejected, staged: [staged], selects: [`SELECT ${columns
    .map((c, i) => assign({ sql: `c${i}`, t: { k: "nvarchar", n: "max" },
      coll: "Latin1_General_100_BIN2_UTF8" }, c.t, c.name)).join(", ")} FROM ` +
    staged.name] };
}
