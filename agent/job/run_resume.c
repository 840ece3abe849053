/* job/run_resume.c: checkpoints of a run with source.key, taken and gone on
 * with; see job/checkpoint.h.
 *
 *   a row is written -- the block is long enough --> cut: all bytes so far are
 *                                                    on their way
 *         -- one is due and none waits ------------> it is written down here
 *         -- its blocks are acknowledged ----------> it is saved
 *   a file has all its bytes: everything is acknowledged, that is saved, and
 *                             only then it becomes visible
 *
 * The pipeline never stops for one but at the end of a file. One that waits is
 * not replaced by a newer one: with blocks always under way none would ever be
 * saved.
 */
#include <string.h>

#include "core/log.h"
#include "core/base64.h"
#include "job/run_parts.h"
#include "runnel/port.h"

#define SAVED_FILE (3 * 8 + 4 + 2 + sizeof(((struct rn_result_file *)0)->etag))

size_t rn_resume_need(size_t columns)
{
    return rn_checkpoint_need() + RN_RESULT_FILES * SAVED_FILE +
           rn_digest_save_need(columns) + RN_GZIP_SAVED +
           rn_part_save_need(0, 0);
}

int rn_resume_open(struct run *r, struct rn_arena *mem)
{
    struct rn_keeper *k = &r->keeper;
    uint32_t segments = r->plan.block_segments;

    if (r->plan.checkpoint == 0)
        return RN_OK;
    k->cap = r->plan.checkpoint;
    k->bytes = RN_TAKE(mem, uint8_t, k->cap);
    if (!k->bytes)
        return rn_fail(r->error, RN_E_FULL, RN_AT_AGENT,
                       "the memory plan left no room for a checkpoint");
    /* The segment at hand goes out as well, so one less makes a block. */
    k->every = (uint64_t)(segments > 1 ? segments - 1 : 1) * r->plan.segment;
    k->job = rn_checkpoint_job(r->config, &r->schema);
    return RN_OK;
}

void rn_resume_forget(struct run *r)
{
    struct rn_keeper *k = &r->keeper;

    k->len = 0;
    k->number = 0;
    k->cut = 0;
    k->saved = false;
    k->going_on = false;
    k->went_on = false;
    k->saved_ms = INT64_MIN / 2; /* the first one is due */
    r->result->resumed = 0;
    r->source->before = 0;
}

/* -- what is kept ---------------------------------------------------------- */

static void put_files(const struct run *r, struct rn_record *to)
{
    for (uint32_t i = 0; i < r->committed && i < RN_RESULT_FILES; i++) {
        const struct rn_result_file *f = &r->result->file[i];

        rn_record_put(to, f->rows, 8);
        rn_record_put(to, f->bytes, 8);
        rn_record_put(to, f->crc64, 8);
        rn_record_put(to, f->blocks, 4);
        rn_record_put_text(to, f->etag);
    }
}

static void get_files(struct run *r, struct rn_record *from)
{
    for (uint32_t i = 0; i < r->committed && i < RN_RESULT_FILES; i++) {
        struct rn_result_file *f = &r->result->file[i];

        f->rows = rn_record_get(from, 8);
        f->bytes = rn_record_get(from, 8);
        f->crc64 = rn_record_get(from, 8);
        f->blocks = (uint32_t)rn_record_get(from, 4);
        rn_record_get_text(from, f->etag, sizeof f->etag);
    }
}

static struct rn_checkpoint describe(const struct run *r,
                                     enum rn_checkpoint_at at)
{
    struct rn_checkpoint c = {
        .number = r->keeper.number,
        .job = r->keeper.job,
        .at = at,
        .files = r->committed,
        .rows = r->result->rows,
        .bytes = r->result->bytes,
        .before = r->part_first_row,
        .counts = r->source->counts,
        .key = r->key,
        .watermark = r->watermark,
        .ceiling = r->ceiling,
        .listed = r->writer.files,
    };

    memcpy(c.run, r->result->run, sizeof c.run);
    return c;
}

/* Everything is handed over. An encoder whose file is complete has nothing to
 * add.
 */
static void write_down(struct run *r, enum rn_checkpoint_at at)
{
    struct rn_keeper *k = &r->keeper;
    struct rn_checkpoint c;
    struct rn_record to;

    k->number++;
    c = describe(r, at);
    rn_record_open(&to, k->bytes, k->cap);
    rn_checkpoint_begin(&to, &c);
    put_files(r, &to);
    rn_digest_save(r->digest, &to);
    rn_part_save(&r->manifest, &to);
    if (at != RN_MANIFEST_COMPLETE)
        rn_part_save(&r->part, &to);
    if (at == RN_BETWEEN_ROWS && r->gzipped)
        rn_gzip_save(&r->gzip, &to);
    if (at == RN_BETWEEN_ROWS && r->encoder->cls->save)
        r->encoder->cls->save(r->encoder, &to);
    k->len = rn_checkpoint_end(&to);
    RN_ASSERT(k->len > 0); /* the plan has asked everybody */
    k->upto = r->uploader.submitted;
}

/* After a failure the slot's content is unknown: it is written again next
 * time, and the other one still holds the checkpoint before.
 */
static int save(struct run *r)
{
    struct rn_keeper *k = &r->keeper;
    int err = rn_journal_save_checkpoint(r->journal, k->slot, k->bytes, k->len);

    k->len = 0;
    k->saved_ms = rn_clock_mono();
    if (err < 0)
        return err;
    k->slot ^= 1;
    k->saved = true;
    return RN_OK;
}

/* One that cannot be saved costs nobody a row: a run that is cut off goes on
 * at the one before.
 */
static void save_if_acknowledged(struct run *r)
{
    struct rn_keeper *k = &r->keeper;
    struct rn_error first = *r->error;

    if (k->len == 0 || !rn_uploader_has(&r->uploader, k->upto))
        return;
    rn_error_clear(r->error);
    if (save(r) < 0)
        rn_log(RN_LOG_WARN, "a checkpoint could not be saved: %s",
               r->error->text);
    *r->error = first;
}

/* Each one that knows of another file costs the manifest a block. A run of very
 * many files is left without them before the manifest is without room.
 */
static bool has_room(const struct run *r)
{
    return !rn_part_near_limit(&r->manifest, RN_MAX_BLOCKS / 2);
}

static bool is_due(const struct run *r)
{
    const struct rn_keeper *k = &r->keeper;

    return k->len == 0 &&
           rn_clock_mono() - k->saved_ms >= r->config->job.checkpoint_ms &&
           has_room(r);
}

static int cut(struct run *r)
{
    struct rn_encoder *e = r->encoder;
    int err = e->cls->rest ? e->cls->rest(e) : 1;

    if (err <= 0)
        return err;
    err = r->gzipped ? rn_gzip_rest(&r->gzip) : RN_OK;
    if (err == RN_OK)
        err = rn_part_cut(&r->part);
    if (err < 0)
        return err;
    r->keeper.cut = rn_part_bytes(&r->part);
    if (!is_due(r))
        return RN_OK;
    err = rn_part_cut(&r->manifest);
    if (err == RN_OK)
        write_down(r, RN_BETWEEN_ROWS);
    return err;
}

int rn_resume_step(struct run *r)
{
    const struct rn_keeper *k = &r->keeper;

    if (!k->bytes)
        return RN_OK;
    save_if_acknowledged(r);
    if (rn_part_bytes(&r->part) - k->cut < k->every)
        return RN_OK;
    return cut(r);
}

int rn_resume_closing(struct run *r)
{
    int err;

    if (!r->keeper.bytes || !has_room(r))
        return RN_OK;
    err = rn_part_finish(&r->part);
    if (err == RN_OK)
        err = rn_part_cut(&r->manifest);
    if (err == RN_OK)
        err = rn_uploader_settle(&r->uploader);
    if (err < 0)
        return err;
    write_down(r, RN_FILE_COMPLETE);
    return save(r);
}

int rn_resume_ending(struct run *r)
{
    int err;

    if (!r->keeper.bytes || !has_room(r))
        return RN_OK;
    err = rn_part_finish(&r->manifest);
    if (err == RN_OK)
        err = rn_uploader_settle(&r->uploader);
    if (err < 0)
        return err;
    write_down(r, RN_MANIFEST_COMPLETE);
    return save(r);
}

bool rn_resume_keeps(struct run *r)
{
    struct rn_keeper *k = &r->keeper;

    /* Blocks that the service has not any more will not be there next time. */
    if (!k->bytes || rn_error_exit(r->error) != 75 ||
        r->error->code == RN_E_STALE)
        return false;
    save_if_acknowledged(r);
    if (k->saved)
        rn_log(RN_LOG_WARN, "run %s is kept: the next one goes on with it",
               r->result->run);
    return k->saved;
}

/* -- going on -------------------------------------------------------------- */

static int load(struct run *r, unsigned slot, struct rn_checkpoint *c,
                struct rn_record *from)
{
    struct rn_keeper *k = &r->keeper;
    int got = rn_journal_load_checkpoint(r->journal, slot, k->bytes, k->cap);

    if (got < 0)
        return got;
    if (got == 0)
        return RN_E_ABSENT;
    return rn_checkpoint_read(from, k->bytes, (size_t)got, c);
}

static const char *reason(int err)
{
    if (err == RN_E_DENIED)
        return "another version of runnel wrote its checkpoint";
    return err == RN_E_TORN ? "its checkpoint is damaged"
                            : "it has no checkpoint yet";
}

/* The newest one of this run: 1 with *c and the rest of it in *from. */
static int newest(struct run *r, struct rn_checkpoint *c,
                  struct rn_record *from, const char **why)
{
    const char *run = rn_journal_open_run(r->journal)->run;
    unsigned best = 2;
    uint64_t number = 0;

    *why = reason(RN_E_ABSENT);
    for (unsigned slot = 0; slot < 2; slot++) {
        int err = load(r, slot, c, from);

        if (err == RN_E_STATE)
            return err;
        if (err < 0 && err != RN_E_ABSENT)
            *why = reason(err);
        if (err < 0 || strcmp(c->run, run) != 0 || c->number <= number)
            continue;
        best = slot;
        number = c->number;
    }
    if (best == 2)
        return 0;
    r->keeper.slot = best ^ 1;
    return load(r, best, c, from) == RN_OK;
}

/* Files that may be visible are those that it knows of: else it is older than
 * one that was published, and what it would go on with is not what is there.
 */
static bool fits(const struct run *r, const struct rn_checkpoint *c,
                 const char **why)
{
    const struct rn_open_run *open = rn_journal_open_run(r->journal);

    if (c->job != r->keeper.job) {
        *why = "the job has changed";
        return false;
    }
    if (c->files + (c->at == RN_FILE_COMPLETE ? 1u : 0u) < open->files) {
        *why = "its checkpoint is older than its last file";
        return false;
    }
    return true;
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c - 'a' + 10;
}

/* Names and ids are made of the run's name. */
static void become(struct run *r, const struct rn_checkpoint *c)
{
    const struct rn_open_run *open = rn_journal_open_run(r->journal);
    const char *nonce = open->run + RN_RUN_ID - 2 * (size_t)RN_NONCE;

    memcpy(r->result->run, open->run, sizeof r->result->run);
    for (size_t i = 0; i < RN_NONCE; i++)
        r->attempt.nonce[i] =
            (uint8_t)(hex(nonce[2 * i]) << 4 | hex(nonce[2 * i + 1]));
    r->attempt.run = r->result->run;
    r->started_us = open->started_us;
    r->committed = c->files;
    r->publishing = open->files;
    r->sealed = false;
    r->finished = false;
    r->result->rows = c->rows;
    r->result->resumed = c->rows;
    r->result->bytes = c->bytes;
    r->result->files = c->files;
    r->part_first_row = c->before;
    r->key = c->key;
    r->watermark = c->watermark;
    r->ceiling = c->ceiling;
}

/* The data file as it was, up to where its next byte goes. */
static int rebuild_part(struct run *r, const struct rn_checkpoint *c,
                        struct rn_record *from)
{
    bool rows = c->at == RN_BETWEEN_ROWS;
    int err = rn_files_open(r);

    r->part_first_row = c->before;
    if (err == RN_OK)
        err = rn_part_restore(&r->part, from);
    if (err == RN_OK && rows && r->gzipped)
        err = rn_gzip_restore(&r->gzip, from, &r->part.lane.out);
    if (err == RN_OK && rows)
        err = r->encoder->cls->restore(r->encoder, from);
    return err;
}

static int rebuild(struct run *r, const struct rn_checkpoint *c,
                   struct rn_record *from)
{
    int err = rn_digest_restore(r->digest, from);

    if (err == RN_OK)
        err = rn_publish_open(r);
    if (err == RN_OK)
        err = rn_part_restore(&r->manifest, from);
    r->writer.files = c->listed;
    if (err == RN_OK && c->at != RN_MANIFEST_COMPLETE)
        err = rebuild_part(r, c, from);
    if (err == RN_OK && (from->bad || from->at != from->cap))
        err = RN_E_TORN;
    return err;
}

/* Nothing has been sent yet: as if it had not been tried. */
static void give_up(struct run *r)
{
    rn_part_abandon(&r->part);
    rn_part_abandon(&r->manifest);
    rn_digest_clear(r->digest);
    r->result->rows = 0;
    r->result->bytes = 0;
    r->result->files = 0;
    r->result->run[0] = '\0';
    memset(&r->key, 0, sizeof r->key);
    memset(&r->ceiling, 0, sizeof r->ceiling);
    r->watermark = r->bound;
}

int rn_resume_try(struct run *r, const char **why)
{
    struct rn_checkpoint c;
    struct rn_record from;
    struct rn_keeper *k = &r->keeper;
    int err;

    *why = "the job has no source.key";
    if (r->config->source.key[0] != '\0')
        *why = r->plan.resume;
    if (!k->bytes)
        return 0;
    err = newest(r, &c, &from, why);
    if (err <= 0 || !fits(r, &c, why))
        return err < 0 ? err : 0;
    rn_resume_forget(r);
    become(r, &c);
    get_files(r, &from);
    err = rebuild(r, &c, &from);
    if (err < 0) {
        give_up(r);
        if (r->uploader.err != RN_OK || r->error->code != RN_OK)
            return err;
        *why = "its checkpoint does not fit today's memory";
        return 0;
    }
    k->number = c.number;
    k->cut = rn_part_bytes(&r->part);
    k->saved = true;
    k->going_on = true;
    r->source->counts = c.counts;
    return 1;
}

int rn_resume_begin(struct run *r)
{
    struct rn_binding binding;
    struct rn_counts counts = r->source->counts;
    int err;

    r->keeper.going_on = false;
    r->keeper.went_on = true;
    rn_log(RN_LOG_WARN, "going on with run %s after row %llu", r->result->run,
           (unsigned long long)r->result->rows);
    if (r->manifest.finished) /* no row is missing */
        return RN_OK;
    rn_run_bind_again(r, &binding);
    err = r->source->cls->again(r->source, &binding);
    if (err < 0)
        return err;
    r->source->counts = counts;
    r->source->counts.rows = 0;
    r->source->before = r->result->rows;
    return r->part.finished ? rn_files_publish(r) : RN_OK;
}
