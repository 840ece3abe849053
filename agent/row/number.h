/* row/number.h: integers and doubles as text, without libc.
 *
 * A double's text is the shortest that reads back as the same double (ties to
 * the nearest), the same on every board.
 */
#ifndef ROW_NUMBER_H
#define ROW_NUMBER_H

#include "runnel/base.h"

#define RN_I64_TEXT 20
#define RN_F64_TEXT 25

/* Decimal digits with '-' when negative; no NUL. Returns the length. */
size_t rn_format_i64(int64_t v, char *to);
size_t rn_format_u64(uint64_t v, char *to);

/* Finite doubles only (the caller asks isfinite). Like 0.1, 5, -0.0, 1e+300,
 * always valid as a JSON number: an exponent where the value is 1e21 and above
 * or under 1e-6, as ECMAScript writes numbers. Integral values have no point,
 * except that minus zero is "-0.0".
 */
size_t rn_format_f64(double v, char *to);

/* The same digits without exponent choice: value = digits * 10^exponent;
 * digits has no trailing zero unless it is 0. Sign apart.
 */
void rn_shortest_f64(double v, uint64_t *digits, int *exponent);

/* A whole decimal integer literal ("-12", "+12", "012"), or RN_E_VALUE. */
int rn_parse_i64(struct rn_bytes text, int64_t *v);

/* A whole decimal floating literal, correctly rounded, or RN_E_VALUE: no hex,
 * no inf, no nan, no spaces, and nothing that would round to infinity. What is
 * too small becomes zero.
 */
int rn_parse_f64(struct rn_bytes text, double *v);

#endif
