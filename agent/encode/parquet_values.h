/* encode/parquet_values.h: the values of one page, encoded as they come.
 *
 *     (slice set) -> begin -> put ... put -> end -> begin ...
 *
 * The slice is full when a value has no place in it; the page then ends before
 * that value. Nothing is ever moved: what is only known in the end (a count, a
 * length) is a piece of its own.
 */
#ifndef ENCODE_PARQUET_VALUES_H
#define ENCODE_PARQUET_VALUES_H

#include "encode/delta.h"
#include "encode/parquet_page.h"
#include "encode/rle.h"

/* How the values of a page are encoded, one for each loop that is worth its
 * own.
 */
enum rn_pq_coding {
    RN_PQ_CODE_BITS,    /* BOOLEAN, PLAIN                       */
    RN_PQ_CODE_RUNS,    /* BOOLEAN, RLE                         */
    RN_PQ_CODE_4,       /* INT32, FLOAT, PLAIN                  */
    RN_PQ_CODE_8,       /* INT64, DOUBLE, PLAIN                 */
    RN_PQ_CODE_FIXED,   /* FIXED, PLAIN                         */
    RN_PQ_CODE_BYTES,   /* BYTE_ARRAY, PLAIN                    */
    RN_PQ_CODE_DELTA,   /* INT32, INT64, DELTA_BINARY_PACKED    */
    RN_PQ_CODE_LENGTHS, /* BYTE_ARRAY, DELTA_LENGTH_BYTE_ARRAY  */
    RN_PQ_CODE_NUMBERS  /* any, RLE_DICTIONARY                  */
};

struct rn_pq_values {
    uint8_t *p;    /* the slice, borrowed */
    int64_t *wait; /* for RN_PQ_CODE_DELTA and _LENGTHS, borrowed */
    uint32_t cap;
    uint32_t len; /* plain values, or bytes behind lengths */
    uint32_t n;   /* values */
    uint8_t coding;
    uint8_t physical;
    uint8_t head[RN_DELTA_HEAD]; /* the piece that is made in the end */
    union {
        struct rn_rle rle;     /* _RUNS, _NUMBERS */
        struct rn_delta delta; /* _DELTA, _LENGTHS */
    };
};

/* The least slice. */
#define RN_PQ_VALUES_LEAST 64u

/* What the job asks for where no dictionary is. */
enum rn_pq_coding rn_pq_coding_of(const struct rn_config *config,
                                  const struct rn_pq_type *type);

/* Does it need `wait`, RN_DELTA_BLOCK numbers? */
bool rn_pq_coding_waits(enum rn_pq_coding coding);

/* Start a page. `width`: of numbers, else without meaning. */
void rn_pq_values_begin(struct rn_pq_values *v, enum rn_pq_coding coding,
                        unsigned width);

/* False: there is no room and nothing changed. An empty page takes everything
 * but BYTE_ARRAY. Not for _NUMBERS.
 */
bool rn_pq_values_put(struct rn_pq_values *v, const struct rn_pq_value *value);

/* _NUMBERS; `number` fits the width. */
static inline bool rn_pq_values_number(struct rn_pq_values *v, uint32_t number)
{
    if (!rn_rle_put(&v->rle, number))
        return false;
    v->n++;
    return true;
}

/* About what the page's values take so far. */
uint32_t rn_pq_values_len(const struct rn_pq_values *v);

/* Complete the page: its encoding and its pieces, valid until begin. */
void rn_pq_values_end(struct rn_pq_values *v, struct rn_pq_page *page);

/* A page, just begun, of this one value that an empty slice has no room for:
 * its bytes stay where they are.
 */
void rn_pq_values_alone(struct rn_pq_values *v, struct rn_bytes value,
                        struct rn_pq_page *page);

#endif
