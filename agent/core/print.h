/* core/print.h: formatted text onto a stream, for people. */
#ifndef CORE_PRINT_H
#define CORE_PRINT_H

#include "runnel/out.h"

/* Cut at RN_PRINT_MAX - 1 bytes. `fmt` must not print floating point. */
#define RN_PRINT_MAX 700
__attribute__((format(printf, 2, 3))) void rn_print(struct rn_out *o,
                                                    const char *fmt, ...);

/* "1,234,567" */
#define RN_GROUPED_MAX 28
char *rn_grouped(uint64_t value, char *to);

/* "512 B", "48.2 MiB" */
#define RN_SIZE_MAX 16
char *rn_size_text(uint64_t bytes, char *to);

#endif
