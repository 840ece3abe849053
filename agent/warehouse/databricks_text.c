/* warehouse/databricks_text.c: the statements' texts.
 *
 * COPY INTO names each file, reads every value of a text format as the text
 * that it is, and casts it to the column's type itself, so that nothing is
 * guessed: FAILFAST for rows, the cast for values. An option that has a default
 * which loses rows is written out.
 */
#include <string.h>

#include "core/format.h"
#include "warehouse/databricks.h"

static void text(struct rn_sql *q, const char *words)
{
    rn_sql_text(q, words);
}

static void string(struct rn_sql *q, const char *value)
{
    rn_sql_string(q, rn_bytes_of(value));
}

static void into(struct rn_sql *q, const struct rn_dbx_into *to)
{
    rn_sql_table(q, to->table, to->suffix);
}

static void run_name(struct rn_sql *q)
{
    rn_sql_name(q, RN_STR(RN_RUN_COLUMN));
}

/* `a`, `b`, `_runnel_run`; `before` in front of each. */
static void names(struct rn_sql *q, const struct rn_schema *schema,
                  const char *before)
{
    for (size_t i = 0; i < schema->n; i++) {
        text(q, before);
        rn_sql_name(q, schema->col[i].name);
        text(q, ", ");
    }
    text(q, before);
    run_name(q);
}

/* -- tables --------------------------------------------------------------- */

/* Bytes that a Delta table's column names may hold only with column mapping. */
static bool needs_mapping(const struct rn_schema *schema)
{
    for (size_t i = 0; i < schema->n; i++) {
        struct rn_bytes name = schema->col[i].name;

        for (size_t k = 0; k < name.n; k++) {
            if (name.p[k] && strchr(" ,;{}()\n\t=", name.p[k]))
                return true;
        }
    }
    return false;
}

void rn_dbx_put_create(struct rn_sql *q, const struct rn_dbx_into *to,
                       const struct rn_schema *schema, bool if_missing)
{
    text(q, if_missing ? "CREATE TABLE IF NOT EXISTS " : "CREATE TABLE ");
    into(q, to);
    text(q, " ");
    rn_sql_run_columns(q, schema);
    text(q, " USING DELTA");
    if (needs_mapping(schema))
        text(q, " TBLPROPERTIES ('delta.columnMapping.mode' = 'name')");
}

void rn_dbx_put_drop(struct rn_sql *q, const struct rn_dbx_into *to)
{
    text(q, "DROP TABLE IF EXISTS ");
    into(q, to);
}

/* -- where the files are -------------------------------------------------- */

/* The folders that both have in common, in `folder`. */
static void common(char *folder, const char *path)
{
    size_t end = 0, i;

    for (i = 0; folder[i] && folder[i] == path[i]; i++) {
        if (folder[i] == '/')
            end = i;
    }
    if (folder[i] == 0 && path[i] == '/')
        end = i;
    folder[end] = 0;
}

int rn_dbx_files(struct rn_databricks *d, const struct rn_dataset *dataset,
                 struct rn_dbx_files *f)
{
    char path[RN_DATASET_PATH];

    f->dataset = dataset;
    f->folder[0] = 0;
    for (uint32_t part = 1; part <= dataset->files; part++) {
        if (dataset->path(dataset, part, path) < 0)
            return rn_rest_fail(&d->rest, RN_E_CONFIG,
                                "%s: file %lu of the run has no name",
                                d->w.place, (unsigned long)part);
        if (strpbrk(path, "*?[]{}\\"))
            return rn_rest_fail(&d->rest, RN_E_CONFIG,
                                "store.path: Databricks takes *?[]{} and \\ "
                                "in a file's name for a pattern: \"%.100s\"",
                                path);
        if (part == 1) {
            char *slash = strrchr(path, '/');

            if (slash)
                *slash = 0;
            memcpy(f->folder, slash ? path : "", slash ? strlen(path) + 1 : 1);
        } else {
            common(f->folder, path);
        }
    }
    return RN_OK;
}

/* 'abfss://…/orders/20261122T…/' */
static void source(struct rn_databricks *d, struct rn_sql *q,
                   const struct rn_dbx_files *f)
{
    char where[sizeof d->root + RN_DATASET_PATH + 2];

    rn_format(where, sizeof where, "%s/%s%s", d->root, f->folder,
              f->folder[0] ? "/" : "");
    string(q, where);
}

/* -- what is in them ------------------------------------------------------ */

static bool is(const struct rn_config *c, const char *format)
{
    return strcmp(c->file.format, format) == 0;
}

static bool is_text_format(const struct rn_config *c)
{
    return is(c, "csv") || is(c, "json");
}

/* How the reader names the columns: as the files do, or `_c0`, `_c1` … for
 * those that don't.
 */
enum by { BY_NAME, BY_PLACE };

static enum by by_file(const struct rn_config *c)
{
    return is(c, "csv") && !c->file.header ? BY_PLACE : BY_NAME;
}

static void file_column(struct rn_sql *q, const struct rn_config *c,
                        const struct rn_schema *schema, size_t i, enum by by)
{
    char place[24];

    if (by == BY_NAME) {
        rn_sql_name(q, schema->col[i].name);
        return;
    }
    rn_format(place, sizeof place, "_c%zu", i + (c->file.row_number[0] != 0));
    rn_sql_name(q, rn_bytes_of(place));
}

/* `a`::BIGINT AS `a` */
static void item(struct rn_sql *q, const struct rn_config *c,
                 const struct rn_schema *schema, size_t i, enum by by)
{
    const struct rn_col *col = &schema->col[i];

    if (col->type == RN_BLOB && is_text_format(c)) {
        text(q, c->file.binary == RN_BINARY_HEX ? "unhex(" : "unbase64(");
        file_column(q, c, schema, i, by);
        text(q, ")");
    } else {
        file_column(q, c, schema, i, by);
        text(q, "::");
        rn_sql_type(q, col);
    }
    text(q, " AS ");
    rn_sql_name(q, col->name);
}

static void items(struct rn_sql *q, const struct rn_config *c,
                  const struct rn_dataset *dataset, enum by by)
{
    for (size_t i = 0; i < dataset->schema->n; i++) {
        item(q, c, dataset->schema, i, by);
        text(q, ", ");
    }
    string(q, dataset->run);
    text(q, " AS ");
    run_name(q);
}

/* -- how they are read ---------------------------------------------------- */

/* Options in the form of COPY INTO or of read_files(). */
struct options {
    struct rn_sql *q;
    bool call; /* name => 'value' */
    bool any;
};

static void option(struct options *o, const char *name, const char *value)
{
    if (o->any || o->call)
        text(o->q, ", ");
    o->any = true;
    if (o->call) {
        text(o->q, name);
        text(o->q, " => ");
    } else {
        string(o->q, name);
        text(o->q, " = ");
    }
    string(o->q, value);
}

static const char *yes(bool v)
{
    return v ? "true" : "false";
}

/* What stands for NULL. The reader does not see whether a field had quotes: it
 * takes an empty one for NULL, one of "" for emptyValue, and then everything
 * that equals nullValue for NULL. So an empty text stays one only if nullValue
 * is something else: a text that no row can hold, since the run's name was not
 * known to anybody when the rows were written.
 */
static void null_option(struct options *o, const struct rn_config *c,
                        const char *run)
{
    char never[80];

    rn_format(never, sizeof never, "NULL of %s", run);
    option(o, "nullValue",
           c->file.null[0] || c->file.quote == RN_QUOTE_NONE ? c->file.null
                                                             : never);
    option(o, "emptyValue", "");
}

static void csv_options(struct options *o, const struct rn_config *c,
                        const char *run)
{
    const char delimiter[2] = { c->file.delimiter, 0 };
    const char quote[2] = { c->file.quote_char, 0 };
    const char escape[2] = { c->file.escape, 0 };
    bool none = c->file.quote == RN_QUOTE_NONE;

    option(o, "header", yes(c->file.header));
    option(o, "sep", delimiter);
    option(o, "quote", none ? "" : quote);
    option(o, "escape", escape[0] ? escape : quote);
    option(o, "multiLine", "true");
    option(o, "lineSep", "\n");
    option(o, "encoding", "UTF-8");
    null_option(o, c, run);
    option(o, "ignoreLeadingWhiteSpace", "false");
    option(o, "ignoreTrailingWhiteSpace", "false");
    option(o, "mode", "FAILFAST");
}

/* Numbers as the texts that they are: read as doubles, they would not keep
 * their digits.
 */
static void json_options(struct options *o, const struct rn_config *c)
{
    option(o, "multiLine", yes(c->file.shape == RN_SHAPE_ARRAY));
    if (!o->call)
        option(o, "primitivesAsString", "true");
    option(o, "encoding", "UTF-8");
    option(o, "mode", "FAILFAST");
}

static void options(struct options *o, const struct rn_config *c,
                    const char *run)
{
    if (is(c, "csv")) {
        csv_options(o, c, run);
        if (!o->call)
            option(o, "inferSchema", "false");
    } else if (is(c, "json")) {
        json_options(o, c);
    }
    /* By default a file that is gone or broken is passed over. */
    option(o, "ignoreMissingFiles", "false");
    option(o, "ignoreCorruptFiles", "false");
}

static const char *format_name(const struct rn_config *c)
{
    return is(c, "csv")    ? "CSV"
           : is(c, "json") ? "JSON"
           : is(c, "avro") ? "AVRO"
                           : "PARQUET";
}

/* -- COPY INTO ------------------------------------------------------------ */

static void credential(struct rn_sql *q, const struct rn_config *c,
                       enum rn_dbx_for reader)
{
    const char *sas = c->auth.token;

    if (c->databricks.access != RN_ACCESS_SAS)
        return;
    text(q, " WITH (CREDENTIAL (AZURE_SAS_TOKEN = ");
    string(q, reader == RN_DBX_PEOPLE ? "PUT A SAS TOKEN HERE"
                                      : sas + (sas[0] == '?'));
    text(q, "))");
}

/* A file's name below the folder. */
static void file_name(struct rn_sql *q, const struct rn_dbx_files *f,
                      uint32_t part)
{
    char path[RN_DATASET_PATH];
    size_t skip = strlen(f->folder);

    RN_ASSERT(f->dataset->path(f->dataset, part, path) >= 0);
    string(q, path + skip + (skip > 0));
}

void rn_dbx_put_copy(struct rn_databricks *d, struct rn_sql *q,
                     const struct rn_dbx_copy *copy)
{
    const struct rn_config *c = d->w.config;
    const struct rn_dataset *dataset = copy->files->dataset;
    struct options o = { .q = q };

    text(q, "COPY INTO ");
    into(q, &copy->to);
    text(q, " FROM (SELECT ");
    items(q, c, dataset, by_file(c));
    text(q, " FROM ");
    source(d, q, copy->files);
    credential(q, c, copy->reader);
    text(q, ") FILEFORMAT = ");
    text(q, format_name(c));
    text(q, " FILES = (");
    for (uint32_t i = 0; i < copy->n; i++) {
        if (i > 0)
            text(q, ", ");
        file_name(q, copy->files, copy->first + i);
    }
    text(q, ") FORMAT_OPTIONS (");
    options(&o, c, dataset->run);
    text(q, ")");
}

/* -- publishing ----------------------------------------------------------- */

void rn_dbx_put_overwrite(struct rn_sql *q, const struct rn_dbx_into *from,
                          const struct rn_schema *schema)
{
    text(q, "INSERT OVERWRITE TABLE ");
    rn_sql_table(q, from->table, NULL);
    text(q, " (");
    names(q, schema, "");
    text(q, ") SELECT ");
    names(q, schema, "");
    text(q, " FROM ");
    into(q, from);
}

bool rn_dbx_next_key(const char **keys, struct rn_bytes *key)
{
    const char *p = *keys;
    size_t n;

    p += strspn(p, " \t,");
    if (!*p)
        return false;
    n = strcspn(p, ",");
    *keys = p + n;
    while (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\t'))
        n--;
    *key = (struct rn_bytes){ (const uint8_t *)p, n };
    return true;
}

const struct rn_col *rn_dbx_column(const struct rn_schema *schema,
                                   struct rn_bytes name)
{
    for (size_t i = 0; i < schema->n; i++) {
        if (rn_bytes_equal(schema->col[i].name, name))
            return &schema->col[i];
    }
    return NULL;
}

static bool is_key(const char *keys, struct rn_bytes name)
{
    struct rn_bytes key;

    while (rn_dbx_next_key(&keys, &key)) {
        if (rn_bytes_equal(key, name))
            return true;
    }
    return false;
}

/* NULL is a key like others: <=>. */
static void on_keys(struct rn_sql *q, const char *keys)
{
    struct rn_bytes key;

    for (bool any = false; rn_dbx_next_key(&keys, &key); any = true) {
        text(q, any ? " AND t." : "t.");
        rn_sql_name(q, key);
        text(q, " <=> s.");
        rn_sql_name(q, key);
    }
}

void rn_dbx_put_merge(struct rn_sql *q, const struct rn_dbx_into *from,
                      const struct rn_schema *schema, const char *keys)
{
    text(q, "MERGE INTO ");
    rn_sql_table(q, from->table, NULL);
    text(q, " AS t USING ");
    into(q, from);
    text(q, " AS s ON ");
    on_keys(q, keys);
    text(q, " WHEN MATCHED THEN UPDATE SET ");
    for (size_t i = 0; i < schema->n; i++) {
        if (is_key(keys, schema->col[i].name))
            continue;
        text(q, "t.");
        rn_sql_name(q, schema->col[i].name);
        text(q, " = s.");
        rn_sql_name(q, schema->col[i].name);
        text(q, ", ");
    }
    text(q, "t.");
    run_name(q);
    text(q, " = s.");
    run_name(q);
    text(q, " WHEN NOT MATCHED THEN INSERT (");
    names(q, schema, "");
    text(q, ") VALUES (");
    names(q, schema, "s.");
    text(q, ")");
}

void rn_dbx_put_doubles(struct rn_sql *q, const struct rn_dbx_into *from,
                        const char *keys)
{
    struct rn_bytes key;

    text(q, "SELECT count(*) FROM (SELECT count(*) AS n FROM ");
    into(q, from);
    text(q, " GROUP BY ");
    for (bool any = false; rn_dbx_next_key(&keys, &key); any = true) {
        text(q, any ? ", " : "");
        rn_sql_name(q, key);
    }
    text(q, " HAVING count(*) > 1) AS twice");
}

/* -- a view of the files -------------------------------------------------- */

/* The schema as the files have it: texts in text formats, by place in CSV. */
static void view_schema(struct rn_sql *q, const struct rn_config *c,
                        const struct rn_schema *schema)
{
    bool counted = is_text_format(c) && c->file.row_number[0] != 0;

    if (counted) {
        rn_sql_name(q, rn_bytes_of(c->file.row_number));
        text(q, " STRING, ");
    }
    for (size_t i = 0; i < schema->n; i++) {
        text(q, i > 0 ? ", " : "");
        rn_sql_name(q, schema->col[i].name);
        text(q, " ");
        if (is_text_format(c))
            text(q, "STRING");
        else
            rn_sql_type(q, &schema->col[i]);
    }
}

/* A string literal within the statement that is itself SQL: its stream
 * collects pieces and hands them on escaped.
 */
struct nested {
    struct rn_out out; /* first */
    struct rn_sql *q;
    uint8_t buf[64];
};

static int nested_drain(struct rn_out *o)
{
    struct nested *n = (struct nested *)o;

    for (size_t i = 0; i < o->len; i++) {
        if (strchr("'\\{", o->buf[i]))
            rn_out_byte(n->q->out, '\\');
        rn_out_byte(n->q->out, o->buf[i]);
    }
    return n->q->out->err;
}

void rn_dbx_put_view(struct rn_databricks *d, struct rn_sql *q,
                     const struct rn_dbx_files *files)
{
    const struct rn_config *c = d->w.config;
    const struct rn_dataset *dataset = files->dataset;
    struct options o = { .q = q, .call = true };
    struct nested nested = { .q = q };
    struct rn_sql inner = *q;

    text(q, "CREATE OR REPLACE VIEW ");
    rn_sql_table(q, c->databricks.table, NULL);
    text(q, " AS SELECT ");
    items(q, c, dataset, BY_NAME); /* the schema gives all of them names */
    text(q, " FROM read_files(");
    source(d, q, files);
    option(&o, "format", format_name(c));
    text(q, ", schema => '");
    rn_out_init(&nested.out, nested.buf, sizeof nested.buf, nested_drain);
    inner.out = &nested.out;
    view_schema(&inner, c, dataset->schema);
    if (rn_out_flush(&nested.out) < 0)
        rn_out_fail(q->out, nested.out.err);
    text(q, "'");
    options(&o, c, dataset->run);
    text(q, ")");
}
