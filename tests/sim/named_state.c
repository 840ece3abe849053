/* sim/named_state.c: schedules of the journal, the clocks and the process:
 * faults 46 and 79 to 89. See sim/suite.h.
 */
#include <string.h>

#include "core/crc64.h"
#include "sim/suite.h"
#include "sim/table.h"

static const char *const formats[] = { "csv", "json", "avro", "parquet" };

/* A run that is cut off in its middle, and goes on if it has a key. */
static struct sim_case cut_job(size_t format, bool key, uint64_t at)
{
    struct sim_case c = schedule_base(formats[format]);

    c.key = key;
    c.plan.cut_at = at;
    c.plan.cut_when = SIM_AFTER;
    return c;
}

static void f46_blocks_have_expired(struct schedule *s)
{
    for (size_t i = 0; i < 8; i++) {
        for (uint64_t at = 60; at < 600; at += 60) {
            struct sim_case c = cut_job(i / 2, i % 2, at);

            c.pause_s = 8 * 86400;
            if (schedule_mine(s))
                schedule_run(s, &c);
        }
    }
}

/* -- the journal is damaged ------------------------------------------------ */

static unsigned flip_slot;
static size_t flip_bit;

static void flip(const struct sim_case *c)
{
    size_t n;
    uint8_t *slot = sim_state_slot(flip_slot, &n);

    (void)c;
    if (flip_bit / 8 < n)
        slot[flip_bit / 8] ^= (uint8_t)(1u << flip_bit % 8);
}

static void f85_every_bit_of_the_journal(struct schedule *s)
{
    for (flip_slot = 0; flip_slot < 2; flip_slot++) {
        for (flip_bit = 0; flip_bit < (size_t)8 * 300; flip_bit++) {
            struct sim_case c = cut_job(0, false, 120);

            c.rows = 20;
            /* The older record knows less: a run that had ended since is
             * made again.
             */
            c.may_remove = true;
            c.before_rerun = flip;
            c.lost_journal = true;
            if (schedule_mine(s))
                schedule_run(s, &c);
        }
    }
}

static void f85_bits_of_a_checkpoint(struct schedule *s)
{
    for (flip_slot = 2; flip_slot < 4; flip_slot++) {
        for (flip_bit = 0; flip_bit < (size_t)8 * 2000; flip_bit += 41) {
            struct sim_case c = cut_job(flip_bit % 4, true, 200);

            c.before_rerun = flip;
            if (schedule_mine(s))
                schedule_run(s, &c);
        }
    }
}

static void newer_version(const struct sim_case *c)
{
    (void)c;
    for (unsigned i = 0; i < 2; i++) {
        size_t n;
        uint8_t *raw = sim_state_slot(i, &n);
        size_t len = (size_t)raw[4] | (size_t)raw[5] << 8;
        uint64_t sum;

        if (len < 32)
            continue;
        raw[8 + 8] = 99;
        sum = rn_crc64(0, raw + 8, len - 8);
        for (size_t k = 0; k < 8; k++)
            raw[8 + len - 8 + k] = (uint8_t)(sum >> (8 * k));
    }
}

static void lose(const struct sim_case *c)
{
    (void)c;
    sim_state_lose();
}

static void f85_another_version(struct schedule *s)
{
    struct sim_case c = cut_job(0, false, 120);

    if (!schedule_mine(s))
        return;
    c.before_rerun = newer_version;
    c.rerun_exits = EXIT(1);
    c.rerun_says = "another version";
    schedule_run(s, &c);
    c.rerun_exits = 0; /* moved away, as it says: the job is not stuck */
    c.before_rerun = lose;
    c.lost_journal = true;
    schedule_run(s, &c);
}

static void f82_a_disk_that_forgets(struct schedule *s)
{
    /* What no agent can mend must at least be seen to fail: saves that never
     * reach the disk leave the files of a run behind.
     */
    struct sim_case c = cut_job(0, false, 0);

    if (!schedule_mine(s))
        return;
    c.plan.cut_at = 140;
    c.plan.state_forgets = true;
    c.lost_journal = true;
    schedule_run(s, &c);
}

/* Saves that fail and may or may not be on the disk, then a power cut. */
static void f83_f84_saves_that_fail(struct schedule *s)
{
    for (int i = 0; i < 8 * 24; i++) {
        struct sim_case c = cut_job((size_t)i % 4, i / 4 % 2, 0);

        c.seed = 70 + (uint64_t)i / 8;
        c.plan.fail_at = 12 + (uint64_t)(i / 8) * 40;
        c.plan.fail_on = true;
        c.plan.fail_set = 1u << SIM_STATE_SAVE;
        c.plan.disk = i % 3 ? SIM_DISK_UNSYNCED : SIM_DISK_REFUSES;
        c.plan.cut_at = c.plan.fail_at + 60;
        c.exits = EXIT(0) | EXIT(1);
        if (schedule_mine(s))
            schedule_run(s, &c);
    }
}

/* -- clocks and signals ---------------------------------------------------- */

static void f88_the_wall_clock_jumps(struct schedule *s)
{
    static const int64_t by_s[] = { -31536000, 31536000, 3600, -3600, 86400 };

    for (size_t i = 0; i < RN_COUNTOF(by_s) * 40; i++) {
        struct sim_case c = schedule_base(formats[i % 4]);

        c.plan.jump_us = by_s[i / 40] * 1000000;
        c.plan.jump_at = 1 + i % 40 * 9;
        c.sas_for_s = INT64_C(5) * 365 * 86400;
        c.exits = EXIT(0);
        c.watermark = i % 2;
        if (schedule_mine(s))
            schedule_run(s, &c);
    }
}

static void f87_stopped_at_every_call(struct schedule *s)
{
    for (size_t i = 0; i < RN_COUNTOF(formats); i++) {
        for (uint64_t at = 1; at < 500; at += 3) {
            struct sim_case c = schedule_base(formats[i]);

            c.key = at & 1;
            c.plan.stop_at = at;
            c.exits = EXIT(0) | EXIT_75;
            if (!schedule_mine(s))
                continue;
            schedule_run(s, &c);
            schedule_expect(
                s, case_first_life()->elapsed_us < INT64_C(11) * 1000000,
                "it took longer than its grace to end");
        }
    }
}

/* -- late deeds of a life that is over ------------------------------------- */

static void late_blocks_of_an_earlier_life(struct schedule *s)
{
    for (size_t i = 0; i < RN_COUNTOF(formats) * 30; i++) {
        struct fault f = {
            ON_STAGE, 1 + (unsigned)i / 4 % 10, -1, FAULT_LATE, 2500, NULL, NULL
        };
        struct sim_case c = cut_job(i % 4, true, 0);

        c.fault = &f;
        c.faults = 1;
        c.latency_us = 100000;
        c.plan.cut_at = 150 + i * 4;
        c.pause_s = 1;
        c.late_exits = EXIT(0) | EXIT(4);
        if (schedule_mine(s))
            schedule_run(s, &c);
    }
}

static void files_of_a_run_that_was_stopped(struct schedule *s)
{
    for (size_t i = 0; i < RN_COUNTOF(formats) * 2; i++) {
        struct fault f = { ON_DELETE,    0,   0,
                           FAULT_STATUS, 403, "AuthorizationPermissionMismatch",
                           NULL };
        struct sim_case c = schedule_base(formats[i / 2]);

        c.fault = &f;
        c.faults = 1;
        c.plan.stop_at = 170;
        c.exits = EXIT(0) | EXIT_75;
        c.watermark = i % 2;
        if (schedule_mine(s))
            schedule_run(s, &c);
    }
}

#define ENTRY(f) \
    {            \
#f, f    \
    }
const struct schedule_entry schedules_state[] = {
    ENTRY(f46_blocks_have_expired),
    ENTRY(f82_a_disk_that_forgets),
    ENTRY(f83_f84_saves_that_fail),
    ENTRY(f85_every_bit_of_the_journal),
    ENTRY(f85_bits_of_a_checkpoint),
    ENTRY(f85_another_version),
    ENTRY(f87_stopped_at_every_call),
    ENTRY(f88_the_wall_clock_jumps),
    ENTRY(late_blocks_of_an_earlier_life),
    ENTRY(files_of_a_run_that_was_stopped),
    { NULL, NULL },
};
