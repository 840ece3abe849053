/* core/format.c: see core/format.h. */
#include "core/format.h"

#include <string.h>

/* Octal digits of 64 bits are the longest. */
#define DIGITS_MAX 24

struct sink {
    char *to;
    size_t cap;
    size_t n; /* all of it, also what had no room */
};

struct spec {
    bool left;
    bool zero;
    int width;
    int precision; /* < 0: none */
    char size;     /* 'H' hh, 'h', 0, 'l', 'L' ll, 'z', 'j', 't' */
    char kind;
};

static void put(struct sink *s, const char *p, size_t n)
{
    size_t room = s->n + 1 < s->cap ? s->cap - 1 - s->n : 0;

    if (room > 0)
        memcpy(s->to + s->n, p, n < room ? n : room);
    s->n += n;
}

static void pad(struct sink *s, char c, int n)
{
    for (; n > 0; n--)
        put(s, &c, 1);
}

static const char *read_number(const char *p, int *n)
{
    *n = 0;
    while (*p >= '0' && *p <= '9')
        *n = *n * 10 + (*p++ - '0');
    return p;
}

static const char *read_size(const char *p, char *size)
{
    *size = 0;
    if (*p == 0 || !strchr("hlzjt", *p))
        return p;
    *size = *p++;
    if ((*size == 'h' || *size == 'l') && *p == *size) {
        *size = *size == 'h' ? 'H' : 'L';
        p++;
    }
    return p;
}

/* A va_list cannot be handed down by reference on every machine unless it is
 * in a struct.
 */
struct args {
    va_list list;
};

static const char *read_spec(const char *p, struct args *args, struct spec *s)
{
    *s = (struct spec){ .precision = -1 };
    for (; *p == '-' || *p == '0'; p++) {
        s->left |= *p == '-';
        s->zero |= *p == '0';
    }
    if (*p == '*') {
        s->width = va_arg(args->list, int);
        p++;
    } else {
        p = read_number(p, &s->width);
    }
    if (s->width < 0) {
        s->left = true;
        s->width = -s->width;
    }
    if (*p == '.' && *++p == '*') {
        s->precision = va_arg(args->list, int);
        p++;
    } else if (p[-1] == '.') {
        p = read_number(p, &s->precision);
    }
    p = read_size(p, &s->size);
    s->kind = *p;
    return *p ? p + 1 : p;
}

static int64_t signed_arg(struct args *args, char size)
{
    switch (size) {
    case 'H':
        return (signed char)va_arg(args->list, int);
    case 'h':
        return (short)va_arg(args->list, int);
    case 'l':
        return va_arg(args->list, long);
    case 'L':
        return va_arg(args->list, long long);
    case 'j':
        return va_arg(args->list, intmax_t);
    case 'z':
    case 't':
        return va_arg(args->list, ptrdiff_t);
    default:
        return va_arg(args->list, int);
    }
}

static uint64_t unsigned_arg(struct args *args, char size)
{
    switch (size) {
    case 'H':
        return (unsigned char)va_arg(args->list, unsigned);
    case 'h':
        return (unsigned short)va_arg(args->list, unsigned);
    case 'l':
        return va_arg(args->list, unsigned long);
    case 'L':
        return va_arg(args->list, unsigned long long);
    case 'j':
        return va_arg(args->list, uintmax_t);
    case 'z':
    case 't':
        return va_arg(args->list, size_t);
    default:
        return va_arg(args->list, unsigned);
    }
}

static void put_number(struct sink *out, const struct spec *s, uint64_t value,
                       bool negative)
{
    const char *set = s->kind == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    unsigned base = s->kind == 'o' ? 8 : strchr("xXp", s->kind) ? 16 : 10;
    char digits[DIGITS_MAX];
    char *p = digits + sizeof digits;
    int n, zeros;

    for (; value > 0 || (p == digits + sizeof digits && s->precision != 0);
         value /= base)
        *--p = set[value % base];
    n = (int)(digits + sizeof digits - p);
    zeros = s->precision - n;
    if (s->precision < 0 && s->zero && !s->left)
        zeros = s->width - n - negative;
    zeros = zeros > 0 ? zeros : 0;
    if (!s->left)
        pad(out, ' ', s->width - n - zeros - negative);
    put(out, "-", negative);
    pad(out, '0', zeros);
    put(out, p, (size_t)n);
    if (s->left)
        pad(out, ' ', s->width - n - zeros - negative);
}

static void put_text(struct sink *out, const struct spec *s, const char *text,
                     size_t n)
{
    int blanks = n < (size_t)s->width ? s->width - (int)n : 0;

    if (!s->left)
        pad(out, ' ', blanks);
    put(out, text, n);
    if (s->left)
        pad(out, ' ', blanks);
}

static size_t length(const char *text, int most)
{
    const char *end;

    if (most < 0)
        return strlen(text);
    end = memchr(text, 0, (size_t)most);
    return end ? (size_t)(end - text) : (size_t)most;
}

static void convert(struct sink *out, const struct spec *s, struct args *args)
{
    const char *text;
    int64_t number;
    char c;

    switch (s->kind) {
    case 'd':
    case 'i':
        number = signed_arg(args, s->size);
        put_number(out, s, number < 0 ? 0 - (uint64_t)number : (uint64_t)number,
                   number < 0);
        break;
    case 'u':
    case 'x':
    case 'X':
    case 'o':
        put_number(out, s, unsigned_arg(args, s->size), false);
        break;
    case 'p':
        put_number(out, s, (uintptr_t)va_arg(args->list, void *), false);
        break;
    case 'c':
        c = (char)va_arg(args->list, int);
        put_text(out, s, &c, 1);
        break;
    case 's':
        text = va_arg(args->list, const char *);
        put_text(out, s, text, length(text, s->precision));
        break;
    case '%':
        put(out, "%", 1);
        break;
    default: /* what follows would be read as what it is not */
        rn_panic(__FILE__, __LINE__);
    }
}

int rn_vformat(char *to, size_t cap, const char *fmt, va_list list)
{
    struct sink out = { to, cap, 0 };
    struct args args;

    va_copy(args.list, list);
    while (*fmt) {
        size_t n = strcspn(fmt, "%");
        struct spec s;

        put(&out, fmt, n);
        fmt += n;
        if (*fmt == 0)
            break;
        fmt = read_spec(fmt + 1, &args, &s);
        convert(&out, &s, &args);
    }
    va_end(args.list);
    if (cap > 0)
        to[out.n < cap ? out.n : cap - 1] = 0;
    return (int)out.n;
}

int rn_format(char *to, size_t cap, const char *fmt, ...)
{
    va_list args;
    int n;

    va_start(args, fmt);
    n = rn_vformat(to, cap, fmt, args);
    va_end(args);
    return n;
}
