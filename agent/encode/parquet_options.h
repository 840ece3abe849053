/* encode/parquet_options.h: what a job's options and memory mean for the
 * columns of its Parquet files.
 */
#ifndef ENCODE_PARQUET_OPTIONS_H
#define ENCODE_PARQUET_OPTIONS_H

#include "encode/parquet_column.h"
#include "runnel/error.h"

/* Each column's part of the memory. */
struct rn_pq_sizes rn_pq_sizes_for(const struct rn_config *config,
                                   size_t columns);

/* file.bloom_filter: the most filters that it can mean for so many columns;
 * RN_E_CONFIG where it names a column that the query has not or that can have
 * none; and whether it means a column.
 */
size_t rn_pq_blooms(const struct rn_config *config, size_t columns);
int rn_pq_check_blooms(const struct rn_config *config,
                       const struct rn_schema *schema, struct rn_error *error);
bool rn_pq_wants_bloom(const struct rn_config *config,
                       const struct rn_col *col);

#endif
