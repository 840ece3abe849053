/* port/contract_open.c: connections: opening, failing to, closing. */
#include <string.h>

#include "port/contract.h"

static enum rn_port_verdict opens(struct rn_port_rig *rig, char *why)
{
    struct rn_net n;
    int err;

    if (!rig->echo)
        return rn_port_skip(why, "the rig has no echo");
    rn_net_init(&n);
    err = rn_net_open(&n, rig->host, rig->echo);
    if (err != RN_E_AGAIN)
        return rn_port_fail(why, "rn_net_open() gave", err);
    while (err == RN_E_AGAIN) {
        err = rn_net_ready(&n);
        if (err == RN_E_AGAIN && !rn_port_wait(&n, false, true))
            break;
    }
    if (err == RN_OK)
        err = rn_net_ready(&n); /* and stays so */
    rn_net_close(&n);
    if (err != RN_OK)
        return rn_port_fail(why, "rn_net_ready() gave", err);
    return RN_PORT_PASSED;
}

static enum rn_port_verdict refused(struct rn_port_rig *rig, char *why)
{
    struct rn_net n;
    int err;

    if (!rig->refuse)
        return rn_port_skip(why, "the rig has no port that refuses");
    rn_net_init(&n);
    for (int i = 0; i < 3; i++) {
        err = rn_port_connect(&n, rig->host, rig->refuse);
        if (err != RN_E_LINK)
            return rn_port_fail(why, "refused, but gave", err);
        /* Closed by itself: open again without rn_net_close(). */
    }
    rn_net_close(&n);
    return RN_PORT_PASSED;
}

static enum rn_port_verdict unresolvable(struct rn_port_rig *rig, char *why)
{
    struct rn_net n;
    int err;

    if (!rig->stranger)
        return rn_port_skip(why, "the rig has no name that fails");
    rn_net_init(&n);
    err = rn_port_connect(&n, rig->stranger, 443);
    if (err != RN_E_ABSENT && err != RN_E_LINK)
        return rn_port_fail(why, "no such name, but gave", err);
    if (!rig->echo)
        return RN_PORT_PASSED;
    err = rn_port_connect(&n, rig->host, rig->echo);
    rn_net_close(&n);
    if (err != RN_OK)
        return rn_port_fail(why, "the next rn_net_open() gave", err);
    return RN_PORT_PASSED;
}

static enum rn_port_verdict close_ends_a_pending_one(struct rn_port_rig *rig,
                                                     char *why)
{
    struct rn_net n;
    int err = RN_OK;

    rn_net_init(&n);
    for (int i = 0; i < 20 && rig->stranger; i++) {
        err = rn_net_open(&n, rig->stranger, 443);
        if (err != RN_E_AGAIN && err != RN_E_LINK)
            return rn_port_fail(why, "a name to resolve gave", err);
        rn_net_close(&n);
    }
    if (!rig->echo)
        return rn_port_skip(why, "the rig has no echo");
    for (int i = 0; i < 20; i++) {
        err = rn_net_open(&n, rig->host, rig->echo);
        if (err != RN_E_AGAIN)
            return rn_port_fail(why, "rn_net_open() gave", err);
        rn_net_close(&n);
    }
    err = rn_port_connect(&n, rig->host, rig->echo);
    rn_net_close(&n);
    if (err != RN_OK)
        return rn_port_fail(why, "after those, connecting gave", err);
    return RN_PORT_PASSED;
}

static enum rn_port_verdict close_twice(struct rn_port_rig *rig, char *why)
{
    struct rn_net n;
    int err;

    rn_net_init(&n);
    rn_net_close(&n);
    rn_net_close(&n);
    if (!rig->echo)
        return RN_PORT_PASSED;
    err = rn_port_connect(&n, rig->host, rig->echo);
    rn_net_close(&n);
    rn_net_close(&n);
    if (err == RN_OK)
        err = rn_port_connect(&n, rig->host, rig->echo);
    rn_net_close(&n);
    if (err != RN_OK)
        return rn_port_fail(why, "connecting gave", err);
    return RN_PORT_PASSED;
}

/* More than any port keeps of connections that are gone. */
static enum rn_port_verdict closed_ones_are_given_back(struct rn_port_rig *rig,
                                                       char *why)
{
    struct rn_net n;

    if (!rig->echo)
        return rn_port_skip(why, "the rig has no echo");
    rn_net_init(&n);
    for (int i = 0; i < 60; i++) {
        char got = 0;
        int err = rn_port_connect(&n, rig->host, rig->echo);

        if (err == RN_OK)
            err = rn_port_send(&n, "x", 1);
        if (err == RN_OK)
            err = rn_port_recv(&n, &got, 1);
        rn_net_close(&n);
        if (err != 1 || got != 'x')
            return rn_port_fail(why, "one of 60 in turn gave", err);
    }
    return RN_PORT_PASSED;
}

static enum rn_port_verdict wait_wakes_for_its_connection(
    struct rn_port_rig *rig, char *why)
{
    struct rn_net n;
    struct rn_wait w = { .net = &n };
    char got = 0;
    int err;

    if (!rig->echo)
        return rn_port_skip(why, "the rig has no echo");
    rn_net_init(&n);
    err = rn_port_connect(&n, rig->host, rig->echo);
    if (err != RN_OK)
        return rn_port_fail(why, "connecting gave", err);
    w.write = true;
    err = rn_wait(&w, 1, rn_clock_mono() + RN_PORT_PATIENCE);
    if (err != 1 || !w.ready)
        return rn_port_fail(why, "a free connection takes bytes, not", err);
    err = rn_port_send(&n, "y", 1);
    if (err != RN_OK)
        return rn_port_fail(why, "sending gave", err);
    w.write = false;
    w.read = true;
    w.ready = false;
    err = rn_wait(&w, 1, rn_clock_mono() + RN_PORT_PATIENCE);
    if (err != 1 || !w.ready)
        return rn_port_fail(why, "the echo did not wake the wait", err);
    err = rn_net_recv(&n, &got, 1);
    rn_net_close(&n);
    if (err != 1 || got != 'y')
        return rn_port_fail(why, "ready, but receiving gave", err);
    return RN_PORT_PASSED;
}

static enum rn_port_verdict wait_for_silence_ends_in_time(
    struct rn_port_rig *rig, char *why)
{
    struct rn_net n;
    struct rn_wait w = { .net = &n, .read = true, .ready = true };
    char got;
    int64_t until;
    int err;

    if (!rig->silent)
        return rn_port_skip(why, "the rig has nobody silent");
    rn_net_init(&n);
    err = rn_port_connect(&n, rig->host, rig->silent);
    if (err != RN_OK)
        return rn_port_fail(why, "connecting gave", err);
    until = rn_clock_mono() + 60;
    err = rn_wait(&w, 1, until);
    if (err != 0 || w.ready)
        return rn_port_fail(why, "ready while nothing was sent", err);
    if (rn_clock_mono() < until)
        return rn_port_fail(why, "woke early", 0);
    err = rn_net_recv(&n, &got, 1);
    rn_net_close(&n);
    if (err != RN_E_AGAIN)
        return rn_port_fail(why, "receiving nothing gave", err);
    return RN_PORT_PASSED;
}

const struct rn_port_check rn_port_open_checks[] = {
    { "a_connection_opens", opens },
    { "a_refused_one_says_link", refused },
    { "a_name_that_is_not_there_fails", unresolvable },
    { "closing_ends_a_pending_one", close_ends_a_pending_one },
    { "a_connection_is_closed_twice", close_twice },
    { "closed_ones_are_given_back", closed_ones_are_given_back },
    { "a_wait_wakes_for_its_connection", wait_wakes_for_its_connection },
    { "a_wait_for_silence_ends_in_time", wait_for_silence_ends_in_time },
    { NULL, NULL },
};
