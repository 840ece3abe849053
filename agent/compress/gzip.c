/* compress/gzip.c: see compress/gzip.h. */
#include "compress/gzip.h"

#include "compress/crc32.h"

struct size {
    uint64_t memory; /* job.memory from which this is used */
    struct rn_deflate_size deflate;
    size_t input; /* bytes */
};

static const struct size *size_for(const struct rn_config *config)
{
    static const struct size size[] = {
        { UINT64_C(4) << 20, { 15, 8 }, 16384 },
        { UINT64_C(1) << 20, { 14, 7 }, 8192 },
        { UINT64_C(512) << 10, { 13, 6 }, 8192 },
        { UINT64_C(256) << 10, { 12, 5 }, 4096 },
        { 0, { 10, 3 }, 2048 },
    };
    size_t i = 0;

    while (config->job.memory < size[i].memory)
        i++;
    return &size[i];
}

bool rn_gzip_is_here(void)
{
    return true;
}

size_t rn_gzip_need(const struct rn_config *config)
{
    const struct size *s = size_for(config);

    return rn_deflate_need(&s->deflate) + RN_ROUND(s->input);
}

static int drain(struct rn_out *o)
{
    struct rn_gzip *g = (struct rn_gzip *)o;

    RN_ASSERT(o->len <= UINT32_MAX);
    g->crc = rn_crc32(g->crc, o->buf, o->len);
    g->length += (uint32_t)o->len;
    g->deflate.z.next_in = o->buf;
    g->deflate.z.avail_in = (uInt)o->len;
    return rn_deflate_push(&g->deflate, g->next, Z_NO_FLUSH);
}

int rn_gzip_init(struct rn_gzip *g, const struct rn_config *config,
                 struct rn_arena *mem)
{
    const struct size *s = size_for(config);
    uint8_t *input;

    g->next = NULL;
    g->level = config->file.level;
    if (rn_deflate_init(&g->deflate, &s->deflate, RN_DEFLATE_RAW, g->level,
                        mem) < 0)
        return RN_E_FULL;
    input = RN_TAKE(mem, uint8_t, s->input);
    if (input == NULL)
        return RN_E_FULL;
    rn_out_init(&g->out, input, s->input, drain);
    return RN_OK;
}

static int start(struct rn_gzip *g, struct rn_out *next)
{
    rn_out_init(&g->out, g->out.buf, g->out.cap, drain);
    g->next = next;
    if (rn_deflate_reset(&g->deflate, RN_DEFLATE_RAW) < 0)
        return rn_out_fail(&g->out, RN_E_FULL);
    return next->err == RN_OK ? RN_OK : rn_out_fail(&g->out, next->err);
}

int rn_gzip_begin(struct rn_gzip *g, struct rn_out *next)
{
    /* Magic, deflate, no flags and no time; how hard was tried; the system is
     * unknown, so that all give the same file.
     */
    uint8_t head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255 };
    int err = start(g, next);

    if (err < 0)
        return err;
    if (g->level == 9)
        head[8] = 2;
    else if (g->level == 1)
        head[8] = 4;
    g->crc = 0;
    g->length = 0;
    rn_out_put(next, head, sizeof(head));
    return next->err == RN_OK ? RN_OK : rn_out_fail(&g->out, next->err);
}

/* Out with what waits; `flush` is what zlib makes of it. */
static int push(struct rn_gzip *g, int flush)
{
    int err = rn_out_flush(&g->out);

    if (err < 0)
        return err;
    g->deflate.z.next_in = g->out.buf;
    g->deflate.z.avail_in = 0;
    err = rn_deflate_push(&g->deflate, g->next, flush);
    return err < 0 ? rn_out_fail(&g->out, err) : RN_OK;
}

int rn_gzip_rest(struct rn_gzip *g)
{
    return push(g, Z_FULL_FLUSH);
}

int rn_gzip_finish(struct rn_gzip *g)
{
    uint8_t tail[8];
    int err = push(g, Z_FINISH);

    if (err < 0)
        return err;
    for (unsigned i = 0; i < 4; i++) {
        tail[i] = (uint8_t)(g->crc >> (8 * i));
        tail[4 + i] = (uint8_t)(g->length >> (8 * i));
    }
    rn_out_put(g->next, tail, sizeof(tail));
    return g->next->err == RN_OK ? RN_OK : rn_out_fail(&g->out, g->next->err);
}

void rn_gzip_save(const struct rn_gzip *g, struct rn_record *r)
{
    rn_record_put(r, g->crc, 4);
    rn_record_put(r, g->length, 4);
}

int rn_gzip_restore(struct rn_gzip *g, struct rn_record *r, struct rn_out *next)
{
    g->crc = (uint32_t)rn_record_get(r, 4);
    g->length = (uint32_t)rn_record_get(r, 4);
    return r->bad ? RN_E_TORN : start(g, next);
}
