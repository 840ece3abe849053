/* warehouse/sql_measure.c: see warehouse/sql.h. What a run's rows add up to.
 *
 * For each kind of column two dialects say the same in their own words. `$`
 * stands for the column's name and `@` for min() or max() of `bound`.
 */
#include "warehouse/sql.h"

#include <string.h>

#include "row/measure.h"

/* A sum of decimals of more digits may outgrow 38. */
#define SAFE_PRECISION 28

#define UTF8 "$ COLLATE Latin1_General_100_BIN2_UTF8"

struct words {
    const char *bound; /* whose minimum and maximum; NULL: there are none  */
    const char *text;  /* how one of them is shown                         */
    const char *sum;
    const char *hash; /* the text that is hashed                           */
};

enum kind {
    KIND_BOOL,
    KIND_I64,
    KIND_F64,
    KIND_DECIMAL,
    KIND_DATE,
    KIND_TIME,
    KIND_LOCAL,
    KIND_UTC,
    KIND_TEXT,
    KIND_BLOB,
    KIND_UUID,
    KINDS
};

static const struct words databricks[KINDS] = {
    [KIND_BOOL] = { "CAST($ AS INT)", "CAST(@ AS STRING)",
                    "CAST(sum(CAST($ AS INT)) AS STRING)",
                    "CAST(CAST($ AS INT) AS STRING)" },
    [KIND_I64] = { "$", "CAST(@ AS STRING)",
                   "CAST(sum(CAST($ AS DECIMAL(38, 0))) AS STRING)",
                   "CAST($ AS STRING)" },
    /* Spark puts NaN above all numbers. */
    [KIND_F64] = { "CASE WHEN NOT isnan($) THEN CAST($ AS DOUBLE) END",
                   "CAST(@ AS STRING)", NULL, NULL },
    [KIND_DECIMAL] = { "$", "CAST(@ AS STRING)", "CAST(sum($) AS STRING)",
                       "CAST($ AS STRING)" },
    [KIND_DATE] = { "$", "CAST(@ AS STRING)", NULL, "CAST($ AS STRING)" },
    /* Texts of times have their order: a shorter one has fewer digits of the
     * same second. */
    [KIND_TIME] = { "$", "@", NULL,
                    "rpad($ || CASE WHEN length($) = 8 THEN '.' ELSE '' END, "
                    "15, '0')" },
    [KIND_LOCAL] = { "$", "CAST(@ AS STRING)", NULL,
                     "rpad(CAST($ AS STRING) || CASE WHEN "
                     "length(CAST($ AS STRING)) = 19 THEN '.' ELSE '' END, "
                     "26, '0')" },
    /* As a text it would be in the time zone of the session. */
    [KIND_UTC] = { "$", "CAST(unix_micros(@) AS STRING)", NULL,
                   "CAST(unix_micros($) AS STRING)" },
    [KIND_TEXT] = { "substr(hex(left($, 28)), 1, 56)", "@", NULL,
                    "left($, 2000)" },
    [KIND_BLOB] = { NULL, NULL, NULL, "substr($, 1, 8000)" },
    [KIND_UUID] = { "lower($)", "@", NULL, "lower($)" },
};

static const struct words synapse[KINDS] = {
    [KIND_BOOL] = { "CONVERT(int, $)", "CONVERT(varchar(20), @)",
                    "CONVERT(varchar(41), SUM(CONVERT(bigint, $)))",
                    "CONVERT(varchar(1), $)" },
    [KIND_I64] = { "$", "CONVERT(varchar(20), @)",
                   "CONVERT(varchar(41), SUM(CONVERT(decimal(38, 0), $)))",
                   "CONVERT(varchar(20), $)" },
    /* Style 3: 17 digits, so that no two doubles have one text. */
    [KIND_F64] = { "CONVERT(float, $)", "CONVERT(varchar(30), @, 3)", NULL,
                   NULL },
    [KIND_DECIMAL] = { "$", "CONVERT(varchar(41), @)",
                       "CONVERT(varchar(41), SUM($))",
                       "CONVERT(varchar(41), $)" },
    [KIND_DATE] = { "$", "CONVERT(varchar(10), @, 23)", NULL,
                    "CONVERT(varchar(10), $, 23)" },
    [KIND_TIME] = { "$", "CONVERT(varchar(15), CONVERT(time(6), @), 121)", NULL,
                    "CONVERT(varchar(15), CONVERT(time(6), $), 121)" },
    [KIND_LOCAL] = { "$", "CONVERT(varchar(26), CONVERT(datetime2(6), @), 121)",
                     NULL,
                     "CONVERT(varchar(26), CONVERT(datetime2(6), $), 121)" },
    [KIND_UTC] = { "$", "CONVERT(varchar(26), CONVERT(datetime2(6), @), 121)",
                   NULL,
                   "CONVERT(varchar(20), DATEDIFF_BIG(microsecond, "
                   "CONVERT(datetime2(6), '1970-01-01'), "
                   "CONVERT(datetime2(6), $)))" },
    [KIND_TEXT] = { "CONVERT(varchar(56), CONVERT(varbinary(28), "
                    "CONVERT(varchar(112), LEFT(" UTF8 ", 28))), 2)",
                    "@", NULL, "CONVERT(varchar(8000), LEFT(" UTF8 ", 2000))" },
    [KIND_BLOB] = { NULL, NULL, NULL, "CONVERT(varbinary(8000), $)" },
    /* Its own order begins with the last six bytes. */
    [KIND_UUID] = { "LOWER(CONVERT(varchar(36), $))", "@", NULL,
                    "LOWER(CONVERT(varchar(36), $))" },
};

static enum kind kind_of(const struct rn_col *col)
{
    static const enum kind kinds[] = {
        [RN_BOOL] = KIND_BOOL,       [RN_I64] = KIND_I64,
        [RN_F64] = KIND_F64,         [RN_DECIMAL] = KIND_DECIMAL,
        [RN_DATE] = KIND_DATE,       [RN_TIME] = KIND_TIME,
        [RN_TIMESTAMP] = KIND_LOCAL, [RN_TEXT] = KIND_TEXT,
        [RN_BLOB] = KIND_BLOB,       [RN_UUID] = KIND_UUID,
    };

    RN_ASSERT(col->type > RN_NULL && col->type <= RN_UUID);
    return col->type == RN_TIMESTAMP && col->utc ? KIND_UTC : kinds[col->type];
}

/* Which cells columns of this type have, in the dialect that has the most. */
static const struct words *widest(const struct rn_col *col)
{
    return &databricks[kind_of(col)];
}

unsigned rn_sql_measure_cells(const struct rn_col *col)
{
    const struct words *w = widest(col);

    return 1 + (w->bound != NULL ? 2u : 0) + (w->sum != NULL ? 1u : 0) +
           (rn_measure_hashed(col) ? 2u : 0);
}

/* `$` replaced. */
static void put_value(struct rn_sql *q, const char *form,
                      const struct rn_col *col)
{
    const char *mark;

    for (; (mark = strchr(form, '$')) != NULL; form = mark + 1) {
        rn_out_put(q->out, form, (size_t)(mark - form));
        rn_sql_name(q, col->name);
    }
    rn_sql_text(q, form);
}

/* `@` replaced: one in each form. */
static void put_bound(struct rn_sql *q, const struct words *w,
                      const char *function, const struct rn_col *col)
{
    const char *mark = strchr(w->text, '@');

    rn_out_put(q->out, w->text, (size_t)(mark - w->text));
    rn_sql_text(q, function);
    put_value(q, w->bound, col);
    rn_sql_text(q, ")");
    rn_sql_text(q, mark + 1);
}

/* One half of the hash: four bytes from `from` (1 or 5) as a number, added up
 * where no sum of 2^60 rows can overflow.
 */
static void put_half(struct rn_sql *q, const struct words *w, unsigned from,
                     const struct rn_col *col)
{
    if (q->dialect == RN_SQL_DATABRICKS) {
        rn_sql_text(q, "CAST(sum(CAST(conv(substr(md5(");
        put_value(q, w->hash, col);
        rn_sql_text(q, "), ");
        rn_sql_number(q, from * 2 - 1);
        rn_sql_text(q, ", 8), 16, 10) AS DECIMAL(20, 0))) AS STRING)");
        return;
    }
    rn_sql_text(q, "CONVERT(varchar(41), SUM(CONVERT(decimal(20, 0), "
                   "CONVERT(bigint, SUBSTRING(HASHBYTES('MD5', ");
    put_value(q, w->hash, col);
    rn_sql_text(q, "), ");
    rn_sql_number(q, from);
    rn_sql_text(q, ", 4)))))");
}

static void put_sum(struct rn_sql *q, const struct words *w,
                    const struct rn_col *col)
{
    bool risky = col->type == RN_DECIMAL && col->precision > SAFE_PRECISION;

    if (!risky)
        put_value(q, w->sum, col);
    else if (q->dialect == RN_SQL_DATABRICKS)
        put_value(q, "CAST(try_sum($) AS STRING)", col);
    else
        rn_sql_text(q, "NULL");
}

static void put_column(struct rn_sql *q, const struct rn_sql_measure *m,
                       const struct rn_col *col)
{
    bool spark = q->dialect == RN_SQL_DATABRICKS;
    const struct words *w = &(spark ? databricks : synapse)[kind_of(col)];
    bool bounds = col->type != RN_F64 || spark || m->exact_doubles;

    rn_sql_text(q, spark ? ",\n  count(" : ",\n  COUNT_BIG(");
    rn_sql_name(q, col->name);
    rn_sql_text(q, ")");
    if (w->bound != NULL && bounds) {
        rn_sql_text(q, ", ");
        put_bound(q, w, spark ? "min(" : "MIN(", col);
        rn_sql_text(q, ", ");
        put_bound(q, w, spark ? "max(" : "MAX(", col);
    } else if (w->bound != NULL) {
        rn_sql_text(q, ", NULL, NULL");
    }
    if (w->sum != NULL) {
        rn_sql_text(q, ", ");
        put_sum(q, w, col);
    }
    if (!rn_measure_hashed(col))
        return;
    for (unsigned from = 1; from <= 5; from += 4) {
        rn_sql_text(q, ", ");
        if (m->hash)
            put_half(q, w, from, col);
        else
            rn_sql_text(q, "NULL");
    }
}

void rn_sql_measure(struct rn_sql *q, const struct rn_sql_measure *m)
{
    bool spark = q->dialect == RN_SQL_DATABRICKS;

    RN_ASSERT(m->first + m->n <= m->schema->n);
    rn_sql_text(q, spark ? "SELECT count(*)" : "SELECT COUNT_BIG(*)");
    for (size_t i = 0; i < m->n; i++)
        put_column(q, m, &m->schema->col[m->first + i]);
    rn_sql_text(q, "\nFROM ");
    rn_sql_table(q, m->table, NULL);
    if (m->run == NULL)
        return;
    rn_sql_text(q, "\nWHERE ");
    rn_sql_name(q, RN_STR(RN_RUN_COLUMN));
    rn_sql_text(q, " = ");
    rn_sql_string(q, rn_bytes_of(m->run));
}

/* -- the answer ----------------------------------------------------------- */

/* Digits, modulo 2^64. */
static int read_digits(struct rn_bytes text, uint64_t *v)
{
    *v = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return RN_E_PEER;
        *v = *v * 10 + (text.p[i] - (unsigned)'0');
    }
    return text.n > 0 && text.n <= 38 ? RN_OK : RN_E_PEER;
}

static int digit_of(uint8_t c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

/* A text's first bytes, which come as hexadecimal digits. */
static int read_hex(const struct rn_col *col, struct rn_bytes hex, char *to)
{
    uint8_t byte[RN_MEASURE_BYTES];
    struct rn_bytes text = { byte, hex.n / 2 };

    if (hex.n % 2 != 0 || text.n > sizeof byte)
        return RN_E_PEER;
    for (size_t i = 0; i < text.n; i++) {
        int high = digit_of(hex.p[2 * i]), low = digit_of(hex.p[2 * i + 1]);

        if (high < 0 || low < 0)
            return RN_E_PEER;
        byte[i] = (uint8_t)(high << 4 | low);
    }
    return rn_measure_text(col, text, to);
}

static int read_bound(const struct rn_col *col, struct rn_bytes cell, char *to)
{
    int err = RN_OK;

    if (cell.p == NULL)
        return RN_OK;
    if (col->type == RN_TEXT)
        err = read_hex(col, cell, to);
    else
        err = rn_measure_text(col, cell, to);
    return err < 0 ? RN_E_PEER : RN_OK;
}

static int read_hash(const struct rn_bytes *cell, bool any, char to[20])
{
    uint64_t high = 0, low = 0;

    /* Nothing adds up to nothing; NULL for something was not asked for. */
    if (cell[0].p == NULL || cell[1].p == NULL) {
        if (any)
            return RN_E_PEER;
    } else if (read_digits(cell[0], &high) < 0 ||
               read_digits(cell[1], &low) < 0) {
        return RN_E_PEER;
    }
    rn_measure_hash_text((high << 32) + low, to);
    return RN_OK;
}

int rn_sql_measure_read(const struct rn_sql_measure *m, size_t column,
                        const struct rn_bytes *cell,
                        struct rn_measure_column *to)
{
    const struct rn_col *col = &m->schema->col[column];
    const struct words *w = widest(col);

    memset(to, 0, sizeof *to);
    to->known = true;
    if (read_digits(*cell++, &to->non_null) < 0)
        return RN_E_PEER;
    if (w->bound != NULL) {
        if (read_bound(col, cell[0], to->min) < 0 ||
            read_bound(col, cell[1], to->max) < 0)
            return RN_E_PEER;
        cell += 2;
    }
    if (w->sum != NULL) {
        if (cell->p != NULL && rn_measure_sum(col, *cell, to->sum) < 0)
            return RN_E_PEER;
        cell++;
    }
    if (m->hash && rn_measure_hashed(col))
        return read_hash(cell, to->non_null > 0, to->hash);
    return RN_OK;
}
