/* sim/contract.c: the port contract's checks (port/contract.h) on the simulated
 * machine, with a peer that does what port/peer.c does. See sim/suite.h.
 */
#include "port/contract.h"

#include <stdio.h>
#include <string.h>

#include "sim.h"
#include "sim/suite.h"

enum { ECHO = 1, REFUSE, SILENT, SEND, RESET, HALF };

#define WINDOW  65536u /* what a peer that does not read takes */
#define TRIP_US 700

static struct {
    unsigned role;
    size_t taken;
} peers[SIM_CONNECTIONS];

static void give_pattern(unsigned conn)
{
    uint8_t some[1000];

    for (uint32_t at = 0; at < RN_PORT_SENT; at += sizeof some) {
        for (uint32_t i = 0; i < sizeof some; i++)
            some[i] = rn_port_pattern(at + i);
        sim_conn_give(conn, some, sizeof some,
                      sim_now() + TRIP_US + at / 1000 * 50);
    }
    sim_conn_finish(conn, sim_now() + 10 * TRIP_US);
}

static void peer_open(void *ctx, unsigned conn, const char *host, uint16_t port)
{
    (void)ctx;
    peers[conn].role = port;
    peers[conn].taken = 0;
    if (strcmp(host, "127.0.0.1") != 0)
        sim_conn_refuse(conn, sim_now() + TRIP_US, RN_E_ABSENT);
    else if (port == REFUSE)
        sim_conn_refuse(conn, sim_now() + TRIP_US, RN_E_LINK);
    else
        sim_conn_accept(conn, sim_now() + TRIP_US);
}

static size_t peer_take(void *ctx, unsigned conn, const uint8_t *p, size_t n)
{
    (void)ctx;
    switch (peers[conn].role) {
    case ECHO:
        sim_conn_give(conn, p, n, sim_now() + TRIP_US);
        return n;
    case SILENT:
        if (n > WINDOW - peers[conn].taken)
            n = WINDOW - peers[conn].taken;
        peers[conn].taken += n;
        if (peers[conn].taken == WINDOW)
            sim_conn_window(conn, INT64_MAX);
        return n;
    case RESET:
        sim_conn_reset(conn, sim_now() + TRIP_US);
        return n;
    default:
        return n;
    }
}

static void peer_accepted(void *ctx, unsigned conn)
{
    (void)ctx;
    if (peers[conn].role == SEND || peers[conn].role == HALF)
        give_pattern(conn);
}

static void peer_closed(void *ctx, unsigned conn)
{
    (void)ctx;
    peers[conn].role = 0;
}

static struct rn_port_rig rig = {
    .host = "127.0.0.1",
    .echo = ECHO,
    .refuse = REFUSE,
    .silent = SILENT,
    .send = SEND,
    .reset = RESET,
    .half = HALF,
    .stranger = "no-such-host.invalid",
    .state = "/sim/state",
    .locks = true,
    .log_lines = 3000,
};

static void run_check(const struct rn_port_check *check, struct tally *t)
{
    static const struct sim_plan calm;
    static enum rn_port_verdict verdict;
    static char why[RN_PORT_WHY];

    why[0] = 0;
    verdict = RN_PORT_FAILED;
    sim_enter(&calm);
    enum sim_end end = (enum sim_end)setjmp(sim_home());
    if (end == SIM_RETURNED)
        verdict = check->run(&rig, why);
    sim_leave(end);
    if (verdict == RN_PORT_SKIPPED) {
        printf("skipped: %s: %s\n", check->name, why);
        return;
    }
    if (verdict == RN_PORT_FAILED && !why[0])
        (void)snprintf(why, sizeof why, "ended by %d at %s", (int)end,
                       sim_panic_text());
    tally_add(t, verdict == RN_PORT_PASSED ? NULL : why,
              "build/sim/sim contract: %s", check->name);
}

void suite_contract(struct tally *t)
{
    static const struct sim_peer peer = { .open = peer_open,
                                          .take = peer_take,
                                          .accepted = peer_accepted,
                                          .closed = peer_closed };
    size_t at = 0;

    sim_start(1, INT64_C(1795313700) * 1000000);
    sim_peer(&peer);
    for (; rn_port_check_at(at).name; at++) {
        struct rn_port_check check = rn_port_check_at(at);

        run_check(&check, t);
    }
}
