/* test_uuid.c: UUIDs keep their bytes as text, and nothing else is one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "row/uuid.h"

#define TEXT "00112233-4455-6677-8899-aabbccddeeff"

static const uint8_t bytes[RN_UUID_BYTES] = { 0x00, 0x11, 0x22, 0x33,
                                              0x44, 0x55, 0x66, 0x77,
                                              0x88, 0x99, 0xaa, 0xbb,
                                              0xcc, 0xdd, 0xee, 0xff };

static int parse(const char *text, bool loose)
{
    uint8_t got[RN_UUID_BYTES];
    int err = rn_parse_uuid(rn_bytes_of(text), loose, got);

    if (err == RN_OK)
        assert_memory_equal(got, bytes, sizeof got);
    return err;
}

static void text_and_bytes_are_the_same_uuid(void **state)
{
    char text[RN_UUID_TEXT];

    (void)state;
    assert_int_equal(parse(TEXT, false), RN_OK);
    assert_int_equal(parse("00112233-4455-6677-8899-AABBCCDDEEFF", false),
                     RN_OK);
    rn_format_uuid(bytes, text);
    assert_memory_equal(text, TEXT, sizeof text);
}

static void other_notations_are_taken_only_where_asked_for(void **state)
{
    static const char *const loose[] = { "00112233445566778899aabbccddeeff",
                                         "{" TEXT "}",
                                         "{00112233445566778899AABBCCDDEEFF}" };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(loose); i++) {
        assert_int_equal(parse(loose[i], false), RN_E_VALUE);
        assert_int_equal(parse(loose[i], true), RN_OK);
    }
    assert_int_equal(parse(TEXT, true), RN_OK);
}

static void what_is_cut_or_changed_is_no_uuid(void **state)
{
    uint8_t got[RN_UUID_BYTES];
    char text[] = TEXT;

    (void)state;
    for (size_t n = 0; n < RN_UUID_TEXT; n++) {
        struct rn_bytes cut = { (const uint8_t *)text, n };
        if (n != 32)
            assert_int_equal(rn_parse_uuid(cut, true, got), RN_E_VALUE);
    }
    for (size_t i = 0; i < RN_UUID_TEXT; i++) {
        char was = text[i];
        for (int c = 0; c < 256; c++) {
            bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
                         (c >= 'A' && c <= 'F');
            text[i] = (char)c;
            int err = rn_parse_uuid(rn_bytes_of(text), true, got);
            bool good = was == '-' ? c == '-' : digit;
            if (c != 0 && err != (good ? RN_OK : RN_E_VALUE))
                fail_msg("byte %d as 0x%02x: %d", (int)i, c, err);
        }
        text[i] = was;
    }
    assert_int_equal(parse("{" TEXT, true), RN_E_VALUE);
    assert_int_equal(parse(TEXT "}", true), RN_E_VALUE);
    assert_int_equal(parse("{{" TEXT "}}", true), RN_E_VALUE);
    assert_int_equal(parse("{}", true), RN_E_VALUE);
    assert_int_equal(parse("", true), RN_E_VALUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_and_bytes_are_the_same_uuid),
        cmocka_unit_test(other_notations_are_taken_only_where_asked_for),
        cmocka_unit_test(what_is_cut_or_changed_is_no_uuid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
