/* encode/parquet_options.c: see encode/parquet_options.h. */
#include "encode/parquet_options.h"

#include "row/name.h"

/* Columns together have three sixteenths of the memory, and each no more than
 * a 32nd part, because the pool has to hold a dictionary; the rest is for the
 * pool, the codec, the source and the network.
 */
#define SHARE_LEAST UINT64_C(1024)
#define SHARE_PARTS 32
#define SHARE_MOST  (UINT64_C(2560) << 10)
#define PAGE_LEAST  512u
#define PAGE_MOST   (1u << 20)
#define INDEX_LEAST 256u

/* Pages that are larger than this are not read any faster, and a codec needs
 * memory for them.
 */
#define GROWN_MOST (64u << 10)

static size_t share_of(const struct rn_config *config, size_t columns)
{
    uint64_t share = config->job.memory / 16 * 3;

    if (columns > 1) /* 0: a plan that doesn't know yet */
        share /= columns;
    if (share > config->job.memory / SHARE_PARTS)
        share = config->job.memory / SHARE_PARTS;
    if (share < SHARE_LEAST)
        share = SHARE_LEAST;
    return (size_t)(share < SHARE_MOST ? share : SHARE_MOST);
}

/* Half of it is the open page: where memory is short, larger pages save more of
 * a file and of a reader's time than a larger dictionary or index.
 */
struct rn_pq_sizes rn_pq_sizes_for(const struct rn_config *config,
                                   size_t columns)
{
    size_t share = share_of(config, columns);
    struct rn_pq_sizes sizes = { .page = share / 2 & ~(size_t)63,
                                 .dictionary = share / 8 * 3 };
    size_t rest;

    if (sizes.page > PAGE_MOST)
        sizes.page = PAGE_MOST;
    rest = share - sizes.page - sizes.dictionary;
    sizes.index = rest < INDEX_LEAST ? INDEX_LEAST : rest;
    if (config->file.page > 0)
        sizes.page = (size_t)config->file.page;
    if (sizes.page < PAGE_LEAST)
        sizes.page = PAGE_LEAST;
    if (!config->file.dictionary)
        sizes.dictionary = 0;
    sizes.largest = sizes.page + sizes.dictionary;
    if (sizes.largest > GROWN_MOST)
        sizes.largest = GROWN_MOST;
    if (sizes.largest < sizes.page || config->file.page > 0)
        sizes.largest = sizes.page;
    if (!config->file.page_index)
        sizes.index = 0;
    return sizes;
}

/* The next name of a list with commas between; false: there is none. */
static bool next_name(struct rn_bytes *rest, struct rn_bytes *name)
{
    do {
        const uint8_t *comma =
            rest->n > 0 ? memchr(rest->p, ',', rest->n) : NULL;

        name->p = rest->p;
        name->n = comma ? (size_t)(comma - rest->p) : rest->n;
        rest->p += name->n + (comma != NULL);
        rest->n -= name->n + (comma != NULL);
        for (; name->n > 0 && name->p[0] == ' '; name->p++)
            name->n--;
        while (name->n > 0 && name->p[name->n - 1] == ' ')
            name->n--;
    } while (name->n == 0 && rest->n > 0);
    return name->n > 0;
}

static bool means_all(const struct rn_config *config)
{
    struct rn_bytes rest = rn_bytes_of(config->file.bloom_filter), name;

    return next_name(&rest, &name) && rn_bytes_equal(name, RN_STR("all")) &&
           !next_name(&rest, &name);
}

size_t rn_pq_blooms(const struct rn_config *config, size_t columns)
{
    struct rn_bytes rest = rn_bytes_of(config->file.bloom_filter), name;
    size_t n = 0;

    if (means_all(config))
        return columns;
    while (n < columns && next_name(&rest, &name))
        n++;
    return n;
}

static const struct rn_col *column_named(const struct rn_schema *schema,
                                         struct rn_bytes name)
{
    for (size_t i = 0; i < schema->n; i++) {
        if (rn_bytes_equal(schema->col[i].name, name))
            return &schema->col[i];
    }
    return NULL;
}

int rn_pq_check_blooms(const struct rn_config *config,
                       const struct rn_schema *schema, struct rn_error *error)
{
    struct rn_bytes rest = rn_bytes_of(config->file.bloom_filter), name;

    if (means_all(config))
        return RN_OK;
    while (next_name(&rest, &name)) {
        const struct rn_col *col = column_named(schema, name);

        if (col != NULL && col->type != RN_BOOL)
            continue;
        return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: [file] bloom_filter: %s \"%.*s\"", config->path,
                       col ? "there is none for a boolean column like"
                           : "the query has no column",
                       (int)rn_utf8_cut(name, RN_NAME_SHOWN),
                       (const char *)name.p);
    }
    return RN_OK;
}

bool rn_pq_wants_bloom(const struct rn_config *config, const struct rn_col *col)
{
    struct rn_bytes rest = rn_bytes_of(config->file.bloom_filter), name;

    if (means_all(config))
        return col->type != RN_BOOL;
    while (next_name(&rest, &name)) {
        if (rn_bytes_equal(name, col->name))
            return true;
    }
    return false;
}
