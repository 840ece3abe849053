/* test_folder.c: a folder keeps a store's promises. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fewer.h"
#include "runnel/port.h"
#include "runnel/store.h"

static char dir[] = "/tmp/runnel-folder-XXXXXX";
static char url[64];
static _Alignas(RN_ALIGN) uint8_t memory[32768];
static struct rn_config config;
static struct rn_error error;
static struct rn_store *store;

static int open_store(void)
{
    struct rn_arena mem;

    memset(&config, 0, sizeof config);
    config.store.url = url;
    config.store.connections = 2;
    rn_error_clear(&error);
    rn_arena_init(&mem, "test", memory, rn_store_folder.need(&config));
    return rn_store_folder.open(&config, &mem, &error, &store);
}

static int before(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/runnel-folder-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(url, sizeof url, "file://%s/out/", dir);
    return open_store() == RN_OK ? 0 : -1;
}

static int after(void **state)
{
    char command[128];

    (void)state;
    store->cls->close(store);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command) == 0 ? 0 : -1;
}

/* Body of `n` bytes: each the low byte of its place in the file. */
struct bytes {
    uint64_t from;
    uint64_t n;
    uint8_t buf[997];
};

static size_t bytes_at(void *ctx, uint64_t offset, struct rn_bytes *piece,
                       size_t cap)
{
    struct bytes *b = ctx;
    size_t n =
        b->n - offset < sizeof b->buf ? (size_t)(b->n - offset) : sizeof b->buf;

    (void)cap;
    for (size_t i = 0; i < n; i++)
        b->buf[i] = (uint8_t)((b->from + offset + i) % 251);
    piece[0] = (struct rn_bytes){ b->buf, n };
    return 1;
}

static const struct rn_meta meta[] = { { "runnel_run", "run-1" } };
static const struct rn_object object = {
    .path = "day/part-1.csv", .mime = "text/csv", .meta = meta, .metas = 1
};

static int finish(struct rn_transfer *t)
{
    assert_int_equal(store->cls->start(store, t), RN_OK);
    assert_int_equal(store->cls->pump(store, 0), 1);
    assert_true(t->done);
    assert_false(t->sent);
    return t->err;
}

static struct rn_transfer stage_of(struct bytes *b, uint32_t sequence)
{
    struct rn_transfer t = { .op = RN_OP_STAGE, .object = &object };

    t.id = (struct rn_block_id){ .nonce = "attempt", .sequence = sequence };
    t.body = (struct rn_http_body){ b->n, bytes_at, b };
    return t;
}

static int stage(uint32_t sequence, uint64_t n)
{
    struct bytes b = { .from = (uint64_t)sequence * n, .n = n };
    struct rn_transfer t = stage_of(&b, sequence);

    return finish(&t);
}

static void id_at(void *ctx, uint32_t i, struct rn_block_id *id)
{
    (void)ctx;
    *id = (struct rn_block_id){ .nonce = "attempt", .sequence = i };
}

static struct rn_transfer last; /* for its error text */

static int commit(uint32_t n, uint64_t length)
{
    last = (struct rn_transfer){ .op = RN_OP_COMMIT, .object = &object };
    last.list = (struct rn_block_list){ n, id_at, NULL };
    last.length = length;
    return finish(&last);
}

static int plain(enum rn_op op)
{
    last = (struct rn_transfer){ .op = op, .object = &object };
    return finish(&last);
}

static int put(const struct rn_object *o, uint64_t n)
{
    struct bytes b = { .n = n };

    last = (struct rn_transfer){ .op = RN_OP_PUT, .object = o };
    last.body = (struct rn_http_body){ n, bytes_at, &b };
    return finish(&last);
}

static void check_content(const char *path, uint64_t n)
{
    char full[128];
    int c;
    uint64_t at = 0;

    snprintf(full, sizeof full, "%s/out/%s", dir, path);
    FILE *f = fopen(full, "rb");
    assert_non_null(f);
    while ((c = getc(f)) != EOF)
        assert_int_equal(c, at++ % 251);
    fclose(f);
    assert_int_equal(at, n);
}

/* Names in the folder `day`; hidden ones only when asked for. */
static int count_files(bool hidden)
{
    char full[64];
    int n = 0;

    snprintf(full, sizeof full, "%s/out/day", dir);
    DIR *d = opendir(full);
    if (!d)
        return 0;
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        n += (e->d_name[0] == '.') == hidden;
    }
    closedir(d);
    return n;
}

static void nothing_staged_is_seen_until_it_is_published_whole(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(stage(i, 3000), RN_OK);
        assert_int_equal(count_files(false), 0);
        assert_int_equal(count_files(true), 1);
        assert_int_equal(plain(RN_OP_HEAD), RN_E_ABSENT);
    }
    assert_int_equal(commit(5, 15000), RN_OK);
    assert_int_equal(count_files(false), 1);
    assert_int_equal(count_files(true), 0);
    check_content(object.path, 15000);
    assert_int_equal(plain(RN_OP_HEAD), RN_OK);
    assert_int_equal(last.found_length, 15000);
    assert_string_equal(last.found_run, "run-1");
}

static void a_block_may_be_staged_again(void **state)
{
    (void)state;
    assert_int_equal(stage(0, 100), RN_OK);
    assert_int_equal(stage(0, 100), RN_OK);
    assert_int_equal(stage(1, 100), RN_OK);
    assert_int_equal(stage(0, 100), RN_OK);
    assert_int_equal(stage(1, 100), RN_OK);
    assert_int_equal(commit(2, 200), RN_OK);
    check_content(object.path, 200);
}

static void blocks_that_overtake_others_wait_their_turn(void **state)
{
    static const uint32_t order[] = { 2, 1, 0 };
    struct bytes b[3];
    struct rn_transfer t[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        b[i] = (struct bytes){ .from = order[i] * 50u, .n = 50 };
        t[i] = stage_of(&b[i], order[i]);
        assert_int_equal(store->cls->start(store, &t[i]), RN_OK);
        assert_int_equal(store->cls->pump(store, 0), i == 2 ? 3 : 0);
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(t[i].err, RN_OK);
    assert_int_equal(commit(3, 150), RN_OK);
    check_content(object.path, 150);
}

static void a_block_does_not_wait_longer_than_its_deadline(void **state)
{
    struct bytes b = { .from = 50, .n = 50 };
    struct rn_transfer t = stage_of(&b, 1);

    (void)state;
    t.deadline_ms = rn_clock_mono() + 20;
    assert_int_equal(store->cls->start(store, &t), RN_OK);
    while (store->cls->pump(store, t.deadline_ms) == 0)
        assert_true(rn_clock_mono() < t.deadline_ms + 10000);
    assert_int_equal(t.err, RN_E_AGAIN);
}

static void a_name_that_is_taken_is_never_replaced(void **state)
{
    (void)state;
    assert_int_equal(put(&object, 10), RN_OK);
    assert_int_equal(put(&object, 20), RN_E_EXISTS);
    assert_non_null(strstr(last.error.text, "there already"));
    check_content(object.path, 10);
    assert_int_equal(stage(0, 30), RN_OK);
    assert_int_equal(commit(1, 30), RN_E_EXISTS);
    check_content(object.path, 10);
    store->cls->forget(store, &object);
    assert_int_equal(count_files(true), 0);
    check_content(object.path, 10);
}

static void a_file_of_others_is_not_taken_for_ours(void **state)
{
    (void)state;
    assert_int_equal(put(&object, 10), RN_OK);
    store->cls->close(store);
    assert_int_equal(open_store(), RN_OK);
    assert_int_equal(plain(RN_OP_HEAD), RN_OK);
    assert_int_equal(last.found_length, 10);
    assert_string_equal(last.found_run, "unknown");
}

static void a_commit_of_what_was_not_staged_is_refused(void **state)
{
    (void)state;
    assert_int_equal(commit(1, 10), RN_E_STALE);
    assert_int_equal(stage(0, 10), RN_OK);
    assert_int_equal(commit(2, 20), RN_E_STALE);
    assert_int_equal(commit(1, 11), RN_E_DENIED);
    assert_int_equal(plain(RN_OP_HEAD), RN_E_ABSENT);
    assert_int_equal(commit(1, 10), RN_OK);
}

static void small_and_empty_files_are_put_whole(void **state)
{
    const struct rn_object marker = { .path = "_SUCCESS" };

    (void)state;
    assert_int_equal(put(&marker, 0), RN_OK);
    check_content("_SUCCESS", 0);
    assert_int_equal(put(&object, 5000), RN_OK);
    check_content(object.path, 5000);
    assert_int_equal(count_files(true), 0);
}

static void a_file_is_removed_once(void **state)
{
    (void)state;
    assert_int_equal(put(&object, 1), RN_OK);
    assert_int_equal(plain(RN_OP_DELETE), RN_OK);
    assert_int_equal(plain(RN_OP_DELETE), RN_E_ABSENT);
    assert_int_equal(plain(RN_OP_HEAD), RN_E_ABSENT);
}

static void a_finished_file_is_read_in_pieces(void **state)
{
    uint8_t piece[700];
    uint64_t at = 0;

    (void)state;
    assert_int_equal(stage(0, 10), RN_OK);
    last = (struct rn_transfer){
        .op = RN_OP_GET, .object = &object, .into = piece, .cap = sizeof piece
    };
    assert_int_equal(finish(&last), RN_E_ABSENT); /* staged is not there */
    store->cls->forget(store, &object);
    assert_int_equal(put(&object, 5000), RN_OK);
    do {
        last = (struct rn_transfer){ .op = RN_OP_GET,
                                     .object = &object,
                                     .into = piece,
                                     .cap = sizeof piece,
                                     .offset = at };
        assert_int_equal(finish(&last), RN_OK);
        for (size_t i = 0; i < last.got; i++)
            assert_int_equal(piece[i], (uint8_t)((at + i) % 251));
        at += last.got;
    } while (last.got == last.cap);
    assert_int_equal(at, 5000);
    last.offset = 5000;
    assert_int_equal(finish(&last), RN_OK);
    assert_int_equal(last.got, 0);
}

static void forgetting_and_closing_leave_nothing_behind(void **state)
{
    (void)state;
    assert_int_equal(stage(0, 10), RN_OK);
    store->cls->forget(store, &object);
    assert_int_equal(count_files(true), 0);
    assert_int_equal(stage(0, 10), RN_OK);
    store->cls->close(store);
    assert_int_equal(count_files(true), 0);
    assert_int_equal(count_files(false), 0);
    assert_int_equal(store->cls->renew(store), RN_E_AUTH);
}

/* -- blocks of several lanes --------------------------------------------- */

static const struct rn_object lanes_object = {
    .path = "day/part-1.parquet", .meta = meta, .metas = 1, .lanes = true
};

/* Block `i` of a file: its id says nothing of that. */
static void lanes_id(void *ctx, uint32_t i, struct rn_block_id *id)
{
    (void)ctx;
    *id = (struct rn_block_id){ .nonce = "attempt",
                                .group = i % 3 ? i / 7 : UINT32_MAX - i,
                                .lane = (uint16_t)(65535 - i % 5),
                                .sequence = 1000 - i };
}

static int stage_lanes(uint32_t i, uint64_t n)
{
    struct bytes b = { .from = i * n, .n = n };
    struct rn_transfer t = { .op = RN_OP_STAGE,
                             .object = &lanes_object,
                             .body = { n, bytes_at, &b } };

    lanes_id(NULL, i, &t.id);
    return finish(&t);
}

static void start_commit(uint32_t n, uint64_t length)
{
    last = (struct rn_transfer){ .op = RN_OP_COMMIT, .object = &lanes_object };
    last.list = (struct rn_block_list){ n, lanes_id, NULL };
    last.length = length;
    assert_int_equal(store->cls->start(store, &last), RN_OK);
}

/* In as many steps as it takes; `steps` may be NULL. */
static int commit_lanes(uint32_t n, uint64_t length, int *steps)
{
    int k = 0;

    start_commit(n, length);
    for (; !last.done; k++)
        store->cls->pump(store, rn_clock_mono() + 10000);
    if (steps)
        *steps = k;
    return last.err;
}

static int delete_lanes(void)
{
    last = (struct rn_transfer){ .op = RN_OP_DELETE, .object = &lanes_object };
    return finish(&last);
}

static void blocks_of_lanes_come_in_any_order(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 600; i++) {
        assert_int_equal(stage_lanes(i * 7 % 600, 100), RN_OK);
        assert_int_equal(count_files(false), 0);
        assert_int_equal(count_files(true), 1);
    }
    assert_int_equal(commit_lanes(600, 60000, NULL), RN_OK);
    assert_int_equal(count_files(false), 1);
    assert_int_equal(count_files(true), 0);
    check_content(lanes_object.path, 60000);
    last = (struct rn_transfer){ .op = RN_OP_HEAD, .object = &lanes_object };
    assert_int_equal(finish(&last), RN_OK);
    assert_int_equal(last.found_length, 60000);
    assert_string_equal(last.found_run, "run-1");
}

static void a_block_of_a_lane_may_be_staged_again(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 9; i++)
        assert_int_equal(stage_lanes(i / 3, 500), RN_OK);
    assert_int_equal(stage_lanes(0, 500), RN_OK);
    assert_int_equal(commit_lanes(3, 1500, NULL), RN_OK);
    check_content(lanes_object.path, 1500);
}

static void blocks_that_are_not_listed_are_left_out(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(stage_lanes(4 - i, 50), RN_OK);
    assert_int_equal(commit_lanes(3, 150, NULL), RN_OK);
    check_content(lanes_object.path, 150);
    assert_int_equal(count_files(true), 0);
}

static void a_list_that_names_what_is_not_there_is_refused(void **state)
{
    (void)state;
    assert_int_equal(commit_lanes(1, 10, NULL), RN_E_STALE);
    assert_int_equal(stage_lanes(1, 10), RN_OK);
    assert_int_equal(commit_lanes(2, 20, NULL), RN_E_STALE);
    assert_int_equal(stage_lanes(0, 10), RN_OK);
    assert_int_equal(commit_lanes(3, 20, NULL), RN_E_STALE);
    assert_int_equal(commit_lanes(2, 21, NULL), RN_E_DENIED);
    assert_int_equal(count_files(false), 0);
    assert_int_equal(commit_lanes(2, 20, NULL), RN_OK);
    check_content(lanes_object.path, 20);
}

#define LARGE 5000000u

static void a_large_file_is_joined_in_steps(void **state)
{
    int steps;
    int64_t before = rn_clock_mono();

    (void)state;
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(stage_lanes(2 - i, LARGE), RN_OK);
    /* A look in between costs nothing, and giving up loses nothing. */
    for (int k = 0; k < 3; k++) {
        start_commit(3, 3 * LARGE);
        assert_int_equal(store->cls->pump(store, 0), 0);
        assert_int_equal(count_files(false), 0);
        store->cls->cancel(store, &last);
        assert_int_equal(last.err, RN_E_STOP);
    }
    assert_int_equal(commit_lanes(3, 3 * LARGE, &steps), RN_OK);
    assert_in_range(steps, 2, 20);
    /* No step waits. */
    assert_true(rn_clock_mono() - before < 10000 * fewer_by());
    check_content(lanes_object.path, 3 * LARGE);
    assert_int_equal(count_files(true), 0);
}

static void a_name_that_is_taken_keeps_its_file(void **state)
{
    (void)state;
    assert_int_equal(put(&lanes_object, 10), RN_OK);
    assert_int_equal(stage_lanes(0, 30), RN_OK);
    assert_int_equal(commit_lanes(1, 30, NULL), RN_E_EXISTS);
    assert_int_equal(commit_lanes(1, 30, NULL), RN_E_EXISTS);
    check_content(lanes_object.path, 10);
    store->cls->forget(store, &lanes_object);
    assert_int_equal(count_files(true), 0);
    check_content(lanes_object.path, 10);
}

static void blocks_of_lanes_are_removed_with_the_file(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 100; i++)
        assert_int_equal(stage_lanes(i, 1), RN_OK);
    store->cls->forget(store, &lanes_object);
    assert_int_equal(count_files(true), 0);
    assert_int_equal(stage_lanes(0, 1), RN_OK);
    store->cls->close(store);
    assert_int_equal(count_files(true), 0);
    assert_int_equal(count_files(false), 0);
}

/* Stage some blocks and begin the commit, then die. */
static void be_killed(void)
{
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0) {
        bool good = stage_lanes(0, LARGE) == RN_OK &&
                    stage_lanes(1, LARGE) == RN_OK &&
                    stage_lanes(2, 10) == RN_OK;
        start_commit(2, 2 * LARGE);
        store->cls->pump(store, 0);
        store->cls->pump(store, 0);
        _exit(good && !last.done ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(count_files(true), 2);
    assert_int_equal(count_files(false), 0);
}

static void what_a_killed_run_left_is_removed_by_name(void **state)
{
    (void)state;
    be_killed();
    assert_int_equal(delete_lanes(), RN_E_ABSENT);
    assert_int_equal(count_files(true), 0);
}

static void what_a_killed_run_left_is_not_mixed_with_the_next(void **state)
{
    (void)state;
    be_killed();
    assert_int_equal(stage_lanes(0, 10), RN_OK);
    assert_int_equal(count_files(true), 1);
    assert_int_equal(commit_lanes(2, 20, NULL), RN_E_STALE);
    assert_int_equal(commit_lanes(1, 10, NULL), RN_OK);
    check_content(lanes_object.path, 10);
    assert_int_equal(count_files(true), 0);
}

static void a_cancelled_block_is_given_up(void **state)
{
    struct bytes b = { .n = 10 };
    struct rn_transfer t = stage_of(&b, 3);

    (void)state;
    assert_int_equal(store->cls->start(store, &t), RN_OK);
    store->cls->cancel(store, &t);
    assert_true(t.done);
    assert_int_equal(t.err, RN_E_STOP);
    assert_int_equal(store->cls->pump(store, 0), 0);
}

static void bad_folders_are_refused(void **state)
{
    static const char *const bad[] = { "file://host/x", "file://", "file:x",
                                       "file:///dev/null/x" };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(bad); i++) {
        struct rn_store *other;
        struct rn_config c = config;
        _Alignas(RN_ALIGN) uint8_t room[sizeof memory];
        struct rn_error e = { 0 };
        struct rn_arena mem;
        c.store.url = bad[i];
        rn_arena_init(&mem, "test", room, sizeof room);
        assert_true(rn_store_folder.open(&c, &mem, &e, &other) < 0);
        assert_non_null(strstr(e.text, "store.url"));
    }
}

static int write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

    if (fd >= 0)
        close(fd);
    return n < 0 ? -1 : 0;
}

/* Put 64 KiB of memory in place of the folder, in a namespace of our own.
 * Exit code 77: the machine doesn't let us.
 */
static void enter_small_disk(void)
{
    char map[32];
    char out[64];
    unsigned uid = (unsigned)getuid();
    unsigned gid = (unsigned)getgid();

    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) {
        snprintf(map, sizeof map, "0 %u 1", uid);
        if (write_text("/proc/self/setgroups", "deny") < 0 ||
            write_text("/proc/self/uid_map", map) < 0)
            _exit(77);
        snprintf(map, sizeof map, "0 %u 1", gid);
        if (write_text("/proc/self/gid_map", map) < 0)
            _exit(77);
    } else if (unshare(CLONE_NEWNS) < 0) {
        _exit(77);
    }
    snprintf(out, sizeof out, "%s/out", dir);
    if (mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("full", out, "tmpfs", 0, "size=64k") < 0)
        _exit(77);
}

static bool says_full(void)
{
    char out[64];

    snprintf(out, sizeof out, "%s/out", dir);
    return strstr(last.error.text, "no space left") &&
           strstr(last.error.text, out);
}

static void fill_up(void)
{
    enter_small_disk();
    for (uint32_t i = 0; i < 10; i++) {
        int err = stage(i, 20000);
        if (err == RN_OK)
            continue;
        /* Nothing more gets in, and nothing is ever published. */
        bool good = err == RN_E_FULL && stage(i, 10) == RN_E_FULL &&
                    commit(i + 1, (i + 1) * 20000u) == RN_E_FULL &&
                    says_full() && plain(RN_OP_HEAD) == RN_E_ABSENT &&
                    put(&object, 60000) == RN_E_FULL;
        store->cls->forget(store, &object);
        good = good && count_files(true) == 0 && put(&object, 60000) == RN_OK;
        _exit(good ? 0 : 1);
    }
    _exit(2);
}

static void fill_up_with_lanes(void)
{
    enter_small_disk();
    for (uint32_t i = 0; i < 10; i++) {
        int err = stage_lanes(i, 20000);
        if (err == RN_OK)
            continue;
        bool good = err == RN_E_FULL && stage_lanes(i, 10) == RN_E_FULL &&
                    commit_lanes(i, i * 20000u, NULL) == RN_E_FULL &&
                    says_full() && count_files(false) == 0;
        store->cls->forget(store, &lanes_object);
        good = good && count_files(true) == 0 && put(&object, 60000) == RN_OK;
        _exit(good ? 0 : 1);
    }
    _exit(2);
}

/* 48 of 64 KiB: there is never room for the file and all of its blocks. */
static void join_on_a_small_disk(void)
{
    enter_small_disk();
    for (uint32_t i = 0; i < 6; i++) {
        if (stage_lanes(i, 8192) != RN_OK)
            _exit(1);
    }
    _exit(commit_lanes(6, 6 * 8192, NULL) == RN_OK ? 0 : 2);
}

static void in_a_child(const char *test, void (*what)(void))
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0)
        what();
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        print_message("%s: skipped, no mount namespace here\n", test);
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_full_disk_is_named_and_publishes_nothing(void **state)
{
    (void)state;
    in_a_child(__func__, fill_up);
}

static void a_disk_that_lanes_fill_is_named_and_publishes_nothing(void **state)
{
    (void)state;
    in_a_child(__func__, fill_up_with_lanes);
}

static void a_disk_needs_room_for_the_file_once(void **state)
{
    (void)state;
    in_a_child(__func__, join_on_a_small_disk);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, before, after)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_staged_is_seen_until_it_is_published_whole),
        TEST(a_block_may_be_staged_again),
        TEST(blocks_that_overtake_others_wait_their_turn),
        TEST(a_block_does_not_wait_longer_than_its_deadline),
        TEST(a_name_that_is_taken_is_never_replaced),
        TEST(a_file_of_others_is_not_taken_for_ours),
        TEST(a_commit_of_what_was_not_staged_is_refused),
        TEST(small_and_empty_files_are_put_whole),
        TEST(a_file_is_removed_once),
        TEST(a_finished_file_is_read_in_pieces),
        TEST(forgetting_and_closing_leave_nothing_behind),
        TEST(a_cancelled_block_is_given_up),
        TEST(bad_folders_are_refused),
        TEST(a_full_disk_is_named_and_publishes_nothing),
        TEST(blocks_of_lanes_come_in_any_order),
        TEST(a_block_of_a_lane_may_be_staged_again),
        TEST(blocks_that_are_not_listed_are_left_out),
        TEST(a_list_that_names_what_is_not_there_is_refused),
        TEST(a_large_file_is_joined_in_steps),
        TEST(a_name_that_is_taken_keeps_its_file),
        TEST(blocks_of_lanes_are_removed_with_the_file),
        TEST(what_a_killed_run_left_is_removed_by_name),
        TEST(what_a_killed_run_left_is_not_mixed_with_the_next),
        TEST(a_disk_that_lanes_fill_is_named_and_publishes_nothing),
        TEST(a_disk_needs_room_for_the_file_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
