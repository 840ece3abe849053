/* compress/gzip_none.c: in place of gzip.c in an image without zlib: a job that
 * asks for gzip is refused when it is read, and nothing else is ever called.
 */
#include "compress/gzip.h"

bool rn_gzip_is_here(void)
{
    return false;
}

size_t rn_gzip_need(const struct rn_config *config)
{
    (void)config;
    return 0;
}

int rn_gzip_init(struct rn_gzip *g, const struct rn_config *config,
                 struct rn_arena *mem)
{
    (void)g, (void)config, (void)mem;
    return RN_E_FULL;
}

int rn_gzip_begin(struct rn_gzip *g, struct rn_out *next)
{
    (void)g, (void)next;
    return RN_E_FULL;
}

int rn_gzip_finish(struct rn_gzip *g)
{
    (void)g;
    return RN_E_FULL;
}

int rn_gzip_rest(struct rn_gzip *g)
{
    (void)g;
    return RN_E_FULL;
}

void rn_gzip_save(const struct rn_gzip *g, struct rn_record *r)
{
    (void)g, (void)r;
}

int rn_gzip_restore(struct rn_gzip *g, struct rn_record *r, struct rn_out *next)
{
    (void)g, (void)r, (void)next;
    return RN_E_TORN;
}
