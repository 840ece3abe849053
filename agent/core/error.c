/* core/error.c: see runnel/error.h; and byte slices of runnel/base.h. */
#include "runnel/error.h"

#include <stdarg.h>
#include <string.h>

#include "core/format.h"

struct rn_bytes rn_bytes_of(const char *s)
{
    return (struct rn_bytes){ (const uint8_t *)s, strlen(s) };
}

bool rn_bytes_equal(struct rn_bytes a, struct rn_bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

void rn_error_clear(struct rn_error *e)
{
    memset(e, 0, sizeof *e);
}

int(rn_fail)(struct rn_error *e, int code, enum rn_where where, const char *fmt,
             ...)
{
    va_list args;

    RN_ASSERT(code < 0);
    if (e->code != RN_OK)
        return code;
    e->code = code;
    e->where = where;
    va_start(args, fmt);
    rn_vformat(e->text, sizeof e->text, fmt, args);
    va_end(args);
    for (char *p = e->text; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    }
    return code;
}

int rn_fail_terse(struct rn_error *e, int code, enum rn_where where)
{
    static const char *const places[] = { "agent",     "job",   "source",
                                          "store",     "state", "warehouse",
                                          "validation" };

    return (rn_fail)(e, code, where, "%s (%s)", rn_err_name(code),
                     places[where]);
}
