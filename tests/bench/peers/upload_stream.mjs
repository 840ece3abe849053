// tests/bench/peers/upload_stream.mjs: standard input into a blob, as the Azure
// library for JavaScript does it, with its own defaults (5 blocks of 8 MiB).
//
//   node upload_stream.mjs URL-OF-THE-BLOB      AZURE_ACCOUNT, AZURE_KEY

import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const top = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
const require = createRequire(join(top, "build", "package.json"));
const { BlockBlobClient, StorageSharedKeyCredential } =
  require("@azure/storage-blob");

const { AZURE_ACCOUNT, AZURE_KEY } = process.env;
const blob = new BlockBlobClient(process.argv[2],
  new StorageSharedKeyCredential(AZURE_ACCOUNT, AZURE_KEY));
await blob.uploadStream(process.stdin);
