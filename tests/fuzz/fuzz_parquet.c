/* fuzz_parquet.c: rows of any columns and cells, whatever the job asks of the
 * file, come back from a strict reader as they were; only what a type cannot
 * hold is refused.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compress/codec.h"
#include "encode/list.h"
#include "fuzz_rows.h"
#include "lib/memory_lanes.h"
#include "parquet_reader.h"
#include "same_cell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY (24u << 20)

/* Microseconds of the years 0001 to 9999. */
#define TIME_LEAST INT64_C(-62135596800000000)
#define TIME_MOST  INT64_C(253402300799999999)

static bool integer_fits(unsigned bits, int64_t v)
{
    return bits == 0 || bits == 64 ||
           (v >= -(INT64_C(1) << (bits - 1)) && v < INT64_C(1) << (bits - 1));
}

static bool fits(const struct rn_col *col, const struct rn_cell *cell)
{
    int64_t v = cell->as.i64, unit = col->millis ? 1000 : 1;

    if (cell->type == RN_NULL)
        return col->nullable;
    switch (col->type) {
    case RN_I64:
        return integer_fits(col->bits, v);
    case RN_DATE:
        return v >= -719162 && v <= 2932896;
    case RN_TIME:
        return v >= 0 && v < 86400000000 && v % unit == 0;
    case RN_TIMESTAMP:
        return v >= TIME_LEAST && v <= TIME_MOST && v % unit == 0;
    case RN_F64:
        if (col->bits != 32 || !isfinite(cell->as.f64))
            return true;
        return fabs(cell->as.f64) < 0x1p128 &&
               (double)(float)cell->as.f64 == cell->as.f64;
    default:
        return true;
    }
}

/* What a job file can say, in small. */
static void read_options(struct input *in, struct rn_config *config)
{
    static const enum rn_compression kinds[] = { RN_COMPRESSION_NONE,
                                                 RN_COMPRESSION_SNAPPY,
                                                 RN_COMPRESSION_GZIP,
                                                 RN_COMPRESSION_ZSTD };
    unsigned a = byte(in), b = byte(in), c = byte(in);

    memset(config, 0, sizeof(*config));
    config->path = "job.ini";
    config->job.memory = (c & 1 ? 1u : 16u) << 16;
    config->file.level = 1;
    config->file.compression = kinds[a & 3];
    config->file.data_page = a & 4 ? 2 : 1;
    config->file.dictionary = (a & 8) != 0;
    config->file.page_index = (a & 16) != 0;
    config->file.integer_encoding =
        a & 32 ? RN_ENCODING_DELTA : RN_ENCODING_PLAIN;
    config->file.text_encoding =
        a & 64 ? RN_ENCODING_DELTA_LENGTH : RN_ENCODING_PLAIN;
    config->file.boolean_encoding =
        a & 128 ? RN_ENCODING_RLE : RN_ENCODING_AUTO;
    config->file.row_group_rows = b & 1 ? 1000000 : 1 + b;
    config->file.row_group_bytes = b & 2 ? 1 << 27 : 64 * (b + 1);
    config->file.page = c & 2 ? 0 : 16 * (c + 1);
    config->file.bloom_filter = "";
    config->file.bloom_bytes = 32;
}

/* Columns have different names. */
static void name_columns(struct rows *rows)
{
    static char name[COLUMNS][4];

    for (size_t c = 0; c < rows->schema.n; c++) {
        snprintf(name[c], sizeof(name[c]), "c%u", (unsigned)c);
        rows->col[c].name = rn_bytes_of(name[c]);
    }
}

/* Row after row, all of them so many times. */
static int write_rows(struct rn_encoder *e, struct rows *rows, unsigned times)
{
    uint64_t number = 0;
    int err = RN_OK;

    for (unsigned k = 0; k < times; k++) {
        struct rn_row row = { rows->cell, rows->schema.n };

        for (size_t i = 0; i < rows->n; i++, row.cell += row.n) {
            err = e->cls->row(e, &row, ++number);
            RN_ASSERT(err == RN_OK);
        }
        if (rows->bad) {
            err = e->cls->row(e, &row, ++number);
            RN_ASSERT(err == RN_E_VALUE && e->error->text[0] != '\0');
            rn_error_clear(e->error);
            break;
        }
    }
    return e->cls->end(e);
}

static void check_file(struct rn_bytes file, const struct rows *rows,
                       unsigned times)
{
    struct rn_cell cell[COLUMNS];
    struct pq_reader *r = pq_open(file);
    const struct rn_schema *s = pq_schema(r);
    uint64_t n = 0;

    RN_ASSERT(s->n == rows->schema.n);
    for (size_t c = 0; c < s->n; c++)
        RN_ASSERT(same_column(&s->col[c], &rows->col[c]));
    for (; pq_next(r, cell) > 0; n++) {
        const struct rn_cell *wanted = rows->cell + n % rows->n * s->n;

        for (size_t c = 0; c < s->n; c++)
            RN_ASSERT(same_cell(&cell[c], &wanted[c]));
    }
    if (pq_error(r) != NULL)
        fprintf(stderr, "%s\n", pq_error(r));
    RN_ASSERT(pq_error(r) == NULL && n == rows->n * times);
    pq_close(r);
}

/* The first bytes choose what the file is like; then come the columns, then
 * the cells.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t memory[MEMORY] __attribute__((aligned(16)));
    static struct rows rows;
    static struct rn_config config;
    struct input in = { data, size };
    struct rn_error error = { 0 };
    struct memory_lanes lanes;
    struct rn_encoder *e;
    struct rn_arena mem;
    unsigned times;
    int err;

    if (size < 4 || size > INPUT)
        return 0;
    read_options(&in, &config);
    times = 1 + byte(&in) % 24;
    if (config.file.compression != RN_COMPRESSION_NONE &&
        rn_codec_for(config.file.compression) == NULL)
        return 0;
    read_rows(&in, &rows, fits);
    make_texts_good(&rows);
    name_columns(&rows);
    rn_arena_init(&mem, "fuzz", memory, sizeof(memory));
    err = rn_encode_parquet.open(&config, &rows.schema, &mem, &error, &e);
    RN_ASSERT(err == RN_OK);
    RN_ASSERT(mem.used <= rn_encode_parquet.need(&config, rows.schema.n));
    memory_lanes_init(&lanes, e->cls->lanes(rows.schema.n));
    err = e->cls->begin_lanes(e, &lanes.lanes);
    RN_ASSERT(err == RN_OK);
    err = write_rows(e, &rows, times);
    RN_ASSERT(err == (rows.bad ? RN_E_VALUE : RN_OK));
    if (!rows.bad)
        check_file(memory_file(&lanes), &rows, times);
    memory_lanes_free(&lanes);
    return 0;
}
