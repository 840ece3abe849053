/* test_codec.c: what a codec makes of a unit, the library's own readers turn
 * back, in memory that was fixed before.
 *
 * snappy and zstd are read by the machine's shared libraries, so that the test
 * needs neither header nor library of a codec that the image leaves out.
 */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "sink.h"

#include "compress/codec.h"

#define KIB       1024u
#define LARGEST   (200 * KIB)
#define UNIT      (64 * KIB)
#define UNLIMITED SIZE_MAX

typedef size_t zstd_read_fn(void *, size_t, const void *, size_t);
typedef int snappy_read_fn(const char *, size_t, char *, size_t *);

static uint8_t memory[8u << 20] __attribute__((aligned(16)));
static uint8_t input[LARGEST], got[2 * LARGEST], first[2 * LARGEST];
static uint8_t back[LARGEST + 1];
static struct sink sink;

/* ------------------------------------------------------- who allocates */

static volatile int watched, allocations;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void __wrap_free(void *p);

void *__wrap_malloc(size_t n)
{
    allocations += watched;
    return __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    allocations += watched;
    return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    allocations += watched;
    return __real_realloc(p, n);
}

void __wrap_free(void *p)
{
    allocations += watched;
    __real_free(p);
}

/* ---------------------------------------------------------------- data */

enum content { ONES, TEXT, NOISE, MIXED, CONTENTS };

static uint32_t chance(void)
{
    static uint64_t s = 88172645463325252u;

    s ^= s << 13;
    s ^= s >> 7;
    s ^= s << 17;
    return (uint32_t)(s >> 24);
}

static void fill_text(uint8_t *p, size_t n)
{
    static const char *const word[] = { "amber",  "basin", "\"say, so\"",
                                        "fjord",  "2026-", "11.50",
                                        "meadow", "\n",    "river" };
    size_t at = 0;

    while (at < n) {
        char line[64];
        int len = snprintf(line, sizeof(line), "%s,%u", word[chance() % 9],
                           chance() % 1000);

        for (int i = 0; i < len && at < n; i++)
            p[at++] = (uint8_t)line[i];
    }
}

static void fill(enum content content)
{
    if (content == ONES)
        memset(input, 1, sizeof(input));
    else
        fill_text(input, sizeof(input));
    for (size_t i = 0; i < sizeof(input); i++)
        if (content == NOISE || (content == MIXED && (i / 5000) % 2 == 1))
            input[i] = (uint8_t)chance();
}

/* -------------------------------------------------------------- readers */

static void *stock(const char *file, const char *symbol)
{
    void *lib = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    void *f = lib == NULL ? NULL : dlsym(lib, symbol);

    if (f == NULL)
        fail_msg("%s", dlerror());
    return f;
}

static size_t read_zlib(int window_bits)
{
    z_stream z;
    size_t n;

    memset(&z, 0, sizeof(z));
    assert_int_equal(inflateInit2(&z, window_bits), Z_OK);
    z.next_in = got;
    z.avail_in = (uInt)sink.n;
    z.next_out = back;
    z.avail_out = sizeof(back);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.avail_in, 0);
    n = z.total_out;
    inflateEnd(&z);
    return n;
}

static size_t read_zstd(void)
{
    static zstd_read_fn *decompress;
    static size_t (*frame)(const void *, size_t);
    static unsigned long long (*content)(const void *, size_t);

    if (decompress == NULL) {
        *(void **)&frame =
            stock("libzstd.so.1", "ZSTD_findFrameCompressedSize");
        *(void **)&content = stock("libzstd.so.1", "ZSTD_getFrameContentSize");
        *(void **)&decompress = stock("libzstd.so.1", "ZSTD_decompress");
    }
    /* One frame, which knows its length. */
    assert_int_equal(frame(got, sink.n), sink.n);
    assert_true(content(got, sink.n) <= LARGEST);
    return decompress(back, (size_t)content(got, sink.n), got, sink.n);
}

static size_t read_snappy(void)
{
    static snappy_read_fn *uncompress;
    size_t n = sizeof(back);

    if (uncompress == NULL)
        *(void **)&uncompress = stock("libsnappy.so.1", "snappy_uncompress");
    assert_int_equal(uncompress((char *)got, sink.n, (char *)back, &n), 0);
    return n;
}

static void expect_input(const struct rn_codec_class *cls, size_t n)
{
    size_t len = 0;

    memset(back, 0x5a, n + 1);
    switch (cls->kind) {
    case RN_COMPRESSION_GZIP:
        len = read_zlib(15 + 16);
        break;
    case RN_COMPRESSION_DEFLATE:
        len = read_zlib(-15);
        break;
    case RN_COMPRESSION_SNAPPY:
        len = read_snappy();
        break;
    case RN_COMPRESSION_ZSTD:
        len = read_zstd();
        break;
    default:
        fail_msg("no reader for %s", cls->name);
    }
    assert_int_equal(len, n);
    assert_memory_equal(back, input, n);
}

/* ---------------------------------------------------------------- codec */

static struct rn_codec *open_with(const struct rn_codec_class *cls, size_t unit,
                                  int level, size_t budget)
{
    struct rn_arena mem;
    struct rn_codec *c = NULL;
    size_t need;
    int err;

    watched = 1;
    need = cls->need(unit, level, budget);
    rn_arena_init(&mem, "codec", memory, need);
    err = need <= sizeof(memory) ? cls->init(&c, unit, level, budget, &mem)
                                 : RN_E_FULL;
    watched = 0;
    assert_int_equal(err, RN_OK);
    assert_int_equal(mem.used, need);
    assert_ptr_equal(c->cls, cls);
    return c;
}

/* The first n bytes of the input in pieces of `step`, through a buffer of
 * `size`.
 */
static int pack_in(struct rn_codec *c, size_t n, size_t step, size_t size)
{
    static struct rn_bytes piece[LARGEST + 2];
    size_t pieces = 0;
    int err;

    for (size_t i = 0; i < n; i += step)
        piece[pieces++] =
            (struct rn_bytes){ input + i, n - i < step ? n - i : step };
    sink_init(&sink, size, got, sizeof(got));
    watched = 1;
    err = c->cls->pack(c, piece, pieces, &sink.out);
    watched = 0;
    return err == RN_OK ? rn_out_flush(&sink.out) : err;
}

static const size_t lengths[] = {
    0,     1,     2,     3,     15,    16,     127,    128,
    1024,  1025,  4095,  4096,  4097,  16384,  16385,  32769,
    65535, 65536, 65537, 65538, 98305, 131072, 131073, LARGEST,
};

static const size_t budgets[] = { 0, 20 * KIB, 60 * KIB, 200 * KIB, UNLIMITED };

static void round_trips(struct rn_codec *c)
{
    for (int content = 0; content < CONTENTS; content++) {
        fill((enum content)content);
        for (size_t i = 0; i < RN_COUNTOF(lengths); i++) {
            assert_int_equal(pack_in(c, lengths[i], LARGEST, 4096), RN_OK);
            expect_input(c->cls, lengths[i]);
            if (sink.n > c->cls->bound(lengths[i]))
                fail_msg("%s: %zu bytes of %zu, bound %zu", c->cls->name,
                         sink.n, lengths[i], c->cls->bound(lengths[i]));
        }
    }
}

static void what_goes_in_comes_out(void **state)
{
    (void)state;
    for (size_t k = 0; k < rn_codecs_n; k++)
        for (size_t i = 0; i < RN_COUNTOF(budgets); i++) {
            round_trips(open_with(rn_codecs[k], i % 2 == 0 ? UNIT : 5000, 3,
                                  budgets[i]));
        }
}

static void every_level_works(void **state)
{
    (void)state;
    fill(MIXED);
    for (size_t k = 0; k < rn_codecs_n; k++) {
        int top = rn_codecs[k]->kind == RN_COMPRESSION_ZSTD ? 19 : 9;

        for (int level = 1; level <= top; level++)
            for (size_t b = 100 * KIB; b < 3000 * KIB; b *= 5) {
                struct rn_codec *c = open_with(rn_codecs[k], UNIT, level, b);

                assert_int_equal(pack_in(c, 70000, 70, 4096), RN_OK);
                expect_input(c->cls, 70000);
            }
    }
}

/* Whatever happens to be in the buffers, pieces and room. */
static void same_in_all_pieces(struct rn_codec *c, size_t n)
{
    static const size_t size[] = { 1, 7, 64, 4096, 70000 };
    static const size_t step[] = { 1, 3, 500, 1024, 4095, 65536, 65537 };
    size_t len;

    assert_int_equal(pack_in(c, n, LARGEST, 70000), RN_OK);
    expect_input(c->cls, n);
    len = sink.n;
    memcpy(first, got, len);
    for (size_t i = 0; i < RN_COUNTOF(size); i++)
        for (size_t j = i % 2; j < RN_COUNTOF(step); j += 2) {
            assert_int_equal(pack_in(c, n, step[j], size[i]), RN_OK);
            if (sink.n != len || memcmp(got, first, len) != 0)
                fail_msg("%s: %zu bytes by %zu through %zu", c->cls->name, n,
                         step[j], size[i]);
        }
}

static void every_split_and_buffer_gives_the_same_bytes(void **state)
{
    static const size_t n[] = {
        0, 1, 777, 8192, 16385, 65536, 131072, LARGEST
    };
    static const size_t budget[] = { 60 * KIB, UNLIMITED };

    (void)state;
    fill(MIXED);
    for (size_t k = 0; k < rn_codecs_n; k++)
        for (size_t b = 0; b < RN_COUNTOF(budget); b++) {
            struct rn_codec *c = open_with(rn_codecs[k], UNIT, 5, budget[b]);

            for (size_t i = 0; i < RN_COUNTOF(n); i++)
                same_in_all_pieces(c, n[i]);
        }
}

static void empty_pieces_change_nothing(void **state)
{
    static const struct rn_bytes none[3];
    struct rn_bytes some[5] = { { NULL, 0 },
                                { input, 1000 },
                                { input + 1000, 0 },
                                { input + 1000, 3000 },
                                { NULL, 0 } };

    (void)state;
    fill(TEXT);
    for (size_t k = 0; k < rn_codecs_n; k++) {
        struct rn_codec *c = open_with(rn_codecs[k], UNIT, 5, UNLIMITED);

        sink_init(&sink, 100, got, sizeof(got));
        assert_int_equal(c->cls->pack(c, none, 3, &sink.out), RN_OK);
        assert_int_equal(rn_out_flush(&sink.out), RN_OK);
        expect_input(c->cls, 0);
        sink_init(&sink, 100, got, sizeof(got));
        assert_int_equal(c->cls->pack(c, some, 5, &sink.out), RN_OK);
        assert_int_equal(rn_out_flush(&sink.out), RN_OK);
        expect_input(c->cls, 4000);
        memcpy(first, got, sink.n);
        assert_int_equal(pack_in(c, 4000, 4000, 100), RN_OK);
        assert_memory_equal(got, first, sink.n);
    }
}

static void units_follow_each_other_without_a_trace(void **state)
{
    (void)state;
    fill(MIXED);
    for (size_t k = 0; k < rn_codecs_n; k++) {
        struct rn_codec *c = open_with(rn_codecs[k], UNIT, 4, 200 * KIB);
        size_t n;

        assert_int_equal(pack_in(c, 30000, 100, 100), RN_OK);
        n = sink.n;
        memcpy(first, got, n);
        for (size_t i = 0; i < 100; i++) {
            size_t other = 1 + chance() % LARGEST;

            assert_int_equal(pack_in(c, other, LARGEST, 4096), RN_OK);
            assert_int_equal(pack_in(c, 30000, LARGEST, 4096), RN_OK);
            assert_int_equal(sink.n, n);
            assert_memory_equal(got, first, n);
        }
    }
}

static void a_lost_block_ends_the_unit_only(void **state)
{
    (void)state;
    fill(NOISE);
    for (size_t k = 0; k < rn_codecs_n; k++) {
        struct rn_codec *c = open_with(rn_codecs[k], UNIT, 4, 200 * KIB);
        size_t n;

        assert_int_equal(pack_in(c, 90000, 1000, 1000), RN_OK);
        n = sink.n;
        memcpy(first, got, n);
        for (int at = 0; at < 90; at++) {
            struct rn_bytes whole = { input, 90000 };

            sink_init(&sink, 1000, got, sizeof(got));
            sink.fail_at = at;
            assert_int_equal(c->cls->pack(c, &whole, 1, &sink.out), RN_E_LINK);
            assert_int_equal(sink.out.err, RN_E_LINK);
            assert_int_equal(sink.n, (size_t)at * 1000);
            /* It stays failed, and nothing more is written. */
            assert_int_equal(c->cls->pack(c, &whole, 1, &sink.out), RN_E_LINK);
            assert_int_equal(sink.drains, at + 1);
        }
        assert_int_equal(pack_in(c, 90000, 1000, 1000), RN_OK);
        assert_int_equal(sink.n, n);
        assert_memory_equal(got, first, n);
    }
}

static void too_little_memory_is_said_at_once(void **state)
{
    (void)state;
    for (size_t k = 0; k < rn_codecs_n; k++) {
        const struct rn_codec_class *cls = rn_codecs[k];
        size_t need = cls->need(UNIT, 3, 200 * KIB);

        for (size_t less = RN_ALIGN; less <= need; less += 4096) {
            struct rn_codec *c;
            struct rn_arena mem;

            rn_arena_init(&mem, "codec", memory, need - less);
            assert_int_equal(cls->init(&c, UNIT, 3, 200 * KIB, &mem),
                             RN_E_FULL);
        }
    }
}

/* Down to what the codec can't do without, a budget is kept. */
static void a_budget_is_kept(void **state)
{
    static const size_t unit[] = { 0,     1000,  8192, 9792,
                                   17163, 20000, UNIT, 1000 * KIB };

    (void)state;
    for (size_t k = 0; k < rn_codecs_n; k++) {
        const struct rn_codec_class *cls = rn_codecs[k];
        int top = cls->kind == RN_COMPRESSION_ZSTD ? 19 : 9;

        for (size_t u = 0; u < RN_COUNTOF(unit); u++)
            for (int level = 1; level <= top; level++) {
                size_t least = cls->need(unit[u], level, 0);

                assert_true(least <= 56 * KIB);
                for (size_t b = least; b < 4000 * KIB; b += b / 2)
                    assert_true(cls->need(unit[u], level, b) <= b);
            }
    }
}

static void codecs_are_found_by_kind(void **state)
{
    (void)state;
    assert_null(rn_codec_for(RN_COMPRESSION_NONE));
    assert_string_equal(rn_codec_for(RN_COMPRESSION_GZIP)->name, "gzip");
    assert_string_equal(rn_codec_for(RN_COMPRESSION_DEFLATE)->name, "deflate");
    for (size_t k = 0; k < rn_codecs_n; k++) {
        assert_ptr_equal(rn_codec_for(rn_codecs[k]->kind), rn_codecs[k]);
        assert_non_null(strchr(rn_codecs[k]->library, '.'));
    }
}

/* Last, after all the others. */
static void nothing_asked_for_memory(void **state)
{
    void *volatile p;

    (void)state;
    assert_int_equal(allocations, 0);
    watched = 1;
    p = malloc(1);
    watched = 0;
    free(p);
    assert_int_equal(allocations, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codecs_are_found_by_kind),
        cmocka_unit_test(what_goes_in_comes_out),
        cmocka_unit_test(every_level_works),
        cmocka_unit_test(every_split_and_buffer_gives_the_same_bytes),
        cmocka_unit_test(empty_pieces_change_nothing),
        cmocka_unit_test(units_follow_each_other_without_a_trace),
        cmocka_unit_test(a_lost_block_ends_the_unit_only),
        cmocka_unit_test(too_little_memory_is_said_at_once),
        cmocka_unit_test(a_budget_is_kept),
        cmocka_unit_test(nothing_asked_for_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
