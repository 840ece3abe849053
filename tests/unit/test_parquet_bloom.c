/* test_parquet_bloom.c: filters that other readers find values in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sink.h"

#include "encode/parquet_bloom.h"

static uint8_t bits[4096];
static struct rn_pq_bloom bloom = { bits, 32 };

static void the_hash_is_xxh64(void **state)
{
    static const struct {
        struct rn_bytes text;
        uint64_t hash;
    } known[] = {
        { RN_LIT(""), UINT64_C(0xEF46DB3751D8E999) },
        { RN_LIT("a"), UINT64_C(0xD24EC4F1A98C6E5B) },
        { RN_LIT("abc"), UINT64_C(0x44BC2CF5AD770999) },
        { RN_LIT("Nobody inspects the spammish repetition"),
          UINT64_C(0xFBCEA83C8A378BF1) },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(known); i++)
        assert_true(rn_xxh64(known[i].text) == known[i].hash);
}

/* Every way through the function; the sum is from hyparquet's. */
static void every_length_is_hashed_as_others_do(void **state)
{
    uint8_t bytes[100];
    uint64_t sum = 0;

    (void)state;
    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7 + 1);
    for (size_t n = 0; n <= sizeof(bytes); n++)
        sum = sum * 31 + rn_xxh64((struct rn_bytes){ bytes, n });
    assert_true(sum == UINT64_C(0x1788ef20ffca534e));
}

static bool may_hold(struct rn_bytes v)
{
    static const uint32_t salt[8] = { 0x47b6137bU, 0x44974d91U, 0x8824ad5bU,
                                      0xa2b7289dU, 0x705495c7U, 0x2df1424bU,
                                      0x9efc4947U, 0x5c6bfb31U };
    uint64_t h = rn_xxh64(v);
    size_t block = (size_t)((h >> 32) * (bloom.size / 32) >> 32);

    for (int i = 0; i < 8; i++) {
        uint32_t word;
        const uint8_t *p = bits + block * 32 + 4 * i;

        word = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
               (uint32_t)p[3] << 24;
        if (!(word & UINT32_C(1) << ((uint32_t)h * salt[i] >> 27)))
            return false;
    }
    return true;
}

static void what_was_added_is_found_and_little_else(void **state)
{
    int wrong = 0;

    (void)state;
    bloom.size = sizeof(bits);
    rn_pq_bloom_clear(&bloom);
    for (uint32_t i = 0; i < 2000; i++)
        rn_pq_bloom_add(&bloom, (struct rn_bytes){ (uint8_t *)&i, 4 });
    for (uint32_t i = 0; i < 2000; i++)
        assert_true(may_hold((struct rn_bytes){ (uint8_t *)&i, 4 }));
    for (uint32_t i = 2000; i < 12000; i++)
        wrong += may_hold((struct rn_bytes){ (uint8_t *)&i, 4 });
    assert_true(wrong < 100); /* 16 bits a value: about 0.1 % */
    rn_pq_bloom_clear(&bloom);
    assert_false(may_hold(RN_STR("\1\0\0\0")));
}

static void a_filter_is_header_and_bits(void **state)
{
    static struct sink sink;
    static uint8_t got[200];

    (void)state;
    bloom.size = 32;
    rn_pq_bloom_clear(&bloom);
    bits[31] = 7;
    sink_init(&sink, 5, got, sizeof(got));
    rn_pq_bloom_write(&bloom, &sink.out);
    assert_int_equal(rn_out_flush(&sink.out), RN_OK);
    assert_int_equal(sink.n, 15 + 32);
    assert_memory_equal(got,
                        "\x15\x40\x1c\x1c\x00\x00\x1c\x1c\x00\x00\x1c\x1c\x00"
                        "\x00\x00",
                        15);
    assert_memory_equal(got + 15, bits, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hash_is_xxh64),
        cmocka_unit_test(every_length_is_hashed_as_others_do),
        cmocka_unit_test(what_was_added_is_found_and_little_else),
        cmocka_unit_test(a_filter_is_header_and_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
