/* boards/versions_12.c: TLS 1.2 only, in the place of agent/tls/versions_13.c;
 * see tls/versions.h.
 */
#include "tls/versions.h"

static const int suites[] = {
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    0,
};

void rn_tls_versions(mbedtls_ssl_config *conf)
{
    mbedtls_ssl_conf_ciphersuites(conf, suites);
}

int rn_tls_crypto_start(void)
{
    return RN_OK;
}

void rn_tls_crypto_stop(void)
{
}
