/* warehouse/handoff_literal.c: text as a literal of a language; see
 * warehouse/handoff.h.
 */
#include <string.h>

#include "row/utf8.h"
#include "core/format.h"
#include "warehouse/handoff.h"
#include "warehouse/sql.h"

/* A control byte, for printf. SQL's literals are rn_sql_string()'s. */
static const char *const controls[] = {
    [RN_LANG_PYTHON] = "\\x%02x",
    [RN_LANG_SCALA] = "\\u%04x",
    [RN_LANG_R] = "\\%03o",
};

static void put(struct rn_out *o, const char *text)
{
    rn_out_put(o, text, strlen(text));
}

static void put_inside(struct rn_literal *l, uint8_t c)
{
    char text[8];

    if (c == '"' || c == '\\') {
        rn_out_byte(l->to, '\\');
        rn_out_byte(l->to, c);
    } else if (c == '\n' || c == '\r' || c == '\t') {
        put(l->to, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
    } else if (c < ' ' || c == 0x7f) {
        rn_format(text, sizeof text, controls[l->language], c);
        put(l->to, text);
    } else {
        rn_out_byte(l->to, c);
    }
}

static int drain_literal(struct rn_out *o)
{
    struct rn_literal *l = (struct rn_literal *)o;

    for (size_t i = 0; i < o->len; i++)
        put_inside(l, o->buf[i]);
    return l->to->err;
}

struct rn_out *rn_literal_open(struct rn_literal *l, struct rn_out *to,
                               enum rn_language language)
{
    l->to = to;
    l->language = language;
    rn_out_init(&l->out, l->buf, sizeof l->buf, drain_literal);
    rn_out_byte(to, '"');
    return &l->out;
}

void rn_literal_close(struct rn_literal *l)
{
    if (rn_out_flush(&l->out) < 0)
        (void)rn_out_fail(l->to, l->out.err);
    rn_out_byte(l->to, '"');
}

void rn_handoff_literal(struct rn_out *to, enum rn_language language,
                        struct rn_bytes text)
{
    struct rn_sql q = { .out = to, .dialect = RN_SQL_DATABRICKS };
    struct rn_literal l;

    if (language == RN_LANG_SQL) {
        rn_sql_string(&q, text);
        return;
    }
    if (rn_utf8_good(text.p, text.n) != text.n || memchr(text.p, 0, text.n)) {
        (void)rn_out_fail(to, RN_E_CONFIG);
        return;
    }
    rn_out_put(rn_literal_open(&l, to, language), text.p, text.n);
    rn_literal_close(&l);
}
