/* row/rule.h: what the job file says of columns, whatever source they are of.
 *
 *     (a column has its name) -> type ... (all have types) -> settle
 */
#ifndef ROW_RULE_H
#define ROW_RULE_H

#include "runnel/config.h"
#include "runnel/error.h"
#include "runnel/row.h"

/* Give the column the type that [types] has for its name, which is compared
 * byte by byte. False: it has none, and nothing was changed.
 */
bool rn_rule_type(const struct rn_config *config, struct rn_col *col);

/* Times and timestamps become whole milliseconds where file.timestamps says so.
 * RN_E_CONFIG, naming the nearest column, when [types] has a rule for a column
 * that is not among these.
 */
int rn_rule_settle(const struct rn_config *config, struct rn_col *col, size_t n,
                   struct rn_error *error);

#endif
