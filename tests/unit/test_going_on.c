/* test_going_on.c: an encoder that is restored where another one was saved
 * writes the rest of the same file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "encode_kit.h"

#include "core/record.h"
#include "encode/list.h"
#include "lib/memory_lanes.h"

#define ROWS    40u
#define COLUMNS 3u

static const struct rn_col col[COLUMNS] = {
    { .name = RN_LIT("id"), .type = RN_I64, .nullable = true },
    { .name = RN_LIT("name"), .type = RN_TEXT, .nullable = true },
    { .name = RN_LIT("half"), .type = RN_F64, .nullable = true },
};
static const struct rn_schema schema = { col, COLUMNS };

static struct rn_cell cell[ROWS][COLUMNS];
static struct kit a, b;
static uint8_t kept[4096];

static void make_rows(void)
{
    static char text[ROWS][24];

    for (size_t i = 0; i < ROWS; i++) {
        int n = snprintf(text[i], sizeof text[i], "row \"%zu\"", i % 7);

        cell[i][0] = (struct rn_cell){ RN_I64, { .i64 = (int64_t)i * 3 } };
        cell[i][1] =
            (struct rn_cell){ RN_TEXT,
                              { .bytes = { (uint8_t *)text[i], (size_t)n } } };
        cell[i][2] = (struct rn_cell){ i % 5 ? RN_F64 : RN_NULL,
                                       { .f64 = (double)i / 2 } };
    }
}

static size_t format_of(const char *name)
{
    size_t i = 0;

    while (strcmp(rn_encoders[i]->name, name) != 0)
        i++;
    return i;
}

static void open_kit(struct kit *t, const char *name, enum rn_shape shape)
{
    kit_init(t);
    t->config.job.memory = 1 << 20;
    t->config.file.shape = shape;
    t->config.file.compression = RN_COMPRESSION_NONE;
    t->config.file.page = 256;
    t->config.file.row_group_rows = 5;
    t->config.file.row_group_bytes = 1 << 20;
    t->config.file.data_page = 1;
    t->config.file.page_index = true;
    t->config.file.dictionary = true;
    assert_int_equal(kit_open(t, format_of(name), &schema), RN_OK);
}

static void rows_from(struct kit *t, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        struct rn_row row = { cell[i], COLUMNS };

        assert_int_equal(t->e->cls->row(t->e, &row, i + 1), RN_OK);
    }
}

/* What there is to keep after `rows` rows; false: not here. */
static bool save(struct kit *t, struct rn_record *r)
{
    const struct rn_encoder_class *cls = t->e->cls;
    int rest = cls->rest ? cls->rest(t->e) : 1;

    assert_true(rest >= 0);
    rn_record_open(r, kept, cls->save_most);
    if (rest == 1 && cls->save)
        cls->save(t->e, r);
    assert_false(r->bad);
    return rest == 1;
}

static void restore(struct kit *t, const struct rn_record *saved)
{
    struct rn_record r;

    rn_record_open(&r, kept, saved->at);
    assert_int_equal(t->e->cls->restore(t->e, &r), RN_OK);
    assert_int_equal(r.at, r.cap);
}

/* -- one stream ----------------------------------------------------------- */

static void end(struct kit *t)
{
    assert_int_equal(t->e->cls->end(t->e), RN_OK);
    rn_out_flush(&t->sink.out);
}

/* The whole file by one encoder, which rests after `k` rows, and by two. */
static void split(const char *name, enum rn_shape shape, size_t k)
{
    struct rn_record r;
    size_t n;

    open_kit(&a, name, shape);
    sink_init(&a.sink, 100, a.got, sizeof a.got);
    assert_int_equal(a.e->cls->begin(a.e, &a.sink.out), RN_OK);
    rows_from(&a, 0, k);
    assert_true(save(&a, &r));
    rn_out_flush(&a.sink.out);
    n = a.sink.n;

    open_kit(&b, name, shape);
    sink_init(&b.sink, 77, b.got, sizeof b.got);
    memcpy(b.got, a.got, n);
    b.sink.n = n;
    b.e->out = &b.sink.out;
    restore(&b, &r);
    rows_from(&a, k, ROWS);
    rows_from(&b, k, ROWS);
    end(&a);
    end(&b);
    assert_int_equal(a.sink.n, b.sink.n);
    assert_memory_equal(a.got, b.got, a.sink.n);
    assert_true(a.sink.n > 500);
}

static void a_stream_goes_on_after_any_row(void **state)
{
    (void)state;
    make_rows();
    for (size_t k = 0; k <= ROWS; k++) {
        split("csv", RN_SHAPE_LINES, k);
        split("json", RN_SHAPE_LINES, k);
        split("json", RN_SHAPE_ARRAY, k);
        split("avro", RN_SHAPE_LINES, k);
    }
}

/* -- lanes ---------------------------------------------------------------- */

static void copy(struct lane_bytes *to, const struct lane_bytes *from)
{
    if (from->n > 0)
        lane_add(to, from->p, from->n);
}

static void same(const struct lane_bytes *x, const struct lane_bytes *y)
{
    assert_int_equal(x->n, y->n);
    assert_memory_equal(x->p, y->p, x->n);
}

static void parquet_goes_on_after_any_row_group(void **state)
{
    unsigned splits = 0;

    (void)state;
    make_rows();
    for (size_t k = 0; k <= ROWS; k++) {
        struct memory_lanes x, y;
        struct rn_record r;

        open_kit(&a, "parquet", RN_SHAPE_LINES);
        memory_lanes_init(&x, COLUMNS);
        memory_lanes_init(&y, COLUMNS);
        assert_int_equal(a.e->cls->begin_lanes(a.e, &x.lanes), RN_OK);
        rows_from(&a, 0, k);
        if (save(&a, &r)) {
            splits++;
            open_kit(&b, "parquet", RN_SHAPE_LINES);
            copy(&y.trunk, &x.trunk);
            copy(&y.foot, &x.foot);
            b.e->lanes = &y.lanes;
            restore(&b, &r);
            rows_from(&a, k, ROWS);
            rows_from(&b, k, ROWS);
            assert_int_equal(a.e->cls->end(a.e), RN_OK);
            assert_int_equal(b.e->cls->end(b.e), RN_OK);
            same(&x.trunk, &y.trunk);
            same(&x.foot_head, &y.foot_head);
            same(&x.foot, &y.foot);
        }
        memory_lanes_free(&x);
        memory_lanes_free(&y);
    }
    assert_int_equal(splits, ROWS / 5 + 1);
}

static void what_nobody_saved_is_refused(void **state)
{
    static const char *const name[] = { "json", "avro", "parquet" };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(name); i++) {
        open_kit(&a, name[i], RN_SHAPE_LINES);
        for (size_t n = 0; n < a.e->cls->save_most; n++) {
            struct memory_lanes x;
            struct rn_record r;

            memory_lanes_init(&x, COLUMNS);
            a.e->lanes = &x.lanes;
            rn_record_open(&r, kept, n);
            assert_int_equal(a.e->cls->restore(a.e, &r), RN_E_TORN);
            memory_lanes_free(&x);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_goes_on_after_any_row),
        cmocka_unit_test(parquet_goes_on_after_any_row_group),
        cmocka_unit_test(what_nobody_saved_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
