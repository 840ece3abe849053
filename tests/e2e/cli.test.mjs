// tests/e2e/cli.test.mjs: what the command line says when it is used wrongly,
// and where its answers go.

import { chmodSync, existsSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, runnel, test, tmpdir } from "../lib/harness.mjs";

const GOOD = `[source]
kind = sqlite
database = orders.db
query = SELECT 1 AS a
[store]
url = file:///nonexistent/out
`;

const job = (text = GOOD) => {
  const dir = tmpdir();
  writeFileSync(join(dir, "orders.ini"), text);
  return dir;
};

// Exit 2, nothing on stdout, and exactly one line on stderr that matches.
async function refused(args, pattern, options) {
  const r = await runnel(args, options);
  assert.equal(r.code, 2, r.stderr);
  assert.equal(r.stdout, "");
  assert.match(r.stderr, /^[^\n]+\n$/);
  assert.match(r.stderr, pattern);
  return r;
}

test("bad usage is one line and exit 2", async () => {
  const cwd = job();
  for (const [args, pattern] of [
    [[], /which command/],
    [["rnu", "orders.ini"], /rnu: no such command; did you mean run\?/],
    [["run"], /which job file\?.*runnel run JOB\.ini/],
    [["run", "a.ini", "b.ini"], /one argument too many/],
    [["run", "orders.ini", "--jsno"], /--jsno: .*did you mean --json\?/],
    [["run", "orders.ini", "--json=1"], /--json: takes no value/],
    [["run", "orders.ini", "--set"], /--set: needs a value/],
    [["check", "orders.ini", "--fresh"], /--fresh: no such option/],
    [["run", "orders.ini", "--log-level", "loud"], /expected error, warn/],
    [["run", "nowhere.ini"], /nowhere\.ini: No such file/],
    [["run", "."], /\.: not a regular file/],
    [["help", "nothing"], /no such command/],
  ]) await refused(args, pattern, { cwd });
});

test("commands that are still to come are refused by name", async () => {
  for (const name of ["validate", "daemon", "handoff"])
    await refused([name, "orders.ini"], new RegExp(
      `${name}: not in this version`));
});

test("a bad job file is one line with file and line", async () => {
  await refused(["run", "orders.ini"],
    /orders\.ini:7: \[store\] conections: .*did you mean connections\?/,
    { cwd: job(GOOD + "conections = 2\n") });
  await refused(["plan", "orders.ini"],
    /orders\.ini:7: \[databricks\]: not in this version/,
    { cwd: job(GOOD + "[databricks]\nhost = x\n") });
  await refused(["run", "orders.ini", "--set", "store.connections=0"],
    /--set store\.connections: 0: expected a number from 1 to 32/,
    { cwd: job() });
});

test("a secret on the command line is refused and never repeated", async () => {
  const r = await refused(
    ["run", "orders.ini", "--set", "auth.token=sig-CaNaRy"],
    /a command line is public/, { cwd: job() });
  assert.ok(!r.stderr.includes("CaNaRy"));
});

test("a secret that others may read is refused with the cure", async () => {
  const cwd = job(GOOD + "[auth]\nkind = sas\ntoken = file:token\n");
  writeFileSync(join(cwd, "token"), "sig-CaNaRy");
  chmodSync(join(cwd, "token"), 0o644);
  const r = await refused(["run", "orders.ini"], /chmod 600/, { cwd });
  assert.ok(!r.stderr.includes("CaNaRy"));
});

test("with --json even a bad job file gives one JSON object", async () => {
  const r = await runnel(["run", "orders.ini", "--json"],
    { cwd: job(GOOD + "conections = 2\n") });
  assert.equal(r.code, 2);
  const summary = JSON.parse(r.stdout);
  assert.equal(summary.state, "failed");
  assert.equal(summary.error.where, "config");
  assert.match(summary.error.text, /conections/);
});

test("status knows a job that never ran, and makes no file", async () => {
  const cwd = job();
  const r = await runnel(["status", "orders.ini", "--json"], { cwd });
  assert.equal(r.code, 0, r.stderr);
  assert.deepEqual(JSON.parse(r.stdout), { jobs: [{
    job: "orders", state_file: "orders.state", open: null, runs: [],
  }] });
  assert.ok(!existsSync(join(cwd, "orders.state")));
});

test("help explains every command and key", async () => {
  const help = await runnel(["help"]);
  assert.equal(help.code, 0);
  for (const name of ["run", "plan", "check", "status", "version"]) {
    assert.match(help.stdout, new RegExp(`runnel ${name}`));
    const one = await runnel([name, "--help"]);
    assert.equal(one.code, 0);
    assert.match(one.stdout, new RegExp(`^runnel ${name}`));
  }
  const keys = await runnel(["help", "keys"]);
  for (const name of ["memory", "query", "delimiter", "url", "token", "ca"])
    assert.match(keys.stdout, new RegExp(`^\\| ${name} `, "m"));
});

test("an answer that cannot be written is exit 1", async () => {
  const full = openSync("/dev/full", "w");
  const r = await runnel(["version"], { stdio: ["ignore", full, "pipe"] });
  assert.equal(r.code, 1);
  assert.match(r.stderr, /stdout: could not be written/);
});
