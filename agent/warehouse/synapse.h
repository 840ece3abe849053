/* warehouse/synapse.h: Synapse's parts: rules, a session over ODBC, and the
 * three ways to load: dedicated pool, serverless pool, pipeline.
 *
 * Whatever is done is a sequence that can begin again at any time, because its
 * first step is to look at what is there: rn_syn_until() runs it until it is
 * through, is refused, or the time is over. So a lost connection needs no
 * bookkeeping: the next round asks the ledger before it repeats anything.
 */
#ifndef WAREHOUSE_SYNAPSE_H
#define WAREHOUSE_SYNAPSE_H

#include "identity/identity.h"
#include "runnel/odbc.h"
#include "runnel/warehouse.h"
#include "warehouse/sql.h"

/* A row above it cannot be loaded (PolyBase). Whoever writes rows for Synapse
 * checks them while they are written.
 */
#define RN_SYNAPSE_ROW 1000000u

/* RN_E_CONFIG with a text that names the key to change, when Synapse could not
 * read what this job writes; RN_OK else. `schema` may be NULL while it isn't
 * known: then the rules about columns are left out.
 */
int rn_synapse_refuses(const struct rn_config *config,
                       const struct rn_schema *schema, struct rn_error *error);

struct rn_syn_pipeline;

struct synapse {
    struct rn_warehouse base; /* first: what callers have */
    struct rn_http *http;     /* the job\'s */
    struct rn_odbc *odbc;     /* NULL with a pipeline     */
    struct rn_identity *sas;  /* credential = sas         */
    struct rn_syn_pipeline *pipeline;
    bool connected;
    bool lost;      /* a connection broke and nobody has looked since    */
    bool published; /* this load() has tried to publish                  */
    unsigned retries;
    int64_t deadline_ms;
    const char *what; /* is being done, for messages                     */
    struct rn_odbc_fault fault;

    struct rn_out out; /* the statement */
    struct rn_sql q;   /* onto `out`    */
    uint8_t *text;
    size_t cap;
    bool found[1024]; /* a column each, and the run's, last */
    char *names;      /* serverless: of the runs' views */
    size_t names_cap;
};

static inline struct synapse *rn_syn_of(struct rn_warehouse *w)
{
    return (struct synapse *)w;
}

/* -------------------------------------------------- the session (over ODBC) */

/* Begin a statement: what is written to the result is its text. */
struct rn_sql *rn_syn_sql(struct synapse *s);

/* OPTION (LABEL = 'runnel:RUN:STEP') */
void rn_syn_label(struct rn_sql *q, const char *run, const char *step);

/* Run the statement, connecting first where needed. `what` is a static text
 * for messages. Nothing is repeated. RN_E_BUSY and RN_E_LINK are for
 * rn_syn_until(); the fault is kept in `s`.
 */
int rn_syn_run(struct synapse *s, const char *what, uint64_t *affected);

/* The same, for an answer: every cell is given to `cell`. */
int rn_syn_ask(struct synapse *s, const char *what,
               int (*cell)(void *ctx, uint64_t row, unsigned column,
                           struct rn_bytes text),
               void *ctx);

/* One number; RN_E_PEER when the answer is none. */
int rn_syn_number(struct synapse *s, const char *what, uint64_t *number);

/* Run a statement whatever happened, a stop request included, for a few
 * seconds at most: it only tidies up and its failure is only logged.
 */
void rn_syn_tidy(struct synapse *s, const char *what);

/* Do `once` until it works, fails for good (then the error is filled) or the
 * deadline is over. Waits with backoff between rounds.
 */
int rn_syn_until(struct synapse *s, int (*once)(struct synapse *s, void *ctx),
                 void *ctx);

/* Take secrets out of a text: the SAS, signatures, the password. */
void rn_syn_mask(const struct synapse *s, char *text);

/* A setting of the connection string by its key, in small letters; cut at the
 * bound. False: it has none.
 */
struct rn_syn_value {
    char text[256];
    size_t n;
};
bool rn_syn_setting(const char *connection, const char *key,
                    struct rn_syn_value *to);

/* -------------------------------------------------------- shared SQL pieces */

/* N'[dbo].[orders]', for OBJECT_ID and its like. */
void rn_syn_table_string(struct rn_sql *q, const char *table,
                         const char *suffix);

/* 'text' without N, for options of COPY and OPENROWSET, which take no other. */
void rn_syn_plain(struct rn_sql *q, struct rn_bytes text);

/* 'c' or '0x0A': one byte as those options want it. */
void rn_syn_byte(struct rn_sql *q, uint8_t c);

/* The next of synapse.keys, blanks around it dropped; false: no more. */
bool rn_syn_key(struct rn_bytes *left, struct rn_bytes *key);

/* Whether files have a first column that isn't the query's. */
bool rn_syn_counted(const struct rn_config *config);

/* URL of a part, percent-encoded; RN_E_FULL when it is too long. */
#define RN_SYN_URL 2048
int rn_syn_url(const struct rn_config *config, const struct rn_dataset *d,
               uint32_t part, char to[RN_SYN_URL]);

/* Path of a part below the container's URL, percent-encoded. */
int rn_syn_path(const struct rn_dataset *d, uint32_t part, char to[RN_SYN_URL]);

/* The container's URL: store.url without parameters and last slash. */
struct rn_bytes rn_syn_container(const struct rn_config *config);

/* Whether COPY's text for this column is an instant with its zone. */
bool rn_syn_zoned(const struct rn_config *config, const struct rn_col *col);

/* The SAS for a statement: RN_OK only for one that ends within two days and
 * may read and list.
 */
int rn_syn_sas(struct synapse *s, struct rn_bytes *sas);

/* ------------------------------------------------------------- ways to load */

/* Dedicated pool; the context is a struct syn_load. */
struct syn_load {
    const struct rn_dataset *d;
    struct rn_load *result;
};
int rn_syn_dedicated(struct synapse *s, void *load);
int rn_syn_dedicated_check(struct synapse *s, void *unused);
void rn_syn_drop_staging(struct synapse *s, const struct rn_dataset *d);

/* Its statements. `staging` is the suffix of this run's own table: no two runs
 * share one. The end of a run's id has its nonce, so that is what stays of one
 * that is too long.
 */
struct syn_work {
    struct synapse *s;
    const struct rn_dataset *d;
    const struct rn_config *c;
    char staging[RN_SQL_SUFFIX + 1];
};
void rn_syn_work(struct syn_work *w, struct synapse *s,
                 const struct rn_dataset *d);
void rn_syn_put_table(struct rn_sql *q, const struct syn_work *w);
void rn_syn_put_staging(struct rn_sql *q, const struct syn_work *w);
void rn_syn_put_drop(struct rn_sql *q, const struct syn_work *w);
/* As many files from *part on as there is room for, at least one; *part becomes
 * the first that is left.
 */
void rn_syn_put_copy(struct rn_sql *q, const struct syn_work *w,
                     uint32_t *part);
void rn_syn_put_count(struct rn_sql *q, const struct syn_work *w, bool staging);
void rn_syn_put_ledger(struct rn_sql *q, const struct syn_work *w);
void rn_syn_put_keys(struct rn_sql *q, const struct syn_work *w);
void rn_syn_put_delete(struct rn_sql *q, const struct syn_work *w);
void rn_syn_put_insert(struct rn_sql *q, const struct syn_work *w);

/* Serverless pool. */
int rn_syn_serverless(struct synapse *s, void *load);
int rn_syn_serverless_check(struct synapse *s, void *unused);
int rn_syn_view(struct synapse *s, struct rn_sql *q,
                const struct rn_dataset *d);

/* Pipeline. */
size_t rn_syn_pipeline_need(const struct rn_config *config);
int rn_syn_pipeline_open(struct synapse *s, struct rn_arena *mem);
int rn_syn_pipeline(struct synapse *s, const struct rn_dataset *d,
                    struct rn_load *result);
int rn_syn_pipeline_check(struct synapse *s);
void rn_syn_pipeline_close(struct synapse *s);

#endif
