/* job/validate.h: does every place hold the same rows of a run?
 *
 * One report, a row for each place that can be asked:
 *
 *   query       rows that the source gave, where that is known
 *   encoder     what was written: rows, and each column's digest
 *   container   the manifest read back, and each file that it names: there, of
 *               this run and as long as it was; with [validate] read_back also
 *               fetched and its CRC-64 taken
 *   databricks, synapse, ...   what each target says it holds of this run
 *
 * A figure is compared with the first place that knows it, so that two
 * warehouses are compared even where the encoder cannot tell. A target with too
 * few rows is asked again until [validate] window has passed; what then differs
 * is a difference, and any difference is a failure (exit code 6).
 */
#ifndef JOB_VALIDATE_H
#define JOB_VALIDATE_H

#include "job/run.h"
#include "lane/uploader.h"
#include "row/digest.h"
#include "runnel/arena.h"
#include "runnel/config.h"
#include "runnel/error.h"
#include "runnel/warehouse.h"

#define RN_PLACES      8
#define RN_DIFFERENCES 16 /* kept; all are counted */

/* A place beside query, encoder and container; the caller opens and closes it.
 * A warehouse's own class gives `measure`; what Databricks sees of Synapse is a
 * target of its own.
 */
struct rn_validate_target {
    const char *name; /* static */
    struct rn_warehouse *w;
    int (*measure)(struct rn_warehouse *w, const struct rn_dataset *dataset,
                   bool columns, struct rn_measure *m);
};

#define RN_VALIDATE_TARGETS (RN_PLACES - 3)

/* What a run knows by itself. */
struct rn_validate_own {
    const struct rn_schema *schema;
    const struct rn_digest *digest;
    uint64_t rows;
    uint64_t bytes;
    uint32_t files;
};

struct rn_validation {
    const struct rn_config *config;
    const char *run;
    const char *ext;              /* of its files: "csv.gz"                */
    struct rn_uploader *uploader; /* over the job's store, with the same
                                   * `error`; its queue is not needed       */
    const uint64_t *source_rows;  /* NULL: not known                        */
    const struct rn_validate_own *own; /* NULL: the manifest tells          */
    const struct rn_validate_target *target;
    size_t targets; /* up to RN_VALIDATE_TARGETS */
};

enum rn_verdict { RN_VERDICT_OK, RN_VERDICT_DIFFERENT, RN_VERDICT_FAILED };

/* Text that is fit to be shown: UTF-8, '?' for control bytes, cut. */
#define RN_SHOWN 72

struct rn_place {
    const char *name;
    char where[200]; /* "https://host/container", without a secret      */
    enum rn_verdict verdict;
    bool has_rows;
    bool has_files;
    bool read_back; /* every byte was fetched and checked              */
    uint64_t rows;
    uint64_t files;
    uint64_t bytes;
    uint64_t columns; /* with at least one figure that was compared     */
    unsigned asked;   /* times; more than 1: it lagged                  */
    uint64_t differences;
    char error[200]; /* RN_VERDICT_FAILED: why it could not be asked    */
};

#define RN_FIGURE_FILE "file" /* it is absent */

struct rn_difference {
    size_t place;            /* that differs                          */
    size_t against;          /* the one before it                     */
    const char *figure;      /* "rows", "non-null", "min", "crc64" …  */
    bool file;               /* `of` is a file's name, not a column's */
    char of[RN_SHOWN];       /* "" : of the whole run                 */
    char value[RN_SHOWN];    /* at `place`                            */
    char expected[RN_SHOWN]; /* at `against`                          */
};

struct rn_report {
    char job[RN_SHOWN];
    char run[RN_RUN_ID + 1];
    int64_t at_us; /* wall clock; < 0: not known */
    struct rn_place place[RN_PLACES];
    size_t places;
    struct rn_difference difference[RN_DIFFERENCES];
    size_t kept;
    uint64_t differences;
};

/* RN_VERDICT_FAILED when a place could not be asked and no other differs. */
enum rn_verdict rn_report_verdict(const struct rn_report *r);

/* Arena bytes that rn_validate() wants at least for so many columns with names
 * of `names` bytes in all; with more it reads files back in larger pieces.
 */
size_t rn_validate_need(const struct rn_config *config, size_t columns,
                        size_t names);

/* Ask all places. `mem` is left as it was. The report is filled as far as it
 * went. RN_OK; RN_E_INTEGRITY at RN_AT_VALIDATE for a difference, with the
 * first one's place, column and both values; or why a place could not be asked.
 */
int rn_validate(const struct rn_validation *v, struct rn_arena *mem,
                struct rn_report *report, struct rn_error *error);

/* The `validate` command: a run of the job again, "" for the last that the
 * journal knows as done; store and warehouses are opened and closed.
 */
int rn_validate_run(const struct rn_config *config, const char *run,
                    struct rn_arena *mem, struct rn_report *report,
                    struct rn_error *error);

#endif
