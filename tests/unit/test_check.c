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

/* -- narrow columns -------------------------------------------------------- */

static struct rn_col narrow_col;
static const struct rn_schema narrow_schema = { &narrow_col, 1 };

/* One cell through the checks of its column. */
static int check_one(struct rn_cell *c)
{
    struct rn_row row = { c, 1 };
    struct rn_arena mem;

    memset(&counts, 0, sizeof(counts));
    memset(&error, 0, sizeof(error));
    narrow_col.name = RN_STR("n");
    rn_arena_init(&mem, "check", memory, sizeof memory);
    k.counts = &counts;
    k.error = &error;
    assert_int_equal(rn_check_init(&k, &config, &narrow_schema, &mem), RN_OK);
    return rn_check_row(&k, &row, 12);
}

static int check_i64(enum rn_type type, int64_t v, int64_t *got)
{
    struct rn_cell c = { .type = type, .as.i64 = v };
    int err = check_one(&c);

    assert_true(err < 0 || c.type == type);
    *got = c.as.i64;
    return err;
}

static void integers_outside_their_range_are_refused(void **state)
{
    (void)state;
    for (unsigned bits = 8; bits <= 32; bits *= 2) {
        int64_t past = INT64_C(1) << (bits - 1), got;

        narrow_col = (struct rn_col){ .type = RN_I64, .bits = (uint8_t)bits };
        assert_int_equal(check_i64(RN_I64, past - 1, &got), RN_OK);
        assert_int_equal(got, past - 1);
        assert_int_equal(check_i64(RN_I64, -past, &got), RN_OK);
        assert_int_equal(check_i64(RN_I64, past, &got), RN_E_VALUE);
        assert_int_equal(check_i64(RN_I64, -past - 1, &got), RN_E_VALUE);
        assert_int_equal(check_i64(RN_I64, INT64_MIN, &got), RN_E_VALUE);
        assert_int_equal(check_i64(RN_I64, INT64_MAX, &got), RN_E_VALUE);
    }
    assert_string_equal(error.text,
                        "row 12, column \"n\": 9223372036854775807 does not "
                        "fit the column's type int32; give it a wider one in "
                        "[types], or set source.on_mismatch = null");
    narrow_col.bits = 64;
    int64_t got;
    assert_int_equal(check_i64(RN_I64, INT64_MIN, &got), RN_OK);
}

static void what_does_not_fit_may_be_null(void **state)
{
    struct rn_cell c = { .type = RN_I64, .as.i64 = 128 };

    (void)state;
    narrow_col = (struct rn_col){ .type = RN_I64, .bits = 8 };
    config.source.on_mismatch = RN_ON_NULL;
    assert_int_equal(check_one(&c), RN_OK);
    assert_int_equal(c.type, RN_NULL);
    assert_int_equal(counts.nulled, 1);
    assert_int_equal(check_one(&c), RN_OK); /* a NULL is none to begin with */
    assert_int_equal(counts.nulled, 0);
    c = (struct rn_cell){ .type = RN_I64, .as.i64 = 128 };
    config.source.on_mismatch = RN_ON_CONVERT;
    assert_int_equal(check_one(&c), RN_E_VALUE); /* nothing could, lossless */
}

static void doubles_become_the_nearest_float(void **state)
{
    static const struct {
        double from, to;
    } known[] = {
        { 0.1, (double)0.1f },
        { 16777217, 16777216 }, /* a tie goes to the even one */
        { 16777219, 16777220 },
        { 1.5, 1.5 },
        { -1e-60, -0.0 },
        { 1e-45, 1.401298464324817e-45 },
        { 3.4028234663852886e38, 3.4028234663852886e38 },
        { 3.4028235e38, 3.4028234663852886e38 },
        { 3.4028235677973362e38, 3.4028234663852886e38 },
        { -3.4028235677973362e38, -3.4028234663852886e38 },
    };

    (void)state;
    narrow_col = (struct rn_col){ .type = RN_F64, .bits = 32 };
    for (size_t i = 0; i < RN_COUNTOF(known); i++) {
        struct rn_cell c = { .type = RN_F64, .as.f64 = known[i].from };

        assert_int_equal(check_one(&c), RN_OK);
        assert_true(c.as.f64 == known[i].to);
        assert_int_equal(signbit(c.as.f64), signbit(known[i].to));
        assert_int_equal(counts.converted + counts.truncated, 0);
    }
}

static void a_double_too_large_for_a_float_is_refused(void **state)
{
    static const double large[] = { 3.4028235677973366e38, 1e39, 1e308 };

    (void)state;
    narrow_col = (struct rn_col){ .type = RN_F64, .bits = 32 };
    for (size_t i = 0; i < RN_COUNTOF(large); i++) {
        struct rn_cell c = { .type = RN_F64, .as.f64 = large[i] };

        assert_int_equal(check_one(&c), RN_E_VALUE);
        c.as.f64 = -large[i];
        assert_int_equal(check_one(&c), RN_E_VALUE);
    }
    assert_non_null(strstr(error.text, "column \"n\": -1e+308 does not fit "
                                       "the column's type float"));
    struct rn_cell c = { .type = RN_F64, .as.f64 = -INFINITY };
    assert_int_equal(check_one(&c), RN_OK); /* it was one before */
    assert_true(c.as.f64 == -INFINITY);
    c.as.f64 = NAN;
    assert_int_equal(check_one(&c), RN_OK);
    assert_true(isnan(c.as.f64));
}

static void times_are_whole_milliseconds_or_refused(void **state)
{
    int64_t got;

    (void)state;
    config.file.timestamps = RN_TIMESTAMPS_MILLIS;
    narrow_col = (struct rn_col){ .type = RN_TIME, .millis = true };
    assert_int_equal(check_i64(RN_TIME, 36660123000, &got), RN_OK);
    assert_int_equal(got, 36660123000);
    assert_int_equal(check_i64(RN_TIME, 36660123001, &got), RN_E_VALUE);
    assert_string_equal(error.text,
                        "row 12, column \"n\": 10:11:00.123001 is finer than "
                        "a millisecond; set file.timestamps = millis-truncate "
                        "or micros, or source.on_mismatch = null");
    narrow_col = (struct rn_col){ .type = RN_TIMESTAMP, .millis = true };
    assert_int_equal(check_i64(RN_TIMESTAMP, -1000, &got), RN_OK);
    assert_int_equal(check_i64(RN_TIMESTAMP, -1, &got), RN_E_VALUE);
    assert_non_null(strstr(error.text, "1969-12-31T23:59:59.999999 is finer"));
    assert_int_equal(check_i64(RN_TIMESTAMP, INT64_MAX, &got), RN_E_VALUE);
    assert_non_null(strstr(error.text, "the value is finer"));
    struct rn_cell c = { .type = RN_TIMESTAMP, .as.i64 = 1 };
    config.source.on_mismatch = RN_ON_NULL;
    assert_int_equal(check_one(&c), RN_OK);
    assert_int_equal(c.type, RN_NULL);
}

static void finer_times_may_be_cut_towards_the_past_and_counted(void **state)
{
    static const struct {
        int64_t from, to;
    } known[] = { { 1999, 1000 },   { 1001, 1000 },  { 1000, 1000 },
                  { 999, 0 },       { 0, 0 },        { -1, -1000 },
                  { -1000, -1000 }, { -1001, -2000 } };
    int64_t got;

    (void)state;
    config.file.timestamps = RN_TIMESTAMPS_MILLIS_TRUNCATE;
    narrow_col = (struct rn_col){ .type = RN_TIMESTAMP, .millis = true };
    for (size_t i = 0; i < RN_COUNTOF(known); i++) {
        assert_int_equal(check_i64(RN_TIMESTAMP, known[i].from, &got), RN_OK);
        assert_int_equal(got, known[i].to);
        assert_int_equal(counts.truncated, known[i].from != known[i].to);
    }
}

/* The narrow one may be anywhere among the columns. */
static void every_narrow_column_is_looked_at(void **state)
{
    struct rn_col col[5];
    struct rn_schema five = { col, 5 };
    struct rn_cell cells[5];
    struct rn_row row = { cells, 5 };
    struct rn_arena mem;

    (void)state;
    k.counts = &counts;
    k.error = &error;
    for (size_t narrow = 0; narrow < 5; narrow++) {
        for (size_t i = 0; i < 5; i++) {
            col[i] = (struct rn_col){ .name = RN_LIT("c"), .type = RN_I64 };
            cells[i] = (struct rn_cell){ RN_I64, { .i64 = 1000 } };
        }
        rn_arena_init(&mem, "check", memory, sizeof memory);
        assert_int_equal(rn_check_init(&k, &config, &five, &mem), RN_OK);
        assert_int_equal(rn_check_row(&k, &row, 1), RN_OK);
        col[narrow].bits = 8;
        assert_int_equal(rn_check_init(&k, &config, &five, &mem), RN_OK);
        assert_int_equal(rn_check_row(&k, &row, 1), RN_E_VALUE);
        cells[narrow].as.i64 = 100;
        assert_int_equal(rn_check_row(&k, &row, 1), RN_OK);
    }
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
        cmocka_unit_test_setup(integers_outside_their_range_are_refused,
                               set_up),
        cmocka_unit_test_setup(what_does_not_fit_may_be_null, set_up),
        cmocka_unit_test_setup(doubles_become_the_nearest_float, set_up),
        cmocka_unit_test_setup(a_double_too_large_for_a_float_is_refused,
                               set_up),
        cmocka_unit_test_setup(times_are_whole_milliseconds_or_refused, set_up),
        cmocka_unit_test_setup(
            finer_times_may_be_cut_towards_the_past_and_counted, set_up),
        cmocka_unit_test_setup(every_narrow_column_is_looked_at, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
