// boards/container/run.mjs: the binary in an empty root, 10 M rows in 4 MiB.
//
//   make BOARD=container run
//
// The root holds the binary, a job file, a database, an authority's certificate
// and a folder for the state; no shell, no library, no device, no /proc. The
// kernel caps the memory of the process: a memory cgroup where one can be made
// (it counts page cache, sockets and page tables too), else the address space.

import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync,
  readdirSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { assert, cleanup, program, start, test, tmpdir }
  from "../../tests/lib/harness.mjs";
import { startAzurite } from "../../tests/lib/azurite.mjs";
import { duck } from "../../tests/lib/duck.mjs";
import { azureReader, ini, onlyRun, sql, watchMemory }
  from "../../tests/lib/job.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const MIB = 1 << 20;
const CAP = 4 * MIB;
const READINGS = 1000000;
const DAYS = 10;

// ------------------------------------------------------------------ the cap

// A cgroup of our own below the one we are in: version 2 where its memory
// controller is handed down, else version 1. null: neither can be made.
function makeCgroup() {
  const own = readFileSync("/proc/self/cgroup", "utf8").trim().split("\n")
    .map((l) => l.split(":"));
  const places = [
    { version: 2, root: "/sys/fs/cgroup",
      path: own.find((l) => l[0] === "0")?.[2], file: "memory.max" },
    { version: 1, root: "/sys/fs/cgroup/memory",
      path: own.find((l) => l[1].split(",").includes("memory"))?.[2],
      file: "memory.limit_in_bytes" },
  ];
  for (const { version, root, path, file } of places) {
    // What /proc names may lie above what is mounted here.
    for (const parent of [join(root, path ?? ""), root]) {
      const dir = join(parent, `runnel-${process.pid}`);
      try {
        mkdirSync(dir);
      } catch {
        continue;
      }
      // Not there: a file system of another kind, or no such controller.
      if (existsSync(join(dir, file))) {
        writeFileSync(join(dir, file), String(CAP));
        return { version, dir };
      }
      rmdirSync(dir);
    }
  }
  return null;
}

const group = makeCgroup();
if (group) cleanup(() => rmdirSync(group.dir));
const readGroup = (file) => readFileSync(join(group.dir, file), "utf8").trim();

// Version 2 keeps the peak from Linux 5.19 on.
const groupPeak = () => readGroup(group.version === 1 ?
  "memory.max_usage_in_bytes" : existsSync(join(group.dir, "memory.peak")) ?
  "memory.peak" : "memory.current");

// Touched pages of the stack, bytes, the most while it lives.
function watchStack(pid) {
  let most = 0;
  const timer = setInterval(() => {
    try {
      const m = /\[stack\]\n(?:.*\n)*?Rss: +(\d+) kB/.exec(
        readFileSync(`/proc/${pid}/smaps`, "utf8"));
      if (m) most = Math.max(most, Number(m[1]) * 1024);
    } catch {
      // it has ended
    }
  }, 50);
  return () => {
    clearInterval(timer);
    return most;
  };
}

// The process enters the cgroup by itself before it becomes the agent, so that
// all it ever touched is counted. A name space of its own keeps mounts apart;
// without root it maps its user.
function startCapped(root, args, options) {
  const map = process.getuid() === 0 ? [] : ["--map-root-user"];
  const inside = ["unshare", "--mount", ...map, `--root=${root}`, "--wd=/",
    "/runnel", ...args];
  return group ?
    start("sh", ["-c", 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"',
      "sh", group.dir, ...inside], options) :
    start("prlimit", [`--as=${CAP}`, "--", ...inside], options);
}

// ----------------------------------------------------------------- the root

const az = await startAzurite({ memory: false });
await az.createContainer("readings");
const root = tmpdir();
const outside = tmpdir();
const env = { RUNNEL_SAS: az.sas("readings", "rcwd") };

const QUERY = "SELECT day * 1000000 + id AS id, device, taken + day * 86400 AS taken, " +
  "value, state FROM days CROSS JOIN readings";

function fill() {
  copyFileSync(program, join(root, "runnel"));
  chmodSync(join(root, "runnel"), 0o755);
  copyFileSync(az.ca, join(root, "ca.pem"));
  mkdirSync(join(root, "state"));
  sql(join(root, "readings.db"), `
    PRAGMA journal_mode = off;
    CREATE TABLE days (day INTEGER);
    CREATE TABLE readings (id INTEGER PRIMARY KEY, device INTEGER NOT NULL,
      taken INTEGER NOT NULL, value DOUBLE, state TEXT);
    WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s
      WHERE n < ${DAYS - 1}) INSERT INTO days SELECT n FROM s;
    WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s
      WHERE n < ${READINGS}) INSERT INTO readings SELECT n, n % 997,
      1700000000 + n / 7, CASE WHEN n % 13 THEN (n % 100003) / 8.0 END,
      CASE WHEN n % 5 THEN 'state ' || n % 11 END FROM s;`);
  writeFileSync(join(root, "job.ini"), ini({
    job: { name: "readings", memory: "2M", state: "/state/readings" },
    source: { kind: "sqlite", database: "/readings.db", query: QUERY },
    file: { format: "parquet", compression: "snappy" },
    store: { url: `${az.url}/readings`, path: "{run}/part-{part}.{ext}" },
    tls: { ca: "/ca.pem" },
    auth: { kind: "sas", token: "${RUNNEL_SAS}" },
  }), { mode: 0o600 });
}
fill();

// ---------------------------------------------------------------- the tests

test("the binary is static and at most 2 MiB", () => {
  const size = statSync(program).size;
  console.log(`${size} bytes`);
  assert(size <= 2 * MIB, `${size} bytes`);
  const headers = execFileSync("readelf", ["-lW", program], { encoding: "utf8" });
  assert(!/INTERP|DYNAMIC/.test(headers), headers);
});

test("10 M rows reach the container as Parquet over HTTPS, in 4 MiB",
  { timeout: 300 }, async () => {
    assert.deepEqual(readdirSync(root).sort(),
      ["ca.pem", "job.ini", "readings.db", "runnel", "state"]);
    const p = startCapped(root, ["run", "/job.ini", "--json", "--quiet"],
      { env, timeout: 280 });
    const most = watchMemory(p.child.pid);
    const stack = watchStack(p.child.pid);
    const r = await p.done;
    const anonymous = most();
    assert.equal(r.code, 0, `${r.signal} ${r.stdout}${r.stderr}`);
    const told = JSON.parse(r.stdout);
    assert.equal(told.rows, READINGS * DAYS);
    // tools/size-report reads this line.
    console.log(`runnel parquet ${told.rows} rows: peak: rss=${anonymous} ` +
      `stack=${stack()}` + (group ? ` cgroup=${groupPeak()}` : "") +
      ` (${r.seconds.toFixed(1)} s, capped by ` +
      `${group ? `cgroup ${group.version}` : "its address space"})`);
    assert(anonymous > 0 && anonymous <= told.memory.budget, `${anonymous}`);

    const run = await onlyRun(azureReader(az, "readings"));
    const paths = run.files.map((f, i) => join(outside, `${i}.parquet`));
    run.files.forEach((f, i) => writeFileSync(paths[i], f.bytes));
    const truth = join(outside, "truth.csv");
    writeFileSync(truth, execFileSync("sqlite3", ["-batch", "-csv",
      join(root, "readings.db"), "SELECT id, device, taken, value, state " +
      "FROM readings"], { maxBuffer: 1 << 30 }));
    // All values are exact in 53 bits, so sums of doubles are too.
    const digest = (from) => "SELECT count(*)::VARCHAR AS rows, " +
      "sum(id)::VARCHAR AS id, sum(device)::VARCHAR AS device, " +
      "sum(taken)::VARCHAR AS taken, sum(value)::VARCHAR AS value, " +
      "count(value)::VARCHAR AS filled, count(state)::VARCHAR AS states, " +
      "sum(hash(id, device, taken, value, state))::VARCHAR AS hash " +
      `FROM (${from})`;
    const [got] = await duck(digest("SELECT id::BIGINT AS id, device::BIGINT " +
      "AS device, taken::BIGINT AS taken, value::DOUBLE AS value, state FROM " +
      `read_parquet([${paths.map((x) => `'${x}'`)}])`));
    const [want] = await duck(digest("SELECT day * 1000000 + id AS id, device, " +
      "taken + day * 86400 AS taken, value, state FROM read_csv('" +
      `${truth}', header = false, columns = {id: 'BIGINT', device: 'BIGINT', ` +
      "taken: 'BIGINT', value: 'DOUBLE', state: 'VARCHAR'}), " +
      `range(${DAYS}) AS r(day)`));
    assert.deepEqual(got, want);
    assert.equal(got.rows, String(READINGS * DAYS));
  });

test("the cap is one: a job of 16 MiB does not run under it", async () => {
  const r = await startCapped(root, ["run", "/job.ini", "--quiet", "--set",
    "job.memory=16M", "--set", "job.state=/state/large"], { env }).done;
  assert.notEqual(r.code, 0);
  if (group) assert.equal(r.signal, "SIGKILL");
});

// No Docker engine runs in CI, so the file is read and not built.
test("the Dockerfile begins with nothing and runs the binary without a shell",
  () => {
    const lines = readFileSync(join(here, "Dockerfile"), "utf8")
      .replaceAll("\\\n", " ").split("\n")
      .filter((l) => l && !l.startsWith("#"));
    const last = lines.slice(lines.indexOf("FROM scratch") + 1);
    assert(lines.includes("FROM scratch"));
    assert(!last.some((l) => /^(RUN|SHELL)\b/.test(l)), "nothing can run there");
    for (const l of last.filter((x) => /^(ENTRYPOINT|CMD)\b/.test(x)))
      assert(Array.isArray(JSON.parse(l.replace(/^\w+\s+/, ""))), l);
    const copied = last.filter((l) => l.startsWith("COPY"));
    assert(copied.some((l) => l.endsWith(" /runnel")));
    assert(existsSync(join(here, "../../build/boards/container/image/runnel")));
    assert(copied.some((l) => l.includes("build/boards/container/image/runnel")));
    assert(last.some((l) => /^USER \d+/.test(l)), "not as root");
  });
