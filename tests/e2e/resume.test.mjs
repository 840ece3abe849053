// tests/e2e/resume.test.mjs: with source.key a run that was killed, stopped or
// cut off goes on where its last checkpoint says, and reads as if nothing had
// happened.

import { readFileSync } from "node:fs";
import { assert, sleep, test, tmpdir } from "../lib/harness.mjs";
import { startAzurite } from "../lib/azurite.mjs";
import { azureReader, countsUp, makeDatabase, makeJob, onlyRun, quick, sql,
  text } from "../lib/job.mjs";
import { startProxy } from "../lib/proxy.mjs";

const az = await startAzurite();
const proxy = await startProxy({ to: az });
let containers = 0;

const ROWS = 30000;
const database = makeDatabase(tmpdir(), "CREATE TABLE t (n INTEGER PRIMARY " +
  "KEY, name TEXT, price DECIMAL(9,2), seen TIMESTAMP, ratio REAL);" +
  "INSERT INTO t SELECT value, printf('%064d', value * 7919 % 1000003), " +
  "value % 1000 || '.25', datetime(1700000000 + value, 'unixepoch'), " +
  "value / 8.0 FROM " +
  `generate_series(1, ${ROWS});`);
const QUERY = "SELECT * FROM t WHERE n > :after ORDER BY n";

async function job(file, more = {}) {
  const name = `resume${++containers}`;
  await az.createContainer(name);
  proxy.forget();
  return { reader: azureReader(az, name), job: makeJob({
    database, query: QUERY, file,
    tls: { ca: proxy.ca }, auth: { kind: "sas", token: az.sas(name) },
    ...more,
    job: { memory: "1M", checkpoint: "0", ...more.job },
    source: { key: "n", ...more.source },
    store: { url: `${proxy.url}/${name}`, ...quick, ...more.store },
  }) };
}

// Run until the `n`th request of a kind has come, and kill it there.
async function killed(j, op, n) {
  const run = j.start();
  await new Promise((done) => {
    proxy.rule = (q) => {
      if (q.op === op && q.n === n) {
        run.child.kill("SIGKILL");
        done();
        return { silent: true };
      }
      return undefined;
    };
    run.done.then(done);
  });
  const r = await run.done;
  proxy.forget();
  assert.equal(r.signal, "SIGKILL", r.stdout + r.stderr);
}

const digests = (run) => JSON.stringify(run.manifest.digests);

test("csv goes on", async () => {
  const { reader, job: j } = await job({ format: "csv" });
  await killed(j, "stage", 12);
  const r = await j.done();
  console.log(r.stderr, r.json.rows, r.json.resumed_rows);
  const run = await onlyRun(reader);
  assert(r.json.resumed_rows > 0);
  assert.equal(run.manifest.rows, ROWS);
});
