// tests/e2e/memory.test.mjs: memory is what the job says, whatever the number
// of rows.

import { assert, program, runnel, test, tmpdir } from "../lib/harness.mjs";
import { makeCertificate } from "../lib/azurite.mjs";
import { shared, tableJob } from "../lib/columnar.mjs";
import { preload } from "../lib/preload.mjs";
import { startSink } from "../lib/sink.mjs";
import { isCurl, makeJob, series, watchMemory } from "../lib/job.mjs";
import { anyTable, chance, everyColumn } from "../lib/values.mjs";

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

for (let [rows, file] of [[5000000, { format: "csv" }],
  [2000000, { format: "json", compression: "gzip", level: 1 }],
  [3000000, { format: "parquet", compression: "snappy" }],
  [1500000, { format: "parquet", compression: "zstd" }],
  [3000000, { format: "avro", compression: "null" }],
  [1500000, { format: "avro", compression: "zstd" }]])
  test(`${rows.toLocaleString("en")} rows take the memory of 100,000 ` +
    `(${file.format} ${file.compression ?? ""}), and no more than the budget`,
  { timeout: 180 }, async () => {
    if (curl && ["parquet", "avro"].includes(file.format)) rows /= 10;
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

// tests/e2e/process.test.mjs has the same for CSV and JSON.
test("after the start nothing is allocated, in Parquet and Avro with any codec",
  { timeout: 60 }, async () => {
    if (curl) {
      console.log("skipped: libcurl allocates");
      return;
    }
    const t = shared(anyTable(chance(51), 2000, everyColumn()));
    const env = preload("strict");
    for (const [format, compression, more] of [["parquet", "none"],
      ["parquet", "gzip"], ["parquet", "snappy"], ["parquet", "zstd"],
      ["parquet", "zstd", { data_page: 2, integer_encoding: "delta",
        text_encoding: "delta-length", row_group_rows: 300,
        bloom_filter: "int64,text" }],
      ["avro", "null"], ["avro", "deflate"], ["avro", "snappy"],
      ["avro", "zstd"]]) {
      const { job } = tableJob(t, { format, compression, ...more },
        { job: { memory: "2M" }, tls: { ca: files.ca },
          auth: { kind: "sas", token: "sv=1&sp=rcwd&sig=secretsecretsecret" },
          store: { url: `${sink.url}/strict` } });
      await job.done([], { env });
      const p = await runnel(["plan", job.path], { env });
      assert.equal(p.signal, null, p.stderr);
    }
  });
