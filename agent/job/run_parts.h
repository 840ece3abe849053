/* job/run_parts.h: the pieces of a run that run.c and its neighbours share.
 *
 *   run.c          the life of a run, from opening to the verdict
 *   run_open.c     everything opened and carved
 *   run_files.c    data files: begin, roll, commit
 *   run_publish.c  the manifest and _SUCCESS
 *   run_clean.c    what a failed run left behind
 *   run_resume.c   checkpoints, taken and gone on with; run_resume_none.c in
 *                  its place: none
 *   run_key.c      values as the database holds them: their order
 */
#ifndef JOB_RUN_PARTS_H
#define JOB_RUN_PARTS_H

#include "compress/gzip.h"
#include "job/checkpoint.h"
#include "job/journal.h"
#include "job/manifest.h"
#include "job/run.h"
#include "lane/columns.h"
#include "lane/part.h"
#include "row/check.h"
#include "row/digest.h"
#include "runnel/warehouse.h"

/* Segments a pool keeps beside the blocks: the data lane's one in hand, and
 * the manifest's, which is written along with the data (two in its chain, one
 * in hand) plus one so that neither waits for the other.
 */
#define RN_SPARE_SEGMENTS    5u
#define RN_MANIFEST_SEGMENTS 2u

/* Entries of the block queue beyond one a connection. */
#define RN_QUEUE_SPARE 2u

/* A file is closed while so many of the 50,000 blocks are left, so that the
 * row that crosses the line still fits.
 */
#define RN_LIMIT_SPARE 16u

/* The checkpoints of a run with source.key (run_resume.c). */
struct rn_keeper {
    uint8_t *bytes; /* one of them; NULL: this run has none          */
    size_t cap;
    size_t len;       /* of one that waits for its blocks, 0: none   */
    uint64_t upto;    /* so many blocks have to be acknowledged      */
    uint64_t number;  /* of the one taken last                       */
    unsigned slot;    /* where the next one goes                     */
    int64_t saved_ms; /* when one was saved last                     */
    uint64_t every;   /* bytes from cut to cut                       */
    uint64_t cut;     /* bytes of the part at the last one           */
    uint64_t job;     /* rn_checkpoint_job()                         */
    bool saved;       /* one of this run is in the state file        */
    bool going_on;    /* the next attempt goes on where it says      */
    bool went_on;     /* this one did                                */
};

struct run {
    const struct rn_config *config;
    const struct rn_run_options *options;
    struct rn_result *result;
    struct rn_error *error;
    struct rn_classes classes;
    struct rn_memory_plan plan;

    struct rn_journal *journal;
    struct rn_source *source;
    struct rn_schema schema; /* a copy: the source's changes with a query  */
    struct rn_encoder *encoder;
    struct rn_digest *digest;
    struct rn_check check;
    struct rn_gzip gzip;
    bool gzipped;
    struct rn_store *store;
    struct rn_pool pool;
    struct rn_uploader uploader;

    /* This attempt */
    struct rn_attempt attempt;
    int64_t started_ms;  /* monotonic, of the first attempt   */
    int64_t started_us;  /* wall clock, of this attempt       */
    uint32_t committed;  /* data files of this attempt        */
    uint32_t publishing; /* data files that may be visible    */
    bool sealed;         /* only _SUCCESS may be missing      */
    bool finished;       /* _SUCCESS is there: readers see it */

    /* Those that the job has not are NULL. */
    struct rn_warehouse *warehouse[RN_WAREHOUSES];
    struct rn_warehouse *connect; /* [connect]; NULL: the job has it not */
    struct rn_http *http;         /* theirs: the store's, or their own */
    bool http_own;
    struct rn_arena validation; /* what asking all places needs */
    struct rn_report *report;

    /* The data file at hand and the manifest, written side by side. */
    struct rn_part part;
    struct rn_columns columns; /* of the part; plan.lanes > 0     */
    uint64_t part_first_row;   /* rows before it                  */
    struct rn_part manifest;
    struct rn_manifest_writer writer;
    char part_path[RN_PATH_MAX];
    char manifest_path[RN_PATH_MAX];
    char path[RN_PATH_MAX]; /* scratch: markers, removals       */
    char rows_text[24];
    struct rn_meta part_meta[2];
    struct rn_meta manifest_meta[2];
    char ext[RN_EXT];

    /* The highest watermark seen, and the one that the query is bound to,
     * which must not change while it runs.
     */
    size_t watermark_column; /* SIZE_MAX: none */
    struct rn_watermark watermark;
    struct rn_watermark bound;

    /* The same of source.key: of the last row, and what :after is bound to. */
    size_t key_column; /* SIZE_MAX: none */
    struct rn_watermark key;
    struct rn_watermark after;

    /* With both: rows above it came after this run had begun, and are for the
     * next one. RN_NULL: there is no such line.
     */
    struct rn_watermark ceiling;
    struct rn_keeper keeper;

    int64_t tick_ms; /* when progress was shown last */
};

/* run.c: the life of a run in steps, for those that have rows (rn_run()) and
 * those that are brought them (push_run.c):
 *
 *     new -> start -> { attempt -> row ... row -> complete -> settle } -> over
 *
 * Each gives RN_OK or r->error->code. After a failure of attempt, row or
 * complete comes settle, which undoes what the attempt did and records it;
 * after one of start comes over.
 */
struct run *rn_run_new(const struct rn_config *config,
                       const struct rn_run_options *options,
                       struct rn_arena *mem, struct rn_result *result,
                       struct rn_error *error); /* NULL: no memory */
int rn_run_start(struct run *r, struct rn_arena *mem);
int rn_run_attempt(struct run *r);
int rn_run_row(struct run *r, struct rn_row *row);
int rn_run_complete(struct run *r);
void rn_run_settle(struct run *r);
void rn_run_over(struct run *r);

/* run_open.c */
size_t rn_run_need(void);
int rn_run_open(struct run *r, struct rn_arena *mem);

/* Its steps, in this order after rn_plan_classes() and rn_journal_open(). */
int rn_run_open_source(struct run *r, struct rn_arena *mem);
int rn_run_open_rows(struct run *r, struct rn_arena *mem);
int rn_run_open_store(struct run *r, struct rn_arena *mem);

void rn_run_close(struct run *r);
int rn_run_new_attempt(struct run *r);

/* When the run must be over, a point in time; INT64_MAX: no deadline. */
int64_t rn_run_deadline(const struct run *r);

/* The values the query is bound to: the journal's watermark or the job's first
 * one.
 */
void rn_run_bind(struct run *r, struct rn_binding *binding);

/* The same for a run that goes on: what comes after its last row. */
void rn_run_bind_again(struct run *r, struct rn_binding *binding);

/* Start the query again: RN_E_SOURCE when its columns are others now. */
int rn_run_query(struct run *r);

/* run_files.c */
int rn_files_begin(struct run *r);
int rn_files_row(struct run *r, const struct rn_row *row, uint64_t number);
int rn_files_end(struct run *r);

/* Before a row: a full file is closed, and there is one for the row. */
int rn_files_roll(struct run *r);

/* For going on: the file at hand as rn_files_begin() leaves it, but empty; and
 * the commit of one that is complete.
 */
int rn_files_open(struct run *r);
int rn_files_publish(struct run *r);

/* run_publish.c */
int rn_publish_begin(struct run *r);
int rn_publish_open(struct run *r); /* begin without the first bytes */
int rn_publish_file(struct run *r, const struct rn_result_file *file);
int rn_publish_end(struct run *r);

/* Write the _SUCCESS of a run: this one, or one that was interrupted there. */
int rn_publish_success(struct run *r, const struct rn_config *config,
                       const char *run);

/* Readers see no _SUCCESS of that run, and it will not appear: only then may
 * its files be removed. False when that cannot be told.
 */
bool rn_publish_is_absent(struct run *r, const struct rn_config *config,
                          const char *run);

/* What the journal keeps of this attempt as it stands. */
void rn_run_past(const struct run *r, struct rn_past_run *past);
const struct rn_watermark *rn_run_watermark(const struct run *r);

/* The path of a marker beside a run's files: "_manifest.json", "_SUCCESS". */
int rn_run_marker(const struct rn_config *config, const char *run,
                  const char *name, char to[RN_PATH_MAX]);

/* run_clean.c: remove what this attempt made visible; returns how many files
 * could not be removed (they are named in the result).
 */
uint32_t rn_clean_attempt(struct run *r);

/* run_recover.c: settle a run that was killed, found in the journal: complete
 * it when only its _SUCCESS may be missing, else remove what it left.
 */
int rn_recover(struct run *r);

/* The same removal for a run by name; the configuration gives the path. */
uint32_t rn_clean_run(struct run *r, const struct rn_config *config,
                      const struct rn_open_run *open);
void rn_clean_remember(struct run *r, const char *run, uint32_t left);

/* run_load.c: what follows _SUCCESS: each warehouse loads the run, then all
 * places are asked what they hold. `then` gives the path, `open` the run.
 */
size_t rn_run_load_need(const struct rn_config *config,
                        const struct rn_schema *schema);
int rn_run_open_warehouses(struct run *r, struct rn_arena *mem);
uint8_t rn_run_pending(const struct run *r);
int rn_run_load(struct run *r, const struct rn_config *then,
                const struct rn_open_run *open);
int rn_run_validate(struct run *r);
void rn_run_close_warehouses(struct run *r);

/* run_key.c: keep a cell as native() gave it, RN_E_FULL when it is longer than
 * RN_WATERMARK_MAX; make one of it again; and whether it is above another in
 * the database's order.
 */
int rn_mark_set(struct rn_watermark *w, const struct rn_cell *c);
void rn_mark_cell(const struct rn_watermark *w, struct rn_cell *c);
bool rn_mark_is_below(const struct rn_watermark *w, const struct rn_cell *c);

/* Find the columns of source.key and source.watermark. */
int rn_key_columns(struct run *r);

/* With both, on different columns: learn which rows are this run's. A run that
 * goes on reads what is there by then, and a watermark that had passed rows
 * which came in the meantime, with keys below the last one, would lose them.
 */
int rn_key_ceiling(struct run *r);

/* The row is for the next run. */
bool rn_key_is_later(struct run *r);

/* Keep what there is to keep of a row, if it comes in its order. */
int rn_key_row(struct run *r, uint64_t number);

/* run_resume.c. Bytes of a checkpoint without encoder and data file. */
size_t rn_resume_need(size_t columns);
int rn_resume_open(struct run *r, struct rn_arena *mem);

/* A new attempt has no checkpoint. */
void rn_resume_forget(struct run *r);

/* After each row: save what can be, cut where a block is long enough. */
int rn_resume_step(struct run *r);

/* A data file has all its bytes: before it can become visible, a checkpoint
 * says so.
 */
int rn_resume_closing(struct run *r);

/* The same for the manifest, when all data files are visible. */
int rn_resume_ending(struct run *r);

/* The attempt failed in a way that a later run can go on from: true, and what
 * could be saved is.
 */
bool rn_resume_keeps(struct run *r);

/* The journal's open run: 1 when this run goes on with it, 0 with a reason in
 * `why` when it has to begin anew, or an error.
 */
int rn_resume_try(struct run *r, const char **why);

/* What is left to do before the next row of a run that goes on. */
int rn_resume_begin(struct run *r);

/* Progress, when it is due. */
void rn_run_tick(void *ctx);

#endif
