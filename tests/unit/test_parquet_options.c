/* test_parquet_options.c: memory and names that a job's options mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "encode/parquet_options.h"

#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)

static struct rn_config config;
static struct rn_error error;

static void defaults(void)
{
    memset(&config, 0, sizeof(config));
    memset(&error, 0, sizeof(error));
    config.path = "job.ini";
    config.job.memory = MIB;
    config.file.dictionary = true;
    config.file.page_index = true;
    config.file.bloom_filter = "";
}

static void columns_stay_within_their_share(void **state)
{
    static const size_t columns[] = { 1, 7, 20, 200, 1600 };

    (void)state;
    defaults();
    for (uint64_t memory = 256 * KIB; memory <= 64 * MIB; memory *= 2) {
        for (size_t i = 0; i < RN_COUNTOF(columns); i++) {
            struct rn_pq_sizes s;
            uint64_t all;

            config.job.memory = memory;
            s = rn_pq_sizes_for(&config, columns[i]);
            all = s.page + s.dictionary + s.index;
            assert_true(s.page >= 512 && s.page <= MIB);
            assert_true(s.index >= 128);
            /* No column does with less than a KiB. */
            assert_true(all <= 1280 || all * columns[i] <= memory / 16 * 3);
            assert_true(all <= 2560 * KIB);
        }
    }
}

static void a_share_is_about_half_page_and_three_eighths_dictionary(
    void **state)
{
    struct rn_pq_sizes s;

    (void)state;
    defaults();
    config.job.memory = 16 * MIB;
    s = rn_pq_sizes_for(&config, 12);
    assert_int_equal(s.page, 128 * KIB);
    assert_int_equal(s.dictionary, 96 * KIB);
    assert_int_equal(s.index, 32 * KIB);
    assert_int_equal(s.largest, 128 * KIB);
    config.job.memory = 1 * MIB;
    s = rn_pq_sizes_for(&config, 12);
    assert_int_equal(s.largest, s.page + s.dictionary);
}

static void options_override_memory(void **state)
{
    struct rn_pq_sizes s;

    (void)state;
    defaults();
    config.file.page = 123456;
    config.file.dictionary = false;
    config.file.page_index = false;
    s = rn_pq_sizes_for(&config, 10);
    assert_int_equal(s.page, 123456);
    assert_int_equal(s.largest, 123456);
    assert_int_equal(s.dictionary, 0);
    assert_int_equal(s.index, 0);
}

static void a_page_is_never_less_than_its_header_is_worth(void **state)
{
    (void)state;
    defaults();
    config.file.page = 1;
    assert_int_equal(rn_pq_sizes_for(&config, 10).page, 512);
}

static void a_plan_may_not_know_the_columns_yet(void **state)
{
    struct rn_pq_sizes one, none;

    (void)state;
    defaults();
    one = rn_pq_sizes_for(&config, 1);
    none = rn_pq_sizes_for(&config, 0);
    assert_int_equal(one.page, none.page);
    assert_int_equal(rn_pq_blooms(&config, 0), 0);
}

static const struct rn_col cols[] = {
    { .name = RN_LIT("a"), .type = RN_I64 },
    { .name = RN_LIT("b c"), .type = RN_TEXT },
    { .name = RN_LIT("flag"), .type = RN_BOOL },
    { .name = RN_LIT("all"), .type = RN_DATE },
};
static const struct rn_schema schema = { cols, RN_COUNTOF(cols) };

/* A bit for each column that gets a filter; -1: refused. */
static int filters(const char *list)
{
    int set = 0, n = 0;

    defaults();
    config.file.bloom_filter = list;
    if (rn_pq_check_blooms(&config, &schema, &error) < 0)
        return -1;
    for (size_t i = 0; i < schema.n; i++) {
        bool wanted = rn_pq_wants_bloom(&config, &cols[i]);

        set |= wanted << i;
        n += wanted;
    }
    assert_true((size_t)n <= rn_pq_blooms(&config, schema.n));
    return set;
}

static void filters_are_for_the_columns_named(void **state)
{
    (void)state;
    assert_int_equal(filters(""), 0);
    assert_int_equal(filters(" , ,"), 0);
    assert_int_equal(filters("a"), 1);
    assert_int_equal(filters(" b c ,a,"), 3);
    assert_int_equal(filters("a,a,a,a,a,a,a,a"), 1);
    assert_int_equal(filters("a,all"), 9);
}

static void all_means_all_that_can_have_one(void **state)
{
    (void)state;
    assert_int_equal(filters("all"), 1 | 2 | 8);
    assert_int_equal(filters(" all ,"), 1 | 2 | 8);
}

static void wrong_names_are_refused(void **state)
{
    (void)state;
    assert_int_equal(filters("a,A"), -1);
    assert_non_null(strstr(error.text, "no column \"A\""));
    assert_int_equal(filters("a,flag"), -1);
    assert_non_null(strstr(error.text, "boolean"));
    assert_int_equal(filters("b"), -1);
    assert_int_equal(filters("b c a"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_stay_within_their_share),
        cmocka_unit_test(
            a_share_is_about_half_page_and_three_eighths_dictionary),
        cmocka_unit_test(options_override_memory),
        cmocka_unit_test(a_page_is_never_less_than_its_header_is_worth),
        cmocka_unit_test(a_plan_may_not_know_the_columns_yet),
        cmocka_unit_test(filters_are_for_the_columns_named),
        cmocka_unit_test(all_means_all_that_can_have_one),
        cmocka_unit_test(wrong_names_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
