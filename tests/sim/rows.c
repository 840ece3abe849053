/* sim/rows.c: the table of sim/table.h as a source; see runnel/source.h.
 *
 * It is a driver like any other: it reads its binding, gives rows of one
 * snapshot, and fails where it is told to.
 */
#include <string.h>

#include "runnel/source.h"
#include "sim.h"
#include "sim/table.h"

extern const struct rn_source_class rn_source_rows;

struct rows {
    struct rn_source base; /* first */
    struct rn_col col[TABLE_COLUMNS];
    struct table_row row;
    uint64_t next;
    uint64_t last; /* of the snapshot */
    bool open;
};

static struct rows *of(struct rn_source *s)
{
    return (struct rows *)(void *)s;
}

static size_t rows_need(const struct rn_config *config)
{
    (void)config;
    return RN_ROUND(sizeof(struct rows));
}

static int rows_open(const struct rn_config *config, struct rn_arena *mem,
                     struct rn_error *error, struct rn_source **source)
{
    struct rows *s = RN_TAKE(mem, struct rows, 1);

    (void)config;
    *source = NULL;
    if (!s)
        return rn_fail(error, RN_E_FULL, RN_AT_AGENT, "no room for rows");
    if (table.fail_to_open)
        return rn_fail(error, RN_E_SOURCE, RN_AT_SOURCE,
                       "the table is not there");
    s->base.cls = &rn_source_rows;
    s->base.error = error;
    s->base.version = "rows 1";
    s->open = true;
    *source = &s->base;
    return RN_OK;
}

static uint64_t above(const struct rn_cell *c)
{
    return c->type == RN_I64 && c->as.i64 > 0 ? (uint64_t)c->as.i64 : 0;
}

static int rows_query(struct rn_source *source, const struct rn_binding *b)
{
    struct rows *s = of(source);
    uint64_t after = above(&b->after), mark = above(&b->watermark);

    memset(&s->base.counts, 0, sizeof s->base.counts);
    s->base.schema.n = table_schema(s->col);
    s->base.schema.col = s->col;
    s->next = (after > mark ? after : mark) + 1;
    s->last = table.rows;
    if (table.queries < TABLE_QUERIES && !table_was(table.rows))
        table.seen[table.queries++] = table.rows;
    sim_trace("query: rows %llu to %llu", (unsigned long long)s->next,
              (unsigned long long)s->last);
    return RN_OK;
}

static int rows_again(struct rn_source *source, const struct rn_binding *b)
{
    struct rows *s = of(source);
    uint64_t after = above(&b->after), mark = above(&b->watermark);

    memset(&s->base.counts, 0, sizeof s->base.counts);
    s->next = (after > mark ? after : mark) + 1;
    sim_trace("again: rows %llu to %llu", (unsigned long long)s->next,
              (unsigned long long)s->last);
    return RN_OK;
}

static int rows_most(struct rn_source *source, size_t column,
                     struct rn_cell *cell)
{
    struct rows *s = of(source);

    RN_ASSERT(column == 0);
    cell->type = s->last < s->next ? RN_NULL : RN_I64;
    cell->as.i64 = (int64_t)s->last;
    return RN_OK;
}

static int rows_next(struct rn_source *source, struct rn_row *row)
{
    struct rows *s = of(source);

    if (s->next > s->last)
        return 0;
    if (s->next == table.fail_at && table.fails > 0) {
        table.fails--;
        table.failed++;
        return rn_fail(s->base.error, RN_E_SOURCE, RN_AT_SOURCE,
                       "row %llu: the connection to the database is lost",
                       (unsigned long long)s->next);
    }
    if (table.row_ms > 0) {
        sim_hold();
        sim_advance(sim_now() + table.row_ms * 1000);
        sim_release();
    }
    table_row(s->next++, &s->row);
    row->cell = s->row.cell;
    row->n = s->base.schema.n;
    s->base.counts.rows++;
    return 1;
}

static void rows_native(struct rn_source *source, size_t column,
                        struct rn_cell *cell)
{
    *cell = of(source)->row.cell[column];
}

static void rows_close(struct rn_source *source)
{
    of(source)->open = false;
}

const struct rn_source_class rn_source_rows = {
    .name = "rows",
    .need = rows_need,
    .open = rows_open,
    .query = rows_query,
    .again = rows_again,
    .next = rows_next,
    .native = rows_native,
    .most = rows_most,
    .close = rows_close,
};
