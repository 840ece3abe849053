/* tls/verify.c: see tls/verify.h. */
#include "tls/verify.h"

#include <string.h>

#include "core/format.h"
#include "tls/address.h"
#include "tls/platform.h"

/* GeneralName's tags, RFC 5280 4.2.1.6 */
#define SAN_DNS 2
#define SAN_IP  7

void rn_verify_begin(struct rn_verify *v, const char *host, const char *roots)
{
    memset(v, 0, sizeof *v);
    v->host = host;
    v->roots = roots;
    v->ip_len = rn_address_of(host, v->ip);
}

/* What a certificate says is a stranger's text. */
static void keep_text(char *to, size_t cap, const unsigned char *p, size_t n)
{
    size_t i = 0;
    for (; i < n && i + 1 < cap; i++)
        to[i] = (char)(p[i] >= ' ' && p[i] < 0x7f ? p[i] : '?');
    to[i] = 0;
}

/* The address among the certificate's names; else note one it does have. */
static void look_at_names(struct rn_verify *v, const mbedtls_x509_crt *crt,
                          uint32_t *flags)
{
    bool found = false;
    const mbedtls_x509_sequence *at = &crt->subject_alt_names;
    for (; at != NULL && at->buf.p != NULL; at = at->next) {
        int tag = at->buf.tag & 0x1f;
        if (tag == SAN_IP && at->buf.len == v->ip_len &&
            memcmp(at->buf.p, v->ip, v->ip_len) == 0)
            found = true;
        if (tag == SAN_DNS && v->name[0] == 0)
            keep_text(v->name, sizeof v->name, at->buf.p, at->buf.len);
    }
    if (v->ip_len > 0 && !found)
        *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
}

/* The last common name of a distinguished name. */
static void keep_name(char *to, size_t cap, const mbedtls_x509_name *name)
{
    static const unsigned char common_name[3] = { 0x55, 0x04, 0x03 };
    for (; name != NULL; name = name->next)
        if (name->oid.len == sizeof common_name &&
            memcmp(name->oid.p, common_name, sizeof common_name) == 0)
            keep_text(to, cap, name->val.p, name->val.len);
}

int rn_verify_look(void *ctx, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
    struct rn_verify *v = ctx;
    if (depth == 0)
        look_at_names(v, crt, flags);
    if ((*flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0) {
        keep_name(v->issuer, sizeof v->issuer, &crt->issuer);
        v->self_signed = depth == 0 &&
                         crt->issuer_raw.len == crt->subject_raw.len &&
                         memcmp(crt->issuer_raw.p, crt->subject_raw.p,
                                crt->issuer_raw.len) == 0;
    }
    uint32_t untimely =
        MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE;
    if ((*flags & untimely) != 0 && (v->flags & untimely) == 0)
        v->limit = (*flags & MBEDTLS_X509_BADCERT_EXPIRED) != 0
                       ? crt->valid_to
                       : crt->valid_from;
    v->flags |= *flags;
    return 0;
}

static void say_time(const struct rn_verify *v, char *to, size_t cap)
{
    char today[11];
    rn_tls_today(today);
    bool over = (v->flags & MBEDTLS_X509_BADCERT_EXPIRED) != 0;
    (void)rn_format(to, cap,
                    "the certificate %s %04d-%02d-%02d (this machine's clock "
                    "says %s)",
                    over ? "expired on" : "is not valid before", v->limit.year,
                    v->limit.mon, v->limit.day, today);
}

static void say_trust(const struct rn_verify *v, char *to, size_t cap)
{
    if (v->self_signed)
        (void)rn_format(to, cap,
                        "the certificate is self-signed and not in %.80s",
                        v->roots);
    else
        (void)rn_format(to, cap,
                        "no authority in %.60s vouches for the certificate "
                        "(issuer %.40s)",
                        v->roots, v->issuer[0] != 0 ? v->issuer : "unnamed");
}

/* In the order of what a person should look at first: a wrong clock makes
 * everything else doubtful.
 */
void rn_verify_words(const struct rn_verify *v, char *to, size_t cap)
{
    const uint32_t weak = MBEDTLS_X509_BADCERT_BAD_MD |
                          MBEDTLS_X509_BADCERT_BAD_PK |
                          MBEDTLS_X509_BADCERT_BAD_KEY;
    const uint32_t usage = MBEDTLS_X509_BADCERT_KEY_USAGE |
                           MBEDTLS_X509_BADCERT_EXT_KEY_USAGE |
                           MBEDTLS_X509_BADCERT_NS_CERT_TYPE;
    const uint32_t untimely =
        MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE;
    if ((v->flags & untimely) != 0)
        say_time(v, to, cap);
    else if ((v->flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0)
        say_trust(v, to, cap);
    else if ((v->flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0)
        (void)rn_format(to, cap,
                        "the certificate does not name %.60s (it names %.50s)",
                        v->host, v->name[0] != 0 ? v->name : "no host");
    else if ((v->flags & weak) != 0)
        (void)rn_format(to, cap, "the certificate has a weak signature or key");
    else if ((v->flags & usage) != 0)
        (void)rn_format(to, cap, "the certificate is not meant for a server");
    else
        (void)rn_format(to, cap, "the certificate was refused (0x%x)",
                        (unsigned)v->flags);
}
