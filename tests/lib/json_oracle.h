/* json_oracle.h: for tests: JSON read strictly, as RFC 8259 has it, with
 * nothing of the agent's. A lone half of a surrogate pair is no character.
 *
 * Readers advance the input and return false for what is broken.
 */
#ifndef TESTS_JSON_ORACLE_H
#define TESTS_JSON_ORACLE_H

#include <string.h>

#include "runnel/base.h"
#include "utf8_oracle.h"

struct json_in {
    const uint8_t *p, *end;
};

static inline void json_blanks(struct json_in *in)
{
    while (in->p < in->end && memchr(" \t\r\n", *in->p, 4) != NULL)
        in->p++;
}

static inline bool json_byte(struct json_in *in, uint8_t wanted)
{
    if (in->p == in->end || *in->p != wanted)
        return false;
    in->p++;
    return true;
}

static inline bool json_word(struct json_in *in, const char *word)
{
    while (*word != '\0') {
        if (!json_byte(in, (uint8_t)*word++))
            return false;
    }
    return true;
}

static inline bool json_four(struct json_in *in, uint32_t *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        static const char digits[] = "00112233445566778899aAbBcCdDeEfF";
        const char *at;

        if (in->p == in->end || *in->p == 0)
            return false;
        at = strchr(digits, *in->p++);
        if (at == NULL)
            return false;
        *unit = *unit << 4 | (uint32_t)(at - digits) / 2;
    }
    return true;
}

/* Behind "\u"; writes one to four bytes. */
static inline bool json_unicode(struct json_in *in, uint8_t *to, size_t *n)
{
    static const uint8_t mark[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    uint32_t c, low;
    size_t len;

    if (!json_four(in, &c))
        return false;
    if (c >= 0xd800 && c < 0xe000) {
        if (c >= 0xdc00 || !json_word(in, "\\u") || !json_four(in, &low) ||
            low < 0xdc00 || low >= 0xe000)
            return false;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--, c >>= 6)
        to[i] = (uint8_t)(0x80 | (c & 0x3f));
    to[0] = (uint8_t)(mark[len] | c);
    *n += len;
    return true;
}

static inline bool json_escape(struct json_in *in, uint8_t *to, size_t *n)
{
    static const char from[] = "\"\\/bfnrt", as[] = "\"\\/\b\f\n\r\t";
    const char *at;

    if (in->p == in->end || *in->p == 0)
        return false;
    if (json_byte(in, 'u'))
        return json_unicode(in, to, n);
    at = strchr(from, *in->p++);
    if (at == NULL)
        return false;
    *to = (uint8_t)as[at - from];
    ++*n;
    return true;
}

/* A string with its quotes; `to` has room for as many bytes as the input. */
static inline bool json_string(struct json_in *in, uint8_t *to, size_t *n)
{
    *n = 0;
    if (!json_byte(in, '"'))
        return false;
    while (!json_byte(in, '"')) {
        if (in->p == in->end || *in->p < 0x20)
            return false;
        if (!json_byte(in, '\\'))
            to[(*n)++] = *in->p++;
        else if (!json_escape(in, to + *n, n))
            return false;
    }
    return utf8_oracle_good(to, *n) == *n;
}

static inline bool json_digits(struct json_in *in)
{
    const uint8_t *from = in->p;

    while (in->p < in->end && *in->p >= '0' && *in->p <= '9')
        in->p++;
    return in->p > from;
}

/* A number as it is written. */
static inline bool json_number(struct json_in *in, struct rn_bytes *text)
{
    text->p = in->p;
    json_byte(in, '-');
    if (!json_byte(in, '0') && !json_digits(in))
        return false;
    if (json_byte(in, '.') && !json_digits(in))
        return false;
    if (json_byte(in, 'e') || json_byte(in, 'E')) {
        if (!json_byte(in, '+'))
            json_byte(in, '-');
        if (!json_digits(in))
            return false;
    }
    text->n = (size_t)(in->p - text->p);
    return true;
}

#endif
