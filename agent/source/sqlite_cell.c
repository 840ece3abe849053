/* source/sqlite_cell.c: a value that is not plainly what its column says.
 *
 * Each type has up to two readers: what the column takes as it is, and what
 * on_mismatch = convert may make of other values. Both answer RN_E_VALUE when
 * the value is none of theirs. The rule is in source/sqlite_types.h.
 */
#include "source/sqlite.h"

#include <math.h>
#include <string.h>

#include "core/format.h"
#include "row/date.h"
#include "row/decimal.h"
#include "row/number.h"
#include "row/type.h"
#include "row/uuid.h"

/* How much of a value a message shows. */
#define EXCERPT 40

/* The doubles next to the ends of int64: the range is [-2^63, 2^63). */
#define I64_LIMIT 9223372036854775808.0

/* Unix seconds and Julian milliseconds of the years 0001 to 9999. */
#define SECOND_MIN      (RN_DAY_MIN * INT64_C(86400))
#define SECOND_MAX      ((RN_DAY_MAX + INT64_C(1)) * 86400 - 1)
#define JULIAN_MIN      1721425.5
#define JULIAN_MAX      5373485.5
#define JULIAN_EPOCH_MS INT64_C(210866760000000)

/* What a reader is given. */
struct value {
    struct rn_sqlite *s;
    const struct rn_col *about;
    struct rn_sqlite_col *col;
    sqlite3_value *v;
    int storage;
    struct rn_bytes text; /* of TEXT only */
};

/* Room for a converted value's text, kept for the whole query. */
static int scratch(struct value *x, char **to)
{
    if (x->col->scratch == NULL)
        x->col->scratch = rn_heap_alloc(x->s->heap, RN_SQLITE_SCRATCH);
    *to = x->col->scratch;
    return *to != NULL ? RN_OK : rn_sqlite_fail(x->s, SQLITE_NOMEM, "read");
}

static struct rn_bytes bytes_at(const char *p, size_t n)
{
    return (struct rn_bytes){ (const uint8_t *)p, n };
}

/* -- what a column takes as it is ------------------------------------------ */

static int read_bool(struct value *x, struct rn_cell *cell)
{
    if (x->storage != SQLITE_INTEGER)
        return RN_E_VALUE;
    cell->as.i64 = sqlite3_value_int64(x->v);
    return cell->as.i64 == 0 || cell->as.i64 == 1 ? RN_OK : RN_E_VALUE;
}

static int read_double(struct value *x, struct rn_cell *cell)
{
    if (x->storage != SQLITE_INTEGER)
        return RN_E_VALUE;
    int64_t i = sqlite3_value_int64(x->v);
    double d = (double)i;
    if (d >= I64_LIMIT || (int64_t)d != i)
        return RN_E_VALUE;
    cell->as.f64 = d;
    return RN_OK;
}

/* digits * 10^exponent as a literal that rn_decimal() reads. */
static size_t double_literal(double d, char *to)
{
    uint64_t digits;
    int exponent;
    size_t n = 0;
    rn_shortest_f64(d, &digits, &exponent);
    if (d < 0)
        to[n++] = '-';
    n += rn_format_u64(digits, to + n);
    to[n++] = 'e';
    return n + rn_format_i64(exponent, to + n);
}

static int read_decimal(struct value *x, struct rn_cell *cell)
{
    char literal[RN_SQLITE_SCRATCH];
    struct rn_bytes from = x->text;
    if (x->storage == SQLITE_INTEGER)
        from = bytes_at(literal,
                        rn_format_i64(sqlite3_value_int64(x->v), literal));
    else if (x->storage == SQLITE_FLOAT && isfinite(sqlite3_value_double(x->v)))
        from = bytes_at(literal,
                        double_literal(sqlite3_value_double(x->v), literal));
    else if (x->storage != SQLITE_TEXT)
        return RN_E_VALUE;

    char canonical[RN_DECIMAL_TEXT];
    int n = rn_decimal(from, x->about->precision, x->about->scale, canonical);
    if (n < 0)
        return n;
    char *to;
    int err = scratch(x, &to);
    if (err < 0)
        return err;
    memcpy(to, canonical, (size_t)n);
    cell->as.bytes = bytes_at(to, (size_t)n);
    return RN_OK;
}

/* Any of SQLite's three ways to store an instant. */
static int instant(const struct value *x, int64_t *us)
{
    bool zoned;
    if (x->storage == SQLITE_TEXT)
        return rn_parse_timestamp(x->text, us, &zoned);
    if (x->storage == SQLITE_INTEGER) {
        int64_t seconds = sqlite3_value_int64(x->v);
        if (seconds < SECOND_MIN || seconds > SECOND_MAX)
            return RN_E_VALUE;
        *us = seconds * 1000000;
        return RN_OK;
    }
    if (x->storage != SQLITE_FLOAT)
        return RN_E_VALUE;
    double julian = sqlite3_value_double(x->v);
    if (!(julian >= JULIAN_MIN && julian < JULIAN_MAX))
        return RN_E_VALUE;
    /* To the millisecond, as SQLite's date functions round it. */
    int64_t ms = (int64_t)(julian * 86400000.0 + 0.5) - JULIAN_EPOCH_MS;
    *us = ms * 1000;
    return *us <= SECOND_MAX * 1000000 ? RN_OK : RN_E_VALUE;
}

static int read_date(struct value *x, struct rn_cell *cell)
{
    return x->storage == SQLITE_TEXT ? rn_parse_date(x->text, &cell->as.i64)
                                     : RN_E_VALUE;
}

static int read_time(struct value *x, struct rn_cell *cell)
{
    return x->storage == SQLITE_TEXT ? rn_parse_time(x->text, &cell->as.i64)
                                     : RN_E_VALUE;
}

static int read_timestamp(struct value *x, struct rn_cell *cell)
{
    bool zoned;
    if (x->about->utc)
        return instant(x, &cell->as.i64);
    if (x->storage != SQLITE_TEXT)
        return RN_E_VALUE;
    int err = rn_parse_timestamp(x->text, &cell->as.i64, &zoned);
    return err == RN_OK && zoned ? RN_E_VALUE : err;
}

static int uuid_text(struct value *x, bool loose, struct rn_cell *cell)
{
    uint8_t uuid[RN_UUID_BYTES];
    char *to;
    if (x->storage != SQLITE_TEXT || rn_parse_uuid(x->text, loose, uuid) < 0)
        return RN_E_VALUE;
    int err = scratch(x, &to);
    if (err < 0)
        return err;
    memcpy(to, uuid, sizeof uuid);
    cell->as.bytes = bytes_at(to, sizeof uuid);
    return RN_OK;
}

static int read_uuid(struct value *x, struct rn_cell *cell)
{
    if (x->storage != SQLITE_BLOB)
        return uuid_text(x, false, cell);
    if (sqlite3_value_bytes(x->v) != RN_UUID_BYTES)
        return RN_E_VALUE;
    cell->as.bytes.p = sqlite3_value_blob(x->v);
    cell->as.bytes.n = RN_UUID_BYTES;
    return cell->as.bytes.p != NULL
               ? RN_OK
               : rn_sqlite_fail(x->s, SQLITE_NOMEM, "read");
}

/* -- what on_mismatch = convert adds --------------------------------------- */

static int convert_integer(struct value *x, struct rn_cell *cell)
{
    if (x->storage == SQLITE_FLOAT) {
        double d = sqlite3_value_double(x->v);
        if (!(d >= -I64_LIMIT && d < I64_LIMIT) || d != floor(d) ||
            (d == 0 && signbit(d)))
            return RN_E_VALUE;
        cell->as.i64 = (int64_t)d;
        return RN_OK;
    }
    char back[RN_I64_TEXT];
    if (x->storage != SQLITE_TEXT ||
        rn_parse_i64(x->text, &cell->as.i64) != RN_OK)
        return RN_E_VALUE;
    size_t n = rn_format_i64(cell->as.i64, back);
    return rn_bytes_equal(bytes_at(back, n), x->text) ? RN_OK : RN_E_VALUE;
}

static int convert_double(struct value *x, struct rn_cell *cell)
{
    char back[RN_F64_TEXT];
    if (x->storage != SQLITE_TEXT ||
        rn_parse_f64(x->text, &cell->as.f64) != RN_OK ||
        !isfinite(cell->as.f64))
        return RN_E_VALUE;
    size_t n = rn_format_f64(cell->as.f64, back);
    return rn_bytes_equal(bytes_at(back, n), x->text) ? RN_OK : RN_E_VALUE;
}

static bool word_is(struct rn_bytes text, const char *word)
{
    return text.n == strlen(word) &&
           sqlite3_strnicmp((const char *)text.p, word, (int)text.n) == 0;
}

static int convert_bool(struct value *x, struct rn_cell *cell)
{
    double d = x->storage == SQLITE_FLOAT ? sqlite3_value_double(x->v) : -1;
    bool yes = d == 1;
    bool no = d == 0 && !signbit(d);
    if (x->storage == SQLITE_TEXT) {
        yes = word_is(x->text, "true");
        no = word_is(x->text, "false");
    }
    cell->as.i64 = yes;
    return yes || no ? RN_OK : RN_E_VALUE;
}

static int convert_text(struct value *x, struct rn_cell *cell)
{
    char *to;
    if (x->storage == SQLITE_BLOB ||
        (x->storage == SQLITE_FLOAT && !isfinite(sqlite3_value_double(x->v))))
        return RN_E_VALUE;
    int err = scratch(x, &to);
    if (err < 0)
        return err;
    size_t n = x->storage == SQLITE_INTEGER
                   ? rn_format_i64(sqlite3_value_int64(x->v), to)
                   : rn_format_f64(sqlite3_value_double(x->v), to);
    cell->as.bytes = bytes_at(to, n);
    return RN_OK;
}

static int convert_blob(struct value *x, struct rn_cell *cell)
{
    cell->as.bytes = x->text;
    return x->storage == SQLITE_TEXT ? RN_OK : RN_E_VALUE;
}

static int convert_date(struct value *x, struct rn_cell *cell)
{
    int64_t us;
    if (instant(x, &us) != RN_OK || us % RN_US_DAY != 0)
        return RN_E_VALUE;
    cell->as.i64 = us / RN_US_DAY;
    return RN_OK;
}

static int convert_uuid(struct value *x, struct rn_cell *cell)
{
    return uuid_text(x, true, cell);
}

typedef int reader(struct value *x, struct rn_cell *cell);

static reader *const readers[][2] = {
    [RN_BOOL] = { read_bool, convert_bool },
    [RN_I64] = { NULL, convert_integer },
    [RN_F64] = { read_double, convert_double },
    [RN_DECIMAL] = { read_decimal, NULL },
    [RN_DATE] = { read_date, convert_date },
    [RN_TIME] = { read_time, NULL },
    [RN_TIMESTAMP] = { read_timestamp, NULL },
    [RN_TEXT] = { NULL, convert_text },
    [RN_BLOB] = { NULL, convert_blob },
    [RN_UUID] = { read_uuid, convert_uuid },
};

/* -- what does not fit ----------------------------------------------------- */

static size_t hex(struct rn_bytes b, char *to, size_t cap)
{
    static const char digit[] = "0123456789abcdef";
    size_t n = 0;
    for (size_t i = 0; i < b.n && n + 2 <= cap; i++) {
        to[n++] = digit[b.p[i] >> 4];
        to[n++] = digit[b.p[i] & 15];
    }
    return n;
}

/* Printable ASCII: the message may end in a log or on a terminal. */
static size_t printable(struct rn_bytes b, char *to, size_t cap)
{
    size_t n = b.n < cap ? b.n : cap;
    for (size_t i = 0; i < n; i++)
        to[i] = (char)(b.p[i] >= 0x20 && b.p[i] < 0x7f ? b.p[i] : '?');
    return n;
}

/* "integer 5", "text "abc"": the value as a message shows it. */
static void describe(const struct value *x, char *to, size_t cap)
{
    char excerpt[EXCERPT + 1];
    double d;
    size_t n = 0;
    size_t all = x->text.n;
    struct rn_bytes blob;
    switch (x->storage) {
    case SQLITE_INTEGER:
        n = rn_format_i64(sqlite3_value_int64(x->v), excerpt);
        rn_format(to, cap, "the integer %.*s", (int)n, excerpt);
        return;
    case SQLITE_FLOAT:
        d = sqlite3_value_double(x->v);
        if (isfinite(d))
            n = rn_format_f64(d, excerpt);
        else
            n = printable(rn_bytes_of(d > 0 ? "Infinity" : "-Infinity"),
                          excerpt, EXCERPT);
        rn_format(to, cap, "the real %.*s", (int)n, excerpt);
        return;
    case SQLITE_TEXT:
        n = printable(x->text, excerpt, EXCERPT);
        rn_format(to, cap, "the text \"%.*s\"%s", (int)n, excerpt,
                  n < all ? "..." : "");
        return;
    default:
        blob.p = sqlite3_value_blob(x->v);
        blob.n = blob.p != NULL ? (size_t)sqlite3_value_bytes(x->v) : 0;
        n = hex(blob, excerpt, EXCERPT);
        rn_format(to, cap, "a blob of %zu bytes (x'%.*s'%s)", blob.n, (int)n,
                  excerpt, n < blob.n * 2 ? "..." : "");
    }
}

/* What a person can do about it. */
static const char *advice(const struct value *x)
{
    bool timestamp = x->about->type == RN_TIMESTAMP;
    if (timestamp && !x->about->utc && x->storage != SQLITE_BLOB)
        return "a local time is text without an offset; what is an instant is "
               "of type timestamp";
    if (timestamp && x->storage == SQLITE_INTEGER)
        return "integers are Unix seconds here; divide milliseconds by 1000 "
               "in the query";
    if (x->s->config->source.on_mismatch == RN_ON_CONVERT)
        return "it cannot be converted without loss; CAST it in the query, or "
               "set source.on_mismatch = null";
    return "CAST it in the query, or set source.on_mismatch = convert or null";
}

static int refuse(const struct value *x)
{
    static const char *const from[] = {
        [RN_SQLITE_ROWS] = "from the first rows",
        [RN_SQLITE_DECLARED] = "as declared",
        [RN_SQLITE_RULE] = "in [types]",
    };
    char what[120], word[RN_TYPE_WORD];
    describe(x, what, sizeof what);
    int name = x->about->name.n < 60 ? (int)x->about->name.n : 60;
    return rn_fail(x->s->base.error, RN_E_VALUE, RN_AT_SOURCE,
                   "row %llu, column \"%.*s\": %s does not fit the column's "
                   "type %s (%s): %s",
                   rn_sqlite_row(x->s), name, (const char *)x->about->name.p,
                   what, rn_type_word(x->about, word), from[x->col->from],
                   advice(x));
}

int rn_sqlite_cell(struct rn_sqlite *s, size_t at, sqlite3_value *v,
                   struct rn_cell *cell)
{
    struct value x = { .s = s,
                       .about = &s->about[at],
                       .col = &s->col[at],
                       .v = v,
                       .storage = sqlite3_value_type(v) };
    if (x.storage == SQLITE_TEXT) {
        x.text.p = sqlite3_value_text(v);
        x.text.n = (size_t)sqlite3_value_bytes(v);
        if (x.text.p == NULL)
            return rn_sqlite_fail_row(s, SQLITE_NOMEM);
    }
    cell->type = x.about->type;

    reader *plain = readers[x.about->type][0];
    int err = plain != NULL ? plain(&x, cell) : RN_E_VALUE;
    if (err != RN_E_VALUE)
        return err;

    enum rn_policy policy = s->config->source.on_mismatch;
    if (policy == RN_ON_NULL) {
        cell->type = RN_NULL;
        s->base.counts.nulled++;
        return RN_OK;
    }
    reader *convert = readers[x.about->type][1];
    if (policy == RN_ON_CONVERT && convert != NULL) {
        err = convert(&x, cell);
        if (err == RN_OK)
            s->base.counts.converted++;
        if (err != RN_E_VALUE)
            return err;
    }
    return refuse(&x);
}
