/* cli/cmd_validate.c: runnel validate. */
#include "cli/cli.h"
#include "job/json.h"
#include "job/report.h"
#include "job/validate.h"
#include "runnel/file.h"
#include "runnel/port.h"

/* Large, and a stack is small. */
static struct rn_config config;
static struct rn_report report;

/* -- the page ------------------------------------------------------------- */

static struct page {
    struct rn_out out; /* first: what drain() is given */
    struct rn_file_handle file;
    char why[RN_WHY];
    uint8_t buf[1024];
} page;

static int drain(struct rn_out *o)
{
    struct page *p = (struct page *)o;
    struct rn_bytes piece = { o->buf, o->len };

    return rn_file_append(&p->file, &piece, 1, p->why);
}

/* A page that is there already is replaced: it is made each day. */
static int write_page(const char *path)
{
    int err;

    err = rn_file_remove(path, page.why);
    if (err == RN_OK || err == RN_E_ABSENT)
        err = rn_file_create(&page.file, path, page.why);
    if (err == RN_OK) {
        rn_out_init(&page.out, page.buf, sizeof page.buf, drain);
        rn_report_html(&report, &page.out);
        err = rn_out_flush(&page.out);
        rn_file_close(&page.file);
    }
    if (err == RN_OK)
        return CLI_DONE;
    cli_complain("the page could not be written: %s", page.why);
    return CLI_INTERNAL;
}

/* -- stdout --------------------------------------------------------------- */

static void put_error(struct rn_json *j, const struct rn_error *error)
{
    rn_json_key(j, "error");
    if (error->code == RN_OK) {
        rn_json_null(j);
        return;
    }
    rn_json_open(j, '{');
    rn_json_key(j, "code");
    rn_json_string(j, rn_err_name(error->code));
    rn_json_key(j, "exit");
    rn_json_u64(j, (uint64_t)rn_error_exit(error));
    rn_json_key(j, "text");
    rn_json_string(j, error->text);
    rn_json_close(j, '}');
}

static void json(const struct rn_error *error)
{
    struct rn_json j;
    bool ok = error->code == RN_OK;

    rn_json_init(&j, &cli_out, false);
    rn_json_open(&j, '{');
    rn_json_key(&j, "job");
    rn_json_string(&j, report.job);
    rn_json_key(&j, "run");
    rn_json_string(&j, report.run);
    rn_json_key(&j, "state");
    rn_json_string(&j, ok || report.differences > 0
                           ? rn_verdict_word(rn_report_verdict(&report))
                           : "failed");
    rn_json_key(&j, "validation");
    rn_report_json(&report, &j);
    put_error(&j, error);
    rn_json_close(&j, '}');
    rn_out_byte(&cli_out, '\n');
}

int cli_validate(const struct cli_options *o)
{
    struct rn_error error;
    struct rn_arena mem;
    int page_code = CLI_DONE;
    int err = cli_read_job(o, 0, &config, &error);

    if (err == RN_OK)
        err = cli_arena(&config, &mem, &error);
    if (err == RN_OK)
        err = rn_validate_run(&config, o->args > 1 ? o->arg[1] : "", &mem,
                              &report, &error);
    if (o->json)
        json(&error);
    else if (report.places > 0)
        rn_report_text(&report, &cli_out);
    if (o->html && report.places > 0)
        page_code = write_page(o->html);
    if (err == RN_OK)
        return page_code;
    /* stdout first, so that a terminal shows the reason last */
    int code = cli_finish(rn_error_exit(&error));
    (void)cli_failed(&error);
    return code;
}
