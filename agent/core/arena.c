/* core/arena.c: see runnel/arena.h. */
#include "runnel/arena.h"

#include <string.h>

void rn_arena_init(struct rn_arena *a, const char *name, void *base, size_t cap)
{
    RN_ASSERT(((uintptr_t)base & (RN_ALIGN - 1)) == 0);
    a->name = name;
    a->base = base;
    a->cap = cap;
    a->used = 0;
    a->peak = 0;
}

void *rn_arena_take(struct rn_arena *a, size_t size, size_t count)
{
    size_t left = a->cap - a->used;
    size_t n;
    void *p;

    if (count != 0 && size > (SIZE_MAX - RN_ALIGN) / count)
        return NULL;
    n = RN_ROUND(size * count);
    if (n > left)
        return NULL;
    p = a->base + a->used;
    a->used += n;
    if (a->used > a->peak)
        a->peak = a->used;
    memset(p, 0, n);
    return p;
}
