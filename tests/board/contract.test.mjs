// tests/board/contract.test.mjs: the port's contract suite (tests/port) on
// port/lwip, as firmware in the emulator.

import { assert, start, test, top } from "../lib/harness.mjs";
import { makeBoard, HOST_ADDRESS } from "../lib/board.mjs";
import { join } from "node:path";

// The other end: { echo, refuse, silent, send, reset, half }.
export async function startPeer() {
  const peer = start(join(top, "build/port-peer"), [],
    { stdio: ["pipe", "pipe", "inherit"], input: null });
  const line = await new Promise((done) =>
    peer.child.stdout.once("data", (d) => done(d.toString())));
  return Object.fromEntries(line.trim().split(" ").map((w) => w.split("=")));
}

test("every promise of the port holds on the board", async () => {
  const ports = await startPeer();
  const board = makeBoard({});
  const r = await board.run("contract", { args: { ...ports,
    peer: HOST_ADDRESS, stranger: "no-such-host.invalid" }, timeout: 60 });
  console.log(r.stdout.trimEnd());
  assert.equal(r.code, 0, r.stdout);
  assert.match(r.stdout, /^\d+ passed, 0 failed, \d+ skipped\r?$/m);
});
