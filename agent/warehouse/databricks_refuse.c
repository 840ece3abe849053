/* warehouse/databricks_refuse.c: jobs that Databricks cannot load as they are,
 * said with what to change before anything is sent.
 *
 * Sources: Spark's readers of CSV, JSON, Avro and Parquet, which COPY INTO and
 * read_files() are made of.
 */
#include <string.h>

#include "identity/identity.h"
#include "warehouse/databricks.h"

/* A SAS in a statement is in the workspace's query history. One that ends this
 * soon is worth little to whoever reads it there.
 */
#define SAS_LIFE_US (INT64_C(48) * 3600 * 1000000)

/* Decimal digits that every double keeps. */
#define DOUBLE_DIGITS 15

static int refuse(const struct rn_config *c, struct rn_error *error,
                  const char *why)
{
    return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG, "%s: %s", c->path, why);
}

/* -- without its columns -------------------------------------------------- */

static int refuse_sas(const struct rn_config *c, int64_t now_us,
                      struct rn_error *error)
{
    struct rn_bytes sas = rn_bytes_of(c->auth.token);
    struct rn_bytes rights;
    int64_t end;

    if (c->auth.kind != RN_AUTH_SAS)
        return refuse(c, error,
                      "databricks.access = sas: auth.kind is no SAS, and no "
                      "other secret may be in a statement; use an external "
                      "location (databricks.access = location) or a volume");
    if (sas.n > 0 && sas.p[0] == '?')
        sas = (struct rn_bytes){ sas.p + 1, sas.n - 1 };
    rights = rn_sas_parameter(sas, "sp");
    if (rights.n == 0 || !memchr(rights.p, 'r', rights.n) ||
        !memchr(rights.p, 'l', rights.n))
        return refuse(c, error,
                      "databricks.access = sas: COPY INTO needs a SAS token "
                      "that allows reading and listing (r and l in its sp)");
    if (rn_sas_time(rn_sas_parameter(sas, "se"), &end) < 0)
        return refuse(c, error,
                      "databricks.access = sas: the SAS token names no end "
                      "(se) by which to know that it is a short one; use an "
                      "external location (databricks.access = location)");
    if (now_us < 0 || end - now_us > SAS_LIFE_US)
        return refuse(c, error,
                      "databricks.access = sas: the SAS token lives for more "
                      "than 48 hours, and statements are kept in the query "
                      "history; make a short one, or use an external location "
                      "(databricks.access = location)");
    return RN_OK;
}

static int refuse_view(const struct rn_config *c, struct rn_error *error)
{
    if (c->databricks.access == RN_ACCESS_SAS)
        return refuse(c, error,
                      "databricks.load = external-table reads the files each "
                      "time it is asked, which a SAS token cannot; use "
                      "databricks.access = location or volume");
    return RN_OK;
}

int rn_dbx_refuses_job(const struct rn_config *c, int64_t now_us,
                       struct rn_error *error)
{
    int err = RN_OK;

    if (c->databricks.load == RN_DATABRICKS_JOB)
        return RN_OK;
    if (rn_sql_check_table(RN_SQL_DATABRICKS, c->databricks.table) < 0)
        return refuse(c, error,
                      "databricks.table: expected catalog.schema.table, parts "
                      "with other characters in backquotes");
    if (c->databricks.load == RN_DATABRICKS_EXTERNAL_TABLE)
        err = refuse_view(c, error);
    if (err == RN_OK && c->databricks.load == RN_DATABRICKS_COPY_INTO &&
        c->databricks.access == RN_ACCESS_SAS)
        err = refuse_sas(c, now_us, error);
    return err;
}

/* -- with them ------------------------------------------------------------ */

static bool is(const struct rn_config *c, const char *format)
{
    return strcmp(c->file.format, format) == 0;
}

/* The first column of a type in [from, to], or NULL. */
static const struct rn_col *typed(const struct rn_schema *schema,
                                  enum rn_type from, enum rn_type to)
{
    for (size_t i = 0; i < schema->n; i++) {
        if (schema->col[i].type >= from && schema->col[i].type <= to)
            return &schema->col[i];
    }
    return NULL;
}

static int refuse_column(const struct rn_config *c, const struct rn_col *col,
                         struct rn_error *error, const char *why)
{
    return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG, "%s: column \"%.*s\": %s",
                   c->path, (int)(col->name.n < 80 ? col->name.n : 80),
                   (const char *)col->name.p, why);
}

static int refuse_quotes(const struct rn_config *c,
                         const struct rn_schema *schema, struct rn_error *error)
{
    bool none = c->file.quote == RN_QUOTE_NONE;

    if (c->file.quote == RN_QUOTE_ALL)
        return refuse(c, error,
                      "file.quote = all: Databricks cannot tell a NULL in "
                      "quotes from a text; set it to non-null");
    if (c->file.escape != 0 && (none || c->file.escape != c->file.quote_char))
        return refuse(c, error,
                      "file.escape: readers differ in what an escape before "
                      "anything but a quote means; leave it empty, so that "
                      "quotes are doubled");
    if (c->file.null[0] && (typed(schema, RN_TEXT, RN_BLOB)))
        return refuse(c, error,
                      "file.null: Databricks cannot tell NULL from a text that "
                      "reads the same; leave it empty, or use parquet");
    return RN_OK;
}

static int refuse_csv(const struct rn_config *c, const struct rn_schema *schema,
                      struct rn_error *error)
{
    const struct rn_col *time = typed(schema, RN_DATE, RN_TIMESTAMP);

    if (c->file.newline == RN_NEWLINE_CRLF)
        return refuse(c, error,
                      "file.newline = crlf: Databricks takes one byte as the "
                      "end of a line, or changes line ends within texts; set "
                      "it to lf");
    if (time && c->file.dates != RN_DATES_ISO)
        return refuse_column(c, time, error,
                             "file.dates: Databricks casts ISO dates only; set "
                             "it to iso");
    return refuse_quotes(c, schema, error);
}

/* Spark reads a JSON number with a point as a double, even into a text. */
static const struct rn_col *inexact(const struct rn_schema *schema)
{
    for (size_t i = 0; i < schema->n; i++) {
        const struct rn_col *col = &schema->col[i];

        if (col->type == RN_DECIMAL && col->scale > 0 &&
            col->precision > DOUBLE_DIGITS)
            return col;
    }
    return NULL;
}

static int refuse_json(const struct rn_config *c,
                       const struct rn_schema *schema, struct rn_error *error)
{
    const struct rn_col *time = typed(schema, RN_DATE, RN_TIMESTAMP);
    const struct rn_col *decimal = inexact(schema);

    if (time && c->file.dates != RN_DATES_ISO)
        return refuse_column(c, time, error,
                             "file.dates: Databricks casts ISO dates only; set "
                             "it to iso");
    if (decimal)
        return refuse_column(c, decimal, error,
                             "Databricks reads JSON numbers as doubles, which "
                             "keep 15 digits; use parquet, avro or csv");
    return RN_OK;
}

static int refuse_parquet(const struct rn_config *c,
                          const struct rn_schema *schema,
                          struct rn_error *error)
{
    const struct rn_col *col = typed(schema, RN_TIME, RN_TIME);

    if (col)
        return refuse_column(c, col, error,
                             "Databricks reads no times of day from Parquet or "
                             "Avro; make it text in [types]");
    col = is(c, "parquet") ? typed(schema, RN_UUID, RN_UUID) : NULL;
    if (col)
        return refuse_column(c, col, error,
                             "Databricks reads no UUIDs from Parquet; make it "
                             "text in [types]");
    return RN_OK;
}

/* Avro files hold other names for what is no identifier. */
static int refuse_avro(const struct rn_config *c,
                       const struct rn_schema *schema, struct rn_error *error)
{
    static const char legal[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz_0123456789";

    for (size_t i = 0; i < schema->n; i++) {
        const struct rn_col *col = &schema->col[i];
        bool good =
            col->name.n > 0 && (col->name.p[0] < '0' || col->name.p[0] > '9');

        for (size_t k = 0; k < col->name.n; k++)
            good &= memchr(legal, col->name.p[k], sizeof legal - 1) != NULL;
        if (!good)
            return refuse_column(c, col, error,
                                 "Avro has no such names, and Databricks sees "
                                 "the file's; rename it with AS in "
                                 "source.query, or use parquet");
    }
    return refuse_parquet(c, schema, error);
}

static int refuse_keys(const struct rn_config *c,
                       const struct rn_schema *schema, struct rn_error *error)
{
    const char *keys = c->databricks.keys;
    struct rn_bytes key;
    bool any = false;

    if (c->databricks.mode != RN_MODE_MERGE)
        return RN_OK;
    for (; rn_dbx_next_key(&keys, &key); any = true) {
        if (!rn_dbx_column(schema, key))
            return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                           "%s: databricks.keys: the query has no column "
                           "\"%.*s\"",
                           c->path, (int)(key.n < 80 ? key.n : 80),
                           (const char *)key.p);
    }
    if (any)
        return RN_OK;
    return refuse(c, error, "databricks.keys: no column is named");
}

int rn_databricks_refuses(const struct rn_config *c,
                          const struct rn_schema *schema,
                          struct rn_error *error)
{
    int err;

    if (c->databricks.load == RN_DATABRICKS_JOB)
        return RN_OK;
    err = rn_sql_check_columns(RN_SQL_DATABRICKS, schema, error);
    if (err < 0)
        return err;
    if (is(c, "csv"))
        err = refuse_csv(c, schema, error);
    else if (is(c, "json"))
        err = refuse_json(c, schema, error);
    else if (is(c, "avro"))
        err = refuse_avro(c, schema, error);
    else
        err = refuse_parquet(c, schema, error);
    return err < 0 ? err : refuse_keys(c, schema, error);
}
