/* parquet_reader.h: for tests: reads the Parquet files that Runnel can write,
 * and believes nothing that it can check.
 *
 *     pq_open -> pq_next ... pq_next (0 or -1) -> pq_close
 *
 * It shares nothing with the encoder. While rows are read, all that the file
 * says about itself is compared with what is there: the places and sizes of
 * chunks and pages, CRCs, counts of rows, NULLs and pages, statistics and both
 * page indexes, so that a file that was read to its end is right in all parts
 * but the bits of its Bloom filters. A file may hold anything: nothing outside
 * of it is touched, no more than a page is asked for at once.
 *
 * Formats: flat schemas with logical types; data pages of version 1 and 2;
 * PLAIN, RLE booleans, dictionaries, DELTA_BINARY_PACKED,
 * DELTA_LENGTH_BYTE_ARRAY; no compression, snappy, gzip, zstd (by the machine's
 * libzstd.so.1).
 */
#ifndef TESTS_PARQUET_READER_H
#define TESTS_PARQUET_READER_H

#include "runnel/row.h"

/* A page has at most so many rows, and so many bytes before compression. */
#define PQ_PAGE_ROWS  65536u
#define PQ_PAGE_BYTES (48u << 20)

struct pq_reader;

/* What there is in the file; all but the first three grow while rows are read.
 */
struct pq_about {
    uint64_t rows;
    uint32_t groups; /* row groups                                 */
    int version;     /* of the format, as the footer says: 1 or 2  */
    uint32_t pages, dictionary_pages; /* of data, in all           */
    uint32_t pages_v2;
    uint32_t indexes;     /* chunks that have both page indexes    */
    uint32_t blooms;      /* chunks that have a Bloom filter       */
    uint64_t bloom_bytes; /* of the last one, without its header   */
    uint32_t encodings;   /* of pages: a bit for each              */
    uint32_t codecs;      /* a bit for each                        */
};

/* Never NULL. `file` is borrowed until pq_close(). pq_error() tells whether it
 * went well.
 */
struct pq_reader *pq_open(struct rn_bytes file);

/* What is wrong with the file, and where; NULL: nothing so far. */
const char *pq_error(const struct pq_reader *r);

/* The columns, as the agent types them; names point into the file. What a file
 * cannot tell apart is 0: an instant's `utc` is there, RN_I64's `bits` is 8,
 * 16, 32 or 0. No columns after an error.
 */
const struct rn_schema *pq_schema(const struct pq_reader *r);

const struct pq_about *pq_about(const struct pq_reader *r);

/* The next row: 1 and a cell for each column, valid until the next call; 0
 * behind the last one, when all of the file held together; -1: pq_error().
 */
int pq_next(struct pq_reader *r, struct rn_cell *cells);

/* The place of the footer in a file, or an empty slice. */
struct rn_bytes pq_footer(struct rn_bytes file);

void pq_close(struct pq_reader *r);

#endif
