/* row/decimal.h: exact decimal numbers as text. */
#ifndef ROW_DECIMAL_H
#define ROW_DECIMAL_H

#include "runnel/base.h"
#include "runnel/wide.h"

#define RN_DECIMAL_DIGITS 38
#define RN_DECIMAL_TEXT   41 /* sign, point, digits, a leading zero */

/* Bring "12.5", "+012.50", "1.25e1" to a column's canonical text (runnel/row.h,
 * RN_DECIMAL) in `to` (RN_DECIMAL_TEXT bytes). Returns the length; RN_E_VALUE
 * when the text is no decimal number, needs more digits after the point than
 * `scale` (zeros aside) or more than `precision` in all: nothing is rounded.
 */
int rn_decimal(struct rn_bytes text, unsigned precision, unsigned scale,
               char *to);

/* Canonical text as an integer in two's complement, the point left out: 38
 * digits fit.
 */
struct rn_wide rn_decimal_unscaled(struct rn_bytes text);

#endif
