/* job/run_load.c: what follows a finished run: the warehouses load it, then
 * every place is asked what it holds.
 *
 * The journal has a bit for each warehouse that has yet to load the run. A load
 * that fails leaves the run open: the next one asks those that are left, and
 * only then goes on, so that no rows are passed over by the watermark.
 */
#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "job/run_parts.h"

_Static_assert(RN_WAREHOUSES <= 8, "a bit for each in the journal");

size_t rn_run_load_need(const struct rn_config *config, size_t columns)
{
    (void)config;
    (void)columns;
    return 0;
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
        err = cls->open(r->config, r->http, mem, r->error, &r->warehouse[i]);
        if (err < 0)
            return err;
        r->result->load[i].name = cls->name;
        r->result->load[i].state = "waiting";
        snprintf(r->result->load[i].place, sizeof r->result->load[i].place,
                 "%s", r->warehouse[i]->place);
    }
    return RN_OK;
}

void rn_run_close_warehouses(struct run *r)
{
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
    return first;
}
