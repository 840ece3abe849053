/* compress/codec_zlib.c: gzip (RFC 1952) for Parquet's pages, deflate
 * (RFC 1951, nothing around it) for Avro's blocks.
 */
#include "compress/codec_list.h"
#include "compress/deflate.h"

struct zlib_codec {
    struct rn_codec base;
    enum rn_deflate_wrap wrap;
    struct rn_deflate deflate;
};

/* A window beyond the unit finds nothing more. With memLevel 7 below the bits
 * of the window its tables are as large as the window's, as in zlib's default.
 */
static struct rn_deflate_size size_for(size_t unit, size_t budget)
{
    struct rn_deflate_size size = { 15, 8 };

    while (size.window_bits > 9 &&
           (unit <= (size_t)1 << (size.window_bits - 1) ||
            rn_deflate_need(&size) > budget)) {
        size.window_bits--;
        size.mem_level--;
    }
    return size;
}

static size_t zlib_need(size_t unit, int level, size_t budget)
{
    struct rn_deflate_size size = size_for(unit, budget);

    (void)level;
    return RN_ROUND(sizeof(struct zlib_codec)) + rn_deflate_need(&size);
}

static int open_as(const struct rn_codec_class *cls, struct rn_codec **c,
                   const struct rn_deflate_size *size, int level,
                   struct rn_arena *mem)
{
    struct zlib_codec *z = RN_TAKE(mem, struct zlib_codec, 1);

    if (z == NULL)
        return RN_E_FULL;
    z->base.cls = cls;
    z->wrap =
        cls->kind == RN_COMPRESSION_GZIP ? RN_DEFLATE_GZIP : RN_DEFLATE_RAW;
    *c = &z->base;
    return rn_deflate_init(&z->deflate, size, z->wrap, level, mem);
}

static int gzip_init(struct rn_codec **c, size_t unit, int level, size_t budget,
                     struct rn_arena *mem)
{
    struct rn_deflate_size size = size_for(unit, budget);

    return open_as(&rn_codec_gzip, c, &size, level, mem);
}

static int deflate_init(struct rn_codec **c, size_t unit, int level,
                        size_t budget, struct rn_arena *mem)
{
    struct rn_deflate_size size = size_for(unit, budget);

    return open_as(&rn_codec_deflate, c, &size, level, mem);
}

/* Without a stream zlib assumes the worst window and tables; 12 is what gzip's
 * header and trailer have more than its own.
 */
static size_t zlib_bound(size_t n)
{
    return deflateBound(NULL, (uLong)n) + 12;
}

static int zlib_pack(struct rn_codec *c, const struct rn_bytes *piece,
                     size_t pieces, struct rn_out *out)
{
    struct zlib_codec *z = (struct zlib_codec *)c;
    z_stream *stream = &z->deflate.z;

    if (rn_deflate_reset(&z->deflate, z->wrap) < 0)
        return rn_out_fail(out, RN_E_FULL);
    for (size_t i = 0; i < pieces; i++) {
        RN_ASSERT(piece[i].n <= UINT32_MAX);
        if (piece[i].n == 0)
            continue;
        stream->next_in = (Bytef *)piece[i].p; /* only read */
        stream->avail_in = (uInt)piece[i].n;
        if (rn_deflate_push(&z->deflate, out, Z_NO_FLUSH) < 0)
            return out->err;
    }
    stream->avail_in = 0;
    return rn_deflate_push(&z->deflate, out, Z_FINISH);
}

const struct rn_codec_class rn_codec_gzip = {
    "gzip",    RN_COMPRESSION_GZIP,  zlib_need, gzip_init, zlib_bound,
    zlib_pack, "zlib " ZLIB_VERSION,
};

const struct rn_codec_class rn_codec_deflate = {
    "deflate", RN_COMPRESSION_DEFLATE, zlib_need, deflate_init, zlib_bound,
    zlib_pack, "zlib " ZLIB_VERSION,
};
