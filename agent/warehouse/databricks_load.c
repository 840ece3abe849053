/* warehouse/databricks_load.c: a run into a table, once.
 *
 *   append     COPY INTO the table
 *   overwrite  COPY INTO a staging table, one INSERT OVERWRITE, drop
 *   merge      COPY INTO a staging table, one MERGE, drop
 *
 * What is always true:
 *
 *  1. Each row of the table says which run it came with, in the statement that
 *     brought it. So one count tells whether a run was loaded, and it is asked
 *     before, after, and whenever an answer was lost.
 *  2. Every statement may run twice. COPY INTO passes over files that this
 *     table has taken, by their names, which belong to one run; overwriting and
 *     merging again change nothing.
 *  3. Nobody sees half of an overwrite or merge. An append of more than 1,000
 *     files is several statements; one that was broken off is gone on with.
 *  4. Nothing is done by the service's word alone: only the count is success.
 */
#include <string.h>

#include "core/base64.h"
#include "core/format.h"
#include "core/log.h"
#include "runnel/port.h"
#include "warehouse/databricks.h"

/* How long dropping a staging table may take once all else is over. */
#define DROP_MS 20000

/* A load under way. */
struct work {
    struct rn_databricks *d;
    const struct rn_dataset *dataset;
    struct rn_load *load;
    struct rn_dbx_files files;
    struct rn_dbx_into to; /* what COPY INTO fills          */
    char suffix[RN_SQL_SUFFIX + 1];
    uint64_t have;     /* rows of the run in `to` before it */
    uint64_t inserted; /* by COPY INTO's own account, or by
                        * the count where that was lost     */
    uint64_t ledger;   /* rows of the run in the table      */
    bool exact;        /* `inserted` is known               */
};

static const struct rn_config *config_of(const struct work *k)
{
    return k->d->w.config;
}

/* -- statements that change something ------------------------------------- */

/* What COPY INTO says of itself. */
struct taken {
    int column; /* num_inserted_rows; -1: there is none */
    int corrupt;
    uint64_t rows;
    uint64_t skipped;
};

static int find_columns(void *ctx, struct rn_doc *doc, int columns)
{
    struct taken *t = ctx;
    int i = 0;

    *t = (struct taken){ .column = -1, .corrupt = -1 };
    for (int at = rn_doc_first(doc, columns); at >= 0;
         at = rn_doc_next(doc, at), i++) {
        int name = rn_doc_find(doc, at, "name");

        if (rn_doc_is(doc, name, "num_inserted_rows"))
            t->column = i;
        if (rn_doc_is(doc, name, "num_skipped_corrupt_files"))
            t->corrupt = i;
    }
    return RN_OK;
}

static int take_row(void *ctx, const struct rn_bytes *cell, size_t n)
{
    struct taken *t = ctx;

    if (t->column >= 0 && (size_t)t->column < n &&
        rn_dbx_digits(cell[t->column], &t->rows) < 0)
        t->column = -1;
    if (t->corrupt >= 0 && (size_t)t->corrupt < n)
        (void)rn_dbx_digits(cell[t->corrupt], &t->skipped);
    return RN_OK;
}

/* Statements that fill something, and how they are written. */
struct step {
    void (*put)(struct rn_sql *q, const struct work *k, const struct step *s);
    const char *name;
    uint32_t first, n;     /* files */
    struct rn_dbx_into in; /* where its rows are counted */
    uint64_t before;       /* how many of the run's there are */
};

/* Whether a step whose answer was lost, or that another writer got in the way
 * of, has happened: its rows are there.
 */
static int has_happened(struct work *k, const struct step *s, bool *happened)
{
    uint64_t now = 0;
    int err = rn_dbx_count(k->d, &s->in, k->dataset->run, &now);

    *happened = err == RN_OK && now > s->before;
    if (*happened && s->n > 0)
        k->inserted = now - k->have;
    return err;
}

/* Whether trying again could help; the deadline and stop requests are final. */
static bool is_open(const struct rn_databricks *d, int err)
{
    if (err == RN_E_STOP || rn_clock_mono() >= d->rest.deadline_ms)
        return false;
    return d->rest.lost || err == RN_E_BUSY;
}

static int run_step(struct work *k, const struct step *s, struct taken *t)
{
    struct rn_dbx_ask ask = { .head = find_columns, .row = take_row, .ctx = t };
    struct rn_databricks *d = k->d;
    int err;

    for (unsigned tries = 1;; tries++) {
        struct rn_sql q = rn_dbx_begin(d);
        struct rn_error fault;
        bool happened;

        *t = (struct taken){ .column = -1, .corrupt = -1 };
        s->put(&q, k, s);
        err = rn_dbx_run(d, &ask);
        memcpy(k->load->statement, d->id, sizeof k->load->statement);
        if (err == RN_OK || !is_open(d, err))
            return err;
        fault = d->rest.fault;
        rn_log(RN_LOG_WARN, "%s: asking the table whether the %s was done",
               fault.text, s->name);
        k->load->retries++;
        if (rn_rest_wait(&d->rest, d->poll_ms) < 0)
            return d->rest.fault.code;
        err = has_happened(k, s, &happened);
        if (err < 0 || happened)
            return err;
        if (tries == RN_DBX_TRIES) {
            d->rest.fault = fault;
            return fault.code;
        }
    }
}

/* A statement that may simply run again. */
static int run_plain(struct rn_databricks *d)
{
    struct rn_dbx_ask ask = { .repeat = true };

    return rn_dbx_run(d, &ask);
}

/* -- COPY INTO ------------------------------------------------------------ */

static void put_copy(struct rn_sql *q, const struct work *k,
                     const struct step *s)
{
    struct rn_dbx_copy copy = { .to = k->to,
                                .files = &k->files,
                                .first = s->first,
                                .n = s->n,
                                .reader = RN_DBX_SERVICE };

    rn_dbx_put_copy(k->d, q, &copy);
}

/* How many files from `first` on fit into one statement. */
static uint32_t batch(struct work *k, uint32_t first)
{
    uint32_t n = k->dataset->files - first + 1;

    if (n > RN_DBX_FILES)
        n = RN_DBX_FILES;
    for (; n > 1; n -= n / 4 + 1) {
        struct step s = { .first = first, .n = n };
        struct rn_sql q = rn_dbx_begin(k->d);

        put_copy(&q, k, &s);
        if (rn_out_flush(q.out) == RN_OK &&
            k->d->rest.out.cap - k->d->rest.out.len > 8)
            break;
    }
    return n > 0 ? n : 1;
}

static int copy_batch(struct work *k, uint32_t first, uint32_t n)
{
    struct step s = {
        .put = put_copy, .name = "load", .first = first, .n = n, .in = k->to
    };
    struct taken t;
    int err = run_step(k, &s, &t);

    if (err < 0)
        return err;
    if (t.skipped > 0)
        return rn_rest_fail(&k->d->rest, RN_E_DENIED,
                            "%s: COPY INTO %s passed over %llu files as "
                            "corrupt",
                            k->d->w.place, k->d->id,
                            (unsigned long long)t.skipped);
    if (t.column < 0)
        k->exact = false;
    k->inserted += t.rows;
    return RN_OK;
}

static int copy_all(struct work *k)
{
    k->exact = true;
    k->inserted = 0;
    /* Files without rows would be files without a schema. */
    if (k->dataset->rows == 0)
        return RN_OK;
    for (uint32_t first = 1; first <= k->dataset->files;) {
        uint32_t n = batch(k, first);
        int err = copy_batch(k, first, n);

        if (err < 0)
            return err;
        first += n;
    }
    return RN_OK;
}

/* The count after it, and whether it is what the run has. */
static int prove(struct work *k, const struct rn_dbx_into *in)
{
    struct rn_databricks *d = k->d;
    uint64_t want = k->dataset->rows, now = 0;
    int err = rn_dbx_count(d, in, k->dataset->run, &now);

    if (err < 0)
        return err;
    k->load->rows = now;
    if (now != want && k->exact && k->inserted == 0 && k->have == now)
        return rn_rest_fail(&d->rest, RN_E_DENIED,
                            "%s: COPY INTO took no row, and the table holds "
                            "%llu of the run's %llu: it passes over files "
                            "that it has taken once, even after their rows "
                            "were deleted; make a new run",
                            d->w.place, (unsigned long long)now,
                            (unsigned long long)want);
    if (now != want)
        return rn_rest_fail(&d->rest, RN_E_DENIED,
                            "%s: it holds %llu rows of run %s, which has %llu",
                            d->w.place, (unsigned long long)now,
                            k->dataset->run, (unsigned long long)want);
    if (k->exact && k->have + k->inserted > want)
        return rn_rest_fail(&d->rest, RN_E_DENIED,
                            "%s: COPY INTO says that it has inserted %llu "
                            "rows of run %s, which has %llu",
                            d->w.place, (unsigned long long)k->inserted,
                            k->dataset->run, (unsigned long long)want);
    /* A request that was sent again because its kept connection was closed may
     * have been done the first time.
     */
    if (k->exact && k->have + k->inserted < want)
        rn_log(RN_LOG_WARN,
               "%s: COPY INTO says that it has inserted %llu rows; the table "
               "holds all %llu of the run",
               d->w.place, (unsigned long long)k->inserted,
               (unsigned long long)want);
    return RN_OK;
}

/* -- by way of a staging table -------------------------------------------- */

static void put_publish(struct rn_sql *q, const struct work *k,
                        const struct step *s)
{
    const struct rn_config *c = config_of(k);

    (void)s;
    if (c->databricks.mode == RN_MODE_MERGE)
        rn_dbx_put_merge(q, &k->to, k->dataset->schema, c->databricks.keys);
    else
        rn_dbx_put_overwrite(q, &k->to, k->dataset->schema);
}

static int check_keys(struct work *k)
{
    struct rn_sql q = rn_dbx_begin(k->d);
    uint64_t n = 0;
    int err;

    rn_dbx_put_doubles(&q, &k->to, config_of(k)->databricks.keys);
    err = rn_dbx_number(k->d, &n);
    if (err < 0 || n == 0)
        return err;
    return rn_rest_fail(&k->d->rest, RN_E_DENIED,
                        "%s: %llu values of databricks.keys (%.100s) are in "
                        "more than one row of the run, so it is not known "
                        "which to merge",
                        k->d->w.place, (unsigned long long)n,
                        config_of(k)->databricks.keys);
}

static int stage(struct work *k)
{
    const struct rn_config *c = config_of(k);
    struct step publish = { .put = put_publish,
                            .name = "publishing",
                            .in = { c->databricks.table, NULL },
                            .before = k->ledger };
    struct rn_sql q = rn_dbx_begin(k->d);
    struct taken t;
    int err;

    rn_dbx_put_create(&q, &k->to, k->dataset->schema, true);
    err = run_plain(k->d);
    if (err == RN_OK)
        err = copy_all(k);
    if (err == RN_OK)
        err = prove(k, &k->to);
    if (err == RN_OK && c->databricks.mode == RN_MODE_MERGE)
        err = check_keys(k);
    return err == RN_OK ? run_step(k, &publish, &t) : err;
}

/* After success and after failure; one that stays is named. */
static void drop(struct work *k)
{
    struct rn_databricks *d = k->d;
    struct rn_rest *r = &d->rest;
    struct rn_error fault = r->fault;
    int64_t deadline = r->deadline_ms;
    int64_t soon = rn_clock_mono() + DROP_MS;
    struct rn_sql q = rn_dbx_begin(d);

    rn_dbx_put_drop(&q, &k->to);
    r->stopping = true;
    if (r->deadline_ms < soon || fault.code < 0)
        r->deadline_ms = soon;
    if (run_plain(d) < 0)
        rn_log(RN_LOG_WARN, "the staging table %s%s is left behind: %s",
               k->to.table, k->to.suffix, r->fault.text);
    r->stopping = false;
    r->deadline_ms = deadline;
    r->fault = fault;
}

static int name_staging(struct work *k)
{
    uint8_t nonce[8];
    char hex[17] = "";

    if (rn_entropy(nonce, sizeof nonce) < 0)
        return rn_rest_fail(&k->d->rest, RN_E_STATE,
                            "no random numbers for a staging table's name");
    rn_hex(nonce, sizeof nonce, hex);
    rn_format(k->suffix, sizeof k->suffix, "__runnel_%s", hex);
    k->to.suffix = k->suffix;
    return RN_OK;
}

static int by_staging(struct work *k)
{
    int err = name_staging(k);
    uint64_t all = 0;

    if (err < 0)
        return err;
    rn_error_clear(&k->d->rest.fault);
    k->ledger = k->have;
    k->have = 0;
    err = stage(k);
    if (err == RN_OK)
        rn_error_clear(&k->d->rest.fault);
    drop(k);
    k->to.suffix = NULL;
    if (err == RN_OK)
        err = prove(k, &k->to);
    if (err < 0 || config_of(k)->databricks.mode != RN_MODE_OVERWRITE)
        return err;
    err = rn_dbx_count(k->d, &k->to, NULL, &all);
    if (err < 0 || all == k->dataset->rows)
        return err;
    return rn_rest_fail(&k->d->rest, RN_E_DENIED,
                        "%s: %llu rows are in the table after it was "
                        "overwritten with %llu",
                        k->d->w.place, (unsigned long long)all,
                        (unsigned long long)k->dataset->rows);
}

/* -- a table -------------------------------------------------------------- */

/* The table as this run needs it. */
static int ready_table(struct work *k)
{
    const struct rn_config *c = config_of(k);
    struct rn_dbx_into to = { c->databricks.table, NULL };
    int err = rn_dbx_look(k->d, k->dataset->schema);

    if (err != RN_E_ABSENT)
        return err;
    if (c->databricks.create == RN_CREATE_NEVER)
        return rn_rest_fail(&k->d->rest, RN_E_CONFIG,
                            "%s: there is no such table, and databricks.create "
                            "= never",
                            k->d->w.place);
    struct rn_sql q = rn_dbx_begin(k->d);
    rn_dbx_put_create(&q, &to, k->dataset->schema, true);
    err = run_plain(k->d);
    /* Made by somebody else at the same moment, it may be another. */
    return err < 0 ? err : rn_dbx_look(k->d, k->dataset->schema);
}

/* Whether the ledger has the run, all of it. A merge is whole or not at all,
 * and later ones take its rows away: any row of it is proof.
 */
static int is_loaded(struct work *k, bool *loaded)
{
    const struct rn_config *c = config_of(k);
    uint64_t all = 0;
    int err = rn_dbx_count(k->d, &k->to, k->dataset->run, &k->have);

    if (err < 0)
        return err;
    if (k->dataset->rows == 0 && c->databricks.mode != RN_MODE_OVERWRITE) {
        *loaded = true;
        return RN_OK;
    }
    switch (c->databricks.mode) {
    case RN_MODE_MERGE:
        *loaded = k->have > 0;
        return RN_OK;
    case RN_MODE_OVERWRITE:
        *loaded = k->have == k->dataset->rows;
        if (!*loaded)
            return RN_OK;
        err = rn_dbx_count(k->d, &k->to, NULL, &all);
        *loaded = err == RN_OK && all == k->have;
        return err;
    default:
        *loaded = k->have == k->dataset->rows;
        return RN_OK;
    }
}

static int copy_into(struct work *k)
{
    bool append = config_of(k)->databricks.mode == RN_MODE_APPEND;
    bool loaded = false;
    int err = ready_table(k);

    if (err == RN_OK)
        err = is_loaded(k, &loaded);
    if (err < 0)
        return err;
    if (loaded) {
        k->load->rows = k->have;
        k->load->repeated = k->dataset->rows > 0;
        return RN_OK;
    }
    if (!append)
        return by_staging(k);
    if (k->have > k->dataset->rows)
        return prove(k, &k->to);
    err = copy_all(k);
    return err < 0 ? err : prove(k, &k->to);
}

/* A view shows this run and no other, so replacing it is loading. */
static int external(struct work *k)
{
    struct rn_dbx_into view = { config_of(k)->databricks.table, NULL };
    struct rn_sql q;
    int err;

    if (!strstr(k->files.folder, k->dataset->run))
        return rn_rest_fail(&k->d->rest, RN_E_CONFIG,
                            "store.path: databricks.load = external-table "
                            "needs a folder for each run: …/{run}/part-{part}."
                            "{ext}");
    q = rn_dbx_begin(k->d);
    rn_dbx_put_view(k->d, &q, &k->files);
    err = run_plain(k->d);
    memcpy(k->load->statement, k->d->id, sizeof k->load->statement);
    return err < 0 ? err : prove(k, &view);
}

int rn_dbx_load(struct rn_databricks *d, const struct rn_dataset *dataset,
                struct rn_load *load)
{
    struct work k = { .d = d,
                      .dataset = dataset,
                      .load = load,
                      .to = { d->w.config->databricks.table, NULL } };
    unsigned before = d->rest.tries;
    int err = rn_dbx_files(d, dataset, &k.files);

    if (err == RN_OK)
        err = d->w.config->databricks.load == RN_DATABRICKS_COPY_INTO
                  ? copy_into(&k)
                  : external(&k);
    load->retries += d->rest.tries - before;
    return err;
}
