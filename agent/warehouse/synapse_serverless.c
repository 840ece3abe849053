/* warehouse/synapse_serverless.c: a run as a view of a serverless pool, which
 * keeps nothing itself: a view for each run over exactly its files, and one
 * with the table's name over all of those.
 *
 * Every statement makes what is there already once more or leaves it, so the
 * sequence can begin again at any time.
 */
#include "warehouse/synapse.h"

#include "core/format.h"
#include "core/log.h"
#include "runnel/port.h"

#include <inttypes.h>
#include <string.h>

#define PART 140 /* bytes of a name's part that this file takes apart */

/* The last part of a table's name, and the one before it or "dbo"; without
 * quotes.
 */
struct parts {
    char schema[PART];
    char name[PART];
};

static const char *read_part(const char *p, char to[PART])
{
    bool quoted = *p == '[';
    size_t n = 0;

    for (p += quoted; *p && (quoted || *p != '.'); p++) {
        if (quoted && *p == ']' && *++p != ']')
            break;
        if (n + 1 < PART)
            to[n++] = *p;
    }
    to[n] = 0;
    return *p == '.' ? p + 1 : NULL;
}

static void split_table(const char *table, struct parts *to)
{
    const char *rest = table;

    rn_format(to->name, PART, "dbo");
    do {
        memcpy(to->schema, to->name, PART);
        rest = read_part(rest, to->name);
    } while (rest);
}

/* The data source's and the credential's name: of the table they serve, so that
 * two jobs never change each other's.
 */
static void put_source_name(char to[2 * PART + 16], const struct synapse *s)
{
    struct parts parts = { "", "" };

    split_table(s->base.config->synapse.table, &parts);
    rn_format(to, 2 * PART + 16, "runnel_%.50s_%.60s", parts.schema,
              parts.name);
}

static bool with_identity(const struct synapse *s)
{
    return strcmp(s->base.config->synapse.credential, "managed-identity") == 0;
}

/* ----------------------------------------------- credential and data source */

static int count_named(struct synapse *s, const char *view, const char *name,
                       uint64_t *n)
{
    struct rn_sql *q = rn_syn_sql(s);

    rn_sql_text(q, "SELECT COUNT_BIG(*) FROM ");
    rn_sql_text(q, view);
    rn_sql_text(q, " WHERE [name] = ");
    rn_sql_string(q, rn_bytes_of(name));
    return rn_syn_number(s, "looking for the data source", n);
}

static int make_credential(struct synapse *s, const char *name)
{
    struct rn_sql *q;
    uint64_t there;
    int err;

    if (!with_identity(s))
        return RN_OK;
    err = count_named(s, "sys.database_scoped_credentials", name, &there);
    if (err < 0 || there > 0)
        return err;
    q = rn_syn_sql(s);
    rn_sql_text(q, "CREATE DATABASE SCOPED CREDENTIAL ");
    rn_sql_name(q, rn_bytes_of(name));
    rn_sql_text(q, " WITH IDENTITY = 'Managed Identity'");
    return rn_syn_run(s, "creating the credential", NULL);
}

struct location {
    struct rn_bytes wanted;
    bool any, same;
};

static int take_location(void *ctx, uint64_t row, unsigned column,
                         struct rn_bytes text)
{
    struct location *l = ctx;

    (void)row;
    (void)column;
    while (text.n > 0 && text.p[text.n - 1] == '/')
        text.n--;
    l->any = true;
    l->same = rn_bytes_equal(text, l->wanted);
    return RN_OK;
}

static int make_source(struct synapse *s, const char *name)
{
    struct location place = { rn_syn_container(s->base.config), false, false };
    struct rn_sql *q = rn_syn_sql(s);
    int err;

    rn_sql_text(q, "SELECT [location] FROM sys.external_data_sources WHERE "
                   "[name] = ");
    rn_sql_string(q, rn_bytes_of(name));
    err = rn_syn_ask(s, "looking for the data source", take_location, &place);
    if (err < 0 || place.same)
        return err;
    if (place.any)
        return rn_fail(s->base.error, RN_E_CONFIG, RN_AT_WAREHOUSE,
                       "%s: the external data source %s is for another "
                       "container than store.url; DROP it (and its views)",
                       s->base.place, name);
    q = rn_syn_sql(s);
    rn_sql_text(q, "CREATE EXTERNAL DATA SOURCE ");
    rn_sql_name(q, rn_bytes_of(name));
    rn_sql_text(q, " WITH (LOCATION = ");
    rn_syn_plain(q, place.wanted);
    if (with_identity(s)) {
        rn_sql_text(q, ", CREDENTIAL = ");
        rn_sql_name(q, rn_bytes_of(name));
    }
    rn_sql_text(q, ")");
    return rn_syn_run(s, "creating the data source", NULL);
}

/* --------------------------------------------------------------- run's view */

static bool is_format(const struct synapse *s, const char *format)
{
    return strcmp(s->base.config->file.format, format) == 0;
}

/* In text files a timestamp is read as text: the readers of CSV know only some
 * of its forms.
 */
static bool as_text(const struct synapse *s, const struct rn_col *col)
{
    return col->type == RN_TIMESTAMP && !is_format(s, "parquet");
}

static void put_item(struct rn_sql *q, const struct synapse *s,
                     const struct rn_col *col)
{
    if (!as_text(s, col)) {
        rn_sql_name(q, col->name);
        return;
    }
    rn_sql_text(q, col->utc ? "CAST(CAST(NULLIF(" : "CAST(NULLIF(");
    rn_sql_name(q, col->name);
    rn_sql_text(q, ", '') AS ");
    rn_sql_text(q, col->utc ? "datetimeoffset(6)) AS " : "");
    rn_sql_type(q, col);
    rn_sql_text(q, ") AS ");
    rn_sql_name(q, col->name);
}

/* [a] bigint: the file's own names, whose case counts, or places. Without it
 * the first 100 rows would decide.
 */
static void put_with(struct rn_sql *q, const struct synapse *s,
                     const struct rn_schema *schema)
{
    size_t ahead = rn_syn_counted(s->base.config);

    for (size_t i = 0; i < schema->n; i++) {
        const struct rn_col *col = &schema->col[i];

        rn_sql_text(q, i == 0 ? "(" : ", ");
        rn_sql_name(q, col->name);
        rn_sql_text(q, " ");
        if (as_text(s, col))
            rn_sql_text(q, "varchar(40)");
        else
            rn_sql_type(q, col);
        /* UTF-8 in, whatever the database's collation is. */
        if (col->type == RN_TEXT)
            rn_sql_text(q, " COLLATE Latin1_General_100_BIN2_UTF8");
        if (is_format(s, "csv")) {
            rn_sql_text(q, " ");
            rn_sql_number(q, i + 1 + ahead);
        }
    }
    rn_sql_text(q, ")");
}

static void put_csv(struct rn_sql *q, const struct synapse *s, bool gzip)
{
    const struct rn_config *c = s->base.config;

    /* Only the older parser reads gzip. */
    rn_sql_text(q, gzip ? "FORMAT = 'CSV', PARSER_VERSION = '1.0', "
                          "DATA_COMPRESSION = 'GZIP'"
                        : "FORMAT = 'CSV', PARSER_VERSION = '2.0'");
    rn_sql_text(q, ", FIELDTERMINATOR = ");
    rn_syn_byte(q, (uint8_t)c->file.delimiter);
    rn_sql_text(q, ", FIELDQUOTE = ");
    rn_syn_byte(q, (uint8_t)c->file.quote_char);
    rn_sql_text(q, ", ROWTERMINATOR = ");
    rn_sql_text(q, c->file.newline == RN_NEWLINE_LF ? "'0x0A'" : "'0x0D0A'");
    rn_sql_text(q, c->file.header ? ", FIRSTROW = 2" : ", FIRSTROW = 1");
}

static void put_files(struct rn_sql *q, const struct rn_dataset *d)
{
    char path[RN_SYN_URL];

    for (uint32_t part = 1; part <= d->files; part++) {
        int err = rn_syn_path(d, part, path);

        if (err < 0) {
            (void)rn_out_fail(q->out, RN_E_FULL);
            return;
        }
        rn_sql_text(q, part == 1 ? "BULK (" : ", ");
        rn_syn_plain(q, rn_bytes_of(path));
    }
    rn_sql_text(q, ")");
}

static void put_rowset(struct rn_sql *q, const struct synapse *s,
                       const struct rn_dataset *d)
{
    char source[2 * PART + 16];

    put_source_name(source, s);
    rn_sql_text(q, " FROM OPENROWSET(");
    put_files(q, d);
    rn_sql_text(q, ", DATA_SOURCE = ");
    rn_syn_plain(q, rn_bytes_of(source));
    rn_sql_text(q, ", ");
    if (is_format(s, "csv"))
        put_csv(q, s, d->gzip);
    else
        rn_sql_text(q, "FORMAT = 'PARQUET'");
    rn_sql_text(q, ") WITH ");
    put_with(q, s, d->schema);
    rn_sql_text(q, " AS r");
}

int rn_syn_view(struct synapse *s, struct rn_sql *q, const struct rn_dataset *d)
{
    struct syn_work w;

    rn_syn_work(&w, s, d);
    rn_sql_text(q, "CREATE OR ALTER VIEW ");
    rn_sql_table(q, w.c->synapse.table, w.staging);
    rn_sql_text(q, " AS SELECT ");
    for (size_t i = 0; i < d->schema->n; i++) {
        put_item(q, s, &d->schema->col[i]);
        rn_sql_text(q, ", ");
    }
    rn_sql_text(q, "CAST(");
    rn_sql_string(q, rn_bytes_of(d->run));
    rn_sql_text(q, " AS nvarchar(64)) AS [" RN_RUN_COLUMN "]");
    put_rowset(q, s, d);
    return q->out->err;
}

/* ------------------------------------------------------------ view over all */

/* Names of the runs' views behind the table's own, each with its NUL. */
struct names {
    struct synapse *s;
    struct parts parts;
    size_t suffix; /* bytes of what follows */
    size_t used;
};

static int take_name(void *ctx, uint64_t row, unsigned column,
                     struct rn_bytes text)
{
    struct names *n = ctx;
    size_t own = strlen(n->parts.name);

    (void)row;
    (void)column;
    if (text.n != own + n->suffix || memcmp(text.p, n->parts.name, own) != 0 ||
        text.p[own] != '_' || text.p[own + 1] < '0' || text.p[own + 1] > '9')
        return RN_OK;
    if (n->suffix + 1 > n->s->names_cap - n->used)
        return rn_fail(n->s->base.error, RN_E_FULL, RN_AT_WAREHOUSE,
                       "%s: more than %lu runs' views; DROP VIEW those of the "
                       "oldest, or use a dedicated pool",
                       n->s->base.place, (unsigned long)row);
    memcpy(n->s->names + n->used, text.p + own, n->suffix);
    n->s->names[n->used + n->suffix] = 0;
    n->used += n->suffix + 1;
    return RN_OK;
}

static int make_all(struct synapse *s, const struct syn_work *w)
{
    struct names n = { .s = s, .suffix = strlen(w->staging) };
    struct rn_sql *q = rn_syn_sql(s);
    int err;

    split_table(w->c->synapse.table, &n.parts);
    rn_sql_text(q, "SELECT v.[name] FROM sys.views AS v JOIN sys.schemas AS c "
                   "ON c.[schema_id] = v.[schema_id] WHERE c.[name] = ");
    rn_sql_string(q, rn_bytes_of(n.parts.schema));
    rn_sql_text(q, " ORDER BY v.[name]");
    err = rn_syn_ask(s, "looking for earlier runs", take_name, &n);
    if (err < 0)
        return err;
    q = rn_syn_sql(s);
    rn_sql_text(q, "CREATE OR ALTER VIEW ");
    rn_sql_table(q, w->c->synapse.table, NULL);
    for (size_t at = 0; at < n.used; at += n.suffix + 1) {
        rn_sql_text(q, at == 0 ? " AS SELECT * FROM "
                               : " UNION ALL SELECT * FROM ");
        rn_sql_table(q, w->c->synapse.table, s->names + at);
    }
    return rn_syn_run(s, "creating the view", NULL);
}

/* --------------------------------------------------------------------- load */

static int count_run(struct synapse *s, const struct syn_work *w,
                     uint64_t *rows)
{
    struct rn_sql *q = rn_syn_sql(s);

    rn_sql_text(q, "SELECT COUNT_BIG(*) FROM ");
    rn_sql_table(q, w->c->synapse.table, NULL);
    rn_sql_text(q, " WHERE [" RN_RUN_COLUMN "] = ");
    rn_sql_string(q, rn_bytes_of(w->d->run));
    return rn_syn_number(s, "counting the run's rows", rows);
}

int rn_syn_serverless(struct synapse *s, void *ctx)
{
    struct syn_load *load = ctx;
    char source[2 * PART + 16];
    struct syn_work w;
    uint64_t rows;
    int err;

    if (load->d->files == 0)
        return RN_OK;
    rn_syn_work(&w, s, load->d);
    put_source_name(source, s);
    if ((err = make_credential(s, source)) < 0 ||
        (err = make_source(s, source)) < 0)
        return err;
    (void)rn_syn_view(s, rn_syn_sql(s), load->d);
    if ((err = rn_syn_run(s, "creating the run's view", NULL)) < 0 ||
        (err = make_all(s, &w)) < 0 || (err = count_run(s, &w, &rows)) < 0)
        return err;
    if (rows != load->d->rows)
        return rn_fail(s->base.error, RN_E_INTEGRITY, RN_AT_WAREHOUSE,
                       "%s: reads %" PRIu64 " rows from the files of run %s, "
                       "which has %" PRIu64,
                       s->base.place, rows, load->d->run, load->d->rows);
    load->result->rows = rows;
    return RN_OK;
}

static int take_right(void *ctx, uint64_t row, unsigned column,
                      struct rn_bytes text)
{
    bool *denied = ctx;

    (void)row;
    (void)column;
    *denied = text.n == 1 && text.p[0] == '0';
    return RN_OK;
}

int rn_syn_serverless_check(struct synapse *s, void *unused)
{
    bool denied = false;
    int err;

    (void)unused;
    rn_sql_text(rn_syn_sql(s), "SELECT HAS_PERMS_BY_NAME(DB_NAME(), "
                               "'DATABASE', 'CREATE VIEW')");
    err = rn_syn_ask(s, "asking for permissions", take_right, &denied);
    if (err >= 0 && denied)
        return rn_fail(s->base.error, RN_E_DENIED, RN_AT_WAREHOUSE,
                       "%s: the login may not CREATE VIEW; GRANT it",
                       s->base.place);
    return err;
}
