/* source/sqlite_types.h: the type of a column, from its declaration or values.
 *
 * SQLite types values, not columns; files have typed columns. The rule, in
 * order; the declared type is compared without case, up to its parenthesis:
 *
 *   declared                            column     what is taken as it is
 *   ----------------------------------  ---------  --------------------------
 *   (a rule in [types])                 its type   as below for that type
 *   UUID, UNIQUEIDENTIFIER              uuid       blobs of 16 bytes; text
 *                                                  00112233-4455-6677-8899-…
 *   DATE                                date       text 2026-11-22
 *   TIME                                time       text 10:11[:12[.123456]]
 *   DATETIME…, TIMESTAMP…               timestamp  text, ISO 8601; an integer
 *                                                  as Unix seconds; a real as
 *                                                  Julian day (to the ms)
 *   BOOL…                               bool       0 and 1
 *   DECIMAL(p[,s]), DEC…, NUMERIC…,     decimal    numbers and numeric text
 *     1 <= p <= 38, 0 <= s <= p                    that fit p and s exactly
 *   …INT… (not …POINT…, INTERVAL…)      int64      integers
 *   JSON                                json       text, whatever it holds
 *   …CHAR…, …CLOB…, …TEXT…              text       text
 *   …BLOB…                              blob       blobs
 *   …REAL…, …FLOA…, …DOUB…              double     reals; integers that a
 *                                                  double holds exactly
 *   anything else, or an expression     by the first `sample` rows:
 *     integers only                     int64
 *     reals, or reals and integers      double
 *     blobs only                        blob
 *     text, only NULL, any other mix    text
 *
 * [types] also knows what no declaration gives: int8, int16 and int32, integers
 * of that range; float, whose doubles are rounded to the nearest; and
 * timestamp_ntz, which takes text without an offset as it stands, and nothing
 * that is an instant (text with an offset, Unix seconds, Julian days).
 *
 * Timestamps are instants in UTC: SQLite's own functions give UTC and take
 * text without a zone as UTC, so does this; text with an offset is brought to
 * UTC.
 *
 * Every other value breaks its column's type, and on_mismatch decides:
 * error (row and column are named), null (counted as nulled), or convert
 * (counted as converted), which changes the type only where nothing is lost,
 * else it is an error:
 *
 *   int8-64  from a real without fraction, from text like -12
 *   double   from text that is the double's own shortest text; float too
 *   bool     from the text true or false in any case, from 0.0 and 1.0
 *   text     from integers and reals (shortest text; not infinities); json
 *            too
 *   blob     from text, its bytes
 *   date     from an instant as above that is a midnight
 *   uuid     from text of 32 digits without hyphens, and in braces
 *
 * NULL is NULL in every column. Every column may hold NULL: SQLite's metadata
 * says what a table's column is declared as, not what an outer join makes of
 * it.
 */
#ifndef SOURCE_SQLITE_TYPES_H
#define SOURCE_SQLITE_TYPES_H

#include "runnel/row.h"

/* Fill type, precision, scale, utc and json from a declared type (NULL: none).
 * False when the values have to decide.
 */
bool rn_sqlite_declared(const char *declared, struct rn_col *col);

/* Storage classes as a set of bits. */
#define RN_SQLITE_BIT(storage) (1u << (storage))

/* The type of a column whose sampled values had these storage classes. */
enum rn_type rn_sqlite_seen(unsigned seen);

/* The storage class that a column of this type takes without a look at the
 * value, or 0.
 */
uint8_t rn_sqlite_storage(enum rn_type type);

#endif
