/* core/pool.c: see core/pool.h. */
#include "core/pool.h"

size_t rn_pool_need(uint32_t segments, uint32_t segment)
{
    return RN_ROUND((size_t)segments * segment) +
           2 * RN_ROUND(sizeof(uint32_t) * segments);
}

int rn_pool_init(struct rn_pool *p, uint32_t segments, uint32_t segment,
                 struct rn_arena *mem)
{
    p->next = RN_TAKE(mem, uint32_t, segments);
    p->fill = RN_TAKE(mem, uint32_t, segments);
    p->data = rn_arena_take(mem, segment, segments);
    if (!p->next || !p->fill || !p->data)
        return RN_E_FULL;
    p->n = segments;
    p->segment = segment;
    p->free_n = 0;
    p->free_first = RN_NO_SEGMENT;
    for (uint32_t i = segments; i > 0; i--)
        rn_pool_give(p, i - 1);
    p->free_least = segments;
    return RN_OK;
}

uint32_t rn_pool_take(struct rn_pool *p)
{
    uint32_t s = p->free_first;

    if (s == RN_NO_SEGMENT)
        return s;
    p->free_first = p->next[s];
    p->next[s] = RN_NO_SEGMENT;
    p->free_n--;
    if (p->free_n < p->free_least)
        p->free_least = p->free_n;
    return s;
}

void rn_pool_give(struct rn_pool *p, uint32_t segment)
{
    RN_ASSERT(segment < p->n && p->free_n < p->n);
    p->next[segment] = p->free_first;
    p->fill[segment] = 0;
    p->free_first = segment;
    p->free_n++;
}

void rn_chain_clear(struct rn_chain *c)
{
    c->first = RN_NO_SEGMENT;
    c->last = RN_NO_SEGMENT;
    c->segments = 0;
    c->len = 0;
}

void rn_chain_add(struct rn_pool *p, struct rn_chain *c, uint32_t segment,
                  uint32_t fill)
{
    RN_ASSERT(fill > 0 && fill <= p->segment);
    p->fill[segment] = fill;
    p->next[segment] = RN_NO_SEGMENT;
    if (c->first == RN_NO_SEGMENT)
        c->first = segment;
    else
        p->next[c->last] = segment;
    c->last = segment;
    c->segments++;
    c->len += fill;
}

void rn_chain_join(struct rn_pool *p, struct rn_chain *c, struct rn_chain *tail)
{
    if (tail->first == RN_NO_SEGMENT)
        return;
    if (c->first == RN_NO_SEGMENT)
        c->first = tail->first;
    else
        p->next[c->last] = tail->first;
    c->last = tail->last;
    c->segments += tail->segments;
    c->len += tail->len;
    rn_chain_clear(tail);
}

void rn_chain_release(struct rn_pool *p, struct rn_chain *c)
{
    uint32_t s = c->first;

    while (s != RN_NO_SEGMENT) {
        uint32_t next = p->next[s];

        rn_pool_give(p, s);
        s = next;
    }
    rn_chain_clear(c);
}

void rn_chain_open(struct rn_chain_cursor *k, const struct rn_pool *p,
                   const struct rn_chain *c)
{
    k->pool = p;
    k->chain = c;
    k->at = c->first;
    k->base = 0;
}

size_t rn_chain_pieces(void *ctx, uint64_t offset, struct rn_bytes *piece,
                       size_t cap)
{
    struct rn_chain_cursor *k = ctx;
    const struct rn_pool *p = k->pool;
    uint32_t s;
    size_t skip;
    size_t n = 0;

    RN_ASSERT(offset < k->chain->len && cap > 0);
    if (offset < k->base)
        rn_chain_open(k, p, k->chain);
    while (offset - k->base >= p->fill[k->at]) {
        k->base += p->fill[k->at];
        k->at = p->next[k->at];
    }
    skip = (size_t)(offset - k->base);
    for (s = k->at; s != RN_NO_SEGMENT && n < cap; s = p->next[s]) {
        piece[n].p = rn_pool_at(p, s) + skip;
        piece[n].n = p->fill[s] - skip;
        skip = 0;
        n++;
    }
    return n;
}
