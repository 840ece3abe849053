/* compress/snappy_fragment.h: the one function of the snappy library we call.
 *
 * tools/snappy_fragment.cc gives it a C name; tools/deps.mk builds both. The
 * library's own C interface allocates for every call, this doesn't.
 */
#ifndef COMPRESS_SNAPPY_FRAGMENT_H
#define COMPRESS_SNAPPY_FRAGMENT_H

#include <stddef.h>
#include <stdint.h>

#define RN_SNAPPY_FRAGMENT 65536u /* snappy.h: kBlockSize           */
#define RN_SNAPPY_ENTRIES  32768u /* snappy.h: kMaxHashTableSize    */

/* Compress 1 to RN_SNAPPY_FRAGMENT bytes into the elements of snappy's format
 * that make them, without a length before them. `table` has `entries`, a power
 * of two from 256 to RN_SNAPPY_ENTRIES, all zero. Returns the bytes written to
 * `to`, which has room for 32 + n + n / 6.
 */
size_t rn_snappy_fragment(const char *from, size_t n, char *to, uint16_t *table,
                          int entries);

extern const char rn_snappy_library[]; /* "snappy 1.2.2" */

#endif
