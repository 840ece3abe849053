/* fuzz_avro.c: rows of any columns and cells, in blocks and buffers of any
 * size, come back from a strict reader as they were; only what a type cannot
 * hold is refused.
 */
#include <math.h>
#include <string.h>

#include "avro_reader.h"
#include "compress/codec.h"
#include "encode/list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT   4096
#define COLUMNS 8
#define ROWS    64

struct memory {
    struct rn_out out;
    uint8_t buf[256];
    uint8_t got[8 * INPUT + 4096];
    size_t n;
};

static int drain(struct rn_out *o)
{
    struct memory *m = (struct memory *)o;

    RN_ASSERT(o->len <= sizeof(m->got) - m->n);
    memcpy(m->got + m->n, o->buf, o->len);
    m->n += o->len;
    return RN_OK;
}

/* What is left of the input; at its end it gives zeros. */
struct input {
    const uint8_t *p;
    size_t n;
};

static struct rn_bytes take(struct input *in, size_t most)
{
    struct rn_bytes b = { in->p, most < in->n ? most : in->n };

    in->p += b.n;
    in->n -= b.n;
    return b;
}

static unsigned byte(struct input *in)
{
    struct rn_bytes b = take(in, 1);

    return b.n ? b.p[0] : 0;
}

static uint64_t word(struct input *in)
{
    uint64_t v = 0;

    memcpy(&v, in->p, in->n < 8 ? in->n : 8);
    take(in, 8);
    return v;
}

static void read_column(struct input *in, struct rn_col *col)
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
static struct rn_bytes read_decimal(struct input *in, const struct rn_col *col,
                                    char *text)
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

static void read_cell(struct input *in, const struct rn_col *col,
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

static bool fits(const struct rn_col *col, const struct rn_cell *cell)
{
    int64_t v = cell->as.i64, unit = col->millis ? 1000 : 1;

    if (cell->type == RN_NULL)
        return col->nullable;
    switch (col->type) {
    case RN_I64: /* 8 and 16 bits are up to who gives the rows */
        return col->bits == 0 || col->bits == 64 || v == (int32_t)v;
    case RN_DATE:
        return v == (int32_t)v;
    case RN_TIME:
        return v >= 0 && v < 86400000000 && v % unit == 0;
    case RN_TIMESTAMP:
        return v % unit == 0;
    case RN_F64:
        if (col->bits != 32 || !isfinite(cell->as.f64))
            return true;
        return fabs(cell->as.f64) < 0x1p128 &&
               (double)(float)cell->as.f64 == cell->as.f64;
    default:
        return true;
    }
}

struct rows {
    struct rn_col col[COLUMNS];
    struct rn_schema schema;
    struct rn_cell cell[ROWS * COLUMNS];
    size_t n; /* rows that fit */
    bool bad; /* and one that doesn't */
};

static void read_rows(struct input *in, struct rows *rows)
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

/* Write the rows and, when all fit, read them again. */
static void check_rows(struct rn_encoder *e, struct rows *rows,
                       struct memory *m, size_t size)
{
    static uint8_t scratch[8 * INPUT + 4096];
    struct rn_row row = { rows->cell, rows->schema.n };
    struct avro_reader r;
    int err;

    m->n = 0;
    rn_out_init(&m->out, m->buf, size, drain);
    err = e->cls->begin(e, &m->out);
    RN_ASSERT(err == RN_OK);
    for (size_t i = 0; i < rows->n; i++, row.cell += row.n) {
        err = e->cls->row(e, &row, i + 1);
        RN_ASSERT(err == RN_OK && m->out.len < size);
    }
    if (rows->bad) {
        err = e->cls->row(e, &row, rows->n + 1);
        RN_ASSERT(err == RN_E_VALUE && e->error->text[0] != '\0');
        rn_error_clear(e->error);
        RN_ASSERT(e->cls->end(e) == RN_E_VALUE);
        return;
    }
    RN_ASSERT(e->cls->end(e) == RN_OK && rn_out_flush(&m->out) == RN_OK);
    avro_reader_open(&r, m->got, m->n, scratch, sizeof(scratch));
    for (size_t i = 0, cell = 0; i < rows->n; i++) {
        RN_ASSERT(avro_reader_row(&r));
        for (size_t c = 0; c < rows->schema.n; c++, cell++)
            avro_reader_expect(&r, &rows->col[c], &rows->cell[cell]);
    }
    RN_ASSERT(!avro_reader_row(&r));
    RN_ASSERT(r.largest <= e->config->file.page);
}

/* The first bytes choose codec, block and buffer; then come the columns, then
 * the cells.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum rn_compression kinds[] = { RN_COMPRESSION_NONE,
                                                 RN_COMPRESSION_DEFLATE,
                                                 RN_COMPRESSION_SNAPPY };
    static uint8_t memory[1 << 18] __attribute__((aligned(16)));
    static struct memory a, b;
    static struct rows rows;
    static struct rn_config config;
    struct input in = { data, size };
    struct rn_error error = { 0 };
    struct rn_encoder *e;
    struct rn_arena mem;
    size_t buffer;
    int err;

    if (size < 3 || size > INPUT)
        return 0;
    config.path = "job.ini";
    config.job.name = "fuzz";
    config.file.record = "";
    config.file.level = 1;
    config.file.compression = kinds[byte(&in) % RN_COUNTOF(kinds)];
    config.file.page = 1 + byte(&in);
    buffer = 1 + byte(&in);
    if (config.file.compression != RN_COMPRESSION_NONE &&
        rn_codec_for(config.file.compression) == NULL)
        return 0;
    read_rows(&in, &rows);

    rn_arena_init(&mem, "fuzz", memory, sizeof(memory));
    err = rn_encode_avro.open(&config, &rows.schema, &mem, &error, &e);
    RN_ASSERT(err == RN_OK);
    check_rows(e, &rows, &a, buffer);
    check_rows(e, &rows, &b, sizeof(b.buf));
    RN_ASSERT(rows.bad || (a.n == b.n && memcmp(a.got, b.got, a.n) == 0));
    return 0;
}
