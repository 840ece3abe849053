/* test_databricks_text.c: files are read as they were written, from where they
 * lie; what cannot be read so is refused before anything is sent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "lib/http_server.h"
#include "lib/rest_server.h"
#include "lib/databricks_kit.h"
#include "runnel/port.h"

static _Alignas(16) uint8_t memory[1u << 19];
static char text[1u << 18];

static int full(struct rn_out *o)
{
    (void)o;
    return RN_E_FULL;
}

/* What a person would paste, in `text`. */
static int paste(struct kit *k)
{
    struct rn_arena mem;
    struct rn_out out;

    k->config.databricks.load =
        k->config.databricks.load == RN_DATABRICKS_COPY_INTO
            ? RN_DATABRICKS_NONE
            : k->config.databricks.load;
    k->config.databricks.host = "https://adb-1.2.azuredatabricks.net";
    rn_arena_init(&mem, "test", memory, sizeof memory);
    rn_error_clear(&k->error);
    rn_out_init(&out, text, sizeof text - 1, full);
    text[0] = 0;
    int err = rn_warehouse_databricks.open(&k->config, (struct rn_http *)k,
                                           &mem, &k->error, &k->w);
    if (err == RN_OK)
        err = k->w->cls->statement(k->w, &k->dataset, &out);
    text[out.len] = 0;
    return err;
}

static bool has(const char *words)
{
    if (strstr(text, words))
        return true;
    print_error("no %s in\n%s\n", words, text);
    return false;
}

static void none_sends_nothing_and_shows_the_statements(void **state)
{
    struct kit k;

    (void)state;
    kit_config(&k);
    assert_int_equal(paste(&k), RN_OK);
    assert_true(has("CREATE TABLE IF NOT EXISTS `main`.`sales`.`orders` ("));
    assert_true(has(" USING DELTA;\nCOPY INTO `main`.`sales`.`orders` FROM "));
    assert_true(has("'ignoreCorruptFiles' = 'false');\n"));
    assert_int_equal(k.w->cls->check(k.w), RN_OK);
    assert_int_equal(k.w->cls->load(k.w, &k.dataset, &k.load), RN_OK);
    k.w->cls->close(k.w);

    kit_config(&k);
    k.config.databricks.mode = RN_MODE_MERGE;
    k.config.databricks.keys = "id";
    assert_int_equal(paste(&k), RN_OK);
    assert_true(has("COPY INTO `main`.`sales`.`orders__runnel_staging`"));
    assert_true(has(";\nMERGE INTO `main`.`sales`.`orders` AS t USING "));
    assert_true(has(
        ";\nDROP TABLE IF EXISTS `main`.`sales`.`orders__runnel_staging`;\n"));
}

static void the_container_is_named_as_the_warehouse_knows_it(void **state)
{
    static const struct {
        const char *url, *location, *volume, *want;
    } table[] = {
        { "https://acct.blob.core.windows.net/box", "", "",
          "'abfss://box@acct.dfs.core.windows.net/orders/" RUN "/'" },
        { "https://acct.blob.core.windows.net/box/a/b/", "", "",
          "'abfss://box@acct.dfs.core.windows.net/a/b/orders/" RUN "/'" },
        { "https://acct.blob.core.usgovcloudapi.net/box", "", "",
          "'abfss://box@acct.dfs.core.usgovcloudapi.net/orders/" RUN "/'" },
        { "https://127.0.0.1:10000/devstoreaccount1/box", "", "",
          "'abfss://box@devstoreaccount1.dfs.core.windows.net/orders/" RUN
          "/'" },
        { "https://acct.blob.core.windows.net/box/a",
          "abfss://other@x.dfs.core.windows.net/", "",
          "'abfss://other@x.dfs.core.windows.net/a/orders/" RUN "/'" },
        { "https://acct.blob.core.windows.net/box/a", "",
          "/Volumes/main/raw/it's",
          "'/Volumes/main/raw/it\\'s/a/orders/" RUN "/'" },
        { "file:///var/out", "abfss://b@x.dfs.core.windows.net", "",
          "'abfss://b@x.dfs.core.windows.net/orders/" RUN "/'" },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(table); i++) {
        struct kit k;

        kit_config(&k);
        k.config.store.url = table[i].url;
        k.config.databricks.location = table[i].location;
        k.config.databricks.volume = table[i].volume;
        if (table[i].volume[0])
            k.config.databricks.access = RN_ACCESS_VOLUME;
        assert_int_equal(paste(&k), RN_OK);
        assert_true(has(table[i].want));
    }
    struct kit k;
    kit_config(&k);
    k.config.store.url = "file:///var/out";
    assert_int_equal(paste(&k), RN_E_CONFIG);
    assert_non_null(strstr(k.error.text, "databricks.location"));
}

static int spread(const struct rn_dataset *d, uint32_t part,
                  char to[RN_DATASET_PATH])
{
    return snprintf(to, RN_DATASET_PATH, "a/p%u/%s.csv", (unsigned)part,
                    d->run);
}

static int at_the_top(const struct rn_dataset *d, uint32_t part,
                      char to[RN_DATASET_PATH])
{
    return snprintf(to, RN_DATASET_PATH, "%s-%u.csv", d->run, (unsigned)part);
}

static int pattern(const struct rn_dataset *d, uint32_t part,
                   char to[RN_DATASET_PATH])
{
    return snprintf(to, RN_DATASET_PATH, "[a]/%s-%u.csv", d->run,
                    (unsigned)part);
}

static void files_are_named_below_the_folder_of_them_all(void **state)
{
    struct kit k;

    (void)state;
    kit_config(&k);
    k.dataset.files = 11;
    k.dataset.path = spread;
    assert_int_equal(paste(&k), RN_OK);
    assert_true(has("/pre/fix/a/') FILEFORMAT"));
    assert_true(has("FILES = ('p1/" RUN ".csv', 'p2/" RUN ".csv', "));
    assert_true(has("'p11/" RUN ".csv')"));
    k.dataset.path = at_the_top;
    assert_int_equal(paste(&k), RN_OK);
    assert_true(has("/pre/fix/') FILEFORMAT"));
    assert_true(has("FILES = ('" RUN "-1.csv', "));
    k.dataset.path = pattern;
    assert_int_equal(paste(&k), RN_E_CONFIG);
    assert_non_null(strstr(k.error.text, "pattern"));
}

static void every_format_is_read_as_it_was_written(void **state)
{
    struct kit k;

    (void)state;
    kit_config(&k);
    k.config.file.header = false;
    k.config.file.row_number = "n";
    k.config.file.delimiter = '\t';
    k.config.file.quote = RN_QUOTE_NONE;
    k.config.file.binary = RN_BINARY_HEX;
    assert_int_equal(paste(&k), RN_OK);
    assert_true(has("`_c1`::BIGINT AS `id`"));
    assert_true(has("unhex(`_c5`) AS `data`"));
    assert_true(has("'header' = 'false', 'sep' = '\t', 'quote' = ''"));
    assert_true(has("'nullValue' = ''"));

    kit_config(&k);
    k.config.file.format = "json";
    assert_int_equal(paste(&k), RN_OK);
    assert_true(has("FILEFORMAT = JSON"));
    assert_true(has("'multiLine' = 'false', 'primitivesAsString' = 'true', "
                    "'encoding' = 'UTF-8', 'mode' = 'FAILFAST'"));
    k.config.file.shape = RN_SHAPE_ARRAY;
    assert_int_equal(paste(&k), RN_OK);
    assert_true(has("'multiLine' = 'true'"));

    kit_config(&k);
    k.config.file.format = "parquet";
    assert_int_equal(paste(&k), RN_OK);
    assert_true(has("`data`::BINARY AS `data`"));
    assert_true(has("FILEFORMAT = PARQUET"));
    assert_true(has("FORMAT_OPTIONS ('ignoreMissingFiles' = 'false', "
                    "'ignoreCorruptFiles' = 'false')"));
}

static void names_that_delta_maps_are_mapped(void **state)
{
    static const struct rn_col col[] = {
        { .name = RN_LIT("a b"), .type = RN_TEXT },
    };
    static const struct rn_schema schema = { col, 1 };
    struct kit k;

    (void)state;
    kit_config(&k);
    assert_int_equal(paste(&k), RN_OK);
    assert_null(strstr(text, "columnMapping"));
    k.dataset.schema = &schema;
    assert_int_equal(paste(&k), RN_OK);
    assert_true(has("TBLPROPERTIES ('delta.columnMapping.mode' = 'name')"));
}

static void a_view_shows_the_runs_own_folder(void **state)
{
    struct kit k;

    (void)state;
    kit_config(&k);
    k.config.databricks.load = RN_DATABRICKS_EXTERNAL_TABLE;
    k.config.databricks.token = "dapi1";
    assert_int_equal(paste(&k), RN_OK);
    assert_true(has("CREATE OR REPLACE VIEW `main`.`sales`.`orders` AS SELECT "
                    "`id`::BIGINT AS `id`, "));
    assert_true(has("'" RUN "' AS `_runnel_run` FROM read_files('abfss://box@"
                    "acct.dfs.core.windows.net/pre/fix/orders/" RUN "/', "
                    "format => 'CSV', schema => '`id` STRING, `na``me` STRING, "
                    "`amount` STRING, `at` STRING, `data` STRING', header => "
                    "'true', sep => ','"));
    assert_true(has("mode => 'FAILFAST'"));
}

static void a_view_needs_a_folder_for_each_run(void **state)
{
    static const struct rest_answer a[] = { OK(DONE) };
    struct kit k;

    (void)state;
    kit_config(&k);
    k.config.databricks.load = RN_DATABRICKS_EXTERNAL_TABLE;
    k.dataset.path = spread;
    kit_open(&k, a, 1);
    assert_int_equal(kit_load(&k), RN_E_CONFIG);
    assert_non_null(strstr(k.error.text, "{run}/part-{part}"));
    assert_int_equal(rest_requests(&k.server), 0);
    kit_close(&k);
}

/* -- SAS ------------------------------------------------------------------ */

static void sas_ending_in(struct kit *k, int hours, const char *rights)
{
    static char token[200];
    time_t end = (time_t)(rn_clock_wall() / 1000000) + hours * 3600;
    struct tm t;
    char day[32];

    gmtime_r(&end, &t);
    strftime(day, sizeof day, "%Y-%m-%dT%H%%3A%M%%3A%SZ", &t);
    snprintf(token, sizeof token,
             "?sv=2021-12-02&sr=c&sp=%s&se=%s&sig=very%%2Fsecret%%3D", rights,
             day);
    kit_config(k);
    k->config.auth.kind = RN_AUTH_SAS;
    k->config.auth.token = token;
    k->config.databricks.access = RN_ACCESS_SAS;
}

static void only_a_short_sas_is_put_into_a_statement(void **state)
{
    static const struct {
        int hours;
        const char *rights;
        int err;
        const char *words;
    } table[] = {
        { 1, "rcwdl", RN_OK, "" },
        { 47, "rl", RN_OK, "" },
        { 49, "rcwdl", RN_E_CONFIG, "more than 48 hours" },
        { 1, "rcwd", RN_E_CONFIG, "reading and listing" },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(table); i++) {
        struct rn_error error;
        struct kit k;

        sas_ending_in(&k, table[i].hours, table[i].rights);
        rn_error_clear(&error);
        assert_int_equal(rn_dbx_refuses_job(&k.config, rn_clock_wall(), &error),
                         table[i].err);
        assert_non_null(strstr(error.text, table[i].words));
        assert_null(strstr(error.text, "secret"));
    }
    struct rn_error error;
    struct kit k;
    sas_ending_in(&k, 1, "rl");
    k.config.auth.kind = RN_AUTH_SHARED_KEY;
    rn_error_clear(&error);
    assert_int_equal(rn_dbx_refuses_job(&k.config, rn_clock_wall(), &error),
                     RN_E_CONFIG);
    sas_ending_in(&k, 1, "rl");
    k.config.auth.token = "sv=1&sp=rl&si=policy&sig=x";
    rn_error_clear(&error);
    assert_int_equal(rn_dbx_refuses_job(&k.config, rn_clock_wall(), &error),
                     RN_E_CONFIG);
    /* A clock that nobody set says nothing about a lifetime. */
    sas_ending_in(&k, 1, "rl");
    rn_error_clear(&error);
    assert_int_equal(rn_dbx_refuses_job(&k.config, -1, &error), RN_E_CONFIG);
}

static void a_sas_is_for_the_service_and_for_nobody_else(void **state)
{
    static const struct rest_answer a[] = {
        OK(LOOK_RUN),
        OK(LOOK_ALL),
        OK(NUMBER("0")),
        OK(FAILED("BAD_REQUEST", "42601",
                  "[PARSE_SYNTAX_ERROR] near 'sv=2021-12-02&sr=c&sp=rl&sig="
                  "very%2Fsecret%3D'")),
    };
    struct kit k;

    (void)state;
    sas_ending_in(&k, 1, "rl");
    kit_open(&k, a, RN_COUNTOF(a));
    assert_int_equal(kit_load(&k), RN_E_DENIED); /* looks for "secret", too */
    assert_true(kit_sent(&k, 3,
                         "WITH (CREDENTIAL (AZURE_SAS_TOKEN = "
                         "'sv=2021-12-02&sr=c&sp=rl&se="));
    assert_non_null(strstr(k.error.text, "sig=***"));
    kit_close(&k);

    sas_ending_in(&k, 1, "rl");
    assert_int_equal(paste(&k), RN_OK);
    assert_true(has("AZURE_SAS_TOKEN = 'PUT A SAS TOKEN HERE'"));
    assert_null(strstr(text, "sig="));
}

/* -- what cannot be read -------------------------------------------------- */

static void what_would_be_read_otherwise_is_refused(void **state)
{
    static const struct rn_col time_col = { .name = RN_LIT("t"),
                                            .type = RN_TIME };
    static const struct rn_col uuid_col = { .name = RN_LIT("u"),
                                            .type = RN_UUID };
    static const struct rn_col odd_col = { .name = RN_LIT("a b"),
                                           .type = RN_I64 };
    static const struct rn_col long_col = {
        .name = RN_LIT("d"), .type = RN_DECIMAL, .precision = 16, .scale = 2
    };
    static const struct rn_col twice_col[] = {
        { .name = RN_LIT("a"), .type = RN_I64 },
        { .name = RN_LIT("A"), .type = RN_I64 }
    };
    static const struct rn_col number_col = { .name = RN_LIT("n"),
                                              .type = RN_I64 };
    const struct {
        const char *format;
        struct rn_schema schema;
        const char *words; /* NULL: not refused */
        int change;
    } table[] = {
        { "csv", kit_schema, NULL, 0 },
        { "csv", kit_schema, "newline", 1 },
        { "csv", kit_schema, "file.quote = all", 2 },
        { "csv", kit_schema, "file.escape", 3 },
        { "csv", kit_schema, "file.null", 4 },
        { "csv", { &number_col, 1 }, NULL, 4 },
        { "csv", kit_schema, "\"at\": file.dates", 5 },
        { "json", kit_schema, "\"at\": file.dates", 5 },
        { "csv", { &number_col, 1 }, NULL, 5 },
        { "json", { &long_col, 1 }, "doubles", 0 },
        { "csv", { &long_col, 1 }, NULL, 0 },
        { "parquet", { &long_col, 1 }, NULL, 0 },
        { "parquet", { &time_col, 1 }, "times of day", 0 },
        { "avro", { &time_col, 1 }, "times of day", 0 },
        { "csv", { &time_col, 1 }, NULL, 0 },
        { "parquet", { &uuid_col, 1 }, "UUIDs", 0 },
        { "avro", { &uuid_col, 1 }, NULL, 0 },
        { "avro", { &odd_col, 1 }, "Avro has no such names", 0 },
        { "parquet", { &odd_col, 1 }, NULL, 0 },
        { "parquet", { twice_col, 2 }, "A", 0 },
        { "csv", kit_schema, "no column \"idd\"", 6 },
        { "csv", kit_schema, "no column is named", 7 },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(table); i++) {
        struct rn_error error;
        struct kit k;

        kit_config(&k);
        k.config.file.format = table[i].format;
        switch (table[i].change) {
        case 1:
            k.config.file.newline = RN_NEWLINE_CRLF;
            break;
        case 2:
            k.config.file.quote = RN_QUOTE_ALL;
            break;
        case 3:
            k.config.file.escape = '\\';
            break;
        case 4:
            k.config.file.null = "\\N";
            break;
        case 5:
            k.config.file.dates = RN_DATES_EPOCH;
            break;
        case 6:
        case 7:
            k.config.databricks.mode = RN_MODE_MERGE;
            k.config.databricks.keys = table[i].change == 6 ? "id, idd" : " ,";
            break;
        default:
            break;
        }
        rn_error_clear(&error);
        int err = rn_databricks_refuses(&k.config, &table[i].schema, &error);
        if ((err < 0) != (table[i].words != NULL))
            print_error("case %zu: %d %s\n", i, err, error.text);
        assert_int_equal(err, table[i].words ? RN_E_CONFIG : RN_OK);
        if (table[i].words && !strstr(error.text, table[i].words))
            print_error("%s\n", error.text);
        if (table[i].words)
            assert_non_null(strstr(error.text, table[i].words));
    }
}

static void a_job_that_cannot_be_loaded_sends_nothing(void **state)
{
    static const struct rest_answer a[] = { OK(DONE) };
    struct kit k;

    (void)state;
    kit_config(&k);
    k.config.file.newline = RN_NEWLINE_CRLF;
    kit_open(&k, a, 1);
    assert_int_equal(kit_load(&k), RN_E_CONFIG);
    assert_int_equal(k.error.where, RN_AT_CONFIG);
    assert_int_equal(rest_requests(&k.server), 0);
    kit_close(&k);
}

static void what_is_no_name_or_number_is_refused_when_it_is_opened(void **state)
{
    static const struct {
        const char *table, *warehouse, *job, *words;
    } table[] = {
        { "a.b.c.d", "wh1", "", "databricks.table" },
        { "a b", "wh1", "", "databricks.table" },
        { "a.b.c", "x\",\"y", "", "databricks.warehouse" },
        { "", "", "12x", "databricks.job" },
        { "", "", "", "databricks.job" },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(table); i++) {
        struct kit k;

        kit_config(&k);
        k.config.databricks.table = table[i].table;
        k.config.databricks.warehouse = table[i].warehouse;
        k.config.databricks.job = table[i].job;
        if (!table[i].table[0])
            k.config.databricks.load = RN_DATABRICKS_JOB;
        assert_int_equal(paste(&k), RN_E_CONFIG);
        assert_non_null(strstr(k.error.text, table[i].words));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none_sends_nothing_and_shows_the_statements),
        cmocka_unit_test(the_container_is_named_as_the_warehouse_knows_it),
        cmocka_unit_test(files_are_named_below_the_folder_of_them_all),
        cmocka_unit_test(every_format_is_read_as_it_was_written),
        cmocka_unit_test(names_that_delta_maps_are_mapped),
        cmocka_unit_test(a_view_shows_the_runs_own_folder),
        cmocka_unit_test(a_view_needs_a_folder_for_each_run),
        cmocka_unit_test(only_a_short_sas_is_put_into_a_statement),
        cmocka_unit_test(a_sas_is_for_the_service_and_for_nobody_else),
        cmocka_unit_test(what_would_be_read_otherwise_is_refused),
        cmocka_unit_test(a_job_that_cannot_be_loaded_sends_nothing),
        cmocka_unit_test(
            what_is_no_name_or_number_is_refused_when_it_is_opened),
    };
    return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
