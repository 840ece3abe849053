/* parquet_reader_value.h: for tests: single values of Parquet. */
#ifndef TESTS_PARQUET_READER_VALUE_H
#define TESTS_PARQUET_READER_VALUE_H

#include "parquet_reader_parts.h"

/* The next value of a PLAIN stream. */
void pq_plain(const struct pq_column *c, struct unpack *u, struct pq_value *v);

/* A value as statistics have it: byte arrays without their length. */
struct pq_value pq_stated(const struct pq_column *c, struct rn_bytes b);

/* In the order that the column's type defines. Not for NaN. */
int pq_compare(const struct pq_column *c, const struct pq_value *a,
               const struct pq_value *b);

/* The value is within the bounds; notes when it is equal to one. */
void pq_check_bounds(const struct pq_column *c, struct pq_bounds *b,
                     const struct pq_value *v);

/* Bounds themselves are as the format asks. */
void pq_check_order(const struct pq_column *c, const struct pq_bounds *b);

/* The value as a cell. A decimal's text is in the column. */
void pq_cell(struct pq_column *c, const struct pq_value *v,
             struct rn_cell *cell);

#endif
