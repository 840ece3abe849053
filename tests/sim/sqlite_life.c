/* sim/sqlite_life.c: see sim/sqlite_life.h. The database is one real file of
 * this process; it is made with the allocator that SQLite has without the agent
 * and given back before the agent starts it.
 */
#include "sim/sqlite_life.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "source/sqlite.h"
#include "sim/table.h"

static char path[64];
static sqlite3 *open_db; /* of the agent */

int __real_sqlite3_open_v2(const char *name, sqlite3 **db, int flags,
                           const char *vfs);
int __wrap_sqlite3_open_v2(const char *name, sqlite3 **db, int flags,
                           const char *vfs);

int __wrap_sqlite3_open_v2(const char *name, sqlite3 **db, int flags,
                           const char *vfs)
{
    int rc = __real_sqlite3_open_v2(name, db, flags, vfs);

    open_db = *db;
    return rc;
}

const char *sqlite_life_path(void)
{
    return path;
}

static void remove_file(void)
{
    (void)unlink(path);
}

static void put_rows(sqlite3 *db)
{
    static struct table_row row;
    sqlite3_stmt *add = NULL;

    RN_ASSERT(sqlite3_exec(db,
                           "CREATE TABLE t (id INTEGER PRIMARY KEY NOT NULL, "
                           "name TEXT, n INTEGER, x REAL); BEGIN",
                           NULL, NULL, NULL) == SQLITE_OK);
    RN_ASSERT(sqlite3_prepare_v2(db, "INSERT INTO t VALUES (?,?,?,?)", -1, &add,
                                 NULL) == SQLITE_OK);
    for (uint64_t id = 1; id <= table.rows; id++) {
        table_row(id, &row);
        (void)sqlite3_reset(add);
        (void)sqlite3_clear_bindings(add);
        (void)sqlite3_bind_int64(add, 1, (int64_t)id);
        if (row.cell[1].type != RN_NULL)
            (void)sqlite3_bind_text(
                add, 2, (const char *)row.cell[1].as.bytes.p,
                (int)row.cell[1].as.bytes.n, SQLITE_TRANSIENT);
        if (row.cell[2].type != RN_NULL)
            (void)sqlite3_bind_int64(add, 3, row.cell[2].as.i64);
        if (row.cell[3].type != RN_NULL)
            (void)sqlite3_bind_double(add, 4, row.cell[3].as.f64);
        RN_ASSERT(sqlite3_step(add) == SQLITE_DONE);
    }
    (void)sqlite3_finalize(add);
    RN_ASSERT(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK);
}

static void *plain_alloc(int n)
{
    size_t *p = malloc((size_t)n + 16);

    if (p)
        *p = (size_t)n;
    return p ? (char *)p + 16 : NULL;
}

static void plain_free(void *p)
{
    if (p)
        free((char *)p - 16);
}

static int plain_size(void *p)
{
    return p ? (int)*(size_t *)(void *)((char *)p - 16) : 0;
}

static void *plain_resize(void *p, int n)
{
    size_t *to = realloc((char *)p - 16, (size_t)n + 16);

    if (to)
        *to = (size_t)n;
    return to ? (char *)to + 16 : NULL;
}

static int plain_round(int n)
{
    return (n + 15) & ~15;
}

static int plain_init(void *p)
{
    (void)p;
    return SQLITE_OK;
}

static void plain_end(void *p)
{
    (void)p;
}

void sqlite_life_make(void)
{
    static const sqlite3_mem_methods plain = { plain_alloc,  plain_free,
                                               plain_resize, plain_size,
                                               plain_round,  plain_init,
                                               plain_end,    NULL };
    sqlite3 *db = NULL;

    if (!path[0]) {
        (void)snprintf(path, sizeof path, "build/sim-%010ld.db",
                       (long)getpid());
        (void)atexit(remove_file);
    }
    remove_file();
    table.columns = 0x0d; /* name, n, x: see put_rows() */
    table.seen[table.queries++] = table.rows;
    (void)sqlite3_config(SQLITE_CONFIG_MALLOC, &plain);
    RN_ASSERT(sqlite3_initialize() == SQLITE_OK);
    RN_ASSERT(__real_sqlite3_open_v2(path, &db,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                                     NULL) == SQLITE_OK);
    put_rows(db);
    RN_ASSERT(sqlite3_close(db) == SQLITE_OK);
    (void)sqlite3_shutdown();
    open_db = NULL;
}

void sqlite_life_forget(void)
{
    sqlite3_stmt *s;

    if (open_db) {
        while ((s = sqlite3_next_stmt(open_db, NULL)) != NULL)
            (void)sqlite3_finalize(s);
        (void)sqlite3_close(open_db);
        open_db = NULL;
    }
    rn_sqlite_end();
}
