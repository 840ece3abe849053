/* core/crc64_portable.c: rn_crc64() where flash is dearer than time: a byte a
 * step from a table of 2 KiB, where rn_crc64_table() has 16 (the linker drops
 * what nobody calls). A build with hardware for it lists another file instead.
 */
#include "core/crc64.h"

#include "crc64_bytes_table.h"

uint64_t rn_crc64(uint64_t crc, const void *p, size_t n)
{
    const uint8_t *b = p;
    uint64_t r = ~crc;

    for (; n > 0; n--, b++)
        r = (r >> 8) ^ table[(r ^ *b) & 0xff];
    return ~r;
}
