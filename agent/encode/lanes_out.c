/* encode/lanes_out.c: see encode/lanes_out.h. */
#include "encode/lanes_out.h"

static int drain(struct rn_out *out)
{
    struct rn_lanes_out *o = (struct rn_lanes_out *)out;
    struct rn_lanes *l = o->lanes;

    return o->head ? l->head(l, o->lane, out->buf, out->len)
                   : l->put(l, o->lane, out->buf, out->len);
}

void rn_lanes_out_init(struct rn_lanes_out *o, void *buf, size_t cap)
{
    rn_out_init(&o->out, buf, cap, drain);
}
