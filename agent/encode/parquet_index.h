/* encode/parquet_index.h: where a chunk's pages are and what they hold, kept
 * until the row group's place in the file is known.
 *
 * A slice of fixed size per column. Per page it takes a few bytes: sizes, rows
 * and nulls as varints, and the page's bounds. When it is full the chunk has
 * neither column index nor offset index (PageIndex.md), which only costs
 * readers some skipping; the file's metadata says of how many chunks.
 */
#ifndef ENCODE_PARQUET_INDEX_H
#define ENCODE_PARQUET_INDEX_H

#include "encode/parquet_bounds.h"
#include "runnel/out.h"

struct rn_pq_index {
    uint8_t *slice; /* NULL: no index is kept */
    uint32_t cap;
    uint32_t used;
    uint32_t pages;
    uint32_t last;   /* where the latest bounds are in the slice         */
    bool bounded;    /* there are bounds at `last`                       */
    bool full;       /* a page did not fit: none is written              */
    bool ascending;  /* neither bound was less than that before          */
    bool descending; /* neither was greater                              */
};

void rn_pq_index_clear(struct rn_pq_index *x);

/* The chunk's next page. `bounds` is without any value when all of the page is
 * NULL (or NaN).
 */
struct rn_pq_page_counts {
    uint32_t bytes; /* in the lane, with its header */
    uint32_t rows;
    uint32_t nulls; /* of them */
};
void rn_pq_index_add(struct rn_pq_index *x, const struct rn_pq_type *type,
                     const struct rn_pq_page_counts *page,
                     const struct rn_pq_bounds *bounds);

/* Thrift structs ColumnIndex and OffsetIndex; false: there is none for this
 * chunk (full, no page, or a page of values without bounds). `offset` is where
 * the first data page starts in the file.
 */
bool rn_pq_index_any(const struct rn_pq_index *x);
void rn_pq_column_index(const struct rn_pq_index *x, struct rn_out *out);
void rn_pq_offset_index(const struct rn_pq_index *x, uint64_t offset,
                        struct rn_out *out);

#endif
