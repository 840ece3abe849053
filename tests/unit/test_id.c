/* test_id.c: block names of one width, none like another. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "blob/id.h"
#include "core/base64.h"

static void an_id_is_24_characters_that_say_where_the_block_goes(void **state)
{
    const struct rn_block_id id = {
        .nonce = { 1, 2, 3, 4, 5, 6, 7, 8 },
        .group = 0x090a0b0c,
        .lane = 0x0d0e,
        .sequence = 0x0f101112,
    };
    char text[RN_BLOCK_ID_TEXT];
    uint8_t raw[RN_BLOCK_ID];

    (void)state;
    rn_block_id_text(&id, text);
    assert_int_equal(rn_base64_decode(text, sizeof text, raw, sizeof raw),
                     RN_BLOCK_ID);
    for (uint8_t i = 0; i < RN_BLOCK_ID; i++)
        assert_int_equal(raw[i], i + 1);
}

static void ids_differ_when_any_field_does(void **state)
{
    char base[RN_BLOCK_ID_TEXT];
    char other[RN_BLOCK_ID_TEXT];
    struct rn_block_id zero = { .sequence = 0 };

    (void)state;
    rn_block_id_text(&zero, base);
    for (unsigned bit = 0; bit < 32; bit++) {
        struct rn_block_id a = zero, b = zero, c = zero, d = zero;
        a.sequence = 1u << bit;
        b.group = 1u << bit;
        c.lane = (uint16_t)(1u << (bit % 16));
        d.nonce[bit / 4] = (uint8_t)(1u << (bit % 8));
        const struct rn_block_id *all[] = { &a, &b, &c, &d };
        for (size_t i = 0; i < RN_COUNTOF(all); i++) {
            rn_block_id_text(all[i], other);
            assert_memory_not_equal(base, other, sizeof base);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_24_characters_that_say_where_the_block_goes),
        cmocka_unit_test(ids_differ_when_any_field_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
