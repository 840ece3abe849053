/* test_number.c: numbers as text and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fewer.h"
#include "row/number.h"
#include "row/pow10.h"

/* splitmix64: the same patterns on each run. */
static uint64_t seed;

static uint64_t next_random(void)
{
    uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static double double_of(uint64_t bits)
{
    double v;

    memcpy(&v, &bits, sizeof(v));
    return v;
}

static uint64_t bits_of(double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof(bits));
    return bits;
}

static void check_i64(int64_t v, const char *expected)
{
    char text[RN_I64_TEXT];
    size_t n = rn_format_i64(v, text);
    int64_t back = 77;

    assert_int_equal(n, strlen(expected));
    assert_memory_equal(text, expected, n);
    assert_int_equal(rn_parse_i64(rn_bytes_of(expected), &back), RN_OK);
    assert_true(back == v);
}

static void integers_are_written_to_the_last_digit(void **state)
{
    (void)state;
    check_i64(0, "0");
    check_i64(9, "9");
    check_i64(10, "10");
    check_i64(99, "99");
    check_i64(100, "100");
    check_i64(-1, "-1");
    check_i64(99999999, "99999999");
    check_i64(100000000, "100000000");
    check_i64(123456789, "123456789");
    check_i64(9999999999999999, "9999999999999999");
    check_i64(10000000000000000, "10000000000000000");
    check_i64(9007199254740993, "9007199254740993");
    check_i64(INT64_MAX, "9223372036854775807");
    check_i64(INT64_MIN, "-9223372036854775808");
    for (int i = 0; i < 100000 / fewer_by(); i++) {
        int64_t v = (int64_t)(next_random() >> (i % 64));
        char expected[32];

        snprintf(expected, sizeof(expected), "%lld", (long long)v);
        check_i64(v, expected);
    }
}

static void unsigned_integers_reach_twenty_digits(void **state)
{
    char text[RN_I64_TEXT];

    (void)state;
    assert_int_equal(rn_format_u64(UINT64_MAX, text), 20);
    assert_memory_equal(text, "18446744073709551615", 20);
}

static void what_is_no_integer_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "-",
        "+",
        " 1",
        "1 ",
        "1.0",
        "0x10",
        "--1",
        "1e3",
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999",
        "1\n",
    };
    int64_t v;

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(bad); i++)
        assert_int_equal(rn_parse_i64(rn_bytes_of(bad[i]), &v), RN_E_VALUE);
    assert_int_equal(rn_parse_i64(RN_STR("1\0"), &v), RN_E_VALUE);
    assert_int_equal(rn_parse_i64(RN_STR("+007"), &v), RN_OK);
    assert_int_equal(v, 7);
}

static void check_f64(double v, const char *expected)
{
    char text[RN_F64_TEXT];
    size_t n = rn_format_f64(v, text);

    assert_int_equal(n, strlen(expected));
    assert_memory_equal(text, expected, n);
}

static void doubles_read_as_people_write_them(void **state)
{
    (void)state;
    check_f64(0.0, "0");
    check_f64(-0.0, "-0.0");
    check_f64(5.0, "5");
    check_f64(-5.0, "-5");
    check_f64(0.1, "0.1");
    check_f64(0.5, "0.5");
    check_f64(-0.1, "-0.1");
    check_f64(100.0, "100");
    check_f64(1.5, "1.5");
    check_f64(12345.678, "12345.678");
    check_f64(0.1 + 0.2, "0.30000000000000004");
    check_f64(1.0 / 3.0, "0.3333333333333333");
    check_f64(9007199254740993.0, "9007199254740992");
    check_f64(123456789012345680000.0, "123456789012345680000");
    check_f64(1e20, "100000000000000000000");
    check_f64(1e21, "1e+21");
    check_f64(1.5e21, "1.5e+21");
    check_f64(1e22, "1e+22");
    check_f64(1e23, "1e+23");
    check_f64(1e300, "1e+300");
    check_f64(0.000001, "0.000001");
    check_f64(0.00000123, "0.00000123");
    check_f64(1e-7, "1e-7");
    check_f64(1.25e-7, "1.25e-7");
    check_f64(-1.2345678901234568e-300, "-1.2345678901234568e-300");
    check_f64(-0.0000012345678901234567, "-0.0000012345678901234567");
}

static void the_edges_of_doubles_are_shortest(void **state)
{
    (void)state;
    check_f64(5e-324, "5e-324");
    check_f64(1e-323, "1e-323");
    check_f64(2.2250738585072009e-308, "2.225073858507201e-308");
    check_f64(2.2250738585072014e-308, "2.2250738585072014e-308");
    check_f64(1.7976931348623157e308, "1.7976931348623157e+308");
    check_f64(9.5e-322, "9.5e-322");
    check_f64(2.98023223876953125e-8, "2.9802322387695312e-8");
    check_f64(4.35, "4.35");
    check_f64(9409340012568248e18, "9.409340012568247e+33");
    check_f64(5.764607523034235e39, "5.764607523034235e+39");
    check_f64(2e-44, "2e-44");
    check_f64(8.41e21, "8.41e+21");
    check_f64(2.0919495182368195e19, "20919495182368195000");
    check_f64(9007199254740991.5, "9007199254740992");
}

/* Every power of ten from long division, by Fowler-Noll-Vo over the words. */
static void powers_of_ten_are_exact_to_128_bits(void **state)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    (void)state;
    for (int k = RN_POW10_MIN; k <= RN_POW10_MAX; k++) {
        struct rn_wide g = rn_pow10(k);

        assert_true(g.hi >> 63);
        h = (h ^ g.hi) * UINT64_C(0x100000001b3);
        h = (h ^ g.lo) * UINT64_C(0x100000001b3);
    }
    assert_true(h == UINT64_C(0x3c5d8adfdb1f923a));
}

static void wide_products_need_no_wide_type(void **state)
{
    (void)state;
    for (int i = 0; i < 100000 / fewer_by(); i++) {
        uint64_t a = next_random() >> (i % 61), b = next_random();
        struct rn_wide x = rn_wide_mul(a, b), y = rn_wide_mul_portable(a, b);

        assert_true(x.hi == y.hi && x.lo == y.lo);
    }
    struct rn_wide most = rn_wide_mul_portable(UINT64_MAX, UINT64_MAX);

    assert_true(most.hi == UINT64_MAX - 1 && most.lo == 1);
}

static int significant(const char *text, size_t n)
{
    int digits = 0, zeros = 0;
    size_t i = 0;

    while (i < n && (text[i] == '-' || text[i] == '0' || text[i] == '.'))
        i++;
    for (; i < n && text[i] != 'e'; i++) {
        if (text[i] == '.')
            continue;
        zeros = text[i] == '0' ? zeros + 1 : 0;
        digits++;
    }
    return digits - zeros;
}

/* libc's own conversions are the judge: the text reads back as the same bits,
 * and libc has no shorter one that does.
 */
static void check_round_trip(uint64_t bits)
{
    double v = double_of(bits), back;
    char text[RN_F64_TEXT + 1], shorter[40];
    size_t n;
    int digits;

    if ((bits >> 52 & 0x7ff) == 0x7ff)
        return;
    n = rn_format_f64(v, text);
    assert_true(n <= RN_F64_TEXT);
    text[n] = '\0';
    if (bits_of(strtod(text, NULL)) != bits)
        fail_msg("%s is not %.17g", text, v);
    assert_int_equal(rn_parse_f64(rn_bytes_of(text), &back), RN_OK);
    if (bits_of(back) != bits)
        fail_msg("%s was read as %.17g", text, back);
    digits = significant(text, n);
    if (digits < 2)
        return;
    snprintf(shorter, sizeof(shorter), "%.*e", digits - 2, v);
    if (bits_of(strtod(shorter, NULL)) == bits)
        fail_msg("%s is longer than %s", text, shorter);
    /* of the same length, libc's is the closest to the value */
    snprintf(shorter, sizeof(shorter), "%.*e", digits - 1, v);
    if (bits_of(strtod(shorter, NULL)) == bits &&
        strtod(shorter, NULL) != strtod(text, NULL))
        fail_msg("%s is not as close as %s", text, shorter);
}

static void random_doubles_make_the_round_trip(void **state)
{
    (void)state;
    seed = 1;
    for (int i = 0; i < 150000 / fewer_by(); i++)
        check_round_trip(next_random());
    for (int i = 0; i < 50000 / fewer_by();
         i++) /* as prices and measurements are */
        check_round_trip(bits_of((double)(next_random() % 100000000) / 100.0));
    for (int i = 0; i < 50000 / fewer_by(); i++) /* denormals */
        check_round_trip(next_random() >> (12 + i % 52));
    for (int i = 0; i < 50000 / fewer_by(); i++) /* integers */
        check_round_trip(bits_of((double)(next_random() >> (i % 64))));
}

static void edge_doubles_make_the_round_trip(void **state)
{
    (void)state;
    for (uint64_t e = 0; e < 2047; e++) {
        for (int64_t d = -2; d <= 2; d++)
            check_round_trip((e << 52) + (uint64_t)d);
    }
    for (int k = -323; k <= 308; k++) {
        char text[16];
        uint64_t bits;

        snprintf(text, sizeof(text), "1e%d", k);
        bits = bits_of(strtod(text, NULL));
        for (int64_t d = -2; d <= 2; d++)
            check_round_trip(bits + (uint64_t)d);
    }
}

static void check_parse(const char *text)
{
    double expected = strtod(text, NULL), v = 77;

    assert_int_equal(rn_parse_f64(rn_bytes_of(text), &v), RN_OK);
    if (bits_of(v) != bits_of(expected))
        fail_msg("%s was read as %.17g, not %.17g", text, v, expected);
}

static void literals_of_any_length_are_rounded_once(void **state)
{
    (void)state;
    seed = 2;
    for (int i = 0; i < 100000 / fewer_by(); i++) {
        char text[120];
        int n = 0, digits = 1 + (int)(next_random() % 40);

        for (int k = 0; k < digits; k++) {
            if (k == digits / 3)
                text[n++] = '.';
            text[n++] = (char)('0' + next_random() % 10);
        }
        snprintf(text + n, sizeof(text) - (size_t)n, "e%d",
                 (int)(next_random() % 620) - 325);
        if (strtod(text, NULL) < 1.7e308)
            check_parse(text);
    }
}

/* The points half way between two doubles, written out in full, and the
 * numbers just beside them.
 */
static void ties_go_to_the_even_neighbour(void **state)
{
    static char text[1300];

    (void)state;
    seed = 3;
    for (int i = 0; i < 4000; i++) {
        /* %.1100f prints a long double's value exactly; 64 bits of mantissa
         * hold a double and half its last place. */
        uint64_t m = (next_random() >> 11 | UINT64_C(1) << 52) * 2 + 1;
        long double half = (long double)m;
        int e = -1 - (int)(next_random() % 1070);
        int n;

        for (int k = 0; k > e; k--)
            half /= 2.0L;
        n = snprintf(text, sizeof(text), "%.1080Lf", half);
        if (n <= 0 || (size_t)n + 2 > sizeof(text))
            continue;
        check_parse(text);
        text[n] = '1';
        text[n + 1] = '\0';
        check_parse(text);
        text[n] = '\0';
        while (text[--n] == '0')
            ;
        if (text[n] != '5') /* valgrind has no long double of 64 bits */
            continue;
        text[n]--;
        check_parse(text);
    }
}

static void literals_at_the_edges_are_right(void **state)
{
    static const char *const good[] = {
        "0",
        "-0",
        "+0.0",
        ".5",
        "5.",
        "0e999999999999",
        "1e-999999999999",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "4.9e-324",
        "2.47032822920623272088284396434110686182529901307162382212792841250337"
        "7536351043759326499181808179961898982823477228588654633283551779698981"
        "9938739800539093906315035659515570226392290858392449105184435931802849"
        "9365361525003193704576782492193656236698636584807570015857692699037063"
        "1192827955855133292783433840935197801553124659726357957462276646527282"
        "7220056374006485499977096599470454020828166226237857393450736339007967"
        "7619305775067401763246736009689513405355374585166611342237666786041621"
        "5968046191446729184030053005753084904876539171138659164623952491262365"
        "3881879636239373280423891018672348497668235089863388587925628302755995"
        "6575244555072551893136908362547791869486679949683240497058210285131854"
        "5139621383772282614543769341253209859132766723632812500e-324",
        "2.2250738585072011e-308",
        "2.2250738585072012e-308",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "9007199254740993",
        "9007199254740993.00000000000000000000000000001",
        "9007199254740992.99999999999999999999999999999",
        "179769313486231570000000000000000000000000000000000000000000e249",
        "6929495644600919.5",
        "8.5e21",
        "1e23",
        "1E5",
        "1e+5",
        "123456789012345678901234567890",
    };
    double v;

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(good); i++)
        check_parse(good[i]);
    assert_int_equal(rn_parse_f64(RN_STR("-0"), &v), RN_OK);
    assert_true(bits_of(v) == UINT64_C(1) << 63);
}

static void what_is_no_double_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        ".",
        "-",
        "e5",
        "1e",
        "1e+",
        " 1",
        "1 ",
        "inf",
        "NaN",
        "0x1",
        "1,5",
        "1.2.3",
        "--1",
        "1e5.",
        "1_0",
        "1e309",
        "1.7976931348623159e308",
        "-1e999999999999999999999",
    };
    double v;

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(bad); i++)
        assert_int_equal(rn_parse_f64(rn_bytes_of(bad[i]), &v), RN_E_VALUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_written_to_the_last_digit),
        cmocka_unit_test(unsigned_integers_reach_twenty_digits),
        cmocka_unit_test(what_is_no_integer_is_refused),
        cmocka_unit_test(doubles_read_as_people_write_them),
        cmocka_unit_test(the_edges_of_doubles_are_shortest),
        cmocka_unit_test(powers_of_ten_are_exact_to_128_bits),
        cmocka_unit_test(wide_products_need_no_wide_type),
        cmocka_unit_test(random_doubles_make_the_round_trip),
        cmocka_unit_test(edge_doubles_make_the_round_trip),
        cmocka_unit_test(literals_of_any_length_are_rounded_once),
        cmocka_unit_test(ties_go_to_the_even_neighbour),
        cmocka_unit_test(literals_at_the_edges_are_right),
        cmocka_unit_test(what_is_no_double_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
