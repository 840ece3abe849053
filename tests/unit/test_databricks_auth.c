/* test_databricks_auth.c: who we are is said in a header, renewed in time, and
 * told to nobody else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/http_server.h"
#include "lib/rest_server.h"
#include "lib/databricks_kit.h"
#include "runnel/port.h"

#define TOKEN(t, life)                                          \
    OK("{\"access_token\":\"" t "\",\"token_type\":\"Bearer\"," \
       "\"expires_in\":" life "}")
#define NOT_ME                                                                \
    {                                                                         \
        401, "{\"error_code\":\"UNAUTHENTICATED\",\"message\":\"no\"}", NULL, \
            NULL                                                              \
    }

static void principal(struct kit *k)
{
    kit_config(k);
    k->config.databricks.auth = RN_DATABRICKS_OAUTH_M2M;
    k->config.databricks.token = "";
    k->config.databricks.client = "client-id";
    k->config.databricks.secret = "client-secret\n";
}

static int check(struct kit *k)
{
    int err = k->w->cls->check(k->w);

    assert_null(strstr(k->error.text, "secret"));
    return err;
}

static void a_principal_gets_a_token_and_keeps_it(void **state)
{
    static const struct rest_answer a[] = { TOKEN("eyJ-secret-1", "3600"),
                                            OK(NUMBER("1")), OK(LOOK_RUN) };
    struct kit k;

    (void)state;
    principal(&k);
    kit_open(&k, a, RN_COUNTOF(a));
    assert_int_equal(check(&k), RN_OK);
    assert_true(kit_sent(&k, 0, "POST /oidc/v1/token HTTP/1.1"));
    /* "client-id:client-secret" */
    assert_true(kit_sent(&k, 0,
                         "authorization: Basic "
                         "Y2xpZW50LWlkOmNsaWVudC1zZWNyZXQ=\r\n"));
    assert_true(
        kit_sent(&k, 0, "content-type: application/x-www-form-urlencoded\r\n"));
    assert_true(
        kit_sent(&k, 0, "grant_type=client_credentials&scope=all-apis"));
    assert_true(kit_sent(&k, 1, "authorization: Bearer eyJ-secret-1\r\n"));
    assert_true(kit_sent(&k, 2, "authorization: Bearer eyJ-secret-1\r\n"));
    kit_close(&k);
}

static void a_token_is_renewed_before_it_ends(void **state)
{
    static const struct rest_answer a[] = { TOKEN("eyJ-1", "1"),
                                            OK(STATE("PENDING")),
                                            TOKEN("eyJ-2", "3600"),
                                            OK(NUMBER("1")), OK(LOOK_RUN) };
    struct kit k;

    (void)state;
    principal(&k);
    kit_open(&k, a, RN_COUNTOF(a));
    ((struct rn_databricks *)k.w)->poll_ms = 850;
    assert_int_equal(check(&k), RN_OK);
    assert_true(kit_sent(&k, 2, "/oidc/v1/token"));
    assert_true(kit_sent(&k, 3, "authorization: Bearer eyJ-2\r\n"));
    kit_close(&k);
}

static void a_refused_token_is_renewed_once(void **state)
{
    static const struct rest_answer a[] = { TOKEN("eyJ-1", "3600"), NOT_ME,
                                            TOKEN("eyJ-2", "3600"),
                                            OK(NUMBER("1")), OK(LOOK_RUN) };
    static const struct rest_answer never[] = { TOKEN("eyJ-1", "3600"), NOT_ME,
                                                TOKEN("eyJ-2", "3600"),
                                                NOT_ME };
    struct kit k;

    (void)state;
    principal(&k);
    kit_open(&k, a, RN_COUNTOF(a));
    assert_int_equal(check(&k), RN_OK);
    /* The statement was not lost while the token was fetched. */
    assert_true(kit_sent(&k, 3, "\"SELECT 1\""));
    assert_true(kit_sent(&k, 3, "authorization: Bearer eyJ-2\r\n"));
    kit_close(&k);

    principal(&k);
    kit_open(&k, never, RN_COUNTOF(never));
    assert_int_equal(check(&k), RN_E_AUTH);
    assert_int_equal(k.error.status, 401);
    assert_int_equal(rn_error_exit(&k.error), 5);
    assert_int_equal(rest_requests(&k.server), 4);
    kit_close(&k);
}

static void a_refused_principal_is_told_by_the_services_code(void **state)
{
    static const struct rest_answer a[] = {
        { 400,
          "{\"error\":\"invalid_client\",\"error_description\":\"Client "
          "authentication failed\"}",
          NULL, NULL }
    };
    struct kit k;

    (void)state;
    principal(&k);
    kit_open(&k, a, 1);
    assert_int_equal(check(&k), RN_E_AUTH);
    assert_non_null(strstr(k.error.text, "Client authentication failed"));
    kit_close(&k);
}

static void an_answer_without_a_usable_token_is_none(void **state)
{
    static const char *const body[] = {
        "{}",
        "{\"access_token\":\"eyJ\"}",
        "{\"access_token\":\"\",\"expires_in\":3600}",
        "{\"access_token\":\"a\\r\\nx: y\",\"expires_in\":3600}",
        "{\"access_token\":\"eyJ\",\"expires_in\":0}",
        "{\"access_token\":\"eyJ\",\"expires_in\":-1}",
        "{\"access_token\":{},\"expires_in\":3600}",
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(body); i++) {
        const struct rest_answer a[] = { OK(body[i]) };
        struct kit k;

        principal(&k);
        kit_open(&k, a, 1);
        assert_int_equal(check(&k), RN_E_PEER);
        assert_int_equal(rest_requests(&k.server), 1);
        kit_close(&k);
    }
}

static void a_personal_tokens_file_is_read_again_once_it_is_refused(
    void **state)
{
    static const struct rest_answer a[] = { NOT_ME, OK(NUMBER("1")),
                                            OK(LOOK_RUN) };
    static const struct rest_answer same[] = { NOT_ME };
    char file[] = "/tmp/test_databricks_token_XXXXXX";
    int fd = mkstemp(file);
    struct kit k;

    (void)state;
    assert_true(fd >= 0 && fchmod(fd, 0600) == 0);
    assert_int_equal(write(fd, "dapi-new-secret\n", 16), 16);
    close(fd);
    kit_config(&k);
    k.config.databricks.token_file = file;
    kit_open(&k, a, RN_COUNTOF(a));
    assert_int_equal(check(&k), RN_OK);
    assert_true(kit_sent(&k, 0, "Bearer dapi-very-secret\r\n"));
    assert_true(kit_sent(&k, 1, "Bearer dapi-new-secret\r\n"));
    kit_close(&k);

    kit_config(&k);
    k.config.databricks.token = "dapi-new-secret";
    k.config.databricks.token_file = file;
    kit_open(&k, same, 1);
    assert_int_equal(check(&k), RN_E_AUTH);
    assert_int_equal(rest_requests(&k.server), 1);
    kit_close(&k);
    assert_int_equal(unlink(file), 0);
}

static void a_token_that_the_service_repeats_is_not_repeated_by_us(void **state)
{
    static const struct rest_answer a[] = {
        { 403, "{\"message\":\"token dapi-very-secret may not\"}", NULL, NULL }
    };
    struct kit k;

    (void)state;
    kit_config(&k);
    kit_open(&k, a, 1);
    assert_int_equal(check(&k), RN_E_DENIED);
    assert_non_null(strstr(k.error.text, "token *** may not"));
    kit_close(&k);
}

static void secrets_that_no_header_can_hold_are_refused(void **state)
{
    static _Alignas(16) uint8_t memory[1u << 19];
    static char large[6000];

    (void)state;
    memset(large, 'x', sizeof large - 1);
    for (int i = 0; i < 6; i++) {
        const char *const token[] = { "", "a b", "a\r\nb: c", large, "", "" };
        struct rn_warehouse *w;
        struct rn_arena mem;
        struct kit k;

        if (i < 4)
            kit_config(&k);
        else
            principal(&k);
        k.config.databricks.host = "https://adb-1.2.azuredatabricks.net";
        k.config.databricks.token = token[i];
        if (i == 4)
            k.config.databricks.client = "a:b";
        if (i == 5)
            k.config.databricks.secret = "";
        rn_arena_init(&mem, "test", memory, sizeof memory);
        assert_int_equal(rn_warehouse_databricks.open(&k.config,
                                                      (struct rn_http *)&k,
                                                      &mem, &k.error, &w),
                         RN_E_CONFIG);
        assert_null(w);
        assert_non_null(strstr(k.error.text, "databricks."));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_principal_gets_a_token_and_keeps_it),
        cmocka_unit_test(a_token_is_renewed_before_it_ends),
        cmocka_unit_test(a_refused_token_is_renewed_once),
        cmocka_unit_test(a_refused_principal_is_told_by_the_services_code),
        cmocka_unit_test(an_answer_without_a_usable_token_is_none),
        cmocka_unit_test(
            a_personal_tokens_file_is_read_again_once_it_is_refused),
        cmocka_unit_test(
            a_token_that_the_service_repeats_is_not_repeated_by_us),
        cmocka_unit_test(secrets_that_no_header_can_hold_are_refused),
    };
    return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
