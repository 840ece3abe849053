/* compress/gzip.h: a stream stage that writes RFC 1952 through zlib.
 *
 *     init -> begin -> (writes to g->out) -> finish -> begin ...
 *
 * All of zlib's memory is taken at init and kept from file to file. Compressed
 * bytes go straight into the next stream's buffer. The same input gives the
 * same bytes on each run: no time, no name, no system in the header.
 */
#ifndef COMPRESS_GZIP_H
#define COMPRESS_GZIP_H

#include "compress/deflate.h"
#include "core/record.h"
#include "runnel/config.h"

struct rn_gzip {
    struct rn_out out; /* write here; its err carries the next one's */
    struct rn_out *next;
    struct rn_deflate deflate;
    int level;
    uint32_t crc;    /* CRC-32 of what went in             */
    uint32_t length; /* its bytes, as the trailer has them */
};

/* False: this image has gzip_none.c in place of gzip.c. */
bool rn_gzip_is_here(void);

/* Arena bytes that init() takes. By job.memory:
 *
 *     job.memory   window   memLevel   input    in all
 *     4 MiB up     32 KiB   8          16 KiB   278 KiB
 *     1 MiB up     16 KiB   7          8 KiB    142 KiB
 *     512 KiB up   8 KiB    6          8 KiB    78 KiB
 *     256 KiB up   4 KiB    5          4 KiB    42 KiB
 *     below        1 KiB    3          2 KiB    16 KiB
 */
size_t rn_gzip_need(const struct rn_config *config);

/* RN_E_FULL when the arena has less, or this zlib wants more. `config` is not
 * kept.
 */
int rn_gzip_init(struct rn_gzip *g, const struct rn_config *config,
                 struct rn_arena *mem);

/* Start a file that goes to `next`, borrowed until finish(). */
int rn_gzip_begin(struct rn_gzip *g, struct rn_out *next);

/* Compress what waits and write the trailer; `next` is not flushed. Returns
 * the first failure of the file, also when it was zlib's own (RN_E_FULL).
 */
int rn_gzip_finish(struct rn_gzip *g);

/* Bring out everything that was written, up to a byte where a compressor that
 * knows nothing of it can go on: a full flush, which costs a few bytes and
 * forgets the window. Returns the first failure.
 */
int rn_gzip_rest(struct rn_gzip *g);

/* What a later process needs to go on after rest(), and the start with it in
 * place of begin(): the file goes on as one member. RN_E_TORN: save() would not
 * have written that.
 */
#define RN_GZIP_SAVED 8u
void rn_gzip_save(const struct rn_gzip *g, struct rn_record *r);
int rn_gzip_restore(struct rn_gzip *g, struct rn_record *r,
                    struct rn_out *next);

#endif
