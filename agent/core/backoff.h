/* core/backoff.h: how long to wait before the next try.
 *
 * Exponential with full jitter: the wait is drawn evenly from 0 to
 * min(ceiling, base * 2^tries), so that many agents that were thrown off at
 * once do not come back at once. Pure: handed the random number.
 */
#ifndef CORE_BACKOFF_H
#define CORE_BACKOFF_H

#include "runnel/base.h"

#define RN_BACKOFF_BASE_MS    400
#define RN_BACKOFF_CEILING_MS 30000

/* Milliseconds to wait after `tries` failures (1 or more), never less than
 * `asked_ms` (the service's Retry-After, already clamped).
 */
int64_t rn_backoff_ms(unsigned tries, uint32_t chance, int64_t asked_ms);

#endif
