/* row/uuid.h: UUIDs as 16 bytes and as text. */
#ifndef ROW_UUID_H
#define ROW_UUID_H

#include "runnel/base.h"

#define RN_UUID_BYTES 16
#define RN_UUID_TEXT  36

/* "00112233-4455-6677-8899-aabbccddeeff" in letters of any case to its bytes
 * in that order. `loose` also takes 32 digits without hyphens and either of
 * the two in braces. RN_E_VALUE for anything else.
 */
int rn_parse_uuid(struct rn_bytes text, bool loose, uint8_t to[RN_UUID_BYTES]);

/* The first form, in small letters, without NUL: always RN_UUID_TEXT bytes. */
void rn_format_uuid(const uint8_t uuid[RN_UUID_BYTES], char *to);

#endif
