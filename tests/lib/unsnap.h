/* unsnap.h: for tests: reads snappy's raw format, as its format description
 * says and without the library that wrote it.
 */
#ifndef TESTS_UNSNAP_H
#define TESTS_UNSNAP_H

#include <string.h>

#include "runnel/base.h"

struct unsnap {
    const uint8_t *p, *end; /* what is left to read */
    uint8_t *to;
    size_t n, cap; /* bytes written, room */
};

/* The little-endian number of so many bytes; false: they are not there. */
static inline bool unsnap_number(struct unsnap *u, size_t bytes, size_t *v)
{
    if ((size_t)(u->end - u->p) < bytes)
        return false;
    *v = 0;
    for (size_t i = 0; i < bytes; i++)
        *v |= (size_t)*u->p++ << 8 * i;
    return true;
}

static inline bool unsnap_literal(struct unsnap *u, size_t len)
{
    if (len > 60) {
        if (!unsnap_number(u, len - 60, &len))
            return false;
        len++;
    }
    if (len > (size_t)(u->end - u->p) || len > u->cap - u->n)
        return false;
    memcpy(u->to + u->n, u->p, len);
    u->p += len;
    u->n += len;
    return true;
}

static inline bool unsnap_copy(struct unsnap *u, size_t len, size_t back)
{
    if (back == 0 || back > u->n || len > u->cap - u->n)
        return false;
    for (; len > 0; len--, u->n++)
        u->to[u->n] = u->to[u->n - back];
    return true;
}

static inline bool unsnap_element(struct unsnap *u)
{
    static const size_t bytes[] = { 0, 1, 2, 4 };
    unsigned tag = *u->p++, kind = tag & 3;
    size_t len = (tag >> 2) + 1, back;

    if (kind == 0)
        return unsnap_literal(u, len);
    if (!unsnap_number(u, bytes[kind], &back))
        return false;
    if (kind == 1) {
        len = (tag >> 2 & 7) + 4;
        back |= (size_t)(tag >> 5) << 8;
    }
    return unsnap_copy(u, len, back);
}

/* Bytes written to `to`, which has room for `cap`; -1: it is not snappy's
 * format, or does not fit.
 */
static inline int64_t unsnap(struct rn_bytes from, uint8_t *to, size_t cap)
{
    struct unsnap u = { from.p, from.p + from.n, to, 0, cap };
    uint64_t all = 0;

    for (unsigned shift = 0;; shift += 7) {
        if (u.p == u.end || shift > 28)
            return -1;
        all |= (uint64_t)(*u.p & 0x7f) << shift;
        if (*u.p++ < 0x80)
            break;
    }
    while (u.p < u.end) {
        if (!unsnap_element(&u))
            return -1;
    }
    return u.n == all ? (int64_t)u.n : -1;
}

#endif
