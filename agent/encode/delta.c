/* encode/delta.c: see encode/delta.h. */
#include "encode/delta.h"

#include "encode/bits.h"

#define MINI  32u
#define MINIS (RN_DELTA_BLOCK / MINI)

/* Least difference, and a width for each miniblock. */
#define BLOCK_HEAD (10u + MINIS)

/* A block of the widest differences. */
#define BLOCK_MAX (BLOCK_HEAD + RN_DELTA_BLOCK * 8)

void rn_delta_begin(struct rn_delta *d, uint8_t *p, uint32_t cap, int64_t *wait,
                    bool narrow)
{
    d->p = p;
    d->wait = wait;
    d->cap = cap;
    d->len = 0;
    d->count = 0;
    d->n = 0;
    d->narrow = narrow;
    d->first = 0;
    d->last = 0;
    d->min = INT64_MAX;
    d->max = INT64_MIN;
}

/* Modulo 2^32 or 2^64, as readers add. */
static int64_t difference(const struct rn_delta *d, int64_t v)
{
    uint64_t delta = (uint64_t)v - (uint64_t)d->last;

    return d->narrow ? (int64_t)(int32_t)(uint32_t)delta : (int64_t)delta;
}

/* 32 values of `width` bits, which is 4 * width bytes. */
static uint8_t *pack_mini(uint8_t *to, const int64_t *v, uint64_t min,
                          unsigned width)
{
    uint64_t bits = 0;
    unsigned used = 0;

    if (width == 0)
        return to;
    for (unsigned i = 0; i < MINI; i++) {
        uint64_t x = (uint64_t)v[i] - min;

        bits |= x << used;
        used += width;
        if (used < 64)
            continue;
        rn_put_le64(to, bits);
        to += 8;
        used -= 64;
        bits = used > 0 ? x >> (width - used) : 0;
    }
    if (used > 0) { /* an odd number of times 32 bits */
        rn_put_le32(to, (uint32_t)bits);
        to += 4;
    }
    return to;
}

static unsigned mini_width(const int64_t *v, uint64_t min)
{
    uint64_t all = 0;

    for (unsigned i = 0; i < MINI; i++)
        all |= (uint64_t)v[i] - min;
    return rn_bit_width(all);
}

static void put_block(struct rn_delta *d)
{
    uint64_t min = (uint64_t)d->min;
    uint8_t *to = rn_put_uleb(d->p + d->len, rn_zigzag(d->min));
    uint8_t *width = to;

    for (; d->n % MINI != 0; d->n++)
        d->wait[d->n] = d->min;
    to += MINIS;
    for (unsigned i = 0; i < MINIS; i++) {
        const int64_t *v = d->wait + (size_t)i * MINI;

        width[i] = (uint8_t)(i * MINI < d->n ? mini_width(v, min) : 0);
        to = pack_mini(to, v, min, width[i]);
    }
    d->len = (uint32_t)(to - d->p);
    d->n = 0;
    d->min = INT64_MAX;
    d->max = INT64_MIN;
}

/* Is there room for the open block with one more difference, when all of them
 * are in min .. max?
 */
static bool fits(const struct rn_delta *d, int64_t min, int64_t max)
{
    unsigned width = rn_bit_width((uint64_t)max - (uint64_t)min);
    uint32_t minis = d->n / MINI + 1;

    return BLOCK_HEAD + minis * (MINI / 8) * width <= d->cap - d->len;
}

bool rn_delta_put(struct rn_delta *d, int64_t v)
{
    int64_t delta, min, max;

    if (d->count == 0) {
        d->first = v;
        d->last = v;
        d->count = 1;
        return true;
    }
    delta = difference(d, v);
    min = delta < d->min ? delta : d->min;
    max = delta > d->max ? delta : d->max;
    if (d->cap - d->len < BLOCK_MAX && !fits(d, min, max))
        return false;
    d->min = min;
    d->max = max;
    d->last = v;
    d->count++;
    d->wait[d->n++] = delta;
    if (d->n == RN_DELTA_BLOCK)
        put_block(d);
    return true;
}

size_t rn_delta_end(struct rn_delta *d, uint8_t head[RN_DELTA_HEAD])
{
    uint8_t *to = head;

    if (d->n > 0)
        put_block(d);
    to = rn_put_uleb(to, RN_DELTA_BLOCK);
    to = rn_put_uleb(to, MINIS);
    to = rn_put_uleb(to, d->count);
    to = rn_put_uleb(to, rn_zigzag(d->first));
    return (size_t)(to - head);
}
