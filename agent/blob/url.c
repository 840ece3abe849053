/* blob/url.c: see blob/url.h.
 *
 *     https://ACCOUNT.blob.core.windows.net/CONTAINER[/PREFIX]
 *     https://127.0.0.1:10000/ACCOUNT/CONTAINER[/PREFIX]     emulator
 *     https://data.example.org/CONTAINER[/PREFIX]            custom domain
 *
 * Which of the three a URL is shows in its host: an address, a name without a
 * dot or "localhost" is an emulator; a name with ".blob." in it has the account
 * in front; a name with a port of its own and no ".blob." is an emulator, too.
 */
#include "blob/url.h"

#include <string.h>

#include "core/format.h"

static int refuse(struct rn_error *e, const char *why)
{
    return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG, "store.url: %s", why);
}

static bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Bytes that a URL of ours has nowhere, with the reason. */
static const char *forbidden(const char *url)
{
    for (const char *p = url; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '?')
            return "has a query; a SAS token belongs in auth.token";
        if (c == '#')
            return "has a fragment ('#')";
        if (c == '@')
            return "has a user name; credentials belong in [auth]";
        if (c == '%')
            return "has a '%'; write names plainly, they are encoded for you";
        if (c == '\\' || c <= 0x20 || c == 0x7f)
            return "has a blank, backslash or control byte";
    }
    return NULL;
}

static int take_port(const char **p, struct rn_blob_url *u, struct rn_error *e)
{
    uint32_t v = 0;

    u->port = u->tls ? 443 : 80;
    if (**p != ':')
        return RN_OK;
    for ((*p)++; **p >= '0' && **p <= '9' && v <= UINT16_MAX; (*p)++)
        v = v * 10 + (uint32_t)(**p - '0');
    if (v == 0 || v > UINT16_MAX || (**p && **p != '/'))
        return refuse(e, "the port is no number from 1 to 65535");
    u->port = (uint16_t)v;
    return RN_OK;
}

/* Host and port; *p then stands at the path. */
static int take_host(const char **p, struct rn_blob_url *u, struct rn_error *e)
{
    const char *set = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                      "0123456789.-_";
    bool bracket = **p == '[';

    if (bracket) {
        (*p)++;
        set = "0123456789abcdefABCDEF:.";
    }
    size_t n = strspn(*p, set);
    if (n == 0)
        return refuse(e, "has no host");
    if (n >= sizeof u->host)
        return refuse(e, "the host's name is too long");
    for (size_t i = 0; i < n; i++) {
        char c = (*p)[i];
        u->host[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    u->host[n] = 0;
    *p += n;
    if (bracket && *(*p)++ != ']')
        return refuse(e, "the IPv6 address has no ']'");
    if (**p && **p != ':' && **p != '/')
        return refuse(e, "the host has a byte that no host has");
    return take_port(p, u, e);
}

/* Digits and dots, or a colon. */
static bool is_address(const char *host)
{
    return strchr(host, ':') != NULL ||
           strspn(host, "0123456789.") == strlen(host);
}

static bool is_loopback(const char *host)
{
    return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
           (is_address(host) && strncmp(host, "127.", 4) == 0);
}

static bool is_emulator(const struct rn_blob_url *u)
{
    if (is_address(u->host) || !strchr(u->host, '.'))
        return true;
    return u->port != 443 && u->port != 80 && !strstr(u->host, ".blob.");
}

/* The next part of the path into `to`; false when it is empty or too long. */
static bool take_part(const char **p, char *to, size_t cap)
{
    if (**p == '/')
        (*p)++;
    size_t n = strcspn(*p, "/");
    if (n == 0 || n >= cap)
        return false;
    memcpy(to, *p, n);
    to[n] = 0;
    *p += n;
    return true;
}

static int take_account(const char **p, struct rn_blob_url *u,
                        struct rn_error *e)
{
    size_t n = strcspn(u->host, ".");

    if (u->emulator) {
        if (!take_part(p, u->account, sizeof u->account))
            return refuse(e, "for an emulator it is "
                             "https://HOST:PORT/ACCOUNT/CONTAINER");
    } else if (strstr(u->host, ".blob.")) {
        n = n < sizeof u->account ? n : sizeof u->account - 1;
        memcpy(u->account, u->host, n);
        u->account[n] = 0;
    }
    n = strlen(u->account);
    if (n > 24 ||
        strspn(u->account, "abcdefghijklmnopqrstuvwxyz0123456789") != n)
        return refuse(e, "an account's name is lower-case letters and "
                         "digits, 24 at most");
    return RN_OK;
}

static int take_container(const char **p, struct rn_blob_url *u,
                          struct rn_error *e)
{
    if (!take_part(p, u->container, sizeof u->container))
        return refuse(e, "names no container: "
                         "https://ACCOUNT.blob.core.windows.net/CONTAINER");

    const char *c = u->container;
    size_t n = strlen(c);
    bool ok = n >= 3 && n <= 63 && c[0] != '-' && c[n - 1] != '-';
    for (size_t i = 0; ok && i < n; i++) {
        ok = is_lower_or_digit(c[i]) ||
             (c[i] == '-' && is_lower_or_digit(c[i - 1]));
    }
    if (!ok && strcmp(c, "$root") != 0)
        return refuse(e, "a container's name is 3 to 63 lower-case letters, "
                         "digits and single hyphens");
    return RN_OK;
}

/* Path of the container and the prefix, encoded, and the place for people. */
static int finish(const char *prefix, struct rn_blob_url *u, struct rn_error *e)
{
    char port[8] = "";
    size_t n = strlen(prefix);
    bool six = strchr(u->host, ':') != NULL;

    while (n > 0 && prefix[n - 1] == '/')
        n--;
    char plain[RN_BLOB_NAME / 2];
    if (n >= sizeof plain)
        return refuse(e, "the prefix after the container is too long");
    memcpy(plain, prefix, n);
    plain[n] = 0;
    if (n > 0 && rn_blob_name(plain + 1, true, e) < 0)
        return RN_E_CONFIG;

    int head =
        rn_format(u->base, sizeof u->base, "%s%s/%s", u->emulator ? "/" : "",
                  u->emulator ? u->account : "", u->container);
    if (head < 0 || (size_t)head >= sizeof u->base)
        return refuse(e, "too long");
    int len = rn_blob_encode(plain, u->base + head,
                             sizeof u->base - (size_t)head - 1);
    if (len < 0)
        return refuse(e, "the prefix after the container is too long");
    u->base[head + len] = 0;
    u->prefix_len = n;
    if (u->port != (u->tls ? 443 : 80))
        rn_format(port, sizeof port, ":%u", (unsigned)u->port);
    rn_format(u->place, sizeof u->place, "%s://%s%s%s%s/%s",
              u->tls ? "https" : "http", six ? "[" : "", u->host,
              six ? "]" : "", port, u->container);
    return RN_OK;
}

int rn_blob_url(const char *url, bool allow_http, struct rn_blob_url *u,
                struct rn_error *e)
{
    const char *bad = forbidden(url);
    const char *p = url;
    int err;

    memset(u, 0, sizeof *u);
    if (bad)
        return refuse(e, bad);
    if (strncmp(p, "https://", 8) == 0) {
        u->tls = true;
        p += 8;
    } else if (strncmp(p, "http://", 7) == 0) {
        p += 7;
    } else {
        return refuse(e, "must begin with https:// (or file:// for a folder)");
    }
    if ((err = take_host(&p, u, e)) < 0)
        return err;
    if (!u->tls && !is_loopback(u->host))
        return refuse(e, "http:// would send rows and credentials in the "
                         "open; use https://");
    if (!u->tls && !allow_http)
        return refuse(e, "http:// to this machine needs store.allow_http = "
                         "true");
    u->emulator = is_emulator(u);
    if ((err = take_account(&p, u, e)) < 0 ||
        (err = take_container(&p, u, e)) < 0)
        return err;
    return finish(p, u, e);
}

/* Length of the UTF-8 character at p, or 0 when it is none. */
static size_t character(const unsigned char *p)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t n = p[0] < 0x80                   ? 1
               : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
               : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
               : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
                                             : 0;
    uint32_t code = n > 1 ? p[0] & (0xffu >> (n + 1)) : p[0];

    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (p[i] & 0x3fu);
    }
    if (code < least[n] || code > 0x10ffff || (code >> 11) == 0x1b)
        return 0;
    return n;
}

static const char *bad_bytes(const char *path)
{
    const unsigned char *p = (const unsigned char *)path;

    while (*p) {
        size_t n = character(p);
        if (n == 0)
            return "is not UTF-8";
        if (*p < 0x20 || *p == 0x7f || *p == '\\')
            return "has a control byte or backslash";
        p += n;
    }
    return NULL;
}

/* One part between slashes. */
static const char *bad_part(const char *p, size_t n, bool hidden_ok)
{
    if (n == 0)
        return "has an empty part ('//', or a slash at an end)";
    if ((n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
        return "has '.' or '..' as a part";
    if (p[n - 1] == '.')
        return "has a part that ends with a dot, which the service drops";
    if (!hidden_ok && (p[0] == '_' || p[0] == '.'))
        return "has a part that begins with '_' or '.', which readers skip";
    return NULL;
}

int rn_blob_name(const char *path, bool marker, struct rn_error *e)
{
    const char *bad = bad_bytes(path);
    const char *p = path;

    if (!bad && strlen(path) > RN_BLOB_NAME)
        bad = "is longer than 512 bytes";
    while (!bad) {
        size_t n = strcspn(p, "/");
        bad = bad_part(p, n, marker && p[n] == 0);
        if (p[n] == 0)
            break;
        p += n + 1;
    }
    if (!bad)
        return RN_OK;
    return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG, "store.path: \"%.120s\" %s",
                   path, bad);
}

int rn_blob_encode(const char *path, char *to, size_t cap)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t n = 0;

    for (const char *p = path; *p; p++) {
        unsigned char c = (unsigned char)*p;
        bool plain = is_lower_or_digit(*p) || (c >= 'A' && c <= 'Z') ||
                     strchr("-._~/", c);
        if (n + (plain ? 1 : 3) > cap)
            return RN_E_FULL;
        if (plain) {
            to[n++] = *p;
            continue;
        }
        to[n++] = '%';
        to[n++] = hex[c >> 4];
        to[n++] = hex[c & 15];
    }
    return (int)n;
}
