/* warehouse/databricks.h: what the files of the Databricks warehouse share.
 *
 *   databricks.c            the class: open, check, measure, close
 *   databricks_refuse.c     jobs that it cannot load, said before anything is
 *   databricks_auth.c       who we are: a token, or one fetched and renewed
 *   databricks_statement.c  one SQL statement, from its text to its rows
 *   databricks_text.c       the statements' texts
 *   databricks_table.c      what a table is and holds
 *   databricks_load.c       a run into a table, once
 *   databricks_job.c        a job of the workspace that loads
 *
 * A statement is begun, written and run:
 *
 *     struct rn_sql q = rn_dbx_begin(d);
 *     rn_sql_text(&q, "SELECT …");
 *     err = rn_dbx_run(d, &ask);
 *
 * Failures are kept in d->rest.fault; the class's own functions hand them on
 * when they leave, so that what is tried in between may fail.
 */
#ifndef WAREHOUSE_DATABRICKS_H
#define WAREHOUSE_DATABRICKS_H

#include "runnel/warehouse.h"
#include "warehouse/rest.h"
#include "warehouse/sql.h"

#define RN_DBX_BODY   (64u * 1024)
#define RN_DBX_ANSWER (48u * 1024)
#define RN_DBX_VALUES 2048u /* JSON values in an answer                    */
#define RN_DBX_CELLS  192u  /* columns of a result of ours                 */
#define RN_DBX_FILES  1000u /* that COPY INTO takes in one statement       */
#define RN_DBX_TRIES  3u    /* of a statement whose fate is open           */

/* A bearer token with its header; OAuth tokens of Entra have about 2 KB. */
#define RN_DBX_TOKEN  4096u
#define RN_DBX_SECRET 1024u

struct rn_dbx_auth {
    char header[8 + RN_DBX_TOKEN]; /* "Bearer …"; "": none at hand   */
    int64_t renew_ms;              /* mono time from which a new one is
                                    * fetched; INT64_MAX: never      */
};

struct rn_databricks {
    struct rn_warehouse w; /* first */
    struct rn_rest rest;
    struct rn_dbx_auth auth;
    struct rn_escape escape;
    char root[1024]; /* the container and store.url's prefix, as the
                      * warehouse names them; no slash at its end        */
    char id[64];     /* of the last statement                            */
    size_t sql_at;   /* where its text begins in the request             */
    int64_t poll_ms; /* the first wait for a statement; later ones grow  */
    struct rn_bytes cell[RN_DBX_CELLS];
};

/* -- who we are ----------------------------------------------------------- */

/* RN_E_CONFIG: the secrets are too long or hold what no header can. */
int rn_dbx_auth_open(struct rn_databricks *d);
void rn_dbx_auth_close(struct rn_databricks *d);

/* rn_rest_do() with our name on it: a token is fetched when there is none,
 * ahead of its end, and once after a 401.
 */
int rn_dbx_do(struct rn_databricks *d, struct rn_rest_call *c);

/* -- statements ----------------------------------------------------------- */

struct rn_dbx_ask {
    bool repeat; /* a lost answer is no harm: do it again                 */
    /* The result's columns, before its rows; may be NULL. */
    int (*head)(void *ctx, struct rn_doc *doc, int columns);
    /* A row; `p` is NULL for NULL. May be NULL. */
    int (*row)(void *ctx, const struct rn_bytes *cell, size_t n);
    void *ctx;
};

struct rn_sql rn_dbx_begin(struct rn_databricks *d);

/* Run what was written, to its end: RN_OK only for SUCCEEDED with all of its
 * rows. Else as rn_rest_do(), and
 *
 *   RN_E_ABSENT  there is no such table (or schema, or catalog)
 *   RN_E_VALUE   there is no such column
 *   RN_E_DENIED  FAILED, CANCELED, CLOSED, or a state nobody knows
 *   RN_E_BUSY    a failure that another try may not have
 *
 * d->rest.lost: it may have been done all the same.
 */
int rn_dbx_run(struct rn_databricks *d, const struct rn_dbx_ask *ask);

/* Decimal digits, at most 19; RN_E_PEER otherwise. */
int rn_dbx_digits(struct rn_bytes text, uint64_t *n);

/* Run what was written; the only cell of the only row, as a number. */
int rn_dbx_number(struct rn_databricks *d, uint64_t *n);

/* -- texts ---------------------------------------------------------------- */

/* Where the files of a run lie, and as what. */
struct rn_dbx_files {
    const struct rn_dataset *dataset;
    char folder[RN_DATASET_PATH]; /* that all of them are in, "a/b"; or "" */
};

/* RN_E_CONFIG: a name that the warehouse would take for a pattern. */
int rn_dbx_files(struct rn_databricks *d, const struct rn_dataset *dataset,
                 struct rn_dbx_files *f);

/* The container as Spark calls it, abfss://CONTAINER@ACCOUNT.dfs…, without a
 * slash at its end. RN_E_ABSENT: the job's files are in none.
 */
int rn_dbx_abfss(const struct rn_config *c, char *to, size_t cap);

/* What is written into: the table, or a staging table beside it. */
struct rn_dbx_into {
    const char *table;
    const char *suffix; /* NULL: the table itself */
};

/* For people instead of the service: a SAS is not shown. */
enum rn_dbx_for { RN_DBX_SERVICE, RN_DBX_PEOPLE };

void rn_dbx_put_create(struct rn_sql *q, const struct rn_dbx_into *to,
                       const struct rn_schema *schema, bool if_missing);
void rn_dbx_put_drop(struct rn_sql *q, const struct rn_dbx_into *to);

/* COPY INTO for files `first` to `first + n - 1` of the run, from 1. */
struct rn_dbx_copy {
    struct rn_dbx_into to;
    const struct rn_dbx_files *files;
    uint32_t first, n;
    enum rn_dbx_for reader;
};
void rn_dbx_put_copy(struct rn_databricks *d, struct rn_sql *q,
                     const struct rn_dbx_copy *copy);

void rn_dbx_put_overwrite(struct rn_sql *q, const struct rn_dbx_into *from,
                          const struct rn_schema *schema);
void rn_dbx_put_merge(struct rn_sql *q, const struct rn_dbx_into *from,
                      const struct rn_schema *schema, const char *keys);

/* How many keys the staging table has more than once. */
void rn_dbx_put_doubles(struct rn_sql *q, const struct rn_dbx_into *from,
                        const char *keys);

/* A view of exactly the run's files. */
void rn_dbx_put_view(struct rn_databricks *d, struct rn_sql *q,
                     const struct rn_dbx_files *files);

/* The next of "a, b, c", trimmed; false at the end. */
bool rn_dbx_next_key(const char **keys, struct rn_bytes *key);

/* The column of that name, or NULL. */
const struct rn_col *rn_dbx_column(const struct rn_schema *schema,
                                   struct rn_bytes name);

/* -- tables --------------------------------------------------------------- */

/* RN_OK: it is there with our column and, if `schema` is given, all of its
 * columns in types that take ours. RN_E_ABSENT: it is not there. RN_E_CONFIG:
 * it is another table, and what to do about that.
 */
int rn_dbx_look(struct rn_databricks *d, const struct rn_schema *schema);

/* How many rows of the run a table holds; of all runs without one. */
int rn_dbx_count(struct rn_databricks *d, const struct rn_dbx_into *in,
                 const char *run, uint64_t *n);

/* -- loading -------------------------------------------------------------- */

int rn_dbx_load(struct rn_databricks *d, const struct rn_dataset *dataset,
                struct rn_load *load);
int rn_dbx_load_job(struct rn_databricks *d, const struct rn_dataset *dataset,
                    struct rn_load *load);
int rn_dbx_check_job(struct rn_databricks *d);

/* -- jobs that cannot be loaded ------------------------------------------- */

/* RN_E_CONFIG, with what to change, for a job whose files COPY INTO or a view
 * would not read as they were written. Sends nothing.
 */
int rn_databricks_refuses(const struct rn_config *config,
                          const struct rn_schema *schema,
                          struct rn_error *error);

/* The part of it that needs no columns; `now_us` is the wall time, < 0 when it
 * is not known.
 */
int rn_dbx_refuses_job(const struct rn_config *config, int64_t now_us,
                       struct rn_error *error);

#endif
