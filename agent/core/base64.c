/* core/base64.c: see core/base64.h. */
#include "core/base64.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t rn_base64(const void *p, size_t n, char *to)
{
    const uint8_t *from = p;
    char *at = to;

    for (; n >= 3; n -= 3, from += 3) {
        uint32_t v = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];

        *at++ = alphabet[v >> 18];
        *at++ = alphabet[v >> 12 & 63];
        *at++ = alphabet[v >> 6 & 63];
        *at++ = alphabet[v & 63];
    }
    if (n > 0) {
        uint32_t v = (uint32_t)from[0] << 16;

        if (n == 2)
            v |= (uint32_t)from[1] << 8;
        *at++ = alphabet[v >> 18];
        *at++ = alphabet[v >> 12 & 63];
        *at++ = n == 2 ? alphabet[v >> 6 & 63] : '=';
        *at++ = '=';
    }
    return (size_t)(at - to);
}

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

/* One group of four characters, `pad` of which are '='; bits that the padding
 * leaves over must be zero, so that each byte string has one spelling.
 */
static int decode_group(const char *p, unsigned pad, uint32_t *bits)
{
    uint32_t v = 0;

    for (unsigned i = 0; i < 4; i++) {
        int x = i < 4 - pad ? value_of(p[i]) : 0;

        if (x < 0)
            return RN_E_CONFIG;
        v = v << 6 | (uint32_t)x;
    }
    if ((pad == 1 && (v & 0xff) != 0) || (pad == 2 && (v & 0xffff) != 0))
        return RN_E_CONFIG;
    *bits = v;
    return RN_OK;
}

int rn_base64_decode(const char *p, size_t n, uint8_t *to, size_t cap)
{
    size_t len = 0;

    if (n % 4 != 0 || n > INT32_MAX)
        return RN_E_CONFIG;
    for (size_t i = 0; i < n; i += 4) {
        unsigned pad = 0;
        uint32_t bits;

        if (i + 4 == n)
            pad = p[i + 3] != '=' ? 0 : p[i + 2] != '=' ? 1 : 2;
        if (decode_group(p + i, pad, &bits) < 0)
            return RN_E_CONFIG;
        for (unsigned k = 0; k < 3 - pad; k++) {
            if (len == cap)
                return RN_E_FULL;
            to[len++] = (uint8_t)(bits >> (16 - 8 * k));
        }
    }
    return (int)len;
}

void rn_hex(const void *p, size_t n, char *to)
{
    static const char digit[] = "0123456789abcdef";
    const uint8_t *from = p;

    for (size_t i = 0; i < n; i++) {
        to[2 * i] = digit[from[i] >> 4];
        to[2 * i + 1] = digit[from[i] & 15];
    }
}
