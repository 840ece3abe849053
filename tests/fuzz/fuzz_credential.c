/* fuzz_credential.c: whatever a person pastes as SAS or connection string: it
 * is taken apart as it is written or refused with one clean line, and no secret
 * is in anything that is shown.
 *
 * A byte 1 of the input stands for a secret.
 */
#include <stdlib.h>
#include <string.h>

#include "identity/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT  1024
#define CANARY "CaNaRyCaNaRy"

static void check_text(const char *text)
{
    RN_ASSERT(strstr(text, CANARY) == NULL);
    for (const char *p = text; *p; p++)
        RN_ASSERT((unsigned char)*p >= 0x20 && (unsigned char)*p < 0x7f);
}

static size_t expand(const uint8_t *data, size_t size, uint8_t *to)
{
    size_t n = 0;

    for (size_t i = 0; i < size; i++) {
        if (data[i] == 1) {
            memcpy(to + n, CANARY, strlen(CANARY));
            n += strlen(CANARY);
        } else {
            to[n++] = data[i];
        }
    }
    return n;
}

static bool inside(struct rn_bytes part, struct rn_bytes whole)
{
    return part.p == NULL || (part.p >= whole.p && part.n <= whole.n &&
                              (size_t)(part.p - whole.p) <= whole.n - part.n);
}

/* The first parameter of that name, found in another way. */
static struct rn_bytes parameter(struct rn_bytes token, const char *name)
{
    struct rn_bytes none = { NULL, 0 };
    size_t n = strlen(name);

    for (size_t at = 0; at + n < token.n; at++) {
        size_t end = at;

        if (at > 0 && token.p[at - 1] != '&')
            continue;
        if (memcmp(token.p + at, name, n) != 0 || token.p[at + n] != '=')
            continue;
        while (end < token.n && token.p[end] != '&')
            end++;
        return (struct rn_bytes){ token.p + at + n + 1, end - at - n - 1 };
    }
    return none;
}

static void check_token(struct rn_bytes token)
{
    static const char *const names[] = { "sig", "sv", "se", "st", "sp", "x" };

    for (size_t i = 0; i < RN_COUNTOF(names); i++) {
        struct rn_bytes a = rn_sas_parameter(token, names[i]);
        struct rn_bytes b = parameter(token, names[i]);
        int64_t us;

        RN_ASSERT(rn_bytes_equal(a, b) && (a.p == NULL) == (b.p == NULL));
        rn_sas_time(a, &us);
    }
}

static void try_sas(struct rn_bytes text)
{
    static uint8_t kept[RN_SECRET_MAX];
    static struct rn_config config;
    struct rn_identity id = { .cls = &rn_identity_sas,
                              .config = &config,
                              .key_name = "auth.token",
                              .secret = kept,
                              .secret_len = 5 };
    struct rn_error e = { 0 };
    int err;

    config.synapse.credential = "";
    memcpy(kept, "older", 5);
    err = rn_identity_sas.set(&id, text, &e);
    check_text(e.text);
    check_token(text);
    if (err < 0) {
        RN_ASSERT(e.text[0] != '\0' && err == e.code);
        RN_ASSERT(id.secret_len == 5 && memcmp(kept, "older", 5) == 0);
        return;
    }
    if (text.n > 0 && text.p[0] == '?')
        text = (struct rn_bytes){ text.p + 1, text.n - 1 };
    RN_ASSERT(rn_bytes_equal(rn_identity_sas.query(&id), text));
    RN_ASSERT(memchr(text.p, ' ', text.n) == NULL);
    RN_ASSERT(memchr(text.p, '\n', text.n) == NULL);
    RN_ASSERT(parameter(text, "sig").n > 0 && parameter(text, "sv").n > 0);
    if (id.warning != NULL)
        check_text(id.warning);
}

static void try_connection(struct rn_bytes text)
{
    static const struct rn_service services[] = {
        { "acc.blob.core.windows.net", 443, true, "acc" },
        { "127.0.0.1", 10000, false, "devstoreaccount1" },
    };
    struct rn_connection c;
    struct rn_error e = { 0 };
    int err = rn_connection_parse(text, &c, &e);

    check_text(e.text);
    RN_ASSERT(err == RN_OK || (err == RN_E_CONFIG && e.text[0] != '\0'));
    if (err < 0)
        return;
    if (!c.development) {
        RN_ASSERT(inside(c.account, text) && inside(c.key, text));
        RN_ASSERT(inside(c.sas, text) && inside(c.endpoint, text));
        RN_ASSERT((c.key.n > 0) != (c.sas.n > 0));
        RN_ASSERT(c.key.n == 0 || c.account.n > 0);
    }
    for (size_t i = 0; i < RN_COUNTOF(services); i++) {
        rn_error_clear(&e);
        err = rn_connection_matches(&c, &services[i], &e);
        check_text(e.text);
        RN_ASSERT((err < 0) == (e.text[0] != '\0'));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *text;
    size_t n;

    if (size < 1 || size > INPUT)
        return 0;
    /* Exactly as long as it is: nothing behind it may be read. */
    text = malloc(size * strlen(CANARY));
    RN_ASSERT(text != NULL);
    n = expand(data, size, text);
    text = realloc(text, n);
    RN_ASSERT(text != NULL);
    try_sas((struct rn_bytes){ text, n });
    try_connection((struct rn_bytes){ text, n });
    free(text);
    return 0;
}
