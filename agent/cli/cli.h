/* cli/cli.h: the command line: what was asked for, and where answers go. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "core/print.h"
#include "job/config.h"
#include "runnel/arena.h"
#include "runnel/config.h"
#include "runnel/error.h"
#include "runnel/out.h"

/* The exit codes that no struct rn_error stands behind. */
#define CLI_DONE     0
#define CLI_INTERNAL 1
#define CLI_USAGE    2

#define CLI_JOBS 32
#define CLI_SETS 32

struct cli_options {
    const char *command;
    const char *arg[CLI_JOBS]; /* job files, or what else it takes */
    size_t args;
    struct rn_setting set[CLI_SETS];
    size_t sets;
    bool json;
    bool quiet;
    bool fresh;
    const char *log_level; /* NULL: as the job says */
    const char *html;      /* NULL: no page         */
    const char *language;  /* --for; NULL: not said */
};

struct cli_command {
    const char *name;
    const char *usage;   /* "JOB.ini [--json]"            */
    const char *what;    /* one line                      */
    const char *options; /* those it takes: " --set --json " */
    size_t least;        /* arguments                     */
    size_t most;
    int (*run)(const struct cli_options *o); /* NULL: not yet */
};

extern const struct cli_command cli_commands[];
extern const size_t cli_commands_n;

/* A command line taken apart: CLI_DONE with *command, or CLI_USAGE after one
 * line on stderr.
 */
int cli_parse(int argc, char **argv, struct cli_options *o,
              const struct cli_command **command);

/* The whole program but for the port's start: the exit code. */
int cli_main(int argc, char **argv);

/* stdout, buffered. cli_finish() flushes; CLI_INTERNAL and a line on stderr
 * when what was to be said could not all be written, else `code`.
 */
extern struct rn_out cli_out;
void cli_start(void);
int cli_finish(int code);

/* One line on stderr, "runnel: " before it. */
__attribute__((format(printf, 1, 2))) void cli_complain(const char *fmt, ...);

/* Bytes to stderr as they are: the progress line. */
void cli_stderr(const char *text, size_t len);

/* The job named by o->arg[at]; a failure is told. Strings stay valid until
 * the next call. Also sets the log level.
 */
int cli_read_job(const struct cli_options *o, size_t at,
                 struct rn_config *config, struct rn_error *error);

/* What is left of that memory, for commands that need no budget. */
struct rn_arena *cli_boot_arena(void);

/* The job's budget as an arena. */
int cli_arena(const struct rn_config *config, struct rn_arena *mem,
              struct rn_error *error);

/* Tell the failure and give its exit code. */
int cli_failed(const struct rn_error *error);

int cli_run(const struct cli_options *o);
int cli_plan(const struct cli_options *o);
int cli_check(const struct cli_options *o);
int cli_status(const struct cli_options *o);
int cli_validate(const struct cli_options *o);
int cli_handoff(const struct cli_options *o);
int cli_version(const struct cli_options *o);
int cli_help(const struct cli_options *o);

#endif
