/* test_avro.c: rows in Avro files come back as they were, whatever their size
 * and whatever carries the file away.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "avro_kit.h"
#include "compress/codec.h"
#include "fewer.h"

#define COLUMNS 1600

/* --------------------------------------------------------- random files */

static uint8_t first[AVRO_FILE_MAX];
static uint64_t seed = 1;

static uint64_t chance(uint64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (seed * UINT64_C(2685821657736338717) >> 11) % n;
}

static size_t below(size_t n)
{
    return (size_t)chance(n);
}

static void random_column(struct rn_col *col)
{
    static const uint8_t bits[] = { 0, 8, 16, 32, 64 };

    memset(col, 0, sizeof(*col));
    col->name = RN_STR("c");
    col->type = (enum rn_type)(1 + chance(RN_UUID));
    col->nullable = chance(2) > 0;
    col->utc = chance(2) > 0;
    col->millis = chance(2) > 0;
    if (col->type == RN_I64)
        col->bits = bits[chance(5)];
    if (col->type == RN_F64)
        col->bits = chance(2) ? 32 : 64;
    col->precision = (uint8_t)(1 + chance(38));
    col->scale = (uint8_t)chance(col->precision + 1u);
}

/* Any digits; canonical: nothing before the point but a zero, or no zero. */
static struct rn_bytes random_decimal(const struct rn_col *col, char *to)
{
    size_t whole = below(col->precision - col->scale + 1u), n = 0;
    bool zero = true;

    to[n++] = '-';
    for (size_t i = 0; i < whole; i++)
        to[n++] = (char)('0' + (i == 0) + (int)chance(i == 0 ? 9 : 10));
    zero = whole == 0;
    if (whole == 0)
        to[n++] = '0';
    if (col->scale > 0)
        to[n++] = '.';
    for (size_t i = 0; i < col->scale; i++) {
        to[n] = (char)('0' + (int)chance(chance(2) ? 10 : 1));
        zero = zero && to[n] == '0';
        n++;
    }
    if (zero || chance(2))
        return (struct rn_bytes){ (uint8_t *)to + 1, n - 1 };
    return (struct rn_bytes){ (uint8_t *)to, n };
}

static int64_t random_i64(unsigned bits)
{
    uint64_t v = chance(UINT64_MAX) >> chance(64);
    int64_t most = bits == 0 ? INT64_MAX : (INT64_C(1) << (bits - 1)) - 1;

    return (int64_t)(v & (uint64_t)most) * (chance(2) ? 1 : -1);
}

static void random_cell(const struct rn_col *col, struct rn_cell *cell,
                        char *text)
{
    static uint8_t stuff[20000];
    int64_t unit = col->millis ? 1000 : 1;

    cell->type = col->nullable && chance(4) == 0 ? RN_NULL : col->type;
    stuff[chance(sizeof(stuff))] = (uint8_t)chance(256);
    switch (cell->type) {
    case RN_NULL:
        break;
    case RN_BOOL:
        cell->as.i64 = (int64_t)chance(2);
        break;
    case RN_I64:
        cell->as.i64 = random_i64(col->bits == 64 ? 0 : col->bits);
        break;
    case RN_F64:
        cell->as.f64 = (double)(float)random_i64(0) / 1024;
        break;
    case RN_DECIMAL:
        cell->as.bytes = random_decimal(col, text);
        break;
    case RN_DATE:
        cell->as.i64 = random_i64(32);
        break;
    case RN_TIME:
        cell->as.i64 = (int64_t)chance(86400000000) / unit * unit;
        break;
    case RN_TIMESTAMP:
        cell->as.i64 = random_i64(0) / unit * unit;
        break;
    case RN_UUID:
        cell->as.bytes = (struct rn_bytes){ stuff + chance(19000), 16 };
        break;
    default:
        cell->as.bytes.p = stuff + chance(10000);
        cell->as.bytes.n = below(10) ? below(40) : below(10000);
    }
}

static void random_rows_come_back_from_any_buffer(void **state)
{
    static const enum rn_compression kinds[] = { RN_COMPRESSION_NONE,
                                                 RN_COMPRESSION_DEFLATE,
                                                 RN_COMPRESSION_SNAPPY };
    static struct rn_cell cells[40 * 30];
    static char text[40 * 30][48];
    struct rn_col columns[30];
    size_t alone = 0, several = 0;

    (void)state;
    for (int i = 0; i < 600 / fewer_by(); i++) {
        struct rn_schema schema = { columns, 1 + below(30) };
        size_t rows = below(41), cell = 0, n;
        struct avro_reader r;

        config.file.page = chance(3) == 0 ? 0 : 1 + chance(5000);
        config.file.compression = kinds[chance(3)];
        if (config.file.compression != RN_COMPRESSION_NONE &&
            rn_codec_for(config.file.compression) == NULL)
            continue;
        for (size_t c = 0; c < schema.n; c++)
            random_column(&columns[c]);
        for (size_t row = 0; row < rows; row++)
            for (size_t c = 0; c < schema.n; c++, cell++)
                random_cell(&columns[c], &cells[cell], text[cell]);
        if (open_encoder(&schema) < 0 || write_file(cells, rows, 70000) < 0)
            fail_msg("%d: %s", i, error.text);
        n = sink.n;
        check_file(cells, rows, &r);
        memcpy(first, got, n);
        if (config.file.page > 0)
            assert_true(r.largest <= config.file.page);
        alone += r.blocks;
        several += r.largest > 0;
        for (size_t size = 1; size < 2000; size += 1 + below(900)) {
            assert_int_equal(write_file(cells, rows, size), RN_OK);
            check_file(cells, rows, &r);
            assert_int_equal(sink.n, n);
            assert_memory_equal(got, first, n);
        }
    }
    /* The loop was worth its time. */
    assert_true(several > 100 / (size_t)fewer_by() &&
                alone > 1000 / (size_t)fewer_by());
}

/* ----------------------------------------------------------------- blocks */

static const struct rn_col several[] = {
    COL("a", RN_TEXT, .nullable = true),
    COL("n", RN_I64, ),
    COL("b", RN_BLOB, ),
    COL("u", RN_UUID, .nullable = true),
};
static const struct rn_schema of_several = { several, 4 };

static void a_file_without_rows_is_a_header(void **state)
{
    struct avro_reader r;

    (void)state;
    assert_int_equal(open_encoder(&of_several), RN_OK);
    for (size_t size = 1; size < 3000; size += 97) {
        assert_int_equal(write_file(NULL, 0, size), RN_OK);
        check_file(NULL, 0, &r);
        assert_int_equal(r.blocks, 0);
    }
}

static void blocks_are_filled_to_their_bound(void **state)
{
    static const struct rn_col col = COL("t", RN_TEXT, );
    static const struct rn_schema schema = { &col, 1 };
    static struct rn_cell cells[1000];
    static char text[64];
    struct avro_reader r;

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        cells[i] = (struct rn_cell)CELL_TEXT("");
        cells[i].as.bytes = (struct rn_bytes){ (uint8_t *)text, 49 };
    }
    config.file.page = 500; /* 10 rows of 50 bytes, and not one more */
    assert_int_equal(open_encoder(&schema), RN_OK);
    assert_int_equal(write_file(cells, 1000, 1000), RN_OK);
    check_file(cells, 1000, &r);
    assert_int_equal(r.blocks, 100);
    assert_int_equal(r.largest, 500);
    config.file.page = 499;
    assert_int_equal(open_encoder(&schema), RN_OK);
    assert_int_equal(write_file(cells, 1000, 1000), RN_OK);
    check_file(cells, 1000, &r);
    assert_int_equal(r.blocks, 112);
    assert_int_equal(r.largest, 450);
}

/* Rows around and far beyond a block, before and after small ones. */
static void a_row_of_any_size_comes_back(void **state)
{
    static uint8_t text[1000000];
    static const size_t at[] = { 0,    1,    900,  960,   990,   995,
                                 1000, 1001, 1500, 10000, 300000 };
    static const enum rn_compression kinds[] = { RN_COMPRESSION_NONE,
                                                 RN_COMPRESSION_DEFLATE,
                                                 RN_COMPRESSION_SNAPPY };
    struct rn_cell cells[3 * 4] = {
        CELL_TEXT("small"), CELL_I64(1), CELL_BYTES(RN_BLOB, "x"), CELL_NULL,
        CELL_TEXT(""),      CELL_I64(2), CELL_BYTES(RN_BLOB, ""),  CELL_UUID,
        CELL_NULL,          CELL_I64(3), CELL_BYTES(RN_BLOB, ""),  CELL_UUID,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (uint8_t)(i % 3 ? chance(256) : i >> 8);
    config.file.page = 1000;
    for (size_t k = 0; k < RN_COUNTOF(kinds); k++) {
        config.file.compression = kinds[k];
        if (k > 0 && rn_codec_for(kinds[k]) == NULL)
            continue;
        assert_int_equal(open_encoder(&of_several), RN_OK);
        for (size_t i = 0; i < RN_COUNTOF(at); i++) {
            for (size_t more = 0; more < 12; more++) {
                cells[4].as.bytes = (struct rn_bytes){ text, at[i] + more };
                cells[6].as.bytes = (struct rn_bytes){ text + 5, at[i] / 2 };
                round_trip(cells, 3, 1 + below(5000));
            }
        }
    }
}

static void round_trip_of_1600_columns(bool texts)
{
    static struct rn_col columns[COLUMNS];
    static struct rn_cell cells[COLUMNS * 2];
    static const struct rn_schema schema = { columns, COLUMNS };
    static const struct rn_cell uuid = CELL_UUID;
    static const size_t pages[] = { 1, 4096, 100000 };

    for (size_t i = 0; i < COLUMNS; i++) {
        columns[i] = (struct rn_col)COL("u", RN_UUID, .nullable = true);
        if (texts || i % 3 == 1)
            columns[i].type = RN_TEXT;
        cells[i] = uuid;
        cells[i].type = columns[i].type;
        cells[COLUMNS + i] = cells[i];
    }
    for (size_t i = 0; i < RN_COUNTOF(pages) * 2; i++) {
        config.file.page = pages[i / 2];
        config.file.compression =
            i % 2 ? RN_COMPRESSION_DEFLATE : RN_COMPRESSION_NONE;
        assert_int_equal(open_encoder(&schema), RN_OK);
        round_trip(cells, 2, 1000);
    }
}

static void a_row_of_1600_columns_fits_any_block(void **state)
{
    (void)state;
    round_trip_of_1600_columns(false);
    round_trip_of_1600_columns(true);
}

/* ------------------------------------------------------------------ codecs */

static void each_codec_has_its_name_in_the_file(void **state)
{
    static const struct {
        enum rn_compression kind;
        const char *name;
    } codecs[] = {
        { RN_COMPRESSION_NONE, "null" },
        { RN_COMPRESSION_DEFLATE, "deflate" },
        { RN_COMPRESSION_SNAPPY, "snappy" },
        { RN_COMPRESSION_ZSTD, "zstandard" },
    };
    static const struct rn_col col = COL("t", RN_TEXT, );
    static const struct rn_schema schema = { &col, 1 };
    struct rn_cell cell = CELL_TEXT("text");
    struct avro_reader r;

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(codecs); i++) {
        config.file.compression = codecs[i].kind;
        if (i > 0 && rn_codec_for(codecs[i].kind) == NULL) {
            assert_int_equal(open_encoder(&schema), RN_E_CONFIG);
            assert_non_null(strstr(error.text, "compression"));
            continue;
        }
        assert_int_equal(open_encoder(&schema), RN_OK);
        assert_int_equal(write_file(&cell, 1, 100), RN_OK);
        avro_reader_open(&r, got, sink.n, scratch, sizeof(scratch));
        assert_true(rn_bytes_equal(r.codec, rn_bytes_of(codecs[i].name)));
    }
    config.file.compression = RN_COMPRESSION_GZIP;
    assert_int_equal(open_encoder(&schema), RN_E_CONFIG);
}

static void blocks_of_a_codec_shrink(void **state)
{
    static const struct rn_col col = COL("t", RN_TEXT, );
    static const struct rn_schema schema = { &col, 1 };
    static struct rn_cell cells[5000];
    size_t plain;

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(cells); i++)
        cells[i] = (struct rn_cell)CELL_TEXT("the same text again and again");
    assert_int_equal(open_encoder(&schema), RN_OK);
    assert_int_equal(write_file(cells, RN_COUNTOF(cells), 1000), RN_OK);
    plain = sink.n;
    for (size_t i = 0; i < rn_codecs_n; i++) {
        config.file.compression = rn_codecs[i]->kind;
        if (config.file.compression == RN_COMPRESSION_GZIP)
            continue;
        assert_int_equal(open_encoder(&schema), RN_OK);
        assert_int_equal(write_file(cells, RN_COUNTOF(cells), 1000), RN_OK);
        assert_true(sink.n < plain / 8);
    }
}

/* ------------------------------------------------------------------ faults */

static void a_bad_value_in_a_row_beyond_a_block_leaves_nothing(void **state)
{
    static const struct rn_col columns[] = { COL("t", RN_TEXT, ),
                                             COL("a", RN_TIME, ) };
    static const struct rn_schema schema = { columns, 2 };
    static char text[3000];
    struct rn_cell cells[] = { CELL_TEXT(""), CELL_OF(RN_TIME, -1) };
    struct rn_row row = { cells, 2 };

    (void)state;
    cells[0].as.bytes = (struct rn_bytes){ (uint8_t *)text, sizeof(text) };
    config.file.page = 1000;
    for (int kind = 0; kind < 2; kind++) {
        size_t header;

        config.file.compression =
            kind ? RN_COMPRESSION_DEFLATE : RN_COMPRESSION_NONE;
        assert_int_equal(open_encoder(&schema), RN_OK);
        sink_init(&sink, 1, got, sizeof(got));
        assert_int_equal(e->cls->begin(e, &sink.out), RN_OK);
        header = sink.n;
        assert_int_equal(e->cls->row(e, &row, 1), RN_E_VALUE);
        assert_int_equal(sink.n, header);
        assert_non_null(strstr(error.text, "row 1, column \"a\""));
    }
}

static void a_failure_of_the_stream_ends_the_file(void **state)
{
    static const struct rn_col columns[] = { COL("a", RN_TEXT, ),
                                             COL("n", RN_I64, ) };
    static const struct rn_schema schema = { columns, 2 };
    static char text[3000];
    struct rn_cell cells[20];

    (void)state;
    for (size_t i = 0; i < 20; i += 2) {
        cells[i] = (struct rn_cell)CELL_TEXT("");
        cells[i].as.bytes =
            (struct rn_bytes){ (uint8_t *)text, i % 4 ? 100 : 2000 };
        cells[i + 1] = (struct rn_cell)CELL_I64((int64_t)i);
    }
    config.file.page = 1000;
    for (int kind = 0; kind < 2; kind++) {
        config.file.compression =
            kind ? RN_COMPRESSION_DEFLATE : RN_COMPRESSION_NONE;
        assert_int_equal(open_encoder(&schema), RN_OK);
        for (int k = 0;; k++) {
            int err = RN_OK;

            sink_init(&sink, 50, got, sizeof(got));
            sink.fail_at = k;
            err = e->cls->begin(e, &sink.out);
            for (size_t i = 0; err == RN_OK && i < 10; i++) {
                struct rn_row row = { cells + 2 * i, 2 };

                err = e->cls->row(e, &row, i + 1);
            }
            if (err == RN_OK)
                err = e->cls->end(e);
            if (err == RN_OK)
                err = rn_out_flush(&sink.out);
            if (err == RN_OK)
                break; /* there were fewer drains */
            assert_int_equal(err, RN_E_LINK);
            assert_int_equal(sink.drains, k + 1); /* and none after it */
            assert_true(k < 1000);
        }
        round_trip(cells, 10, 50); /* the next file is whole */
    }
}

static void a_file_that_failed_stays_failed_and_the_next_is_whole(void **state)
{
    static const struct rn_col col = COL("t", RN_TIME, );
    static const struct rn_schema schema = { &col, 1 };
    struct rn_cell cells[] = { CELL_OF(RN_TIME, 1), CELL_OF(RN_TIME, -1),
                               CELL_OF(RN_TIME, 2) };

    (void)state;
    assert_int_equal(open_encoder(&schema), RN_OK);
    sink_init(&sink, 100, got, sizeof(got));
    assert_int_equal(e->cls->begin(e, &sink.out), RN_OK);
    for (size_t i = 0; i < 3; i++) {
        struct rn_row row = { &cells[i], 1 };

        assert_int_equal(e->cls->row(e, &row, i + 1), i ? RN_E_VALUE : RN_OK);
    }
    assert_int_equal(e->cls->end(e), RN_E_VALUE);
    cells[1] = cells[0];
    round_trip(cells, 3, 100);
}

static void markers_differ_from_file_to_file(void **state)
{
    static const struct rn_col col = COL("t", RN_TEXT, );
    static const struct rn_schema schema = { &col, 1 };
    struct avro_reader a, b;

    (void)state;
    assert_int_equal(open_encoder(&schema), RN_OK);
    assert_int_equal(write_file(NULL, 0, 1000), RN_OK);
    avro_reader_open(&a, got, sink.n, scratch, sizeof(scratch));
    assert_int_equal(write_file(NULL, 0, 1000), RN_OK);
    avro_reader_open(&b, got, sink.n, scratch, sizeof(scratch));
    assert_memory_not_equal(a.marker, b.marker, sizeof(a.marker));
}

static void memory_is_what_need_says(void **state)
{
    static const uint64_t budgets[] = { 0, 256 << 10, 1 << 20, 64 << 20 };
    struct rn_arena mem;

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(budgets) * (rn_codecs_n + 1); i++) {
        size_t codec = i % (rn_codecs_n + 1), need;

        config.job.memory = budgets[i / (rn_codecs_n + 1)];
        config.file.compression =
            codec ? rn_codecs[codec - 1]->kind : RN_COMPRESSION_NONE;
        if (config.file.compression == RN_COMPRESSION_GZIP)
            continue;
        need = rn_encode_avro.need(&config, of_several.n);
        RN_ASSERT(need <= sizeof(memory));
        rn_arena_init(&mem, "test", memory, need);
        assert_int_equal(
            rn_encode_avro.open(&config, &of_several, &mem, &error, &e), RN_OK);
        assert_int_equal(mem.used, need);
        rn_arena_init(&mem, "test", memory, need - RN_ALIGN);
        assert_int_equal(
            rn_encode_avro.open(&config, &of_several, &mem, &error, &e),
            RN_E_FULL);
        assert_null(e);
        rn_error_clear(&error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(
            a_bad_value_in_a_row_beyond_a_block_leaves_nothing, avro_set_up),
        cmocka_unit_test_setup(random_rows_come_back_from_any_buffer,
                               avro_set_up),
        cmocka_unit_test_setup(a_file_without_rows_is_a_header, avro_set_up),
        cmocka_unit_test_setup(blocks_are_filled_to_their_bound, avro_set_up),
        cmocka_unit_test_setup(a_row_of_any_size_comes_back, avro_set_up),
        cmocka_unit_test_setup(a_row_of_1600_columns_fits_any_block,
                               avro_set_up),
        cmocka_unit_test_setup(each_codec_has_its_name_in_the_file,
                               avro_set_up),
        cmocka_unit_test_setup(blocks_of_a_codec_shrink, avro_set_up),
        cmocka_unit_test_setup(a_failure_of_the_stream_ends_the_file,
                               avro_set_up),
        cmocka_unit_test_setup(
            a_file_that_failed_stays_failed_and_the_next_is_whole, avro_set_up),
        cmocka_unit_test_setup(markers_differ_from_file_to_file, avro_set_up),
        cmocka_unit_test_setup(memory_is_what_need_says, avro_set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
