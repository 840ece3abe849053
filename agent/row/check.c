/* row/check.c: see row/check.h. */
#include "row/check.h"

#include <math.h>

#include "row/name.h"
#include "row/utf8.h"

/* Replaced text of a row's cells together may take this many times max_cell;
 * each of them alone max_cell. */
#define SCRATCH_CELLS 2

size_t rn_check_need(const struct rn_config *config)
{
    if (config->source.on_bad_text != RN_ON_REPLACE)
        return 0;
    return RN_ROUND(config->source.max_cell * SCRATCH_CELLS);
}

int rn_check_init(struct rn_check *k, const struct rn_config *config,
                  const struct rn_schema *schema, struct rn_arena *mem)
{
    k->config = config;
    k->schema = schema;
    k->cap = rn_check_need(config);
    k->scratch = NULL;
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
    return RN_OK;
}
