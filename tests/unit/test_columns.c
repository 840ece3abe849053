/* test_columns.c: lanes of any number and length, over a pool of any size,
 * give the file that lanes.h describes.
 */
#include "columns_kit.h"
#include "lib/scripted_store.h"

/* -- promises ------------------------------------------------------------ */

static void a_file_that_fits_the_pool_is_one_put(void **state)
{
    struct fixture *f = *state;
    struct shape h = { 10, 4, 100, 64, 5, 0 };

    begin(f, &h);
    assert_int_equal(write_even(f, 2, 3, 64), RN_OK);
    assert_whole(f);
    assert_int_equal(f->s.calls[RN_OP_PUT], 1);
    assert_int_equal(f->s.calls[RN_OP_STAGE] + f->s.calls[RN_OP_COMMIT], 0);
    assert_int_equal(f->part.blocks, 0);
}

static void pieces_shorter_than_a_segment_share_one(void **state)
{
    struct fixture *f = *state;
    struct shape h = { 20, 40, 60, 256, 0, 0 };

    begin(f, &h);
    assert_int_equal(write_even(f, 30, 1, 5), RN_OK);
    assert_whole(f);
    assert_int_equal(f->s.calls[RN_OP_PUT], 1);
}

static void a_file_of_nothing_is_an_empty_file(void **state)
{
    struct fixture *f = *state;
    struct shape h = { 3, 1, 20, 16, 0, 0 };

    begin(f, &h);
    assert_int_equal(commit(f), RN_OK);
    assert_int_equal(f->s.length, 0);
    assert_int_equal(f->part.bytes, 0);
    assert_int_equal(f->part.crc64, 0);
    assert_true(f->s.visible);
    close_file(f);
    begin(f, &h);
    assert_int_equal(close_group(f), RN_OK); /* a group of no bytes */
    assert_int_equal(put(f, RN_LANE_FOOT, 3), RN_OK);
    assert_int_equal(commit(f), RN_OK);
    assert_whole(f);
}

static void any_pool_and_any_split_of_puts_give_the_same_bytes(void **state)
{
    struct fixture *f = *state;
    unsigned puts = 0;
    unsigned lists = 0;

    for (uint32_t round = 0; round < 600; round++) {
        struct shape h;
        unsigned before = 0;

        f->seed = round;
        h = any_shape(f);
        f->config.store.connections = 1 + chance(f, 4);
        begin(f, &h);
        for (uint32_t i = 0; i < 10; i++)
            turn(f, RN_OP_STAGE, chance(f, 2) ? RN_OK : RN_E_LINK,
                 chance(f, 2));
        assert_int_equal(run_script(f, &h, round % 3 == 0 ? 90 : chance(f, 50)),
                         RN_OK);
        assert_int_equal(commit(f), RN_OK);
        assert_whole(f);
        if (f->part.blocks == 0) {
            puts++;
            continue;
        }
        lists++;
        assert_int_equal(f->s.listed, f->part.blocks);
        assert_int_equal(f->s.calls[RN_OP_STAGE],
                         before + f->part.blocks + f->u.retries);
    }
    assert_true(puts > 50 && lists > 50);
}

/* Far fewer segments than lanes: slow, but nobody waits for ever. */
static void a_pool_smaller_than_the_lanes_still_makes_progress(void **state)
{
    struct fixture *f = *state;

    for (uint32_t segments = 2; segments < 12; segments++) {
        struct shape h = { 16, 3, segments, 32, segments / 3, 0 };

        begin(f, &h);
        for (uint32_t g = 0; g < 3; g++) {
            for (uint32_t i = 0; i < 500; i++)
                assert_int_equal(put(f, chance(f, 16), chance(f, 90)), RN_OK);
            assert_int_equal(put_head(f, g * 3, 20), RN_OK);
            assert_int_equal(close_group(f), RN_OK);
            assert_int_equal(put(f, RN_LANE_FOOT, 11), RN_OK);
        }
        assert_int_equal(commit(f), RN_OK);
        assert_whole(f);
    }
}

static void a_lane_with_most_of_the_bytes_starves_no_other(void **state)
{
    struct fixture *f = *state;
    struct shape h = { 20, 2, 100, 256, 5, 0 };
    uint32_t most = 1500 * 1980 / (33 * 256); /* of blocks of a third */

    begin(f, &h);
    for (uint32_t k = 0; k < 1500; k++) {
        assert_int_equal(put(f, 7, 1980), RN_OK);
        assert_int_equal(put(f, k % 20, 20), RN_OK);
    }
    assert_int_equal(close_group(f), RN_OK);
    assert_int_equal(commit(f), RN_OK);
    assert_whole(f);
    /* The big lane goes out in full blocks, and the others are not chopped
     * up for its sake.
     */
    assert_in_range(f->part.blocks, 2, most + most / 2);
    assert_int_equal(f->s.most_at_once, 2);
}

static void lanes_that_grow_alike_go_out_in_long_blocks(void **state)
{
    struct fixture *f = *state;
    struct shape h = { 20, 2, 200, 256, 5, 0 };
    size_t average = 200 * 256 / 20;

    begin(f, &h);
    for (uint32_t k = 0; k < 400; k++)
        for (uint32_t i = 0; i < 20; i++)
            assert_int_equal(put(f, i, 100 + k % 7), RN_OK);
    assert_int_equal(close_group(f), RN_OK);
    assert_int_equal(commit(f), RN_OK);
    assert_whole(f);
    assert_true(f->file.n / f->part.blocks > average);
    assert_int_equal(f->s.most_at_once, 2);
}

/* Short blocks cost requests; connections are only worth so many. */
static void many_connections_do_not_chop_lanes_up(void **state)
{
    struct fixture *f = *state;
    struct shape h = { 5, 2, 200, 256, 5, 195 / 9 };

    f->config.store.connections = 8;
    begin(f, &h);
    for (uint32_t k = 0; k < 20000; k++)
        assert_int_equal(put(f, chance(f, 5), 60 + chance(f, 80)), RN_OK);
    assert_int_equal(close_group(f), RN_OK);
    assert_int_equal(commit(f), RN_OK);
    assert_whole(f);
    assert_true(f->file.n / f->part.blocks > 195 * 256 / 10);
    assert_int_equal(f->s.most_at_once, 8);
}

static void a_file_leaves_nothing_to_the_next(void **state)
{
    struct fixture *f = *state;
    struct shape h = { 1, 6, 16, 32, 2, 0 };

    begin(f, &h);
    for (uint32_t groups = 1; groups < 6; groups++) {
        for (uint32_t g = 0; g < groups; g++) {
            assert_int_equal(put(f, RN_LANE_FOOT, 700), RN_OK);
            assert_int_equal(put(f, 0, g % 2 ? 9 : 700), RN_OK);
            assert_int_equal(close_group(f), RN_OK);
        }
        assert_int_equal(put(f, RN_LANE_TRUNK, 40), RN_OK);
        assert_int_equal(commit(f), RN_OK);
        assert_whole(f);
        begin_file(f);
    }
}

static void a_head_as_long_as_the_pool_goes_out_before_its_group_ends(
    void **state)
{
    struct fixture *f = *state;
    struct shape h = { 6, 2, 40, 64, 2, 0 };

    for (uint32_t at = 0; at < 3; at++) {
        begin(f, &h);
        assert_int_equal(put(f, RN_LANE_TRUNK, 4), RN_OK);
        for (uint32_t i = 0; i < 6; i++) {
            if (at == 0)
                assert_int_equal(put_head(f, i, 1500), RN_OK);
            assert_int_equal(put(f, i, 700), RN_OK);
            if (at == 1)
                assert_int_equal(put_head(f, i, 1500), RN_OK);
        }
        for (uint32_t i = 0; i < 6 && at == 2; i++)
            assert_int_equal(put_head(f, 5 - i, 1500), RN_OK);
        assert_int_equal(close_group(f), RN_OK);
        assert_int_equal(put(f, RN_LANE_TRUNK, 4000), RN_OK);
        assert_int_equal(commit(f), RN_OK);
        assert_whole(f);
    }
}

static void a_head_larger_than_the_pool_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct shape h = { 2, 2, 12, 64, 2, 0 };

    begin(f, &h);
    assert_int_equal(put(f, 0, 500), RN_OK);
    assert_int_equal(put_head(f, 0, 64 * 12), RN_E_FULL);
    assert_int_equal(f->error.code, RN_E_FULL);
    assert_non_null(strstr(f->error.text, "job.memory"));
    /* and it sticks */
    assert_int_equal(put(f, 1, 1), RN_E_FULL);
    assert_int_equal(close_group(f), RN_E_FULL);
    assert_int_equal(commit(f), RN_E_FULL);
    assert_false(f->s.visible);
}

static void a_lost_answer_of_a_block_sends_the_same_again(void **state)
{
    struct fixture *f = *state;
    struct shape h = { 10, 4, 40, 64, 2, 0 };

    begin(f, &h);
    turn(f, RN_OP_STAGE, RN_E_LINK, true);
    turn(f, RN_OP_STAGE, RN_OK, true);
    turn(f, RN_OP_STAGE, RN_E_BUSY, false);
    turn(f, RN_OP_STAGE, RN_E_AGAIN, true);
    f->s.overwritten = 0;
    assert_int_equal(write_even(f, 3, 9, 100), RN_OK);
    assert_whole(f);
    assert_int_equal(f->u.retries, 3);
    assert_int_equal(f->s.overwritten, 2);
}

static void a_commit_is_made_again_with_the_same_list(void **state)
{
    struct fixture *f = *state;
    struct shape h = { 10, 4, 40, 64, 2, 0 };

    begin(f, &h);
    turn(f, RN_OP_COMMIT, RN_E_LINK, false);
    turn(f, RN_OP_COMMIT, RN_E_BUSY, false);
    turn(f, RN_OP_COMMIT, RN_E_LINK, true);
    assert_int_equal(write_even(f, 3, 9, 100), RN_OK);
    assert_whole(f);
    assert_int_equal(f->s.calls[RN_OP_COMMIT], 3);
}

static bool same_id(const struct rn_block_id *a, const struct rn_block_id *b)
{
    return a->group == b->group && a->lane == b->lane &&
           a->sequence == b->sequence;
}

static void every_id_is_its_own_in_whatever_order_asked(void **state)
{
    struct fixture *f = *state;
    struct shape h = { 10, 4, 40, 64, 2, 0 };
    struct rn_block_id all[400];
    uint32_t n;

    begin(f, &h);
    assert_int_equal(write_even(f, 4, 9, 100), RN_OK);
    n = f->part.blocks;
    assert_in_range(n, 20, RN_COUNTOF(all));
    for (uint32_t i = 0; i < n; i++) {
        rn_columns_id_at(&f->columns, i, &all[i]);
        assert_memory_equal(all[i].nonce, attempt.nonce, RN_NONCE);
        for (uint32_t k = 0; k < i; k++)
            assert_false(same_id(&all[i], &all[k]));
    }
    for (uint32_t i = 0; i < 2000; i++) {
        struct rn_block_id id;
        uint32_t at = chance(f, n);

        rn_columns_id_at(&f->columns, at, &id);
        assert_true(same_id(&id, &all[at]));
    }
}

static void a_full_table_asks_for_the_next_file(void **state)
{
    struct fixture *f = *state;
    struct shape h = { 3, 5, 40, 64, 2, 0 };

    begin(f, &h);
    for (uint32_t g = 0; g < 5; g++) {
        assert_false(rn_part_near_limit(&f->part, 16));
        assert_int_equal(put(f, 1, 900), RN_OK);
        assert_int_equal(close_group(f), RN_OK);
    }
    assert_true(rn_part_near_limit(&f->part, 16));
    /* The group in which that is found out still ends. */
    assert_int_equal(put(f, 0, 900), RN_OK);
    assert_int_equal(close_group(f), RN_OK);
    assert_int_equal(put(f, RN_LANE_FOOT, 900), RN_OK);
    assert_int_equal(commit(f), RN_OK);
    assert_whole(f);
}

static void a_group_beyond_the_table_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct shape h = { 3, 2, 40, 64, 2, 0 };

    begin(f, &h);
    for (uint32_t g = 0; g < 3; g++)
        assert_int_equal(close_group(f), RN_OK);
    assert_int_equal(close_group(f), RN_E_FULL);
    assert_int_equal(f->error.code, RN_E_FULL);
    assert_int_equal(commit(f), RN_E_FULL);
}

static void fifty_thousand_blocks_ask_for_the_next_file(void **state)
{
    struct fixture *f = *state;
    struct shape h = { 5, 2, 16, 8, 2, 1 };

    begin(f, &h);
    while (!rn_part_near_limit(&f->part, 16))
        assert_int_equal(put(f, chance(f, 5), 16), RN_OK);
    assert_in_range(f->columns.blocks, 49900, RN_MAX_BLOCKS - 16);
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(put(f, i, 40), RN_OK); /* the row at hand */
        assert_int_equal(put_head(f, i, 16), RN_OK);
    }
    assert_int_equal(close_group(f), RN_OK);
    assert_int_equal(commit(f), RN_OK);
    assert_whole(f);
    assert_true(f->part.blocks <= RN_MAX_BLOCKS);
    close_file(f);

    begin(f, &h); /* and who does not listen gets an error */
    for (uint32_t i = 0; i < 2 * RN_MAX_BLOCKS; i++)
        if (put(f, 0, 16) < 0)
            break;
    assert_int_equal(f->columns.blocks, RN_MAX_BLOCKS);
    assert_int_equal(f->error.code, RN_E_FULL);
    assert_int_equal(commit(f), RN_E_FULL);
}

static void a_file_given_up_gives_every_segment_back(void **state)
{
    struct fixture *f = *state;
    struct shape h = { 8, 4, 24, 64, 2, 0 };

    for (uint32_t at = 0; at < 120; at++) {
        bool headed[MAX_LANES] = { false };

        begin(f, &h);
        f->seed = at;
        for (uint32_t i = 0; i < at; i++)
            assert_int_equal(step(f, &h, headed), RN_OK);
        close_file(f); /* looks at the pool */
        assert_false(f->s.visible);
    }
}

/* One operation fails in one of the ways there are; the verdict is the whole
 * file or a clean code, never a third thing.
 */
static void any_single_fault_gives_the_whole_file_or_a_clean_code(void **state)
{
    static const int err[] = { RN_E_LINK, RN_E_AGAIN,  RN_E_BUSY,
                               RN_E_PEER, RN_E_DENIED, RN_E_INTEGRITY };
    struct fixture *f = *state;

    for (int op = RN_OP_STAGE; op <= RN_OP_HEAD; op++) {
        for (size_t e = 0; e < RN_COUNTOF(err) * 6; e++) {
            struct shape h = { 8, 4, op == RN_OP_PUT ? 600 : 24, 64, 2, 0 };

            begin(f, &h);
            for (size_t i = 0; i < e / 12; i++) /* later blocks as well */
                for (size_t k = 0; k < 9; k++)
                    turn(f, (enum rn_op)op, RN_OK, true);
            turn(f, (enum rn_op)op, err[e / 2 % 6], e % 2);
            if (write_even(f, 3, 9, 100) == RN_OK)
                assert_whole(f);
            else
                assert_int_not_equal(f->error.code, RN_OK);
            assert_true(f->s.versions <= 1);
        }
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_file_that_fits_the_pool_is_one_put),
        T(pieces_shorter_than_a_segment_share_one),
        T(a_file_of_nothing_is_an_empty_file),
        T(any_pool_and_any_split_of_puts_give_the_same_bytes),
        T(a_pool_smaller_than_the_lanes_still_makes_progress),
        T(a_lane_with_most_of_the_bytes_starves_no_other),
        T(lanes_that_grow_alike_go_out_in_long_blocks),
        T(many_connections_do_not_chop_lanes_up),
        T(a_file_leaves_nothing_to_the_next),
        T(a_head_as_long_as_the_pool_goes_out_before_its_group_ends),
        T(a_head_larger_than_the_pool_is_an_error),
        T(a_lost_answer_of_a_block_sends_the_same_again),
        T(a_commit_is_made_again_with_the_same_list),
        T(every_id_is_its_own_in_whatever_order_asked),
        T(a_full_table_asks_for_the_next_file),
        T(a_group_beyond_the_table_is_an_error),
        T(fifty_thousand_blocks_ask_for_the_next_file),
        T(a_file_given_up_gives_every_segment_back),
        T(any_single_fault_gives_the_whole_file_or_a_clean_code),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
