/* encode/parquet_page.h: finished pages into a column's lane.
 *
 * A page is compressed as one unit, then its header is written (parquet.thrift
 * PageHeader: sizes before and after, CRC-32 of the bytes as stored, counts,
 * encoding), then the bytes. Pages that fit the writer's scratch are
 * compressed once; a larger one (a page always holds at least one value, and
 * values may be larger than a page) is compressed twice, first to learn its
 * length and checksum, then into the lane.
 */
#ifndef ENCODE_PARQUET_PAGE_H
#define ENCODE_PARQUET_PAGE_H

#include "compress/codec.h"
#include "encode/parquet_bloom.h"
#include "encode/parquet_bounds.h"
#include "encode/parquet_index.h"
#include "runnel/lanes.h"

/* One column chunk of the open row group: what its metadata will say. */
struct rn_pq_chunk {
    uint64_t rows;
    uint64_t nulls;
    uint64_t bytes;            /* data pages in the lane, with headers       */
    uint64_t raw_bytes;        /* the same before compression, with headers  */
    uint64_t dictionary_bytes; /* the page at the lane's head, with header;
                                * 0: none                                    */
    uint64_t dictionary_raw;
    uint32_t pages;
    uint32_t dictionary_pages; /* data pages that refer to the dictionary   */
    uint32_t encodings; /* 1 << enum rn_pq_encoding, of data pages          */
    struct rn_pq_bounds bounds;
    struct rn_pq_index index;  /* its pages, for column and offset index */
    struct rn_pq_bloom *bloom; /* NULL: the column has none              */
};

struct rn_pq_page {
    enum rn_pq_encoding encoding;
    uint32_t rows; /* NULLs too */
    uint32_t nulls;
    struct rn_bytes levels;   /* definition levels, RLE without a length; empty
                             * for a column that is not nullable             */
    struct rn_bytes value[3]; /* encoded values, in order */
    size_t pieces;
    const struct rn_pq_bounds *bounds; /* of this page */
};

struct rn_pq_writer {
    struct rn_lanes *lanes; /* set when a file begins */
    struct rn_codec *codec; /* NULL: none */
    int version;            /* of data pages: 1 or 2 */
    uint8_t *scratch;       /* a compressed page */
    size_t cap;
};

/* Arena bytes that init() takes for pages of up to `page` bytes. RN_E_ABSENT:
 * this build has no such codec.
 */
size_t rn_pq_writer_need(const struct rn_config *config, size_t page);
int rn_pq_writer_init(struct rn_pq_writer *w, const struct rn_config *config,
                      size_t page, struct rn_arena *mem);

/* Write a data page to lane `lane` and add it to `chunk`: rows, nulls, sizes,
 * pages, encodings, bounds (joined) and index.
 */
int rn_pq_page_write(struct rn_pq_writer *w, struct rn_pq_chunk *chunk,
                     const struct rn_pq_type *type, uint32_t lane,
                     const struct rn_pq_page *page);

/* Write the dictionary page: `count` values, plainly encoded. */
int rn_pq_dictionary_write(struct rn_pq_writer *w, struct rn_pq_chunk *chunk,
                           uint32_t lane, struct rn_bytes values,
                           uint32_t count);

/* A new chunk: everything of the old one is forgotten but the places where
 * index and filter live.
 */
void rn_pq_chunk_clear(struct rn_pq_chunk *chunk);

#endif
