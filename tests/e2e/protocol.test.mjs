// tests/e2e/protocol.test.mjs: answers that are lost, wrong or unfriendly. What
// is published is whole and there once; what failed is not visible.

import { assert, test } from "../lib/harness.mjs";
import { startAzurite } from "../lib/azurite.mjs";
import { created, refusal, startProxy } from "../lib/proxy.mjs";
import { azureReader, checkStore, countsUp, makeJob, nothingThere, onlyRun,
  quick, series } from "../lib/job.mjs";

const az = await startAzurite({ tls: false });
const proxy = await startProxy({ to: az });
const full = process.env.SWEEP === "full";
let containers = 0;

// 20,000 rows of 100 bytes: some 60 blocks of 32 KiB in one file.
const ROWS = 20000;

async function setup(options = {}) {
  const container = `protocol${++containers}`;
  await az.createContainer(container);
  proxy.forget();
  const sas = az.sas(container);
  const job = makeJob({
    query: series(options.rows ?? ROWS, 90),
    tls: { ca: proxy.ca },
    auth: { kind: "sas", token: "${RUNNEL_TEST_SAS}" },
    env: { RUNNEL_TEST_SAS: sas },
    secrets: [new URLSearchParams(sas).get("sig")],
    file: { header: false, ...options.file },
    job: options.job,
    store: { url: `${proxy.url}/${container}`, block: "32K", ...quick,
      retry_for: "5s", restarts: 1, ...options.store },
  });
  return { job, container, reader: azureReader(az, container) };
}

const parts = (q) => q.name.includes("/part-");

// The run must come to its end in spite of `rule`, with every row once.
async function survives(rule, options) {
  const s = await setup(options);
  proxy.rule = rule;
  const r = await s.job.done();
  const run = await onlyRun(s.reader);
  countsUp(run, options?.rows ?? ROWS);
  return { ...s, r, run };
}

// The run must fail, and leave nothing that looks like one.
async function fails(rule, code, words, options) {
  const s = await setup({ rows: 3000, ...options });
  proxy.rule = rule;
  const r = await s.job.fails(code, words);
  proxy.rule = () => undefined;
  await nothingThere(s.reader);
  return { ...s, r };
}

// ----------------------------------------------------------- lost answers
//
// A request whose connection had been kept may be sent once more at once, as
// the server may have closed it before; the service then refuses the second.

const made = (op) => proxy.log.filter((e) => e.op === op && e.status === 201);

for (const how of ["reset", "end"]) {
  test(`a staged block whose answer was lost (${how}) is there once`,
    async () => {
      const { run, container } = await survives(
        (q) => q.op === "stage" && q.n % 9 === 4 && { drop: how });
      const twice = proxy.count.stage - run.files[0].blocks;
      assert(twice >= 3, `${twice} blocks were sent again`);
      const { committed } = await az.blocks(container, run.files[0].name);
      assert.equal(committed.length, run.files[0].blocks);
    });

  test(`a commit whose answer was lost (${how}) is settled by asking`,
    async () => {
      await survives((q) => q.op === "commit" && q.n === 1 && { drop: how });
      assert.equal(made("commit").length, 1, "committed again");
      assert(proxy.count.commit <= 2);
      assert(proxy.count.head >= 1);
    });

  test(`a small file, manifest or _SUCCESS whose answer was lost (${how}) is ` +
    "there once", async () => {
    await survives((q) => q.op === "put" && { drop: how }, { rows: 10 });
    assert.equal(made("put").length, 3);
  });

  test(`"there already" for a file sent twice (${how}) is settled by asking`,
    async () => {
      await survives((q) => ["put", "commit"].includes(q.op) && q.n % 2 === 1 &&
        { drop: how });
      assert(proxy.log.some((e) => e.status === 409), "nothing was sent twice");
      assert.equal(made("put").length + made("commit").length, 3);
    });

  test(`a commit that never arrived (${how}) is made again`, async () => {
    await survives((q) => q.op === "commit" && q.n <= 2 && { lose: how });
    assert.equal(proxy.count.commit, 3);
  });
}

test("a commit still at work when it is asked for again makes one file",
  async () => {
    await survives((q) => q.op === "commit" && q.n === 1 && { late: 700 });
    await proxy.pending;
    const statuses = proxy.log.filter((e) => e.op === "commit")
      .map((e) => e.status);
    assert.equal(statuses.filter((s) => s === 201).length, 1,
      `commits answered ${statuses}`);
  });

test("an answer that comes after we gave up waiting changes nothing",
  async () => {
    await survives((q) => q.op === "stage" && q.n === 5 && { delay: 1500 });
  });

// ------------------------------------------------------------ lost blocks

test("a block that the service lost makes the file again under a new name, " +
  "and the old one never appears", async () => {
  const { job, reader } = await setup();
  let dropped = false;
  proxy.rule = (q) => {
    if (q.op !== "stage" || q.n !== 7 || dropped) return undefined;
    dropped = true;
    return { swallow: true };
  };
  const r = await job.done();
  assert.equal(r.json.restarts, 1);
  countsUp(await onlyRun(reader), ROWS);
  const names = new Set(proxy.log.filter((e) => e.op === "stage")
    .map((e) => e.name));
  assert.equal(names.size, 2, "the second attempt used the first's name");
  // By chance and not by the clock: an attempt may begin in the same second.
  const nonces = new Set([...names].map((n) => /-([0-9a-f]{16})\//.exec(n)[1]));
  assert.equal(nonces.size, 2, "the second attempt had the first's nonce");
});

test("blocks that are lost every time end the run after the restarts that " +
  "the job allows", async () => {
  const { r } = await fails((q) => q.op === "stage" &&
    q.query.get("blockid") && q.n % 5 === 0 && { swallow: true }, 75,
  /gone|lost|again/);
  assert.equal(r.json.restarts, 1);
});

test("committed parts of a run that fails later are removed", async () => {
  const { r } = await fails((q) => q.name.includes("part-00003") &&
    q.method === "PUT" && { answer: refusal(403, "AuthorizationFailure") },
  4, /not allowed|refused/, { file: { header: false, rows_per_file: 500 } });
  assert.equal(r.json.leftovers, null);
  assert(proxy.count.delete >= 2);
});

test("parts that could not be removed are named, and the next run removes them",
  async () => {
    const { job, reader } = await setup({ rows: 3000,
      file: { header: false, rows_per_file: 500 } });
    proxy.rule = (q) => (q.name.includes("part-00003") && q.method === "PUT") ||
      q.op === "delete" ? { answer: refusal(403, "AuthorizationFailure") } :
      undefined;
    const r = await job.fails(4);
    assert(r.json.leftovers.files >= 2, r.where);
    assert.match(r.json.leftovers.first, /part-00001/);
    assert.equal((await checkStore(reader)).length, 0);
    proxy.rule = () => undefined;
    await job.done();
    countsUp(await onlyRun(reader), 3000);
  });

// ------------------------------------------------------------- throttling

for (const [what, status, code, headers] of [
  ["503 ServerBusy, Retry-After 0", 503, "ServerBusy", { "Retry-After": "0" }],
  ["500 OperationTimedOut", 500, "OperationTimedOut", {}],
  ["429", 429, "TooManyRequests", { "Retry-After": "1" }],
  ["Retry-After: rubbish", 503, "ServerBusy", { "Retry-After": "soon, -1" }],
  ["Retry-After: a date that has passed", 503, "ServerBusy",
    { "Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT" }],
  ["x-ms-retry-after-ms", 503, "ServerBusy", { "x-ms-retry-after-ms": "20" }],
  ["408", 408, undefined, {}],
  ["502 from a gateway, in HTML", 502, undefined,
    { "content-type": "text/html" }],
  ["504", 504, undefined, {}],
])
  test(`${what} now and then costs a retry and no row`, async () => {
    const { r } = await survives((q) => ((q.op === "stage" && q.n % 20 === 3) ||
      (q.op === "commit" && q.n === 1) || (q.op === "head" && q.n === 1) ||
      (q.op === "put" && q.n === 1)) &&
      { answer: refusal(status, code, headers) },
    { store: { retry_for: "20s" } });
    assert(r.json.retries >= 4, `${r.json.retries} retries`);
  });

for (const asked of ["99999", "99999999999999999999"])
  test(`Retry-After: ${asked} is longer than we may try, so the run ends at ` +
    "once", async () => {
    const { r } = await fails((q) => q.op === "put" &&
      { answer: refusal(503, "ServerBusy", { "Retry-After": asked }) }, 75,
    /busy/, { rows: 10 });
    assert(r.seconds < 5, `${r.seconds} s`);
  });

test("5xx for ever ends with exit code 75 within the time for retries",
  async () => {
    const { r } = await fails((q) => q.method === "PUT" &&
      { answer: refusal(503, "ServerBusy") }, 75, /busy/,
    { store: { retry_for: "1s" } });
    assert(r.seconds < 8, `${r.seconds} s`);
    assert.equal(r.error.status, 503);
    assert.equal(r.error.service, "ServerBusy");
    assert(r.error.request, "no request id");
  });

test("a run of which only _SUCCESS could not be written is completed by the " +
  "next one", async () => {
  const s = await setup({ rows: 50, store: { retry_for: "1s" } });
  proxy.rule = (q) => q.op === "put" && q.name.endsWith("_SUCCESS") &&
    { answer: refusal(503, "ServerBusy") };
  const r = await s.job.fails(75, /busy/);
  proxy.rule = () => undefined;
  const next = await s.job.done();
  assert.equal(next.json.completed, r.json.run);
  const runs = await checkStore(s.reader);
  assert.equal(runs.length, 2);
  runs.forEach((run) => countsUp(run, 50));
  assert.deepEqual([...runs.strays], []);
});

test("the job's deadline ends retries, with exit code 75", async () => {
  const { r } = await fails((q) => q.method === "PUT" &&
    { answer: refusal(503, "ServerBusy") }, 75, undefined,
  { store: { retry_for: "60s" }, job: { deadline: "1s" } });
  assert(r.seconds < 8, `${r.seconds} s`);
});

test("a throttled run backs off instead of hammering", async () => {
  await fails((q) => q.method === "PUT" &&
    { answer: refusal(503, "ServerBusy") }, 75, undefined,
  { rows: 10, store: { retry_for: "3s" } });
  assert(proxy.count.put <= 12, `${proxy.count.put} tries in 3 s`);
});

// ---------------------------------------------------- what is not success

const page = { status: 201, headers: { "content-type": "text/html" },
  body: "<html>Please log in to the guest network</html>" };

for (const [what, answer] of [
  ["200", { ...created(), status: 200 }],
  ["202", { ...created(), status: 202 }],
  ["204", { ...created(), status: 204 }],
  ["201 with a login page", page],
  ["201 without the service's headers", { status: 201 }],
  ["200 with a login page", { ...page, status: 200 }],
])
  for (const op of ["stage", "commit", "put"])
    test(`${what} instead of 201 to ${op} is not success`, async () => {
      // Where the answer leaves it open, the store is asked; nothing was
      // forwarded, so there is nothing to be found.
      const { r } = await fails((q) => q.op === op && (op !== "put" ||
        parts(q)) && { answer }, undefined, undefined,
      { rows: op === "put" ? 10 : 3000, store: { retry_for: "100ms" } });
      assert([4, 75].includes(r.code));
    });

for (const status of [200, 202, 204])
  test(`${status} to a block is not success even when the block was stored`,
    () => fails((q) => q.op === "stage" && { edit: (a) => ({ ...a, status }) },
      4, /success that is none/));

test("201 to every request of a service that keeps nothing is not success",
  async () => {
    const { job, reader } = await setup({ rows: 10 });
    proxy.rule = (q) => q.method === "PUT" && { answer: created() };
    await job.fails(4, /not there|is not/);
    await nothingThere(reader);
  });

test("HEAD that tells another length than was sent is not success",
  async () => {
    await fails((q) => q.op === "head" && { edit: (a) =>
      ({ ...a, headers: { ...a.headers, "content-length": "3" } }) }, 4,
    /bytes/, { rows: 10 });
  });

test("another checksum in the answer than was sent is not success",
  async () => {
    const { r } = await fails((q) => q.op === "stage" && { edit: (a) =>
      ({ ...a, headers: { ...a.headers,
        "content-md5": "AAAAAAAAAAAAAAAAAAAAAA==" } }) }, undefined,
    /checksum|changed/, { store: { retry_for: "1s" } });
    assert([4, 75].includes(r.code));
  });

// ------------------------------------------------------ every other status

test("no status but 201 is taken as success, for any operation",
  { timeout: 120 }, async () => {
    const statuses = [201, 203, 205, 206, 226, 299, 300, 304, 305, 306, 400,
      401, 402, 403, 404, 405, 406, 407, 409, 410, 411, 412, 413, 414, 415,
      416, 417, 418, 421, 422, 425, 426, 428, 431, 451, 499, 501, 505, 507,
      508, 511, 520, 599];
    // Each status answers one of the operations; all of them with SWEEP=full.
    const ops = ["stage", "commit", "put"];
    for (const [i, status] of statuses.filter((s) => s !== 201).entries())
      for (const op of full ? ops : [ops[i % ops.length]]) {
        const s = await setup({ rows: op === "put" ? 5 : 1000,
          store: { retry_for: "100ms", restarts: 0 } });
        proxy.rule = (q) => q.op === op && parts(q) &&
          { answer: refusal(status, "SomethingElse") };
        const r = await s.job.run();
        assert([4, 75].includes(r.code), `${status} to ${op}: ${r.where}`);
        assert(r.seconds < 5, `${status} to ${op} took ${r.seconds} s`);
        proxy.rule = () => undefined;
        await nothingThere(s.reader);
      }
    if (!full) console.log("one operation a status (SWEEP=full: all three)");
  });

for (const [status, code, words] of [
  [404, "ContainerNotFound", /no such container/],
  [409, "ContainerBeingDeleted", /being deleted/],
  [403, "AuthorizationFailure", /firewall|not allowed/],
  [403, "AuthorizationPermissionMismatch", /does not allow/],
  [409, "BlobImmutableDueToPolicy", /immutab/],
  [412, "LeaseIdMissing", /lease/],
])
  test(`${status} ${code} ends the run at once, in words that help`,
    async () => {
      const { r } = await fails((q) => q.method === "PUT" &&
        { answer: refusal(status, code) }, 4, words, { rows: 10 });
      assert.equal(r.error.service, code);
      assert(proxy.count.put <= 2, `${proxy.count.put} tries`);
    });

// -------------------------------------------------------------- redirects

for (const status of [301, 302, 303, 307, 308])
  test(`a redirect (${status}) is not followed, and no credential leaves`,
    async () => {
      const other = await startProxy({ to: az });
      for (const location of [`${other.url}/elsewhere/x`,
        `http://127.0.0.1:${other.port}/x`, "/other/x", "x"]) {
        await fails((q) => q.method === "PUT" && parts(q) && { answer: {
          ...refusal(status), headers: { location, "x-ms-version": "1" } } },
        4, /redirect/, { rows: 5 });
        assert.equal(proxy.log.filter((e) => !e.name.includes("/job/")).length,
          0, "a request to another place");
      }
      assert.equal(other.server.accepted, 0, "connected to the other host");
    });
