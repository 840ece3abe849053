/* lib/databricks_kit.h: a job, a run, and a warehouse that answers as told. */
#ifndef LIB_DATABRICKS_KIT_H
#define LIB_DATABRICKS_KIT_H

#include "lib/rest_server.h"
#include "warehouse/databricks.h"

/* What the service answers. */
#define HEAD                                           \
    "{\"statement_id\":\"s-1\",\"status\":{\"state\":" \
    "\"SUCCEEDED\"},"

#define DONE                                                \
    HEAD "\"manifest\":{\"total_row_count\":0},\"result\":" \
         "{}}"

#define ROWS(r) HEAD "\"manifest\":{},\"result\":{\"data_array\":[" r "]}}"

#define NUMBER(n)          ROWS("[\"" n "\"]")
#define COLUMN(name, type) "{\"name\":\"" name "\",\"type_text\":\"" type "\"}"
#define COLUMNS(c)                                                             \
    HEAD "\"manifest\":{\"schema\":{\"columns\":[" c "]},\"total_row_count\":" \
         "0},\"result\":{\"data_array\":[]}}"
#define LOOK_RUN COLUMNS(COLUMN("_runnel_run", "STRING"))
#define LOOK_ALL                                                             \
    COLUMNS(COLUMN("id", "BIGINT") "," COLUMN("na`me", "STRING") "," COLUMN( \
        "amount",                                                            \
        "DECIMAL(10,2)") "," COLUMN("at", "TIMESTAMP") "," COLUMN("data",    \
                                                                  "BINARY"))
#define TAKEN(n)                                                             \
    HEAD "\"manifest\":{\"schema\":{\"columns\":[{\"name\":\"num_affected_"  \
         "rows\"},{\"name\":\"num_inserted_rows\"},{\"name\":\"num_skipped_" \
         "corrupt_files\"}]}},\"result\":{\"data_array\":[[\"" n "\",\"" n   \
         "\",\"0\"]]}}"
#define STATE(s) "{\"statement_id\":\"s-1\",\"status\":{\"state\":\"" s "\"}}"
#define FAILED(code, state, message)                                    \
    "{\"statement_id\":\"s-1\",\"status\":{\"state\":\"FAILED\",\"sql_" \
    "state\":\"" state "\",\"error\":{\"error_code\":\"" code           \
    "\",\"message\":\"" message "\"}}}"
#define NO_TABLE                 \
    FAILED("NOT_FOUND", "42P01", \
           "[TABLE_OR_VIEW_NOT_FOUND] The table cannot be found")
#define NO_COLUMN                  \
    FAILED("BAD_REQUEST", "42703", \
           "[UNRESOLVED_COLUMN.WITH_SUGGESTION] no such column")
#define OK(body)              \
    {                         \
        200, body, NULL, NULL \
    }
#define LOST                \
    {                       \
        0, NULL, NULL, NULL \
    }

#define RUN "20261122T021500Z-0123456789abcdef"

struct kit {
    struct rest_server server;
    struct rn_config config;
    struct rn_error error;
    struct rn_dataset dataset;
    struct rn_http *http;
    struct rn_warehouse *w;
    struct rn_load load;
};

/* A job with a personal access token, CSV files, append. */
void kit_config(struct kit *k);

/* Serve the script to that job; `k->config` may have been changed. */
void kit_open(struct kit *k, const struct rest_answer *a, size_t n);
int kit_load(struct kit *k);
void kit_close(struct kit *k);

/* Whether request `i` holds the text; prints it if not. */
bool kit_sent(const struct kit *k, size_t i, const char *text);

/* How often request `i` holds the text. */
size_t kit_times(const struct kit *k, size_t i, const char *text);

extern const struct rn_schema kit_schema;

/* For cmocka: a file that passes for trusted roots. */
int kit_setup(void **state);
int kit_teardown(void **state);

#endif
