/* source/push.c: rows that a program brings; see runnel/runnel.h.
 *
 * It is asked for nothing: job/push.c fills the row and hands it to the run.
 * What is here is what a run wants of any source: columns, counts, and the
 * native value of a watermark.
 */
#include "row/decimal.h"
#include "row/rule.h"
#include "runnel/source.h"

extern const struct rn_source_class rn_source_push;

struct push {
    struct rn_source base;
    const struct rn_config *config;
    const struct rn_cell *cell;
};

static struct push *of(struct rn_source *source)
{
    return (struct push *)(void *)source;
}

static size_t push_need(const struct rn_config *config)
{
    (void)config;
    return RN_ROUND(sizeof(struct push));
}

static int push_open(const struct rn_config *config, struct rn_arena *mem,
                     struct rn_error *error, struct rn_source **source)
{
    struct push *p = RN_TAKE(mem, struct push, 1);

    *source = NULL;
    if (!p)
        return rn_fail(error, RN_E_FULL, RN_AT_SOURCE,
                       "the memory plan left no room for the source");
    p->base.cls = &rn_source_push;
    p->base.error = error;
    p->base.version = "push";
    p->config = config;
    *source = &p->base;
    return RN_OK;
}

static const char *wrong_with(const struct rn_col *c)
{
    if (c->name.n == 0)
        return "it has no name";
    if (c->type <= RN_NULL || c->type > RN_UUID)
        return "its type is none of enum rn_type";
    if (c->type == RN_DECIMAL &&
        (c->precision < 1 || c->precision > RN_DECIMAL_DIGITS ||
         c->scale > c->precision))
        return "a decimal has a precision of 1 to 38 and a scale up to that";
    if (c->bits != 0 && c->bits != 64 && c->bits != 32 &&
        !(c->type == RN_I64 && (c->bits == 8 || c->bits == 16)))
        return "bits is 0, 8, 16, 32 or 64 (a double: 0, 32 or 64)";
    return NULL;
}

static int push_bring(struct rn_source *s, struct rn_col *col,
                      const struct rn_row *row)
{
    struct push *p = of(s);

    if (p->config->types_n > 0)
        return rn_fail(s->error, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: [types]: with kind = push the program says what "
                       "its columns are",
                       p->config->path);
    for (size_t i = 0; i < row->n; i++) {
        const char *wrong = wrong_with(&col[i]);

        if (wrong)
            return rn_fail(s->error, RN_E_CONFIG, RN_AT_SOURCE,
                           "column %u of the program: %s", (unsigned)i, wrong);
    }
    p->cell = row->cell;
    s->schema = (struct rn_schema){ col, row->n };
    return rn_rule_settle(p->config, col, row->n, s->error);
}

static int push_query(struct rn_source *s, const struct rn_binding *binding)
{
    (void)binding;
    if (s->schema.n > 0)
        return RN_OK;
    return rn_fail(s->error, RN_E_CONFIG, RN_AT_SOURCE,
                   "kind = push: a program brings the rows (runnel.h); this "
                   "job cannot be run by itself");
}

static int push_next(struct rn_source *s, struct rn_row *row)
{
    (void)row;
    return rn_fail(s->error, RN_E_SOURCE, RN_AT_SOURCE,
                   "kind = push: rows are brought, not asked for");
}

static void push_native(struct rn_source *s, size_t column,
                        struct rn_cell *cell)
{
    *cell = of(s)->cell[column];
    switch (cell->type) {
    case RN_BOOL:
    case RN_DATE:
    case RN_TIME:
    case RN_TIMESTAMP:
        cell->type = RN_I64;
        break;
    case RN_DECIMAL:
        cell->type = RN_TEXT;
        break;
    case RN_UUID:
        cell->type = RN_BLOB;
        break;
    default:
        break;
    }
}

static void push_close(struct rn_source *s)
{
    s->schema.n = 0;
}

const struct rn_source_class rn_source_push = {
    .name = "push",
    .need = push_need,
    .open = push_open,
    .bring = push_bring,
    .query = push_query,
    .next = push_next,
    .native = push_native,
    .close = push_close,
};
