/* http/head.c: see http/head.h. */
#include "http/head.h"

#include <string.h>

#include "core/format.h"

struct text {
    char *p;
    size_t cap;
    size_t len;
    bool full;
};

static void put(struct text *t, const void *p, size_t n)
{
    if (n > t->cap - t->len)
        t->full = true;
    if (t->full)
        return;
    memcpy(t->p + t->len, p, n);
    t->len += n;
}

static void put_text(struct text *t, const char *s)
{
    put(t, s, strlen(s));
}

static void put_host(struct text *t, const struct rn_origin *o)
{
    bool v6 = strchr(o->host, ':') != NULL;
    char port[8];
    put_text(t, v6 ? "Host: [" : "Host: ");
    put_text(t, o->host);
    put_text(t, v6 ? "]" : "");
    if (o->port != (o->tls ? 443 : 80)) {
        (void)rn_format(port, sizeof port, ":%u", (unsigned)o->port);
        put_text(t, port);
    }
    put_text(t, "\r\n");
}

/* The bytes that could end a line and begin another; keeping them out is the
 * caller's duty, and a caller that does not is broken.
 */
static bool is_clean(struct rn_bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        if (b.p[i] == '\r' || b.p[i] == '\n' || b.p[i] == 0)
            return false;
    return true;
}

int rn_http_head(char *to, size_t cap, const struct rn_http_call *c)
{
    struct text t = { .p = to, .cap = cap };
    char length[48];
    RN_ASSERT(is_clean(c->target));
    put_text(&t, c->method);
    put_text(&t, " ");
    put(&t, c->target.p, c->target.n);
    put_text(&t, " HTTP/1.1\r\n");
    put_host(&t, c->origin);
    if (c->body.len > 0 || strcmp(c->method, "PUT") == 0 ||
        strcmp(c->method, "POST") == 0) {
        (void)rn_format(length, sizeof length, "Content-Length: %llu\r\n",
                        (unsigned long long)c->body.len);
        put_text(&t, length);
    }
    for (size_t i = 0; i < c->headers; i++) {
        RN_ASSERT(is_clean(c->header[i].name) && is_clean(c->header[i].value));
        put(&t, c->header[i].name.p, c->header[i].name.n);
        put_text(&t, ": ");
        put(&t, c->header[i].value.p, c->header[i].value.n);
        put_text(&t, "\r\n");
    }
    put_text(&t, "\r\n");
    return t.full ? RN_E_FULL : (int)t.len;
}
