/* cli/cmd_run.c: runnel run. */
#include <string.h>

#include "cli/cli.h"
#include "cli/progress.h"
#include "job/run.h"
#include "job/summary.h"
#include "runnel/host.h"

#define STDERR 2

/* Large, and a stack is small. */
static struct rn_config config;
static struct rn_result result;

static void tell(const struct cli_options *o, const struct rn_error *error)
{
    struct rn_summary s = { &config, &result, error };

    if (o->json)
        rn_summary_json(&s, &cli_out);
    else if (error->code == RN_OK || result.run[0] != 0)
        rn_summary_text(&s, &cli_out);
}

static int go(const struct cli_options *o, struct rn_error *error)
{
    struct rn_arena mem;
    struct cli_progress progress = { 0 };
    struct rn_run_options how = { .fresh = o->fresh,
                                  .ctx = &progress,
                                  .statements = o->json ? NULL : &cli_out };

    if (!o->quiet && rn_linux_terminal(STDERR))
        how.progress = cli_progress;
    int err = cli_arena(&config, &mem, error);
    if (err == RN_OK)
        err = rn_run(&config, &how, &mem, &result, error);
    cli_progress_end(&progress);
    return err;
}

int cli_run(const struct cli_options *o)
{
    struct rn_error error;

    result.state = "failed";
    if (cli_read_job(o, 0, &config, &error) == RN_OK)
        (void)go(o, &error);
    tell(o, &error);
    if (error.code == RN_OK)
        return CLI_DONE;
    /* stdout first, so that a terminal shows the reason last */
    int code = cli_finish(rn_error_exit(&error));
    (void)cli_failed(&error);
    return code;
}
