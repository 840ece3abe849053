/* row/measure.h: values in the one form in which places are compared.
 *
 * What a file, a warehouse and the run itself hold of a column is compared as
 * text (struct rn_measure_column). Each place writes values in its own way;
 * here they are brought to one:
 *
 *   bool              0, 1
 *   integer           -12
 *   double            the shortest text of number.h; zero has no sign;
 *                     Infinity, -Infinity
 *   decimal           with all digits of its scale
 *   date              2026-11-22
 *   time              10:11:12.000000
 *   timestamp         2026-11-22T10:11:12.000000, with Z when it is UTC
 *   text              its first 28 bytes, less what is no whole character and
 *                     what follows a NUL
 *   uuid              in small letters
 */
#ifndef ROW_MEASURE_H
#define ROW_MEASURE_H

#include "row/digest.h"
#include "runnel/warehouse.h"

/* How much of a text counts for its minimum and maximum. The digest keeps 32
 * bytes and gives up to three of them for whole characters.
 */
#define RN_MEASURE_BYTES 28

/* A column's value, as a place or the digest writes it, in that form, with NUL.
 * An integer for a timestamp is microseconds since 1970. RN_E_VALUE when it is
 * no such value.
 */
int rn_measure_text(const struct rn_col *col, struct rn_bytes text,
                    char to[RN_MEASURE_TEXT]);

/* A sum of integers, booleans or decimals of this column. RN_E_VALUE when it is
 * none or has more than 38 digits.
 */
int rn_measure_sum(const struct rn_col *col, struct rn_bytes text,
                   char to[RN_MEASURE_TEXT]);

/* What the run itself saw of a column; `hash` stays "". */
void rn_measure_digest(const struct rn_col *col,
                       const struct rn_digest_column *d,
                       struct rn_measure_column *to);

/* -- hashes ---------------------------------------------------------------
 *
 * A value's hash is the first eight bytes, as a big-endian number, of the MD5
 * of its text: what C, Databricks and T-SQL can all compute. Added up modulo
 * 2^64 they say whether two places hold the same values in any order. The text
 * is that above, but for
 *
 *   time              the same: hh:mm:ss.ffffff
 *   timestamp, UTC    microseconds since 1970 as a number
 *   timestamp, local  with a space in place of the T
 *   text              its first 2,000 characters (8,000 bytes at most)
 *   blob              its first 8,000 bytes
 *
 * It finds accidents, not forgers. A short cell's takes 130 ns on a desktop and
 * each further byte 1.5: more than encoding it, so it is for runs that ask.
 */
#define RN_MEASURE_CHARS      2000
#define RN_MEASURE_BLOB       8000
#define RN_MEASURE_HASH_SCALE 6

/* Whether values of this column have one: all but doubles, and decimals of a
 * larger scale than 6.
 */
bool rn_measure_hashed(const struct rn_col *col);

/* A cell's hash; 0 for NULL, which so adds nothing. 0 too outside the years
 * that text can show. The column is one that has hashes.
 */
uint64_t rn_measure_hash(const struct rn_col *col, const struct rn_cell *cell);

/* 16 hexadecimal digits and NUL: struct rn_measure_column's `hash`. */
void rn_measure_hash_text(uint64_t sum, char to[20]);

#endif
