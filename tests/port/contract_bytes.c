/* port/contract_bytes.c: connections: every byte, in order, and the end. */
#include <string.h>

#include "port/contract.h"

static uint8_t out[2100];
static uint8_t in[1500];

/* Lengths that fall on no segment's border. */
static size_t chunk(uint32_t at, size_t most)
{
    return 1 + (at * 2654435761u >> 20) % most;
}

static bool is_pattern(uint32_t at, const uint8_t *p, int n)
{
    for (int i = 0; i < n; i++) {
        if (p[i] != rn_port_pattern(at + (uint32_t)i))
            return false;
    }
    return true;
}

/* Three slices, the middle one long. */
static int send_some(struct rn_net *n, uint32_t at, uint32_t end)
{
    size_t len = chunk(at, sizeof out);
    size_t first = len / 5, last = len / 7;
    struct rn_bytes piece[3];
    int put;

    if (len > end - at)
        len = end - at;
    if (first + last >= len)
        first = last = 0;
    for (size_t i = 0; i < len; i++)
        out[i] = rn_port_pattern(at + (uint32_t)i);
    if (first == 0) {
        piece[0] = (struct rn_bytes){ out, len };
    } else {
        piece[0] = (struct rn_bytes){ out, first };
        piece[1] = (struct rn_bytes){ out + first, len - first - last };
        piece[2] = (struct rn_bytes){ out + len - last, last };
    }
    put = rn_net_send(n, piece, first == 0 ? 1 : last == 0 ? 2 : 3);
    return put == 0 || put > (int)len ? RN_E_STATE : put;
}

static enum rn_port_verdict pump(struct rn_net *n, char *why)
{
    uint32_t sent = 0, got = 0;

    while (got < RN_PORT_SENT) {
        bool moved = false;

        if (sent < RN_PORT_SENT) {
            int put = send_some(n, sent, RN_PORT_SENT);

            if (put < 0 && put != RN_E_AGAIN)
                return rn_port_fail(why, "sending gave", put);
            moved = put > 0;
            sent += put > 0 ? (uint32_t)put : 0;
        }
        size_t cap = chunk(got, sizeof in);
        int took = rn_net_recv(n, in, cap);

        if (took == 0 || took > (int)cap || (took < 0 && took != RN_E_AGAIN))
            return rn_port_fail(why, "receiving gave", took);
        if (took > 0 && !is_pattern(got, in, took))
            return rn_port_fail(why, "other bytes from", (int)got);
        got += took > 0 ? (uint32_t)took : 0;
        if (got > sent)
            return rn_port_fail(why, "more than was sent by",
                                (int)(got - sent));
        if (!moved && took == RN_E_AGAIN &&
            !rn_port_wait(n, true, sent < RN_PORT_SENT))
            return rn_port_fail(why, "nothing moves after", (int)got);
    }
    int rest = rn_net_recv(n, in, sizeof in);

    if (rest != RN_E_AGAIN)
        return rn_port_fail(why, "behind the last byte", rest);
    return RN_PORT_PASSED;
}

static enum rn_port_verdict bytes_go_both_ways(struct rn_port_rig *rig,
                                               char *why)
{
    enum rn_port_verdict v;
    struct rn_net n;
    int err;

    if (!rig->echo)
        return rn_port_skip(why, "the rig has no echo");
    rn_net_init(&n);
    err = rn_port_connect(&n, rig->host, rig->echo);
    if (err != RN_OK)
        return rn_port_fail(why, "connecting gave", err);
    v = pump(&n, why);
    rn_net_close(&n);
    return v;
}

/* All that comes until it ends: the last code. */
static int drain(struct rn_net *n, uint32_t *got, bool *same)
{
    for (;;) {
        int took = rn_port_recv(n, in, chunk(*got, sizeof in));

        if (took <= 0)
            return took;
        *same = *same && is_pattern(*got, in, took);
        *got += (uint32_t)took;
    }
}

static enum rn_port_verdict sent_then_closed(struct rn_port_rig *rig,
                                             uint16_t tcp_port, char *why)
{
    uint32_t got = 0;
    bool same = true;
    struct rn_net n;
    int err;

    rn_net_init(&n);
    err = rn_port_connect(&n, rig->host, tcp_port);
    if (err != RN_OK)
        return rn_port_fail(why, "connecting gave", err);
    err = drain(&n, &got, &same);
    if (err == RN_E_ABSENT)
        err = rn_port_recv(&n, in, sizeof in); /* says it again */
    if (err == RN_E_ABSENT && rig->half == tcp_port) {
        struct rn_bytes x = { (const uint8_t *)"x", 1 };
        int put = rn_net_send(&n, &x, 1);

        if (put != 1 && put != RN_E_AGAIN)
            return rn_port_fail(why, "the peer still reads, but sending gave",
                                put);
    }
    rn_net_close(&n);
    if (err != RN_E_ABSENT)
        return rn_port_fail(why, "closed in order, but gave", err);
    if (got != RN_PORT_SENT || !same)
        return rn_port_fail(why, "100000 bytes of the pattern, but came",
                            (int)got);
    return RN_PORT_PASSED;
}

static enum rn_port_verdict end_in_order(struct rn_port_rig *rig, char *why)
{
    if (!rig->send)
        return rn_port_skip(why, "the rig has nobody who sends");
    return sent_then_closed(rig, rig->send, why);
}

static enum rn_port_verdict end_of_one_direction(struct rn_port_rig *rig,
                                                 char *why)
{
    if (!rig->half)
        return rn_port_skip(why, "the rig has nobody who half closes");
    return sent_then_closed(rig, rig->half, why);
}

static enum rn_port_verdict reset(struct rn_port_rig *rig, char *why)
{
    struct rn_bytes x = { (const uint8_t *)"x", 1 };
    struct rn_net n;
    int err;

    if (!rig->reset)
        return rn_port_skip(why, "the rig has nobody who resets");
    rn_net_init(&n);
    err = rn_port_connect(&n, rig->host, rig->reset);
    if (err == RN_OK)
        err = rn_port_send(&n, "x", 1);
    if (err == RN_OK)
        err = rn_port_recv(&n, in, sizeof in);
    if (err != RN_E_LINK)
        return rn_port_fail(why, "reset, but receiving gave", err);
    err = rn_net_send(&n, &x, 1);
    rn_net_close(&n);
    if (err != RN_E_LINK)
        return rn_port_fail(why, "reset, but sending gave", err);
    return RN_PORT_PASSED;
}

/* More than any port and its peer hold between them. */
#define MOST_HELD (64u * 1024 * 1024)

static enum rn_port_verdict full_says_again(struct rn_port_rig *rig, char *why)
{
    struct rn_net n;
    struct rn_wait w = { .net = &n, .write = true };
    uint32_t sent = 0;
    int err;

    if (!rig->silent)
        return rn_port_skip(why, "the rig has nobody silent");
    rn_net_init(&n);
    err = rn_port_connect(&n, rig->host, rig->silent);
    while (err >= 0 && sent < MOST_HELD) {
        struct rn_bytes piece = { out, sizeof out };

        err = rn_net_send(&n, &piece, 1);
        if (err == 0)
            return rn_port_fail(why, "sent", 0);
        if (err > 0)
            sent += (uint32_t)err;
        /* Full for now, or for good? */
        if (err == RN_E_AGAIN && rn_wait(&w, 1, rn_clock_mono() + 300) == 1)
            err = 0;
    }
    rn_net_close(&n);
    if (err != RN_E_AGAIN)
        return rn_port_fail(why, "nobody reads, but sending gave", err);
    return RN_PORT_PASSED;
}

static enum rn_port_verdict more_is_only_a_hint(struct rn_port_rig *rig,
                                                char *why)
{
    struct rn_net n;
    uint32_t got = 0;
    int err;

    if (!rig->echo)
        return rn_port_skip(why, "the rig has no echo");
    rn_net_init(&n);
    rn_net_more(&n, true);
    err = rn_port_connect(&n, rig->host, rig->echo);
    for (int i = 0; err == RN_OK && i < 20; i++) {
        for (size_t k = 0; k < 50; k++)
            out[k] = rn_port_pattern((uint32_t)i * 50 + (uint32_t)k);
        rn_net_more(&n, i % 3 != 2);
        err = rn_port_send(&n, out, 50);
    }
    /* The last ones went with the hint and nothing behind them. */
    while (err == RN_OK && got < 1000) {
        int took = rn_port_recv(&n, in, sizeof in);

        if (took <= 0 || !is_pattern(got, in, took))
            err = took <= 0 ? took : RN_E_INTEGRITY;
        got += took > 0 ? (uint32_t)took : 0;
    }
    rn_net_close(&n);
    if (err != RN_OK || got != 1000)
        return rn_port_fail(why, "hinted bytes did not come back", err);
    return RN_PORT_PASSED;
}

const struct rn_port_check rn_port_bytes_checks[] = {
    { "every_byte_goes_both_ways", bytes_go_both_ways },
    { "an_end_in_order_is_absent", end_in_order },
    { "an_end_of_one_direction_is_absent", end_of_one_direction },
    { "a_reset_is_link", reset },
    { "a_full_connection_says_again", full_says_again },
    { "more_is_only_a_hint", more_is_only_a_hint },
    { NULL, NULL },
};
