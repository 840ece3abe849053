// tests/bench/report.mjs: tables of ratios out of the runs, and whether the
// agent is where it should be.

import { fileTables, fileVerdicts } from "./report_files.mjs";
import { median, mib, ratio, verdict } from "./report_parts.mjs";

const CPU_TARGET = 1.3; // floors, for CSV into the sink without TLS
const MEMORY_TARGET = 10; // times less than the smallest peer

// One row of the table: medians of the runs, and of each round's own ratio, so
// that a slow minute of the machine weighs on both sides of it.
function figures(r, floor) {
  const of = (key) => median(r.runs.map((run) => run[key]));
  const overFloor = (value, by) =>
    median(r.runs.map((run, i) => value(run) / floor.runs[i][by]));
  const before = r.runs[0].before;
  return {
    target: r.target, name: r.one.name, kind: r.one.kind, who: r.one.who,
    runs: r.runs.length, file: r.one.file, budget: r.one.budget, read: r.read,
    wall: overFloor((run) => run.wall, "wall"),
    cpu: overFloor((run) => run.cpu, "cpu"),
    server: overFloor((run) => run.server, "cpu"),
    before: before && overFloor((run) => run.before.cpu, "cpu"),
    private: of("private"),
    bytes: of("bytes"), files: r.runs[0].files?.length,
  };
}

function table(rows) {
  const lines = [
    "| into | what | wall ÷ floor | CPU ÷ floor | server CPU ÷ floor |" +
      " private MiB |",
    "|---|---|---:|---:|---:|---:|",
  ];
  for (const r of rows) {
    const server = r.kind.startsWith("floor") || r.target === "folder"
      ? "" : ratio(r.server);
    const name = r.name.replaceAll("|", "\\|");
    lines.push(`| ${r.target} | ${name} | ${ratio(r.wall)} | ` +
      `${ratio(r.cpu)} | ${server} | ${mib(r.private)} |`);
  }
  return lines;
}

function cpuVerdict(rows) {
  const own = rows.find((r) => r.target === "sink" && r.who === "agent" &&
    r.kind === "csv");
  return own ? [verdict(own.cpu <= CPU_TARGET,
    `CSV into the sink costs ${ratio(own.cpu)} floors of CPU; ` +
    `${CPU_TARGET} is the most`)] : [];
}

// Every agent of a kind against every peer of that kind in the same target.
function peerVerdicts(rows) {
  const agents = rows.filter((r) => r.who === "agent");
  return agents.flatMap((a) => {
    const peers = rows.filter((p) => p.who === "peer" && p.kind === a.kind &&
      p.target === a.target);
    if (peers.length === 0) return [];
    const slower = peers.flatMap((p) => ["wall", "cpu"]
      .filter((key) => a[key] >= p[key])
      .map((key) => `${key} ${ratio(a[key])} against ${ratio(p[key])} of ` +
        `"${p.name}"`));
    const best = (key) => ratio(Math.min(...peers.map((p) => p[key])));
    return [verdict(slower.length === 0, `${a.name} into ${a.target}: ` +
      (slower.join("; ") || `wall ${ratio(a.wall)} against ${best("wall")}, ` +
        `CPU ${ratio(a.cpu)} against ${best("cpu")} of the best peer`))];
  });
}

function memoryVerdicts(rows) {
  const peers = rows.filter((r) => r.who === "peer");
  if (peers.length === 0) return [];
  const least = Math.min(...peers.map((p) => p.private));
  const names = [...new Set(rows.filter((r) => r.who === "agent")
    .map((r) => r.name))];
  return names.map((name) => {
    const most = Math.max(...rows.filter((r) => r.name === name)
      .map((r) => r.private));
    return verdict(most * MEMORY_TARGET < least, `${name} has at most ` +
      `${mib(most)} MiB private; the smallest peer ${mib(least)}, a tenth of ` +
      `which is ${mib(least / MEMORY_TARGET)}`);
  });
}

export function report(results, count, load) {
  const done = results.filter((r) => r.runs.length > 0);
  const rows = done.map((r) => figures(r, done.find((f) =>
    f.target === r.target && f.one.who === "floor")));
  const floors = done.filter((r) => r.one.who === "floor")
    .flatMap((r) => r.runs.map((run) => run.cpu));
  const failed = results.filter((r) => r.failure);
  const files = rows.filter((r) => r.file);
  const uploads = rows.filter((r) => !r.file);
  return [
    `${count} rows, 10 columns; medians of ${done[0]?.runs.length ?? 0} runs ` +
      "in turn, slow codecs (gzip, gzip 6, deflate) and files made only to be " +
      `read of one. The floor took ${Math.min(...floors).toFixed(2)} to ` +
      `${Math.max(...floors).toFixed(2)} s of CPU. Others kept ` +
      `${load} processors busy when it began.`, "",
    ...table(rows), "",
    ...fileTables(files),
    ...failed.map((r) =>
      verdict(false, `${r.one.name} into ${r.target} failed: ` +
        r.failure.replaceAll("\n", "; "))),
    ...cpuVerdict(rows), ...peerVerdicts(rows), ...memoryVerdicts(uploads),
    ...fileVerdicts(files),
    ...(files.length > 0 ? ["", "In parentheses: the most there may be."] : []),
    "",
  ].join("\n");
}
