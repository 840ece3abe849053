/* job/plan_load.c: what a plan says of the steps behind a finished run; see
 * job/plan.h.
 */
#include "job/plan.h"
#include "job/run_parts.h"
#include "runnel/warehouse.h"
#include "warehouse/connect.h"

bool rn_plan_over_odbc(const struct rn_config *config)
{
    return config->synapse.wanted &&
           (config->synapse.load == RN_SYNAPSE_COPY_INTO ||
            config->synapse.load == RN_SYNAPSE_EXTERNAL);
}

void rn_plan_load(const struct rn_config *config,
                  const struct rn_schema *schema, struct rn_memory_plan *plan)
{
    for (size_t i = 0; i < rn_warehouses_n; i++) {
        if (rn_warehouses[i]->wanted(config))
            rn_plan_add(plan, rn_warehouses[i]->name,
                        rn_warehouses[i]->need(config, schema->n),
                        "statements and answers");
    }
    if (config->connect.wanted)
        rn_plan_add(plan, "connect", rn_connect_need(config),
                    "Synapse as Databricks sees it");
    if (rn_warehouses_http_need(config) > 0)
        rn_plan_add(plan, "https", rn_warehouses_http_need(config),
                    "HTTP and TLS to the warehouses");
    if (config->validate.wanted)
        rn_plan_add(plan, "validation", rn_run_load_need(config, schema),
                    "what each place holds of each column");
}

int rn_plan_load_refuses(const struct rn_config *config,
                         const struct rn_schema *schema, struct rn_error *error)
{
    int err = RN_OK;

    for (size_t i = 0; err == RN_OK && i < rn_warehouses_n; i++) {
        if (rn_warehouses[i]->wanted(config))
            err = rn_warehouses[i]->refuses(config, schema, error);
    }
    return err;
}
