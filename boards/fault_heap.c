/* boards/fault_heap.c: for tests: TLS's heap refuses its kth allocation
 * (option fail=k; 0 or none: no one), and says at the end how many there were.
 * The linker leads rn_heap_calloc() through here (--wrap).
 */
#include "boards/image.h"
#include "core/heap.h"

void *__real_rn_heap_calloc(struct rn_heap *heap, size_t n, size_t size);
void *__wrap_rn_heap_calloc(struct rn_heap *heap, size_t n, size_t size);
int __real_image_end(const struct image_report *r);
int __wrap_image_end(const struct image_report *r);

static uint32_t count;

void *__wrap_rn_heap_calloc(struct rn_heap *heap, size_t n, size_t size)
{
    static uint32_t fail = UINT32_MAX;
    if (fail == UINT32_MAX)
        fail = image_number("fail", 0);
    /* More than there is, so that the heap counts it as refused. */
    if (++count == fail)
        return __real_rn_heap_calloc(heap, 1, SIZE_MAX / 4);
    return __real_rn_heap_calloc(heap, n, size);
}

int __wrap_image_end(const struct image_report *r)
{
    image_say_number("allocations=", count);
    image_say("\n");
    return __real_image_end(r);
}
