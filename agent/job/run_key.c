/* job/run_key.c: values as the database holds them, in its order: source.key,
 * after which a run goes on, and source.watermark, after which the next does.
 */
#include <string.h>

#include "job/run_parts.h"
#include "row/utf8.h"

/* SQLite's own order: numbers, then text, then bytes. */
static int rank(enum rn_type t)
{
    if (t == RN_NULL)
        return 0;
    if (t == RN_I64 || t == RN_F64)
        return 1;
    return t == RN_TEXT ? 2 : 3;
}

static int compare_bytes(struct rn_bytes a, struct rn_bytes b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n > 0 ? memcmp(a.p, b.p, n) : 0;

    if (order != 0)
        return order;
    return a.n < b.n ? -1 : a.n > b.n;
}

bool rn_mark_is_below(const struct rn_watermark *w, const struct rn_cell *c)
{
    struct rn_bytes old = { w->bytes, w->len };

    if (rank(c->type) != rank(w->type))
        return rank(c->type) > rank(w->type);
    if (c->type == RN_I64 && w->type == RN_I64)
        return c->as.i64 > w->i64;
    if (rank(c->type) == 1) {
        double a = c->type == RN_I64 ? (double)c->as.i64 : c->as.f64;
        double b = w->type == RN_I64 ? (double)w->i64 : w->f64;

        return a > b;
    }
    return rank(c->type) > 1 && compare_bytes(c->as.bytes, old) > 0;
}

int rn_mark_set(struct rn_watermark *w, const struct rn_cell *c)
{
    bool number = rank(c->type) < 2;

    if (!number && c->as.bytes.n > sizeof w->bytes)
        return RN_E_FULL;
    w->type = c->type;
    w->len = 0;
    if (c->type == RN_I64) {
        w->i64 = c->as.i64;
    } else if (c->type == RN_F64) {
        w->f64 = c->as.f64;
    } else if (!number) {
        w->len = (uint16_t)c->as.bytes.n;
        if (w->len > 0)
            memcpy(w->bytes, c->as.bytes.p, w->len);
    }
    return RN_OK;
}

void rn_mark_cell(const struct rn_watermark *w, struct rn_cell *c)
{
    c->type = w->type;
    if (w->type == RN_I64)
        c->as.i64 = w->i64;
    else if (w->type == RN_F64)
        c->as.f64 = w->f64;
    else
        c->as.bytes = (struct rn_bytes){ w->bytes, w->len };
}

/* -- the columns ---------------------------------------------------------- */

static int find(struct run *r, const char *key, const char *column, size_t *at)
{
    const struct rn_schema *schema = &r->source->schema;
    struct rn_bytes name = rn_bytes_of(column);

    *at = SIZE_MAX;
    if (name.n == 0)
        return RN_OK;
    for (size_t i = 0; i < schema->n; i++) {
        if (rn_bytes_equal(schema->col[i].name, name)) {
            *at = i;
            return RN_OK;
        }
    }
    return rn_fail(r->error, RN_E_CONFIG, RN_AT_CONFIG,
                   "%s: [source] %s: the query gives no column %.80s",
                   r->config->path, key, column);
}

int rn_key_columns(struct run *r)
{
    int err = find(r, "key", r->config->source.key, &r->key_column);

    if (err < 0)
        return err;
    return find(r, "watermark", r->config->source.watermark,
                &r->watermark_column);
}

int rn_key_ceiling(struct run *r)
{
    struct rn_cell most;
    int err;

    if (!r->keeper.bytes || r->watermark_column == SIZE_MAX ||
        r->watermark_column == r->key_column)
        return RN_OK;
    err = r->source->cls->most(r->source, r->watermark_column, &most);
    if (err < 0 || rn_mark_set(&r->ceiling, &most) == RN_OK)
        return err;
    return rn_fail(r->error, RN_E_VALUE, RN_AT_SOURCE,
                   "the highest value of the watermark column has %zu bytes, "
                   "%u is the most",
                   most.as.bytes.n, (unsigned)RN_WATERMARK_MAX);
}

/* -- rows ----------------------------------------------------------------- */

static int too_long(struct run *r, uint64_t number, const char *what,
                    const struct rn_cell *c)
{
    return rn_fail(r->error, RN_E_VALUE, RN_AT_SOURCE,
                   "row %llu: the %s column holds %zu bytes, %u is the most",
                   (unsigned long long)number, what, c->as.bytes.n,
                   (unsigned)RN_WATERMARK_MAX);
}

/* A run that goes on asks for rows above the last one's key, so rows in any
 * other order, or two of one key, would be lost there.
 */
static int raise_key(struct run *r, uint64_t number)
{
    const char *name = r->config->source.key;
    struct rn_cell c;

    r->source->cls->native(r->source, r->key_column, &c);
    if (c.type == RN_NULL)
        return rn_fail(r->error, RN_E_VALUE, RN_AT_SOURCE,
                       "row %llu, column \"%.80s\": NULL in source.key; add "
                       "%.80s IS NOT NULL to the query, or take another column",
                       (unsigned long long)number, name, name);
    if (!rn_mark_is_below(&r->key, &c))
        return rn_fail(r->error, RN_E_VALUE, RN_AT_SOURCE,
                       "row %llu, column \"%.80s\": not above the row before, "
                       "as source.key has to be; end the query with ORDER BY "
                       "%.80s, and take a column without duplicates",
                       (unsigned long long)number, name, name);
    return rn_mark_set(&r->key, &c) < 0 ? too_long(r, number, "key", &c)
                                        : RN_OK;
}

static int raise_watermark(struct run *r, uint64_t number,
                           const struct rn_cell *c)
{
    if (!rn_mark_is_below(&r->watermark, c))
        return RN_OK;
    return rn_mark_set(&r->watermark, c) < 0
               ? too_long(r, number, "watermark", c)
               : RN_OK;
}

bool rn_key_is_later(struct run *r)
{
    struct rn_cell c;

    if (r->ceiling.type == RN_NULL)
        return false;
    r->source->cls->native(r->source, r->watermark_column, &c);
    return rn_mark_is_below(&r->ceiling, &c);
}

int rn_key_row(struct run *r, uint64_t number)
{
    struct rn_cell c;
    int err = RN_OK;

    if (r->watermark_column != SIZE_MAX) {
        r->source->cls->native(r->source, r->watermark_column, &c);
        err = raise_watermark(r, number, &c);
    }
    if (err == RN_OK && r->key_column != SIZE_MAX)
        err = raise_key(r, number);
    return err;
}
