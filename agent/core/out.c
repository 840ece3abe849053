/* core/out.c: see runnel/out.h. */
#include "runnel/out.h"

void rn_out_init(struct rn_out *o, void *buf, size_t cap,
                 int (*drain)(struct rn_out *o))
{
    RN_ASSERT(cap > 0);
    o->buf = buf;
    o->cap = cap;
    o->len = 0;
    o->total = 0;
    o->err = RN_OK;
    o->drain = drain;
}

int rn_out_fail(struct rn_out *o, int err)
{
    if (o->err == RN_OK)
        o->err = err;
    o->len = 0;
    return o->err;
}

int rn_out_flush(struct rn_out *o)
{
    size_t len = o->len;
    int err;

    if (o->err != RN_OK || len == 0)
        return o->err;
    err = o->drain(o);
    if (err < 0)
        return rn_out_fail(o, err);
    o->total += len;
    o->len = 0;
    return RN_OK;
}

void rn_out_put_split(struct rn_out *o, const void *p, size_t n)
{
    const uint8_t *from = p;

    while (n > 0 && o->err == RN_OK) {
        size_t room = o->cap - o->len;
        size_t take = n < room ? n : room;

        memcpy(o->buf + o->len, from, take);
        o->len += take;
        from += take;
        n -= take;
        if (o->len == o->cap)
            rn_out_flush(o);
    }
}
