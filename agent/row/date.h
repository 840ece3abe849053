/* row/date.h: dates, times and timestamps as numbers and as text, without libc.
 *
 * Proleptic Gregorian calendar, years 0001 to 9999, no leap seconds (":60" is
 * refused). Text is ISO 8601 / RFC 3339.
 */
#ifndef ROW_DATE_H
#define ROW_DATE_H

#include "runnel/base.h"

/* First and last day and microsecond that text can show. */
#define RN_DAY_MIN (-719162)
#define RN_DAY_MAX 2932896
#define RN_US_DAY  INT64_C(86400000000)

/* Days since 1970-01-01 of a civil date, and back. */
int64_t rn_days_of(int year, int month, int day);
void rn_civil_of(int64_t days, int *year, int *month, int *day);

/* "2026-11-22" to days; the whole text must match. RN_E_VALUE otherwise. */
int rn_parse_date(struct rn_bytes text, int64_t *days);

/* "10:11[:12[.123456]]" to microseconds since midnight. More than six digits of
 * fraction are RN_E_VALUE unless the rest are zeros.
 */
int rn_parse_time(struct rn_bytes text, int64_t *us);

/* "2026-11-22[T or space]10:11[:12[.123456]][Z or +hh:mm]" to microseconds;
 * a date alone is its midnight. *zoned tells whether the text named an offset
 * (then *us is UTC).
 */
int rn_parse_timestamp(struct rn_bytes text, int64_t *us, bool *zoned);

/* Text sizes that always suffice. */
#define RN_DATE_TEXT      10
#define RN_TIME_TEXT      15
#define RN_TIMESTAMP_TEXT 27

/* Write without NUL, return the length, or RN_E_VALUE outside the years 0001 to
 * 9999. A fraction is written with 3 or 6 digits when it is not 0. `zone` adds
 * the Z.
 */
int rn_format_date(int64_t days, char *to);
int rn_format_time(int64_t us, char *to);
int rn_format_timestamp(int64_t us, bool zone, char *to);

#endif
