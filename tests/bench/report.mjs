// tests/bench/report.mjs: a table of ratios out of the runs, and whether the
// agent is where it should be.

const CPU_TARGET = 1.3; // floors, for CSV into the sink without TLS
const MEMORY_TARGET = 10; // times less than the smallest peer

export function median(values) {
  const v = [...values].sort((a, b) => a - b);
  const half = v.length >> 1;
  return v.length % 2 ? v[half] : (v[half - 1] + v[half]) / 2;
}

const mib = (bytes) => (bytes / 1048576).toFixed(bytes < 1e7 ? 2 : 1);
const ratio = (r) => r.toFixed(2);

// One row of the table: medians of the runs, and of each round's own ratio, so
// that a slow minute of the machine weighs on both sides of it.
function figures(r, floor) {
  const of = (key) => median(r.runs.map((run) => run[key]));
  const overFloor = (key, by = key) =>
    median(r.runs.map((run, i) => run[key] / floor.runs[i][by]));
  return {
    target: r.target, name: r.one.name, kind: r.one.kind, who: r.one.who,
    runs: r.runs.length,
    wall: overFloor("wall"), cpu: overFloor("cpu"),
    server: overFloor("server", "cpu"),
    private: of("private"),
  };
}

function table(rows) {
  const lines = [
    "| into | what | wall ÷ floor | CPU ÷ floor | server CPU ÷ floor |" +
      " private MiB |",
    "|---|---|---:|---:|---:|---:|",
  ];
  for (const r of rows) {
    const server = r.kind === "floor" ? "" : ratio(r.server);
    const name = r.name.replaceAll("|", "\\|");
    lines.push(`| ${r.target} | ${name} | ${ratio(r.wall)} | ` +
      `${ratio(r.cpu)} | ${server} | ${mib(r.private)} |`);
  }
  return lines;
}

const verdict = (good, text) => `- ${good ? "reached" : "MISSED"}: ${text}`;

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

export function report(results, count) {
  const done = results.filter((r) => r.runs.length > 0);
  const rows = done.map((r) => figures(r, done.find((f) =>
    f.target === r.target && f.one.who === "floor")));
  const floors = done.filter((r) => r.one.who === "floor")
    .flatMap((r) => r.runs.map((run) => run.cpu));
  const failed = results.filter((r) => r.failure);
  return [
    `${count} rows, 10 columns; medians of ${done[0]?.runs.length ?? 0} runs ` +
      `in turn, gzip 6 of one. The floor took ${Math.min(...floors).toFixed(2)} to ` +
      `${Math.max(...floors).toFixed(2)} s of CPU.`, "",
    ...table(rows), "",
    ...failed.map((r) =>
      verdict(false, `${r.one.name} into ${r.target} failed: ` +
        r.failure.replaceAll("\n", "; "))),
    ...cpuVerdict(rows), ...peerVerdicts(rows), ...memoryVerdicts(rows), "",
  ].join("\n");
}
