/* encode/rle.h: Parquet's hybrid of runs and bit packing (Encodings.md, RLE),
 * into a slice of fixed size.
 *
 *     begin -> put ... put -> end
 *
 * Values are packed eight at a time; where one repeats for so long that a run
 * is shorter, a run is written. Whatever waits to be written has its room
 * reserved, so end() never fails.
 */
#ifndef ENCODE_RLE_H
#define ENCODE_RLE_H

#include "runnel/base.h"

#define RN_RLE_WIDTH_MAX 16u

struct rn_rle {
    uint8_t *p; /* the slice, borrowed */
    uint32_t len;
    uint32_t limit;  /* no further value is taken beyond this length   */
    uint32_t head;   /* where the header of the open packed run is     */
    uint32_t last;   /* the latest value                               */
    uint32_t repeat; /* how often it came in a row, counted from where
                      * its group of eight began                       */
    uint8_t width;   /* bits of a value                                */
    uint8_t worth;   /* a run so long is shorter than packing          */
    uint8_t n;       /* values waiting for their group                 */
    uint8_t groups;  /* of the open packed run; 0: none is open        */
    uint16_t wait[8];
};

/* The least slice for values of so many bits, 1 to RN_RLE_WIDTH_MAX. */
size_t rn_rle_least(unsigned width);

void rn_rle_begin(struct rn_rle *r, uint8_t *p, uint32_t cap, unsigned width);

/* The next value will be taken, whatever it is. */
static inline bool rn_rle_room(const struct rn_rle *r)
{
    return r->len <= r->limit;
}

bool rn_rle_put_new(struct rn_rle *r, uint32_t v);

/* False: there is no room and nothing changed. Takes up to 2^31 - 1 values. */
static inline bool rn_rle_put(struct rn_rle *r, uint32_t v)
{
    if (r->repeat >= 8 && v == r->last) {
        r->repeat++;
        return true;
    }
    return rn_rle_put_new(r, v);
}

/* Write what waits. Returns the length of it all. */
uint32_t rn_rle_end(struct rn_rle *r);

#endif
