// tests/lib/lakehouse_pool.mjs: a dedicated or a serverless SQL pool behind
// TDS: sessions, transactions, tables, what each kind of pool refuses, and the
// views in which one looks for one's own statements. lakehouse_tds.mjs starts
// it and says what it can be told to do wrong.

import { SqlError, parse } from "./lakehouse_tsql.mjs";
import { Binder } from "./lakehouse_tsql_bind.mjs";
import { DEFAULT_COLLATION, assign, duckType }
  from "./lakehouse_tsql_types.mjs";
import { readCopy } from "./lakehouse_copy.mjs";
import { rowset } from "./lakehouse_serverless.mjs";
import { systemView } from "./lakehouse_system.mjs";
import { id, lit } from "./lakehouse_store.mjs";
import { sleep } from "./harness.mjs";

const fail = (number, text, more) => { throw new SqlError(number, text, more); };
const gone = (name) => fail(208, `Invalid object name '${name}'.`);
const low = (s) => s.toLowerCase();

// What a transaction doesn't take: all DDL (facts/synapse.md 1.2). That COPY
// is one of them is the harder reading.
const OUTSIDE = new Set(["create_table", "drop", "truncate", "rename",
  "alter_table", "create_view", "create_schema", "copy", "statistics"]);
// What has no place in a pool without storage (2).
const DEDICATED = new Set(["create_table", "copy", "insert", "delete",
  "update", "truncate", "rename", "alter_table", "statistics"]);
const SERVERLESS = new Set(["create_credential", "create_database",
  "drop_credential"]);

const SETTINGS = new Set(["textsize", "quoted_identifier", "nocount",
  "xact_abort", "arithabort", "ansi_nulls", "ansi_null_dflt_on",
  "ansi_padding", "ansi_warnings", "concat_null_yields_null",
  "cursor_close_on_commit", "implicit_transactions", "language", "datefirst",
  "dateformat", "transaction", "numeric_roundabort", "rowcount",
  "lock_timeout", "fmtonly"]);

// An error of DuckDB as a pool would put it.
export function translate(e) {
  if (e instanceof SqlError) return e;
  const text = String(e.message ?? e);
  const own = /(?:^|Error: )(\d{3,6});([\s\S]*)/.exec(text);
  if (own) return new SqlError(Number(own[1]), own[2]);
  const first = text.split("\n")[0];
  if (/must appear in the GROUP BY/.test(text)) return new SqlError(8120, first);
  if (/NOT NULL constraint/.test(text))
    return new SqlError(515, "Cannot insert the value NULL into a column that " +
      `does not allow nulls. ${first}`);
  if (/[Oo]ut of [Rr]ange|[Oo]verflow/.test(text))
    return new SqlError(8115, `Arithmetic overflow error. ${first}`);
  if (/Conversion Error|Could not convert/.test(text))
    return new SqlError(245, `Conversion failed. ${first}`);
  return new SqlError(40515, `The stand-in: ${first}`);
}

// Secrets are not shown in the pool's own views either.
const masked = (text) =>
  text.replace(/(secret\s*=\s*N?')(?:[^']|'')*'/gi, "$1***'");

export class Pool {
  constructor({ store, kind, database, options }) {
    Object.assign(this, { store, kind, database, options });
    this.views = new Map();
    this.schemas = new Set(["dbo"]);
    this.formats = new Map();
    this.sources = new Map();
    this.credentials = new Map(); // of the server, by URL
    this.scoped = new Map(); // of the database, by name
    this.requests = [];
    this.errors = [];
    this.log = [];
    this.counts = {};
    this.oids = 1000;
    this.qids = 0;
    this.sessions = 0;
    this.snapshots = new Map(); // of tables whose counts lag
  }

  // dbo.t, db.dbo.t -> [database, schema, table]
  parts(names) {
    const [t, s = "dbo", d = this.database] = [...names].reverse();
    if (low(d) !== low(this.database)) fail(40515,
      `Reference to database and/or server name in '${names.join(".")}' is ` +
      "not supported in this version of SQL Server.");
    return [this.database, s, t];
  }

  find(names) { return this.store.find("synapse", this.parts(names)); }
  viewOf(names) { return this.views.get(low(this.parts(names).join("\0"))); }
  table(names) { return this.find(names) ?? gone(names.join(".")); }

  tables() {
    return [...this.store.tables.values()].filter((t) =>
      t.place === "synapse" && low(t.parts[0]) === low(this.database));
  }

  // Called with columns as parsed: { name, type, nullable }.
  async create(names, columns, layout = {}) {
    const parts = this.parts(names);
    if (!this.schemas.has(low(parts[1])))
      fail(2760, `The specified schema name "${parts[1]}" either does not ` +
        "exist or you do not have permission to use it.");
    if (this.find(names) || this.viewOf(names))
      fail(2714, `There is already an object named '${parts[2]}' in the ` +
        "database.", { state: 6 });
    if (columns.length > 1024) // BEST
      fail(1702, "CREATE TABLE failed because a table has more than 1024 " +
        "columns.");
    const seen = new Set();
    for (const c of columns) {
      if (seen.has(low(c.name)))
        fail(2705, `Column names in each table must be unique: '${c.name}'.`);
      seen.add(low(c.name));
      // (max) has no place in a columnstore, which is the default.
      if (c.type.n === "max" && layout.index === "columnstore")
        fail(35343, `CREATE TABLE failed. Column '${c.name}' has a data type ` +
          "that cannot participate in a columnstore index.");
    }
    for (const h of layout.hash ?? [])
      if (!seen.has(low(h))) fail(1911, `Column name '${h}' does not exist.`);
    return this.store.create("synapse", parts, columns.map((c) => ({
      name: c.name, t: c.type, duck: duckType(c.type), nullable: c.nullable,
      coll: c.collation ?? DEFAULT_COLLATION })),
    { oid: ++this.oids, layout });
  }
}

// ------------------------------------------------------------------ session

const literal = (args, i, name) => args[i]?.x === "str" ? args[i].v :
  fail(174, `${name}: the stand-in wants a literal`);

export class Session {
  constructor(pool, login, connection) {
    Object.assign(this, { pool, login, connection });
    this.store = pool.store;
    this.database = pool.database;
    this.spid = ++pool.sessions;
    this.binder = new Binder(this);
    this.affected = 0;
    this.tran = null;
  }

  // ------------------------------------------------------------- functions

  global(name) {
    const int = (v) => ({ sql: String(v), t: { k: "int" } });
    switch (name) {
    case "@@spid": return { ...int(this.spid), t: { k: "smallint" } };
    case "@@trancount": return int(this.tran ? 1 : 0);
    case "@@rowcount": return int(this.affected);
    case "@@version": return { t: { k: "nvarchar", n: 300 },
      coll: DEFAULT_COLLATION,
      sql: lit("Microsoft Azure SQL Data Warehouse - 10.0.0 (a stand-in)") };
    default: return fail(137, `Must declare the scalar variable "${name}".`);
    }
  }

  // What depends on the session; undefined: none of these.
  call(name, args, ast) {
    const text = (v) => v === null ? { sql: "NULL", t: { k: "null" } } :
      { sql: lit(v), t: { k: "nvarchar", n: 128 }, coll: DEFAULT_COLLATION };
    const int = (v) => ({ sql: v === null ? "CAST(NULL AS INTEGER)" :
      String(v), t: { k: "int" } });
    switch (name) {
    case "object_id": return int(this.objectId(literal(ast, 0, name),
      ast[1] && literal(ast, 1, name)));
    case "db_name": return text(this.database);
    case "schema_name": return text("dbo");
    case "suser_sname": case "user_name": return text(this.login.user);
    case "session_id": return text(`SID${this.spid}`);
    case "xact_state": return int(!this.tran ? 0 : this.doomed ? -2 : 1);
    case "has_perms_by_name": return int(this.permitted(ast));
    case "switchoffset":
      if (literal(ast, 1, name) !== "+00:00") fail(40515, "SWITCHOFFSET");
      return args[0];
    case "serverproperty": {
      const v = { engineedition: this.pool.kind === "dedicated" ? "6" : "11",
        edition: "SQL Azure" }[low(literal(ast, 0, name))];
      return text(v ?? null);
    }
    case "databasepropertyex": {
      const v = { edition: "DataWarehouse", status: "ONLINE",
        collation: DEFAULT_COLLATION }[low(literal(ast, 1, name))];
      return text(v ?? null);
    }
    default: return undefined;
    }
  }

  // [dbo].[t], or NULL where there is none.
  objectId(name, type) {
    const parts = [...name.matchAll(/\[((?:[^\]]|\]\])*)\]|([^.[\]]+)/g)]
      .map((m) => m[1]?.replaceAll("]]", "]") ?? m[2].trim());
    if (parts.length < 1 || parts.length > 3) return null;
    const found = this.pool.find(parts);
    if (found) return !type || low(type) === "u" ? found.oid : null;
    const view = this.pool.viewOf(parts);
    return view && (!type || low(type) === "v") ? view.oid : null;
  }

  // options.denied: permissions that the login lacks.
  permitted(ast) {
    const kind = ast[1].x === "null" ? "SERVER" : literal(ast, 1, "class");
    const right = literal(ast, 2, "permission").toUpperCase();
    if (kind.toUpperCase() === "OBJECT" &&
        this.objectId(literal(ast, 0, "name")) === null) return null;
    return (this.pool.options.denied ?? []).includes(right) ? 0 : 1;
  }

  // ---------------------------------------------------------------- queries

  // Hangs what it is on every table and every rowset of a query.
  async prepare(node) {
    if (Array.isArray(node)) {
      for (const n of node) await this.prepare(n);
      return;
    }
    if (node === null || typeof node !== "object") return;
    if (node.table && !node.bound) node.bound = await this.relation(node.table);
    if (node.openrowset && !node.bound) {
      if (this.pool.kind !== "serverless")
        fail(103010, "Parse error: Incorrect syntax near 'OPENROWSET'.");
      node.bound = await rowset(this.pool, node.openrowset);
      this.stages.push(...node.bound.staged);
      return;
    }
    for (const key of Object.keys(node))
      if (key !== "bound" && key !== "t") await this.prepare(node[key]);
  }

  async relation(names) {
    if (names.length > 1 && ["sys", "information_schema"]
      .includes(low(names.at(-2)))) {
      const view = systemView(this.pool, low(names.slice(-2).join("."))) ??
        gone(names.join("."));
      if (view.denied) fail(300, "VIEW DATABASE STATE permission was denied " +
        `on object '${view.denied}'.`, { level: 14 });
      return view;
    }
    const table = this.pool.find(names);
    if (table) {
      const old = this.pool.snapshots.get(table.oid);
      const sql = old && old.times-- > 0 ? old.name : table.physical;
      return { sql, columns: table.columns };
    }
    const view = this.pool.viewOf(names) ?? gone(names.join("."));
    const q = parse(view.body)[0].select;
    await this.prepare(q);
    const bound = this.binder.select(q);
    const columns = bound.columns.map((c, i) => ({ ...c,
      name: view.columns?.[i] ?? c.name }));
    return { columns, sql: `(SELECT * FROM (${bound.sql}) AS v(` +
      `${columns.map((c) => id(c.name)).join(", ")}))` };
  }

  async bind(q) {
    await this.prepare(q);
    return this.binder.select(q);
  }

  async select(s, answer) {
    const q = await this.bind(s.select);
    const shown = q.columns.map((c, i) => shape(c, `c${i}`));
    const names = q.columns.map((_, i) => `c${i}`).join(", ");
    const r = await this.store.connection.runAndReadAll(
      `SELECT ${shown.map((c) => c.sql).join(", ")} FROM (${q.sql}) ` +
      `AS q(${names})`);
    const rows = r.getRows();
    answer.columns(shown.map((c, i) => ({ ...c.wire,
      name: q.columns[i].name ?? "" })));
    for (const row of rows)
      answer.row(row.map((v, i) => v === null ? null : shown[i].take(v)));
    return rows.length;
  }

  // ------------------------------------------------------------- statements

  async statement(s, answer) {
    const { pool, store } = this;
    const own = pool.kind === "dedicated" ? SERVERLESS : DEDICATED;
    if (own.has(s.k) || (pool.kind === "serverless" && this.database ===
        "master" && /view|external/.test(s.k)))
      fail(pool.kind === "dedicated" ? 103010 : 15871,
        `'${s.text.split(/\s+/).slice(0, 2).join(" ")}' is not supported.`);
    if (this.tran && OUTSIDE.has(s.k))
      fail(111212, "111212;Operation cannot be performed within a " +
        "transaction.");
    switch (s.k) {
    case "select": return this.select(s, answer);
    case "set":
      if (!SETTINGS.has(s.words[0])) fail(195, `'${s.words[0]}' is not a ` +
        "recognized SET option.");
      // Both pools want quoted identifiers (5).
      if (s.words[0] === "quoted_identifier" && s.words[1] !== "on")
        fail(104412, "QUOTED_IDENTIFIER must be ON.");
      if (s.words[0] === "implicit_transactions" && s.words[1] === "on")
        fail(104412, "IMPLICIT_TRANSACTIONS is not supported.");
      return undefined;
    case "use":
      if (low(s.name) !== low(this.database)) fail(40508, "USE statement is " +
        "not supported to switch between databases.");
      return undefined;
    case "begin": return this.begin();
    case "commit": return this.end("COMMIT");
    case "rollback": return this.end("ROLLBACK");
    case "create_table": return this.createTable(s);
    case "drop": return this.drop(s);
    case "truncate":
      await store.exec(`DELETE FROM ${pool.table(s.name).physical}`);
      return undefined;
    case "rename": {
      const table = pool.table(s.name);
      const parts = [...table.parts.slice(0, 2), s.to];
      if (pool.find(parts) || pool.viewOf(parts))
        fail(15335, `The new name '${s.to}' is already in use as a object ` +
          "name and would cause a duplicate.");
      store.rename(table, parts);
      return undefined;
    }
    case "alter_table": return this.alter(s);
    case "statistics": pool.table(s.name); return undefined;
    case "create_schema":
      if (pool.schemas.has(low(s.name))) fail(2714, `There is already an ` +
        `object named '${s.name}' in the database.`);
      pool.schemas.add(low(s.name));
      return undefined;
    case "copy": return this.copy(s);
    case "insert": return this.insert(s);
    case "delete": return this.remove(s);
    case "update": return this.update(s);
    case "create_view": return this.createView(s);
    default: return this.external(s);
    }
  }

  async createTable(s) {
    if (!s.select) {
      await this.pool.create(s.name, s.columns, s.layout);
      return undefined;
    }
    const q = await this.bind(s.select);
    const nameless = q.columns.findIndex((c) => !c.name);
    if (nameless >= 0) fail(1038, "An object or column name is missing or " +
      "empty.");
    const table = await this.pool.create(s.name, q.columns.map((c) => ({
      name: c.name, type: c.t.k === "null" ? { k: "int" } : c.t,
      collation: c.coll, nullable: true })), s.layout);
    try {
      return await this.store.insert(table, table.columns.map((c) => c.name),
        q.sql);
    } catch (e) {
      await this.store.destroy("synapse", table.parts);
      throw e;
    }
  }

  async drop(s) {
    const { pool, store } = this;
    const missing = () => s.optional ? undefined : fail(3701,
      `Cannot drop the ${s.kind} '${s.name.join(".")}', because it does not ` +
      "exist or you do not have permission.", { state: 7, level: 11 });
    if (s.kind === "table") {
      const table = pool.find(s.name);
      if (!table) return missing();
      pool.snapshots.delete(table.oid);
      await store.destroy("synapse", table.parts);
      return undefined;
    }
    if (s.kind === "view") {
      const key = low(pool.parts(s.name).join("\0"));
      return pool.views.delete(key) ? undefined : missing();
    }
    const from = { external_source: pool.sources,
      external_format: pool.formats, schema: pool.schemas }[s.kind];
    if (!from) fail(40515, `DROP ${s.kind} is not known here`);
    return from.delete(low(s.name.at(-1))) ? undefined : missing();
  }

  async alter(s) {
    const table = this.pool.table(s.name);
    const has = (name) => table.columns.some((c) => low(c.name) === low(name));
    for (const c of s.add ?? []) {
      if (has(c.name)) fail(2705, `Column names in each table must be unique: ` +
        `'${c.name}'.`);
      if (!c.nullable) fail(4901, "ALTER TABLE only allows columns to be " +
        "added that can contain nulls.");
      if (c.type.n === "max" && table.layout?.index === "columnstore")
        fail(35343, `Column '${c.name}' cannot be in a columnstore index.`);
      await this.store.addColumn(table, { name: c.name, t: c.type,
        duck: duckType(c.type), nullable: true, coll: DEFAULT_COLLATION });
    }
    if (s.drop) {
      if (!has(s.drop)) fail(4924, `ALTER TABLE DROP COLUMN failed because ` +
        `column '${s.drop}' does not exist.`);
      await this.store.exec(`ALTER TABLE ${table.physical} DROP COLUMN ` +
        id(s.drop));
      table.columns = table.columns.filter((c) => low(c.name) !== low(s.drop));
    }
    return undefined;
  }

  // Nothing is remembered: the same files again are the same rows again (1.2).
  async copy(s) {
    const table = this.pool.table(s.name);
    const right = (this.pool.options.denied ?? []).find((d) =>
      ["INSERT", "ADMINISTER DATABASE BULK OPERATIONS"].includes(d));
    if (right) fail(4834, "You do not have permission to use the COPY " +
      `statement: ${right}.`);
    const read = await readCopy(this.pool, s, table);
    this.stages.push(...read.staged);
    const names = table.columns.map((c) => c.name);
    return read.selects.length === 0 ? 0 : this.store.insert(table, names,
      read.selects.join(" UNION ALL "));
  }

  columnsOf(table, names) {
    return names.map((n) => table.columns.find((c) => low(c.name) === low(n)) ??
      fail(207, `Invalid column name '${n}'.`));
  }

  async insert(s) {
    const table = this.pool.table(s.name);
    const columns = s.columns ? this.columnsOf(table, s.columns) :
      table.columns;
    if (s.values) {
      s.select = { items: s.values.map((a) => ({ a })), order: [], unions: [] };
    }
    const q = await this.bind(s.select);
    if (q.columns.length !== columns.length)
      fail(q.columns.length < columns.length ? 120 : 121, "The select list for " +
        "the INSERT statement does not match the insert list.");
    const items = columns.map((c, i) =>
      assign({ ...q.columns[i], sql: `c${i}` }, c.t, c.name));
    return this.store.insert(table, columns.map((c) => c.name),
      `SELECT ${items.join(", ")} FROM (${q.sql}) AS q(` +
      `${columns.map((_, i) => `c${i}`).join(", ")})`);
  }

  // The rows of a DELETE or UPDATE: a SELECT of their ids and more.
  async affectedRows(s, table, more = []) {
    const from = s.from ?? { table: s.name };
    await this.prepare(from);
    await this.prepare(s.where ?? null);
    await this.prepare(more);
    const scope = { sources: [] };
    const sql = this.binder.source(from, scope);
    const target = scope.sources.find((x) => low(x.as ?? "") ===
      low(s.name.at(-1))) ?? scope.sources.find((x) =>
      x.parts && this.pool.find(x.parts) === table);
    const alias = target.alias;
    const values = more.map(({ a, c }) => assign(this.binder.value(a, scope),
      c.t, c.name));
    return `SELECT DISTINCT ON (${alias}.rowid) ` +
      `${[`${alias}.rowid`, ...values].join(", ")} FROM ${sql}` +
      (s.where ? ` WHERE ${this.binder.condition(s.where, scope)}` : "");
  }

  // The table of a DELETE or UPDATE may be an alias of its FROM.
  target(s) {
    const find = (x) => x.join ? find(x.a) ?? find(x.b) :
      x.table && low(x.as ?? "") === low(s.name.at(-1)) ? x.table : undefined;
    return this.pool.table((s.from && s.name.length === 1 && find(s.from)) ||
      s.name);
  }

  async remove(s) {
    const table = this.target(s);
    const rows = await this.affectedRows(s, table);
    const r = await this.store.connection.run(`DELETE FROM ${table.physical} ` +
      `WHERE rowid IN (${rows})`);
    return Number(r.rowsChanged);
  }

  async update(s) {
    const table = this.target(s);
    const columns = this.columnsOf(table, s.set.map((x) => x.name));
    const rows = await this.affectedRows(s, table,
      s.set.map((x, i) => ({ a: x.a, c: columns[i] })));
    const r = await this.store.connection.run(`UPDATE ${table.physical} SET ` +
      `${columns.map((c, i) => `${id(c.name)} = q.v${i}`).join(", ")} FROM ` +
      `(${rows}) AS q(r, ${columns.map((_, i) => `v${i}`).join(", ")}) WHERE ` +
      `${table.physical}.rowid = q.r`);
    return Number(r.rowsChanged);
  }

  async createView(s) {
    const { pool } = this;
    const parts = pool.parts(s.name);
    const key = low(parts.join("\0"));
    if (!pool.schemas.has(low(parts[1]))) fail(2760, "no such schema");
    if (pool.find(s.name) || (pool.views.has(key) && !s.replace))
      fail(2714, `There is already an object named '${parts[2]}' in the ` +
        "database.", { state: 6 });
    // A view must be readable when it is made.
    const q = await this.bind(s.select);
    const names = s.columns ?? q.columns.map((c) => c.name);
    if (names.some((n) => !n)) fail(4511, "Create View or Function failed " +
      "because no column name was specified for a column.");
    if (new Set(names.map(low)).size < names.length)
      fail(4506, "Column names in each view or function must be unique.");
    pool.views.set(key, { parts, body: s.body, columns: s.columns, shown:
      q.columns.map((c, i) => ({ ...c, name: names[i] })),
      oid: pool.views.get(key)?.oid ?? ++pool.oids });
    return undefined;
  }

  async external(s) {
    const { pool } = this;
    const add = (map, name, value) => {
      if (map.has(low(name))) fail(15530, `The object with name "${name}" ` +
        "already exists.");
      map.set(low(name), value);
    };
    switch (s.k) {
    case "master_key": case "create_database": return undefined;
    case "create_credential":
      if (s.secret?.startsWith("?")) fail(16561, "The secret must not begin " +
        "with a question mark.");
      return add(s.scoped ? pool.scoped : pool.credentials, s.name,
        { name: s.name, identity: s.identity, secret: s.secret });
    case "drop_credential": {
      const map = s.scoped ? pool.scoped : pool.credentials;
      if (!map.delete(low(s.name))) fail(15151, `Cannot drop the credential ` +
        `'${s.name}', because it does not exist or you do not have permission.`);
      return undefined;
    }
    case "create_external_source": {
      const { location, credential, type, ...rest } = s.options;
      if (!location || Object.keys(rest).length) fail(102, "Incorrect syntax.");
      if (credential && !pool.scoped.has(low(credential)))
        fail(15151, `Cannot find the CREDENTIAL '${credential}', because it ` +
          "does not exist or you do not have permission.");
      return add(pool.sources, s.name[0], { name: s.name[0], location,
        credential, type });
    }
    case "create_external_format": {
      const type = s.options.format_type?.toUpperCase();
      // JSON only in SQL Edge, DELTA only without a server (3).
      const known = ["DELIMITEDTEXT", "PARQUET", "ORC"];
      if (pool.kind === "serverless") known.push("DELTA");
      if (!known.includes(type)) fail(102, `FORMAT_TYPE ${type}`);
      return add(pool.formats, s.name[0], { ...s.options, format_type: type });
    }
    default: return fail(40515, `${s.k} is not known here`);
    }
  }

  // ------------------------------------------------------------ transactions

  // It has all of the store until it ends: one connection, one at a time.
  async begin() {
    if (this.tran) fail(111212, "111212;Operation cannot be performed within " +
      "a transaction.");
    let ready;
    const began = new Promise((done) => { ready = done; });
    this.store.turn(() => new Promise((release) => {
      this.tran = { release };
      ready();
    }));
    await began;
    await this.store.exec("BEGIN");
    this.doomed = false;
  }

  async end(word) {
    if (!this.tran) fail(111214, "111214;An attempt to complete a transaction " +
      "has failed. No corresponding transaction found.");
    const { release } = this.tran;
    try {
      if (!this.doomed) await this.store.exec(word);
      else if (word === "COMMIT") fail(111233, "111233;The current transaction " +
        "has aborted, and any pending changes have been rolled back.");
    } finally {
      this.tran = null;
      this.doomed = false;
      release();
    }
  }

  async doom() {
    if (!this.tran || this.doomed) return;
    this.doomed = true;
    await this.store.exec("ROLLBACK").catch(() => {});
  }

  // ---------------------------------------------------------------- requests

  async batch(text, answer) {
    this.cancelled = false;
    this.pending = undefined;
    try {
      for (const s of parse(text)) await this.run(s, answer);
      this.settle(answer, false);
    } catch (e) {
      this.settle(answer, true);
      answer.error(translate(e));
      answer.done(undefined, false, true);
    }
  }

  // A statement's end is only said when it is known whether another follows.
  settle(answer, more) {
    if (this.pending) answer.done(this.pending.count, more);
    else if (!more) answer.done();
    this.pending = undefined;
  }

  async run(s, answer) {
    if (this.cancelled) return;
    if (s.k === "block") {
      for (const inner of s.body) await this.run(inner, answer);
      return;
    }
    if (s.k === "if") {
      const test = await this.inTurn(async () => {
        await this.prepare(s.test);
        return this.store.one(`SELECT ${this.binder.condition(s.test, {
          sources: [] })}`);
      });
      for (const inner of test === true ? s.then : s.else)
        await this.run(inner, answer);
      return;
    }
    if (this.pending) this.settle(answer, true);
    const request = this.record(s);
    const { pool } = this;
    const deed = pool.server.rule({ op: s.k, n: request.n, text: s.text,
      label: s.label, user: this.login.user, session: this }) ?? {};
    if (deed.delay) await sleep(deed.delay);
    // It never came.
    if (deed.lose) {
      pool.requests.splice(pool.requests.indexOf(request), 1);
      request.status = "Lost";
      return this.lost(deed.lose);
    }
    if (deed.error) {
      this.finish(request, { number: deed.error.number });
      await this.doom();
      fail(deed.error.number, deed.error.message ?? "as the test wants it",
        { state: deed.error.state, level: deed.error.class });
    }
    if (deed.silent) {
      this.connection.silent = true;
      await new Promise((over) => { this.wake = over; });
      this.connection.silent = false;
      return this.finish(request, { number: 0 });
    }
    // The client is gone, the statement goes on all the same.
    if (deed.late !== undefined) {
      this.lost(deed.how);
      this.late = sleep(deed.late).then(() => this.execute(s, request, answer,
        deed)).catch(() => {});
      return this.late;
    }
    const count = await this.execute(s, request, answer, deed);
    if (deed.drop) return this.lost(deed.drop);
    if (deed.after) fail(deed.after.number, deed.after.message ??
      "as the test wants it", { level: deed.after.class });
    this.pending = { count: deed.rows ?? count };
    this.affected = count ?? 0;
  }

  lost(how) {
    this.connection.cut(how);
    this.cancelled = true;
  }

  record(s) {
    const { pool } = this;
    const n = pool.counts[s.k] = (pool.counts[s.k] ?? 0) + 1;
    const request = { id: `QID${++pool.qids}`,
      session: `SID${this.spid}`, status: "Running", label: s.label ?? null,
      command: masked(s.text).slice(0, 4000), n, op: s.k, error: null,
      submitted: new Date().toISOString().slice(0, 23) };
    pool.requests.push(request);
    pool.log.push(request);
    return request;
  }

  finish(request, { number, message, rows } = {}) {
    request.status = number === undefined ? "Completed" : "Failed";
    request.rows = rows;
    request.number = number;
    request.ended = new Date().toISOString().slice(0, 23);
    if (number !== undefined) {
      request.error = `E${this.pool.errors.length + 1}`;
      this.pool.errors.push({ id: request.error, request: request.id,
        details: message ?? "" });
    }
  }

  inTurn(fn) { return this.tran ? fn() : this.store.turn(fn); }

  async execute(s, request, answer, deed) {
    const own = s.k === "begin";
    const work = async () => {
      if (this.doomed && s.k !== "rollback" && s.k !== "commit")
        fail(111233, "111233;The current transaction has aborted, and any " +
          "pending changes have been rolled back. Cause: A transaction in a " +
          "rollback-only state was not explicitly rolled back before a DDL, " +
          "DML or SELECT statement.");
      this.stages = [];
      try {
        if (deed.lag) await this.remember(s, deed.lag);
        const count = await this.statement(s, answer);
        await deed.tamper?.(this.store, s.name && this.pool.find(s.name));
        return count;
      } finally {
        if (!this.doomed)
          for (const stage of this.stages) await this.store.drop(stage)
            .catch(() => {});
      }
    };
    try {
      const count = await (own ? work() : this.inTurn(work));
      this.finish(request, { rows: count });
      return count;
    } catch (e) {
      const known = translate(e);
      this.finish(request, { number: known.number, message: known.message });
      await this.doom();
      throw known;
    }
  }

  // What the table has now is what the next `times` SELECTs will see.
  async remember(s, times) {
    const table = this.pool.table(s.name);
    const name = id(`lag${table.oid}_${this.pool.qids}`);
    await this.store.exec(`CREATE TABLE ${name} AS SELECT * FROM ` +
      table.physical);
    this.pool.snapshots.set(table.oid, { name, times });
  }

  async transaction(kind, answer) {
    this.cancelled = false;
    this.pending = undefined;
    try {
      await this.run({ k: kind, text: `${kind} (by the driver)` }, answer);
      if (this.cancelled) return;
      answer.transaction(kind, BigInt(this.spid));
      this.settle(answer, false);
    } catch (e) {
      answer.error(translate(e));
      answer.done(undefined, false, true);
    }
  }

  cancel() {
    this.cancelled = true;
    this.wake?.();
  }

  // A session that ends takes its open transaction with it.
  async close() {
    await this.late;
    if (this.tran) await this.end("ROLLBACK").catch(() => {});
    this.pool.server.sessions.delete(this);
  }
}

// How a column of a SELECT travels: { sql, wire, take }.
function shape(c, name) {
  const { t } = c;
  const plain = { int: Number, smallint: Number, tinyint: Number,
    bigint: BigInt, bit: Boolean, float: Number, real: Number };
  if (plain[t.k]) return { sql: name, wire: { type: t.k }, take: plain[t.k] };
  if (t.k === "null")
    return { sql: name, wire: { type: "int" }, take: Number };
  if (t.k === "decimal" || t.k === "money" || t.k === "smallmoney") {
    const wire = { type: "decimal", precision: t.p ?? 19, scale: t.s ?? 4 };
    return { sql: `CAST(CAST(${name} AS DECIMAL(${wire.precision}, ` +
      `${wire.scale})) AS VARCHAR)`, wire, take: String };
  }
  if (t.k === "binary" || t.k === "varbinary")
    return { sql: name, wire: { type: "varbinary", max: t.n === "max" },
      take: (v) => Buffer.from(v.bytes) };
  // Dates and the like travel as the text that CONVERT makes of them.
  const sql = t.k.endsWith("char") ? name :
    assign({ sql: name, t }, { k: "nvarchar", n: "max" }, "");
  return { sql, wire: { type: "nvarchar",
    max: t.k.endsWith("char") && (t.n === "max" || t.n > 4000) },
  take: String };
}
