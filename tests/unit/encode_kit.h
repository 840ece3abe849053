/* encode_kit.h: for tests: rows through an encoder into memory. */
#ifndef TESTS_ENCODE_KIT_H
#define TESTS_ENCODE_KIT_H

#include "sink.h"

#include "runnel/encoder.h"

#define KIT_MAX 200000
#define CELL_NULL    \
    {                \
        RN_NULL,     \
        {            \
            .i64 = 0 \
        }            \
    }
#define CELL_BOOL(v)   \
    {                  \
        RN_BOOL,       \
        {              \
            .i64 = (v) \
        }              \
    }
#define CELL_I64(v)    \
    {                  \
        RN_I64,        \
        {              \
            .i64 = (v) \
        }              \
    }
#define CELL_F64(v)    \
    {                  \
        RN_F64,        \
        {              \
            .f64 = (v) \
        }              \
    }
#define CELL_OF(t, v)  \
    {                  \
        (t),           \
        {              \
            .i64 = (v) \
        }              \
    }
#define CELL_BYTES(t, s)       \
    {                          \
        (t),                   \
        {                      \
            .bytes = RN_LIT(s) \
        }                      \
    }
#define CELL_TEXT(s) CELL_BYTES(RN_TEXT, s)

struct kit {
    struct rn_config config;
    struct rn_error error;
    struct rn_counts counts;
    struct rn_encoder *e;
    struct sink sink;
    uint8_t memory[65536] __attribute__((aligned(16)));
    uint8_t got[KIT_MAX];
};

static inline void kit_init(struct kit *t)
{
    memset(&t->config, 0, sizeof(t->config));
    t->config.path = "job.ini";
    t->config.job.name = "job";
    t->config.file.record = "";
    t->config.file.bloom_filter = "";
    t->config.file.header = true;
    t->config.file.delimiter = ',';
    t->config.file.quote_char = '"';
    t->config.file.null = "";
    t->config.file.row_number = "";
}

static inline int kit_open(struct kit *t, size_t format,
                           const struct rn_schema *schema)
{
    struct rn_arena mem;

    rn_arena_init(&mem, "kit", t->memory,
                  rn_encoders[format]->need(&t->config, schema->n));
    memset(&t->error, 0, sizeof(t->error));
    memset(&t->counts, 0, sizeof(t->counts));
    int err =
        rn_encoders[format]->open(&t->config, schema, &mem, &t->error, &t->e);
    if (err == RN_OK)
        t->e->counts = &t->counts;
    return err;
}

/* A whole file through a buffer of `size` bytes, or the first failure. */
static inline int kit_file(struct kit *t, struct rn_cell *cells, size_t rows,
                           size_t size)
{
    size_t n = t->e->schema->n;
    int err;

    sink_init(&t->sink, size, t->got, sizeof(t->got));
    err = t->e->cls->begin(t->e, &t->sink.out);
    for (size_t i = 0; err == RN_OK && i < rows; i++) {
        struct rn_row row = { cells + i * n, n };

        err = t->e->cls->row(t->e, &row, i + 1);
        RN_ASSERT(t->sink.out.len < size); /* never left exactly full */
    }
    if (err == RN_OK)
        err = t->e->cls->end(t->e);
    return err == RN_OK ? rn_out_flush(&t->sink.out) : err;
}

#endif
