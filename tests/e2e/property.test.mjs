// tests/e2e/property.test.mjs: tables that nobody thought of, with options that
// nobody would choose, to Parquet and Avro, against the truth.
//
//   PROPERTY_SEED=n     the round that failed, again (a failure names it)
//   PROPERTY_ROUNDS=n   so many of them, from PROPERTY_SEED or 1 on

import { assert, program, test } from "../lib/harness.mjs";
import { exportTable, leastFor, sameAvro, sameParquet, shared }
  from "../lib/columnar.mjs";
import { isCurl } from "../lib/job.mjs";
import { anyColumns, anyTable, chance } from "../lib/values.mjs";

const first = Number(process.env.PROPERTY_SEED ?? 1);
const rounds = Number(process.env.PROPERTY_ROUNDS ??
  (process.env.PROPERTY_SEED ? 1 : await isCurl(program) ? 2 : 15));

const yes = (r) => r.pick(["true", "false"]);

function parquetOptions(r, columns, n) {
  return {
    format: "parquet", compression: r.pick(["none", "gzip", "snappy", "zstd"]),
    row_group_rows: r.pick([1000000, Math.ceil(n / 3) || 1, 7, 100]),
    rows_per_file: r.pick([0, 0, Math.ceil(n / 2) || 1]),
    page: r.pick(["0", "0", "256", "1K", "1500", "16K"]),
    data_page: r.pick([1, 2]), dictionary: yes(r), page_index: yes(r),
    integer_encoding: r.pick(["plain", "delta"]),
    text_encoding: r.pick(["plain", "delta-length"]),
    boolean_encoding: r.pick(["auto", "plain", "rle"]),
    bloom_filter: columns.filter((c) => c.kind !== "bool" && r.yes(0.2))
      .map((c) => c.name).join(",") || undefined,
    bloom_bytes: r.pick(["32", "1K"]),
  };
}

const avroOptions = (r, n) => ({
  format: "avro", compression: r.pick(["null", "deflate", "snappy", "zstd"]),
  rows_per_file: r.pick([0, 0, Math.ceil(n / 2) || 1]),
  page: r.pick(["0", "256", "1K", "1500", "16K"]),
});

async function round(seed) {
  const r = chance(seed);
  const columns = anyColumns(r, 1 + r.below(r.pick([2, 6, 20])));
  const n = r.pick([0, 1, 2, 9, 100, 129, 400, 900, 2500]);
  const t = shared(anyTable(r, n, columns));
  for (const [same, options] of [[sameParquet, parquetOptions(r, columns, n)],
    [sameAvro, avroOptions(r, n)]]) {
    // Just enough makes many blocks of what else is one.
    const memory = r.pick(["16M", "just enough"]);
    const job = { memory: memory === "16M" ? memory :
      `${await leastFor(t, options)}K` };
    try {
      await same(await exportTable(t, options, { job }), t);
    } catch (e) {
      assert.fail(`PROPERTY_SEED=${seed}: ${n} rows, memory ${job.memory}, ` +
        `${JSON.stringify(options)}\n${e.message}`);
    }
  }
}

for (let i = 0; i < rounds; i++)
  test(`seed ${first + i} makes a table that comes back as it was`,
    () => round(first + i));
