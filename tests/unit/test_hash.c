/* test_hash.c: what signs and what sums, against published values. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "core/base64.h"
#include "identity/hash.h"

static void hmac_text(struct rn_bytes key, struct rn_bytes text, size_t step,
                      char hex[64])
{
    uint8_t mac[RN_SHA256];
    struct rn_hmac h;

    rn_hmac_init(&h, key);
    for (size_t at = 0; at < text.n; at += step) {
        size_t n = text.n - at < step ? text.n - at : step;
        rn_hmac_add(&h, (struct rn_bytes){ text.p + at, n });
    }
    rn_hmac_done(&h, mac);
    rn_hex(mac, sizeof mac, hex);
}

/* RFC 4231, cases 2 and 6. */
static void hmac_is_that_of_the_standard(void **state)
{
    uint8_t long_key[131];
    char hex[64];

    (void)state;
    memset(long_key, 0xaa, sizeof long_key);
    for (size_t step = 1; step < 60; step++) {
        hmac_text(RN_STR("Jefe"), RN_STR("what do ya want for nothing?"), step,
                  hex);
        assert_memory_equal(hex,
                            "5bdcc146bf60754e6a042426089575c7"
                            "5a003f089d2739839dec58b964ec3843",
                            64);
        hmac_text((struct rn_bytes){ long_key, sizeof long_key },
                  RN_STR("Test Using Larger Than Block-Size Key - Hash Key "
                         "First"),
                  step, hex);
        assert_memory_equal(hex,
                            "60e431591ee0b67f0d8a26aacbf5b77f"
                            "8e0bc6213728c5140546040f0ee37f54",
                            64);
    }
}

/* RFC 1321. */
static void md5_is_that_of_the_standard(void **state)
{
    struct rn_bytes text = RN_STR("message digest");
    uint8_t sum[RN_MD5];
    char hex[32];

    (void)state;
    for (size_t cut = 0; cut <= text.n; cut++) {
        struct rn_md5 m;
        rn_md5_init(&m);
        rn_md5_add(&m, (struct rn_bytes){ text.p, cut });
        rn_md5_add(&m, (struct rn_bytes){ text.p + cut, text.n - cut });
        rn_md5_done(&m, sum);
        rn_hex(sum, sizeof sum, hex);
        assert_memory_equal(hex, "f96b697d7cb7938d525a2f31aaf161d0", 32);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hmac_is_that_of_the_standard),
        cmocka_unit_test(md5_is_that_of_the_standard),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
