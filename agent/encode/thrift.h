/* encode/thrift.h: Thrift's compact protocol, as Parquet's metadata is written.
 *
 *     begin | resume -> field ... (struct -> field ... -> end) ... -> end
 *
 * Fields of a struct are written in the order of their ids. Failures are those
 * of the stream.
 */
#ifndef ENCODE_THRIFT_H
#define ENCODE_THRIFT_H

#include "runnel/out.h"

/* The deepest of Parquet: file, schema element, logical type, timestamp, unit,
 * microseconds.
 */
#define RN_THRIFT_DEPTH 8

/* Types of a list's items as its header says them. */
enum rn_thrift_type {
    RN_THRIFT_BOOL = 1,
    RN_THRIFT_I32 = 5,
    RN_THRIFT_I64 = 6,
    RN_THRIFT_BINARY = 8,
    RN_THRIFT_STRUCT = 12
};

struct rn_thrift {
    struct rn_out *out;        /* borrowed */
    unsigned depth;            /* structs that are open */
    int last[RN_THRIFT_DEPTH]; /* id of the latest field, of each */
};

/* Start a struct that stands alone or in a list whose header is elsewhere. */
void rn_thrift_begin(struct rn_thrift *t, struct rn_out *out);

/* Go on with a struct whose fields up to `last` are written elsewhere. */
void rn_thrift_resume(struct rn_thrift *t, struct rn_out *out, int last);

/* A field that is a struct: it is open until its end. */
void rn_thrift_struct(struct rn_thrift *t, int id);
void rn_thrift_end(struct rn_thrift *t);

/* A field that is a struct without fields: a choice of a union. */
void rn_thrift_empty(struct rn_thrift *t, int id);

void rn_thrift_bool(struct rn_thrift *t, int id, bool v);
void rn_thrift_i8(struct rn_thrift *t, int id, int8_t v);
void rn_thrift_i16(struct rn_thrift *t, int id, int16_t v);
void rn_thrift_i32(struct rn_thrift *t, int id, int32_t v);
void rn_thrift_i64(struct rn_thrift *t, int id, int64_t v);
void rn_thrift_binary(struct rn_thrift *t, int id, struct rn_bytes v);

/* A field that is a list; `n` items follow. */
void rn_thrift_list(struct rn_thrift *t, int id, enum rn_thrift_type type,
                    size_t n);
void rn_thrift_item_bool(struct rn_thrift *t, bool v);
void rn_thrift_item_int(struct rn_thrift *t, int64_t v); /* i32, i64 */
void rn_thrift_item_binary(struct rn_thrift *t, struct rn_bytes v);
void rn_thrift_item_struct(struct rn_thrift *t); /* until its end */

#endif
