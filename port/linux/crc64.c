/* linux/crc64.c: CRC-64/NVME by carry-less multiplication where the processor
 * has it, else by the tables; takes the place of agent/core/crc64_portable.c.
 *
 * A register of 128 bits stands for all bytes so far, modulo the polynomial.
 * Moving it n bits on is two multiplications by constants, x^(n+63) and
 * x^(n-1) (one less than the exponent, because the product of two reflected
 * numbers comes out shifted by one). Four registers work side by side on 64
 * bytes, then they are folded into one, and the tables take the last 16 bytes.
 * The method is Gopal et al., "Fast CRC Computation for Generic Polynomials
 * Using PCLMULQDQ Instruction", Intel 2009.
 */
#include "core/crc64.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

/* x^(n+63) and x^(n-1) modulo the polynomial, reflected. */
#define K128_HIGH UINT64_C(0xeadc41fd2ba3d420)
#define K128_LOW  UINT64_C(0x21e9761e252621ac)
#define K512_HIGH UINT64_C(0x0c32cdb31e18a84a)
#define K512_LOW  UINT64_C(0x62242240ace5045a)

#define CLMUL __attribute__((target("pclmul,sse2")))

CLMUL static __m128i load(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* `x` moved on by what `k` says, plus what comes there. */
CLMUL static __m128i fold(__m128i x, __m128i k, __m128i next)
{
    __m128i high = _mm_clmulepi64_si128(x, k, 0x00);
    __m128i low = _mm_clmulepi64_si128(x, k, 0x11);

    return _mm_xor_si128(_mm_xor_si128(high, low), next);
}

/* n is at least 64. */
CLMUL static uint64_t crc64_clmul(uint64_t crc, const uint8_t *p, size_t n)
{
    const __m128i by_512 =
        _mm_set_epi64x((long long)K512_LOW, (long long)K512_HIGH);
    const __m128i by_128 =
        _mm_set_epi64x((long long)K128_LOW, (long long)K128_HIGH);
    __m128i a = _mm_xor_si128(load(p), _mm_set_epi64x(0, (long long)~crc));
    __m128i b = load(p + 16);
    __m128i c = load(p + 32);
    __m128i d = load(p + 48);
    uint8_t last[16];

    for (p += 64, n -= 64; n >= 64; p += 64, n -= 64) {
        a = fold(a, by_512, load(p));
        b = fold(b, by_512, load(p + 16));
        c = fold(c, by_512, load(p + 32));
        d = fold(d, by_512, load(p + 48));
    }
    a = fold(fold(fold(a, by_128, b), by_128, c), by_128, d);
    for (; n >= 16; p += 16, n -= 16)
        a = fold(a, by_128, load(p));
    memcpy(last, &a, sizeof last);
    /* all ones: the tables begin with an empty register */
    return rn_crc64_table(rn_crc64_table(~UINT64_C(0), last, sizeof last), p,
                          n);
}

uint64_t rn_crc64(uint64_t crc, const void *p, size_t n)
{
    static int has; /* 0: not asked yet */

    if (has == 0)
        has = __builtin_cpu_supports("pclmul") ? 1 : -1;
    if (has < 0 || n < 64)
        return rn_crc64_table(crc, p, n);
    return crc64_clmul(crc, p, n);
}

#else

uint64_t rn_crc64(uint64_t crc, const void *p, size_t n)
{
    return rn_crc64_table(crc, p, n);
}

#endif
