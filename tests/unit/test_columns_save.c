/* test_columns_save.c: a file of lanes that one process after the other goes on
 * with is the file that one would have made.
 */
#include "columns_kit.h"
#include "lib/scripted_store.h"

static void a_file_that_others_go_on_with_is_the_same(void **state)
{
    struct fixture *f = *state;
    unsigned splices = 0;

    f->goes_on = true;
    for (uint32_t round = 0; round < 600; round++) {
        struct shape h;

        /* What was lost stays there, under names that nobody uses again. */
        memcpy(attempt.nonce, &round, sizeof round);
        f->seed = round;
        h = any_shape(f);
        h.groups = 1 + chance(f, RN_SPLICES - 1);
        f->config.store.connections = 1 + chance(f, 4);
        begin(f, &h);
        assert_int_equal(run_script(f, &h, chance(f, 90)), RN_OK);
        if (chance(f, 2)) {
            static uint8_t kept[20000];
            struct rn_object object = f->part.object;
            struct rn_record r;

            /* All is there but the commit. */
            rn_record_open(&r, kept, sizeof kept);
            assert_int_equal(rn_part_finish(&f->part), RN_OK);
            assert_int_equal(rn_uploader_settle(&f->u), RN_OK);
            rn_part_save(&f->part, &r);
            rn_part_abandon(&f->part);
            assert_int_equal(
                rn_part_begin(&f->part, &f->u, &object, &attempt, 3), RN_OK);
            rn_columns_begin(&f->columns, &f->part);
            rn_record_open(&r, kept, r.at);
            assert_int_equal(rn_part_restore(&f->part, &r), RN_OK);
        }
        splices += f->part.splices;
        assert_int_equal(commit(f), RN_OK);
        assert_whole(f);
    }
    assert_true(splices > 1000);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_file_that_others_go_on_with_is_the_same),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
