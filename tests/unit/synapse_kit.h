/* synapse_kit.h: for tests: a pool of rows that statements really change, whose
 * connection can be cut before or after any of them, a clock that moves when
 * somebody waits, and a job.
 */
#ifndef TESTS_SYNAPSE_KIT_H
#define TESTS_SYNAPSE_KIT_H

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

/* -- the pool -------------------------------------------------------------- */

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

/* -- a job ----------------------------------------------------------------- */

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

#endif
