// tests/lib/lakehouse_tsql.mjs: reads the part of T-SQL that a Synapse pool
// knows and that anybody here sends. What it doesn't know is an error with the
// pool's own number, never a guess.
//
//   parse("SELECT COUNT_BIG(*) FROM [dbo].[t] WHERE a = N'x'") -> [statement]
//
// A statement: { k: "select" | "copy" | …, text, label, … }. Expressions:
//
//   { x: "num" | "str" | "hex" | "null", v }      { x: "col", parts }
//   { x: "call", name, args, distinct, star, over, type, style }
//   { x: "bin" | "cmp", op, a, b } { x: "neg", a } { x: "not", a }
//   { x: "and" | "or", a, b } { x: "isnull", a, not } { x: "in", a, list, not }
//   { x: "like" | "between" … } { x: "exists", q } { x: "sub", q }
//   { x: "case", of, when: [[a, b]], else } { x: "collate", a, name }
//   { x: "global", name }

export class SqlError extends Error {
  constructor(number, text, { state = 1, level = 16, line = 1 } = {}) {
    super(text);
    Object.assign(this, { number, state, class: level, line });
  }
}

// A name without quotes that a table or column may not have.
const RESERVED = new Set(("add all alter and any as asc backup begin between " +
  "bulk by cascade case check clustered coalesce collate column commit " +
  "constraint convert create cross current database declare default delete " +
  "deny desc distinct drop else end errlvl escape except exec execute exists " +
  "exit external fetch file for foreign freetext from full function goto " +
  "grant group having identity if in index inner insert intersect into is " +
  "join key kill left like lineno merge national not null nullif of off on " +
  "open openrowset option or order outer over percent pivot plan primary " +
  "print proc procedure public read return revoke right rollback rule save " +
  "schema select set some statistics system_user table then to top tran " +
  "transaction trigger truncate try_convert union unique unpivot update use " +
  "user values view when where while with").split(" "));

// ------------------------------------------------------------------- words

const PATTERNS = [
  ["space", /(?:\s|--[^\n]*|\/\*[\s\S]*?\*\/)+/y],
  ["str", /[nN]?'(?:[^']|'')*'/y],
  ["quoted", /\[(?:[^\]]|\]\])*\]|"(?:[^"]|"")*"/y],
  ["hex", /0[xX][0-9a-fA-F]*/y],
  ["num", /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y],
  ["global", /@@\w+/y],
  ["variable", /@\w+/y],
  ["word", /[\p{L}_#][\p{L}\p{N}_@$#]*/yu],
  ["op", /<=|>=|<>|!=|::|[-+*/%(),.;=<>&|^~]/y],
];

export function lex(text) {
  const list = [];
  let at = 0;
  let line = 1;
  while (at < text.length) {
    let found;
    for (const [kind, pattern] of PATTERNS) {
      pattern.lastIndex = at;
      const m = pattern.exec(text);
      if (m) { found = [kind, m[0]]; break; }
    }
    if (!found) throw new SqlError(103010, `Parse error at line: ${line}, ` +
      `column: 1: Incorrect syntax near '${text[at]}'.`);
    const [kind, raw] = found;
    const t = { kind, raw, at, line, end: at + raw.length };
    if (kind === "str") {
      t.national = raw[0] !== "'";
      // A backslash before a newline: both are left out, as in SQL Server.
      t.v = raw.slice(t.national ? 2 : 1, -1).replaceAll("''", "'")
        .replace(/\\\r?\n/g, "");
    } else if (kind === "quoted") {
      const close = raw.at(-1);
      t.v = raw.slice(1, -1).replaceAll(close + close, close);
      t.kind = "name";
    } else if (kind === "word") {
      t.low = raw.toLowerCase();
      t.v = raw;
    }
    if (kind !== "space") list.push(t);
    line += raw.split("\n").length - 1;
    at += raw.length;
  }
  list.push({ kind: "end", raw: "", at, end: at, line });
  return list;
}

// ------------------------------------------------------------------ parser

class Parser {
  constructor(text) {
    this.text = text;
    this.list = lex(text);
    this.i = 0;
  }

  get t() { return this.list[this.i]; }
  peek(n = 1) { return this.list[Math.min(this.i + n, this.list.length - 1)]; }

  fail(t = this.t) {
    throw new SqlError(103010, `Parse error at line: ${t.line}, column: ` +
      `${t.at + 1}: Incorrect syntax near '${t.raw}'.`, { line: t.line });
  }

  is(...words) {
    return words.every((w, n) => {
      const t = this.peek(n);
      return t.low === w || (t.kind === "op" && t.raw === w);
    });
  }

  take(...words) {
    if (!this.is(...words)) return false;
    this.i += words.length;
    return true;
  }

  need(...words) {
    if (!this.take(...words)) this.fail();
  }

  name() {
    const t = this.t;
    if (t.kind === "name" && t.v === "") this.fail();
    if (t.kind !== "name" && (t.kind !== "word" || RESERVED.has(t.low)))
      this.fail();
    this.i++;
    if (t.v.length > 128)
      throw new SqlError(103, `The identifier that starts with '` +
        `${t.v.slice(0, 40)}' is too long. Maximum length is 128.`);
    return t.v;
  }

  names(most = 3) {
    const parts = [this.name()];
    while (this.is(".") && parts.length < most) {
      this.i++;
      parts.push(this.name());
    }
    return parts;
  }

  string() {
    if (this.t.kind !== "str") this.fail();
    return this.list[this.i++].v;
  }

  number() {
    if (this.t.kind !== "num" || !/^\d+$/.test(this.t.raw)) this.fail();
    return Number(this.list[this.i++].raw);
  }

  some(fn) {
    const all = [fn()];
    while (this.take(",")) all.push(fn());
    return all;
  }

  inside(fn) {
    this.need("(");
    const v = fn();
    this.need(")");
    return v;
  }

  // nvarchar(20), decimal(10, 2), varbinary(max)
  type() {
    const t = this.t;
    const k = this.name().toLowerCase();
    const numbers = [];
    if (this.take("(")) {
      do numbers.push(this.take("max") ? "max" : this.number());
      while (this.take(","));
      this.need(")");
    }
    return makeType(k, numbers, () => this.fail(t));
  }

  // ---------------------------------------------------------- expressions

  expression() { return this.either(); }

  either() {
    let a = this.both();
    while (this.take("or")) a = { x: "or", a, b: this.both() };
    return a;
  }

  both() {
    let a = this.negated();
    while (this.take("and")) a = { x: "and", a, b: this.negated() };
    return a;
  }

  negated() {
    return this.take("not") ? { x: "not", a: this.negated() } : this.compared();
  }

  compared() {
    if (this.is("exists")) {
      this.i++;
      return { x: "exists", q: this.inside(() => this.select()) };
    }
    const a = this.sum();
    for (const op of ["=", "<>", "!=", "<=", ">=", "<", ">"])
      if (this.take(op))
        return { x: "cmp", op: op === "!=" ? "<>" : op, a, b: this.sum() };
    if (this.take("is")) {
      const not = this.take("not");
      this.need("null");
      return { x: "isnull", a, not };
    }
    const not = this.is("not") && ["in", "like", "between"]
      .includes(this.peek().low) && this.take("not");
    if (this.take("in")) {
      if (this.is("(", "select"))
        return { x: "in", a, not, q: this.inside(() => this.select()) };
      return { x: "in", a, not,
        list: this.inside(() => this.some(() => this.sum())) };
    }
    if (this.take("like")) {
      const b = this.sum();
      return { x: "like", a, b, not,
        escape: this.take("escape") ? this.string() : null };
    }
    if (this.take("between")) {
      const b = this.sum();
      this.need("and");
      return { x: "between", a, b, c: this.sum(), not };
    }
    return a;
  }

  sum() {
    let a = this.product();
    for (;;) {
      const op = ["+", "-", "&", "|", "^"].find((o) => this.take(o));
      if (!op) return a;
      a = { x: "bin", op, a, b: this.product() };
    }
  }

  product() {
    let a = this.signed();
    for (;;) {
      const op = ["*", "/", "%"].find((o) => this.take(o));
      if (!op) return a;
      a = { x: "bin", op, a, b: this.signed() };
    }
  }

  signed() {
    if (this.take("-")) return { x: "neg", a: this.signed() };
    if (this.take("+")) return this.signed();
    let a = this.primary();
    while (this.take("collate")) a = { x: "collate", a, name: this.name() };
    return a;
  }

  primary() {
    const t = this.t;
    if (t.kind === "num") { this.i++; return { x: "num", v: t.raw }; }
    if (t.kind === "hex") { this.i++; return { x: "hex", v: t.raw.slice(2) }; }
    if (t.kind === "str") {
      this.i++;
      return { x: "str", v: t.v, national: t.national };
    }
    if (t.kind === "global") {
      this.i++;
      return { x: "global", name: t.raw.toLowerCase() };
    }
    if (this.take("null")) return { x: "null" };
    if (this.is("(", "select"))
      return { x: "sub", q: this.inside(() => this.select()) };
    if (this.is("(")) return this.inside(() => this.expression());
    if (this.take("case")) return this.cases();
    if (t.kind === "word" && this.peek().raw === "(" &&
        (!RESERVED.has(t.low) || CALLS.has(t.low))) return this.call();
    const parts = this.names(4);
    return { x: "col", parts, raw: parts.at(-1) };
  }

  cases() {
    const e = { x: "case", of: null, when: [], else: null };
    if (!this.is("when")) e.of = this.expression();
    while (this.take("when")) {
      const a = this.expression();
      this.need("then");
      e.when.push([a, this.expression()]);
    }
    if (e.when.length === 0) this.fail();
    if (this.take("else")) e.else = this.expression();
    this.need("end");
    return e;
  }

  call() {
    const e = { x: "call", name: this.list[this.i++].low, args: [] };
    this.need("(");
    if (e.name === "cast" || e.name === "try_cast") {
      e.args.push(this.expression());
      this.need("as");
      e.type = this.type();
    } else if (e.name === "convert" || e.name === "try_convert") {
      e.type = this.type();
      this.need(",");
      e.args.push(this.expression());
      e.style = this.take(",") ? this.number() : undefined;
    } else if (this.take("*")) {
      e.star = true;
    } else if (!this.is(")")) {
      e.distinct = this.take("distinct");
      e.args = this.some(() => this.expression());
    }
    this.need(")");
    if (this.take("over")) {
      this.need("(");
      e.over = { partition: [], order: [] };
      if (this.take("partition", "by"))
        e.over.partition = this.some(() => this.expression());
      if (this.is("order")) e.over.order = this.ordering();
      this.need(")");
    }
    return e;
  }

  ordering() {
    this.need("order", "by");
    return this.some(() => {
      const a = this.expression();
      const down = this.take("desc");
      if (!down) this.take("asc");
      return { a, down };
    });
  }

  // -------------------------------------------------------------- queries

  select() {
    const q = this.one();
    q.unions = [];
    while (this.take("union")) {
      const all = this.take("all");
      q.unions.push({ all, q: this.one() });
    }
    if (this.is("order")) q.order = this.ordering();
    return q;
  }

  one() {
    this.need("select");
    const q = { distinct: this.take("distinct"), order: [], unions: [] };
    if (this.take("top"))
      q.top = this.is("(") ? this.inside(() => this.number()) : this.number();
    q.items = this.some(() => this.item());
    if (this.take("from")) q.from = this.sources();
    if (this.take("where")) q.where = this.expression();
    if (this.take("group", "by")) q.group = this.some(() => this.expression());
    if (this.take("having")) q.having = this.expression();
    return q;
  }

  item() {
    if (this.take("*")) return { star: true };
    if ((this.t.kind === "name" || this.t.kind === "word") &&
        this.peek().raw === "." && this.peek(2).raw === "*") {
      const of = this.name();
      this.i += 2;
      return { star: true, of };
    }
    const a = this.expression();
    return { a, as: this.alias() };
  }

  alias() {
    if (this.take("as"))
      return this.t.kind === "str" ? this.string() : this.name();
    const t = this.t;
    return t.kind === "name" || (t.kind === "word" && !RESERVED.has(t.low)) ?
      this.name() : undefined;
  }

  sources() {
    let a = this.source();
    for (;;) {
      const kind = this.take(",") || this.take("cross", "join") ? "cross" :
        this.take("inner", "join") || this.take("join") ? "inner" :
          this.take("left", "outer", "join") || this.take("left", "join") ?
            "left" : null;
      if (!kind) return a;
      const b = this.source();
      if (kind !== "cross") this.need("on");
      a = { join: kind, a, b, on: kind === "cross" ? null : this.expression() };
    }
  }

  source() {
    if (this.take("openrowset")) return this.openrowset();
    if (this.take("(")) {
      const q = this.select();
      this.need(")");
      const as = this.alias();
      if (!as) this.fail();
      return { q, as };
    }
    const table = this.names();
    return { table, as: this.alias() };
  }

  openrowset() {
    const s = { openrowset: { options: {} } };
    this.need("(");
    this.need("bulk");
    s.openrowset.paths = this.is("(") ?
      this.inside(() => this.some(() => this.string())) : [this.string()];
    while (this.take(",")) {
      const key = this.name().toLowerCase();
      this.need("=");
      s.openrowset.options[key] = this.value();
    }
    this.need(")");
    if (this.take("with"))
      s.openrowset.columns = this.inside(() => this.some(() => {
        const c = { name: this.name(), type: this.type() };
        if (this.take("collate")) c.collation = this.name();
        if (this.t.kind === "num") c.ordinal = this.number();
        else if (this.t.kind === "str") c.path = this.string();
        return c;
      }));
    s.as = this.alias();
    if (!s.as) this.fail();
    return s;
  }

  // A value of an option: text, number, word, or (KEY = value, …)
  value() {
    const t = this.t;
    if (t.kind === "str") return this.string();
    if (t.kind === "num") return this.number();
    if (this.is("(")) return this.inside(() => this.options());
    if (t.kind === "name" || t.kind === "word") {
      this.i++;
      return t.v;
    }
    return this.fail();
  }

  options() {
    const o = {};
    if (this.is(")")) return o;
    this.some(() => {
      const t = this.t;
      const key = this.name().toLowerCase();
      if (key in o) this.fail(t);
      this.need("=");
      o[key] = this.value();
    });
    return o;
  }

  // ------------------------------------------------------------ statements

  script(until) {
    const all = [];
    for (;;) {
      while (this.take(";"));
      if (this.t.kind === "end" || (until && this.is(until))) return all;
      all.push(this.statement());
    }
  }

  statement() {
    const from = this.i;
    const word = this.t.low;
    const read = STATEMENTS[word];
    if (!read) this.fail();
    this.i++;
    const s = read(this);
    if (this.is("option")) this.hints(s);
    s.text = this.text.slice(this.list[from].at, this.list[this.i - 1].end);
    return s;
  }

  // OPTION (LABEL = N'…'); facts/synapse.md 6
  hints(s) {
    if (!["select", "copy", "insert", "delete", "update", "create_table"]
      .includes(s.k)) this.fail();
    this.i++;
    this.inside(() => this.some(() => {
      this.need("label", "=");
      s.label = this.string();
      if (s.label.length > 255)
        throw new SqlError(103, "The label is too long.");
    }));
  }
}

const CALLS = new Set(["convert", "try_convert", "coalesce", "nullif", "left",
  "right"]);

const LENGTHS = { char: 8000, varchar: 8000, nchar: 4000, nvarchar: 4000,
  binary: 8000, varbinary: 8000 };
const PLAIN = new Set(["bit", "tinyint", "smallint", "int", "bigint", "real",
  "money", "smallmoney", "date", "datetime", "smalldatetime",
  "uniqueidentifier", "sysname"]);
// Types of SQL Server that neither pool has.
const ABSENT = new Set(["xml", "text", "ntext", "image", "geometry",
  "geography", "hierarchyid", "sql_variant", "timestamp", "rowversion",
  "json", "vector"]);

// { k, n, p, s }: n of text and binary ("max" or a length), p and s of
// decimals, s of times. given: whether a length was written.
export function makeType(k, numbers, fail) {
  const [a, b] = numbers;
  if (k === "integer") k = "int";
  if (k === "numeric" || k === "dec") k = "decimal";
  if (ABSENT.has(k))
    throw new SqlError(104220, `The data type ${k} is not supported.`);
  if (k === "sysname") return { k: "nvarchar", n: 128, given: true };
  if (PLAIN.has(k)) {
    if (numbers.length) fail();
    return { k };
  }
  if (k === "decimal") {
    const p = a ?? 18;
    const s = b ?? 0;
    if (!(p >= 1 && p <= 38 && s <= p))
      throw new SqlError(2750, `Column or parameter: Specified column ` +
        `precision ${p} is greater than the maximum precision of 38.`);
    return { k, p, s };
  }
  if (k === "float") return { k: a !== undefined && a <= 24 ? "real" : "float" };
  if (k in LENGTHS) {
    const fixed = k.endsWith("char") && !k.includes("var") || k === "binary";
    if (a === "max" && fixed) fail();
    if (a !== undefined && a !== "max" && !(a >= 1 && a <= LENGTHS[k]))
      throw new SqlError(131, `The size (${a}) given to the type '${k}' ` +
        `exceeds the maximum allowed (${LENGTHS[k]}).`);
    return { k, n: a, given: a !== undefined };
  }
  if (["datetime2", "datetimeoffset", "time"].includes(k)) {
    if (a !== undefined && !(a <= 7))
      throw new SqlError(1002, `Line 1: Specified scale ${a} is invalid.`);
    return { k, s: a ?? 7 };
  }
  throw new SqlError(2715, `Column, parameter, or variable: Cannot find data ` +
    `type ${k}.`, { state: 3 });
}

const definitions = (p) => p.inside(() => p.some(() => {
  const c = { name: p.name(), type: p.type(), nullable: true };
  for (;;) {
    if (p.take("not", "null")) c.nullable = false;
    else if (p.take("null")) c.nullable = true;
    else if (p.take("collate")) c.collation = p.name();
    else return c;
  }
}));

// WITH (DISTRIBUTION = …, HEAP …): what a table of a dedicated pool may say
// (facts/synapse.md 1.3; CREATE TABLE for Synapse).
function layout(p) {
  const o = { distribution: "round_robin", index: "columnstore" };
  if (!p.take("with")) return o;
  p.inside(() => p.some(() => {
    if (p.take("distribution", "=")) {
      if (p.take("hash")) o.hash = p.inside(() => p.some(() => p.name()));
      o.distribution = o.hash ? "hash" :
        p.take("round_robin") ? "round_robin" :
          p.take("replicate") ? "replicate" : p.fail();
    } else if (p.take("heap")) {
      o.index = "heap";
    } else if (p.take("clustered", "columnstore", "index")) {
      o.index = "columnstore";
      if (p.take("order")) p.inside(() => p.some(() => p.name()));
    } else if (p.take("clustered", "index")) {
      o.index = "clustered";
      p.inside(() => p.some(() => { p.name(); p.take("asc"); }));
    } else {
      p.fail();
    }
  }));
  return o;
}

const ifExists = (p) => p.take("if", "exists");

function create(p) {
  const replace = p.take("or", "alter");
  if (p.take("view")) {
    const s = { k: "create_view", replace, name: p.names() };
    if (p.is("(")) s.columns = p.inside(() => p.some(() => p.name()));
    p.need("as");
    const at = p.t.at;
    s.select = p.select();
    s.body = p.text.slice(at, p.list[p.i - 1].end);
    return s;
  }
  if (replace) p.fail();
  if (p.take("table")) {
    const s = { k: "create_table", name: p.names() };
    if (p.is("(")) s.columns = definitions(p);
    s.layout = layout(p);
    if (!s.columns) {
      p.need("as");
      s.select = p.select();
      if (!s.layout) p.fail();
    }
    return s;
  }
  if (p.take("schema")) {
    const s = { k: "create_schema", name: p.name() };
    if (p.take("authorization")) p.name();
    return s;
  }
  if (p.take("statistics")) {
    p.name();
    p.need("on");
    const name = p.names();
    p.inside(() => p.some(() => p.name()));
    return { k: "statistics", name };
  }
  if (p.take("master", "key")) {
    if (p.take("encryption", "by", "password", "=")) p.string();
    return { k: "master_key" };
  }
  if (p.take("database", "scoped", "credential"))
    return { k: "create_credential", scoped: true, name: p.name(),
      ...identity(p) };
  if (p.take("credential"))
    return { k: "create_credential", name: p.name(), ...identity(p) };
  if (p.take("database")) return { k: "create_database", name: p.name() };
  p.need("external");
  const kind = p.take("data", "source") ? "source" :
    p.take("file", "format") ? "format" : p.take("table") ? "table" : p.fail();
  const s = { k: `create_external_${kind}`,
    name: kind === "table" ? p.names() : [p.name()] };
  if (kind === "table" && p.is("(")) s.columns = definitions(p);
  p.need("with");
  s.options = p.inside(() => p.options());
  if (kind === "table" && p.take("as")) s.select = p.select();
  return s;
}

// IDENTITY = '…' [, SECRET = '…']
function identity(p) {
  p.need("with");
  p.need("identity", "=");
  const s = { identity: p.string() };
  if (p.take(",")) {
    p.need("secret", "=");
    s.secret = p.string();
  }
  return s;
}

function drop(p) {
  if (p.take("credential"))
    return { k: "drop_credential", name: p.name() };
  if (p.take("database", "scoped", "credential"))
    return { k: "drop_credential", scoped: true, name: p.name() };
  const kind = p.take("external") ?
    p.take("data", "source") ? "external_source" :
      p.take("file", "format") ? "external_format" :
        p.take("table") ? "external_table" : p.fail() :
    ["table", "view", "schema"].find((w) => p.take(w)) ?? p.fail();
  const optional = ifExists(p);
  return { k: "drop", kind, optional, name: p.names() };
}

// COPY INTO t [(name [DEFAULT value] [field], …)] FROM 'url', … WITH (…)
function copy(p) {
  p.need("into");
  const s = { k: "copy", name: p.names() };
  if (p.is("("))
    s.columns = p.inside(() => p.some(() => {
      const c = { name: p.name() };
      if (p.take("default")) {
        const minus = p.take("-") ? "-" : "";
        if (p.take("null")) c.default = null;
        else if (p.t.kind === "str") c.default = p.string();
        else if (p.t.kind === "num") c.default = minus + p.list[p.i++].raw;
        else p.fail();
      }
      if (p.t.kind === "num") c.field = p.number();
      return c;
    }));
  p.need("from");
  s.urls = p.some(() => p.string());
  s.options = p.take("with") ? p.inside(() => copyOptions(p)) : {};
  return s;
}

function copyOptions(p) {
  const o = {};
  p.some(() => {
    const t = p.t;
    const key = p.t.low;
    p.i++;
    if (key in o) p.fail(t);
    p.need("=");
    if (key === "credential" || key === "errorfile_credential")
      o[key] = p.inside(() => {
        p.need("identity", "=");
        const c = { identity: p.string() };
        if (p.take(",")) { p.need("secret", "="); c.secret = p.string(); }
        return c;
      });
    else if (COPY_OPTIONS[key]) o[key] = p[COPY_OPTIONS[key]]();
    else p.fail(t);
  });
  return o;
}

const COPY_OPTIONS = { file_type: "string", file_format: "name",
  errorfile: "string", maxerrors: "number", compression: "string",
  fieldquote: "string", fieldterminator: "string", rowterminator: "string",
  firstrow: "number", dateformat: "string", encoding: "string",
  identity_insert: "string", auto_create_table: "string" };

function insert(p) {
  p.take("into");
  const s = { k: "insert", name: p.names() };
  if (p.is("(") && p.peek().low !== "select")
    s.columns = p.inside(() => p.some(() => p.name()));
  if (p.take("values")) {
    s.values = p.inside(() => p.some(() => p.expression()));
    // A dedicated pool takes one row only.
    if (p.is(",")) p.fail();
  } else {
    s.select = p.is("(") ? p.inside(() => p.select()) : p.select();
  }
  return s;
}

function remove(p) {
  p.take("from");
  const s = { k: "delete", name: p.names() };
  if (p.take("from")) s.from = p.sources();
  if (p.take("where")) s.where = p.expression();
  return s;
}

function update(p) {
  const s = { k: "update", name: p.names() };
  p.need("set");
  s.set = p.some(() => {
    const parts = p.names(2);
    p.need("=");
    return { name: parts.at(-1), a: p.expression() };
  });
  if (p.take("from")) s.from = p.sources();
  if (p.take("where")) s.where = p.expression();
  return s;
}

function rename(p) {
  p.need("object");
  p.take("::");
  const s = { k: "rename", name: p.names() };
  if (p.take("column")) p.fail();
  p.need("to");
  s.to = p.name();
  if (p.is(".")) p.fail(); // the new name has no schema
  return s;
}

function alter(p) {
  if (p.take("table")) {
    const s = { k: "alter_table", name: p.names() };
    if (p.take("add")) {
      s.add = p.some(() => {
        const c = { name: p.name(), type: p.type(), nullable: true };
        if (p.take("not", "null")) c.nullable = false;
        else p.take("null");
        return c;
      });
    } else if (p.take("drop", "column")) {
      s.drop = p.name();
    } else {
      p.fail();
    }
    return s;
  }
  return p.fail();
}

const block = (p) => p.take("begin") ?
  [p.script("end"), p.need("end")][0] : [p.statement()];

const tran = (p, k) => {
  if (!p.take("transaction")) p.take("tran");
  if (p.t.kind === "word" && !RESERVED.has(p.t.low)) p.name();
  return { k };
};

const STATEMENTS = {
  create, drop, copy, insert, update, alter, rename,
  delete: remove,
  select: (p) => { p.i--; return { k: "select", select: p.select() }; },
  truncate: (p) => { p.need("table"); return { k: "truncate", name: p.names() }; },
  begin(p) {
    if (!p.is("tran") && !p.is("transaction")) {
      const body = p.script("end");
      p.need("end");
      return { k: "block", body };
    }
    return tran(p, "begin");
  },
  commit: (p) => tran(p, "commit"),
  rollback: (p) => tran(p, "rollback"),
  use: (p) => ({ k: "use", name: p.name() }),
  set(p) {
    const words = [];
    while (["word", "num", "str"].includes(p.t.kind) &&
        !(words.length > 1 && STATEMENTS[p.t.low]))
      words.push(p.list[p.i++].raw.toLowerCase());
    if (words.length < 2) p.fail();
    return { k: "set", words };
  },
  if(p) {
    const s = { k: "if", test: p.expression(), then: block(p), else: [] };
    while (p.is(";", "else")) p.i++;
    if (p.take("else")) s.else = block(p);
    return s;
  },
};

export const parse = (text) => new Parser(text).script();
