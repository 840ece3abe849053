/* encode/lanes_out.h: a stream into a place of a file of lanes.
 *
 *     init -> rn_out_put ... -> rn_out_flush
 */
#ifndef ENCODE_LANES_OUT_H
#define ENCODE_LANES_OUT_H

#include "runnel/lanes.h"
#include "runnel/out.h"

struct rn_lanes_out {
    struct rn_out out; /* first member */
    struct rn_lanes *lanes;
    uint32_t lane;
    bool head; /* what stands before the lane's first byte */
};

/* Set `lanes`, `lane` and `head`; `buf` is borrowed. */
void rn_lanes_out_init(struct rn_lanes_out *o, void *buf, size_t cap);

#endif
