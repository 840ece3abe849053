// tests/e2e/broken_calls.test.mjs: each system call of a run fails once, in
// every way that the kernel has for it. The run goes on, or ends with the code
// and the words of what failed; the next one leaves what a clean run leaves.

import { existsSync } from "node:fs";
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
// A send that fails leaves the connection open, so the agent listens for an
// answer until `timeout`.
const sweep = why ? null : await prepare(az, "calls",
  { store: { timeout: "300ms" } });

// [what the call was about, exit codes, words of the error]
const blames = [
  [/job\.ini$/, [2], /job\.ini/],
  [/job\.state$/, [1], /job\.state/],
  [/case\d+$/, [1], /job\.state/], // the folder of the state file
  [/data\.db(-wal|-journal)?$|calls-\w+$/, [3], /data\.db|SQLite/],
  [/ca\.pem$/, [2, 4], /ca\.pem(?!.*vouches)/],
  [/^socket/, [], null],
];

function blame(call, c, r) {
  if (call === "write") // the summary itself
    return assert.equal(r.code, r.on.startsWith("pipe") ? 0 : 1, r.stderr);
  if (call === "pipe2") // before anything could be said about a run
    return assert(r.code === 0 || (r.code === 1 && r.stdout === "" &&
      /^runnel: making a pipe: .*\n$/.test(r.stderr)), r.stderr);
  c.job.checkResult(r);
  if (r.code === 0) return undefined;
  if (call === "getrandom") {
    assert.match(r.error.text, /random|entropy/);
    return assert([1, 4].includes(r.code), `exit code ${r.code}`);
  }
  if (call === "mmap") return assert.match(r.error.text, /memory/);
  const [, codes, words] = blames.find(([on]) => on.test(r.on)) ?? [, []];
  assert(codes.includes(r.code), `exit code ${r.code}`);
  return assert.match(r.error.text, words);
}

// [call, errors, one in so many without SWEEP=full]
const table = [
  ["connect", ["ECONNREFUSED", "ENETUNREACH"]],
  ["socket", ["EMFILE"]],
  ["setsockopt", ["ENOPROTOOPT"]],
  ["getsockopt", ["ENOBUFS"]],
  ["sendmsg", ["ECONNRESET"], 2],
  ["sendmsg", ["EPIPE", "ENOBUFS"], 6],
  ["recvfrom", ["ECONNRESET"], 4],
  ["recvfrom", ["ETIMEDOUT"], 10],
  ["poll", ["EINTR", "ENOMEM"], 6],
  ["pwrite64", ["ENOSPC"]],
  ["pwrite64", ["EDQUOT", "EIO", "EROFS"], 3],
  ["fdatasync", ["EIO"]],
  ["fdatasync", ["ENOSPC", "EDQUOT"], 2],
  ["openat", ["EMFILE"]],
  ["openat", ["EACCES", "EIO"], 3],
  ["pread64", ["EIO"], 4],
  ["newfstatat", ["EIO"], 4],
  ["getrandom", ["ENOSYS"], 2],
  ["flock", ["ENOLCK"]],
  ["fcntl", ["ENOLCK"], 4],
  ["mmap", ["ENOMEM"]],
  ["pipe2", ["EMFILE"]],
  ["close", ["EIO"], 4],
  ["write", ["EPIPE", "ENOSPC"]],
];

for (const [call, errors, step = 1] of table)
  for (const error of errors)
    need(`${error} from any ${call}: the words of what failed, and the next ` +
      "run leaves what a clean one does", { timeout: 600 }, async () => {
      const hits = await sweep.over(call, `error=${error}`, async (c, r) => {
        blame(call, c, r);
        // The record before the one that could not be saved is still there.
        const { runs } = await sweep.status(c);
        for (const run of c.knows)
          assert(runs.some((x) => x.run === run), "the record is gone");
        await sweep.recovers(c, r);
      }, { step });
      assert(hits > 0, "there is no such call");
      console.log(`${error} at ${hits} ${call}` + (step > 1 && !full ?
        `, one in ${step} (SWEEP=full: every one)` : ""));
    });

// What makes a new state file, and that it will be found after a power cut.
for (const [call, error] of [["pwrite64", "ENOSPC"], ["fsync", "EIO"],
  ["openat", "EROFS"]])
  need(`${error} from any ${call} of a job's first run shows nothing that the ` +
    "journal does not know", { timeout: 600 }, async () => {
    const hits = await sweep.over(call, `error=${error}`, async (c, r) => {
      blame(call, c, r);
      if (call === "fsync") {
        assert.equal(r.code, 1);
        assert.deepEqual((await sweep.whole(c)).runs, Object.assign([],
          { strays: [] }));
      }
      await sweep.recovers(c, r);
    }, { anew: true, step: call === "openat" ? 2 : 1 });
    assert(hits >= (call === "fsync" ? 2 : 1), `${hits} calls`);
  });

need("calls that are interrupted again and again change nothing",
  async () => {
    const c = await sweep.begin();
    // Not the loader's reads, which nobody may interrupt.
    const r = c.job.checkResult(await c.inject("poll,recvfrom,sendmsg," +
      "pwrite64,pread64:error=EINTR", 0, { when: "4+2" }));
    assert.equal(r.code, 0, r.where);
    assert(r.trace.filter((l) => l.includes("EINTR")).length > 40);
    assert.equal(r.json.retries, 0, r.where);
    await sweep.settled(c);
  });

// The slot of a write to the state file.
const slotOf = (line) => Math.floor(Number(/, (\d+)\) += /.exec(line)[1]) /
  8192);

// A save is on the disk before anything more is said to the service, and never
// touches the record that is certain: not even after a sync that failed.
function checkSaves(trace) {
  let certain = null; // slot of the last save that was synced
  let open = null; // slot that was written and not yet synced
  let saves = 0;
  for (const line of trace) {
    if (line.startsWith("pwrite64")) {
      open = slotOf(line);
      assert.notEqual(open, certain, `writes over what is certain: ${line}`);
    } else if (/^f(data)?sync.*= 0$/.test(line)) {
      if (open !== null) certain = open;
      open = null;
      saves++;
    } else if (/^f(data)?sync/.test(line)) {
      open = null; // lost: whatever comes next must be written again
    } else if (line.startsWith("sendmsg")) {
      assert.equal(open, null, "said before it was saved");
    }
  }
  return saves;
}

need("each record is synced before the service hears more, and a sync that " +
  "fails once is never taken for done", { timeout: 300 }, async () => {
  const also = ["pwrite64", "sendmsg"];
  const clean = await sweep.begin();
  const whole = await clean.inject("fdatasync:error=EIO", 60000, { also });
  assert.equal(checkSaves(whole.trace), 5);
  for (let k = 1; k <= 5; k++) {
    const c = await sweep.begin();
    const r = c.job.checkResult(await c.inject("fdatasync:error=EIO", k,
      { also }));
    assert.equal(r.code, 1, r.where);
    checkSaves(r.trace);
    assert(existsSync(c.job.state));
    await sweep.recovers(c, r);
  }
});
