/* blob/store.c: which store a URL means. */
#include "runnel/store.h"

const struct rn_store_class *rn_store_for(const char *url)
{
    for (size_t i = 0; i < rn_stores_n; i++) {
        if (rn_stores[i]->claims(url))
            return rn_stores[i];
    }
    return NULL;
}
