/* sim/year.c: 365 days of a job that runs each night, with ten times the faults
 * of real life: no row is skipped, none is there twice, and every day is done
 * in the end. See sim/suite.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/oracle.h"
#include "sim/suite.h"
#include "sim/table.h"

#define DAYS       365
#define DAY_US     (INT64_C(86400) * 1000000)
#define TRIES      5
#define A_DAY_ROWS 4

static uint64_t state;

static uint64_t draw(uint64_t n)
{
    state = sim_mix(state);
    return state % n;
}

/* What happens to one try: a plan, and faults of the network by chance. */
static void weather(struct sim_case *c)
{
    memset(&c->plan, 0, sizeof c->plan);
    c->chance = (struct fault_chance){ 0, 0, 0 };
    switch (draw(10)) {
    case 0: /* the plug is pulled */
        c->plan.cut_at = 1 + draw(400);
        c->plan.cut_when = (enum sim_when)draw(3);
        break;
    case 1: /* the disk */
        c->plan.fail_at = 1 + draw(300);
        c->plan.fail_set = 1u << SIM_STATE_SAVE | 1u << SIM_STATE_OPEN;
        c->plan.fail_on = true;
        c->plan.disk = (enum sim_disk)draw(2);
        break;
    case 2: /* a restart of the machine */
        c->plan.stop_at = 1 + draw(500);
        break;
    case 3: /* the clock is set */
        c->plan.jump_at = 1 + draw(300);
        c->plan.jump_us = ((int64_t)draw(7200) - 3600) * 1000000;
        break;
    case 4:
    case 5:
    case 6:
        c->chance.per_mille = 100 + (unsigned)draw(300);
        c->chance.mask = UINT64_MAX;
        c->chance.seed = draw(UINT64_MAX);
        break;
    default:
        break;
    }
}

/* One night: tries until one ends well or the night is over. */
static const char *night(struct sim_case *c, unsigned *done)
{
    static struct life life;

    for (unsigned i = 0; i < TRIES; i++) {
        const char *err;

        weather(c);
        fault_start(NULL, 0, &c->chance);
        table.fails = 0;
        life_run(c, &c->plan, &life);
        c->exits = EXIT(0) | EXIT_ANY;
        err = oracle_life(c, &life, true);
        if (err)
            return err;
        sim_set_wall(0);
        if (life.end == SIM_RETURNED && life.exit == 0) {
            ++*done;
            return NULL;
        }
        sim_sleep(600 * INT64_C(1000000));
    }
    return NULL;
}

static const char *year(struct sim_case *c, unsigned *done)
{
    static const struct sim_plan calm;
    static struct life life;
    const char *err = NULL;

    life_start(c);
    oracle_start(c);
    for (unsigned day = 0; day < DAYS && !err; day++) {
        int64_t begun = sim_now();

        table.queries = 0;
        if (draw(6) > 0) /* some days bring nothing */
            table.rows += draw(2 * A_DAY_ROWS + 1);
        life_new_sas(c);
        /* Three days a year it is switched off. */
        if (draw(122) > 0)
            err = night(c, done);
        sim_sleep(DAY_US - (sim_now() - begun));
    }
    if (err)
        return err;
    fault_stop();
    life_new_sas(c);
    c->exits = EXIT(0);
    c->plan = calm;
    life_run(c, &calm, &life);
    err = oracle_life(c, &life, false);
    return err ? err : oracle_8_same_end(c);
}

void suite_year(uint64_t seed, struct tally *t)
{
    static const char *const formats[] = { "csv", "json", "avro", "parquet" };

    for (size_t i = 0; i < 2 * RN_COUNTOF(formats); i++) {
        struct sim_case c = {
            .seed = seed * 100 + i,
            .format = formats[i / 2],
            .compression = i / 2 == 1   ? "gzip"
                           : i / 2 == 3 ? "none"
                                        : NULL,
            .columns = 0x11,
            .text = 60,
            .rows_per_file = 5,
            .connections = 2,
            .block = i / 2 == 3 ? 0 : 1024,
            .watermark = true,
            .key = i % 2,
            .deadline_s = 3600,
            .retry_s = 300,
        };
        unsigned done = 0;
        const char *err;
        size_t n;

        state = sim_mix(c.seed);
        sim_trace_on(getenv("TRACE") != NULL);
        err = year(&c, &done);
        if (err && sim_tracing()) {
            const char *text = sim_trace_text(&n);

            (void)fwrite(text, 1, n, stdout);
        }
        if (!err && done < DAYS - 60)
            err = "year: too few nights ended well";
        tally_add(t, err, "build/sim/sim year %llu, job %zu, day %lld",
                  (unsigned long long)seed, i, (long long)(sim_now() / DAY_US));
        printf("%s%s: %u of %d nights ended well, %llu rows\n", c.format,
               c.key ? " with a key" : "", done, DAYS,
               (unsigned long long)table.rows);
    }
}
