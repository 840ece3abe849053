/* row/check.c: see row/check.h. */
#include "row/check.h"

#include <float.h>
#include <math.h>

#include "core/format.h"
#include "row/date.h"
#include "row/name.h"
#include "row/number.h"
#include "row/type.h"
#include "row/utf8.h"

/* Replaced text of a row's cells together may take this many times max_cell;
 * each of them alone max_cell. */
#define SCRATCH_CELLS 2

/* Doubles from here on are nearer to 2^128 than to the largest float. */
#define FLOAT_PAST (FLT_MAX + (double)(1ull << 63) * (1ull << 40))

size_t rn_check_need(const struct rn_config *config)
{
    if (config->source.on_bad_text != RN_ON_REPLACE)
        return 0;
    return RN_ROUND(config->source.max_cell * SCRATCH_CELLS);
}

static bool is_narrow(const struct rn_col *col)
{
    return col->millis || (col->bits != 0 && col->bits != 64);
}

int rn_check_init(struct rn_check *k, const struct rn_config *config,
                  const struct rn_schema *schema, struct rn_arena *mem)
{
    k->config = config;
    k->schema = schema;
    k->cap = rn_check_need(config);
    k->scratch = NULL;
    k->narrow = 0;
    for (size_t i = 0; i < schema->n; i++)
        if (is_narrow(&schema->col[i]))
            k->narrow = i + 1;
    if (k->cap == 0)
        return RN_OK;
    k->scratch = RN_TAKE(mem, uint8_t, k->cap);
    return k->scratch ? RN_OK : RN_E_FULL;
}

/* Where a message says that it is. */
struct place {
    uint64_t number;
    struct rn_bytes name;
};

static void make_null(struct rn_check *k, struct rn_cell *cell)
{
    cell->type = RN_NULL;
    k->counts->nulled++;
}

/* The cell would have `size` bytes, which are too many; what it has of them is
 * cut to what it may have.
 */
static int oversize(struct rn_check *k, struct rn_cell *cell, size_t size,
                    const struct place *at)
{
    size_t most = (size_t)k->config->source.max_cell;

    switch (k->config->source.on_oversize) {
    case RN_ON_TRUNCATE:
        if (cell->type == RN_TEXT)
            most = rn_utf8_cut(cell->as.bytes, most);
        if (cell->as.bytes.n > most)
            cell->as.bytes.n = most;
        k->counts->truncated++;
        return RN_OK;
    case RN_ON_NULL:
        make_null(k, cell);
        return RN_OK;
    default:
        return rn_fail(k->error, RN_E_VALUE, RN_AT_SOURCE,
                       RN_CELL_FMT "it has %zu bytes and source.max_cell is "
                                   "%zu; raise that, or set "
                                   "source.on_oversize to truncate or null",
                       RN_CELL_ARGS(at->number, at->name), size, most);
    }
}

/* Compose the text with U+FFFD behind what this row has in the scratch. */
static int replace(struct rn_check *k, struct rn_cell *cell, size_t *used,
                   const struct place *at)
{
    size_t most = (size_t)k->config->source.max_cell;
    size_t room = k->cap - *used;
    size_t cap = room < most ? room : most, all;
    uint8_t *to = k->scratch + *used;
    size_t n = rn_utf8_replace(cell->as.bytes, to, cap, &all);

    if (all > cap && room < most)
        return rn_fail(k->error, RN_E_VALUE, RN_AT_SOURCE,
                       RN_CELL_FMT "this row's replaced texts need more than "
                                   "%zu bytes; raise source.max_cell",
                       RN_CELL_ARGS(at->number, at->name), k->cap);
    cell->as.bytes = (struct rn_bytes){ to, n };
    if (all > cap) {
        /* U+FFFD is longer than what it stands for: now it is too large. */
        int err = oversize(k, cell, all, at);

        if (err < 0 || cell->type == RN_NULL)
            return err;
    }
    *used += n;
    k->counts->replaced++;
    return RN_OK;
}

static int bad_text(struct rn_check *k, struct rn_cell *cell, size_t *used,
                    const struct place *at)
{
    struct rn_bytes text = cell->as.bytes;
    size_t good;

    switch (k->config->source.on_bad_text) {
    case RN_ON_REPLACE:
        return replace(k, cell, used, at);
    case RN_ON_NULL:
        make_null(k, cell);
        return RN_OK;
    default:
        good = rn_utf8_good(text.p, text.n);
        return rn_fail(k->error, RN_E_VALUE, RN_AT_SOURCE,
                       RN_CELL_FMT "byte 0x%02x at offset %zu is not UTF-8; "
                                   "set source.on_bad_text to replace or "
                                   "null, or select it as a blob",
                       RN_CELL_ARGS(at->number, at->name), text.p[good], good);
    }
}

/* A text or a blob. that something is the matter with. */
static int mend(struct rn_check *k, struct rn_cell *cell, size_t *used,
                const struct place *at)
{
    uint64_t truncated = k->counts->truncated;
    size_t n = cell->as.bytes.n;
    int err = RN_OK;

    if (n > k->config->source.max_cell)
        err = oversize(k, cell, n, at);
    if (err == RN_OK && cell->type == RN_TEXT &&
        rn_utf8_good(cell->as.bytes.p, cell->as.bytes.n) < cell->as.bytes.n)
        err = bad_text(k, cell, used, at);
    /* Cut before and again after the replacement is still one cell. */
    if (k->counts->truncated > truncated + 1)
        k->counts->truncated = truncated + 1;
    return err;
}

static bool is_good(const struct rn_check *k, const struct rn_cell *cell)
{
    switch (cell->type) {
    case RN_TEXT:
        return cell->as.bytes.n <= k->config->source.max_cell &&
               rn_utf8_good(cell->as.bytes.p, cell->as.bytes.n) ==
                   cell->as.bytes.n;
    case RN_BLOB:
        return cell->as.bytes.n <= k->config->source.max_cell;
    case RN_F64:
        return k->config->file.nan != RN_NAN_NULL || isfinite(cell->as.f64);
    default:
        return true;
    }
}

/* -- columns narrower than their cells ------------------------------------ */

static int to_float(double *v)
{
    if (!isfinite(*v))
        return RN_OK;
    if (fabs(*v) >= FLOAT_PAST)
        return RN_E_VALUE;
    if (fabs(*v) > FLT_MAX) /* C leaves open what a cast would make of it */
        *v = *v > 0 ? FLT_MAX : -FLT_MAX;
    *v = (double)(float)*v;
    return RN_OK;
}

/* Microseconds to whole milliseconds: those before the value. */
static int to_millis(struct rn_check *k, int64_t *us)
{
    int64_t rest = *us % 1000;

    if (rest == 0)
        return RN_OK;
    if (k->config->file.timestamps != RN_TIMESTAMPS_MILLIS_TRUNCATE)
        return RN_E_VALUE;
    *us -= rest < 0 ? rest + 1000 : rest;
    k->counts->truncated++;
    return RN_OK;
}

static int fit(struct rn_check *k, const struct rn_col *col,
               struct rn_cell *cell)
{
    int64_t past;

    switch (cell->type) {
    case RN_I64:
        past = INT64_C(1) << (col->bits - 1);
        return cell->as.i64 >= -past && cell->as.i64 < past ? RN_OK
                                                            : RN_E_VALUE;
    case RN_F64:
        return to_float(&cell->as.f64);
    case RN_TIME:
    case RN_TIMESTAMP:
        return to_millis(k, &cell->as.i64);
    default:
        return RN_OK; /* NULL */
    }
}

/* The value as a message shows it. */
static int show(const struct rn_col *col, const struct rn_cell *cell, char *to)
{
    int n;

    switch (cell->type) {
    case RN_F64:
        return (int)rn_format_f64(cell->as.f64, to);
    case RN_TIME:
        n = rn_format_time(cell->as.i64, to);
        break;
    case RN_TIMESTAMP:
        n = rn_format_timestamp(cell->as.i64, col->utc, to);
        break;
    default:
        return (int)rn_format_i64(cell->as.i64, to);
    }
    return n > 0 ? n : rn_format(to, RN_TIMESTAMP_TEXT, "the value");
}

static int too_wide(struct rn_check *k, const struct rn_col *col,
                    struct rn_cell *cell, uint64_t number)
{
    char value[RN_TIMESTAMP_TEXT + 1], word[RN_TYPE_WORD];

    if (k->config->source.on_mismatch == RN_ON_NULL) {
        make_null(k, cell);
        return RN_OK;
    }
    int n = show(col, cell, value);
    if (col->millis)
        return rn_fail(k->error, RN_E_VALUE, RN_AT_SOURCE,
                       RN_CELL_FMT "%.*s is finer than a millisecond; set "
                                   "file.timestamps = millis-truncate or "
                                   "micros, or source.on_mismatch = null",
                       RN_CELL_ARGS(number, col->name), n, value);
    return rn_fail(k->error, RN_E_VALUE, RN_AT_SOURCE,
                   RN_CELL_FMT "%.*s does not fit the column's type %s; give "
                               "it a wider one in [types], or set "
                               "source.on_mismatch = null",
                   RN_CELL_ARGS(number, col->name), n, value,
                   rn_type_word(col, word));
}

static int check_narrow(struct rn_check *k, struct rn_row *row, uint64_t number)
{
    for (size_t i = 0; i < k->narrow; i++) {
        const struct rn_col *col = &k->schema->col[i];
        int err = RN_OK;

        if (is_narrow(col) && fit(k, col, &row->cell[i]) < 0)
            err = too_wide(k, col, &row->cell[i], number);
        if (err < 0)
            return err;
    }
    return RN_OK;
}

int rn_check_row(struct rn_check *k, struct rn_row *row, uint64_t number)
{
    size_t used = 0;

    RN_ASSERT(row->n == k->schema->n);
    for (size_t i = 0; i < row->n; i++) {
        struct rn_cell *cell = &row->cell[i];
        struct place at;
        int err;

        if (is_good(k, cell))
            continue;
        if (cell->type == RN_F64) {
            /* Here and not in the encoder, so that the digest sees it too. */
            make_null(k, cell);
            continue;
        }
        at = (struct place){ number, k->schema->col[i].name };
        err = mend(k, cell, &used, &at);
        if (err < 0)
            return err;
    }
    return k->narrow > 0 ? check_narrow(k, row, number) : RN_OK;
}
