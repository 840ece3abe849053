/* source.h: where rows come from.
 *
 *     open -> query -> next ... next -> (0) -> close
 *                 ^________________________|   query or again is allowed
 *
 * A driver is one constant `struct rn_source_class` and one context struct
 * whose first member is `struct rn_source`. Drivers take what they need from
 * the arena in open() and from nowhere else.
 */
#ifndef RUNNEL_SOURCE_H
#define RUNNEL_SOURCE_H

#include "runnel/arena.h"
#include "runnel/config.h"
#include "runnel/error.h"
#include "runnel/row.h"

struct rn_source;

/* A value bound to a name in the query. RN_NULL type: the parameter gets the
 * value below all others (SQLite: minus infinity), so that
 * `WHERE id > :after` gives everything on the first run. Bytes are borrowed
 * until the next query() or close().
 */
struct rn_binding {
    struct rn_cell after;
    struct rn_cell watermark;
};

struct rn_source_class {
    const char *name; /* as written in the job file: "sqlite" */

    /* Arena bytes that open() will take, rounded with RN_ROUND. Asked after
     * the job file was read and before anything else is.
     */
    size_t (*need)(const struct rn_config *config);

    /* Connect. `config` and `error` are borrowed until close(). On failure
     * `*source` is NULL, everything is closed, and `error` says what to do.
     */
    int (*open)(const struct rn_config *config, struct rn_arena *mem,
                struct rn_error *error, struct rn_source **source);

    /* NULL unless a program brings the rows (kind = push): these are its
     * columns, in which what the job says of types is settled, and the row
     * that it fills; both borrowed until close(). Before query().
     */
    int (*bring)(struct rn_source *s, struct rn_col *col,
                 const struct rn_row *row);

    /* Prepare and start the query with these values; fills s->schema, which
     * is valid until the next query() or close(). May read rows ahead to learn
     * the types of columns that declare none, then starts over, within one
     * read transaction.
     */
    int (*query)(struct rn_source *s, const struct rn_binding *binding);

    /* The running query from its beginning with other values: in the same read
     * transaction and with the same columns, which are not learned again.
     * Counts start at 0.
     */
    int (*again)(struct rn_source *s, const struct rn_binding *binding);

    /* Step to the next row: 1 with *row filled, 0 at the end of a result that
     * the driver knows to be complete, or an error. Cells point into the
     * driver and are valid until the next call on `s`.
     */
    int (*next)(struct rn_source *s, struct rn_row *row);

    /* A column of the row that next() gave last, as the database itself holds
     * it (RN_NULL, RN_I64, RN_F64, RN_TEXT or RN_BLOB), fit to be bound again
     * as a watermark. Valid until the next call on `s`.
     */
    void (*native)(struct rn_source *s, size_t column, struct rn_cell *cell);

    /* The highest value that a column has in all of the running query's rows,
     * in the database's own order, as native() gives it; RN_NULL: none. Reads
     * them all, in the same read transaction; before next(). Valid until the
     * next call on `s`.
     */
    int (*most)(struct rn_source *s, size_t column, struct rn_cell *cell);

    /* Safe after a failed query() and safe twice. Ends the transaction. */
    void (*close)(struct rn_source *s);
};

struct rn_source {
    const struct rn_source_class *cls;
    struct rn_schema schema; /* set by query()                            */
    struct rn_counts counts; /* since query(); the driver adds to it      */
    uint64_t before;        /* rows of the run that came before counts.rows: for
                      * messages; the owner's to set                      */
    struct rn_error *error; /* the run's                                 */
    size_t memory_peak;     /* bytes of the driver's slice ever in use   */
    const char *version;    /* "SQLite 3.46.1"; static                   */
};

/* The drivers of this image, in the order of the build's SOURCES. */
extern const struct rn_source_class *const rn_sources[];
extern const size_t rn_sources_n;

#endif
