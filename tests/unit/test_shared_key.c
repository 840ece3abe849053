/* test_shared_key.c: the text that Shared Key signs, and the signature. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "core/base64.h"
#include "identity/identity.h"

struct text {
    char p[1024];
    size_t n;
};

static void into_text(void *ctx, struct rn_bytes part)
{
    struct text *t = ctx;

    assert_true(t->n + part.n < sizeof t->p);
    if (part.n > 0)
        memcpy(t->p + t->n, part.p, part.n);
    t->n += part.n;
    t->p[t->n] = 0;
}

/* The example of "Authorize with Shared Key" for 2015-02-21 and later. */
static const struct rn_query doc_query[] = { { "restype", "container" },
                                             { "timeout", "20" },
                                             { "comp", "metadata" } };
static const struct rn_http_header doc_header[] = {
    { RN_LIT("x-ms-version"), RN_LIT("2015-02-21") },
    { RN_LIT("x-ms-date"), RN_LIT("Fri, 26 Jun 2015 23:39:12 GMT") }
};
static const struct rn_auth_request doc = {
    .method = "GET",
    .path = RN_LIT("/mycontainer"),
    .query = doc_query,
    .queries = 3,
    .header = doc_header,
    .headers = 2,
};

static void the_documented_example_is_signed_as_documented(void **state)
{
    struct text t = { .n = 0 };

    (void)state;
    rn_shared_key_text("myaccount", &doc, into_text, &t);
    assert_string_equal(t.p, "GET\n\n\n\n\n\n\n\n\n\n\n\n"
                             "x-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\n"
                             "x-ms-version:2015-02-21\n"
                             "/myaccount/mycontainer\n"
                             "comp:metadata\nrestype:container\ntimeout:20");
}

static void every_header_has_its_line(void **state)
{
    static const struct rn_http_header header[] = {
        { RN_LIT("x-ms-version"), RN_LIT("2021-12-02") },
        { RN_LIT("If-None-Match"), RN_LIT("*") },
        { RN_LIT("x-ms-meta-runnel_run"), RN_LIT("  r1\t") },
        { RN_LIT("x-ms-meta-runnel_rows"), RN_LIT("7") },
        { RN_LIT("content-md5"), RN_LIT("bWQ1") },
        { RN_LIT("Content-Type"), RN_LIT("text/csv") },
        { RN_LIT("x-ms-blob-type"), RN_LIT("BlockBlob") },
        { RN_LIT("accept"), RN_LIT("no business of the signature") },
        { RN_LIT("range"), RN_LIT("bytes=1-2") }
    };
    const struct rn_auth_request r = {
        .method = "PUT",
        .path = RN_STR("/devstoreaccount1/c/a%20b.csv"),
        .header = header,
        .headers = RN_COUNTOF(header),
        .length = 4294967296,
    };
    struct text t = { .n = 0 };

    (void)state;
    rn_shared_key_text("devstoreaccount1", &r, into_text, &t);
    assert_string_equal(t.p, "PUT\n\n\n4294967296\nbWQ1\ntext/csv\n\n\n\n*\n\n"
                             "bytes=1-2\n"
                             "x-ms-blob-type:BlockBlob\n"
                             "x-ms-meta-runnel_rows:7\n"
                             "x-ms-meta-runnel_run:r1\n"
                             "x-ms-version:2021-12-02\n"
                             "/devstoreaccount1/devstoreaccount1/c/a%20b.csv");
}

/* Signature of the documented text with the emulator's key, computed by other
 * means (openssl dgst -sha256 -mac HMAC).
 */
static void the_signature_is_hmac_sha256_of_the_text(void **state)
{
    uint8_t secret[128];
    struct rn_identity id = { .account = "myaccount", .secret = secret };
    char to[RN_AUTHORIZATION];
    struct rn_error e = { 0 };
    const struct rn_identity_class *k = &rn_identity_shared_key;

    (void)state;
    id.key_name = "auth.key";
    assert_int_equal(k->set(&id, RN_STR(RN_EMULATOR_KEY), &e), RN_OK);
    size_t n = k->authorize(&id, &doc, to);
    struct rn_bytes want =
        RN_STR("SharedKey myaccount:"
               "1u9lui2jDxj0+fpbHjQ5m5NnastJRSYM+PSmfi8TXx4=");
    assert_int_equal(n, want.n);
    assert_memory_equal(to, want.p, n);
    assert_int_equal(k->query(&id).n, 0);
}

static void what_is_no_key_is_refused_and_not_repeated(void **state)
{
    static const char *const bad[] = { "canary", "canary==canary", "Y2FuYXJ5",
                                       "canary canary canary ==",
                                       "?sv=1&sig=canary" };
    uint8_t secret[128] = "before";
    struct rn_identity id = { .secret = secret, .key_name = "auth.key" };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(bad); i++) {
        struct rn_error e = { 0 };
        assert_int_equal(
            rn_identity_shared_key.set(&id, rn_bytes_of(bad[i]), &e),
            RN_E_CONFIG);
        assert_non_null(strstr(e.text, "auth.key"));
        assert_null(strstr(e.text, "canary"));
        assert_null(strstr(e.text, "Y2Fu"));
        assert_string_equal((char *)secret, "before");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_documented_example_is_signed_as_documented),
        cmocka_unit_test(every_header_has_its_line),
        cmocka_unit_test(the_signature_is_hmac_sha256_of_the_text),
        cmocka_unit_test(what_is_no_key_is_refused_and_not_repeated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
