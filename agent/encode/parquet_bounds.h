/* encode/parquet_bounds.h: least and greatest of a page or a column chunk.
 *
 * Numbers are kept whole; of bytes the first RN_PQ_BOUND are kept. A cut
 * minimum is a lower bound as it is; a cut maximum is made an upper bound by
 * raising its last character (utf8) or byte, or is left out when nothing can
 * be raised. NaN is left out of bounds, and a zero is -0.0 as a minimum and
 * +0.0 as a maximum (parquet.thrift, ColumnOrder and Statistics).
 */
#ifndef ENCODE_PARQUET_BOUNDS_H
#define ENCODE_PARQUET_BOUNDS_H

#include "encode/parquet_type.h"

#define RN_PQ_BOUND 64

struct rn_pq_bound {
    union {
        int64_t i;     /* RN_PQ_ORDER_SIGNED                             */
        double f;      /* RN_PQ_ORDER_FLOAT                              */
        uint64_t lead; /* bytes: the first 8, big endian, the sign turned
                        * over: most comparisons end here                */
    };
    uint8_t len;
    bool cut; /* the value goes on */
    uint8_t bytes[RN_PQ_BOUND];
};

struct rn_pq_bounds {
    bool any; /* false: no value yet, or only NaN */
    struct rn_pq_bound min, max;
};

void rn_pq_bounds_clear(struct rn_pq_bounds *b);
void rn_pq_bounds_add(struct rn_pq_bounds *b, const struct rn_pq_type *type,
                      const struct rn_pq_value *value);

/* Widen `b` by all that `more` holds. */
void rn_pq_bounds_join(struct rn_pq_bounds *b, const struct rn_pq_type *type,
                       const struct rn_pq_bounds *more);

/* The bound as statistics hold it: the plain encoding of the value (bytes
 * without a length), at most RN_PQ_BOUND bytes to `to`. False: there is none.
 * `*exact`: it is the value itself.
 */
bool rn_pq_bounds_min(const struct rn_pq_bounds *b,
                      const struct rn_pq_type *type, uint8_t *to, size_t *n,
                      bool *exact);
bool rn_pq_bounds_max(const struct rn_pq_bounds *b,
                      const struct rn_pq_type *type, uint8_t *to, size_t *n,
                      bool *exact);

#endif
