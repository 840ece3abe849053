/* job/push_run.c: a run whose rows are brought; see runnel/runnel.h.
 *
 * The same steps as rn_run() takes (job/run_parts.h), one a call.
 *
 * The caller's memory, front to back: struct rn_runnel, the job's strings, the
 * row at hand, and what the plan divides.
 */
#include "runnel/runnel.h"

#include <string.h>

#include "core/format.h"
#include "core/log.h"
#include "job/config.h"
#include "job/run_parts.h"
#include "row/decimal.h"
#include "row/name.h"
#include "runnel/port.h"

#define DAY_US INT64_C(86400000000)

struct rn_runnel {
    struct rn_config config;
    struct rn_run_options options;
    struct rn_push push;
    struct rn_result *result;
    struct rn_error *error;
    struct run *run;
    struct rn_cell watermark;
    struct rn_row row;
    struct rn_col *col;
    char (*decimal)[RN_DECIMAL_TEXT]; /* of each column that is one */
    bool *put;                        /* this column, since the last row */
    size_t puts;
    bool settled; /* a failure was undone and recorded */
    bool over;
};

/* ------------------------------------------------------------------ memory */

static void align(const struct rn_push *push, struct rn_arena *mem)
{
    uintptr_t at = (uintptr_t)push->memory;
    size_t skip = (size_t)(-at & (RN_ALIGN - 1));
    size_t size = push->size < skip ? 0 : push->size - skip;

    rn_arena_init(mem, "push", (uint8_t *)push->memory + skip,
                  push->size < skip ? 0 : size & ~(size_t)(RN_ALIGN - 1));
}

static int too_small(const struct rn_push *push, struct rn_error *error)
{
    return rn_fail(error, RN_E_FULL, RN_AT_CONFIG,
                   "%s: %zu bytes of memory are too few for the job's text "
                   "and a row",
                   push->name, push->size);
}

static size_t decimals(const struct rn_push *push)
{
    size_t n = 0;

    for (size_t i = 0; i < push->cols; i++)
        n += push->col[i].type == RN_DECIMAL;
    return n;
}

static int take_row(struct rn_runnel *r, struct rn_arena *mem)
{
    size_t n = r->push.cols;

    r->row.n = n;
    r->row.cell = RN_TAKE(mem, struct rn_cell, n);
    r->col = RN_TAKE(mem, struct rn_col, n);
    r->put = RN_TAKE(mem, bool, n);
    r->decimal = rn_arena_take(mem, RN_DECIMAL_TEXT, decimals(&r->push));
    if (!r->row.cell || !r->col || !r->put || !r->decimal)
        return RN_E_FULL;
    memcpy(r->col, r->push.col, n * sizeof *r->col);
    return RN_OK;
}

static void tick(void *ctx, const struct rn_progress *p)
{
    struct rn_runnel *r = ctx;

    (void)p;
    r->push.tick(r->push.ctx);
}

/* The job and all that is the run's beside the plan: `mem` is then what the
 * plan divides.
 */
static int prepare(const struct rn_push *push, struct rn_arena *mem,
                   struct rn_error *error, struct rn_runnel **to)
{
    struct rn_config_input in = { .path = push->name,
                                  .text = rn_bytes_of(push->job) };
    struct rn_runnel *r;
    int err;

    *to = NULL;
    rn_error_clear(error);
    if (push->cols == 0)
        return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG, "%s: no columns",
                       push->name);
    align(push, mem);
    r = RN_TAKE(mem, struct rn_runnel, 1);
    if (!r)
        return too_small(push, error);
    r->push = *push;
    r->error = error;
    err = rn_config_read(&in, mem, &r->config, error);
    if (err < 0)
        return err;
    if (r->config.source.key[0] != '\0')
        return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: [source] key: rows that are pushed cannot be asked "
                       "for again; use watermark and rn_watermark()",
                       push->name);
    if (take_row(r, mem) < 0)
        return too_small(push, error);
    r->config.job.memory = rn_memory_process() + mem->cap;
    r->config.bytes = mem->used;
    r->options.col = r->col;
    r->options.row = &r->row;
    r->options.progress = push->tick ? tick : NULL;
    r->options.ctx = r;
    *to = r;
    return RN_OK;
}

int rn_need(const struct rn_push *push, size_t *size, struct rn_error *error)
{
    const struct rn_schema schema = { push->col, push->cols };
    struct rn_classes classes;
    struct rn_runnel *r;
    struct rn_arena mem;
    int err = prepare(push, &mem, error, &r);

    if (err < 0)
        return err;
    RN_ASSERT(r != NULL);
    err = rn_plan_classes(&r->config, &classes, error);
    if (err < 0)
        return err;
    *size = rn_plan_least(&r->config, &classes, &schema) - rn_memory_process() +
            RN_ALIGN;
    return RN_OK;
}

/* ----------------------------------------------------------------- opening */

static void keep_watermark(struct rn_runnel *r)
{
    const struct rn_watermark *w = rn_run_watermark(r->run);

    r->watermark.type = w ? w->type : RN_NULL;
    if (!w || w->type == RN_NULL)
        return;
    /* The run's own rises with its rows; this one was and stays stored. */
    w = &r->run->bound;
    r->watermark.type = w->type;
    if (w->type == RN_I64)
        r->watermark.as.i64 = w->i64;
    else if (w->type == RN_F64)
        r->watermark.as.f64 = w->f64;
    else
        r->watermark.as.bytes = (struct rn_bytes){ w->bytes, w->len };
}

int rn_open(struct rn_runnel **to, const struct rn_push *push,
            struct rn_error *error)
{
    struct rn_runnel *r;
    struct rn_arena mem;
    int err = prepare(push, &mem, error, &r);

    *to = NULL;
    if (err < 0)
        return err;
    RN_ASSERT(r != NULL);
    r->result = RN_TAKE(&mem, struct rn_result, 1);
    if (!r->result)
        return too_small(push, error);
    r->run = rn_run_new(&r->config, &r->options, &mem, r->result, error);
    if (!r->run)
        return error->code;
    err = rn_run_start(r->run, &mem);
    if (err == RN_OK) {
        keep_watermark(r);
        err = rn_run_attempt(r->run);
        if (err < 0)
            rn_run_settle(r->run);
    }
    if (err < 0) {
        rn_run_over(r->run);
        return error->code;
    }
    *to = r;
    return RN_OK;
}

void rn_watermark(const struct rn_runnel *r, struct rn_cell *value)
{
    *value = r->watermark;
}

/* -------------------------------------------------------------------- rows */

static int state_of(const struct rn_runnel *r)
{
    return r->over ? RN_E_DENIED : r->error->code;
}

/* A run cannot have its rows a second time, so what would make rn_run() start
 * again is the end of it, in words that say what to do.
 */
static int ended(struct rn_runnel *r, int err)
{
    char first[sizeof r->error->text];

    if (rn_plan_for(err) != RN_PLAN_RESTART || r->settled)
        return err;
    memcpy(first, r->error->text, sizeof first);
    (void)rn_format(r->error->text, sizeof r->error->text,
                    "open a new run and push its rows again, these cannot be "
                    "asked for: %.300s",
                    first);
    return err;
}

static int bad_cell(struct rn_runnel *r, size_t column, const char *what)
{
    uint64_t number = r->result->rows + 1;

    if (column >= r->row.n)
        return rn_fail(r->error, RN_E_VALUE, RN_AT_SOURCE,
                       "row %llu: column %zu of %zu (they count from 0)",
                       (unsigned long long)number, column, r->row.n);
    return rn_fail(r->error, RN_E_VALUE, RN_AT_SOURCE, RN_CELL_FMT "%s",
                   RN_CELL_ARGS(number, r->col[column].name), what);
}

static int put(struct rn_runnel *r, size_t column, enum rn_type type,
               struct rn_cell **cell)
{
    int err = state_of(r);

    if (err < 0)
        return err;
    if (column >= r->row.n)
        return bad_cell(r, column, "");
    if (type != RN_NULL && type != r->col[column].type) {
        char what[80];

        (void)rn_format(what, sizeof what, "it is %s, not %s",
                        rn_type_name(r->col[column].type), rn_type_name(type));
        return bad_cell(r, column, what);
    }
    if (type == RN_NULL && !r->col[column].nullable)
        return bad_cell(r, column, "NULL in a column that is not nullable");
    r->puts += !r->put[column];
    r->put[column] = true;
    *cell = &r->row.cell[column];
    (*cell)->type = type;
    return RN_OK;
}

static int put_number(struct rn_runnel *r, size_t column, enum rn_type type,
                      int64_t value)
{
    struct rn_cell *cell;
    int err = put(r, column, type, &cell);

    if (err == RN_OK)
        cell->as.i64 = value;
    return err;
}

static int put_bytes(struct rn_runnel *r, size_t column, enum rn_type type,
                     struct rn_bytes bytes)
{
    struct rn_cell *cell;
    int err = put(r, column, type, &cell);

    if (err == RN_OK)
        cell->as.bytes = bytes;
    return err;
}

int rn_put_null(struct rn_runnel *r, size_t column)
{
    struct rn_cell *cell;

    return put(r, column, RN_NULL, &cell);
}

int rn_put_bool(struct rn_runnel *r, size_t column, bool value)
{
    return put_number(r, column, RN_BOOL, value);
}

int rn_put_i64(struct rn_runnel *r, size_t column, int64_t value)
{
    return put_number(r, column, RN_I64, value);
}

int rn_put_f64(struct rn_runnel *r, size_t column, double value)
{
    struct rn_cell *cell;
    int err = put(r, column, RN_F64, &cell);

    if (err == RN_OK)
        cell->as.f64 = value;
    return err;
}

int rn_put_decimal(struct rn_runnel *r, size_t column, const char *text)
{
    struct rn_cell *cell;
    int err = put(r, column, RN_DECIMAL, &cell);
    size_t at = 0;

    if (err < 0)
        return err;
    for (size_t i = 0; i < column; i++)
        at += r->col[i].type == RN_DECIMAL;
    err = rn_decimal(rn_bytes_of(text), r->col[column].precision,
                     r->col[column].scale, r->decimal[at]);
    if (err < 0)
        return bad_cell(r, column,
                        "not a decimal number that has room in the column");
    cell->as.bytes =
        (struct rn_bytes){ (const uint8_t *)r->decimal[at], (size_t)err };
    return RN_OK;
}

int rn_put_date(struct rn_runnel *r, size_t column, int32_t days)
{
    return put_number(r, column, RN_DATE, days);
}

int rn_put_time(struct rn_runnel *r, size_t column, int64_t us)
{
    int err = put_number(r, column, RN_TIME, us);

    if (err == RN_OK && (us < 0 || us >= DAY_US))
        return bad_cell(r, column, "not microseconds of a day");
    return err;
}

int rn_put_timestamp(struct rn_runnel *r, size_t column, int64_t us)
{
    return put_number(r, column, RN_TIMESTAMP, us);
}

int rn_put_text(struct rn_runnel *r, size_t column, const char *p, size_t n)
{
    struct rn_bytes bytes = { (const uint8_t *)p, n };

    return put_bytes(r, column, RN_TEXT, bytes);
}

int rn_put_blob(struct rn_runnel *r, size_t column, const void *p, size_t n)
{
    struct rn_bytes bytes = { p, n };

    return put_bytes(r, column, RN_BLOB, bytes);
}

int rn_put_uuid(struct rn_runnel *r, size_t column, const uint8_t bytes[16])
{
    struct rn_bytes uuid = { bytes, 16 };

    return put_bytes(r, column, RN_UUID, uuid);
}

int rn_end_row(struct rn_runnel *r)
{
    int err = state_of(r);

    if (err < 0)
        return err;
    for (size_t i = 0; r->puts < r->row.n && i < r->row.n; i++) {
        if (!r->put[i])
            return bad_cell(r, i, "nothing was put there");
    }
    r->puts = 0;
    memset(r->put, 0, r->row.n * sizeof *r->put);
    return ended(r, rn_run_row(r->run, &r->row));
}

int rn_poll(struct rn_runnel *r, int64_t until_ms)
{
    int err = state_of(r);

    if (err < 0)
        return err;
    err = rn_uploader_pump(&r->run->uploader, until_ms);
    return err < 0 ? ended(r, err) : RN_OK;
}

/* ------------------------------------------------------------------ ending */

static void write_receipt(const struct rn_runnel *r, struct rn_receipt *to)
{
    const struct rn_result *from = r->result;

    _Static_assert(sizeof to->run == sizeof from->run, "a run's name");
    memset(to, 0, sizeof *to);
    memcpy(to->run, from->run, sizeof to->run);
    to->rows = from->rows;
    to->bytes = from->bytes;
    to->files = from->files;
    to->left = from->leftovers;
    to->retries = from->retries;
    to->elapsed_ms = from->elapsed_ms;
    memcpy(to->completed, from->completed, sizeof to->completed);
}

static void end(struct rn_runnel *r)
{
    rn_run_settle(r->run);
    r->settled = true;
    rn_run_over(r->run);
    r->over = true;
}

int rn_finish(struct rn_runnel *r, struct rn_receipt *receipt)
{
    if (r->over)
        return RN_E_DENIED;
    if (r->error->code == RN_OK && r->puts > 0)
        rn_fail(r->error, RN_E_VALUE, RN_AT_SOURCE,
                "row %llu was begun and not ended",
                (unsigned long long)r->result->rows + 1);
    if (r->error->code == RN_OK)
        ended(r, rn_run_complete(r->run));
    end(r);
    if (receipt)
        write_receipt(r, receipt);
    return r->error->code;
}

void rn_abandon(struct rn_runnel *r)
{
    if (!r || r->over)
        return;
    rn_fail(r->error, RN_E_STOP, RN_AT_AGENT, "the program gave the run up");
    end(r);
}
