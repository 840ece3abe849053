/* source/sqlite_fail.c: what went wrong, in words that help.
 *
 * SQLite's own message says what it met; a person also needs to know what to
 * change. A value that could not even be held is looked for a second time,
 * column by column, so that the message can name it.
 */
#include "source/sqlite.h"

#include <string.h>

#include "core/format.h"
#include "runnel/port.h"

/* octet_length() came with 3.43: a value's bytes without loading it. */
#define HAS_OCTET_LENGTH 3043000

static unsigned long long kib(size_t n)
{
    return (unsigned long long)(n / 1024);
}

static int out_of_memory(struct rn_sqlite *s, const char *doing)
{
    return rn_fail(
        s->base.error, RN_E_FULL, RN_AT_SOURCE,
        "SQLite needs more than its slice of %llu KiB to %s the query, at row "
        "%llu (pages of %lld bytes, max_cell %llu): give ORDER BY, GROUP BY or "
        "DISTINCT an index to follow, lower source.max_cell, or set "
        "source.memory (and job.memory) higher",
        kib(s->slice), doing, rn_sqlite_row(s), (long long)s->page,
        (unsigned long long)s->config->source.max_cell);
}

static int locked(struct rn_sqlite *s)
{
    return rn_fail(
        s->base.error, RN_E_SOURCE, RN_AT_SOURCE,
        "%s stayed locked for %lld ms: another process is writing to it or "
        "holds an exclusive lock; run again later or raise source.busy",
        s->config->source.database, (long long)s->config->source.busy_ms);
}

static int damaged(struct rn_sqlite *s, int rc)
{
    return rn_fail(s->base.error, RN_E_SOURCE, RN_AT_SOURCE,
                   "%s is damaged, found at row %llu: %s (SQLite %d); run "
                   "PRAGMA integrity_check on it and restore a backup",
                   s->config->source.database, rn_sqlite_row(s),
                   sqlite3_errmsg(s->db), rc);
}

static int no_file(struct rn_sqlite *s, int rc)
{
    return rn_fail(
        s->base.error, RN_E_SOURCE, RN_AT_SOURCE,
        "cannot open %s: %s (SQLite %d): does it exist, may this user read it, "
        "and if it is in WAL mode, are its -wal and -shm there or its "
        "directory writable?",
        s->config->source.database, sqlite3_errstr(rc), rc);
}

static int recovery(struct rn_sqlite *s, int rc)
{
    return rn_fail(s->base.error, RN_E_SOURCE, RN_AT_SOURCE,
                   "%s has a journal left by a writer that died: %s (SQLite "
                   "%d); open it once with write access, for example with the "
                   "sqlite3 shell",
                   s->config->source.database, sqlite3_errmsg(s->db), rc);
}

static int refused(struct rn_sqlite *s)
{
    return rn_fail(s->base.error, RN_E_CONFIG, RN_AT_CONFIG,
                   "source.query may only read this database: %s is refused",
                   s->refused[0] != 0 ? s->refused : "what it does");
}

static int other(struct rn_sqlite *s, int rc, const char *doing)
{
    /* A query that does not compile is the job file's fault. */
    bool query = (rc & 0xff) == SQLITE_ERROR && strcmp(doing, "prepare") == 0;
    int at = query ? sqlite3_error_offset(s->db) : -1;
    const char *sql = s->config->source.query;
    const char *near = at >= 0 && (size_t)at < strlen(sql) ? sql + at : "";
    return rn_fail(
        s->base.error, query ? RN_E_CONFIG : RN_E_SOURCE,
        query ? RN_AT_CONFIG : RN_AT_SOURCE,
        "SQLite could not %s source.query: %.200s (SQLite %d)%s%.40s", doing,
        sqlite3_errmsg(s->db), rc, *near ? ", at: " : "", near);
}

int rn_sqlite_fail(struct rn_sqlite *s, int rc, const char *doing)
{
    if (s->stopped)
        return rn_fail(s->base.error, RN_E_STOP, RN_AT_SOURCE,
                       "stopped on request while reading %s",
                       s->config->source.database);
    if (rc == SQLITE_IOERR_NOMEM)
        return out_of_memory(s, doing);
    if (rc == SQLITE_CANTOPEN_DIRTYWAL || rc == SQLITE_READONLY_ROLLBACK ||
        rc == SQLITE_READONLY_RECOVERY || rc == SQLITE_READONLY_CANTINIT)
        return recovery(s, rc);
    switch (rc & 0xff) {
    case SQLITE_NOMEM:
        return out_of_memory(s, doing);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return locked(s);
    case SQLITE_CORRUPT:
        return damaged(s, rc);
    case SQLITE_NOTADB:
        return rn_fail(s->base.error, RN_E_SOURCE, RN_AT_SOURCE,
                       "%s is not a SQLite database, or an encrypted one",
                       s->config->source.database);
    case SQLITE_CANTOPEN:
        return no_file(s, rc);
    case SQLITE_AUTH:
        return refused(s);
    default:
        return other(s, rc, doing);
    }
}

/* -- a value too large to hold --------------------------------------------- */

/* The failed row of the query as a table of its own, of which one column is
 * asked, or `what` of all when `only` is negative. A plain subquery: SQLite
 * then leaves alone the columns that nobody asked for, which it does for
 * neither a CTE nor a UNION. Of two columns with one name the first is meant;
 * the message would not tell them apart either. The text is SQLite's to free;
 * NULL when there is no room for it.
 */
static char *question(struct rn_sqlite *s, const char *what, int only)
{
    sqlite3_str *sql = sqlite3_str_new(s->db);
    sqlite3_str_appendall(sql, "SELECT ");
    for (int i = 0; i < (int)s->base.schema.n; i++) {
        if (only >= 0 && only != i)
            continue;
        sqlite3_str_appendf(sql, "%s%s(\"%w\")", only < 0 && i > 0 ? "," : "",
                            what, (const char *)s->about[i].name.p);
    }
    sqlite3_str_appendall(sql, " FROM (");
    sqlite3_str_append(sql, s->config->source.query, (int)s->query_len);
    sqlite3_str_appendf(sql, "\n) LIMIT 1 OFFSET %llu",
                        (unsigned long long)s->base.counts.rows);
    return sqlite3_str_finish(sql);
}

/* Step the question once: SQLITE_ROW with *stmt at the failed row, or not. */
static int ask(struct rn_sqlite *s, char *sql, sqlite3_stmt **stmt)
{
    *stmt = NULL;
    if (sql == NULL)
        return SQLITE_NOMEM;
    s->guarded = true;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, stmt, NULL);
    s->guarded = false;
    sqlite3_free(sql);
    if (rc == SQLITE_OK && rn_sqlite_bind(s, *stmt) < 0)
        rc = SQLITE_ERROR;
    return rc == SQLITE_OK ? sqlite3_step(*stmt) : rc;
}

/* The largest value of the failed row, or -1. */
static int largest(struct rn_sqlite *s, int64_t *bytes)
{
    sqlite3_stmt *stmt;
    int found = -1;
    *bytes = 0;
    if (sqlite3_libversion_number() < HAS_OCTET_LENGTH)
        return -1;
    int rc = ask(s, question(s, "octet_length", -1), &stmt);
    for (int i = 0; rc == SQLITE_ROW && i < sqlite3_column_count(stmt); i++) {
        int64_t n = sqlite3_column_int64(stmt, i);
        if (n > *bytes) {
            *bytes = n;
            found = i;
        }
    }
    (void)sqlite3_finalize(stmt);
    return found;
}

/* The one column that alone is already too much, or -1: for values that have
 * to be computed before their length is known. If several fail, SQLite had to
 * compute more than it was asked for, and nothing is known.
 */
static int too_much_alone(struct rn_sqlite *s)
{
    int found = -1;
    for (int i = 0; i < (int)s->base.schema.n; i++) {
        sqlite3_stmt *stmt;
        int rc = ask(s, question(s, "", i), &stmt);
        (void)sqlite3_finalize(stmt);
        bool failed = (rc & 0xff) == SQLITE_TOOBIG;
        if ((failed && found >= 0) || rn_stop_requested())
            return -1;
        if (failed)
            found = i;
    }
    return found;
}

static int too_large(struct rn_sqlite *s, int column, int64_t bytes)
{
    char size[40] = "";
    char name[80] = "a column";
    if (bytes > 0)
        rn_format(size, sizeof size, " of %lld bytes", (long long)bytes);
    if (column >= 0) {
        struct rn_bytes n = s->about[column].name;
        rn_format(name, sizeof name, "column \"%.*s\"",
                  n.n < 60 ? (int)n.n : 60, (const char *)n.p);
    }
    return rn_fail(s->base.error, RN_E_VALUE, RN_AT_SOURCE,
                   "row %llu, %s: a value%s cannot be held in SQLite's slice "
                   "of %llu KiB (max_cell is %llu bytes): set source.memory "
                   "higher or leave it out, for example with CASE WHEN "
                   "octet_length(x) <= 100000 THEN x END",
                   rn_sqlite_row(s), name, size, kib(s->slice),
                   (unsigned long long)s->config->source.max_cell);
}

int rn_sqlite_fail_row(struct rn_sqlite *s, int rc)
{
    bool too_big = (rc & 0xff) == SQLITE_TOOBIG;
    if (s->stopped || (!too_big && (rc & 0xff) != SQLITE_NOMEM))
        return rn_sqlite_fail(s, rc, "run");

    /* Not the first failure: then the search would be for nobody. */
    if (s->base.error->code != RN_OK)
        return s->base.error->code;
    (void)sqlite3_reset(s->stmt);
    int64_t bytes;
    int column = largest(s, &bytes);
    if (too_big && column < 0)
        column = too_much_alone(s);
    /* A row of small values is not what filled the slice. */
    if (too_big || (column >= 0 && (size_t)bytes > s->slice / 8))
        return too_large(s, column, bytes);
    return out_of_memory(s, "run");
}
