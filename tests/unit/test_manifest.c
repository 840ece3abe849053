/* test_manifest.c: the manifest and the summaries, to the letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "job/config.h"
#include "job/manifest.h"
#include "job/summary.h"

#define RUN "20261122T021500Z-0123456789abcdef"

static _Alignas(16) uint8_t space[65536];
static struct rn_arena mem;
static struct rn_config config;
static struct rn_error error;
static char got[16384];
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

static void read_job(const char *file)
{
    char text[800];
    struct rn_config_input in = { "orders.ini", { NULL, 0 }, NULL, 0 };
    snprintf(text, sizeof text,
             "[source]\nkind = sqlite\ndatabase = d\nquery = SELECT 1\n"
             "[store]\nurl = https://a/c\n[auth]\nkind = sas\n"
             "token = CaNaRy\n[file]\n%s",
             file);
    in.text = rn_bytes_of(text);
    rn_arena_init(&mem, "job", space, sizeof space);
    rn_error_clear(&error);
    if (rn_config_read(&in, &mem, &config, &error) < 0)
        fail_msg("%s", error.text);
}

static const struct rn_col cols[] = {
    { .name = RN_LIT("id"), .type = RN_I64 },
    { .name = RN_LIT("a \"b\""), .type = RN_TEXT, .nullable = true },
    { .name = RN_LIT("at"),
      .type = RN_TIMESTAMP,
      .nullable = true,
      .utc = true },
    { .name = RN_LIT("price"),
      .type = RN_DECIMAL,
      .nullable = true,
      .precision = 10,
      .scale = 2 },
};
static const struct rn_schema schema = { cols, RN_COUNTOF(cols) };

static void write_manifest(unsigned files, const struct rn_watermark *mark)
{
    struct rn_manifest_writer w;
    struct rn_manifest_head head = { RUN, 1795313700000000, "SQLite 3.46.1",
                                     &schema };
    struct rn_counts counts = { 2, 1, 0, 3, 0 };
    struct rn_digest *digest = rn_digest_init(&schema, &mem);
    struct rn_manifest_tail tail = { 2,       99,   &schema,         digest,
                                     &counts, mark, 1795313761000000 };
    struct rn_cell cells[2][4];
    memset(cells, 0, sizeof cells);
    cells[0][0] = (struct rn_cell){ RN_I64, { .i64 = 7 } };
    cells[1][0] = (struct rn_cell){ RN_I64, { .i64 = -1 } };
    cells[0][1] = (struct rn_cell){ RN_TEXT, { .bytes = RN_LIT("") } };
    assert_non_null(digest);
    for (size_t i = 0; i < 2; i++)
        rn_digest_row(digest, &(struct rn_row){ cells[i], 4 });
    rn_manifest_begin(&w, &config, &head, &out);
    for (unsigned i = 0; i < files; i++) {
        char name[20];
        snprintf(name, sizeof name, "part-%u.csv", i + 1);
        struct rn_manifest_file f = { name, 1, 50, 0xab, i };
        rn_manifest_file(&w, &f);
    }
    assert_int_equal(rn_manifest_end(&w, &tail), RN_OK);
    assert_int_equal(rn_out_flush(&out), RN_OK);
}

static const char manifest[] =
    "{\n"
    "\"runnel_manifest\":1,\n"
    "\"job\":\"orders\",\n"
    "\"run\":\"" RUN "\",\n"
    "\"started\":\"2026-11-22T02:15:00Z\",\n"
    "\"agent\":\"runnel 0.1.0\",\n"
    "\"source\":{\"kind\":\"sqlite\",\"version\":\"SQLite 3.46.1\"},\n"
    "\"format\":{\"name\":\"csv\",\"compression\":\"none\","
    "\"rows_per_file\":0,\"bytes_per_file\":0,\"row_number\":\"\","
    "\"dates\":\"iso\",\"binary\":\"base64\",\"nan\":\"error\","
    "\"header\":true,\"delimiter\":\"\\t\",\"quote_char\":\"\\\"\","
    "\"quote\":\"minimal\",\"escape\":\"\",\"null\":\"\\\\N\","
    "\"newline\":\"lf\",\"bool\":\"true/false\"},\n"
    "\"columns\":[\n"
    "{\"name\":\"id\",\"type\":\"integer\",\"nullable\":false},\n"
    "{\"name\":\"a \\\"b\\\"\",\"type\":\"text\",\"nullable\":true},\n"
    "{\"name\":\"at\",\"type\":\"timestamp\",\"nullable\":true,\"utc\":true},\n"
    "{\"name\":\"price\",\"type\":\"decimal\",\"nullable\":true,"
    "\"precision\":10,\"scale\":2}\n"
    "],\n"
    "\"files\":[\n"
    "{\"name\":\"part-1.csv\",\"rows\":1,\"bytes\":50,"
    "\"crc64\":\"00000000000000ab\",\"blocks\":0},\n"
    "{\"name\":\"part-2.csv\",\"rows\":1,\"bytes\":50,"
    "\"crc64\":\"00000000000000ab\",\"blocks\":1}\n"
    "],\n"
    "\"rows\":2,\n"
    "\"bytes\":99,\n"
    "\"digests\":[\n"
    "{\"column\":\"id\",\"non_null\":2,\"min\":\"-1\",\"max\":\"7\","
    "\"sum\":\"6\"},\n"
    "{\"column\":\"a \\\"b\\\"\",\"non_null\":1,\"min\":\"\",\"max\":\"\","
    "\"sum\":null},\n"
    "{\"column\":\"at\",\"non_null\":0,\"min\":null,\"max\":null,"
    "\"sum\":null},\n"
    "{\"column\":\"price\",\"non_null\":0,\"min\":null,\"max\":null,"
    "\"sum\":null}\n"
    "],\n"
    "\"counts\":{\"converted\":1,\"nulled\":0,\"truncated\":3,"
    "\"replaced\":0},\n"
    "\"watermark\":{\"type\":\"integer\",\"value\":\"7\"},\n"
    "\"finished\":\"2026-11-22T02:16:01Z\"\n"
    "}\n";

static void a_manifest_says_all_a_reader_needs(void **state)
{
    struct rn_watermark mark = { .type = RN_I64, .i64 = 7 };
    (void)state;
    for (size_t cap = 1; cap < sizeof buf; cap += 37) {
        read_job("delimiter = tab\nnull = \\N\n");
        start(cap);
        write_manifest(2, &mark);
        assert_string_equal(got, manifest);
        assert_null(strstr(got, "CaNaRy"));
    }
}

static void a_column_is_told_with_all_that_narrows_it(void **state)
{
    static const struct {
        struct rn_col col;
        const char *json;
    } known[] = {
        { { .name = RN_LIT("c"), .type = RN_UUID },
          "uuid\",\"nullable\":false}" },
        { { .name = RN_LIT("c"), .type = RN_I64, .bits = 16 },
          "integer\",\"nullable\":false,\"bits\":16}" },
        { { .name = RN_LIT("c"), .type = RN_I64, .bits = 64 },
          "integer\",\"nullable\":false}" },
        { { .name = RN_LIT("c"), .type = RN_F64, .bits = 32 },
          "double\",\"nullable\":false,\"bits\":32}" },
        { { .name = RN_LIT("c"), .type = RN_TEXT, .json = true },
          "text\",\"nullable\":false,\"json\":true}" },
        { { .name = RN_LIT("c"), .type = RN_TIME, .millis = true },
          "time\",\"nullable\":false,\"millis\":true}" },
        { { .name = RN_LIT("c"), .type = RN_TIMESTAMP, .millis = true },
          "timestamp\",\"nullable\":false,\"utc\":false,\"millis\":true}" },
    };
    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(known); i++) {
        char want[100];
        struct rn_json j;
        start(64);
        rn_json_init(&j, &out, false);
        rn_manifest_column(&j, &known[i].col);
        rn_out_flush(&out);
        snprintf(want, sizeof want, "{\"name\":\"c\",\"type\":\"%s",
                 known[i].json);
        assert_string_equal(got, want);
    }
}

static void a_manifest_without_files_is_json_too(void **state)
{
    (void)state;
    read_job("format = json\ncompression = gzip\n");
    start(64);
    write_manifest(0, NULL);
    assert_non_null(strstr(got, "\"files\":[\n],\n\"rows\":2"));
    assert_non_null(strstr(got, "\"watermark\":null"));
    assert_non_null(strstr(got, "\"level\":6"));
    assert_non_null(strstr(got, "\"shape\":\"lines\""));
    assert_null(strstr(got, "delimiter"));
}

static void every_watermark_is_written(void **state)
{
    struct rn_watermark mark = { .type = RN_F64, .f64 = 0.1 };
    (void)state;
    read_job("");
    start(64);
    write_manifest(0, &mark);
    assert_non_null(strstr(got, "\"value\":\"0.1\""));
    mark.type = RN_BLOB;
    mark.len = RN_WATERMARK_MAX;
    memset(mark.bytes, 0xfe, sizeof mark.bytes);
    start(64);
    write_manifest(0, &mark);
    assert_non_null(strstr(got, "\"value\":\"fefe"));
    mark.type = RN_TEXT;
    mark.len = 3;
    memcpy(mark.bytes, "a\"b", 3);
    start(64);
    write_manifest(0, &mark);
    assert_non_null(strstr(got, "\"value\":\"a\\\"b\""));
}

/* -- summaries ----------------------------------------------------------- */

static struct rn_result result;

static struct rn_summary a_result(void)
{
    memset(&result, 0, sizeof result);
    rn_error_clear(&error);
    snprintf(result.run, sizeof result.run, "%s", RUN);
    snprintf(result.place, sizeof result.place, "https://a/c");
    result.state = "done";
    result.rows = 1234567;
    result.bytes = 50000000;
    result.files = 1;
    result.file[0] =
        (struct rn_result_file){ 1234567, 50000000, 0xab, 9, "\"0x8\"" };
    result.elapsed_ms = 2500;
    result.budget = 1 << 20;
    result.peak = 900000;
    return (struct rn_summary){ &config, &result, &error };
}

static void the_json_summary_is_one_object_on_one_line(void **state)
{
    struct rn_summary s;
    (void)state;
    read_job("compression = gzip\n");
    s = a_result();
    start(11);
    rn_summary_json(&s, &out);
    rn_out_flush(&out);
    assert_string_equal(
        got,
        "{\"job\":\"orders\",\"run\":\"" RUN "\",\"state\":\"done\","
        "\"rows\":1234567,\"resumed_rows\":0,\"bytes\":50000000,"
        "\"files\":[{\"name\":"
        "\"orders/2026-11-22/" RUN "/part-00001.csv.gz\",\"rows\":1234567,"
        "\"bytes\":50000000,\"crc64\":\"00000000000000ab\","
        "\"etag\":\"\\\"0x8\\\"\"}],\"files_total\":1,\"seconds\":2.500,"
        "\"memory\":{\"budget\":1048576,\"peak\":900000},\"retries\":0,"
        "\"restarts\":0,\"counts\":{\"converted\":0,\"nulled\":0,"
        "\"truncated\":0,\"replaced\":0},\"leftovers\":null,\"completed\":null,"
        "\"warehouse\":[],\"validation\":[],\"warning\":null,"
        "\"error\":null}\n");
}

static void a_failure_is_in_the_json_summary(void **state)
{
    struct rn_summary s;
    (void)state;
    read_job("");
    s = a_result();
    result.state = "failed";
    result.files = 0;
    result.leftovers = 2;
    snprintf(result.leftover_run, sizeof result.leftover_run, "%s", RUN);
    snprintf(result.leftover_first, sizeof result.leftover_first, "a/b");
    rn_fail(&error, RN_E_DENIED, RN_AT_STORE, "container gone");
    error.status = 404;
    snprintf(error.service, sizeof error.service, "ContainerNotFound");
    start(64);
    rn_summary_json(&s, &out);
    rn_out_flush(&out);
    assert_non_null(strstr(got,
                           "\"leftovers\":{\"run\":\"" RUN "\",\"files\":2,"
                           "\"first\":\"a/b\"}"));
    assert_non_null(strstr(
        got, "\"error\":{\"code\":\"denied\",\"where\":\"store\",\"exit\":4,"
             "\"status\":404,\"service\":\"ContainerNotFound\","
             "\"text\":\"container gone\"}}\n"));
}

static void the_summary_for_people_is_short(void **state)
{
    struct rn_summary s;
    (void)state;
    read_job("");
    s = a_result();
    start(64);
    rn_summary_text(&s, &out);
    rn_out_flush(&out);
    assert_string_equal(got, "orders " RUN ": done\n"
                             "  rows      1,234,567\n"
                             "  file      orders/2026-11-22/" RUN
                             "/part-00001.csv  1,234,567 "
                             "rows, 47.6 MiB\n"
                             "  where     https://a/c\n"
                             "  time      2.5 s, 493,826 rows/s, 19.0 MiB/s\n"
                             "  memory    878.9 KiB of 1.0 MiB\n");
    result.counts.truncated = 3;
    result.retries = 4;
    start(64);
    rn_summary_text(&s, &out);
    rn_out_flush(&out);
    assert_non_null(strstr(got, "  truncated 3\n  retries   4\n"));
}

static void many_files_are_counted(void **state)
{
    struct rn_summary s;
    (void)state;
    read_job("");
    s = a_result();
    result.files = 1000;
    start(64);
    rn_summary_json(&s, &out);
    rn_out_flush(&out);
    assert_non_null(strstr(got, "\"files_total\":1000"));
    start(64);
    rn_summary_text(&s, &out);
    rn_out_flush(&out);
    assert_non_null(strstr(got, "and 992 more"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_manifest_says_all_a_reader_needs),
        cmocka_unit_test(a_column_is_told_with_all_that_narrows_it),
        cmocka_unit_test(a_manifest_without_files_is_json_too),
        cmocka_unit_test(every_watermark_is_written),
        cmocka_unit_test(the_json_summary_is_one_object_on_one_line),
        cmocka_unit_test(a_failure_is_in_the_json_summary),
        cmocka_unit_test(the_summary_for_people_is_short),
        cmocka_unit_test(many_files_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
