/* core/log.h: one line an event, on the port's log.
 *
 * There is no way to hand a URL, a header or a body to the log by accident:
 * callers pass a format and short fields; control bytes become '?' and the
 * line is cut at its bound. `fmt` must not print floating point.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include "runnel/port.h"

/* Lines below this level are dropped; RN_LOG_WARN until set. */
void rn_log_level(enum rn_level level);

/* "error", "warn", "info", "debug" to a level; RN_E_CONFIG otherwise. */
int rn_log_level_of(const char *word, enum rn_level *level);

__attribute__((format(printf, 2, 3))) void rn_log(enum rn_level level,
                                                  const char *fmt, ...);

#endif
