/* test_http.c: requests and answers over real sockets, connections that are
 * kept and connections that never come; for our own client and for libcurl's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/http_rig.h"
#include "lib/http_server.h"
#include "runnel/port.h"

/* -- what works ----------------------------------------------------------- */

static void a_request_arrives_byte_for_byte(void **state)
{
    static const struct server_act act = { .answer = MADE, .read_step = 777 };
    static const struct rn_http_header headers[] = {
        { RN_LIT("x-ms-version"), RN_LIT("2021-12-02") },
        { RN_LIT("x-empty"), RN_LIT("") },
    };
    static const size_t slices[] = { 1, 7, 4096, 65536 };
    struct rig r;
    (void)state;
    rig_open(&r, &act, 1);
    for (size_t i = 0; i < RN_COUNTOF(slices); i++) {
        struct rn_http_call c;
        struct answer a;
        char host[40];
        rig_slice = slices[i];
        rig_prepare(&r, &c, &a, "PUT", 30000);
        c.header = headers;
        c.headers = RN_COUNTOF(headers);
        rig_run(&r, &c);
        assert_int_equal(c.err, RN_OK);
        assert_int_equal(c.status, 201);
        assert_true(c.sent);
        static const char first[] =
            "PUT /c/blob%20x?comp=block&blockid=QUI%3D HTTP/1.1\r\n";
        assert_memory_equal(r.server.last, first, sizeof first - 1);
        char *end = strstr(r.server.last, "\r\n\r\n");
        assert_non_null(end);
        assert_int_equal(r.server.last_len,
                         (size_t)(end + 4 - r.server.last) + 30000);
        assert_memory_equal(end + 4, rig_content, 30000);
        (void)snprintf(host, sizeof host, "\r\nHost: 127.0.0.1:%u\r\n",
                       r.server.port);
        end[2] = 0;
        assert_non_null(strstr(r.server.last, host));
        assert_non_null(
            strstr(r.server.last, "\r\nx-ms-version: 2021-12-02\r\n"));
        assert_non_null(strstr(r.server.last, "\r\nx-empty:"));
        assert_non_null(strstr(r.server.last, "\r\nContent-Length: 30000\r\n"));
        assert_null(strstr(r.server.last, "Expect"));
        assert_null(strstr(r.server.last, "Content-Type"));
        assert_null(strstr(r.server.last, "User-Agent"));
        assert_null(strstr(r.server.last, "Accept"));
    }
    rig_slice = 4096;
    rig_close(&r);
}

static void answers_of_every_kind_are_read_on_one_connection(void **state)
{
    static const struct {
        const char *method;
        const char *answer;
        int status;
        const char *body;
        const char *header;
    } table[] = {
        { "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200,
          "hello", "content-length=5;" },
        { "GET",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
          "5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nT: 1\r\n\r\n",
          200, "hello!", "transfer-encoding=chunked;" },
        { "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"a\"\r\n\r\n",
          200, "", "content-length=5;etag=\"a\";" },
        { "DELETE", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", "" },
        { "GET", "HTTP/1.1 304 Not\r\nETag: \"b\"\r\n\r\n", 304, "",
          "etag=\"b\";" },
        { "PUT", "HTTP/1.1 100 C\r\nX: 1\r\n\r\nHTTP/1.1 103 H\r\n\r\n" MADE,
          201, "", "content-length=0;" },
        { "PUT",
          "HTTP/1.1 307 T\r\nLocation: http://127.0.0.2/\r\n"
          "Content-Length: 0\r\n\r\n",
          307, "", "location=http://127.0.0.2/;content-length=0;" },
        { "PUT",
          "HTTP/1.1 503 B\r\nRetry-After: 1\r\nContent-Length: 1\r\n\r\nx", 503,
          "x", "retry-after=1;content-length=1;" },
    };
    struct server_act act = { .answer = MADE };
    struct rig r;
    (void)state;
    rig_open(&r, &act, 1);
    struct rn_http_call c;
    struct answer a;
    rig_put(&r, &c, &a, 3);
    for (size_t i = 0; i < RN_COUNTOF(table); i++) {
        for (size_t k = 0; k < SERVER_PEERS; k++)
            r.server.peer[k].act.answer = table[i].answer;
        rig_prepare(&r, &c, &a, table[i].method,
                    table[i].method[0] == 'P' ? 10 : 0);
        rig_run(&r, &c);
        assert_int_equal(c.err, RN_OK);
        assert_int_equal(c.status, table[i].status);
        assert_int_equal(a.len, strlen(table[i].body));
        assert_memory_equal(a.body, table[i].body, a.len);
        assert_string_equal(a.headers, table[i].header);
    }
    assert_int_equal(r.server.accepted, 1);
    assert_int_equal(r.server.requests, 1 + RN_COUNTOF(table));

    /* Whoever gets no answer to a POST must know that it was sent once. */
    for (size_t k = 0; k < SERVER_PEERS; k++)
        r.server.peer[k].act.answer = MADE;
    rig_prepare(&r, &c, &a, "POST", 10);
    rig_run(&r, &c);
    assert_int_equal(c.status, 201);
    assert_int_equal(r.server.accepted, 2);
    rig_close(&r);
}

static void as_many_calls_run_at_once_as_there_are_connections(void **state)
{
    static const struct server_act act = { .answer = MADE };
    struct rn_http_call c[5];
    struct answer a;
    struct rig r;
    int done = 0;
    (void)state;
    rig_open(&r, &act, 1);
    for (int i = 0; i < 5; i++)
        rig_prepare(&r, &c[i], &a, "PUT", 50000);
    for (int i = 0; i < 4; i++)
        assert_int_equal(rn_http_start(r.http, &c[i]), RN_OK);
    assert_int_equal(rn_http_start(r.http, &c[4]), RN_E_FULL);
    while (done < 4) {
        server_step(&r.server);
        done += rn_http_pump(r.http, rn_clock_mono() + 1);
    }
    for (int i = 0; i < 4; i++) {
        assert_true(c[i].done);
        assert_int_equal(c[i].err, RN_OK);
    }
    assert_int_equal(r.server.accepted, 4);
    rig_put(&r, &c[4], &a, 10);
    assert_int_equal(c[4].err, RN_OK);
    assert_int_equal(r.server.accepted, 4);
    rig_close(&r);
}

static void a_cancelled_call_is_over_and_its_place_free(void **state)
{
    static const struct server_act act[] = { { .answer = NULL },
                                             { .answer = MADE } };
    struct rn_http_call c;
    struct answer a;
    struct rig r;
    (void)state;
    rig_open(&r, act, 2);
    rig_prepare(&r, &c, &a, "PUT", 10);
    assert_int_equal(rn_http_start(r.http, &c), RN_OK);
    for (int i = 0; i < 20; i++) {
        server_step(&r.server);
        rn_http_pump(r.http, rn_clock_mono() + 1);
    }
    assert_false(c.done);
    rn_http_cancel(r.http, &c);
    assert_true(c.done);
    assert_int_equal(c.err, RN_E_STOP);
    rn_http_cancel(r.http, &c);
    rig_put(&r, &c, &a, 10);
    assert_int_equal(c.err, RN_OK);
    rig_close(&r);
}

/* -- connections that were kept (case 53) --------------------------------- */

static void a_connection_closed_while_idle_is_replaced_unseen(void **state)
{
    static const struct server_act act = { .answer = MADE };
    (void)state;
    for (int reset = 0; reset < 2; reset++) {
        struct rn_http_call c;
        struct answer a;
        struct rig r;
        rig_open(&r, &act, 1);
        rig_put(&r, &c, &a, 100);
        server_hang_up(&r.server, reset != 0);
        rig_put(&r, &c, &a, 20000);
        assert_int_equal(c.err, RN_OK);
        assert_int_equal(r.server.accepted, 2);
        assert_memory_equal(strstr(r.server.last, "\r\n\r\n") + 4, rig_content,
                            20000);
        rig_close(&r);
    }
}

/* The server closes when it sees the second request: what came is not an
 * answer, so the request goes out again from its first byte, once.
 */
static void a_kept_connection_that_breaks_is_retried_once(void **state)
{
    (void)state;
    for (size_t cut = 1; cut < 2000; cut += 97)
        for (int reset = 0; reset < 2; reset++) {
            struct server_act act[] = { { .answer = MADE, .reset = reset != 0 },
                                        { .answer = MADE } };
            struct rn_http_call c;
            struct answer a;
            struct rig r;
            rig_open(&r, act, 2);
            rig_put(&r, &c, &a, 1);
            assert_int_equal(c.err, RN_OK);
            r.server.peer[0].act.cut_in = cut + 1;
            rig_put(&r, &c, &a, 2000);
            assert_int_equal(c.err, RN_OK);
            assert_int_equal(r.server.accepted, 2);
            assert_memory_equal(strstr(r.server.last, "\r\n\r\n") + 4,
                                rig_content, 2000);
            rig_close(&r);
        }
}

static void a_new_connection_that_breaks_is_an_error(void **state)
{
    static const struct server_act act[] = { { .answer = MADE },
                                             { .cut_in = 1 },
                                             { .answer = MADE } };
    struct rn_http_call c;
    struct answer a;
    struct rig r;
    (void)state;
    rig_open(&r, act, 3);
    rig_put(&r, &c, &a, 1);
    server_hang_up(&r.server, true);
    rig_put(&r, &c, &a, 10);
    assert_int_equal(c.err, RN_E_LINK);
    assert_int_equal(r.server.accepted, 2);
    rig_close(&r);
}

/* On a kept connection that the server has closed it would be sent again, and
 * nobody knows whether the first one was heard.
 */
static void a_post_is_never_sent_twice(void **state)
{
    static const struct server_act act[] = { { .answer = MADE },
                                             { .cut_in = 1 },
                                             { .answer = MADE } };
    struct rn_http_call c;
    struct answer a;
    struct rig r;
    (void)state;
    rig_open(&r, act, 3);
    rig_put(&r, &c, &a, 1);
    assert_int_equal(c.err, RN_OK);
    rig_prepare(&r, &c, &a, "POST", 10);
    rig_run(&r, &c);
    assert_int_equal(c.err, RN_E_LINK);
    assert_int_equal(r.server.accepted, 2);
    rig_close(&r);
}

static void after_the_first_answer_byte_nothing_is_sent_again(void **state)
{
    static const struct server_act act = { .answer = MADE };
    struct rn_http_call c;
    struct answer a;
    struct rig r;
    (void)state;
    /* libcurl counts lines of an answer, not bytes. */
    for (size_t cut = rig_is_curl() ? 22 : 1; cut < sizeof MADE - 1; cut++) {
        rig_open(&r, &act, 1);
        rig_put(&r, &c, &a, 1);
        r.server.peer[0].act.cut_out = cut + 1;
        rig_put(&r, &c, &a, 10);
        assert_int_equal(c.err, RN_E_LINK);
        assert_true(c.sent);
        assert_int_equal(r.server.accepted, 1);
        rig_close(&r);
    }
}

static void an_old_kept_connection_is_not_used_again(void **state)
{
    static const struct server_act act = { .answer = MADE };
    struct rn_http_call c;
    struct answer a;
    struct rig r;
    (void)state;
    if (rig_is_curl()) /* counts in seconds */
        skip();
    rig_open(&r, &act, 1);
    rig_times(&r, 2000, 30);
    rig_put(&r, &c, &a, 1);
    rig_put(&r, &c, &a, 1);
    assert_int_equal(r.server.accepted, 1);
    (void)rn_wait(NULL, 0, rn_clock_mono() + 40);
    rig_put(&r, &c, &a, 1);
    assert_int_equal(c.err, RN_OK);
    assert_int_equal(r.server.accepted, 2);
    rig_close(&r);
}

static void a_connection_with_something_left_over_is_not_used_again(
    void **state)
{
    static const char *const table[] = {
        MADE "x",
        MADE MADE,
        "HTTP/1.1 201 C\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.0 201 C\r\nContent-Length: 0\r\n\r\n",
    };
    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(table); i++) {
        struct server_act act = { .answer = table[i] };
        struct rn_http_call c;
        struct answer a;
        struct rig r;
        rig_open(&r, &act, 1);
        rig_put(&r, &c, &a, 5);
        assert_int_equal(c.err, RN_OK);
        rig_put(&r, &c, &a, 5);
        assert_int_equal(c.err, RN_OK);
        /* libcurl may go on using it, but must not take what was left over
         * for the next answer.
         */
        assert_int_equal(r.server.requests, 2);
        if (!rig_is_curl())
            assert_int_equal(r.server.accepted, 2);
        rig_close(&r);
    }
}

/* -- no connection at all ------------------------------------------------- */

static void nobody_there_is_a_lost_link_and_nothing_was_sent(void **state)
{
    static const char *const hosts[] = { "127.0.0.1", "localhost", "::1",
                                         "no-such-host.invalid" };
    static const struct server_act act = { .answer = MADE };
    struct rig r;
    (void)state;
    rig_open(&r, &act, 1);
    server_close(&r.server);
    for (size_t i = 0; i < RN_COUNTOF(hosts); i++) {
        struct rn_http_call c;
        struct answer a;
        r.origin.host = hosts[i];
        rig_prepare(&r, &c, &a, "PUT", 10);
        assert_int_equal(rn_http_start(r.http, &c), RN_OK);
        while (!c.done)
            rn_http_pump(r.http, rn_clock_mono() + 100);
        assert_int_equal(c.err, RN_E_LINK);
        assert_false(c.sent);
        assert_true(c.why[0] != 0);
    }
    rn_http_close(r.http);
}

static void the_second_address_is_tried_when_the_first_refuses(void **state)
{
    static const struct server_act act = { .answer = MADE };
    struct rn_http_call c;
    struct answer a;
    struct rig r;
    (void)state;
    rig_open(&r, &act, 1);
    r.origin.host = "localhost";
    rig_put(&r, &c, &a, 10);
    assert_int_equal(c.err, RN_OK);
    rig_close(&r);
}

static void a_bundle_that_is_none_is_refused_at_start(void **state)
{
    static const char *const paths[] = { "/nonexistent.pem", "/dev/null",
                                         "/etc/hostname", "/" };
    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(paths); i++) {
        struct rn_http_options o = { .connections = 1,
                                     .ca = paths[i],
                                     .proxy = "" };
        struct rn_arena mem;
        struct rn_error error;
        struct rn_http *h;
        rn_error_clear(&error);
        rn_arena_init(&mem, "test", rig_memory, RIG_ARENA);
        assert_int_equal(rn_http_init(&o, &mem, &error, &h), RN_E_CONFIG);
        assert_null(h);
        assert_non_null(strstr(error.text, paths[i]));
    }
}

static void an_arena_too_small_is_refused_at_start(void **state)
{
    struct rn_http_options o = { .connections = 2,
                                 .ca = rig_bundle,
                                 .proxy = "" };
    struct rn_arena mem;
    struct rn_error error;
    struct rn_http *h;
    (void)state;
    for (size_t less = 16; less <= rn_http_need(&o); less += 4096) {
        rn_error_clear(&error);
        rn_arena_init(&mem, "test", rig_memory, rn_http_need(&o) - less);
        assert_int_equal(rn_http_init(&o, &mem, &error, &h), RN_E_FULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_arrives_byte_for_byte),
        cmocka_unit_test(answers_of_every_kind_are_read_on_one_connection),
        cmocka_unit_test(as_many_calls_run_at_once_as_there_are_connections),
        cmocka_unit_test(a_cancelled_call_is_over_and_its_place_free),
        cmocka_unit_test(a_connection_closed_while_idle_is_replaced_unseen),
        cmocka_unit_test(a_kept_connection_that_breaks_is_retried_once),
        cmocka_unit_test(a_new_connection_that_breaks_is_an_error),
        cmocka_unit_test(a_post_is_never_sent_twice),
        cmocka_unit_test(after_the_first_answer_byte_nothing_is_sent_again),
        cmocka_unit_test(an_old_kept_connection_is_not_used_again),
        cmocka_unit_test(
            a_connection_with_something_left_over_is_not_used_again),
        cmocka_unit_test(nobody_there_is_a_lost_link_and_nothing_was_sent),
        cmocka_unit_test(the_second_address_is_tried_when_the_first_refuses),
        cmocka_unit_test(a_bundle_that_is_none_is_refused_at_start),
        cmocka_unit_test(an_arena_too_small_is_refused_at_start),
    };
    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
