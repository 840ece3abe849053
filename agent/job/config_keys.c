/* job/config_keys.c: the table of keys; see job/config_keys.h. */
#include "job/config_keys.h"

#include <string.h>

#include "runnel/texts.h"

/* clang-format would turn the table into a list; it is read as a table. */
/* clang-format off */

#define AT(m) offsetof(struct rn_config, m)
#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)
#define SEC(n) ((uint64_t)(n) * 1000)
#define DAY(n) ((uint64_t)(n) * 86400000)

static const struct rn_word log_level[] = {
    {"error", 0}, {"warn", 1}, {"info", 2}, {"debug", 3}, {NULL, 0}};
static const struct rn_word on_oversize[] = {
    {"error", RN_ON_ERROR}, {"truncate", RN_ON_TRUNCATE},
    {"null", RN_ON_NULL}, {NULL, 0}};
static const struct rn_word on_mismatch[] = {
    {"error", RN_ON_ERROR}, {"convert", RN_ON_CONVERT},
    {"null", RN_ON_NULL}, {NULL, 0}};
static const struct rn_word on_bad_text[] = {
    {"error", RN_ON_ERROR}, {"replace", RN_ON_REPLACE},
    {"null", RN_ON_NULL}, {NULL, 0}};
static const struct rn_word compression[] = {
    {"none", RN_COMPRESSION_NONE}, {"null", RN_COMPRESSION_NONE},
    {"gzip", RN_COMPRESSION_GZIP}, {"deflate", RN_COMPRESSION_DEFLATE},
    {"snappy", RN_COMPRESSION_SNAPPY}, {"zstd", RN_COMPRESSION_ZSTD},
    {NULL, 0}};
static const struct rn_word timestamps[] = {
    {"micros", RN_TIMESTAMPS_MICROS}, {"millis", RN_TIMESTAMPS_MILLIS},
    {"millis-truncate", RN_TIMESTAMPS_MILLIS_TRUNCATE}, {NULL, 0}};
static const struct rn_word integer_encoding[] = {
    {"plain", RN_ENCODING_PLAIN}, {"delta", RN_ENCODING_DELTA}, {NULL, 0}};
static const struct rn_word text_encoding[] = {
    {"plain", RN_ENCODING_PLAIN}, {"delta-length", RN_ENCODING_DELTA_LENGTH},
    {NULL, 0}};
static const struct rn_word boolean_encoding[] = {
    {"auto", RN_ENCODING_AUTO}, {"plain", RN_ENCODING_PLAIN},
    {"rle", RN_ENCODING_RLE}, {NULL, 0}};
static const struct rn_word delimiter[] = {
    {"comma", ','}, {"tab", '\t'}, {"pipe", '|'}, {"semicolon", ';'},
    {"space", ' '}, {"\\t", '\t'}, {NULL, 0}};
static const struct rn_word quote_char[] = {
    {"double", '"'}, {"single", '\''}, {NULL, 0}};
static const struct rn_word escape[] = {
    {"none", 0}, {"backslash", '\\'}, {NULL, 0}};
static const struct rn_word quote[] = {
    {"minimal", RN_QUOTE_MINIMAL}, {"all", RN_QUOTE_ALL},
    {"non-null", RN_QUOTE_NON_NULL}, {"non-numeric", RN_QUOTE_NON_NUMERIC},
    {"none", RN_QUOTE_NONE}, {NULL, 0}};
static const struct rn_word quote_all[] = {
    {"true", RN_QUOTE_ALL}, {"false", RN_QUOTE_MINIMAL}, {NULL, 0}};
static const struct rn_word newline[] = {
    {"lf", RN_NEWLINE_LF}, {"crlf", RN_NEWLINE_CRLF}, {NULL, 0}};
static const struct rn_word booleans[] = {
    {"true/false", RN_BOOL_TRUE_FALSE}, {"1/0", RN_BOOL_1_0},
    {"t/f", RN_BOOL_T_F}, {NULL, 0}};
static const struct rn_word dates[] = {
    {"iso", RN_DATES_ISO}, {"epoch", RN_DATES_EPOCH},
    {"epoch-ms", RN_DATES_EPOCH_MS}, {"epoch-us", RN_DATES_EPOCH_US},
    {NULL, 0}};
static const struct rn_word binary[] = {
    {"base64", RN_BINARY_BASE64}, {"hex", RN_BINARY_HEX}, {NULL, 0}};
static const struct rn_word nan_words[] = {
    {"error", RN_NAN_ERROR}, {"null", RN_NAN_NULL}, {"text", RN_NAN_TEXT},
    {NULL, 0}};
static const struct rn_word shape[] = {
    {"lines", RN_SHAPE_LINES}, {"array", RN_SHAPE_ARRAY}, {NULL, 0}};
static const struct rn_word checksum[] = {
    {"auto", RN_CHECKSUM_AUTO}, {"none", RN_CHECKSUM_NONE},
    {"md5", RN_CHECKSUM_MD5}, {"crc64", RN_CHECKSUM_CRC64}, {NULL, 0}};
static const struct rn_word auth_kind[] = {
    {"none", RN_AUTH_NONE}, {"sas", RN_AUTH_SAS},
    {"shared-key", RN_AUTH_SHARED_KEY},
    {"connection-string", RN_AUTH_CONNECTION_STRING}, {NULL, 0}};

RN_KEYS_BEHIND(
static const struct rn_word mode[] = {
    {"append", RN_MODE_APPEND}, {"overwrite", RN_MODE_OVERWRITE},
    {"merge", RN_MODE_MERGE}, {NULL, 0}};
static const struct rn_word create[] = {
    {"if-missing", RN_CREATE_IF_MISSING}, {"never", RN_CREATE_NEVER},
    {NULL, 0}};
static const struct rn_word databricks_auth[] = {
    {"oauth-m2m", RN_DATABRICKS_OAUTH_M2M}, {"pat", RN_DATABRICKS_PAT},
    {NULL, 0}};
static const struct rn_word databricks_access[] = {
    {"location", RN_ACCESS_LOCATION}, {"volume", RN_ACCESS_VOLUME},
    {"sas", RN_ACCESS_SAS}, {NULL, 0}};
static const struct rn_word databricks_load[] = {
    {"copy-into", RN_DATABRICKS_COPY_INTO},
    {"external-table", RN_DATABRICKS_EXTERNAL_TABLE},
    {"job", RN_DATABRICKS_JOB}, {"none", RN_DATABRICKS_NONE}, {NULL, 0}};
static const struct rn_word synapse_load[] = {
    {"copy-into", RN_SYNAPSE_COPY_INTO}, {"external", RN_SYNAPSE_EXTERNAL},
    {"pipeline", RN_SYNAPSE_PIPELINE}, {"none", RN_SYNAPSE_NONE}, {NULL, 0}};
static const struct rn_word synapse_credential[] = {
    {"none", 0}, {"sas", 0}, {"managed-identity", 0}, {NULL, 0}};
)

#define CSV "file.format=csv"
#define JSON "file.format=json"
#define CSV_JSON "file.format=csv json"
#define PARQUET "file.format=parquet"
#define AVRO "file.format=avro"
#define TYPED "file.format=parquet avro"

#define TEXT(s, n, m, std, only, what) \
    {s, n, RN_KEY_TEXT, false, AT(m), 0, 0, 0, NULL, std, only, RN_HELP(what)}
#define MUST(s, n, m, only, what) \
    {s, n, RN_KEY_TEXT, true, AT(m), 0, 0, 0, NULL, NULL, only, RN_HELP(what)}
#define SECRET(s, n, m, only, what) \
    {s, n, RN_KEY_SECRET, true, AT(m), AT(m##_file), 0, 0, NULL, NULL, only, \
     RN_HELP(what)}
#define WORD(s, n, m, w, std, only, what) \
    {s, n, RN_KEY_WORD, false, AT(m), 0, 0, 0, w, std, only, RN_HELP(what)}
#define BYTE(s, n, m, w, std, only, what) \
    {s, n, RN_KEY_BYTE, false, AT(m), 0, 0, 0, w, std, only, RN_HELP(what)}
#define BOOL(s, n, m, std, only, what) \
    {s, n, RN_KEY_BOOL, false, AT(m), 0, 0, 0, NULL, std, only, RN_HELP(what)}
#define NUMBER(kind, s, n, m, lo, hi, std, only, what) \
    {s, n, kind, false, AT(m), 0, lo, hi, NULL, std, only, RN_HELP(what)}

const struct rn_key rn_keys[] = {
    TEXT("job", "name", job.name, NULL, NULL,
         "name of the job; default: the job file's"),
    NUMBER(RN_KEY_BYTES, "job", "memory", job.memory, KIB(256), GIB(4), "1M",
           NULL, "all private memory of the agent"),
    TEXT("job", "state", job.state, NULL, NULL,
         "journal; default: the job file's name ending in .state"),
    NUMBER(RN_KEY_TIME, "job", "deadline", job.deadline_ms, 0, DAY(30), "0",
           NULL, "longest time a run may take; 0: no limit"),
    NUMBER(RN_KEY_TIME, "job", "checkpoint", job.checkpoint_ms, 0, DAY(1),
           "5s", NULL, "with source.key: least time between two; 0: every "
           "block"),
    {"job", "log_level", RN_KEY_NAME, false, AT(job.log_level), 0, 0, 0,
     log_level, "warn", NULL, RN_HELP("least urgent log lines on stderr")},

    MUST("source", "kind", source.kind, NULL,
         "driver: sqlite; push: a program brings the rows"),
    MUST("source", "database", source.database, "source.kind=sqlite",
         "path of the database file"),
    {"source", "query", RN_KEY_LONG, true, AT(source.query), 0, 0, 0, NULL,
     NULL, "source.kind=sqlite",
     RN_HELP("one SELECT; indented lines go on, or file:PATH")},
    TEXT("source", "key", source.key, "", NULL,
         "column that the rows are in order of; a run that was cut off goes "
         "on with WHERE key > :after"),
    TEXT("source", "watermark", source.watermark, "", NULL,
         "column whose highest value the next run gets as :watermark"),
    TEXT("source", "watermark_start", source.watermark_start, "", NULL,
         ":watermark of the first run"),
    NUMBER(RN_KEY_BYTES, "source", "max_cell", source.max_cell, 64, MIB(64),
           "64K", NULL, "largest text or binary value"),
    NUMBER(RN_KEY_BYTES, "source", "memory", source.memory, 0, GIB(4), "0",
           NULL, "the driver's share of memory; 0: decided by runnel"),
    WORD("source", "on_oversize", source.on_oversize, on_oversize, "error",
         NULL, "a value larger than max_cell"),
    WORD("source", "on_mismatch", source.on_mismatch, on_mismatch, "error",
         NULL, "a value that is not of its column's type"),
    WORD("source", "on_bad_text", source.on_bad_text, on_bad_text, "error",
         NULL, "text that is not UTF-8"),
    NUMBER(RN_KEY_TIME, "source", "busy", source.busy_ms, 0, DAY(1), "30s",
           "source.kind=sqlite", "how long to wait for a locked database"),
    NUMBER(RN_KEY_COUNT, "source", "sample", source.sample, 0, 1000000, "1000",
           "source.kind=sqlite",
           "rows read ahead for columns without a declared type"),

    {"file", "format", RN_KEY_TEXT, false, AT(file.format), 0, 0, 0, NULL,
     "csv", NULL, RN_HELP("csv, json, parquet, avro")},
    WORD("file", "compression", file.compression, compression, "none", NULL,
         "csv, json: none, gzip (.gz); parquet: none, gzip, snappy (its "
         "default), zstd; avro: null, deflate, snappy, zstd"),
    NUMBER(RN_KEY_SMALL, "file", "level", file.level, 1, 19, NULL,
           "file.compression=gzip deflate zstd",
           "fast to small; gzip, deflate: 1 to 9, default 6; zstd: default 3"),
    NUMBER(RN_KEY_COUNT, "file", "rows_per_file", file.rows_per_file, 0,
           UINT64_MAX, "0", NULL, "then the next part begins; 0: no limit"),
    NUMBER(RN_KEY_BYTES, "file", "bytes_per_file", file.bytes_per_file, 0,
           UINT64_MAX, "0", NULL, "of the file as stored; 0: no limit"),
    TEXT("file", "row_number", file.row_number, "", CSV_JSON,
         "name of an added column that counts the rows"),
    WORD("file", "dates", file.dates, dates, "iso", CSV_JSON,
         "how dates and timestamps are written"),
    WORD("file", "binary", file.binary, binary, "base64", CSV_JSON,
         "how BLOBs are written"),
    WORD("file", "nan", file.nan, nan_words, "error", CSV_JSON,
         "NaN and infinities"),
    BOOL("file", "header", file.header, "true", CSV, "column names first"),
    BYTE("file", "delimiter", file.delimiter, delimiter, "comma", CSV,
         "between fields"),
    BYTE("file", "quote_char", file.quote_char, quote_char, "double", CSV,
         "around fields"),
    WORD("file", "quote", file.quote, quote, "minimal", CSV,
         "which fields are quoted"),
    WORD("file", "quote_all", file.quote, quote_all, NULL, CSV,
         "true is quote = all, false is quote = minimal"),
    BYTE("file", "escape", file.escape, escape, "none", CSV,
         "before a quote in a field; none: the quote is doubled"),
    TEXT("file", "null", file.null, "", CSV, "text of NULL"),
    WORD("file", "newline", file.newline, newline, "lf", CSV,
         "end of a row"),
    WORD("file", "bool", file.booleans, booleans, "true/false", CSV,
         "how booleans are written"),
    WORD("file", "shape", file.shape, shape, "lines", JSON,
         "a document a line, or one array"),

    WORD("file", "timestamps", file.timestamps, timestamps, "micros", TYPED,
         "unit of times and timestamps; millis-truncate drops the rest"),
    NUMBER(RN_KEY_BYTES, "file", "page", file.page, 0, MIB(16), "0", TYPED,
           "of a Parquet page or Avro block before compression; 0: by memory"),
    NUMBER(RN_KEY_COUNT, "file", "row_group_rows", file.row_group_rows, 1,
           INT32_MAX, "1000000", PARQUET, "most rows of a row group"),
    NUMBER(RN_KEY_BYTES, "file", "row_group_bytes", file.row_group_bytes,
           KIB(1), GIB(4), "128M", PARQUET,
           "a row group ends when it has about so many, compressed"),
    NUMBER(RN_KEY_SMALL, "file", "data_page", file.data_page, 1, 2, "1",
           PARQUET, "version of data pages; all readers know 1"),
    BOOL("file", "dictionary", file.dictionary, "true", PARQUET,
         "repeated values by number, where that is smaller"),
    BOOL("file", "page_index", file.page_index, "true", PARQUET,
         "column and offset index, to skip pages"),
    WORD("file", "integer_encoding", file.integer_encoding, integer_encoding,
         "plain", PARQUET, "of integers, dates and times without dictionary"),
    WORD("file", "text_encoding", file.text_encoding, text_encoding, "plain",
         PARQUET, "of text and blobs without dictionary"),
    WORD("file", "boolean_encoding", file.boolean_encoding, boolean_encoding,
         "auto", PARQUET, "auto: rle in data pages 2, else plain"),
    TEXT("file", "bloom_filter", file.bloom_filter, "", PARQUET,
         "columns that get a Bloom filter, with commas between, or all"),
    NUMBER(RN_KEY_BYTES, "file", "bloom_bytes", file.bloom_bytes, 32, MIB(16),
           "64K", PARQUET, "of one filter, a power of two"),
    TEXT("file", "record", file.record, "", AVRO,
         "full name of the record; default: the job's name"),

    MUST("store", "url", store.url, NULL,
         "https://ACCOUNT.blob.core.windows.net/CONTAINER or file:///DIR"),
    TEXT("store", "path", store.path, "{job}/{date}/{run}/part-{part}.{ext}",
         NULL, "names of files: {job} {date} {time} {run} {part} {ext}"),
    NUMBER(RN_KEY_SMALL, "store", "connections", store.connections, 1, 32, "2",
           NULL, "transfers at a time"),
    NUMBER(RN_KEY_BYTES, "store", "block", store.block, 0, MIB(4000), "0",
           NULL, "of one upload request; 0: decided by memory"),
    WORD("store", "checksum", store.checksum, checksum, "auto", NULL,
         "sent with each block; auto: crc64, md5 for the emulator"),
    BOOL("store", "allow_http", store.allow_http, "false", NULL,
         "http:// to this machine, for tests"),
    NUMBER(RN_KEY_TIME, "store", "connect_timeout", store.connect_ms, 10,
           DAY(1), "15s", NULL, "resolve, connect and TLS together"),
    NUMBER(RN_KEY_TIME, "store", "timeout", store.idle_ms, 10, DAY(1), "60s",
           NULL, "a link without progress for so long is lost"),
    NUMBER(RN_KEY_TIME, "store", "request_timeout", store.request_ms, 10,
           DAY(1), "10m", NULL, "for one request in all"),
    NUMBER(RN_KEY_TIME, "store", "retry_for", store.retry_ms, 0, DAY(30),
           "10m", NULL, "how long one operation is tried again"),
    NUMBER(RN_KEY_SMALL, "store", "restarts", store.restarts, 0, 100, "2",
           NULL, "of the whole run, when the service lost its blocks"),
    TEXT("store", "proxy", store.proxy, "", NULL,
         "http://HOST:PORT; only in a build with HTTP=curl"),

    TEXT("tls", "ca", tls.ca, "", NULL,
         "PEM file of trusted roots; default: the system's"),

    WORD("auth", "kind", auth.kind, auth_kind, NULL, NULL,
         "how the store knows us; needed for https://"),
    SECRET("auth", "token", auth.token, "auth.kind=sas", "SAS token"),
    MUST("auth", "account", auth.account, "auth.kind=shared-key",
         "storage account's name"),
    SECRET("auth", "key", auth.key, "auth.kind=shared-key",
           "storage account's key"),
    SECRET("auth", "connection", auth.connection, "auth.kind=connection-string",
           "connection string, or UseDevelopmentStorage=true"),

    RN_KEYS_BEHIND(
    MUST("databricks", "host", databricks.host, NULL,
         "https://adb-NUMBER.N.azuredatabricks.net"),
    WORD("databricks", "load", databricks.load, databricks_load, "copy-into",
         NULL, "how the files get into the table; none: print the statement"),
    TEXT("databricks", "warehouse", databricks.warehouse, "", NULL,
         "id of a SQL warehouse"),
    WORD("databricks", "auth", databricks.auth, databricks_auth, "oauth-m2m",
         NULL, "how Databricks knows us"),
    SECRET("databricks", "token", databricks.token, "databricks.auth=pat",
           "personal access token"),
    MUST("databricks", "client", databricks.client,
         "databricks.auth=oauth-m2m", "service principal's id"),
    SECRET("databricks", "secret", databricks.secret,
           "databricks.auth=oauth-m2m", "service principal's secret"),
    WORD("databricks", "access", databricks.access, databricks_access,
         "location", NULL, "how the warehouse reads the container"),
    TEXT("databricks", "location", databricks.location, "",
         "databricks.access=location sas",
         "abfss://CONTAINER@HOST/; default: from store.url"),
    MUST("databricks", "volume", databricks.volume, "databricks.access=volume",
         "/Volumes/CATALOG/SCHEMA/VOLUME that is the container"),
    TEXT("databricks", "table", databricks.table, "", NULL,
         "catalog.schema.table; with load = job: where its rows are counted"),
    WORD("databricks", "mode", databricks.mode, mode, "append",
         "databricks.load=copy-into none", "what a load does to the table"),
    MUST("databricks", "keys", databricks.keys, "databricks.mode=merge",
         "columns that tell rows apart, with commas between"),
    WORD("databricks", "create", databricks.create, create, "if-missing",
         "databricks.load=copy-into none", "make the table from the columns"),
    MUST("databricks", "job", databricks.job, "databricks.load=job",
         "number of the job that loads"),
    NUMBER(RN_KEY_TIME, "databricks", "deadline", databricks.deadline_ms,
           1000, DAY(30), "30m", NULL, "for the load, a cold start included"),

    WORD("synapse", "load", synapse.load, synapse_load, "copy-into", NULL,
         "copy-into: dedicated pool; external: a view in a serverless one"),
    SECRET("synapse", "connection", synapse.connection,
           "synapse.load=copy-into external", "ODBC connection string"),
    MUST("synapse", "workspace", synapse.workspace, "synapse.load=pipeline",
         "https://WORKSPACE.dev.azuresynapse.net"),
    MUST("synapse", "pipeline", synapse.pipeline, "synapse.load=pipeline",
         "name of the pipeline that loads"),
    SECRET("synapse", "token", synapse.token, "synapse.load=pipeline",
           "bearer token for the workspace"),
    MUST("synapse", "table", synapse.table,
         "synapse.load=copy-into external none", "schema.table"),
    WORD("synapse", "mode", synapse.mode, mode, "append",
         "synapse.load=copy-into none", "what a load does to the table"),
    MUST("synapse", "keys", synapse.keys, "synapse.mode=merge",
         "columns that tell rows apart, with commas between"),
    WORD("synapse", "create", synapse.create, create, "if-missing",
         "synapse.load=copy-into none", "make the table from the columns"),
    {"synapse", "credential", RN_KEY_NAME, false, AT(synapse.credential), 0, 0,
     0, synapse_credential, "none", "synapse.load=copy-into external none",
     RN_HELP("with which COPY reads the files; none: the login's own")},
    NUMBER(RN_KEY_TIME, "synapse", "deadline", synapse.deadline_ms, 1000,
           DAY(30), "30m", NULL, "for the load, a paused pool included"),

    MUST("connect", "catalog", connect.catalog, NULL,
         "foreign catalog in Databricks for the Synapse database"),
    TEXT("connect", "connection", connect.connection, "", NULL,
         "its connection; default: the catalog's name"),
    MUST("connect", "host", connect.host, NULL,
         "WORKSPACE.sql.azuresynapse.net"),
    NUMBER(RN_KEY_SMALL, "connect", "port", connect.port, 1, 65535, "1433",
           NULL, "of the SQL endpoint"),
    MUST("connect", "database", connect.database, NULL, "the SQL pool's name"),
    MUST("connect", "scope", connect.scope, NULL,
         "secret scope in Databricks with user and password"),
    TEXT("connect", "user_key", connect.user_key, "user", NULL,
         "name of the user's secret"),
    TEXT("connect", "password_key", connect.password_key, "password", NULL,
         "name of the password's secret"),

    TEXT("validate", "columns", validate.columns, "all", NULL,
         "all, none, or names with commas between; rows are always counted"),
    BOOL("validate", "read_back", validate.read_back, "false", NULL,
         "fetch every file again and check it"),
    NUMBER(RN_KEY_TIME, "validate", "window", validate.window_ms, 0, DAY(1),
           "60s", NULL, "how long a table's count may lag"),
    )
};
const size_t rn_keys_n = RN_COUNTOF(rn_keys);
_Static_assert(RN_COUNTOF(rn_keys) <= RN_KEYS_MAX, "raise RN_KEYS_MAX");

static const struct rn_later later[] = {
    {"job", "schedule", NULL, "schedules"},
    {"job", "timezone", NULL, "schedules"},
    {"source", "connection", NULL, "servers"},
    {"source", "path", NULL, "files as sources"},
    {"source", "kind", "postgres", "servers"},
    {"source", "kind", "mysql", "servers"},
    {"source", "kind", "odbc", "servers"},
    {"source", "kind", "csv", "files as sources"},
    {"source", "kind", "ndjson", "files as sources"},
    {"auth", "kind", "service-principal", "Microsoft Entra"},
    {"auth", "kind", "managed-identity", "Microsoft Entra"},
    {"auth", "kind", "workload-identity", "Microsoft Entra"},
    {"auth", "tenant", NULL, "Microsoft Entra"},
    {"auth", "client", NULL, "Microsoft Entra"},
    {"auth", "secret", NULL, "Microsoft Entra"},
    {"auth", "certificate", NULL, "Microsoft Entra"},
    {"auth", "token_file", NULL, "Microsoft Entra"},
    {"notify", NULL, NULL, "notifications"},
};
/* clang-format on */

static bool same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

const struct rn_later *rn_later_find(const char *section, const char *name,
                                     const char *word)
{
    for (size_t i = 0; i < RN_COUNTOF(later); i++)
        if (same(later[i].section, section) && same(later[i].name, name) &&
            same(later[i].word, word))
            return &later[i];
    return NULL;
}

const struct rn_key *rn_key_find(const char *section, const char *name)
{
    for (size_t i = 0; i < rn_keys_n; i++)
        if (strcmp(rn_keys[i].section, section) == 0 &&
            strcmp(rn_keys[i].name, name) == 0)
            return &rn_keys[i];
    return NULL;
}

static bool has_word(const char *words, const char *word)
{
    size_t len = strlen(word);

    while (len > 0 && *words != 0) {
        size_t n = strcspn(words, " ");
        if (n == len && memcmp(words, word, n) == 0)
            return true;
        words += n;
        words += *words == ' ';
    }
    return false;
}

bool rn_key_holds(const struct rn_key *k, const struct rn_config *config,
                  const struct rn_key **by, const char **words)
{
    char section[16];
    char name[16];

    *by = NULL;
    *words = "";
    if (k->only == NULL)
        return true;
    size_t dot = strcspn(k->only, ".");
    size_t equals = strcspn(k->only, "=");
    RN_ASSERT(dot < sizeof section && equals - dot < sizeof name);
    memcpy(section, k->only, dot);
    section[dot] = 0;
    memcpy(name, k->only + dot + 1, equals - dot - 1);
    name[equals - dot - 1] = 0;
    *by = rn_key_find(section, name);
    *words = k->only + equals + 1;
    return has_word(*words, rn_key_word(*by, config));
}

bool *rn_section_wanted(struct rn_config *config, const char *section)
{
    if (strcmp(section, "databricks") == 0)
        return &config->databricks.wanted;
    if (strcmp(section, "synapse") == 0)
        return &config->synapse.wanted;
    if (strcmp(section, "connect") == 0)
        return &config->connect.wanted;
    if (strcmp(section, "validate") == 0)
        return &config->validate.wanted;
    return NULL;
}

const char *rn_key_section(size_t i)
{
    const char *section = NULL;
    size_t n = 0;

    for (size_t k = 0; k < rn_keys_n; k++) {
        if (section != NULL && strcmp(section, rn_keys[k].section) == 0)
            continue;
        section = rn_keys[k].section;
        if (n++ == i)
            return section;
    }
    return NULL;
}
