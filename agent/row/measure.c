/* row/measure.c: see row/measure.h. */
#include "row/measure.h"

#include <string.h>

#include "identity/hash.h"
#include "row/date.h"
#include "row/decimal.h"
#include "row/number.h"
#include "row/utf8.h"
#include "row/uuid.h"

#define DECIMAL_DIGITS 38

/* -- six digits of fraction ----------------------------------------------- */

/* The fraction that format functions leave away or shorten: "", ".123" or
 * ".123456" after `n` bytes. Returns the new length.
 */
static size_t pad_fraction(char *to, size_t n, size_t whole)
{
    if (n == whole)
        to[n++] = '.';
    while (n < whole + 7)
        to[n++] = '0';
    return n;
}

static int put_time(int64_t us, char *to)
{
    int n = rn_format_time(us, to);

    return n < 0 ? n : (int)pad_fraction(to, (size_t)n, 8);
}

static int put_stamp(int64_t us, char *to)
{
    int n = rn_format_timestamp(us, false, to);

    return n < 0 ? n : (int)pad_fraction(to, (size_t)n, 19);
}

/* -- one form ------------------------------------------------------------- */

static int bool_text(struct rn_bytes text, char *to)
{
    bool one = rn_bytes_equal(text, RN_STR("1")) ||
               rn_bytes_equal(text, RN_STR("true"));

    if (!one && !rn_bytes_equal(text, RN_STR("0")) &&
        !rn_bytes_equal(text, RN_STR("false")))
        return RN_E_VALUE;
    to[0] = one ? '1' : '0';
    return 1;
}

static int i64_text(struct rn_bytes text, char *to)
{
    int64_t v;

    if (rn_parse_i64(text, &v) < 0)
        return RN_E_VALUE;
    return (int)rn_format_i64(v, to);
}

static int f64_text(struct rn_bytes text, char *to)
{
    double v;

    if (rn_bytes_equal(text, RN_STR("Infinity")) ||
        rn_bytes_equal(text, RN_STR("-Infinity"))) {
        memcpy(to, text.p, text.n);
        return (int)text.n;
    }
    if (rn_parse_f64(text, &v) < 0)
        return RN_E_VALUE;
    /* Engines take either zero for the smallest. */
    return (int)rn_format_f64(v + 0.0, to);
}

static int date_text(struct rn_bytes text, char *to)
{
    int64_t days;

    if (rn_parse_date(text, &days) < 0)
        return RN_E_VALUE;
    return rn_format_date(days, to);
}

static int time_text(struct rn_bytes text, char *to)
{
    int64_t us;

    if (rn_parse_time(text, &us) < 0)
        return RN_E_VALUE;
    return put_time(us, to);
}

static int stamp_text(const struct rn_col *col, struct rn_bytes text, char *to)
{
    int64_t us;
    bool zoned;
    int n;

    if (rn_parse_i64(text, &us) < 0 &&
        rn_parse_timestamp(text, &us, &zoned) < 0)
        return RN_E_VALUE;
    n = put_stamp(us, to);
    if (n > 0 && col->utc)
        to[n++] = 'Z';
    return n;
}

static int text_text(struct rn_bytes text, char *to)
{
    size_t n = text.n < RN_MEASURE_BYTES ? text.n : RN_MEASURE_BYTES;
    const uint8_t *nul = n > 0 ? memchr(text.p, 0, n) : NULL;

    if (nul != NULL)
        n = (size_t)(nul - text.p);
    n = rn_utf8_good(text.p, n);
    if (n > 0)
        memcpy(to, text.p, n);
    return (int)n;
}

static int uuid_text(struct rn_bytes text, char *to)
{
    uint8_t uuid[RN_UUID_BYTES];

    if (rn_parse_uuid(text, true, uuid) < 0)
        return RN_E_VALUE;
    rn_format_uuid(uuid, to);
    return RN_UUID_TEXT;
}

static int any_text(const struct rn_col *col, struct rn_bytes text, char *to)
{
    switch (col->type) {
    case RN_BOOL:
        return bool_text(text, to);
    case RN_I64:
        return i64_text(text, to);
    case RN_F64:
        return f64_text(text, to);
    case RN_DECIMAL:
        return rn_decimal(text, DECIMAL_DIGITS, col->scale, to);
    case RN_DATE:
        return date_text(text, to);
    case RN_TIME:
        return time_text(text, to);
    case RN_TIMESTAMP:
        return stamp_text(col, text, to);
    case RN_TEXT:
        return text_text(text, to);
    case RN_UUID:
        return uuid_text(text, to);
    default:
        return RN_E_VALUE;
    }
}

static int ended(int n, char *to)
{
    to[n > 0 ? n : 0] = '\0';
    return n < 0 ? RN_E_VALUE : RN_OK;
}

int rn_measure_text(const struct rn_col *col, struct rn_bytes text,
                    char to[RN_MEASURE_TEXT])
{
    return ended(any_text(col, text, to), to);
}

int rn_measure_sum(const struct rn_col *col, struct rn_bytes text,
                   char to[RN_MEASURE_TEXT])
{
    unsigned scale = col->type == RN_DECIMAL ? col->scale : 0;

    if (col->type != RN_DECIMAL && col->type != RN_I64 && col->type != RN_BOOL)
        return ended(RN_E_VALUE, to);
    return ended(rn_decimal(text, DECIMAL_DIGITS, scale, to), to);
}

void rn_measure_digest(const struct rn_col *col,
                       const struct rn_digest_column *d,
                       struct rn_measure_column *to)
{
    struct rn_bytes min = { (const uint8_t *)d->min, d->min_len };
    struct rn_bytes max = { (const uint8_t *)d->max, d->max_len };

    memset(to, 0, sizeof *to);
    to->known = true;
    to->non_null = d->non_null;
    /* What has no such text has none here either. */
    (void)rn_measure_text(col, min, to->min);
    (void)rn_measure_text(col, max, to->max);
    (void)rn_measure_sum(col, rn_bytes_of(d->sum), to->sum);
}

/* -- hashes --------------------------------------------------------------- */

bool rn_measure_hashed(const struct rn_col *col)
{
    return col->type != RN_F64 &&
           !(col->type == RN_DECIMAL && col->scale > RN_MEASURE_HASH_SCALE);
}

/* The text's first 2,000 characters: as many lead bytes. */
static struct rn_bytes first_characters(struct rn_bytes text)
{
    size_t n = 0;

    if (text.n <= RN_MEASURE_CHARS)
        return text;
    for (size_t i = 0; i < text.n; i++) {
        if ((text.p[i] & 0xc0) != 0x80 && n++ == RN_MEASURE_CHARS)
            return (struct rn_bytes){ text.p, i };
    }
    return text;
}

static int hashed_number(const struct rn_col *col, int64_t v, char *to)
{
    int n;

    switch (col->type) {
    case RN_BOOL:
    case RN_I64:
        return (int)rn_format_i64(v, to);
    case RN_DATE:
        return rn_format_date(v, to);
    case RN_TIME:
        return put_time(v, to);
    default:
        RN_ASSERT(col->type == RN_TIMESTAMP);
        if (col->utc)
            return (int)rn_format_i64(v, to);
        n = put_stamp(v, to);
        if (n > 0)
            to[RN_DATE_TEXT] = ' ';
        return n;
    }
}

static struct rn_bytes hashed_text(const struct rn_col *col,
                                   const struct rn_cell *cell,
                                   char to[RN_MEASURE_TEXT])
{
    struct rn_bytes b;
    int n;

    switch (cell->type) {
    case RN_DECIMAL:
        return cell->as.bytes;
    case RN_TEXT:
        return first_characters(cell->as.bytes);
    case RN_BLOB:
        b = cell->as.bytes;
        b.n = b.n < RN_MEASURE_BLOB ? b.n : RN_MEASURE_BLOB;
        return b;
    case RN_UUID:
        rn_format_uuid(cell->as.bytes.p, to);
        return (struct rn_bytes){ (const uint8_t *)to, RN_UUID_TEXT };
    default:
        n = hashed_number(col, cell->as.i64, to);
        return (struct rn_bytes){ n < 0 ? NULL : (const uint8_t *)to,
                                  n < 0 ? 0 : (size_t)n };
    }
}

uint64_t rn_measure_hash(const struct rn_col *col, const struct rn_cell *cell)
{
    char to[RN_MEASURE_TEXT];
    uint8_t sum[RN_MD5];
    struct rn_bytes text;
    struct rn_md5 md5;
    uint64_t hash = 0;

    RN_ASSERT(rn_measure_hashed(col));
    if (cell->type == RN_NULL)
        return 0;
    text = hashed_text(col, cell, to);
    if (text.p == NULL && cell->type != RN_TEXT && cell->type != RN_BLOB)
        return 0;
    rn_md5_init(&md5);
    rn_md5_add(&md5, text);
    rn_md5_done(&md5, sum);
    for (int i = 0; i < 8; i++)
        hash = hash << 8 | sum[i];
    return hash;
}

void rn_measure_hash_text(uint64_t sum, char to[20])
{
    static const char digits[] = "0123456789abcdef";

    for (int i = 15; i >= 0; i--, sum >>= 4)
        to[i] = digits[sum & 15];
    to[16] = '\0';
}
