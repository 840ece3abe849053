/* encode/parquet_bloom.c: see encode/parquet_bloom.h. */
#include "encode/parquet_bloom.h"

#include "encode/bits.h"
#include "encode/thrift.h"

/* XXH64, seed 0; the primes are the function's. */
#define P1 UINT64_C(0x9E3779B185EBCA87)
#define P2 UINT64_C(0xC2B2AE3D27D4EB4F)
#define P3 UINT64_C(0x165667B19E3779F9)
#define P4 UINT64_C(0x85EBCA77C2B2AE63)
#define P5 UINT64_C(0x27D4EB2F165667C5)

/* A block is eight words of 32 bits; a value sets one bit in each. */
#define BLOCK 32u

static uint64_t rotate(uint64_t v, unsigned n)
{
    return v << n | v >> (64 - n);
}

static uint64_t mix(uint64_t lane, uint64_t word)
{
    return rotate(lane + word * P2, 31) * P1;
}

/* Four lanes over blocks of 32 bytes; *p and *n are left at what remains. */
static uint64_t hash_blocks(const uint8_t **p, size_t *n)
{
    uint64_t v[4] = { P1 + P2, P2, 0, 0 - P1 };
    uint64_t h;

    for (; *n >= 32; *p += 32, *n -= 32) {
        for (unsigned i = 0; i < 4; i++)
            v[i] = mix(v[i], rn_get_le64(*p + (size_t)8 * i));
    }
    h = rotate(v[0], 1) + rotate(v[1], 7) + rotate(v[2], 12) + rotate(v[3], 18);
    for (unsigned i = 0; i < 4; i++)
        h = (h ^ mix(0, v[i])) * P1 + P4;
    return h;
}

uint64_t rn_xxh64(struct rn_bytes bytes)
{
    const uint8_t *p = bytes.p;
    size_t n = bytes.n;
    uint64_t h = n >= 32 ? hash_blocks(&p, &n) : P5;

    h += bytes.n;
    for (; n >= 8; p += 8, n -= 8)
        h = rotate(h ^ mix(0, rn_get_le64(p)), 27) * P1 + P4;
    if (n >= 4) {
        h = rotate(h ^ rn_get_le32(p) * P1, 23) * P2 + P3;
        p += 4;
        n -= 4;
    }
    for (; n > 0; p++, n--)
        h = rotate(h ^ *p * P5, 11) * P1;
    h = (h ^ h >> 33) * P2;
    h = (h ^ h >> 29) * P3;
    return h ^ h >> 32;
}

void rn_pq_bloom_clear(struct rn_pq_bloom *b)
{
    memset(b->bits, 0, b->size);
}

/* The hash's upper half chooses the block, its lower half the bits. */
void rn_pq_bloom_add(struct rn_pq_bloom *b, struct rn_bytes plain)
{
    static const uint32_t salt[8] = { 0x47b6137b, 0x44974d91, 0x8824ad5b,
                                      0xa2b7289d, 0x705495c7, 0x2df1424b,
                                      0x9efc4947, 0x5c6bfb31 };
    uint64_t hash = rn_xxh64(plain);
    uint64_t at = (hash >> 32) * (b->size / BLOCK) >> 32;
    uint8_t *block = b->bits + at * BLOCK;

    for (unsigned i = 0; i < 8; i++) {
        uint32_t bit = (uint32_t)hash * salt[i] >> 27;

        block[i * 4 + bit / 8] |= (uint8_t)(1u << bit % 8);
    }
}

void rn_pq_bloom_write(const struct rn_pq_bloom *b, struct rn_out *out)
{
    struct rn_thrift t;

    rn_thrift_begin(&t, out);
    rn_thrift_i32(&t, 1, (int32_t)b->size);
    for (int id = 2; id <= 4; id++) { /* algorithm, hash, compression */
        rn_thrift_struct(&t, id);
        rn_thrift_empty(&t, 1); /* split blocks, xxHash, none */
        rn_thrift_end(&t);
    }
    rn_thrift_end(&t);
    rn_out_put(out, b->bits, b->size);
}
