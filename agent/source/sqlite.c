/* source/sqlite.c: rows of a SQLite database, straight out of its memory.
 *
 * One read transaction spans reading the types and the rows, so both are of
 * one snapshot whatever writers do meanwhile. Cells point at SQLite's own
 * values: nothing is copied, and after query() nothing is allocated but by
 * SQLite inside its slice.
 */
#include "source/sqlite.h"

#include <string.h>

#include "core/format.h"
#include "row/rule.h"
#include "source/sqlite_types.h"

extern const struct rn_source_class rn_source_sqlite;

static struct rn_sqlite *of(struct rn_source *source)
{
    return (struct rn_sqlite *)(void *)source;
}

static void note_peak(struct rn_sqlite *s)
{
    struct rn_heap_stats stats;
    rn_heap_stats(s->heap, &stats);
    s->base.memory_peak = stats.peak;
}

/* Our own small statements; *value gets the first column of the first row. */
static int run(struct rn_sqlite *s, const char *sql, int64_t *value)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(stmt);
        if (rc == SQLITE_ROW && value != NULL)
            *value = sqlite3_column_int64(stmt, 0);
        if (rc == SQLITE_ROW || rc == SQLITE_DONE)
            rc = SQLITE_OK;
    }
    int err = rc == SQLITE_OK ? RN_OK : rn_sqlite_fail(s, rc, "open for");
    (void)sqlite3_finalize(stmt);
    return err;
}

/* -- open and close -------------------------------------------------------- */

static size_t sqlite_need(const struct rn_config *config)
{
    return RN_ROUND(sizeof(struct rn_sqlite)) + rn_sqlite_slice(config);
}

static void end_query(struct rn_sqlite *s)
{
    (void)sqlite3_finalize(s->most);
    s->most = NULL;
    (void)sqlite3_finalize(s->stmt);
    s->stmt = NULL;
    for (size_t i = 0; s->col != NULL && i < s->base.schema.n; i++)
        rn_heap_free(s->heap, s->col[i].scratch);
    rn_heap_free(s->heap, s->col);
    s->col = NULL;
    s->base.schema.n = 0;
    s->base.schema.col = NULL;
    /* A failed COMMIT of a read transaction still ends with the connection. */
    if (s->db != NULL && sqlite3_get_autocommit(s->db) == 0)
        (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

static void sqlite_close(struct rn_source *source)
{
    if (source == NULL)
        return;
    struct rn_sqlite *s = of(source);
    if (s->heap == NULL)
        return;
    end_query(s);
    note_peak(s);
    (void)sqlite3_close(s->db);
    s->db = NULL;
    rn_sqlite_end();
    s->heap = NULL;
}

static int settle(struct rn_sqlite *s)
{
    char pragma[48];
    int err = run(s, "PRAGMA query_only=1", NULL);
    if (err == RN_OK)
        err = run(s, "PRAGMA temp_store=2", NULL);
    if (err == RN_OK)
        err = run(s, "PRAGMA mmap_size=0", NULL);
    /* The first look into the file, before which its page size is a guess. */
    if (err == RN_OK)
        err = run(s, "PRAGMA schema_version", NULL);
    if (err == RN_OK)
        err = run(s, "PRAGMA page_size", &s->page);
    if (err < 0)
        return err;
    (void)sqlite3_snprintf(
        sizeof pragma, pragma, "PRAGMA cache_size=%lld",
        (long long)rn_sqlite_pages(s->config, s->slice, s->page));
    return run(s, pragma, NULL);
}

static int connect(struct rn_sqlite *s)
{
    const char *path = s->config->source.database;
    if (path[0] == 0)
        return rn_fail(s->base.error, RN_E_CONFIG, RN_AT_CONFIG,
                       "source.database names no file");
    int rc = rn_sqlite_start(s->heap);
    if (rc != SQLITE_OK)
        return rn_fail(s->base.error, RN_E_FULL, RN_AT_AGENT,
                       "SQLite does not start in %llu KiB: %s",
                       (unsigned long long)(s->slice / 1024),
                       sqlite3_errstr(rc));
    rc = sqlite3_open_v2(path, &s->db,
                         SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX |
                             SQLITE_OPEN_PRIVATECACHE,
                         NULL);
    if (rc != SQLITE_OK) {
        if (s->db != NULL)
            rc = sqlite3_extended_errcode(s->db);
        return rn_sqlite_fail(s, rc, "open for");
    }
    rn_sqlite_guard(s);
    return settle(s);
}

static int sqlite_open(const struct rn_config *config, struct rn_arena *mem,
                       struct rn_error *error, struct rn_source **source)
{
    *source = NULL;
    size_t slice = rn_sqlite_slice(config);
    struct rn_sqlite *s = RN_TAKE(mem, struct rn_sqlite, 1);
    void *base = rn_arena_take(mem, slice, 1);
    if (s == NULL || base == NULL)
        return rn_fail(error, RN_E_FULL, RN_AT_AGENT,
                       "no room for SQLite's slice of %llu KiB",
                       (unsigned long long)(slice / 1024));
    s->base.cls = &rn_source_sqlite;
    s->base.error = error;
    s->base.version = "SQLite " SQLITE_VERSION;
    s->config = config;
    s->slice = slice;
    s->heap = rn_heap_init(base, slice);
    int err = connect(s);
    if (err < 0) {
        sqlite_close(&s->base);
        return err;
    }
    *source = &s->base;
    return RN_OK;
}

/* -- query ----------------------------------------------------------------- */

/* Cells, columns and their description in one piece, as many as there are. */
static int make_columns(struct rn_sqlite *s)
{
    size_t n = (size_t)sqlite3_column_count(s->stmt);
    size_t each = sizeof *s->col + sizeof *s->about + sizeof *s->cell;
    s->col = rn_heap_calloc(s->heap, n, each);
    if (s->col == NULL)
        return rn_fail(s->base.error, RN_E_FULL, RN_AT_SOURCE,
                       "a result of %zu columns does not fit in SQLite's slice "
                       "of %zu KiB: set source.memory higher",
                       n, s->slice / 1024);
    s->cell = (struct rn_cell *)(void *)(s->col + n);
    s->about = (struct rn_col *)(void *)(s->cell + n);
    s->base.schema.col = s->about;
    s->base.schema.n = n;
    return RN_OK;
}

static int name_columns(struct rn_sqlite *s)
{
    for (size_t i = 0; i < s->base.schema.n; i++) {
        const char *name = sqlite3_column_name(s->stmt, (int)i);
        if (name == NULL)
            return rn_sqlite_fail(s, SQLITE_NOMEM, "prepare");
        struct rn_col *about = &s->about[i];
        about->name = rn_bytes_of(name);
        about->nullable = true;
        const char *declared = sqlite3_column_decltype(s->stmt, (int)i);
        if (rn_rule_type(s->config, about))
            s->col[i].from = RN_SQLITE_RULE;
        else if (rn_sqlite_declared(declared, about))
            s->col[i].from = RN_SQLITE_DECLARED;
    }
    return RN_OK;
}

/* Read ahead what the values of undeclared columns are. */
static int sample(struct rn_sqlite *s)
{
    bool open = false;
    for (size_t i = 0; i < s->base.schema.n; i++)
        open = open || s->col[i].from == RN_SQLITE_ROWS;
    int rc = SQLITE_ROW;
    for (uint64_t row = 0; open && row < s->config->source.sample; row++) {
        rc = sqlite3_step(s->stmt);
        if (rc != SQLITE_ROW)
            break;
        for (size_t i = 0; i < s->base.schema.n; i++)
            if (s->col[i].from == RN_SQLITE_ROWS)
                s->col[i].seen |= (uint8_t)RN_SQLITE_BIT(
                    sqlite3_column_type(s->stmt, (int)i));
        s->base.counts.rows++;
    }
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return rn_sqlite_fail_row(s, rc);
    s->base.counts.rows = 0;
    (void)sqlite3_reset(s->stmt);
    return RN_OK;
}

/* A column that the job names has to be there. */
static int look_for(struct rn_sqlite *s, const char *key, const char *name)
{
    for (size_t i = 0; name[0] != 0 && i < s->base.schema.n; i++) {
        if (rn_bytes_equal(s->about[i].name, rn_bytes_of(name)))
            return RN_OK;
    }
    if (name[0] == 0)
        return RN_OK;
    return rn_fail(s->base.error, RN_E_CONFIG, RN_AT_CONFIG,
                   "source.%s names \"%.80s\", which is no column of the "
                   "query's result",
                   key, name);
}

static int settle_columns(struct rn_sqlite *s)
{
    int err;

    for (size_t i = 0; i < s->base.schema.n; i++) {
        struct rn_col *about = &s->about[i];
        struct rn_sqlite_col *col = &s->col[i];
        if (col->from == RN_SQLITE_ROWS)
            about->type = rn_sqlite_seen(col->seen);
        col->storage = rn_sqlite_storage(about->type);
    }
    err = look_for(s, "key", s->config->source.key);
    if (err == RN_OK)
        err = look_for(s, "watermark", s->config->source.watermark);
    if (err < 0)
        return err;
    return rn_rule_settle(s->config, s->about, s->base.schema.n, s->base.error);
}

static int sqlite_query(struct rn_source *source,
                        const struct rn_binding *binding)
{
    struct rn_sqlite *s = of(source);
    end_query(s);
    memset(&s->base.counts, 0, sizeof s->base.counts);
    s->binding = *binding;
    s->done = false;

    /* BEGIN alone waits for the first read before it takes the snapshot: with
     * one now, what is prepared next is compiled against that snapshot.
     */
    int err = run(s, "BEGIN", NULL);
    if (err == RN_OK)
        err = run(s,
                  "SELECT count(*) FROM (SELECT 1 FROM sqlite_schema "
                  "LIMIT 1)",
                  NULL);
    if (err == RN_OK)
        err = rn_sqlite_prepare(s, s->config->source.query, &s->stmt);
    if (err == RN_OK)
        err = rn_sqlite_bind(s, s->stmt);
    if (err == RN_OK)
        err = make_columns(s);
    if (err == RN_OK)
        err = name_columns(s);
    if (err == RN_OK)
        err = sample(s);
    if (err == RN_OK)
        err = settle_columns(s);
    note_peak(s);
    return err;
}

static int sqlite_again(struct rn_source *source,
                        const struct rn_binding *binding)
{
    struct rn_sqlite *s = of(source);

    RN_ASSERT(s->stmt != NULL);
    (void)sqlite3_reset(s->stmt);
    memset(&s->base.counts, 0, sizeof s->base.counts);
    s->binding = *binding;
    s->done = false;
    return rn_sqlite_bind(s, s->stmt);
}

/* -- rows ------------------------------------------------------------------ */

static int no_row(struct rn_sqlite *s, int rc)
{
    int err = RN_OK;
    s->done = true;
    if (rc != SQLITE_DONE)
        err = rn_sqlite_fail_row(s, rc);
    note_peak(s);
    return err;
}

/* SQLite answers NULL for a value it could not convert or expand: only its
 * memory can have been the reason, unless the value is empty.
 */
static int give_bytes(struct rn_sqlite *s, sqlite3_value *v, const void *p,
                      struct rn_cell *cell)
{
    cell->as.bytes.p = p;
    cell->as.bytes.n = (size_t)sqlite3_value_bytes(v);
    if (p != NULL ||
        (cell->as.bytes.n == 0 && sqlite3_errcode(s->db) != SQLITE_NOMEM))
        return RN_OK;
    return rn_sqlite_fail_row(s, SQLITE_NOMEM);
}

static int sqlite_next(struct rn_source *source, struct rn_row *row)
{
    struct rn_sqlite *s = of(source);
    RN_ASSERT(s->stmt != NULL && !s->done);
    int rc = sqlite3_step(s->stmt);
    if (rc != SQLITE_ROW)
        return no_row(s, rc);

    size_t n = s->base.schema.n;
    int err = RN_OK;
    for (size_t i = 0; i < n && err == RN_OK; i++) {
        sqlite3_value *v = sqlite3_column_value(s->stmt, (int)i);
        struct rn_cell *cell = &s->cell[i];
        int storage = sqlite3_value_type(v);
        cell->type = s->about[i].type;
        if (storage == SQLITE_NULL)
            cell->type = RN_NULL;
        else if (storage != s->col[i].storage)
            err = rn_sqlite_cell(s, i, v, cell);
        else if (storage == SQLITE_INTEGER)
            cell->as.i64 = sqlite3_value_int64(v);
        else if (storage == SQLITE_FLOAT)
            cell->as.f64 = sqlite3_value_double(v);
        else if (storage == SQLITE_TEXT)
            err = give_bytes(s, v, sqlite3_value_text(v), cell);
        else
            err = give_bytes(s, v, sqlite3_value_blob(v), cell);
    }
    if (err < 0) {
        s->done = true;
        return err;
    }
    s->base.counts.rows++;
    row->cell = s->cell;
    row->n = n;
    return 1;
}

static void native_of(sqlite3_stmt *stmt, int at, struct rn_cell *cell)
{
    cell->type = RN_NULL;
    switch (sqlite3_column_type(stmt, at)) {
    case SQLITE_INTEGER:
        cell->type = RN_I64;
        cell->as.i64 = sqlite3_column_int64(stmt, at);
        return;
    case SQLITE_FLOAT:
        cell->type = RN_F64;
        cell->as.f64 = sqlite3_column_double(stmt, at);
        return;
    case SQLITE_TEXT:
        cell->type = RN_TEXT;
        cell->as.bytes.p = sqlite3_column_text(stmt, at);
        break;
    case SQLITE_BLOB:
        cell->type = RN_BLOB;
        cell->as.bytes.p = sqlite3_column_blob(stmt, at);
        break;
    default:
        return;
    }
    cell->as.bytes.n = (size_t)sqlite3_column_bytes(stmt, at);
}

/* next() has had a text as UTF-8 before: nothing is left to fail. */
static void sqlite_native(struct rn_source *source, size_t column,
                          struct rn_cell *cell)
{
    native_of(of(source)->stmt, (int)column, cell);
}

/* A name in backquotes is never taken for a text, as one in double quotes is
 * that names no column. BINARY is the order in which we compare.
 */
static char *most_of(struct rn_sqlite *s, size_t column)
{
    const char *name = (const char *)s->about[column].name.p;
    sqlite3_str *sql = sqlite3_str_new(s->db);

    sqlite3_str_appendall(sql, "SELECT max(`");
    for (; *name != 0; name++)
        sqlite3_str_appendf(sql, *name == '`' ? "``" : "%c", *name);
    sqlite3_str_appendall(sql, "` COLLATE BINARY) FROM (");
    sqlite3_str_append(sql, s->config->source.query, (int)s->query_len);
    sqlite3_str_appendall(sql, "\n)");
    return sqlite3_str_finish(sql);
}

static int sqlite_most(struct rn_source *source, size_t column,
                       struct rn_cell *cell)
{
    struct rn_sqlite *s = of(source);
    char *sql = most_of(s, column);
    int rc = SQLITE_NOMEM;
    int err;

    (void)sqlite3_finalize(s->most);
    s->most = NULL;
    if (sql != NULL) {
        s->guarded = true;
        rc = sqlite3_prepare_v2(s->db, sql, -1, &s->most, NULL);
        s->guarded = false;
    }
    sqlite3_free(sql);
    if (rc != SQLITE_OK)
        return rn_sqlite_fail(s, rc, "prepare");
    err = rn_sqlite_bind(s, s->most);
    if (err < 0)
        return err;
    rc = sqlite3_step(s->most);
    if (rc != SQLITE_ROW)
        return rn_sqlite_fail(s, rc, "run");
    native_of(s->most, 0, cell);
    return RN_OK;
}

const struct rn_source_class rn_source_sqlite = { .name = "sqlite",
                                                  .need = sqlite_need,
                                                  .open = sqlite_open,
                                                  .query = sqlite_query,
                                                  .again = sqlite_again,
                                                  .next = sqlite_next,
                                                  .native = sqlite_native,
                                                  .most = sqlite_most,
                                                  .close = sqlite_close };
