/* job/config_reader.h: one reading of a job file, shared by its stages.
 *
 *   config.c        lines to keys: inih, --set, unknown names
 *   config_text.c   ${NAME} and file:PATH
 *   config_types.c  [types], whose keys are names of columns
 *   config_check.c  defaults, what is missing, what contradicts
 */
#ifndef JOB_CONFIG_READER_H
#define JOB_CONFIG_READER_H

#include "job/config.h"
#include "job/config_keys.h"
#include "runnel/limits.h"

#define RN_LINE_NONE 0    /* not given             */
#define RN_LINE_SET  (-1) /* by --set, not by a line */

/* The section whose keys no table knows. */
#define RN_TYPES "types"

struct rn_rule_line; /* a rule of [types] and where it was given */

struct rn_config_reader {
    const struct rn_config_input *in;
    struct rn_arena *mem;
    struct rn_config *config;
    struct rn_error fail; /* ours, until it is known that inih has no
                              * earlier one                              */
    int fail_line;
    int line[RN_KEYS_MAX]; /* where each key was given                 */

    bool hide[RN_KEYS_MAX]; /* its value must not be repeated           */

    /* The value that is being gathered: a query may go on. */
    const struct rn_key *key;
    int key_line;
    size_t len;
    char value[RN_VALUE_MAX];

    /* [types]: the rules so far, and a key that stands for the last one. */
    struct rn_rule_line *rules;
    struct rn_rule_line *rule;
    size_t rules_n;
    struct rn_key column;

    bool can_go_on; /* inih would take an indented line as a continuation */
    bool indented;  /* the line that inih has just been given             */
    int lines;      /* given so far                                       */
    struct rn_bytes left; /* of the text                                  */
};

/* "orders.ini:12: [store] url: ..." into r->fail if it is the first; `k` may
 * be NULL, `line` 0 (the file as a whole). RN_E_CONFIG.
 */
__attribute__((format(printf, 4,
                      5))) int(rn_config_fail)(struct rn_config_reader *r,
                                               int line, const struct rn_key *k,
                                               const char *fmt, ...);

/* The place alone; see runnel/texts.h. */
int rn_config_fail_terse(struct rn_config_reader *r, int line,
                         const struct rn_key *k);

/* The gathered value as it is meant, taken from r->mem. For a secret *file is
 * the PATH of file:PATH, else "".
 */
int rn_config_text(struct rn_config_reader *r, const char **value,
                   const char **file);

/* The arena is spent. RN_E_CONFIG. */
int rn_config_no_room(struct rn_config_reader *r);

/* A name as a message may repeat it: only when it looks like one, because a
 * secret that was wrapped by mistake ends up where a key should be.
 */
const char *rn_config_shown(const char *name);

/* A line of [types] begins: r->rule is its rule and r->column its key. 0 when
 * the line is not to be read, because --set came before it; else 1, or
 * RN_E_CONFIG.
 */
int rn_config_rule(struct rn_config_reader *r, int line, const char *column);

/* The rule's gathered value is complete. */
int rn_config_rule_end(struct rn_config_reader *r);

/* Give all rules to the configuration. */
int rn_config_rules(struct rn_config_reader *r);

/* Fill in every default; before anything is read. */
void rn_config_defaults(struct rn_config_reader *r);

/* All that can only be said once everything was read. */
int rn_config_check(struct rn_config_reader *r);

#endif
