/* column_kit.h: for tests: a Parquet column whose page writer reads each page
 * as a reader would and compares it with the rows that were put.
 */
#ifndef TESTS_COLUMN_KIT_H
#define TESTS_COLUMN_KIT_H

#include <stdlib.h>
#include <string.h>

#include "encode/parquet_column.h"

#include "unpack.h"

#define ROWS 200000u

/* What was put: plainly encoded, bytes without their length. */
struct row {
    bool null;
    uint32_t n;
    const uint8_t *plain;
    uint32_t number; /* that its page said; NO_NUMBER: the value itself */
};
#define NO_NUMBER UINT32_MAX

static struct row rows[ROWS];
static uint8_t *heap;
static size_t heap_used;
#define HEAP (64u << 20)

static struct {
    struct rn_config config;
    struct rn_col col;
    struct rn_pq_type type;
    struct rn_pq_sizes sizes;
    struct rn_pq_writer writer;
    struct rn_pq_column *column;
    struct rn_arena mem;
    size_t put;
    size_t written; /* rows that pages had */
    unsigned pages, dictionaries;
    uint32_t numbers; /* pages of them */
    uint64_t digest;  /* of all that was written */
    int fail_at;      /* which page fails; -1: none */
    struct rn_bytes last_piece;
    struct rn_bytes bloom[ROWS];
    size_t blooms;
    size_t slack; /* the most bytes of a page beyond the slice */
} t;

static void digest(struct rn_bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        t.digest = (t.digest ^ b.p[i]) * UINT64_C(0x100000001b3);
}

static void unpack_levels(const struct rn_pq_page *page, uint32_t *level)
{
    uint32_t nulls = 0;

    for (uint32_t i = 0; i < page->rows; i++)
        level[i] = 1;
    if (t.col.nullable)
        unpack_hybrid(page->levels, 1, level, page->rows);
    else
        assert_int_equal(page->levels.n, 0);
    for (uint32_t i = 0; i < page->rows; i++) {
        assert_int_equal(level[i], !rows[t.written + i].null);
        nulls += level[i] == 0;
    }
    assert_int_equal(nulls, page->nulls);
}

static size_t plain_size(void)
{
    switch (t.type.physical) {
    case RN_PQ_INT32:
    case RN_PQ_FLOAT:
        return 4;
    case RN_PQ_INT64:
    case RN_PQ_DOUBLE:
        return 8;
    case RN_PQ_FIXED:
        return t.type.length;
    default:
        return 0;
    }
}

static void expect(const struct row *row, const uint8_t *p, size_t n)
{
    assert_int_equal(row->n, n);
    assert_memory_equal(row->plain, p, n);
}

/* The values that are not NULL, of the open page. */
static struct row *value[ROWS];
static int64_t number64[ROWS];
static uint32_t number32[ROWS];

static void unpack_plain(struct unpack *u, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t size = plain_size();

        if (t.type.physical == RN_PQ_BYTE_ARRAY)
            size = (size_t)unpack_le(u, 4);
        assert_true((size_t)(u->end - u->p) >= size);
        expect(value[i], u->p, size);
        u->p += size;
    }
}

static void unpack_booleans(struct unpack *u, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(unpack_bits(u->p, i, 1), value[i]->plain[0]);
    u->p += (n + 7) / 8;
}

static void unpack_runs(struct unpack *u, size_t n)
{
    size_t len = (size_t)unpack_le(u, 4);

    assert_int_equal(len, u->end - u->p);
    unpack_hybrid((struct rn_bytes){ u->p, len }, 1, number32, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(number32[i], value[i]->plain[0]);
    u->p = u->end;
}

static void unpack_integers(struct unpack *u, size_t n)
{
    bool narrow = t.type.physical == RN_PQ_INT32;

    assert_int_equal(unpack_delta(u, narrow, number64, n), n);
    for (size_t i = 0; i < n; i++)
        expect(value[i], (const uint8_t *)&number64[i], narrow ? 4 : 8);
}

static void unpack_lengths(struct unpack *u, size_t n)
{
    assert_int_equal(unpack_delta(u, true, number64, n), n);
    for (size_t i = 0; i < n; i++) {
        assert_true(u->end - u->p >= number64[i]);
        expect(value[i], u->p, (size_t)number64[i]);
        u->p += number64[i];
    }
}

static void unpack_numbers(struct unpack *u, size_t n)
{
    unsigned width = (unsigned)unpack_le(u, 1);

    assert_true(width >= 1 && width <= 16);
    unpack_hybrid((struct rn_bytes){ u->p, (size_t)(u->end - u->p) }, width,
                  number32, n);
    for (size_t i = 0; i < n; i++)
        value[i]->number = number32[i];
    u->p = u->end;
    t.numbers++;
}

static void unpack_values(const struct rn_pq_page *page, struct unpack *u,
                          size_t n)
{
    switch (page->encoding) {
    case RN_PQ_PLAIN:
        if (t.type.physical == RN_PQ_BOOLEAN)
            unpack_booleans(u, n);
        else
            unpack_plain(u, n);
        break;
    case RN_PQ_RLE:
        assert_int_equal(t.type.physical, RN_PQ_BOOLEAN);
        unpack_runs(u, n);
        break;
    case RN_PQ_DELTA_BINARY_PACKED:
        unpack_integers(u, n);
        break;
    case RN_PQ_DELTA_LENGTH_BYTE_ARRAY:
        unpack_lengths(u, n);
        break;
    default:
        assert_int_equal(page->encoding, RN_PQ_RLE_DICTIONARY);
        unpack_numbers(u, n);
        break;
    }
    assert_true(u->p == u->end);
}

static struct rn_pq_value value_of(const struct row *row)
{
    struct rn_pq_value v = { .bytes = { row->plain, row->n } };
    float f;

    if (t.type.physical == RN_PQ_BOOLEAN)
        v.i = row->plain[0];
    if (t.type.physical == RN_PQ_INT32)
        v.i = (int32_t)unpack_le(&(struct unpack){ row->plain, row->plain + 4 },
                                 4);
    if (t.type.physical == RN_PQ_INT64)
        memcpy(&v.i, row->plain, 8);
    if (t.type.physical == RN_PQ_DOUBLE)
        memcpy(&v.f, row->plain, 8);
    if (t.type.physical == RN_PQ_FLOAT) {
        memcpy(&f, row->plain, 4);
        v.f = (double)f;
    }
    return v;
}

static void check_bounds(const struct rn_pq_page *page, size_t n)
{
    uint8_t a[RN_PQ_BOUND], b[RN_PQ_BOUND];
    struct rn_pq_bounds bounds;
    size_t an, bn;
    bool exact;

    rn_pq_bounds_clear(&bounds);
    for (size_t i = 0; i < n; i++) {
        struct rn_pq_value v = value_of(value[i]);

        rn_pq_bounds_add(&bounds, &t.type, &v);
    }
    assert_int_equal(bounds.any, page->bounds->any);
    if (!bounds.any)
        return;
    rn_pq_bounds_min(&bounds, &t.type, a, &an, &exact);
    rn_pq_bounds_min(page->bounds, &t.type, b, &bn, &exact);
    assert_int_equal(an, bn);
    assert_memory_equal(a, b, an);
    rn_pq_bounds_max(&bounds, &t.type, a, &an, &exact);
    rn_pq_bounds_max(page->bounds, &t.type, b, &bn, &exact);
    assert_int_equal(an, bn);
    assert_memory_equal(a, b, an);
}

static size_t page_most(const struct rn_pq_page *page)
{
    size_t most = t.sizes.largest, room = t.sizes.page + t.sizes.dictionary;

    if (page->encoding == RN_PQ_RLE_DICTIONARY || most < t.sizes.page)
        return t.sizes.page;
    return most < room ? most : room;
}

int rn_pq_page_write(struct rn_pq_writer *w, struct rn_pq_chunk *chunk,
                     const struct rn_pq_type *type, uint32_t lane,
                     const struct rn_pq_page *page)
{
    static uint32_t level[ROWS];
    static uint8_t whole[3 << 20];
    size_t n = 0, len = 0;
    struct unpack u = { whole, whole };

    assert_ptr_equal(w, &t.writer);
    assert_int_equal(lane, 7);
    assert_int_equal(type->physical, t.type.physical);
    if (t.fail_at >= 0 && (unsigned)t.fail_at == t.pages)
        return RN_E_LINK;
    assert_true(page->rows > 0 && page->rows <= 65536);
    assert_true(t.written + page->rows <= t.put + 1);
    unpack_levels(page, level);
    for (uint32_t i = 0; i < page->rows; i++)
        if (level[i])
            value[n++] = &rows[t.written + i];
    assert_true(page->pieces <= RN_COUNTOF(page->value));
    for (size_t i = 0; i < page->pieces; i++) {
        assert_true(page->value[i].n <= sizeof(whole) - len);
        if (page->value[i].n > 0)
            memcpy(whole + len, page->value[i].p, page->value[i].n);
        len += page->value[i].n;
        digest(page->value[i]);
        t.last_piece = page->value[i];
    }
    digest(page->levels);
    assert_true(page->rows == 1 ||
                len + page->levels.n <= page_most(page) + t.slack);
    u.end = whole + len;
    unpack_values(page, &u, n);
    check_bounds(page, n);
    t.written += page->rows;
    t.pages++;
    chunk->rows += page->rows;
    chunk->nulls += page->nulls;
    chunk->bytes += len + page->levels.n;
    chunk->encodings |= 1u << page->encoding;
    return RN_OK;
}

int rn_pq_dictionary_write(struct rn_pq_writer *w, struct rn_pq_chunk *chunk,
                           uint32_t lane, struct rn_bytes values,
                           uint32_t count)
{
    static struct row entry[65536];
    struct unpack u = { values.p, values.p + values.n };
    size_t i;

    assert_ptr_equal(w, &t.writer);
    assert_int_equal(lane, 7);
    assert_true(count > 0 && count <= 65535);
    assert_int_equal(t.dictionaries++, 0);
    assert_true(values.n <= t.sizes.dictionary);
    for (i = 0; i < count; i++) {
        size_t size = plain_size();

        if (t.type.physical == RN_PQ_BYTE_ARRAY)
            size = (size_t)unpack_le(&u, 4);
        entry[i] = (struct row){ .n = (uint32_t)size, .plain = u.p };
        u.p += size;
    }
    assert_true(u.p == u.end);
    for (i = 0; i < t.written; i++) {
        if (rows[i].number == NO_NUMBER)
            continue;
        assert_true(rows[i].number < count);
        expect(&rows[i], entry[rows[i].number].plain, entry[rows[i].number].n);
    }
    digest(values);
    chunk->dictionary_bytes = values.n;
    return RN_OK;
}

void rn_pq_chunk_clear(struct rn_pq_chunk *chunk)
{
    *chunk =
        (struct rn_pq_chunk){ .index = chunk->index, .bloom = chunk->bloom };
}

void rn_pq_bloom_add(struct rn_pq_bloom *b, struct rn_bytes plain)
{
    uint8_t *p = heap + heap_used;

    assert_int_equal(b->size, 32);
    memcpy(p, plain.p, plain.n);
    heap_used += plain.n;
    t.bloom[t.blooms++] = (struct rn_bytes){ p, plain.n };
}

static struct rn_pq_bloom *bloom;

static void set_up(enum rn_type type, struct rn_pq_sizes sizes)
{
    struct rn_pq_column_options o = { .col = &t.col,
                                      .writer = &t.writer,
                                      .bloom = bloom,
                                      .lane = 7,
                                      .sizes = sizes };
    size_t need;

    t.col.type = type;
    t.col.precision = 38;
    t.col.scale = 0;
    rn_pq_type_of(&t.col, &t.type);
    t.sizes = sizes;
    t.slack = 32;
    t.fail_at = -1;
    need = rn_pq_column_need(&t.config, &sizes);
    rn_arena_init(&t.mem, "test", aligned_alloc(16, need), need);
    assert_int_equal(rn_pq_column_init(&t.column, &t.config, &o, &t.mem),
                     RN_OK);
    assert_int_equal(rn_pq_column_type(t.column)->physical, t.type.physical);
}

static void tear_down(void)
{
    free(t.mem.base);
    memset(&t.col, 0, sizeof(t.col));
}

static void begin(void)
{
    rn_pq_column_begin(t.column);
    t.put = 0;
    t.written = 0;
    t.pages = 0;
    t.dictionaries = 0;
    t.numbers = 0;
    t.digest = 0;
    t.blooms = 0;
    heap_used = 0;
}

static uint8_t *keep(const void *p, size_t n)
{
    uint8_t *to = heap + heap_used;

    assert_true(n <= HEAP - heap_used);
    memcpy(to, p, n);
    heap_used += n;
    return to;
}

static int put_row(const struct rn_cell *cell)
{
    struct rn_pq_value v = { .i = 0 };
    struct row *row = &rows[t.put];
    float f;

    *row = (struct row){ .null = cell->type == RN_NULL, .number = NO_NUMBER };
    if (!row->null) {
        assert_int_equal(rn_pq_value_of(&t.col, &t.type, cell, &v), RN_OK);
        row->n = (uint32_t)plain_size();
        f = (float)v.f;
        if (t.type.physical == RN_PQ_BOOLEAN)
            row->n = 1;
        if (t.type.physical == RN_PQ_BYTE_ARRAY)
            row->n = (uint32_t)v.bytes.n;
        row->plain =
            keep(t.type.order == RN_PQ_ORDER_SIGNED ? (void *)&v.i
                 : t.type.physical == RN_PQ_FLOAT   ? (void *)&f
                 : t.type.physical == RN_PQ_DOUBLE  ? (void *)&v.f
                                                    : (const void *)v.bytes.p,
                 row->n);
    }
    int err = rn_pq_column_put(t.column, cell);

    t.put++;
    return err;
}

static void flush(void)
{
    struct rn_pq_chunk *chunk = rn_pq_column_chunk(t.column);

    assert_int_equal(rn_pq_column_flush(t.column), RN_OK);
    assert_int_equal(t.written, t.put);
    assert_int_equal(t.dictionaries,
                     (chunk->encodings >> RN_PQ_RLE_DICTIONARY & 1) != 0);
    assert_int_equal(rn_pq_column_bytes(t.column),
                     chunk->bytes + chunk->dictionary_bytes);
}

/* A cell of the column's type from a number: equal numbers, equal cells. */
static struct rn_cell cell_of(uint64_t k)
{
    static uint8_t room[40];
    struct rn_cell cell = { .type = t.col.type };
    uint64_t mixed = k * UINT64_C(0x9e3779b97f4a7c15);
    size_t n = 1;

    switch (t.col.type) {
    case RN_BOOL:
        cell.as.i64 = k & 1;
        return cell;
    case RN_I64:
        cell.as.i64 = t.col.bits == 32 ? (int32_t)k : (int64_t)k;
        return cell;
    case RN_F64:
        cell.as.f64 = (double)(int32_t)(uint32_t)(k % 1000000);
        return cell;
    case RN_DECIMAL:
        room[0] = '-';
        n = 0;
        for (k++; k > 0; k /= 10)
            room[++n] = (uint8_t)('1' + k % 9);
        cell.as.bytes = (struct rn_bytes){ room + k % 2, n + 1 - k % 2 };
        return cell;
    default:
        memset(room, (int)(mixed >> 56), sizeof(room));
        memcpy(room, &k, 8);
        if (t.col.type == RN_TEXT)
            for (n = 0; n < sizeof(room); n++)
                room[n] &= 0x7f;
        n = t.col.type == RN_UUID ? 16 : (size_t)(mixed % 41);
        cell.as.bytes = (struct rn_bytes){ room, n };
        return cell;
    }
}

#endif
