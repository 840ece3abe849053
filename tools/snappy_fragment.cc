/* snappy_fragment.cc: a C name for the part of snappy that allocates nothing;
 * see agent/compress/snappy_fragment.h.
 */
#include "snappy.cc"

extern "C" {
#include "compress/snappy_fragment.h"
}

#define STRING(x) #x
#define DOTTED(a, b, c) STRING(a) "." STRING(b) "." STRING(c)

static_assert(RN_SNAPPY_FRAGMENT == snappy::kBlockSize, "our slices");
static_assert(RN_SNAPPY_ENTRIES == snappy::kMaxHashTableSize, "our table");

size_t rn_snappy_fragment(const char *from, size_t n, char *to, uint16_t *table,
                          int entries)
{
    char *end = snappy::internal::CompressFragment(from, n, to, table, entries);

    return static_cast<size_t>(end - to);
}

const char rn_snappy_library[] =
    "snappy " DOTTED(SNAPPY_MAJOR, SNAPPY_MINOR, SNAPPY_PATCHLEVEL);
