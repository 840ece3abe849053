// tests/lib/preload.mjs: shared objects that stand between the agent and the C
// library, from tests/lib/preload/NAME.c; each says there what it does.
//
//   await runnel(args, { env: preload("fault", { FAULT: "pwrite:EIO:2" }) });

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, top } from "./harness.mjs";

let dir;
const built = new Map();

export function preload(name, env = {}) {
  if (!dir) {
    dir = mkdtempSync(join(tmpdir(), "runnel-preload-"));
    after(() => rmSync(dir, { recursive: true, force: true }));
  }
  if (!built.has(name)) {
    const so = join(dir, `${name}.so`);
    execFileSync("gcc", ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror",
      "-fPIC", "-shared", "-o", so,
      join(top, "tests/lib/preload", `${name}.c`), "-ldl"]);
    built.set(name, so);
  }
  return { LD_PRELOAD: built.get(name), ...env };
}
