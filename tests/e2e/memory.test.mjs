// tests/e2e/memory.test.mjs: memory is what the job says, whatever the number
// of rows.

import { assert, program, test, tmpdir } from "../lib/harness.mjs";
import { makeCertificate } from "../lib/azurite.mjs";
import { startSink } from "../lib/sink.mjs";
import { isCurl, makeJob, series, watchMemory } from "../lib/job.mjs";

const MIB = 1 << 20;
const files = makeCertificate(tmpdir());
const sink = await startSink({ tls: files });
const curl = await isCurl(program);

async function peakOf(rows, file, connections = 2) {
  const job = makeJob({
    query: series(rows, 8), file,
    job: { memory: "1M" }, tls: { ca: files.ca },
    auth: { kind: "sas", token: "sv=1&sp=rcwd&sig=secretsecretsecret" },
    secrets: ["secretsecretsecret"],
    store: { url: `${sink.url}/memory`, connections },
  });
  const p = job.start();
  const most = watchMemory(p.child.pid);
  const r = job.checkResult(await p.done);
  const seen = most();
  assert.equal(r.code, 0, r.where);
  assert.equal(r.json.rows, rows);
  const told = r.json.memory;
  assert.equal(told.budget, MIB);
  // What the kernel says from outside is what we say of ourselves; pages may
  // be given back at the very end.
  assert(Math.abs(seen - told.peak) <= 64 * 1024 || seen < told.peak,
    `seen ${seen}, told ${told.peak}`);
  return told.peak;
}

for (const file of [{ format: "csv" },
  { format: "json", compression: "gzip", level: 1 }])
  test(`5,000,000 rows take the memory of 100,000 (${file.format}` +
    `${file.compression ? " gzip" : ""}), and no more than the budget`,
  { timeout: 180 }, async () => {
    const rows = file.compression ? 2000000 : 5000000;
    const small = await peakOf(100000, file);
    const large = await peakOf(rows, file);
    // libcurl and OpenSSL allocate as they like, within some bound.
    assert(Math.abs(large - small) <= (curl ? 512 : 16) * 1024,
      `${small} and ${large}`);
    if (curl) {
      console.log(`libcurl's build: ${Math.round(large / 1024)} KiB in all`);
      return;
    }
    assert(large <= MIB, `${large} of ${MIB}`);
  });

test("more connections take no more than the budget either", async () => {
  const peak = await peakOf(200000, { format: "csv" }, 3);
  if (!curl) assert(peak <= MIB, `${peak} of ${MIB}`);
});
