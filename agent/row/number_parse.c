/* row/number_parse.c: text to numbers; see row/number.h.
 *
 * A literal is w * 10^q with w of up to 19 digits. w times the first 128 bits
 * of 10^q gives bounds so close that nearly always both round to the same
 * double (the idea is Daniel Lemire's and Michael Eisel's). Where they don't,
 * the literal is compared digit by digit with the point half way between the
 * two candidates, in integers of fixed size.
 */
#include "row/number.h"

#include <string.h>

#include "row/pow10.h"

/* More digits than a half way point can have (767): what follows them only
 * says that the value is a little larger. */
#define DIGITS_MAX 770
#define W_DIGITS   19

/* 770 digits and 2^1075, or 10^1100 by 54 bits less its twos: 3636 bits. */
#define BIG_WORDS 116

struct big {
    uint32_t word[BIG_WORDS]; /* least first */
    size_t n;
};

/* A literal taken apart: the digits' span in the text and the place of the
 * point. value = digit.digits... * 10^(point), leading zeros dropped. */
struct literal {
    const uint8_t *digit; /* first that is not 0 */
    const uint8_t *end;
    int64_t exponent; /* of the last digit before `end` */
    bool negative;
};

int rn_parse_i64(struct rn_bytes text, int64_t *v)
{
    const uint8_t *p = text.p;
    const uint8_t *end = p + text.n;
    bool negative = text.n > 0 && *p == '-';
    uint64_t most = (uint64_t)INT64_MAX + negative;
    uint64_t u = 0;

    if (text.n > 0 && (*p == '-' || *p == '+'))
        p++;
    if (p == end)
        return RN_E_VALUE;
    for (; p < end; p++) {
        unsigned d = (unsigned)*p - '0';

        if (d > 9 || u > most / 10 || (u == most / 10 && d > most % 10))
            return RN_E_VALUE;
        u = u * 10 + d;
    }
    *v = negative ? -(int64_t)(u - (u > 0)) - (u > 0) : (int64_t)u;
    return RN_OK;
}

static void big_mul_add(struct big *b, uint32_t by, uint32_t add)
{
    uint64_t carry = add;

    for (size_t i = 0; i < b->n; i++) {
        carry += (uint64_t)b->word[i] * by;
        b->word[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry > 0) {
        RN_ASSERT(b->n < BIG_WORDS);
        b->word[b->n++] = (uint32_t)carry;
    }
}

static void big_mul_pow5(struct big *b, unsigned power)
{
    for (; power >= 13; power -= 13)
        big_mul_add(b, 1220703125, 0);
    for (; power > 0; power--)
        big_mul_add(b, 5, 0);
}

static void big_shift(struct big *b, unsigned by)
{
    size_t words = by / 32;

    if (b->n == 0)
        return;
    big_mul_add(b, UINT32_C(1) << by % 32, 0);
    RN_ASSERT(b->n + words <= BIG_WORDS);
    memmove(b->word + words, b->word, b->n * sizeof(b->word[0]));
    memset(b->word, 0, words * sizeof(b->word[0]));
    b->n += words;
}

static int big_compare(const struct big *a, const struct big *b)
{
    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    for (size_t i = a->n; i-- > 0;) {
        if (a->word[i] != b->word[i])
            return a->word[i] < b->word[i] ? -1 : 1;
    }
    return 0;
}

/* The literal against half * 2^e: -1, 0 or 1. */
static int compare_half(const struct literal *l, uint64_t half, int e)
{
    struct big a = { .n = 0 }, b = { .n = 0 };
    int64_t exponent = l->exponent;
    size_t digits = 0;
    bool more = false;
    int order;

    for (const uint8_t *p = l->digit; p < l->end; p++) {
        if (*p == '.')
            continue;
        if (digits < DIGITS_MAX) {
            big_mul_add(&a, 10, (uint32_t)*p - '0');
            digits++;
        } else {
            more |= *p != '0';
            exponent++;
        }
    }
    big_mul_add(&b, 0, (uint32_t)(half >> 32));
    big_shift(&b, 32);
    if (b.n == 0)
        big_mul_add(&b, 0, (uint32_t)half);
    else
        b.word[0] = (uint32_t)half;
    /* a * 5^x * 2^x against b * 2^e: the negative powers change sides. */
    big_mul_pow5(exponent >= 0 ? &a : &b,
                 (unsigned)(exponent >= 0 ? exponent : -exponent));
    e -= (int)exponent;
    big_shift(e >= 0 ? &b : &a, (unsigned)(e >= 0 ? e : -e));
    order = big_compare(&a, &b);
    return order == 0 && more ? 1 : order;
}

static int leading_zeros(uint64_t v)
{
    int n = 0;

    for (int by = 32; by > 0; by /= 2) {
        if (v >> (64 - by) == 0) {
            v <<= by;
            n += by;
        }
    }
    return n;
}

/* The literal as a double's bits. w is not 0; `cut`: it is the first 19 digits
 * of more. 10^q belongs to w; -343 < q <= 308.
 */
static uint64_t round_literal(const struct literal *l, uint64_t w, int q,
                              bool cut)
{
    int lead = leading_zeros(w);
    struct rn_wide g = rn_pow10(q), top, low;
    bool exact = rn_pow10_exact(q) && !cut;
    uint64_t m, rest, half, slack;
    int e, keep, order;

    w <<= lead;
    low = rn_wide_mul(w, g.lo);
    top = rn_wide_mul(w, g.hi);
    top.lo += low.hi;
    top.hi += top.lo < low.hi;
    e = rn_log2_pow10(q) + 65 - lead; /* the value is under 2^e... */
    if (!(top.hi >> 63)) {
        top.hi = top.hi << 1 | top.lo >> 63;
        top.lo = top.lo << 1 | low.lo >> 63;
        low.lo <<= 1;
        e--;
    }
    /* ...and not under 2^(e - 1). Keep 53 bits, or to the last denormal. */
    keep = e - 53 < -1074 ? e + 1074 : 53;
    if (keep < -1)
        return 0;
    if (keep < 0) { /* half a denormal is the most that it can be */
        m = 0;
        order = top.hi >= ~UINT64_C(64) ? compare_half(l, 1, -1075) : -1;
    } else {
        m = keep > 0 ? top.hi >> (64 - keep) : 0;
        half = UINT64_C(1) << (63 - keep);
        rest = keep > 0 ? top.hi & (2 * half - 1) : top.hi;
        slack = cut ? 64 : top.lo >= ~UINT64_C(8) ? 1 : 0;
        if (rest < half)
            order = !exact && half - rest <= slack
                        ? compare_half(l, 2 * m + 1, e - keep - 1)
                        : -1;
        else
            order = rest > half || top.lo > 0 || low.lo > 0 || !exact ? 1 : 0;
    }
    m += order > 0 || (order == 0 && (m & 1));
    if (keep < 53) /* a carry into bit 52 makes it normal by itself */
        return m;
    if (m >> 53) {
        m >>= 1;
        e++;
    }
    if (e > 1024)
        return UINT64_C(0x7ff) << 52;
    return (uint64_t)(e + 1022) << 52 | (m & ((UINT64_C(1) << 52) - 1));
}

/* [eE][+-]digits, clamped to what no literal of ours can bring back. */
static int scan_exponent(const uint8_t **at, const uint8_t *end, int64_t *e)
{
    const uint8_t *p = *at;
    bool negative = false;
    int64_t v = 0;

    *e = 0;
    if (p == end || (*p | 0x20) != 'e')
        return RN_OK;
    p++;
    if (p < end && (*p == '-' || *p == '+'))
        negative = *p++ == '-';
    if (p == end)
        return RN_E_VALUE;
    for (; p < end && *p >= '0' && *p <= '9'; p++)
        v = v > INT64_MAX / 16 ? v : v * 10 + (*p - '0');
    *e = negative ? -v : v;
    *at = p;
    return RN_OK;
}

static int scan(struct rn_bytes text, struct literal *l)
{
    const uint8_t *p = text.p;
    const uint8_t *end = p + text.n;
    const uint8_t *point = NULL;
    size_t digits = 0;
    int64_t e;

    l->negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    l->digit = NULL;
    for (; p < end; p++) {
        if (*p == '.' && point == NULL) {
            point = p;
            continue;
        }
        if (*p < '0' || *p > '9')
            break;
        digits++;
        if (l->digit == NULL && *p != '0')
            l->digit = p;
    }
    l->end = p;
    if (digits == 0 || scan_exponent(&p, end, &e) < 0 || p != end)
        return RN_E_VALUE;
    l->exponent = e - (point ? l->end - point - 1 : 0);
    if (l->digit == NULL)
        l->digit = l->end; /* zero */
    return RN_OK;
}

int rn_parse_f64(struct rn_bytes text, double *v)
{
    struct literal l;
    uint64_t w = 0, bits = 0;
    int64_t q;
    int digits = 0;
    bool cut = false;
    int err = scan(text, &l);

    if (err < 0)
        return err;
    q = l.exponent;
    for (const uint8_t *p = l.digit; p < l.end; p++) {
        if (*p == '.')
            continue;
        if (digits == W_DIGITS) {
            q++;
            cut |= *p != '0';
        } else {
            w = w * 10 + (uint64_t)(*p - '0');
            digits++;
        }
    }
    if (w > 0 && q > 308)
        return RN_E_VALUE;
    if (w > 0 && q > -343)
        bits = round_literal(&l, w, (int)q, cut);
    if (bits >> 52 == 0x7ff)
        return RN_E_VALUE;
    bits |= (uint64_t)l.negative << 63;
    memcpy(v, &bits, sizeof(*v));
    return RN_OK;
}
