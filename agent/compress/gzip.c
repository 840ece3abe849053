/* compress/gzip.c: see compress/gzip.h. */
#include "compress/gzip.h"

/* zlib's own struct on 64-bit machines (5,936 bytes in 1.2.13, 5,968 in 1.3),
 * with the rounding of five blocks.
 */
#define STATE 6144u

struct size {
    uint64_t memory; /* job.memory from which this is used */
    int window_bits;
    int mem_level;
    size_t input; /* bytes */
};

static const struct size *size_for(const struct rn_config *config)
{
    static const struct size size[] = {
        { UINT64_C(4) << 20, 15, 8, 16384 },
        { UINT64_C(1) << 20, 14, 7, 8192 },
        { UINT64_C(512) << 10, 13, 6, 8192 },
        { UINT64_C(256) << 10, 12, 5, 4096 },
        { 0, 10, 3, 2048 },
    };
    size_t i = 0;

    while (config->job.memory < size[i].memory)
        i++;
    return &size[i];
}

/* zconf.h: (1 << (windowBits + 2)) + (1 << (memLevel + 9)), and the struct. */
static size_t slab_need(const struct size *s)
{
    return RN_ROUND(((size_t)1 << (s->window_bits + 2)) +
                    ((size_t)1 << (s->mem_level + 9)) + STATE);
}

size_t rn_gzip_need(const struct rn_config *config)
{
    const struct size *s = size_for(config);

    return slab_need(s) + RN_ROUND(s->input);
}

static voidpf take(voidpf opaque, uInt items, uInt size)
{
    struct rn_gzip *g = opaque;
    size_t n;
    voidpf p;

    if (size != 0 && items > SIZE_MAX / 2 / size)
        return NULL;
    n = RN_ROUND((size_t)items * size);
    if (n > g->cap - g->used)
        return NULL;
    p = g->slab + g->used;
    g->used += n;
    return p;
}

/* deflateInit2 frees what it got when it gets no more; the slab is gone with
 * the arena.
 */
static void give_back(voidpf opaque, voidpf p)
{
    (void)opaque;
    (void)p;
}

/* Let zlib work on what it has until it wants no more room. */
static int squeeze(struct rn_gzip *g, int flush)
{
    struct rn_out *next = g->next;
    int did;

    do {
        size_t room = next->cap - next->len;

        if (next->err != RN_OK)
            return next->err;
        g->z.next_out = next->buf + next->len;
        g->z.avail_out = room < UINT32_MAX ? (uInt)room : (uInt)UINT32_MAX;
        room = g->z.avail_out;
        did = deflate(&g->z, flush);
        next->len += room - g->z.avail_out;
        if (did != Z_OK && did != Z_STREAM_END && did != Z_BUF_ERROR)
            return rn_out_fail(next, RN_E_FULL);
        /* A full buffer is drained at once: no writer may find it so. */
        if (g->z.avail_out == 0 && rn_out_flush(next) < 0)
            return next->err;
    } while (flush == Z_FINISH ? did != Z_STREAM_END
                               : g->z.avail_out == 0 || g->z.avail_in > 0);
    return RN_OK;
}

static int drain(struct rn_out *o)
{
    struct rn_gzip *g = (struct rn_gzip *)o;

    RN_ASSERT(o->len <= UINT32_MAX);
    g->z.next_in = o->buf;
    g->z.avail_in = (uInt)o->len;
    return squeeze(g, Z_NO_FLUSH);
}

int rn_gzip_init(struct rn_gzip *g, const struct rn_config *config,
                 struct rn_arena *mem)
{
    const struct size *s = size_for(config);
    uint8_t *input;

    memset(g, 0, sizeof(*g));
    g->cap = slab_need(s);
    g->slab = RN_TAKE(mem, uint8_t, g->cap);
    input = RN_TAKE(mem, uint8_t, s->input);
    if (g->slab == NULL || input == NULL)
        return RN_E_FULL;
    rn_out_init(&g->out, input, s->input, drain);
    g->header.os = 255; /* unknown: the same file from each system */
    g->z.zalloc = take;
    g->z.zfree = give_back;
    g->z.opaque = g;
    if (deflateInit2(&g->z, config->file.level, Z_DEFLATED, s->window_bits + 16,
                     s->mem_level, Z_DEFAULT_STRATEGY) != Z_OK)
        return RN_E_FULL;
    return RN_OK;
}

int rn_gzip_begin(struct rn_gzip *g, struct rn_out *next)
{
    rn_out_init(&g->out, g->out.buf, g->out.cap, drain);
    g->next = next;
    if (deflateReset(&g->z) != Z_OK ||
        deflateSetHeader(&g->z, &g->header) != Z_OK)
        return rn_out_fail(&g->out, RN_E_FULL);
    return next->err == RN_OK ? RN_OK : rn_out_fail(&g->out, next->err);
}

int rn_gzip_finish(struct rn_gzip *g)
{
    int err = rn_out_flush(&g->out);

    if (err < 0)
        return err;
    g->z.next_in = g->out.buf;
    g->z.avail_in = 0;
    err = squeeze(g, Z_FINISH);
    return err < 0 ? rn_out_fail(&g->out, err) : RN_OK;
}
