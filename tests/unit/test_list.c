/* test_list.c: the block list is the same bytes however it is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "blob/id.h"
#include "blob/list.h"

static void id_at(void *ctx, uint32_t i, struct rn_block_id *id)
{
    (void)ctx;
    *id = (struct rn_block_id){ .nonce = "attempt", .sequence = i };
}

/* The whole body by the plain way. */
static size_t expected(uint32_t n, char *to)
{
    size_t len = (size_t)sprintf(
        to, "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>");

    for (uint32_t i = 0; i < n; i++) {
        struct rn_block_id id;
        char text[RN_BLOCK_ID_TEXT];
        id_at(NULL, i, &id);
        rn_block_id_text(&id, text);
        len +=
            (size_t)sprintf(to + len, "<Uncommitted>%.24s</Uncommitted>", text);
    }
    return len + (size_t)sprintf(to + len, "</BlockList>");
}

static void any_offset_and_any_step_give_the_same_bytes(void **state)
{
    static char want[51 * 70 + 100];
    static const uint32_t counts[] = { 0, 1, 2, 19, 20, 21, 64 };

    (void)state;
    for (size_t c = 0; c < RN_COUNTOF(counts); c++) {
        struct rn_block_list list = { counts[c], id_at, NULL };
        struct rn_list_body b;
        struct rn_http_body body;
        size_t len = expected(counts[c], want);

        rn_list_open(&b, &list, &body);
        assert_int_equal(body.len, len);
        for (uint64_t at = 0; at < len; at++) {
            struct rn_bytes piece[3];
            assert_int_equal(body.at(body.ctx, at, piece, 3), 1);
            assert_true(piece[0].n > 0 && at + piece[0].n <= len);
            assert_memory_equal(piece[0].p, want + at, piece[0].n);
        }
        for (size_t step = 1; step < 60; step++) {
            for (uint64_t at = 0; at < len;) {
                struct rn_bytes piece[1];
                body.at(body.ctx, at, piece, 1);
                size_t n = piece[0].n < step ? piece[0].n : step;
                assert_memory_equal(piece[0].p, want + at, n);
                at += n;
            }
        }
    }
}

static void the_largest_list_has_the_length_it_says(void **state)
{
    struct rn_block_list list = { RN_MAX_BLOCKS, id_at, NULL };
    struct rn_list_body b;
    struct rn_http_body body;
    struct rn_bytes piece[1];
    uint64_t at = 0;

    (void)state;
    rn_list_open(&b, &list, &body);
    assert_int_equal(body.len, 50 + 51 * 50000 + 12 - 1);
    while (at < body.len) {
        assert_int_equal(body.at(body.ctx, at, piece, 1), 1);
        at += piece[0].n;
    }
    assert_int_equal(at, body.len);
    assert_memory_equal(piece[0].p + piece[0].n - 12, "</BlockList>", 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_offset_and_any_step_give_the_same_bytes),
        cmocka_unit_test(the_largest_list_has_the_length_it_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
