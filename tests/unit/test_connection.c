/* test_connection.c: connection strings of the portal, and what people make of
 * them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "identity/identity.h"

#define KEY "AccountKey=c2VjcmV0IGNhbmFyeQ=="
#define SAS "SharedAccessSignature=sv=2021-12-02&sig=canary%3D"

static const struct rn_service azure = { "acme.blob.core.windows.net", 443,
                                         true, "acme" };
static const struct rn_service emulator = { "127.0.0.1", 10000, true,
                                            "devstoreaccount1" };
static const struct rn_service custom = { "data.example.org", 443, true, "" };

static int check(const char *text, const struct rn_service *s,
                 struct rn_connection *c, struct rn_error *e)
{
    int err;

    rn_error_clear(e);
    err = rn_connection_parse(rn_bytes_of(text), c, e);
    return err < 0 ? err : rn_connection_matches(c, s, e);
}

static void good_strings_are_understood(void **state)
{
    static const struct {
        const char *text;
        const struct rn_service *service;
    } good[] = {
        { "DefaultEndpointsProtocol=https;AccountName=acme;" KEY
          ";EndpointSuffix=core.windows.net",
          &azure },
        { "AccountName=acme;" KEY, &azure },
        { "accountname=acme;accountkey=Y2FuYXJ5;", &azure },
        { "BlobEndpoint=https://acme.blob.core.windows.net/;" SAS, &azure },
        { "BlobEndpoint=https://acme.blob.core.windows.net/;QueueEndpoint="
          "https://acme.queue.core.windows.net/;FileEndpoint=https://acme.file."
          "core.windows.net/;TableEndpoint=https://acme.table.core.windows.net/"
          ";" SAS,
          &azure },
        { "UseDevelopmentStorage=true", &emulator },
        { "UseDevelopmentStorage=true;", &emulator },
        { "BlobEndpoint=https://127.0.0.1:10000/devstoreaccount1;AccountName="
          "devstoreaccount1;" KEY,
          &emulator },
        { "BlobEndpoint=https://data.example.org;" SAS, &custom },
        { "BlobEndpoint=https://DATA.example.org:443;AccountName=acme;" KEY,
          &custom },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(good); i++) {
        struct rn_connection c;
        struct rn_error e;
        if (check(good[i].text, good[i].service, &c, &e) != RN_OK)
            fail_msg("%zu: %s", i, e.text);
        assert_true(c.key.n > 0 || c.sas.n > 0);
    }
}

static void development_storage_is_the_published_account(void **state)
{
    struct rn_connection c;
    struct rn_error e;

    (void)state;
    assert_int_equal(check("UseDevelopmentStorage=true", &emulator, &c, &e),
                     RN_OK);
    assert_true(rn_bytes_equal(c.account, RN_STR("devstoreaccount1")));
    assert_true(rn_bytes_equal(c.key, RN_STR(RN_EMULATOR_KEY)));
    assert_int_equal(check("UseDevelopmentStorage=true", &azure, &c, &e),
                     RN_E_CONFIG);
}

static void bad_strings_are_refused_and_not_repeated(void **state)
{
    static const char *const bad[] = {
        "",
        "canary",
        "canarycanary==",
        "AccountName=acme",
        "AccountName=;" KEY,
        KEY,
        SAS,
        "AccountName=acme;" KEY ";" SAS,
        "AccountName=acme;AccountName=acme;" KEY,
        "AccountName=acme;" KEY ";canary=1",
        "AccountName=acme;" KEY ";canary",
        "AccountName=acme;" KEY "\n",
        "AccountName=other;" KEY,
        "AccountName=acme;" KEY ";EndpointSuffix=core.chinacloudapi.cn",
        "AccountName=acme;" KEY ";DefaultEndpointsProtocol=ftp",
        "BlobEndpoint=https://acme.blob.core.windows.net.evil.org/;" SAS,
        "BlobEndpoint=https://acme.blob.core.windows.net:444/;" SAS,
        "BlobEndpoint=https://acme.blob.core.windows.net:99999999999/;" SAS,
        "BlobEndpoint=http://acme.blob.core.windows.net/;" SAS,
        "BlobEndpoint=https://u:canary@acme.blob.core.windows.net/;" SAS,
        "UseDevelopmentStorage=false",
        "UseDevelopmentStorage=true;AccountName=acme;" KEY,
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(bad); i++) {
        struct rn_connection c;
        struct rn_error e;
        if (check(bad[i], &azure, &c, &e) != RN_E_CONFIG)
            fail_msg("taken: %s", bad[i]);
        assert_non_null(strstr(e.text, "auth.connection"));
        assert_null(strstr(e.text, "canary"));
        assert_null(strstr(e.text, "c2VjcmV0"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_strings_are_understood),
        cmocka_unit_test(development_storage_is_the_published_account),
        cmocka_unit_test(bad_strings_are_refused_and_not_repeated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
