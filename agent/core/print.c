/* core/print.c: see core/print.h. */
#include "core/print.h"

#include <stdarg.h>

#include "core/format.h"

void rn_print(struct rn_out *o, const char *fmt, ...)
{
    char text[RN_PRINT_MAX];
    va_list args;

    va_start(args, fmt);
    int n = rn_vformat(text, sizeof text, fmt, args);
    va_end(args);
    if (n > 0)
        rn_out_put(o, text,
                   (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

char *rn_grouped(uint64_t value, char *to)
{
    char digits[21];
    int n = rn_format(digits, sizeof digits, "%llu", (unsigned long long)value);
    char *p = to;

    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            *p++ = ',';
        *p++ = digits[i];
    }
    *p = 0;
    return to;
}

char *rn_size_text(uint64_t bytes, char *to)
{
    static const char *const unit[] = { "KiB", "MiB", "GiB", "TiB", "PiB" };
    size_t at = 0;

    if (bytes < 1024) {
        (void)rn_format(to, RN_SIZE_MAX, "%u B", (unsigned)bytes);
        return to;
    }
    while (at + 1 < RN_COUNTOF(unit) && bytes >= 1024 * 1024) {
        bytes /= 1024;
        at++;
    }
    (void)rn_format(to, RN_SIZE_MAX, "%u.%u %s", (unsigned)(bytes / 1024),
                    (unsigned)(bytes % 1024 * 10 / 1024), unit[at]);
    return to;
}
