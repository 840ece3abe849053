// tests/lib/strace.mjs: the unmodified program, with one of its system calls
// made to fail, or to be its last.
//
//   for (let k = 1; ; k++) {
//     const r = await injected(program, args, "sendmsg:signal=KILL", k);
//     if (!r.hit) break; // the run has no k-th call
//   }
//
// Calls are counted by name, from the program's start on.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "./harness.mjs";

// Why it can't be done here, or "": a container may forbid ptrace.
export function whyNoStrace() {
  const r = spawnSync("strace", ["-e", "trace=none", "true"]);
  if (r.error) return "strace is not installed";
  return r.status === 0 ? "" : "strace may not trace here";
}

// What the call was about: the path or "socket", as strace -y prints it.
const subject = (line) => /^\w+\(\d+<([^>]*)>/.exec(line)?.[1] ??
  /^\w+\(AT_FDCWD<?[^,]*, "([^"]*)"/.exec(line)?.[1] ?? "";

let traces = 0;

// Fault `what` (as in strace -e inject=) at the k-th call, or as `when` says.
// Gives the program's own result with: hit (the call was made), line (of the
// trace), on (the path, "TCP..." or "pipe..."), loading (how many such calls
// came before main(), for which the loader answers), calls (how many in all)
// and trace (all lines; `also` names more calls to be in it).
export async function injected(program, args, what, k, options = {}) {
  const { dir, when = `${k}`, also = [], ...more } = options;
  const log = join(dir, `trace${++traces}`);
  const [names, name] = /^(\w+)[\w,]*/.exec(what);
  const signal = /signal=(\w+)/.exec(what)?.[1];
  const r = await run("strace", ["-y", "-qq", "-o", log, "-e",
    `trace=${["fcntl", names, ...also].join()}`, "-e", `inject=${what}:when=${when}`, program,
    ...args], more);
  const lines = existsSync(log) ? readFileSync(log, "utf8").split("\n") : [];
  rmSync(log, { force: true });
  const isCall = (l) => l.startsWith(`${name}(`);
  // main() first looks whether 0, 1 and 2 are open.
  const main = lines.findIndex((l) => /^fcntl\(0/.test(l));
  const mark = lines.findIndex((l) => l.includes("(INJECTED)") ||
    (signal && l.startsWith(`--- SIG${signal} `)));
  // A call that kills is not marked: it is the last one.
  const end = signal === "KILL" && r.signal === "SIGKILL" ? lines.length - 1 :
    mark;
  const upTo = lines.slice(0, end + 1).filter(isCall);
  r.hit = end >= 0;
  r.line = upTo.at(-1) ?? "";
  r.on = subject(r.line);
  r.loading = lines.slice(0, Math.max(main, 0)).filter(isCall).length;
  r.trace = lines;
  r.calls = lines.filter(isCall).length;
  return r;
}
