/* job/json_scan.c: see job/json_scan.h.
 *
 *   BEGIN -> VALUE, a bracket        what comes next, by the last bracket or
 *   FIRST    item, or its end        comma
 *   VALUE    item
 *   NAME     key; FIRST_NAME: or the object's end
 *   COLON    after a key
 *   AFTER    comma or closing bracket
 *   TEXT, ESCAPE, UNICODE            inside a string
 *   BARE                             inside a number, true, false or null
 *   DONE                             blanks only
 */
#include "job/json_scan.h"

#include <string.h>

#include "core/character.h"

#include "row/utf8.h"

enum {
    BEGIN,
    FIRST,
    VALUE,
    NAME,
    FIRST_NAME,
    COLON,
    AFTER,
    TEXT,
    ESCAPE,
    UNICODE,
    BARE,
    DONE
};

/* No number of ours is longer; a word is shorter. */
#define BARE_MOST 40u

void rn_json_scan_begin(struct rn_json_scan *s,
                        int (*item)(void *ctx, enum rn_scan_item item,
                                    struct rn_bytes text),
                        void *ctx)
{
    s->item = item;
    s->ctx = ctx;
    s->at = 0;
    s->why = "";
    s->err = RN_OK;
    s->state = BEGIN;
    s->depth = 0;
    s->lists = 0;
    s->key = false;
    s->digits = 0;
    s->code = 0;
    s->high = 0;
    s->len = 0;
}

static int torn(struct rn_json_scan *s, const char *why)
{
    s->why = why;
    return RN_E_TORN;
}

static int full(struct rn_json_scan *s, const char *why)
{
    s->why = why;
    return RN_E_FULL;
}

static int give(struct rn_json_scan *s, enum rn_scan_item item)
{
    return s->item(s->ctx, item, (struct rn_bytes){ s->text, s->len });
}

static bool in_list(const struct rn_json_scan *s)
{
    return (s->lists >> s->depth & 1u) != 0;
}

/* -- brackets ------------------------------------------------------------- */

static int open_bracket(struct rn_json_scan *s, bool list)
{
    if (s->depth == RN_SCAN_DEPTH)
        return full(s, "brackets are nested too deep");
    s->depth++;
    s->lists &= ~(1u << s->depth);
    s->lists |= (uint32_t)list << s->depth;
    s->state = list ? FIRST : FIRST_NAME;
    s->len = 0;
    return give(s, list ? RN_SCAN_LIST : RN_SCAN_OBJECT);
}

static int close_bracket(struct rn_json_scan *s, uint8_t c)
{
    if (in_list(s) != (c == ']'))
        return torn(s, "a bracket is closed by another kind");
    s->depth--;
    s->state = s->depth == 0 ? DONE : AFTER;
    s->len = 0;
    return give(s, RN_SCAN_CLOSE);
}

/* -- strings -------------------------------------------------------------- */

static int keep(struct rn_json_scan *s, uint8_t c)
{
    if (s->len == sizeof s->text)
        return full(s, "a text is longer than 4,096 bytes");
    s->text[s->len++] = c;
    return RN_OK;
}

static int keep_character(struct rn_json_scan *s, unsigned c)
{
    uint8_t byte[4];
    size_t n = rn_put_utf8(c, byte);
    int err = RN_OK;

    for (size_t i = 0; err == RN_OK && i < n; i++)
        err = keep(s, byte[i]);
    return err;
}

static int end_text(struct rn_json_scan *s)
{
    if (rn_utf8_good(s->text, s->len) != s->len)
        return torn(s, "a text is not UTF-8");
    s->state = s->key ? COLON : AFTER;
    return give(s, s->key ? RN_SCAN_KEY : RN_SCAN_STRING);
}

static int in_text(struct rn_json_scan *s, uint8_t c)
{
    if (c == '\\') {
        s->state = ESCAPE;
        return RN_OK;
    }
    if (s->high != 0)
        return torn(s, "half of a character");
    if (c == '"')
        return end_text(s);
    if (c < 0x20)
        return torn(s, "a control byte in a text");
    return keep(s, c);
}

static int in_escape(struct rn_json_scan *s, uint8_t c)
{
    static const char letter[] = "\"\\/bfnrt";
    static const char means[] = "\"\\/\b\f\n\r\t";
    const char *at = c != 0 ? strchr(letter, c) : NULL;

    s->state = c == 'u' ? UNICODE : TEXT;
    if (c == 'u') {
        s->digits = 4;
        s->code = 0;
        return RN_OK;
    }
    if (!at)
        return torn(s, "no such escape");
    if (s->high != 0)
        return torn(s, "half of a character");
    return keep(s, (uint8_t)means[at - letter]);
}

static int digit_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int in_unicode(struct rn_json_scan *s, uint8_t c)
{
    int digit = digit_of(c);
    unsigned high = s->high;

    if (digit < 0)
        return torn(s, "no such escape");
    s->code = s->code << 4 | (unsigned)digit;
    if (--s->digits > 0)
        return RN_OK;
    s->state = TEXT;
    s->high = 0;
    bool second = s->code >= 0xdc00 && s->code <= 0xdfff;
    if (second != (high != 0))
        return torn(s, "half of a character");
    if (second)
        return keep_character(s, 0x10000 + ((high - 0xd800) << 10) +
                                     (s->code - 0xdc00));
    if (s->code >= 0xd800 && s->code <= 0xdbff) {
        s->high = s->code;
        return RN_OK;
    }
    return keep_character(s, s->code);
}

/* -- numbers and words ---------------------------------------------------- */

static const uint8_t *digits(const uint8_t *p, const uint8_t *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

static bool is_number(struct rn_bytes t)
{
    const uint8_t *p = t.p, *end = t.p + t.n, *from;

    if (p < end && *p == '-')
        p++;
    from = p;
    p = digits(p, end);
    if (p == from || (*from == '0' && p - from > 1))
        return false;
    if (p < end && *p == '.') {
        from = ++p;
        p = digits(p, end);
        if (p == from)
            return false;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        from = p;
        p = digits(p, end);
        if (p == from)
            return false;
    }
    return p == end;
}

static bool is_bare(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == 'E' ||
           c == '-' || c == '+' || c == '.';
}

static int end_bare(struct rn_json_scan *s)
{
    struct rn_bytes t = { s->text, s->len };

    s->state = AFTER;
    if (rn_bytes_equal(t, RN_STR("true")))
        return give(s, RN_SCAN_TRUE);
    if (rn_bytes_equal(t, RN_STR("false")))
        return give(s, RN_SCAN_FALSE);
    if (rn_bytes_equal(t, RN_STR("null")))
        return give(s, RN_SCAN_NULL);
    return is_number(t) ? give(s, RN_SCAN_NUMBER)
                        : torn(s, "no value that there is");
}

int rn_json_scan_u64(struct rn_bytes text, uint64_t *v)
{
    uint64_t n = 0;

    if (text.n == 0 || (text.p[0] == '0' && text.n > 1))
        return RN_E_VALUE;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return RN_E_VALUE;
        uint64_t digit = (uint64_t)(text.p[i] - '0');
        if (n > (UINT64_MAX - digit) / 10)
            return RN_E_VALUE;
        n = n * 10 + digit;
    }
    *v = n;
    return RN_OK;
}

/* -- between them --------------------------------------------------------- */

static int begin_text(struct rn_json_scan *s, bool key)
{
    s->state = TEXT;
    s->key = key;
    s->high = 0;
    s->len = 0;
    return RN_OK;
}

static int begin_value(struct rn_json_scan *s, uint8_t c)
{
    if (c == '{' || c == '[')
        return open_bracket(s, c == '[');
    if (s->state == BEGIN)
        return torn(s, "no object");
    if (c == '"')
        return begin_text(s, false);
    if (!is_bare(c))
        return torn(s, "a value is missing");
    s->state = BARE;
    s->len = 0;
    return keep(s, c);
}

static int after_item(struct rn_json_scan *s, uint8_t c)
{
    if (c == '}' || c == ']')
        return close_bracket(s, c);
    if (c != ',')
        return torn(s, "a comma is missing");
    s->state = in_list(s) ? VALUE : NAME;
    return RN_OK;
}

static int between(struct rn_json_scan *s, uint8_t c)
{
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t')
        return RN_OK;
    switch (s->state) {
    case FIRST:
        return c == ']' ? close_bracket(s, c) : begin_value(s, c);
    case FIRST_NAME:
        if (c == '}')
            return close_bracket(s, c);
        return c == '"' ? begin_text(s, true) : torn(s, "a name is missing");
    case NAME:
        return c == '"' ? begin_text(s, true) : torn(s, "a name is missing");
    case COLON:
        s->state = VALUE;
        return c == ':' ? RN_OK : torn(s, "a colon is missing");
    case AFTER:
        return after_item(s, c);
    case DONE:
        return torn(s, "something follows its end");
    default:
        return begin_value(s, c);
    }
}

static int take(struct rn_json_scan *s, uint8_t c)
{
    int err;

    switch (s->state) {
    case TEXT:
        return in_text(s, c);
    case ESCAPE:
        return in_escape(s, c);
    case UNICODE:
        return in_unicode(s, c);
    case BARE:
        if (is_bare(c))
            return s->len < BARE_MOST ? keep(s, c)
                                      : full(s, "a number is too long");
        err = end_bare(s);
        return err == RN_OK ? between(s, c) : err;
    default:
        return between(s, c);
    }
}

int rn_json_scan_feed(struct rn_json_scan *s, struct rn_bytes part)
{
    for (size_t i = 0; i < part.n && s->err == RN_OK; i++) {
        s->at++;
        s->err = take(s, part.p[i]);
    }
    return s->err;
}

int rn_json_scan_end(struct rn_json_scan *s)
{
    if (s->err == RN_OK && s->state != DONE)
        s->err = torn(s, "it ends too early");
    return s->err;
}
