/* test_gzip.c: what goes in comes out of any gzip reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sink.h"

#include "compress/gzip.h"

#define MIB (UINT64_C(1) << 20)

static uint8_t memory[400000] __attribute__((aligned(16)));
static uint8_t input[100000], got[150000], first[150000], back[150000];
static struct sink sink;
static struct rn_gzip g;

static void open_with(uint64_t budget, int level)
{
    struct rn_config config;
    struct rn_arena mem;

    memset(&config, 0, sizeof(config));
    config.job.memory = budget;
    config.file.level = level;
    rn_arena_init(&mem, "gzip", memory, rn_gzip_need(&config));
    assert_int_equal(rn_gzip_init(&g, &config, &mem), RN_OK);
    assert_int_equal(mem.used, mem.cap);
    /* What is reserved is what zlib takes, give or take its own struct. */
    assert_true(g.deflate.cap - g.deflate.used < 1024);
}

static void fill(bool random)
{
    uint64_t s = 88172645463325252u;

    for (size_t i = 0; i < sizeof(input); i++) {
        s ^= s << 13;
        s ^= s >> 7;
        s ^= s << 17;
        input[i] = random ? (uint8_t)(s >> 30) : (uint8_t) "a,b\n"[s >> 30 & 3];
    }
}

static int compress_in(size_t n, size_t step, size_t size)
{
    int err;

    sink_init(&sink, size, got, sizeof(got));
    err = rn_gzip_begin(&g, &sink.out);
    for (size_t i = 0; i < n; i += step)
        rn_out_put(&g.out, input + i, n - i < step ? n - i : step);
    if (err == RN_OK)
        err = rn_gzip_finish(&g);
    return err == RN_OK ? rn_out_flush(&sink.out) : err;
}

static void expect_input(size_t n)
{
    z_stream z;

    memset(&z, 0, sizeof(z));
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    z.next_in = got;
    z.avail_in = (uInt)sink.n;
    z.next_out = back;
    z.avail_out = sizeof(back);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.avail_in, 0);
    assert_int_equal(z.total_out, n);
    assert_memory_equal(back, input, n);
    inflateEnd(&z);
}

static void what_goes_in_comes_out(void **state)
{
    static const uint64_t budget[] = { 64 << 10, 256 << 10, 512 << 10, MIB,
                                       4 * MIB };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(budget); i++) {
        for (int level = 1; level <= 9; level += 4) {
            open_with(budget[i], level);
            for (int random = 0; random < 2; random++) {
                fill(random);
                assert_int_equal(compress_in(sizeof(input), 777, 4096), RN_OK);
                expect_input(sizeof(input));
                /* Incompressible input grows by a few bytes a block. */
                assert_true(sink.n < sizeof(input) + sizeof(input) / 50);
            }
        }
    }
}

static void every_buffer_size_gives_the_same_bytes(void **state)
{
    size_t n;

    (void)state;
    open_with(MIB, 6);
    fill(false);
    memset(input + 3000, 'x', 3000);
    assert_int_equal(compress_in(20000, 20000, 70000), RN_OK);
    n = sink.n;
    memcpy(first, got, n);
    for (size_t size = 1; size <= 300; size++) {
        assert_int_equal(compress_in(20000, size, size), RN_OK);
        if (sink.n != n || memcmp(got, first, n) != 0)
            fail_msg("size %zu", size);
    }
    expect_input(20000);
}

static void nothing_is_a_whole_file_too(void **state)
{
    static const uint8_t empty[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff,
                                     3,    0,    0, 0, 0, 0, 0, 0, 0, 0 };

    (void)state;
    open_with(MIB, 6);
    assert_int_equal(compress_in(0, 1, 5), RN_OK);
    assert_int_equal(sink.n, sizeof(empty));
    assert_memory_equal(got, empty, sizeof(empty));
    expect_input(0);
}

static void files_follow_each_other_without_a_trace(void **state)
{
    size_t n;

    (void)state;
    open_with(MIB, 6);
    fill(false);
    assert_int_equal(compress_in(5000, 100, 100), RN_OK);
    n = sink.n;
    memcpy(first, got, n);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(compress_in(70000, 5000, 100), RN_OK);
        assert_int_equal(compress_in(5000, 100, 100), RN_OK);
        assert_int_equal(sink.n, n);
        assert_memory_equal(got, first, n);
    }
}

/* Another process, whose zlib knows nothing of what came before. */
static void a_file_goes_on_after_a_rest(void **state)
{
    uint8_t kept[RN_GZIP_SAVED];
    struct rn_record r;

    (void)state;
    for (int random = 0; random < 2; random++) {
        size_t whole;

        fill(random);
        open_with(MIB, 6);
        sink_init(&sink, 999, got, sizeof(got));
        assert_int_equal(rn_gzip_begin(&g, &sink.out), RN_OK);
        for (size_t i = 0; i < 9; i++) {
            rn_out_put(&g.out, input + i * 7000, 7000);
            assert_int_equal(rn_gzip_rest(&g), RN_OK);
        }
        assert_int_equal(rn_gzip_finish(&g), RN_OK);
        rn_out_flush(&sink.out);
        whole = sink.n;
        memcpy(first, got, whole);

        open_with(MIB, 6);
        sink_init(&sink, 999, got, sizeof(got));
        assert_int_equal(rn_gzip_begin(&g, &sink.out), RN_OK);
        for (size_t i = 0; i < 9; i++) {
            rn_out_put(&g.out, input + i * 7000, 7000);
            assert_int_equal(rn_gzip_rest(&g), RN_OK);
            rn_record_open(&r, kept, sizeof(kept));
            rn_gzip_save(&g, &r);
            assert_int_equal(r.at, sizeof(kept));
            rn_out_put(&g.out, input, 500); /* lost */
            open_with(MIB, 6);
            rn_record_open(&r, kept, sizeof(kept));
            assert_int_equal(rn_gzip_restore(&g, &r, &sink.out), RN_OK);
        }
        assert_int_equal(rn_gzip_finish(&g), RN_OK);
        rn_out_flush(&sink.out);
        expect_input(63000);
        assert_int_equal(sink.n, whole);
        assert_memory_equal(got, first, whole);
    }
    rn_record_open(&r, kept, sizeof(kept) - 1);
    assert_int_equal(rn_gzip_restore(&g, &r, &sink.out), RN_E_TORN);
}

static void a_lost_block_ends_the_file(void **state)
{
    (void)state;
    open_with(MIB, 6);
    fill(true);
    for (int at = 0; at < 40; at += 3) {
        sink_init(&sink, 1000, got, sizeof(got));
        sink.fail_at = at;
        assert_int_equal(rn_gzip_begin(&g, &sink.out), RN_OK);
        rn_out_put(&g.out, input, 50000);
        assert_int_equal(rn_gzip_finish(&g), RN_E_LINK);
        assert_int_equal(g.out.err, RN_E_LINK);
        assert_int_equal(sink.n, (size_t)at * 1000);
    }
    assert_int_equal(compress_in(sizeof(input), 777, 1000), RN_OK);
    expect_input(sizeof(input));
}

static void a_failing_compressor_is_an_error_that_stays(void **state)
{
    (void)state;
    open_with(MIB, 6);
    fill(false);
    sink_init(&sink, 1000, got, sizeof(got));
    assert_int_equal(rn_gzip_begin(&g, &sink.out), RN_OK);
    rn_out_put(&g.out, input, 10000);
    g.deflate.z.zalloc = NULL; /* zlib refuses to work from now on */
    rn_out_put(&g.out, input, 50000);
    assert_int_equal(g.out.err, RN_E_FULL);
    assert_int_equal(rn_gzip_finish(&g), RN_E_FULL);
    assert_int_equal(sink.out.err, RN_E_FULL);
    assert_int_equal(rn_gzip_begin(&g, &sink.out), RN_E_FULL);
}

static void too_little_memory_is_said_at_once(void **state)
{
    struct rn_config config;
    struct rn_arena mem;

    (void)state;
    memset(&config, 0, sizeof(config));
    config.job.memory = MIB;
    config.file.level = 6;
    rn_arena_init(&mem, "gzip", memory, rn_gzip_need(&config) - RN_ALIGN);
    assert_int_equal(rn_gzip_init(&g, &config, &mem), RN_E_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out),
        cmocka_unit_test(every_buffer_size_gives_the_same_bytes),
        cmocka_unit_test(nothing_is_a_whole_file_too),
        cmocka_unit_test(files_follow_each_other_without_a_trace),
        cmocka_unit_test(a_file_goes_on_after_a_rest),
        cmocka_unit_test(a_lost_block_ends_the_file),
        cmocka_unit_test(a_failing_compressor_is_an_error_that_stays),
        cmocka_unit_test(too_little_memory_is_said_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
