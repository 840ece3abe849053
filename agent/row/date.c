/* row/date.c: see row/date.h.
 *
 * Civil dates are counted in eras of 400 years that begin on 1 March, so that
 * the leap day is the last of its year and months need no table.
 */
#include "row/date.h"

#define ERA_DAYS   146097 /* days of 400 Gregorian years             */
#define EPOCH_DAYS 719468 /* 0000-03-01 to 1970-01-01                */
#define US_SECOND  INT64_C(1000000)
#define US_MINUTE  (60 * US_SECOND)
#define US_HOUR    (60 * US_MINUTE)

/* What is left of the text while it is read. */
struct reader {
    const uint8_t *p;
    const uint8_t *end;
};

int64_t rn_days_of(int year, int month, int day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t from_march = (month + 9) % 12;
    int64_t of_year = (153 * from_march + 2) / 5 + day - 1;
    int64_t days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    return era * ERA_DAYS + days - EPOCH_DAYS;
}

void rn_civil_of(int64_t days, int *year, int *month, int *day)
{
    int64_t shifted = days + EPOCH_DAYS;
    int64_t era =
        (shifted >= 0 ? shifted : shifted - (ERA_DAYS - 1)) / ERA_DAYS;
    int64_t of_era = shifted - era * ERA_DAYS;
    int64_t y =
        (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
    int64_t from_march = (5 * of_year + 2) / 153;

    *day = (int)(of_year - (153 * from_march + 2) / 5 + 1);
    *month = (int)(from_march < 10 ? from_march + 3 : from_march - 9);
    *year = (int)(y + era * 400 + (*month <= 2));
}

static int days_in_month(int year, int month)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30,
                                    31, 31, 30, 31, 30, 31 };
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

static bool take(struct reader *r, char c)
{
    if (r->p == r->end || *r->p != (uint8_t)c)
        return false;
    r->p++;
    return true;
}

/* Two digits at `p`; more than 99 when they are none. */
static unsigned pair(const uint8_t *p)
{
    unsigned tens = p[0] - (unsigned)'0';
    unsigned ones = p[1] - (unsigned)'0';
    return tens > 9 || ones > 9 ? 100 : tens * 10 + ones;
}

/* Timestamps are most of what a table of events is made of: lengths are
 * looked at once and the digits stand where they must.
 */
static bool read_date(struct reader *r, int64_t *days)
{
    const uint8_t *p = r->p;
    if (r->end - p < RN_DATE_TEXT || p[4] != '-' || p[7] != '-')
        return false;
    unsigned century = pair(p), of = pair(p + 2);
    unsigned m = pair(p + 5), d = pair(p + 8);
    if (century > 99 || of > 99 || century + of == 0 || m < 1 || m > 12 ||
        d < 1)
        return false;
    int y = (int)(century * 100 + of);
    if (d > 28 && (int)d > days_in_month(y, (int)m))
        return false;
    *days = rn_days_of(y, (int)m, (int)d);
    r->p = p + RN_DATE_TEXT;
    return true;
}

/* "10:11" as hours and minutes. */
static bool read_clock(struct reader *r, unsigned *h, unsigned *m)
{
    if (r->end - r->p < 5 || r->p[2] != ':')
        return false;
    *h = pair(r->p);
    *m = pair(r->p + 3);
    r->p += 5;
    return *h <= 23 && *m <= 59;
}

/* At least one digit; what is finer than a microsecond must be zeros. */
static bool read_fraction(struct reader *r, int64_t *us)
{
    int64_t unit = US_SECOND / 10;
    const uint8_t *first = r->p;
    *us = 0;
    for (; r->p < r->end && *r->p >= '0' && *r->p <= '9'; r->p++) {
        if (unit == 0 && *r->p != '0')
            return false;
        *us += (*r->p - '0') * unit;
        unit /= 10;
    }
    return r->p > first;
}

static bool read_time(struct reader *r, int64_t *us)
{
    unsigned h, m, s = 0;
    int64_t fraction = 0;
    if (!read_clock(r, &h, &m))
        return false;
    if (take(r, ':')) {
        if (r->end - r->p < 2)
            return false;
        s = pair(r->p);
        r->p += 2;
        if (take(r, '.') && !read_fraction(r, &fraction))
            return false;
    }
    *us = (int64_t)(h * 3600 + m * 60 + s) * US_SECOND + fraction;
    return s <= 59;
}

/* Nothing, Z, or an offset; *us is what to add to reach UTC. */
static bool read_zone(struct reader *r, int64_t *us, bool *zoned)
{
    unsigned h, m;
    *us = 0;
    *zoned = r->p < r->end;
    if (!*zoned || take(r, 'Z') || take(r, 'z'))
        return true;

    bool east = take(r, '+');
    if ((!east && !take(r, '-')) || !read_clock(r, &h, &m))
        return false;
    int64_t offset = h * US_HOUR + m * US_MINUTE;
    *us = east ? -offset : offset;
    return true;
}

static struct reader reader_of(struct rn_bytes text)
{
    static const uint8_t nothing;
    struct reader r = { &nothing, &nothing };
    if (text.n > 0) {
        r.p = text.p;
        r.end = text.p + text.n;
    }
    return r;
}

int rn_parse_date(struct rn_bytes text, int64_t *days)
{
    struct reader r = reader_of(text);
    return read_date(&r, days) && r.p == r.end ? RN_OK : RN_E_VALUE;
}

int rn_parse_time(struct rn_bytes text, int64_t *us)
{
    struct reader r = reader_of(text);
    return read_time(&r, us) && r.p == r.end ? RN_OK : RN_E_VALUE;
}

int rn_parse_timestamp(struct rn_bytes text, int64_t *us, bool *zoned)
{
    struct reader r = reader_of(text);
    int64_t days, time = 0, zone = 0;

    *zoned = false;
    if (!read_date(&r, &days))
        return RN_E_VALUE;
    if (r.p < r.end) {
        if (!take(&r, 'T') && !take(&r, 't') && !take(&r, ' '))
            return RN_E_VALUE;
        if (!read_time(&r, &time) || !read_zone(&r, &zone, zoned) ||
            r.p != r.end)
            return RN_E_VALUE;
    }
    *us = days * RN_US_DAY + time + zone;
    /* An offset may carry the first and the last day out of the calendar. */
    if (*us < RN_DAY_MIN * RN_US_DAY ||
        *us >= (RN_DAY_MAX + INT64_C(1)) * RN_US_DAY)
        return RN_E_VALUE;
    return RN_OK;
}

static char *put_digits(char *to, int value, int n)
{
    for (int i = n - 1; i >= 0; i--) {
        to[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return to + n;
}

int rn_format_date(int64_t days, char *to)
{
    if (days < RN_DAY_MIN || days > RN_DAY_MAX)
        return RN_E_VALUE;
    int y, m, d;
    rn_civil_of(days, &y, &m, &d);
    to = put_digits(to, y, 4);
    *to++ = '-';
    to = put_digits(to, m, 2);
    *to++ = '-';
    put_digits(to, d, 2);
    return RN_DATE_TEXT;
}

int rn_format_time(int64_t us, char *to)
{
    if (us < 0 || us >= RN_US_DAY)
        return RN_E_VALUE;
    const char *start = to;
    to = put_digits(to, (int)(us / US_HOUR), 2);
    *to++ = ':';
    to = put_digits(to, (int)(us / US_MINUTE % 60), 2);
    *to++ = ':';
    to = put_digits(to, (int)(us / US_SECOND % 60), 2);

    int fraction = (int)(us % US_SECOND);
    if (fraction != 0) {
        *to++ = '.';
        to = fraction % 1000 == 0 ? put_digits(to, fraction / 1000, 3)
                                  : put_digits(to, fraction, 6);
    }
    return (int)(to - start);
}

int rn_format_timestamp(int64_t us, bool zone, char *to)
{
    int64_t days = us / RN_US_DAY;
    int64_t time = us % RN_US_DAY;
    if (time < 0) {
        time += RN_US_DAY;
        days--;
    }
    int n = rn_format_date(days, to);
    if (n < 0)
        return n;
    to[n++] = 'T';
    n += rn_format_time(time, to + n);
    if (zone)
        to[n++] = 'Z';
    return n;
}
