/* source/sqlite_memory.c: SQLite's heap, a slice of the arena.
 *
 * SQLite takes its allocator once for the whole process and passes it no
 * context, so the heap in use is a variable of this file. No lookaside, no
 * page cache of its own: both would be carved from the heap in sizes that fit
 * no small slice.
 */
#include "source/sqlite.h"

#include <limits.h>

/* What SQLite wants for itself: connection, schema, statement, sorter. */
#define BASE_MIN ((uint64_t)64 * 1024)
#define BASE_MAX ((uint64_t)8 * 1024 * 1024)

/* More cache than this only costs: a table is read once, front to back. */
#define CACHE_MAX ((size_t)2 * 1024 * 1024)

/* A cached page carries its b-tree and cache headers. */
#define PAGE_EXTRA 320

static struct rn_heap *slice;

static void *slice_alloc(int n)
{
    return n > 0 ? rn_heap_alloc(slice, (size_t)n) : NULL;
}

static void slice_free(void *p)
{
    rn_heap_free(slice, p);
}

static void *slice_resize(void *p, int n)
{
    return rn_heap_resize(slice, p, (size_t)n);
}

static int slice_size(void *p)
{
    size_t n = p != NULL ? rn_heap_size(p) : 0;
    return n <= INT_MAX ? (int)n : INT_MAX;
}

static int slice_roundup(int n)
{
    return n > INT_MAX - (int)RN_ALIGN ? n : (int)RN_ROUND(n);
}

static int slice_init(void *context)
{
    (void)context;
    return slice != NULL ? SQLITE_OK : SQLITE_NOMEM;
}

static void slice_shutdown(void *context)
{
    (void)context;
}

size_t rn_sqlite_slice(const struct rn_config *config)
{
    if (config->source.memory != 0) {
        size_t asked = RN_ROUND(config->source.memory);
        return asked > RN_HEAP_MIN ? asked : RN_HEAP_MIN;
    }
    uint64_t base = config->job.memory / 16;
    if (base < BASE_MIN)
        base = BASE_MIN;
    if (base > BASE_MAX)
        base = BASE_MAX;
    /* SQLite keeps the largest value that a column had until the query ends:
     * room for one at the limit and a copy of it, or a second column's.
     */
    return RN_ROUND(base + config->source.max_cell * 2);
}

int rn_sqlite_start(struct rn_heap *heap)
{
    static const sqlite3_mem_methods methods = { slice_alloc,    slice_free,
                                                 slice_resize,   slice_size,
                                                 slice_roundup,  slice_init,
                                                 slice_shutdown, NULL };
    RN_ASSERT(slice == NULL);
    slice = heap;
    int rc = sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
    if (rc != SQLITE_OK)
        return rc;
    /* Refused by a library built without threads, which has no modes. */
    (void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
    (void)sqlite3_config(SQLITE_CONFIG_PAGECACHE, (void *)NULL, 0, 0);
    (void)sqlite3_config(SQLITE_CONFIG_SMALL_MALLOC, 1);
    (void)sqlite3_config(SQLITE_CONFIG_URI, 0);
    return sqlite3_initialize();
}

void rn_sqlite_end(void)
{
    if (slice == NULL)
        return;
    (void)sqlite3_shutdown();
    slice = NULL;
}

int64_t rn_sqlite_pages(const struct rn_config *config, size_t bytes,
                        int64_t page)
{
    /* Cached pages stay; what values and the statement need must not find
     * them in its place.
     */
    uint64_t values = config->source.max_cell * 2;
    size_t rest = values < bytes ? bytes - (size_t)values : 0;
    size_t cache = (rest > bytes / 8 ? rest : bytes / 8) / 3;
    if (cache > CACHE_MAX)
        cache = CACHE_MAX;
    int64_t pages = (int64_t)cache / (page + PAGE_EXTRA);
    return pages > 1 ? pages : 1;
}
