/* fuzz_http_response.c: no answer, however cut, crashes the parser, makes it
 * exceed its bounds or means two things.
 *
 * The first byte decides about HEAD and where the input is cut; the rest is
 * what the server sends, once whole and once in two parts.
 */
#include <stdlib.h>
#include <string.h>

#include "http/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct sum {
    uint32_t hash;
    size_t calls;
};

static void add(struct sum *s, struct rn_bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        s->hash = (s->hash ^ b.p[i]) * 16777619u;
}

static int on_header(void *ctx, struct rn_bytes name, struct rn_bytes value)
{
    struct sum *s = ctx;
    if (++s->calls > RN_HTTP_HEADERS || name.n == 0 ||
        name.n + value.n > RN_HTTP_LINE || memchr(value.p, 0, value.n) != NULL)
        abort();
    add(s, name);
    add(s, value);
    return RN_OK;
}

static int on_body(void *ctx, struct rn_bytes part)
{
    if (part.n == 0)
        abort();
    add(ctx, part);
    return RN_OK;
}

static int run(const uint8_t *p, size_t n, size_t cut, bool head, struct sum *s,
               struct rn_http_parse *parse)
{
    static uint8_t line[RN_HTTP_LINE];
    memset(s, 0, sizeof *s);
    rn_http_parse_begin(parse, line, head);
    parse->ctx = s;
    parse->on_header = on_header;
    parse->on_body = on_body;
    int got = rn_http_parse_feed(parse, p, cut);
    if (got >= 0 && parse->state != RN_PARSE_DONE)
        got = rn_http_parse_feed(parse, p + cut, n - cut);
    if (got >= 0)
        got = rn_http_parse_end(parse);
    return got;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct sum a;
    struct sum b;
    struct rn_http_parse pa;
    struct rn_http_parse pb;
    if (n < 2)
        return 0;
    bool head = (data[0] & 1) != 0;
    size_t cut = (size_t)data[0] * (n - 1) / 256;
    int whole = run(data + 1, n - 1, n - 1, head, &a, &pa);
    int split = run(data + 1, n - 1, cut, head, &b, &pb);
    if (whole != split || a.hash != b.hash || a.calls != b.calls ||
        pa.status != pb.status || pa.close != pb.close)
        abort();
    return 0;
}
