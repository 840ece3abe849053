/* job/config_check.c: defaults, what is missing and what contradicts; see
 * job/config_reader.h.
 */
#include "job/config_reader.h"

#include <string.h>

#include "compress/codec.h"
#include "compress/gzip.h"
#include "core/format.h"
#include "runnel/encoder.h"
#include "runnel/http.h"
#include "runnel/source.h"

/* Of what the journal has room for: run id and part number. */
#define PLACE_RUN    64
#define NAME_MAX_LEN 64

#define WORD_BYTES \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

static int line_of(const struct rn_config_reader *r, const struct rn_key *k)
{
    return r->line[k - rn_keys];
}

/* Where a key was given, so that the message can say so. */
static int fail_at(struct rn_config_reader *r, const char *section,
                   const char *name, const char *text)
{
    const struct rn_key *k = rn_key_find(section, name);
    return rn_config_fail(r, line_of(r, k), k, "%s", text);
}

static bool is_text(const struct rn_key *k)
{
    return k->kind == RN_KEY_TEXT || k->kind == RN_KEY_LONG ||
           k->kind == RN_KEY_SECRET || k->kind == RN_KEY_NAME;
}

void rn_config_defaults(struct rn_config_reader *r)
{
    for (size_t i = 0; i < rn_keys_n; i++) {
        const struct rn_key *k = &rn_keys[i];
        const char *text = k->standard;
        const char *no_file = "";
        if (text == NULL && is_text(k))
            text = "";
        if (text != NULL)
            RN_ASSERT(rn_key_set(k, text, r->config) == RN_OK);
        if (k->file_at != 0)
            memcpy((char *)r->config + k->file_at, &no_file, sizeof no_file);
    }
}

/* -------------------------------------------------- keys for other kinds */

static int check_key(struct rn_config_reader *r, const struct rn_key *k)
{
    const struct rn_key *by;
    const char *words;
    int line = line_of(r, k);
    bool holds = rn_key_holds(k, r->config, &by, &words);

    if (holds && k->must && line == RN_LINE_NONE && by != NULL)
        return rn_config_fail(r, line, k, "missing; with %s = %s: %s", by->name,
                              rn_key_word(by, r->config), k->meaning);
    if (holds && k->must && line == RN_LINE_NONE)
        return rn_config_fail(r, line, k, "missing; %s", k->meaning);
    if (!holds && line != RN_LINE_NONE && rn_key_word(by, r->config)[0] != 0)
        return rn_config_fail(r, line, k, "not with %s = %.40s, only with %s",
                              by->name, rn_key_word(by, r->config), words);
    return RN_OK;
}

/* Nothing is sent with load = none, so no credential is needed. */
static bool is_spared(const struct rn_config *c, const struct rn_key *k)
{
    return strcmp(k->section, "databricks") == 0 &&
           c->databricks.load == RN_DATABRICKS_NONE &&
           (k->kind == RN_KEY_SECRET || strcmp(k->name, "client") == 0);
}

/* Keys of a step that the job has not are as they may be. */
static int check_keys(struct rn_config_reader *r)
{
    for (size_t i = 0; i < rn_keys_n; i++) {
        bool *wanted = rn_section_wanted(r->config, rn_keys[i].section);

        if (wanted && line_of(r, &rn_keys[i]) != RN_LINE_NONE)
            *wanted = true;
    }
    for (size_t i = 0; i < rn_keys_n; i++) {
        bool *wanted = rn_section_wanted(r->config, rn_keys[i].section);

        if ((!wanted || *wanted) && !is_spared(r->config, &rn_keys[i]) &&
            check_key(r, &rn_keys[i]) < 0)
            return RN_E_CONFIG;
    }
    return RN_OK;
}

/* ------------------------------------------------------- what is built in */

static int absent(struct rn_config_reader *r, const char *section,
                  const char *name, const char *what)
{
    const struct rn_key *k = rn_key_find(section, name);
    const char *word = rn_key_text(k, r->config);
    const struct rn_later *later = rn_later_find(section, name, word);

    if (later != NULL)
        return rn_config_fail(r, line_of(r, k), k,
                              "%s: not in this version (%s)", word,
                              later->what);
    if (r->hide[k - rn_keys])
        return rn_config_fail(r, line_of(r, k), k, "this build has %s", what);
    return rn_config_fail(r, line_of(r, k), k, "%.40s: this build has %s", word,
                          what);
}

static void list(char *to, size_t cap, const char *word)
{
    size_t len = strlen(to);
    (void)rn_format(to + len, cap - len, "%s%s", len > 0 ? ", " : "", word);
}

static int check_source(struct rn_config_reader *r)
{
    char have[120] = "";

    if (r->config->source.kind[0] == 0)
        return RN_OK;
    for (size_t i = 0; i < rn_sources_n; i++) {
        if (strcmp(rn_sources[i]->name, r->config->source.kind) == 0)
            return RN_OK;
        list(have, sizeof have, rn_sources[i]->name);
    }
    return absent(r, "source", "kind", have);
}

static int check_format(struct rn_config_reader *r)
{
    char have[120] = "";

    for (size_t i = 0; i < rn_encoders_n; i++) {
        if (strcmp(rn_encoders[i]->name, r->config->file.format) == 0)
            return RN_OK;
        list(have, sizeof have, rn_encoders[i]->name);
    }
    return absent(r, "file", "format", have);
}

/* ------------------------------------------------------------ compression */

/* What a format may be compressed with, the default first. */
struct pair {
    const char *format;
    enum rn_compression kind[4];
    size_t n;
    const char *words;
};

static const struct pair pairs[] = {
    { "csv", { RN_COMPRESSION_NONE, RN_COMPRESSION_GZIP }, 2, "none or gzip" },
    { "json", { RN_COMPRESSION_NONE, RN_COMPRESSION_GZIP }, 2, "none or gzip" },
    { "parquet",
      { RN_COMPRESSION_SNAPPY, RN_COMPRESSION_GZIP, RN_COMPRESSION_ZSTD,
        RN_COMPRESSION_NONE },
      4,
      "none, gzip, snappy or zstd" },
    { "avro",
      { RN_COMPRESSION_NONE, RN_COMPRESSION_DEFLATE, RN_COMPRESSION_SNAPPY,
        RN_COMPRESSION_ZSTD },
      4,
      "null, deflate, snappy or zstd" },
};

/* Whether this image can; a stream's gzip is no codec. */
static bool in_build(const struct pair *p, enum rn_compression kind)
{
    if (kind == RN_COMPRESSION_NONE)
        return true;
    return p->n == 2 ? rn_gzip_is_here() : rn_codec_for(kind) != NULL;
}

static int check_codec(struct rn_config_reader *r, const struct pair *p)
{
    const struct rn_key *k = rn_key_find("file", "compression");
    enum rn_compression *kind = &r->config->file.compression;
    size_t i = 0;

    if (line_of(r, k) == RN_LINE_NONE) {
        while (!in_build(p, p->kind[i]))
            i++;
        *kind = p->kind[i];
    }
    for (i = 0; i < p->n && p->kind[i] != *kind; i++)
        ;
    if (i == p->n)
        return rn_config_fail(r, line_of(r, k), k, "%s takes %s", p->format,
                              p->words);
    if (!in_build(p, *kind))
        return rn_config_fail(r, line_of(r, k), k,
                              "%s is not in this build (make CODECS=)",
                              rn_key_word(k, r->config));
    return RN_OK;
}

/* After the check of the keys, which wants to know what was given. */
static int check_level(struct rn_config_reader *r)
{
    int *level = &r->config->file.level;
    bool zstd = r->config->file.compression == RN_COMPRESSION_ZSTD;

    if (*level > 9 && !zstd)
        return fail_at(r, "file", "level", "gzip and deflate take 1 to 9");
    if (*level == 0)
        *level = zstd ? 3 : 6;
    return RN_OK;
}

static int check_compression(struct rn_config_reader *r)
{
    for (size_t i = 0; i < RN_COUNTOF(pairs); i++)
        if (strcmp(pairs[i].format, r->config->file.format) == 0)
            return check_codec(r, &pairs[i]);
    return RN_OK;
}

static int check_bloom(struct rn_config_reader *r)
{
    uint64_t bytes = r->config->file.bloom_bytes;

    if ((bytes & (bytes - 1)) != 0)
        return fail_at(r, "file", "bloom_bytes", "expected a power of two");
    return RN_OK;
}

static int check_proxy(struct rn_config_reader *r)
{
    if (r->config->store.proxy[0] == 0 ||
        strncmp(rn_http_version(), "libcurl", 7) == 0)
        return RN_OK;
    return fail_at(r, "store", "proxy",
                   "this build goes through no proxy; one made with "
                   "make HTTP=curl does");
}

/* ------------------------------------------------------------------ names */

/* The job file's name without folders and without its last suffix. */
static struct rn_bytes stem(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    const char *dot = strrchr(name, '.');
    size_t len =
        dot == NULL || dot == name ? strlen(name) : (size_t)(dot - name);
    return (struct rn_bytes){ (const uint8_t *)name, len };
}

static int default_names(struct rn_config_reader *r)
{
    struct rn_config *c = r->config;
    struct rn_bytes name = stem(c->path);
    size_t folders = (size_t)((const char *)name.p - c->path);

    if (c->job.name[0] == 0) {
        char *to = rn_arena_take(r->mem, 1, name.n + 1);
        if (to == NULL)
            return RN_E_FULL;
        memcpy(to, name.p, name.n);
        c->job.name = to;
    }
    if (c->job.state[0] == 0) {
        size_t cap = folders + name.n + sizeof ".state";
        char *to = rn_arena_take(r->mem, 1, cap);
        if (to == NULL)
            return RN_E_FULL;
        (void)rn_format(to, cap, "%.*s.state", (int)(folders + name.n),
                        c->path);
        c->job.state = to;
    }
    return RN_OK;
}

static int check_name(struct rn_config_reader *r)
{
    const char *name = r->config->job.name;
    size_t len = strlen(name);

    if (len > 0 && len <= NAME_MAX_LEN && strspn(name, WORD_BYTES) == len &&
        name[0] != '.' && name[0] != '_')
        return RN_OK;
    return fail_at(r, "job", "name",
                   "expected 1 to 64 letters, digits, '-', '_' or '.', not "
                   "beginning with '.' or '_'");
}

/* One {placeholder} of the path at `p`: its length, or RN_E_CONFIG. */
static int placeholder(struct rn_config_reader *r, const char *p)
{
    static const char *const known[] = { "{job}", "{date}", "{time}",
                                         "{run}", "{part}", "{ext}" };

    for (size_t i = 0; i < RN_COUNTOF(known); i++)
        if (strncmp(p, known[i], strlen(known[i])) == 0)
            return (int)strlen(known[i]);
    return fail_at(r, "store", "path",
                   "expected {job}, {date}, {time}, {run}, {part} or {ext} "
                   "where there is a brace");
}

/* Readers skip names that begin with '.' or '_', and a '..' would leave the
 * folder.
 */
static int path_bytes(struct rn_config_reader *r, const char *path)
{
    bool begins = true;

    for (const char *p = path; *p != 0;) {
        int n = 1;
        if (*p == '{')
            n = placeholder(r, p);
        else if (begins && (*p == '/' || *p == '.' || *p == '_'))
            return fail_at(r, "store", "path",
                           "a part between slashes is empty or begins with "
                           "'.' or '_'");
        else if (*p != '/' && strchr(WORD_BYTES "=", *p) == NULL)
            return fail_at(r, "store", "path",
                           "expected letters, digits, '-', '_', '.', '=' and "
                           "'/' besides placeholders");
        if (n < 0)
            return n;
        begins = *p == '/';
        p += n;
    }
    return begins ? fail_at(r, "store", "path", "ends with '/'") : RN_OK;
}

/* The manifest and _SUCCESS lie beside the files, so each run needs a folder
 * of its own, and each file of a run a name of its own.
 */
static int check_path(struct rn_config_reader *r)
{
    const char *path = r->config->store.path;
    const char *slash = strrchr(path, '/');
    const char *run = strstr(path, "{run}");

    if (path_bytes(r, path) < 0)
        return RN_E_CONFIG;
    if (run == NULL || slash == NULL || run > slash)
        return fail_at(r, "store", "path",
                       "{run} has to be in a folder's name, so that no two "
                       "runs meet in one folder");
    if (strstr(slash, "{part}") == NULL)
        return fail_at(r, "store", "path",
                       "{part} has to be in the file's name, after the last /");
    if (strlen(path) + strlen(r->config->store.url) + PLACE_RUN >
        RN_PLACE_MAX) {
        const struct rn_key *k = rn_key_find("store", "path");

        return rn_config_fail(r, line_of(r, k), k,
                              "url and path are longer than %d bytes together",
                              RN_PLACE_MAX - PLACE_RUN);
    }
    return RN_OK;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static int check_url(struct rn_config_reader *r)
{
    const char *url = r->config->store.url;

    if (strchr(url, '?') != NULL || strchr(url, '@') != NULL)
        return fail_at(r, "store", "url",
                       "holds a '?' or '@': credentials go into [auth], as "
                       "token or key");
    if (begins(url, "file:///"))
        return RN_OK;
    if (begins(url, "http://") && !r->config->store.allow_http)
        return fail_at(r, "store", "url",
                       "http:// would show data and credentials to everyone "
                       "on the way; use https:// (or allow_http = true for "
                       "an emulator on this machine)");
    if (!begins(url, "https://") && !begins(url, "http://"))
        return fail_at(r, "store", "url",
                       "expected https://ACCOUNT.blob.core.windows.net/"
                       "CONTAINER or file:///DIR");
    if (r->config->auth.kind == RN_AUTH_NONE)
        return fail_at(r, "auth", "kind",
                       "missing; sas, shared-key or connection-string");
    return RN_OK;
}

static int check_warehouse(struct rn_config_reader *r)
{
    const struct rn_config *c = r->config;

    if (c->databricks.wanted && c->databricks.table[0] == '\0' &&
        c->databricks.load != RN_DATABRICKS_JOB)
        return fail_at(r, "databricks", "table",
                       "missing; catalog.schema.table that is loaded");
    if (c->databricks.wanted && c->databricks.warehouse[0] == '\0' &&
        (c->databricks.load == RN_DATABRICKS_COPY_INTO ||
         c->databricks.load == RN_DATABRICKS_EXTERNAL_TABLE))
        return fail_at(r, "databricks", "warehouse",
                       "missing; the id of the SQL warehouse that loads");
    return RN_OK;
}

static int check_pairs(struct rn_config_reader *r)
{
    const struct rn_key *all = rn_key_find("file", "quote_all");
    const struct rn_key *start = rn_key_find("source", "watermark_start");

    if (line_of(r, all) != RN_LINE_NONE &&
        line_of(r, rn_key_find("file", "quote")) != RN_LINE_NONE)
        return fail_at(r, "file", "quote_all",
                       "says the same as quote; give one of them");
    if (line_of(r, start) != RN_LINE_NONE &&
        r->config->source.watermark[0] == 0)
        return fail_at(r, "source", "watermark_start",
                       "only with watermark, the column it is for");
    if (line_of(r, rn_key_find("job", "checkpoint")) != RN_LINE_NONE &&
        r->config->source.key[0] == 0)
        return fail_at(r, "job", "checkpoint", "only with [source] key");
    return RN_OK;
}

int rn_config_check(struct rn_config_reader *r)
{
    static int (*const check[])(struct rn_config_reader * r) = {
        check_source, check_format, check_compression, check_keys,
        check_level,  check_bloom,  check_name,        check_path,
        check_url,    check_pairs,  check_proxy,       check_warehouse,
    };

    if (default_names(r) < 0)
        return rn_config_fail(r, RN_LINE_NONE, NULL, "too large");
    for (size_t i = 0; i < RN_COUNTOF(check); i++)
        if (check[i](r) < 0)
            return RN_E_CONFIG;
    return RN_OK;
}
