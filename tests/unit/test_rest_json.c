/* test_rest_json.c: answers are read whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "warehouse/rest_json.h"

#define TOKENS 64

static _Alignas(16) uint8_t memory[TOKENS * 64];

static void open_doc(struct rn_doc *d, size_t tokens)
{
    struct rn_arena mem;

    rn_arena_init(&mem, "test", memory, sizeof memory);
    assert_int_equal(rn_doc_init(d, tokens, &mem), RN_OK);
    assert_true(mem.used <= rn_doc_need(tokens));
}

/* In memory of its own size, so that reading past its end is seen. */
static int parse(struct rn_doc *d, const char *text, size_t n)
{
    static char *copy;

    free(copy);
    copy = malloc(n > 0 ? n : 1);
    memcpy(copy, text, n);
    return rn_doc_parse(d, copy, n);
}

static const char answer[] =
    "{\"statement_id\":\"01ef\",\"status\":{\"state\":\"SUCCEEDED\"},"
    "\"manifest\":{\"truncated\":false,\"total_row_count\":2},"
    "\"result\":{\"data_array\":[[\"1\",null,\"\\\"a\\\\\\u00e4\\n\"],"
    "[\"2\",\"\",\"\\ud83d\\ude00\"]]}}";

static void values_are_found_by_their_path(void **state)
{
    struct rn_doc d;

    (void)state;
    open_doc(&d, TOKENS);
    assert_int_equal(parse(&d, answer, sizeof answer - 1), RN_OK);
    assert_true(rn_doc_is(&d, rn_doc_find(&d, 0, "status.state"), "SUCCEEDED"));
    assert_true(
        rn_doc_is(&d, rn_doc_find(&d, 0, "result.data_array.1.0"), "2"));
    assert_true(
        rn_doc_is(&d, rn_doc_find(&d, 0, "manifest.truncated"), "false"));
    assert_int_equal(rn_doc_size(&d, rn_doc_find(&d, 0, "result.data_array")),
                     2);
    static const char *const absent[] = { "state",
                                          "status.state.x",
                                          "result.data_array.2",
                                          "result.data_array.x",
                                          "status.0",
                                          "statement_id.0",
                                          "result.data" };
    for (size_t i = 0; i < RN_COUNTOF(absent); i++)
        assert_int_equal(rn_doc_find(&d, 0, absent[i]), -1);
    assert_int_equal(rn_doc_find(&d, -1, "status"), -1);
}

static void rows_are_walked_in_order(void **state)
{
    struct rn_doc d;
    char seen[64] = "";

    (void)state;
    open_doc(&d, TOKENS);
    assert_int_equal(parse(&d, answer, sizeof answer - 1), RN_OK);
    int rows = rn_doc_find(&d, 0, "result.data_array");
    for (int row = rn_doc_first(&d, rows); row >= 0; row = rn_doc_next(&d, row))
        for (int c = rn_doc_first(&d, row); c >= 0; c = rn_doc_next(&d, c)) {
            struct rn_bytes t = rn_doc_text(&d, c);

            strcat(seen, rn_doc_is_null(&d, c) ? "NULL" : "");
            if (!rn_doc_is_null(&d, c))
                strncat(seen, (const char *)t.p, t.n);
            strcat(seen, "|");
        }
    assert_string_equal(seen, "1|NULL|\"a\\\xc3\xa4\n|2||\xf0\x9f\x98\x80|");
}

static void a_name_is_found_however_it_is_written(void **state)
{
    static const char text[] = "{\"st\\u0061te\":{\"a\\\\b\":1}}";
    struct rn_doc d;

    (void)state;
    open_doc(&d, TOKENS);
    assert_int_equal(parse(&d, text, sizeof text - 1), RN_OK);
    assert_true(rn_doc_is(&d, rn_doc_find(&d, 0, "state.a\\b"), "1"));
    assert_int_equal(rn_doc_find(&d, 0, "st\\u0061te"), -1);
}

static void a_text_is_unescaped_once(void **state)
{
    static const char text[] = "[\"\\\\n\",\"\\\\u0041\"]";
    struct rn_doc d;

    (void)state;
    open_doc(&d, TOKENS);
    assert_int_equal(parse(&d, text, sizeof text - 1), RN_OK);
    for (int i = 0; i < 3; i++) {
        assert_true(rn_doc_is(&d, rn_doc_find(&d, 0, "0"), "\\n"));
        assert_true(rn_doc_is(&d, rn_doc_find(&d, 0, "1"), "\\u0041"));
        assert_true(rn_doc_is_string(&d, rn_doc_find(&d, 0, "0")));
    }
}

static void half_a_character_becomes_a_replacement(void **state)
{
    static const char text[] =
        "[\"a\\ud83db\",\"\\ude00\",\"\\ud83d\\u0041\",\"\\u0000\"]";
    struct rn_doc d;

    (void)state;
    open_doc(&d, TOKENS);
    assert_int_equal(parse(&d, text, sizeof text - 1), RN_OK);
    assert_true(rn_doc_is(&d, rn_doc_find(&d, 0, "0"),
                          "a\xef\xbf\xbd"
                          "b"));
    assert_true(rn_doc_is(&d, rn_doc_find(&d, 0, "1"), "\xef\xbf\xbd"));
    assert_true(rn_doc_is(&d, rn_doc_find(&d, 0, "2"),
                          "\xef\xbf\xbd"
                          "A"));
    assert_int_equal(rn_doc_text(&d, rn_doc_find(&d, 0, "3")).n, 1);
}

static void every_cut_is_an_error(void **state)
{
    struct rn_doc d;

    (void)state;
    open_doc(&d, TOKENS);
    for (size_t n = 0; n < sizeof answer - 1; n++)
        assert_int_equal(parse(&d, answer, n), RN_E_PEER);
    assert_int_equal(d.n, 0);
    assert_int_equal(rn_doc_find(&d, 0, "status"), -1);
}

static void what_is_no_json_is_an_error(void **state)
{
    static const char *const table[] = {
        "",
        "null",
        "1",
        "\"x\"",
        "{}{}",
        "[1] 2",
        "{\"a\"}",
        "{\"a\" 1}",
        "{1:2}",
        "[\"a\":1]",
        "{\"a\":}",
        "<html></html>",
        "{\"a\":\"\\x\"}",
        "[\"\\u12g4\"]",
        "[nope",
    };
    struct rn_doc d;

    (void)state;
    open_doc(&d, TOKENS);
    for (size_t i = 0; i < RN_COUNTOF(table); i++) {
        if (parse(&d, table[i], strlen(table[i])) != RN_E_PEER)
            print_error("taken for JSON: %s\n", table[i]);
        assert_int_equal(parse(&d, table[i], strlen(table[i])), RN_E_PEER);
    }
}

static void too_many_values_are_told_from_broken_ones(void **state)
{
    struct rn_doc d;

    (void)state;
    open_doc(&d, 4);
    assert_int_equal(parse(&d, "[1,2,3]", 7), RN_OK);
    assert_int_equal(parse(&d, "[1,2,3,4]", 9), RN_E_FULL);
    assert_int_equal(d.n, 0);
}

static void numbers_are_digits_and_fit(void **state)
{
    static const char text[] = "[12,\"34\",\"18446744073709551615\","
                               "\"18446744073709551616\",-1,\"1.0\",\"\",null,"
                               "[1],\"1e3\"]";
    static const struct {
        bool good;
        uint64_t n;
    } want[] = { { true, 12 }, { true, 34 }, { true, UINT64_MAX },
                 { 0, 0 },     { 0, 0 },     { 0, 0 },
                 { 0, 0 },     { 0, 0 },     { 0, 0 },
                 { 0, 0 } };
    struct rn_doc d;

    (void)state;
    open_doc(&d, TOKENS);
    assert_int_equal(parse(&d, text, sizeof text - 1), RN_OK);
    int at = rn_doc_first(&d, 0);
    for (size_t i = 0; i < RN_COUNTOF(want); i++, at = rn_doc_next(&d, at)) {
        uint64_t n = 0;

        assert_int_equal(rn_doc_u64(&d, at, &n), want[i].good);
        if (want[i].good)
            assert_int_equal(n, want[i].n);
    }
    assert_int_equal(at, -1);
}

static void a_copy_is_cut_between_characters(void **state)
{
    static const char text[] = "[\"a\\u20ac\\u20ac\"]";
    struct rn_doc d;
    char to[8];

    (void)state;
    open_doc(&d, TOKENS);
    assert_int_equal(parse(&d, text, sizeof text - 1), RN_OK);
    static const char *const want[] = { "", "a", "a", "a", "a\xe2\x82\xac" };
    for (size_t cap = 1; cap <= 5; cap++) {
        rn_doc_copy(&d, rn_doc_find(&d, 0, "0"), to, cap);
        assert_string_equal(to, want[cap - 1]);
    }
    rn_doc_copy(&d, -1, to, sizeof to);
    assert_string_equal(to, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found_by_their_path),
        cmocka_unit_test(rows_are_walked_in_order),
        cmocka_unit_test(a_name_is_found_however_it_is_written),
        cmocka_unit_test(a_text_is_unescaped_once),
        cmocka_unit_test(half_a_character_becomes_a_replacement),
        cmocka_unit_test(every_cut_is_an_error),
        cmocka_unit_test(what_is_no_json_is_an_error),
        cmocka_unit_test(too_many_values_are_told_from_broken_ones),
        cmocka_unit_test(numbers_are_digits_and_fit),
        cmocka_unit_test(a_copy_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
