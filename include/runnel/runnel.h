/* runnel.h: the agent as a library: a program pushes rows, and they arrive as
 * files in a container, whole or not at all.
 *
 *     rn_need -> rn_open -> { rn_put_... rn_end_row } -> rn_finish
 *                               |  ^                       |
 *                               +--+ rn_poll       rn_abandon (at any point)
 *
 * The job is the text of a job file with `kind = push` in [source]. The caller
 * gives all memory; nothing else is allocated, and no call but rn_open(),
 * rn_finish() and rn_abandon() waits for the network unless memory is full of
 * rows that have yet to leave. One run at a time, called from one thread.
 *
 *     static const char job[] =
 *         "[source]\n"
 *         "kind = push\n"
 *         "[file]\n"
 *         "format = csv\n"
 *         "[store]\n"
 *         "url = https://plant.blob.core.windows.net/meters\n"
 *         "connections = 1\n"
 *         "[auth]\n"
 *         "kind = sas\n"
 *         "token = sv=...\n";
 *
 *     enum { AT, METER, VALUE, COLUMNS };
 *     static const struct rn_col columns[COLUMNS] = {
 *         [AT] = { .name = RN_LIT("at"), .type = RN_TIMESTAMP, .utc = true },
 *         [METER] = { .name = RN_LIT("meter"), .type = RN_TEXT },
 *         [VALUE] = { .name = RN_LIT("value"), .type = RN_F64,
 *                     .nullable = true },
 *     };
 *     static _Alignas(16) unsigned char memory[88 * 1024];
 *
 *     int send_readings(const struct reading *r, size_t n)
 *     {
 *         struct rn_push push = {
 *             .name = "meters", .job = job, .col = columns, .cols = COLUMNS,
 *             .memory = memory, .size = sizeof memory,
 *         };
 *         struct rn_error error;
 *         struct rn_receipt receipt;
 *         struct rn_runnel *run;
 *
 *         if (rn_open(&run, &push, &error) < 0)
 *             return error.code;             (error.text says what to do)
 *         for (; n > 0; r++, n--) {
 *             rn_put_timestamp(run, AT, r->us);
 *             rn_put_text(run, METER, r->meter, strlen(r->meter));
 *             if (r->valid)
 *                 rn_put_f64(run, VALUE, r->value);
 *             else
 *                 rn_put_null(run, VALUE);
 *             if (rn_end_row(run) < 0)
 *                 break;                     (rn_finish() says the same)
 *         }
 *         return rn_finish(run, &receipt);
 *     }
 *
 * Calls for one run may be made without looking at each: its first failure
 * stays, every later call gives its code, and rn_finish() leaves nothing of
 * such a run behind. Rows once pushed cannot be asked for again, so a run that
 * the service made impossible (RN_E_STALE: it lost blocks) fails, and the
 * caller opens a new one. A run cut by power loss is cleaned up, or completed
 * when only its last marker was missing, by the next rn_open() of that job.
 */
#ifndef RUNNEL_RUNNEL_H
#define RUNNEL_RUNNEL_H

#include "runnel/error.h"
#include "runnel/row.h"

/* A run. Lives in the caller's memory. */
struct rn_runnel;

/* What a run is made of; borrowed until rn_open() returns, but for `name`,
 * `col`, the names in it and `memory`, which are the run's until it is over.
 */
struct rn_push {
    const char *name; /* for messages; and the job's name and record of state
                       * when its text gives none. No '/'.              */
    const char *job;  /* the job file's text                            */
    const struct rn_col *col;
    size_t cols;
    void *memory; /* takes the place of the job's `memory`; what the
                   * program, its stack and the port take comes on top   */
    size_t size;  /* bytes                                               */

    /* Called now and then while the run waits, so that a watchdog can be fed;
     * must not call the run. May be NULL.
     */
    void (*tick)(void *ctx);
    void *ctx;
};

/* What became of a run. */
struct rn_receipt {
    char run[34]; /* its name, also in the files' path               */
    uint64_t rows;
    uint64_t bytes; /* of the files as stored                          */
    uint32_t files;
    uint32_t left; /* of a failed run: files that could not be removed */
    uint64_t retries;
    int64_t elapsed_ms;
    char completed[34]; /* an earlier run that was completed first, or "" */
};

/* Bytes of memory that this job and these columns need at least, into *size;
 * more makes larger blocks, fewer requests. Reads the job in `memory`, for
 * which about 8 KiB do. RN_E_CONFIG: the job is not as it must be.
 */
int rn_need(const struct rn_push *push, size_t *size, struct rn_error *error);

/* Read the job, settle what an earlier run left, begin a run. `error` is
 * borrowed until the run is over. On failure *r is NULL and the memory is the
 * caller's again. RN_E_CONFIG: the job or a column is not as it must be, or
 * the memory too small; RN_E_BUSY: the record is another's; RN_E_STATE,
 * RN_E_AGAIN (no time of day yet) and what the store says.
 */
int rn_open(struct rn_runnel **r, const struct rn_push *push,
            struct rn_error *error);

/* The highest value of the job's `watermark` column that a finished run has
 * stored, to know where to go on: as the type that rn_put_ took it as, but
 * RN_I64 for dates, times, instants and booleans. RN_NULL: none yet. Bytes are
 * valid until the run is over.
 */
void rn_watermark(const struct rn_runnel *r, struct rn_cell *value);

/* Put one cell of the row at hand. `column` counts from 0 as in rn_push; the
 * function has to be the one of its type. A second put replaces the first.
 * Texts, bytes and decimals are borrowed until rn_end_row(). RN_E_VALUE: not of
 * the column's type, no such column, or not in the type's range; text and
 * sizes are checked by rn_end_row(), by the job's policies.
 */
int rn_put_null(struct rn_runnel *r, size_t column);
int rn_put_bool(struct rn_runnel *r, size_t column, bool value);
int rn_put_i64(struct rn_runnel *r, size_t column, int64_t value);
int rn_put_f64(struct rn_runnel *r, size_t column, double value);
/* "12.50", any number of digits that the column has room for: RN_DECIMAL */
int rn_put_decimal(struct rn_runnel *r, size_t column, const char *text);
int rn_put_date(struct rn_runnel *r, size_t column, int32_t days);
int rn_put_time(struct rn_runnel *r, size_t column, int64_t us);
int rn_put_timestamp(struct rn_runnel *r, size_t column, int64_t us);
int rn_put_text(struct rn_runnel *r, size_t column, const char *p, size_t n);
int rn_put_blob(struct rn_runnel *r, size_t column, const void *p, size_t n);
int rn_put_uuid(struct rn_runnel *r, size_t column, const uint8_t bytes[16]);

/* The row is whole: it is checked and encoded, and may leave at once. Every
 * column must have been put since the last row. RN_E_VALUE names row and
 * column; anything else is the store's.
 */
int rn_end_row(struct rn_runnel *r);

/* Between rows that come slowly: let what is on its way go on, for at most
 * until `until_ms` (a point on rn_clock_mono(); the past: do not wait).
 */
int rn_poll(struct rn_runnel *r, int64_t until_ms);

/* All rows are pushed: make the files visible, write the manifest and
 * _SUCCESS. RN_OK: everything is stored and was proved to be. Otherwise nothing
 * is visible as finished, and `error` says why. Over either way: the memory is
 * the caller's again, every later call on it is a mistake, but a put or a row
 * before the memory is used otherwise only gives RN_E_DENIED. `receipt` may be
 * NULL.
 */
int rn_finish(struct rn_runnel *r, struct rn_receipt *receipt);

/* Give the run up: what it sent is removed. Over, as after rn_finish(). Safe
 * on NULL and on a run that is over.
 */
void rn_abandon(struct rn_runnel *r);

#endif
