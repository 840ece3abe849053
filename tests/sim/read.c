/* sim/read.c: see sim/read.h. CSV and JSON have readers here, as strict as
 * their specifications (RFC 4180, RFC 8259); Avro and Parquet those of the unit
 * tests.
 */
#include "sim/read.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "sim.h"
#include "sim/read_kit.h"
#include "sim/table.h"

static char wrong[240];

__attribute__((format(printf, 1, 2))) static const char *say(const char *fmt,
                                                             ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(wrong, sizeof wrong, fmt, args);
    va_end(args);
    return wrong;
}

/* -- values as text -------------------------------------------------------- */

struct date {
    int year, month, day;
};

/* By counting: slow, and nothing like the agent's. */
static struct date date_of(int64_t days)
{
    static const int len[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    struct date d = { 1970, 1, 1 };
    int leap;

    for (;; d.year++) {
        leap = (d.year % 4 == 0 && d.year % 100 != 0) || d.year % 400 == 0;
        if (days >= 365 + leap) {
            days -= 365 + leap;
        } else if (days < 0) {
            d.year -= 2;
            leap = ((d.year + 1) % 4 == 0 && (d.year + 1) % 100 != 0) ||
                   (d.year + 1) % 400 == 0;
            days += 365 + leap;
        } else {
            break;
        }
    }
    for (int m = 0; m < 12; m++) {
        int n = len[m] + (m == 1 && leap);

        if (days < n) {
            d.month = m + 1;
            break;
        }
        days -= n;
    }
    d.day = (int)days + 1;
    return d;
}

/* As ISO texts here have it: none, three digits or six. */
static int fraction(int64_t us, char *to)
{
    if (us == 0)
        return 0;
    if (us % 1000 == 0)
        return sprintf(to, ".%03lld", (long long)(us / 1000));
    return sprintf(to, ".%06lld", (long long)us);
}

static size_t time_text(int64_t us, char *to)
{
    int n = sprintf(to, "%02lld:%02lld:%02lld", (long long)(us / 3600000000),
                    (long long)(us / 60000000 % 60),
                    (long long)(us / 1000000 % 60));

    return (size_t)(n + fraction(us % 1000000, to + n));
}

static size_t date_text(int64_t days, char *to)
{
    struct date d = date_of(days);

    return (size_t)sprintf(to, "%04d-%02d-%02d", d.year, d.month, d.day);
}

static size_t moment_text(int64_t us, bool utc, char *to)
{
    const int64_t day = INT64_C(86400) * 1000000;
    int64_t days = us / day - (us % day < 0);
    size_t n = date_text(days, to);

    to[n++] = 'T';
    n += time_text(us - days * day, to + n);
    if (utc)
        to[n++] = 'Z';
    return n;
}

static size_t base64_text(struct rn_bytes b, char *to)
{
    static const char digit[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t n = 0;

    for (size_t i = 0; i < b.n; i += 3) {
        uint32_t v = (uint32_t)b.p[i] << 16;

        if (i + 1 < b.n)
            v |= (uint32_t)b.p[i + 1] << 8;
        if (i + 2 < b.n)
            v |= b.p[i + 2];
        to[n++] = digit[v >> 18];
        to[n++] = digit[v >> 12 & 63];
        to[n++] = i + 1 < b.n ? digit[v >> 6 & 63] : '=';
        to[n++] = i + 2 < b.n ? digit[v & 63] : '=';
    }
    return n;
}

static size_t uuid_text(const uint8_t *p, char *to)
{
    size_t n = 0;

    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            to[n++] = '-';
        n += (size_t)sprintf(to + n, "%02x", p[i]);
    }
    return n;
}

/* A text that a double of this column is read back from. */
static bool same_double(const struct rn_col *col, double want, const char *text,
                        size_t n)
{
    char buf[64];
    char *end;
    double got;

    if (n == 0 || n >= sizeof buf)
        return false;
    memcpy(buf, text, n);
    buf[n] = 0;
    got = strtod(buf, &end);
    if (*end)
        return false;
    return col->bits == 32 ? (float)got == (float)want : got == want;
}

/* The text of a value that is not NULL is the cell's. */
static bool same_text(const struct rn_col *col, const struct rn_cell *c,
                      const char *text, size_t n)
{
    char want[TABLE_TEXT + 64];
    size_t len;

    switch (c->type) {
    case RN_F64:
        return same_double(col, c->as.f64, text, n);
    case RN_BOOL:
        len = (size_t)sprintf(want, "%s", c->as.i64 ? "true" : "false");
        break;
    case RN_I64:
        len = (size_t)sprintf(want, "%lld", (long long)c->as.i64);
        break;
    case RN_DATE:
        len = date_text(c->as.i64, want);
        break;
    case RN_TIME:
        len = time_text(c->as.i64, want);
        break;
    case RN_TIMESTAMP:
        len = moment_text(c->as.i64, col->utc, want);
        break;
    case RN_BLOB:
        len = base64_text(c->as.bytes, want);
        break;
    case RN_UUID:
        len = uuid_text(c->as.bytes.p, want);
        break;
    default:
        return n == c->as.bytes.n && memcmp(text, c->as.bytes.p, n) == 0;
    }
    return n == len && memcmp(text, want, n) == 0;
}

/* -- csv ------------------------------------------------------------------- */

struct cursor {
    const char *p, *end;
    char field[TABLE_TEXT + 64];
    size_t n;
    bool quoted;
};

static bool add(struct cursor *c, char byte)
{
    if (c->n == sizeof c->field)
        return false;
    c->field[c->n++] = byte;
    return true;
}

/* One field; its end is a comma, a line end, or the file's. */
static bool csv_field(struct cursor *c)
{
    c->n = 0;
    c->quoted = c->p < c->end && *c->p == '"';
    if (!c->quoted) {
        while (c->p < c->end && *c->p != ',' && *c->p != '\n') {
            if (*c->p == '"' || *c->p == '\r' || !add(c, *c->p++))
                return false;
        }
        return true;
    }
    for (c->p++; c->p < c->end; c->p++) {
        if (*c->p == '"') {
            c->p++;
            if (c->p == c->end || *c->p != '"')
                return true;
        }
        if (!add(c, *c->p))
            return false;
    }
    return false; /* no closing quote */
}

static bool csv_end(struct cursor *c, bool last)
{
    return c->p < c->end && *c->p++ == (last ? '\n' : ',');
}

static const char *csv_header(struct cursor *c, const struct rn_col *col,
                              size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!csv_field(c) || c->n != col[i].name.n ||
            memcmp(c->field, col[i].name.p, c->n) != 0 ||
            !csv_end(c, i + 1 == n))
            return say("csv: the header's column %zu is not as it should be",
                       i + 1);
    }
    return NULL;
}

static const char *read_csv(struct rn_bytes f, uint64_t *next)
{
    static struct table_row row;
    struct rn_col col[TABLE_COLUMNS];
    size_t n = table_schema(col);
    struct cursor c = { .p = (const char *)f.p,
                        .end = (const char *)f.p + f.n };
    const char *err = csv_header(&c, col, n);

    while (!err && c.p < c.end) {
        table_row(*next, &row);
        for (size_t i = 0; i < n; i++) {
            const struct rn_cell *cell = &row.cell[i];
            bool null = cell->type == RN_NULL;

            if (!csv_field(&c) || !csv_end(&c, i + 1 == n))
                return say("csv: row %llu, column %zu is broken",
                           (unsigned long long)*next, i + 1);
            if (null ? c.n > 0 || c.quoted
                     : (c.n == 0 && !c.quoted) ||
                           !same_text(&col[i], cell, c.field, c.n))
                return say("csv: row %llu, column %zu is \"%.*s\"",
                           (unsigned long long)*next, i + 1,
                           (int)(c.n < 60 ? c.n : 60), c.field);
        }
        ++*next;
    }
    return err;
}

/* -- json ------------------------------------------------------------------ */

static bool json_hex(struct cursor *c, uint32_t *to)
{
    *to = 0;
    for (int i = 0; i < 4; i++) {
        char d = c->p < c->end ? *c->p++ : 0;
        const char *digits = "0123456789abcdef0123456789ABCDEF";
        const char *at = d ? strchr(digits, d) : NULL;

        if (!at)
            return false;
        *to = *to * 16 + (uint32_t)((at - digits) % 16);
    }
    return true;
}

static bool json_escape(struct cursor *c)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    char e = c->p < c->end ? *c->p++ : 0;
    const char *at = e ? strchr(from, e) : NULL;
    uint32_t v;

    if (at)
        return add(c, to[at - from]);
    if (e != 'u' || !json_hex(c, &v))
        return false;
    if (v < 0x80)
        return add(c, (char)v);
    if (v < 0x800)
        return add(c, (char)(0xc0 | v >> 6)) && add(c, (char)(0x80 | (v & 63)));
    return v < 0xd800 && add(c, (char)(0xe0 | v >> 12)) &&
           add(c, (char)(0x80 | (v >> 6 & 63))) &&
           add(c, (char)(0x80 | (v & 63)));
}

/* A string or a bare word (number, true, false, null). */
static bool json_value(struct cursor *c)
{
    c->n = 0;
    c->quoted = c->p < c->end && *c->p == '"';
    if (!c->quoted) {
        while (c->p < c->end && *c->p &&
               strchr("+-.0123456789aeflnrstuE", *c->p))
            if (!add(c, *c->p++))
                return false;
        return c->n > 0;
    }
    for (c->p++; c->p < c->end && *c->p != '"';) {
        if ((uint8_t)*c->p < 0x20)
            return false;
        if (*c->p == '\\') {
            c->p++;
            if (!json_escape(c))
                return false;
        } else if (!add(c, *c->p++)) {
            return false;
        }
    }
    return c->p < c->end && *c->p++ == '"';
}

static bool json_mark(struct cursor *c, char mark)
{
    return c->p < c->end && *c->p++ == mark;
}

static bool json_cell(struct cursor *c, const struct rn_col *col,
                      const struct rn_cell *cell)
{
    bool bare = cell->type == RN_NULL || cell->type == RN_BOOL ||
                cell->type == RN_I64 || cell->type == RN_F64 ||
                cell->type == RN_DECIMAL;

    if (!json_value(c) || c->n != col->name.n || !c->quoted ||
        memcmp(c->field, col->name.p, c->n) != 0 || !json_mark(c, ':') ||
        !json_value(c) || c->quoted == bare)
        return false;
    if (cell->type == RN_NULL)
        return c->n == 4 && memcmp(c->field, "null", 4) == 0;
    return same_text(col, cell, c->field, c->n);
}

static const char *read_json(struct rn_bytes f, uint64_t *next)
{
    static struct table_row row;
    struct rn_col col[TABLE_COLUMNS];
    size_t n = table_schema(col);
    struct cursor c = { .p = (const char *)f.p,
                        .end = (const char *)f.p + f.n };

    while (c.p < c.end) {
        table_row(*next, &row);
        for (size_t i = 0; i < n; i++) {
            if (!json_mark(&c, i == 0 ? '{' : ',') ||
                !json_cell(&c, &col[i], &row.cell[i]))
                return say("json: row %llu, column %zu is not as it should be",
                           (unsigned long long)*next, i + 1);
        }
        if (!json_mark(&c, '}') || !json_mark(&c, '\n'))
            return say("json: row %llu does not end",
                       (unsigned long long)*next);
        ++*next;
    }
    return NULL;
}

/* -- all ------------------------------------------------------------------- */

/* Members one after the other, each whole, nothing behind the last. */
static const char *inflate_all(struct rn_bytes file, uint8_t **to, size_t *n)
{
    z_stream z = { .next_in = (Bytef *)(uintptr_t)file.p,
                   .avail_in = (uInt)file.n };
    size_t cap = file.n * 8 + 4096;
    int rc = Z_OK;

    *to = malloc(cap);
    *n = 0;
    RN_ASSERT(*to && inflateInit2(&z, 15 + 16) == Z_OK);
    while (rc == Z_OK || (rc == Z_STREAM_END && z.avail_in > 0)) {
        if (rc == Z_STREAM_END)
            (void)inflateReset(&z);
        if (*n == cap) {
            *to = realloc(*to, cap *= 2);
            RN_ASSERT(*to);
        }
        z.next_out = *to + *n;
        z.avail_out = (uInt)(cap - *n);
        rc = inflate(&z, Z_NO_FLUSH);
        *n = (size_t)(z.next_out - *to);
        if (rc == Z_BUF_ERROR && z.avail_out == 0)
            rc = Z_OK;
        else if (rc == Z_OK && z.avail_in == 0 && z.avail_out > 0)
            rc = Z_BUF_ERROR; /* cut short */
    }
    (void)inflateEnd(&z);
    return rc == Z_STREAM_END ? NULL : say("gzip: broken or cut (%d)", rc);
}

static const char *read_plain(const char *format, struct rn_bytes f,
                              uint64_t *next)
{
    if (strcmp(format, "csv") == 0)
        return read_csv(f, next);
    if (strcmp(format, "json") == 0)
        return read_json(f, next);
    if (strcmp(format, "avro") == 0)
        return read_avro(f, next);
    return read_parquet(f, next);
}

const char *read_file(const struct read_how *how, struct rn_bytes file,
                      uint64_t *next)
{
    static uint8_t *plain; /* static: a broken file leaves by longjmp */
    const char *err = NULL;

    free(plain);
    plain = NULL;
    sim_catch(true);
    if (setjmp(sim_home()) == 0) {
        if (how->gzip) {
            size_t n;

            err = inflate_all(file, &plain, &n);
            if (!err)
                err = read_plain(how->format, (struct rn_bytes){ plain, n },
                                 next);
        } else {
            err = read_plain(how->format, file, next);
        }
    } else {
        err =
            say("%s: the reader stopped at %s", how->format, sim_panic_text());
    }
    sim_catch(false);
    free(plain);
    plain = NULL;
    return err;
}
