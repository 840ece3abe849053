/* encode/bits.h: numbers as bytes, and how wide they are.
 *
 * Written byte by byte so that neither alignment nor the machine's byte order
 * matters; compilers make one load or store of each.
 */
#ifndef ENCODE_BITS_H
#define ENCODE_BITS_H

#include "runnel/base.h"

static inline void rn_put_le32(uint8_t *to, uint32_t v)
{
    to[0] = (uint8_t)v;
    to[1] = (uint8_t)(v >> 8);
    to[2] = (uint8_t)(v >> 16);
    to[3] = (uint8_t)(v >> 24);
}

static inline void rn_put_le64(uint8_t *to, uint64_t v)
{
    to[0] = (uint8_t)v;
    to[1] = (uint8_t)(v >> 8);
    to[2] = (uint8_t)(v >> 16);
    to[3] = (uint8_t)(v >> 24);
    to[4] = (uint8_t)(v >> 32);
    to[5] = (uint8_t)(v >> 40);
    to[6] = (uint8_t)(v >> 48);
    to[7] = (uint8_t)(v >> 56);
}

static inline uint32_t rn_get_le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

static inline uint64_t rn_get_le64(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 |
           (uint64_t)p[3] << 24 | (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 |
           (uint64_t)p[6] << 48 | (uint64_t)p[7] << 56;
}

static inline uint64_t rn_get_be64(const uint8_t *p)
{
    return (uint64_t)p[7] | (uint64_t)p[6] << 8 | (uint64_t)p[5] << 16 |
           (uint64_t)p[4] << 24 | (uint64_t)p[3] << 32 | (uint64_t)p[2] << 40 |
           (uint64_t)p[1] << 48 | (uint64_t)p[0] << 56;
}

/* Bits that `v` needs: 0 for 0, 64 at most. */
static inline unsigned rn_bit_width(uint64_t v)
{
    unsigned n = 0;

    for (unsigned step = 32; step > 0; step >>= 1) {
        if (v >> step) {
            v >>= step;
            n += step;
        }
    }
    return n + (v != 0);
}

/* ULEB128; returns where it ends, at most 10 bytes on. */
static inline uint8_t *rn_put_uleb(uint8_t *to, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        *to++ = (uint8_t)(v | 0x80);
    *to++ = (uint8_t)v;
    return to;
}

static inline uint64_t rn_zigzag(int64_t v)
{
    return (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0);
}

#endif
