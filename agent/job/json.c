/* job/json.c: see job/json.h. */
#include "job/json.h"

#include <string.h>

#include "row/number.h"
#include "row/utf8.h"

void rn_json_init(struct rn_json *j, struct rn_out *out, bool lines)
{
    j->out = out;
    j->comma = false;
    j->lines = lines;
    j->list = false;
    j->depth = 0;
}

static void raw(struct rn_json *j, const char *text)
{
    rn_out_put(j->out, text, strlen(text));
}

static void newline(struct rn_json *j)
{
    if (j->lines && (j->depth <= 1 || (j->depth == 2 && j->list)))
        rn_out_byte(j->out, '\n');
}

/* What stands between items; a value after its key is no new item. */
static void item(struct rn_json *j)
{
    if (j->comma)
        rn_out_byte(j->out, ',');
    if (j->comma)
        newline(j);
    j->comma = true;
}

void rn_json_open(struct rn_json *j, char bracket)
{
    item(j);
    rn_out_byte(j->out, (uint8_t)bracket);
    j->depth++;
    if (j->depth == 2)
        j->list = bracket == '[';
    newline(j);
    j->comma = false;
}

void rn_json_close(struct rn_json *j, char bracket)
{
    RN_ASSERT(j->depth > 0);
    if (j->comma)
        newline(j);
    j->depth--;
    rn_out_byte(j->out, (uint8_t)bracket);
    if (j->depth == 0)
        newline(j);
    j->comma = true;
}

static void escape(struct rn_json *j, uint8_t c)
{
    static const char hex[] = "0123456789abcdef";
    char code[] = "\\u00xx";

    if (c == '"' || c == '\\') {
        rn_out_byte(j->out, '\\');
        rn_out_byte(j->out, c);
    } else if (c == '\n') {
        raw(j, "\\n");
    } else if (c == '\r') {
        raw(j, "\\r");
    } else if (c == '\t') {
        raw(j, "\\t");
    } else {
        code[4] = hex[c >> 4];
        code[5] = hex[c & 15];
        raw(j, code);
    }
}

/* Whole characters; only plain ASCII ever needs an escape. */
static void good(struct rn_json *j, const uint8_t *p, size_t n)
{
    size_t from = 0;

    for (size_t i = 0; i < n; i++) {
        if (p[i] >= 0x20 && p[i] != '"' && p[i] != '\\' && p[i] != 0x7f)
            continue;
        rn_out_put(j->out, p + from, i - from);
        escape(j, p[i]);
        from = i + 1;
    }
    rn_out_put(j->out, p + from, n - from);
}

static void quoted(struct rn_json *j, struct rn_bytes text)
{
    size_t i = 0;

    rn_out_byte(j->out, '"');
    while (i < text.n) {
        size_t n = rn_utf8_good(text.p + i, text.n - i);
        good(j, text.p + i, n);
        i += n;
        if (i < text.n) {
            raw(j, "\xef\xbf\xbd");
            i += rn_utf8_bad(text.p + i, text.n - i);
        }
    }
    rn_out_byte(j->out, '"');
}

void rn_json_key(struct rn_json *j, const char *key)
{
    item(j);
    quoted(j, rn_bytes_of(key));
    rn_out_byte(j->out, ':');
    j->comma = false;
}

void rn_json_text(struct rn_json *j, struct rn_bytes text)
{
    item(j);
    quoted(j, text);
}

void rn_json_string(struct rn_json *j, const char *text)
{
    rn_json_text(j, rn_bytes_of(text));
}

void rn_json_u64(struct rn_json *j, uint64_t value)
{
    char digits[RN_I64_TEXT];

    item(j);
    rn_out_put(j->out, digits, rn_format_u64(value, digits));
}

void rn_json_i64(struct rn_json *j, int64_t value)
{
    char digits[RN_I64_TEXT];

    item(j);
    rn_out_put(j->out, digits, rn_format_i64(value, digits));
}

void rn_json_bool(struct rn_json *j, bool value)
{
    item(j);
    raw(j, value ? "true" : "false");
}

void rn_json_null(struct rn_json *j)
{
    item(j);
    raw(j, "null");
}

void rn_json_seconds(struct rn_json *j, int64_t ms)
{
    char text[RN_I64_TEXT + 4];
    uint64_t value = ms > 0 ? (uint64_t)ms : 0;
    size_t len = rn_format_u64(value / 1000, text);

    text[len++] = '.';
    text[len++] = (char)('0' + value / 100 % 10);
    text[len++] = (char)('0' + value / 10 % 10);
    text[len++] = (char)('0' + value % 10);
    item(j);
    rn_out_put(j->out, text, len);
}

void rn_json_crc64(struct rn_json *j, uint64_t value)
{
    char text[16];

    for (unsigned i = 0; i < sizeof text; i++)
        text[i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
    rn_json_text(j, (struct rn_bytes){ (const uint8_t *)text, sizeof text });
}

static void put_count(struct rn_json *j, const char *key, uint64_t n)
{
    rn_json_key(j, key);
    rn_json_u64(j, n);
}

void rn_json_counts(struct rn_json *j, const struct rn_counts *c)
{
    rn_json_key(j, "counts");
    rn_json_open(j, '{');
    put_count(j, "converted", c->converted);
    put_count(j, "nulled", c->nulled);
    put_count(j, "truncated", c->truncated);
    put_count(j, "replaced", c->replaced);
    rn_json_close(j, '}');
}
