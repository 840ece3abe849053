/* warehouse/sql.h: SQL text, quoted for the dialect that will read it.
 *
 * The one place where a name or a value becomes part of a statement. Names
 * come from people and databases and may hold anything; they are quoted, never
 * trusted. No credential that lives longer than the load is ever written here.
 */
#ifndef WAREHOUSE_SQL_H
#define WAREHOUSE_SQL_H

#include "runnel/error.h"
#include "runnel/out.h"
#include "runnel/row.h"
#include "runnel/warehouse.h"

enum rn_sql_dialect {
    RN_SQL_DATABRICKS, /* `name`, doubled; 'text' with \' and \\            */
    RN_SQL_SYNAPSE     /* [name], ] doubled; N'text', ' doubled             */
};

struct rn_sql {
    struct rn_out *out;
    enum rn_sql_dialect dialect;
    uint64_t max_cell; /* bytes of the largest cell; 0: not known */
};

void rn_sql_text(struct rn_sql *q, const char *words); /* as it is */
void rn_sql_number(struct rn_sql *q, uint64_t n);

/* Quoted so that the engine reads back exactly these bytes. What no quoting
 * can carry fails the stream with RN_E_CONFIG: an empty name, NUL, bytes that
 * are no UTF-8, and in Databricks a name with "${", in Synapse a string with a
 * backslash before a line's end (it would glue the lines). Nothing is written
 * of it then.
 */
void rn_sql_name(struct rn_sql *q, struct rn_bytes name);
void rn_sql_string(struct rn_sql *q, struct rn_bytes text);

/* A name of up to three parts as a job file has it: main.sales.orders, each
 * part bare (letters, digits, _, - and $) or in the dialect's own quotes.
 * RN_E_CONFIG when it is none. Names leave room for a suffix within what the
 * engines take (128 and 255 characters).
 */
#define RN_SQL_SUFFIX 28
int rn_sql_check_table(enum rn_sql_dialect d, const char *table);

/* The table's name, each part quoted, with `suffix` (letters, digits, _; at
 * most RN_SQL_SUFFIX) inside the quotes of the last one.
 */
void rn_sql_table(struct rn_sql *q, const char *table, const char *suffix);

/* What such a name means: its parts without quotes, for another engine or
 * language. RN_E_CONFIG when it is none.
 */
#define RN_SQL_PARTS 3
struct rn_sql_parts {
    size_t n;
    struct rn_bytes part[RN_SQL_PARTS]; /* into `text`, the table's last */
    uint8_t text[RN_SQL_PARTS * 4 * 255];
};
int rn_sql_parts(enum rn_sql_dialect d, const char *table,
                 struct rn_sql_parts *to);

/* The same name to both engines, which ignore the case of letters. Only of
 * ASCII's here: about others they will say so themselves.
 */
bool rn_sql_same_name(struct rn_bytes a, struct rn_bytes b);

/* A column's type, for CREATE TABLE and for WITH lists.
 *
 *   runnel         Databricks       Synapse
 *   -------------  ---------------  -----------------------------------------
 *   bool           BOOLEAN          bit
 *   int8           TINYINT          smallint (what COPY makes of an INT(8))
 *   int16          SMALLINT         smallint
 *   int32, int64   INT, BIGINT      int, bigint
 *   float, double  FLOAT, DOUBLE    real, float
 *   decimal(p,s)   DECIMAL(p,s)     decimal(p, s)
 *   date           DATE             date
 *   time           STRING           time(6), time(3) of whole milliseconds
 *   timestamp      TIMESTAMP        datetime2(6), datetime2(3); the UTC time
 *   timestamp_ntz  TIMESTAMP_NTZ    datetime2(6), datetime2(3)
 *   text, json     STRING           nvarchar(4000) when no cell is larger than
 *                                   that, else nvarchar(max)
 *   uuid           STRING           uniqueidentifier
 *   blob           BINARY           varbinary(8000) or varbinary(max), as text
 *
 * Databricks has no TIME and no UUID for its tables: their texts are kept.
 * nvarchar(4000) counts UTF-16 units, of which a text never has more than it
 * has UTF-8 bytes. A (max) column can't be in a columnstore, so that a table
 * with one has to be a heap.
 */
void rn_sql_type(struct rn_sql *q, const struct rn_col *col);
bool rn_sql_needs_heap(const struct rn_sql *q, const struct rn_schema *schema);

/* (`a` BIGINT, `b` STRING) */
void rn_sql_columns(struct rn_sql *q, const struct rn_schema *schema);

/* The column that says which run a row came with, in tables that we make. */
#define RN_RUN_COLUMN "_runnel_run"

/* The same with that column behind them. */
void rn_sql_run_columns(struct rn_sql *q, const struct rn_schema *schema);

/* Whether a table can have these columns and ours: names that can be quoted,
 * not too long, not the same but for case, at most 1,023 in Synapse. Else
 * RN_E_CONFIG with a text that names the column.
 */
int rn_sql_check_columns(enum rn_sql_dialect d, const struct rn_schema *schema,
                         struct rn_error *error);

/* The SELECT that measures one run, one row of cells: how many rows; then for
 * each column what rn_sql_measure_cells() counts, in this order: non-null
 * count, minimum and maximum, sum, the two halves of the hash; each where the
 * type has it in any dialect, NULL where this one can't say it.
 *
 *   bool, integer  min, max, sum, hash
 *   decimal        min, max, sum (Synapse: up to 28 digits, beyond them SUM
 *                  may overflow, which would fail the whole SELECT), hash (up
 *                  to a scale of 6: Databricks without ANSI mode writes smaller
 *                  numbers with an exponent)
 *   double         min, max without NaN (Synapse: with exact_doubles only)
 *   date, time, timestamps, uuid   min, max, hash
 *   text           min and max of the first 28 bytes, hash of the first 2,000
 *                  characters
 *   blob           hash of the first 8,000 bytes
 *
 * Texts are compared as hexadecimal digits, which every collation orders as
 * their bytes. The hash is that of row/measure.h.
 */
struct rn_sql_measure {
    const struct rn_schema *schema;
    size_t first, n; /* which columns: 1,600 are asked in parts         */
    const char *table;
    const char *run;    /* WHERE _runnel_run = run; NULL: all rows         */
    bool hash;          /* ask for hashes: costs the warehouse CPU         */
    bool exact_doubles; /* files keep doubles bit by bit (parquet, avro):
                         * how Synapse rounds those it reads from a CSV
                         * file is not promised                            */
};
void rn_sql_measure(struct rn_sql *q, const struct rn_sql_measure *m);

/* How many cells a row of that answer has for a column of this type. */
unsigned rn_sql_measure_cells(const struct rn_col *col);
#define RN_SQL_MEASURE_CELLS 6 /* at most */

/* Those cells, as texts (`p` is NULL for SQL's NULL), in the forms of
 * struct rn_measure_column. RN_E_PEER when one of them is no such value.
 */
int rn_sql_measure_read(const struct rn_sql_measure *m, size_t column,
                        const struct rn_bytes *cell,
                        struct rn_measure_column *to);

#endif
