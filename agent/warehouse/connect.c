/* warehouse/connect.c: see warehouse/connect.h.
 *
 * After "Run federated queries on Microsoft Azure Synapse". What DESCRIBE says
 * of a connection or catalog is for people and has changed between versions,
 * so it is searched for the host or database that it must lead to, and where
 * nothing is said of it, the count through it decides.
 */
#include "warehouse/connect.h"

#include <string.h>

#include "core/format.h"
#include "core/log.h"
#include "runnel/port.h"
#include "warehouse/databricks.h"

struct connect {
    struct rn_warehouse w; /* first */
    struct rn_databricks *d;
    char theirs[200]; /* the other one's place while ours is in messages */
};

static struct connect *self(struct rn_warehouse *w)
{
    return (struct connect *)w;
}

/* -- opening -------------------------------------------------------------- */

static bool connect_wanted(const struct rn_config *c)
{
    return c->connect.wanted;
}

size_t rn_connect_need(const struct rn_config *c)
{
    return c->connect.wanted ? RN_ROUND(sizeof(struct connect)) : 0;
}

static size_t connect_need(const struct rn_config *c, size_t columns)
{
    (void)columns;
    return rn_connect_need(c);
}

int rn_connect_open(struct rn_warehouse *databricks, struct rn_arena *mem,
                    struct rn_warehouse **w)
{
    const struct rn_config *config = databricks->config;
    struct connect *c;
    int err = rn_connect_refuses(config, databricks->error);

    *w = NULL;
    if (err < 0)
        return err;
    c = RN_TAKE(mem, struct connect, 1);
    if (!c)
        return rn_fail(databricks->error, RN_E_FULL, RN_AT_AGENT,
                       "no memory is left for [connect]; raise job.memory");
    c->w = (struct rn_warehouse){ .cls = &rn_warehouse_connect,
                                  .config = config,
                                  .error = databricks->error };
    c->d = (struct rn_databricks *)databricks;
    rn_format(c->w.place, sizeof c->w.place, "%.80s %.50s.%.60s",
              c->d->rest.place, config->connect.catalog, config->synapse.table);
    *w = &c->w;
    return RN_OK;
}

static void connect_close(struct rn_warehouse *w)
{
    (void)w; /* the session is the other one's */
}

/* Its messages are about our catalog now. */
static void begin(struct connect *c)
{
    struct rn_databricks *d = c->d;

    rn_error_clear(&d->rest.fault);
    d->rest.stopping = false;
    d->rest.deadline_ms = rn_clock_mono() + d->w.config->databricks.deadline_ms;
    memcpy(c->theirs, d->w.place, sizeof c->theirs);
    memcpy(d->w.place, c->w.place, sizeof d->w.place);
}

static int end(struct connect *c, int err)
{
    memcpy(c->d->w.place, c->theirs, sizeof c->d->w.place);
    return err < 0 ? rn_rest_raise(&c->d->rest, c->w.error) : RN_OK;
}

/* -- what is there -------------------------------------------------------- */

/* One thing that DESCRIBE may tell. */
struct look {
    const char *describe;
    const char *name;
    const char *key; /* "host": whose value has to be `want` */
    const char *want;
    const char *what; /* for messages */
    bool told;
    bool ours;
};

static bool is_word(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
           c >= 0x80;
}

/* Whether the text holds it, with nothing of a name on its sides. */
static bool holds(struct rn_bytes text, const char *what)
{
    struct rn_bytes w = rn_bytes_of(what);

    for (size_t i = 0; w.n > 0 && i + w.n <= text.n; i++) {
        if (rn_sql_same_name((struct rn_bytes){ text.p + i, w.n }, w) &&
            (i == 0 || !is_word(text.p[i - 1])) &&
            (i + w.n == text.n || !is_word(text.p[i + w.n])))
            return true;
    }
    return false;
}

/* A row of name and value: "Options" with "((host,…),(port,1433))" or a line
 * for each option. Values that are hidden tell nothing.
 */
static int judge(void *ctx, const struct rn_bytes *cell, size_t n)
{
    struct look *k = ctx;
    bool listed;

    if (n < 2 || !cell[0].p || !cell[1].p)
        return RN_OK;
    listed = (holds(cell[0], "options") || holds(cell[0], "properties")) &&
             holds(cell[1], k->key);
    if (!listed && !rn_sql_same_name(cell[0], rn_bytes_of(k->key)))
        return RN_OK;
    if (holds(cell[1], "***") || holds(cell[1], "redacted"))
        return RN_OK;
    k->told = true;
    k->ours = k->ours || holds(cell[1], k->want);
    return RN_OK;
}

static int begin_judging(void *ctx, struct rn_doc *doc, int columns)
{
    struct look *k = ctx;

    (void)doc;
    (void)columns;
    k->told = k->ours = false;
    return RN_OK;
}

/* CONNECTION_NOT_FOUND, NO_SUCH_CATALOG_EXCEPTION, RESOURCE_DOES_NOT_EXIST … */
static bool says_absent(const struct rn_databricks *d)
{
    const char *class = d->rest.fault.service;

    return strstr(class, "NOT_FOUND") || strstr(class, "NO_SUCH_") ||
           strstr(class, "DOES_NOT_EXIST");
}

/* RN_OK: it is there, and nothing says that it leads elsewhere. RN_E_ABSENT: it
 * is not there. RN_E_CONFIG: it leads elsewhere.
 */
static int look_at(struct connect *c, struct look *k)
{
    struct rn_databricks *d = c->d;
    struct rn_dbx_ask ask = {
        .repeat = true, .head = begin_judging, .row = judge, .ctx = k
    };
    struct rn_sql q = rn_dbx_begin(d);
    int err;

    rn_sql_text(&q, k->describe);
    rn_sql_name(&q, rn_bytes_of(k->name));
    err = rn_dbx_run(d, &ask);
    if (err == RN_E_ABSENT || (err == RN_E_DENIED && says_absent(d)))
        return RN_E_ABSENT;
    if (err == RN_E_DENIED) {
        rn_log(RN_LOG_INFO, "%s; going on without", d->rest.fault.text);
        rn_error_clear(&d->rest.fault);
        return RN_OK;
    }
    if (err < 0 || !k->told || k->ours)
        return err;
    return rn_rest_fail(&d->rest, RN_E_CONFIG,
                        "%s: there is a %s %.80s already, but its %s is not "
                        "%.80s; drop it, or give another name in [connect]",
                        c->w.place, k->what, k->name, k->key, k->want);
}

static int look_at_connection(struct connect *c)
{
    struct look k = { .describe = "DESCRIBE CONNECTION ",
                      .name = rn_connect_name(c->w.config),
                      .key = "host",
                      .want = c->w.config->connect.host,
                      .what = "connection" };

    return look_at(c, &k);
}

static int look_at_catalog(struct connect *c)
{
    struct look k = { .describe = "DESCRIBE CATALOG EXTENDED ",
                      .name = c->w.config->connect.catalog,
                      .key = "database",
                      .want = c->w.config->connect.database,
                      .what = "catalog" };

    return look_at(c, &k);
}

/* RN_E_ABSENT: there is no catalog. Whoever may use one may not always see its
 * connection: what is not shown is left to the count.
 */
static int look_at_both(struct connect *c)
{
    int err = look_at_catalog(c);
    int other =
        err == RN_OK || err == RN_E_ABSENT ? look_at_connection(c) : err;

    if (other != RN_OK && other != RN_E_ABSENT)
        return other;
    return err;
}

/* -- the class's calls ---------------------------------------------------- */

static int send(struct connect *c,
                void (*put)(struct rn_sql *q, const struct rn_config *config))
{
    struct rn_dbx_ask ask = { .repeat = true };
    struct rn_sql q = rn_dbx_begin(c->d);

    put(&q, c->w.config);
    return rn_dbx_run(c->d, &ask);
}

static int count(struct connect *c, const char *run, uint64_t *rows)
{
    struct rn_sql q = rn_dbx_begin(c->d);

    rn_sql_text(&q, "SELECT count(*) FROM ");
    rn_connect_put_table(&q, c->w.config);
    rn_sql_text(&q, " WHERE ");
    rn_sql_name(&q, RN_STR(RN_RUN_COLUMN));
    rn_sql_text(&q, " = ");
    rn_sql_string(&q, rn_bytes_of(run));
    return rn_dbx_number(c->d, rows);
}

/* The secrets, the network, and the right to read: a count of no run's rows.
 * RN_E_ABSENT: the table is not there yet, or Databricks does not know yet.
 */
static int try_it(struct connect *c)
{
    uint64_t rows;

    return count(c, "", &rows);
}

static int check(struct connect *c)
{
    int err = look_at_both(c);

    if (err == RN_E_ABSENT) {
        rn_log(RN_LOG_INFO, "%s: will be made", c->w.place);
        return RN_OK;
    }
    if (err == RN_OK)
        err = try_it(c);
    if (err != RN_E_ABSENT || c->w.config->synapse.create == RN_CREATE_NEVER)
        return err;
    return RN_OK;
}

static int connect_check(struct rn_warehouse *w)
{
    begin(self(w));
    return end(self(w), check(self(w)));
}

/* A connection of that name may be there and lead elsewhere. */
static int make_both(struct connect *c)
{
    int err = send(c, rn_connect_put_connection);

    if (err == RN_OK)
        err = look_at_connection(c);
    if (err == RN_E_ABSENT)
        return rn_rest_fail(&c->d->rest, RN_E_DENIED,
                            "%s: the connection was made and cannot be found; "
                            "may this principal use it (USE CONNECTION)?",
                            c->w.place);
    if (err == RN_OK)
        err = send(c, rn_connect_put_catalog);
    return err;
}

/* Nothing is sent to make what is there: it takes rights that those who use it
 * every day need not have.
 */
static int make(struct connect *c)
{
    int err = look_at_both(c);

    if (err == RN_E_ABSENT)
        err = make_both(c);
    if (err == RN_OK)
        err = try_it(c);
    if (err != RN_E_ABSENT)
        return err;
    rn_log(RN_LOG_WARN, "%s: Databricks sees no such table yet", c->w.place);
    return RN_OK;
}

int rn_connect_make(struct rn_warehouse *w)
{
    begin(self(w));
    return end(self(w), make(self(w)));
}

static int connect_measure(struct rn_warehouse *w,
                           const struct rn_dataset *dataset, bool columns,
                           struct rn_measure *m)
{
    struct connect *c = self(w);

    (void)columns; /* rows are the proof of it; the pool is asked the rest */
    m->rows = 0;
    begin(c);
    return end(c, count(c, dataset->run, &m->rows));
}

static int connect_statement(struct rn_warehouse *w,
                             const struct rn_dataset *dataset,
                             struct rn_out *to)
{
    struct rn_sql q = { .out = to, .dialect = RN_SQL_DATABRICKS };

    (void)dataset;
    rn_connect_put_connection(&q, w->config);
    rn_sql_text(&q, ";\n");
    rn_connect_put_catalog(&q, w->config);
    rn_sql_text(&q, ";\n");
    return to->err;
}

const struct rn_warehouse_class rn_warehouse_connect = {
    .name = "connection",
    .section = "connect",
    .wanted = connect_wanted,
    .need = connect_need,
    .check = connect_check,
    .measure = connect_measure,
    .statement = connect_statement,
    .close = connect_close,
};
