/* test_sql_measure.c: a warehouse is asked for what the run itself knows. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "sink.h"
#include "warehouse/sql.h"

static char got[100000];
static struct sink sink;

static const struct rn_col all[] = {
    { .name = RN_LIT("b"), .type = RN_BOOL },
    { .name = RN_LIT("i"), .type = RN_I64 },
    { .name = RN_LIT("f"), .type = RN_F64 },
    { .name = RN_LIT("d"), .type = RN_DECIMAL, .precision = 12, .scale = 2 },
    { .name = RN_LIT("big"), .type = RN_DECIMAL, .precision = 38, .scale = 9 },
    { .name = RN_LIT("day"), .type = RN_DATE },
    { .name = RN_LIT("t"), .type = RN_TIME },
    { .name = RN_LIT("here"), .type = RN_TIMESTAMP },
    { .name = RN_LIT("utc"), .type = RN_TIMESTAMP, .utc = true },
    { .name = RN_LIT("x`]'$@"), .type = RN_TEXT },
    { .name = RN_LIT("bin"), .type = RN_BLOB },
    { .name = RN_LIT("id"), .type = RN_UUID },
};
static const struct rn_schema schema = { all, RN_COUNTOF(all) };

static const char *ask(enum rn_sql_dialect d, const struct rn_sql_measure *m)
{
    struct rn_sql q = { .out = &sink.out, .dialect = d };

    sink_init(&sink, 50, got, sizeof got - 1);
    rn_sql_measure(&q, m);
    assert_int_equal(rn_out_flush(&sink.out), RN_OK);
    got[sink.n] = '\0';
    return got;
}

/* Commas of the SELECT list itself; names here hold none. */
static unsigned cells_of(const char *sql)
{
    unsigned n = 1;
    int depth = 0;

    for (const char *end = strstr(sql, "\nFROM "); sql < end; sql++) {
        depth += (*sql == '(') - (*sql == ')');
        n += *sql == ',' && depth == 0;
    }
    assert_int_equal(depth, 0);
    return n;
}

static void the_statement_has_the_cells_that_are_counted(void **state)
{
    struct rn_sql_measure m = { .schema = &schema, .table = "s.t" };

    (void)state;
    for (m.first = 0; m.first < schema.n; m.first++)
        for (m.n = 0; m.first + m.n <= schema.n; m.n++)
            for (unsigned way = 0; way < 8; way++) {
                unsigned expect = 1;

                m.hash = way & 1;
                m.exact_doubles = way & 2;
                for (size_t i = 0; i < m.n; i++) {
                    unsigned c = rn_sql_measure_cells(&all[m.first + i]);

                    assert_true(c <= RN_SQL_MEASURE_CELLS);
                    expect += c;
                }
                assert_int_equal(
                    cells_of(
                        ask(way & 4 ? RN_SQL_SYNAPSE : RN_SQL_DATABRICKS, &m)),
                    expect);
            }
}

static void only_rows_of_the_run_are_measured(void **state)
{
    struct rn_sql_measure m = { .schema = &schema,
                                .table = "main.s.t",
                                .run = "20261122T101112-ab'cd" };

    (void)state;
    assert_string_equal(ask(RN_SQL_DATABRICKS, &m),
                        "SELECT count(*)\nFROM `main`.`s`.`t`\n"
                        "WHERE `_runnel_run` = '20261122T101112-ab\\'cd'");
    assert_string_equal(ask(RN_SQL_SYNAPSE, &m),
                        "SELECT COUNT_BIG(*)\nFROM [main].[s].[t]\n"
                        "WHERE [_runnel_run] = N'20261122T101112-ab''cd'");
    m.run = NULL;
    assert_string_equal(ask(RN_SQL_SYNAPSE, &m),
                        "SELECT COUNT_BIG(*)\nFROM [main].[s].[t]");
}

static void a_column_is_asked_in_the_words_of_the_dialect(void **state)
{
    struct rn_sql_measure m = {
        .schema = &schema, .first = 9, .n = 1, .table = "t"
    };

    (void)state;
    assert_string_equal(
        ask(RN_SQL_DATABRICKS, &m),
        "SELECT count(*),\n  count(`x``]'$@`), "
        "min(substr(hex(left(`x``]'$@`, 28)), 1, 56)), "
        "max(substr(hex(left(`x``]'$@`, 28)), 1, 56)), NULL, NULL\nFROM `t`");
    assert_string_equal(
        ask(RN_SQL_SYNAPSE, &m),
        "SELECT COUNT_BIG(*),\n  COUNT_BIG([x`]]'$@]), "
        "MIN(CONVERT(varchar(56), CONVERT(varbinary(28), CONVERT(varchar(112), "
        "LEFT([x`]]'$@] COLLATE Latin1_General_100_BIN2_UTF8, 28))), 2)), "
        "MAX(CONVERT(varchar(56), CONVERT(varbinary(28), CONVERT(varchar(112), "
        "LEFT([x`]]'$@] COLLATE Latin1_General_100_BIN2_UTF8, 28))), 2)), "
        "NULL, NULL\nFROM [t]");
    m.first = 1;
    m.hash = true;
    assert_string_equal(
        ask(RN_SQL_DATABRICKS, &m),
        "SELECT count(*),\n  count(`i`), CAST(min(`i`) AS STRING), "
        "CAST(max(`i`) AS STRING), "
        "CAST(sum(CAST(`i` AS DECIMAL(38, 0))) AS STRING), "
        "CAST(sum(CAST(conv(substr(md5(CAST(`i` AS STRING)), 1, 8), 16, 10) "
        "AS DECIMAL(20, 0))) AS STRING), "
        "CAST(sum(CAST(conv(substr(md5(CAST(`i` AS STRING)), 9, 8), 16, 10) "
        "AS DECIMAL(20, 0))) AS STRING)\nFROM `t`");
    assert_string_equal(
        ask(RN_SQL_SYNAPSE, &m),
        "SELECT COUNT_BIG(*),\n  COUNT_BIG([i]), "
        "CONVERT(varchar(20), MIN([i])), CONVERT(varchar(20), MAX([i])), "
        "CONVERT(varchar(41), SUM(CONVERT(decimal(38, 0), [i]))), "
        "CONVERT(varchar(41), SUM(CONVERT(decimal(20, 0), CONVERT(bigint, "
        "SUBSTRING(HASHBYTES('MD5', CONVERT(varchar(20), [i])), 1, 4))))), "
        "CONVERT(varchar(41), SUM(CONVERT(decimal(20, 0), CONVERT(bigint, "
        "SUBSTRING(HASHBYTES('MD5', CONVERT(varchar(20), [i])), 5, 4)))))"
        "\nFROM [t]");
}

static void a_sum_that_may_overflow_fails_no_statement(void **state)
{
    struct rn_sql_measure m = {
        .schema = &schema, .first = 4, .n = 1, .table = "t"
    };

    (void)state;
    assert_non_null(strstr(ask(RN_SQL_DATABRICKS, &m), "try_sum(`big`)"));
    assert_null(strstr(ask(RN_SQL_SYNAPSE, &m), "SUM("));
}

static void synapse_is_asked_for_doubles_only_where_files_keep_them(
    void **state)
{
    struct rn_sql_measure m = {
        .schema = &schema, .first = 2, .n = 1, .table = "t"
    };

    (void)state;
    assert_non_null(strstr(ask(RN_SQL_DATABRICKS, &m), "min("));
    assert_null(strstr(ask(RN_SQL_SYNAPSE, &m), "MIN("));
    m.exact_doubles = true;
    assert_non_null(strstr(ask(RN_SQL_SYNAPSE, &m), "MIN("));
}

/* -- answers -------------------------------------------------------------- */

static struct rn_measure_column column;

/* `cells` with commas between; "-" is NULL. */
static int answer(size_t at, bool hash, const char *cells)
{
    struct rn_sql_measure m = { .schema = &schema, .hash = hash };
    struct rn_bytes cell[RN_SQL_MEASURE_CELLS];
    size_t n = 0;

    for (;; n++) {
        size_t len = strcspn(cells, ",");

        assert_true(n < RN_SQL_MEASURE_CELLS);
        cell[n] = (struct rn_bytes){ (const uint8_t *)cells, len };
        if (len == 1 && *cells == '-')
            cell[n] = (struct rn_bytes){ NULL, 0 };
        cells += len;
        if (*cells++ == '\0')
            break;
    }
    assert_int_equal(n + 1, rn_sql_measure_cells(&all[at]));
    return rn_sql_measure_read(&m, at, cell, &column);
}

static void answers_are_read_in_one_form(void **state)
{
    static const struct {
        size_t at;
        const char *cells, *min, *max, *sum;
        uint64_t non_null;
    } samples[] = {
        { 0, "3,0,1,2,-,-", "0", "1", "2", 3 },
        { 1, "0,-,-,-,-,-", "", "", "", 0 },
        { 1, "2,-9,18446,18437,-,-", "-9", "18446", "18437", 2 },
        { 2, "2,-0.0,1.0E10", "0", "10000000000", "", 2 },
        { 2, "2,-,-", "", "", "", 2 },
        { 3, "2,0.50,12.00,12.5,-,-", "0.50", "12.00", "12.50", 2 },
        { 4, "2,0E-9,1.5E-7,-", "0.000000000", "0.000000150", "", 2 },
        { 5, "1,0001-01-01,9999-12-31,-,-", "0001-01-01", "9999-12-31", "", 1 },
        { 6, "1,10:11:12,10:11:12.5,-,-", "10:11:12.000000", "10:11:12.500000",
          "", 1 },
        { 7, "1,2026-11-22 10:11:12,2026-11-22 10:11:12.5,-,-",
          "2026-11-22T10:11:12.000000", "2026-11-22T10:11:12.500000", "", 1 },
        { 8, "1,-1,1970-01-01 00:00:00.000000,-,-",
          "1969-12-31T23:59:59.999999Z", "1970-01-01T00:00:00.000000Z", "", 1 },
        { 9, "1,,4F27c3A9,-,-", "", "O'\xc3\xa9", "", 1 },
        { 10, "5,-,-", "", "", "", 5 },
        { 11,
          "1,00112233-4455-6677-8899-AABBCCDDEEFF,"
          "ffffffff-4455-6677-8899-aabbccddeeff,-,-",
          "00112233-4455-6677-8899-aabbccddeeff",
          "ffffffff-4455-6677-8899-aabbccddeeff", "", 1 },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(samples); i++) {
        assert_int_equal(answer(samples[i].at, false, samples[i].cells), RN_OK);
        assert_true(column.known);
        assert_int_equal(column.non_null, samples[i].non_null);
        assert_string_equal(column.min, samples[i].min);
        assert_string_equal(column.max, samples[i].max);
        assert_string_equal(column.sum, samples[i].sum);
        assert_string_equal(column.hash, "");
    }
}

static void the_halves_of_a_hash_are_one_sum_modulo_two_to_the_64(void **state)
{
    (void)state;
    assert_int_equal(answer(10, true, "2,1,2"), RN_OK);
    assert_string_equal(column.hash, "0000000100000002");
    /* The low half carries into the high one, and that out of the number. */
    assert_int_equal(answer(10, true, "9,4294967295,4294967296"), RN_OK);
    assert_string_equal(column.hash, "0000000000000000");
    assert_int_equal(answer(10, true,
                            "9,18446744073709551617,18446744073709551"
                            "615"),
                     RN_OK);
    assert_string_equal(column.hash, "00000000ffffffff");
    assert_int_equal(answer(10, true, "0,-,-"), RN_OK);
    assert_string_equal(column.hash, "0000000000000000");
    assert_int_equal(answer(10, true, "1,-,-"), RN_E_PEER);
    assert_int_equal(answer(10, true, "1,-5,7"), RN_E_PEER);
    assert_int_equal(answer(10, true, "1,,7"), RN_E_PEER);
}

static void an_answer_that_is_none_is_refused(void **state)
{
    static const struct {
        size_t at;
        const char *cells;
    } samples[] = {
        { 0, "-,0,1,2,-,-" },
        { 0, "x,0,1,2,-,-" },
        { 0, "-1,0,1,2,-,-" },
        { 0, "3,0,yes,2,-,-" },
        { 0, "3,0,1,2.5,-,-" },
        { 1, "3,0,1e3,2,-,-" },
        { 5, "3,22.11.2026,2026-11-22,-,-" },
        { 9, "3,4,41,-,-" },
        { 9, "3,4x,41,-,-" },
        { 8, "3,now,0,-,-" },
        { 2, "3,nan,1" },
        { 9, "3,4141414141414141414141414141414141414141414141414141414141,"
             "41,-,-" },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(samples); i++)
        if (answer(samples[i].at, false, samples[i].cells) != RN_E_PEER)
            fail_msg("taken: %s", samples[i].cells);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_statement_has_the_cells_that_are_counted),
        cmocka_unit_test(only_rows_of_the_run_are_measured),
        cmocka_unit_test(a_column_is_asked_in_the_words_of_the_dialect),
        cmocka_unit_test(a_sum_that_may_overflow_fails_no_statement),
        cmocka_unit_test(
            synapse_is_asked_for_doubles_only_where_files_keep_them),
        cmocka_unit_test(answers_are_read_in_one_form),
        cmocka_unit_test(the_halves_of_a_hash_are_one_sum_modulo_two_to_the_64),
        cmocka_unit_test(an_answer_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
