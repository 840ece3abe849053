/* core/format.h: formatted text of our own.
 *
 * Small C libraries leave out 64-bit numbers or sizes, or ask for memory, in
 * their printf family; what a message says must not depend on that. Integers
 * and strings only: floating point is row/number.h's.
 */
#ifndef CORE_FORMAT_H
#define CORE_FORMAT_H

#include <stdarg.h>

#include "runnel/base.h"

/* As snprintf(): at most cap - 1 bytes and a NUL into `to`; returns what all of
 * it would have taken, without the NUL. Conversions: d i u x X o c s p %;
 * flags - 0; width and precision, also as *; sizes hh h l ll z j t.
 */
__attribute__((format(printf, 3, 4))) int rn_format(char *to, size_t cap,
                                                    const char *fmt, ...);
__attribute__((format(printf, 3, 0))) int rn_vformat(char *to, size_t cap,
                                                     const char *fmt,
                                                     va_list args);

#endif
