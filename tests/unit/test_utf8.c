/* test_utf8.c: text is UTF-8 or it is known where it is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "row/utf8.h"
#include "runnel/row.h"

static size_t good(const char *text, size_t n)
{
    return rn_utf8_good((const uint8_t *)text, n);
}

/* One character as its definition makes it, or 0 for what is none. */
static size_t encode(uint32_t c, uint8_t *to)
{
    if (c < 0x80) {
        to[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (uint8_t)(0xc0 | c >> 6);
        to[1] = (uint8_t)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (uint8_t)(0xe0 | c >> 12);
        to[1] = (uint8_t)(0x80 | (c >> 6 & 63));
        to[2] = (uint8_t)(0x80 | (c & 63));
        return c >= 0xd800 && c < 0xe000 ? 0 : 3;
    }
    to[0] = (uint8_t)(0xf0 | c >> 18);
    to[1] = (uint8_t)(0x80 | (c >> 12 & 63));
    to[2] = (uint8_t)(0x80 | (c >> 6 & 63));
    to[3] = (uint8_t)(0x80 | (c & 63));
    return c <= 0x10ffff ? 4 : 0;
}

static void every_character_is_good_and_its_truncations_are_not(void **state)
{
    (void)state;
    for (uint32_t c = 0; c < 0x120000; c++) {
        uint8_t p[4] = { 0 };
        size_t n = encode(c, p);

        if (n == 0)
            assert_int_equal(rn_utf8_good(p, c < 0x10000 ? 3 : 4), 0);
        for (size_t cut = 1; cut < n; cut++) {
            assert_int_equal(rn_utf8_good(p, cut), 0);
            assert_int_equal(rn_utf8_bad(p, cut), cut);
        }
        if (n > 0)
            assert_int_equal(rn_utf8_good(p, n), n);
    }
}

static void every_pair_of_bytes_is_judged_by_the_table(void **state)
{
    (void)state;
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b++) {
            uint8_t p[2] = { (uint8_t)a, (uint8_t)b };
            size_t expected = a >= 0x80 ? 0 : b >= 0x80 ? 1 : 2;

            if (a >= 0xc2 && a <= 0xdf && b >= 0x80 && b <= 0xbf)
                expected = 2;
            assert_int_equal(rn_utf8_good(p, 2), expected);
        }
    }
}

static void the_first_bad_byte_is_found_wherever_it_is(void **state)
{
    uint8_t p[80];

    (void)state;
    for (size_t n = 0; n <= sizeof(p); n++) {
        memset(p, 'a', sizeof(p));
        assert_int_equal(rn_utf8_good(p, n), n);
        for (size_t at = 0; at < n; at++) {
            memset(p, 'a', sizeof(p));
            p[at] = 0xff;
            assert_int_equal(rn_utf8_good(p, n), at);
            p[at] = 0xc3;
            assert_int_equal(rn_utf8_good(p, n), at);
            if (at + 1 < n) {
                p[at + 1] = 0x9f;
                assert_int_equal(rn_utf8_good(p, n), n);
            }
        }
    }
}

static void forbidden_forms_are_refused(void **state)
{
    (void)state;
    assert_int_equal(good("\xc0\x80", 2), 0); /* overlong NUL   */
    assert_int_equal(good("\xc1\xbf", 2), 0);
    assert_int_equal(good("\xe0\x9f\xbf", 3), 0);
    assert_int_equal(good("\xf0\x8f\xbf\xbf", 4), 0);
    assert_int_equal(good("\xed\xa0\x80", 3), 0);     /* surrogate      */
    assert_int_equal(good("\xf4\x90\x80\x80", 4), 0); /* above U+10FFFF */
    assert_int_equal(good("\xf5\x80\x80\x80", 4), 0);
    assert_int_equal(good("a\0b", 3), 3);
}

static void expect_replaced(const char *text, size_t n, const char *expected)
{
    uint8_t to[100];
    size_t all, len = strlen(expected);
    struct rn_bytes t = { (const uint8_t *)text, n };

    assert_int_equal(rn_utf8_replace(t, to, sizeof(to), &all), len);
    assert_int_equal(all, len);
    assert_memory_equal(to, expected, len);
    for (size_t cap = 0; cap <= len; cap++) {
        size_t written = rn_utf8_replace(t, to, cap, &all);

        assert_int_equal(all, len);
        assert_true(written <= cap && cap - written < 4);
        assert_memory_equal(to, expected, written);
        assert_int_equal(rn_utf8_good(to, written), written);
    }
}

#define MARK "\xef\xbf\xbd"
#define REPLACED(text, expected) \
    expect_replaced(text, sizeof(text) - 1, expected)

/* The samples of Unicode 15, tables 3-8 to 3-11. */
static void replacements_are_counted_as_unicode_recommends(void **state)
{
    (void)state;
    REPLACED("fine \xf0\x9f\x98\x80", "fine \xf0\x9f\x98\x80");
    REPLACED("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41",
             MARK MARK MARK MARK MARK MARK MARK MARK "A");
    REPLACED("\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41",
             MARK MARK MARK MARK MARK MARK MARK MARK "A");
    REPLACED("\xf4\x91\x92\x93\xff\x41\x80\xbf\x42",
             MARK MARK MARK MARK MARK "A" MARK MARK "B");
    REPLACED("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41", MARK MARK MARK MARK "A");
    REPLACED("\xc3", MARK);
}

static void a_cut_never_goes_through_a_character(void **state)
{
    const char *text = "a\xc3\x9f\xe2\x82\xac\xf0\x9f\x98\x80z";
    static const size_t at[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11 };
    struct rn_bytes t = { (const uint8_t *)text, 11 };

    (void)state;
    for (size_t most = 0; most < RN_COUNTOF(at); most++)
        assert_int_equal(rn_utf8_cut(t, most), at[most]);
    t.p = (const uint8_t *)"\x80\x80\x80\x80\x80\x80";
    t.n = 6;
    assert_int_equal(rn_utf8_cut(t, 5), 5);
}

static void types_have_names(void **state)
{
    (void)state;
    assert_string_equal(rn_type_name(RN_I64), "integer");
    assert_string_equal(rn_type_name(RN_BLOB), "binary");
    assert_string_equal(rn_type_name((enum rn_type)99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_is_good_and_its_truncations_are_not),
        cmocka_unit_test(every_pair_of_bytes_is_judged_by_the_table),
        cmocka_unit_test(the_first_bad_byte_is_found_wherever_it_is),
        cmocka_unit_test(forbidden_forms_are_refused),
        cmocka_unit_test(replacements_are_counted_as_unicode_recommends),
        cmocka_unit_test(a_cut_never_goes_through_a_character),
        cmocka_unit_test(types_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
