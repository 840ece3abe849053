/* warehouse/sql.h: SQL text, quoted for the dialect that will read it.
 *
 * The one place where a name or a value becomes part of a statement. Names
 * come from people and databases and may hold anything; they are quoted, never
 * trusted. No credential that lives longer than the load is ever written here.
 */
#ifndef WAREHOUSE_SQL_H
#define WAREHOUSE_SQL_H

#include "runnel/config.h"
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
};

void rn_sql_text(struct rn_sql *q, const char *words); /* as it is */
void rn_sql_name(struct rn_sql *q, struct rn_bytes name);
void rn_sql_string(struct rn_sql *q, struct rn_bytes text);
void rn_sql_number(struct rn_sql *q, uint64_t n);

/* A name of up to three parts as a job file has it: main.sales.orders, each
 * part bare or in the dialect's own quotes. RN_E_CONFIG when it is none.
 */
int rn_sql_check_table(enum rn_sql_dialect d, const char *table);
void rn_sql_table(struct rn_sql *q, const char *table, const char *suffix);

/* A column's type, for CREATE TABLE and for WITH lists. */
void rn_sql_type(struct rn_sql *q, const struct rn_col *col);

/* (`a` BIGINT, `b` STRING …) */
void rn_sql_columns(struct rn_sql *q, const struct rn_schema *schema);

/* The column that says which run a row came with, in tables that we make. */
#define RN_RUN_COLUMN "_runnel_run"

/* The SELECT that measures one run: rows, then per column non-null count and,
 * where the type has them, minimum, maximum, exact sum and hash, each as text
 * in the form of struct rn_measure_column. `from` writes what follows FROM.
 * `first`, `n`: which columns, so that a table of 1,600 is asked in parts.
 */
struct rn_sql_measure {
    const struct rn_schema *schema;
    size_t first, n;
    const char *table;
    const char *run; /* WHERE _runnel_run = run; NULL: all rows */
};
void rn_sql_measure(struct rn_sql *q, const struct rn_sql_measure *m);

/* How many cells a row of that answer has for a column of this type. */
unsigned rn_sql_measure_cells(const struct rn_col *col);

#endif
