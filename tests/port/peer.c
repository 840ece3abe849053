/* port/peer.c: the other end of the contract suite's connections.
 *
 *     peer [FIRST_PORT]
 *
 * Listens on 127.0.0.1 and prints one line:
 *
 *     echo=40001 refuse=40002 silent=40003 send=40004 reset=40005 half=40006
 *
 * Ports are the system's choice, or six in a row from FIRST_PORT. A board under
 * an emulator reaches them through the host's loopback (QEMU: 10.0.2.2). It
 * ends when its standard input does, so that it never outlives who started it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "port/contract.h"

enum role { ECHO, REFUSE, SILENT, SEND, RESET, HALF, ROLES };

static const char *const names[ROLES] = { "echo", "refuse", "silent",
                                          "send", "reset",  "half" };
#define PEERS 96
#define HELD  4096

struct peer {
    int fd; /* < 0: free */
    enum role role;
    uint32_t sent;
    size_t at, n; /* echo: what is to be given back */
    uint8_t held[HELD];
    bool ended; /* half: our direction is closed */
};

static int listener[ROLES];
static struct peer peers[PEERS];

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static unsigned listen_on(enum role role, unsigned tcp_port)
{
    struct sockaddr_in a;
    socklen_t len = sizeof a;
    int one = 1, small = 4096;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    memset(&a, 0, sizeof a);
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons((uint16_t)tcp_port);
    if (fd < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
        (role == SILENT &&
         setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small) < 0) ||
        bind(fd, (struct sockaddr *)&a, len) < 0 ||
        getsockname(fd, (struct sockaddr *)&a, &len) < 0)
        die(names[role]);
    /* Bound and not listening: refused, and nobody else gets the number. */
    if (role != REFUSE && listen(fd, 64) < 0)
        die(names[role]);
    listener[role] = fd;
    return ntohs(a.sin_port);
}

static void drop(struct peer *p, bool hard)
{
    struct linger now = { 1, 0 };

    if (hard)
        (void)setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(p->fd);
    p->fd = -1;
}

static void welcome(enum role role)
{
    int fd = accept4(listener[role], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct peer *p = peers;

    if (fd < 0)
        return;
    while (p < peers + PEERS && p->fd >= 0)
        p++;
    if (p == peers + PEERS) {
        close(fd);
        return;
    }
    memset(p, 0, sizeof *p);
    p->fd = fd;
    p->role = role;
}

static bool is_gone(ssize_t n)
{
    return n < 0 && errno != EAGAIN && errno != EINTR;
}

static void echo(struct peer *p)
{
    if (p->at == p->n) {
        ssize_t got = recv(p->fd, p->held, sizeof p->held, 0);

        if (got == 0 || is_gone(got)) {
            drop(p, false);
            return;
        }
        p->at = 0;
        p->n = got > 0 ? (size_t)got : 0;
    }
    if (p->at < p->n) {
        ssize_t put = send(p->fd, p->held + p->at, p->n - p->at, MSG_NOSIGNAL);

        if (is_gone(put))
            drop(p, true);
        else if (put > 0)
            p->at += (size_t)put;
    }
}

/* The pattern, then the end of it; half: of our direction only. */
static void give(struct peer *p)
{
    uint8_t some[HELD];
    size_t n = RN_PORT_SENT - p->sent;
    ssize_t put;

    if (n > sizeof some)
        n = sizeof some;
    for (size_t i = 0; i < n; i++)
        some[i] = rn_port_pattern(p->sent + (uint32_t)i);
    put = send(p->fd, some, n, MSG_NOSIGNAL);
    if (is_gone(put)) {
        drop(p, true);
        return;
    }
    p->sent += put > 0 ? (uint32_t)put : 0;
    if (p->sent < RN_PORT_SENT)
        return;
    if (p->role == SEND) {
        drop(p, false);
        return;
    }
    (void)shutdown(p->fd, SHUT_WR);
    p->ended = true;
}

static void listen_to(struct peer *p)
{
    uint8_t some[HELD];
    ssize_t got = recv(p->fd, some, sizeof some, 0);

    if (p->role == RESET && (got > 0 || got == 0))
        drop(p, true);
    else if (got == 0 || is_gone(got))
        drop(p, false);
}

static short events_of(const struct peer *p)
{
    switch (p->role) {
    case ECHO:
        return p->at < p->n ? POLLOUT : POLLIN;
    case SEND:
        return POLLOUT;
    case HALF:
        return p->ended ? POLLIN : POLLOUT;
    case RESET:
        return POLLIN;
    default:
        return POLLRDHUP; /* silent: only its end */
    }
}

static void serve(struct peer *p, short happened)
{
    if (p->role == ECHO)
        echo(p);
    else if (p->role == SEND || (p->role == HALF && !p->ended))
        give(p);
    else if (p->role == RESET || p->role == HALF)
        listen_to(p);
    else if (happened & (POLLHUP | POLLERR | POLLRDHUP))
        drop(p, true);
}

static void turn(void)
{
    struct pollfd f[1 + ROLES + PEERS];
    struct peer *of[1 + ROLES + PEERS];
    nfds_t n = 0;

    f[n++] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
    for (int r = 0; r < ROLES; r++)
        f[n++] = (struct pollfd){ .fd = r == REFUSE ? -1 : listener[r],
                                  .events = POLLIN };
    for (struct peer *p = peers; p < peers + PEERS; p++) {
        if (p->fd < 0)
            continue;
        of[n] = p;
        f[n++] = (struct pollfd){ .fd = p->fd, .events = events_of(p) };
    }
    if (poll(f, n, -1) < 0)
        return;
    if (f[0].revents != 0) {
        char some[64];

        if (read(STDIN_FILENO, some, sizeof some) <= 0)
            exit(0);
    }
    for (nfds_t i = 1 + ROLES; i < n; i++) {
        if (f[i].revents != 0)
            serve(of[i], f[i].revents);
    }
    for (int r = 0; r < ROLES; r++) {
        if (f[1 + r].revents != 0)
            welcome((enum role)r);
    }
}

int main(int argc, char **argv)
{
    unsigned first = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;

    (void)signal(SIGPIPE, SIG_IGN);
    for (struct peer *p = peers; p < peers + PEERS; p++)
        p->fd = -1;
    for (unsigned r = 0; r < ROLES; r++)
        printf("%s%s=%u", r > 0 ? " " : "", names[r],
               listen_on((enum role)r, first > 0 ? first + r : 0));
    printf("\n");
    fflush(stdout);
    for (;;)
        turn();
}
