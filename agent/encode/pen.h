/* encode/pen.h: writes a row into an rn_out with one bounds check a cell.
 *
 *     open -> take, give ... put ... -> close
 *
 * While a row is written the pen holds the stream's place, so that it stays in
 * registers. Small things are composed right in the stream's buffer when it has
 * room, else in the pen's spare and put from there: the code that composes
 * them is the same, and so are the bytes, whatever the buffer's size.
 */
#ifndef ENCODE_PEN_H
#define ENCODE_PEN_H

#include <string.h>

#include "runnel/out.h"

/* The most that one take may ask for. */
#define RN_PEN_TAKE 192

struct rn_pen {
    struct rn_out *out;
    uint8_t *at;  /* where the next byte goes                      */
    uint8_t *end; /* what must stay free of the buffer begins here */
    uint8_t spare[RN_PEN_TAKE];
};

static inline void rn_pen_open(struct rn_pen *p, struct rn_out *out)
{
    p->out = out;
    p->at = out->buf + out->len;
    p->end = out->err == RN_OK ? out->buf + out->cap - 1 : p->at;
}

static inline void rn_pen_close(struct rn_pen *p)
{
    if (p->out->err == RN_OK)
        p->out->len = (size_t)(p->at - p->out->buf);
}

static inline size_t rn_pen_room(const struct rn_pen *p)
{
    return (size_t)(p->end - p->at);
}

/* Any number of bytes, through the stream where there is no room. */
static inline void rn_pen_put(struct rn_pen *p, const void *from, size_t n)
{
    if (n == 0)
        return;
    if (n <= rn_pen_room(p)) {
        memcpy(p->at, from, n);
        p->at += n;
        return;
    }
    rn_pen_close(p);
    rn_out_put(p->out, from, n);
    rn_pen_open(p, p->out);
}

static inline void rn_pen_byte(struct rn_pen *p, uint8_t b)
{
    if (p->at < p->end)
        *p->at++ = b;
    else
        rn_pen_put(p, &b, 1);
}

/* A place for up to RN_PEN_TAKE bytes; give() gets where they end. */
static inline uint8_t *rn_pen_take(struct rn_pen *p)
{
    return rn_pen_room(p) >= RN_PEN_TAKE ? p->at : p->spare;
}

static inline void rn_pen_give(struct rn_pen *p, uint8_t *from, uint8_t *end)
{
    if (from == p->at)
        p->at = end;
    else
        rn_pen_put(p, from, (size_t)(end - from));
}

#endif
