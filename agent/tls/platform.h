/* tls/platform.h: what mbedTLS gets instead of libc: a heap of fixed size, our
 * clock, our chance.
 *
 * mbedTLS has one pair of allocation hooks for the whole process, so there is
 * one such heap, and one struct rn_tls, at a time.
 */
#ifndef TLS_PLATFORM_H
#define TLS_PLATFORM_H

#include "core/heap.h"
#include "runnel/base.h"

/* Make the slice mbedTLS's heap and start its cryptography: RN_OK, RN_E_FULL
 * when the slice is too small, RN_E_STATE when there is no entropy.
 */
int rn_tls_platform_start(void *slice, size_t cap);

/* After everything that uses mbedTLS was freed. Safe twice. */
void rn_tls_platform_stop(void);

/* Of the heap; all zero when not started. */
void rn_tls_platform_stats(struct rn_heap_stats *s);

/* Random bytes as mbedTLS asks for them; 0, or its own error. */
int rn_tls_random(void *ctx, unsigned char *to, size_t len);

/* Whether they were refused since this was last asked. mbedTLS makes many
 * errors of that, "no common cipher" among them.
 */
bool rn_tls_no_random(void);

/* The day the wall clock shows, "2026-11-22". */
void rn_tls_today(char day[11]);

#endif
