/* warehouse/list.c: the warehouses of this image, in the order in which they
 * are loaded.
 */
#include "runnel/warehouse.h"

#include <string.h>

const struct rn_warehouse_class *const rn_warehouses[] = {
    &rn_warehouse_databricks,
    &rn_warehouse_synapse,
};
const size_t rn_warehouses_n = RN_COUNTOF(rn_warehouses);

/* A statement may be waited for in silence for half a minute. */
#define IDLE_MS 60000
#define KEEP_MS 30000

static struct rn_http_options options_of(const struct rn_config *config)
{
    return (struct rn_http_options){
        .connections = 1,
        .connect_ms = config->store.connect_ms,
        .idle_ms =
            config->store.idle_ms > IDLE_MS ? config->store.idle_ms : IDLE_MS,
        .keep_ms = KEEP_MS,
        .ca = config->tls.ca,
        .proxy = config->store.proxy,
    };
}

static bool wants_own(const struct rn_config *config)
{
    if (strncmp(config->store.url, "file:", 5) != 0)
        return false;
    for (size_t i = 0; i < rn_warehouses_n; i++) {
        if (rn_warehouses[i]->wanted(config))
            return true;
    }
    return false;
}

size_t rn_warehouses_http_need(const struct rn_config *config)
{
    struct rn_http_options o = options_of(config);

    return wants_own(config) ? rn_http_need(&o) : 0;
}

int rn_warehouses_http(const struct rn_config *config, struct rn_http **http,
                       bool *own, struct rn_arena *mem, struct rn_error *error)
{
    struct rn_http_options o = options_of(config);

    *own = *http == NULL && wants_own(config);
    return *own ? rn_http_init(&o, mem, error, http) : RN_OK;
}
