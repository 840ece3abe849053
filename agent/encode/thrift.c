/* encode/thrift.c: see encode/thrift.h. */
#include "encode/thrift.h"

#include "encode/bits.h"

/* Types of a field; a boolean's type is its value. */
enum field {
    TRUE = 1,
    FALSE = 2,
    I8 = 3,
    I16 = 4,
    I32 = 5,
    I64 = 6,
    BINARY = 8,
    LIST = 9,
    STRUCT = 12
};

static void put_varint(struct rn_out *out, uint64_t v)
{
    uint8_t b[10];

    rn_out_put(out, b, (size_t)(rn_put_uleb(b, v) - b));
}

/* Small numbers of both signs become small: 0, -1, 1, -2, ... */
static void put_zigzag(struct rn_out *out, int64_t v)
{
    put_varint(out, rn_zigzag(v));
}

static void put_field(struct rn_thrift *t, int id, enum field type)
{
    int *last = &t->last[t->depth - 1];

    RN_ASSERT(t->depth > 0 && id > *last);
    if (id - *last <= 15) {
        rn_out_byte(t->out, (uint8_t)((unsigned)(id - *last) << 4 | type));
    } else {
        rn_out_byte(t->out, (uint8_t)type);
        put_zigzag(t->out, id);
    }
    *last = id;
}

static void open_struct(struct rn_thrift *t, int last)
{
    RN_ASSERT(t->depth < RN_THRIFT_DEPTH);
    t->last[t->depth++] = last;
}

void rn_thrift_resume(struct rn_thrift *t, struct rn_out *out, int last)
{
    t->out = out;
    t->depth = 0;
    open_struct(t, last);
}

void rn_thrift_begin(struct rn_thrift *t, struct rn_out *out)
{
    rn_thrift_resume(t, out, 0);
}

void rn_thrift_struct(struct rn_thrift *t, int id)
{
    put_field(t, id, STRUCT);
    open_struct(t, 0);
}

void rn_thrift_end(struct rn_thrift *t)
{
    RN_ASSERT(t->depth > 0);
    t->depth--;
    rn_out_byte(t->out, 0);
}

void rn_thrift_empty(struct rn_thrift *t, int id)
{
    rn_thrift_struct(t, id);
    rn_thrift_end(t);
}

void rn_thrift_bool(struct rn_thrift *t, int id, bool v)
{
    put_field(t, id, v ? TRUE : FALSE);
}

void rn_thrift_i8(struct rn_thrift *t, int id, int8_t v)
{
    put_field(t, id, I8);
    rn_out_byte(t->out, (uint8_t)v);
}

void rn_thrift_i16(struct rn_thrift *t, int id, int16_t v)
{
    put_field(t, id, I16);
    put_zigzag(t->out, v);
}

void rn_thrift_i32(struct rn_thrift *t, int id, int32_t v)
{
    put_field(t, id, I32);
    put_zigzag(t->out, v);
}

void rn_thrift_i64(struct rn_thrift *t, int id, int64_t v)
{
    put_field(t, id, I64);
    put_zigzag(t->out, v);
}

void rn_thrift_binary(struct rn_thrift *t, int id, struct rn_bytes v)
{
    put_field(t, id, BINARY);
    rn_thrift_item_binary(t, v);
}

void rn_thrift_list(struct rn_thrift *t, int id, enum rn_thrift_type type,
                    size_t n)
{
    put_field(t, id, LIST);
    if (n < 15) {
        rn_out_byte(t->out, (uint8_t)(n << 4 | (unsigned)type));
    } else {
        rn_out_byte(t->out, (uint8_t)(0xf0 | (unsigned)type));
        put_varint(t->out, n);
    }
}

void rn_thrift_item_bool(struct rn_thrift *t, bool v)
{
    rn_out_byte(t->out, v ? TRUE : FALSE);
}

void rn_thrift_item_int(struct rn_thrift *t, int64_t v)
{
    put_zigzag(t->out, v);
}

void rn_thrift_item_binary(struct rn_thrift *t, struct rn_bytes v)
{
    put_varint(t->out, v.n);
    if (v.n > 0)
        rn_out_put(t->out, v.p, v.n);
}

void rn_thrift_item_struct(struct rn_thrift *t)
{
    open_struct(t, 0);
}
