/* test_report.c: the report to the letter, whatever a value holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "job/report.h"

#define RUN "20261122T021500Z-0123456789abcdef"

static char got[65536];
static size_t got_len;
static uint8_t buf[512];
static struct rn_out out;

static int keep(struct rn_out *o)
{
    assert_true(got_len + o->len < sizeof got);
    memcpy(got + got_len, o->buf, o->len);
    got_len += o->len;
    got[got_len] = 0;
    return RN_OK;
}

static void start(size_t cap)
{
    got_len = 0;
    got[0] = 0;
    rn_out_init(&out, buf, cap, keep);
}

static struct rn_report report;

static struct rn_place *add(const char *name, const char *where)
{
    struct rn_place *p = &report.place[report.places++];

    p->name = name;
    p->asked = 1;
    snprintf(p->where, sizeof p->where, "%s", where);
    return p;
}

static void differ(size_t place, const char *figure, bool file, const char *of)
{
    struct rn_difference *d = &report.difference[report.kept++];

    d->place = place;
    d->against = 1;
    d->figure = figure;
    d->file = file;
    snprintf(d->of, sizeof d->of, "%s", of);
    snprintf(d->value, sizeof d->value, "5");
    snprintf(d->expected, sizeof d->expected, "6");
    report.place[place].verdict = RN_VERDICT_DIFFERENT;
    report.place[place].differences++;
    report.differences++;
}

/* All that a report can say. */
static void a_report(void)
{
    struct rn_place *p;

    memset(&report, 0, sizeof report);
    snprintf(report.job, sizeof report.job, "orders");
    snprintf(report.run, sizeof report.run, RUN);
    report.at_us = 1795315500123456;
    p = add("query", "");
    p->has_rows = true;
    p->rows = 1234567;
    p = add("encoder", "");
    p->has_rows = p->has_files = true;
    p->rows = 1234567;
    p->files = 2;
    p->bytes = 50000000;
    p = add("container", "https://a/c");
    p->has_files = p->read_back = true;
    p->files = 1;
    p->bytes = 25000000;
    p = add("databricks", "https://dbx, main.sales.orders");
    p->has_rows = true;
    p->rows = 1234567;
    p->columns = 12;
    p->asked = 3;
    p = add("synapse", "pool, dbo.orders");
    p->verdict = RN_VERDICT_FAILED;
    snprintf(p->error, sizeof p->error, "no answer in time");
}

static void the_text_is_aligned_and_names_each_place(void **state)
{
    (void)state;
    for (size_t cap = 1; cap < sizeof buf; cap += 53) {
        a_report();
        start(cap);
        rn_report_text(&report, &out);
        rn_out_flush(&out);
        assert_string_equal(
            got, "orders " RUN ": not all places could be asked\n"
                 "  query       ok              1,234,567 rows\n"
                 "  encoder     ok              1,234,567 rows                 "
                 "2 files, 47.6 MiB\n"
                 "  container   ok                                             "
                 "1 file, 23.8 MiB      https://a/c\n"
                 "  databricks  ok              1,234,567 rows     12 columns  "
                 "                      https://dbx, main.sales.orders\n"
                 "              asked 3 times\n"
                 "  synapse     failed                                         "
                 "                      pool, dbo.orders\n"
                 "              no answer in time\n");
    }
}

static void the_text_lists_what_differs(void **state)
{
    (void)state;
    a_report();
    differ(3, "sum", false, "amount");
    differ(2, "bytes", true, "part-00001.csv");
    differ(3, "rows", false, "");
    report.differences = 1003;
    start(64);
    rn_report_text(&report, &out);
    rn_out_flush(&out);
    assert_non_null(strstr(got, "orders " RUN ": 1,003 differences\n"));
    assert_non_null(strstr(got, "  databricks  different "));
    assert_non_null(
        strstr(got, "differences:\n"
                    "  databricks  amount sum: 5, but 6 in encoder\n"
                    "  container   part-00001.csv bytes: 5, but 6 in encoder\n"
                    "  databricks  rows: 5, but 6 in encoder\n"
                    "  and 1,000 more\n"));
    a_report();
    report.places = 4; /* without the one that failed */
    start(64);
    rn_report_text(&report, &out);
    rn_out_flush(&out);
    assert_non_null(strstr(got, ": all places agree\n"));
}

static void the_json_has_a_place_an_object(void **state)
{
    struct rn_json j;

    (void)state;
    a_report();
    report.places = 0;
    start(64);
    rn_json_init(&j, &out, false);
    rn_report_json(&report, &j);
    rn_out_flush(&out);
    assert_string_equal(got, "[]");

    a_report();
    report.place[0] = report.place[1];
    report.place[1] = report.place[3];
    report.places = 2;
    report.place[0].verdict = RN_VERDICT_FAILED;
    snprintf(report.place[0].error, 200, "a \"b\"");
    differ(1, "sum", false, "amount");
    differ(1, "crc64", true, "f.csv");
    report.difference[0].against = report.difference[1].against = 0;
    start(64);
    rn_json_init(&j, &out, false);
    rn_report_json(&report, &j);
    rn_out_flush(&out);
    assert_string_equal(
        got,
        "[{\"place\":\"encoder\",\"where\":\"\",\"state\":\"failed\","
        "\"rows\":1234567,\"files\":2,\"bytes\":50000000,\"columns\":0,"
        "\"read_back\":false,\"asked\":1,\"differences\":0,"
        "\"error\":\"a \\\"b\\\"\",\"different\":[]},"
        "{\"place\":\"databricks\",\"where\":\"https://dbx, "
        "main.sales.orders\",\"state\":\"different\",\"rows\":1234567,"
        "\"files\":null,\"bytes\":null,\"columns\":12,\"read_back\":false,"
        "\"asked\":3,\"differences\":2,\"error\":null,\"different\":["
        "{\"figure\":\"sum\",\"column\":\"amount\",\"file\":null,"
        "\"value\":\"5\",\"expected\":\"6\",\"expected_by\":\"encoder\"},"
        "{\"figure\":\"crc64\",\"column\":null,\"file\":\"f.csv\","
        "\"value\":\"5\",\"expected\":\"6\",\"expected_by\":\"encoder\"}]}]");
}

/* -- the page ------------------------------------------------------------- */

/* An attribute from `p` on: where it ends, or NULL. */
static const char *attribute(const char *p)
{
    size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyz-");

    if (n == 0 || p[n] != '=' || p[n + 1] != '"')
        return NULL;
    p += n + 2;
    n = strcspn(p, "\"<>");
    return p[n] == '"' ? p + n + 1 : NULL;
}

/* Every & begins one of the entities that a page needs. */
static bool entity(const char *p)
{
    static const char *const known[] = { "&amp;", "&lt;", "&gt;", "&quot;",
                                         "&#39;" };

    for (size_t i = 0; i < RN_COUNTOF(known); i++) {
        if (strncmp(p, known[i], strlen(known[i])) == 0)
            return true;
    }
    return false;
}

static char open_tag[32][16];
static int depth;

/* A tag at `p` (behind its '<'): what follows its '>', or NULL. */
static const char *tag(const char *p)
{
    bool end = *p == '/';
    size_t n;

    p += end;
    n = strspn(p, "abcdefghijklmnopqrstuvwxyz12");
    if (n == 0 || n >= sizeof open_tag[0] || depth == 32)
        return NULL;
    if (end) {
        depth--;
        return depth >= 0 && strncmp(open_tag[depth], p, n) == 0 &&
                       open_tag[depth][n] == 0 && p[n] == '>'
                   ? p + n + 1
                   : NULL;
    }
    memcpy(open_tag[depth], p, n);
    open_tag[depth++][n] = 0;
    for (p += n; p && *p == ' ';)
        p = attribute(p + 1);
    if (p && *p == '/') {
        depth--;
        p++;
    }
    return p && *p == '>' ? p + 1 : NULL;
}

/* Balanced tags, quoted attributes, known entities: an XML parser takes it. */
static void assert_well_formed(const char *p)
{
    static const char doctype[] = "<!DOCTYPE html>\n";

    assert_memory_equal(p, doctype, sizeof doctype - 1);
    p += sizeof doctype - 1;
    depth = 0;
    while (*p) {
        const char *at = p;
        if (*p == '<')
            p = tag(p + 1);
        else if (*p == '&')
            p = entity(p) ? p + 1 : NULL;
        else
            p++;
        if (!p)
            fail_msg("not well-formed at: %.60s", at);
    }
    assert_int_equal(depth, 0);
}

static void page(size_t cap)
{
    start(cap);
    rn_report_html(&report, &out);
    assert_int_equal(rn_out_flush(&out), RN_OK);
    assert_well_formed(got);
}

static void the_page_is_well_formed_and_stands_alone(void **state)
{
    static char first[sizeof got];

    (void)state;
    a_report();
    differ(3, "sum", false, "amount");
    differ(2, "bytes", true, "part-00001.csv");
    page(1);
    memcpy(first, got, sizeof got);
    for (size_t cap = 2; cap < sizeof buf; cap += 71) {
        page(cap);
        assert_string_equal(got, first);
    }
    assert_non_null(strstr(got, "<title>orders: 2 differences"));
    assert_non_null(strstr(got, "2026-11-22T02:45:00Z"));
    assert_non_null(strstr(got, "1,234,567"));
    assert_non_null(strstr(got, "no answer in time"));
    assert_non_null(strstr(got, "asked 3 times"));
    assert_non_null(strstr(got, "part-00001.csv"));
    assert_non_null(strstr(got, "default-src 'none'"));
    assert_non_null(strstr(got, "width=device-width"));
    assert_null(strstr(got, "<script"));
    assert_null(strstr(got, "src="));
    assert_null(strstr(got, "href="));
    assert_null(strstr(got, "url("));
    assert_null(strstr(got, "@import"));
}

static void nothing_that_a_value_holds_becomes_part_of_the_page(void **state)
{
    static const char evil[] = "\"><script>alert('x')</script>&lt;<!--\x01\n";
    size_t tags = 0, plain = 0;

    (void)state;
    a_report();
    differ(3, "sum", false, "amount");
    differ(3, "sum", true, "amount");
    page(64);
    for (const char *p = got; *p; p++)
        plain += *p == '<';
    snprintf(report.job, sizeof report.job, "%s", evil);
    for (size_t i = 0; i < report.places; i++) {
        if (report.place[i].where[0])
            snprintf(report.place[i].where, 200, "%s", evil);
        if (report.place[i].error[0])
            snprintf(report.place[i].error, 200, "%s\xff\xc3", evil);
    }
    for (size_t i = 0; i < report.kept; i++) {
        struct rn_difference *d = &report.difference[i];
        snprintf(d->of, sizeof d->of, "%s", evil);
        snprintf(d->value, sizeof d->value, "%s", evil);
        snprintf(d->expected, sizeof d->expected, "\xf0\x9f%s", evil);
    }
    page(64);
    for (const char *p = got; *p; p++) {
        tags += *p == '<';
        assert_true(*p == '\n' || (unsigned char)*p >= 0x20);
    }
    assert_int_equal(tags, plain);
    assert_null(strstr(got, "<script"));
    assert_non_null(strstr(got, "&lt;script&gt;"));
    assert_non_null(strstr(got, "&amp;lt;"));
    assert_non_null(strstr(got, "&quot;&gt;"));
    assert_non_null(strstr(got, "&#39;x&#39;"));
}

static void an_empty_report_is_a_page_too(void **state)
{
    (void)state;
    memset(&report, 0, sizeof report);
    report.at_us = -1;
    page(64);
    assert_null(strstr(got, "<time"));
}

static void a_stream_that_fails_stays_failed(void **state)
{
    (void)state;
    a_report();
    start(8);
    rn_out_fail(&out, RN_E_FULL);
    rn_report_html(&report, &out);
    rn_report_text(&report, &out);
    assert_int_equal(out.err, RN_E_FULL);
    assert_int_equal(got_len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text_is_aligned_and_names_each_place),
        cmocka_unit_test(the_text_lists_what_differs),
        cmocka_unit_test(the_json_has_a_place_an_object),
        cmocka_unit_test(the_page_is_well_formed_and_stands_alone),
        cmocka_unit_test(nothing_that_a_value_holds_becomes_part_of_the_page),
        cmocka_unit_test(an_empty_report_is_a_page_too),
        cmocka_unit_test(a_stream_that_fails_stays_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
