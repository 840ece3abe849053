/* row/pow10.h: powers of ten to 128 bits, from a table of under 1 KiB. */
#ifndef ROW_POW10_H
#define ROW_POW10_H

#include <stdbool.h>
#include <stdint.h>

#include "runnel/wide.h"

/* What doubles need: digits of 1 to 19 places times these reach every one. */
#define RN_POW10_MIN (-351)
#define RN_POW10_MAX 325

/* The first 128 bits of 10^k, rounded down: 10^k is in [g, g + 1) times
 * 2^(rn_log2_pow10(k) - 127), and g's top bit is set.
 */
struct rn_wide rn_pow10(int k);

/* Whether rn_pow10(k) is 10^k itself: 5^55 is the last that fits. */
static inline bool rn_pow10_exact(int k)
{
    return k >= 0 && k <= 55;
}

/* floor(log2(10^k)), right for |k| <= 400. A product and not a shift: the
 * sign of a shifted negative is the compiler's business.
 */
static inline int rn_log2_pow10(int k)
{
    int32_t v = (int32_t)k * 1741647;

    return v >= 0 ? v / (1 << 19) : -((-v + (1 << 19) - 1) / (1 << 19));
}

#endif
