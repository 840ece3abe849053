/* compress/deflate.h: zlib's compressor in memory that was fixed before.
 *
 *     init -> reset -> (z.next_in, push) ... -> push with Z_FINISH -> reset ...
 *
 * What files (gzip.h) and units (codec.h) share.
 */
#ifndef COMPRESS_DEFLATE_H
#define COMPRESS_DEFLATE_H

#include <zlib.h>

#include "runnel/arena.h"
#include "runnel/out.h"

struct rn_deflate {
    z_stream z;
    gz_header header;
    uint8_t *slab; /* zlib's memory, handed out front to back */
    size_t cap, used;
};

struct rn_deflate_size {
    int window_bits; /* 9 to 15 */
    int mem_level;   /* 1 to 9 */
};

/* What is around the compressed bytes. */
enum rn_deflate_wrap {
    RN_DEFLATE_RAW, /* nothing: RFC 1951                                  */
    RN_DEFLATE_GZIP /* RFC 1952; no time, no name, no system in its header */
};

/* Arena bytes that init() takes. */
size_t rn_deflate_need(const struct rn_deflate_size *size);

/* RN_E_FULL when the arena has less, or this zlib wants more. `d` stays where
 * it is: zlib keeps pointers to it.
 */
int rn_deflate_init(struct rn_deflate *d, const struct rn_deflate_size *size,
                    enum rn_deflate_wrap wrap, int level, struct rn_arena *mem);

/* Begin anew, whatever happened before. RN_OK or RN_E_FULL. */
int rn_deflate_reset(struct rn_deflate *d, enum rn_deflate_wrap wrap);

/* Let zlib work on z.next_in until it wants no more room (flush is
 * Z_NO_FLUSH or Z_FULL_FLUSH, which brings all of it out), or until the end is
 * written as well (Z_FINISH). Compressed
 * bytes go straight into the buffer of `next`, which is drained whenever it is
 * full. Returns next->err; a failure of zlib's becomes that, as RN_E_FULL.
 */
int rn_deflate_push(struct rn_deflate *d, struct rn_out *next, int flush);

#endif
