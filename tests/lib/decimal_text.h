/* decimal_text.h: for tests: a decimal as files have it, back to the canonical
 * text that cells have (runnel/row.h), digit by digit.
 */
#ifndef TESTS_DECIMAL_TEXT_H
#define TESTS_DECIMAL_TEXT_H

#include "runnel/base.h"

#define DECIMAL_TEXT 64 /* bytes that any of 16 bytes fits */

/* Of two's complement, most significant byte first, 1 to 16 bytes. The text is
 * in `room`, at its end.
 */
static inline struct rn_bytes decimal_text(struct rn_bytes b, unsigned scale,
                                           char room[DECIMAL_TEXT])
{
    __extension__ typedef unsigned __int128 u128;
    bool minus = b.n > 0 && b.p[0] >= 0x80;
    size_t at = DECIMAL_TEXT, digits = 0;
    u128 v = minus ? ~(u128)0 : 0;

    for (size_t i = 0; i < b.n; i++)
        v = v << 8 | b.p[i];
    if (minus)
        v = ~v + 1;
    while (v > 0 || digits <= scale) {
        if (digits == scale && scale > 0)
            room[--at] = '.';
        room[--at] = (char)('0' + (int)(v % 10));
        v /= 10;
        digits++;
    }
    if (minus)
        room[--at] = '-';
    return (struct rn_bytes){ (uint8_t *)room + at, DECIMAL_TEXT - at };
}

#endif
