/* fuzz_avro.c: rows of any columns and cells, in blocks and buffers of any
 * size, come back from a strict reader as they were; only what a type cannot
 * hold is refused.
 */
#include <math.h>
#include <string.h>

#include "avro_reader.h"
#include "compress/codec.h"
#include "encode/list.h"
#include "fuzz_rows.h"
#include "sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct memory {
    struct sink sink;
    uint8_t got[8 * INPUT + 4096];
};

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

/* Write the rows and, when all fit, read them again. */
static void check_rows(struct rn_encoder *e, struct rows *rows,
                       struct memory *m, size_t size)
{
    static uint8_t scratch[8 * INPUT + 4096];
    struct rn_row row = { rows->cell, rows->schema.n };
    struct avro_reader r;
    int err;

    sink_init(&m->sink, size, m->got, sizeof(m->got));
    err = e->cls->begin(e, &m->sink.out);
    RN_ASSERT(err == RN_OK);
    for (size_t i = 0; i < rows->n; i++, row.cell += row.n) {
        err = e->cls->row(e, &row, i + 1);
        RN_ASSERT(err == RN_OK && m->sink.out.len < size);
    }
    if (rows->bad) {
        err = e->cls->row(e, &row, rows->n + 1);
        RN_ASSERT(err == RN_E_VALUE && e->error->text[0] != '\0');
        rn_error_clear(e->error);
        RN_ASSERT(e->cls->end(e) == RN_E_VALUE);
        return;
    }
    RN_ASSERT(e->cls->end(e) == RN_OK && rn_out_flush(&m->sink.out) == RN_OK);
    avro_reader_open(&r, m->got, m->sink.n, scratch, sizeof(scratch));
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
    read_rows(&in, &rows, fits);

    rn_arena_init(&mem, "fuzz", memory, sizeof(memory));
    err = rn_encode_avro.open(&config, &rows.schema, &mem, &error, &e);
    RN_ASSERT(err == RN_OK);
    check_rows(e, &rows, &a, buffer);
    check_rows(e, &rows, &b, 256);
    RN_ASSERT(rows.bad ||
              (a.sink.n == b.sink.n && memcmp(a.got, b.got, a.sink.n) == 0));
    return 0;
}
