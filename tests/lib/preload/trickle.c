/* preload/trickle.c: sockets that take and give one byte to thirteen at a
 * time, and every now and then EAGAIN or EINTR instead; poll() is interrupted
 * as well.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

static unsigned turn;

/* How many of `n` bytes may go now; 0: none, and errno says why. */
static size_t allowance(size_t n)
{
    static const size_t few[] = { 1, 13, 2, 5, 1, 0, 7, 0, 3, 11, 1, 0, 4 };
    size_t some = few[turn++ % (sizeof few / sizeof *few)];

    if (some == 0)
        errno = turn % 2 ? EINTR : EAGAIN;
    return some < n ? some : n;
}

ssize_t send(int fd, const void *p, size_t n, int flags)
{
    static ssize_t (*real)(int, const void *, size_t, int);
    size_t some = n > 0 ? allowance(n) : 0;

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "send");
    return n > 0 && some == 0 ? -1 : real(fd, p, some, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
    size_t i = 0;

    while (i < m->msg_iovlen && m->msg_iov[i].iov_len == 0)
        i++;
    if (i == m->msg_iovlen)
        return 0;
    return send(fd, m->msg_iov[i].iov_base, m->msg_iov[i].iov_len, flags);
}

ssize_t recv(int fd, void *p, size_t n, int flags)
{
    static ssize_t (*real)(int, void *, size_t, int);
    size_t some = allowance(n);

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "recv");
    return some == 0 ? -1 : real(fd, p, some, flags);
}

int poll(struct pollfd *fds, nfds_t n, int ms)
{
    static int (*real)(struct pollfd *, nfds_t, int);

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "poll");
    if (turn++ % 5 == 0) {
        errno = EINTR;
        return -1;
    }
    return real(fds, n, ms);
}
