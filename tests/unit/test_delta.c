/* test_delta.c: differences add up to the same values again, whatever they are
 * and however small the slice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "encode/delta.h"

#include "unpack.h"

#define MOST 3000u

static int64_t put[MOST], got[MOST];
static int64_t wait[RN_DELTA_BLOCK];
static uint8_t stream[MOST * 10];

enum pattern { ASCENDING, RANDOM, CONSTANT, EXTREMES, JUMPS, PATTERNS };

static int64_t extreme(bool narrow)
{
    static const int64_t of64[] = { INT64_MIN, INT64_MAX, 0, -1, 1 };
    static const int64_t of32[] = { INT32_MIN, INT32_MAX, 0, -1, 1 };

    return narrow ? of32[chance(5)] : of64[chance(5)];
}

static void make(enum pattern pattern, bool narrow, size_t n)
{
    uint64_t v = chance64();

    for (size_t i = 0; i < n; i++) {
        if (pattern == RANDOM)
            v = chance64() >> chance(64);
        else if (pattern == ASCENDING)
            v += chance(100);
        else if (pattern == JUMPS)
            v += chance(50) == 0 ? chance64() : 7;
        put[i] = narrow ? (int64_t)(int32_t)(uint32_t)v : (int64_t)v;
        if (pattern == EXTREMES)
            put[i] = extreme(narrow);
    }
}

/* Put until the slice is full; what was taken comes back. */
static size_t round_trip(size_t cap, bool narrow, size_t n, size_t *len)
{
    uint8_t *p = malloc(cap + 1);
    uint8_t head[RN_DELTA_HEAD];
    struct rn_delta d;
    size_t taken = 0, head_len;
    struct unpack u;

    rn_delta_begin(&d, p, (uint32_t)cap, wait, narrow);
    while (taken < n && rn_delta_put(&d, put[taken]))
        taken++;
    head_len = rn_delta_end(&d, head);
    assert_true(head_len <= sizeof(head));
    assert_true(d.len <= cap);
    assert_int_equal(d.count, taken);
    memcpy(stream, head, head_len);
    memcpy(stream + head_len, p, d.len);
    u = (struct unpack){ stream, stream + head_len + d.len };
    assert_int_equal(unpack_delta(&u, narrow, got, MOST), taken);
    assert_true(u.p == u.end);
    assert_memory_equal(got, put, taken * sizeof(put[0]));
    *len = head_len + d.len;
    free(p);
    return taken;
}

static void every_pattern_and_count_comes_back(void **state)
{
    size_t len;

    (void)state;
    for (size_t n = 0; n < 600; n++) {
        for (int pattern = 0; pattern < PATTERNS; pattern++) {
            bool narrow = chance(2) == 0;

            make((enum pattern)pattern, narrow, n);
            assert_int_equal(round_trip(n * 9 + 1100, narrow, n, &len), n);
        }
    }
}

static void every_slice_takes_what_it_holds_and_no_more(void **state)
{
    size_t len;

    (void)state;
    for (size_t cap = 0; cap < 2400; cap += 1 + cap / 300) {
        for (int pattern = 0; pattern < PATTERNS; pattern++) {
            bool narrow = chance(2) == 0;

            make((enum pattern)pattern, narrow, MOST);
            /* the first value is in the header */
            assert_true(round_trip(cap, narrow, MOST, &len) >= 1);
        }
    }
}

static void equal_steps_take_no_bits(void **state)
{
    size_t len;

    (void)state;
    for (size_t i = 0; i < MOST; i++)
        put[i] = -5000 + 3 * (int64_t)i;
    assert_int_equal(round_trip(200, false, MOST, &len), MOST);
    assert_true(len <= RN_DELTA_HEAD + (MOST / 128 + 1) * 5);
}

static void small_steps_fill_a_slice_almost(void **state)
{
    size_t len, taken;

    (void)state;
    for (size_t i = 0; i < MOST; i++)
        put[i] = (int64_t)(i * 1000 + chance(16));
    taken = round_trip(1000, false, MOST, &len);
    assert_true(taken > 1200);
}

/* The first example of the format, in blocks of the real size. */
static void the_bytes_are_those_of_the_format(void **state)
{
    static const uint8_t expected[] = { 0x80, 0x01, 4, 5, 2, 2, 0, 0, 0, 0 };
    size_t len;

    (void)state;
    for (int i = 0; i < 5; i++)
        put[i] = i + 1;
    round_trip(100, true, 5, &len);
    assert_int_equal(len, sizeof(expected));
    assert_memory_equal(stream, expected, len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pattern_and_count_comes_back),
        cmocka_unit_test(every_slice_takes_what_it_holds_and_no_more),
        cmocka_unit_test(equal_steps_take_no_bits),
        cmocka_unit_test(small_steps_fill_a_slice_almost),
        cmocka_unit_test(the_bytes_are_those_of_the_format),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
