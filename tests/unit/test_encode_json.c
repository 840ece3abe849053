/* test_encode_json.c: rows as JSON that any reader takes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "encode_kit.h"

static struct kit t;

static const struct rn_col text_and_int[] = {
    { .name = RN_LIT("name"), .type = RN_TEXT, .nullable = true },
    { .name = RN_LIT("n"), .type = RN_I64, .nullable = true },
};
static const struct rn_schema two = { text_and_int, 2 };

static int set_up(void **state)
{
    (void)state;
    kit_init(&t);
    return 0;
}

#define EXPECT(cells, expected) \
    expect(cells, RN_COUNTOF(cells), expected, sizeof(expected) - 1)
#define EXPECT_N(cells, n, expected) \
    expect(cells, n, expected, sizeof(expected) - 1)

static void expect(struct rn_cell *cells, size_t n, const char *expected,
                   size_t len)
{
    int err = kit_file(&t, cells, n / t.e->schema->n, 1000);

    if (err < 0)
        fail_msg("%s", t.error.text);
    if (t.sink.n != len || memcmp(t.got, expected, len) != 0)
        fail_msg("got %.*s", (int)t.sink.n, (const char *)t.got);
}

static void a_row_is_an_object_on_a_line(void **state)
{
    struct rn_cell cells[] = { CELL_TEXT("a"), CELL_I64(-7),  CELL_NULL,
                               CELL_NULL,      CELL_TEXT(""), CELL_I64(0) };

    (void)state;
    assert_int_equal(kit_open(&t, 1, &two), RN_OK);
    EXPECT(cells, "{\"name\":\"a\",\"n\":-7}\n"
                  "{\"name\":null,\"n\":null}\n"
                  "{\"name\":\"\",\"n\":0}\n");
}

static void an_array_holds_all_rows(void **state)
{
    struct rn_cell cells[] = { CELL_TEXT("a"), CELL_I64(1), CELL_TEXT("b"),
                               CELL_I64(2) };

    (void)state;
    t.config.file.shape = RN_SHAPE_ARRAY;
    assert_int_equal(kit_open(&t, 1, &two), RN_OK);
    EXPECT(cells,
           "[\n{\"name\":\"a\",\"n\":1},\n{\"name\":\"b\",\"n\":2}\n]\n");
    EXPECT_N(cells, 2, "[\n{\"name\":\"a\",\"n\":1}\n]\n");
}

static void an_empty_result_is_no_lines_or_an_empty_array(void **state)
{
    (void)state;
    assert_int_equal(kit_open(&t, 1, &two), RN_OK);
    EXPECT_N(NULL, 0, "");
    t.config.file.shape = RN_SHAPE_ARRAY;
    assert_int_equal(kit_open(&t, 1, &two), RN_OK);
    EXPECT_N(NULL, 0, "[]\n");
}

static void strings_escape_what_json_asks_for(void **state)
{
    struct rn_cell cells[] = {
        CELL_TEXT("\"\\/\b\f\n\r\t\0\x01\x1f\x7f"),
        CELL_I64(1),
        CELL_TEXT("\xef\xbb\xbf\xe2\x80\xa8 \xf0\x9f\x98\x80"),
        CELL_I64(2),
    };

    (void)state;
    assert_int_equal(kit_open(&t, 1, &two), RN_OK);
    EXPECT(
        cells,
        "{\"name\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u0001\\u001f\x7f\","
        "\"n\":1}\n"
        "{\"name\":\"\xef\xbb\xbf\xe2\x80\xa8 \xf0\x9f\x98\x80\",\"n\":2}\n");
}

static void every_control_byte_is_found_at_every_place(void **state)
{
    (void)state;
    assert_int_equal(kit_open(&t, 1, &two), RN_OK);
    for (size_t len = 1; len < 20; len++) {
        for (size_t at = 0; at < len * 0x20; at++) {
            char text[20], line[80], escaped[8];
            unsigned c = (unsigned)(at % 0x20);
            const char *letter = c ? strchr("\bb\ff\nn\rr\tt", (int)c) : NULL;
            struct rn_cell cells[] = { CELL_TEXT(""), CELL_I64(1) };
            int n;

            memset(text, 'x', sizeof(text));
            text[at / 0x20] = (char)c;
            if (letter)
                snprintf(escaped, sizeof(escaped), "\\%c", letter[1]);
            else
                snprintf(escaped, sizeof(escaped), "\\u%04x", c);
            n = snprintf(line, sizeof(line),
                         "{\"name\":\"%.*s%s%.*s\",\"n\":1}\n",
                         (int)(at / 0x20), "xxxxxxxxxxxxxxxxxxxx", escaped,
                         (int)(len - at / 0x20 - 1), "xxxxxxxxxxxxxxxxxxxx");
            cells[0].as.bytes = (struct rn_bytes){ (uint8_t *)text, len };
            expect(cells, 2, line, (size_t)n);
        }
    }
}

static void values_keep_every_digit(void **state)
{
    static const struct rn_col columns[] = {
        { .name = RN_LIT("i"), .type = RN_I64, .nullable = true },
        { .name = RN_LIT("f"), .type = RN_F64, .nullable = true },
        { .name = RN_LIT("d"),
          .type = RN_DECIMAL,
          .nullable = true,
          .precision = 38,
          .scale = 4 },
        { .name = RN_LIT("b"), .type = RN_BOOL, .nullable = true },
        { .name = RN_LIT("x"), .type = RN_BLOB, .nullable = true },
    };
    static const struct rn_schema schema = { columns, 5 };
    struct rn_cell cells[] = {
        CELL_I64(INT64_MIN),
        CELL_F64(1e300),
        CELL_BYTES(RN_DECIMAL, "-1234567890123456789012345678901234.5678"),
        CELL_BOOL(1),
        CELL_BYTES(RN_BLOB, "\0\xff"),
        CELL_I64(9007199254740993),
        CELL_F64(-0.0),
        CELL_BYTES(RN_DECIMAL, "0.0000"),
        CELL_BOOL(0),
        CELL_BYTES(RN_BLOB, ""),
    };

    (void)state;
    t.config.file.booleans = RN_BOOL_T_F; /* CSV's */
    assert_int_equal(kit_open(&t, 1, &schema), RN_OK);
    EXPECT(cells, "{\"i\":-9223372036854775808,\"f\":1e+300,"
                  "\"d\":-1234567890123456789012345678901234.5678,"
                  "\"b\":true,\"x\":\"AP8=\"}\n"
                  "{\"i\":9007199254740993,\"f\":-0.0,\"d\":0.0000,"
                  "\"b\":false,\"x\":\"\"}\n");
    t.config.file.binary = RN_BINARY_HEX;
    assert_int_equal(kit_open(&t, 1, &schema), RN_OK);
    EXPECT_N(cells, 5,
             "{\"i\":-9223372036854775808,\"f\":1e+300,"
             "\"d\":-1234567890123456789012345678901234.5678,"
             "\"b\":true,\"x\":\"00ff\"}\n");
}

static void uuids_are_strings_whatever_dates_are(void **state)
{
    static const struct rn_col columns[] = {
        { .name = RN_LIT("u"), .type = RN_UUID, .nullable = true },
    };
    static const struct rn_schema schema = { columns, 1 };
    struct rn_cell cells[] = { CELL_BYTES(RN_UUID,
                                          "\x0f\x11\x22\x33\x44\x55\x66\x77"
                                          "\x88\x99\xaa\xbb\xcc\xdd\xee\xff"),
                               CELL_NULL };

    (void)state;
    for (int dates = RN_DATES_ISO; dates <= RN_DATES_EPOCH_US; dates++) {
        t.config.file.dates = (enum rn_dates)dates;
        assert_int_equal(kit_open(&t, 1, &schema), RN_OK);
        EXPECT(cells, "{\"u\":\"0f112233-4455-6677-8899-aabbccddeeff\"}\n"
                      "{\"u\":null}\n");
    }
}

static void dates_are_strings_or_numbers(void **state)
{
    static const struct rn_col columns[] = {
        { .name = RN_LIT("d"), .type = RN_DATE, .nullable = true },
        { .name = RN_LIT("t"), .type = RN_TIME, .nullable = true },
        { .name = RN_LIT("u"),
          .type = RN_TIMESTAMP,
          .nullable = true,
          .utc = true },
    };
    static const struct rn_schema schema = { columns, 3 };
    struct rn_cell cells[] = { CELL_OF(RN_DATE, 2932896),
                               CELL_OF(RN_TIME, 1000),
                               CELL_OF(RN_TIMESTAMP, -500000) };
    struct rn_cell bad[] = { CELL_OF(RN_DATE, 0), CELL_OF(RN_TIME, 0),
                             CELL_OF(RN_TIMESTAMP, INT64_MAX) };

    (void)state;
    assert_int_equal(kit_open(&t, 1, &schema), RN_OK);
    EXPECT(cells, "{\"d\":\"9999-12-31\",\"t\":\"00:00:00.001\","
                  "\"u\":\"1969-12-31T23:59:59.500Z\"}\n");
    assert_int_equal(kit_file(&t, bad, 1, 1000), RN_E_VALUE);
    assert_non_null(strstr(t.error.text, "row 1, column \"u\": outside"));
    t.config.file.dates = RN_DATES_EPOCH;
    assert_int_equal(kit_open(&t, 1, &schema), RN_OK);
    EXPECT(cells, "{\"d\":2932896,\"t\":0.001,\"u\":-0.500}\n");
}

static void nan_and_infinities_go_by_the_job(void **state)
{
    static const struct rn_col columns[] = {
        { .name = RN_LIT("a"), .type = RN_F64, .nullable = true },
    };
    static const struct rn_schema schema = { columns, 1 };
    struct rn_cell cells[] = { CELL_F64(NAN), CELL_F64(INFINITY),
                               CELL_F64(-INFINITY) };
    struct rn_row row = { cells, 1 };

    (void)state;
    assert_int_equal(kit_open(&t, 1, &schema), RN_OK);
    assert_int_equal(kit_file(&t, cells, 3, 1000), RN_E_VALUE);
    assert_non_null(strstr(t.error.text, "row 1, column \"a\": NaN"));
    assert_int_equal(t.e->cls->row(t.e, &row, 2), RN_E_VALUE);
    assert_int_equal(t.e->cls->end(t.e), RN_E_VALUE);
    t.config.file.nan = RN_NAN_TEXT;
    assert_int_equal(kit_open(&t, 1, &schema), RN_OK);
    EXPECT(cells,
           "{\"a\":\"NaN\"}\n{\"a\":\"Infinity\"}\n{\"a\":\"-Infinity\"}\n");
    t.config.file.nan = RN_NAN_NULL;
    assert_int_equal(kit_open(&t, 1, &schema), RN_OK);
    EXPECT(cells, "{\"a\":null}\n{\"a\":null}\n{\"a\":null}\n");
    assert_int_equal(t.counts.nulled, 3);
}

static void the_row_number_is_the_first_member(void **state)
{
    struct rn_cell cells[] = { CELL_TEXT("a"), CELL_I64(5), CELL_NULL,
                               CELL_I64(6) };

    (void)state;
    t.config.file.row_number = "row";
    assert_int_equal(kit_open(&t, 1, &two), RN_OK);
    EXPECT(cells, "{\"row\":1,\"name\":\"a\",\"n\":5}\n"
                  "{\"row\":2,\"name\":null,\"n\":6}\n");
}

static void names_are_escaped_and_may_be_long(void **state)
{
    static char name[300];
    struct rn_col columns[] = {
        { .name = RN_LIT("say \"x\"\n"), .type = RN_I64, .nullable = true },
        { .name = RN_LIT(""), .type = RN_NULL, .nullable = true },
        { .name = RN_LIT(""), .type = RN_I64, .nullable = true },
    };
    struct rn_schema schema = { columns, 3 };
    struct rn_cell cells[] = { CELL_I64(1), CELL_NULL, CELL_I64(3) };
    char line[400];
    int n;

    (void)state;
    memset(name, 'n', sizeof(name));
    columns[1].type = RN_TEXT;
    for (size_t len = 1; len < sizeof(name); len++) {
        columns[1].name = (struct rn_bytes){ (uint8_t *)name, len };
        n = snprintf(line, sizeof(line),
                     "{\"say \\\"x\\\"\\n\":1,\"%.*s\":null,\"\":3}\n",
                     (int)len, name);
        assert_int_equal(kit_open(&t, 1, &schema), RN_OK);
        expect(cells, 3, line, (size_t)n);
    }
}

static void names_that_occur_twice_are_refused(void **state)
{
    static const struct rn_col columns[] = {
        { .name = RN_LIT("a"), .type = RN_I64, .nullable = true },
        { .name = RN_LIT("b"), .type = RN_I64, .nullable = true },
        { .name = RN_LIT("a"), .type = RN_I64, .nullable = true },
    };
    static const struct rn_schema three = { columns, 3 };
    static const struct rn_schema first_two = { columns, 2 };

    (void)state;
    assert_int_equal(kit_open(&t, 1, &three), RN_E_CONFIG);
    assert_non_null(strstr(t.error.text, "\"a\""));
    assert_int_equal(kit_open(&t, 1, &first_two), RN_OK);
    t.config.file.row_number = "b";
    assert_int_equal(kit_open(&t, 1, &first_two), RN_E_CONFIG);
    assert_non_null(strstr(t.error.text, "\"b\""));
}

static void the_file_is_the_same_for_every_buffer_size(void **state)
{
    static const struct rn_col columns[] = {
        { .name = RN_LIT("text"), .type = RN_TEXT, .nullable = true },
        { .name = RN_LIT("a column of a rather long name"),
          .type = RN_I64,
          .nullable = true },
        { .name = RN_LIT("blob"), .type = RN_BLOB, .nullable = true },
        { .name = RN_LIT("f\n"), .type = RN_F64, .nullable = true },
        { .name = RN_LIT("at"),
          .type = RN_TIMESTAMP,
          .nullable = true,
          .utc = true },
    };
    static const struct rn_schema schema = { columns, 5 };
    static struct rn_cell cells[5 * 30];
    static uint8_t bytes[600], whole[KIT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i % 11 == 0 ? '"' : i % 7 == 0 ? 2 : 'a' + i % 9);
    for (size_t i = 0; i < 30; i++) {
        size_t n = i * 37 % 590;

        cells[5 * i] = (struct rn_cell)CELL_TEXT("");
        cells[5 * i].as.bytes = (struct rn_bytes){ bytes, n };
        cells[5 * i + 1] = (struct rn_cell)CELL_I64((int64_t)i * 977);
        cells[5 * i + 2] = (struct rn_cell)CELL_BYTES(RN_BLOB, "");
        cells[5 * i + 2].as.bytes = (struct rn_bytes){ bytes, n / 2 };
        cells[5 * i + 3] = (struct rn_cell)CELL_F64((double)i / 7);
        cells[5 * i + 4] =
            (struct rn_cell)CELL_OF(RN_TIMESTAMP, (int64_t)i * 123456789);
    }
    for (int shape = RN_SHAPE_LINES; shape <= RN_SHAPE_ARRAY; shape++) {
        size_t n;

        t.config.file.shape = (enum rn_shape)shape;
        assert_int_equal(kit_open(&t, 1, &schema), RN_OK);
        assert_int_equal(kit_file(&t, cells, 30, 70000), RN_OK);
        n = t.sink.n;
        memcpy(whole, t.got, n);
        for (size_t size = 1; size <= 300; size++) {
            assert_int_equal(kit_file(&t, cells, 30, size), RN_OK);
            if (t.sink.n != n || memcmp(t.got, whole, n) != 0)
                fail_msg("size %zu", size);
        }
    }
}

static void memory_is_what_need_says(void **state)
{
    struct rn_arena mem;
    size_t need;

    (void)state;
    for (size_t f = 0; f < 2; f++) { /* CSV and JSON */
        need = rn_encoders[f]->need(&t.config, 2);
        rn_arena_init(&mem, "kit", t.memory, need);
        assert_int_equal(
            rn_encoders[f]->open(&t.config, &two, &mem, &t.error, &t.e), RN_OK);
        assert_int_equal(mem.used, need);
        rn_arena_init(&mem, "kit", t.memory, need - RN_ALIGN);
        assert_int_equal(
            rn_encoders[f]->open(&t.config, &two, &mem, &t.error, &t.e),
            RN_E_FULL);
        assert_null(t.e);
        rn_error_clear(&t.error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_row_is_an_object_on_a_line, set_up),
        cmocka_unit_test_setup(an_array_holds_all_rows, set_up),
        cmocka_unit_test_setup(an_empty_result_is_no_lines_or_an_empty_array,
                               set_up),
        cmocka_unit_test_setup(strings_escape_what_json_asks_for, set_up),
        cmocka_unit_test_setup(every_control_byte_is_found_at_every_place,
                               set_up),
        cmocka_unit_test_setup(values_keep_every_digit, set_up),
        cmocka_unit_test_setup(uuids_are_strings_whatever_dates_are, set_up),
        cmocka_unit_test_setup(dates_are_strings_or_numbers, set_up),
        cmocka_unit_test_setup(nan_and_infinities_go_by_the_job, set_up),
        cmocka_unit_test_setup(the_row_number_is_the_first_member, set_up),
        cmocka_unit_test_setup(names_are_escaped_and_may_be_long, set_up),
        cmocka_unit_test_setup(names_that_occur_twice_are_refused, set_up),
        cmocka_unit_test_setup(the_file_is_the_same_for_every_buffer_size,
                               set_up),
        cmocka_unit_test_setup(memory_is_what_need_says, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
