/* boards/mbedtls_config.h: mbedTLS for boards: the agent's own configuration
 * (agent/tls/mbedtls_config.h) less what a small client can do without.
 *
 * What goes: ciphers and curves that no server needs when it has the others,
 * speed that costs memory, assembly for other processors. Tables stay in flash
 * and the window of elliptic curves is small. What a server may send stays
 * 16 KiB, since that is its right; what we send is 2 KiB, which costs a percent.
 */
#ifndef BOARDS_MBEDTLS_CONFIG_H
#define BOARDS_MBEDTLS_CONFIG_H

#include "tls/mbedtls_config.h"

#undef MBEDTLS_AESNI_C
#undef MBEDTLS_AESCE_C
#define MBEDTLS_AES_ROM_TABLES
#define MBEDTLS_SHA256_SMALLER
#define MBEDTLS_SHA512_SMALLER
#define MBEDTLS_ECP_WINDOW_SIZE        2
#define MBEDTLS_ECP_FIXED_POINT_OPTIM  0
#define MBEDTLS_MPI_WINDOW_SIZE        1
#define MBEDTLS_MPI_MAX_SIZE           512

#undef MBEDTLS_SSL_OUT_CONTENT_LEN
#define MBEDTLS_SSL_OUT_CONTENT_LEN 2048

#endif
