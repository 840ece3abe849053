/* out.h: a byte stream with a fixed buffer that remembers its first failure.
 *
 * Writers call rn_out_* without looking at results and test `err` once for
 * each row. After a failure every write is dropped, so the stream never holds
 * half of what followed the fault.
 *
 * Stages chain: a stage owns an rn_out that others write to, and its drain()
 * writes on to the next stage (encoder -> gzip -> lane). A lane's buffer is
 * the pool segment itself, so an uncompressed row is written once.
 */
#ifndef RUNNEL_OUT_H
#define RUNNEL_OUT_H

#include <string.h>

#include "runnel/base.h"

struct rn_out {
    uint8_t *buf;
    size_t cap;     /* bytes; 1 or more: any size gives the same stream */
    size_t len;     /* bytes waiting in buf                             */
    uint64_t total; /* bytes drained so far; rn_out_total() adds `len`  */
    int err;        /* RN_OK, or the first failure; never cleared       */

    /* Take all `len` bytes of `buf` (at least one). May replace `buf` and
     * `cap`. The caller adds to `total` and resets `len`. May wait for the
     * network. Returns RN_OK or the failure.
     */
    int (*drain)(struct rn_out *o);
};

/* `buf` is borrowed for the life of the stream. */
void rn_out_init(struct rn_out *o, void *buf, size_t cap,
                 int (*drain)(struct rn_out *o));

/* The slow path of rn_out_put: the bytes do not fit what is left. */
void rn_out_put_split(struct rn_out *o, const void *p, size_t n);

static inline void rn_out_put(struct rn_out *o, const void *p, size_t n)
{
    if (n < o->cap - o->len && o->err == RN_OK) {
        memcpy(o->buf + o->len, p, n);
        o->len += n;
        return;
    }
    rn_out_put_split(o, p, n);
}

static inline void rn_out_byte(struct rn_out *o, uint8_t b)
{
    if (o->len + 1 < o->cap && o->err == RN_OK) {
        o->buf[o->len++] = b;
        return;
    }
    rn_out_put_split(o, &b, 1);
}

/* Room for `n` contiguous bytes without draining: the place to write them,
 * or NULL when the buffer is too full (then compose elsewhere and rn_out_put).
 * After writing m <= n bytes add m to `len`. Keeps one byte free so that the
 * buffer is never left exactly full.
 */
static inline uint8_t *rn_out_room(struct rn_out *o, size_t n)
{
    return n < o->cap - o->len && o->err == RN_OK ? o->buf + o->len : NULL;
}

/* Bytes accepted since rn_out_init. */
static inline uint64_t rn_out_total(const struct rn_out *o)
{
    return o->total + o->len;
}

/* Drain what waits. Returns o->err. */
int rn_out_flush(struct rn_out *o);

/* Remember a failure if it is the first. Returns o->err. */
int rn_out_fail(struct rn_out *o, int err);

#endif
