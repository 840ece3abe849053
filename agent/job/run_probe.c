/* job/run_probe.c: the `check` command, every step of a run but its rows.
 *
 * What it writes is one small blob with a name of its own, which it removes
 * again; the journal is opened and locked but not changed.
 */
#include <string.h>

#include "job/run_parts.h"
#include "core/format.h"
#include "warehouse/connect.h"

struct probe {
    struct run *run;
    void (*step)(void *ctx, const char *name, int err, const char *text);
    void *ctx;
};

static int tell(struct probe *p, const char *name, int err, const char *text)
{
    p->step(p->ctx, name, err, err < 0 ? p->run->error->text : text);
    return err;
}

static int probe_state(struct probe *p, struct rn_arena *mem)
{
    struct run *r = p->run;
    int err = rn_run_check_path(r->config, r->error);

    if (err == RN_OK)
        err = rn_connect_refuses(r->config, r->error);
    if (err == RN_OK)
        err = rn_plan_classes(r->config, &r->classes, r->error);
    if (err == RN_OK)
        err = rn_journal_open(r->config, true, mem, r->error, &r->journal);
    return tell(p, "state", err, "the journal can be kept");
}

static int probe_source(struct probe *p, struct rn_arena *mem)
{
    struct run *r = p->run;
    char text[160];
    struct rn_row row;
    int err = rn_run_open_source(r, mem);

    if (err == RN_OK)
        err = r->source->cls->next(r->source, &row);
    if (err < 0)
        return tell(p, "source", err, "");
    RN_ASSERT(r->source != NULL);
    rn_format(text, sizeof text, "%s, the query gives %zu column%s and %s",
              r->source->version, r->source->schema.n,
              r->source->schema.n == 1 ? "" : "s", err > 0 ? "rows" : "no row");
    return tell(p, "source", RN_OK, text);
}

static int probe_memory(struct probe *p, struct rn_arena *mem)
{
    struct run *r = p->run;
    char text[160];
    int err = rn_plan_memory(r->config, &r->classes, &r->source->schema,
                             &r->plan, r->error);

    if (err == RN_OK)
        err = rn_run_open_rows(r, mem);
    rn_format(text, sizeof text, "fits %zu KiB; blocks of %lu KiB",
              r->plan.budget / 1024, (unsigned long)(r->plan.block / 1024));
    return tell(p, "memory", err, text);
}

static int probe_store(struct probe *p, struct rn_arena *mem)
{
    struct run *r = p->run;
    char text[300];
    int err = rn_run_open_store(r, mem);

    rn_format(text, sizeof text, "%s%s%s", r->store ? r->store->place : "",
              r->store && r->store->warning ? "; " : "",
              r->store && r->store->warning ? r->store->warning : "");
    return tell(p, "credential", err, text);
}

static int probe_upload(struct probe *p)
{
    struct run *r = p->run;
    struct rn_object object = { .path = r->path, .mime = "text/plain" };
    int err = rn_run_new_attempt(r);

    rn_format(r->path, sizeof r->path, "_runnel_probe-%s", r->result->run);
    if (err == RN_OK)
        err = rn_part_begin(&r->part, &r->uploader, &object, &r->attempt,
                            r->plan.block_segments);
    if (err == RN_OK) {
        rn_out_put(&r->part.lane.out, "probe\n", 6);
        err = rn_part_commit(&r->part);
    }
    return tell(p, "write", err, "a probe blob was written");
}

static int probe_delete(struct probe *p)
{
    struct run *r = p->run;
    struct rn_object object = { .path = r->path };
    struct rn_transfer t = { .op = RN_OP_DELETE, .object = &object };
    char text[RN_PATH_MAX + 120];
    int err = rn_uploader_repeat(&r->uploader, &t);

    if (err == RN_OK || err == RN_E_ABSENT)
        return tell(p, "delete", RN_OK, "and removed again");
    if (err == RN_E_AUTH || err == RN_E_DENIED) {
        /* A credential that cannot delete is a sound choice: say what it
         * means and let the job run.
         */
        rn_format(text, sizeof text,
                  "not permitted: %s stays, and so would files of a failed run",
                  r->path);
        return tell(p, "delete", RN_OK, text);
    }
    rn_uploader_fail(&r->uploader, &t);
    return tell(p, "delete", err, "");
}

/* The one that could not be opened. */
static const char *unopened(const struct run *r)
{
    for (size_t i = 0; i < rn_warehouses_n; i++) {
        if (rn_warehouses[i]->wanted(r->config) && !r->warehouse[i])
            return rn_warehouses[i]->section;
    }
    return r->config->connect.wanted && !r->connect ? "connect" : "validate";
}

/* One that fails does not keep the others from being tried; the first failure
 * stays in `first`.
 */
static void probe_warehouse(struct probe *p, struct rn_warehouse *w,
                            struct rn_error *first)
{
    struct rn_error *error = p->run->error;
    char text[260];

    if (!w || first->code == RN_E_STOP)
        return;
    rn_format(text, sizeof text, "%s: reachable and allowed", w->place);
    rn_error_clear(error);
    (void)tell(p, w->cls->section, w->cls->check(w), text);
    if (first->code == RN_OK)
        *first = *error;
}

static int probe_warehouses(struct probe *p, struct rn_arena *mem)
{
    struct run *r = p->run;
    struct rn_error first;
    int err = rn_run_open_warehouses(r, mem);

    if (err < 0)
        return tell(p, unopened(r), err, "");
    rn_error_clear(&first);
    for (size_t i = 0; i < rn_warehouses_n; i++)
        probe_warehouse(p, r->warehouse[i], &first);
    probe_warehouse(p, r->connect, &first);
    *r->error = first;
    return first.code;
}

static int all_steps(struct probe *p, struct rn_arena *mem)
{
    int err = probe_state(p, mem);

    if (err == RN_OK)
        err = probe_source(p, mem);
    if (err == RN_OK)
        err = probe_memory(p, mem);
    if (err == RN_OK)
        err = probe_store(p, mem);
    if (err == RN_OK)
        err = probe_upload(p);
    if (err == RN_OK)
        err = probe_delete(p);
    if (err == RN_OK)
        err = probe_warehouses(p, mem);
    return err;
}

int rn_probe(const struct rn_config *config, struct rn_arena *mem,
             void (*step)(void *ctx, const char *name, int err,
                          const char *text),
             void *ctx, struct rn_error *error)
{
    static const struct rn_run_options options;
    struct run *r = RN_TAKE(mem, struct run, 1);
    struct rn_result *result = RN_TAKE(mem, struct rn_result, 1);
    struct probe p = { r, step, ctx };
    int err;

    rn_error_clear(error);
    if (!r || !result)
        return rn_fail(error, RN_E_FULL, RN_AT_CONFIG,
                       "%s: [job] memory: too small", config->path);
    r->config = config;
    r->options = &options;
    r->result = result;
    r->error = error;
    err = all_steps(&p, mem);
    rn_part_abandon(&r->part);
    if (r->store)
        rn_uploader_abandon(&r->uploader);
    rn_run_close(r);
    return err;
}
