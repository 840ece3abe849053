/* test_answer.c: no answer but the right one is success, and every other says
 * what it means.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "blob/answer.h"
#include "core/base64.h"
#include "identity/stamp.h"

#define NOW 1795369034000000LL /* Sun, 22 Nov 2026 17:37:14 GMT */

static const enum rn_op ops[] = { RN_OP_STAGE, RN_OP_PUT, RN_OP_COMMIT,
                                  RN_OP_HEAD, RN_OP_DELETE };
static const struct rn_object object = { .path = "a/b.csv" };
static struct rn_identity identity;
static struct rn_blob_service service = {
    .url = { .place = "https://acme.blob.core.windows.net/out" },
    .identity = &identity
};
static struct rn_request request;

static void header(struct rn_answer *a, const char *name, const char *value)
{
    rn_answer_header(a, rn_bytes_of(name), rn_bytes_of(value));
}

/* What the service always sends. */
static void begin(struct rn_answer *a)
{
    rn_answer_begin(a, NOW);
    header(a, "x-ms-version", "2021-12-02");
    header(a, "x-ms-request-id", "1f2e-aa");
    header(a, "content-length", "0");
    header(a, "date", "Sun, 22 Nov 2026 17:37:14 GMT");
}

static int settle(const struct rn_answer *a, int status, enum rn_op op,
                  struct rn_transfer *t)
{
    *t = (struct rn_transfer){ .op = op, .object = &object };
    rn_answer_settle(a, status, &service, &request, t);
    assert_true(t->done);
    assert_int_equal(t->err < 0, t->error.code != RN_OK);
    if (t->err < 0) {
        assert_int_equal(t->error.code, t->err);
        assert_int_equal(t->error.where, RN_AT_STORE);
        assert_int_equal(t->error.status, status);
        assert_non_null(strstr(t->error.text, "a/b.csv"));
    }
    return t->err;
}

static int settle_code(int status, const char *code, enum rn_op op,
                       struct rn_transfer *t)
{
    struct rn_answer a;

    begin(&a);
    if (code)
        header(&a, "x-ms-error-code", code);
    return settle(&a, status, op, t);
}

static int success_of(enum rn_op op)
{
    return op == RN_OP_HEAD ? 200 : op == RN_OP_DELETE ? 202 : 201;
}

static bool is_for_now(int status)
{
    return status == 408 || status == 429 || status == 500 || status == 502 ||
           status == 503 || status == 504;
}

static void one_status_is_success_and_every_other_is_classified(void **state)
{
    struct rn_transfer t;

    (void)state;
    for (int status = 100; status < 600; status++) {
        for (size_t i = 0; i < RN_COUNTOF(ops); i++) {
            int err = settle_code(status, NULL, ops[i], &t);
            if (status == success_of(ops[i]))
                assert_int_equal(err, RN_OK);
            else if (status / 100 == 2)
                assert_int_equal(err, RN_E_PEER);
            else if (status == 401 || status == 403)
                assert_int_equal(err, RN_E_AUTH);
            else if (is_for_now(status))
                assert_int_equal(err, RN_E_BUSY);
            else if ((status == 409 || status == 412) &&
                     (ops[i] == RN_OP_PUT || ops[i] == RN_OP_COMMIT))
                assert_int_equal(err, RN_E_EXISTS);
            else
                assert_int_equal(err, RN_E_DENIED);
            if (is_for_now(status) && status != 429)
                assert_true(t.sent);
            if (status / 100 == 3)
                assert_non_null(strstr(t.error.text, "redirect"));
        }
    }
}

static void codes_decide_where_the_status_does_not(void **state)
{
    static const struct {
        int status;
        const char *code;
        enum rn_op op;
        int err;
        const char *says;
    } known[] = {
        { 409, "BlobAlreadyExists", RN_OP_COMMIT, RN_E_EXISTS,
          "never replaced" },
        { 409, "BlobAlreadyExists", RN_OP_PUT, RN_E_EXISTS, "never replaced" },
        { 409, "BlobAlreadyExists", RN_OP_STAGE, RN_E_DENIED, "" },
        { 412, "ConditionNotMet", RN_OP_COMMIT, RN_E_EXISTS, "" },
        { 412, "LeaseIdMissing", RN_OP_COMMIT, RN_E_DENIED, "lease" },
        { 412, "LeaseIdMissing", RN_OP_STAGE, RN_E_DENIED, "lease" },
        { 409, "LeaseAlreadyPresent", RN_OP_PUT, RN_E_DENIED, "lease" },
        { 400, "InvalidBlockList", RN_OP_COMMIT, RN_E_STALE, "gone" },
        { 400, "InvalidBlobOrBlock", RN_OP_STAGE, RN_E_DENIED, "store.path" },
        { 400, "Md5Mismatch", RN_OP_STAGE, RN_E_INTEGRITY, "changed" },
        { 400, "Crc64Mismatch", RN_OP_PUT, RN_E_INTEGRITY, "changed" },
        { 400, "InvalidOperation", RN_OP_STAGE, RN_E_DENIED, "" },
        { 409, "RequestEntityTooLargeBlockCountExceedsLimit", RN_OP_STAGE,
          RN_E_STALE, "100,000" },
        { 404, "BlobNotFound", RN_OP_HEAD, RN_E_ABSENT, "no such file" },
        { 404, "BlobNotFound", RN_OP_DELETE, RN_E_ABSENT, "no such file" },
        { 404, "BlobNotFound", RN_OP_COMMIT, RN_E_DENIED, "" },
        { 404, "ContainerNotFound", RN_OP_STAGE, RN_E_DENIED, "create it" },
        { 404, "ContainerNotFound", RN_OP_HEAD, RN_E_DENIED, "create it" },
        { 409, "ContainerBeingDeleted", RN_OP_STAGE, RN_E_DENIED, "deleted" },
        { 409, "BlobImmutableDueToPolicy", RN_OP_COMMIT, RN_E_DENIED,
          "immutability" },
        { 403, "AuthenticationFailed", RN_OP_STAGE, RN_E_AUTH, "expired" },
        { 403, "AuthorizationFailure", RN_OP_STAGE, RN_E_AUTH, "firewall" },
        { 403, "AuthorizationPermissionMismatch", RN_OP_HEAD, RN_E_AUTH,
          "read" },
        { 401, "NoAuthenticationInformation", RN_OP_HEAD, RN_E_AUTH,
          "refused" },
        { 403, "AccountIsDisabled", RN_OP_STAGE, RN_E_DENIED, "disabled" },
        { 503, "ServerBusy", RN_OP_COMMIT, RN_E_BUSY, "busy" },
        { 500, "OperationTimedOut", RN_OP_COMMIT, RN_E_BUSY, "for now" },
        { 500, "FeatureNotSupported", RN_OP_STAGE, RN_E_DENIED,
          "store.checksum = md5" },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(known); i++) {
        struct rn_transfer t;
        int err = settle_code(known[i].status, known[i].code, known[i].op, &t);
        if (err != known[i].err || !strstr(t.error.text, known[i].says))
            fail_msg("%s: %d %s", known[i].code, err, t.error.text);
        assert_string_equal(t.error.service, known[i].code);
        assert_string_equal(t.error.request, "1f2e-aa");
        assert_non_null(strstr(t.error.text, known[i].code));
        assert_non_null(strstr(t.error.text, "1f2e-aa"));
        if (err == RN_E_EXISTS || err == RN_E_STALE)
            assert_true(t.sent);
        if (err == RN_E_DENIED && known[i].status < 500)
            assert_false(t.sent);
    }
}

static void an_emulator_says_mismatch_in_its_own_words(void **state)
{
    struct rn_transfer t;

    (void)state;
    request.has_md5 = true;
    assert_int_equal(settle_code(400, "InvalidOperation", RN_OP_STAGE, &t),
                     RN_E_INTEGRITY);
    assert_int_equal(settle_code(400, "InvalidOperation", RN_OP_PUT, &t),
                     RN_E_INTEGRITY);
    assert_int_equal(settle_code(400, "InvalidOperation", RN_OP_COMMIT, &t),
                     RN_E_DENIED);
    request.has_md5 = false;
}

static void the_code_may_stand_in_the_body_only(void **state)
{
    static const char body[] =
        "<?xml version=\"1.0\"?><Error><Code>ServerBusy</Code><Message>Ingress "
        "is over the account limit.\nRequestId:1</Message></Error>";
    struct rn_answer a;
    struct rn_transfer t;

    (void)state;
    begin(&a);
    for (size_t i = 0; i < sizeof body - 1; i++)
        rn_answer_body(&a, (struct rn_bytes){ (const uint8_t *)body + i, 1 });
    assert_int_equal(settle(&a, 503, RN_OP_STAGE, &t), RN_E_BUSY);
    assert_string_equal(t.error.service, "ServerBusy");
    assert_non_null(strstr(t.error.text, "Ingress is over the account limit"));
    assert_null(strstr(t.error.text, "RequestId"));
}

static void the_service_may_ask_for_a_wait_of_up_to_ten_minutes(void **state)
{
    static const struct {
        const char *name, *value;
        int64_t ms;
    } known[] = {
        { "retry-after", "0", 0 },
        { "retry-after", "5", 5000 },
        { "retry-after", "600", 600000 },
        { "retry-after", "99999", 600000 },
        { "retry-after", "99999999999999999999999999", 600000 },
        { "retry-after", "", 0 },
        { "retry-after", "-5", 0 },
        { "retry-after", "5.5", 0 },
        { "retry-after", "garbage", 0 },
        { "retry-after", "Sun, 22 Nov 2026 17:37:44 GMT", 30000 },
        { "retry-after", "Sun, 22 Nov 2026 17:36:44 GMT", 0 },
        { "retry-after", "Mon, 22 Nov 2027 17:36:44 GMT", 600000 },
        { "retry-after", "Sun, 99 Nov 2026 17:37:44 GMT", 0 },
        { "retry-after-ms", "250", 250 },
        { "x-ms-retry-after-ms", "1500", 1500 },
        { "x-ms-retry-after-ms", "soon", 0 },
        { "x-ms-retry-after-ms", "9999999", 600000 },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(known); i++) {
        struct rn_answer a;
        struct rn_transfer t;
        begin(&a);
        header(&a, known[i].name, known[i].value);
        assert_int_equal(settle(&a, 503, RN_OP_STAGE, &t), RN_E_BUSY);
        assert_int_equal(t.retry_after_ms, known[i].ms);
        assert_int_equal(settle(&a, 404, RN_OP_STAGE, &t), RN_E_DENIED);
        assert_int_equal(t.retry_after_ms, 0);
    }
}

static void a_login_page_is_not_the_service(void **state)
{
    struct rn_transfer t;

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(ops); i++) {
        struct rn_answer a;
        int good = success_of(ops[i]);

        rn_answer_begin(&a, NOW);
        header(&a, "content-length", "0");
        assert_int_equal(settle(&a, good, ops[i], &t), RN_E_PEER);
        assert_true(t.sent);
        assert_non_null(strstr(t.error.text, "login page"));
        begin(&a);
        header(&a, "content-type", "text/html; charset=utf-8");
        assert_int_equal(settle(&a, good, ops[i], &t), RN_E_PEER);
        begin(&a);
        rn_answer_body(&a, RN_STR("<html>"));
        assert_int_equal(settle(&a, good, ops[i], &t), RN_E_PEER);
        begin(&a);
        header(&a, "x-ms-version", "");
        assert_int_equal(settle(&a, good, ops[i], &t), RN_E_PEER);
    }
}

static void a_sum_that_differs_is_never_success(void **state)
{
    static const enum rn_op bodies[] = { RN_OP_STAGE, RN_OP_PUT };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(bodies); i++) {
        struct rn_answer a;
        struct rn_transfer t = { .op = bodies[i], .object = &object };

        /* A real answer's value for 4 MiB of 0xFA. */
        begin(&a);
        header(&a, "x-ms-content-crc64", "a6mGT0pdNRI=");
        t.crc64 = 0x12355D4A4F86A96B;
        rn_answer_settle(&a, 201, &service, &request, &t);
        assert_int_equal(t.err, RN_OK);
        for (unsigned bit = 0; bit < 64; bit++) {
            t = (struct rn_transfer){ .op = bodies[i], .object = &object };
            t.crc64 = 0x12355D4A4F86A96B ^ (1ull << bit);
            rn_answer_settle(&a, 201, &service, &request, &t);
            assert_int_equal(t.err, RN_E_INTEGRITY);
            assert_true(t.sent);
        }

        begin(&a);
        header(&a, "content-md5", "CY9rzUYh03PK3k6DJie09g==");
        request.has_md5 = true;
        assert_int_equal(settle(&a, 201, bodies[i], &t), RN_E_INTEGRITY);
        rn_base64_decode("CY9rzUYh03PK3k6DJie09g==", 24, request.md5, 16);
        assert_int_equal(settle(&a, 201, bodies[i], &t), RN_OK);
        request.has_md5 = false;
        memset(request.md5, 0, sizeof request.md5);
    }
}

static void a_look_finds_length_etag_and_run(void **state)
{
    struct rn_answer a;
    struct rn_transfer t;

    (void)state;
    begin(&a);
    header(&a, "content-length", "5497558138880");
    header(&a, "etag", "\"0x8DC\"");
    header(&a, "x-ms-meta-runnel_run", "20261122T173714-0a1b");
    assert_int_equal(settle(&a, 200, RN_OP_HEAD, &t), RN_OK);
    assert_int_equal(t.found_length, 5497558138880);
    assert_string_equal(t.etag, "\"0x8DC\"");
    assert_string_equal(t.found_run, "20261122T173714-0a1b");
    begin(&a);
    header(&a, "content-length", "-1");
    assert_int_equal(settle(&a, 200, RN_OP_HEAD, &t), RN_E_PEER);
}

static void a_refused_credential_is_told_about_clocks_and_dates(void **state)
{
    static const struct {
        const char *date, *says;
    } known[] = {
        { "Sun, 22 Nov 2026 17:37:14 GMT", NULL },
        { "Sun, 22 Nov 2026 17:33:14 GMT", NULL },
        { "Sun, 22 Nov 2026 17:31:14 GMT", "clock is 6 minutes ahead" },
        { "Sun, 22 Nov 2026 18:37:14 GMT", "clock is 60 minutes behind" },
        { "yesterday", NULL },
    };
    struct rn_answer a;
    struct rn_transfer t;

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(known); i++) {
        begin(&a);
        header(&a, "date", known[i].date);
        assert_int_equal(settle(&a, 403, RN_OP_STAGE, &t), RN_E_AUTH);
        if (known[i].says)
            assert_non_null(strstr(t.error.text, known[i].says));
        else
            assert_null(strstr(t.error.text, "clock"));
    }
    identity.expires_us = NOW - 1;
    begin(&a);
    assert_int_equal(settle(&a, 403, RN_OP_STAGE, &t), RN_E_AUTH);
    assert_non_null(strstr(t.error.text, "expired on 2026-11-22 17:37 UTC"));
    identity.expires_us = 0;
}

/* Whoever answers may send back what was sent; none of it gets into a text. */
static void secrets_that_are_sent_back_go_no_further(void **state)
{
    static const char *const echo[] = {
        "sv=2021-12-02&sig=CANARY%3D",
        "?sig=CANARY%3D",
        "CANARY=",
        "CANARY%3D",
        "SharedKey acme:CANARY=",
        "Bearer CANARY",
        "/out/a/b.csv?comp=block&sv=1&sig=CANARY"
    };
    static const char *const names[] = { "x-ms-error-code",
                                         "x-ms-request-id",
                                         "etag",
                                         "retry-after",
                                         "date",
                                         "location",
                                         "x-ms-version",
                                         "content-md5",
                                         "content-type",
                                         "x-ms-meta-runnel_run",
                                         "www-authenticate" };

    (void)state;
    for (int status = 100; status < 600; status++) {
        for (size_t i = 0; i < RN_COUNTOF(echo); i++) {
            char xml[300];
            struct rn_answer a;
            struct rn_transfer t;
            begin(&a);
            for (size_t n = 0; n < RN_COUNTOF(names); n++)
                header(&a, names[n], echo[i]);
            snprintf(xml, sizeof xml,
                     "<Error><Code>%s</Code><Message>%s</Message></Error>",
                     echo[i], echo[i]);
            rn_answer_body(&a, rn_bytes_of(xml));
            for (size_t op = 0; op < RN_COUNTOF(ops); op++) {
                settle(&a, status, ops[op], &t);
                assert_null(strstr(t.error.text, "CANARY"));
                assert_null(strstr(t.error.service, "CANARY"));
                assert_null(strstr(t.error.request, "CANARY"));
            }
        }
    }
}

static void an_endless_body_is_not_read_to_its_end(void **state)
{
    static const uint8_t part[4096];
    struct rn_answer a;
    int n = 0;

    (void)state;
    begin(&a);
    while (rn_answer_body(&a, (struct rn_bytes){ part, sizeof part }) == RN_OK)
        n++;
    assert_int_equal(n, RN_ANSWER_BODY_MAX / sizeof part);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_status_is_success_and_every_other_is_classified),
        cmocka_unit_test(codes_decide_where_the_status_does_not),
        cmocka_unit_test(an_emulator_says_mismatch_in_its_own_words),
        cmocka_unit_test(the_code_may_stand_in_the_body_only),
        cmocka_unit_test(the_service_may_ask_for_a_wait_of_up_to_ten_minutes),
        cmocka_unit_test(a_login_page_is_not_the_service),
        cmocka_unit_test(a_sum_that_differs_is_never_success),
        cmocka_unit_test(a_look_finds_length_etag_and_run),
        cmocka_unit_test(a_refused_credential_is_told_about_clocks_and_dates),
        cmocka_unit_test(secrets_that_are_sent_back_go_no_further),
        cmocka_unit_test(an_endless_body_is_not_read_to_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
