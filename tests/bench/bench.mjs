// tests/bench/bench.mjs: the agent and its peers, on the same rows and into the
// same places; see README.md and tests/bench/run.
//
// All cases of all targets run one after another, then all of them again: what
// else the machine does then hits everybody. Each target has its own floor (see
// floor.c), measured in the same series, and what is printed are ratios to it.

import { execFileSync, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { cases } from "./cases.mjs";
import { report } from "./report.mjs";
import { clean, database, duck, duckTable, made, plain, ROWS, RUNS, scratch,
  SECONDS } from "./setup.mjs";
import { targets } from "./targets.mjs";

const ONLY = new RegExp(process.argv[2] ?? "");
const LATE_SECONDS = 90;
const READ_THREADS = [1, 2];
const READ_ROUNDS = 5;

let running = null;

function stopRunning() {
  if (running) process.kill(-running.pid, "SIGKILL");
}

// Runs a program in a group of its own, that goes as a whole when it is late:
// { said, errors }.
async function runGroup(program, args, env) {
  const child = spawn(program, args, {
    env: { ...process.env, LC_ALL: "C.UTF-8", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  running = child;
  const late = setTimeout(stopRunning, LATE_SECONDS * 1000);
  let said = "";
  let errors = "";
  child.stdout.on("data", (d) => { said += d; });
  child.stderr.on("data", (d) => { errors += d; });
  await new Promise((done) => child.once("close", done));
  clearTimeout(late);
  running = null;
  return { said, errors };
}

// What a peer's interpreter took to start isn't its work.
function without(result, before) {
  return { ...result, cpu: result.cpu - before.cpu,
    wall: result.wall - before.wall, before };
}

// One run: { wall, cpu, server, private, ... }, or a text that says what failed.
async function measure(one, target, db) {
  const out = join(scratch, "out");
  const args = [out];
  target.before?.(one);
  one.stages(target, db, one).forEach((stage, i) =>
    args.push(...(i > 0 ? ["|"] : []), ...stage));
  const before = target.spent();
  const { said, errors } =
    await runGroup(join(made, "measure"), args, one.env(target));
  const server = target.spent() - before;
  const taken = await target.take(one);
  try {
    const result = { ...JSON.parse(said), ...taken, server };
    const text = readFileSync(out, "utf8");
    if (!result.ok || (one.check && !one.check(text)))
      return errors.trim() || "it failed without a word";
    return one.before ? without(result, one.before(text)) : result;
  } catch {
    return errors.trim() || `it was stopped after ${LATE_SECONDS} s`;
  }
}

// Which cases each target has, and that target, started.
async function chosen() {
  const results = []; // { target, one, at, runs, failure }
  for (const target of targets) {
    const here = cases.filter((one) => one.into.includes(target.name));
    const named = here.filter((one) => one.who !== "floor" &&
      one.who !== "note" && ONLY.test(`${target.name}: ${one.name}`));
    if (named.length === 0) continue;
    const at = await target.start(target.name);
    for (const one of here)
      if (named.includes(one) || one.who === "floor" || one.who === "note")
        results.push({ target: target.name, one, at, runs: [] });
  }
  return results;
}

async function rounds(results, db) {
  const begun = Date.now();
  let last = 0;
  for (let round = 0; round < RUNS; round++) {
    const spent = Date.now() - begun;
    if (round > 0 && (spent + last) / 1000 > SECONDS) {
      console.error(`bench: ${round} rounds of ${RUNS}; time is up`);
      break;
    }
    let at = null;
    for (const r of results) {
      if (r.failure || (r.one.once && round > 0)) continue;
      if (r.at !== at) await (at = r.at).begin();
      const got = await measure(r.one, r.at, db);
      if (typeof got === "string") {
        r.failure = got;
        console.error(`bench: ${r.target}: ${r.one.name}: ${got}`);
      } else {
        r.runs.push(got);
      }
      process.stderr.write(".");
    }
    last = Date.now() - begun - spent;
    process.stderr.write(` round ${round + 1}: ${(last / 1000).toFixed(0)} s\n`);
  }
}

// Parquet files as DuckDB sees them: { groups, columns, differ, times }.
function inspect(results, db) {
  const files = results.filter((r) => r.one.file?.format === "parquet" &&
    r.runs.at(-1)?.files?.length > 0);
  if (files.length === 0) return;
  const job = { truth: duckTable(db), threads: READ_THREADS,
    rounds: Math.max(READ_ROUNDS, RUNS),
    files: files.map((r) => r.runs.at(-1).files) };
  process.stderr.write(`reading ${files.length} files\n`);
  const found = JSON.parse(execFileSync(duck[0], [...duck.slice(1), "inspect"],
    { input: JSON.stringify(job), encoding: "utf8", maxBuffer: 1 << 26 }));
  files.forEach((r, i) => { r.read = found[i]; });
}

async function main() {
  const load = loadavg()[0].toFixed(1);
  const db = database();
  const results = await chosen();
  if (results.length === 0) throw new Error(`no case fits ${ONLY}`);
  if (results.some((r) => r.target === "folder")) duckTable(db);
  // The file into the page cache, and the processor out of its sleep.
  for (let i = 0; i < 2; i++)
    execFileSync(join(made, "floor"), [db, plain]);
  await rounds(results, db);
  inspect(results, db);
  const text = report(results, ROWS, load);
  writeFileSync(join(made, "result.md"), text);
  process.stdout.write(`${text}\nbuild/bench/result.md has this as well.\n`);
}

async function end() {
  stopRunning();
  await clean();
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
  process.on(signal, () => end().finally(() => process.exit(130)));
try {
  await main();
} finally {
  await end();
}
