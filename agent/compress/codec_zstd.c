/* compress/codec_zstd.c: zstd in one static context.
 *
 * A unit is one frame with its length at the head and no dictionary, checksum
 * or second frame, which is what every reader takes. What is fed until the
 * last byte doesn't end the frame, so that neither the pieces nor the room in
 * the output decide where zstd cuts its blocks.
 */
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

#include "compress/codec_list.h"

struct zstd_codec {
    struct rn_codec base;
    ZSTD_CCtx *context;
};

/* The library hides this struct and would allocate it (about 220 bytes in
 * 1.5.7). Its init() writes no more than it has.
 */
union params {
    max_align_t align;
    uint8_t room[1024];
};

struct size {
    ZSTD_compressionParameters c;
    size_t unit;
    size_t parts; /* of a unit, a block each */
    size_t block;
};

#define CODEC RN_ROUND(sizeof(struct zstd_codec))

#define BLOCK_MIN  2048u
#define WINDOW_MIN ZSTD_WINDOWLOG_MIN
#define TABLE_MIN  8u

/* What a unit may be longer than was said and still not begin one more block:
 * a few bytes in front of the values.
 */
#define UNIT_MORE 64u

/* Bytes of budget from which levels of 13 and more keep their strategy. */
#define OPTIMAL_FROM (512u << 10)

static ZSTD_CCtx_params *params_of(union params *room, const struct size *size)
{
    ZSTD_CCtx_params *p = (ZSTD_CCtx_params *)room;
    ZSTD_parameters how;

    memset(&how, 0, sizeof(how));
    how.cParams = size->c;
    how.fParams.contentSizeFlag = 1;
    how.fParams.noDictIDFlag = 1;
    memset(room->room, 0xa5, sizeof(room->room));
    ZSTD_CCtxParams_init_advanced(p, how);
    RN_ASSERT(room->room[sizeof(room->room) / 2] == 0xa5);
    ZSTD_CCtxParams_setParameter(p, ZSTD_c_maxBlockSize, (int)size->block);
    return p;
}

static size_t context_need(const struct size *size)
{
    union params room;

    return ZSTD_estimateCStreamSize_usingCCtxParams(params_of(&room, size));
}

static void divide(struct size *size)
{
    size->block = (size->unit + UNIT_MORE) / size->parts + 1;
    if (size->block < BLOCK_MIN)
        size->block = BLOCK_MIN;
    if (size->block > ZSTD_BLOCKSIZE_MAX)
        size->block = ZSTD_BLOCKSIZE_MAX;
    if (size->block > (size_t)1 << size->c.windowLog)
        size->block = (size_t)1 << size->c.windowLog;
}

static size_t table_bytes(const ZSTD_compressionParameters *c)
{
    size_t n = (size_t)4 << c->hashLog;

    return c->strategy == ZSTD_fast ? n : n + ((size_t)4 << c->chainLog);
}

/* A unit that is hardly longer than half a window loses nothing with half. */
static bool window_is_vain(const struct size *size)
{
    size_t window = (size_t)1 << size->c.windowLog;

    return size->c.windowLog > WINDOW_MIN &&
           size->unit <= window / 2 + window / 16;
}

/* Halve what takes most. Blocks count five times: they are gathered, kept as
 * literals and sequences, and written. False when all is as small as it gets.
 */
static bool shrink(struct size *size, size_t budget)
{
    ZSTD_compressionParameters *c = &size->c;
    size_t tables = c->hashLog > TABLE_MIN ? table_bytes(c) : 0;
    size_t blocks = size->block > BLOCK_MIN ? 5 * size->block : 0;
    size_t window = c->windowLog > WINDOW_MIN ? (size_t)2 << c->windowLog : 0;

    if (c->strategy > ZSTD_lazy2 && budget < OPTIMAL_FROM) {
        c->strategy = ZSTD_lazy2;
    } else if (window_is_vain(size)) {
        c->windowLog--;
    } else if (tables > 0 && tables >= blocks && tables >= window) {
        c->hashLog--;
        if (c->chainLog > TABLE_MIN)
            c->chainLog--;
    } else if (blocks > 0 && blocks >= window) {
        size->parts *= 2;
    } else if (window > 0) {
        c->windowLog--;
    } else {
        return false;
    }
    divide(size);
    return true;
}

/* What the level asks for, shrunk until it fits; the context's bytes. */
static size_t size_for(struct size *size, size_t unit, int level, size_t budget)
{
    size_t room = budget > CODEC ? budget - CODEC : 0;
    size_t n;

    RN_ASSERT(level >= 1 && level <= 19);
    size->unit = unit > 0 ? unit : 1;
    size->parts = size->unit / (ZSTD_BLOCKSIZE_MAX + 1) + 1;
    size->c = ZSTD_getCParams(level, size->unit, 0);
    divide(size);
    do {
        n = RN_ROUND(context_need(size));
    } while (n > room && shrink(size, budget));
    return n;
}

static size_t zstd_need(size_t unit, int level, size_t budget)
{
    struct size size;

    return CODEC + size_for(&size, unit, level, budget);
}

/* Begin a frame for n bytes, whatever became of the last one. */
static bool begin(struct zstd_codec *z, uint64_t n)
{
    return !ZSTD_isError(
               ZSTD_CCtx_reset(z->context, ZSTD_reset_session_only)) &&
           !ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(z->context, n));
}

/* Feed p until zstd has taken all of it (ZSTD_e_continue) or, with ZSTD_e_end,
 * also until the frame is written.
 */
static int feed(struct zstd_codec *z, struct rn_bytes from, struct rn_out *out,
                ZSTD_EndDirective how)
{
    ZSTD_inBuffer in = { from.p, from.n, 0 };
    size_t left;

    do {
        ZSTD_outBuffer to = { out->buf, out->cap, out->len };

        if (out->err != RN_OK)
            return out->err;
        left = ZSTD_compressStream2(z->context, &to, &in, how);
        if (ZSTD_isError(left))
            return rn_out_fail(out, RN_E_FULL);
        out->len = to.pos;
        /* A full buffer is drained at once: no writer may find it so. */
        if (out->len == out->cap && rn_out_flush(out) < 0)
            return out->err;
    } while (in.pos < in.size || (how == ZSTD_e_end && left > 0));
    return RN_OK;
}

/* All tables are laid out when the first byte comes, and larger units take no
 * more: what fits now fits always.
 */
static bool fits(struct zstd_codec *z)
{
    uint8_t byte = 0;
    ZSTD_inBuffer in = { &byte, 1, 0 };
    ZSTD_outBuffer out = { &byte, 0, 0 };

    return begin(z, UINT32_MAX) && !ZSTD_isError(ZSTD_compressStream2(
                                       z->context, &out, &in, ZSTD_e_continue));
}

static int zstd_init(struct rn_codec **c, size_t unit, int level, size_t budget,
                     struct rn_arena *mem)
{
    struct zstd_codec *z = RN_TAKE(mem, struct zstd_codec, 1);
    union params room;
    struct size size;
    size_t n = size_for(&size, unit, level, budget);
    uint8_t *slab = RN_TAKE(mem, uint8_t, n);

    if (z == NULL || slab == NULL)
        return RN_E_FULL;
    z->base.cls = &rn_codec_zstd;
    z->context = ZSTD_initStaticCCtx(slab, n);
    if (z->context == NULL ||
        ZSTD_isError(ZSTD_CCtx_setParametersUsingCCtxParams(
            z->context, params_of(&room, &size))) ||
        !fits(z))
        return RN_E_FULL;
    *c = &z->base;
    return RN_OK;
}

/* Three bytes for each of the smallest blocks, a head, an end. */
static size_t zstd_bound(size_t n)
{
    return ZSTD_compressBound(n) + n / BLOCK_MIN * 3;
}

static int zstd_pack(struct rn_codec *c, const struct rn_bytes *piece,
                     size_t pieces, struct rn_out *out)
{
    struct zstd_codec *z = (struct zstd_codec *)c;
    struct rn_bytes last = { NULL, 0 };
    uint64_t n = 0;

    for (size_t i = 0; i < pieces; i++)
        n += piece[i].n;
    if (out->err != RN_OK)
        return out->err;
    if (!begin(z, n))
        return rn_out_fail(out, RN_E_FULL);
    for (; n > 0; piece++) {
        struct rn_bytes from = *piece;

        n -= from.n;
        if (n == 0) {
            last.p = from.p + --from.n;
            last.n = 1;
        }
        if (from.n > 0 && feed(z, from, out, ZSTD_e_continue) < 0)
            return out->err;
    }
    return feed(z, last, out, ZSTD_e_end);
}

const struct rn_codec_class rn_codec_zstd = {
    "zstd",    RN_COMPRESSION_ZSTD,         zstd_need, zstd_init, zstd_bound,
    zstd_pack, "zstd " ZSTD_VERSION_STRING,
};
