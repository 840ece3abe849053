/* fuzz_json.c: rows of any columns and cells, in either shape and buffers of
 * any size, are JSON to a strict reader and come back as they were; only what
 * the format has no words for is refused.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "encode/list.h"
#include "fuzz_rows.h"
#include "json_oracle.h"
#include "runnel/encoder.h"
#include "sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILE_MOST (1u << 18)

/* Microseconds of the years 0001 to 9999. */
#define TIME_LEAST INT64_C(-62135596800000000)
#define TIME_MOST  INT64_C(253402300799999999)

struct memory {
    struct sink sink;
    uint8_t got[FILE_MOST];
};

static struct rn_config config;

static bool fits(const struct rn_col *col, const struct rn_cell *cell)
{
    int64_t v = cell->as.i64;

    (void)col;
    switch (cell->type) {
    case RN_F64:
        return isfinite(cell->as.f64) || config.file.nan != RN_NAN_ERROR;
    case RN_DATE:
        return v >= -719162 && v <= 2932896;
    case RN_TIME:
        return v >= 0 && v < 86400000000;
    case RN_TIMESTAMP:
        return v >= TIME_LEAST && v <= TIME_MOST;
    default:
        return true;
    }
}

static void name_columns(struct rows *rows, unsigned from)
{
    static const char *const names[COLUMNS] = {
        "a",
        "",
        "\"q\"",
        "\xc3\xa4",
        "\n",
        "\\",
        "a b",
        "a name that is longer than the memory in which names wait for a row"
    };

    for (size_t c = 0; c < rows->schema.n; c++)
        rows->col[c].name = rn_bytes_of(names[(from + c) % COLUMNS]);
}

/* ---------------------------------------------------------- as it must be */

static size_t clock_of(int64_t us, char *to)
{
    int64_t s = us / 1000000, rest = us % 1000000;
    int n = sprintf(to, "%02d:%02d:%02d", (int)(s / 3600), (int)(s / 60 % 60),
                    (int)(s % 60));

    if (rest % 1000 != 0)
        n += sprintf(to + n, ".%06d", (int)rest);
    else if (rest != 0)
        n += sprintf(to + n, ".%03d", (int)(rest / 1000));
    return (size_t)n;
}

static size_t day_of(int64_t days, char *to)
{
    time_t t = (time_t)(days * 86400);
    struct tm tm;

    RN_ASSERT(gmtime_r(&t, &tm) != NULL);
    return (size_t)sprintf(to, "%04d-%02d-%02d", tm.tm_year + 1900,
                           tm.tm_mon + 1, tm.tm_mday);
}

static void iso_of(const struct rn_col *col, const struct rn_cell *cell,
                   char *to)
{
    const int64_t day = 86400000000;
    int64_t v = cell->as.i64, days = v / day - (v % day < 0);

    if (cell->type == RN_DATE) {
        day_of(v, to);
    } else if (cell->type == RN_TIME) {
        clock_of(v, to);
    } else {
        to += day_of(days, to);
        *to++ = 'T';
        to += clock_of(v - days * day, to);
        strcpy(to, col->utc ? "Z" : "");
    }
}

/* Seconds, milli- or microseconds; a date in seconds is in days. */
static void epoch_of(const struct rn_cell *cell, char *to)
{
    int64_t unit = config.file.dates == RN_DATES_EPOCH      ? 1000000
                   : config.file.dates == RN_DATES_EPOCH_MS ? 1000
                                                            : 1;
    int64_t v = cell->as.i64, rest;

    if (cell->type == RN_DATE && unit == 1000000) {
        sprintf(to, "%lld", (long long)v);
        return;
    }
    if (cell->type == RN_DATE)
        v *= 86400000000;
    if (v < 0)
        *to++ = '-';
    v = v < 0 ? -v : v;
    rest = v % unit;
    to += sprintf(to, "%lld", (long long)(v / unit));
    if (rest == 0)
        return;
    if (unit == 1000000 && rest % 1000 != 0)
        sprintf(to, ".%06d", (int)rest);
    else
        sprintf(to, ".%03d", (int)(unit == 1000 ? rest : rest / 1000));
}

static void want_text(struct json_in *in, struct rn_bytes wanted)
{
    static uint8_t text[FILE_MOST];
    size_t n;

    RN_ASSERT(json_string(in, text, &n));
    RN_ASSERT(rn_bytes_equal((struct rn_bytes){ text, n }, wanted));
}

static void want_number(struct json_in *in, const char *wanted)
{
    struct rn_bytes text;

    RN_ASSERT(json_number(in, &text));
    RN_ASSERT(rn_bytes_equal(text, rn_bytes_of(wanted)));
}

static void want_double(struct json_in *in, double v)
{
    struct rn_bytes text;
    char copy[64];
    double got;

    if (!isfinite(v) && config.file.nan == RN_NAN_NULL) {
        RN_ASSERT(json_word(in, "null"));
        return;
    }
    if (!isfinite(v)) {
        want_text(in, rn_bytes_of(isnan(v) ? "NaN"
                                  : v > 0  ? "Infinity"
                                           : "-Infinity"));
        return;
    }
    RN_ASSERT(json_number(in, &text) && text.n < sizeof(copy));
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    got = strtod(copy, NULL);
    RN_ASSERT(memcmp(&got, &v, sizeof(v)) == 0);
}

static void want_blob(struct json_in *in, struct rn_bytes b)
{
    static const char digit[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static const char hex[] = "0123456789abcdef";

    RN_ASSERT(json_byte(in, '"'));
    if (config.file.binary == RN_BINARY_HEX) {
        for (size_t i = 0; i < b.n; i++)
            RN_ASSERT(json_byte(in, (uint8_t)hex[b.p[i] >> 4]) &&
                      json_byte(in, (uint8_t)hex[b.p[i] & 15]));
    } else {
        for (size_t bit = 0; bit < (b.n + 2) / 3 * 24; bit += 6) {
            unsigned v = 0;

            for (size_t k = bit; k < bit + 6; k++)
                v = v << 1 |
                    (k / 8 < b.n ? b.p[k / 8] >> (7 - k % 8) & 1u : 0u);
            RN_ASSERT(json_byte(in, bit / 8 < b.n ? (uint8_t)digit[v]
                                                  : (uint8_t)'='));
        }
    }
    RN_ASSERT(json_byte(in, '"'));
}

static void want_uuid(struct json_in *in, const uint8_t *p)
{
    char text[40], *to = text;

    for (int i = 0; i < 16; i++)
        to += sprintf(to, "%s%02x",
                      i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", p[i]);
    want_text(in, rn_bytes_of(text));
}

static void want_cell(struct json_in *in, const struct rn_col *col,
                      const struct rn_cell *cell)
{
    char text[64];

    switch (cell->type) {
    case RN_NULL:
        RN_ASSERT(json_word(in, "null"));
        return;
    case RN_BOOL:
        RN_ASSERT(json_word(in, cell->as.i64 ? "true" : "false"));
        return;
    case RN_I64:
        sprintf(text, "%lld", (long long)cell->as.i64);
        want_number(in, text);
        return;
    case RN_F64:
        want_double(in, cell->as.f64);
        return;
    case RN_DECIMAL:
        memcpy(text, cell->as.bytes.p, cell->as.bytes.n);
        text[cell->as.bytes.n] = '\0';
        want_number(in, text);
        return;
    case RN_TEXT:
        want_text(in, cell->as.bytes);
        return;
    case RN_BLOB:
        want_blob(in, cell->as.bytes);
        return;
    case RN_UUID:
        want_uuid(in, cell->as.bytes.p);
        return;
    default:
        if (config.file.dates == RN_DATES_ISO) {
            iso_of(col, cell, text);
            want_text(in, rn_bytes_of(text));
        } else {
            epoch_of(cell, text);
            want_number(in, text);
        }
    }
}

static void want_row(struct json_in *in, const struct rows *rows, size_t row)
{
    const struct rn_cell *cell = rows->cell + row * rows->schema.n;
    char number[24];

    RN_ASSERT(json_byte(in, '{'));
    if (config.file.row_number[0] != '\0') {
        want_text(in, rn_bytes_of(config.file.row_number));
        RN_ASSERT(json_byte(in, ':'));
        sprintf(number, "%zu", row + 1);
        want_number(in, number);
        RN_ASSERT(json_byte(in, ','));
    }
    for (size_t c = 0; c < rows->schema.n; c++) {
        RN_ASSERT(c == 0 || json_byte(in, ','));
        want_text(in, rows->col[c].name);
        RN_ASSERT(json_byte(in, ':'));
        want_cell(in, &rows->col[c], &cell[c]);
    }
    RN_ASSERT(json_byte(in, '}'));
}

static void want_file(const struct memory *m, const struct rows *rows)
{
    struct json_in in = { m->got, m->got + m->sink.n };
    bool array = config.file.shape == RN_SHAPE_ARRAY;

    RN_ASSERT(!array || json_byte(&in, '['));
    for (size_t i = 0; i < rows->n; i++) {
        if (array)
            json_blanks(&in);
        want_row(&in, rows, i);
        if (array && i + 1 < rows->n)
            RN_ASSERT(json_byte(&in, ','));
        else if (!array)
            RN_ASSERT(json_byte(&in, '\n'));
    }
    if (array) {
        json_blanks(&in);
        RN_ASSERT(json_byte(&in, ']'));
        json_blanks(&in);
    }
    RN_ASSERT(in.p == in.end);
}

static void check_rows(struct rn_encoder *e, struct rows *rows,
                       struct memory *m, size_t size)
{
    struct rn_row row = { rows->cell, rows->schema.n };

    sink_init(&m->sink, size, m->got, sizeof(m->got));
    RN_ASSERT(e->cls->begin(e, &m->sink.out) == RN_OK);
    for (size_t i = 0; i < rows->n; i++, row.cell += row.n)
        RN_ASSERT(e->cls->row(e, &row, i + 1) == RN_OK &&
                  m->sink.out.len < size);
    if (rows->bad) {
        RN_ASSERT(e->cls->row(e, &row, rows->n + 1) == RN_E_VALUE);
        RN_ASSERT(e->error->text[0] != '\0');
        rn_error_clear(e->error);
        RN_ASSERT(e->cls->end(e) == RN_E_VALUE);
        return;
    }
    RN_ASSERT(e->cls->end(e) == RN_OK && rn_out_flush(&m->sink.out) == RN_OK);
    want_file(m, rows);
}

/* The first bytes choose options and buffer; then come the columns, then the
 * cells.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t memory[1 << 14] __attribute__((aligned(16)));
    static struct memory a, b;
    static struct rows rows;
    struct input in = { data, size };
    struct rn_error error = { 0 };
    struct rn_encoder *e;
    struct rn_arena mem;
    unsigned how, names;
    size_t buffer;
    int err;

    if (size < 4 || size > INPUT)
        return 0;
    how = byte(&in);
    names = byte(&in);
    buffer = 1 + byte(&in);
    config.path = "job.ini";
    config.file.dates = (enum rn_dates)(how & 3);
    config.file.nan = (enum rn_nan)((how >> 2 & 3) % 3);
    config.file.binary = how & 16 ? RN_BINARY_HEX : RN_BINARY_BASE64;
    config.file.shape = how & 32 ? RN_SHAPE_ARRAY : RN_SHAPE_LINES;
    config.file.row_number = how & 64 ? "n\xc2\xb0" : "";
    read_rows(&in, &rows, fits);
    make_texts_good(&rows);
    name_columns(&rows, names);
    rn_arena_init(&mem, "fuzz", memory,
                  rn_encode_json.need(&config, rows.schema.n));
    err = rn_encode_json.open(&config, &rows.schema, &mem, &error, &e);
    RN_ASSERT(err == RN_OK);
    check_rows(e, &rows, &a, buffer);
    check_rows(e, &rows, &b, 256);
    RN_ASSERT(rows.bad ||
              (a.sink.n == b.sink.n && memcmp(a.got, b.got, a.sink.n) == 0));
    return 0;
}
