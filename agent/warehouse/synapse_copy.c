/* warehouse/synapse_copy.c: a run into a dedicated pool.
 *
 *     settle -> table -> ledger -> staging -> COPY ... -> count
 *            -> BEGIN -> (DELETE) -> INSERT -> COMMIT -> ledger -> drop staging
 *
 * COPY keeps no record of files: done twice, rows are there twice. So it fills
 * a table of this run's own, and one transaction moves the rows on, each with
 * the run's id. That column is the ledger: whether the run is there is a
 * count, and the whole sequence can begin again after any failure.
 *
 * overwrite is DELETE and INSERT in one transaction and no swap of two renamed
 * tables: RENAME OBJECT twice leaves a moment without a table, and the new one
 * has lost grants, statistics and the distribution that somebody chose. The
 * price is that DELETE is logged. TRUNCATE isn't allowed in a transaction.
 */
#include "warehouse/synapse.h"

#include "core/format.h"
#include "core/log.h"
#include "runnel/port.h"

#include <inttypes.h>
#include <string.h>

/* ----------------------------------------------------------------- settling */

static int drop_staging(const struct syn_work *w)
{
    rn_syn_put_drop(rn_syn_sql(w->s), w);
    return rn_syn_run(w->s, "dropping the staging table", NULL);
}

/* After a lost connection: a statement of ours may still be at work there, and
 * a count taken meanwhile would be worth nothing. Its label finds it. A login
 * that may not see the list is helped by the staging table: dropping it waits
 * for whoever still reads it.
 */
static int settle(const struct syn_work *w)
{
    struct synapse *s = w->s;
    struct rn_sql *q = rn_syn_sql(s);
    uint64_t running;
    int err;

    rn_sql_text(q, "SELECT COUNT_BIG(*) FROM sys.dm_pdw_exec_requests WHERE "
                   "[label] LIKE 'runnel:");
    rn_sql_text(q, w->d->run);
    rn_sql_text(q, ":%' AND [status] IN ('Running', 'Suspended')");
    err = rn_syn_number(s, "looking for its own statements", &running);
    if (err == RN_E_DENIED) {
        rn_log(RN_LOG_WARN, "%s: cannot see running statements (%s)",
               s->base.place, s->fault.text);
        running = 0;
        err = drop_staging(w);
    }
    if (err < 0)
        return err;
    if (running > 0) {
        rn_format(s->fault.text, sizeof s->fault.text,
                  "%" PRIu64 " of its statements are still at work", running);
        return RN_E_BUSY;
    }
    s->lost = false;
    return RN_OK;
}

/* -------------------------------------------------------------------- table */

struct names {
    struct synapse *s;
    const struct rn_schema *schema;
    bool any;
};

static bool same(struct rn_bytes a, struct rn_bytes b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++) {
        uint8_t x = a.p[i], y = b.p[i];

        if (x != y &&
            ((x | 0x20) != (y | 0x20) || (x | 0x20) < 'a' || (x | 0x20) > 'z'))
            return false;
    }
    return true;
}

static int take_name(void *ctx, uint64_t row, unsigned column,
                     struct rn_bytes text)
{
    struct names *n = ctx;

    (void)row;
    (void)column;
    n->any = true;
    for (size_t i = 0; i < n->schema->n; i++) {
        if (same(text, n->schema->col[i].name))
            n->s->found[i] = true;
    }
    if (same(text, RN_STR(RN_RUN_COLUMN)))
        n->s->found[n->schema->n] = true;
    return RN_OK;
}

static int create_table(const struct syn_work *w)
{
    rn_syn_put_table(rn_syn_sql(w->s), w);
    return rn_syn_run(w->s, "creating the table", NULL);
}

/* Every column of the query is in the table, and so is ours. The table may have
 * more.
 */
static int compare_columns(const struct syn_work *w)
{
    struct synapse *s = w->s;
    const struct rn_schema *schema = w->d->schema;

    if (!s->found[schema->n])
        return rn_fail(s->base.error, RN_E_CONFIG, RN_AT_WAREHOUSE,
                       "%s: the table has no column %s, which says what is "
                       "loaded already; ALTER TABLE %s ADD %s nvarchar(64)",
                       s->base.place, RN_RUN_COLUMN, w->c->synapse.table,
                       RN_RUN_COLUMN);
    for (size_t i = 0; i < schema->n; i++) {
        const struct rn_bytes *name = &schema->col[i].name;

        if (!s->found[i])
            return rn_fail(s->base.error, RN_E_CONFIG, RN_AT_WAREHOUSE,
                           "%s: the table has no column \"%.*s\"; add it, or "
                           "leave it out of source.query",
                           s->base.place, (int)(name->n < 60 ? name->n : 60),
                           (const char *)name->p);
    }
    return RN_OK;
}

static int prepare_table(const struct syn_work *w)
{
    struct synapse *s = w->s;
    struct names names = { s, w->d->schema, false };
    struct rn_sql *q = rn_syn_sql(s);
    int err;

    RN_ASSERT(w->d->schema->n < RN_COUNTOF(s->found));
    memset(s->found, 0, sizeof s->found);
    rn_sql_text(q, "SELECT [name] FROM sys.columns WHERE [object_id] = "
                   "OBJECT_ID(");
    rn_syn_table_string(q, w->c->synapse.table, NULL);
    rn_sql_text(q, ")");
    err = rn_syn_ask(s, "looking at the table", take_name, &names);
    if (err < 0)
        return err;
    if (names.any)
        return compare_columns(w);
    if (w->c->synapse.create == RN_CREATE_NEVER)
        return rn_fail(s->base.error, RN_E_CONFIG, RN_AT_WAREHOUSE,
                       "%s: there is no such table, and synapse.create = "
                       "never",
                       s->base.place);
    return create_table(w);
}

/* ------------------------------------------------------------------- ledger */

static int count_run(const struct syn_work *w, uint64_t *rows)
{
    rn_syn_put_ledger(rn_syn_sql(w->s), w);
    return rn_syn_number(w->s, "asking for the run", rows);
}

static int count_all(const struct syn_work *w, bool staging, uint64_t *rows)
{
    rn_syn_put_count(rn_syn_sql(w->s), w, staging);
    return rn_syn_number(w->s, "counting rows", rows);
}

/* 1: the table has what this load is for; 0: nothing of it. */
static int ask_ledger(const struct syn_work *w)
{
    struct synapse *s = w->s;
    uint64_t rows, all;
    int err = count_run(w, &rows);

    if (err < 0)
        return err;
    if (rows != 0 && rows != w->d->rows)
        return rn_fail(s->base.error, RN_E_INTEGRITY, RN_AT_WAREHOUSE,
                       "%s: has %" PRIu64 " rows of run %s, which has %" PRIu64
                       "; somebody changed them: DELETE those WHERE %s = the "
                       "run, and load again",
                       s->base.place, rows, w->d->run, w->d->rows,
                       RN_RUN_COLUMN);
    if (rows == 0)
        return 0;
    if (w->c->synapse.mode != RN_MODE_OVERWRITE)
        return 1;
    if ((err = count_all(w, false, &all)) < 0)
        return err;
    if (all != rows)
        return rn_fail(s->base.error, RN_E_INTEGRITY, RN_AT_WAREHOUSE,
                       "%s: has this run's %" PRIu64 " rows and %" PRIu64
                       " others, which came after it; mode = overwrite does "
                       "not bring an older run back",
                       s->base.place, rows, all - rows);
    return 1;
}

/* ------------------------------------------------------------------ staging */

void rn_syn_drop_staging(struct synapse *s, const struct rn_dataset *d)
{
    struct syn_work w;

    rn_syn_work(&w, s, d);
    rn_syn_put_drop(rn_syn_sql(s), &w);
    rn_syn_tidy(s, "dropping the staging table");
}

static int create_staging(const struct syn_work *w)
{
    int err = drop_staging(w);

    if (err < 0)
        return err;
    rn_syn_put_staging(rn_syn_sql(w->s), w);
    return rn_syn_run(w->s, "creating the staging table", NULL);
}

static int copy_files(const struct syn_work *w)
{
    uint32_t part = 1;

    while (part <= w->d->files) {
        int err;

        rn_syn_put_copy(rn_syn_sql(w->s), w, &part);
        if ((err = rn_syn_run(w->s, "COPY INTO", NULL)) < 0)
            return err;
    }
    return RN_OK;
}

/* Filled and counted; what an earlier round left complete is taken as it is. */
static int fill_staging(const struct syn_work *w, bool again)
{
    struct synapse *s = w->s;
    uint64_t rows = 0;
    int err;

    if (again && w->d->rows > 0) {
        err = count_all(w, true, &rows);
        if (err == RN_OK && rows == w->d->rows)
            return RN_OK;
        if (err < 0 && err != RN_E_DENIED) /* denied: it isn't there */
            return err;
    }
    if ((err = create_staging(w)) < 0 || (err = copy_files(w)) < 0 ||
        (err = count_all(w, true, &rows)) < 0)
        return err;
    if (rows != w->d->rows)
        return rn_fail(s->base.error, RN_E_INTEGRITY, RN_AT_WAREHOUSE,
                       "%s: COPY INTO took %" PRIu64 " rows of run %s, which "
                       "has %" PRIu64 "; nothing was published",
                       s->base.place, rows, w->d->run, w->d->rows);
    return RN_OK;
}

/* ------------------------------------------------------------------ publish */

/* Rows of the same key, or without one, would be there twice after a merge. */
static int check_merge_keys(const struct syn_work *w)
{
    uint64_t keys;
    int err;

    rn_syn_put_keys(rn_syn_sql(w->s), w);
    if ((err = rn_syn_number(w->s, "checking the keys", &keys)) < 0)
        return err;
    if (keys == w->d->rows)
        return RN_OK;
    return rn_fail(w->s->base.error, RN_E_VALUE, RN_AT_WAREHOUSE,
                   "%s: the run's %" PRIu64 " rows have %" PRIu64
                   " different keys without NULL (as the pool compares them), "
                   "so they can't be merged; see synapse.keys",
                   w->s->base.place, w->d->rows, keys);
}

static int delete_rows(const struct syn_work *w)
{
    if (w->c->synapse.mode == RN_MODE_APPEND)
        return RN_OK;
    rn_syn_put_delete(rn_syn_sql(w->s), w);
    return rn_syn_run(w->s, "deleting what is replaced", NULL);
}

static int words(struct synapse *s, const char *sql, const char *what)
{
    rn_sql_text(rn_syn_sql(s), sql);
    return rn_syn_run(s, what, NULL);
}

/* COMMIT is the only moment at which others see anything. */
static int publish(const struct syn_work *w)
{
    struct synapse *s = w->s;
    uint64_t rows = 0;
    int err;

    if (w->c->synapse.mode == RN_MODE_MERGE && w->d->rows > 0 &&
        (err = check_merge_keys(w)) < 0)
        return err;
    s->published = true;
    if ((err = words(s, "BEGIN TRANSACTION", "beginning")) < 0)
        return err;
    err = delete_rows(w);
    if (err >= 0) {
        rn_syn_put_insert(rn_syn_sql(s), w);
        err = rn_syn_run(s, "publishing the rows", &rows);
    }
    if (err >= 0 && rows != w->d->rows)
        err = rn_fail(s->base.error, RN_E_INTEGRITY, RN_AT_WAREHOUSE,
                      "%s: publishing moved %" PRIu64 " rows of %" PRIu64
                      "; it was rolled back",
                      s->base.place, rows, w->d->rows);
    if (err >= 0)
        return words(s, "COMMIT TRANSACTION", "committing");
    if (s->connected) {
        rn_sql_text(rn_syn_sql(s), "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION");
        rn_syn_tidy(s, "rolling back");
    }
    return err;
}

/* --------------------------------------------------------------------- load */

/* Another label than that of the statements at work: the last look. */
static int confirm(const struct syn_work *w)
{
    struct synapse *s = w->s;
    int there = ask_ledger(w);

    if (there < 0 || there == 1 || w->d->rows == 0)
        return there < 0 ? there : RN_OK;
    return rn_fail(s->base.error, RN_E_INTEGRITY, RN_AT_WAREHOUSE,
                   "%s: says that %" PRIu64 " rows were published, but has "
                   "none of run %s",
                   s->base.place, w->d->rows, w->d->run);
}

int rn_syn_dedicated(struct synapse *s, void *ctx)
{
    struct syn_load *load = ctx;
    struct syn_work w;
    bool again = s->lost;
    int err;

    rn_syn_work(&w, s, load->d);
    if (s->lost && (err = settle(&w)) < 0)
        return err;
    if ((err = prepare_table(&w)) < 0)
        return err;
    if ((err = ask_ledger(&w)) < 0)
        return err;
    load->result->repeated = err == 1 && !s->published;
    if (err == 0 && ((err = fill_staging(&w, again)) < 0 ||
                     (err = publish(&w)) < 0 || (err = confirm(&w)) < 0))
        return err;
    load->result->rows = w.d->rows;
    err = drop_staging(&w);
    if (err == RN_E_LINK || err == RN_E_BUSY)
        return err; /* once more: the ledger has the rest */
    if (err < 0)
        rn_log(RN_LOG_WARN, "%s: the staging table stays: %s", s->base.place,
               s->fault.text);
    return RN_OK;
}

/* -------------------------------------------------------------------- check */

struct rights {
    const struct rn_config *c;
    unsigned denied; /* a bit each */
};

static int take_right(void *ctx, uint64_t row, unsigned column,
                      struct rn_bytes text)
{
    struct rights *r = ctx;

    if (row == 0 && text.n == 1 && text.p[0] == '0')
        r->denied |= 1u << column;
    return RN_OK;
}

/* NULL (no such table yet) is no refusal. */
int rn_syn_dedicated_check(struct synapse *s, void *unused)
{
    static const char *const right[] = { "ADMINISTER DATABASE BULK OPERATIONS",
                                         "CREATE TABLE", "INSERT", "DELETE" };
    const struct rn_config *c = s->base.config;
    struct rights rights = { c, 0 };
    size_t n = c->synapse.mode == RN_MODE_APPEND ? 3 : 4;
    struct rn_sql *q = rn_syn_sql(s);
    int err;

    (void)unused;
    for (size_t i = 0; i < n; i++) {
        rn_sql_text(q, i == 0 ? "SELECT " : ", ");
        rn_sql_text(q, "HAS_PERMS_BY_NAME(");
        if (i < 2)
            rn_sql_text(q, "DB_NAME(), 'DATABASE'");
        else
            rn_syn_table_string(q, c->synapse.table, NULL);
        rn_sql_text(q, i < 2 ? ", '" : ", 'OBJECT', '");
        rn_sql_text(q, right[i]);
        rn_sql_text(q, "')");
    }
    err = rn_syn_ask(s, "asking for permissions", take_right, &rights);
    if (err < 0)
        return err;
    for (size_t i = 0; i < n; i++) {
        if (rights.denied & 1u << i)
            return rn_fail(s->base.error, RN_E_DENIED, RN_AT_WAREHOUSE,
                           "%s: the login may not %s; GRANT it", s->base.place,
                           right[i]);
    }
    return RN_OK;
}
