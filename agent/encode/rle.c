/* encode/rle.c: see encode/rle.h.
 *
 * While `repeat` is below 8 the values since the last group's end are in
 * `wait`. From 8 on all of them are equal and only counted; `wait` is empty.
 */
#include "encode/rle.h"

#include <string.h>

#include "encode/bits.h"

/* Groups of a packed run are counted in one byte, in which a bit says that it
 * is packed, and another is left for a varint that goes on.
 */
#define GROUPS_MAX 63u

/* The longest run's count as a varint. */
#define COUNT_MAX 5u

static unsigned value_bytes(unsigned width)
{
    return (width + 7) / 8;
}

/* A run in the middle of packed values costs a count, the value, and the
 * header of the packed run that follows.
 */
static unsigned worth_of(unsigned width)
{
    return ((2 + value_bytes(width)) / width + 1) * 8;
}

/* What a value may bring about: a run, or equal groups that are too few for
 * one, and then the value's own group.
 */
static size_t reserve_of(unsigned width)
{
    size_t groups = worth_of(width) / 8;
    size_t packed = 2 + groups * width;
    size_t run = COUNT_MAX + value_bytes(width);

    return (packed > run ? packed : run) + 1 + width;
}

size_t rn_rle_least(unsigned width)
{
    return reserve_of(width);
}

void rn_rle_begin(struct rn_rle *r, uint8_t *p, uint32_t cap, unsigned width)
{
    RN_ASSERT(width >= 1 && width <= RN_RLE_WIDTH_MAX);
    RN_ASSERT(cap >= reserve_of(width));
    r->p = p;
    r->len = 0;
    r->limit = cap - (uint32_t)reserve_of(width);
    r->head = 0;
    r->last = 0;
    r->repeat = 0;
    r->width = (uint8_t)width;
    r->worth = (uint8_t)worth_of(width);
    r->n = 0;
    r->groups = 0;
}

static uint64_t pack_four(const uint16_t *v, unsigned width)
{
    return (uint64_t)v[0] | (uint64_t)v[1] << width |
           (uint64_t)v[2] << (2 * width) | (uint64_t)v[3] << (3 * width);
}

/* `wait` into `width` bytes. */
static void pack(struct rn_rle *r)
{
    uint64_t low = pack_four(r->wait, r->width);
    uint64_t high = pack_four(r->wait + 4, r->width);
    unsigned half = 4u * r->width;
    uint8_t bytes[16];

    if (half < 64) {
        low |= high << half;
        high >>= 64 - half;
    }
    rn_put_le64(bytes, low);
    rn_put_le64(bytes + 8, high);
    memcpy(r->p + r->len, bytes, r->width);
    r->len += r->width;
}

static void put_group(struct rn_rle *r)
{
    if (r->groups == 0 || r->groups == GROUPS_MAX) {
        r->head = r->len++;
        r->groups = 0;
    }
    r->groups++;
    r->p[r->head] = (uint8_t)(r->groups << 1 | 1);
    pack(r);
    r->n = 0;
}

static void put_run(struct rn_rle *r)
{
    uint8_t *to = rn_put_uleb(r->p + r->len, (uint64_t)r->repeat << 1);

    *to++ = (uint8_t)r->last;
    if (r->width > 8)
        *to++ = (uint8_t)(r->last >> 8);
    r->len = (uint32_t)(to - r->p);
    r->n = 0;
    r->groups = 0;
}

/* Another value ends what repeated. */
static void break_run(struct rn_rle *r)
{
    if (r->repeat >= r->worth) {
        put_run(r);
        return;
    }
    for (unsigned i = 0; i < 8; i++)
        r->wait[i] = (uint16_t)r->last;
    for (; r->repeat >= 8; r->repeat -= 8)
        put_group(r);
    r->n = (uint8_t)r->repeat;
}

bool rn_rle_put_new(struct rn_rle *r, uint32_t v)
{
    if (!rn_rle_room(r))
        return false;
    if (v != r->last || r->repeat == 0) {
        if (r->repeat >= 8)
            break_run(r);
        r->last = v;
        r->repeat = 0;
    }
    r->wait[r->n++] = (uint16_t)v;
    r->repeat++;
    if (r->n < 8)
        return true;
    if (r->repeat == 8) {
        r->n = 0;
        return true;
    }
    put_group(r);
    r->repeat = 0;
    return true;
}

uint32_t rn_rle_end(struct rn_rle *r)
{
    if (r->repeat >= 8 || (r->n > 0 && r->repeat == r->n)) {
        put_run(r);
    } else if (r->n > 0) {
        memset(r->wait + r->n, 0, (8u - r->n) * sizeof(r->wait[0]));
        put_group(r);
    }
    r->repeat = 0;
    return r->len;
}
