/* encode/parquet_column.h: one column's values into pages.
 *
 *     begin -> put ... put -> flush -> begin ...        a chunk a round
 *
 * Values are encoded as they come, into the open page: its definition levels
 * and its values, each in the page's own slice. The page is finished when one
 * of them is full, and goes to the page writer.
 *
 * Dictionary (RLE_DICTIONARY): values get numbers while the dictionary's slice
 * has room; the numbers are bit-packed at once with as many bits as the
 * largest needs, and when that grows a new page begins. When the slice is full
 * or the dictionary saves nothing, the chunk goes on with the column's other
 * encoding, and the dictionary page is written: it is final, and later pages
 * have its slice as well. Otherwise it is written by flush.
 */
#ifndef ENCODE_PARQUET_COLUMN_H
#define ENCODE_PARQUET_COLUMN_H

#include "encode/parquet_page.h"

struct rn_pq_dictionary; /* parquet_dictionary.h */

/* Slices of one column, in bytes; 0 for `dictionary`: none. */
struct rn_pq_sizes {
    size_t page;
    size_t dictionary;
    size_t index;
    size_t largest; /* a page may grow to where the dictionary was; up to
                     * `page`: it may not */
};

struct rn_pq_column; /* parquet_column.c */

/* The least `page`. */
#define RN_PQ_PAGE_MIN 128u

/* Arena bytes of one column with these slices, whatever its type: page,
 * dictionary (values and hash table within `sizes->dictionary`), index and
 * state, but not the Bloom filter.
 */
size_t rn_pq_column_need(const struct rn_config *config,
                         const struct rn_pq_sizes *sizes);

/* `col` and `w` are borrowed. `lane` is where its pages go. `bloom`: NULL for
 * none, else the filter that put() fills.
 */
struct rn_pq_column_options {
    const struct rn_col *col;
    struct rn_pq_writer *writer;
    struct rn_pq_bloom *bloom;
    uint32_t lane;
    struct rn_pq_sizes sizes;
};
int rn_pq_column_init(struct rn_pq_column **column,
                      const struct rn_config *config,
                      const struct rn_pq_column_options *options,
                      struct rn_arena *mem);

const struct rn_pq_type *rn_pq_column_type(const struct rn_pq_column *c);

/* Start a chunk. */
void rn_pq_column_begin(struct rn_pq_column *c);

/* Add one cell, NULL or of the column's type. RN_E_VALUE: the format has no
 * place for it; the page is as it was. Else RN_OK or the lane's failure.
 */
int rn_pq_column_put(struct rn_pq_column *c, const struct rn_cell *cell);

/* Write the last page and the dictionary; chunk() is final afterwards. */
int rn_pq_column_flush(struct rn_pq_column *c);

struct rn_pq_chunk *rn_pq_column_chunk(struct rn_pq_column *c);

/* Bytes of the chunk so far: pages as stored and what waits in the open one. */
uint64_t rn_pq_column_bytes(const struct rn_pq_column *c);

#endif
