/* compress/codec_snappy.c: snappy's raw format (no framing).
 *
 * A unit is its length as a varint, then elements. The library makes them of
 * at most 64 KiB of input at a time and looks for matches nowhere else, so a
 * unit is cut into slices of that size, or of less where memory is short. With
 * 64 KiB the bytes are those of the library's own snappy_compress().
 */
#include "compress/codec_list.h"
#include "compress/snappy_fragment.h"

#define SLICE_MIN   1024u
#define ENTRIES_MIN 256u

struct snappy_codec {
    struct rn_codec base;
    struct rn_out *out; /* of the current unit */
    uint16_t *table;
    uint8_t *slice;   /* input that lies in several pieces */
    uint8_t *scratch; /* output that the stream has no room for */
    size_t cap;       /* bytes of a slice */
    size_t entries;   /* of the table */
};

struct size {
    size_t slice;
    size_t entries;
};

/* snappy.h: MaxCompressedLength */
static size_t grown(size_t n)
{
    return 32 + n + n / 6;
}

/* What the library takes for n bytes: more entries than bytes help nothing. */
static size_t entries_for(size_t n, size_t most)
{
    size_t entries = ENTRIES_MIN;

    while (entries < n && entries < most)
        entries *= 2;
    return entries;
}

static size_t size_need(const struct size *size)
{
    return RN_ROUND(sizeof(struct snappy_codec)) +
           RN_ROUND(size->entries * sizeof(uint16_t)) + RN_ROUND(size->slice) +
           RN_ROUND(grown(size->slice));
}

static struct size size_for(size_t unit, size_t budget)
{
    struct size size;

    size.slice = unit < RN_SNAPPY_FRAGMENT ? unit : RN_SNAPPY_FRAGMENT;
    if (size.slice < SLICE_MIN)
        size.slice = SLICE_MIN;
    size.entries = entries_for(size.slice, RN_SNAPPY_ENTRIES);
    while (size_need(&size) > budget && size.slice > SLICE_MIN) {
        /* A quarter of the table costs less than half of a slice. */
        if (size.entries * 4 > size.slice)
            size.entries /= 2;
        else
            size.slice = RN_ROUND(size.slice / 2);
    }
    return size;
}

static size_t snappy_need(size_t unit, int level, size_t budget)
{
    struct size size = size_for(unit, budget);

    (void)level;
    return size_need(&size);
}

static int snappy_init(struct rn_codec **c, size_t unit, int level,
                       size_t budget, struct rn_arena *mem)
{
    struct size size = size_for(unit, budget);
    struct snappy_codec *s = RN_TAKE(mem, struct snappy_codec, 1);

    (void)level;
    if (s == NULL)
        return RN_E_FULL;
    s->base.cls = &rn_codec_snappy;
    s->cap = size.slice;
    s->entries = size.entries;
    s->table = RN_TAKE(mem, uint16_t, size.entries);
    s->slice = RN_TAKE(mem, uint8_t, size.slice);
    s->scratch = RN_TAKE(mem, uint8_t, grown(size.slice));
    if (s->table == NULL || s->slice == NULL || s->scratch == NULL)
        return RN_E_FULL;
    *c = &s->base;
    return RN_OK;
}

/* Of the smallest slices, and the length before them. */
static size_t snappy_bound(size_t n)
{
    return 10 + grown(n) + n / SLICE_MIN * 32;
}

static void put_length(struct rn_out *out, uint32_t n)
{
    for (; n >= 0x80; n >>= 7)
        rn_out_byte(out, (uint8_t)(n | 0x80));
    rn_out_byte(out, (uint8_t)n);
}

static void put_slice(struct snappy_codec *s, const uint8_t *p, size_t n)
{
    size_t entries = entries_for(n, s->entries);
    struct rn_out *out = s->out;
    bool direct = grown(n) < out->cap - out->len;
    uint8_t *to = direct ? out->buf + out->len : s->scratch;
    size_t len;

    memset(s->table, 0, entries * sizeof(*s->table));
    len = rn_snappy_fragment((const char *)p, n, (char *)to, s->table,
                             (int)entries);
    if (direct)
        out->len += len;
    else
        rn_out_put(out, s->scratch, len);
}

static int snappy_pack(struct rn_codec *c, const struct rn_bytes *piece,
                       size_t pieces, struct rn_out *out)
{
    struct snappy_codec *s = (struct snappy_codec *)c;
    struct rn_bytes from = { NULL, 0 };
    uint64_t left = 0;
    size_t held = 0;

    for (size_t i = 0; i < pieces; i++)
        left += piece[i].n;
    if (left > UINT32_MAX)
        return rn_out_fail(out, RN_E_FULL);
    s->out = out;
    put_length(out, (uint32_t)left);
    while (left > 0 && out->err == RN_OK) {
        size_t want = left < s->cap ? (size_t)left : s->cap;
        size_t n;

        while (from.n == 0)
            from = *piece++;
        n = from.n < want - held ? from.n : want - held;
        /* A slice that lies in one piece is compressed where it is. */
        if (n == want) {
            put_slice(s, from.p, n);
            left -= n;
        } else {
            memcpy(s->slice + held, from.p, n);
            held += n;
            if (held == want) {
                put_slice(s, s->slice, want);
                left -= want;
                held = 0;
            }
        }
        from.p += n;
        from.n -= n;
    }
    return out->err;
}

const struct rn_codec_class rn_codec_snappy = {
    "snappy",     RN_COMPRESSION_SNAPPY, snappy_need,       snappy_init,
    snappy_bound, snappy_pack,           rn_snappy_library,
};
