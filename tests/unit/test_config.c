/* test_config.c: job files, good and bad, and the line that a person gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "job/config.h"
#include "job/config_keys.h"

#define CANARY "sv=2021&sig=CaNaRyCaNaRy"

static _Alignas(16) uint8_t space[RN_CONFIG_ARENA];
static struct rn_arena mem;
static struct rn_config config;
static struct rn_error error;

static int read_with(const char *text, size_t len, const char *set)
{
    struct rn_setting one = { set };
    struct rn_config_input in = {
        "orders.ini", { (const uint8_t *)text, len }, &one, set != NULL
    };

    memset(&mem, 0, sizeof mem);
    rn_arena_init(&mem, "config", space, sizeof space);
    rn_error_clear(&error);
    return rn_config_read(&in, &mem, &config, &error);
}

static int read_text(const char *text)
{
    return read_with(text, strlen(text), NULL);
}

#define SOURCE \
    "[source]\nkind = sqlite\ndatabase = orders.db\nquery = SELECT 1\n"
#define FOLDER "[store]\nurl = file:///var/out\n"
#define GOOD   SOURCE FOLDER

static void defaults_are_filled_in(void **state)
{
    (void)state;
    assert_int_equal(read_text(GOOD), RN_OK);
    assert_string_equal(config.job.name, "orders");
    assert_string_equal(config.job.state, "orders.state");
    assert_int_equal(config.job.memory, 1 << 20);
    assert_string_equal(config.job.log_level, "warn");
    assert_int_equal(config.source.max_cell, 65536);
    assert_int_equal(config.source.busy_ms, 30000);
    assert_int_equal(config.source.sample, 1000);
    assert_string_equal(config.file.format, "csv");
    assert_int_equal(config.file.level, 6);
    assert_true(config.file.header);
    assert_int_equal(config.file.delimiter, ',');
    assert_int_equal(config.file.quote_char, '"');
    assert_int_equal(config.file.escape, 0);
    assert_string_equal(config.file.null, "");
    assert_int_equal(config.store.connections, 2);
    assert_int_equal(config.store.idle_ms, 60000);
    assert_int_equal(config.store.restarts, 2);
    assert_int_equal(config.auth.kind, RN_AUTH_NONE);
    assert_string_equal(config.auth.token_file, "");
}

static void every_key_is_read(void **state)
{
    (void)state;
    assert_int_equal(
        read_text("\xEF\xBB\xBF[job]\r\nname = Orders-2\r\nmemory = 512k\r\n"
                  "state = /s\r\ndeadline = 2h ; two\r\nlog_level = debug\r\n"
                  "[source]\nkind = sqlite\ndatabase = d\nquery = SELECT a\n"
                  "  FROM t -- all\n\tWHERE id > :after\n"
                  "watermark = u\nwatermark_start = 5\nmax_cell = 1M\n"
                  "memory = 300K\non_oversize = truncate\n"
                  "on_mismatch = convert\non_bad_text = replace\n"
                  "busy = 500ms\nsample = 0\n"
                  "[file]\nformat = csv\ncompression = gzip\nlevel = 9\n"
                  "rows_per_file = 7\nbytes_per_file = 2G\nheader = false\n"
                  "delimiter = semicolon\nquote_char = '\nquote = non-null\n"
                  "escape = \\\nnull = \\N\nnewline = crlf\nbool = 1/0\n"
                  "dates = epoch-ms\nbinary = hex\nnan = text\n"
                  "row_number = n\n"
                  "[store]\nurl = https://a/c\npath = x/{run}/{part}\n"
                  "connections = 32\nblock = 4M\nchecksum = md5\n"
                  "connect_timeout = 1s\ntimeout = 2s\nrequest_timeout = 3m\n"
                  "retry_for = 1d\nrestarts = 0\n[tls]\nca = ca.pem\n"
                  "[auth]\nkind = shared-key\naccount = a\nkey = " CANARY),
        RN_OK);
    assert_string_equal(config.job.name, "Orders-2");
    assert_int_equal(config.job.memory, 512 * 1024);
    assert_int_equal(config.job.deadline_ms, 7200000);
    assert_string_equal(config.source.query,
                        "SELECT a\nFROM t -- all\nWHERE id > :after");
    assert_int_equal(config.source.on_oversize, RN_ON_TRUNCATE);
    assert_int_equal(config.source.on_mismatch, RN_ON_CONVERT);
    assert_int_equal(config.source.on_bad_text, RN_ON_REPLACE);
    assert_int_equal(config.source.busy_ms, 500);
    assert_int_equal(config.file.level, 9);
    assert_int_equal(config.file.bytes_per_file, UINT64_C(2) << 30);
    assert_false(config.file.header);
    assert_int_equal(config.file.delimiter, ';');
    assert_int_equal(config.file.quote_char, '\'');
    assert_int_equal(config.file.quote, RN_QUOTE_NON_NULL);
    assert_int_equal(config.file.escape, '\\');
    assert_string_equal(config.file.null, "\\N");
    assert_int_equal(config.file.booleans, RN_BOOL_1_0);
    assert_int_equal(config.store.connections, 32);
    assert_int_equal(config.store.retry_ms, 86400000);
    assert_string_equal(config.tls.ca, "ca.pem");
    assert_int_equal(config.auth.kind, RN_AUTH_SHARED_KEY);
    assert_string_equal(config.auth.key, CANARY);
}

static void delimiters_have_words_and_bytes(void **state)
{
    static const struct {
        const char *text;
        char byte;
    } known[] = { { "tab", '\t' },   { "pipe", '|' }, { "\\t", '\t' },
                  { "\\x1f", 0x1f }, { ",", ',' },    { "comma", ',' } };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(known); i++) {
        char text[200];
        snprintf(text, sizeof text, GOOD "[file]\ndelimiter = %s",
                 known[i].text);
        assert_int_equal(read_text(text), RN_OK);
        assert_int_equal(config.file.delimiter, known[i].byte);
    }
}

static const struct {
    const char *text;
    const char *message;
} bad[] = {
    { GOOD "conections = 2",
      "orders.ini:7: [store] conections: no such key; did you mean "
      "connections?" },
    { GOOD "[job]\nconnections = 2",
      "orders.ini:8: [job] connections: no such key; it belongs to [store]" },
    { GOOD "xyzzy = 2",
      "orders.ini:7: [store] xyzzy: no such key (see runnel help keys)" },
    { GOOD "[stroe]\n",
      "orders.ini:7: [stroe]: no such section; did you mean [store]?" },
    { GOOD "[xyzzy]\n",
      "orders.ini:7: [xyzzy]: no such section (see runnel help keys)" },
    { GOOD "[notify]\nwebhook = x",
      "orders.ini:7: [notify]: not in this version (notifications)" },
    { SOURCE "path = x\n" FOLDER,
      "orders.ini:5: [source] path: not in this version (files as sources)" },
    { GOOD "[file]\nformat = xml",
      "orders.ini:8: [file] format: xml: this build has csv, json, parquet, "
      "avro" },
    { GOOD "[file]\ncompression = zstd",
      "orders.ini:8: [file] compression: csv takes none or gzip" },
    { GOOD "[file]\nformat = parquet\ncompression = deflate",
      "orders.ini:9: [file] compression: parquet takes none, gzip, snappy or "
      "zstd" },
    { GOOD "[file]\nformat = avro\ncompression = gzip",
      "orders.ini:9: [file] compression: avro takes null, deflate, snappy or "
      "zstd" },
    { GOOD "[file]\nformat = parquet\ncompression = gzip\nlevel = 10",
      "orders.ini:10: [file] level: gzip and deflate take 1 to 9" },
    { GOOD "[file]\nrow_group_rows = 5",
      "orders.ini:8: [file] row_group_rows: not with format = csv, only with "
      "parquet" },
    { GOOD "[file]\nformat = parquet\nbloom_bytes = 100",
      "orders.ini:9: [file] bloom_bytes: expected a power of two" },
    { GOOD "[auth]\nkind = managed-identity",
      "orders.ini:8: [auth] kind: managed-identity: not in this version "
      "(Microsoft Entra)" },
    { "[source]\nkind = postgres\n" FOLDER,
      "orders.ini:2: [source] kind: postgres: not in this version (servers)" },
    { GOOD "connections = 2\nconnections = 3\n",
      "orders.ini:8: [store] connections: given twice, first in line 7" },
    { GOOD "connections\n", "orders.ini:7: expected [section] or key = value" },
    { GOOD "[store\n", "orders.ini:7: expected [section] or key = value" },
    { "nonsense\n" GOOD "conections = 2\n",
      "orders.ini:1: expected [section] or key = value" },
    { "a = 1\n", "orders.ini:1: a: stands before the first [section]" },
    { GOOD "connections = many",
      "orders.ini:7: [store] connections: many: expected a number from 1 to "
      "32" },
    { GOOD "connections = 33",
      "orders.ini:7: [store] connections: 33: expected a number from 1 to "
      "32" },
    { GOOD "connections =",
      "orders.ini:7: [store] connections: is empty; expected a number from 1 "
      "to 32" },
    { GOOD "[job]\nmemory = 1T",
      "orders.ini:8: [job] memory: 1T: expected bytes from 256K to 4G" },
    { GOOD "[job]\nmemory = 99999999999999999999",
      "orders.ini:8: [job] memory: 99999999999999999999: expected bytes from "
      "256K to 4G" },
    { GOOD "[job]\ndeadline = 30",
      "orders.ini:8: [job] deadline: 30: expected a time from 0 to 30d" },
    { GOOD "[job]\nlog_level = loud",
      "orders.ini:8: [job] log_level: loud: expected error, warn, info or "
      "debug" },
    { GOOD "[file]\nheader = yes",
      "orders.ini:8: [file] header: yes: expected true or false" },
    { GOOD "[file]\ndelimiter = ;",
      "orders.ini:8: [file] delimiter: is empty; expected one byte, \\xNN, "
      "comma, tab, pipe, semicolon, space or \\t" },
    { GOOD "[file]\nescape = \\x0a",
      "orders.ini:8: [file] escape: \\x0a: expected one byte, \\xNN, none or "
      "backslash" },
    { GOOD "[file]\nquote = all\nquote_all = true",
      "orders.ini:9: [file] quote_all: says the same as quote; give one of "
      "them" },
    { GOOD "[file]\nformat = json\nheader = true",
      "orders.ini:9: [file] header: not with format = json, only with csv" },
    { GOOD "[file]\nlevel = 3",
      "orders.ini:8: [file] level: not with compression = none, only with "
      "gzip deflate zstd" },
    { GOOD "[auth]\nkind = sas\ntoken = t\nkey = " CANARY,
      "orders.ini:10: [auth] key: not with kind = sas, only with shared-key" },
    { GOOD "[auth]\nkind = sas\n",
      "orders.ini: [auth] token: missing; with kind = sas: SAS token" },
    { SOURCE "[store]\nurl = https://h/c",
      "orders.ini: [auth] kind: missing; sas, shared-key or "
      "connection-string" },
    { "[source]\nkind = sqlite\nquery = SELECT 1\n" FOLDER,
      "orders.ini: [source] database: missing; with kind = sqlite: path of "
      "the database file" },
    { "[source]\nkind = sqlite\ndatabase = d\n" FOLDER,
      "orders.ini: [source] query: missing; with kind = sqlite: one SELECT; "
      "indented lines go on, or file:PATH" },
    { "", "orders.ini: [source] kind: missing; driver: sqlite; push: a program "
          "brings the rows" },
    { SOURCE "[store]\nurl = http://h/c",
      "orders.ini:6: [store] url: http:// would show data and credentials to "
      "everyone on the way; use https:// (or allow_http = true for an "
      "emulator on this machine)" },
    { SOURCE "[store]\nurl = https://h/c?" CANARY,
      "orders.ini:6: [store] url: holds a '?' or '@': credentials go into "
      "[auth], as token or key" },
    { SOURCE "[store]\nurl = ftp://h",
      "orders.ini:6: [store] url: expected https://ACCOUNT.blob.core.windows."
      "net/CONTAINER or file:///DIR" },
    { GOOD "path = {run}/{nr}.csv",
      "orders.ini:7: [store] path: expected {job}, {date}, {time}, {run}, "
      "{part} or {ext} where there is a brace" },
    { GOOD "path = a/{run}-{part}.csv",
      "orders.ini:7: [store] path: {run} has to be in a folder's name, so "
      "that no two runs meet in one folder" },
    { GOOD "path = {run}/x.csv",
      "orders.ini:7: [store] path: {part} has to be in the file's name, after "
      "the last /" },
    { GOOD "path = ../{run}/{part}",
      "orders.ini:7: [store] path: a part between slashes is empty or begins "
      "with '.' or '_'" },
    { GOOD "path = {run}/{part} x",
      "orders.ini:7: [store] path: expected letters, digits, '-', '_', '.', "
      "'=' and '/' besides placeholders" },
    { GOOD "proxy = http://p:1",
      "orders.ini:7: [store] proxy: this build goes through no proxy; one "
      "made with make HTTP=curl does" },
    { GOOD "[job]\nname = a b",
      "orders.ini:8: [job] name: expected 1 to 64 letters, digits, '-', '_' "
      "or '.', not beginning with '.' or '_'" },
    { GOOD "[auth]\nkind = sas\n  token = " CANARY,
      "orders.ini:9: an indented line continues [auth] kind, which takes one "
      "line; begin keys in the first column" },
    { GOOD "[auth]\nkind = " CANARY,
      "orders.ini:8: [auth] kind: expected none, sas, shared-key or "
      "connection-string" },
    { GOOD "[auth]\nkind = shared-key\naccount = a\nkey =\nCaNaRy+/CaNaRy==",
      "orders.ini:10: [auth] key: is empty; storage account's key" },
    { GOOD "[auth]\nCaNaRy+/CaNaRy==",
      "orders.ini:8: [auth] (not shown, it is no name): no such key (see "
      "runnel help keys)" },
    { GOOD "[auth]\nkind = sas\ntoken = ${RUNNEL_NOT_SET}",
      "orders.ini:9: [auth] token: environment variable RUNNEL_NOT_SET is not "
      "set" },
    { GOOD "[auth]\nkind = sas\ntoken = ${RUNNEL_NOT",
      "orders.ini:9: [auth] token: expected ${NAME}, an environment variable; "
      "write $${ for a literal ${" },
    { GOOD "[auth]\nkind = ${RUNNEL_CANARY}",
      "orders.ini:8: [auth] kind: expected none, sas, shared-key or "
      "connection-string" },
    { GOOD "[auth]\nkind = sas\ntoken = file:/nonexistent/t",
      "orders.ini:9: [auth] token: file:/nonexistent/t: No such file or "
      "directory" },
    { GOOD "[job]\x01\n", "orders.ini:7: holds a control byte (0x01)" },
    { SOURCE "watermark_start = 5\n" FOLDER,
      "orders.ini:5: [source] watermark_start: only with watermark, the "
      "column it is for" },
    { "[job]\ncheckpoint = 1s\n" GOOD,
      "orders.ini:2: [job] checkpoint: only with [source] key" },
};

static void a_bad_job_file_gets_one_line_with_the_place(void **state)
{
    (void)state;
    setenv("RUNNEL_CANARY", CANARY, 1);
    for (size_t i = 0; i < RN_COUNTOF(bad); i++) {
        assert_int_equal(read_text(bad[i].text), RN_E_CONFIG);
        assert_string_equal(error.text, bad[i].message);
        assert_int_equal(rn_error_exit(&error), 2);
    }
}

static void no_message_holds_a_secret(void **state)
{
    static const char *const around[] = {
        GOOD "[auth]\nkind = sas\ntoken = %s\n",
        GOOD "[auth]\nkind = sas\ntoken = %s\nkey = %s\n",
        GOOD "[auth]\nkind = shared-key\naccount = x\nkey = %s\nxx\n",
        GOOD "[auth]\nkind = %s\n",
        GOOD "[auth]\n%s\n",
        GOOD "[auth]\nkind = sas\n %s\n",
        GOOD "[auth]\nkind = sas\ntoken = ${%s}\n",
        GOOD "[auth]\nkind = sas\ntoken = %s\ntoken = %s\n",
        GOOD "[auth]\nkind = sas\ntoken = %s\x02\n",
        GOOD "[auth]\nkind = sas\ntoken = file:${RUNNEL_CANARY}\n",
        GOOD "[file]\nformat = ${RUNNEL_CANARY}\n",
        "[source]\nkind = ${RUNNEL_CANARY}\n" FOLDER,
        GOOD "[auth]\nkind = sas\ntoken = file:/n/${RUNNEL_CANARY}/x\n",
        GOOD "[auth]\nkind = connection-string\nconnection = %s\nkey=%s\n",
        SOURCE "[store]\nurl = https://x/?%s\n",
        GOOD "[%s]\n",
        GOOD "connections = %s\n",
    };

    (void)state;
    setenv("RUNNEL_CANARY", CANARY, 1);
    for (size_t i = 0; i < RN_COUNTOF(around); i++) {
        char text[600];
        snprintf(text, sizeof text, around[i], CANARY, CANARY);
        int err = read_text(text);
        assert_true(err == RN_OK || error.text[0] != 0);
        assert_null(strstr(error.text, "CaNaRy"));
    }
}

static void variables_are_taken_from_the_environment(void **state)
{
    (void)state;
    setenv("RUNNEL_TEST_A", "one", 1);
    setenv("RUNNEL_TEST_B", "two\nlines", 1);
    assert_int_equal(
        read_text(GOOD "[file]\nnull = <${RUNNEL_TEST_A}>$${x}$\n"), RN_OK);
    assert_string_equal(config.file.null, "<one>${x}$");
    assert_int_equal(read_text(GOOD "[file]\nnull = ${RUNNEL_TEST_B}\n"),
                     RN_E_CONFIG);
    assert_string_equal(error.text,
                        "orders.ini:8: [file] null: holds a control byte "
                        "(0x0a)");
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    chmod(path, mode);
}

static void secrets_and_queries_come_from_files(void **state)
{
    char dir[] = "/tmp/runnel-config-XXXXXX";
    char path[64];
    char text[400];

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/secret", dir);
    setenv("RUNNEL_TEST_DIR", dir, 1);
    snprintf(text, sizeof text,
             GOOD "[auth]\nkind = sas\ntoken = file:${RUNNEL_TEST_DIR}/secret");

    write_file(path, CANARY "\r\n", 0600);
    assert_int_equal(read_text(text), RN_OK);
    assert_string_equal(config.auth.token, CANARY);
    assert_string_equal(config.auth.token_file, path);

    chmod(path, 0640);
    assert_int_equal(read_text(text), RN_E_CONFIG);
    assert_non_null(strstr(error.text, "chmod 600"));
    assert_null(strstr(error.text, "CaNaRy"));

    write_file(path, "\n", 0600);
    assert_int_equal(read_text(text), RN_E_CONFIG);
    assert_non_null(strstr(error.text, "is empty"));

    write_file(path, "SELECT a,\n  b\nFROM t\n", 0644);
    snprintf(text, sizeof text,
             "[source]\nkind = sqlite\ndatabase = d\nquery = file:%s\n" FOLDER,
             path);
    assert_int_equal(read_text(text), RN_OK);
    assert_string_equal(config.source.query, "SELECT a,\n  b\nFROM t");
    unlink(path);
    rmdir(dir);
}

static int with_set(const char *set)
{
    return read_with(GOOD "connections = 3\n", strlen(GOOD "connections = 3\n"),
                     set);
}

static void set_replaces_a_line(void **state)
{
    (void)state;
    assert_int_equal(with_set("store.connections=4"), RN_OK);
    assert_int_equal(config.store.connections, 4);
    assert_int_equal(with_set("file.null=a=b.c"), RN_OK);
    assert_string_equal(config.file.null, "a=b.c");
    static const char sas[] = GOOD "[auth]\nkind = sas\ntoken = x\n";
    setenv("RUNNEL_CANARY", CANARY, 1);
    assert_int_equal(
        read_with(sas, sizeof sas - 1, "auth.token=${RUNNEL_CANARY}"), RN_OK);
    assert_string_equal(config.auth.token, CANARY);
}

static void a_bad_set_names_itself(void **state)
{
    static const struct {
        const char *set;
        const char *message;
    } known[] = {
        { "store.connections=x",
          "--set store.connections: x: expected a number from 1 to 32" },
        { "store.conections=4", "--set: [store] conections: no such key; did "
                                "you mean connections?" },
        { "stor.connections=4",
          "--set: [stor]: no such section; did you mean [store]?" },
        { "connections=4", "--set: expected section.key=value" },
        { "", "--set: expected section.key=value" },
        { "notify.on=failure",
          "--set: [notify]: not in this version (notifications)" },
        { "auth.token=" CANARY,
          "--set auth.token: a command line is public, anyone can list it; "
          "use file:PATH or ${NAME}" },
        { "auth.key=${HOME}CaNaRy",
          "--set auth.key: a command line is public, anyone can list it; use "
          "file:PATH or ${NAME}" },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(known); i++) {
        assert_int_equal(with_set(known[i].set), RN_E_CONFIG);
        assert_string_equal(error.text, known[i].message);
    }
}

static void lines_are_never_cut_in_silence(void **state)
{
    static char text[20000];

    (void)state;
    for (size_t len = 8150; len < 8250; len++) {
        size_t n = (size_t)snprintf(text, sizeof text,
                                    FOLDER "[source]\nkind = sqlite\n"
                                           "database = d\nquery = ");
        memset(text + n, 'x', len);
        text[n + len] = 0;
        if (read_text(text) == RN_OK) {
            assert_int_equal(strlen(config.source.query), len);
            continue;
        }
        assert_non_null(strstr(error.text, "orders.ini:6: "));
        assert_non_null(strstr(error.text, "longer than "));
        assert_true(len > 8170);
    }
    assert_int_equal(read_text(text), RN_E_CONFIG);
}

static void a_nul_byte_is_refused(void **state)
{
    static const char text[] = GOOD "[job]\nname = a\0b\n";

    (void)state;
    assert_int_equal(read_with(text, sizeof text - 1, NULL), RN_E_CONFIG);
    assert_string_equal(error.text, "orders.ini:8: holds a NUL byte; is this a "
                                    "job file?");
}

/* A file that was cut while it was written gives the same answer every time,
 * and never another job than the one it says.
 */
static void every_truncation_is_read_or_refused(void **state)
{
    static const char text[] = GOOD "[auth]\nkind = sas\ntoken = " CANARY "\n";

    (void)state;
    for (size_t n = 0; n < sizeof text; n++) {
        char *copy = malloc(n + 1);
        assert_non_null(copy);
        memcpy(copy, text, n);
        int err = read_with(copy, n, NULL);
        assert_true(err == RN_OK || err == RN_E_CONFIG);
        assert_null(strstr(error.text, "CaNaRy"));
        free(copy);
    }
}

static void a_small_arena_is_an_error(void **state)
{
    struct rn_config_input in = { "orders.ini", RN_LIT(GOOD), NULL, 0 };

    (void)state;
    for (size_t cap = 0; cap < 128; cap += 16) {
        rn_arena_init(&mem, "config", space, cap);
        rn_error_clear(&error);
        int err = rn_config_read(&in, &mem, &config, &error);
        assert_true(err == RN_OK || err == RN_E_CONFIG);
        assert_true(err == RN_OK || error.text[0] != 0);
    }
}

static void a_missing_file_is_named(void **state)
{
    struct rn_config_input in = {
        "/nonexistent/orders.ini", { NULL, 0 }, NULL, 0
    };

    (void)state;
    rn_arena_init(&mem, "config", space, sizeof space);
    rn_error_clear(&error);
    assert_int_equal(rn_config_read(&in, &mem, &config, &error), RN_E_CONFIG);
    assert_string_equal(error.text, "/nonexistent/orders.ini: No such file or "
                                    "directory");
}

/* What the table promises holds for each key: its default is accepted and it
 * is explained.
 */
static void every_key_is_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < rn_keys_n; i++) {
        const struct rn_key *k = &rn_keys[i];
        char expects[200];
        rn_key_expects(k, expects, sizeof expects);
        assert_true(strlen(expects) > 0);
        assert_true(strlen(k->meaning) > 0);
        assert_true(strlen(k->name) <= 20);
        assert_null(rn_later_find(k->section, k->name, NULL));
        if (k->standard != NULL)
            assert_int_equal(rn_key_set(k, k->standard, &config), RN_OK);
        for (size_t n = 1; n < sizeof expects; n++) {
            char cut[sizeof expects];
            rn_key_expects(k, cut, n);
            assert_true(strlen(cut) < n);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_filled_in),
        cmocka_unit_test(every_key_is_read),
        cmocka_unit_test(delimiters_have_words_and_bytes),
        cmocka_unit_test(a_bad_job_file_gets_one_line_with_the_place),
        cmocka_unit_test(no_message_holds_a_secret),
        cmocka_unit_test(variables_are_taken_from_the_environment),
        cmocka_unit_test(secrets_and_queries_come_from_files),
        cmocka_unit_test(set_replaces_a_line),
        cmocka_unit_test(a_bad_set_names_itself),
        cmocka_unit_test(lines_are_never_cut_in_silence),
        cmocka_unit_test(a_nul_byte_is_refused),
        cmocka_unit_test(every_truncation_is_read_or_refused),
        cmocka_unit_test(a_small_arena_is_an_error),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(every_key_is_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
