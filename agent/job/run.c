/* job/run.c: a run from its first step to its verdict; see job/run.h. */
#include "job/run.h"

#include <string.h>

#include "core/log.h"
#include "job/run_parts.h"
#include "runnel/port.h"

#define TICK_MS 100

static size_t memory_used(const struct run *r)
{
    size_t pool = (size_t)(r->pool.n - r->pool.free_n) * r->pool.segment;
    size_t all = 0;

    for (size_t i = 0; i < r->plan.parts; i++)
        all += r->plan.part[i].bytes;
    return all - (size_t)r->pool.n * r->pool.segment + pool;
}

void rn_run_tick(void *ctx)
{
    struct run *r = ctx;
    int64_t now = rn_clock_mono();
    struct rn_progress p;

    if (!r->options->progress || now - r->tick_ms < TICK_MS)
        return;
    r->tick_ms = now;
    p = (struct rn_progress){
        .rows = r->result->rows,
        .bytes = r->result->bytes + rn_part_bytes(&r->part),
        .stored = r->uploader.acknowledged,
        .files = r->committed,
        .in_flight = r->uploader.sending,
        .retries = r->uploader.retries,
        .memory_used = memory_used(r),
        .memory_budget = r->plan.budget,
        .elapsed_ms = now - r->started_ms,
    };
    r->options->progress(r->options->ctx, &p);
}

/* Now and then, when rows are few and the uploader is not asked. */
#define LOOK_ROWS 1024

static int each_row(struct run *r, struct rn_row *row)
{
    uint64_t number = r->result->rows + 1;
    int err;

    if (rn_key_is_later(r))
        return RN_OK;
    err = rn_files_roll(r);
    if (err == RN_OK)
        err = rn_key_row(r, number);
    if (err == RN_OK)
        err = rn_check_row(&r->check, row, number);
    if (err < 0)
        return err;
    rn_digest_row(r->digest, row);
    if (number % LOOK_ROWS == 0) {
        err = rn_uploader_pump(&r->uploader, 0);
        if (err < 0)
            return err;
    }
    err = rn_files_row(r, row, number);
    return err < 0 ? err : rn_resume_step(r);
}

/* Whoever failed may only have left a code; a run never ends without a reason.
 */
static int reason(struct run *r, int err)
{
    if (err < 0)
        rn_fail(r->error, err, RN_AT_AGENT, "%s", rn_err_name(err));
    return err;
}

static int begin(struct run *r)
{
    int err = rn_run_new_attempt(r);

    if (err == RN_OK)
        err = rn_key_ceiling(r);
    if (err == RN_OK)
        err =
            rn_journal_begin(r->journal, r->result->run, r->ext, r->started_us);
    if (err == RN_OK)
        err = rn_publish_begin(r);
    return err == RN_OK ? rn_files_begin(r) : err;
}

int rn_run_attempt(struct run *r)
{
    int err = r->keeper.going_on ? rn_resume_begin(r) : begin(r);

    return reason(r, err);
}

int rn_run_row(struct run *r, struct rn_row *row)
{
    return reason(r, each_row(r, row));
}

static void take_counts(struct run *r)
{
    r->result->counts = r->source->counts;
    r->result->counts.rows = r->result->rows;
}

int rn_run_complete(struct run *r)
{
    int err = RN_OK;

    take_counts(r);
    if (!r->manifest.finished) /* else it goes on where no file is open */
        err = rn_files_end(r);
    if (err == RN_OK)
        err = rn_publish_end(r);
    if (err == RN_OK)
        err = rn_run_load(r, r->config, rn_journal_open_run(r->journal));
    if (err == RN_OK)
        err = rn_run_validate(r);
    return reason(r, err);
}

static int all_rows(struct run *r)
{
    struct rn_row row;
    int err;

    do {
        err = r->source->cls->next(r->source, &row);
        if (err <= 0)
            return reason(r, err);
        err = rn_run_row(r, &row);
    } while (err == RN_OK);
    return err;
}

static int attempt(struct run *r)
{
    int err = rn_run_attempt(r);

    if (err == RN_OK && !r->manifest.finished)
        err = all_rows(r);
    return err == RN_OK ? rn_run_complete(r) : err;
}

/* Nothing is removed that a reader has seen, or that the journal on the disk
 * could still go on with.
 */
static bool may_go(struct run *r)
{
    if (r->sealed)
        return rn_publish_is_absent(r, r->config, r->result->run) &&
               rn_journal_unseal(r->journal) == RN_OK;
    return !r->keeper.saved || r->publishing == 0 ||
           rn_journal_doom(r->journal) == RN_OK;
}

/* After a failure: nothing of the attempt stays, unless it cannot be helped or
 * the next run can go on with it. True: the journal keeps it open.
 *
 * Cleaning has a little time of its own, since the deadline or a stop request
 * may be what ended the run.
 */
#define CLEAN_MS 10000

static bool undo(struct run *r)
{
    struct rn_error first = *r->error;
    struct rn_error ignored;
    bool kept = !r->sealed && rn_resume_keeps(r);
    uint32_t left;

    rn_part_abandon(&r->part);
    rn_part_abandon(&r->manifest);
    rn_uploader_abandon(&r->uploader);
    if (kept)
        return true;
    /* All of it is there; what is missing is a load, for the next run to ask
     * for again.
     */
    if (r->finished)
        return true;
    /* Only _SUCCESS is open and a later try may still write it: the next run
     * completes this one.
     */
    if (r->sealed && rn_error_exit(r->error) == 75)
        return true;
    rn_error_clear(&ignored);
    r->uploader.error = &ignored;
    r->uploader.cleaning = true;
    r->uploader.deadline_ms = rn_clock_mono() + CLEAN_MS;
    kept = !may_go(r);
    left = kept ? 0 : rn_clean_attempt(r);
    if (!kept && left == 0) /* a summary names what is there */
        r->result->files = 0;
    rn_uploader_abandon(&r->uploader);
    r->uploader.error = r->error;
    *r->error = first;
    return kept || left > 0;
}

static enum rn_run_state state_of(const struct rn_error *error)
{
    if (error->code == RN_OK)
        return RN_RUN_DONE;
    return rn_error_exit(error) == 75 ? RN_RUN_STOPPED : RN_RUN_FAILED;
}

void rn_run_past(const struct run *r, struct rn_past_run *past)
{
    memset(past, 0, sizeof *past);
    past->state = state_of(r->error);
    past->started_us = r->started_us;
    memcpy(past->run, r->result->run, sizeof past->run);
    past->elapsed_ms = rn_clock_mono() - r->started_ms;
    past->rows = r->result->rows;
    past->bytes = r->result->bytes;
    past->files = r->committed;
    past->resumed = r->result->resumed;
    memcpy(past->error, r->error->text, sizeof past->error - 1);
}

const struct rn_watermark *rn_run_watermark(const struct run *r)
{
    return r->watermark_column == SIZE_MAX ? NULL : &r->watermark;
}

static void record(struct run *r, bool keep_open)
{
    struct rn_past_run past;
    bool done;
    struct rn_error first = *r->error;

    rn_run_past(r, &past);
    done = past.state == RN_RUN_DONE;
    rn_journal_end(r->journal, &past, done ? rn_run_watermark(r) : NULL,
                   keep_open);
    if (!done) /* the run's own failure is what the person shall see */
        *r->error = first;
}

static void forget_figures(struct run *r)
{
    r->result->rows = 0;
    r->result->bytes = 0;
    r->result->files = 0;
    rn_digest_clear(r->digest);
}

/* The query again from its beginning, under a new name. */
static int restart(struct run *r)
{
    rn_log(RN_LOG_WARN, "starting the run again: %s", r->error->text);
    r->result->restarts++;
    r->uploader.cleaning = false;
    r->uploader.deadline_ms = rn_run_deadline(r);
    rn_error_clear(r->error);
    forget_figures(r);
    return rn_run_query(r);
}

void rn_run_settle(struct run *r)
{
    bool open;

    take_counts(r);
    open = r->error->code != RN_OK && undo(r);
    record(r, open);
}

static int attempts(struct run *r)
{
    for (;;) {
        int err = attempt(r);
        bool again = rn_plan_for(err) == RN_PLAN_RESTART &&
                     r->result->restarts < r->config->store.restarts;

        rn_run_settle(r);
        if (!again)
            return r->error->code;
        err = restart(r);
        if (err < 0)
            return err;
    }
}

void rn_run_over(struct run *r)
{
    struct rn_result *result = r->result;
    size_t private_now = rn_memory_private();

    result->state = r->error->code == RN_OK         ? "done"
                    : rn_error_exit(r->error) == 75 ? "stopped"
                                                    : "failed";
    result->elapsed_ms = rn_clock_mono() - r->started_ms;
    result->retries = r->uploader.retries;
    result->budget = (size_t)r->config->job.memory;
    result->peak = private_now;
    rn_run_close(r);
}

struct run *rn_run_new(const struct rn_config *config,
                       const struct rn_run_options *options,
                       struct rn_arena *mem, struct rn_result *result,
                       struct rn_error *error)
{
    struct run *r = RN_TAKE(mem, struct run, 1);

    memset(result, 0, sizeof *result);
    rn_error_clear(error);
    result->state = "failed";
    if (!r) {
        rn_fail(error, RN_E_FULL, RN_AT_CONFIG, "%s: [job] memory: too small",
                config->path);
        return NULL;
    }
    r->config = config;
    r->options = options;
    r->result = result;
    r->error = error;
    r->started_ms = rn_clock_mono();
    return r;
}

int rn_run_start(struct run *r, struct rn_arena *mem)
{
    int err = rn_run_open(r, mem);

    return err == RN_OK ? rn_recover(r) : err;
}

int rn_run(const struct rn_config *config, const struct rn_run_options *options,
           struct rn_arena *mem, struct rn_result *result,
           struct rn_error *error)
{
    struct run *r = rn_run_new(config, options, mem, result, error);

    if (!r)
        return error->code;
    if (rn_run_start(r, mem) == RN_OK)
        attempts(r);
    rn_run_over(r);
    return error->code;
}
