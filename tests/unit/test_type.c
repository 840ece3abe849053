/* test_type.c: words become the types they say, and types their words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "row/type.h"

static const struct {
    const char *text;
    const char *word; /* what it is written back as; NULL: no type */
    const char *instead;
} words[] = {
    { "bool", "bool", NULL },
    { "Boolean", "bool", NULL },
    { "int8", "int8", NULL },
    { "TINYINT", "int8", NULL },
    { "int16", "int16", NULL },
    { "smallint", "int16", NULL },
    { "int32", "int32", NULL },
    { "int64", "int64", NULL },
    { "bigint", "int64", NULL },
    { "float", "float", NULL },
    { "double", "double", NULL },
    { "decimal(10,2)", "decimal(10,2)", NULL },
    { "DECIMAL ( 38 , 38 ) ", "decimal(38,38)", NULL },
    { "numeric(5)", "decimal(5,0)", NULL },
    { "date", "date", NULL },
    { "time", "time", NULL },
    { "timestamp", "timestamp", NULL },
    { "timestamp_ntz", "timestamp_ntz", NULL },
    { "text", "text", NULL },
    { "string", "text", NULL },
    { "json", "json", NULL },
    { "uuid", "uuid", NULL },
    { "UUID ", "uuid", NULL },
    { "blob", "blob", NULL },
    { "binary", "blob", NULL },
    { "", NULL, NULL },
    { "(10,2)", NULL, NULL },
    { "money", NULL, NULL },
    { "a word that is far too long to be a type", NULL, NULL },
    { "desimal(5,2)", NULL, "decimal(p,s)" },
    { "blobb", NULL, "blob" },
    { "boolaen", NULL, "bool" },
    { "timestmp", NULL, "timestamp" },
    { "int", NULL, "int8, int16, int32 or int64" },
    { "INTEGER", NULL, "int8, int16, int32 or int64" },
    { "real", NULL, "float or double" },
    { "varchar(20)", NULL, "text" },
    { "text(20)", NULL, "text" },
    { "text x", NULL, "text" },
    { "int8 (3)", NULL, "int8" },
    { "decimal", NULL, "decimal(p,s) with p from 1 to 38 and s from 0 to p" },
    { "decimal(39)", NULL,
      "decimal(p,s) with p from 1 to 38 and s from 0 to p" },
    { "decimal(0)", NULL,
      "decimal(p,s) with p from 1 to 38 and s from 0 to p" },
    { "decimal(5,6)", NULL,
      "decimal(p,s) with p from 1 to 38 and s from 0 to p" },
    { "decimal(5,2", NULL,
      "decimal(p,s) with p from 1 to 38 and s from 0 to p" },
    { "decimal(5,2)x", NULL,
      "decimal(p,s) with p from 1 to 38 and s from 0 to p" },
    { "decimal(5,-2)", NULL,
      "decimal(p,s) with p from 1 to 38 and s from 0 to p" },
    { "decimal(1000,2)", NULL,
      "decimal(p,s) with p from 1 to 38 and s from 0 to p" },
};

static void a_word_is_its_type_and_a_type_its_word(void **state)
{
    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(words); i++) {
        struct rn_col col = { .name = RN_LIT("c"), .nullable = true };
        struct rn_col before = col;
        const char *instead = "unset";
        char word[RN_TYPE_WORD];
        int err = rn_type_parse(words[i].text, &col, &instead);
        if (err != (words[i].word != NULL ? RN_OK : RN_E_CONFIG))
            fail_msg("%s gave %d", words[i].text, err);
        if (err == RN_OK) {
            assert_string_equal(rn_type_word(&col, word), words[i].word);
            assert_true(col.name.n == 1 && col.nullable && !col.millis);
        } else {
            assert_memory_equal(&col, &before, sizeof col);
        }
        if (words[i].instead == NULL)
            assert_null(instead);
        else
            assert_string_equal(instead, words[i].instead);
    }
}

static void what_was_there_before_does_not_shine_through(void **state)
{
    struct rn_col col = { .type = RN_DECIMAL, .precision = 9, .scale = 3 };
    const char *instead;

    (void)state;
    assert_int_equal(rn_type_parse("timestamp", &col, &instead), RN_OK);
    assert_true(col.utc && col.precision == 0 && col.scale == 0);
    assert_int_equal(rn_type_parse("int8", &col, &instead), RN_OK);
    assert_true(!col.utc && col.bits == 8);
    assert_int_equal(rn_type_parse("json", &col, &instead), RN_OK);
    assert_true(col.json && col.bits == 0);
    assert_int_equal(rn_type_parse("text", &col, &instead), RN_OK);
    assert_false(col.json);
}

static void every_type_of_the_table_is_read_by_each_of_its_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < rn_types_n; i++) {
        const struct rn_type_about *t = &rn_types[i];
        const char *both[] = { t->word, t->also };
        for (size_t k = 0; k < 2 && both[k] != NULL; k++) {
            struct rn_col col = { .nullable = false };
            const char *instead;
            char text[40];
            size_t n = strcspn(both[k], "(");
            snprintf(text, sizeof text, "%.*s%s", (int)n, both[k],
                     both[k][n] != 0 ? "(7,3)" : "");
            assert_int_equal(rn_type_parse(text, &col, &instead), RN_OK);
            assert_int_equal(col.type, t->type);
            assert_int_equal(col.bits, t->bits);
            assert_int_equal(col.utc, t->utc);
            assert_int_equal(col.json, t->json);
        }
    }
}

static void no_column_is_without_a_word(void **state)
{
    char word[RN_TYPE_WORD];

    (void)state;
    for (int t = RN_BOOL; t <= RN_UUID; t++) {
        struct rn_col col = {
            .type = (enum rn_type)t, .bits = 64, .precision = 255, .scale = 255
        };
        assert_true(strlen(rn_type_word(&col, word)) >= 4);
        assert_string_not_equal(rn_type_name(col.type), "unknown");
    }
    assert_string_equal(rn_type_name(RN_UUID), "uuid");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_is_its_type_and_a_type_its_word),
        cmocka_unit_test(what_was_there_before_does_not_shine_through),
        cmocka_unit_test(every_type_of_the_table_is_read_by_each_of_its_words),
        cmocka_unit_test(no_column_is_without_a_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
