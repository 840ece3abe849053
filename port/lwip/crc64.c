/* lwip/crc64.c: rn_crc64() where flash is dearest: four bits a step from a
 * table of 128 bytes, where agent/core/crc64_portable.c has 2 KiB for eight.
 */
#include "core/crc64.h"

/* The checksum register after four bits, CRC-64/NVME bit-reflected. */
static const uint64_t after[16] = {
    UINT64_C(0x0000000000000000), UINT64_C(0x78E0FF3B88BE6F81),
    UINT64_C(0xF1C1FE77117CDF02), UINT64_C(0x8921014C99C2B083),
    UINT64_C(0xD75ADABD7A6E2D6F), UINT64_C(0xAFBA2586F2D042EE),
    UINT64_C(0x269B24CA6B12F26D), UINT64_C(0x5E7BDBF1E3AC9DEC),
    UINT64_C(0x9A6C9329AC4BC9B5), UINT64_C(0xE28C6C1224F5A634),
    UINT64_C(0x6BAD6D5EBD3716B7), UINT64_C(0x134D926535897936),
    UINT64_C(0x4D364994D625E4DA), UINT64_C(0x35D6B6AF5E9B8B5B),
    UINT64_C(0xBCF7B7E3C7593BD8), UINT64_C(0xC41748D84FE75459),
};

uint64_t rn_crc64(uint64_t crc, const void *p, size_t n)
{
    const uint8_t *b = p;
    uint64_t r = ~crc;

    for (; n > 0; n--, b++) {
        r ^= *b;
        r = (r >> 4) ^ after[r & 15];
        r = (r >> 4) ^ after[r & 15];
    }
    return ~r;
}
