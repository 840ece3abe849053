/* test_parquet_dictionary.c: equal values have one number, different ones
 * never; numbers count from 0 and the values stand in their order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "encode/parquet_dictionary.h"

#include "unpack.h"

static const struct rn_pq_type int32 = { .physical = RN_PQ_INT32 };
static const struct rn_pq_type int64 = { .physical = RN_PQ_INT64 };
static const struct rn_pq_type text = { .physical = RN_PQ_BYTE_ARRAY };
static const struct rn_pq_type uuid = { .physical = RN_PQ_FIXED, .length = 16 };

static struct rn_pq_dictionary d;
static uint8_t *slice;
static size_t slice_n;

/* With bytes behind it that stay as they are. */
static void set_up(const struct rn_pq_type *type, size_t n)
{
    slice = aligned_alloc(16, (n + 31) / 16 * 16);
    slice_n = n;
    memset(slice, 0x5a, (n + 31) / 16 * 16);
    rn_pq_dictionary_init(&d, type, slice, n);
}

static void tear_down(void)
{
    for (size_t i = slice_n; i < (slice_n + 31) / 16 * 16; i++)
        assert_int_equal(slice[i], 0x5a);
    free(slice);
}

static uint32_t number_of_text(const char *s)
{
    return rn_pq_dictionary_bytes(
        &d, (struct rn_bytes){ (const uint8_t *)s, strlen(s) });
}

static void values_stand_in_the_order_of_their_numbers(void **state)
{
    static const uint8_t expected[] = "\1\0\0\0a\0\0\0\0\3\0\0\0abc";

    (void)state;
    set_up(&text, 4096);
    assert_int_equal(number_of_text("a"), 0);
    assert_int_equal(number_of_text(""), 1);
    assert_int_equal(number_of_text("abc"), 2);
    assert_int_equal(number_of_text("a"), 0);
    assert_int_equal(number_of_text(""), 1);
    assert_int_equal(d.count, 3);
    assert_int_equal(d.len, sizeof(expected) - 1);
    assert_memory_equal(d.values, expected, d.len);
    rn_pq_dictionary_clear(&d);
    assert_int_equal(d.count, 0);
    assert_int_equal(number_of_text("abc"), 0);
    tear_down();
}

static void values_that_differ_in_a_bit_differ(void **state)
{
    (void)state;
    set_up(&int64, 65536);
    for (unsigned bit = 0; bit < 64; bit++)
        assert_int_equal(rn_pq_dictionary_number(&d, UINT64_C(1) << bit), bit);
    assert_int_equal(rn_pq_dictionary_number(&d, 0), 64);
    for (unsigned bit = 0; bit < 64; bit++)
        assert_int_equal(rn_pq_dictionary_number(&d, UINT64_C(1) << bit), bit);
    tear_down();
}

/* Of int32 only 32 bits count, whatever sign was extended. */
static void a_narrow_value_has_one_number(void **state)
{
    (void)state;
    set_up(&int32, 4096);
    assert_int_equal(rn_pq_dictionary_number(&d, (uint64_t)-1), 0);
    assert_int_equal(rn_pq_dictionary_number(&d, (uint64_t)-1), 0);
    assert_int_equal(d.len, 4);
    assert_memory_equal(d.values, "\xff\xff\xff\xff", 4);
    tear_down();
}

static void text_of_every_length_is_told_apart(void **state)
{
    char s[100];

    (void)state;
    set_up(&text, 65536);
    memset(s, 'x', sizeof(s));
    for (unsigned round = 0; round < 2; round++)
        for (size_t n = 0; n < sizeof(s); n++)
            assert_int_equal(rn_pq_dictionary_bytes(
                                 &d, (struct rn_bytes){ (uint8_t *)s, n }),
                             n);
    /* and by each byte */
    for (unsigned round = 0; round < 2; round++)
        for (size_t n = 0; n < sizeof(s); n++) {
            s[n]++;
            assert_int_equal(
                rn_pq_dictionary_bytes(
                    &d, (struct rn_bytes){ (uint8_t *)s, sizeof(s) }),
                sizeof(s) + n);
            s[n]--;
        }
    tear_down();
}

/* A value by ordinal, of whatever type. */
static uint32_t number_of(const struct rn_pq_type *type, uint64_t k)
{
    uint64_t mixed = k * UINT64_C(0x9e3779b97f4a7c15);
    uint8_t bytes[64];

    if (type == &int32)
        return rn_pq_dictionary_number(&d, (uint32_t)k * UINT32_C(2654435761));
    if (type == &int64)
        return rn_pq_dictionary_number(&d, k << 40 | k);
    memset(bytes, (int)(k % 251), sizeof(bytes));
    memcpy(bytes, &mixed, 8);
    return rn_pq_dictionary_bytes(
        &d, (struct rn_bytes){ bytes, type == &uuid ? 16
                                      : k < 1000    ? 8 + (size_t)(k % 50)
                                                    : 12 });
}

static void any_slice_holds_what_it_takes_and_says_when_it_is_full(void **state)
{
    static const struct rn_pq_type *const types[] = { &int32, &int64, &text,
                                                      &uuid };

    (void)state;
    for (unsigned t = 0; t < RN_COUNTOF(types); t++) {
        for (size_t n = RN_PQ_DICTIONARY_MIN; n < 100000; n += n / 3 + 7) {
            uint32_t count = 0;

            set_up(types[t], n);
            while (number_of(types[t], count) == count)
                count++;
            assert_int_equal(number_of(types[t], count), RN_PQ_NO_NUMBER);
            assert_int_equal(d.count, count);
            assert_true(count > 4 && count >= n / 80);
            for (uint32_t k = 0; k < count; k++)
                assert_int_equal(number_of(types[t], k), k);
            tear_down();
        }
    }
}

static void numbers_fit_sixteen_bits(void **state)
{
    (void)state;
    set_up(&int32, 2000000);
    for (uint32_t k = 0; k < RN_PQ_NUMBERS_MAX; k++)
        assert_int_equal(number_of(&int32, k), k);
    assert_int_equal(number_of(&int32, RN_PQ_NUMBERS_MAX), RN_PQ_NO_NUMBER);
    assert_int_equal(number_of(&int32, 7), 7);
    tear_down();
}

/* Sixteen bits of hash are not enough to tell so many apart. */
static void values_with_equal_hashes_differ(void **state)
{
    static const struct rn_pq_type *const types[] = { &int32, &int64, &text,
                                                      &uuid };

    (void)state;
    for (unsigned i = 0; i < RN_COUNTOF(types); i++) {
        set_up(types[i], 8000000);
        for (unsigned round = 0; round < 2; round++)
            for (uint32_t k = 0; k < 60000; k++)
                assert_int_equal(number_of(types[i], k), k);
        tear_down();
    }
}

static void a_value_larger_than_the_slice_has_no_number(void **state)
{
    static uint8_t large[100000];

    (void)state;
    set_up(&text, 4096);
    assert_int_equal(
        rn_pq_dictionary_bytes(&d, (struct rn_bytes){ large, sizeof(large) }),
        RN_PQ_NO_NUMBER);
    assert_int_equal(d.count, 0);
    assert_int_equal(number_of_text("small"), 0);
    tear_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_stand_in_the_order_of_their_numbers),
        cmocka_unit_test(values_that_differ_in_a_bit_differ),
        cmocka_unit_test(a_narrow_value_has_one_number),
        cmocka_unit_test(text_of_every_length_is_told_apart),
        cmocka_unit_test(
            any_slice_holds_what_it_takes_and_says_when_it_is_full),
        cmocka_unit_test(numbers_fit_sixteen_bits),
        cmocka_unit_test(values_with_equal_hashes_differ),
        cmocka_unit_test(a_value_larger_than_the_slice_has_no_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
