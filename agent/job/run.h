/* job/run.h: one refresh: the query's rows become files in the container, then
 * a manifest, then _SUCCESS.
 *
 *   IDLE -> OPEN -> ROWS -> SEAL -> PUBLISH -> DONE
 *             |       |       |        |
 *             +-------+-------+--------+--> CLEAN -> FAILED
 *
 * What is always true: nothing is visible as finished before _SUCCESS, which
 * is written last; a name is used for one attempt only; after a failure the
 * files that had been committed are removed, or named in the result and again
 * in the next run's.
 */
#ifndef JOB_RUN_H
#define JOB_RUN_H

#include "job/plan.h"
#include "runnel/arena.h"
#include "runnel/config.h"
#include "runnel/error.h"
#include "runnel/limits.h"
#include "runnel/out.h"
#include "runnel/row.h"

/* A run's name: UTC time and the attempt's nonce, sortable, made of
 * characters that every store takes: "20261122T021500Z-0123456789abcdef".
 */
#define RN_RUN_ID 33

struct rn_progress {
    uint64_t rows;
    uint64_t bytes;  /* written by the encoder, after compression */
    uint64_t stored; /* acknowledged by the store                 */
    uint32_t files;  /* committed                                 */
    unsigned in_flight;
    uint64_t retries;
    size_t memory_used; /* arena bytes in use: fixed parts and pool  */
    size_t memory_budget;
    int64_t elapsed_ms;
};

struct rn_run_options {
    bool fresh; /* ignore a journal that could be resumed */
    /* Called now and then (at most every 100 ms or so), may be NULL. */
    void (*progress)(void *ctx, const struct rn_progress *p);
    void *ctx;
    struct rn_out *statements; /* where load = none prints what to paste;
                                * NULL: nowhere                          */
    /* Of a program that brings the rows: its columns, as many as the row has
     * cells. NULL: the source knows them.
     */
    struct rn_col *col;
    const struct rn_row *row;
};

struct rn_result_file {
    uint64_t rows;
    uint64_t bytes;
    uint64_t crc64;
    uint32_t blocks; /* 0: one Put Blob */
    char etag[64];
};

struct rn_report;

/* What became of a run in one of them. */
struct rn_result_load {
    const char *name;  /* of the warehouse; NULL: the job has it not */
    const char *state; /* "loaded", "repeated", "failed", "waiting", or
                        * "left" to a person (load = none)              */
    char place[200];   /* host and table                             */
    uint64_t rows;
    char statement[64]; /* the service's id of it */
};

struct rn_result {
    char run[RN_RUN_ID + 1];
    const char *state; /* "done", "failed", "stopped"                     */
    uint64_t rows;
    uint64_t
        resumed; /* of them: staged by an earlier process, not read again */
    uint64_t bytes;
    uint32_t files; /* committed in all; the first RN_RESULT_FILES kept */
    struct rn_result_file file[RN_RESULT_FILES];
    struct rn_counts counts;
    uint64_t retries;
    unsigned restarts; /* of the whole run                                 */
    int64_t elapsed_ms;
    size_t budget; /* job.memory                                   */
    size_t peak;   /* private memory of the process at the end, or
                            * what the arena used where that is not known  */
    char completed[RN_RUN_ID + 1]; /* an interrupted run that only lacked its
                                    * _SUCCESS and now has it, or ""      */
    const char *warning; /* the store's one line, or NULL                */
    char place[200];     /* where the files are, without a secret        */

    /* Committed files of a failed run that could not be removed: parts 1 to
     * `leftovers` of run `leftover_run` under the job's path; `leftover_first`
     * is the name of the first. 0: none.
     */
    struct rn_result_load load[RN_WAREHOUSES]; /* as in rn_warehouses[] */
    const struct rn_report *report; /* job/validate.h; NULL: not asked for */

    uint32_t leftovers;
    char leftover_run[RN_RUN_ID + 1];
    char leftover_first[RN_PATH_MAX];
};

/* The name of part `part` (from 1) of this run: the job's path template with
 * {job} {date} {time} {run} {part} {ext} filled in. Returns the length, or
 * RN_E_CONFIG when it does not fit.
 */
int rn_run_path(const struct rn_config *config, const char *run, uint32_t part,
                const char *ext, char to[RN_PATH_MAX]);

/* The path template must have {run} in a folder, so that a run's marker files
 * are its own, and {part}; nothing in it may lead out of the container.
 */
int rn_run_check_path(const struct rn_config *config, struct rn_error *error);

/* Run the job to its end. `mem` is the whole budget's arena (job.memory less
 * what the process itself takes); everything is carved from it. Returns RN_OK
 * or error->code. `result` is filled either way, as far as the run came.
 */
int rn_run(const struct rn_config *config, const struct rn_run_options *options,
           struct rn_arena *mem, struct rn_result *result,
           struct rn_error *error);

/* The `check` command: every step of a run without a trace. `step` is called
 * for each with RN_OK and what was found, or a code and what to do. Returns the
 * first failure's code; `error` has it too.
 */
int rn_probe(const struct rn_config *config, struct rn_arena *mem,
             void (*step)(void *ctx, const char *name, int err,
                          const char *text),
             void *ctx, struct rn_error *error);

#endif
