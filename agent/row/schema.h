/* row/schema.h: a schema that outlives its source. */
#ifndef ROW_SCHEMA_H
#define ROW_SCHEMA_H

#include "runnel/arena.h"
#include "runnel/row.h"

/* Columns and names into `mem`; RN_E_FULL when it is spent. */
int rn_schema_copy(const struct rn_schema *from, struct rn_arena *mem,
                   struct rn_schema *to);

#endif
