/* parquet_reader_page.h: for tests: pages of Parquet, unpacked. */
#ifndef TESTS_PARQUET_READER_PAGE_H
#define TESTS_PARQUET_READER_PAGE_H

#include "parquet_reader_parts.h"

/* parquet.thrift, enum PageType */
enum pq_page_type { PQ_DATA = 0, PQ_DICTIONARY = 2, PQ_DATA_V2 = 3 };

/* A page's header, and what is behind it. */
struct pq_page_head {
    enum pq_page_type type;
    uint64_t size;          /* with the header                   */
    uint64_t raw;           /* the same before compression       */
    struct rn_bytes front;  /* never compressed: V2's levels     */
    struct rn_bytes stored; /* the rest                          */
    size_t raw_body;        /* what the rest unpacks to          */
    uint32_t values, nulls; /* nulls: V2 only                    */
    int encoding;
    bool packed;
};

/* The page at `at`, its CRC compared. */
void pq_page_head(const struct pq_reader *r, uint64_t at, uint64_t end,
                  struct pq_page_head *head);

/* The values of a dictionary, until the next one of the column. */
void pq_dictionary_load(struct pq_column *c, const struct pq_page_head *head);

/* Levels and values of a page of data, until the next one of the column. */
void pq_page_load(struct pq_column *c, const struct pq_page_head *head);

#endif
