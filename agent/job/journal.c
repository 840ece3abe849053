/* job/journal.c: see job/journal.h.
 *
 * A record, all numbers little-endian:
 *
 *     "RNJOURNL"  version u32  body length u32  generation u64
 *     body        job, open run (with its result and watermark once it is
 *                 sealed), watermark, past runs; texts as u16 + bytes
 *     crc64       of everything before it
 *
 * The newest valid record counts; a save goes to the other slot and gets a
 * generation that was never used, so a save whose outcome is unknown can be
 * told from its repetition.
 */
#include "job/journal.h"

#include <string.h>

#include "core/format.h"
#include "core/log.h"
#include "job/journal_record.h"
#include "runnel/port.h"

struct rn_journal {
    const struct rn_config *config;
    struct rn_error *error;
    struct rn_state state;
    bool opened;
    bool fresh;         /* what would be refused is left behind */
    unsigned next_slot; /* not the one that holds the newest record */
    struct rn_journal_record now;
    uint8_t bytes[RN_JOURNAL_BYTES];
};

size_t rn_journal_need(void)
{
    return RN_ROUND(sizeof(struct rn_journal));
}

static int fail(struct rn_journal *j, int code, const char *text)
{
    return rn_fail(j->error, code, RN_AT_STATE, "state file %.150s: %s",
                   j->config->job.state, text);
}

/* One slot: 1 with *r filled, 0 when it was never written, or an error. */
static int load_slot(struct rn_journal *j, unsigned slot,
                     struct rn_journal_record *r)
{
    int got = rn_state_load(&j->state, slot, j->bytes, sizeof j->bytes);

    if (got <= 0)
        return got;
    int err = rn_journal_decode(j->bytes, (size_t)got, r);
    return err < 0 ? err : 1;
}

static int refuse(struct rn_journal *j, const int *found)
{
    if (found[0] == RN_E_STATE || found[1] == RN_E_STATE)
        return fail(j, RN_E_STATE, "cannot be read; look at the disk");
    if (found[0] == RN_E_DENIED || found[1] == RN_E_DENIED)
        return fail(j, RN_E_STATE,
                    "was written by another version of runnel; use that one, "
                    "or --fresh to begin without its memory");
    if (found[0] == RN_E_TORN && found[1] == RN_E_TORN)
        return fail(j, RN_E_STATE,
                    "both of its records are damaged; --fresh begins without "
                    "its memory (an incremental job then starts at "
                    "watermark_start)");
    return RN_OK;
}

/* The job begins without a memory; what kept it from having one is told. */
static int leave_behind(struct rn_journal *j)
{
    char why[RN_WHY] = "";

    rn_log(RN_LOG_WARN,
           "%s: --fresh leaves it behind, with its watermark and what it knew "
           "of unfinished runs",
           j->error->text);
    rn_error_clear(j->error);
    memset(&j->now, 0, sizeof j->now);
    (void)rn_format(j->now.job, sizeof j->now.job, "%s", j->config->job.name);
    /* Both, or the one that stays would be refused next time. */
    for (unsigned slot = 0; slot < 2; slot++) {
        if (rn_state_save(&j->state, slot, j->bytes, 0, why) < 0)
            return fail(j, RN_E_STATE, why);
    }
    return RN_OK;
}

static int refuse_job(struct rn_journal *j)
{
    return rn_fail(j->error, RN_E_STATE, RN_AT_STATE,
                   "state file %.150s: belongs to job %s, this is job %s; "
                   "give each job a [job] state of its own, or take it over "
                   "with --fresh",
                   j->config->job.state, j->now.job, j->config->job.name);
}

static int load(struct rn_journal *j)
{
    struct rn_journal_record other;
    int found[2];

    found[0] = load_slot(j, 0, &j->now);
    found[1] = load_slot(j, 1, &other);
    int err = refuse(j, found);
    if (err < 0 &&
        (!j->fresh || found[0] == RN_E_STATE || found[1] == RN_E_STATE))
        return err;
    if (err < 0)
        return leave_behind(j);
    j->next_slot = found[0] == 1 ? 1 : 0;
    if (found[1] == 1 &&
        (found[0] != 1 || other.generation > j->now.generation)) {
        j->now = other;
        j->next_slot = 0;
    }
    if (found[0] != 1 && found[1] != 1)
        memset(&j->now, 0, sizeof j->now);
    else if (strcmp(j->now.job, j->config->job.name) != 0)
        return j->fresh ? (refuse_job(j), leave_behind(j)) : refuse_job(j);
    (void)rn_format(j->now.job, sizeof j->now.job, "%s", j->config->job.name);
    return RN_OK;
}

static int open_state(struct rn_journal *j, bool write)
{
    char why[RN_WHY] = "";
    int err = rn_state_open(&j->state, j->config->job.state, write, why);

    if (err == RN_E_BUSY)
        return fail(j, RN_E_BUSY, "another agent runs this job");
    if (err == RN_E_ABSENT && !write) {
        (void)rn_format(j->now.job, sizeof j->now.job, "%s",
                        j->config->job.name);
        return RN_OK;
    }
    if (err < 0)
        return rn_fail(j->error, RN_E_STATE, RN_AT_STATE,
                       "state file: %s; [job] state names a file that this "
                       "user can make and write",
                       why);
    j->opened = true;
    return load(j);
}

static int take(const struct rn_config *config, struct rn_arena *mem,
                struct rn_error *error, struct rn_journal **journal)
{
    struct rn_journal *j = RN_TAKE(mem, struct rn_journal, 1);

    *journal = j;
    if (j == NULL)
        return rn_fail(error, RN_E_FULL, RN_AT_STATE,
                       "no memory for the journal");
    j->config = config;
    j->error = error;
    return RN_OK;
}

static int finish_open(struct rn_journal **journal, bool write)
{
    int err = open_state(*journal, write);

    if (err < 0) {
        rn_journal_close(*journal);
        *journal = NULL;
    }
    return err;
}

int rn_journal_open(const struct rn_config *config, bool write,
                    struct rn_arena *mem, struct rn_error *error,
                    struct rn_journal **journal)
{
    int err = take(config, mem, error, journal);

    return err < 0 ? err : finish_open(journal, write);
}

int rn_journal_open_fresh(const struct rn_config *config, struct rn_arena *mem,
                          struct rn_error *error, struct rn_journal **journal)
{
    int err = take(config, mem, error, journal);

    if (err < 0)
        return err;
    (*journal)->fresh = true;
    return finish_open(journal, true);
}

void rn_journal_close(struct rn_journal *j)
{
    if (j == NULL || !j->opened)
        return;
    rn_state_close(&j->state);
    j->opened = false;
}

const struct rn_open_run *rn_journal_open_run(const struct rn_journal *j)
{
    return &j->now.open;
}

const struct rn_watermark *rn_journal_watermark(const struct rn_journal *j)
{
    return &j->now.watermark;
}

size_t rn_journal_history(const struct rn_journal *j,
                          const struct rn_past_run **runs)
{
    *runs = j->now.past;
    return j->now.pasts;
}

/* After a failure the slot's content is unknown: it is written again next
 * time, and the other one still holds the last record that is certain.
 */
static int save(struct rn_journal *j)
{
    char why[RN_WHY] = "";

    RN_ASSERT(j->opened);
    j->now.generation++;
    size_t len = rn_journal_encode(&j->now, j->bytes);
    int err = rn_state_save(&j->state, j->next_slot, j->bytes, len, why);
    if (err < 0)
        return rn_fail(j->error, RN_E_STATE, RN_AT_STATE,
                       "state file %.120s: %s; nothing is published that it "
                       "does not know of: free some space or repair the disk",
                       j->config->job.state, why);
    j->next_slot ^= 1;
    return RN_OK;
}

static bool in_history(const struct rn_journal *j, const char *run)
{
    for (size_t i = 0; i < j->now.pasts; i++)
        if (strcmp(j->now.past[i].run, run) == 0)
            return true;
    return false;
}

static void remember(struct rn_journal *j, const struct rn_past_run *past)
{
    size_t keep = j->now.pasts < RN_HISTORY ? j->now.pasts : RN_HISTORY - 1;

    /* A run that was stopped and completed later is told of once. */
    if (j->now.pasts > 0 && strcmp(j->now.past[0].run, past->run) == 0) {
        j->now.past[0] = *past;
        return;
    }
    memmove(&j->now.past[1], &j->now.past[0], keep * sizeof *past);
    j->now.past[0] = *past;
    j->now.pasts = keep + 1;
}

/* A run that was kept open only for its files is in the history already. */
static void interrupted(struct rn_journal *j)
{
    const struct rn_open_run *open = &j->now.open;
    struct rn_past_run past;

    if (open->run[0] == 0 || in_history(j, open->run))
        return;
    memset(&past, 0, sizeof past);
    memcpy(past.run, open->run, sizeof past.run);
    past.state = RN_RUN_INTERRUPTED;
    past.started_us = open->started_us;
    past.files = open->files;
    (void)rn_format(past.error, sizeof past.error, "killed, or lost its power");
    remember(j, &past);
}

int rn_journal_begin(struct rn_journal *j, const char *run, const char *ext,
                     int64_t started_us)
{
    struct rn_open_run *open = &j->now.open;

    interrupted(j);
    memset(open, 0, sizeof *open);
    (void)rn_format(open->run, sizeof open->run, "%s", run);
    (void)rn_format(open->ext, sizeof open->ext, "%s", ext);
    int n = rn_format(open->place, sizeof open->place, "%s\n%s",
                      j->config->store.url, j->config->store.path);
    if (n < 0 || (size_t)n >= sizeof open->place)
        return rn_fail(j->error, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: [store] url and path are too long together",
                       j->config->path);
    open->started_us = started_us;
    return save(j);
}

int rn_journal_publishing(struct rn_journal *j, uint32_t part)
{
    RN_ASSERT(j->now.open.run[0] != 0);
    j->now.open.files = part;
    return save(j);
}

int rn_journal_seal(struct rn_journal *j, const struct rn_past_run *past,
                    const struct rn_watermark *watermark,
                    const struct rn_load_owed *owed)
{
    struct rn_open_run *open = &j->now.open;

    RN_ASSERT(open->run[0] != 0);
    open->sealed = true;
    open->pending = owed->pending;
    open->shape = owed->shape;
    open->result = *past;
    open->marked = watermark != NULL;
    if (open->marked)
        open->watermark = *watermark;
    return save(j);
}

int rn_journal_loaded(struct rn_journal *j, unsigned i)
{
    RN_ASSERT(j->now.open.sealed);
    j->now.open.pending &= (uint8_t) ~(1u << i);
    return save(j);
}

int rn_journal_unseal(struct rn_journal *j)
{
    j->now.open.sealed = false;
    j->now.open.doomed = true;
    return save(j);
}

int rn_journal_doom(struct rn_journal *j)
{
    j->now.open.doomed = true;
    return save(j);
}

/* Slots 0 and 1 are the record's. */
int rn_journal_load_checkpoint(struct rn_journal *j, unsigned slot, uint8_t *to,
                               size_t cap)
{
    int got = rn_state_load(&j->state, 2 + slot, to, cap);

    return got < 0 ? fail(j, got, "cannot be read; look at the disk") : got;
}

int rn_journal_save_checkpoint(struct rn_journal *j, unsigned slot,
                               const uint8_t *p, size_t len)
{
    char why[RN_WHY] = "";
    int err = rn_state_save(&j->state, 2 + slot, p, len, why);

    if (err == RN_OK)
        return RN_OK;
    return rn_fail(j->error, RN_E_STATE, RN_AT_STATE,
                   "state file %.120s: %s; free some space or repair the disk",
                   j->config->job.state, why);
}

int rn_journal_end(struct rn_journal *j, const struct rn_past_run *past,
                   const struct rn_watermark *watermark, bool keep_open)
{
    remember(j, past);
    if (watermark != NULL)
        j->now.watermark = *watermark;
    if (!keep_open)
        memset(&j->now.open, 0, sizeof j->now.open);
    return save(j);
}
