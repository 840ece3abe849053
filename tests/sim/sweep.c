/* sim/sweep.c: every call of the port fails, once and for ever; the power is
 * cut at every call, and again while the agent recovers. See sim/suite.h.
 */
#include <stdio.h>
#include <string.h>

#include "sim/suite.h"

#define CALLS 65536u
#define SHORT 8 /* rows of a job that is cut twice */

static const char *key_word(const struct sim_case *c)
{
    return c->key ? "+key" : "";
}

/* What the calls of a clean life are. */
static uint8_t kind[CALLS];

static uint64_t learn(const struct sim_case *c, struct tally *t,
                      const char *suite)
{
    struct sim_case clean = *c;
    uint64_t n;

    clean.plan = (struct sim_plan){ 0 };
    clean.no_rerun = true;
    tally_add(t, case_run(&clean), "make %s JOB=%s%s CALL=0", suite, c->format,
              key_word(c));
    n = case_calls();
    if (n >= CALLS)
        n = CALLS - 1;
    for (uint64_t k = 1; k <= n; k++)
        kind[k] = (uint8_t)sim_call_at(k);
    return n;
}

/* -- torture --------------------------------------------------------------- */

/* Clocks of this kind, a close and a log line have no way to fail. */
static bool can_fail(uint8_t call)
{
    return call != SIM_MONO && call != SIM_NET_CLOSE &&
           call != SIM_STATE_CLOSE && call != SIM_LOG;
}

/* Way 0: once; 1: for ever; 2, 3: likewise, and the disk took some of it. */
void torture_plan(struct sim_case *c, uint64_t k, int way)
{
    c->plan = (struct sim_plan){
        .fail_at = k,
        .fail_on = way & 1,
        .disk = way & 2 ? SIM_DISK_UNSYNCED : SIM_DISK_REFUSES,
    };
}

void suite_torture(unsigned part, unsigned parts, struct tally *t)
{
    for (size_t i = 0; i < small_jobs(); i++) {
        struct sim_case c = small_job(i);
        uint64_t n = learn(&c, t, "torture");

        for (uint64_t k = 1; k <= n; k++) {
            int ways = kind[k] == SIM_STATE_SAVE ? 4 : 2;

            if (k % parts != part || !can_fail(kind[k]))
                continue;
            for (int way = 0; way < ways; way++) {
                torture_plan(&c, k, way);
                tally_add(t, case_run(&c),
                          "make torture JOB=%s%s CALL=%llu WAY=%d", c.format,
                          key_word(&c), (unsigned long long)k, way);
            }
        }
    }
}

/* -- power cuts ------------------------------------------------------------ */

void powercut_plan(struct sim_case *c, uint64_t k, enum sim_when when)
{
    c->plan = (struct sim_plan){ .cut_at = k, .cut_when = when };
}

/* A life of few rows is cut, and then the next one. */
void powercut_second(struct sim_case *c, uint64_t k, enum sim_when when)
{
    c->rows = SHORT;
    c->second = (struct sim_plan){ .cut_at = k, .cut_when = when };
}

static void cut_once(struct sim_case *c, uint64_t k, struct tally *t)
{
    for (int when = SIM_BEFORE; when <= SIM_AFTER; when++) {
        if (when == SIM_DURING && kind[k] != SIM_STATE_SAVE &&
            kind[k] != SIM_STATE_OPEN)
            continue;
        powercut_plan(c, k, (enum sim_when)when);
        tally_add(t, case_run(c), "make powercut JOB=%s%s CALL=%llu WHEN=%d",
                  c->format, key_word(c), (unsigned long long)k, when);
    }
}

/* Calls that change something outside of the agent: a cut behind any other is
 * a cut behind the one before it.
 */
static bool acts(uint8_t call)
{
    return call == SIM_NET_SEND || call == SIM_WAIT || call == SIM_STATE_SAVE ||
           call == SIM_STATE_OPEN;
}

/* The first cut is in the part where files become visible and the journal
 * follows: from the journal's first entry on. The second is in the life that
 * recovers, at every call that acts.
 */
static void cut_twice(struct sim_case *c, uint64_t n, unsigned part,
                      unsigned parts, struct tally *t)
{
    static uint8_t first[CALLS];
    uint64_t from = 1;

    memcpy(first, kind, sizeof first);
    for (unsigned saves = 0; from < n && saves < 1; from++)
        saves += first[from] == SIM_STATE_SAVE;
    for (uint64_t k = from; k <= n; k++) {
        enum sim_when when =
            first[k] == SIM_STATE_SAVE && k % 2 ? SIM_DURING : SIM_AFTER;
        uint64_t m;

        if (k % parts != part || !acts(first[k]))
            continue;
        powercut_plan(c, k, when);
        c->second = (struct sim_plan){ 0 };
        (void)case_run(c);
        m = case_second_calls();
        for (uint64_t j = 1; j <= m; j++)
            kind[j] = (uint8_t)sim_call_at(j);
        for (uint64_t j = 1; j <= m; j++) {
            enum sim_when then =
                kind[j] == SIM_STATE_SAVE && j % 2 ? SIM_DURING : SIM_AFTER;

            if (!acts(kind[j]))
                continue;
            powercut_plan(c, k, when);
            powercut_second(c, j, then);
            tally_add(t, case_run(c),
                      "make powercut JOB=%s%s CALL=%llu WHEN=%d THEN='%llu %d'",
                      c->format, key_word(c), (unsigned long long)k, (int)when,
                      (unsigned long long)j, (int)then);
        }
    }
}

void suite_powercut(unsigned part, unsigned parts, struct tally *t)
{
    for (size_t i = 0; i < small_jobs(); i++) {
        struct sim_case c = small_job(i);
        uint64_t n = learn(&c, t, "powercut");

        for (uint64_t k = 1; k <= n; k++) {
            if (k % parts == part)
                cut_once(&c, k, t);
        }
        c.rows = SHORT; /* one file and little in it */
        n = learn(&c, t, "powercut");
        cut_twice(&c, n, part, parts, t);
    }
}
