/* row/decimal.c: see row/decimal.h. */
#include "row/decimal.h"

/* An exponent beyond this moves every digit out of any column; more digits of
 * it would only overflow the count.
 */
#define EXPONENT_MAX 9999

/* A number as digits * 10^exponent, without leading or trailing zeros. */
struct number {
    bool negative;
    size_t n; /* digits kept; 0: the number is zero */
    int exponent;
    char digit[RN_DECIMAL_DIGITS];
};

struct reader {
    const uint8_t *p;
    const uint8_t *end;
};

static bool is_digit(const struct reader *r)
{
    return r->p < r->end && *r->p >= '0' && *r->p <= '9';
}

static bool sign(struct reader *r)
{
    bool negative = r->p < r->end && *r->p == '-';
    if (negative || (r->p < r->end && *r->p == '+'))
        r->p++;
    return negative;
}

/* Zeros are held back until a digit follows them: those at the end go into
 * the exponent instead of the digits. rn_decimal() bounds the text, so an int
 * can count them.
 */
struct digits {
    struct number *to;
    int zeros;
    bool any;
};

static bool add_digit(struct digits *d, char c)
{
    struct number *v = d->to;
    d->any = true;
    if (c == '0') {
        d->zeros += v->n > 0;
        return true;
    }
    if (v->n + (size_t)d->zeros + 1 > RN_DECIMAL_DIGITS)
        return false;
    for (; d->zeros > 0; d->zeros--)
        v->digit[v->n++] = '0';
    v->digit[v->n++] = c;
    return true;
}

static bool read_exponent(struct reader *r, int *exponent)
{
    if (r->p == r->end || (*r->p != 'e' && *r->p != 'E'))
        return true;
    r->p++;
    bool negative = sign(r);
    if (!is_digit(r))
        return false;
    int value = 0;
    for (; is_digit(r); r->p++) {
        if (value <= EXPONENT_MAX)
            value = value * 10 + (*r->p - '0');
    }
    *exponent += negative ? -value : value;
    return true;
}

static bool read_number(struct rn_bytes text, struct number *v)
{
    struct reader r = { text.p, text.p + text.n };
    struct digits d = { .to = v };

    v->negative = sign(&r);
    for (; is_digit(&r); r.p++)
        if (!add_digit(&d, (char)*r.p))
            return false;
    int point = 0; /* digits after the point */
    if (r.p < r.end && *r.p == '.') {
        r.p++;
        for (; is_digit(&r); r.p++, point++)
            if (!add_digit(&d, (char)*r.p))
                return false;
    }
    v->exponent = d.zeros - point;
    return d.any && read_exponent(&r, &v->exponent) && r.p == r.end;
}

/* The digit that stands for 10^power. */
static char digit_at(const struct number *v, int power)
{
    int at = v->exponent + (int)v->n - 1 - power;
    return at >= 0 && at < (int)v->n ? v->digit[at] : '0';
}

int rn_decimal(struct rn_bytes text, unsigned precision, unsigned scale,
               char *to)
{
    RN_ASSERT(precision >= 1 && precision <= RN_DECIMAL_DIGITS &&
              scale <= precision);
    struct number v = { .n = 0 };
    if (text.n == 0 || text.n > INT16_MAX || !read_number(text, &v))
        return RN_E_VALUE;
    if (v.n == 0) {
        v.negative = false;
        v.exponent = 0;
    }
    int whole = v.n == 0 ? 0 : v.exponent + (int)v.n; /* before the point */
    if (v.exponent < -(int)scale || whole > (int)(precision - scale))
        return RN_E_VALUE;

    int n = 0;
    if (v.negative)
        to[n++] = '-';
    for (int power = whole > 0 ? whole - 1 : 0; power >= 0; power--)
        to[n++] = digit_at(&v, power);
    if (scale > 0)
        to[n++] = '.';
    for (int power = -1; power >= -(int)scale; power--)
        to[n++] = digit_at(&v, power);
    return n;
}

struct rn_wide rn_decimal_unscaled(struct rn_bytes text)
{
    const uint64_t e18 = UINT64_C(1000000000000000000);
    const struct rn_wide one = { 0, 1 };
    struct rn_wide w = { 0, 0 };
    uint64_t part = 0, place = 1;
    bool negative = text.n > 0 && text.p[0] == '-';

    for (size_t i = negative; i < text.n; i++) {
        if (text.p[i] == '.')
            continue;
        part = part * 10 + (uint64_t)(text.p[i] - '0');
        place *= 10;
        if (place == e18 || i + 1 == text.n) {
            uint64_t high = w.hi * place;
            struct rn_wide add = { 0, part };

            w = rn_wide_mul(w.lo, place);
            w.hi += high;
            w = rn_wide_add(w, add);
            part = 0;
            place = 1;
        }
    }
    if (!negative)
        return w;
    w.hi = ~w.hi;
    w.lo = ~w.lo;
    return rn_wide_add(w, one);
}
