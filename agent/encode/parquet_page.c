/* encode/parquet_page.c: see encode/parquet_page.h. */
#include "encode/parquet_page.h"

#include "compress/crc32.h"
#include "encode/bits.h"
#include "encode/lanes_out.h"
#include "encode/thrift.h"

/* parquet.thrift, enum PageType */
enum page_type { DATA_PAGE = 0, DICTIONARY_PAGE = 2, DATA_PAGE_V2 = 3 };

#define CODEC_BUDGET_LEAST (UINT64_C(24) << 10)
#define CODEC_BUDGET_MOST  (UINT64_C(1) << 20)
#define CODEC_BUDGET_MORE  (UINT64_C(64) << 10)

/* The most that a header takes: some twenty fields of up to six bytes. */
#define HEADER_MAX 128

/* Levels, their length and three pieces of values. */
#define PIECES_MAX 5

/* What stands behind a header. */
struct body {
    struct rn_bytes front; /* never compressed: levels of version 2 */
    struct rn_bytes piece[PIECES_MAX];
    size_t pieces;
    uint64_t raw; /* bytes of the pieces                        */
    uint64_t len; /* the same as stored                         */
    uint32_t crc; /* of all, as stored                          */
    enum { AS_IS, IN_SCRATCH, AGAIN } how;
};

static size_t codec_budget(const struct rn_config *config)
{
    uint64_t memory = config->job.memory;
    uint64_t budget = memory / 8;

    /* What small tables lose is large, and what large ones win is small. */
    if (budget > memory / 16 + CODEC_BUDGET_MORE)
        budget = memory / 16 + CODEC_BUDGET_MORE;
    if (budget < CODEC_BUDGET_LEAST)
        budget = CODEC_BUDGET_LEAST;
    return (size_t)(budget < CODEC_BUDGET_MOST ? budget : CODEC_BUDGET_MOST);
}

/* A page with its levels, which columns keep in the same slice, and one byte
 * because a stream's buffer is never left full.
 */
static size_t scratch_for(const struct rn_codec_class *cls, size_t page)
{
    return RN_ROUND(cls->bound(page + page / 16 + 64) + 1);
}

size_t rn_pq_writer_need(const struct rn_config *config, size_t page)
{
    const struct rn_codec_class *cls = rn_codec_for(config->file.compression);

    if (cls == NULL)
        return 0;
    return cls->need(page, config->file.level, codec_budget(config)) +
           scratch_for(cls, page);
}

int rn_pq_writer_init(struct rn_pq_writer *w, const struct rn_config *config,
                      size_t page, struct rn_arena *mem)
{
    const struct rn_codec_class *cls = rn_codec_for(config->file.compression);
    int err;

    *w = (struct rn_pq_writer){ .version = config->file.data_page };
    if (cls == NULL)
        return config->file.compression == RN_COMPRESSION_NONE ? RN_OK
                                                               : RN_E_ABSENT;
    err = cls->init(&w->codec, page, config->file.level, codec_budget(config),
                    mem);
    if (err < 0)
        return err;
    w->cap = scratch_for(cls, page);
    w->scratch = RN_TAKE(mem, uint8_t, w->cap);
    return w->scratch == NULL ? RN_E_FULL : RN_OK;
}

/* A stream that keeps nothing but length and checksum. */
struct tally {
    struct rn_out out; /* first member */
    uint32_t crc;
};

static int tally_drain(struct rn_out *out)
{
    struct tally *t = (struct tally *)out;

    t->crc = rn_crc32(t->crc, out->buf, out->len);
    return RN_OK;
}

static int refuse_drain(struct rn_out *out)
{
    (void)out;
    return RN_E_FULL; /* the codec's bound was none */
}

static int pack_to_scratch(struct rn_pq_writer *w, struct body *b)
{
    struct rn_out out;
    int err;

    rn_out_init(&out, w->scratch, w->cap, refuse_drain);
    err = w->codec->cls->pack(w->codec, b->piece, b->pieces, &out);
    if (err < 0)
        return err;
    b->len = out.len;
    b->crc = rn_crc32(b->crc, w->scratch, out.len);
    b->how = IN_SCRATCH;
    return RN_OK;
}

static int pack_to_tally(struct rn_pq_writer *w, struct body *b)
{
    struct tally t = { .crc = b->crc };
    int err;

    rn_out_init(&t.out, w->scratch, w->cap, tally_drain);
    err = w->codec->cls->pack(w->codec, b->piece, b->pieces, &t.out);
    if (err >= 0)
        err = rn_out_flush(&t.out);
    if (err < 0)
        return err;
    b->len = t.out.total;
    b->crc = t.crc;
    b->how = AGAIN;
    return RN_OK;
}

static void keep_as_is(struct body *b)
{
    b->crc = rn_crc32(0, b->front.p, b->front.n);
    for (size_t i = 0; i < b->pieces; i++)
        b->crc = rn_crc32(b->crc, b->piece[i].p, b->piece[i].n);
    b->len = b->raw;
    b->how = AS_IS;
}

/* Learn length and checksum as stored. `may`: what compression doesn't help
 * may be stored as it is.
 */
static int prepare(struct rn_pq_writer *w, struct body *b, bool may)
{
    int err = RN_OK;

    b->raw = 0;
    for (size_t i = 0; i < b->pieces; i++)
        b->raw += b->piece[i].n;
    if (w->codec == NULL || (may && b->raw == 0)) {
        keep_as_is(b);
    } else {
        b->crc = rn_crc32(0, b->front.p, b->front.n);
        err = w->codec->cls->bound((size_t)b->raw) < w->cap
                  ? pack_to_scratch(w, b)
                  : pack_to_tally(w, b);
        if (err == RN_OK && may && b->len >= b->raw)
            keep_as_is(b);
    }
    /* The format counts in 31 bits. */
    if (b->raw + b->front.n > INT32_MAX || b->len + b->front.n > INT32_MAX)
        return RN_E_FULL;
    return err;
}

static int put(const struct rn_lanes_out *at, struct rn_bytes b)
{
    if (b.n == 0)
        return RN_OK;
    return at->head ? at->lanes->head(at->lanes, at->lane, b.p, b.n)
                    : at->lanes->put(at->lanes, at->lane, b.p, b.n);
}

static int pack_again(struct rn_pq_writer *w, const struct body *b,
                      struct rn_lanes_out *at)
{
    int err;

    rn_lanes_out_init(at, w->scratch, w->cap);
    err = w->codec->cls->pack(w->codec, b->piece, b->pieces, &at->out);
    if (err >= 0)
        err = rn_out_flush(&at->out);
    /* What the header says is what is there. */
    RN_ASSERT(err < 0 || at->out.total == b->len);
    return err;
}

static int store(struct rn_pq_writer *w, const struct body *b,
                 struct rn_bytes header, struct rn_lanes_out *at)
{
    int err = put(at, header);

    if (err == RN_OK)
        err = put(at, b->front);
    if (err < 0)
        return err;
    if (b->how == IN_SCRATCH)
        return put(at, (struct rn_bytes){ w->scratch, (size_t)b->len });
    if (b->how == AGAIN)
        return pack_again(w, b, at);
    for (size_t i = 0; err == RN_OK && i < b->pieces; i++)
        err = put(at, b->piece[i]);
    return err;
}

/* The fields that all kinds of pages share. */
static void begin_header(struct rn_thrift *t, struct rn_out *out,
                         enum page_type type, const struct body *b)
{
    uint32_t crc = b->crc;
    int32_t as_signed;

    memcpy(&as_signed, &crc, sizeof(as_signed));
    rn_thrift_begin(t, out);
    rn_thrift_i32(t, 1, (int32_t)type);
    rn_thrift_i32(t, 2, (int32_t)(b->raw + b->front.n));
    rn_thrift_i32(t, 3, (int32_t)(b->len + b->front.n));
    rn_thrift_i32(t, 4, as_signed);
}

static struct rn_bytes end_header(struct rn_thrift *t)
{
    rn_thrift_end(t); /* of the kind */
    rn_thrift_end(t);
    RN_ASSERT(t->out->err == RN_OK);
    return (struct rn_bytes){ t->out->buf, t->out->len };
}

static struct rn_bytes data_header(const struct rn_pq_page *page,
                                   const struct body *b, struct rn_out *out)
{
    struct rn_thrift t;

    begin_header(&t, out, DATA_PAGE, b);
    rn_thrift_struct(&t, 5);
    rn_thrift_i32(&t, 1, (int32_t)page->rows);
    rn_thrift_i32(&t, 2, (int32_t)page->encoding);
    rn_thrift_i32(&t, 3, RN_PQ_RLE);
    rn_thrift_i32(&t, 4, RN_PQ_RLE);
    return end_header(&t);
}

static struct rn_bytes data_header_v2(const struct rn_pq_page *page,
                                      const struct body *b, struct rn_out *out)
{
    struct rn_thrift t;

    begin_header(&t, out, DATA_PAGE_V2, b);
    rn_thrift_struct(&t, 8);
    rn_thrift_i32(&t, 1, (int32_t)page->rows);
    rn_thrift_i32(&t, 2, (int32_t)page->nulls);
    rn_thrift_i32(&t, 3, (int32_t)page->rows);
    rn_thrift_i32(&t, 4, (int32_t)page->encoding);
    rn_thrift_i32(&t, 5, (int32_t)b->front.n);
    rn_thrift_i32(&t, 6, 0);
    rn_thrift_bool(&t, 7, b->how != AS_IS);
    return end_header(&t);
}

static struct rn_bytes dictionary_header(uint32_t count, const struct body *b,
                                         struct rn_out *out)
{
    struct rn_thrift t;

    begin_header(&t, out, DICTIONARY_PAGE, b);
    rn_thrift_struct(&t, 7);
    rn_thrift_i32(&t, 1, (int32_t)count);
    rn_thrift_i32(&t, 2, RN_PQ_PLAIN);
    return end_header(&t);
}

/* Version 1 has the levels among the values, behind their length. */
static void add_levels(struct body *b, int version, struct rn_bytes levels,
                       uint8_t prefix[4])
{
    if (levels.n == 0)
        return;
    if (version == 2) {
        b->front = levels;
        return;
    }
    rn_put_le32(prefix, (uint32_t)levels.n);
    b->piece[b->pieces++] = (struct rn_bytes){ prefix, 4 };
    b->piece[b->pieces++] = levels;
}

static void count_page(struct rn_pq_chunk *chunk, const struct rn_pq_type *type,
                       const struct rn_pq_page *page, uint64_t bytes)
{
    struct rn_pq_page_counts counts = { (uint32_t)bytes, page->rows,
                                        page->nulls };

    chunk->rows += page->rows;
    chunk->nulls += page->nulls;
    chunk->bytes += bytes;
    chunk->pages++;
    chunk->dictionary_pages += page->encoding == RN_PQ_RLE_DICTIONARY;
    chunk->encodings |= 1u << page->encoding;
    rn_pq_bounds_join(&chunk->bounds, type, page->bounds);
    rn_pq_index_add(&chunk->index, type, &counts, page->bounds);
}

int rn_pq_page_write(struct rn_pq_writer *w, struct rn_pq_chunk *chunk,
                     const struct rn_pq_type *type, uint32_t lane,
                     const struct rn_pq_page *page)
{
    struct rn_lanes_out at = { .lanes = w->lanes, .lane = lane };
    struct body b = { .pieces = 0 };
    uint8_t prefix[4], room[HEADER_MAX];
    struct rn_bytes header;
    struct rn_out out;
    int err;

    RN_ASSERT(page->pieces <= RN_COUNTOF(page->value));
    add_levels(&b, w->version, page->levels, prefix);
    for (size_t i = 0; i < page->pieces; i++) {
        if (page->value[i].n > 0)
            b.piece[b.pieces++] = page->value[i];
    }
    err = prepare(w, &b, w->version == 2);
    if (err < 0)
        return err;
    rn_out_init(&out, room, sizeof(room), refuse_drain);
    header = w->version == 2 ? data_header_v2(page, &b, &out)
                             : data_header(page, &b, &out);
    err = store(w, &b, header, &at);
    if (err < 0)
        return err;
    chunk->raw_bytes += header.n + b.front.n + b.raw;
    count_page(chunk, type, page, header.n + b.front.n + b.len);
    return RN_OK;
}

int rn_pq_dictionary_write(struct rn_pq_writer *w, struct rn_pq_chunk *chunk,
                           uint32_t lane, struct rn_bytes values,
                           uint32_t count)
{
    struct rn_lanes_out at = { .lanes = w->lanes, .lane = lane, .head = true };
    struct body b = { .piece = { values }, .pieces = 1 };
    uint8_t room[HEADER_MAX];
    struct rn_bytes header;
    struct rn_out out;
    int err = prepare(w, &b, false);

    if (err < 0)
        return err;
    RN_ASSERT(chunk->dictionary_bytes == 0);
    rn_out_init(&out, room, sizeof(room), refuse_drain);
    header = dictionary_header(count, &b, &out);
    err = store(w, &b, header, &at);
    if (err < 0)
        return err;
    chunk->dictionary_bytes = header.n + b.len;
    chunk->dictionary_raw = header.n + b.raw;
    return RN_OK;
}

void rn_pq_chunk_clear(struct rn_pq_chunk *chunk)
{
    struct rn_pq_chunk clear = { .index = chunk->index, .bloom = chunk->bloom };

    *chunk = clear;
    rn_pq_bounds_clear(&chunk->bounds);
    rn_pq_index_clear(&chunk->index);
    if (chunk->bloom)
        rn_pq_bloom_clear(chunk->bloom);
}
