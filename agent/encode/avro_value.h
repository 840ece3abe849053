/* encode/avro_value.h: cells in Avro's binary encoding.
 *
 * A cell is a head and, for text and blobs, a tail: its bytes as they are. The
 * head holds everything else: which branch of the union it is, a number, a
 * length. Integers are zigzag varints: small ones of either sign are short.
 */
#ifndef ENCODE_AVRO_VALUE_H
#define ENCODE_AVRO_VALUE_H

#include "runnel/row.h"

/* The longest head: a branch, a length, a UUID's text. */
#define RN_AVRO_HEAD 38

/* What must be writable where a head is composed: numbers are stored eight
 * bytes at a time, whatever their length.
 */
#define RN_AVRO_ROOM 48

/* A column, ready to be written. */
struct rn_avro_field {
    uint8_t kind;
    bool nullable;
    bool tail;
    uint8_t type; /* enum rn_type */
    uint8_t precision;
    uint8_t scale;
};

/* Where rows are composed. */
struct rn_avro_span {
    uint8_t *at;
    uint8_t *limit; /* rows end here; RN_AVRO_ROOM bytes more are writable */
    size_t column;  /* of the cell that failed */
};

void rn_avro_field_init(struct rn_avro_field *field, const struct rn_col *col);

/* Append a row: RN_OK with `at` moved, RN_E_FULL when it would pass the limit,
 * RN_E_VALUE when a cell is outside its type. After a failure `at` is as it
 * was.
 */
int rn_avro_row(const struct rn_avro_field *field, const struct rn_row *row,
                struct rn_avro_span *span);

/* A cell's head to `to` (RN_AVRO_ROOM bytes): its end, or NULL: the cell is
 * outside its type.
 */
uint8_t *rn_avro_head(const struct rn_avro_field *field,
                      const struct rn_cell *cell, uint8_t *to);

/* A cell's tail; empty where it has none. */
static inline struct rn_bytes rn_avro_tail(const struct rn_avro_field *field,
                                           const struct rn_cell *cell)
{
    struct rn_bytes none = { NULL, 0 };

    return field->tail && cell->type != RN_NULL ? cell->as.bytes : none;
}

/* Why a cell has no head, for a person. */
const char *rn_avro_why(const struct rn_avro_field *field,
                        const struct rn_cell *cell);

/* A zigzag varint to `to` (RN_AVRO_ROOM bytes): its end. */
uint8_t *rn_avro_long(uint8_t *to, int64_t v);

#endif
