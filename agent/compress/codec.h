/* compress/codec.h: what a Parquet page or an Avro block is compressed with.
 *
 * One call compresses one unit, independent of all others. All memory is taken
 * at init; a library that wants to allocate gets a slice of it and nothing
 * else. The same input gives the same bytes each time, so a caller may run a
 * unit twice, first to learn its length and then to write it.
 */
#ifndef COMPRESS_CODEC_H
#define COMPRESS_CODEC_H

#include "runnel/arena.h"
#include "runnel/config.h"
#include "runnel/out.h"

struct rn_codec;

struct rn_codec_class {
    const char *name;         /* as the job file says it: "snappy"         */
    enum rn_compression kind; /* the same                                  */

    /* Arena bytes that init() takes. `unit`: bytes of the usual largest unit
     * before compression (larger ones are taken too, maybe with a worse
     * ratio); `budget`: about how much it should be, a wish that is met by a
     * smaller window or smaller tables as far as the codec can.
     */
    size_t (*need)(size_t unit, int level, size_t budget);
    int (*init)(struct rn_codec **c, size_t unit, int level, size_t budget,
                struct rn_arena *mem);

    /* The most bytes that a unit of n bytes can become. */
    size_t (*bound)(size_t n);

    /* Compress the pieces, in order, as one unit into `out`, whose buffer may
     * have any size and which is not flushed. Returns out->err, or RN_E_FULL
     * when the library failed.
     */
    int (*pack)(struct rn_codec *c, const struct rn_bytes *piece, size_t pieces,
                struct rn_out *out);

    const char *library; /* with its version: "zlib 1.2.13" */
};

struct rn_codec {
    const struct rn_codec_class *cls;
};

/* The codecs of this image: gzip and deflate always (zlib), then the build's
 * CODECS. There is none for "none": such units are written as they are.
 */
extern const struct rn_codec_class *const rn_codecs[];
extern const size_t rn_codecs_n;

/* NULL: this build has none of this kind. */
const struct rn_codec_class *rn_codec_for(enum rn_compression kind);

#endif
