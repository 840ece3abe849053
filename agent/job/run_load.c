/* job/run_load.c: what follows a finished run: the warehouses load it, then
 * every place is asked what it holds.
 *
 * The journal has a bit for each warehouse that has yet to load the run. A load
 * that fails leaves the run open: the next one asks those that are left, and
 * only then goes on, so that no rows are passed over by the watermark.
 */
#include <string.h>

#include "core/log.h"
#include "core/format.h"
#include "core/print.h"
#include "job/run_parts.h"
#include "job/validate.h"
#include "warehouse/connect.h"

_Static_assert(RN_WAREHOUSES <= 8, "a bit for each in the journal");

static size_t validation_need(const struct rn_config *config,
                              const struct rn_schema *schema)
{
    size_t names = 0;

    for (size_t i = 0; i < schema->n; i++)
        names += schema->col[i].name.n;
    return RN_ROUND(rn_validate_need(config, schema->n, names));
}

size_t rn_run_load_need(const struct rn_config *config,
                        const struct rn_schema *schema)
{
    return RN_ROUND(sizeof(struct rn_report)) + validation_need(config, schema);
}

static int open_validation(struct run *r, struct rn_arena *mem)
{
    size_t n = validation_need(r->config, &r->schema);
    uint8_t *base;

    r->report = RN_TAKE(mem, struct rn_report, 1);
    base = RN_TAKE(mem, uint8_t, n);
    if (!r->report || !base)
        return rn_fail(r->error, RN_E_FULL, RN_AT_AGENT,
                       "no memory is left for the validation; raise "
                       "job.memory");
    rn_arena_init(&r->validation, "validation", base, n);
    return RN_OK;
}

/* It shares the session of the warehouse that it is made in. */
static int open_connect(struct run *r, struct rn_arena *mem)
{
    int err = rn_connect_refuses(r->config, r->error);

    if (err < 0 || !r->config->connect.wanted)
        return err;
    for (size_t i = 0; i < rn_warehouses_n; i++) {
        if (rn_warehouses[i] == &rn_warehouse_databricks)
            return rn_connect_open(r->warehouse[i], mem, &r->connect);
    }
    return RN_E_CONFIG;
}

int rn_run_open_warehouses(struct run *r, struct rn_arena *mem)
{
    int err;

    RN_ASSERT(rn_warehouses_n <= RN_WAREHOUSES);
    r->http = r->store->http;
    err = rn_warehouses_http(r->config, &r->http, &r->http_own, mem, r->error);
    if (err < 0)
        return err;
    for (size_t i = 0; i < rn_warehouses_n; i++) {
        const struct rn_warehouse_class *cls = rn_warehouses[i];

        if (!cls->wanted(r->config))
            continue;
        err = cls->refuses(r->config, &r->schema, r->error);
        if (err < 0)
            return err;
        err = cls->open(r->config, r->http, mem, r->error, &r->warehouse[i]);
        if (err < 0)
            return err;
        r->result->load[i].name = cls->name;
        r->result->load[i].state = "waiting";
        rn_format(r->result->load[i].place, sizeof r->result->load[i].place,
                  "%s", r->warehouse[i]->place);
    }
    err = open_connect(r, mem);
    if (err == RN_OK && r->config->validate.wanted)
        err = open_validation(r, mem);
    return err;
}

void rn_run_close_warehouses(struct run *r)
{
    if (r->connect)
        r->connect->cls->close(r->connect);
    r->connect = NULL;
    for (size_t i = 0; i < rn_warehouses_n; i++) {
        if (r->warehouse[i])
            r->warehouse[i]->cls->close(r->warehouse[i]);
        r->warehouse[i] = NULL;
    }
    if (r->http_own)
        rn_http_close(r->http);
    r->http_own = false;
}

uint8_t rn_run_pending(const struct run *r)
{
    uint8_t pending = 0;

    for (size_t i = 0; i < rn_warehouses_n; i++) {
        if (r->warehouse[i])
            pending |= (uint8_t)(1u << i);
    }
    return pending;
}

/* A dataset knows its files by the job's path. */
struct paths {
    const struct rn_config *config;
    const char *ext;
};

static int path_of(const struct rn_dataset *d, uint32_t part,
                   char to[RN_DATASET_PATH])
{
    const struct paths *p = d->ctx;

    _Static_assert(RN_DATASET_PATH >= RN_PATH_MAX, "every path fits");
    return rn_run_path(p->config, d->run, part, p->ext, to);
}

static void print_statement(struct run *r, struct rn_warehouse *w,
                            const struct rn_dataset *d)
{
    struct rn_out *out = r->options->statements;

    if (!out)
        return;
    rn_print(out, "-- to load run %s into %s:\n", d->run, w->place);
    if (w->cls->statement(w, d, out) == RN_OK)
        rn_print(out, "\n\n");
}

static int load_one(struct run *r, size_t i, const struct rn_dataset *d)
{
    struct rn_result_load *result = &r->result->load[i];
    struct rn_warehouse *w = r->warehouse[i];
    struct rn_load load = { 0 };
    int err = w->cls->load(w, d, &load);

    result->rows = load.rows;
    memcpy(result->statement, load.statement, sizeof result->statement);
    if (err < 0) {
        result->state = "failed";
        return rn_fail(r->error, err, RN_AT_WAREHOUSE,
                       "%s: the load failed (%s)", w->place, rn_err_name(err));
    }
    if (load.left) {
        result->state = "left";
        print_statement(r, w, d);
        return rn_journal_loaded(r->journal, (unsigned)i);
    }
    result->state = load.repeated ? "repeated" : "loaded";
    rn_log(RN_LOG_INFO, "%s has loaded run %s", w->place, d->run);
    return rn_journal_loaded(r->journal, (unsigned)i);
}

int rn_run_load(struct run *r, const struct rn_config *then,
                const struct rn_open_run *open)
{
    struct rn_open_run run = *open; /* the journal's changes with each load */
    struct paths paths = { then, run.ext };
    struct rn_dataset d = {
        .run = run.run,
        .schema = &r->schema,
        .files = run.result.files,
        .rows = run.result.rows,
        .bytes = run.result.bytes,
        .gzip = r->gzipped,
        .path = path_of,
        .ctx = &paths,
    };
    int first = RN_OK;

    for (size_t i = 0; i < rn_warehouses_n; i++) {
        int err;

        if (!r->warehouse[i] || (run.pending & 1u << i) == 0)
            continue;
        err = load_one(r, i, &d);
        /* One that fails does not keep the others from loading. */
        if (first == RN_OK)
            first = err;
        if (err == RN_E_STOP)
            break;
    }
    if (first == RN_OK && r->connect) {
        first = rn_connect_make(r->connect);
        if (first < 0)
            rn_fail(r->error, first, RN_AT_WAREHOUSE,
                    "%s: could not be connected (%s)", r->connect->place,
                    rn_err_name(first));
    }
    return first;
}

int rn_run_validate(struct run *r)
{
    struct rn_validate_target target[RN_VALIDATE_TARGETS];
    struct rn_validate_own own = {
        .schema = &r->schema,
        .digest = r->digest,
        .rows = r->result->rows,
        .bytes = r->result->bytes,
        .files = r->committed,
    };
    struct rn_validation v = {
        .config = r->config,
        .run = r->result->run,
        .ext = r->ext,
        .uploader = &r->uploader,
        .source_rows = &r->result->rows,
        .own = &own,
        .target = target,
    };

    if (!r->config->validate.wanted)
        return RN_OK;
    for (size_t i = 0; i < rn_warehouses_n; i++) {
        struct rn_warehouse *w = r->warehouse[i];

        if (w)
            target[v.targets++] =
                (struct rn_validate_target){ w->cls->name, w, w->cls->measure };
    }
    if (r->connect)
        target[v.targets++] =
            (struct rn_validate_target){ r->connect->cls->name, r->connect,
                                         r->connect->cls->measure };
    r->result->report = r->report;
    return rn_validate(&v, &r->validation, r->report, r->error);
}
