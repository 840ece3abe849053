/* lib/http_rig.c: see lib/http_rig.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/http_rig.h"
#include "runnel/port.h"

_Alignas(16) uint8_t rig_memory[RIG_ARENA];
char rig_bundle[] = "/tmp/test_http_XXXXXX";

/* Body bytes are a function of their place, so that any slip shows. */
uint8_t rig_content[8 << 20];
size_t rig_slice = 4096;

static size_t body_at(void *ctx, uint64_t offset, struct rn_bytes *piece,
                      size_t cap)
{
    const struct rn_http_body *b = ctx;
    size_t n = 0;
    for (; n < cap && offset < b->len; n++) {
        size_t len = rig_slice - (size_t)(offset % rig_slice);
        if (len > b->len - offset)
            len = (size_t)(b->len - offset);
        piece[n] = (struct rn_bytes){ rig_content + offset, len };
        offset += len;
    }
    return n;
}

static int on_header(void *ctx, struct rn_bytes name, struct rn_bytes value)
{
    struct answer *a = ctx;
    int n =
        snprintf(a->headers + a->headers_len,
                 sizeof a->headers - a->headers_len, "%.*s=%.*s;", (int)name.n,
                 (const char *)name.p, (int)value.n, (const char *)value.p);
    a->headers_len += (size_t)n;
    return RN_OK;
}

static int on_body(void *ctx, struct rn_bytes part)
{
    struct answer *a = ctx;
    if (a->len + part.n <= sizeof a->body)
        memcpy(a->body + a->len, part.p, part.n);
    a->len += part.n;
    return a->fail;
}

void rig_open(struct rig *r, const struct server_act *act, size_t acts)
{
    struct rn_arena mem;
    struct rn_error error;
    rn_error_clear(&error);
    rn_arena_init(&mem, "test", rig_memory, RIG_ARENA);
    server_open(&r->server, act, acts);
    r->origin =
        (struct rn_origin){ .host = "127.0.0.1", .port = r->server.port };
    r->o = (struct rn_http_options){ .connections = 4,
                                     .connect_ms = 2000,
                                     .idle_ms = 2000,
                                     .keep_ms = 60000,
                                     .ca = rig_bundle,
                                     .proxy = "" };
    assert_int_equal(rn_http_init(&r->o, &mem, &error, &r->http), RN_OK);
    assert_true(mem.used <= rn_http_need(&r->o));
}

/* Again, with other times. */
void rig_times(struct rig *r, int64_t idle_ms, int64_t keep_ms)
{
    struct rn_arena mem;
    struct rn_error error;
    rn_http_close(r->http);
    rn_error_clear(&error);
    rn_arena_init(&mem, "test", rig_memory, RIG_ARENA);
    r->o.idle_ms = idle_ms;
    r->o.keep_ms = keep_ms;
    assert_int_equal(rn_http_init(&r->o, &mem, &error, &r->http), RN_OK);
}

void rig_close(struct rig *r)
{
    rn_http_close(r->http);
    rn_http_close(r->http);
    server_close(&r->server);
}

bool rig_is_curl(void)
{
    return strncmp(rn_http_version(), "libcurl", 7) == 0;
}

void rig_prepare(struct rig *r, struct rn_http_call *c, struct answer *a,
                 const char *method, uint64_t len)
{
    memset(c, 0, sizeof *c);
    memset(a, 0, sizeof *a);
    c->origin = &r->origin;
    c->method = method;
    c->target = RN_STR("/c/blob%20x?comp=block&blockid=QUI%3D");
    c->body.len = len;
    c->body.at = body_at;
    c->body.ctx = &c->body;
    c->deadline_ms = rn_clock_mono() + 10000;
    c->ctx = a;
    c->on_header = on_header;
    c->on_body = on_body;
}

void rig_run(struct rig *r, struct rn_http_call *c)
{
    assert_int_equal(rn_http_start(r->http, c), RN_OK);
    while (!c->done) {
        server_step(&r->server);
        rn_http_pump(r->http, rn_clock_mono() + 1);
    }
}

void rig_put(struct rig *r, struct rn_http_call *c, struct answer *a,
             uint64_t len)
{
    rig_prepare(r, c, a, "PUT", len);
    rig_run(r, c);
}

int rig_setup(void **state)
{
    static const char pem[] = "-----BEGIN CERTIFICATE-----\nAAAA\n"
                              "-----END CERTIFICATE-----\n";
    (void)state;
    for (size_t i = 0; i < RIG_CONTENT; i++)
        rig_content[i] = (uint8_t)(i * 31 + i / 251);
    int fd = mkstemp(rig_bundle);
    return fd >= 0 && write(fd, pem, sizeof pem - 1) > 0 ? close(fd) : -1;
}

int rig_teardown(void **state)
{
    (void)state;
    return unlink(rig_bundle);
}
