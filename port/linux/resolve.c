/* linux/resolve.c: a host's addresses, looked up by a short-lived child.
 *
 * getaddrinfo() blocks, allocates and loads libraries; in a child it may do
 * all three. The child writes its addresses into a pipe in one piece and ends.
 * The pipe is also the memory: whoever connects takes one address after the
 * other out of it. Numeric hosts and "localhost" fill the pipe without a
 * child (RFC 6761: localhost is always this machine).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux.h"

/* As many as there can be connections, and some for `check`. */
#define LOOKUPS 40

/* Addresses kept of a name; a name may have a hundred. */
#define ADDRESSES 16

/* Whatever happens to us, the child is gone after so many seconds. */
#define CHILD_S 120

static struct {
    int fd;    /* reading end; meaningless unless used */
    pid_t pid; /* 0: no child */
    bool used;
} lookups[LOOKUPS];

static size_t keep(struct rn_linux_address *to, const struct addrinfo *from)
{
    memset(to, 0, sizeof *to);
    if (from->ai_family == AF_INET) {
        to->family = 4;
        memcpy(to->ip, &((const struct sockaddr_in *)from->ai_addr)->sin_addr,
               4);
        return 1;
    }
    if (from->ai_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)from->ai_addr;
        to->family = 6;
        to->scope = v6->sin6_scope_id;
        memcpy(to->ip, &v6->sin6_addr, 16);
        return 1;
    }
    return 0;
}

static void put(int fd, const struct rn_linux_address *a, size_t n)
{
    /* Smaller than PIPE_BUF, so it is written whole or not at all. */
    _Static_assert(sizeof *a * ADDRESSES < 512, "one atomic pipe write");
    while (write(fd, a, n * sizeof *a) < 0 && errno == EINTR)
        ;
}

/* The child: never returns. It must not keep our descriptors: the journal's
 * lock would live on in it.
 */
static _Noreturn void look_up(const char *host, int out)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || dup2(out, 3) < 0)
        _exit(1);
    rn_linux_names();
    if (syscall(SYS_close_range, 4, ~0u, 0) < 0) /* musl has no wrapper */
        for (int fd = 4; fd < 1024; fd++)
            close(fd);
    (void)signal(SIGTERM, SIG_DFL);
    (void)signal(SIGINT, SIG_DFL);
    (void)signal(SIGHUP, SIG_DFL);
    alarm(CHILD_S);

    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    struct rn_linux_address a[ADDRESSES];
    memset(a, 0, sizeof a);
    int err = getaddrinfo(host, NULL, &hints, &found);
    if (err != 0) {
        a[0].family = err == EAI_NONAME ? 0 : 1;
        put(3, a, 1);
        _exit(0);
    }
    size_t n = 0;
    for (; found != NULL && n < ADDRESSES; found = found->ai_next)
        n += keep(&a[n], found);
    put(3, a, n > 0 ? n : 1);
    _exit(0);
}

/* How many addresses `host` has without asking anybody. */
static size_t known(const char *host, struct rn_linux_address *a)
{
    memset(a, 0, 2 * sizeof *a);
    if (strcasecmp(host, "localhost") == 0) {
        static const uint8_t four[4] = { 127, 0, 0, 1 };
        a[0].family = 4;
        memcpy(a[0].ip, four, sizeof four);
        a[1].family = 6;
        a[1].ip[15] = 1;
        return 2;
    }
    if (inet_pton(AF_INET, host, a[0].ip) == 1)
        a[0].family = 4;
    else if (inet_pton(AF_INET6, host, a[0].ip) == 1)
        a[0].family = 6;
    return a[0].family != 0 ? 1 : 0;
}

int rn_linux_resolve(const char *host)
{
    int at = 0;
    while (at < LOOKUPS && lookups[at].used)
        at++;
    int fds[2];
    if (at == LOOKUPS || pipe2(fds, O_CLOEXEC) < 0)
        return RN_E_LINK;

    struct rn_linux_address a[2];
    size_t n = known(host, a);
    pid_t pid = 0;
    if (n > 0)
        put(fds[1], a, n);
    else
        pid = fork();
    if (n == 0 && pid == 0)
        look_up(host, fds[1]);
    close(fds[1]);
    if (pid < 0) {
        close(fds[0]);
        return RN_E_LINK;
    }
    (void)fcntl(fds[0], F_SETFL, O_NONBLOCK);
    lookups[at].fd = fds[0];
    lookups[at].pid = pid;
    lookups[at].used = true;
    return at;
}

int rn_linux_resolve_next(int lookup, struct rn_linux_address *a)
{
    RN_ASSERT(lookup >= 0 && lookup < LOOKUPS && lookups[lookup].used);
    for (;;) {
        ssize_t got = read(lookups[lookup].fd, a, sizeof *a);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno == EAGAIN ? RN_E_AGAIN : RN_E_LINK;
        if (got != (ssize_t)sizeof *a)
            return 0;
        if (a->family >= 4)
            return 1;
        return a->family == 0 ? RN_E_ABSENT : RN_E_LINK;
    }
}

bool rn_linux_resolve_more(int lookup)
{
    int waiting = 0;
    return ioctl(lookups[lookup].fd, FIONREAD, &waiting) == 0 && waiting > 0;
}

int rn_linux_resolve_fd(int lookup)
{
    return lookups[lookup].fd;
}

void rn_linux_resolve_close(int lookup)
{
    RN_ASSERT(lookup >= 0 && lookup < LOOKUPS && lookups[lookup].used);
    close(lookups[lookup].fd);
    if (lookups[lookup].pid > 0) {
        (void)kill(lookups[lookup].pid, SIGKILL);
        while (waitpid(lookups[lookup].pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    lookups[lookup].used = false;
}
