/* job/journal.h: what a job remembers between runs, and across power cuts.
 *
 *     open -> begin -> publishing ... -> seal -> end -> close
 *
 * One small record in two slots (runnel/port.h), written in turn with a
 * generation and a checksum: a save that was cut leaves the older record to be
 * used. Every call that changes the record returns only once it is on stable
 * storage, so what a later call publishes is always known here before.
 *
 * All failures are RN_E_STATE (RN_E_BUSY: another agent has the record) with a
 * text that names the state file, the system's words and what to do.
 */
#ifndef JOB_JOURNAL_H
#define JOB_JOURNAL_H

#include "job/run.h"
#include "runnel/arena.h"
#include "runnel/config.h"
#include "runnel/error.h"
#include "runnel/limits.h"
#include "runnel/row.h"

/* A value as the database holds it; RN_NULL type: none yet. */
struct rn_watermark {
    enum rn_type type; /* RN_NULL, RN_I64, RN_F64, RN_TEXT, RN_BLOB */
    int64_t i64;
    double f64;
    uint16_t len;
    uint8_t bytes[RN_WATERMARK_MAX];
};

enum rn_run_state {
    RN_RUN_NONE,
    RN_RUN_DONE,
    RN_RUN_FAILED,
    RN_RUN_STOPPED,    /* by a signal or the deadline; exit 75           */
    RN_RUN_INTERRUPTED /* found unfinished: killed, or power was cut     */
};

struct rn_past_run {
    char run[RN_RUN_ID + 1];
    enum rn_run_state state;
    int64_t started_us; /* wall clock */
    int64_t elapsed_ms;
    uint64_t rows;
    uint64_t bytes;
    uint32_t files;
    uint64_t resumed; /* rows that an earlier process had staged, 0: none */
    char error[120];
};

/* A run that has begun and not ended. `place` is store.url without a secret,
 * a newline, and the path template: enough to find its files again.
 */
struct rn_open_run {
    char run[RN_RUN_ID + 1]; /* "" : none */
    char place[RN_PLACE_MAX];
    char ext[16];
    int64_t started_us;
    uint32_t files; /* data files 1..files may be visible */
    bool doomed;    /* its files are being removed: it is never gone on with */

    /* All files and the manifest are published and only _SUCCESS may be
     * missing: such a run is completed, not undone. The rest is what end()
     * will be told.
     */
    bool sealed;
    uint8_t pending; /* a bit for each warehouse that has yet to load it,
                      * by its place in rn_warehouses[]                   */
    uint64_t shape;  /* rn_manifest_shape(): its files are loaded by a job
                     * that still has it                                  */
    struct rn_past_run result;
    bool marked; /* there is a watermark */
    struct rn_watermark watermark;
};

/* What warehouses have yet to load of a run that is sealed. */
struct rn_load_owed {
    uint8_t pending;
    uint64_t shape;
};

struct rn_journal; /* opaque */

size_t rn_journal_need(void);

/* Open and lock the job's record. A record that is torn, of a newer version or
 * of another job is refused with what to do; an empty or missing one is a
 * fresh start. `write` false: for `status`, does not lock and does not create.
 */
int rn_journal_open(const struct rn_config *config, bool write,
                    struct rn_arena *mem, struct rn_error *error,
                    struct rn_journal **journal);

/* The same for `runnel run --fresh`: what would be refused because it is torn,
 * of another version or of another job is left behind with a warning, and the
 * job begins without a memory. What cannot be read or locked still is an error.
 */
int rn_journal_open_fresh(const struct rn_config *config, struct rn_arena *mem,
                          struct rn_error *error, struct rn_journal **journal);

/* The run that never ended, if there is one (run[0] != 0). */
const struct rn_open_run *rn_journal_open_run(const struct rn_journal *j);

const struct rn_watermark *rn_journal_watermark(const struct rn_journal *j);

/* Past runs, the newest first; returns how many (up to RN_HISTORY). */
size_t rn_journal_history(const struct rn_journal *j,
                          const struct rn_past_run **runs);

/* A run begins; an open run that is still there is moved to the history as
 * interrupted.
 */
int rn_journal_begin(struct rn_journal *j, const char *run, const char *ext,
                     int64_t started_us);

/* Data file `part` (from 1) may become visible from now on. */
int rn_journal_publishing(struct rn_journal *j, uint32_t part);

/* Everything but _SUCCESS of the open run is published: if nobody comes to
 * write that, the next run shall. `past` and `watermark` as in end().
 */
int rn_journal_seal(struct rn_journal *j, const struct rn_past_run *past,
                    const struct rn_watermark *watermark,
                    const struct rn_load_owed *owed);

/* Warehouse `i` has loaded the open run: it is not asked again. */
int rn_journal_loaded(struct rn_journal *j, unsigned i);

/* _SUCCESS was refused for good: the open run is to be undone after all. */
int rn_journal_unseal(struct rn_journal *j);

/* The open run's files are going to be removed. */
int rn_journal_doom(struct rn_journal *j);

/* A checkpoint of the open run in one of its two slots, 0 or 1: bytes read (0:
 * there is none), or RN_OK once it is on stable storage.
 */
int rn_journal_load_checkpoint(struct rn_journal *j, unsigned slot, uint8_t *to,
                               size_t cap);
int rn_journal_save_checkpoint(struct rn_journal *j, unsigned slot,
                               const uint8_t *p, size_t len);

/* The open run is over. `watermark` (may be NULL: unchanged) becomes the job's
 * in the same save; only a done run has one. `keep_open`: its files could not
 * be removed, so the next run shall try again.
 */
int rn_journal_end(struct rn_journal *j, const struct rn_past_run *past,
                   const struct rn_watermark *watermark, bool keep_open);

/* Unlock. Safe with NULL. */
void rn_journal_close(struct rn_journal *j);

#endif
