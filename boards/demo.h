/* boards/demo.h: rows by a rule, so that whoever reads the files can say what
 * each cell must be: tests/lib/demo.mjs has the same rule.
 */
#ifndef BOARDS_DEMO_H
#define BOARDS_DEMO_H

#include "runnel/runnel.h"

/* One of each type, nullable and not, plain texts and those that CSV has to
 * quote; an image may use the first few.
 */
#define DEMO_COLUMNS 20
#define DEMO_FEW     8
extern const struct rn_col demo_columns[DEMO_COLUMNS];

/* Push row `i`, from 1, of the first `columns` columns; rn_end_row()'s code. */
int demo_row(struct rn_runnel *r, uint32_t i, size_t columns);

#endif
