/* cli/cmd_plan.c: runnel plan. */
#include <inttypes.h>

#include "cli/cli.h"
#include "job/json.h"
#include "job/manifest.h"
#include "job/plan.h"
#include "row/type.h"
#include "row/utf8.h"

/* A person wants to see that the types are right, not the whole of a table. */
#define COLUMNS_SHOWN 20u
#define NAME_SHOWN    32

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

/* As in the manifest. */
static void put_schema(struct rn_json *j, const struct rn_schema *schema)
{
    rn_json_key(j, "schema");
    rn_json_open(j, '[');
    for (size_t i = 0; i < schema->n; i++)
        rn_manifest_column(j, &schema->col[i]);
    rn_json_close(j, ']');
}

static void json(const struct rn_memory_plan *plan,
                 const struct rn_schema *schema)
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
    rn_json_key(&j, "cost");
    rn_json_string(&j, plan->cost);
    put_number(&j, "largest_file", plan->largest_file);
    rn_json_key(&j, "resume");
    if (plan->resume)
        rn_json_string(&j, plan->resume);
    else
        rn_json_null(&j);
    put_number(&j, "lanes", plan->lanes);
    put_number(&j, "groups", plan->groups);
    put_schema(&j, schema);
    rn_json_close(&j, '}');
    rn_out_byte(&cli_out, '\n');
}

static void row(const char *name, uint64_t bytes, const char *what)
{
    char number[RN_GROUPED_MAX];
    rn_print(&cli_out, "  %-12s %14s  %s\n", name, rn_grouped(bytes, number),
             what);
}

/* A name is whatever the query says, and this goes to a terminal. */
static void column(const struct rn_col *col)
{
    char name[NAME_SHOWN + 1], word[RN_TYPE_WORD];
    size_t n = rn_utf8_cut(col->name, NAME_SHOWN);

    for (size_t i = 0; i < n; i++) {
        uint8_t c = col->name.p[i];
        name[i] = (char)(c < 0x20 || c == 0x7f ? '?' : c);
    }
    name[n] = 0;
    rn_print(&cli_out, "  %-32s %s%s\n", name, rn_type_word(col, word),
             col->millis ? ", milliseconds" : "");
}

static void columns(const struct rn_schema *schema)
{
    char number[RN_GROUPED_MAX];
    size_t n = schema->n <= COLUMNS_SHOWN ? schema->n : COLUMNS_SHOWN - 1;

    rn_print(&cli_out, "columns:\n");
    for (size_t i = 0; i < n; i++)
        column(&schema->col[i]);
    if (n < schema->n)
        rn_print(&cli_out, "  and %s more\n",
                 rn_grouped(schema->n - n, number));
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
    rn_print(&cli_out, ", %s requests, cost %s\n",
             rn_grouped(plan->requests_per_gib, number), plan->cost);
    rn_print(&cli_out, "  a file       up to %s, then the next part begins\n",
             rn_size_text(plan->largest_file, other));
    if (plan->resume)
        rn_print(&cli_out, "  resumes      %s\n", plan->resume);
    if (plan->lanes > 0)
        rn_print(&cli_out, "  row groups   %s in a file, %u columns each\n",
                 rn_grouped(plan->groups, number), (unsigned)plan->lanes);
}

int cli_plan(const struct cli_options *o)
{
    struct rn_error error;
    struct rn_memory_plan plan = { 0 };
    struct rn_schema schema = { NULL, 0 };
    struct rn_arena mem;

    int err = cli_read_job(o, 0, &config, &error);
    if (err == RN_OK)
        err = cli_arena(&config, &mem, &error);
    if (err == RN_OK)
        err = rn_plan_job(&config, &mem, &plan, &schema, &error);
    if (err < 0)
        return cli_failed(&error);
    if (o->json) {
        json(&plan, &schema);
    } else {
        text(&plan);
        columns(&schema);
    }
    return CLI_DONE;
}
