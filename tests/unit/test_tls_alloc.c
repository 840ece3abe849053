/* test_tls_alloc.c: the k-th allocation of mbedTLS fails: once, or it and all
 * later ones. A call then ends as "out of memory", or, where nothing was lost
 * (a session that could not be kept), with the very bytes of the answer.
 *
 * A handshake allocates some ten thousand times, most of it for big numbers in
 * a few places. So a first pass notes from where each allocation is asked for,
 * and each place is made to fail once, the first time that it is come to;
 * SWEEP=full does it for every k. The linker puts the two functions below
 * between tls/platform.c and the heap.
 */
#include <execinfo.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/heap.h"
#include "lib/tls_rig.h"

#define ANSWER 40000u /* three records of 16 KiB at most */

static struct {
    unsigned long calls;
    unsigned long first; /* 0: none fails */
    bool ever;           /* all from the first on, not only that one */
    unsigned long failed;
    long live; /* blocks that were given and not taken back */
    bool note; /* where they come from */
} sweep;

/* Who asks: the callers of the allocation, as far as tells the places apart. */
#define DEPTH  3
#define PLACES 4096u

static struct {
    uint64_t id[PLACES]; /* 0: free */
    unsigned n;          /* places that are new in this pass */
    unsigned long k[PLACES];
} places;

static void note_place(unsigned long k)
{
    void *from[DEPTH + 2];
    int n = backtrace(from, DEPTH + 2);
    uint64_t id = 1469598103934665603u;
    for (int i = 2; i < n; i++)
        id = (id ^ (uintptr_t)from[i]) * 1099511628211u;
    id |= 1;
    size_t at = (size_t)(id % PLACES);
    while (places.id[at] != 0 && places.id[at] != id)
        at = (at + 1) % PLACES;
    if (places.id[at] == 0)
        places.k[places.n++] = k;
    places.id[at] = id;
}

void *__real_rn_heap_calloc(struct rn_heap *h, size_t n, size_t size);
void __real_rn_heap_free(struct rn_heap *h, void *p);
void *__wrap_rn_heap_calloc(struct rn_heap *h, size_t n, size_t size);
void __wrap_rn_heap_free(struct rn_heap *h, void *p);

void *__wrap_rn_heap_calloc(struct rn_heap *h, size_t n, size_t size)
{
    sweep.calls++;
    if (sweep.note)
        note_place(sweep.calls);
    if (sweep.first != 0 && (sweep.ever ? sweep.calls >= sweep.first
                                        : sweep.calls == sweep.first)) {
        sweep.failed++;
        /* Refused by the heap itself, so that it is counted there. */
        return rn_heap_alloc(h, SIZE_MAX);
    }
    void *p = __real_rn_heap_calloc(h, n, size);
    sweep.live += p != NULL;
    return p;
}

void __wrap_rn_heap_free(struct rn_heap *h, void *p)
{
    sweep.live -= p != NULL;
    __real_rn_heap_free(h, p);
}

static void arm(unsigned long first, bool ever)
{
    sweep.calls = 0;
    sweep.failed = 0;
    sweep.first = first;
    sweep.ever = ever;
}

static uint8_t content[ANSWER];

static int setup(void **state)
{
    char path[96];
    if (tls_setup(state) != 0)
        return -1;
    for (size_t i = 0; i < ANSWER; i++)
        content[i] = (uint8_t)(i * 2654435761u >> 11);
    (void)snprintf(path, sizeof path, "%s/answer", tls_folder);
    FILE *f = fopen(path, "w");
    size_t put = f != NULL ? fwrite(content, 1, ANSWER, f) : 0;
    return f != NULL && fclose(f) == 0 && put == ANSWER ? 0 : -1;
}

struct kind {
    const char *chain; /* of the server */
    bool good;         /* one that is to be believed */
    bool resumed;      /* a connection before, whose session is offered */
    int version;       /* TLS 1.x */
};

struct tally {
    unsigned refused;   /* at the start */
    unsigned failed;    /* in the call  */
    unsigned unharmed;  /* the answer was there all the same */
    unsigned long hits; /* all of them */
};

static void check_call(const struct kind *kind, const struct rn_http_call *c,
                       struct tally *t)
{
    if (c->err == RN_OK) {
        /* Whoever is not to be believed is not believed by accident. */
        assert_true(kind->good);
        assert_int_equal(c->status, 200);
        assert_int_equal(tls_page_len, ANSWER);
        assert_memory_equal(tls_page, content, ANSWER);
        t->unharmed += sweep.failed > 0;
        return;
    }
    if (sweep.failed > 0) {
        if (c->err != RN_E_FULL || strstr(c->why, "memory") == NULL)
            print_error("allocation %lu: %s\n", sweep.first, c->why);
        assert_int_equal(c->err, RN_E_FULL);
        assert_non_null(strstr(c->why, "memory"));
        t->failed++;
        return;
    }
    assert_false(kind->good);
    assert_int_equal(c->err, RN_E_PEER);
    assert_false(c->sent);
}

/* mbedTLS 3.6 frees a half-made transform of TLS 1.3 without its ciphers, two
 * contexts of up to two blocks. That ends the run, and the slice with it.
 */
static long forgotten(const struct kind *kind)
{
    return kind->version == 3 && sweep.failed > 0 ? 4 : 0;
}

/* Whether there was a k-th allocation; with 0 none fails, and places are noted.
 */
static bool fail_one(const struct kind *kind, uint16_t port, unsigned long k,
                     bool ever, struct tally *t)
{
    struct rn_error error;
    arm(kind->resumed ? 0 : k, ever);
    sweep.note = !kind->resumed && k == 0;
    struct rn_http *h = tls_client_try(tls_roots, 1, &error);
    if (h == NULL) {
        assert_true(sweep.failed > 0);
        assert_int_equal(error.code, RN_E_FULL);
        t->refused++;
    } else {
        if (kind->resumed) {
            assert_int_equal(tls_get_file(h, port, "/answer").err, RN_OK);
            arm(k, ever);
            sweep.note = k == 0;
        }
        struct rn_http_call c = tls_get_file(h, port, "/answer");
        check_call(kind, &c, t);
        sweep.note = false;
        rn_http_close(h);
    }
    if (sweep.live > forgotten(kind))
        print_error("allocation %lu: %ld blocks lost\n", k, sweep.live);
    assert_in_range(sweep.live, 0, forgotten(kind));
    sweep.live = 0;
    return sweep.failed > 0;
}

static bool is_full(void)
{
    const char *asked = getenv("SWEEP");
    return asked != NULL && strcmp(asked, "full") == 0;
}

/* One in `step` of the places that no sweep before has come to. */
static void sweep_places(const struct kind *kind, uint16_t port, bool ever,
                         unsigned step, struct tally *t)
{
    places.n = 0;
    (void)fail_one(kind, port, 0, ever, t);
    for (unsigned i = 0; i < places.n; i += step)
        if (fail_one(kind, port, places.k[i], ever, t))
            t->hits++;
}

/* Under the sanitizer a handshake takes three times as long. */
#ifdef __SANITIZE_ADDRESS__
#define THIN 3u
#else
#define THIN 1u
#endif

static void sweep_over(const struct kind *kind, bool ever, unsigned step)
{
    unsigned stride = step * THIN;
    static const char *const files_12[] = { "-tls1_2", "-WWW", NULL };
    static const char *const files_13[] = { "-tls1_3", "-WWW", NULL };
    struct tls_child s =
        tls_serve(kind->chain, kind->version == 2 ? files_12 : files_13);
    struct tally t = { 0, 0, 0, 0 };
    if (!is_full())
        sweep_places(kind, s.port, ever, stride, &t);
    else
        for (unsigned long k = 1; fail_one(kind, s.port, k, ever, &t); k++)
            t.hits = k;
    print_message(
        "TLS 1.%d, %s%s, %s: %lu allocations (%s): %u at the start, %u "
        "in the call, %u did no harm\n",
        kind->version, kind->chain, kind->resumed ? " again" : "",
        ever ? "all from k" : "only k", t.hits,
        is_full()     ? "all"
        : stride == 1 ? "each place once; SWEEP=full: all"
                      : "some of the places; SWEEP=full: all",
        t.refused, t.failed, t.unharmed);
    assert_true(t.hits > 0 && t.failed > 0);
    /* Keeping a session is all that may go wrong unseen. */
    assert_true(t.unharmed <= 40);
    tls_stop(s);
}

static void any_allocation_may_fail_once_and_is_called_that(void **state)
{
    static const struct kind kinds[] = {
        { "rsa", true, false, 2 },
        { "rsa", true, true, 2 },
        { "ec", true, false, 3 },
        { "ec", true, true, 3 },
    };
    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(kinds); i++)
        sweep_over(&kinds[i], false, 1);
}

static void memory_may_end_at_any_allocation(void **state)
{
    static const struct kind kinds[] = {
        { "ec", true, false, 3 },
        { "rsa", true, false, 2 },
    };
    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(kinds); i++)
        sweep_over(&kinds[i], true, 3);
}

static void no_lack_of_memory_makes_a_stranger_believed(void **state)
{
    static const struct kind kinds[] = {
        { "unknown", false, false, 3 },
        { "wrong", false, false, 2 },
    };
    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(kinds); i++)
        sweep_over(&kinds[i], false, 2);
}

static int begin_test(void **state)
{
    (void)state;
    memset(&places, 0, sizeof places);
    memset(&sweep, 0, sizeof sweep);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(any_allocation_may_fail_once_and_is_called_that,
                               begin_test),
        cmocka_unit_test_setup(memory_may_end_at_any_allocation, begin_test),
        cmocka_unit_test_setup(no_lack_of_memory_makes_a_stranger_believed,
                               begin_test),
    };
    return cmocka_run_group_tests(tests, setup, tls_teardown);
}
