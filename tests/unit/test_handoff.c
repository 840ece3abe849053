/* test_handoff.c: whatever a name holds, the printed code reads it back, in
 * every language, and no secret is in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sink.h"
#include "warehouse/handoff.h"

static const enum rn_language languages[] = { RN_LANG_SQL, RN_LANG_PYTHON,
                                              RN_LANG_SCALA, RN_LANG_R };

static char got[100000];
static struct sink sink;

static struct rn_out *start(size_t size)
{
    sink_init(&sink, size, got, sizeof got - 1);
    return &sink.out;
}

static const char *text(void)
{
    assert_int_equal(rn_out_flush(&sink.out), RN_OK);
    got[sink.n] = '\0';
    return got;
}

static struct rn_config job(void)
{
    struct rn_config c;

    memset(&c, 0, sizeof c);
    c.path = "orders.ini";
    c.job.name = "orders-2.eu";
    c.store.url = "https://acct.blob.core.windows.net/box/pre";
    c.auth.token = "sig=very-secret";
    c.databricks.wanted = true;
    c.databricks.host = "https://adb-1.2.azuredatabricks.net";
    c.databricks.token = "dapi-very-secret";
    c.databricks.location = "";
    c.databricks.table = "main.sales.orders";
    c.synapse.wanted = true;
    c.synapse.connection = "Server=x;UID=sa;PWD=very-secret";
    c.synapse.table = "dbo.orders";
    c.connect.wanted = true;
    c.connect.catalog = "syn";
    c.connect.connection = "";
    c.connect.host = "ws.sql.azuresynapse.net";
    c.connect.port = 1433;
    c.connect.database = "pool";
    c.connect.scope = "vault";
    c.connect.user_key = "user";
    c.connect.password_key = "word";
    return c;
}

static const char *code(const struct rn_config *c, enum rn_language language)
{
    struct rn_error error;

    rn_error_clear(&error);
    int err = rn_handoff(c, language, start(50), &error);
    if (err < 0)
        print_error("%s\n", error.text);
    assert_int_equal(err, RN_OK);
    return text();
}

/* -- readers, each by its language's own rules ----------------------------- */

static int number(const char **p, int digits, int base)
{
    char word[9] = { 0 }, *end;
    int n;

    memcpy(word, *p, (size_t)digits);
    n = (int)strtol(word, &end, base);
    assert_ptr_equal(end, word + digits);
    *p += digits;
    return n;
}

/* What follows a backslash; *p is behind it. */
static int escaped(enum rn_language language, const char **p)
{
    char c = *(*p)++;

    if (language == RN_LANG_SQL) {
        assert_true(strchr("\\'{", c) && c);
        return c;
    }
    switch (c) {
    case '\\':
    case '"':
        return c;
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'x':
        assert_int_equal(language, RN_LANG_PYTHON);
        return number(p, 2, 16);
    case 'u':
        /* Older Scala reads it before anything else: it must be no byte that
         * would end the literal.
         */
        assert_int_equal(language, RN_LANG_SCALA);
        return number(p, 4, 16);
    default:
        assert_int_equal(language, RN_LANG_R);
        *p -= 1;
        return number(p, 3, 8);
    }
}

/* The literal that begins at *p; *p is behind it then. */
static size_t read_literal(enum rn_language language, const char **p, char *to)
{
    char quote = language == RN_LANG_SQL ? '\'' : '"';
    size_t n = 0;

    assert_int_equal(*(*p)++, quote);
    while (**p != quote) {
        char c = *(*p)++;

        assert_true(c != '\0');
        if (c == '\\') {
            int value = escaped(language, p);

            assert_in_range(value, 1, 127);
            c = (char)value;
        } else if (language != RN_LANG_SQL) {
            assert_true((unsigned char)c >= ' ' && c != 0x7f);
        }
        to[n++] = c;
    }
    *p += 1;
    to[n] = 0;
    return n;
}

/* The `which`th literal of the code (from 0) into `to`; false past the last.
 * Comments are those of the language.
 */
static bool literal_at(enum rn_language language, const char *p, size_t which,
                       char *to)
{
    static const char *const comment[] = { "--", "#", "//", "#" };
    char quote = language == RN_LANG_SQL ? '\'' : '"';

    while (*p) {
        if (strncmp(p, comment[language], strlen(comment[language])) == 0) {
            p += strcspn(p, "\n");
        } else if (language == RN_LANG_SQL && *p == '`') {
            /* A name: to its end, where doubled ones stand for one. */
            for (p++; *p != '`' || p[1] == '`'; p++)
                p += *p == '`';
            p++;
        } else if (*p == quote) {
            (void)read_literal(language, &p, to);
            if (which-- == 0)
                return true;
        } else {
            p++;
        }
    }
    return false;
}

static bool has_literal(enum rn_language language, const char *from,
                        const char *what)
{
    static char at[5000];

    for (size_t i = 0; literal_at(language, from, i, at); i++) {
        if (strcmp(at, what) == 0)
            return true;
    }
    print_error("no literal %s in\n%s\n", what, from);
    return false;
}

/* -- literals -------------------------------------------------------------- */

static struct rn_bytes hostile(char *to, size_t n, unsigned seed)
{
    static const char *const piece[] = { "'",
                                         "\"",
                                         "\"\"\"",
                                         "\\",
                                         "\n",
                                         "\r",
                                         "\t",
                                         "\x01",
                                         "\x7f",
                                         "#",
                                         "//",
                                         "--",
                                         "/*",
                                         "*/",
                                         "\\u0022",
                                         "\\",
                                         "u0022",
                                         "x22",
                                         "042",
                                         "`",
                                         "${x}",
                                         "$x",
                                         "{x}",
                                         "%s",
                                         "\xc3\xbc",
                                         "\xf0\x9f\x92\xa5",
                                         "\xe2\x80\xa8",
                                         ")",
                                         ";",
                                         "a" };
    size_t len = 0;

    while (len < n) {
        seed = seed * 1103515245u + 12345;
        const char *s = piece[(seed >> 16) % RN_COUNTOF(piece)];
        if (len + strlen(s) > n)
            s = "x";
        memcpy(to + len, s, strlen(s));
        len += strlen(s);
    }
    return (struct rn_bytes){ (const uint8_t *)to, len };
}

static void what_is_a_literal_is_read_back(void **state)
{
    static char from[400], back[1200];

    (void)state;
    for (unsigned i = 0; i < 8000; i++) {
        enum rn_language language = languages[i % 4];
        struct rn_bytes b = hostile(from, i % sizeof from, i);
        const char *p;

        rn_handoff_literal(start(1 + i % 90), language, b);
        p = text();
        assert_int_equal(read_literal(language, &p, back), b.n);
        assert_memory_equal(back, from, b.n);
        assert_int_equal(*p, 0);
    }
}

static void what_no_text_is_fails(void **state)
{
    static const char *const bad[] = { "a\xff", "\xc3", "\xed\xa0\x80" };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(languages); i++) {
        for (size_t k = 0; k < RN_COUNTOF(bad); k++) {
            rn_handoff_literal(start(30), languages[i], rn_bytes_of(bad[k]));
            assert_int_equal(rn_out_flush(&sink.out), RN_E_CONFIG);
        }
        rn_handoff_literal(start(30), languages[i],
                           (struct rn_bytes){ (const uint8_t *)"a\0b", 3 });
        assert_int_equal(rn_out_flush(&sink.out), RN_E_CONFIG);
    }
}

/* -- code ------------------------------------------------------------------ */

static void every_way_to_read_is_there(void **state)
{
    struct rn_config c = job();

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(languages); i++) {
        const char *s = code(&c, languages[i]);
        const char *catalog = strstr(s, "FROM `syn`.`dbo`.`orders`");
        const char *older = strstr(s, "com.databricks.spark.sqldw");
        const char *table = strstr(s, "FROM `main`.`sales`.`orders`");

        /* The catalog first: it is the way that needs least. */
        assert_true(catalog && older && table);
        assert_true(catalog < older && older < table);
        assert_true(has_literal(
            languages[i], s,
            "jdbc:sqlserver://ws.sql.azuresynapse.net:1433;database=pool;"
            "encrypt=true;trustServerCertificate=false;loginTimeout=30"));
        assert_true(has_literal(
            languages[i], s,
            "abfss://box@acct.dfs.core.windows.net/runnel-handoff"));
        assert_true(has_literal(languages[i], s, "vault"));
        assert_true(has_literal(languages[i], s, "word"));
        assert_true(has_literal(languages[i], s, "dbo.orders"));
        assert_null(strstr(s, "very-secret"));
        assert_null(strstr(s, "PWD"));
    }
}

static void hostile_names_are_read_back(void **state)
{
    struct rn_config c = job();

    (void)state;
    c.databricks.table = "main.`sa\"l\\'es`.`or``d\ner #s`";
    c.synapse.table = "[d]]b\"o].[o'r\\d\ters]";
    c.connect.catalog = "s`y\"n";
    c.connect.database = "po}ol;user=sa'\"\\";
    c.connect.scope = "va\"u'l\\t";
    for (size_t i = 1; i < RN_COUNTOF(languages); i++) {
        const char *s = code(&c, languages[i]);

        assert_true(has_literal(
            languages[i], s, "SELECT * FROM `s``y\"n`.`d]b\"o`.`o'r\\d\ters`"));
        assert_true(
            has_literal(languages[i], s,
                        "SELECT * FROM `main`.`sa\"l\\'es`.`or``d\ner #s`"));
        assert_true(has_literal(languages[i], s,
                                "SELECT * FROM [d]]b\"o].[o'r\\d\ters]"));
        assert_true(has_literal(languages[i], s, "[d]]b\"o].[o'r\\d\ters]"));
        assert_true(has_literal(languages[i], s, "va\"u'l\\t"));
        assert_true(has_literal(
            languages[i], s,
            "jdbc:sqlserver://ws.sql.azuresynapse.net:1433;database={po}}ol;"
            "user=sa'\"\\};encrypt=true;trustServerCertificate=false;"
            "loginTimeout=30"));
    }
    const char *s = code(&c, RN_LANG_SQL);
    assert_non_null(strstr(s, "FROM `s``y\"n`.`d]b\"o`.`o'r\\d\ters` LIMIT"));
    assert_true(has_literal(RN_LANG_SQL, s, "po}ol;user=sa'\"\\"));
    assert_true(has_literal(RN_LANG_SQL, s, "va\"u'l\\t"));
    assert_true(has_literal(RN_LANG_SQL, s, "[d]]b\"o].[o'r\\d\ters]"));
}

static void what_is_missing_is_said(void **state)
{
    struct rn_config c;

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(languages); i++) {
        const char *s;

        c = job();
        c.connect.wanted = false;
        s = code(&c, languages[i]);
        assert_non_null(strstr(s, "the job has no [connect]."));
        assert_non_null(strstr(s, "`main`.`sales`.`orders`"));
        assert_null(strstr(s, "sqldw"));

        c = job();
        c.synapse.wanted = false;
        assert_non_null(strstr(code(&c, languages[i]), "no [synapse] with a"));

        c = job();
        c.databricks.table = "";
        s = code(&c, languages[i]);
        assert_non_null(strstr(s, "[databricks] with a table."));
        assert_non_null(strstr(s, "`syn`.`dbo`.`orders`"));

        c = job();
        c.synapse.load = RN_SYNAPSE_EXTERNAL;
        s = code(&c, languages[i]);
        assert_non_null(strstr(s, "serverless"));
        assert_null(strstr(s, "com.databricks"));

        c = job();
        c.store.url = "file:///data";
        s = code(&c, languages[i]);
        assert_non_null(strstr(s, "needs a container"));
        assert_null(strstr(s, "com.databricks"));
    }
}

static void nothing_to_read_and_bad_names_are_refused(void **state)
{
    struct rn_error error;
    struct rn_config c = job();

    (void)state;
    c.databricks.wanted = c.connect.wanted = false;
    rn_error_clear(&error);
    assert_int_equal(rn_handoff(&c, RN_LANG_R, start(9), &error), RN_E_CONFIG);
    assert_non_null(strstr(error.text, "nothing to read"));
    c = job();
    c.databricks.table = "a b";
    for (size_t i = 0; i < RN_COUNTOF(languages); i++) {
        rn_error_clear(&error);
        assert_int_equal(rn_handoff(&c, languages[i], start(9), &error),
                         RN_E_CONFIG);
        assert_int_equal(rn_error_exit(&error), 2);
    }
}

static void any_buffer_gives_the_same_code(void **state)
{
    static char first[20000];
    struct rn_config c = job();
    struct rn_error error;

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(languages); i++) {
        snprintf(first, sizeof first, "%s", code(&c, languages[i]));
        for (size_t size = 1; size < 300; size++) {
            rn_error_clear(&error);
            assert_int_equal(rn_handoff(&c, languages[i], start(size), &error),
                             RN_OK);
            assert_string_equal(text(), first);
        }
    }
}

static void languages_have_their_names(void **state)
{
    enum rn_language l;

    (void)state;
    assert_int_equal(rn_language_of("sql", &l), RN_OK);
    assert_int_equal(l, RN_LANG_SQL);
    assert_int_equal(rn_language_of("r", &l), RN_OK);
    assert_int_equal(l, RN_LANG_R);
    assert_int_equal(rn_language_of("R", &l), RN_E_CONFIG);
    assert_int_equal(rn_language_of("", &l), RN_E_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_a_literal_is_read_back),
        cmocka_unit_test(what_no_text_is_fails),
        cmocka_unit_test(every_way_to_read_is_there),
        cmocka_unit_test(hostile_names_are_read_back),
        cmocka_unit_test(what_is_missing_is_said),
        cmocka_unit_test(nothing_to_read_and_bad_names_are_refused),
        cmocka_unit_test(any_buffer_gives_the_same_code),
        cmocka_unit_test(languages_have_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
