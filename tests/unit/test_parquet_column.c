/* test_parquet_column.c: what is put comes back from the pages, for every type,
 * encoding, size of slice and pattern of NULLs.
 *
 * The page writer is one of the test's: it reads each page as a reader would
 * and compares it with the rows that were put.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
                len + page->levels.n <= t.sizes.page + t.slack);
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
        n = t.col.type == RN_UUID ? 16 : mixed % 41;
        cell.as.bytes = (struct rn_bytes){ room, n };
        return cell;
    }
}

enum nulls { NEVER, ALWAYS, EVERY_OTHER, RUNS, SOME, NULLS };

static bool is_null(enum nulls nulls, size_t i)
{
    static unsigned left;
    static bool now;

    if (nulls == RUNS && left-- == 0) {
        left = chance(200);
        now = chance(2);
    }
    return nulls == ALWAYS || (nulls == EVERY_OTHER && i % 2) ||
           (nulls == RUNS && now) || (nulls == SOME && chance(10) == 0);
}

static void put_random(enum nulls nulls, size_t n)
{
    uint64_t distinct = UINT64_C(1) << chance(40);
    bool ascending = chance(4) == 0;

    for (size_t i = 0; i < n; i++) {
        struct rn_cell cell =
            cell_of(ascending ? i * 3 : chance64() % distinct);

        if (is_null(nulls, i))
            cell.type = RN_NULL;
        assert_int_equal(put_row(&cell), RN_OK);
        /* cells may be used again */
        if (cell.type >= RN_TEXT)
            memset((void *)(uintptr_t)cell.as.bytes.p, 0xee, cell.as.bytes.n);
    }
}

static void random_options(void)
{
    static const size_t pages[] = { 128, 256, 512, 1000, 8192, 65536, 1 << 20 };
    static const size_t dictionaries[] = { 0, 256, 400, 4096, 65536, 300000 };
    static const enum rn_type types[] = { RN_BOOL, RN_I64,  RN_I64,
                                          RN_F64,  RN_F64,  RN_DECIMAL,
                                          RN_TEXT, RN_BLOB, RN_UUID };
    unsigned k = chance(RN_COUNTOF(types));

    memset(&t.col, 0, sizeof(t.col));
    t.config.file.integer_encoding =
        chance(2) ? RN_ENCODING_DELTA : RN_ENCODING_PLAIN;
    t.config.file.text_encoding =
        chance(2) ? RN_ENCODING_DELTA_LENGTH : RN_ENCODING_PLAIN;
    t.config.file.boolean_encoding =
        (enum rn_encoding)(RN_ENCODING_RLE + chance(2));
    t.config.file.data_page = 1 + (int)chance(2);
    t.col.nullable = chance(4) > 0;
    t.col.bits = k == 2 || k == 4 ? 32 : 0;
    set_up(types[k],
           (struct rn_pq_sizes){ pages[chance(RN_COUNTOF(pages))],
                                 dictionaries[chance(RN_COUNTOF(dictionaries))],
                                 chance(2) * 100 });
}

static void all_that_is_put_comes_back(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 600; round++) {
        random_options();
        for (unsigned chunk = 0; chunk < 2; chunk++) {
            begin();
            put_random(t.col.nullable ? (enum nulls)chance(NULLS) : NEVER,
                       chance(chance(20) == 0 ? 60000 : 3000));
            flush();
        }
        tear_down();
    }
}

static void the_same_rows_are_the_same_pages(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 50; round++) {
        uint64_t seed = chance64(), first;

        random_options();
        chance_state = seed;
        begin();
        put_random(t.col.nullable ? SOME : NEVER, 2000);
        flush();
        first = t.digest;
        chance_state = seed;
        begin();
        put_random(t.col.nullable ? SOME : NEVER, 2000);
        flush();
        assert_int_equal(first, t.digest);
        tear_down();
    }
}

static void assert_round_trip(const struct rn_cell *cell, size_t n)
{
    for (size_t i = 0; i < 100 * n; i++)
        assert_int_equal(put_row(&cell[i < n ? i : chance((uint32_t)n)]),
                         RN_OK);
}

static void extremes_come_back(void **state)
{
    static const int64_t wide[] = { INT64_MIN, INT64_MAX, 0, -1 };
    static const int64_t narrow[] = { INT32_MIN, INT32_MAX, 0, -1 };
    static const double doubles[] = { NAN,  -NAN, INFINITY, -INFINITY, 0.0,
                                      -0.0, 1.0,  4.9e-324, 1.7e308,   -1.5 };
    struct rn_cell cell[RN_COUNTOF(doubles)];

    (void)state;
    for (unsigned round = 0; round < 4; round++) {
        struct rn_pq_sizes sizes = { 512, round & 1 ? 512 : 0, 0 };

        t.config.file.integer_encoding =
            round & 2 ? RN_ENCODING_DELTA : RN_ENCODING_PLAIN;
        for (unsigned bits = 32; bits <= 64; bits += 32) {
            t.col.bits = (uint8_t)bits;
            set_up(RN_I64, sizes);
            begin();
            for (unsigned i = 0; i < 4; i++)
                cell[i] = (struct rn_cell){ .type = RN_I64,
                                            .as.i64 = bits == 32 ? narrow[i]
                                                                 : wide[i] };
            assert_round_trip(cell, 4);
            flush();
            tear_down();
        }
        set_up(RN_F64, sizes);
        begin();
        for (unsigned i = 0; i < RN_COUNTOF(doubles); i++)
            cell[i] = (struct rn_cell){ .type = RN_F64, .as.f64 = doubles[i] };
        assert_round_trip(cell, RN_COUNTOF(doubles));
        flush();
        tear_down();
    }
}

/* Its bytes go to the writer from where the source has them. */
static void a_value_larger_than_a_page_is_not_copied(void **state)
{
    static const size_t lengths[] = { 0, 10, 400, 600, 65536, 1 << 20 };
    static uint8_t large[1 << 20];

    (void)state;
    memset(large, 'x', sizeof(large));
    for (unsigned round = 0; round < 8; round++) {
        t.config.file.text_encoding =
            round & 1 ? RN_ENCODING_DELTA_LENGTH : RN_ENCODING_PLAIN;
        t.col.nullable = (round & 2) != 0;
        set_up(RN_TEXT, (struct rn_pq_sizes){ 512, round & 4 ? 1024 : 0, 100 });
        begin();
        for (unsigned i = 0; i < 60; i++) {
            size_t n = lengths[chance(RN_COUNTOF(lengths))];
            struct rn_cell cell = { .type = RN_TEXT, .as.bytes = { large, n } };
            unsigned pages = t.pages;

            assert_int_equal(put_row(&cell), RN_OK);
            if (n <= 512 || (n == 600 && t.dictionaries == 0))
                continue;
            assert_true(t.pages > pages);
            assert_int_equal(t.written, t.put);
            assert_ptr_equal(t.last_piece.p, large);
        }
        flush();
        tear_down();
    }
}

static void a_page_has_a_limited_number_of_rows(void **state)
{
    (void)state;
    for (unsigned dictionary = 0; dictionary < 2; dictionary++) {
        t.config.file.integer_encoding = RN_ENCODING_DELTA;
        t.col.nullable = dictionary;
        set_up(RN_I64, (struct rn_pq_sizes){ 1 << 20, dictionary * 4096, 0 });
        begin();
        for (size_t i = 0; i < ROWS; i++)
            assert_int_equal(put_row(&(struct rn_cell){ RN_I64, { .i64 = 5 } }),
                             RN_OK);
        flush();
        assert_int_equal(t.pages, (ROWS + 65535) / 65536);
        assert_true(rn_pq_column_chunk(t.column)->bytes < 9000);
        tear_down();
    }
}

static void put_cells(size_t n, uint64_t distinct)
{
    for (size_t i = 0; i < n; i++) {
        struct rn_cell cell = cell_of(distinct > 0 ? i % distinct : i);

        assert_int_equal(put_row(&cell), RN_OK);
    }
}

static void keys_leave_the_dictionary_early(void **state)
{
    (void)state;
    set_up(RN_I64, (struct rn_pq_sizes){ 65536, 262144, 0 });
    begin();
    put_cells(20000, 0);
    assert_int_equal(t.dictionaries, 1);
    flush();
    assert_int_equal(rn_pq_column_chunk(t.column)->dictionary_bytes, 512 * 8);
    for (size_t i = 0; i < t.put; i++)
        assert_int_equal(rows[i].number == NO_NUMBER, i >= 512);
    /* the next chunk tries again */
    begin();
    put_cells(20000, 100);
    flush();
    assert_int_equal(rn_pq_column_chunk(t.column)->dictionary_bytes, 100 * 8);
    for (size_t i = 0; i < t.put; i++)
        assert_true(rows[i].number != NO_NUMBER);
    tear_down();
}

static void a_full_dictionary_is_left_for_the_rest_of_the_chunk(void **state)
{
    (void)state;
    set_up(RN_TEXT, (struct rn_pq_sizes){ 4096, 4096, 0 });
    begin();
    put_cells(1000, 10);
    put_cells(1000, 0);
    put_cells(1000, 10);
    flush();
    assert_true(rows[999].number < 10);
    assert_int_equal(rows[1999].number, NO_NUMBER);
    assert_int_equal(rows[2999].number, NO_NUMBER);
    tear_down();
}

/* As the dictionary grows, pages must not become a crowd. */
static void growing_numbers_cost_few_pages(void **state)
{
    (void)state;
    t.config.file.integer_encoding = RN_ENCODING_PLAIN;
    set_up(RN_I64, (struct rn_pq_sizes){ 1 << 20, 1 << 20, 0 });
    begin();
    for (size_t i = 0; i < 60000; i++) {
        struct rn_cell cell = cell_of(i < 600 ? i % 500 : chance(3000) + i / 8);

        assert_int_equal(put_row(&cell), RN_OK);
    }
    flush();
    assert_int_equal(t.numbers, t.pages);
    assert_true(t.pages <= 5);
    tear_down();
}

static void nulls_alone_have_no_dictionary(void **state)
{
    (void)state;
    t.col.nullable = true;
    set_up(RN_TEXT, (struct rn_pq_sizes){ 1024, 4096, 0 });
    begin();
    for (size_t i = 0; i < 70000; i++)
        assert_int_equal(put_row(&(struct rn_cell){ .type = RN_NULL }), RN_OK);
    flush();
    assert_int_equal(t.dictionaries, 0);
    /* nor does a chunk without rows have a page */
    begin();
    flush();
    assert_int_equal(t.pages, 0);
    /* but once a value comes */
    begin();
    for (size_t i = 0; i < 70000; i++)
        assert_int_equal(put_row(&(struct rn_cell){ .type = RN_NULL }), RN_OK);
    put_cells(10, 3);
    flush();
    assert_int_equal(t.dictionaries, 1);
    tear_down();
}

static void a_cell_that_is_refused_leaves_no_trace(void **state)
{
    uint64_t without = 0;

    (void)state;
    t.config.file.integer_encoding = RN_ENCODING_PLAIN;
    for (unsigned bad = 0; bad < 2; bad++) {
        t.col.bits = 8;
        set_up(RN_I64, (struct rn_pq_sizes){ 256, 512, 0 });
        begin();
        for (unsigned i = 0; i < 2000; i++) {
            struct rn_cell cell = { RN_I64, { .i64 = i % 100 } };

            assert_int_equal(put_row(&cell), RN_OK);
            cell.as.i64 = 128;
            if (bad)
                assert_int_equal(rn_pq_column_put(t.column, &cell), RN_E_VALUE);
            cell.type = RN_NULL;
            if (bad)
                assert_int_equal(rn_pq_column_put(t.column, &cell), RN_E_VALUE);
        }
        flush();
        if (bad)
            assert_int_equal(without, t.digest);
        without = t.digest;
        tear_down();
    }
}

static void a_failure_of_the_writer_stays_until_the_next_chunk(void **state)
{
    (void)state;
    for (int at = 0; at < 6; at++) {
        int err = RN_OK;

        t.col.nullable = at % 2;
        set_up(at < 3 ? RN_TEXT : RN_I64,
               (struct rn_pq_sizes){ 512, (size_t)at * 300, 0 });
        begin();
        t.fail_at = at;
        for (size_t i = 0; i < 3000 && err == RN_OK; i++) {
            struct rn_cell cell = cell_of(i);

            err = put_row(&cell);
        }
        assert_int_equal(err, RN_E_LINK);
        t.fail_at = -1;
        for (unsigned i = 0; i < 10; i++) {
            struct rn_cell cell = cell_of(i);

            assert_int_equal(rn_pq_column_put(t.column, &cell), RN_E_LINK);
        }
        assert_int_equal(rn_pq_column_flush(t.column), RN_E_LINK);
        begin();
        put_cells(3000, 0);
        flush();
        tear_down();
    }
}

static bool in_bloom(const struct row *row)
{
    for (size_t i = 0; i < t.blooms; i++)
        if (t.bloom[i].n == row->n &&
            memcmp(t.bloom[i].p, row->plain, row->n) == 0)
            return true;
    return false;
}

static void every_value_is_in_the_filter(void **state)
{
    static const enum rn_type types[] = { RN_I64, RN_F64, RN_TEXT, RN_UUID };
    struct rn_pq_bloom filter = { .size = 32 };

    (void)state;
    bloom = &filter;
    for (unsigned k = 0; k < 2 * RN_COUNTOF(types); k++) {
        t.col.bits = k & 1 ? 32 : 0;
        set_up(types[k / 2], (struct rn_pq_sizes){ 512, 4096, 0 });
        begin();
        put_cells(1000, 10);
        assert_int_equal(t.blooms, 10); /* once each */
        put_cells(2000, 0);
        flush();
        for (size_t i = 0; i < t.put; i++)
            assert_true(in_bloom(&rows[i]));
        tear_down();
    }
    bloom = NULL;
}

/* The sum that decides when a row group is large enough. */
static void bytes_are_known_at_any_time(void **state)
{
    (void)state;
    for (unsigned dictionary = 0; dictionary < 2; dictionary++) {
        uint64_t before = 0;

        t.config.file.integer_encoding = RN_ENCODING_PLAIN;
        set_up(RN_I64, (struct rn_pq_sizes){ 4096, dictionary * 65536, 0 });
        begin();
        for (size_t i = 0; i < 9000; i++) {
            struct rn_cell cell = cell_of(chance(300));
            uint64_t now;

            assert_int_equal(put_row(&cell), RN_OK);
            now = rn_pq_column_bytes(t.column);
            assert_true(now >= before);
            assert_true(now >= i / 2 && now <= i * 8 + 64);
            before = now;
        }
        flush();
        assert_true(rn_pq_column_bytes(t.column) >= before);
        tear_down();
    }
}

static int make_heap(void **state)
{
    (void)state;
    heap = malloc(HEAP);
    return heap == NULL;
}

static int free_heap(void **state)
{
    (void)state;
    free(heap);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_is_put_comes_back),
        cmocka_unit_test(the_same_rows_are_the_same_pages),
        cmocka_unit_test(extremes_come_back),
        cmocka_unit_test(a_value_larger_than_a_page_is_not_copied),
        cmocka_unit_test(a_page_has_a_limited_number_of_rows),
        cmocka_unit_test(keys_leave_the_dictionary_early),
        cmocka_unit_test(a_full_dictionary_is_left_for_the_rest_of_the_chunk),
        cmocka_unit_test(growing_numbers_cost_few_pages),
        cmocka_unit_test(nulls_alone_have_no_dictionary),
        cmocka_unit_test(a_cell_that_is_refused_leaves_no_trace),
        cmocka_unit_test(a_failure_of_the_writer_stays_until_the_next_chunk),
        cmocka_unit_test(every_value_is_in_the_filter),
        cmocka_unit_test(bytes_are_known_at_any_time),
    };

    return cmocka_run_group_tests(tests, make_heap, free_heap);
}
