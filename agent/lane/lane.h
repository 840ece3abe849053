/* lane/lane.h: the life of a lane inside its file (lane/part.h).
 *
 *     open -> (write to out) -> finish -> submit
 *                            -> drop
 */
#ifndef LANE_LANE_H
#define LANE_LANE_H

#include "core/record.h"
#include "lane/part.h"

/* Take the first segment; fails with the uploader's error. */
int rn_lane_open(struct rn_lane *l, struct rn_part *p);

/* No more bytes: what waits becomes part of the chain. */
int rn_lane_finish(struct rn_lane *l);

/* Hand the chain over as the lane's next block; nothing when it is empty. */
int rn_lane_submit(struct rn_lane *l);

/* End the open block where the lane stands, whatever its length: all bytes so
 * far are then in blocks that were handed over.
 */
int rn_lane_cut(struct rn_lane *l);

/* Where a lane stands whose bytes are all handed over, and the same place for
 * a lane that was opened just now.
 */
#define RN_LANE_SAVED (4 + 8 + 8)
void rn_lane_save(const struct rn_lane *l, struct rn_record *r);
int rn_lane_restore(struct rn_lane *l, struct rn_record *r);

/* Give back what the lane holds. */
void rn_lane_drop(struct rn_lane *l);

#endif
