/* warehouse/synapse_rules.c: what Synapse cannot read, said before anything is
 * sent; see warehouse/synapse.h.
 */
#include "warehouse/synapse.h"

#include "row/name.h"
#include "row/utf8.h"

#include <string.h>

static int refuse(struct rn_error *e, const char *text)
{
    return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG, "%s", text);
}

static int refuse_column(struct rn_error *e, const struct rn_col *col,
                         const char *text)
{
    return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG, "column \"%.*s\": %s",
                   (int)rn_utf8_cut(col->name, RN_NAME_SHOWN),
                   (const char *)col->name.p, text);
}

/* What COPY and the CSV readers of OPENROWSET have no option for. */
static int check_csv(const struct rn_config *c, struct rn_error *e)
{
    if ((uint8_t)c->file.delimiter >= 0x80 ||
        (uint8_t)c->file.quote_char >= 0x80)
        return refuse(e, "synapse: takes only ASCII for file.delimiter and "
                         "file.quote_char");
    if (c->file.escape)
        return refuse(e, "synapse: reads doubled quotes, no escape; leave out "
                         "file.escape");
    if (c->file.null[0])
        return refuse(e, "synapse: reads only an empty field as NULL; leave "
                         "out file.null");
    if (c->file.quote == RN_QUOTE_ALL)
        return refuse(e, "synapse: a quoted empty field is no NULL; use "
                         "file.quote = non-null");
    if (c->file.booleans == RN_BOOL_T_F)
        return refuse(e, "synapse: doesn't read t and f; use file.booleans = "
                         "true-false or 1-0");
    return RN_OK;
}

static int check_format(const struct rn_config *c, struct rn_error *e)
{
    bool dedicated = c->synapse.load == RN_SYNAPSE_COPY_INTO;
    const char *format = c->file.format;

    if (strcmp(format, "avro") == 0)
        return refuse(e, "synapse: reads no Avro; use file.format = parquet "
                         "or csv");
    if (strcmp(format, "json") == 0)
        return refuse(e, dedicated
                             ? "synapse: COPY INTO reads no JSON; use "
                               "file.format = parquet or csv"
                             : "synapse: views over JSON are not made here; "
                               "use file.format = parquet or csv");
    if (strcmp(format, "parquet") == 0 &&
        c->file.compression == RN_COMPRESSION_ZSTD)
        return refuse(e, "synapse: reads Parquet with snappy, gzip or none, "
                         "not zstd; use file.compression = snappy");
    return strcmp(format, "csv") == 0 ? check_csv(c, e) : RN_OK;
}

static int check_place(const struct rn_config *c, struct rn_error *e)
{
    if (strncmp(c->store.url, "http", 4) != 0)
        return refuse(e, "synapse: reads from an Azure container; store.url "
                         "is none");
    if (rn_sql_check_table(RN_SQL_SYNAPSE, c->synapse.table) < 0)
        return refuse(e, "synapse.table: not a name like dbo.orders");
    if (c->synapse.load == RN_SYNAPSE_EXTERNAL &&
        c->synapse.mode == RN_MODE_MERGE)
        return refuse(e, "synapse.mode: merge needs a dedicated pool; a view "
                         "has append and overwrite");
    if (strcmp(c->synapse.credential, "sas") == 0 &&
        c->synapse.load == RN_SYNAPSE_EXTERNAL)
        return refuse(e, "synapse.credential: a view outlives a short SAS; use "
                         "managed-identity, or none for the reader's own");
    if (strcmp(c->synapse.credential, "sas") == 0 &&
        c->auth.kind != RN_AUTH_SAS)
        return refuse(e, "synapse.credential: sas needs auth.kind = sas; an "
                         "account key is never put in a statement");
    return RN_OK;
}

/* ------------------------------------------------------------------ columns */

/* HdfsBridge refuses microseconds, and serverless pools read a timestamp
 * without a zone as a bare integer.
 */
static int check_parquet(const struct rn_config *c, const struct rn_col *col,
                         struct rn_error *e)
{
    if (col->type != RN_TIMESTAMP && col->type != RN_TIME)
        return RN_OK;
    if (!col->millis)
        return refuse_column(e, col,
                             "Synapse reads no microseconds from "
                             "Parquet; set [file] timestamps = millis "
                             "or millis-truncate");
    if (col->type == RN_TIMESTAMP && !col->utc &&
        c->synapse.load == RN_SYNAPSE_EXTERNAL)
        return refuse_column(e, col,
                             "a serverless pool reads local "
                             "timestamps from Parquet as integers; "
                             "make it an instant ([types] … = "
                             "timestamp) or use csv");
    return RN_OK;
}

/* In CSV and JSON everything is text that SQL has to make a value of. */
static int check_text(const struct rn_config *c, const struct rn_col *col,
                      struct rn_error *e)
{
    if (col->type == RN_BLOB)
        return refuse_column(e, col,
                             "Synapse reads binary columns only from "
                             "Parquet");
    if ((col->type == RN_TIMESTAMP || col->type == RN_DATE) &&
        c->file.dates != RN_DATES_ISO)
        return refuse_column(e, col,
                             "Synapse reads no epoch numbers as "
                             "dates; use file.dates = iso");
    if (col->type == RN_F64 && c->file.nan == RN_NAN_TEXT)
        return refuse_column(e, col,
                             "Synapse has no NaN; use file.nan = null "
                             "or error");
    return RN_OK;
}

static int check_columns(const struct rn_config *c,
                         const struct rn_schema *schema, struct rn_error *e)
{
    bool parquet = strcmp(c->file.format, "parquet") == 0;
    int err = RN_OK;

    if (rn_sql_check_columns(RN_SQL_SYNAPSE, schema, e) < 0)
        return RN_E_CONFIG;
    for (size_t i = 0; i < schema->n && err == RN_OK; i++)
        err = parquet ? check_parquet(c, &schema->col[i], e)
                      : check_text(c, &schema->col[i], e);
    return err;
}

static bool has_column(const struct rn_schema *schema, struct rn_bytes name)
{
    for (size_t i = 0; i < schema->n; i++) {
        if (rn_bytes_equal(schema->col[i].name, name))
            return true;
    }
    return false;
}

/* keys = a,b */
static int check_keys(const struct rn_config *c, const struct rn_schema *schema,
                      struct rn_error *e)
{
    struct rn_bytes left = rn_bytes_of(c->synapse.keys);
    struct rn_bytes key;

    if (c->synapse.mode != RN_MODE_MERGE)
        return RN_OK;
    if (left.n == 0)
        return refuse(e, "synapse.keys: mode = merge needs the columns that "
                         "tell rows apart");
    while (rn_syn_key(&left, &key)) {
        if (schema && !has_column(schema, key))
            return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG,
                           "synapse.keys: the query has no column \"%.*s\"",
                           (int)rn_utf8_cut(key, RN_NAME_SHOWN),
                           (const char *)key.p);
    }
    return RN_OK;
}

bool rn_syn_key(struct rn_bytes *left, struct rn_bytes *key)
{
    const uint8_t *comma;

    if (!left->p || left->n == 0)
        return false;
    comma = memchr(left->p, ',', left->n);
    key->p = left->p;
    key->n = comma ? (size_t)(comma - left->p) : left->n;
    left->n -= key->n + (comma != NULL);
    left->p += key->n + (comma != NULL);
    while (key->n > 0 && key->p[0] == ' ') {
        key->p++;
        key->n--;
    }
    while (key->n > 0 && key->p[key->n - 1] == ' ')
        key->n--;
    return true;
}

int rn_synapse_refuses(const struct rn_config *config,
                       const struct rn_schema *schema, struct rn_error *error)
{
    int err;

    /* A pipeline reads what it was made to read. */
    if (config->synapse.load == RN_SYNAPSE_PIPELINE)
        return RN_OK;
    if ((err = check_place(config, error)) < 0 ||
        (err = check_format(config, error)) < 0 ||
        (err = check_keys(config, schema, error)) < 0)
        return err;
    return schema ? check_columns(config, schema, error) : RN_OK;
}
