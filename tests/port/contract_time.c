/* port/contract_time.c: clocks, chance, sleeping, log, process. */
#include <string.h>

#include "port/contract.h"

static enum rn_port_verdict clock_never_goes_back(struct rn_port_rig *rig,
                                                  char *why)
{
    int64_t last = rn_clock_mono();

    (void)rig;
    for (int i = 0; i < 2000; i++) {
        int64_t now = rn_clock_mono();

        if (now < last)
            return rn_port_fail(why, "rn_clock_mono() went back by ms",
                                (int)(last - now));
        last = now;
    }
    return RN_PORT_PASSED;
}

/* 2020-01-01: a clock that says less was not set and should say so. */
#define LEAST_WALL INT64_C(1577836800000000)

static enum rn_port_verdict wall_clock_is_unknown_or_of_today(
    struct rn_port_rig *rig, char *why)
{
    int64_t us = rn_clock_wall();

    (void)rig;
    if (us >= 0 && us < LEAST_WALL)
        return rn_port_fail(why, "a wall clock that is not set is < 0; seconds",
                            (int)(us / 1000000));
    return RN_PORT_PASSED;
}

/* The odds that bytes by chance look untouched are less than 2^-100. */
static enum rn_port_verdict entropy_fills_all_and_differs(
    struct rn_port_rig *rig, char *why)
{
    uint8_t a[64], b[64];
    uint8_t touched[64];

    (void)rig;
    memset(touched, 0, sizeof touched);
    for (int round = 0; round < 16; round++) {
        memset(a, 0, sizeof a);
        memset(b, 0, sizeof b);
        if (rn_entropy(a, sizeof a) != RN_OK)
            return rn_port_fail(why, "no entropy", rn_entropy(a, sizeof a));
        if (rn_entropy(b, sizeof b) != RN_OK)
            return rn_port_fail(why, "no entropy", rn_entropy(b, sizeof b));
        if (memcmp(a, b, sizeof a) == 0)
            return rn_port_fail(why, "the same bytes twice in round", round);
        for (size_t i = 0; i < sizeof touched; i++)
            touched[i] |= a[i];
    }
    for (size_t i = 0; i < sizeof touched; i++) {
        if (touched[i] == 0)
            return rn_port_fail(why, "never filled: byte", (int)i);
    }
    return RN_PORT_PASSED;
}

static enum rn_port_verdict entropy_keeps_to_its_length(struct rn_port_rig *rig,
                                                        char *why)
{
    uint8_t buf[9];

    (void)rig;
    for (size_t len = 1; len < sizeof buf - 1; len++) {
        memset(buf, 0x5a, sizeof buf);
        if (rn_entropy(buf + 1, len) != RN_OK)
            return rn_port_fail(why, "no entropy for bytes", (int)len);
        if (buf[0] != 0x5a || buf[1 + len] != 0x5a)
            return rn_port_fail(why, "wrote beside bytes", (int)len);
    }
    return RN_PORT_PASSED;
}

static enum rn_port_verdict wait_sleeps_until_its_time(struct rn_port_rig *rig,
                                                       char *why)
{
    (void)rig;
    for (int ms = 1; ms < 60; ms += 13) {
        int64_t until = rn_clock_mono() + ms;
        int got = rn_wait(NULL, 0, until);

        if (got != 0)
            return rn_port_fail(why, "rn_wait() of nothing is not 0", got);
        if (rn_clock_mono() < until)
            return rn_port_fail(why, "woke early, of ms", ms);
    }
    return RN_PORT_PASSED;
}

static enum rn_port_verdict wait_for_the_past_returns(struct rn_port_rig *rig,
                                                      char *why)
{
    int got = rn_wait(NULL, 0, rn_clock_mono() - 1000);

    (void)rig;
    if (got != 0)
        return rn_port_fail(why, "not 0", got);
    return RN_PORT_PASSED;
}

static enum rn_port_verdict nobody_asked_for_a_stop(struct rn_port_rig *rig,
                                                    char *why)
{
    (void)rig;
    if (rn_stop_requested())
        return rn_port_fail(why, "rn_stop_requested() is true", 1);
    return RN_PORT_PASSED;
}

static enum rn_port_verdict log_never_blocks(struct rn_port_rig *rig, char *why)
{
    static char line[1200];
    unsigned lines = rig->log_lines > 0 ? rig->log_lines : 3;

    (void)why;
    memset(line, 'x', sizeof line);
    rn_log_write(RN_LOG_ERROR, line, 0);
    rn_log_write(RN_LOG_WARN, "port checks: a line", 19);
    for (unsigned i = 0; i < lines; i++)
        rn_log_write(RN_LOG_INFO, line, 100);
    rn_log_write(RN_LOG_DEBUG, line, sizeof line);
    return RN_PORT_PASSED;
}

static enum rn_port_verdict memory_figures_are_of_this_process(
    struct rn_port_rig *rig, char *why)
{
    size_t before = rn_memory_private();

    (void)rig;
    if (rn_memory_process() == 0)
        return rn_port_fail(why, "rn_memory_process() is", 0);
    if (rn_memory_private() < before)
        return rn_port_fail(why, "rn_memory_private() shrank by",
                            (int)(before - rn_memory_private()));
    return RN_PORT_PASSED;
}

const struct rn_port_check rn_port_time_checks[] = {
    { "the_monotonic_clock_never_goes_back", clock_never_goes_back },
    { "the_wall_clock_is_unknown_or_set", wall_clock_is_unknown_or_of_today },
    { "entropy_fills_all_and_differs", entropy_fills_all_and_differs },
    { "entropy_keeps_to_its_length", entropy_keeps_to_its_length },
    { "a_wait_sleeps_until_its_time", wait_sleeps_until_its_time },
    { "a_wait_for_the_past_returns", wait_for_the_past_returns },
    { "nobody_asked_for_a_stop", nobody_asked_for_a_stop },
    { "the_log_never_blocks", log_never_blocks },
    { "memory_figures_are_of_this_process",
      memory_figures_are_of_this_process },
    { NULL, NULL },
};
