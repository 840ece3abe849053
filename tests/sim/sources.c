/* sim/sources.c: the sources of the simulator's image. */
#include "runnel/source.h"

extern const struct rn_source_class rn_source_rows;
extern const struct rn_source_class rn_source_sqlite;

const struct rn_source_class *const rn_sources[] = { &rn_source_rows,
                                                     &rn_source_sqlite };
const size_t rn_sources_n = RN_COUNTOF(rn_sources);
