/* identity/stamp.h: the two ways in which HTTP and SAS tokens write a time.
 *
 * Times are microseconds since 1970-01-01 UTC, as rn_clock_wall() gives them.
 */
#ifndef IDENTITY_STAMP_H
#define IDENTITY_STAMP_H

#include "runnel/base.h"

#define RN_STAMP_HTTP 30 /* bytes of "Sun, 22 Nov 2026 17:37:14 GMT", NUL */
#define RN_STAMP_DAY  32 /* bytes of "2026-11-22 17:37 UTC", NUL          */

/* RFC 1123 date of a time from 1970 to 9999. */
void rn_stamp_http(int64_t us, char to[RN_STAMP_HTTP]);

/* The same for people. */
void rn_stamp_day(int64_t us, char to[RN_STAMP_DAY]);

/* Read the RFC 1123 form; the older ones are RN_E_PEER like any other text. */
int rn_stamp_from_http(struct rn_bytes text, int64_t *us);

/* Read 2026-11-22, 2026-11-22T17:37Z or 2026-11-22T17:37:14[.fraction]Z;
 * anything else is RN_E_CONFIG.
 */
int rn_stamp_from_iso(struct rn_bytes text, int64_t *us);

#endif
