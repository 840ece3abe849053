/* test_parquet_page.c: pages as readers of Parquet take them apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "encode/parquet_page.h"
#include "lib/memory_lanes.h"
#include "thrift_reader.h"

static const struct rn_pq_type int64 = { .physical = RN_PQ_INT64,
                                         .order = RN_PQ_ORDER_SIGNED };

static uint8_t memory[600000] __attribute__((aligned(16)));
static uint8_t slice[1000], values[20000], back[40000];
static struct memory_lanes lanes;
static struct rn_pq_writer writer;
static struct rn_pq_chunk chunk;
static struct rn_pq_bounds bounds;

static void open_writer(enum rn_compression compression, int version)
{
    struct rn_config config;
    struct rn_arena mem;

    memset(&config, 0, sizeof(config));
    config.file.compression = compression;
    config.file.level = 6;
    config.file.data_page = version;
    config.job.memory = 1 << 20;
    rn_arena_init(&mem, "writer", memory, rn_pq_writer_need(&config, 8192));
    assert_int_equal(rn_pq_writer_init(&writer, &config, 8192, &mem), RN_OK);
    assert_int_equal(mem.used, mem.cap);
    memory_lanes_init(&lanes, 2);
    writer.lanes = &lanes.lanes;
    memset(&chunk, 0, sizeof(chunk));
    chunk.index.slice = slice;
    chunk.index.cap = sizeof(slice);
    rn_pq_chunk_clear(&chunk);
    rn_pq_bounds_clear(&bounds);
    rn_pq_bounds_add(&bounds, &int64, &(struct rn_pq_value){ .i = 7 });
}

static void fill(bool random)
{
    uint64_t s = 88172645463325252u;

    for (size_t i = 0; i < sizeof(values); i++) {
        s ^= s << 13;
        s ^= s >> 7;
        s ^= s << 17;
        values[i] = random ? (uint8_t)(s >> 30) : (uint8_t)(i / 100);
    }
}

/* A page of `n` bytes of values in three pieces. */
static struct rn_pq_page page_of(size_t n, struct rn_bytes levels)
{
    return (struct rn_pq_page){
        .encoding = RN_PQ_PLAIN,
        .rows = 50,
        .nulls = levels.n > 0 ? 3 : 0,
        .levels = levels,
        .value = { { values, n / 3 },
                   { values + n / 3, 0 },
                   { values + n / 3, n - n / 3 } },
        .pieces = 3,
        .bounds = &bounds,
    };
}

static int write_page(size_t n, struct rn_bytes levels)
{
    struct rn_pq_page page = page_of(n, levels);

    return rn_pq_page_write(&writer, &chunk, &int64, 1, &page);
}

/* The page at the start of `b`: its header, and in *body what follows. */
static struct thrift_at header_of(const struct lane_bytes *b,
                                  struct rn_bytes *body)
{
    struct thrift_at h = thrift_open(b->p, b->p + b->n);
    size_t size = thrift_size(h);

    body->p = b->p + size;
    body->n = (size_t)thrift_field_int(h, 3);
    assert_int_equal(size + body->n, b->n);
    assert_int_equal((uint32_t)thrift_field_int(h, 4),
                     crc32(0, body->p, (uInt)body->n));
    return h;
}

static struct rn_bytes gunzip(struct rn_bytes b)
{
    z_stream z;

    memset(&z, 0, sizeof(z));
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)b.p;
    z.avail_in = (uInt)b.n;
    z.next_out = back;
    z.avail_out = sizeof(back);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.avail_in, 0);
    inflateEnd(&z);
    return (struct rn_bytes){ back, z.total_out };
}

static void expect_v1(struct rn_bytes body, struct rn_bytes levels, size_t n)
{
    assert_int_equal(body.n, levels.n + (levels.n > 0 ? 4 : 0) + n);
    if (levels.n > 0) {
        assert_int_equal(body.p[0] | body.p[1] << 8, levels.n);
        assert_int_equal(body.p[2] | body.p[3], 0);
        assert_memory_equal(body.p + 4, levels.p, levels.n);
    }
    assert_memory_equal(body.p + body.n - n, values, n);
}

static void v1_has_levels_behind_their_length_then_values(void **state)
{
    static const struct rn_bytes levels[] = { RN_LIT(""),
                                              RN_LIT("\x03\xff\x7f") };

    (void)state;
    fill(false);
    for (size_t i = 0; i < 4; i++) {
        struct rn_bytes l = levels[i & 1], body;
        bool packed = i >= 2;

        open_writer(packed ? RN_COMPRESSION_GZIP : RN_COMPRESSION_NONE, 1);
        assert_int_equal(write_page(4000, l), RN_OK);
        struct thrift_at h = header_of(&lanes.lane[1], &body);
        assert_int_equal(thrift_field_int(h, 1), 0);
        struct rn_bytes raw = packed ? gunzip(body) : body;
        assert_int_equal(thrift_field_int(h, 2), raw.n);
        expect_v1(raw, l, 4000);
        struct thrift_at data = thrift_field(h, 5);
        assert_int_equal(thrift_field_int(data, 1), 50);
        assert_int_equal(thrift_field_int(data, 2), RN_PQ_PLAIN);
        assert_int_equal(thrift_field_int(data, 3), RN_PQ_RLE);
        assert_int_equal(thrift_field_int(data, 4), RN_PQ_RLE);
        memory_lanes_free(&lanes);
    }
}

static void v2_leaves_levels_as_they_are(void **state)
{
    struct rn_bytes levels = RN_STR("\x03\xff\x7f"), body;

    (void)state;
    fill(false);
    open_writer(RN_COMPRESSION_GZIP, 2);
    assert_int_equal(write_page(4000, levels), RN_OK);
    struct thrift_at h = header_of(&lanes.lane[1], &body);
    assert_int_equal(thrift_field_int(h, 1), 3);
    assert_int_equal(thrift_field_int(h, 2), 4003);
    struct thrift_at data = thrift_field(h, 8);
    assert_int_equal(thrift_field_int(data, 1), 50);
    assert_int_equal(thrift_field_int(data, 2), 3);
    assert_int_equal(thrift_field_int(data, 3), 50);
    assert_int_equal(thrift_field_int(data, 4), RN_PQ_PLAIN);
    assert_int_equal(thrift_field_int(data, 5), 3);
    assert_int_equal(thrift_field_int(data, 6), 0);
    assert_true(thrift_true(thrift_field(data, 7)));
    assert_memory_equal(body.p, levels.p, 3);
    expect_v1(gunzip((struct rn_bytes){ body.p + 3, body.n - 3 }), RN_STR(""),
              4000);
    memory_lanes_free(&lanes);
}

static void v2_stores_as_it_is_what_does_not_shrink(void **state)
{
    static const size_t sizes[] = { 0, 5, 4000, 20000 };

    (void)state;
    fill(true);
    for (size_t i = 0; i < RN_COUNTOF(sizes); i++) {
        struct rn_bytes body;

        open_writer(RN_COMPRESSION_GZIP, 2);
        assert_int_equal(write_page(sizes[i], RN_STR("\x64\x01")), RN_OK);
        struct thrift_at h = header_of(&lanes.lane[1], &body);
        assert_false(thrift_true(thrift_field(thrift_field(h, 8), 7)));
        assert_int_equal(thrift_field_int(h, 2), 2 + sizes[i]);
        assert_int_equal(body.n, 2 + sizes[i]);
        assert_memory_equal(body.p + 2, values, sizes[i]);
        memory_lanes_free(&lanes);
    }
}

/* A page larger than the scratch is compressed twice, to the same bytes. */
static void a_page_is_the_same_for_every_scratch(void **state)
{
    static uint8_t first[40000];

    (void)state;
    for (int random = 0; random < 2; random++) {
        size_t n = 0;

        fill(random);
        for (size_t cap = 0; cap < 40; cap++) {
            struct rn_bytes body;

            open_writer(RN_COMPRESSION_GZIP, 1);
            if (cap > 0)
                writer.cap = cap; /* the whole one first */
            assert_int_equal(write_page(7000, RN_STR("\x64\x01")), RN_OK);
            header_of(&lanes.lane[1], &body);
            if (cap == 0) {
                n = lanes.lane[1].n;
                memcpy(first, lanes.lane[1].p, n);
            }
            assert_int_equal(lanes.lane[1].n, n);
            assert_memory_equal(lanes.lane[1].p, first, n);
            memory_lanes_free(&lanes);
        }
    }
}

static void a_page_larger_than_planned_is_written_all_the_same(void **state)
{
    struct rn_bytes body;

    (void)state;
    fill(true);
    open_writer(RN_COMPRESSION_GZIP, 1);
    assert_int_equal(write_page(sizeof(values), RN_STR("")), RN_OK);
    header_of(&lanes.lane[1], &body);
    expect_v1(gunzip(body), RN_STR(""), sizeof(values));
    memory_lanes_free(&lanes);
}

static void a_dictionary_stands_at_the_lanes_head(void **state)
{
    (void)state;
    fill(false);
    for (int packed = 0; packed < 2; packed++) {
        struct rn_bytes body, raw;

        open_writer(packed ? RN_COMPRESSION_GZIP : RN_COMPRESSION_NONE, 2);
        assert_int_equal(
            rn_pq_dictionary_write(&writer, &chunk, 0,
                                   (struct rn_bytes){ values, 800 }, 100),
            RN_OK);
        struct thrift_at h = header_of(&lanes.head[0], &body);
        assert_int_equal(lanes.lane[0].n, 0);
        assert_int_equal(thrift_field_int(h, 1), 2);
        assert_int_equal(thrift_field_int(h, 2), 800);
        assert_int_equal(thrift_field_int(thrift_field(h, 7), 1), 100);
        assert_int_equal(thrift_field_int(thrift_field(h, 7), 2), RN_PQ_PLAIN);
        raw = packed ? gunzip(body) : body;
        expect_v1(raw, RN_STR(""), 800);
        assert_int_equal(chunk.dictionary_bytes, lanes.head[0].n);
        assert_int_equal(chunk.dictionary_raw, lanes.head[0].n - body.n + 800);
        assert_int_equal(chunk.pages, 0);
        memory_lanes_free(&lanes);
    }
}

static void a_chunk_counts_what_its_pages_hold(void **state)
{
    struct rn_pq_page page;
    size_t before;

    (void)state;
    fill(false);
    open_writer(RN_COMPRESSION_GZIP, 1);
    assert_int_equal(write_page(4000, RN_STR("\x64\x01")), RN_OK);
    before = lanes.lane[1].n;
    page = page_of(100, RN_STR(""));
    page.encoding = RN_PQ_RLE_DICTIONARY;
    assert_int_equal(rn_pq_page_write(&writer, &chunk, &int64, 1, &page),
                     RN_OK);
    assert_int_equal(chunk.rows, 100);
    assert_int_equal(chunk.nulls, 3);
    assert_int_equal(chunk.pages, 2);
    assert_int_equal(chunk.dictionary_pages, 1);
    assert_int_equal(chunk.bytes, lanes.lane[1].n);
    assert_true(chunk.raw_bytes > 4106 && chunk.raw_bytes < 4206);
    assert_int_equal(chunk.encodings,
                     1u << RN_PQ_PLAIN | 1u << RN_PQ_RLE_DICTIONARY);
    assert_true(chunk.bounds.any && chunk.bounds.min.i == 7);
    assert_int_equal(chunk.index.pages, 2);
    assert_true(before < chunk.bytes);
    rn_pq_chunk_clear(&chunk);
    assert_int_equal(chunk.rows + chunk.bytes + chunk.pages, 0);
    assert_int_equal(chunk.encodings + chunk.index.pages, 0);
    assert_true(chunk.index.slice == slice && !chunk.bounds.any);
    memory_lanes_free(&lanes);
}

static void a_page_of_nulls_has_levels_only(void **state)
{
    (void)state;
    for (int version = 1; version <= 2; version++) {
        struct rn_pq_bounds none;
        struct rn_pq_page page = page_of(0, RN_STR("\x64\x00"));
        struct rn_bytes body;

        open_writer(RN_COMPRESSION_GZIP, version);
        rn_pq_bounds_clear(&none);
        page.nulls = page.rows;
        page.pieces = 0;
        page.bounds = &none;
        assert_int_equal(rn_pq_page_write(&writer, &chunk, &int64, 1, &page),
                         RN_OK);
        struct thrift_at h = header_of(&lanes.lane[1], &body);
        assert_int_equal(thrift_field_int(h, 2), version == 1 ? 6 : 2);
        assert_true(rn_pq_index_any(&chunk.index));
        memory_lanes_free(&lanes);
    }
}

static void a_failed_lane_is_reported_and_counts_nothing(void **state)
{
    static const struct {
        enum rn_compression compression;
        size_t cap; /* of the scratch; 0: as it is */
    } ways[] = { { RN_COMPRESSION_NONE, 0 },
                 { RN_COMPRESSION_GZIP, 0 },
                 { RN_COMPRESSION_GZIP, 600 } };

    (void)state;
    fill(true);
    for (size_t i = 0; i < RN_COUNTOF(ways); i++) {
        int err = RN_E_LINK, tries = 0;

        for (; err != RN_OK; tries++) {
            open_writer(ways[i].compression, 1);
            if (ways[i].cap > 0)
                writer.cap = ways[i].cap;
            lanes.fail_at = tries;
            err = write_page(3000, RN_STR("\x64\x01"));
            assert_true(err == RN_OK || err == RN_E_LINK);
            assert_int_equal(chunk.pages, err == RN_OK);
            assert_true((chunk.bytes > 0) == (err == RN_OK));
            memory_lanes_free(&lanes);
        }
        assert_true(tries > 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(v1_has_levels_behind_their_length_then_values),
        cmocka_unit_test(v2_leaves_levels_as_they_are),
        cmocka_unit_test(v2_stores_as_it_is_what_does_not_shrink),
        cmocka_unit_test(a_page_is_the_same_for_every_scratch),
        cmocka_unit_test(a_page_larger_than_planned_is_written_all_the_same),
        cmocka_unit_test(a_dictionary_stands_at_the_lanes_head),
        cmocka_unit_test(a_chunk_counts_what_its_pages_hold),
        cmocka_unit_test(a_page_of_nulls_has_levels_only),
        cmocka_unit_test(a_failed_lane_is_reported_and_counts_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
