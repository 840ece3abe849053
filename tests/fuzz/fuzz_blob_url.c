/* fuzz_blob_url.c: whatever is given as the address of a container or the name
 * of a blob: taken apart into parts that hold what the header promises, or
 * refused with one clean line that repeats no secret.
 */
#include <stdio.h>
#include <string.h>

#include "blob/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT  700
#define CANARY "CaNaRyCaNaRy"

static void check_text(const struct rn_error *e)
{
    RN_ASSERT(e->code == RN_E_CONFIG && e->text[0] != '\0');
    RN_ASSERT(strstr(e->text, CANARY) == NULL);
}

static void check_url(const struct rn_blob_url *u, bool allow_http)
{
    struct rn_blob_url again;
    struct rn_error e = { 0 };
    const char *local[] = { "localhost", "::1" };

    RN_ASSERT(u->host[0] && u->port > 0 && u->container[0]);
    RN_ASSERT(u->base[0] == '/' && u->base[strlen(u->base) - 1] != '/');
    RN_ASSERT(strpbrk(u->base, "?# @\\") == NULL && !strstr(u->base, "//"));
    RN_ASSERT(strstr(u->base, u->container) != NULL ||
              strcmp(u->container, "$root") == 0);
    for (const char *p = u->host; *p; p++)
        RN_ASSERT((unsigned char)*p > 0x20 && !(*p >= 'A' && *p <= 'Z'));
    if (!u->tls)
        RN_ASSERT(allow_http && (strcmp(u->host, local[0]) == 0 ||
                                 strcmp(u->host, local[1]) == 0 ||
                                 strncmp(u->host, "127.", 4) == 0));
    /* What people are shown leads to the same place. */
    if (u->emulator)
        return;
    RN_ASSERT(rn_blob_url(u->place, allow_http, &again, &e) == RN_OK);
    RN_ASSERT(strcmp(again.host, u->host) == 0 && again.port == u->port);
    RN_ASSERT(strcmp(again.container, u->container) == 0);
    RN_ASSERT(again.tls == u->tls && strcmp(again.account, u->account) == 0);
}

static void try_url(const char *url, bool allow_http, bool secret)
{
    struct rn_blob_url u;
    struct rn_error e = { 0 };
    int err = rn_blob_url(url, allow_http, &u, &e);

    RN_ASSERT(err == RN_OK || err == RN_E_CONFIG);
    RN_ASSERT(!secret || err == RN_E_CONFIG);
    if (err == RN_OK)
        check_url(&u, allow_http);
    else
        check_text(&e);
}

static int digit(char c)
{
    return c <= '9' ? c - '0' : c - 'A' + 10;
}

/* A name's percent-encoding says the name, in bytes that paths may have. */
static void check_name(const char *name, bool marker)
{
    char to[3 * INPUT];
    struct rn_error e = { 0 };
    int n, at = 0;

    if (rn_blob_name(name, marker, &e) < 0) {
        check_text(&e);
        return;
    }
    RN_ASSERT(name[0] && name[0] != '/' && strlen(name) <= RN_BLOB_NAME);
    RN_ASSERT(!strstr(name, "//") && !strstr(name, "/../"));
    RN_ASSERT(marker || (name[0] != '_' && !strstr(name, "/_") &&
                         name[0] != '.' && !strstr(name, "/.")));
    n = rn_blob_encode(name, to, sizeof(to));
    RN_ASSERT(n > 0);
    for (const char *p = name; *p; p++) {
        if (to[at] == '%') {
            RN_ASSERT(at + 2 < n && (digit(to[at + 1]) << 4 |
                                     digit(to[at + 2])) == (uint8_t)*p);
            at += 3;
            continue;
        }
        RN_ASSERT(to[at] == *p && strchr("?#%& +\\", *p) == NULL);
        at++;
    }
    RN_ASSERT(at == n && rn_blob_encode(name, to, (size_t)n - 1) == RN_E_FULL);
}

/* The first byte: http may be used, and where a secret stands. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[INPUT + 1], secret[2 * INPUT];

    if (size < 2 || size > INPUT)
        return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    if (strstr(text, CANARY) != NULL)
        return 0;
    try_url(text, data[0] & 1, false);
    snprintf(secret, sizeof(secret), "%s?" CANARY, text);
    try_url(secret, data[0] & 1, true);
    snprintf(secret, sizeof(secret), "https://" CANARY "@%s", text);
    try_url(secret, data[0] & 1, true);
    check_name(text, data[0] & 2);
    return 0;
}
