/* row/schema.c: see row/schema.h. */
#include "row/schema.h"

#include <string.h>

int rn_schema_copy(const struct rn_schema *from, struct rn_arena *mem,
                   struct rn_schema *to)
{
    size_t names = 0;

    for (size_t i = 0; i < from->n; i++)
        names += from->col[i].name.n;
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
