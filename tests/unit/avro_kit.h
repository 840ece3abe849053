/* avro_kit.h: for tests: rows through the Avro encoder into memory, and what
 * was written compared with them. To be included by a test once.
 */
#ifndef TESTS_AVRO_KIT_H
#define TESTS_AVRO_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "avro_reader.h"
#include "encode/list.h"
#include "encode_kit.h"

#define AVRO_FILE_MAX 3000000
#define AVRO_GUARD    64 /* bytes behind the memory that nobody may write */

#define COL(n, t, ...)                              \
    {                                               \
        .name = RN_LIT(n), .type = (t), __VA_ARGS__ \
    }

#define CELL_UUID                                                          \
    CELL_BYTES(RN_UUID, "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb" \
                        "\xcc\xdd\xee\xff")

static struct rn_config config;
static struct rn_error error;
static struct rn_encoder *e;
static struct sink sink;
static uint8_t memory[8 << 20] __attribute__((aligned(16)));
static uint8_t *guard;
static uint8_t got[AVRO_FILE_MAX], scratch[AVRO_FILE_MAX];

static inline int avro_set_up(void **state)
{
    (void)state;
    memset(&config, 0, sizeof(config));
    config.path = "job.ini";
    config.job.name = "job";
    config.job.memory = 1 << 20;
    config.file.record = "";
    config.file.level = 6;
    return 0;
}

static inline int open_encoder(const struct rn_schema *schema)
{
    struct rn_arena mem;

    rn_arena_init(&mem, "test", memory,
                  rn_encode_avro.need(&config, schema->n));
    RN_ASSERT(mem.cap + AVRO_GUARD <= sizeof(memory));
    guard = memory + mem.cap;
    memset(guard, 0xa5, AVRO_GUARD);
    memset(&error, 0, sizeof(error));
    return rn_encode_avro.open(&config, schema, &mem, &error, &e);
}

/* A whole file through a buffer of `size` bytes, or the first failure. */
static inline int write_file(struct rn_cell *cells, size_t rows, size_t size)
{
    size_t n = e->schema->n;
    int err;

    sink_init(&sink, size, got, sizeof(got));
    err = e->cls->begin(e, &sink.out);
    for (size_t i = 0; err == RN_OK && i < rows; i++) {
        struct rn_row row = { cells + i * n, n };

        err = e->cls->row(e, &row, i + 1);
        RN_ASSERT(sink.out.len < size); /* never left exactly full */
    }
    if (err == RN_OK)
        err = e->cls->end(e);
    return err == RN_OK ? rn_out_flush(&sink.out) : err;
}

/* What was written is these rows; *r tells of the blocks. */
static inline void check_file(struct rn_cell *cells, size_t rows,
                              struct avro_reader *r)
{
    size_t n = e->schema->n;

    for (size_t i = 0; i < AVRO_GUARD; i++)
        assert_int_equal(guard[i], 0xa5);
    avro_reader_open(r, got, sink.n, scratch, sizeof(scratch));
    for (size_t i = 0; i < rows; i++) {
        if (!avro_reader_row(r))
            fail_msg("%zu rows and not %zu", i, rows);
        for (size_t c = 0; c < n; c++)
            avro_reader_expect(r, &e->schema->col[c], &cells[i * n + c]);
    }
    assert_false(avro_reader_row(r));
}

static inline void round_trip(struct rn_cell *cells, size_t rows, size_t size)
{
    struct avro_reader r;
    int err = write_file(cells, rows, size);

    if (err < 0)
        fail_msg("%s", error.text);
    check_file(cells, rows, &r);
}

#endif
