/* decimal_text.h: for tests: a decimal as files have it, back to the canonical
 * text that cells have (runnel/row.h), digit by digit. Not every machine that
 * runs this has integers of 128 bits.
 */
#ifndef TESTS_DECIMAL_TEXT_H
#define TESTS_DECIMAL_TEXT_H

#include <string.h>

#include "runnel/base.h"

#define DECIMAL_TEXT 64 /* bytes that any of 16 bytes fits */

/* `n` bytes as one number, the first the highest, by ten; the remainder. */
static inline unsigned decimal_tenth(uint8_t *p, size_t n)
{
    unsigned rest = 0;

    for (size_t i = 0; i < n; i++) {
        rest = rest << 8 | p[i];
        p[i] = (uint8_t)(rest / 10);
        rest %= 10;
    }
    return rest;
}

/* Of two's complement, most significant byte first, 1 to 16 bytes. The text is
 * in `room`, at its end.
 */
static inline struct rn_bytes decimal_text(struct rn_bytes b, unsigned scale,
                                           char room[DECIMAL_TEXT])
{
    static const uint8_t zero[16];
    bool minus = b.n > 0 && b.p[0] >= 0x80;
    size_t at = DECIMAL_TEXT, digits = 0;
    unsigned carry = minus;
    uint8_t v[16];

    RN_ASSERT(b.n <= sizeof v);
    for (size_t i = b.n; i-- > 0; carry >>= 8) { /* without the sign */
        carry += minus ? 0xffu - b.p[i] : b.p[i];
        v[i] = (uint8_t)carry;
    }
    while (memcmp(v, zero, b.n) != 0 || digits <= scale) {
        if (digits == scale && scale > 0)
            room[--at] = '.';
        room[--at] = (char)('0' + decimal_tenth(v, b.n));
        digits++;
    }
    if (minus)
        room[--at] = '-';
    return (struct rn_bytes){ (uint8_t *)room + at, DECIMAL_TEXT - at };
}

#endif
