/* core/crc64_portable.c: rn_crc64() where the board has nothing faster than
 * the tables; a build with hardware for it lists another file instead.
 */
#include "core/crc64.h"

uint64_t rn_crc64(uint64_t crc, const void *p, size_t n)
{
    return rn_crc64_table(crc, p, n);
}
