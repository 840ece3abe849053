/* row/uuid.c: see row/uuid.h. */
#include "row/uuid.h"

/* A hyphen stands before these bytes. */
static bool hyphen_before(size_t byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

/* 16 and more for what is no digit. */
static unsigned digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - (unsigned)'0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - (unsigned)'a' + 10 : 16;
}

int rn_parse_uuid(struct rn_bytes text, bool loose, uint8_t to[RN_UUID_BYTES])
{
    if (loose && text.n > 2 && text.p[0] == '{' && text.p[text.n - 1] == '}') {
        text.p++;
        text.n -= 2;
    }
    bool plain = loose && text.n == 2 * RN_UUID_BYTES;
    if (!plain && text.n != RN_UUID_TEXT)
        return RN_E_VALUE;

    const uint8_t *p = text.p;
    for (size_t i = 0; i < RN_UUID_BYTES; i++) {
        if (!plain && hyphen_before(i) && *p++ != '-')
            return RN_E_VALUE;
        unsigned high = digit(p[0]), low = digit(p[1]);
        if (high > 15 || low > 15)
            return RN_E_VALUE;
        to[i] = (uint8_t)(high << 4 | low);
        p += 2;
    }
    return RN_OK;
}

void rn_format_uuid(const uint8_t uuid[RN_UUID_BYTES], char *to)
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < RN_UUID_BYTES; i++) {
        if (hyphen_before(i))
            *to++ = '-';
        *to++ = hex[uuid[i] >> 4];
        *to++ = hex[uuid[i] & 15];
    }
}
