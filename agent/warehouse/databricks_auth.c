/* warehouse/databricks_auth.c: who we are for a workspace.
 *
 * A personal access token is used as it is; after a refusal its file is read
 * again. A service principal (OAuth, machine to machine) trades its id and
 * secret for a token of about an hour, which is renewed when four fifths of
 * its life are over, so that no statement begins with one that is about to end.
 */
#include <string.h>

#include "core/base64.h"
#include "core/format.h"
#include "core/log.h"
#include "identity/hash.h"
#include "runnel/file.h"
#include "runnel/port.h"
#include "warehouse/databricks.h"

static const char bearer[] = "Bearer ";

/* Nothing that could end a header or begin another. */
static bool is_clean(struct rn_bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] <= 0x20 || text.p[i] >= 0x7f)
            return false;
    }
    return text.n > 0;
}

/* Without the line end that editors put there. */
static struct rn_bytes trimmed(struct rn_bytes text)
{
    while (text.n > 0 && text.p[text.n - 1] <= ' ')
        text.n--;
    return text;
}

static bool keep_token(struct rn_databricks *d, struct rn_bytes token)
{
    struct rn_dbx_auth *a = &d->auth;

    if (token.n > RN_DBX_TOKEN || !is_clean(token))
        return false;
    memcpy(a->header, bearer, sizeof bearer - 1);
    memcpy(a->header + sizeof bearer - 1, token.p, token.n);
    a->header[sizeof bearer - 1 + token.n] = 0;
    d->rest.secret[0] =
        (struct rn_bytes){ (uint8_t *)a->header + sizeof bearer - 1, token.n };
    return true;
}

int rn_dbx_auth_open(struct rn_databricks *d)
{
    const struct rn_config *c = d->w.config;
    struct rn_bytes client = rn_bytes_of(c->databricks.client);
    struct rn_bytes secret = trimmed(rn_bytes_of(c->databricks.secret));

    d->auth.header[0] = 0;
    d->auth.renew_ms = INT64_MAX;
    if (c->databricks.auth == RN_DATABRICKS_PAT) {
        if (!keep_token(d, trimmed(rn_bytes_of(c->databricks.token))))
            return rn_fail(d->w.error, RN_E_CONFIG, RN_AT_CONFIG,
                           "databricks.token: empty, longer than %u bytes, or "
                           "with bytes that no token has",
                           RN_DBX_TOKEN);
        return RN_OK;
    }
    d->auth.renew_ms = INT64_MIN;
    d->rest.secret[1] = secret;
    if (!is_clean(client) || client.n + secret.n > RN_DBX_SECRET ||
        memchr(client.p, ':', client.n) || !is_clean(secret))
        return rn_fail(d->w.error, RN_E_CONFIG, RN_AT_CONFIG,
                       "databricks.client, databricks.secret: empty, longer "
                       "than %u bytes, or with bytes that neither has",
                       RN_DBX_SECRET);
    return RN_OK;
}

void rn_dbx_auth_close(struct rn_databricks *d)
{
    rn_wipe(&d->auth, sizeof d->auth);
}

/* "Basic " and the Base64 of "client:secret". */
static void basic(const struct rn_databricks *d, char *to, size_t cap)
{
    const struct rn_config *c = d->w.config;
    struct rn_bytes secret = trimmed(rn_bytes_of(c->databricks.secret));
    char plain[RN_DBX_SECRET + 2];
    int n = rn_format(plain, sizeof plain, "%s:%.*s", c->databricks.client,
                      (int)secret.n, (const char *)secret.p);

    RN_ASSERT(n > 0 && (size_t)n < sizeof plain && 6 + RN_BASE64_LEN(n) < cap);
    memcpy(to, "Basic ", 6);
    to[6 + rn_base64(plain, (size_t)n, to + 6)] = 0;
    rn_wipe(plain, sizeof plain);
}

/* Take the token out of the answer, and wipe it there. */
static int take_token(struct rn_databricks *d)
{
    struct rn_rest *r = &d->rest;
    uint64_t seconds = 0;
    bool good;

    good =
        rn_doc_u64(&r->doc, rn_doc_find(&r->doc, 0, "expires_in"), &seconds) &&
        seconds > 0 &&
        keep_token(
            d, rn_doc_text(&r->doc, rn_doc_find(&r->doc, 0, "access_token")));
    rn_wipe(r->answer, r->answer_len);
    r->doc.n = 0;
    if (!good)
        return rn_rest_fail(r, RN_E_PEER,
                            "%s/oidc/v1/token: the answer has no usable "
                            "access_token and expires_in",
                            r->place);
    if (seconds > 86400)
        seconds = 86400;
    d->auth.renew_ms = rn_clock_mono() + (int64_t)seconds * 800;
    return RN_OK;
}

static int fetch(struct rn_databricks *d)
{
    char header[16 + RN_BASE64_LEN(RN_DBX_SECRET + 2)];
    struct rn_rest_call call = {
        .method = "POST",
        .path = "/oidc/v1/token",
        .type = "application/x-www-form-urlencoded",
        .body = RN_STR("grant_type=client_credentials&scope=all-apis"),
        .authorization = header,
        .repeat = true,
    };
    int err;

    d->auth.header[0] = 0;
    d->rest.secret[0].n = 0;
    basic(d, header, sizeof header);
    err = rn_rest_do(&d->rest, &call);
    rn_wipe(header, sizeof header);
    if (err == RN_OK)
        return take_token(d);
    /* What is refused for its credential is a 400 or 401 here. */
    if (err == RN_E_DENIED && d->rest.status == 400)
        d->rest.fault.code = err = RN_E_AUTH;
    d->rest.lost = false;
    return err;
}

/* RN_OK when the token's file holds another than before. */
static int read_again(struct rn_databricks *d)
{
    const char *file = d->w.config->databricks.token_file;
    char before[sizeof d->auth.header];
    uint8_t text[RN_DBX_TOKEN + 2];
    int n, err = RN_E_AUTH;

    if (!file[0])
        return RN_E_AUTH;
    n = rn_file_load(file, text, sizeof text, true, NULL);
    memcpy(before, d->auth.header, sizeof before);
    if (n < 0)
        rn_log(RN_LOG_WARN, "databricks.token: cannot read %s again (%s)", file,
               rn_err_name(n));
    else if (keep_token(d, trimmed((struct rn_bytes){ text, (size_t)n })) &&
             strcmp(before, d->auth.header) != 0)
        err = RN_OK;
    rn_wipe(text, sizeof text);
    rn_wipe(before, sizeof before);
    return err;
}

int rn_dbx_do(struct rn_databricks *d, struct rn_rest_call *c)
{
    bool pat = d->w.config->databricks.auth == RN_DATABRICKS_PAT;
    struct rn_error refusal;
    int err;

    if (!pat && rn_clock_mono() >= d->auth.renew_ms && (err = fetch(d)) < 0)
        return err;
    c->authorization = d->auth.header;
    err = rn_rest_do(&d->rest, c);
    if (err != RN_E_AUTH || c->once)
        return err;
    refusal = d->rest.fault;
    err = pat ? read_again(d) : fetch(d);
    if (err < 0) {
        if (pat)
            d->rest.fault = refusal;
        return err;
    }
    c->authorization = d->auth.header;
    return rn_rest_do(&d->rest, c);
}
