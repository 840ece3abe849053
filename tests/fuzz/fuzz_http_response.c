/* fuzz_http_response.c: no answer crashes the parser, makes it exceed its
 * bounds or means two things: in whatever pieces it comes, all at once, byte by
 * byte or cut at each place, what was understood is the same.
 *
 * The first byte decides about HEAD; the rest is what the server sends.
 */
#include <stdlib.h>
#include <string.h>

#include "http/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define INPUT    (20u << 10)
#define EACH_CUT 160u /* answers up to here are cut at each place */

struct sum {
    struct rn_http_parse parse;
    uint32_t hash; /* of headers and body in their order */
    size_t headers, body, used;
    unsigned lengths, codings; /* in the final head */
    uint64_t length;           /* all of them say */
    int got;
};

static void add(struct sum *s, struct rn_bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        s->hash = (s->hash ^ b.p[i]) * 16777619u;
}

/* As often as one likes, but not two different ones. */
static void on_length(struct sum *s, struct rn_bytes value)
{
    uint64_t v = 0;

    for (size_t i = 0; i < value.n; i++) {
        RN_ASSERT(value.p[i] >= '0' && value.p[i] <= '9' && i < 19);
        v = v * 10 + (uint64_t)(value.p[i] - '0');
    }
    RN_ASSERT(s->lengths++ == 0 || v == s->length);
    s->length = v;
}

static int on_header(void *ctx, struct rn_bytes name, struct rn_bytes value)
{
    struct sum *s = ctx;
    size_t most = (RN_HTTP_INTERIM + 2) * (size_t)RN_HTTP_HEADERS;

    RN_ASSERT(++s->headers <= most && name.n > 0);
    RN_ASSERT(name.n + value.n <= RN_HTTP_LINE);
    for (size_t i = 0; i < name.n; i++)
        RN_ASSERT(name.p[i] > 0x20 && name.p[i] != ':' &&
                  !(name.p[i] >= 'A' && name.p[i] <= 'Z'));
    for (size_t i = 0; i < value.n; i++)
        RN_ASSERT(value.p[i] != '\r' && value.p[i] != '\n' && value.p[i] != 0);
    if (s->parse.final && s->body == 0) {
        if (rn_bytes_equal(name, RN_STR("content-length")))
            on_length(s, value);
        s->codings += rn_bytes_equal(name, RN_STR("transfer-encoding"));
    }
    add(s, name);
    add(s, value);
    return RN_OK;
}

static int on_body(void *ctx, struct rn_bytes part)
{
    struct sum *s = ctx;

    RN_ASSERT(part.n > 0);
    s->body += part.n;
    add(ctx, part);
    return RN_OK;
}

/* In pieces of `step` bytes, the first of which has `cut`. */
static void run(struct rn_bytes b, size_t cut, size_t step, bool head,
                struct sum *s)
{
    static uint8_t line[RN_HTTP_LINE];
    size_t at = 0;

    memset(s, 0, sizeof *s);
    rn_http_parse_begin(&s->parse, line, head);
    s->parse.ctx = s;
    s->parse.on_header = on_header;
    s->parse.on_body = on_body;
    while (at < b.n && s->got >= 0 && s->parse.state != RN_PARSE_DONE) {
        size_t n = at == 0 ? cut : step;

        n = n < b.n - at ? n : b.n - at;
        s->got = rn_http_parse_feed(&s->parse, b.p + at, n);
        if (s->got >= 0) {
            RN_ASSERT((size_t)s->got <= n);
            RN_ASSERT((size_t)s->got == n || s->parse.state == RN_PARSE_DONE);
            s->used += (size_t)s->got;
        }
        at += n;
    }
    if (s->got >= 0)
        s->got = rn_http_parse_end(&s->parse);
}

static void same(const struct sum *a, const struct sum *b)
{
    RN_ASSERT(a->got == b->got && a->hash == b->hash);
    RN_ASSERT(a->headers == b->headers && a->body == b->body);
    RN_ASSERT(a->parse.status == b->parse.status);
    RN_ASSERT(a->parse.final == b->parse.final);
    RN_ASSERT(a->parse.close == b->parse.close);
    if (a->got >= 0)
        RN_ASSERT(a->used == b->used);
    else
        RN_ASSERT(a->parse.why == b->parse.why);
}

/* An answer that was taken as whole says once how long it is. */
static void check_whole(const struct sum *s, bool head)
{
    if (s->got < 0)
        return;
    RN_ASSERT(s->parse.status >= 200 && s->parse.status <= 599);
    RN_ASSERT(s->codings <= 1 && (s->lengths == 0 || s->codings == 0));
    if (head || s->parse.status == 204 || s->parse.status == 304)
        RN_ASSERT(s->body == 0);
    else if (s->lengths > 0)
        RN_ASSERT(s->body == s->length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct sum whole, split;
    struct rn_bytes b = { data + 1, n - 1 };
    bool head;

    if (n < 2 || n > INPUT)
        return 0;
    head = (data[0] & 1) != 0;
    run(b, b.n, b.n, head, &whole);
    check_whole(&whole, head);
    run(b, 1, 1, head, &split);
    same(&whole, &split);
    run(b, data[0] + 1u, 7, head, &split);
    same(&whole, &split);
    for (size_t cut = 1; cut < b.n && b.n <= EACH_CUT; cut++) {
        run(b, cut, b.n, head, &split);
        same(&whole, &split);
    }
    return 0;
}
