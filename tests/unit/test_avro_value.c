/* test_avro_value.c: every value of every type comes back, or is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "avro_kit.h"

static const struct rn_col of_all_types[] = {
    COL("bool", RN_BOOL, .nullable = true),
    COL("i8", RN_I64, .nullable = true, .bits = 8),
    COL("i16", RN_I64, .nullable = true, .bits = 16),
    COL("i32", RN_I64, .nullable = true, .bits = 32),
    COL("i64", RN_I64, .nullable = true),
    COL("f32", RN_F64, .nullable = true, .bits = 32),
    COL("f64", RN_F64, .nullable = true),
    COL("decimal", RN_DECIMAL, .nullable = true, .precision = 38, .scale = 4),
    COL("whole", RN_DECIMAL, .nullable = true, .precision = 9),
    COL("date", RN_DATE, .nullable = true),
    COL("time", RN_TIME, .nullable = true),
    COL("time_ms", RN_TIME, .nullable = true, .millis = true),
    COL("at", RN_TIMESTAMP, .nullable = true),
    COL("at_utc", RN_TIMESTAMP, .nullable = true, .utc = true),
    COL("at_ms", RN_TIMESTAMP, .nullable = true, .utc = true, .millis = true),
    COL("text", RN_TEXT, .nullable = true),
    COL("json", RN_TEXT, .nullable = true, .json = true),
    COL("blob", RN_BLOB, .nullable = true),
    COL("uuid", RN_UUID, .nullable = true),
    COL("n_bool", RN_BOOL, ),
    COL("n_i64", RN_I64, ),
    COL("n_f64", RN_F64, ),
    COL("n_text", RN_TEXT, ),
    COL("n_uuid", RN_UUID, ),
};
static const struct rn_schema all_types = { of_all_types,
                                            RN_COUNTOF(of_all_types) };

static void every_type_comes_back(void **state)
{
    struct rn_cell cells[] = {
        /* least */
        CELL_BOOL(0),
        CELL_I64(-128),
        CELL_I64(-32768),
        CELL_I64(INT32_MIN),
        CELL_I64(INT64_MIN),
        CELL_F64(-3.4028234663852886e38),
        CELL_F64(-1.7976931348623157e308),
        CELL_BYTES(RN_DECIMAL, "-9999999999999999999999999999999999.9999"),
        CELL_BYTES(RN_DECIMAL, "-999999999"),
        CELL_OF(RN_DATE, INT32_MIN),
        CELL_OF(RN_TIME, 0),
        CELL_OF(RN_TIME, 0),
        CELL_OF(RN_TIMESTAMP, INT64_MIN),
        CELL_OF(RN_TIMESTAMP, INT64_MIN),
        CELL_OF(RN_TIMESTAMP, INT64_MIN + 808),
        CELL_TEXT(""),
        CELL_TEXT("{}"),
        CELL_BYTES(RN_BLOB, ""),
        CELL_UUID,
        CELL_BOOL(0),
        CELL_I64(0),
        CELL_F64(-0.0),
        CELL_TEXT(""),
        CELL_UUID,
        /* most */
        CELL_BOOL(1),
        CELL_I64(127),
        CELL_I64(32767),
        CELL_I64(INT32_MAX),
        CELL_I64(INT64_MAX),
        CELL_F64(1.401298464324817e-45),
        CELL_F64(5e-324),
        CELL_BYTES(RN_DECIMAL, "9999999999999999999999999999999999.9999"),
        CELL_BYTES(RN_DECIMAL, "999999999"),
        CELL_OF(RN_DATE, INT32_MAX),
        CELL_OF(RN_TIME, 86399999999),
        CELL_OF(RN_TIME, 86399999000),
        CELL_OF(RN_TIMESTAMP, INT64_MAX),
        CELL_OF(RN_TIMESTAMP, INT64_MAX),
        CELL_OF(RN_TIMESTAMP, INT64_MAX - 807),
        CELL_TEXT("\0\xf0\x9f\x98\x80"),
        CELL_TEXT("null"),
        CELL_BYTES(RN_BLOB, "\0\xff"),
        CELL_UUID,
        CELL_BOOL(1),
        CELL_I64(-1),
        CELL_F64(INFINITY),
        CELL_TEXT("x"),
        CELL_UUID,
        /* nothing */
        CELL_NULL,
        CELL_NULL,
        CELL_NULL,
        CELL_NULL,
        CELL_NULL,
        CELL_NULL,
        CELL_NULL,
        CELL_NULL,
        CELL_NULL,
        CELL_NULL,
        CELL_NULL,
        CELL_NULL,
        CELL_NULL,
        CELL_NULL,
        CELL_NULL,
        CELL_NULL,
        CELL_NULL,
        CELL_NULL,
        CELL_NULL,
        CELL_BOOL(1),
        CELL_I64(1),
        CELL_F64(NAN),
        CELL_TEXT("y"),
        CELL_UUID,
    };

    (void)state;
    assert_int_equal(open_encoder(&all_types), RN_OK);
    round_trip(cells, 3, 1000);
}

static void every_length_of_a_number_comes_back(void **state)
{
    static const struct rn_col col = COL("n", RN_I64, );
    static const struct rn_schema schema = { &col, 1 };
    static struct rn_cell cells[64 * 6];
    size_t n = 0;

    (void)state;
    for (unsigned bit = 0; bit < 63; bit++) {
        for (int64_t near = -1; near <= 1; near++) {
            int64_t v = (INT64_C(1) << bit) - (near + 1);

            cells[n++] = (struct rn_cell)CELL_I64(v);
            cells[n++] = (struct rn_cell)CELL_I64(-v);
        }
    }
    assert_int_equal(open_encoder(&schema), RN_OK);
    round_trip(cells, n, 1000);
}

/* The reader says whether it is the shortest form. */
static void decimals_have_no_byte_too_many(void **state)
{
    static const char *const text[] = {
        "0.00",
        "0.01",
        "-0.01",
        "1.27",
        "1.28",
        "-1.28",
        "-1.29",
        "2.55",
        "2.56",
        "327.67",
        "327.68",
        "-327.68",
        "-327.69",
        "83886.07",
        "83886.08",
        "-83886.08",
        "-83886.09",
        "92233720368547758.07",
        "92233720368547758.08",
        "-92233720368547758.08",
        "-92233720368547758.09",
        "184467440737095516.15",
        "184467440737095516.16",
        "999999999999999999999999999999999999.99",
        "-999999999999999999999999999999999999.99",
    };
    static const struct rn_col col =
        COL("d", RN_DECIMAL, .precision = 38, .scale = 2);
    static const struct rn_schema schema = { &col, 1 };
    struct rn_cell cells[RN_COUNTOF(text)];

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(text); i++) {
        cells[i].type = RN_DECIMAL;
        cells[i].as.bytes = rn_bytes_of(text[i]);
    }
    assert_int_equal(open_encoder(&schema), RN_OK);
    round_trip(cells, RN_COUNTOF(text), 1000);
}

static void a_value_outside_its_type_is_refused_and_leaves_nothing(void **state)
{
    static const struct {
        struct rn_col col;
        struct rn_cell cell;
        const char *why;
    } bad[] = {
        { COL("a", RN_I64, .bits = 32), CELL_I64(INT64_C(1) << 31), "32 bits" },
        { COL("a", RN_I64, .bits = 8), CELL_I64(INT64_MIN), "32 bits" },
        { COL("a", RN_F64, .bits = 32), CELL_F64(0.1), "float" },
        { COL("a", RN_F64, .bits = 32), CELL_F64(1e300), "float" },
        { COL("a", RN_DECIMAL, .precision = 3, .scale = 1),
          CELL_BYTES(RN_DECIMAL, "123.4"), "digits" },
        { COL("a", RN_DECIMAL, .precision = 2), CELL_BYTES(RN_DECIMAL, "-123"),
          "digits" },
        { COL("a", RN_DATE, ), CELL_OF(RN_DATE, INT64_C(1) << 31), "32 bits" },
        { COL("a", RN_TIME, ), CELL_OF(RN_TIME, -1), "time of a day" },
        { COL("a", RN_TIME, ), CELL_OF(RN_TIME, 86400000000), "time of a day" },
        { COL("a", RN_TIME, .millis = true), CELL_OF(RN_TIME, 1), "millis" },
        { COL("a", RN_TIMESTAMP, .millis = true), CELL_OF(RN_TIMESTAMP, -1),
          "millis" },
        { COL("a", RN_TEXT, ), CELL_NULL, "NULL" },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(bad); i++) {
        struct rn_col columns[] = { COL("t", RN_TEXT, ), bad[i].col };
        struct rn_schema schema = { columns, 2 };
        struct rn_cell cells[] = { CELL_TEXT("before"), bad[i].cell };
        struct rn_row row = { cells, 2 };
        uint64_t before;

        assert_int_equal(open_encoder(&schema), RN_OK);
        sink_init(&sink, 60000, got, sizeof(got));
        assert_int_equal(e->cls->begin(e, &sink.out), RN_OK);
        before = rn_out_total(&sink.out);
        assert_int_equal(e->cls->row(e, &row, 7), RN_E_VALUE);
        if (strstr(error.text, bad[i].why) == NULL ||
            strstr(error.text, "row 7, column \"a\"") == NULL)
            fail_msg("%zu: %s", i, error.text);
        assert_int_equal(e->cls->row(e, &row, 8), RN_E_VALUE);
        assert_int_equal(e->cls->end(e), RN_E_VALUE);
        assert_true(rn_out_total(&sink.out) <= before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_type_comes_back, avro_set_up),
        cmocka_unit_test_setup(every_length_of_a_number_comes_back,
                               avro_set_up),
        cmocka_unit_test_setup(decimals_have_no_byte_too_many, avro_set_up),
        cmocka_unit_test_setup(
            a_value_outside_its_type_is_refused_and_leaves_nothing,
            avro_set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
