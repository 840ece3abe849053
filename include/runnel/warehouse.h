/* warehouse.h: a place that loads a run and can be asked what it holds.
 *
 *     open -> check | (load -> measure) -> close
 *
 * A warehouse is one constant `struct rn_warehouse_class` and one context
 * struct whose first member is `struct rn_warehouse`. All of its memory comes
 * from the arena in open(); drivers of the system (ODBC) are the exception and
 * are called measured in the plan. Calls wait for the network until their own
 * deadline, retry what is safe to repeat, and look for a stop request between.
 */
#ifndef RUNNEL_WAREHOUSE_H
#define RUNNEL_WAREHOUSE_H

#include "runnel/arena.h"
#include "runnel/config.h"
#include "runnel/error.h"
#include "runnel/http.h"
#include "runnel/out.h"
#include "runnel/row.h"

#define RN_DATASET_PATH 512

/* A finished run in the store: what is to be loaded. File names are made from
 * the part's number and never stored.
 */
struct rn_dataset {
    const char *run; /* its id, as in names and metadata: the load's key    */
    const struct rn_schema *schema;
    uint32_t files; /* parts 1 .. files                                     */
    uint64_t rows;
    uint64_t bytes;
    bool gzip; /* the files are .gz (csv, json)                             */

    /* Name of a part inside the container, "orders/…/part-00001.parquet". */
    int (*path)(const struct rn_dataset *d, uint32_t part,
                char to[RN_DATASET_PATH]);
    void *ctx;
};

/* What a place holds of one column of one run, as texts that compare byte by
 * byte between places: integers and decimals in canonical form, dates and
 * timestamps in ISO 8601 with six digits of fraction and UTC ones with Z,
 * booleans as 0 and 1. "" where it is not known or makes no sense for the type.
 */
#define RN_MEASURE_TEXT 64
struct rn_measure_column {
    bool known; /* false: the place was not asked for this column */
    uint64_t non_null;
    char min[RN_MEASURE_TEXT];
    char max[RN_MEASURE_TEXT];
    char sum[RN_MEASURE_TEXT]; /* integers, booleans and decimals: exact    */
    char hash[20]; /* order-independent, 16 hex digits: the sum modulo 2^64
                    * of each value's hash; "" where it cannot be computed  */
};

struct rn_measure {
    uint64_t rows;
    struct rn_measure_column *column; /* as many as the schema; the caller's */
};

struct rn_load {
    uint64_t rows;      /* that the warehouse says it has taken of this run  */
    bool repeated;      /* the ledger had this run already: nothing was done */
    char statement[64]; /* the service's id of the statement or run         */
    unsigned retries;
    /* load = none: nothing was asked, a person loads the run with what
     * statement() writes.
     */
    bool left;
};

struct rn_warehouse;

struct rn_warehouse_class {
    const char *name;    /* "databricks", "synapse": as in results          */
    const char *section; /* of the job file                                 */

    /* Whether this job has it. */
    bool (*wanted)(const struct rn_config *config);

    /* RN_E_CONFIG, with what to change, for a job whose files it could not
     * read as they are meant; asked before anything is sent.
     */
    int (*refuses)(const struct rn_config *config,
                   const struct rn_schema *schema, struct rn_error *error);

    size_t (*need)(const struct rn_config *config, size_t columns);
    /* `http`: the job's one client, shared with its store (mbedTLS has one
     * heap a process).
     */
    int (*open)(const struct rn_config *config, struct rn_http *http,
                struct rn_arena *mem, struct rn_error *error,
                struct rn_warehouse **w);

    /* Reachable, and allowed to do what load() will do; changes nothing. */
    int (*check)(struct rn_warehouse *w);

    /* Have the run's files loaded, once: a run that the ledger has is not
     * loaded again. RN_OK only when the warehouse holds exactly
     * dataset->rows rows more (append), in all (overwrite) or merged.
     */
    int (*load)(struct rn_warehouse *w, const struct rn_dataset *dataset,
                struct rn_load *result);

    /* What it holds of this run now. `columns`: also fill m->column.
     * RN_E_ABSENT without a text: it knows of no table to ask.
     */
    int (*measure)(struct rn_warehouse *w, const struct rn_dataset *dataset,
                   bool columns, struct rn_measure *m);

    /* Write what a person would paste to load the run by hand, to `to`. */
    int (*statement)(struct rn_warehouse *w, const struct rn_dataset *dataset,
                     struct rn_out *to);

    void (*close)(struct rn_warehouse *w); /* safe twice and on NULL */
};

struct rn_warehouse {
    const struct rn_warehouse_class *cls;
    const struct rn_config *config;
    struct rn_error *error;
    char place[200]; /* for messages: host and table, no secret */
};

extern const struct rn_warehouse_class rn_warehouse_databricks;
extern const struct rn_warehouse_class rn_warehouse_synapse;

/* The client that all warehouses of a job share: the store's, or one of their
 * own where the store speaks no HTTP (`*own`: for rn_http_close).
 */
size_t rn_warehouses_http_need(const struct rn_config *config);
int rn_warehouses_http(const struct rn_config *config, struct rn_http **http,
                       bool *own, struct rn_arena *mem, struct rn_error *error);

/* Those of this image, in the order in which they are loaded. */
extern const struct rn_warehouse_class *const rn_warehouses[];
extern const size_t rn_warehouses_n;

#endif
