/* test_sqlite_types.c: declared types become the columns that the rule says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <strings.h>

#include <cmocka.h>

#include "source/sqlite_types.h"

#include <sqlite3.h>

struct rule {
    const char *declared;
    enum rn_type type; /* RN_NULL: the values decide */
    int precision;
    int scale;
};

static const struct rule rules[] = {
    { "DATE", RN_DATE, 0, 0 },
    { "date", RN_DATE, 0, 0 },
    { "TIME", RN_TIME, 0, 0 },
    { "time(6)", RN_TIME, 0, 0 },
    { "DATETIME", RN_TIMESTAMP, 0, 0 },
    { "datetime2(7)", RN_TIMESTAMP, 0, 0 },
    { "TIMESTAMP", RN_TIMESTAMP, 0, 0 },
    { "timestamp with time zone", RN_TIMESTAMP, 0, 0 },
    { "BOOLEAN", RN_BOOL, 0, 0 },
    { "bool", RN_BOOL, 0, 0 },
    { "DECIMAL(10,2)", RN_DECIMAL, 10, 2 },
    { "numeric( 38 , 38 )", RN_DECIMAL, 38, 38 },
    { "DECIMAL(5)", RN_DECIMAL, 5, 0 },
    { "DEC(5, 0)", RN_DECIMAL, 5, 0 },
    { "DECIMAL", RN_NULL, 0, 0 },
    { "NUMERIC", RN_NULL, 0, 0 },
    { "DECIMAL(39,2)", RN_NULL, 0, 0 },
    { "DECIMAL(5,6)", RN_NULL, 0, 0 },
    { "DECIMAL(0)", RN_NULL, 0, 0 },
    { "DECIMAL(5,-2)", RN_NULL, 0, 0 },
    { "DECIMAL(1000,2)", RN_NULL, 0, 0 },
    { "DECIMAL(", RN_NULL, 0, 0 },
    { "DECIMAL(5", RN_NULL, 0, 0 },
    { "INTEGER", RN_I64, 0, 0 },
    { "int", RN_I64, 0, 0 },
    { "UNSIGNED BIG INT", RN_I64, 0, 0 },
    { "int8", RN_I64, 0, 0 },
    { "TINYINT(1)", RN_I64, 0, 0 },
    { "INTERVAL", RN_NULL, 0, 0 },
    { "POINT", RN_NULL, 0, 0 },
    { "FLOATING POINT", RN_F64, 0, 0 },
    { "VARCHAR(255)", RN_TEXT, 0, 0 },
    { "character varying(20)", RN_TEXT, 0, 0 },
    { "CLOB", RN_TEXT, 0, 0 },
    { "Text", RN_TEXT, 0, 0 },
    { "JSON", RN_TEXT, 0, 0 },
    { "JSONB", RN_NULL, 0, 0 },
    { "BLOB", RN_BLOB, 0, 0 },
    { "REAL", RN_F64, 0, 0 },
    { "float", RN_F64, 0, 0 },
    { "DOUBLE PRECISION", RN_F64, 0, 0 },
    { "UUID", RN_UUID, 0, 0 },
    { "uniqueidentifier", RN_UUID, 0, 0 },
    { "UUID(36)", RN_UUID, 0, 0 },
    { "UUID TEXT", RN_TEXT, 0, 0 },
    { "json", RN_TEXT, 0, 0 },
    { "JSON TEXT", RN_TEXT, 0, 0 },
    { "ANY", RN_NULL, 0, 0 },
    { "", RN_NULL, 0, 0 },
    { NULL, RN_NULL, 0, 0 },
};

static void a_declared_type_gives_the_column_of_the_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(rules); i++) {
        const struct rule *r = &rules[i];
        struct rn_col col = { .type = RN_NULL };
        bool decided = rn_sqlite_declared(r->declared, &col);
        if (decided != (r->type != RN_NULL) || col.type != r->type)
            fail_msg("%s gave %d", r->declared, (int)col.type);
        assert_int_equal(col.precision, r->precision);
        assert_int_equal(col.scale, r->scale);
        assert_int_equal(col.utc, r->type == RN_TIMESTAMP);
        assert_int_equal(col.bits, 0);
        assert_int_equal(col.json, r->declared != NULL &&
                                       strcasecmp(r->declared, "JSON") == 0);
    }
}

static void values_decide_where_no_declaration_does(void **state)
{
    (void)state;
    unsigned i = RN_SQLITE_BIT(SQLITE_INTEGER);
    unsigned f = RN_SQLITE_BIT(SQLITE_FLOAT);
    unsigned t = RN_SQLITE_BIT(SQLITE_TEXT);
    unsigned b = RN_SQLITE_BIT(SQLITE_BLOB);
    unsigned n = RN_SQLITE_BIT(SQLITE_NULL);
    assert_int_equal(rn_sqlite_seen(i), RN_I64);
    assert_int_equal(rn_sqlite_seen(i | n), RN_I64);
    assert_int_equal(rn_sqlite_seen(f), RN_F64);
    assert_int_equal(rn_sqlite_seen(i | f | n), RN_F64);
    assert_int_equal(rn_sqlite_seen(t), RN_TEXT);
    assert_int_equal(rn_sqlite_seen(b | n), RN_BLOB);
    assert_int_equal(rn_sqlite_seen(n), RN_TEXT);
    assert_int_equal(rn_sqlite_seen(0), RN_TEXT);
    assert_int_equal(rn_sqlite_seen(i | t), RN_TEXT);
    assert_int_equal(rn_sqlite_seen(b | t), RN_TEXT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_declared_type_gives_the_column_of_the_rule),
        cmocka_unit_test(values_decide_where_no_declaration_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
