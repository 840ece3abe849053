// tests/bench/report_parts.mjs: how figures look.

export function median(values) {
  const v = [...values].sort((a, b) => a - b);
  const half = v.length >> 1;
  return v.length % 2 ? v[half] : (v[half - 1] + v[half]) / 2;
}

export const mib = (bytes) =>
  (bytes / 1048576).toFixed(bytes < 1e7 ? 2 : 1);
export const ratio = (r) => r.toFixed(2);
export const verdict = (good, text) =>
  `- ${good ? "reached" : "MISSED"}: ${text}`;
