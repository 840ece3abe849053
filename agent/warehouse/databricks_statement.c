/* warehouse/databricks_statement.c: one SQL statement over the Statement
 * Execution API 2.0.
 *
 *     POST --> SUCCEEDED --> rows, chunk after chunk
 *       |  `-> PENDING, RUNNING --GET--> ... (a cold warehouse takes minutes)
 *       |  `-> FAILED, CANCELED, CLOSED, or a state that nobody knows
 *       `----> no answer: it may run all the same, and nobody knows its id
 *
 * A statement that fails is answered with 200 all the same: what counts is its
 * state and nothing else. One whose answer or id is lost (404 at a later look)
 * is done again only if its owner says that this is no harm; else the owner
 * has to look at the table (rest.lost).
 */
#include <string.h>

#include "core/log.h"
#include "core/format.h"
#include "runnel/port.h"
#include "warehouse/databricks.h"

#define STATEMENTS "/api/2.0/sql/statements"

/* Between two looks at a statement, at most. */
#define POLL_MAX_MS 10000

#define WAIT_MAX_S 30

/* How long the service may take over a cancellation. */
#define CANCEL_MS 5000

static void put(struct rn_out *o, const char *text)
{
    rn_out_put(o, text, strlen(text));
}

/* Seconds for which the service may keep a request waiting: well before the
 * client, which the store shares, takes silence for a lost link. 0, or 5 to 50.
 */
static unsigned wait_seconds(const struct rn_config *c)
{
    int64_t s = c->store.idle_ms / 2000;

    return s < 5 ? 0 : s > WAIT_MAX_S ? WAIT_MAX_S : (unsigned)s;
}

struct rn_sql rn_dbx_begin(struct rn_databricks *d)
{
    struct rn_out *body = rn_rest_body(&d->rest);
    char wait[24];

    put(body, "{\"warehouse_id\":\"");
    put(body, d->w.config->databricks.warehouse);
    rn_format(wait, sizeof wait, "\",\"wait_timeout\":\"%us\"",
              wait_seconds(d->w.config));
    put(body, wait);
    put(body, ",\"on_wait_timeout\":\"CONTINUE\","
              "\"disposition\":\"INLINE\",\"format\":\"JSON_ARRAY\","
              "\"statement\":\"");
    d->sql_at = body->len;
    return (struct rn_sql){
        .out = rn_escape_open(&d->escape, body),
        .dialect = RN_SQL_DATABRICKS,
        .max_cell = d->w.config->source.max_cell,
    };
}

/* The statement's beginning as it is sent, but for a SAS. */
static void log_text(struct rn_databricks *d)
{
    char text[400];
    size_t n = d->rest.out.len - d->sql_at;

    n = n < sizeof text ? n : sizeof text - 1;
    memcpy(text, d->rest.body + d->sql_at, n);
    text[n] = 0;
    rn_rest_clean(&d->rest, text);
    rn_log(RN_LOG_DEBUG, "databricks: %s", text);
}

/* -- what a state means --------------------------------------------------- */

struct rule {
    const char *word; /* the beginning of an error class or code */
    int err;
};

/* The first that fits counts. SQL states come last: they are coarser. */
static const struct rule rules[] = {
    { "TABLE_OR_VIEW_NOT_FOUND", RN_E_ABSENT },
    { "SCHEMA_NOT_FOUND", RN_E_ABSENT },
    { "UNRESOLVED_COLUMN", RN_E_VALUE },
    { "DELTA_CONCURRENT_", RN_E_BUSY },
    { "TRANSACTION_CONCURRENT_COPY_INTO", RN_E_BUSY },
    { "COPY_INTO_DUPLICATED_FILES_COPY_NOT_ALLOWED", RN_E_BUSY },
    { "ABORTED", RN_E_BUSY },
    { "DEADLINE_EXCEEDED", RN_E_BUSY },
    { "RESOURCE_EXHAUSTED", RN_E_BUSY },
    { "SERVICE_UNDER_MAINTENANCE", RN_E_BUSY },
    { "TEMPORARILY_UNAVAILABLE", RN_E_BUSY },
    { "WORKSPACE_TEMPORARILY_UNAVAILABLE", RN_E_BUSY },
    { "42P01", RN_E_ABSENT },
    { "42703", RN_E_VALUE },
};

static int code_of(const char *class, const char *code, const char *state)
{
    const char *const word[] = { class, code, state };

    for (size_t i = 0; i < RN_COUNTOF(rules); i++) {
        for (size_t k = 0; k < RN_COUNTOF(word); k++) {
            if (strncmp(word[k], rules[i].word, strlen(rules[i].word)) == 0)
                return rules[i].err;
        }
    }
    return RN_E_DENIED;
}

/* "[TABLE_OR_VIEW_NOT_FOUND] The table …": the class, which says more than the
 * code, and the words behind it.
 */
static const char *split(const char *message, char class[72])
{
    size_t n = strspn(message + (message[0] == '['),
                      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.");

    class[0] = 0;
    if (message[0] != '[' || n == 0 || n >= 72 || message[n + 1] != ']')
        return message;
    memcpy(class, message + 1, n);
    class[n] = 0;
    message += n + 2;
    return message + (*message == ' ');
}

static void copy(struct rn_databricks *d, const char *path, char *to,
                 size_t cap)
{
    rn_doc_copy(&d->rest.doc, rn_doc_find(&d->rest.doc, 0, path), to, cap);
}

static int failed(struct rn_databricks *d, const char *state)
{
    char code[72], message[320], class[72], sql_state[8];
    const char *words;
    int err;

    copy(d, "status.error.error_code", code, sizeof code);
    copy(d, "status.error.message", message, sizeof message);
    copy(d, "status.sql_state", sql_state, sizeof sql_state);
    rn_rest_clean(&d->rest, message);
    words = split(message, class);
    err = code_of(class, code, sql_state);
    rn_rest_fail(
        &d->rest, err, "%s: the statement %s %s%s%.240s (%s%s%s%s%s%s)",
        d->w.place, d->id, state, words[0] ? ": " : "", words,
        class[0] ? class : code, sql_state[0] ? ", SQL state " : "", sql_state,
        d->rest.request_id[0] ? ", request " : "", d->rest.request_id,
        class[0] || code[0] || sql_state[0] ? "" : "no reason given");
    rn_format(d->rest.fault.service, sizeof d->rest.fault.service, "%s",
              class[0] ? class : code);
    memcpy(d->rest.fault.request, d->rest.request_id,
           sizeof d->rest.fault.request);
    d->rest.lost = false;
    return err;
}

/* -- rows ----------------------------------------------------------------- */

static int hand_row(struct rn_databricks *d, const struct rn_dbx_ask *ask,
                    int row)
{
    struct rn_doc *doc = &d->rest.doc;
    size_t n = 0;

    if (!rn_doc_is_array(doc, row) || rn_doc_size(doc, row) > RN_DBX_CELLS)
        return rn_rest_fail(&d->rest, RN_E_PEER,
                            "%s: a row of the result of %s is none", d->w.place,
                            d->id);
    for (int at = rn_doc_first(doc, row); at >= 0; at = rn_doc_next(doc, at)) {
        d->cell[n] = (struct rn_bytes){ NULL, 0 };
        if (!rn_doc_is_null(doc, at))
            d->cell[n] = rn_doc_text(doc, at);
        n++;
    }
    return ask->row ? ask->row(ask->ctx, d->cell, n) : RN_OK;
}

/* The rows of one chunk, whose object is `result`. */
static int hand_rows(struct rn_databricks *d, const struct rn_dbx_ask *ask,
                     int result, uint64_t *rows)
{
    struct rn_doc *doc = &d->rest.doc;
    int array = rn_doc_find(doc, result, "data_array");

    if (rn_doc_find(doc, result, "external_links") >= 0)
        return rn_rest_fail(&d->rest, RN_E_PEER,
                            "%s: the result of %s is elsewhere although it "
                            "was asked for inline",
                            d->w.place, d->id);
    for (int at = rn_doc_first(doc, array); at >= 0;
         at = rn_doc_next(doc, at)) {
        int err = hand_row(d, ask, at);

        if (err < 0)
            return err;
        (*rows)++;
    }
    return RN_OK;
}

static int get(struct rn_databricks *d, const char *more)
{
    char path[160];
    struct rn_rest_call call = { .method = "GET",
                                 .path = path,
                                 .repeat = true };

    rn_format(path, sizeof path, STATEMENTS "/%s%s", d->id, more);
    return rn_dbx_do(d, &call);
}

/* All chunks; `total` is what the manifest promises. */
static int hand_chunks(struct rn_databricks *d, const struct rn_dbx_ask *ask,
                       uint64_t total)
{
    struct rn_doc *doc = &d->rest.doc;
    int result = rn_doc_find(doc, 0, "result");
    uint64_t rows = 0, chunk = 0, next;

    for (;;) {
        char more[48];
        int err = hand_rows(d, ask, result, &rows);

        if (err < 0)
            return err;
        if (!rn_doc_u64(doc, rn_doc_find(doc, result, "next_chunk_index"),
                        &next))
            break;
        if (next != ++chunk)
            return rn_rest_fail(&d->rest, RN_E_PEER,
                                "%s: the chunks of the result of %s are out "
                                "of order",
                                d->w.place, d->id);
        rn_format(more, sizeof more, "/result/chunks/%llu",
                  (unsigned long long)next);
        err = get(d, more);
        if (err < 0)
            return err;
        result = 0;
    }
    if (rows == total)
        return RN_OK;
    return rn_rest_fail(&d->rest, RN_E_PEER,
                        "%s: %llu rows of the %llu of the result of %s came",
                        d->w.place, (unsigned long long)rows,
                        (unsigned long long)total, d->id);
}

static int succeeded(struct rn_databricks *d, const struct rn_dbx_ask *ask)
{
    struct rn_doc *doc = &d->rest.doc;
    int columns = rn_doc_find(doc, 0, "manifest.schema.columns");
    uint64_t total = 0;
    int err;

    if (rn_doc_is(doc, rn_doc_find(doc, 0, "manifest.truncated"), "true"))
        return rn_rest_fail(&d->rest, RN_E_PEER,
                            "%s: the result of %s is truncated", d->w.place,
                            d->id);
    if (!rn_doc_u64(doc, rn_doc_find(doc, 0, "manifest.total_row_count"),
                    &total))
        total = rn_doc_size(doc, rn_doc_find(doc, 0, "result.data_array"));
    if (ask->head && (err = ask->head(ask->ctx, doc, columns)) < 0)
        return err;
    return hand_chunks(d, ask, total);
}

/* -- from its text to its end --------------------------------------------- */

/* Best effort: whoever waits for us has no time left. */
static void cancel(struct rn_databricks *d)
{
    struct rn_error fault = d->rest.fault;
    bool stopping = d->rest.stopping;
    int64_t deadline = d->rest.deadline_ms;
    char path[160];
    struct rn_rest_call call = {
        .method = "POST", .path = path, .body = RN_STR(""), .once = true
    };

    rn_format(path, sizeof path, STATEMENTS "/%s/cancel", d->id);
    d->rest.stopping = true;
    d->rest.deadline_ms = rn_clock_mono() + CANCEL_MS;
    rn_log(RN_LOG_WARN, "databricks: cancelling the statement %s", d->id);
    (void)rn_dbx_do(d, &call);
    d->rest.fault = fault;
    d->rest.stopping = stopping;
    d->rest.deadline_ms = deadline;
    d->rest.lost = true;
}

/* Its id as far as one may be put into a path. */
static int take_id(struct rn_databricks *d)
{
    char id[sizeof d->id];
    size_t n;

    copy(d, "statement_id", id, sizeof id);
    n = strspn(id, "0123456789abcdefghijklmnopqrstuvwxyz"
                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_");
    if (n == 0 || id[n] != 0 || (d->id[0] && strcmp(id, d->id) != 0)) {
        d->rest.lost = true;
        return rn_rest_fail(&d->rest, RN_E_PEER,
                            "%s: the answer has no statement_id, or another "
                            "statement's",
                            d->w.place);
    }
    memcpy(d->id, id, sizeof id);
    return RN_OK;
}

static int64_t poll_ms(const struct rn_databricks *d, unsigned looks)
{
    int64_t ms = d->poll_ms * (1 + looks / 2);

    return ms < POLL_MAX_MS ? ms : POLL_MAX_MS;
}

/* Look until it has ended. */
static int follow(struct rn_databricks *d, const struct rn_dbx_ask *ask)
{
    for (unsigned looks = 0;; looks++) {
        char state[32];
        int err = take_id(d);

        if (err < 0)
            return err;
        copy(d, "status.state", state, sizeof state);
        if (strcmp(state, "SUCCEEDED") == 0)
            return succeeded(d, ask);
        if (strcmp(state, "PENDING") != 0 && strcmp(state, "RUNNING") != 0)
            return failed(d, state[0] ? state : "has no state");
        if (looks == 0)
            rn_log(RN_LOG_INFO, "databricks: the statement %s is %s", d->id,
                   state);
        err = rn_rest_wait(&d->rest, poll_ms(d, looks));
        if (err == RN_OK)
            err = get(d, "");
        if (err == RN_OK)
            continue;
        d->rest.lost = true;
        if (err == RN_E_STOP || err == RN_E_AGAIN)
            cancel(d);
        return err;
    }
}

static int send(struct rn_databricks *d, const struct rn_dbx_ask *ask)
{
    struct rn_rest_call call = { .method = "POST",
                                 .path = STATEMENTS,
                                 .repeat = ask->repeat };
    int err;

    d->id[0] = 0;
    err = rn_dbx_do(d, &call);
    return err < 0 ? err : follow(d, ask);
}

int rn_dbx_run(struct rn_databricks *d, const struct rn_dbx_ask *ask)
{
    int err = rn_out_flush(&d->escape.out);

    if (err == RN_E_CONFIG)
        return rn_rest_fail(&d->rest, RN_E_CONFIG,
                            "%s: a name or text that no statement can hold",
                            d->w.place);
    if (err == RN_OK)
        log_text(d);
    put(&d->rest.out, "\"}");
    for (unsigned tries = 1;; tries++) {
        err = send(d, ask);
        if (err == RN_OK || !ask->repeat || tries == RN_DBX_TRIES)
            return err;
        /* Gone, or failed for now: such a statement may simply run again. */
        if (!(d->rest.lost && err == RN_E_ABSENT) &&
            !(d->id[0] && err == RN_E_BUSY))
            return err;
        rn_log(RN_LOG_WARN, "%s; running it again", d->rest.fault.text);
        if (rn_rest_wait(&d->rest, d->poll_ms) < 0)
            return d->rest.fault.code;
    }
}

/* -- one number ----------------------------------------------------------- */

struct number {
    uint64_t value;
    unsigned rows;
    bool bad;
};

/* Also the beginning of another try. */
static int begin_number(void *ctx, struct rn_doc *doc, int columns)
{
    struct number *v = ctx;

    (void)doc;
    (void)columns;
    *v = (struct number){ 0 };
    return RN_OK;
}

static int take_number(void *ctx, const struct rn_bytes *cell, size_t n)
{
    struct number *v = ctx;

    v->rows++;
    v->bad = n != 1 || rn_dbx_digits(cell[0], &v->value) < 0;
    return RN_OK;
}

int rn_dbx_digits(struct rn_bytes text, uint64_t *n)
{
    *n = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return RN_E_PEER;
        *n = *n * 10 + (uint64_t)(text.p[i] - '0');
    }
    return text.n > 0 && text.n <= 19 ? RN_OK : RN_E_PEER;
}

int rn_dbx_number(struct rn_databricks *d, uint64_t *n)
{
    struct number v = { 0 };
    struct rn_dbx_ask ask = {
        .repeat = true, .head = begin_number, .row = take_number, .ctx = &v
    };
    int err = rn_dbx_run(d, &ask);

    if (err == RN_OK && (v.rows != 1 || v.bad))
        return rn_rest_fail(&d->rest, RN_E_PEER,
                            "%s: the answer of %s is no number", d->w.place,
                            d->id);
    *n = v.value;
    return err;
}
