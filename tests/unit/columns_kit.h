/* columns_kit.h: for tests: files of lanes of any shape over a pool of any
 * size, and what they have to be.
 */
#ifndef TESTS_COLUMNS_KIT_H
#define TESTS_COLUMNS_KIT_H

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

static inline void keep(struct bytes *b, const uint8_t *p, size_t n)
{
    if (b->n + n > b->room) {
        b->room = (b->n + n) * 2;
        b->p = realloc(b->p, b->room);
    }
    if (n > 0)
        memcpy(b->p + b->n, p, n);
    b->n += n;
}

static inline void move(struct bytes *to, struct bytes *from)
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

static inline uint32_t chance(struct fixture *f, uint32_t below)
{
    f->seed = f->seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)(f->seed >> 33) % below;
}

static inline void forget(struct fixture *f)
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

static inline int set_up(void **state)
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
static inline void close_file(struct fixture *f)
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

static inline int tear_down(void **state)
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

static inline void begin_file(struct fixture *f)
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

static inline void begin(struct fixture *f, const struct shape *h)
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

static inline const uint8_t *some_bytes(struct fixture *f, size_t n)
{
    static uint8_t buf[70000];

    RN_ASSERT(n <= sizeof buf);
    for (size_t i = 0; i < n; i++)
        buf[i] = (uint8_t)((f->put + i) * 31 + (f->put + i) / 251);
    f->put += n;
    return buf;
}

static inline int put(struct fixture *f, uint32_t lane, size_t n)
{
    const uint8_t *p = some_bytes(f, n);

    keep(lane == RN_LANE_TRUNK       ? &f->file
         : lane == RN_LANE_FOOT_HEAD ? &f->foot_head
         : lane == RN_LANE_FOOT      ? &f->foot
                                     : &f->lane[lane],
         p, n);
    return f->columns.lanes.put(&f->columns.lanes, lane, p, n);
}

static inline int put_head(struct fixture *f, uint32_t lane, size_t n)
{
    const uint8_t *p = some_bytes(f, n);

    keep(&f->head[lane], p, n);
    return f->columns.lanes.head(&f->columns.lanes, lane, p, n);
}

static inline int close_group(struct fixture *f)
{
    for (uint32_t i = 0; i < f->columns.lanes.n; i++) {
        move(&f->file, &f->head[i]);
        move(&f->file, &f->lane[i]);
    }
    return f->columns.lanes.close_group(&f->columns.lanes);
}

static inline int commit(struct fixture *f)
{
    move(&f->file, &f->foot_head);
    move(&f->file, &f->foot);
    return rn_part_commit(&f->part);
}

static inline void assert_whole(struct fixture *f)
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

static inline void turn(struct fixture *f, enum rn_op op, int err, bool applied)
{
    scripted_turn(
        &f->s, op,
        (struct turn){ .err = err, .applied = applied, .sent = true });
}

/* A file of a few groups in which lanes grow alike, `n` bytes a round. */
static inline int write_even(struct fixture *f, uint32_t groups,
                             uint32_t rounds, size_t n)
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

/* Another process goes on with what this one has saved. What this one sent
 * after that, whenever it arrives, is nobody's.
 */
static inline int go_on(struct fixture *f)
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
static inline int step(struct fixture *f, const struct shape *h, bool headed[])
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
static inline void borrow(struct fixture *f, uint32_t spare)
{
    uint32_t taken[8];

    for (uint32_t i = 0; i < spare; i++)
        taken[i] = rn_uploader_segment(&f->u);
    for (uint32_t i = 0; i < spare; i++)
        if (taken[i] != RN_NO_SEGMENT)
            rn_pool_give(&f->pool, taken[i]);
}

static inline int run_script(struct fixture *f, const struct shape *h,
                             uint32_t skew)
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

static inline struct shape any_shape(struct fixture *f)
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

#endif
