/* encode/parquet_type.h: how a column of a query becomes a Parquet column.
 *
 *   column      physical      length    logical type
 *   ----------  ------------  --------  ------------------------------------
 *   bool        BOOLEAN
 *   integer     INT32, INT64            INT(8|16|32|64, signed); none for 64
 *   double      FLOAT, DOUBLE
 *   decimal     INT32         p <= 9    DECIMAL(p, s)
 *               INT64         p <= 18
 *               FIXED         as small as p allows, 16 for 38 digits
 *   date        INT32                   DATE
 *   time        INT32, INT64            TIME(MILLIS, MICROS; local)
 *   timestamp   INT64                   TIMESTAMP(MILLIS, MICROS; UTC or local)
 *   text        BYTE_ARRAY              STRING, JSON
 *   blob        BYTE_ARRAY
 *   uuid        FIXED         16        UUID
 *
 * Format: parquet.thrift and LogicalTypes.md of the Parquet format 2.10.
 */
#ifndef ENCODE_PARQUET_TYPE_H
#define ENCODE_PARQUET_TYPE_H

#include "runnel/row.h"

/* parquet.thrift, enum Type */
enum rn_pq_physical {
    RN_PQ_BOOLEAN = 0,
    RN_PQ_INT32 = 1,
    RN_PQ_INT64 = 2,
    RN_PQ_FLOAT = 4,
    RN_PQ_DOUBLE = 5,
    RN_PQ_BYTE_ARRAY = 6,
    RN_PQ_FIXED = 7
};

/* parquet.thrift, enum Encoding */
enum rn_pq_encoding {
    RN_PQ_PLAIN = 0,
    RN_PQ_RLE = 3,
    RN_PQ_DELTA_BINARY_PACKED = 5,
    RN_PQ_DELTA_LENGTH_BYTE_ARRAY = 6,
    RN_PQ_RLE_DICTIONARY = 8
};

/* How values of a column compare, for its bounds. */
enum rn_pq_order {
    RN_PQ_ORDER_SIGNED,       /* BOOLEAN (as 0 and 1), INT32, INT64    */
    RN_PQ_ORDER_FLOAT,        /* FLOAT, DOUBLE: NaN is left out        */
    RN_PQ_ORDER_BYTES,        /* byte by byte, unsigned                */
    RN_PQ_ORDER_SIGNED_BYTES, /* FIXED decimals: two's complement      */
};

struct rn_pq_type {
    enum rn_pq_physical physical;
    enum rn_pq_order order;
    uint32_t length; /* FIXED: bytes of a value, else 0                  */
    bool utf8;       /* BYTE_ARRAY: bounds are cut between characters    */
};

/* Largest plain value that is neither text nor blob. */
#define RN_PQ_FIXED_MAX 16

void rn_pq_type_of(const struct rn_col *col, struct rn_pq_type *type);

/* A cell as the encodings take it: integers and booleans in `i`, doubles and
 * floats in `f`, BYTE_ARRAY and FIXED in `bytes` (FIXED decimals are composed
 * in `room`). The cell is not NULL. RN_E_VALUE: no such value in this type.
 */
struct rn_pq_value {
    int64_t i;
    double f;
    struct rn_bytes bytes;
    uint8_t room[RN_PQ_FIXED_MAX];
};
int rn_pq_value_of(const struct rn_col *col, const struct rn_pq_type *type,
                   const struct rn_cell *cell, struct rn_pq_value *value);

#endif
