/* core/heap.c: two-level segregated fit in one slice; see core/heap.h.
 *
 * Every block carries a 16 byte head: its size with two flags, and the size of
 * the block in front while that one is free (a boundary tag), so neighbours
 * merge without a search. Free blocks sit in lists by size class: the first
 * level is the power of two, the second divides it into 8 steps; one bitmap
 * word a level finds a list that fits in constant time. A request is rounded
 * up to the next class first, so any block of the list found is large enough.
 *
 * Always true: no two free neighbours; the last block is a used one of size 0
 * that ends the slice; every size is a multiple of 16.
 */
#include "core/heap.h"

#include <string.h>

#define UNIT   16u
#define STEPS  8u  /* second level lists per power of two */
#define LEVELS 28u /* blocks up to 16 << 27 bytes: 2 GiB */

#define BLOCK_FREE 1u
#define FRONT_FREE 2u
#define FLAGS      3u

struct block {
    size_t front;       /* bytes of the block in front, if that is free */
    size_t size;        /* bytes, head included; low bits are flags     */
    struct block *next; /* these two only while free                */
    struct block *prev;
};

#define HEAD  offsetof(struct block, next)
#define LEAST sizeof(struct block)

_Static_assert(sizeof(struct block) <= 2 * UNIT, "a free block fits in 32");

struct rn_heap {
    size_t cap;
    size_t used;
    size_t peak;
    uint64_t refused;
    uint32_t levels;       /* bit set: some list of the level has blocks */
    uint8_t steps[LEVELS]; /* bit set: that list has blocks              */
    struct block *list[LEVELS][STEPS];
};

_Static_assert(HEAD <= UNIT, "the head fits one unit");

static size_t size_of(const struct block *b)
{
    return b->size & ~(size_t)FLAGS;
}

static struct block *behind(struct block *b)
{
    return (struct block *)(void *)((uint8_t *)b + size_of(b));
}

static void *payload(struct block *b)
{
    return (uint8_t *)b + UNIT;
}

static struct block *block_of(void *p)
{
    return (struct block *)(void *)((uint8_t *)p - UNIT);
}

static unsigned top_bit(size_t n)
{
    unsigned bit = 0;

    while (n >> (bit + 8))
        bit += 8;
    while (n >> (bit + 1))
        bit++;
    return bit;
}

/* The list a free block of `size` belongs in. */
static void class_of(size_t size, unsigned *level, unsigned *step)
{
    size_t units = size / UNIT;
    unsigned top = top_bit(units);

    *level = top;
    *step = top < 3 ? (unsigned)(units << (3 - top)) & (STEPS - 1)
                    : (unsigned)(units >> (top - 3)) & (STEPS - 1);
    if (*level >= LEVELS) {
        *level = LEVELS - 1;
        *step = STEPS - 1;
    }
}

static void list_add(struct rn_heap *h, struct block *b)
{
    unsigned level;
    unsigned step;

    class_of(size_of(b), &level, &step);
    b->prev = NULL;
    b->next = h->list[level][step];
    if (b->next)
        b->next->prev = b;
    h->list[level][step] = b;
    h->levels |= UINT32_C(1) << level;
    h->steps[level] = (uint8_t)(h->steps[level] | 1u << step);
}

static void list_remove(struct rn_heap *h, struct block *b)
{
    unsigned level;
    unsigned step;

    class_of(size_of(b), &level, &step);
    if (b->next)
        b->next->prev = b->prev;
    if (b->prev) {
        b->prev->next = b->next;
        return;
    }
    h->list[level][step] = b->next;
    if (b->next)
        return;
    h->steps[level] = (uint8_t)(h->steps[level] & ~(1u << step));
    if (h->steps[level] == 0)
        h->levels &= ~(UINT32_C(1) << level);
}

/* The smallest list whose blocks all hold `size`. */
static struct block *find(const struct rn_heap *h, size_t size)
{
    unsigned level;
    unsigned step;
    size_t round = 0;
    unsigned steps;
    uint32_t levels;

    if (size / UNIT >= STEPS) {
        unsigned top = top_bit(size / UNIT);

        RN_ASSERT(top >= 3);
        round = (((size_t)1 << (top - 3)) - 1) * UNIT;
    }
    class_of(size + round, &level, &step);
    steps = (unsigned)h->steps[level] >> step << step;
    if (steps == 0) {
        levels =
            level + 1 < LEVELS ? h->levels >> (level + 1) << (level + 1) : 0;
        if (levels == 0)
            return NULL;
        level = top_bit(levels & (~levels + 1));
        steps = h->steps[level];
    }
    return h->list[level][top_bit(steps & (~steps + 1))];
}

static void set_free(struct block *b, size_t size)
{
    struct block *after;

    b->size = size | BLOCK_FREE | (b->size & FRONT_FREE);
    after = behind(b);
    after->front = size;
    after->size |= FRONT_FREE;
}

static void set_used(struct block *b, size_t size)
{
    b->size = size | (b->size & FRONT_FREE);
    behind(b)->size &= ~(size_t)FRONT_FREE;
}

/* Cut what `b`, used and of `have` bytes, does not need and free it. */
static void trim(struct rn_heap *h, struct block *b, size_t have, size_t need)
{
    struct block *rest;

    if (have - need < LEAST) {
        set_used(b, have);
        h->used += have;
        return;
    }
    b->size = need | (b->size & FRONT_FREE);
    rest = behind(b);
    rest->size = 0;
    set_free(rest, have - need);
    list_add(h, rest);
    h->used += need;
}

struct rn_heap *rn_heap_init(void *base, size_t cap)
{
    struct rn_heap *h = base;
    size_t head = (sizeof *h + UNIT - 1) & ~(size_t)(UNIT - 1);
    struct block *first;
    size_t room;

    RN_ASSERT(((uintptr_t)base & (UNIT - 1)) == 0 && cap >= RN_HEAP_MIN);
    memset(h, 0, sizeof *h);
    h->cap = cap;
    h->used = head + UNIT;
    h->peak = h->used;
    room = ((cap - head) & ~(size_t)(UNIT - 1)) - UNIT;
    first = (struct block *)(void *)((uint8_t *)base + head);
    first->size = room;
    behind(first)->size = 0;
    set_free(first, room);
    list_add(h, first);
    return h;
}

static size_t block_size(size_t n)
{
    size_t size = ((n + UNIT - 1) & ~(size_t)(UNIT - 1)) + UNIT;

    return size < LEAST ? LEAST : size;
}

void *rn_heap_alloc(struct rn_heap *h, size_t n)
{
    struct block *b = NULL;

    if (n == 0)
        return NULL;
    if (n < h->cap)
        b = find(h, block_size(n));
    if (!b) {
        h->refused++;
        return NULL;
    }
    list_remove(h, b);
    trim(h, b, size_of(b), block_size(n));
    if (h->used > h->peak)
        h->peak = h->used;
    return payload(b);
}

void *rn_heap_calloc(struct rn_heap *h, size_t n, size_t size)
{
    void *p;

    if (size != 0 && n > SIZE_MAX / size) {
        h->refused++;
        return NULL;
    }
    p = rn_heap_alloc(h, n * size);
    if (p)
        memset(p, 0, n * size);
    return p;
}

void rn_heap_free(struct rn_heap *h, void *p)
{
    struct block *b;
    struct block *after;
    size_t size;

    if (!p)
        return;
    b = block_of(p);
    RN_ASSERT((uint8_t *)b > (uint8_t *)h &&
              (uint8_t *)b < (uint8_t *)h + h->cap);
    RN_ASSERT((b->size & BLOCK_FREE) == 0);
    size = size_of(b);
    h->used -= size;
    after = behind(b);
    if (after->size & BLOCK_FREE) {
        list_remove(h, after);
        size += size_of(after);
    }
    if (b->size & FRONT_FREE) {
        b = (struct block *)(void *)((uint8_t *)b - b->front);
        list_remove(h, b);
        size += size_of(b);
    }
    set_free(b, size);
    list_add(h, b);
}

/* Grow into a free neighbour behind, if that is enough. */
static bool grow(struct rn_heap *h, struct block *b, size_t need)
{
    struct block *after = behind(b);
    size_t have = size_of(b);

    if ((after->size & BLOCK_FREE) == 0 || have + size_of(after) < need)
        return false;
    list_remove(h, after);
    h->used -= have;
    trim(h, b, have + size_of(after), need);
    if (h->used > h->peak)
        h->peak = h->used;
    return true;
}

void *rn_heap_resize(struct rn_heap *h, void *p, size_t n)
{
    size_t old;
    void *q;

    if (!p)
        return rn_heap_alloc(h, n);
    old = rn_heap_size(p);
    if (n <= old)
        return p;
    if (n < h->cap && grow(h, block_of(p), block_size(n)))
        return p;
    q = rn_heap_alloc(h, n);
    if (!q)
        return NULL;
    memcpy(q, p, old);
    rn_heap_free(h, p);
    return q;
}

size_t rn_heap_size(const void *p)
{
    const struct block *b =
        (const struct block *)(const void *)((const uint8_t *)p - UNIT);

    return size_of(b) - UNIT;
}

void rn_heap_stats(const struct rn_heap *h, struct rn_heap_stats *s)
{
    s->cap = h->cap;
    s->used = h->used;
    s->peak = h->peak;
    s->refused = h->refused;
}
