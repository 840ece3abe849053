/* test_part.c: a file is published whole, once, and never by guessing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/crc64.h"
#include "core/log.h"
#include "lane/part.h"
#include "lib/scripted_store.h"

#define SEGMENT  64u
#define SEGMENTS 24u
#define BLOCK    4u /* segments */

static const struct rn_attempt attempt = { "run-1",
                                           { 1, 2, 3, 4, 5, 6, 7, 8 } };
static const struct rn_meta meta[] = { { "runnel_run", "run-1" } };

struct fixture {
    struct scripted_store s;
    struct rn_pool pool;
    struct rn_uploader u;
    struct rn_config config;
    struct rn_error error;
    struct rn_part part;
    struct rn_arena arena;
    _Alignas(16) uint8_t memory[16384];
    uint8_t sent[40000];
    size_t len;
};

static int set_up(void **state)
{
    struct fixture *f = aligned_alloc(16, RN_ROUND(sizeof *f));

    assert_non_null(f);
    memset(f, 0, sizeof *f);
    rn_log_level(RN_LOG_ERROR); /* retries are what is tested */
    scripted_init(&f->s, 2);
    rn_arena_init(&f->arena, "test", f->memory, sizeof f->memory);
    f->config.store.retry_ms = 120000;
    f->config.store.request_ms = 60000;
    f->u.store = &f->s.store;
    f->u.pool = &f->pool;
    f->u.config = &f->config;
    f->u.error = &f->error;
    f->u.deadline_ms = INT64_MAX;
    assert_int_equal(rn_pool_init(&f->pool, SEGMENTS, SEGMENT, &f->arena), 0);
    assert_int_equal(rn_uploader_init(&f->u, 4, &f->arena), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    /* Whatever happened, no segment is lost. */
    rn_part_abandon(&f->part);
    rn_uploader_abandon(&f->u);
    assert_int_equal(f->pool.free_n, SEGMENTS);
    scripted_free(&f->s);
    free(f);
    return 0;
}

static void turn(struct fixture *f, enum rn_op op, int err, bool applied)
{
    scripted_turn(
        &f->s, op,
        (struct turn){ .err = err, .applied = applied, .sent = true });
}

static int send_bytes(struct fixture *f, size_t len)
{
    struct rn_object object = { .path = "run-1/part-00001.csv",
                                .meta = meta,
                                .metas = 1 };
    int err = rn_part_begin(&f->part, &f->u, &object, &attempt, BLOCK);

    f->len = len;
    for (size_t i = 0; i < len && err == RN_OK; i++) {
        f->sent[i] = (uint8_t)(i * 31 + i / 251);
        rn_out_byte(&f->part.lane.out, f->sent[i]);
        err = f->part.lane.out.err;
    }
    return err < 0 ? err : rn_part_commit(&f->part);
}

static void assert_whole(struct fixture *f)
{
    assert_true(f->s.visible);
    assert_int_equal(f->s.versions, 1);
    assert_int_equal(f->s.length, f->len);
    assert_memory_equal(f->s.content, f->sent, f->len);
    assert_int_equal(f->part.bytes, f->len);
    assert_int_equal(f->part.crc64, rn_crc64(0, f->sent, f->len));
}

static void every_length_arrives_whole_with_its_checksum(void **state)
{
    struct fixture *f = *state;

    for (size_t len = 0; len < 3 * BLOCK * SEGMENT + 3; len++) {
        f->s.visible = false;
        f->s.versions = 0;
        assert_int_equal(send_bytes(f, len), RN_OK);
        assert_whole(f);
        assert_int_equal(f->pool.free_n, SEGMENTS);
    }
}

static void a_small_file_is_one_request_and_a_look(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(send_bytes(f, BLOCK * SEGMENT - 1), RN_OK);
    assert_int_equal(f->s.calls[RN_OP_PUT], 1);
    assert_int_equal(f->s.calls[RN_OP_HEAD], 1);
    assert_int_equal(f->s.calls[RN_OP_STAGE] + f->s.calls[RN_OP_COMMIT], 0);
    assert_int_equal(f->part.blocks, 0);
}

static void several_blocks_travel_at_once(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(send_bytes(f, 20000), RN_OK);
    assert_whole(f);
    assert_int_equal(f->s.most_at_once, 2);
}

/* Who waits for a block's answer must not wait for the end of the file. */
static void no_block_is_overtaken_for_ever(void **state)
{
    struct fixture *f = *state;

    f->s.connections = 1;
    for (int round = 0; round < 2; round++) {
        size_t len = 0;
        struct rn_object object = { .path = "a", .meta = meta, .metas = 1 };

        assert_int_equal(rn_part_begin(&f->part, &f->u, &object, &attempt, 1),
                         RN_OK);
        for (; len < 5000; len++) {
            uint64_t table = f->u.blocks;

            rn_out_byte(&f->part.lane.out, 'x');
            if (f->u.submitted > table)
                assert_true(rn_uploader_has(&f->u, f->u.submitted - table));
        }
        rn_part_abandon(&f->part);
        rn_uploader_abandon(&f->u);
        turn(f, RN_OP_STAGE, RN_E_LINK, false); /* one that is tried again */
    }
}

static void a_block_whose_answer_was_lost_is_sent_again_and_kept_once(
    void **state)
{
    struct fixture *f = *state;

    turn(f, RN_OP_STAGE, RN_E_LINK, true);
    turn(f, RN_OP_STAGE, RN_OK, true);
    turn(f, RN_OP_STAGE, RN_E_LINK, false);
    assert_int_equal(send_bytes(f, 5000), RN_OK);
    assert_whole(f);
    assert_int_equal(f->u.retries, 2);
}

static void a_commit_whose_answer_was_lost_is_proved_by_looking(void **state)
{
    struct fixture *f = *state;

    turn(f, RN_OP_COMMIT, RN_E_LINK, true);
    assert_int_equal(send_bytes(f, 5000), RN_OK);
    assert_whole(f);
    assert_int_equal(f->s.calls[RN_OP_COMMIT], 1);
}

static void a_put_whose_answer_was_lost_is_proved_by_looking(void **state)
{
    struct fixture *f = *state;

    turn(f, RN_OP_PUT, RN_E_AGAIN, true);
    assert_int_equal(send_bytes(f, 100), RN_OK);
    assert_whole(f);
    assert_int_equal(f->s.calls[RN_OP_PUT], 1);
}

static void a_commit_that_never_arrived_is_made_again(void **state)
{
    struct fixture *f = *state;

    turn(f, RN_OP_COMMIT, RN_E_LINK, false);
    turn(f, RN_OP_COMMIT, RN_E_BUSY, false);
    assert_int_equal(send_bytes(f, 5000), RN_OK);
    assert_whole(f);
    assert_int_equal(f->s.calls[RN_OP_COMMIT], 3);
}

static void a_commit_still_at_work_on_the_server_makes_one_version(void **state)
{
    struct fixture *f = *state;

    scripted_turn(
        &f->s, RN_OP_COMMIT,
        (struct turn){ .err = RN_E_AGAIN, .sent = true, .later_ms = 30000 });
    for (int i = 0; i < 40; i++)
        turn(f, RN_OP_COMMIT, RN_E_STALE, false);
    assert_int_equal(send_bytes(f, 5000), RN_OK);
    assert_whole(f);
}

static void blocks_that_are_really_gone_ask_for_a_new_run(void **state)
{
    struct fixture *f = *state;

    turn(f, RN_OP_COMMIT, RN_E_STALE, false);
    assert_int_equal(send_bytes(f, 5000), RN_E_STALE);
    assert_false(f->s.visible);
    assert_int_equal(f->error.code, RN_E_STALE);
    assert_int_equal(rn_plan_for(f->error.code), RN_PLAN_RESTART);
}

static void a_name_taken_by_another_run_is_a_failure(void **state)
{
    struct fixture *f = *state;

    f->s.visible = true;
    f->s.length = 5000;
    strcpy(f->s.run, "run-other");
    assert_int_equal(send_bytes(f, 5000), RN_E_EXISTS);
    assert_non_null(strstr(f->error.text, "run-other"));
}

static void created_with_another_length_is_a_failure(void **state)
{
    struct fixture *f = *state;

    f->s.lie_length = true;
    assert_int_equal(send_bytes(f, 5000), RN_E_DENIED);
    assert_non_null(strstr(f->error.text, "5001 bytes where 5000"));
    assert_true(f->part.doubtful); /* it may be what a reader sees */
}

static void a_credential_that_may_only_write_still_finishes(void **state)
{
    struct fixture *f = *state;

    f->s.hide_head = true;
    assert_int_equal(send_bytes(f, 5000), RN_OK);
    assert_int_equal(f->s.versions, 1);
    assert_memory_equal(f->s.content, f->sent, f->len);
}

static void write_only_and_a_lost_answer_is_settled_by_our_own_nonce(
    void **state)
{
    struct fixture *f = *state;

    f->s.hide_head = true;
    turn(f, RN_OP_COMMIT, RN_E_EXISTS, true);
    assert_int_equal(send_bytes(f, 5000), RN_OK);
    assert_int_equal(f->s.versions, 1);
}

static void a_service_that_is_busy_for_ever_ends_within_the_retry_time(
    void **state)
{
    static const enum rn_op op[] = { RN_OP_STAGE, RN_OP_COMMIT, RN_OP_PUT };

    for (size_t k = 0; k < 3; k++) {
        struct fixture *f = *state;
        int64_t before;

        for (int i = 0; i < SCRIPT_MAX; i++)
            turn(f, op[k], RN_E_BUSY, false);
        before = scripted_now_ms;
        assert_int_equal(send_bytes(f, op[k] == RN_OP_PUT ? 10 : 5000),
                         RN_E_BUSY);
        assert_true(scripted_now_ms - before <= 130000);
        assert_int_equal(rn_error_exit(&f->error), 75);
        assert_false(f->s.visible);
        tear_down(state);
        set_up(state);
    }
}

static void a_job_ends_at_its_deadline(void **state)
{
    struct fixture *f = *state;
    int64_t before = scripted_now_ms;

    f->u.deadline_ms = before + 5000;
    for (int i = 0; i < SCRIPT_MAX; i++)
        turn(f, RN_OP_STAGE, RN_E_BUSY, false);
    assert_int_equal(send_bytes(f, 5000), RN_E_BUSY);
    assert_true(scripted_now_ms - before <= 5000);
    tear_down(state);
    set_up(state);

    f = *state;
    f->u.deadline_ms = scripted_now_ms; /* it is past when the job begins */
    assert_int_equal(send_bytes(f, 5000), RN_E_AGAIN);
    assert_non_null(strstr(f->error.text, "deadline"));
    assert_int_equal(rn_error_exit(&f->error), 75);
    assert_int_equal(f->s.calls[RN_OP_STAGE] + f->s.calls[RN_OP_COMMIT], 0);
    assert_false(f->s.visible);
}

static void a_file_says_when_its_blocks_come_to_an_end(void **state)
{
    struct fixture *f = *state;
    struct rn_object object = { .path = "p", .meta = meta, .metas = 1 };

    assert_int_equal(rn_part_begin(&f->part, &f->u, &object, &attempt, BLOCK),
                     RN_OK);
    f->part.lane.sequence = RN_MAX_BLOCKS - 17;
    assert_false(rn_part_near_limit(&f->part, 16));
    f->part.lane.sequence++;
    assert_true(rn_part_near_limit(&f->part, 16));
    /* A row that goes on past the last block is an error and no lost byte. */
    f->part.lane.sequence = RN_MAX_BLOCKS;
    for (size_t i = 0; i < 5000; i++)
        rn_out_byte(&f->part.lane.out, 'x');
    assert_int_equal(f->part.lane.out.err, RN_E_FULL);
    assert_int_equal(rn_part_commit(&f->part), RN_E_FULL);
    assert_non_null(strstr(f->error.text, "50000 blocks"));
    assert_false(f->s.visible);
}

static void what_the_service_asks_to_wait_is_waited(void **state)
{
    struct fixture *f = *state;
    int64_t before;

    scripted_turn(&f->s, RN_OP_STAGE,
                  (struct turn){ .err = RN_E_BUSY,
                                 .sent = true,
                                 .retry_after_ms = 45000 });
    before = scripted_now_ms;
    assert_int_equal(send_bytes(f, 5000), RN_OK);
    assert_true(scripted_now_ms - before >= 45000);
    assert_whole(f);
}

static void a_refused_credential_is_renewed_once_for_all_in_flight(void **state)
{
    struct fixture *f = *state;

    f->s.renewals = 1;
    turn(f, RN_OP_STAGE, RN_E_AUTH, false);
    turn(f, RN_OP_STAGE, RN_E_AUTH, false);
    assert_int_equal(send_bytes(f, 5000), RN_OK);
    assert_whole(f);
    assert_int_equal(f->s.renewed, 1);
}

static void a_credential_refused_for_good_ends_the_run(void **state)
{
    struct fixture *f = *state;

    turn(f, RN_OP_STAGE, RN_E_AUTH, false);
    assert_int_equal(send_bytes(f, 5000), RN_E_AUTH);
    assert_int_equal(rn_error_exit(&f->error), 4);
    assert_int_equal(f->s.calls[RN_OP_STAGE] <= 2, 1);
    assert_false(f->part.doubtful); /* nobody asked for a file */
}

static void changed_bytes_are_sent_again(void **state)
{
    struct fixture *f = *state;

    turn(f, RN_OP_STAGE, RN_E_INTEGRITY, false);
    turn(f, RN_OP_PUT, RN_E_INTEGRITY, false);
    assert_int_equal(send_bytes(f, 5000), RN_OK);
    assert_whole(f);
    f->s.visible = false;
    f->s.versions = 0;
    assert_int_equal(send_bytes(f, 10), RN_OK);
    assert_whole(f);
}

/* One operation after the other fails in one of the ways there are; the
 * verdict is the whole file or a clean code, never a third thing.
 */
static void any_single_fault_gives_the_whole_file_or_a_clean_code(void **state)
{
    static const int err[] = { RN_E_LINK, RN_E_AGAIN,  RN_E_BUSY,
                               RN_E_PEER, RN_E_DENIED, RN_E_INTEGRITY };

    for (int op = RN_OP_STAGE; op <= RN_OP_HEAD; op++) {
        for (size_t e = 0; e < RN_COUNTOF(err) * 2; e++) {
            struct fixture *f = *state;
            bool ok;

            turn(f, (enum rn_op)op, err[e / 2], e % 2);
            ok = send_bytes(f, op == RN_OP_PUT ? 50 : 5000) == RN_OK;
            if (ok)
                assert_whole(f);
            else
                assert_int_not_equal(f->error.code, RN_OK);
            assert_true(f->s.versions <= 1);
            tear_down(state);
            set_up(state);
        }
    }
}

/* -- another process ------------------------------------------------------ */

static void write_bytes(struct fixture *f, size_t from, size_t to, uint8_t x)
{
    for (size_t i = from; i < to; i++)
        rn_out_byte(&f->part.lane.out, (uint8_t)((i * 31 + i / 251) ^ x));
}

static int begin_again(struct fixture *f, struct rn_record *r)
{
    struct rn_object object = { .path = "run-1/part-00001.csv",
                                .meta = meta,
                                .metas = 1 };
    size_t len = r->at;

    rn_part_abandon(&f->part);
    rn_uploader_abandon(&f->u);
    assert_int_equal(rn_part_begin(&f->part, &f->u, &object, &attempt, BLOCK),
                     RN_OK);
    rn_record_open(r, r->p, len);
    return rn_part_restore(&f->part, r);
}

static void save_here(struct fixture *f, struct rn_record *r)
{
    static uint8_t kept[1000];

    assert_int_equal(rn_part_cut(&f->part), RN_OK);
    assert_int_equal(rn_uploader_settle(&f->u), RN_OK);
    assert_true(rn_uploader_has(&f->u, f->u.submitted));
    rn_record_open(r, kept, rn_part_save_need(0, 0));
    rn_part_save(&f->part, r);
    assert_false(r->bad);
}

/* `times` processes, each of which sends something that is lost before the
 * next one goes on.
 */
static void pass_on(struct fixture *f, unsigned times, size_t each)
{
    struct rn_object object = { .path = "run-1/part-00001.csv",
                                .meta = meta,
                                .metas = 1 };
    struct rn_record r;

    f->len = (times + 1) * each;
    for (size_t i = 0; i < f->len; i++)
        f->sent[i] = (uint8_t)(i * 31 + i / 251);
    assert_int_equal(rn_part_begin(&f->part, &f->u, &object, &attempt, BLOCK),
                     RN_OK);
    for (unsigned k = 0; k < times; k++) {
        write_bytes(f, k * each, (k + 1) * each, 0);
        save_here(f, &r);
        write_bytes(f, 0, BLOCK * SEGMENT + k, 0x55);
        assert_int_equal(rn_part_cut(&f->part), RN_OK);
        if (k % 2)
            assert_int_equal(rn_uploader_settle(&f->u), RN_OK);
        assert_int_equal(begin_again(f, &r), RN_OK);
        assert_int_equal(rn_part_bytes(&f->part), (k + 1) * each);
    }
    write_bytes(f, times * each, f->len, 0);
    assert_int_equal(rn_part_finish(&f->part), RN_OK);
}

static void what_others_go_on_with_is_one_file(void **state)
{
    struct fixture *f = *state;

    for (unsigned times = 0; times < RN_SPLICES; times++) {
        f->s.visible = false;
        f->s.versions = 0;
        pass_on(f, times, 100 * times + 7);
        assert_int_equal(f->part.splices, times);
        assert_int_equal(rn_part_commit(&f->part), RN_OK);
        assert_whole(f);
        assert_false(f->s.changed); /* no id was used for other bytes */
    }
}

static void more_processes_than_names_still_finish_it(void **state)
{
    struct fixture *f = *state;

    pass_on(f, 3 * RN_SPLICES, 301);
    assert_int_equal(f->part.splices, RN_SPLICES);
    assert_int_equal(rn_part_commit(&f->part), RN_OK);
    assert_whole(f);
}

static void a_file_that_only_lacks_its_commit_gets_it(void **state)
{
    struct fixture *f = *state;
    struct rn_record r;
    static uint8_t kept[1000];

    for (size_t len = 0; len < 700; len += 99) {
        for (int visible = 0; visible < 2; visible++) {
            f->s.visible = false;
            f->s.versions = 0;
            pass_on(f, 0, len);
            assert_int_equal(rn_uploader_settle(&f->u), RN_OK);
            rn_record_open(&r, kept, sizeof kept);
            rn_part_save(&f->part, &r);
            /* The commit of the process before may have done its work. */
            if (visible)
                assert_int_equal(rn_part_commit(&f->part), RN_OK);
            assert_int_equal(begin_again(f, &r), RN_OK);
            assert_true(f->part.finished);
            assert_int_equal(rn_part_commit(&f->part), RN_OK);
            assert_whole(f);
        }
    }
}

static void a_place_that_was_cut_short_is_refused(void **state)
{
    struct fixture *f = *state;
    struct rn_record r;

    pass_on(f, 2, 500);
    rn_part_abandon(&f->part);
    pass_on(f, 0, 500);
    rn_part_abandon(&f->part);
    assert_int_equal(send_bytes(f, 10), RN_OK);
    for (size_t n = 0; n < 22; n++) {
        static uint8_t kept[22];

        rn_record_open(&r, kept, sizeof kept);
        r.at = n;
        assert_int_equal(begin_again(f, &r), RN_E_TORN);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(every_length_arrives_whole_with_its_checksum),
        T(a_small_file_is_one_request_and_a_look),
        T(several_blocks_travel_at_once),
        T(no_block_is_overtaken_for_ever),
        T(a_block_whose_answer_was_lost_is_sent_again_and_kept_once),
        T(a_commit_whose_answer_was_lost_is_proved_by_looking),
        T(a_put_whose_answer_was_lost_is_proved_by_looking),
        T(a_commit_that_never_arrived_is_made_again),
        T(a_commit_still_at_work_on_the_server_makes_one_version),
        T(blocks_that_are_really_gone_ask_for_a_new_run),
        T(a_name_taken_by_another_run_is_a_failure),
        T(created_with_another_length_is_a_failure),
        T(a_credential_that_may_only_write_still_finishes),
        T(write_only_and_a_lost_answer_is_settled_by_our_own_nonce),
        T(a_service_that_is_busy_for_ever_ends_within_the_retry_time),
        T(a_job_ends_at_its_deadline),
        T(a_file_says_when_its_blocks_come_to_an_end),
        T(what_the_service_asks_to_wait_is_waited),
        T(a_refused_credential_is_renewed_once_for_all_in_flight),
        T(a_credential_refused_for_good_ends_the_run),
        T(changed_bytes_are_sent_again),
        T(what_others_go_on_with_is_one_file),
        T(more_processes_than_names_still_finish_it),
        T(a_file_that_only_lacks_its_commit_gets_it),
        T(a_place_that_was_cut_short_is_refused),
        T(any_single_fault_gives_the_whole_file_or_a_clean_code),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
