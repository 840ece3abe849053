/* thrift_reader.h: for tests: values of Thrift's compact protocol, found by the
 * ids of their fields.
 *
 * What is broken ends in assert_true() of whoever includes this: cmocka's stops
 * the test, parquet_reader_parts.h's makes it an error. It does not return.
 */
#ifndef TESTS_THRIFT_READER_H
#define TESTS_THRIFT_READER_H

#include "runnel/base.h"

/* Where a value is; p is NULL where there is none. */
struct thrift_at {
    const uint8_t *p, *end;
    unsigned type;  /* 1 and 2: a boolean that is a field */
    unsigned depth; /* structs and lists that are being skipped */
};
#define THRIFT_DEPTH 16

static inline uint64_t thrift_varint(struct thrift_at *at)
{
    uint64_t v = 0;

    for (unsigned shift = 0;; shift += 7) {
        assert_true(at->p < at->end && shift < 64);
        v |= (uint64_t)(*at->p & 0x7f) << shift;
        if (*at->p++ < 0x80)
            return v;
    }
}

static inline int64_t thrift_zigzag(struct thrift_at *at)
{
    uint64_t v = thrift_varint(at);

    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

/* Go on behind a list's header; its count, and its items' type in at->type. */
static inline uint64_t thrift_list(struct thrift_at *at)
{
    uint8_t head;

    assert_true(at->p != NULL && at->p < at->end && at->type == 9);
    head = *at->p++;
    at->type = head & 15;
    return head >> 4 == 15 ? thrift_varint(at) : head >> 4;
}

static inline void thrift_skip(struct thrift_at *at);

/* Go on to the next field's value; its id, or 0 at the struct's end. */
static inline int thrift_next(struct thrift_at *at, int last)
{
    uint8_t head;

    assert_true(at->p < at->end);
    head = *at->p++;
    at->type = head & 15;
    if (head == 0)
        return 0;
    if (head >> 4)
        last += head >> 4;
    else
        last = (int16_t)thrift_zigzag(at);
    assert_true(last > 0 && last <= INT16_MAX);
    return last;
}

static inline void thrift_skip_struct(struct thrift_at *at)
{
    for (int id = 0; (id = thrift_next(at, id)) != 0;)
        thrift_skip(at);
}

static inline void thrift_skip_list(struct thrift_at *at)
{
    uint64_t n = thrift_list(at);
    unsigned type = at->type;

    for (; n > 0; n--) {
        at->type = type <= 2 ? 3 : type; /* a boolean takes a byte here */
        thrift_skip(at);
    }
}

static inline void thrift_skip(struct thrift_at *at)
{
    uint64_t n = 0;

    assert_true(at->depth++ < THRIFT_DEPTH);
    switch (at->type) {
    case 1:
    case 2:
        break;
    case 3:
        n = 1;
        break;
    case 4:
    case 5:
    case 6:
        thrift_varint(at);
        break;
    case 8:
        n = thrift_varint(at);
        break;
    case 9:
        thrift_skip_list(at);
        break;
    case 7:
        n = 8;
        break;
    default:
        assert_true(at->type == 12);
        thrift_skip_struct(at);
    }
    at->depth--;
    assert_true(n <= (uint64_t)(at->end - at->p));
    at->p += n;
}

static inline struct thrift_at thrift_open(const uint8_t *p, const uint8_t *end)
{
    return (struct thrift_at){ .p = p, .end = end, .type = 12 };
}

static inline struct thrift_at thrift_field(struct thrift_at at, int id)
{
    assert_true(at.p != NULL && at.type == 12);
    for (int found = 0; (found = thrift_next(&at, found)) != 0;) {
        if (found == id)
            return at;
        thrift_skip(&at);
    }
    return (struct thrift_at){ .p = NULL };
}

static inline uint64_t thrift_count(struct thrift_at list)
{
    return thrift_list(&list);
}

static inline struct thrift_at thrift_item(struct thrift_at list, uint64_t i)
{
    uint64_t n = thrift_list(&list);
    unsigned type = list.type <= 2 ? 3 : list.type;

    assert_true(i < n);
    for (; i > 0; i--) {
        list.type = type;
        thrift_skip(&list);
    }
    list.type = type;
    return list;
}

static inline int64_t thrift_int(struct thrift_at at)
{
    assert_true(at.p != NULL && at.type >= 3 && at.type <= 6);
    assert_true(at.p < at.end);
    return at.type == 3 ? (int8_t)*at.p : thrift_zigzag(&at);
}

static inline bool thrift_true(struct thrift_at at)
{
    assert_true(at.p != NULL && at.type <= 3);
    assert_true(at.type < 3 || at.p < at.end);
    return at.type == 3 ? *at.p == 1 : at.type == 1;
}

static inline struct rn_bytes thrift_bytes(struct thrift_at at)
{
    struct rn_bytes b;

    assert_true(at.p != NULL && at.type == 8);
    b.n = (size_t)thrift_varint(&at);
    b.p = at.p;
    assert_true(b.n <= (size_t)(at.end - at.p));
    return b;
}

/* Bytes of a struct with its end. */
static inline size_t thrift_size(struct thrift_at at)
{
    const uint8_t *start = at.p;

    thrift_skip(&at);
    return (size_t)(at.p - start);
}

/* Shorthand for a field of a field. */
static inline int64_t thrift_field_int(struct thrift_at at, int id)
{
    return thrift_int(thrift_field(at, id));
}

static inline bool thrift_has(struct thrift_at at, int id)
{
    return thrift_field(at, id).p != NULL;
}

#endif
