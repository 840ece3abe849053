/* encode/csv.c: RFC 4180 text, and its relatives with other delimiters.
 *
 * A field is written plain where no reader could take it for something else,
 * else in quotes, inside which quotes are doubled or escaped. What "could take"
 * means is in needs_quotes() and in the scan `field`; NULL is the null text
 * without quotes, and a value that looks like it gets quotes.
 */
#include <math.h>

#include "encode/list.h"
#include "encode/pen.h"
#include "encode/scan.h"
#include "encode/text.h"
#include "row/name.h"
#include "row/number.h"
#include "row/uuid.h"

/* Longer null texts would outgrow a pen's take, and serve nobody. */
#define NULL_TEXT_MAX 64

struct csv {
    struct rn_encoder e;
    struct rn_scan field;  /* what a plain field cannot hold          */
    struct rn_scan quoted; /* what is doubled or escaped in quotes    */
    uint8_t delimiter, quote;
    uint8_t lead;             /* goes before what `quoted` stops at; with
                            * quote = none before what `field` does; 0:
                            * there is nothing to escape with         */
    bool none;                /* no quotes at all                        */
    bool always[RN_UUID + 1]; /* by type: in quotes whatever it holds */
    bool odd;    /* a number, date or UUID could look like the null text */
    bool single; /* one field in a line: an empty line would be lost */
    bool failed;
    struct rn_bytes null;
    uint8_t null_field[NULL_TEXT_MAX + 2]; /* quotes included          */
    size_t null_len;
    const char *newline;
    size_t newline_len;
    const char *why;
};

static const char why_special[] =
    "it holds a byte that only quotes or an escape could carry; set "
    "file.escape, or another file.quote or file.delimiter";
static const char why_null[] =
    "it reads like NULL, and there are no quotes to tell them apart; set "
    "another file.null or file.quote";
static const char why_blank[] =
    "it would be an empty line, which readers skip; set file.null to a text "
    "like \\N, or another file.quote";

static size_t csv_need(const struct rn_config *config, size_t columns)
{
    (void)config;
    (void)columns;
    return RN_ROUND(sizeof(struct csv));
}

static int bad_option(const struct csv *k, const char *text)
{
    return rn_fail(k->e.error, RN_E_CONFIG, RN_AT_CONFIG, "%s: [file] %s",
                   k->e.config->path, text);
}

/* A byte that has a meaning in the file: none that text of ours can be made
 * of, and ASCII, as any other byte would break the file's UTF-8.
 */
static bool usable(char c)
{
    static const char values[] = "+-.";
    unsigned char u = (unsigned char)c;

    if (u == 0 || u >= 0x80 || c == '\r' || c == '\n')
        return false;
    if ((u >= '0' && u <= '9') || ((u | 0x20) >= 'a' && (u | 0x20) <= 'z'))
        return false;
    return memchr(values, c, sizeof(values) - 1) == NULL;
}

/* ':' is in times, '/' and '=' are in Base64: as delimiters they put these in
 * quotes; as quotes or escapes nobody wants them.
 */
static bool in_values(char c)
{
    return c == ':' || c == '/' || c == '=';
}

static int check_bytes(const struct csv *k)
{
    char delimiter = k->e.config->file.delimiter;
    char quote = k->e.config->file.quote_char;
    char escape = k->e.config->file.escape;

    if (!usable(delimiter))
        return bad_option(k, "delimiter: it must be an ASCII byte that is no "
                             "letter, digit, sign, point, newline or NUL");
    if (!usable(quote) || in_values(quote) || quote == delimiter)
        return bad_option(k, "quote_char: it must be an ASCII byte other than "
                             "the delimiter that is not part of values");
    if (escape != 0 &&
        (!usable(escape) || in_values(escape) || escape == delimiter))
        return bad_option(k, "escape: it must be an ASCII byte other than the "
                             "delimiter that is not part of values");
    if (k->none && escape == quote)
        return bad_option(k, "escape: with quote = none it cannot be the "
                             "quote_char");
    if (k->none && in_values(delimiter))
        return bad_option(k, "delimiter: with quote = none it cannot be one "
                             "of : / = because values hold these");
    return RN_OK;
}

/* The null text is written as it is, so that it must be plain by itself. */
static int check_null(const struct csv *k)
{
    char escape = k->e.config->file.escape;

    if (k->null.n > NULL_TEXT_MAX)
        return bad_option(k, "null: at most 64 bytes");
    if (rn_utf8_good(k->null.p, k->null.n) < k->null.n)
        return bad_option(k, "null: it is not UTF-8");
    for (size_t i = 0; i < k->null.n; i++) {
        uint8_t c = k->null.p[i];
        bool last = i + 1 == k->null.n;

        if (k->field.stop[c] && (c != (uint8_t)escape || last))
            return bad_option(k, "null: it holds a delimiter, quote or "
                                 "newline, or ends in the escape");
    }
    return RN_OK;
}

static bool is_word(struct rn_bytes text)
{
    static const char *const word[] = { "true", "false", "t",
                                        "f",    "NaN",   "Infinity" };

    for (size_t i = 0; i < RN_COUNTOF(word); i++) {
        if (rn_bytes_equal(text, rn_bytes_of(word[i])))
            return true;
    }
    if (text.n == RN_UUID_TEXT)
        return true;
    return text.n > 0 &&
           (text.p[0] == '-' || (text.p[0] >= '0' && text.p[0] <= '9'));
}

static void set_up(struct csv *k)
{
    const struct rn_config *config = k->e.config;
    char escape = config->file.escape;
    char stops[5] = { config->file.delimiter, config->file.quote_char, '\r',
                      '\n', escape };
    char quoted[2] = { config->file.quote_char, escape };
    enum rn_quote mode = config->file.quote;
    bool values = mode == RN_QUOTE_ALL || mode == RN_QUOTE_NON_NULL;

    rn_scan_init(&k->field, stops, escape ? 5 : 4);
    rn_scan_init(&k->quoted, quoted, escape ? 2 : 1);
    k->delimiter = (uint8_t)config->file.delimiter;
    k->quote = (uint8_t)config->file.quote_char;
    k->none = mode == RN_QUOTE_NONE;
    k->lead = (uint8_t)(escape || k->none ? escape : config->file.quote_char);
    for (int t = 0; t <= RN_UUID; t++)
        k->always[t] =
            values || (mode == RN_QUOTE_NON_NUMERIC && t > RN_DECIMAL);
    if (!k->none) {
        k->always[RN_TIME] |= k->delimiter == ':';
        k->always[RN_TIMESTAMP] |= k->delimiter == ':';
        k->always[RN_BLOB] |= k->delimiter == '/' || k->delimiter == '=';
    }
    k->null = rn_bytes_of(config->file.null);
    k->odd = is_word(k->null);
    k->single = k->e.schema->n == 1 && !config->file.row_number[0];
    k->newline = config->file.newline == RN_NEWLINE_CRLF ? "\r\n" : "\n";
    k->newline_len = config->file.newline == RN_NEWLINE_CRLF ? 2 : 1;
}

static void set_null_field(struct csv *k)
{
    bool all = k->e.config->file.quote == RN_QUOTE_ALL;
    uint8_t *at = k->null_field;

    if (all)
        *at++ = k->quote;
    if (k->null.n > 0)
        memcpy(at, k->null.p, k->null.n);
    at += k->null.n;
    if (all)
        *at++ = k->quote;
    k->null_len = (size_t)(at - k->null_field);
}

/* Where the text as a whole, not a byte of it, asks for quotes: it is empty or
 * the null text; spaces at an end, which some readers trim; a byte order mark
 * at the start, which readers take for the file's; PostgreSQL's end of data.
 */
static bool needs_quotes(const struct csv *k, struct rn_bytes t)
{
    if (t.n == 0 || t.p[0] <= ' ' || t.p[t.n - 1] <= ' ')
        return true;
    if (t.n == k->null.n && memcmp(t.p, k->null.p, t.n) == 0)
        return true;
    if (t.p[0] == 0xef && t.n >= 3 && t.p[1] == 0xbb && t.p[2] == 0xbf)
        return true;
    return t.n == 2 && t.p[0] == '\\' && t.p[1] == '.';
}

/* The text with `lead` before each byte that stops the scan. */
static void put_escaped(const struct rn_scan *scan, uint8_t lead,
                        struct rn_pen *p, struct rn_bytes t)
{
    while (t.n > 0) {
        size_t n;

        if (rn_pen_room(p) >= t.n) {
            n = rn_scan_copy(scan, p->at, t.p, t.n);
            p->at += n;
        } else {
            n = rn_scan_find(scan, t.p, t.n);
            rn_pen_put(p, t.p, n);
        }
        if (n == t.n)
            return;
        rn_pen_byte(p, lead);
        rn_pen_byte(p, t.p[n]);
        t.p += n + 1;
        t.n -= n + 1;
    }
}

static void put_quoted(const struct csv *k, struct rn_pen *p, struct rn_bytes t)
{
    rn_pen_byte(p, k->quote);
    put_escaped(&k->quoted, k->lead, p, t);
    rn_pen_byte(p, k->quote);
}

static int put_bare(struct csv *k, struct rn_pen *p, struct rn_bytes t)
{
    if (t.n == 0 && k->single) {
        k->why = why_blank;
        return RN_E_VALUE;
    }
    if (rn_bytes_equal(t, k->null) && (t.n == 0 || k->lead == 0)) {
        k->why = why_null;
        return RN_E_VALUE;
    }
    if (k->lead == 0 && rn_scan_find(&k->field, t.p, t.n) < t.n) {
        k->why = why_special;
        return RN_E_VALUE;
    }
    if (t.n > 0 && rn_bytes_equal(t, k->null) && !k->field.stop[t.p[0]])
        rn_pen_byte(p, k->lead);
    put_escaped(&k->field, k->lead, p, t);
    return RN_OK;
}

static int put_field(struct csv *k, struct rn_pen *p, enum rn_type type,
                     struct rn_bytes t)
{
    size_t n;

    if (k->none)
        return put_bare(k, p, t);
    if (k->always[type] || needs_quotes(k, t)) {
        put_quoted(k, p, t);
        return RN_OK;
    }
    if (rn_pen_room(p) < t.n) {
        n = rn_scan_find(&k->field, t.p, t.n);
        if (n == t.n)
            rn_pen_put(p, t.p, n);
    } else {
        n = rn_scan_copy(&k->field, p->at, t.p, t.n);
        if (n == t.n)
            p->at += n;
    }
    if (n < t.n)
        put_quoted(k, p, t); /* over what the copy left */
    return RN_OK;
}

static int put_null(struct csv *k, struct rn_pen *p)
{
    if (k->single && k->null_len == 0) {
        k->why = why_blank;
        return RN_E_VALUE;
    }
    rn_pen_put(p, k->null_field, k->null_len);
    return RN_OK;
}

/* Numbers, dates, UUIDs and the like, whose bytes never need quotes. */
static int put_value(struct csv *k, struct rn_pen *p, const struct rn_col *col,
                     const struct rn_cell *cell)
{
    bool quotes = k->always[cell->type];
    uint8_t *from = rn_pen_take(p), *to = from;
    int n;

    if (k->odd) {
        char text[RN_VALUE_TEXT];

        n = rn_value_text(k->e.config, col, cell, text);
        if (n >= 0)
            return put_field(k, p, cell->type,
                             (struct rn_bytes){ (uint8_t *)text, (size_t)n });
    } else {
        if (quotes)
            *to++ = k->quote;
        n = rn_value_text(k->e.config, col, cell, (char *)to);
    }
    if (n < 0) {
        k->why = RN_WHY_RANGE;
        return n;
    }
    to += n;
    if (quotes)
        *to++ = k->quote;
    rn_pen_give(p, from, to);
    return RN_OK;
}

static int put_nan(struct csv *k, struct rn_pen *p, double v)
{
    switch (k->e.config->file.nan) {
    case RN_NAN_NULL:
        if (k->e.counts)
            k->e.counts->nulled++;
        return put_null(k, p);
    case RN_NAN_TEXT:
        return put_field(k, p, RN_F64, rn_nan_text(v));
    default:
        k->why = RN_WHY_NAN;
        return RN_E_VALUE;
    }
}

static int put_blob(struct csv *k, struct rn_pen *p, struct rn_bytes blob)
{
    enum rn_binary how = k->e.config->file.binary;
    size_t n = rn_blob_text_len(blob.n, how);
    bool quotes = k->always[RN_BLOB];

    if (n == k->null.n || n == 0) {
        char text[NULL_TEXT_MAX]; /* it may look like NULL */

        rn_blob_text(blob, how, text);
        return put_field(k, p, RN_BLOB,
                         (struct rn_bytes){ (uint8_t *)text, n });
    }
    if (quotes)
        rn_pen_byte(p, k->quote);
    rn_text_blob(p, blob, how);
    if (quotes)
        rn_pen_byte(p, k->quote);
    return RN_OK;
}

static int put_cell(struct csv *k, struct rn_pen *p, const struct rn_col *col,
                    const struct rn_cell *cell)
{
    switch (cell->type) {
    case RN_NULL:
        return put_null(k, p);
    case RN_TEXT:
        return put_field(k, p, RN_TEXT, cell->as.bytes);
    case RN_BLOB:
        return put_blob(k, p, cell->as.bytes);
    case RN_F64:
        if (!isfinite(cell->as.f64))
            return put_nan(k, p, cell->as.f64);
        return put_value(k, p, col, cell);
    default:
        return put_value(k, p, col, cell);
    }
}

static int fail(struct csv *k, uint64_t number, size_t column)
{
    k->failed = true;
    return rn_cell_fail(&k->e, number, column, k->why);
}

static int csv_row(struct rn_encoder *e, const struct rn_row *row,
                   uint64_t number)
{
    struct csv *k = (struct csv *)e;
    struct rn_pen p;
    bool counted = e->config->file.row_number[0] != '\0';

    RN_ASSERT(row->n == e->schema->n);
    if (k->failed)
        return e->error->code < 0 ? e->error->code : RN_E_VALUE;
    rn_pen_open(&p, e->out);
    if (counted) {
        struct rn_cell ordinal = { .type = RN_I64, .as.i64 = (int64_t)number };

        if (put_value(k, &p, NULL, &ordinal) < 0)
            return fail(k, number, 0);
    }
    for (size_t i = 0; i < row->n; i++) {
        if (i > 0 || counted)
            rn_pen_byte(&p, k->delimiter);
        if (put_cell(k, &p, &e->schema->col[i], &row->cell[i]) < 0)
            return fail(k, number, i);
    }
    rn_pen_put(&p, k->newline, k->newline_len);
    rn_pen_close(&p);
    return e->out->err;
}

/* A name of the header, or of what is to become it. */
static struct rn_bytes name_at(const struct csv *k, size_t i)
{
    const char *counter = k->e.config->file.row_number;

    if (counter[0] && i == 0)
        return rn_bytes_of(counter);
    return k->e.schema->col[i - (counter[0] != '\0')].name;
}

static int csv_begin(struct rn_encoder *e, struct rn_out *out)
{
    struct csv *k = (struct csv *)e;
    size_t names = e->schema->n + (e->config->file.row_number[0] != '\0');
    struct rn_pen p;
    int err;

    e->out = out;
    k->failed = false;
    if (!e->config->file.header)
        return out->err;
    rn_pen_open(&p, out);
    for (size_t i = 0; i < names; i++) {
        if (i > 0)
            rn_pen_byte(&p, k->delimiter);
        err = put_field(k, &p, RN_TEXT, name_at(k, i));
        RN_ASSERT(err == RN_OK); /* open() has looked at the names */
    }
    rn_pen_put(&p, k->newline, k->newline_len);
    rn_pen_close(&p);
    return out->err;
}

static int csv_end(struct rn_encoder *e)
{
    int err = ((struct csv *)e)->failed ? RN_E_VALUE : e->out->err;

    e->out = NULL;
    return err;
}

static int csv_restore(struct rn_encoder *e, struct rn_record *r)
{
    (void)r;
    ((struct csv *)e)->failed = false;
    return RN_OK;
}

/* Without quotes, is there a way to write each name? */
static int check_header(struct csv *k)
{
    size_t names = k->e.schema->n + (k->e.config->file.row_number[0] != '\0');

    if (!k->none || !k->e.config->file.header)
        return RN_OK;
    for (size_t i = 0; i < names; i++) {
        struct rn_bytes name = name_at(k, i);
        bool special = rn_scan_find(&k->field, name.p, name.n) < name.n ||
                       rn_bytes_equal(name, k->null);

        if (name.n == 0 || (special && k->lead == 0))
            return rn_fail(k->e.error, RN_E_CONFIG, RN_AT_CONFIG,
                           "%s: column %zu: its name needs quotes or an "
                           "escape; set file.escape, or rename it with AS in "
                           "source.query",
                           k->e.config->path, i + 1);
    }
    return RN_OK;
}

static int csv_open(const struct rn_config *config,
                    const struct rn_schema *schema, struct rn_arena *mem,
                    struct rn_error *error, struct rn_encoder **encoder)
{
    struct csv *k = RN_TAKE(mem, struct csv, 1);
    int err;

    *encoder = NULL;
    if (k == NULL)
        return rn_fail(error, RN_E_FULL, RN_AT_AGENT,
                       "no memory is left for the encoder; raise job.memory");
    k->e.cls = &rn_encode_csv;
    k->e.config = config;
    k->e.schema = schema;
    k->e.error = error;
    k->none = config->file.quote == RN_QUOTE_NONE;
    err = rn_check_names(schema, error);
    if (err == RN_OK)
        err = check_bytes(k);
    if (err < 0)
        return err;
    set_up(k);
    err = check_null(k);
    if (err == RN_OK)
        err = check_header(k);
    if (err < 0)
        return err;
    set_null_field(k);
    *encoder = &k->e;
    return RN_OK;
}

const struct rn_encoder_class rn_encode_csv = {
    .name = "csv",
    .suffix = "csv",
    .mime = "text/csv; charset=utf-8",
    .need = csv_need,
    .open = csv_open,
    .begin = csv_begin,
    .row = csv_row,
    .end = csv_end,
    .restore = csv_restore,
};
