// tests/lib/loading.mjs: what a table of the stand-ins holds, in the words of
// values.mjs, and what is true after any load.
//
//   sameColumns(await held(store, ["databricks", "main", "sales", "t"], t,
//     "id"), t);
//   await runsIn(store, place)          // { run: rows }
//
// Values are read from where the stand-in keeps them, not through its SQL.

import { assert } from "./harness.mjs";
import { id } from "./lakehouse_store.mjs";
import { canonical } from "./values.mjs";

export const RUN_COLUMN = "_runnel_run";

// A cell of DuckDB's as text that loses nothing.
function asText(name, duck) {
  const c = id(name);
  if (/^TIMESTAMP|^TIME/.test(duck))
    return `CAST(epoch_us(CAST(${c} AS ${/^TIME$/.test(duck) ? "TIME" :
      "TIMESTAMP"})) AS VARCHAR)`;
  if (duck === "DATE")
    return `CAST(${c} - DATE '1970-01-01' AS VARCHAR)`;
  if (duck === "BLOB") return `lower(hex(${c}))`;
  if (duck === "FLOAT") return `CAST(CAST(${c} AS DOUBLE) AS VARCHAR)`;
  if (duck === "VARCHAR") return `lower(hex(encode(${c})))`;
  return `CAST(${c} AS VARCHAR)`;
}

const words = { inf: Infinity, "-inf": -Infinity, nan: NaN };
const unhex = (v) => Buffer.from(v, "hex").toString();

// Microseconds of "hh:mm:ss[.ffffff]".
function timeOf(text) {
  const [, h, m, s, f = ""] = /^(\d\d):(\d\d):(\d\d)(?:\.(\d+))?$/.exec(text);
  return (BigInt(h) * 3600n + BigInt(m) * 60n + BigInt(s)) * 1000000n +
    BigInt(f.padEnd(6, "0").slice(0, 6));
}

function value(c, duck, v) {
  if (v === null) return null;
  const text = duck === "VARCHAR" ? unhex(v) : v;
  switch (c.kind) {
  case "bool": return canonical(c, /^(true|1)$/.test(text));
  case "float":
  case "double": return canonical(c, words[text] ?? Number(text));
  case "decimal": return String(BigInt(text.replace(".", "")));
  case "time": return String(duck === "VARCHAR" ? timeOf(text) : text);
  case "text":
  case "json":
  case "blob": return v;
  case "uuid": return canonical(c, text);
  default: return text;
  }
}

const find = (store, [place, ...parts]) => {
  const table = store.find(place, parts);
  assert(table, `no table ${parts.join(".")}`);
  return table;
};

// For each column of t, in its order, the canonical values by `order`.
export async function held(store, place, t, order) {
  const table = find(store, place);
  const ducks = t.columns.map((c) => {
    const found = table.columns.find((x) => x.name === c.name);
    assert(found, `the table has no column ${c.name}`);
    return found.duck;
  });
  const cells = t.columns.map((c, i) => asText(c.name, ducks[i]));
  const { rows } = await store.turn(() => store.query(
    `SELECT ${cells.join(", ")} FROM ${table.physical}` +
    (order ? ` ORDER BY ${id(order)}` : "")));
  return t.columns.map((c, i) => rows.map((r) => value(c, ducks[i], r[i])));
}

// How many rows of which run.
export async function runsIn(store, place) {
  const table = find(store, place);
  const { rows } = await store.turn(() => store.query(
    `SELECT ${id(RUN_COLUMN)}, CAST(count(*) AS VARCHAR) FROM ` +
    `${table.physical} GROUP BY ALL ORDER BY 1`));
  return Object.fromEntries(rows.map(([run, n]) => [run, Number(n)]));
}

// What a run's JSON says of one warehouse, and that every place agrees.
export function loaded(r, name, { rows = r.json.rows, state = "loaded" } = {}) {
  const load = r.json.warehouse.find((w) => w.name === name);
  assert.equal(load?.state, state, r.where);
  assert.equal(load.rows, rows, r.where);
  return load;
}

export const verdict = (r, place) => {
  const found = r.json.validation.find((p) => p.place === place);
  assert(found, `${place} was not asked: ${r.where}`);
  return found;
};

export function allAgree(r, ...places) {
  for (const p of ["query", "encoder", "container", ...places]) {
    const v = verdict(r, p);
    assert.equal(v.state, "ok", r.where);
    assert.equal(v.rows, r.json.rows, r.where);
  }
}
