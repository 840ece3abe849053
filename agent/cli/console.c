/* cli/console.c: stdout and stderr without stdio, which would allocate, and
 * what every command does with a job; see cli/cli.h.
 */
#include <stdarg.h>
#include <string.h>

#include "cli/cli.h"
#include "core/format.h"
#include "core/log.h"
#include "job/plan.h"
#include "runnel/host.h"

#define STDOUT 1
#define STDERR 2

struct rn_out cli_out;

static uint8_t out_buf[1024];
static _Alignas(RN_ALIGN) uint8_t boot_space[RN_CONFIG_ARENA];
static struct rn_arena boot;

static int drain(struct rn_out *o)
{
    return rn_linux_print(STDOUT, (const char *)o->buf, o->len);
}

void cli_start(void)
{
    rn_out_init(&cli_out, out_buf, sizeof out_buf, drain);
}

int cli_finish(int code)
{
    if (rn_out_flush(&cli_out) == RN_OK)
        return code;
    cli_complain("stdout: could not be written");
    return code == CLI_DONE ? CLI_INTERNAL : code;
}

void cli_stderr(const char *text, size_t len)
{
    (void)rn_linux_print(STDERR, text, len);
}

void cli_complain(const char *fmt, ...)
{
    char line[700] = "runnel: ";
    size_t head = strlen(line);
    va_list args;

    va_start(args, fmt);
    int n = rn_vformat(line + head, sizeof line - head - 1, fmt, args);
    va_end(args);
    size_t len = strlen(line);
    if (n < 0)
        return;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    line[len] = '\n';
    cli_stderr(line, len + 1);
}

int cli_failed(const struct rn_error *error)
{
    cli_complain("%s", error->text);
    return rn_error_exit(error);
}

int cli_read_job(const struct cli_options *o, size_t at,
                 struct rn_config *config, struct rn_error *error)
{
    struct rn_config_input in = { o->arg[at], { NULL, 0 }, o->set, o->sets };
    enum rn_level level = RN_LOG_WARN;

    rn_error_clear(error);
    rn_arena_init(&boot, "job file", boot_space, sizeof boot_space);
    int err = rn_config_read(&in, &boot, config, error);
    if (err < 0)
        return err;
    (void)rn_log_level_of(
        o->log_level != NULL ? o->log_level : config->job.log_level, &level);
    rn_log_level(level);
    return RN_OK;
}

struct rn_arena *cli_boot_arena(void)
{
    return &boot;
}

int cli_arena(const struct rn_config *config, struct rn_arena *mem,
              struct rn_error *error)
{
    size_t size;
    int err = rn_plan_arena(config, &size, error);

    if (err < 0)
        return err;
    void *base = rn_linux_region(size);
    if (base == NULL)
        return rn_fail(error, RN_E_FULL, RN_AT_AGENT,
                       "the machine has no %zu KiB for [job] memory",
                       size / 1024);
    rn_arena_init(mem, "job", base, size);
    return RN_OK;
}

int cli_main(int argc, char **argv)
{
    const struct cli_command *command;
    struct cli_options o;

    cli_start();
    int code = cli_parse(argc, argv, &o, &command);
    if (code != CLI_DONE)
        return code;
    return cli_finish(command->run(&o));
}
