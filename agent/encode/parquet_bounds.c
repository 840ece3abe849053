/* encode/parquet_bounds.c: see encode/parquet_bounds.h. */
#include "encode/parquet_bounds.h"

#include <string.h>

#include "encode/bits.h"
#include "encode/parquet_plain.h"

/* U+10FFFF and the surrogates, which no text has. */
#define CHAR_MAX_POINT UINT32_C(0x10ffff)
#define SURROGATES     UINT32_C(0xd800)
#define SURROGATES_END UINT32_C(0xe000)

static bool is_bytes(const struct rn_pq_type *type)
{
    return type->physical == RN_PQ_BYTE_ARRAY || type->physical == RN_PQ_FIXED;
}

void rn_pq_bounds_clear(struct rn_pq_bounds *b)
{
    b->any = false;
}

/* The first eight bytes as a number that compares as they do; short values are
 * filled up with zeros. A sign is turned over: negative values come first.
 */
static uint64_t lead_of(const struct rn_pq_type *type, struct rn_bytes v)
{
    uint64_t lead = 0;

    if (v.n >= 8) {
        lead = rn_get_be64(v.p);
    } else if (v.n > 0) {
        for (size_t i = 0; i < v.n; i++)
            lead = lead << 8 | v.p[i];
        lead <<= 64 - 8 * v.n;
    }
    if (type->order == RN_PQ_ORDER_SIGNED_BYTES)
        lead ^= UINT64_C(1) << 63;
    return lead;
}

/* Bytes as a bound has them: the first, and whether there are more. */
struct start {
    const uint8_t *p;
    uint64_t lead;
    size_t n;
    bool cut;
};

static struct start start_of(struct rn_bytes v, uint64_t lead)
{
    struct start s = { v.p, lead, v.n, v.n > RN_PQ_BOUND };

    if (s.cut)
        s.n = RN_PQ_BOUND;
    return s;
}

static struct start start_of_bound(const struct rn_pq_bound *b)
{
    return (struct start){ b->bytes, b->lead, b->len, b->cut };
}

/* Of equal starts the one that goes on is greater. */
static int compare(struct start a, struct start b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c;

    if (a.lead != b.lead)
        return a.lead < b.lead ? -1 : 1;
    c = n > 8 ? memcmp(a.p + 8, b.p + 8, n - 8) : 0;
    if (c == 0)
        c = (a.n > b.n) - (a.n < b.n);
    return c != 0 ? c : a.cut - b.cut;
}

static void keep(struct rn_pq_bound *b, struct start s)
{
    b->lead = s.lead;
    b->len = (uint8_t)s.n;
    b->cut = s.cut;
    if (s.n > 0)
        memcpy(b->bytes, s.p, s.n);
}

static void add_bytes(struct rn_pq_bounds *b, struct rn_bytes v, uint64_t lead)
{
    struct start s;

    if (b->any && lead > b->min.lead && lead < b->max.lead)
        return;
    s = start_of(v, lead);
    if (!b->any || compare(s, start_of_bound(&b->min)) < 0)
        keep(&b->min, s);
    if (!b->any || compare(s, start_of_bound(&b->max)) > 0)
        keep(&b->max, s);
    b->any = true;
}

static void add_float(struct rn_pq_bounds *b, double v)
{
    if (v != v)
        return;
    if (!b->any || v < b->min.f)
        b->min.f = v;
    if (!b->any || v > b->max.f)
        b->max.f = v;
    b->any = true;
}

static void add_signed(struct rn_pq_bounds *b, int64_t v)
{
    if (!b->any || v < b->min.i)
        b->min.i = v;
    if (!b->any || v > b->max.i)
        b->max.i = v;
    b->any = true;
}

void rn_pq_bounds_add(struct rn_pq_bounds *b, const struct rn_pq_type *type,
                      const struct rn_pq_value *value)
{
    if (type->order == RN_PQ_ORDER_SIGNED)
        add_signed(b, value->i);
    else if (type->order == RN_PQ_ORDER_FLOAT)
        add_float(b, value->f);
    else
        add_bytes(b, value->bytes, lead_of(type, value->bytes));
}

void rn_pq_bounds_join(struct rn_pq_bounds *b, const struct rn_pq_type *type,
                       const struct rn_pq_bounds *more)
{
    if (!more->any)
        return;
    if (!b->any) {
        *b = *more;
    } else if (type->order == RN_PQ_ORDER_SIGNED) {
        add_signed(b, more->min.i);
        add_signed(b, more->max.i);
    } else if (type->order == RN_PQ_ORDER_FLOAT) {
        add_float(b, more->min.f);
        add_float(b, more->max.f);
    } else {
        struct start least = start_of_bound(&more->min);
        struct start greatest = start_of_bound(&more->max);

        if (compare(least, start_of_bound(&b->min)) < 0)
            keep(&b->min, least);
        if (compare(greatest, start_of_bound(&b->max)) > 0)
            keep(&b->max, greatest);
    }
}

/* A zero is written with the sign that bounds zeros of both. */
static void put_number(const struct rn_pq_type *type,
                       const struct rn_pq_bound *b, double zero, uint8_t *to,
                       size_t *n)
{
    struct rn_pq_value value = { .i = 0 };
    uint8_t room[8];
    struct rn_bytes plain;

    if (type->order == RN_PQ_ORDER_FLOAT)
        value.f = b->f == 0.0 ? zero : b->f;
    else
        value.i = b->i;
    plain = rn_pq_plain(type, &value, room);
    memcpy(to, plain.p, plain.n);
    *n = plain.n;
}

/* Where the last character of n > 0 bytes begins. */
static size_t last_char(const uint8_t *p, size_t n)
{
    size_t at = n - 1;

    while (at > 0 && (p[at] & 0xc0) == 0x80)
        at--;
    return at;
}

static size_t char_bytes(uint8_t first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xe0)
        return 2;
    return first < 0xf0 ? 3 : 4;
}

/* Without the character that a cut went through. */
static size_t whole_chars(const uint8_t *p, size_t n)
{
    size_t at;

    if (n == 0)
        return 0;
    at = last_char(p, n);
    return at + char_bytes(p[at]) > n ? at : n;
}

static uint32_t get_char(const uint8_t *p, size_t n)
{
    static const uint8_t bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    uint32_t c = p[0] & bits[n];

    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3f);
    return c;
}

static size_t put_char(uint32_t c, uint8_t *to)
{
    static const uint8_t mark[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        to[i] = (uint8_t)(0x80 | (c & 0x3f));
    to[0] = (uint8_t)(mark[n] | c);
    return n;
}

/* The next greater text of whole characters, or 0. A character that has no
 * successor is dropped, and so is one whose successor is longer than the room:
 * what is shorter and greater bounds as well.
 */
static size_t raise_text(uint8_t *p, size_t n)
{
    for (n = whole_chars(p, n); n > 0;) {
        size_t at = last_char(p, n);
        uint32_t c = get_char(p + at, n - at) + 1;
        uint8_t next[4];
        size_t len;

        n = at;
        if (c > CHAR_MAX_POINT)
            continue;
        len = put_char(c == SURROGATES ? SURROGATES_END : c, next);
        if (len > RN_PQ_BOUND - at)
            continue;
        memcpy(p + at, next, len);
        return at + len;
    }
    return 0;
}

static size_t raise_bytes(uint8_t *p, size_t n)
{
    while (n > 0 && p[n - 1] == 0xff)
        n--;
    if (n > 0)
        p[n - 1]++;
    return n;
}

static size_t put_bytes(const struct rn_pq_bound *b, uint8_t *to)
{
    memcpy(to, b->bytes, b->len);
    return b->len;
}

bool rn_pq_bounds_min(const struct rn_pq_bounds *b,
                      const struct rn_pq_type *type, uint8_t *to, size_t *n,
                      bool *exact)
{
    if (!b->any)
        return false;
    *exact = true;
    if (!is_bytes(type)) {
        put_number(type, &b->min, -0.0, to, n);
        return true;
    }
    *n = put_bytes(&b->min, to);
    *exact = !b->min.cut;
    if (b->min.cut && type->utf8)
        *n = whole_chars(to, *n);
    return true;
}

bool rn_pq_bounds_max(const struct rn_pq_bounds *b,
                      const struct rn_pq_type *type, uint8_t *to, size_t *n,
                      bool *exact)
{
    if (!b->any)
        return false;
    *exact = true;
    if (!is_bytes(type)) {
        put_number(type, &b->max, 0.0, to, n);
        return true;
    }
    *n = put_bytes(&b->max, to);
    if (!b->max.cut)
        return true;
    *exact = false;
    *n = type->utf8 ? raise_text(to, *n) : raise_bytes(to, *n);
    return *n > 0;
}
