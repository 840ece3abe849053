// tests/lib/columnar.mjs: a table through the agent into a folder, as Parquet
// or Avro, and back through readers that nobody here wrote.
//
//   const e = await exportTable(t, { format: "parquet", compression: "zstd" });
//   await sameParquet(e, t);         // DuckDB, hyparquet, and byte by byte

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { assert, runnel, tmpdir } from "./harness.mjs";
import { folderReader, makeJob, onlyRun } from "./job.mjs";
import { readAvsc, walkAvro } from "./avro.mjs";
import { readHyparquet } from "./hyparquet.mjs";
import { checkParquet, readDuck, walkParquet } from "./parquet.mjs";
import { sameColumns, tableDatabase } from "./values.mjs";

// The database of a table that several tests share, made once.
export const shared = (t) => ({ ...t, database: tableDatabase(tmpdir(), t) });

// A job that exports a table, not yet run. more: other options of makeJob().
export function tableJob(t, file, more = {}) {
  const dir = more.dir ?? tmpdir();
  const out = more.out ?? join(dir, "out");
  if (!more.store?.url) mkdirSync(out, { recursive: true });
  const job = makeJob({
    dir, query: t.query, types: t.types,
    database: t.database ?? tableDatabase(dir, t),
    ...more,
    job: { memory: "4M", ...more.job },
    file: { format: "parquet", ...file },
    store: { url: `file://${out}`, ...more.store },
  });
  return { dir, out, job };
}

// The memory in KiB that a table's job is content with. A column's part grows
// with the budget, so the answer to a refusal may be refused as well.
export async function leastFor(t, file, more = {}) {
  for (let kib = 300, i = 0; i < 20; i++) {
    const { job } = tableJob(t, file,
      { ...more, job: { ...more.job, memory: `${kib}K` } });
    const r = await runnel(["plan", job.path], { env: job.env });
    if (r.code === 0) return kib;
    const m = /needs (?:at least )?(\d+) KiB/.exec(r.stderr);
    assert(m && Number(m[1]) > kib, r.stderr);
    kib = Number(m[1]);
  }
  return assert.fail("no end of refusals");
}

// { run, json, files: [{ path, bytes, rows }], ... } of a run that succeeded.
export async function exportTable(t, file, more) {
  const e = tableJob(t, file, more);
  const r = await e.job.done();
  const run = await onlyRun(folderReader(e.out));
  assert.equal(r.json.rows, run.manifest.rows);
  if (t.n !== undefined) assert.equal(r.json.rows, t.n);
  return { ...e, run, json: r.json, manifest: run.manifest,
    files: run.files.map((f) => ({ ...f, path: join(e.out, f.name) })) };
}

// The rows of a table that one of several files has.
export const slice = (t, from, n) => ({ ...t, n,
  rows: t.rows.slice(from, from + n),
  truth: t.truth.map((c) => c.slice(from, from + n)) });

// Every value through DuckDB and hyparquet; every page, index and bound.
// Returns what walkParquet() found in each file.
export async function sameParquet(e, t) {
  const found = [];
  let from = 0;
  for (const f of e.files) {
    const part = slice(t, from, f.rows);
    const file = walkParquet(f.bytes);
    assert.equal(file.rows, f.rows, `rows of ${f.name}`);
    checkParquet(file, part);
    sameColumns(await readHyparquet(f.bytes, part), part, "hyparquet");
    sameColumns(await readDuck(f.path, part), part, "DuckDB");
    from += f.rows;
    found.push(file);
  }
  assert.equal(from, t.n, "rows of all files");
  return found;
}

// The same for Avro, through avsc.
export async function sameAvro(e, t) {
  const found = [];
  let from = 0;
  for (const f of e.files) {
    const part = slice(t, from, f.rows);
    const file = walkAvro(f.bytes);
    assert.equal(file.rows, f.rows, `rows of ${f.name}`);
    const { columns } = await readAvsc(f.bytes, part);
    sameColumns(columns, part, "avsc");
    from += f.rows;
    found.push(file);
  }
  assert.equal(from, t.n, "rows of all files");
  return found;
}

