/* row/utf8.c: see row/utf8.h. */
#include "row/utf8.h"

#include <string.h>

#define HIGH UINT64_C(0x8080808080808080)

static uint64_t load(const uint8_t *p)
{
    uint64_t w;

    memcpy(&w, p, sizeof(w));
    return w;
}

/* Bytes of plain ASCII at the start, in steps of eight as long as there are
 * eight; the last step may overlap the one before.
 */
static size_t ascii(const uint8_t *p, size_t n)
{
    size_t i = 0;

    for (; n - i >= 32; i += 32) {
        if ((load(p + i) | load(p + i + 8) | load(p + i + 16) |
             load(p + i + 24)) &
            HIGH)
            break;
    }
    for (; n - i >= 8; i += 8) {
        if (load(p + i) & HIGH)
            break;
    }
    if (n - i < 8 && n >= 8 && !(load(p + n - 8) & HIGH))
        return n;
    while (i < n && p[i] < 0x80)
        i++;
    return i;
}

/* What may follow a first byte: how many bytes, and the second one's range,
 * where all the forbidden forms show (Unicode, table 3-7).
 */
static unsigned follows(uint8_t first, uint8_t *low, uint8_t *high)
{
    *low = 0x80;
    *high = 0xbf;
    if (first < 0xc2)
        return 0;
    if (first < 0xe0)
        return 1;
    if (first < 0xf0) {
        if (first == 0xe0)
            *low = 0xa0;
        if (first == 0xed)
            *high = 0x9f;
        return 2;
    }
    if (first == 0xf0)
        *low = 0x90;
    if (first == 0xf4)
        *high = 0x8f;
    return first <= 0xf4 ? 3 : 0;
}

/* Bytes at `p` that are a character or the start of one; *whole says which. */
static size_t piece(const uint8_t *p, size_t n, bool *whole)
{
    uint8_t low, high;
    unsigned more = follows(p[0], &low, &high);
    size_t i = 1;

    *whole = p[0] < 0x80;
    if (more == 0)
        return 1;
    for (; i <= more && i < n && p[i] >= low && p[i] <= high; i++) {
        low = 0x80;
        high = 0xbf;
    }
    *whole = i == more + 1;
    return i;
}

size_t rn_utf8_good(const uint8_t *p, size_t n)
{
    size_t i = 0;

    while (i < n) {
        bool whole;
        size_t len;

        if (p[i] < 0x80) {
            i += ascii(p + i, n - i);
            continue;
        }
        len = piece(p + i, n - i, &whole);
        if (!whole)
            break;
        i += len;
    }
    return i;
}

size_t rn_utf8_bad(const uint8_t *p, size_t n)
{
    bool whole;

    return piece(p, n, &whole);
}

size_t rn_utf8_replace(struct rn_bytes text, uint8_t *to, size_t cap,
                       size_t *all)
{
    static const uint8_t mark[3] = { 0xef, 0xbf, 0xbd };
    size_t written = 0, i = 0;

    *all = 0;
    while (i < text.n) {
        struct rn_bytes part = { text.p + i, 0 };

        part.n = rn_utf8_good(text.p + i, text.n - i);
        i += part.n;
        if (part.n == 0) {
            i += rn_utf8_bad(text.p + i, text.n - i);
            part = (struct rn_bytes){ mark, sizeof(mark) };
        }
        if (written == *all) { /* nothing was left out so far */
            size_t take = rn_utf8_cut(part, cap - written);

            memcpy(to + written, part.p, take);
            written += take;
        }
        *all += part.n;
    }
    return written;
}

size_t rn_utf8_cut(struct rn_bytes text, size_t most)
{
    size_t at = most;

    if (text.n <= most)
        return text.n;
    while (at > 0 && most - at < 3 && (text.p[at] & 0xc0) == 0x80)
        at--;
    return (text.p[at] & 0xc0) == 0x80 ? most : at;
}
