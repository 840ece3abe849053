/* test_encode_csv.c: every cell comes back from CSV byte by byte. */
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
static const struct rn_schema one = { text_and_int, 1 };

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

static void one_text(const char *text, size_t n, const char *expected)
{
    struct rn_cell cells[] = { CELL_TEXT(""), CELL_I64(1) };
    char line[200];

    cells[0].as.bytes = (struct rn_bytes){ (const uint8_t *)text, n };
    t.config.file.header = false;
    assert_int_equal(kit_open(&t, 0, &two), RN_OK);
    snprintf(line, sizeof(line), "%s,1\n", expected);
    expect(cells, 2, line, strlen(line));
}

#define TEXT(text, expected) one_text(text, sizeof(text) - 1, expected)

static void the_header_names_the_columns(void **state)
{
    struct rn_cell cells[] = { CELL_TEXT("a"), CELL_I64(-7), CELL_NULL,
                               CELL_NULL };

    (void)state;
    assert_int_equal(kit_open(&t, 0, &two), RN_OK);
    EXPECT(cells, "name,n\na,-7\n,\n");
}

static void an_empty_result_is_a_header(void **state)
{
    (void)state;
    assert_int_equal(kit_open(&t, 0, &two), RN_OK);
    EXPECT_N(NULL, 0, "name,n\n");
    t.config.file.header = false;
    assert_int_equal(kit_open(&t, 0, &two), RN_OK);
    EXPECT_N(NULL, 0, "");
}

static void each_file_begins_with_the_header(void **state)
{
    struct rn_cell cells[] = { CELL_TEXT("a"), CELL_I64(1) };

    (void)state;
    assert_int_equal(kit_open(&t, 0, &two), RN_OK);
    EXPECT(cells, "name,n\na,1\n");
    EXPECT(cells, "name,n\na,1\n");
}

static void quotes_are_used_where_they_are_needed(void **state)
{
    (void)state;
    TEXT("plain", "plain");
    TEXT("", "\"\"");
    TEXT("a,b", "\"a,b\"");
    TEXT("say \"yes\"", "\"say \"\"yes\"\"\"");
    TEXT("\"", "\"\"\"\"");
    TEXT("two\nlines", "\"two\nlines\"");
    TEXT("two\r\nlines", "\"two\r\nlines\"");
    TEXT("\r", "\"\r\"");
    TEXT(" lead", "\" lead\"");
    TEXT("trail ", "\"trail \"");
    TEXT("in the middle", "in the middle");
    TEXT("\ttab", "\"\ttab\"");
    TEXT("mid\ttab is plain here", "mid\ttab is plain here");
    TEXT("a control \x01 is no reason", "a control \x01 is no reason");
    TEXT("\xef\xbb\xbf"
         "bom",
         "\"\xef\xbb\xbf"
         "bom\"");
    TEXT("line\xe2\x80\xa8separator", "line\xe2\x80\xa8separator");
    TEXT("\\.", "\"\\.\"");
    TEXT("back\\slash", "back\\slash");
    TEXT("Stra\xc3\x9f"
         "e",
         "Stra\xc3\x9f"
         "e");
}

static void a_nul_byte_stays_in_its_cell(void **state)
{
    struct rn_cell cells[] = { CELL_TEXT("a\0b"), CELL_I64(1),
                               CELL_TEXT("a\0,"), CELL_I64(2) };

    (void)state;
    t.config.file.header = false;
    assert_int_equal(kit_open(&t, 0, &two), RN_OK);
    EXPECT(cells, "a\0b,1\n\"a\0,\",2\n");
}

static void special_bytes_are_found_at_every_place(void **state)
{
    static const char special[] = { ',', '"', '\r', '\n' };

    (void)state;
    t.config.file.header = false;
    assert_int_equal(kit_open(&t, 0, &two), RN_OK);
    for (size_t len = 1; len < 40; len++) {
        for (size_t at = 0; at < len * 4; at++) {
            char text[40], line[100], c = special[at % 4];
            size_t n = 0;
            struct rn_cell cells[] = { CELL_TEXT(""), CELL_I64(1) };

            memset(text, 'x', sizeof(text));
            text[at / 4] = c;
            line[n++] = '"';
            for (size_t i = 0; i < len; i++) {
                if (text[i] == '"')
                    line[n++] = '"';
                line[n++] = text[i];
            }
            memcpy(line + n, "\",1\n", 5);
            cells[0].as.bytes = (struct rn_bytes){ (const uint8_t *)text, len };
            expect(cells, 2, line, n + 4);
        }
    }
}

static void null_and_what_looks_like_it_differ(void **state)
{
    struct rn_cell cells[] = { CELL_NULL,   CELL_NULL,       CELL_TEXT(""),
                               CELL_I64(0), CELL_TEXT("NA"), CELL_I64(10) };

    (void)state;
    assert_int_equal(kit_open(&t, 0, &two), RN_OK);
    EXPECT(cells, "name,n\n,\n\"\",0\nNA,10\n");
    t.config.file.null = "NA";
    assert_int_equal(kit_open(&t, 0, &two), RN_OK);
    EXPECT(cells, "name,n\nNA,NA\n\"\",0\n\"NA\",10\n");
    t.config.file.null = "0";
    assert_int_equal(kit_open(&t, 0, &two), RN_OK);
    EXPECT(cells, "name,n\n0,0\n\"\",\"0\"\nNA,10\n");
    t.config.file.null = "\\N";
    t.config.file.escape = '\\';
    assert_int_equal(kit_open(&t, 0, &two), RN_OK);
    EXPECT(cells, "name,n\n\\N,\\N\n\"\",0\nNA,10\n");
    TEXT("\\N", "\"\\\\N\"");
}

static void quote_modes_do_what_they_say(void **state)
{
    static const struct rn_col columns[] = {
        { .name = RN_LIT("s"), .type = RN_TEXT, .nullable = true },
        { .name = RN_LIT("i"), .type = RN_I64, .nullable = true },
        { .name = RN_LIT("f"), .type = RN_F64, .nullable = true },
        { .name = RN_LIT("d"),
          .type = RN_DECIMAL,
          .nullable = true,
          .precision = 9,
          .scale = 2 },
        { .name = RN_LIT("b"), .type = RN_BOOL, .nullable = true },
        { .name = RN_LIT("day"), .type = RN_DATE, .nullable = true },
        { .name = RN_LIT("x"), .type = RN_BLOB, .nullable = true },
        { .name = RN_LIT("z"), .type = RN_TEXT, .nullable = true },
    };
    static const struct rn_schema schema = { columns, 8 };
    struct rn_cell cells[] = {
        CELL_TEXT("a"),
        CELL_I64(1),
        CELL_F64(0.5),
        CELL_BYTES(RN_DECIMAL, "1.50"),
        CELL_BOOL(1),
        CELL_OF(RN_DATE, 0),
        CELL_BYTES(RN_BLOB, "abc"),
        CELL_NULL,
    };

    (void)state;
    assert_int_equal(kit_open(&t, 0, &schema), RN_OK);
    EXPECT(cells, "s,i,f,d,b,day,x,z\n"
                  "a,1,0.5,1.50,true,1970-01-01,YWJj,\n");
    t.config.file.quote = RN_QUOTE_ALL;
    assert_int_equal(kit_open(&t, 0, &schema), RN_OK);
    EXPECT(cells,
           "\"s\",\"i\",\"f\",\"d\",\"b\",\"day\",\"x\",\"z\"\n"
           "\"a\",\"1\",\"0.5\",\"1.50\",\"true\",\"1970-01-01\",\"YWJj\","
           "\"\"\n");
    t.config.file.quote = RN_QUOTE_NON_NULL;
    t.config.file.header = false;
    t.config.file.booleans = RN_BOOL_1_0;
    assert_int_equal(kit_open(&t, 0, &schema), RN_OK);
    EXPECT(cells, "\"a\",\"1\",\"0.5\",\"1.50\",\"1\",\"1970-01-01\","
                  "\"YWJj\",\n");
    t.config.file.quote = RN_QUOTE_NON_NUMERIC;
    t.config.file.booleans = RN_BOOL_T_F;
    assert_int_equal(kit_open(&t, 0, &schema), RN_OK);
    EXPECT(cells, "\"a\",1,0.5,1.50,t,\"1970-01-01\",\"YWJj\",\n");
    t.config.file.quote = RN_QUOTE_NONE;
    t.config.file.null = "\\N";
    t.config.file.binary = RN_BINARY_HEX;
    assert_int_equal(kit_open(&t, 0, &schema), RN_OK);
    EXPECT(cells, "a,1,0.5,1.50,t,1970-01-01,616263,\\N\n");
}

static void an_escape_takes_the_place_of_doubling(void **state)
{
    (void)state;
    t.config.file.escape = '\\';
    TEXT("say \"yes\"", "\"say \\\"yes\\\"\"");
    TEXT("a\\b", "\"a\\\\b\"");
    TEXT("a,b", "\"a,b\"");
    t.config.file.escape = '"'; /* the same as doubling */
    TEXT("\"", "\"\"\"\"");
}

static void without_quotes_the_escape_carries_all(void **state)
{
    (void)state;
    t.config.file.quote = RN_QUOTE_NONE;
    t.config.file.escape = '\\';
    TEXT("a,b\"c\\d\ne", "a\\,b\\\"c\\\\d\\\ne");
    t.config.file.null = "NA";
    TEXT("NA", "\\NA");
    TEXT("", "");
}

static void expect_failure(struct rn_cell *cells, const char *text)
{
    struct rn_row row = { cells, 2 };

    assert_int_equal(kit_file(&t, cells, 1, 1000), RN_E_VALUE);
    if (!strstr(t.error.text, text))
        fail_msg("%s", t.error.text);
    assert_int_equal(t.error.where, RN_AT_SOURCE);
    assert_true(t.sink.out.err < 0);
    assert_int_equal(t.e->cls->row(t.e, &row, 2), RN_E_VALUE);
    assert_int_equal(t.e->cls->end(t.e), RN_E_VALUE);
}

static void without_quotes_and_escape_the_cell_is_named(void **state)
{
    struct rn_cell bad[] = { CELL_TEXT("a,b"), CELL_I64(1) };
    struct rn_cell empty[] = { CELL_TEXT(""), CELL_I64(1) };
    struct rn_cell good[] = { CELL_TEXT("ab"), CELL_I64(1) };

    (void)state;
    t.config.file.quote = RN_QUOTE_NONE;
    assert_int_equal(kit_open(&t, 0, &two), RN_OK);
    expect_failure(bad, "row 1, column \"name\": it holds a byte");
    assert_int_equal(kit_open(&t, 0, &two), RN_OK);
    expect_failure(empty, "row 1, column \"name\": it reads like NULL");
    EXPECT(good, "name,n\nab,1\n"); /* begin() starts anew */
}

static void nan_and_infinities_go_by_the_job(void **state)
{
    static const struct rn_col columns[] = {
        { .name = RN_LIT("a"), .type = RN_F64, .nullable = true },
        { .name = RN_LIT("b"), .type = RN_F64, .nullable = true },
    };
    static const struct rn_schema schema = { columns, 2 };
    struct rn_cell cells[] = { CELL_F64(1), CELL_F64(NAN), CELL_F64(INFINITY),
                               CELL_F64(-INFINITY) };

    (void)state;
    assert_int_equal(kit_open(&t, 0, &schema), RN_OK);
    expect_failure(cells, "row 1, column \"b\": NaN and infinities");
    t.config.file.nan = RN_NAN_TEXT;
    assert_int_equal(kit_open(&t, 0, &schema), RN_OK);
    EXPECT(cells, "a,b\n1,NaN\nInfinity,-Infinity\n");
    t.config.file.nan = RN_NAN_NULL;
    assert_int_equal(kit_open(&t, 0, &schema), RN_OK);
    EXPECT(cells, "a,b\n1,\n,\n");
    assert_int_equal(t.counts.nulled, 3);
}

static void numbers_keep_every_digit(void **state)
{
    static const struct rn_col columns[] = {
        { .name = RN_LIT("i"), .type = RN_I64, .nullable = true },
        { .name = RN_LIT("f"), .type = RN_F64, .nullable = true },
        { .name = RN_LIT("d"),
          .type = RN_DECIMAL,
          .nullable = true,
          .precision = 38,
          .scale = 4 },
    };
    static const struct rn_schema schema = { columns, 3 };
    struct rn_cell cells[] = {
        CELL_I64(INT64_MAX),
        CELL_F64(0.1 + 0.2),
        CELL_BYTES(RN_DECIMAL, "1234567890123456789012345678901234.5678"),
        CELL_I64(INT64_MIN),
        CELL_F64(-0.0),
        CELL_BYTES(RN_DECIMAL, "-0.0001"),
    };

    (void)state;
    assert_int_equal(kit_open(&t, 0, &schema), RN_OK);
    EXPECT(cells, "i,f,d\n"
                  "9223372036854775807,0.30000000000000004,"
                  "1234567890123456789012345678901234.5678\n"
                  "-9223372036854775808,-0.0,-0.0001\n");
}

static void dates_have_four_spellings(void **state)
{
    static const struct rn_col columns[] = {
        { .name = RN_LIT("d"), .type = RN_DATE, .nullable = true },
        { .name = RN_LIT("t"), .type = RN_TIME, .nullable = true },
        { .name = RN_LIT("l"), .type = RN_TIMESTAMP, .nullable = true },
        { .name = RN_LIT("u"),
          .type = RN_TIMESTAMP,
          .nullable = true,
          .utc = true },
    };
    static const struct rn_schema schema = { columns, 4 };
    struct rn_cell cells[] = {
        CELL_OF(RN_DATE, 1),
        CELL_OF(RN_TIME, 3723500000),
        CELL_OF(RN_TIMESTAMP, -1),
        CELL_OF(RN_TIMESTAMP, 86400000000),
        CELL_OF(RN_DATE, -719162),
        CELL_OF(RN_TIME, 0),
        CELL_OF(RN_TIMESTAMP, -62135596800000000),
        CELL_OF(RN_TIMESTAMP, 253402300799999999),
    };

    (void)state;
    t.config.file.header = false;
    assert_int_equal(kit_open(&t, 0, &schema), RN_OK);
    EXPECT(cells, "1970-01-02,01:02:03.500,1969-12-31T23:59:59.999999,"
                  "1970-01-02T00:00:00Z\n"
                  "0001-01-01,00:00:00,0001-01-01T00:00:00,"
                  "9999-12-31T23:59:59.999999Z\n");
    t.config.file.dates = RN_DATES_EPOCH;
    assert_int_equal(kit_open(&t, 0, &schema), RN_OK);
    EXPECT(cells, "1,3723.500,-0.000001,86400\n"
                  "-719162,0,-62135596800,253402300799.999999\n");
    t.config.file.dates = RN_DATES_EPOCH_MS;
    assert_int_equal(kit_open(&t, 0, &schema), RN_OK);
    EXPECT(cells, "86400000,3723500,-0.001,86400000\n"
                  "-62135596800000,0,-62135596800000,"
                  "253402300799999.999\n");
    t.config.file.dates = RN_DATES_EPOCH_US;
    assert_int_equal(kit_open(&t, 0, &schema), RN_OK);
    EXPECT(cells, "86400000000,3723500000,-1,86400000000\n"
                  "-62135596800000000,0,-62135596800000000,"
                  "253402300799999999\n");
}

static void dates_outside_the_calendar_are_refused(void **state)
{
    static const struct rn_col columns[] = {
        { .name = RN_LIT("d"), .type = RN_DATE, .nullable = true },
        { .name = RN_LIT("t"), .type = RN_TIMESTAMP, .nullable = true },
    };
    static const struct rn_schema schema = { columns, 2 };
    struct rn_cell day[] = { CELL_OF(RN_DATE, 2932897), CELL_NULL };
    struct rn_cell us[] = { CELL_NULL, CELL_OF(RN_TIMESTAMP, INT64_MIN) };

    (void)state;
    for (int how = RN_DATES_ISO; how <= RN_DATES_EPOCH_US; how++) {
        t.config.file.dates = (enum rn_dates)how;
        assert_int_equal(kit_open(&t, 0, &schema), RN_OK);
        expect_failure(day, "row 1, column \"d\": outside");
        assert_int_equal(kit_open(&t, 0, &schema), RN_OK);
        expect_failure(us, "row 1, column \"t\": outside");
    }
}

#define UUID_TEXT "ff112233-4455-6677-8899-aabbccddeeff"

static void uuids_are_canonical_text(void **state)
{
    static const struct rn_col columns[] = {
        { .name = RN_LIT("u"), .type = RN_UUID, .nullable = true },
    };
    static const struct rn_schema schema = { columns, 1 };
    struct rn_cell cells[] = { CELL_BYTES(RN_UUID,
                                          "\xff\x11\x22\x33\x44\x55\x66\x77"
                                          "\x88\x99\xaa\xbb\xcc\xdd\xee\xff") };

    (void)state;
    t.config.file.header = false;
    assert_int_equal(kit_open(&t, 0, &schema), RN_OK);
    EXPECT(cells, UUID_TEXT "\n");
    t.config.file.quote = RN_QUOTE_NON_NUMERIC;
    assert_int_equal(kit_open(&t, 0, &schema), RN_OK);
    EXPECT(cells, "\"" UUID_TEXT "\"\n");
    /* Even where the text of NULL is one. */
    t.config.file.quote = RN_QUOTE_MINIMAL;
    t.config.file.null = UUID_TEXT;
    assert_int_equal(kit_open(&t, 0, &schema), RN_OK);
    EXPECT(cells, "\"" UUID_TEXT "\"\n");
}

static void blobs_are_base64_or_hex(void **state)
{
    static const struct rn_col columns[] = {
        { .name = RN_LIT("a"), .type = RN_BLOB, .nullable = true },
        { .name = RN_LIT("b"), .type = RN_BLOB, .nullable = true },
    };
    static const struct rn_schema schema = { columns, 2 };
    struct rn_cell cells[] = { CELL_BYTES(RN_BLOB, "\0\xff"),
                               CELL_BYTES(RN_BLOB, ""), CELL_NULL,
                               CELL_BYTES(RN_BLOB, "5B\xcb") };

    (void)state;
    assert_int_equal(kit_open(&t, 0, &schema), RN_OK);
    EXPECT(cells, "a,b\nAP8=,\"\"\n,NULL\n");
    t.config.file.null = "NULL"; /* which is Base64 as well */
    assert_int_equal(kit_open(&t, 0, &schema), RN_OK);
    EXPECT(cells, "a,b\nAP8=,\"\"\nNULL,\"NULL\"\n");
    t.config.file.binary = RN_BINARY_HEX;
    assert_int_equal(kit_open(&t, 0, &schema), RN_OK);
    EXPECT(cells, "a,b\n00ff,\"\"\nNULL,3542cb\n");
    t.config.file.delimiter = '=';
    t.config.file.binary = RN_BINARY_BASE64;
    assert_int_equal(kit_open(&t, 0, &schema), RN_OK);
    EXPECT(cells, "a=b\n\"AP8=\"=\"\"\nNULL=\"NULL\"\n");
}

static void the_row_number_comes_first(void **state)
{
    struct rn_cell cells[] = { CELL_TEXT("a"), CELL_I64(5), CELL_NULL,
                               CELL_I64(6) };

    (void)state;
    t.config.file.row_number = "row";
    assert_int_equal(kit_open(&t, 0, &two), RN_OK);
    EXPECT(cells, "row,name,n\n1,a,5\n2,,6\n");
}

static void delimiter_and_newline_are_the_jobs(void **state)
{
    struct rn_cell cells[] = { CELL_TEXT("a,b"), CELL_I64(5), CELL_TEXT("a\tb"),
                               CELL_I64(6) };

    (void)state;
    t.config.file.delimiter = '\t';
    t.config.file.newline = RN_NEWLINE_CRLF;
    assert_int_equal(kit_open(&t, 0, &two), RN_OK);
    EXPECT(cells, "name\tn\r\na,b\t5\r\n\"a\tb\"\t6\r\n");
    t.config.file.quote_char = '\'';
    t.config.file.delimiter = '|';
    assert_int_equal(kit_open(&t, 0, &two), RN_OK);
    EXPECT(cells, "name|n\r\na,b|5\r\na\tb|6\r\n");
}

static void names_are_quoted_as_texts_are(void **state)
{
    static const struct rn_col columns[] = {
        { .name = RN_LIT("a,b"), .type = RN_I64, .nullable = true },
        { .name = RN_LIT("a,b"), .type = RN_I64, .nullable = true },
        { .name = RN_LIT(""), .type = RN_I64, .nullable = true },
        { .name = RN_LIT("sum(\"x\")"), .type = RN_I64, .nullable = true },
    };
    static const struct rn_schema schema = { columns, 4 };

    (void)state;
    assert_int_equal(kit_open(&t, 0, &schema), RN_OK);
    EXPECT_N(NULL, 0, "\"a,b\",\"a,b\",\"\",\"sum(\"\"x\"\")\"\n");
    t.config.file.quote = RN_QUOTE_NONE;
    assert_int_equal(kit_open(&t, 0, &schema), RN_E_CONFIG);
    assert_non_null(strstr(t.error.text, "column 1"));
}

static void one_column_never_makes_an_empty_line(void **state)
{
    struct rn_cell null[] = { CELL_NULL };
    struct rn_cell empty[] = { CELL_TEXT("") };

    (void)state;
    assert_int_equal(kit_open(&t, 0, &one), RN_OK);
    EXPECT(empty, "name\n\"\"\n");
    assert_int_equal(kit_file(&t, null, 1, 1000), RN_E_VALUE);
    assert_non_null(strstr(t.error.text, "an empty line"));
    t.config.file.null = "\\N";
    assert_int_equal(kit_open(&t, 0, &one), RN_OK);
    EXPECT(null, "name\n\\N\n");
    t.config.file.quote = RN_QUOTE_NONE;
    assert_int_equal(kit_open(&t, 0, &one), RN_OK);
    assert_int_equal(kit_file(&t, empty, 1, 1000), RN_E_VALUE);
    t.config.file.quote = RN_QUOTE_ALL;
    t.config.file.null = "";
    assert_int_equal(kit_open(&t, 0, &one), RN_OK);
    EXPECT(null, "\"name\"\n\"\"\n");
}

static void options_that_contradict_each_other_are_refused(void **state)
{
    static const struct {
        char delimiter, quote, escape;
        enum rn_quote mode;
        const char *null;
    } bad[] = {
        { '"', '"', 0, RN_QUOTE_MINIMAL, "" },
        { '\n', '"', 0, RN_QUOTE_MINIMAL, "" },
        { '\0', '"', 0, RN_QUOTE_MINIMAL, "" },
        { 'a', '"', 0, RN_QUOTE_MINIMAL, "" },
        { '5', '"', 0, RN_QUOTE_MINIMAL, "" },
        { '-', '"', 0, RN_QUOTE_MINIMAL, "" },
        { '.', '"', 0, RN_QUOTE_MINIMAL, "" },
        { (char)0xa7, '"', 0, RN_QUOTE_MINIMAL, "" },
        { ',', '\r', 0, RN_QUOTE_MINIMAL, "" },
        { ',', 'q', 0, RN_QUOTE_MINIMAL, "" },
        { ',', '=', 0, RN_QUOTE_MINIMAL, "" },
        { ',', '"', ',', RN_QUOTE_MINIMAL, "" },
        { ',', '"', 'e', RN_QUOTE_MINIMAL, "" },
        { ',', '"', '"', RN_QUOTE_NONE, "" },
        { ':', '"', 0, RN_QUOTE_NONE, "" },
        { ',', '"', 0, RN_QUOTE_MINIMAL, "a,b" },
        { ',', '"', 0, RN_QUOTE_MINIMAL, "\"" },
        { ',', '"', 0, RN_QUOTE_MINIMAL, "\n" },
        { ',', '"', '\\', RN_QUOTE_MINIMAL, "N\\" },
        { ',', '"', 0, RN_QUOTE_MINIMAL, "\xff" },
        { ',', '"', 0, RN_QUOTE_MINIMAL,
          "a text of NULL that is longer than sixty-four bytes, as nobody "
          "needs it to be" },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(bad); i++) {
        t.config.file.delimiter = bad[i].delimiter;
        t.config.file.quote_char = bad[i].quote;
        t.config.file.escape = bad[i].escape;
        t.config.file.quote = bad[i].mode;
        t.config.file.null = bad[i].null;
        if (kit_open(&t, 0, &two) != RN_E_CONFIG || t.e != NULL)
            fail_msg("number %zu was taken", i);
        assert_non_null(strstr(t.error.text, "job.ini: [file] "));
    }
}

static void names_that_are_not_utf8_are_refused(void **state)
{
    static const struct rn_col columns[] = {
        { .name = RN_LIT("ok"), .type = RN_I64, .nullable = true },
        { .name = RN_LIT("\xff"), .type = RN_I64, .nullable = true },
    };
    static const struct rn_schema schema = { columns, 2 };

    (void)state;
    for (size_t format = 0; format < 2; format++) {
        assert_int_equal(kit_open(&t, format, &schema), RN_E_CONFIG);
        assert_non_null(strstr(t.error.text, "column 2"));
    }
}

static const struct rn_col mixed_columns[] = {
    { .name = RN_LIT("text"), .type = RN_TEXT, .nullable = true },
    { .name = RN_LIT("i"), .type = RN_I64, .nullable = true },
    { .name = RN_LIT("blob"), .type = RN_BLOB, .nullable = true },
    { .name = RN_LIT("f"), .type = RN_F64, .nullable = true },
    { .name = RN_LIT("at"),
      .type = RN_TIMESTAMP,
      .nullable = true,
      .utc = true },
};
static const struct rn_schema mixed = { mixed_columns, 5 };

static void mixed_cells(struct rn_cell *cells, size_t rows)
{
    static uint8_t bytes[600];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i % 11 == 0 ? '"' : i % 7 == 0 ? 2 : 'a' + i % 9);
    for (size_t i = 0; i < rows; i++) {
        size_t n = i * 37 % 590;

        cells[5 * i] = (struct rn_cell)CELL_TEXT("");
        cells[5 * i].as.bytes = (struct rn_bytes){ bytes, n };
        cells[5 * i + 1] = (struct rn_cell)CELL_I64((int64_t)i * 977);
        cells[5 * i + 2] = (struct rn_cell)CELL_BYTES(RN_BLOB, "");
        cells[5 * i + 2].as.bytes = (struct rn_bytes){ bytes, n / 2 };
        cells[5 * i + 3] = (struct rn_cell)CELL_F64((double)i / 7);
        cells[5 * i + 4] =
            (struct rn_cell)CELL_OF(RN_TIMESTAMP, (int64_t)i * 123456789);
        if (i % 5 == 0)
            cells[5 * i + i % 4] = (struct rn_cell)CELL_NULL;
    }
}

static void the_file_is_the_same_for_every_buffer_size(void **state)
{
    static struct rn_cell cells[5 * 40];
    static uint8_t whole[KIT_MAX];

    (void)state;
    for (int mode = RN_QUOTE_MINIMAL; mode <= RN_QUOTE_NONE; mode++) {
        size_t n;

        t.config.file.quote = (enum rn_quote)mode;
        t.config.file.null = "\\N";
        t.config.file.escape = mode % 2 == 0 ? '\\' : 0;
        t.config.file.row_number = mode % 2 == 0 ? "row" : "";
        mixed_cells(cells, 40);
        assert_int_equal(kit_open(&t, 0, &mixed), RN_OK);
        assert_int_equal(kit_file(&t, cells, 40, 70000), RN_OK);
        n = t.sink.n;
        memcpy(whole, t.got, n);
        for (size_t size = 1; size <= 300; size++) {
            assert_int_equal(kit_file(&t, cells, 40, size), RN_OK);
            if (t.sink.n != n || memcmp(t.got, whole, n) != 0)
                fail_msg("mode %d, size %zu", mode, size);
        }
    }
}

static void the_first_lost_buffer_ends_the_file(void **state)
{
    static struct rn_cell cells[5 * 4];

    (void)state;
    mixed_cells(cells, 4);
    assert_int_equal(kit_open(&t, 0, &mixed), RN_OK);
    for (int at = 0; at < 20; at++) {
        struct rn_row row = { cells + 5, 5 };

        sink_init(&t.sink, 20, t.got, sizeof(t.got));
        t.sink.fail_at = at;
        t.e->cls->begin(t.e, &t.sink.out);
        for (int i = 0; i < 5; i++)
            t.e->cls->row(t.e, &row, 1);
        assert_int_equal(t.e->cls->end(t.e), RN_E_LINK);
        assert_int_equal(t.sink.n, (size_t)at * 20);
        assert_int_equal(t.error.code, RN_OK); /* the lane tells of it */
    }
}

static void sixteen_hundred_columns_are_a_row(void **state)
{
    static struct rn_col columns[1600];
    static struct rn_cell cells[1600];
    static char names[1600][8];
    struct rn_schema schema = { columns, 1600 };

    (void)state;
    for (size_t i = 0; i < 1600; i++) {
        snprintf(names[i], sizeof(names[i]), "c%zu", i);
        columns[i] = (struct rn_col){ .name = rn_bytes_of(names[i]),
                                      .type = RN_I64,
                                      .nullable = true };
        cells[i] = (struct rn_cell)CELL_I64((int64_t)i);
    }
    assert_int_equal(kit_open(&t, 0, &schema), RN_OK);
    assert_int_equal(kit_file(&t, cells, 1, 500), RN_OK);
    assert_memory_equal(t.got + t.sink.n - 15, "1597,1598,1599\n", 15);
}

static void a_cell_may_be_larger_than_any_buffer(void **state)
{
    static char big[60000];
    struct rn_cell cells[] = { CELL_TEXT(""), CELL_I64(1) };

    (void)state;
    memset(big, 'x', sizeof(big));
    big[59999] = '"';
    cells[0].as.bytes = (struct rn_bytes){ (uint8_t *)big, sizeof(big) };
    t.config.file.header = false;
    assert_int_equal(kit_open(&t, 0, &two), RN_OK);
    assert_int_equal(kit_file(&t, cells, 1, 4096), RN_OK);
    assert_int_equal(t.sink.n, 60000 + 1 + 2 + 3);
    assert_memory_equal(t.got + t.sink.n - 7, "x\"\"\",1\n", 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_header_names_the_columns, set_up),
        cmocka_unit_test_setup(an_empty_result_is_a_header, set_up),
        cmocka_unit_test_setup(each_file_begins_with_the_header, set_up),
        cmocka_unit_test_setup(quotes_are_used_where_they_are_needed, set_up),
        cmocka_unit_test_setup(a_nul_byte_stays_in_its_cell, set_up),
        cmocka_unit_test_setup(special_bytes_are_found_at_every_place, set_up),
        cmocka_unit_test_setup(null_and_what_looks_like_it_differ, set_up),
        cmocka_unit_test_setup(quote_modes_do_what_they_say, set_up),
        cmocka_unit_test_setup(an_escape_takes_the_place_of_doubling, set_up),
        cmocka_unit_test_setup(without_quotes_the_escape_carries_all, set_up),
        cmocka_unit_test_setup(without_quotes_and_escape_the_cell_is_named,
                               set_up),
        cmocka_unit_test_setup(nan_and_infinities_go_by_the_job, set_up),
        cmocka_unit_test_setup(numbers_keep_every_digit, set_up),
        cmocka_unit_test_setup(dates_have_four_spellings, set_up),
        cmocka_unit_test_setup(dates_outside_the_calendar_are_refused, set_up),
        cmocka_unit_test_setup(uuids_are_canonical_text, set_up),
        cmocka_unit_test_setup(blobs_are_base64_or_hex, set_up),
        cmocka_unit_test_setup(the_row_number_comes_first, set_up),
        cmocka_unit_test_setup(delimiter_and_newline_are_the_jobs, set_up),
        cmocka_unit_test_setup(names_are_quoted_as_texts_are, set_up),
        cmocka_unit_test_setup(one_column_never_makes_an_empty_line, set_up),
        cmocka_unit_test_setup(options_that_contradict_each_other_are_refused,
                               set_up),
        cmocka_unit_test_setup(names_that_are_not_utf8_are_refused, set_up),
        cmocka_unit_test_setup(the_file_is_the_same_for_every_buffer_size,
                               set_up),
        cmocka_unit_test_setup(the_first_lost_buffer_ends_the_file, set_up),
        cmocka_unit_test_setup(sixteen_hundred_columns_are_a_row, set_up),
        cmocka_unit_test_setup(a_cell_may_be_larger_than_any_buffer, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
