/* parquet_reader_chunk.h: for tests: a column's chunk in a row group of
 * Parquet, page after page, compared with what footer and indexes say of it.
 */
#ifndef TESTS_PARQUET_READER_CHUNK_H
#define TESTS_PARQUET_READER_CHUNK_H

#include "parquet_reader_parts.h"

/* A ColumnChunk of a group of so many rows; its pages begin at `start`. */
void pq_chunk_open(struct pq_reader *r, struct pq_column *c,
                   struct thrift_at chunk, uint64_t start, uint64_t rows);

/* The next row's value, or NULL for NULL. */
const struct pq_value *pq_chunk_next(struct pq_reader *r, struct pq_column *c);

/* All rows were read: what was counted is what the footer says. */
void pq_chunk_end(struct pq_reader *r, struct pq_column *c);

#endif
