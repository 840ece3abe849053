/* core/log.c: see core/log.h. */
#include "core/log.h"

#include <stdarg.h>
#include <string.h>

#include "core/format.h"

static enum rn_level least = RN_LOG_WARN;

void rn_log_level(enum rn_level level)
{
    least = level;
}

int rn_log_level_of(const char *word, enum rn_level *level)
{
    static const char *const name[] = { "error", "warn", "info", "debug" };

    for (size_t i = 0; i < RN_COUNTOF(name); i++) {
        if (strcmp(word, name[i]) == 0) {
            *level = (enum rn_level)i;
            return RN_OK;
        }
    }
    return RN_E_CONFIG;
}

void rn_log(enum rn_level level, const char *fmt, ...)
{
    char line[512];
    va_list args;
    int n;

    if (level > least)
        return;
    va_start(args, fmt);
    n = rn_vformat(line, sizeof line, fmt, args);
    va_end(args);
    if (n < 0)
        return;
    if ((size_t)n >= sizeof line)
        n = (int)sizeof line - 1;
    for (int i = 0; i < n; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    }
    rn_log_write(level, line, (size_t)n);
}
