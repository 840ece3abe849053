/* test_thrift.c: the compact protocol, byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sink.h"

#include "encode/thrift.h"

static uint8_t got[4096];
static struct sink sink;

static void expect(const void *bytes, size_t n)
{
    assert_int_equal(rn_out_flush(&sink.out), RN_OK);
    assert_int_equal(sink.n, n);
    assert_memory_equal(got, bytes, n);
}
#define EXPECT(s) expect(s, sizeof(s) - 1)

static void begin(struct rn_thrift *t)
{
    sink_init(&sink, 3, got, sizeof(got));
    rn_thrift_begin(t, &sink.out);
}

static void ids_are_deltas_until_they_are_too_far_apart(void **state)
{
    struct rn_thrift t;

    (void)state;
    begin(&t);
    rn_thrift_i32(&t, 1, 0);
    rn_thrift_i32(&t, 16, 0);
    rn_thrift_i32(&t, 32, 0);
    rn_thrift_i32(&t, 300, 0);
    rn_thrift_end(&t);
    EXPECT("\x15\x00"
           "\xf5\x00"
           "\x05\x40\x00"
           "\x05\xd8\x04\x00"
           "\x00");
}

static void numbers_of_both_signs_and_all_sizes(void **state)
{
    struct rn_thrift t;

    (void)state;
    begin(&t);
    rn_thrift_i16(&t, 1, -1);
    rn_thrift_i16(&t, 2, INT16_MIN);
    rn_thrift_i32(&t, 3, INT32_MAX);
    rn_thrift_i32(&t, 4, INT32_MIN);
    rn_thrift_i64(&t, 5, INT64_MAX);
    rn_thrift_i64(&t, 6, INT64_MIN);
    rn_thrift_i64(&t, 7, 64);
    rn_thrift_i8(&t, 8, -2);
    rn_thrift_end(&t);
    EXPECT("\x14\x01"
           "\x14\xff\xff\x03"
           "\x15\xfe\xff\xff\xff\x0f"
           "\x15\xff\xff\xff\xff\x0f"
           "\x16\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"
           "\x16\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
           "\x16\x80\x01"
           "\x13\xfe"
           "\x00");
}

static void a_boolean_is_the_type_of_its_field(void **state)
{
    struct rn_thrift t;

    (void)state;
    begin(&t);
    rn_thrift_bool(&t, 1, true);
    rn_thrift_bool(&t, 2, false);
    rn_thrift_list(&t, 3, RN_THRIFT_BOOL, 2);
    rn_thrift_item_bool(&t, true);
    rn_thrift_item_bool(&t, false);
    rn_thrift_end(&t);
    EXPECT("\x11\x12\x19\x21\x01\x02\x00");
}

static void structs_in_structs_count_their_own_ids(void **state)
{
    struct rn_thrift t;

    (void)state;
    begin(&t);
    rn_thrift_struct(&t, 3);
    rn_thrift_i32(&t, 2, 1);
    rn_thrift_empty(&t, 4);
    rn_thrift_end(&t);
    rn_thrift_i32(&t, 4, 1);
    rn_thrift_end(&t);
    EXPECT("\x3c\x25\x02\x2c\x00\x00\x15\x02\x00");
}

static void lists_of_fifteen_and_more_say_their_length_apart(void **state)
{
    static const char fourteen[] =
        "\x19\xe5\x00\x02\x04\x06\x08\x0a\x0c\x0e\x10\x12\x14\x16\x18\x1a";
    struct rn_thrift t;

    (void)state;
    begin(&t);
    rn_thrift_list(&t, 1, RN_THRIFT_I32, 14);
    for (int i = 0; i < 14; i++)
        rn_thrift_item_int(&t, i);
    EXPECT(fourteen);
    begin(&t);
    rn_thrift_list(&t, 1, RN_THRIFT_STRUCT, 200);
    for (int i = 0; i < 200; i++) {
        rn_thrift_item_struct(&t);
        rn_thrift_end(&t);
    }
    rn_thrift_end(&t);
    assert_int_equal(rn_out_flush(&sink.out), RN_OK);
    assert_int_equal(sink.n, 4 + 200 + 1);
    assert_memory_equal(got, "\x19\xfc\xc8\x01\x00", 5);
}

static void binaries_have_their_length_before_them(void **state)
{
    uint8_t many[300];
    struct rn_thrift t;

    (void)state;
    memset(many, 'x', sizeof(many));
    begin(&t);
    rn_thrift_binary(&t, 1, RN_STR("ab"));
    rn_thrift_binary(&t, 2, (struct rn_bytes){ NULL, 0 });
    rn_thrift_list(&t, 3, RN_THRIFT_BINARY, 1);
    rn_thrift_item_binary(&t, (struct rn_bytes){ many, sizeof(many) });
    assert_int_equal(rn_out_flush(&sink.out), RN_OK);
    assert_int_equal(sink.n, 4 + 2 + 2 + 2 + 300);
    assert_memory_equal(got,
                        "\x18\x02"
                        "ab\x18\x00\x19\x18\xac\x02xx",
                        12);
}

static void a_struct_goes_on_where_another_writer_stopped(void **state)
{
    struct rn_thrift t;

    (void)state;
    sink_init(&sink, 100, got, sizeof(got));
    rn_thrift_resume(&t, &sink.out, 4);
    rn_thrift_i32(&t, 6, 1);
    rn_thrift_end(&t);
    EXPECT("\x25\x02\x00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_deltas_until_they_are_too_far_apart),
        cmocka_unit_test(numbers_of_both_signs_and_all_sizes),
        cmocka_unit_test(a_boolean_is_the_type_of_its_field),
        cmocka_unit_test(structs_in_structs_count_their_own_ids),
        cmocka_unit_test(lists_of_fifteen_and_more_say_their_length_apart),
        cmocka_unit_test(binaries_have_their_length_before_them),
        cmocka_unit_test(a_struct_goes_on_where_another_writer_stopped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
