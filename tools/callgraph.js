// tools/callgraph.js: who calls whom in a build, and how deep the stack gets;
// for tools/size-report.
//
// gcc -fcallgraph-info=su leaves a .ci file beside each object: functions with
// the bytes of their frames, calls with their place in the source. A call
// through a pointer has a place only, so the source is read there: x->drain(x)
// may reach every function that is somewhere assigned to a field of the name
// `drain` and takes as many arguments; convert(x) every function of that number
// of arguments whose name is used as a value in that file or passed to the
// caller. That is more than can happen, never less, as long as it finds one.
"use strict";
const fs = require("fs");
const path = require("path");

const walk = (dir, ending) =>
  !fs.existsSync(dir) ? [] :
    fs.readdirSync(dir, { withFileTypes: true }).flatMap((e) =>
      e.isDirectory() ? walk(path.join(dir, e.name), ending) :
        e.name.endsWith(ending) ? [path.join(dir, e.name)] : []);

// Comments and the insides of strings become blanks; places stay places.
const blank = (text) => text.replace(
  /\/\*[^]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g, (m) =>
    m[0] === "/" ? m.replace(/[^\n]/g, " ") : m[0] + " ".repeat(m.length - 2) +
      m[0]);

const sources = new Map();
function source(file) {
  if (!sources.has(file))
    sources.set(file, fs.existsSync(file) ?
      blank(fs.readFileSync(file, "utf8")) : "");
  return sources.get(file);
}

function offsetOf(text, line, column) {
  let at = 0;
  for (let i = 1; i < line; i++) at = text.indexOf("\n", at) + 1;
  return at + column - 1;
}

// From the "{" at `open` to its "}".
function braces(text, open) {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === "{") depth++;
    else if (text[i] === "}" && --depth === 0) return text.slice(open, i + 1);
  }
  return text.slice(open);
}

// Arguments of what begins with the "(" at `open`.
function count(text, open) {
  let depth = 0, commas = 0, some = false;
  for (let i = open; i < text.length; i++) {
    const c = text[i];
    if ("([{".includes(c)) depth++;
    else if (")]}".includes(c)) {
      if (--depth === 0) return some ? commas + 1 : 0;
    } else if (c === "," && depth === 1) commas++;
    if (depth >= 1 && i > open && /\S/.test(c) && c !== ",") some = true;
  }
  return -1;
}

function readGraph(folder) {
  const nodes = new Map(); // title -> node
  const graph = { nodes, unresolved: new Set() };
  // Libraries are others' to answer for, and tests are in no image.
  const files = walk(folder, ".ci").filter((f) => !/\/(deps|tests)\//.test(f));
  for (const file of files) {
    for (const line of fs.readFileSync(file, "utf8").split("\n")) {
      const n = /^node: \{ title: "([^"]+)" label: "([^"]*)"/.exec(line);
      if (n && n[1] !== "__indirect_call") {
        const [name, place, frame] = n[2].split("\\n");
        const bytes = /^(\d+) bytes \((.*)\)/.exec(frame ?? "");
        const known = nodes.get(n[1]);
        if (!known)
          nodes.set(n[1], { title: n[1], name: name.split(".")[0], place,
            frame: null, calls: new Set(), through: new Set() });
        if (bytes) {
          const node = nodes.get(n[1]);
          Object.assign(node, { place, frame: Number(bytes[1]),
            dynamic: bytes[2] });
        }
      }
      const e = /^edge: .*sourcename: "([^"]+)" targetname: "([^"]+)"(?: label: "([^"]+)")?/
        .exec(line);
      if (!e) continue;
      const from = nodes.get(e[1]) ?? { calls: new Set(), through: new Set() };
      if (e[2] === "__indirect_call") from.through.add(e[3]);
      else from.calls.add(e[2]);
    }
  }
  return graph;
}

// Fields of each struct with the struct they are or point to: "rn_part" ->
// { uploader: "rn_uploader", ... }. Structs inside without a name of their own
// add their fields to the outer one's, by a path that is not kept.
function structs(files) {
  const found = new Map();
  for (const file of files)
    for (const m of source(file).matchAll(/\bstruct\s+(\w+)\s*\{/g)) {
      const body = braces(source(file), m.index + m[0].length - 1);
      const fields = found.get(m[1]) ?? new Map();
      for (const f of body.matchAll(
        /\bstruct\s+(\w+)\s*((?:[*\s]|const\b)*\w+[^;{]*);/g))
        for (const name of f[2].split(","))
          fields.set(/(\w+)\s*(\[[^\]]*\])*\s*$/.exec(name)?.[1], f[1]);
      for (const f of body.matchAll(/\(\*\s*(\w+)\)/g))
        fields.set(f[1], "()");
      found.set(m[1], fields);
    }
  return found;
}

// The struct that the last name of a path belongs to: of u->store->cls->start
// rn_store_class. null when it cannot be told.
function owner(graph, text, at, names) {
  const [root, ...rest] = names;
  const pattern = new RegExp(`\\bstruct\\s+(\\w+)\\s*(?:[*\\s]|const\\b)*` +
    `(?:\\w+(?:\\s*=[^,;]*)?,\\s*\\*?)*\\b${root}\\b`, "g");
  let type = null;
  for (const m of text.slice(0, at).matchAll(pattern)) type = m[1];
  if (type === null)
    for (const file of graph.files) {
      const m = new RegExp(`\\bstruct\\s+(\\w+)\\s*(?:[*\\s]|const\\b)*` +
        `\\b${root}\\s*(\\[|=|;)`).exec(source(file));
      if (m) type = m[1];
    }
  for (const name of rest.slice(0, -1)) type = graph.structs.get(type)?.get(name);
  return type && graph.structs.get(type)?.has(rest.at(-1)) ? type : null;
}

const PATH = "\\w+(?:\\[[^\\]]*\\])?(?:\\s*(?:->|\\.)\\s*\\w+(?:\\[[^\\]]*\\])?)*";
const split = (p) => p.replace(/\[[^\]]*\]/g, "").split(/\s*(?:->|\.)\s*/);

// What may be called through a pointer: for each field of a struct, for each
// field by name alone, and as a plain value.
function pointers(graph) {
  const byName = new Map();
  for (const n of graph.nodes.values())
    if (n.frame !== null)
      byName.set(n.name, [...(byName.get(n.name) ?? []), n]);
  // The function of that name as this file sees it.
  const seen = (name, file) => (byName.get(name) ?? []).filter((n) =>
    !n.title.includes(":") || n.title.startsWith(`${file}:`));
  const fields = new Map(); // "struct.field" and "field" -> Set of nodes
  const values = new Map(); // file -> Set of nodes
  const given = new Map(); // "struct.field" -> Set of files that assign to it
                           // what they were handed
  const home = new Map(); // name of a global function -> its file
  for (const n of graph.nodes.values())
    if (n.frame !== null && !n.title.includes(":"))
      home.set(n.name, n.place.split(":")[0]);
  const add = (map, key, ...list) => {
    if (list.length > 0)
      map.set(key, new Set([...(map.get(key) ?? []), ...list]));
  };
  graph.files = ["include", "agent", "port", "boards"].flatMap((d) =>
    [...walk(d, ".h"), ...walk(d, ".c")]);
  graph.structs = structs(graph.files);
  for (const file of graph.files) {
    const text = source(file);
    const set = new RegExp(`(${PATH})?(?:\\.|->)(\\w+)\\s*=\\s*&?(\\w+)\\b` +
      "(?!\\s*[(.[\\w-])", "g");
    for (const m of text.matchAll(set)) {
      const targets = seen(m[3], file);
      add(fields, m[2], ...targets);
      let type = null;
      if (m[1]) {
        type = owner(graph, text, m.index, [...split(m[1]), m[2]]);
      } else { // in braces: the struct that was named last before them
        const before = text.slice(0, m.index);
        for (const t of before.matchAll(/\bstruct\s+(\w+)[^;{}]*\{/g))
          type = t[1];
      }
      add(fields, `${type}.${m[2]}`, ...targets);
      if (targets.length === 0 && graph.structs.get(type)?.get(m[2]) === "()")
        add(given, `${type}.${m[2]}`, file);
    }
    for (const m of text.matchAll(/(?<=[{(,=?:]\s*)&?(\w+)(?=\s*[,);}:])/g))
      add(values, file, ...seen(m[1], file));
    // Without names of fields: any of the struct's.
    for (const m of text.matchAll(
      /\bstruct\s+(\w+)[^;{}()]*=\s*\{|\(struct\s+(\w+)\)\s*\{/g))
      for (const w of braces(text, m.index + m[0].length - 1).matchAll(
        /(?<=[{,]\s*)&?(\w+)\s*(?=[,}])/g))
        add(fields, `${m[1] ?? m[2]}.*`, ...seen(w[1], file));
    // What is handed to a function of another file may be called there.
    for (const m of text.matchAll(/\b(\w+)\s*\(([^;{}]*)/g))
      if (home.has(m[1]) && home.get(m[1]) !== file)
        for (const w of m[2].matchAll(/(?<=^|[,(])\s*&?(\w+)\s*(?=[,)])/g))
          add(values, home.get(m[1]), ...seen(w[1], file));
  }
  for (const [field, files] of given)
    for (const file of files) add(fields, field, ...(values.get(file) ?? []));
  return { seen, fields, values };
}

function parameters(node) {
  const [file, line, column] = node.place.split(":");
  const text = source(file);
  const open = text.indexOf("(", offsetOf(text, Number(line), Number(column)));
  const inside = text.slice(open, open + 20);
  return /^\(\s*void\s*\)/.test(inside) ? 0 : count(text, open);
}

// The call through a pointer at this place: { names: of its path, n: arguments,
// at }. The compiler's column is that of the call's path or of its last name.
function callAt(file, line, column, seen) {
  const text = source(file);
  const at = offsetOf(text, line, column);
  const start = text.lastIndexOf("\n", at) + 1;
  const call = new RegExp(`(${PATH})\\s*\\(`, "g");
  call.lastIndex = start;
  for (let m; (m = call.exec(text)) && m.index < at + 200;) {
    const names = split(m[1]);
    const open = m.index + m[0].length - 1;
    // Inside of a macro's or another call's arguments there may be one, too.
    call.lastIndex = open + 1;
    const known = names.length === 1 && (seen(names[0], file).length > 0 ||
      new RegExp(`^\\w.*\\b${names[0]}\\(`, "m").test(text) || /^([A-Z_0-9]+|if|for|while|return|sizeof|switch)$/.test(names[0]));
    if (open < at || known) continue;
    return { names, n: count(text, open), at: m.index };
  }
  return null;
}

// Fill in the calls that go through pointers.
function resolve(graph) {
  const { seen, fields, values } = pointers(graph);
  const all = new Set([...values.values()].flatMap((s) => [...s]));
  for (const node of graph.nodes.values())
    for (const place of node.through) {
      const [file, line, column] = place.split(":");
      const text = source(file);
      const c = callAt(file, Number(line), Number(column), seen);
      const fit = (list) => [...(list ?? [])]
        .filter((t) => parameters(t) === c.n);
      let targets = [];
      if (c && c.names.length > 1) {
        const type = owner(graph, text, c.at, c.names);
        targets = fit(fields.get(`${type}.${c.names.at(-1)}`));
        if (targets.length === 0) targets = fit(fields.get(`${type}.*`));
        if (targets.length === 0) targets = fit(fields.get(c.names.at(-1)));
      }
      if (c && targets.length === 0) targets = fit(values.get(file));
      if (c?.names.length === 1 && targets.length === 0) targets = fit(all);
      if (targets.length === 0)
        graph.unresolved.add(`${place} ${c?.names.join(".") ?? ""}`);
      for (const t of targets) node.calls.add(t.title);
    }
  return graph;
}

// Strongly connected parts (Tarjan), callees before callers. It has a stack of
// its own, so that a deep graph is no matter.
function parts(graph, calls) {
  const index = new Map(), low = new Map(), open = [], on = new Set();
  const found = [];
  const step = (work) => {
    const top = work[work.length - 1];
    const next = top.calls.next();
    if (!next.done) {
      const to = next.value;
      if (!graph.nodes.has(to)) return;
      if (!index.has(to)) work.push(enter(to));
      else if (on.has(to))
        low.set(top.v, Math.min(low.get(top.v), index.get(to)));
      return;
    }
    work.pop();
    const above = work[work.length - 1];
    if (above) low.set(above.v, Math.min(low.get(above.v), low.get(top.v)));
    if (low.get(top.v) !== index.get(top.v)) return;
    const part = [];
    for (let w; w !== top.v;) {
      w = open.pop();
      on.delete(w);
      part.push(w);
    }
    found.push(part);
  };
  const enter = (v) => {
    index.set(v, index.size);
    low.set(v, index.get(v));
    open.push(v);
    on.add(v);
    return { v, calls: calls(graph.nodes.get(v))[Symbol.iterator]() };
  };
  for (const v of graph.nodes.keys())
    if (!index.has(v))
      for (const work = [enter(v)]; work.length > 0;) step(work);
  return found;
}

// The functions of each circle of calls, those through `cut` left out.
function circles(graph, cut) {
  const calls = (n) => n.title === cut ? [] : n.calls;
  return parts(graph, calls).filter((p) => p.length > 1 ||
    graph.nodes.get(p[0]).calls.has(p[0]));
}

// The deepest chain of frames below each function, as a map: title ->
// { bytes, next }. Calls from `cut` are left out and count `more` bytes instead.
function depths(graph, cut, more = 0) {
  const best = new Map();
  const calls = (n) => n.title === cut ? [] : n.calls;
  for (const part of parts(graph, calls)) {
    const inside = new Set(part);
    let below = { bytes: 0, title: null };
    for (const v of part)
      for (const to of calls(graph.nodes.get(v)))
        if (!inside.has(to) && best.has(to) && best.get(to).bytes > below.bytes)
          below = { bytes: best.get(to).bytes, title: to };
    const own = part.reduce((n, v) => n + (graph.nodes.get(v).frame ?? 0) +
      (v === cut ? more : 0), 0);
    for (const v of part)
      best.set(v, { bytes: own + below.bytes, next: below.title });
  }
  return best;
}

function chain(best, root) {
  const names = [];
  for (let v = root; v && best.has(v); v = best.get(v).next) names.push(v);
  return names;
}

module.exports = { readGraph, resolve, circles, depths, chain };
