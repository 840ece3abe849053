/* avro_reader.h: for tests: reads Avro files, strictly, and compares them with
 * the cells that they were made from.
 *
 *     open -> (next_row -> expect ... expect) ... until next_row is false
 *
 * It shares nothing with the encoder. What is not as it must be ends the
 * test's program. Markers are made zero once they were seen, so that files of
 * the same rows can be compared.
 */
#ifndef TESTS_AVRO_READER_H
#define TESTS_AVRO_READER_H

#include <stdio.h>
#include <string.h>

#include <zlib.h>

#include "decimal_text.h"
#include "runnel/row.h"
#include "unsnap.h"

#define AVRO_READER_MARKER 16

struct avro_reader {
    uint8_t *p, *end; /* what is left of the file */
    struct rn_bytes schema, codec;
    uint8_t marker[AVRO_READER_MARKER];
    uint8_t *scratch; /* for a block that was compressed */
    size_t cap;
    uint64_t left; /* rows of the block */
    const uint8_t *at, *block_end;
    size_t blocks;
    size_t largest; /* block of several rows, before compression */
};

static inline uint64_t avro_reader_varint(const uint8_t **p, const uint8_t *end)
{
    uint64_t v = 0;

    for (unsigned shift = 0;; shift += 7) {
        uint8_t b;

        RN_ASSERT(*p < end && shift < 70);
        b = *(*p)++;
        RN_ASSERT(shift < 63 || b <= 1);
        v |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80) {
            RN_ASSERT(b != 0 || shift == 0); /* no longer than it must be */
            return v;
        }
    }
}

static inline int64_t avro_reader_long(const uint8_t **p, const uint8_t *end)
{
    uint64_t z = avro_reader_varint(p, end);
    uint64_t v = z >> 1 ^ (z & 1 ? UINT64_MAX : 0);
    int64_t n;

    memcpy(&n, &v, sizeof(n));
    return n;
}

static inline struct rn_bytes avro_reader_bytes(const uint8_t **p,
                                                const uint8_t *end)
{
    int64_t n = avro_reader_long(p, end);
    struct rn_bytes b = { *p, (size_t)n };

    RN_ASSERT(n >= 0 && n <= end - *p);
    *p += n;
    return b;
}

static inline int64_t avro_reader_file_long(struct avro_reader *r)
{
    const uint8_t *p = r->p;
    int64_t v = avro_reader_long(&p, r->end);

    r->p += p - r->p;
    return v;
}

static inline struct rn_bytes avro_reader_file_bytes(struct avro_reader *r)
{
    const uint8_t *p = r->p;
    struct rn_bytes b = avro_reader_bytes(&p, r->end);

    r->p += p - r->p;
    return b;
}

/* `file` is written to; `scratch` must hold the largest block. */
static inline void avro_reader_open(struct avro_reader *r, uint8_t *file,
                                    size_t n, uint8_t *scratch, size_t cap)
{
    memset(r, 0, sizeof(*r));
    r->p = file;
    r->end = file + n;
    r->scratch = scratch;
    r->cap = cap;
    RN_ASSERT(n > 4 && memcmp(file, "Obj\x01", 4) == 0);
    r->p += 4;
    for (int64_t entries; (entries = avro_reader_file_long(r)) != 0;) {
        RN_ASSERT(entries > 0);
        for (; entries > 0; entries--) {
            struct rn_bytes key = avro_reader_file_bytes(r);
            struct rn_bytes value = avro_reader_file_bytes(r);

            if (rn_bytes_equal(key, RN_STR("avro.schema")))
                r->schema = value;
            else if (rn_bytes_equal(key, RN_STR("avro.codec")))
                r->codec = value;
            else
                RN_ASSERT(key.n == 0); /* nothing else is promised */
        }
    }
    RN_ASSERT(r->schema.n > 0 && r->codec.n > 0);
    RN_ASSERT(r->end - r->p >= AVRO_READER_MARKER);
    memcpy(r->marker, r->p, AVRO_READER_MARKER);
    memset(r->p, 0, AVRO_READER_MARKER);
    r->p += AVRO_READER_MARKER;
}

static inline size_t avro_reader_inflate(struct avro_reader *r,
                                         struct rn_bytes data)
{
    z_stream z = { .next_in = (Bytef *)data.p,
                   .avail_in = (uInt)data.n,
                   .next_out = r->scratch,
                   .avail_out = (uInt)r->cap };
    int did = inflateInit2(&z, -15);

    RN_ASSERT(did == Z_OK);
    did = inflate(&z, Z_FINISH);
    RN_ASSERT(did == Z_STREAM_END && z.avail_in == 0);
    inflateEnd(&z);
    return r->cap - z.avail_out;
}

static inline size_t avro_reader_unsnap(struct avro_reader *r,
                                        struct rn_bytes data)
{
    const uint8_t *end = data.p + data.n - 4;
    int64_t n;
    uint32_t crc;

    RN_ASSERT(data.n > 4);
    n = unsnap((struct rn_bytes){ data.p, data.n - 4 }, r->scratch, r->cap);
    RN_ASSERT(n >= 0);
    crc = (uint32_t)crc32(0, r->scratch, (uInt)n);
    for (size_t i = 0; i < 4; i++)
        RN_ASSERT(end[i] == (uint8_t)(crc >> (24 - 8 * i)));
    return (size_t)n;
}

static inline void avro_reader_block(struct avro_reader *r)
{
    int64_t rows = avro_reader_file_long(r);
    struct rn_bytes data = avro_reader_file_bytes(r);

    RN_ASSERT(rows > 0);
    if (rn_bytes_equal(r->codec, RN_STR("deflate"))) {
        data.n = avro_reader_inflate(r, data);
        data.p = r->scratch;
    } else if (rn_bytes_equal(r->codec, RN_STR("snappy"))) {
        data.n = avro_reader_unsnap(r, data);
        data.p = r->scratch;
    } else {
        RN_ASSERT(rn_bytes_equal(r->codec, RN_STR("null")));
    }
    r->left = (uint64_t)rows;
    r->at = data.p;
    r->block_end = data.p + data.n;
    r->blocks++;
    if (rows > 1 && data.n > r->largest)
        r->largest = data.n;
    RN_ASSERT(r->end - r->p >= AVRO_READER_MARKER);
    RN_ASSERT(memcmp(r->p, r->marker, AVRO_READER_MARKER) == 0);
    memset(r->p, 0, AVRO_READER_MARKER);
    r->p += AVRO_READER_MARKER;
}

/* False: the file has ended, with nothing behind its last block. */
static inline bool avro_reader_row(struct avro_reader *r)
{
    if (r->left == 0) {
        RN_ASSERT(r->at == r->block_end);
        if (r->p == r->end)
            return false;
        avro_reader_block(r);
    }
    r->left--;
    return true;
}

static inline uint64_t avro_reader_fixed(struct avro_reader *r, size_t n)
{
    uint64_t v = 0;

    RN_ASSERT(n <= (size_t)(r->block_end - r->at));
    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)r->at[i] << 8 * i;
    r->at += n;
    return v;
}

/* The same number: NaN is one, and the zeros are two. */
static inline void avro_reader_double(struct avro_reader *r,
                                      const struct rn_col *col, double wanted)
{
    uint64_t v = avro_reader_fixed(r, col->bits == 32 ? 4 : 8);
    uint32_t v32 = (uint32_t)v;
    double d;
    float f;

    memcpy(&f, &v32, sizeof(f));
    memcpy(&d, &v, sizeof(d));
    if (col->bits == 32)
        d = (double)f;
    if (wanted != wanted)
        RN_ASSERT(d != d);
    else
        RN_ASSERT(memcmp(&d, &wanted, sizeof(d)) == 0);
}

static inline void avro_reader_decimal(struct avro_reader *r,
                                       const struct rn_col *col,
                                       struct rn_bytes wanted)
{
    struct rn_bytes b = avro_reader_bytes(&r->at, r->block_end);
    char text[DECIMAL_TEXT];

    RN_ASSERT(b.n > 0 && b.n <= 16);
    RN_ASSERT(b.n == 1 || b.p[0] != (b.p[1] >= 0x80 ? 0xff : 0x00));
    RN_ASSERT(rn_bytes_equal(decimal_text(b, col->scale, text), wanted));
}

static inline void avro_reader_uuid(struct avro_reader *r, struct rn_bytes id)
{
    struct rn_bytes b = avro_reader_bytes(&r->at, r->block_end);
    char text[37];

    RN_ASSERT(id.n == 16);
    snprintf(text, sizeof(text),
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x"
             "%02x",
             id.p[0], id.p[1], id.p[2], id.p[3], id.p[4], id.p[5], id.p[6],
             id.p[7], id.p[8], id.p[9], id.p[10], id.p[11], id.p[12], id.p[13],
             id.p[14], id.p[15]);
    RN_ASSERT(rn_bytes_equal(b, rn_bytes_of(text)));
}

/* The row's next value is this one. */
static inline void avro_reader_expect(struct avro_reader *r,
                                      const struct rn_col *col,
                                      const struct rn_cell *cell)
{
    int64_t unit = 1;

    if (col->nullable) {
        int64_t branch = avro_reader_long(&r->at, r->block_end);

        RN_ASSERT(branch == (cell->type != RN_NULL));
    }
    if (cell->type == RN_NULL) {
        RN_ASSERT(col->nullable);
        return;
    }
    switch (col->type) {
    case RN_BOOL:
        RN_ASSERT(avro_reader_fixed(r, 1) == (cell->as.i64 != 0));
        return;
    case RN_F64:
        avro_reader_double(r, col, cell->as.f64);
        return;
    case RN_DECIMAL:
        avro_reader_decimal(r, col, cell->as.bytes);
        return;
    case RN_UUID:
        avro_reader_uuid(r, cell->as.bytes);
        return;
    case RN_TEXT:
    case RN_BLOB:
        RN_ASSERT(rn_bytes_equal(avro_reader_bytes(&r->at, r->block_end),
                                 cell->as.bytes));
        return;
    default:
        if ((col->type == RN_TIME || col->type == RN_TIMESTAMP) && col->millis)
            unit = 1000;
        RN_ASSERT(avro_reader_long(&r->at, r->block_end) * unit ==
                  cell->as.i64);
    }
}

#endif
