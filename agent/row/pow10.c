/* row/pow10.c: see row/pow10.h.
 *
 * Keeping all 677 powers would cost 11 KiB of flash. Every 27th is kept to 192
 * bits instead, and what lies between is one product by a power of five that
 * fits 64 bits. The product is short by less than 2^-128 of its value, and the
 * 128 bits handed out are exact for each k: tests/unit/test_number.c compares
 * all of them, by a hash, with ones made by long division.
 */
#include "row/pow10.h"
#include "runnel/base.h"

#define STEP 27

/* floor(10^(27 i - 351) / 2^x), x such that 192 bits remain. */
static const uint64_t base[][3] = {
    { UINT64_C(0x8049a4ac0c5811ae), UINT64_C(0x205b896d777d6278),
      UINT64_C(0xac261e9f5141430b) },
    { UINT64_C(0xcf42894a5dce35ea), UINT64_C(0x52064cac828675b9),
      UINT64_C(0x475f2b7d7df1ad7a) },
    { UINT64_C(0xa76c582338ed2621), UINT64_C(0xaf2af2b80af6f24e),
      UINT64_C(0x657c8f4d43323a36) },
    { UINT64_C(0x873e4f75e2224e68), UINT64_C(0x5a7744a6e804a291),
      UINT64_C(0xcc35eddfcf0996d7) },
    { UINT64_C(0xda7f5bf590966848), UINT64_C(0xaf39a475506a899e),
      UINT64_C(0xa30294cc2934e662) },
    { UINT64_C(0xb080392cc4349dec), UINT64_C(0xbd8d794d96aacfb3),
      UINT64_C(0xfe13a5c86af64418) },
    { UINT64_C(0x8e938662882af53e), UINT64_C(0x547eb47b7282ee9c),
      UINT64_C(0x41b0230e1421487d) },
    { UINT64_C(0xe65829b3046b0afa), UINT64_C(0x0cb4a5a3112a5112),
      UINT64_C(0xa3b561b1cb208396) },
    { UINT64_C(0xba121a4650e4ddeb), UINT64_C(0x92f34d62616ce413),
      UINT64_C(0x21a0183e10583cd3) },
    { UINT64_C(0x964e858c91ba2655), UINT64_C(0x3a6a07f8d510f86f),
      UINT64_C(0xe9082f25e9c5e9ec) },
    { UINT64_C(0xf2d56790ab41c2a2), UINT64_C(0xfae27299423fb9c3),
      UINT64_C(0x3695dad7e8858901) },
    { UINT64_C(0xc428d05aa4751e4c), UINT64_C(0xaa97e14c3c26b886),
      UINT64_C(0x96842dc95323f5a8) },
    { UINT64_C(0x9e74d1b791e07e48), UINT64_C(0x775ea264cf55347d),
      UINT64_C(0xca49f1c05120c9c7) },
    { UINT64_C(0x8000000000000000), UINT64_C(0x0000000000000000),
      UINT64_C(0x0000000000000000) },
    { UINT64_C(0xcecb8f27f4200f3a), UINT64_C(0x0000000000000000),
      UINT64_C(0x0000000000000000) },
    { UINT64_C(0xa70c3c40a64e6c51), UINT64_C(0x999090b65f67d924),
      UINT64_C(0x0000000000000000) },
    { UINT64_C(0x86f0ac99b4e8dafd), UINT64_C(0x69a028bb3ded71a3),
      UINT64_C(0xdf9f915627c04e28) },
    { UINT64_C(0xda01ee641a708de9), UINT64_C(0xe80e6f4820cc9495),
      UINT64_C(0xd74baad03bc1d8d3) },
    { UINT64_C(0xb01ae745b101e9e4), UINT64_C(0x5ec05dcff72e7f8f),
      UINT64_C(0xc04c79ffe324301f) },
    { UINT64_C(0x8e41ade9fbebc27d), UINT64_C(0x14588f13be847307),
      UINT64_C(0x23bd6a2059c002f5) },
    { UINT64_C(0xe5d3ef282a242e81), UINT64_C(0x8f1668c8a86da5fa),
      UINT64_C(0xf0b5ccf5176ecc7c) },
    { UINT64_C(0xb9a74a0637ce2ee1), UINT64_C(0x6d953e2bd7173692),
      UINT64_C(0x88efb0037ac08bde) },
    { UINT64_C(0x95f83d0a1fb69cd9), UINT64_C(0x4abdaf101564f98e),
      UINT64_C(0x0d5a4af7b3a98e47) },
    { UINT64_C(0xf24a01a73cf2dccf), UINT64_C(0xbc633b39673c8cec),
      UINT64_C(0x3d9c44cd2f36917c) },
    { UINT64_C(0xc3b8358109e84f07), UINT64_C(0x0a862f80ec4700c8),
      UINT64_C(0x02606ea01029dc37) },
    { UINT64_C(0x9e19db92b4e31ba9), UINT64_C(0x6c07a2c26a8346d1),
      UINT64_C(0x4944d9f52cd0dec2) },
};

static const uint64_t pow5[STEP] = {
    UINT64_C(1),
    UINT64_C(5),
    UINT64_C(25),
    UINT64_C(125),
    UINT64_C(625),
    UINT64_C(3125),
    UINT64_C(15625),
    UINT64_C(78125),
    UINT64_C(390625),
    UINT64_C(1953125),
    UINT64_C(9765625),
    UINT64_C(48828125),
    UINT64_C(244140625),
    UINT64_C(1220703125),
    UINT64_C(6103515625),
    UINT64_C(30517578125),
    UINT64_C(152587890625),
    UINT64_C(762939453125),
    UINT64_C(3814697265625),
    UINT64_C(19073486328125),
    UINT64_C(95367431640625),
    UINT64_C(476837158203125),
    UINT64_C(2384185791015625),
    UINT64_C(11920928955078125),
    UINT64_C(59604644775390625),
    UINT64_C(298023223876953125),
    UINT64_C(1490116119384765625),
};

struct rn_wide rn_pow10(int k)
{
    unsigned at = (unsigned)(k - RN_POW10_MIN);
    struct rn_wide top, mid, g;
    const uint64_t *b;
    uint64_t five, carry, low;
    unsigned shift;

    RN_ASSERT(k >= RN_POW10_MIN && k <= RN_POW10_MAX);
    b = base[at / STEP];
    five = pow5[at % STEP];
    top = rn_wide_mul(b[0], five);
    mid = rn_wide_mul(b[1], five);
    carry = rn_wide_mul(b[2], five).hi;
    /* The product is four words: top.hi, g.lo, low and one not looked at. */
    low = mid.lo + carry;
    mid.hi += low < carry;
    g.lo = top.lo + mid.hi;
    g.hi = top.hi + (g.lo < mid.hi);
    if (g.hi == 0) {
        g.hi = g.lo;
        g.lo = low;
        /* Only for five == 1: what falls off the end is a zero word. */
        return g;
    }
    /* As many as `five` leaves of its word, floor(log2(5^j)) being a product,
     * and one more where the factors' leading digits multiply to less. */
    shift = 63 - (at % STEP * 152170 >> 16);
    shift += !(g.hi << shift >> 63);
    if (shift == 0)
        return g;
    g.hi = g.hi << shift | g.lo >> (64 - shift);
    g.lo = g.lo << shift | low >> (64 - shift);
    return g;
}
