/* test_push.c: rows that a program brings arrive whole, or not at all. */
#include <dirent.h>
#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/log.h"
#include "runnel/port.h"
#include "runnel/runnel.h"
#include "runnel/store.h"

/* ------------------------------------------------- a store that can fail */

/* The folder, but for one operation: test_push is linked with a wrapper around
 * rn_store_for().
 */
static enum rn_op fail_op;
static unsigned fail_in; /* 1: the next such operation; 0: none */
static int fail_err;

static int failing_start(struct rn_store *s, struct rn_transfer *t)
{
    if (t->op == fail_op && fail_in > 0 && --fail_in == 0) {
        t->err = fail_err;
        t->sent = true;
        t->done = true;
        rn_error_clear(&t->error);
        (void)rn_fail(&t->error, fail_err, RN_AT_STORE, "as the test says");
        return RN_OK;
    }
    return rn_store_folder.start(s, t);
}

static struct rn_store_class failing;

static int failing_open(const struct rn_config *config, struct rn_arena *mem,
                        struct rn_error *error, struct rn_store **store)
{
    int err = rn_store_folder.open(config, mem, error, store);

    if (err == RN_OK)
        (*store)->cls = &failing;
    return err;
}

const struct rn_store_class *__wrap_rn_store_for(const char *url);
const struct rn_store_class *__wrap_rn_store_for(const char *url)
{
    (void)url;
    failing = rn_store_folder;
    failing.open = failing_open;
    failing.start = failing_start;
    return &failing;
}

/* ----------------------------------------------------------------- fixture */

static char dir[] = "/tmp/runnel-push-XXXXXX";
static char job[2000];
static uint8_t memory[600 * 1024];
static struct rn_error error;
static struct rn_receipt receipt;
static struct rn_runnel *run;

enum { B, I, F, D, DAY, T, TS, TEXT, BLOB, UUID, COLUMNS };

#define COL(n, ...)                    \
    {                                  \
        .name = RN_LIT(n), __VA_ARGS__ \
    }

static const struct rn_col all[COLUMNS] = {
    COL("b", .type = RN_BOOL, .nullable = true),
    COL("i", .type = RN_I64, .bits = 32),
    COL("f", .type = RN_F64, .nullable = true),
    COL("d", .type = RN_DECIMAL, .precision = 9, .scale = 2, .nullable = true),
    COL("day", .type = RN_DATE, .nullable = true),
    COL("t", .type = RN_TIME, .nullable = true),
    COL("ts", .type = RN_TIMESTAMP, .utc = true, .nullable = true),
    COL("text", .type = RN_TEXT, .nullable = true),
    COL("blob", .type = RN_BLOB, .nullable = true),
    COL("uuid", .type = RN_UUID, .nullable = true),
};

static struct rn_push push = {
    .name = "meters",
    .job = job,
    .col = all,
    .cols = COLUMNS,
    .memory = memory,
    .size = sizeof memory,
};

static const uint8_t id[16] = { 0, 1, 2,  3,  4,  5,  6,  7,
                                8, 9, 10, 11, 12, 13, 14, 15 };

static void set_job(const char *more)
{
    (void)snprintf(job, sizeof job,
                   "[job]\nstate = %s/state\n"
                   "[store]\nurl = file://%s/out\npath = {run}/{part}.{ext}\n"
                   "[source]\nkind = push\n%s",
                   dir, dir, more);
}

static int before(void **state)
{
    (void)state;
    rn_log_level(RN_LOG_ERROR);
    snprintf(dir, sizeof dir, "/tmp/runnel-push-XXXXXX");
    fail_in = 0;
    push.size = sizeof memory;
    push.cols = COLUMNS;
    push.col = all;
    run = NULL;
    return mkdtemp(dir) ? 0 : -1;
}

static int after(void **state)
{
    char command[128];

    (void)state;
    rn_abandon(run);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command) == 0 ? 0 : -1;
}

/* What this holds in the run's folder; NULL when there is none. */
static char *content(const char *name, size_t *len)
{
    static char text[256 * 1024];
    char path[200];
    FILE *f;

    snprintf(path, sizeof path, "%s/out/%s/%s", dir, receipt.run, name);
    f = fopen(path, "rb");
    if (!f)
        return NULL;
    *len = fread(text, 1, sizeof text - 1, f);
    text[*len] = 0;
    fclose(f);
    return text;
}

static const char *text_of(const char *name)
{
    size_t len;
    const char *text = content(name, &len);

    return text ? text : "(none)";
}

/* Files in all of the container. */
static unsigned files(void)
{
    char command[200];
    char line[32] = "";
    FILE *p;

    snprintf(command, sizeof command, "find %s/out -type f | wc -l", dir);
    p = popen(command, "r");
    assert_non_null(p);
    assert_non_null(fgets(line, sizeof line, p));
    pclose(p);
    return (unsigned)atoi(line);
}

static void open_run(void)
{
    int err = rn_open(&run, &push, &error);

    if (err != RN_OK)
        fail_msg("%s", error.text);
    assert_non_null(run);
}

static void put_all(int32_t i)
{
    assert_int_equal(rn_put_bool(run, B, i % 2 == 1), RN_OK);
    assert_int_equal(rn_put_i64(run, I, i), RN_OK);
    assert_int_equal(rn_put_f64(run, F, i + 0.5), RN_OK);
    assert_int_equal(rn_put_decimal(run, D, "+12.5"), RN_OK);
    assert_int_equal(rn_put_date(run, DAY, 20000), RN_OK);
    assert_int_equal(rn_put_time(run, T, 3723000004), RN_OK);
    assert_int_equal(rn_put_timestamp(run, TS, 1700000000000000), RN_OK);
    assert_int_equal(rn_put_text(run, TEXT, "gr\xc3\xbc\xc3\x9f", 6), RN_OK);
    assert_int_equal(rn_put_blob(run, BLOB, "\x01\x02", 2), RN_OK);
    assert_int_equal(rn_put_uuid(run, UUID, id), RN_OK);
    assert_int_equal(rn_end_row(run), RN_OK);
}

static void put_nulls(void)
{
    for (size_t i = 0; i < COLUMNS; i++)
        if (i != I)
            assert_int_equal(rn_put_null(run, i), RN_OK);
    assert_int_equal(rn_put_i64(run, I, -1), RN_OK);
    assert_int_equal(rn_end_row(run), RN_OK);
}

static void finish(void)
{
    int err = rn_finish(run, &receipt);

    if (err != RN_OK)
        fail_msg("%s", error.text);
}

/* ------------------------------------------------------------------- tests */

static void rows_of_all_types_arrive_as_csv(void **state)
{
    (void)state;
    set_job("");
    open_run();
    put_all(7);
    put_nulls();
    finish();
    assert_int_equal(receipt.rows, 2);
    assert_int_equal(receipt.files, 1);
    assert_string_equal(text_of("00001.csv"),
                        "b,i,f,d,day,t,ts,text,blob,uuid\n"
                        "true,7,7.5,12.50,2024-10-04,01:02:03.000004,"
                        "2023-11-14T22:13:20Z,gr\xc3\xbc\xc3\x9f,AQI=,"
                        "00010203-0405-0607-0809-0a0b0c0d0e0f\n"
                        ",-1,,,,,,,,\n");
    assert_string_equal(text_of("_SUCCESS"), "");
    assert_non_null(strstr(text_of("_manifest.json"), "\"push\""));
    assert_int_equal(receipt.bytes, strlen(text_of("00001.csv")));
}

static void rows_of_all_types_arrive_as_json(void **state)
{
    (void)state;
    set_job("[file]\nformat = json\n");
    open_run();
    put_all(8);
    finish();
    assert_string_equal(
        text_of("00001.json"),
        "{\"b\":false,\"i\":8,\"f\":8.5,\"d\":12.50,\"day\":\"2024-10-04\","
        "\"t\":\"01:02:03.000004\",\"ts\":\"2023-11-14T22:13:20Z\","
        "\"text\":\"gr\xc3\xbc\xc3\x9f\",\"blob\":\"AQI=\","
        "\"uuid\":\"00010203-0405-0607-0809-0a0b0c0d0e0f\"}\n");
}

static bool holds(const char *p, size_t n, const void *what, size_t len)
{
    for (size_t i = 0; i + len <= n; i++)
        if (memcmp(p + i, what, len) == 0)
            return true;
    return false;
}

static void rows_of_all_types_arrive_as_parquet(void **state)
{
    size_t n;
    const char *p;

    (void)state;
    set_job("[file]\nformat = parquet\ncompression = none\n"
            "dictionary = false\n");
    open_run();
    for (int32_t i = 0; i < 500; i++)
        put_all(i);
    put_nulls();
    finish();
    p = content("00001.parquet", &n);
    assert_non_null(p);
    assert_memory_equal(p, "PAR1", 4);
    assert_memory_equal(p + n - 4, "PAR1", 4);
    assert_true(holds(p, n, "gr\xc3\xbc\xc3\x9f\x06\x00\x00\x00gr", 12));
    assert_true(holds(p, n, id, sizeof id));
    assert_int_equal(receipt.rows, 501);
}

static void rows_of_all_types_arrive_as_avro(void **state)
{
    size_t n;
    const char *p;

    (void)state;
    set_job("[file]\nformat = avro\n");
    open_run();
    for (int32_t i = 0; i < 500; i++)
        put_all(i);
    put_nulls();
    finish();
    p = content("00001.avro", &n);
    assert_non_null(p);
    assert_memory_equal(p, "Obj\x01", 4);
    assert_true(holds(p, n, "\x02\x0cgr\xc3\xbc\xc3\x9f\x02\x04\x01\x02", 12));
    assert_int_equal(receipt.rows, 501);
}

static void many_rows_in_many_files(void **state)
{
    (void)state;
    set_job("[file]\nrows_per_file = 4000\ncompression = gzip\n");
    open_run();
    for (int32_t i = 0; i < 10000; i++)
        put_all(i);
    assert_int_equal(rn_poll(run, rn_clock_mono()), RN_OK);
    finish();
    assert_int_equal(receipt.rows, 10000);
    assert_int_equal(receipt.files, 3);
    assert_string_not_equal(text_of("00003.csv.gz"), "(none)");
    assert_int_equal(files(), 5);
}

static void no_rows_are_a_run_too(void **state)
{
    (void)state;
    set_job("");
    open_run();
    finish();
    assert_int_equal(receipt.rows, 0);
    assert_string_equal(text_of("_SUCCESS"), "");
}

/* The run fails with these words, and nothing of it stays. */
static void fails_with(int code, const char *words)
{
    assert_int_equal(rn_end_row(run), code);
    assert_int_equal(rn_put_i64(run, I, 1), code);
    assert_int_equal(rn_finish(run, &receipt), code);
    assert_non_null(strstr(error.text, words));
    assert_int_equal(files(), 0);
    run = NULL;
}

static void an_incomplete_row_is_named(void **state)
{
    (void)state;
    set_job("");
    open_run();
    put_all(1);
    assert_int_equal(rn_put_i64(run, I, 5), RN_OK);
    assert_int_equal(rn_put_null(run, B), RN_OK);
    fails_with(RN_E_VALUE, "row 2, column \"f\": nothing was put there");
}

static void a_row_not_ended_is_named(void **state)
{
    (void)state;
    set_job("");
    open_run();
    put_all(1);
    assert_int_equal(rn_put_i64(run, I, 5), RN_OK);
    assert_int_equal(rn_finish(run, &receipt), RN_E_VALUE);
    assert_string_equal(error.text, "row 2 was begun and not ended");
    assert_int_equal(files(), 0);
    run = NULL;
}

static void a_wrong_type_is_named(void **state)
{
    (void)state;
    set_job("");
    open_run();
    assert_int_equal(rn_put_text(run, I, "7", 1), RN_E_VALUE);
    fails_with(RN_E_VALUE, "row 1, column \"i\": it is integer, not text");
}

static void a_wrong_value_is_named(void **state)
{
    (void)state;
    set_job("");
    open_run();
    assert_int_equal(rn_put_null(run, I), RN_E_VALUE);
    fails_with(RN_E_VALUE, "column \"i\": NULL in a column that is not");
    open_run();
    assert_int_equal(rn_put_decimal(run, D, "1.234"), RN_E_VALUE);
    fails_with(RN_E_VALUE, "column \"d\": not a decimal");
    open_run();
    assert_int_equal(rn_put_time(run, T, -1), RN_E_VALUE);
    fails_with(RN_E_VALUE, "column \"t\": not microseconds of a day");
    open_run();
    assert_int_equal(rn_put_i64(run, COLUMNS, 1), RN_E_VALUE);
    fails_with(RN_E_VALUE, "row 1: column 10 of 10");
}

/* As for any source, by the job's policies. */
static void rows_are_checked_as_any(void **state)
{
    static char text[200];

    (void)state;
    memset(text, 'x', sizeof text);
    push.col = all + TEXT;
    push.cols = 1;
    set_job("max_cell = 64\n");
    open_run();
    assert_int_equal(rn_put_text(run, 0, text, 65), RN_OK);
    assert_int_equal(rn_end_row(run), RN_E_VALUE);
    assert_int_equal(rn_finish(run, NULL), RN_E_VALUE);
    assert_non_null(strstr(error.text, "it has 65 bytes"));
    open_run();
    assert_int_equal(rn_put_text(run, 0, "\xff", 1), RN_OK);
    assert_int_equal(rn_end_row(run), RN_E_VALUE);
    assert_non_null(strstr(error.text, "is not UTF-8"));
    rn_abandon(run);
    set_job("max_cell = 64\non_oversize = truncate\n");
    open_run();
    assert_int_equal(rn_put_text(run, 0, text, 65), RN_OK);
    assert_int_equal(rn_end_row(run), RN_OK);
    finish();
    assert_int_equal(strlen(text_of("00001.csv")), 5 + 64 + 1);
}

static void a_narrow_integer_keeps_its_range(void **state)
{
    (void)state;
    push.col = all + I;
    push.cols = 1;
    set_job("");
    open_run();
    assert_int_equal(rn_put_i64(run, 0, INT64_C(1) << 31), RN_OK);
    assert_int_equal(rn_end_row(run), RN_E_VALUE);
    assert_int_equal(rn_finish(run, NULL), RN_E_VALUE);
}

static void what_is_over_is_over(void **state)
{
    (void)state;
    set_job("");
    open_run();
    put_all(1);
    finish();
    assert_int_equal(rn_put_i64(run, I, 1), RN_E_DENIED);
    assert_int_equal(rn_end_row(run), RN_E_DENIED);
    assert_int_equal(rn_poll(run, 0), RN_E_DENIED);
    assert_int_equal(rn_finish(run, NULL), RN_E_DENIED);
    rn_abandon(run);
    assert_int_equal(files(), 3);
    assert_int_equal(error.code, RN_OK);
}

static void a_run_given_up_leaves_nothing(void **state)
{
    (void)state;
    set_job("[file]\nrows_per_file = 2000\n");
    open_run();
    for (int32_t i = 0; i < 5000; i++)
        put_all(i);
    assert_true(files() > 0);
    rn_abandon(run);
    assert_int_equal(files(), 0);
    assert_int_equal(error.code, RN_E_STOP);
    open_run(); /* and the next one is not in its way */
    put_all(1);
    finish();
    assert_string_equal(receipt.completed, "");
    assert_int_equal(files(), 3);
}

/* A pulled run would start again: here only the program can. */
static void lost_blocks_end_the_run(void **state)
{
    (void)state;
    set_job("[file]\nrows_per_file = 2000\n[store]\nblock = 4K\n");
    fail_op = RN_OP_COMMIT;
    fail_err = RN_E_STALE;
    fail_in = 2;
    open_run();
    int err = RN_OK;
    for (int32_t i = 0; i < 5000 && err == RN_OK; i++) {
        rn_put_i64(run, I, i);
        for (size_t c = 0; c < COLUMNS; c++)
            if (c != I)
                rn_put_null(run, c);
        err = rn_end_row(run);
    }
    assert_int_equal(err, RN_E_STALE);
    assert_int_equal(rn_finish(run, &receipt), RN_E_STALE);
    assert_non_null(strstr(error.text, "open a new run and push its rows"));
    assert_int_equal(rn_error_exit(&error), 75);
    assert_int_equal(files(), 0);
    open_run();
    put_all(3);
    finish();
    assert_int_equal(receipt.rows, 1);
}

static void what_passes_is_tried_again(void **state)
{
    (void)state;
    set_job("");
    fail_op = RN_OP_PUT;
    fail_err = RN_E_BUSY;
    fail_in = 1;
    open_run();
    put_all(3);
    finish();
    assert_int_equal(fail_in, 0);
    assert_int_equal(receipt.retries, 1);
    assert_int_equal(files(), 3);
}

static void a_refusal_for_good_leaves_nothing(void **state)
{
    (void)state;
    set_job("");
    fail_op = RN_OP_PUT;
    fail_err = RN_E_DENIED;
    fail_in = 2; /* the manifest */
    open_run();
    put_all(3);
    assert_int_equal(rn_finish(run, &receipt), RN_E_DENIED);
    assert_int_equal(files(), 0);
    assert_int_equal(receipt.left, 0);
    run = NULL;
}

static void the_watermark_is_told(void **state)
{
    struct rn_cell w;

    (void)state;
    set_job("watermark = ts\n");
    open_run();
    rn_watermark(run, &w);
    assert_int_equal(w.type, RN_NULL);
    put_all(1);
    finish();
    open_run();
    put_nulls();
    rn_watermark(run, &w);
    assert_int_equal(w.type, RN_I64);
    assert_int_equal(w.as.i64, 1700000000000000);
    rn_abandon(run);
    open_run(); /* what was given up does not count */
    rn_watermark(run, &w);
    assert_int_equal(w.as.i64, 1700000000000000);
}

/* As after power loss: what was under way is removed by the next one. */
static void a_run_cut_short_is_cleaned_up(void **state)
{
    static uint8_t other[sizeof memory];
    struct rn_runnel *cut;

    (void)state;
    set_job("[file]\nrows_per_file = 10\n");
    open_run();
    cut = run;
    for (int32_t i = 0; i < 25; i++)
        put_all(i);
    assert_true(files() >= 2);
    /* Another process, as far as the record knows: its lock is gone. */
    set_job("[file]\nrows_per_file = 10\n");
    push.memory = other;
    assert_int_equal(rn_open(&run, &push, &error), RN_E_BUSY);
    assert_null(run);
    push.memory = memory;
    rn_abandon(cut);
    assert_int_equal(files(), 0);
}

static void what_a_job_must_be_is_said(void **state)
{
    static const struct rn_col odd[] = {
        COL("x", .type = RN_DECIMAL),
    };

    (void)state;
    set_job("query = SELECT 1\n");
    assert_int_equal(rn_open(&run, &push, &error), RN_E_CONFIG);
    assert_non_null(strstr(error.text, "[source] query: not with kind = push"));
    set_job("key = i\n");
    assert_int_equal(rn_open(&run, &push, &error), RN_E_CONFIG);
    assert_non_null(strstr(error.text, "[source] key: rows that are pushed"));
    set_job("[types]\ni = int64\n");
    assert_int_equal(rn_open(&run, &push, &error), RN_E_CONFIG);
    assert_non_null(strstr(error.text, "[types]"));
    set_job("");
    push.col = odd;
    push.cols = 1;
    assert_int_equal(rn_open(&run, &push, &error), RN_E_CONFIG);
    assert_non_null(strstr(error.text, "column 0 of the program: a decimal"));
    push.cols = 0;
    assert_int_equal(rn_open(&run, &push, &error), RN_E_CONFIG);
    assert_null(run);
}

/* The least there is, and not a byte more, does. */
static void what_is_needed_is_enough(void **state)
{
    size_t least = 0;

    (void)state;
    set_job("[file]\nformat = parquet\n[store]\nconnections = 1\n");
    assert_int_equal(rn_need(&push, &least, &error), RN_OK);
    assert_true(least > 4096 && least < sizeof memory);
    push.size = least;
    open_run();
    for (int32_t i = 0; i < 300; i++)
        put_all(i);
    finish();
    assert_int_equal(receipt.rows, 300);
    push.size = least - 4096;
    assert_int_equal(rn_open(&run, &push, &error), RN_E_CONFIG);
    assert_non_null(strstr(error.text, "is too small"));
    push.size = 100;
    assert_int_equal(rn_open(&run, &push, &error), RN_E_FULL);
    run = NULL;
}

static unsigned ticks;
static void on_tick(void *ctx)
{
    assert_ptr_equal(ctx, &ticks);
    ticks++;
}

static void memory_need_not_be_aligned(void **state)
{
    (void)state;
    set_job("");
    push.memory = memory + 3;
    push.size = sizeof memory - 3;
    push.tick = on_tick;
    push.ctx = &ticks;
    open_run();
    put_all(1);
    finish();
    push.memory = memory;
    push.tick = NULL;
    assert_int_equal(receipt.rows, 1);
}

int main(void)
{
#define PUSH(f) cmocka_unit_test_setup_teardown(f, before, after)
    const struct CMUnitTest tests[] = {
        PUSH(rows_of_all_types_arrive_as_csv),
        PUSH(rows_of_all_types_arrive_as_json),
        PUSH(rows_of_all_types_arrive_as_parquet),
        PUSH(rows_of_all_types_arrive_as_avro),
        PUSH(many_rows_in_many_files),
        PUSH(no_rows_are_a_run_too),
        PUSH(an_incomplete_row_is_named),
        PUSH(a_row_not_ended_is_named),
        PUSH(a_wrong_type_is_named),
        PUSH(a_wrong_value_is_named),
        PUSH(rows_are_checked_as_any),
        PUSH(a_narrow_integer_keeps_its_range),
        PUSH(what_is_over_is_over),
        PUSH(a_run_given_up_leaves_nothing),
        PUSH(lost_blocks_end_the_run),
        PUSH(what_passes_is_tried_again),
        PUSH(a_refusal_for_good_leaves_nothing),
        PUSH(the_watermark_is_told),
        PUSH(a_run_cut_short_is_cleaned_up),
        PUSH(what_a_job_must_be_is_said),
        PUSH(what_is_needed_is_enough),
        PUSH(memory_need_not_be_aligned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
