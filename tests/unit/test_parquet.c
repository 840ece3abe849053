/* test_parquet.c: whole files: every place that the footer names holds what it
 * says, and every row reads as it was, whatever the job asks for and whatever
 * goes wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "encode/parquet_type.h"
#include "lib/parquet_kit.h"
#include "parquet_reader.h"
#include "thrift_reader.h"

static uint64_t check_file(struct rn_bytes file, uint64_t rows)
{
    struct pq_about about;

    read_file(file, rows, &about);
    assert_int_equal(about.version, config.file.data_page);
    assert_int_equal(about.pages_v2,
                     config.file.data_page == 2 ? about.pages : 0);
    if (about.blooms > 0)
        assert_int_equal(about.bloom_bytes, config.file.bloom_bytes);
    return about.groups;
}

static struct thrift_at footer_of(struct rn_bytes file)
{
    struct rn_bytes b = pq_footer(file);

    assert_true(b.n > 0);
    return thrift_open(b.p, b.p + b.n);
}

static void all_places_hold_what_the_footer_says(void **state)
{
    static const enum rn_compression codec[] = { RN_COMPRESSION_NONE,
                                                 RN_COMPRESSION_GZIP };

    (void)state;
    for (unsigned way = 0; way < 32; way++) {
        defaults();
        config.file.compression = codec[way & 1];
        config.file.data_page = way & 2 ? 2 : 1;
        config.file.dictionary = way & 4;
        config.file.page_index = way & 8;
        config.file.bloom_filter = way & 16 ? "all" : "id, t\xc3\xa4xt";
        config.file.row_group_rows = 700;
        config.file.integer_encoding =
            way & 2 ? RN_ENCODING_DELTA : RN_ENCODING_PLAIN;
        assert_int_equal(check_file(file_of(2000), 2000), 3);
        memory_lanes_free(&lanes);
    }
}

static void no_rows_are_a_file_too(void **state)
{
    (void)state;
    defaults();
    assert_int_equal(check_file(file_of(0), 0), 0);
    memory_lanes_free(&lanes);
}

static void a_full_last_group_is_not_followed_by_an_empty_one(void **state)
{
    (void)state;
    defaults();
    config.file.row_group_rows = 100;
    assert_int_equal(check_file(file_of(300), 300), 3);
    memory_lanes_free(&lanes);
    assert_int_equal(check_file(file_of(301), 301), 4);
    memory_lanes_free(&lanes);
}

static void groups_end_near_their_bytes(void **state)
{
    struct thrift_at groups;
    uint64_t n;

    (void)state;
    defaults();
    config.file.row_group_bytes = 100000;
    struct rn_bytes file = file_of(5000);
    n = check_file(file, 5000);
    groups = thrift_field(footer_of(file), 4);
    assert_true(n >= 3);
    for (uint64_t i = 0; i + 1 < n; i++) {
        int64_t bytes = thrift_field_int(thrift_item(groups, i), 6);

        assert_true(bytes > 90000 && bytes < 112000);
    }
    memory_lanes_free(&lanes);
}

static void one_large_row_ends_its_group(void **state)
{
    static uint8_t large[300000];
    static const struct rn_col col = { .name = RN_LIT("b"), .type = RN_BLOB };
    static const struct rn_schema blobs = { &col, 1 };
    struct rn_cell cell = { RN_BLOB, { .bytes = { large, sizeof(large) } } };
    struct rn_row row = { &cell, 1 };

    (void)state;
    defaults();
    config.file.row_group_bytes = 1000000;
    assert_int_equal(open_schema(&blobs), RN_OK);
    memory_lanes_init(&lanes, 1);
    assert_int_equal(e->cls->begin_lanes(e, &lanes.lanes), RN_OK);
    for (uint64_t i = 1; i <= 10; i++)
        assert_int_equal(e->cls->row(e, &row, i), RN_OK);
    assert_int_equal(e->cls->end(e), RN_OK);
    assert_int_equal(check_file(memory_file(&lanes), 10), 3);
    memory_lanes_free(&lanes);
}

/* LogicalType: its choice; -1: none. */
static void columns_have_both_annotations(void **state)
{
    static const struct {
        int physical, converted, logical;
    } rows[COLUMNS] = {
        { 2, -1, -1 }, { 0, -1, -1 }, { 1, 15, 10 }, { 1, 16, 10 },
        { 1, 17, 10 }, { 4, -1, -1 }, { 5, -1, -1 }, { 1, 5, 5 },
        { 7, 5, 5 },   { 1, 6, 6 },   { 2, 8, 7 },   { 1, 7, 7 },
        { 2, 10, 8 },  { 2, 10, 8 },  { 2, 9, 8 },   { 6, 0, 1 },
        { 6, 19, 12 }, { 6, -1, -1 }, { 7, -1, 14 },
    };
    struct thrift_at list;

    (void)state;
    defaults();
    list = thrift_field(footer_of(file_of(0)), 2);
    struct thrift_at root = thrift_item(list, 0);
    assert_int_equal(thrift_field_int(root, 5), COLUMNS);
    assert_false(thrift_has(root, 1) || thrift_has(root, 3));
    for (size_t i = 0; i < COLUMNS; i++) {
        struct thrift_at el = thrift_item(list, i + 1);
        struct rn_bytes name = thrift_bytes(thrift_field(el, 4));

        assert_true(rn_bytes_equal(name, columns[i].name));
        assert_int_equal(thrift_field_int(el, 1), rows[i].physical);
        assert_int_equal(thrift_field_int(el, 3), columns[i].nullable);
        assert_int_equal(thrift_has(el, 2), rows[i].physical == 7);
        assert_int_equal(thrift_has(el, 6), rows[i].converted >= 0);
        assert_int_equal(thrift_has(el, 10), rows[i].logical >= 0);
        if (rows[i].converted >= 0)
            assert_int_equal(thrift_field_int(el, 6), rows[i].converted);
        if (rows[i].logical >= 0)
            assert_true(thrift_has(thrift_field(el, 10), rows[i].logical));
    }
    memory_lanes_free(&lanes);
}

static struct thrift_at logical_of(struct thrift_at schema_list, size_t column,
                                   int choice)
{
    return thrift_field(thrift_field(thrift_item(schema_list, column + 1), 10),
                        choice);
}

static void annotations_have_their_parameters(void **state)
{
    struct thrift_at list, at;

    (void)state;
    defaults();
    list = thrift_field(footer_of(file_of(0)), 2);
    at = logical_of(list, 2, 10);
    assert_int_equal(thrift_field_int(at, 1), 8);
    assert_true(thrift_true(thrift_field(at, 2)));
    at = logical_of(list, 7, 5);
    assert_int_equal(thrift_field_int(at, 1), 2);
    assert_int_equal(thrift_field_int(at, 2), 9);
    at = thrift_item(list, 8);
    assert_int_equal(thrift_field_int(at, 7), 2);
    assert_int_equal(thrift_field_int(at, 8), 9);
    for (size_t i = 10; i <= 14; i++) { /* times and timestamps */
        at = logical_of(list, i, i <= 11 ? 7 : 8);
        assert_int_equal(thrift_true(thrift_field(at, 1)), columns[i].utc);
        assert_true(thrift_has(thrift_field(at, 2), columns[i].millis ? 1 : 2));
    }
    memory_lanes_free(&lanes);
}

static void statistics_are_of_the_whole_chunk(void **state)
{
    struct thrift_at groups, meta, s;
    struct rn_bytes v;

    (void)state;
    defaults();
    config.file.row_group_rows = 1000;
    struct rn_bytes file = file_of(2000);
    groups = thrift_field(footer_of(file), 4);
    meta = thrift_field(thrift_item(thrift_field(thrift_item(groups, 1), 1), 0),
                        3);
    s = thrift_field(meta, 12);
    assert_int_equal(thrift_field_int(s, 3), 0);
    v = thrift_bytes(thrift_field(s, 5));
    assert_true(rn_bytes_equal(v, RN_STR("\xcf\x07\0\0\0\0\0\0")));
    v = thrift_bytes(thrift_field(s, 6));
    assert_true(rn_bytes_equal(v, RN_STR("\xe8\x03\0\0\0\0\0\0")));
    assert_true(thrift_true(thrift_field(s, 7)));
    assert_true(thrift_true(thrift_field(s, 8)));
    assert_false(thrift_has(s, 1) || thrift_has(s, 2));
    memory_lanes_free(&lanes);
}

static void readers_know_who_wrote_it(void **state)
{
    struct rn_bytes by;

    (void)state;
    defaults();
    by = thrift_bytes(thrift_field(footer_of(file_of(0)), 6));
    assert_true(by.n > 20);
    assert_memory_equal(by.p, "runnel version ", 15);
    assert_true(memchr(by.p, '(', by.n) != NULL);
    memory_lanes_free(&lanes);
}

/* Small slices: some chunks have no index, and the file says how many. */
static void chunks_without_an_index_are_counted(void **state)
{
    struct thrift_at footer, groups, pair;
    uint64_t without = 0;
    char text[24];

    (void)state;
    defaults();
    config.job.memory = MIB / 16;
    config.file.row_group_rows = 8000;
    struct rn_bytes file = file_of(20000);
    check_file(file, 20000);
    footer = footer_of(file);
    groups = thrift_field(footer, 4);
    for (uint64_t g = 0; g < thrift_count(groups); g++) {
        struct thrift_at list = thrift_field(thrift_item(groups, g), 1);

        for (size_t i = 0; i < COLUMNS; i++)
            without += !thrift_has(thrift_item(list, i), 6);
    }
    assert_true(without > 0);
    pair = thrift_item(thrift_field(footer, 5), 0);
    assert_true(rn_bytes_equal(thrift_bytes(thrift_field(pair, 1)),
                               RN_STR("runnel.index_left_out")));
    snprintf(text, sizeof(text), "%u", (unsigned)without);
    assert_true(
        rn_bytes_equal(thrift_bytes(thrift_field(pair, 2)), rn_bytes_of(text)));
    memory_lanes_free(&lanes);
}

static void an_encoder_writes_the_same_file_again(void **state)
{
    struct memory_lanes first;
    struct rn_bytes a, b;

    (void)state;
    defaults();
    config.file.bloom_filter = "all";
    a = file_of(3000);
    first = lanes;
    memory_lanes_init(&lanes, COLUMNS);
    assert_int_equal(write_file(3000), RN_OK);
    b = memory_file(&lanes);
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.p, b.p, a.n);
    memory_lanes_free(&first);
    memory_lanes_free(&lanes);
}

static int refuse(const struct rn_col *col, size_t n)
{
    struct rn_schema s = { col, n };

    assert_int_equal(open_schema(&s), RN_E_CONFIG);
    assert_null(e);
    return strlen(error.text) > 20;
}

static void what_cannot_be_a_file_is_refused_at_open(void **state)
{
    static const struct rn_col twice[] = {
        { .name = RN_LIT("a"), .type = RN_I64 },
        { .name = RN_LIT("b"), .type = RN_I64 },
        { .name = RN_LIT("a"), .type = RN_TEXT },
    };
    static const struct rn_col bad[] = {
        { .name = RN_LIT("\xff"), .type = RN_I64 },
    };

    (void)state;
    defaults();
    assert_true(refuse(twice, 3));
    assert_non_null(strstr(error.text, "columns 1 and 3"));
    assert_non_null(strstr(error.text, "\"a\""));
    assert_non_null(strstr(error.text, "AS in"));
    assert_true(refuse(bad, 1));
    config.file.compression = RN_COMPRESSION_DEFLATE;
    assert_true(refuse(columns, COLUMNS));
    config.file.compression = RN_COMPRESSION_NONE;
    config.file.bloom_filter = "id,nothing";
    assert_true(refuse(columns, COLUMNS));
    assert_non_null(strstr(error.text, "\"nothing\""));
    config.file.bloom_filter = "flag";
    assert_true(refuse(columns, COLUMNS));
    assert_non_null(strstr(error.text, "\"flag\""));
}

static void a_bad_cell_is_named_and_ends_the_file(void **state)
{
    struct rn_cell cell[COLUMNS];
    struct rn_row row = { cell, COLUMNS };

    (void)state;
    defaults();
    assert_int_equal(open_schema(&schema), RN_OK);
    memory_lanes_init(&lanes, COLUMNS);
    assert_int_equal(e->cls->begin_lanes(e, &lanes.lanes), RN_OK);
    assert_int_equal(put_rows(5), RN_OK);
    row_of(5, cell);
    cell[9].type = RN_DATE;
    cell[9].as.i64 = INT32_MAX;
    assert_int_equal(e->cls->row(e, &row, 6), RN_E_VALUE);
    assert_non_null(strstr(error.text, "row 6, column \"day\": "));
    row_of(6, cell);
    assert_int_equal(e->cls->row(e, &row, 7), RN_E_VALUE);
    assert_int_equal(e->cls->end(e), RN_E_VALUE);
    memory_lanes_free(&lanes);
    memory_lanes_init(&lanes, COLUMNS);
    assert_int_equal(write_file(5), RN_OK);
    check_file(memory_file(&lanes), 5);
    memory_lanes_free(&lanes);
}

static void a_null_where_none_is_allowed_is_named(void **state)
{
    struct rn_cell cell[COLUMNS];
    struct rn_row row = { cell, COLUMNS };

    (void)state;
    defaults();
    assert_int_equal(open_schema(&schema), RN_OK);
    memory_lanes_init(&lanes, COLUMNS);
    assert_int_equal(e->cls->begin_lanes(e, &lanes.lanes), RN_OK);
    row_of(5, cell);
    cell[0].type = RN_NULL;
    assert_int_equal(e->cls->row(e, &row, 1), RN_E_VALUE);
    assert_non_null(strstr(error.text, "column \"id\": NULL"));
    memory_lanes_free(&lanes);
}

static void a_failure_of_any_lane_sticks(void **state)
{
    int err = RN_E_LINK, tries = 0;

    (void)state;
    defaults();
    config.job.memory = MIB / 16;
    config.file.row_group_rows = 150;
    config.file.bloom_filter = "id";
    assert_int_equal(open_schema(&schema), RN_OK);
    for (; err != RN_OK; tries++) {
        memory_lanes_init(&lanes, COLUMNS);
        lanes.fail_at = tries;
        err = write_file(400);
        assert_true(err == RN_OK || err == RN_E_LINK);
        if (err < 0) {
            int kept = e->lanes ? err : RN_E_FULL;

            assert_int_equal(e->cls->end(e), kept);
        } else {
            check_file(memory_file(&lanes), 400);
        }
        memory_lanes_free(&lanes);
    }
    assert_true(tries > 100);
}

static void a_file_is_full_before_groups_outgrow_16_bits(void **state)
{
    static const struct rn_col col = { .name = RN_LIT("n"), .type = RN_I64 };
    static const struct rn_schema one = { &col, 1 };
    struct rn_cell cell = CELL_I64(1);
    struct rn_row row = { &cell, 1 };
    uint64_t n = 0;

    (void)state;
    defaults();
    config.file.row_group_rows = 1;
    assert_int_equal(open_schema(&one), RN_OK);
    memory_lanes_init(&lanes, 1);
    assert_int_equal(e->cls->begin_lanes(e, &lanes.lanes), RN_OK);
    while (!e->cls->full(e))
        assert_int_equal(e->cls->row(e, &row, ++n), RN_OK);
    assert_int_equal(n, 32767);
    assert_int_equal(e->cls->end(e), RN_OK);
    struct rn_bytes file = memory_file(&lanes);
    assert_int_equal(thrift_count(thrift_field(footer_of(file), 4)), n);
    memory_lanes_free(&lanes);
}

static void need_is_what_open_takes(void **state)
{
    static struct rn_col many[1600];
    static char name[1600][8];

    (void)state;
    defaults();
    for (size_t i = 0; i < 1600; i++) {
        int n = snprintf(name[i], sizeof(name[i]), "c%u", (unsigned)i);

        many[i] = columns[i % COLUMNS];
        many[i].name = (struct rn_bytes){ (uint8_t *)name[i], (size_t)n };
    }
    for (size_t n = 1; n <= 1600; n = n * 3 + 1) {
        struct rn_schema s = { many, n };

        for (unsigned way = 0; way < 8; way++) {
            config.job.memory = way & 1 ? 16 * MIB : MIB;
            config.file.compression =
                way & 2 ? RN_COMPRESSION_GZIP : RN_COMPRESSION_NONE;
            config.file.bloom_filter = way & 4 ? "all" : "c0,,c0 , c0";
            config.file.text_encoding =
                way & 1 ? RN_ENCODING_DELTA_LENGTH : RN_ENCODING_PLAIN;
            assert_int_equal(open_schema(&s), RN_OK);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_places_hold_what_the_footer_says),
        cmocka_unit_test(no_rows_are_a_file_too),
        cmocka_unit_test(a_full_last_group_is_not_followed_by_an_empty_one),
        cmocka_unit_test(groups_end_near_their_bytes),
        cmocka_unit_test(one_large_row_ends_its_group),
        cmocka_unit_test(columns_have_both_annotations),
        cmocka_unit_test(annotations_have_their_parameters),
        cmocka_unit_test(statistics_are_of_the_whole_chunk),
        cmocka_unit_test(readers_know_who_wrote_it),
        cmocka_unit_test(chunks_without_an_index_are_counted),
        cmocka_unit_test(an_encoder_writes_the_same_file_again),
        cmocka_unit_test(what_cannot_be_a_file_is_refused_at_open),
        cmocka_unit_test(a_bad_cell_is_named_and_ends_the_file),
        cmocka_unit_test(a_null_where_none_is_allowed_is_named),
        cmocka_unit_test(a_failure_of_any_lane_sticks),
        cmocka_unit_test(a_file_is_full_before_groups_outgrow_16_bits),
        cmocka_unit_test(need_is_what_open_takes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
