/* linux/net.c: TCP connections that never block; see runnel/port.h.
 *
 *   CLOSED --open--> RESOLVING --address--> CONNECTING --ready--> OPEN
 *                        ^                       |
 *                        +----refused, next------+
 *
 *   any -> CLOSED   rn_net_close, or rn_net_ready when no address is left
 *
 * `helper` is the lookup that still has addresses to try (-1: none); `handle`
 * is the socket in CONNECTING and OPEN. The lookup is given up once connected.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "linux.h"

enum { CLOSED, RESOLVING, CONNECTING, OPEN };

/* Slices handed to the kernel at once: 64 of 4 KiB are a 256 KiB block. */
#define PIECES 64

/* SYN retries while other addresses wait for their turn: 1 + 2 + 4 seconds,
 * against two minutes by default. A dead first address must not use up the
 * whole time allowed for connecting.
 */
#define SYN_TRIES 2

void rn_net_init(struct rn_net *n)
{
    memset(n, 0, sizeof *n);
    n->handle = -1;
    n->helper = -1;
    n->phase = CLOSED;
}

static void drop_socket(struct rn_net *n)
{
    if (n->handle >= 0)
        close((int)n->handle);
    n->handle = -1;
}

void rn_net_close(struct rn_net *n)
{
    drop_socket(n);
    if (n->helper >= 0)
        rn_linux_resolve_close((int)n->helper);
    n->helper = -1;
    n->phase = CLOSED;
}

int rn_net_open(struct rn_net *n, const char *host, uint16_t tcp_port)
{
    RN_ASSERT(n->phase == CLOSED);
    int lookup = rn_linux_resolve(host);
    if (lookup < 0)
        return lookup;
    n->helper = lookup;
    n->tcp_port = tcp_port;
    n->phase = RESOLVING;

    /* Numeric hosts are known at once; others still need rn_wait(). */
    int err = rn_net_ready(n);
    return err == RN_OK ? RN_E_AGAIN : err;
}

static socklen_t make_address(const struct rn_net *n,
                              const struct rn_linux_address *a,
                              struct sockaddr_storage *to)
{
    memset(to, 0, sizeof *to);
    if (a->family == 4) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)to;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(n->tcp_port);
        memcpy(&v4->sin_addr, a->ip, 4);
        return sizeof *v4;
    }
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(n->tcp_port);
    v6->sin6_scope_id = a->scope;
    memcpy(&v6->sin6_addr, a->ip, 16);
    return sizeof *v6;
}

/* RN_E_AGAIN: connecting. RN_E_LINK: this address is of no use. */
static int try_address(struct rn_net *n, const struct rn_linux_address *a)
{
    struct sockaddr_storage to;
    socklen_t len = make_address(n, a, &to);
    int fd =
        socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return RN_E_LINK;
    int one = 1;
    int tries = SYN_TRIES;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (rn_linux_resolve_more((int)n->helper))
        (void)setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &tries, sizeof tries);
    if (connect(fd, (struct sockaddr *)&to, len) < 0 && errno != EINPROGRESS &&
        errno != EINTR) {
        close(fd);
        return RN_E_LINK;
    }
    n->handle = fd;
    n->phase = CONNECTING;
    return RN_E_AGAIN;
}

/* What RESOLVING does: take addresses until one begins to connect. */
static int step_resolving(struct rn_net *n)
{
    for (;;) {
        struct rn_linux_address a;
        int got = rn_linux_resolve_next((int)n->helper, &a);
        if (got == 0)
            got = RN_E_LINK; /* every address was tried */
        if (got < 0) {
            if (got != RN_E_AGAIN)
                rn_net_close(n);
            return got;
        }
        if (try_address(n, &a) == RN_E_AGAIN)
            return RN_OK;
    }
}

/* What CONNECTING does. RN_E_LINK: this address failed. */
static int step_connecting(struct rn_net *n)
{
    struct pollfd p = { .fd = (int)n->handle, .events = POLLOUT };
    if (poll(&p, 1, 0) <= 0)
        return RN_E_AGAIN;
    int err = 0;
    socklen_t len = sizeof err;
    if (getsockopt(p.fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0 || err != 0)
        return RN_E_LINK;
    if (n->helper >= 0)
        rn_linux_resolve_close((int)n->helper);
    n->helper = -1;
    n->phase = OPEN;
    return RN_OK;
}

int rn_net_ready(struct rn_net *n)
{
    for (;;) {
        if (n->phase == OPEN)
            return RN_OK;
        if (n->phase == CLOSED)
            return RN_E_LINK;
        if (n->phase == RESOLVING) {
            int err = step_resolving(n);
            if (err < 0)
                return err;
        }
        int err = step_connecting(n);
        if (err != RN_E_LINK)
            return err;
        drop_socket(n);
        n->phase = RESOLVING;
    }
}

int rn_net_send(struct rn_net *n, const struct rn_bytes *piece, size_t pieces)
{
    RN_ASSERT(n->phase == OPEN && pieces > 0);
    struct iovec iov[PIECES];
    /* msg_iovlen is an int to musl and a size_t to glibc. */
    uint8_t count = (uint8_t)(pieces < PIECES ? pieces : PIECES);
    for (size_t i = 0; i < count; i++) {
        /* The kernel only reads; iovec has no const. */
        union {
            const uint8_t *from;
            void *to;
        } base = { .from = piece[i].p };
        iov[i].iov_base = base.to;
        iov[i].iov_len = piece[i].n;
    }
    struct msghdr m = { .msg_iov = iov, .msg_iovlen = count };
    int flags = MSG_NOSIGNAL | (n->more ? MSG_MORE : 0);
    for (;;) {
        ssize_t sent = sendmsg((int)n->handle, &m, flags);
        if (sent > 0)
            return (int)sent;
        RN_ASSERT(sent != 0);
        if (errno == EINTR)
            continue;
        return errno == EAGAIN || errno == ENOBUFS ? RN_E_AGAIN : RN_E_LINK;
    }
}

void rn_net_more(struct rn_net *n, bool more)
{
    n->more = more;
}

int rn_net_recv(struct rn_net *n, void *buf, size_t cap)
{
    RN_ASSERT(n->phase == OPEN && cap > 0);
    for (;;) {
        ssize_t got = recv((int)n->handle, buf, cap, 0);
        if (got > 0)
            return (int)got;
        if (got == 0)
            return RN_E_ABSENT;
        if (errno == EINTR)
            continue;
        return errno == EAGAIN ? RN_E_AGAIN : RN_E_LINK;
    }
}

void rn_linux_net_poll(const struct rn_wait *w, struct pollfd *p)
{
    const struct rn_net *n = w->net;
    p->fd = (int)n->handle;
    p->events = 0;
    p->revents = 0;
    if (n->phase == RESOLVING) {
        p->fd = rn_linux_resolve_fd((int)n->helper);
        p->events = POLLIN;
    } else if (n->phase == CONNECTING) {
        p->events = POLLOUT;
    } else if (n->phase == OPEN) {
        p->events = (short)((w->read ? POLLIN : 0) | (w->write ? POLLOUT : 0));
    }
}
