/* job/validate_run.c: a run validated at any later time; see job/validate.h. */
#include <string.h>

#include "job/journal.h"
#include "core/format.h"
#include "job/plan.h"
#include "job/run_parts.h"
#include "job/validate.h"
#include "warehouse/connect.h"

/* What is open meanwhile. */
struct revisit {
    struct rn_http *http; /* the warehouses\' */
    bool http_own;
    const struct rn_config *config;
    struct rn_error *error;
    struct rn_arena *mem;
    struct rn_classes classes;
    struct rn_store *store;
    struct rn_uploader uploader;
    struct rn_warehouse *warehouse[RN_VALIDATE_TARGETS]; /* of each target */
    struct rn_validate_target target[RN_VALIDATE_TARGETS];
    size_t targets;
    struct rn_validation validation;
    char run[RN_RUN_ID + 1];
    char ext[RN_EXT];
    uint64_t source_rows;
};

/* A run's name becomes part of paths and statements. */
static bool is_run(const char *run)
{
    return strlen(run) == RN_RUN_ID &&
           strspn(run, "0123456789abcdefTZ-") == RN_RUN_ID;
}

static const struct rn_past_run *find(const struct rn_past_run *past, size_t n,
                                      const char *run)
{
    for (size_t i = 0; i < n; i++) {
        bool is = run[0] ? strcmp(past[i].run, run) == 0
                         : past[i].state == RN_RUN_DONE;
        if (is)
            return &past[i];
    }
    return NULL;
}

/* Which run, and how many rows the query gave then. */
static int choose_run(struct revisit *v, const char *run)
{
    struct rn_journal *journal = NULL;
    const struct rn_past_run *past, *p;
    size_t n;
    int err;

    if (run[0] && !is_run(run))
        return rn_fail(v->error, RN_E_CONFIG, RN_AT_CONFIG,
                       "that is no name of a run; see runnel status");
    err = rn_journal_open(v->config, false, v->mem, v->error, &journal);
    if (err < 0)
        return err;
    n = rn_journal_history(journal, &past);
    p = find(past, n, run);
    if (p) {
        v->source_rows = p->rows;
        if (p->state == RN_RUN_DONE)
            v->validation.source_rows = &v->source_rows;
    }
    if (run[0] || p)
        rn_format(v->run, sizeof v->run, "%s", run[0] ? run : p->run);
    rn_journal_close(journal);
    if (!v->run[0])
        return rn_fail(v->error, RN_E_ABSENT, RN_AT_CONFIG,
                       "%s: the journal knows no finished run; name one",
                       v->config->path);
    return RN_OK;
}

static int open_store(struct revisit *v)
{
    struct rn_uploader *u = &v->uploader;
    int err;

    err = v->classes.store->open(v->config, v->mem, v->error, &v->store);
    if (err < 0)
        return err;
    u->store = v->store;
    u->config = v->config;
    u->error = v->error;
    u->deadline_ms = INT64_MAX;
    if (rn_uploader_init(u, 1, v->mem) < 0)
        return rn_fail(v->error, RN_E_FULL, RN_AT_AGENT,
                       "no memory is left to read the run back; raise "
                       "job.memory");
    return RN_OK;
}

static void add_target(struct revisit *v, struct rn_warehouse *w)
{
    RN_ASSERT(v->targets < RN_VALIDATE_TARGETS);
    v->warehouse[v->targets] = w;
    v->target[v->targets++] =
        (struct rn_validate_target){ w->cls->name, w, w->cls->measure };
}

/* What Databricks sees of Synapse, over the session of the former. */
static int open_connect(struct revisit *v)
{
    struct rn_warehouse *w = NULL;
    int err = rn_connect_refuses(v->config, v->error);

    if (err < 0 || !v->config->connect.wanted)
        return err;
    for (size_t i = 0; i < v->targets; i++) {
        if (v->warehouse[i]->cls == &rn_warehouse_databricks)
            w = v->warehouse[i];
    }
    if (!w)
        return rn_fail(v->error, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: [connect] needs [databricks]", v->config->path);
    err = rn_connect_open(w, v->mem, &w);
    if (err == RN_OK)
        add_target(v, w);
    return err;
}

static int open_warehouses(struct revisit *v)
{
    int err;

    v->http = v->store->http;
    err =
        rn_warehouses_http(v->config, &v->http, &v->http_own, v->mem, v->error);
    for (size_t i = 0; err == RN_OK && i < rn_warehouses_n; i++) {
        const struct rn_warehouse_class *cls = rn_warehouses[i];
        struct rn_warehouse *w = NULL;

        if (!cls->wanted(v->config))
            continue;
        err = cls->open(v->config, v->http, v->mem, v->error, &w);
        if (err == RN_OK)
            add_target(v, w);
    }
    return err == RN_OK ? open_connect(v) : err;
}

static void close_all(struct revisit *v)
{
    /* The connection before the warehouse that it is made in. */
    while (v->targets > 0) {
        v->targets--;
        v->warehouse[v->targets]->cls->close(v->warehouse[v->targets]);
    }
    if (v->http_own)
        rn_http_close(v->http);
    if (v->store)
        v->store->cls->close(v->store);
}

static int open_all(struct revisit *v, const char *run)
{
    int err = rn_plan_classes(v->config, &v->classes, v->error);

    if (err == RN_OK)
        err = rn_run_check_path(v->config, v->error);
    if (err == RN_OK)
        err = choose_run(v, run);
    if (err == RN_OK)
        err = open_store(v);
    if (err == RN_OK)
        err = open_warehouses(v);
    return err;
}

int rn_validate_run(const struct rn_config *config, const char *run,
                    struct rn_arena *mem, struct rn_report *report,
                    struct rn_error *error)
{
    struct revisit *v = RN_TAKE(mem, struct revisit, 1);
    int err;

    memset(report, 0, sizeof *report);
    if (!v)
        return rn_fail(error, RN_E_FULL, RN_AT_CONFIG,
                       "%s: [job] memory: too small", config->path);
    v->config = config;
    v->error = error;
    v->mem = mem;
    err = open_all(v, run);
    if (err == RN_OK) {
        rn_plan_ext(config, &v->classes, v->ext);
        v->validation.config = config;
        v->validation.run = v->run;
        v->validation.ext = v->ext;
        v->validation.uploader = &v->uploader;
        v->validation.target = v->target;
        v->validation.targets = v->targets;
        err = rn_validate(&v->validation, mem, report, error);
    }
    close_all(v);
    return err;
}
