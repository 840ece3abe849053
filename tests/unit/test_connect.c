/* test_connect.c: Databricks sees the Synapse of the job and no other, and no
 * statement has a password.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/databricks_kit.h"
#include "sink.h"
#include "warehouse/connect.h"

#define INFO(name, value) "[\"" name "\",\"" value "\"]"
#define CONNECTION_OK                                  \
    ROWS(INFO("Connection Name", "syn_host") "," INFO( \
        "Options", "((host,ws.sql.azuresynapse.net),(port,1433))"))
#define CATALOG_OK                             \
    ROWS(INFO("Catalog Name", "syn") "," INFO( \
        "Catalog Type", "FOREIGN") "," INFO("Options", "((database,pool))"))
#define NO_CONNECTION              \
    FAILED("BAD_REQUEST", "42704", \
           "[CONNECTION_NOT_FOUND] there is no such connection")
#define NO_CATALOG                 \
    FAILED("BAD_REQUEST", "42704", \
           "[NO_SUCH_CATALOG_EXCEPTION] there is no such catalog")

struct both {
    struct kit kit;
    struct rn_warehouse *connect;
    struct rn_arena mem;
};

static void configure(struct kit *k)
{
    kit_config(k);
    k->config.synapse.wanted = true;
    k->config.synapse.table = "dbo.orders";
    k->config.connect.wanted = true;
    k->config.connect.catalog = "syn";
    k->config.connect.connection = "";
    k->config.connect.host = "ws.sql.azuresynapse.net";
    k->config.connect.port = 1433;
    k->config.connect.database = "pool";
    k->config.connect.scope = "vault";
    k->config.connect.user_key = "user";
    k->config.connect.password_key = "word";
}

static void start(struct both *b, const struct rest_answer *a, size_t n)
{
    static _Alignas(max_align_t) uint8_t space[4096];

    kit_open(&b->kit, a, n);
    assert_in_range(rn_connect_need(&b->kit.config), 1, sizeof space);
    rn_arena_init(&b->mem, "test", space, rn_connect_need(&b->kit.config));
    assert_int_equal(rn_connect_open(b->kit.w, &b->mem, &b->connect), RN_OK);
}

static void stop(struct both *b)
{
    b->connect->cls->close(b->connect);
    kit_close(&b->kit);
}

static void says(const struct both *b, const char *words)
{
    if (!strstr(b->kit.error.text, words))
        print_error("%s\n", b->kit.error.text);
    assert_non_null(strstr(b->kit.error.text, words));
}

static int measure(struct both *b, uint64_t *rows)
{
    struct rn_measure m = { .rows = 99 };
    int err = b->connect->cls->measure(b->connect, &b->kit.dataset, false, &m);

    *rows = m.rows;
    return err;
}

/* -- making it ------------------------------------------------------------- */

static void what_is_missing_is_made_without_a_password(void **state)
{
    static const struct rest_answer a[] = {
        OK(NO_CATALOG),    OK(NO_CONNECTION), OK(DONE),
        OK(CONNECTION_OK), OK(DONE),          OK(NUMBER("0")),
    };
    struct both b;

    (void)state;
    configure(&b.kit);
    b.kit.config.connect.connection = "syn_host";
    start(&b, a, RN_COUNTOF(a));
    assert_int_equal(rn_connect_make(b.connect), RN_OK);
    assert_int_equal(rest_requests(&b.kit.server), RN_COUNTOF(a));
    assert_true(kit_sent(&b.kit, 0, "\"DESCRIBE CATALOG EXTENDED `syn`\""));
    assert_true(kit_sent(&b.kit, 1, "\"DESCRIBE CONNECTION `syn_host`\""));
    assert_true(kit_sent(
        &b.kit, 2,
        "\"CREATE CONNECTION IF NOT EXISTS `syn_host` TYPE sqldw OPTIONS (host "
        "'ws.sql.azuresynapse.net', port '1433', user secret('vault', 'user'), "
        "password secret('vault', 'word'))\""));
    assert_true(kit_sent(&b.kit, 4,
                         "\"CREATE FOREIGN CATALOG IF NOT EXISTS `syn` USING "
                         "CONNECTION `syn_host` OPTIONS (database 'pool')\""));
    stop(&b);
}

/* Making takes rights that whoever runs the job daily need not have. */
static void what_is_there_is_not_made_again(void **state)
{
    static const struct rest_answer a[] = { OK(CATALOG_OK), OK(CONNECTION_OK),
                                            OK(NUMBER("0")) };
    struct both b;

    (void)state;
    configure(&b.kit);
    start(&b, a, RN_COUNTOF(a));
    assert_int_equal(rn_connect_make(b.connect), RN_OK);
    assert_int_equal(rest_requests(&b.kit.server), RN_COUNTOF(a));
    for (size_t i = 0; i < RN_COUNTOF(a); i++)
        assert_int_equal(kit_times(&b.kit, i, "CREATE"), 0);
    stop(&b);
}

static void hostile_names_stay_names(void **state)
{
    static const struct rest_answer a[] = {
        OK(NO_CATALOG), OK(NO_CONNECTION), OK(DONE),        OK(DONE),
        OK(DONE),       OK(NUMBER("0")),   OK(NUMBER("3")),
    };
    struct both b;
    uint64_t rows;

    (void)state;
    configure(&b.kit);
    b.kit.config.connect.catalog = "s`yn";
    b.kit.config.connect.database = "po'ol";
    b.kit.config.connect.scope = "va'ult";
    b.kit.config.synapse.table = "[po'ol].[d]]b`o].[o.r ders]";
    start(&b, a, RN_COUNTOF(a));
    assert_int_equal(rn_connect_make(b.connect), RN_OK);
    assert_true(kit_sent(&b.kit, 2, "EXISTS `s``yn` TYPE"));
    assert_true(kit_sent(&b.kit, 2, "secret('va\\\\'ult', 'user')"));
    assert_true(kit_sent(&b.kit, 4, "(database 'po\\\\'ol')"));
    assert_int_equal(measure(&b, &rows), RN_OK);
    assert_int_equal(rows, 3);
    assert_true(kit_sent(&b.kit, 6, "FROM `s``yn`.`d]b``o`.`o.r ders` WHERE"));
    stop(&b);
}

static void one_that_leads_elsewhere_is_refused(void **state)
{
    static const struct {
        struct rest_answer a[4];
        size_t n;
        const char *words;
    } table[] = {
        { { OK(CATALOG_OK),
            OK(ROWS(INFO("Options", "((host,xws.sql.azuresynapse.net))"))) },
          2,
          "connection syn already, but its host is not "
          "ws.sql.azuresynapse.net" },
        { { OK(NO_CATALOG), OK(NO_CONNECTION), OK(DONE),
            OK(ROWS(INFO("host", "10.0.0.1"))) },
          4,
          "but its host is not" },
        { { OK(ROWS(INFO("Options", "((database,pool2))"))) },
          1,
          "catalog syn already, but its database is not pool" },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(table); i++) {
        struct both b;

        configure(&b.kit);
        start(&b, table[i].a, table[i].n);
        assert_int_equal(rn_connect_make(b.connect), RN_E_CONFIG);
        says(&b, table[i].words);
        assert_int_equal(rest_requests(&b.kit.server), table[i].n);
        stop(&b);
    }
}

static void what_nobody_tells_is_left_to_the_count(void **state)
{
    static const struct rest_answer table[][2] = {
        { OK(ROWS(INFO("Catalog Name", "syn"))),
          OK(ROWS(INFO("Connection Name", "syn"))) },
        { OK(ROWS(INFO("Options", "((database,*** redacted))"))),
          OK(ROWS(INFO("Options", "((host,***))"))) },
        { OK(FAILED("PERMISSION_DENIED", "42501", "[DENIED] not yours")),
          OK(FAILED("PERMISSION_DENIED", "42501", "[DENIED] not yours")) },
        { OK(ROWS("[\"database\",\"POOL\"],[null,null],[\"x\"]")),
          OK(NO_CONNECTION) },
        { OK(CATALOG_OK), OK(ROWS(INFO("Host", "WS.SQL.AzureSynapse.net"))) },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(table); i++) {
        struct rest_answer a[] = { table[i][0], table[i][1], OK(NUMBER("0")) };
        struct both b;

        configure(&b.kit);
        start(&b, a, RN_COUNTOF(a));
        assert_int_equal(rn_connect_make(b.connect), RN_OK);
        assert_int_equal(b.kit.error.code, RN_OK);
        assert_int_equal(rest_requests(&b.kit.server), 3);
        stop(&b);
    }
}

static void one_that_cannot_be_read_through_is_not_made(void **state)
{
    static const struct rest_answer a[] = {
        OK(CATALOG_OK), OK(CONNECTION_OK),
        OK(FAILED("BAD_REQUEST", "28000", "[FAILED_JDBC] Login failed"))
    };
    struct both b;

    (void)state;
    configure(&b.kit);
    start(&b, a, RN_COUNTOF(a));
    assert_int_equal(rn_connect_make(b.connect), RN_E_DENIED);
    says(&b, "Login failed");
    stop(&b);
}

/* -- looking through it ---------------------------------------------------- */

static void the_rows_of_this_run_are_counted_in_synapse(void **state)
{
    static const struct rest_answer a[] = { OK(NUMBER("30")) };
    struct both b;
    uint64_t rows;

    (void)state;
    configure(&b.kit);
    start(&b, a, 1);
    assert_int_equal(measure(&b, &rows), RN_OK);
    assert_int_equal(rows, 30);
    assert_true(kit_sent(&b.kit, 0,
                         "\"SELECT count(*) FROM `syn`.`dbo`.`orders` WHERE "
                         "`_runnel_run` = '" RUN "'\""));
    stop(&b);
}

static void a_table_without_schema_is_dbos(void **state)
{
    static const struct rest_answer a[] = { OK(NUMBER("0")) };
    struct both b;
    uint64_t rows;

    (void)state;
    configure(&b.kit);
    b.kit.config.synapse.table = "orders";
    start(&b, a, 1);
    assert_int_equal(measure(&b, &rows), RN_OK);
    assert_true(kit_sent(&b.kit, 0, "FROM `syn`.`dbo`.`orders` "));
    stop(&b);
}

/* Whoever reads the message must know which of the two places it is about. */
static void a_failure_names_the_catalog(void **state)
{
    static const struct rest_answer a[] = {
        OK(FAILED("BAD_REQUEST", "28000",
                  "[FAILED_JDBC.CONNECTION] Login failed for user")),
        OK(NO_TABLE),
    };
    struct both b;
    char before[sizeof b.kit.w->place];
    uint64_t rows;

    (void)state;
    configure(&b.kit);
    start(&b, a, 2);
    memcpy(before, b.kit.w->place, sizeof before);
    assert_int_equal(measure(&b, &rows), RN_E_DENIED);
    says(&b, "syn.dbo.orders");
    says(&b, "Login failed");
    assert_int_equal(b.kit.error.where, RN_AT_WAREHOUSE);
    assert_string_equal(b.kit.w->place, before);
    stop(&b);
}

/* -- check ----------------------------------------------------------------- */

static void a_check_changes_nothing(void **state)
{
    static const struct {
        struct rest_answer a[3];
        size_t n;
        enum rn_create create;
        int err;
    } table[] = {
        { { OK(NO_CATALOG), OK(NO_CONNECTION) },
          2,
          RN_CREATE_IF_MISSING,
          RN_OK },
        { { OK(NO_CATALOG), OK(CONNECTION_OK) }, 2, RN_CREATE_NEVER, RN_OK },
        { { OK(CATALOG_OK), OK(CONNECTION_OK), OK(NUMBER("0")) },
          3,
          RN_CREATE_NEVER,
          RN_OK },
        { { OK(CATALOG_OK), OK(CONNECTION_OK), OK(NO_TABLE) },
          3,
          RN_CREATE_IF_MISSING,
          RN_OK },
        { { OK(CATALOG_OK), OK(CONNECTION_OK), OK(NO_TABLE) },
          3,
          RN_CREATE_NEVER,
          RN_E_ABSENT },
        { { OK(CATALOG_OK), OK(CONNECTION_OK),
            OK(FAILED("X", "28000", "Login failed")) },
          3,
          RN_CREATE_IF_MISSING,
          RN_E_DENIED },
        { { OK(CATALOG_OK), OK(CONNECTION_OK), OK(NO_COLUMN) },
          3,
          RN_CREATE_IF_MISSING,
          RN_E_VALUE },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(table); i++) {
        struct both b;

        configure(&b.kit);
        b.kit.config.synapse.create = table[i].create;
        start(&b, table[i].a, table[i].n);
        assert_int_equal(b.connect->cls->check(b.connect), table[i].err);
        assert_int_equal(b.kit.error.code, table[i].err);
        assert_int_equal(rest_requests(&b.kit.server), table[i].n);
        for (size_t k = 0; k < table[i].n; k++)
            assert_int_equal(kit_times(&b.kit, k, "CREATE"), 0);
        stop(&b);
    }
}

/* -- jobs ------------------------------------------------------------------ */

static char long_name[300];

static void jobs_that_cannot_work_are_refused_before(void **state)
{
    struct rn_config good, bad[15];
    const char *words[15];
    size_t n = 0;
    struct kit k;
    struct rn_error error;

    (void)state;
    configure(&k);
    good = k.config;
    memset(long_name, 'n', sizeof long_name - 1);
#define BAD(set, text) (bad[n] = good, bad[n].set, words[n++] = (text))
    BAD(databricks.wanted = false, "[connect] needs [databricks]");
    BAD(databricks.load = RN_DATABRICKS_NONE, "[connect] needs [databricks]");
    BAD(databricks.warehouse = "", "[connect] needs [databricks]");
    BAD(synapse.wanted = false, "[connect] needs [synapse]");
    BAD(synapse.table = "", "[connect] needs [synapse]");
    BAD(synapse.table = "other.dbo.orders", "synapse.table");
    BAD(synapse.table = "a b", "synapse.table");
    BAD(connect.catalog = "a.b", "connect.catalog");
    BAD(connect.catalog = "${x}", "connect.catalog");
    BAD(connect.catalog = "a\xff", "connect.catalog");
    BAD(connect.connection = long_name, "connect.connection");
    BAD(connect.host = "ws.net;user=sa", "connect.host");
    BAD(connect.host = "", "connect.host");
    BAD(connect.database = "", "connect.database");
    BAD(connect.user_key = "", "connect.scope, user_key");
#undef BAD
    for (size_t i = 0; i < n; i++) {
        rn_error_clear(&error);
        assert_int_equal(rn_connect_refuses(&bad[i], &error), RN_E_CONFIG);
        if (!strstr(error.text, words[i]))
            print_error("%s\n", error.text);
        assert_non_null(strstr(error.text, words[i]));
        assert_int_equal(rn_error_exit(&error), 2);
        bad[i].connect.wanted = false;
        rn_error_clear(&error);
        assert_int_equal(rn_connect_refuses(&bad[i], &error), RN_OK);
        assert_int_equal(rn_connect_need(&bad[i]), 0);
    }
    assert_int_equal(rn_connect_refuses(&good, &error), RN_OK);
}

/* Names as one engine quotes them are the same names for the other. */
static void names_of_tables_are_read_as_they_are_quoted(void **state)
{
    static const char *const names[] = { "a",           "a]b", "]]",  "a`b",
                                         "``",          "a.b", "[x]", "`x`",
                                         "f\xc3\xbcnf", "a'b", "\"",  "x y",
                                         "\\" };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(names) * RN_COUNTOF(names) * 2; i++) {
        const char *first = names[i % RN_COUNTOF(names)];
        const char *last = names[i / 2 / RN_COUNTOF(names)];
        enum rn_sql_dialect d = i % 2 ? RN_SQL_SYNAPSE : RN_SQL_DATABRICKS;
        static struct rn_sql_parts parts;
        static struct sink sink;
        char text[100];
        struct rn_sql q = { .out = &sink.out, .dialect = d };

        sink_init(&sink, 7, text, sizeof text - 1);
        rn_sql_name(&q, rn_bytes_of(first));
        rn_sql_text(&q, ".plain.");
        rn_sql_name(&q, rn_bytes_of(last));
        assert_int_equal(rn_out_flush(&sink.out), RN_OK);
        text[sink.n] = 0;
        assert_int_equal(rn_sql_parts(d, text, &parts), RN_OK);
        assert_int_equal(parts.n, 3);
        assert_true(rn_bytes_equal(parts.part[0], rn_bytes_of(first)));
        assert_true(rn_bytes_equal(parts.part[1], RN_STR("plain")));
        assert_true(rn_bytes_equal(parts.part[2], rn_bytes_of(last)));
        text[sink.n - 1] = 0;
        assert_int_equal(rn_sql_parts(d, text, &parts), RN_E_CONFIG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_missing_is_made_without_a_password),
        cmocka_unit_test(what_is_there_is_not_made_again),
        cmocka_unit_test(one_that_cannot_be_read_through_is_not_made),
        cmocka_unit_test(hostile_names_stay_names),
        cmocka_unit_test(one_that_leads_elsewhere_is_refused),
        cmocka_unit_test(what_nobody_tells_is_left_to_the_count),
        cmocka_unit_test(the_rows_of_this_run_are_counted_in_synapse),
        cmocka_unit_test(a_table_without_schema_is_dbos),
        cmocka_unit_test(a_failure_names_the_catalog),
        cmocka_unit_test(a_check_changes_nothing),
        cmocka_unit_test(jobs_that_cannot_work_are_refused_before),
        cmocka_unit_test(names_of_tables_are_read_as_they_are_quoted),
    };
    return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
