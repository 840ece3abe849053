/* test_measure.c: two places that hold the same give the same texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "row/date.h"
#include "row/measure.h"

static const struct rn_col boolean = { .type = RN_BOOL };
static const struct rn_col integer = { .type = RN_I64 };
static const struct rn_col real = { .type = RN_F64 };
static const struct rn_col money = { .type = RN_DECIMAL,
                                     .precision = 12,
                                     .scale = 2 };
static const struct rn_col fine = { .type = RN_DECIMAL,
                                    .precision = 38,
                                    .scale = 18 };
static const struct rn_col date = { .type = RN_DATE };
static const struct rn_col clock_time = { .type = RN_TIME };
static const struct rn_col local = { .type = RN_TIMESTAMP };
static const struct rn_col utc = { .type = RN_TIMESTAMP, .utc = true };
static const struct rn_col words = { .type = RN_TEXT };
static const struct rn_col blob = { .type = RN_BLOB };
static const struct rn_col uuid = { .type = RN_UUID };

#define LONG_TEXT "abcdefghijklmnopqrstuvwxyzab" /* 28 bytes */

/* As Spark, T-SQL and the digest write it, and the one form of them. */
static void each_way_to_write_a_value_becomes_one(void **state)
{
    static const struct {
        const struct rn_col *col;
        struct rn_bytes from;
        const char *to; /* NULL: refused */
    } samples[] = {
        { &boolean, RN_LIT("true"), "1" },
        { &boolean, RN_LIT("0"), "0" },
        { &boolean, RN_LIT("false"), "0" },
        { &boolean, RN_LIT("2"), NULL },
        { &boolean, RN_LIT(""), NULL },
        { &integer, RN_LIT("-12"), "-12" },
        { &integer, RN_LIT("9223372036854775807"), "9223372036854775807" },
        { &integer, RN_LIT("1.0"), NULL },
        { &real, RN_LIT("1.0"), "1" },
        { &real, RN_LIT("1.0000000000000000e+000"), "1" },
        { &real, RN_LIT("1.0E10"), "10000000000" },
        { &real, RN_LIT("1.0000000000000001e-001"), "0.1" },
        { &real, RN_LIT("-0.0"), "0" },
        { &real, RN_LIT("0"), "0" },
        { &real, RN_LIT("4.9E-324"), "5e-324" },
        { &real, RN_LIT("-Infinity"), "-Infinity" },
        { &real, RN_LIT("NaN"), NULL },
        { &money, RN_LIT("12.50"), "12.50" },
        { &money, RN_LIT("12.5"), "12.50" },
        { &money, RN_LIT("-0.05"), "-0.05" },
        { &money, RN_LIT("12.505"), NULL },
        { &fine, RN_LIT("1.5E-10"), "0.000000000150000000" },
        { &fine, RN_LIT("0E-18"), "0.000000000000000000" },
        { &date, RN_LIT("2026-11-22"), "2026-11-22" },
        { &date, RN_LIT("2026-11-31"), NULL },
        { &clock_time, RN_LIT("10:11:12"), "10:11:12.000000" },
        { &clock_time, RN_LIT("10:11:12.5"), "10:11:12.500000" },
        { &clock_time, RN_LIT("10:11:12.000001"), "10:11:12.000001" },
        { &local, RN_LIT("2026-11-22 10:11:12"), "2026-11-22T10:11:12.000000" },
        { &local, RN_LIT("2026-11-22T10:11:12.123"),
          "2026-11-22T10:11:12.123000" },
        { &utc, RN_LIT("2026-11-22 10:11:12.123456"),
          "2026-11-22T10:11:12.123456Z" },
        { &utc, RN_LIT("2026-11-22T10:11:12Z"), "2026-11-22T10:11:12.000000Z" },
        { &utc, RN_LIT("0"), "1970-01-01T00:00:00.000000Z" },
        { &utc, RN_LIT("-1"), "1969-12-31T23:59:59.999999Z" },
        { &utc, RN_LIT("9223372036854775807"), NULL },
        { &words, RN_LIT(""), "" },
        { &words, RN_LIT("O'Hara"), "O'Hara" },
        { &words, RN_LIT(LONG_TEXT "c"), LONG_TEXT },
        { &words, RN_LIT("abcdefghijklmnopqrstuvwxyza\xc3\xa9"),
          "abcdefghijklmnopqrstuvwxyza" },
        { &words, RN_LIT("abcdefghijklmnopqrstuvwxyza\xc3"),
          "abcdefghijklmnopqrstuvwxyza" },
        { &words, RN_LIT("a\0b"), "a" },
        { &uuid, RN_LIT("00112233-4455-6677-8899-AABBCCDDEEFF"),
          "00112233-4455-6677-8899-aabbccddeeff" },
        { &uuid, RN_LIT("00112233"), NULL },
        { &blob, RN_LIT("abc"), NULL },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(samples); i++) {
        char to[RN_MEASURE_TEXT];
        int err = rn_measure_text(samples[i].col, samples[i].from, to);

        if (err != (samples[i].to ? RN_OK : RN_E_VALUE) ||
            strcmp(to, samples[i].to ? samples[i].to : "") != 0)
            fail_msg("%.*s gave %d, \"%s\"", (int)samples[i].from.n,
                     (const char *)samples[i].from.p, err, to);
    }
}

static void sums_are_whole_or_have_the_columns_scale(void **state)
{
    char to[RN_MEASURE_TEXT];

    (void)state;
    assert_int_equal(
        rn_measure_sum(&integer, RN_STR("18446744073709551616"), to), RN_OK);
    assert_string_equal(to, "18446744073709551616");
    assert_int_equal(rn_measure_sum(&boolean, RN_STR("7"), to), RN_OK);
    assert_string_equal(to, "7");
    assert_int_equal(rn_measure_sum(&money, RN_STR("-7.5"), to), RN_OK);
    assert_string_equal(to, "-7.50");
    assert_int_equal(rn_measure_sum(&real, RN_STR("7"), to), RN_E_VALUE);
    assert_int_equal(rn_measure_sum(&words, RN_STR("7"), to), RN_E_VALUE);
    assert_int_equal(rn_measure_sum(&integer, RN_STR(""), to), RN_E_VALUE);
    assert_string_equal(to, "");
}

/* -- what the run saw ----------------------------------------------------- */

static struct rn_measure_column seen(const struct rn_col *col,
                                     const struct rn_cell *cell, size_t n)
{
    static _Alignas(16) uint8_t block[4096];
    struct rn_schema schema = { col, 1 };
    struct rn_measure_column m;
    struct rn_digest_column c;
    struct rn_arena mem;
    struct rn_digest *d;

    rn_arena_init(&mem, "test", block, sizeof block);
    d = rn_digest_init(&schema, &mem);
    assert_non_null(d);
    rn_digest_clear(d);
    for (size_t i = 0; i < n; i++) {
        struct rn_cell copy = cell[i];
        struct rn_row row = { &copy, 1 };

        rn_digest_row(d, &row);
    }
    rn_digest_column(d, 0, &c);
    rn_measure_digest(col, &c, &m);
    return m;
}

static void the_digest_speaks_the_same_form(void **state)
{
    struct rn_cell times[] = { { .type = RN_TIMESTAMP, .as.i64 = 500000 },
                               { .type = RN_NULL },
                               { .type = RN_TIMESTAMP, .as.i64 = -1 } };
    struct rn_cell bools[] = { { .type = RN_BOOL, .as.i64 = 1 },
                               { .type = RN_BOOL, .as.i64 = 0 } };
    struct rn_cell reals[] = { { .type = RN_F64, .as.f64 = -0.0 },
                               { .type = RN_F64, .as.f64 = 0.1 } };
    struct rn_cell texts[] = {
        { .type = RN_TEXT, .as.bytes = RN_LIT(LONG_TEXT "\xc3\xa9" LONG_TEXT) },
        { .type = RN_TEXT, .as.bytes = RN_LIT("b") },
        { .type = RN_TEXT,
          .as.bytes = RN_LIT("zzzzzzzzzzzzzzzzzzzzzzzzzzz\xc3\xa9\xc3\xa9zz") },
    };
    struct rn_measure_column m = seen(&utc, times, 3);

    (void)state;
    assert_true(m.known);
    assert_int_equal(m.non_null, 2);
    assert_string_equal(m.min, "1969-12-31T23:59:59.999999Z");
    assert_string_equal(m.max, "1970-01-01T00:00:00.500000Z");
    assert_string_equal(m.sum, "");
    m = seen(&boolean, bools, 2);
    assert_string_equal(m.min, "0");
    assert_string_equal(m.max, "1");
    assert_string_equal(m.sum, "1");
    m = seen(&real, reals, 2);
    assert_string_equal(m.min, "0");
    assert_string_equal(m.max, "0.1");
    m = seen(&words, texts, 3);
    assert_string_equal(m.min, LONG_TEXT);
    assert_string_equal(m.max, "zzzzzzzzzzzzzzzzzzzzzzzzzzz");
    m = seen(&words, texts, 0);
    assert_int_equal(m.non_null, 0);
    assert_string_equal(m.min, "");
}

/* -- hashes --------------------------------------------------------------- */

static const char *hash_of(const struct rn_col *col, struct rn_cell cell)
{
    static char to[20];

    rn_measure_hash_text(rn_measure_hash(col, &cell), to);
    return to;
}

/* Checked with md5sum. */
static void a_hash_is_that_of_the_values_text(void **state)
{
    static const uint8_t id[16] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55,
                                    0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb,
                                    0xcc, 0xdd, 0xee, 0xff };
    struct rn_cell c;

    (void)state;
    c = (struct rn_cell){ .type = RN_TEXT, .as.bytes = RN_STR("") };
    assert_string_equal(hash_of(&words, c), "d41d8cd98f00b204");
    c.as.bytes = RN_STR("caf\xc3\xa9");
    assert_string_equal(hash_of(&words, c), "07117fe4a1ebd544");
    c = (struct rn_cell){ .type = RN_I64, .as.i64 = -12 };
    assert_string_equal(hash_of(&integer, c), "29fe3cef22985ae0");
    c = (struct rn_cell){ .type = RN_BOOL, .as.i64 = 1 };
    assert_string_equal(hash_of(&boolean, c), "c4ca4238a0b92382");
    c = (struct rn_cell){ .type = RN_DECIMAL, .as.bytes = RN_STR("12.50") };
    assert_string_equal(hash_of(&money, c), "4bc129be882d904e");
    c = (struct rn_cell){ .type = RN_DATE, .as.i64 = 0 };
    assert_string_equal(hash_of(&date, c), "0c0fb6b2ee7dbb23");
    c = (struct rn_cell){ .type = RN_TIME, .as.i64 = INT64_C(36672500000) };
    assert_string_equal(hash_of(&clock_time, c), "08b8eb68a01dbe1b");
    c = (struct rn_cell){ .type = RN_TIMESTAMP, .as.i64 = 500000 };
    assert_string_equal(hash_of(&local, c), "d17f59624e4c88ea");
    assert_string_equal(hash_of(&utc, c), "c9077732a294f90a");
    c = (struct rn_cell){ .type = RN_UUID, .as.bytes = { id, 16 } };
    assert_string_equal(hash_of(&uuid, c), "4114fc8d02866ca2");
    c = (struct rn_cell){ .type = RN_BLOB, .as.bytes = RN_STR("\0\xff") };
    assert_string_equal(hash_of(&blob, c), "d07d34efac632800");
}

static void nothing_has_no_hash(void **state)
{
    struct rn_cell null = { .type = RN_NULL };
    struct rn_cell far_off = { .type = RN_DATE, .as.i64 = RN_DAY_MAX + 1 };

    (void)state;
    assert_int_equal(rn_measure_hash(&integer, &null), 0);
    assert_int_equal(rn_measure_hash(&date, &far_off), 0);
    assert_false(rn_measure_hashed(&real));
    assert_false(rn_measure_hashed(&fine));
    assert_true(rn_measure_hashed(&money));
}

/* T-SQL's functions take 8,000 bytes; 2,000 characters never have more. */
static void only_the_first_2000_characters_are_hashed(void **state)
{
    static uint8_t text[4 * 2001];
    struct rn_cell a = { .type = RN_TEXT }, b = { .type = RN_TEXT };

    (void)state;
    for (size_t size = 1; size <= 4; size++) {
        static const char *const one[] = { "", "a", "\xc3\xa9", "\xe2\x82\xac",
                                           "\xf0\x9f\x92\xa5" };

        for (size_t i = 0; i < 2001; i++)
            memcpy(text + i * size, one[size], size);
        a.as.bytes = (struct rn_bytes){ text, 2000 * size };
        b.as.bytes = (struct rn_bytes){ text, 2001 * size };
        assert_true(rn_measure_hash(&words, &a) == rn_measure_hash(&words, &b));
        b.as.bytes.n = 1999 * size;
        assert_true(rn_measure_hash(&words, &a) != rn_measure_hash(&words, &b));
    }
    a = (struct rn_cell){ .type = RN_BLOB, .as.bytes = { text, 8000 } };
    b = (struct rn_cell){ .type = RN_BLOB, .as.bytes = { text, 8004 } };
    assert_true(rn_measure_hash(&blob, &a) == rn_measure_hash(&blob, &b));
    b.as.bytes.n = 7999;
    assert_true(rn_measure_hash(&blob, &a) != rn_measure_hash(&blob, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_way_to_write_a_value_becomes_one),
        cmocka_unit_test(sums_are_whole_or_have_the_columns_scale),
        cmocka_unit_test(the_digest_speaks_the_same_form),
        cmocka_unit_test(a_hash_is_that_of_the_values_text),
        cmocka_unit_test(nothing_has_no_hash),
        cmocka_unit_test(only_the_first_2000_characters_are_hashed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
