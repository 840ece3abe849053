/* sim/blob_auth.c: who may do what: Shared Key and SAS, verified for real; see
 * sim/blob.h. "Authorize with Shared Key" and "Create a service SAS" of the
 * Blob service's REST pages.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base64.h"
#include "identity/hash.h"
#include "identity/stamp.h"
#include "sim.h"
#include "sim/blob.h"

#define SKEW_US (INT64_C(15) * 60 * 1000000)

const char blob_key[] =
    "c2ltQ0FOQVJZc2VjcmV0IG9mIGEgc2ltdWxhdGVkIGFjY291bnQsIDY0IGJ5dGVzIGxvbmcg"
    "aXQgaXMhISEhISEhISEhIQ==";

static void sign(const char *text, char to[48])
{
    uint8_t key[96], mac[RN_SHA256];
    struct rn_hmac h;
    int n = rn_base64_decode(blob_key, strlen(blob_key), key, sizeof key);

    RN_ASSERT(n > 0);
    rn_hmac_init(&h, (struct rn_bytes){ key, (size_t)n });
    rn_hmac_add(&h, rn_bytes_of(text));
    rn_hmac_done(&h, mac);
    to[rn_base64(mac, sizeof mac, to)] = 0;
}

static int refuse(struct blob_answer *a, int status, const char *code)
{
    a->status = status;
    a->code = code;
    blob_figures.unauthorized++;
    return RN_E_AUTH;
}

/* -- shared key ------------------------------------------------------------ */

struct text {
    char p[4096];
    size_t n;
};

static void put(struct text *t, const char *p, size_t n)
{
    RN_ASSERT(t->n + n < sizeof t->p);
    memcpy(t->p + t->n, p, n);
    t->n += n;
    t->p[t->n] = 0;
}

static void put_text(struct text *t, const char *p)
{
    put(t, p, strlen(p));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_own_headers(struct text *t, const struct blob_request *q)
{
    const char *name[BLOB_HEADERS];
    size_t n = 0;

    for (size_t i = 0; i < q->headers; i++) {
        if (strncmp(q->header[i].name, "x-ms-", 5) == 0)
            name[n++] = q->header[i].name;
    }
    qsort(name, n, sizeof *name, by_name);
    for (size_t i = 0; i < n; i++) {
        struct blob_text v = blob_header(q, name[i]);

        put_text(t, name[i]);
        put_text(t, ":");
        put(t, v.p, v.n);
        put_text(t, "\n");
    }
}

static void put_parameters(struct text *t, const struct blob_request *q)
{
    static const char *const known[] = { "blockid", "comp", "restype" };
    char value[200];

    for (size_t i = 0; i < RN_COUNTOF(known); i++) {
        if (!blob_parameter(q, known[i], value, sizeof value))
            continue;
        put_text(t, "\n");
        put_text(t, known[i]);
        put_text(t, ":");
        put_text(t, value);
    }
}

static void string_to_sign(struct text *t, const struct blob_request *q)
{
    static const char *const standard[] = { "content-encoding",
                                            "content-language",
                                            "content-length",
                                            "content-md5",
                                            "content-type",
                                            "date",
                                            "if-modified-since",
                                            "if-match",
                                            "if-none-match",
                                            "if-unmodified-since",
                                            "range" };

    t->n = 0;
    put_text(t, q->method);
    put_text(t, "\n");
    for (size_t i = 0; i < RN_COUNTOF(standard); i++) {
        struct blob_text v = blob_header(q, standard[i]);

        if (v.p && !(i == 2 && blob_is(v, "0")))
            put(t, v.p, v.n);
        put_text(t, "\n");
    }
    put_own_headers(t, q);
    put_text(t, "/" BLOB_ACCOUNT);
    put(t, q->path.p, q->path.n);
    put_parameters(t, q);
}

static int check_key(const struct blob_request *q, struct blob_answer *a)
{
    struct blob_text given = blob_header(q, "authorization");
    struct blob_text date = blob_header(q, "x-ms-date");
    char want[120], mac[48];
    struct text t;
    int64_t at;

    if (!date.p ||
        rn_stamp_from_http((struct rn_bytes){ (const uint8_t *)date.p, date.n },
                           &at) < 0)
        return refuse(a, 403, "AuthenticationFailed");
    at -= sim_true_wall();
    if (at > SKEW_US || at < -SKEW_US)
        return refuse(a, 403, "AuthenticationFailed");
    string_to_sign(&t, q);
    sign(t.p, mac);
    (void)snprintf(want, sizeof want, "SharedKey " BLOB_ACCOUNT ":%s", mac);
    if (!blob_is(given, want))
        return refuse(a, 403, "AuthenticationFailed");
    return RN_OK;
}

/* -- shared access signatures ---------------------------------------------- */

struct token {
    char sp[16], st[32], se[32], spr[16], sv[16], sr[4], sig[64];
};

/* A service SAS of a container, version 2020-12-06 or later. */
static void sas_text(const struct token *k, char *to, size_t cap)
{
    (void)snprintf(to, cap,
                   "%s\n%s\n%s\n/blob/" BLOB_ACCOUNT "/" BLOB_BOX
                   "\n\n\n%s\n%s\n%s\n\n\n\n\n\n\n",
                   k->sp, k->st, k->se, k->spr, k->sv, k->sr);
}

static void iso(int64_t us, char to[32])
{
    static const char *const months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char http[RN_STAMP_HTTP]; /* Sun, 22 Nov 2026 17:37:14 GMT */
    char month[4] = "";
    const char *at;

    rn_stamp_http(us, http);
    memcpy(month, http + 8, 3);
    at = strstr(months, month);
    RN_ASSERT(at);
    (void)snprintf(to, 32, "%.4s-%02d-%.2sT%.8sZ", http + 12,
                   (int)(at - months) / 3 + 1, http + 5, http + 17);
}

static void encode(const char *p, char *to)
{
    for (; *p; p++) {
        if (strchr("+/=:", *p)) {
            (void)snprintf(to, 4, "%%%02X", (unsigned)(uint8_t)*p);
            to += 3;
        } else {
            *to++ = *p;
        }
    }
    *to = 0;
}

void blob_mint(const struct blob_token *t, char *to, size_t cap)
{
    struct token k = { .sv = "2021-12-02", .sr = "c" };
    char text[400], sig[200], st[100] = "", se[100];

    (void)snprintf(k.sp, sizeof k.sp, "%s", t->rights);
    (void)snprintf(k.spr, sizeof k.spr, "%s",
                   t->https_only ? "https" : "https,http");
    if (t->from_us > 0)
        iso(t->from_us, k.st);
    iso(t->to_us, k.se);
    sas_text(&k, text, sizeof text);
    sign(text, k.sig);
    encode(k.sig, sig);
    encode(k.se, se);
    if (k.st[0]) {
        (void)snprintf(st, sizeof st, "&st=");
        encode(k.st, st + 4);
    }
    (void)snprintf(to, cap, "sv=%s&sr=c%s&se=%s&sp=%s&spr=%s&sig=%s", k.sv, st,
                   se, k.sp, k.spr, sig);
}

static bool moment(const char *text, int64_t *us)
{
    return rn_stamp_from_iso(rn_bytes_of(text), us) == RN_OK;
}

static bool has_right(const struct token *k, enum fault_on op)
{
    switch (op) {
    case ON_HEAD:
    case ON_GET:
        return strchr(k->sp, 'r') != NULL;
    case ON_DELETE:
        return strchr(k->sp, 'd') != NULL;
    default:
        return strchr(k->sp, 'w') != NULL;
    }
}

static int check_sas(const struct blob_request *q, struct blob_answer *a)
{
    struct token k;
    char text[400], want[48];
    int64_t from = 0, to;

    memset(&k, 0, sizeof k);
    if (!blob_parameter(q, "sv", k.sv, sizeof k.sv) ||
        !blob_parameter(q, "sr", k.sr, sizeof k.sr) ||
        !blob_parameter(q, "se", k.se, sizeof k.se) ||
        !blob_parameter(q, "sp", k.sp, sizeof k.sp))
        return refuse(a, 403, "AuthenticationFailed");
    (void)blob_parameter(q, "st", k.st, sizeof k.st);
    (void)blob_parameter(q, "spr", k.spr, sizeof k.spr);
    (void)blob_parameter(q, "sig", k.sig, sizeof k.sig);
    sas_text(&k, text, sizeof text);
    sign(text, want);
    if (strcmp(want, k.sig) != 0 || !moment(k.se, &to) ||
        (k.st[0] && !moment(k.st, &from)))
        return refuse(a, 403, "AuthenticationFailed");
    if (sim_true_wall() >= to || sim_true_wall() < from)
        return refuse(a, 403, "AuthenticationFailed");
    if (strcmp(k.spr, "https") == 0)
        return refuse(a, 403, "AuthorizationProtocolMismatch");
    if (!has_right(&k, q->op))
        return refuse(a, 403, "AuthorizationPermissionMismatch");
    return RN_OK;
}

int blob_authorize(const struct blob_request *q, struct blob_answer *a)
{
    char sig[64];

    if (blob_header(q, "authorization").p)
        return check_key(q, a);
    if (blob_parameter(q, "sig", sig, sizeof sig))
        return check_sas(q, a);
    blob_breaks("%s without a credential", q->method);
    return refuse(a, 401, "NoAuthenticationInformation");
}
