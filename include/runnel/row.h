/* row.h: what a query returns, one typed row at a time. */
#ifndef RUNNEL_ROW_H
#define RUNNEL_ROW_H

#include "runnel/base.h"

enum rn_type {
    RN_NULL,
    RN_BOOL,      /* i64: 0 or 1                                          */
    RN_I64,       /* i64                                                  */
    RN_F64,       /* f64; NaN and infinities are allowed                  */
    RN_DECIMAL,   /* bytes: canonical decimal text: optional '-', digits
                   * without leading zeros, and when the column's scale is
                   * not 0 a '.' and exactly that many digits; never "-0" */
    RN_DATE,      /* i64: days since 1970-01-01, proleptic Gregorian      */
    RN_TIME,      /* i64: microseconds since midnight                     */
    RN_TIMESTAMP, /* i64: microseconds since 1970-01-01T00:00:00; in UTC
                   * if the column says `utc`, else local to an unnamed
                   * place                                                */
    RN_TEXT,      /* bytes: valid UTF-8 once rn_check_row() has passed it */
    RN_BLOB,      /* bytes                                                */
    RN_UUID       /* bytes: 16, in the order in which they are written    */
};

/* "integer", "double", ... as the manifest and messages name it. */
const char *rn_type_name(enum rn_type t);

struct rn_col {
    struct rn_bytes name; /* UTF-8, as the query gives it                 */
    enum rn_type type;    /* never RN_NULL                                */
    bool nullable;        /* false only where the source guarantees it    */
    bool utc;             /* RN_TIMESTAMP: instants, not local times      */
    uint8_t precision;    /* RN_DECIMAL: digits in all, 1 to 38           */
    uint8_t scale;        /* RN_DECIMAL: digits after the point           */
    uint8_t bits;         /* RN_I64: values fit 8, 16 or 32 bits, signed;
                           * RN_F64: 32: each is a float's value; 0 or 64:
                           * any value of the type                        */
    bool millis;          /* RN_TIME, RN_TIMESTAMP: whole milliseconds    */
    bool json;            /* RN_TEXT: JSON documents                      */
};

struct rn_schema {
    const struct rn_col *col;
    size_t n; /* columns, at least 1 */
};

struct rn_cell {
    enum rn_type type; /* the column's type, or RN_NULL */
    union {
        int64_t i64;
        double f64;
        struct rn_bytes bytes;
    } as;
};

/* The source owns the cells; row checks may rewrite them in place. Valid until
 * the next row is asked for.
 */
struct rn_row {
    struct rn_cell *cell; /* as many as the schema has columns */
    size_t n;
};

/* What was done to cells by a policy of the job, never in silence: the
 * manifest and the summary print each count that is not 0.
 */
struct rn_counts {
    uint64_t rows;      /* rows given by the source                      */
    uint64_t converted; /* on_mismatch = convert: type changed, lossless */
    uint64_t nulled;    /* a policy put NULL in the place of a value     */
    uint64_t truncated; /* on_oversize = truncate; file.timestamps =
                         * millis-truncate                               */
    uint64_t replaced;  /* on_bad_text = replace: cells with U+FFFD      */
};

#endif
