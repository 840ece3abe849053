// tests/e2e/report.test.mjs: `runnel validate`, and its page in a browser.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync }
  from "node:fs";
import { join } from "node:path";
import { after, assert, runnel, test, tmpdir } from "../lib/harness.mjs";
import { ACCOUNT, KEY, startAzurite } from "../lib/azurite.mjs";
import { browser, openPage } from "../lib/browser.mjs";
import { makeJob, quick, series } from "../lib/job.mjs";
import { refusal, startProxy } from "../lib/proxy.mjs";

const evil = "<script>document.title='gone'</script>";

// A run of three files in a folder, which a test may then spoil.
async function aRun(options = {}) {
  const dir = tmpdir();
  const out = join(dir, "out");
  mkdirSync(out);
  const job = makeJob({ dir,
    query: "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s " +
      "WHERE n < 100) SELECT n, n * 2 AS twice, 'row ' || n AS " +
      `"${evil}" FROM s`,
    ...options,
    file: { format: "csv", rows_per_file: 40, ...options.file },
    store: { url: `file://${out}`, ...options.store } });
  const r = await job.run();
  assert.equal(r.code, 0, r.stderr);
  const folder = join(out, readdirSync(out, { recursive: true })
    .find((p) => p.endsWith("_manifest.json")), "..");
  const name = (part) => join(folder, readdirSync(folder)
    .find((f) => f.includes(`part-0000${part}`)));
  const validate = (...args) => runnel(["validate", job.path, ...args]);
  return { dir, job, run: r.json.run, folder, name, validate };
}

const byName = (json, name) => json.validation.find((p) => p.place === name);

function spoil(file) {
  const bytes = readFileSync(file);
  bytes[5] ^= 1;
  writeFileSync(file, bytes);
}

test("a run that is everywhere the same validates at any time", async () => {
  const a = await aRun();
  for (const args of [[], [a.run]]) {
    const r = await a.validate(...args, "--json",
      "--set", "validate.read_back=true");
    assert.equal(r.code, 0, r.stderr);
    const json = JSON.parse(r.stdout);
    assert.equal(json.run, a.run);
    assert.equal(json.state, "ok");
    assert.equal(json.error, null);
    assert.equal(byName(json, "query").rows, 100);
    assert.equal(byName(json, "encoder").rows, 100);
    assert.equal(byName(json, "container").files, 3);
    assert.equal(byName(json, "container").read_back, true);
  }
  const text = await a.validate();
  assert.match(text.stdout, /all places agree/);
  assert.match(text.stdout, /container +ok/);
});

test("a changed byte, a shorter file and a missing one are exit 6",
  async () => {
    const a = await aRun();
    spoil(a.name(2));
    assert.equal((await a.validate()).code, 0); // lengths are right
    let r = await a.validate("--json", "--set", "validate.read_back=true");
    assert.equal(r.code, 6, r.stderr);
    assert.match(r.stderr, /part-00002\.csv: crc64/);
    let json = JSON.parse(r.stdout);
    assert.equal(json.state, "different");
    assert.equal(byName(json, "container").different[0].figure, "crc64");
    writeFileSync(a.name(2), readFileSync(a.name(2)).subarray(1));
    r = await a.validate();
    assert.equal(r.code, 6);
    assert.match(r.stderr, /part-00002\.csv: bytes/);
    rmSync(a.name(2));
    r = await a.validate("--json");
    assert.equal(r.code, 6);
    assert.match(r.stderr, /part-00002\.csv is absent/);
    json = JSON.parse(r.stdout);
    assert.equal(byName(json, "container").files, 2);
  });

test("a torn manifest is exit 6, a run that never was is said to be", async () => {
  const a = await aRun();
  const manifest = join(a.folder, "_manifest.json");
  const whole = readFileSync(manifest);
  writeFileSync(manifest, whole.subarray(0, whole.length - 40));
  let r = await a.validate();
  assert.equal(r.code, 6);
  assert.match(r.stderr, /torn/);
  writeFileSync(manifest, whole);
  assert.equal((await a.validate()).code, 0);
  r = await a.validate("20200101T000000Z-0123456789abcdef");
  assert.equal(r.code, 6);
  assert.match(r.stderr, /no manifest/);
  r = await a.validate("../../etc");
  assert.equal(r.code, 2);
});

test("the page replaces the last one and stands alone", async () => {
  const a = await aRun();
  const page = join(a.dir, "r.html");
  writeFileSync(page, "old");
  const r = await a.validate("--html", page);
  assert.equal(r.code, 0, r.stderr);
  const text = readFileSync(page, "utf8");
  assert.match(text, /^<!DOCTYPE html>[^]*<\/html>\n$/);
  assert.doesNotMatch(text, /<script|src=|href=|url\(|@import/);
  const bad = await a.validate("--html", join(a.dir, "none", "r.html"));
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /could not be written/);
});

// ------------------------------------------------------------- a container

const az = await startAzurite({ tls: false });
after(() => az.stop());

// A run of two files behind a proxy that a test may tell what to do.
async function inContainer(container, auth = {}) {
  await az.createContainer(container);
  const proxy = await startProxy({ to: az });
  const sas = az.sas(container);
  const job = makeJob({ query: series(120000, 20), tls: { ca: proxy.ca },
    file: { rows_per_file: 80000, header: false },
    auth: { kind: "sas", token: "${RUNNEL_TEST_SAS}", ...auth },
    env: { RUNNEL_TEST_SAS: sas },
    store: { url: `${proxy.url}/${container}`, ...quick } });
  const r = await job.done();
  proxy.forget();
  const validate = (...args) => runnel(["validate", job.path, "--json",
    "--set", "validate.read_back=true", ...args],
  { env: { RUNNEL_TEST_SAS: sas } });
  const names = (await az.list(container)).map((b) => b.name)
    .filter((n) => n.endsWith(".csv"));
  return { proxy, validate, run: r.json.run, names, container };
}

test("a container is read back, every byte of it, in pieces", async () => {
  const keys = { kind: "shared-key", account: ACCOUNT, key: KEY,
    token: undefined };
  for (const [container, auth] of [["sas", {}], ["keys", keys]]) {
    const a = await inContainer(`back-${container}`, auth);
    const r = await a.validate();
    assert.equal(r.code, 0, r.stderr);
    const place = byName(JSON.parse(r.stdout), "container");
    assert.equal(place.files, 2);
    assert.equal(place.read_back, true);
    const gets = a.proxy.log.filter((q) => q.op === "other").length;
    assert(gets > 4, `${gets} pieces`);
    assert.deepEqual(a.proxy.problems, []);
    // The same length, this run's metadata, another byte.
    const bytes = await az.download(a.container, a.names[1]);
    const { metadata } = await az.properties(a.container, a.names[1]);
    bytes[bytes.length - 1] ^= 1;
    await az.upload(a.container, a.names[1], bytes);
    let bad = await a.validate();
    assert.equal(bad.code, 6);
    assert.match(bad.stderr, /part-00002\.csv: run: container has none/);
    await az.upload(a.container, a.names[1], bytes, { metadata });
    bad = await a.validate();
    assert.equal(bad.code, 6);
    assert.match(bad.stderr, /part-00002\.csv: crc64/);
  }
});

test("reading back survives cut connections and a busy service", async () => {
  const a = await inContainer("faults");
  let n = 0;
  a.proxy.rule = (q) => {
    if (q.method !== "GET") return undefined;
    n++;
    if (n % 4 === 1) return { drop: "reset" };
    if (n % 4 === 2) return { answer: refusal(503, "ServerBusy") };
    return undefined;
  };
  const r = await a.validate("--set", "store.retry_for=30s");
  assert.equal(r.code, 0, r.stderr);
  assert(n > 10);
});

test("what is no piece of the file is never taken for one", async () => {
  const a = await inContainer("pieces");
  const other = (change) => {
    a.proxy.rule = (q) => q.method === "GET" && { edit: change };
  };
  other((answer) => ({ ...answer, headers: { ...answer.headers,
    "content-range": "bytes 7-4102/999999" } }));
  let r = await a.validate();
  assert.equal(r.code, 4, r.stderr);
  assert.match(r.stderr, /not the piece/);
  other((answer) => ({ ...answer, status: 200, headers: {
    ...answer.headers, "content-range": undefined } }));
  r = await a.validate();
  assert.notEqual(r.code, 0);
  a.proxy.rule = (q) => q.method === "GET" &&
    { answer: refusal(403, "AuthorizationPermissionMismatch") };
  r = await a.validate();
  assert.equal(r.code, 4);
  assert.match(r.stderr, /needs read/);
});

// Room for the widest thing, and nothing cut off at either side.
const fits = "document.documentElement.scrollWidth <= innerWidth && " +
  "[...document.querySelectorAll('h1, h2, p, th, td, footer')].every(e => { " +
  "const b = e.getBoundingClientRect(); " +
  "return b.width <= 1 || (b.left >= 0 && b.right <= innerWidth + 1); })";

// The contrast of each text with what is behind it, at least 4.5 to 1.
const contrast = `(() => {
  const light = (c) => c.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const paper = light(getComputedStyle(document.body).backgroundColor);
  return Math.min(...[...document.querySelectorAll("h1, h2, p, th, td, div, " +
    "footer")].map((e) => light(getComputedStyle(e).color)).map((ink) =>
    (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05)));
})()`;

if (!browser)
  console.log("skipped: the page in a browser (there is no chromium)");
else
  test("the page is read on a desk, on a phone, in the dark and on paper",
    { timeout: 180 }, async () => {
      const a = await aRun({ name: "orders" });
      const file = join(a.dir, "r.html");
      spoil(a.name(1));
      rmSync(a.name(3));
      const r = await a.validate("--html", file,
        "--set", "validate.read_back=true");
      assert.equal(r.code, 6, r.stderr);

      const page = await openPage(file);
      assert.match(await page.evaluate("document.title"),
        /2 differences between places/);
      assert.equal(await page.evaluate("document.compatMode"), "CSS1Compat");
      assert.equal(await page.evaluate("document.scripts.length"), 0);
      assert.equal(await page.evaluate(
        "new DOMParser().parseFromString(new XMLSerializer()" +
        ".serializeToString(document), 'application/xhtml+xml')" +
        ".querySelector('parsererror')"), null);

      const looks = async () => {
        assert.equal(await page.evaluate(fits), true);
        const least = await page.evaluate(contrast);
        assert(least >= 4.5, `contrast ${least}`);
      };
      const shown = process.env.SCREENSHOTS;
      for (const [name, width] of [["desk", 1200], ["tablet", 720],
        ["phone", 390], ["small", 320]]) {
        await page.resize(width);
        await page.light();
        await looks();
        if (shown) await page.screenshot(join(shown, `${name}.png`));
        await page.dark();
        await looks();
        if (shown) await page.screenshot(join(shown, `${name}-dark.png`));
      }

      // Rows and headers are still told where they are no longer shown.
      const spoken = await page.spoken();
      const count = (role) => spoken.filter((n) => n.role === role).length;
      assert.equal(count("table"), 2);
      assert.equal(count("columnheader"), 10);
      assert.equal(count("rowheader"), 5);
      assert(spoken.some((n) => n.role === "heading" && n.name === "orders"));

      await page.resize(700);
      await page.print();
      await looks();
      assert.deepEqual((await page.requests()).filter((u) =>
        !u.endsWith("/r.html")), []);
      assert.deepEqual(await page.complaints(), []);
    });
