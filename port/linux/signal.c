/* linux/signal.c: how a person or the system asks a run to end. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "linux.h"

/* EX_TEMPFAIL: nothing is lost, the same command may be run again. */
#define EXIT_LATER 75

static volatile sig_atomic_t asked; /* how often a stop was asked for */
static volatile sig_atomic_t noticed;
static int pipe_fds[2] = { -1, -1 };

static void on_stop(int number)
{
    (void)number;
    int keep = errno;
    if (asked)
        _exit(EXIT_LATER);
    asked = 1;
    /* Wakes a poll() that was about to begin when the signal came. */
    ssize_t told = write(pipe_fds[1], "", 1);
    (void)told;
    errno = keep;
}

static void fill_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            (void)open("/dev/null", O_RDWR);
}

/* Before anything else exists that could carry an error. */
static void cannot_start(const char *what)
{
    char why[RN_WHY];
    rn_linux_why(why, what, errno);
    (void)rn_linux_print(STDERR_FILENO, "runnel: ", 8);
    (void)rn_linux_print(STDERR_FILENO, why, strlen(why));
    (void)rn_linux_print(STDERR_FILENO, "\n", 1);
    _exit(1);
}

void rn_linux_start(void)
{
    fill_standard_descriptors();
    if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) < 0)
        cannot_start("making a pipe");
    struct sigaction stop;
    struct sigaction ignore;
    memset(&stop, 0, sizeof stop);
    memset(&ignore, 0, sizeof ignore);
    stop.sa_handler = on_stop;
    ignore.sa_handler = SIG_IGN;
    sigemptyset(&stop.sa_mask);
    sigemptyset(&ignore.sa_mask);
    (void)sigaction(SIGINT, &stop, NULL);
    (void)sigaction(SIGTERM, &stop, NULL);
    (void)sigaction(SIGHUP, &stop, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
}

int rn_linux_stop_fd(void)
{
    /* Once noticed, the pipe's byte would keep poll() from ever sleeping. */
    return noticed ? -1 : pipe_fds[0];
}

bool rn_linux_stop_news(void)
{
    if (!asked || noticed)
        return false;
    noticed = 1;
    return true;
}

bool rn_stop_requested(void)
{
    if (asked)
        noticed = 1;
    return asked != 0;
}
