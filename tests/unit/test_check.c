/* test_check.c: no cell passes that is too large or no text, in silence. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "row/check.h"

static const struct rn_col columns[] = {
    { .name = RN_LIT("a"), .type = RN_TEXT, .nullable = true },
    { .name = RN_LIT("b"), .type = RN_TEXT, .nullable = true },
    { .name = RN_LIT("x"), .type = RN_BLOB, .nullable = true },
    { .name = RN_LIT("f"), .type = RN_F64, .nullable = true },
};
static const struct rn_schema schema = { columns, 4 };

static struct rn_config config;
static struct rn_counts counts;
static struct rn_error error;
static struct rn_check k;
static uint8_t memory[4096] __attribute__((aligned(16)));
static struct rn_cell cell[4];

static int set_up(void **state)
{
    (void)state;
    memset(&config, 0, sizeof(config));
    config.source.max_cell = 8;
    return 0;
}

static int check(const char *a, const char *b, const char *x)
{
    struct rn_row row = { cell, 4 };
    struct rn_arena mem;

    memset(&counts, 0, sizeof(counts));
    memset(&error, 0, sizeof(error));
    cell[0] = (struct rn_cell){ RN_TEXT, { .bytes = rn_bytes_of(a) } };
    cell[1] = (struct rn_cell){ RN_TEXT, { .bytes = rn_bytes_of(b) } };
    cell[2] = (struct rn_cell){ RN_BLOB, { .bytes = rn_bytes_of(x) } };
    cell[3] = (struct rn_cell){ RN_F64, { .f64 = NAN } };
    rn_arena_init(&mem, "check", memory, rn_check_need(&config));
    k.counts = &counts;
    k.error = &error;
    assert_int_equal(rn_check_init(&k, &config, &schema, &mem), RN_OK);
    return rn_check_row(&k, &row, 12);
}

static void expect(size_t i, const char *text)
{
    assert_int_equal(cell[i].type, columns[i].type);
    if (!rn_bytes_equal(cell[i].as.bytes, rn_bytes_of(text)))
        fail_msg("got %.*s", (int)cell[i].as.bytes.n,
                 (const char *)cell[i].as.bytes.p);
}

static void good_rows_are_not_touched(void **state)
{
    struct rn_counts none;

    (void)state;
    memset(&none, 0, sizeof(none));
    assert_int_equal(rn_check_need(&config), 0);
    assert_int_equal(check("12345678", "", "\xff\xff"), RN_OK);
    expect(0, "12345678");
    expect(1, "");
    expect(2, "\xff\xff");
    assert_true(isnan(cell[3].as.f64));
    assert_memory_equal(&counts, &none, sizeof(none));
}

static void a_large_cell_is_named(void **state)
{
    (void)state;
    assert_int_equal(check("", "123456789", ""), RN_E_VALUE);
    assert_non_null(strstr(error.text, "row 12, column \"b\": it has 9 bytes"));
    assert_int_equal(error.where, RN_AT_SOURCE);
    assert_int_equal(check("", "", "123456789"), RN_E_VALUE);
    assert_non_null(strstr(error.text, "column \"x\""));
}

static void text_is_cut_at_a_character_and_a_blob_at_a_byte(void **state)
{
    (void)state;
    config.source.on_oversize = RN_ON_TRUNCATE;
    assert_int_equal(
        check("1234567\xc3\x9f", "123456\xc3\x9f", "1234567\xc3\x9f"), RN_OK);
    expect(0, "1234567");
    expect(1, "123456\xc3\x9f");
    expect(2, "1234567\xc3");
    assert_int_equal(counts.truncated, 2);
}

static void a_large_cell_may_be_null(void **state)
{
    (void)state;
    config.source.on_oversize = RN_ON_NULL;
    assert_int_equal(check("123456789", "a", "123456789"), RN_OK);
    assert_int_equal(cell[0].type, RN_NULL);
    expect(1, "a");
    assert_int_equal(cell[2].type, RN_NULL);
    assert_int_equal(counts.nulled, 2);
}

static void bad_text_is_named_with_its_place(void **state)
{
    (void)state;
    assert_int_equal(check("ok", "ab\xff", ""), RN_E_VALUE);
    assert_non_null(
        strstr(error.text,
               "row 12, column \"b\": byte 0xff at offset 2 is not UTF-8"));
    config.source.on_bad_text = RN_ON_NULL;
    assert_int_equal(check("ok", "ab\xff", ""), RN_OK);
    assert_int_equal(cell[1].type, RN_NULL);
    assert_int_equal(counts.nulled, 1);
}

static void bad_text_is_replaced_and_counted_once_a_cell(void **state)
{
    (void)state;
    config.source.on_bad_text = RN_ON_REPLACE;
    assert_int_equal(check("a\xff\xfe", "\xc3", "\xff"), RN_OK);
    expect(0, "a\xef\xbf\xbd\xef\xbf\xbd");
    expect(1, "\xef\xbf\xbd");
    expect(2, "\xff"); /* a blob is what it is */
    assert_int_equal(counts.replaced, 2);
    assert_int_equal(counts.truncated, 0);
}

static void what_outgrows_its_limit_by_replacement_is_too_large(void **state)
{
    (void)state;
    config.source.on_bad_text = RN_ON_REPLACE;
    assert_int_equal(check("\xff\xff\xff", "", ""), RN_E_VALUE);
    assert_non_null(strstr(error.text, "column \"a\": it has 9 bytes"));
    config.source.on_oversize = RN_ON_TRUNCATE;
    assert_int_equal(check("\xff\xff\xff", "12345678\xff", ""), RN_OK);
    expect(0, "\xef\xbf\xbd\xef\xbf\xbd");
    expect(1, "12345678");
    assert_int_equal(counts.truncated, 2);
    assert_int_equal(counts.replaced, 1);
    assert_int_equal(check("\xff\xff\xff\xff\xff\xff\xff\xff\xff", "", ""),
                     RN_OK);
    assert_int_equal(counts.truncated, 1); /* a cell, not a cut */
    config.source.on_oversize = RN_ON_NULL;
    assert_int_equal(check("\xff\xff\xff", "", ""), RN_OK);
    assert_int_equal(cell[0].type, RN_NULL);
    assert_int_equal(counts.nulled, 1);
    assert_int_equal(counts.replaced, 0);
}

static void the_scratch_is_enough_for_each_row_anew(void **state)
{
    struct rn_row row = { cell, 4 };

    (void)state;
    config.source.on_bad_text = RN_ON_REPLACE;
    assert_int_equal(check("12345\xff", "12345\xff", ""), RN_OK);
    for (int i = 0; i < 10; i++) {
        cell[0].as.bytes = rn_bytes_of("54321\xff");
        assert_int_equal(rn_check_row(&k, &row, 13), RN_OK);
        expect(0, "54321\xef\xbf\xbd");
    }
}

static void nan_is_null_where_the_job_says_so(void **state)
{
    (void)state;
    config.file.nan = RN_NAN_NULL;
    assert_int_equal(check("", "", ""), RN_OK);
    assert_int_equal(cell[3].type, RN_NULL);
    assert_int_equal(counts.nulled, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(good_rows_are_not_touched, set_up),
        cmocka_unit_test_setup(a_large_cell_is_named, set_up),
        cmocka_unit_test_setup(text_is_cut_at_a_character_and_a_blob_at_a_byte,
                               set_up),
        cmocka_unit_test_setup(a_large_cell_may_be_null, set_up),
        cmocka_unit_test_setup(bad_text_is_named_with_its_place, set_up),
        cmocka_unit_test_setup(bad_text_is_replaced_and_counted_once_a_cell,
                               set_up),
        cmocka_unit_test_setup(
            what_outgrows_its_limit_by_replacement_is_too_large, set_up),
        cmocka_unit_test_setup(the_scratch_is_enough_for_each_row_anew, set_up),
        cmocka_unit_test_setup(nan_is_null_where_the_job_says_so, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
