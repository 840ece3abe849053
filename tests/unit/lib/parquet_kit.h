/* parquet_kit.h: for tests: a table with a column of each type through the
 * Parquet encoder into memory, and a reader's rows compared with it. To be
 * included by a test once.
 */
#ifndef TESTS_PARQUET_KIT_H
#define TESTS_PARQUET_KIT_H

#include <stdio.h>
#include <string.h>

#include "encode_kit.h"

#include "encode/list.h"
#include "lib/memory_lanes.h"
#include "parquet_reader.h"
#include "same_cell.h"

#define MIB (UINT64_C(1) << 20)

static uint8_t memory[24 << 20] __attribute__((aligned(16)));
static struct rn_config config;
static struct rn_error error;
static struct rn_encoder *e;
static struct memory_lanes lanes;

/* A column of each type, the first of which has no NULL. */
static const struct rn_col columns[] = {
    { .name = RN_LIT("id"), .type = RN_I64 },
    { .name = RN_LIT("flag"), .type = RN_BOOL, .nullable = true },
    { .name = RN_LIT("tiny"), .type = RN_I64, .bits = 8, .nullable = true },
    { .name = RN_LIT("small"), .type = RN_I64, .bits = 16, .nullable = true },
    { .name = RN_LIT("int"), .type = RN_I64, .bits = 32, .nullable = true },
    { .name = RN_LIT("real"), .type = RN_F64, .bits = 32, .nullable = true },
    { .name = RN_LIT("double"), .type = RN_F64, .nullable = true },
    { .name = RN_LIT("price"),
      .type = RN_DECIMAL,
      .precision = 9,
      .scale = 2,
      .nullable = true },
    { .name = RN_LIT("huge"),
      .type = RN_DECIMAL,
      .precision = 38,
      .nullable = true },
    { .name = RN_LIT("day"), .type = RN_DATE, .nullable = true },
    { .name = RN_LIT("time"), .type = RN_TIME, .nullable = true },
    { .name = RN_LIT("time3"),
      .type = RN_TIME,
      .millis = true,
      .nullable = true },
    { .name = RN_LIT("local"), .type = RN_TIMESTAMP, .nullable = true },
    { .name = RN_LIT("utc"),
      .type = RN_TIMESTAMP,
      .utc = true,
      .nullable = true },
    { .name = RN_LIT("utc3"),
      .type = RN_TIMESTAMP,
      .utc = true,
      .millis = true,
      .nullable = true },
    { .name = RN_LIT("t\xc3\xa4xt"), .type = RN_TEXT, .nullable = true },
    { .name = RN_LIT("json"), .type = RN_TEXT, .json = true, .nullable = true },
    { .name = RN_LIT("blob"), .type = RN_BLOB, .nullable = true },
    { .name = RN_LIT("uuid"), .type = RN_UUID, .nullable = true },
};
#define COLUMNS RN_COUNTOF(columns)
static const struct rn_schema schema = { columns, COLUMNS };

static inline void defaults(void)
{
    memset(&config, 0, sizeof(config));
    config.path = "job.ini";
    config.job.memory = MIB;
    config.file.level = 6;
    config.file.data_page = 1;
    config.file.dictionary = true;
    config.file.page_index = true;
    config.file.row_group_rows = 1000000;
    config.file.row_group_bytes = 128 * MIB;
    config.file.boolean_encoding = RN_ENCODING_AUTO;
    config.file.bloom_filter = "";
    config.file.bloom_bytes = 1024;
}

/* With not a byte more than need() says. */
static inline int open_schema(const struct rn_schema *s)
{
    const struct rn_encoder_class *cls = &rn_encode_parquet;
    size_t need = cls->need(&config, s->n);
    struct rn_arena mem;

    assert_true(need <= sizeof(memory));
    rn_arena_init(&mem, "parquet", memory, need);
    memset(&error, 0, sizeof(error));
    return cls->open(&config, s, &mem, &error, &e);
}

/* Cells of row `i`; texts live until the next call. */
static inline void row_of(uint64_t i, struct rn_cell *cell)
{
    static char text[64], json[64];
    static uint8_t uuid[16];
    uint64_t mixed = (i + 1) * UINT64_C(0x9E3779B97F4A7C15);
    int n = snprintf(text, sizeof(text), "text %u", (unsigned)(mixed % 700));
    int m = snprintf(json, sizeof(json), "{\"n\": %u}", (unsigned)i);
    const struct rn_cell cells[COLUMNS] = {
        CELL_I64((int64_t)i),
        CELL_BOOL(mixed & 1),
        CELL_I64((int8_t)mixed),
        CELL_I64((int16_t)mixed),
        CELL_I64((int32_t)mixed),
        CELL_F64((double)(int16_t)mixed),
        CELL_F64((double)mixed / 7),
        CELL_BYTES(RN_DECIMAL, "-12.34"),
        CELL_BYTES(RN_DECIMAL, "99999999999999999999999999999999999999"),
        CELL_OF(RN_DATE, (int64_t)(mixed % 20000)),
        CELL_OF(RN_TIME, (int64_t)(mixed % 86400000000)),
        CELL_OF(RN_TIME, (int64_t)(mixed % 86400000) * 1000),
        CELL_OF(RN_TIMESTAMP, (int64_t)(mixed % 1000000000000)),
        CELL_OF(RN_TIMESTAMP, -(int64_t)(mixed % 1000000000000)),
        CELL_OF(RN_TIMESTAMP, -(int64_t)(mixed % 1000000000) * 1000),
        { RN_TEXT, { .bytes = { (uint8_t *)text, (size_t)n } } },
        { RN_TEXT, { .bytes = { (uint8_t *)json, (size_t)m } } },
        { RN_BLOB, { .bytes = { uuid, i % 16 } } },
        { RN_UUID, { .bytes = { uuid, 16 } } },
    };

    memcpy(uuid, &mixed, sizeof(mixed));
    memcpy(cell, cells, sizeof(cells));
    for (size_t k = 1; k < COLUMNS; k++) {
        if ((mixed >> k & 7) == 0)
            cell[k].type = RN_NULL;
    }
}

static inline int put_rows(uint64_t rows)
{
    struct rn_cell cell[COLUMNS];
    struct rn_row row = { cell, COLUMNS };
    int err = RN_OK;

    for (uint64_t i = 0; err == RN_OK && i < rows; i++) {
        row_of(i, cell);
        err = e->cls->row(e, &row, i + 1);
    }
    return err;
}

static inline int write_file(uint64_t rows)
{
    int err = e->cls->begin_lanes(e, &lanes.lanes);

    if (err == RN_OK)
        err = put_rows(rows);
    return err == RN_OK ? e->cls->end(e) : err;
}

static inline struct rn_bytes file_of(uint64_t rows)
{
    assert_int_equal(open_schema(&schema), RN_OK);
    memory_lanes_init(&lanes, e->cls->lanes(COLUMNS));
    assert_int_equal(write_file(rows), RN_OK);
    return memory_file(&lanes);
}

/* All of a file: its columns and rows are those of the encoder's schema, and
 * all that it says of itself holds. Rows of the kit's table are compared as
 * well. What there was is in *about.
 */
static inline void read_file(struct rn_bytes file, uint64_t rows,
                             struct pq_about *about)
{
    struct pq_reader *r = pq_open(file);
    const struct rn_schema *s = pq_schema(r);
    struct rn_cell wanted[COLUMNS], cell[COLUMNS];
    uint64_t i = 0;

    if (pq_error(r) != NULL)
        fail_msg("%s", pq_error(r));
    assert_true(s->n == e->schema->n && s->n <= COLUMNS);
    for (size_t c = 0; c < s->n; c++)
        assert_true(same_column(&s->col[c], &e->schema->col[c]));
    for (; pq_next(r, cell) > 0; i++) {
        row_of(i, wanted);
        for (size_t c = 0; s->n == COLUMNS && c < COLUMNS; c++)
            assert_true(same_cell(&cell[c], &wanted[c]));
    }
    if (pq_error(r) != NULL)
        fail_msg("%s", pq_error(r));
    assert_int_equal(i, rows);
    *about = *pq_about(r);
    pq_close(r);
}

#endif
