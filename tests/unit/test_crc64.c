/* test_crc64.c: the checksum is the one that Azure Storage computes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/crc64.h"

/* The boards' one, which this image has not. */
uint64_t board_crc64(uint64_t crc, const void *p, size_t n);
#define rn_crc64 board_crc64
#include "core/crc64_portable.c"
#undef rn_crc64

static uint8_t bytes[70000];

static void known_values_match(void **state)
{
    uint8_t *block = malloc(4194304);

    (void)state;
    assert_int_equal(rn_crc64(0, "", 0), 0);
    assert_int_equal(rn_crc64(0, "123456789", 9), 0xAE8B14860A799888);
    /* What the service itself answered for 4 MiB of one byte:
     * x-ms-content-crc64: a6mGT0pdNRI=
     */
    memset(block, 0xfa, 4194304);
    assert_int_equal(rn_crc64(0, block, 4194304), 0x12355D4A4F86A96B);
    free(block);
}

static uint64_t bit_by_bit(const uint8_t *p, size_t n)
{
    uint64_t r = ~UINT64_C(0);

    for (size_t i = 0; i < n; i++) {
        r ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            r = (r >> 1) ^ ((r & 1) ? UINT64_C(0x9A6C9329AC4BC9B5) : 0);
    }
    return ~r;
}

static void every_length_and_alignment_agrees_with_the_definition(void **state)
{
    (void)state;
    for (size_t n = 0; n < 700; n++) {
        uint64_t want = bit_by_bit(bytes + n % 17, n);

        assert_int_equal(rn_crc64(0, bytes + n % 17, n), want);
        assert_int_equal(rn_crc64_table(0, bytes + n % 17, n), want);
        assert_int_equal(board_crc64(0, bytes + n % 17, n), want);
    }
    assert_int_equal(rn_crc64(0, bytes, sizeof bytes),
                     bit_by_bit(bytes, sizeof bytes));
}

static void any_split_gives_the_same(void **state)
{
    uint64_t all = rn_crc64(0, bytes, 3000);

    (void)state;
    for (size_t cut = 0; cut <= 3000; cut++) {
        uint64_t a = rn_crc64(0, bytes, cut);
        uint64_t b = rn_crc64(0, bytes + cut, 3000 - cut);

        assert_int_equal(rn_crc64(a, bytes + cut, 3000 - cut), all);
        assert_int_equal(rn_crc64_join(a, b, 3000 - cut), all);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values_match),
        cmocka_unit_test(every_length_and_alignment_agrees_with_the_definition),
        cmocka_unit_test(any_split_gives_the_same),
    };

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 2654435761u >> 13);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
