/* fuzz_gzip.c: whatever goes into the gzip stage, in pieces and buffers of any
 * size and with any budget, comes out of zlib as it was; the same bytes give
 * the same file.
 */
#include <string.h>

#include <zlib.h>

#include "compress/gzip.h"
#include "sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT  4096
#define REPEAT 16
#define MEMORY (384u << 10)

struct memory {
    struct sink sink;
    uint8_t got[INPUT * REPEAT + 4096];
};

static void pack(struct rn_gzip *g, struct rn_bytes text, size_t step,
                 struct memory *m, size_t size)
{
    sink_init(&m->sink, size, m->got, sizeof(m->got));
    RN_ASSERT(rn_gzip_begin(g, &m->sink.out) == RN_OK);
    for (size_t at = 0; at < text.n; at += step)
        rn_out_put(&g->out, text.p + at,
                   text.n - at < step ? text.n - at : step);
    RN_ASSERT(rn_gzip_finish(g) == RN_OK &&
              rn_out_flush(&m->sink.out) == RN_OK);
}

static void check(const struct memory *m, struct rn_bytes text)
{
    static uint8_t back[INPUT * REPEAT + 1];
    z_stream z = { .next_in = (Bytef *)m->got,
                   .avail_in = (uInt)m->sink.n,
                   .next_out = back,
                   .avail_out = sizeof(back) };
    int did = inflateInit2(&z, 15 + 16);

    RN_ASSERT(did == Z_OK);
    did = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    RN_ASSERT(did == Z_STREAM_END && z.avail_in == 0);
    RN_ASSERT(sizeof(back) - z.avail_out == text.n);
    RN_ASSERT(memcmp(back, text.p, text.n) == 0);
}

/* Budget and level, pieces, buffer, how often; then the bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t memory[MEMORY] __attribute__((aligned(16)));
    static uint8_t input[INPUT * REPEAT];
    static struct memory a, b;
    struct rn_bytes text = { input, 0 };
    struct rn_config config;
    struct rn_gzip g;
    struct rn_arena mem;

    if (size < 4 || size > INPUT)
        return 0;
    memset(&config, 0, sizeof(config));
    config.job.memory = UINT64_C(1) << (17 + data[0] % 6);
    config.file.level = 1 + data[0] / 6 % 9;
    for (int i = 0; i <= data[3] % REPEAT; i++) {
        memcpy(input + text.n, data + 4, size - 4);
        text.n += size - 4;
    }
    rn_arena_init(&mem, "fuzz", memory, rn_gzip_need(&config));
    RN_ASSERT(mem.cap <= sizeof(memory));
    RN_ASSERT(rn_gzip_init(&g, &config, &mem) == RN_OK);
    pack(&g, text, data[1] + 1u, &a, data[2] + 1u);
    check(&a, text);
    pack(&g, text, text.n + 1, &b, 256);
    RN_ASSERT(a.sink.n == b.sink.n && memcmp(a.got, b.got, a.sink.n) == 0);
    return 0;
}
