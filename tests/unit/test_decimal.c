/* test_decimal.c: decimals are exact or refused, never rounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "row/decimal.h"

struct sample {
    const char *text;
    unsigned precision;
    unsigned scale;
    const char *expect; /* NULL: refused */
};

static const struct sample samples[] = {
    { "12.5", 10, 2, "12.50" },
    { "+012.50", 10, 2, "12.50" },
    { "1.25e1", 10, 2, "12.50" },
    { "125E-1", 10, 2, "12.50" },
    { "0", 5, 0, "0" },
    { "-0", 5, 0, "0" },
    { "-0.000", 5, 2, "0.00" },
    { "0e9999999999", 5, 2, "0.00" },
    { ".5", 5, 2, "0.50" },
    { "5.", 5, 2, "5.00" },
    { "-.05", 2, 2, "-0.05" },
    { "1e2", 3, 0, "100" },
    { "1200e-2", 2, 0, "12" },
    { "999.99", 5, 2, "999.99" },
    { "1000", 5, 2, NULL },
    { "999.995", 5, 2, NULL },
    { "999.990", 5, 2, "999.99" },
    { "0.001", 5, 2, NULL },
    { "1e-3", 5, 2, NULL },
    { "1e9999999999", 38, 0, NULL },
    { "1e-9999999999", 38, 37, NULL },
    { "99999999999999999999999999999999999999", 38, 0,
      "99999999999999999999999999999999999999" },
    { "-0.99999999999999999999999999999999999999", 38, 38,
      "-0.99999999999999999999999999999999999999" },
    { "100000000000000000000000000000000000000", 38, 0, NULL },
    { "0000000000000000000000000000000000000000000001", 38, 0, "1" },
    { "1.0000000000000000000000000000000000000000000000", 38, 0, "1" },
    { "123456789012345678901234567890123456789", 38, 0, NULL },
    { "", 5, 2, NULL },
    { "-", 5, 2, NULL },
    { ".", 5, 2, NULL },
    { "1e", 5, 2, NULL },
    { "1e+", 5, 2, NULL },
    { "1.2.3", 5, 2, NULL },
    { " 1", 5, 2, NULL },
    { "1 ", 5, 2, NULL },
    { "--1", 5, 2, NULL },
    { "0x1", 5, 2, NULL },
    { "nan", 5, 2, NULL },
    { "inf", 5, 2, NULL },
    { "1,5", 5, 2, NULL },
    { "e5", 5, 2, NULL },
};

static void a_decimal_is_exact_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(samples); i++) {
        const struct sample *s = &samples[i];
        char to[RN_DECIMAL_TEXT];
        int n = rn_decimal(
            (struct rn_bytes){ (const uint8_t *)s->text, strlen(s->text) },
            s->precision, s->scale, to);
        if (s->expect == NULL) {
            if (n != RN_E_VALUE)
                fail_msg("\"%s\" gave %d", s->text, n);
            continue;
        }
        if (n != (int)strlen(s->expect) ||
            memcmp(to, s->expect, strlen(s->expect)) != 0)
            fail_msg("\"%s\" gave \"%.*s\"", s->text, n < 0 ? 0 : n, to);
    }
}

static void canonical_text_is_its_own_canonical_text(void **state)
{
    (void)state;
    for (int v = -1200; v <= 1200; v++) {
        char from[16], to[RN_DECIMAL_TEXT], again[RN_DECIMAL_TEXT];
        int len = snprintf(from, sizeof from, "%de-2", v);
        int n = rn_decimal((struct rn_bytes){ (uint8_t *)from, (size_t)len }, 9,
                           3, to);
        assert_true(n > 0);
        len = snprintf(from, sizeof from, "%s%d.%02d0", v < 0 ? "-" : "",
                       (v < 0 ? -v : v) / 100, (v < 0 ? -v : v) % 100);
        assert_int_equal(n, len);
        assert_memory_equal(to, from, (size_t)n);
        assert_int_equal(
            rn_decimal((struct rn_bytes){ (uint8_t *)to, (size_t)n }, 9, 3,
                       again),
            n);
        assert_memory_equal(to, again, (size_t)n);
    }
}

static void a_cut_number_never_reads_past_its_end(void **state)
{
    (void)state;
    static const char full[] = "-12.5e+1";
    /* By length: what is left of the number when it ends there. */
    static const bool whole[] = { false, false, true,  true, true,
                                  true,  false, false, true };
    for (size_t n = 0; n < sizeof full; n++) {
        char to[RN_DECIMAL_TEXT];
        int err =
            rn_decimal((struct rn_bytes){ (const uint8_t *)full, n }, 9, 2, to);
        if ((err >= 0) != whole[n])
            fail_msg("%.*s gave %d", (int)n, full, err);
    }
}

static void text_of_any_length_is_bounded(void **state)
{
    (void)state;
    static char zeros[40000];
    char to[RN_DECIMAL_TEXT];
    memset(zeros, '0', sizeof zeros);
    for (size_t n = 1; n < sizeof zeros; n = n * 3 + 1) {
        int err =
            rn_decimal((struct rn_bytes){ (uint8_t *)zeros, n }, 38, 0, to);
        assert_int_equal(err, 1);
        zeros[0] = '1';
        err = rn_decimal((struct rn_bytes){ (uint8_t *)zeros, n }, 38, 0, to);
        assert_int_equal(err, n <= 38 ? (int)n : RN_E_VALUE);
        zeros[0] = '0';
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_decimal_is_exact_or_refused),
        cmocka_unit_test(canonical_text_is_its_own_canonical_text),
        cmocka_unit_test(a_cut_number_never_reads_past_its_end),
        cmocka_unit_test(text_of_any_length_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
