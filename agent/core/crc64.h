/* core/crc64.h: CRC-64/NVME, what Azure Storage calls x-ms-content-crc64.
 *
 * Polynomial 0xAD93D23594C93659, reflected in and out, initial value and final
 * xor all ones; "123456789" gives 0xAE8B14860A799888. On the wire the eight
 * bytes travel little-endian.
 */
#ifndef CORE_CRC64_H
#define CORE_CRC64_H

#include "runnel/base.h"

/* The checksum of `n` more bytes after those that gave `crc`; 0 to begin. */
uint64_t rn_crc64(uint64_t crc, const void *p, size_t n);

/* The same by eight tables, on any machine: what a port with memory to spare
 * makes of rn_crc64() where it has no better instructions.
 */
uint64_t rn_crc64_table(uint64_t crc, const void *p, size_t n);

/* The checksum of A followed by B, from that of each and the length of B, so
 * that blocks finished out of order still give the file's checksum.
 */
uint64_t rn_crc64_join(uint64_t a, uint64_t b, uint64_t b_len);

#endif
