// readme.test.mjs: what the README shows works as it stands there.
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, runnel, test, tmpdir, top } from "../lib/harness.mjs";

const readme = readFileSync(join(top, "README.md"), "utf8");

function example() {
  const block = readme.match(/```ini\n([^]*?)```/);
  assert.ok(block, "the README has a job file");
  return block[1];
}

// Everything but where the data comes from and goes to is as printed.
function jobFor(dir) {
  const file = join(dir, "orders.ini");
  writeFileSync(file, example()
    .replace("/var/lib/shop/shop.db", join(dir, "shop.db"))
    .replace(/url = https:\S+/, `url = file://${dir}/out`), { mode: 0o600 });
  return file;
}

const sql = (dir, text) =>
  execFileSync("sqlite3", [join(dir, "shop.db"), text]).toString();

test("the README's job runs, and its second run takes only what is new",
  async () => {
    const dir = tmpdir();
    const env = { RUNNEL_SAS: "sv=2021-12-02&sp=cw&sig=abc" };
    sql(dir, `CREATE TABLE orders(id INTEGER PRIMARY KEY, customer TEXT,
      total DECIMAL(10,2), placed_at TIMESTAMP);
      INSERT INTO orders VALUES (1,'a','1.50','2026-01-01 10:00:00'),
      (2,'b','2.25','2026-01-02 10:00:00')`);
    const job = jobFor(dir);
    const rows = [];
    for (const add of ["SELECT 1",
      "INSERT INTO orders VALUES (3,'c','3','2026-01-03 10:00:00')"]) {
      sql(dir, add);
      const r = await runnel(["run", job, "--json"], { env });
      assert.equal(r.code, 0, r.stderr);
      rows.push(JSON.parse(r.stdout).rows);
    }
    assert.deepEqual(rows, [2, 1]);
    assert.equal(readdirSync(join(dir, "out", "orders")).length, 1);
  });

test("the README names every command there is, and no key that is not",
  async () => {
    const help = (await runnel(["help"])).stdout;
    const commands = [...help.matchAll(/^ {2}runnel (\w+)/gm)].map((m) => m[1]);
    assert.ok(commands.length >= 6);
    for (const c of commands)
      assert.ok(readme.includes(`runnel ${c}`), `${c} is not in the README`);
    const keys = (await runnel(["help", "keys"])).stdout;
    for (const [, key] of example().matchAll(/^(\w+) =/gm))
      assert.ok(keys.includes(`| ${key} `), `no key ${key}`);
  });
