/* parquet_reader_value.c: see parquet_reader_value.h. */
#include "parquet_reader_value.h"

#include <math.h>

#include "decimal_text.h"

static struct rn_bytes take(struct unpack *u, size_t n)
{
    struct rn_bytes b = { u->p, n };

    pq_want(n <= (size_t)(u->end - u->p), "a value goes past its page");
    u->p += n;
    return b;
}

static double float_of(uint32_t bits)
{
    float f;

    memcpy(&f, &bits, sizeof(f));
    return (double)f;
}

static double double_of(uint64_t bits)
{
    double d;

    memcpy(&d, &bits, sizeof(d));
    return d;
}

void pq_plain(const struct pq_column *c, struct unpack *u, struct pq_value *v)
{
    memset(v, 0, sizeof(*v));
    switch (c->physical) {
    case PQ_BOOLEAN: /* as statistics have it */
        v->i = (int64_t)unpack_le(u, 1);
        pq_want(v->i <= 1, "a boolean is neither 0 nor 1");
        return;
    case PQ_INT32:
        v->i = (int32_t)(uint32_t)unpack_le(u, 4);
        return;
    case PQ_INT64:
        v->i = (int64_t)unpack_le(u, 8);
        return;
    case PQ_FLOAT:
        v->f = float_of((uint32_t)unpack_le(u, 4));
        return;
    case PQ_DOUBLE:
        v->f = double_of(unpack_le(u, 8));
        return;
    case PQ_BYTE_ARRAY:
        v->bytes = take(u, (size_t)unpack_le(u, 4));
        return;
    default:
        v->bytes = take(u, c->length);
    }
}

struct pq_value pq_stated(const struct pq_column *c, struct rn_bytes b)
{
    struct unpack u = { b.p, b.p + b.n };
    struct pq_value v = { .bytes = b };

    if (c->physical != PQ_BYTE_ARRAY) {
        pq_plain(c, &u, &v);
        pq_want(u.p == u.end, "a bound has more bytes than its type");
    }
    return v;
}

static bool is_float(const struct pq_column *c)
{
    return c->physical == PQ_FLOAT || c->physical == PQ_DOUBLE;
}

static int compare_bytes(const struct pq_column *c, struct rn_bytes a,
                         struct rn_bytes b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int found = n > 0 ? memcmp(a.p, b.p, n) : 0;

    if (c->col.type == RN_DECIMAL && n > 0 && (a.p[0] ^ b.p[0]) & 0x80)
        return a.p[0] & 0x80 ? -1 : 1;
    return found != 0 ? found : (a.n > b.n) - (a.n < b.n);
}

int pq_compare(const struct pq_column *c, const struct pq_value *a,
               const struct pq_value *b)
{
    if (is_float(c))
        return (a->f > b->f) - (a->f < b->f);
    if (c->physical == PQ_BYTE_ARRAY || c->physical == PQ_FIXED)
        return compare_bytes(c, a->bytes, b->bytes);
    return (a->i > b->i) - (a->i < b->i);
}

void pq_check_bounds(const struct pq_column *c, struct pq_bounds *b,
                     const struct pq_value *v)
{
    int least = 0, greatest = 0;

    if (is_float(c) && isnan(v->f))
        return;
    if (b->has_min)
        least = pq_compare(c, v, &b->min);
    if (b->has_max)
        greatest = pq_compare(c, v, &b->max);
    pq_want(least >= 0, "a value is less than the least one stated");
    pq_want(greatest <= 0, "a value is greater than the greatest one stated");
    b->min_seen = b->min_seen || least == 0;
    b->max_seen = b->max_seen || greatest == 0;
}

void pq_check_order(const struct pq_column *c, const struct pq_bounds *b)
{
    if (b->has_min && b->has_max)
        pq_want(pq_compare(c, &b->min, &b->max) <= 0, "bounds are crossed");
    if (!is_float(c))
        return;
    /* A zero is stated with the sign that bounds zeros of both. */
    if (b->has_min)
        pq_want(!isnan(b->min.f) && (b->min.f != 0.0 || signbit(b->min.f)),
                "the least value is NaN or +0");
    if (b->has_max)
        pq_want(!isnan(b->max.f) && (b->max.f != 0.0 || !signbit(b->max.f)),
                "the greatest value is NaN or -0");
}

static void decimal_cell(struct pq_column *c, const struct pq_value *v,
                         struct rn_cell *cell)
{
    struct rn_bytes b = v->bytes;
    uint8_t big[8];
    size_t digits = 0;

    _Static_assert(sizeof(c->text) == DECIMAL_TEXT, "room for a decimal");
    if (c->physical != PQ_FIXED) {
        for (unsigned i = 0; i < 8; i++)
            big[i] = (uint8_t)((uint64_t)v->i >> (56 - 8 * i));
        b = (struct rn_bytes){ big, sizeof(big) };
    }
    cell->as.bytes = decimal_text(b, c->col.scale, c->text);
    for (size_t i = 0; i < cell->as.bytes.n; i++) {
        uint8_t d = cell->as.bytes.p[i];

        digits += (d >= '1' && d <= '9') || (d == '0' && digits > 0);
    }
    pq_want(digits <= c->col.precision,
            "a decimal has more digits than its precision");
}

static int64_t scaled(int64_t v, bool millis)
{
    if (!millis)
        return v;
    pq_want(v <= INT64_MAX / 1000 && v >= INT64_MIN / 1000,
            "milliseconds that no microseconds hold");
    return v * 1000;
}

void pq_cell(struct pq_column *c, const struct pq_value *v,
             struct rn_cell *cell)
{
    int64_t end = c->col.bits ? INT64_C(1) << (c->col.bits - 1) : 0;

    cell->type = c->col.type;
    switch (c->col.type) {
    case RN_I64:
        pq_want(c->col.bits == 0 || (v->i >= -end && v->i < end),
                "an integer is outside its bits");
        cell->as.i64 = v->i;
        return;
    case RN_F64:
        cell->as.f64 = v->f;
        return;
    case RN_DECIMAL:
        decimal_cell(c, v, cell);
        return;
    case RN_TIME:
        cell->as.i64 = scaled(v->i, c->col.millis);
        pq_want(v->i >= 0 && cell->as.i64 < INT64_C(86400000000),
                "a time is outside the day");
        return;
    case RN_TIMESTAMP:
        cell->as.i64 = scaled(v->i, c->col.millis);
        return;
    case RN_BOOL:
    case RN_DATE:
        cell->as.i64 = v->i;
        return;
    default:
        cell->as.bytes = v->bytes;
    }
}
