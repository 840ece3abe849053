/* cli/cmd_handoff.c: runnel handoff. */
#include "cli/cli.h"
#include "warehouse/handoff.h"

static struct rn_config config;

int cli_handoff(const struct cli_options *o)
{
    enum rn_language language;
    struct rn_error error;

    if (o->language == NULL) {
        cli_complain("handoff: --for which language? sql, python, scala or r");
        return CLI_USAGE;
    }
    if (rn_language_of(o->language, &language) < 0) {
        cli_complain("handoff --for: expected sql, python, scala or r");
        return CLI_USAGE;
    }
    if (cli_read_job(o, 0, &config, &error) < 0)
        return cli_failed(&error);
    if (rn_handoff(&config, language, &cli_out, &error) < 0)
        return cli_failed(&error);
    return CLI_DONE;
}
