/* arena.h: one fixed region, handed out front to back.
 *
 *     init -> take ... take -> (mark ... rewind) -> taken for good
 *
 * The whole budget of a job is one arena, carved while the run is planned;
 * after that nothing grows and nothing is freed.
 */
#ifndef RUNNEL_ARENA_H
#define RUNNEL_ARENA_H

#include "runnel/base.h"

struct rn_arena {
    const char *name; /* for the memory table                        */
    uint8_t *base;    /* aligned to 16                               */
    size_t cap;       /* bytes                                       */
    size_t used;      /* bytes                                       */
    size_t peak;      /* largest `used` so far; a rewind keeps it    */
};

/* Alignment of every region and of the bytes a `need` must be rounded to. */
#define RN_ALIGN    16u
#define RN_ROUND(n) (((size_t)(n) + (RN_ALIGN - 1)) & ~(size_t)(RN_ALIGN - 1))

void rn_arena_init(struct rn_arena *a, const char *name, void *base,
                   size_t cap);

/* Zeroed memory for `count` things of `size` bytes, aligned to RN_ALIGN, or
 * NULL when the budget is spent or the product overflows. Valid until a
 * rewind passes it. Costs RN_ROUND(size * count) bytes.
 */
void *rn_arena_take(struct rn_arena *a, size_t size, size_t count);

#define RN_TAKE(a, type, count) \
    ((type *)rn_arena_take((a), sizeof(type), (count)))

static inline size_t rn_arena_mark(const struct rn_arena *a)
{
    return a->used;
}

static inline void rn_arena_rewind(struct rn_arena *a, size_t mark)
{
    RN_ASSERT(mark <= a->used);
    a->used = mark;
}

#endif
