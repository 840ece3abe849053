/* job/config.h: from a job file to struct rn_config.
 *
 * The file is read once, at start: what happens to it during the run changes
 * nothing. What every key means is in job/config_keys.c.
 */
#ifndef JOB_CONFIG_H
#define JOB_CONFIG_H

#include "runnel/arena.h"
#include "runnel/config.h"
#include "runnel/error.h"

/* An arena of this size holds every job file that is accepted. */
#define RN_CONFIG_ARENA (74u * 1024)

/* "section.key=value", as given to --set. It replaces the file's line. */
struct rn_setting {
    const char *text;
};

struct rn_config_input {
    const char *path;     /* of the job file; also for messages           */
    struct rn_bytes text; /* its content; p is NULL: read it from `path`  */
    const struct rn_setting *set;
    size_t sets;
};

/* Fill `config`, its strings taken from `mem`. RN_E_CONFIG with one line that
 * names file, line and key, and never holds a secret's value.
 */
int rn_config_read(const struct rn_config_input *in, struct rn_arena *mem,
                   struct rn_config *config, struct rn_error *error);

#endif
