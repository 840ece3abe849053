/* test_parquet_bounds.c: no value is ever outside its bounds, which are the
 * least and the greatest wherever these fit.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "encode/parquet_bounds.h"
#include "row/utf8.h"

#include "unpack.h"

static const struct rn_pq_type int32 = { .physical = RN_PQ_INT32,
                                         .order = RN_PQ_ORDER_SIGNED };
static const struct rn_pq_type int64 = { .physical = RN_PQ_INT64,
                                         .order = RN_PQ_ORDER_SIGNED };
static const struct rn_pq_type boolean = { .physical = RN_PQ_BOOLEAN,
                                           .order = RN_PQ_ORDER_SIGNED };
static const struct rn_pq_type float4 = { .physical = RN_PQ_FLOAT,
                                          .order = RN_PQ_ORDER_FLOAT };
static const struct rn_pq_type float8 = { .physical = RN_PQ_DOUBLE,
                                          .order = RN_PQ_ORDER_FLOAT };
static const struct rn_pq_type blob = { .physical = RN_PQ_BYTE_ARRAY,
                                        .order = RN_PQ_ORDER_BYTES };
static const struct rn_pq_type text = { .physical = RN_PQ_BYTE_ARRAY,
                                        .order = RN_PQ_ORDER_BYTES,
                                        .utf8 = true };

struct bound {
    uint8_t p[RN_PQ_BOUND];
    size_t n;
    bool exact;
};

static bool least(const struct rn_pq_bounds *b, const struct rn_pq_type *type,
                  struct bound *to)
{
    return rn_pq_bounds_min(b, type, to->p, &to->n, &to->exact);
}

static bool greatest(const struct rn_pq_bounds *b,
                     const struct rn_pq_type *type, struct bound *to)
{
    return rn_pq_bounds_max(b, type, to->p, &to->n, &to->exact);
}

static void add_text(struct rn_pq_bounds *b, const struct rn_pq_type *type,
                     const char *s)
{
    struct rn_pq_value v = { .bytes = { (const uint8_t *)s, strlen(s) } };

    rn_pq_bounds_add(b, type, &v);
}

static void assert_bytes(const struct bound *b, const char *s)
{
    assert_int_equal(b->n, strlen(s));
    assert_memory_equal(b->p, s, b->n);
}

static void integers_are_bounded_over_their_range(void **state)
{
    static const int64_t v[] = { 5, INT64_MIN, -1, INT64_MAX, 0 };
    struct rn_pq_bounds b;
    struct bound m;

    (void)state;
    rn_pq_bounds_clear(&b);
    assert_false(least(&b, &int64, &m));
    assert_false(greatest(&b, &int64, &m));
    for (unsigned i = 0; i < RN_COUNTOF(v); i++)
        rn_pq_bounds_add(&b, &int64, &(struct rn_pq_value){ .i = v[i] });
    assert_true(least(&b, &int64, &m) && m.exact);
    assert_int_equal(m.n, 8);
    assert_memory_equal(m.p, "\0\0\0\0\0\0\0\x80", 8);
    assert_true(greatest(&b, &int64, &m) && m.exact);
    assert_memory_equal(m.p, "\xff\xff\xff\xff\xff\xff\xff\x7f", 8);
}

static void bounds_have_the_width_of_their_type(void **state)
{
    struct rn_pq_bounds b;
    struct bound m;

    (void)state;
    rn_pq_bounds_clear(&b);
    rn_pq_bounds_add(&b, &int32, &(struct rn_pq_value){ .i = -2 });
    assert_true(greatest(&b, &int32, &m));
    assert_int_equal(m.n, 4);
    assert_memory_equal(m.p, "\xfe\xff\xff\xff", 4);
    rn_pq_bounds_clear(&b);
    rn_pq_bounds_add(&b, &boolean, &(struct rn_pq_value){ .i = 1 });
    assert_true(least(&b, &boolean, &m));
    assert_int_equal(m.n, 1);
    assert_int_equal(m.p[0], 1);
    rn_pq_bounds_clear(&b);
    rn_pq_bounds_add(&b, &float4, &(struct rn_pq_value){ .f = 1.5 });
    assert_true(least(&b, &float4, &m));
    assert_int_equal(m.n, 4);
    assert_memory_equal(m.p, "\0\0\xc0\x3f", 4);
}

static void nan_is_left_out_and_alone_is_no_bound(void **state)
{
    struct rn_pq_bounds b;
    struct bound m;
    double v;

    (void)state;
    rn_pq_bounds_clear(&b);
    rn_pq_bounds_add(&b, &float8, &(struct rn_pq_value){ .f = NAN });
    assert_false(b.any);
    assert_false(least(&b, &float8, &m));
    rn_pq_bounds_add(&b, &float8, &(struct rn_pq_value){ .f = 3.0 });
    rn_pq_bounds_add(&b, &float8, &(struct rn_pq_value){ .f = -NAN });
    rn_pq_bounds_add(&b, &float8, &(struct rn_pq_value){ .f = INFINITY });
    assert_true(least(&b, &float8, &m));
    memcpy(&v, m.p, 8);
    assert_true(v == 3.0);
    assert_true(greatest(&b, &float8, &m));
    memcpy(&v, m.p, 8);
    assert_true(v == (double)INFINITY);
}

static void zeros_are_bounded_by_the_sign_that_holds_both(void **state)
{
    static const double zeros[] = { 0.0, -0.0 };

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct rn_pq_bounds b;
        struct bound m;

        rn_pq_bounds_clear(&b);
        rn_pq_bounds_add(&b, &float8, &(struct rn_pq_value){ .f = zeros[i] });
        assert_true(least(&b, &float8, &m));
        assert_memory_equal(m.p, "\0\0\0\0\0\0\0\x80", 8);
        assert_true(greatest(&b, &float8, &m));
        assert_memory_equal(m.p, "\0\0\0\0\0\0\0\0", 8);
        assert_true(least(&b, &float4, &m));
        assert_memory_equal(m.p, "\0\0\0\x80", 4);
        assert_true(greatest(&b, &float4, &m));
        assert_memory_equal(m.p, "\0\0\0\0", 4);
    }
}

static void short_text_is_bounded_exactly(void **state)
{
    struct rn_pq_bounds b;
    struct bound m;

    (void)state;
    rn_pq_bounds_clear(&b);
    add_text(&b, &text, "m");
    add_text(&b, &text, "moderately");
    add_text(&b, &text, "");
    add_text(&b, &text, "moderate");
    add_text(&b, &text, "\xc3\xa9");
    assert_true(least(&b, &text, &m) && m.exact);
    assert_bytes(&m, "");
    assert_true(greatest(&b, &text, &m) && m.exact);
    assert_bytes(&m, "\xc3\xa9");
}

/* "ab" and "ab\0" begin alike; so do longer ones. */
static void zero_bytes_count(void **state)
{
    static const uint8_t zeros[70];

    (void)state;
    for (size_t n = 0; n < sizeof(zeros) - 1; n++) {
        struct rn_pq_value a = { .bytes = { zeros, n } };
        struct rn_pq_value longer = { .bytes = { zeros, n + 1 } };
        struct rn_pq_bounds b;
        struct bound m;

        rn_pq_bounds_clear(&b);
        rn_pq_bounds_add(&b, &blob, &longer);
        rn_pq_bounds_add(&b, &blob, &a);
        rn_pq_bounds_add(&b, &blob, &longer);
        assert_true(least(&b, &blob, &m));
        assert_int_equal(m.n, n < RN_PQ_BOUND ? n : RN_PQ_BOUND);
        assert_int_equal(m.exact, n <= RN_PQ_BOUND);
        assert_true(greatest(&b, &blob, &m));
        assert_int_equal(m.exact, n + 1 <= RN_PQ_BOUND);
    }
}

/* A text that fits up to `at` bytes, then this character, then more. */
static bool cut_max(size_t at, const char *c, struct bound *m)
{
    char s[200];
    struct rn_pq_bounds b;

    memset(s, 'a', sizeof(s));
    memcpy(s + at, c, strlen(c));
    s[sizeof(s) - 1] = 0;
    rn_pq_bounds_clear(&b);
    add_text(&b, &text, s);
    return greatest(&b, &text, m);
}

static void a_cut_greatest_text_ends_with_the_next_character(void **state)
{
    struct bound m;

    (void)state;
    assert_true(cut_max(63, "x", &m));
    assert_false(m.exact);
    assert_int_equal(m.n, 64);
    assert_int_equal(m.p[63], 'y');
    /* longer by a byte than what it follows */
    assert_true(cut_max(62, "x\x7f", &m));
    assert_int_equal(m.n, 63);
    assert_int_equal(m.p[62], 'y');
    assert_true(cut_max(62, "\xdf\xbf", &m)); /* U+07FF: U+0800 has 3 */
    assert_int_equal(m.n, 62);
    assert_int_equal(m.p[61], 'b');
    /* over the surrogates */
    assert_true(cut_max(61, "\xed\x9f\xbf", &m));
    assert_int_equal(m.n, 64);
    assert_memory_equal(m.p + 61, "\xee\x80\x80", 3);
    /* nothing follows the last character */
    assert_true(cut_max(60, "\xf4\x8f\xbf\xbf", &m));
    assert_int_equal(m.n, 60);
    assert_int_equal(m.p[59], 'b');
    /* nor a character that the cut went through */
    assert_true(cut_max(62, "\xe2\x82\xac", &m));
    assert_int_equal(m.n, 62);
    assert_int_equal(m.p[61], 'b');
}

static void what_cannot_be_raised_is_no_bound(void **state)
{
    uint8_t most[100];
    struct rn_pq_value v = { .bytes = { most, sizeof(most) } };
    struct rn_pq_bounds b;
    struct bound m;

    (void)state;
    memset(most, 0xff, sizeof(most));
    rn_pq_bounds_clear(&b);
    rn_pq_bounds_add(&b, &blob, &v);
    assert_false(greatest(&b, &blob, &m));
    assert_true(least(&b, &blob, &m));
    assert_int_equal(m.n, 64);
    for (size_t i = 0; i < sizeof(most); i += 4)
        memcpy(most + i, "\xf4\x8f\xbf\xbf", 4);
    rn_pq_bounds_clear(&b);
    rn_pq_bounds_add(&b, &text, &v);
    assert_false(greatest(&b, &text, &m));
    assert_true(least(&b, &text, &m));
}

static int by_bytes(struct rn_bytes a, struct rn_bytes b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n > 0 ? memcmp(a.p, b.p, n) : 0;

    return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

/* What decimals mean. */
static int by_sign(struct rn_bytes a, struct rn_bytes b)
{
    if ((a.p[0] ^ b.p[0]) & 0x80)
        return a.p[0] & 0x80 ? -1 : 1;
    return by_bytes(a, b);
}

static size_t random_text(uint8_t *to, size_t most)
{
    static const char *const chars[] = {
        "a",        "b", "\0",           "\x7f", "é",
        "\xdf\xbf", "€", "\xed\x9f\xbf", "𝄞",    "\xf4\x8f\xbf\xbf"
    };
    size_t n = 0, wanted = chance((uint32_t)most - 4);
    unsigned same = chance(2) ? 0 : chance(RN_COUNTOF(chars));

    while (n < wanted) {
        unsigned k = same && chance(10) ? same : chance(RN_COUNTOF(chars));
        size_t len = k == 2 ? 1 : strlen(chars[k]);

        memcpy(to + n, chars[k], len);
        n += len;
    }
    return n;
}

#define VALUES 20

struct values {
    uint8_t room[VALUES][160];
    struct rn_bytes v[VALUES];
    const struct rn_pq_type *type;
    int (*compare)(struct rn_bytes a, struct rn_bytes b);
};

static void make(struct values *s)
{
    unsigned kind = chance(3);
    static struct rn_pq_type fixed;

    fixed = (struct rn_pq_type){ .physical = RN_PQ_FIXED,
                                 .order = RN_PQ_ORDER_SIGNED_BYTES,
                                 .length = 1 + chance(16) };
    s->type = kind == 0 ? &text : kind == 1 ? &blob : &fixed;
    s->compare = kind == 2 ? by_sign : by_bytes;
    for (unsigned i = 0; i < VALUES; i++) {
        size_t n = kind == 2 ? fixed.length : chance(150);

        if (kind == 0)
            n = random_text(s->room[i], 150);
        else
            for (size_t k = 0; k < n; k++)
                s->room[i][k] = (uint8_t)(chance(3) * 0x7f + chance(2));
        s->v[i] = (struct rn_bytes){ s->room[i], n };
    }
}

static void assert_bounded(const struct values *s, const struct rn_pq_bounds *b)
{
    bool met_least = false, met_greatest = false;
    struct bound low, high;
    bool has = greatest(b, s->type, &high);

    assert_true(least(b, s->type, &low));
    for (unsigned i = 0; i < VALUES; i++) {
        struct rn_bytes l = { low.p, low.n }, h = { high.p, high.n };

        assert_true(s->compare(l, s->v[i]) <= 0);
        met_least |= s->compare(l, s->v[i]) == 0;
        if (has)
            assert_true(s->compare(s->v[i], h) <= 0);
        met_greatest |= has && s->compare(h, s->v[i]) == 0;
    }
    if (low.exact)
        assert_true(met_least);
    if (has && high.exact)
        assert_true(met_greatest);
    if (s->type->utf8) {
        assert_int_equal(rn_utf8_good(low.p, low.n), low.n);
        assert_true(!has || rn_utf8_good(high.p, high.n) == high.n);
    }
}

static void no_value_is_outside_its_bounds(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        static struct values s;
        struct rn_pq_bounds all, part[2];

        make(&s);
        rn_pq_bounds_clear(&all);
        rn_pq_bounds_clear(&part[0]);
        rn_pq_bounds_clear(&part[1]);
        for (unsigned i = 0; i < VALUES; i++) {
            struct rn_pq_value v = { .bytes = s.v[i] };

            rn_pq_bounds_add(&all, s.type, &v);
            rn_pq_bounds_add(&part[chance(2)], s.type, &v);
        }
        assert_bounded(&s, &all);
        rn_pq_bounds_join(&part[0], s.type, &part[1]);
        assert_bounded(&s, &part[0]);
    }
}

static void bounds_of_pages_joined_are_those_of_all_values(void **state)
{
    static const struct rn_pq_type *const types[] = { &int64, &float8, &text };

    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        const struct rn_pq_type *type = types[round % 3];
        struct rn_pq_bounds all, page, joined;
        struct bound a, b;

        rn_pq_bounds_clear(&all);
        rn_pq_bounds_clear(&joined);
        for (unsigned p = 0; p < 4; p++) {
            rn_pq_bounds_clear(&page);
            for (unsigned i = chance(4); i > 0; i--) {
                uint8_t room[160];
                struct rn_pq_value v = { .i = (int64_t)chance64() };

                if (type == &float8)
                    v.f = chance(4) == 0 ? NAN : (double)(int64_t)chance64();
                if (type == &text)
                    v.bytes = (struct rn_bytes){ room, random_text(room, 150) };
                rn_pq_bounds_add(&all, type, &v);
                rn_pq_bounds_add(&page, type, &v);
            }
            rn_pq_bounds_join(&joined, type, &page);
        }
        assert_int_equal(all.any, joined.any);
        if (!least(&all, type, &a))
            continue;
        assert_true(least(&joined, type, &b));
        assert_int_equal(a.n, b.n);
        assert_memory_equal(a.p, b.p, a.n);
        assert_int_equal(a.exact, b.exact);
        assert_int_equal(greatest(&all, type, &a), greatest(&joined, type, &b));
        assert_int_equal(a.n, b.n);
        assert_memory_equal(a.p, b.p, a.n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_bounded_over_their_range),
        cmocka_unit_test(bounds_have_the_width_of_their_type),
        cmocka_unit_test(nan_is_left_out_and_alone_is_no_bound),
        cmocka_unit_test(zeros_are_bounded_by_the_sign_that_holds_both),
        cmocka_unit_test(short_text_is_bounded_exactly),
        cmocka_unit_test(zero_bytes_count),
        cmocka_unit_test(a_cut_greatest_text_ends_with_the_next_character),
        cmocka_unit_test(what_cannot_be_raised_is_no_bound),
        cmocka_unit_test(no_value_is_outside_its_bounds),
        cmocka_unit_test(bounds_of_pages_joined_are_those_of_all_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
