// tests/lib/lakehouse_files.mjs: which files a Databricks statement means, who
// may read them, and their rows as DuckDB relations.
//
//   const files = createFiles(store, options);     // of createEngine()
//   const where = files.openSource("abfss://box@account.dfs.…/path", sas);
//   const { found } = await files.gather({ files: ["a.csv"] }, where, o);
//
// After COPY INTO ("Parameters", "Access file metadata columns"), "Load data
// using COPY INTO with temporary credentials", external locations, volumes,
// read_files.

import { castTo, columnScope, duckType } from "./lakehouse_expr.mjs";
import { formatOptions, readFiles } from "./lakehouse_spark.mjs";
import { parse } from "./lakehouse_sql.mjs";
import { LakeError, id, lit } from "./lakehouse_store.mjs";

const err = (condition, state, message) =>
  new LakeError(condition, state, message);

// Rows that are known, as a SELECT.
export const literalRows = (columns, rows) => {
  const row = (cells) => `SELECT ${columns.map((c, i) => `CAST(${
    cells && cells[i] !== null ? lit(cells[i]) : "NULL"} AS ${
    duckType(c.type)}) AS ${id(c.name)}`).join(", ")}`;
  return rows.length ? rows.map(row).join(" UNION ALL ") :
    `${row(null)} WHERE false`;
};

export function createFiles(store, options) {
  const { locations = [], volumes = {}, maxSasHours = 48, faults = {},
    exactJson = false } = options;

  const optionsOf = (format, given) =>
    ({ ...formatOptions(format, given), exact: exactJson });

  // Where a source's files are, and who reads them: { root, box, prefix, read,
  // list }.
  function openSource(source, sas) {
    const forbidden = (status, name) => err("FAILED_READ_FILE.CANNOT_READ",
      "KD001", `Operation failed: ${status} for ${source} ${name}`);
    const volume = Object.keys(volumes).find((v) => source === v ||
      source.startsWith(`${v}/`));
    if (source.startsWith("/Volumes/")) {
      if (sas)
        throw err("COPY_INTO_CREDENTIALS_NOT_ALLOWED_ON", "0A000",
          `Invalid scheme ${source}`);
      if (!volume)
        throw err("VOLUME_NOT_FOUND", "42704", `no volume for ${source}`);
      const [box, ...rest] = `${volumes[volume]}${source.slice(volume.length)}`
        .split("/");
      return withKey(source, box, rest.join("/"));
    }
    const at = /^(abfss|wasbs):/.test(source) ? store.locate(source) : null;
    if (!at)
      throw err("UNSUPPORTED_URI_SCHEME", "0A000", source);
    if (sas) {
      checkSas(sas);
      if (at.account !== store.azurite.account)
        throw err("FAILED_READ_FILE.CANNOT_READ", "KD001",
          `no such account: ${at.account}`);
      return {
        source, box: at.box, prefix: at.name,
        list: (prefix) => store.list(at.box, prefix),
        async read(name) {
          const r = await store.fetchSigned(at.box, name, sas);
          if (r.status === 404) return null;
          if (r.status !== 200) throw forbidden(r.status, name);
          return r.body;
        },
      };
    }
    // External locations: a path is read by the one that covers it.
    const covers = (l) => source === l || source.startsWith(
      l.endsWith("/") ? l : `${l}/`);
    if (!locations.some(covers))
      throw err("NO_PARENT_EXTERNAL_LOCATION_FOR_PATH", "42501",
        `No parent external location was found for path '${source}'`);
    return withKey(source, at.box, at.name);
  }

  const withKey = (source, box, prefix) => ({ source, box, prefix,
    list: (p) => store.list(box, p), read: (name) => store.fetch(box, name) });

  // "Temporary credentials": Read and List; and our own rule that no statement
  // carries what is good for long.
  function checkSas(sas) {
    const q = new URLSearchParams(sas);
    const refuse = (why) => {
      throw err("COPY_INTO_CREDENTIALS_REFUSED", "28000", why);
    };
    if (sas.startsWith("?")) refuse("a SAS begins without a question mark");
    if (!q.get("sig") || !q.get("se")) refuse("no SAS");
    const hours = (Date.parse(q.get("se")) - Date.now()) / 3600e3;
    if (!(hours <= maxSasHours))
      refuse(`a SAS that is good for ${Math.round(hours)} hours`);
    for (const p of ["r", "l"])
      if (!q.get("sp")?.includes(p)) refuse(`a SAS without ${p}`);
  }

  const hidden = (relative) => relative.split("/").some((p) => /^[_.]/.test(p));
  const join = (root, name) => root === "" || root.endsWith("/") ?
    root + name : `${root}/${name}`;

  function globRule(glob) {
    const rule = glob.replace(/[.+^$()|\\]/g, "\\$&").replace(/\*/g, "[^/]*")
      .replace(/\?/g, "[^/]").replace(/\{([^}]*)\}/g,
        (_, list) => `(${list.replaceAll(",", "|")})`);
    return new RegExp(`^${rule}$`);
  }

  // Names relative to the source.
  async function choose(s, where, o) {
    if (s.files) {
      if (s.files.length > 1000)
        throw err("COPY_INTO_SYNTAX_ERROR", "42601", "FILES takes at most " +
          `1000 names and not ${s.files.length}`);
      return s.files.filter((n) => !hidden(n));
    }
    const one = await where.read(where.prefix);
    if (where.prefix !== "" && one && !where.source.endsWith("/")) return [""];
    const root = join(where.prefix, "");
    const names = (await where.list(root)).map((b) =>
      b.name.slice(root.length)).filter((n) => n !== "" && !hidden(n));
    if (s.pattern) return names.filter((n) => globRule(s.pattern).test(n));
    return o.recursivefilelookup ? names : names.filter((n) =>
      !n.includes("/"));
  }

  // [{ path, bytes }]; a file that isn't there is left out (ignoreMissingFiles
  // is on by default). `skip`: paths that are not to be read.
  async function gather(s, where, o, skip = () => false) {
    const paths = new Map(); // what a file is called, and its blob
    for (const name of await choose(s, where, o)) {
      const path = name === "" ? where.source : join(where.source, name);
      if (!skip(path))
        paths.set(path, name === "" ? where.prefix : join(where.prefix, name));
    }
    const list = [...paths];
    const found = [];
    for (let i = 0; i < list.length; i += 16) {
      const some = await Promise.all(list.slice(i, i + 16).map(
        async ([path, blob]) => ({ path,
          bytes: faults.vanish ? null : await where.read(blob) })));
      const gone = some.find((f) => !f.bytes);
      if (gone && !o.ignoremissingfiles)
        throw err("FAILED_READ_FILE.FILE_NOT_EXIST", "KD001", gone.path);
      found.push(...some.filter((f) => f.bytes));
    }
    return { found, chosen: paths.size };
  }

  const noSchema = (s) => err("COPY_INTO_SOURCE_SCHEMA_INFERENCE_FAILED",
    "42KD9", "The source directory did not contain any parsable files of " +
    `type ${s.format}. Please check the contents of '${s.source}'`);

  // The files' rows with where they came from, as one SELECT.
  function scan(files) {
    const names = files.columns.map((c) => id(c.name));
    const sql = files.stages.map((st) => `SELECT ${names.concat(
      `${lit(st.path)} AS "\x01path"`).join(", ")} FROM ${st.name}`)
      .join(" UNION ALL ");
    const meta = (name, expr) => ({ table: ["_metadata"], name, hidden: true,
      type: "STRING", sql: expr });
    const scope = columnScope([
      ...files.columns.map((c) => ({ ...c, sql: `f.${id(c.name)}` })),
      meta("file_path", "f.\"\x01path\""),
      meta("file_name", "regexp_extract(f.\"\x01path\", '[^/]*$')"),
    ]);
    return { sql, scope };
  }

  async function readFunction(from, staged) {
    if (from.name !== "read_files")
      throw err("UNRESOLVABLE_TABLE_VALUED_FUNCTION", "42883", from.name);
    const { format, schema, ...rest } = from.named;
    const s = { format: format?.toUpperCase(), source: from.args[0] };
    const o = optionsOf(s.format, rest);
    if (schema) o.schema = parse(`CREATE TABLE t (${schema})`).columns;
    const where = openSource(s.source);
    const { found } = await gather(s, where, o);
    const files = await readFiles(store, s.format, found, o);
    if (files.nothing) throw noSchema(s);
    staged.push(...files.stages.map((x) => x.name));
    const { sql, scope } = scan(files);
    const pick = (o.schema ?? files.columns).map((c, i) => {
      // Text has no names that count: a schema names its fields by place.
      const have = s.format === "CSV" ? files.columns[i] :
        files.columns.find((f) => f.name.toLowerCase() ===
          c.name.toLowerCase());
      if (!have || (s.format === "CSV" && o.schema &&
          o.schema.length !== files.columns.length))
        throw err("MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION", "22023",
          `the files' columns are not those of the schema: ${c.name}`);
      const text = s.format === "CSV";
      if (!text && have.type !== c.type)
        throw err("FAILED_READ_FILE.PARQUET_COLUMN_DATA_TYPE_MISMATCH",
          "KD001", `${c.name}: expected ${c.type}, found ${have.type}`);
      return `${castTo(scope.column([have.name]), c.type)} AS ${id(c.name)}`;
    });
    return { columns: (o.schema ?? files.columns).map(({ name, type }) =>
      ({ name, type })), sql: `SELECT ${pick.join(", ")} FROM (${sql}) AS f` };
  }

  // A table over files: read each time; what does not fit is NULL or an error,
  // as its mode says.
  async function externalSource(table, staged) {
    const { source, format, options: given } = table.external;
    const o = optionsOf(format, given);
    const { found } = await gather({}, openSource(source), o);
    const files = await readFiles(store, format, found, o);
    staged.push(...files.stages.map((x) => x.name));
    const columns = table.columns.map(({ name, type }) => ({ name, type }));
    if (files.nothing) return { columns, sql: literalRows(columns, []) };
    const { sql, scope } = scan(files);
    const pick = columns.map((c) => {
      const have = files.columns.find((f) =>
        f.name.toLowerCase() === c.name.toLowerCase());
      if (!have) return `CAST(NULL AS ${duckType(c.type)}) AS ${id(c.name)}`;
      if (have.type !== c.type && (format === "PARQUET" || format === "AVRO"))
        throw err("FAILED_READ_FILE.PARQUET_COLUMN_DATA_TYPE_MISMATCH",
          "KD001", `${c.name}: expected ${c.type}, found ${have.type}`);
      const cast = castTo(scope.column([have.name]), c.type);
      return `${o.mode === "PERMISSIVE" && have.type !== c.type ?
        `TRY(${cast})` : cast} AS ${id(c.name)}`;
    });
    return { columns, sql: `SELECT ${pick.join(", ")} FROM (${sql}) AS f` };
  }

  return { optionsOf, openSource, choose, gather, scan, noSchema, readFunction,
    externalSource };
}
