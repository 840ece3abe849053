/* warehouse/sql_types.c: see warehouse/sql.h. Types of columns. */
#include "warehouse/sql.h"

/* The most that a column of bounded length can hold. */
#define NVARCHAR_UNITS  4000
#define VARBINARY_BYTES 8000

/* Run ids are shorter; a key column wants a bound. */
#define RUN_SYNAPSE " nvarchar(64)"

static bool is_large(const struct rn_sql *q, uint64_t most)
{
    return q->max_cell == 0 || q->max_cell > most;
}

static void put_decimal(struct rn_sql *q, const struct rn_col *col)
{
    RN_ASSERT(col->precision >= 1 && col->precision <= 38 &&
              col->scale <= col->precision);
    rn_sql_text(q, q->dialect == RN_SQL_DATABRICKS ? "DECIMAL(" : "decimal(");
    rn_sql_number(q, col->precision);
    rn_sql_text(q, ", ");
    rn_sql_number(q, col->scale);
    rn_sql_text(q, ")");
}

static const char *databricks_type(const struct rn_col *col)
{
    switch (col->type) {
    case RN_BOOL:
        return "BOOLEAN";
    case RN_I64:
        return col->bits == 8    ? "TINYINT"
               : col->bits == 16 ? "SMALLINT"
               : col->bits == 32 ? "INT"
                                 : "BIGINT";
    case RN_F64:
        return col->bits == 32 ? "FLOAT" : "DOUBLE";
    case RN_DATE:
        return "DATE";
    case RN_TIMESTAMP:
        return col->utc ? "TIMESTAMP" : "TIMESTAMP_NTZ";
    case RN_BLOB:
        return "BINARY";
    default:
        RN_ASSERT(col->type == RN_TEXT || col->type == RN_TIME ||
                  col->type == RN_UUID);
        return "STRING";
    }
}

static const char *synapse_type(const struct rn_sql *q,
                                const struct rn_col *col)
{
    switch (col->type) {
    case RN_BOOL:
        return "bit";
    case RN_I64:
        return col->bits == 8 || col->bits == 16 ? "smallint"
               : col->bits == 32                 ? "int"
                                                 : "bigint";
    case RN_F64:
        return col->bits == 32 ? "real" : "float";
    case RN_DATE:
        return "date";
    case RN_TIME:
        return col->millis ? "time(3)" : "time(6)";
    case RN_TIMESTAMP:
        return col->millis ? "datetime2(3)" : "datetime2(6)";
    case RN_UUID:
        return "uniqueidentifier";
    case RN_BLOB:
        return is_large(q, VARBINARY_BYTES) ? "varbinary(max)"
                                            : "varbinary(8000)";
    default:
        RN_ASSERT(col->type == RN_TEXT);
        return is_large(q, NVARCHAR_UNITS) ? "nvarchar(max)" : "nvarchar(4000)";
    }
}

void rn_sql_type(struct rn_sql *q, const struct rn_col *col)
{
    if (col->type == RN_DECIMAL)
        put_decimal(q, col);
    else
        rn_sql_text(q, q->dialect == RN_SQL_DATABRICKS ? databricks_type(col)
                                                       : synapse_type(q, col));
}

bool rn_sql_needs_heap(const struct rn_sql *q, const struct rn_schema *schema)
{
    if (q->dialect != RN_SQL_SYNAPSE)
        return false;
    for (size_t i = 0; i < schema->n; i++) {
        enum rn_type type = schema->col[i].type;

        if ((type == RN_TEXT && is_large(q, NVARCHAR_UNITS)) ||
            (type == RN_BLOB && is_large(q, VARBINARY_BYTES)))
            return true;
    }
    return false;
}

static void put_columns(struct rn_sql *q, const struct rn_schema *schema)
{
    rn_sql_text(q, "(");
    for (size_t i = 0; i < schema->n; i++) {
        if (i > 0)
            rn_sql_text(q, ", ");
        rn_sql_name(q, schema->col[i].name);
        rn_sql_text(q, " ");
        rn_sql_type(q, &schema->col[i]);
    }
}

void rn_sql_columns(struct rn_sql *q, const struct rn_schema *schema)
{
    put_columns(q, schema);
    rn_sql_text(q, ")");
}

void rn_sql_run_columns(struct rn_sql *q, const struct rn_schema *schema)
{
    put_columns(q, schema);
    rn_sql_text(q, ", ");
    rn_sql_name(q, RN_STR(RN_RUN_COLUMN));
    rn_sql_text(q, q->dialect == RN_SQL_DATABRICKS ? " STRING" : RUN_SYNAPSE);
    rn_sql_text(q, ")");
}
