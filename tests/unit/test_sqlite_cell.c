/* test_sqlite_cell.c: a stored value arrives as its column's type, or not at
 * all, and never as something else.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "row/date.h"
#include "row/type.h"
#include "sqlite_fixture.h"

/* What a value should become. */
enum fate {
    AS_IS,     /* the column takes it                                 */
    CONVERTED, /* only on_mismatch = convert takes it, and counts it  */
    REFUSED    /* no policy but null takes it                         */
};

struct sample {
    const char *declared; /* and after a '|' what [types] says */
    const char *literal;
    enum fate fate;
    struct rn_cell expect;
};

#define I(t, v)                \
    {                          \
        .type = t, .as.i64 = v \
    }
#define D(v)                        \
    {                               \
        .type = RN_F64, .as.f64 = v \
    }
#define B(t, v)                          \
    {                                    \
        .type = t, .as.bytes = RN_LIT(v) \
    }
#define UUID_BYTES \
    "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff"
#define NONE            \
    {                   \
        .type = RN_NULL \
    }

static const struct sample samples[] = {
    { "INTEGER", "9223372036854775807", AS_IS, I(RN_I64, INT64_MAX) },
    { "INTEGER", "-9223372036854775808", AS_IS, I(RN_I64, INT64_MIN) },
    { "INTEGER", "0", AS_IS, I(RN_I64, 0) },
    { "INTEGER", "NULL", AS_IS, NONE },
    { "INTEGER", "2.0", AS_IS, I(RN_I64, 2) },   /* stored as integer */
    { "INTEGER", "'12'", AS_IS, I(RN_I64, 12) }, /* stored as integer */
    { "INTEGER", "1e15", AS_IS, I(RN_I64, 1000000000000000) },
    { "INTEGER", "-4611686018427387904.0", AS_IS,
      I(RN_I64, -4611686018427387904) },
    { "INTEGER", "9223372036854775808", REFUSED, NONE },
    { "INTEGER", "1e300", REFUSED, NONE },
    { "INTEGER", "9e999", REFUSED, NONE },
    { "INTEGER", "2.5", REFUSED, NONE },
    { "INTEGER", "'abc'", REFUSED, NONE },
    { "INTEGER", "''", REFUSED, NONE },
    { "INTEGER", "x'31'", REFUSED, NONE },

    { "DOUBLE", "1.5", AS_IS, D(1.5) },
    { "DOUBLE", "3", AS_IS, D(3) },
    { "DOUBLE", "-0.0", AS_IS, D(0) },
    { "DOUBLE", "9e999", AS_IS, D(INFINITY) },
    { "DOUBLE", "-9e999", AS_IS, D(-INFINITY) },
    { "DOUBLE", "9e999 - 9e999", AS_IS, NONE }, /* SQLite has no NaN */
    { "DOUBLE", "5e-324", AS_IS, D(4.9406564584124654e-324) },
    { "DOUBLE", "1.7976931348623157e308", AS_IS, D(DBL_MAX) },
    { "DOUBLE", "'abc'", REFUSED, NONE },
    { "DOUBLE", "x'00'", REFUSED, NONE },

    { "BOOLEAN", "1", AS_IS, I(RN_BOOL, 1) },
    { "BOOLEAN", "FALSE", AS_IS, I(RN_BOOL, 0) },
    { "BOOLEAN", "'True'", CONVERTED, I(RN_BOOL, 1) },
    { "BOOLEAN", "'false'", CONVERTED, I(RN_BOOL, 0) },
    { "BOOLEAN", "2", REFUSED, NONE },
    { "BOOLEAN", "-1", REFUSED, NONE },
    { "BOOLEAN", "'yes'", REFUSED, NONE },
    { "BOOLEAN", "''", REFUSED, NONE },
    { "BOOLEAN", "0.5", REFUSED, NONE },

    { "TEXT", "'abc'", AS_IS, B(RN_TEXT, "abc") },
    { "TEXT", "''", AS_IS, B(RN_TEXT, "") },
    { "TEXT", "CAST(x'610062' AS TEXT)", AS_IS, B(RN_TEXT, "a\0b") },
    { "TEXT", "CAST(x'ff' AS TEXT)", AS_IS, B(RN_TEXT, "\xff") },
    { "TEXT", "5", AS_IS, B(RN_TEXT, "5") }, /* stored as text */
    { "TEXT", "x'6162'", REFUSED, NONE },
    { "JSON", "5", CONVERTED, B(RN_TEXT, "5") },
    { "JSON", "-9223372036854775808", CONVERTED,
      B(RN_TEXT, "-9223372036854775808") },
    { "JSON", "0.1", CONVERTED, B(RN_TEXT, "0.1") },
    { "JSON", "9e999", REFUSED, NONE },

    { "BLOB", "x'00ff'", AS_IS, B(RN_BLOB, "\0\xff") },
    { "BLOB", "x''", AS_IS, B(RN_BLOB, "") },
    { "BLOB", "zeroblob(3)", AS_IS, B(RN_BLOB, "\0\0\0") },
    { "BLOB", "'abc'", CONVERTED, B(RN_BLOB, "abc") },
    { "BLOB", "''", CONVERTED, B(RN_BLOB, "") },
    { "BLOB", "5", REFUSED, NONE },

    { "DECIMAL(10,2)", "12.5", AS_IS, B(RN_DECIMAL, "12.50") },
    { "DECIMAL(10,2)", "-7", AS_IS, B(RN_DECIMAL, "-7.00") },
    { "DECIMAL(10,2)", "0.1", AS_IS, B(RN_DECIMAL, "0.10") },
    { "DECIMAL(10,2)", "-0.0", AS_IS, B(RN_DECIMAL, "0.00") },
    { "DECIMAL(10,2)", "99999999.99", AS_IS, B(RN_DECIMAL, "99999999.99") },
    { "DECIMAL(10,2)", "100000000", REFUSED, NONE },
    { "DECIMAL(10,2)", "0.1 + 0.2", REFUSED, NONE },
    { "DECIMAL(10,2)", "1e-320", REFUSED, NONE },
    { "DECIMAL(10,2)", "9e999", REFUSED, NONE },
    { "DECIMAL(10,2)", "'abc'", REFUSED, NONE },
    { "DECIMAL(10,2)", "x'31'", REFUSED, NONE },

    { "DATE", "'2026-11-22'", AS_IS, I(RN_DATE, 20779) },
    { "DATE", "'0001-01-01'", AS_IS, I(RN_DATE, RN_DAY_MIN) },
    { "DATE", "'9999-12-31'", AS_IS, I(RN_DATE, RN_DAY_MAX) },
    { "DATE", "'2026-11-22 00:00:00'", CONVERTED, I(RN_DATE, 20779) },
    { "DATE", "1795305600", CONVERTED, I(RN_DATE, 20779) },
    { "DATE", "2440587.5", CONVERTED, I(RN_DATE, 0) },
    { "DATE", "20261122", REFUSED, NONE },
    { "DATE", "'2026-11-22 10:00:00'", REFUSED, NONE },
    { "DATE", "'2026-02-30'", REFUSED, NONE },
    { "DATE", "''", REFUSED, NONE },

    { "TIME", "'10:11'", AS_IS, I(RN_TIME, 36660000000) },
    { "TIME", "'23:59:59.999999'", AS_IS, I(RN_TIME, RN_US_DAY - 1) },
    { "TIME", "'24:00'", REFUSED, NONE },
    { "TIME", "36660", REFUSED, NONE },

    { "DATETIME", "'2026-11-22 10:11:12'", AS_IS,
      I(RN_TIMESTAMP, 1795342272000000) },
    { "DATETIME", "'2026-11-22T10:11:12.5Z'", AS_IS,
      I(RN_TIMESTAMP, 1795342272500000) },
    { "DATETIME", "'2026-11-22T12:11:12+02:00'", AS_IS,
      I(RN_TIMESTAMP, 1795342272000000) },
    { "DATETIME", "1795342272", AS_IS, I(RN_TIMESTAMP, 1795342272000000) },
    { "DATETIME", "-1", AS_IS, I(RN_TIMESTAMP, -1000000) },
    { "DATETIME", "2440587.25", AS_IS, I(RN_TIMESTAMP, -21600000000) },
    { "DATETIME", "julianday('2026-11-22 10:11:12.345')", AS_IS,
      I(RN_TIMESTAMP, 1795342272345000) },
    { "DATETIME", "julianday('0001-01-01')+0.25", AS_IS,
      I(RN_TIMESTAMP, RN_DAY_MIN *RN_US_DAY + RN_US_DAY / 4) },
    { "DATETIME", "1795342272000", REFUSED, NONE },
    { "DATETIME", "9223372036854775807", REFUSED, NONE },
    { "DATETIME", "1e300", REFUSED, NONE },
    { "DATETIME", "9e999", REFUSED, NONE },
    { "DATETIME", "'2026-06-30 23:59:60'", REFUSED, NONE },
    { "DATETIME", "'soon'", REFUSED, NONE },
    { "DATETIME", "x'00'", REFUSED, NONE },

    { "UUID", "x'00112233445566778899aabbccddeeff'", AS_IS,
      B(RN_UUID, UUID_BYTES) },
    { "UUID", "'00112233-4455-6677-8899-aabbccddeeff'", AS_IS,
      B(RN_UUID, UUID_BYTES) },
    { "uniqueidentifier", "'00112233-4455-6677-8899-AABBCCDDEEFF'", AS_IS,
      B(RN_UUID, UUID_BYTES) },
    { "UUID", "NULL", AS_IS, NONE },
    { "UUID", "'00112233445566778899aabbccddeeff'", CONVERTED,
      B(RN_UUID, UUID_BYTES) },
    { "UUID", "'{00112233-4455-6677-8899-aabbccddeeff}'", CONVERTED,
      B(RN_UUID, UUID_BYTES) },
    { "UUID", "x'00112233445566778899aabbccddee'", REFUSED, NONE },
    { "UUID", "x'00112233445566778899aabbccddeeff00'", REFUSED, NONE },
    { "UUID", "x''", REFUSED, NONE },
    { "UUID", "''", REFUSED, NONE },
    { "UUID", "'00112233-4455-6677-8899-aabbccddeef'", REFUSED, NONE },
    { "UUID", "'00112233-4455-6677-8899-aabbccddeefg'", REFUSED, NONE },
    { "UUID", "5", REFUSED, NONE },
    { "UUID", "1.5", REFUSED, NONE },
};

/* What [types] says counts, whatever the declaration. */
static const struct sample ruled[] = {
    { "TEXT|int16", "'12'", CONVERTED, I(RN_I64, 12) },
    { "TEXT|int16", "'x'", REFUSED, NONE },
    { "INTEGER|int8", "5", AS_IS, I(RN_I64, 5) },
    { "INTEGER|double", "5", AS_IS, D(5) },
    { "REAL|float", "0.1", AS_IS, D(0.1) }, /* rounded later, for all */
    { "INTEGER|bool", "1", AS_IS, I(RN_BOOL, 1) },
    { "INTEGER|bool", "2", REFUSED, NONE },
    { "INTEGER|decimal(3,2)", "5", AS_IS, B(RN_DECIMAL, "5.00") },
    { "INTEGER|decimal(3,2)", "50", REFUSED, NONE },
    { "TEXT|date", "'2026-11-22'", AS_IS, I(RN_DATE, 20779) },
    { "TEXT|time", "'10:11'", AS_IS, I(RN_TIME, 36660000000) },
    { "INTEGER|timestamp", "1795342272", AS_IS,
      I(RN_TIMESTAMP, 1795342272000000) },
    { "TEXT|timestamp_ntz", "'2026-11-22 10:11:12'", AS_IS,
      I(RN_TIMESTAMP, 1795342272000000) },
    { "DATETIME|timestamp_ntz", "'2026-11-22'", AS_IS,
      I(RN_TIMESTAMP, 1795305600000000) },
    { "TEXT|timestamp_ntz", "'2026-11-22 10:11:12Z'", REFUSED, NONE },
    { "TEXT|timestamp_ntz", "'2026-11-22 10:11:12+02:00'", REFUSED, NONE },
    { "DATETIME|timestamp_ntz", "1795342272", REFUSED, NONE },
    { "DATETIME|timestamp_ntz", "2440587.25", REFUSED, NONE },
    { "DATETIME|timestamp_ntz", "x'00'", REFUSED, NONE },
    { "INTEGER|text", "5", CONVERTED, B(RN_TEXT, "5") },
    { "TEXT|json", "'{}'", AS_IS, B(RN_TEXT, "{}") },
    { "BLOB|json", "x'7b7d'", REFUSED, NONE },
    { "BLOB|uuid", "x'00112233445566778899aabbccddeeff'", AS_IS,
      B(RN_UUID, UUID_BYTES) },
    { "TEXT|uuid", "'00112233-4455-6677-8899-aabbccddeeff'", AS_IS,
      B(RN_UUID, UUID_BYTES) },
    { "UUID|text", "'00112233-4455-6677-8899-aabbccddeeff'", AS_IS,
      B(RN_TEXT, "00112233-4455-6677-8899-aabbccddeeff") },
    { "TEXT|blob", "'abc'", CONVERTED, B(RN_BLOB, "abc") },
};

static void assert_cell(const struct sample *s, const struct rn_cell *got)
{
    const struct rn_cell *want = &s->expect;
    if (got->type != want->type)
        fail_msg("%s %s has type %d", s->declared, s->literal, (int)got->type);
    switch (want->type) {
    case RN_NULL:
        return;
    case RN_F64:
        if (!(got->as.f64 == want->as.f64))
            fail_msg("%s %s is another double", s->declared, s->literal);
        return;
    case RN_TEXT:
    case RN_BLOB:
    case RN_UUID:
    case RN_DECIMAL:
        if (!rn_bytes_equal(got->as.bytes, want->as.bytes))
            fail_msg("%s %s is \"%.*s\"", s->declared, s->literal,
                     (int)got->as.bytes.n, (const char *)got->as.bytes.p);
        return;
    default:
        if (got->as.i64 != want->as.i64)
            fail_msg("%s %s is %lld", s->declared, s->literal,
                     (long long)got->as.i64);
    }
}

static const char *rule_of(const struct sample *s)
{
    const char *bar = strchr(s->declared, '|');
    return bar != NULL ? bar + 1 : NULL;
}

/* A table for each sample, in one database. */
static void make_all(struct fixture *f, const struct sample *list, size_t n)
{
    static char script[(RN_COUNTOF(samples) + RN_COUNTOF(ruled)) * 160];
    size_t len = 0;
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(script + len, sizeof script - len,
                                "CREATE TABLE t%zu(v %.*s);"
                                "INSERT INTO t%zu VALUES(%s);\n",
                                i, (int)strcspn(list[i].declared, "|"),
                                list[i].declared, i, list[i].literal);
    fixture_make(f, script);
}

static void set_rule(struct fixture *f, const char *word)
{
    static struct rn_type_rule rule;
    const char *instead;
    f->config.types_n = 0;
    if (word == NULL)
        return;
    rule.column = "v";
    assert_int_equal(rn_type_parse(word, &rule.as, &instead), RN_OK);
    f->config.types = &rule;
    f->config.types_n = 1;
}

static void check_one(struct fixture *f, const struct sample *s,
                      enum rn_policy policy)
{
    bool taken =
        s->fate == AS_IS || (s->fate == CONVERTED && policy == RN_ON_CONVERT);
    int got = f->source->cls->next(f->source, &f->row);
    if (got != (taken || policy == RN_ON_NULL ? 1 : RN_E_VALUE))
        fail_msg("%s %s: %d %s", s->declared, s->literal, got, f->error.text);
    if (got < 0) {
        fixture_says(f, "row 1, column \"v\"");
        fixture_says(f, rule_of(s) ? "(in [types])" : "(as declared)");
        return;
    }
    if (taken)
        assert_cell(s, &f->row.cell[0]);
    else
        assert_int_equal(f->row.cell[0].type, RN_NULL);
    assert_int_equal(f->source->counts.converted,
                     taken && s->fate == CONVERTED);
    assert_int_equal(f->source->counts.nulled, !taken);
}

static void check_list(struct fixture *f, const struct sample *list, size_t n)
{
    static const enum rn_policy policies[] = { RN_ON_ERROR, RN_ON_CONVERT,
                                               RN_ON_NULL };
    make_all(f, list, n);
    f->config.source.memory = 1 << 20; /* the schema has many tables */
    for (size_t p = 0; p < RN_COUNTOF(policies); p++) {
        f->config.source.on_mismatch = policies[p];
        for (size_t i = 0; i < n; i++) {
            char query[40];
            snprintf(query, sizeof query, "SELECT v FROM t%zu", i);
            set_rule(f, rule_of(&list[i]));
            fixture_start(f, query);
            check_one(f, &list[i], policies[p]);
        }
    }
}

static void every_value_meets_its_fate_under_every_policy(void **state)
{
    check_list(*state, samples, RN_COUNTOF(samples));
}

static void what_types_says_counts_whatever_the_declaration(void **state)
{
    check_list(*state, ruled, RN_COUNTOF(ruled));
}

static void a_mismatch_says_what_to_do(void **state)
{
    struct fixture *f = *state;
    f->config.source.database = ":memory:";
    set_rule(f, "timestamp_ntz");
    fixture_start(f, "SELECT '2026-11-22T10:00+02:00' AS v");
    assert_int_equal(fixture_drain(f), RN_E_VALUE);
    fixture_says(f, "type timestamp_ntz (in [types]): a local time is text "
                    "without an offset");
    set_rule(f, "decimal(5,2)");
    fixture_start(f, "SELECT 'x' AS v");
    assert_int_equal(fixture_drain(f), RN_E_VALUE);
    fixture_says(f, "does not fit the column's type decimal(5,2)");
}

/* Columns without a declaration are typed by the sampled first rows. */
static void later_values_are_held_to_the_sampled_type(void **state)
{
    struct fixture *f = *state;
    f->config.source.sample = 2;
    f->config.source.on_mismatch = RN_ON_CONVERT;
    fixture_make(f, "CREATE TABLE t(n INTEGER PRIMARY KEY, i, d, s, b, x);"
                    "INSERT INTO t(i,d,s,b,x) VALUES"
                    "(1, 1.5, 'a', x'00', NULL), (NULL, 2, 'b', NULL, NULL),"
                    "(-3.0, '0.25', 4, 'text', 1), ('-12', 7, 0.5, x'', 'y'),"
                    "(1, 9007199254740993, 's', x'', 'z');");
    fixture_start(f, "SELECT i, d, s, b, x FROM t ORDER BY n");
    static const enum rn_type types[] = { RN_I64, RN_F64, RN_TEXT, RN_BLOB,
                                          RN_TEXT };
    for (size_t i = 0; i < RN_COUNTOF(types); i++)
        assert_int_equal(f->source->schema.col[i].type, types[i]);
    fixture_row(f);
    fixture_row(f);
    assert_true(f->row.cell[1].as.f64 == 2);
    assert_int_equal(f->source->counts.converted, 0);
    fixture_row(f);
    assert_int_equal(f->row.cell[0].as.i64, -3);
    assert_true(f->row.cell[1].as.f64 == 0.25);
    assert_memory_equal(f->row.cell[2].as.bytes.p, "4", 1);
    assert_memory_equal(f->row.cell[3].as.bytes.p, "text", 4);
    assert_memory_equal(f->row.cell[4].as.bytes.p, "1", 1);
    assert_int_equal(f->source->counts.converted, 5);
    fixture_row(f);
    assert_int_equal(f->row.cell[0].as.i64, -12);
    assert_memory_equal(f->row.cell[2].as.bytes.p, "0.5", 3);
    assert_int_equal(f->source->counts.converted, 7);
    assert_int_equal(fixture_drain(f), RN_E_VALUE);
    fixture_says(f, "row 5, column \"d\": the integer 9007199254740993");
}

static void text_becomes_a_number_only_in_its_own_notation(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *as;
        const char *text;
    } bad[] = {
        { "1", "'012'" },
        { "1", "'+1'" },
        { "1", "' 1'" },
        { "1", "'1 '" },
        { "1", "'1.0'" },
        { "1", "'-0'" },
        { "1", "'0x10'" },
        { "1", "'1e2'" },
        { "1", "-0.0" },
        { "1", "1.0e19" },
        { "1", "'9223372036854775808'" },
        { "1.5", "'1.50'" },
        { "1.5", "'.5'" },
        { "1.5", "'inf'" },
        { "1.5", "'nan'" },
        { "1.5", "''" },
        { "1.5", "'1e999'" },
        { "1.5", "'0.1000000000000000055'" },
    };
    f->config.source.database = ":memory:";
    f->config.source.sample = 1;
    f->config.source.on_mismatch = RN_ON_CONVERT;
    for (size_t i = 0; i < RN_COUNTOF(bad); i++) {
        char query[120];
        snprintf(query, sizeof query, "SELECT %s AS v UNION ALL SELECT %s",
                 bad[i].as, bad[i].text);
        fixture_start(f, query);
        fixture_row(f);
        if (f->source->cls->next(f->source, &f->row) != RN_E_VALUE)
            fail_msg("%s was taken for a number", bad[i].text);
        fixture_says(f, "row 2, column \"v\"");
    }
}

static void a_message_shows_little_of_a_value_and_nothing_unprintable(
    void **state)
{
    struct fixture *f = *state;
    f->config.source.database = ":memory:";
    f->config.source.sample = 1;
    fixture_start(f, "SELECT 1 AS v UNION ALL "
                     "SELECT char(27)||'[31m'||hex(zeroblob(500))");
    assert_int_equal(fixture_drain(f), RN_E_VALUE);
    fixture_says(f, "the text \"?[31m0000");
    fixture_says(f, "0\"...");
    assert_true(strlen(f->error.text) < 300);

    fixture_start(f, "SELECT 1 AS v UNION ALL SELECT x'00ff'");
    assert_int_equal(fixture_drain(f), RN_E_VALUE);
    fixture_says(f, "a blob of 2 bytes (x'00ff')");
}

#define T(name) \
    cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(every_value_meets_its_fate_under_every_policy),
        T(what_types_says_counts_whatever_the_declaration),
        T(a_mismatch_says_what_to_do),
        T(later_values_are_held_to_the_sampled_type),
        T(text_becomes_a_number_only_in_its_own_notation),
        T(a_message_shows_little_of_a_value_and_nothing_unprintable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
