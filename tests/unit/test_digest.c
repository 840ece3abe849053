/* test_digest.c: a column's digest is what its cells say. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "row/digest.h"

static uint8_t memory[8192] __attribute__((aligned(16)));
static struct rn_col column;
static struct rn_digest *d;
static struct rn_digest_column got;

static void start(enum rn_type type, uint8_t scale)
{
    static const struct rn_schema schema = { &column, 1 };
    struct rn_arena mem;

    column = (struct rn_col){ .name = RN_LIT("c"),
                              .type = type,
                              .nullable = true,
                              .utc = true,
                              .precision = 38,
                              .scale = scale };
    rn_arena_init(&mem, "digest", memory, rn_digest_need(1));
    d = rn_digest_init(&schema, &mem);
    assert_non_null(d);
}

static void add(struct rn_cell cell)
{
    struct rn_row row = { &cell, 1 };

    rn_digest_row(d, &row);
}

static void add_i64(int64_t v)
{
    add((struct rn_cell){ column.type, { .i64 = v } });
}

static void add_f64(double v)
{
    add((struct rn_cell){ RN_F64, { .f64 = v } });
}

static void add_bytes(const char *text, size_t n)
{
    add((struct rn_cell){ column.type,
                          { .bytes = { (const uint8_t *)text, n } } });
}

static void expect(uint64_t non_null, const char *min, const char *max,
                   const char *sum)
{
    rn_digest_column(d, 0, &got);
    assert_int_equal(got.non_null, non_null);
    assert_string_equal(got.min, min);
    assert_int_equal(got.min_len, strlen(min));
    assert_string_equal(got.max, max);
    assert_int_equal(got.max_len, strlen(max));
    assert_string_equal(got.sum, sum);
}

static void nothing_has_no_bounds_and_no_sum(void **state)
{
    (void)state;
    for (int t = RN_BOOL; t <= RN_BLOB; t++) {
        start((enum rn_type)t, 0);
        expect(0, "", "", "");
        add((struct rn_cell){ RN_NULL, { .i64 = 5 } });
        expect(0, "", "", "");
    }
}

static void integers_are_summed_beyond_64_bits(void **state)
{
    (void)state;
    start(RN_I64, 0);
    add_i64(-5);
    expect(1, "-5", "-5", "-5");
    add_i64(3);
    expect(2, "-5", "3", "-2");
    for (int i = 0; i < 4; i++)
        add_i64(INT64_MAX);
    expect(6, "-5", "9223372036854775807", "36893488147419103226");
    for (int i = 0; i < 8; i++)
        add_i64(INT64_MIN);
    expect(14, "-9223372036854775808", "9223372036854775807",
           "-36893488147419103238");
    rn_digest_clear(d);
    expect(0, "", "", "");
    add_i64(7);
    expect(1, "7", "7", "7");
}

/* Another process takes over after each value. */
static void a_digest_goes_on_where_it_was_saved(void **state)
{
    static const char *const text[] = {
        "m", "b", "bb", "z", "yellow", "a text of more than 32 bytes, as is", ""
    };
    uint8_t kept[300];
    struct rn_record r;

    (void)state;
    start(RN_TEXT, 0);
    for (size_t i = 0; i < RN_COUNTOF(text); i++) {
        add_bytes(text[i], strlen(text[i]));
        rn_record_open(&r, kept, rn_digest_save_need(1));
        rn_digest_save(d, &r);
        assert_false(r.bad);
        start(RN_TEXT, 0);
        rn_record_open(&r, kept, r.at);
        assert_int_equal(rn_digest_restore(d, &r), RN_OK);
        assert_int_equal(r.at, r.cap);
    }
    expect(7, "", "z", "");
    start(RN_DECIMAL, 2);
    for (int i = 0; i < 9; i++) {
        add_bytes(i % 2 ? "-99999999999999999999999999999999999.99" : "7.25",
                  i % 2 ? 39 : 4);
        rn_record_open(&r, kept, sizeof kept);
        rn_digest_save(d, &r);
        start(RN_DECIMAL, 2);
        rn_record_open(&r, kept, r.at);
        assert_int_equal(rn_digest_restore(d, &r), RN_OK);
    }
    expect(9, "-99999999999999999999999999999999999.99", "7.25",
           "-399999999999999999999999999999999963.71");
    start(RN_I64, 0);
    add_i64(INT64_MIN);
    add_i64(-1);
    rn_record_open(&r, kept, sizeof kept);
    rn_digest_save(d, &r);
    start(RN_I64, 0);
    for (size_t n = 0; n < r.at; n++) {
        struct rn_record cut;

        rn_record_open(&cut, kept, n);
        assert_int_equal(rn_digest_restore(d, &cut), RN_E_TORN);
    }
    rn_record_open(&r, kept, sizeof kept);
    assert_int_equal(rn_digest_restore(d, &r), RN_OK);
    add_i64(5);
    expect(3, "-9223372036854775808", "5", "-9223372036854775804");
}

static void booleans_are_counted(void **state)
{
    (void)state;
    start(RN_BOOL, 0);
    add_i64(1);
    add_i64(0);
    add_i64(1);
    expect(3, "false", "true", "2");
}

static void doubles_have_bounds_and_no_sum(void **state)
{
    (void)state;
    start(RN_F64, 0);
    add_f64(NAN);
    expect(1, "", "", "");
    add_f64(0.0);
    add_f64(-0.0);
    expect(3, "-0.0", "0", "");
    add_f64(-1.5);
    add_f64(1e300);
    add_f64(-2.5);
    expect(6, "-2.5", "1e+300", "");
    add_f64(INFINITY);
    add_f64(-INFINITY);
    expect(8, "-Infinity", "Infinity", "");
}

static void decimals_are_exact(void **state)
{
    (void)state;
    start(RN_DECIMAL, 2);
    add_bytes("0.05", 4);
    add_bytes("-12.50", 6);
    expect(2, "-12.50", "0.05", "-12.45");
    add_bytes("999999999999999999999999999999999999.99", 39);
    expect(3, "-12.50", "999999999999999999999999999999999999.99",
           "999999999999999999999999999999999987.54");
    add_bytes("999999999999999999999999999999999999.99", 39);
    expect(4, "-12.50", "999999999999999999999999999999999999.99", "");
    start(RN_DECIMAL, 0);
    add_bytes("12345678901234567890123456789012345678", 38);
    add_bytes("1", 1);
    expect(2, "1", "12345678901234567890123456789012345678",
           "12345678901234567890123456789012345679");
}

static void dates_read_as_in_the_file(void **state)
{
    (void)state;
    start(RN_DATE, 0);
    add_i64(1);
    add_i64(-1);
    expect(2, "1969-12-31", "1970-01-02", "");
    start(RN_TIMESTAMP, 0);
    add_i64(0);
    add_i64(1500);
    expect(2, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.001500Z", "");
    start(RN_TIME, 0);
    add_i64(60000000);
    expect(1, "00:01:00", "00:01:00", "");
}

static void texts_are_compared_by_bytes(void **state)
{
    static const char *const text[] = {
        "m", "", "abcdefgh", "abcdefgi", "abcdefg", "z", "\xc3\xa4", "Z",
    };

    (void)state;
    start(RN_TEXT, 0);
    for (size_t i = 0; i < RN_COUNTOF(text); i++)
        add_bytes(text[i], strlen(text[i]));
    expect(8, "", "\xc3\xa4", "");
    rn_digest_clear(d);
    for (size_t i = 2; i < 6; i++)
        add_bytes(text[i], strlen(text[i]));
    expect(4, "abcdefg", "z", "");
    rn_digest_clear(d);
    add_bytes("a\0b", 3);
    add_bytes("a", 1);
    add_bytes("a\0", 2);
    rn_digest_column(d, 0, &got);
    assert_int_equal(got.min_len, 1);
    assert_int_equal(got.max_len, 3);
    assert_memory_equal(got.max, "a\0b", 3);
}

static void long_texts_give_their_beginning(void **state)
{
    static const char text[] = "0123456789012345678901234567890123456789";

    (void)state;
    start(RN_TEXT, 0);
    add_bytes(text, 40);
    expect(1, "01234567890123456789012345678901",
           "01234567890123456789012345678901", "");
    assert_true(got.min_cut && got.max_cut);
    add_bytes(text, 32);
    rn_digest_column(d, 0, &got);
    assert_true(!got.min_cut && got.max_cut);
    rn_digest_clear(d);
    add_bytes("0123456789012345678901234567890\xc3\x9f", 33);
    expect(1, "0123456789012345678901234567890",
           "0123456789012345678901234567890", "");
    assert_true(got.min_cut && got.max_cut);
}

/* Any order of the same texts, with many that share their beginnings. */
static void the_order_of_rows_does_not_matter(void **state)
{
    char text[200][12];
    size_t n[200], least = 0, most = 0;
    uint64_t s = 88172645463325252u;

    (void)state;
    for (size_t i = 0; i < 200; i++) {
        s ^= s << 13;
        s ^= s >> 7;
        s ^= s << 17;
        n[i] = (size_t)(s % 12);
        for (size_t j = 0; j < n[i]; j++)
            text[i][j] = "ab"[s >> (20 + j) & 1];
    }
    for (size_t i = 1; i < 200; i++) {
        struct rn_bytes t[3] = { { (uint8_t *)text[i], n[i] },
                                 { (uint8_t *)text[least], n[least] },
                                 { (uint8_t *)text[most], n[most] } };
        int order[2];

        for (int j = 0; j < 2; j++) {
            size_t both = t[0].n < t[j + 1].n ? t[0].n : t[j + 1].n;

            order[j] = memcmp(t[0].p, t[j + 1].p, both);
            if (order[j] == 0)
                order[j] = (int)t[0].n - (int)t[j + 1].n;
        }
        least = order[0] < 0 ? i : least;
        most = order[1] > 0 ? i : most;
    }
    for (size_t from = 0; from < 200; from++) {
        start(RN_TEXT, 0);
        for (size_t i = 0; i < 200; i++)
            add_bytes(text[(from + i) % 200], n[(from + i) % 200]);
        rn_digest_column(d, 0, &got);
        assert_int_equal(got.min_len, n[least]);
        assert_memory_equal(got.min, text[least], n[least]);
        assert_int_equal(got.max_len, n[most]);
        assert_memory_equal(got.max, text[most], n[most]);
    }
}

static void blobs_are_only_counted(void **state)
{
    (void)state;
    start(RN_BLOB, 0);
    add_bytes("abc", 3);
    expect(1, "", "", "");
}

static void uuids_have_bounds_as_text(void **state)
{
    (void)state;
    start(RN_UUID, 0);
    expect(0, "", "", "");
    add_bytes("\x80\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd"
              "\xee\xff",
              16);
    expect(1, "80112233-4455-6677-8899-aabbccddeeff",
           "80112233-4455-6677-8899-aabbccddeeff", "");
    add_bytes("\x80\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd"
              "\xee\xfe",
              16);
    add_bytes("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    add_bytes("\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    add((struct rn_cell){ .type = RN_NULL });
    expect(4, "00000000-0000-0000-0000-000000000000",
           "ff000000-0000-0000-0000-000000000000", "");
    assert_false(got.min_cut || got.max_cut);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uuids_have_bounds_as_text),
        cmocka_unit_test(nothing_has_no_bounds_and_no_sum),
        cmocka_unit_test(integers_are_summed_beyond_64_bits),
        cmocka_unit_test(a_digest_goes_on_where_it_was_saved),
        cmocka_unit_test(booleans_are_counted),
        cmocka_unit_test(doubles_have_bounds_and_no_sum),
        cmocka_unit_test(decimals_are_exact),
        cmocka_unit_test(dates_read_as_in_the_file),
        cmocka_unit_test(texts_are_compared_by_bytes),
        cmocka_unit_test(long_texts_give_their_beginning),
        cmocka_unit_test(the_order_of_rows_does_not_matter),
        cmocka_unit_test(blobs_are_only_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
