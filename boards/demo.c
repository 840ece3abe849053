/* boards/demo.c: see boards/demo.h. */
#include "boards/demo.h"

#include <string.h>

enum {
    ID,
    AT,
    METER,
    VALUE,
    TOTAL,
    OK,
    DAY,
    NOTE,
    TINY,
    SHORT,
    COUNT,
    RATIO,
    CLOCK,
    LOCAL,
    KEY,
    DATA,
    DOC,
    BIG,
    RARE,
    SAME
};

const struct rn_col demo_columns[DEMO_COLUMNS] = {
    [ID] = { .name = RN_LIT("id"), .type = RN_I64 },
    [AT] = { .name = RN_LIT("at"), .type = RN_TIMESTAMP, .utc = true },
    [METER] = { .name = RN_LIT("meter"), .type = RN_TEXT },
    [VALUE] = { .name = RN_LIT("value"), .type = RN_F64, .nullable = true },
    [TOTAL] = { .name = RN_LIT("total"),
                .type = RN_DECIMAL,
                .precision = 12,
                .scale = 2 },
    [OK] = { .name = RN_LIT("ok"), .type = RN_BOOL },
    [DAY] = { .name = RN_LIT("day"), .type = RN_DATE },
    [NOTE] = { .name = RN_LIT("note"), .type = RN_TEXT, .nullable = true },
    [TINY] = { .name = RN_LIT("tiny"), .type = RN_I64, .bits = 8 },
    [SHORT] = { .name = RN_LIT("short"), .type = RN_I64, .bits = 16 },
    [COUNT] = { .name = RN_LIT("count"), .type = RN_I64, .bits = 32 },
    [RATIO] = { .name = RN_LIT("ratio"), .type = RN_F64, .bits = 32 },
    [CLOCK] = { .name = RN_LIT("clock"), .type = RN_TIME },
    [LOCAL] = { .name = RN_LIT("local"), .type = RN_TIMESTAMP },
    [KEY] = { .name = RN_LIT("key"), .type = RN_UUID },
    [DATA] = { .name = RN_LIT("data"), .type = RN_BLOB, .nullable = true },
    [DOC] = { .name = RN_LIT("doc"), .type = RN_TEXT, .json = true },
    [BIG] = { .name = RN_LIT("big"), .type = RN_DECIMAL, .precision = 30 },
    [RARE] = { .name = RN_LIT("rare"), .type = RN_TEXT, .nullable = true },
    [SAME] = { .name = RN_LIT("same"), .type = RN_I64 },
};

static const char *const notes[] = {
    "plain",
    "comma, and \"quote\"",
    "two\nlines",
    "",
    "Gr\xc3\xbc\xc3\x9f"
    "e, \xe4\xb8\x96\xe7\x95\x8c",
    " blanks ",
    "semi;colon",
};

/* 2026-01-01 */
#define BEGIN_DAY 20454
#define BEGIN_US  (INT64_C(1000000) * 86400 * BEGIN_DAY)

/* Knuth's multiplier: numbers without an order to see. */
static uint32_t mixed(uint32_t i)
{
    return i * 2654435761u;
}

/* Text built from the front; a row holds three of them at a time. */
struct text {
    char p[64];
    size_t n;
};

static void add_text(struct text *t, const char *s)
{
    size_t n = strlen(s);
    memcpy(t->p + t->n, s, n + 1);
    t->n += n;
}

static void add_number(struct text *t, uint32_t value, unsigned digits)
{
    char d[12];
    size_t at = sizeof d - 1;
    d[at] = 0;
    do {
        d[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0 || sizeof d - 1 - at < digits);
    add_text(t, d + at);
}

static void put_first(struct rn_runnel *r, uint32_t i, uint32_t x,
                      struct text *meter, struct text *total)
{
    const char *note = notes[x % RN_COUNTOF(notes)];
    uint32_t cents = (x >> 3) % 10000000;

    add_text(meter, "meter-");
    add_number(meter, x % 50, 1);
    if ((x & 1) != 0 && cents > 0)
        add_text(total, "-");
    add_number(total, cents / 100, 1);
    add_text(total, ".");
    add_number(total, cents % 100, 2);
    (void)rn_put_i64(r, ID, i);
    (void)rn_put_timestamp(r, AT,
                           BEGIN_US + (int64_t)i * 60000000 + x % 1000000);
    (void)rn_put_text(r, METER, meter->p, meter->n);
    if (i % 10 == 0)
        (void)rn_put_null(r, VALUE);
    else
        (void)rn_put_f64(r, VALUE, (double)(x % 100000) / 16 - 1000);
    (void)rn_put_decimal(r, TOTAL, total->p);
    (void)rn_put_bool(r, OK, (x & 2) != 0);
    (void)rn_put_date(r, DAY, BEGIN_DAY + (int32_t)(i % 400));
    if (i % 7 == 0)
        (void)rn_put_null(r, NOTE);
    else
        (void)rn_put_text(r, NOTE, note, strlen(note));
}

static void put_numbers(struct rn_runnel *r, uint32_t i, uint32_t x)
{
    (void)rn_put_i64(r, TINY, (int32_t)(x % 256) - 128);
    (void)rn_put_i64(r, SHORT, (int32_t)(x % 65536) - 32768);
    (void)rn_put_i64(r, COUNT, (int64_t)x - INT64_C(2147483648));
    (void)rn_put_f64(r, RATIO, (double)(x % 2000) / 8);
    (void)rn_put_time(r, CLOCK, (int64_t)(x % 86400) * 1000000 + i % 1000000);
    (void)rn_put_timestamp(r, LOCAL, BEGIN_US - (int64_t)i * 1000001);
    (void)rn_put_i64(r, SAME, 42);
}

/* The same sixteen bytes for the key and, cut, for the data. */
static void put_bytes(struct rn_runnel *r, uint32_t i, uint32_t x,
                      uint8_t bytes[16])
{
    for (unsigned k = 0; k < 16; k++)
        bytes[k] = (uint8_t)((k < 8 ? x : i) >> (8 * (k % 4)));
    (void)rn_put_uuid(r, KEY, bytes);
    if (i % 16 == 15)
        (void)rn_put_null(r, DATA);
    else
        (void)rn_put_blob(r, DATA, bytes, i % 16);
}

int demo_row(struct rn_runnel *r, uint32_t i, size_t columns)
{
    struct text meter = { .n = 0 }, total = { .n = 0 }, doc = { .n = 0 },
                big = { .n = 0 };
    uint8_t bytes[16];
    uint32_t x = mixed(i);

    put_first(r, i, x, &meter, &total);
    if (columns > TINY) {
        put_numbers(r, i, x);
        put_bytes(r, i, x, bytes);
        add_text(&doc, "{\"i\":");
        add_number(&doc, i, 1);
        add_text(&doc, ",\"x\":[");
        add_number(&doc, x, 1);
        add_text(&doc, "]}");
        (void)rn_put_text(r, DOC, doc.p, doc.n);
        add_number(&big, i, 1);
        add_number(&big, x, 10);
        add_text(&big, "0000000000");
        (void)rn_put_decimal(r, BIG, big.p);
        if (i % 100 == 0)
            (void)rn_put_text(r, RARE, "once in a hundred", 17);
        else
            (void)rn_put_null(r, RARE);
    }
    return rn_end_row(r);
}
