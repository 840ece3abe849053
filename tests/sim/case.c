/* sim/case.c: a case from its first life to its end; and those made of a seed.
 * See sim/suite.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/oracle.h"
#include "sim/suite.h"
#include "sim/table.h"

#define LIVES    6
#define SETTLE_S 70 /* what was still on its way has arrived */

static uint64_t first_calls, second_calls;
static struct life first_life;

uint64_t case_calls(void)
{
    return first_calls;
}

const struct life *case_first_life(void)
{
    return &first_life;
}

uint64_t case_second_calls(void)
{
    return second_calls;
}

/* Lives without a fault until one ends well; a second look after the first one
 * that did not.
 */
static const char *until_well(const struct sim_case *c)
{
    static const struct sim_plan calm;
    static struct life life;

    for (int i = 0; i < LIVES; i++) {
        struct sim_case now = *c;
        const char *err;

        if (i == 0 && c->late_exits)
            now.exits = c->late_exits;
        life_run(c, i == 0 ? &c->second : &calm, &life);
        if (i == 0)
            second_calls = life.calls;
        /* What an earlier life asked for may still be done in this one. */
        err = oracle_life(&now, &life,
                          i == 0 && (c->late_exits || c->second.cut_at));
        if (err)
            return err;
        if (life.end == SIM_RETURNED && life.exit == 0)
            return NULL;
    }
    return "O8: it never ends well again";
}

const char *case_run(const struct sim_case *c)
{
    struct sim_case calm = *c;
    const char *err;

    life_start(c);
    oracle_start(c);
    if (c->swap)
        sim_at(c->swap_at_ms * 1000, c->swap, NULL);
    life_run(c, &c->plan, &first_life);
    first_calls = first_life.calls;
    err = oracle_life(c, &first_life, true);
    if (err || c->no_rerun)
        return err;
    fault_stop();
    table.fails = 0;
    sim_set_wall(0);
    sim_sleep(c->pause_s * 1000000);
    if (c->before_rerun)
        c->before_rerun(c);
    calm.sas_from_s = calm.sas_for_s = 0;
    calm.sas_https = false;
    calm.sas_rights = NULL;
    life_new_sas(&calm);
    calm.exits = EXIT(0);
    if (c->rerun_exits) {
        static const struct sim_plan none;
        static struct life life;

        calm.exits = c->rerun_exits;
        calm.says = c->rerun_says;
        life_run(&calm, &none, &life);
        return oracle_life(&calm, &life, true);
    }
    err = until_well(&calm);
    sim_sleep(SETTLE_S * INT64_C(1000000));
    return err ? err : oracle_end(c);
}

/* -- of a seed ------------------------------------------------------------- */

static uint64_t state;

static uint64_t draw(uint64_t n)
{
    state = sim_mix(state);
    return n > 0 ? state % n : 0;
}

static bool one_in(uint64_t n)
{
    return draw(n) == 0;
}

static const struct {
    const char *format, *compression;
} kinds[] = {
    { "csv", "none" },     { "csv", "gzip" },     { "json", "none" },
    { "json", "gzip" },    { "avro", "null" },    { "avro", "deflate" },
    { "avro", "snappy" },  { "parquet", "none" }, { "parquet", "snappy" },
    { "parquet", "gzip" }, { "parquet", "zstd" },
};

static void choose_job(struct sim_case *c)
{
    static const unsigned rows[] = { 0, 1, 2, 17, 60, 150, 300 };
    size_t kind = draw(RN_COUNTOF(kinds));
    bool parquet;

    c->format = kinds[kind].format;
    c->compression = kinds[kind].compression;
    parquet = strcmp(c->format, "parquet") == 0;
    c->rows = rows[draw(RN_COUNTOF(rows))];
    c->columns = (uint32_t)draw(4096);
    if (one_in(3))
        c->columns &= 0x11;
    c->text = (uint32_t)draw(500);
    c->connections = 1 + (unsigned)draw(4);
    if (!one_in(3))
        c->spare_kib = (unsigned)draw(one_in(3) ? 400 : 40);
    if (one_in(3))
        c->rows_per_file = 5 + (unsigned)draw(90);
    if (!one_in(3) && !parquet)
        c->block = 1024u << draw(3);
    if (parquet && one_in(2))
        c->row_group_rows = 10 + (unsigned)draw(100);
    c->auth = (enum sim_auth)draw(4);
    c->checksum = one_in(4) ? "md5" : "crc64";
    c->watermark = one_in(3);
    c->key = one_in(2);
    c->checkpoint_s = one_in(2) ? 0 : 1u << draw(7);
    if (one_in(2))
        c->deadline_s = 30 + (unsigned)draw(4000);
    /* Its types are not all of the table's. */
    c->sqlite = !parquet && strcmp(c->format, "avro") != 0 && one_in(12);
    if (one_in(3))
        c->retry_s = 5 + (unsigned)draw(100);
}

static void choose_faults(struct sim_case *c)
{
    c->chance.seed = draw(0) ^ c->seed;
    if (!one_in(8)) {
        c->chance.per_mille = 1 + (unsigned)draw(one_in(3) ? 300 : 60);
        c->chance.mask = sim_mix(c->seed ^ 77) | sim_mix(c->seed ^ 78);
        if (one_in(2))
            c->chance.mask &= sim_mix(c->seed ^ 79);
    }
    switch (draw(10)) {
    case 0:
        c->plan.stop_at = 1 + draw(3000);
        break;
    case 1:
    case 2:
    case 3:
        c->plan.cut_at = 1 + draw(one_in(2) ? 4000 : 400);
        c->plan.cut_when = (enum sim_when)draw(3);
        break;
    case 4:
        c->plan.fail_at = 1 + draw(2000);
        c->plan.disk = (enum sim_disk)draw(2);
        break;
    case 5:
        c->fail_row = c->rows > 0 ? 1 + draw(c->rows) : 0;
        break;
    case 6:
        c->plan.jump_at = 1 + draw(2000);
        c->plan.jump_us = ((int64_t)draw(1200) - 600) * 1000000;
        break;
    default:
        break;
    }
    if (one_in(4))
        c->plan.send_max = 1 + (size_t)draw(one_in(2) ? 3 : 700);
    if (one_in(6))
        c->plan.deny_dns = 1 + (uint32_t)draw(3);
    c->latency_us = 200 << draw(10);
    c->pause_s = one_in(2) ? 70 : (int64_t)draw(30);
}

void case_of_seed(uint64_t seed, struct sim_case *c)
{
    memset(c, 0, sizeof *c);
    c->seed = seed;
    state = sim_mix(seed);
    choose_job(c);
    choose_faults(c);
}

/* -- small jobs of each format --------------------------------------------- */

size_t small_jobs(void)
{
    return 8;
}

struct sim_case small_job(size_t at)
{
    static const char *const format[] = { "csv", "json", "avro", "parquet" };
    size_t i = at % 4;
    struct sim_case c = {
        .seed = 1000 + i,
        .format = format[i],
        .compression = i == 1   ? "gzip"
                       : i == 2 ? "deflate"
                                : NULL,
        .rows = 30,
        .columns = 0x29,
        .text = 80,
        .rows_per_file = 20,
        .connections = 1,
        .block = i == 3 ? 0 : 1024,
        .watermark = i % 2 == 0,
        .key = at >= 4,
        .retry_s = 60,
        .deadline_s = 600,
    };

    if (i == 3)
        c.compression = "none";
    return c;
}

/* -- counting -------------------------------------------------------------- */

void tally_add(struct tally *t, const char *err, const char *replay, ...)
{
    char text[200];
    va_list args;

    if (!err) {
        t->passed++;
        return;
    }
    t->failed++;
    va_start(args, replay);
    (void)vsnprintf(text, sizeof text, replay, args);
    va_end(args);
    printf("FAIL %s   # %s\n", text, err);
    (void)fflush(stdout);
}

void suite_seeds(uint64_t from, uint64_t n, struct tally *t)
{
    struct sim_case c;

    for (uint64_t seed = from; seed < from + n; seed++) {
        case_of_seed(seed, &c);
        tally_add(t, case_run(&c), "make sim SEED=%llu",
                  (unsigned long long)seed);
    }
}
