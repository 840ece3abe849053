/* test_xml.c: an error's code and message, out of whatever comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "blob/xml.h"

static const char body[] =
    "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?><Error>"
    "<Code>BlobAlreadyExists</Code><Message>It&apos;s &lt;there&gt; &amp; "
    "&quot;full&quot;.\nRequestId:1\nTime:2</Message><Code>Other</Code>"
    "<AuthenticationErrorDetailOfGreatLength a=\"b\">x"
    "</AuthenticationErrorDetailOfGreatLength></Error>";

static void feed(struct rn_xml *x, const char *p, size_t n, size_t step)
{
    rn_xml_begin(x);
    for (size_t at = 0; at < n; at += step) {
        size_t part = n - at < step ? n - at : step;
        rn_xml_feed(x, (struct rn_bytes){ (const uint8_t *)p + at, part });
    }
}

static void code_and_message_come_out_of_any_split(void **state)
{
    struct rn_xml x;

    (void)state;
    for (size_t step = 1; step <= sizeof body; step++) {
        feed(&x, body, sizeof body - 1, step);
        assert_true(x.has_code && x.has_message);
        assert_string_equal(x.code, "BlobAlreadyExists");
        assert_string_equal(x.message, "It's <there> & \"full\".\n"
                                       "RequestId:1\nTime:2");
    }
}

static void a_cut_body_gives_no_half_code(void **state)
{
    const char *end = strstr(body, "</Code>");
    struct rn_xml x;

    (void)state;
    for (size_t n = 0; n < sizeof body - 1; n++) {
        feed(&x, body, n, 7);
        assert_int_equal(x.has_code, n >= (size_t)(end - body) + 7);
    }
}

static void what_the_service_never_sends_gives_nothing(void **state)
{
    static const char *const odd[] = {
        "",
        "not xml",
        "<!DOCTYPE x [<!ENTITY a \"b\">]><Code>A</Code>",
        "<!-- --><Code>A</Code>",
        "<Code>&a;</Code>",
        "<Code>&#65;</Code>",
        "<Code>&aaaaaaaaaaaaaaaaaaaaaaaa",
        "<Code<Code>A</Code>",
        "<XCode>A</XCode><CodeX>B</CodeX>",
        "<Code/>A",
        "<html><body>Sign in</body></html>"
    };
    struct rn_xml x;

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(odd); i++) {
        feed(&x, odd[i], strlen(odd[i]), 3);
        assert_false(x.has_code);
    }
}

static void only_the_front_of_a_huge_body_is_looked_at(void **state)
{
    static char big[RN_XML_LOOK * 3];
    struct rn_xml x;

    (void)state;
    memset(big, ' ', sizeof big);
    memcpy(big + RN_XML_LOOK, "<Code>A</Code>", 14);
    feed(&x, big, sizeof big, 1000);
    assert_false(x.has_code);
    memset(big, 'A', sizeof big);
    memcpy(big, "<Code>", 6);
    memcpy(big + 1000, "</Code>", 7);
    feed(&x, big, sizeof big, 1000);
    assert_true(x.has_code);
    assert_int_equal(strlen(x.code), sizeof x.code - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(code_and_message_come_out_of_any_split),
        cmocka_unit_test(a_cut_body_gives_no_half_code),
        cmocka_unit_test(what_the_service_never_sends_gives_nothing),
        cmocka_unit_test(only_the_front_of_a_huge_body_is_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
