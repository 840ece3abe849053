/* parquet_reader_page.c: see parquet_reader_page.h. */
#include "parquet_reader_page.h"

#include <dlfcn.h>

#include <zlib.h>

#include "parquet_reader_value.h"
#include "unsnap.h"

/* parquet.thrift, enum CompressionCodec */
enum codec { NONE = 0, SNAPPY = 1, GZIP = 2, ZSTD = 6 };

/* ------------------------------------------------------------- headers */

static uint32_t small(struct thrift_at at, int id, uint64_t most)
{
    uint64_t n = pq_count(at, id);

    pq_want(n <= most, "a page has too many rows or bytes");
    return (uint32_t)n;
}

static void data_head(struct thrift_at at, struct pq_page_head *head)
{
    at = thrift_field(at, 5);
    head->values = small(at, 1, PQ_PAGE_ROWS);
    head->encoding = (int)pq_count(at, 2);
    pq_want(pq_count(at, 3) == PQ_RLE && pq_count(at, 4) == PQ_RLE,
            "levels are not RLE");
}

static void data_head_v2(struct thrift_at at, struct pq_page_head *head)
{
    uint64_t levels;

    at = thrift_field(at, 8);
    head->values = small(at, 1, PQ_PAGE_ROWS);
    head->nulls = small(at, 2, head->values);
    pq_want(pq_count(at, 3) == head->values, "a flat page has other rows");
    head->encoding = (int)pq_count(at, 4);
    levels = pq_count(at, 5);
    pq_want(pq_count(at, 6) == 0, "a flat page has repetition levels");
    pq_want(levels <= head->stored.n && levels <= head->raw_body,
            "levels go past their page");
    head->front = (struct rn_bytes){ head->stored.p, (size_t)levels };
    head->stored.p += levels;
    head->stored.n -= (size_t)levels;
    head->raw_body -= (size_t)levels;
    head->packed = !thrift_has(at, 7) || thrift_true(thrift_field(at, 7));
}

static void dictionary_head(struct thrift_at at, struct pq_page_head *head)
{
    at = thrift_field(at, 7);
    head->values = small(at, 1, PQ_PAGE_ROWS);
    head->encoding = (int)pq_count(at, 2);
    pq_want(head->encoding == PQ_PLAIN || head->encoding == PQ_PLAIN_DICTIONARY,
            "a dictionary is not plain");
}

void pq_page_head(const struct pq_reader *r, uint64_t at, uint64_t end,
                  struct pq_page_head *head)
{
    struct rn_bytes chunk = pq_slice(r, at, end - at);
    struct thrift_at t = thrift_open(chunk.p, chunk.p + chunk.n);
    size_t header = thrift_size(t), body = small(t, 3, UINT32_MAX / 2);

    pq_want(body <= chunk.n - header, "a page goes past its chunk");
    memset(head, 0, sizeof(*head));
    head->type = (enum pq_page_type)pq_count(t, 1);
    head->size = header + body;
    head->raw_body = small(t, 2, PQ_PAGE_BYTES);
    head->raw = header + head->raw_body;
    head->stored = (struct rn_bytes){ chunk.p + header, body };
    head->packed = true;
    pq_want((uint32_t)thrift_field_int(t, 4) ==
                (uint32_t)crc32(0, head->stored.p, (uInt)body),
            "a page's CRC is another");
    if (head->type == PQ_DATA)
        data_head(t, head);
    else if (head->type == PQ_DATA_V2)
        data_head_v2(t, head);
    else if (head->type == PQ_DICTIONARY)
        dictionary_head(t, head);
    else
        pq_broken("a page of no type that there is");
}

/* --------------------------------------------------------------- codecs */

static size_t gunzip(struct rn_bytes from, uint8_t *to, size_t cap)
{
    z_stream z = { .next_in = (Bytef *)from.p,
                   .avail_in = (uInt)from.n,
                   .next_out = to,
                   .avail_out = (uInt)cap };
    int did = inflateInit2(&z, 15 + 16);

    pq_want(did == Z_OK, "zlib has no memory");
    did = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    pq_want(did == Z_STREAM_END && z.avail_in == 0, "gzip is broken");
    return cap - z.avail_out;
}

static size_t unzstd(struct rn_bytes from, uint8_t *to, size_t cap)
{
    static size_t (*decompress)(void *, size_t, const void *, size_t);

    if (decompress == NULL) {
        void *library = dlopen("libzstd.so.1", RTLD_NOW);

        pq_want(library != NULL, "there is no libzstd.so.1 to read it");
        *(void **)&decompress = dlsym(library, "ZSTD_decompress");
        pq_want(decompress != NULL, "libzstd.so.1 is another library");
    }
    return decompress(to, cap, from.p, from.n);
}

/* The body as it was before compression, in `room` or where it is. */
static struct rn_bytes unpacked(int codec, const struct pq_page_head *head,
                                struct pq_buffer *room)
{
    struct rn_bytes b = head->stored;
    size_t n;

    if (codec == NONE || !head->packed) {
        pq_want(b.n == head->raw_body, "a page's two sizes differ");
        return b;
    }
    /* One byte more: what unpacks to more than was said must be seen. */
    b.p = pq_room(room, head->raw_body + 1);
    if (codec == SNAPPY)
        n = (size_t)unsnap(head->stored, room->p, head->raw_body + 1);
    else if (codec == GZIP)
        n = gunzip(head->stored, room->p, head->raw_body + 1);
    else if (codec == ZSTD)
        n = unzstd(head->stored, room->p, head->raw_body + 1);
    else
        pq_broken("a codec that Runnel does not write");
    pq_want(n == head->raw_body, "a page does not unpack to its size");
    b.n = n;
    return b;
}

void pq_dictionary_load(struct pq_column *c, const struct pq_page_head *head)
{
    struct pq_chunk *k = &c->chunk;
    struct rn_bytes b = unpacked(k->codec, head, &k->dictionary);
    struct unpack u = { b.p, b.p + b.n };

    pq_want(c->physical != PQ_BOOLEAN, "a dictionary of booleans");
    k->entry = pq_room(&k->entry_room, head->values * sizeof(*k->entry));
    for (k->entries = 0; k->entries < head->values; k->entries++)
        pq_plain(c, &u, &k->entry[k->entries]);
    pq_want(u.p == u.end, "bytes behind a dictionary's values");
}

/* --------------------------------------------------------------- values */

static void plain_booleans(struct pq_page *p, struct unpack *u)
{
    pq_want((size_t)(u->end - u->p) == (p->n + 7) / 8,
            "booleans are not a bit each");
    for (uint32_t i = 0; i < p->n; i++)
        p->value[i].i = (int64_t)unpack_bits(u->p, i, 1);
    u->p = u->end;
}

static uint32_t *narrow_room(struct pq_page *p)
{
    return pq_room(&p->narrow, p->n * sizeof(uint32_t));
}

static int64_t *number_room(struct pq_page *p)
{
    return pq_room(&p->numbers, (p->n + 1) * sizeof(int64_t));
}

static void rle_booleans(struct pq_page *p, struct unpack *u)
{
    uint32_t *bit = narrow_room(p);
    size_t n = (size_t)unpack_le(u, 4);

    pq_want(n == (size_t)(u->end - u->p), "booleans have another length");
    unpack_hybrid((struct rn_bytes){ u->p, n }, 1, bit, p->n);
    for (uint32_t i = 0; i < p->n; i++)
        p->value[i].i = bit[i];
    u->p = u->end;
}

static void dictionary_numbers(struct pq_column *c, struct unpack *u)
{
    struct pq_page *p = &c->page;
    uint32_t *number = narrow_room(p);
    unsigned width = (unsigned)unpack_le(u, 1);

    pq_want(width <= 32, "numbers of more than 32 bits");
    unpack_hybrid((struct rn_bytes){ u->p, (size_t)(u->end - u->p) }, width,
                  number, p->n);
    for (uint32_t i = 0; i < p->n; i++) {
        pq_want(number[i] < c->chunk.entries,
                "a value that is not in the dictionary");
        p->value[i] = c->chunk.entry[number[i]];
    }
    u->p = u->end;
}

static void delta_numbers(struct pq_column *c, struct unpack *u)
{
    struct pq_page *p = &c->page;
    int64_t *number = number_room(p);

    pq_want(unpack_delta(u, c->physical == PQ_INT32, number, p->n) == p->n,
            "a page has fewer differences than values");
    for (uint32_t i = 0; i < p->n; i++)
        p->value[i].i = number[i];
}

static void delta_lengths(struct pq_page *p, struct unpack *u)
{
    int64_t *length = number_room(p);

    pq_want(unpack_delta(u, true, length, p->n) == p->n,
            "a page has fewer lengths than values");
    for (uint32_t i = 0; i < p->n; i++) {
        pq_want(length[i] >= 0 && length[i] <= u->end - u->p,
                "a text goes past its page");
        p->value[i].bytes = (struct rn_bytes){ u->p, (size_t)length[i] };
        u->p += length[i];
    }
}

static void load_values(struct pq_column *c, int encoding, struct unpack *u)
{
    struct pq_page *p = &c->page;

    memset(p->value, 0, p->n * sizeof(*p->value));
    switch (encoding) {
    case PQ_PLAIN:
        if (c->physical == PQ_BOOLEAN)
            plain_booleans(p, u);
        for (uint32_t i = 0; i < p->n && c->physical != PQ_BOOLEAN; i++)
            pq_plain(c, u, &p->value[i]);
        break;
    case PQ_RLE:
        pq_want(c->physical == PQ_BOOLEAN, "RLE of other than booleans");
        rle_booleans(p, u);
        break;
    case PQ_DELTA_BINARY_PACKED:
        pq_want(c->physical == PQ_INT32 || c->physical == PQ_INT64,
                "differences of other than integers");
        delta_numbers(c, u);
        break;
    case PQ_DELTA_LENGTH:
        pq_want(c->physical == PQ_BYTE_ARRAY, "lengths of other than texts");
        delta_lengths(p, u);
        break;
    case PQ_PLAIN_DICTIONARY:
    case PQ_RLE_DICTIONARY:
        dictionary_numbers(c, u);
        break;
    default:
        pq_broken("an encoding that Runnel does not write");
    }
    pq_want(u->p == u->end, "bytes behind a page's values");
}

/* Definition levels; without them all rows have a value. */
static void load_levels(struct pq_column *c, const struct pq_page_head *head,
                        struct unpack *u)
{
    struct pq_page *p = &c->page;
    struct rn_bytes b = head->front;

    p->level = pq_room(&p->levels, head->values * sizeof(*p->level));
    for (uint32_t i = 0; i < head->values; i++)
        p->level[i] = 1;
    p->n = head->values;
    if (!c->col.nullable) {
        pq_want(b.n == 0, "a required column has levels");
        return;
    }
    if (head->type == PQ_DATA) {
        size_t n = (size_t)unpack_le(u, 4);

        pq_want(n <= (size_t)(u->end - u->p), "levels go past their page");
        b = (struct rn_bytes){ u->p, n };
        u->p += n;
    }
    unpack_hybrid(b, 1, p->level, head->values);
    for (uint32_t i = 0; i < head->values; i++)
        p->n -= p->level[i] == 0;
}

void pq_page_load(struct pq_column *c, const struct pq_page_head *head)
{
    struct pq_page *p = &c->page;
    struct rn_bytes b = unpacked(c->chunk.codec, head, &p->body);
    struct unpack u = { b.p, b.p + b.n };

    pq_want(head->values > 0, "a page without rows");
    load_levels(c, head, &u);
    if (head->type == PQ_DATA_V2)
        pq_want(head->values - p->n == head->nulls,
                "a page's header counts other NULLs");
    p->value = pq_room(&p->values, p->n * sizeof(*p->value));
    load_values(c, head->encoding, &u);
    p->rows = head->values;
    p->row = 0;
    p->at = 0;
}
