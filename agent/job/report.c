/* job/report.c: a validation as text and as JSON; see job/report.h. */
#include "job/report.h"

#include <string.h>

#include "core/format.h"
#include "core/print.h"

const char *rn_verdict_word(enum rn_verdict verdict)
{
    static const char *const word[] = { "ok", "different", "failed" };

    return word[verdict];
}

/* ------------------------------------------------------------------ JSON */

static void put_number(struct rn_json *j, const char *key, bool known,
                       uint64_t value)
{
    rn_json_key(j, key);
    if (known)
        rn_json_u64(j, value);
    else
        rn_json_null(j);
}

static void put_text(struct rn_json *j, const char *key, bool known,
                     const char *text)
{
    rn_json_key(j, key);
    if (known)
        rn_json_string(j, text);
    else
        rn_json_null(j);
}

static void put_difference(struct rn_json *j, const struct rn_report *r,
                           const struct rn_difference *d)
{
    rn_json_open(j, '{');
    put_text(j, "figure", true, d->figure);
    put_text(j, "column", !d->file && d->of[0] != 0, d->of);
    put_text(j, "file", d->file, d->of);
    put_text(j, "value", true, d->value);
    put_text(j, "expected", true, d->expected);
    put_text(j, "expected_by", true, r->place[d->against].name);
    rn_json_close(j, '}');
}

static void put_place(struct rn_json *j, const struct rn_report *r, size_t at)
{
    const struct rn_place *p = &r->place[at];

    rn_json_open(j, '{');
    put_text(j, "place", true, p->name);
    put_text(j, "where", true, p->where);
    put_text(j, "state", true, rn_verdict_word(p->verdict));
    put_number(j, "rows", p->has_rows, p->rows);
    put_number(j, "files", p->has_files, p->files);
    put_number(j, "bytes", p->has_files, p->bytes);
    put_number(j, "columns", true, p->columns);
    rn_json_key(j, "read_back");
    rn_json_bool(j, p->read_back);
    put_number(j, "asked", true, p->asked);
    put_number(j, "differences", true, p->differences);
    put_text(j, "error", p->error[0] != 0, p->error);
    rn_json_key(j, "different");
    rn_json_open(j, '[');
    for (size_t i = 0; i < r->kept; i++) {
        if (r->difference[i].place == at)
            put_difference(j, r, &r->difference[i]);
    }
    rn_json_close(j, ']');
    rn_json_close(j, '}');
}

void rn_report_json(const struct rn_report *r, struct rn_json *j)
{
    rn_json_open(j, '[');
    for (size_t i = 0; i < r->places; i++)
        put_place(j, r, i);
    rn_json_close(j, ']');
}

/* ---------------------------------------------------------------- people */

static void text_place(const struct rn_place *p, struct rn_out *out)
{
    char rows[RN_GROUPED_MAX + 8] = "", files[64] = "", number[RN_GROUPED_MAX];
    char columns[RN_GROUPED_MAX + 10] = "", size[RN_SIZE_MAX];
    char line[400];
    size_t n;

    if (p->has_rows)
        rn_format(rows, sizeof rows, "%s row%s", rn_grouped(p->rows, number),
                  p->rows == 1 ? "" : "s");
    if (p->columns > 0)
        rn_format(columns, sizeof columns, "%s column%s",
                  rn_grouped(p->columns, number), p->columns == 1 ? "" : "s");
    if (p->has_files)
        rn_format(files, sizeof files, "%s file%s, %s",
                  rn_grouped(p->files, number), p->files == 1 ? "" : "s",
                  rn_size_text(p->bytes, size));
    rn_format(line, sizeof line, "  %-10s  %-9s  %19s  %13s  %-20s  %s",
              p->name, rn_verdict_word(p->verdict), rows, columns, files,
              p->where);
    for (n = strlen(line); n > 0 && line[n - 1] == ' '; n--)
        line[n - 1] = '\0';
    rn_print(out, "%s\n", line);
    if (p->asked > 1)
        rn_print(out, "  %-10s  asked %u times\n", "", p->asked);
    if (p->error[0] != 0)
        rn_print(out, "  %-10s  %s\n", "", p->error);
}

static void text_difference(const struct rn_report *r,
                            const struct rn_difference *d, struct rn_out *out)
{
    rn_print(out, "  %-10s  %s%s%s: %s, but %s in %s\n",
             r->place[d->place].name, d->of, d->of[0] != 0 ? " " : "",
             d->figure, d->value, d->expected, r->place[d->against].name);
}

void rn_report_text(const struct rn_report *r, struct rn_out *out)
{
    char number[RN_GROUPED_MAX];

    rn_print(out, "%s %s: ", r->job, r->run);
    if (r->differences > 0)
        rn_print(out, "%s difference%s\n", rn_grouped(r->differences, number),
                 r->differences == 1 ? "" : "s");
    else if (rn_report_verdict(r) == RN_VERDICT_FAILED)
        rn_print(out, "not all places could be asked\n");
    else
        rn_print(out, "all places agree\n");
    for (size_t i = 0; i < r->places; i++)
        text_place(&r->place[i], out);
    if (r->kept > 0)
        rn_print(out, "differences:\n");
    for (size_t i = 0; i < r->kept; i++)
        text_difference(r, &r->difference[i], out);
    if (r->differences > r->kept)
        rn_print(out, "  and %s more\n",
                 rn_grouped(r->differences - r->kept, number));
}
