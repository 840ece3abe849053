/* warehouse/sql.c: see warehouse/sql.h. Names and strings. */
#include "warehouse/sql.h"

#include <string.h>

#include "row/name.h"
#include "row/number.h"
#include "row/utf8.h"

/* What the engines take, in characters. */
#define NAME_SYNAPSE    128
#define NAME_DATABRICKS 255

#define PARTS           RN_SQL_PARTS
#define COLUMNS_SYNAPSE 1024

void rn_sql_text(struct rn_sql *q, const char *words)
{
    rn_out_put(q->out, words, strlen(words));
}

void rn_sql_number(struct rn_sql *q, uint64_t n)
{
    char digits[RN_I64_TEXT];

    rn_out_put(q->out, digits, rn_format_u64(n, digits));
}

/* A lead byte without its continuation could swallow the quote behind it, and
 * some layer below us may end a text at NUL.
 */
static bool can_be_sent(struct rn_bytes text)
{
    return text.n == 0 || (memchr(text.p, 0, text.n) == NULL &&
                           rn_utf8_good(text.p, text.n) == text.n);
}

/* Whether `a` stands before `b` somewhere. */
static bool has_pair(struct rn_bytes text, char a, char b)
{
    for (size_t i = 1; i < text.n; i++)
        if (text.p[i - 1] == (uint8_t)a && text.p[i] == (uint8_t)b)
            return true;
    return false;
}

/* Spark replaces ${variable} wherever it stands in a statement; between
 * backquotes nothing can stop it.
 */
static bool is_name(enum rn_sql_dialect d, struct rn_bytes name)
{
    return name.n > 0 && can_be_sent(name) &&
           !(d == RN_SQL_DATABRICKS && has_pair(name, '$', '{'));
}

static char opening(enum rn_sql_dialect d)
{
    return d == RN_SQL_DATABRICKS ? '`' : '[';
}

static char closing(enum rn_sql_dialect d)
{
    return d == RN_SQL_DATABRICKS ? '`' : ']';
}

/* The text with `escape` before each byte that is one of `what`. */
static void put_escaped(struct rn_out *out, struct rn_bytes text,
                        const char *what, char escape)
{
    size_t from = 0;

    for (size_t i = 0; i < text.n; i++) {
        if (strchr(what, text.p[i]) == NULL)
            continue;
        rn_out_put(out, text.p + from, i - from);
        rn_out_byte(out, (uint8_t)(escape ? escape : (char)text.p[i]));
        from = i;
    }
    if (text.n > from)
        rn_out_put(out, text.p + from, text.n - from);
}

void rn_sql_name(struct rn_sql *q, struct rn_bytes name)
{
    char close[2] = { closing(q->dialect), '\0' };

    if (!is_name(q->dialect, name)) {
        (void)rn_out_fail(q->out, RN_E_CONFIG);
        return;
    }
    rn_out_byte(q->out, (uint8_t)opening(q->dialect));
    put_escaped(q->out, name, close, close[0]);
    rn_out_byte(q->out, (uint8_t)close[0]);
}

void rn_sql_string(struct rn_sql *q, struct rn_bytes text)
{
    bool spark = q->dialect == RN_SQL_DATABRICKS;

    if (!can_be_sent(text) || (!spark && (has_pair(text, '\\', '\n') ||
                                          has_pair(text, '\\', '\r')))) {
        (void)rn_out_fail(q->out, RN_E_CONFIG);
        return;
    }
    rn_sql_text(q, spark ? "'" : "N'");
    /* "\{" is "{" and keeps "${" apart. */
    put_escaped(q->out, text, spark ? "'\\{" : "'", spark ? '\\' : '\'');
    rn_sql_text(q, "'");
}

/* -- names of tables ------------------------------------------------------ */

static bool is_bare(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '$' ||
           c >= 0x80;
}

/* The length of the part that begins at `p`, 0 when there is none. *inside: its
 * name as it stands between quotes, what has to be doubled doubled.
 */
static size_t read_part(enum rn_sql_dialect d, const char *p,
                        struct rn_bytes *inside)
{
    size_t n = 0;

    if (p[0] != opening(d)) {
        while (is_bare((uint8_t)p[n]))
            n++;
        *inside = (struct rn_bytes){ (const uint8_t *)p, n };
        return n;
    }
    for (n = 1; p[n] != '\0'; n++) {
        if (p[n] != closing(d))
            continue;
        if (p[n + 1] != closing(d))
            break;
        n++;
    }
    if (p[n] == '\0')
        return 0;
    *inside = (struct rn_bytes){ (const uint8_t *)p + 1, n - 1 };
    return n + 1;
}

/* As Synapse and the JVM count: characters outside the first plane are two. */
static size_t utf16_units(struct rn_bytes text)
{
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] >= 0xf0 ? 2 : (text.p[i] & 0xc0) != 0x80;
    return n;
}

static size_t longest_name(enum rn_sql_dialect d)
{
    return d == RN_SQL_DATABRICKS ? NAME_DATABRICKS : NAME_SYNAPSE;
}

/* Its parts, or 0 when it is no name of a table. */
static size_t read_table(enum rn_sql_dialect d, const char *table,
                         struct rn_bytes part[PARTS])
{
    size_t n = 0;

    for (;;) {
        size_t len = n < PARTS ? read_part(d, table, &part[n]) : 0;

        if (len == 0 || !is_name(d, part[n]) ||
            utf16_units(part[n]) > longest_name(d) - RN_SQL_SUFFIX)
            return 0;
        n++;
        table += len;
        if (*table == '\0')
            return n;
        if (*table++ != '.')
            return 0;
    }
}

int rn_sql_check_table(enum rn_sql_dialect d, const char *table)
{
    struct rn_bytes part[PARTS];

    return read_table(d, table, part) > 0 ? RN_OK : RN_E_CONFIG;
}

void rn_sql_table(struct rn_sql *q, const char *table, const char *suffix)
{
    struct rn_bytes part[PARTS];
    size_t n = read_table(q->dialect, table, part);

    if (n == 0)
        (void)rn_out_fail(q->out, RN_E_CONFIG);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            rn_sql_text(q, ".");
        rn_out_byte(q->out, (uint8_t)opening(q->dialect));
        rn_out_put(q->out, part[i].p, part[i].n);
        if (i == n - 1 && suffix != NULL)
            rn_sql_text(q, suffix);
        rn_out_byte(q->out, (uint8_t)closing(q->dialect));
    }
}

/* A part of those that read_table() found: what stands there twice is meant
 * once, if it stood between quotes.
 */
static size_t unquoted(enum rn_sql_dialect d, struct rn_bytes part, uint8_t *to)
{
    bool quoted = part.p[-1] == (uint8_t)opening(d);
    size_t n = 0;

    for (size_t i = 0; i < part.n; i++) {
        to[n++] = part.p[i];
        i += quoted && part.p[i] == (uint8_t)closing(d);
    }
    return n;
}

int rn_sql_parts(enum rn_sql_dialect d, const char *table,
                 struct rn_sql_parts *to)
{
    struct rn_bytes part[PARTS];
    size_t used = 0;

    to->n = read_table(d, table, part);
    for (size_t i = 0; i < to->n; i++) {
        uint8_t *at = to->text + used;
        size_t n = part[i].n;

        RN_ASSERT(n <= sizeof to->text - used);
        if ((const char *)part[i].p > table)
            n = unquoted(d, part[i], at);
        else
            memcpy(at, part[i].p, n);
        to->part[i] = (struct rn_bytes){ at, n };
        used += n;
    }
    return to->n > 0 ? RN_OK : RN_E_CONFIG;
}

/* -- names of columns ----------------------------------------------------- */

static uint8_t folded(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool rn_sql_same_name(struct rn_bytes a, struct rn_bytes b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (folded(a.p[i]) != folded(b.p[i]))
            return false;
    return true;
}

static int refuse(struct rn_error *error, struct rn_bytes name, const char *why)
{
    return rn_fail(error, RN_E_CONFIG, RN_AT_WAREHOUSE,
                   "column \"%.*s\": %s; give it another name in source.query",
                   (int)rn_utf8_cut(name, RN_NAME_SHOWN), (const char *)name.p,
                   why);
}

int rn_sql_check_columns(enum rn_sql_dialect d, const struct rn_schema *schema,
                         struct rn_error *error)
{
    if (d == RN_SQL_SYNAPSE && schema->n + 1 > COLUMNS_SYNAPSE)
        return rn_fail(error, RN_E_CONFIG, RN_AT_WAREHOUSE,
                       "the query has %zu columns, but a table in Synapse at "
                       "most %d, one of them " RN_RUN_COLUMN "; select fewer",
                       schema->n, COLUMNS_SYNAPSE);
    for (size_t i = 0; i < schema->n; i++) {
        struct rn_bytes name = schema->col[i].name;

        if (!is_name(d, name))
            return refuse(error, name, "the warehouse can't have such a name");
        if (utf16_units(name) > longest_name(d))
            return refuse(error, name, "the name is too long for a warehouse");
        if (rn_sql_same_name(name, RN_STR(RN_RUN_COLUMN)))
            return refuse(error, name, "Runnel's own column is called that");
        for (size_t k = 0; k < i; k++)
            if (rn_sql_same_name(name, schema->col[k].name))
                return refuse(error, name,
                              "another one has that name, but for case");
    }
    return RN_OK;
}
