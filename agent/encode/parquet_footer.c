/* encode/parquet_footer.c: see encode/parquet_footer.h. */
#include "encode/parquet_footer.h"

#include "core/version.h"
#include "encode/bits.h"
#include "row/number.h"

/* Readers know writers by what stands before "version", and the oldest of
 * them only when a build follows.
 */
#define CREATED_BY "runnel version " RN_VERSION " (build " RN_VERSION ")"

int rn_pq_codec(enum rn_compression compression)
{
    switch (compression) {
    case RN_COMPRESSION_NONE:
        return 0;
    case RN_COMPRESSION_SNAPPY:
        return 1;
    case RN_COMPRESSION_GZIP:
        return 2;
    case RN_COMPRESSION_ZSTD:
        return 6;
    default:
        return -1;
    }
}

/* Encodings of pages and of their levels, as a set. */
static uint32_t encodings_of(const struct rn_pq_chunk_meta *m)
{
    uint32_t set = m->chunk->encodings;

    if (m->chunk->dictionary_bytes > 0)
        set |= 1u << RN_PQ_PLAIN;
    if (m->col->nullable)
        set |= 1u << RN_PQ_RLE;
    return set;
}

static void put_encodings(struct rn_thrift *t, uint32_t set)
{
    size_t n = 0;

    for (uint32_t rest = set; rest != 0; rest &= rest - 1)
        n++;
    rn_thrift_list(t, 2, RN_THRIFT_I32, n);
    for (int i = 0; i < 32; i++) {
        if (set >> i & 1)
            rn_thrift_item_int(t, i);
    }
}

static void put_statistics(struct rn_thrift *t,
                           const struct rn_pq_chunk_meta *m)
{
    uint8_t min[RN_PQ_BOUND], max[RN_PQ_BOUND];
    size_t min_n, max_n;
    bool min_exact, max_exact;
    bool has_min =
        rn_pq_bounds_min(&m->chunk->bounds, m->type, min, &min_n, &min_exact);
    bool has_max =
        rn_pq_bounds_max(&m->chunk->bounds, m->type, max, &max_n, &max_exact);

    rn_thrift_struct(t, 12);
    rn_thrift_i64(t, 3, (int64_t)m->chunk->nulls);
    if (has_max)
        rn_thrift_binary(t, 5, (struct rn_bytes){ max, max_n });
    if (has_min)
        rn_thrift_binary(t, 6, (struct rn_bytes){ min, min_n });
    if (has_max)
        rn_thrift_bool(t, 7, max_exact);
    if (has_min)
        rn_thrift_bool(t, 8, min_exact);
    rn_thrift_end(t);
}

static void put_page_count(struct rn_thrift *t, int type, int encoding,
                           uint32_t count)
{
    rn_thrift_item_struct(t);
    rn_thrift_i32(t, 1, type);
    rn_thrift_i32(t, 2, encoding);
    rn_thrift_i32(t, 3, (int32_t)count);
    rn_thrift_end(t);
}

/* How many pages of each encoding: from this readers know whether a value that
 * is not in the dictionary is nowhere. A chunk has one encoding beside the
 * dictionary's.
 */
static void put_page_counts(struct rn_thrift *t, int data_page,
                            const struct rn_pq_chunk *chunk)
{
    uint32_t rest = chunk->encodings & ~(1u << RN_PQ_RLE_DICTIONARY);
    uint32_t others = chunk->pages - chunk->dictionary_pages;
    int encoding = 0;

    if ((rest & (rest - 1)) != 0)
        return;
    while (rest >> encoding > 1)
        encoding++;
    rn_thrift_list(t, 13, RN_THRIFT_STRUCT,
                   (size_t)(chunk->dictionary_bytes > 0) +
                       (chunk->dictionary_pages > 0) + (others > 0));
    if (chunk->dictionary_bytes > 0)
        put_page_count(t, 2, RN_PQ_PLAIN, 1);
    if (chunk->dictionary_pages > 0)
        put_page_count(t, data_page, RN_PQ_RLE_DICTIONARY,
                       chunk->dictionary_pages);
    if (others > 0)
        put_page_count(t, data_page, encoding, others);
}

/* ColumnMetaData, field 3 of a ColumnChunk. */
static void put_column(struct rn_thrift *t, const struct rn_config *config,
                       const struct rn_pq_chunk_meta *m)
{
    const struct rn_pq_chunk *chunk = m->chunk;

    rn_thrift_struct(t, 3);
    rn_thrift_i32(t, 1, (int32_t)m->type->physical);
    put_encodings(t, encodings_of(m));
    rn_thrift_list(t, 3, RN_THRIFT_BINARY, 1);
    rn_thrift_item_binary(t, m->col->name);
    rn_thrift_i32(t, 4, rn_pq_codec(config->file.compression));
    rn_thrift_i64(t, 5, (int64_t)chunk->rows);
    rn_thrift_i64(t, 6, (int64_t)(chunk->raw_bytes + chunk->dictionary_raw));
    rn_thrift_i64(t, 7, (int64_t)(chunk->bytes + chunk->dictionary_bytes));
    rn_thrift_i64(t, 9, (int64_t)(m->start + chunk->dictionary_bytes));
    if (chunk->dictionary_bytes > 0)
        rn_thrift_i64(t, 11, (int64_t)m->start);
    put_statistics(t, m);
    put_page_counts(t, config->file.data_page == 2 ? 3 : 0, chunk);
    if (m->bloom.bytes > 0) {
        rn_thrift_i64(t, 14, (int64_t)m->bloom.offset);
        rn_thrift_i32(t, 15, (int32_t)m->bloom.bytes);
    }
    rn_thrift_end(t);
}

void rn_pq_put_chunk(struct rn_thrift *t, const struct rn_config *config,
                     const struct rn_pq_chunk_meta *m)
{
    rn_thrift_item_struct(t);
    rn_thrift_i64(t, 2, 0); /* there is no metadata beside the footer's */
    put_column(t, config, m);
    if (m->offset_index.bytes > 0) {
        rn_thrift_i64(t, 4, (int64_t)m->offset_index.offset);
        rn_thrift_i32(t, 5, (int32_t)m->offset_index.bytes);
    }
    if (m->column_index.bytes > 0) {
        rn_thrift_i64(t, 6, (int64_t)m->column_index.offset);
        rn_thrift_i32(t, 7, (int32_t)m->column_index.bytes);
    }
    rn_thrift_end(t);
}

void rn_pq_put_head(struct rn_out *out, const struct rn_config *config,
                    const struct rn_schema *schema, uint64_t rows,
                    uint32_t groups)
{
    struct rn_thrift t;

    rn_thrift_begin(&t, out);
    rn_thrift_i32(&t, 1, config->file.data_page == 2 ? 2 : 1);
    rn_pq_put_schema(&t, 2, schema);
    rn_thrift_i64(&t, 3, (int64_t)rows);
    rn_thrift_list(&t, 4, RN_THRIFT_STRUCT, groups);
}

void rn_pq_put_tail(struct rn_out *out, size_t columns, uint64_t left_out)
{
    struct rn_thrift t;
    char number[RN_I64_TEXT];

    rn_thrift_resume(&t, out, 4);
    if (left_out > 0) {
        rn_thrift_list(&t, 5, RN_THRIFT_STRUCT, 1);
        rn_thrift_item_struct(&t);
        rn_thrift_binary(&t, 1, RN_STR("runnel.index_left_out"));
        rn_thrift_binary(&t, 2,
                         (struct rn_bytes){ (const uint8_t *)number,
                                            rn_format_u64(left_out, number) });
        rn_thrift_end(&t);
    }
    rn_thrift_binary(&t, 6, RN_STR(CREATED_BY));
    rn_thrift_list(&t, 7, RN_THRIFT_STRUCT, columns);
    for (size_t i = 0; i < columns; i++) {
        rn_thrift_item_struct(&t);
        rn_thrift_empty(&t, 1); /* the order that the type defines */
        rn_thrift_end(&t);
    }
    rn_thrift_end(&t);
}

void rn_pq_put_end(struct rn_out *out, uint32_t bytes)
{
    uint8_t length[4];

    rn_put_le32(length, bytes);
    rn_out_put(out, length, sizeof(length));
    rn_out_put(out, RN_PQ_MAGIC, RN_PQ_MAGIC_N);
}
