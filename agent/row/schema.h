/* row/schema.h: a schema that outlives its source. */
#ifndef ROW_SCHEMA_H
#define ROW_SCHEMA_H

#include "runnel/arena.h"
#include "runnel/row.h"

/* Arena bytes that a copy takes. */
size_t rn_schema_need(const struct rn_schema *schema);

/* Columns and names into `mem`; RN_E_FULL when it is spent. */
int rn_schema_copy(const struct rn_schema *from, struct rn_arena *mem,
                   struct rn_schema *to);

/* The same columns in the same order: names, types and all else. */
bool rn_schema_same(const struct rn_schema *a, const struct rn_schema *b);

#endif
