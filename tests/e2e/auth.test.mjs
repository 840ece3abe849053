// tests/e2e/auth.test.mjs: who we are to the store, whom we believe, and that
// a secret is never seen.

import net from "node:net";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, program, runnel, test, tmpdir } from "../lib/harness.mjs";
import { ACCOUNT, KEY, makeCertificate, startAzurite }
  from "../lib/azurite.mjs";
import { startProxy } from "../lib/proxy.mjs";
import { azureReader, checkStore, countsUp, isCurl, makeJob, onlyRun, quick,
  series } from "../lib/job.mjs";
import { require } from "../lib/harness.mjs";

const az = await startAzurite();
let containers = 0;

async function setup(options = {}) {
  const container = `auth${++containers}`;
  await az.createContainer(container);
  const sas = options.sas?.(container) ?? az.sas(container);
  const job = makeJob({
    query: series(10),
    file: { header: false, ...options.file },
    tls: { ca: az.ca },
    ...options,
    auth: options.auth ?? { kind: "sas", token: "${RUNNEL_TEST_SAS}" },
    env: { RUNNEL_TEST_SAS: sas, RUNNEL_TEST_KEY: KEY,
      RUNNEL_TEST_CONNECTION: az.connectionString, ...options.env },
    secrets: [new URLSearchParams(sas).get("sig"), KEY],
    store: { url: `${az.url}/${container}`, ...quick, ...options.store },
  });
  return { job, container, reader: azureReader(az, container), sas };
}

async function works(options) {
  const s = await setup(options);
  const r = await s.job.done(options?.args);
  countsUp(await onlyRun(s.reader), 10);
  return { ...s, r };
}

// What Azure's library makes for a whole account.
function accountSas(permissions = "racwdl") {
  const lib = require("@azure/storage-blob");
  return lib.generateAccountSASQueryParameters({
    expiresOn: new Date(Date.now() + 3600e3),
    permissions: lib.AccountSASPermissions.parse(permissions),
    services: lib.AccountSASServices.parse("b").toString(),
    resourceTypes: lib.AccountSASResourceTypes.parse("sco").toString(),
  }, new lib.StorageSharedKeyCredential(ACCOUNT, KEY)).toString();
}

// ------------------------------------------------------------- credentials

test("a container's SAS writes", () => works());

test("a SAS with its question mark writes", () =>
  works({ sas: (c) => `?${az.sas(c)}` }));

test("an account's SAS writes", () => works({ sas: () => accountSas() }));

test("a shared key signs small files, blocks and long names", async () => {
  const auth = { kind: "shared-key", account: ACCOUNT,
    key: "${RUNNEL_TEST_KEY}" };
  await works({ auth });
  await works({ auth, store: { path:
    `day={date}/hour={time}/${"deep/".repeat(40)}{run}/p-{part}.{ext}` } });
  const s = await setup({ auth, query: series(5000, 90),
    store: { block: "16K" } });
  await s.job.done();
  countsUp(await onlyRun(s.reader), 5000);
});

test("a connection string writes", () =>
  works({ auth: { kind: "connection-string",
    connection: "${RUNNEL_TEST_CONNECTION}" } }));

test("a connection string with a SAS writes", async () => {
  const sas = accountSas();
  await works({ auth: { kind: "connection-string",
    connection: "${RUNNEL_TEST_CONNECTION}" }, env: { RUNNEL_TEST_CONNECTION:
      `BlobEndpoint=${az.url};SharedAccessSignature=${sas}` } });
});

test("UseDevelopmentStorage=true writes into the emulator of this machine",
  async () => {
    const free = await new Promise((done) => {
      const probe = net.createServer();
      probe.once("error", () => done(false));
      probe.listen(10000, "127.0.0.1", () => probe.close(() => done(true)));
    });
    if (!free) {
      console.log("skipped: port 10000 is taken");
      return;
    }
    const own = await startAzurite({ tls: false, port: 10000 });
    await own.createContainer("devstore");
    const job = makeJob({ query: series(10), file: { header: false },
      store: { url: `${own.url}/devstore`, allow_http: true, ...quick },
      auth: { kind: "connection-string",
        connection: "UseDevelopmentStorage=true" } });
    await job.done();
    countsUp(await onlyRun(azureReader(own, "devstore")), 10);
    await own.stop();
  });

test("secrets come from files, with or without a line end", async () => {
  const dir = tmpdir();
  for (const end of ["", "\n", "\r\n"]) {
    const s = await setup({ dir });
    const path = join(dir, `token${containers}`);
    writeFileSync(path, s.sas + end, { mode: 0o600 });
    s.job.sections.auth.token = `file:${path}`;
    s.job.write();
    await s.job.done();
    countsUp(await onlyRun(s.reader), 10);
  }
  const path = join(dir, "key");
  writeFileSync(path, `${KEY}\n`, { mode: 0o600 });
  await works({ dir, auth: { kind: "shared-key", account: ACCOUNT,
    key: `file:${path}` } });
});

test("a secret's file that is missing, empty or a folder is refused by name",
  async () => {
    const dir = tmpdir();
    writeFileSync(join(dir, "empty"), "", { mode: 0o600 });
    for (const [name, words] of [["nowhere", /nowhere/], ["empty", /empty/],
      [".", /./]]) {
      const s = await setup({ dir });
      s.job.sections.auth.token = `file:${join(dir, name)}`;
      s.job.write();
      const r = await runnel(["run", s.job.path, "--json"]);
      assert.equal(r.code, 2, r.stdout + r.stderr);
      assert.match(r.stderr, words);
    }
  });

test("an environment variable that is not set is refused by name", async () => {
  const s = await setup({ env: { RUNNEL_TEST_SAS: undefined } });
  const r = await runnel(["run", s.job.path], { env: s.job.env });
  assert.equal(r.code, 2);
  assert.match(r.stderr, /RUNNEL_TEST_SAS/);
});

test("no secret is in the arguments, nor in what a debugging log says",
  async () => {
    const s = await setup({ job: { log_level: "debug" },
      query: series(3000, 90), store: { block: "16K" } });
    const p = s.job.start();
    const args = readFileSync(`/proc/${p.child.pid}/cmdline`, "utf8");
    assert(!args.includes(new URLSearchParams(s.sas).get("sig")));
    s.job.checkResult(await p.done);
  });

// ---------------------------------------------------------------- refusals

const noted = async (options, code, words) => {
  const s = await setup(options);
  const r = await s.job.fails(code, words);
  assert.equal((await checkStore(s.reader)).length, 0);
  return { ...s, r };
};

test("a wrong signature is refused by the service, in words, without a retry " +
  "storm", async () => {
  const { r } = await noted({ sas: (c) =>
    az.sas(c).replace(/sig=[^&]*/, "sig=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" +
      "AAAAA%3D") }, 4, /credential|refused/);
  assert(r.seconds < 3);
  assert.equal(r.error.status, 403);
});

test("a wrong key is refused by the service, in words", async () => {
  await noted({ auth: { kind: "shared-key", account: ACCOUNT,
    key: Buffer.from("canary canary canary").toString("base64") } }, 4,
  /credential|refused/);
});

test("an expired SAS is refused and its day is named", async () => {
  const { r } = await noted({ sas: (c) => az.sas(c, "racwdl", -1) }, undefined,
    /expired/);
  assert([2, 4].includes(r.code), r.where);
});

test("a SAS that may not write is refused and what is missing is said",
  async () => {
    const { r } = await noted({ sas: (c) => az.sas(c, "rl") }, undefined,
      /write|create|allow/);
    assert([2, 4].includes(r.code), r.where);
  });

test("a SAS that may not read still writes whole runs", () =>
  works({ sas: (c) => az.sas(c, "cw") }));

test("a SAS that may not delete writes; the parts of a failed run are named",
  async () => {
    await works({ sas: (c) => az.sas(c, "rcw") });
    const s = await setup({ sas: (c) => az.sas(c, "rcw"),
      query: "SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 9e999",
      file: { header: false, rows_per_file: 1 } });
    const r = await s.job.fails(3);
    assert.equal(r.json.leftovers.files, 2, r.where);
    assert.match(r.json.leftovers.first, /part-00001/);
  });

test("a credential file that was renewed is read again after a refusal",
  async () => {
    const plain = await startAzurite({ tls: false });
    const proxy = await startProxy({ to: plain });
    await plain.createContainer("renewed");
    const dir = tmpdir();
    const path = join(dir, "token");
    const fresh = plain.sas("renewed");
    const stale = fresh.replace(/sig=[^&]*/, "sig=AAAAAAAAAAAAAAAAAAAAAAAAAAAA" +
      "AAAAAAAAAAAAAAA%3D");
    writeFileSync(path, stale, { mode: 0o600 });
    proxy.rule = () => {
      // At once: a file that is cut off for a moment is an empty credential.
      writeFileSync(`${path}.new`, fresh, { mode: 0o600 });
      renameSync(`${path}.new`, path);
      return undefined;
    };
    const job = makeJob({ dir, query: series(3000, 90),
      file: { header: false }, tls: { ca: proxy.ca },
      auth: { kind: "sas", token: `file:${path}` },
      store: { url: `${proxy.url}/renewed`, block: "32K", ...quick } });
    await job.done();
    countsUp(await onlyRun(azureReader(plain, "renewed")), 3000);
  });

// -------------------------------------------------------------------- TLS

const ways = [
  ["a certificate of an authority that nobody told us about", {},
    /authority|trust|issuer|self.signed|CA/i, true],
  ["a certificate for another host", { names: ["DNS:elsewhere.example"] },
    /host|name|elsewhere|match/i],
  ["a certificate that is over", { to: "20210101000000Z" }, /expired|over/i],
  ["a certificate that has not begun", { from: "20480101000000Z" },
    /not (yet|begun)|future|valid/i],
];

for (const [what, certificate, words, stranger] of ways)
  test(`${what} is refused in words of its own`, async () => {
    const plain = await startAzurite({ tls: false });
    await plain.createContainer("tls-container");
    const dir = tmpdir();
    const files = makeCertificate(join(dir, "a"), certificate);
    const other = makeCertificate(join(dir, "b"));
    const proxy = await startProxy({ to: plain, tls: files });
    const sas = plain.sas("tls-container");
    const job = makeJob({ dir, query: series(3),
      tls: { ca: stranger ? other.ca : files.ca },
      auth: { kind: "sas", token: sas },
      secrets: [new URLSearchParams(sas).get("sig")],
      store: { url: `${proxy.url}/tls-container`, ...quick } });
    const r = await job.fails(4, words);
    assert(r.seconds < 3, "it was tried again");
    assert.equal(proxy.log.length, 0, "a request was sent");
    await plain.stop();
  });

test("an IP address is only believed when the certificate has it", async () => {
  const plain = await startAzurite({ tls: false });
  await plain.createContainer("tls-container");
  const dir = tmpdir();
  const files = makeCertificate(join(dir, "a"), { names: ["DNS:localhost"] });
  const proxy = await startProxy({ to: plain, tls: files });
  const job = makeJob({ dir, query: series(3), tls: { ca: files.ca },
    auth: { kind: "sas", token: plain.sas("tls-container") },
    store: { url: `${proxy.url}/tls-container`, ...quick } });
  await job.fails(4);
  assert.equal(proxy.log.length, 0);
});

test("an RSA certificate is as good", async () => {
  const plain = await startAzurite({ tls: false });
  await plain.createContainer("tls-container");
  const dir = tmpdir();
  const files = makeCertificate(join(dir, "a"), { rsa: true });
  const proxy = await startProxy({ to: plain, tls: files });
  const job = makeJob({ dir, query: series(3), tls: { ca: files.ca },
    auth: { kind: "sas", token: plain.sas("tls-container") },
    store: { url: `${proxy.url}/tls-container`, ...quick } });
  await job.done();
  await onlyRun(azureReader(plain, "tls-container"));
});

test("a second authority in the bundle is believed as well", async () => {
  const dir = tmpdir();
  const other = makeCertificate(join(dir, "other"));
  const bundle = join(dir, "bundle.pem");
  writeFileSync(bundle, readFileSync(other.ca, "utf8") +
    readFileSync(az.ca, "utf8"));
  await works({ dir, tls: { ca: bundle } });
});

test("without `ca` the system's authorities count, and ours is not one",
  async () => {
    const s = await setup({ tls: undefined });
    const r = await s.job.fails();
    assert([2, 4].includes(r.code), r.where);
  });

test("a bundle that is missing or holds no certificate is refused by name",
  async () => {
    const dir = tmpdir();
    writeFileSync(join(dir, "bad.pem"), "no certificate\n");
    for (const name of ["nowhere.pem", "bad.pem"]) {
      const s = await setup({ dir, tls: { ca: join(dir, name) } });
      const r = await s.job.fails(undefined, /nowhere\.pem|bad\.pem/);
      assert([2, 4].includes(r.code), r.where);
    }
  });

// ------------------------------------------------------------- plain HTTP

test("http:// is refused, to other machines even with allow_http", async () => {
  for (const [url, allow] of [["http://127.0.0.1:1/a/c", undefined],
    ["http://192.0.2.1:1/a/c", "true"],
    ["http://account.blob.core.windows.net/c", "true"],
    ["http://localhost.example.com/a/c", "true"]]) {
    const s = await setup({ store: { url, allow_http: allow } });
    const r = await runnel(["run", s.job.path], { env: s.job.env });
    assert.equal(r.code, 2, `${url}: ${r.stdout} ${r.stderr}`);
    assert.match(r.stderr, /http/);
  }
});

test("http:// to this machine works where the job allows it", async () => {
  const plain = await startAzurite({ tls: false });
  await plain.createContainer("loopback");
  const job = makeJob({ query: series(10), file: { header: false },
    auth: { kind: "sas", token: plain.sas("loopback") },
    store: { url: `${plain.url}/loopback`, allow_http: true, ...quick } });
  await job.done();
  countsUp(await onlyRun(azureReader(plain, "loopback")), 10);
});

test("a proxy is refused by a build without proxies, in words that help",
  async () => {
    if (await isCurl(program)) {
      console.log("skipped: this build has proxies");
      return;
    }
    const s = await setup({ store: { proxy: "http://127.0.0.1:1" } });
    await s.job.fails(2, /HTTP=curl/);
  });
