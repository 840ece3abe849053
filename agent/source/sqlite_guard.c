/* source/sqlite_guard.c: what a query may do, and what may be bound to it.
 *
 * The database is opened read-only and `query_only`; the authorizer says the
 * same once more at compile time, where the answer can name what was refused,
 * and also stops what a read-only connection could still do: attach other
 * files, change settings, load code.
 */
#include "source/sqlite.h"

#include <math.h>
#include <string.h>

#include "core/format.h"
#include "runnel/port.h"

/* Between two looks at a locked database, ms; and VM instructions between two
 * looks at the stop flag: some milliseconds.
 */
#define BUSY_STEP    20
#define PROGRESS_OPS 20000

static const struct {
    int action;
    const char *words;
} actions[] = {
    { SQLITE_ATTACH, "ATTACH" },
    { SQLITE_DETACH, "DETACH" },
    { SQLITE_PRAGMA, "PRAGMA" },
    { SQLITE_INSERT, "writing to" },
    { SQLITE_UPDATE, "writing to" },
    { SQLITE_DELETE, "deleting from" },
    { SQLITE_DROP_TABLE, "dropping" },
    { SQLITE_ALTER_TABLE, "altering" },
    { SQLITE_TRANSACTION, "a transaction:" },
    { SQLITE_SAVEPOINT, "a savepoint:" },
    { SQLITE_ANALYZE, "ANALYZE" },
    { SQLITE_REINDEX, "REINDEX" },
    { SQLITE_FUNCTION, "the function" },
};

static int refuse(struct rn_sqlite *s, int action, const char *name)
{
    const char *words = "a statement that changes the schema:";
    for (size_t i = 0; i < RN_COUNTOF(actions); i++)
        if (actions[i].action == action)
            words = actions[i].words;
    if (s->refused[0] == 0)
        rn_format(s->refused, sizeof s->refused, "%s %s", words,
                  name != NULL ? name : "");
    return SQLITE_DENY;
}

static int authorize(void *context, int action, const char *a, const char *b,
                     const char *database, const char *within)
{
    struct rn_sqlite *s = context;
    (void)database;
    (void)within;
    if (!s->guarded)
        return SQLITE_OK;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_FUNCTION:
        if (b != NULL && sqlite3_stricmp(b, "load_extension") == 0)
            return refuse(s, action, b);
        return SQLITE_OK;
    case SQLITE_PRAGMA:
        /* Full-text search asks this of itself while it reads. */
        if (a != NULL && sqlite3_stricmp(a, "data_version") == 0)
            return SQLITE_OK;
        return refuse(s, action, a);
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
    case SQLITE_DROP_TABLE:
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
    case SQLITE_REINDEX:
        return refuse(s, action, a);
    case SQLITE_ALTER_TABLE:
        return refuse(s, action, b);
    default:
        return refuse(s, action, a);
    }
}

static int busy(void *context, int times)
{
    struct rn_sqlite *s = context;
    int64_t now = rn_clock_mono();
    if (times == 0)
        s->busy_until = now + s->config->source.busy_ms;
    if (now >= s->busy_until)
        return 0;
    int64_t until = now + BUSY_STEP;
    if (rn_wait(NULL, 0, until < s->busy_until ? until : s->busy_until) ==
            RN_E_STOP ||
        rn_stop_requested()) {
        s->stopped = true;
        return 0;
    }
    return 1;
}

static int progress(void *context)
{
    struct rn_sqlite *s = context;
    s->stopped = rn_stop_requested();
    return s->stopped;
}

void rn_sqlite_guard(struct rn_sqlite *s)
{
    /* What is longer than the slice cannot be held: refused by its length,
     * before memory is asked for. Row N and its column can then be named.
     */
    int limit = s->slice < INT32_MAX ? (int)s->slice : INT32_MAX;
    (void)sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, limit);
    (void)sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 0);
    (void)sqlite3_limit(s->db, SQLITE_LIMIT_WORKER_THREADS, 0);
    (void)sqlite3_extended_result_codes(s->db, 1);
    (void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    /* Without this "nmae" is the text nmae where no column is called so. */
    (void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    /* Schemas that were written when it was so must stay readable. */
    (void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_DQS_DDL, 1, NULL);
    (void)sqlite3_set_authorizer(s->db, authorize, s);
    (void)sqlite3_busy_handler(s->db, busy, s);
    sqlite3_progress_handler(s->db, PROGRESS_OPS, progress, s);
}

/* Nothing but blanks, comments and semicolons may follow. SQLite's own parser
 * knows what a comment is.
 */
static int nothing_follows(struct rn_sqlite *s, const char *tail)
{
    while (*tail != 0) {
        sqlite3_stmt *stmt = NULL;
        const char *next = tail;
        int rc = sqlite3_prepare_v2(s->db, tail, -1, &stmt, &next);
        (void)sqlite3_finalize(stmt);
        if (rc != SQLITE_OK || stmt != NULL) {
            while (*tail == ' ' || *tail == '\n' || *tail == '\t')
                tail++;
            return rn_fail(s->base.error, RN_E_CONFIG, RN_AT_CONFIG,
                           "source.query must be one statement: after it "
                           "comes \"%.60s\"",
                           tail);
        }
        if (next == tail)
            break;
        tail = next;
    }
    return RN_OK;
}

static size_t trimmed(const char *sql, const char *tail)
{
    size_t n = (size_t)(tail - sql);
    while (n > 0 && (sql[n - 1] == ';' || sql[n - 1] == ' ' ||
                     sql[n - 1] == '\n' || sql[n - 1] == '\r'))
        n--;
    return n;
}

int rn_sqlite_prepare(struct rn_sqlite *s, const char *sql, sqlite3_stmt **stmt)
{
    const char *tail = sql;
    s->refused[0] = 0;
    s->guarded = true;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, stmt, &tail);
    int err = RN_OK;
    if (rc != SQLITE_OK)
        err = rn_sqlite_fail(s, rc, "prepare");
    else if (*stmt == NULL)
        err = rn_fail(s->base.error, RN_E_CONFIG, RN_AT_CONFIG,
                      "source.query is empty: it must be a SELECT");
    else
        err = nothing_follows(s, tail);
    s->guarded = false;
    if (err < 0)
        return err;

    if (sqlite3_column_count(*stmt) == 0 || !sqlite3_stmt_readonly(*stmt))
        return rn_fail(s->base.error, RN_E_CONFIG, RN_AT_CONFIG,
                       "source.query returns no rows: it must be a SELECT");
    s->query_len = trimmed(sql, tail);
    return RN_OK;
}

/* Values as native() gave them, or typed ones that SQLite stores as such. */
static int bind_cell(sqlite3_stmt *stmt, int at, const struct rn_cell *c)
{
    struct rn_bytes b = c->as.bytes;
    switch (c->type) {
    case RN_NULL:
        return sqlite3_bind_double(stmt, at, -INFINITY);
    case RN_BOOL:
    case RN_I64:
        return sqlite3_bind_int64(stmt, at, c->as.i64);
    case RN_F64:
        return sqlite3_bind_double(stmt, at, c->as.f64);
    case RN_TEXT:
        return sqlite3_bind_text64(stmt, at, b.n > 0 ? (const char *)b.p : "",
                                   b.n, SQLITE_TRANSIENT, SQLITE_UTF8);
    case RN_BLOB:
        return sqlite3_bind_blob64(stmt, at, b.n > 0 ? (const void *)b.p : "",
                                   b.n, SQLITE_TRANSIENT);
    default:
        return SQLITE_MISUSE;
    }
}

int rn_sqlite_bind(struct rn_sqlite *s, sqlite3_stmt *stmt)
{
    int n = sqlite3_bind_parameter_count(stmt);
    const char *key = s->config->source.key;

    if (key[0] != 0 && sqlite3_bind_parameter_index(stmt, ":after") == 0)
        return rn_fail(s->base.error, RN_E_CONFIG, RN_AT_CONFIG,
                       "source.query has no parameter :after, which "
                       "source.key needs to go on after a row: WHERE %.80s > "
                       ":after ... ORDER BY %.80s",
                       key, key);
    for (int at = 1; at <= n; at++) {
        const char *name = sqlite3_bind_parameter_name(stmt, at);
        const struct rn_cell *value;
        if (name != NULL && strcmp(name, ":after") == 0)
            value = &s->binding.after;
        else if (name != NULL && strcmp(name, ":watermark") == 0)
            value = &s->binding.watermark;
        else
            return rn_fail(s->base.error, RN_E_CONFIG, RN_AT_CONFIG,
                           "source.query has a parameter %.60s: only :after "
                           "and :watermark are known",
                           name != NULL ? name : "?");
        int rc = bind_cell(stmt, at, value);
        if (rc != SQLITE_OK)
            return rn_sqlite_fail(s, rc, "bind");
    }
    return RN_OK;
}
