/* fewer.h: for tests: long loops made shorter where an emulator runs them. */
#ifndef TESTS_UNIT_FEWER_H
#define TESTS_UNIT_FEWER_H

#include <stdlib.h>

/* UNIT_FEWER=20: one of twenty. */
static inline int fewer_by(void)
{
    const char *text = getenv("UNIT_FEWER");
    int by = text != NULL ? atoi(text) : 1;

    return by > 1 ? by : 1;
}

#endif
