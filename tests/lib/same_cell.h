/* same_cell.h: for tests: are two cells the same value? */
#ifndef TESTS_SAME_CELL_H
#define TESTS_SAME_CELL_H

#include <string.h>

#include "runnel/row.h"

/* NaN is one value, and the zeros are two. */
static inline bool same_cell(const struct rn_cell *a, const struct rn_cell *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case RN_NULL:
        return true;
    case RN_F64:
        if (a->as.f64 != a->as.f64)
            return b->as.f64 != b->as.f64;
        return memcmp(&a->as.f64, &b->as.f64, sizeof(double)) == 0;
    case RN_DECIMAL:
    case RN_TEXT:
    case RN_BLOB:
    case RN_UUID:
        return rn_bytes_equal(a->as.bytes, b->as.bytes);
    default:
        return a->as.i64 == b->as.i64;
    }
}

/* The same column, by what its type makes use of; 64 bits are 0 bits. */
static inline bool same_column(const struct rn_col *a, const struct rn_col *b)
{
    if (!rn_bytes_equal(a->name, b->name) || a->type != b->type ||
        a->nullable != b->nullable)
        return false;
    switch (a->type) {
    case RN_I64:
    case RN_F64:
        return a->bits % 64 == b->bits % 64;
    case RN_DECIMAL:
        return a->precision == b->precision && a->scale == b->scale;
    case RN_TIME:
        return a->millis == b->millis;
    case RN_TIMESTAMP:
        return a->millis == b->millis && a->utc == b->utc;
    case RN_TEXT:
        return a->json == b->json;
    default:
        return true;
    }
}

#endif
