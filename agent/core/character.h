/* core/character.h: one character as UTF-8, for whoever decodes escapes or
 * another encoding of Unicode.
 */
#ifndef CORE_CHARACTER_H
#define CORE_CHARACTER_H

#include "runnel/base.h"

/* `point` is a character: at most U+10FFFF and no surrogate, which is the
 * caller's to know. Returns how many bytes it is.
 */
static inline size_t rn_put_utf8(uint32_t point, uint8_t to[4])
{
    if (point < 0x80) {
        to[0] = (uint8_t)point;
        return 1;
    }
    if (point < 0x800) {
        to[0] = (uint8_t)(0xc0 | point >> 6);
        to[1] = (uint8_t)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        to[0] = (uint8_t)(0xe0 | point >> 12);
        to[1] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
        to[2] = (uint8_t)(0x80 | (point & 0x3f));
        return 3;
    }
    to[0] = (uint8_t)(0xf0 | point >> 18);
    to[1] = (uint8_t)(0x80 | (point >> 12 & 0x3f));
    to[2] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
    to[3] = (uint8_t)(0x80 | (point & 0x3f));
    return 4;
}

#endif
