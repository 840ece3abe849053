/* test_config_types.c: [types], good and bad, and the line that a person gets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "job/config.h"
#include "row/type.h"

#define CANARY "CaNaRyCaNaRy"
#define GOOD                                                            \
    "[source]\nkind = sqlite\ndatabase = orders.db\nquery = SELECT 1\n" \
    "[store]\nurl = file:///var/out\n"

static _Alignas(16) uint8_t space[RN_CONFIG_ARENA];
static struct rn_config config;
static struct rn_error error;

static int read_with(const char *text, const char *const *set, size_t sets)
{
    struct rn_setting setting[8];
    struct rn_config_input in = { "orders.ini", rn_bytes_of(text), setting,
                                  sets };
    struct rn_arena mem;

    for (size_t i = 0; i < sets; i++)
        setting[i].text = set[i];
    rn_arena_init(&mem, "config", space, sizeof space);
    rn_error_clear(&error);
    return rn_config_read(&in, &mem, &config, &error);
}

static int read_text(const char *text)
{
    return read_with(text, NULL, 0);
}

static void expect(size_t i, const char *column, const char *type)
{
    char word[RN_TYPE_WORD];

    assert_true(i < config.types_n);
    assert_string_equal(config.types[i].column, column);
    assert_string_equal(rn_type_word(&config.types[i].as, word), type);
}

static void rules_are_read_in_their_order(void **state)
{
    (void)state;
    if (read_text(GOOD "[types]\n; a comment\nid = int32\n"
                       "Price (EUR) = decimal(10, 2) ; and another\n\n"
                       "Gr\xc3\xb6\xc3\x9f"
                       "e: float\n"
                       "[job]\nmemory = 2M\n[types]\ntoken=UUID") < 0)
        fail_msg("%s", error.text);
    assert_int_equal(config.types_n, 4);
    expect(0, "id", "int32");
    expect(1, "Price (EUR)", "decimal(10,2)");
    expect(2,
           "Gr\xc3\xb6\xc3\x9f"
           "e",
           "float");
    expect(3, "token", "uuid");
    assert_int_equal(config.job.memory, 2 << 20);
}

static void without_rules_there_are_none(void **state)
{
    (void)state;
    assert_int_equal(read_text(GOOD "[types]\n"), RN_OK);
    assert_int_equal(config.types_n, 0);
    assert_int_equal(read_text(GOOD), RN_OK);
    assert_int_equal(config.types_n, 0);
}

/* An equals sign or a colon ends a name, a comment begins where one does. */
static void a_name_ends_where_ini_says(void **state)
{
    (void)state;
    assert_int_equal(read_text(GOOD "[types]\na:b = text\n"), RN_E_CONFIG);
    assert_non_null(strstr(error.text, "orders.ini:8: [types] a: "));
    assert_int_equal(read_text(GOOD "[types]\n#a = text\n"), RN_OK);
    assert_int_equal(config.types_n, 0);
    assert_int_equal(read_text(GOOD "[types]\na ;b = text\n"), RN_E_CONFIG);
}

static const struct {
    const char *text;
    const char *message;
} bad[] = {
    { GOOD "[types]\nid = int32\nprice = desimal(10,2)\n",
      "orders.ini:9: [types] price: desimal(10,2): no such type; did you mean "
      "decimal(p,s)?" },
    { GOOD "[types]\nid = integer\n",
      "orders.ini:8: [types] id: integer: no such type; did you mean int8, "
      "int16, int32 or int64?" },
    { GOOD "[types]\nid = money\n",
      "orders.ini:8: [types] id: money; expected bool, int8, int16, int32, "
      "int64, float, double, decimal(p,s), date, time, timestamp, "
      "timestamp_ntz, text, json, uuid, blob" },
    { GOOD "[types]\nid =\n",
      "orders.ini:8: [types] id: is empty; expected bool, int8, int16, int32, "
      "int64, float, double, decimal(p,s), date, time, timestamp, "
      "timestamp_ntz, text, json, uuid, blob" },
    { GOOD "[types]\nid = int8\nx = text\nid = int8\n",
      "orders.ini:10: [types] id: given twice, first in line 8" },
    { GOOD "[types]\nid = int8\n  x = text\n",
      "orders.ini:9: an indented line continues [types] id, which takes one "
      "line; begin keys in the first column" },
    { GOOD "[types]\nid\n", "orders.ini:8: expected [section] or key = value" },
    { GOOD "[tpyes]\nid = int8\n",
      "orders.ini:7: [tpyes]: no such section; did you mean [types]?" },
    { GOOD "[store]\nconnections = 2\n[types]\nid = int8\nconnections = 3\n",
      "orders.ini:11: [types] connections: 3; expected bool, int8, int16, "
      "int32, int64, float, double, decimal(p,s), date, time, timestamp, "
      "timestamp_ntz, text, json, uuid, blob" },
};

static void a_bad_rule_is_told_with_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(bad); i++) {
        assert_int_equal(read_text(bad[i].text), RN_E_CONFIG);
        if (strcmp(error.text, bad[i].message) != 0)
            fail_msg("got  %s\nwant %s", error.text, bad[i].message);
    }
}

static void set_wins_over_the_file_and_the_last_over_all(void **state)
{
    const char *set[] = { "types.id=int8", "types.a b=text", "types.id=int16" };

    (void)state;
    if (read_with(GOOD "[types]\nid = int32\nx = date\n", set, 3) < 0)
        fail_msg("%s", error.text);
    assert_int_equal(config.types_n, 3);
    expect(0, "id", "int16");
    expect(1, "a b", "text");
    expect(2, "x", "date");
    set[0] = "types.id=in8";
    assert_int_equal(read_with(GOOD, set, 1), RN_E_CONFIG);
    assert_string_equal(error.text, "--set types.id: in8: no such type; did "
                                    "you mean int8?");
}

static void what_could_be_a_secret_is_not_repeated(void **state)
{
    static const char *const text[] = {
        GOOD "[types]\nid = ${SECRET}\n",
        GOOD "[types]\nid = 2021-12-02&sig=" CANARY "\n",
        GOOD "[types]\nid = " CANARY "+/" CANARY "\n",
        GOOD "[types]\n" CANARY CANARY CANARY " = x\n",
        GOOD "[types]\nsig%3D" CANARY " = x\n",
    };

    (void)state;
    setenv("SECRET", CANARY, 1);
    for (size_t i = 0; i < RN_COUNTOF(text); i++) {
        assert_int_equal(read_text(text[i]), RN_E_CONFIG);
        if (strstr(error.text, CANARY) != NULL)
            fail_msg("%s", error.text);
    }
    setenv("SECRET", "date", 1);
    assert_int_equal(read_text(text[0]), RN_OK);
    expect(0, "id", "date");
}

/* As many as fit; more are refused and not forgotten. */
static void the_number_of_rules_is_bounded_by_memory_alone(void **state)
{
    static char text[RN_CONFIG_ARENA];
    size_t most = 0;

    (void)state;
    for (size_t rules = 50; rules <= 1500; rules += 50) {
        size_t n = (size_t)snprintf(text, sizeof text, GOOD "[types]\n");
        for (size_t i = 0; i < rules; i++)
            n += (size_t)snprintf(text + n, sizeof text - n,
                                  "column%zu = int32\n", i);
        if (read_text(text) == RN_OK) {
            assert_int_equal(config.types_n, rules);
            expect(rules - 1, config.types[rules - 1].column, "int32");
            most = rules;
        } else {
            assert_non_null(strstr(error.text, "larger than 74 KiB in all"));
        }
    }
    assert_true(most >= 400 && most < 1500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_are_read_in_their_order),
        cmocka_unit_test(without_rules_there_are_none),
        cmocka_unit_test(a_name_ends_where_ini_says),
        cmocka_unit_test(a_bad_rule_is_told_with_its_line),
        cmocka_unit_test(set_wins_over_the_file_and_the_last_over_all),
        cmocka_unit_test(what_could_be_a_secret_is_not_repeated),
        cmocka_unit_test(the_number_of_rules_is_bounded_by_memory_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
