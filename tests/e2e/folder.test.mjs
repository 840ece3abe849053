// tests/e2e/folder.test.mjs: a local folder as the store: the same files, whole
// or not at all, through full disks and kills.

import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { assert, run, runnel, sleep, test, tmpdir }
  from "../lib/harness.mjs";
import { duck } from "../lib/duck.mjs";
import { preload } from "../lib/preload.mjs";
import { checkStore, countsUp, folderReader, makeJob, nothingThere, onlyRun,
  rowsOf, series, text } from "../lib/job.mjs";

function setup(options = {}) {
  const dir = options.dir ?? tmpdir();
  const out = options.out ?? join(dir, "out");
  if (!existsSync(out)) mkdirSync(out);
  const job = makeJob({ query: series(options.rows ?? 10, options.width ?? 0),
    ...options, dir, file: { header: false, ...options.file },
    store: { url: `file://${out}`, ...options.store } });
  return { dir, out, job, reader: folderReader(out) };
}

// What readers see: names that begin with a dot are nobody's.
const visible = (reader) => ({ ...reader,
  list: async () => (await reader.list()).filter((n) => !/(^|\/)\./.test(n)) });

test("a folder gets the files, manifest and _SUCCESS that a container gets",
  async () => {
    const s = setup({ rows: 1050, file: { header: false, rows_per_file: 100 } });
    const r = await s.job.done();
    const found = await onlyRun(s.reader);
    assert.equal(found.files.length, 11);
    countsUp(found, 1050);
    assert.equal(found.manifest.run, r.json.run);
  });

test("DuckDB reads what is in the folder", async () => {
  const s = setup({ rows: 5000, width: 20,
    file: { header: true, compression: "gzip", rows_per_file: 2000 } });
  await s.job.done();
  await onlyRun(s.reader);
  const [got] = await duck("SELECT count(*)::INT AS n, sum(n)::INT AS s FROM " +
    `read_csv('${s.out}/**/*.csv.gz', header = true)`);
  const [want] = rowsOf(s.job.database,
    `SELECT count(*) AS n, sum(n) AS s FROM (${series(5000)})`);
  assert.deepEqual(got, want);
});

test("files are for their owner and as the umask says, nobody writes them",
  async () => {
    const s = setup();
    await s.job.done();
    const { files } = await onlyRun(s.reader);
    const { mode } = statSync(join(s.out, files[0].name));
    assert.equal(mode & 0o022 & ~process.umask(), 0 & mode);
  });

test("two runs lie side by side", async () => {
  const s = setup();
  await s.job.done();
  await s.job.done();
  assert.equal((await checkStore(s.reader)).length, 2);
});

test("a place where no folder can be is refused by name", async () => {
  const s = setup();
  const file = join(s.dir, "job.ini");
  for (const place of [file, `${file}/below`]) {
    const r = await s.job.fails(undefined, /job\.ini/,
      ["--set", `store.url=file://${place}`]);
    assert([2, 4].includes(r.code), r.where);
  }
});

// Every failing call, at every place.
for (const [call, name] of [["writev", "ENOSPC"], ["writev", "EIO"],
  ["fsync", "EIO"], ["fsync", "ENOSPC"], ["renameat2", "EIO"],
  ["open", "ENOSPC"], ["open", "EROFS"], ["open", "EMFILE"]])
  test(`${name} from ${call}, wherever it strikes, leaves no run that is not ` +
    "whole", async () => {
    const s = setup({ rows: 3000, width: 90,
      file: { header: false, rows_per_file: 1000 }, store: { block: "32K" } });
    for (let nth = 1; nth <= 14; nth++) {
      const r = await s.job.run([],
        { env: preload("fault", { FAULT: `${call}:${name}:${nth}` }) });
      const found = await checkStore(visible(s.reader));
      found.forEach((x) => countsUp(x, 3000));
      if (r.code === 0) break;
      assert([1, 4, 75].includes(r.code), r.where);
      assert(r.error.text.length > 20, r.error.text);
    }
    await s.job.done();
    const found = await checkStore(visible(s.reader));
    found.forEach((x) => countsUp(x, 3000));
    assert.deepEqual([...found.strays], []);
  });

test("a disk that is full ends the run, in words, and nothing stays on it",
  async () => {
    const dir = tmpdir();
    const out = join(dir, "small");
    mkdirSync(out);
    const m = await run("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", out]);
    if (m.code !== 0) {
      console.log("skipped: mounting is not permitted here");
      return;
    }
    try {
      const s = setup({ dir, out, rows: 50000, width: 90 });
      const r = await s.job.fails(4, /space/i);
      assert.equal(r.json.leftovers, null);
      await nothingThere(s.reader);
      const small = setup({ dir, out, rows: 100 });
      await small.job.done();
      await onlyRun(visible(small.reader));
    } finally {
      await run("umount", ["-l", out]);
    }
  });

test("killed at any moment, no file that readers see is partial, and the next " +
  "run clears up", { timeout: 60 }, async () => {
  const s = setup({ rows: 12000, width: 90,
    file: { header: false, rows_per_file: 2000 }, store: { block: "16K" } });
  const whole = await s.job.done();
  let n = 1;
  for (let i = 0; i < 20; i++) {
    const p = s.job.start();
    await sleep(2 + i * Math.max(1, whole.seconds * 1000 / 20));
    p.child.kill("SIGKILL");
    await p.done;
    const seen = await checkStore(visible(s.reader));
    seen.forEach((x) => countsUp(x, 12000));
    for (const stray of seen.strays.filter((f) => /part-/.test(f)))
      assert((await s.reader.read(stray)).toString().endsWith("\n"),
        `${stray} is partial`);
    await s.job.done();
    const now = await checkStore(visible(s.reader));
    assert.deepEqual([...now.strays], []);
    assert(now.length > n);
    n = now.length;
  }
  const hidden = (await s.reader.list()).filter((f) => /(^|\/)\./.test(f));
  assert.deepEqual(hidden, [], "working files that nobody clears up");
});

test("SIGTERM leaves nothing visible", async () => {
  const s = setup({ rows: 5000000, width: 90, file: { header: false,
    rows_per_file: 20000 } });
  const p = s.job.start();
  await sleep(300);
  p.child.kill("SIGTERM");
  const r = s.job.checkResult(await p.done);
  assert.equal(r.code, 75, r.where);
  await nothingThere(s.reader);
});

test("check leaves no trace", async () => {
  const s = setup();
  const r = await runnel(["check", s.job.path]);
  assert.equal(r.code, 0, r.stdout + r.stderr);
  assert.deepEqual(await s.reader.list(), []);
  assert.deepEqual(readdirSync(s.out), []);
});

test("JSON arrives as well", async () => {
  const s = setup({ rows: 3, file: { format: "json", header: undefined } });
  await s.job.done();
  assert.equal(text(await onlyRun(s.reader)), "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
});
