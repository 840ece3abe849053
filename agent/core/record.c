/* core/record.c: see core/record.h. */
#include "core/record.h"

#include <string.h>

void rn_record_open(struct rn_record *r, uint8_t *p, size_t cap)
{
    r->p = p;
    r->at = 0;
    r->cap = cap;
    r->bad = false;
}

/* The place of the next `n` bytes, or NULL. */
static uint8_t *step(struct rn_record *r, size_t n)
{
    uint8_t *p = r->p + r->at;

    if (r->bad || n > r->cap - r->at) {
        r->bad = true;
        return NULL;
    }
    r->at += n;
    return p;
}

void rn_record_put(struct rn_record *r, uint64_t value, unsigned bytes)
{
    uint8_t *to = step(r, bytes);

    for (unsigned i = 0; to && i < bytes; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

uint64_t rn_record_get(struct rn_record *r, unsigned bytes)
{
    const uint8_t *from = step(r, bytes);
    uint64_t value = 0;

    for (unsigned i = 0; from && i < bytes; i++)
        value |= (uint64_t)from[i] << (8 * i);
    return value;
}

void rn_record_put_bool(struct rn_record *r, bool value)
{
    rn_record_put(r, value, 1);
}

bool rn_record_get_bool(struct rn_record *r)
{
    uint64_t value = rn_record_get(r, 1);

    if (value > 1)
        r->bad = true;
    return value == 1;
}

void rn_record_put_f64(struct rn_record *r, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    rn_record_put(r, bits, 8);
}

double rn_record_get_f64(struct rn_record *r)
{
    uint64_t bits = rn_record_get(r, 8);
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

void rn_record_put_raw(struct rn_record *r, const void *p, size_t n)
{
    uint8_t *to = step(r, n);

    if (to && n > 0)
        memcpy(to, p, n);
}

void rn_record_get_raw(struct rn_record *r, void *to, size_t n)
{
    const uint8_t *from = step(r, n);

    if (from && n > 0)
        memcpy(to, from, n);
    else if (n > 0)
        memset(to, 0, n);
}

void rn_record_put_bytes(struct rn_record *r, const void *p, size_t n)
{
    if (n > UINT16_MAX)
        r->bad = true;
    rn_record_put(r, n, 2);
    rn_record_put_raw(r, p, n);
}

size_t rn_record_get_bytes(struct rn_record *r, void *to, size_t cap)
{
    size_t n = (size_t)rn_record_get(r, 2);

    if (n > cap)
        r->bad = true;
    if (r->bad)
        return 0;
    rn_record_get_raw(r, to, n);
    return r->bad ? 0 : n;
}

void rn_record_put_text(struct rn_record *r, const char *text)
{
    rn_record_put_bytes(r, text, strlen(text));
}

void rn_record_get_text(struct rn_record *r, char *to, size_t cap)
{
    size_t n = rn_record_get_bytes(r, to, cap - 1);

    to[n] = 0;
    if (strlen(to) != n)
        r->bad = true;
}
