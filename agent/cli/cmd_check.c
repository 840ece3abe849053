/* cli/cmd_check.c: runnel check. */
#include "cli/cli.h"
#include "job/run.h"

static struct rn_config config;

/* Each line as it is known: a step may take as long as a timeout. */
static void step(void *ctx, const char *name, int err, const char *text)
{
    (void)ctx;
    rn_print(&cli_out, "%-10s %-6s  %s\n", name, err < 0 ? "FAILED" : "ok",
             text);
    (void)rn_out_flush(&cli_out);
}

int cli_check(const struct cli_options *o)
{
    struct rn_error error;
    struct rn_arena mem;

    if (cli_read_job(o, 0, &config, &error) < 0)
        return cli_failed(&error);
    step(NULL, "job file", RN_OK, config.path);
    int err = cli_arena(&config, &mem, &error);
    if (err < 0)
        return cli_failed(&error);
    err = rn_probe(&config, &mem, step, NULL, &error);
    return err < 0 ? rn_error_exit(&error) : CLI_DONE;
}
