/* tls/verify.h: what was wrong with a certificate, in words.
 *
 * "Certificate verify failed" sends people looking in the wrong place; each
 * way to fail has its own sentence, with the name, the day and the file that
 * settle it.
 */
#ifndef TLS_VERIFY_H
#define TLS_VERIFY_H

#include <mbedtls/x509_crt.h>

#include "runnel/base.h"

struct rn_verify {
    const char *host;  /* what must be named; borrowed              */
    const char *roots; /* the bundle's path; borrowed               */
    uint8_t ip[16];    /* of a numeric host                         */
    size_t ip_len;     /* 0: a name, which mbedTLS itself checks    */
    uint32_t flags;    /* MBEDTLS_X509_BADCERT_..., of the whole chain */
    bool self_signed;
    mbedtls_x509_time limit; /* of the first certificate out of time */
    char name[64];           /* one that the certificate does name   */
    char issuer[64];         /* who signed the top of the chain      */
};

void rn_verify_begin(struct rn_verify *v, const char *host, const char *roots);

/* For mbedtls_ssl_set_verify(): looks on, and checks the address of a host
 * that is a number. `ctx` is the struct rn_verify.
 */
int rn_verify_look(void *ctx, mbedtls_x509_crt *crt, int depth,
                   uint32_t *flags);

/* The sentence; `cap` bytes with NUL. */
void rn_verify_words(const struct rn_verify *v, char *to, size_t cap);

#endif
