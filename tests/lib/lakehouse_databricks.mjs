// tests/lib/lakehouse_databricks.mjs: what a Databricks SQL warehouse does with
// a statement, over the tables and files of lakehouse_store.mjs.
//
//   const engine = await createEngine(store, { locations, secrets, … });
//   const { columns, rows } = await engine.execute(text, { catalog, schema,
//     parameters });                    // or throws a LakeError
//
// Rules cite the documentation's page and section in a few words beside them;
// where it says nothing, the stand-in refuses.

import { columnScope, compileQuery, assignable, castTo, defineFunctions,
  duckType, expression, isText, selectItems, typeOfDuck }
  from "./lakehouse_expr.mjs";
import { LakeError, id, lit } from "./lakehouse_store.mjs";
import { createFiles, literalRows } from "./lakehouse_files.mjs";
import { readFiles } from "./lakehouse_spark.mjs";
import { parse } from "./lakehouse_sql.mjs";

const shown = (parts) => parts.map((p) => `\`${p}\``).join(".");
const err = (condition, state, message) =>
  new LakeError(condition, state, message);

// Names: an object's may hold no period, space, slash or control character.
function objectName(name) {
  if (/[./ \u0000-\u001f\u007f]/.test(name) || name.length > 255)
    throw err("INVALID_PARAMETER_VALUE", "22023",
      `'${name}' is not a valid name`);
}

// Column names: without column mapping none may hold what Parquet can't.
function columnNames(columns, properties) {
  const mapped = ["name", "id"].includes(
    properties["delta.columnmapping.mode"]?.toLowerCase());
  const seen = new Set();
  for (const { name } of columns) {
    if (name.length > 255)
      throw err("INVALID_PARAMETER_VALUE", "22023", `'${name}' is too long`);
    if (!mapped && /[ ,;{}()\n\t=]/.test(name))
      throw err("DELTA_INVALID_CHARACTERS_IN_COLUMN_NAME", "42K05",
        `invalid characters in the column name '${name}'`);
    if (seen.has(name.toLowerCase()))
      throw err("COLUMN_ALREADY_EXISTS", "42711",
        `The column \`${name}\` already exists`);
    seen.add(name.toLowerCase());
  }
}

const toColumn = (c) => ({ ...c, duck: duckType(c.type) });

// What DuckDB says, as Databricks names it.
function translate(e) {
  if (e instanceof LakeError) return e;
  const own = /\[([A-Z_.]+)\] ?(.*)/s.exec(e.message);
  if (/^Invalid Input Error/.test(e.message) && own)
    return err(own[1], { CAST_INVALID_INPUT: "22018", DIVIDE_BY_ZERO: "22012" }[
      own[1]] ?? "22000", own[2]);
  if (/^Constraint Error: NOT NULL/.test(e.message))
    return err("DELTA_NOT_NULL_CONSTRAINT_VIOLATED", "23502", e.message);
  if (/^(Conversion|Out of Range) Error/.test(e.message))
    return err("NUMERIC_VALUE_OUT_OF_RANGE", "22003", e.message);
  return e;
}

// options:
//   schemas     ["main.default", …]: those that there are
//   locations   ["abfss://box@account.dfs.core.windows.net/path", …]: those
//               that are external locations with a credential for Azurite
//   volumes     { "/Volumes/main/raw/files": "box/path" }
//   maxSasHours how long a SAS in a statement may be good for (48)
//   secrets     { scope: { key: value } }
//   synapse     { host, port, database, user, password }: who may log in
//   exactJson   the runtime keeps the digits of JSON numbers read as texts
//   faults      see lakehouse.mjs
export async function createEngine(store, options) {
  const { schemas = ["main.default", "main.sales"], secrets = {},
    faults = {} } = options;
  const known = new Set(schemas.map((s) => s.toLowerCase()));
  const connections = new Map();
  const foreign = new Map();
  await defineFunctions(store);

  const files = createFiles(store, options);
  const { optionsOf, openSource, choose, gather, scan, noSchema } = files;

  // ---------------------------------------------------------------- names

  function resolve(parts, session) {
    const full = [...[session.catalog ?? "main", session.schema ?? "default"]
      .slice(0, Math.max(0, 3 - parts.length)), ...parts];
    if (full.length !== 3)
      throw err("REQUIRES_SINGLE_PART_NAMESPACE", "42K05", shown(parts));
    const place = foreign.get(full[0].toLowerCase());
    if (place) return { full, foreign: place };
    if (!known.has(`${full[0]}.${full[1]}`.toLowerCase()))
      throw err("SCHEMA_NOT_FOUND", "42704", "The schema " +
        `${shown(full.slice(0, 2))} cannot be found`);
    full.forEach(objectName);
    return { full };
  }

  const missing = (full) => err("TABLE_OR_VIEW_NOT_FOUND", "42P01",
    `The table or view ${shown(full)} cannot be found`);

  function ours(parts, session) {
    const r = resolve(parts, session);
    // Federation: read only.
    if (r.foreign)
      throw err("UNSUPPORTED_FEATURE.FOREIGN_TABLE_WRITE", "0A000",
        shown(parts));
    return { ...r, table: store.find("databricks", r.full) };
  }

  function delta(parts, session) {
    const { table, full } = ours(parts, session);
    if (!table) throw missing(full);
    if (table.view || table.external)
      throw err("DELTA_TABLE_ONLY_OPERATION", "0AKDD", shown(full));
    return table;
  }

  // --------------------------------------------------------------- sources

  // A foreign catalog logs in when it is read, with the secrets as they are.
  function login({ connection, database }) {
    const c = connections.get(connection.toLowerCase());
    const value = (o) => o.text ?? secrets[o.scope]?.[o.key];
    const s = options.synapse;
    if (!s || value(c.options.host) !== s.host ||
        value(c.options.port) !== String(s.port ?? 1433))
      throw err("FAILED_JDBC.CONNECTION", "HV000", "The TCP/IP connection to " +
        `the host ${value(c.options.host)} failed`);
    if (value(c.options.user) !== s.user ||
        value(c.options.password) !== s.password)
      throw err("FAILED_JDBC.CONNECTION", "28000", "Login failed for user");
    if (database.toLowerCase() !== s.database.toLowerCase())
      throw err("FAILED_JDBC.CONNECTION", "08004",
        `Cannot open database "${database}"`);
  }

  function foreignSource({ full, foreign: place }) {
    login(place);
    const table = store.find("synapse", [place.database, full[1], full[2]]) ??
      store.find("synapse", full.slice(1));
    if (!table) throw missing(full);
    const columns = table.columns.map((c) => ({ name: c.name,
      type: typeOfDuck(c.duck) ?? "STRING" }));
    return { columns, sql: "SELECT " + columns.map((c) =>
      `CAST(${id(c.name)} AS ${duckType(c.type)}) AS ${id(c.name)}`)
      .join(", ") + ` FROM ${table.physical}` };
  }

  function informationSchema(what, catalog) {
    const mine = [...store.tables.values()].filter((t) =>
      t.place === "databricks" &&
      t.parts[0].toLowerCase() === catalog.toLowerCase());
    const text = (names) => names.map((name) => ({ name, type: "STRING" }));
    let columns;
    let rows;
    if (what === "tables") {
      columns = text(["table_catalog", "table_schema", "table_name",
        "table_type"]);
      rows = mine.map((t) => [...t.parts.map((p) => p.toLowerCase()),
        t.view ? "VIEW" : t.external ? "EXTERNAL" : "MANAGED"]);
    } else if (what === "columns") {
      columns = text(["table_catalog", "table_schema", "table_name",
        "column_name", "data_type", "full_data_type", "is_nullable"]);
      columns.push({ name: "ordinal_position", type: "INT" });
      rows = mine.flatMap((t) => t.columns.map((c, i) =>
        [...t.parts.map((p) => p.toLowerCase()), c.name,
          c.type.replace(/\(.*/, ""), c.type.toLowerCase(),
          c.nullable === false ? "NO" : "YES", i]));
    } else {
      throw missing([catalog, "information_schema", what]);
    }
    return { columns, sql: literalRows(columns, rows) };
  }

  // world for compileQuery(); what it staged is dropped by done().
  function worldOf(session) {
    const staged = [];
    const world = {
      used: new Set(),
      parameter(name) {
        const p = session.parameters?.find((x) => x.name === name);
        if (!p)
          throw err("UNBOUND_SQL_PARAMETER", "42P02",
            `Found the unbound parameter: ${name}`);
        if (p.value === null || p.value === undefined)
          return { sql: "NULL", type: "VOID" };
        const type = parse(`SELECT CAST(NULL AS ${p.type ?? "STRING"})`).query
          .items[0].e.type;
        return { type, sql: castTo({ sql: lit(p.value), type: "STRING" },
          type) };
      },
      async source(from) {
        if (from.kind === "function") return files.readFunction(from, staged);
        const { parts } = from;
        if (parts.length >= 2 &&
            parts.at(-2).toLowerCase() === "information_schema")
          return informationSchema(parts.at(-1).toLowerCase(),
            parts.length === 3 ? parts[0] : session.catalog ?? "main");
        const r = resolve(parts, session);
        if (r.foreign) return foreignSource(r);
        const table = store.find("databricks", r.full);
        if (!table) throw missing(r.full);
        world.used.add(table);
        if (table.view) return compileQuery(table.view, world);
        if (table.external) return files.externalSource(table, staged);
        return { columns: table.columns.map(({ name, type }) =>
          ({ name, type })), sql: "SELECT " + (table.columns.map((c) =>
          id(c.name)).join(", ") || "NULL") +
          ` FROM ${table.stale?.physical ?? table.physical}` };
      },
      async done() {
        for (const name of staged) await store.drop({ name });
      },
    };
    return world;
  }

  // ----------------------------------------------------------------- write

  const ANSWERS = (...names) => names.map((name) => ({ name, type: "BIGINT" }));
  const done = () => ({ columns: [], rows: [] });

  function remember(table, operation, metrics) {
    table.history.unshift({ version: table.history.length, operation,
      metrics, at: new Date() });
  }

  // { names, sql } that fits `found` (columns with sql) into the table: by
  // name, or by position for the named columns.
  function fit(table, found, { names, from, where = "" }) {
    const into = names ? names.map((n) => {
      const c = table.columns.find((t) =>
        t.name.toLowerCase() === n.toLowerCase());
      if (!c)
        throw err("UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703", shown([n]));
      return c;
    }) : table.columns;
    if (into.length !== found.length)
      throw err("INSERT_COLUMN_ARITY_MISMATCH", "21S01",
        `${found.length} columns for ${into.length}`);
    const cells = into.map((c, i) => {
      if (!assignable(found[i].type, c.type))
        throw err("DELTA_FAILED_TO_MERGE_FIELDS", "22005", "Failed to merge " +
          `fields '${c.name}' and '${found[i].name}'. Failed to merge ` +
          `incompatible data types ${c.type} and ${found[i].type}`);
      return `${bounded(castTo(found[i], c.type), c)} AS ${id(c.name)}`;
    });
    return { names: into.map((c) => c.name),
      sql: `SELECT ${cells.join(", ")} FROM ${from}${where}` };
  }

  // VARCHAR(n) takes n characters.
  function bounded(sql, c) {
    const n = /^(?:VAR)?CHAR\((\d+)\)$/.exec(c.type)?.[1];
    return n && isText(c.type) ? `CASE WHEN length(${sql}) > ${n} THEN ` +
      `error('[EXCEED_LIMIT_LENGTH] ${c.name}') ELSE ${sql} END` : sql;
  }

  async function copy(s, session) {
    const { table, full } = ours(s.table, session);
    if (!table || table.view || table.external)
      throw err("DELTA_MISSING_DELTA_TABLE_COPY_INTO", "42P01",
        `Table doesn't exist. Create an empty Delta table first using ` +
        `CREATE TABLE ${shown(full)}.`);
    for (const k of Object.keys(s.copyOptions))
      if (k !== "force" && k !== "mergeschema")
        throw err("UNKNOWN_COPY_OPTION", "42616", k);
    const on = (k) => /^true$/i.test(s.copyOptions[k] ?? "false");
    const o = optionsOf(s.format, s.options);
    if ((s.byPosition || s.columns) && (s.format !== "CSV" || o.header))
      throw err("COPY_INTO_FEATURE_INCOMPATIBLE_SETTING", "42613",
        "a column list or BY POSITION is for CSV without header");
    // Unity Catalog: a named credential is the metastore's; none is made here.
    if (s.credential)
      throw err("CREDENTIAL_NOT_FOUND", "42704", s.credential);
    const where = openSource(s.source, s.sas);
    // Idempotency goes by path: what was loaded into this table is skipped,
    // whatever it holds now.
    const skip = on("force") ? () => false : (p) => table.loaded.has(p);
    const { found, chosen } = await gather(s, where, o, skip);
    const answer = (n, corrupt = 0) => ({ columns: ANSWERS(
      "num_affected_rows", "num_inserted_rows", "num_skipped_corrupt_files"),
      rows: [[n, n, corrupt]] });
    if (chosen === 0 && (s.files || (await choose(s, where, o)).length > 0))
      return answer(0);
    if (found.length === 0 && faults.vanish) return answer(0);
    if (found.length === 0) throw noSchema(s);
    const read = await readFiles(store, s.format, found, o);
    if (read.nothing) {
      if (read.corrupt.length) return answer(0, read.corrupt.length);
      throw noSchema(s);
    }
    try {
      const { sql, scope } = scan(read);
      const columns = s.items ? selectItems(s.items, scope) :
        read.columns.map((c) => scope.column([c.name]));
      if (s.validate) return await validate(s, columns, sql);
      const names = s.columns ?? (s.byPosition ? null :
        columns.map((c) => c.name));
      await evolve(table, columns, names, s, on("mergeschema"));
      const put = fit(table, columns, { names, from: `(${sql}) AS f` });
      const n = await store.transaction(async () => {
        await lag(table);
        const rows = await store.insert(table, put.names, put.sql);
        return rows - await reject(table, rows);
      });
      for (const f of read.stages) table.loaded.set(f.path, f.rows);
      remember(table, "COPY INTO", { numFiles: read.stages.length,
        numOutputRows: n });
      await faults.afterLoad?.({ table, store });
      return answer(n, read.corrupt.length);
    } finally {
      for (const st of read.stages) await store.drop(st);
    }
  }

  async function validate(s, columns, sql) {
    const most = Math.min(50, Math.max(s.validate, 1));
    const q = `SELECT ${columns.map((c) => `${c.sql} AS ${id(c.name)}`)
      .join(", ")} FROM (${sql}) AS f`;
    await store.one(`SELECT count(*) FROM (${q})`);
    return answerQuery({ columns, sql: `${q} LIMIT ${most}` });
  }

  // Columns that the table has not: an error, or new ones with mergeSchema.
  async function evolve(table, columns, names, s, merge) {
    if (!names || s.columns) return;
    const strange = columns.filter((c) => !table.columns.some((t) =>
      t.name.toLowerCase() === c.name.toLowerCase()));
    if (strange.length === 0) return;
    if (!merge)
      throw err("COPY_INTO_SCHEMA_MISMATCH_WITH_TARGET_TABLE", "42KDG",
        "A schema mismatch was detected while copying into the Delta table " +
        `(Table: ${shown(table.parts)}): ${strange.map((c) => c.name)}`);
    columnNames([...table.columns, ...strange], table.properties);
    for (const c of strange)
      await store.addColumn(table, toColumn({ name: c.name,
        type: c.type === "VOID" ? "STRING" : c.type, nullable: true }));
  }

  // faults.lag: reads see the table as it was for so many answers.
  async function lag(table) {
    if (!faults.lag || table.stale) return;
    const physical = `${table.physical.slice(0, -1)}_old"`;
    await store.exec(`CREATE OR REPLACE TABLE ${physical} AS SELECT * FROM ` +
      table.physical);
    table.stale = { physical, left: faults.lag };
    faults.lag = 0;
  }

  // faults.reject: so many of the rows just written are not taken.
  async function reject(table, rows) {
    const n = Math.min(faults.reject ?? 0, rows);
    if (!n) return 0;
    faults.reject = 0;
    await store.exec(`DELETE FROM ${table.physical} WHERE rowid IN (SELECT ` +
      `rowid FROM ${table.physical} ORDER BY rowid DESC LIMIT ${n})`);
    return n;
  }

  async function createTable(s, session) {
    const { table: old, full } = ours(s.table, session);
    if (old && s.ifMissing) return done();
    if (old && !s.replace)
      throw err("TABLE_OR_VIEW_ALREADY_EXISTS", "42P07", shown(full));
    let { columns } = s;
    let made;
    const world = worldOf(session);
    try {
      if (s.query) {
        if (columns.length)
          throw err("PARSE_SYNTAX_ERROR", "42601", "columns and AS");
        made = await compileQuery(s.query, world);
        columns = made.columns.map((c) => ({ name: c.name, nullable: true,
          type: c.type === "VOID" ? "STRING" : c.type }));
      }
      const external = s.location !== undefined;
      if (external && s.using && s.using !== "DELTA") {
        const spec = { source: s.location, format: s.using,
          options: s.options ?? {} };
        const o = optionsOf(spec.format, spec.options);
        if (columns.length === 0) {
          const { found } = await gather({}, openSource(spec.source), o);
          const read = await readFiles(store, spec.format, found, o);
          for (const st of read.stages) await store.drop(st);
          if (read.nothing)
            throw err("UNABLE_TO_INFER_SCHEMA", "42KD9", spec.source);
          columns = read.columns;
        } else {
          openSource(spec.source);
        }
        if (old) await store.destroy("databricks", full);
        await store.create("databricks", full, columns.map(toColumn),
          { external: spec, properties: s.properties });
        return done();
      }
      if (external || s.options || (s.using && s.using !== "DELTA"))
        throw err("UNSUPPORTED_FEATURE", "0A000",
          "managed tables are Delta; others need a LOCATION");
      columnNames(columns, s.properties);
      // The new one is there before the old one goes.
      let kept;
      if (made) kept = await store.stage(made.sql);
      if (old) await store.destroy("databricks", full);
      const table = await store.create("databricks", full,
        columns.map(toColumn), { properties: s.properties });
      let n = 0;
      if (made) {
        n = await store.insert(table, columns.map((c) => c.name),
          `SELECT * FROM ${kept.name}`);
        await store.drop(kept);
      }
      remember(table, "CREATE TABLE", {});
      return made ? { columns: ANSWERS("num_affected_rows",
        "num_inserted_rows"), rows: [[n, n]] } : done();
    } finally {
      await world.done();
    }
  }

  async function insert(s, session) {
    const table = delta(s.table, session);
    const world = worldOf(session);
    try {
      let q;
      if (s.values) {
        const scope = columnScope([], { parameter: world.parameter });
        const cells = s.values.map((row) => row.map((e) =>
          expression(e, scope)));
        if (cells.length > 1 && cells.some((r) =>
          r.some((c, i) => c.type !== cells[0][i]?.type)))
          throw err("INCOMPATIBLE_TYPES_IN_INLINE_TABLE", "42825", "VALUES");
        q = { columns: cells[0].map((c, i) => ({ name: `col${i + 1}`,
          type: c.type })), sql: cells.map((r) => `SELECT ${r.map((c, i) =>
          `${c.sql} AS "col${i + 1}"`).join(", ")}`).join(" UNION ALL ") };
      } else {
        q = await compileQuery(s.query, world);
      }
      const found = q.columns.map((c) => ({ ...c, sql: `f.${id(c.name)}` }));
      const names = s.columns ?? (s.byName ? q.columns.map((c) => c.name) :
        null);
      const put = fit(table, found, { names, from: `(${q.sql}) AS f` });
      const n = await store.transaction(async () => {
        const kept = await store.stage(put.sql);
        await lag(table);
        if (s.overwrite) await store.exec(`DELETE FROM ${table.physical}`);
        if (s.where)
          await store.exec(`DELETE FROM ${table.physical} WHERE ` +
            conditionOf(table, s.where, session));
        const rows = await store.insert(table, put.names,
          `SELECT * FROM ${kept.name}`);
        await store.drop(kept);
        return rows - await reject(table, rows);
      });
      // A path that was copied before stays known: the log keeps it.
      remember(table, "WRITE", { numOutputRows: n });
      await faults.afterLoad?.({ table, store });
      return { columns: ANSWERS("num_affected_rows", "num_inserted_rows"),
        rows: [[n, n]] };
    } finally {
      await world.done();
    }
  }

  function tableScope(table, alias, session, extra = []) {
    return columnScope([...table.columns.map((c) => ({ ...c,
      table: alias ? [alias] : table.parts,
      sql: `t.${id(c.name)}` })), ...extra],
    { parameter: worldOf(session).parameter });
  }

  const conditionOf = (table, tree, session) => {
    const c = expression(tree, tableScope(table, null, session));
    if (c.type !== "BOOLEAN")
      throw err("DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN", "42K09", c.type);
    return c.sql.replaceAll(/\bt\.(?=")/g, "");
  };

  async function remove(s, session) {
    const table = delta(s.table, session);
    const r = await store.connection.run(`DELETE FROM ${table.physical}` +
      (s.where ? ` WHERE ${conditionOf(table, s.where, session)}` : ""));
    remember(table, "DELETE", { numDeletedRows: Number(r.rowsChanged) });
    return { columns: ANSWERS("num_affected_rows"),
      rows: [[Number(r.rowsChanged)]] };
  }

  async function merge(s, session) {
    const table = delta(s.table, session);
    const world = worldOf(session);
    try {
      const inner = s.source.kind === "query" ?
        await compileQuery(s.source.query, world) :
        await world.source(s.source);
      const src = inner.columns.map((c) => ({ ...c, sql: `s.${id(c.name)}`,
        table: s.source.alias ? [s.source.alias] : s.source.parts ?? [] }));
      const scope = tableScope(table, s.alias, session, src);
      const only = columnScope(src, { parameter: world.parameter });
      const on = expression(s.on, scope).sql;
      const set = (c, found) => {
        if (!assignable(found.type, c.type))
          throw err("DELTA_FAILED_TO_MERGE_FIELDS", "22005", c.name);
        return bounded(castTo(found, c.type), c);
      };
      const target = (parts) => {
        const c = table.columns.find((t) =>
          t.name.toLowerCase() === parts.at(-1).toLowerCase());
        if (!c)
          throw err("UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703",
            shown(parts));
        return c;
      };
      const clauses = s.whens.map((w) => {
        const head = `WHEN ${w.matched ? "" : "NOT "}MATCHED` + (w.and ?
          ` AND ${expression(w.and, w.matched ? scope : only).sql}` : "");
        if (w.does === "delete") return `${head} THEN DELETE`;
        const pairs = w.all ? table.columns.map((c) =>
          [c, set(c, only.column([c.name]))]) : w.does === "update" ?
          w.set.map((a) => {
            const c = target(a.column);
            return [c, set(c, expression(a.e, scope))];
          }) : w.columns.map((p, i) => {
            const c = target(p);
            return [c, set(c, expression(w.values[i], only))];
          });
        return w.does === "update" ? `${head} THEN UPDATE SET ` +
          pairs.map(([c, sql]) => `${id(c.name)} = ${sql}`).join(", ") :
          `${head} THEN INSERT (${pairs.map(([c]) => id(c.name)).join(", ")})` +
          ` VALUES (${pairs.map(([, sql]) => sql).join(", ")})`;
      });
      return await store.transaction(async () => {
        await lag(table);
        // One row of the target may be changed by one of the source.
        const twice = await store.query("SELECT 1 FROM " +
          `${table.physical} AS t JOIN (${inner.sql}) AS s ON ${on} ` +
          "GROUP BY t.rowid HAVING count(*) > 1 LIMIT 1");
        if (twice.rows.length && s.whens.some((w) => w.matched))
          throw err("DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE",
            "21506", "Cannot perform Merge as multiple source rows matched " +
            "and attempted to modify the same target row");
        const r = await store.query(`MERGE INTO ${table.physical} AS t USING ` +
          `(${inner.sql}) AS s ON ${on} ${clauses.join(" ")} RETURNING ` +
          "merge_action");
        const n = (what) => r.rows.filter(([a]) => a === what).length;
        remember(table, "MERGE", { numOutputRows: r.rows.length });
        await reject(table, r.rows.length);
        await faults.afterLoad?.({ table, store });
        return { columns: ANSWERS("num_affected_rows", "num_updated_rows",
          "num_deleted_rows", "num_inserted_rows"), rows: [[r.rows.length,
          n("UPDATE"), n("DELETE"), n("INSERT")]] };
      });
    } finally {
      await world.done();
    }
  }

  // ---------------------------------------------------------------- others

  async function alter(s, session) {
    const table = delta(s.table, session);
    if (s.rename) {
      const { table: other, full } = ours(s.rename, session);
      if (other) throw err("TABLE_OR_VIEW_ALREADY_EXISTS", "42P07",
        shown(full));
      store.rename(table, full);
    } else if (s.properties) {
      Object.assign(table.properties, s.properties);
    } else {
      if (s.add.some((c) => !c.nullable))
        throw err("DELTA_ADDING_NOT_NULL_COLUMN", "42601", "NOT NULL");
      columnNames([...table.columns, ...s.add], table.properties);
      for (const c of s.add) await store.addColumn(table, toColumn(c));
    }
    return done();
  }

  function connection(s) {
    if (connections.has(s.name.toLowerCase())) {
      if (s.ifMissing) return done();
      throw err("CONNECTION_ALREADY_EXISTS", "42710", s.name);
    }
    objectName(s.name);
    if (s.type !== "sqldw")
      throw err("CONNECTION_TYPE_NOT_SUPPORTED", "0A000", s.type);
    // Run federated queries on Synapse: host, port, user, password.
    for (const k of Object.keys(s.options))
      if (!["host", "port", "user", "password", "trustservercertificate"]
        .includes(k))
        throw err("CONNECTION_OPTION_NOT_SUPPORTED", "42616", k);
    for (const k of ["host", "port", "user", "password"])
      if (!s.options[k])
        throw err("CONNECTION_OPTION_MISSING", "42616", k);
    for (const [k, v] of Object.entries(s.options))
      if (v.scope !== undefined && secrets[v.scope]?.[v.key] === undefined)
        throw err("INVALID_SECRET_LOOKUP.SECRET_NOT_FOUND", "22531",
          `${k}: no secret with scope ${v.scope} and key ${v.key}`);
    // Databricks would take it and show it to whoever reads the history.
    if (s.options.password.scope === undefined)
      throw err("PASSWORD_IN_STATEMENT", "28000",
        "the stand-in takes a password as secret() only");
    connections.set(s.name.toLowerCase(), s);
    return done();
  }

  function foreignCatalog(s) {
    const key = s.name.toLowerCase();
    if (foreign.has(key) || [...known].some((k) => k.startsWith(`${key}.`))) {
      if (s.ifMissing) return done();
      throw err("CATALOG_ALREADY_EXISTS", "42710", s.name);
    }
    objectName(s.name);
    if (!connections.has(s.connection.toLowerCase()))
      throw err("CONNECTION_NOT_FOUND", "42704", s.connection);
    if (!s.options.database || Object.keys(s.options).length !== 1)
      throw err("CONNECTION_OPTION_MISSING", "42616", "database");
    foreign.set(key, { connection: s.connection,
      database: s.options.database });
    return done();
  }

  async function drop(s, session) {
    const [name] = s.table;
    const gone = { CONNECTION: connections, CATALOG: foreign }[s.what];
    if (gone) {
      if (!gone.delete(name.toLowerCase()) && !s.ifThere)
        throw err(`${s.what}_NOT_FOUND`, "42704", name);
      return done();
    }
    const { table, full } = ours(s.table, session);
    if (table && Boolean(table.view) !== (s.what === "VIEW"))
      throw err("WRONG_COMMAND_FOR_OBJECT_TYPE", "42809", shown(full));
    if (!await store.destroy("databricks", full) && !s.ifThere)
      throw missing(full);
    return done();
  }

  async function view(s, session) {
    const { table: old, full } = ours(s.table, session);
    if (old && s.ifMissing) return done();
    if (old && !(s.replace && old.view))
      throw err("TABLE_OR_VIEW_ALREADY_EXISTS", "42P07", shown(full));
    const world = worldOf(session);
    const { columns } = await compileQuery(s.query, world);
    await world.done();
    if (old) await store.destroy("databricks", full);
    await store.create("databricks", full, columns.map(toColumn),
      { view: s.query });
    return done();
  }

  const strings = (...names) => names.map((name) => ({ name, type: "STRING" }));

  function describe(s, session) {
    const { full, foreign: place } = resolve(s.table, session);
    const table = place ? foreignSource({ full, foreign: place }) :
      store.find("databricks", full);
    if (!table) throw missing(full);
    return { columns: strings("col_name", "data_type", "comment"),
      rows: table.columns.map((c) => [c.name, c.type.toLowerCase(),
        c.comment ?? null]) };
  }

  function history(s, session) {
    const table = delta(s.table, session);
    return { columns: [{ name: "version", type: "BIGINT" },
      { name: "timestamp", type: "STRING" }, ...strings("operation",
        "operationMetrics")], rows: table.history.slice(0, s.limit)
      .map((h) => [h.version, h.at.toISOString(), h.operation,
        JSON.stringify(Object.fromEntries(Object.entries(h.metrics)
          .map(([k, v]) => [k, String(v)])))]) };
  }

  // ------------------------------------------------------------ the answer

  // Cells of JSON_ARRAY are texts, numbers too.
  const cell = (c) => {
    const x = id(c.name);
    switch (c.type) {
    case "TIMESTAMP": return `strftime(${x} AT TIME ZONE 'UTC', ` +
      "'%Y-%m-%dT%H:%M:%S.%gZ')";
    case "TIMESTAMP_NTZ": return `strftime(${x}, '%Y-%m-%dT%H:%M:%S.%g')`;
    case "BINARY": return `base64(${x})`;
    default: return castTo({ sql: x, type: c.type }, "STRING");
    }
  };

  async function answerQuery({ columns, sql }) {
    const r = await store.query("SELECT " + columns.map((c, i) =>
      `${cell(c)} AS "r${i}"`).join(", ") + ` FROM (${sql}) AS q`);
    return { columns: columns.map((c) => ({ name: c.shown ?? c.name,
      type: c.type })), rows: r.rows };
  }

  async function select(s, session) {
    const world = worldOf(session);
    try {
      const answer = await answerQuery(await compileQuery(s.query, world));
      for (const t of world.used)
        if (t.stale && --t.stale.left <= 0) {
          await store.exec(`DROP TABLE ${t.stale.physical}`);
          t.stale = null;
        }
      return answer;
    } finally {
      await world.done();
    }
  }

  const DO = { copy, query: select, create: createTable, insert, merge, alter,
    delete: remove, drop, view, describe, history, connection,
    foreign: foreignCatalog,
    schema(s) {
      known.add(s.name.join(".").toLowerCase());
      return done();
    },
    // Who may log in is shown to nobody.
    describe_connection(s) {
      const c = connections.get(s.name.toLowerCase());
      if (!c) throw err("CONNECTION_NOT_FOUND", "42704", s.name);
      const shownOptions = Object.entries(c.options).map(([k, v]) =>
        `(${k},${/user|password/.test(k) ? "*********" : v.text})`);
      return { columns: strings("info_name", "info_value"),
        rows: [["Connection Name", c.name], ["Connection Type", "SQLDW"],
          ["Options", `(${shownOptions.join(",")})`]] };
    },
    describe_catalog(s) {
      const f = foreign.get(s.name.toLowerCase());
      if (!f) throw err("CATALOG_NOT_FOUND", "42704", s.name);
      return { columns: strings("info_name", "info_value"),
        rows: [["Catalog Name", s.name], ["Catalog Type", "FOREIGN_CATALOG"],
          ["Connection Name", f.connection],
          ["Options", `((database,${f.database}))`]] };
    },
  };

  async function execute(text, session = {}) {
    // Statement Execution: 16 MiB of text.
    if (Buffer.byteLength(text) > 16 << 20)
      throw err("STATEMENT_TOO_LONG", "54000", "16 MiB at most");
    // Variable substitution happens before anything is parsed.
    if (text.includes("${"))
      throw err("VARIABLE_SUBSTITUTION", "42601", "${ in a statement");
    return store.turn(async () => {
      try {
        const s = parse(text);
        const r = await DO[s.kind](s, session);
        return { ...r, rows: r.rows.map((row) => row.map((v) =>
          v === null ? null : String(v))) };
      } catch (e) {
        throw translate(e);
      }
    });
  }

  return { execute, connections, foreign };
}
