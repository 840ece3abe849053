/* tools/crc64_bytes_tablegen.c: prints the table of agent/core/crc64_portable.c
 * at build time on the host: the checksum register after each byte.
 */
#include <inttypes.h>
#include <stdio.h>

#define POLYNOMIAL UINT64_C(0x9A6C9329AC4BC9B5) /* reflected */

int main(void)
{
    printf("static const uint64_t table[256] = {\n");
    for (unsigned b = 0; b < 256; b++) {
        uint64_t r = b;

        for (unsigned bit = 0; bit < 8; bit++)
            r = (r >> 1) ^ ((r & 1) ? POLYNOMIAL : 0);
        printf("UINT64_C(0x%016" PRIX64 "),\n", r);
    }
    printf("};\n");
    return 0;
}
