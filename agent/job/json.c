/* job/json.c: see job/json.h. */
#include "job/json.h"

#include <string.h>

#include "row/number.h"

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

/* How many bytes at `p` are one character of UTF-8; 0: none is. */
static size_t character(const uint8_t *p, size_t n)
{
    static const uint8_t least[] = { 0, 0, 0x80, 0xa0, 0x90 };
    size_t len = p[0] < 0x80                   ? 1
                 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
                 : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
                 : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
                                               : 0;

    if (len == 0 || len > n)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    /* Longer than needed, a surrogate, or past the last character. */
    if (((p[0] == 0xe0 || p[0] == 0xf0) && p[1] < least[len]) ||
        (p[0] == 0xed && p[1] >= 0xa0) || (p[0] == 0xf4 && p[1] >= 0x90))
        return 0;
    return len;
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

static void quoted(struct rn_json *j, struct rn_bytes text)
{
    rn_out_byte(j->out, '"');
    for (size_t i = 0; i < text.n;) {
        uint8_t c = text.p[i];
        size_t len = character(text.p + i, text.n - i);
        if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f)
            escape(j, c);
        else if (len == 0)
            raw(j, "\xef\xbf\xbd");
        else
            rn_out_put(j->out, text.p + i, len);
        i += len == 0 ? 1 : len;
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
