// tests/board/faults.test.mjs: cases 50, 63, 79 and 82 of the fault list on the
// emulated board: a connection cut at byte n, TLS's allocation k refused, the
// power cut at any request, the journal's flash torn. The outcome must be what
// it is on Linux (network, tls and process tests): whole or nothing, and
// nothing left by the next run.
//
// BOARD_SWEEP=all tries every byte step and every allocation.

import { readFileSync, writeFileSync } from "node:fs";
import { assert, test, tmpdir } from "../lib/harness.mjs";
import { makeCertificate, startAzurite } from "../lib/azurite.mjs";
import { makeBoard, NAME } from "../lib/board.mjs";
import { azureReader, checkStore, nothingThere, onlyRun } from "../lib/job.mjs";
import { startProxy } from "../lib/proxy.mjs";
import { startRelay } from "../lib/wire.mjs";
import { demoTable, sameText } from "../lib/demo.mjs";
import { boardJob, fetchRun } from "./board_kit.mjs";

const ROWS = 400;
const all = process.env.BOARD_SWEEP === "all";
const az = await startAzurite({ tls: false });
const files = makeCertificate(tmpdir(), { rsa: true,
  names: [`DNS:${NAME}`, "IP:127.0.0.1"] });
const proxy = await startProxy({ to: az, tls: files });
const relay = await startRelay({ to: proxy.port });
let containers = 0;

async function setup(options = {}) {
  const container = `faults${++containers}`;
  await az.createContainer(container);
  proxy.forget();
  relay.forget();
  const board = makeBoard({ roots: [proxy.ca], host: { name: NAME } });
  board.job(boardJob({ az, container, port: proxy.port,
    file: { format: "csv" }, ...options }));
  return { board, container, reader: azureReader(az, container),
    args: { rows: ROWS, columns: 8 } };
}

async function whole(reader) {
  const e = await fetchRun(reader);
  await sameText(e.files[0].path, demoTable(ROWS, 8), "csv");
}

test("50: cut at any byte, either way, the run goes through",
  { timeout: 600 }, async () => {
    const s = await setup({ port: relay.port });
    let r = await s.board.run("csv", { args: s.args });
    assert.equal(r.code, 0, r.stdout);
    const { up, down } = relay.seen[0];
    const steps = all ? 200 : 4;
    const cuts = [];
    for (const [key, most] of [["up", up], ["down", down]])
      for (let i = 0; i < steps; i++)
        cuts.push({ [key]: 1 + Math.floor((most - 2) * i / (steps - 1)),
          how: i % 2 ? "fin" : "rst" });
    for (const cut of cuts) {
      const one = await setup({ port: relay.port });
      relay.plan = (n) => (n === 1 ? cut : undefined);
      r = await one.board.run("csv", { args: one.args });
      relay.plan = () => undefined;
      assert.equal(r.code, 0, `${JSON.stringify(cut)}: ${r.stdout}`);
      await whole(one.reader);
    }
  });

test("50: a host that refuses ends with 75 and leaves nothing", async () => {
  const s = await setup({ port: 9, store: { retry_for: "1s" } });
  const r = await s.board.run("csv", { args: s.args });
  assert.equal(r.code, 75, r.stdout);
  await nothingThere(s.reader);
});

test("a certificate of another authority or name is refused", async () => {
  const other = makeCertificate(tmpdir(), { names: ["DNS:other.test"] });
  const s = await setup();
  const stranger = makeBoard({ roots: [other.ca], host: { name: NAME } });
  stranger.job(boardJob({ az, container: s.container, port: proxy.port,
    file: { format: "csv" } }));
  let r = await stranger.run("csv", { args: s.args });
  assert.equal(r.code, 4, r.stdout);
  assert.match(r.error, /no authority in this device's flash/);
  const wrong = "devstoreaccount1.blob.other.test";
  const named = makeBoard({ roots: [proxy.ca], host: { name: wrong } });
  named.job(boardJob({ az, container: s.container, port: proxy.port,
    host: wrong, file: { format: "csv" } }));
  r = await named.run("csv", { args: s.args });
  assert.equal(r.code, 4, r.stdout);
  assert.match(r.error, /certificate does not name devstoreaccount1\.blob\.o/);
  await nothingThere(s.reader);
});

test("63: whichever of TLS's allocations is refused, the end is clean",
  { timeout: 600 }, async () => {
    const s = await setup();
    const r = await s.board.run("fault", { args: s.args });
    assert.equal(r.code, 0, r.stdout);
    const n = Number(/allocations=(\d+)/.exec(r.stdout)[1]);
    assert(n > 100, `${n} allocations`);
    const steps = all ? n : 12;
    for (let i = 0; i < steps; i++) {
      const k = 1 + Math.floor((n - 1) * i / Math.max(1, steps - 1));
      const one = await setup();
      const f = await one.board.run("fault", { args: { ...one.args, fail: k } });
      assert([0, 1, 4, 75].includes(f.code), `allocation ${k}: ${f.code} ` +
        f.stdout);
      if (f.code === 0) await whole(one.reader);
      else await nothingThere(one.reader);
      assert(!/vouches|does not name/.test(f.error),
        `allocation ${k} reads as a bad certificate: ${f.error}`);
    }
  });

// The emulator is killed when the proxy sees request k.
async function killAt(s, k, when) {
  let p;
  let seen = 0;
  proxy.forget();
  proxy.rule = () => {
    if (++seen !== k) return undefined;
    if (when === "before") {
      p.child.kill("SIGKILL");
      return { lose: "reset" };
    }
    return { edit(a) {
      p.child.kill("SIGKILL");
      return a;
    } };
  };
  p = s.board.start("csv", { args: s.args });
  await p.done;
  proxy.rule = () => undefined;
}

for (const when of ["before", "after"])
  test(`79: the power cut ${when} any request, nothing half is visible and ` +
    "the next start leaves nothing else", { timeout: 300 }, async () => {
    const s = await setup();
    let r = await s.board.run("csv", { args: s.args });
    assert.equal(r.code, 0, r.stdout);
    const requests = proxy.log.length;
    assert(requests >= 4, `${requests} requests`);
    let runs = 1;
    const step = all || when === "before" ? 1 : 2;
    for (let k = 1; k <= requests; k += step) {
      await killAt(s, k, when);
      await checkStore(s.reader);
      r = await s.board.run("csv", { args: s.args });
      assert.equal(r.code, 0, `after a cut at request ${k}: ${r.stdout}`);
      const now = await checkStore(s.reader);
      assert.deepEqual([...now.strays], [], `left by a cut at request ${k}`);
      assert(now.length > runs && now.length <= runs + 2);
      runs = now.length;
    }
  });

test("79: the power cut at any moment", { timeout: 120 }, async () => {
  const s = await setup();
  for (let ms = 40; ms < 600; ms += all ? 10 : 80) {
    const p = s.board.start("csv", { args: s.args });
    setTimeout(() => p.child.kill("SIGKILL"), ms);
    await p.done;
    await checkStore(s.reader);
  }
  const r = await s.board.run("csv", { args: s.args });
  assert.equal(r.code, 0, r.stdout);
  assert.deepEqual([...(await checkStore(s.reader)).strays], []);
});

test("82: a torn sector of the journal, the other is used", async () => {
  const s = await setup();
  assert.equal((await s.board.run("csv", { args: s.args })).code, 0);
  const good = readFileSync(s.board.flash);
  const size = good.length / 2;
  const tears = {
    erased: (b) => b.fill(0xff),
    "half erased": (b) => b.fill(0xff, b.length / 2),
    "half of it old": (b) => b.fill(0x5a, 40, 90),
    "zero length": (b) => b.fill(0, 4, 8),
    "head only": (b) => b.fill(0xff, 8),
  };
  for (const [name, tear] of Object.entries(tears))
    for (const slot of [0, 1]) {
      const bytes = Buffer.from(good);
      tear(bytes.subarray(slot * size, (slot + 1) * size));
      writeFileSync(s.board.flash, bytes);
      const r = await s.board.run("csv", { args: { ...s.args, rows: 20 } });
      assert.equal(r.code, 0, `${name}, slot ${slot}: ${r.stdout}`);
      const now = await checkStore(s.reader);
      assert.deepEqual([...now.strays], [], `${name}, slot ${slot}`);
    }
});

test("82: both sectors torn is an error that says so, and no run", async () => {
  const s = await setup();
  assert.equal((await s.board.run("csv", { args: s.args })).code, 0);
  const bytes = readFileSync(s.board.flash);
  const size = bytes.length / 2;
  for (const slot of [0, 1]) bytes.fill(0x5a, slot * size + 40,
    slot * size + 90);
  writeFileSync(s.board.flash, bytes);
  const r = await s.board.run("csv", { args: s.args });
  assert.notEqual(r.code, 0, r.stdout);
  assert.match(r.error, /both of its records are damaged/);
  await onlyRun(s.reader);
});
