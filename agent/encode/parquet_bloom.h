/* encode/parquet_bloom.h: split block Bloom filters (BloomFilter.md), XXH64 of
 * the plain encoding, without the length for BYTE_ARRAY.
 */
#ifndef ENCODE_PARQUET_BLOOM_H
#define ENCODE_PARQUET_BLOOM_H

#include "encode/parquet_type.h"
#include "runnel/out.h"

struct rn_pq_bloom {
    uint8_t *bits;
    size_t size; /* bytes, a multiple of 32, a power of two */
};

void rn_pq_bloom_clear(struct rn_pq_bloom *b);

/* `plain`: the value's plain encoding, bytes without their length. */
void rn_pq_bloom_add(struct rn_pq_bloom *b, struct rn_bytes plain);

/* BloomFilterHeader and the bits. */
void rn_pq_bloom_write(const struct rn_pq_bloom *b, struct rn_out *out);

/* XXH64 with seed 0. */
uint64_t rn_xxh64(struct rn_bytes bytes);

#endif
