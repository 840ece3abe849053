// tests/bench/cases.mjs: what is measured: the agent, and what people would use
// instead.
//
// Cases of one kind do the same work. `who` is agent; peer: from the same
// SQLite file; yardstick: has its rows in a faster place already; floor; note.
// `into` names the targets, `file` says what the file is.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ACCOUNT, KEY } from "../lib/azurite.mjs";
import { CONTAINER, csv, duck, forJson, here, made, plain, ROWS, runnel,
  runnelCurl, scratch } from "./setup.mjs";
import { uploading } from "./targets.mjs";

const FOLDER = ["folder"];

// ----------------------------------------------------------------- the agent

let jobs = 0;

function jobFile(target, one, db, keys) {
  const file = join(scratch, `job${++jobs}.ini`);
  const section = { job: { name: "bench", memory: "1M" },
    source: { kind: "sqlite" }, file: {}, ...target.job(one) };
  section.job.state = join(scratch, "bench.state");
  section.source.database = db;
  section.source.query = plain;
  Object.assign(section.store, { connections: 2, retry_for: "20s" });
  for (const [key, value] of Object.entries(keys)) {
    const [s, k] = key.split(".");
    section[s][k] = value;
  }
  writeFileSync(file, Object.entries(section).map(([s, all]) =>
    `[${s}]\n` + Object.entries(all).map(([k, v]) => `${k} = ${v}\n`)
      .join("")).join("\n"));
  return file;
}

const rowsAre = (out) => JSON.parse(out).rows === ROWS;

function agent(name, kind, program, keys) {
  return {
    name, kind, who: "agent", into: uploading,
    stages: (target, db, one) => [[program, "run",
      jobFile(target, one, db, keys), "--quiet", "--json"]],
    env: () => ({ BENCH_KEY: KEY }),
    check: rowsAre,
  };
}

// ---------------------------------------------------------------- uploading

const json = (db) => ["sqlite3", "-readonly", "-list", db, forJson];

let blobs = 0;
const rclone = (name, kind, before) => ({
  name, kind, who: "peer", into: uploading,
  stages: (target, db) => [...before(db),
    ["rclone", "rcat", `:azureblob:${CONTAINER}/rclone-${++blobs}`]],
  // Nothing on the command line, and nobody's own configuration.
  env: (target) => ({
    RCLONE_CONFIG: "/dev/null",
    RCLONE_AZUREBLOB_USE_EMULATOR: "true",
    RCLONE_AZUREBLOB_ACCOUNT: ACCOUNT,
    RCLONE_AZUREBLOB_KEY: KEY,
    RCLONE_AZUREBLOB_ENDPOINT: target.url,
    ...(target.ca ? { RCLONE_CA_CERT: target.ca } : {}),
  }),
});

const sdk = (name, kind, before) => ({
  name, kind, who: "peer", into: uploading,
  stages: (target, db) => [...before(db),
    [process.execPath, join(here, "peers/upload_stream.mjs"),
      `${target.url}/${CONTAINER}/sdk-${++blobs}`]],
  env: (target) => ({
    AZURE_ACCOUNT: ACCOUNT,
    AZURE_KEY: KEY,
    ...(target.ca ? { NODE_EXTRA_CA_CERTS: target.ca } : {}),
  }),
});

const floor = (name, program, who) => ({
  name, kind: "floor", who, into: [...uploading, "folder"],
  stages: (target, db) => [[join(made, program), db, plain]],
  env: () => ({}),
  check: rowsAre,
});

const text = { "file.binary": "hex" };
const ndjson = { ...text, "file.format": "json" };
const gz = (level) =>
  ({ ...text, "file.compression": "gzip", "file.level": level });

const uploads = [
  agent("runnel csv, 1M", "csv", runnel, text),
  agent("runnel csv, 2M", "csv", runnel, { ...text, "job.memory": "2M" }),
  agent("runnel csv, 8M", "csv", runnel, { ...text, "job.memory": "8M" }),
  agent("runnel (libcurl) csv, 1M", "csv", runnelCurl, text),
  rclone("sqlite3 -csv | rclone", "csv", (db) => [csv(db)]),
  sdk("sqlite3 -csv | node uploadStream", "csv", (db) => [csv(db)]),
  agent("runnel ndjson, 1M", "ndjson", runnel, ndjson),
  agent("runnel ndjson, 8M", "ndjson", runnel,
    { ...ndjson, "job.memory": "8M" }),
  rclone("sqlite3 json_object | rclone", "ndjson", (db) => [json(db)]),
  agent("runnel csv.gz 1, 1M", "csv.gz 1", runnel, gz(1)),
  rclone("sqlite3 -csv | gzip -1 | rclone", "csv.gz 1",
    (db) => [csv(db), ["gzip", "-1"]]),
  // A third of a round's time, all of it zlib: once is enough.
  { once: true, ...agent("runnel csv.gz 6, 1M", "csv.gz 6", runnel, gz(6)) },
  { once: true, ...rclone("sqlite3 -csv | gzip -6 | rclone", "csv.gz 6",
    (db) => [csv(db), ["gzip", "-6"]]) },
];

// -------------------------------------------------------- Parquet and Avro

// What DuckDB makes when nobody says how large row groups shall be, and we.
const THEIR_GROUPS = 122880;
const OUR_GROUPS = 1000000;

const groupName = (groups) => `groups of ${groups}`;

function parquet(codec, memory, groups = OUR_GROUPS) {
  const usual = groups === OUR_GROUPS ? "" : `, ${groupName(groups)}`;
  return {
    ...agent(`runnel parquet ${codec}, ${memory}${usual}`, `parquet ${codec}`,
      runnel, { "job.memory": memory, "file.format": "parquet",
        "file.compression": codec, "file.row_group_rows": groups }),
    into: FOLDER, file: { format: "parquet", codec, groups },
    budget: parseInt(memory, 10) * 1048576,
  };
}

function avro(codec, memory, keys = {}) {
  return {
    ...agent(`runnel avro ${codec}, ${memory}`, `avro ${codec}`, runnel,
      { "job.memory": memory, "file.format": "avro",
        "file.compression": codec, ...keys }),
    into: FOLDER, file: { format: "avro", codec },
    budget: parseInt(memory, 10) * 1048576,
  };
}

const intoSink = (one) => ({ ...one, into: ["sink"] });
const once = (one) => ({ ...one, once: true });

// `before`: node's start, which is taken off.
const duckCopy = (name, codec, from, options = {}) => ({
  name: `${name} parquet ${codec}` +
    (options.groups ? `, ${groupName(options.groups)}` : "") +
    (options.threads ? `, ${options.threads} thread` : ""),
  kind: `parquet ${codec}`, who: from ? "peer" : "yardstick", into: FOLDER,
  file: { format: "parquet", codec, groups: options.groups ?? THEIR_GROUPS,
    reference: !from && !options.threads },
  stages: (target, db, one) => {
    const how = `, COMPRESSION ${codec === "none" ? "uncompressed" : codec}` +
      (options.groups ? `, ROW_GROUP_SIZE ${options.groups}` : "");
    return [...(from ? [from(db)] : []),
      [...duck, "copy", from ? "-" : db.replace(/\.db$/, ".duckdb"),
        target.file(one), how, ...(options.threads ? [options.threads] : [])]];
  },
  env: () => ({}),
  check: rowsAre,
  before: (out) => JSON.parse(out).before,
});
const ownTable = (codec, options) =>
  duckCopy("DuckDB's own table to", codec, null, options);
const fromPipe = (codec) => duckCopy("sqlite3 -csv | DuckDB to", codec, csv);

const avroC = (codec) => ({
  name: `avro-c avro ${codec}`, kind: `avro ${codec}`, who: "peer",
  into: FOLDER, file: { format: "avro", codec, reference: true },
  stages: (target, db, one) => [[join(made, "avro_c"), db, plain,
    codec, target.file(one)]],
  env: () => ({}),
  check: rowsAre,
});

const MEMORIES = ["1M", "4M", "8M", "16M"];

const files = [
  ...MEMORIES.map((m) => parquet("snappy", m)),
  parquet("snappy", "4M", THEIR_GROUPS),
  ownTable("snappy"),
  ownTable("snappy", { threads: 1 }),
  once(ownTable("snappy", { groups: OUR_GROUPS })),
  fromPipe("snappy"),
  ...MEMORIES.map((m) => parquet("zstd", m)),
  parquet("zstd", "4M", THEIR_GROUPS),
  ownTable("zstd"),
  ownTable("zstd", { threads: 1 }),
  once(ownTable("zstd", { groups: OUR_GROUPS })),
  fromPipe("zstd"),
  parquet("none", "4M"),
  ownTable("none"),
  once(ownTable("none", { groups: OUR_GROUPS })),
  once(parquet("gzip", "4M")),
  once(ownTable("gzip")),
  avro("null", "1M"),
  avro("null", "4M"),
  avroC("null"),
  avro("snappy", "1M"),
  avroC("snappy"),
  avro("zstd", "1M"),
  // The level that avro-c has built in.
  once(avro("deflate", "1M", { "file.level": 9 })),
  once(avroC("deflate")),
  intoSink(parquet("snappy", "1M")),
  intoSink(parquet("snappy", "4M")),
  intoSink(parquet("zstd", "4M")),
  intoSink(avro("null", "1M")),
];

export const cases = [
  floor("floor: step and read, Debian's SQLite", "floor", "floor"),
  floor("the same, the agent's SQLite", "floor-own", "note"),
  ...uploads,
  ...files,
];
