/* identity/sas_only.c: in place of connection.c and shared_key.c in an image
 * for devices, which are given a SAS: a key that opens the whole account has no
 * place there. A job with one is refused.
 */
#include "identity/identity.h"

static int refuse(struct rn_error *e)
{
    return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG,
                   "auth.kind: this build takes sas only");
}

int rn_connection_parse(struct rn_bytes text, struct rn_connection *c,
                        struct rn_error *e)
{
    (void)text, (void)c;
    return refuse(e);
}

int rn_connection_matches(const struct rn_connection *c,
                          const struct rn_service *service, struct rn_error *e)
{
    (void)c, (void)service;
    return refuse(e);
}

static int no_set(struct rn_identity *id, struct rn_bytes text,
                  struct rn_error *e)
{
    (void)id, (void)text;
    return refuse(e);
}

static struct rn_bytes no_query(const struct rn_identity *id)
{
    (void)id;
    return (struct rn_bytes){ NULL, 0 };
}

static size_t no_authorize(const struct rn_identity *id,
                           const struct rn_auth_request *r,
                           char to[RN_AUTHORIZATION])
{
    (void)id, (void)r, (void)to;
    return 0;
}

const struct rn_identity_class rn_identity_shared_key = {
    .name = "shared-key",
    .set = no_set,
    .query = no_query,
    .authorize = no_authorize,
};
