/* row/type.h: column types as people write them.
 *
 *   word            also             what it is
 *   --------------  ---------------  ----------------------------------------
 *   bool            boolean          true or false
 *   int8            tinyint          -128 to 127
 *   int16           smallint         -32768 to 32767
 *   int32                            -2147483648 to 2147483647
 *   int64           bigint           signed, 64 bits
 *   float                            32 bits, IEEE 754
 *   double                           64 bits, IEEE 754
 *   decimal(p,s)    numeric(p,s)     p digits, s of them after the point
 *   date                             a day
 *   time                             a time of day
 *   timestamp                        an instant, in UTC
 *   timestamp_ntz                    a local time: no time zone is known
 *   text            string           UTF-8
 *   json                             text that is a JSON document
 *   uuid                             16 bytes, written 8-4-4-4-12
 *   blob            binary           bytes
 *
 * In any case of letters. `int`, `integer` and `real` are none of them: half of
 * the databases mean 32 bits, the other half 64.
 */
#ifndef ROW_TYPE_H
#define ROW_TYPE_H

#include "runnel/row.h"

/* Holds every word, as rn_type_word() writes it, and the NUL. */
#define RN_TYPE_WORD 20

struct rn_type_about {
    const char *word;
    const char *also; /* NULL: nothing else */
    const char *what;
    enum rn_type type;
    uint8_t bits;
    bool utc;
    bool json;
};

/* The table above. */
extern const struct rn_type_about rn_types[];
extern const size_t rn_types_n;

/* Fill type, utc, precision, scale, bits and json of *col from what somebody
 * wrote. RN_E_CONFIG when it is no type; then *instead (a literal) says what
 * may have been meant, NULL when nothing is near.
 */
int rn_type_parse(const char *text, struct rn_col *col, const char **instead);

/* "(p)" or "(p,s)" with 1 <= p <= 38 and s <= p into *col: what follows it, or
 * NULL when it is none.
 */
const char *rn_type_digits(const char *text, struct rn_col *col);

/* The word of a column's type, in `to`, which is returned. */
const char *rn_type_word(const struct rn_col *col, char to[RN_TYPE_WORD]);

#endif
