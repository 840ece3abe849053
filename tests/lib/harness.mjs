// tests/lib/harness.mjs: a small test harness, and how tests run the agent.
//
//   import { test, after, tmpdir, runnel, assert } from "../lib/harness.mjs";
//
//   test("a bad job file is one clear line", async () => {
//     const r = await runnel(["run", "nowhere.ini"]);
//     assert.equal(r.code, 2);
//   });
//
// tests/lib/run.mjs imports a test file and then calls runAll(): tests run one
// after another in the order of the file. RUNNEL names the program; ONLY=text
// picks the tests whose name contains it.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir as systemTmp } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";

export { assert };

export const top = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

// Node 18, which Debian 12 has, keeps this to itself; Azure's library wants it.
globalThis.crypto ??= webcrypto;

// Packages live under build/, where a plain import would not look.
export const require = createRequire(join(top, "build", "package.json"));

export const program = resolve(process.env.RUNNEL ?? join(top, "build/runnel"));

const tests = [];
const afterFile = [];
let cleanups = [];

// A test that this build or machine cannot have is named instead of run.
let skips = 0;
export function skip(name, why) {
  skips++;
  console.log(`skipped: ${name}: ${why}`);
}

// test(name, fn) or test(name, { timeout: seconds }, fn)
export function test(name, options, fn) {
  if (typeof options === "function") [options, fn] = [{}, options];
  tests.push({ name, fn, timeout: options.timeout ?? 120 });
}

// Run when the file's tests are done, last registered first.
export function after(fn) {
  afterFile.push(fn);
}

// Run when the current test is done (outside of a test: the file).
export function cleanup(fn) {
  cleanups.push(fn);
}

// A fresh folder, removed when the test is done.
export function tmpdir(prefix = "runnel-") {
  const dir = mkdtempSync(join(systemTmp(), prefix));
  // A browser that has ended may still have a file to write.
  cleanup(() => rmSync(dir, { recursive: true, force: true, maxRetries: 20,
    retryDelay: 100 }));
  return dir;
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// Start a program; give back its process at once and its result as a promise:
// { code, signal, stdout, stderr, out, seconds }. `out` is stdout as bytes. It
// is killed when the test ends before it does, and after `timeout` seconds.
export function start(command, args, options = {}) {
  const { env = {}, cwd, input, timeout = 100, stdio } = options;
  const begun = process.hrtime.bigint();
  const child = spawn(command, args, {
    cwd,
    // A value of undefined takes the variable away.
    env: { ...process.env, ...env },
    stdio: stdio ?? ["pipe", "pipe", "pipe"],
  });
  const out = [];
  const err = [];
  child.stdout?.on("data", (d) => out.push(d));
  child.stderr?.on("data", (d) => err.push(d));
  child.stdin?.on("error", () => {}); // it may end without reading
  if (input !== null) child.stdin?.end(input ?? "");
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill("SIGKILL");
  }, timeout * 1000);
  const done = new Promise((fulfil, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const result = {
        code,
        signal,
        out: Buffer.concat(out),
        stdout: Buffer.concat(out).toString(),
        stderr: Buffer.concat(err).toString(),
        seconds: Number(process.hrtime.bigint() - begun) / 1e9,
      };
      if (timedOut)
        reject(new Error(`${command} ${args.join(" ")}: still running after ` +
          `${timeout} s\n${result.stderr.slice(-2000)}`));
      else fulfil(result);
    });
  });
  done.catch(() => {}); // whoever awaits it hears of it
  cleanup(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await done.catch(() => {});
    }
  });
  return { child, done, stderr: () => Buffer.concat(err).toString() };
}

export const run = (command, args, options) =>
  start(command, args, options).done;

// The agent itself.
export const startRunnel = (args, options) => start(program, args, options);
export const runnel = (args, options) => startRunnel(args, options).done;

async function unwind(list) {
  const problems = [];
  for (const fn of list.reverse()) {
    try {
      await fn();
    } catch (e) {
      problems.push(e);
    }
  }
  return problems;
}

function withTimeout(promise, seconds) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${seconds} s`)),
      seconds * 1000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// Bounded: a comparison of two whole files says no more than its beginning.
function describe(e) {
  const text = e instanceof assert.AssertionError ? e.message :
    e?.stack ?? String(e);
  const limit = 3000;
  return text.length <= limit ? text :
    `${text.slice(0, limit)}\n... and ${text.length - limit} characters more`;
}

// Returns the number of failed tests.
export async function runAll(file) {
  const only = process.env.ONLY;
  const chosen = tests.filter((t) => !only || t.name.includes(only));
  afterFile.push(...cleanups); // what was set up outside of any test
  let failed = 0;
  for (const t of chosen) {
    cleanups = [];
    const begun = Date.now();
    let problems = [];
    try {
      await withTimeout(Promise.resolve().then(t.fn), t.timeout);
    } catch (e) {
      problems.push(e);
    }
    problems = problems.concat(await unwind(cleanups));
    const seconds = ((Date.now() - begun) / 1000).toFixed(1);
    if (problems.length === 0) {
      console.log(`ok ${t.name} (${seconds} s)`);
    } else {
      failed++;
      console.log(`FAIL ${t.name}: ` +
        problems.map(describe).join("\n").replaceAll("\n", "\n    "));
    }
  }
  let passed = chosen.length - failed;
  for (const e of await unwind(afterFile)) {
    failed++;
    console.log(`FAIL ${file}: ${describe(e).replaceAll("\n", "\n    ")}`);
  }
  // A file without tests proves nothing; say so instead of passing.
  if (tests.length === 0 && skips === 0) {
    failed++;
    console.log(`FAIL ${file}: no tests in it`);
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed;
}
