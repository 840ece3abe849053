/* wide.h: 64 x 64 -> 128 bit products.
 *
 * The one place that asks the compiler whether it has 128-bit integers: most
 * 32-bit targets do not, and four small products do there.
 */
#ifndef RUNNEL_WIDE_H
#define RUNNEL_WIDE_H

#include <stdint.h>

struct rn_wide {
    uint64_t hi, lo;
};

static inline struct rn_wide rn_wide_mul_portable(uint64_t a, uint64_t b)
{
    uint64_t al = (uint32_t)a, ah = a >> 32;
    uint64_t bl = (uint32_t)b, bh = b >> 32;
    uint64_t low = al * bl;
    uint64_t mid = ah * bl + (low >> 32); /* cannot overflow */
    uint64_t mid2 = al * bh + (uint32_t)mid;
    struct rn_wide w;

    w.hi = ah * bh + (mid >> 32) + (mid2 >> 32);
    w.lo = mid2 << 32 | (uint32_t)low;
    return w;
}

static inline struct rn_wide rn_wide_mul(uint64_t a, uint64_t b)
{
#if defined(__SIZEOF_INT128__)
    __extension__ typedef unsigned __int128 u128;
    u128 v = (u128)a * b;
    struct rn_wide w = { (uint64_t)(v >> 64), (uint64_t)v };

    return w;
#else
    return rn_wide_mul_portable(a, b);
#endif
}

/* a + b, modulo 2^128. */
static inline struct rn_wide rn_wide_add(struct rn_wide a, struct rn_wide b)
{
    struct rn_wide w;

    w.lo = a.lo + b.lo;
    w.hi = a.hi + b.hi + (w.lo < a.lo);
    return w;
}

#endif
