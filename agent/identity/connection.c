/* identity/connection.c: connection strings as the portal hands them out.
 *
 * "Name=value;Name=value", in any order and case. A string may hold settings
 * for other services (queues, tables), which are no concern of ours. Messages
 * count settings instead of repeating what can't be told from a secret.
 */
#include "identity/identity.h"

#include <string.h>

/* Text against a literal, where case doesn't count. */
static bool same(struct rn_bytes a, const char *b)
{
    if (a.n != strlen(b))
        return false;
    for (size_t i = 0; i < a.n; i++) {
        int x = a.p[i];
        int y = (unsigned char)b[i];
        if (x >= 'A' && x <= 'Z')
            x += 32;
        if (y >= 'A' && y <= 'Z')
            y += 32;
        if (x != y)
            return false;
    }
    return true;
}

/* Where a setting's value goes, or NULL for a name that is not ours. */
static struct rn_bytes *place_of(struct rn_connection *c, struct rn_bytes name)
{
    if (same(name, "DefaultEndpointsProtocol"))
        return &c->protocol;
    if (same(name, "AccountName"))
        return &c->account;
    if (same(name, "AccountKey"))
        return &c->key;
    if (same(name, "SharedAccessSignature"))
        return &c->sas;
    if (same(name, "BlobEndpoint"))
        return &c->endpoint;
    if (same(name, "EndpointSuffix"))
        return &c->suffix;
    return NULL;
}

static bool is_of_others(struct rn_bytes name)
{
    static const char *const other[] = {
        "QueueEndpoint",          "TableEndpoint",
        "FileEndpoint",           "DfsEndpoint",
        "BlobSecondaryEndpoint",  "QueueSecondaryEndpoint",
        "TableSecondaryEndpoint", "FileSecondaryEndpoint"
    };

    for (size_t i = 0; i < RN_COUNTOF(other); i++) {
        if (same(name, other[i]))
            return true;
    }
    return false;
}

static int refuse(struct rn_error *e, const char *why, unsigned number)
{
    return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG,
                   "auth.connection: setting %u %s", number, why);
}

/* One "Name=value". */
static int take(struct rn_connection *c, struct rn_bytes item, unsigned number,
                struct rn_error *e)
{
    const uint8_t *eq = memchr(item.p, '=', item.n);

    if (!eq)
        return refuse(e, "has no '='", number);
    struct rn_bytes name = { item.p, (size_t)(eq - item.p) };
    struct rn_bytes value = { eq + 1, item.n - name.n - 1 };
    if (value.n == 0)
        return refuse(e, "is empty", number);
    if (same(name, "UseDevelopmentStorage")) {
        if (!same(value, "true"))
            return refuse(e, "(UseDevelopmentStorage) must be true", number);
        c->development = true;
        return RN_OK;
    }

    struct rn_bytes *at = place_of(c, name);
    if (!at)
        return is_of_others(name)
                   ? RN_OK
                   : refuse(e, "is none that a storage account has", number);
    if (at->p)
        return refuse(e, "is there a second time", number);
    *at = value;
    return RN_OK;
}

/* What has to be there, once everything was read. */
static int complete(struct rn_connection *c, struct rn_error *e)
{
    if (c->development) {
        if (c->account.p || c->key.p || c->sas.p || c->endpoint.p)
            return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG,
                           "auth.connection: UseDevelopmentStorage goes with "
                           "no account, key, SAS or endpoint");
        c->account = RN_STR(RN_EMULATOR_ACCOUNT);
        c->key = RN_STR(RN_EMULATOR_KEY);
        return RN_OK;
    }
    if (!c->key.p && !c->sas.p)
        return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG,
                       "auth.connection: has neither AccountKey nor "
                       "SharedAccessSignature");
    if (c->key.p && c->sas.p)
        return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG,
                       "auth.connection: has an AccountKey and a "
                       "SharedAccessSignature; keep one of them");
    if (c->key.p && !c->account.p)
        return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG,
                       "auth.connection: has an AccountKey, but no "
                       "AccountName");
    if (!c->endpoint.p && !c->account.p)
        return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG,
                       "auth.connection: has neither BlobEndpoint nor "
                       "AccountName");
    if (c->protocol.p && !same(c->protocol, "https") &&
        !same(c->protocol, "http"))
        return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG,
                       "auth.connection: DefaultEndpointsProtocol must be "
                       "https");
    return RN_OK;
}

int rn_connection_parse(struct rn_bytes text, struct rn_connection *c,
                        struct rn_error *e)
{
    unsigned number = 0;
    size_t at = 0;

    memset(c, 0, sizeof *c);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < 0x20 || text.p[i] >= 0x7f)
            return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG,
                           "auth.connection: holds control or non-ASCII "
                           "bytes");
    }
    while (at < text.n) {
        const uint8_t *end = memchr(text.p + at, ';', text.n - at);
        size_t stop = end ? (size_t)(end - text.p) : text.n;
        struct rn_bytes item = { text.p + at, stop - at };
        int err = item.n > 0 ? take(c, item, ++number, e) : RN_OK;
        if (err < 0)
            return err;
        at = stop + 1;
    }
    return complete(c, e);
}

static bool starts(struct rn_bytes a, const char *with)
{
    size_t n = strlen(with);

    return a.n >= n && same((struct rn_bytes){ a.p, n }, with);
}

/* An endpoint's scheme, host and port against the service's. */
static bool endpoint_is(struct rn_bytes url, const struct rn_service *s)
{
    const char *scheme = s->tls ? "https://" : "http://";
    uint32_t port = s->tls ? 443 : 80;

    if (!starts(url, scheme))
        return false;
    url.p += strlen(scheme);
    url.n -= strlen(scheme);
    if (url.n > 0 && url.p[0] == '[') {
        url.p++;
        url.n--;
    }
    size_t host = strlen(s->host);
    if (url.n < host || !same((struct rn_bytes){ url.p, host }, s->host))
        return false;
    size_t at = host;
    if (at < url.n && url.p[at] == ']')
        at++;
    if (at < url.n && url.p[at] == ':') {
        port = 0;
        for (at++; at < url.n && url.p[at] >= '0' && url.p[at] <= '9'; at++) {
            port = port * 10 + (uint32_t)(url.p[at] - '0');
            if (port > UINT16_MAX)
                return false;
        }
    }
    return port == s->port && (at == url.n || url.p[at] == '/');
}

/* Whether `host` is account + ".blob." + suffix. */
static bool host_is(const char *host, struct rn_bytes account,
                    struct rn_bytes suffix)
{
    struct rn_bytes h = rn_bytes_of(host);

    if (suffix.n == 0)
        suffix = RN_STR("core.windows.net");
    if (h.n != account.n + 6 + suffix.n)
        return false;
    if (memcmp(h.p, account.p, account.n) != 0 ||
        memcmp(h.p + account.n, ".blob.", 6) != 0)
        return false;
    return memcmp(h.p + account.n + 6, suffix.p, suffix.n) == 0;
}

int rn_connection_matches(const struct rn_connection *c,
                          const struct rn_service *service, struct rn_error *e)
{
    bool fits;

    if (c->account.p && service->account[0] &&
        !same(c->account, service->account))
        return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG,
                       "auth.connection: is for another account than "
                       "store.url (%s)",
                       service->account);
    if (c->development)
        fits = true;
    else if (c->endpoint.p)
        fits = endpoint_is(c->endpoint, service);
    else
        fits = host_is(service->host, c->account, c->suffix);
    if (fits)
        return RN_OK;
    return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG,
                   "auth.connection: is for another endpoint than store.url "
                   "(%s)",
                   service->host);
}
