/* compress/deflate.c: see compress/deflate.h. */
#include "compress/deflate.h"

/* zlib's own struct on 64-bit machines (5,936 bytes in 1.2.13, 5,968 in 1.3),
 * with the rounding of five blocks.
 */
#define STATE 6144u

/* zconf.h: (1 << (windowBits + 2)) + (1 << (memLevel + 9)), and the struct. */
size_t rn_deflate_need(const struct rn_deflate_size *size)
{
    return RN_ROUND(((size_t)1 << (size->window_bits + 2)) +
                    ((size_t)1 << (size->mem_level + 9)) + STATE);
}

static voidpf take(voidpf opaque, uInt items, uInt size)
{
    struct rn_deflate *d = opaque;
    size_t n;
    voidpf p;

    if (size != 0 && items > SIZE_MAX / 2 / size)
        return NULL;
    n = RN_ROUND((size_t)items * size);
    if (n > d->cap - d->used)
        return NULL;
    p = d->slab + d->used;
    d->used += n;
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

int rn_deflate_init(struct rn_deflate *d, const struct rn_deflate_size *size,
                    enum rn_deflate_wrap wrap, int level, struct rn_arena *mem)
{
    int bits = size->window_bits;

    memset(d, 0, sizeof(*d));
    d->cap = rn_deflate_need(size);
    d->slab = RN_TAKE(mem, uint8_t, d->cap);
    if (d->slab == NULL)
        return RN_E_FULL;
    d->header.os = 255; /* unknown: the same file from each system */
    d->z.zalloc = take;
    d->z.zfree = give_back;
    d->z.opaque = d;
    if (deflateInit2(&d->z, level, Z_DEFLATED,
                     wrap == RN_DEFLATE_RAW ? -bits : bits + 16,
                     size->mem_level, Z_DEFAULT_STRATEGY) != Z_OK)
        return RN_E_FULL;
    return RN_OK;
}

int rn_deflate_reset(struct rn_deflate *d, enum rn_deflate_wrap wrap)
{
    if (deflateReset(&d->z) != Z_OK)
        return RN_E_FULL;
    if (wrap == RN_DEFLATE_GZIP && deflateSetHeader(&d->z, &d->header) != Z_OK)
        return RN_E_FULL;
    return RN_OK;
}

int rn_deflate_push(struct rn_deflate *d, struct rn_out *next, int flush)
{
    z_stream *z = &d->z;
    int did;

    do {
        size_t room = next->cap - next->len;

        if (next->err != RN_OK)
            return next->err;
        z->next_out = next->buf + next->len;
        z->avail_out = room < UINT32_MAX ? (uInt)room : (uInt)UINT32_MAX;
        room = z->avail_out;
        did = deflate(z, flush);
        next->len += room - z->avail_out;
        if (did != Z_OK && did != Z_STREAM_END && did != Z_BUF_ERROR)
            return rn_out_fail(next, RN_E_FULL);
        /* A full buffer is drained at once: no writer may find it so. */
        if (z->avail_out == 0 && rn_out_flush(next) < 0)
            return next->err;
    } while (flush == Z_FINISH ? did != Z_STREAM_END
                               : z->avail_out == 0 || z->avail_in > 0);
    return RN_OK;
}
