/* test_sql.c: what a name or a value holds can't become part of a statement. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sink.h"
#include "warehouse/sql.h"

static const enum rn_sql_dialect dialects[] = { RN_SQL_DATABRICKS,
                                                RN_SQL_SYNAPSE };

static char got[400000];
static struct sink sink;

static struct rn_sql start(enum rn_sql_dialect d, size_t size)
{
    sink_init(&sink, size, got, sizeof got - 1);
    return (struct rn_sql){ .out = &sink.out, .dialect = d };
}

static const char *text(void)
{
    assert_int_equal(rn_out_flush(&sink.out), RN_OK);
    got[sink.n] = '\0';
    return got;
}

/* What an engine reads between the quotes at `*p`, by its own rules, written
 * apart from ours. Returns the length; *p is behind the closing quote.
 */
static size_t read_quoted(enum rn_sql_dialect d, const char **p, char *to)
{
    char close = **p == '[' ? ']' : **p;
    bool backslash = d == RN_SQL_DATABRICKS && close == '\'';
    size_t n = 0;

    for (const char *c = *p + 1;; c++) {
        assert_true(*c != '\0');
        if (backslash && *c == '\\') {
            assert_true(c[1] == '\\' || c[1] == '\'' || c[1] == '{');
            to[n++] = *++c;
        } else if (*c != close) {
            to[n++] = *c;
        } else if (!backslash && c[1] == close) {
            to[n++] = *++c;
        } else {
            *p = c + 1;
            return n;
        }
    }
}

/* -- names and strings ---------------------------------------------------- */

static struct rn_bytes hostile(char *to, size_t n, unsigned seed)
{
    static const char *const piece[] = { "'",
                                         "\"",
                                         "`",
                                         "]",
                                         "[",
                                         "\\",
                                         "\n",
                                         "\r",
                                         ";",
                                         "--",
                                         "/*",
                                         "*/",
                                         "''",
                                         "``",
                                         "]]",
                                         "\\'",
                                         "a",
                                         ".",
                                         " ",
                                         "\t",
                                         "{",
                                         "$",
                                         "%",
                                         "\xe2\x80\x99" /* ’ */,
                                         "\xef\xbc\x87" /* ＇ */,
                                         "\xca\xbc",
                                         "\xef\xbb\xbf",
                                         "\x1b",
                                         "\xf0\x9f\x92\xa5",
                                         "DROP TABLE",
                                         "N'",
                                         "\\n",
                                         "u0027" };
    size_t len = 0;

    while (len < n) {
        const char *s;

        seed = seed * 1103515245u + 12345;
        s = piece[(seed >> 16) % RN_COUNTOF(piece)];
        if (len > 0 && to[len - 1] == '$' && *s == '{')
            continue;
        if (len > 0 && to[len - 1] == '\\' && (*s == '\n' || *s == '\r'))
            continue;
        if (len + strlen(s) > n)
            s = "x";
        memcpy(to + len, s, strlen(s));
        len += strlen(s);
    }
    return (struct rn_bytes){ (const uint8_t *)to, len };
}

static void what_is_quoted_is_read_back(void **state)
{
    static char from[1000], back[3000];

    (void)state;
    for (unsigned i = 0; i < 4000; i++) {
        enum rn_sql_dialect d = dialects[i % 2];
        struct rn_bytes b =
            hostile(from, i % 50 == 0 ? sizeof from : 1 + i % 40, i);
        struct rn_sql q = start(d, 1 + i % 97);
        const char *p;
        size_t n;

        rn_sql_name(&q, b);
        rn_sql_string(&q, b);
        p = text();
        assert_int_equal(*p, d == RN_SQL_DATABRICKS ? '`' : '[');
        n = read_quoted(d, &p, back);
        assert_int_equal(n, b.n);
        assert_memory_equal(back, b.p, n);
        if (d == RN_SQL_SYNAPSE)
            assert_int_equal(*p++, 'N');
        assert_int_equal(*p, '\'');
        n = read_quoted(d, &p, back);
        assert_int_equal(n, b.n);
        assert_memory_equal(back, b.p, n);
        assert_int_equal(*p, '\0');
    }
}

static void quoting_is_that_of_the_dialect(void **state)
{
    static const struct {
        enum rn_sql_dialect d;
        const char *from, *name, *string;
    } samples[] = {
        { RN_SQL_DATABRICKS, "a", "`a`", "'a'" },
        { RN_SQL_DATABRICKS, "a`b", "`a``b`", "'a`b'" },
        { RN_SQL_DATABRICKS, "O'Hara", "`O'Hara`", "'O\\'Hara'" },
        { RN_SQL_DATABRICKS, "\\", "`\\`", "'\\\\'" },
        { RN_SQL_DATABRICKS, "\\'", "`\\'`", "'\\\\\\''" },
        { RN_SQL_DATABRICKS, "a]b\"c", "`a]b\"c`", "'a]b\"c'" },
        { RN_SQL_DATABRICKS, "1\n2", "`1\n2`", "'1\n2'" },
        { RN_SQL_SYNAPSE, "a", "[a]", "N'a'" },
        { RN_SQL_SYNAPSE, "a]b", "[a]]b]", "N'a]b'" },
        { RN_SQL_SYNAPSE, "]", "[]]]", "N']'" },
        { RN_SQL_SYNAPSE, "[a", "[[a]", "N'[a'" },
        { RN_SQL_SYNAPSE, "O'Hara", "[O'Hara]", "N'O''Hara'" },
        { RN_SQL_SYNAPSE, "\\'", "[\\']", "N'\\'''" },
        { RN_SQL_SYNAPSE, "\xe2\x80\x99", "[\xe2\x80\x99]", "N'\xe2\x80\x99'" },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(samples); i++) {
        struct rn_sql q = start(samples[i].d, 64);

        rn_sql_name(&q, rn_bytes_of(samples[i].from));
        assert_string_equal(text(), samples[i].name);
        q = start(samples[i].d, 64);
        rn_sql_string(&q, rn_bytes_of(samples[i].from));
        assert_string_equal(text(), samples[i].string);
    }
}

static void a_variable_of_spark_is_no_variable(void **state)
{
    struct rn_sql q = start(RN_SQL_DATABRICKS, 64);

    (void)state;
    rn_sql_string(&q, RN_STR("${env:HOME}"));
    assert_null(strstr(text(), "${"));
}

static void what_no_quoting_carries_is_refused(void **state)
{
    static const struct {
        enum rn_sql_dialect d;
        bool name, string;
        struct rn_bytes from;
    } samples[] = {
        { RN_SQL_DATABRICKS, true, true, RN_LIT("a\0b") },
        { RN_SQL_SYNAPSE, true, true, RN_LIT("a\0b") },
        { RN_SQL_SYNAPSE, true, true, RN_LIT("\0") },
        { RN_SQL_DATABRICKS, true, true, RN_LIT("a\xc3") }, /* eats a quote */
        { RN_SQL_SYNAPSE, true, true, RN_LIT("\xff") },
        { RN_SQL_DATABRICKS, true, true, RN_LIT("\xc0\xa7") }, /* ' too long */
        { RN_SQL_DATABRICKS, true, false, RN_LIT("") },
        { RN_SQL_SYNAPSE, true, false, RN_LIT("") },
        { RN_SQL_DATABRICKS, true, false, RN_LIT("a${b}") },
        { RN_SQL_SYNAPSE, false, false, RN_LIT("a${b}") },
        { RN_SQL_SYNAPSE, false, true, RN_LIT("a\\\nb") },
        { RN_SQL_SYNAPSE, false, true, RN_LIT("a\\\r\nb") },
        { RN_SQL_DATABRICKS, false, false, RN_LIT("a\\\nb") },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(samples); i++) {
        struct rn_sql q = start(samples[i].d, 64);

        rn_sql_name(&q, samples[i].from);
        assert_int_equal(rn_out_flush(&sink.out),
                         samples[i].name ? RN_E_CONFIG : RN_OK);
        q = start(samples[i].d, 64);
        rn_sql_text(&q, "SELECT ");
        rn_sql_string(&q, samples[i].from);
        rn_sql_text(&q, " more");
        assert_int_equal(rn_out_flush(&sink.out),
                         samples[i].string ? RN_E_CONFIG : RN_OK);
    }
}

static void numbers_are_digits(void **state)
{
    struct rn_sql q = start(RN_SQL_SYNAPSE, 64);

    (void)state;
    rn_sql_number(&q, 0);
    rn_sql_text(&q, ",");
    rn_sql_number(&q, UINT64_MAX);
    assert_string_equal(text(), "0,18446744073709551615");
}

/* -- tables --------------------------------------------------------------- */

static void a_table_is_quoted_part_by_part(void **state)
{
    static const struct {
        enum rn_sql_dialect d;
        const char *table, *suffix, *expect;
    } samples[] = {
        { RN_SQL_DATABRICKS, "orders", "", "`orders`" },
        { RN_SQL_DATABRICKS, "main.sales.orders", "_staging",
          "`main`.`sales`.`orders_staging`" },
        { RN_SQL_DATABRICKS, "`my cat`.sales.`a``b.c`", "_x",
          "`my cat`.`sales`.`a``b.c_x`" },
        { RN_SQL_DATABRICKS, "dev-main.s.t", NULL, "`dev-main`.`s`.`t`" },
        { RN_SQL_DATABRICKS, "`x[y]`", "", "`x[y]`" },
        { RN_SQL_DATABRICKS, "caf\xc3\xa9", "", "`caf\xc3\xa9`" },
        { RN_SQL_SYNAPSE, "dbo.orders", "_staging", "[dbo].[orders_staging]" },
        { RN_SQL_SYNAPSE, "[my db].[d]]b.o].[select]", "_1",
          "[my db].[d]]b.o].[select_1]" },
        { RN_SQL_SYNAPSE, "[a;b'--]", "", "[a;b'--]" },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(samples); i++) {
        struct rn_sql q = start(samples[i].d, 64);

        assert_int_equal(rn_sql_check_table(samples[i].d, samples[i].table),
                         RN_OK);
        rn_sql_table(&q, samples[i].table, samples[i].suffix);
        assert_string_equal(text(), samples[i].expect);
    }
}

static void what_is_no_table_is_refused(void **state)
{
    static const char *const both[] = {
        "",       ".",   "a.",   ".a",      "a..b", "a.b.c.d", "a b",
        "a;b",    "a'b", "a\"b", "\"a\"",   " a",   "a ",      "a\n",
        "a.b.c.", "a*",  "a(b)", "caf\xc3", "#tmp",
    };
    static const char *const databricks[] = {
        "`a", "a`", "`a`b", "``", "`a``", "[a]", "`a`.[b]", "`${a}`"
    };
    static const char *const synapse[] = { "[a", "a]",   "[a]b",
                                           "[]", "[a]]", "`a`" };
    char name[300];

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(both); i++)
        for (size_t d = 0; d < 2; d++)
            if (rn_sql_check_table(dialects[d], both[i]) != RN_E_CONFIG)
                fail_msg("taken: \"%s\"", both[i]);
    for (size_t i = 0; i < RN_COUNTOF(databricks); i++)
        if (rn_sql_check_table(RN_SQL_DATABRICKS, databricks[i]) != RN_E_CONFIG)
            fail_msg("taken: \"%s\"", databricks[i]);
    for (size_t i = 0; i < RN_COUNTOF(synapse); i++)
        if (rn_sql_check_table(RN_SQL_SYNAPSE, synapse[i]) != RN_E_CONFIG)
            fail_msg("taken: \"%s\"", synapse[i]);
    /* With its suffix a name is not too long for the engine. */
    for (size_t d = 0; d < 2; d++) {
        size_t most = (d == 0 ? 255 : 128) - RN_SQL_SUFFIX;

        memset(name, 'a', sizeof name);
        name[most] = '\0';
        assert_int_equal(rn_sql_check_table(dialects[d], name), RN_OK);
        name[most] = 'a';
        name[most + 1] = '\0';
        assert_int_equal(rn_sql_check_table(dialects[d], name), RN_E_CONFIG);
    }
}

static void a_bad_table_never_reaches_a_statement(void **state)
{
    struct rn_sql q = start(RN_SQL_SYNAPSE, 64);

    (void)state;
    rn_sql_table(&q, "a; DROP TABLE b", "");
    assert_int_equal(rn_out_flush(&sink.out), RN_E_CONFIG);
}

/* -- types ---------------------------------------------------------------- */

static void each_type_has_one_in_each_dialect(void **state)
{
    static const struct {
        struct rn_col col;
        const char *databricks, *synapse, *small;
    } samples[] = {
        { { .type = RN_BOOL }, "BOOLEAN", "bit", "bit" },
        { { .type = RN_I64, .bits = 8 }, "TINYINT", "smallint", "smallint" },
        { { .type = RN_I64, .bits = 16 }, "SMALLINT", "smallint", "smallint" },
        { { .type = RN_I64, .bits = 32 }, "INT", "int", "int" },
        { { .type = RN_I64, .bits = 64 }, "BIGINT", "bigint", "bigint" },
        { { .type = RN_I64 }, "BIGINT", "bigint", "bigint" },
        { { .type = RN_F64 }, "DOUBLE", "float", "float" },
        { { .type = RN_F64, .bits = 32 }, "FLOAT", "real", "real" },
        { { .type = RN_DECIMAL, .precision = 38, .scale = 10 },
          "DECIMAL(38, 10)",
          "decimal(38, 10)",
          "decimal(38, 10)" },
        { { .type = RN_DATE }, "DATE", "date", "date" },
        { { .type = RN_TIME }, "STRING", "time(6)", "time(6)" },
        { { .type = RN_TIME, .millis = true }, "STRING", "time(3)", "time(3)" },
        { { .type = RN_TIMESTAMP, .utc = true },
          "TIMESTAMP",
          "datetime2(6)",
          "datetime2(6)" },
        { { .type = RN_TIMESTAMP },
          "TIMESTAMP_NTZ",
          "datetime2(6)",
          "datetime2(6)" },
        { { .type = RN_TIMESTAMP, .millis = true },
          "TIMESTAMP_NTZ",
          "datetime2(3)",
          "datetime2(3)" },
        { { .type = RN_TEXT }, "STRING", "nvarchar(max)", "nvarchar(4000)" },
        { { .type = RN_TEXT, .json = true },
          "STRING",
          "nvarchar(max)",
          "nvarchar(4000)" },
        { { .type = RN_BLOB }, "BINARY", "varbinary(max)", "varbinary(8000)" },
        { { .type = RN_UUID },
          "STRING",
          "uniqueidentifier",
          "uniqueidentifier" },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(samples); i++) {
        struct rn_schema one = { &samples[i].col, 1 };
        struct rn_sql q = start(RN_SQL_DATABRICKS, 64);

        rn_sql_type(&q, &samples[i].col);
        assert_string_equal(text(), samples[i].databricks);
        assert_false(rn_sql_needs_heap(&q, &one));
        q = start(RN_SQL_SYNAPSE, 64);
        rn_sql_type(&q, &samples[i].col);
        assert_string_equal(text(), samples[i].synapse);
        assert_int_equal(rn_sql_needs_heap(&q, &one),
                         strstr(got, "(max)") != NULL);
        q = start(RN_SQL_SYNAPSE, 64);
        q.max_cell = samples[i].col.type == RN_BLOB ? 8000 : 4000;
        rn_sql_type(&q, &samples[i].col);
        assert_string_equal(text(), samples[i].small);
        assert_false(rn_sql_needs_heap(&q, &one));
    }
}

static const struct rn_col two[] = {
    { .name = RN_LIT("a"), .type = RN_I64 },
    { .name = RN_LIT("b ` ] c"), .type = RN_TEXT },
};
static const struct rn_schema two_columns = { two, 2 };

static void columns_are_names_and_types(void **state)
{
    struct rn_sql q = start(RN_SQL_DATABRICKS, 5);

    (void)state;
    rn_sql_columns(&q, &two_columns);
    assert_string_equal(text(), "(`a` BIGINT, `b `` ] c` STRING)");
    q = start(RN_SQL_SYNAPSE, 5);
    rn_sql_columns(&q, &two_columns);
    assert_string_equal(text(), "([a] bigint, [b ` ]] c] nvarchar(max))");
    q = start(RN_SQL_DATABRICKS, 5);
    rn_sql_run_columns(&q, &two_columns);
    assert_string_equal(text(), "(`a` BIGINT, `b `` ] c` STRING, "
                                "`_runnel_run` STRING)");
    q = start(RN_SQL_SYNAPSE, 5);
    rn_sql_run_columns(&q, &two_columns);
    assert_string_equal(text(), "([a] bigint, [b ` ]] c] nvarchar(max), "
                                "[_runnel_run] nvarchar(64))");
}

/* -- columns that no table can have --------------------------------------- */

static int check(enum rn_sql_dialect d, struct rn_bytes a, struct rn_bytes b,
                 struct rn_error *error)
{
    struct rn_col col[] = { { .name = a, .type = RN_I64 },
                            { .name = b, .type = RN_I64 } };
    struct rn_schema schema = { col, 2 };

    rn_error_clear(error);
    return rn_sql_check_columns(d, &schema, error);
}

static void a_column_that_no_table_can_have_is_named(void **state)
{
    static char longest[400];
    struct rn_error error;

    (void)state;
    memset(longest, 'n', sizeof longest);
    for (size_t i = 0; i < 2; i++) {
        enum rn_sql_dialect d = dialects[i];
        size_t most = d == RN_SQL_DATABRICKS ? 255 : 128;
        struct rn_bytes fits = { (uint8_t *)longest, most };
        struct rn_bytes over = { (uint8_t *)longest, most + 1 };

        assert_int_equal(check(d, RN_STR("a"), fits, &error), RN_OK);
        assert_int_equal(check(d, RN_STR("a"), over, &error), RN_E_CONFIG);
        assert_int_equal(check(d, RN_STR("Name"), RN_STR("nAME"), &error),
                         RN_E_CONFIG);
        assert_non_null(strstr(error.text, "\"nAME\""));
        assert_int_equal(error.where, RN_AT_WAREHOUSE);
        assert_int_equal(check(d, RN_STR("a"), RN_STR("_Runnel_Run"), &error),
                         RN_E_CONFIG);
        assert_non_null(strstr(error.text, "_Runnel_Run"));
        assert_int_equal(check(d, RN_STR("a"), RN_STR(""), &error),
                         RN_E_CONFIG);
        assert_int_equal(check(d, RN_STR("a"), RN_STR("x\0y"), &error),
                         RN_E_CONFIG);
    }
}

static void a_table_in_synapse_has_1024_columns_with_ours(void **state)
{
    static struct rn_col col[1024];
    static char name[1024][8];
    struct rn_schema schema = { col, 1024 };
    struct rn_error error;

    (void)state;
    for (size_t i = 0; i < 1024; i++) {
        (void)snprintf(name[i], sizeof name[i], "c%zu", i);
        col[i].name = rn_bytes_of(name[i]);
        col[i].type = RN_I64;
    }
    rn_error_clear(&error);
    assert_int_equal(rn_sql_check_columns(RN_SQL_DATABRICKS, &schema, &error),
                     RN_OK);
    assert_int_equal(rn_sql_check_columns(RN_SQL_SYNAPSE, &schema, &error),
                     RN_E_CONFIG);
    schema.n = 1023;
    rn_error_clear(&error);
    assert_int_equal(rn_sql_check_columns(RN_SQL_SYNAPSE, &schema, &error),
                     RN_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_quoted_is_read_back),
        cmocka_unit_test(quoting_is_that_of_the_dialect),
        cmocka_unit_test(a_variable_of_spark_is_no_variable),
        cmocka_unit_test(what_no_quoting_carries_is_refused),
        cmocka_unit_test(numbers_are_digits),
        cmocka_unit_test(a_table_is_quoted_part_by_part),
        cmocka_unit_test(what_is_no_table_is_refused),
        cmocka_unit_test(a_bad_table_never_reaches_a_statement),
        cmocka_unit_test(each_type_has_one_in_each_dialect),
        cmocka_unit_test(columns_are_names_and_types),
        cmocka_unit_test(a_column_that_no_table_can_have_is_named),
        cmocka_unit_test(a_table_in_synapse_has_1024_columns_with_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
