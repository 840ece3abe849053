/* row/utf8.h: is this text UTF-8, and what to do where it is not.
 *
 * Strict: no overlong forms, no surrogates, nothing above U+10FFFF. NUL and
 * all other characters are fine.
 */
#ifndef ROW_UTF8_H
#define ROW_UTF8_H

#include "runnel/base.h"

/* How many bytes from the start are well-formed: `n` when all are. */
size_t rn_utf8_good(const uint8_t *p, size_t n);

/* Length of the ill-formed piece at `p` (n > 0, rn_utf8_good() == 0): the
 * longest start of a character that no continuation could complete here, or
 * one byte. This is how Unicode recommends to count replacements.
 */
size_t rn_utf8_bad(const uint8_t *p, size_t n);

/* Writes the text with U+FFFD (three bytes) for each ill-formed piece, and
 * stops at the character that does not fit `cap`. Returns the bytes written;
 * *all is what the whole text needs.
 */
size_t rn_utf8_replace(struct rn_bytes text, uint8_t *to, size_t cap,
                       size_t *all);

/* The largest length up to `most` at which well-formed text can be cut
 * without cutting a character. In other text at most three bytes are given up.
 */
size_t rn_utf8_cut(struct rn_bytes text, size_t most);

#endif
