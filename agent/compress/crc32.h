/* compress/crc32.h: CRC-32 as in gzip: of Parquet's pages, Avro's snappy
 * blocks.
 */
#ifndef COMPRESS_CRC32_H
#define COMPRESS_CRC32_H

#include "runnel/base.h"

/* The checksum of `n` more bytes after those that gave `crc`; 0 to begin. */
uint32_t rn_crc32(uint32_t crc, const void *p, size_t n);

#endif
