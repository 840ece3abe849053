/* job/report_html.c: a validation as a page; see job/report.h.
 *
 * For a person to forward: one file, nothing to load, nothing to run; a policy
 * in it forbids both, whatever a value holds. The table is a list of cards
 * where the screen is narrow.
 */
#include <inttypes.h>
#include <string.h>

#include "core/print.h"
#include "core/format.h"
#include "core/version.h"
#include "job/report.h"
#include "row/date.h"
#include "row/utf8.h"

static void put(struct rn_out *out, const char *text)
{
    rn_out_put(out, text, strlen(text));
}

static const char *entity(uint8_t c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return c < 0x20 || c == 0x7f ? "?" : NULL;
    }
}

/* Anything at all, as text of an element or an attribute. */
static void put_data(struct rn_out *out, const char *text)
{
    const uint8_t *p = (const uint8_t *)text;
    size_t n = strlen(text);

    while (n > 0) {
        size_t good = rn_utf8_good(p, n);
        for (size_t i = 0; i < good; i++) {
            const char *e = entity(p[i]);
            if (e)
                put(out, e);
            else
                rn_out_byte(out, p[i]);
        }
        p += good;
        n -= good;
        if (n > 0) {
            size_t bad = rn_utf8_bad(p, n);
            put(out, "\xef\xbf\xbd");
            p += bad;
            n -= bad;
        }
    }
}

/* -- what is the same on every page --------------------------------------- */

static const char head[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
    "<meta name=\"viewport\" content=\"width=device-width, "
    "initial-scale=1\"/>\n"
    "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
    "<meta name=\"referrer\" content=\"no-referrer\"/>\n"
    "<meta http-equiv=\"Content-Security-Policy\" "
    "content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n";

static const char style[] =
    "<style>\n"
    ":root { --ink: #1b1f24; --soft: #57606a; --paper: #fff; --line: #d0d7de;\n"
    "  --ok: #116329; --bad: #a40e26; --unsure: #7d4e00; }\n"
    "@media (prefers-color-scheme: dark) {\n"
    "  :root { --ink: #e6edf3; --soft: #9da7b3; --paper: #0d1117;\n"
    "    --line: #30363d; --ok: #56d364; --bad: #ff7b72; --unsure: #e3b341; "
    "}\n"
    "}\n"
    "* { box-sizing: border-box; }\n"
    "body { margin: 0; color: var(--ink); background: var(--paper);\n"
    "  font: 16px/1.5 system-ui, sans-serif; }\n"
    "main { max-width: 64rem; margin: 0 auto; padding: 1.5rem 1rem; }\n"
    "h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; }\n"
    "h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }\n"
    ".verdict { font-size: 1.15rem; font-weight: 600; margin: .5rem 0; }\n"
    ".ok { color: var(--ok); }\n"
    ".different { color: var(--bad); }\n"
    ".failed { color: var(--unsure); }\n"
    ".note, footer { color: var(--soft); font-size: .9rem; font-weight: 400;\n"
    "  overflow-wrap: anywhere; }\n"
    "table { border-collapse: collapse; width: 100%; }\n"
    "th, td { padding: .5rem .75rem; text-align: left; vertical-align: top;\n"
    "  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }\n"
    "thead th { color: var(--soft); font-weight: 600; font-size: .9rem; }\n"
    "th.number, td.number { text-align: right; font-variant-numeric: "
    "tabular-nums; }\n"
    "footer { margin-top: 2rem; }\n";

static const char narrow[] =
    "@media (max-width: 44rem) {\n"
    "  thead { position: absolute; width: 1px; height: 1px; overflow: hidden;\n"
    "    clip-path: inset(50%); }\n"
    "  table, tbody, tr, th, td { display: block; width: 100%; }\n"
    "  tr { border: 1px solid var(--line); border-radius: .5rem;\n"
    "    margin: 0 0 .75rem; padding: .5rem .75rem; }\n"
    "  th, td, td.number { border: 0; padding: .15rem 0; text-align: left; }\n"
    "  td:empty { display: none; }\n"
    "  td::before { content: attr(data-label) \": \"; color: var(--soft); }\n"
    "}\n"
    "@media print { :root { --ink: #000; --soft: #333; --paper: #fff;\n"
    "  --ok: #000; --bad: #000; --unsure: #000; } tr { break-inside: avoid; } "
    "}\n"
    "</style>\n";

/* -- places --------------------------------------------------------------- */

struct heading {
    const char *label;
    const char *kind; /* class of its cells, "" for none */
};

/* Screen readers are told what a narrow screen no longer shows. */
static void open_table(struct rn_out *out, const struct heading *h, size_t n)
{
    put(out, "<table role=\"table\">\n<thead role=\"rowgroup\"><tr "
             "role=\"row\">");
    for (size_t i = 0; i < n; i++) {
        put(out, "<th role=\"columnheader\" scope=\"col\"");
        if (h[i].kind[0] != '\0')
            rn_print(out, " class=\"%s\"", h[i].kind);
        rn_print(out, ">%s</th>", h[i].label);
    }
    put(out, "</tr></thead>\n<tbody role=\"rowgroup\">\n");
}

static void close_table(struct rn_out *out)
{
    put(out, "</tbody>\n</table>\n");
}

static void cell(struct rn_out *out, const char *label, const char *text,
                 const char *kind)
{
    rn_print(out, "<td role=\"cell\" data-label=\"%s\"", label);
    if (kind[0] != '\0')
        rn_print(out, " class=\"%s\"", kind);
    put(out, ">");
    put_data(out, text);
    put(out, "</td>");
}

static const char *mark_of(enum rn_verdict verdict)
{
    static const char *const mark[] = { "\xe2\x9c\x93 the same",
                                        "\xe2\x9c\x97 different",
                                        "? could not be asked" };

    return mark[verdict];
}

static void put_place(struct rn_out *out, const struct rn_place *p)
{
    char number[RN_GROUPED_MAX], text[RN_GROUPED_MAX + RN_SIZE_MAX + 32] = "";

    put(out, "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">");
    put_data(out, p->name);
    if (p->where[0] != '\0') {
        put(out, "<div class=\"note\">");
        put_data(out, p->where);
        put(out, "</div>");
    }
    put(out, "</th>");
    cell(out, "Rows", p->has_rows ? rn_grouped(p->rows, number) : "", "number");
    cell(out, "Columns compared",
         p->columns > 0 ? rn_grouped(p->columns, number) : "", "number");
    if (p->has_files) {
        char size[RN_SIZE_MAX];
        rn_format(text, sizeof text, "%s, %s%s", rn_grouped(p->files, number),
                  rn_size_text(p->bytes, size),
                  p->read_back ? ", read back" : "");
    }
    cell(out, "Files", text, "number");
    cell(out, "Verdict", mark_of(p->verdict), rn_verdict_word(p->verdict));
    put(out, "</tr>\n");
}

static void put_notes(struct rn_out *out, const struct rn_place *p)
{
    if (p->asked > 1) {
        put(out, "<p class=\"note\">");
        put_data(out, p->name);
        rn_print(out, " was behind and was asked %u times.</p>\n", p->asked);
    }
    if (p->error[0] != '\0') {
        put(out, "<p class=\"failed\">");
        put_data(out, p->name);
        put(out, ": ");
        put_data(out, p->error);
        put(out, "</p>\n");
    }
}

/* -- differences ---------------------------------------------------------- */

static void put_difference(struct rn_out *out, const struct rn_report *r,
                           const struct rn_difference *d)
{
    char text[RN_SHOWN + 64];

    put(out, "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">");
    put_data(out, r->place[d->place].name);
    put(out, "</th>");
    cell(out, d->file ? "File" : "Column", d->of, "");
    cell(out, "Figure", d->figure, "");
    cell(out, "Holds", d->value, "different");
    rn_format(text, sizeof text, "%s (%.40s)", d->expected,
              r->place[d->against].name);
    cell(out, "Expected", text, "");
    put(out, "</tr>\n");
}

static void put_differences(struct rn_out *out, const struct rn_report *r)
{
    static const struct heading heads[] = { { "Place", "" },
                                            { "Column or file", "" },
                                            { "Figure", "" },
                                            { "Holds", "" },
                                            { "Expected", "" } };
    char number[RN_GROUPED_MAX];

    if (r->kept == 0)
        return;
    put(out, "<h2>What differs</h2>\n");
    open_table(out, heads, RN_COUNTOF(heads));
    for (size_t i = 0; i < r->kept; i++)
        put_difference(out, r, &r->difference[i]);
    close_table(out);
    if (r->differences > r->kept)
        rn_print(out, "<p class=\"note\">And %s more.</p>\n",
                 rn_grouped(r->differences - r->kept, number));
}

/* -- the page ------------------------------------------------------------- */

static void put_verdict(struct rn_out *out, const struct rn_report *r)
{
    char number[RN_GROUPED_MAX];

    switch (rn_report_verdict(r)) {
    case RN_VERDICT_OK:
        put(out, "All places hold the same rows");
        break;
    case RN_VERDICT_DIFFERENT:
        rn_print(out, "%s difference%s between places",
                 rn_grouped(r->differences, number),
                 r->differences == 1 ? "" : "s");
        break;
    case RN_VERDICT_FAILED:
        put(out, "Not all places could be asked");
        break;
    }
}

static void put_footer(struct rn_out *out, const struct rn_report *r)
{
    char when[RN_TIMESTAMP_TEXT + 1];
    int n = r->at_us < 0 ? RN_E_VALUE
                         : rn_format_timestamp(r->at_us - r->at_us % 1000000,
                                               true, when);

    put(out, "<footer>Checked ");
    if (n > 0) {
        when[n] = '\0';
        rn_print(out, "<time datetime=\"%s\">%s</time> ", when, when);
    }
    put(out, "by runnel " RN_VERSION "</footer>\n</main>\n</body>\n</html>\n");
}

void rn_report_html(const struct rn_report *r, struct rn_out *out)
{
    static const struct heading heads[] = { { "Place", "" },
                                            { "Rows", "number" },
                                            { "Columns compared", "number" },
                                            { "Files", "number" },
                                            { "Verdict", "" } };

    put(out, head);
    put(out, "<title>");
    put_data(out, r->job);
    put(out, ": ");
    put_verdict(out, r);
    put(out, "</title>\n");
    put(out, style);
    put(out, narrow);
    put(out, "</head>\n<body>\n<main>\n<h1>");
    put_data(out, r->job);
    rn_print(out, "</h1>\n<p class=\"verdict %s\">",
             rn_verdict_word(rn_report_verdict(r)));
    put_verdict(out, r);
    put(out, "</p>\n<p class=\"note\">Run ");
    put_data(out, r->run);
    put(out, "</p>\n");
    open_table(out, heads, RN_COUNTOF(heads));
    for (size_t i = 0; i < r->places; i++)
        put_place(out, &r->place[i]);
    close_table(out);
    for (size_t i = 0; i < r->places; i++)
        put_notes(out, &r->place[i]);
    put_differences(out, r);
    put_footer(out, r);
}
