/* warehouse/databricks_table.c: what a table is, and what it holds.
 *
 * Columns are asked for by a SELECT that returns no row: its manifest has
 * their types, it fails for one that is not there, and its answer is as large
 * as we make it, however many columns the table has.
 */
#include <string.h>

#include "warehouse/databricks.h"

/* Columns asked about in one statement: some 150 bytes of the answer each. */
#define LOOK_COLUMNS 100u

/* -- columns -------------------------------------------------------------- */

struct look {
    struct rn_databricks *d;
    const struct rn_schema *schema;
    size_t first;
};

/* A type without blanks, in capitals: "DECIMAL(10,2)". */
static void plain_type(char *to, size_t cap, struct rn_bytes type)
{
    size_t len = 0;

    for (size_t i = 0; i < type.n && len + 1 < cap; i++) {
        uint8_t c = type.p[i];

        if (c > ' ')
            to[len++] = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
    }
    to[len] = 0;
}

static int no_room(struct rn_out *o)
{
    (void)o;
    return RN_E_FULL;
}

static void our_type(const struct rn_col *col, char *to, size_t cap)
{
    uint8_t text[48];
    struct rn_out out;
    struct rn_sql q = { .out = &out, .dialect = RN_SQL_DATABRICKS };

    rn_out_init(&out, text, sizeof text, no_room);
    rn_sql_type(&q, col);
    plain_type(to, cap, (struct rn_bytes){ text, out.len });
}

/* COPY INTO wants the very type; a text of bounded length takes texts. */
static bool takes(const char *theirs, const char *ours)
{
    if (strcmp(ours, "STRING") == 0 && (strncmp(theirs, "VARCHAR(", 8) == 0 ||
                                        strncmp(theirs, "CHAR(", 5) == 0))
        return true;
    return strcmp(theirs, ours) == 0;
}

static int judge_columns(void *ctx, struct rn_doc *doc, int columns)
{
    struct look *k = ctx;
    size_t i = k->first;

    for (int at = rn_doc_first(doc, columns); at >= 0 && i < k->schema->n;
         at = rn_doc_next(doc, at), i++) {
        const struct rn_col *col = &k->schema->col[i];
        char theirs[48], ours[48];
        int type = rn_doc_find(doc, at, "type_text");

        plain_type(theirs, sizeof theirs, rn_doc_text(doc, type));
        our_type(col, ours, sizeof ours);
        if (!theirs[0] || takes(theirs, ours))
            continue;
        return rn_rest_fail(&k->d->rest, RN_E_CONFIG,
                            "%s: the table's column \"%.*s\" is %s, the "
                            "query's is %s; change the table, or the query's "
                            "column in [types]",
                            k->d->w.place,
                            (int)(col->name.n < 60 ? col->name.n : 60),
                            (const char *)col->name.p, theirs, ours);
    }
    return RN_OK;
}

static void put_look(struct rn_sql *q, const struct rn_config *c,
                     const struct look *k, size_t n)
{
    rn_sql_text(q, "SELECT ");
    for (size_t i = 0; i < n; i++) {
        rn_sql_text(q, i > 0 ? ", " : "");
        rn_sql_name(q, k->schema->col[k->first + i].name);
    }
    rn_sql_text(q, " FROM ");
    rn_sql_table(q, c->databricks.table, NULL);
    rn_sql_text(q, " LIMIT 0");
}

static int look_at_columns(struct rn_databricks *d,
                           const struct rn_schema *schema)
{
    struct look k = { d, schema, 0 };
    struct rn_dbx_ask ask = { .repeat = true,
                              .head = judge_columns,
                              .ctx = &k };

    for (; k.first < schema->n; k.first += LOOK_COLUMNS) {
        size_t left = schema->n - k.first;
        struct rn_sql q = rn_dbx_begin(d);
        int err;

        put_look(&q, d->w.config, &k,
                 left < LOOK_COLUMNS ? left : LOOK_COLUMNS);
        err = rn_dbx_run(d, &ask);
        if (err == RN_E_VALUE)
            return rn_rest_fail(&d->rest, RN_E_CONFIG,
                                "%s: the table lacks a column of the query; "
                                "add it (ALTER TABLE %.120s ADD COLUMN …), or "
                                "leave it out of source.query",
                                d->w.place, d->w.config->databricks.table);
        if (err < 0)
            return err;
    }
    return RN_OK;
}

int rn_dbx_look(struct rn_databricks *d, const struct rn_schema *schema)
{
    struct rn_col run = { .name = RN_LIT(RN_RUN_COLUMN), .type = RN_TEXT };
    struct rn_schema ours = { &run, 1 };
    struct look k = { d, &ours, 0 };
    struct rn_dbx_ask ask = { .repeat = true,
                              .head = judge_columns,
                              .ctx = &k };
    struct rn_sql q = rn_dbx_begin(d);
    int err;

    put_look(&q, d->w.config, &k, 1);
    err = rn_dbx_run(d, &ask);
    if (err == RN_E_VALUE)
        return rn_rest_fail(&d->rest, RN_E_CONFIG,
                            "%s: the table has no column " RN_RUN_COLUMN
                            ", by which loading twice is loading once: ALTER "
                            "TABLE %.120s ADD COLUMN " RN_RUN_COLUMN " STRING",
                            d->w.place, d->w.config->databricks.table);
    if (err < 0 || !schema)
        return err;
    return look_at_columns(d, schema);
}

/* -- rows ----------------------------------------------------------------- */

int rn_dbx_count(struct rn_databricks *d, const struct rn_dbx_into *in,
                 const char *run, uint64_t *n)
{
    struct rn_sql q = rn_dbx_begin(d);

    rn_sql_text(&q, "SELECT count(*) FROM ");
    rn_sql_table(&q, in->table, in->suffix);
    if (run) {
        rn_sql_text(&q, " WHERE ");
        rn_sql_name(&q, RN_STR(RN_RUN_COLUMN));
        rn_sql_text(&q, " = ");
        rn_sql_string(&q, rn_bytes_of(run));
    }
    return rn_dbx_number(d, n);
}
