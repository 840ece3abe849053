/* encode/parquet_footer.h: FileMetaData, in the parts in which a file of lanes
 * gets it.
 *
 *     row_groups' items, each as its group is closed ... -> head -> tail
 *
 * In the file the head comes first: it holds the schema and the counts that
 * are known at the end. Format: parquet.thrift.
 */
#ifndef ENCODE_PARQUET_FOOTER_H
#define ENCODE_PARQUET_FOOTER_H

#include "encode/parquet_page.h"
#include "encode/thrift.h"

/* What stands at both ends of a file. */
#define RN_PQ_MAGIC   "PAR1"
#define RN_PQ_MAGIC_N 4u

/* Where something is in the file; no bytes: nowhere. */
struct rn_pq_place {
    uint64_t offset;
    uint32_t bytes;
};

/* A closed row group's column: an item of RowGroup.columns. */
struct rn_pq_chunk_meta {
    const struct rn_col *col;
    const struct rn_pq_type *type;
    const struct rn_pq_chunk *chunk;
    uint64_t start; /* of the dictionary page, or of the first data page */
    struct rn_pq_place column_index, offset_index, bloom;
};
void rn_pq_put_chunk(struct rn_thrift *t, const struct rn_config *config,
                     const struct rn_pq_chunk_meta *meta);

/* SchemaElements: the root and one for each column. */
void rn_pq_put_schema(struct rn_thrift *t, int id,
                      const struct rn_schema *schema);

/* FileMetaData from its start to the header of row_groups. */
void rn_pq_put_head(struct rn_out *out, const struct rn_config *config,
                    const struct rn_schema *schema, uint64_t rows,
                    uint32_t groups);

/* The rest of it. `left_out`: chunks without the index that the job asks for.
 */
void rn_pq_put_tail(struct rn_out *out, size_t columns, uint64_t left_out);

/* The footer's length in bytes and the magic: the file's last eight bytes. */
void rn_pq_put_end(struct rn_out *out, uint32_t bytes);

/* parquet.thrift, enum CompressionCodec; -1: Parquet has none of this kind. */
int rn_pq_codec(enum rn_compression compression);

#endif
