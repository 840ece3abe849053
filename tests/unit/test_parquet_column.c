/* test_parquet_column.c: what is put comes back from the pages, for every type,
 * encoding, size of slice and pattern of NULLs.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "column_kit.h"
#include "fewer.h"

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
                                 chance(2) * 100, chance(100000) });
}

static void all_that_is_put_comes_back(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 600u / (unsigned)fewer_by(); round++) {
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
        struct rn_pq_sizes sizes = { 512, round & 1 ? 512 : 0, 0, 0 };

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
        set_up(RN_TEXT,
               (struct rn_pq_sizes){ 512, round & 4 ? 1024 : 0, 100, 0 });
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
        set_up(RN_I64,
               (struct rn_pq_sizes){ 1 << 20, dictionary * 4096, 0, 0 });
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
    set_up(RN_I64, (struct rn_pq_sizes){ 65536, 262144, 0, 0 });
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
    set_up(RN_TEXT, (struct rn_pq_sizes){ 4096, 4096, 0, 0 });
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

/* And no further. */
static void pages_grow_to_where_the_dictionary_was(void **state)
{
    static const size_t largest[] = { 0, 4096, 6000, 8192, 100000 };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(largest); i++) {
        size_t most = largest[i] < 4096   ? 4096
                      : largest[i] > 8192 ? 8192
                                          : largest[i];
        uint32_t left;

        t.config.file.integer_encoding = RN_ENCODING_PLAIN;
        set_up(RN_I64, (struct rn_pq_sizes){ 4096, 4096, 0, largest[i] });
        for (unsigned chunk = 0; chunk < 2; chunk++) {
            begin();
            put_cells(300, 10);
            put_cells(4000, 0);
            assert_int_equal(t.dictionaries, 1);
            flush();
            left = t.pages - t.numbers;
            assert_true(left * most >= (t.put - 1000) * 8);
            assert_true((left - 1) * most <= t.put * 8);
        }
        tear_down();
    }
}

/* Bits for what is there, but for the first values. */
static void few_values_have_narrow_numbers(void **state)
{
    static const unsigned bits[] = { 1, 1, 2, 2, 3, 3, 3, 3 };

    (void)state;
    set_up(RN_TEXT, (struct rn_pq_sizes){ 65536, 65536, 0, 0 });
    for (unsigned n = 1; n <= RN_COUNTOF(bits); n++) {
        begin();
        for (unsigned i = 0; i < 60000; i++) {
            struct rn_cell cell = cell_of(chance(n));

            assert_int_equal(put_row(&cell), RN_OK);
        }
        flush();
        assert_true(t.pages <= 2);
        assert_true(rn_pq_column_chunk(t.column)->bytes <
                    4096 / 2 + 56000 * bits[n - 1] / 8 + 500);
    }
    tear_down();
}

/* As the dictionary grows, pages must not become a crowd. */
static void growing_numbers_cost_few_pages(void **state)
{
    (void)state;
    t.config.file.integer_encoding = RN_ENCODING_PLAIN;
    set_up(RN_I64, (struct rn_pq_sizes){ 1 << 20, 1 << 20, 0, 0 });
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
    set_up(RN_TEXT, (struct rn_pq_sizes){ 1024, 4096, 0, 0 });
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
        set_up(RN_I64, (struct rn_pq_sizes){ 256, 512, 0, 0 });
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
               (struct rn_pq_sizes){ 512, (size_t)at * 300, 0, 0 });
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
        set_up(types[k / 2], (struct rn_pq_sizes){ 512, 4096, 0, 0 });
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
        set_up(RN_I64, (struct rn_pq_sizes){ 4096, dictionary * 65536, 0, 0 });
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
        cmocka_unit_test(pages_grow_to_where_the_dictionary_was),
        cmocka_unit_test(few_values_have_narrow_numbers),
        cmocka_unit_test(growing_numbers_cost_few_pages),
        cmocka_unit_test(nulls_alone_have_no_dictionary),
        cmocka_unit_test(a_cell_that_is_refused_leaves_no_trace),
        cmocka_unit_test(a_failure_of_the_writer_stays_until_the_next_chunk),
        cmocka_unit_test(every_value_is_in_the_filter),
        cmocka_unit_test(bytes_are_known_at_any_time),
    };

    return cmocka_run_group_tests(tests, make_heap, free_heap);
}
