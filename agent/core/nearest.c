/* core/nearest.c: see core/nearest.h. */
#include "core/nearest.h"

#include <string.h>

#define WORD 40

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned rn_distance_fair(const char *word)
{
    unsigned third = (unsigned)strlen(word) / 3;
    return third < 1 ? 1 : least(third, 4);
}

/* Optimal string alignment over three rows of the table. */
unsigned rn_distance(const char *a, const char *b, unsigned most)
{
    size_t rows = strlen(a);
    size_t n = strlen(b);
    unsigned row[3][WORD + 1];

    if (rows > WORD || n > WORD)
        return most + 1;
    for (unsigned k = 0; k <= n; k++)
        row[0][k] = k;
    for (size_t i = 1; i <= rows; i++) {
        unsigned *now = row[i % 3];
        const unsigned *last = row[(i + 2) % 3];
        const unsigned *before = row[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t k = 1; k <= n; k++) {
            unsigned other = a[i - 1] != b[k - 1];
            now[k] = least(least(last[k], now[k - 1]) + 1, last[k - 1] + other);
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
                now[k] = least(now[k], before[k - 2] + 1);
        }
    }
    return least(row[rows % 3][n], most + 1);
}
