/* warehouse/databricks.c: Databricks, as a warehouse. */
#include "warehouse/databricks.h"

#include <string.h>

#include "core/format.h"
#include "runnel/port.h"

/* A service that is down for longer is left for the next run. */
#define RETRY_MS 300000

static struct rn_databricks *self(struct rn_warehouse *w)
{
    return (struct rn_databricks *)w;
}

static bool sends(const struct rn_config *c)
{
    return c->databricks.load != RN_DATABRICKS_NONE;
}

static bool databricks_wanted(const struct rn_config *c)
{
    return c->databricks.wanted;
}

static struct rn_rest_options rest_options(const struct rn_config *c)
{
    return (struct rn_rest_options){
        .key = "databricks.host",
        .base = c->databricks.host,
        .allow_http = c->store.allow_http,
        .request_ms = c->store.request_ms,
        .retry_ms = RETRY_MS,
        .body = RN_DBX_BODY,
        .answer = RN_DBX_ANSWER,
        .tokens = RN_DBX_VALUES,
    };
}

static size_t databricks_need(const struct rn_config *c, size_t columns)
{
    struct rn_rest_options o = rest_options(c);
    size_t need = RN_ROUND(sizeof(struct rn_databricks));

    (void)columns;
    return sends(c) ? need + rn_rest_need(&o) : need;
}

/* -- where the files are -------------------------------------------------- */

/* store.url's parts: host, account in the path or not, container, prefix. */
struct place {
    char host[256];
    char account[64];
    char container[80];
    const char *prefix; /* "" or "/a/b" */
};

static bool take(const char **p, char *to, size_t cap, const char *end)
{
    size_t n = strcspn(*p, end);

    if (n == 0 || n >= cap)
        return false;
    memcpy(to, *p, n);
    to[n] = 0;
    *p += n;
    *p += **p == '/';
    return true;
}

static bool take_place(const char *url, struct place *to)
{
    const char *p = strstr(url, "://");
    const char *blob;

    if (!p || strncmp(url, "http", 4) != 0)
        return false;
    p += 3;
    if (!take(&p, to->host, sizeof to->host, "/"))
        return false;
    blob = strstr(to->host, ".blob.");
    if (blob) {
        size_t n = (size_t)(blob - to->host);

        if (n == 0 || n >= sizeof to->account)
            return false;
        memcpy(to->account, to->host, n);
        to->account[n] = 0;
    } else if (!take(&p, to->account, sizeof to->account, "/")) {
        return false;
    }
    if (!take(&p, to->container, sizeof to->container, "/"))
        return false;
    to->prefix = p;
    return true;
}

/* abfss://CONTAINER@ACCOUNT.dfs.core.windows.net, in other clouds with their
 * ending; of an emulator what the service would be called.
 */
static int abfss_of(const struct place *at, char *to, size_t cap)
{
    const char *end = strstr(at->host, ".blob.");

    return rn_format(to, cap, "abfss://%s@%s.dfs.%s", at->container,
                     at->account, end ? end + 6 : "core.windows.net");
}

static int container_of(const struct rn_config *c, const struct place *at,
                        char *to, size_t cap)
{
    if (c->databricks.access == RN_ACCESS_VOLUME)
        return rn_format(to, cap, "%s", c->databricks.volume);
    if (c->databricks.location[0])
        return rn_format(to, cap, "%s", c->databricks.location);
    return abfss_of(at, to, cap);
}

int rn_dbx_abfss(const struct rn_config *c, char *to, size_t cap)
{
    struct place at = { .prefix = "" };
    int n;

    if (strncmp(c->databricks.location, "abfss://", 8) == 0)
        n = rn_format(to, cap, "%s", c->databricks.location);
    else if (take_place(c->store.url, &at))
        n = abfss_of(&at, to, cap);
    else
        return RN_E_ABSENT;
    while (n > 0 && (size_t)n < cap && to[n - 1] == '/')
        to[--n] = 0;
    return n > 0 && (size_t)n < cap ? RN_OK : RN_E_ABSENT;
}

static int find_root(struct rn_databricks *d)
{
    const struct rn_config *c = d->w.config;
    struct place at = { .prefix = "" };
    bool named =
        c->databricks.access == RN_ACCESS_VOLUME || c->databricks.location[0];
    bool known = take_place(c->store.url, &at);
    size_t cap = sizeof d->root;
    int n;

    if (!known && !named)
        return rn_fail(d->w.error, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: databricks.location: say how the warehouse sees "
                       "store.url: abfss://CONTAINER@ACCOUNT.dfs.core.windows."
                       "net/",
                       c->path);
    n = container_of(c, &at, d->root, cap);
    while (n > 0 && (size_t)n < cap && d->root[n - 1] == '/')
        n--;
    if (n > 0 && (size_t)n < cap && known && at.prefix[0])
        n += rn_format(d->root + n, cap - (size_t)n, "/%s", at.prefix);
    while (n > 0 && (size_t)n < cap && d->root[n - 1] == '/')
        n--;
    if (n <= 0 || (size_t)n >= cap)
        return rn_fail(d->w.error, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: databricks.location, databricks.volume: empty or "
                       "too long",
                       c->path);
    d->root[n] = 0;
    return RN_OK;
}

/* -- opening -------------------------------------------------------------- */

/* What goes into requests without quotes. */
static int check_words(struct rn_databricks *d)
{
    const struct rn_config *c = d->w.config;
    const char *id = c->databricks.warehouse;
    const char *job = c->databricks.job;

    if (strspn(id, "0123456789abcdefghijklmnopqrstuvwxyz"
                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_") != strlen(id) ||
        strlen(id) > 64)
        return rn_fail(d->w.error, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: databricks.warehouse: expected the id of a SQL "
                       "warehouse, like 1234567890abcdef",
                       c->path);
    if (c->databricks.load == RN_DATABRICKS_JOB &&
        (job[0] == 0 || strspn(job, "0123456789") != strlen(job) ||
         strlen(job) > 19))
        return rn_fail(d->w.error, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: databricks.job: expected the job's number",
                       c->path);
    return rn_dbx_refuses_job(c, rn_clock_wall(), d->w.error);
}

static int prepare(struct rn_databricks *d, struct rn_http *http,
                   struct rn_arena *mem)
{
    const struct rn_config *c = d->w.config;
    struct rn_rest_options o = rest_options(c);
    const char *sas = c->auth.token;
    int err = check_words(d);

    if (err == RN_OK)
        err = find_root(d);
    if (err < 0 || !sends(c))
        return err;
    o.http = http;
    err = rn_rest_init(&d->rest, &o, mem, d->w.error);
    if (err < 0)
        return err;
    if (c->databricks.access == RN_ACCESS_SAS)
        d->rest.secret[2] = rn_bytes_of(sas + (sas[0] == '?'));
    return rn_dbx_auth_open(d);
}

static void databricks_close(struct rn_warehouse *w)
{
    if (!w)
        return;
    rn_dbx_auth_close(self(w));
    rn_rest_close(&self(w)->rest);
}

static int databricks_open(const struct rn_config *config, struct rn_http *http,
                           struct rn_arena *mem, struct rn_error *error,
                           struct rn_warehouse **w)
{
    struct rn_databricks *d = RN_TAKE(mem, struct rn_databricks, 1);
    int err;

    *w = NULL;
    if (!d)
        return rn_fail(error, RN_E_FULL, RN_AT_AGENT,
                       "no memory is left for Databricks; raise job.memory");
    d->w = (struct rn_warehouse){ .cls = &rn_warehouse_databricks,
                                  .config = config,
                                  .error = error };
    d->poll_ms = 1000;
    err = prepare(d, http, mem);
    if (err < 0) {
        databricks_close(&d->w);
        return err;
    }
    rn_format(d->w.place, sizeof d->w.place, "%.90s %s%.90s",
              sends(config) ? d->rest.place : config->databricks.host,
              config->databricks.table[0] ? "" : "job ",
              config->databricks.table[0] ? config->databricks.table
                                          : config->databricks.job);
    *w = &d->w;
    return RN_OK;
}

/* -- the class's calls ---------------------------------------------------- */

static void begin(struct rn_databricks *d)
{
    rn_error_clear(&d->rest.fault);
    d->rest.stopping = false;
    d->rest.deadline_ms = rn_clock_mono() + d->w.config->databricks.deadline_ms;
}

static int end(struct rn_databricks *d, int err)
{
    return err < 0 ? rn_rest_raise(&d->rest, d->w.error) : RN_OK;
}

static int check_table(struct rn_databricks *d)
{
    const struct rn_config *c = d->w.config;
    struct rn_sql q = rn_dbx_begin(d);
    uint64_t one = 0;
    int err;

    rn_sql_text(&q, "SELECT 1");
    err = rn_dbx_number(d, &one);
    if (err < 0)
        return err;
    err = rn_dbx_look(d, NULL);
    if (err != RN_E_ABSENT)
        return err;
    if (c->databricks.load == RN_DATABRICKS_EXTERNAL_TABLE ||
        c->databricks.create == RN_CREATE_IF_MISSING)
        return RN_OK;
    return rn_rest_fail(&d->rest, RN_E_CONFIG,
                        "%s: there is no such table, and databricks.create = "
                        "never",
                        d->w.place);
}

static int databricks_check(struct rn_warehouse *w)
{
    struct rn_databricks *d = self(w);

    if (!sends(w->config))
        return RN_OK;
    begin(d);
    if (w->config->databricks.load == RN_DATABRICKS_JOB)
        return end(d, rn_dbx_check_job(d));
    return end(d, check_table(d));
}

static int databricks_load(struct rn_warehouse *w,
                           const struct rn_dataset *dataset,
                           struct rn_load *load)
{
    struct rn_databricks *d = self(w);
    int err = rn_databricks_refuses(w->config, dataset->schema, w->error);

    *load = (struct rn_load){ 0 };
    load->left = !sends(w->config);
    if (err < 0 || load->left)
        return err;
    begin(d);
    if (w->config->databricks.load == RN_DATABRICKS_JOB)
        return end(d, rn_dbx_load_job(d, dataset, load));
    return end(d, rn_dbx_load(d, dataset, load));
}

/* -- measuring ------------------------------------------------------------ */

/* The columns of one statement and where their figures go. */
struct measuring {
    struct rn_databricks *d;
    struct rn_sql_measure ask;
    struct rn_measure *to;
    unsigned rows;
};

static int begin_measure(void *ctx, struct rn_doc *doc, int columns)
{
    struct measuring *k = ctx;

    (void)doc;
    (void)columns;
    k->rows = 0;
    return RN_OK;
}

static int take_measure(void *ctx, const struct rn_bytes *cell, size_t n)
{
    struct measuring *k = ctx;
    const struct rn_schema *schema = k->ask.schema;
    size_t at = 1;
    bool good = n > 0 && rn_dbx_digits(cell[0], &k->to->rows) == RN_OK;

    k->rows++;
    for (size_t i = k->ask.first; good && i < k->ask.first + k->ask.n; i++) {
        size_t cells = rn_sql_measure_cells(&schema->col[i]);

        good = at + cells <= n &&
               rn_sql_measure_read(&k->ask, i, cell + at, &k->to->column[i]) ==
                   RN_OK;
        at += cells;
    }
    if (good && at == n)
        return RN_OK;
    return rn_rest_fail(&k->d->rest, RN_E_PEER,
                        "%s: the answer of %s is not what was asked for",
                        k->d->w.place, k->d->id);
}

static int measure_some(struct measuring *k)
{
    struct rn_dbx_ask ask = {
        .repeat = true, .head = begin_measure, .row = take_measure, .ctx = k
    };
    struct rn_sql q = rn_dbx_begin(k->d);
    int err;

    rn_sql_measure(&q, &k->ask);
    err = rn_dbx_run(k->d, &ask);
    if (err == RN_OK && k->rows != 1)
        return rn_rest_fail(&k->d->rest, RN_E_PEER,
                            "%s: %u rows came where one was asked for",
                            k->d->w.place, k->rows);
    return err;
}

/* Few enough columns for an answer's cells and for the statement's text. */
static size_t columns_that_fit(const struct rn_schema *schema, size_t first)
{
    size_t cells = 1, text = 0, n = 0;

    while (first + n < schema->n) {
        const struct rn_col *col = &schema->col[first + n];

        cells += rn_sql_measure_cells(col);
        text += 700 + col->name.n * 16;
        if (n > 0 && (cells > RN_DBX_CELLS || text > RN_DBX_BODY / 2))
            break;
        n++;
    }
    return n;
}

static int measure_all(struct rn_databricks *d,
                       const struct rn_dataset *dataset, bool columns,
                       struct rn_measure *m)
{
    struct measuring k = { .d = d,
                           .to = m,
                           .ask = { .schema = dataset->schema,
                                    .table = d->w.config->databricks.table,
                                    .run = dataset->run,
                                    .hash = true } };
    struct rn_dbx_into table = { k.ask.table, NULL };

    if (!columns)
        return rn_dbx_count(d, &table, dataset->run, &m->rows);
    while (k.ask.first < dataset->schema->n) {
        int err;

        k.ask.n = columns_that_fit(dataset->schema, k.ask.first);
        err = measure_some(&k);
        if (err < 0)
            return err;
        k.ask.first += k.ask.n;
    }
    return RN_OK;
}

static int databricks_measure(struct rn_warehouse *w,
                              const struct rn_dataset *dataset, bool columns,
                              struct rn_measure *m)
{
    struct rn_databricks *d = self(w);
    const struct rn_config *c = w->config;

    m->rows = 0;
    if (!sends(c) || !c->databricks.warehouse[0] || !c->databricks.table[0])
        return RN_E_ABSENT;
    begin(d);
    return end(d, measure_all(d, dataset, columns, m));
}

/* -- for people ----------------------------------------------------------- */

static void put_copies(struct rn_databricks *d, struct rn_sql *q,
                       const struct rn_dbx_files *files,
                       const struct rn_dbx_into *to)
{
    struct rn_dbx_copy copy = {
        .to = *to, .files = files, .first = 1, .reader = RN_DBX_PEOPLE
    };

    while (copy.first <= files->dataset->files) {
        uint32_t left = files->dataset->files - copy.first + 1;

        copy.n = left < RN_DBX_FILES ? left : RN_DBX_FILES;
        rn_dbx_put_copy(d, q, &copy);
        rn_sql_text(q, ";\n");
        copy.first += copy.n;
    }
}

static void put_statements(struct rn_databricks *d, struct rn_sql *q,
                           const struct rn_dbx_files *files)
{
    const struct rn_config *c = d->w.config;
    const struct rn_schema *schema = files->dataset->schema;
    bool append = c->databricks.mode == RN_MODE_APPEND;
    struct rn_dbx_into table = { c->databricks.table, NULL };
    struct rn_dbx_into to = { c->databricks.table,
                              append ? NULL : "__runnel_staging" };

    if (c->databricks.create == RN_CREATE_IF_MISSING) {
        rn_dbx_put_create(q, &table, schema, true);
        rn_sql_text(q, ";\n");
    }
    if (!append) {
        rn_dbx_put_create(q, &to, schema, false);
        rn_sql_text(q, ";\n");
    }
    put_copies(d, q, files, &to);
    if (append)
        return;
    if (c->databricks.mode == RN_MODE_MERGE)
        rn_dbx_put_merge(q, &to, schema, c->databricks.keys);
    else
        rn_dbx_put_overwrite(q, &to, schema);
    rn_sql_text(q, ";\n");
    rn_dbx_put_drop(q, &to);
    rn_sql_text(q, ";\n");
}

static int databricks_statement(struct rn_warehouse *w,
                                const struct rn_dataset *dataset,
                                struct rn_out *to)
{
    struct rn_databricks *d = self(w);
    struct rn_sql q = { .out = to,
                        .dialect = RN_SQL_DATABRICKS,
                        .max_cell = w->config->source.max_cell };
    struct rn_dbx_files files;
    int err = rn_databricks_refuses(w->config, dataset->schema, w->error);

    if (err < 0 || w->config->databricks.load == RN_DATABRICKS_JOB)
        return err;
    rn_error_clear(&d->rest.fault);
    err = rn_dbx_files(d, dataset, &files);
    if (err < 0)
        return end(d, err);
    if (w->config->databricks.load == RN_DATABRICKS_EXTERNAL_TABLE) {
        rn_dbx_put_view(d, &q, &files);
        rn_sql_text(&q, ";\n");
    } else {
        put_statements(d, &q, &files);
    }
    return to->err;
}

const struct rn_warehouse_class rn_warehouse_databricks = {
    .name = "databricks",
    .section = "databricks",
    .wanted = databricks_wanted,
    .refuses = rn_databricks_refuses,
    .need = databricks_need,
    .open = databricks_open,
    .check = databricks_check,
    .load = databricks_load,
    .measure = databricks_measure,
    .statement = databricks_statement,
    .close = databricks_close,
};
