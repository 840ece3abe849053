/* sim/read_kit.h: Avro and Parquet for sim/read.c, in files of their own since
 * their readers stop by assertions. NULL, or what is wrong.
 */
#ifndef TESTS_SIM_READ_KIT_H
#define TESTS_SIM_READ_KIT_H

#include "runnel/base.h"

const char *read_avro(struct rn_bytes file, uint64_t *next);
const char *read_parquet(struct rn_bytes file, uint64_t *next);

#endif
