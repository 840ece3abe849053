/* test_core.c: the small parts of agent/core: streams, chains, Base64, waits,
 * codes and errors.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "core/backoff.h"
#include "core/base64.h"
#include "core/pool.h"
#include "runnel/error.h"
#include "runnel/out.h"

/* -- streams ---------------------------------------------------------- */

static uint8_t got[4096];
static size_t got_len;
static int fail_at;

static int take(struct rn_out *o)
{
    assert_true(o->len > 0);
    if (fail_at-- == 0)
        return RN_E_LINK;
    memcpy(got + got_len, o->buf, o->len);
    got_len += o->len;
    return RN_OK;
}

static void write_some(struct rn_out *o)
{
    rn_out_put(o, "hello, ", 7);
    for (char c = 'a'; c <= 'z'; c++)
        rn_out_byte(o, (uint8_t)c);
    rn_out_put(o, "", 0);
    rn_out_put(o, "0123456789012345678901234567890123456789", 40);
}

static void a_stream_is_the_same_for_every_buffer_size(void **state)
{
    uint8_t buf[100];

    (void)state;
    for (size_t cap = 1; cap <= sizeof buf; cap++) {
        struct rn_out o;

        got_len = 0;
        fail_at = -1;
        rn_out_init(&o, buf, cap, take);
        write_some(&o);
        assert_int_equal(rn_out_total(&o), 73);
        assert_int_equal(rn_out_flush(&o), RN_OK);
        assert_int_equal(got_len, 73);
        assert_memory_equal(got,
                            "hello, abcdefghijklmnopqrstuvwxyz"
                            "0123456789012345678901234567890123456789",
                            73);
    }
}

static void a_stream_keeps_its_first_failure_and_drops_the_rest(void **state)
{
    uint8_t buf[8];

    (void)state;
    for (int at = 0; at < 8; at++) {
        struct rn_out o;

        got_len = 0;
        fail_at = at;
        rn_out_init(&o, buf, sizeof buf, take);
        write_some(&o);
        write_some(&o);
        assert_int_equal(o.err, RN_E_LINK);
        assert_int_equal(rn_out_flush(&o), RN_E_LINK);
        assert_null(rn_out_room(&o, 1));
        assert_int_equal(got_len, (size_t)at * 8);
    }
}

/* -- chains ----------------------------------------------------------- */

static void a_chain_reads_the_same_from_any_offset(void **state)
{
    static _Alignas(16) uint8_t memory[4096];
    static const uint32_t fill[] = { 16, 1, 7, 16, 16, 3 };
    struct rn_arena arena;
    struct rn_pool pool;
    struct rn_chain chain;
    struct rn_chain tail;
    struct rn_chain_cursor k;
    uint8_t all[64];
    size_t len = 0;

    (void)state;
    rn_arena_init(&arena, "test", memory, sizeof memory);
    assert_int_equal(rn_pool_init(&pool, 8, 16, &arena), RN_OK);
    rn_chain_clear(&chain);
    rn_chain_clear(&tail);
    for (size_t i = 0; i < RN_COUNTOF(fill); i++) {
        uint32_t s = rn_pool_take(&pool);

        for (uint32_t b = 0; b < fill[i]; b++)
            all[len++] = rn_pool_at(&pool, s)[b] = (uint8_t)(i * 16 + b);
        rn_chain_add(&pool, i < 3 ? &chain : &tail, s, fill[i]);
    }
    rn_chain_join(&pool, &chain, &tail);
    assert_int_equal(chain.len, len);
    rn_chain_open(&k, &pool, &chain);
    for (int down = 0; down < 2; down++) {
        for (size_t i = 0; i < len; i++) {
            size_t offset = down ? len - 1 - i : i;
            struct rn_bytes piece[3];
            size_t n = rn_chain_pieces(&k, offset, piece, 3);
            size_t at = offset;

            for (size_t p = 0; p < n; p++) {
                assert_memory_equal(piece[p].p, all + at, piece[p].n);
                at += piece[p].n;
            }
        }
    }
    rn_chain_release(&pool, &chain);
    assert_int_equal(pool.free_n, 8);
    assert_int_equal(pool.free_least, 2);
}

/* -- Base64 ----------------------------------------------------------- */

static void base64_round_trips_and_refuses_other_spellings(void **state)
{
    static const char *const bad[] = {
        "A",     "AB",    "ABC",  "A===", "AB=C", "=ABC",
        "AB==A", "AAAA=", "AB-_", "AA A", "AB==", "ABC="
    };
    uint8_t from[48] = { 0 };
    uint8_t back[48];
    char text[80];

    (void)state;
    for (size_t n = 0; n < sizeof from; n++) {
        for (size_t i = 0; i < n; i++)
            from[i] = (uint8_t)(i * 37 + n * 11);
        assert_int_equal(rn_base64(from, n, text), RN_BASE64_LEN(n));
        assert_int_equal(
            rn_base64_decode(text, RN_BASE64_LEN(n), back, sizeof back), n);
        assert_memory_equal(from, back, n);
        if (n > 0)
            assert_int_equal(
                rn_base64_decode(text, RN_BASE64_LEN(n), back, n - 1),
                RN_E_FULL);
    }
    assert_int_equal(rn_base64("\x00\x10\x83\x10\x51\x87", 6, text), 8);
    assert_memory_equal(text, "ABCDEFGH", 8);
    for (size_t i = 0; i < RN_COUNTOF(bad); i++)
        assert_int_equal(
            rn_base64_decode(bad[i], strlen(bad[i]), back, sizeof back),
            RN_E_CONFIG);
}

/* -- waits ------------------------------------------------------------ */

static void waits_grow_to_a_ceiling_and_honour_the_service(void **state)
{
    (void)state;
    assert_int_equal(rn_backoff_ms(1, 0, 0), 0);
    assert_int_equal(rn_backoff_ms(1, UINT32_MAX, 0), 799);
    assert_int_equal(rn_backoff_ms(2, UINT32_MAX, 0), 1599);
    for (unsigned tries = 7; tries < 5000; tries++) {
        int64_t most = rn_backoff_ms(tries, UINT32_MAX, 0);

        assert_int_equal(most, RN_BACKOFF_CEILING_MS - 1);
    }
    assert_int_equal(rn_backoff_ms(1, 0, 5000), 5000);
    assert_int_equal(rn_backoff_ms(9, UINT32_MAX, 5000),
                     RN_BACKOFF_CEILING_MS - 1);
}

/* -- codes and errors -------------------------------------------------- */

static void every_code_has_a_name_a_plan_and_an_exit(void **state)
{
    (void)state;
    for (int err = RN_E_AGAIN; err >= RN_E_INTEGRITY; err--) {
        assert_string_not_equal(rn_err_name(err), "unknown");
        for (int where = RN_AT_AGENT; where <= RN_AT_VALIDATE; where++) {
            struct rn_error e = { .code = err, .where = (enum rn_where)where };
            int code = rn_error_exit(&e);

            assert_true((code >= 1 && code <= 6) || code == 75);
        }
        assert_true(rn_plan_for(err) <= RN_PLAN_STOP);
    }
    assert_string_equal(rn_err_name(-99), "unknown");
    assert_int_equal(rn_plan_for(-99), RN_PLAN_STOP);
    assert_int_equal(rn_error_exit(&(struct rn_error){ .code = RN_OK }), 0);
}

static void only_the_first_error_is_kept_and_shows_no_control_bytes(
    void **state)
{
    struct rn_error e;

    (void)state;
    rn_error_clear(&e);
    assert_int_equal(
        rn_fail(&e, RN_E_PEER, RN_AT_STORE, "said %s", "a\nb\x1b[31m"),
        RN_E_PEER);
    assert_int_equal(rn_fail(&e, RN_E_LINK, RN_AT_SOURCE, "later"), RN_E_LINK);
    assert_int_equal(e.code, RN_E_PEER);
    assert_string_equal(e.text, "said a?b?[31m");
}

static void an_arena_refuses_what_does_not_fit(void **state)
{
    static _Alignas(16) uint8_t memory[256];
    struct rn_arena a;

    (void)state;
    rn_arena_init(&a, "test", memory, sizeof memory);
    memset(memory, 0xff, sizeof memory);
    assert_null(rn_arena_take(&a, 257, 1));
    assert_null(rn_arena_take(&a, SIZE_MAX, 2));
    assert_null(rn_arena_take(&a, SIZE_MAX - 3, 1));
    assert_int_equal(*(uint8_t *)rn_arena_take(&a, 1, 1), 0);
    assert_int_equal(a.used, RN_ALIGN);
    assert_non_null(rn_arena_take(&a, 240, 1));
    assert_null(rn_arena_take(&a, 1, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_is_the_same_for_every_buffer_size),
        cmocka_unit_test(a_stream_keeps_its_first_failure_and_drops_the_rest),
        cmocka_unit_test(a_chain_reads_the_same_from_any_offset),
        cmocka_unit_test(base64_round_trips_and_refuses_other_spellings),
        cmocka_unit_test(waits_grow_to_a_ceiling_and_honour_the_service),
        cmocka_unit_test(every_code_has_a_name_a_plan_and_an_exit),
        cmocka_unit_test(
            only_the_first_error_is_kept_and_shows_no_control_bytes),
        cmocka_unit_test(an_arena_refuses_what_does_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
