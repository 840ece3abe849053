/* test_journal.c: what a job remembers survives any cut, flip and full disk. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/crc64.h"
#include "core/log.h"
#include "job/journal_record.h"
#include "runnel/port.h"

#define RUN_A "20261122T021500Z-0123456789abcdef"
#define RUN_B "20261123T021500Z-0123456789abcdef"
#define RUN_C "20261124T021500Z-0123456789abcdef"

/* Where port/linux/state.c keeps the slots of its file. */
#define SLOT_HEAD 8
#define SLOT_AT   8192

static char dir[] = "/tmp/runnel-journal-XXXXXX";
static char path[64];
static _Alignas(16) uint8_t space[16384];
static struct rn_arena mem;
static struct rn_config config;
static struct rn_error error;

static int folder(void **state)
{
    (void)state;
    if (mkdtemp(dir) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/orders.state", dir);
    return 0;
}

static int no_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

static int clean(void **state)
{
    (void)state;
    unlink(path);
    memset(&config, 0, sizeof config);
    config.path = "orders.ini";
    config.job.name = "orders";
    config.job.state = path;
    config.store.url = "https://a.example/c";
    config.store.path = "{run}/part-{part}.{ext}";
    return 0;
}

static int open_journal(struct rn_journal **j, bool write)
{
    rn_arena_init(&mem, "journal", space, sizeof space);
    rn_error_clear(&error);
    return rn_journal_open(&config, write, &mem, &error, j);
}

static struct rn_journal *opened(void)
{
    struct rn_journal *j;
    assert_int_equal(open_journal(&j, true), RN_OK);
    return j;
}

static struct rn_past_run past_of(const char *run, enum rn_run_state state)
{
    struct rn_past_run p;
    memset(&p, 0, sizeof p);
    snprintf(p.run, sizeof p.run, "%s", run);
    p.state = state;
    p.started_us = 1234567;
    p.elapsed_ms = 890;
    p.rows = UINT64_MAX - 1;
    p.bytes = 77;
    p.files = 3;
    snprintf(p.error, sizeof p.error, "%s", state == RN_RUN_DONE ? "" : "why");
    return p;
}

static struct rn_watermark mark_of(const char *text)
{
    struct rn_watermark w;
    memset(&w, 0, sizeof w);
    w.type = RN_TEXT;
    w.len = (uint16_t)strlen(text);
    memcpy(w.bytes, text, w.len);
    return w;
}

static void one_run(const char *run, const char *mark)
{
    struct rn_journal *j = opened();
    struct rn_past_run past = past_of(run, RN_RUN_DONE);
    struct rn_watermark w = mark_of(mark);
    assert_int_equal(rn_journal_begin(j, run, "csv", 5), RN_OK);
    assert_int_equal(rn_journal_publishing(j, 1), RN_OK);
    assert_int_equal(rn_journal_end(j, &past, &w, false), RN_OK);
    rn_journal_close(j);
}

static void assert_mark(const struct rn_journal *j, const char *text)
{
    const struct rn_watermark *w = rn_journal_watermark(j);
    assert_int_equal(w->len, strlen(text));
    assert_memory_equal(w->bytes, text, w->len);
}

static const struct rn_load_owed owed = { 2, 99 };

static void a_sealed_run_keeps_what_completing_it_needs(void **state)
{
    struct rn_past_run past = past_of(RUN_A, RN_RUN_DONE);
    struct rn_watermark w = mark_of("2026-11-22");
    struct rn_journal *j = opened();
    const struct rn_open_run *open;
    (void)state;
    assert_int_equal(rn_journal_begin(j, RUN_A, "csv", 5), RN_OK);
    assert_int_equal(rn_journal_publishing(j, 3), RN_OK);
    assert_int_equal(rn_journal_seal(j, &past, &w, &owed), RN_OK);
    rn_journal_close(j);
    j = opened();
    open = rn_journal_open_run(j);
    assert_true(open->sealed && open->marked);
    assert_int_equal(open->result.rows, past.rows);
    assert_int_equal(open->result.files, 3);
    assert_int_equal(open->watermark.len, w.len);
    assert_memory_equal(open->watermark.bytes, w.bytes, w.len);
    assert_int_equal(rn_journal_watermark(j)->type, RN_NULL);
    assert_int_equal(rn_journal_unseal(j), RN_OK);
    rn_journal_close(j);
    j = opened();
    assert_false(rn_journal_open_run(j)->sealed);
    assert_int_equal(rn_journal_open_run(j)->files, 3);
    rn_journal_close(j);
}

static void a_run_stopped_and_completed_later_is_told_of_once(void **state)
{
    struct rn_past_run stopped = past_of(RUN_A, RN_RUN_STOPPED);
    struct rn_past_run done = past_of(RUN_A, RN_RUN_DONE);
    const struct rn_past_run *runs;
    struct rn_journal *j = opened();
    (void)state;
    assert_int_equal(rn_journal_begin(j, RUN_A, "csv", 5), RN_OK);
    assert_int_equal(rn_journal_end(j, &stopped, NULL, true), RN_OK);
    assert_int_equal(rn_journal_end(j, &done, NULL, false), RN_OK);
    assert_int_equal(rn_journal_history(j, &runs), 1);
    assert_int_equal(runs[0].state, RN_RUN_DONE);
    rn_journal_close(j);
}

static void a_new_job_remembers_nothing(void **state)
{
    const struct rn_past_run *past;
    struct rn_journal *j = opened();
    (void)state;
    assert_int_equal(rn_journal_open_run(j)->run[0], 0);
    assert_int_equal(rn_journal_watermark(j)->type, RN_NULL);
    assert_int_equal(rn_journal_history(j, &past), 0);
    rn_journal_close(j);
}

static void what_was_saved_comes_back(void **state)
{
    const struct rn_past_run *past;
    (void)state;
    one_run(RUN_A, "2026-11-22");
    struct rn_journal *j = opened();
    assert_mark(j, "2026-11-22");
    assert_int_equal(rn_journal_open_run(j)->run[0], 0);
    assert_int_equal(rn_journal_history(j, &past), 1);
    struct rn_past_run expected = past_of(RUN_A, RN_RUN_DONE);
    assert_string_equal(past->run, expected.run);
    assert_int_equal(past->state, RN_RUN_DONE);
    assert_int_equal(past->started_us, expected.started_us);
    assert_int_equal(past->elapsed_ms, expected.elapsed_ms);
    assert_true(past->rows == expected.rows);
    assert_int_equal(past->files, 3);
    rn_journal_close(j);
}

static void every_kind_of_watermark_comes_back(void **state)
{
    static const enum rn_type types[] = { RN_I64, RN_F64, RN_TEXT, RN_BLOB };
    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(types); i++) {
        struct rn_journal *j = opened();
        struct rn_past_run past = past_of(RUN_A, RN_RUN_DONE);
        struct rn_watermark w;
        memset(&w, 0, sizeof w);
        w.type = types[i];
        w.i64 = INT64_MIN;
        w.f64 = -0.1;
        w.len = RN_WATERMARK_MAX;
        memset(w.bytes, 0xfe, sizeof w.bytes);
        assert_int_equal(rn_journal_begin(j, RUN_A, "csv", 5), RN_OK);
        assert_int_equal(rn_journal_end(j, &past, &w, false), RN_OK);
        rn_journal_close(j);
        j = opened();
        const struct rn_watermark *got = rn_journal_watermark(j);
        assert_int_equal(got->type, types[i]);
        assert_true(got->i64 == INT64_MIN);
        assert_memory_equal(&got->f64, &w.f64, sizeof w.f64);
        assert_int_equal(got->len, RN_WATERMARK_MAX);
        assert_memory_equal(got->bytes, w.bytes, sizeof w.bytes);
        rn_journal_close(j);
    }
}

static void a_killed_run_is_found_and_recorded(void **state)
{
    const struct rn_past_run *past;
    (void)state;
    struct rn_journal *j = opened();
    assert_int_equal(rn_journal_begin(j, RUN_A, "csv.gz", 5), RN_OK);
    assert_int_equal(rn_journal_publishing(j, 1), RN_OK);
    assert_int_equal(rn_journal_publishing(j, 2), RN_OK);
    rn_journal_close(j); /* as the kernel does for the dead */

    j = opened();
    const struct rn_open_run *open = rn_journal_open_run(j);
    assert_string_equal(open->run, RUN_A);
    assert_string_equal(open->ext, "csv.gz");
    assert_string_equal(open->place,
                        "https://a.example/c\n{run}/part-{part}.{ext}");
    assert_int_equal(open->files, 2);
    assert_int_equal(rn_journal_begin(j, RUN_B, "csv", 6), RN_OK);
    assert_int_equal(rn_journal_history(j, &past), 1);
    assert_string_equal(past[0].run, RUN_A);
    assert_int_equal(past[0].state, RN_RUN_INTERRUPTED);
    rn_journal_close(j);
}

static void a_run_kept_open_is_recorded_once(void **state)
{
    const struct rn_past_run *past;
    struct rn_past_run failed = past_of(RUN_A, RN_RUN_FAILED);
    (void)state;
    struct rn_journal *j = opened();
    assert_int_equal(rn_journal_begin(j, RUN_A, "csv", 5), RN_OK);
    assert_int_equal(rn_journal_publishing(j, 1), RN_OK);
    assert_int_equal(rn_journal_end(j, &failed, NULL, true), RN_OK);
    assert_string_equal(rn_journal_open_run(j)->run, RUN_A);
    assert_int_equal(rn_journal_begin(j, RUN_B, "csv", 5), RN_OK);
    assert_int_equal(rn_journal_history(j, &past), 1);
    assert_int_equal(past[0].state, RN_RUN_FAILED);
    rn_journal_close(j);
}

static void only_the_last_runs_are_kept(void **state)
{
    const struct rn_past_run *past;
    char run[RN_RUN_ID + 1];
    (void)state;
    for (int i = 0; i < 2 * RN_HISTORY + 1; i++) {
        snprintf(run, sizeof run, "run-%02d", i);
        one_run(run, "x");
    }
    struct rn_journal *j = opened();
    assert_int_equal(rn_journal_history(j, &past), RN_HISTORY);
    for (int i = 0; i < RN_HISTORY; i++) {
        snprintf(run, sizeof run, "run-%02d", 2 * RN_HISTORY - i);
        assert_string_equal(past[i].run, run);
    }
    rn_journal_close(j);
}

static void a_watermark_moves_only_with_a_done_run(void **state)
{
    struct rn_past_run failed = past_of(RUN_B, RN_RUN_FAILED);
    (void)state;
    one_run(RUN_A, "first");
    struct rn_journal *j = opened();
    assert_int_equal(rn_journal_begin(j, RUN_B, "csv", 5), RN_OK);
    assert_int_equal(rn_journal_end(j, &failed, NULL, false), RN_OK);
    rn_journal_close(j);
    j = opened();
    assert_mark(j, "first");
    rn_journal_close(j);
}

static void only_one_agent_runs_a_job(void **state)
{
    struct rn_journal *other;
    (void)state;
    struct rn_journal *j = opened();
    static _Alignas(16) uint8_t more[16384];
    struct rn_arena mem2;
    struct rn_error e2;
    rn_arena_init(&mem2, "other", more, sizeof more);
    rn_error_clear(&e2);
    assert_int_equal(rn_journal_open(&config, true, &mem2, &e2, &other),
                     RN_E_BUSY);
    assert_null(other);
    assert_non_null(strstr(e2.text, "another agent runs this job"));
    assert_non_null(strstr(e2.text, path));
    assert_int_equal(rn_error_exit(&e2), 75);
    /* but one may look */
    rn_arena_init(&mem2, "other", more, sizeof more);
    rn_error_clear(&e2);
    assert_int_equal(rn_journal_open(&config, false, &mem2, &e2, &other),
                     RN_OK);
    rn_journal_close(other);
    rn_journal_close(j);
}

static void looking_makes_no_file(void **state)
{
    struct rn_journal *j;
    const struct rn_past_run *past;
    (void)state;
    assert_int_equal(open_journal(&j, false), RN_OK);
    assert_int_equal(rn_journal_history(j, &past), 0);
    rn_journal_close(j);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void another_jobs_record_is_refused(void **state)
{
    struct rn_journal *j;
    (void)state;
    one_run(RUN_A, "x");
    config.job.name = "customers";
    assert_int_equal(open_journal(&j, true), RN_E_STATE);
    assert_null(j);
    assert_non_null(strstr(error.text, "belongs to job orders"));
    assert_non_null(strstr(error.text, "--fresh"));
}

/* What --fresh begins with: nothing, and nobody is in its way any more. */
static void expect_fresh(void)
{
    const struct rn_past_run *past;
    struct rn_journal *j;

    rn_arena_init(&mem, "test", space, sizeof space);
    rn_error_clear(&error);
    assert_int_equal(rn_journal_open_fresh(&config, &mem, &error, &j), RN_OK);
    assert_int_equal(error.code, RN_OK);
    assert_int_equal(rn_journal_history(j, &past), 0);
    assert_int_equal(rn_journal_watermark(j)->type, RN_NULL);
    assert_int_equal(rn_journal_open_run(j)->run[0], 0);
    rn_journal_close(j);
    one_run(RUN_C, "z");
    assert_int_equal(open_journal(&j, true), RN_OK);
    assert_int_equal(rn_journal_history(j, &past), 1);
    assert_mark(j, "z");
    rn_journal_close(j);
}

static void another_jobs_record_is_left_behind_when_asked(void **state)
{
    (void)state;
    rn_log_level(RN_LOG_ERROR);
    for (unsigned runs = 1; runs < 4; runs++) {
        config.job.name = "orders";
        unlink(path);
        for (unsigned i = 0; i < runs; i++)
            one_run(RUN_A, "x");
        config.job.name = "customers";
        expect_fresh();
    }
}

/* A record of its own is no reason to forget anything. */
static void fresh_keeps_what_is_this_jobs(void **state)
{
    struct rn_journal *j;

    (void)state;
    one_run(RUN_A, "x");
    rn_arena_init(&mem, "test", space, sizeof space);
    assert_int_equal(rn_journal_open_fresh(&config, &mem, &error, &j), RN_OK);
    assert_mark(j, "x");
    rn_journal_close(j);
}

static void a_checkpoint_is_beside_the_record(void **state)
{
    static uint8_t large[300000], back[300001];
    struct rn_journal *j;

    (void)state;
    assert_true(rn_state_room() >= sizeof large);
    for (size_t i = 0; i < sizeof large; i++)
        large[i] = (uint8_t)(i * 7 + i / 255);
    one_run(RUN_A, "x");
    assert_int_equal(open_journal(&j, true), RN_OK);
    assert_int_equal(rn_journal_load_checkpoint(j, 0, back, sizeof back), 0);
    assert_int_equal(rn_journal_load_checkpoint(j, 1, back, sizeof back), 0);
    for (unsigned slot = 2; slot-- > 0;)
        assert_int_equal(
            rn_journal_save_checkpoint(j, slot, large + slot, sizeof large - 1),
            RN_OK);
    assert_int_equal(rn_journal_begin(j, RUN_B, "csv", 5), RN_OK);
    assert_false(rn_journal_open_run(j)->doomed);
    assert_int_equal(rn_journal_doom(j), RN_OK);
    rn_journal_close(j);
    assert_int_equal(open_journal(&j, true), RN_OK);
    assert_mark(j, "x");
    assert_true(rn_journal_open_run(j)->doomed);
    for (unsigned slot = 0; slot < 2; slot++) {
        assert_int_equal(rn_journal_load_checkpoint(j, slot, back, sizeof back),
                         sizeof large - 1);
        assert_memory_equal(back, large + slot, sizeof large - 1);
        /* As much as there is room for. */
        assert_int_equal(rn_journal_load_checkpoint(j, slot, back, 100), 100);
    }
    assert_int_equal(rn_journal_begin(j, RUN_C, "csv", 5), RN_OK);
    assert_false(rn_journal_open_run(j)->doomed);
    rn_journal_close(j);
}

/* -- damage -------------------------------------------------------------- */

static uint8_t image[2 * SLOT_AT];
static uint8_t older[2 * SLOT_AT];

static void load_image(uint8_t *to)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    memset(to, 0, sizeof image);
    assert_true(fread(to, 1, sizeof image, f) > 0);
    fclose(f);
}

static void store_image(const uint8_t *from)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, from, sizeof image), sizeof image);
    close(fd);
}

static size_t slot_len(const uint8_t *bytes, unsigned slot)
{
    const uint8_t *head = bytes + slot * SLOT_AT;
    return (size_t)head[4] | (size_t)head[5] << 8;
}

/* Two runs: the newest record is the second's last save. */
static unsigned two_runs(void)
{
    one_run(RUN_A, "first");
    load_image(older);
    struct rn_journal *j = opened();
    struct rn_past_run past = past_of(RUN_B, RN_RUN_DONE);
    struct rn_watermark w = mark_of("second");
    assert_int_equal(rn_journal_begin(j, RUN_B, "csv", 5), RN_OK);
    load_image(older);
    assert_int_equal(rn_journal_end(j, &past, &w, false), RN_OK);
    rn_journal_close(j);
    load_image(image);
    /* the slot that the last save changed */
    return memcmp(older, image, SLOT_AT) == 0;
}

static void every_flipped_bit_is_noticed(void **state)
{
    struct rn_journal *j;
    (void)state;
    unsigned slot = two_runs();
    uint8_t *record = image + slot * SLOT_AT + SLOT_HEAD;
    size_t len = slot_len(image, slot);
    assert_true(len > 100);
    for (size_t bit = 0; bit < len * 8; bit++) {
        record[bit / 8] ^= (uint8_t)(1u << bit % 8);
        store_image(image);
        assert_int_equal(open_journal(&j, true), RN_OK);
        assert_mark(j, "first");
        assert_string_equal(rn_journal_open_run(j)->run, RUN_B);
        rn_journal_close(j);
        record[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void every_torn_save_leaves_the_older_record(void **state)
{
    struct rn_journal *j;
    (void)state;
    unsigned slot = two_runs();
    size_t from = slot * SLOT_AT;
    size_t len = SLOT_HEAD + slot_len(image, slot);
    for (size_t n = 0; n <= len; n++) {
        /* cut from the front and, as disks may, from the back */
        for (int back = 0; back < 2; back++) {
            uint8_t cut[sizeof image];
            memcpy(cut, older, sizeof cut);
            size_t at = back ? from + len - n : from;
            memcpy(cut + at, image + at, n);
            store_image(cut);
            assert_int_equal(open_journal(&j, true), RN_OK);
            bool whole = rn_journal_open_run(j)->run[0] == 0;
            assert_mark(j, whole ? "second" : "first");
            /* "len" and up to a few more bytes that happen to be the same */
            assert_true(whole || n < len);
            assert_true(!whole || n >= 8);
            rn_journal_close(j);
        }
    }
}

static void two_damaged_records_are_refused_with_what_to_do(void **state)
{
    struct rn_journal *j;
    (void)state;
    (void)two_runs();
    image[SLOT_HEAD + 30] ^= 1;
    image[SLOT_AT + SLOT_HEAD + 30] ^= 1;
    store_image(image);
    assert_int_equal(open_journal(&j, true), RN_E_STATE);
    assert_non_null(strstr(error.text, "--fresh begins without"));
    expect_fresh(); /* what it says */
}

static void a_newer_version_is_refused_and_kept(void **state)
{
    struct rn_journal *j;
    (void)state;
    unsigned slot = two_runs();
    uint8_t *record = image + slot * SLOT_AT + SLOT_HEAD;
    size_t len = slot_len(image, slot) - 8;
    record[8]++;
    uint64_t crc = rn_crc64(0, record, len);
    for (unsigned i = 0; i < 8; i++)
        record[len + i] = (uint8_t)(crc >> (8 * i));
    store_image(image);
    assert_int_equal(open_journal(&j, true), RN_E_STATE);
    assert_non_null(strstr(error.text, "another version of runnel"));
    load_image(older);
    assert_memory_equal(older, image, sizeof image);
    assert_non_null(strstr(error.text, "--fresh"));
    expect_fresh();
}

static void a_file_that_is_no_record_is_left_alone(void **state)
{
    struct rn_journal *j;
    (void)state;
    memset(image, 'x', sizeof image);
    store_image(image);
    assert_int_equal(open_journal(&j, true), RN_E_STATE);
    load_image(older);
    assert_memory_equal(older, image, sizeof image);
}

static void any_bytes_are_read_or_refused(void **state)
{
    static struct rn_journal_record r;
    static uint8_t bytes[RN_STATE_MAX];
    uint32_t seed = 1;
    (void)state;
    (void)two_runs();
    size_t len = slot_len(image, 0);
    for (int round = 0; round < 20000; round++) {
        memcpy(bytes, image + SLOT_HEAD, len);
        for (int i = 0; i < 3; i++) {
            seed = seed * 1664525 + 1013904223;
            bytes[24 + (seed >> 8) % (len - 32)] = (uint8_t)(seed >> 24);
        }
        /* with a right checksum, so that the body is looked at */
        uint64_t crc = rn_crc64(0, bytes, len - 8);
        for (unsigned i = 0; i < 8; i++)
            bytes[len - 8 + i] = (uint8_t)(crc >> (8 * i));
        int err = rn_journal_decode(bytes, len, &r);
        assert_true(err == RN_OK || err == RN_E_TORN);
        assert_true(r.pasts <= RN_HISTORY);
    }
    for (size_t n = 0; n < len; n++)
        assert_int_equal(rn_journal_decode(image + SLOT_HEAD, n, &r),
                         RN_E_TORN);
}

/* -- a disk that takes no more ------------------------------------------- */

static void limit_files(rlim_t bytes)
{
    struct rlimit limit = { bytes, RLIM_INFINITY };
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_fails_the_run_and_keeps_the_last_record(void **state)
{
    struct rn_past_run failed = past_of(RUN_B, RN_RUN_FAILED);
    (void)state;
    one_run(RUN_A, "first");
    struct rn_journal *j = opened();
    limit_files(0);
    assert_int_equal(rn_journal_begin(j, RUN_B, "csv", 5), RN_E_STATE);
    assert_non_null(strstr(error.text, path));
    assert_non_null(strstr(error.text, "File too large"));
    assert_int_equal(rn_error_exit(&error), 1);
    rn_error_clear(&error);
    assert_int_equal(rn_journal_end(j, &failed, NULL, false), RN_E_STATE);
    limit_files(RLIM_INFINITY);
    rn_journal_close(j);

    j = opened();
    assert_mark(j, "first");
    assert_int_equal(rn_journal_open_run(j)->run[0], 0);
    rn_journal_close(j);
}

static void a_save_after_a_failed_one_is_the_newest(void **state)
{
    (void)state;
    one_run(RUN_A, "first");
    struct rn_journal *j = opened();
    assert_int_equal(rn_journal_begin(j, RUN_B, "csv", 5), RN_OK);
    for (uint32_t part = 1; part < 9; part++) {
        limit_files(0);
        rn_error_clear(&error);
        assert_int_equal(rn_journal_publishing(j, part), RN_E_STATE);
        limit_files(RLIM_INFINITY);
        assert_int_equal(rn_journal_publishing(j, part), RN_OK);
    }
    rn_journal_close(j);
    j = opened();
    assert_int_equal(rn_journal_open_run(j)->files, 8);
    assert_mark(j, "first");
    rn_journal_close(j);
}

static void a_place_that_cannot_be_written_is_named(void **state)
{
    struct rn_journal *j;
    (void)state;
    config.job.state = "/nonexistent/orders.state";
    assert_int_equal(open_journal(&j, true), RN_E_STATE);
    assert_non_null(strstr(error.text, "/nonexistent/orders.state: No such"));
}

static void the_largest_record_fits(void **state)
{
    struct rn_journal_record r;
    struct rn_journal_record back;
    uint8_t bytes[RN_STATE_MAX];
    (void)state;
    memset(&r, 0, sizeof r);
    r.generation = UINT64_MAX;
    memset(r.job, 'j', sizeof r.job - 1);
    memset(r.open.run, 'r', sizeof r.open.run - 1);
    memset(r.open.place, 'p', sizeof r.open.place - 1);
    memset(r.open.ext, 'e', sizeof r.open.ext - 1);
    r.watermark.type = RN_BLOB;
    r.watermark.len = RN_WATERMARK_MAX;
    r.pasts = RN_HISTORY;
    for (size_t i = 0; i < RN_HISTORY; i++) {
        memset(r.past[i].run, 'r', sizeof r.past[i].run - 1);
        memset(r.past[i].error, 'e', sizeof r.past[i].error - 1);
    }
    size_t len = rn_journal_encode(&r, bytes);
    assert_true(len <= RN_STATE_MAX);
    assert_int_equal(rn_journal_decode(bytes, len, &back), RN_OK);
    assert_string_equal(back.open.place, r.open.place);
    assert_string_equal(back.past[RN_HISTORY - 1].error,
                        r.past[RN_HISTORY - 1].error);
}

#define TEST(f) cmocka_unit_test_setup(f, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_job_remembers_nothing),
        TEST(a_sealed_run_keeps_what_completing_it_needs),
        TEST(a_run_stopped_and_completed_later_is_told_of_once),
        TEST(what_was_saved_comes_back),
        TEST(every_kind_of_watermark_comes_back),
        TEST(a_killed_run_is_found_and_recorded),
        TEST(a_run_kept_open_is_recorded_once),
        TEST(another_jobs_record_is_left_behind_when_asked),
        TEST(fresh_keeps_what_is_this_jobs),
        TEST(a_checkpoint_is_beside_the_record),
        TEST(only_the_last_runs_are_kept),
        TEST(a_watermark_moves_only_with_a_done_run),
        TEST(only_one_agent_runs_a_job),
        TEST(looking_makes_no_file),
        TEST(another_jobs_record_is_refused),
        TEST(every_flipped_bit_is_noticed),
        TEST(every_torn_save_leaves_the_older_record),
        TEST(two_damaged_records_are_refused_with_what_to_do),
        TEST(a_newer_version_is_refused_and_kept),
        TEST(a_file_that_is_no_record_is_left_alone),
        TEST(any_bytes_are_read_or_refused),
        TEST(a_full_disk_fails_the_run_and_keeps_the_last_record),
        TEST(a_save_after_a_failed_one_is_the_newest),
        TEST(a_place_that_cannot_be_written_is_named),
        TEST(the_largest_record_fits),
    };
    return cmocka_run_group_tests(tests, folder, no_folder);
}
