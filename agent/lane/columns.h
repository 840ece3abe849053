/* lane/columns.h: a file of several lanes over one small pool.
 *
 *     init -> begin -> (put | head | close_group) ... -> rn_part_commit
 *             begin ...                              -> rn_part_abandon
 *
 * Implements runnel/lanes.h for a part (lane/part.h). What is put to a lane
 * gathers in its chain. When the pool runs low the longest chain (by length
 * and age: columns.c) is staged as a block, whose id says (group, lane,
 * sequence): a blob's order is the order of ids in its block list, not that of
 * arrival. When a group is closed, what
 * was never staged is joined: every run of neighbouring heads and tails
 * between two staged blocks becomes one block, and what follows the last one
 * stays in the part's trunk, to be joined with what comes. So a file that fits
 * the pool is still one PUT.
 *
 * Kept per lane and group are a 16-bit count of its blocks and a bit for the
 * block of joined pieces before it; from these the whole list is made. When
 * the table is full (or the 50,000 blocks are near) rn_part_near_limit() says
 * so, and the file is to be closed; there is room for one group more, so that
 * the one at hand can end.
 *
 * Ids. Each closed group has entries for trunk and lanes, and so has what
 * follows the last one (G of them are closed) for trunk, foot head and foot:
 *
 *   (g, 0, 0..)      trunk blocks before the group's first lane
 *   (g, c + 1, 0)    joined pieces that end where lane c's own blocks begin,
 *                    lane c's head included; only where the bit is set
 *   (g, c + 1, 1..)  lane c's own blocks, and joined pieces that had to go
 *                    before the next lane was at its turn
 *   (G, 0, 0..)      the trunk's last blocks
 *   (RN_FOOT_GROUP, 1 or 2, 0..)  foot head and foot, as lanes
 *
 * A head that alone fills much of a low pool is staged early as (g, c + 1, 0),
 * and the joined pieces before it end with the lane before.
 */
#ifndef LANE_COLUMNS_H
#define LANE_COLUMNS_H

#include "lane/part.h"
#include "runnel/lanes.h"

#define RN_FOOT_GROUP UINT32_MAX

struct rn_column_lane; /* columns.c */

struct rn_columns {
    struct rn_lanes lanes; /* first member: what the encoder gets */
    struct rn_part *part;
    struct rn_column_lane *lane; /* lanes.n, foot head, foot, trunk       */
    uint16_t *count;             /* of each closed group's entries        */
    uint8_t *joined;             /* a bit for each of them                */
    uint32_t groups;             /* that the table has room for           */
    uint32_t group;              /* the open one                          */
    uint32_t blocks;             /* handed over so far, of the whole file */
    uint64_t bytes;              /* put since begin, all places           */

    /* Segments that others of the same pool may take while a file is open:
     * lanes leave so many free or under way. 0 after init; the owner's to set.
     */
    uint32_t spare;

    int err;          /* sticky until begin                               */
    bool open;        /* the open group has bytes                         */
    uint32_t heading; /* place whose head may still grow                  */
    uint64_t bar;     /* how good it was to stage the block under way     */
    size_t at_entry;  /* where the list was read last, and the index of   */
    uint32_t at;      /* that entry's first block                         */
};

/* Most lanes a group can have: they are 16 bits of a block's id. */
#define RN_LANES_MAX 65000u

/* Arena bytes that init() takes. */
size_t rn_columns_need(uint32_t lanes, uint32_t groups);
int rn_columns_init(struct rn_columns *c, uint32_t lanes, uint32_t groups,
                    struct rn_arena *mem);

/* Make `p` a part of lanes: between rn_part_begin() and the first byte. From
 * then on rn_part_bytes(), _near_limit(), _commit() and _abandon() mean all
 * of its lanes; nobody writes to p->lane.out directly.
 */
void rn_columns_begin(struct rn_columns *c, struct rn_part *p);

/* Segments that a pool must have for so many lanes to make progress, beside
 * `spare` that others of the same pool keep in hand. A head must fit them,
 * since it stays in the pool while it is written; else put and head fail with
 * RN_E_FULL.
 */
uint32_t rn_columns_segments(uint32_t lanes);

/* What lane/part.c asks. */

bool rn_columns_near_limit(const struct rn_columns *c, uint32_t spare);

/* The end of the file: everything in order, and the part's bytes, blocks and
 * checksum known. A file without a block is left in the part's own chain.
 */
int rn_columns_finish(struct rn_columns *c);

/* Block `i` of a finished file; for struct rn_block_list. Costs nothing when
 * `i` rises, and starts again when it falls.
 */
void rn_columns_id_at(void *ctx, uint32_t i, struct rn_block_id *id);

/* For rn_part_cut() and its like (lane/part.h). cut: trunk and foot become
 * blocks; no group is open. place: where the next block goes (struct
 * rn_splice). restore: into a file that was begun just now.
 */
int rn_columns_cut(struct rn_columns *c);
void rn_columns_place(const struct rn_columns *c, uint32_t at[3]);
size_t rn_columns_save_need(uint32_t lanes, uint32_t groups);
void rn_columns_save(const struct rn_columns *c, struct rn_record *r);
int rn_columns_restore(struct rn_columns *c, bool finished,
                       struct rn_record *r);

/* Give every segment back. */
void rn_columns_drop(struct rn_columns *c);

#endif
