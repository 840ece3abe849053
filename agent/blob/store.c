/* blob/store.c: which store a URL means. */
#include "runnel/store.h"

#include <string.h>

const struct rn_store_class *rn_store_for(const char *url)
{
    if (strncmp(url, "file://", 7) == 0)
        return &rn_store_folder;
    if (strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0)
        return &rn_store_azure;
    return NULL;
}
