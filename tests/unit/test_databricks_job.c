/* test_databricks_job.c: a job is started once for a run, and followed to its
 * end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lib/http_server.h"
#include "lib/rest_server.h"
#include "lib/databricks_kit.h"

#define STARTED OK("{\"run_id\":77,\"number_in_job\":1}")
#define AT(life, result)                                                     \
    OK("{\"run_id\":77,\"state\":{\"life_cycle_state\":\"" life "\"," result \
       "\"state_message\":\"words\"}}")

static void with_job(struct kit *k)
{
    kit_config(k);
    k->config.databricks.load = RN_DATABRICKS_JOB;
    k->config.databricks.job = "123";
    k->config.databricks.table = "";
    k->config.databricks.warehouse = "";
}

static void a_job_is_started_with_what_it_needs_and_followed(void **state)
{
    static const struct rest_answer a[] = {
        STARTED, AT("PENDING", ""), AT("RUNNING", ""),
        AT("TERMINATED", "\"result_state\":\"SUCCESS\",")
    };
    struct kit k;

    (void)state;
    with_job(&k);
    kit_open(&k, a, RN_COUNTOF(a));
    assert_int_equal(kit_load(&k), RN_OK);
    assert_int_equal(k.load.rows, 30);
    assert_string_equal(k.load.statement, "77");
    assert_true(kit_sent(&k, 0, "POST /api/2.2/jobs/run-now HTTP/1.1"));
    assert_true(kit_sent(
        &k, 0,
        "{\"job_id\":123,\"idempotency_token\":\"" RUN "\",\"job_parameters\":"
        "{\"runnel_run\":\"" RUN "\",\"runnel_folder\":\"abfss://box@acct.dfs."
        "core.windows.net/pre/fix/orders/" RUN "/\",\"runnel_manifest\":"
        "\"abfss://box@acct.dfs.core.windows.net/pre/fix/orders/" RUN
        "/_manifest.json\",\"runnel_format\":\"csv\",\"runnel_rows\":\"30\"}"
        "}"));
    assert_true(kit_sent(&k, 1, "GET /api/2.2/jobs/runs/get?run_id=77 "));
    kit_close(&k);
}

/* Case 98: the token is the same, so the service answers with the same run. */
static void a_start_whose_answer_is_lost_is_asked_again(void **state)
{
    static const struct rest_answer a[] = {
        LOST, STARTED, AT("TERMINATED", "\"result_state\":\"SUCCESS\",")
    };
    struct kit k;

    (void)state;
    with_job(&k);
    kit_open(&k, a, RN_COUNTOF(a));
    assert_int_equal(kit_load(&k), RN_OK);
    assert_true(kit_sent(&k, 0, "\"idempotency_token\":\"" RUN "\""));
    assert_true(kit_sent(&k, 1, "\"idempotency_token\":\"" RUN "\""));
    kit_close(&k);
}

static void every_other_end_is_a_failure(void **state)
{
    static const struct {
        struct rest_answer a;
        const char *words;
    } table[] = {
        { AT("TERMINATED", "\"result_state\":\"FAILED\","),
          "TERMINATED, FAILED: words" },
        { AT("TERMINATED", "\"result_state\":\"SUCCESS_WITH_FAILURES\","),
          "SUCCESS_WITH_FAILURES" },
        { AT("SKIPPED", ""), "SKIPPED" },
        { AT("INTERNAL_ERROR", ""), "INTERNAL_ERROR" },
        { OK("{}"), "nothing known" },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(table); i++) {
        const struct rest_answer a[] = { STARTED, table[i].a };
        struct kit k;

        with_job(&k);
        kit_open(&k, a, 2);
        assert_int_equal(kit_load(&k), RN_E_DENIED);
        assert_non_null(strstr(k.error.text, table[i].words));
        kit_close(&k);
    }
}

static void a_table_to_count_in_is_believed_and_not_the_job(void **state)
{
    static const struct rest_answer a[] = {
        STARTED, AT("TERMINATED", "\"result_state\":\"SUCCESS\","),
        OK(NUMBER("29"))
    };
    struct kit k;

    (void)state;
    with_job(&k);
    k.config.databricks.table = "main.sales.orders";
    k.config.databricks.warehouse = "wh1";
    kit_open(&k, a, RN_COUNTOF(a));
    assert_int_equal(kit_load(&k), RN_E_DENIED);
    assert_non_null(strstr(k.error.text, "29 rows"));
    kit_close(&k);
}

static void a_check_asks_whether_there_is_such_a_job(void **state)
{
    static const struct rest_answer a[] = {
        OK("{\"job_id\":123}"),
        { 400, "{\"error_code\":\"INVALID_PARAMETER_VALUE\"}", NULL, NULL },
        { 404, "{}", NULL, NULL }
    };
    struct kit k;

    (void)state;
    with_job(&k);
    kit_open(&k, a, RN_COUNTOF(a));
    assert_int_equal(k.w->cls->check(k.w), RN_OK);
    assert_true(kit_sent(&k, 0, "GET /api/2.2/jobs/get?job_id=123 "));
    assert_int_equal(k.w->cls->check(k.w), RN_E_DENIED);
    rn_error_clear(&k.error);
    assert_int_equal(k.w->cls->check(k.w), RN_E_CONFIG);
    assert_non_null(strstr(k.error.text, "there is no job 123"));
    kit_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_started_with_what_it_needs_and_followed),
        cmocka_unit_test(a_start_whose_answer_is_lost_is_asked_again),
        cmocka_unit_test(every_other_end_is_a_failure),
        cmocka_unit_test(a_table_to_count_in_is_believed_and_not_the_job),
        cmocka_unit_test(a_check_asks_whether_there_is_such_a_job),
    };
    return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
