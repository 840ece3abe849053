/* lib/http_server.c: see lib/http_server.h. */
#include "lib/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runnel/port.h"

void server_open(struct server *s, const struct server_act *act, size_t acts)
{
    memset(s, 0, sizeof *s);
    s->act = act;
    s->acts = acts;
    for (size_t i = 0; i < SERVER_PEERS; i++)
        s->peer[i].fd = -1;
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in a;
    socklen_t len = sizeof a;
    memset(&a, 0, sizeof a);
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    RN_ASSERT(bind(s->listener, (struct sockaddr *)&a, len) == 0);
    RN_ASSERT(listen(s->listener, 16) == 0);
    RN_ASSERT(getsockname(s->listener, (struct sockaddr *)&a, &len) == 0);
    s->port = ntohs(a.sin_port);
}

static void drop(struct server_peer *p, bool reset)
{
    struct linger hard = { 1, 0 };
    if (p->fd < 0)
        return;
    if (reset)
        (void)setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(p->fd);
    free(p->in);
    p->fd = -1;
    p->in = NULL;
}

static void welcome(struct server *s)
{
    for (size_t i = 0; i < SERVER_PEERS; i++) {
        struct server_peer *p = &s->peer[i];
        if (p->fd >= 0)
            continue;
        int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK);
        if (fd < 0)
            return;
        size_t at = s->accepted < s->acts ? s->accepted : s->acts - 1;
        memset(p, 0, sizeof *p);
        p->fd = fd;
        p->act = s->act[at];
        p->in = calloc(1, SERVER_KEEP);
        RN_ASSERT(p->in != NULL);
        s->accepted++;
    }
}

/* Length of the whole request, or 0 while its head is incomplete. */
static size_t request_len(const struct server_peer *p)
{
    size_t have = p->got < SERVER_KEEP ? p->got : SERVER_KEEP;
    const char *end = memmem(p->in, have, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    size_t head = (size_t)(end - p->in) + 4;
    const char *at = memmem(p->in, head, "Content-Length: ", 16);
    return head + (at != NULL ? strtoul(at + 16, NULL, 10) : 0);
}

/* Closed by us or by the client: false. */
static bool listen_to(struct server_peer *p)
{
    static char waste[65536];
    for (;;) {
        size_t len = request_len(p);
        size_t want = p->act.read_step > 0 ? p->act.read_step : sizeof waste;
        if (p->act.deaf && len > 0)
            return true;
        if (p->act.cut_in > 0 && want > p->act.cut_in - 1 - p->got)
            want = p->act.cut_in - 1 - p->got;
        if (want == 0) {
            drop(p, p->act.reset);
            return false;
        }
        if (len > 0 && want > len - p->got)
            want = len - p->got;
        if (want == 0)
            return true;
        ssize_t got = recv(p->fd, waste, want, 0);
        if (got < 0 && errno == EAGAIN)
            return true;
        if (got <= 0) {
            drop(p, false);
            return false;
        }
        if (p->got < SERVER_KEEP) {
            size_t keep = SERVER_KEEP - p->got;
            memcpy(p->in + p->got, waste,
                   (size_t)got < keep ? (size_t)got : keep);
        }
        p->got += (size_t)got;
        if (p->act.early > 0 && p->got >= p->act.early)
            return true;
    }
}

static size_t answer_len(const struct server_peer *p)
{
    return p->act.answer_len > 0 ? p->act.answer_len : strlen(p->act.answer);
}

static void complete(struct server *s, struct server_peer *p)
{
    s->answered++;
    p->got = 0;
    p->put = 0;
    p->answering = false;
    memset(p->in, 0, SERVER_KEEP);
    if (p->act.leave)
        drop(p, p->act.reset);
}

static void speak(struct server *s, struct server_peer *p)
{
    size_t len = answer_len(p);
    if (p->act.cut_out > 0 && p->act.cut_out - 1 < len)
        len = p->act.cut_out - 1;
    size_t want = len - p->put;
    int64_t now = rn_clock_mono();
    if (p->act.drip_ms > 0 && want > 0) {
        if (now < p->last_ms + p->act.drip_ms)
            return;
        want = 1;
        p->last_ms = now;
    }
    if (want > 0) {
        ssize_t put = send(p->fd, p->act.answer + p->put, want, MSG_NOSIGNAL);
        if (put < 0 && errno == EAGAIN)
            return;
        if (put < 0) {
            drop(p, false);
            return;
        }
        p->put += (size_t)put;
    }
    if (p->put < len)
        return;
    if (p->act.cut_out > 0)
        drop(p, p->act.reset);
    else
        complete(s, p);
}

void server_step(struct server *s)
{
    welcome(s);
    for (size_t i = 0; i < SERVER_PEERS; i++) {
        struct server_peer *p = &s->peer[i];
        if (p->fd < 0 || !listen_to(p))
            continue;
        size_t len = request_len(p);
        bool whole = len > 0 && p->got >= len;
        if (whole && !p->answering) {
            s->requests++;
            memcpy(s->last, p->in, SERVER_KEEP);
            s->last_len = len;
        }
        if (whole || (p->act.early > 0 && p->got >= p->act.early))
            p->answering = true;
        if (p->answering && p->act.answer != NULL)
            speak(s, p);
    }
}

void server_hang_up(struct server *s, bool reset)
{
    for (size_t i = 0; i < SERVER_PEERS; i++)
        drop(&s->peer[i], reset);
}

void server_close(struct server *s)
{
    server_hang_up(s, false);
    close(s->listener);
}
