/* test_parquet_reader.c: the tests' own reader of Parquet: it reads all that
 * the encoder can write, and no damage makes it give other rows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compress/codec.h"
#include "lib/parquet_kit.h"
#include "parquet_reader.h"

#define BIT(n) (1u << (n))
#define ROWS   900

/* One of the combinations of what a job can ask for. */
static void choose(unsigned way)
{
    static const enum rn_compression codecs[] = { RN_COMPRESSION_NONE,
                                                  RN_COMPRESSION_SNAPPY,
                                                  RN_COMPRESSION_GZIP,
                                                  RN_COMPRESSION_ZSTD };

    defaults();
    config.file.compression = codecs[way % 4];
    config.file.data_page = way & 4 ? 2 : 1;
    config.file.dictionary = (way & 8) != 0;
    if (way & 16) {
        config.file.integer_encoding = RN_ENCODING_DELTA;
        config.file.text_encoding = RN_ENCODING_DELTA_LENGTH;
        config.file.boolean_encoding = RN_ENCODING_RLE;
    }
    config.file.bloom_filter = way & 32 ? "all" : "";
    config.file.page_index = !(way & 32);
    config.file.row_group_rows = ROWS / 3 + 1;
}

static bool codec_is_here(void)
{
    return config.file.compression == RN_COMPRESSION_NONE ||
           rn_codec_for(config.file.compression) != NULL;
}

static void rows_come_back_whatever_the_job_asks_for(void **state)
{
    uint32_t encodings = 0, codecs = 0;
    unsigned indexes = 0, blooms = 0, dictionaries = 0;

    (void)state;
    for (unsigned way = 0; way < 64; way++) {
        struct pq_about about;

        choose(way);
        if (!codec_is_here())
            continue;
        read_file(file_of(ROWS), ROWS, &about);
        assert_int_equal(about.groups, 3);
        assert_int_equal(about.dictionary_pages > 0, config.file.dictionary);
        encodings |= about.encodings;
        codecs |= about.codecs;
        indexes += about.indexes;
        blooms += about.blooms;
        dictionaries += about.dictionary_pages;
        memory_lanes_free(&lanes);
    }
    /* So all of it was met. */
    assert_int_equal(encodings, BIT(0) | BIT(3) | BIT(5) | BIT(6) | BIT(8));
    assert_true((codecs & BIT(0)) && (codecs & BIT(2)));
    assert_true(indexes > 0 && blooms > 0 && dictionaries > 0);
}

/* Values at the ends of their types. */
static void ends_of_types_come_back(void **state)
{
    static const struct rn_col cols[] = {
        { .name = RN_LIT("i"), .type = RN_I64, .nullable = true },
        { .name = RN_LIT("b"), .type = RN_I64, .bits = 8, .nullable = true },
        { .name = RN_LIT("d"), .type = RN_F64, .nullable = true },
        { .name = RN_LIT("p"),
          .type = RN_DECIMAL,
          .precision = 38,
          .scale = 38,
          .nullable = true },
        { .name = RN_LIT("q"),
          .type = RN_DECIMAL,
          .precision = 18,
          .scale = 1,
          .nullable = true },
        { .name = RN_LIT("t"), .type = RN_TEXT, .nullable = true },
    };
    static const struct rn_schema s = { cols, RN_COUNTOF(cols) };
    struct rn_cell cells[][RN_COUNTOF(cols)] = {
        { CELL_I64(INT64_MIN), CELL_I64(-128), CELL_F64(-0.0),
          CELL_BYTES(RN_DECIMAL, "-0.99999999999999999999999999999999999999"),
          CELL_BYTES(RN_DECIMAL, "-99999999999999999.9"), CELL_TEXT("") },
        { CELL_I64(INT64_MAX), CELL_I64(127), CELL_F64(0.0 / 0.0),
          CELL_BYTES(RN_DECIMAL, "0.00000000000000000000000000000000000001"),
          CELL_BYTES(RN_DECIMAL, "0.0"), CELL_TEXT("\0") },
        { CELL_NULL, CELL_NULL, CELL_F64(1.0 / 0.0), CELL_NULL, CELL_NULL,
          CELL_NULL },
        { CELL_I64(0), CELL_I64(0), CELL_F64(5e-324),
          CELL_BYTES(RN_DECIMAL, "0.00000000000000000000000000000000000000"),
          CELL_BYTES(RN_DECIMAL, "99999999999999999.9"),
          CELL_TEXT("\xf4\x8f\xbf\xbf") },
    };

    (void)state;
    for (unsigned way = 0; way < 64; way++) {
        struct rn_cell got[RN_COUNTOF(cols)];
        struct pq_reader *r;

        choose(way);
        if (!codec_is_here())
            continue;
        assert_int_equal(open_schema(&s), RN_OK);
        memory_lanes_init(&lanes, RN_COUNTOF(cols));
        assert_int_equal(e->cls->begin_lanes(e, &lanes.lanes), RN_OK);
        for (size_t i = 0; i < RN_COUNTOF(cells); i++) {
            struct rn_row row = { cells[i], RN_COUNTOF(cols) };

            assert_int_equal(e->cls->row(e, &row, i + 1), RN_OK);
        }
        assert_int_equal(e->cls->end(e), RN_OK);
        r = pq_open(memory_file(&lanes));
        for (size_t i = 0; i < RN_COUNTOF(cells); i++) {
            if (pq_next(r, got) != 1)
                fail_msg("%s", pq_error(r));
            for (size_t c = 0; c < RN_COUNTOF(cols); c++)
                assert_true(same_cell(&got[c], &cells[i][c]));
        }
        assert_int_equal(pq_next(r, got), 0);
        pq_close(r);
        memory_lanes_free(&lanes);
    }
}

/* 0: error; 1: other columns; 2: the same rows. Anything else fails. */
static int read_damaged(struct rn_bytes file, uint64_t rows)
{
    struct pq_reader *r = pq_open(file);
    const struct rn_schema *s = pq_schema(r);
    struct rn_cell wanted[COLUMNS], cell[COLUMNS];
    bool same = s->n == COLUMNS;
    uint64_t i = 0;
    int found = 0;

    for (size_t c = 0; same && c < COLUMNS; c++)
        same = same_column(&s->col[c], &columns[c]);
    while (s->n == COLUMNS && (found = pq_next(r, cell)) > 0) {
        row_of(i++, wanted);
        for (size_t c = 0; same && c < COLUMNS; c++)
            assert_true(same_cell(&cell[c], &wanted[c]));
    }
    if (pq_error(r) == NULL) {
        assert_int_equal(i, rows);
        found = same ? 2 : 1;
    } else {
        assert_true(strlen(pq_error(r)) > 10);
        found = 0;
    }
    pq_close(r);
    return found;
}

static void no_damage_gives_other_rows(void **state)
{
    static const unsigned ways[] = { 0, 4 + 8 + 16, 2 + 8 + 32 };

    (void)state;
    for (size_t w = 0; w < RN_COUNTOF(ways); w++) {
        struct rn_bytes file;
        uint8_t *copy;
        size_t noticed = 0;

        choose(ways[w]);
        config.file.row_group_rows = 5;
        config.file.bloom_bytes = 32;
        file = file_of(8);
        copy = malloc(file.n);
        memcpy(copy, file.p, file.n);
        for (size_t i = w; i < file.n; i += RN_COUNTOF(ways)) {
            copy[i] ^= (uint8_t)(1u << i % 8);
            noticed += read_damaged((struct rn_bytes){ copy, file.n }, 8) < 2;
            copy[i] = file.p[i];
        }
        /* The rest: Bloom filters' bits, names, encodings that are not used. */
        assert_true(noticed > file.n / RN_COUNTOF(ways) * 3 / 4);
        assert_int_equal(read_damaged(file, 8), 2);
        free(copy);
        memory_lanes_free(&lanes);
    }
}

static void a_file_that_is_cut_is_an_error(void **state)
{
    struct rn_bytes file;

    (void)state;
    choose(8);
    file = file_of(3);
    for (size_t n = 0; n < file.n; n++) {
        /* A copy of just that size: nothing behind it may be touched. */
        uint8_t *copy = malloc(n > 0 ? n : 1);

        memcpy(copy, file.p, n);
        assert_int_equal(read_damaged((struct rn_bytes){ copy, n }, 3), 0);
        free(copy);
    }
    memory_lanes_free(&lanes);
}

static void an_error_says_where(void **state)
{
    struct rn_cell cell[COLUMNS];
    struct pq_reader *r;
    struct rn_bytes file;

    (void)state;
    choose(0);
    file = file_of(30);
    lanes.trunk.p[40] ^= 1; /* in the first column's first page */
    r = pq_open(file);
    assert_null(pq_error(r));
    assert_int_equal(pq_next(r, cell), -1);
    assert_non_null(strstr(pq_error(r), "column \"id\", page 1: a page's CRC"));
    assert_int_equal(pq_next(r, cell), -1);
    pq_close(r);
    memory_lanes_free(&lanes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back_whatever_the_job_asks_for),
        cmocka_unit_test(ends_of_types_come_back),
        cmocka_unit_test(no_damage_gives_other_rows),
        cmocka_unit_test(a_file_that_is_cut_is_an_error),
        cmocka_unit_test(an_error_says_where),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
