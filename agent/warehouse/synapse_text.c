/* warehouse/synapse_text.c: the statements for a dedicated pool; see
 * warehouse/synapse.h. Nothing is sent here.
 */
#include "warehouse/synapse.h"

#include <string.h>

#include "core/format.h"

/* Left free behind the list of files for options, credential and label. */
#define COPY_TAIL  (RN_SECRET_MAX + 1024)
#define COPY_FILES 1000

void rn_syn_work(struct syn_work *w, struct synapse *s,
                 const struct rn_dataset *d)
{
    size_t skip = strlen(d->run);

    *w = (struct syn_work){ .s = s, .d = d, .c = s->base.config };
    skip = skip > RN_SQL_SUFFIX - 1 ? skip - (RN_SQL_SUFFIX - 1) : 0;
    rn_format(w->staging, sizeof w->staging, "_%s", d->run + skip);
    for (char *p = w->staging; *p; p++) {
        if (*p == '-')
            *p = '_';
    }
}

/* ------------------------------------------------------------------- tables */

void rn_syn_put_table(struct rn_sql *q, const struct syn_work *w)
{
    rn_sql_text(q, "CREATE TABLE ");
    rn_sql_table(q, w->c->synapse.table, NULL);
    rn_sql_text(q, " ");
    rn_sql_run_columns(q, w->d->schema);
    rn_sql_text(q, " WITH (DISTRIBUTION = ROUND_ROBIN, ");
    rn_sql_text(q, rn_sql_needs_heap(q, w->d->schema)
                       ? "HEAP)"
                       : "CLUSTERED COLUMNSTORE INDEX)");
}

static void put_staging(struct rn_sql *q, const struct syn_work *w)
{
    rn_sql_table(q, w->c->synapse.table, w->staging);
}

void rn_syn_put_drop(struct rn_sql *q, const struct syn_work *w)
{
    rn_sql_text(q, "IF OBJECT_ID(");
    rn_syn_table_string(q, w->c->synapse.table, w->staging);
    rn_sql_text(q, ") IS NOT NULL DROP TABLE ");
    put_staging(q, w);
}

/* A text with Z is an instant with its zone, and datetime2 reads none. */
static void put_staging_column(struct rn_sql *q, const struct syn_work *w,
                               const struct rn_col *col)
{
    rn_sql_name(q, col->name);
    rn_sql_text(q, " ");
    if (rn_syn_zoned(w->c, col))
        rn_sql_text(q, "datetimeoffset(6)");
    else
        rn_sql_type(q, col);
}

void rn_syn_put_staging(struct rn_sql *q, const struct syn_work *w)
{
    rn_sql_text(q, "CREATE TABLE ");
    put_staging(q, w);
    for (size_t i = 0; i < w->d->schema->n; i++) {
        rn_sql_text(q, i == 0 ? " (" : ", ");
        put_staging_column(q, w, &w->d->schema->col[i]);
    }
    rn_sql_text(q, ") WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)");
}

/* --------------------------------------------------------------------- COPY */

static void put_option(struct rn_sql *q, const char *name)
{
    rn_sql_text(q, ", ");
    rn_sql_text(q, name);
    rn_sql_text(q, " = ");
}

static void put_csv(struct rn_sql *q, const struct rn_config *c,
                    const struct rn_dataset *d)
{
    rn_sql_text(q, "FILE_TYPE = 'CSV'");
    put_option(q, "FIELDTERMINATOR");
    rn_syn_byte(q, (uint8_t)c->file.delimiter);
    put_option(q, "FIELDQUOTE");
    rn_syn_byte(q, (uint8_t)c->file.quote_char);
    /* Never '\n': that is silently made \r\n. */
    put_option(q, "ROWTERMINATOR");
    rn_sql_text(q, c->file.newline == RN_NEWLINE_LF ? "'0x0A'" : "'0x0D0A'");
    put_option(q, "FIRSTROW");
    rn_sql_text(q, c->file.header ? "2" : "1");
    put_option(q, "ENCODING");
    rn_sql_text(q, "'UTF8'");
    put_option(q, "MAXERRORS");
    rn_sql_text(q, "0");
    if (d->gzip)
        rn_sql_text(q, ", COMPRESSION = 'Gzip'");
}

static void put_parquet(struct rn_sql *q, const struct rn_config *c)
{
    rn_sql_text(q, "FILE_TYPE = 'PARQUET'");
    if (c->file.compression == RN_COMPRESSION_SNAPPY)
        rn_sql_text(q, ", COMPRESSION = 'Snappy'");
    else if (c->file.compression == RN_COMPRESSION_GZIP)
        rn_sql_text(q, ", COMPRESSION = 'Gzip'");
}

static void put_credential(struct synapse *s, struct rn_sql *q)
{
    const char *kind = s->base.config->synapse.credential;
    struct rn_bytes sas;
    int err;

    if (strcmp(kind, "managed-identity") == 0)
        rn_sql_text(q, ", CREDENTIAL = (IDENTITY = 'Managed Identity')");
    if (strcmp(kind, "sas") != 0)
        return;
    if ((err = rn_syn_sas(s, &sas)) < 0) {
        (void)rn_out_fail(q->out, err);
        return;
    }
    rn_sql_text(q, ", CREDENTIAL = (IDENTITY = 'Shared Access Signature', "
                   "SECRET = ");
    rn_syn_plain(q, sas);
    rn_sql_text(q, ")");
}

/* A file's first column may be a counter of ours, which the table hasn't. */
static void put_fields(struct rn_sql *q, const struct rn_schema *schema)
{
    for (size_t i = 0; i < schema->n; i++) {
        rn_sql_text(q, i == 0 ? " (" : ", ");
        rn_sql_name(q, schema->col[i].name);
        rn_sql_text(q, " ");
        rn_sql_number(q, i + 2);
    }
    rn_sql_text(q, ")");
}

/* As many files from *part on as the statement has room for; *part becomes the
 * first that is left.
 */
static void put_files(struct synapse *s, struct rn_sql *q,
                      const struct rn_dataset *d, uint32_t *part)
{
    char url[RN_SYN_URL];
    unsigned n = 0;

    for (; *part <= d->files && n < COPY_FILES; n++, (*part)++) {
        if (rn_syn_url(s->base.config, d, *part, url) < 0) {
            (void)rn_out_fail(q->out, RN_E_FULL);
            return;
        }
        if (n > 0 && q->out->len + strlen(url) + COPY_TAIL > s->cap)
            return;
        rn_sql_text(q, n == 0 ? " FROM " : ", ");
        rn_syn_plain(q, rn_bytes_of(url));
    }
}

void rn_syn_put_copy(struct rn_sql *q, const struct syn_work *w, uint32_t *part)
{
    rn_sql_text(q, "COPY INTO ");
    put_staging(q, w);
    if (rn_syn_counted(w->c))
        put_fields(q, w->d->schema);
    put_files(w->s, q, w->d, part);
    rn_sql_text(q, " WITH (");
    if (strcmp(w->c->file.format, "csv") == 0)
        put_csv(q, w->c, w->d);
    else
        put_parquet(q, w->c);
    put_credential(w->s, q);
    rn_sql_text(q, ")");
    rn_syn_label(q, w->d->run, "copy");
}

/* ------------------------------------------------------------------- counts */

void rn_syn_put_count(struct rn_sql *q, const struct syn_work *w, bool staging)
{
    rn_sql_text(q, "SELECT COUNT_BIG(*) FROM ");
    rn_sql_table(q, w->c->synapse.table, staging ? w->staging : NULL);
    rn_syn_label(q, w->d->run, "count");
}

void rn_syn_put_ledger(struct rn_sql *q, const struct syn_work *w)
{
    rn_sql_text(q, "SELECT COUNT_BIG(*) FROM ");
    rn_sql_table(q, w->c->synapse.table, NULL);
    rn_sql_text(q, " WHERE [" RN_RUN_COLUMN "] = ");
    rn_sql_string(q, rn_bytes_of(w->d->run));
    rn_syn_label(q, w->d->run, "ledger");
}

/* ------------------------------------------------------------------ publish */

static void put_columns(struct rn_sql *q, const struct rn_schema *schema)
{
    for (size_t i = 0; i < schema->n; i++) {
        if (i > 0)
            rn_sql_text(q, ", ");
        rn_sql_name(q, schema->col[i].name);
    }
}

void rn_syn_put_keys(struct rn_sql *q, const struct syn_work *w)
{
    struct rn_bytes left = rn_bytes_of(w->c->synapse.keys);
    struct rn_bytes key;
    const char *word = " WHERE ";

    rn_sql_text(q, "SELECT COUNT_BIG(*) FROM (SELECT COUNT_BIG(*) AS n FROM ");
    put_staging(q, w);
    while (rn_syn_key(&left, &key)) {
        rn_sql_text(q, word);
        rn_sql_name(q, key);
        rn_sql_text(q, " IS NOT NULL");
        word = " AND ";
    }
    word = " GROUP BY ";
    left = rn_bytes_of(w->c->synapse.keys);
    while (rn_syn_key(&left, &key)) {
        rn_sql_text(q, word);
        rn_sql_name(q, key);
        word = ", ";
    }
    rn_sql_text(q, ") AS k");
    rn_syn_label(q, w->d->run, "keys");
}

/* [a] = …[a] AND … */
static void put_key_match(struct rn_sql *q, const struct syn_work *w)
{
    struct rn_bytes left = rn_bytes_of(w->c->synapse.keys);
    struct rn_bytes key;
    bool first = true;

    while (rn_syn_key(&left, &key)) {
        if (!first)
            rn_sql_text(q, " AND ");
        first = false;
        rn_sql_text(q, "s.");
        rn_sql_name(q, key);
        rn_sql_text(q, " = ");
        rn_sql_table(q, w->c->synapse.table, NULL);
        rn_sql_text(q, ".");
        rn_sql_name(q, key);
    }
}

void rn_syn_put_delete(struct rn_sql *q, const struct syn_work *w)
{
    rn_sql_text(q, "DELETE FROM ");
    rn_sql_table(q, w->c->synapse.table, NULL);
    if (w->c->synapse.mode == RN_MODE_MERGE) {
        rn_sql_text(q, " WHERE EXISTS (SELECT 1 FROM ");
        put_staging(q, w);
        rn_sql_text(q, " AS s WHERE ");
        put_key_match(q, w);
        rn_sql_text(q, ")");
    }
    rn_syn_label(q, w->d->run, "publish");
}

void rn_syn_put_insert(struct rn_sql *q, const struct syn_work *w)
{
    const struct rn_schema *schema = w->d->schema;

    rn_sql_text(q, "INSERT INTO ");
    rn_sql_table(q, w->c->synapse.table, NULL);
    rn_sql_text(q, " (");
    put_columns(q, schema);
    rn_sql_text(q, ", [" RN_RUN_COLUMN "]) SELECT ");
    for (size_t i = 0; i < schema->n; i++) {
        bool zoned = rn_syn_zoned(w->c, &schema->col[i]);

        rn_sql_text(q, zoned ? "CAST(" : "");
        rn_sql_name(q, schema->col[i].name);
        if (zoned) {
            rn_sql_text(q, " AS ");
            rn_sql_type(q, &schema->col[i]);
            rn_sql_text(q, ")");
        }
        rn_sql_text(q, ", ");
    }
    rn_sql_string(q, rn_bytes_of(w->d->run));
    rn_sql_text(q, " FROM ");
    put_staging(q, w);
    rn_syn_label(q, w->d->run, "publish");
}
