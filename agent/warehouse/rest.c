/* warehouse/rest.c: see warehouse/rest.h. */
#include "warehouse/rest.h"

#include <string.h>

#include "core/backoff.h"
#include "core/format.h"
#include "core/log.h"
#include "identity/hash.h"
#include "identity/stamp.h"
#include "runnel/port.h"

#define HEADERS 5

/* How long a wait may be before a stop request is looked at again. */
#define LOOK_MS 250

size_t rn_rest_need(const struct rn_rest_options *o)
{
    return RN_ROUND(o->body) + RN_ROUND(o->answer) + rn_doc_need(o->tokens);
}

/* -- where ---------------------------------------------------------------- */

static int refuse(const struct rn_rest *r, struct rn_error *error,
                  const char *why)
{
    return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG, "%s: %s", r->o.key, why);
}

static bool is_loopback(const char *host)
{
    return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0;
}

static int take_port(const struct rn_rest *r, const char *text, uint16_t *port,
                     struct rn_error *error)
{
    uint32_t v = 0;

    for (; *text >= '0' && *text <= '9' && v <= UINT16_MAX; text++)
        v = v * 10 + (uint32_t)(*text - '0');
    if (v == 0 || v > UINT16_MAX || *text)
        return refuse(r, error, "the port is no number from 1 to 65535");
    *port = (uint16_t)v;
    return RN_OK;
}

/* "https://host[:port][/]" */
static int take_base(struct rn_rest *r, struct rn_error *error)
{
    const char *p = r->o.base;
    bool tls = strncmp(p, "https://", 8) == 0;
    size_t n, rest;

    if (!tls && strncmp(p, "http://", 7) != 0)
        return refuse(r, error, "is no URL that begins with https://");
    p += tls ? 8 : 7;
    n = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                  "0123456789.-_");
    rest = strlen(p + n);
    if (n == 0 || n >= sizeof r->host)
        return refuse(r, error, "has no host, or a very long one");
    if (rest > 0 && p[n + rest - 1] == '/')
        rest--;
    if (rest > 0 && (p[n] != ':' || rest > 6))
        return refuse(r, error,
                      "only https://HOST belongs here, without a path, query "
                      "or user name");
    memcpy(r->host, p, n);
    r->host[n] = 0;
    r->origin = (struct rn_origin){ r->host, tls ? 443 : 80, tls };
    if (!tls && !(r->o.allow_http && is_loopback(r->host)))
        return refuse(r, error, "must begin with https://");
    rn_format(r->place, sizeof r->place, "%s://%s", tls ? "https" : "http",
              r->host);
    if (rest > 0) {
        char port[8] = "";

        memcpy(port, p + n + 1, rest - 1);
        return take_port(r, port, &r->origin.port, error);
    }
    return RN_OK;
}

int rn_rest_init(struct rn_rest *r, const struct rn_rest_options *o,
                 struct rn_arena *mem, struct rn_error *error)
{
    int err;

    memset(r, 0, sizeof *r);
    r->o = *o;
    err = take_base(r, error);
    if (err < 0)
        return err;
    r->body = RN_TAKE(mem, char, o->body);
    r->answer = RN_TAKE(mem, char, o->answer);
    if (!r->body || !r->answer || rn_doc_init(&r->doc, o->tokens, mem) < 0)
        return rn_fail(error, RN_E_FULL, RN_AT_AGENT,
                       "no memory is left for requests to %s; raise "
                       "job.memory",
                       r->place);
    r->http = o->http;
    return RN_OK;
}

void rn_rest_close(struct rn_rest *r)
{
    r->http = NULL;
    if (r->body)
        rn_wipe(r->body, r->o.body);
    if (r->answer)
        rn_wipe(r->answer, r->o.answer);
    r->body = r->answer = NULL;
    r->doc.n = 0;
}

/* -- the request's body --------------------------------------------------- */

static int body_is_full(struct rn_out *o)
{
    (void)o;
    return RN_E_FULL;
}

struct rn_out *rn_rest_body(struct rn_rest *r)
{
    rn_out_init(&r->out, r->body, r->o.body, body_is_full);
    return &r->out;
}

static int escape_drain(struct rn_out *o)
{
    static const char digit[] = "0123456789abcdef";
    struct rn_escape *e = (struct rn_escape *)o;
    size_t plain = 0;

    for (size_t i = 0; i < o->len; i++) {
        uint8_t c = o->buf[i];
        char code[] = "\\u00xx";

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        rn_out_put(e->to, o->buf + plain, i - plain);
        plain = i + 1;
        code[1] = (char)c;
        if (c < 0x20) {
            code[1] = 'u';
            code[4] = digit[c >> 4];
            code[5] = digit[c & 15];
        }
        rn_out_put(e->to, code, c < 0x20 ? 6 : 2);
    }
    rn_out_put(e->to, o->buf + plain, o->len - plain);
    return e->to->err;
}

struct rn_out *rn_escape_open(struct rn_escape *e, struct rn_out *to)
{
    e->to = to;
    rn_out_init(&e->out, e->buf, sizeof e->buf, escape_drain);
    return &e->out;
}

/* The body has one slice: the whole of it. */
static size_t body_at(void *ctx, uint64_t offset, struct rn_bytes *piece,
                      size_t cap)
{
    struct rn_rest *r = ctx;

    RN_ASSERT(cap > 0 && offset < r->send.n);
    piece[0] =
        (struct rn_bytes){ r->send.p + offset, r->send.n - (size_t)offset };
    return 1;
}

/* -- the answer ----------------------------------------------------------- */

static bool is(struct rn_bytes v, const char *text)
{
    return rn_bytes_equal(v, rn_bytes_of(text));
}

static void keep_request_id(struct rn_rest *r, struct rn_bytes v)
{
    if (v.n >= sizeof r->request_id)
        return;
    for (size_t i = 0; i < v.n; i++) {
        if (!strchr("0123456789abcdefghijklmnopqrstuvwxyz"
                    "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.",
                    v.p[i]) ||
            v.p[i] == 0)
            return;
    }
    memcpy(r->request_id, v.p, v.n);
    r->request_id[v.n] = 0;
}

/* Seconds, or a date of which the distance from now counts. */
static void on_retry_after(struct rn_rest *r, struct rn_bytes v)
{
    int64_t at, ms = 0, now = rn_clock_wall();
    size_t i;

    for (i = 0; i < v.n && v.p[i] >= '0' && v.p[i] <= '9'; i++) {
        if (ms < RN_REST_WAIT_MAX_MS)
            ms = ms * 10 + (int64_t)(v.p[i] - '0') * 1000;
    }
    if (i < v.n || v.n == 0) {
        if (now < 0 || rn_stamp_from_http(v, &at) < 0 || at <= now)
            return;
        ms = (at - now) / 1000;
    }
    r->retry_after_ms = ms < RN_REST_WAIT_MAX_MS ? ms : RN_REST_WAIT_MAX_MS;
}

static int on_header(void *ctx, struct rn_bytes name, struct rn_bytes value)
{
    struct rn_rest *r = ctx;

    if (is(name, "retry-after"))
        on_retry_after(r, value);
    else if (is(name, "x-request-id") || is(name, "x-databricks-request-id") ||
             is(name, "x-ms-request-id"))
        keep_request_id(r, value);
    else if (is(name, "content-type"))
        r->html = value.n >= 9 && memcmp(value.p, "text/html", 9) == 0;
    return RN_OK;
}

/* What is too long is read to its end all the same, so that the connection
 * stays usable and the status known.
 */
static int on_body(void *ctx, struct rn_bytes part)
{
    struct rn_rest *r = ctx;
    size_t room = r->o.answer - r->answer_len;
    size_t n = part.n < room ? part.n : room;

    r->full |= n < part.n;
    memcpy(r->answer + r->answer_len, part.p, n);
    r->answer_len += n;
    return RN_OK;
}

/* -- failing -------------------------------------------------------------- */

int rn_rest_raise(struct rn_rest *r, struct rn_error *error)
{
    RN_ASSERT(r->fault.code < 0);
    if (error->code == RN_OK)
        *error = r->fault;
    return r->fault.code;
}

/* "/api/2.0/sql/statements/01ef…": what stands before a query. */
static int path_len(const struct rn_rest_call *c)
{
    return (int)strcspn(c->path, "?");
}

static int refused(struct rn_rest *r, const struct rn_rest_call *c, int code,
                   const char *advice)
{
    char service[72], words[200];

    rn_rest_words(r, service, words, sizeof words);
    rn_rest_fail(r, code, "%s: %s (%s %.*s: status %d%s%s%s%s)", r->place,
                 words[0] ? words : advice, c->method, path_len(c), c->path,
                 r->status, service[0] ? " " : "", service,
                 r->request_id[0] ? ", request " : "", r->request_id);
    r->fault.status = r->status;
    memcpy(r->fault.service, service, sizeof r->fault.service);
    memcpy(r->fault.request, r->request_id, sizeof r->fault.request);
    return code;
}

/* Busy, although the status says otherwise: throttled inside the service. */
static bool says_busy(struct rn_rest *r)
{
    char code[72], words[200];

    rn_rest_words(r, code, words, sizeof words);
    return strstr(words, "token bucket limit") != NULL ||
           strcmp(code, "TEMPORARILY_UNAVAILABLE") == 0 ||
           strcmp(code, "WORKSPACE_TEMPORARILY_UNAVAILABLE") == 0 ||
           strcmp(code, "RESOURCE_EXHAUSTED") == 0;
}

static int judge_status(struct rn_rest *r, const struct rn_rest_call *c)
{
    int s = r->status;

    r->lost = false;
    if (s == 401)
        return refused(r, c, RN_E_AUTH, "the credential was refused");
    if (s == 403)
        return refused(r, c, RN_E_DENIED, "the credential may not do this");
    if (s == 404)
        return refused(r, c, RN_E_ABSENT, "there is no such thing");
    if (s / 100 == 3)
        return refused(r, c, RN_E_DENIED,
                       "it answers with a redirect, which is not followed; "
                       "give the service's own address");
    if (s == 429 || (s / 100 == 4 && says_busy(r)))
        return refused(r, c, RN_E_BUSY, "too many requests at a time");
    if (s == 408 || s / 100 == 5) {
        r->lost = true;
        return refused(r, c, RN_E_BUSY, "the service failed for now");
    }
    return refused(r, c, RN_E_DENIED, "the request was refused");
}

static int judge_body(struct rn_rest *r, const struct rn_rest_call *c)
{
    int err;

    r->lost = true;
    if (r->full)
        return rn_rest_fail(r, RN_E_FULL,
                            "%s: the answer to %s %.*s has more than the %zu "
                            "bytes that there is room for",
                            r->place, c->method, path_len(c), c->path,
                            r->o.answer);
    if (r->answer_len == 0) {
        memcpy(r->answer, "{}", 2);
        r->answer_len = 2;
    }
    err = rn_doc_parse(&r->doc, r->answer, r->answer_len);
    if (err == RN_E_FULL)
        return rn_rest_fail(r, RN_E_FULL,
                            "%s: the answer to %s %.*s has more than %zu "
                            "values",
                            r->place, c->method, path_len(c), c->path,
                            r->o.tokens);
    if (err < 0)
        return rn_rest_fail(r, RN_E_PEER,
                            "%s: the answer to %s %.*s is no JSON: %s",
                            r->place, c->method, path_len(c), c->path,
                            r->html ? "a proxy or login page in between"
                                    : "cut off, or not the service's");
    r->lost = false;
    return RN_OK;
}

/* -- sending -------------------------------------------------------------- */

static void add(struct rn_http_call *call, struct rn_http_header *header,
                const char *name, const char *value)
{
    RN_ASSERT(call->headers < HEADERS);
    header[call->headers].name = rn_bytes_of(name);
    header[call->headers].value = rn_bytes_of(value);
    call->headers++;
    call->header = header;
}

static void prepare(struct rn_rest *r, const struct rn_rest_call *c,
                    struct rn_http_call *call, struct rn_http_header *header)
{
    int64_t by = rn_clock_mono() + r->o.request_ms;

    *call = (struct rn_http_call){
        .origin = &r->origin,
        .method = c->method,
        .target = rn_bytes_of(c->path),
        .body = { r->send.n, body_at, r },
        .deadline_ms = by < r->deadline_ms ? by : r->deadline_ms,
        .ctx = r,
        .on_header = on_header,
        .on_body = on_body,
    };
    add(call, header, "accept", "application/json");
    add(call, header, "user-agent", "runnel");
    if (c->authorization)
        add(call, header, "authorization", c->authorization);
    if (r->send.n > 0)
        add(call, header, "content-type",
            c->type ? c->type : "application/json");
    r->status = 0;
    r->answer_len = 0;
    r->doc.n = 0;
    r->retry_after_ms = 0;
    r->request_id[0] = 0;
    r->html = false;
    r->full = false;
    r->lost = false;
}

static int check_stop(struct rn_rest *r)
{
    if (r->stopping || !rn_stop_requested())
        return RN_OK;
    return rn_rest_fail(r, RN_E_STOP, "stopped by a signal");
}

static int once(struct rn_rest *r, const struct rn_rest_call *c)
{
    struct rn_http_header header[HEADERS];
    struct rn_http_call call;

    prepare(r, c, &call, header);
    int err = rn_http_start(r->http, &call);
    RN_ASSERT(err == RN_OK); /* one connection, one call at a time */
    while (!call.done) {
        rn_http_pump(r->http, rn_clock_mono() + LOOK_MS);
        if (!call.done && check_stop(r) < 0) {
            rn_http_cancel(r->http, &call);
            r->lost = call.sent;
            return RN_E_STOP;
        }
    }
    if (call.err == RN_OK) {
        r->status = call.status;
        return call.status / 100 == 2 ? judge_body(r, c) : judge_status(r, c);
    }
    r->lost = call.sent;
    return rn_rest_fail(r, call.err, "%s: %s (%s %.*s)", r->place,
                        call.why[0] ? call.why : rn_err_name(call.err),
                        c->method, path_len(c), c->path);
}

/* -- repeating ------------------------------------------------------------ */

int rn_rest_wait(struct rn_rest *r, int64_t ms)
{
    int64_t until = rn_clock_mono() + ms;

    if (until > r->deadline_ms)
        until = r->deadline_ms;
    do {
        int64_t now = rn_clock_mono();

        if (check_stop(r) < 0)
            return RN_E_STOP;
        if (now >= r->deadline_ms)
            return rn_rest_fail(r, RN_E_AGAIN, "%s: the deadline passed",
                                r->place);
        if (now >= until)
            break;
        rn_wait(NULL, 0, until < now + LOOK_MS ? until : now + LOOK_MS);
    } while (rn_clock_mono() < until);
    return RN_OK;
}

static int64_t backoff(const struct rn_rest *r, unsigned tries)
{
    uint32_t chance;

    /* Without entropy the wait is the longest one: safe, only slower. */
    if (rn_entropy(&chance, sizeof chance) < 0)
        chance = UINT32_MAX;
    return rn_backoff_ms(tries, chance, r->retry_after_ms);
}

/* Whether another try could help and could do no harm. */
static bool may_repeat(const struct rn_rest *r, const struct rn_rest_call *c,
                       int err)
{
    if (c->once || rn_plan_for(err) != RN_PLAN_RETRY)
        return false;
    if (err == RN_E_AGAIN && rn_clock_mono() >= r->deadline_ms)
        return false;
    return c->repeat || !r->lost;
}

int rn_rest_do(struct rn_rest *r, const struct rn_rest_call *c)
{
    bool made = strcmp(c->method, "GET") != 0 && c->body.p == NULL;
    int64_t first = rn_clock_mono();

    r->lost = false;
    if (made && r->out.err != RN_OK)
        return rn_rest_fail(r, RN_E_FULL,
                            "%s: a request of more than %zu bytes; fewer "
                            "columns, or shorter names, would fit",
                            r->place, r->o.body);
    r->send = c->body;
    if (made)
        r->send = (struct rn_bytes){ (uint8_t *)r->body, r->out.len };
    for (unsigned tries = 1;; tries++) {
        int err = check_stop(r) < 0 ? RN_E_STOP : once(r, c);
        int64_t ms;

        if (err == RN_OK || !may_repeat(r, c, err))
            return err;
        ms = backoff(r, tries);
        if (rn_clock_mono() + ms > first + r->o.retry_ms ||
            rn_clock_mono() + ms > r->deadline_ms)
            return err;
        r->tries++;
        rn_log(RN_LOG_WARN, "try %u failed (%s), again in %lld ms: %s", tries,
               rn_err_name(err), (long long)ms, r->fault.text);
        if (rn_rest_wait(r, ms) < 0)
            return r->fault.code;
    }
}
