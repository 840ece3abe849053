/* row/digest.c: see row/digest.h.
 *
 * This runs for each cell of each row, so that the common case is a few
 * instructions: integers are compared as they are, doubles as integers in the
 * same order, texts by their first eight bytes as one number; only what lies
 * outside the bounds so far, or shares these bytes with one, is looked at.
 */
#include "row/digest.h"

#include <string.h>

#include "row/date.h"
#include "row/decimal.h"
#include "row/number.h"
#include "row/utf8.h"
#include "row/uuid.h"
#include "runnel/wide.h"

#define TEXT_KEPT 32

struct bound {
    uint64_t key; /* the first eight bytes, big-endian, zeros after the end */
    uint8_t n;
    bool cut; /* the value goes on after `text` */
    uint8_t text[TEXT_KEPT];
};

struct column {
    enum rn_type type;
    bool utc;
    uint8_t scale;
    bool any;      /* min and max hold something                   */
    bool sum_lost; /* it outgrew 128 bits                          */
    uint64_t non_null;
    int64_t min, max;                /* integers, dates, doubles' order */
    struct rn_wide low, high, total; /* two's complement             */
    struct bound first, last;        /* text, UUIDs                  */
};

struct rn_digest {
    size_t n;
    struct column col[];
};

size_t rn_digest_need(size_t columns)
{
    return RN_ROUND(sizeof(struct rn_digest) + columns * sizeof(struct column));
}

struct rn_digest *rn_digest_init(const struct rn_schema *schema,
                                 struct rn_arena *mem)
{
    struct rn_digest *d = rn_arena_take(mem, rn_digest_need(schema->n), 1);

    if (d == NULL)
        return NULL;
    d->n = schema->n;
    for (size_t i = 0; i < d->n; i++) {
        d->col[i].type = schema->col[i].type;
        d->col[i].utc = schema->col[i].utc;
        d->col[i].scale = schema->col[i].scale;
    }
    return d;
}

void rn_digest_clear(struct rn_digest *d)
{
    for (size_t i = 0; i < d->n; i++) {
        struct column empty = { .type = d->col[i].type,
                                .utc = d->col[i].utc,
                                .scale = d->col[i].scale };

        d->col[i] = empty;
    }
}

/* Doubles as integers in the same order, -0.0 before 0.0. Its own inverse. */
static int64_t order_of(int64_t bits)
{
    return bits < 0 ? bits ^ INT64_MAX : bits;
}

static void widen(struct column *c, int64_t v)
{
    if (!c->any) {
        c->any = true;
        c->min = c->max = v;
    } else if (v < c->min) {
        c->min = v;
    } else if (v > c->max) {
        c->max = v;
    }
}

static void add_i64(struct column *c, int64_t v)
{
    struct rn_wide w = { v < 0 ? UINT64_MAX : 0, (uint64_t)v };

    c->total = rn_wide_add(c->total, w); /* 2^64 rows would not overflow it */
}

static bool less(struct rn_wide a, struct rn_wide b)
{
    int64_t x = (int64_t)a.hi, y = (int64_t)b.hi;

    return x != y ? x < y : a.lo < b.lo;
}

static struct rn_wide negated(struct rn_wide w)
{
    struct rn_wide one = { 0, 1 };

    w.hi = ~w.hi;
    w.lo = ~w.lo;
    return rn_wide_add(w, one);
}

static void add_decimal(struct column *c, struct rn_bytes text)
{
    struct rn_wide v = rn_decimal_unscaled(text),
                   sum = rn_wide_add(c->total, v);

    if (((c->total.hi ^ sum.hi) & (v.hi ^ sum.hi)) >> 63)
        c->sum_lost = true;
    c->total = sum;
    if (!c->any || less(v, c->low))
        c->low = v;
    if (!c->any || less(c->high, v))
        c->high = v;
    c->any = true;
}

static uint64_t big_endian(const uint8_t *p, size_t n)
{
    uint64_t key = 0;

    for (size_t i = 0; i < n; i++)
        key = key << 8 | p[i];
    return key;
}

static uint64_t key_of(struct rn_bytes text)
{
    if (text.n >= 8)
        return (uint64_t)text.p[0] << 56 | (uint64_t)text.p[1] << 48 |
               (uint64_t)text.p[2] << 40 | (uint64_t)text.p[3] << 32 |
               (uint64_t)text.p[4] << 24 | (uint64_t)text.p[5] << 16 |
               (uint64_t)text.p[6] << 8 | (uint64_t)text.p[7];
    return text.n == 0 ? 0 : big_endian(text.p, text.n) << (64 - 8 * text.n);
}

static void keep(struct bound *b, struct rn_bytes text, uint64_t key)
{
    size_t n = text.n < TEXT_KEPT ? text.n : TEXT_KEPT;

    b->key = key;
    b->n = (uint8_t)n;
    b->cut = n < text.n;
    if (n > 0)
        memcpy(b->text, text.p, n);
}

/* The text against a bound, by their first 32 bytes. Equal ones are told apart
 * only by whether they go on.
 */
static int compare(struct rn_bytes text, const struct bound *b)
{
    size_t n = text.n < TEXT_KEPT ? text.n : TEXT_KEPT;
    size_t both = n < b->n ? n : b->n;
    int order = both > 0 ? memcmp(text.p, b->text, both) : 0;

    if (order != 0)
        return order;
    if (n != b->n)
        return n < b->n ? -1 : 1;
    return (int)(n < text.n) - (int)b->cut;
}

static void add_text(struct column *c, struct rn_bytes text)
{
    uint64_t key = key_of(text);

    if (!c->any) {
        c->any = true;
        keep(&c->first, text, key);
        keep(&c->last, text, key);
        return;
    }
    if (key > c->first.key && key < c->last.key)
        return;
    if (key <= c->first.key && compare(text, &c->first) < 0)
        keep(&c->first, text, key);
    if (key >= c->last.key && compare(text, &c->last) > 0)
        keep(&c->last, text, key);
}

static void add_f64(struct column *c, double v)
{
    int64_t bits;

    memcpy(&bits, &v, sizeof(bits));
    if ((bits & INT64_MAX) <= INT64_C(0x7ff) << 52) /* no NaN */
        widen(c, order_of(bits));
}

void rn_digest_row(struct rn_digest *d, const struct rn_row *row)
{
    RN_ASSERT(row->n == d->n);
    for (size_t i = 0; i < row->n; i++) {
        const struct rn_cell *cell = &row->cell[i];
        struct column *c = &d->col[i];

        if (cell->type == RN_NULL)
            continue;
        c->non_null++;
        switch (cell->type) {
        case RN_BOOL:
        case RN_I64:
            add_i64(c, cell->as.i64);
            widen(c, cell->as.i64);
            break;
        case RN_DATE:
        case RN_TIME:
        case RN_TIMESTAMP:
            widen(c, cell->as.i64);
            break;
        case RN_F64:
            add_f64(c, cell->as.f64);
            break;
        case RN_DECIMAL:
            add_decimal(c, cell->as.bytes);
            break;
        case RN_TEXT:
        case RN_UUID: /* their texts are in the same order */
            add_text(c, cell->as.bytes);
            break;
        default:
            break;
        }
    }
}

static uint32_t divide_e9(uint32_t word[4])
{
    uint64_t rest = 0;

    for (size_t i = 4; i-- > 0;) {
        rest = rest << 32 | word[i];
        word[i] = (uint32_t)(rest / 1000000000);
        rest %= 1000000000;
    }
    return (uint32_t)rest;
}

/* With a point before the last `scale` digits. Returns the length. */
static size_t put_wide(struct rn_wide v, unsigned scale, char *to)
{
    bool negative = v.hi >> 63;
    struct rn_wide u = negative ? negated(v) : v;
    uint32_t word[4] = { (uint32_t)u.lo, (uint32_t)(u.lo >> 32), (uint32_t)u.hi,
                         (uint32_t)(u.hi >> 32) };
    char digit[45]; /* last first */
    size_t n = 0, least = scale + 1, len = 0;

    for (size_t i = 0; i < 5; i++) {
        uint32_t part = divide_e9(word);

        for (int k = 0; k < 9; k++, part /= 10)
            digit[n++] = (char)('0' + part % 10);
    }
    while (n > least && digit[n - 1] == '0')
        n--;
    if (negative)
        to[len++] = '-';
    while (n > 0) {
        to[len++] = digit[--n];
        if (n == scale && n > 0)
            to[len++] = '.';
    }
    return len;
}

static size_t put_value(const struct column *c, int64_t v, char *to)
{
    int n = 0;

    switch (c->type) {
    case RN_BOOL:
        memcpy(to, v ? "true" : "false", v ? 4 : 5);
        return v ? 4 : 5;
    case RN_I64:
        return rn_format_i64(v, to);
    case RN_DATE:
        n = rn_format_date(v, to);
        break;
    case RN_TIME:
        n = rn_format_time(v, to);
        break;
    case RN_TIMESTAMP:
        n = rn_format_timestamp(v, c->utc, to);
        break;
    default:
        break;
    }
    return n > 0 ? (size_t)n : 0; /* outside the calendar: no text */
}

static size_t put_f64(int64_t order, char *to)
{
    int64_t bits = order_of(order);
    double v;

    if ((bits & INT64_MAX) == INT64_C(0x7ff) << 52) {
        memcpy(to, "-Infinity", 9);
        if (bits > 0)
            memmove(to, to + 1, 8);
        return bits > 0 ? 8 : 9;
    }
    memcpy(&v, &bits, sizeof(v));
    return rn_format_f64(v, to);
}

static size_t put_bound(const struct bound *b, char *to, bool *cut)
{
    struct rn_bytes text = { b->text, b->n };
    size_t n = b->n;

    /* Not in the middle of a character: the manifest is UTF-8. */
    if (b->cut) {
        while (n > 0 && rn_utf8_good(text.p, n) < n)
            n--;
    }
    memcpy(to, b->text, n);
    *cut = b->cut;
    return n;
}

void rn_digest_column(const struct rn_digest *d, size_t column,
                      struct rn_digest_column *r)
{
    const struct column *c = &d->col[column];
    size_t sum = 0;

    memset(r, 0, sizeof(*r));
    r->non_null = c->non_null;
    if (!c->any)
        return;
    if (c->type == RN_TEXT) {
        r->min_len = put_bound(&c->first, r->min, &r->min_cut);
        r->max_len = put_bound(&c->last, r->max, &r->max_cut);
    } else if (c->type == RN_UUID) {
        rn_format_uuid(c->first.text, r->min);
        rn_format_uuid(c->last.text, r->max);
        r->min_len = r->max_len = RN_UUID_TEXT;
    } else if (c->type == RN_DECIMAL) {
        r->min_len = put_wide(c->low, c->scale, r->min);
        r->max_len = put_wide(c->high, c->scale, r->max);
        sum = c->sum_lost ? 0 : put_wide(c->total, c->scale, r->sum);
    } else if (c->type == RN_F64) {
        r->min_len = put_f64(c->min, r->min);
        r->max_len = put_f64(c->max, r->max);
    } else {
        r->min_len = put_value(c, c->min, r->min);
        r->max_len = put_value(c, c->max, r->max);
        if (c->type == RN_I64 || c->type == RN_BOOL)
            sum = put_wide(c->total, 0, r->sum);
    }
    /* Formatters may leave bytes behind what they return. */
    r->min[r->min_len] = '\0';
    r->max[r->max_len] = '\0';
    r->sum[sum] = '\0';
}

/* -- kept for a later process ---------------------------------------------- */

#define SAVED_WIDE  16u
#define SAVED_BOUND (1u + 2u + TEXT_KEPT)
#define SAVED       (1u + 1u + 3 * 8u + 3 * SAVED_WIDE + 2 * SAVED_BOUND)

size_t rn_digest_save_need(size_t columns)
{
    return columns * SAVED;
}

static void put_bits(struct rn_record *r, struct rn_wide w)
{
    rn_record_put(r, w.lo, 8);
    rn_record_put(r, w.hi, 8);
}

static struct rn_wide get_bits(struct rn_record *r)
{
    struct rn_wide w = { 0, 0 };

    w.lo = rn_record_get(r, 8);
    w.hi = rn_record_get(r, 8);
    return w;
}

static void save_bound(struct rn_record *r, const struct bound *b)
{
    rn_record_put_bool(r, b->cut);
    rn_record_put_bytes(r, b->text, b->n);
}

static void restore_bound(struct rn_record *r, struct bound *b)
{
    struct rn_bytes text = { b->text, 0 };

    b->cut = rn_record_get_bool(r);
    text.n = rn_record_get_bytes(r, b->text, TEXT_KEPT);
    b->n = (uint8_t)text.n;
    b->key = key_of(text);
}

void rn_digest_save(const struct rn_digest *d, struct rn_record *r)
{
    for (size_t i = 0; i < d->n; i++) {
        const struct column *c = &d->col[i];

        rn_record_put_bool(r, c->any);
        rn_record_put_bool(r, c->sum_lost);
        rn_record_put(r, c->non_null, 8);
        rn_record_put(r, (uint64_t)c->min, 8);
        rn_record_put(r, (uint64_t)c->max, 8);
        put_bits(r, c->low);
        put_bits(r, c->high);
        put_bits(r, c->total);
        save_bound(r, &c->first);
        save_bound(r, &c->last);
    }
}

int rn_digest_restore(struct rn_digest *d, struct rn_record *r)
{
    for (size_t i = 0; i < d->n; i++) {
        struct column *c = &d->col[i];

        c->any = rn_record_get_bool(r);
        c->sum_lost = rn_record_get_bool(r);
        c->non_null = rn_record_get(r, 8);
        c->min = (int64_t)rn_record_get(r, 8);
        c->max = (int64_t)rn_record_get(r, 8);
        c->low = get_bits(r);
        c->high = get_bits(r);
        c->total = get_bits(r);
        restore_bound(r, &c->first);
        restore_bound(r, &c->last);
    }
    return r->bad ? RN_E_TORN : RN_OK;
}
