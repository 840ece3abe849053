// tests/lib/lakehouse_sql.mjs: reads the Databricks SQL that a loader needs,
// strictly: what it doesn't know is a syntax error.
//
//   const s = parse("SELECT count(*) FROM `main`.`a`.`t`");  // a tree
//
// After the Databricks language pages: lexical rules (identifiers, string
// literals, parameter markers), COPY INTO, CREATE TABLE, MERGE INTO, INSERT,
// CREATE CONNECTION, CREATE FOREIGN CATALOG, SELECT. Where runtimes differ in
// what a text means, it is refused, so that no one comes to depend on it.

import { LakeError } from "./lakehouse_store.mjs";

const bad = (message) =>
  new LakeError("PARSE_SYNTAX_ERROR", "42601", message);

// ------------------------------------------------------------------ tokens

// String literal: backslash escapes; \% and \_ keep their backslash.
const ESCAPES = { 0: "\0", b: "\b", n: "\n", r: "\r", t: "\t", Z: "\x1a",
  "%": "\\%", _: "\\_" };

function unescape(body) {
  let text = "";
  for (let i = 0; i < body.length; i++) {
    if (body[i] !== "\\") {
      text += body[i];
      continue;
    }
    const rest = body.slice(++i);
    const octal = /^[0-3][0-7]{2}/.exec(rest);
    const u = /^u([0-9A-Fa-f]{4})/.exec(rest) ??
      /^U([0-9A-Fa-f]{8})/.exec(rest);
    if (octal) {
      text += String.fromCharCode(parseInt(octal[0], 8));
      i += 2;
    } else if (u) {
      text += String.fromCodePoint(parseInt(u[1], 16));
      i += u[0].length - 1;
    } else {
      text += ESCAPES[rest[0]] ?? rest[0];
    }
  }
  return text;
}

const RULES = [
  ["space", /(?:\s+|--[^\n]*(?:\n|$)|\/\*(?!\+)[^]*?\*\/)/y],
  ["name", /`(?:[^`]|``)*`/y],
  ["binary", /[xX]'[0-9A-Fa-f]*'/y],
  ["raw", /[rR]'[^']*'|[rR]"[^"]*"/y],
  ["string", /'(?:[^'\\]|\\[^])*'|"(?:[^"\\]|\\[^])*"/y],
  ["number", new RegExp(String.raw`(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?` +
    String.raw`(?:BD|bd|[LlSsYyDdFf])?(?![\w])`, "y")],
  ["word", /[A-Za-z_][A-Za-z0-9_]*/y],
  ["marker", /:[A-Za-z_][A-Za-z0-9_]*/y],
  ["sign", /<=>|::|=>|<>|!=|<=|>=|\|\||[-+*/%=<>(),.;?&|^~[\]]/y],
];

export function tokenize(text) {
  const tokens = [];
  for (let at = 0; at < text.length;) {
    // `a::INT` is a cast and no marker.
    const rules = text.startsWith("::", at) ? RULES.slice(-1) : RULES;
    let found;
    for (const [kind, rule] of rules) {
      rule.lastIndex = at;
      const m = rule.exec(text);
      if (m && m[0].length) {
        found = { kind, text: m[0], at };
        break;
      }
    }
    if (!found)
      throw bad(`Syntax error at or near ${JSON.stringify(text[at])} ` +
        `(character ${at + 1})`);
    at += found.text.length;
    if (found.kind === "space") continue;
    const body = found.text.slice(1, -1);
    switch (found.kind) {
    case "name":
      found.value = body.replaceAll("``", "`");
      if (!found.value) throw bad("an empty identifier");
      break;
    case "string":
    case "raw": {
      const last = tokens.at(-1);
      // Two literals side by side are one text in some runtimes and a quote
      // between in others.
      if (last && (last.kind === "string" || last.kind === "raw") &&
          last.at + last.text.length === found.at)
        throw bad("a doubled quote in a string literal; runtimes differ");
      found.value = found.kind === "raw" ? found.text.slice(2, -1) :
        unescape(body);
      found.kind = "string";
      break;
    }
    case "binary": found.value = found.text.slice(2, -1); break;
    case "marker": found.value = found.text.slice(1); break;
    case "word": found.upper = found.text.toUpperCase(); break;
    default:
    }
    tokens.push(found);
  }
  tokens.push({ kind: "end", text: "end of input", at: text.length });
  return tokens;
}

// ------------------------------------------------------------------ parser

const TYPES = { BOOLEAN: "BOOLEAN", TINYINT: "TINYINT", BYTE: "TINYINT",
  SMALLINT: "SMALLINT", SHORT: "SMALLINT", INT: "INT", INTEGER: "INT",
  BIGINT: "BIGINT", LONG: "BIGINT", FLOAT: "FLOAT", REAL: "FLOAT",
  DOUBLE: "DOUBLE", STRING: "STRING", BINARY: "BINARY", DATE: "DATE",
  TIMESTAMP: "TIMESTAMP", TIMESTAMP_NTZ: "TIMESTAMP_NTZ" };

// Words that can't be a bare alias or name where we read one (the ANSI
// reserved words that matter here).
const RESERVED = new Set(("SELECT FROM WHERE GROUP HAVING ORDER LIMIT UNION " +
  "ON USING JOIN INNER LEFT RIGHT FULL CROSS AND OR NOT NULL TRUE FALSE CASE " +
  "WHEN THEN ELSE END AS IN IS BETWEEN LIKE CAST DISTINCT ALL EXCEPT " +
  "INTERSECT WITH TABLE CREATE VALUES SET").split(" "));

class Parser {
  constructor(text) {
    this.text = text;
    this.tokens = tokenize(text);
    this.i = 0;
  }

  get t() { return this.tokens[this.i]; }

  fail(what) {
    const { t } = this;
    throw bad(`Syntax error at or near '${t.text}' (character ${t.at + 1})` +
      (what ? `: ${what}` : ""));
  }

  // Whether the next tokens are these words or signs; takes them if so.
  peek(...words) {
    return words.every((w, k) => {
      const t = this.tokens[this.i + k];
      return t && (t.kind === "word" ? t.upper === w :
        t.kind === "sign" && t.text === w);
    });
  }

  take(...words) {
    if (!this.peek(...words)) return false;
    this.i += words.length;
    return true;
  }

  need(...words) {
    if (!this.take(...words)) this.fail(`expected ${words.join(" ")}`);
  }

  oneOf(words) {
    for (const w of words) if (this.take(w)) return w;
    return this.fail(`expected one of ${words.join(", ")}`);
  }

  kind(kind, what) {
    if (this.t.kind !== kind) this.fail(`expected ${what ?? kind}`);
    return this.tokens[this.i++].value;
  }

  string(what = "a string literal") { return this.kind("string", what); }

  name() {
    const { t } = this;
    if (t.kind === "name") {
      this.i++;
      return t.value;
    }
    if (t.kind !== "word" || RESERVED.has(t.upper))
      this.fail("expected a name");
    this.i++;
    return t.text;
  }

  path() {
    const parts = [this.name()];
    while (this.take(".")) parts.push(this.name());
    return parts;
  }

  list(one) {
    this.need("(");
    const items = this.items(one);
    this.need(")");
    return items;
  }

  items(one) {
    const items = [];
    do items.push(one.call(this));
    while (this.take(","));
    return items;
  }

  integer() {
    const { t } = this;
    if (t.kind !== "number" || !/^\d+$/.test(t.text))
      this.fail("expected a whole number");
    this.i++;
    return Number(t.text);
  }

  type() {
    const { t } = this;
    if (t.kind !== "word") this.fail("expected a type");
    this.i++;
    if (["DECIMAL", "DEC", "NUMERIC"].includes(t.upper)) {
      if (!this.take("(")) return "DECIMAL(10,0)";
      const precision = this.integer();
      const scale = this.take(",") ? this.integer() : 0;
      this.need(")");
      if (precision < 1 || precision > 38 || scale > precision)
        throw new LakeError("DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION", "22003",
          `DECIMAL(${precision},${scale})`);
      return `DECIMAL(${precision},${scale})`;
    }
    if (t.upper === "VARCHAR" || t.upper === "CHAR") {
      this.need("(");
      const n = this.integer();
      this.need(")");
      return `${t.upper}(${n})`;
    }
    const type = TYPES[t.upper];
    if (!type)
      throw new LakeError("UNSUPPORTED_DATATYPE", "0A000",
        `Unsupported data type "${t.text}"`);
    return type;
  }

  // ('k' = 'v', …): keys may be bare in OPTIONS of some statements.
  pairs({ bare = false, equals = true, value } = {}) {
    const found = {};
    this.list(function one() {
      let key;
      if (this.t.kind === "string") key = this.string();
      else if (bare) key = this.path().join(".");
      else this.fail("expected an option's name as a string");
      if (!this.take("=") && equals) this.fail("expected =");
      const lower = key.toLowerCase();
      if (lower in found) this.fail(`${key} twice`);
      found[lower] = value ? value.call(this) : this.string();
    });
    return found;
  }

  // ---------------------------------------------------------- expressions

  expression() {
    let left = this.conjunction();
    while (this.take("OR"))
      left = { op: "or", args: [left, this.conjunction()] };
    return left;
  }

  conjunction() {
    let left = this.negation();
    while (this.take("AND"))
      left = { op: "and", args: [left, this.negation()] };
    return left;
  }

  negation() {
    if (this.take("NOT")) return { op: "not", args: [this.negation()] };
    return this.comparison();
  }

  comparison() {
    const left = this.bits();
    if (this.take("IS")) {
      const not = this.take("NOT");
      if (this.take("DISTINCT", "FROM"))
        return { op: not ? "same" : "differ", args: [left, this.bits()] };
      this.need("NULL");
      return { op: not ? "notnull" : "isnull", args: [left] };
    }
    for (const sign of ["=", "<>", "!=", "<=>", "<=", ">=", "<", ">"])
      if (this.take(sign))
        return { op: "compare", sign, args: [left, this.bits()] };
    const not = this.take("NOT");
    let found;
    if (this.take("BETWEEN")) {
      const low = this.bits();
      this.need("AND");
      found = { op: "between", args: [left, low, this.bits()] };
    } else if (this.take("IN")) {
      found = { op: "in", args: [left, ...this.list(this.expression)] };
    } else if (this.take("LIKE")) {
      found = { op: "like", args: [left, this.bits()] };
    } else if (not) {
      this.fail("expected BETWEEN, IN or LIKE");
    } else {
      return left;
    }
    return not ? { op: "not", args: [found] } : found;
  }

  bits() {
    let left = this.sum();
    for (;;) {
      const sign = ["&", "|", "^"].find((s) => this.take(s));
      if (!sign) return left;
      left = { op: "bits", sign, args: [left, this.sum()] };
    }
  }

  sum() {
    let left = this.product();
    for (;;) {
      const sign = ["+", "-", "||"].find((s) => this.take(s));
      if (!sign) return left;
      left = { op: sign === "||" ? "concat" : "arithmetic", sign,
        args: [left, this.product()] };
    }
  }

  product() {
    let left = this.unary();
    for (;;) {
      const sign = ["*", "/", "%", "DIV"].find((s) => this.take(s));
      if (!sign) return left;
      left = { op: "arithmetic", sign, args: [left, this.unary()] };
    }
  }

  unary() {
    if (this.take("-")) return { op: "minus", args: [this.unary()] };
    if (this.take("+")) return this.unary();
    let e = this.primary();
    while (this.take("::")) e = { op: "cast", args: [e], type: this.type() };
    return e;
  }

  number() {
    const { text } = this.t;
    this.i++;
    const m = /^(.*?)(BD|[LSYDF])?$/i.exec(text);
    const suffix = (m[2] ?? "").toUpperCase();
    const BY = { L: "BIGINT", S: "SMALLINT", Y: "TINYINT", D: "DOUBLE",
      F: "FLOAT" };
    if (BY[suffix]) return { op: "number", text: m[1], type: BY[suffix] };
    if (suffix === "" && /^\d+$/.test(m[1])) {
      const n = BigInt(m[1]);
      if (n < 1n << 31n) return { op: "number", text: m[1], type: "INT" };
      if (n < 1n << 63n) return { op: "number", text: m[1], type: "BIGINT" };
      if (m[1].length > 38)
        throw new LakeError("DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION", "22003",
          m[1]);
      return { op: "number", text: m[1], type: `DECIMAL(${m[1].length},0)` };
    }
    if (suffix === "" && /e/i.test(m[1]))
      return { op: "number", text: m[1], type: "DOUBLE" };
    const [whole, part = ""] = m[1].split(".");
    const digits = Math.max(1, whole.replace(/^0+/, "").length) + part.length;
    return { op: "number", text: m[1],
      type: `DECIMAL(${digits},${part.length})` };
  }

  primary() {
    const { t } = this;
    if (t.kind === "number") return this.number();
    if (t.kind === "string") return { op: "string", value: this.string() };
    if (t.kind === "binary")
      return { op: "binary", value: this.kind("binary") };
    if (t.kind === "marker")
      return { op: "marker", name: this.kind("marker") };
    if (t.kind === "sign" && t.text === "?")
      throw new LakeError("UNBOUND_SQL_PARAMETER", "42P02",
        "only named parameter markers");
    if (this.take("(")) {
      const e = this.peek("SELECT") || this.peek("WITH") ?
        { op: "subquery", query: this.query() } : this.expression();
      this.need(")");
      return e;
    }
    if (this.take("*")) return { op: "star" };
    if (t.kind === "word") {
      if (this.take("NULL")) return { op: "null" };
      if (this.take("TRUE")) return { op: "boolean", value: true };
      if (this.take("FALSE")) return { op: "boolean", value: false };
      if (this.take("CASE")) return this.conditional();
      const cast = ["CAST", "TRY_CAST"].find((w) => this.take(w, "("));
      if (cast) {
        const e = this.expression();
        this.need("AS");
        const type = this.type();
        this.need(")");
        return { op: cast === "CAST" ? "cast" : "try_cast", args: [e], type };
      }
      const typed = ["DATE", "TIMESTAMP", "TIMESTAMP_NTZ"].includes(t.upper) &&
        this.tokens[this.i + 1].kind === "string";
      if (typed) {
        this.i++;
        return { op: "cast", type: t.upper,
          args: [{ op: "string", value: this.string() }] };
      }
      if (this.tokens[this.i + 1].text === "(" &&
          (!RESERVED.has(t.upper) || ["LEFT", "RIGHT"].includes(t.upper)))
        return this.call();
    }
    const parts = this.path();
    return { op: "column", parts };
  }

  conditional() {
    const subject = this.peek("WHEN") ? null : this.expression();
    const branches = [];
    while (this.take("WHEN")) {
      const when = this.expression();
      this.need("THEN");
      branches.push([when, this.expression()]);
    }
    if (!branches.length) this.fail("expected WHEN");
    const other = this.take("ELSE") ? this.expression() : null;
    this.need("END");
    return { op: "case", subject, branches, other };
  }

  call() {
    const name = this.tokens[this.i++].text.toLowerCase();
    this.need("(");
    const distinct = this.take("DISTINCT");
    const args = this.peek(")") ? [] : this.items(this.expression);
    this.need(")");
    let filter = null;
    if (this.take("FILTER")) {
      this.need("(", "WHERE");
      filter = this.expression();
      this.need(")");
    }
    return { op: "call", name, distinct, args, filter };
  }

  // -------------------------------------------------------------- queries

  alias() {
    if (this.take("AS")) return this.name();
    if (this.t.kind === "name" ||
        (this.t.kind === "word" && !RESERVED.has(this.t.upper)))
      return this.name();
    return null;
  }

  item() {
    if (this.take("*")) return { star: [] };
    const begin = this.i;
    if (this.t.kind === "name" || this.t.kind === "word") {
      // a.*
      while (this.t.kind === "name" || this.t.kind === "word") {
        this.i++;
        if (!this.take(".")) break;
        if (this.take("*")) {
          const end = this.i;
          this.i = begin;
          const star = [];
          while (this.i < end - 1) {
            star.push(this.name());
            this.need(".");
          }
          this.i = end;
          return { star };
        }
      }
      this.i = begin;
    }
    const e = this.expression();
    if (this.take("AS")) return { e, alias: this.name() };
    const { t } = this;
    if (t.kind === "name" || (t.kind === "word" && !RESERVED.has(t.upper) &&
        !["REPLACE"].includes(t.upper)))
      return { e, alias: this.name() };
    return { e, alias: null };
  }

  // read_files('path', format => 'parquet', …)
  tableFunction() {
    const name = this.name().toLowerCase();
    this.need("(");
    const args = [];
    const named = {};
    do {
      if (this.t.kind === "word" && this.tokens[this.i + 1].text === "=>") {
        const key = this.name().toLowerCase();
        this.need("=>");
        named[key] = this.take("TRUE") ? "true" : this.take("FALSE") ?
          "false" : this.string();
      } else {
        args.push(this.string());
      }
    } while (this.take(","));
    this.need(")");
    return { kind: "function", name, args, named };
  }

  source() {
    let from;
    if (this.take("(")) {
      from = { kind: "query", query: this.query() };
      this.need(")");
    } else if (this.t.kind === "word" &&
        this.tokens[this.i + 1].text === "(") {
      from = this.tableFunction();
    } else {
      from = { kind: "table", parts: this.path() };
    }
    from.alias = this.take("AS") ? this.name() :
      this.t.kind === "name" || (this.t.kind === "word" &&
        !RESERVED.has(this.t.upper)) ? this.name() : null;
    return from;
  }

  select() {
    this.need("SELECT");
    const q = { kind: "select", distinct: this.take("DISTINCT") };
    q.items = this.items(this.item);
    q.from = [];
    if (this.take("FROM")) {
      q.from.push({ join: null, ...this.source() });
      for (;;) {
        const join = this.take("CROSS", "JOIN") ? "CROSS JOIN" :
          this.take("LEFT", "JOIN") || this.take("LEFT", "OUTER", "JOIN") ?
            "LEFT JOIN" :
            this.take("FULL", "OUTER", "JOIN") ? "FULL JOIN" :
              this.take("INNER", "JOIN") || this.take("JOIN") ? "JOIN" : null;
        if (!join) break;
        const one = { ...this.source(), join };
        if (join !== "CROSS JOIN") {
          this.need("ON");
          one.on = this.expression();
        }
        q.from.push(one);
      }
    }
    if (this.take("WHERE")) q.where = this.expression();
    if (this.take("GROUP", "BY")) q.group = this.items(this.expression);
    if (this.take("HAVING")) q.having = this.expression();
    return q;
  }

  query() {
    let q = this.select();
    while (this.take("UNION", "ALL"))
      q = { kind: "union", left: q, right: this.select() };
    if (this.take("ORDER", "BY"))
      q.order = this.items(function one() {
        const e = this.expression();
        const down = this.take("DESC") || (this.take("ASC"), false);
        return { e, down };
      });
    if (this.take("LIMIT")) q.limit = this.integer();
    return q;
  }

  // ----------------------------------------------------------- statements

  copy() {
    const s = { kind: "copy", table: this.path(), byPosition: false,
      columns: null };
    if (this.take("BY", "POSITION")) s.byPosition = true;
    else if (this.peek("(")) s.columns = this.list(this.name);
    this.need("FROM");
    const source = () => {
      s.source = this.string("the source as a string literal");
      if (!this.take("WITH")) return;
      this.need("(");
      if (this.take("CREDENTIAL")) {
        if (this.take("(")) {
          const key = this.name().toUpperCase();
          if (key !== "AZURE_SAS_TOKEN")
            this.fail(`credential ${key} is not for Azure`);
          this.need("=");
          s.sas = this.string();
          this.need(")");
        } else {
          s.credential = this.name();
        }
      }
      if (this.take("ENCRYPTION")) this.fail("no encryption here");
      this.need(")");
    };
    if (this.take("(")) {
      this.need("SELECT");
      s.items = this.items(this.item);
      this.need("FROM");
      source();
      if (this.peek("GROUP") || this.peek("WHERE") || this.peek("ORDER"))
        throw new LakeError("COPY_INTO_SYNTAX_ERROR", "42601",
          "only a list of expressions may stand in COPY INTO's SELECT");
      this.need(")");
    } else {
      source();
    }
    this.need("FILEFORMAT", "=");
    s.format = this.oneOf(["CSV", "JSON", "AVRO", "PARQUET"]);
    if (this.take("VALIDATE")) {
      if (this.take("ALL")) {
        s.validate = Infinity;
      } else {
        s.validate = this.integer();
        this.need("ROWS");
        if (s.validate === 0)
          throw new LakeError("COPY_INTO_SYNTAX_ERROR.VALIDATE_INVALID_ROWS",
            "42601", "VALIDATE 0 ROWS");
      }
    }
    if (this.take("FILES")) {
      this.need("=");
      s.files = this.list(this.string);
    } else if (this.take("PATTERN")) {
      this.need("=");
      s.pattern = this.string();
    }
    s.options = this.take("FORMAT_OPTIONS") ? this.pairs() : {};
    s.copyOptions = this.take("COPY_OPTIONS") ? this.pairs() : {};
    return s;
  }

  column() {
    const c = { name: this.name(), type: this.type(), nullable: true };
    for (;;) {
      if (this.take("NOT", "NULL")) c.nullable = false;
      else if (this.take("COMMENT")) c.comment = this.string();
      else return c;
    }
  }

  createTable(replace) {
    const s = { kind: "create", replace,
      ifMissing: this.take("IF", "NOT", "EXISTS") };
    if (replace && s.ifMissing) this.fail("OR REPLACE with IF NOT EXISTS");
    s.table = this.path();
    s.columns = this.peek("(") ? this.list(this.column) : [];
    s.properties = {};
    for (;;) {
      if (this.take("USING"))
        s.using = this.oneOf(["DELTA", "PARQUET", "CSV", "JSON", "AVRO"]);
      else if (this.take("OPTIONS"))
        s.options = this.pairs({ bare: true, equals: false });
      else if (this.take("LOCATION")) s.location = this.string();
      else if (this.take("COMMENT")) s.comment = this.string();
      else if (this.take("TBLPROPERTIES")) s.properties = this.pairs();
      else if (this.take("CLUSTER", "BY")) s.cluster = this.list(this.name);
      else break;
    }
    if (this.take("AS")) s.query = this.query();
    return s;
  }

  createConnection() {
    const s = { kind: "connection",
      ifMissing: this.take("IF", "NOT", "EXISTS"), name: this.name() };
    this.need("TYPE");
    s.type = this.name().toLowerCase();
    this.need("OPTIONS");
    s.options = this.pairs({ bare: true, equals: false, value() {
      if (!this.take("SECRET")) return { text: this.string() };
      const [scope, key] = this.list(this.string);
      if (key === undefined) this.fail("secret() takes a scope and a key");
      return { scope, key };
    } });
    if (this.take("COMMENT")) s.comment = this.string();
    return s;
  }

  create() {
    const replace = this.take("OR", "REPLACE");
    if (this.take("TABLE")) return this.createTable(replace);
    if (this.take("VIEW")) {
      const s = { kind: "view", replace,
        ifMissing: this.take("IF", "NOT", "EXISTS"), table: this.path() };
      if (this.take("COMMENT")) s.comment = this.string();
      this.need("AS");
      s.query = this.query();
      return s;
    }
    if (replace) this.fail();
    if (this.take("CONNECTION")) return this.createConnection();
    if (this.take("FOREIGN", "CATALOG")) {
      const s = { kind: "foreign",
        ifMissing: this.take("IF", "NOT", "EXISTS"), name: this.name() };
      this.need("USING", "CONNECTION");
      s.connection = this.name();
      if (this.take("COMMENT")) s.comment = this.string();
      this.need("OPTIONS");
      s.options = this.pairs({ bare: true, equals: false });
      return s;
    }
    if (this.take("SCHEMA"))
      return { kind: "schema", ifMissing: this.take("IF", "NOT", "EXISTS"),
        name: this.path() };
    return this.fail();
  }

  insert() {
    const s = { kind: "insert" };
    s.overwrite = this.oneOf(["INTO", "OVERWRITE"]) === "OVERWRITE";
    this.take("TABLE");
    s.table = this.path();
    if (this.peek("(")) s.columns = this.list(this.name);
    if (this.take("BY", "NAME")) s.byName = true;
    if (this.take("REPLACE", "WHERE")) s.where = this.expression();
    if (this.take("VALUES"))
      s.values = this.items(function row() {
        return this.list(this.expression);
      });
    else s.query = this.query();
    return s;
  }

  assignments() {
    return this.items(function one() {
      const column = this.path();
      this.need("=");
      return { column, e: this.expression() };
    });
  }

  merge() {
    this.need("INTO");
    const s = { kind: "merge", table: this.path(), alias: null, whens: [] };
    s.alias = this.alias();
    this.need("USING");
    s.source = this.source();
    this.need("ON");
    s.on = this.expression();
    while (this.take("WHEN")) {
      const w = { matched: !this.take("NOT") };
      this.need("MATCHED");
      if (!w.matched && this.take("BY")) this.need("TARGET");
      if (this.take("AND")) w.and = this.expression();
      this.need("THEN");
      if (w.matched && this.take("DELETE")) {
        w.does = "delete";
      } else if (w.matched) {
        this.need("UPDATE", "SET");
        w.does = "update";
        if (this.take("*")) w.all = true;
        else w.set = this.assignments();
      } else {
        this.need("INSERT");
        w.does = "insert";
        if (this.take("*")) {
          w.all = true;
        } else {
          w.columns = this.list(this.path);
          this.need("VALUES");
          w.values = this.list(this.expression);
          if (w.values.length !== w.columns.length)
            throw new LakeError("INSERT_COLUMN_ARITY_MISMATCH", "21S01",
              "as many values as columns");
        }
      }
      s.whens.push(w);
    }
    if (!s.whens.length) this.fail("expected WHEN");
    return s;
  }

  alter() {
    this.need("TABLE");
    const s = { kind: "alter", table: this.path() };
    if (this.take("RENAME", "TO")) {
      s.rename = this.path();
    } else if (this.take("SET", "TBLPROPERTIES")) {
      s.properties = this.pairs();
    } else if (this.take("ADD", "COLUMNS") || this.take("ADD", "COLUMN")) {
      s.add = this.peek("(") ? this.list(this.column) :
        this.items(this.column);
    } else {
      this.fail("expected ADD COLUMN, RENAME TO or SET TBLPROPERTIES");
    }
    return s;
  }

  describe() {
    if (this.take("HISTORY")) {
      const s = { kind: "history", table: this.path() };
      if (this.take("LIMIT")) s.limit = this.integer();
      return s;
    }
    if (this.take("CONNECTION"))
      return { kind: "describe_connection", name: this.name() };
    if (this.take("CATALOG")) {
      this.take("EXTENDED");
      return { kind: "describe_catalog", name: this.name() };
    }
    this.take("TABLE");
    const extended = this.take("EXTENDED");
    return { kind: "describe", extended, table: this.path() };
  }

  drop() {
    const what = this.oneOf(["TABLE", "VIEW", "CONNECTION", "CATALOG"]);
    const s = { kind: "drop", what, ifThere: this.take("IF", "EXISTS") };
    s.table = this.path();
    if (what === "CATALOG") this.take("CASCADE");
    return s;
  }

  statement() {
    if (this.take("COPY", "INTO")) return this.copy();
    if (this.peek("SELECT")) return { kind: "query", query: this.query() };
    if (this.take("CREATE")) return this.create();
    if (this.take("DROP")) return this.drop();
    if (this.take("INSERT")) return this.insert();
    if (this.take("MERGE")) return this.merge();
    if (this.take("ALTER")) return this.alter();
    if (this.take("DESCRIBE") || this.take("DESC")) return this.describe();
    if (this.take("TRUNCATE", "TABLE"))
      return { kind: "delete", table: this.path(), where: null };
    if (this.take("DELETE", "FROM")) {
      const s = { kind: "delete", table: this.path(), where: null };
      if (this.take("WHERE")) s.where = this.expression();
      return s;
    }
    return this.fail();
  }
}

// One statement; a semicolon may end it.
export function parse(text) {
  const p = new Parser(text);
  if (p.t.kind === "end")
    throw bad("Syntax error, unexpected empty statement");
  const s = p.statement();
  p.take(";");
  if (p.t.kind !== "end") p.fail("one statement");
  return s;
}
