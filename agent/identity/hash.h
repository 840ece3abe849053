/* identity/hash.h: the two hashes that Azure asks for, without allocation.
 *
 * HMAC-SHA256 signs requests; MD5 only tells the service whether a body
 * arrived unchanged. mbedTLS computes both; its md layer would allocate a
 * context, so the plain ones are used and HMAC is built on top (RFC 2104).
 */
#ifndef IDENTITY_HASH_H
#define IDENTITY_HASH_H

#include "runnel/base.h"

#include <mbedtls/md5.h>
#include <mbedtls/sha256.h>

#define RN_SHA256 32
#define RN_MD5    16

struct rn_hmac {
    mbedtls_sha256_context inner;
    uint8_t outer[64]; /* the key, padded to a block and masked */
};

/* init -> add ... -> done, which also wipes. */
void rn_hmac_init(struct rn_hmac *h, struct rn_bytes key);
void rn_hmac_add(struct rn_hmac *h, struct rn_bytes part);
void rn_hmac_done(struct rn_hmac *h, uint8_t mac[RN_SHA256]);

struct rn_md5 {
    mbedtls_md5_context ctx;
};

void rn_md5_init(struct rn_md5 *m);
void rn_md5_add(struct rn_md5 *m, struct rn_bytes part);
void rn_md5_done(struct rn_md5 *m, uint8_t sum[RN_MD5]);

/* Overwrite a secret in a way that compilers may not remove. */
void rn_wipe(void *p, size_t n);

#endif
