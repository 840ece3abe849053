/* lwip/net.c: TCP over lwIP's raw API; see runnel/port.h.
 *
 *   IDLE --open--> RESOLVING --name found--> CONNECTING --connected--> OPEN
 *                        |                         |                      |
 *                        +------- on_found --------+---- on_error, -------+
 *                                                  v     on_received
 *                                                BROKEN
 *   any -> IDLE   rn_net_close
 *
 * lwIP calls back with a pointer that must outlive whatever the agent does, and
 * frees a connection's block by itself when it fails. So a connection lives in
 * a table here, struct rn_net holds its number, and late answers of the name
 * server carry the number with a generation.
 *
 * What arrives is copied into a ring as long as the receive window, and its
 * frame buffer is free again at once. The window opens as the agent reads, so
 * the ring cannot overflow; and a peer that sends many small pieces while we
 * only write cannot hold all frame buffers, in which its own acknowledgements
 * would have to arrive.
 */
#include <string.h>

#include "board.h"
#include "loop.h"
#include "lwip/dns.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"

enum { IDLE, RESOLVING, CONNECTING, OPEN, BROKEN };

struct conn {
    struct tcp_pcb *pcb; /* NULL once lwIP has freed it */
    uint8_t phase;
    bool used;
    bool end;     /* the peer has closed in order                     */
    bool absent;  /* the name does not resolve                        */
    bool crowded; /* a write found no memory: wait for an acknowledgement */
    uint16_t tcp_port;
    uint16_t generation;
    uint16_t have; /* bytes in the ring           */
    uint16_t at;   /* where the oldest one stands */
    uint8_t ring[TCP_WND];
};

_Static_assert(TCP_WND <= UINT16_MAX, "positions in the ring are 16 bits");

static struct conn table[RN_LWIP_CONNECTIONS];

void rn_net_init(struct rn_net *n)
{
    memset(n, 0, sizeof *n);
    n->handle = -1;
    n->helper = -1;
}

static struct conn *conn_of(const struct rn_net *n)
{
    RN_ASSERT(n->handle < RN_LWIP_CONNECTIONS);
    return n->handle < 0 ? NULL : &table[n->handle];
}

static void take_in(struct conn *c, const struct pbuf *p)
{
    for (; p != NULL; p = p->next) {
        const uint8_t *from = p->payload;
        size_t to = ((size_t)c->at + c->have) % TCP_WND;
        size_t first = p->len < TCP_WND - to ? p->len : TCP_WND - to;
        RN_ASSERT(p->len <= TCP_WND - c->have);
        memcpy(c->ring + to, from, first);
        memcpy(c->ring, from + first, p->len - first);
        c->have = (uint16_t)(c->have + p->len);
    }
}

static err_t on_received(void *ctx, struct tcp_pcb *pcb, struct pbuf *p,
                         err_t err)
{
    struct conn *c = ctx;
    (void)pcb;
    (void)err;
    if (p == NULL) {
        c->end = true;
        return ERR_OK;
    }
    take_in(c, p);
    pbuf_free(p);
    return ERR_OK;
}

static err_t on_sent(void *ctx, struct tcp_pcb *pcb, u16_t len)
{
    struct conn *c = ctx;
    (void)pcb;
    (void)len;
    c->crowded = false;
    return ERR_OK;
}

/* Twice a second: memory that was short may be there although nothing of ours
 * was under way.
 */
static err_t on_poll(void *ctx, struct tcp_pcb *pcb)
{
    return on_sent(ctx, pcb, 0);
}

/* lwIP has freed the block already. */
static void on_error(void *ctx, err_t err)
{
    struct conn *c = ctx;
    (void)err;
    c->pcb = NULL;
    c->phase = BROKEN;
}

static err_t on_connected(void *ctx, struct tcp_pcb *pcb, err_t err)
{
    struct conn *c = ctx;
    (void)pcb;
    (void)err; /* always ERR_OK; failures go to on_error() */
    c->phase = OPEN;
    return ERR_OK;
}

/* Connections that were closed hold memory until their last bytes are
 * acknowledged, which a peer that reads no more never does. Where one that is
 * in use finds none, they end at once.
 */
static void reclaim(void)
{
    struct tcp_pcb *next;
    for (struct tcp_pcb *p = tcp_active_pcbs; p != NULL; p = next) {
        next = p->next;
        if (p->callback_arg == NULL)
            tcp_abort(p);
    }
}

static void connect_to(struct conn *c, const ip_addr_t *to)
{
    c->pcb = tcp_new();
    if (c->pcb == NULL) {
        reclaim();
        c->pcb = tcp_new();
    }
    c->phase = BROKEN;
    if (c->pcb == NULL)
        return;
    tcp_arg(c->pcb, c);
    tcp_recv(c->pcb, on_received);
    tcp_sent(c->pcb, on_sent);
    tcp_poll(c->pcb, on_poll, 1);
    tcp_err(c->pcb, on_error);
    tcp_nagle_disable(c->pcb);
    if (tcp_connect(c->pcb, to, c->tcp_port, on_connected) == ERR_OK)
        c->phase = CONNECTING;
}

/* The number and the generation of a connection as one pointer. */
static void *ticket_of(const struct conn *c)
{
    uintptr_t number = (uintptr_t)(c - table);
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): lwIP only hands it back */
    return (void *)(number << 16 | c->generation);
}

static void on_found(const char *name, const ip_addr_t *to, void *ctx)
{
    uintptr_t ticket = (uintptr_t)ctx;
    struct conn *c = &table[ticket >> 16];
    (void)name;
    if (!c->used || c->phase != RESOLVING ||
        c->generation != (ticket & UINT16_MAX))
        return; /* closed meanwhile */
    if (to != NULL) {
        connect_to(c, to);
    } else {
        c->absent = true;
        c->phase = BROKEN;
    }
}

static struct conn *take_conn(void)
{
    for (size_t i = 0; i < RN_LWIP_CONNECTIONS; i++) {
        struct conn *c = &table[i];
        if (c->used)
            continue;
        uint16_t generation = (uint16_t)(c->generation + 1);
        memset(c, 0, offsetof(struct conn, ring));
        c->generation = generation;
        c->used = true;
        return c;
    }
    return NULL;
}

int rn_net_open(struct rn_net *n, const char *host, uint16_t tcp_port)
{
    RN_ASSERT(n->handle < 0);
    struct conn *c = take_conn();
    if (c == NULL)
        return RN_E_LINK;
    n->handle = c - table;
    c->tcp_port = tcp_port;
    c->phase = RESOLVING;
    ip_addr_t to;
    err_t err = dns_gethostbyname(host, &to, on_found, ticket_of(c));
    if (err == ERR_OK)
        connect_to(c, &to);
    else if (err != ERR_INPROGRESS)
        c->phase = BROKEN;
    if (c->phase != BROKEN)
        return RN_E_AGAIN;
    rn_net_close(n);
    return RN_E_LINK;
}

int rn_net_ready(struct rn_net *n)
{
    const struct conn *c = conn_of(n);
    if (c == NULL)
        return RN_E_LINK;
    if (c->phase == OPEN)
        return RN_OK;
    if (c->phase != BROKEN)
        return RN_E_AGAIN;
    int err = c->absent ? RN_E_ABSENT : RN_E_LINK;
    rn_net_close(n);
    return err;
}

/* A piece, or as much of it as there is room for: bytes taken, 0 when lwIP has
 * no memory now.
 */
static size_t send_some(struct conn *c, struct rn_bytes b, bool more)
{
    size_t n = tcp_sndbuf(c->pcb);
    if (n > b.n)
        n = b.n;
    if (n > TCP_MSS)
        n = TCP_MSS;
    if (n == 0)
        return 0;
    uint8_t how = TCP_WRITE_FLAG_COPY;
    if (more || n < b.n)
        how |= TCP_WRITE_FLAG_MORE;
    if (tcp_write(c->pcb, b.p, (u16_t)n, how) == ERR_OK)
        return n;
    reclaim();
    if (tcp_write(c->pcb, b.p, (u16_t)n, how) == ERR_OK)
        return n;
    c->crowded = true;
    return 0;
}

int rn_net_send(struct rn_net *n, const struct rn_bytes *piece, size_t pieces)
{
    struct conn *c = conn_of(n);
    RN_ASSERT(c != NULL && pieces > 0 && c->phase >= OPEN);
    size_t total = 0;
    size_t skip = 0;
    if (c->phase == BROKEN)
        return RN_E_LINK;
    while (pieces > 0) {
        struct rn_bytes rest = { piece->p + skip, piece->n - skip };
        size_t put = rest.n > 0 ? send_some(c, rest, n->more || pieces > 1) : 0;
        total += put;
        skip += put;
        if (skip < piece->n)
            break;
        piece++;
        pieces--;
        skip = 0;
    }
    if (!n->more || total == 0)
        (void)tcp_output(c->pcb);
    return total > 0 ? (int)total : RN_E_AGAIN;
}

void rn_net_more(struct rn_net *n, bool more)
{
    n->more = more;
}

int rn_net_recv(struct rn_net *n, void *buf, size_t cap)
{
    struct conn *c = conn_of(n);
    RN_ASSERT(c != NULL && cap > 0 && c->phase >= OPEN);
    if (c->have == 0 && c->phase == BROKEN)
        return RN_E_LINK;
    if (c->have == 0)
        return c->end ? RN_E_ABSENT : RN_E_AGAIN;
    size_t take = cap < c->have ? cap : c->have;
    size_t first = take < TCP_WND - (size_t)c->at ? take : TCP_WND - c->at;
    memcpy(buf, c->ring + c->at, first);
    memcpy((uint8_t *)buf + first, c->ring, take - first);
    c->at = (uint16_t)((c->at + take) % TCP_WND);
    c->have = (uint16_t)(c->have - take);
    if (c->pcb != NULL)
        tcp_recved(c->pcb, (u16_t)take);
    return (int)take;
}

/* The block lives on until its goodbye is acknowledged; it must not call us
 * any more.
 */
static void let_go(struct tcp_pcb *pcb)
{
    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_poll(pcb, NULL, 0);
    tcp_err(pcb, NULL);
    if (tcp_close(pcb) != ERR_OK)
        tcp_abort(pcb);
}

void rn_net_close(struct rn_net *n)
{
    struct conn *c = conn_of(n);
    n->handle = -1;
    if (c == NULL)
        return;
    if (c->pcb != NULL)
        let_go(c->pcb);
    c->pcb = NULL;
    c->used = false;
    c->phase = IDLE;
}

/* What was sent with the hint that more follows, and nothing did. */
void rn_lwip_net_flush(void)
{
    for (size_t i = 0; i < RN_LWIP_CONNECTIONS; i++) {
        if (table[i].used && table[i].phase == OPEN)
            (void)tcp_output(table[i].pcb);
    }
}

bool rn_lwip_net_ready(const struct rn_wait *w)
{
    const struct conn *c = conn_of(w->net);
    if (c == NULL || c->phase == BROKEN)
        return true; /* there is an error to be told */
    if (c->phase != OPEN)
        return false;
    if (w->read && (c->have > 0 || c->end))
        return true;
    return w->write && !c->crowded && tcp_sndbuf(c->pcb) > 0;
}
