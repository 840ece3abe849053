/* test_validate.c: a run that is not the same everywhere is never called so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/crc64.h"
#include "core/log.h"
#include "job/config.h"
#include "job/manifest.h"
#include "job/validate.h"
#include "row/measure.h"
#include "runnel/port.h"

#define RUN    "20261122T021500Z-0123456789abcdef"
#define FOLDER "orders/2026-11-22/" RUN "/"

/* -- a clock that moves when somebody waits ------------------------------- */

static int64_t now_ms;

int64_t rn_clock_mono(void)
{
    return now_ms;
}

int64_t rn_clock_wall(void)
{
    return INT64_C(1795315500000000);
}

int rn_entropy(void *to, size_t n)
{
    memset(to, 0x5a, n);
    return RN_OK;
}

/* -- a store of a few files ----------------------------------------------- */

struct entry {
    char path[200];
    uint8_t bytes[8192];
    size_t len;
    char run[40];
};

static struct {
    struct rn_store store;
    struct rn_transfer *t;
    struct entry entry[8];
    size_t entries;
    unsigned gets, heads;
    int fail_err; /* of the next `fails` operations */
    unsigned fails;
} shelf;

static struct entry *entry_of(const char *path)
{
    for (size_t i = 0; i < shelf.entries; i++) {
        if (strcmp(shelf.entry[i].path, path) == 0)
            return &shelf.entry[i];
    }
    return NULL;
}

static int perform(struct rn_transfer *t)
{
    const struct entry *e = entry_of(t->object->path);
    size_t left;

    if (!e)
        return RN_E_ABSENT;
    strcpy(t->found_run, e->run);
    t->found_length = e->len;
    shelf.heads += t->op == RN_OP_HEAD;
    if (t->op == RN_OP_HEAD)
        return RN_OK;
    assert_int_equal(t->op, RN_OP_GET);
    shelf.gets++;
    left = t->offset < e->len ? e->len - (size_t)t->offset : 0;
    t->got = left < t->cap ? left : t->cap;
    memcpy(t->into, e->bytes + t->offset, t->got);
    return RN_OK;
}

static int shelf_start(struct rn_store *s, struct rn_transfer *t)
{
    (void)s;
    assert_null(shelf.t);
    t->got = 0;
    shelf.t = t;
    return RN_OK;
}

static int shelf_pump(struct rn_store *s, int64_t until_ms)
{
    struct rn_transfer *t = shelf.t;

    (void)s;
    if (!t) {
        now_ms = until_ms > now_ms ? until_ms : now_ms;
        return 0;
    }
    now_ms++;
    if (shelf.fails > 0) {
        shelf.fails--;
        t->err = rn_fail(&t->error, shelf.fail_err, RN_AT_STORE, "shelf: %s",
                         rn_err_name(shelf.fail_err));
    } else {
        t->err = perform(t);
    }
    t->done = true;
    shelf.t = NULL;
    return 1;
}

static void shelf_cancel(struct rn_store *s, struct rn_transfer *t)
{
    (void)s;
    t->done = true;
    t->err = RN_E_STOP;
    shelf.t = NULL;
}

static int shelf_renew(struct rn_store *s)
{
    (void)s;
    return RN_E_AUTH;
}

static const struct rn_store_class class_shelf = {
    .name = "shelf",
    .start = shelf_start,
    .pump = shelf_pump,
    .cancel = shelf_cancel,
    .renew = shelf_renew,
};

static struct entry *add_entry(const char *name)
{
    struct entry *e = &shelf.entry[shelf.entries++];

    snprintf(e->path, sizeof e->path, FOLDER "%s", name);
    strcpy(e->run, RUN);
    return e;
}

/* -- warehouses ----------------------------------------------------------- */

struct house {
    struct rn_warehouse w;
    struct rn_error *error;
    uint64_t rows[64]; /* what it says at each ask; the last from then on */
    unsigned says;
    unsigned asked;
    int err;
    struct rn_measure_column column[8];
};

static struct house houses[2];

static int measure(struct rn_warehouse *w, const struct rn_dataset *d,
                   bool columns, struct rn_measure *m)
{
    struct house *h = (struct house *)(void *)w;
    unsigned at = h->asked < h->says ? h->asked : h->says - 1;
    char path[RN_DATASET_PATH];

    assert_string_equal(d->run, RUN);
    assert_true(d->path(d, 2, path) > 0);
    assert_string_equal(path, FOLDER "part-00002.csv");
    h->asked++;
    if (h->err < 0)
        return rn_fail(h->error, h->err, RN_AT_WAREHOUSE, "%s is asleep",
                       w->place);
    m->rows = h->rows[at];
    if (columns)
        memcpy(m->column, h->column, d->schema->n * sizeof *m->column);
    return RN_OK;
}

static struct rn_validate_target targets[] = {
    { "databricks", &houses[0].w, measure },
    { "synapse", &houses[1].w, measure },
};

/* -- a run ---------------------------------------------------------------- */

static _Alignas(16) uint8_t job_space[65536];
static _Alignas(16) uint8_t space[131072];
static struct rn_arena job_mem, mem;
static struct rn_config config;
static struct rn_error error;
static struct rn_uploader uploader;
static struct rn_report report;
static struct rn_validation validation;
static struct rn_validate_own own;
static struct rn_digest *digest;
static const uint64_t source_rows = 10;

static const struct rn_col cols[] = {
    { .name = RN_LIT("id"), .type = RN_I64 },
    { .name = RN_LIT("amount"),
      .type = RN_DECIMAL,
      .nullable = true,
      .precision = 10,
      .scale = 2 },
    { .name = RN_LIT("who"), .type = RN_TEXT, .nullable = true },
    { .name = RN_LIT("at"), .type = RN_TIMESTAMP, .utc = true },
    { .name = RN_LIT("raw"), .type = RN_BLOB, .nullable = true },
};
static const struct rn_schema schema = { cols, RN_COUNTOF(cols) };

static void read_job(const char *validate)
{
    char text[800];
    struct rn_config_input in = { "orders.ini", { NULL, 0 }, NULL, 0 };

    snprintf(text, sizeof text,
             "[source]\nkind = sqlite\ndatabase = d\nquery = SELECT 1\n"
             "[store]\nurl = https://a/c\npath = "
             "orders/{date}/{run}/part-{part}.{ext}\n[auth]\nkind = sas\n"
             "token = t\n[file]\nformat = csv\n[validate]\n%s",
             validate);
    in.text = rn_bytes_of(text);
    rn_arena_init(&job_mem, "job", job_space, sizeof job_space);
    rn_error_clear(&error);
    if (rn_config_read(&in, &job_mem, &config, &error) < 0)
        fail_msg("%s", error.text);
}

static void fill_digest(void)
{
    digest = rn_digest_init(&schema, &job_mem);
    assert_non_null(digest);
    for (int i = 1; i <= 10; i++) {
        struct rn_cell c[RN_COUNTOF(cols)];
        char amount[24], who[40];

        memset(c, 0, sizeof c);
        snprintf(amount, sizeof amount, "%d.50", i - 5);
        snprintf(who, sizeof who, "person %02d <a very long name>", i);
        c[0] = (struct rn_cell){ RN_I64, { .i64 = i } };
        c[1] = (struct rn_cell){ RN_DECIMAL, { .bytes = rn_bytes_of(amount) } };
        if (i % 2)
            c[2] = (struct rn_cell){ RN_TEXT, { .bytes = rn_bytes_of(who) } };
        c[3] =
            (struct rn_cell){ RN_TIMESTAMP, { .i64 = 1795315500000000 + i } };
        rn_digest_row(digest, &(struct rn_row){ c, RN_COUNTOF(c) });
    }
}

static struct entry *manifest;

static int keep(struct rn_out *o)
{
    assert_true(manifest->len + o->len <= sizeof manifest->bytes);
    memcpy(manifest->bytes + manifest->len, o->buf, o->len);
    manifest->len += o->len;
    return RN_OK;
}

/* Two files of 5 rows, and the manifest that names them. */
static void store_run(void)
{
    static uint8_t buf[256];
    struct rn_manifest_writer w;
    struct rn_manifest_head head = { RUN, 1795313700000000, "SQLite", &schema };
    struct rn_counts counts = { 0 };
    struct rn_manifest_tail tail = { 10,      0,    &schema,         digest,
                                     &counts, NULL, 1795313761000000 };
    struct rn_out out;

    memset(&shelf, 0, sizeof shelf);
    shelf.store.cls = &class_shelf;
    strcpy(shelf.store.place, "https://a/c");
    manifest = add_entry("_manifest.json");
    rn_out_init(&out, buf, sizeof buf, keep);
    rn_manifest_begin(&w, &config, &head, &out);
    for (unsigned part = 1; part <= 2; part++) {
        char name[20];
        struct entry *e;

        snprintf(name, sizeof name, "part-%05u.csv", part);
        e = add_entry(name);
        e->len = 3000 + part;
        for (size_t i = 0; i < e->len; i++)
            e->bytes[i] = (uint8_t)(i * 7 + part);
        struct rn_manifest_file f = { name, 5, e->len,
                                      rn_crc64(0, e->bytes, e->len), 0 };
        rn_manifest_file(&w, &f);
        tail.bytes += e->len;
    }
    rn_manifest_end(&w, &tail);
    assert_int_equal(rn_out_flush(&out), RN_OK);
}

static void fill_house(struct house *h, const char *place)
{
    memset(h, 0, sizeof *h);
    h->error = &error;
    snprintf(h->w.place, sizeof h->w.place, "%s", place);
    h->rows[0] = 10;
    h->says = 1;
    for (size_t i = 0; i < RN_COUNTOF(cols); i++) {
        struct rn_digest_column d;
        rn_digest_column(digest, i, &d);
        rn_measure_digest(&cols[i], &d, &h->column[i]);
        snprintf(h->column[i].hash, 20, "00000000000000a%zu", i);
    }
}

static void set_up(const char *validate)
{
    read_job(validate);
    fill_digest();
    store_run();
    fill_house(&houses[0], "dbx, main.sales.orders");
    fill_house(&houses[1], "pool, dbo.orders");
    rn_arena_init(&mem, "validate", space, sizeof space);
    memset(&uploader, 0, sizeof uploader);
    uploader.store = &shelf.store;
    uploader.config = &config;
    uploader.error = &error;
    uploader.deadline_ms = INT64_MAX;
    rn_uploader_init(&uploader, 1, &job_mem);
    now_ms = 1000;
    own = (struct rn_validate_own){ &schema, digest, 10, 6003, 2 };
    validation = (struct rn_validation){
        .config = &config,
        .run = RUN,
        .ext = "csv",
        .uploader = &uploader,
        .target = targets,
        .targets = 2,
    };
}

static int validate(void)
{
    size_t used = mem.used;
    int err;

    rn_error_clear(&error);
    memset(&report, 0xee, sizeof report);
    houses[0].asked = houses[1].asked = 0;
    err = rn_validate(&validation, &mem, &report, &error);
    assert_int_equal(err, error.code);
    assert_int_equal(mem.used, used);
    for (const char *p = error.text; *p; p++)
        assert_true((unsigned char)*p >= 0x20);
    return err;
}

static const struct rn_place *place(const char *name)
{
    for (size_t i = 0; i < report.places; i++) {
        if (strcmp(report.place[i].name, name) == 0)
            return &report.place[i];
    }
    fail_msg("no place %s", name);
    return NULL;
}

/* Exit code 6, and the words that a person needs. */
static void differs(const char *where, const char *const *words)
{
    assert_int_equal(validate(), RN_E_INTEGRITY);
    assert_int_equal(rn_error_exit(&error), 6);
    assert_int_equal(place(where)->verdict, RN_VERDICT_DIFFERENT);
    assert_int_equal(rn_report_verdict(&report), RN_VERDICT_DIFFERENT);
    for (; *words; words++) {
        if (!strstr(error.text, *words))
            fail_msg("no \"%s\" in: %s", *words, error.text);
    }
}
#define DIFFERS(where, ...) \
    differs(where, (const char *const[]){ __VA_ARGS__, NULL })

/* -- tests ---------------------------------------------------------------- */

static void places_that_agree_are_told_to(void **state)
{
    (void)state;
    for (int mine = 0; mine < 2; mine++) {
        set_up("");
        validation.own = mine ? &own : NULL;
        validation.source_rows = &source_rows;
        if (validate() < 0)
            fail_msg("%s", error.text);
        assert_int_equal(report.places, 5);
        assert_string_equal(report.place[0].name, "query");
        assert_int_equal(place("query")->rows, 10);
        assert_int_equal(place("encoder")->rows, 10);
        assert_int_equal(place("container")->files, 2);
        assert_int_equal(place("container")->bytes, 6003);
        assert_int_equal(place("container")->has_rows, mine);
        assert_string_equal(place("container")->where, "https://a/c");
        assert_int_equal(place("databricks")->rows, 10);
        assert_int_equal(place("databricks")->columns, 5);
        assert_int_equal(place("synapse")->asked, 1);
        assert_int_equal(rn_report_verdict(&report), RN_VERDICT_OK);
        assert_int_equal(shelf.heads, 2);
    }
}

static void a_row_too_few_or_too_many_is_found(void **state)
{
    (void)state;
    set_up("window = 0\n");
    houses[0].rows[0] = 9;
    DIFFERS("databricks", "rows", "databricks has 9", "encoder has 10");
    houses[0].rows[0] = 11;
    DIFFERS("databricks", "databricks has 11");
    houses[0].rows[0] = 10;
    houses[1].rows[0] = 0;
    DIFFERS("synapse", "synapse has 0");
    assert_int_equal(place("databricks")->verdict, RN_VERDICT_OK);
}

static void as_many_rows_of_other_content_are_found(void **state)
{
    (void)state;
    set_up("");
    strcpy(houses[0].column[1].sum, "5.01");
    DIFFERS("databricks", "\"amount\": sum", "databricks has 5.01",
            "encoder has 6.00");
    set_up("");
    strcpy(houses[1].column[2].max, "person");
    DIFFERS("synapse", "\"who\": max", "synapse has person,");
    set_up("");
    strcpy(houses[1].column[3].min, "2026-11-22T00:00:00.000000Z");
    DIFFERS("synapse", "\"at\": min");
    set_up("");
    houses[0].column[2].non_null = 4;
    DIFFERS("databricks", "\"who\": non-null", "has 4", "has 5");
}

static void what_the_encoder_cannot_tell_is_compared_between_targets(
    void **state)
{
    (void)state;
    set_up("");
    strcpy(houses[1].column[4].hash, "ffffffffffffffff");
    DIFFERS("synapse", "\"raw\": hash", "synapse has ffffffffffffffff",
            "databricks has 00000000000000a4");
    houses[1].column[4].hash[0] = 0; /* it cannot tell */
    assert_int_equal(validate(), RN_OK);
}

static void a_target_that_lags_is_asked_again(void **state)
{
    (void)state;
    set_up("window = 30s\n");
    for (unsigned i = 0; i < 4; i++)
        houses[0].rows[i] = i * 3;
    houses[0].rows[4] = 10;
    houses[0].says = 5;
    assert_int_equal(validate(), RN_OK);
    assert_int_equal(place("databricks")->asked, 5);
    assert_true(now_ms < 31000);
}

static void a_target_that_lags_for_too_long_differs(void **state)
{
    (void)state;
    set_up("window = 30s\n");
    houses[0].rows[0] = 9;
    DIFFERS("databricks", "databricks has 9");
    assert_true(place("databricks")->asked > 3);
    assert_true(place("databricks")->asked < 20);
    assert_true(now_ms >= 31000 && now_ms < 32000);
    /* the last look is at the window's end: nothing stale is passed on */
    assert_int_equal(place("databricks")->asked, houses[0].asked);
    now_ms = 1000;
    houses[0].rows[0] = 11; /* more will not become fewer */
    DIFFERS("databricks", "databricks has 11");
    assert_int_equal(houses[0].asked, 1);
}

static void files_that_are_gone_or_changed_are_found(void **state)
{
    (void)state;
    set_up("");
    shelf.entry[2].len--;
    DIFFERS("container", "part-00002.csv: bytes", "container has 3001",
            "encoder has 3002");
    set_up("");
    strcpy(shelf.entry[1].run, "another");
    DIFFERS("container", "part-00001.csv: run", "another");
    set_up("");
    shelf.entry[1].run[0] = 0;
    DIFFERS("container", "part-00001.csv: run", "none");
    set_up("");
    strcpy(shelf.entry[1].path, "gone");
    DIFFERS("container", "part-00001.csv is absent in container");
    assert_int_equal(place("container")->files, 1);
    assert_int_equal(place("synapse")->verdict, RN_VERDICT_OK);
}

static void a_folder_that_knows_no_runs_is_no_difference(void **state)
{
    (void)state;
    set_up("");
    strcpy(shelf.entry[1].run, "unknown");
    assert_int_equal(validate(), RN_OK);
}

static void a_byte_that_changed_is_found_by_reading_back(void **state)
{
    (void)state;
    set_up("");
    shelf.entry[2].bytes[3001] ^= 1;
    assert_int_equal(validate(), RN_OK);
    set_up("read_back = true\n");
    assert_int_equal(validate(), RN_OK);
    assert_true(place("container")->read_back);
    shelf.entry[2].bytes[3001] ^= 1;
    DIFFERS("container", "part-00002.csv: crc64");
}

static void the_manifest_is_compared_with_what_the_run_knows(void **state)
{
    (void)state;
    set_up("");
    validation.own = &own;
    own.rows = 11;
    DIFFERS("container", "rows", "container has 10", "encoder has 11");
    set_up("");
    validation.own = &own;
    own.files = 3;
    DIFFERS("container", "files", "has 2", "has 3");
    set_up("");
    validation.own = &own;
    rn_digest_clear(digest);
    DIFFERS("container", "\"id\": non-null");
    set_up("");
    validation.source_rows = &(uint64_t){ 12 };
    DIFFERS("encoder", "encoder has 10", "query has 12");
}

static void only_the_columns_asked_for_are_compared(void **state)
{
    (void)state;
    set_up("columns = none\n");
    strcpy(houses[0].column[1].sum, "5.01");
    assert_int_equal(validate(), RN_OK);
    assert_int_equal(place("databricks")->columns, 0);
    set_up("columns = id, who\n");
    strcpy(houses[0].column[1].sum, "5.01");
    assert_int_equal(validate(), RN_OK);
    assert_int_equal(place("databricks")->columns, 2);
    strcpy(houses[0].column[0].sum, "5");
    DIFFERS("databricks", "\"id\": sum");
    set_up("columns = id, whom\n");
    assert_int_equal(validate(), RN_E_CONFIG);
    assert_int_equal(rn_error_exit(&error), 2);
    assert_non_null(strstr(error.text, "\"whom\""));
}

static void a_target_that_cannot_be_asked_does_not_hide_the_others(void **state)
{
    (void)state;
    set_up("");
    houses[0].err = RN_E_DENIED;
    assert_int_equal(validate(), RN_E_DENIED);
    assert_int_equal(rn_error_exit(&error), 5);
    assert_int_equal(place("databricks")->verdict, RN_VERDICT_FAILED);
    assert_string_equal(place("databricks")->error,
                        "dbx, main.sales.orders is asleep");
    assert_int_equal(place("synapse")->verdict, RN_VERDICT_OK);
    assert_int_equal(rn_report_verdict(&report), RN_VERDICT_FAILED);
    houses[1].err = RN_E_BUSY;
    assert_int_equal(validate(), RN_E_DENIED);
    assert_string_equal(place("synapse")->error, "pool, dbo.orders is asleep");
    houses[1].err = RN_OK;
    strcpy(houses[1].column[0].sum, "5");
    DIFFERS("synapse", "\"id\": sum");
}

static void a_store_that_is_away_is_not_a_difference(void **state)
{
    (void)state;
    set_up("");
    shelf.fails = 2; /* it comes back */
    shelf.fail_err = RN_E_BUSY;
    assert_int_equal(validate(), RN_OK);
    shelf.fails = 1000;
    assert_int_equal(validate(), RN_E_BUSY);
    assert_int_equal(rn_error_exit(&error), 75);
    assert_int_equal(place("container")->verdict, RN_VERDICT_FAILED);
    shelf.fails = 1;
    shelf.fail_err = RN_E_DENIED;
    assert_int_equal(validate(), RN_E_DENIED);
    assert_int_equal(rn_error_exit(&error), 4);
    /* a run knows enough by itself to go on with the other places */
    shelf.fails = 1;
    validation.own = &own;
    assert_int_equal(validate(), RN_E_DENIED);
    assert_int_equal(place("synapse")->verdict, RN_VERDICT_OK);
}

static void a_manifest_that_is_gone_or_torn_is_said(void **state)
{
    (void)state;
    set_up("");
    strcpy(manifest->path, "gone");
    assert_int_equal(validate(), RN_E_ABSENT);
    assert_int_equal(rn_error_exit(&error), 6);
    assert_non_null(strstr(error.text, FOLDER "_manifest.json"));
    assert_non_null(strstr(error.text, "no manifest"));
    set_up("");
    manifest->len -= 20;
    assert_int_equal(validate(), RN_E_TORN);
    assert_int_equal(place("container")->verdict, RN_VERDICT_FAILED);
    assert_non_null(strstr(place("container")->error, "torn"));
}

static void the_deadline_of_the_job_ends_the_waiting(void **state)
{
    (void)state;
    set_up("window = 1h\n");
    houses[0].rows[0] = 9;
    uploader.deadline_ms = now_ms + 5000;
    assert_int_equal(validate(), RN_E_AGAIN);
    assert_int_equal(rn_error_exit(&error), 75);
    assert_true(now_ms < 7000);
    assert_int_equal(houses[1].asked, 0);
}

static void of_many_differences_all_are_counted(void **state)
{
    (void)state;
    set_up("");
    for (size_t i = 0; i < RN_COUNTOF(cols); i++) {
        for (size_t h = 0; h < 2; h++) {
            houses[h].column[i].non_null += 1;
            strcpy(houses[h].column[i].min, "x");
            strcpy(houses[h].column[i].max, "\x1b[31m\n\xff");
            strcpy(houses[h].column[i].sum, "9");
        }
    }
    DIFFERS("databricks", "\"id\": non-null", "has 11", "more");
    assert_int_equal(report.kept, RN_DIFFERENCES);
    assert_true(report.differences > RN_DIFFERENCES);
    assert_int_equal(report.differences, place("databricks")->differences +
                                             place("synapse")->differences);
    assert_string_equal(report.difference[2].value, "?[31m?\xef\xbf\xbd");
}

static void the_memory_that_is_asked_for_is_enough(void **state)
{
    (void)state;
    for (int back = 0; back < 2; back++) {
        size_t names = 0, need;

        set_up(back ? "read_back = true\n" : "");
        for (size_t i = 0; i < schema.n; i++)
            names += cols[i].name.n;
        need = rn_validate_need(&config, schema.n, names);
        assert_true(need <= sizeof space);
        rn_arena_init(&mem, "validate", space, need);
        if (validate() < 0)
            fail_msg("%s", error.text);
        for (size_t cap = 0; cap < need / 2; cap += 512) {
            rn_arena_init(&mem, "validate", space, cap);
            int err = validate();
            if (err != RN_OK && err != RN_E_FULL)
                fail_msg("%zu: %s", cap, error.text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_that_agree_are_told_to),
        cmocka_unit_test(a_row_too_few_or_too_many_is_found),
        cmocka_unit_test(as_many_rows_of_other_content_are_found),
        cmocka_unit_test(
            what_the_encoder_cannot_tell_is_compared_between_targets),
        cmocka_unit_test(a_target_that_lags_is_asked_again),
        cmocka_unit_test(a_target_that_lags_for_too_long_differs),
        cmocka_unit_test(files_that_are_gone_or_changed_are_found),
        cmocka_unit_test(a_folder_that_knows_no_runs_is_no_difference),
        cmocka_unit_test(a_byte_that_changed_is_found_by_reading_back),
        cmocka_unit_test(the_manifest_is_compared_with_what_the_run_knows),
        cmocka_unit_test(only_the_columns_asked_for_are_compared),
        cmocka_unit_test(
            a_target_that_cannot_be_asked_does_not_hide_the_others),
        cmocka_unit_test(a_store_that_is_away_is_not_a_difference),
        cmocka_unit_test(a_manifest_that_is_gone_or_torn_is_said),
        cmocka_unit_test(the_deadline_of_the_job_ends_the_waiting),
        cmocka_unit_test(of_many_differences_all_are_counted),
        cmocka_unit_test(the_memory_that_is_asked_for_is_enough),
    };
    rn_log_level(RN_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
