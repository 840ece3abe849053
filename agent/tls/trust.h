/* tls/trust.h: the authorities we believe, read when they are asked for.
 *
 * A bundle holds 150 roots and parsed they take half a megabyte. A chain needs
 * one of them, so the file is scanned for the issuer of the certificate at
 * hand and only matches are parsed. The scan needs the same few KiB for every
 * bundle, takes a millisecond or two, and sees a bundle replaced while we run.
 */
#ifndef TLS_TRUST_H
#define TLS_TRUST_H

#include <mbedtls/x509_crt.h>

#include "runnel/arena.h"
#include "runnel/error.h"
#include "runnel/file.h"
#include "runnel/port.h"

#define RN_TRUST_READ 4096u /* read at once                            */
#define RN_TRUST_DER  8192u /* largest authority; others are passed by */

struct rn_trust {
    const char *path; /* borrowed */
    uint8_t *text;    /* RN_TRUST_READ */
    uint8_t *der;     /* RN_TRUST_DER  */
    unsigned skipped; /* certificates too large or no certificates, in the
                       * scan that came last                               */
    char why[RN_WHY]; /* set when a scan could not read the file           */
};

size_t rn_trust_need(void);

/* `path` "": the first of the usual places that exists. RN_E_CONFIG, with a
 * text, when the file cannot be read or holds no certificate.
 */
int rn_trust_init(struct rn_trust *t, const char *path, struct rn_arena *mem,
                  struct rn_error *error);

/* For mbedtls_ssl_conf_ca_cb(): the authorities that may have signed `child`;
 * `ctx` is the struct rn_trust.
 */
int rn_trust_find(void *ctx, const mbedtls_x509_crt *child,
                  mbedtls_x509_crt **found);

#endif
