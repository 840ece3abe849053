/* test_http_parse.c: answers, good and hostile, in every cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/parse.h"

/* What an answer came to, as text: headers and body in order. */
struct seen {
    char text[4096];
    size_t len;
    size_t body;
    int fail_at; /* on_body call that fails; 0: none */
};

static void note(struct seen *s, const void *p, size_t n)
{
    if (n > sizeof s->text - s->len)
        n = sizeof s->text - s->len;
    memcpy(s->text + s->len, p, n);
    s->len += n;
}

static int on_header(void *ctx, struct rn_bytes name, struct rn_bytes value)
{
    struct seen *s = ctx;
    note(s, name.p, name.n);
    note(s, "=", 1);
    note(s, value.p, value.n);
    note(s, ";", 1);
    return RN_OK;
}

static int on_body(void *ctx, struct rn_bytes part)
{
    struct seen *s = ctx;
    if (s->fail_at > 0 && --s->fail_at == 0)
        return RN_E_FULL;
    s->body += part.n;
    note(s, part.p, part.n);
    return RN_OK;
}

struct outcome {
    int err;
    int status;
    size_t used;
    bool done;
    bool close;
    const char *why;
    struct seen seen;
};

static uint8_t line[RN_HTTP_LINE];

static void begin(struct rn_http_parse *p, struct outcome *o, bool head)
{
    memset(o, 0, sizeof *o);
    rn_http_parse_begin(p, line, head);
    p->ctx = &o->seen;
    p->on_header = on_header;
    p->on_body = on_body;
}

static void finish(const struct rn_http_parse *p, struct outcome *o)
{
    o->status = p->status;
    o->done = p->state == RN_PARSE_DONE;
    o->close = p->close;
    o->why = p->why;
}

/* Feed in pieces of `step` bytes, the first of `first`. */
static void parse(const char *in, size_t n, size_t first, size_t step,
                  bool head, struct outcome *o)
{
    struct rn_http_parse p;
    begin(&p, o, head);
    size_t len = first;
    for (size_t at = 0; at < n && !o->err && p.state != RN_PARSE_DONE;) {
        if (len > n - at)
            len = n - at;
        int got = rn_http_parse_feed(&p, (const uint8_t *)in + at, len);
        if (got < 0)
            o->err = got;
        else
            o->used += (size_t)got;
        at += len;
        len = step;
    }
    finish(&p, o);
}

static void same(const struct outcome *a, const struct outcome *b)
{
    assert_int_equal(a->err, b->err);
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->used * (a->err == 0), b->used * (b->err == 0));
    assert_int_equal(a->done, b->done);
    assert_int_equal(a->close, b->close);
    assert_true(a->why == b->why);
    assert_int_equal(a->seen.len, b->seen.len);
    assert_memory_equal(a->seen.text, b->seen.text, a->seen.len);
}

/* The same whole, byte by byte and cut in two at every place. */
static void every_cut(const char *in, size_t n, bool head, struct outcome *o)
{
    struct outcome other;
    parse(in, n, n, n, head, o);
    parse(in, n, 1, 1, head, &other);
    same(o, &other);
    for (size_t cut = 1; cut < n; cut++) {
        parse(in, n, cut, n, head, &other);
        same(o, &other);
    }
}

#define OK "HTTP/1.1 200 OK\r\n"

static void good_answers_are_read_whole_in_every_cut(void **state)
{
    static const struct {
        const char *in;
        const char *seen;
        int status;
        bool close;
        bool head;
    } table[] = {
        { OK "Content-Length: 5\r\n\r\nhello", "content-length=5;hello", 200,
          false, false },
        { OK "content-LENGTH:5\r\nX-Ms-Request-Id: \t a b \t\r\n\r\nhello",
          "content-length=5;x-ms-request-id=a b;hello", 200, false, false },
        { "HTTP/1.1 201 \r\nContent-Length: 0\r\n\r\n", "content-length=0;",
          201, false, false },
        { "HTTP/1.1 201\r\nContent-Length: 0\r\n\r\n", "content-length=0;", 201,
          false, false },
        { OK "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
          "content-length=2;content-length=2;hi", 200, false, false },
        { OK "Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n"
             "006;x=\"y\"\r\n world\r\n0\r\n\r\n",
          "transfer-encoding=Chunked;hello world", 200, false, false },
        { OK "Transfer-Encoding: chunked\r\n\r\nA \r\n0123456789\r\n"
             "000\r\nTrailer: 1\r\n\r\n",
          "transfer-encoding=chunked;0123456789", 200, false, false },
        { OK "Content-Length: 5\r\n\r\n", "content-length=5;", 200, false,
          true },
        { "HTTP/1.1 204 No\r\n\r\n", "", 204, false, false },
        { "HTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\n", "content-length=9;",
          304, false, false },
        { "HTTP/1.1 100 Continue\r\nX: 1\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n"
          "HTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n",
          "content-length=0;", 201, false, false },
        { OK "Connection: foo , CLOSE\r\nContent-Length: 0\r\n\r\n",
          "connection=foo , CLOSE;content-length=0;", 200, true, false },
        { "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", "content-length=1;x",
          200, true, false },
        { "HTTP/1.1 301 Moved\r\nLocation: http://x/\r\n"
          "Content-Length: 0\r\n\r\n",
          "location=http://x/;content-length=0;", 301, false, false },
        { "HTTP/1.1 599 \x80\xff\r\nContent-Length: 0\r\nE:\r\n\r\n",
          "content-length=0;e=;", 599, false, false },
    };
    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(table); i++) {
        struct outcome o;
        size_t n = strlen(table[i].in);
        every_cut(table[i].in, n, table[i].head, &o);
        assert_int_equal(o.err, RN_OK);
        assert_true(o.done);
        assert_int_equal(o.used, n);
        assert_int_equal(o.status, table[i].status);
        assert_int_equal(o.close, table[i].close);
        assert_int_equal(o.seen.len, strlen(table[i].seen));
        assert_memory_equal(o.seen.text, table[i].seen, o.seen.len);
    }
}

static void what_two_readers_could_take_differently_is_refused(void **state)
{
    static const char *const table[] = {
        "HTP/1.1 200 OK\r\n",
        "HTTP/2.0 200 OK\r\n",
        "HTTP/1.2 200 OK\r\n",
        "HTTP/1.1  200 OK\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n",
        "HTTP/1.1 099 OK\r\n",
        "HTTP/1.1 600 OK\r\n",
        "HTTP/1.1 -20 OK\r\n",
        "HTTP/1.1 200 O\x01K\r\n",
        "\r\nHTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\n",
        "HTTP/1.1 200 OK\rX",
        OK "A: b\n\r\n",
        OK "A: b\r\r\n",
        OK "A: b\r\n folded\r\n",
        OK "A: b\r\n\tfolded\r\n",
        OK "A : b\r\n",
        OK " A: b\r\n",
        OK ": b\r\n",
        OK "A\r\n",
        OK "A(): b\r\n",
        OK "A: b\x7f\r\n",
        OK "A: b\x0b\r\n",
        OK "Content-Length: 5\r\nContent-Length: 6\r\n",
        OK "Content-Length: 5, 5\r\n",
        OK "Content-Length: -1\r\n",
        OK "Content-Length: +1\r\n",
        OK "Content-Length: 0x5\r\n",
        OK "Content-Length: 5 5\r\n",
        OK "Content-Length:\r\n",
        OK "Content-Length: 9999999999999999999\r\n",
        OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
        OK "Transfer-Encoding: gzip\r\n",
        OK "Transfer-Encoding: gzip, chunked\r\n",
        OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        OK "Transfer-Encoding: xchunked\r\n",
        OK "Transfer-Encoding:\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n",
        "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n",
    };
    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(table); i++) {
        struct outcome o;
        every_cut(table[i], strlen(table[i]), false, &o);
        if (o.err != RN_E_PEER)
            print_error("taken: %s\n", table[i]);
        assert_int_equal(o.err, RN_E_PEER);
        assert_non_null(o.why);
        assert_false(o.done);
    }
}

static void a_nul_byte_is_refused_wherever_it_stands(void **state)
{
    static const char good[] = OK "Abc: def\r\nContent-Length: 0\r\n\r\n";
    (void)state;
    for (size_t at = 0; at < sizeof good - 1; at++) {
        char in[sizeof good];
        struct outcome o;
        memcpy(in, good, sizeof good);
        in[at] = 0;
        every_cut(in, sizeof good - 1, false, &o);
        assert_int_equal(o.err, RN_E_PEER);
    }
}

static void abused_chunks_are_refused(void **state)
{
    static const char *const table[] = {
        "\r\n",
        "-1\r\n",
        "g\r\n",
        "0x5\r\n",
        " 5\r\n",
        "5\n",
        "5 x\r\n",
        "1000000000000000\r\n",
        "ffffffffffffffffffff\r\n",
        "5;\x01\r\n",
        "5\r\nhelloX",
        "5\r\nhello\n",
        "5\r\nhello\rX",
        "5\r\nhello0\r\n",
        "0\r\nA\r\n",
        "0\r\nA : b\r\n",
        "0\r\n\n",
    };
    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(table); i++) {
        char in[200];
        struct outcome o;
        int n = snprintf(in, sizeof in,
                         OK "Transfer-Encoding: chunked\r\n\r\n%s", table[i]);
        every_cut(in, (size_t)n, false, &o);
        if (o.err != RN_E_PEER)
            print_error("taken: %s\n", table[i]);
        assert_int_equal(o.err, RN_E_PEER);
    }
}

/* Feed `head` and then `again` for ever: an error must come within `most`
 * bytes.
 */
static void endless(const char *head, const char *again, size_t most)
{
    struct outcome o;
    struct rn_http_parse p;
    begin(&p, &o, false);
    int got = rn_http_parse_feed(&p, (const uint8_t *)head, strlen(head));
    size_t fed = strlen(head);
    while (got >= 0 && fed <= most) {
        got = rn_http_parse_feed(&p, (const uint8_t *)again, strlen(again));
        fed += strlen(again);
    }
    assert_int_equal(got, RN_E_PEER);
    assert_int_equal(rn_http_parse_feed(&p, (const uint8_t *)"x", 1),
                     RN_E_PEER);
}

static void floods_end_at_a_bound(void **state)
{
    (void)state;
    endless("", "HTTP/1.1 ", RN_HTTP_LINE + 100);
    endless(OK, "A: b\r\n", 6 * 80);
    endless(OK "A: ", "aaaaaaaa", RN_HTTP_LINE + 100);
    endless(OK, "aaaaaaaa", RN_HTTP_LINE + 100);
    endless("", "HTTP/1.1 100 Continue\r\n\r\n", 25 * 10);
    endless(OK "Transfer-Encoding: chunked\r\n\r\n", "0", RN_HTTP_CHUNK + 100);
    endless(OK "Transfer-Encoding: chunked\r\n\r\n5;", "e",
            RN_HTTP_CHUNK + 100);
    endless(OK "Transfer-Encoding: chunked\r\n\r\n0\r\n", "A: b\r\n", 6 * 80);
    endless(OK "Transfer-Encoding: chunked\r\n\r\n0\r\n", "AAAA", 5000);
}

static void a_head_is_bounded_in_all_and_not_only_by_line(void **state)
{
    char field[1010];
    struct outcome o;
    struct rn_http_parse p;
    (void)state;
    memset(field, 'v', sizeof field);
    memcpy(field, "A: ", 3);
    memcpy(field + sizeof field - 2, "\r\n", 2);
    begin(&p, &o, false);
    assert_true(rn_http_parse_feed(&p, (const uint8_t *)OK, 17) == 17);
    int got = 0;
    int fields = 0;
    for (; got >= 0 && fields < 60; fields++)
        got = rn_http_parse_feed(&p, (const uint8_t *)field, sizeof field);
    assert_int_equal(got, RN_E_PEER);
    assert_int_equal(fields, 17);
}

static void a_cut_answer_is_never_complete(void **state)
{
    static const char *const table[] = {
        OK "Content-Length: 5\r\n\r\nhello",
        OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n",
        "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 204 N\r\n\r\n",
    };
    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(table); i++)
        for (size_t n = 0; n < strlen(table[i]); n++) {
            struct rn_http_parse p;
            struct outcome o;
            begin(&p, &o, false);
            int got = rn_http_parse_feed(&p, (const uint8_t *)table[i], n);
            assert_int_equal(got, n);
            assert_int_equal(rn_http_parse_end(&p), RN_E_LINK);
        }
}

static void a_body_without_length_ends_with_the_connection(void **state)
{
    static const char in[] = OK "\r\nhello";
    struct rn_http_parse p;
    struct outcome o;
    (void)state;
    begin(&p, &o, false);
    assert_int_equal(rn_http_parse_feed(&p, (const uint8_t *)in, sizeof in - 1),
                     sizeof in - 1);
    assert_int_equal(p.state, RN_PARSE_CLOSE);
    assert_true(p.close);
    assert_int_equal(rn_http_parse_end(&p), RN_OK);
    assert_int_equal(o.seen.body, 5);
}

static void bytes_behind_an_answer_are_not_taken(void **state)
{
    static const char in[] = OK "Content-Length: 2\r\n\r\nhiHTTP/1.1 201";
    struct outcome o;
    (void)state;
    parse(in, sizeof in - 1, sizeof in - 1, 1, false, &o);
    assert_true(o.done);
    assert_int_equal(o.used, sizeof in - 1 - 12);
    assert_int_equal(o.seen.body, 2);
}

static void a_callback_that_fails_ends_the_answer(void **state)
{
    static const char in[] = OK "Content-Length: 5\r\n\r\nhello";
    struct rn_http_parse p;
    struct outcome o;
    (void)state;
    begin(&p, &o, false);
    o.seen.fail_at = 1;
    assert_int_equal(rn_http_parse_feed(&p, (const uint8_t *)in, sizeof in - 1),
                     RN_E_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_answers_are_read_whole_in_every_cut),
        cmocka_unit_test(what_two_readers_could_take_differently_is_refused),
        cmocka_unit_test(a_nul_byte_is_refused_wherever_it_stands),
        cmocka_unit_test(abused_chunks_are_refused),
        cmocka_unit_test(floods_end_at_a_bound),
        cmocka_unit_test(a_head_is_bounded_in_all_and_not_only_by_line),
        cmocka_unit_test(a_cut_answer_is_never_complete),
        cmocka_unit_test(a_body_without_length_ends_with_the_connection),
        cmocka_unit_test(bytes_behind_an_answer_are_not_taken),
        cmocka_unit_test(a_callback_that_fails_ends_the_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
