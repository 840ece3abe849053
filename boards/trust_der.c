/* boards/trust_der.c: trusted authorities as DER in flash, in the place of
 * agent/tls/trust.c, which reads a file. See tls/trust.h.
 *
 * The board's rn_board_roots() points to certificates one behind the other.
 * They are read where they stand: what is parsed is a few hundred bytes of
 * RAM, and the key.
 */
#include "tls/trust.h"

#include <mbedtls/asn1.h>
#include <mbedtls/platform.h>
#include <string.h>

#include "boards/trust_der.h"

/* Roots of one name that are tried: an authority's old and new key. */
#define SAME_NAME 4u

size_t rn_trust_need(void)
{
    return 0;
}

/* Bytes of the certificate at `p`, 0 when there is none: a SEQUENCE says its
 * own length.
 */
static size_t certificate_at(const uint8_t *p, size_t left)
{
    unsigned char *at = (unsigned char *)(uintptr_t)p;
    size_t n;
    if (left == 0 || mbedtls_asn1_get_tag(&at, p + left, &n,
                                          MBEDTLS_ASN1_CONSTRUCTED |
                                              MBEDTLS_ASN1_SEQUENCE) != 0)
        return 0;
    return (size_t)(at - p) + n;
}

int rn_trust_init(struct rn_trust *t, const char *path, struct rn_arena *mem,
                  struct rn_error *error)
{
    size_t len;
    const uint8_t *p = rn_board_roots(&len);
    (void)mem;
    memset(t, 0, sizeof *t);
    t->path = "this device's flash";
    if (path[0] != 0)
        return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                       "tls.ca: this device has its authorities in flash");
    if (certificate_at(p, len) > 0)
        return RN_OK;
    return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                   "no trusted authority in this device's flash");
}

/* One more of the list, if it is the issuer that is asked for: 1, 0, or an
 * error of mbedTLS.
 */
static int add(mbedtls_x509_crt **found, const uint8_t *p, size_t n,
               const mbedtls_x509_crt *child)
{
    mbedtls_x509_crt *one = mbedtls_calloc(1, sizeof *one);
    if (one == NULL)
        return MBEDTLS_ERR_X509_ALLOC_FAILED;
    mbedtls_x509_crt_init(one);
    int err = mbedtls_x509_crt_parse_der_nocopy(one, p, n);
    /* RFC 5280 4.1.2.6: both names are to be encoded the same. */
    if (err == 0 && one->subject_raw.len == child->issuer_raw.len &&
        memcmp(one->subject_raw.p, child->issuer_raw.p,
               child->issuer_raw.len) == 0) {
        one->next = *found;
        *found = one;
        return 1;
    }
    mbedtls_x509_crt_free(one);
    mbedtls_free(one);
    /* One that cannot be read is as good as absent; the heap counts what it
     * refuses, so that memory that is short is told as that.
     */
    return 0;
}

int rn_trust_find(void *ctx, const mbedtls_x509_crt *child,
                  mbedtls_x509_crt **found)
{
    size_t left;
    const uint8_t *p = rn_board_roots(&left);
    unsigned n = 0;
    (void)ctx;
    *found = NULL;
    for (size_t len; n < SAME_NAME && (len = certificate_at(p, left)) > 0;
         p += len, left -= len) {
        int err = add(found, p, len, child);
        if (err >= 0) {
            n += (unsigned)err;
            continue;
        }
        if (*found != NULL) {
            mbedtls_x509_crt_free(*found); /* and those behind it */
            mbedtls_free(*found);
            *found = NULL;
        }
        return err;
    }
    return 0;
}
