// tests/bench/report_files.mjs: Parquet and Avro: how large the files are, how
// fast DuckDB reads them, and whether that is as it should be.

import { median, mib, ratio, verdict } from "./report_parts.mjs";

// Floors of CPU at most, SQLite as the source included.
const CPU_TARGETS =
  { "parquet snappy": 1.9, "parquet zstd": 2.5, "avro null": 1.5 };
const SIZE_TARGET = 1.05; // of the reference's size with the same codec
const READ_TARGET = 1.1;  // of its time, with row groups of the same size

// The reference's own file for the same codec: the peer's usual one, or the one
// whose row groups are like these.
const references = (rows, r) =>
  rows.filter((p) => p.file.reference && p.kind === r.kind);
const usual = (rows, r) => references(rows, r)[0];
const alike = (rows, r) =>
  references(rows, r).find((p) => p.file.groups === r.file.groups);

// Round by round, as everywhere: time of one file's reading over the other's.
function slower(r, reference, threads, key) {
  const other = reference.read.times[threads];
  return median(r.read.times[threads].map((t, i) => t[key] / other[i][key]));
}

function sizes(rows) {
  const lines = [
    "| file | parts | MB | ÷ the peer's | row groups |" +
      " read, 1 thread: CPU | wall | read, 2 threads: CPU | wall |",
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
  ];
  for (const r of rows) {
    const peer = usual(rows, r);
    const timed = r.read && peer?.read;
    const times = [1, 2].flatMap((threads) => ["cpu", "wall"].map((key) =>
      timed ? ratio(slower(r, peer, threads, key)) : ""));
    const name = r.name.replaceAll("|", "\\|");
    lines.push(`| ${name} | ${r.files} | ${(r.bytes / 1e6).toFixed(1)} | ` +
      `${peer ? ratio(r.bytes / peer.bytes) : ""} | ${r.read?.groups ?? ""} | ` +
      `${times.join(" | ")} |`);
  }
  return lines;
}

// Where two files of one codec differ in size: column by column.
function columnTable(r, peer) {
  const kb = (bytes) => Math.round(bytes / 1000);
  return [
    `Columns of "${r.name}" beside "${peer.name}", kB:`, "",
    "| column | ours | theirs | ÷ | before the codec: ours | theirs |" +
      " encodings: ours | theirs |",
    "|---|---:|---:|---:|---:|---:|---|---|",
    ...r.read.columns.map((c, i) => {
      const p = peer.read.columns[i];
      return `| ${c.name} | ${kb(c.bytes)} | ${kb(p.bytes)} | ` +
        `${ratio(c.bytes / p.bytes)} | ${kb(c.plain)} | ${kb(p.plain)} | ` +
        `${c.encodings} | ${p.encodings} |`;
    }), "",
  ];
}

// One table a codec: of the largest budget, row groups alike if there are such.
function columnTables(rows) {
  const kinds = [...new Set(rows.map((r) => r.kind))];
  return kinds.flatMap((kind) => {
    const ours = rows.filter((r) => r.kind === kind && r.who === "agent" &&
      r.read).at(-1);
    const peer = ours && (alike(rows, ours) ?? usual(rows, ours));
    return peer?.read ? columnTable(ours, peer) : [];
  });
}

export function fileTables(all) {
  const rows = all.filter((r) => r.bytes > 0);
  if (rows.length === 0) return [];
  const started = rows.filter((r) => r.before).map((r) => r.before);
  return [
    "Files, and what DuckDB needs to read every value of them, as a ratio to " +
      "its own usual file of the same codec.", "",
    ...(started.length > 0 ? [`The start of node (${ratio(median(started))} ` +
      "floors of CPU) is taken off DuckDB's times; its memory is not.", ""]
      : []),
    ...sizes(rows), "", ...columnTables(rows),
  ];
}

// ---------------------------------------------------------------- verdicts

// One thing of a case beside what it may be at most: { good, text }.
const beside = (name, value, most, text = ratio) =>
  ({ good: value <= most, text: `${name} ${text(value)} (${text(most)})` });

function sizeBeside(r, rows) {
  const peer = alike(rows, r) ?? usual(rows, r);
  return peer ? [beside("size", r.bytes / peer.bytes, SIZE_TARGET)] : [];
}

// CPU decides: wall is a matter of luck on a machine that others use. With one
// row group for two threads the idle one spins in every second query or so, for
// anybody's file: nothing to decide by. The table has it all.
function readBeside(r, rows) {
  const peer = alike(rows, r);
  if (!r.read || !peer?.read) return [];
  const count = Object.keys(r.read.times)
    .filter((threads) => threads <= r.read.groups);
  return count.map((threads) =>
    beside(`read by ${threads}`, slower(r, peer, threads, "cpu"), READ_TARGET));
}

function valuesSame(r) {
  const differ = r.read?.differ ?? [];
  return differ.length === 0 ? [] : [{ good: false,
    text: `other values than the table's in ${differ.join(", ")}` }];
}

function fileVerdict(r, rows) {
  const most = CPU_TARGETS[r.kind];
  const all = [
    ...(most ? [beside("CPU", r.cpu, most)] : []),
    beside("private MiB", r.private, r.budget, mib),
    ...(r.bytes > 0 ? [...sizeBeside(r, rows), ...readBeside(r, rows)] : []),
    ...valuesSame(r),
  ];
  const missed = all.filter((b) => !b.good);
  const text = (missed.length > 0 ? missed : all).map((b) => b.text).join(", ");
  return verdict(missed.length === 0, `${r.name} into ${r.target}: ${text}`);
}

// What is missed, or all that is reached; in parentheses the most there may be.
export function fileVerdicts(rows) {
  const kept = rows.filter((r) => r.bytes > 0);
  return rows.filter((r) => r.who === "agent")
    .map((r) => fileVerdict(r, kept));
}
