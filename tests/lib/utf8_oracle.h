/* utf8_oracle.h: for tests: UTF-8 by decoding each character, slowly. */
#ifndef TESTS_UTF8_ORACLE_H
#define TESTS_UTF8_ORACLE_H

#include <stddef.h>
#include <stdint.h>

/* A character by decoding it: its length, or 0. */
static inline size_t utf8_oracle_one(const uint8_t *p, size_t n)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t len = p[0] < 0x80           ? 1
                 : (p[0] >> 5) == 6    ? 2
                 : (p[0] >> 4) == 14   ? 3
                 : (p[0] >> 3) == 0x1e ? 4
                                       : 0;
    uint32_t c = len < 2 ? p[0] : p[0] & (0x7fu >> len);

    if (len == 0 || len > n)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if (p[i] >> 6 != 2)
            return 0;
        c = c << 6 | (p[i] & 63);
    }
    if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return 0;
    return len;
}

/* Bytes of whole characters at the start. */
static inline size_t utf8_oracle_good(const uint8_t *p, size_t n)
{
    size_t i = 0, len;

    while (i < n && (len = utf8_oracle_one(p + i, n - i)) > 0)
        i += len;
    return i;
}

#endif
