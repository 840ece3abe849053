/* job/plan.h: where a job's memory goes, decided before the first row.
 *
 * Every part says what it needs; the pool gets the rest. A job that does not
 * fit is refused with the part and the number.
 */
#ifndef JOB_PLAN_H
#define JOB_PLAN_H

#include "runnel/arena.h"
#include "runnel/config.h"
#include "runnel/encoder.h"
#include "runnel/error.h"
#include "runnel/source.h"
#include "runnel/store.h"

struct rn_plan_part {
    const char *name; /* "source", "tls and http", "pool" */
    size_t bytes;
    const char *what; /* one line for the table */
};

#define RN_PLAN_PARTS 19

struct rn_memory_plan {
    struct rn_plan_part part[RN_PLAN_PARTS];
    size_t parts;
    size_t budget; /* job.memory: the sum of all parts */
    bool strict;   /* all of it is ours; false: a library of this build
                    * allocates by itself and the figure is measured */

    uint32_t segment;        /* bytes                                 */
    uint32_t segments;       /* in the pool                           */
    uint32_t block_segments; /* a block is that many                  */
    uint64_t block;          /* bytes                                 */
    unsigned connections;

    /* A columnar file (lane/columns.h); 0 lanes: one stream. */
    uint32_t lanes;
    size_t head;     /* bytes of the largest head                           */
    uint32_t groups; /* row groups a file can have at most, by the table of
                      * block counts                                    */

    /* What it means for people. With lanes a block is as long as the longest
     * lane when the pool runs low: about 1.4 times the pool's share of one,
     * with columns alike.
     */
    const char *resume; /* how a run that was cut off goes on; NULL: the job has
                         * no source.key                                */
    size_t checkpoint;  /* bytes of one; 0: the run begins anew         */
    size_t columns;
    uint64_t max_cell;
    uint64_t blocks_per_gib;
    uint64_t requests_per_gib;
    const char *cost;      /* of the requests: "low", "medium", "high"        */
    uint32_t limit_spare;  /* blocks kept for the last rows of a file     */
    uint64_t largest_file; /* bytes; then the next part begins        */
};

/* Requests for a GiB up to which its cost is called so; above: high. Storage
 * services bill each request that writes.
 */
#define RN_COST_LOW    1000u
#define RN_COST_MEDIUM 10000u

/* What a job's classes are, from its names. RN_E_CONFIG when this build has no
 * such source, format or store.
 */
struct rn_classes {
    const struct rn_source_class *source;
    const struct rn_encoder_class *encoder;
    const struct rn_store_class *store;
};
int rn_plan_classes(const struct rn_config *config, struct rn_classes *classes,
                    struct rn_error *error);

/* The whole file goes through gzip: a format that compresses by itself does
 * not want that.
 */
bool rn_plan_gzips(const struct rn_config *config,
                   const struct rn_classes *classes);

/* What the names of a job's files end in: "csv", "json.gz", "parquet". */
#define RN_EXT 16
void rn_plan_ext(const struct rn_config *config,
                 const struct rn_classes *classes, char to[RN_EXT]);

/* The job loads through a database driver of the system, which allocates by
 * itself: its memory is measured.
 */
bool rn_plan_over_odbc(const struct rn_config *config);

/* One more part. */
void rn_plan_add(struct rn_memory_plan *plan, const char *name, size_t bytes,
                 const char *what);

/* What follows a finished run: the parts of the warehouses and of the
 * validation, and whether a warehouse refuses the job. plan_load.c; an image
 * without warehouses has run_load_none.c instead of it and run_load.c.
 */
void rn_plan_load(const struct rn_config *config,
                  const struct rn_schema *schema, struct rn_memory_plan *plan);
int rn_plan_load_refuses(const struct rn_config *config,
                         const struct rn_schema *schema,
                         struct rn_error *error);

/* Fill the plan for a result of these columns; NULL: not known yet, which is
 * how a budget too small for the source itself is found before it is opened.
 * RN_E_CONFIG with a text that names the largest part and the `memory` that
 * would do when it does not fit.
 */
int rn_plan_memory(const struct rn_config *config,
                   const struct rn_classes *classes,
                   const struct rn_schema *schema, struct rn_memory_plan *plan,
                   struct rn_error *error);

/* A job.memory that does, in bytes, whatever the job says. */
size_t rn_plan_least(const struct rn_config *config,
                     const struct rn_classes *classes,
                     const struct rn_schema *schema);

/* The `plan` command: opens the source for its columns, never the network.
 * `schema` (may be NULL) is valid until the arena is used again.
 */
int rn_plan_job(const struct rn_config *config, struct rn_arena *mem,
                struct rn_memory_plan *plan, struct rn_schema *schema,
                struct rn_error *error);

/* Bytes that belong in the arena of a job: job.memory less what the process
 * itself takes. RN_E_CONFIG when nothing is left.
 */
int rn_plan_arena(const struct rn_config *config, size_t *bytes,
                  struct rn_error *error);

#endif
