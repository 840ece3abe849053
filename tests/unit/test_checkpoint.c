/* test_checkpoint.c: how far a run has come is read again to the last bit, or
 * refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/crc64.h"
#include "job/checkpoint.h"

#define RUN "20261122T021500Z-0123456789abcdef"

static uint8_t bytes[4096], copy[4096];

static struct rn_checkpoint one(void)
{
    struct rn_checkpoint c = { .run = RUN,
                               .number = 7,
                               .job = UINT64_C(0x0123456789abcdef),
                               .at = RN_FILE_COMPLETE,
                               .files = 3,
                               .rows = UINT64_C(5000000000),
                               .bytes = UINT64_C(70000000000),
                               .before = 4999,
                               .counts = { 1, 2, 3, 4, 5 },
                               .listed = 3 };

    c.key = (struct rn_watermark){ .type = RN_I64, .i64 = -42 };
    c.watermark = (struct rn_watermark){ .type = RN_F64, .f64 = 0.5 };
    c.ceiling = (struct rn_watermark){ .type = RN_TEXT, .len = 3 };
    memcpy(c.ceiling.bytes, "xyz", 3);
    return c;
}

/* Bytes of one with `more` bytes added by others. */
static size_t write_one(const struct rn_checkpoint *c, size_t more)
{
    struct rn_record r;

    rn_record_open(&r, bytes, sizeof bytes);
    rn_checkpoint_begin(&r, c);
    for (size_t i = 0; i < more; i++)
        rn_record_put(&r, i, 1);
    return rn_checkpoint_end(&r);
}

static int read_one(size_t len, struct rn_checkpoint *c)
{
    struct rn_record r;

    memcpy(copy, bytes, sizeof copy);
    return rn_checkpoint_read(&r, copy, len, c);
}

static void what_was_written_is_read(void **state)
{
    struct rn_checkpoint c = one(), back;
    struct rn_record r;
    size_t len = write_one(&c, 100);

    (void)state;
    assert_true(len > 100);
    assert_int_equal(rn_checkpoint_read(&r, bytes, len, &back), RN_OK);
    assert_string_equal(back.run, RUN);
    assert_int_equal(back.number, c.number);
    assert_int_equal(back.job, c.job);
    assert_int_equal(back.at, c.at);
    assert_int_equal(back.files, c.files);
    assert_int_equal(back.rows, c.rows);
    assert_int_equal(back.bytes, c.bytes);
    assert_int_equal(back.before, c.before);
    assert_memory_equal(&back.counts, &c.counts, sizeof c.counts);
    assert_int_equal(back.key.i64, -42);
    assert_true(back.watermark.f64 > 0.4 && back.watermark.f64 < 0.6);
    assert_int_equal(back.ceiling.type, RN_TEXT);
    assert_int_equal(back.ceiling.len, 3);
    assert_memory_equal(back.ceiling.bytes, "xyz", 3);
    assert_int_equal(back.listed, 3);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(rn_record_get(&r, 1), i);
    assert_int_equal(r.at, r.cap);
    assert_false(r.bad);
    assert_int_equal(rn_record_get(&r, 1), 0); /* not the checksum */
    assert_true(r.bad);
}

static void every_flipped_bit_is_noticed(void **state)
{
    struct rn_checkpoint c = one();
    size_t len = write_one(&c, 50);

    (void)state;
    for (size_t bit = 0; bit < len * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(read_one(len, &c), RN_E_TORN);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(read_one(len, &c), RN_OK);
}

static void every_cut_and_every_tail_is_noticed(void **state)
{
    struct rn_checkpoint c = one();
    size_t len = write_one(&c, 50);

    (void)state;
    for (size_t n = 0; n < len; n++)
        assert_int_equal(read_one(n, &c), RN_E_TORN);
    for (size_t n = len + 1; n < len + 50; n++)
        assert_int_equal(read_one(n, &c), RN_E_TORN);
}

/* As a newer or older one would write it: its checksum is right. */
static void another_version_is_told_from_damage(void **state)
{
    static const size_t at[] = { 8, 18 }; /* of the record, of runnel */
    struct rn_checkpoint c = one();
    size_t len = write_one(&c, 0);

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(at); i++) {
        uint64_t crc;

        len = write_one(&c, 0);
        bytes[at[i]]++;
        crc = rn_crc64(0, bytes, len - 8);
        for (unsigned k = 0; k < 8; k++)
            bytes[len - 8 + k] = (uint8_t)(crc >> (8 * k));
        assert_int_equal(read_one(len, &c), RN_E_DENIED);
    }
}

static void the_largest_one_is_as_large_as_was_said(void **state)
{
    struct rn_checkpoint c = one();
    struct rn_watermark *mark[] = { &c.key, &c.watermark, &c.ceiling };
    struct rn_record r;

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(mark); i++) {
        mark[i]->type = RN_BLOB;
        mark[i]->len = RN_WATERMARK_MAX;
    }
    assert_in_range(write_one(&c, 0), rn_checkpoint_need() - 8,
                    rn_checkpoint_need());
    /* One byte less does not do, and is noticed. */
    rn_record_open(&r, bytes, write_one(&c, 0) - 1);
    rn_checkpoint_begin(&r, &c);
    assert_int_equal(rn_checkpoint_end(&r), 0);
}

static void any_bytes_are_refused(void **state)
{
    struct rn_checkpoint c = one();
    uint64_t s = 88172645463325252u;

    (void)state;
    write_one(&c, 50);
    for (int round = 0; round < 20000; round++) {
        for (size_t i = 8; i < 200; i++) {
            s = s * UINT64_C(6364136223846793005) + 1442695040888963407u;
            bytes[i] = (uint8_t)(s >> 56);
        }
        assert_int_equal(read_one((size_t)(s >> 50) % 200, &c), RN_E_TORN);
    }
}

/* What decides bytes and names, and nothing else. */
static void another_job_is_another_job(void **state)
{
    static const struct rn_col col = { .name = RN_LIT("a"), .type = RN_I64 };
    static const struct rn_col other = { .name = RN_LIT("b"), .type = RN_I64 };
    static const struct rn_schema schema = { &col, 1 };
    static const struct rn_schema renamed = { &other, 1 };
    static struct rn_config a;
    uint64_t first;

    (void)state;
    memset(&a, 0, sizeof a);
    a.job.name = "orders";
    a.source.kind = a.source.database = a.source.query = "x";
    a.source.key = a.source.watermark = a.source.watermark_start = "";
    a.file.format = "csv";
    a.file.null = a.file.row_number = a.file.bloom_filter = "";
    a.file.record = "";
    a.store.url = a.store.path = "x";
    first = rn_checkpoint_job(&a, &schema);
    assert_int_equal(rn_checkpoint_job(&a, &schema), first);
    a.job.memory = 5;
    a.store.connections = 7;
    assert_int_equal(rn_checkpoint_job(&a, &schema), first);
    assert_int_not_equal(rn_checkpoint_job(&a, &renamed), first);
    a.source.query = "y";
    assert_int_not_equal(rn_checkpoint_job(&a, &schema), first);
    a.source.query = "x";
    a.source.on_bad_text = RN_ON_NULL;
    assert_int_not_equal(rn_checkpoint_job(&a, &schema), first);
    a.source.on_bad_text = RN_ON_ERROR;
    a.file.header = true;
    assert_int_not_equal(rn_checkpoint_job(&a, &schema), first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(every_cut_and_every_tail_is_noticed),
        cmocka_unit_test(another_version_is_told_from_damage),
        cmocka_unit_test(the_largest_one_is_as_large_as_was_said),
        cmocka_unit_test(any_bytes_are_refused),
        cmocka_unit_test(another_job_is_another_job),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
