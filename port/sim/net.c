/* sim/net.c: connections whose other end is a struct sim_peer, and waiting for
 * them; see runnel/port.h.
 *
 *   CLOSED -> OPENING -> OPEN -> CLOSED
 *                 \-> refused -> CLOSED
 */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

enum { CLOSED, OPENING, OPEN };

/* Bytes that the peer has sent: [from, to) of the buffer, there from `when`. */
struct stretch {
    int64_t when;
    size_t end;
};

struct conn {
    int state;
    int refused;       /* 0, or the code                                   */
    int64_t opened_at; /* OPENING: when the answer comes; INT64_MAX: never */
    int64_t window_at; /* the peer takes bytes from then on                */
    int64_t finish_at;
    int64_t reset_at;
    uint8_t *rx;
    size_t rx_len, rx_cap, rx_read;
    struct stretch *stretch;
    size_t stretches, stretch_cap, stretch_at;
};

static struct conn conns[SIM_CONNECTIONS];
static struct sim_peer peer;
static uint64_t lookups;

void sim_net_start(void)
{
    for (size_t i = 0; i < SIM_CONNECTIONS; i++)
        conns[i].state = CLOSED;
    memset(&peer, 0, sizeof peer);
    lookups = 0;
}

void sim_net_free(void)
{
    for (size_t i = 0; i < SIM_CONNECTIONS; i++) {
        free(conns[i].rx);
        free(conns[i].stretch);
        memset(&conns[i], 0, sizeof conns[i]);
    }
}

void sim_peer(const struct sim_peer *p)
{
    peer = *p;
}

uint64_t sim_lookups(void)
{
    return lookups;
}

unsigned sim_open_connections(void)
{
    unsigned n = 0;

    for (size_t i = 0; i < SIM_CONNECTIONS; i++)
        n += conns[i].state != CLOSED;
    return n;
}

/* -- the peer's side ------------------------------------------------------- */

void sim_conn_accept(unsigned conn, int64_t when_us)
{
    if (conns[conn].state == OPENING)
        conns[conn].opened_at = when_us;
}

void sim_conn_refuse(unsigned conn, int64_t when_us, int code)
{
    if (conns[conn].state != OPENING)
        return;
    conns[conn].opened_at = when_us;
    conns[conn].refused = code;
}

static void *grow(void *p, size_t *cap, size_t need, size_t size)
{
    size_t n = *cap > 0 ? *cap : 64;

    if (need <= *cap)
        return p;
    while (n < need)
        n *= 2;
    *cap = n;
    p = realloc(p, n * size);
    RN_ASSERT(p);
    return p;
}

void sim_conn_give(unsigned conn, const void *p, size_t n, int64_t when_us)
{
    struct conn *c = &conns[conn];

    if (c->state != OPEN || n == 0)
        return;
    c->rx = grow(c->rx, &c->rx_cap, c->rx_len + n, 1);
    memcpy(c->rx + c->rx_len, p, n);
    c->rx_len += n;
    c->stretch =
        grow(c->stretch, &c->stretch_cap, c->stretches + 1, sizeof *c->stretch);
    if (c->stretches > 0 && when_us < c->stretch[c->stretches - 1].when)
        when_us = c->stretch[c->stretches - 1].when;
    c->stretch[c->stretches++] = (struct stretch){ when_us, c->rx_len };
}

void sim_conn_finish(unsigned conn, int64_t when_us)
{
    if (conns[conn].state == OPEN)
        conns[conn].finish_at = when_us;
}

void sim_conn_reset(unsigned conn, int64_t when_us)
{
    if (conns[conn].state == OPEN && when_us < conns[conn].reset_at)
        conns[conn].reset_at = when_us;
}

void sim_conn_window(unsigned conn, int64_t when_us)
{
    conns[conn].window_at = when_us;
}

/* -- the agent's side ------------------------------------------------------ */

void rn_net_init(struct rn_net *n)
{
    memset(n, 0, sizeof *n);
    n->handle = -1;
}

static struct conn *conn_of(const struct rn_net *n)
{
    RN_ASSERT(n->handle >= 0 && n->handle < SIM_CONNECTIONS);
    return &conns[n->handle];
}

static void reuse(struct conn *c)
{
    c->state = OPENING;
    c->opened_at = INT64_MAX;
    c->refused = 0;
    c->window_at = 0;
    c->finish_at = INT64_MAX;
    c->reset_at = INT64_MAX;
    c->rx_len = c->rx_read = 0;
    c->stretches = c->stretch_at = 0;
}

int rn_net_open(struct rn_net *n, const char *host, uint16_t tcp_port)
{
    unsigned i = 0;

    RN_ASSERT(n->handle < 0);
    if (sim_begin(SIM_NET_OPEN)) {
        sim_done();
        return RN_E_LINK;
    }
    while (i < SIM_CONNECTIONS && conns[i].state != CLOSED)
        i++;
    RN_ASSERT(i < SIM_CONNECTIONS);
    reuse(&conns[i]);
    n->handle = (intptr_t)i;
    lookups++;
    sim_trace("connection %u to %s:%u", i, host, (unsigned)tcp_port);
    if (sim_dns_denied())
        sim_conn_refuse(i, sim_now() + 2000, RN_E_ABSENT);
    else if (peer.open)
        peer.open(peer.ctx, i, host, tcp_port);
    sim_done();
    return RN_E_AGAIN;
}

static void drop(struct rn_net *n)
{
    unsigned i = (unsigned)n->handle;

    if (n->handle < 0)
        return;
    n->handle = -1;
    conns[i].state = CLOSED;
    if (peer.closed)
        peer.closed(peer.ctx, i);
}

int rn_net_ready(struct rn_net *n)
{
    struct conn *c = conn_of(n);
    bool fails = sim_begin(SIM_NET_READY);
    int err = RN_OK;

    if (fails)
        err = RN_E_LINK;
    else if (c->state == OPENING && c->opened_at > sim_now())
        err = RN_E_AGAIN;
    else if (c->state == OPENING && c->refused < 0)
        err = c->refused;
    if (err == RN_OK && c->state == OPENING) {
        c->state = OPEN;
        if (peer.accepted)
            peer.accepted(peer.ctx, (unsigned)n->handle);
    }
    if (err != RN_OK && err != RN_E_AGAIN)
        drop(n);
    sim_done();
    return err;
}

static int send_some(struct rn_net *n, const struct rn_bytes *piece,
                     size_t pieces)
{
    struct conn *c = conn_of(n);
    size_t room = sim_send_max();
    size_t sent = 0;

    if (c->state != OPEN || c->reset_at <= sim_now())
        return RN_E_LINK;
    if (c->window_at > sim_now())
        return RN_E_AGAIN;
    for (size_t i = 0; i < pieces && room > 0; i++) {
        size_t want = piece[i].n < room ? piece[i].n : room;
        size_t took = want == 0 ? 0
                                : peer.take(peer.ctx, (unsigned)n->handle,
                                            piece[i].p, want);

        sent += took;
        room -= took;
        if (took < piece[i].n)
            break;
    }
    return sent > 0 ? (int)sent : RN_E_AGAIN;
}

int rn_net_send(struct rn_net *n, const struct rn_bytes *piece, size_t pieces)
{
    int sent =
        sim_begin(SIM_NET_SEND) ? RN_E_LINK : send_some(n, piece, pieces);

    if (sim_tracing() && sent != RN_E_AGAIN)
        sim_trace("send on %d: %d", (int)n->handle, sent);
    sim_done();
    return sent;
}

void rn_net_more(struct rn_net *n, bool more)
{
    n->more = more;
}

/* Bytes that have arrived and were not read. */
static size_t arrived(struct conn *c)
{
    size_t end = c->rx_read;

    while (c->stretch_at < c->stretches &&
           c->stretch[c->stretch_at].when <= sim_now())
        c->stretch_at++;
    if (c->stretch_at > 0)
        end = c->stretch[c->stretch_at - 1].end;
    return end - c->rx_read;
}

static bool has_finished(const struct conn *c)
{
    return c->finish_at <= sim_now() && c->rx_read == c->rx_len;
}

static int receive(struct conn *c, uint8_t *to, size_t cap)
{
    size_t n;

    if (c->state != OPEN || c->reset_at <= sim_now())
        return RN_E_LINK;
    n = arrived(c);
    if (n > cap)
        n = cap;
    if (n > 0) {
        memcpy(to, c->rx + c->rx_read, n);
        c->rx_read += n;
        return (int)n;
    }
    return has_finished(c) ? RN_E_ABSENT : RN_E_AGAIN;
}

int rn_net_recv(struct rn_net *n, void *buf, size_t cap)
{
    struct conn *c = conn_of(n);
    int got = sim_begin(SIM_NET_RECV) ? RN_E_LINK : receive(c, buf, cap);

    if (sim_tracing() && got != RN_E_AGAIN)
        sim_trace("receive on %d: %d", (int)n->handle, got);
    sim_done();
    return got;
}

void rn_net_close(struct rn_net *n)
{
    (void)sim_begin(SIM_NET_CLOSE);
    drop(n);
    sim_done();
}

/* What was sent has arrived. */
void sim_net_drop_all(void)
{
    for (unsigned i = 0; i < SIM_CONNECTIONS; i++) {
        if (conns[i].state == CLOSED)
            continue;
        conns[i].state = CLOSED;
        if (peer.closed)
            peer.closed(peer.ctx, i);
    }
}

/* -- waiting --------------------------------------------------------------- */

static bool is_ready(const struct rn_wait *w)
{
    struct conn *c;
    int64_t now = sim_now();

    if (w->net->handle < 0)
        return false;
    c = conn_of(w->net);
    if (c->state == OPENING)
        return c->opened_at <= now;
    if (c->reset_at <= now)
        return w->read || w->write;
    return (w->read && (arrived(c) > 0 || has_finished(c))) ||
           (w->write && c->window_at <= now);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* When something of this connection can change by itself. */
static int64_t next_change(const struct rn_wait *w)
{
    struct conn *c;
    int64_t at = INT64_MAX, now = sim_now();

    if (w->net->handle < 0)
        return INT64_MAX;
    c = conn_of(w->net);
    if (c->state == OPENING)
        return c->opened_at;
    if (c->stretch_at < c->stretches)
        at = c->stretch[c->stretch_at].when;
    if (c->finish_at > now)
        at = earlier(at, c->finish_at);
    if (c->reset_at > now)
        at = earlier(at, c->reset_at);
    if (w->write && c->window_at > now)
        at = earlier(at, c->window_at);
    return at;
}

static int count_ready(struct rn_wait *w, size_t n)
{
    int ready = 0;

    for (size_t i = 0; i < n; i++) {
        w[i].ready = is_ready(&w[i]);
        ready += w[i].ready;
    }
    return ready;
}

/* Time passes until one is ready, a stop is asked for, or it is `until`. */
static int wait_until(struct rn_wait *w, size_t n, int64_t until)
{
    const struct sim_plan *plan = sim_plan();

    for (;;) {
        int ready = count_ready(w, n);
        int64_t next = earlier(until, sim_next_event());

        if (ready > 0 || sim_now() >= until)
            return ready;
        if (sim_stop_news())
            return RN_E_STOP;
        for (size_t i = 0; i < n; i++)
            next = earlier(next, next_change(&w[i]));
        if (plan->stop_ms > 0)
            next = earlier(next, sim_now() + 1000000);
        if (next == INT64_MAX)
            return 0;
        sim_advance(next > sim_now() ? next : sim_now() + 1);
    }
}

int rn_wait(struct rn_wait *w, size_t n, int64_t until_ms)
{
    bool fails = sim_begin(SIM_WAIT);
    int64_t until =
        until_ms > INT64_MAX / 2000 ? INT64_MAX : (until_ms - 3600000) * 1000;
    int ready;

    /* A wait that fails misses everything that happens. */
    if (fails) {
        for (size_t i = 0; i < n; i++)
            w[i].ready = false;
        if (until != INT64_MAX)
            sim_advance(until);
        ready = 0;
    } else {
        ready = wait_until(w, n, until);
    }
    sim_done();
    return ready;
}
