/* identity/credential.c: open, renew and wipe an identity of any kind; see
 * identity/identity.h.
 */
#include "identity/hash.h"
#include "identity/identity.h"

#include "core/log.h"
#include "runnel/file.h"
#include "runnel/port.h"

#include <string.h>

size_t rn_identity_need(const struct rn_config *config)
{
    (void)config;
    return RN_ROUND(sizeof(struct rn_identity)) + 2 * RN_ROUND(RN_SECRET_MAX);
}

/* Who signs with a key: what the job says, else what the URL says. */
static int choose_account(struct rn_identity *id, struct rn_bytes named,
                          struct rn_error *e)
{
    const char *url = id->service.account;

    if (named.n == 0)
        named = rn_bytes_of(url);
    if (named.n == 0)
        return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG,
                       "auth.account: needed, because store.url (%s) does "
                       "not say which account it is",
                       id->service.host);
    if (url[0] && !rn_bytes_equal(named, rn_bytes_of(url)))
        return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG,
                       "auth.account: another one than store.url has (%s)",
                       url);
    bool clean = named.n <= 24;
    for (size_t i = 0; clean && i < named.n; i++) {
        uint8_t c = named.p[i];
        clean = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    }
    if (!clean)
        return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG,
                       "auth.account: an account's name is lower-case letters "
                       "and digits, 24 at most");
    memcpy(id->account, named.p, named.n);
    id->account[named.n] = 0;
    return RN_OK;
}

static int adopt_connection(struct rn_identity *id, struct rn_bytes text,
                            struct rn_error *e)
{
    struct rn_connection c;
    int err = rn_connection_parse(text, &c, e);

    if (err == RN_OK)
        err = rn_connection_matches(&c, &id->service, e);
    if (err < 0)
        return err;
    if (c.sas.p) {
        err = rn_identity_sas.set(id, c.sas, e);
        if (err == RN_OK) {
            id->cls = &rn_identity_sas;
            id->account[0] = 0;
        }
        return err;
    }

    char before[sizeof id->account];
    memcpy(before, id->account, sizeof before);
    err = choose_account(id, c.account, e);
    if (err == RN_OK)
        err = rn_identity_shared_key.set(id, c.key, e);
    if (err < 0) {
        memcpy(id->account, before, sizeof before);
        return err;
    }
    id->cls = &rn_identity_shared_key;
    return RN_OK;
}

/* Make `text`, in the form that this kind of credential has, the secret. */
static int adopt(struct rn_identity *id, struct rn_bytes text,
                 struct rn_error *e)
{
    if (text.n == 0)
        return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG, "%s: empty", id->key_name);
    if (text.n > RN_SECRET_MAX)
        return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG, "%s: longer than %u bytes",
                       id->key_name, RN_SECRET_MAX);
    if (id->config->auth.kind == RN_AUTH_CONNECTION_STRING)
        return adopt_connection(id, text, e);
    return id->cls->set(id, text, e);
}

/* Line ends and blanks that editors and echo leave behind. */
static struct rn_bytes without_end(struct rn_bytes t)
{
    while (t.n > 0 && strchr("\r\n \t", t.p[t.n - 1]) && t.p[t.n - 1])
        t.n--;
    return t;
}

int rn_identity_open(const struct rn_config *config,
                     const struct rn_service *service, struct rn_arena *mem,
                     struct rn_error *error, struct rn_identity **out)
{
    struct rn_identity *id = RN_TAKE(mem, struct rn_identity, 1);
    const char *text = "";
    int err = RN_OK;

    *out = NULL;
    if (!id || !(id->secret = rn_arena_take(mem, RN_SECRET_MAX, 1)) ||
        !(id->fresh = rn_arena_take(mem, RN_SECRET_MAX, 1)))
        return rn_fail(error, RN_E_FULL, RN_AT_AGENT,
                       "no memory left for the credential");
    id->config = config;
    id->error = error;
    id->service = *service;
    switch (config->auth.kind) {
    case RN_AUTH_SAS:
        id->cls = &rn_identity_sas;
        id->key_name = "auth.token";
        id->file = config->auth.token_file;
        text = config->auth.token;
        break;
    case RN_AUTH_SHARED_KEY:
        id->cls = &rn_identity_shared_key;
        id->key_name = "auth.key";
        id->file = config->auth.key_file;
        text = config->auth.key;
        err = choose_account(id, rn_bytes_of(config->auth.account), error);
        break;
    case RN_AUTH_CONNECTION_STRING:
        id->key_name = "auth.connection";
        id->file = config->auth.connection_file;
        text = config->auth.connection;
        break;
    case RN_AUTH_NONE:
        return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                       "auth.kind: missing; sas, shared-key or "
                       "connection-string");
    }
    if (err == RN_OK)
        err = adopt(id, without_end(rn_bytes_of(text)), error);
    if (err < 0) {
        rn_identity_close(id);
        return err;
    }
    *out = id;
    return RN_OK;
}

int rn_identity_ready(struct rn_identity *id, int64_t until_ms)
{
    (void)until_ms;
    return id->cls ? RN_OK : RN_E_AUTH;
}

/* The secret's file once more, into `fresh`. */
static int load_fresh(struct rn_identity *id, struct rn_bytes *text)
{
    char why[RN_WHY] = "";
    int n = rn_file_load(id->file, id->fresh, RN_SECRET_MAX, true, why);

    if (n < 0) {
        rn_log(RN_LOG_WARN, "%s: cannot read %s again (%s)%s%s", id->key_name,
               id->file, rn_err_name(n), why[0] ? ": " : "", why);
        return RN_E_AUTH;
    }
    *text = without_end((struct rn_bytes){ id->fresh, (size_t)n });
    return RN_OK;
}

int rn_identity_renew(struct rn_identity *id)
{
    uint8_t before[RN_SHA256];
    uint8_t after[RN_SHA256];
    struct rn_bytes text;
    struct rn_error e;
    struct rn_hmac h;

    if (id->file[0] == 0 || load_fresh(id, &text) < 0)
        return RN_E_AUTH;

    /* Forms differ (a '?' in front, settings in another order), so what
     * counts is whether the secret that comes out is another one.
     */
    rn_hmac_init(&h, (struct rn_bytes){ id->secret, id->secret_len });
    rn_hmac_done(&h, before);
    rn_error_clear(&e);
    int err = adopt(id, text, &e);
    rn_wipe(id->fresh, RN_SECRET_MAX);
    if (err < 0) {
        rn_log(RN_LOG_WARN, "%s", e.text);
        return RN_E_AUTH;
    }
    rn_hmac_init(&h, (struct rn_bytes){ id->secret, id->secret_len });
    rn_hmac_done(&h, after);
    return memcmp(before, after, sizeof before) == 0 ? RN_E_AUTH : RN_OK;
}

struct rn_bytes rn_identity_query(const struct rn_identity *id)
{
    return id->cls->query(id);
}

size_t rn_identity_authorize(const struct rn_identity *id,
                             const struct rn_auth_request *r,
                             char to[RN_AUTHORIZATION])
{
    return id->cls->authorize(id, r, to);
}

void rn_identity_close(struct rn_identity *id)
{
    if (!id)
        return;
    rn_wipe(id->secret, RN_SECRET_MAX);
    rn_wipe(id->fresh, RN_SECRET_MAX);
    id->secret_len = 0;
    id->cls = NULL;
}
