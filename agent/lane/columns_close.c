/* lane/columns_close.c: the end of a group and of the file, and the list of
 * its blocks; see lane/columns.h for the ids and lane/columns_parts.h.
 */
#include "core/crc64.h"
#include "lane/columns_parts.h"

/* All of `from` behind `to`. What fits the last segment is copied there: many
 * short pieces would else hold a segment each.
 */
static void join(struct rn_pool *pool, struct rn_strand *to,
                 struct rn_strand *from)
{
    if (from->chain.len == 0)
        return;
    if (to->chain.len == 0)
        to->since = from->since;
    to->crc = rn_crc64_join(to->crc, from->crc, from->chain.len);
    from->crc = 0;
    if (from->chain.len > rn_strand_room(pool, to)) {
        rn_chain_join(pool, &to->chain, &from->chain);
        return;
    }
    for (uint32_t s = from->chain.first; s != RN_NO_SEGMENT; s = pool->next[s])
        rn_strand_add(pool, to, rn_pool_at(pool, s), pool->fill[s]);
    rn_chain_release(pool, &from->chain);
}

/* A row of the table being written: places `first` and on, as lanes 1.. of
 * `group`, after the trunk.
 */
struct closing {
    size_t row; /* entry of the trunk */
    uint32_t group;
    uint32_t first;
};

static void set_joined(struct rn_columns *c, size_t entry, bool on)
{
    uint8_t bit = (uint8_t)(1u << entry % 8);

    if (on)
        c->joined[entry / 8] |= bit;
    else
        c->joined[entry / 8] &= (uint8_t)~bit;
}

/* The trunk's chain goes out as the last block of the lane before lane `k`,
 * or of the trunk.
 */
static int stage_before(struct rn_columns *c, const struct closing *w,
                        uint32_t k)
{
    struct rn_column_lane *trunk = &c->lane[rn_columns_trunk(c)];
    uint16_t *count = &c->count[w->row + k - 1];
    struct rn_block_id id =
        k == 1 ? rn_columns_id(c, c->group, 0, *count)
               : rn_columns_id(c, w->group, k - 1, *count + 1u);

    if (trunk->tail.chain.len == 0)
        return RN_OK;
    (*count)++;
    return rn_columns_stage(c, trunk, &id);
}

/* Lane `k` becomes part of the file, whose end so far is the trunk. */
static int close_lane(struct rn_columns *c, const struct closing *w, uint32_t k)
{
    struct rn_column_lane *trunk = &c->lane[rn_columns_trunk(c)];
    struct rn_column_lane *l = &c->lane[w->first + k - 1];
    bool joined = l->headed > 0;
    int err = RN_OK;

    if (joined || rn_columns_is_block(c, &trunk->tail))
        err = stage_before(c, w, k);
    if (joined)
        rn_column_extend(trunk, l->head.crc, l->headed);
    else
        join(rn_columns_pool(c), &trunk->tail, &l->head);
    if (err == RN_OK && l->sequence > 0 && trunk->tail.chain.len > 0) {
        struct rn_block_id id = rn_columns_id(c, w->group, k, 0);

        joined = true;
        err = rn_columns_stage(c, trunk, &id);
    }
    if (err < 0)
        return err;
    rn_column_extend(trunk, l->staged_crc, l->staged);
    c->count[w->row + k] = (uint16_t)l->sequence;
    set_joined(c, w->row + k, joined);
    join(rn_columns_pool(c), &trunk->tail, &l->tail);
    rn_column_clear(l);
    return RN_OK;
}

static int close_lanes(struct rn_columns *c, const struct closing *w,
                       uint32_t n)
{
    struct rn_column_lane *trunk = &c->lane[rn_columns_trunk(c)];
    int err = RN_OK;

    c->count[w->row] = (uint16_t)trunk->sequence;
    set_joined(c, w->row, false);
    trunk->sequence = 0;
    for (uint32_t k = 1; k <= n && err == RN_OK; k++)
        err = close_lane(c, w, k);
    return err;
}

static size_t open_row(const struct rn_columns *c)
{
    return (size_t)c->group * (c->lanes.n + 1);
}

int rn_columns_close_group(struct rn_lanes *l)
{
    struct rn_columns *c = (struct rn_columns *)(void *)l;
    struct closing w = { .row = open_row(c), .group = c->group, .first = 0 };

    if (c->err < 0)
        return c->err;
    c->heading = RN_NO_PLACE;
    if (c->group > c->groups)
        c->err = rn_fail(c->part->uploader->error, RN_E_FULL, RN_AT_AGENT,
                         "%s: the table of %u row groups is full",
                         c->part->object.path, (unsigned)c->groups);
    else
        c->err = close_lanes(c, &w, c->lanes.n);
    if (c->err < 0)
        return c->err;
    c->group++;
    c->open = false;
    return RN_OK;
}

int rn_columns_finish(struct rn_columns *c)
{
    struct closing w = { .row = open_row(c),
                         .group = RN_FOOT_GROUP,
                         .first = c->lanes.n };
    struct rn_column_lane *trunk = &c->lane[rn_columns_trunk(c)];
    struct rn_part *p = c->part;

    if (c->err < 0)
        return c->err;
    RN_ASSERT(!c->open);
    c->err = close_lanes(c, &w, 2);
    if (c->err == RN_OK && c->blocks > 0)
        c->err = stage_before(c, &w, 3);
    p->bytes = c->bytes;
    p->blocks = c->blocks;
    p->crc64 = c->blocks > 0 ? trunk->staged_crc : trunk->tail.crc;
    p->lane.chain = trunk->tail.chain;
    rn_chain_clear(&trunk->tail.chain);
    c->at_entry = 0;
    c->at = 0;
    return c->err;
}

/* Blocks of one entry; only lanes have joined pieces. */
static uint32_t blocks_in(const struct rn_columns *c, size_t entry)
{
    uint32_t bits = c->joined[entry / 8];

    return c->count[entry] + (bits >> entry % 8 & 1);
}

void rn_columns_id_at(void *ctx, uint32_t i, struct rn_block_id *id)
{
    struct rn_columns *c = ctx;
    size_t width = (size_t)c->lanes.n + 1;
    size_t last = open_row(c);
    uint32_t lane;
    uint32_t k;

    if (i < c->at) {
        c->at_entry = 0;
        c->at = 0;
    }
    while (i - c->at >= blocks_in(c, c->at_entry)) {
        c->at += blocks_in(c, c->at_entry);
        c->at_entry++;
        RN_ASSERT(c->at_entry <= last + 2);
    }
    k = i - c->at;
    lane = (uint32_t)(c->at_entry > last ? c->at_entry - last
                                         : c->at_entry % width);
    if (lane > 0 && blocks_in(c, c->at_entry) == c->count[c->at_entry])
        k++; /* no joined pieces: own blocks only, which count from 1 */
    *id = rn_columns_id(
        c, c->at_entry > last ? RN_FOOT_GROUP : (uint32_t)(c->at_entry / width),
        lane, k);
}
