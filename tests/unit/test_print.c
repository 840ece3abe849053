/* test_print.c: numbers for people, the progress line, nearest words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/progress.h"
#include "core/nearest.h"
#include "core/print.h"

static void numbers_are_grouped(void **state)
{
    char to[RN_GROUPED_MAX];
    (void)state;
    assert_string_equal(rn_grouped(0, to), "0");
    assert_string_equal(rn_grouped(999, to), "999");
    assert_string_equal(rn_grouped(1000, to), "1,000");
    assert_string_equal(rn_grouped(UINT64_MAX, to),
                        "18,446,744,073,709,551,615");
}

static void sizes_have_a_unit(void **state)
{
    char to[RN_SIZE_MAX];
    (void)state;
    assert_string_equal(rn_size_text(0, to), "0 B");
    assert_string_equal(rn_size_text(1023, to), "1023 B");
    assert_string_equal(rn_size_text(1024, to), "1.0 KiB");
    assert_string_equal(rn_size_text((1 << 20) - 1, to), "1023.9 KiB");
    assert_string_equal(rn_size_text(1 << 20, to), "1.0 MiB");
    assert_string_equal(rn_size_text(UINT64_MAX, to), "16383.9 PiB");
}

static void progress_says_rows_rate_and_memory(void **state)
{
    struct cli_progress c = { .rate = 5000 };
    struct rn_progress p = { .rows = 12345,
                             .bytes = 3 << 20,
                             .files = 2,
                             .in_flight = 1,
                             .memory_used = 512 * 1024,
                             .memory_budget = 1 << 20 };
    char line[200];
    (void)state;
    size_t len = cli_progress_line(&c, &p, line, sizeof line);
    assert_string_equal(line, "12,345 rows, 3.0 MiB, 5,000 rows/s, 2 files, "
                              "1 in flight, memory 512.0 KiB / 1.0 MiB");
    assert_int_equal(len, strlen(line));
    p.retries = 3;
    for (size_t cap = 1; cap < sizeof line; cap++) {
        len = cli_progress_line(&c, &p, line, cap);
        assert_true(len < cap && len == strlen(line));
    }
    assert_non_null(strstr(line, ", 3 retries"));
}

static void mistyped_words_are_near(void **state)
{
    (void)state;
    assert_int_equal(rn_distance("same", "same", 9), 0);
    assert_int_equal(rn_distance("conections", "connections", 9), 1);
    assert_int_equal(rn_distance("stroe", "store", 9), 1); /* swapped */
    assert_int_equal(rn_distance("kitten", "sitting", 9), 3);
    assert_int_equal(rn_distance("kitten", "sitting", 1), 2); /* "more" */
    assert_int_equal(rn_distance("", "abc", 9), 3);
    char longest[60];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    assert_int_equal(rn_distance(longest, "x", 4), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_grouped),
        cmocka_unit_test(sizes_have_a_unit),
        cmocka_unit_test(progress_says_rows_rate_and_memory),
        cmocka_unit_test(mistyped_words_are_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
