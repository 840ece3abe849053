/* fuzz_rows.h: for fuzz targets: columns and rows of any kind from the input,
 * which are the same for all formats. To be included by a target once.
 */
#ifndef TESTS_FUZZ_ROWS_H
#define TESTS_FUZZ_ROWS_H

#include <string.h>

#include "runnel/row.h"
#include "utf8_oracle.h"

#define INPUT   4096
#define COLUMNS 8
#define ROWS    64

/* What is left of the input; at its end it gives zeros. */
struct input {
    const uint8_t *p;
    size_t n;
};

static inline struct rn_bytes take(struct input *in, size_t most)
{
    struct rn_bytes b = { in->p, most < in->n ? most : in->n };

    in->p += b.n;
    in->n -= b.n;
    return b;
}

static inline unsigned byte(struct input *in)
{
    struct rn_bytes b = take(in, 1);

    return b.n ? b.p[0] : 0;
}

static inline uint64_t word(struct input *in)
{
    uint64_t v = 0;

    memcpy(&v, in->p, in->n < 8 ? in->n : 8);
    take(in, 8);
    return v;
}

static inline void read_column(struct input *in, struct rn_col *col)
{
    static const uint8_t bits[] = { 0, 8, 16, 32, 64, 0, 32, 0 };
    unsigned a = byte(in), b = byte(in), name = byte(in) % 4;

    memset(col, 0, sizeof(*col));
    col->type = (enum rn_type)(1 + a % RN_UUID);
    col->nullable = (a & 0x80) != 0;
    col->millis = (b & 1) != 0;
    col->utc = (b & 2) != 0;
    col->precision = (uint8_t)(1 + b % 38);
    col->scale = (uint8_t)(b / 7 % (col->precision + 1u));
    if (col->type == RN_I64)
        col->bits = bits[b % 8];
    if (col->type == RN_F64)
        col->bits = b & 4 ? 32 : 0;
    col->name = name == 0   ? RN_STR("a")
                : name == 1 ? RN_STR("a 2")
                : name == 2 ? RN_STR("")
                            : RN_STR("\"");
}

/* Digits as canonical text. */
static inline struct rn_bytes read_decimal(struct input *in,
                                           const struct rn_col *col, char *text)
{
    unsigned digits = byte(in) % (col->precision - col->scale + 1u);
    bool zero = digits == 0;
    size_t n = 0;

    text[n++] = '-';
    if (digits == 0)
        text[n++] = '0';
    for (unsigned i = 0; i < digits; i++)
        text[n++] = (char)((i == 0 ? '1' : '0') + (int)(byte(in) % 9));
    if (col->scale > 0)
        text[n++] = '.';
    for (unsigned i = 0; i < col->scale; i++) {
        text[n] = (char)('0' + (int)(byte(in) % 10));
        zero = zero && text[n] == '0';
        n++;
    }
    if (zero || byte(in) % 2)
        return (struct rn_bytes){ (uint8_t *)text + 1, n - 1 };
    return (struct rn_bytes){ (uint8_t *)text, n };
}

static inline void read_cell(struct input *in, const struct rn_col *col,
                             struct rn_cell *cell, char *text)
{
    unsigned kind = byte(in);
    float f;

    cell->type = kind % 8 == 0 ? RN_NULL : col->type;
    switch (cell->type) {
    case RN_NULL:
        break;
    case RN_BOOL:
        cell->as.i64 = kind / 8 % 2;
        break;
    case RN_F64:
        cell->as.i64 = (int64_t)word(in);
        f = (float)(kind / 8);
        if (kind % 8 < 4)
            cell->as.f64 = (double)f;
        break;
    case RN_DECIMAL:
        cell->as.bytes = read_decimal(in, col, text);
        break;
    case RN_TEXT:
    case RN_BLOB:
        cell->as.bytes = take(in, kind < 240 ? kind / 8 : kind * 4);
        break;
    case RN_UUID:
        memset(text, 'u', 16);
        cell->as.bytes = take(in, 16);
        if (cell->as.bytes.n < 16)
            cell->as.bytes = (struct rn_bytes){ (uint8_t *)text, 16 };
        break;
    default:
        cell->as.i64 = (int64_t)(word(in) >> kind / 8 * 2);
        if (kind % 2)
            cell->as.i64 = cell->as.i64 / 1000 * 1000;
    }
}

struct rows {
    struct rn_col col[COLUMNS];
    struct rn_schema schema;
    struct rn_cell cell[ROWS * COLUMNS];
    size_t n; /* rows that fit */
    bool bad; /* and one that doesn't */
};

/* `fits`: whether the format can hold the cell. */
static inline void read_rows(struct input *in, struct rows *rows,
                             bool (*fits)(const struct rn_col *,
                                          const struct rn_cell *))
{
    static char text[ROWS * COLUMNS][48];
    size_t cell = 0;

    rows->schema = (struct rn_schema){ rows->col, 1 + byte(in) % COLUMNS };
    for (size_t c = 0; c < rows->schema.n; c++)
        read_column(in, &rows->col[c]);
    rows->bad = false;
    for (rows->n = 0; in->n > 0 && !rows->bad && rows->n < ROWS;) {
        for (size_t c = 0; c < rows->schema.n; c++, cell++) {
            read_cell(in, &rows->col[c], &rows->cell[cell], text[cell]);
            rows->bad |= !fits(&rows->col[c], &rows->cell[cell]);
        }
        rows->n += !rows->bad;
    }
}

/* Texts are UTF-8 once they come here. */
static inline void make_texts_good(struct rows *rows)
{
    static uint8_t room[2 * INPUT];
    size_t used = 0, cells = (rows->n + rows->bad) * rows->schema.n;

    for (size_t i = 0; i < cells; i++) {
        struct rn_bytes *b = &rows->cell[i].as.bytes;

        if (rows->cell[i].type != RN_TEXT ||
            utf8_oracle_good(b->p, b->n) == b->n)
            continue;
        RN_ASSERT(b->n <= sizeof(room) - used);
        for (size_t k = 0; k < b->n; k++)
            room[used + k] = b->p[k] & 0x7f;
        b->p = room + used;
        used += b->n;
    }
}

#endif
