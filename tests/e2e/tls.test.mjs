// tests/e2e/tls.test.mjs: certificates that must be refused, a root that
// changes, a clock that is wrong, and records that no honest server sends.

import { execFileSync } from "node:child_process";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, program, tmpdir, top } from "../lib/harness.mjs";
import { makeCertificate, startAzurite } from "../lib/azurite.mjs";
import { preload } from "../lib/preload.mjs";
import { compose, startRelay } from "../lib/wire.mjs";
import { refusal, startProxy } from "../lib/proxy.mjs";
import { azureReader, checkStore, countsUp, makeJob, nothingThere, onlyOnce,
  onlyRun, quick, series } from "../lib/job.mjs";

const test = await onlyOnce(program);
const az = await startAzurite({ tls: false });
const chains = tmpdir("runnel-chains-");
execFileSync(join(top, "tests/lib/chains.sh"), [chains],
  { stdio: "ignore", env: { ...process.env, RSA_BITS: "2048" } });
const chain = (name) => ({ ca: join(chains, "roots.pem"),
  cert: join(chains, `${name}.pem`), key: join(chains, `${name}.key`) });
let containers = 0;

async function setup(files, options = {}) {
  const container = `tls${++containers}`;
  await az.createContainer(container);
  const proxy = await startProxy({ to: az, tls: files });
  const host = options.host ?? "localhost";
  const job = makeJob({
    query: series(options.rows ?? 600, 90),
    tls: { ca: options.ca ?? files.ca },
    // Not a token: that has times of its own.
    auth: { kind: "shared-key", account: az.account, key: az.key },
    secrets: [az.key],
    file: { header: false, rows_per_file: options.rows_per_file },
    store: { url: `https://${host}:${options.port ?? proxy.port}/` +
      `${az.account}/${container}`, block: "16K", ...quick,
      retry_for: "5s", ...options.store },
  });
  return { job, proxy, reader: azureReader(az, container) };
}

// ------------------------------------------------------------ certificates

const said = new Map();
for (const [name, host, words] of [
  ["expired", "localhost", /expired on 2021-02-03 \(this machine's clock says/],
  ["future", "localhost", /not valid before 2048-02-03 \(this machine's clock/],
  ["wrong", "localhost", /does not name localhost \(it names other\.example\)/],
  ["wrong", "127.0.0.1", /does not name 127\.0\.0\.1/],
  ["ec", "a.b.wild.example", /does not name a\.b\.wild\.example/],
  ["ec", "wild.example", /does not name wild\.example/],
  ["self", "localhost", /self-signed and not in .*roots\.pem/],
  ["unknown", "localhost", /no authority in .* vouches .*\(issuer Nobody\)/],
  ["alone", "localhost", /no authority in .* vouches .*\(issuer Inter EC\)/],
  ["sha1", "localhost", /weak signature or key/],
  ["short", "localhost", /weak signature or key/],
  ["client", "localhost", /not meant for a server/],
])
  test(`the certificate "${name}" is refused for ${host}: exit code 4, words ` +
    "of its own, not a byte of a request", async () => {
    const s = await setup(chain(name), { host, rows: 3 });
    const r = await s.job.fails(4, words, [],
      { env: preload("world", { NAMES: ".example" }) });
    assert(r.seconds < 3, "it was tried again");
    assert.equal(s.proxy.log.length + s.proxy.bytes, 0, "a request was sent");
    assert(s.proxy.server.accepted > 0, "it was never asked");
    const own = r.error.text.replace(/.*?: /, "");
    if (!/weak/.test(own)) assert(!said.has(own), `as ${said.get(own)}`);
    said.set(own, name);
    await nothingThere(s.reader);
  });

test("a wildcard stands for one label", async () => {
  const s = await setup(chain("ec"), { host: "one.wild.example", rows: 3 });
  await s.job.run([], { env: preload("world", { NAMES: ".example" }) });
  // What Azurite says to such a host name is its own affair.
  assert(s.proxy.log.length > 0, "no request was sent");
});

// -------------------------------------------------------------------- roots

// The second connection is shown a chain to the other root.
function moves(s, meanwhile = () => {}) {
  let moved = false;
  s.proxy.rule = (q) => {
    if (moved || q.op !== "stage") return undefined;
    moved = true;
    s.proxy.server.files = chain("rsa");
    meanwhile();
    return { lose: "reset" };
  };
  return () => assert(moved, "no connection was broken");
}

test("a service that moves to the bundle's second root is gone on with",
  async () => {
    const s = await setup(chain("ec"));
    const check = moves(s);
    await s.job.done();
    check();
    countsUp(await onlyRun(s.reader), 600);
  });

test("a root that comes into the bundle while it runs is believed; one that " +
  "does not is refused", async () => {
  for (const comes of [true, false]) {
    const ca = join(tmpdir(), "bundle.pem");
    const old = readFileSync(join(chains, "root-ec.crt"), "utf8");
    writeFileSync(ca, old);
    const s = await setup(chain("ec"), { ca });
    const check = moves(s, () => {
      if (!comes) return;
      writeFileSync(`${ca}.new`, old +
        readFileSync(join(chains, "root-rsa.crt"), "utf8"));
      renameSync(`${ca}.new`, ca);
    });
    if (comes) {
      await s.job.done();
      countsUp(await onlyRun(s.reader), 600);
    } else {
      await s.job.fails(4, /no authority/);
      assert.equal((await checkStore(s.reader)).length, 0);
    }
    check();
  }
});

// -------------------------------------------------------------------- clock

const yearsFromNow = (year) => String(Math.round((Date.UTC(year, 5, 1) -
  Date.now()) / 1000));

for (const [year, words] of [
  [1970, /not valid before 20\d\d-\d\d-\d\d \(this machine's clock says 1970-/],
  [2040, /expired on 203\d-\d\d-\d\d \(this machine's clock says 2040-/]])
  test(`a machine that believes it is ${year} is told of its clock`,
    async () => {
      const s = await setup(makeCertificate(tmpdir(), { to: "20350101000000Z" }),
        { rows: 3 });
      const r = await s.job.fails(4, words, [],
        { env: preload("world", { SHIFT: yearsFromNow(year) }) });
      assert(r.seconds < 3, "it was tried again");
      assert.equal(s.proxy.log.length, 0, "a request was sent");
    });

// ------------------------------------------------------------------ records

test("an answer in records of one byte, or in several of 16 KiB, is read like " +
  "any other", async () => {
  const s = await setup(chain("ec"));
  s.proxy.rule = (q) => {
    if (q.n === 1) return { drip: 0 };
    return q.op === "stage" && q.n === 2 && { answer: {
      ...refusal(503, "ServerBusy"), body: Buffer.alloc(60000, "x") } };
  };
  const r = await s.job.done();
  assert.equal(r.json.retries, 1, r.where);
  countsUp(await onlyRun(s.reader), 600);
});

const record = (type, length, bytes = length) => Buffer.concat([
  Buffer.from([type, 3, 3, length >> 8, length & 255]),
  Buffer.alloc(bytes, 0x5a)]);
const forged = [
  ["a record over the limit", record(23, 16384 + 257)],
  ["a record that nobody sealed", record(23, 64)],
  ["an alert in the clear", Buffer.from([21, 3, 3, 0, 2, 2, 80])],
  ["a handshake message in the clear", record(22, 40)],
  ["records of an unknown type", record(99, 8)],
  ["a thousand empty records", Buffer.concat(Array(1000).fill(record(23, 0)))],
  ["half a record", record(23, 300, 100)],
];

for (const version of ["TLSv1.2", "TLSv1.3"])
  test(`records that are forged are never an answer (${version})`,
    async () => {
      const files = { ...chain("ec"),
        options: { minVersion: version, maxVersion: version } };
      const s = await setup(files, { rows: 300 });
      for (const [what, bytes] of forged) {
        s.proxy.rule = (q) => q.op === (version === "TLSv1.2" ? "stage" :
          "commit") && { forge: bytes };
        const r = await s.job.fails(undefined, undefined,
          ["--set", "store.retry_for=200ms"]);
        assert([4, 75].includes(r.code), `${what}: ${r.where}`);
        assert.equal((await checkStore(s.reader)).length, 0, what);
      }
      s.proxy.rule = () => undefined;
      await s.job.done();
      countsUp(await onlyRun(s.reader), 300);
    });

// An answer without a length ends with the connection: a lost end is told from
// a real one by TLS's goodbye.
const unframed = (a) => compose({ ...a, length: false, headers:
  Object.fromEntries(Object.entries(a.headers).filter(([name]) =>
    !/^content-length$/i.test(name))) });

test("an answer that was cut off is not believed, one that ended is",
  async () => {
    for (const [then, retries] of [["end", 0], ["cut", 1], ["reset", 1]]) {
      const s = await setup(chain("ec"));
      s.proxy.rule = (q) => q.op === "stage" && q.n === 1 && { then,
        edit: (a) => unframed(a) };
      const r = await s.job.done();
      assert.equal(r.json.retries, retries, `${then}: ${r.where}`);
      countsUp(await onlyRun(s.reader), 600);
    }
  });

// ---------------------------------------------------------------- any byte

const full = process.env.SWEEP === "full";
for (const [key, how] of [["up", "reset"], ["up", "fin"], ["down", "reset"],
  ["down", "fin"]])
  test(`TLS cut (${how}) at any byte ${key === "up" ? "to" : "from"} the ` +
    "service: exit code 0 means every row", { timeout: 900 }, async () => {
    const s = await setup(chain("ec"), { rows: 200 });
    const relay = await startRelay({ to: s.proxy.port });
    s.job.sections.store.url = s.job.sections.store.url.replace(/:\d+\//,
      `:${relay.port}/`);
    s.job.sections.store.connections = 1;
    s.job.write();
    await s.job.done();
    const all = relay.seen[0][key];
    const step = full ? 1 : Math.ceil(all / 6);
    let cuts = 0;
    let done = 1;
    // 6 places that differ from those of other directions and kinds.
    for (let at = 1 + key.length + how.length; at < all; at += step) {
      relay.forget();
      relay.plan = (n) => (n === 1 ? { [key]: at, how } : undefined);
      const r = await s.job.run();
      cuts += relay.seen.some((x) => x.cut) ? 1 : 0;
      assert([0, 75].includes(r.code), `at ${at}: ${r.where}`);
      done += r.code === 0 ? 1 : 0;
      const runs = await checkStore(s.reader);
      assert.equal(runs.length, done, `at ${at}`);
      runs.forEach((x) => countsUp(x, 200));
    }
    assert(cuts >= 5, `${cuts} cuts`);
    console.log(`cut at ${cuts} of ${all} bytes` +
      (full ? "" : " (SWEEP=full: every one)"));
  });
