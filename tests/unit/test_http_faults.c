/* test_http_faults.c: the client against a server that cuts, lies, answers
 * early and wastes its time; for our own client and for libcurl's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "lib/http_rig.h"
#include "lib/http_server.h"
#include "runnel/port.h"

/* -- cuts (cases 50 and 51) ----------------------------------------------- */

static void a_request_cut_anywhere_is_a_lost_link(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < 330; cut++)
        for (int reset = 0; reset < 2; reset++) {
            struct server_act act = { .answer = MADE,
                                      .cut_in = cut + 1,
                                      .reset = reset != 0 };
            struct rn_http_call c;
            struct answer a;
            struct rig r;
            rig_open(&r, &act, 1);
            rig_put(&r, &c, &a, 300);
            assert_int_equal(c.err, RN_E_LINK);
            assert_int_equal(c.status, 0);
            assert_true(c.why[0] != 0);
            if (cut > 0)
                assert_true(c.sent);
            assert_int_equal(r.server.accepted, 1);
            rig_close(&r);
        }
}

static void an_answer_cut_anywhere_is_never_taken_for_whole(void **state)
{
    static const char *const table[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\nhello\r\n0\r\n\r\n",
    };
    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(table); i++)
        for (size_t cut = 0; cut < strlen(table[i]); cut++)
            for (int reset = 0; reset < 2; reset++) {
                struct server_act act = { .answer = table[i],
                                          .cut_out = cut + 1,
                                          .reset = reset != 0 };
                struct rn_http_call c;
                struct answer a;
                struct rig r;
                rig_open(&r, &act, 1);
                rig_put(&r, &c, &a, 10);
                /* libcurl does not wait for the very last LF. */
                if (rig_is_curl() && cut == strlen(table[i]) - 1 && c.err == 0)
                    assert_int_equal(a.len, 5);
                else
                    assert_int_equal(c.err, RN_E_LINK);
                rig_close(&r);
            }
}

static void a_body_to_the_end_of_the_connection_is_whole_only_with_fin(
    void **state)
{
    static const char in[] = "HTTP/1.1 400 Bad\r\n\r\nhello";
    (void)state;
    for (int reset = 0; reset < 2; reset++) {
        struct server_act act = { .answer = in,
                                  .cut_out = sizeof in,
                                  .reset = reset != 0 };
        struct rn_http_call c;
        struct answer a;
        struct rig r;
        rig_open(&r, &act, 1);
        rig_put(&r, &c, &a, 10);
        assert_int_equal(c.err, reset ? RN_E_LINK : RN_OK);
        if (!reset)
            assert_memory_equal(a.body, "hello", 5);
        rig_close(&r);
    }
}

/* -- early answers -------------------------------------------------------- */

static void an_early_answer_ends_the_sending(void **state)
{
    static const char no[] = "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno";
    static const struct server_act act = { .answer = no,
                                           .early = 1000,
                                           .deaf = true };
    struct rn_http_call c;
    struct answer a;
    struct rig r;
    (void)state;
    rig_open(&r, &act, 1);
    rig_put(&r, &c, &a, RIG_CONTENT);
    assert_int_equal(c.err, RN_OK);
    assert_int_equal(c.status, 403);
    assert_memory_equal(a.body, "no", 2);
    assert_int_equal(r.server.requests, 0);
    rig_put(&r, &c, &a, RIG_CONTENT);
    assert_int_equal(c.status, 403);
    assert_int_equal(r.server.accepted, 2);
    rig_close(&r);
}

static void an_answer_before_a_reset_is_still_read(void **state)
{
    static const char no[] = "HTTP/1.1 413 Big\r\nContent-Length: 2\r\n\r\nno";
    static const struct server_act act = {
        .answer = no, .early = 1000, .deaf = true, .leave = true
    };
    struct rn_http_call c;
    struct answer a;
    struct rig r;
    (void)state;
    if (rig_is_curl()) /* takes the failed send for all there is */
        skip();
    rig_open(&r, &act, 1);
    rig_put(&r, &c, &a, RIG_CONTENT);
    assert_int_equal(c.err, RN_OK);
    assert_int_equal(c.status, 413);
    rig_close(&r);
}

/* -- lies and floods (cases 52, 56 to 58; test_http_parse.c has them all) -- */

static void a_broken_answer_is_the_peers_fault(void **state)
{
    static const char *const table[] = {
        "SSH-2.0-OpenSSH_9\r\n\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "fffffffffffffffff\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    };
    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(table); i++) {
        struct server_act act = { .answer = table[i], .leave = true };
        struct rn_http_call c;
        struct answer a;
        struct rig r;
        rig_open(&r, &act, 1);
        rig_put(&r, &c, &a, 10);
        if (c.err != RN_E_PEER)
            print_error("%d %s for %s\n", c.err, c.why, table[i]);
        assert_int_equal(c.err, RN_E_PEER);
        assert_true(c.why[0] != 0);
        rig_close(&r);
    }
}

static void a_body_that_the_caller_refuses_ends_the_call(void **state)
{
    static const struct server_act act = {
        .answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    };
    struct rn_http_call c;
    struct answer a;
    struct rig r;
    (void)state;
    rig_open(&r, &act, 1);
    rig_prepare(&r, &c, &a, "GET", 0);
    a.fail = RN_E_FULL;
    rig_run(&r, &c);
    assert_int_equal(c.err, RN_E_FULL);
    rig_put(&r, &c, &a, 1);
    assert_int_equal(c.err, RN_OK);
    assert_int_equal(r.server.accepted, 2);
    rig_close(&r);
}

static void a_head_too_long_is_refused_before_a_byte_is_sent(void **state)
{
    static const struct server_act act = { .answer = MADE };
    static uint8_t value[9000];
    struct rn_http_header header = { RN_LIT("x"), { value, sizeof value } };
    struct rn_http_call c;
    struct answer a;
    struct rig r;
    (void)state;
    memset(value, 'v', sizeof value);
    rig_open(&r, &act, 1);
    rig_prepare(&r, &c, &a, "PUT", 10);
    c.header = &header;
    c.headers = 1;
    rig_run(&r, &c);
    assert_int_equal(c.err, RN_E_FULL);
    assert_false(c.sent);
    rig_close(&r);
}

/* -- time (cases 49, 54, 55) ---------------------------------------------- */

static void silence_is_a_lost_link(void **state)
{
    static const struct server_act act = { .answer = NULL };
    struct rn_http_call c;
    struct answer a;
    struct rig r;
    (void)state;
    rig_open(&r, &act, 1);
    rig_times(&r, 100, 1000);
    int64_t began = rn_clock_mono();
    rig_put(&r, &c, &a, 10);
    assert_int_equal(c.err, RN_E_LINK);
    assert_true(c.sent);
    assert_true(rn_clock_mono() - began < 2000);
    rig_close(&r);
}

static void dripping_is_a_lost_link(void **state)
{
    static char long_head[3000] = "HTTP/1.1 200 OK\r\nX: ";
    static char long_body[3000] =
        "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n";
    static char *const table[] = { long_head, long_body };
    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(table); i++) {
        size_t n = strlen(table[i]);
        memset(table[i] + n, 'x', 2000);
        struct server_act act = { .answer = table[i], .drip_ms = 2 };
        struct rn_http_call c;
        struct answer a;
        struct rig r;
        rig_open(&r, &act, 1);
        rig_times(&r, 200, 1000);
        rig_put(&r, &c, &a, 10);
        assert_int_equal(c.err, RN_E_LINK);
        assert_int_equal(r.server.answered, 0);
        rig_close(&r);
    }
}

static void a_peer_that_stops_reading_costs_no_processor(void **state)
{
    static const struct server_act act = { .answer = MADE, .deaf = true };
    struct rn_http_call c;
    struct answer a;
    struct rig r;
    (void)state;
    rig_open(&r, &act, 1);
    rig_times(&r, 500, 1000);
    rig_prepare(&r, &c, &a, "PUT", RIG_CONTENT);
    assert_int_equal(rn_http_start(r.http, &c), RN_OK);
    for (int i = 0; i < 200 && !c.done; i++) {
        server_step(&r.server);
        rn_http_pump(r.http, rn_clock_mono() + 1);
    }
    clock_t before = clock();
    while (!c.done)
        rn_http_pump(r.http, rn_clock_mono() + 5000);
    assert_true(clock() - before < CLOCKS_PER_SEC / 20);
    assert_int_equal(c.err, RN_E_LINK);
    rig_close(&r);
}

static void a_deadline_is_kept_and_called_one(void **state)
{
    static const struct server_act act = { .answer = NULL };
    struct rn_http_call c;
    struct answer a;
    struct rig r;
    (void)state;
    rig_open(&r, &act, 1);
    rig_prepare(&r, &c, &a, "PUT", 10);
    c.deadline_ms = rn_clock_mono() + 80;
    rig_run(&r, &c);
    assert_int_equal(c.err, RN_E_AGAIN);
    rig_close(&r);
}

static void a_pump_does_not_wait_when_told_not_to(void **state)
{
    static const struct server_act act = { .answer = NULL };
    struct rn_http_call c;
    struct answer a;
    struct rig r;
    (void)state;
    rig_open(&r, &act, 1);
    rig_prepare(&r, &c, &a, "PUT", 10);
    assert_int_equal(rn_http_start(r.http, &c), RN_OK);
    int64_t began = rn_clock_mono();
    for (int i = 0; i < 100; i++)
        assert_int_equal(rn_http_pump(r.http, 0), 0);
    assert_true(rn_clock_mono() - began < 500);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_cut_anywhere_is_a_lost_link),
        cmocka_unit_test(an_answer_cut_anywhere_is_never_taken_for_whole),
        cmocka_unit_test(
            a_body_to_the_end_of_the_connection_is_whole_only_with_fin),
        cmocka_unit_test(an_early_answer_ends_the_sending),
        cmocka_unit_test(an_answer_before_a_reset_is_still_read),
        cmocka_unit_test(a_broken_answer_is_the_peers_fault),
        cmocka_unit_test(a_body_that_the_caller_refuses_ends_the_call),
        cmocka_unit_test(a_head_too_long_is_refused_before_a_byte_is_sent),
        cmocka_unit_test(silence_is_a_lost_link),
        cmocka_unit_test(dripping_is_a_lost_link),
        cmocka_unit_test(a_peer_that_stops_reading_costs_no_processor),
        cmocka_unit_test(a_deadline_is_kept_and_called_one),
        cmocka_unit_test(a_pump_does_not_wait_when_told_not_to),
    };
    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
