/* config.h: a job, as its file says it, with every default filled in.
 *
 * agent/job/config.c reads it (one table there lists every key with its type,
 * bounds, default and meaning); everything else only looks. Strings are
 * NUL-terminated, never NULL ("" when not given), and live in the arena that
 * the configuration was read into.
 */
#ifndef RUNNEL_CONFIG_H
#define RUNNEL_CONFIG_H

#include "runnel/base.h"
#include "runnel/row.h"

/* [source] on_oversize, on_mismatch, on_bad_text */
enum rn_policy {
    RN_ON_ERROR,    /* the run ends, naming row and column              */
    RN_ON_TRUNCATE, /* oversize: cut (text at a character), counted     */
    RN_ON_NULL,     /* NULL in its place, counted                       */
    RN_ON_CONVERT,  /* mismatch: change the type where nothing is lost,
                     * else error; counted                              */
    RN_ON_REPLACE   /* bad text: each bad byte becomes U+FFFD, counted  */
};

/* [file] quote: which CSV fields are put in quotes */
enum rn_quote {
    RN_QUOTE_MINIMAL,     /* where the content needs it, and empty strings
                           * so that they differ from NULL               */
    RN_QUOTE_ALL,         /* every field, NULL too (as the null text)     */
    RN_QUOTE_NON_NULL,    /* every field but NULL                         */
    RN_QUOTE_NON_NUMERIC, /* every field but numbers, booleans and NULL   */
    RN_QUOTE_NONE         /* none: content that needs it uses `escape`, and
                           * is an error when there is none               */
};

enum rn_newline { RN_NEWLINE_LF, RN_NEWLINE_CRLF };

/* [file] dates: dates and timestamps in CSV and JSON */
enum rn_dates {
    RN_DATES_ISO,      /* 2026-11-22, 2026-11-22T10:11:12.123456Z        */
    RN_DATES_EPOCH,    /* seconds since 1970 (dates: days), fraction kept */
    RN_DATES_EPOCH_MS, /* milliseconds since 1970                         */
    RN_DATES_EPOCH_US  /* microseconds since 1970                         */
};

enum rn_binary { RN_BINARY_BASE64, RN_BINARY_HEX };

/* [file] nan: NaN and infinities in CSV and JSON, which have no words for
 * them (JSON) or too many (CSV)
 */
enum rn_nan {
    RN_NAN_ERROR,
    RN_NAN_NULL, /* counted in `nulled`                                  */
    RN_NAN_TEXT  /* NaN, Infinity, -Infinity; a string in JSON           */
};

enum rn_bool_words { RN_BOOL_TRUE_FALSE, RN_BOOL_1_0, RN_BOOL_T_F };

enum rn_shape { RN_SHAPE_LINES, RN_SHAPE_ARRAY };

/* [file] compression: of the whole file (CSV, JSON), of each page (Parquet) or
 * of each block (Avro)
 */
enum rn_compression {
    RN_COMPRESSION_NONE, /* avro: null */
    RN_COMPRESSION_GZIP,
    RN_COMPRESSION_DEFLATE, /* avro */
    RN_COMPRESSION_SNAPPY,
    RN_COMPRESSION_ZSTD
};

/* [file] timestamps: unit of times and timestamps in Parquet and Avro */
enum rn_timestamps {
    RN_TIMESTAMPS_MICROS,
    RN_TIMESTAMPS_MILLIS,         /* a value that has more is a mismatch     */
    RN_TIMESTAMPS_MILLIS_TRUNCATE /* what it has more is dropped, counted in
                                   * `truncated`                             */
};

/* [file] integer_encoding, text_encoding, boolean_encoding: Parquet values that
 * no dictionary holds
 */
enum rn_encoding {
    RN_ENCODING_PLAIN,
    RN_ENCODING_DELTA,        /* integers, dates, times: DELTA_BINARY_PACKED */
    RN_ENCODING_DELTA_LENGTH, /* text, blobs: DELTA_LENGTH_BYTE_ARRAY        */
    RN_ENCODING_RLE,          /* booleans                                    */
    RN_ENCODING_AUTO          /* booleans: RLE in data pages v2, else PLAIN  */
};

/* [databricks], [synapse] mode: what a load does to the table */
enum rn_mode {
    RN_MODE_APPEND,    /* this run's rows are added                        */
    RN_MODE_OVERWRITE, /* this run's rows replace all others, at once      */
    RN_MODE_MERGE      /* rows of the same keys are replaced, others added */
};

/* [databricks], [synapse] create: make the table from the query's columns */
enum rn_create { RN_CREATE_IF_MISSING, RN_CREATE_NEVER };

/* [databricks] auth */
enum rn_databricks_auth { RN_DATABRICKS_PAT, RN_DATABRICKS_OAUTH_M2M };

/* [databricks] access: how the warehouse reads the container */
enum rn_access {
    RN_ACCESS_LOCATION, /* an external location covers it (abfss://)       */
    RN_ACCESS_VOLUME,   /* a Unity Catalog volume stands for it            */
    RN_ACCESS_SAS       /* the job's own SAS in the statement, when it is a
                         * short one                                       */
};

/* [databricks] load */
enum rn_databricks_load {
    RN_DATABRICKS_COPY_INTO,
    RN_DATABRICKS_EXTERNAL_TABLE, /* a table over this run's files         */
    RN_DATABRICKS_JOB,            /* run-now of a job that loads           */
    RN_DATABRICKS_NONE            /* only print the statement              */
};

/* [synapse] load */
enum rn_synapse_load {
    RN_SYNAPSE_COPY_INTO, /* dedicated pool                                */
    RN_SYNAPSE_EXTERNAL,  /* serverless pool: a view over OPENROWSET       */
    RN_SYNAPSE_PIPELINE,  /* a pipeline started over HTTPS                 */
    RN_SYNAPSE_NONE
};

/* [types]: what a column of the query shall be, whatever its source says. */
struct rn_type_rule {
    const char *column;
    struct rn_col as; /* all but name and nullable */
};

/* [store] checksum: what Put Block carries so that the service can refuse
 * changed bytes
 */
enum rn_checksum {
    RN_CHECKSUM_AUTO, /* crc64 for Azure, md5 for the emulator           */
    RN_CHECKSUM_NONE,
    RN_CHECKSUM_MD5,
    RN_CHECKSUM_CRC64
};

enum rn_auth_kind {
    RN_AUTH_NONE, /* a folder store needs none */
    RN_AUTH_SAS,
    RN_AUTH_SHARED_KEY,
    RN_AUTH_CONNECTION_STRING
};

struct rn_config {
    const char *path; /* of the job file, for messages */
    size_t bytes;     /* that this and its texts take  */

    struct {
        const char *name;
        uint64_t memory; /* bytes, all of the agent's private memory     */
        const char *state;
        int64_t deadline_ms;   /* length, for the whole run; 0: none       */
        int64_t checkpoint_ms; /* least time between two of a run with
                                * source.key; 0: at every block          */
        const char *log_level;
    } job;

    struct {
        const char *kind;
        const char *database;
        const char *query;
        const char *key;             /* column whose order rows have, or "" */
        const char *watermark;       /* column name or ""                   */
        const char *watermark_start; /* value for the first run, or ""   */
        uint64_t max_cell;           /* bytes                            */
        uint64_t memory; /* slice for the driver, bytes; 0: by budget   */
        enum rn_policy on_oversize;
        enum rn_policy on_mismatch;
        enum rn_policy on_bad_text;
        int64_t busy_ms; /* how long to wait for a locked database      */
        uint64_t sample; /* rows read ahead for undeclared column types */
    } source;

    struct {
        const char *format;
        enum rn_compression compression;
        int level;               /* gzip, deflate: 1 to 9; zstd: 1 to 19 */
        uint64_t rows_per_file;  /* 0: no limit                          */
        uint64_t bytes_per_file; /* of the file as stored; 0: no limit   */
        bool header;
        char delimiter;  /* csv: one byte                        */
        char quote_char; /* csv: one byte                        */
        enum rn_quote quote;
        char escape;      /* csv: 0: double the quote             */
        const char *null; /* csv: the text of NULL, unquoted      */
        enum rn_newline newline;
        enum rn_bool_words booleans;
        enum rn_dates dates;
        enum rn_binary binary;
        enum rn_nan nan;
        enum rn_shape shape;    /* json                                 */
        const char *row_number; /* csv, json: name of the column that
                                  * counts the run's rows, "" for none   */
        enum rn_timestamps timestamps;     /* parquet, avro              */
        uint64_t row_group_rows;           /* parquet: at most           */
        uint64_t row_group_bytes;          /* parquet: as stored, about  */
        uint64_t page;                     /* parquet: bytes of a data page
                                            * before compression; avro: of a
                                            * block; 0: by memory        */
        int data_page;                     /* parquet: 1 or 2            */
        bool dictionary;                   /* parquet                    */
        bool page_index;                   /* parquet                    */
        enum rn_encoding integer_encoding; /* parquet                    */
        enum rn_encoding text_encoding;    /* parquet                    */
        enum rn_encoding boolean_encoding; /* parquet                    */
        const char *bloom_filter;          /* parquet: column names with
                                            * commas between, "" for none */
        uint64_t bloom_bytes;              /* parquet: of one filter: a power
                                            * of two, 32 to 16 Mi        */
        const char *record;                /* avro: the record's full name,
                                            * "" for the job's           */
    } file;

    const struct rn_type_rule *types; /* [types], in the file's order */
    size_t types_n;

    struct {
        const char *url;
        const char *path;     /* template                              */
        unsigned connections; /* transfers in flight                   */
        uint64_t block;       /* bytes of a block; 0: by budget        */
        enum rn_checksum checksum;
        bool allow_http;    /* http:// to loopback only              */
        int64_t connect_ms; /* resolve, connect, TLS                 */
        int64_t idle_ms;    /* no progress for so long: link lost    */
        int64_t request_ms; /* one request in all                    */
        int64_t retry_ms;   /* how long one operation is retried     */
        unsigned restarts;  /* of the whole run, when blocks are gone */
        const char *proxy;
    } store;

    struct {
        const char *ca;
    } tls;

    /* Sections that a job may have or not: `wanted`. */
    struct {
        bool wanted;
        const char *host;      /* https://adb-1.2.azuredatabricks.net      */
        const char *warehouse; /* id of the SQL warehouse                  */
        enum rn_databricks_auth auth;
        const char *token; /* pat */
        const char *token_file;
        const char *client; /* oauth-m2m */
        const char *secret;
        const char *secret_file;
        enum rn_access access;
        const char *location; /* overrides abfss://CONTAINER@ACCOUNT.dfs… */
        const char *volume;   /* /Volumes/CATALOG/SCHEMA/VOLUME            */
        const char *table;    /* catalog.schema.table                      */
        enum rn_databricks_load load;
        enum rn_mode mode;
        const char *keys; /* merge: column names with commas between       */
        enum rn_create create;
        const char *job; /* load = job: its number                         */
        int64_t deadline_ms; /* for all of the load, a cold start included */
    } databricks;

    struct {
        bool wanted;
        const char *connection; /* ODBC connection string, a secret         */
        const char *connection_file;
        const char *workspace; /* load = pipeline: https://WS.dev.azure…    */
        const char *pipeline;  /* its name                                  */
        const char *token;     /* its bearer token                          */
        const char *token_file;
        const char *table; /* schema.table                                  */
        enum rn_synapse_load load;
        enum rn_mode mode;
        const char *keys;
        enum rn_create create;
        const char *credential; /* of COPY: "" for the login's own, sas, or
                                 * managed-identity                         */
        int64_t deadline_ms;
    } synapse;

    struct {
        bool wanted;
        const char *catalog;    /* foreign catalog in Databricks; "" : none */
        const char *connection; /* its connection; default: the catalog's   */
        const char *host;       /* of the Synapse SQL endpoint              */
        unsigned port;
        const char *database;
        const char *scope; /* secret scope and keys of user and password    */
        const char *user_key;
        const char *password_key;
    } connect;

    struct {
        bool wanted;         /* the job has the section                     */
        const char *columns; /* "all", "none" or names                      */
        bool read_back;      /* fetch every file again and check its CRC-64 */
        int64_t window_ms;   /* how long a target's count may lag           */
    } validate;

    /* Secrets: `file:PATH` values keep their source in *_file so that a
     * refused credential can be read again.
     */
    struct {
        enum rn_auth_kind kind;
        const char *token;
        const char *token_file;
        const char *account;
        const char *key;
        const char *key_file;
        const char *connection;
        const char *connection_file;
    } auth;
};

#endif
