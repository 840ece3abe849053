/* identity/sas.c: shared access signatures: query parameters that were signed
 * by someone else.
 *
 * The token is looked at before the first request, because what a person
 * pastes is often the wrong thing, half of it, or old.
 */
#include "identity/hash.h"
#include "identity/identity.h"
#include "identity/stamp.h"

#include "runnel/port.h"

#include <string.h>

struct rn_bytes rn_sas_parameter(struct rn_bytes token, const char *name)
{
    size_t len = strlen(name);
    size_t at = 0;

    while (at < token.n) {
        const uint8_t *end = memchr(token.p + at, '&', token.n - at);
        size_t stop = end ? (size_t)(end - token.p) : token.n;
        if (stop - at > len && memcmp(token.p + at, name, len) == 0 &&
            token.p[at + len] == '=') {
            at += len + 1;
            return (struct rn_bytes){ token.p + at, stop - at };
        }
        at = stop + 1;
    }
    return (struct rn_bytes){ NULL, 0 };
}

/* Printable, and nothing that would end or split a request line or query. */
static bool is_clean(struct rn_bytes token)
{
    for (size_t i = 0; i < token.n; i++) {
        uint8_t c = token.p[i];
        if (c <= 0x20 || c >= 0x7f || strchr("#?\"<>\\", c))
            return false;
    }
    return true;
}

int rn_sas_time(struct rn_bytes v, int64_t *us)
{
    uint8_t text[40];
    size_t n = 0;

    for (size_t i = 0; i < v.n; i++) {
        if (n == sizeof text)
            return RN_E_CONFIG;
        text[n] = v.p[i];
        if (v.n - i > 2 && v.p[i] == '%' && v.p[i + 1] == '3' &&
            (v.p[i + 2] | 0x20) == 'a') {
            text[n] = ':';
            i += 2;
        }
        n++;
    }
    return rn_stamp_from_iso((struct rn_bytes){ text, n }, us);
}

/* Any letter of `v` that is not among those allowed. */
static bool has_other(struct rn_bytes v, const char *allowed)
{
    for (size_t i = 0; i < v.n; i++) {
        if (!strchr(allowed, v.p[i]))
            return true;
    }
    return false;
}

static bool has_any(struct rn_bytes v, const char *wanted)
{
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] && strchr(wanted, v.p[i]))
            return true;
    }
    return false;
}

static int check_form(const char *name, struct rn_bytes token,
                      struct rn_error *e)
{
    if (token.n == 0)
        return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG, "%s: empty", name);
    if (token.n > RN_SECRET_MAX)
        return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: longer than %u bytes; that is no SAS token", name,
                       RN_SECRET_MAX);
    if (token.n > 8 && memcmp(token.p, "http", 4) == 0)
        return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: a URL; only the part after the '?' belongs here",
                       name);
    if (!is_clean(token))
        return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: holds blanks, quotes, line ends or bytes that no "
                       "SAS token has",
                       name);
    if (rn_sas_parameter(token, "sig").n == 0 ||
        rn_sas_parameter(token, "sv").n == 0)
        return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: not a SAS token, or half of one: it has no 'sig' "
                       "or no 'sv'",
                       name);
    return RN_OK;
}

/* A token with a stored access policy (si) has neither times nor rights. */
static int check_rights(const char *name, struct rn_bytes token,
                        struct rn_error *e)
{
    struct rn_bytes sp = rn_sas_parameter(token, "sp");

    if (sp.n > 0 && !has_any(sp, "wc"))
        return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: allows no writing (its sp has neither w nor c); "
                       "give it r, c, w and d",
                       name);
    return RN_OK;
}

static int check_times(const char *name, struct rn_bytes token,
                       int64_t *expires, struct rn_error *e)
{
    struct rn_bytes se = rn_sas_parameter(token, "se");
    int64_t now = rn_clock_wall();
    char day[RN_STAMP_DAY];

    *expires = 0;
    if (!se.p)
        return RN_OK;
    if (rn_sas_time(se, expires) < 0)
        return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: its expiry (se) is no date and time", name);
    if (now < 0 || *expires > now)
        return RN_OK;
    rn_stamp_day(*expires, day);
    return rn_fail(e, RN_E_AUTH, RN_AT_STORE,
                   "%s: the SAS token expired on %s; make a new one", name,
                   day);
}

/* A warehouse that reads with the job's own token lists as well. */
static bool warehouse_uses(const struct rn_identity *id)
{
    const struct rn_config *c = id->config;

    return (c->databricks.wanted && c->databricks.access == RN_ACCESS_SAS) ||
           (c->synapse.wanted && c->synapse.credential[0] == 's');
}

static int sas_set(struct rn_identity *id, struct rn_bytes text,
                   struct rn_error *e)
{
    int64_t expires;
    int err;

    if (text.n > 0 && text.p[0] == '?') {
        text.p++;
        text.n--;
    }
    if ((err = check_form(id->key_name, text, e)) < 0 ||
        (err = check_rights(id->key_name, text, e)) < 0 ||
        (err = check_times(id->key_name, text, &expires, e)) < 0)
        return err;

    memmove(id->secret, text.p, text.n);
    id->secret_len = text.n;
    id->expires_us = expires;
    id->warning = NULL;
    if (rn_sas_parameter(text, "srt").p)
        id->warning = "the SAS token is for the whole account; one for the "
                      "container (r, c, w, d) is enough";
    else if (has_other(rn_sas_parameter(text, "sp"),
                       warehouse_uses(id) ? "raclwd" : "racwd"))
        id->warning = "the SAS token allows more than this job needs; r, c, "
                      "w and d are enough";
    return RN_OK;
}

static struct rn_bytes sas_query(const struct rn_identity *id)
{
    return (struct rn_bytes){ id->secret, id->secret_len };
}

static size_t sas_authorize(const struct rn_identity *id,
                            const struct rn_auth_request *r,
                            char to[RN_AUTHORIZATION])
{
    (void)id;
    (void)r;
    (void)to;
    return 0;
}

const struct rn_identity_class rn_identity_sas = {
    .name = "sas",
    .set = sas_set,
    .query = sas_query,
    .authorize = sas_authorize,
};
