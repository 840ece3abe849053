/* cli/cmd_help.c: runnel help, and the table of keys. */
#include <string.h>

#include "cli/cli.h"
#include "job/config_keys.h"
#include "row/type.h"

static void overview(void)
{
    rn_print(&cli_out, "runnel: the rows of a query into an Azure container, "
                       "in fixed memory\n\n");
    for (size_t i = 0; i < cli_commands_n; i++)
        if (cli_commands[i].run != NULL)
            rn_print(&cli_out, "  runnel %-8s %s\n", cli_commands[i].name,
                     cli_commands[i].what);
    rn_print(&cli_out,
             "\nrunnel help COMMAND says more, runnel help keys lists what a "
             "job file may say.\n"
             "Exit codes: 0 done, 1 internal error, 2 bad usage or job file, "
             "3 source,\n4 store, 5 warehouse, 6 validation found a "
             "difference, 75 try later.\n");
}

static bool takes(const struct cli_command *c, const char *option)
{
    return strstr(c->options, option) != NULL;
}

static void one(const struct cli_command *c)
{
    rn_print(&cli_out, "runnel %s %s\n  %s%s\n", c->name, c->usage, c->what,
             c->run == NULL ? " (not in this version)" : "");
    if (takes(c, " --set "))
        rn_print(&cli_out, "  --set section.key=value  replaces a line of the "
                           "job file\n");
    if (takes(c, " --json "))
        rn_print(&cli_out, "  --json                   one JSON object on "
                           "stdout\n");
    if (takes(c, " --quiet "))
        rn_print(&cli_out, "  --quiet                  no progress line\n");
    if (takes(c, " --fresh "))
        rn_print(&cli_out, "  --fresh                  begin anew: go on with "
                           "no run, and leave behind a\n"
                           "                           state file that is "
                           "refused\n");
    if (takes(c, " --html "))
        rn_print(&cli_out, "  --html FILE              the report as a page "
                           "to forward\n");
    if (takes(c, " --for "))
        rn_print(&cli_out, "  --for LANGUAGE           sql, python, scala or "
                           "r\n");
    if (takes(c, " --log-level "))
        rn_print(&cli_out, "  --log-level LEVEL        error, warn, info or "
                           "debug, on stderr\n");
}

static void key_row(const struct rn_key *k)
{
    const char *standard = k->must ? "(required)" : "";
    char expects[160];

    rn_key_expects(k, expects, sizeof expects);
    if (k->standard != NULL)
        standard = k->standard;
    rn_print(&cli_out, "| %-15s | %-52s | %-12s | %s%s%s%s |\n", k->name,
             expects, standard, k->meaning, k->only != NULL ? " (" : "",
             k->only != NULL ? k->only : "", k->only != NULL ? ")" : "");
}

/* A section whose keys are the query's columns. */
static void types(void)
{
    rn_print(&cli_out,
             "\n[types]\n\nname of a column = one of these\n\n"
             "| %-15s | %-52s | meaning |\n|---|---|---|\n",
             "type", "or");
    for (size_t i = 0; i < rn_types_n; i++)
        rn_print(&cli_out, "| %-15s | %-52s | %s |\n", rn_types[i].word,
                 rn_types[i].also != NULL ? rn_types[i].also : "",
                 rn_types[i].what);
}

/* Markdown, so that README can hold it as it is. */
static void keys(void)
{
    const char *section = "";

    for (size_t i = 0; i < rn_keys_n; i++) {
        if (strcmp(section, rn_keys[i].section) != 0) {
            section = rn_keys[i].section;
            rn_print(&cli_out, "%s[%s]\n\n", i > 0 ? "\n" : "", section);
            rn_print(&cli_out, "| %-15s | %-52s | %-12s | meaning |\n", "key",
                     "value", "default");
            rn_print(&cli_out, "|---|---|---|---|\n");
        }
        key_row(&rn_keys[i]);
    }
    types();
}

int cli_help(const struct cli_options *o)
{
    if (o->args == 0) {
        overview();
        return CLI_DONE;
    }
    if (strcmp(o->arg[0], "keys") == 0) {
        keys();
        return CLI_DONE;
    }
    for (size_t i = 0; i < cli_commands_n; i++) {
        if (strcmp(cli_commands[i].name, o->arg[0]) == 0) {
            one(&cli_commands[i]);
            return CLI_DONE;
        }
    }
    cli_complain("help: no such command; runnel help lists them");
    return CLI_USAGE;
}
