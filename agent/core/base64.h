/* core/base64.h: Base64 (RFC 4648 section 4), standard alphabet. */
#ifndef CORE_BASE64_H
#define CORE_BASE64_H

#include "runnel/base.h"

#define RN_BASE64_LEN(n) (((size_t)(n) + 2) / 3 * 4)

/* Writes RN_BASE64_LEN(n) characters with padding, no NUL; returns them. */
size_t rn_base64(const void *p, size_t n, char *to);

/* Decodes text of `n` characters, padding required, nothing else allowed.
 * Returns bytes written, or RN_E_CONFIG for bad text, RN_E_FULL past `cap`.
 */
int rn_base64_decode(const char *p, size_t n, uint8_t *to, size_t cap);

/* Lower-case hexadecimal, 2n characters, no NUL. */
void rn_hex(const void *p, size_t n, char *to);

#endif
