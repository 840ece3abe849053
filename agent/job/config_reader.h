/* job/config_reader.h: one reading of a job file, shared by its stages.
 *
 *   config.c        lines to keys: inih, --set, unknown names
 *   config_text.c   ${NAME} and file:PATH
 *   config_check.c  defaults, what is missing, what contradicts
 */
#ifndef JOB_CONFIG_READER_H
#define JOB_CONFIG_READER_H

#include "job/config.h"
#include "job/config_keys.h"

#define RN_VALUE_MAX 8192u

#define RN_LINE_NONE 0    /* not given             */
#define RN_LINE_SET  (-1) /* by --set, not by a line */

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

    bool can_go_on; /* inih would take an indented line as a continuation */
    bool indented;  /* the line that inih has just been given             */
    int lines;      /* given so far                                       */
    struct rn_bytes left; /* of the text                                  */
};

/* "orders.ini:12: [store] url: ..." into r->fail if it is the first; `k` may
 * be NULL, `line` 0 (the file as a whole). RN_E_CONFIG.
 */
__attribute__((format(printf, 4, 5))) int rn_config_fail(
    struct rn_config_reader *r, int line, const struct rn_key *k,
    const char *fmt, ...);

/* The gathered value as it is meant, taken from r->mem. For a secret *file is
 * the PATH of file:PATH, else "".
 */
int rn_config_text(struct rn_config_reader *r, const char **value,
                   const char **file);

/* Fill in every default; before anything is read. */
void rn_config_defaults(struct rn_config_reader *r);

/* All that can only be said once everything was read. */
int rn_config_check(struct rn_config_reader *r);

#endif
