/* fuzz_utf8.c: the fast validator says what a slow one says, replaced text is
 * valid and keeps what was good, and no cut goes through a character.
 */
#include <string.h>

#include "row/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A character by decoding it: its length, or 0. */
static size_t decode(const uint8_t *p, size_t n)
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

static size_t slow_good(const uint8_t *p, size_t n)
{
    size_t i = 0, len;

    while (i < n && (len = decode(p + i, n - i)) > 0)
        i += len;
    return i;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t to[3 * 4096];
    struct rn_bytes text = { data, size < 4096 ? size : 4096 };
    size_t good = rn_utf8_good(text.p, text.n), n, all, cut;

    RN_ASSERT(good == slow_good(text.p, text.n));
    n = rn_utf8_replace(text, to, sizeof(to), &all);
    RN_ASSERT(n == all && slow_good(to, n) == n);
    RN_ASSERT(good == 0 || memcmp(to, text.p, good) == 0);
    if (good == text.n)
        RN_ASSERT(n == text.n);
    for (size_t most = 0; most <= good && most < 64; most++) {
        cut = rn_utf8_cut((struct rn_bytes){ text.p, good }, most);
        RN_ASSERT(cut <= most && slow_good(text.p, cut) == cut);
    }
    cut = rn_utf8_replace(text, to, n / 2, &all);
    RN_ASSERT(all == n && cut <= n / 2 && slow_good(to, cut) == cut);
    return 0;
}
