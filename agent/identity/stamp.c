/* identity/stamp.c: see identity/stamp.h. */
#include "identity/stamp.h"

#include <string.h>

#include "core/format.h"

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char days[] = "SunMonTueWedThuFriSat";

/* A date and time taken apart; month from 1. */
struct moment {
    int year, month, day, hour, minute, second;
    int weekday; /* from Sunday, 0 */
};

static int leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int month_len(int year, int month)
{
    static const int len[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return len[month - 1] + (month == 2 ? leap(year) : 0);
}

static void take_apart(int64_t us, struct moment *m)
{
    int64_t second = us / 1000000;
    int64_t day = second / 86400;
    int rest = (int)(second % 86400);

    *m = (struct moment){ .year = 1970, .month = 1 };
    m->weekday = (int)((day + 4) % 7);
    for (; day >= 365 + leap(m->year); m->year++)
        day -= 365 + leap(m->year);
    for (; day >= month_len(m->year, m->month); m->month++)
        day -= month_len(m->year, m->month);
    m->day = (int)day + 1;
    m->hour = rest / 3600;
    m->minute = rest / 60 % 60;
    m->second = rest % 60;
}

/* RN_E_PEER for a moment that is none. A leap second counts as the next. */
static int put_together(const struct moment *m, int64_t *us)
{
    if (m->year < 1970 || m->year > 9999 || m->month < 1 || m->month > 12)
        return RN_E_PEER;
    if (m->day < 1 || m->day > month_len(m->year, m->month) || m->hour > 23 ||
        m->minute > 59 || m->second > 60)
        return RN_E_PEER;

    int64_t day = m->day - 1;
    for (int y = 1970; y < m->year; y++)
        day += 365 + leap(y);
    for (int i = 1; i < m->month; i++)
        day += month_len(m->year, i);
    int64_t second = day * 86400 + m->hour * 3600 + m->minute * 60 + m->second;
    *us = second * 1000000;
    return RN_OK;
}

/* For the compiler, which wants to see that a number has two digits. */
static unsigned two(int v)
{
    return (unsigned)v % 100;
}

void rn_stamp_http(int64_t us, char to[RN_STAMP_HTTP])
{
    struct moment m;

    take_apart(us, &m);
    RN_ASSERT(m.year <= 9999);
    rn_format(to, RN_STAMP_HTTP, "%.3s, %02u %.3s %02u%02u %02u:%02u:%02u GMT",
              days + (ptrdiff_t)m.weekday * 3, two(m.day),
              months + (ptrdiff_t)(m.month - 1) * 3, two(m.year / 100),
              two(m.year), two(m.hour), two(m.minute), two(m.second));
}

void rn_stamp_day(int64_t us, char to[RN_STAMP_DAY])
{
    struct moment m;

    take_apart(us, &m);
    rn_format(to, RN_STAMP_DAY, "%02u%02u-%02u-%02u %02u:%02u UTC",
              two(m.year / 100), two(m.year), two(m.month), two(m.day),
              two(m.hour), two(m.minute));
}

/* `n` digits at p as a number, or -1. */
static int digits(const uint8_t *p, int n)
{
    int v = 0;

    for (int i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9')
            return -1;
        v = v * 10 + (p[i] - '0');
    }
    return v;
}

/* A word of three letters in a list of such words, from 0; or -1. */
static int word_at(const char *list, const uint8_t *p)
{
    for (int i = 0; list[i]; i += 3) {
        if (memcmp(list + i, p, 3) == 0)
            return i / 3;
    }
    return -1;
}

/* "Sun, 22 Nov 2026 17:37:14 GMT"
 *  0    5  8   12   17 20 23 26
 */
int rn_stamp_from_http(struct rn_bytes text, int64_t *us)
{
    const uint8_t *p = text.p;
    struct moment m = { 0 };

    if (text.n != 29 || word_at(days, p) < 0 || p[3] != ',' || p[4] != ' ' ||
        p[7] != ' ' || p[11] != ' ' || p[16] != ' ' || p[19] != ':' ||
        p[22] != ':' || memcmp(p + 25, " GMT", 4) != 0)
        return RN_E_PEER;
    m.day = digits(p + 5, 2);
    m.month = word_at(months, p + 8) + 1;
    m.year = digits(p + 12, 4);
    m.hour = digits(p + 17, 2);
    m.minute = digits(p + 20, 2);
    m.second = digits(p + 23, 2);
    if (m.hour < 0 || m.minute < 0 || m.second < 0)
        return RN_E_PEER;
    return put_together(&m, us);
}

/* The time of day after the T: "17:37Z", "17:37:14Z", "17:37:14.123Z". */
static int time_of_day(const uint8_t *p, size_t n, struct moment *m)
{
    size_t at = 5;

    if (n < 6 || p[2] != ':')
        return RN_E_CONFIG;
    m->hour = digits(p, 2);
    m->minute = digits(p + 3, 2);
    if (p[5] == ':') {
        if (n < 9)
            return RN_E_CONFIG;
        m->second = digits(p + 6, 2);
        at = 8;
    }
    if (at == 8 && p[at] == '.') {
        do {
            at++;
        } while (at < n && p[at] >= '0' && p[at] <= '9');
    }
    if (at + 1 != n || p[at] != 'Z')
        return RN_E_CONFIG;
    if (m->hour < 0 || m->minute < 0 || m->second < 0)
        return RN_E_CONFIG;
    return RN_OK;
}

int rn_stamp_from_iso(struct rn_bytes text, int64_t *us)
{
    const uint8_t *p = text.p;
    struct moment m = { 0 };

    if (text.n < 10 || p[4] != '-' || p[7] != '-')
        return RN_E_CONFIG;
    m.year = digits(p, 4);
    m.month = digits(p + 5, 2);
    m.day = digits(p + 8, 2);
    if (text.n > 10) {
        if (p[10] != 'T' || time_of_day(p + 11, text.n - 11, &m) < 0)
            return RN_E_CONFIG;
    }
    return put_together(&m, us) < 0 ? RN_E_CONFIG : RN_OK;
}
