// tests/board/contract.test.mjs: the port's contract suite (tests/port) on
// port/lwip, as firmware in the emulator.

import { assert, test } from "../lib/harness.mjs";
import { makeBoard, HOST_ADDRESS } from "../lib/board.mjs";
import { startPeer } from "./board_kit.mjs";

test("every promise of the port holds on the board", async () => {
  const ports = await startPeer();
  const board = makeBoard({});
  const r = await board.run("contract", { args: { ...ports,
    peer: HOST_ADDRESS, stranger: "no-such-host.invalid" }, timeout: 60 });
  console.log(r.stdout.trimEnd());
  assert.equal(r.code, 0, r.stdout);
  assert.match(r.stdout, /^\d+ passed, 0 failed, \d+ skipped\r?$/m);
});
