/* test_date.c: dates, times and timestamps keep their meaning as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "row/date.h"

static struct rn_bytes text(const char *s)
{
    return (struct rn_bytes){ (const uint8_t *)s, strlen(s) };
}

static void every_day_of_the_calendar_survives_as_text(void **state)
{
    (void)state;
    int64_t expect = RN_DAY_MIN;
    for (int y = 1; y <= 9999; y++) {
        for (int m = 1; m <= 12; m++) {
            bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
            int last = m == 2                                  ? 28 + leap
                       : m == 4 || m == 6 || m == 9 || m == 11 ? 30
                                                               : 31;
            for (int d = 1; d <= last; d++, expect++) {
                char to[RN_DATE_TEXT];
                int64_t back;
                int y2, m2, d2;
                if (rn_days_of(y, m, d) != expect)
                    fail_msg("%d-%d-%d is not day %ld", y, m, d, (long)expect);
                rn_civil_of(expect, &y2, &m2, &d2);
                if (y2 != y || m2 != m || d2 != d)
                    fail_msg("day %ld became %d-%d-%d", (long)expect, y2, m2,
                             d2);
                if (rn_format_date(expect, to) != RN_DATE_TEXT ||
                    rn_parse_date((struct rn_bytes){ (uint8_t *)to, 10 },
                                  &back) != 0 ||
                    back != expect)
                    fail_msg("%.10s was not read back", to);
            }
        }
    }
    assert_int_equal(expect, RN_DAY_MAX + 1);
}

static void known_dates_are_where_they_should_be(void **state)
{
    (void)state;
    assert_int_equal(rn_days_of(1970, 1, 1), 0);
    assert_int_equal(rn_days_of(2000, 3, 1), 11017);
    assert_int_equal(rn_days_of(1, 1, 1), RN_DAY_MIN);
    assert_int_equal(rn_days_of(9999, 12, 31), RN_DAY_MAX);
}

static void a_day_that_does_not_exist_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "2023-02-29",  "1900-02-29",  "2100-02-29", "2026-04-31",
        "2026-00-10",  "2026-13-01",  "2026-01-00", "2026-01-32",
        "0000-01-01",  "10000-01-01", "-001-01-01", "2026/11/22",
        "20261122",    "2026-11-2",   "2026-1-22",  " 2026-11-22",
        "2026-11-22 ", "2026-11-22T", "",           "2026-11-2x",
    };
    for (size_t i = 0; i < RN_COUNTOF(bad); i++) {
        int64_t days;
        if (rn_parse_date(text(bad[i]), &days) != RN_E_VALUE)
            fail_msg("\"%s\" was taken for a date", bad[i]);
    }
}

static void days_outside_the_calendar_have_no_text(void **state)
{
    (void)state;
    char to[RN_TIMESTAMP_TEXT];
    assert_int_equal(rn_format_date(RN_DAY_MIN - 1, to), RN_E_VALUE);
    assert_int_equal(rn_format_date(RN_DAY_MAX + 1, to), RN_E_VALUE);
    assert_int_equal(rn_format_date(INT64_MIN, to), RN_E_VALUE);
    assert_int_equal(rn_format_time(-1, to), RN_E_VALUE);
    assert_int_equal(rn_format_time(RN_US_DAY, to), RN_E_VALUE);
    assert_int_equal(rn_format_timestamp(INT64_MIN, true, to), RN_E_VALUE);
    assert_int_equal(rn_format_timestamp(INT64_MAX, true, to), RN_E_VALUE);
    int64_t end = (RN_DAY_MAX + INT64_C(1)) * RN_US_DAY;
    assert_int_equal(rn_format_timestamp(end, true, to), RN_E_VALUE);
    assert_int_equal(rn_format_timestamp(end - 1, true, to), 27);
    assert_memory_equal(to, "9999-12-31T23:59:59.999999Z", 27);
}

struct moment {
    const char *text;
    int64_t us;
    bool zoned;
    const char *back; /* as we write it, without zone; NULL: the same text */
};

static const struct moment moments[] = {
    { "1970-01-01T00:00:00", 0, false, NULL },
    { "1970-01-01T00:00:00Z", 0, true, "1970-01-01T00:00:00" },
    { "1970-01-01", 0, false, "1970-01-01T00:00:00" },
    { "1969-12-31T23:59:59.999999", -1, false, NULL },
    { "2026-11-22T10:11:12.123456", 1795342272123456, false, NULL },
    { "2026-11-22 10:11:12.5", 1795342272500000, false,
      "2026-11-22T10:11:12.500" },
    { "2026-11-22 10:11", 1795342260000000, false, "2026-11-22T10:11:00" },
    { "2026-11-22t10:11:12z", 1795342272000000, true, "2026-11-22T10:11:12" },
    { "2026-11-22T10:11:12+05:30", 1795322472000000, true,
      "2026-11-22T04:41:12" },
    { "2026-11-22T10:11:12.000001000-01:00", 1795345872000001, true,
      "2026-11-22T11:11:12.000001" },
    { "0001-01-01T00:00:00", RN_DAY_MIN *RN_US_DAY, false, NULL },
};

static void a_timestamp_is_the_same_instant_after_reading(void **state)
{
    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(moments); i++) {
        const struct moment *m = &moments[i];
        int64_t us;
        bool zoned;
        char to[RN_TIMESTAMP_TEXT];
        assert_int_equal(rn_parse_timestamp(text(m->text), &us, &zoned), 0);
        assert_int_equal(us, m->us);
        assert_int_equal(zoned, m->zoned);
        const char *back = m->back != NULL ? m->back : m->text;
        int n = rn_format_timestamp(us, false, to);
        assert_int_equal(n, strlen(back));
        assert_memory_equal(to, back, strlen(back));
        assert_int_equal(rn_format_timestamp(us, true, to), n + 1);
        assert_int_equal(to[n], 'Z');
    }
}

static void what_is_no_instant_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "2026-11-22T24:00:00",
        "2026-11-22T23:60:00",
        "2026-06-30T23:59:60Z",
        "2026-11-22T10:11:12.1234567",
        "2026-11-22T10:11:12+2:00",
        "2026-11-22T10:11:12+0200",
        "2026-11-22T10:11:12+24:00",
        "2026-11-22T10:11:12 Z",
        "2026-11-22  10:11:12",
        "2026-11-22T10:11:12.Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "2026-11-22Z",
        "2026-11-22T1:11:12",
        "2026-11-22T10:11:12.5 ",
        "now",
    };
    for (size_t i = 0; i < RN_COUNTOF(bad); i++) {
        int64_t us;
        bool zoned;
        if (rn_parse_timestamp(text(bad[i]), &us, &zoned) != RN_E_VALUE)
            fail_msg("\"%s\" was taken for a timestamp", bad[i]);
    }
}

/* A cut timestamp is either refused or a shorter notation of its own; those
 * are listed, by length.
 */
static void every_truncation_is_refused_or_a_notation(void **state)
{
    (void)state;
    static const char full[] = "2026-11-22T10:11:12.123456+05:30";
    for (size_t n = 0; n < sizeof full - 1; n++) {
        int64_t us;
        bool zoned;
        bool whole = n == 10 || n == 16 || n == 19 || (n >= 21 && n <= 26);
        struct rn_bytes cut = { (const uint8_t *)full, n };
        int err = rn_parse_timestamp(cut, &us, &zoned);
        if (err != (whole ? RN_OK : RN_E_VALUE))
            fail_msg("%.*s gave %d", (int)n, full, err);
        if (whole)
            assert_false(zoned);
    }
    for (size_t n = 0; n < 10; n++) {
        int64_t days;
        struct rn_bytes cut = { (const uint8_t *)full, n };
        assert_int_equal(rn_parse_date(cut, &days), RN_E_VALUE);
    }
    for (size_t n = 0; n < 15; n++) {
        int64_t us;
        bool whole = n == 5 || n == 8 || n >= 10;
        struct rn_bytes cut = { (const uint8_t *)full + 11, n };
        assert_int_equal(rn_parse_time(cut, &us), whole ? RN_OK : RN_E_VALUE);
    }
}

static void times_survive_as_text(void **state)
{
    (void)state;
    /* A stride that is no divisor of anything meets every field's value. */
    for (int64_t us = 0; us < RN_US_DAY; us += 86399977) {
        char to[RN_TIME_TEXT];
        int64_t back;
        int n = rn_format_time(us, to);
        assert_in_range(n, 8, RN_TIME_TEXT);
        struct rn_bytes t = { (uint8_t *)to, (size_t)n };
        assert_int_equal(rn_parse_time(t, &back), 0);
        assert_int_equal(back, us);
    }
    char to[RN_TIME_TEXT];
    assert_int_equal(rn_format_time(RN_US_DAY - 1, to), 15);
    assert_memory_equal(to, "23:59:59.999999", 15);
    assert_int_equal(rn_format_time(1000, to), 12);
    assert_memory_equal(to, "00:00:00.001", 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_of_the_calendar_survives_as_text),
        cmocka_unit_test(known_dates_are_where_they_should_be),
        cmocka_unit_test(a_day_that_does_not_exist_is_refused),
        cmocka_unit_test(days_outside_the_calendar_have_no_text),
        cmocka_unit_test(a_timestamp_is_the_same_instant_after_reading),
        cmocka_unit_test(what_is_no_instant_is_refused),
        cmocka_unit_test(every_truncation_is_refused_or_a_notation),
        cmocka_unit_test(times_survive_as_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
