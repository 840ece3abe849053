/* core/backoff.c: see core/backoff.h. */
#include "core/backoff.h"

int64_t rn_backoff_ms(unsigned tries, uint32_t chance, int64_t asked_ms)
{
    int64_t most = RN_BACKOFF_CEILING_MS;
    int64_t wait;

    /* 400 << 7 is past the ceiling already; larger shifts would overflow. */
    if (tries < 7)
        most = (int64_t)RN_BACKOFF_BASE_MS << tries;
    if (most > RN_BACKOFF_CEILING_MS)
        most = RN_BACKOFF_CEILING_MS;
    wait = (int64_t)(((uint64_t)chance * (uint64_t)most) >> 32);
    return wait < asked_ms ? asked_ms : wait;
}
