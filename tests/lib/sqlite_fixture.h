/* sqlite_fixture.h: databases for tests, and the source that reads them.
 *
 * Databases are made by the sqlite3 shell: the library in this process runs
 * on the agent's heap only.
 */
#ifndef TESTS_SQLITE_FIXTURE_H
#define TESTS_SQLITE_FIXTURE_H

#include "runnel/source.h"

extern const struct rn_source_class rn_source_sqlite;

struct fixture {
    char dir[64];
    char path[96]; /* of the database */
    char query[4096];
    struct rn_config config;
    void *memory; /* of the arena, `size` bytes */
    size_t size;
    struct rn_arena arena;
    struct rn_error error;
    struct rn_binding binding;
    struct rn_source *source;
    struct rn_row row;
};

/* cmocka's setup and teardown: *state is a struct fixture with defaults of a
 * 1 MiB job and an empty directory.
 */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Run a script in the sqlite3 shell on the database. */
void fixture_make(struct fixture *f, const char *script);

/* Open and start `query`; a result code. Closes an earlier one. */
int fixture_query(struct fixture *f, const char *query);

/* The same, must succeed. */
void fixture_start(struct fixture *f, const char *query);

/* Next row must be there, or must be the end. */
void fixture_row(struct fixture *f);
void fixture_end(struct fixture *f);

/* Read on until the end or an error: its code. Rows are in source->counts. */
int fixture_drain(struct fixture *f);

/* The error's text must hold `part`. */
void fixture_says(struct fixture *f, const char *part);

void fixture_close(struct fixture *f);

#endif
