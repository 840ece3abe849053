/* test_manifest_read.c: what was written is read back, and nothing else is
 * taken for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "job/config.h"
#include "job/manifest.h"
#include "job/manifest_read.h"
#include "row/schema.h"

#define RUN "20261122T021500Z-0123456789abcdef"

static _Alignas(16) uint8_t space[65536];
static _Alignas(16) uint8_t read_space[65536];
static struct rn_arena mem, read_mem;
static struct rn_config config;
static struct rn_error error;
static char text[32768];
static size_t len;
static uint8_t buf[512];
static struct rn_out out;

static int keep(struct rn_out *o)
{
    assert_true(len + o->len < sizeof text);
    memcpy(text + len, o->buf, o->len);
    len += o->len;
    text[len] = 0;
    return RN_OK;
}

static void read_job(void)
{
    static const char job[] =
        "[source]\nkind = sqlite\ndatabase = d\nquery = SELECT 1\n"
        "[store]\nurl = https://a/c\n[auth]\nkind = sas\ntoken = t\n"
        "[file]\nformat = csv\ncompression = gzip\n";
    struct rn_config_input in = { "orders.ini", { NULL, 0 }, NULL, 0 };

    in.text = rn_bytes_of(job);
    rn_arena_init(&mem, "job", space, sizeof space);
    rn_error_clear(&error);
    if (rn_config_read(&in, &mem, &config, &error) < 0)
        fail_msg("%s", error.text);
}

static const struct rn_col cols[] = {
    { .name = RN_LIT("id"), .type = RN_I64, .bits = 32 },
    { .name = RN_LIT("a \"b\"\\\n\x7f \xf0\x9f\x90\x9f"),
      .type = RN_TEXT,
      .nullable = true,
      .json = true },
    { .name = RN_LIT("at"),
      .type = RN_TIMESTAMP,
      .nullable = true,
      .utc = true,
      .millis = true },
    { .name = RN_LIT("price"),
      .type = RN_DECIMAL,
      .nullable = true,
      .precision = 38,
      .scale = 2 },
    { .name = RN_LIT(""), .type = RN_BLOB, .nullable = true },
    { .name = RN_LIT("u"), .type = RN_UUID },
    { .name = RN_LIT("f"), .type = RN_F64, .bits = 32 },
    { .name = RN_LIT("t"), .type = RN_TIME },
    { .name = RN_LIT("d"), .type = RN_DATE },
    { .name = RN_LIT("b"), .type = RN_BOOL },
};
static const struct rn_schema schema = { cols, RN_COUNTOF(cols) };
static struct rn_digest *digest;

static void fill_digest(void)
{
    struct rn_cell c[RN_COUNTOF(cols)];

    memset(c, 0, sizeof c);
    c[0] = (struct rn_cell){ RN_I64, { .i64 = INT64_MIN } };
    c[1] = (struct rn_cell){
        RN_TEXT,
        { .bytes = RN_LIT("<a & \"quoted\" text that goes on \xc3\xa4") }
    };
    c[3] = (struct rn_cell){ RN_DECIMAL, { .bytes = RN_LIT("-12.50") } };
    c[6] = (struct rn_cell){ RN_F64, { .f64 = 0.5 } };
    c[9] = (struct rn_cell){ RN_BOOL, { .i64 = 1 } };
    digest = rn_digest_init(&schema, &mem);
    assert_non_null(digest);
    for (int i = 0; i < 3; i++)
        rn_digest_row(digest, &(struct rn_row){ c, RN_COUNTOF(c) });
}

static struct rn_manifest_file file_of(unsigned i, char name[20])
{
    snprintf(name, 20, "part-%u.csv.gz", i);
    return (struct rn_manifest_file){ name, i, 100 * i, 0xfedcba9876543210u + i,
                                      i };
}

static void write_manifest(unsigned files)
{
    struct rn_manifest_writer w;
    struct rn_manifest_head head = { RUN, 1795313700000000, "SQLite", &schema };
    struct rn_counts counts = { 0 };
    struct rn_watermark mark = { .type = RN_TEXT, .len = 3, .bytes = "a\"]" };
    struct rn_manifest_tail tail = { 0,       0,     &schema,         digest,
                                     &counts, &mark, 1795313761000000 };

    len = 0;
    rn_out_init(&out, buf, sizeof buf, keep);
    rn_manifest_begin(&w, &config, &head, &out);
    for (unsigned i = 1; i <= files; i++) {
        char name[20];
        struct rn_manifest_file f = file_of(i, name);
        rn_manifest_file(&w, &f);
        tail.rows += f.rows;
        tail.bytes += f.bytes;
    }
    assert_int_equal(rn_manifest_end(&w, &tail), RN_OK);
    assert_int_equal(rn_out_flush(&out), RN_OK);
}

/* -- reading -------------------------------------------------------------- */

static struct rn_manifest_reader reader;
static unsigned seen_files, seen_digests;
static int file_err;

static int on_file(void *ctx, uint32_t part, const struct rn_manifest_file *f)
{
    char name[20];
    struct rn_manifest_file want = file_of(part, name);

    assert_ptr_equal(ctx, &reader);
    assert_int_equal(part, ++seen_files);
    assert_string_equal(f->name, want.name);
    assert_int_equal(f->rows, want.rows);
    assert_int_equal(f->bytes, want.bytes);
    assert_true(f->crc64 == want.crc64);
    assert_int_equal(f->blocks, want.blocks);
    return file_err;
}

static int on_digest(void *ctx, size_t column, const struct rn_digest_column *d)
{
    struct rn_digest_column want;

    (void)ctx;
    assert_int_equal(column, seen_digests++);
    rn_digest_column(digest, column, &want);
    assert_int_equal(d->non_null, want.non_null);
    assert_int_equal(d->min_len, want.min_len);
    assert_memory_equal(d->min, want.min, want.min_len + 1);
    assert_memory_equal(d->max, want.max, want.max_len + 1);
    assert_int_equal(d->min_cut, want.min_cut);
    assert_int_equal(d->max_cut, want.max_cut);
    assert_string_equal(d->sum, want.sum);
    return RN_OK;
}

static void begin(void)
{
    memset(&reader, 0xee, sizeof reader);
    rn_arena_init(&read_mem, "read", read_space, sizeof read_space);
    rn_error_clear(&error);
    seen_files = seen_digests = 0;
    file_err = RN_OK;
    reader.file = on_file;
    reader.digest = on_digest;
    reader.ctx = &reader;
    reader.place = "o/_manifest.json";
    reader.mem = &read_mem;
    reader.error = &error;
    rn_manifest_read_begin(&reader);
}

static int feed(const char *p, size_t n, size_t step)
{
    int err = RN_OK;

    for (size_t at = 0; at < n && err == RN_OK; at += step)
        err = rn_manifest_read_feed(
            &reader, (struct rn_bytes){ (const uint8_t *)p + at,
                                        n - at < step ? n - at : step });
    return err < 0 ? err : rn_manifest_read_end(&reader);
}

static int read_text(const char *p)
{
    begin();
    reader.file = NULL;
    reader.digest = NULL;
    int err = feed(p, strlen(p), 7);
    assert_int_equal(err, error.code);
    assert_true(err == RN_OK ||
                strncmp(error.text, "o/_manifest.json: ", 18) == 0);
    return err;
}

static int set_up(void **state)
{
    (void)state;
    read_job();
    fill_digest();
    return 0;
}

static void what_was_written_is_read_back_in_any_pieces(void **state)
{
    (void)state;
    for (size_t step = 1; step < 5000; step = step * 2 + 1) {
        write_manifest(9);
        begin();
        if (feed(text, len, step) < 0)
            fail_msg("%s", error.text);
        assert_string_equal(reader.told.run, RUN);
        assert_string_equal(reader.told.format, "csv");
        assert_string_equal(reader.told.compression, "gzip");
        assert_true(rn_schema_same(&reader.told.schema, &schema));
        assert_int_equal(reader.told.files, 9);
        assert_int_equal(reader.told.rows, 45);
        assert_int_equal(reader.told.bytes, 4500);
        assert_int_equal(seen_files, 9);
        assert_int_equal(seen_digests, RN_COUNTOF(cols));
    }
}

static void a_run_without_files_has_a_manifest_too(void **state)
{
    (void)state;
    write_manifest(0);
    begin();
    assert_int_equal(feed(text, len, 64), RN_OK);
    assert_int_equal(reader.told.files, 0);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    write_manifest(3);
    assert_int_equal(text[len - 1], '\n');
    for (size_t n = 0; n < len - 1; n++) {
        begin();
        assert_int_equal(feed(text, n, 100), RN_E_TORN);
        assert_int_equal(error.code, RN_E_TORN);
        assert_int_equal(rn_error_exit(&error), 6);
        assert_null(strchr(error.text, '\n'));
    }
}

/* A bit that turns may make another valid text of a name, never another schema,
 * number or checksum that goes unnoticed by a reader of the digests.
 */
static void a_changed_byte_is_refused_or_changes_one_value(void **state)
{
    size_t refused = 0;

    (void)state;
    write_manifest(2);
    for (size_t i = 0; i < len; i++) {
        text[i] ^= 0x10;
        begin();
        reader.file = NULL;
        reader.digest = NULL;
        int err = feed(text, len, len);
        assert_int_equal(err, error.code);
        refused += err < 0;
        text[i] ^= 0x10;
    }
    assert_true(refused > len / 3);
}

static void what_is_foreign_is_said_to_be(void **state)
{
    static const char *const foreign[] = {
        "",
        " ",
        "{}",
        "[]",
        "<html>",
        "{\"a\":1}",
        "1",
        "\"run\"",
        "\xff\xfe",
        "PAR1",
        "{\"runnel_manifest\":\"1\"}",
        "null",
        "{\"runnel_manifest\":-1}",
        "{\"runnel_manifest\":0}",
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(foreign); i++) {
        assert_int_equal(read_text(foreign[i]), RN_E_TORN);
        assert_non_null(strstr(error.text, "no manifest"));
    }
}

static void a_newer_one_is_said_to_be(void **state)
{
    (void)state;
    assert_int_equal(read_text("{\"runnel_manifest\":2,\"new\":[{}]}"),
                     RN_E_CONFIG);
    assert_non_null(strstr(error.text, "newer"));
    assert_int_equal(rn_error_exit(&error), 4);
}

/* A small one, with a hole for what is tried. */
static const char *with(const char *columns, const char *files,
                        const char *digests, const char *more)
{
    snprintf(text, sizeof text,
             "{\"runnel_manifest\":1,\"run\":\"r\",\"format\":{\"name\":"
             "\"csv\"},\"columns\":[%s],\"files\":[%s],\"rows\":1,\"bytes\":2,"
             "\"digests\":[%s],%s\"finished\":null}",
             columns, files, digests, more);
    return text;
}

#define COL "{\"name\":\"a\",\"type\":\"integer\",\"nullable\":false}"
#define FILE1                                           \
    "{\"name\":\"f\",\"rows\":1,\"bytes\":2,\"crc64\":" \
    "\"0123456789abcdef\",\"blocks\":0}"
#define DIGEST                                                      \
    "{\"column\":\"a\",\"non_null\":1,\"min\":\"1\",\"max\":\"1\"," \
    "\"sum\":null}"

static void what_it_does_not_know_is_passed_over(void **state)
{
    (void)state;
    assert_int_equal(read_text(with(COL, FILE1, DIGEST, "")), RN_OK);
    assert_int_equal(
        read_text(with(COL, FILE1, DIGEST,
                       "\"x\":[[{\"name\":[1,{}]}],\"rows\"],\"y\":{\"run\":1,"
                       "\"z\":-1.5e+3},")),
        RN_OK);
    assert_int_equal(
        read_text(with("{\"x\":[1],\"name\":\"a\",\"type\":\"integer\","
                       "\"nullable\":false,\"more\":{\"type\":\"text\"}}",
                       FILE1, DIGEST, "")),
        RN_OK);
    assert_int_equal(reader.told.schema.n, 1);
    assert_int_equal(reader.told.schema.col[0].type, RN_I64);
}

static void what_contradicts_itself_is_refused(void **state)
{
    static const struct {
        const char *columns, *files, *digests, *more;
    } bad[] = {
        { "", FILE1, "", "" },
        { COL, "", DIGEST, "" },
        { COL, FILE1 "," FILE1, DIGEST, "" },
        { COL,
          "{\"name\":\"f\",\"rows\":2,\"bytes\":2,\"crc64\":"
          "\"0123456789abcdef\",\"blocks\":0}",
          DIGEST, "" },
        { COL,
          "{\"name\":\"f\",\"rows\":1,\"bytes\":3,\"crc64\":"
          "\"0123456789abcdef\",\"blocks\":0}",
          DIGEST, "" },
        { COL, FILE1, "", "" },
        { COL, FILE1, DIGEST "," DIGEST, "" },
        { COL "," COL, FILE1, DIGEST, "" },
        { "1", FILE1, DIGEST, "" },
        { "[]", FILE1, DIGEST, "" },
        { COL, FILE1, DIGEST, "\"rows\":1," },
        { COL, FILE1, DIGEST, "\"columns\":[]," },
        { "{\"name\":\"a\",\"type\":\"int\",\"nullable\":false}", FILE1, DIGEST,
          "" },
        { "{\"name\":\"a\",\"type\":\"decimal\",\"nullable\":false}", FILE1,
          DIGEST, "" },
        { "{\"name\":\"a\",\"type\":\"decimal\",\"nullable\":false,"
          "\"precision\":39,\"scale\":0}",
          FILE1, DIGEST, "" },
        { "{\"name\":\"a\",\"type\":\"integer\",\"nullable\":false,\"bits\":7}",
          FILE1, DIGEST, "" },
        { "{\"name\":\"a\",\"name\":\"b\",\"type\":\"integer\",\"nullable\":"
          "false}",
          FILE1, DIGEST, "" },
        { "{\"name\":[],\"type\":\"integer\",\"nullable\":false}", FILE1,
          DIGEST, "" },
        { COL,
          "{\"name\":\"../f\",\"rows\":1,\"bytes\":2,\"crc64\":"
          "\"0123456789abcdef\",\"blocks\":0}",
          DIGEST, "" },
        { COL,
          "{\"name\":\"f\",\"rows\":1,\"bytes\":2,\"crc64\":"
          "\"0123456789ABCDEF\",\"blocks\":0}",
          DIGEST, "" },
        { COL,
          "{\"name\":\"f\",\"rows\":18446744073709551616,\"bytes\":2,"
          "\"crc64\":\"0123456789abcdef\",\"blocks\":0}",
          DIGEST, "" },
        { COL, FILE1,
          "{\"column\":\"b\",\"non_null\":1,\"min\":null,\"max\":null,"
          "\"sum\":null}",
          "" },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(bad); i++) {
        int err = read_text(
            with(bad[i].columns, bad[i].files, bad[i].digests, bad[i].more));
        if (err != RN_E_TORN)
            fail_msg("%zu: %d", i, err);
    }
}

static void what_is_no_json_is_refused(void **state)
{
    static const char *const bad[] = {
        "\"x\":\"\\ud800\\u0041\",",
        "\"x\":\"\\ud800\\ud800\",",
        "\"x\":\"\\ud800a\",",
        "\"x\":01,",
        "\"x\":1.,",
        "\"x\":.5,",
        "\"x\":1e,",
        "\"x\":+1,",
        "\"x\":tru,",
        "\"x\":nulll,",
        "\"x\":NaN,",
        "\"x\":\"\\x\",",
        "\"x\":\"\\u12g4\",",
        "\"x\":\"\\ud800\",",
        "\"x\":\"\\udc00\",",
        "\"x\":\"\\ud800\\n\",",
        "\"x\":\"a\nb\",",
        "\"x\":\"\xff\",",
        "\"x\" 1,",
        "\"x\":,",
        "\"x\":[1,],",
        "\"x\":[1 2],",
        "\"x\":[1},",
        "\"x\":{1:2},",
        "\"x\":{\"a\"},",
        "\"x\":{\"a\":1,},",
        "x:1,",
        ",",
        "\"x\":1;",
        "\"x\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]],",
        "\"x\":12345678901234567890123456789012345678901,",
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(bad); i++) {
        if (read_text(with(COL, FILE1, DIGEST, bad[i])) != RN_E_TORN)
            fail_msg("%s", bad[i]);
    }
    with(COL, FILE1, DIGEST, "");
    strcat(text, "{}");
    assert_int_equal(read_text(text), RN_E_TORN);
}

static void escapes_are_the_characters_they_stand_for(void **state)
{
    (void)state;
    assert_int_equal(
        read_text(with("{\"name\":\"\\u00e4\\/\\b\\ud83d\\udc1f\\u20AC\","
                       "\"type\":\"integer\",\"nullable\":false}",
                       FILE1,
                       "{\"column\":\"\xc3\xa4/\\u0008\xf0\x9f\x90\x9f"
                       "\xe2\x82\xac\",\"non_null\":1,\"min\":\"1\",\"max\":"
                       "\"1\",\"sum\":null}",
                       "")),
        RN_OK);
    assert_true(
        rn_bytes_equal(reader.told.schema.col[0].name,
                       RN_STR("\xc3\xa4/\b\xf0\x9f\x90\x9f\xe2\x82\xac")));
}

static void a_text_beyond_the_bound_is_refused(void **state)
{
    static char more[RN_SCAN_TEXT + 64];

    (void)state;
    memcpy(more, "\"x\":\"", 5);
    memset(more + 5, 'a', RN_SCAN_TEXT);
    memcpy(more + 5 + RN_SCAN_TEXT, "\",", 3);
    assert_int_equal(read_text(with(COL, FILE1, DIGEST, more)), RN_OK);
    memcpy(more + 5 + RN_SCAN_TEXT, "a\",", 4);
    assert_int_equal(read_text(with(COL, FILE1, DIGEST, more)), RN_E_TORN);
    assert_non_null(strstr(error.text, "longer"));
}

static void a_failure_of_the_caller_ends_it(void **state)
{
    (void)state;
    write_manifest(2);
    begin();
    file_err = RN_E_STOP;
    assert_int_equal(feed(text, len, 100), RN_E_STOP);
    assert_int_equal(seen_files, 1);
    assert_int_equal(error.code, RN_OK);
}

static void too_little_memory_is_said(void **state)
{
    (void)state;
    write_manifest(1);
    for (size_t cap = 0; cap < 1200; cap += 16) {
        begin();
        rn_arena_init(&read_mem, "read", read_space, cap);
        int err = feed(text, len, 100);
        if (err == RN_OK)
            return;
        assert_int_equal(err, RN_E_FULL);
        assert_non_null(strstr(error.text, "job.memory"));
    }
    fail();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_back_in_any_pieces),
        cmocka_unit_test(a_run_without_files_has_a_manifest_too),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(a_changed_byte_is_refused_or_changes_one_value),
        cmocka_unit_test(what_is_foreign_is_said_to_be),
        cmocka_unit_test(a_newer_one_is_said_to_be),
        cmocka_unit_test(what_it_does_not_know_is_passed_over),
        cmocka_unit_test(what_contradicts_itself_is_refused),
        cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(escapes_are_the_characters_they_stand_for),
        cmocka_unit_test(a_text_beyond_the_bound_is_refused),
        cmocka_unit_test(a_failure_of_the_caller_ends_it),
        cmocka_unit_test(too_little_memory_is_said),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
