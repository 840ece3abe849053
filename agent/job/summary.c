/* job/summary.c: see job/summary.h. */
#include "job/summary.h"

#include <string.h>

#include "core/print.h"
#include "job/json.h"
#include "job/plan.h"
#include "job/report.h"
#include "runnel/encoder.h"

#define SHOWN_FILES 8u

static uint32_t kept(const struct rn_result *r)
{
    return r->files < RN_RESULT_FILES ? r->files : RN_RESULT_FILES;
}

/* The name of part `part` in the container, "" if it cannot be told. */
static void part_name(const struct rn_summary *s, uint32_t part, char *to)
{
    struct rn_classes classes;
    struct rn_error ignored;
    char ext[RN_EXT] = "";

    rn_error_clear(&ignored);
    if (rn_plan_classes(s->config, &classes, &ignored) == RN_OK)
        rn_plan_ext(s->config, &classes, ext);
    if (rn_run_path(s->config, s->result->run, part, ext, to) < 0)
        to[0] = 0;
}

/* ------------------------------------------------------------------ JSON */

static void put_number(struct rn_json *j, const char *key, uint64_t value)
{
    rn_json_key(j, key);
    rn_json_u64(j, value);
}

static void put_named(struct rn_json *j, const char *key, const char *text)
{
    rn_json_key(j, key);
    rn_json_string(j, text);
}

static void put_files(struct rn_json *j, const struct rn_summary *s)
{
    char name[RN_PATH_MAX];

    rn_json_key(j, "files");
    rn_json_open(j, '[');
    for (uint32_t i = 0; i < kept(s->result); i++) {
        const struct rn_result_file *f = &s->result->file[i];
        part_name(s, i + 1, name);
        rn_json_open(j, '{');
        put_named(j, "name", name);
        put_number(j, "rows", f->rows);
        put_number(j, "bytes", f->bytes);
        rn_json_key(j, "crc64");
        rn_json_crc64(j, f->crc64);
        put_named(j, "etag", f->etag);
        rn_json_close(j, '}');
    }
    rn_json_close(j, ']');
    put_number(j, "files_total", s->result->files);
}

static const char *where_word(enum rn_where where)
{
    static const char *const word[] = { "agent",     "config", "source",
                                        "store",     "state",  "warehouse",
                                        "validation" };
    return word[where];
}

static void put_error(struct rn_json *j, const struct rn_error *e)
{
    rn_json_key(j, "error");
    if (e->code == RN_OK) {
        rn_json_null(j);
        return;
    }
    rn_json_open(j, '{');
    put_named(j, "code", rn_err_name(e->code));
    put_named(j, "where", where_word(e->where));
    put_number(j, "exit", (uint64_t)rn_error_exit(e));
    if (e->status != 0)
        put_number(j, "status", (uint64_t)e->status);
    if (e->service[0] != 0)
        put_named(j, "service", e->service);
    if (e->request[0] != 0)
        put_named(j, "request", e->request);
    put_named(j, "text", e->text);
    rn_json_close(j, '}');
}

static void put_leftovers(struct rn_json *j, const struct rn_result *r)
{
    rn_json_key(j, "leftovers");
    if (r->leftovers == 0) {
        rn_json_null(j);
        return;
    }
    rn_json_open(j, '{');
    put_named(j, "run", r->leftover_run);
    put_number(j, "files", r->leftovers);
    put_named(j, "first", r->leftover_first);
    rn_json_close(j, '}');
}

static void put_empty_list(struct rn_json *j, const char *key)
{
    rn_json_key(j, key);
    rn_json_open(j, '[');
    rn_json_close(j, ']');
}

static void put_loads(struct rn_json *j, const struct rn_result *r)
{
    rn_json_key(j, "warehouse");
    rn_json_open(j, '[');
    for (size_t i = 0; i < RN_WAREHOUSES; i++) {
        const struct rn_result_load *l = &r->load[i];

        if (!l->name)
            continue;
        rn_json_open(j, '{');
        put_named(j, "name", l->name);
        put_named(j, "state", l->state);
        put_named(j, "place", l->place);
        put_number(j, "rows", l->rows);
        put_named(j, "statement", l->statement);
        rn_json_close(j, '}');
    }
    rn_json_close(j, ']');
}

void rn_summary_json(const struct rn_summary *s, struct rn_out *out)
{
    const struct rn_result *r = s->result;
    struct rn_json j;

    rn_json_init(&j, out, false);
    rn_json_open(&j, '{');
    put_named(&j, "job", s->config->job.name);
    put_named(&j, "run", r->run);
    put_named(&j, "state", r->state);
    put_number(&j, "rows", r->rows);
    put_number(&j, "resumed_rows", r->resumed);
    put_number(&j, "bytes", r->bytes);
    put_files(&j, s);
    rn_json_key(&j, "seconds");
    rn_json_seconds(&j, r->elapsed_ms);
    rn_json_key(&j, "memory");
    rn_json_open(&j, '{');
    put_number(&j, "budget", r->budget);
    put_number(&j, "peak", r->peak);
    rn_json_close(&j, '}');
    put_number(&j, "retries", r->retries);
    put_number(&j, "restarts", r->restarts);
    rn_json_counts(&j, &r->counts);
    put_leftovers(&j, r);
    rn_json_key(&j, "completed");
    if (r->completed[0] != '\0')
        rn_json_string(&j, r->completed);
    else
        rn_json_null(&j);
    put_loads(&j, r);
    if (r->report) {
        rn_json_key(&j, "validation");
        rn_report_json(r->report, &j);
    } else {
        put_empty_list(&j, "validation");
    }
    rn_json_key(&j, "warning");
    if (r->warning != NULL)
        rn_json_string(&j, r->warning);
    else
        rn_json_null(&j);
    put_error(&j, s->error);
    rn_json_close(&j, '}');
    rn_out_byte(out, '\n');
}

/* ---------------------------------------------------------------- people */

static void text_files(const struct rn_summary *s, struct rn_out *out)
{
    const struct rn_result *r = s->result;
    uint32_t n = kept(r) < SHOWN_FILES ? kept(r) : SHOWN_FILES;
    char name[RN_PATH_MAX];
    char rows[RN_GROUPED_MAX];
    char size[RN_SIZE_MAX];

    for (uint32_t i = 0; i < n; i++) {
        part_name(s, i + 1, name);
        rn_print(out, "  file      %s  %s rows, %s\n", name,
                 rn_grouped(r->file[i].rows, rows),
                 rn_size_text(r->file[i].bytes, size));
    }
    if (r->files > n)
        rn_print(out, "            and %s more, all in _manifest.json\n",
                 rn_grouped(r->files - n, rows));
}

static void text_rate(const struct rn_result *r, struct rn_out *out)
{
    uint64_t ms = r->elapsed_ms > 0 ? (uint64_t)r->elapsed_ms : 1;
    char rows[RN_GROUPED_MAX];
    char size[RN_SIZE_MAX];

    rn_print(out, "  time      %u.%u s, %s rows/s, %s/s\n",
             (unsigned)(ms / 1000), (unsigned)(ms / 100 % 10),
             rn_grouped((r->rows - r->resumed) * 1000 / ms, rows),
             rn_size_text(r->bytes * 1000 / ms, size));
}

static void text_loads(const struct rn_result *r, struct rn_out *out)
{
    char rows[RN_GROUPED_MAX];

    for (size_t i = 0; i < RN_WAREHOUSES; i++) {
        const struct rn_result_load *l = &r->load[i];

        if (l->name)
            rn_print(out, "  %-9s %s, %s rows, %s\n", l->name, l->state,
                     rn_grouped(l->rows, rows), l->place);
    }
}

static void text_count(struct rn_out *out, uint64_t value, const char *what)
{
    char number[RN_GROUPED_MAX];

    if (value > 0)
        rn_print(out, "  %-9s %s\n", what, rn_grouped(value, number));
}

static void text_trouble(const struct rn_result *r, struct rn_out *out)
{
    text_count(out, r->counts.converted, "converted");
    text_count(out, r->counts.nulled, "nulled");
    text_count(out, r->counts.truncated, "truncated");
    text_count(out, r->counts.replaced, "replaced");
    text_count(out, r->retries, "retries");
    text_count(out, r->restarts, "restarts");
    if (r->completed[0] != '\0')
        rn_print(out, "  completed run %s, interrupted at its last step\n",
                 r->completed);
    if (r->leftovers > 0)
        rn_print(out,
                 "  left      %u files of run %s could not be removed, the "
                 "first is %s\n",
                 (unsigned)r->leftovers, r->leftover_run, r->leftover_first);
    if (r->warning != NULL)
        rn_print(out, "  warning   %s\n", r->warning);
}

void rn_summary_text(const struct rn_summary *s, struct rn_out *out)
{
    const struct rn_result *r = s->result;
    char rows[RN_GROUPED_MAX];
    char size[RN_SIZE_MAX];
    char peak[RN_SIZE_MAX];

    rn_print(out, "%s %s: %s\n", s->config->job.name,
             r->run[0] != 0 ? r->run : "(no run)", r->state);
    if (r->run[0] != 0) {
        rn_print(out, "  rows      %s\n", rn_grouped(r->rows, rows));
        if (r->resumed > 0)
            rn_print(out, "  resumed   at row %s\n",
                     rn_grouped(r->resumed, rows));
        text_files(s, out);
        rn_print(out, "  where     %s\n", r->place);
        text_loads(r, out);
        text_rate(r, out);
        rn_print(out, "  memory    %s of %s%s\n", rn_size_text(r->peak, peak),
                 rn_size_text(r->budget, size),
                 rn_plan_over_odbc(s->config)
                     ? ", what the ODBC driver takes included"
                     : "");
        if (r->report)
            rn_report_text(r->report, out);
    }
    text_trouble(r, out);
}
