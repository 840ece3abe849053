/* encode/parquet_dictionary.c: see encode/parquet_dictionary.h.
 *
 *     | values ->  ...  <- places | table |
 *
 * Open addressing, the next slot on a collision; at most three quarters of the
 * slots are used. A slot holds 16 bits of the hash besides the number, so a
 * value that is not there is hardly ever compared.
 */
#include "encode/parquet_dictionary.h"

#include <string.h>

#include "encode/bits.h"

/* Three quarters of these are more than there are numbers. */
#define SLOTS_MAX (UINT32_C(1) << 17)

/* Odd, and with no pattern in their bits. */
#define MIX1 UINT64_C(0x9e3779b97f4a7c15)
#define MIX2 UINT64_C(0xd6e8feb86659fd93)

static uint32_t place_bytes(const struct rn_pq_dictionary *d)
{
    return d->size == 0 ? sizeof(*d->at) : 0;
}

/* A number's slot costs about as much as the number itself, so half of the
 * slice is table; of longer values fewer fit, which need fewer slots.
 */
void rn_pq_dictionary_init(struct rn_pq_dictionary *d,
                           const struct rn_pq_type *type, uint8_t *slice,
                           size_t n)
{
    bool number =
        type->physical != RN_PQ_BYTE_ARRAY && type->physical != RN_PQ_FIXED;
    size_t table = number ? n / 2 : n / 8 * 3;
    uint32_t slots = 2;
    size_t room;

    RN_ASSERT(n >= RN_PQ_DICTIONARY_MIN && n <= INT32_MAX);
    RN_ASSERT(((uintptr_t)slice & 15) == 0);
    d->shift = 63;
    for (; slots * 2 * sizeof(*d->slot) <= table && slots < SLOTS_MAX;
         slots *= 2)
        d->shift--;
    room = (n - slots * sizeof(*d->slot)) & ~(size_t)15;
    d->values = slice;
    d->slot = (uint32_t *)(void *)(slice + room);
    d->at = d->slot;
    d->room = (uint32_t)room;
    d->slots = slots;
    d->most = slots / 4 * 3;
    if (d->most > RN_PQ_NUMBERS_MAX)
        d->most = RN_PQ_NUMBERS_MAX;
    d->size = type->length;
    if (number)
        d->size = type->physical == RN_PQ_INT32 || type->physical == RN_PQ_FLOAT
                      ? 4
                      : 8;
    rn_pq_dictionary_clear(d);
}

void rn_pq_dictionary_clear(struct rn_pq_dictionary *d)
{
    memset(d->slot, 0, d->slots * sizeof(*d->slot));
    d->used = 0;
    d->len = 0;
    d->count = 0;
}

static uint64_t mix(uint64_t v)
{
    v *= MIX1;
    v ^= v >> 32;
    return v * MIX2;
}

static uint64_t load(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

/* The last bytes, up to eight of them. */
static uint64_t load_few(const uint8_t *p, size_t n)
{
    uint32_t a, b;

    if (n >= 4) {
        memcpy(&a, p, sizeof(a));
        memcpy(&b, p + n - 4, sizeof(b));
        return (uint64_t)a << 32 | b;
    }
    return n == 0 ? 0
                  : (uint32_t)p[0] << 16 | (uint32_t)p[n / 2] << 8 | p[n - 1];
}

/* Only this process ever sees it: byte order does not matter. */
static uint64_t hash_bytes(struct rn_bytes b)
{
    const uint8_t *p = b.p;
    uint64_t h = b.n * MIX2;
    size_t n = b.n;

    for (; n > 8; p += 8, n -= 8) {
        h = (h ^ load(p)) * MIX1;
        h ^= h >> 32;
    }
    return mix(h ^ load_few(p, n));
}

/* What a slot has of a hash: bits that do not say where the slot is. */
static uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)hash & UINT32_C(0xffff0000);
}

/* Make room for a value in the free slot `at`. NULL: there is none. */
static uint8_t *take(struct rn_pq_dictionary *d, uint32_t at, uint64_t hash,
                     size_t n)
{
    uint8_t *to = d->values + d->len;

    n += place_bytes(d);
    if (d->count == d->most || n > d->room - d->used)
        return NULL;
    d->used += (uint32_t)n;
    d->len += (uint32_t)n - place_bytes(d);
    d->count++;
    d->slot[at] = tag_of(hash) | d->count;
    return to;
}

static bool same_number(const struct rn_pq_dictionary *d, uint32_t number,
                        uint64_t value)
{
    if (d->size == 4)
        return rn_get_le32(d->values + (size_t)number * 4) == (uint32_t)value;
    return rn_get_le64(d->values + (size_t)number * 8) == value;
}

uint32_t rn_pq_dictionary_number(struct rn_pq_dictionary *d, uint64_t value)
{
    uint64_t hash = mix(value);
    uint32_t at = (uint32_t)(hash >> d->shift);
    uint32_t slot;
    uint8_t *to;

    for (; (slot = d->slot[at]) != 0; at = (at + 1) & (d->slots - 1)) {
        if (((slot ^ tag_of(hash)) >> 16) == 0 &&
            same_number(d, (slot & 0xffff) - 1, value))
            return (slot & 0xffff) - 1;
    }
    to = take(d, at, hash, d->size);
    if (to == NULL)
        return RN_PQ_NO_NUMBER;
    if (d->size == 4)
        rn_put_le32(to, (uint32_t)value);
    else
        rn_put_le64(to, value);
    return d->count - 1;
}

static bool same_bytes(const struct rn_pq_dictionary *d, uint32_t number,
                       struct rn_bytes value)
{
    const uint8_t *p;

    if (d->size > 0)
        return memcmp(d->values + (size_t)number * d->size, value.p, d->size) ==
               0;
    p = d->values + d->at[-1 - (ptrdiff_t)number];
    return rn_get_le32(p) == value.n &&
           (value.n == 0 || memcmp(p + 4, value.p, value.n) == 0);
}

uint32_t rn_pq_dictionary_bytes(struct rn_pq_dictionary *d,
                                struct rn_bytes value)
{
    size_t prefix = d->size == 0 ? 4 : 0;
    uint64_t hash;
    uint32_t at, slot;
    uint8_t *to;

    if (value.n > d->room)
        return RN_PQ_NO_NUMBER;
    hash = hash_bytes(value);
    at = (uint32_t)(hash >> d->shift);
    for (; (slot = d->slot[at]) != 0; at = (at + 1) & (d->slots - 1)) {
        if (((slot ^ tag_of(hash)) >> 16) == 0 &&
            same_bytes(d, (slot & 0xffff) - 1, value))
            return (slot & 0xffff) - 1;
    }
    to = take(d, at, hash, prefix + value.n);
    if (to == NULL)
        return RN_PQ_NO_NUMBER;
    if (prefix > 0) {
        d->at[-(ptrdiff_t)d->count] = (uint32_t)(to - d->values);
        rn_put_le32(to, (uint32_t)value.n);
    }
    if (value.n > 0)
        memcpy(to + prefix, value.p, value.n);
    return d->count - 1;
}
