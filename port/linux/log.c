/* linux/log.c: one line on stderr, now or never.
 *
 * A full pipe that nobody reads must not stop an upload (and a pipe that takes
 * a write after poll() said so takes PIPE_BUF bytes at once, which is more than
 * a line here).
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "linux.h"

#define LINE 1024

static uint64_t dropped;

static char *put_number(char *to, uint64_t value, unsigned digits)
{
    for (unsigned i = digits; i > 0; i--) {
        to[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    return to + digits;
}

/* "2026-11-22T10:11:12Z "; gmtime() may allocate. Civil date by counting
 * years from a first of March, so that the leap day is a year's last.
 */
static char *put_time(char *to)
{
    int64_t us = rn_clock_wall();
    uint64_t s = us > 0 ? (uint64_t)us / 1000000 : 0;
    uint64_t days = s / 86400 + 719468;
    uint64_t era = days / 146097;
    uint64_t of_era = days % 146097;
    uint64_t year =
        (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    uint64_t month = (5 * of_year + 2) / 153; /* from March */
    uint64_t day = of_year - (153 * month + 2) / 5 + 1;

    year += era * 400 + (month >= 10);
    month = month < 10 ? month + 3 : month - 9;
    to = put_number(to, year, 4);
    *to++ = '-';
    to = put_number(to, month, 2);
    *to++ = '-';
    to = put_number(to, day, 2);
    *to++ = 'T';
    to = put_number(to, s % 86400 / 3600, 2);
    *to++ = ':';
    to = put_number(to, s % 3600 / 60, 2);
    *to++ = ':';
    to = put_number(to, s % 60, 2);
    *to++ = 'Z';
    *to++ = ' ';
    return to;
}

void rn_log_write(enum rn_level level, const char *line, size_t len)
{
    static const char *const words[] = { "error: ", "warn: ", "info: ",
                                         "debug: " };
    char buf[LINE];
    RN_ASSERT((size_t)level < RN_COUNTOF(words));
    char *to = put_time(buf);
    size_t word = strlen(words[level]);
    memcpy(to, words[level], word);
    to += word;
    size_t room = sizeof buf - (size_t)(to - buf) - 1;
    if (len > room)
        len = room;
    memcpy(to, line, len);
    to += len;
    *to++ = '\n';

    struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
    size_t all = (size_t)(to - buf);
    if (poll(&p, 1, 0) != 1 || (p.revents & POLLOUT) == 0 ||
        write(STDERR_FILENO, buf, all) != (ssize_t)all)
        dropped++;
}

uint64_t rn_linux_log_dropped(void)
{
    return dropped;
}

bool rn_linux_terminal(int fd)
{
    return isatty(fd) == 1;
}

int rn_linux_print(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t put = write(fd, text, len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && errno == EAGAIN) {
            struct pollfd p = { .fd = fd, .events = POLLOUT };
            (void)poll(&p, 1, -1);
            continue;
        }
        if (put <= 0)
            return RN_E_STATE;
        text += put;
        len -= (size_t)put;
    }
    return RN_OK;
}
