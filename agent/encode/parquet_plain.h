/* encode/parquet_plain.h: PLAIN, one value. */
#ifndef ENCODE_PARQUET_PLAIN_H
#define ENCODE_PARQUET_PLAIN_H

#include <string.h>

#include "encode/bits.h"
#include "encode/parquet_type.h"

static inline uint32_t rn_pq_float_bits(double v)
{
    float f = (float)v;
    uint32_t bits;

    memcpy(&bits, &f, sizeof(bits));
    return bits;
}

static inline uint64_t rn_pq_double_bits(double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof(bits));
    return bits;
}

/* A number's bits; not for BYTE_ARRAY and FIXED. */
static inline uint64_t rn_pq_number_bits(const struct rn_pq_type *type,
                                         const struct rn_pq_value *value)
{
    if (type->physical == RN_PQ_FLOAT)
        return rn_pq_float_bits(value->f);
    if (type->physical == RN_PQ_DOUBLE)
        return rn_pq_double_bits(value->f);
    return (uint64_t)value->i;
}

/* The plain encoding, of BYTE_ARRAY without its length; in `room` or where the
 * value has it. A BOOLEAN takes a byte, as in statistics.
 */
static inline struct rn_bytes rn_pq_plain(const struct rn_pq_type *type,
                                          const struct rn_pq_value *value,
                                          uint8_t room[8])
{
    struct rn_bytes plain = { room, 8 };

    if (type->physical == RN_PQ_BYTE_ARRAY || type->physical == RN_PQ_FIXED)
        return value->bytes;
    rn_put_le64(room, rn_pq_number_bits(type, value));
    if (type->physical == RN_PQ_BOOLEAN)
        plain.n = 1;
    else if (type->physical == RN_PQ_INT32 || type->physical == RN_PQ_FLOAT)
        plain.n = 4;
    return plain;
}

#endif
