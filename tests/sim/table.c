/* sim/table.c: see sim/table.h. */
#include "sim/table.h"

#include <stdio.h>
#include <string.h>

#include "sim.h"

struct table table;

static const struct rn_col all[TABLE_COLUMNS] = {
    { .name = RN_LIT("id"), .type = RN_I64 },
    { .name = RN_LIT("name"), .type = RN_TEXT, .nullable = true },
    { .name = RN_LIT("ok"), .type = RN_BOOL, .nullable = true },
    { .name = RN_LIT("n"), .type = RN_I64, .nullable = true, .bits = 32 },
    { .name = RN_LIT("x"), .type = RN_F64, .nullable = true },
    { .name = RN_LIT("f"), .type = RN_F64, .nullable = true, .bits = 32 },
    { .name = RN_LIT("price"),
      .type = RN_DECIMAL,
      .nullable = true,
      .precision = 12,
      .scale = 2 },
    { .name = RN_LIT("day"), .type = RN_DATE, .nullable = true },
    { .name = RN_LIT("at"), .type = RN_TIME, .nullable = true },
    { .name = RN_LIT("ts"),
      .type = RN_TIMESTAMP,
      .nullable = true,
      .utc = true },
    { .name = RN_LIT("local"), .type = RN_TIMESTAMP, .nullable = true },
    { .name = RN_LIT("raw"), .type = RN_BLOB, .nullable = true },
    { .name = RN_LIT("uid"), .type = RN_UUID, .nullable = true },
};

static bool has(size_t i)
{
    return i == 0 || (table.columns >> (i - 1) & 1);
}

size_t table_schema(struct rn_col col[TABLE_COLUMNS])
{
    size_t n = 0;

    for (size_t i = 0; i < TABLE_COLUMNS; i++) {
        if (has(i))
            col[n++] = all[i];
    }
    return n;
}

bool table_was(uint64_t rows)
{
    for (size_t i = 0; i < table.queries; i++) {
        if (table.seen[i] == rows)
            return true;
    }
    return false;
}

/* Text with everything that a format has to quote. */
static size_t make_text(uint64_t r, uint8_t *to)
{
    static const char *const piece[] = { "plain words ",
                                         "\"",
                                         ",",
                                         "\r\n",
                                         "\n",
                                         "a,b",
                                         "\xc3\xa9",
                                         "\\",
                                         "\xf0\x9f\x98\x80",
                                         "\xe2\x80\xa8",
                                         "\t",
                                         "null",
                                         "'",
                                         "long and longer ",
                                         " ",
                                         "{\"a\":1}" };
    size_t most = r % 16 == 0 ? table.text : table.text / 8;
    size_t n = 0, want = most > 0 ? (size_t)(r >> 8) % (most + 1) : 0;

    while (n < want) {
        const char *p = piece[(r = sim_mix(r)) % RN_COUNTOF(piece)];
        size_t len = strlen(p);

        if (n + len > TABLE_TEXT)
            break;
        memcpy(to + n, p, len);
        n += len;
    }
    return n;
}

static size_t make_decimal(uint64_t r, uint8_t *to)
{
    int64_t cents = (int64_t)(r % 20000000) - 10000000;
    uint64_t v = cents < 0 ? (uint64_t)-cents : (uint64_t)cents;

    return (size_t)snprintf((char *)to, 40, "%s%llu.%02llu",
                            cents < 0 ? "-" : "", (unsigned long long)(v / 100),
                            (unsigned long long)(v % 100));
}

static void make_cell(const struct rn_col *col, uint64_t r, struct rn_cell *c,
                      uint8_t *text)
{
    c->type = col->type;
    switch (col->type) {
    case RN_BOOL:
        c->as.i64 = r & 1;
        break;
    case RN_I64:
        c->as.i64 = (int64_t)(int32_t)(uint32_t)r;
        break;
    case RN_F64:
        c->as.f64 = (double)(int64_t)r / 4096.0;
        if (col->bits == 32)
            c->as.f64 = (double)(float)((double)(int32_t)(uint32_t)r / 64.0);
        break;
    case RN_DATE:
        c->as.i64 = (int64_t)(r % 60000) - 20000;
        break;
    case RN_TIME:
        c->as.i64 = (int64_t)(r % (UINT64_C(86400) * 1000000));
        break;
    case RN_TIMESTAMP:
        c->as.i64 = (int64_t)(r % (UINT64_C(4000000000) * 1000000)) -
                    INT64_C(1000000000000000);
        break;
    case RN_DECIMAL:
        c->as.bytes = (struct rn_bytes){ text, make_decimal(r, text) };
        break;
    case RN_TEXT:
        c->as.bytes = (struct rn_bytes){ text, make_text(r, text) };
        break;
    default: /* RN_UUID, RN_BLOB */
        c->as.bytes = (struct rn_bytes){ text, col->type == RN_UUID
                                                   ? 16
                                                   : (size_t)(r >> 40) % 40 };
        for (size_t i = 0; i < 40; i++)
            text[i] = (uint8_t)((r = r * 6364136223846793005u + 1) >> 56);
    }
}

void table_row(uint64_t id, struct table_row *row)
{
    size_t n = 0;

    for (size_t i = 0; i < TABLE_COLUMNS; i++) {
        struct rn_cell *c = &row->cell[n];
        uint64_t r;

        if (!has(i))
            continue;
        r = sim_mix(table.seed ^ sim_mix(id * 64 + i));
        if (i == 0) {
            c->type = RN_I64;
            c->as.i64 = (int64_t)id;
        } else if (r % 7 == 0) {
            c->type = RN_NULL;
        } else {
            make_cell(&all[i], sim_mix(r), c, row->text[i]);
        }
        n++;
    }
}
