/* encode/parquet_dictionary.h: the values of a column chunk by number, in the
 * order in which they first came.
 *
 *     init -> clear -> number ... number -> clear ...
 *
 * Values and the hash table that finds them share one slice. The values are
 * kept plainly encoded and in order of their numbers, so they are the
 * dictionary page as they are.
 */
#ifndef ENCODE_PARQUET_DICTIONARY_H
#define ENCODE_PARQUET_DICTIONARY_H

#include "encode/parquet_type.h"

/* The least slice that can be one. */
#define RN_PQ_DICTIONARY_MIN 256u

/* Numbers are 16 bits wide, and the table says 0 where there is none. */
#define RN_PQ_NUMBERS_MAX 65535u

/* Instead of a number: there is no room for this value. */
#define RN_PQ_NO_NUMBER UINT32_MAX

struct rn_pq_dictionary {
    uint8_t *values; /* plainly encoded, from the slice's start       */
    uint32_t *slot;  /* the table: 16 bits of hash, then number + 1   */
    uint32_t *at;    /* BYTE_ARRAY: at[-1 - number] is where it is    */
    uint32_t room;   /* bytes for values and places                   */
    uint32_t used;   /* of them                                       */
    uint32_t len;    /* bytes of values                               */
    uint32_t count;
    uint32_t most;  /* values the table takes                        */
    uint32_t size;  /* bytes of a value; 0: BYTE_ARRAY               */
    uint32_t slots; /* a power of two                                */
    unsigned shift; /* takes a hash to its slot                      */
};

/* `slice` is borrowed and aligned to 16; `n` at least RN_PQ_DICTIONARY_MIN. */
void rn_pq_dictionary_init(struct rn_pq_dictionary *d,
                           const struct rn_pq_type *type, uint8_t *slice,
                           size_t n);

void rn_pq_dictionary_clear(struct rn_pq_dictionary *d);

/* The number of a value, a new one if it was not here yet (count grows then),
 * or RN_PQ_NO_NUMBER. Floating-point values come as their bits: what differs
 * in any bit is another value.
 */
uint32_t rn_pq_dictionary_number(struct rn_pq_dictionary *d, uint64_t value);
uint32_t rn_pq_dictionary_bytes(struct rn_pq_dictionary *d,
                                struct rn_bytes value);

#endif
