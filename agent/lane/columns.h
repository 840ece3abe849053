/* lane/columns.h: a file of several lanes over one small pool.
 *
 * Implements runnel/lanes.h for a part (lane/part.h). What is put to a lane
 * gathers in its chain. When the pool runs low the longest chain is staged as
 * a block, whose id says (group, lane, sequence): a blob's order is the order
 * of ids in its block list, not that of arrival. When a group is closed, what
 * was never staged is joined: every run of neighbouring heads and tails
 * between two staged blocks becomes one block, and what follows the last one
 * stays in the part's trunk, to be joined with what comes. So a file that fits
 * the pool is still one PUT.
 *
 * Kept per lane and group are a 16-bit count of its blocks and a bit for the
 * block of joined pieces before it; from these the whole list is made. When
 * the table is full (or the 50,000 blocks are near) rn_part_near_limit() says
 * so, and the file is to be closed.
 *
 * Ids. Group g of G closed groups has entries for trunk and lanes; the last,
 * group G, for trunk, foot head and foot:
 *
 *   (g, 0, 0..)      trunk blocks before the group's first lane
 *   (g, c + 1, 0)    joined pieces that end where lane c's own blocks begin,
 *                    lane c's head included; only where the bit is set
 *   (g, c + 1, 1..)  lane c's own blocks
 */
#ifndef LANE_COLUMNS_H
#define LANE_COLUMNS_H

#include "lane/part.h"
#include "runnel/lanes.h"

struct rn_column_lane; /* columns.c */

struct rn_columns {
    struct rn_lanes lanes; /* first member: what the encoder gets */
    struct rn_part *part;
    struct rn_column_lane *lane; /* lanes.n + 2: foot head and foot      */
    uint16_t *count;             /* of each closed group's entries        */
    uint8_t *joined;             /* a bit for each of them                */
    uint32_t groups;             /* that the table has room for           */
    uint32_t group;              /* the open one                          */
    uint32_t blocks;             /* handed over so far, of the whole file */
    uint64_t bytes;              /* put since begin, all places           */
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
 * `spare` that others of the same pool keep in hand.
 */
uint32_t rn_columns_segments(uint32_t lanes);

#endif
