/* warehouse/synapse.c: Synapse as a warehouse; see runnel/warehouse.h. */
#include "warehouse/synapse.h"

#include "core/format.h"
#include "identity/hash.h"
#include "runnel/port.h"

#include <string.h>

/* The longest statement. INSERT names each column twice: 1,023 columns with
 * names of 15 letters fit.
 */
#define TEXT  (40u * 1024)
#define NAMES (12u * 1024) /* serverless: of the views, one a run */

#define MEASURE_COLUMNS 16 /* asked for at a time, if they fit */

static bool over_odbc(const struct rn_config *c)
{
    return c->synapse.load == RN_SYNAPSE_COPY_INTO ||
           c->synapse.load == RN_SYNAPSE_EXTERNAL;
}

static bool with_sas(const struct rn_config *c)
{
    return over_odbc(c) && strcmp(c->synapse.credential, "sas") == 0;
}

static bool is_external(const struct rn_config *c)
{
    return c->synapse.load == RN_SYNAPSE_EXTERNAL;
}

static bool synapse_wanted(const struct rn_config *config)
{
    return config->synapse.wanted;
}

static size_t synapse_need(const struct rn_config *c, size_t columns)
{
    size_t need = RN_ROUND(sizeof(struct synapse)) + RN_ROUND(TEXT);

    (void)columns;
    if (over_odbc(c))
        need += rn_odbc_need(TEXT);
    if (with_sas(c))
        need += rn_identity_need(c);
    if (is_external(c))
        need += RN_ROUND(NAMES);
    if (c->synapse.load == RN_SYNAPSE_PIPELINE)
        need += rn_syn_pipeline_need(c);
    return need;
}

/* The server's name is no secret. */
static void name_place(struct synapse *s)
{
    const struct rn_config *c = s->base.config;
    bool pipeline = c->synapse.load == RN_SYNAPSE_PIPELINE;
    struct rn_syn_value server;

    if (pipeline || !rn_syn_setting(c->synapse.connection, "server", &server))
        server.text[0] = 0;
    rn_format(s->base.place, sizeof s->base.place, "Synapse %.90s%s%.90s",
              server.text, server.text[0] ? " " : "",
              pipeline ? c->synapse.pipeline : c->synapse.table);
}

static int open_parts(struct synapse *s, struct rn_arena *mem)
{
    static const struct rn_service service = { "", 443, true, "" };
    const struct rn_config *c = s->base.config;
    int err = RN_OK;

    if (c->synapse.load == RN_SYNAPSE_PIPELINE)
        return rn_syn_pipeline_open(s, mem);
    if (with_sas(c))
        err = rn_identity_open(c, &service, mem, s->base.error, &s->sas);
    if (err == RN_OK && over_odbc(c))
        err = rn_odbc_open(s->cap, mem, s->base.error, &s->odbc);
    return err;
}

static void synapse_close(struct rn_warehouse *w)
{
    struct synapse *s = rn_syn_of(w);

    if (!w)
        return;
    rn_odbc_close(s->odbc);
    rn_identity_close(s->sas);
    rn_syn_pipeline_close(s);
    rn_wipe(s->text, s->cap); /* it may have held a token */
    s->odbc = NULL;
    s->connected = false;
}

static int synapse_open(const struct rn_config *config, struct rn_http *http,
                        struct rn_arena *mem, struct rn_error *error,
                        struct rn_warehouse **w)
{
    struct synapse *s = RN_TAKE(mem, struct synapse, 1);
    int err;

    *w = NULL;
    if (s) {
        s->cap = TEXT;
        s->text = RN_TAKE(mem, uint8_t, TEXT);
        s->names_cap = is_external(config) ? NAMES : 0;
        s->names = RN_TAKE(mem, char, s->names_cap);
    }
    if (!s || !s->text || !s->names)
        return rn_fail(error, RN_E_FULL, RN_AT_AGENT,
                       "no memory left for Synapse");
    s->base = (struct rn_warehouse){ .cls = &rn_warehouse_synapse,
                                     .config = config,
                                     .error = error };
    s->http = http;
    s->what = "opening";
    name_place(s);
    err = rn_synapse_refuses(config, NULL, error);
    if (err == RN_OK)
        err = open_parts(s, mem);
    if (err < 0) {
        synapse_close(&s->base);
        return err;
    }
    *w = &s->base;
    return RN_OK;
}

/* -------------------------------------------------------------------- check */

static int check_once(struct synapse *s, void *unused)
{
    uint64_t one;
    int err;

    rn_sql_text(rn_syn_sql(s), "SELECT 1");
    if ((err = rn_syn_number(s, "asking for anything", &one)) < 0)
        return err;
    if (is_external(s->base.config))
        return rn_syn_serverless_check(s, unused);
    return rn_syn_dedicated_check(s, unused);
}

static void begin(struct synapse *s)
{
    int64_t length = s->base.config->synapse.deadline_ms;

    s->deadline_ms = length > 0 ? rn_clock_mono() + length : INT64_MAX / 2;
    s->retries = 0;
    s->published = false;
}

static int synapse_check(struct rn_warehouse *w)
{
    struct synapse *s = rn_syn_of(w);

    begin(s);
    if (w->config->synapse.load == RN_SYNAPSE_PIPELINE)
        return rn_syn_pipeline_check(s);
    if (s->sas) {
        struct rn_bytes sas;
        int err = rn_syn_sas(s, &sas);

        if (err < 0)
            return err;
    }
    return over_odbc(w->config) ? rn_syn_until(s, check_once, NULL) : RN_OK;
}

/* --------------------------------------------------------------------- load */

static int synapse_load(struct rn_warehouse *w, const struct rn_dataset *d,
                        struct rn_load *result)
{
    struct synapse *s = rn_syn_of(w);
    struct syn_load load = { d, result };
    int err;

    *result = (struct rn_load){ 0 };
    begin(s);
    result->left = w->config->synapse.load == RN_SYNAPSE_NONE;
    if (result->left)
        return RN_OK;
    if (w->config->synapse.load == RN_SYNAPSE_PIPELINE)
        return rn_syn_pipeline(s, d, result);
    if ((err = rn_synapse_refuses(w->config, d->schema, w->error)) < 0)
        return err;
    rn_format(result->statement, sizeof result->statement, "runnel:%.50s",
              d->run);
    if (is_external(w->config)) {
        err = rn_syn_until(s, rn_syn_serverless, &load);
    } else {
        err = rn_syn_until(s, rn_syn_dedicated, &load);
        /* Not where nobody answers: it would only take its time. */
        if (err < 0 && (s->connected || err == RN_E_STOP))
            rn_syn_drop_staging(s, d);
    }
    result->retries = s->retries;
    return err;
}

/* ------------------------------------------------------------------ measure */

struct measuring {
    struct synapse *s;
    struct rn_sql_measure m;
    struct rn_measure *to;
    size_t column; /* whose cells come; m.first + m.n: no more */
    unsigned have; /* of them */
    struct rn_bytes cell[RN_SQL_MEASURE_CELLS];
    uint8_t text[RN_SQL_MEASURE_CELLS][80];
};

static int take_rows(struct measuring *g, struct rn_bytes text)
{
    uint64_t rows = 0;

    if (text.n == 0 || text.n > 19)
        return RN_E_PEER;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return RN_E_PEER;
        rows = rows * 10 + (text.p[i] - (unsigned)'0');
    }
    g->to->rows = rows;
    return RN_OK;
}

static int take_cell(void *ctx, uint64_t row, unsigned column,
                     struct rn_bytes text)
{
    struct measuring *g = ctx;
    const struct rn_schema *schema = g->m.schema;

    if (row > 0)
        return RN_E_PEER;
    if (column == 0)
        return take_rows(g, text);
    if (g->column == g->m.first + g->m.n || text.n > sizeof g->text[0])
        return RN_E_PEER;
    if (text.p)
        memcpy(g->text[g->have], text.p, text.n);
    g->cell[g->have].p = text.p ? g->text[g->have] : NULL;
    g->cell[g->have].n = text.n;
    if (++g->have < rn_sql_measure_cells(&schema->col[g->column]))
        return RN_OK;
    g->have = 0;
    g->column++;
    return rn_sql_measure_read(&g->m, g->column - 1, g->cell,
                               &g->to->column[g->column - 1]);
}

/* As many columns as a statement has room for. */
static int measure_some(struct measuring *g)
{
    struct synapse *s = g->s;
    int err;

    g->have = 0;
    g->column = g->m.first;
    for (;; g->m.n = (g->m.n + 1) / 2) {
        rn_sql_measure(rn_syn_sql(s), &g->m);
        if (s->out.err != RN_E_FULL || g->m.n <= 1)
            break;
    }
    err = rn_syn_ask(s, "measuring", take_cell, g);
    if (err == RN_E_PEER || (err >= 0 && g->column != g->m.first + g->m.n))
        return rn_fail(s->base.error, RN_E_PEER, RN_AT_WAREHOUSE,
                       "%s: the answer to what it holds makes no sense",
                       s->base.place);
    return err;
}

static int measure_once(struct synapse *s, void *ctx)
{
    struct measuring *g = ctx;
    size_t end = g->to->column ? g->m.schema->n : 0;

    (void)s;
    g->m.first = 0;
    do {
        size_t left = end - g->m.first;
        int err;

        g->m.n = left < MEASURE_COLUMNS ? left : MEASURE_COLUMNS;
        if ((err = measure_some(g)) < 0)
            return err;
        g->m.first += g->m.n;
    } while (g->m.first < end);
    return RN_OK;
}

/* What a pipeline or a person did with the files isn't known here:
 * RN_E_ABSENT, without an error.
 */
static int synapse_measure(struct rn_warehouse *w, const struct rn_dataset *d,
                           bool columns, struct rn_measure *m)
{
    struct synapse *s = rn_syn_of(w);
    struct rn_measure to = { 0, columns ? m->column : NULL };
    struct measuring g = {
        .s = s,
        .m = { .schema = d->schema,
               .table = w->config->synapse.table,
               .run = d->run,
               .hash = true,
               .exact_doubles =
                   strcmp(w->config->file.format, "parquet") == 0 },
        .to = &to,
    };
    int err;

    if (!over_odbc(w->config))
        return RN_E_ABSENT;
    begin(s);
    err = rn_syn_until(s, measure_once, &g);
    m->rows = to.rows;
    return err;
}

/* ---------------------------------------------------------------- statement */

static int say(struct synapse *s, struct rn_out *to)
{
    if (s->out.err < 0)
        return s->out.err;
    /* A person has a credential of their own. */
    if (s->out.len < s->cap) {
        s->text[s->out.len] = 0;
        rn_syn_mask(s, (char *)s->text);
    }
    rn_out_put(to, s->text, strlen((const char *)s->text));
    rn_out_put(to, ";\n", 2);
    return to->err;
}

static int say_copies(struct syn_work *w, struct rn_out *to)
{
    int err = RN_OK;

    for (uint32_t part = 1; part <= w->d->files && err == RN_OK;) {
        rn_syn_put_copy(rn_syn_sql(w->s), w, &part);
        err = say(w->s, to);
    }
    return err;
}

static int say_publish(struct syn_work *w, struct rn_out *to)
{
    struct synapse *s = w->s;
    int err;

    rn_sql_text(rn_syn_sql(s), "BEGIN TRANSACTION");
    err = say(s, to);
    if (err == RN_OK && w->c->synapse.mode != RN_MODE_APPEND) {
        rn_syn_put_delete(rn_syn_sql(s), w);
        err = say(s, to);
    }
    if (err < 0)
        return err;
    rn_syn_put_insert(rn_syn_sql(s), w);
    if ((err = say(s, to)) < 0)
        return err;
    rn_sql_text(rn_syn_sql(s), "COMMIT TRANSACTION");
    return say(s, to);
}

static int synapse_statement(struct rn_warehouse *w, const struct rn_dataset *d,
                             struct rn_out *to)
{
    struct synapse *s = rn_syn_of(w);
    struct syn_work work;
    int err;

    if (w->config->synapse.load == RN_SYNAPSE_PIPELINE)
        return RN_E_ABSENT;
    if ((err = rn_synapse_refuses(w->config, d->schema, w->error)) < 0)
        return err;
    if (is_external(w->config)) {
        err = rn_syn_view(s, rn_syn_sql(s), d);
        return err < 0 ? err : say(s, to);
    }
    rn_syn_work(&work, s, d);
    rn_syn_put_table(rn_syn_sql(s), &work);
    if (w->config->synapse.create == RN_CREATE_IF_MISSING &&
        (err = say(s, to)) < 0)
        return err;
    rn_syn_put_staging(rn_syn_sql(s), &work);
    if ((err = say(s, to)) < 0 || (err = say_copies(&work, to)) < 0 ||
        (err = say_publish(&work, to)) < 0)
        return err;
    rn_syn_put_drop(rn_syn_sql(s), &work);
    return say(s, to);
}

const struct rn_warehouse_class rn_warehouse_synapse = {
    .name = "synapse",
    .section = "synapse",
    .refuses = rn_synapse_refuses,
    .wanted = synapse_wanted,
    .need = synapse_need,
    .open = synapse_open,
    .check = synapse_check,
    .load = synapse_load,
    .measure = synapse_measure,
    .statement = synapse_statement,
    .close = synapse_close,
};
