/* compress/crc32_small.c: in place of crc32.c in an image without zlib: four
 * bits a step from a table of 64 bytes.
 */
#include "compress/crc32.h"

/* The checksum register after four bits, polynomial 0x04C11DB7 reflected. */
static const uint32_t after[16] = {
    0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
    0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
    0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};

uint32_t rn_crc32(uint32_t crc, const void *p, size_t n)
{
    const uint8_t *b = p;
    uint32_t r = ~crc;

    for (; n > 0; n--, b++) {
        r ^= *b;
        r = (r >> 4) ^ after[r & 15];
        r = (r >> 4) ^ after[r & 15];
    }
    return ~r;
}
