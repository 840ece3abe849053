/* job/run_open.c: everything a run needs, opened and carved in one place.
 *
 * The source comes first, because the number of its columns decides what the
 * rest needs; the pool comes last and gets what is left.
 */
#include <string.h>

#include "core/base64.h"
#include "core/format.h"
#include "job/run_parts.h"
#include "row/date.h"
#include "row/number.h"
#include "row/schema.h"
#include "runnel/port.h"

size_t rn_run_need(void)
{
    return RN_ROUND(sizeof(struct run)) + RN_ROUND(sizeof(struct rn_result)) +
           rn_journal_need();
}

static int no_room(struct run *r, const char *what)
{
    return rn_fail(r->error, RN_E_FULL, RN_AT_AGENT,
                   "the memory plan left no room for %s", what);
}

/* Where the first run begins: a number if it reads as one, else text. */
static void first_watermark(const char *text, struct rn_watermark *w)
{
    struct rn_bytes t = rn_bytes_of(text);

    if (t.n == 0 || t.n > sizeof w->bytes)
        return;
    if (rn_parse_i64(t, &w->i64) == RN_OK) {
        w->type = RN_I64;
    } else if (rn_parse_f64(t, &w->f64) == RN_OK) {
        w->type = RN_F64;
    } else {
        w->type = RN_TEXT;
        w->len = (uint16_t)t.n;
        memcpy(w->bytes, t.p, t.n);
    }
}

void rn_run_bind(struct run *r, struct rn_binding *binding)
{
    r->bound = *rn_journal_watermark(r->journal);
    if (r->bound.type == RN_NULL)
        first_watermark(r->config->source.watermark_start, &r->bound);
    r->watermark = r->bound;
    memset(&r->key, 0, sizeof r->key);
    memset(&r->ceiling, 0, sizeof r->ceiling);
    rn_mark_cell(&r->key, &binding->after);
    rn_mark_cell(&r->bound, &binding->watermark);
}

void rn_run_bind_again(struct run *r, struct rn_binding *binding)
{
    r->after = r->key;
    rn_mark_cell(&r->after, &binding->after);
    rn_mark_cell(&r->bound, &binding->watermark);
}

static int bring(struct run *r)
{
    if (!r->classes.source->bring)
        return rn_fail(r->error, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: [source] kind: %s asks for rows itself; a program "
                       "brings them with kind = push",
                       r->config->path, r->config->source.kind);
    return r->classes.source->bring(r->source, r->options->col,
                                    r->options->row);
}

int rn_run_open_source(struct run *r, struct rn_arena *mem)
{
    struct rn_binding binding;
    int err = rn_plan_memory(r->config, &r->classes, NULL, &r->plan, r->error);

    if (err == RN_OK)
        err = r->classes.source->open(r->config, mem, r->error, &r->source);
    if (err == RN_OK && r->options->col)
        err = bring(r);
    if (err < 0)
        return err;
    rn_run_bind(r, &binding);
    return r->classes.source->query(r->source, &binding);
}

int rn_run_query(struct run *r)
{
    struct rn_binding binding;
    int err;

    rn_run_bind(r, &binding);
    err = r->classes.source->query(r->source, &binding);
    if (err == RN_OK && !rn_schema_same(&r->source->schema, &r->schema))
        return rn_fail(r->error, RN_E_SOURCE, RN_AT_SOURCE,
                       "the query's columns are others than when the run "
                       "began; run it again");
    return err;
}

int rn_run_open_rows(struct run *r, struct rn_arena *mem)
{
    const struct rn_schema *schema = &r->schema;
    int err;

    /* The source's own is gone when the query is started again. */
    if (rn_schema_copy(&r->source->schema, mem, &r->schema) < 0)
        return no_room(r, "the columns");
    err =
        r->classes.encoder->open(r->config, schema, mem, r->error, &r->encoder);
    if (err < 0)
        return err;
    r->encoder->counts = &r->source->counts;
    r->digest = rn_digest_init(schema, mem);
    if (!r->digest)
        return no_room(r, "the column digests");
    r->check.counts = &r->source->counts;
    r->check.error = r->error;
    if (rn_check_init(&r->check, r->config, schema, mem) < 0)
        return no_room(r, "the row checks");
    r->gzipped = rn_plan_gzips(r->config, &r->classes);
    if (r->gzipped && rn_gzip_init(&r->gzip, r->config, mem) < 0)
        return no_room(r, "zlib");
    rn_plan_ext(r->config, &r->classes, r->ext);
    return RN_OK;
}

int64_t rn_run_deadline(const struct run *r)
{
    int64_t length = r->config->job.deadline_ms;

    return length > 0 ? r->started_ms + length : INT64_MAX;
}

int rn_run_open_store(struct run *r, struct rn_arena *mem)
{
    struct rn_uploader *u = &r->uploader;
    int err = r->classes.store->open(r->config, mem, r->error, &r->store);

    if (err < 0)
        return err;
    r->result->warning = r->store->warning;
    rn_format(r->result->place, sizeof r->result->place, "%s", r->store->place);
    u->store = r->store;
    u->pool = &r->pool;
    u->config = r->config;
    u->error = r->error;
    u->deadline_ms = rn_run_deadline(r);
    u->tick = rn_run_tick;
    u->ctx = r;
    if (rn_uploader_init(u, r->plan.connections + RN_QUEUE_SPARE, mem) < 0)
        return no_room(r, "the queue");
    if (r->plan.lanes > 0 &&
        rn_columns_init(&r->columns, r->plan.lanes, r->plan.groups, mem) < 0)
        return no_room(r, "the lanes");
    r->columns.spare = RN_SPARE_SEGMENTS;
    if (rn_pool_init(&r->pool, r->plan.segments, r->plan.segment, mem) < 0)
        return no_room(r, "the pool");
    return RN_OK;
}

static int open_journal(struct run *r, struct rn_arena *mem)
{
    if (r->options->fresh)
        return rn_journal_open_fresh(r->config, mem, r->error, &r->journal);
    return rn_journal_open(r->config, true, mem, r->error, &r->journal);
}

int rn_run_open(struct run *r, struct rn_arena *mem)
{
    int err = rn_plan_classes(r->config, &r->classes, r->error);

    if (err == RN_OK)
        err = rn_run_check_path(r->config, r->error);
    if (err == RN_OK)
        err = open_journal(r, mem);
    if (err == RN_OK)
        err = rn_run_open_source(r, mem);
    if (err == RN_OK)
        err = rn_plan_memory(r->config, &r->classes, &r->source->schema,
                             &r->plan, r->error);
    if (err == RN_OK)
        err = rn_key_columns(r);
    if (err == RN_OK)
        err = rn_run_open_rows(r, mem);
    if (err == RN_OK)
        err = rn_resume_open(r, mem);
    if (err == RN_OK)
        err = rn_run_open_store(r, mem);
    if (err == RN_OK)
        err = rn_run_open_warehouses(r, mem);
    return err;
}

void rn_run_close(struct run *r)
{
    rn_run_close_warehouses(r);
    if (r->store)
        r->store->cls->close(r->store);
    if (r->source)
        r->source->cls->close(r->source);
    rn_journal_close(r->journal);
}

int rn_run_new_attempt(struct run *r)
{
    char day[RN_TIMESTAMP_TEXT];
    char *run = r->result->run;
    int err = rn_entropy(r->attempt.nonce, sizeof r->attempt.nonce);

    if (err < 0)
        return rn_fail(r->error, err, RN_AT_AGENT,
                       "the system gave no random bytes; a run needs a "
                       "name nobody else has");
    r->started_us = rn_clock_wall();
    if (r->started_us < 0 ||
        rn_format_timestamp(r->started_us - r->started_us % 1000000, false,
                            day) != 19)
        return rn_fail(r->error, RN_E_AGAIN, RN_AT_AGENT,
                       "the wall clock is not set");
    /* 2026-11-22T02:15:00 -> 20261122T021500Z-nonce */
    rn_format(run, RN_RUN_ID + 1, "%.4s%.2s%.5s%.2s%.2sZ-", day, day + 5,
              day + 8, day + 14, day + 17);
    rn_hex(r->attempt.nonce, sizeof r->attempt.nonce, run + 17);
    run[RN_RUN_ID] = '\0';
    r->attempt.run = run;
    rn_resume_forget(r);
    r->committed = 0;
    r->publishing = 0;
    r->sealed = false;
    r->finished = false;
    return RN_OK;
}
