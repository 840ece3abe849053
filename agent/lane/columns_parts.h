/* lane/columns_parts.h: what the files of lane/columns.h share.
 *
 *   columns.c        what is put to places, and staged when the pool is low
 *   columns_close.c  the end of a group and of the file, and the list
 *   columns_save.c   where a file stands, for a later process
 *
 * Places are numbered: the group's lanes from 0, then foot head, foot and
 * trunk. What the trunk counts as staged is everything of the file that comes
 * before its chain.
 */
#ifndef LANE_COLUMNS_PARTS_H
#define LANE_COLUMNS_PARTS_H

#include "lane/columns.h"

/* Bytes in segments of which the last may have room, and their checksum. */
struct rn_strand {
    struct rn_chain chain;
    uint64_t crc;
    uint64_t since; /* bytes of the file when the chain began */
};

struct rn_column_lane {
    struct rn_strand head; /* once staged, only its checksum               */
    struct rn_strand tail; /* what follows the staged blocks               */
    uint64_t headed;       /* bytes of a head that is a block, 0: it is not */
    uint64_t staged;
    uint64_t staged_crc;
    uint32_t sequence; /* own blocks                                   */
};

/* A place, as `heading`: none. */
#define RN_NO_PLACE UINT32_MAX

static inline uint32_t rn_columns_trunk(const struct rn_columns *c)
{
    return c->lanes.n + 2;
}

/* Entries of the table for so many groups, the last of them the file's end. */
static inline size_t rn_columns_entries(uint32_t lanes, uint32_t groups)
{
    return ((size_t)groups + 1) * ((size_t)lanes + 1) + 3;
}

static inline struct rn_pool *rn_columns_pool(const struct rn_columns *c)
{
    return c->part->uploader->pool;
}

/* Bytes that fit the last segment. */
static inline uint32_t rn_strand_room(const struct rn_pool *pool,
                                      const struct rn_strand *s)
{
    return s->chain.len > 0 ? pool->segment - pool->fill[s->chain.last] : 0;
}

/* `n` bytes of that room; their checksum is the caller's to add. */
void rn_strand_add(struct rn_pool *pool, struct rn_strand *s, const uint8_t *p,
                   uint32_t n);

struct rn_block_id rn_columns_id(const struct rn_columns *c, uint32_t group,
                                 uint32_t lane, uint32_t sequence);

/* Whether a chain has become as long as a block should be. */
bool rn_columns_is_block(const struct rn_columns *c, const struct rn_strand *s);

/* What is in the tail becomes a block of this name. */
int rn_columns_stage(struct rn_columns *c, struct rn_column_lane *l,
                     const struct rn_block_id *id);

/* `n` bytes with this checksum follow what is staged. */
void rn_column_extend(struct rn_column_lane *l, uint64_t crc, uint64_t n);

void rn_column_clear(struct rn_column_lane *l);

/* columns_close.c: for struct rn_lanes. */
int rn_columns_close_group(struct rn_lanes *l);

#endif
