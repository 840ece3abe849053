/* sim/blob_say.c: answers of the service, right and wrong ones; see
 * sim/blob_wire.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "identity/stamp.h"
#include "sim.h"
#include "sim/blob_wire.h"

static uint64_t request_ids;

void blob_say_start(void)
{
    request_ids = 0;
}

__attribute__((format(printf, 2, 3))) static void say(struct blob_message *m,
                                                      const char *fmt, ...)
{
    size_t left = sizeof m->p - m->n;
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(m->p + m->n, left, fmt, args);
    va_end(args);
    RN_ASSERT(n >= 0 && (size_t)n < left);
    m->n += (size_t)n;
}

static void say_common(struct blob_message *m, int status)
{
    char date[RN_STAMP_HTTP];

    rn_stamp_http(sim_true_wall(), date);
    say(m,
        "HTTP/1.1 %d Whatever\r\nServer: sim\r\nx-ms-version: 2021-12-02\r\n"
        "x-ms-request-id: 5171-%llu\r\nDate: %s\r\n",
        status, (unsigned long long)request_ids, date);
}

/* Statuses that never have a body. */
static bool is_bare(int status)
{
    return status < 200 || status == 204 || status == 304;
}

static void say_error(struct blob_message *m, const struct blob_request *q,
                      const struct blob_answer *a)
{
    char body[300];
    int n = snprintf(body, sizeof body,
                     "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>"
                     "%s</Code><Message>Something about %s.\nRequestId:"
                     "5171\nTime:now</Message></Error>",
                     a->code ? a->code : "", a->code ? a->code : "nothing");

    if (a->code)
        say(m, "x-ms-error-code: %s\r\n", a->code);
    if (is_bare(a->status)) {
        say(m, "\r\n");
        return;
    }
    say(m, "Content-Type: application/xml\r\nContent-Length: %d\r\n\r\n", n);
    if (q->op != ON_HEAD)
        say(m, "%s", body);
}

static void say_found(struct blob_message *m, const struct blob_request *q,
                      const struct blob_answer *a, const struct fault *f)
{
    const struct blob_version *v = a->found;
    size_t n = a->to - a->from;

    if (f->what == FAULT_LENGTH)
        n += (size_t)f->a;
    say(m, "ETag: %s\r\nContent-Length: %zu\r\n", a->etag, n);
    if (v->run[0])
        say(m, "x-ms-meta-runnel_run: %s\r\n",
            f->what == FAULT_OTHER_RUN ? "20200101T000000Z-0000000000000000"
                                       : v->run);
    if (q->op == ON_GET)
        say(m, "Content-Range: bytes %zu-%zu/%zu\r\n", a->from, a->to - 1,
            v->len);
    say(m, "\r\n");
    RN_ASSERT(q->op == ON_HEAD || n < sizeof m->p - m->n);
    if (q->op == ON_GET) {
        memcpy(m->p + m->n, v->data + a->from, n);
        m->n += n;
    }
}

static void say_done(struct blob_message *m, const struct blob_answer *a,
                     const struct fault *f)
{
    char sum[32];

    memcpy(sum, a->sum, sizeof sum);
    if (f->what == FAULT_BAD_SUM)
        sum[0] = sum[0] == 'A' ? 'B' : 'A';
    if (a->etag[0])
        say(m, "ETag: %s\r\nLast-Modified: Sun, 22 Nov 2026 17:37:14 GMT\r\n",
            a->etag);
    if (a->sum_name[0])
        say(m, "%s: %s\r\n", a->sum_name, sum);
    if (f->what == FAULT_BODY_LONG)
        say(m, "Content-Length: 0\r\n\r\nmore than was said");
    else if (f->what == FAULT_BODY_SHORT)
        say(m, "Content-Length: 90\r\n\r\nless");
    else if (is_bare(a->status))
        say(m, "\r\n");
    else
        say(m, "Content-Length: 0\r\n\r\n");
}

/* A head that no parser should take. */
static void say_bad_head(struct blob_message *m, int64_t kind)
{
    say(m, "HTTP/1.1 201 Created\r\nx-ms-version: 2021-12-02\r\n"
           "x-ms-request-id: 1\r\n");
    switch (kind) {
    case 0:
        say(m, "Content-Length: 0\n\n");
        return;
    case 1:
        say(m, "X-Nul: a");
        m->p[m->n++] = 0;
        say(m, "b\r\n");
        break;
    case 2:
        say(m, "Content-Length: 5\r\n");
        break;
    case 3:
        say(m, "Transfer-Encoding: chunked\r\n");
        break;
    default:
        say(m, "X-Long: ");
        for (int i = 0; i < 900; i++)
            say(m, "0123456789");
        say(m, "\r\n");
    }
    say(m, "Content-Length: 0\r\n\r\n");
}

static void say_chunks(struct blob_message *m, int64_t kind)
{
    say(m, "HTTP/1.1 201 Created\r\nx-ms-version: 2021-12-02\r\n"
           "x-ms-request-id: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
    switch (kind) {
    case 0:
        say(m, "FFFFFFFFFFFFFFFFF\r\nx");
        break;
    case 1:
        say(m, "-5\r\nhello\r\n0\r\n\r\n");
        break;
    case 2:
        say(m, "5\r\nhelloX0\r\n\r\n");
        break;
    case 3:
        say(m, "5;a=");
        for (int i = 0; i < 60; i++)
            say(m, "0123456789");
        say(m, "\r\n");
        break;
    default:
        say(m, "0\r\n");
        for (int i = 0; i < 80; i++)
            say(m, "X-T%d: more\r\n", i);
    }
}

void blob_say_page(struct blob_message *m, int status)
{
    static const char page[] = "<html><body>Please log in</body></html>";

    say(m, "HTTP/1.1 %d OK\r\nContent-Type: text/html; charset=utf-8\r\n",
        status);
    say(m, "Content-Length: %zu\r\n\r\n%s", sizeof page - 1, page);
}

void blob_say_answer(struct blob_message *m, const struct blob_request *q,
                     const struct blob_answer *a, const struct fault *f)
{
    request_ids++;
    if (f->what == FAULT_INTERIM || f->what == FAULT_CONTINUE) {
        for (int64_t i = 0; i < f->a && i < 60; i++)
            say(m, f->what == FAULT_INTERIM
                       ? "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
                       : "HTTP/1.1 100 Continue\r\n\r\n");
    }
    if (f->what == FAULT_NO_VERSION) {
        say(m, "HTTP/1.1 %d OK\r\nContent-Length: 0\r\n\r\n", a->status);
        return;
    }
    if (f->what == FAULT_BAD_HEAD) {
        say_bad_head(m, f->a);
        return;
    }
    if (f->what == FAULT_CHUNKS) {
        say_chunks(m, f->a);
        return;
    }
    say_common(m, a->status);
    if (f->header)
        say(m, "%s\r\n", f->header);
    for (int64_t i = 0; f->what == FAULT_MANY_HEADERS && i < f->a && i < 200;
         i++)
        say(m, "X-%lld: y\r\n", (long long)i);
    if (a->found)
        say_found(m, q, a, f);
    else if (a->code || a->status >= 300 || a->status < 200)
        say_error(m, q, a);
    else
        say_done(m, a, f);
}
