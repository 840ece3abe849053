/* fuzz_csv.c: a cell of any bytes, in any quote mode and buffer size, comes
 * back from a strict reader as it was, and never as NULL.
 */
#include <string.h>

#include "runnel/encoder.h"
#include "sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CELL 2000

struct memory {
    struct sink sink;
    uint8_t got[4 * CELL + 1000];
};

/* One field, and whether it had quotes; `escaped`: an escape was in it. */
struct field {
    uint8_t text[CELL];
    size_t n;
    bool quoted, escaped;
};

static void keep(struct field *f, uint8_t c)
{
    RN_ASSERT(f->n < CELL);
    f->text[f->n++] = c;
}

/* From just after the opening quote; returns after the closing one. */
static const uint8_t *read_quoted(const struct rn_config *config,
                                  const uint8_t *p, const uint8_t *end,
                                  struct field *f)
{
    uint8_t quote = (uint8_t)config->file.quote_char;
    uint8_t escape = (uint8_t)config->file.escape;

    for (;; p++) {
        RN_ASSERT(p < end);
        if (escape != 0 && *p == escape) {
            p++;
            RN_ASSERT(p < end && (*p == quote || *p == escape));
        } else if (*p == quote) {
            if (escape != 0 || p + 1 == end || p[1] != quote)
                return p + 1;
            p++;
        }
        keep(f, *p);
    }
}

/* Reads up to the delimiter or newline, which it leaves. Strict: what needs
 * quotes or an escape must have it.
 */
static const uint8_t *read_field(const struct rn_config *config,
                                 const uint8_t *p, const uint8_t *end,
                                 struct field *f)
{
    uint8_t quote = (uint8_t)config->file.quote_char;
    uint8_t escape = (uint8_t)config->file.escape;

    f->n = 0;
    f->escaped = false;
    f->quoted = p < end && *p == quote && config->file.quote != RN_QUOTE_NONE;
    if (f->quoted)
        return read_quoted(config, p + 1, end, f);
    for (; p < end; p++) {
        if (*p == (uint8_t)config->file.delimiter || *p == '\n')
            return p;
        RN_ASSERT(*p != '\r' && *p != quote);
        if (escape != 0 && *p == escape) {
            p++;
            RN_ASSERT(p < end);
            f->escaped = true;
        }
        keep(f, *p);
    }
    return p;
}

static void check_file(const struct rn_config *config, const struct memory *m,
                       struct rn_bytes cell)
{
    static struct field f;
    struct rn_bytes null = rn_bytes_of(config->file.null);
    const uint8_t *p = m->got, *end = m->got + m->sink.n;

    for (int i = 0; i < 3; i++) {
        struct rn_bytes read = { f.text, 0 };

        p = read_field(config, p, end, &f);
        read.n = f.n;
        if (i == 1) {
            RN_ASSERT(rn_bytes_equal(read, RN_STR("-7")));
        } else {
            RN_ASSERT(rn_bytes_equal(read, cell));
            RN_ASSERT(f.quoted || f.escaped || !rn_bytes_equal(read, null));
        }
        RN_ASSERT(p < end);
        RN_ASSERT(*p == (i < 2 ? (uint8_t)config->file.delimiter : '\n'));
        p++;
    }
    RN_ASSERT(p == end);
}

/* The first byte chooses the mode, the second the bytes, the third the size of
 * the buffer.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct rn_col columns[] = {
        { .name = RN_LIT("a"), .type = RN_TEXT, .nullable = true },
        { .name = RN_LIT("b"), .type = RN_I64, .nullable = true },
        { .name = RN_LIT("c"), .type = RN_TEXT, .nullable = true },
    };
    static const struct rn_schema schema = { columns, 3 };
    static const char *const nulls[] = { "", "NA", "a", "-" };
    static uint8_t memory[8192] __attribute__((aligned(16)));
    static struct memory m;
    static struct rn_config config;
    struct rn_error error = { 0 };
    struct rn_encoder *e;
    struct rn_arena mem;
    struct rn_cell cell[3];
    struct rn_row row = { cell, 3 };
    int err;

    if (size < 3 || size > CELL)
        return 0;
    config.path = "job.ini";
    config.file.quote = (enum rn_quote)(data[0] % 5);
    config.file.null = nulls[data[0] / 5 % RN_COUNTOF(nulls)];
    config.file.delimiter = ",\t|;"[data[1] & 3];
    config.file.quote_char = "\"'"[data[1] >> 2 & 1];
    config.file.escape = "\0\\"[data[1] >> 3 & 1];
    config.file.row_number = "";
    cell[0] = (struct rn_cell){ RN_TEXT, { .bytes = { data + 3, size - 3 } } };
    cell[1] = (struct rn_cell){ RN_I64, { .i64 = -7 } };
    cell[2] = cell[0];

    rn_arena_init(&mem, "fuzz", memory, sizeof(memory));
    err = rn_encoders[0]->open(&config, &schema, &mem, &error, &e);
    RN_ASSERT(err == RN_OK);
    sink_init(&m.sink, (size_t)data[2] + 1, m.got, sizeof(m.got));
    e->cls->begin(e, &m.sink.out);
    err = e->cls->row(e, &row, 1);
    if (err < 0) {
        /* Only without quotes may a text have no way to be written. */
        RN_ASSERT(err == RN_E_VALUE && config.file.quote == RN_QUOTE_NONE);
        RN_ASSERT(error.text[0] != '\0');
        return 0;
    }
    RN_ASSERT(e->cls->end(e) == RN_OK && rn_out_flush(&m.sink.out) == RN_OK);
    check_file(&config, &m, cell[0].as.bytes);
    return 0;
}
