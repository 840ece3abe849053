/* tls/address.c: see tls/address.h. */
#include "tls/address.h"

#include <string.h>

/* Four decimal bytes with dots, to the end of the text. */
static bool read_v4(const char *s, uint8_t ip[4])
{
    for (int i = 0; i < 4; i++) {
        unsigned v = 0;
        int digits = 0;
        for (; *s >= '0' && *s <= '9' && digits < 4; s++, digits++)
            v = v * 10 + (unsigned)(*s - '0');
        if (digits == 0 || digits > 3 || v > 255)
            return false;
        if (digits > 1 && s[-digits] == '0')
            return false;
        ip[i] = (uint8_t)v;
        if (*s++ != (i < 3 ? '.' : 0))
            return false;
    }
    return true;
}

static int hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One group of hex digits at *s, moved past; -1 when there is none. */
static int read_group(const char **s)
{
    int v = 0;
    int digits = 0;
    for (; hex_of(**s) >= 0; (*s)++) {
        if (++digits > 4)
            return -1;
        v = v * 16 + hex_of(**s);
    }
    return digits > 0 ? v : -1;
}

static bool read_v6(const char *s, uint8_t ip[16])
{
    size_t len = 0;
    size_t gap = 17; /* where "::" stands; 17: nowhere */
    if (s[0] == ':' && s[1] != ':')
        return false;
    while (*s != 0) {
        if (s[0] == ':' && s[1] == ':') {
            if (gap <= 16)
                return false;
            gap = len;
            s += 2;
            continue;
        }
        if (*s == ':' && len > 0 && len != gap)
            s++;
        if (len <= 12 && read_v4(s, ip + len)) {
            len += 4;
            break;
        }
        int group = len <= 14 ? read_group(&s) : -1;
        if (group < 0 || (*s != 0 && *s != ':'))
            return false;
        ip[len++] = (uint8_t)(group >> 8);
        ip[len++] = (uint8_t)group;
        if (s[0] == ':' && s[1] == 0)
            return false;
    }
    if (gap > 16)
        return len == 16;
    if (len > 14)
        return false;
    memmove(ip + 16 - (len - gap), ip + gap, len - gap);
    memset(ip + gap, 0, 16 - len);
    return true;
}

size_t rn_address_of(const char *host, uint8_t ip[16])
{
    if (read_v4(host, ip))
        return 4;
    return strchr(host, ':') != NULL && read_v6(host, ip) ? 16 : 0;
}
