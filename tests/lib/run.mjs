// tests/lib/run.mjs: runs the end-to-end tests, each file in its own process.
//
//   node tests/lib/run.mjs [name or file]...     all of tests/e2e by default
//
// A file's output comes when it is done; what failed is repeated at the end,
// before the line with the counts. JOBS files run at once (default 3: often one
// of them waits).

import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const folder = resolve(here, "../e2e");
const FILE_SECONDS = Number(process.env.FILE_SECONDS ?? 900);

const groups = new Set();
const killGroup = (pid) => {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // gone already
  }
};
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
  process.on(signal, () => {
    groups.forEach(killGroup);
    process.exit(130);
  });

async function one(file) {
  const { runAll } = await import("./harness.mjs");
  await import(pathToFileURL(resolve(file)).href);
  const failed = await runAll(basename(file));
  process.exit(failed > 0 ? 1 : 0);
}

function find(wanted) {
  if (wanted.endsWith(".mjs") && existsSync(wanted)) return resolve(wanted);
  const file = join(folder, `${wanted}.test.mjs`);
  if (existsSync(file)) return file;
  console.error(`no such test file: ${wanted}`);
  process.exit(2);
}

const all = () =>
  !existsSync(folder) ? [] :
    readdirSync(folder).filter((f) => f.endsWith(".test.mjs")).sort()
      .map((f) => join(folder, f));

function inProcess(file) {
  const begun = Date.now();
  return new Promise((done) => {
    const child = spawn(process.execPath,
      [fileURLToPath(import.meta.url), "--one", file],
      // A group of its own, so that whatever it started goes with it.
      { stdio: ["ignore", "pipe", "pipe"], detached: true });
    groups.add(child.pid);
    let text = "";
    child.stdout.on("data", (d) => (text += d));
    child.stderr.on("data", (d) => (text += d));
    const timer = setTimeout(() => {
      text += `\nFAIL ${basename(file)}: no end after ${FILE_SECONDS} s\n`;
      killGroup(child.pid);
    }, FILE_SECONDS * 1000);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      groups.delete(child.pid);
      const counts = /^(\d+) passed, (\d+) failed$/m.exec(text);
      let passed = Number(counts?.[1] ?? 0);
      let failed = Number(counts?.[2] ?? 0);
      if (!counts) {
        passed = (text.match(/^ok /gm) ?? []).length;
        text += `FAIL ${basename(file)}: ended early ` +
          `(${signal ?? `code ${code}`})\n`;
        failed = Math.max(1, (text.match(/^FAIL /gm) ?? []).length);
      } else if (code !== 0 && failed === 0) {
        text += `FAIL ${basename(file)}: ended with ${signal ?? code}\n`;
        failed = 1;
      }
      const seconds = ((Date.now() - begun) / 1000).toFixed(1);
      done({ file, text, passed, failed, seconds });
    });
  });
}

async function main() {
  const names = process.argv.slice(2);
  if (names[0] === "--one") return one(names[1]);
  const files = names.length ? names.map(find) : all();
  const results = [];
  const queue = [...files];
  const worker = async () => {
    for (let f; (f = queue.shift()); ) {
      const r = await inProcess(f);
      console.log(`--- ${basename(f)} (${r.seconds} s)\n${r.text.trimEnd()}`);
      results.push(r);
    }
  };
  await Promise.all(
    Array.from({ length: Number(process.env.JOBS ?? 3) }, worker));
  const bad = results.filter((r) => r.failed > 0);
  if (bad.length) console.log("\nfailures:");
  for (const r of bad) {
    // A failure's first line and what is indented under it. What stands
    // around it matters only when the file itself broke.
    const lines = r.text.split("\n");
    const broke = !/^\d+ passed, \d+ failed$/m.test(r.text);
    let on = false;
    for (const line of lines) {
      on = line.startsWith("FAIL ") || (on && /^\s/.test(line));
      if (on || broke) console.log(`${basename(r.file)}: ${line}`);
    }
  }
  const sum = (key) => results.reduce((n, r) => n + r[key], 0);
  console.log(`${sum("passed")} passed, ${sum("failed")} failed`);
  process.exit(bad.length ? 1 : 0);
}

await main();
