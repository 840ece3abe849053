/* sink.h: for tests: a stream with a buffer of any size that keeps what it
 * got, and fails when it is told to.
 */
#ifndef TESTS_SINK_H
#define TESTS_SINK_H

#include <string.h>

#include "runnel/out.h"

struct sink {
    struct rn_out out;
    uint8_t buf[70000];
    uint8_t *got;
    size_t n, cap;
    int fail_at; /* which drain fails, from 0; -1: none */
    int drains;
};

static inline int sink_drain(struct rn_out *o)
{
    struct sink *s = (struct sink *)o;

    if (s->drains++ == s->fail_at)
        return RN_E_LINK;
    if (o->len > s->cap - s->n)
        return RN_E_FULL;
    memcpy(s->got + s->n, o->buf, o->len);
    s->n += o->len;
    return RN_OK;
}

static inline void sink_init(struct sink *s, size_t size, void *got, size_t cap)
{
    rn_out_init(&s->out, s->buf, size, sink_drain);
    s->got = got;
    s->cap = cap;
    s->n = 0;
    s->fail_at = -1;
    s->drains = 0;
}

#endif
