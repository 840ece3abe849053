/* linux/wait.c: sleep until a socket, a stop request or a point in time. */
#include <errno.h>
#include <limits.h>
#include <poll.h>

#include "linux.h"

/* Connections of the busiest job, and room for a probe or two. */
#define WAITS 40

static int timeout_of(int64_t until_ms)
{
    int64_t left = until_ms - rn_clock_mono();
    if (left <= 0)
        return 0;
    return left > INT_MAX ? INT_MAX : (int)left;
}

static int mark(struct rn_wait *w, size_t n, const struct pollfd *p)
{
    int ready = 0;
    for (size_t i = 0; i < n; i++) {
        w[i].ready = p[i].revents != 0;
        ready += w[i].ready;
    }
    return ready;
}

int rn_wait(struct rn_wait *w, size_t n, int64_t until_ms)
{
    RN_ASSERT(n <= WAITS);
    struct pollfd p[WAITS + 1];
    for (size_t i = 0; i < n; i++)
        rn_linux_net_poll(&w[i], &p[i]);
    p[n] = (struct pollfd){ .fd = rn_linux_stop_fd(), .events = POLLIN };

    for (;;) {
        int timeout = timeout_of(until_ms);
        int got = poll(p, (nfds_t)n + 1, timeout);
        if (rn_linux_stop_news()) {
            mark(w, n, p);
            return RN_E_STOP;
        }
        if (got < 0) {
            RN_ASSERT(errno == EINTR || errno == ENOMEM);
            continue;
        }
        int ready = mark(w, n, p);
        if (ready > 0 || timeout == 0)
            return ready;
    }
}
