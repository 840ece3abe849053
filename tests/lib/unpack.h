/* unpack.h: for tests: Parquet's encodings read back, as Encodings.md says and
 * without anything of ours. What no writer may write ends in assert_true() of
 * whoever includes this, as in thrift_reader.h.
 */
#ifndef TESTS_UNPACK_H
#define TESTS_UNPACK_H

#include <stdint.h>
#include <string.h>

#include "runnel/base.h"

/* A random number generator that is the same everywhere. */
static uint64_t chance_state = 1;

static inline uint64_t chance64(void)
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return chance_state * UINT64_C(0x2545f4914f6cdd1d);
}

static inline uint32_t chance(uint32_t below)
{
    return (uint32_t)((chance64() >> 32) * below >> 32);
}

struct unpack {
    const uint8_t *p, *end;
};

static inline uint64_t unpack_byte(struct unpack *u)
{
    assert_true(u->p < u->end);
    return *u->p++;
}

static inline uint64_t unpack_le(struct unpack *u, unsigned bytes)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < bytes; i++)
        v |= unpack_byte(u) << (8 * i);
    return v;
}

static inline uint64_t unpack_uleb(struct unpack *u)
{
    uint64_t v = 0;
    unsigned shift = 0;
    uint64_t b;

    do {
        b = unpack_byte(u);
        assert_true(shift < 64);
        v |= (b & 0x7f) << shift;
        shift += 7;
    } while (b & 0x80);
    return v;
}

static inline int64_t unpack_zigzag(struct unpack *u)
{
    uint64_t v = unpack_uleb(u);

    return (int64_t)(v >> 1 ^ (v & 1 ? UINT64_MAX : 0));
}

/* Value `i` of values packed from the lowest bit on. */
static inline uint64_t unpack_bits(const uint8_t *p, size_t i, unsigned width)
{
    uint64_t v = 0;

    for (unsigned b = 0; b < width; b++) {
        size_t at = i * width + b;

        v |= (uint64_t)(p[at / 8] >> (at % 8) & 1) << b;
    }
    return v;
}

/* `n` values of the hybrid encoding; all bytes must be needed. */
static inline void unpack_hybrid(struct rn_bytes from, unsigned width,
                                 uint32_t *to, size_t n)
{
    struct unpack u = { from.p, from.p + from.n };
    size_t i = 0;

    while (i < n) {
        uint64_t head = unpack_uleb(&u);
        uint64_t run = head >> 1;
        uint64_t v;

        assert_true(run > 0 && run <= INT32_MAX);
        if (head & 1) {
            assert_true((size_t)(u.end - u.p) >= run * width);
            for (uint64_t k = 0; k < run * 8 && i < n; k++)
                to[i++] = (uint32_t)unpack_bits(u.p, (size_t)k, width);
            u.p += run * width;
            continue;
        }
        v = unpack_le(&u, (width + 7) / 8);
        assert_true(v >> width == 0);
        assert_true(run <= n - i);
        while (run-- > 0)
            to[i++] = (uint32_t)v;
    }
    assert_true(u.p == u.end);
}

static inline void unpack_block(struct unpack *u, int64_t *v, size_t n,
                                bool narrow)
{
    uint64_t min = (uint64_t)unpack_zigzag(u);
    const uint8_t *width = u->p;

    unpack_le(u, 4);
    for (size_t i = 0; i < n; i++) {
        unsigned w = width[i / 32];
        uint64_t sum;

        assert_true(w <= (narrow ? 32 : 64));
        if (i % 32 == 0)
            assert_true((size_t)(u->end - u->p) >= 4u * w);
        sum = (uint64_t) * (v + i - 1) + min + unpack_bits(u->p, i % 32, w);
        v[i] = narrow ? (int64_t)(int32_t)(uint32_t)sum : (int64_t)sum;
        if (i % 32 == 31 || i == n - 1)
            u->p += 4u * w;
    }
}

/* The values of a DELTA_BINARY_PACKED stream, at most `most`; moves on behind
 * it. Returns how many.
 */
static inline size_t unpack_delta(struct unpack *u, bool narrow, int64_t *to,
                                  size_t most)
{
    size_t count, done;

    assert_int_equal(unpack_uleb(u), 128);
    assert_int_equal(unpack_uleb(u), 4);
    count = (size_t)unpack_uleb(u);
    assert_true(count <= most);
    if (count == 0) {
        unpack_zigzag(u);
        return 0;
    }
    to[0] = unpack_zigzag(u);
    for (done = 1; done < count;) {
        size_t n = count - done < 128 ? count - done : 128;

        unpack_block(u, to + done, n, narrow);
        done += n;
    }
    return count;
}

#endif
