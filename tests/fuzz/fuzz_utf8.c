/* fuzz_utf8.c: the fast validator says what a slow one says, replaced text is
 * valid and keeps what was good, and no cut goes through a character.
 */
#include <string.h>

#include "row/utf8.h"
#include "utf8_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t to[3 * 4096];
    struct rn_bytes text = { data, size < 4096 ? size : 4096 };
    size_t good = rn_utf8_good(text.p, text.n), n, all, cut;

    RN_ASSERT(good == utf8_oracle_good(text.p, text.n));
    n = rn_utf8_replace(text, to, sizeof(to), &all);
    RN_ASSERT(n == all && utf8_oracle_good(to, n) == n);
    RN_ASSERT(good == 0 || memcmp(to, text.p, good) == 0);
    if (good == text.n)
        RN_ASSERT(n == text.n);
    for (size_t most = 0; most <= good && most < 64; most++) {
        cut = rn_utf8_cut((struct rn_bytes){ text.p, good }, most);
        RN_ASSERT(cut <= most && utf8_oracle_good(text.p, cut) == cut);
    }
    cut = rn_utf8_replace(text, to, n / 2, &all);
    RN_ASSERT(all == n && cut <= n / 2 && utf8_oracle_good(to, cut) == cut);
    return 0;
}
