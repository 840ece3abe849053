/* cli/cmd_plan.c: runnel plan. */
#include <inttypes.h>

#include "cli/cli.h"
#include "job/json.h"
#include "job/plan.h"

static struct rn_config config;

static void put_number(struct rn_json *j, const char *key, uint64_t value)
{
    rn_json_key(j, key);
    rn_json_u64(j, value);
}

static void put_parts(struct rn_json *j, const struct rn_memory_plan *plan)
{
    rn_json_key(j, "parts");
    rn_json_open(j, '[');
    for (size_t i = 0; i < plan->parts; i++) {
        rn_json_open(j, '{');
        rn_json_key(j, "name");
        rn_json_string(j, plan->part[i].name);
        put_number(j, "bytes", plan->part[i].bytes);
        rn_json_key(j, "what");
        rn_json_string(j, plan->part[i].what);
        rn_json_close(j, '}');
    }
    rn_json_close(j, ']');
}

static void json(const struct rn_memory_plan *plan)
{
    struct rn_json j;

    rn_json_init(&j, &cli_out, false);
    rn_json_open(&j, '{');
    rn_json_key(&j, "job");
    rn_json_string(&j, config.job.name);
    put_number(&j, "budget", plan->budget);
    rn_json_key(&j, "strict");
    rn_json_bool(&j, plan->strict);
    put_parts(&j, plan);
    put_number(&j, "segment", plan->segment);
    put_number(&j, "segments", plan->segments);
    put_number(&j, "block", plan->block);
    put_number(&j, "connections", plan->connections);
    put_number(&j, "columns", plan->columns);
    put_number(&j, "max_cell", plan->max_cell);
    put_number(&j, "blocks_per_gib", plan->blocks_per_gib);
    put_number(&j, "requests_per_gib", plan->requests_per_gib);
    put_number(&j, "largest_file", plan->largest_file);
    rn_json_close(&j, '}');
    rn_out_byte(&cli_out, '\n');
}

static void row(const char *name, uint64_t bytes, const char *what)
{
    char number[RN_GROUPED_MAX];
    rn_print(&cli_out, "  %-12s %14s  %s\n", name, rn_grouped(bytes, number),
             what);
}

static void text(const struct rn_memory_plan *plan)
{
    char size[RN_SIZE_MAX];
    char other[RN_SIZE_MAX];
    char number[RN_GROUPED_MAX];

    rn_print(&cli_out, "%s: %s of memory, %s\n", config.job.name,
             rn_size_text(plan->budget, size),
             plan->strict ? "strict (nothing is allocated after the start)"
                          : "measured (a library of this build allocates)");
    for (size_t i = 0; i < plan->parts; i++)
        row(plan->part[i].name, plan->part[i].bytes, plan->part[i].what);
    row("in all", plan->budget, "bytes");
    rn_print(&cli_out, "what fits:\n");
    rn_print(&cli_out, "  columns      %zu, values up to %s\n", plan->columns,
             rn_size_text(plan->max_cell, size));
    rn_print(&cli_out, "  blocks       %s each, %u at a time\n",
             rn_size_text(plan->block, size), plan->connections);
    rn_print(&cli_out, "  for a GiB    %s blocks",
             rn_grouped(plan->blocks_per_gib, number));
    rn_print(&cli_out, ", %s requests\n",
             rn_grouped(plan->requests_per_gib, number));
    rn_print(&cli_out, "  a file       up to %s, then the next part begins\n",
             rn_size_text(plan->largest_file, other));
}

int cli_plan(const struct cli_options *o)
{
    struct rn_error error;
    struct rn_memory_plan plan = { 0 };
    struct rn_arena mem;

    int err = cli_read_job(o, 0, &config, &error);
    if (err == RN_OK)
        err = cli_arena(&config, &mem, &error);
    if (err == RN_OK)
        err = rn_plan_job(&config, &mem, &plan, NULL, &error);
    if (err < 0)
        return cli_failed(&error);
    if (o->json)
        json(&plan);
    else
        text(&plan);
    return CLI_DONE;
}
