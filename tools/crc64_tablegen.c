/* tools/crc64_tablegen.c: prints the tables of agent/core/crc64.c, at build
 * time on the host: table[k][b] is the checksum register after byte b and k
 * zero bytes, so that eight bytes are one step of eight look-ups.
 */
#include <inttypes.h>
#include <stdio.h>

#define POLYNOMIAL UINT64_C(0x9A6C9329AC4BC9B5) /* reflected */

int main(void)
{
    static uint64_t table[8][256];

    for (unsigned b = 0; b < 256; b++) {
        uint64_t r = b;

        for (unsigned bit = 0; bit < 8; bit++)
            r = (r >> 1) ^ ((r & 1) ? POLYNOMIAL : 0);
        table[0][b] = r;
    }
    for (unsigned k = 1; k < 8; k++) {
        for (unsigned b = 0; b < 256; b++) {
            uint64_t r = table[k - 1][b];

            table[k][b] = (r >> 8) ^ table[0][r & 0xff];
        }
    }
    printf("static const uint64_t table[8][256] = {\n");
    for (unsigned k = 0; k < 8; k++) {
        printf("{\n");
        for (unsigned b = 0; b < 256; b++)
            printf("UINT64_C(0x%016" PRIX64 "),\n", table[k][b]);
        printf("},\n");
    }
    printf("};\n");
    return 0;
}
