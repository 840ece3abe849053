/* test_stamp.c: times as HTTP and SAS tokens write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "fewer.h"
#include "identity/stamp.h"

#define SECOND 1000000LL

static void every_day_reads_as_libc_has_it(void **state)
{
    (void)state;
    int64_t step = (86400 * 3 + 12345) * (int64_t)fewer_by();

    for (int64_t s = 0; s < 253402300800; s += step) {
        char ours[RN_STAMP_HTTP];
        char theirs[64];
        time_t t = (time_t)s;
        struct tm tm;
        int64_t back;

        gmtime_r(&t, &tm);
        strftime(theirs, sizeof theirs, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        rn_stamp_http(s * SECOND, ours);
        assert_string_equal(ours, theirs);
        assert_int_equal(rn_stamp_from_http(rn_bytes_of(ours), &back), RN_OK);
        assert_int_equal(back, s * SECOND);
    }
}

static void other_texts_are_no_date(void **state)
{
    static const char good[] = "Sun, 22 Nov 2026 17:37:14 GMT";
    static const char *const bad[] = { "",
                                       "soon",
                                       "120",
                                       "Sunday, 22-Nov-26 17:37:14 GMT",
                                       "Sun Nov 22 17:37:14 2026",
                                       "Sun, 31 Nov 2026 17:37:14 GMT",
                                       "Sun, 22 Nov 2026 24:37:14 GMT",
                                       "Sun, 22 Nov 2026 17:37:14 UTC",
                                       "Sun, 22 Nox 2026 17:37:14 GMT",
                                       "Sun, 22 Nov 1969 17:37:14 GMT" };
    int64_t us;

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(bad); i++)
        assert_int_equal(rn_stamp_from_http(rn_bytes_of(bad[i]), &us),
                         RN_E_PEER);
    for (size_t n = 0; n < sizeof good - 1; n++) {
        struct rn_bytes cut = { (const uint8_t *)good, n };
        assert_int_equal(rn_stamp_from_http(cut, &us), RN_E_PEER);
    }
}

static void tokens_write_days_minutes_and_seconds(void **state)
{
    static const struct {
        const char *text;
        int64_t second;
    } good[] = { { "2026-11-22", 1795305600 },
                 { "2026-11-22T17:37Z", 1795369020 },
                 { "2026-11-22T17:37:14Z", 1795369034 },
                 { "2026-11-22T17:37:14.1234567Z", 1795369034 },
                 { "1970-01-01T00:00:00Z", 0 } };
    static const char *const bad[] = { "",
                                       "2026-11-2",
                                       "2026-13-01",
                                       "2026-02-29",
                                       "2026-11-22T17:37",
                                       "2026-11-22T17:37:14",
                                       "2026-11-22 17:37Z",
                                       "2026-11-22T17:37:14+01:00",
                                       "2026-11-22T17:3:14Z",
                                       "2026-11-22T17:37Zx" };
    int64_t us;

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(good); i++) {
        assert_int_equal(rn_stamp_from_iso(rn_bytes_of(good[i].text), &us),
                         RN_OK);
        assert_int_equal(us, good[i].second * SECOND);
    }
    for (size_t i = 0; i < RN_COUNTOF(bad); i++)
        assert_int_equal(rn_stamp_from_iso(rn_bytes_of(bad[i]), &us),
                         RN_E_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_reads_as_libc_has_it),
        cmocka_unit_test(other_texts_are_no_date),
        cmocka_unit_test(tokens_write_days_minutes_and_seconds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
