/* encode/parquet_values.c: see encode/parquet_values.h. */
#include "encode/parquet_values.h"

#include <string.h>

#include "encode/bits.h"
#include "encode/parquet_plain.h"

static enum rn_pq_coding boolean_coding(const struct rn_config *config)
{
    enum rn_encoding e = config->file.boolean_encoding;
    bool runs = e == RN_ENCODING_RLE ||
                (e == RN_ENCODING_AUTO && config->file.data_page == 2);

    return runs ? RN_PQ_CODE_RUNS : RN_PQ_CODE_BITS;
}

enum rn_pq_coding rn_pq_coding_of(const struct rn_config *config,
                                  const struct rn_pq_type *type)
{
    bool delta = config->file.integer_encoding == RN_ENCODING_DELTA;

    switch (type->physical) {
    case RN_PQ_BOOLEAN:
        return boolean_coding(config);
    case RN_PQ_INT32:
        return delta ? RN_PQ_CODE_DELTA : RN_PQ_CODE_4;
    case RN_PQ_INT64:
        return delta ? RN_PQ_CODE_DELTA : RN_PQ_CODE_8;
    case RN_PQ_FLOAT:
        return RN_PQ_CODE_4;
    case RN_PQ_DOUBLE:
        return RN_PQ_CODE_8;
    case RN_PQ_FIXED:
        return RN_PQ_CODE_FIXED;
    default:
        return config->file.text_encoding == RN_ENCODING_DELTA_LENGTH
                   ? RN_PQ_CODE_LENGTHS
                   : RN_PQ_CODE_BYTES;
    }
}

bool rn_pq_coding_waits(enum rn_pq_coding coding)
{
    return coding == RN_PQ_CODE_DELTA || coding == RN_PQ_CODE_LENGTHS;
}

/* Lengths have the end of the slice: one to four bytes each and mostly less,
 * against texts of ten and more.
 */
static uint32_t lengths_at(const struct rn_pq_values *v)
{
    return v->cap - v->cap / 8;
}

void rn_pq_values_begin(struct rn_pq_values *v, enum rn_pq_coding coding,
                        unsigned width)
{
    uint32_t at = lengths_at(v);

    v->coding = (uint8_t)coding;
    v->len = 0;
    v->n = 0;
    switch (coding) {
    case RN_PQ_CODE_RUNS:
        rn_rle_begin(&v->rle, v->p, v->cap, 1);
        return;
    case RN_PQ_CODE_NUMBERS:
        rn_rle_begin(&v->rle, v->p, v->cap, width);
        return;
    case RN_PQ_CODE_DELTA:
        rn_delta_begin(&v->delta, v->p, v->cap, v->wait,
                       v->physical == RN_PQ_INT32);
        return;
    case RN_PQ_CODE_LENGTHS:
        rn_delta_begin(&v->delta, v->p + at, v->cap - at, v->wait, true);
        return;
    default:
        return;
    }
}

static bool put_bit(struct rn_pq_values *v, bool bit)
{
    unsigned at = v->n % 8;

    if (at == 0) {
        if (v->len == v->cap)
            return false;
        v->p[v->len++] = 0;
    }
    v->p[v->len - 1] = (uint8_t)(v->p[v->len - 1] | (unsigned)bit << at);
    return true;
}

static bool put_4(struct rn_pq_values *v, const struct rn_pq_value *value)
{
    if (v->cap - v->len < 4)
        return false;
    rn_put_le32(v->p + v->len, v->physical == RN_PQ_FLOAT
                                   ? rn_pq_float_bits(value->f)
                                   : (uint32_t)value->i);
    v->len += 4;
    return true;
}

static bool put_8(struct rn_pq_values *v, const struct rn_pq_value *value)
{
    if (v->cap - v->len < 8)
        return false;
    rn_put_le64(v->p + v->len, v->physical == RN_PQ_DOUBLE
                                   ? rn_pq_double_bits(value->f)
                                   : (uint64_t)value->i);
    v->len += 8;
    return true;
}

static void append(struct rn_pq_values *v, struct rn_bytes b)
{
    if (b.n > 0)
        memcpy(v->p + v->len, b.p, b.n);
    v->len += (uint32_t)b.n;
}

static bool put_fixed(struct rn_pq_values *v, struct rn_bytes b)
{
    if (v->cap - v->len < b.n)
        return false;
    append(v, b);
    return true;
}

static bool put_bytes(struct rn_pq_values *v, struct rn_bytes b)
{
    uint32_t room = v->cap - v->len;

    if (room < 4 || room - 4 < b.n)
        return false;
    rn_put_le32(v->p + v->len, (uint32_t)b.n);
    v->len += 4;
    append(v, b);
    return true;
}

static bool put_length(struct rn_pq_values *v, struct rn_bytes b)
{
    if (lengths_at(v) - v->len < b.n || !rn_delta_put(&v->delta, (int64_t)b.n))
        return false;
    append(v, b);
    return true;
}

static bool put(struct rn_pq_values *v, const struct rn_pq_value *value)
{
    switch ((enum rn_pq_coding)v->coding) {
    case RN_PQ_CODE_BITS:
        return put_bit(v, value->i != 0);
    case RN_PQ_CODE_RUNS:
        return rn_rle_put(&v->rle, value->i != 0);
    case RN_PQ_CODE_4:
        return put_4(v, value);
    case RN_PQ_CODE_8:
        return put_8(v, value);
    case RN_PQ_CODE_FIXED:
        return put_fixed(v, value->bytes);
    case RN_PQ_CODE_BYTES:
        return put_bytes(v, value->bytes);
    case RN_PQ_CODE_DELTA:
        return rn_delta_put(&v->delta, value->i);
    case RN_PQ_CODE_LENGTHS:
        return put_length(v, value->bytes);
    default:
        RN_ASSERT(v->coding != RN_PQ_CODE_NUMBERS);
        return false;
    }
}

bool rn_pq_values_put(struct rn_pq_values *v, const struct rn_pq_value *value)
{
    if (!put(v, value))
        return false;
    v->n++;
    return true;
}

uint32_t rn_pq_values_len(const struct rn_pq_values *v)
{
    switch ((enum rn_pq_coding)v->coding) {
    case RN_PQ_CODE_RUNS:
    case RN_PQ_CODE_NUMBERS:
        return v->rle.len;
    case RN_PQ_CODE_DELTA:
    case RN_PQ_CODE_LENGTHS:
        return v->len + v->delta.len + v->delta.n;
    default:
        return v->len;
    }
}

static void add(struct rn_pq_page *page, const uint8_t *p, size_t n)
{
    page->value[page->pieces++] = (struct rn_bytes){ p, n };
}

static void end_rle(struct rn_pq_values *v, struct rn_pq_page *page)
{
    uint32_t n = rn_rle_end(&v->rle);

    if (v->coding == RN_PQ_CODE_NUMBERS) {
        page->encoding = RN_PQ_RLE_DICTIONARY;
        v->head[0] = v->rle.width;
        add(page, v->head, 1);
    } else {
        page->encoding = RN_PQ_RLE;
        rn_put_le32(v->head, n);
        add(page, v->head, 4);
    }
    add(page, v->p, n);
}

static void end_delta(struct rn_pq_values *v, struct rn_pq_page *page)
{
    add(page, v->head, rn_delta_end(&v->delta, v->head));
    add(page, v->delta.p, v->delta.len);
    page->encoding = RN_PQ_DELTA_BINARY_PACKED;
    if (v->coding == RN_PQ_CODE_LENGTHS) {
        page->encoding = RN_PQ_DELTA_LENGTH_BYTE_ARRAY;
        add(page, v->p, v->len);
    }
}

void rn_pq_values_end(struct rn_pq_values *v, struct rn_pq_page *page)
{
    page->pieces = 0;
    if (v->coding == RN_PQ_CODE_RUNS || v->coding == RN_PQ_CODE_NUMBERS) {
        end_rle(v, page);
    } else if (rn_pq_coding_waits((enum rn_pq_coding)v->coding)) {
        end_delta(v, page);
    } else {
        page->encoding = RN_PQ_PLAIN;
        add(page, v->p, v->len);
    }
}

void rn_pq_values_alone(struct rn_pq_values *v, struct rn_bytes value,
                        struct rn_pq_page *page)
{
    RN_ASSERT(v->n == 0);
    page->pieces = 0;
    if (v->coding == RN_PQ_CODE_LENGTHS) {
        rn_delta_put(&v->delta, (int64_t)value.n);
        page->encoding = RN_PQ_DELTA_LENGTH_BYTE_ARRAY;
        add(page, v->head, rn_delta_end(&v->delta, v->head));
    } else {
        RN_ASSERT(v->coding == RN_PQ_CODE_BYTES);
        page->encoding = RN_PQ_PLAIN;
        rn_put_le32(v->head, (uint32_t)value.n);
        add(page, v->head, 4);
    }
    add(page, value.p, value.n);
}
