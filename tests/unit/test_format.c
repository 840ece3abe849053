/* test_format.c: our formatter says what the C library's does. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include <cmocka.h>

#include "core/format.h"

static char ours[200], theirs[200];

/* The same text and count, with room and with too little of it. */
#define SAME(...)                                                           \
    do {                                                                    \
        for (size_t cap = 0; cap < sizeof ours; cap += cap < 12 ? 1 : 90) { \
            memset(ours, '#', sizeof ours);                                 \
            memset(theirs, '#', sizeof theirs);                             \
            int a = rn_format(ours, cap, __VA_ARGS__);                      \
            int b = snprintf(theirs, cap, __VA_ARGS__);                     \
            assert_int_equal(a, b);                                         \
            assert_memory_equal(ours, theirs, sizeof ours);                 \
        }                                                                   \
    } while (0)

static void numbers_are_as_the_librarys(void **state)
{
    (void)state;
    SAME("%d %i %u", -7, 0, 4294967295u);
    SAME("%ld %lu", -2147483647L, 4000000000ul);
    SAME("%lld %llu", (long long)INT64_MIN, (unsigned long long)UINT64_MAX);
    SAME("%" PRIu64 " %" PRId64, UINT64_MAX, INT64_MIN);
    SAME("%zu %zd %jd %ju %td", SIZE_MAX, (ssize_t)9, INTMAX_MIN, UINTMAX_MAX,
         (ptrdiff_t)-3);
    SAME("%hhu %hu %hhd %hd", (unsigned char)255, (unsigned short)65535,
         (signed char)-128, (short)-32768);
    SAME("%x %X %02x %08lx %016llx %o %03o", 0xbeefu, 0xBEEFu, 7u, 0xdeadul,
         0x123456789abcULL, 8u, 9u);
    SAME("%5d|%-5d|%05d|%.3d|%8.3d|%-8.3d|", 42, 42, -42, 7, -7, 7);
    SAME("%*d|%-*d|%*d", 6, 1, 6, 2, -6, 3);
    SAME("%.0d|%.*d", 0, 4, 9);
    SAME("%llu of %zu at %u", 1ULL << 40, (size_t)3, 5u);
}

static void texts_are_as_the_librarys(void **state)
{
    const char unended[4] = { 'a', 'b', 'c', 'd' };

    (void)state;
    SAME("%s and %s", "one", "");
    SAME("%.2s %.0s %.40s", "three", "gone", "short");
    SAME("%.*s|%.*s", 3, unended, -1, "all");
    SAME("%10s|%-10s|%-12.3s|%2s", "right", "left", "cut", "long");
    SAME("%c%c %5c|%-3c|", 'x', 'y', 'z', 'w');
    SAME("100%%, %s", "no more");
    SAME("plain");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_as_the_librarys),
        cmocka_unit_test(texts_are_as_the_librarys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
