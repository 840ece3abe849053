/* test_url.c: store.url as people write it, and names of files. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "blob/url.h"

static void urls_of_every_kind_are_understood(void **state)
{
    static const struct {
        const char *url, *host, *account, *container, *base, *place;
        unsigned port;
        bool tls, emulator;
    } good[] = {
        { "https://acme.blob.core.windows.net/out",
          "acme.blob.core.windows.net", "acme", "out", "/out",
          "https://acme.blob.core.windows.net/out", 443, true, false },
        { "https://ACME.blob.core.windows.net:443/out/",
          "acme.blob.core.windows.net", "acme", "out", "/out",
          "https://acme.blob.core.windows.net/out", 443, true, false },
        { "https://acme.blob.core.chinacloudapi.cn/a-b-3/raw/day one", "", "",
          "", "", "", 0, false, false },
        { "https://acme.blob.core.chinacloudapi.cn/a-b-3/raw/x=1",
          "acme.blob.core.chinacloudapi.cn", "acme", "a-b-3",
          "/a-b-3/raw/x%3D1", "https://acme.blob.core.chinacloudapi.cn/a-b-3",
          443, true, false },
        { "https://acme.z01.blob.storage.azure.net/$root",
          "acme.z01.blob.storage.azure.net", "acme", "$root", "/$root",
          "https://acme.z01.blob.storage.azure.net/$root", 443, true, false },
        { "https://127.0.0.1:10000/devstoreaccount1/out", "127.0.0.1",
          "devstoreaccount1", "out", "/devstoreaccount1/out",
          "https://127.0.0.1:10000/out", 10000, true, true },
        { "http://localhost:10000/devstoreaccount1/out/p", "localhost",
          "devstoreaccount1", "out", "/devstoreaccount1/out/p",
          "http://localhost:10000/out", 10000, false, true },
        { "http://[::1]:10000/devstoreaccount1/out", "::1", "devstoreaccount1",
          "out", "/devstoreaccount1/out", "http://[::1]:10000/out", 10000,
          false, true },
        { "https://azurite:10000/acc/out", "azurite", "acc", "out", "/acc/out",
          "https://azurite:10000/out", 10000, true, true },
        { "https://data.example.org/out", "data.example.org", "", "out", "/out",
          "https://data.example.org/out", 443, true, false },
        { "https://acme.blob.localhost:10000/out", "acme.blob.localhost",
          "acme", "out", "/out", "https://acme.blob.localhost:10000/out", 10000,
          true, false },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(good); i++) {
        struct rn_blob_url u;
        struct rn_error e = { 0 };
        int err = rn_blob_url(good[i].url, true, &u, &e);
        if (good[i].port == 0) {
            assert_int_equal(err, RN_E_CONFIG);
            continue;
        }
        if (err < 0)
            fail_msg("%s: %s", good[i].url, e.text);
        assert_string_equal(u.host, good[i].host);
        assert_string_equal(u.account, good[i].account);
        assert_string_equal(u.container, good[i].container);
        assert_string_equal(u.base, good[i].base);
        assert_string_equal(u.place, good[i].place);
        assert_int_equal(u.port, good[i].port);
        assert_int_equal(u.tls, good[i].tls);
        assert_int_equal(u.emulator, good[i].emulator);
    }
}

static void bad_urls_are_refused_in_one_line_without_secrets(void **state)
{
    static const struct {
        const char *url, *says;
    } bad[] = {
        { "", "must begin" },
        { "acme.blob.core.windows.net/out", "must begin" },
        { "ftp://x/y", "must begin" },
        { "wasbs://out@acme.blob.core.windows.net/", "user name" },
        { "https://", "no host" },
        { "https:///out", "no host" },
        { "https://acme.blob.core.windows.net", "names no container" },
        { "https://acme.blob.core.windows.net/", "names no container" },
        { "https://acme.blob.core.windows.net//out", "names no container" },
        { "https://acme.blob.core.windows.net/Out", "container's name" },
        { "https://acme.blob.core.windows.net/ou", "container's name" },
        { "https://acme.blob.core.windows.net/a--b", "container's name" },
        { "https://acme.blob.core.windows.net/-ab", "container's name" },
        { "https://acme.blob.core.windows.net/abc_d", "container's name" },
        { "https://acme.blob.core.windows.net/out/../x", "'..'" },
        { "https://acme.blob.core.windows.net/out//x", "empty part" },
        { "https://acme.blob.core.windows.net/out/a%20b", "'%'" },
        { "https://acme.blob.core.windows.net/out?sv=1&sig=canary",
          "auth.token" },
        { "https://acme.blob.core.windows.net/out#canary", "fragment" },
        { "https://me:canary@acme.blob.core.windows.net/out", "[auth]" },
        { "https://acme.blob.core.windows.net:0/out", "port" },
        { "https://acme.blob.core.windows.net:65536/out", "port" },
        { "https://acme.blob.core.windows.net:99999999999999/out", "port" },
        { "https://acme.blob.core.windows.net:x/out", "port" },
        { "https://acme.blob.core.windows.net:/out", "port" },
        { "https://a,b/out", "host has a byte" },
        { "https://[::1/acc/out", "']'" },
        { "https://127.0.0.1:10000/devstoreaccount1", "names no container" },
        { "https://127.0.0.1:10000/", "ACCOUNT/CONTAINER" },
        { "https://127.0.0.1:10000/Acc/out", "account's name" },
        { "http://acme.blob.core.windows.net/out", "in the open" },
        { "http://127.0.0.1.evil.org/acc/out", "in the open" },
        { "http://10.0.0.1:10000/acc/out", "in the open" },
        { "https://acme.blob.core.windows.net/out\r\nX: y", "control byte" },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(bad); i++) {
        struct rn_blob_url u;
        struct rn_error e = { 0 };
        if (rn_blob_url(bad[i].url, true, &u, &e) != RN_E_CONFIG)
            fail_msg("taken: %s", bad[i].url);
        if (!strstr(e.text, bad[i].says))
            fail_msg("%s: %s", bad[i].url, e.text);
        assert_null(strstr(e.text, "canary"));
    }
}

static void http_to_this_machine_needs_a_word(void **state)
{
    struct rn_blob_url u;
    struct rn_error e = { 0 };

    (void)state;
    assert_int_equal(rn_blob_url("http://127.0.0.1:1/acc/out", false, &u, &e),
                     RN_E_CONFIG);
    assert_non_null(strstr(e.text, "allow_http"));
}

static void every_length_of_url_is_taken_or_refused(void **state)
{
    static char url[3000];
    struct rn_blob_url u;

    (void)state;
    for (size_t n = 1; n < 2000; n += 7) {
        struct rn_error e = { 0 };
        memset(url, 0, sizeof url);
        memcpy(url, "https://", 8);
        memset(url + 8, 'a', n);
        memcpy(url + 8 + n, ".blob.x/out", 11);
        int err = rn_blob_url(url, false, &u, &e);
        assert_int_equal(err, n <= 24 ? RN_OK : RN_E_CONFIG);
        rn_error_clear(&e);
        strcpy(url, "https://acme.blob.x/out/");
        memset(url + 24, '=', n);
        err = rn_blob_url(url, false, &u, &e);
        assert_true(err == RN_OK || (err == RN_E_CONFIG && n > 100));
    }
}

static void names_that_readers_or_services_mangle_are_refused(void **state)
{
    static const char *const good[] = {
        "a",           "orders/2026-11-22/r-1/part-0001.csv.gz",
        "d=1/x y.csv", "a/b..c",
        "a.b/c",       "\xc3\xa4/\xe2\x82\xac.csv",
        "a_b/c_.csv"
    };
    static const char *const bad[] = { "",
                                       "/a",
                                       "a/",
                                       "a//b",
                                       "../a",
                                       "a/../b",
                                       "a/./b",
                                       "..",
                                       ".",
                                       "a/.b",
                                       "_a",
                                       "a/_b.csv",
                                       "_x/b",
                                       "a\tb",
                                       "a\x7f",
                                       "a\\b",
                                       "a./b",
                                       "a.",
                                       "\xff",
                                       "\xc0\xaf",
                                       "\xed\xa0\x80",
                                       "\xe2\x82",
                                       "\xf4\x90\x80\x80" };
    static char big[RN_BLOB_NAME + 2];

    (void)state;
    memset(big, 'a', RN_BLOB_NAME + 1);
    for (size_t i = 0; i < RN_COUNTOF(good); i++) {
        struct rn_error e = { 0 };
        if (rn_blob_name(good[i], false, &e) != RN_OK)
            fail_msg("%s", e.text);
    }
    for (size_t i = 0; i < RN_COUNTOF(bad); i++) {
        struct rn_error e = { 0 };
        if (rn_blob_name(bad[i], false, &e) != RN_E_CONFIG)
            fail_msg("taken: %s", bad[i]);
        assert_non_null(strstr(e.text, "store.path"));
    }
    struct rn_error e = { 0 };
    assert_int_equal(rn_blob_name(big, false, &e), RN_E_CONFIG);
    big[RN_BLOB_NAME] = 0;
    rn_error_clear(&e);
    assert_int_equal(rn_blob_name(big, false, &e), RN_OK);
}

static void markers_may_be_hidden_and_only_they(void **state)
{
    struct rn_error e = { 0 };

    (void)state;
    assert_int_equal(rn_blob_name("a/_SUCCESS", true, &e), RN_OK);
    assert_int_equal(rn_blob_name("a/_manifest.json", true, &e), RN_OK);
    assert_int_equal(rn_blob_name("_a/b", true, &e), RN_E_CONFIG);
    rn_error_clear(&e);
    assert_int_equal(rn_blob_name("a/..", true, &e), RN_E_CONFIG);
}

static void names_are_encoded_part_by_part(void **state)
{
    char to[64];
    const char *path = "a b/\xc3\xa4=+%?#&~.-_Z9";
    const char *want = "a%20b/%C3%A4%3D%2B%25%3F%23%26~.-_Z9";

    (void)state;
    assert_int_equal(rn_blob_encode(path, to, sizeof to), strlen(want));
    assert_memory_equal(to, want, strlen(want));
    for (size_t cap = 0; cap < strlen(want); cap++)
        assert_int_equal(rn_blob_encode(path, to, cap), RN_E_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_of_every_kind_are_understood),
        cmocka_unit_test(bad_urls_are_refused_in_one_line_without_secrets),
        cmocka_unit_test(http_to_this_machine_needs_a_word),
        cmocka_unit_test(every_length_of_url_is_taken_or_refused),
        cmocka_unit_test(names_that_readers_or_services_mangle_are_refused),
        cmocka_unit_test(markers_may_be_hidden_and_only_they),
        cmocka_unit_test(names_are_encoded_part_by_part),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
