/* encode/text.c: see encode/text.h. */
#include "encode/text.h"

#include <math.h>

#include "core/base64.h"
#include "row/date.h"
#include "row/name.h"
#include "row/number.h"
#include "row/utf8.h"
#include "row/uuid.h"

static size_t put_bool(enum rn_bool_words words, bool v, char *to)
{
    switch (words) {
    case RN_BOOL_1_0:
        *to = v ? '1' : '0';
        return 1;
    case RN_BOOL_T_F:
        *to = v ? 't' : 'f';
        return 1;
    default:
        memcpy(to, v ? "true" : "false", v ? 4 : 5);
        return v ? 4 : 5;
    }
}

/* Microseconds in units of `unit` microseconds. A fraction has three or six
 * digits and is left out when it is 0, as in ISO texts.
 */
static size_t put_epoch(int64_t us, int64_t unit, char *to)
{
    uint64_t v = us < 0 ? 0 - (uint64_t)us : (uint64_t)us;
    uint64_t rest = v % (uint64_t)unit;
    int digits = unit == 1000000 ? 6 : 3;
    size_t n = 0;

    if (us < 0)
        to[n++] = '-';
    n += rn_format_u64(v / (uint64_t)unit, to + n);
    if (rest == 0)
        return n;
    if (digits == 6 && rest % 1000 == 0) {
        rest /= 1000;
        digits = 3;
    }
    to[n++] = '.';
    for (int i = digits - 1; i >= 0; i--, rest /= 10)
        to[n + (size_t)i] = (char)('0' + rest % 10);
    return n + (size_t)digits;
}

static int iso_text(const struct rn_col *col, const struct rn_cell *cell,
                    char *to)
{
    switch (cell->type) {
    case RN_DATE:
        return rn_format_date(cell->as.i64, to);
    case RN_TIME:
        return rn_format_time(cell->as.i64, to);
    default:
        return rn_format_timestamp(cell->as.i64, col->utc, to);
    }
}

/* What ISO could not show is refused here too: a column is right or wrong
 * whatever its clothes.
 */
static int epoch_text(enum rn_dates how, const struct rn_cell *cell, char *to)
{
    int64_t v = cell->as.i64;
    int64_t unit = how == RN_DATES_EPOCH_MS   ? 1000
                   : how == RN_DATES_EPOCH_US ? 1
                                              : 1000000;

    if (cell->type == RN_DATE) {
        if (v < RN_DAY_MIN || v > RN_DAY_MAX)
            return RN_E_VALUE;
        if (how == RN_DATES_EPOCH)
            return (int)rn_format_i64(v, to);
        v *= RN_US_DAY;
    } else if (cell->type == RN_TIME) {
        if (v < 0 || v >= RN_US_DAY)
            return RN_E_VALUE;
    } else if (v < RN_DAY_MIN * RN_US_DAY ||
               v >= (RN_DAY_MAX + INT64_C(1)) * RN_US_DAY) {
        return RN_E_VALUE;
    }
    return (int)put_epoch(v, unit, to);
}

int rn_value_text(const struct rn_config *config, const struct rn_col *col,
                  const struct rn_cell *cell, char *to)
{
    switch (cell->type) {
    case RN_BOOL:
        return (int)put_bool(config->file.booleans, cell->as.i64 != 0, to);
    case RN_I64:
        return (int)rn_format_i64(cell->as.i64, to);
    case RN_F64:
        return (int)rn_format_f64(cell->as.f64, to);
    case RN_DECIMAL:
        RN_ASSERT(cell->as.bytes.n > 0 && cell->as.bytes.n <= RN_VALUE_TEXT);
        memcpy(to, cell->as.bytes.p, cell->as.bytes.n);
        return (int)cell->as.bytes.n;
    case RN_UUID:
        RN_ASSERT(cell->as.bytes.n == RN_UUID_BYTES);
        rn_format_uuid(cell->as.bytes.p, to);
        return RN_UUID_TEXT;
    default:
        RN_ASSERT(cell->type == RN_DATE || cell->type == RN_TIME ||
                  cell->type == RN_TIMESTAMP);
        return config->file.dates == RN_DATES_ISO
                   ? iso_text(col, cell, to)
                   : epoch_text(config->file.dates, cell, to);
    }
}

struct rn_bytes rn_nan_text(double v)
{
    if (isnan(v))
        return RN_STR("NaN");
    if (isinf(v))
        return v > 0 ? RN_STR("Infinity") : RN_STR("-Infinity");
    return RN_STR("");
}

size_t rn_blob_text_len(size_t n, enum rn_binary how)
{
    return how == RN_BINARY_HEX ? 2 * n : RN_BASE64_LEN(n);
}

/* A byte at a time and not a digit: blobs are most of some tables' bytes. */
static const char hex_pairs[] =
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
    "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"
    "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f"
    "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
    "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
    "c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
    "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";

void rn_blob_text(struct rn_bytes blob, enum rn_binary how, char *to)
{
    if (how == RN_BINARY_BASE64) {
        rn_base64(blob.p, blob.n, to);
        return;
    }
    for (size_t i = 0; i < blob.n; i++)
        memcpy(to + 2 * i, hex_pairs + 2 * (size_t)blob.p[i], 2);
}

void rn_text_blob(struct rn_pen *p, struct rn_bytes blob, enum rn_binary how)
{
    /* Whole groups of three bytes, so that pieces make one Base64 text. */
    const size_t piece = RN_PEN_TAKE / 2 / 3 * 3;

    while (blob.n > 0) {
        struct rn_bytes part = { blob.p, blob.n < piece ? blob.n : piece };
        uint8_t *to = rn_pen_take(p);

        rn_blob_text(part, how, (char *)to);
        rn_pen_give(p, to, to + rn_blob_text_len(part.n, how));
        blob.p += part.n;
        blob.n -= part.n;
    }
}

int rn_cell_fail(struct rn_encoder *e, uint64_t number, size_t column,
                 const char *why)
{
    struct rn_bytes name = e->schema->col[column].name;

    if (e->out)
        rn_out_fail(e->out, RN_E_VALUE);
    return rn_fail(e->error, RN_E_VALUE, RN_AT_SOURCE, RN_CELL_FMT "%s",
                   RN_CELL_ARGS(number, name), why);
}

int rn_check_names(const struct rn_schema *schema, struct rn_error *error)
{
    for (size_t i = 0; i < schema->n; i++) {
        struct rn_bytes name = schema->col[i].name;

        if (rn_utf8_good(name.p, name.n) < name.n)
            return rn_fail(error, RN_E_CONFIG, RN_AT_SOURCE,
                           "column %zu: its name is not UTF-8; give it one "
                           "with AS in source.query",
                           i + 1);
    }
    return RN_OK;
}
