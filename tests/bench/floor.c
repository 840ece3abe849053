/* floor.c: the least that an export can cost: every row and every column of
 * the query, read and not used.
 *
 *     floor DATABASE QUERY
 *
 * Built twice: with the distribution's SQLite as its users have it, which is
 * the floor that all else is divided by, and with the library that the agent
 * is linked with.
 */
#include <stdint.h>
#include <stdio.h>

#include <sqlite3.h>

/* So that the compiler can't leave out what nobody uses. */
static volatile uint64_t used;

static uint64_t read_column(sqlite3_stmt *st, int i)
{
    const unsigned char *p = NULL;

    switch (sqlite3_column_type(st, i)) {
    case SQLITE_INTEGER:
        return (uint64_t)sqlite3_column_int64(st, i);
    case SQLITE_FLOAT:
        return sqlite3_column_double(st, i) > 0;
    case SQLITE_TEXT:
        p = sqlite3_column_text(st, i);
        break;
    case SQLITE_BLOB:
        p = sqlite3_column_blob(st, i);
        break;
    default:
        return 0;
    }
    int n = sqlite3_column_bytes(st, i);
    return n > 0 ? p[n - 1] : 0;
}

int main(int argc, char **argv)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    uint64_t rows = 0, sum = 0;
    int err;

    /* A library built without automatic start wants to be told. */
    if (argc != 3 || sqlite3_initialize() != SQLITE_OK ||
        sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READONLY, NULL) !=
            SQLITE_OK ||
        sqlite3_prepare_v2(db, argv[2], -1, &st, NULL) != SQLITE_OK) {
        fprintf(stderr, "floor: %s\n",
                db ? sqlite3_errmsg(db) : "usage: floor DATABASE QUERY");
        return 2;
    }
    int columns = sqlite3_column_count(st);
    while ((err = sqlite3_step(st)) == SQLITE_ROW) {
        for (int i = 0; i < columns; i++)
            sum += read_column(st, i);
        rows++;
    }
    used = sum;
    if (err != SQLITE_DONE)
        fprintf(stderr, "floor: %s\n", sqlite3_errmsg(db));
    printf("{\"rows\":%llu}\n", (unsigned long long)rows);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return err == SQLITE_DONE ? 0 : 1;
}
