/* core/crc64.c: CRC-64/NVME by table, eight bytes a step; see core/crc64.h. */
#include "core/crc64.h"

#include "crc64_table.h"

#define POLYNOMIAL UINT64_C(0x9A6C9329AC4BC9B5)

static uint64_t load_le(const uint8_t *p)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < 8; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

uint64_t rn_crc64_table(uint64_t crc, const void *p, size_t n)
{
    const uint8_t *b = p;
    uint64_t r = ~crc;

    for (; n >= 8; n -= 8, b += 8) {
        r ^= load_le(b);
        r = table[7][r & 0xff] ^ table[6][r >> 8 & 0xff] ^
            table[5][r >> 16 & 0xff] ^ table[4][r >> 24 & 0xff] ^
            table[3][r >> 32 & 0xff] ^ table[2][r >> 40 & 0xff] ^
            table[1][r >> 48 & 0xff] ^ table[0][r >> 56];
    }
    for (; n > 0; n--, b++)
        r = (r >> 8) ^ table[0][(r ^ *b) & 0xff];
    return ~r;
}

/* a * b modulo the polynomial, both bit-reflected (bit 63 is x^0). */
static uint64_t multiply(uint64_t a, uint64_t b)
{
    uint64_t r = 0;

    for (unsigned i = 0; i < 64; i++) {
        if (a & UINT64_C(1) << 63)
            r ^= b;
        a <<= 1;
        b = (b >> 1) ^ ((b & 1) ? POLYNOMIAL : 0);
    }
    return r;
}

/* Appending n bytes multiplies the register by x^(8n): square and multiply. */
uint64_t rn_crc64_join(uint64_t a, uint64_t b, uint64_t b_len)
{
    uint64_t power = UINT64_C(1) << 55; /* x^8 */

    for (; b_len > 0; b_len >>= 1) {
        if (b_len & 1)
            a = multiply(power, a);
        power = multiply(power, power);
    }
    return a ^ b;
}
