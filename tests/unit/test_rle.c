/* test_rle.c: whatever goes into a slice comes out again, and never more than
 * the slice holds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "encode/rle.h"

#include "unpack.h"

#define MOST 70000u

static uint8_t slice[160000 + 16];
static uint32_t put[MOST], got[MOST];

enum pattern {
    CONSTANT,
    RANDOM,
    RUNS,
    ALTERNATING,
    MOSTLY_ONE,
    EIGHTS, /* groups of equal values between others */
    PATTERNS
};

static void make(enum pattern pattern, unsigned width, size_t n)
{
    uint32_t below = UINT32_C(1) << width;
    uint32_t v = chance(below);
    size_t left = 0;

    for (size_t i = 0; i < n; i++) {
        if (pattern == RANDOM || (pattern == MOSTLY_ONE && chance(20) == 0))
            v = chance(below);
        if (pattern == EIGHTS && (i / 8 % 2 || i % 8 == 0))
            v = chance(below);
        if (pattern == RUNS && left-- == 0) {
            left = chance(chance(10) == 0 ? 2000 : 40);
            v = chance(below);
        }
        if (pattern == ALTERNATING)
            v = i % 2;
        put[i] = v;
    }
}

/* Put until the slice is full; what was taken comes back. */
static size_t round_trip(uint8_t *p, size_t cap, unsigned width, size_t n)
{
    struct rn_rle r;
    size_t taken = 0;
    uint32_t len;

    memset(p + cap, 0x5a, 16);
    rn_rle_begin(&r, p, (uint32_t)cap, width);
    for (; taken < n; taken++) {
        bool room = rn_rle_room(&r);
        bool took = rn_rle_put(&r, put[taken]);

        assert_true(took || !room);
        if (!took)
            break;
    }
    len = rn_rle_end(&r);
    assert_true(len <= cap);
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(p[cap + i], 0x5a);
    unpack_hybrid((struct rn_bytes){ p, len }, width, got, taken);
    assert_memory_equal(got, put, taken * sizeof(put[0]));
    return taken;
}

static void every_width_and_pattern_comes_back(void **state)
{
    (void)state;
    for (unsigned width = 1; width <= RN_RLE_WIDTH_MAX; width++) {
        for (int pattern = 0; pattern < PATTERNS; pattern++) {
            size_t n = 1 + chance(20000);

            make((enum pattern)pattern, width, n);
            assert_int_equal(round_trip(slice, 160000, width, n), n);
        }
    }
}

static void every_count_of_values_comes_back(void **state)
{
    (void)state;
    for (size_t n = 0; n < 300; n++) {
        unsigned width = 1 + chance(RN_RLE_WIDTH_MAX);

        make((enum pattern)chance(PATTERNS), width, n);
        assert_int_equal(round_trip(slice, 160000, width, n), n);
        make(RUNS, 1, n);
        assert_int_equal(round_trip(slice, 160000, 1, n), n);
    }
}

static void every_slice_takes_what_it_holds_and_no_more(void **state)
{
    (void)state;
    for (unsigned width = 1; width <= RN_RLE_WIDTH_MAX; width++) {
        for (size_t more = 0; more < 120; more++) {
            size_t cap = rn_rle_least(width) + more;
            uint8_t *p = malloc(cap + 16);

            make((enum pattern)chance(PATTERNS), width, 3000);
            assert_true(round_trip(p, cap, width, 3000) > 0);
            free(p);
        }
    }
}

/* Random bits cost a header for 63 groups; what is reserved is small. */
static void a_slice_is_used_almost_to_its_end(void **state)
{
    (void)state;
    for (unsigned width = 1; width <= RN_RLE_WIDTH_MAX; width++) {
        size_t taken;

        make(RANDOM, width, MOST);
        taken = round_trip(slice, 4096, width, MOST);
        assert_true(taken * width / 8 > 3950);
    }
}

static void a_long_run_takes_a_few_bytes(void **state)
{
    struct rn_rle r;

    (void)state;
    for (unsigned width = 1; width <= RN_RLE_WIDTH_MAX; width++) {
        rn_rle_begin(&r, slice, 64, width);
        for (size_t i = 0; i < 1000000; i++)
            assert_true(rn_rle_put(&r, 1));
        assert_true(rn_rle_end(&r) <= 5);
    }
}

/* Runs where packing is shorter would cost readers and bytes. */
static void runs_never_cost_more_than_packing(void **state)
{
    (void)state;
    for (unsigned width = 1; width <= RN_RLE_WIDTH_MAX; width++) {
        for (int pattern = 0; pattern < PATTERNS; pattern++) {
            struct rn_rle r;
            size_t packed = 63 * 8 * 10 / 8 * width + 10;

            make((enum pattern)pattern, width, 63 * 8 * 10);
            rn_rle_begin(&r, slice, 160000, width);
            for (size_t i = 0; i < 63 * 8 * 10; i++)
                rn_rle_put(&r, put[i]);
            assert_true(rn_rle_end(&r) <= packed + 10);
        }
    }
}

/* The format's own example: 0 to 7 in three bits. */
static void the_bits_are_in_the_formats_order(void **state)
{
    static const uint8_t expected[] = { 0x03, 0x88, 0xc6, 0xfa };
    struct rn_rle r;

    (void)state;
    rn_rle_begin(&r, slice, 64, 3);
    for (uint32_t i = 0; i < 8; i++)
        rn_rle_put(&r, i);
    assert_int_equal(rn_rle_end(&r), 4);
    assert_memory_equal(slice, expected, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_width_and_pattern_comes_back),
        cmocka_unit_test(every_count_of_values_comes_back),
        cmocka_unit_test(every_slice_takes_what_it_holds_and_no_more),
        cmocka_unit_test(a_slice_is_used_almost_to_its_end),
        cmocka_unit_test(a_long_run_takes_a_few_bytes),
        cmocka_unit_test(runs_never_cost_more_than_packing),
        cmocka_unit_test(the_bits_are_in_the_formats_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
