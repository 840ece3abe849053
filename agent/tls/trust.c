/* tls/trust.c: see tls/trust.h. */
#include "tls/trust.h"

#include <mbedtls/asn1.h>
#include <mbedtls/platform.h>
#include <string.h>

#include "core/base64.h"
#include "core/format.h"

/* Authorities of one name that are looked at: a root and its renewals. */
#define SAME_NAME 4u

/* Where distributions keep their bundle. */
static const char *const usual[] = {
    "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Alpine */
    "/etc/pki/tls/certs/ca-bundle.crt",                  /* Fedora, RHEL   */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* RHEL 7         */
    "/etc/ssl/ca-bundle.pem",                            /* openSUSE       */
    "/etc/ssl/cert.pem",                                 /* Alpine, BSD    */
};

/* A walk through the PEM file.
 *
 *   OUTSIDE --BEGIN line--> INSIDE --END line--> OUTSIDE, one certificate done
 */
struct scan {
    struct rn_trust *trust;
    struct rn_file_handle file;
    uint64_t offset; /* of the next read */
    size_t at;       /* in trust->text   */
    size_t have;
    char line[80]; /* RFC 7468: at most 64; longer ones are no PEM we know */
    size_t len;
};

size_t rn_trust_need(void)
{
    return RN_ROUND(RN_TRUST_READ) + RN_ROUND(RN_TRUST_DER);
}

/* The next line without its end and blanks: 1, 0 at the end, or an error. A
 * line that is too long is cut; its text is no certificate's.
 */
static int next_line(struct scan *s)
{
    bool any = false;
    s->len = 0;
    for (;;) {
        if (s->at == s->have) {
            int got = rn_file_read_at(&s->file, s->offset, s->trust->text,
                                      RN_TRUST_READ);
            if (got < 0)
                return got;
            if (got == 0)
                return any ? 1 : 0;
            s->offset += (uint64_t)got;
            s->have = (size_t)got;
            s->at = 0;
        }
        uint8_t c = s->trust->text[s->at++];
        any = true;
        if (c == '\n')
            return 1;
        if (c > ' ' || (c == ' ' && s->len > 0 && s->line[0] == '-'))
            if (s->len < sizeof s->line)
                s->line[s->len++] = (char)c;
    }
}

static bool line_is(const struct scan *s, const char *word)
{
    size_t n = strlen(word);
    return s->len == n && memcmp(s->line, word, n) == 0;
}

/* The next certificate of the file into trust->der: its length, 0 at the end
 * of the file, or an error. One that does not fit or decode is passed by.
 */
static int next_certificate(struct scan *s)
{
    bool inside = false;
    bool good = false;
    size_t len = 0;
    int got;
    while ((got = next_line(s)) > 0) {
        if (line_is(s, "-----BEGIN CERTIFICATE-----")) {
            inside = true;
            good = true;
            len = 0;
        } else if (inside && line_is(s, "-----END CERTIFICATE-----")) {
            inside = false;
            if (good && len > 0)
                return (int)len;
            s->trust->skipped++;
        } else if (inside && good) {
            int n = rn_base64_decode(s->line, s->len, s->trust->der + len,
                                     RN_TRUST_DER - len);
            good = n >= 0;
            len += good ? (size_t)n : 0;
        }
    }
    return got;
}

static int open_scan(struct scan *s, struct rn_trust *t)
{
    memset(s, 0, sizeof *s);
    s->trust = t;
    t->skipped = 0;
    t->why[0] = 0;
    return rn_file_open_read(&s->file, t->path, t->why);
}

/* Certificate: SEQUENCE { tbs: SEQUENCE { [0] version, serial, algorithm,
 * issuer, validity, subject, ...: the subject as it stands, tag and all.
 */
static int subject_of(unsigned char *der, size_t len, struct rn_bytes *subject)
{
    unsigned char *p = der;
    const unsigned char *end = der + len;
    const int sequence = MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE;
    size_t n;
    if (mbedtls_asn1_get_tag(&p, end, &n, sequence) != 0 ||
        mbedtls_asn1_get_tag(&p, end, &n, sequence) != 0)
        return RN_E_PEER;
    end = p + n;
    if (mbedtls_asn1_get_tag(&p, end, &n,
                             MBEDTLS_ASN1_CONTEXT_SPECIFIC |
                                 MBEDTLS_ASN1_CONSTRUCTED) == 0)
        p += n;
    if (mbedtls_asn1_get_tag(&p, end, &n, MBEDTLS_ASN1_INTEGER) != 0)
        return RN_E_PEER;
    p += n;
    for (int i = 0; i < 3; i++) {
        if (mbedtls_asn1_get_tag(&p, end, &n, sequence) != 0)
            return RN_E_PEER;
        p += n;
    }
    subject->p = p;
    if (mbedtls_asn1_get_tag(&p, end, &n, sequence) != 0)
        return RN_E_PEER;
    subject->n = (size_t)(p - subject->p) + n;
    return RN_OK;
}

static bool is_wanted(struct rn_trust *t, size_t len,
                      const mbedtls_x509_crt *child)
{
    struct rn_bytes subject;
    struct rn_bytes issuer = { child->issuer_raw.p, child->issuer_raw.len };
    if (subject_of(t->der, len, &subject) < 0) {
        t->skipped++;
        return false;
    }
    /* RFC 5280 4.1.2.6: both are to be encoded the same. */
    return rn_bytes_equal(subject, issuer);
}

static void drop(mbedtls_x509_crt *list)
{
    mbedtls_x509_crt_free(list); /* frees those behind the first as well */
    mbedtls_free(list);
}

int rn_trust_find(void *ctx, const mbedtls_x509_crt *child,
                  mbedtls_x509_crt **found)
{
    struct rn_trust *t = ctx;
    struct scan s;
    unsigned n = 0;
    *found = NULL;
    if (open_scan(&s, t) < 0)
        return MBEDTLS_ERR_X509_FILE_IO_ERROR;

    int len;
    int err = 0;
    while (n < SAME_NAME && (len = next_certificate(&s)) != 0) {
        if (len < 0) {
            (void)rn_format(t->why, sizeof t->why, "%.90s: cannot be read",
                            t->path);
            err = MBEDTLS_ERR_X509_FILE_IO_ERROR;
            break;
        }
        if (!is_wanted(t, (size_t)len, child))
            continue;
        if (*found == NULL)
            *found = mbedtls_calloc(1, sizeof **found);
        if (*found == NULL) {
            err = MBEDTLS_ERR_X509_ALLOC_FAILED;
            break;
        }
        /* An authority we can't read is as good as absent, but no memory is a
         * failure of its own; the heap counts it.
         */
        if (mbedtls_x509_crt_parse_der(*found, t->der, (size_t)len) == 0)
            n++;
        else
            t->skipped++;
    }
    rn_file_close(&s.file);
    if ((err != 0 || n == 0) && *found != NULL) {
        drop(*found);
        *found = NULL;
    }
    return err;
}

static const char *choose(const char *path)
{
    if (path[0] != 0)
        return path;
    for (size_t i = 0; i < RN_COUNTOF(usual); i++)
        if (rn_file_size(usual[i]) >= 0)
            return usual[i];
    return NULL;
}

int rn_trust_init(struct rn_trust *t, const char *path, struct rn_arena *mem,
                  struct rn_error *error)
{
    memset(t, 0, sizeof *t);
    t->path = choose(path);
    t->text = RN_TAKE(mem, uint8_t, RN_TRUST_READ);
    t->der = RN_TAKE(mem, uint8_t, RN_TRUST_DER);
    if (t->text == NULL || t->der == NULL)
        return rn_fail(error, RN_E_FULL, RN_AT_AGENT,
                       "no memory for the trusted certificates");
    if (t->path == NULL)
        return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                       "no bundle of trusted certificates in the usual places; "
                       "install ca-certificates or set tls.ca");
    struct scan s;
    if (open_scan(&s, t) < 0)
        return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                       "tls.ca: the trusted certificates cannot be read: %s",
                       t->why);
    int len = next_certificate(&s);
    rn_file_close(&s.file);
    if (len > 0)
        return RN_OK;
    return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG, "tls.ca: %s %s", t->path,
                   len == 0 ? "holds no PEM certificate (-----BEGIN "
                              "CERTIFICATE-----)"
                            : "cannot be read");
}
