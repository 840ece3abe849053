// tests/e2e/kill.test.mjs: the end at any system call. SIGKILL before each call
// that touches the network, the disk or the log; SIGTERM and SIGHUP there.

import { assert, program, skip, test } from "../lib/harness.mjs";
import { startAzurite } from "../lib/azurite.mjs";
import { isCurl } from "../lib/job.mjs";
import { full, prepare } from "../lib/sweep.mjs";
import { whyNoStrace } from "../lib/strace.mjs";

const why = await isCurl(program) ? "run with the default build" :
  whyNoStrace();
const need = (name, options, fn) => (why ?
  skip(name, why) : test(name, options, fn));
const az = why ? null : await startAzurite();
const sweep = why ? null : await prepare(az, "kill");

// [call, step without SWEEP=full, the least that a run makes]
const calls = [
  ["connect", 1, 1],
  ["sendmsg", 1, 12],
  ["recvfrom", 2, 15],
  ["poll", 2, 5],
  ["pwrite64", 1, 10],
  ["fdatasync", 1, 5],
  ["getrandom", 2, 3],
  ["close", 2, 4],
  ["write", 1, 1],
];
const thinned = (step) => (step > 1 && !full ?
  `, one in ${step} (SWEEP=full: every one)` : "");

for (const [call, step, least] of calls)
  need(`killed before any ${call}, the next run makes the container what a ` +
    "clean run makes it", { timeout: 600 }, async () => {
    let completed = 0;
    let repeated = 0;
    const hits = await sweep.over(call, "signal=KILL", async (c, r) => {
      assert.equal(r.signal, "SIGKILL");
      const next = await sweep.recovers(c, r);
      if (next.completed) completed++;
      if (next.rows === 300) repeated++;
    }, { step });
    assert(hits * (full ? 1 : step) >= least, `${hits} kills`);
    // Both ways out of a broken run were gone, or the sweep missed them.
    if (call === "sendmsg")
      assert(completed > 0 && repeated > 0, `${completed}, ${repeated}`);
    console.log(`killed at ${hits} ${call}${thinned(step)}`);
  });

for (const [signal, call, step] of [["TERM", "sendmsg", 2],
  ["TERM", "recvfrom", 4], ["TERM", "poll", 2], ["TERM", "fdatasync", 1],
  ["TERM", "connect", 1], ["TERM", "close", 4], ["HUP", "sendmsg", 5]])
  need(`SIG${signal} at any ${call} ends with 75, or 0 when all is there, and ` +
    "the next run sets the rest right", { timeout: 600 }, async () => {
    let stopped = 0;
    const hits = await sweep.over(call, `signal=${signal}`, async (c, r) => {
      c.job.checkResult(r);
      assert([0, 75].includes(r.code), `exit code ${r.code}`);
      if (r.code === 75) stopped++;
      await sweep.recovers(c, r);
    }, { step });
    assert(stopped > 0, `of ${hits} none was stopped`);
    console.log(`SIG${signal} at ${hits} ${call}${thinned(step)}`);
  });

// Kills one after another, then one run that is left alone; with SWEEP=full
// such a run after each.
need("killed at block after block of a run of 200, the next one shows every " +
  "row once", { timeout: 1800 }, async () => {
  const big = await prepare(az, "blocks", { rows: 32040,
    file: { rows_per_file: undefined } });
  const clean = await big.begin();
  const all = await clean.inject("sendmsg:signal=KILL", 60000);
  assert(all.calls > 600, `${all.calls} calls`);
  await big.settled(clean);
  let c = await big.begin();
  const stride = full ? 5 : Math.floor(all.calls / 6);
  for (let k = 7; k < all.calls; k += stride) {
    const r = await c.inject("sendmsg:signal=KILL", k);
    if (!r.hit) break;
    if (!full) continue;
    await big.recovers(c, r);
    c = await big.begin();
  }
  await c.job.done();
  await big.settled(c);
});
