/* job/run_load_none.c: in place of run_load.c and plan_load.c in an image
 * without warehouses: nothing follows a finished run, and a job that asks for
 * it is refused before its first row.
 */
#include "job/run_parts.h"

bool rn_plan_over_odbc(const struct rn_config *config)
{
    (void)config;
    return false;
}

void rn_plan_load(const struct rn_config *config,
                  const struct rn_schema *schema, struct rn_memory_plan *plan)
{
    (void)config, (void)schema, (void)plan;
}

int rn_plan_load_refuses(const struct rn_config *config,
                         const struct rn_schema *schema, struct rn_error *error)
{
    const char *section = config->databricks.wanted ? "databricks"
                          : config->synapse.wanted  ? "synapse"
                          : config->connect.wanted  ? "connect"
                          : config->validate.wanted ? "validate"
                                                    : NULL;

    (void)schema;
    if (!section)
        return RN_OK;
    return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                   "%s: [%s]: this build has no warehouses", config->path,
                   section);
}

size_t rn_run_load_need(const struct rn_config *config,
                        const struct rn_schema *schema)
{
    (void)config, (void)schema;
    return 0;
}

int rn_run_open_warehouses(struct run *r, struct rn_arena *mem)
{
    (void)mem;
    return rn_plan_load_refuses(r->config, &r->schema, r->error);
}

void rn_run_close_warehouses(struct run *r)
{
    (void)r;
}

uint8_t rn_run_pending(const struct run *r)
{
    (void)r;
    return 0;
}

/* What another image of this job left to be loaded stays to be loaded. */
int rn_run_load(struct run *r, const struct rn_config *then,
                const struct rn_open_run *open)
{
    (void)then;
    if (open->pending == 0)
        return RN_OK;
    return rn_fail(r->error, RN_E_CONFIG, RN_AT_WAREHOUSE,
                   "run %s has yet to be loaded, and this build has no "
                   "warehouses: run the job once with one that has",
                   open->run);
}

int rn_run_validate(struct run *r)
{
    (void)r;
    return RN_OK;
}
