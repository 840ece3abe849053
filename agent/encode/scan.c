/* encode/scan.c: see encode/scan.h. */
#include "encode/scan.h"

void rn_scan_init(struct rn_scan *s, const char *stops, size_t n)
{
    uint64_t *const word[] = { &s->a, &s->b, &s->c };
    size_t words = 0;
    unsigned below = 0;

    memset(s->stop, 0, sizeof(s->stop));
    for (size_t i = 0; i < n; i++) {
        uint8_t byte = (uint8_t)stops[i];

        if (s->stop[byte])
            continue;
        s->stop[byte] = 1;
        if (byte < 0x20) {
            below = byte >= below ? byte + 1u : below;
        } else {
            RN_ASSERT(words < RN_COUNTOF(word));
            *word[words++] = byte * RN_EACH_BYTE;
        }
    }
    RN_ASSERT(n > 0);
    if (words == 0) /* `below` finds them; this only has to be no other */
        *word[words++] = (uint8_t)stops[0] * RN_EACH_BYTE;
    for (; words < RN_COUNTOF(word); words++)
        *word[words] = s->a;
    s->below = below * RN_EACH_BYTE;
}

static uint64_t load(const uint8_t *p)
{
    uint64_t w;

    memcpy(&w, p, sizeof(w));
    return w;
}

static size_t stop_from(const struct rn_scan *s, const uint8_t *p, size_t i,
                        size_t n)
{
    while (i < n && !s->stop[p[i]])
        i++;
    return i;
}

size_t rn_scan_find(const struct rn_scan *s, const uint8_t *p, size_t n)
{
    size_t i = 0;

    for (; n - i >= 8; i += 8) {
        size_t at;

        if (!rn_scan_marks(s, load(p + i)))
            continue;
        at = stop_from(s, p, i, i + 8);
        if (at < i + 8)
            return at;
    }
    return stop_from(s, p, i, n);
}

/* Up to seven bytes: two halves that may overlap make one word. */
static size_t copy_short(const struct rn_scan *s, uint8_t *to, const uint8_t *p,
                         size_t n)
{
    size_t i = 0;

    if (n >= 4) {
        uint32_t first, last;

        memcpy(&first, p, sizeof(first));
        memcpy(&last, p + n - 4, sizeof(last));
        memcpy(to, &first, sizeof(first));
        memcpy(to + n - 4, &last, sizeof(last));
        if (!rn_scan_marks(s, first | (uint64_t)last << 32))
            return n;
        return stop_from(s, p, 0, n);
    }
    for (; i < n && !s->stop[p[i]]; i++)
        to[i] = p[i];
    return i;
}

size_t rn_scan_copy(const struct rn_scan *s, uint8_t *to, const uint8_t *p,
                    size_t n)
{
    size_t i = 0;
    uint64_t w;

    if (n < 8)
        return copy_short(s, to, p, n);
    for (; n - i >= 8; i += 8) {
        size_t at;

        w = load(p + i);
        memcpy(to + i, &w, sizeof(w));
        if (!rn_scan_marks(s, w))
            continue;
        at = stop_from(s, p, i, i + 8);
        if (at < i + 8)
            return at;
    }
    if (i == n)
        return n;
    w = load(p + n - 8);
    memcpy(to + n - 8, &w, sizeof(w));
    return rn_scan_marks(s, w) ? stop_from(s, p, i, n) : n;
}
