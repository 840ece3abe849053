/* row/number.c: numbers to text; see row/number.h.
 *
 * Doubles go through Schubfach (Raffaello Giulietti, "The Schubfach way to
 * render doubles"): of the decimals with the fewest digits that round to the
 * double, the one closest to it.
 */
#include "row/number.h"

#include <string.h>

#include "row/pow10.h"

static const char pairs[] = "00010203040506070809"
                            "10111213141516171819"
                            "20212223242526272829"
                            "30313233343536373839"
                            "40414243444546474849"
                            "50515253545556575859"
                            "60616263646566676869"
                            "70717273747576777879"
                            "80818283848586878889"
                            "90919293949596979899";

/* Exactly eight digits, leading zeros included. */
static void put_8(uint32_t v, char *to)
{
    uint32_t high = v / 10000, low = v % 10000;

    memcpy(to, pairs + high / 100 * 2, 2);
    memcpy(to + 2, pairs + high % 100 * 2, 2);
    memcpy(to + 4, pairs + low / 100 * 2, 2);
    memcpy(to + 6, pairs + low % 100 * 2, 2);
}

/* One or two digits. */
static size_t put_2(uint32_t v, char *to)
{
    if (v < 10) {
        *to = (char)('0' + v);
        return 1;
    }
    memcpy(to, pairs + v * 2, 2);
    return 2;
}

/* As many digits as there are, under 10^8. */
static size_t put_short(uint32_t v, char *to)
{
    uint32_t low = v % 10000, high = v / 10000;
    size_t n;

    if (v < 100)
        return put_2(v, to);
    if (v < 10000) {
        n = put_2(v / 100, to);
        memcpy(to + n, pairs + v % 100 * 2, 2);
        return n + 2;
    }
    if (high < 100) {
        n = put_2(high, to);
    } else {
        n = put_2(high / 100, to);
        memcpy(to + n, pairs + high % 100 * 2, 2);
        n += 2;
    }
    memcpy(to + n, pairs + low / 100 * 2, 2);
    memcpy(to + n + 2, pairs + low % 100 * 2, 2);
    return n + 4;
}

size_t rn_format_u64(uint64_t v, char *to)
{
    const uint32_t e8 = 100000000;
    size_t n;

    if (v < e8)
        return put_short((uint32_t)v, to);
    if (v < (uint64_t)e8 * e8) {
        n = put_short((uint32_t)(v / e8), to);
    } else {
        n = put_short((uint32_t)(v / e8 / e8), to);
        put_8((uint32_t)(v / e8 % e8), to + n);
        n += 8;
    }
    put_8((uint32_t)(v % e8), to + n);
    return n + 8;
}

size_t rn_format_i64(int64_t v, char *to)
{
    if (v >= 0)
        return rn_format_u64((uint64_t)v, to);
    *to = '-';
    return 1 + rn_format_u64(0 - (uint64_t)v, to + 1);
}

static void drop_zeros(uint64_t *digits, int *exponent)
{
    static const struct {
        uint32_t by;
        int zeros;
    } step[] = { { 100000000, 8 }, { 10000, 4 }, { 100, 2 }, { 10, 1 } };

    if (*digits == 0 || *digits % 10 != 0)
        return;
    /* 16 zeros at most, so that two rounds of eight never follow each other
     * with more to come. */
    if (*digits % step[0].by == 0) {
        *digits /= step[0].by;
        *exponent += step[0].zeros;
    }
    for (size_t i = 0; i < RN_COUNTOF(step); i++) {
        if (*digits % step[i].by != 0)
            continue;
        *digits /= step[i].by;
        *exponent += step[i].zeros;
    }
}

/* The high word of g * c, its last bit standing for all that is below. */
static uint64_t round_to_odd(struct rn_wide g, uint64_t c)
{
    uint64_t carry = rn_wide_mul(g.lo, c).hi;
    struct rn_wide y = rn_wide_mul(g.hi, c);

    y.lo += carry;
    y.hi += y.lo < carry;
    return y.hi | (y.lo > 1);
}

/* floor(log10(2^q)), and of 3/4 of it when `closer`; right for |q| < 1200. */
static int log10_pow2(int q, bool closer)
{
    int64_t v = (int64_t)q * 1262611 - (closer ? 524031 : 0);
    int64_t unit = INT64_C(1) << 22;

    return (int)(v >= 0 ? v / unit : -((-v + unit - 1) / unit));
}

/* c * 2^q, c not 0. All bounds are four times what the paper's text calls
 * them, so that halves are whole.
 */
static void schubfach(uint64_t c, int q, bool closer, uint64_t *digits,
                      int *exponent)
{
    uint64_t odd = c & 1;
    int k = log10_pow2(q, closer);
    int h = q + rn_log2_pow10(-k) + 1;
    struct rn_wide g = rn_pow10(-k);
    uint64_t low, mid, high, s;

    if (!rn_pow10_exact(-k)) {
        g.lo++;
        g.hi += g.lo == 0;
    }
    low = round_to_odd(g, (4 * c - 2 + closer) << h) + odd;
    mid = round_to_odd(g, (4 * c) << h);
    high = round_to_odd(g, (4 * c + 2) << h) - odd;

    s = mid / 4;
    *exponent = k;
    if (s >= 10) {
        uint64_t ten = s / 10;
        bool down = low <= 40 * ten;
        bool up = 40 * ten + 40 <= high;

        if (down != up) {
            *digits = ten + up;
            *exponent = k + 1;
            return;
        }
    }
    bool down = low <= 4 * s;
    bool up = 4 * s + 4 <= high;

    if (down != up) {
        *digits = s + up;
    } else {
        uint64_t half = 4 * s + 2;

        *digits = s + (mid > half || (mid == half && (s & 1)));
    }
}

void rn_shortest_f64(double v, uint64_t *digits, int *exponent)
{
    uint64_t bits, c;
    int e;

    memcpy(&bits, &v, sizeof(bits));
    c = bits & ((UINT64_C(1) << 52) - 1);
    e = (int)(bits >> 52 & 0x7ff);
    RN_ASSERT(e != 0x7ff);
    *exponent = 0;
    *digits = 0;
    if (e == 0 && c == 0)
        return;
    if (e == 0) {
        schubfach(c, -1074, false, digits, exponent);
    } else {
        bool closer = c == 0 && e > 1;
        int q = e - 1075;

        c |= UINT64_C(1) << 52;
        if (q <= 0 && q > -53 && (c & ((UINT64_C(1) << -q) - 1)) == 0)
            *digits = c >> -q; /* a small integer is its own shortest text */
        else
            schubfach(c, q, closer, digits, exponent);
    }
    drop_zeros(digits, exponent);
}

/* d.ddde+xx */
static size_t put_scientific(const char *digit, size_t n, int point, char *to)
{
    char *at = to;
    int e = point - 1;

    *at++ = digit[0];
    if (n > 1) {
        *at++ = '.';
        memcpy(at, digit + 1, n - 1);
        at += n - 1;
    }
    *at++ = 'e';
    *at++ = e < 0 ? '-' : '+';
    at += put_short((uint32_t)(e < 0 ? -e : e), at);
    return (size_t)(at - to);
}

size_t rn_format_f64(double v, char *to)
{
    char digit[RN_I64_TEXT];
    uint64_t digits, bits;
    size_t sign, n;
    int exponent, point;

    memcpy(&bits, &v, sizeof(bits));
    sign = (size_t)(bits >> 63);
    if (sign)
        *to++ = '-';
    rn_shortest_f64(v, &digits, &exponent);
    if (digits == 0) {
        memcpy(to, "0.0", 3);
        return sign ? 4 : 1;
    }
    n = rn_format_u64(digits, digit);
    point = (int)n + exponent; /* value = 0.digits * 10^point */
    if (point > 21 || point < -5)
        return sign + put_scientific(digit, n, point, to);
    if (point <= 0) {
        memcpy(to, "0.000000", 8);
        memcpy(to + 2 - point, digit, n);
        return sign + 2 + (size_t)-point + n;
    }
    if ((size_t)point >= n) {
        memcpy(to, digit, n);
        memset(to + n, '0', (size_t)point - n);
        return sign + (size_t)point;
    }
    memcpy(to, digit, (size_t)point);
    to[point] = '.';
    memcpy(to + point + 1, digit + point, n - (size_t)point);
    return sign + n + 1;
}
