/* identity/hash.c: see identity/hash.h.
 *
 * The return values of mbedTLS are not looked at: branch 2.28 has none under
 * these names, computing in software can't fail, and where hardware does it a
 * failure shows at once, because the service refuses the request.
 */
#include "identity/hash.h"

#include <mbedtls/platform_util.h>
#include <string.h>

void rn_wipe(void *p, size_t n)
{
    if (n > 0)
        mbedtls_platform_zeroize(p, n);
}

void rn_hmac_init(struct rn_hmac *h, struct rn_bytes key)
{
    uint8_t pad[64] = { 0 };

    mbedtls_sha256_init(&h->inner);
    if (key.n > sizeof pad) {
        (void)mbedtls_sha256_starts(&h->inner, 0);
        (void)mbedtls_sha256_update(&h->inner, key.p, key.n);
        (void)mbedtls_sha256_finish(&h->inner, pad);
    } else if (key.n > 0) {
        memcpy(pad, key.p, key.n);
    }
    for (size_t i = 0; i < sizeof pad; i++) {
        h->outer[i] = pad[i] ^ 0x5c;
        pad[i] ^= 0x36;
    }
    (void)mbedtls_sha256_starts(&h->inner, 0);
    (void)mbedtls_sha256_update(&h->inner, pad, sizeof pad);
    rn_wipe(pad, sizeof pad);
}

void rn_hmac_add(struct rn_hmac *h, struct rn_bytes part)
{
    if (part.n > 0)
        (void)mbedtls_sha256_update(&h->inner, part.p, part.n);
}

void rn_hmac_done(struct rn_hmac *h, uint8_t mac[RN_SHA256])
{
    (void)mbedtls_sha256_finish(&h->inner, mac);
    (void)mbedtls_sha256_starts(&h->inner, 0);
    (void)mbedtls_sha256_update(&h->inner, h->outer, sizeof h->outer);
    (void)mbedtls_sha256_update(&h->inner, mac, RN_SHA256);
    (void)mbedtls_sha256_finish(&h->inner, mac);
    mbedtls_sha256_free(&h->inner);
    rn_wipe(h->outer, sizeof h->outer);
}

void rn_md5_init(struct rn_md5 *m)
{
    mbedtls_md5_init(&m->ctx);
    (void)mbedtls_md5_starts(&m->ctx);
}

void rn_md5_add(struct rn_md5 *m, struct rn_bytes part)
{
    if (part.n > 0)
        (void)mbedtls_md5_update(&m->ctx, part.p, part.n);
}

void rn_md5_done(struct rn_md5 *m, uint8_t sum[RN_MD5])
{
    (void)mbedtls_md5_finish(&m->ctx, sum);
    mbedtls_md5_free(&m->ctx);
}
