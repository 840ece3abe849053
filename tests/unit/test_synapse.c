/* test_synapse.c: what Synapse is told, over a pool of rows that lives here:
 * its statements really change what later ones count, and its connection can
 * be cut before or after any of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/log.h"
#include "runnel/odbc.h"
#include "runnel/port.h"
#include "runnel/warehouse.h"
#include "warehouse/synapse.h"

/* -- a clock that moves when somebody waits -------------------------------- */

static int64_t now_ms;
static bool stop;

int64_t rn_clock_mono(void)
{
    return now_ms;
}

int64_t rn_clock_wall(void)
{
    return INT64_C(1795392000000000) + now_ms * 1000; /* 2026-11-23 */
}

int rn_entropy(void *buf, size_t len)
{
    memset(buf, 0x5a, len);
    return RN_OK;
}

int rn_wait(struct rn_wait *w, size_t n, int64_t until_ms)
{
    (void)w;
    assert_int_equal(n, 0);
    if (until_ms > now_ms)
        now_ms = until_ms;
    return 0;
}

bool rn_stop_requested(void)
{
    return stop;
}

/* -- the pool --------------------------------------------------------------- */

#define RUN "20261122T021500Z-0123abcd"
#define SET "[dbo].[orders_20261122T021500Z_0123abcd]"

struct rn_odbc {
    bool connected;
};

static struct {
    struct rn_odbc connection;
    /* What it holds. */
    bool table;
    const char *columns; /* of the table, with blanks between */
    int64_t staging;     /* rows; -1: no such table */
    uint64_t run, others;
    /* In a transaction: what it will hold. */
    bool open;
    uint64_t open_run, open_others;

    /* What goes wrong. */
    int cut_at;        /* which statement, from 0; -1: none */
    bool cut_after;    /* it was done all the same */
    int cuts;          /* how often */
    int32_t native;    /* with it, and no lost connection */
    int connect_fails; /* so many times */
    int copies_short;  /* rows that COPY leaves out */
    int busy;          /* statements of ours still at work, this often */
    bool blind;        /* may not see running statements */
    const char *denied;

    /* What happened. */
    char log[300000];
    size_t len;
    int statements, copies, inserts, connects;
    uint64_t copy_rows;
} pool;

bool rn_odbc_built(void)
{
    return true;
}

bool rn_odbc_measured(void)
{
    return true;
}

size_t rn_odbc_need(size_t statement)
{
    return RN_ROUND(statement / 1024);
}

int rn_odbc_open(size_t statement, struct rn_arena *mem, struct rn_error *error,
                 struct rn_odbc **odbc)
{
    (void)error;
    assert_non_null(rn_arena_take(mem, rn_odbc_need(statement), 1));
    *odbc = &pool.connection;
    return RN_OK;
}

static int fault(struct rn_odbc_fault *f, int err, int32_t native,
                 const char *text)
{
    *f = (struct rn_odbc_fault){ .native = native };
    snprintf(f->state, sizeof f->state, "%s",
             err == RN_E_LINK ? "08S01" : "42000");
    snprintf(f->text, sizeof f->text, "%s", text);
    return err;
}

int rn_odbc_connect(struct rn_odbc *odbc, const char *connection,
                    int64_t deadline_ms, struct rn_odbc_fault *f)
{
    assert_string_equal(connection,
                        "Driver=x;Server=pool.example;UID=u;PWD=hunter2");
    assert_true(deadline_ms > now_ms);
    assert_false(odbc->connected);
    pool.connects++;
    if (pool.connect_fails > 0) {
        pool.connect_fails--;
        return fault(f, RN_E_DENIED, 40613,
                     "Database is not currently available for hunter2");
    }
    odbc->connected = true;
    return RN_OK;
}

/* A session that ends takes its transaction with it. */
void rn_odbc_disconnect(struct rn_odbc *odbc)
{
    odbc->connected = false;
    pool.open = false;
}

void rn_odbc_close(struct rn_odbc *odbc)
{
    if (odbc)
        rn_odbc_disconnect(odbc);
}

static int give(struct rn_odbc_query *q, uint64_t row, const char *text)
{
    return q->cell(q->ctx, row, 0, rn_bytes_of(text));
}

static int give_number(struct rn_odbc_query *q, uint64_t n)
{
    char text[24];

    snprintf(text, sizeof text, "%llu", (unsigned long long)n);
    return give(q, 0, text);
}

static bool begins(const char *sql, const char *with)
{
    return strncmp(sql, with, strlen(with)) == 0;
}

static int give_columns(struct rn_odbc_query *q)
{
    char text[400];
    uint64_t row = 0;

    if (!pool.table)
        return RN_OK;
    snprintf(text, sizeof text, "%s", pool.columns);
    for (char *p = strtok(text, " "); p; p = strtok(NULL, " ")) {
        int err = give(q, row++, p);
        if (err < 0)
            return err;
    }
    return RN_OK;
}

static int answer(const char *sql, struct rn_odbc_query *q,
                  struct rn_odbc_fault *f)
{
    uint64_t run = pool.open ? pool.open_run : pool.run;
    uint64_t others = pool.open ? pool.open_others : pool.others;

    if (begins(sql, "SELECT 1"))
        return give(q, 0, "1");
    if (begins(sql, "SELECT HAS_PERMS_BY_NAME")) {
        for (unsigned i = 0; i < 4; i++) {
            int err =
                q->cell(q->ctx, 0, i,
                        i == 3 && pool.denied ? RN_STR("0") : RN_STR("1"));
            if (err < 0)
                return err;
        }
        return RN_OK;
    }
    if (begins(sql, "SELECT COUNT_BIG(*) FROM sys.dm_pdw_exec_requests")) {
        if (pool.blind)
            return fault(f, RN_E_DENIED, 297, "no VIEW DATABASE STATE");
        return give_number(q, pool.busy > 0 ? (uint64_t)pool.busy-- : 0);
    }
    if (begins(sql, "SELECT [name] FROM sys.columns"))
        return give_columns(q);
    if (begins(sql, "SELECT COUNT_BIG(*) FROM (SELECT"))
        return give_number(q, pool.denied ? 2 : (uint64_t)pool.staging);
    if (begins(sql, "SELECT COUNT_BIG(*) FROM " SET)) {
        if (pool.staging < 0)
            return fault(f, RN_E_DENIED, 208, "Invalid object name");
        return give_number(q, (uint64_t)pool.staging);
    }
    if (begins(sql, "SELECT COUNT_BIG(*) FROM [dbo].[orders] WHERE"))
        return give_number(q, run);
    if (begins(sql, "SELECT COUNT_BIG(*) FROM [dbo].[orders]"))
        return give_number(q, run + others);
    return 1;
}

static int change(const char *sql, struct rn_odbc_query *q)
{
    if (begins(sql, "IF OBJECT_ID(N'" SET "') IS NOT NULL DROP TABLE")) {
        pool.staging = -1;
    } else if (begins(sql, "CREATE TABLE " SET)) {
        assert_int_equal(pool.staging, -1);
        pool.staging = 0;
    } else if (begins(sql, "CREATE TABLE [dbo].[orders] ")) {
        assert_false(pool.table);
        pool.table = true;
    } else if (begins(sql, "COPY INTO " SET)) {
        assert_true(pool.staging >= 0);
        pool.staging += (int64_t)pool.copy_rows - pool.copies_short;
        pool.copies++;
    } else if (begins(sql, "BEGIN TRANSACTION")) {
        assert_false(pool.open);
        pool.open = true;
        pool.open_run = pool.run;
        pool.open_others = pool.others;
    } else if (begins(sql, "DELETE FROM [dbo].[orders] WHERE EXISTS")) {
        assert_true(pool.open);
        pool.open_others -= pool.open_others > 0;
    } else if (begins(sql, "DELETE FROM [dbo].[orders] OPTION")) {
        assert_true(pool.open);
        pool.open_run = pool.open_others = 0;
    } else if (begins(sql, "INSERT INTO [dbo].[orders]")) {
        assert_true(pool.open && pool.table && pool.staging >= 0);
        pool.open_run += (uint64_t)pool.staging;
        q->affected = (uint64_t)pool.staging;
        pool.inserts++;
    } else if (begins(sql, "COMMIT")) {
        assert_true(pool.open);
        pool.run = pool.open_run;
        pool.others = pool.open_others;
        pool.open = false;
    } else if (begins(sql, "IF @@TRANCOUNT > 0 ROLLBACK")) {
        pool.open = false;
    } else {
        fail_msg("the pool doesn't know: %s", sql);
    }
    return RN_OK;
}

static int cut(struct rn_odbc_fault *f)
{
    pool.cut_at = --pool.cuts > 0 ? pool.statements + 1 : -1;
    if (pool.native)
        return fault(f, RN_E_DENIED, pool.native, "come back later");
    return fault(f, RN_E_LINK, 0, "Communication link failure");
}

int rn_odbc_execute(struct rn_odbc *odbc, struct rn_odbc_query *q,
                    struct rn_odbc_fault *f)
{
    char sql[45000];
    bool now = pool.statements++ == pool.cut_at;
    int err;

    assert_true(odbc->connected);
    assert_true(q->sql.n < sizeof sql);
    if (stop && !q->regardless)
        return fault(f, RN_E_STOP, 0, "asked to stop");
    memcpy(sql, q->sql.p, q->sql.n);
    sql[q->sql.n] = 0;
    assert_true(q->deadline_ms > now_ms);
    pool.len += (size_t)snprintf(pool.log + pool.len,
                                 sizeof pool.log - pool.len, "%s\n", sql);
    assert_true(pool.len < sizeof pool.log);
    q->affected = 0;
    if (now && !pool.cut_after)
        return cut(f);
    err = answer(sql, q, f);
    if (err == 1)
        err = change(sql, q);
    return now ? cut(f) : err;
}

/* -- a job ------------------------------------------------------------------ */

static const struct rn_col columns[] = {
    { .name = RN_LIT("id"), .type = RN_I64 },
    { .name = RN_LIT("na]me"), .type = RN_TEXT, .nullable = true },
    { .name = RN_LIT("at"), .type = RN_TIMESTAMP, .utc = true, .millis = true },
};
static const struct rn_schema schema = { columns, RN_COUNTOF(columns) };

static struct rn_config config;
static struct rn_error error;
static struct rn_arena mem;
static _Alignas(16) uint8_t memory[400000];
static struct rn_warehouse *w;

static int path_of(const struct rn_dataset *d, uint32_t part,
                   char to[RN_DATASET_PATH])
{
    return snprintf(to, RN_DATASET_PATH, "orders/day=1/%s/part %05u.parquet",
                    d->run, (unsigned)part);
}

static struct rn_dataset data;

static int set_up(void **state)
{
    (void)state;
    memset(&pool, 0, sizeof pool);
    pool.staging = -1;
    pool.cut_at = -1;
    pool.columns = "id na]me at _runnel_run";
    pool.copy_rows = 30;
    stop = false;
    now_ms = 1000;
    memset(&config, 0, sizeof config);
    config.source.max_cell = 1000;
    config.file.format = "parquet";
    config.file.compression = RN_COMPRESSION_SNAPPY;
    config.file.timestamps = RN_TIMESTAMPS_MILLIS;
    config.file.row_number = config.file.null = "";
    config.file.delimiter = ',';
    config.file.quote_char = '"';
    config.file.header = true;
    config.store.url = "https://acct.blob.core.windows.net/box/";
    config.synapse.wanted = true;
    config.synapse.connection =
        "Driver=x;Server=pool.example;UID=u;PWD=hunter2";
    config.synapse.table = "dbo.orders";
    config.synapse.keys = config.synapse.pipeline = "";
    config.synapse.workspace = config.synapse.token = "";
    config.synapse.credential = "none";
    config.synapse.deadline_ms = 1800000;
    config.auth.token = config.auth.token_file = "";
    config.tls.ca = config.store.proxy = "";
    data = (struct rn_dataset){
        .run = RUN, .schema = &schema, .files = 2, .rows = 30, .path = path_of
    };
    rn_error_clear(&error);
    w = NULL;
    return 0;
}

static void open_it(void)
{
    size_t need = rn_warehouse_synapse.need(&config, schema.n);

    assert_true(need <= sizeof memory);
    rn_arena_init(&mem, "test", memory, need);
    rn_error_clear(&error);
    assert_int_equal(rn_warehouse_synapse.open(&config, NULL, &mem, &error, &w),
                     RN_OK);
}

static int tear_down(void **state)
{
    (void)state;
    if (w)
        rn_warehouse_synapse.close(w);
    w = NULL;
    return 0;
}

static int load(struct rn_load *result)
{
    return w->cls->load(w, &data, result);
}

static bool said(const char *text)
{
    return strstr(pool.log, text) != NULL;
}

/* -- tests ------------------------------------------------------------------ */

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

static void after_a_lost_commit_the_ledger_is_asked_and_nothing_repeated(
    void **x)
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

static void after_a_lost_copy_a_complete_staging_table_is_taken_as_it_is(
    void **x)
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
        T(after_a_lost_commit_the_ledger_is_asked_and_nothing_repeated),
        T(after_a_lost_copy_a_complete_staging_table_is_taken_as_it_is),
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
