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

function cpuVerdicts(r) {
  const most = CPU_TARGETS[r.kind];
  return most ? [verdict(r.cpu <= most, `${r.name} into ${r.target} costs ` +
    `${ratio(r.cpu)} floors of CPU; ${most} is the most`)] : [];
}

function budgetVerdicts(r) {
  return [verdict(r.private <= r.budget, `${r.name} into ${r.target} has ` +
    `${mib(r.private)} MiB private; its budget is ${mib(r.budget)}`)];
}

function sizeVerdicts(r, rows) {
  const peer = alike(rows, r) ?? usual(rows, r);
  if (!peer) return [];
  const times = r.bytes / peer.bytes;
  return [verdict(times <= SIZE_TARGET, `${r.name} makes ` +
    `${(r.bytes / 1e6).toFixed(1)} MB, ${ratio(times)} of "${peer.name}"; ` +
    `${SIZE_TARGET} is the most`)];
}

function readVerdicts(r, rows) {
  const peer = alike(rows, r);
  if (!r.read || !peer?.read) return [];
  const all = Object.keys(r.read.times).flatMap((threads) =>
    ["cpu", "wall"].map((key) => slower(r, peer, threads, key)));
  const worst = Math.max(...all);
  return [verdict(worst <= READ_TARGET, `${r.name} is read in ` +
    `${all.map(ratio).join(", ")} (CPU, wall; 1 and 2 threads) of the time of ` +
    `"${peer.name}"; ${READ_TARGET} is the most`)];
}

function valueVerdicts(r) {
  const differ = r.read?.differ ?? [];
  return differ.length === 0 ? [] : [verdict(false,
    `${r.name}: other values than the table's in ${differ.join(", ")}`)];
}

export function fileVerdicts(rows) {
  const kept = rows.filter((r) => r.bytes > 0);
  return rows.filter((r) => r.who === "agent").flatMap((r) => [
    ...cpuVerdicts(r), ...budgetVerdicts(r), ...valueVerdicts(r),
    ...(r.bytes > 0 ? [...sizeVerdicts(r, kept), ...readVerdicts(r, kept)] : []),
  ]);
}
