/* parquet_reader_parts.h: what the files of the Parquet reader share.
 *
 * Whatever finds the file broken calls pq_want() or assert_true() and does not
 * come back: the public functions set the trap that catches it. So all memory
 * belongs to the reader, and nothing is held across a check.
 */
#ifndef TESTS_PARQUET_READER_PARTS_H
#define TESTS_PARQUET_READER_PARTS_H

#include <setjmp.h>

#include "parquet_reader.h"

/* The file is broken: say where and what, and leave by the trap. */
_Noreturn void pq_broken(const char *what);

static inline void pq_want(bool holds, const char *what)
{
    if (!holds)
        pq_broken(what);
}

/* For the helpers below, which say what must hold and no more. */
#define assert_true(c)         ((c) ? (void)0 : pq_broken(#c))
#define assert_int_equal(a, b) assert_true((a) == (b))

#include "thrift_reader.h"
#include "unpack.h"

/* Memory that only grows. */
struct pq_buffer {
    void *p;
    size_t cap;
};

/* Room for `n` bytes; what was there may be gone. */
void *pq_room(struct pq_buffer *b, size_t n);

/* parquet.thrift, enum Type */
enum pq_physical {
    PQ_BOOLEAN = 0,
    PQ_INT32 = 1,
    PQ_INT64 = 2,
    PQ_FLOAT = 4,
    PQ_DOUBLE = 5,
    PQ_BYTE_ARRAY = 6,
    PQ_FIXED = 7
};

/* parquet.thrift, enum Encoding */
enum pq_encoding {
    PQ_PLAIN = 0,
    PQ_PLAIN_DICTIONARY = 2,
    PQ_RLE = 3,
    PQ_DELTA_BINARY_PACKED = 5,
    PQ_DELTA_LENGTH = 6,
    PQ_RLE_DICTIONARY = 8
};

/* A value as its physical type has it. */
struct pq_value {
    int64_t i;
    double f;
    struct rn_bytes bytes;
};

/* Both bounds of some values, as the file says them. */
struct pq_bounds {
    bool has_min, has_max;
    struct pq_value min, max;
    bool min_exact, max_exact;
    bool min_seen, max_seen; /* a value is equal to it */
};

/* A list's items, one after another. */
struct pq_list {
    struct thrift_at at;
    unsigned type;
    uint64_t left;
};

/* The data page that is being read. */
struct pq_page {
    uint32_t rows, row; /* in all, read */
    uint32_t n, at;     /* values that are not NULL: in all, read */
    uint32_t *level;    /* 1: not NULL */
    struct pq_value *value;
    struct pq_buffer levels, values, numbers, narrow, body;
};

/* The chunk of the open row group. */
struct pq_chunk {
    struct thrift_at meta;
    uint64_t start, at, end; /* of its pages: first byte, next, behind */
    uint64_t rows, rows_left, nulls, raw;
    uint32_t pages, numbered_pages; /* numbered: by a dictionary */
    uint32_t encodings;
    int codec;
    struct pq_bounds bounds;
    struct pq_value *entry; /* of the dictionary */
    uint32_t entries;
    struct pq_buffer entry_room, dictionary;
    bool indexed;
    struct pq_list null_pages, mins, maxs, null_counts, places;
    int boundary_order;
    bool bounded; /* `last` holds a page's bounds */
    struct pq_bounds last;
};

struct pq_column {
    struct rn_col col;
    enum pq_physical physical;
    uint32_t length; /* PQ_FIXED: bytes */
    struct pq_chunk chunk;
    struct pq_page page;
    char text[64]; /* of a decimal */
};

struct pq_reader {
    struct rn_bytes file;
    uint64_t footer; /* where it begins: nothing else is behind that */
    struct rn_schema schema;
    struct pq_column *column;
    struct rn_col *col;
    struct pq_about about;
    struct pq_list groups;
    uint64_t given, rows_left; /* rows: in all, of the open group */
    uint64_t end;              /* of the last chunk */
    size_t working;            /* the column, for messages */
    jmp_buf trap;
    char error[400];
};

/* A slice of the file, before the footer. */
struct rn_bytes pq_slice(const struct pq_reader *r, uint64_t at, uint64_t n);

/* The list in field `id`, which must be there. */
struct pq_list pq_list_of(struct thrift_at at, int id);
/* Its next item; there must be one. */
struct thrift_at pq_item(struct pq_list *list);

/* A field that holds a count or a place: not negative. */
uint64_t pq_count(struct thrift_at at, int id);

#endif
