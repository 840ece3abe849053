/* core/pool.h: equal segments, and chains of them.
 *
 * Everything that leaves the device is a chain of segments: a lane fills one
 * segment after the other, a block is a chain that is held until the service
 * has acknowledged it. One list of free segments serves all lanes, so memory
 * goes where the bytes are.
 */
#ifndef CORE_POOL_H
#define CORE_POOL_H

#include "runnel/arena.h"
#include "runnel/base.h"

#define RN_NO_SEGMENT UINT32_MAX

struct rn_pool {
    uint8_t *data;
    uint32_t *next; /* of each segment, or RN_NO_SEGMENT          */
    uint32_t *fill; /* bytes used in each segment                 */
    uint32_t free_first;
    uint32_t n; /* segments in all                            */
    uint32_t free_n;
    uint32_t free_least; /* fewest ever free                           */
    uint32_t segment;    /* bytes of one                               */
};

/* A run of bytes over segments, each filled to `fill`. */
struct rn_chain {
    uint32_t first; /* RN_NO_SEGMENT when empty */
    uint32_t last;
    uint32_t segments;
    uint64_t len; /* bytes */
};

size_t rn_pool_need(uint32_t segments, uint32_t segment);
int rn_pool_init(struct rn_pool *p, uint32_t segments, uint32_t segment,
                 struct rn_arena *mem);

/* A free segment, or RN_NO_SEGMENT. */
uint32_t rn_pool_take(struct rn_pool *p);
void rn_pool_give(struct rn_pool *p, uint32_t segment);

static inline uint8_t *rn_pool_at(const struct rn_pool *p, uint32_t segment)
{
    return p->data + (size_t)segment * p->segment;
}

void rn_chain_clear(struct rn_chain *c);

/* Append a taken segment of which `fill` bytes (at least 1) are used. */
void rn_chain_add(struct rn_pool *p, struct rn_chain *c, uint32_t segment,
                  uint32_t fill);

/* Append all of `tail` and empty it. */
void rn_chain_join(struct rn_pool *p, struct rn_chain *c,
                   struct rn_chain *tail);

/* Give every segment back and empty the chain. */
void rn_chain_release(struct rn_pool *p, struct rn_chain *c);

/* Where a reader of a chain stands. Offsets that rise cost nothing; one that
 * falls starts again at the front.
 */
struct rn_chain_cursor {
    const struct rn_pool *pool;
    const struct rn_chain *chain;
    uint32_t at;   /* segment */
    uint64_t base; /* offset of its first byte */
};

void rn_chain_open(struct rn_chain_cursor *k, const struct rn_pool *p,
                   const struct rn_chain *c);

/* For struct rn_http_body: `ctx` is a struct rn_chain_cursor. The slices stay
 * valid while the chain does.
 */
size_t rn_chain_pieces(void *ctx, uint64_t offset, struct rn_bytes *piece,
                       size_t cap);

#endif
