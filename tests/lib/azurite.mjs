// tests/lib/azurite.mjs: Azurite's blob service for a test, with a certificate
// made on the fly, and a reader that nobody here wrote (Azure's own library).
//
//   const az = await startAzurite();
//   await az.createContainer("orders");
//   ... az.url, az.ca, az.account, az.key, az.port ...
//   await az.list("orders", { uncommitted: true });
//   await az.download("orders", "a/b.csv");         // Buffer
//   await az.stop();

import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync }
  from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cleanup, require, top } from "./harness.mjs";

// The emulator's public, documented account; no secret.
export const ACCOUNT = "devstoreaccount1";
export const KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4" +
  "I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

const openssl = (dir, ...args) =>
  execFileSync("openssl", args, { cwd: dir, stdio: ["ignore", "pipe", "pipe"] });

// An authority and a certificate signed by it. Returns paths: { ca, cert, key }.
// names: the subject alternative names; from, to: as openssl ca takes them
// (20250101000000Z), for certificates that are over or not yet begun; rsa:
// instead of P-256.
export function makeCertificate(dir, options = {}) {
  const {
    names = ["DNS:localhost", "IP:127.0.0.1"],
    from = "20200101000000Z",
    to = "20490101000000Z",
    rsa = false,
  } = options;
  mkdirSync(dir, { recursive: true });
  const algorithm = rsa ? ["-newkey", "rsa:2048"] :
    ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
  writeFileSync(join(dir, "ca.cnf"), [
    "[req]", "distinguished_name = dn", "[dn]",
    "[root]", "basicConstraints = critical,CA:TRUE",
    "keyUsage = critical,keyCertSign,cRLSign",
    "[ca]", "default_ca = own",
    "[own]", "database = index.txt", "serial = serial", "new_certs_dir = .",
    "default_md = sha256", "policy = any", "unique_subject = no",
    "x509_extensions = leaf",
    "[any]", "commonName = supplied",
    "[leaf]", "basicConstraints = CA:FALSE",
    "keyUsage = critical,digitalSignature", "extendedKeyUsage = serverAuth",
    `subjectAltName = ${names.join(",")}`, "",
  ].join("\n"));
  writeFileSync(join(dir, "index.txt"), "");
  writeFileSync(join(dir, "serial"), "1000\n");
  openssl(dir, "req", "-x509", ...algorithm, "-nodes", "-config", "ca.cnf",
    "-extensions", "root", "-subj", "/CN=Runnel test authority", "-days",
    "3650", "-keyout", "ca.key", "-out", "ca.pem");
  openssl(dir, "req", ...algorithm, "-nodes", "-config", "ca.cnf", "-subj",
    "/CN=localhost", "-keyout", "leaf.key", "-out", "leaf.csr");
  openssl(dir, "ca", "-batch", "-notext", "-config", "ca.cnf", "-cert",
    "ca.pem", "-keyfile", "ca.key", "-startdate", from, "-enddate", to, "-in",
    "leaf.csr", "-out", "leaf.pem");
  return {
    ca: join(dir, "ca.pem"),
    cert: join(dir, "leaf.pem"),
    key: join(dir, "leaf.key"),
  };
}

// Resolves once the service says where it listens; it picks the port itself,
// so two tests can't race for one.
function launch(args, log) {
  const main = join(top, "build/node_modules/azurite/dist/src/blob/main.js");
  const node = process.versions.node.startsWith("18.") ?
    ["--experimental-global-webcrypto"] : [];
  const child = spawn(process.execPath, [...node, main, ...args],
    { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  return new Promise((ready, fail) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      fail(new Error(`Azurite is not ready after 30 s:\n${log.join("")}`));
    }, 30000);
    const listen = (data) => {
      log.push(data.toString());
      if (log.length > 1000) log.splice(0, 500);
      if (said === null) return;
      said += data;
      const found = /listens on https?:\/\/[^:]+:(\d+)/.exec(said);
      if (!found) return;
      said = null;
      clearTimeout(timer);
      ready({ child, port: Number(found[1]) });
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.on("exit", (code) => {
      clearTimeout(timer);
      fail(new Error(`Azurite ended with ${code}:\n${log.join("")}`));
    });
  });
}

// tls: HTTPS with a certificate of our own (default) · memory: keep blobs in
// memory (default) or in a folder, so that restart() finds them · loose: ignore
// headers and parameters that it doesn't know · port: a fixed one · certificate:
// options of makeCertificate · rsa: shorthand for an RSA certificate
export async function startAzurite(options = {}) {
  const { tls = true, memory = true, loose = false, rsa = false } = options;
  const dir = mkdtempSync(join(tmpdir(), "runnel-azurite-"));
  const files = tls ?
    makeCertificate(join(dir, "tls"), { rsa, ...options.certificate }) : null;
  const log = [];
  let port = options.port ?? 0;
  let child;

  const boot = async () => {
    const args = ["--blobHost", "127.0.0.1", "--blobPort", String(port),
      "--disableTelemetry", "--skipApiVersionCheck", "--silent"];
    if (memory) args.push("--inMemoryPersistence");
    else args.push("--location", join(dir, "blobs"));
    if (loose) args.push("--loose");
    if (files) args.push("--cert", files.cert, "--key", files.key);
    ({ child, port } = await launch(args, log));
  };

  const halt = async () => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once("exit", done));
    child.kill(memory ? "SIGKILL" : "SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
    await gone;
    clearTimeout(timer);
  };

  const stop = async () => {
    await halt();
    rmSync(dir, { recursive: true, force: true });
  };
  cleanup(stop); // also when a test fails before it comes to its own stop()
  await boot();

  const { BlobServiceClient, ContainerSASPermissions,
    StorageSharedKeyCredential, generateBlobSASQueryParameters } =
    require("@azure/storage-blob");
  const credential = new StorageSharedKeyCredential(ACCOUNT, KEY);
  const scheme = tls ? "https" : "http";
  const url = `${scheme}://127.0.0.1:${port}/${ACCOUNT}`;
  const service = new BlobServiceClient(url, credential, {
    retryOptions: { maxTries: 1 },
    tlsOptions: files ? { ca: readFileSync(files.ca) } : undefined,
  });

  const blobs = (container) => service.getContainerClient(container);

  return {
    url,
    host: "127.0.0.1",
    port,
    account: ACCOUNT,
    key: KEY,
    ca: files?.ca,
    service,
    get pid() { return child.pid; },
    log: () => log.join(""),
    connectionString: `DefaultEndpointsProtocol=${scheme};` +
      `AccountName=${ACCOUNT};AccountKey=${KEY};BlobEndpoint=${url};`,

    async createContainer(name) {
      await blobs(name).create();
      return `${url}/${name}`;
    },

    // [{ name, bytes, committed, etag, contentType, metadata }] in name order
    async list(container, { prefix, uncommitted = false } = {}) {
      const found = [];
      for await (const b of blobs(container).listBlobsFlat(
        { prefix, includeUncommitedBlobs: uncommitted, includeMetadata: true }))
        found.push({
          name: b.name,
          bytes: b.properties.contentLength ?? 0,
          // An uncommitted blob has blocks but no content and no date yet.
          committed: Boolean(b.properties.etag && b.properties.lastModified &&
            b.properties.contentType !== undefined),
          etag: b.properties.etag,
          contentType: b.properties.contentType,
          contentEncoding: b.properties.contentEncoding,
          metadata: b.metadata ?? {},
        });
      return found;
    },

    download: (container, name) =>
      blobs(container).getBlobClient(name).downloadToBuffer(),

    properties: (container, name) =>
      blobs(container).getBlobClient(name).getProperties(),

    // { committed: [{ name, size }], uncommitted: [...] }
    async blocks(container, name) {
      const r = await blobs(container).getBlockBlobClient(name)
        .getBlockList("all");
      return {
        committed: r.committedBlocks ?? [],
        uncommitted: r.uncommittedBlocks ?? [],
      };
    },

    upload: (container, name, data, options) =>
      blobs(container).getBlockBlobClient(name)
        .upload(data, data.length, options),

    // A token of the container, without the question mark.
    sas(container, permissions = "racwdl", hours = 1) {
      const now = Date.now();
      return generateBlobSASQueryParameters({
        containerName: container,
        permissions: ContainerSASPermissions.parse(permissions),
        startsOn: new Date(now - 5 * 60e3),
        expiresOn: new Date(now + hours * 3600e3),
      }, credential).toString();
    },

    // Stop, and start again on the same port; what was committed is there
    // again only with memory: false.
    async restart() {
      await halt();
      await boot();
    },

    stop,
  };
}
