/* sim/year.c: 365 virtual days. */
#include "sim/suite.h"

void suite_year(uint64_t seed, struct tally *t)
{
    (void)seed;
    (void)t;
}
