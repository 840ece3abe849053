/* blob/url.h: where a container is, and names inside it. */
#ifndef BLOB_URL_H
#define BLOB_URL_H

#include "runnel/base.h"
#include "runnel/error.h"
#include "runnel/limits.h"

struct rn_blob_url {
    char host[112];   /* DNS name, IPv4, or IPv6 without brackets         */
    char place[200];  /* "https://host:port/container" for messages       */
    char account[64]; /* "" for a custom domain                           */
    char container[64];
    char base[RN_BLOB_BASE]; /* percent-encoded path of the container and the
                         * prefix: no slash at the end                      */
    uint16_t port;
    bool tls;
    bool emulator;     /* the account is in the path                       */
    size_t prefix_len; /* bytes of the prefix before encoding              */
};

/* Take store.url apart. RN_E_CONFIG with one line that says what is wrong;
 * what follows a '?' or stands before an '@' is never repeated, since it may be
 * a secret. http is taken for loopback only, and only with allow_http.
 */
int rn_blob_url(const char *url, bool allow_http, struct rn_blob_url *u,
                struct rn_error *e);

/* Whether `path` may name a file in a store. For data files no part of it may
 * begin with '_' or '.', because readers skip those; `marker` allows it for the
 * last part (_manifest.json, _SUCCESS, the probe). RN_E_CONFIG with a text.
 */
int rn_blob_name(const char *path, bool marker, struct rn_error *e);

/* Percent-encode a name, slashes kept; bytes written, no NUL, or RN_E_FULL. */
int rn_blob_encode(const char *path, char *to, size_t cap);

#endif
