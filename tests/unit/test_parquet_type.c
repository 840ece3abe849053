/* test_parquet_type.c: every column has a Parquet type, every value fits it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "encode_kit.h"

#include "encode/parquet_type.h"
#include "row/date.h"
#include "row/decimal.h"

static struct rn_pq_value value;

static int value_of(struct rn_col col, struct rn_cell cell)
{
    struct rn_pq_type type;

    memset(&value, 0x5a, sizeof(value));
    rn_pq_type_of(&col, &type);
    return rn_pq_value_of(&col, &type, &cell, &value);
}

static void expect_i(struct rn_col col, int64_t v, int64_t i)
{
    struct rn_cell cell = CELL_OF(col.type, v);

    assert_int_equal(value_of(col, cell), RN_OK);
    assert_true(value.i == i);
}

static void refuse_i(struct rn_col col, int64_t v)
{
    struct rn_cell cell = CELL_OF(col.type, v);

    assert_int_equal(value_of(col, cell), RN_E_VALUE);
}

static struct rn_col decimal(uint8_t precision, uint8_t scale)
{
    return (struct rn_col){ .type = RN_DECIMAL,
                            .precision = precision,
                            .scale = scale };
}

static int decimal_of(uint8_t precision, uint8_t scale, const char *text)
{
    struct rn_cell cell = { .type = RN_DECIMAL, .as.bytes = rn_bytes_of(text) };

    return value_of(decimal(precision, scale), cell);
}

static void columns_have_their_physical_types(void **state)
{
    static const struct {
        struct rn_col col;
        struct rn_pq_type type;
    } rows[] = {
        { { .type = RN_BOOL }, { .physical = RN_PQ_BOOLEAN } },
        { { .type = RN_I64 }, { .physical = RN_PQ_INT64 } },
        { { .type = RN_I64, .bits = 64 }, { .physical = RN_PQ_INT64 } },
        { { .type = RN_I64, .bits = 32 }, { .physical = RN_PQ_INT32 } },
        { { .type = RN_I64, .bits = 16 }, { .physical = RN_PQ_INT32 } },
        { { .type = RN_I64, .bits = 8 }, { .physical = RN_PQ_INT32 } },
        { { .type = RN_F64 },
          { .physical = RN_PQ_DOUBLE, .order = RN_PQ_ORDER_FLOAT } },
        { { .type = RN_F64, .bits = 32 },
          { .physical = RN_PQ_FLOAT, .order = RN_PQ_ORDER_FLOAT } },
        { { .type = RN_DATE }, { .physical = RN_PQ_INT32 } },
        { { .type = RN_TIME }, { .physical = RN_PQ_INT64 } },
        { { .type = RN_TIME, .millis = true }, { .physical = RN_PQ_INT32 } },
        { { .type = RN_TIMESTAMP }, { .physical = RN_PQ_INT64 } },
        { { .type = RN_TIMESTAMP, .millis = true },
          { .physical = RN_PQ_INT64 } },
        { { .type = RN_TEXT },
          { .physical = RN_PQ_BYTE_ARRAY,
            .order = RN_PQ_ORDER_BYTES,
            .utf8 = true } },
        { { .type = RN_BLOB },
          { .physical = RN_PQ_BYTE_ARRAY, .order = RN_PQ_ORDER_BYTES } },
        { { .type = RN_UUID },
          { .physical = RN_PQ_FIXED,
            .order = RN_PQ_ORDER_BYTES,
            .length = 16 } },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(rows); i++) {
        struct rn_pq_type type;

        rn_pq_type_of(&rows[i].col, &type);
        assert_int_equal(type.physical, rows[i].type.physical);
        assert_int_equal(type.order, rows[i].type.order);
        assert_int_equal(type.length, rows[i].type.length);
        assert_int_equal(type.utf8, rows[i].type.utf8);
    }
}

/* The largest number of p digits is below 256^n / 2, but not below
 * 256^(n - 1) / 2.
 */
static void decimals_take_as_few_bytes_as_their_digits_allow(void **state)
{
    (void)state;
    for (uint8_t p = 1; p <= RN_DECIMAL_DIGITS; p++) {
        struct rn_col col = decimal(p, 0);
        struct rn_pq_type type;
        long double most = powl(10.0L, p) - 1;

        rn_pq_type_of(&col, &type);
        if (p <= 18) {
            assert_int_equal(type.physical, p <= 9 ? RN_PQ_INT32 : RN_PQ_INT64);
            assert_int_equal(type.order, RN_PQ_ORDER_SIGNED);
            continue;
        }
        assert_int_equal(type.physical, RN_PQ_FIXED);
        assert_int_equal(type.order, RN_PQ_ORDER_SIGNED_BYTES);
        assert_true(most < powl(2.0L, (long double)(8 * type.length - 1)));
        assert_true(most >= powl(2.0L, (long double)(8 * type.length - 9)));
    }
}

static void integers_keep_their_bits(void **state)
{
    (void)state;
    for (uint8_t bits = 8; bits <= 32; bits = (uint8_t)(bits * 2)) {
        struct rn_col col = { .type = RN_I64, .bits = bits };
        int64_t end = INT64_C(1) << (bits - 1);

        expect_i(col, end - 1, end - 1);
        expect_i(col, -end, -end);
        refuse_i(col, end);
        refuse_i(col, -end - 1);
    }
    expect_i((struct rn_col){ .type = RN_I64 }, INT64_MIN, INT64_MIN);
    expect_i((struct rn_col){ .type = RN_I64, .bits = 64 }, INT64_MAX,
             INT64_MAX);
    expect_i((struct rn_col){ .type = RN_BOOL }, 1, 1);
}

static void floats_are_not_rounded(void **state)
{
    struct rn_col narrow = { .type = RN_F64, .bits = 32 };
    static const double fits[] = { 0.5,      -0.0,      1e38f,
                                   INFINITY, -INFINITY, (double)0.1f };
    static const double too_fine[] = { 0.1, 1e39, 1e-60, 16777217.0 };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(fits); i++) {
        struct rn_cell cell = CELL_F64(fits[i]);

        assert_int_equal(value_of(narrow, cell), RN_OK);
        assert_true(value.f == fits[i] &&
                    !signbit(value.f) == !signbit(fits[i]));
    }
    for (size_t i = 0; i < RN_COUNTOF(too_fine); i++) {
        struct rn_cell cell = CELL_F64(too_fine[i]);

        assert_int_equal(value_of(narrow, cell), RN_E_VALUE);
        assert_int_equal(value_of((struct rn_col){ .type = RN_F64 }, cell),
                         RN_OK);
    }
    struct rn_cell nan = CELL_F64(NAN);
    assert_int_equal(value_of(narrow, nan), RN_OK);
    assert_true(isnan(value.f));
}

static void decimals_become_integers(void **state)
{
    static const struct {
        uint8_t precision, scale;
        const char *text;
        int64_t i;
    } rows[] = {
        { 9, 2, "0.00", 0 },
        { 9, 2, "-0.01", -1 },
        { 9, 2, "1234567.89", 123456789 },
        { 9, 2, "-9999999.99", -999999999 },
        { 2, 2, "0.99", 99 },
        { 1, 0, "-9", -9 },
        { 18, 0, "999999999999999999", INT64_C(999999999999999999) },
        { 18, 18, "-0.999999999999999999", INT64_C(-999999999999999999) },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(rows); i++) {
        assert_int_equal(
            decimal_of(rows[i].precision, rows[i].scale, rows[i].text), RN_OK);
        assert_true(value.i == rows[i].i);
    }
}

static void expect_fixed(uint8_t precision, uint8_t scale, const char *text,
                         struct rn_bytes bytes)
{
    assert_int_equal(decimal_of(precision, scale, text), RN_OK);
    assert_true(rn_bytes_equal(value.bytes, bytes));
}

static void long_decimals_become_twos_complement(void **state)
{
    (void)state;
    expect_fixed(19, 0, "0", RN_STR("\0\0\0\0\0\0\0\0\0"));
    expect_fixed(19, 0, "-1", RN_STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff"));
    expect_fixed(21, 1, "25.6", RN_STR("\0\0\0\0\0\0\0\1\0"));
    expect_fixed(20, 0, "18446744073709551616", RN_STR("\1\0\0\0\0\0\0\0\0"));
    expect_fixed(20, 0, "-18446744073709551616",
                 RN_STR("\xff\0\0\0\0\0\0\0\0"));
    expect_fixed(38, 0, "99999999999999999999999999999999999999",
                 RN_STR("\x4b\x3b\x4c\xa8\x5a\x86\xc4\x7a\x09\x8a\x22\x3f\xff"
                        "\xff\xff\xff"));
    expect_fixed(38, 38, "-0.99999999999999999999999999999999999999",
                 RN_STR("\xb4\xc4\xb3\x57\xa5\x79\x3b\x85\xf6\x75\xdd\xc0\x00"
                        "\x00\x00\x01"));
}

static void decimals_of_too_many_digits_are_refused(void **state)
{
    (void)state;
    assert_int_equal(decimal_of(9, 2, "12345678.90"), RN_E_VALUE);
    assert_int_equal(decimal_of(3, 0, "-1000"), RN_E_VALUE);
    assert_int_equal(decimal_of(2, 2, "1.00"), RN_E_VALUE);
    assert_int_equal(decimal_of(19, 0, "10000000000000000000"), RN_E_VALUE);
    assert_int_equal(
        decimal_of(38, 0, "100000000000000000000000000000000000000"),
        RN_E_VALUE);
}

static void milliseconds_are_whole_and_before_1970_too(void **state)
{
    struct rn_col time = { .type = RN_TIME, .millis = true };
    struct rn_col stamp = { .type = RN_TIMESTAMP, .millis = true };

    (void)state;
    expect_i(time, 86399999000, 86399999);
    expect_i(stamp, 1000, 1);
    expect_i(stamp, -1000, -1);
    expect_i(stamp, -1500000, -1500);
    refuse_i(time, 1);
    refuse_i(stamp, 1999);
    refuse_i(stamp, -1);
    expect_i((struct rn_col){ .type = RN_TIMESTAMP }, -1, -1);
    expect_i((struct rn_col){ .type = RN_TIME }, 1, 1);
}

static void dates_and_times_end_where_texts_do(void **state)
{
    struct rn_col date = { .type = RN_DATE }, time = { .type = RN_TIME };
    struct rn_col stamp = { .type = RN_TIMESTAMP, .utc = true };

    (void)state;
    expect_i(date, RN_DAY_MIN, RN_DAY_MIN);
    expect_i(date, RN_DAY_MAX, RN_DAY_MAX);
    refuse_i(date, RN_DAY_MIN - 1);
    refuse_i(date, RN_DAY_MAX + 1);
    expect_i(time, 0, 0);
    expect_i(time, RN_US_DAY - 1, RN_US_DAY - 1);
    refuse_i(time, RN_US_DAY);
    refuse_i(time, -1);
    expect_i(stamp, RN_DAY_MIN * RN_US_DAY, RN_DAY_MIN * RN_US_DAY);
    refuse_i(stamp, RN_DAY_MIN * RN_US_DAY - 1);
    refuse_i(stamp, (RN_DAY_MAX + INT64_C(1)) * RN_US_DAY);
}

static void bytes_are_passed_on(void **state)
{
    struct rn_cell text = CELL_TEXT("a\0b");
    struct rn_cell uuid = CELL_BYTES(RN_UUID, "0123456789abcdef");
    struct rn_cell half = CELL_BYTES(RN_UUID, "01234567");

    (void)state;
    assert_int_equal(value_of((struct rn_col){ .type = RN_TEXT }, text), RN_OK);
    assert_true(value.bytes.p == text.as.bytes.p && value.bytes.n == 3);
    assert_int_equal(value_of((struct rn_col){ .type = RN_UUID }, uuid), RN_OK);
    assert_true(value.bytes.p == uuid.as.bytes.p && value.bytes.n == 16);
    assert_int_equal(value_of((struct rn_col){ .type = RN_UUID }, half),
                     RN_E_VALUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_have_their_physical_types),
        cmocka_unit_test(decimals_take_as_few_bytes_as_their_digits_allow),
        cmocka_unit_test(integers_keep_their_bits),
        cmocka_unit_test(floats_are_not_rounded),
        cmocka_unit_test(decimals_become_integers),
        cmocka_unit_test(long_decimals_become_twos_complement),
        cmocka_unit_test(decimals_of_too_many_digits_are_refused),
        cmocka_unit_test(milliseconds_are_whole_and_before_1970_too),
        cmocka_unit_test(dates_and_times_end_where_texts_do),
        cmocka_unit_test(bytes_are_passed_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
