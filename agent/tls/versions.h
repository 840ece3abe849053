/* tls/versions.h: which versions of TLS an image speaks.
 *
 * versions_13.c: 1.2 and 1.3. 1.3 needs mbedTLS's PSA half beside the other,
 * some 40 KiB of code, so small boards list versions_12.c in its place.
 */
#ifndef TLS_VERSIONS_H
#define TLS_VERSIONS_H

#include <mbedtls/ssl.h>

#include "runnel/base.h"

/* Set the ciphers, and what else differs between versions. */
void rn_tls_versions(mbedtls_ssl_config *conf);

/* Start the cryptography that these versions need, once mbedTLS has its heap:
 * RN_OK, or RN_E_FULL when the heap is too small.
 */
int rn_tls_crypto_start(void);
void rn_tls_crypto_stop(void);

#endif
