/* source/sqlite.h: what the parts of the SQLite source share.
 *
 *     sqlite.c         the class: open, query, next, close
 *     sqlite_memory.c  SQLite's heap, a slice of the arena
 *     sqlite_guard.c   what a query may do, and what may be bound to it
 *     sqlite_types.c   the type of a column, from its declaration or values
 *     sqlite_cell.c    a value that is not plainly what its column says
 *     sqlite_fail.c    what went wrong, in words that help
 */
#ifndef SOURCE_SQLITE_H
#define SOURCE_SQLITE_H

#include <sqlite3.h>

#include "core/heap.h"
#include "runnel/source.h"

/* Room for a number's or decimal's text that SQLite does not store as one. */
#define RN_SQLITE_SCRATCH 48

/* Where a column's type is from. */
enum rn_sqlite_from {
    RN_SQLITE_ROWS,     /* the first rows                          */
    RN_SQLITE_DECLARED, /* the declaration                         */
    RN_SQLITE_RULE      /* [types]                                 */
};

struct rn_sqlite_col {
    char *scratch;   /* RN_SQLITE_SCRATCH bytes, once they were needed      */
    uint8_t storage; /* the storage class that is taken as it is; 0: none   */
    uint8_t from;    /* enum rn_sqlite_from                                 */
    uint8_t seen;    /* storage classes among the sampled rows, as bits     */
};

struct rn_sqlite {
    struct rn_source base;
    const struct rn_config *config;
    sqlite3 *db;
    sqlite3_stmt *stmt;
    sqlite3_stmt *most; /* its answer is borrowed until the next call        */
    struct rn_heap *heap;
    size_t slice; /* bytes of the heap                                   */
    int64_t page; /* bytes of a database page                            */

    /* Of the running query, all in one piece of the heap. */
    struct rn_cell *cell;
    struct rn_sqlite_col *col;
    struct rn_col *about;
    struct rn_binding binding;
    size_t query_len; /* without what ends the statement                     */
    bool done;

    int64_t busy_until; /* when the wait for a lock ends                     */
    bool stopped;       /* a stop request ended a wait or a step             */
    bool guarded;       /* the authorizer judges                             */
    char refused[120];  /* what it refused, or ""                            */
};

/* -- memory ---------------------------------------------------------------- */

/* Bytes of the slice for this job. */
size_t rn_sqlite_slice(const struct rn_config *config);

/* Hand SQLite its heap and start it. One heap at a time in a process. An
 * SQLite result code.
 */
int rn_sqlite_start(struct rn_heap *heap);
void rn_sqlite_end(void);

/* Pages of `page` bytes that the cache may keep in this slice. */
int64_t rn_sqlite_pages(const struct rn_config *config, size_t slice,
                        int64_t page);

/* -- guard ----------------------------------------------------------------- */

/* Install limits, authorizer, busy and progress handlers on s->db. */
void rn_sqlite_guard(struct rn_sqlite *s);

/* Prepare the one statement of `sql`; anything else is refused. */
int rn_sqlite_prepare(struct rn_sqlite *s, const char *sql,
                      sqlite3_stmt **stmt);

/* Bind s->binding; any parameter but :after and :watermark is an error. */
int rn_sqlite_bind(struct rn_sqlite *s, sqlite3_stmt *stmt);

/* -- cells ----------------------------------------------------------------- */

/* Bring a value that is neither NULL nor of col[at].storage to its column's
 * type, or do what on_mismatch says.
 */
int rn_sqlite_cell(struct rn_sqlite *s, size_t at, sqlite3_value *v,
                   struct rn_cell *cell);

/* -- failures -------------------------------------------------------------- */

/* Tell why SQLite answered `rc` while `doing` ("open", "prepare", "read"). */
int rn_sqlite_fail(struct rn_sqlite *s, int rc, const char *doing);

/* The row that the next step gives, as messages count it. */
static inline unsigned long long rn_sqlite_row(const struct rn_sqlite *s)
{
    return s->base.before + s->base.counts.rows + 1;
}

/* The same for a step of the query that did not give row counts.rows + 1. */
int rn_sqlite_fail_row(struct rn_sqlite *s, int rc);

#endif
