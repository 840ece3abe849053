// tests/lib/lakehouse_tsql_bind.mjs: finds what the names of a query stand for,
// and turns what lakehouse_tsql.mjs has read into SQL of DuckDB that means the
// same; lakehouse_tsql_types.mjs knows how values behave.

import { id, lit } from "./lakehouse_store.mjs";
import { COLLATION, DEFAULT_COLLATION, RANK, WINDOWS, anyCase, arithmetic,
  common, convert, duckType, isBytes, isFloat, isInt, isText, order,
  paired, refuse, sameness, toBytes, toText, wide }
  from "./lakehouse_tsql_types.mjs";

// ----------------------------------------------------------------- binding

// A scope: { sources: [{ as, parts, columns: [{ name, t, coll, sql }] }], up }
function lookup(scope, parts) {
  const name = parts.at(-1).toLowerCase();
  for (let s = scope; s; s = s.up) {
    const found = [];
    for (const source of s.sources) {
      if (parts.length > 1) {
        const of = parts.at(-2).toLowerCase();
        const own = source.as?.toLowerCase() ?? source.parts?.at(-1);
        if (own?.toLowerCase() !== of) continue;
      }
      found.push(...source.columns.filter((c) =>
        c.name.toLowerCase() === name));
    }
    if (found.length > 1)
      refuse(`Ambiguous column name '${parts.at(-1)}'.`, 209);
    if (found.length) return found[0];
  }
  if (parts.length > 1)
    return refuse(`The multi-part identifier "${parts.join(".")}" could not ` +
      "be bound.", 4104);
  return refuse(`Invalid column name '${parts[0]}'.`, 207);
}

let aliases = 0;

export class Binder {
  // pool: { globals(name), call(name, args, binder, scope) } for what depends
  // on the session
  constructor(session) { this.session = session; }

  number(v) {
    if (/e/i.test(v)) return { sql: `CAST(${v} AS DOUBLE)`, t: { k: "float" } };
    if (/^\d+$/.test(v)) {
      const digits = v.replace(/^0+(?=.)/, "");
      if (BigInt(digits) <= 2147483647n)
        return { sql: digits, t: { k: "int" } };
      if (digits.length > 38) refuse(`The number '${v}' is out of the range ` +
        "for numeric representation.", 1007);
      return { sql: `CAST('${digits}' AS DECIMAL(${digits.length}, 0))`,
        t: { k: "decimal", p: digits.length, s: 0 } };
    }
    const [a, b] = v.split(".");
    const p = Math.max(a.length + b.length, 1);
    return { sql: `CAST('${v}' AS DECIMAL(${p}, ${b.length}))`,
      t: { k: "decimal", p, s: b.length } };
  }

  value(e, scope) {
    const v = this.any(e, scope);
    if (v.bool) refuse("An expression of boolean type was specified where a " +
      "value is expected.", 4145);
    return v;
  }

  condition(e, scope) {
    const v = this.any(e, scope);
    if (!v.bool) refuse("An expression of non-boolean type specified in a " +
      "context where a condition is expected.", 4145);
    return v.sql;
  }

  any(e, scope) {
    const yes = (sql) => ({ bool: true, sql });
    const not = e.not ? "NOT " : "";
    switch (e.x) {
    case "num": return this.number(e.v);
    case "bound": return e.v;
    case "null": return { sql: "NULL", t: { k: "null" } };
    case "str": {
      const n = Math.max(e.national ? e.v.length : Buffer.byteLength(e.v), 1);
      const v = e.national ? e.v : e.v.replace(WINDOWS, "?");
      return { sql: lit(v), coll: DEFAULT_COLLATION,
        t: { k: e.national ? "nvarchar" : "varchar", n }, literal: true };
    }
    case "hex":
      return { sql: `from_hex('${e.v.length % 2 ? `0${e.v}` : e.v}')`,
        t: { k: "varbinary", n: Math.max(Math.ceil(e.v.length / 2), 1) } };
    case "col": return lookup(scope, e.parts);
    case "global": return this.session.global(e.name);
    case "neg": {
      const a = this.value(e.a, scope);
      if (!RANK.includes(a.t.k)) refuse(`- ${a.t.k}`, 403);
      return { ...a, sql: `(-${a.sql})` };
    }
    case "bin":
      return arithmetic(e.op, this.value(e.a, scope), this.value(e.b, scope));
    case "collate": {
      const a = this.value(e.a, scope);
      if (!isText(a.t)) refuse("COLLATE of what is no text", 447);
      const coll = e.name.toLowerCase() === "database_default" ?
        DEFAULT_COLLATION : e.name;
      if (!COLLATION.test(coll)) refuse(`Invalid collation '${e.name}'.`, 448);
      return { ...a, coll, explicit: true };
    }
    case "and": case "or":
      return yes(`(${this.condition(e.a, scope)} ${e.x} ` +
        `${this.condition(e.b, scope)})`);
    case "not": return yes(`(NOT ${this.condition(e.a, scope)})`);
    case "isnull":
      return yes(`(${this.value(e.a, scope).sql} IS ${not}NULL)`);
    case "cmp": {
      const [a, b] = paired(this.value(e.a, scope), this.value(e.b, scope));
      const key = e.op === "=" || e.op === "<>" ? sameness : order;
      return yes(`(${key(a)} ${e.op} ${key(b)})`);
    }
    case "between": {
      const v = this.value(e.a, scope);
      const [a, b] = paired(v, this.value(e.b, scope));
      const [c, d] = paired(v, this.value(e.c, scope));
      return yes(`(${not}(${order(a)} >= ${order(b)} AND ${order(c)} <= ` +
        `${order(d)}))`);
    }
    case "in": {
      const a = this.value(e.a, scope);
      if (e.q) {
        const q = this.select(e.q, scope);
        if (q.columns.length !== 1)
          refuse("Only one expression can be specified in the select list " +
            "when the subquery is not introduced with EXISTS.", 116);
        const [x, y] = paired(a, { ...q.columns[0], sql: "v" });
        return yes(`(${sameness(x)} ${not}IN (SELECT ${sameness(y)} FROM ` +
          `(${q.sql}) AS s${++aliases}(v)))`);
      }
      return yes(`(${not}(${e.list.map((item) => {
        const [x, y] = paired(a, this.value(item, scope));
        return `${sameness(x)} = ${sameness(y)}`;
      }).join(" OR ")}))`);
    }
    case "like": {
      const [a, b] = paired(this.value(e.a, scope), this.value(e.b, scope));
      if (!isText(a.t) || !e.b.v || /\[/.test(e.b.v))
        refuse("such a LIKE is not known here");
      return yes(`(${a.sql} ${not}${anyCase(a) ? "I" : ""}LIKE ${b.sql}` +
        `${e.escape ? ` ESCAPE ${lit(e.escape)}` : ""})`);
    }
    case "exists":
      return yes(`(EXISTS (${this.select(e.q, scope).sql}))`);
    case "sub": {
      const q = this.select(e.q, scope);
      if (q.columns.length !== 1) refuse("a subquery of many columns", 116);
      return { ...q.columns[0], sql: `(${q.sql})` };
    }
    case "case": return this.cases(e, scope);
    default: return this.call(e, scope);
    }
  }

  cases(e, scope) {
    const of = e.of && this.value(e.of, scope);
    const when = e.when.map(([a, b]) => {
      if (!of) return [this.condition(a, scope), this.value(b, scope)];
      const [x, y] = paired(of, this.value(a, scope));
      return [`${sameness(x)} = ${sameness(y)}`, this.value(b, scope)];
    });
    const last = e.else ? this.value(e.else, scope) :
      { sql: "NULL", t: { k: "null" } };
    const all = [...when.map(([, b]) => b), last];
    const t = all.map((v) => v.t).reduce(common);
    const sql = (v) => v.t.k === "null" || isText(t) ? v.sql :
      convert(v, t).sql;
    return { t, coll: all.find((v) => v.coll)?.coll,
      sql: `(CASE ${when.map(([a, b]) => `WHEN ${a} THEN ${sql(b)}`)
        .join(" ")} ELSE ${sql(last)} END)` };
  }

  aggregate(e, scope) {
    const counted = e.name === "count" ? { k: "int" } : { k: "bigint" };
    const over = e.over ? this.window(e.over, scope) : "";
    if (e.name.startsWith("count")) {
      const a = e.star ? null : this.value(e.args[0], scope);
      const what = e.star ? "*" :
        e.distinct ? `DISTINCT ${sameness(a)}` : a.sql;
      return { sql: `CAST(count(${what})${over} AS ${duckType(counted)})`,
        t: counted };
    }
    const a = this.value(e.args[0], scope);
    const bad = () => refuse(`Operand data type ${a.t.k} is invalid for ` +
      `${e.name} operator.`, 8117);
    if (e.distinct) refuse(`${e.name} of DISTINCT is not known here`);
    if (e.name === "sum") {
      if (!RANK.includes(a.t.k) || a.t.k === "bit" || a.t.k === "null") bad();
      // A sum of int is an int, and overflows.
      const t = isInt(a.t) ? { k: a.t.k === "bigint" ? "bigint" : "int" } :
        a.t.k === "decimal" ? { k: "decimal", p: 38, s: a.t.s } :
          isFloat(a.t) ? { k: "float" } : { k: "money" };
      const wideSum = isFloat(a.t) ? `CAST(${a.sql} AS DOUBLE)` :
        a.t.k === "decimal" ? `CAST(${a.sql} AS DECIMAL(38, ${a.t.s}))` :
          a.sql;
      return { sql: `CAST(sum(${wideSum})${over} AS ${duckType(t)})`, t };
    }
    if (a.t.k === "bit" || a.t.k === "null" || isBytes(a.t) ||
        a.t.k === "uniqueidentifier") bad();
    return { ...a, sql: isText(a.t) ?
      `arg_${e.name}(${a.sql}, ${order(a)})${over}` :
      `${e.name}(${a.sql})${over}` };
  }

  window(over, scope) {
    const parts = over.partition.map((a) => sameness(this.value(a, scope)));
    return ` OVER (${parts.length ? `PARTITION BY ${parts.join(", ")}` : ""} ` +
      `${this.ordered(over.order, scope)})`;
  }

  ordered(list, scope) {
    if (!list.length) return "";
    return `ORDER BY ${list.map(({ a, down }) => {
      const v = this.value(a, scope);
      // NULL is the smallest of all.
      return `${order(v)} ${down ? "DESC NULLS LAST" : "ASC NULLS FIRST"}`;
    }).join(", ")}`;
  }

  call(e, scope) {
    if (["count", "count_big", "sum", "min", "max"].includes(e.name))
      return this.aggregate(e, scope);
    if (e.name === "row_number") {
      if (!e.over?.order.length) refuse("ROW_NUMBER without ORDER BY", 4112);
      return { sql: `row_number()${this.window(e.over, scope)}`,
        t: { k: "bigint" } };
    }
    if (e.star || e.over || e.distinct) refuse(`${e.name} of such`, 195);
    if (e.name === "cast" || e.name === "convert")
      return convert(this.value(e.args[0], scope), e.type, e.style);
    if (e.name === "try_cast" || e.name === "try_convert") {
      const v = convert(this.value(e.args[0], scope), e.type, e.style);
      return { ...v, sql: `TRY(${v.sql})` };
    }
    if (e.name.startsWith("datediff")) return this.difference(e, scope);
    const args = e.args.map((a) => this.value(a, scope));
    const own = this.session.call(e.name, args, e.args);
    if (own) return own;
    const fn = FUNCTIONS[e.name];
    if (!fn) refuse(`'${e.name}' is not a recognized built-in function name.`,
      195);
    if (args.length < fn.length && fn.length > 0)
      refuse(`The ${e.name} function requires ${fn.length} argument(s).`, 174);
    return fn(...args);
  }

  difference(e, scope) {
    const unit = { microsecond: 1, mcs: 1, millisecond: 1000, ms: 1000,
      second: 1000000, ss: 1000000 }[e.args[0].raw?.toLowerCase()];
    if (!unit) refuse("DATEDIFF of such a part is not known here", 155);
    const [a, b] = e.args.slice(1).map((x) =>
      convert(this.value(x, scope), { k: "datetime2", s: 7 }).sql);
    const t = { k: e.name === "datediff_big" ? "bigint" : "int" };
    return { t, sql: `CAST(epoch_us(${b}) // ${unit} - epoch_us(${a}) // ` +
      `${unit} AS ${duckType(t)})` };
  }

  // ---------------------------------------------------------------- queries

  source(s, scope) {
    if (s.join) {
      const a = this.source(s.a, scope);
      const b = this.source(s.b, scope);
      return s.join === "cross" ? `${a} CROSS JOIN ${b}` :
        `${a} ${s.join.toUpperCase()} JOIN ${b} ON ` +
          this.condition(s.on, scope);
    }
    const bound = s.q ? this.select(s.q, scope.up) : s.bound;
    const alias = `s${++aliases}`;
    scope.sources.push({ as: s.as, parts: s.table, alias,
      columns: bound.columns.map((c, i) => ({ ...c, at: undefined,
        sql: `${alias}.${id(s.q ? `c${i}` : c.column ?? c.name)}` })) });
    if (!s.q) return `${bound.sql} AS ${alias}`;
    for (const c of bound.columns)
      if (!c.name) refuse(`No column name was specified for a column of ` +
        `'${s.as}'.`, 8155);
    return `(${bound.sql}) AS ${alias}(${bound.columns
      .map((_, i) => id(`c${i}`)).join(", ")})`;
  }

  // Texts that differ in case only are one group, of which one is shown.
  grouping(list, scope) {
    const bound = list.map((g) => this.value(g, scope));
    const keys = bound.map(sameness);
    list.forEach((g, i) => {
      if (g.x === "col" && isText(bound[i].t))
        lookup(scope, g.parts).sql = `any_value(${bound[i].sql})`;
    });
    return ` GROUP BY ${keys.join(", ")}`;
  }

  select(q, up) {
    if (q.unions.length) return this.unions(q, up);
    const scope = { sources: [], up };
    const from = q.from ? ` FROM ${this.source(q.from, scope)}` : "";
    const where = q.where ? ` WHERE ${this.condition(q.where, scope)}` : "";
    const group = q.group ? this.grouping(q.group, scope) : "";
    const items = [];
    for (const item of q.items) {
      if (!item.star) {
        const v = this.value(item.a, scope);
        items.push({ ...v, name: item.as ?? (item.a.x === "col" ?
          v.name ?? item.a.raw : "") });
        continue;
      }
      const of = item.of?.toLowerCase();
      if (scope.sources.length === 0) refuse("Must specify table to select " +
        "from.", 263);
      for (const s of scope.sources)
        if (!of || (s.as ?? s.parts.at(-1)).toLowerCase() === of)
          items.push(...s.columns);
    }
    let sql = `SELECT ${q.distinct ? "DISTINCT " : ""}` +
      `${items.map((v) => v.sql).join(", ")}${from}`;
    sql += where + group;
    if (q.having) sql += ` HAVING ${this.condition(q.having, scope)}`;
    if (q.order.length) {
      // Names of the select list come first.
      const named = { sources: [{ columns: items.filter((v) => v.name) }],
        up: scope };
      sql += ` ${this.ordered(q.order.map((o) => o.a.x === "num" ?
        { ...o, a: { x: "bound", v: items[o.a.v - 1] } } : o), named)}`;
    }
    if (q.top !== undefined) sql += ` LIMIT ${q.top}`;
    return { sql, columns: items.map(({ name, t, coll }) =>
      ({ name, t, coll })) };
  }

  unions(q, up) {
    const all = [{ q: { ...q, unions: [], order: [] } }, ...q.unions];
    const parts = all.map((u) => this.select({ ...u.q, unions: [],
      order: u.q.order ?? [] }, up));
    const columns = parts[0].columns.map((c, i) => ({ ...c,
      t: parts.map((p) => p.columns[i]?.t ?? refuse("All queries combined " +
        "using a UNION must have an equal number of expressions.", 205))
        .reduce(common) }));
    if (q.order.length) refuse("ORDER BY of a UNION is not known here");
    return { columns, sql: parts.map((p, i) =>
      `${i ? ` UNION ${q.unions[i - 1].all ? "ALL " : ""}` : ""}${p.sql}`)
      .join("") };
  }
}

const text = (e) => isText(e.t) ? e :
  e.t.k === "null" || isInt(e.t) || e.t.k === "decimal" ?
    toText(e, { k: "varchar", n: 8000 }) :
    refuse(`Argument data type ${e.t.k} is invalid.`, 8116);

const HASHES = { md5: 16, sha1: 20, sha: 20, sha2_256: 32, sha2_512: 64 };

const FUNCTIONS = {
  len: (a) => ({ sql: `length(rtrim(${text(a).sql}, ' '))`,
    t: { k: a.t.n === "max" ? "bigint" : "int" } }),
  datalength(a) {
    const sql = isBytes(a.t) ? `octet_length(${a.sql})` : isText(a.t) ?
      wide(a.t) ? `octet_length(ts_utf16(${a.sql}))` : `strlen(${a.sql})` :
      refuse(`datalength of ${a.t.k} is not known here`, 8116);
    return { sql, t: { k: a.t.n === "max" ? "bigint" : "int" } };
  },
  substring(a, b, c) {
    if (isBytes(a.t))
      return { sql: `ts_left(${a.sql}, CAST(${b.sql} AS INTEGER), ` +
        `CAST(${c.sql} AS INTEGER))`, t: a.t };
    return { ...text(a), sql: `substring(${text(a).sql}, ${b.sql}, ${c.sql})` };
  },
  left: (a, b) => ({ ...text(a), sql: `left(${text(a).sql}, ${b.sql})` }),
  right: (a, b) => ({ ...text(a), sql: `right(${text(a).sql}, ${b.sql})` }),
  lower: (a) => ({ ...text(a), sql: `lower(${text(a).sql})` }),
  upper: (a) => ({ ...text(a), sql: `upper(${text(a).sql})` }),
  ltrim: (a) => ({ ...text(a), sql: `ltrim(${text(a).sql}, ' ')` }),
  rtrim: (a) => ({ ...text(a), sql: `rtrim(${text(a).sql}, ' ')` }),
  isnull: (a, b) => a.t.k === "null" ? b :
    ({ ...a, sql: `coalesce(${a.sql}, ${convert(b, a.t).sql})` }),
  nullif(a, b) {
    const [x, y] = paired(a, b);
    return { ...a, sql: `(CASE WHEN ${sameness(x)} = ${sameness(y)} THEN ` +
      `NULL ELSE ${a.sql} END)` };
  },
  coalesce(a, b, ...more) {
    const all = [a, b, ...more];
    const t = all.map((v) => v.t).reduce(common);
    return { t, coll: all.find((v) => v.coll)?.coll, sql: `coalesce(${all
      .map((v) => isText(t) ? v.sql : convert(v, t).sql).join(", ")})` };
  },
  abs: (a) => RANK.includes(a.t.k) ? { ...a, sql: `abs(${a.sql})` } :
    refuse(`abs of ${a.t.k}`, 8116),
  // Only text and bytes have a hash; bytes of nvarchar are UTF-16.
  hashbytes(how, a) {
    const name = how.sql.replaceAll("'", "").toLowerCase();
    if (!how.literal || !HASHES[name])
      refuse("HASHBYTES: no such algorithm", 8116);
    if (!isText(a.t) && !isBytes(a.t))
      refuse(`Argument data type ${a.t.k} is invalid for argument 2 of ` +
        "hashbytes function.", 8116);
    const data = toBytes(a, { k: "varbinary", n: "max" }).sql;
    const own = { md5: "md5", sha1: "sha1", sha: "sha1", sha2_256: "sha256" };
    return { sql: own[name] ? `from_hex(${own[name]}(${data}))` :
      `ts_sha512(${data})`,
      t: { k: "varbinary", n: 8000 } };
  },
  getdate: () => ({ sql: "CAST(now() AT TIME ZONE 'UTC' AS TIMESTAMP)",
    t: { k: "datetime" } }),
  sysutcdatetime: () => ({ sql: "CAST(now() AT TIME ZONE 'UTC' AS TIMESTAMP)",
    t: { k: "datetime2", s: 7 } }),
};
FUNCTIONS.getutcdate = FUNCTIONS.getdate;
