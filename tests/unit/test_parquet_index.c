/* test_parquet_index.c: a chunk's pages as readers find them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "sink.h"

#include "encode/parquet_index.h"
#include "thrift_reader.h"
#include "row/utf8.h"

static uint8_t slice[8192], got[65536];
static struct sink sink;
static struct rn_pq_index x;
static struct rn_pq_type type;

static const struct rn_pq_type int64 = { .physical = RN_PQ_INT64,
                                         .order = RN_PQ_ORDER_SIGNED };
static const struct rn_pq_type int32 = { .physical = RN_PQ_INT32,
                                         .order = RN_PQ_ORDER_SIGNED };
static const struct rn_pq_type boolean = { .physical = RN_PQ_BOOLEAN,
                                           .order = RN_PQ_ORDER_SIGNED };
static const struct rn_pq_type float64 = { .physical = RN_PQ_DOUBLE,
                                           .order = RN_PQ_ORDER_FLOAT };
static const struct rn_pq_type float32 = { .physical = RN_PQ_FLOAT,
                                           .order = RN_PQ_ORDER_FLOAT };
static const struct rn_pq_type text = { .physical = RN_PQ_BYTE_ARRAY,
                                        .order = RN_PQ_ORDER_BYTES,
                                        .utf8 = true };
static const struct rn_pq_type decimal = { .physical = RN_PQ_FIXED,
                                           .order = RN_PQ_ORDER_SIGNED_BYTES,
                                           .length = 9 };

static void begin(struct rn_pq_type t, size_t cap)
{
    type = t;
    x.slice = slice;
    x.cap = (uint32_t)cap;
    rn_pq_index_clear(&x);
}

static void add(uint32_t bytes, uint32_t rows, uint32_t nulls,
                const struct rn_pq_value *min, const struct rn_pq_value *max)
{
    struct rn_pq_page_counts page = { bytes, rows, nulls };
    struct rn_pq_bounds bounds;

    rn_pq_bounds_clear(&bounds);
    if (min != NULL)
        rn_pq_bounds_add(&bounds, &type, min);
    if (max != NULL)
        rn_pq_bounds_add(&bounds, &type, max);
    rn_pq_index_add(&x, &type, &page, &bounds);
}

static void add_ints(int64_t min, int64_t max)
{
    struct rn_pq_value a = { .i = min }, b = { .i = max };

    add(100, 10, 0, &a, &b);
}

static void add_floats(double min, double max)
{
    struct rn_pq_value a = { .f = min }, b = { .f = max };

    add(100, 10, 0, &a, &b);
}

static void add_bytes(struct rn_bytes min, struct rn_bytes max)
{
    struct rn_pq_value a = { .bytes = min }, b = { .bytes = max };

    add(100, 10, 0, &a, &b);
}

static struct thrift_at column_index(size_t size)
{
    sink_init(&sink, size, got, sizeof(got));
    rn_pq_column_index(&x, &sink.out);
    assert_int_equal(rn_out_flush(&sink.out), RN_OK);
    struct thrift_at at = thrift_open(got, got + sink.n);
    assert_int_equal(thrift_size(at), sink.n);
    return at;
}

static int64_t order(void)
{
    assert_true(rn_pq_index_any(&x));
    return thrift_field_int(column_index(50), 4);
}

static void each_page_has_its_place_and_its_first_row(void **state)
{
    static const uint32_t bytes[] = { 100, 7, 2000000, 1 };
    static const uint32_t rows[] = { 10, 1, 100000, 70000 };
    uint64_t at = 4000000000u, row = 0;

    (void)state;
    begin(int64, sizeof(slice));
    for (size_t i = 0; i < 4; i++) {
        struct rn_pq_value v = { .i = (int64_t)i };

        add(bytes[i], rows[i], rows[i] / 2, &v, NULL);
    }
    sink_init(&sink, 4, got, sizeof(got));
    rn_pq_offset_index(&x, at, &sink.out);
    assert_int_equal(rn_out_flush(&sink.out), RN_OK);
    struct thrift_at index = thrift_open(got, got + sink.n);
    assert_int_equal(thrift_size(index), sink.n);
    struct thrift_at list = thrift_field(index, 1);
    assert_int_equal(thrift_count(list), 4);
    for (size_t i = 0; i < 4; i++) {
        struct thrift_at page = thrift_item(list, i);

        assert_int_equal(thrift_field_int(page, 1), at);
        assert_int_equal(thrift_field_int(page, 2), bytes[i]);
        assert_int_equal(thrift_field_int(page, 3), row);
        at += bytes[i];
        row += rows[i];
    }
}

static void each_page_has_its_bounds_and_nulls(void **state)
{
    struct rn_pq_value a = { .i = -5 }, b = { .i = 300 };

    (void)state;
    begin(int32, sizeof(slice));
    add(100, 10, 3, &a, &b);
    add(20, 10, 10, NULL, NULL);
    add(20, 10, 0, &b, NULL);
    struct thrift_at index = column_index(9);
    assert_false(thrift_true(thrift_item(thrift_field(index, 1), 0)));
    assert_true(thrift_true(thrift_item(thrift_field(index, 1), 1)));
    struct rn_bytes min = thrift_bytes(thrift_item(thrift_field(index, 2), 0));
    struct rn_bytes max = thrift_bytes(thrift_item(thrift_field(index, 3), 0));
    assert_true(rn_bytes_equal(min, RN_STR("\xfb\xff\xff\xff")));
    assert_true(rn_bytes_equal(max, RN_STR("\x2c\x01\x00\x00")));
    assert_int_equal(thrift_bytes(thrift_item(thrift_field(index, 2), 1)).n, 0);
    for (uint64_t i = 0; i < 3; i++)
        assert_int_equal(thrift_int(thrift_item(thrift_field(index, 5), i)),
                         i == 0   ? 3
                         : i == 1 ? 10
                                  : 0);
}

static void the_order_of_pages_is_said_for_every_type(void **state)
{
    (void)state;
    begin(int64, sizeof(slice));
    add_ints(INT64_MIN, -1);
    add_ints(INT64_MIN, 5);
    add(9, 9, 9, NULL, NULL); /* nothing but NULL changes nothing */
    add_ints(-3, INT64_MAX);
    assert_int_equal(order(), 1);
    add_ints(-4, INT64_MAX);
    assert_int_equal(order(), 0);

    begin(int32, sizeof(slice));
    add_ints(5, 9);
    add_ints(5, 5);
    add_ints(-5, 5);
    assert_int_equal(order(), 2);
    add_ints(-5, 6);
    assert_int_equal(order(), 0);

    begin(boolean, sizeof(slice));
    add_ints(0, 0);
    add_ints(0, 1);
    assert_int_equal(order(), 1);

    begin(float64, sizeof(slice));
    add_floats(-1e300, 1);
    add_floats(-1e-300, INFINITY);
    assert_int_equal(order(), 1);
    add_floats(-1, INFINITY);
    assert_int_equal(order(), 0);

    begin(float32, sizeof(slice));
    add_floats(3.5, 7);
    add_floats(-3.5, -1);
    assert_int_equal(order(), 2);

    begin(text, sizeof(slice));
    add_bytes(RN_STR(""), RN_STR("a"));
    add_bytes(RN_STR("a"), RN_STR("ab"));
    add_bytes(RN_STR("a\xc3\xa4"), RN_STR("b"));
    assert_int_equal(order(), 1);

    begin(decimal, sizeof(slice));
    add_bytes(RN_STR("\xff\0\0\0\0\0\0\0\0"), RN_STR("\xff\0\0\0\0\0\0\0\1"));
    add_bytes(RN_STR("\xff\1\0\0\0\0\0\0\0"), RN_STR("\0\0\0\0\0\0\0\0\1"));
    assert_int_equal(order(), 1);
    add_bytes(RN_STR("\x80\1\0\0\0\0\0\0\0"), RN_STR("\0\0\0\0\0\0\0\0\2"));
    assert_int_equal(order(), 0);
}

static void a_page_that_does_not_fit_leaves_the_chunk_without(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < 300; cap++) {
        size_t fits = cap / 21;

        begin(int64, cap);
        for (size_t i = 0; i < fits; i++)
            add_ints(0, 1);
        assert_true(rn_pq_index_any(&x) == (fits > 0));
        add_ints(0, 1);
        assert_false(rn_pq_index_any(&x));
        rn_pq_index_clear(&x);
        assert_false(x.full);
    }
}

static void a_page_without_bounds_leaves_the_chunk_without(void **state)
{
    struct rn_pq_value nan = { .f = NAN };

    (void)state;
    begin(float64, sizeof(slice));
    add_floats(1, 2);
    assert_true(rn_pq_index_any(&x));
    add(10, 5, 1, &nan, NULL);
    assert_false(rn_pq_index_any(&x));
}

static void without_a_slice_there_is_none(void **state)
{
    (void)state;
    begin(int64, 0);
    x.slice = NULL;
    add_ints(1, 2);
    assert_false(rn_pq_index_any(&x));
}

static int compare(struct rn_bytes a, struct rn_bytes b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n > 0 ? memcmp(a.p, b.p, n) : 0;

    return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

/* Small slices have short bounds, which are bounds and text all the same. */
static void long_texts_are_cut_to_bounds_that_hold(void **state)
{
    static const char *const samples[] = {
        "https://example.org/one/and/two/and/three/and/four/and/five/and/six",
        "x\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4",
        "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80",
        "aaaaaaa\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf",
        "\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f",
    };

    (void)state;
    for (size_t cap = 200; cap < sizeof(slice); cap += 500) {
        for (size_t i = 0; i < RN_COUNTOF(samples); i++) {
            struct rn_bytes v = rn_bytes_of(samples[i]);

            begin(text, cap);
            add_bytes(v, v);
            assert_true(rn_pq_index_any(&x));
            struct thrift_at index = column_index(70);
            struct rn_bytes min =
                thrift_bytes(thrift_item(thrift_field(index, 2), 0));
            struct rn_bytes max =
                thrift_bytes(thrift_item(thrift_field(index, 3), 0));
            assert_true(compare(min, v) <= 0 && compare(max, v) >= 0);
            assert_true(min.n > 4 && min.n <= 64);
            assert_int_equal(rn_utf8_good(min.p, min.n), min.n);
            assert_int_equal(rn_utf8_good(max.p, max.n), max.n);
            if (cap < 4096)
                assert_true(min.n <= 8 && max.n <= 11);
        }
    }
}

static void many_pages_are_the_same_for_every_buffer(void **state)
{
    static uint8_t first[65536];
    size_t n = 0;

    (void)state;
    begin(int64, sizeof(slice));
    for (int i = 0; i < 300; i++)
        add_ints(i * 1000, i * 1000 + 999);
    assert_true(rn_pq_index_any(&x));
    for (size_t size = 1; size < 40; size++) {
        struct thrift_at index = column_index(size);

        assert_int_equal(thrift_count(thrift_field(index, 1)), 300);
        if (size == 1) {
            n = sink.n;
            memcpy(first, got, n);
        }
        assert_int_equal(sink.n, n);
        assert_memory_equal(got, first, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_page_has_its_place_and_its_first_row),
        cmocka_unit_test(each_page_has_its_bounds_and_nulls),
        cmocka_unit_test(the_order_of_pages_is_said_for_every_type),
        cmocka_unit_test(a_page_that_does_not_fit_leaves_the_chunk_without),
        cmocka_unit_test(a_page_without_bounds_leaves_the_chunk_without),
        cmocka_unit_test(without_a_slice_there_is_none),
        cmocka_unit_test(long_texts_are_cut_to_bounds_that_hold),
        cmocka_unit_test(many_pages_are_the_same_for_every_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
