/* job/plan.c: see job/plan.h. */
#include "job/plan.h"

#include <string.h>

#include "compress/gzip.h"
#include "core/format.h"
#include "core/pool.h"
#include "job/run_parts.h"
#include "lane/columns.h"
#include "lane/uploader.h"
#include "row/check.h"
#include "row/digest.h"
#include "row/schema.h"
#include "runnel/http.h"
#include "runnel/port.h"
#include "runnel/texts.h"

/* What a pool must at least hold: segments for the manifest, one in the data
 * lane's hand, and a block of four for each connection and one to fill.
 */
#define LEAST_SEGMENT        1024u
#define LEAST_BLOCK_SEGMENTS 4u
#define SEGMENT_MAX          16384u
#define BLOCK_MAX            (UINT64_C(8) << 20)
#define QUEUE_MAX            64u
#define MEMORY_MOST          (UINT64_C(1) << 36)

/* Files of lanes. The table of counts may have a 64th of the memory, but room
 * for a few row groups in any case; row groups are counted in 16 bits by some
 * readers.
 */
#define LANE_TABLE_SHARE 64
#define LEAST_GROUPS     4u
#define GROUPS_MAX       32767u
#define SEGMENTS_A_LANE  6u
#define GOOD_SEGMENTS    40u

int rn_plan_classes(const struct rn_config *config, struct rn_classes *classes,
                    struct rn_error *error)
{
    memset(classes, 0, sizeof *classes);
    for (size_t i = 0; i < rn_sources_n; i++) {
        if (strcmp(rn_sources[i]->name, config->source.kind) == 0)
            classes->source = rn_sources[i];
    }
    for (size_t i = 0; i < rn_encoders_n; i++) {
        if (strcmp(rn_encoders[i]->name, config->file.format) == 0)
            classes->encoder = rn_encoders[i];
    }
    classes->store = rn_store_for(config->store.url);
    if (!classes->source)
        return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: [source] kind: %s is not in this build",
                       config->path, config->source.kind);
    if (!classes->encoder)
        return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: [file] format: %s is not in this build",
                       config->path, config->file.format);
    if (!classes->store)
        return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: [store] url: must begin with https:// or file:///",
                       config->path);
    return RN_OK;
}

int rn_plan_arena(const struct rn_config *config, size_t *bytes,
                  struct rn_error *error)
{
    /* The job file was read before there was an arena. */
    size_t process = rn_memory_process() + RN_ROUND(config->bytes);

    if (config->job.memory > SIZE_MAX / 2 || config->job.memory <= process)
        return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: [job] memory: %llu KiB is less than the "
                       "process itself takes (%zu KiB)",
                       config->path,
                       (unsigned long long)config->job.memory / 1024,
                       process / 1024);
    *bytes = ((size_t)config->job.memory - process) & ~(size_t)(RN_ALIGN - 1);
    return RN_OK;
}

bool rn_plan_gzips(const struct rn_config *config,
                   const struct rn_classes *classes)
{
    return config->file.compression == RN_COMPRESSION_GZIP &&
           !classes->encoder->packs;
}

void rn_plan_ext(const struct rn_config *config,
                 const struct rn_classes *classes, char to[RN_EXT])
{
    rn_format(to, RN_EXT, "%s%s", classes->encoder->suffix,
              rn_plan_gzips(config, classes) ? ".gz" : "");
}

void rn_plan_add(struct rn_memory_plan *plan, const char *name, size_t bytes,
                 const char *what)
{
    RN_ASSERT(plan->parts < RN_PLAN_PARTS);
    plan->part[plan->parts++] = (struct rn_plan_part){ name, bytes, what };
}

static size_t sum(const struct rn_memory_plan *plan)
{
    size_t all = 0;

    for (size_t i = 0; i < plan->parts; i++)
        all += plan->part[i].bytes;
    return all;
}

static void add_fixed(const struct rn_config *config,
                      const struct rn_classes *classes,
                      const struct rn_schema *schema,
                      struct rn_memory_plan *plan)
{
    rn_plan_add(plan, "process", rn_memory_process(),
                RN_ADVICE("stack, C library, program data"));
    rn_plan_add(plan, "job", rn_run_need() + RN_ROUND(config->bytes),
                RN_ADVICE("job file, names, manifest and journal at hand"));
    rn_plan_add(plan, "source", classes->source->need(config),
                RN_ADVICE("the driver's heap and page cache"));
    if (schema)
        rn_plan_add(plan, "rows",
                    classes->encoder->need(config, schema->n) +
                        rn_digest_need(schema->n) + rn_check_need(config) +
                        rn_schema_need(schema),
                    RN_ADVICE("encoder, checks and digests for each column"));
    if (rn_plan_gzips(config, classes))
        rn_plan_add(plan, "compression", rn_gzip_need(config),
                    RN_ADVICE("zlib's window and tables"));
    rn_plan_add(plan, "store", classes->store->need(config),
                RN_ADVICE("requests, HTTP and TLS for each connection"));
}

/* Files of lanes: as many groups as a small part of the memory has room for
 * block counts of.
 */
static void set_lanes(const struct rn_config *config,
                      const struct rn_classes *classes,
                      const struct rn_schema *schema,
                      struct rn_memory_plan *plan)
{
    size_t most = (size_t)config->job.memory / LANE_TABLE_SHARE;
    size_t one;

    if (!classes->encoder->lanes)
        return;
    plan->lanes = classes->encoder->lanes(schema->n);
    plan->head = classes->encoder->head(config, schema->n);
    one = rn_columns_need(plan->lanes, 1);
    one = rn_columns_need(plan->lanes, 9) - one;
    plan->groups = (uint32_t)(most * 8 / one);
    if (plan->groups < LEAST_GROUPS)
        plan->groups = LEAST_GROUPS;
    if (plan->groups > GROUPS_MAX)
        plan->groups = GROUPS_MAX;
}

static size_t lane_segments(const struct rn_memory_plan *plan)
{
    return rn_columns_segments(plan->lanes) + plan->head / plan->segment + 1 +
           RN_SPARE_SEGMENTS;
}

/* Segments of this size that a pool must have to work, and to work well: small
 * ones waste less where each of many lanes has one that is not full.
 */
static size_t least_segments(const struct rn_config *config,
                             const struct rn_memory_plan *plan)
{
    size_t blocks = config->store.connections + 1;
    size_t least =
        config->store.block > 0 ? blocks + 1 : LEAST_BLOCK_SEGMENTS * blocks;

    least += RN_SPARE_SEGMENTS;
    if (plan->lanes > 0 && least < lane_segments(plan))
        least = lane_segments(plan);
    return least;
}

static size_t good_segments(const struct rn_config *config,
                            const struct rn_memory_plan *plan)
{
    size_t least = least_segments(config, plan);
    size_t good = (size_t)plan->lanes * SEGMENTS_A_LANE + GOOD_SEGMENTS;

    return least > good ? least : good;
}

static size_t segments_in(size_t left, uint32_t segment)
{
    size_t n = (left - 2 * RN_ALIGN) / (segment + 2 * sizeof(uint32_t));

    return n < UINT32_MAX / 2 ? n : UINT32_MAX / 2;
}

/* Divide what is left between segments; a block is what lets every connection
 * send one while the next is filled.
 */
static int divide(const struct rn_config *config, size_t left,
                  struct rn_memory_plan *plan)
{
    uint64_t wanted = config->store.block;
    size_t n;

    if (left <= 2 * RN_ALIGN)
        return RN_E_FULL;
    plan->segment = SEGMENT_MAX;
    while (plan->segment > LEAST_SEGMENT &&
           segments_in(left, plan->segment) < good_segments(config, plan))
        plan->segment /= 2;
    n = segments_in(left, plan->segment);
    if (n < least_segments(config, plan))
        return RN_E_FULL;
    plan->segments = (uint32_t)n;
    n = (n - RN_SPARE_SEGMENTS) / (config->store.connections + 1);
    if (wanted == 0 && (uint64_t)n * plan->segment > BLOCK_MAX)
        wanted = BLOCK_MAX;
    if (wanted > 0) {
        uint64_t segments = (wanted + plan->segment - 1) / plan->segment;

        if (segments > n)
            return RN_E_FULL;
        n = (size_t)segments;
    }
    plan->block_segments = (uint32_t)n;
    plan->block = (uint64_t)n * plan->segment;
    return RN_OK;
}

/* What one checkpoint of this job takes at most (run_resume.c). */
static size_t checkpoint_need(const struct rn_classes *classes,
                              const struct rn_schema *schema,
                              const struct rn_memory_plan *plan)
{
    return rn_resume_need(schema->n) + classes->encoder->save_most +
           rn_part_save_need(plan->lanes, plan->groups);
}

/* A run with a key can go on where the store keeps what was staged and the
 * machine a checkpoint. A file may have as many row groups as that has room
 * for the counts of.
 */
static void add_checkpoint(const struct rn_config *config,
                           const struct rn_classes *classes,
                           const struct rn_schema *schema,
                           struct rn_memory_plan *plan)
{
    if (config->source.key[0] == '\0')
        return;
    if (!classes->store->keeps)
        plan->resume = "not into this store: a run begins anew";
    else if (rn_state_room() == 0 || rn_resume_need(0) == 0)
        plan->resume = "not on this machine: a run begins anew";
    else if (!classes->encoder->restore)
        plan->resume = "not with this format: a run begins anew";
    if (plan->resume || !schema)
        return;
    plan->resume =
        plan->lanes > 0 ? "row group by row group" : "block by block";
    while (plan->groups > LEAST_GROUPS &&
           checkpoint_need(classes, schema, plan) > rn_state_room())
        plan->groups -= plan->groups / 8 + 1;
    if (plan->lanes > 0 && plan->groups < LEAST_GROUPS)
        plan->groups = LEAST_GROUPS;
    plan->checkpoint = checkpoint_need(classes, schema, plan);
    rn_plan_add(plan, "checkpoint", RN_ROUND(plan->checkpoint),
                RN_ADVICE("how far a run has come, to go on from there"));
}

/* Every part but the pool; RN_E_FULL when what is left is no pool. */
static int lay_out(const struct rn_config *config,
                   const struct rn_classes *classes,
                   const struct rn_schema *schema, struct rn_memory_plan *plan)
{
    size_t used;

    memset(plan, 0, sizeof *plan);
    plan->budget = (size_t)config->job.memory;
    plan->connections = config->store.connections;
    plan->strict = strncmp(rn_http_version(), "http1", 5) == 0 &&
                   !rn_plan_over_odbc(config);
    add_fixed(config, classes, schema, plan);
    if (schema) /* else what columns need is not known yet */
        set_lanes(config, classes, schema, plan);
    add_checkpoint(config, classes, schema, plan);
    if (plan->lanes > 0)
        rn_plan_add(plan, "lanes", rn_columns_need(plan->lanes, plan->groups),
                    RN_ADVICE("columns under way and counts of their blocks"));
    if (schema)
        rn_plan_load(config, schema, plan);
    rn_plan_add(plan, "queue",
                rn_uploader_need(plan->connections + RN_QUEUE_SPARE),
                RN_ADVICE("blocks under way and their state"));
    used = sum(plan);
    if (used > plan->budget || divide(config, plan->budget - used, plan) < 0)
        return RN_E_FULL;
    rn_plan_add(plan, "pool", plan->budget - used,
                RN_ADVICE("segments: rows on their way into blocks"));
    return RN_OK;
}

struct trial {
    struct rn_config config;
    const struct rn_classes *classes;
    const struct rn_schema *schema;
};

static bool fits(struct trial *t, uint64_t kib)
{
    struct rn_memory_plan plan;

    t->config.job.memory = kib * 1024;
    return lay_out(&t->config, t->classes, t->schema, &plan) == RN_OK;
}

/* A `memory` above `less` that does, in KiB, and no much smaller one: found by
 * trying, since parts grow with it, some of them in steps.
 */
static uint64_t least_memory(struct trial *t, uint64_t less)
{
    uint64_t more = less < 32 ? 32 : less;

    do
        more *= 2;
    while (!fits(t, more) && more < MEMORY_MOST / 1024);
    while (more - less > 1) {
        uint64_t middle = less + (more - less) / 2;

        if (fits(t, middle))
            more = middle;
        else
            less = middle;
    }
    return more;
}

size_t rn_plan_least(const struct rn_config *config,
                     const struct rn_classes *classes,
                     const struct rn_schema *schema)
{
    struct trial t = { *config, classes, schema };

    return (size_t)least_memory(&t, 0) * 1024;
}

/* Whoever is told a number rounds it up: so many KiB above it have to do as
 * well, though a part takes its next step there.
 */
#define ROUND_UP 64

static uint64_t memory_to_name(const struct rn_config *config,
                               const struct rn_classes *classes,
                               const struct rn_schema *schema)
{
    struct trial t = { *config, classes, schema };
    uint64_t named = least_memory(&t, config->job.memory / 1024);

    for (uint64_t at = named; at <= named + ROUND_UP; at++) {
        if (at < MEMORY_MOST / 1024 && !fits(&t, at))
            named = at + 1;
    }
    return named;
}

static int refuse(const struct rn_config *config,
                  const struct rn_classes *classes,
                  const struct rn_schema *schema,
                  const struct rn_memory_plan *plan, struct rn_error *error)
{
    const struct rn_plan_part *largest = &plan->part[0];

    for (size_t i = 1; i < plan->parts; i++) {
        if (plan->part[i].bytes > largest->bytes)
            largest = &plan->part[i];
    }
    return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                   "%s: [job] memory: %llu KiB is too small, this job "
                   "needs %s%llu KiB; the largest part is %s with %zu KiB (%s)",
                   config->path, (unsigned long long)config->job.memory / 1024,
                   schema ? "" : "at least ",
                   (unsigned long long)memory_to_name(config, classes, schema),
                   largest->name, (largest->bytes + 1023) / 1024,
                   largest->what);
}

/* The longest of many lanes that grow alike is twice the average; blocks on
 * their way and segments that are not full leave about 0.7 of that, measured.
 */
static uint64_t lane_block(const struct rn_memory_plan *plan)
{
    uint64_t pool = (uint64_t)plan->segments * plan->segment;
    uint64_t block = pool * 14 / (plan->lanes + 2) / 10;
    uint64_t most = plan->block;

    return block < most ? block : most;
}

/* A row may spread over many blocks when those are small: keep so many of the
 * 50,000 that the largest row allowed still fits (escaped text can be six
 * times as long), but never so many that a file would hardly begin. With
 * lanes, what columns hold back comes when the file is closed, and the longest
 * lane may then be no longer than the average.
 */
static uint32_t spare_blocks(const struct rn_config *config,
                             const struct rn_classes *classes,
                             const struct rn_schema *schema,
                             const struct rn_memory_plan *plan)
{
    uint64_t row = config->source.max_cell * schema->n;
    uint64_t least = plan->block;
    uint64_t blocks;

    if (plan->lanes > 0) {
        row += classes->encoder->need(config, schema->n);
        least = least / 2 + 1;
    } else {
        row *= 6;
    }
    blocks = row / least + RN_LIMIT_SPARE;
    return blocks < RN_MAX_BLOCKS / 2 ? (uint32_t)blocks : RN_MAX_BLOCKS / 2;
}

static void explain(const struct rn_config *config,
                    const struct rn_classes *classes,
                    const struct rn_schema *schema, struct rn_memory_plan *plan)
{
    const uint64_t gib = UINT64_C(1) << 30;

    plan->columns = schema ? schema->n : 0;
    plan->max_cell = config->source.max_cell;
    if (plan->lanes > 0)
        plan->block = lane_block(plan);
    else if (plan->checkpoint > 0 && plan->block_segments > 1)
        plan->block -= plan->segment; /* run_resume.c cuts before it is full */
    plan->blocks_per_gib = (gib + plan->block - 1) / plan->block;
    /* and one to publish each file, one to look at it */
    plan->requests_per_gib = plan->blocks_per_gib + 2;
    plan->cost = plan->requests_per_gib <= RN_COST_LOW      ? "low"
                 : plan->requests_per_gib <= RN_COST_MEDIUM ? "medium"
                                                            : "high";
    plan->limit_spare =
        schema ? spare_blocks(config, classes, schema, plan) : RN_LIMIT_SPARE;
    plan->largest_file = plan->block * (RN_MAX_BLOCKS - plan->limit_spare);
}

int rn_plan_memory(const struct rn_config *config,
                   const struct rn_classes *classes,
                   const struct rn_schema *schema, struct rn_memory_plan *plan,
                   struct rn_error *error)
{
    if (lay_out(config, classes, schema, plan) < 0)
        return refuse(config, classes, schema, plan, error);
    if (schema && plan->checkpoint > rn_state_room())
        return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: [source] key: a checkpoint of %zu columns takes "
                       "%zu KiB and this machine keeps %zu KiB; leave key out, "
                       "or query fewer columns",
                       config->path, schema->n, plan->checkpoint / 1024,
                       rn_state_room() / 1024);
    explain(config, classes, schema, plan);
    return RN_OK;
}

int rn_plan_job(const struct rn_config *config, struct rn_arena *mem,
                struct rn_memory_plan *plan, struct rn_schema *schema,
                struct rn_error *error)
{
    struct rn_classes classes;
    struct rn_binding binding = { .after = { .type = RN_NULL } };
    struct rn_source *source = NULL;
    struct rn_schema columns;
    int err;

    err = rn_plan_classes(config, &classes, error);
    if (err == RN_OK) /* too little for the source is too little */
        err = rn_plan_memory(config, &classes, NULL, plan, error);
    if (err == RN_OK)
        err = classes.source->open(config, mem, error, &source);
    if (err < 0)
        return err;
    RN_ASSERT(source != NULL);
    err = classes.source->query(source, &binding);
    columns = source->schema;
    if (err == RN_OK)
        err = rn_plan_memory(config, &classes, &columns, plan, error);
    /* What it names goes when the source does. */
    if (err == RN_OK && schema && rn_schema_copy(&columns, mem, schema) < 0)
        err = rn_fail(error, RN_E_FULL, RN_AT_AGENT,
                      "no memory is left for the names of the columns; raise "
                      "job.memory");
    if (err == RN_OK)
        err = rn_plan_load_refuses(config, &columns, error);
    classes.source->close(source);
    return err;
}
