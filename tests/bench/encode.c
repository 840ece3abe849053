/* encode.c: what a row costs in the encoders, and a double, and a check.
 *
 * The rows are like those of the table that peers are measured with: 10
 * columns, about 147 bytes of CSV: id, number, text with quotes, commas,
 * newlines and Unicode in some, text that is often NULL, double, decimal,
 * timestamp and short texts, small integer, blob. Prints the best of some
 * rounds: this is a microscope, not a race.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "row/check.h"
#include "row/digest.h"
#include "row/number.h"
#include "row/utf8.h"
#include "runnel/encoder.h"

#define ROWS    512
#define COLUMNS 10
#define TEXT    80
#define ROUNDS  200

static struct rn_cell cells[ROWS][COLUMNS];
static uint8_t texts[ROWS][COLUMNS][TEXT];
static uint8_t memory[1 << 16] __attribute__((aligned(16)));
static uint8_t segment[1 << 16];
static uint64_t seed = 1;

static const struct rn_col columns[COLUMNS] = {
    { .name = RN_LIT("id"), .type = RN_I64 },
    { .name = RN_LIT("customer"), .type = RN_I64, .nullable = true },
    { .name = RN_LIT("comment"), .type = RN_TEXT, .nullable = true },
    { .name = RN_LIT("note"), .type = RN_TEXT, .nullable = true },
    { .name = RN_LIT("price"), .type = RN_F64, .nullable = true },
    { .name = RN_LIT("amount"), .type = RN_TEXT, .nullable = true },
    { .name = RN_LIT("created_at"), .type = RN_TEXT, .nullable = true },
    { .name = RN_LIT("country"), .type = RN_TEXT, .nullable = true },
    { .name = RN_LIT("active"), .type = RN_I64, .nullable = true },
    { .name = RN_LIT("token"), .type = RN_BLOB, .nullable = true },
};
static const struct rn_schema schema = { columns, COLUMNS };

static uint64_t next_random(void)
{
    uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void text(int row, int column, const char *fmt, unsigned a, unsigned b)
{
    char *to = (char *)texts[row][column];
    int n;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    n = snprintf(to, TEXT, fmt, a, b);
#pragma GCC diagnostic pop
    cells[row][column].type = RN_TEXT;
    cells[row][column].as.bytes =
        (struct rn_bytes){ texts[row][column], (size_t)n };
}

static void make_rows(void)
{
    for (int i = 0; i < ROWS; i++) {
        struct rn_cell *c = cells[i];
        uint64_t r = next_random();

        c[0] = (struct rn_cell){ RN_I64, { .i64 = 1000000 + i } };
        c[1] =
            (struct rn_cell){ RN_I64, { .i64 = (int64_t)(r % 1000000000000) } };
        text(i, 2,
             i % 10 == 0   ? "she said \"yes\", item %u,\nthen %u left"
             : i % 10 == 1 ? "Stra\303\237e %u, 4\302\260 \342\202\254%u"
                           : "delivery of item %u to shelf %u",
             (unsigned)(r % 100000), (unsigned)(r >> 50));
        text(i, 3, "note %u.%u", (unsigned)(r % 97), 0);
        if (i % 3 == 0)
            c[3].type = RN_NULL;
        c[4].type = RN_F64;
        c[4].as.f64 = (double)(r >> 11) / 9007199254740992.0 * 1000.0;
        text(i, 5, "%u.%02u", (unsigned)(r % 100000), (unsigned)(r % 100));
        text(i, 6, "2026-11-%02uT10:11:%02u", (unsigned)(r % 28 + 1),
             (unsigned)(r % 60));
        text(i, 7, "D%c", 'A' + (unsigned)(r % 26), 0);
        c[8] = (struct rn_cell){ RN_I64, { .i64 = (int64_t)(r & 1) } };
        for (int k = 0; k < 16; k++)
            texts[i][9][k] = (uint8_t)next_random();
        c[9].type = RN_BLOB;
        c[9].as.bytes = (struct rn_bytes){ texts[i][9], 16 };
    }
}

static int discard(struct rn_out *o)
{
    (void)o;
    return RN_OK;
}

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void report(const char *what, double best, const char *unit)
{
    printf("%-36s %8.1f %s\n", what, best, unit);
}

static void measure_encoder(const char *what, const char *format,
                            const struct rn_config *config)
{
    const struct rn_encoder_class *cls = rn_encoders[*format == 'j'];
    struct rn_error error = { 0 };
    struct rn_encoder *e;
    struct rn_arena mem;
    struct rn_out out;
    double best = 1e9;
    uint64_t bytes;

    rn_arena_init(&mem, "bench", memory, sizeof(memory));
    rn_out_init(&out, segment, sizeof(segment), discard);
    if (cls->open(config, &schema, &mem, &error, &e) < 0)
        exit(1);
    cls->begin(e, &out);
    for (int k = 0; k < ROUNDS; k++) {
        double start = now_ns(), ns;

        for (int i = 0; i < ROWS; i++) {
            struct rn_row row = { cells[i], COLUMNS };

            cls->row(e, &row, (uint64_t)i + 1);
        }
        ns = (now_ns() - start) / ROWS;
        best = ns < best ? ns : best;
    }
    bytes = rn_out_total(&out) / ROUNDS / ROWS;
    report(what, best, "ns a row");
    printf("%-36s %8u bytes a row\n", "", (unsigned)bytes);
}

static void measure_rows(const struct rn_config *config)
{
    struct rn_counts counts = { 0 };
    struct rn_error error = { 0 };
    struct rn_arena mem;
    struct rn_check k;
    struct rn_digest *d;
    double check = 1e9, digest = 1e9;

    rn_arena_init(&mem, "bench", memory, sizeof(memory));
    k.counts = &counts;
    k.error = &error;
    rn_check_init(&k, config, &schema, &mem);
    d = rn_digest_init(&schema, &mem);
    for (int r = 0; r < ROUNDS; r++) {
        double start = now_ns(), half, ns;

        for (int i = 0; i < ROWS; i++) {
            struct rn_row row = { cells[i], COLUMNS };

            rn_check_row(&k, &row, (uint64_t)i + 1);
        }
        half = now_ns();
        for (int i = 0; i < ROWS; i++) {
            struct rn_row row = { cells[i], COLUMNS };

            rn_digest_row(d, &row);
        }
        ns = (now_ns() - half) / ROWS;
        digest = ns < digest ? ns : digest;
        ns = (half - start) / ROWS;
        check = ns < check ? ns : check;
    }
    report("row checks", check, "ns a row");
    report("digest", digest, "ns a row");
}

static void measure_doubles(void)
{
    static const char *const what[] = { "double, random bits", "double, price",
                                        "double, 0 to 1000",
                                        "double, integer" };
    static double v[1024];

    for (int kind = 0; kind < 4; kind++) {
        double best = 1e9;
        size_t sum = 0;

        for (int i = 0; i < 1024; i++) {
            uint64_t r = next_random(), bits = r >> 2 | r << 63;

            memcpy(&v[i], &bits, sizeof(v[i]));
            if (kind == 1)
                v[i] = (double)(r % 10000000) / 100.0;
            if (kind == 2)
                v[i] = (double)(r >> 11) / 9007199254740992.0 * 1000.0;
            if (kind == 3)
                v[i] = (double)(r % 1000000);
        }
        for (int k = 0; k < ROUNDS; k++) {
            double start = now_ns(), ns;
            char to[RN_F64_TEXT];

            for (int i = 0; i < 1024; i++)
                sum += rn_format_f64(v[i], to);
            ns = (now_ns() - start) / 1024;
            best = ns < best ? ns : best;
        }
        report(what[kind], best, sum > 0 ? "ns" : "");
    }
}

static void measure_utf8(const char *what, size_t n, bool ascii)
{
    static uint8_t p[16384];
    double best = 1e9;
    size_t sum = 0;

    for (size_t i = 0; i < sizeof(p); i += 2)
        memcpy(p + i, ascii || i % 32 > 4 ? "ab" : "\303\237", 2);
    for (int k = 0; k < ROUNDS; k++) {
        double start = now_ns(), ns;

        for (size_t i = 0; i + n <= sizeof(p); i += n)
            sum += rn_utf8_good(p + i, n);
        ns = now_ns() - start;
        best = ns < best ? ns : best;
    }
    if (sum != ROUNDS * (sizeof(p) / n * n))
        exit(1);
    report(what, (double)sizeof(p) / best, "GB/s");
}

int main(void)
{
    struct rn_config config;

    memset(&config, 0, sizeof(config));
    config.source.max_cell = 65536;
    config.file.delimiter = ',';
    config.file.quote_char = '"';
    config.file.null = "";
    config.file.row_number = "";
    config.file.binary = RN_BINARY_HEX;
    make_rows();
    measure_encoder("csv, minimal quotes", "csv", &config);
    config.file.quote = RN_QUOTE_NON_NUMERIC;
    measure_encoder("csv, text in quotes", "csv", &config);
    measure_encoder("json, a line a row", "json", &config);
    measure_rows(&config);
    measure_doubles();
    measure_utf8("utf8, ASCII, 16 KiB", 16384, true);
    measure_utf8("utf8, ASCII, 24 bytes", 24, true);
    measure_utf8("utf8, one in 8 not ASCII", 16384, false);
    return 0;
}
