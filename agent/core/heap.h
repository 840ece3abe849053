/* core/heap.h: a general allocator inside one fixed slice, for libraries that
 * insist on one (SQLite, mbedTLS, zlib).
 *
 *     init -> alloc, resize, free in any order
 *
 * Two-level segregated fit with boundary tags: constant time, low
 * fragmentation. When the slice is spent the library sees NULL and `refused`
 * counts it, which is how "out of memory" is told apart from the odd errors
 * libraries make of it.
 */
#ifndef CORE_HEAP_H
#define CORE_HEAP_H

#include "runnel/base.h"

struct rn_heap; /* lives at the front of its slice */

/* Smallest slice that can be one. */
#define RN_HEAP_MIN 8192u

/* Make the `cap` bytes at `base` (aligned to 16) a heap. */
struct rn_heap *rn_heap_init(void *base, size_t cap);

/* Aligned to 16; NULL when there is no room (counted) or n is 0. */
void *rn_heap_alloc(struct rn_heap *h, size_t n);

/* Zeroed; NULL also when the product overflows. */
void *rn_heap_calloc(struct rn_heap *h, size_t n, size_t size);

/* As realloc, n > 0. */
void *rn_heap_resize(struct rn_heap *h, void *p, size_t n);

/* NULL is fine. A pointer that is not of this heap is a broken contract. */
void rn_heap_free(struct rn_heap *h, void *p);

/* Usable bytes of an allocation. */
size_t rn_heap_size(const void *p);

struct rn_heap_stats {
    size_t cap;       /* bytes of the slice                        */
    size_t used;      /* bytes handed out now, overhead included   */
    size_t peak;      /* largest `used`                            */
    uint64_t refused; /* allocations that found no room            */
};
void rn_heap_stats(const struct rn_heap *h, struct rn_heap_stats *s);

#endif
