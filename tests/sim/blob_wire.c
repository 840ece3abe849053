/* sim/blob_wire.c: the service on the network: bytes become requests, answers
 * become bytes, and between them everything can go wrong; see sim/blob.h.
 *
 *   bytes -> head -> body -> (time passes) -> done -> answer
 *      \______\_______\___________\____________\________\___ a fault
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"
#include "sim/blob_wire.h"

#define HEAD_MOST 32768u
#define SLOW_MOST 256u /* bytes that are dripped one by one */

struct wire {
    unsigned conn;
    bool open;
    unsigned generation; /* a reused place is another connection */
    struct fault on_open;
    struct fault on_bytes; /* of the request at hand */
    bool begun;            /* its first byte is here */
    size_t seen;           /* its bytes so far       */
    char *head;
    size_t head_len, head_cap;
    bool head_done;
    uint8_t *body;
    size_t body_len, body_want;
    bool busy; /* a request is being answered */
};

static struct wire wires[SIM_CONNECTIONS];
static int64_t latency = 1000;

void blob_wire_latency(int64_t us)
{
    latency = us;
}

/* -- how it travels -------------------------------------------------------- */

static void send_slowly(struct wire *w, const struct blob_message *m,
                        int64_t ms)
{
    int64_t when = sim_now() + latency;

    for (size_t i = 0; i < m->n; i++) {
        size_t n = i + 1 >= SLOW_MOST ? m->n - i : 1;

        sim_conn_give(w->conn, m->p + i, n, when);
        when += ms * 1000;
        if (n > 1)
            break;
    }
}

static void travel(struct wire *w, const struct blob_message *m,
                   const struct fault *f)
{
    int64_t when = sim_now() + latency;
    size_t n = m->n;

    if (f->what == FAULT_NO_ANSWER || f->what == FAULT_SILENT)
        return;
    if (f->what == FAULT_RESET) {
        sim_conn_reset(w->conn, when);
        return;
    }
    if ((f->what == FAULT_LOST || f->what == FAULT_CUT) && (size_t)f->a < n)
        n = (size_t)f->a;
    if (f->what == FAULT_SLOW_ANSWER)
        send_slowly(w, m, f->a);
    else
        sim_conn_give(w->conn, m->p, n, when);
    switch (f->what) {
    case FAULT_LOST:
        sim_conn_reset(w->conn, when + 50);
        break;
    case FAULT_CUT:
    case FAULT_BODY_SHORT:
        sim_conn_finish(w->conn, when + 50);
        break;
    case FAULT_STALE:
        sim_conn_finish(w->conn, when + 1 + f->a * 1000);
        break;
    case FAULT_STALE_RESET:
        sim_conn_reset(w->conn, when + 100 + f->a * 1000);
        break;
    default:
        break;
    }
}

/* -- doing it -------------------------------------------------------------- */

struct job {
    struct blob_request q;
    struct fault f;
    unsigned conn, generation;
    bool used;
};

static struct job jobs[256];

static void free_request(struct blob_request *q)
{
    free(q->head);
    free(q->body);
    q->head = NULL;
    q->body = NULL;
}

static bool is_undone(enum fault_what what)
{
    return what == FAULT_STATUS || what == FAULT_HTML || what == FAULT_SILENT ||
           what == FAULT_RESET || what == FAULT_REDIRECT || what == FAULT_DROP;
}

static void perform(struct job *j, struct blob_answer *a)
{
    struct blob_request *q = &j->q;
    const struct fault *f = &j->f;

    if (f->what == FAULT_CORRUPT && q->body_len > 0)
        q->body[(size_t)f->a % q->body_len] ^= 0x10;
    if (!is_undone(f->what))
        blob_serve(q, a);
    if (f->what == FAULT_DROP)
        a->status = 201;
    if (f->what == FAULT_SUCCESS && a->status / 100 == 2) {
        a->status = (int)f->a;
        a->found = NULL;
    }
    if (f->what == FAULT_STATUS || f->what == FAULT_STATUS_AFTER ||
        f->what == FAULT_REDIRECT) {
        a->status = (int)f->a;
        a->code = f->code;
        a->found = NULL;
    }
    if (q->op == ON_DELETE && f->what == FAULT_SUCCESS && a->status == 202)
        a->status = 200;
}

/* The time has come: the request is done, and answered if there is anybody. */
static void work(void *ctx)
{
    struct job *j = ctx;
    struct wire *w = &wires[j->conn];
    struct blob_answer a = { 0 };
    struct blob_message m;
    bool there = w->open && w->generation == j->generation;

    m.n = 0;
    if (!there && (j->f.what == FAULT_LATE || j->f.what == FAULT_LATE_ANSWER))
        blob_figures.late++;
    perform(j, &a);
    sim_trace("%s %s -> %d %s", j->q.method, j->q.name, a.status,
              a.code ? a.code : "");
    if (there) {
        w->busy = false;
        if (j->f.what == FAULT_HTML)
            blob_say_page(&m, (int)j->f.a);
        else
            blob_say_answer(&m, &j->q, &a, &j->f);
        travel(w, &m, &j->f);
    }
    free_request(&j->q);
    j->used = false;
}

static void begin_job(struct wire *w, struct blob_request *q)
{
    struct job *j = jobs;
    int64_t when = sim_now() + latency + 300;
    bool marker = strlen(q->name) > 8 &&
                  strcmp(q->name + strlen(q->name) - 8, "_SUCCESS") == 0;

    while (j < jobs + RN_COUNTOF(jobs) && j->used)
        j++;
    RN_ASSERT(j < jobs + RN_COUNTOF(jobs));
    j->used = true;
    j->q = *q;
    j->conn = w->conn;
    j->generation = w->generation;
    blob_figures.requests++;
    j->q.op = blob_op(&j->q);
    j->q.life = sim_life();
    j->f = w->on_bytes.what >= FAULT_STATUS
               ? w->on_bytes
               : fault_on_request(j->q.op, marker && j->q.op == ON_PUT);
    if (j->f.what == FAULT_LATE || j->f.what == FAULT_LATE_ANSWER)
        when += j->f.a * 1000;
    if (j->f.what == FAULT_LATE)
        sim_conn_reset(w->conn, sim_now() + latency);
    w->busy = true;
    sim_at(when, work, j);
}

/* -- bytes ----------------------------------------------------------------- */

static void reset_request(struct wire *w)
{
    w->begun = false;
    w->seen = 0;
    w->head_len = 0;
    w->head_done = false;
    free(w->body);
    w->body = NULL;
    w->body_len = w->body_want = 0;
}

static void answer_bad(struct wire *w, int status, const char *code)
{
    struct blob_request q = { .op = ON_ANY };
    struct blob_answer a = { .status = status, .code = code };
    struct fault none = { .what = FAULT_NONE };
    struct blob_message m;

    m.n = 0;
    blob_say_answer(&m, &q, &a, &none);
    sim_conn_give(w->conn, m.p, m.n, sim_now() + latency);
    sim_conn_finish(w->conn, sim_now() + latency + 100);
    w->busy = true; /* whatever follows is not looked at */
}

/* The head is whole: what does it say? */
static void on_head(struct wire *w)
{
    struct blob_request q = { .op = ON_ANY };

    w->head_done = true;
    if (!blob_parse_head(&q, w->head, w->head_len)) {
        answer_bad(w, 400, "InvalidUri");
        return;
    }
    if (!blob_length(&q, &w->body_want)) {
        blob_breaks("%s without a length", q.method);
        answer_bad(w, 411, "MissingContentLengthHeader");
        return;
    }
    w->body = malloc(w->body_want > 0 ? w->body_want : 1);
    RN_ASSERT(w->body);
}

static void on_request(struct wire *w)
{
    struct blob_request q = { .op = ON_ANY };

    q.head = malloc(w->head_len);
    RN_ASSERT(q.head);
    memcpy(q.head, w->head, w->head_len);
    RN_ASSERT(blob_parse_head(&q, q.head, w->head_len));
    q.body = w->body;
    q.body_len = w->body_len;
    w->body = NULL;
    reset_request(w);
    begin_job(w, &q);
}

static size_t take_head(struct wire *w, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (w->head_len == w->head_cap) {
            w->head_cap = w->head_cap > 0 ? w->head_cap * 2 : 1024;
            w->head = realloc(w->head, w->head_cap);
            RN_ASSERT(w->head);
        }
        w->head[w->head_len++] = (char)p[i];
        if (w->head_len > HEAD_MOST) {
            blob_breaks("the request's head is endless");
            answer_bad(w, 400, "InvalidUri");
            return i + 1;
        }
        if (w->head_len >= 4 &&
            memcmp(w->head + w->head_len - 4, "\r\n\r\n", 4) == 0) {
            on_head(w);
            return i + 1;
        }
    }
    return n;
}

static size_t take_body(struct wire *w, const uint8_t *p, size_t n)
{
    if (n > w->body_want - w->body_len)
        n = w->body_want - w->body_len;
    memcpy(w->body + w->body_len, p, n);
    w->body_len += n;
    return n;
}

/* How many of these bytes get through, and what then. */
static size_t through(struct wire *w, size_t n)
{
    const struct fault *f = &w->on_bytes;
    size_t left = (size_t)f->a > w->seen ? (size_t)f->a - w->seen : 0;

    switch (f->what) {
    case FAULT_RESET_IN_REQUEST:
    case FAULT_CLOSE_IN_REQUEST:
        if (left > n)
            return n;
        if (f->what == FAULT_RESET_IN_REQUEST)
            sim_conn_reset(w->conn, sim_now());
        else
            sim_conn_finish(w->conn, sim_now());
        w->busy = true;
        return n; /* lost on the way: nobody looks at them */
    case FAULT_ZERO_WINDOW:
        if (left < n)
            sim_conn_window(w->conn, INT64_MAX);
        return left < n ? left : n;
    case FAULT_SLOW_READ:
        if (w->seen > SLOW_MOST)
            return n;
        sim_conn_window(w->conn, sim_now() + f->a * 1000);
        return 1;
    default:
        return n;
    }
}

static size_t wire_take(void *ctx, unsigned conn, const uint8_t *p, size_t n)
{
    struct wire *w = &wires[conn];
    size_t used = 0;

    (void)ctx;
    if (w->on_open.what == FAULT_MUTE)
        return n;
    if (w->busy) {
        if (!w->begun && w->on_bytes.what == FAULT_NONE)
            blob_breaks("a request before the last one's answer");
        return n;
    }
    if (!w->begun) {
        w->begun = true;
        w->on_bytes = fault_on_bytes();
    }
    n = through(w, n);
    if (w->busy)
        return n;
    w->seen += n;
    while (used < n && !w->busy) {
        used += w->head_done ? take_body(w, p + used, n - used)
                             : take_head(w, p + used, n - used);
        if (w->busy)
            break;
        if (w->head_done && w->body_len == w->body_want)
            on_request(w);
    }
    if (used < n && w->begun == false)
        blob_breaks("bytes after the request's end");
    return n;
}

static void wire_open(void *ctx, unsigned conn, const char *host, uint16_t port)
{
    struct wire *w = &wires[conn];

    (void)ctx;
    free(w->body);
    w->body = NULL;
    reset_request(w);
    w->conn = conn;
    w->open = true;
    w->generation++;
    w->busy = false;
    w->on_bytes = (struct fault){ .what = FAULT_NONE };
    blob_figures.connections++;
    if (strcmp(host, BLOB_HOST) != 0 || port != BLOB_PORT)
        blob_breaks("a connection to %s:%u", host, (unsigned)port);
    w->on_open = fault_on_connect();
    switch (w->on_open.what) {
    case FAULT_REFUSE:
        sim_conn_refuse(conn, sim_now() + latency, RN_E_LINK);
        break;
    case FAULT_NO_NAME:
        sim_conn_refuse(conn, sim_now() + latency, RN_E_ABSENT);
        break;
    case FAULT_BLACK_HOLE:
        break;
    default:
        sim_conn_accept(conn, sim_now() + 2 * latency);
    }
}

static void wire_closed(void *ctx, unsigned conn)
{
    (void)ctx;
    wires[conn].open = false;
}

void blob_wire_start(void)
{
    static const struct sim_peer peer = { .open = wire_open,
                                          .take = wire_take,
                                          .closed = wire_closed };

    for (size_t i = 0; i < RN_COUNTOF(jobs); i++) {
        if (jobs[i].used)
            free_request(&jobs[i].q);
        jobs[i].used = false;
    }
    for (size_t i = 0; i < SIM_CONNECTIONS; i++) {
        reset_request(&wires[i]);
        wires[i].open = false;
        wires[i].generation = 0;
        wires[i].on_bytes.what = FAULT_NONE;
    }
    blob_say_start();
    sim_peer(&peer);
}

void blob_wire_stop(void)
{
    for (size_t i = 0; i < SIM_CONNECTIONS; i++) {
        reset_request(&wires[i]);
        free(wires[i].head);
        memset(&wires[i], 0, sizeof wires[i]);
    }
}
