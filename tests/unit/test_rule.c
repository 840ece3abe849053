/* test_rule.c: what the job says of columns is what they become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "row/rule.h"

static struct rn_config config;
static struct rn_error error;
static struct rn_col col[4];

static const struct rn_type_rule rules[] = {
    { "id", { .type = RN_I64, .bits = 32 } },
    { "Price (EUR)", { .type = RN_DECIMAL, .precision = 10, .scale = 2 } },
};

static int set_up(void **state)
{
    (void)state;
    memset(&config, 0, sizeof config);
    memset(&error, 0, sizeof error);
    memset(col, 0, sizeof col);
    config.path = "orders.ini";
    config.types = rules;
    config.types_n = RN_COUNTOF(rules);
    col[0] = (struct rn_col){ .name = RN_LIT("ID"), .type = RN_TEXT };
    col[1] = (struct rn_col){
        .name = RN_LIT("id"), .type = RN_TEXT, .nullable = true, .json = true
    };
    col[2] = (struct rn_col){ .name = RN_LIT("at"), .type = RN_TIMESTAMP };
    col[3] = (struct rn_col){ .name = RN_LIT("Price (EUR)"), .type = RN_F64 };
    return 0;
}

static int settle(size_t n)
{
    int err = rn_rule_settle(&config, col, n, &error);
    assert_int_equal(error.code, err);
    return err;
}

static void a_rule_is_for_its_column_and_no_other(void **state)
{
    (void)state;
    assert_false(rn_rule_type(&config, &col[0]));
    assert_int_equal(col[0].type, RN_TEXT);
    assert_true(rn_rule_type(&config, &col[1]));
    assert_int_equal(col[1].type, RN_I64);
    assert_int_equal(col[1].bits, 32);
    assert_true(col[1].nullable && !col[1].json);
    assert_true(rn_bytes_equal(col[1].name, RN_STR("id")));
    assert_true(rn_rule_type(&config, &col[3]));
    assert_int_equal(col[3].precision, 10);
    assert_int_equal(settle(4), RN_OK);
}

static void a_rule_for_no_column_is_an_error_that_names_the_nearest(
    void **state)
{
    (void)state;
    assert_int_equal(settle(3), RN_E_CONFIG);
    assert_string_equal(error.text,
                        "orders.ini: [types] Price (EUR): source.query gives "
                        "no column of that name");
    rn_error_clear(&error);
    col[1].name = RN_STR("di");
    assert_int_equal(settle(4), RN_E_CONFIG);
    assert_string_equal(error.text,
                        "orders.ini: [types] id: source.query gives no column "
                        "of that name; did you mean \"ID\"?");
    assert_int_equal(rn_error_exit(&error), 2);
}

/* Names have no bound; what compares and prints them has. */
static void names_of_any_length_are_compared(void **state)
{
    static char name[600];
    static struct rn_type_rule rule;

    (void)state;
    config.types = &rule;
    config.types_n = 1;
    rule.column = name;
    rule.as.type = RN_DATE;
    for (size_t n = 0; n < sizeof name - 1; n++) {
        memset(name, 'x', n);
        col[0].name = rn_bytes_of(name);
        assert_true(rn_rule_type(&config, &col[0]));
        assert_int_equal(settle(1), RN_OK);
        col[0].name = RN_STR("another");
        assert_false(rn_rule_type(&config, &col[0]));
        assert_int_equal(settle(1), RN_E_CONFIG);
        assert_null(strstr(error.text, "did you mean"));
        rn_error_clear(&error);
    }
}

static void only_times_become_milliseconds(void **state)
{
    (void)state;
    config.types_n = 0;
    assert_int_equal(settle(4), RN_OK);
    assert_false(col[2].millis);
    config.file.timestamps = RN_TIMESTAMPS_MILLIS;
    col[1].type = RN_TIME;
    assert_int_equal(settle(4), RN_OK);
    assert_true(col[1].millis && col[2].millis);
    assert_false(col[0].millis || col[3].millis);
    config.file.timestamps = RN_TIMESTAMPS_MILLIS_TRUNCATE;
    assert_int_equal(settle(4), RN_OK);
    assert_true(col[1].millis && col[2].millis);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_rule_is_for_its_column_and_no_other, set_up),
        cmocka_unit_test_setup(
            a_rule_for_no_column_is_an_error_that_names_the_nearest, set_up),
        cmocka_unit_test_setup(names_of_any_length_are_compared, set_up),
        cmocka_unit_test_setup(only_times_become_milliseconds, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
