/* sim/blob_parse.c: a request's head, as strict as RFC 9112 lets a server be;
 * see sim/blob_wire.h.
 */
#include <stdio.h>
#include <string.h>

#include "sim/blob_wire.h"

bool blob_is(struct blob_text t, const char *text)
{
    return t.p && t.n == strlen(text) && memcmp(t.p, text, t.n) == 0;
}

struct blob_text blob_header(const struct blob_request *q, const char *name)
{
    for (size_t i = 0; i < q->headers; i++) {
        if (strcmp(q->header[i].name, name) == 0)
            return q->header[i].value;
    }
    return (struct blob_text){ NULL, 0 };
}

static int hex_of(char c)
{
    const char *digits = "0123456789ABCDEF0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) % 16 : -1;
}

/* Percent-decoding; false when it is broken or too long. */
static bool decode(const char *p, size_t n, char *to, size_t cap)
{
    size_t len = 0;

    for (size_t i = 0; i < n; i++) {
        char c = p[i];

        if (c == '%') {
            if (n - i < 3 || hex_of(p[i + 1]) < 0 || hex_of(p[i + 2]) < 0)
                return false;
            c = (char)(hex_of(p[i + 1]) * 16 + hex_of(p[i + 2]));
            i += 2;
        }
        if (c == 0 || len + 1 >= cap)
            return false;
        to[len++] = c;
    }
    to[len] = 0;
    return true;
}

bool blob_parameter(const struct blob_request *q, const char *name, char *to,
                    size_t cap)
{
    size_t len = strlen(name), found = 0;
    const char *p = q->query.p, *end = p + q->query.n;

    while (p < end) {
        const char *stop = memchr(p, '&', (size_t)(end - p));

        stop = stop ? stop : end;
        if ((size_t)(stop - p) > len && memcmp(p, name, len) == 0 &&
            p[len] == '=') {
            if (!decode(p + len + 1, (size_t)(stop - p) - len - 1, to, cap))
                return false;
            found++;
        }
        p = stop + 1;
    }
    if (found > 1)
        blob_breaks("parameter %s appears %zu times", name, found);
    return found == 1;
}

/* -- a head ---------------------------------------------------------------- */

static bool is_token(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (!letter && !(c >= '0' && c <= '9') &&
            !(c && strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return n > 0;
}

static bool bad(const char *what)
{
    blob_breaks("the request's head: %s", what);
    return false;
}

/* "PUT /simaccount/simbox/a/b?comp=block&... HTTP/1.1" */
static bool parse_line(struct blob_request *q, const char *p, size_t n)
{
    static const char box[] = "/" BLOB_ACCOUNT "/" BLOB_BOX "/";
    const char *one = memchr(p, ' ', n);
    const char *two, *mark;
    size_t method = one ? (size_t)(one - p) : 0;

    if (!one || method >= sizeof q->method || !is_token(p, method))
        return bad("no method");
    memcpy(q->method, p, method);
    two = memchr(one + 1, ' ', n - method - 1);
    if (!two || n - (size_t)(two - p) != 9 || memcmp(two, " HTTP/1.1", 9) != 0)
        return bad("no version");
    q->path = (struct blob_text){ one + 1, (size_t)(two - one) - 1 };
    for (size_t i = 0; i < q->path.n; i++) {
        if (q->path.p[i] <= 0x20 || q->path.p[i] == 0x7f)
            return bad("a target with control bytes");
    }
    mark = memchr(q->path.p, '?', q->path.n);
    if (mark) {
        q->query = (struct blob_text){ mark + 1, (size_t)(two - mark) - 1 };
        q->path.n = (size_t)(mark - q->path.p);
    }
    if (q->path.n < sizeof box || memcmp(q->path.p, box, sizeof box - 1) != 0 ||
        !decode(q->path.p + sizeof box - 1, q->path.n - sizeof box + 1, q->name,
                sizeof q->name))
        return bad("a path outside the container");
    return true;
}

static bool parse_header(struct blob_request *q, const char *p, size_t n)
{
    const char *colon = memchr(p, ':', n);
    size_t len = colon ? (size_t)(colon - p) : 0;
    char *name;

    if (!colon || !is_token(p, len) || len >= sizeof q->header[0].name)
        return bad("a header without a name");
    if (q->headers == BLOB_HEADERS)
        return bad("too many headers");
    name = q->header[q->headers].name;
    for (size_t i = 0; i <= len; i++)
        name[i] = i == len
                      ? 0
                      : (char)(p[i] >= 'A' && p[i] <= 'Z' ? p[i] + 32 : p[i]);
    if (blob_header(q, name).p)
        return bad("a header twice");
    for (p = colon + 1, n -= len + 1; n > 0 && *p == ' '; p++, n--)
        ;
    for (; n > 0 && p[n - 1] == ' '; n--)
        ;
    q->header[q->headers++].value = (struct blob_text){ p, n };
    return true;
}

bool blob_parse_head(struct blob_request *q, const char *p, size_t n)
{
    bool first = true;

    if (memchr(p, 0, n))
        return bad("a NUL");
    while (n > 2) {
        const char *end = memchr(p, '\n', n);
        size_t len = end ? (size_t)(end - p) : 0;

        if (!end || len == 0 || p[len - 1] != '\r' || memchr(p, '\r', len - 1))
            return bad("a bare line end");
        if (first ? !parse_line(q, p, len - 1) : !parse_header(q, p, len - 1))
            return false;
        first = false;
        n -= len + 1;
        p = end + 1;
    }
    if (!blob_is(blob_header(q, "host"), BLOB_HOST ":10000"))
        return bad("no Host, or another's");
    return true;
}

bool blob_length(const struct blob_request *q, size_t *n)
{
    struct blob_text v = blob_header(q, "content-length");

    *n = 0;
    if (blob_header(q, "transfer-encoding").p)
        return false;
    if (!v.p)
        return strcmp(q->method, "PUT") != 0;
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9' || i > 9)
            return false;
        *n = *n * 10 + (size_t)(v.p[i] - '0');
    }
    return v.n > 0;
}

enum fault_on blob_op(const struct blob_request *q)
{
    char comp[16] = "";

    (void)blob_parameter(q, "comp", comp, sizeof comp);
    if (strcmp(q->method, "PUT") == 0) {
        if (strcmp(comp, "block") == 0)
            return ON_STAGE;
        if (strcmp(comp, "blocklist") == 0)
            return ON_COMMIT;
        return comp[0] ? ON_ANY : ON_PUT;
    }
    if (comp[0])
        return ON_ANY;
    if (strcmp(q->method, "HEAD") == 0)
        return ON_HEAD;
    if (strcmp(q->method, "GET") == 0)
        return ON_GET;
    return strcmp(q->method, "DELETE") == 0 ? ON_DELETE : ON_ANY;
}
