// tests/board/board.test.mjs: firmware on an emulated Cortex-M3 exports to
// Azurite through TLS, and readers that nobody here wrote find every cell.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, test, tmpdir } from "../lib/harness.mjs";
import { startAzurite } from "../lib/azurite.mjs";
import { makeBoard, NAME } from "../lib/board.mjs";
import { azureReader, nothingThere, onlyRun } from "../lib/job.mjs";
import { sameAvro, sameParquet } from "../lib/columnar.mjs";
import { demoTable, sameText } from "../lib/demo.mjs";

const az = await startAzurite({
  rsa: true, certificate: { names: [`DNS:${NAME}`, "IP:127.0.0.1"] } });
let containers = 0;

async function setup(options = {}) {
  const container = `board${++containers}`;
  await az.createContainer(container);
  const host = options.host ?? NAME;
  const board = makeBoard({ roots: options.roots ?? [az.ca],
    host: { name: host } });
  board.job({
    job: { name: "demo" },
    source: { kind: "push" },
    file: options.file,
    store: { url: `https://${host}:${options.port ?? az.port}/${container}`,
      connections: 1, checksum: "md5", path: "{job}/{run}/part-{part}.{ext}",
      connect_timeout: "5s", retry_for: "2s", ...options.store },
    auth: { kind: "sas", token: az.sas(container) },
  });
  return { board, container, reader: azureReader(az, container) };
}

// The files of the one run, in a folder.
async function fetch(reader) {
  const run = await onlyRun(reader);
  const dir = tmpdir();
  return { run, manifest: run.manifest, files: run.files.map((f, i) => {
    const path = join(dir, `${i}-${f.name.split("/").at(-1)}`);
    writeFileSync(path, f.bytes);
    return { ...f, path };
  }) };
}

async function exports(image, file, rows, columns, check) {
  const s = await setup({ file });
  const r = await s.board.run(image, { args: { rows, columns } });
  assert.equal(r.code, 0, `${r.stdout}${r.stderr}`);
  assert.equal(r.rows, rows);
  console.log(`${image} ${file.format} ${rows} rows: ${r.line("peak")} ` +
    `(${r.seconds.toFixed(2)} s)`);
  const e = await fetch(s.reader);
  await check(e, demoTable(rows, columns));
}

const asText = (format) => async (e, t) => {
  assert.equal(e.files.length, 1);
  await sameText(e.files[0].path, t, format);
};

test("csv image: CSV, every cell through DuckDB", () =>
  exports("csv", { format: "csv" }, 2000, 8, asText("csv")));

test("csv image: NDJSON, every cell through DuckDB", () =>
  exports("csv", { format: "json" }, 2000, 8, asText("json")));

test("gzip image: CSV and NDJSON through gzip", async () => {
  await exports("gzip", { format: "csv", compression: "gzip" }, 2000, 8,
    asText("csv"));
  await exports("gzip", { format: "json", compression: "gzip" }, 2000, 8,
    asText("json"));
});

test("parquet image: 20 columns, through DuckDB, hyparquet, byte by byte", () =>
  exports("parquet", { format: "parquet", compression: "none" }, 2000, 20,
    sameParquet));

test("all image: every format", async () => {
  await exports("all", { format: "csv" }, 500, 20, asText("csv"));
  await exports("all", { format: "json", compression: "gzip" }, 500, 20,
    asText("json"));
  await exports("all", { format: "avro", compression: "deflate" }, 500, 20,
    sameAvro);
  await exports("all", { format: "parquet", compression: "gzip" }, 500, 20,
    sameParquet);
});
