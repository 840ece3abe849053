/* port/contract.c: what the checks share, and their runner. */
#include "port/contract.h"

#include <string.h>

const struct rn_port_check *const rn_port_groups[] = {
    rn_port_time_checks,
    rn_port_state_checks,
    rn_port_open_checks,
    rn_port_bytes_checks,
};
const size_t rn_port_groups_n = RN_COUNTOF(rn_port_groups);

struct rn_port_check rn_port_check_at(size_t at)
{
    for (size_t g = 0; g < rn_port_groups_n; g++) {
        const struct rn_port_check *c = rn_port_groups[g];

        for (; c->name; c++) {
            if (at-- == 0)
                return *c;
        }
    }
    return (struct rn_port_check){ NULL, NULL };
}

static char *put_text(char *to, const char *end, const char *text)
{
    while (*text && to + 1 < end)
        *to++ = *text++;
    *to = 0;
    return to;
}

static char *put_number(char *to, const char *end, int number)
{
    char digits[12];
    char *p = digits + sizeof digits - 1;
    unsigned left = number < 0 ? 0u - (unsigned)number : (unsigned)number;

    *p = 0;
    do
        *--p = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (number < 0)
        *--p = '-';
    return put_text(to, end, p);
}

enum rn_port_verdict rn_port_fail(char *why, const char *what, int code)
{
    char *end = why + RN_PORT_WHY;
    char *to = put_text(why, end, what);

    to = put_text(to, end, " (");
    to = put_number(to, end, code);
    put_text(to, end, ")");
    return RN_PORT_FAILED;
}

enum rn_port_verdict rn_port_skip(char *why, const char *what)
{
    put_text(why, why + RN_PORT_WHY, what);
    return RN_PORT_SKIPPED;
}

/* A stop request is nobody's here, so its code counts as "not ready". */
static bool wait_until(struct rn_wait *w, int64_t until)
{
    int got = rn_wait(w, 1, until);

    return got == 1 && w->ready;
}

bool rn_port_wait(struct rn_net *n, bool read, bool write)
{
    struct rn_wait w = { .net = n, .read = read, .write = write };

    return wait_until(&w, rn_clock_mono() + RN_PORT_PATIENCE);
}

int rn_port_connect(struct rn_net *n, const char *host, uint16_t tcp_port)
{
    int64_t end = rn_clock_mono() + RN_PORT_PATIENCE;
    int err = rn_net_open(n, host, tcp_port);

    while (err == RN_E_AGAIN) {
        struct rn_wait w = { .net = n, .write = true };

        err = rn_net_ready(n);
        if (err != RN_E_AGAIN)
            return err;
        if (rn_clock_mono() >= end)
            return RN_E_AGAIN;
        (void)wait_until(&w, end);
    }
    return err;
}

int rn_port_recv(struct rn_net *n, void *buf, size_t cap)
{
    int64_t end = rn_clock_mono() + RN_PORT_PATIENCE;

    for (;;) {
        struct rn_wait w = { .net = n, .read = true };
        int got = rn_net_recv(n, buf, cap);

        if (got != RN_E_AGAIN || rn_clock_mono() >= end)
            return got;
        (void)wait_until(&w, end);
    }
}

int rn_port_send(struct rn_net *n, const void *buf, size_t len)
{
    int64_t end = rn_clock_mono() + RN_PORT_PATIENCE;
    struct rn_bytes left = { buf, len };

    while (left.n > 0) {
        struct rn_wait w = { .net = n, .write = true };
        int put = rn_net_send(n, &left, 1);

        if (put == RN_E_AGAIN && rn_clock_mono() < end) {
            (void)wait_until(&w, end);
            continue;
        }
        if (put < 0)
            return put;
        if (put == 0 || (size_t)put > left.n)
            return RN_E_STATE;
        left.p += put;
        left.n -= (size_t)put;
    }
    return RN_OK;
}

static void print_verdict(struct rn_port_rig *rig,
                          const struct rn_port_check *check, const char *word,
                          const char *why)
{
    char line[RN_PORT_WHY + 120];
    const char *end = line + sizeof line;
    char *to = put_text(line, end, word);

    to = put_text(to, end, check->name);
    if (*why)
        to = put_text(to, end, ": ");
    put_text(to, end, why);
    rig->print(rig, line);
}

static void print_counts(struct rn_port_rig *rig, const unsigned count[3])
{
    static const char *const words[] = { " passed, ", " failed, ", " skipped" };
    char line[80];
    const char *end = line + sizeof line;
    char *to = line;

    for (size_t i = 0; i < 3; i++) {
        to = put_number(to, end, (int)count[i]);
        to = put_text(to, end, words[i]);
    }
    rig->print(rig, line);
}

unsigned rn_port_checks(struct rn_port_rig *rig)
{
    static const char *const words[] = { "ok   ", "FAIL ", "skip " };
    unsigned count[3] = { 0, 0, 0 };

    for (size_t i = 0; rn_port_check_at(i).name; i++) {
        const struct rn_port_check check = rn_port_check_at(i);
        char why[RN_PORT_WHY] = "";
        enum rn_port_verdict v = check.run(rig, why);

        count[v]++;
        print_verdict(rig, &check, words[v], v == RN_PORT_PASSED ? "" : why);
    }
    print_counts(rig, count);
    return count[RN_PORT_FAILED];
}
