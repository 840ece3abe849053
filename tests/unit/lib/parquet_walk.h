/* parquet_walk.h: for tests: every place that a Parquet footer names, visited.
 *
 * What is not as the footer says stops the test, as in thrift_reader.h.
 */
#ifndef TESTS_PARQUET_WALK_H
#define TESTS_PARQUET_WALK_H

#include <string.h>

#include <zlib.h>

#include "lib/thrift_reader.h"
#include "runnel/row.h"

/* What the file was asked to be. */
struct parquet_truth {
    const struct rn_schema *schema;
    int data_page; /* 1 or 2 */
    uint64_t bloom_bytes;
};

static inline struct thrift_at footer_of(struct rn_bytes file)
{
    const uint8_t *end = file.p + file.n - 8;
    uint32_t n;

    assert_true(file.n >= 12);
    assert_memory_equal(file.p, "PAR1", 4);
    assert_memory_equal(end + 4, "PAR1", 4);
    n = end[0] | (uint32_t)end[1] << 8 | (uint32_t)end[2] << 16 |
        (uint32_t)end[3] << 24;
    assert_true(n <= file.n - 12);
    struct thrift_at footer = thrift_open(end - n, end);
    assert_int_equal(thrift_size(footer), n);
    return footer;
}

/* Bytes of the page at `at`, its CRC checked. */
static inline size_t page_at(struct rn_bytes file, uint64_t at,
                             struct thrift_at *header)
{
    size_t size, body;

    assert_true(at < file.n);
    *header = thrift_open(file.p + at, file.p + file.n);
    size = thrift_size(*header);
    body = (size_t)thrift_field_int(*header, 3);
    assert_true(at + size + body <= file.n);
    assert_int_equal((uint32_t)thrift_field_int(*header, 4),
                     crc32(0, file.p + at + size, (uInt)body));
    return size + body;
}

/* What a walk over a chunk's pages found. */
struct walk {
    uint64_t stored, raw, rows;
    uint64_t pages;
};

static inline void count_page(struct walk *w, struct thrift_at header,
                              size_t bytes)
{
    w->stored += bytes;
    w->raw += bytes - (uint64_t)thrift_field_int(header, 3) +
              (uint64_t)thrift_field_int(header, 2);
}

static inline void walk_pages(const struct parquet_truth *t,
                              struct rn_bytes file, struct thrift_at meta,
                              struct walk *w)
{
    uint64_t at = (uint64_t)thrift_field_int(meta, 9);
    uint64_t rows = (uint64_t)thrift_field_int(meta, 5);
    struct thrift_at header;

    memset(w, 0, sizeof(*w));
    if (thrift_has(meta, 11)) {
        uint64_t dictionary = (uint64_t)thrift_field_int(meta, 11);
        size_t n = page_at(file, dictionary, &header);

        assert_int_equal(thrift_field_int(header, 1), 2);
        assert_int_equal(dictionary + n, at);
        count_page(w, header, n);
    }
    while (w->rows < rows) {
        size_t n = page_at(file, at, &header);
        int data = t->data_page == 2 ? 8 : 5;

        assert_int_equal(thrift_field_int(header, 1), data == 8 ? 3 : 0);
        w->rows += (uint64_t)thrift_field_int(thrift_field(header, data), 1);
        w->pages++;
        count_page(w, header, n);
        at += n;
    }
    assert_int_equal(w->rows, rows);
}

static inline struct thrift_at struct_at(struct rn_bytes file,
                                         struct thrift_at chunk, int offset,
                                         int length)
{
    uint64_t at = (uint64_t)thrift_field_int(chunk, offset);
    struct thrift_at found = thrift_open(file.p + at, file.p + file.n);

    assert_true(at < file.n);
    assert_int_equal(thrift_size(found), thrift_field_int(chunk, length));
    return found;
}

static inline void check_indexes(const struct parquet_truth *t,
                                 struct rn_bytes file, struct thrift_at chunk,
                                 const struct walk *w)
{
    struct thrift_at index, header;
    uint64_t row = 0;

    if (!thrift_has(chunk, 6)) {
        assert_false(thrift_has(chunk, 4));
        return;
    }
    index = struct_at(file, chunk, 6, 7);
    for (int list = 1; list <= 5; list++) {
        if (list != 4)
            assert_int_equal(thrift_count(thrift_field(index, list)), w->pages);
    }
    index = thrift_field(struct_at(file, chunk, 4, 5), 1);
    assert_int_equal(thrift_count(index), w->pages);
    for (uint64_t i = 0; i < w->pages; i++) {
        struct thrift_at place = thrift_item(index, i);
        size_t n = page_at(file, (uint64_t)thrift_field_int(place, 1), &header);

        assert_int_equal(n, thrift_field_int(place, 2));
        assert_int_equal(row, thrift_field_int(place, 3));
        row += (uint64_t)thrift_field_int(
            thrift_field(header, t->data_page == 2 ? 8 : 5), 1);
    }
}

static inline void check_bloom(const struct parquet_truth *t,
                               struct rn_bytes file, struct thrift_at meta)
{
    struct thrift_at bloom;
    uint64_t at;

    if (!thrift_has(meta, 14))
        return;
    at = (uint64_t)thrift_field_int(meta, 14);
    bloom = thrift_open(file.p + at, file.p + file.n);
    assert_int_equal(thrift_field_int(bloom, 1), t->bloom_bytes);
    assert_int_equal(thrift_size(bloom) + t->bloom_bytes,
                     thrift_field_int(meta, 15));
    assert_true(at + (uint64_t)thrift_field_int(meta, 15) < file.n);
}

/* A RowGroup; returns where its last chunk ends. */
static inline uint64_t check_group(const struct parquet_truth *t,
                                   struct rn_bytes file, struct thrift_at group,
                                   uint64_t ordinal)
{
    struct thrift_at list = thrift_field(group, 1);
    uint64_t at = (uint64_t)thrift_field_int(group, 5);
    uint64_t start = at, raw = 0;

    assert_int_equal(thrift_count(list), t->schema->n);
    assert_int_equal(thrift_field_int(group, 7), ordinal);
    for (size_t i = 0; i < t->schema->n; i++) {
        struct thrift_at chunk = thrift_item(list, i);
        struct thrift_at meta = thrift_field(chunk, 3);
        struct rn_bytes name =
            thrift_bytes(thrift_item(thrift_field(meta, 3), 0));
        struct walk w;

        assert_int_equal(thrift_field_int(chunk, 2), 0);
        assert_true(rn_bytes_equal(name, t->schema->col[i].name));
        assert_int_equal(thrift_field_int(meta, 5), thrift_field_int(group, 3));
        assert_int_equal(thrift_field_int(meta, thrift_has(meta, 11) ? 11 : 9),
                         at);
        walk_pages(t, file, meta, &w);
        assert_int_equal(thrift_field_int(meta, 6), w.raw);
        assert_int_equal(thrift_field_int(meta, 7), w.stored);
        check_indexes(t, file, chunk, &w);
        check_bloom(t, file, meta);
        at += w.stored;
        raw += w.raw;
    }
    assert_int_equal(thrift_field_int(group, 2), raw);
    assert_int_equal(thrift_field_int(group, 6), at - start);
    return at;
}

/* All of a file; returns its row groups. */
static inline uint64_t check_parquet(const struct parquet_truth *t,
                                     struct rn_bytes file, uint64_t rows)
{
    struct thrift_at footer = footer_of(file);
    struct thrift_at groups = thrift_field(footer, 4);
    uint64_t n = thrift_count(groups), sum = 0, end = 4;

    assert_int_equal(thrift_field_int(footer, 1), t->data_page);
    assert_int_equal(thrift_field_int(footer, 3), rows);
    assert_int_equal(thrift_count(thrift_field(footer, 2)), t->schema->n + 1);
    assert_int_equal(thrift_count(thrift_field(footer, 7)), t->schema->n);
    for (uint64_t i = 0; i < n; i++) {
        struct thrift_at group = thrift_item(groups, i);

        assert_true((uint64_t)thrift_field_int(group, 5) >= end);
        end = check_group(t, file, group, i);
        sum += (uint64_t)thrift_field_int(group, 3);
    }
    assert_int_equal(sum, rows);
    return n;
}

#endif
