// tests/board/board_kit.mjs: what the tests of boards share.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { start, tmpdir, top } from "../lib/harness.mjs";
import { NAME } from "../lib/board.mjs";
import { onlyRun } from "../lib/job.mjs";

// A board's job, for makeBoard().job().
export const boardJob = ({ az, container, file, port, host, store, source,
  job, hours = 1 }) => ({
  job: { name: "demo", ...job },
  source: { kind: "push", ...source },
  file,
  store: { url: `https://${host ?? NAME}:${port ?? az.port}/${container}`,
    connections: 1, checksum: "md5", path: "{job}/{run}/part-{part}.{ext}",
    connect_timeout: "8s", retry_for: "2s", ...store },
  auth: { kind: "sas", token: az.sas(container, "racwdl", hours) },
});

// The one finished run, its files in a folder.
export async function fetchRun(reader) {
  const run = await onlyRun(reader);
  const dir = tmpdir();
  return { run, manifest: run.manifest, files: run.files.map((f, i) => {
    const path = join(dir, `${i}-${f.name.split("/").at(-1)}`);
    writeFileSync(path, f.bytes);
    return { ...f, path };
  }) };
}

// The contract suite's other end: { echo, refuse, silent, send, reset, half }.
export async function startPeer() {
  const peer = start(join(top, "build/boards/port-peer"), [],
    { stdio: ["pipe", "pipe", "inherit"], input: null });
  const line = await new Promise((done) =>
    peer.child.stdout.once("data", (d) => done(d.toString())));
  return Object.fromEntries(line.trim().split(" ").map((w) => w.split("=")));
}
