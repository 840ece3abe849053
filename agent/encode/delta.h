/* encode/delta.h: DELTA_BINARY_PACKED (Encodings.md) into a slice of fixed
 * size: blocks of 128 differences, each with 4 miniblocks.
 *
 *     begin -> put ... put -> end
 *
 * A block is written when it is complete or at the end; until then its room is
 * reserved. The header holds the count, so it is made at the end and stands
 * apart. The first value is in it: any slice takes at least one value.
 */
#ifndef ENCODE_DELTA_H
#define ENCODE_DELTA_H

#include "runnel/base.h"

#define RN_DELTA_BLOCK 128u

/* Block size 2, miniblocks 1, count 5, first value 10. */
#define RN_DELTA_HEAD 18u

struct rn_delta {
    uint8_t *p;    /* the slice, borrowed */
    int64_t *wait; /* RN_DELTA_BLOCK differences of the open block, borrowed */
    uint32_t cap;
    uint32_t len;
    uint32_t count; /* values */
    uint32_t n;     /* differences waiting */
    bool narrow;    /* 32-bit values */
    int64_t first;
    int64_t last;
    int64_t min, max; /* of the differences waiting */
};

/* `narrow`: values are 32 bits wide, and differences wrap around there. */
void rn_delta_begin(struct rn_delta *d, uint8_t *p, uint32_t cap, int64_t *wait,
                    bool narrow);

/* False: there is no room and nothing changed. */
bool rn_delta_put(struct rn_delta *d, int64_t v);

/* Write the open block; the slice has `len` bytes then. Returns the bytes of
 * the header, which precedes them.
 */
size_t rn_delta_end(struct rn_delta *d, uint8_t head[RN_DELTA_HEAD]);

#endif
