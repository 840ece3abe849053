/* sim/read.h: reads the files of a run back, independently of what wrote them,
 * and compares every cell with the table.
 */
#ifndef TESTS_SIM_READ_H
#define TESTS_SIM_READ_H

#include "runnel/base.h"

/* How the files were written. */
struct read_how {
    const char *format; /* csv, json, avro, parquet */
    bool gzip;          /* of the whole file        */
};

/* A file whose rows are *next, *next + 1, ...: *next is then behind its last.
 * NULL, or what is wrong.
 */
const char *read_file(const struct read_how *how, struct rn_bytes file,
                      uint64_t *next);

#endif
