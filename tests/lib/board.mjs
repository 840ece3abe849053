// tests/lib/board.mjs: the emulated board: its flash, its images, one run.
//
//   const board = makeBoard({ roots: [az.ca] });
//   board.job({ source: { kind: "push" }, file: {...}, store: {...}, ... });
//   const r = await board.run("csv");        // { code, rows, error, peak, ... }
//
// What a device is provisioned with, job and trusted roots, lies in flash
// partitions behind the image; QEMU's loader puts them there. The journal's
// flash is a file, so a second run finds what the first one left.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, start, tmpdir, top } from "./harness.mjs";
import { ini } from "./job.mjs";

export const BOARD = "mps2-an385";
const JOB_AT = 0x00100000;
const ROOTS_AT = 0x00104000;
const PARTITION = 0x4000;

// The host as the emulator's user network shows it.
export const HOST_ADDRESS = "10.0.2.2";

// A name of Azure's kind, which no name server knows; the emulator takes the
// account from it.
export const NAME = "devstoreaccount1.blob.runnel.test";

export const imagePath = (image, board = BOARD) =>
  join(top, "build/boards", board, image, `${image}.elf`);

// PEM certificates as DER, one behind the other.
export function derOf(...pems) {
  const parts = [];
  for (const pem of pems)
    for (const m of pem.matchAll(
      /-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g))
      parts.push(Buffer.from(m[1], "base64"));
  return Buffer.concat(parts);
}

const words = (line) => Object.fromEntries(line.trim().split(" ")
  .map((w) => w.split("=")).filter((w) => w.length === 2));

// What an image said: its last "result:", "error:" and "peak:" lines.
function report(r) {
  const line = (name) => {
    const found = r.stdout.split("\n").filter((l) => l.startsWith(`${name}: `));
    return found.length ? found.at(-1).slice(name.length + 2).trimEnd() : "";
  };
  const result = words(line("result"));
  return { ...r, line, result, error: line("error"),
    peak: words(line("peak")), rows: Number(result.rows ?? -1) };
}

const rootsOf = (pems) => Buffer.concat([derOf(...pems.map((p) =>
  readFileSync(p, "utf8"))), Buffer.alloc(16, 0xff)]);

// roots: PEM files · host: { name, address } that no name server knows
export function makeBoard({ roots = [], host, dir = tmpdir("runnel-board-") }) {
  const job = join(dir, "job.bin");
  const der = join(dir, "roots.bin");
  const flash = join(dir, "flash.bin");
  writeFileSync(der, rootsOf(roots));

  return {
    dir,
    flash,
    job(sections) {
      const text = ini(sections);
      assert(text.length < PARTITION, "the job fits its partition");
      writeFileSync(job, text + "\0", { mode: 0o600 });
    },
    // Not awaited: the process, to be killed.
    start(image, { args = {}, timeout = 60, elf, icount } = {}) {
      const path = elf ?? imagePath(image);
      assert(existsSync(path), `${path} is not built`);
      const given = { flash, ...args };
      if (host) given.host = `${host.name},${host.address ?? HOST_ADDRESS}`;
      const semihosting = ["enable=on", "target=native", `arg=${image}`,
        ...Object.entries(given).map(([k, v]) => `arg=${k}=${v}`)]
        // a comma in a value is doubled
        .map((w, i) => (i < 3 ? w : w.replaceAll(",", ",,"))).join(",");
      const child = start(process.env.QEMU ?? "qemu-system-arm", [
        "-M", BOARD, "-nographic", "-monitor", "none", "-serial", "stdio",
        "-nic", "user,model=lan9118", ...(icount ? ["-icount", icount] : []),
        "-semihosting-config", semihosting,
        ...(existsSync(job) ? ["-device",
          `loader,file=${job},addr=${JOB_AT},force-raw=on`] : []),
        "-device", `loader,file=${der},addr=${ROOTS_AT},force-raw=on`,
        "-kernel", path], { timeout });
      return { ...child, done: child.done.then(report) };
    },
    run(image, options) {
      return this.start(image, options).done;
    },
  };
}

// The same for boards/tap, whose images are programs of this host.
export function makeTap({ roots = [], host, dir = tmpdir("runnel-tap-") }) {
  const job = join(dir, "job.ini");
  const der = join(dir, "roots.der");
  const flash = join(dir, "flash.bin");
  writeFileSync(der, rootsOf(roots));
  return {
    flash,
    job: (sections) => writeFileSync(job, ini(sections), { mode: 0o600 }),
    async run(image, { args = {}, timeout = 60 } = {}) {
      const given = { flash, job, roots: der, ...args };
      if (host) given.host = `${host.name},${host.address}`;
      return report(await start(imagePath(image, "tap"),
        Object.entries(given).map(([k, v]) => `${k}=${v}`),
        { timeout }).done);
    },
  };
}
