// tests/bench/targets.mjs: the places that rows are written to: a server that
// throws them away, the emulator, and a folder.
//
// A target says what a job file needs to write there (job), is made ready
// before each of its series (begin), and is emptied after each run: what `take`
// returns is kept with the run.

import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync }
  from "node:fs";
import { join } from "node:path";
import { ACCOUNT, KEY, makeCertificate, startAzurite }
  from "../lib/azurite.mjs";
import { atEnd, CONTAINER, folderForFiles, made, scratch } from "./setup.mjs";

// Processor seconds of a process so far; the tick is 1/100 s everywhere.
function cpuOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const field = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(field[11]) + Number(field[12])) / 100;
}

const jobFor = (url, ca, checksum) => () => ({
  store: { url: `${url}/${CONTAINER}`, checksum,
    ...(ca ? {} : { allow_http: "true" }) },
  ...(ca ? { tls: { ca } } : {}),
  auth: { kind: "shared-key", account: ACCOUNT, key: "${BENCH_KEY}" },
});

async function startSink(name, tls) {
  const args = tls ? ["--cert", tls.cert, "--key", tls.key] : [];
  const child = spawn(join(made, "sink"), args,
    { stdio: ["ignore", "pipe", "inherit"] });
  atEnd(() => child.kill("SIGTERM"));
  const port = await new Promise((ready, fail) => {
    child.stdout.once("data", (d) => ready(Number(/\d+/.exec(String(d))[0])));
    child.once("exit", () => fail(new Error("the sink does not start")));
  });
  const url = `${tls ? "https" : "http"}://127.0.0.1:${port}/${ACCOUNT}`;
  return {
    name, url, ca: tls?.ca,
    // As it is by default for the service itself; auto would take this for
    // an emulator because of its address.
    job: jobFor(url, tls?.ca, "crc64"),
    spent: () => cpuOf(child.pid),
    begin: async () => {},
    take: async () => ({}),
  };
}

async function startEmulator(name, tls) {
  const az = await startAzurite({ tls, memory: true });
  atEnd(() => az.stop());
  const container = az.service.getContainerClient(CONTAINER);
  return {
    name, url: az.url, ca: az.ca,
    job: jobFor(az.url, az.ca, "auto"),
    spent: () => cpuOf(az.pid),
    // Azurite keeps what was deleted for ten minutes or more, until its memory
    // is full of it.
    begin: async () => {
      await az.restart();
      await az.createContainer(CONTAINER);
    },
    take: async () => {
      for await (const b of container.listBlobsFlat())
        await container.deleteBlob(b.name);
      return {};
    },
  };
}

function filesBelow(dir, ending) {
  return readdirSync(dir, { withFileTypes: true }).flatMap((e) =>
    e.isDirectory() ? filesBelow(join(dir, e.name), ending)
      : e.name.endsWith(ending) ? [join(dir, e.name)] : []);
}

// A folder in it for each case. What the last run left stays there, so that it
// can be read when all are done.
async function startFolder(name) {
  const root = folderForFiles();
  const place = (one) => join(root, one.name.replace(/[^a-z0-9]+/gi, "-"));
  const empty = (one) => {
    rmSync(place(one), { recursive: true, force: true });
    mkdirSync(place(one));
  };
  return {
    name,
    job: (one) => ({ store: { url: `file://${place(one)}` } }),
    file: (one) => join(place(one), `file.${one.file.format}`),
    spent: () => 0,
    begin: async () => {},
    before: empty,
    take: async (one) => {
      const files = one.file ? filesBelow(place(one), one.file.format) : [];
      const bytes = files.reduce((sum, f) => sum + statSync(f).size, 0);
      if (one.file?.format !== "parquet") empty(one);
      return { files, bytes };
    },
  };
}

let certificate;
const tls = () => (certificate ??= makeCertificate(join(scratch, "tls")));

// In the order of the series; only those that have a case are started.
export const targets = [
  { name: "sink", start: (name) => startSink(name) },
  { name: "sink, TLS", start: (name) => startSink(name, tls()) },
  { name: "Azurite", start: (name) => startEmulator(name, false) },
  { name: "Azurite, TLS", start: (name) => startEmulator(name, tls()) },
  { name: "folder", start: startFolder },
];
export const uploading = targets.map((t) => t.name)
  .filter((name) => name !== "folder");
export { KEY };
