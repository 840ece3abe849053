/* row/schema.c: see row/schema.h. */
#include "row/schema.h"

#include <string.h>

static size_t names_of(const struct rn_schema *schema)
{
    size_t names = 0;

    for (size_t i = 0; i < schema->n; i++)
        names += schema->col[i].name.n;
    return names;
}

size_t rn_schema_need(const struct rn_schema *schema)
{
    return RN_ROUND(sizeof(struct rn_col) * schema->n) +
           RN_ROUND(names_of(schema));
}

int rn_schema_copy(const struct rn_schema *from, struct rn_arena *mem,
                   struct rn_schema *to)
{
    size_t names = names_of(from);
    struct rn_col *col = RN_TAKE(mem, struct rn_col, from->n);
    uint8_t *name = RN_TAKE(mem, uint8_t, names);
    if (col == NULL || name == NULL)
        return RN_E_FULL;
    for (size_t i = 0; i < from->n; i++) {
        size_t n = from->col[i].name.n;
        col[i] = from->col[i];
        col[i].name.p = name;
        if (n > 0)
            memcpy(name, from->col[i].name.p, n);
        name += n;
    }
    to->col = col;
    to->n = from->n;
    return RN_OK;
}

static bool same(const struct rn_col *a, const struct rn_col *b)
{
    return rn_bytes_equal(a->name, b->name) && a->type == b->type &&
           a->nullable == b->nullable && a->utc == b->utc &&
           a->precision == b->precision && a->scale == b->scale &&
           a->bits == b->bits && a->millis == b->millis && a->json == b->json;
}

bool rn_schema_same(const struct rn_schema *a, const struct rn_schema *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++) {
        if (!same(&a->col[i], &b->col[i]))
            return false;
    }
    return true;
}
