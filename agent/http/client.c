/* http/client.c: see runnel/http.h. A transfer on a connection:
 *
 *   FREE --start--> OPENING --connected--> SENDING --all sent--> READING
 *    ^                 ^                     |  |                  |
 *    |                 +----reconnect--------+--|------------------+
 *    |                                          v early answer     v
 *    +------------------- close <---------- READING             finished
 *    |                                                             |
 *    KEPT <-------------------- reusable --------------------------+
 *
 *   KEPT  -> SENDING   conn_take       another call to the same origin
 *   KEPT  -> OPENING   conn_take       it turned out closed, or is too old
 *   any   -> FREE      conn_finish     failure, or not reusable
 *
 * What is always true:
 *
 *  1. `call` is set in OPENING, SENDING and READING, and `done` is set once.
 *  2. The transparent reconnect happens at most once for a call, only on a
 *     connection that was kept, and only before the first byte of an answer: a
 *     server that closed an idle connection never saw the request.
 *  3. No byte of the request is sent after the final status has come.
 *
 * One buffer for receiving and one for request heads serve all connections:
 * what is received is parsed at once, and a head that was sent only in part is
 * simply composed again.
 */
#include <string.h>

#include "core/format.h"
#include "http/head.h"
#include "http/parse.h"
#include "runnel/http.h"
#include "runnel/limits.h"
#include "runnel/port.h"
#include "tls/stream.h"

#define TURNS 16u /* reads or writes before others have their turn */

/* So many bytes are progress; fewer may be a peer that wants to keep us. */
#define PROGRESS 256u

enum state { FREE, OPENING, SENDING, READING, KEPT };

struct conn {
    enum state state;
    bool fresh;    /* step it without waiting first                       */
    bool reused;   /* was kept, and no byte of an answer has come         */
    bool finished; /* counted by the pump under way                       */
    struct rn_http_call *call;
    size_t head_len;  /* 0: not composed yet                              */
    size_t head_at;   /* bytes of the head sent                           */
    uint64_t body_at; /* bytes of the body sent                           */
    size_t moved;     /* bytes either way since `since_ms`                */
    int64_t since_ms; /* of the last progress; KEPT: since when           */
    struct rn_stream stream;
    struct rn_http_parse parse;
};

struct rn_http {
    struct rn_http_options o;
    struct rn_tls *tls;
    struct conn *conn;
    unsigned n;
    uint8_t *recv; /* RN_HTTP_RECEIVED bytes */
    char *head;    /* RN_HTTP_REQUEST bytes */
    struct rn_wait wait[RN_CONNECTIONS];
};

size_t rn_http_need(const struct rn_http_options *o)
{
    return RN_ROUND(sizeof(struct rn_http)) + RN_ROUND(RN_HTTP_RECEIVED) +
           RN_ROUND(RN_HTTP_REQUEST) +
           RN_ROUND(sizeof(struct conn) * o->connections) +
           RN_ROUND((size_t)RN_HTTP_LINE * o->connections) +
           rn_tls_need(o->connections);
}

int rn_http_init(const struct rn_http_options *o, struct rn_arena *mem,
                 struct rn_error *error, struct rn_http **http)
{
    RN_ASSERT(o->connections >= 1 && o->connections <= RN_CONNECTIONS);
    struct rn_http *h = RN_TAKE(mem, struct rn_http, 1);
    uint8_t *lines =
        RN_TAKE(mem, uint8_t, (size_t)RN_HTTP_LINE * o->connections);
    *http = NULL;
    if (h == NULL || lines == NULL ||
        (h->conn = RN_TAKE(mem, struct conn, o->connections)) == NULL ||
        (h->recv = RN_TAKE(mem, uint8_t, RN_HTTP_RECEIVED)) == NULL ||
        (h->head = RN_TAKE(mem, char, RN_HTTP_REQUEST)) == NULL)
        return rn_fail(error, RN_E_FULL, RN_AT_AGENT, "no memory for HTTP");
    h->o = *o;
    h->n = o->connections;
    if (o->proxy != NULL && o->proxy[0] != 0)
        return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                       "store.proxy: this build has no proxies; build with "
                       "make HTTP=curl");
    int err = rn_tls_init(o->connections, o->ca, mem, error, &h->tls);
    if (err < 0)
        return err;
    for (unsigned i = 0; i < h->n; i++) {
        h->conn[i].parse.line = lines + (size_t)i * RN_HTTP_LINE;
        rn_stream_init(&h->conn[i].stream, h->tls);
    }
    *http = h;
    return RN_OK;
}

void rn_http_memory(const struct rn_http *h, size_t *peak, size_t *cap)
{
    rn_tls_memory(h->tls, peak, cap);
}

const char *rn_http_version(void)
{
    return "http1, " MBEDTLS_VERSION_STRING_FULL;
}

/* -- beginning and ending ------------------------------------------------- */

static int relay_header(void *ctx, struct rn_bytes name, struct rn_bytes value)
{
    struct rn_http_call *c = ctx;
    return c->on_header != NULL ? c->on_header(c->ctx, name, value) : RN_OK;
}

static int relay_body(void *ctx, struct rn_bytes part)
{
    struct rn_http_call *c = ctx;
    return c->on_body != NULL ? c->on_body(c->ctx, part) : RN_OK;
}

static void conn_progress(struct conn *c, size_t bytes)
{
    c->moved += bytes;
    if (c->moved < PROGRESS && bytes > 0)
        return;
    c->moved = 0;
    c->since_ms = rn_clock_mono();
}

/* The request from its first byte, on this connection. */
static void conn_rewind(struct conn *c, enum state state)
{
    c->state = state;
    c->fresh = true;
    c->head_len = 0;
    c->head_at = 0;
    c->body_at = 0;
    rn_http_parse_begin(&c->parse, c->parse.line,
                        strcmp(c->call->method, "HEAD") == 0);
    c->parse.ctx = c->call;
    c->parse.on_header = relay_header;
    c->parse.on_body = relay_body;
    conn_progress(c, 0);
}

static void conn_finish(struct conn *c, int err, const char *why)
{
    struct rn_http_call *call = c->call;
    c->call = NULL;
    c->finished = true;
    call->done = true;
    call->err = err;
    call->slot = -1;
    call->status = err == RN_OK ? c->parse.status : 0;
    call->why[0] = 0;
    if (err != RN_OK && why != NULL)
        (void)rn_format(call->why, sizeof call->why, "%s", why);
    if (err == RN_OK && c->state == READING && !c->parse.close) {
        c->state = KEPT;
        c->since_ms = rn_clock_mono();
        return;
    }
    rn_stream_close(&c->stream);
    c->state = FREE;
}

/* Still open as far as we can see? Anything to read on an idle connection is
 * an end, or an answer to a question nobody asked.
 */
static bool is_alive(struct rn_http *h, struct conn *c)
{
    return rn_clock_mono() - c->since_ms < h->o.keep_ms &&
           rn_stream_recv(&c->stream, h->recv, RN_HTTP_RECEIVED) == RN_E_AGAIN;
}

/* A kept connection to this origin, else an unused one, else the kept one that
 * has been idle longest; NULL when all are at work.
 */
static struct conn *choose(struct rn_http *h, const struct rn_origin *o)
{
    struct conn *spare = NULL;
    for (unsigned i = 0; i < h->n; i++) {
        struct conn *c = &h->conn[i];
        if (c->state == KEPT && rn_stream_is_to(&c->stream, o)) {
            if (is_alive(h, c))
                return c;
            rn_stream_close(&c->stream);
            c->state = FREE;
        }
        if (c->state == FREE && (spare == NULL || spare->state == KEPT))
            spare = c;
        if (c->state == KEPT &&
            (spare == NULL ||
             (spare->state == KEPT && c->since_ms < spare->since_ms)))
            spare = c;
    }
    return spare;
}

int rn_http_start(struct rn_http *h, struct rn_http_call *call)
{
    struct conn *c = choose(h, call->origin);
    if (c == NULL)
        return RN_E_FULL;
    call->done = false;
    call->sent = false;
    call->err = RN_OK;
    call->status = 0;
    call->why[0] = 0;
    call->slot = (int)(c - h->conn);
    c->call = call;
    /* A POST that is sent twice may be done twice (a pipeline, a statement):
     * it has a connection of its own, which nobody can have closed meanwhile.
     */
    c->reused = c->state == KEPT && strcmp(call->method, "POST") != 0 &&
                rn_stream_is_to(&c->stream, call->origin);
    if (!c->reused)
        rn_stream_close(&c->stream);
    conn_rewind(c, c->reused ? SENDING : OPENING);
    return RN_OK;
}

/* -- moving --------------------------------------------------------------- */

/* The link failed. Once, on a kept connection that gave no answer yet, that
 * only means that the server had closed it: begin again on a new one.
 */
static void conn_lost(struct conn *c, int err)
{
    if (c->reused && err != RN_E_FULL) {
        c->reused = false;
        rn_stream_close(&c->stream);
        conn_rewind(c, OPENING);
        return;
    }
    conn_finish(c, err, c->stream.why);
}

static void step_opening(struct conn *c)
{
    int err = RN_OK;
    if (c->fresh)
        err = rn_stream_open(&c->stream, c->call->origin);
    c->fresh = false;
    if (err == RN_OK || err == RN_E_AGAIN)
        err = rn_stream_ready(&c->stream);
    if (err == RN_E_AGAIN)
        return;
    if (err < 0) {
        conn_finish(c, err, c->stream.why);
        return;
    }
    c->state = SENDING;
    c->fresh = true;
    c->moved = 0;
    conn_progress(c, 0);
}

static void step_reading(struct rn_http *h, struct conn *c);

/* Look for an answer that came before the whole request was sent. */
static void peek_early(struct rn_http *h, struct conn *c)
{
    step_reading(h, c);
    if (c->state == SENDING && c->parse.final) {
        /* What was not sent never will be: the connection is spoilt. */
        c->parse.close = true;
        c->state = READING;
    }
}

/* Slices of what is still to be sent, the head's rest first; 0: nothing is. */
static int gather(struct rn_http *h, struct conn *c, struct rn_bytes *piece)
{
    struct rn_http_call *call = c->call;
    size_t n = 0;
    if (c->head_len == 0 || c->head_at < c->head_len) {
        int len = rn_http_head(h->head, RN_HTTP_REQUEST, call);
        if (len < 0)
            return len;
        c->head_len = (size_t)len;
        piece[n++] = (struct rn_bytes){ (uint8_t *)h->head + c->head_at,
                                        c->head_len - c->head_at };
    }
    if (c->body_at < call->body.len)
        n += call->body.at(call->body.ctx, c->body_at, piece + n,
                           RN_HTTP_PIECES - n);
    return (int)n;
}

static void advance(struct conn *c, size_t sent)
{
    size_t of_head = c->head_len - c->head_at;
    if (of_head > sent)
        of_head = sent;
    c->head_at += of_head;
    c->body_at += sent - of_head;
    c->call->sent = true;
    conn_progress(c, sent);
}

/* Sending failed. A peer that broke off may have said why before. */
static void on_unsent(struct rn_http *h, struct conn *c, int err)
{
    if (err != RN_E_LINK) {
        conn_finish(c, err, c->stream.why);
        return;
    }
    c->parse.close = true;
    c->state = READING;
    step_reading(h, c);
}

static void step_sending(struct rn_http *h, struct conn *c)
{
    struct rn_bytes piece[RN_HTTP_PIECES];
    c->fresh = false;
    for (unsigned turn = 0; turn < TURNS; turn++) {
        int n = gather(h, c, piece);
        if (n < 0) {
            conn_finish(c, n, "the request's headers are too long");
            return;
        }
        if (n == 0) {
            c->state = READING;
            return;
        }
        int sent = rn_stream_send(&c->stream, piece, (size_t)n);
        if (sent == RN_E_AGAIN)
            break;
        if (sent < 0) {
            on_unsent(h, c, sent);
            return;
        }
        advance(c, (size_t)sent);
    }
    peek_early(h, c);
}

/* The peer's end of the connection, however it came. */
static void on_end(struct conn *c, int err)
{
    if (c->parse.status == 0 && c->parse.len == 0) {
        conn_lost(c, err == RN_E_ABSENT ? RN_E_LINK : err);
        return;
    }
    c->reused = false;
    if (err == RN_E_ABSENT && rn_http_parse_end(&c->parse) == RN_OK) {
        c->state = READING;
        conn_finish(c, RN_OK, NULL);
        return;
    }
    conn_finish(c, err == RN_E_ABSENT ? RN_E_LINK : err,
                err == RN_E_ABSENT ? "the server closed within its answer"
                                   : c->stream.why);
}

static void on_bytes(struct conn *c, const uint8_t *p, size_t n)
{
    bool before = c->parse.final;
    c->reused = false;
    int used = rn_http_parse_feed(&c->parse, p, n);
    if (used < 0) {
        conn_finish(c, used, used == RN_E_PEER ? c->parse.why : NULL);
        return;
    }
    conn_progress(c, c->parse.final && !before ? 0 : n);
    if (c->parse.state != RN_PARSE_DONE)
        return;
    /* An answer to half a request, or more bytes than the answer has: such a
     * connection can't be trusted with another.
     */
    if ((size_t)used < n || c->state != READING)
        c->parse.close = true;
    conn_finish(c, RN_OK, NULL);
}

static void step_reading(struct rn_http *h, struct conn *c)
{
    c->fresh = false;
    for (unsigned turn = 0; turn < TURNS; turn++) {
        int got = rn_stream_recv(&c->stream, h->recv, RN_HTTP_RECEIVED);
        if (got == RN_E_AGAIN)
            return;
        if (got < 0) {
            on_end(c, got);
            return;
        }
        on_bytes(c, h->recv, (size_t)got);
        if (c->call == NULL)
            return;
    }
    c->fresh = true;
}

static int64_t deadline_of(const struct rn_http *h, const struct conn *c)
{
    int64_t by =
        c->since_ms + (c->state == OPENING ? h->o.connect_ms : h->o.idle_ms);
    return by < c->call->deadline_ms ? by : c->call->deadline_ms;
}

static void check_time(struct rn_http *h, struct conn *c, int64_t now)
{
    if (now < deadline_of(h, c))
        return;
    if (now >= c->call->deadline_ms)
        conn_finish(c, RN_E_AGAIN, "the deadline passed");
    else if (c->state == OPENING)
        conn_finish(c, RN_E_LINK, "no connection within the time allowed");
    else if (c->state == SENDING)
        conn_finish(c, RN_E_LINK, "the server stopped taking the request");
    else
        conn_finish(c, RN_E_LINK, "the server stopped answering");
}

static void conn_step(struct rn_http *h, struct conn *c)
{
    if (c->state == OPENING)
        step_opening(c);
    if (c->state == SENDING)
        step_sending(h, c);
    else if (c->state == READING)
        step_reading(h, c);
}

/* -- pumping -------------------------------------------------------------- */

static bool is_working(const struct conn *c)
{
    return c->call != NULL;
}

/* Step what can move without asking the system first. */
static bool step_fresh(struct rn_http *h)
{
    bool again = false;
    for (unsigned i = 0; i < h->n; i++) {
        struct conn *c = &h->conn[i];
        if (is_working(c) && c->fresh)
            conn_step(h, c);
        again = again || (is_working(c) && c->fresh);
    }
    return again;
}

/* How many calls became done since this was last asked. */
static int count_done(struct rn_http *h)
{
    int done = 0;
    for (unsigned i = 0; i < h->n; i++) {
        done += h->conn[i].finished;
        h->conn[i].finished = false;
    }
    return done;
}

/* Wait for those at work and step the ready ones; false when a stop was asked
 * for meanwhile.
 */
static bool wait_and_step(struct rn_http *h, int64_t until_ms)
{
    struct conn *who[32];
    size_t n = 0;
    for (unsigned i = 0; i < h->n; i++) {
        struct conn *c = &h->conn[i];
        if (!is_working(c))
            continue;
        who[n] = c;
        rn_stream_wants(&c->stream, true, c->state == SENDING, &h->wait[n]);
        n++;
        int64_t by = deadline_of(h, c);
        until_ms = by < until_ms ? by : until_ms;
    }
    int ready = rn_wait(h->wait, n, until_ms);
    for (size_t i = 0; i < n; i++)
        if (h->wait[i].ready)
            conn_step(h, who[i]);
    int64_t now = rn_clock_mono();
    for (size_t i = 0; i < n; i++)
        if (is_working(who[i]))
            check_time(h, who[i], now);
    return ready != RN_E_STOP;
}

int rn_http_pump(struct rn_http *h, int64_t until_ms)
{
    for (;;) {
        bool again = step_fresh(h);
        int done = count_done(h);
        if (done > 0)
            return done;
        bool go_on = wait_and_step(h, again ? 0 : until_ms);
        done = count_done(h);
        if (done > 0 || !go_on || rn_clock_mono() >= until_ms)
            return done;
    }
}

void rn_http_cancel(struct rn_http *h, struct rn_http_call *call)
{
    if (call->done || call->slot < 0)
        return;
    struct conn *c = &h->conn[call->slot];
    RN_ASSERT(c->call == call);
    conn_finish(c, RN_E_STOP, "cancelled");
    c->finished = false;
}

void rn_http_close(struct rn_http *h)
{
    if (h == NULL)
        return;
    for (unsigned i = 0; i < h->n; i++) {
        struct conn *c = &h->conn[i];
        if (c->call != NULL)
            rn_http_cancel(h, c->call);
        rn_stream_close(&c->stream);
        c->state = FREE;
    }
    rn_tls_close(h->tls);
    h->n = 0;
}
