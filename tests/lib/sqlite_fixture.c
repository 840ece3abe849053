/* sqlite_fixture.c: see sqlite_fixture.h. */
#include "sqlite_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    strcpy(f->dir, "/tmp/runnel-sqlite-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof f->path, "%s/test.db", f->dir);
    f->config.path = "test.ini";
    f->config.job.memory = 1 << 20;
    f->config.source.kind = "sqlite";
    f->config.source.database = f->path;
    f->config.source.query = f->query;
    f->config.source.watermark = "";
    f->config.source.key = "";
    f->config.source.watermark_start = "";
    f->config.source.max_cell = 64 << 10;
    f->config.source.busy_ms = 100;
    f->config.source.sample = 1000;
    *state = f;
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    char command[96];
    fixture_close(f);
    snprintf(command, sizeof command, "rm -rf %s", f->dir);
    int rc = system(command);
    free(f->memory);
    free(f);
    return rc;
}

void fixture_make(struct fixture *f, const char *script)
{
    char command[160];
    snprintf(command, sizeof command, "sqlite3 -bail %s >/dev/null", f->path);
    FILE *shell = popen(command, "w");
    assert_non_null(shell);
    fputs(script, shell);
    assert_int_equal(pclose(shell), 0);
}

void fixture_close(struct fixture *f)
{
    if (f->source != NULL)
        f->source->cls->close(f->source);
    f->source = NULL;
}

int fixture_query(struct fixture *f, const char *query)
{
    fixture_close(f);
    rn_error_clear(&f->error);
    snprintf(f->query, sizeof f->query, "%s", query);
    size_t need = rn_source_sqlite.need(&f->config);
    /* Kept: a sweep asks thousands of times, and fresh pages are dear. */
    if (f->size != need) {
        free(f->memory);
        f->memory = aligned_alloc(RN_ALIGN, RN_ROUND(need));
        assert_non_null(f->memory);
        f->size = need;
    }
    rn_arena_init(&f->arena, "test", f->memory, need);
    int err =
        rn_source_sqlite.open(&f->config, &f->arena, &f->error, &f->source);
    assert_int_equal(f->source == NULL, err < 0);
    if (err == RN_OK)
        err = f->source->cls->query(f->source, &f->binding);
    assert_int_equal(f->error.code, err);
    return err;
}

void fixture_start(struct fixture *f, const char *query)
{
    if (fixture_query(f, query) < 0)
        fail_msg("%s: %s", query, f->error.text);
}

void fixture_row(struct fixture *f)
{
    int got = f->source->cls->next(f->source, &f->row);
    if (got < 0)
        fail_msg("%s", f->error.text);
    assert_int_equal(got, 1);
    assert_int_equal(f->row.n, f->source->schema.n);
}

void fixture_end(struct fixture *f)
{
    int got = f->source->cls->next(f->source, &f->row);
    if (got < 0)
        fail_msg("%s", f->error.text);
    assert_int_equal(got, 0);
}

int fixture_drain(struct fixture *f)
{
    int got;
    do
        got = f->source->cls->next(f->source, &f->row);
    while (got == 1);
    assert_int_equal(f->error.code, got);
    return got;
}

void fixture_says(struct fixture *f, const char *part)
{
    if (strstr(f->error.text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", f->error.text, part);
}
