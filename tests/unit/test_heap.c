/* test_heap.c: a slice serves any order of requests, keeps its own bounds, and
 * gives everything back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/heap.h"

#define CAP 200000u

static _Alignas(16) uint8_t slice[CAP + 64];

static uint32_t seed;
static uint32_t chance(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)seed * below) >> 32);
}

struct held {
    uint8_t *p;
    size_t n;
    uint8_t mark;
};

static void assert_kept(const struct held *h)
{
    for (size_t i = 0; i < h->n; i++)
        assert_int_equal(h->p[i], h->mark);
}

static void one_step(struct rn_heap *heap, struct held *h, uint8_t mark)
{
    size_t n = 1 + chance(chance(40) == 0 ? 30000 : 900);

    if (h->p && chance(3) == 0) {
        uint8_t *p = rn_heap_resize(heap, h->p, n);

        assert_kept(
            &(struct held){ p ? p : h->p, n < h->n ? n : h->n, h->mark });
        if (!p)
            return;
        h->p = p;
    } else if (h->p) {
        assert_kept(h);
        rn_heap_free(heap, h->p);
        h->p = NULL;
        return;
    } else {
        h->p = rn_heap_alloc(heap, n);
        if (!h->p)
            return;
    }
    assert_int_equal((uintptr_t)h->p % 16, 0);
    assert_true(rn_heap_size(h->p) >= n);
    assert_true(h->p > slice && h->p + n <= slice + CAP);
    h->n = n;
    h->mark = mark;
    memset(h->p, mark, n);
}

static void any_order_of_requests_keeps_contents_and_gives_all_back(
    void **state)
{
    static struct held held[300];
    struct rn_heap_stats before;
    struct rn_heap_stats after;
    struct rn_heap *heap;

    (void)state;
    memset(slice + CAP, 0x5a, 64);
    heap = rn_heap_init(slice, CAP);
    rn_heap_stats(heap, &before);
    for (unsigned i = 0; i < 200000; i++) {
        unsigned k = chance(RN_COUNTOF(held));

        one_step(heap, &held[k], (uint8_t)(k + i));
    }
    for (unsigned k = 0; k < RN_COUNTOF(held); k++)
        rn_heap_free(heap, held[k].p);
    rn_heap_stats(heap, &after);
    assert_int_equal(after.used, before.used);
    assert_true(after.peak <= CAP);
    assert_true(after.refused > 0);
    /* and it is one piece again */
    assert_non_null(rn_heap_alloc(heap, CAP * 9 / 10));
    for (unsigned i = 0; i < 64; i++)
        assert_int_equal(slice[CAP + i], 0x5a);
}

static void what_does_not_fit_is_null_and_counted(void **state)
{
    struct rn_heap *heap = rn_heap_init(slice, CAP);
    struct rn_heap_stats s;

    (void)state;
    assert_null(rn_heap_alloc(heap, CAP));
    assert_null(rn_heap_alloc(heap, SIZE_MAX));
    assert_null(rn_heap_alloc(heap, SIZE_MAX - 15));
    assert_null(rn_heap_calloc(heap, SIZE_MAX / 2, 3));
    assert_null(rn_heap_alloc(heap, 0));
    rn_heap_stats(heap, &s);
    assert_int_equal(s.refused, 4);
}

static void calloc_is_zeroed_after_use(void **state)
{
    struct rn_heap *heap = rn_heap_init(slice, CAP);
    uint8_t *p = rn_heap_alloc(heap, 5000);

    (void)state;
    memset(p, 0xff, 5000);
    rn_heap_free(heap, p);
    p = rn_heap_calloc(heap, 50, 100);
    for (unsigned i = 0; i < 5000; i++)
        assert_int_equal(p[i], 0);
}

static void every_size_of_slice_works(void **state)
{
    (void)state;
    for (size_t cap = RN_HEAP_MIN; cap < RN_HEAP_MIN + 200; cap++) {
        struct rn_heap *heap = rn_heap_init(slice, cap);
        unsigned n = 0;

        while (rn_heap_alloc(heap, 100))
            n++;
        assert_true(n > 40);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            any_order_of_requests_keeps_contents_and_gives_all_back),
        cmocka_unit_test(what_does_not_fit_is_null_and_counted),
        cmocka_unit_test(calloc_is_zeroed_after_use),
        cmocka_unit_test(every_size_of_slice_works),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
