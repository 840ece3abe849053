/* encode/parquet_type.c: see encode/parquet_type.h. */
#include "encode/parquet_type.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "row/date.h"
#include "row/decimal.h"

/* Bytes of two's complement that hold any number of so many digits. */
static uint32_t fixed_length(unsigned precision)
{
    static const uint8_t most[] = { 21, 23, 26, 28, 31, 33, 35, 38 };
    uint32_t n = 0;

    while (precision > most[n])
        n++;
    return n + 9;
}

static void decimal_type(unsigned precision, struct rn_pq_type *type)
{
    if (precision <= 9) {
        type->physical = RN_PQ_INT32;
    } else if (precision <= 18) {
        type->physical = RN_PQ_INT64;
    } else {
        type->physical = RN_PQ_FIXED;
        type->order = RN_PQ_ORDER_SIGNED_BYTES;
        type->length = fixed_length(precision);
    }
}

void rn_pq_type_of(const struct rn_col *col, struct rn_pq_type *type)
{
    *type = (struct rn_pq_type){ .physical = RN_PQ_INT64,
                                 .order = RN_PQ_ORDER_SIGNED };
    switch (col->type) {
    case RN_BOOL:
        type->physical = RN_PQ_BOOLEAN;
        return;
    case RN_I64:
        if (col->bits != 0 && col->bits < 64)
            type->physical = RN_PQ_INT32;
        return;
    case RN_F64:
        type->physical = col->bits == 32 ? RN_PQ_FLOAT : RN_PQ_DOUBLE;
        type->order = RN_PQ_ORDER_FLOAT;
        return;
    case RN_DECIMAL:
        decimal_type(col->precision, type);
        return;
    case RN_DATE:
        type->physical = RN_PQ_INT32;
        return;
    case RN_TIME:
        if (col->millis)
            type->physical = RN_PQ_INT32;
        return;
    case RN_TIMESTAMP:
        return;
    case RN_UUID:
        type->physical = RN_PQ_FIXED;
        type->order = RN_PQ_ORDER_BYTES;
        type->length = 16;
        return;
    default:
        RN_ASSERT(col->type == RN_TEXT || col->type == RN_BLOB);
        type->physical = RN_PQ_BYTE_ARRAY;
        type->order = RN_PQ_ORDER_BYTES;
        type->utf8 = col->type == RN_TEXT;
        return;
    }
}

static void store_big(struct rn_wide w, uint32_t length, uint8_t *to)
{
    for (uint32_t i = length; i > 0; i--) {
        to[i - 1] = (uint8_t)w.lo;
        w.lo = w.lo >> 8 | w.hi << 56;
        w.hi >>= 8;
    }
}

/* Digits of canonical text; the zero that only stands for no digits before the
 * point is none.
 */
static size_t digits_of(struct rn_bytes text, bool point)
{
    bool minus = text.n > 0 && text.p[0] == '-';
    const uint8_t *p = text.p + minus;
    size_t n = text.n - minus;

    if (!point)
        return n;
    return n < 2 ? n : n - 1 - (p[0] == '0' && p[1] == '.');
}

static int decimal_of(const struct rn_col *col, const struct rn_pq_type *type,
                      struct rn_bytes text, struct rn_pq_value *value)
{
    struct rn_wide w;

    if (digits_of(text, col->scale > 0) > col->precision)
        return RN_E_VALUE;
    w = rn_decimal_unscaled(text);
    if (type->physical == RN_PQ_FIXED) {
        store_big(w, type->length, value->room);
        value->bytes = (struct rn_bytes){ value->room, type->length };
    } else {
        memcpy(&value->i, &w.lo, sizeof(value->i));
    }
    return RN_OK;
}

static int integer_of(unsigned bits, int64_t v, struct rn_pq_value *value)
{
    if (bits != 0 && bits < 64) {
        int64_t end = INT64_C(1) << (bits - 1);

        if (v < -end || v >= end)
            return RN_E_VALUE;
    }
    value->i = v;
    return RN_OK;
}

/* A float's column holds floats: nothing is rounded here. */
static int double_of(const struct rn_pq_type *type, double v,
                     struct rn_pq_value *value)
{
    if (type->physical == RN_PQ_FLOAT && isfinite(v)) {
        if (fabs(v) > (double)FLT_MAX || (double)(float)v != v)
            return RN_E_VALUE;
    }
    value->f = v;
    return RN_OK;
}

static int timestamp_of(bool millis, int64_t us, struct rn_pq_value *value)
{
    if (us < RN_DAY_MIN * RN_US_DAY ||
        us >= (RN_DAY_MAX + INT64_C(1)) * RN_US_DAY)
        return RN_E_VALUE;
    value->i = us;
    if (millis) {
        if (us % 1000 != 0)
            return RN_E_VALUE;
        value->i = us / 1000;
    }
    return RN_OK;
}

static int time_of(bool millis, int64_t us, struct rn_pq_value *value)
{
    if (us < 0 || us >= RN_US_DAY)
        return RN_E_VALUE;
    return timestamp_of(millis, us, value);
}

int rn_pq_value_of(const struct rn_col *col, const struct rn_pq_type *type,
                   const struct rn_cell *cell, struct rn_pq_value *value)
{
    switch (col->type) {
    case RN_BOOL:
        value->i = cell->as.i64 != 0;
        return RN_OK;
    case RN_I64:
        return integer_of(col->bits, cell->as.i64, value);
    case RN_F64:
        return double_of(type, cell->as.f64, value);
    case RN_DECIMAL:
        return decimal_of(col, type, cell->as.bytes, value);
    case RN_DATE:
        value->i = cell->as.i64;
        return value->i < RN_DAY_MIN || value->i > RN_DAY_MAX ? RN_E_VALUE
                                                              : RN_OK;
    case RN_TIME:
        return time_of(col->millis, cell->as.i64, value);
    case RN_TIMESTAMP:
        return timestamp_of(col->millis, cell->as.i64, value);
    case RN_UUID:
        value->bytes = cell->as.bytes;
        return cell->as.bytes.n == 16 ? RN_OK : RN_E_VALUE;
    default:
        value->bytes = cell->as.bytes;
        return RN_OK;
    }
}
