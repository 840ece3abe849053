// boards/gateway-armv7/run.mjs: the ARM binary's jobs into Azurite over HTTPS,
// under qemu-user.
//
//   make BOARD=gateway-armv7 run
//
// RUN_ON is what runs it; empty on such a machine.

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, program, start, test, tmpdir }
  from "../../tests/lib/harness.mjs";
import { startAzurite } from "../../tests/lib/azurite.mjs";
import { startDns } from "../../tests/lib/dns.mjs";
import { duck } from "../../tests/lib/duck.mjs";
import { azureReader, ini, onlyRun, sql } from "../../tests/lib/job.mjs";

const ROWS = 60000;
const on = (process.env.RUN_ON ?? "").split(" ").filter(Boolean);
const dir = tmpdir();
const database = join(dir, "data.db");
const HOST = "devstoreaccount1.blob.gateway.test";
const az = await startAzurite({ certificate: {
  names: [`DNS:${HOST}`, "DNS:localhost", "IP:127.0.0.1"] } });

// What 32 bits may cut: integers and times beyond them, doubles and decimals to
// the last digit.
sql(database, `
  PRAGMA journal_mode = off;
  CREATE TABLE t (id INTEGER PRIMARY KEY, wide INTEGER, price DECIMAL(18,2),
    ratio DOUBLE, name TEXT, moment TIMESTAMP, data BLOB);
  WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s
    WHERE n < ${ROWS}) INSERT INTO t SELECT n,
    CASE n % 4 WHEN 0 THEN 9223372036854775807 - n WHEN 1 THEN
      -9223372036854775807 + n WHEN 2 THEN n * 4294967291 END,
    CASE WHEN n % 7 THEN printf('%d.%02d', n * 9999999, n % 100) END,
    n / 7.0, CASE WHEN n % 5 THEN 'say "' || n || '", then' || char(10) END,
    strftime('%Y-%m-%d %H:%M:%f', 4102444800 + n * 86400, 'unixepoch'),
    CASE WHEN n % 3 THEN CAST(printf('%x', n * n) AS BLOB) END FROM s;`);
const truth = join(dir, "truth.csv");
writeFileSync(truth, execFileSync("sqlite3", ["-batch", "-csv", database,
  "SELECT id, wide, price, printf('%!.17g', ratio), coalesce(name, '~'), " +
  "moment, hex(data) FROM t"], { maxBuffer: 1 << 30 }));

// Every value of every row, as text in one form, in one number.
const digest = async (from) => (await duck("SELECT count(*)::VARCHAR AS rows, " +
  "sum(id)::VARCHAR AS ids, sum(wide::HUGEINT)::VARCHAR AS wides, " +
  "sum(hash(id, wide, price::DECIMAL(18,2), ratio::DOUBLE, name, " +
  `moment::TIMESTAMP, data))::VARCHAR AS hash FROM (${from})`))[0];
const want = await digest("SELECT * REPLACE (CASE WHEN name <> '~' THEN name " +
  `END AS name, coalesce(data, '') AS data) FROM read_csv('${truth}', ` +
  "header = false, quote = '\"', escape = '\"', parallel = false, columns = " +
  "{id: 'BIGINT', wide: 'BIGINT', price: 'DECIMAL(18,2)', ratio: 'DOUBLE', " +
  "name: 'VARCHAR', moment: 'TIMESTAMP', data: 'VARCHAR'})");

const readers = {
  "csv.gz": (path) => "SELECT * REPLACE (coalesce(data, '') AS data) FROM " +
    `read_csv('${path}', header = true, quote = '"', escape = '"', parallel = ` +
    "false, columns = {id: 'BIGINT', wide: 'BIGINT', price: 'DECIMAL(18,2)', " +
    "ratio: 'DOUBLE', name: 'VARCHAR', moment: 'TIMESTAMP', data: 'VARCHAR'})",
  parquet: (path) => "SELECT * REPLACE (coalesce(hex(data), '') AS data, " +
    `moment::TIMESTAMP AS moment) FROM '${path}'`,
};

async function exports_(name, file, options = {}) {
  const { url = az.url, before = [] } = options;
  await az.createContainer(name);
  const path = join(dir, `${name}.ini`);
  writeFileSync(path, ini({
    job: { name, memory: "1M", state: join(dir, `${name}.state`) },
    source: { kind: "sqlite", database, query: "SELECT * FROM t" },
    file,
    store: { url: `${url}/${name}`, path: "{run}/part-{part}.{ext}",
      ...options.store },
    tls: { ca: az.ca },
    auth: { kind: "sas", token: "${RUNNEL_SAS}" },
  }));
  const [command, ...args] = [...before, ...on, program, "run", path, "--json",
    "--quiet"];
  const r = await start(command, args,
    { env: { RUNNEL_SAS: az.sas(name, "rcwd") } }).done;
  assert.equal(r.code, 0, `${r.signal} ${r.stdout}${r.stderr}`);
  const run = await onlyRun(azureReader(az, name));
  assert.equal(run.files.length, 1);
  const kind = run.files[0].name.split("part-00001.")[1];
  const copy = join(dir, `${name}.${kind}`);
  writeFileSync(copy, run.files[0].bytes);
  assert.deepEqual(await digest(readers[kind](copy)), want);
  assert.equal(want.rows, String(ROWS));
}

test("it is a 32-bit ARM binary without an interpreter", () => {
  const headers = execFileSync("readelf", ["-hlW", program],
    { encoding: "utf8" });
  assert(/Class: +ELF32/.test(headers) && /Machine: +ARM/.test(headers));
  assert(!/INTERP/.test(headers), headers);
});

test("CSV with gzip: every value arrives", () =>
  exports_("csv", { format: "csv", compression: "gzip",
    binary: "hex" }));

for (const compression of ["snappy", "gzip"])
  test(`Parquet with ${compression}: every value arrives`, () =>
    exports_(`parquet-${compression}`, { format: "parquet", compression,
      row_group_rows: 25000 }));

// Whatever nsswitch.conf names would be a shared library of this machine's.
const dns = await startDns();
if (dns === null) console.log("skipped: names are looked up: needs root");
else
  test("names are looked up in /etc/hosts and DNS, and nothing is loaded for it",
    async () => {
      const files = { "resolv.conf": `nameserver ${dns.address}\n`,
        "nsswitch.conf": "hosts: mdns4_minimal [NOTFOUND=return]\n",
        hosts: "127.0.0.1 localhost\n" };
      for (const [name, text] of Object.entries(files))
        writeFileSync(join(dir, name), text);
      const bind = Object.keys(files).map((f) =>
        `mount --bind ${join(dir, f)} /etc/${f}`).join(" && ");
      await exports_("named", { format: "parquet" },
        { url: `https://${HOST}:${az.port}`, store: { checksum: "md5" },
          before: ["unshare", "--mount", "sh", "-c", `${bind} && exec "$@"`,
            "sh"] });
      assert(dns.asked.includes(HOST), `${dns.asked}`);
    });
