/* test_databricks.c: a run is loaded once, whatever is lost on the way, and
 * nothing but the table's own count is success.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/http_server.h"
#include "lib/databricks_kit.h"
#include "lib/rest_server.h"
#include "runnel/port.h"

/* -- a table -------------------------------------------------------------- */

static void a_table_that_is_not_there_is_made_and_loaded(void **state)
{
    static const struct rest_answer a[] = {
        OK(NO_TABLE),    OK(DONE),        OK(LOOK_RUN),     OK(LOOK_ALL),
        OK(NUMBER("0")), OK(TAKEN("30")), OK(NUMBER("30")),
    };
    struct kit k;

    (void)state;
    kit_config(&k);
    kit_open(&k, a, RN_COUNTOF(a));
    assert_int_equal(kit_load(&k), RN_OK);
    assert_int_equal(k.load.rows, 30);
    assert_false(k.load.repeated);
    assert_string_equal(k.load.statement, "s-1");
    assert_int_equal(rest_requests(&k.server), RN_COUNTOF(a));
    assert_true(kit_sent(&k, 0, "authorization: Bearer dapi-very-secret\r\n"));
    assert_true(kit_sent(&k, 0, "\"warehouse_id\":\"wh1\""));
    assert_true(kit_sent(&k, 0, "\"on_wait_timeout\":\"CONTINUE\""));
    assert_true(kit_sent(
        &k, 1,
        "CREATE TABLE IF NOT EXISTS `main`.`sales`.`orders` (`id` BIGINT, "
        "`na``me` STRING, `amount` DECIMAL(10, 2), `at` TIMESTAMP, `data` "
        "BINARY, `_runnel_run` STRING) USING DELTA\""));
    assert_true(kit_sent(&k, 3,
                         "SELECT `id`, `na``me`, `amount`, `at`, `data` FROM "
                         "`main`.`sales`.`orders` LIMIT 0"));
    assert_true(kit_sent(&k, 4,
                         "SELECT count(*) FROM `main`.`sales`.`orders` WHERE "
                         "`_runnel_run` = '" RUN "'"));
    assert_true(kit_sent(
        &k, 5,
        "COPY INTO `main`.`sales`.`orders` FROM (SELECT `id`::BIGINT AS `id`, "
        "`na``me`::STRING AS `na``me`, `amount`::DECIMAL(10, 2) AS `amount`, "
        "`at`::TIMESTAMP AS `at`, unbase64(`data`) AS `data`, '" RUN
        "' AS `_runnel_run` FROM 'abfss://box@acct.dfs.core.windows.net/pre/"
        "fix/orders/" RUN "/') FILEFORMAT = CSV FILES = ('part-00001.csv', "
        "'part-00002.csv') FORMAT_OPTIONS ('header' = 'true', 'sep' = ',', "
        "'quote' = '\\\"', 'escape' = '\\\"', 'multiLine' = 'true', 'lineSep' "
        "= '\\u000a', 'encoding' = 'UTF-8', 'nullValue' = 'NULL of " RUN
        "', 'emptyValue' = ''"));
    assert_true(kit_sent(&k, 5, "'mode' = 'FAILFAST'"));
    assert_true(kit_sent(&k, 5, "'ignoreMissingFiles' = 'false'"));
    kit_close(&k);
}

static void a_run_in_the_table_is_not_loaded_again(void **state)
{
    static const struct rest_answer a[] = { OK(LOOK_RUN), OK(LOOK_ALL),
                                            OK(NUMBER("30")) };
    struct kit k;

    (void)state;
    kit_config(&k);
    kit_open(&k, a, RN_COUNTOF(a));
    assert_int_equal(kit_load(&k), RN_OK);
    assert_true(k.load.repeated);
    assert_int_equal(k.load.rows, 30);
    assert_int_equal(rest_requests(&k.server), 3);
    kit_close(&k);
}

static void an_append_that_was_broken_off_is_gone_on_with(void **state)
{
    static const struct rest_answer a[] = { OK(LOOK_RUN), OK(LOOK_ALL),
                                            OK(NUMBER("10")), OK(TAKEN("20")),
                                            OK(NUMBER("30")) };
    struct kit k;

    (void)state;
    kit_config(&k);
    kit_open(&k, a, RN_COUNTOF(a));
    assert_int_equal(kit_load(&k), RN_OK);
    assert_false(k.load.repeated);
    kit_close(&k);
}

static void a_run_without_rows_loads_nothing(void **state)
{
    static const struct rest_answer a[] = { OK(LOOK_RUN), OK(LOOK_ALL),
                                            OK(NUMBER("0")) };
    struct kit k;

    (void)state;
    kit_config(&k);
    k.dataset.rows = 0;
    kit_open(&k, a, RN_COUNTOF(a));
    assert_int_equal(kit_load(&k), RN_OK);
    assert_false(k.load.repeated);
    assert_int_equal(rest_requests(&k.server), 3);
    kit_close(&k);
}

static void other_tables_are_refused_with_what_to_do(void **state)
{
    static const struct {
        struct rest_answer a[2];
        enum rn_create create;
        const char *words;
    } table[] = {
        { { OK(NO_COLUMN) },
          RN_CREATE_IF_MISSING,
          "ALTER TABLE main.sales.orders ADD COLUMN _runnel_run STRING" },
        { { OK(NO_TABLE) }, RN_CREATE_NEVER, "databricks.create = never" },
        { { OK(LOOK_RUN), OK(NO_COLUMN) },
          RN_CREATE_IF_MISSING,
          "lacks a column" },
        { { OK(LOOK_RUN),
            OK(COLUMNS(COLUMN("id", "INT") "," COLUMN("na`me", "STRING"))) },
          RN_CREATE_IF_MISSING,
          "column \"id\" is INT, the query's is BIGINT" },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(table); i++) {
        struct kit k;

        kit_config(&k);
        k.config.databricks.create = table[i].create;
        kit_open(&k, table[i].a, 2);
        assert_int_equal(kit_load(&k), RN_E_CONFIG);
        if (!strstr(k.error.text, table[i].words))
            print_error("%s\n", k.error.text);
        assert_non_null(strstr(k.error.text, table[i].words));
        assert_int_equal(k.error.where, RN_AT_WAREHOUSE);
        kit_close(&k);
    }
}

static void a_table_of_bounded_texts_takes_texts(void **state)
{
    static const struct rest_answer a[] = {
        OK(LOOK_RUN),
        OK(COLUMNS(COLUMN("id", "bigint") "," COLUMN(
            "na`me", "VARCHAR(20)") "," COLUMN("amount", "decimal(10, 2)"))),
        OK(NUMBER("30"))
    };
    struct kit k;

    (void)state;
    kit_config(&k);
    kit_open(&k, a, RN_COUNTOF(a));
    assert_int_equal(kit_load(&k), RN_OK);
    kit_close(&k);
}

/* -- only the count is success -------------------------------------------- */

static void counts_that_differ_are_failures(void **state)
{
    static const struct {
        const char *taken, *count, *words;
    } table[] = {
        { TAKEN("0"), NUMBER("0"), "COPY INTO took no row" },
        { TAKEN("30"), NUMBER("29"), "29 rows of run" },
        { TAKEN("30"), NUMBER("31"), "31 rows of run" },
        { TAKEN("31"), NUMBER("30"), "inserted 31" },
        { TAKEN("30"), NUMBER("x"), "no number" },
        { TAKEN("30"), DONE, "no number" },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(table); i++) {
        const struct rest_answer a[] = { OK(LOOK_RUN), OK(LOOK_ALL),
                                         OK(NUMBER("0")), OK(table[i].taken),
                                         OK(table[i].count) };
        struct kit k;

        kit_config(&k);
        kit_open(&k, a, RN_COUNTOF(a));
        assert_true(kit_load(&k) < 0);
        if (!strstr(k.error.text, table[i].words))
            print_error("%s\n", k.error.text);
        assert_non_null(strstr(k.error.text, table[i].words));
        kit_close(&k);
    }
}

/* -- states (case 100) ---------------------------------------------------- */

static void a_cold_warehouse_is_waited_for(void **state)
{
    static const struct rest_answer a[] = {
        OK(STATE("PENDING")), OK(STATE("PENDING")), OK(STATE("RUNNING")),
        OK(LOOK_RUN),         OK(LOOK_ALL),         OK(NUMBER("30")),
    };
    struct kit k;

    (void)state;
    kit_config(&k);
    kit_open(&k, a, RN_COUNTOF(a));
    assert_int_equal(kit_load(&k), RN_OK);
    assert_true(kit_sent(&k, 1, "GET /api/2.0/sql/statements/s-1 HTTP/1.1"));
    assert_int_equal(rest_requests(&k.server), RN_COUNTOF(a));
    kit_close(&k);
}

static void every_other_state_is_a_failure_with_its_name(void **state)
{
    static const struct {
        const char *body;
        int err;
        const char *words;
        const char *service;
    } table[] = {
        { FAILED("BAD_REQUEST", "22018",
                 "[CAST_INVALID_INPUT] The value 'x' cannot be cast"),
          RN_E_DENIED,
          "FAILED: The value 'x' cannot be cast (CAST_INVALID_"
          "INPUT, SQL state 22018",
          "CAST_INVALID_INPUT" },
        { STATE("CANCELED"), RN_E_DENIED, "CANCELED", "" },
        { STATE("CLOSED"), RN_E_DENIED, "CLOSED", "" },
        { STATE("SLEEPING"), RN_E_DENIED, "SLEEPING", "" },
        { "{\"statement_id\":\"s-1\"}", RN_E_DENIED, "has no state", "" },
        { "{\"status\":{\"state\":\"SUCCEEDED\"}}", RN_E_PEER,
          "no statement_id", "" },
        { "{\"statement_id\":\"../x\",\"status\":{\"state\":\"PENDING\"}}",
          RN_E_PEER, "no statement_id", "" },
        { "[]", RN_E_PEER, "no statement_id", "" },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(table); i++) {
        const struct rest_answer a[] = { OK(table[i].body) };
        struct kit k;

        kit_config(&k);
        kit_open(&k, a, 1);
        assert_int_equal(kit_load(&k), table[i].err);
        if (!strstr(k.error.text, table[i].words))
            print_error("%s\n", k.error.text);
        assert_non_null(strstr(k.error.text, table[i].words));
        assert_string_equal(k.error.service, table[i].service);
        kit_close(&k);
    }
}

static void running_for_ever_ends_at_the_deadline(void **state)
{
    static struct rest_answer a[40];
    struct kit k;

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(a); i++)
        a[i] = (struct rest_answer)OK(STATE("RUNNING"));
    kit_config(&k);
    k.config.databricks.deadline_ms = 300;
    kit_open(&k, a, RN_COUNTOF(a));
    ((struct rn_databricks *)k.w)->poll_ms = 50;
    int64_t began = rn_clock_mono();
    assert_int_equal(kit_load(&k), RN_E_AGAIN);
    assert_true(rn_clock_mono() - began < 3000);
    assert_int_equal(rn_error_exit(&k.error), 75);
    size_t last = rest_requests(&k.server) - 1;
    assert_true(kit_sent(&k, last, "POST /api/2.0/sql/statements/s-1/cancel "));
    kit_close(&k);
}

static void a_select_that_is_gone_runs_again(void **state)
{
    static const struct rest_answer a[] = {
        OK(STATE("PENDING")),
        { 404, "{\"error_code\":\"NOT_FOUND\",\"message\":\"gone\"}", NULL,
          NULL },
        OK(LOOK_RUN),
        OK(LOOK_ALL),
        OK(NUMBER("30")),
    };
    struct kit k;

    (void)state;
    kit_config(&k);
    kit_open(&k, a, RN_COUNTOF(a));
    assert_int_equal(kit_load(&k), RN_OK);
    assert_int_equal(rest_requests(&k.server), RN_COUNTOF(a));
    kit_close(&k);
}

/* -- lost answers (case 98) ----------------------------------------------- */

static void a_load_whose_answer_is_lost_is_asked_for_in_the_table(void **state)
{
    static const struct rest_answer a[] = {
        OK(LOOK_RUN), OK(LOOK_ALL),     OK(NUMBER("0")),
        LOST,         OK(NUMBER("30")), OK(NUMBER("30")),
    };
    struct kit k;

    (void)state;
    kit_config(&k);
    kit_open(&k, a, RN_COUNTOF(a));
    assert_int_equal(kit_load(&k), RN_OK);
    assert_int_equal(k.load.rows, 30);
    assert_int_equal(rest_requests(&k.server), RN_COUNTOF(a));
    assert_true(kit_sent(&k, 3, "COPY INTO"));
    assert_true(kit_sent(&k, 4, "count(*)"));
    kit_close(&k);
}

static void a_load_that_was_not_done_is_done_again(void **state)
{
    static const struct rest_answer lost = LOST;
    static const struct rest_answer gone = { 404, "{}", NULL, NULL };
    static const struct rest_answer clash = OK(FAILED(
        "BAD_REQUEST", "2D521", "[DELTA_CONCURRENT_APPEND] somebody else"));

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct rest_answer a[] = {
            OK(LOOK_RUN),     OK(LOOK_ALL),
            OK(NUMBER("0")),  lost,
            OK(NUMBER("0")),  OK(TAKEN("30")),
            OK(NUMBER("30")), OK(NUMBER("30")),
        };
        size_t n = 7;
        struct kit k;

        if (i == 1) {
            a[3] = (struct rest_answer)OK(STATE("RUNNING"));
            memmove(&a[5], &a[4], 3 * sizeof a[0]);
            a[4] = gone;
            n = 8;
        } else if (i == 2) {
            a[3] = clash;
        }
        kit_config(&k);
        kit_open(&k, a, n);
        assert_int_equal(kit_load(&k), RN_OK);
        assert_int_equal(k.load.rows, 30);
        assert_int_equal(rest_requests(&k.server), n);
        kit_close(&k);
    }
}

static void a_load_that_is_lost_again_and_again_is_given_up(void **state)
{
    static const struct rest_answer a[] = {
        OK(LOOK_RUN),    OK(LOOK_ALL), OK(NUMBER("0")), LOST,
        OK(NUMBER("0")), LOST,         OK(NUMBER("0")), LOST,
        OK(NUMBER("0")),
    };
    struct kit k;

    (void)state;
    kit_config(&k);
    kit_open(&k, a, RN_COUNTOF(a));
    assert_int_equal(kit_load(&k), RN_E_LINK);
    assert_int_equal(rn_error_exit(&k.error), 75);
    assert_int_equal(rest_requests(&k.server), RN_COUNTOF(a));
    kit_close(&k);
}

/* -- many files ----------------------------------------------------------- */

static void more_than_a_thousand_files_are_several_statements(void **state)
{
    static const struct rest_answer a[] = {
        OK(LOOK_RUN),    OK(LOOK_ALL),   OK(NUMBER("0")),
        OK(TAKEN("29")), OK(TAKEN("1")), OK(NUMBER("30")),
    };
    struct kit k;

    (void)state;
    kit_config(&k);
    k.dataset.files = 1001;
    kit_open(&k, a, RN_COUNTOF(a));
    assert_int_equal(kit_load(&k), RN_OK);
    assert_int_equal(kit_times(&k, 3, "part-"), 1000);
    assert_int_equal(kit_times(&k, 4, "part-"), 1);
    assert_true(kit_sent(&k, 3, "'part-01000.csv')"));
    assert_true(kit_sent(&k, 4, "FILES = ('part-01001.csv')"));
    kit_close(&k);
}

static int long_path(const struct rn_dataset *d, uint32_t part,
                     char to[RN_DATASET_PATH])
{
    (void)d;
    return snprintf(to, RN_DATASET_PATH, "%05u/%0400u.csv", (unsigned)part,
                    (unsigned)part);
}

static void files_with_long_names_are_more_statements(void **state)
{
    static struct rest_answer a[40];
    size_t files = 0, copies = 0;
    struct kit k;

    (void)state;
    a[0] = (struct rest_answer)OK(LOOK_RUN);
    a[1] = (struct rest_answer)OK(LOOK_ALL);
    a[2] = (struct rest_answer)OK(NUMBER("0"));
    for (size_t i = 3; i < RN_COUNTOF(a); i++)
        a[i] = (struct rest_answer)OK(TAKEN("1"));
    kit_config(&k);
    k.dataset.files = 500;
    k.dataset.path = long_path;
    kit_open(&k, a, RN_COUNTOF(a));
    (void)kit_load(&k);
    for (size_t i = 3; i < rest_requests(&k.server); i++) {
        copies += kit_times(&k, i, "COPY INTO") > 0;
        files += kit_times(&k, i, ".csv'");
    }
    assert_int_equal(files, 500);
    assert_true(copies >= 4 && copies < 10);
    kit_close(&k);
}

/* -- overwrite and merge -------------------------------------------------- */

static void an_overwrite_is_one_statement_from_a_staging_table(void **state)
{
    static const struct rest_answer a[] = {
        OK(LOOK_RUN),     OK(LOOK_ALL),     OK(NUMBER("0")), OK(DONE),
        OK(TAKEN("30")),  OK(NUMBER("30")), OK(TAKEN("30")), OK(DONE),
        OK(NUMBER("30")), OK(NUMBER("30")),
    };
    struct kit k;

    (void)state;
    kit_config(&k);
    k.config.databricks.mode = RN_MODE_OVERWRITE;
    kit_open(&k, a, RN_COUNTOF(a));
    assert_int_equal(kit_load(&k), RN_OK);
    assert_int_equal(rest_requests(&k.server), RN_COUNTOF(a));
    assert_true(kit_sent(
        &k, 3, "CREATE TABLE IF NOT EXISTS `main`.`sales`.`orders__runnel_"));
    assert_true(kit_sent(&k, 4, "COPY INTO `main`.`sales`.`orders__runnel_"));
    assert_true(kit_sent(
        &k, 6,
        "INSERT OVERWRITE TABLE `main`.`sales`.`orders` (`id`, `na``me`, "
        "`amount`, `at`, `data`, `_runnel_run`) SELECT `id`, `na``me`, "
        "`amount`, `at`, `data`, `_runnel_run` FROM "
        "`main`.`sales`.`orders__runnel_"));
    assert_true(kit_sent(
        &k, 7, "DROP TABLE IF EXISTS `main`.`sales`.`orders__runnel_"));
    assert_false(strstr(rest_request(&k.server, 9), "WHERE") != NULL);
    kit_close(&k);
}

static void rows_beside_the_runs_spoil_an_overwrite(void **state)
{
    static const struct rest_answer a[] = {
        OK(LOOK_RUN),     OK(LOOK_ALL),     OK(NUMBER("0")), OK(DONE),
        OK(TAKEN("30")),  OK(NUMBER("30")), OK(TAKEN("30")), OK(DONE),
        OK(NUMBER("30")), OK(NUMBER("31")),
    };
    struct kit k;

    (void)state;
    kit_config(&k);
    k.config.databricks.mode = RN_MODE_OVERWRITE;
    kit_open(&k, a, RN_COUNTOF(a));
    assert_int_equal(kit_load(&k), RN_E_DENIED);
    assert_non_null(strstr(k.error.text, "31 rows are in the table"));
    kit_close(&k);
}

static void a_merge_replaces_by_keys_and_adds_the_rest(void **state)
{
    static const struct rest_answer a[] = {
        OK(LOOK_RUN),    OK(LOOK_ALL),     OK(NUMBER("0")), OK(DONE),
        OK(TAKEN("30")), OK(NUMBER("30")), OK(NUMBER("0")), OK(DONE),
        OK(DONE),        OK(NUMBER("30")),
    };
    struct kit k;

    (void)state;
    kit_config(&k);
    k.config.databricks.mode = RN_MODE_MERGE;
    k.config.databricks.keys = "id, na`me";
    kit_open(&k, a, RN_COUNTOF(a));
    assert_int_equal(kit_load(&k), RN_OK);
    assert_int_equal(rest_requests(&k.server), RN_COUNTOF(a));
    assert_true(kit_sent(&k, 6, "GROUP BY `id`, `na``me` HAVING count(*) > 1"));
    assert_true(kit_sent(&k, 7,
                         "MERGE INTO `main`.`sales`.`orders` AS t "
                         "USING `main`.`sales`.`orders__runnel_"));
    assert_true(kit_sent(
        &k, 7,
        "` AS s ON t.`id` <=> s.`id` AND t.`na``me` <=> s.`na``me` WHEN "
        "MATCHED THEN UPDATE SET t.`amount` = s.`amount`, t.`at` = s.`at`, "
        "t.`data` = s.`data`, t.`_runnel_run` = s.`_runnel_run` WHEN NOT "
        "MATCHED THEN INSERT (`id`, `na``me`, `amount`, `at`, `data`, "
        "`_runnel_run`) VALUES (s.`id`, s.`na``me`, s.`amount`, s.`at`, "
        "s.`data`, s.`_runnel_run`)"));
    kit_close(&k);
}

static void keys_that_are_not_unique_are_refused_and_staging_dropped(
    void **state)
{
    static const struct rest_answer a[] = {
        OK(LOOK_RUN),    OK(LOOK_ALL),     OK(NUMBER("0")), OK(DONE),
        OK(TAKEN("30")), OK(NUMBER("30")), OK(NUMBER("2")), OK(DONE),
    };
    struct kit k;

    (void)state;
    kit_config(&k);
    k.config.databricks.mode = RN_MODE_MERGE;
    k.config.databricks.keys = "id";
    kit_open(&k, a, RN_COUNTOF(a));
    assert_int_equal(kit_load(&k), RN_E_DENIED);
    assert_non_null(strstr(k.error.text, "2 values of databricks.keys"));
    assert_int_equal(rest_requests(&k.server), RN_COUNTOF(a));
    assert_true(kit_sent(&k, 7, "DROP TABLE IF EXISTS"));
    kit_close(&k);
}

static void a_merge_that_later_ones_have_worn_down_is_not_done_again(
    void **state)
{
    static const struct rest_answer a[] = { OK(LOOK_RUN), OK(LOOK_ALL),
                                            OK(NUMBER("3")) };
    struct kit k;

    (void)state;
    kit_config(&k);
    k.config.databricks.mode = RN_MODE_MERGE;
    k.config.databricks.keys = "id";
    kit_open(&k, a, RN_COUNTOF(a));
    assert_int_equal(kit_load(&k), RN_OK);
    assert_true(k.load.repeated);
    assert_int_equal(k.load.rows, 3);
    kit_close(&k);
}

/* -- results -------------------------------------------------------------- */

static void chunks_are_followed_and_none_may_be_missing(void **state)
{
    static const char first[] =
        HEAD "\"manifest\":{\"total_row_count\":1},\"result\":{\"chunk_index\":"
             "0,\"data_array\":[],\"next_chunk_index\":1}}";
    static const struct {
        const char *first, *next;
        int err;
        const char *words;
    } table[] = {
        { first, "{\"chunk_index\":1,\"data_array\":[[\"30\"]]}", RN_OK, "" },
        { first, "{\"chunk_index\":1,\"data_array\":[]}", RN_E_PEER,
          "0 rows of the 1" },
        { first, "{\"chunk_index\":1,\"data_array\":[],\"next_chunk_index\":1}",
          RN_E_PEER, "out of order" },
        { HEAD "\"manifest\":{\"truncated\":true},\"result\":{\"data_array\":"
               "[[\"30\"]]}}",
          NULL, RN_E_PEER, "truncated" },
        { HEAD "\"manifest\":{},\"result\":{\"external_links\":[{}]}}", NULL,
          RN_E_PEER, "elsewhere" },
        { ROWS("7"), NULL, RN_E_PEER, "is none" },
        { ROWS("[\"30\",\"1\"]"), NULL, RN_E_PEER, "no number" },
        { ROWS("[null]"), NULL, RN_E_PEER, "no number" },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(table); i++) {
        const struct rest_answer a[] = { OK(LOOK_RUN), OK(LOOK_ALL),
                                         OK(table[i].first),
                                         OK(table[i].next) };
        struct kit k;

        kit_config(&k);
        kit_open(&k, a, table[i].next ? 4 : 3);
        assert_int_equal(kit_load(&k), table[i].err);
        if (!strstr(k.error.text, table[i].words))
            print_error("%s\n", k.error.text);
        assert_non_null(strstr(k.error.text, table[i].words));
        if (table[i].next)
            assert_true(kit_sent(
                &k, 3, "GET /api/2.0/sql/statements/s-1/result/chunks/1 "));
        kit_close(&k);
    }
}

static void a_run_is_measured_in_as_few_statements_as_fit(void **state)
{
    /* rows; id: count min max sum hash hash; text: count min max hash hash;
     * decimal; timestamp; blob. */
    static const struct rest_answer a[] = { OK(ROWS(
        "[\"30\",\"30\",\"1\",\"30\",\"465\",\"1\",\"2\",\"29\",\"61\",\"62\","
        "\"0\",\"7\",\"28\",\"0.10\",\"9.90\",\"77.00\",\"3\",\"4\",\"30\","
        "\"0\",\"1000000\",\"5\",\"6\",\"0\",null,null]")) };
    struct rn_measure_column column[5];
    struct rn_measure m = { 0, column };
    struct kit k;

    (void)state;
    kit_config(&k);
    kit_open(&k, a, 1);
    int err = k.w->cls->measure(k.w, &k.dataset, true, &m);
    if (err < 0)
        print_error("%s\n%s\n", k.error.text, rest_request(&k.server, 0));
    assert_int_equal(err, RN_OK);
    assert_int_equal(m.rows, 30);
    assert_int_equal(column[0].non_null, 30);
    assert_string_equal(column[0].sum, "465");
    assert_int_equal(column[1].non_null, 29);
    assert_string_equal(column[1].min, "a");
    assert_string_equal(column[2].sum, "77.00");
    assert_int_equal(column[4].non_null, 0);
    kit_close(&k);
}

static void the_rows_alone_are_one_count(void **state)
{
    static const struct rest_answer a[] = { OK(NUMBER("29")) };
    struct rn_measure m = { 0, NULL };
    struct kit k;

    (void)state;
    kit_config(&k);
    kit_open(&k, a, 1);
    assert_int_equal(k.w->cls->measure(k.w, &k.dataset, false, &m), RN_OK);
    assert_int_equal(m.rows, 29);
    kit_close(&k);
}

static void a_check_changes_nothing(void **state)
{
    static const struct rest_answer a[] = { OK(NUMBER("1")), OK(NO_TABLE) };
    struct kit k;

    (void)state;
    kit_config(&k);
    kit_open(&k, a, 2);
    assert_int_equal(k.w->cls->check(k.w), RN_OK);
    assert_true(kit_sent(&k, 0, "\"SELECT 1\""));
    assert_true(kit_sent(&k, 1, "LIMIT 0"));
    assert_int_equal(rest_requests(&k.server), 2);
    kit_close(&k);
    kit_config(&k);
    k.config.databricks.create = RN_CREATE_NEVER;
    kit_open(&k, a, 2);
    assert_int_equal(k.w->cls->check(k.w), RN_E_CONFIG);
    kit_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_that_is_not_there_is_made_and_loaded),
        cmocka_unit_test(a_run_in_the_table_is_not_loaded_again),
        cmocka_unit_test(an_append_that_was_broken_off_is_gone_on_with),
        cmocka_unit_test(a_run_without_rows_loads_nothing),
        cmocka_unit_test(other_tables_are_refused_with_what_to_do),
        cmocka_unit_test(a_table_of_bounded_texts_takes_texts),
        cmocka_unit_test(counts_that_differ_are_failures),
        cmocka_unit_test(a_cold_warehouse_is_waited_for),
        cmocka_unit_test(every_other_state_is_a_failure_with_its_name),
        cmocka_unit_test(running_for_ever_ends_at_the_deadline),
        cmocka_unit_test(a_select_that_is_gone_runs_again),
        cmocka_unit_test(a_load_whose_answer_is_lost_is_asked_for_in_the_table),
        cmocka_unit_test(a_load_that_was_not_done_is_done_again),
        cmocka_unit_test(a_load_that_is_lost_again_and_again_is_given_up),
        cmocka_unit_test(more_than_a_thousand_files_are_several_statements),
        cmocka_unit_test(files_with_long_names_are_more_statements),
        cmocka_unit_test(an_overwrite_is_one_statement_from_a_staging_table),
        cmocka_unit_test(rows_beside_the_runs_spoil_an_overwrite),
        cmocka_unit_test(a_merge_replaces_by_keys_and_adds_the_rest),
        cmocka_unit_test(
            keys_that_are_not_unique_are_refused_and_staging_dropped),
        cmocka_unit_test(
            a_merge_that_later_ones_have_worn_down_is_not_done_again),
        cmocka_unit_test(chunks_are_followed_and_none_may_be_missing),
        cmocka_unit_test(a_run_is_measured_in_as_few_statements_as_fit),
        cmocka_unit_test(the_rows_alone_are_one_count),
        cmocka_unit_test(a_check_changes_nothing),
    };
    return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
