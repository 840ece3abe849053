/* test_schema.c: a copied schema needs nothing of the one it is from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "row/schema.h"

static _Alignas(16) uint8_t memory[1024];

static void a_copy_stands_alone(void **state)
{
    char name[] = "idprice";
    struct rn_col col[3] = {
        { .name = { (uint8_t *)name, 2 }, .type = RN_I64, .bits = 8 },
        { .name = { (uint8_t *)name + 2, 5 },
          .type = RN_DECIMAL,
          .precision = 9,
          .scale = 2 },
        { .name = { NULL, 0 }, .type = RN_TEXT, .json = true },
    };
    struct rn_schema from = { col, 3 }, to;
    struct rn_arena mem;

    (void)state;
    rn_arena_init(&mem, "schema", memory, sizeof memory);
    assert_int_equal(rn_schema_copy(&from, &mem, &to), RN_OK);
    memset(name, 0, sizeof name);
    memset(col, 0, sizeof col);
    assert_int_equal(to.n, 3);
    assert_true(rn_bytes_equal(to.col[0].name, RN_STR("id")));
    assert_int_equal(to.col[0].bits, 8);
    assert_true(rn_bytes_equal(to.col[1].name, RN_STR("price")));
    assert_int_equal(to.col[1].scale, 2);
    assert_int_equal(to.col[2].name.n, 0);
    assert_true(to.col[2].json);
}

static void what_does_not_fit_is_refused(void **state)
{
    struct rn_col col = { .name = RN_LIT("a name of 16 and") };
    struct rn_schema from = { &col, 1 }, to;
    struct rn_arena mem;
    size_t need = RN_ROUND(sizeof col) + RN_ROUND(col.name.n);

    (void)state;
    for (size_t cap = 0; cap <= need; cap += RN_ALIGN) {
        rn_arena_init(&mem, "schema", memory, cap);
        assert_int_equal(rn_schema_copy(&from, &mem, &to),
                         cap == need ? RN_OK : RN_E_FULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_stands_alone),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
