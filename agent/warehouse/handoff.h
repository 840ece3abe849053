/* warehouse/handoff.h: code that reads what a job loads, in a person's own
 * language and with the job's own names.
 *
 * Only Databricks runs it: Synapse's table through the catalog of [connect],
 * the same through the older connector, and the table in Databricks. No secret
 * is in it: it names those that Databricks keeps.
 */
#ifndef WAREHOUSE_HANDOFF_H
#define WAREHOUSE_HANDOFF_H

#include "runnel/config.h"
#include "runnel/error.h"
#include "runnel/out.h"

enum rn_language { RN_LANG_SQL, RN_LANG_PYTHON, RN_LANG_SCALA, RN_LANG_R };

/* "sql", "python", "scala", "r"; RN_E_CONFIG: no such language. */
int rn_language_of(const char *word, enum rn_language *to);

/* What the job hasn't is said in one line of comment. RN_E_CONFIG: it has none
 * of it, or a name that no statement can hold.
 */
int rn_handoff(const struct rn_config *config, enum rn_language language,
               struct rn_out *to, struct rn_error *error);

/* Text as a literal of the language, so that it reads back these bytes. SQL's
 * are those of Databricks.
 */
void rn_handoff_literal(struct rn_out *to, enum rn_language language,
                        struct rn_bytes text);

/* The same for text as it is made, in languages but SQL: what is written to the
 * stream becomes the inside of a literal in `to`.
 */
struct rn_literal {
    struct rn_out out; /* first */
    struct rn_out *to;
    enum rn_language language;
    uint8_t buf[128];
};
struct rn_out *rn_literal_open(struct rn_literal *l, struct rn_out *to,
                               enum rn_language language);
void rn_literal_close(struct rn_literal *l);

#endif
