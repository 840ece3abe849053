/* test_credential.c: opening, renewing and wiping of who we are; SAS tokens as
 * people paste them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "identity/identity.h"

#define GOOD "sv=2021-12-02&se=2099-01-01T00%3A00%3A00Z&sr=c&sp=rcwd&sig=abc%3D"

static _Alignas(16) uint8_t memory[8192];
static const struct rn_service service = { "acme.blob.core.windows.net", 443,
                                           true, "acme" };

static struct rn_config plain_config(enum rn_auth_kind kind)
{
    struct rn_config c;

    memset(&c, 0, sizeof c);
    c.auth.kind = kind;
    c.auth.token = c.auth.token_file = "";
    c.auth.account = c.auth.key = c.auth.key_file = "";
    c.auth.connection = c.auth.connection_file = "";
    return c;
}

static int open_with(const struct rn_config *c, struct rn_identity **id,
                     struct rn_error *e)
{
    struct rn_arena mem;

    rn_error_clear(e);
    rn_arena_init(&mem, "test", memory, rn_identity_need(c));
    return rn_identity_open(c, &service, &mem, e, id);
}

static int open_sas(const char *token, struct rn_identity **id,
                    struct rn_error *e)
{
    static struct rn_config c;

    c = plain_config(RN_AUTH_SAS);
    c.auth.token = token;
    return open_with(&c, id, e);
}

static void a_token_is_taken_as_pasted(void **state)
{
    static const char *const good[] = { GOOD, "?" GOOD, GOOD "\n", GOOD "\r\n",
                                        "sv=1&si=policy&sr=c&sig=x" };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(good); i++) {
        struct rn_identity *id;
        struct rn_error e;
        char to[RN_AUTHORIZATION];
        struct rn_auth_request r = { .method = "PUT" };
        if (open_sas(good[i], &id, &e) != RN_OK)
            fail_msg("%s", e.text);
        struct rn_bytes q = rn_identity_query(id);
        if (i < 4)
            assert_true(rn_bytes_equal(q, RN_STR(GOOD)));
        assert_int_equal(rn_identity_authorize(id, &r, to), 0);
        assert_null(id->warning);
        assert_int_equal(rn_identity_ready(id, 0), RN_OK);
        rn_identity_close(id);
    }
}

static void a_bad_token_is_refused_early_and_not_repeated(void **state)
{
    static const struct {
        const char *token;
        int err;
        const char *says;
    } bad[] = {
        { "", RN_E_CONFIG, "empty" },
        { "\n", RN_E_CONFIG, "empty" },
        { "canary", RN_E_CONFIG, "half" },
        { "sv=1&se=2099-01-01&sp=rw", RN_E_CONFIG, "half" },
        { "sv=1&sig=&sp=rw&canary=1", RN_E_CONFIG, "half" },
        { "https://x.blob.core.windows.net/c?" GOOD, RN_E_CONFIG, "URL" },
        { GOOD "&x=ca nary", RN_E_CONFIG, "blanks" },
        { GOOD "\nHost: canary", RN_E_CONFIG, "blanks" },
        { "\"" GOOD "\"", RN_E_CONFIG, "quotes" },
        { "sv=1&sig=canary&sp=rl", RN_E_CONFIG, "no writing" },
        { "sv=1&sig=canary&sp=rw&se=tomorrow", RN_E_CONFIG, "expiry" },
        { "sv=1&sig=canary&sp=rw&se=2020-03-04T05%3A06%3A07Z", RN_E_AUTH,
          "2020-03-04 05:06 UTC" },
        { "sv=1&sig=canary&sp=rw&se=2020-03-04", RN_E_AUTH, "2020-03-04" },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(bad); i++) {
        struct rn_identity *id;
        struct rn_error e;
        if (open_sas(bad[i].token, &id, &e) != bad[i].err)
            fail_msg("%zu: %s", i, e.text);
        assert_null(id);
        assert_non_null(strstr(e.text, "auth.token"));
        if (!strstr(e.text, bad[i].says))
            fail_msg("%s", e.text);
        assert_null(strstr(e.text, "canary"));
        assert_null(strstr(e.text, "abc%3D"));
    }
}

static void a_token_that_allows_too_much_is_mentioned(void **state)
{
    struct rn_identity *id;
    struct rn_error e;

    (void)state;
    assert_int_equal(open_sas("sv=1&ss=b&srt=co&sp=rwdlac&sig=x", &id, &e),
                     RN_OK);
    assert_non_null(strstr(id->warning, "whole account"));
    assert_int_equal(open_sas("sv=1&sr=c&sp=racwdl&sig=x", &id, &e), RN_OK);
    assert_non_null(strstr(id->warning, "more than"));
}

static void a_key_needs_an_account_that_fits_the_url(void **state)
{
    struct rn_config c = plain_config(RN_AUTH_SHARED_KEY);
    struct rn_identity *id;
    struct rn_error e;

    (void)state;
    c.auth.key = RN_EMULATOR_KEY "\n";
    assert_int_equal(open_with(&c, &id, &e), RN_OK);
    assert_string_equal(id->account, "acme");
    assert_non_null(strstr(id->warning, "last resort"));
    c.auth.account = "other";
    assert_int_equal(open_with(&c, &id, &e), RN_E_CONFIG);
    assert_non_null(strstr(e.text, "acme"));
    c.auth.account = "Not An Account";
    assert_int_equal(open_with(&c, &id, &e), RN_E_CONFIG);
    c.auth.kind = RN_AUTH_NONE;
    assert_int_equal(open_with(&c, &id, &e), RN_E_CONFIG);
}

static void a_connection_string_is_a_key_or_a_token(void **state)
{
    struct rn_config c = plain_config(RN_AUTH_CONNECTION_STRING);
    struct rn_identity *id;
    struct rn_error e;

    (void)state;
    c.auth.connection = "AccountName=acme;AccountKey=" RN_EMULATOR_KEY;
    assert_int_equal(open_with(&c, &id, &e), RN_OK);
    assert_ptr_equal(id->cls, &rn_identity_shared_key);
    assert_string_equal(id->account, "acme");
    c.auth.connection = "BlobEndpoint=https://acme.blob.core.windows.net/;"
                        "SharedAccessSignature=" GOOD;
    assert_int_equal(open_with(&c, &id, &e), RN_OK);
    assert_ptr_equal(id->cls, &rn_identity_sas);
    assert_true(rn_bytes_equal(rn_identity_query(id), RN_STR(GOOD)));
}

static void put_file(const char *path, const char *text, mode_t mode)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(chmod(path, mode), 0);
}

static void only_a_changed_file_is_a_new_credential(void **state)
{
    char path[] = "/tmp/runnel-test-XXXXXX";
    struct rn_config c = plain_config(RN_AUTH_SAS);
    struct rn_identity *id;
    struct rn_error e;
    static char big[RN_SECRET_MAX + 100];

    (void)state;
    close(mkstemp(path));
    c.auth.token = GOOD;
    assert_int_equal(open_with(&c, &id, &e), RN_OK);
    assert_int_equal(rn_identity_renew(id), RN_E_AUTH); /* no file at all */

    c.auth.token_file = path;
    assert_int_equal(open_with(&c, &id, &e), RN_OK);
    put_file(path, GOOD "\r\n", 0600);
    assert_int_equal(rn_identity_renew(id), RN_E_AUTH);
    put_file(path, "?" GOOD, 0600);
    assert_int_equal(rn_identity_renew(id), RN_E_AUTH);
    put_file(path, "nonsense", 0600);
    assert_int_equal(rn_identity_renew(id), RN_E_AUTH);
    put_file(path, "", 0600);
    assert_int_equal(rn_identity_renew(id), RN_E_AUTH);
    put_file(path, "sv=2&sp=rcw&sig=new", 0644); /* others may read it */
    assert_int_equal(rn_identity_renew(id), RN_E_AUTH);
    memset(big, 'x', sizeof big - 1);
    put_file(path, big, 0600);
    assert_int_equal(rn_identity_renew(id), RN_E_AUTH);
    assert_true(rn_bytes_equal(rn_identity_query(id), RN_STR(GOOD)));

    put_file(path, "sv=2&sp=rcw&sig=new\r\n", 0600);
    assert_int_equal(rn_identity_renew(id), RN_OK);
    assert_true(
        rn_bytes_equal(rn_identity_query(id), RN_STR("sv=2&sp=rcw&sig=new")));
    assert_int_equal(rn_identity_renew(id), RN_E_AUTH);
    unlink(path);
    assert_int_equal(rn_identity_renew(id), RN_E_AUTH);
    assert_int_equal(e.code, RN_OK);
}

static void close_leaves_no_secret_in_memory(void **state)
{
    struct rn_identity *id;
    struct rn_error e;

    (void)state;
    assert_int_equal(open_sas(GOOD, &id, &e), RN_OK);
    rn_identity_close(id);
    for (size_t i = 0; i + 6 < sizeof memory; i++)
        assert_int_not_equal(memcmp(memory + i, "abc%3D", 6), 0);
    rn_identity_close(id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_taken_as_pasted),
        cmocka_unit_test(a_bad_token_is_refused_early_and_not_repeated),
        cmocka_unit_test(a_token_that_allows_too_much_is_mentioned),
        cmocka_unit_test(a_key_needs_an_account_that_fits_the_url),
        cmocka_unit_test(a_connection_string_is_a_key_or_a_token),
        cmocka_unit_test(only_a_changed_file_is_a_new_credential),
        cmocka_unit_test(close_leaves_no_secret_in_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
