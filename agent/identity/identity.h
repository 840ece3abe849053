/* identity/identity.h: who we are, for the service that we write to.
 *
 *     open -> ready -> (query, authorize) ... -> renew ... -> close
 *
 * An identity turns into something that each request carries: query
 * parameters (SAS) or an Authorization header (Shared Key; later a bearer
 * token, which has to be fetched and expires, and which is what `ready` is
 * for). What a request carries is computed anew from the identity each time
 * and never from an earlier request, so nothing can be there twice.
 *
 * Secrets are copied into one fixed buffer of the arena and wiped by close.
 * No secret, and no part of one, is ever in an error text, in a warning or in
 * the log.
 */
#ifndef IDENTITY_IDENTITY_H
#define IDENTITY_IDENTITY_H

#include "runnel/arena.h"
#include "runnel/config.h"
#include "runnel/error.h"
#include "runnel/http.h"
#include "runnel/limits.h"

/* Room for an Authorization value: "SharedKey account:signature". */
#define RN_AUTHORIZATION 128u

/* Where requests will go, to be held against what the secret says. */
struct rn_service {
    const char *host;
    uint16_t port;
    bool tls;
    const char *account; /* "" when the URL doesn't say */
};

/* A query parameter before percent-encoding; the name is lower-case. */
struct rn_query {
    const char *name;
    const char *value;
};

/* What a signature covers. Names of x-ms- headers are lower-case. */
struct rn_auth_request {
    const char *method;
    struct rn_bytes path; /* percent-encoded, as sent, from the first slash */
    const struct rn_query *query;
    size_t queries;
    const struct rn_http_header *header;
    size_t headers;
    uint64_t length; /* of the body */
};

struct rn_identity {
    const struct rn_identity_class *cls;
    const struct rn_config *config;
    struct rn_error *error;
    struct rn_service service;
    char account[64];     /* who signs; "" for a SAS                      */
    const char *key_name; /* the job file's key, for messages             */
    const char *file;     /* where the secret came from, or ""            */
    uint8_t *secret;      /* RN_SECRET_MAX bytes: token text or raw key   */
    size_t secret_len;
    uint8_t *fresh;      /* RN_SECRET_MAX bytes, for renew               */
    int64_t expires_us;  /* wall time; 0: not known                      */
    const char *warning; /* static line for people, or NULL              */
};

/* Kinds of credential. None of these keeps state beside `secret`. */
struct rn_identity_class {
    const char *name;

    /* Check `text` and keep what is needed of it in `id->secret`. Texts of
     * failures go to `e`. On failure the secret at hand is untouched.
     */
    int (*set)(struct rn_identity *id, struct rn_bytes text,
               struct rn_error *e);

    /* Parameters for the end of the query, without '?' or '&' in front;
     * empty when there are none. Valid until renew.
     */
    struct rn_bytes (*query)(const struct rn_identity *id);

    /* Write the Authorization header's value; its length, or 0 for none. */
    size_t (*authorize)(const struct rn_identity *id,
                        const struct rn_auth_request *r,
                        char to[RN_AUTHORIZATION]);
};

extern const struct rn_identity_class rn_identity_sas;
extern const struct rn_identity_class rn_identity_shared_key;

/* Arena bytes that rn_identity_open() takes. */
size_t rn_identity_need(const struct rn_config *config);

/* Take the secret from the configuration. `config`, `error` and the strings of
 * `service` are borrowed for the identity's life. RN_E_CONFIG: the secret is
 * none or is for another account or endpoint; RN_E_AUTH: it has expired.
 */
int rn_identity_open(const struct rn_config *config,
                     const struct rn_service *service, struct rn_arena *mem,
                     struct rn_error *error, struct rn_identity **id);

/* RN_OK once a credential is at hand. The kinds that there are have theirs
 * from open on; one that fetches a token answers RN_E_AGAIN until it is here.
 */
int rn_identity_ready(struct rn_identity *id, int64_t until_ms);

/* After a refusal: read the secret's file again. RN_OK when it holds another
 * usable secret; RN_E_AUTH when it doesn't or when there is no file, and why is
 * logged.
 */
int rn_identity_renew(struct rn_identity *id);

struct rn_bytes rn_identity_query(const struct rn_identity *id);
size_t rn_identity_authorize(const struct rn_identity *id,
                             const struct rn_auth_request *r,
                             char to[RN_AUTHORIZATION]);

/* Wipe. Safe twice and on NULL. */
void rn_identity_close(struct rn_identity *id);

/* The text that Shared Key signs, handed to `put` in pieces, so that it is
 * never in memory whole.
 */
void rn_shared_key_text(const char *account, const struct rn_auth_request *r,
                        void (*put)(void *ctx, struct rn_bytes part),
                        void *ctx);

/* A parameter of a SAS token (without '?'), still percent-encoded; p is NULL
 * when it has none of that name. And a time of it (se, st), in which ':' is
 * often written %3A: RN_E_CONFIG for what is no time.
 */
struct rn_bytes rn_sas_parameter(struct rn_bytes token, const char *name);
int rn_sas_time(struct rn_bytes value, int64_t *us);

/* A connection string taken apart; slices of the text, empty when not named. */
struct rn_connection {
    bool development; /* UseDevelopmentStorage=true */
    struct rn_bytes protocol;
    struct rn_bytes account;
    struct rn_bytes key;
    struct rn_bytes sas;
    struct rn_bytes endpoint; /* BlobEndpoint */
    struct rn_bytes suffix;   /* EndpointSuffix */
};

/* The emulator's account and key are published and the same everywhere. */
#define RN_EMULATOR_ACCOUNT "devstoreaccount1"
#define RN_EMULATOR_KEY                                               \
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/" \
    "K1SZFPTOtr/KBHBeksoGMGw=="

/* RN_E_CONFIG with a text that names settings but repeats no value. */
int rn_connection_parse(struct rn_bytes text, struct rn_connection *c,
                        struct rn_error *e);

/* RN_E_CONFIG when the string is for another endpoint or account than the one
 * that store.url names.
 */
int rn_connection_matches(const struct rn_connection *c,
                          const struct rn_service *service, struct rn_error *e);

#endif
