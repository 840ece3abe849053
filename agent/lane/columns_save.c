/* lane/columns_save.c: where a file of lanes stands, for a later process; see
 * lane/part.h and lane/columns.h.
 *
 * No group is open and all bytes are in blocks, so what there is to keep is the
 * table of counts as far as it is filled, and of trunk and foot how much went
 * out before.
 */
#include "lane/columns_parts.h"

#define SAVED_LANE 20u
#define SAVED_HEAD (4u + 4u + 8u)

size_t rn_columns_save_need(uint32_t lanes, uint32_t groups)
{
    size_t n = rn_columns_entries(lanes, groups);

    return SAVED_HEAD + 2 * SAVED_LANE + 2 * n + (n + 7) / 8;
}

/* Entries that are filled; a finished file has those of its end as well. */
static size_t filled(const struct rn_columns *c, bool finished)
{
    return (size_t)c->group * (c->lanes.n + 1) + (finished ? 3 : 0);
}

static void save_lane(const struct rn_column_lane *l, struct rn_record *r)
{
    RN_ASSERT(l->tail.chain.len == 0 && l->head.chain.len == 0);
    rn_record_put(r, l->sequence, 4);
    rn_record_put(r, l->staged, 8);
    rn_record_put(r, l->staged_crc, 8);
}

static void restore_lane(struct rn_column_lane *l, struct rn_record *r)
{
    l->sequence = (uint32_t)rn_record_get(r, 4);
    l->staged = rn_record_get(r, 8);
    l->staged_crc = rn_record_get(r, 8);
}

void rn_columns_save(const struct rn_columns *c, struct rn_record *r)
{
    size_t n = filled(c, c->part->finished);

    RN_ASSERT(!c->open);
    rn_record_put(r, c->group, 4);
    rn_record_put(r, c->blocks, 4);
    rn_record_put(r, c->bytes, 8);
    save_lane(&c->lane[rn_columns_trunk(c)], r);
    save_lane(&c->lane[c->lanes.n + 1], r);
    for (size_t i = 0; i < n; i++)
        rn_record_put(r, c->count[i], 2);
    rn_record_put_raw(r, c->joined, (n + 7) / 8);
}

int rn_columns_restore(struct rn_columns *c, bool finished, struct rn_record *r)
{
    struct rn_part *p = c->part;
    struct rn_column_lane *trunk = &c->lane[rn_columns_trunk(c)];
    size_t n;

    c->group = (uint32_t)rn_record_get(r, 4);
    c->blocks = (uint32_t)rn_record_get(r, 4);
    c->bytes = rn_record_get(r, 8);
    restore_lane(trunk, r);
    restore_lane(&c->lane[c->lanes.n + 1], r);
    if (r->bad || c->group > c->groups + 1 || c->blocks > RN_MAX_BLOCKS)
        return RN_E_TORN;
    n = filled(c, finished);
    for (size_t i = 0; i < n; i++)
        c->count[i] = (uint16_t)rn_record_get(r, 2);
    rn_record_get_raw(r, c->joined, (n + 7) / 8);
    p->bytes = c->bytes;
    p->blocks = c->blocks;
    p->crc64 = trunk->staged_crc;
    c->at_entry = 0;
    c->at = 0;
    return r->bad ? RN_E_TORN : RN_OK;
}
