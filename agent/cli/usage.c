/* cli/usage.c: the command line taken apart; see cli/cli.h. */
#include <string.h>

#include "cli/cli.h"
#include "core/format.h"
#include "core/log.h"
#include "core/nearest.h"

const struct cli_command cli_commands[] = {
    { "run",
      "JOB.ini [--set section.key=value]... [--json] [--quiet] [--fresh]",
      "query, upload, publish: one refresh",
      " --set --json --quiet --fresh --log-level ", 1, 1, cli_run },
    { "plan", "JOB.ini [--json]", "where the memory goes and what fits in it",
      " --set --json --log-level ", 1, 1, cli_plan },
    { "check", "JOB.ini", "try every step without a trace",
      " --set --log-level ", 1, 1, cli_check },
    { "status", "JOB.ini... [--json]", "the last runs, from the journal",
      " --set --json --log-level ", 1, CLI_JOBS, cli_status },
    { "validate", "JOB.ini [RUN] [--json] [--html FILE]",
      "compare what every place holds of a run",
      " --set --json --html --log-level ", 1, 2, cli_validate },
    { "daemon", "JOB.ini...", "run jobs on their schedules", " ", 0, CLI_JOBS,
      NULL },
    { "handoff", "JOB.ini --for sql|python|scala|r",
      "print code that reads the data in Databricks",
      " --set --for --log-level ", 1, 1, cli_handoff },
    { "version", "", "version, and what is built in", " ", 0, 0, cli_version },
    { "help", "[COMMAND | keys]", "this, or more on one command", " ", 0, 1,
      cli_help },
};
const size_t cli_commands_n = RN_COUNTOF(cli_commands);

static const char *const options[] = { "--set",       "--json", "--quiet",
                                       "--fresh",     "--html", "--for",
                                       "--log-level", "--help" };

/* Whatever was typed may hold a secret in the wrong place, so only what looks
 * like a word is repeated.
 */
static const char *shown(const char *word)
{
    size_t len = strspn(word, "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
    return len > 0 && len <= 32 && word[len] == 0 ? word : "(not shown)";
}

static const struct cli_command *find(const char *name)
{
    for (size_t i = 0; i < cli_commands_n; i++)
        if (strcmp(cli_commands[i].name, name) == 0)
            return &cli_commands[i];
    return NULL;
}

static int unknown_command(const char *name)
{
    const char *best = NULL;
    unsigned least = rn_distance_fair(name) + 1;

    for (size_t i = 0; i < cli_commands_n; i++) {
        unsigned d = rn_distance(name, cli_commands[i].name, least);
        if (d < least) {
            least = d;
            best = cli_commands[i].name;
        }
    }
    if (best != NULL)
        cli_complain("%s: no such command; did you mean %s?", shown(name),
                     best);
    else
        cli_complain("%s: no such command; see runnel help", shown(name));
    return CLI_USAGE;
}

static int unknown_option(const struct cli_command *c, const char *option)
{
    const char *best = NULL;
    unsigned least = rn_distance_fair(option) + 1;

    for (size_t i = 0; i < RN_COUNTOF(options); i++) {
        unsigned d = rn_distance(option, options[i], least);
        if (d < least) {
            least = d;
            best = options[i];
        }
    }
    if (best != NULL && least > 0)
        cli_complain("%s %s: no such option; did you mean %s?", c->name,
                     shown(option), best);
    else
        cli_complain("%s %s: no such option; see runnel help %s", c->name,
                     shown(option), c->name);
    return CLI_USAGE;
}

static bool takes(const struct cli_command *c, const char *option)
{
    char word[24];

    (void)rn_format(word, sizeof word, " %.20s ", option);
    return strstr(c->options, word) != NULL;
}

/* The value of an option: of "--set x" the next argument, of "--set=x" the
 * rest. NULL: there is none.
 */
static const char *value_of(int argc, char **argv, int *at, const char *rest)
{
    if (*rest == '=')
        return rest + 1;
    if (*at + 1 >= argc)
        return NULL;
    ++*at;
    return argv[*at];
}

static int missing_value(const struct cli_command *c, const char *option)
{
    cli_complain("%s %s: needs a value", c->name, option);
    return CLI_USAGE;
}

static int add_setting(const struct cli_command *c, struct cli_options *o,
                       const char *text)
{
    if (text == NULL)
        return missing_value(c, "--set");
    if (o->sets == CLI_SETS) {
        cli_complain("%s --set: more than %d of them", c->name, CLI_SETS);
        return CLI_USAGE;
    }
    o->set[o->sets++].text = text;
    return CLI_DONE;
}

static int set_level(const struct cli_command *c, struct cli_options *o,
                     const char *text)
{
    enum rn_level level;

    if (text == NULL)
        return missing_value(c, "--log-level");
    if (rn_log_level_of(text, &level) < 0) {
        cli_complain("%s --log-level %s: expected error, warn, info or debug",
                     c->name, shown(text));
        return CLI_USAGE;
    }
    o->log_level = text;
    return CLI_DONE;
}

static int set_page(const struct cli_command *c, struct cli_options *o,
                    const char *path)
{
    if (path == NULL || *path == 0)
        return missing_value(c, "--html");
    o->html = path;
    return CLI_DONE;
}

static int set_language(const struct cli_command *c, struct cli_options *o,
                        const char *word)
{
    if (word == NULL)
        return missing_value(c, "--for");
    o->language = word;
    return CLI_DONE;
}

/* The option at argv[*at]. */
static int parse_option(int argc, char **argv, int *at, struct cli_options *o,
                        const struct cli_command *c)
{
    char name[24];
    const char *text = argv[*at];
    size_t len = strcspn(text, "=");
    bool has_value = text[len] == '=';

    (void)rn_format(name, sizeof name, "%.*s", (int)len, text);
    if (len >= sizeof name || !takes(c, name))
        return unknown_option(c, name);
    if (strcmp(name, "--set") == 0)
        return add_setting(c, o, value_of(argc, argv, at, text + len));
    if (strcmp(name, "--log-level") == 0)
        return set_level(c, o, value_of(argc, argv, at, text + len));
    if (strcmp(name, "--html") == 0)
        return set_page(c, o, value_of(argc, argv, at, text + len));
    if (strcmp(name, "--for") == 0)
        return set_language(c, o, value_of(argc, argv, at, text + len));
    if (has_value) {
        cli_complain("%s %s: takes no value", c->name, name);
        return CLI_USAGE;
    }
    o->json |= strcmp(name, "--json") == 0;
    o->quiet |= strcmp(name, "--quiet") == 0;
    o->fresh |= strcmp(name, "--fresh") == 0;
    return CLI_DONE;
}

static int add_argument(const struct cli_command *c, struct cli_options *o,
                        const char *text)
{
    if (o->args == c->most) {
        cli_complain("%s: one argument too many; usage: runnel %s %s", c->name,
                     c->name, c->usage);
        return CLI_USAGE;
    }
    o->arg[o->args++] = text;
    return CLI_DONE;
}

static int parse_rest(int argc, char **argv, struct cli_options *o,
                      const struct cli_command *c)
{
    bool plain = false; /* after "--" everything is an argument */

    for (int i = 2; i < argc; i++) {
        int code;
        if (!plain && strcmp(argv[i], "--") == 0) {
            plain = true;
            continue;
        }
        if (!plain && argv[i][0] == '-' && argv[i][1] != 0)
            code = parse_option(argc, argv, &i, o, c);
        else
            code = add_argument(c, o, argv[i]);
        if (code != CLI_DONE)
            return code;
    }
    return CLI_DONE;
}

static bool asks_help(int argc, char **argv)
{
    for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

static const char *spelled(const char *word)
{
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return "help";
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
        return "version";
    return word;
}

int cli_parse(int argc, char **argv, struct cli_options *o,
              const struct cli_command **command)
{
    memset(o, 0, sizeof *o);
    if (argc < 2) {
        cli_complain("which command? See runnel help");
        return CLI_USAGE;
    }
    const struct cli_command *c = find(spelled(argv[1]));
    if (c == NULL)
        return unknown_command(argv[1]);
    o->command = c->name;
    *command = c;
    if (asks_help(argc, argv)) {
        o->arg[0] = c->name;
        o->args = 1;
        *command = find("help");
        return CLI_DONE;
    }
    if (c->run == NULL) {
        cli_complain("%s: not in this version", c->name);
        return CLI_USAGE;
    }
    int code = parse_rest(argc, argv, o, c);
    if (code == CLI_DONE && o->args < c->least) {
        cli_complain("%s: which job file? Usage: runnel %s %s", c->name,
                     c->name, c->usage);
        code = CLI_USAGE;
    }
    return code;
}
