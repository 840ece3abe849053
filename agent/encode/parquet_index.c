/* encode/parquet_index.c: see encode/parquet_index.h.
 *
 * A page in the slice: three varints (bytes, rows, nulls), then, unless all of
 * its rows are NULL, least and greatest value, each behind a byte that counts
 * its bytes.
 */
#include "encode/parquet_index.h"

#include "encode/bits.h"
#include "encode/thrift.h"

/* parquet.thrift, enum BoundaryOrder */
enum boundary { UNORDERED = 0, ASCENDING = 1, DESCENDING = 2 };

/* The most that a page takes. */
#define ENTRY_MAX (3 * 5 + 2 * (1 + RN_PQ_BOUND))

/* Long texts are cut so that a slice has room for some hundred pages. */
#define PAGES_WANTED 512u
#define BOUND_LEAST  8u

struct entry {
    struct rn_pq_page_counts page;
    struct rn_bytes min, max;
};

void rn_pq_index_clear(struct rn_pq_index *x)
{
    x->used = 0;
    x->pages = 0;
    x->last = 0;
    x->bounded = false;
    x->full = false;
    x->ascending = true;
    x->descending = true;
}

static uint32_t get_varint(const uint8_t **p)
{
    uint32_t v = 0;
    unsigned shift = 0;

    for (; **p >= 0x80; shift += 7)
        v |= (uint32_t)(*(*p)++ & 0x7f) << shift;
    return v | (uint32_t) * (*p)++ << shift;
}

static struct rn_bytes get_bound(const uint8_t **p)
{
    struct rn_bytes b = { *p + 1, **p };

    *p += 1 + b.n;
    return b;
}

static struct entry get_entry(const uint8_t **p)
{
    struct entry e = { .page = { .bytes = get_varint(p) } };

    e.page.rows = get_varint(p);
    e.page.nulls = get_varint(p);
    if (e.page.nulls < e.page.rows) {
        e.min = get_bound(p);
        e.max = get_bound(p);
    }
    return e;
}

static int64_t load_signed(struct rn_bytes b)
{
    if (b.n == 8)
        return (int64_t)rn_get_le64(b.p);
    return b.n == 4 ? (int32_t)rn_get_le32(b.p) : b.p[0]; /* a boolean */
}

static double load_float(struct rn_bytes b)
{
    uint64_t long_bits;
    uint32_t bits;
    double d;
    float f;

    if (b.n == 8) {
        long_bits = rn_get_le64(b.p);
        memcpy(&d, &long_bits, sizeof(d));
        return d;
    }
    bits = rn_get_le32(b.p);
    memcpy(&f, &bits, sizeof(f));
    return (double)f;
}

static int compare_bytes(struct rn_bytes a, struct rn_bytes b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n > 0 ? memcmp(a.p, b.p, n) : 0;

    return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

static int compare(enum rn_pq_order order, struct rn_bytes a, struct rn_bytes b)
{
    if (order == RN_PQ_ORDER_SIGNED) {
        int64_t x = load_signed(a), y = load_signed(b);

        return (x > y) - (x < y);
    }
    if (order == RN_PQ_ORDER_FLOAT) {
        double x = load_float(a), y = load_float(b);

        return (x > y) - (x < y);
    }
    if (order == RN_PQ_ORDER_SIGNED_BYTES && (a.p[0] ^ b.p[0]) & 0x80)
        return a.p[0] & 0x80 ? -1 : 1;
    return compare_bytes(a, b);
}

static void follow_order(struct rn_pq_index *x, enum rn_pq_order order,
                         uint8_t *bounds)
{
    const uint8_t *old = x->slice + x->last, *new = bounds;

    if (x->bounded) {
        for (int i = 0; i < 2; i++) {
            int c = compare(order, get_bound(&old), get_bound(&new));

            x->ascending = x->ascending && c <= 0;
            x->descending = x->descending && c >= 0;
        }
    }
    x->last = (uint32_t)(bounds - x->slice);
    x->bounded = true;
}

static void cut(struct rn_pq_bound *b, size_t most)
{
    if (b->len > most) {
        b->len = (uint8_t)most;
        b->cut = true;
    }
}

/* Both bounds behind their lengths; NULL: there is one that cannot be said. */
static uint8_t *put_bounds(const struct rn_pq_index *x,
                           const struct rn_pq_type *type,
                           const struct rn_pq_bounds *bounds, uint8_t *to)
{
    size_t most = x->cap / PAGES_WANTED;
    struct rn_pq_bounds b = *bounds;
    bool exact;
    size_t n;

    if (type->physical == RN_PQ_BYTE_ARRAY) {
        most = most < BOUND_LEAST ? BOUND_LEAST : most;
        cut(&b.min, most);
        cut(&b.max, most);
    }
    if (!rn_pq_bounds_min(&b, type, to + 1, &n, &exact))
        return NULL;
    *to = (uint8_t)n;
    to += 1 + n;
    if (!rn_pq_bounds_max(&b, type, to + 1, &n, &exact))
        return NULL;
    *to = (uint8_t)n;
    return to + 1 + n;
}

void rn_pq_index_add(struct rn_pq_index *x, const struct rn_pq_type *type,
                     const struct rn_pq_page_counts *page,
                     const struct rn_pq_bounds *bounds)
{
    uint8_t entry[ENTRY_MAX], *at = entry;
    size_t head;

    x->pages++;
    if (x->slice == NULL || x->full)
        return;
    at = rn_put_uleb(at, page->bytes);
    at = rn_put_uleb(at, page->rows);
    at = rn_put_uleb(at, page->nulls);
    head = (size_t)(at - entry);
    if (page->nulls < page->rows)
        at = put_bounds(x, type, bounds, at);
    if (at == NULL || (size_t)(at - entry) > x->cap - x->used) {
        x->full = true;
        return;
    }
    memcpy(x->slice + x->used, entry, (size_t)(at - entry));
    if (page->nulls < page->rows)
        follow_order(x, type->order, x->slice + x->used + head);
    x->used += (uint32_t)(at - entry);
}

bool rn_pq_index_any(const struct rn_pq_index *x)
{
    return x->slice != NULL && !x->full && x->pages > 0;
}

/* One of the lists of the column index. */
enum list { NULL_PAGES = 1, MIN_VALUES = 2, MAX_VALUES = 3, NULL_COUNTS = 5 };

static void put_list(const struct rn_pq_index *x, struct rn_thrift *t,
                     enum list list, enum rn_thrift_type type)
{
    const uint8_t *p = x->slice;

    rn_thrift_list(t, (int)list, type, x->pages);
    for (uint32_t i = 0; i < x->pages; i++) {
        struct entry e = get_entry(&p);

        if (list == NULL_PAGES)
            rn_thrift_item_bool(t, e.page.nulls == e.page.rows);
        else if (list == NULL_COUNTS)
            rn_thrift_item_int(t, e.page.nulls);
        else
            rn_thrift_item_binary(t, list == MIN_VALUES ? e.min : e.max);
    }
}

void rn_pq_column_index(const struct rn_pq_index *x, struct rn_out *out)
{
    struct rn_thrift t;

    rn_thrift_begin(&t, out);
    put_list(x, &t, NULL_PAGES, RN_THRIFT_BOOL);
    put_list(x, &t, MIN_VALUES, RN_THRIFT_BINARY);
    put_list(x, &t, MAX_VALUES, RN_THRIFT_BINARY);
    rn_thrift_i32(&t, 4,
                  x->ascending    ? ASCENDING
                  : x->descending ? DESCENDING
                                  : UNORDERED);
    put_list(x, &t, NULL_COUNTS, RN_THRIFT_I64);
    rn_thrift_end(&t);
}

void rn_pq_offset_index(const struct rn_pq_index *x, uint64_t offset,
                        struct rn_out *out)
{
    const uint8_t *p = x->slice;
    struct rn_thrift t;
    int64_t row = 0;

    rn_thrift_begin(&t, out);
    rn_thrift_list(&t, 1, RN_THRIFT_STRUCT, x->pages);
    for (uint32_t i = 0; i < x->pages; i++) {
        struct entry e = get_entry(&p);

        rn_thrift_item_struct(&t);
        rn_thrift_i64(&t, 1, (int64_t)offset);
        rn_thrift_i32(&t, 2, (int32_t)e.page.bytes);
        rn_thrift_i64(&t, 3, row);
        rn_thrift_end(&t);
        offset += e.page.bytes;
        row += e.page.rows;
    }
    rn_thrift_end(&t);
}
