/* cli/cmd_status.c: runnel status. */
#include <inttypes.h>

#include "cli/cli.h"
#include "job/journal.h"
#include "job/json.h"
#include "row/date.h"

static struct rn_config config;

static const char *state_word(enum rn_run_state state)
{
    static const char *const word[] = { "none", "done", "failed", "stopped",
                                        "interrupted" };
    return word[state];
}

/* "2026-11-22T02:15:00Z", or "-" when the clock was not set. */
static void moment(int64_t us, char *to)
{
    int len =
        us < 0 ? RN_E_VALUE : rn_format_timestamp(us - us % 1000000, true, to);

    if (len < 0) {
        to[0] = '-';
        len = 1;
    }
    to[len] = 0;
}

static void text_run(const struct rn_past_run *p)
{
    char when[RN_TIMESTAMP_TEXT + 1];
    char rows[RN_GROUPED_MAX];
    char size[RN_SIZE_MAX];

    moment(p->started_us, when);
    rn_print(
        &cli_out,
        "  %s  %-11s %14s rows  %10s  %u files  %" PRId64 ".%" PRId64 " s%s%s",
        when, state_word(p->state), rn_grouped(p->rows, rows),
        rn_size_text(p->bytes, size), (unsigned)p->files, p->elapsed_ms / 1000,
        p->elapsed_ms / 100 % 10, p->error[0] != 0 ? "  " : "", p->error);
    if (p->resumed > 0)
        rn_print(&cli_out, "  resumed at row %s", rn_grouped(p->resumed, rows));
    rn_print(&cli_out, "\n");
}

static void text_job(const struct rn_journal *j)
{
    const struct rn_past_run *past;
    size_t n = rn_journal_history(j, &past);
    const struct rn_open_run *open = rn_journal_open_run(j);
    char when[RN_TIMESTAMP_TEXT + 1];

    rn_print(&cli_out, "%s (%s)\n", config.job.name, config.job.state);
    if (open->run[0] != 0) {
        moment(open->started_us, when);
        rn_print(&cli_out,
                 "  %s  not ended: running now, killed, kept to be gone on "
                 "with, or its files could not be removed\n",
                 when);
    }
    for (size_t i = 0; i < n; i++)
        text_run(&past[i]);
    if (n == 0 && open->run[0] == 0)
        rn_print(&cli_out, "  no run yet\n");
}

static void put_number(struct rn_json *j, const char *key, uint64_t value)
{
    rn_json_key(j, key);
    rn_json_u64(j, value);
}

static void put_text(struct rn_json *j, const char *key, const char *text)
{
    rn_json_key(j, key);
    rn_json_string(j, text);
}

static void json_run(struct rn_json *j, const struct rn_past_run *p)
{
    char when[RN_TIMESTAMP_TEXT + 1];

    moment(p->started_us, when);
    rn_json_open(j, '{');
    put_text(j, "run", p->run);
    put_text(j, "state", state_word(p->state));
    put_text(j, "started", when);
    rn_json_key(j, "seconds");
    rn_json_seconds(j, p->elapsed_ms);
    put_number(j, "rows", p->rows);
    put_number(j, "resumed_rows", p->resumed);
    put_number(j, "bytes", p->bytes);
    put_number(j, "files", p->files);
    rn_json_key(j, "error");
    if (p->error[0] != 0)
        rn_json_string(j, p->error);
    else
        rn_json_null(j);
    rn_json_close(j, '}');
}

static void json_job(struct rn_json *j, const struct rn_journal *journal)
{
    const struct rn_past_run *past;
    size_t n = rn_journal_history(journal, &past);
    const char *open = rn_journal_open_run(journal)->run;

    rn_json_open(j, '{');
    put_text(j, "job", config.job.name);
    put_text(j, "state_file", config.job.state);
    rn_json_key(j, "open");
    if (open[0] != 0)
        rn_json_string(j, open);
    else
        rn_json_null(j);
    rn_json_key(j, "runs");
    rn_json_open(j, '[');
    for (size_t i = 0; i < n; i++)
        json_run(j, &past[i]);
    rn_json_close(j, ']');
    rn_json_close(j, '}');
}

static int one(const struct cli_options *o, size_t at, struct rn_json *j)
{
    struct rn_journal *journal = NULL;
    struct rn_error error;

    int err = cli_read_job(o, at, &config, &error);
    if (err == RN_OK)
        err =
            rn_journal_open(&config, false, cli_boot_arena(), &error, &journal);
    if (err < 0)
        return cli_failed(&error);
    if (o->json)
        json_job(j, journal);
    else
        text_job(journal);
    rn_journal_close(journal);
    return CLI_DONE;
}

/* A job that cannot be looked at does not hide the others. */
int cli_status(const struct cli_options *o)
{
    struct rn_json j;
    int code = CLI_DONE;

    rn_json_init(&j, &cli_out, false);
    if (o->json) {
        rn_json_open(&j, '{');
        rn_json_key(&j, "jobs");
        rn_json_open(&j, '[');
    }
    for (size_t i = 0; i < o->args; i++) {
        int one_code = one(o, i, &j);
        if (code == CLI_DONE)
            code = one_code;
    }
    if (o->json) {
        rn_json_close(&j, ']');
        rn_json_close(&j, '}');
        rn_out_byte(&cli_out, '\n');
    }
    return code;
}
