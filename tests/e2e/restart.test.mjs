// tests/e2e/restart.test.mjs: a run that has to start again: with the same
// columns the file is whole, with others it is an error.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, tmpdir } from "../lib/harness.mjs";
import { startAzurite } from "../lib/azurite.mjs";
import { leastFor, sameAvro, sameParquet, shared, tableJob }
  from "../lib/columnar.mjs";
import { azureReader, makeDatabase, makeJob, nothingThere, onlyRun, quick, sql }
  from "../lib/job.mjs";
import { startProxy } from "../lib/proxy.mjs";
import { anyValue, chance, everyColumn, table } from "../lib/values.mjs";

const az = await startAzurite();
const proxy = await startProxy({ to: az });
let containers = 0;

async function container() {
  const name = `restart${++containers}`;
  await az.createContainer(name);
  proxy.forget();
  return { reader: azureReader(az, name), options: {
    tls: { ca: proxy.ca }, auth: { kind: "sas", token: az.sas(name) },
    store: { url: `${proxy.url}/${name}`, ...quick, retry_for: "5s",
      restarts: 1 } } };
}

const r = chance(42);
const columns = everyColumn();
const t = shared(table(columns, Array.from({ length: 3000 }, () =>
  columns.map((c) => (r.yes(0.1) ? null : anyValue(r, c, 100))))));

for (const format of ["parquet", "avro"])
  test(`blocks gone at the end start a file again, whole (${format})`,
    async () => {
      const { reader, options } = await container();
      const file = { format, page: "2K" };
      const memory = `${await leastFor(t, file, options)}K`;
      const e = tableJob(t, file, { ...options, job: { memory } });
      proxy.rule = (q) => q.op === "stage" && q.n === 5 && { swallow: true };
      await e.job.done();
      const { files } = await onlyRun(reader);
      const dir = tmpdir();
      const found = { files: files.map((f, i) => {
        const path = join(dir, `${i}.${format}`);
        writeFileSync(path, f.bytes);
        return { ...f, path };
      }) };
      await (format === "avro" ? sameAvro : sameParquet)(found, t);
    });

for (const format of ["csv", "json", "avro", "parquet"])
  for (const change of ["ALTER TABLE t ADD COLUMN c INTEGER DEFAULT 5;",
    "ALTER TABLE t DROP COLUMN b;", "ALTER TABLE t RENAME COLUMN b TO c;",
    "UPDATE t SET a = 'text';"])
    test(`columns that changed before the run started again are an error ` +
      `(${format}: ${change})`, async () => {
      const { reader, options } = await container();
      const database = makeDatabase(tmpdir(), "PRAGMA journal_mode = WAL; " +
        "CREATE TABLE t (a, b TEXT); INSERT INTO t SELECT value, " +
        "printf('%0200d', value) FROM generate_series(1, 20000);");
      const job = makeJob({ ...options, database, query: "SELECT * FROM t",
        file: format === "parquet" ?
          { format, compression: "none", dictionary: false } : { format } });
      proxy.rule = (q) => {
        if (q.op === "commit" && q.n === 1) sql(database, change);
        return q.op === "stage" && q.n === 3 && { swallow: true };
      };
      await job.fails(3, /column/);
      await nothingThere(reader);
    });
