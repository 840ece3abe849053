// tests/lib/dns.mjs: a name server that knows one address for every name, for
// programs that are given an /etc/resolv.conf of their own.
//
//   const dns = await startDns();        // null: port 53 needs root
//   ... `nameserver ${dns.address}` ... dns.asked ...

import { createSocket } from "node:dgram";
import { cleanup } from "./harness.mjs";

// Any address of 127/8 is this machine's; this one is hardly anybody's.
export async function startDns(address = "127.77.0.53", answer = [127, 0, 0, 1]) {
  const socket = createSocket("udp4");
  const asked = [];
  socket.on("message", (q, from) => {
    // Header of 12 bytes, then labels up to an empty one, type and class.
    let at = 12;
    const labels = [];
    while (at < q.length && q[at] > 0) {
      labels.push(q.toString("latin1", at + 1, at + 1 + q[at]));
      at += 1 + q[at];
    }
    const type = q.readUInt16BE(at + 1);
    asked.push(labels.join("."));
    const head = Buffer.from(q.subarray(0, 12));
    head.writeUInt16BE(0x8180, 2); // an answer, recursion available
    head.writeUInt16BE(type === 1 ? 1 : 0, 6);
    head.writeUInt32BE(0, 8);
    const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4,
      ...answer]);
    socket.send(Buffer.concat([head, q.subarray(12, at + 5),
      type === 1 ? record : Buffer.alloc(0)]), from.port, from.address);
  });
  cleanup(() => new Promise((done) => socket.close(done)));
  const bound = await new Promise((done) => {
    socket.once("error", () => done(false));
    socket.bind(53, address, () => done(true));
  });
  return bound ? { address, asked } : null;
}
