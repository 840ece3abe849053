// tests/lib/lakehouse_system.mjs: the catalog views of a pool that anybody here
// asks, as relations of lakehouse_tsql_bind.mjs.

import { DEFAULT_COLLATION, duckType } from "./lakehouse_tsql_types.mjs";
import { id, lit } from "./lakehouse_store.mjs";

const INT = { k: "int" };
const NAME = { k: "nvarchar", n: 128 };
const LONG = { k: "nvarchar", n: 4000 };
const TIME = { k: "datetime2", s: 3 };
const BIT = { k: "bit" };

const TYPE_IDS = { uniqueidentifier: 36, date: 40, time: 41, datetime2: 42,
  datetimeoffset: 43, tinyint: 48, smallint: 52, int: 56, smalldatetime: 58,
  real: 59, money: 60, datetime: 61, float: 62, bit: 104, decimal: 106,
  smallmoney: 122, bigint: 127, varbinary: 165, varchar: 167, binary: 173,
  char: 175, nvarchar: 231, nchar: 239 };
const BYTES = { uniqueidentifier: 16, date: 3, time: 5, datetime2: 8,
  datetimeoffset: 10, tinyint: 1, smallint: 2, int: 4, smalldatetime: 4,
  real: 4, money: 8, datetime: 8, float: 8, bit: 1, decimal: 17,
  smallmoney: 4, bigint: 8 };
const PRECISION = { tinyint: 3, smallint: 5, int: 10, bigint: 19, real: 24,
  float: 53, bit: 1 };

const length = (t) => t.n === "max" ? -1 :
  BYTES[t.k] ?? (t.n ?? 1) * (t.k.startsWith("n") ? 2 : 1);
const isTime = (t) => t.s !== undefined && t.k !== "decimal";

function schemas(pool) {
  return [...pool.schemas].map((name, i) => ({ name, id: i + 1 }));
}
const schemaId = (pool, name) => schemas(pool).find((s) =>
  s.name === name.toLowerCase())?.id ?? 1;

const objects = (pool) => [
  ...pool.tables().map((t) => ({ parts: t.parts, oid: t.oid, type: "U ",
    kind: "BASE TABLE", columns: t.columns })),
  ...[...pool.views.values()].map((v) => ({ parts: v.parts, oid: v.oid,
    type: "V ", kind: "VIEW", columns: v.shown })),
];

const ofObjects = (types) => ({
  columns: { name: NAME, object_id: INT, schema_id: INT, type: NAME },
  rows: (pool) => objects(pool).filter((o) => types.includes(o.type[0]))
    .map((o) => [o.parts[2], o.oid, schemaId(pool, o.parts[1]), o.type]),
});

const VIEWS = {
  "sys.tables": ofObjects("U"),
  "sys.views": ofObjects("V"),
  "sys.objects": ofObjects("UV"),
  "sys.schemas": {
    columns: { name: NAME, schema_id: INT },
    rows: (pool) => schemas(pool).map((s) => [s.name, s.id]),
  },
  "sys.types": {
    columns: { name: NAME, system_type_id: INT, user_type_id: INT },
    rows: () => Object.entries(TYPE_IDS).map(([k, n]) => [k, n, n]),
  },
  "sys.columns": {
    columns: { object_id: INT, name: NAME, column_id: INT, system_type_id: INT,
      user_type_id: INT, max_length: INT, precision: INT, scale: INT,
      collation_name: NAME, is_nullable: BIT },
    rows: (pool) => objects(pool).flatMap((o) => o.columns.map((c, i) =>
      [o.oid, c.name, i + 1, TYPE_IDS[c.t.k], TYPE_IDS[c.t.k], length(c.t),
        c.t.p ?? PRECISION[c.t.k] ?? 0, c.t.s ?? 0,
        c.t.k.endsWith("char") ? c.coll : null, c.nullable !== false])),
  },
  "information_schema.tables": {
    columns: { TABLE_CATALOG: NAME, TABLE_SCHEMA: NAME, TABLE_NAME: NAME,
      TABLE_TYPE: NAME },
    rows: (pool) => objects(pool).map((o) => [...o.parts, o.kind]),
  },
  "information_schema.columns": {
    columns: { TABLE_CATALOG: NAME, TABLE_SCHEMA: NAME, TABLE_NAME: NAME,
      COLUMN_NAME: NAME, ORDINAL_POSITION: INT, IS_NULLABLE: NAME,
      DATA_TYPE: NAME, CHARACTER_MAXIMUM_LENGTH: INT, NUMERIC_PRECISION: INT,
      NUMERIC_SCALE: INT, DATETIME_PRECISION: INT },
    rows: (pool) => objects(pool).flatMap((o) => o.columns.map((c, i) =>
      [...o.parts, c.name, i + 1, c.nullable === false ? "NO" : "YES", c.t.k,
        c.t.n === undefined ? null : c.t.n === "max" ? -1 : c.t.n,
        c.t.p ?? PRECISION[c.t.k] ?? null,
        c.t.k === "decimal" ? c.t.s : null, isTime(c.t) ? c.t.s : null])),
  },
  "sys.dm_pdw_exec_requests": {
    columns: { request_id: NAME, session_id: NAME, status: NAME,
      submit_time: TIME, start_time: TIME, end_time: TIME, label: NAME,
      error_id: NAME, command: LONG },
    rows: (pool) => pool.requests.map((r) => [r.id, r.session, r.status,
      r.submitted, r.submitted, r.ended ?? null, r.label, r.error, r.command]),
    only: "dedicated",
  },
  "sys.dm_pdw_request_steps": {
    columns: { request_id: NAME, step_index: INT, operation_type: NAME,
      status: NAME, row_count: { k: "bigint" }, error_id: NAME },
    rows: (pool) => pool.requests.filter((r) => r.status !== "Running")
      .map((r) => [r.id, 0, "OnOperation", r.status === "Failed" ? "Failed" :
        "Complete", r.rows ?? -1, r.error]),
    only: "dedicated",
  },
  "sys.dm_pdw_errors": {
    columns: { error_id: NAME, request_id: NAME, details: LONG },
    rows: (pool) => pool.errors.map((e) => [e.id, e.request, e.details]),
    only: "dedicated",
  },
  "sys.credentials": {
    columns: { name: NAME, credential_identity: NAME },
    rows: (pool) => [...pool.credentials.values()].map((c) =>
      [c.name, c.identity]),
  },
  "sys.database_scoped_credentials": {
    columns: { name: NAME, credential_identity: NAME },
    rows: (pool) => [...pool.scoped.values()].map((c) => [c.name, c.identity]),
  },
  "sys.external_data_sources": {
    columns: { name: NAME, location: LONG },
    rows: (pool) => [...pool.sources.values()].map((s) =>
      [s.name, s.location]),
  },
  "sys.external_file_formats": {
    columns: { name: NAME, format_type: NAME },
    rows: (pool) => [...pool.formats].map(([name, f]) =>
      [name, f.format_type]),
  },
  "sys.databases": {
    columns: { name: NAME, state_desc: NAME },
    rows: (pool) => [["master", "ONLINE"], [pool.database, "ONLINE"]],
  },
};

// undefined: no such view here.
export function systemView(pool, name) {
  const view = VIEWS[name];
  if (!view || (view.only && view.only !== pool.kind)) return undefined;
  // options.denied: what the login may not look at.
  if ((pool.options.denied ?? []).includes("VIEW DATABASE STATE") &&
      name.startsWith("sys.dm_")) return { denied: name };
  const columns = Object.entries(view.columns).map(([n, t]) =>
    ({ name: n, t, coll: DEFAULT_COLLATION }));
  const cell = (v, i) => `CAST(${v === null ? "NULL" : lit(v)} AS ` +
    `${duckType(columns[i].t)})`;
  const none = `SELECT ${columns.map((_, i) => cell(null, i)).join(", ")} ` +
    "WHERE false";
  const rows = view.rows(pool).map((r) => `SELECT ${r.map(cell).join(", ")}`);
  const list = columns.map((c) => id(c.name)).join(", ");
  return { columns, sql: `(SELECT * FROM (${[none, ...rows]
    .join(" UNION ALL ")}) AS v(${list}))` };
}
