/* warehouse/rest_json.c: see warehouse/rest_json.h. */
#include "warehouse/rest_json.h"

#include <limits.h>
#include <string.h>

#include "core/character.h"

/* Strict, and with links to the parent, without which closing a bracket costs
 * a walk over all of its content.
 */
#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#include <jsmn.h>

size_t rn_doc_need(size_t tokens)
{
    return RN_ROUND(tokens * sizeof(jsmntok_t));
}

int rn_doc_init(struct rn_doc *d, size_t tokens, struct rn_arena *mem)
{
    d->token = RN_TAKE(mem, jsmntok_t, tokens);
    d->cap = tokens;
    d->n = 0;
    d->text = NULL;
    d->len = 0;
    return d->token ? RN_OK : RN_E_FULL;
}

static jsmntok_t *token(const struct rn_doc *d, int at)
{
    return at >= 0 && (size_t)at < d->n ? (jsmntok_t *)d->token + at : NULL;
}

/* What the tokenizer lets through although it is no JSON: members that are
 * not a name with one value, and a second value behind the first.
 */
static bool is_sound(const struct rn_doc *d)
{
    for (size_t i = 0; i < d->n; i++) {
        const jsmntok_t *t = token(d, (int)i);
        const jsmntok_t *parent = token(d, t->parent);

        if (t->parent < 0 && i > 0)
            return false;
        if (!parent)
            continue;
        if (parent->type == JSMN_OBJECT &&
            (t->type != JSMN_STRING || t->size != 1))
            return false;
        if (parent->type == JSMN_ARRAY && t->type == JSMN_STRING &&
            t->size != 0)
            return false;
    }
    return true;
}

/* -- escapes -------------------------------------------------------------- */

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The unit of "\uXXXX" at `p`, of which `left` bytes are there; -1 if none. */
static int32_t unit(const char *p, size_t left)
{
    int32_t v = 0;

    if (left < 6 || p[0] != '\\' || p[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        int digit = hex(p[i]);

        if (digit < 0)
            return -1;
        v = v << 4 | digit;
    }
    return v;
}

/* "\uXXXX", or two of them that are one character: bytes read. Its three or
 * four bytes of UTF-8 are never more than what they were written with.
 */
static size_t unescape_unit(const char *p, size_t left, char *to, size_t *put)
{
    int32_t high = unit(p, left), low;
    size_t used = 6;

    if (high < 0) {
        /* Without its digits it is shorter than a replacement character. */
        *to = '?';
        *put = 1;
        return 2;
    }
    if (high >= 0xd800 && high < 0xe000) {
        low = high < 0xdc00 ? unit(p + 6, left - 6) : -1;
        if (low >= 0xdc00 && low < 0xe000) {
            high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            used = 12;
        } else {
            high = 0xfffd;
        }
    }
    *put = rn_put_utf8((uint32_t)high, (uint8_t *)to);
    return used;
}

static char letter(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default: /* quote, slash, backslash: the tokenizer lets no other by */
        return c;
    }
}

static size_t unescape(char *text, size_t n)
{
    size_t at = 0, len = 0;

    while (at < n) {
        size_t put = 1;

        if (text[at] != '\\' || n - at < 2) {
            text[len++] = text[at++];
        } else if (text[at + 1] == 'u') {
            at += unescape_unit(text + at, n - at, text + len, &put);
            len += put;
        } else {
            text[len++] = letter(text[at + 1]);
            at += 2;
        }
    }
    return len;
}

/* Names and values alike, in place: what comes out is never longer. */
static void unescape_all(struct rn_doc *d)
{
    for (size_t i = 0; i < d->n; i++) {
        jsmntok_t *t = token(d, (int)i);

        if (t->type == JSMN_STRING)
            t->end = t->start + (int)unescape(d->text + t->start,
                                              (size_t)(t->end - t->start));
    }
}

int rn_doc_parse(struct rn_doc *d, char *text, size_t len)
{
    jsmn_parser parser;
    int n;

    d->text = text;
    d->len = len;
    d->n = 0;
    if (len > INT_MAX)
        return RN_E_FULL;
    jsmn_init(&parser);
    n = jsmn_parse(&parser, text, len, d->token, (unsigned)d->cap);
    if (n == JSMN_ERROR_NOMEM)
        return RN_E_FULL;
    if (n <= 0)
        return RN_E_PEER;
    d->n = (size_t)n;
    const jsmntok_t *root = token(d, 0);
    if ((root->type != JSMN_OBJECT && root->type != JSMN_ARRAY) ||
        !is_sound(d)) {
        d->n = 0;
        return RN_E_PEER;
    }
    unescape_all(d);
    return RN_OK;
}

/* -- finding -------------------------------------------------------------- */

int rn_doc_next(const struct rn_doc *d, int item)
{
    const jsmntok_t *t = token(d, item);

    if (!t)
        return -1;
    for (int i = item + 1; token(d, i); i++) {
        const jsmntok_t *next = token(d, i);

        if (next->parent == t->parent)
            return i;
        if (next->parent < t->parent)
            break;
    }
    return -1;
}

/* The first of the things inside. */
static int child(const struct rn_doc *d, int at)
{
    const jsmntok_t *t = token(d, at);

    return t && t->size > 0 ? at + 1 : -1;
}

int rn_doc_first(const struct rn_doc *d, int array)
{
    return rn_doc_is_array(d, array) ? child(d, array) : -1;
}

size_t rn_doc_size(const struct rn_doc *d, int at)
{
    const jsmntok_t *t = token(d, at);

    if (!t || (t->type != JSMN_OBJECT && t->type != JSMN_ARRAY))
        return 0;
    return (size_t)t->size;
}

static bool is_named(const struct rn_doc *d, int at, const char *name, size_t n)
{
    const jsmntok_t *t = token(d, at);

    return (size_t)(t->end - t->start) == n &&
           memcmp(d->text + t->start, name, n) == 0;
}

static int member(const struct rn_doc *d, int object, const char *name,
                  size_t n)
{
    for (int at = child(d, object); at >= 0; at = rn_doc_next(d, at)) {
        if (is_named(d, at, name, n))
            return at + 1;
    }
    return -1;
}

static int item(const struct rn_doc *d, int array, const char *digits, size_t n)
{
    size_t left = 0;
    int at;

    for (size_t i = 0; i < n; i++) {
        if (digits[i] < '0' || digits[i] > '9' || left > INT_MAX / 10)
            return -1;
        left = left * 10 + (size_t)(digits[i] - '0');
    }
    for (at = child(d, array); at >= 0 && left > 0; left--)
        at = rn_doc_next(d, at);
    return at;
}

int rn_doc_find(const struct rn_doc *d, int from, const char *path)
{
    int at = from;

    while (*path && at >= 0) {
        const jsmntok_t *t = token(d, at);
        size_t n = strcspn(path, ".");

        if (!t)
            return -1;
        if (t->type == JSMN_OBJECT)
            at = member(d, at, path, n);
        else
            at = rn_doc_is_array(d, at) ? item(d, at, path, n) : -1;
        path += n;
        path += *path == '.';
    }
    return token(d, at) ? at : -1;
}

/* -- values --------------------------------------------------------------- */

bool rn_doc_is_string(const struct rn_doc *d, int at)
{
    const jsmntok_t *t = token(d, at);

    return t && t->type == JSMN_STRING;
}

bool rn_doc_is_array(const struct rn_doc *d, int at)
{
    const jsmntok_t *t = token(d, at);

    return t && t->type == JSMN_ARRAY;
}

bool rn_doc_is_null(const struct rn_doc *d, int at)
{
    const jsmntok_t *t = token(d, at);

    return !t || (t->type == JSMN_PRIMITIVE && d->text[t->start] == 'n');
}

struct rn_bytes rn_doc_text(const struct rn_doc *d, int at)
{
    const jsmntok_t *t = token(d, at);

    if (!t || t->type == JSMN_OBJECT || t->type == JSMN_ARRAY)
        return (struct rn_bytes){ NULL, 0 };
    return (struct rn_bytes){ (uint8_t *)d->text + t->start,
                              (size_t)(t->end - t->start) };
}

void rn_doc_copy(const struct rn_doc *d, int at, char *to, size_t cap)
{
    struct rn_bytes text = rn_doc_text(d, at);
    size_t n = text.n < cap ? text.n : cap - 1;

    while (n < text.n && n > 0 && (text.p[n] & 0xc0) == 0x80)
        n--;
    if (text.p)
        memcpy(to, text.p, n);
    to[n] = 0;
}

bool rn_doc_is(const struct rn_doc *d, int at, const char *text)
{
    return at >= 0 && rn_bytes_equal(rn_doc_text(d, at), rn_bytes_of(text));
}

bool rn_doc_u64(const struct rn_doc *d, int at, uint64_t *to)
{
    struct rn_bytes text = rn_doc_text(d, at);
    uint64_t n = 0;

    if (text.n == 0)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        uint64_t digit = (uint64_t)(text.p[i] - '0');

        if (text.p[i] < '0' || digit > 9 || n > (UINT64_MAX - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    *to = n;
    return true;
}
