/* lane/columns.c: see lane/columns.h and lane/columns_parts.h. */
#include "lane/columns.h"

#include <string.h>

#include "core/crc64.h"
#include "lane/columns_parts.h"
#include "lane/lane.h"

/* Until a file has its first block, chains grow as long as the pool allows,
 * so that a small file is one request; but a request has a deadline.
 */
#define FIRST_MAX (8u << 20)

/* Staging begins when no more than this part of the pool is free: the rest is
 * what lanes fill while blocks are under way.
 */
#define LOW_SHARE 8

/* -- memory -------------------------------------------------------------- */

size_t rn_columns_need(uint32_t lanes, uint32_t groups)
{
    size_t n = rn_columns_entries(lanes, groups);

    return RN_ROUND(sizeof(struct rn_column_lane) * ((size_t)lanes + 3)) +
           RN_ROUND(sizeof(uint16_t) * n) + RN_ROUND((n + 7) / 8);
}

uint32_t rn_columns_segments(uint32_t lanes)
{
    /* One for each place, partly filled, one to fill, and a few so that blocks
     * are under way meanwhile.
     */
    return lanes + 3 + 5;
}

/* -- places -------------------------------------------------------------- */

static uint32_t place_of(const struct rn_columns *c, uint32_t lane)
{
    switch (lane) {
    case RN_LANE_FOOT_HEAD:
        return c->lanes.n;
    case RN_LANE_FOOT:
        return c->lanes.n + 1;
    case RN_LANE_TRUNK:
        return rn_columns_trunk(c);
    default:
        RN_ASSERT(lane < c->lanes.n);
        return lane;
    }
}

void rn_column_clear(struct rn_column_lane *l)
{
    memset(l, 0, sizeof *l);
    rn_chain_clear(&l->head.chain);
    rn_chain_clear(&l->tail.chain);
}

void rn_columns_place(const struct rn_columns *c, uint32_t at[3])
{
    at[0] = c->group;
    at[1] = c->lane[rn_columns_trunk(c)].sequence;
    at[2] = c->lane[c->lanes.n + 1].sequence;
}

/* Whether a block was there before the file was gone on with at this place:
 * groups that were closed, the trunk's blocks up to the open one, and the
 * foot's own ones, which count from 1. What is joined comes last.
 */
static bool is_older(const struct rn_block_id *id, const uint32_t at[3])
{
    if (id->group == RN_FOOT_GROUP)
        return id->lane == 2 && id->sequence > 0 && id->sequence <= at[2];
    if (id->group != at[0])
        return id->group < at[0];
    return id->lane == 0 && id->sequence < at[1];
}

struct rn_block_id rn_columns_id(const struct rn_columns *c, uint32_t group,
                                 uint32_t lane, uint32_t sequence)
{
    const struct rn_part *p = c->part;
    struct rn_block_id id = { .group = group,
                              .lane = (uint16_t)lane,
                              .sequence = sequence };
    unsigned n = p->splices;

    while (n > 0 && is_older(&id, p->splice[n - 1].at))
        n--;
    memcpy(id.nonce, n > 0 ? p->splice[n - 1].nonce : p->attempt.nonce,
           sizeof id.nonce);
    return id;
}

/* -- strands ------------------------------------------------------------- */

void rn_strand_add(struct rn_pool *pool, struct rn_strand *s, const uint8_t *p,
                   uint32_t n)
{
    uint32_t fill = pool->fill[s->chain.last];

    memcpy(rn_pool_at(pool, s->chain.last) + fill, p, n);
    pool->fill[s->chain.last] = fill + n;
    s->chain.len += n;
}

/* -- staging ------------------------------------------------------------- */

void rn_column_extend(struct rn_column_lane *l, uint64_t crc, uint64_t n)
{
    if (n == 0)
        return;
    l->staged_crc = rn_crc64_join(l->staged_crc, crc, n);
    l->staged += n;
}

static int hand_over(struct rn_columns *c, struct rn_strand *s,
                     const struct rn_block_id *id)
{
    struct rn_part *p = c->part;
    struct rn_uploader *u = p->uploader;

    if (c->blocks == RN_MAX_BLOCKS) {
        rn_chain_release(u->pool, &s->chain);
        return rn_fail(u->error, RN_E_FULL, RN_AT_STORE,
                       "%s: one row does not fit what is left of a file's "
                       "%u blocks; raise job.memory",
                       p->object.path, RN_MAX_BLOCKS);
    }
    c->blocks++;
    return rn_uploader_submit(u, &p->object, id, &s->chain, s->crc);
}

int rn_columns_stage(struct rn_columns *c, struct rn_column_lane *l,
                     const struct rn_block_id *id)
{
    int err;

    rn_column_extend(l, l->tail.crc, l->tail.chain.len);
    err = hand_over(c, &l->tail, id);
    l->tail.crc = 0;
    return err;
}

static int stage_tail(struct rn_columns *c, uint32_t place)
{
    struct rn_column_lane *l = &c->lane[place];
    struct rn_block_id id;

    if (place == rn_columns_trunk(c))
        id = rn_columns_id(c, c->group, 0, l->sequence);
    else if (place >= c->lanes.n)
        id = rn_columns_id(c, RN_FOOT_GROUP, place - c->lanes.n + 1,
                           l->sequence + 1);
    else
        id = rn_columns_id(c, c->group, place + 1, l->sequence + 1);
    l->sequence++;
    return rn_columns_stage(c, l, &id);
}

static int stage_head(struct rn_columns *c, uint32_t place)
{
    struct rn_column_lane *l = &c->lane[place];
    struct rn_block_id id = rn_columns_id(c, c->group, place + 1, 0);

    l->headed = l->head.chain.len;
    return hand_over(c, &l->head, &id);
}

bool rn_columns_is_block(const struct rn_columns *c, const struct rn_strand *s)
{
    return s->chain.segments >= c->part->block_segments &&
           (c->blocks > 0 || s->chain.len >= FIRST_MAX);
}

/* -- making room --------------------------------------------------------- */

struct pick {
    uint32_t place; /* RN_NO_PLACE: nothing there */
    bool head;
    uint64_t score;
};

/* What is gained by staging a chain: its length times how long it took to
 * grow. By length alone all lanes would get equal shares of the pool, and a
 * lane with most of the bytes go out in blocks as short as theirs. There are
 * the fewest blocks in all when a lane's share is as the square root of its
 * rate, and then this product is the same for all lanes when their turn comes.
 */
static uint64_t score(const struct rn_columns *c, const struct rn_strand *s)
{
    return s->chain.len * (c->bytes - s->since + 1);
}

/* The chain to stage next. A head counts half: to stage it means that what
 * precedes it has to be a block as well.
 */
static struct pick best(const struct rn_columns *c)
{
    struct pick k = { .place = RN_NO_PLACE };

    for (uint32_t i = 0; i <= rn_columns_trunk(c); i++) {
        const struct rn_column_lane *l = &c->lane[i];
        uint64_t tail = score(c, &l->tail);
        uint64_t head = i == c->heading ? 0 : (score(c, &l->head) + 1) / 2;

        if (tail > k.score)
            k = (struct pick){ i, false, tail };
        if (head > k.score)
            k = (struct pick){ i, true, head };
    }
    return k;
}

/* Stage chains while the pool is low and a connection idle. While a block is
 * under way only such as are about as good to stage as that was: what it gives
 * back will do, and many short blocks are worse than a wait.
 */
static int relieve(struct rn_columns *c)
{
    struct rn_uploader *u = c->part->uploader;
    uint32_t low = c->spare + u->pool->n / LOW_SHARE;

    while (u->err == RN_OK && u->pool->free_n <= low &&
           (u->in_use == 0 || u->in_use < u->config->store.connections)) {
        struct pick k = best(c);
        int err;

        if (k.place == RN_NO_PLACE || (u->in_use > 0 && k.score < c->bar / 2))
            break;
        if (u->in_use == 0)
            c->bar = k.score;
        err = k.head ? stage_head(c, k.place) : stage_tail(c, k.place);
        if (err < 0)
            return err;
    }
    return u->err;
}

/* A segment, from the pool or from the network. It never waits for nothing:
 * either a block is under way, or there is a chain to make one of.
 */
static int take(struct rn_columns *c, uint32_t *segment)
{
    struct rn_uploader *u = c->part->uploader;

    if (u->in_use > 0)
        rn_uploader_pump(u, 0);
    for (;;) {
        int err = relieve(c);

        if (err < 0)
            return err;
        if (u->pool->free_n > c->spare)
            break;
        if (u->in_use == 0)
            return rn_fail(u->error, RN_E_FULL, RN_AT_AGENT,
                           "%s: a dictionary is larger than the pool's %u "
                           "segments of %u bytes; raise job.memory",
                           c->part->object.path, (unsigned)u->pool->n,
                           (unsigned)u->pool->segment);
        rn_uploader_await(u);
    }
    *segment = rn_pool_take(u->pool);
    return RN_OK;
}

/* -- what encoders call -------------------------------------------------- */

/* A segment for the end of this chain, which may be staged before. */
static int next_segment(struct rn_columns *c, uint32_t place, bool head,
                        uint32_t *segment)
{
    int err = RN_OK;

    if (!head && rn_columns_is_block(c, &c->lane[place].tail))
        err = stage_tail(c, place);
    return err < 0 ? err : take(c, segment);
}

static int append(struct rn_columns *c, uint32_t place, bool head,
                  struct rn_bytes from)
{
    struct rn_pool *pool = rn_columns_pool(c);
    struct rn_strand *s = head ? &c->lane[place].head : &c->lane[place].tail;

    while (from.n > 0) {
        uint32_t segment = RN_NO_SEGMENT;
        uint32_t room = rn_strand_room(pool, s);
        uint32_t n;
        int err = room > 0 ? RN_OK : next_segment(c, place, head, &segment);

        if (err < 0)
            return err;
        if (room == 0)
            room = pool->segment;
        n = from.n < room ? (uint32_t)from.n : room;
        if (segment == RN_NO_SEGMENT) {
            rn_strand_add(pool, s, from.p, n);
        } else {
            if (s->chain.len == 0)
                s->since = c->bytes;
            memcpy(rn_pool_at(pool, segment), from.p, n);
            rn_chain_add(pool, &s->chain, segment, n);
        }
        s->crc = rn_crc64(s->crc, from.p, n);
        c->bytes += n;
        from.p += n;
        from.n -= n;
    }
    return RN_OK;
}

static struct rn_columns *columns_of(struct rn_lanes *l)
{
    return (struct rn_columns *)(void *)l;
}

static int columns_put(struct rn_lanes *l, uint32_t lane, const void *p,
                       size_t n)
{
    struct rn_columns *c = columns_of(l);
    uint32_t place = place_of(c, lane);

    RN_ASSERT(place != rn_columns_trunk(c) || !c->open);
    if (c->err < 0 || n == 0)
        return c->err;
    if (place < c->lanes.n)
        c->open = true;
    c->heading = RN_NO_PLACE;
    c->err = append(c, place, false, (struct rn_bytes){ p, n });
    return c->err;
}

static int columns_head(struct rn_lanes *l, uint32_t lane, const void *p,
                        size_t n)
{
    struct rn_columns *c = columns_of(l);
    const struct rn_column_lane *to = &c->lane[lane];

    RN_ASSERT(lane < c->lanes.n);
    if (c->err < 0 || n == 0)
        return c->err;
    RN_ASSERT(c->heading == lane ||
              (to->head.chain.len == 0 && to->headed == 0));
    c->open = true;
    c->heading = lane;
    c->err = append(c, lane, true, (struct rn_bytes){ p, n });
    return c->err;
}

/* -- the life of a file -------------------------------------------------- */

int rn_columns_init(struct rn_columns *c, uint32_t lanes, uint32_t groups,
                    struct rn_arena *mem)
{
    size_t n = rn_columns_entries(lanes, groups);

    RN_ASSERT(lanes > 0 && lanes <= RN_LANES_MAX);
    memset(c, 0, sizeof *c);
    c->lanes.n = lanes;
    c->lanes.put = columns_put;
    c->lanes.head = columns_head;
    c->lanes.close_group = rn_columns_close_group;
    c->groups = groups;
    c->lane = RN_TAKE(mem, struct rn_column_lane, (size_t)lanes + 3);
    c->count = RN_TAKE(mem, uint16_t, n);
    c->joined = RN_TAKE(mem, uint8_t, (n + 7) / 8);
    return c->lane && c->count && c->joined ? RN_OK : RN_E_FULL;
}

void rn_columns_begin(struct rn_columns *c, struct rn_part *p)
{
    rn_lane_drop(&p->lane);
    p->lane.out.err = RN_E_FULL; /* the lane's own stream is not used */
    p->object.lanes = true;
    p->columns = c;
    c->part = p;
    c->group = 0;
    c->blocks = 0;
    c->bytes = 0;
    c->err = RN_OK;
    c->open = false;
    c->heading = RN_NO_PLACE;
    c->bar = 0;
    for (uint32_t i = 0; i <= rn_columns_trunk(c); i++)
        rn_column_clear(&c->lane[i]);
}

int rn_columns_cut(struct rn_columns *c)
{
    const uint32_t place[] = { rn_columns_trunk(c), c->lanes.n + 1 };

    RN_ASSERT(!c->open);
    for (size_t i = 0; i < RN_COUNTOF(place) && c->err == RN_OK; i++) {
        if (c->lane[place[i]].tail.chain.len > 0)
            c->err = stage_tail(c, place[i]);
    }
    return c->err;
}

bool rn_columns_near_limit(const struct rn_columns *c, uint32_t spare)
{
    /* What closing may need: each lane's last bytes, its head and the joined
     * pieces before it, and the ends of trunk and feet. Never so much that a
     * file of very many lanes would hardly begin.
     */
    uint32_t closing = 3 * c->lanes.n + 4;
    uint32_t most = RN_MAX_BLOCKS / 2;

    return c->group >= c->groups ||
           (uint64_t)c->blocks + spare + (closing < most ? closing : most) >=
               RN_MAX_BLOCKS;
}

void rn_columns_drop(struct rn_columns *c)
{
    struct rn_pool *pool = rn_columns_pool(c);

    for (uint32_t i = 0; i <= rn_columns_trunk(c); i++) {
        rn_chain_release(pool, &c->lane[i].head.chain);
        rn_chain_release(pool, &c->lane[i].tail.chain);
    }
}
