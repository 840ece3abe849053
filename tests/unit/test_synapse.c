/* test_synapse.c: what Synapse is told, and what then is in the table. */
#include "synapse_kit.h"

/* -- tests ----------------------------------------------------------------- */

static void a_run_is_staged_counted_and_published_in_one_transaction(void **x)
{
    struct rn_load r;

    (void)x;
    open_it();
    assert_int_equal(load(&r), RN_OK);
    assert_int_equal(r.rows, 30);
    assert_false(r.repeated);
    assert_int_equal(pool.run, 30);
    assert_int_equal(pool.staging, -1);
    assert_string_equal(
        pool.log,
        "SELECT [name] FROM sys.columns WHERE [object_id] = "
        "OBJECT_ID(N'[dbo].[orders]')\n"
        "CREATE TABLE [dbo].[orders] ([id] bigint, [na]]me] nvarchar(4000), "
        "[at] datetime2(3), [_runnel_run] nvarchar(64)) WITH (DISTRIBUTION = "
        "ROUND_ROBIN, CLUSTERED COLUMNSTORE INDEX)\n"
        "SELECT COUNT_BIG(*) FROM [dbo].[orders] WHERE [_runnel_run] = N'" RUN
        "' OPTION (LABEL = 'runnel:" RUN ":ledger')\n"
        "IF OBJECT_ID(N'" SET "') IS NOT NULL DROP TABLE " SET "\n"
        "CREATE TABLE " SET " ([id] bigint, [na]]me] nvarchar(4000), [at] "
        "datetime2(3)) WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)\n"
        "COPY INTO " SET " FROM "
        "'https://acct.blob.core.windows.net/box/orders/day=1/" RUN
        "/part%2000001.parquet', "
        "'https://acct.blob.core.windows.net/box/orders/day=1/" RUN
        "/part%2000002.parquet' WITH (FILE_TYPE = 'PARQUET', COMPRESSION = "
        "'Snappy') OPTION (LABEL = 'runnel:" RUN ":copy')\n"
        "SELECT COUNT_BIG(*) FROM " SET " OPTION (LABEL = 'runnel:" RUN
        ":count')\n"
        "BEGIN TRANSACTION\n"
        "INSERT INTO [dbo].[orders] ([id], [na]]me], [at], [_runnel_run]) "
        "SELECT [id], [na]]me], [at], N'" RUN "' FROM " SET
        " OPTION (LABEL = 'runnel:" RUN ":publish')\n"
        "COMMIT TRANSACTION\n"
        "SELECT COUNT_BIG(*) FROM [dbo].[orders] WHERE [_runnel_run] = N'" RUN
        "' OPTION (LABEL = 'runnel:" RUN ":ledger')\n"
        "IF OBJECT_ID(N'" SET "') IS NOT NULL DROP TABLE " SET "\n");
}

static void csv_is_read_as_it_was_written(void **x)
{
    struct rn_load r;

    (void)x;
    config.file.format = "csv";
    config.file.row_number = "n";
    config.file.delimiter = '\t';
    data.gzip = true;
    open_it();
    assert_int_equal(load(&r), RN_OK);
    assert_true(said("COPY INTO " SET " ([id] 2, [na]]me] 3, [at] 4) FROM "));
    assert_true(
        said("WITH (FILE_TYPE = 'CSV', FIELDTERMINATOR = '0x09', "
             "FIELDQUOTE = '\"', ROWTERMINATOR = '0x0A', FIRSTROW = 2, "
             "ENCODING = 'UTF8', MAXERRORS = 0, COMPRESSION = 'Gzip')"));
    /* Instants carry a zone there. */
    assert_true(said("[at] datetimeoffset(6)) WITH"));
    assert_true(said("CAST([at] AS datetime2(3)), N'" RUN "'"));
}

static void a_column_of_any_length_makes_the_table_a_heap(void **x)
{
    struct rn_load r;

    (void)x;
    config.source.max_cell = 100000;
    open_it();
    assert_int_equal(load(&r), RN_OK);
    assert_true(said("[_runnel_run] nvarchar(64)) WITH (DISTRIBUTION = "
                     "ROUND_ROBIN, HEAP)"));
}

static void what_the_ledger_has_is_not_loaded_again(void **x)
{
    struct rn_load r;

    (void)x;
    pool.table = true;
    pool.run = 30;
    pool.others = 5;
    open_it();
    assert_int_equal(load(&r), RN_OK);
    assert_true(r.repeated);
    assert_int_equal(r.rows, 30);
    assert_int_equal(pool.copies + pool.inserts, 0);

    pool.run = 29;
    assert_int_equal(load(&r), RN_E_INTEGRITY);
    assert_int_equal(pool.copies + pool.inserts, 0);
    assert_non_null(strstr(error.text, "29 rows of run " RUN));
}

static void check_cut(enum rn_mode mode, int at, bool after)
{
    struct rn_load r;
    int err;

    (void)set_up(NULL);
    config.synapse.mode = mode;
    config.synapse.keys = "id";
    pool.table = true;
    pool.others = 4;
    pool.cut_at = at;
    pool.cut_after = after;
    pool.cuts = 1;
    open_it();
    err = load(&r);
    if (err != RN_OK || pool.run != 30 || pool.staging != -1 || pool.open)
        fail_msg("mode %d cut %s statement %d: %d %s\n%s", (int)mode,
                 after ? "after" : "before", at, err, error.text, pool.log);
    assert_int_equal(pool.others, mode == RN_MODE_APPEND      ? 4
                                  : mode == RN_MODE_OVERWRITE ? 0
                                                              : 3);
    assert_int_equal(r.rows, 30);
    assert_false(r.repeated);
    rn_warehouse_synapse.close(w);
    w = NULL;
}

static void a_cut_anywhere_leaves_the_rows_there_exactly_once(void **x)
{
    static const enum rn_mode modes[] = { RN_MODE_APPEND, RN_MODE_OVERWRITE,
                                          RN_MODE_MERGE };
    (void)x;
    for (size_t m = 0; m < RN_COUNTOF(modes); m++) {
        for (int at = 0; at < 13; at++) {
            check_cut(modes[m], at, false);
            check_cut(modes[m], at, true);
        }
    }
}

static void after_a_lost_commit_nothing_is_repeated(void **x)
{
    struct rn_load r;
    const char *again;

    (void)x;
    pool.table = true;
    pool.cut_at = 8; /* COMMIT */
    pool.cut_after = true;
    pool.cuts = 1;
    pool.busy = 2;
    open_it();
    assert_int_equal(load(&r), RN_OK);
    assert_int_equal(pool.copies, 1);
    assert_int_equal(pool.inserts, 1);
    assert_int_equal(pool.run, 30);
    assert_int_equal(r.retries, 3);
    again = strstr(pool.log, "COMMIT TRANSACTION\n") + 19;
    assert_true(begins(again, "SELECT COUNT_BIG(*) FROM "
                              "sys.dm_pdw_exec_requests WHERE [label] LIKE "
                              "'runnel:" RUN ":%' AND [status] IN ('Running', "
                              "'Suspended')\n"));
}

static void after_a_lost_copy_a_complete_staging_table_is_taken(void **x)
{
    struct rn_load r;

    (void)x;
    pool.table = true;
    pool.cut_at = 4; /* COPY */
    pool.cut_after = true;
    pool.cuts = 1;
    open_it();
    assert_int_equal(load(&r), RN_OK);
    assert_int_equal(pool.copies, 1);
    assert_int_equal(pool.run, 30);
}

static void who_cannot_see_statements_drops_the_staging_table_to_wait(void **x)
{
    struct rn_load r;
    const char *at;

    (void)x;
    pool.table = pool.blind = true;
    pool.cut_at = 7; /* INSERT */
    pool.cuts = 1;
    open_it();
    assert_int_equal(load(&r), RN_OK);
    assert_int_equal(pool.run, 30);
    assert_int_equal(pool.copies, 2);
    at = strstr(pool.log, "sys.dm_pdw_exec_requests");
    assert_true(begins(strchr(at, '\n') + 1, "IF OBJECT_ID(N'" SET "')"));
}

static void what_passes_is_waited_for_within_the_deadline(void **x)
{
    static const int32_t known[] = { 40197, 40501, 40613, 49918, 49919,
                                     49920, 4060,  4221,  42108 };
    struct rn_load r;

    (void)x;
    for (size_t i = 0; i < RN_COUNTOF(known); i++) {
        (void)set_up(NULL);
        pool.native = known[i];
        pool.cut_at = 3;
        pool.cuts = 3;
        pool.connect_fails = 2;
        open_it();
        assert_int_equal(load(&r), RN_OK);
        assert_int_equal(r.retries, 5);
        rn_warehouse_synapse.close(w);
    }
    (void)set_up(NULL);
    pool.connect_fails = 100000;
    open_it();
    assert_int_equal(load(&r), RN_E_BUSY);
    assert_true(now_ms > 1700000 && now_ms <= 1801000);
    assert_string_equal(error.service, "42000/40613");
    assert_null(strstr(error.text, "hunter2"));
    assert_int_equal(rn_error_exit(&error), 75);
}

static void other_refusals_are_final_and_leave_no_staging_table(void **x)
{
    struct rn_load r;

    (void)x;
    pool.table = true;
    pool.native = 8152;
    pool.cut_at = 7; /* INSERT */
    pool.cuts = 1;
    open_it();
    assert_int_equal(load(&r), RN_E_DENIED);
    assert_int_equal(pool.connects, 1);
    assert_int_equal(pool.staging, -1);
    assert_false(pool.open);
    assert_int_equal(pool.run, 0);
    assert_string_equal(error.service, "42000/8152");
    assert_int_equal(rn_error_exit(&error), 5);
}

static void rows_that_copy_leaves_out_are_never_published(void **x)
{
    struct rn_load r;

    (void)x;
    pool.copies_short = 1;
    open_it();
    assert_int_equal(load(&r), RN_E_INTEGRITY);
    assert_int_equal(pool.inserts, 0);
    assert_int_equal(pool.staging, -1);

    pool.copies_short = 30; /* it took none at all */
    rn_error_clear(&error);
    assert_int_equal(load(&r), RN_E_INTEGRITY);
    assert_int_equal(pool.inserts, 0);
}

static void a_run_without_rows_is_loaded(void **x)
{
    struct rn_load r;

    (void)x;
    config.synapse.mode = RN_MODE_OVERWRITE;
    pool.table = true;
    pool.others = 7;
    pool.copy_rows = 0;
    data.rows = 0;
    open_it();
    assert_int_equal(load(&r), RN_OK);
    assert_int_equal(pool.others, 0);
}

static void a_stop_request_ends_it_and_tidies_up(void **x)
{
    struct rn_load r;

    (void)x;
    pool.staging = 3; /* of an earlier try */
    open_it();
    stop = true;
    assert_int_equal(load(&r), RN_E_STOP);
    assert_int_equal(pool.staging, -1);
    assert_int_equal(rn_error_exit(&error), 75);
}

static void merge_deletes_by_keys_that_are_different(void **x)
{
    struct rn_load r;

    (void)x;
    config.synapse.mode = RN_MODE_MERGE;
    config.synapse.keys = "id, na]me";
    pool.others = 3;
    pool.table = true;
    open_it();
    assert_int_equal(load(&r), RN_OK);
    assert_true(
        said("SELECT COUNT_BIG(*) FROM (SELECT COUNT_BIG(*) AS n FROM " SET
             " WHERE [id] IS NOT NULL AND [na]]me] IS NOT NULL GROUP BY [id], "
             "[na]]me]) AS k"));
    assert_true(
        said("DELETE FROM [dbo].[orders] WHERE EXISTS (SELECT 1 FROM " SET
             " AS s WHERE s.[id] = [dbo].[orders].[id] AND s.[na]]me] "
             "= [dbo].[orders].[na]]me]) OPTION (LABEL"));

    pool.run = 0;
    pool.denied = "keys";
    pool.inserts = 0;
    assert_int_equal(load(&r), RN_E_VALUE);
    assert_int_equal(pool.inserts, 0);
}

static void overwrite_does_not_bring_an_older_run_back(void **x)
{
    struct rn_load r;

    (void)x;
    config.synapse.mode = RN_MODE_OVERWRITE;
    pool.table = true;
    pool.run = 30;
    pool.others = 12;
    open_it();
    assert_int_equal(load(&r), RN_E_INTEGRITY);
    assert_int_equal(pool.inserts, 0);
    assert_int_equal(pool.others, 12);
}

static void tables_that_do_not_fit_are_refused_by_name(void **x)
{
    struct rn_load r;

    (void)x;
    pool.table = true;
    pool.columns = "ID NA]ME extra AT";
    open_it();
    assert_int_equal(load(&r), RN_E_CONFIG);
    assert_non_null(strstr(error.text, "ALTER TABLE dbo.orders ADD "
                                       "_runnel_run nvarchar(64)"));
    pool.columns = "ID extra AT _RUNNEL_RUN";
    rn_error_clear(&error);
    assert_int_equal(load(&r), RN_E_CONFIG);
    assert_non_null(strstr(error.text, "no column \"na]me\""));
    pool.table = false;
    config.synapse.create = RN_CREATE_NEVER;
    rn_error_clear(&error);
    assert_int_equal(load(&r), RN_E_CONFIG);
    assert_int_equal(pool.copies, 0);
}

static void many_files_go_in_batches_that_have_each_once(void **x)
{
    struct rn_load r;
    int files = 0;

    (void)x;
    data.files = 700;
    data.rows = 30;
    open_it();
    /* The pool's COPY adds the same rows each time: only count them. */
    assert_int_equal(load(&r), RN_E_INTEGRITY);
    assert_true(pool.copies > 1 && pool.copies < 12);
    for (const char *p = pool.log; (p = strstr(p, "/part%20")) != NULL; p++) {
        assert_int_equal(atoi(p + 8), ++files);
    }
    assert_int_equal(files, 700);
}

static void open_sas(const char *token)
{
    config.synapse.credential = "sas";
    config.auth.kind = RN_AUTH_SAS;
    config.auth.token = token;
    open_it();
}

static void a_short_sas_goes_into_the_statement_and_nowhere_else(void **x)
{
    struct rn_load r;

    (void)x;
    open_sas("sv=2024-11-04&se=2026-11-23T09:00:00Z&sp=racwdl&sig=s%2Becret");
    pool.table = true;
    pool.native = 13812;
    pool.cut_at = 4;
    pool.cuts = 1;
    assert_int_equal(load(&r), RN_E_DENIED);
    assert_true(said("CREDENTIAL = (IDENTITY = 'Shared Access Signature', "
                     "SECRET = 'sv=2024-11-04&se=2026-11-23T09:00:00Z&"
                     "sp=racwdl&sig=s%2Becret'))"));
    char text[100] = "bad sig=s%2Becret' and PWD hunter2, sig=s%2B";
    rn_syn_mask(rn_syn_of(w), text);
    assert_string_equal(text, "bad sig=***' and PWD ***, sig=***");
}

static void a_password_in_braces_is_known_by_its_value(void **x)
{
    struct rn_syn_value v;

    (void)x;
    assert_true(rn_syn_setting("A={p;WD=x};Pwd={a;b}}c};Server=h", "pwd", &v));
    assert_string_equal(v.text, "a;b}c");
    assert_true(
        rn_syn_setting("A={p;WD=x};Pwd={a;b}}c};Server=h", "server", &v));
    assert_string_equal(v.text, "h");
    assert_false(rn_syn_setting("A={p;WD=x};;Server=h", "pwd", &v));
}

static void long_lived_credentials_are_never_in_a_statement(void **x)
{
    static const char *const refused[] = {
        "sv=2024-11-04&se=2026-11-26T09:00:00Z&sp=racwdl&sig=secret",
        "sv=2024-11-04&si=policy&sig=secret",
        "sv=2024-11-04&se=2026-11-23T09:00:00Z&sp=racwd&sig=secret",
    };
    struct rn_load r;

    (void)x;
    for (size_t i = 0; i < RN_COUNTOF(refused); i++) {
        open_sas(refused[i]);
        assert_int_equal(load(&r), RN_E_CONFIG);
        assert_int_equal(pool.copies, 0);
        assert_false(said("secret"));
        assert_null(strstr(error.text, "secret"));
        assert_int_equal(w->cls->check(w), RN_E_CONFIG);
        rn_warehouse_synapse.close(w);
        w = NULL;
    }
    config.auth.kind = RN_AUTH_SHARED_KEY;
    rn_error_clear(&error);
    assert_int_equal(rn_synapse_refuses(&config, NULL, &error), RN_E_CONFIG);
}

static void a_managed_identity_reads_parquet_by_the_data_lake_endpoint(void **x)
{
    struct rn_load r;

    (void)x;
    config.synapse.credential = "managed-identity";
    open_it();
    assert_int_equal(load(&r), RN_OK);
    assert_true(said("FROM 'https://acct.dfs.core.windows.net/box/orders/"));
    assert_true(said(", CREDENTIAL = (IDENTITY = 'Managed Identity'))"));
}

static void check_asks_for_what_load_will_do(void **x)
{
    (void)x;
    config.synapse.mode = RN_MODE_OVERWRITE;
    open_it();
    assert_int_equal(w->cls->check(w), RN_OK);
    assert_string_equal(
        pool.log,
        "SELECT 1\nSELECT HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', "
        "'ADMINISTER DATABASE BULK OPERATIONS'), HAS_PERMS_BY_NAME(DB_NAME(), "
        "'DATABASE', 'CREATE TABLE'), HAS_PERMS_BY_NAME(N'[dbo].[orders]', "
        "'OBJECT', 'INSERT'), HAS_PERMS_BY_NAME(N'[dbo].[orders]', 'OBJECT', "
        "'DELETE')\n");
    pool.denied = "DELETE";
    assert_int_equal(w->cls->check(w), RN_E_DENIED);
    assert_non_null(strstr(error.text, "may not DELETE"));
}

struct paste {
    struct rn_out out;
    uint8_t buf[7];
    char text[8000];
    size_t n;
};

static int keep(struct rn_out *o)
{
    struct paste *p = (struct paste *)o;

    assert_true(p->n + o->len < sizeof p->text);
    memcpy(p->text + p->n, o->buf, o->len);
    p->n += o->len;
    return RN_OK;
}

static void statements_to_paste_hold_no_secret(void **x)
{
    struct paste p = { .n = 0 };

    (void)x;
    open_sas("sv=2024-11-04&se=2026-11-23T09:00:00Z&sp=racwdl&sig=secret");
    rn_out_init(&p.out, p.buf, sizeof p.buf, keep);
    assert_int_equal(w->cls->statement(w, &data, &p.out), RN_OK);
    assert_int_equal(rn_out_flush(&p.out), RN_OK);
    p.text[p.n] = 0;
    assert_int_equal(pool.statements, 0);
    assert_non_null(strstr(p.text, "SECRET = '***')) OPTION"));
    assert_null(strstr(p.text, "secret"));
    assert_non_null(strstr(p.text, ";\nBEGIN TRANSACTION;\nINSERT INTO"));
}

static void refuses(const char *word)
{
    rn_error_clear(&error);
    assert_int_equal(rn_synapse_refuses(&config, &schema, &error), RN_E_CONFIG);
    if (!strstr(error.text, word))
        fail_msg("\"%s\" doesn't say %s", error.text, word);
    (void)set_up(NULL);
}

static void what_synapse_cannot_read_is_refused_before_anything(void **x)
{
    static const struct rn_col blob = { .name = RN_LIT("b"), .type = RN_BLOB };
    static const struct rn_col micros = { .name = RN_LIT("t"),
                                          .type = RN_TIMESTAMP,
                                          .utc = true };
    static const struct rn_col local = { .name = RN_LIT("t"),
                                         .type = RN_TIMESTAMP,
                                         .millis = true };
    struct rn_schema one = { &micros, 1 };

    (void)x;
    assert_int_equal(rn_synapse_refuses(&config, &schema, &error), RN_OK);
    config.file.format = "avro";
    refuses("Avro");
    config.file.format = "json";
    refuses("JSON");
    config.file.compression = RN_COMPRESSION_ZSTD;
    refuses("file.compression");
    config.store.url = "file:///tmp/x";
    refuses("store.url");
    config.synapse.table = "dbo.or'ders";
    refuses("synapse.table");
    config.synapse.mode = RN_MODE_MERGE;
    config.synapse.keys = "id,nobody";
    refuses("\"nobody\"");
    config.file.format = "csv";
    config.file.escape = '\\';
    refuses("file.escape");
    config.file.format = "csv";
    config.file.null = "NULL";
    refuses("file.null");
    config.file.format = "csv";
    config.file.quote = RN_QUOTE_ALL;
    refuses("file.quote");
    config.file.format = "csv";
    config.file.booleans = RN_BOOL_T_F;
    refuses("file.booleans");
    config.file.format = "csv";
    config.file.dates = RN_DATES_EPOCH;
    refuses("file.dates");

    rn_error_clear(&error);
    assert_int_equal(rn_synapse_refuses(&config, &one, &error), RN_E_CONFIG);
    assert_non_null(strstr(error.text, "[file] timestamps = millis"));
    one.col = &local;
    rn_error_clear(&error);
    assert_int_equal(rn_synapse_refuses(&config, &one, &error), RN_OK);
    config.synapse.load = RN_SYNAPSE_EXTERNAL;
    assert_int_equal(rn_synapse_refuses(&config, &one, &error), RN_E_CONFIG);
    one.col = &blob;
    config.synapse.load = RN_SYNAPSE_COPY_INTO;
    rn_error_clear(&error);
    assert_int_equal(rn_synapse_refuses(&config, &one, &error), RN_OK);
    config.file.format = "csv";
    assert_int_equal(rn_synapse_refuses(&config, &one, &error), RN_E_CONFIG);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_run_is_staged_counted_and_published_in_one_transaction),
        T(csv_is_read_as_it_was_written),
        T(a_column_of_any_length_makes_the_table_a_heap),
        T(what_the_ledger_has_is_not_loaded_again),
        T(a_cut_anywhere_leaves_the_rows_there_exactly_once),
        T(after_a_lost_commit_nothing_is_repeated),
        T(after_a_lost_copy_a_complete_staging_table_is_taken),
        T(who_cannot_see_statements_drops_the_staging_table_to_wait),
        T(what_passes_is_waited_for_within_the_deadline),
        T(other_refusals_are_final_and_leave_no_staging_table),
        T(rows_that_copy_leaves_out_are_never_published),
        T(a_run_without_rows_is_loaded),
        T(a_stop_request_ends_it_and_tidies_up),
        T(merge_deletes_by_keys_that_are_different),
        T(overwrite_does_not_bring_an_older_run_back),
        T(tables_that_do_not_fit_are_refused_by_name),
        T(many_files_go_in_batches_that_have_each_once),
        T(a_short_sas_goes_into_the_statement_and_nowhere_else),
        T(a_password_in_braces_is_known_by_its_value),
        T(long_lived_credentials_are_never_in_a_statement),
        T(a_managed_identity_reads_parquet_by_the_data_lake_endpoint),
        T(check_asks_for_what_load_will_do),
        T(statements_to_paste_hold_no_secret),
        T(what_synapse_cannot_read_is_refused_before_anything),
    };
    rn_log_level(RN_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
