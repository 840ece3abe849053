/* encode/scan.h: find the bytes that an encoder cannot write as they are.
 *
 * Eight bytes at a time: a byte of `w ^ a` is zero where w has byte a, and
 * subtracting one from each borrows into the top bit there. What borrows may
 * also mark bytes above a hit, and `below` takes in more than is meant, so that
 * a marked word is looked at byte by byte; unmarked ones are surely clean.
 */
#ifndef ENCODE_SCAN_H
#define ENCODE_SCAN_H

#include <string.h>

#include "runnel/base.h"

struct rn_scan {
    uint64_t a, b, c;  /* in each byte, one that stops              */
    uint64_t below;    /* in each byte: smaller ones may stop       */
    uint8_t stop[256]; /* what does                                 */
};

#define RN_EACH_BYTE UINT64_C(0x0101010101010101)
#define RN_TOP_BITS  UINT64_C(0x8080808080808080)

static inline bool rn_scan_marks(const struct rn_scan *s, uint64_t w)
{
    uint64_t a = w ^ s->a, b = w ^ s->b, c = w ^ s->c;

    return ((((a - RN_EACH_BYTE) & ~a) | ((b - RN_EACH_BYTE) & ~b) |
             ((c - RN_EACH_BYTE) & ~c) | ((w - s->below) & ~w)) &
            RN_TOP_BITS) != 0;
}

/* Fill in from stop[]: at most three bytes of 0x20 and above, and any below
 * `below` (0x20 at most).
 */
void rn_scan_init(struct rn_scan *s, const char *stops, size_t n);

/* Bytes before the first that stops, or n. */
size_t rn_scan_find(const struct rn_scan *s, const uint8_t *p, size_t n);

/* The same, and copies them: `to` has room for n bytes and is written in no
 * other place, though maybe further than the bytes that count.
 */
size_t rn_scan_copy(const struct rn_scan *s, uint8_t *to, const uint8_t *p,
                    size_t n);

#endif
