/* encode/avro_value.c: see encode/avro_value.h. */
#include "encode/avro_value.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "encode/bits.h"
#include "row/date.h"
#include "row/decimal.h"
#include "row/uuid.h"

enum kind {
    BOOLEAN,
    INT,
    LONG,
    FLOAT,
    DOUBLE,
    DECIMAL,
    TIME_MICROS,
    TIME_MILLIS,
    LONG_MILLIS,
    BYTES, /* text and blobs */
    UUID
};

static enum kind kind_of(const struct rn_col *col)
{
    switch (col->type) {
    case RN_BOOL:
        return BOOLEAN;
    case RN_I64:
        return col->bits > 0 && col->bits <= 32 ? INT : LONG;
    case RN_F64:
        return col->bits == 32 ? FLOAT : DOUBLE;
    case RN_DECIMAL:
        return DECIMAL;
    case RN_DATE:
        return INT;
    case RN_TIME:
        return col->millis ? TIME_MILLIS : TIME_MICROS;
    case RN_TIMESTAMP:
        return col->millis ? LONG_MILLIS : LONG;
    case RN_UUID:
        return UUID;
    default:
        RN_ASSERT(col->type == RN_TEXT || col->type == RN_BLOB);
        return BYTES;
    }
}

void rn_avro_field_init(struct rn_avro_field *field, const struct rn_col *col)
{
    field->kind = (uint8_t)kind_of(col);
    field->nullable = col->nullable;
    field->tail = field->kind == BYTES;
    field->type = (uint8_t)col->type;
    field->precision = col->precision;
    field->scale = col->scale;
}

/* ---------------------------------------------------------------- numbers */

/* Up to 56 bits at once: groups of seven move apart to bytes, and all but the
 * last get the bit that says that more follows. No loop whose length depends
 * on the value, which processors could not foresee.
 */
static inline uint8_t *put_long(uint8_t *to, int64_t v)
{
    uint64_t z = rn_zigzag(v), w;
    unsigned len;

    if (z < 0x80) {
        *to = (uint8_t)z;
        return to + 1;
    }
    for (; z >> 56 != 0; z >>= 7)
        *to++ = (uint8_t)(z | 0x80);
    len = (70 - (unsigned)__builtin_clzll(z)) / 7;
    w = (z & UINT64_C(0x0fffffff)) | (z & UINT64_C(0xfffffff0000000)) << 4;
    w = (w & UINT64_C(0x00003fff00003fff)) | (w & UINT64_C(0x0fffc0000fffc000))
                                                 << 2;
    w = (w & UINT64_C(0x007f007f007f007f)) | (w & UINT64_C(0x3f803f803f803f80))
                                                 << 1;
    w |= UINT64_C(0x8080808080808080) & ((UINT64_C(1) << 8 * (len - 1)) - 1);
    rn_put_le64(to, w);
    return to + len;
}

uint8_t *rn_avro_long(uint8_t *to, int64_t v)
{
    return put_long(to, v);
}

static uint8_t *put_int(uint8_t *to, int64_t v)
{
    return v >= INT32_MIN && v <= INT32_MAX ? put_long(to, v) : NULL;
}

static uint8_t *put_double(uint8_t *to, double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof(bits));
    rn_put_le64(to, bits);
    return to + sizeof(bits);
}

/* Nothing is rounded here: a float's column holds floats. */
static uint8_t *put_float(uint8_t *to, double v)
{
    uint32_t bits;
    float f;

    if (isfinite(v) && fabs(v) > (double)FLT_MAX)
        return NULL;
    f = (float)v;
    if (!isnan(v) && (double)f != v)
        return NULL;
    memcpy(&bits, &f, sizeof(bits));
    rn_put_le32(to, bits);
    return to + sizeof(bits);
}

static uint8_t *put_time(uint8_t *to, int64_t us, int64_t unit)
{
    bool good = us >= 0 && us < RN_US_DAY && us % unit == 0;

    return good ? put_long(to, us / unit) : NULL;
}

static uint8_t *put_millis(uint8_t *to, int64_t us)
{
    return us % 1000 == 0 ? put_long(to, us / 1000) : NULL;
}

/* Digits that count, of canonical text. */
static size_t digits_of(const struct rn_avro_field *f, struct rn_bytes text)
{
    size_t sign = text.n > 0 && text.p[0] == '-';
    size_t n = text.n - sign - (f->scale > 0);

    return n - (text.n > sign && text.p[sign] == '0');
}

/* The unscaled number, the most significant byte first, in as few bytes as
 * keep its sign.
 */
static uint8_t *put_decimal(const struct rn_avro_field *f, struct rn_bytes text,
                            uint8_t *to)
{
    struct rn_wide w;
    uint8_t byte[16];
    size_t i = 0;

    if (digits_of(f, text) > f->precision)
        return NULL;
    w = rn_decimal_unscaled(text);
    for (size_t at = sizeof(byte); at > 0; at--) {
        byte[at - 1] = (uint8_t)w.lo;
        w.lo = w.lo >> 8 | w.hi << 56;
        w.hi >>= 8;
    }
    while (i < sizeof(byte) - 1 &&
           byte[i] == (byte[i + 1] & 0x80 ? 0xff : 0x00))
        i++;
    to = put_long(to, (int64_t)(sizeof(byte) - i));
    memcpy(to, byte + i, sizeof(byte) - i);
    return to + sizeof(byte) - i;
}

static uint8_t *put_uuid(struct rn_bytes id, uint8_t *to)
{
    RN_ASSERT(id.n == RN_UUID_BYTES);
    to = put_long(to, RN_UUID_TEXT);
    rn_format_uuid(id.p, (char *)to);
    return to + RN_UUID_TEXT;
}

/* ------------------------------------------------------------------ cells */

static inline uint8_t *put_head(const struct rn_avro_field *f,
                                const struct rn_cell *cell, uint8_t *to)
{
    if (cell->type == RN_NULL) {
        *to = 0;
        return f->nullable ? to + 1 : NULL;
    }
    RN_ASSERT(cell->type == (enum rn_type)f->type);
    *to = 2; /* the union's second branch */
    to += f->nullable;
    switch ((enum kind)f->kind) {
    case BOOLEAN:
        *to = cell->as.i64 != 0;
        return to + 1;
    case INT:
        return put_int(to, cell->as.i64);
    case LONG:
        return put_long(to, cell->as.i64);
    case FLOAT:
        return put_float(to, cell->as.f64);
    case DOUBLE:
        return put_double(to, cell->as.f64);
    case DECIMAL:
        return put_decimal(f, cell->as.bytes, to);
    case TIME_MICROS:
        return put_time(to, cell->as.i64, 1);
    case TIME_MILLIS:
        return put_time(to, cell->as.i64, 1000);
    case LONG_MILLIS:
        return put_millis(to, cell->as.i64);
    case BYTES:
        return put_long(to, (int64_t)cell->as.bytes.n);
    case UUID:
        return put_uuid(cell->as.bytes, to);
    }
    return NULL;
}

uint8_t *rn_avro_head(const struct rn_avro_field *field,
                      const struct rn_cell *cell, uint8_t *to)
{
    return put_head(field, cell, to);
}

/* A head may pass the limit, as it has room there; the next step sees it. */
int rn_avro_row(const struct rn_avro_field *field, const struct rn_row *row,
                struct rn_avro_span *span)
{
    uint8_t *at = span->at, *limit = span->limit;

    for (size_t i = 0; i < row->n; i++) {
        struct rn_bytes tail;

        if (at > limit)
            return RN_E_FULL;
        at = put_head(&field[i], &row->cell[i], at);
        if (at == NULL) {
            span->column = i;
            return RN_E_VALUE;
        }
        tail = rn_avro_tail(&field[i], &row->cell[i]);
        if (tail.n == 0)
            continue;
        if (at > limit || tail.n > (size_t)(limit - at))
            return RN_E_FULL;
        memcpy(at, tail.p, tail.n);
        at += tail.n;
    }
    if (at > limit)
        return RN_E_FULL;
    span->at = at;
    return RN_OK;
}

const char *rn_avro_why(const struct rn_avro_field *field,
                        const struct rn_cell *cell)
{
    if (cell->type == RN_NULL)
        return "it is NULL, which the source has ruled out for this column";
    switch ((enum kind)field->kind) {
    case INT:
        return "it needs more than the column's 32 bits; give it a wider type "
               "in [types]";
    case FLOAT:
        return "it is no 32-bit float; make the column a double in [types]";
    case DECIMAL:
        return "it has more digits than the column; give it a larger decimal "
               "in [types]";
    case TIME_MICROS:
        return "it is no time of a day";
    default:
        return "it is no whole number of milliseconds, or no time of a day; "
               "set file.timestamps to micros";
    }
}
