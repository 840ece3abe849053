/* fuzz_number.c: numbers, decimals, dates and UUIDs: what is written is read as
 * the same, and what is read is what libc makes of it, if it is no error.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "decimal_text.h"
#include "row/date.h"
#include "row/decimal.h"
#include "row/number.h"
#include "row/uuid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT 400

static struct rn_bytes slice(const char *p, size_t n)
{
    return (struct rn_bytes){ (const uint8_t *)p, n };
}

static void write_double(double v)
{
    char text[RN_F64_TEXT + 1];
    size_t n;
    double got;

    if (!isfinite(v))
        return;
    n = rn_format_f64(v, text);
    RN_ASSERT(n <= RN_F64_TEXT);
    text[n] = '\0';
    got = strtod(text, NULL);
    RN_ASSERT(memcmp(&got, &v, sizeof(v)) == 0);
    RN_ASSERT(rn_parse_f64(slice(text, n), &got) == RN_OK);
    RN_ASSERT(memcmp(&got, &v, sizeof(v)) == 0);
}

static void write_integer(int64_t v)
{
    char text[RN_I64_TEXT + 1];
    size_t n = rn_format_i64(v, text);
    int64_t got;

    RN_ASSERT(n <= RN_I64_TEXT);
    text[n] = '\0';
    RN_ASSERT(strtoll(text, NULL, 10) == v);
    RN_ASSERT(rn_parse_i64(slice(text, n), &got) == RN_OK && got == v);
}

static void write_times(int64_t v)
{
    char text[RN_TIMESTAMP_TEXT];
    int64_t got, day = v % (2 * RN_DAY_MAX);
    bool zoned;
    int n = rn_format_timestamp(v, v & 1, text);

    if (n > 0) {
        RN_ASSERT(rn_parse_timestamp(slice(text, (size_t)n), &got, &zoned) ==
                  RN_OK);
        RN_ASSERT(got == v && zoned == ((v & 1) != 0));
    }
    n = rn_format_date(day, text);
    RN_ASSERT((n < 0) == (day < RN_DAY_MIN || day > RN_DAY_MAX));
    if (n > 0)
        RN_ASSERT(rn_parse_date(slice(text, (size_t)n), &got) == RN_OK &&
                  got == day);
    v = (int64_t)((uint64_t)v % (uint64_t)RN_US_DAY);
    n = rn_format_time(v, text);
    RN_ASSERT(n > 0 && rn_parse_time(slice(text, (size_t)n), &got) == RN_OK &&
              got == v);
}

static void read_numbers(struct rn_bytes b)
{
    char copy[INPUT + 1], *end;
    int64_t i;
    double v, wanted;

    memcpy(copy, b.p, b.n);
    copy[b.n] = '\0';
    if (rn_parse_i64(b, &i) == RN_OK) {
        RN_ASSERT(strtoll(copy, &end, 10) == i && end == copy + b.n);
        write_integer(i);
    }
    if (rn_parse_f64(b, &v) == RN_OK) {
        wanted = strtod(copy, &end);
        RN_ASSERT(end == copy + b.n && isfinite(v));
        RN_ASSERT(memcmp(&v, &wanted, sizeof(v)) == 0);
    }
}

static void read_times(struct rn_bytes b)
{
    char text[RN_TIMESTAMP_TEXT];
    int64_t v;
    bool zoned;

    if (rn_parse_timestamp(b, &v, &zoned) == RN_OK)
        write_times(v);
    if (rn_parse_time(b, &v) == RN_OK)
        RN_ASSERT(v >= 0 && v < RN_US_DAY && rn_format_time(v, text) > 0);
    if (rn_parse_date(b, &v) == RN_OK)
        RN_ASSERT(rn_format_date(v, text) == (int)b.n &&
                  memcmp(text, b.p, b.n) == 0);
}

/* Canonical text is its own canonical text, and what columns make of it. */
static void read_decimal(struct rn_bytes b, unsigned precision, unsigned scale)
{
    char text[RN_DECIMAL_TEXT], again[RN_DECIMAL_TEXT], room[DECIMAL_TEXT];
    int n = rn_decimal(b, precision, scale, text);
    uint8_t big[16];
    struct rn_wide w;
    double v, wanted;

    RN_ASSERT(n == RN_E_VALUE || (n > 0 && n <= RN_DECIMAL_TEXT));
    if (n < 0)
        return;
    RN_ASSERT(rn_decimal(slice(text, (size_t)n), precision, scale, again) == n);
    RN_ASSERT(memcmp(text, again, (size_t)n) == 0);
    w = rn_decimal_unscaled(slice(text, (size_t)n));
    for (int i = 0; i < 16; i++)
        big[i] = (uint8_t)((i < 8 ? w.hi : w.lo) >> (56 - 8 * (i % 8)));
    RN_ASSERT(
        rn_bytes_equal(decimal_text((struct rn_bytes){ big, 16 }, scale, room),
                       slice(text, (size_t)n)));
    if (rn_parse_f64(b, &v) == RN_OK &&
        rn_parse_f64(slice(text, (size_t)n), &wanted) == RN_OK)
        RN_ASSERT(v == wanted);
}

static void uuids(struct rn_bytes b)
{
    uint8_t id[RN_UUID_BYTES], again[RN_UUID_BYTES];
    char text[RN_UUID_TEXT];

    for (int loose = 0; loose < 2; loose++) {
        if (rn_parse_uuid(b, loose, id) != RN_OK)
            continue;
        rn_format_uuid(id, text);
        RN_ASSERT(rn_parse_uuid(slice(text, sizeof(text)), false, again) ==
                  RN_OK);
        RN_ASSERT(memcmp(id, again, sizeof(id)) == 0);
    }
}

/* Eight bytes as a number, and all but the first two as text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rn_bytes text = { data + 2, size - 2 };
    unsigned precision, scale;
    int64_t i;
    double v;

    if (size < 10 || size > INPUT)
        return 0;
    memcpy(&i, data + 2, sizeof(i));
    memcpy(&v, data + 2, sizeof(v));
    write_double(v);
    write_integer(i);
    write_times(i);
    write_times(i / 1000000);
    precision = 1 + data[0] % RN_DECIMAL_DIGITS;
    scale = data[1] % (precision + 1);
    if (memchr(text.p, 0, text.n) == NULL)
        read_numbers(text);
    read_times(text);
    read_decimal(text, precision, scale);
    uuids(text);
    return 0;
}
