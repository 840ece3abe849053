/* test_json.c: what is written is JSON, whatever is put in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "job/json.h"

static char got[4096];
static size_t got_len;
static uint8_t buf[64];

static int keep(struct rn_out *o)
{
    assert_true(got_len + o->len < sizeof got);
    memcpy(got + got_len, o->buf, o->len);
    got_len += o->len;
    got[got_len] = 0;
    return RN_OK;
}

static struct rn_json start(struct rn_out *out, size_t cap, bool lines)
{
    struct rn_json j;
    got_len = 0;
    got[0] = 0;
    rn_out_init(out, buf, cap, keep);
    rn_json_init(&j, out, lines);
    return j;
}

static void write_all(struct rn_json *j)
{
    rn_json_open(j, '{');
    rn_json_key(j, "a");
    rn_json_u64(j, UINT64_MAX);
    rn_json_key(j, "b");
    rn_json_open(j, '[');
    rn_json_i64(j, INT64_MIN);
    rn_json_bool(j, true);
    rn_json_null(j);
    rn_json_open(j, '{');
    rn_json_close(j, '}');
    rn_json_close(j, ']');
    rn_json_key(j, "c");
    rn_json_open(j, '[');
    rn_json_close(j, ']');
    rn_json_key(j, "d");
    rn_json_seconds(j, 61007);
    rn_json_key(j, "e");
    rn_json_crc64(j, 0xae8b14860a79988);
    rn_json_close(j, '}');
    rn_out_flush(j->out);
}

static void json_is_the_same_for_every_buffer(void **state)
{
    (void)state;
    for (size_t cap = 1; cap <= sizeof buf; cap++) {
        struct rn_out out;
        struct rn_json j = start(&out, cap, false);
        write_all(&j);
        assert_string_equal(
            got, "{\"a\":18446744073709551615,\"b\":[-9223372036854775808,"
                 "true,null,{}],\"c\":[],\"d\":61.007,"
                 "\"e\":\"0ae8b14860a79988\"}");
    }
}

static void lines_are_for_people(void **state)
{
    struct rn_out out;
    struct rn_json j = start(&out, 7, true);
    (void)state;
    write_all(&j);
    assert_string_equal(got, "{\n\"a\":18446744073709551615,\n\"b\":[\n"
                             "-9223372036854775808,\ntrue,\nnull,\n{}\n],\n"
                             "\"c\":[\n],\n\"d\":61.007,\n"
                             "\"e\":\"0ae8b14860a79988\"\n}\n");
}

static const char *quoted(const char *text, size_t len)
{
    struct rn_out out;
    struct rn_json j = start(&out, sizeof buf, false);
    rn_json_text(&j, (struct rn_bytes){ (const uint8_t *)text, len });
    rn_out_flush(&out);
    return got;
}

static void texts_are_escaped(void **state)
{
    (void)state;
    assert_string_equal(quoted("a\"b\\c\n\r\t\0\x1f\x7f/", 12),
                        "\"a\\\"b\\\\c\\n\\r\\t\\u0000\\u001f\\u007f/\"");
    assert_string_equal(quoted("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9),
                        "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
}

static void what_is_not_utf8_is_replaced(void **state)
{
    static const char *const wrong[] = { "\x80",
                                         "\xc0\x80",
                                         "\xc1\xbf",
                                         "\xff",
                                         "\xe0\x9f\xbf",
                                         "\xed\xa0\x80",
                                         "\xf0\x8f\xbf\xbf",
                                         "\xf4\x90\x80\x80",
                                         "\xf5\x80\x80\x80",
                                         "\xe2\x82" };
    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(wrong); i++) {
        const char *text = quoted(wrong[i], strlen(wrong[i]));
        size_t pieces = (strlen(text) - 2) / 3;
        assert_int_equal(strlen(text), 2 + 3 * pieces);
        assert_in_range(pieces, 1, strlen(wrong[i]));
        for (size_t k = 0; k < pieces; k++)
            assert_memory_equal(text + 1 + 3 * k, "\xef\xbf\xbd", 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_the_same_for_every_buffer),
        cmocka_unit_test(lines_are_for_people),
        cmocka_unit_test(texts_are_escaped),
        cmocka_unit_test(what_is_not_utf8_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
