/* test_columns.c: lanes of any number and length, over a pool of any size,
 * give the file that lanes.h describes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/crc64.h"
#include "core/log.h"
#include "lane/columns.h"
#include "lib/scripted_store.h"

#define MAX_LANES 40u

static struct rn_attempt attempt = { "run-1", { 1, 2, 3, 4, 5, 6, 7, 8 } };
static const struct rn_meta meta[] = { { "runnel_run", "run-1" } };

/* Bytes as a file on a disk would take them. */
struct bytes {
    uint8_t *p;
    size_t n;
    size_t room;
};

static void keep(struct bytes *b, const uint8_t *p, size_t n)
{
    if (b->n + n > b->room) {
        b->room = (b->n + n) * 2;
        b->p = realloc(b->p, b->room);
    }
    if (n > 0)
        memcpy(b->p + b->n, p, n);
    b->n += n;
}

static void move(struct bytes *to, struct bytes *from)
{
    keep(to, from->p, from->n);
    from->n = 0;
}

struct shape {
    uint32_t lanes;
    uint32_t groups;
    uint32_t segments;
    uint32_t segment;
    uint32_t spare;
    uint32_t block; /* segments; 0: a third of the pool */
};

struct fixture {
    struct scripted_store s;
    struct rn_pool pool;
    struct rn_uploader u;
    struct rn_config config;
    struct rn_error error;
    struct rn_part part;
    struct rn_columns columns;
    struct rn_arena arena;
    struct shape shape;
    uint8_t *memory;
    uint64_t seed;
    bool goes_on; /* in another process, now and then */

    /* What was put, laid out as lanes.h says. */
    struct bytes file; /* trunk and closed groups */
    struct bytes head[MAX_LANES];
    struct bytes lane[MAX_LANES];
    struct bytes foot_head;
    struct bytes foot;
    size_t put;
};

static uint32_t chance(struct fixture *f, uint32_t below)
{
    f->seed = f->seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)(f->seed >> 33) % below;
}

static void forget(struct fixture *f)
{
    f->file.n = 0;
    f->foot_head.n = 0;
    f->foot.n = 0;
    f->put = 0;
    for (uint32_t i = 0; i < MAX_LANES; i++) {
        f->head[i].n = 0;
        f->lane[i].n = 0;
    }
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    rn_log_level(RN_LOG_ERROR); /* retries are what is tested */
    scripted_init(&f->s, 2);
    f->config.store.retry_ms = 120000;
    f->config.store.request_ms = 60000;
    f->config.store.connections = 2;
    f->u.store = &f->s.store;
    f->u.pool = &f->pool;
    f->u.config = &f->config;
    f->u.error = &f->error;
    f->u.deadline_ms = INT64_MAX;
    f->seed = 1;
    *state = f;
    return 0;
}

/* Take the file away, as far as it got; no segment may be lost. */
static void close_file(struct fixture *f)
{
    if (!f->memory)
        return;
    rn_part_abandon(&f->part);
    rn_uploader_abandon(&f->u);
    assert_int_equal(f->pool.free_n, f->pool.n);
    free(f->memory);
    f->memory = NULL;
    forget(f);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    close_file(f);
    scripted_free(&f->s);
    for (uint32_t i = 0; i < MAX_LANES; i++) {
        free(f->head[i].p);
        free(f->lane[i].p);
    }
    free(f->file.p);
    free(f->foot_head.p);
    free(f->foot.p);
    free(f);
    return 0;
}

static void begin_file(struct fixture *f)
{
    struct rn_object object = { .path = "run-1/part-00001.parquet",
                                .meta = meta,
                                .metas = 1 };
    uint32_t block = f->shape.block > 0 ? f->shape.block : f->pool.n / 3;

    forget(f);
    f->s.visible = false;
    f->s.versions = 0;
    assert_int_equal(rn_part_begin(&f->part, &f->u, &object, &attempt,
                                   block > 0 ? block : 1),
                     RN_OK);
    rn_columns_begin(&f->columns, &f->part);
}

static void begin(struct fixture *f, const struct shape *h)
{
    unsigned queue = f->config.store.connections + 2;
    size_t need = rn_columns_need(h->lanes, h->groups);
    size_t size =
        need + rn_pool_need(h->segments, h->segment) + rn_uploader_need(queue);

    close_file(f);
    f->shape = *h;
    f->memory = aligned_alloc(16, size);
    rn_arena_init(&f->arena, "test", f->memory, size);
    assert_int_equal(
        rn_columns_init(&f->columns, h->lanes, h->groups, &f->arena), 0);
    assert_int_equal(f->arena.used, need);
    assert_int_equal(rn_uploader_init(&f->u, queue, &f->arena), 0);
    assert_int_equal(rn_pool_init(&f->pool, h->segments, h->segment, &f->arena),
                     0);
    f->columns.spare = h->spare;
    f->s.connections = f->config.store.connections;
    memset(f->s.calls, 0, sizeof f->s.calls);
    memset(f->s.scripted, 0, sizeof f->s.scripted);
    rn_error_clear(&f->error);
    begin_file(f);
}

/* -- writing, and the same to the model ---------------------------------- */

static const uint8_t *some_bytes(struct fixture *f, size_t n)
{
    static uint8_t buf[70000];

    RN_ASSERT(n <= sizeof buf);
    for (size_t i = 0; i < n; i++)
        buf[i] = (uint8_t)((f->put + i) * 31 + (f->put + i) / 251);
    f->put += n;
    return buf;
}

static int put(struct fixture *f, uint32_t lane, size_t n)
{
    const uint8_t *p = some_bytes(f, n);

    keep(lane == RN_LANE_TRUNK       ? &f->file
         : lane == RN_LANE_FOOT_HEAD ? &f->foot_head
         : lane == RN_LANE_FOOT      ? &f->foot
                                     : &f->lane[lane],
         p, n);
    return f->columns.lanes.put(&f->columns.lanes, lane, p, n);
}

static int put_head(struct fixture *f, uint32_t lane, size_t n)
{
    const uint8_t *p = some_bytes(f, n);

    keep(&f->head[lane], p, n);
    return f->columns.lanes.head(&f->columns.lanes, lane, p, n);
}

static int close_group(struct fixture *f)
{
    for (uint32_t i = 0; i < f->columns.lanes.n; i++) {
        move(&f->file, &f->head[i]);
        move(&f->file, &f->lane[i]);
    }
    return f->columns.lanes.close_group(&f->columns.lanes);
}

static int commit(struct fixture *f)
{
    move(&f->file, &f->foot_head);
    move(&f->file, &f->foot);
    return rn_part_commit(&f->part);
}

static void assert_whole(struct fixture *f)
{
    assert_true(f->s.visible);
    assert_int_equal(f->s.versions, 1);
    assert_false(f->s.changed);
    assert_int_equal(f->s.length, f->file.n);
    assert_memory_equal(f->s.content, f->file.p, f->file.n);
    assert_int_equal(f->part.bytes, f->file.n);
    assert_int_equal(f->part.crc64, rn_crc64(0, f->file.p, f->file.n));
    assert_int_equal(f->pool.free_n, f->pool.n);
}

static void turn(struct fixture *f, enum rn_op op, int err, bool applied)
{
    scripted_turn(
        &f->s, op,
        (struct turn){ .err = err, .applied = applied, .sent = true });
}

/* A file of a few groups in which lanes grow alike, `n` bytes a round. */
static int write_even(struct fixture *f, uint32_t groups, uint32_t rounds,
                      size_t n)
{
    int err = put(f, RN_LANE_TRUNK, 4);

    for (uint32_t g = 0; g < groups; g++) {
        for (uint32_t k = 0; k < rounds; k++)
            for (uint32_t i = 0; i < f->columns.lanes.n && err == RN_OK; i++)
                err = put(f, i, n);
        for (uint32_t i = 0; i < f->columns.lanes.n && err == RN_OK; i += 3)
            err = put_head(f, i, n);
        if (err == RN_OK)
            err = close_group(f);
        if (err == RN_OK)
            err = put(f, RN_LANE_FOOT, 20);
        if (err == RN_OK)
            err = put(f, RN_LANE_TRUNK, 9);
    }
    if (err == RN_OK)
        err = put(f, RN_LANE_FOOT_HEAD, 7);
    return err < 0 ? err : commit(f);
}

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

/* Another process goes on with what this one has saved. What this one sent
 * after that, whenever it arrives, is nobody's.
 */
static int go_on(struct fixture *f)
{
    static uint8_t kept[20000], lost[4000];
    struct rn_object object = f->part.object;
    uint32_t block = f->part.block_segments;
    struct rn_lanes *l = &f->columns.lanes;
    size_t need = rn_part_save_need(l->n, f->shape.groups);
    struct rn_record r;
    int err = rn_part_cut(&f->part);

    assert_true(need <= sizeof kept);
    rn_record_open(&r, kept, need);
    if (err == RN_OK)
        err = rn_uploader_settle(&f->u);
    if (err < 0)
        return err;
    rn_part_save(&f->part, &r);
    assert_false(r.bad);
    for (uint32_t i = 0, n = chance(f, 20); i < n && err == RN_OK; i++)
        err = l->put(l, chance(f, l->n), lost, chance(f, sizeof lost));
    if (err == RN_OK && chance(f, 2))
        err = l->put(l, RN_LANE_FOOT, lost, chance(f, sizeof lost));
    if (err == RN_OK && chance(f, 2))
        err = l->close_group(l);
    if (err == RN_OK && chance(f, 2))
        err = rn_uploader_settle(&f->u);
    rn_part_abandon(&f->part);
    rn_uploader_abandon(&f->u);
    assert_int_equal(f->pool.free_n, f->pool.n);
    assert_int_equal(rn_part_begin(&f->part, &f->u, &object, &attempt, block),
                     RN_OK);
    rn_columns_begin(&f->columns, &f->part);
    rn_record_open(&r, kept, r.at);
    err = rn_part_restore(&f->part, &r);
    assert_int_equal(r.at, r.cap);
    return err;
}

/* One step of a script: mostly puts of any length to any place. */
static int step(struct fixture *f, const struct shape *h, bool headed[])
{
    uint32_t kind = chance(f, 100);
    uint32_t lane = chance(f, h->lanes);
    uint32_t most = 1u << chance(f, 9);
    int err = RN_OK;

    if (kind < 6 && !headed[lane]) {
        headed[lane] = true;
        for (uint32_t i = 0, n = 1 + chance(f, 4); i < n && err == RN_OK; i++)
            err = put_head(f, lane, chance(f, most / 2 + 2));
        return err;
    }
    if (kind < 10)
        return put(f, RN_LANE_FOOT, chance(f, most));
    return put(f, lane, chance(f, most * 2));
}

/* Others of the pool take what was promised to them, in the middle of it. */
static void borrow(struct fixture *f, uint32_t spare)
{
    uint32_t taken[8];

    for (uint32_t i = 0; i < spare; i++)
        taken[i] = rn_uploader_segment(&f->u);
    for (uint32_t i = 0; i < spare; i++)
        if (taken[i] != RN_NO_SEGMENT)
            rn_pool_give(&f->pool, taken[i]);
}

static int run_script(struct fixture *f, const struct shape *h, uint32_t skew)
{
    bool headed[MAX_LANES];
    uint32_t groups = chance(f, h->groups + 1);
    int err = put(f, RN_LANE_TRUNK, chance(f, 300));

    for (uint32_t g = 0; g < groups && err == RN_OK; g++) {
        memset(headed, 0, sizeof headed);
        for (uint32_t i = 0, n = chance(f, 150); i < n && err == RN_OK; i++) {
            if (chance(f, 100) < skew)
                err = put(f, h->lanes / 2, chance(f, 600));
            else
                err = step(f, h, headed);
            if (chance(f, 20) == 0)
                borrow(f, h->spare);
        }
        if (err == RN_OK)
            err = close_group(f);
        if (err == RN_OK && chance(f, 2))
            err = put(f, RN_LANE_TRUNK, chance(f, 1000));
        if (err == RN_OK && f->goes_on && chance(f, 3) < 2)
            err = go_on(f);
        assert_true(err < 0 || rn_part_bytes(&f->part) == f->put);
    }
    if (err == RN_OK)
        err = put(f, RN_LANE_FOOT_HEAD, chance(f, 600));
    if (err == RN_OK)
        err = put(f, RN_LANE_FOOT, chance(f, 60));
    return err;
}

static struct shape any_shape(struct fixture *f)
{
    static const uint32_t segment[] = { 33, 64, 100, 256, 1024 };
    struct shape h = { .lanes = 1 + chance(f, MAX_LANES) };

    if (chance(f, 8) == 0)
        h.lanes = 1 + chance(f, 2);

    h.groups = 1 + chance(f, 6);
    h.segment = segment[chance(f, RN_COUNTOF(segment))];
    h.spare = chance(f, 6);
    h.segments = rn_columns_segments(h.lanes) + h.spare;
    if (chance(f, 3))
        h.segments += chance(f, 60);
    /* A head has to fit. */
    if (h.segment < 100)
        h.segments += 20;
    h.block = chance(f, 3) ? 0 : 1 + chance(f, 10);
    return h;
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
        T(a_file_that_others_go_on_with_is_the_same),
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
