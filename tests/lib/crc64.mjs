// tests/lib/crc64.mjs: CRC-64/NVME in JavaScript, written from its definition
// so that the tests do not ask the agent's own code.
//
//   crc64(buffer)      "ae8b14860a799888", as manifests have it

const LOW = new Uint32Array(256);
const HIGH = new Uint32Array(256);
for (let i = 0; i < 256; i++) {
  let value = BigInt(i);
  for (let bit = 0; bit < 8; bit++)
    value = value & 1n ? (value >> 1n) ^ 0x9A6C9329AC4BC9B5n : value >> 1n;
  LOW[i] = Number(value & 0xffffffffn);
  HIGH[i] = Number(value >> 32n);
}

export function crc64(bytes) {
  let low = 0xffffffff;
  let high = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) {
    const at = (low ^ bytes[i]) & 0xff;
    low = ((low >>> 8) | (high << 24)) ^ LOW[at];
    high = (high >>> 8) ^ HIGH[at];
  }
  const hex = (n) => (~n >>> 0).toString(16).padStart(8, "0");
  return hex(high) + hex(low);
}
