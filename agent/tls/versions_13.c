/* tls/versions_13.c: TLS 1.2 and 1.3; see tls/versions.h. */
#include <psa/crypto.h>

#include "tls/platform.h"
#include "tls/versions.h"

/* AES first: where the processor has no help for it, the same work in software
 * is still within what a link takes.
 */
static const int suites[] = {
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
    MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    0,
};

void rn_tls_versions(mbedtls_ssl_config *conf)
{
    mbedtls_ssl_conf_ciphersuites(conf, suites);
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
        conf, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
}

/* PSA's own source of chance is the port, as for the rest of mbedTLS. */
psa_status_t mbedtls_psa_external_get_random(
    mbedtls_psa_external_random_context_t *ctx, uint8_t *to, size_t size,
    size_t *len)
{
    (void)ctx;
    if (rn_tls_random(NULL, to, size) != 0)
        return PSA_ERROR_INSUFFICIENT_ENTROPY;
    *len = size;
    return PSA_SUCCESS;
}

int rn_tls_crypto_start(void)
{
    return psa_crypto_init() == PSA_SUCCESS ? RN_OK : RN_E_FULL;
}

void rn_tls_crypto_stop(void)
{
    mbedtls_psa_crypto_free();
}
