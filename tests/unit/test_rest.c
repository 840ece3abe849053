/* test_rest.c: one request, tried again where that is safe, and its failures
 * in words that hold no secret.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/http_server.h"
#include "lib/rest_server.h"
#include "runnel/port.h"
#include "warehouse/rest.h"

static _Alignas(16) uint8_t memory[1u << 20];
static char bundle[] = "/tmp/test_rest_XXXXXX";

struct kit {
    struct rest_server server;
    struct rn_http *http;
    struct rn_rest rest;
    struct rn_error error;
};

static void open_kit(struct kit *k, const struct rest_answer *a, size_t n)
{
    struct rn_arena mem;
    struct rn_http_options h = { .connections = 1,
                                 .connect_ms = 2000,
                                 .idle_ms = 2000,
                                 .keep_ms = 30000,
                                 .ca = bundle,
                                 .proxy = "" };
    size_t used;
    struct rn_rest_options o = { .key = "databricks.host",
                                 .allow_http = true,
                                 .request_ms = 4000,
                                 .retry_ms = 20000,
                                 .body = 300,
                                 .answer = 1000,
                                 .tokens = 32 };

    rest_open(&k->server, a, n);
    o.base = k->server.base;
    rn_error_clear(&k->error);
    rn_arena_init(&mem, "test", memory, sizeof memory);
    assert_int_equal(rn_http_init(&h, &mem, &k->error, &k->http), RN_OK);
    used = mem.used;
    o.http = k->http;
    assert_int_equal(rn_rest_init(&k->rest, &o, &mem, &k->error), RN_OK);
    assert_true(mem.used - used <= rn_rest_need(&o));
    k->rest.deadline_ms = rn_clock_mono() + 20000;
}

static void close_kit(struct kit *k)
{
    rn_rest_close(&k->rest);
    rn_rest_close(&k->rest);
    rn_http_close(k->http);
    rest_close(&k->server);
}

static const struct rn_rest_call get = { .method = "GET",
                                         .path = "/api/x?y=1",
                                         .authorization = "Bearer dapi0123",
                                         .repeat = true };
static const struct rn_rest_call post = { .method = "POST", .path = "/api/x" };

static int run(struct kit *k, const struct rn_rest_call *c,
               const struct rest_answer *a, size_t n)
{
    int err;

    open_kit(k, a, n);
    rn_out_put(rn_rest_body(&k->rest), "{}", 2);
    err = rn_rest_do(&k->rest, c);
    return err;
}

static void a_request_says_who_and_what(void **state)
{
    static const struct rest_answer ok = { 200, "{\"a\":\"b\"}", NULL, NULL };
    struct kit k;

    (void)state;
    assert_int_equal(run(&k, &get, &ok, 1), RN_OK);
    const char *q = rest_request(&k.server, 0);
    assert_non_null(strstr(q, "GET /api/x?y=1 HTTP/1.1\r\n"));
    assert_non_null(strstr(q, "authorization: Bearer dapi0123\r\n"));
    assert_null(strstr(q, "{}"));
    assert_true(rn_doc_is(&k.rest.doc, rn_doc_find(&k.rest.doc, 0, "a"), "b"));
    close_kit(&k);
    assert_int_equal(run(&k, &post, &ok, 1), RN_OK);
    q = rest_request(&k.server, 0);
    assert_non_null(strstr(q, "content-type: application/json\r\n"));
    assert_non_null(strstr(q, "\r\n\r\n{}"));
    close_kit(&k);
}

static void an_empty_answer_is_an_empty_object(void **state)
{
    static const struct rest_answer ok = { 200, NULL, NULL, NULL };
    struct kit k;

    (void)state;
    assert_int_equal(run(&k, &post, &ok, 1), RN_OK);
    assert_int_equal(rn_doc_find(&k.rest.doc, 0, "a"), -1);
    close_kit(&k);
}

/* The four shapes of facts about the service's errors, and a status that says
 * what to do.
 */
static void every_shape_of_error_is_told(void **state)
{
    static const struct {
        struct rest_answer a;
        int err;
        const char *code;
        const char *words;
    } table[] = {
        { { 400,
            "{\"error_code\":\"INVALID_PARAMETER_VALUE\",\"message\":"
            "\"no such warehouse\",\"details\":[]}",
            "x-request-id: 0a1b-2c\r\n", NULL },
          RN_E_DENIED,
          "INVALID_PARAMETER_VALUE",
          "no such warehouse" },
        { { 403, "{\"error\":\"not allowed\"}", NULL, NULL },
          RN_E_DENIED,
          "",
          "not allowed" },
        { { 404, "NOT_FOUND: nothing there\nsecond line", NULL, "text/plain" },
          RN_E_ABSENT,
          "NOT_FOUND",
          "nothing there" },
        { { 401,
            "<html><head><title>Sign in</title></head><body>x</body></html>",
            NULL, "text/html; charset=utf-8" },
          RN_E_AUTH,
          "",
          "web page (Sign in)" },
        { { 400, "", NULL, NULL }, RN_E_DENIED, "", "refused" },
        { { 400, "{\"error\":{\"code\":\"BAD\",\"message\":\"m\"}}", NULL,
            NULL },
          RN_E_DENIED,
          "BAD",
          "m" },
        { { 302, "", "Location: https://elsewhere.example/login\r\n", NULL },
          RN_E_DENIED,
          "",
          "redirect" },
        { { 400, "{\"message\":\"cut", NULL, NULL }, RN_E_DENIED, "", "cut" },
        { { 418, "\x01\x02{", NULL, NULL }, RN_E_DENIED, "", "" },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(table); i++) {
        struct kit k;

        assert_int_equal(run(&k, &get, &table[i].a, 1), table[i].err);
        assert_int_equal(k.rest.fault.code, table[i].err);
        assert_int_equal(k.rest.fault.where, RN_AT_WAREHOUSE);
        assert_int_equal(k.rest.fault.status, table[i].a.status);
        assert_string_equal(k.rest.fault.service, table[i].code);
        assert_non_null(strstr(k.rest.fault.text, table[i].words));
        assert_null(strchr(k.rest.fault.text, '\n'));
        assert_false(k.rest.lost);
        assert_int_equal(rest_requests(&k.server), 1);
        if (i == 0)
            assert_string_equal(k.rest.fault.request, "0a1b-2c");
        rn_rest_raise(&k.rest, &k.error);
        assert_string_equal(k.error.text, k.rest.fault.text);
        close_kit(&k);
    }
}

static void what_is_busy_is_asked_again_when_it_says(void **state)
{
    static const struct rest_answer a[] = {
        { 429, "{\"error_code\":\"REQUEST_LIMIT_EXCEEDED\"}",
          "Retry-After: 1\r\n", NULL },
        { 400, "{\"message\":\"RPC token bucket limit has been exceeded\"}",
          NULL, NULL },
        { 200, "{}", NULL, NULL },
    };
    struct kit k;
    int64_t began = rn_clock_mono();

    (void)state;
    assert_int_equal(run(&k, &post, a, 3), RN_OK);
    assert_true(rn_clock_mono() - began >= 1000);
    assert_int_equal(k.rest.tries, 2);
    assert_int_equal(rest_requests(&k.server), 3);
    close_kit(&k);
}

static void a_wait_longer_than_there_is_time_is_not_begun(void **state)
{
    static const struct rest_answer a = { 503, "", "Retry-After: 86400\r\n",
                                          NULL };
    struct kit k;
    int64_t began = rn_clock_mono();

    (void)state;
    assert_int_equal(run(&k, &get, &a, 1), RN_E_BUSY);
    assert_true(rn_clock_mono() - began < 1000);
    close_kit(&k);
}

static void a_lost_answer_is_asked_again_only_if_that_is_safe(void **state)
{
    static const struct rest_answer a[] = { { 0, NULL, NULL, NULL },
                                            { 200, "{}", NULL, NULL } };
    struct kit k;

    (void)state;
    assert_int_equal(run(&k, &get, a, 2), RN_OK);
    close_kit(&k);
    assert_int_equal(run(&k, &post, a, 2), RN_E_LINK);
    assert_true(k.rest.lost);
    assert_int_equal(rest_requests(&k.server), 1);
    close_kit(&k);
}

static void a_failure_of_the_service_may_hide_a_success(void **state)
{
    static const struct rest_answer a[] = { { 502, "", NULL, NULL },
                                            { 200, "{}", NULL, NULL } };
    struct kit k;

    (void)state;
    assert_int_equal(run(&k, &get, a, 2), RN_OK);
    close_kit(&k);
    assert_int_equal(run(&k, &post, a, 2), RN_E_BUSY);
    assert_true(k.rest.lost);
    close_kit(&k);
}

static void an_answer_that_is_too_much_is_no_answer(void **state)
{
    static char large[1200];
    static char many[300];
    struct kit k;

    (void)state;
    memset(large, ' ', sizeof large - 1);
    large[0] = '[';
    large[sizeof large - 2] = ']';
    struct rest_answer a = { 200, large, NULL, NULL };
    assert_int_equal(run(&k, &get, &a, 1), RN_E_FULL);
    assert_non_null(strstr(k.rest.fault.text, "1000 bytes"));
    close_kit(&k);
    strcpy(many, "[0");
    while (strlen(many) < 100)
        strcat(many, ",0");
    strcat(many, "]");
    a.body = many;
    assert_int_equal(run(&k, &get, &a, 1), RN_E_FULL);
    assert_non_null(strstr(k.rest.fault.text, "32 values"));
    assert_true(k.rest.lost);
    close_kit(&k);
}

static void what_is_no_json_is_the_peers_fault(void **state)
{
    static const struct rest_answer a = { 200,
                                          "<html>welcome to the hotel</html>",
                                          NULL, "text/html" };
    struct kit k;

    (void)state;
    assert_int_equal(run(&k, &get, &a, 1), RN_E_PEER);
    assert_non_null(strstr(k.rest.fault.text, "proxy or login page"));
    close_kit(&k);
}

static void a_body_that_is_too_long_is_not_sent(void **state)
{
    static const struct rest_answer a = { 200, "{}", NULL, NULL };
    char text[400];
    struct kit k;

    (void)state;
    memset(text, 'x', sizeof text);
    open_kit(&k, &a, 1);
    rn_out_put(rn_rest_body(&k.rest), text, sizeof text);
    assert_int_equal(rn_rest_do(&k.rest, &post), RN_E_FULL);
    assert_non_null(strstr(k.rest.fault.text, "300 bytes"));
    assert_int_equal(rest_requests(&k.server), 0);
    close_kit(&k);
}

static void secrets_are_taken_out_of_what_the_service_says(void **state)
{
    static const struct rest_answer a = {
        400,
        "{\"message\":\"near 'sv=1&sig=abc%2Fdef': token dapi0123 of "
        "Bearer eyJh.x\"}",
        NULL, NULL
    };
    struct kit k;
    char text[64];

    (void)state;
    open_kit(&k, &a, 1);
    k.rest.secret[0] = RN_STR("dapi0123");
    assert_int_equal(rn_rest_do(&k.rest, &get), RN_E_DENIED);
    assert_null(strstr(k.rest.fault.text, "abc"));
    assert_null(strstr(k.rest.fault.text, "dapi0123"));
    assert_null(strstr(k.rest.fault.text, "eyJh"));
    assert_non_null(strstr(k.rest.fault.text, "sig=***"));
    /* What was cut in the middle of one, too. */
    strcpy(text, "the token is dapi01");
    rn_rest_clean(&k.rest, text);
    assert_string_equal(text, "the token is ***");
    close_kit(&k);
}

static void the_deadline_is_kept(void **state)
{
    static const struct rest_answer a[] = { { 0, NULL, NULL, NULL },
                                            { 0, NULL, NULL, NULL },
                                            { 0, NULL, NULL, NULL },
                                            { 0, NULL, NULL, NULL } };
    struct kit k;

    (void)state;
    open_kit(&k, a, 4);
    int64_t began = rn_clock_mono();
    k.rest.deadline_ms = began + 100;
    int err = rn_rest_do(&k.rest, &get);
    assert_true(err == RN_E_LINK || err == RN_E_AGAIN || err == RN_E_BUSY);
    assert_true(rn_clock_mono() - began < 1000);
    k.rest.deadline_ms = rn_clock_mono() - 1;
    assert_int_equal(rn_rest_wait(&k.rest, 10), RN_E_AGAIN);
    close_kit(&k);
}

static void escapes_are_json(void **state)
{
    static const char in[] = "a\"b\\c\n\x01 'd' \xc3\xa4";
    static const char want[] = "a\\\"b\\\\c\\u000a\\u0001 'd' \xc3\xa4";
    struct rn_escape e;
    struct rn_out *to;
    struct kit k;
    static const struct rest_answer a = { 200, "{}", NULL, NULL };

    (void)state;
    open_kit(&k, &a, 1);
    to = rn_rest_body(&k.rest);
    struct rn_out *inside = rn_escape_open(&e, to);
    rn_out_put(inside, in, sizeof in - 1);
    assert_int_equal(rn_out_flush(inside), RN_OK);
    assert_int_equal(to->len, sizeof want - 1);
    assert_memory_equal(to->buf, want, to->len);
    for (int i = 0; i < 100; i++)
        rn_out_put(inside, in, sizeof in - 1);
    assert_int_equal(rn_out_flush(inside), RN_E_FULL);
    close_kit(&k);
}

static void only_a_hosts_address_is_one(void **state)
{
    static const struct {
        const char *base;
        bool good;
    } table[] = {
        { "https://adb-1.2.azuredatabricks.net", true },
        { "https://adb-1.2.azuredatabricks.net/", true },
        { "https://adb-1.2.azuredatabricks.net:8443", true },
        { "http://127.0.0.1:80", true },
        { "http://adb-1.2.azuredatabricks.net", false },
        { "adb-1.2.azuredatabricks.net", false },
        { "https://", false },
        { "https://a@b", false },
        { "https://a/b", false },
        { "https://a?o=1", false },
        { "https://a:0", false },
        { "https://a:99999", false },
        { "https://a:80x", false },
        { "ftp://a", false },
        { "", false },
    };
    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(table); i++) {
        struct rn_rest_options o = { .key = "databricks.host",
                                     .base = table[i].base,
                                     .allow_http = true,
                                     .body = 100,
                                     .answer = 100,
                                     .tokens = 4 };
        struct rn_arena mem;
        struct rn_error error;
        struct rn_rest r;

        rn_error_clear(&error);
        rn_arena_init(&mem, "test", memory, sizeof memory);
        assert_int_equal(rn_rest_init(&r, &o, &mem, &error),
                         table[i].good ? RN_OK : RN_E_CONFIG);
        if (!table[i].good)
            assert_non_null(strstr(error.text, "databricks.host"));
        rn_rest_close(&r);
    }
}

static int setup(void **state)
{
    static const char pem[] = "-----BEGIN CERTIFICATE-----\nAAAA\n"
                              "-----END CERTIFICATE-----\n";
    int fd = mkstemp(bundle);

    (void)state;
    return fd >= 0 && write(fd, pem, sizeof pem - 1) > 0 ? close(fd) : -1;
}

static int teardown(void **state)
{
    (void)state;
    return unlink(bundle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_says_who_and_what),
        cmocka_unit_test(an_empty_answer_is_an_empty_object),
        cmocka_unit_test(every_shape_of_error_is_told),
        cmocka_unit_test(what_is_busy_is_asked_again_when_it_says),
        cmocka_unit_test(a_wait_longer_than_there_is_time_is_not_begun),
        cmocka_unit_test(a_lost_answer_is_asked_again_only_if_that_is_safe),
        cmocka_unit_test(a_failure_of_the_service_may_hide_a_success),
        cmocka_unit_test(an_answer_that_is_too_much_is_no_answer),
        cmocka_unit_test(what_is_no_json_is_the_peers_fault),
        cmocka_unit_test(a_body_that_is_too_long_is_not_sent),
        cmocka_unit_test(secrets_are_taken_out_of_what_the_service_says),
        cmocka_unit_test(the_deadline_is_kept),
        cmocka_unit_test(escapes_are_json),
        cmocka_unit_test(only_a_hosts_address_is_one),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
