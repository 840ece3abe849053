/* test_source_sqlite.c: what a query may do, and how it ends when it cannot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fewer.h"
#include "sqlite_fixture.h"

#define COUNT_TO(n)                                                 \
    "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM t " \
    "WHERE i < " n ") "

static void rows_come_in_order_to_the_end(void **state)
{
    struct fixture *f = *state;
    fixture_make(f, "CREATE TABLE t(id INTEGER, name TEXT);"
                    "INSERT INTO t VALUES(1,'one'),(2,NULL),(3,'');");
    fixture_start(f, "SELECT * FROM t ORDER BY id; -- that is all\n ;");
    assert_int_equal(f->source->schema.n, 2);
    assert_memory_equal(f->source->schema.col[1].name.p, "name", 4);

    fixture_row(f);
    assert_int_equal(f->row.cell[0].as.i64, 1);
    assert_int_equal(f->row.cell[1].as.bytes.n, 3);
    fixture_row(f);
    assert_int_equal(f->row.cell[1].type, RN_NULL);
    fixture_row(f);
    assert_int_equal(f->row.cell[1].type, RN_TEXT);
    assert_int_equal(f->row.cell[1].as.bytes.n, 0);
    fixture_end(f);
    assert_int_equal(f->source->counts.rows, 3);
}

static void a_query_can_be_asked_again(void **state)
{
    struct fixture *f = *state;
    fixture_make(f, "CREATE TABLE t(id INTEGER); INSERT INTO t VALUES(1),(2);");
    fixture_start(f, "SELECT id, id||'' FROM t WHERE id > :after");
    for (int times = 0; times < 3; times++) {
        f->binding.after.type = times == 2 ? RN_I64 : RN_NULL;
        f->binding.after.as.i64 = 1;
        assert_int_equal(f->source->cls->query(f->source, &f->binding), 0);
        assert_int_equal(fixture_drain(f), 0);
        assert_int_equal(f->source->counts.rows, times == 2 ? 1 : 2);
    }
}

static void no_rows_is_a_result_with_columns(void **state)
{
    struct fixture *f = *state;
    fixture_make(f, "CREATE TABLE t(a INT, b);");
    fixture_start(f, "SELECT a, b, a+1 AS \"\", 1 AS a FROM t");
    assert_int_equal(f->source->schema.n, 4);
    assert_int_equal(f->source->schema.col[1].type, RN_TEXT);
    assert_int_equal(f->source->schema.col[2].name.n, 0);
    assert_memory_equal(f->source->schema.col[3].name.p, "a", 1);
    fixture_end(f);
    assert_int_equal(f->source->counts.rows, 0);
}

static void a_bound_value_is_compared_as_it_was_given(void **state)
{
    struct fixture *f = *state;
    fixture_make(f, "CREATE TABLE t(v); INSERT INTO t VALUES"
                    "(1),(2.5),('a'),('b'),(x'00'),(NULL);");
    f->config.source.watermark = "v";
    static const struct {
        struct rn_cell cell;
        unsigned rows;
    } marks[] = {
        { { .type = RN_NULL }, 5 },
        { { .type = RN_I64, .as.i64 = 1 }, 4 },
        { { .type = RN_F64, .as.f64 = 2.5 }, 3 },
        { { .type = RN_TEXT, .as.bytes = RN_LIT("a") }, 2 },
        { { .type = RN_BLOB, .as.bytes = RN_LIT("") }, 1 },
        { { .type = RN_BLOB, .as.bytes = RN_LIT("\0") }, 0 },
    };
    f->config.source.on_mismatch = RN_ON_NULL;
    for (size_t i = 0; i < RN_COUNTOF(marks); i++) {
        f->binding.watermark = marks[i].cell;
        fixture_start(f, "SELECT v FROM t WHERE v > :watermark");
        assert_int_equal(fixture_drain(f), 0);
        assert_int_equal(f->source->counts.rows, marks[i].rows);
    }
}

static void native_gives_the_value_that_was_stored(void **state)
{
    struct fixture *f = *state;
    fixture_make(f, "CREATE TABLE t(v TIMESTAMP, i INT, b BLOB, d DATE);"
                    "INSERT INTO t VALUES(1700000000, 7, x'0102', NULL),"
                    "(2460000.5, 8, x'', '2026-11-22'),"
                    "('2026-11-22 01:02:03', 9, NULL, NULL);");
    fixture_start(f, "SELECT * FROM t");
    struct rn_cell c;
    fixture_row(f);
    f->source->cls->native(f->source, 0, &c);
    assert_int_equal(c.type, RN_I64);
    assert_int_equal(c.as.i64, 1700000000);
    f->source->cls->native(f->source, 2, &c);
    assert_int_equal(c.type, RN_BLOB);
    assert_int_equal(c.as.bytes.n, 2);
    fixture_row(f);
    f->source->cls->native(f->source, 0, &c);
    assert_int_equal(c.type, RN_F64);
    assert_true(c.as.f64 == 2460000.5);
    f->source->cls->native(f->source, 3, &c);
    assert_int_equal(c.type, RN_TEXT);
    assert_memory_equal(c.as.bytes.p, "2026-11-22", 10);
    fixture_row(f);
    f->source->cls->native(f->source, 0, &c);
    assert_int_equal(c.type, RN_TEXT);
    assert_int_equal(c.as.bytes.n, 19);
    f->source->cls->native(f->source, 3, &c);
    assert_int_equal(c.type, RN_NULL);
}

static const struct {
    const char *query;
    const char *says;
} refusals[] = {
    { "ATTACH 'x.db' AS x", "ATTACH" },
    { "DETACH main", "DETACH" },
    { "PRAGMA journal_mode", "PRAGMA journal_mode" },
    { "INSERT INTO t VALUES(2)", "writing to t" },
    { "INSERT INTO t VALUES(2) RETURNING id", "writing to t" },
    { "UPDATE t SET id=2", "writing to t" },
    { "DELETE FROM t", "deleting from t" },
    { "CREATE TABLE u(a)", "refused" },
    { "CREATE TEMP TABLE u(a)", "refused" },
    { "DROP TABLE t", "refused" },
    { "ALTER TABLE t ADD COLUMN x", "refused" },
    { "VACUUM INTO 'copy.db'", "no rows" },
    { "REINDEX", "no rows" },
    { "COMMIT", "COMMIT" },
    { "SAVEPOINT a", "savepoint" },
    { "SELECT load_extension('x')", "load_extension" },
    { "SELECT 1; SELECT 2", "after it comes \"SELECT 2\"" },
    { "SELECT 1; DROP TABLE t", "one statement" },
    { "SELECT 1; garbage", "garbage" },
    { "", "empty" },
    { "-- nothing", "empty" },
    { "SELECT * FROM t WHERE id = :id", ":id" },
    { "SELECT * FROM t WHERE id = @after", "@after" },
    { "SELECT * FROM t WHERE id = ?", "?" },
    { "SELECT * FORM t", "syntax error" },
    { "SELECT absent FROM t", "no such column: absent" },
    { "SELECT \"absent\" FROM t", "no such column" },
    { "SELECT * FROM nowhere", "no such table" },
};

static void a_query_that_does_not_just_read_is_refused(void **state)
{
    struct fixture *f = *state;
    fixture_make(f, "CREATE TABLE t(id INTEGER); INSERT INTO t VALUES(1);");
    for (size_t i = 0; i < RN_COUNTOF(refusals); i++) {
        if (fixture_query(f, refusals[i].query) >= 0)
            fail_msg("%s was let through", refusals[i].query);
        fixture_says(f, refusals[i].says);
        assert_int_equal(f->error.code, RN_E_CONFIG);
    }
    fixture_start(f, "SELECT count(*) FROM t");
    fixture_row(f);
    assert_int_equal(f->row.cell[0].as.i64, 1);
}

static void a_watermark_that_is_no_column_is_refused(void **state)
{
    struct fixture *f = *state;
    fixture_make(f, "CREATE TABLE t(id INTEGER);");
    f->config.source.watermark = "changed";
    assert_int_equal(fixture_query(f, "SELECT id FROM t"), RN_E_CONFIG);
    fixture_says(f, "\"changed\"");
    f->config.source.watermark = "id";
    fixture_start(f, "SELECT id FROM t");
}

static void what_is_no_database_is_said_to_be_none(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(fixture_query(f, "SELECT 1"), RN_E_SOURCE);
    fixture_says(f, f->path);
    fixture_says(f, "exist");

    FILE *file = fopen(f->path, "w");
    assert_non_null(file);
    for (int i = 0; i < 4096; i++)
        fputs("id,name\n", file);
    fclose(file);
    assert_int_equal(fixture_query(f, "SELECT 1"), RN_E_SOURCE);
    fixture_says(f, "not a SQLite database");
}

static void a_sort_beyond_the_slice_ends_with_what_helps(void **state)
{
    struct fixture *f = *state;
    fixture_make(
        f,
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v INT, pad TEXT);"
        "INSERT INTO t " COUNT_TO(
            "20000") "SELECT i, (i * 7919) % 20011, hex(zeroblob(50)) FROM t;");
    static const char *const hungry[] = {
        "SELECT * FROM t ORDER BY v",
        "SELECT v, count(*) FROM t GROUP BY v, pad",
        "SELECT DISTINCT v, pad FROM t",
    };
    for (size_t i = 0; i < RN_COUNTOF(hungry); i++) {
        int err = fixture_query(f, hungry[i]);
        if (err == RN_OK)
            err = fixture_drain(f);
        assert_int_equal(err, RN_E_FULL);
        assert_int_equal(f->error.where, RN_AT_SOURCE);
        fixture_says(f, "slice of 192 KiB");
        fixture_says(f, "index");
        fixture_says(f, "source.memory");
    }
    fixture_start(f, "SELECT * FROM t WHERE id < 500 ORDER BY v");
    assert_int_equal(fixture_drain(f), 0);
    fixture_close(f);

    fixture_make(f, "CREATE INDEX tv ON t(v);");
    fixture_start(f, "SELECT * FROM t ORDER BY v");
    assert_int_equal(fixture_drain(f), 0);
    assert_int_equal(f->source->counts.rows, 20000);
    fixture_close(f);

    f->config.source.memory = 16 << 20;
    fixture_start(f, "SELECT *, v+1 FROM t ORDER BY pad, v");
    assert_int_equal(fixture_drain(f), 0);
}

static void memory_does_not_grow_with_rows(void **state)
{
    struct fixture *f = *state;
    f->config.source.database = ":memory:";
    size_t peak[2];
    f->binding.after.type = RN_I64;
    for (int i = 0; i < 2; i++) {
        f->binding.after.as.i64 = i == 0 ? 1000 : 1000000 / fewer_by();
        fixture_start(
            f, COUNT_TO(
                   ":after") "SELECT i, i*1.5, 'row '||i%1000, zeroblob(i%100) "
                             "FROM t");
        assert_int_equal(fixture_drain(f), 0);
        assert_int_equal(f->source->counts.rows, f->binding.after.as.i64);
        peak[i] = f->source->memory_peak;
    }
    assert_int_equal(peak[0], peak[1]);
    assert_in_range(peak[0], 1, 192 << 10);
}

static void a_value_that_cannot_be_held_is_named(void **state)
{
    struct fixture *f = *state;
    fixture_make(f, "CREATE TABLE t(id INTEGER PRIMARY KEY, small, big);"
                    "INSERT INTO t VALUES(1,'a',x'00'),"
                    "(2,'b',zeroblob(10000000)),(3,'c',NULL);");
    /* Undeclared columns are met while sampling, declared ones in next(). */
    for (int declared = 0; declared < 2; declared++) {
        int err = fixture_query(f, "SELECT id, small, big FROM t ORDER BY id;");
        if (err == RN_OK)
            err = fixture_drain(f);
        assert_int_equal(err, RN_E_VALUE);
        fixture_says(f, "row 2, column \"big\"");
        fixture_close(f);
        fixture_make(f, "CREATE TABLE u(id INTEGER PRIMARY KEY, small TEXT,"
                        "big BLOB); INSERT INTO u SELECT * FROM t;"
                        "DROP TABLE t; ALTER TABLE u RENAME TO t;");
    }
    int err = fixture_query(f, "SELECT 1 AS a, zeroblob(1000000000) AS b");
    if (err == RN_OK)
        err = fixture_drain(f);
    assert_int_equal(err, RN_E_VALUE);
    fixture_says(f, "row 1, ");
    fixture_says(f, "cannot be held");

    fixture_start(f, "SELECT id, CASE WHEN length(big) < 100 THEN big END "
                     "FROM t");
    assert_int_equal(fixture_drain(f), 0);
}

static void values_of_max_cell_fit_in_the_default_slice(void **state)
{
    struct fixture *f = *state;
    fixture_make(f, "CREATE TABLE t(id INTEGER, a TEXT, b BLOB);"
                    "INSERT INTO t VALUES(1, hex(zeroblob(32768)), NULL),"
                    "(2, NULL, zeroblob(65536)), (3, 'x', x'00'),"
                    "(4, hex(zeroblob(32768)), x'00');");
    static const size_t sizes[][2] = {
        { 65536, 0 }, { 0, 65536 }, { 1, 1 }, { 65536, 1 }
    };
    fixture_start(f, "SELECT id, a, b FROM t");
    for (size_t i = 0; i < RN_COUNTOF(sizes); i++) {
        fixture_row(f);
        for (size_t k = 0; k < 2; k++) {
            if (f->row.cell[1 + k].type != RN_NULL)
                assert_int_equal(f->row.cell[1 + k].as.bytes.n, sizes[i][k]);
        }
    }
    fixture_end(f);
}

static void large_pages_work_in_a_slice_that_says_so(void **state)
{
    struct fixture *f = *state;
    fixture_make(
        f, "PRAGMA page_size=65536; CREATE TABLE t(a INT, b TEXT);"
           "INSERT INTO t " COUNT_TO("50000") "SELECT i, 'row '||i FROM t;");
    int err = fixture_query(f, "SELECT * FROM t");
    if (err == RN_OK)
        err = fixture_drain(f);
    assert_int_equal(err, RN_E_FULL);
    fixture_says(f, "65536");
    f->config.source.memory = 512 << 10;
    fixture_start(f, "SELECT * FROM t");
    assert_int_equal(fixture_drain(f), 0);
    assert_int_equal(f->source->counts.rows, 50000);
}

static void a_locked_database_is_waited_for_and_then_named(void **state)
{
    struct fixture *f = *state;
    char command[256], flag[128];
    fixture_make(f, "CREATE TABLE t(id INTEGER); INSERT INTO t VALUES(1);");
    snprintf(flag, sizeof flag, "%s/locked", f->dir);
    snprintf(command, sizeof command, "sqlite3 %s", f->path);
    FILE *other = popen(command, "w");
    assert_non_null(other);
    fprintf(other, "BEGIN EXCLUSIVE;\n.shell touch %s\n", flag);
    fflush(other);
    while (access(flag, F_OK) != 0)
        usleep(1000);

    assert_int_equal(fixture_query(f, "SELECT * FROM t"), RN_E_SOURCE);
    fixture_says(f, f->path);
    fixture_says(f, "locked for 100 ms");

    /* The other lets go while we wait. */
    f->config.source.busy_ms = 60000;
    fprintf(other, ".shell sleep 0.3\nCOMMIT;\n.shell sleep 1\n");
    fflush(other);
    fixture_start(f, "SELECT * FROM t");
    fixture_row(f);
    pclose(other);
}

static void rows_are_of_one_snapshot_while_others_write(void **state)
{
    struct fixture *f = *state;
    fixture_make(f, "PRAGMA journal_mode=WAL; CREATE TABLE t(id INTEGER, v);"
                    "INSERT INTO t " COUNT_TO("1000") "SELECT i, i FROM t;");
    fixture_start(f, "SELECT id, v FROM t");
    assert_int_equal(f->source->schema.col[1].type, RN_I64);
    /* Types are known and no statement is under way: only the transaction
     * holds the snapshot.
     */
    fixture_make(f, "UPDATE t SET v='text'; DELETE FROM t WHERE id > 10;"
                    "ALTER TABLE t ADD COLUMN w;");
    assert_int_equal(fixture_drain(f), 0);
    assert_int_equal(f->source->counts.rows, 1000);
    assert_int_equal(f->source->cls->query(f->source, &f->binding), 0);
    assert_int_equal(fixture_drain(f), 0);
    assert_int_equal(f->source->counts.rows, 10);
}

static void damage_in_the_middle_is_an_error_not_an_end(void **state)
{
    struct fixture *f = *state;
    fixture_make(f, "CREATE TABLE t(id INTEGER, pad TEXT);"
                    "INSERT INTO t " COUNT_TO(
                        "5000") "SELECT i, hex(zeroblob(50)) FROM t;");
    FILE *file = fopen(f->path, "r+");
    assert_non_null(file);
    fseek(file, 40 * 4096, SEEK_SET);
    for (int i = 0; i < 4096; i++)
        fputc(0xa5, file);
    fclose(file);
    fixture_start(f, "SELECT * FROM t");
    assert_int_equal(fixture_drain(f), RN_E_SOURCE);
    assert_in_range(f->source->counts.rows, 100, 4900);
    fixture_says(f, "damaged");
    fixture_says(f, "integrity_check");
}

static void as_many_columns_as_sqlite_gives(void **state)
{
    struct fixture *f = *state;
    FILE *script = NULL;
    char *text = NULL;
    size_t len = 0;
    script = open_memstream(&text, &len);
    assert_non_null(script);
    fprintf(script, "CREATE TABLE w(c0 INT");
    for (int i = 1; i < 1600; i++)
        fprintf(script, ", c%d INT", i);
    fprintf(script, "); INSERT INTO w(c0, c1599) VALUES(1, 2);");
    fclose(script);
    fixture_make(f, text);
    assert_int_equal(fixture_query(f, "SELECT * FROM w"), RN_E_FULL);
    fixture_says(f, "source.memory");

    f->config.source.memory = 2 << 20;
    fixture_start(f, "SELECT * FROM w");
    assert_int_equal(f->source->schema.n, 1600);
    fixture_row(f);
    assert_int_equal(f->row.cell[0].as.i64, 1);
    assert_int_equal(f->row.cell[1].type, RN_NULL);
    assert_int_equal(f->row.cell[1599].as.i64, 2);
    fixture_end(f);
    free(text);
}

static void a_slice_of_any_size_ends_in_rows_or_a_clear_error(void **state)
{
    struct fixture *f = *state;
    fixture_make(f, "CREATE TABLE t(id INTEGER PRIMARY KEY, v, pad TEXT);"
                    "INSERT INTO t " COUNT_TO(
                        "300") "SELECT i, i*1.5, hex(zeroblob(i)) FROM t;");
    bool worked = false;
    for (size_t kib = 8; kib <= 256; kib += 4) {
        f->config.source.memory = kib << 10;
        int err = fixture_query(f, "SELECT id, v, pad||'x', pad FROM t "
                                   "ORDER BY pad DESC LIMIT 20");
        if (err == RN_OK)
            err = fixture_drain(f);
        if (err == RN_OK) {
            assert_int_equal(f->source->counts.rows, 20);
            worked = true;
        } else {
            assert_int_equal(err, RN_E_FULL);
            fixture_says(f, "KiB");
        }
    }
    assert_true(worked);
}

static void utf16_databases_give_utf8(void **state)
{
    struct fixture *f = *state;
    fixture_make(f, "PRAGMA encoding='UTF-16le'; CREATE TABLE t(a TEXT, b);"
                    "INSERT INTO t VALUES('h\xc3\xa9llo', '\xe2\x82\xac');");
    fixture_start(f, "SELECT a, b FROM t");
    fixture_row(f);
    assert_int_equal(f->row.cell[0].as.bytes.n, 6);
    assert_memory_equal(f->row.cell[0].as.bytes.p, "h\xc3\xa9llo", 6);
    assert_int_equal(f->row.cell[1].as.bytes.n, 3);
    fixture_end(f);
}

#define T(name) \
    cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(rows_come_in_order_to_the_end),
        T(a_query_can_be_asked_again),
        T(no_rows_is_a_result_with_columns),
        T(a_bound_value_is_compared_as_it_was_given),
        T(native_gives_the_value_that_was_stored),
        T(a_query_that_does_not_just_read_is_refused),
        T(a_watermark_that_is_no_column_is_refused),
        T(what_is_no_database_is_said_to_be_none),
        T(a_sort_beyond_the_slice_ends_with_what_helps),
        T(memory_does_not_grow_with_rows),
        T(a_value_that_cannot_be_held_is_named),
        T(values_of_max_cell_fit_in_the_default_slice),
        T(large_pages_work_in_a_slice_that_says_so),
        T(a_locked_database_is_waited_for_and_then_named),
        T(rows_are_of_one_snapshot_while_others_write),
        T(damage_in_the_middle_is_an_error_not_an_end),
        T(as_many_columns_as_sqlite_gives),
        T(a_slice_of_any_size_ends_in_rows_or_a_clear_error),
        T(utf16_databases_give_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
