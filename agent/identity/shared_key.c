/* identity/shared_key.c: sign requests with an account's key.
 *
 * "Authorize with Shared Key" of the Blob service's REST pages, the form of
 * 2015-02-21 and later: an empty body has an empty length, x-ms-date stands in
 * for Date. Requests are signed as they are built; headers and parameters are
 * few, so that finding the next in order costs less than sorting a copy.
 */
#include "identity/hash.h"
#include "identity/identity.h"

#include "core/base64.h"
#include "core/format.h"

#include <string.h>

struct sink {
    void (*put)(void *ctx, struct rn_bytes part);
    void *ctx;
};

static void put(const struct sink *s, struct rn_bytes part)
{
    s->put(s->ctx, part);
}

static void put_text(const struct sink *s, const char *text)
{
    put(s, rn_bytes_of(text));
}

/* Case doesn't count in header names; `name` is lower-case here. */
static bool is_named(struct rn_bytes header, const char *name)
{
    if (header.n != strlen(name))
        return false;
    for (size_t i = 0; i < header.n; i++) {
        uint8_t c = header.p[i];
        if (c >= 'A' && c <= 'Z')
            c = (uint8_t)(c + 32);
        if (c != (uint8_t)name[i])
            return false;
    }
    return true;
}

/* The value of a standard header, or nothing, and the line's end. */
static void put_standard(const struct sink *s, const struct rn_auth_request *r,
                         const char *name)
{
    for (size_t i = 0; i < r->headers; i++) {
        if (is_named(r->header[i].name, name))
            put(s, r->header[i].value);
    }
    put_text(s, "\n");
}

static int compare(struct rn_bytes a, struct rn_bytes b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int d = n > 0 ? memcmp(a.p, b.p, n) : 0;

    return d != 0 ? d : (a.n > b.n) - (a.n < b.n);
}

static bool is_own(struct rn_bytes name)
{
    return name.n > 5 && memcmp(name.p, "x-ms-", 5) == 0;
}

/* The x-ms- header whose name follows that of `last` (NULL: the first). */
static const struct rn_http_header *next_own(const struct rn_auth_request *r,
                                             const struct rn_http_header *last)
{
    const struct rn_http_header *best = NULL;

    for (size_t i = 0; i < r->headers; i++) {
        const struct rn_http_header *h = &r->header[i];
        if (!is_own(h->name) || (last && compare(h->name, last->name) <= 0))
            continue;
        if (!best || compare(h->name, best->name) < 0)
            best = h;
    }
    return best;
}

static struct rn_bytes trimmed(struct rn_bytes v)
{
    while (v.n > 0 && (v.p[0] == ' ' || v.p[0] == '\t')) {
        v.p++;
        v.n--;
    }
    while (v.n > 0 && (v.p[v.n - 1] == ' ' || v.p[v.n - 1] == '\t'))
        v.n--;
    return v;
}

static const struct rn_query *next_query(const struct rn_auth_request *r,
                                         const struct rn_query *last)
{
    const struct rn_query *best = NULL;

    for (size_t i = 0; i < r->queries; i++) {
        const struct rn_query *q = &r->query[i];
        if (last && strcmp(q->name, last->name) <= 0)
            continue;
        if (!best || strcmp(q->name, best->name) < 0)
            best = q;
    }
    return best;
}

void rn_shared_key_text(const char *account, const struct rn_auth_request *r,
                        void (*to)(void *ctx, struct rn_bytes part), void *ctx)
{
    static const char *const standard[] = {
        "content-md5",         "content-type", "date",
        "if-modified-since",   "if-match",     "if-none-match",
        "if-unmodified-since", "range"
    };
    struct sink s = { to, ctx };
    char length[24] = "";

    put_text(&s, r->method);
    put_text(&s, "\n");
    put_standard(&s, r, "content-encoding");
    put_standard(&s, r, "content-language");
    if (r->length > 0)
        rn_format(length, sizeof length, "%llu", (unsigned long long)r->length);
    put_text(&s, length);
    put_text(&s, "\n");
    for (size_t i = 0; i < RN_COUNTOF(standard); i++)
        put_standard(&s, r, standard[i]);

    const struct rn_http_header *h = NULL;
    while ((h = next_own(r, h)) != NULL) {
        put(&s, h->name);
        put_text(&s, ":");
        put(&s, trimmed(h->value));
        put_text(&s, "\n");
    }

    put_text(&s, "/");
    put_text(&s, account);
    put(&s, r->path);
    const struct rn_query *q = NULL;
    while ((q = next_query(r, q)) != NULL) {
        put_text(&s, "\n");
        put_text(&s, q->name);
        put_text(&s, ":");
        put_text(&s, q->value);
    }
}

static void into_hmac(void *ctx, struct rn_bytes part)
{
    rn_hmac_add(ctx, part);
}

static size_t key_authorize(const struct rn_identity *id,
                            const struct rn_auth_request *r,
                            char to[RN_AUTHORIZATION])
{
    struct rn_hmac h;
    uint8_t mac[RN_SHA256];

    rn_hmac_init(&h, (struct rn_bytes){ id->secret, id->secret_len });
    rn_shared_key_text(id->account, r, into_hmac, &h);
    rn_hmac_done(&h, mac);

    int n = rn_format(to, RN_AUTHORIZATION, "SharedKey %s:", id->account);
    RN_ASSERT(n > 0 && (size_t)n + RN_BASE64_LEN(RN_SHA256) < RN_AUTHORIZATION);
    return (size_t)n + rn_base64(mac, sizeof mac, to + n);
}

static struct rn_bytes key_query(const struct rn_identity *id)
{
    (void)id;
    return (struct rn_bytes){ NULL, 0 };
}

/* An account's key is 64 bytes; an emulator's may have another length. */
static int key_set(struct rn_identity *id, struct rn_bytes text,
                   struct rn_error *e)
{
    uint8_t raw[128];

    int n = rn_base64_decode((const char *)text.p, text.n, raw, sizeof raw);
    if (n < 16) {
        rn_wipe(raw, sizeof raw);
        return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: not an account key: Base64 of 64 bytes is what "
                       "the portal shows under 'Access keys'",
                       id->key_name);
    }
    memcpy(id->secret, raw, (size_t)n);
    id->secret_len = (size_t)n;
    rn_wipe(raw, sizeof raw);
    id->warning = "a shared key opens the whole account and is a last resort; "
                  "a SAS for the container is enough";
    return RN_OK;
}

const struct rn_identity_class rn_identity_shared_key = {
    .name = "shared-key",
    .set = key_set,
    .query = key_query,
    .authorize = key_authorize,
};
