/* test_sqlite_alloc.c: the k-th allocation of SQLite fails, for every k: once,
 * or from then on, while a source is opened, asked, read and closed. It ends as
 * "out of memory", or every row is there as it was stored.
 *
 * The linker puts the four functions below between source/sqlite*.c and the
 * heap.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/heap.h"
#include "sqlite_fixture.h"

#define ROWS 60u

static struct {
    unsigned long calls;
    unsigned long first; /* 0: none fails */
    bool ever;           /* all from the first on, not only that one */
    unsigned long failed;
    long live; /* blocks that were given and not taken back */
} sweep;

void *__real_rn_heap_alloc(struct rn_heap *h, size_t n);
void *__real_rn_heap_calloc(struct rn_heap *h, size_t n, size_t size);
void *__real_rn_heap_resize(struct rn_heap *h, void *p, size_t n);
void __real_rn_heap_free(struct rn_heap *h, void *p);
void *__wrap_rn_heap_alloc(struct rn_heap *h, size_t n);
void *__wrap_rn_heap_calloc(struct rn_heap *h, size_t n, size_t size);
void *__wrap_rn_heap_resize(struct rn_heap *h, void *p, size_t n);
void __wrap_rn_heap_free(struct rn_heap *h, void *p);

static bool fails(void)
{
    sweep.calls++;
    bool now = sweep.first != 0 && (sweep.ever ? sweep.calls >= sweep.first
                                               : sweep.calls == sweep.first);
    sweep.failed += now;
    return now;
}

void *__wrap_rn_heap_alloc(struct rn_heap *h, size_t n)
{
    /* Refused by the heap itself, so that it is counted there. */
    void *p = __real_rn_heap_alloc(h, fails() ? SIZE_MAX : n);
    sweep.live += p != NULL;
    return p;
}

void *__wrap_rn_heap_calloc(struct rn_heap *h, size_t n, size_t size)
{
    if (fails())
        return __real_rn_heap_alloc(h, SIZE_MAX);
    void *p = __real_rn_heap_calloc(h, n, size);
    sweep.live += p != NULL;
    return p;
}

void *__wrap_rn_heap_resize(struct rn_heap *h, void *p, size_t n)
{
    if (fails())
        return __real_rn_heap_alloc(h, SIZE_MAX);
    void *q = __real_rn_heap_resize(h, p, n);
    sweep.live += p == NULL && q != NULL;
    return q;
}

void __wrap_rn_heap_free(struct rn_heap *h, void *p)
{
    sweep.live -= p != NULL;
    __real_rn_heap_free(h, p);
}

static bool holds(const struct rn_cell *c, enum rn_type type, char fill,
                  size_t len)
{
    if (c->type != type || c->as.bytes.n != len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (c->as.bytes.p[i] != (uint8_t)fill)
            return false;
    return true;
}

/* Row `id` as make() stored it: both long values have the length 100 * id, so
 * SQLite's buffers grow as it reads on.
 */
static void check_row(const struct rn_row *row, unsigned id)
{
    assert_int_equal(row->n, 4);
    assert_int_equal(row->cell[0].type, RN_I64);
    assert_int_equal(row->cell[0].as.i64, id);
    assert_true(holds(&row->cell[1], RN_TEXT, 'x', 100 * (size_t)id));
    assert_true(holds(&row->cell[2], RN_BLOB, 0, 100 * (size_t)id));
    assert_int_equal(row->cell[3].type, RN_F64);
    assert_true(row->cell[3].as.f64 == id / 2.0);
}

static void check_error(const struct fixture *f)
{
    if (f->error.code != RN_E_FULL || strstr(f->error.text, "memory") == NULL)
        print_error("allocation %lu: %s\n", sweep.first, f->error.text);
    assert_int_equal(f->error.code, RN_E_FULL);
    assert_non_null(strstr(f->error.text, "memory"));
}

/* Whether there was a k-th allocation. */
static bool fail_one(struct fixture *f, const char *query, unsigned long k,
                     bool ever, unsigned *unharmed)
{
    sweep.calls = 0;
    sweep.failed = 0;
    sweep.first = k;
    sweep.ever = ever;
    int got = fixture_query(f, query);
    unsigned rows = 0;
    while (got >= 0 && (got = f->source->cls->next(f->source, &f->row)) == 1)
        check_row(&f->row, ++rows);
    if (got < 0) {
        assert_true(sweep.failed > 0);
        check_error(f);
    } else {
        assert_int_equal(rows, ROWS);
        *unharmed += sweep.failed > 0;
    }
    fixture_close(f);
    assert_int_equal(sweep.live, 0);
    return sweep.failed > 0;
}

static void sweep_over(struct fixture *f, const char *query, bool ever)
{
    unsigned unharmed = 0;
    unsigned long k = 1;
    while (fail_one(f, query, k, ever, &unharmed))
        k++;
    print_message("%s, %s: %lu allocations, %u did no harm\n", query,
                  ever ? "all from k" : "only k", k - 1, unharmed);
    assert_true(k > 100);
    assert_true(unharmed < k / 2);
}

/* The last column has no type that was declared, so the query's beginning runs
 * twice. Reading a value allocates as well: text is stored as UTF-16, and the
 * first query's blobs are made when they are looked at. The second needs
 * SQLite's sorter.
 */
static const char *const queries[] = {
    "SELECT id, name, zeroblob(100 * id), half + 0.0 FROM t WHERE id > 0",
    "SELECT id, name, data, half + 0.0 FROM t ORDER BY length(data)",
};

static void make(struct fixture *f)
{
    fixture_make(f, "PRAGMA page_size = 1024; PRAGMA encoding = 'UTF-16le'; "
                    "CREATE TABLE t(id INTEGER "
                    "PRIMARY KEY, name TEXT, data BLOB, half REAL);"
                    "INSERT INTO t SELECT value, replace(hex(zeroblob(50 * "
                    "value)), '0', 'x'), zeroblob(100 * value), value / 2.0 "
                    "FROM generate_series(1, 60);");
    f->config.source.memory = 4 << 20;
}

static void any_allocation_may_fail_once_and_is_called_that(void **state)
{
    make(*state);
    for (size_t i = 0; i < RN_COUNTOF(queries); i++)
        sweep_over(*state, queries[i], false);
}

static void memory_may_end_at_any_allocation(void **state)
{
    make(*state);
    for (size_t i = 0; i < RN_COUNTOF(queries); i++)
        sweep_over(*state, queries[i], true);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(any_allocation_may_fail_once_and_is_called_that),
        TEST(memory_may_end_at_any_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
