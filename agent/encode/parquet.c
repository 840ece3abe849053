/* encode/parquet.c: Parquet, a column a lane.
 *
 *     PAR1 | group: chunk of column 0, 1, ... | column indexes, offset indexes,
 *     Bloom filters of the group | group ... | footer | its length | PAR1
 *
 * Cells go to their column at once and leave as pages; what is kept of a row
 * group is what its metadata will say. Rows are whole or not at all: a file
 * whose row failed half-way is never ended.
 */
#include "core/record.h"
#include "encode/list.h"
#include "encode/lanes_out.h"
#include "encode/parquet_footer.h"
#include "encode/parquet_options.h"
#include "encode/text.h"
#include "row/name.h"

/* Row groups are counted in 16 bits, and readers refuse footers that they take
 * for damage; one that large is read slowly anyway.
 */
#define GROUPS_MAX 32767u
#define FOOT_MAX   (UINT64_C(32) << 20)

/* How often the bytes of a row group are looked at, in rows, at most. */
#define LOOK_MAX 64u

/* A value of which few rows make a group: the estimate does not hold then. */
#define LARGE_CELL 4096

/* Bytes of a chunk's indexes, until its metadata is written. */
struct lengths {
    uint32_t column_index, offset_index;
};

struct parquet {
    struct rn_encoder e;
    struct rn_pq_writer writer;
    struct rn_pq_column **column;
    struct lengths *lengths;
    int failed;          /* since begin: the first failure              */
    uint64_t at;         /* bytes of the file up to the open group      */
    uint64_t rows;       /* in closed groups                            */
    uint64_t group_rows; /* in the open one                             */
    uint64_t foot;       /* bytes of row groups' metadata               */
    uint64_t left_out;   /* chunks without an index                     */
    uint32_t groups;
    uint32_t bloom_bytes; /* of one filter, with header                 */
    uint32_t look;        /* rows until the group's bytes are looked at */
    uint8_t buf[1024];    /* of streams to trunk and foot               */
};

static size_t parquet_need(const struct rn_config *config, size_t columns)
{
    struct rn_pq_sizes sizes = rn_pq_sizes_for(config, columns);
    size_t bloom = RN_ROUND(sizeof(struct rn_pq_bloom)) +
                   RN_ROUND(config->file.bloom_bytes);

    return RN_ROUND(sizeof(struct parquet)) +
           RN_ROUND(columns * sizeof(struct rn_pq_column *)) +
           RN_ROUND(columns * sizeof(struct lengths)) +
           rn_pq_writer_need(config, sizes.largest) +
           columns * rn_pq_column_need(config, &sizes) +
           rn_pq_blooms(config, columns) * bloom;
}

static unsigned parquet_lanes(size_t columns)
{
    return (unsigned)columns;
}

/* A dictionary page, or what a codec makes of it at worst, and its header. */
static size_t parquet_head(const struct rn_config *config, size_t columns)
{
    size_t most = rn_pq_sizes_for(config, columns).dictionary;

    return most + most / 6 + 256;
}

/* The metadata names a column by its name alone. */
static int check_unique(const struct rn_schema *schema, struct rn_error *error)
{
    for (size_t i = 1; i < schema->n; i++) {
        struct rn_bytes name = schema->col[i].name;
        size_t k = 0;

        while (k < i && !rn_bytes_equal(schema->col[k].name, name))
            k++;
        if (k < i)
            return rn_fail(error, RN_E_CONFIG, RN_AT_SOURCE,
                           "columns %zu and %zu are both named \"%.*s\", which "
                           "Parquet cannot tell apart; rename one with AS in "
                           "source.query",
                           k + 1, i + 1, (int)rn_utf8_cut(name, RN_NAME_SHOWN),
                           (const char *)name.p);
    }
    return RN_OK;
}

static int check(const struct rn_config *config, const struct rn_schema *schema,
                 struct rn_error *error)
{
    int err = rn_check_names(schema, error);

    if (err == RN_OK)
        err = check_unique(schema, error);
    if (err == RN_OK)
        err = rn_pq_check_blooms(config, schema, error);
    if (err == RN_OK && rn_pq_codec(config->file.compression) < 0)
        err = rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                      "%s: [file] compression: Parquet has no such codec; use "
                      "snappy, zstd, gzip or none",
                      config->path);
    return err;
}

static int take_bloom(const struct rn_config *config, struct rn_arena *mem,
                      struct rn_pq_bloom **bloom)
{
    struct rn_pq_bloom *b = RN_TAKE(mem, struct rn_pq_bloom, 1);

    if (b == NULL)
        return RN_E_FULL;
    b->size = (size_t)config->file.bloom_bytes;
    b->bits = RN_TAKE(mem, uint8_t, b->size);
    *bloom = b;
    return b->bits == NULL ? RN_E_FULL : RN_OK;
}

static int take_columns(struct parquet *k, const struct rn_pq_sizes *sizes,
                        struct rn_arena *mem)
{
    const struct rn_schema *schema = k->e.schema;
    int err = RN_OK;

    k->column = RN_TAKE(mem, struct rn_pq_column *, schema->n);
    k->lengths = RN_TAKE(mem, struct lengths, schema->n);
    if (k->column == NULL || k->lengths == NULL)
        return RN_E_FULL;
    for (size_t i = 0; err == RN_OK && i < schema->n; i++) {
        struct rn_pq_column_options o = { .col = &schema->col[i],
                                          .writer = &k->writer,
                                          .lane = (uint32_t)i,
                                          .sizes = *sizes };

        if (rn_pq_wants_bloom(k->e.config, o.col))
            err = take_bloom(k->e.config, mem, &o.bloom);
        if (err == RN_OK)
            err = rn_pq_column_init(&k->column[i], k->e.config, &o, mem);
    }
    return err;
}

static int parquet_open(const struct rn_config *config,
                        const struct rn_schema *schema, struct rn_arena *mem,
                        struct rn_error *error, struct rn_encoder **encoder)
{
    struct rn_pq_sizes sizes = rn_pq_sizes_for(config, schema->n);
    struct parquet *k = RN_TAKE(mem, struct parquet, 1);
    int err;

    *encoder = NULL;
    if (k == NULL)
        return rn_fail(error, RN_E_FULL, RN_AT_AGENT,
                       "no memory is left for the encoder; raise job.memory");
    k->e.cls = &rn_encode_parquet;
    k->e.config = config;
    k->e.schema = schema;
    k->e.error = error;
    k->failed = RN_E_FULL; /* until begin */
    err = check(config, schema, error);
    if (err < 0)
        return err;
    err = rn_pq_writer_init(&k->writer, config, sizes.largest, mem);
    if (err == RN_E_ABSENT)
        return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: [file] compression: this build has no such codec",
                       config->path);
    if (err == RN_OK)
        err = take_columns(k, &sizes, mem);
    if (err < 0)
        return rn_fail(error, err, RN_AT_AGENT,
                       "no memory is left for the columns of Parquet; raise "
                       "job.memory");
    *encoder = &k->e;
    return RN_OK;
}

/* Keep the first failure: no row and no end follows it. */
static int keep(struct parquet *k, int err)
{
    if (k->failed == RN_OK)
        k->failed = err;
    if (err == RN_E_FULL)
        rn_fail(k->e.error, err, RN_AT_AGENT,
                "a page of Parquet could not be compressed or is larger than "
                "2 GiB; lower file.page or source.max_cell");
    return err;
}

static void begin_group(struct parquet *k)
{
    k->group_rows = 0;
    k->look = 1;
    for (size_t i = 0; i < k->e.schema->n; i++)
        rn_pq_column_begin(k->column[i]);
}

static int parquet_begin(struct rn_encoder *e, struct rn_lanes *lanes)
{
    struct parquet *k = (struct parquet *)e;

    RN_ASSERT(lanes->n == e->schema->n);
    e->lanes = lanes;
    k->writer.lanes = lanes;
    k->failed = RN_OK;
    k->at = RN_PQ_MAGIC_N;
    k->rows = 0;
    k->foot = 0;
    k->left_out = 0;
    k->groups = 0;
    begin_group(k);
    return keep(k,
                lanes->put(lanes, RN_LANE_TRUNK, RN_PQ_MAGIC, RN_PQ_MAGIC_N));
}

static void open_place(struct parquet *k, struct rn_lanes_out *o, uint32_t lane)
{
    o->lanes = k->e.lanes;
    o->lane = lane;
    o->head = false;
    rn_lanes_out_init(o, k->buf, sizeof(k->buf));
}

static uint64_t chunk_bytes(const struct rn_pq_chunk *chunk)
{
    return chunk->dictionary_bytes + chunk->bytes;
}

/* Column indexes, then offset indexes, each side by side so that a reader gets
 * all of a group at once.
 */
static void put_indexes(struct parquet *k, uint64_t start, struct rn_out *out)
{
    uint64_t before = rn_out_total(out);

    for (size_t i = 0; i < k->e.schema->n; i++, before = rn_out_total(out)) {
        struct rn_pq_chunk *chunk = rn_pq_column_chunk(k->column[i]);

        if (rn_pq_index_any(&chunk->index))
            rn_pq_column_index(&chunk->index, out);
        else
            k->left_out += k->e.config->file.page_index;
        k->lengths[i].column_index = (uint32_t)(rn_out_total(out) - before);
    }
    for (size_t i = 0; i < k->e.schema->n; i++, before = rn_out_total(out)) {
        struct rn_pq_chunk *chunk = rn_pq_column_chunk(k->column[i]);

        if (rn_pq_index_any(&chunk->index))
            rn_pq_offset_index(&chunk->index, start + chunk->dictionary_bytes,
                               out);
        k->lengths[i].offset_index = (uint32_t)(rn_out_total(out) - before);
        start += chunk_bytes(chunk);
    }
}

static void put_blooms(struct parquet *k, struct rn_out *out)
{
    for (size_t i = 0; i < k->e.schema->n; i++) {
        struct rn_pq_chunk *chunk = rn_pq_column_chunk(k->column[i]);
        uint64_t before = rn_out_total(out);

        if (chunk->bloom == NULL)
            continue;
        rn_pq_bloom_write(chunk->bloom, out);
        k->bloom_bytes = (uint32_t)(rn_out_total(out) - before);
    }
}

static struct rn_pq_place next_place(uint64_t *at, uint32_t bytes)
{
    struct rn_pq_place place = { *at, bytes };

    *at += bytes;
    return place;
}

/* The columns of a RowGroup: `start` is where the first chunk begins, and
 * k->at, as yet, where the last one ends.
 */
static void put_chunks(struct parquet *k, struct rn_thrift *t, uint64_t start)
{
    uint64_t column_at = k->at, offset_at, bloom_at;

    offset_at = column_at;
    for (size_t i = 0; i < k->e.schema->n; i++)
        offset_at += k->lengths[i].column_index;
    bloom_at = offset_at;
    for (size_t i = 0; i < k->e.schema->n; i++)
        bloom_at += k->lengths[i].offset_index;
    for (size_t i = 0; i < k->e.schema->n; i++) {
        const struct rn_pq_chunk *chunk = rn_pq_column_chunk(k->column[i]);
        struct rn_pq_chunk_meta meta = {
            .col = &k->e.schema->col[i],
            .type = rn_pq_column_type(k->column[i]),
            .chunk = chunk,
            .start = start,
            .column_index = next_place(&column_at, k->lengths[i].column_index),
            .offset_index = next_place(&offset_at, k->lengths[i].offset_index),
            .bloom = next_place(&bloom_at, chunk->bloom ? k->bloom_bytes : 0),
        };

        rn_pq_put_chunk(t, k->e.config, &meta);
        start += chunk_bytes(chunk);
    }
}

/* The RowGroup to the foot. */
static int put_group(struct parquet *k, uint64_t start)
{
    struct rn_lanes_out foot;
    struct rn_thrift t;
    uint64_t raw = 0;

    for (size_t i = 0; i < k->e.schema->n; i++) {
        const struct rn_pq_chunk *chunk = rn_pq_column_chunk(k->column[i]);

        RN_ASSERT(chunk->rows == k->group_rows);
        raw += chunk->raw_bytes + chunk->dictionary_raw;
    }
    open_place(k, &foot, RN_LANE_FOOT);
    rn_thrift_begin(&t, &foot.out);
    rn_thrift_list(&t, 1, RN_THRIFT_STRUCT, k->e.schema->n);
    put_chunks(k, &t, start);
    rn_thrift_i64(&t, 2, (int64_t)raw);
    rn_thrift_i64(&t, 3, (int64_t)k->group_rows);
    rn_thrift_i64(&t, 5, (int64_t)start);
    rn_thrift_i64(&t, 6, (int64_t)(k->at - start));
    rn_thrift_i16(&t, 7, (int16_t)k->groups);
    rn_thrift_end(&t);
    k->foot += rn_out_total(&foot.out);
    return rn_out_flush(&foot.out);
}

static int close_group(struct parquet *k)
{
    uint64_t start = k->at;
    struct rn_lanes_out trunk;
    int err = RN_OK;

    for (size_t i = 0; err == RN_OK && i < k->e.schema->n; i++) {
        err = rn_pq_column_flush(k->column[i]);
        k->at += chunk_bytes(rn_pq_column_chunk(k->column[i]));
    }
    if (err == RN_OK)
        err = k->e.lanes->close_group(k->e.lanes);
    if (err < 0)
        return err;
    open_place(k, &trunk, RN_LANE_TRUNK);
    put_indexes(k, start, &trunk.out);
    put_blooms(k, &trunk.out);
    err = rn_out_flush(&trunk.out);
    if (err == RN_OK)
        err = put_group(k, start);
    if (err < 0)
        return err;
    k->at += rn_out_total(&trunk.out);
    k->rows += k->group_rows;
    k->groups++;
    begin_group(k);
    return RN_OK;
}

/* To add up all columns for every row would cost more than many a row; a group
 * may grow by some rows over its limit.
 */
static bool group_is_large(struct parquet *k)
{
    uint64_t limit = k->e.config->file.row_group_bytes;
    uint64_t bytes = 0, rows;

    if (limit == 0 || --k->look > 0)
        return false;
    for (size_t i = 0; i < k->e.schema->n; i++)
        bytes += rn_pq_column_bytes(k->column[i]);
    if (bytes >= limit)
        return true;
    rows = (limit - bytes) / (bytes / k->group_rows + 1) / 2;
    k->look = rows < 1 ? 1 : rows < LOOK_MAX ? (uint32_t)rows : LOOK_MAX;
    return false;
}

static bool group_is_complete(struct parquet *k)
{
    uint64_t limit = k->e.config->file.row_group_rows;

    return (limit > 0 && k->group_rows >= limit) || group_is_large(k);
}

static const char *why_not(const struct rn_col *col, const struct rn_cell *cell)
{
    if (cell->type == RN_NULL)
        return "NULL in a column that has none, as its source says";
    switch (col->type) {
    case RN_I64:
        return "an integer of more bits than the column has";
    case RN_F64:
        return "a number that 32 bits cannot hold exactly";
    case RN_DECIMAL:
        return "a decimal of more digits than the column has";
    case RN_UUID:
        return "a UUID has 16 bytes";
    default:
        return col->millis ? RN_WHY_RANGE ", or finer than milliseconds"
                           : RN_WHY_RANGE;
    }
}

static int parquet_row(struct rn_encoder *e, const struct rn_row *row,
                       uint64_t number)
{
    struct parquet *k = (struct parquet *)e;

    RN_ASSERT(row->n == e->schema->n);
    if (k->failed < 0)
        return k->failed;
    for (size_t i = 0; i < row->n; i++) {
        int err = rn_pq_column_put(k->column[i], &row->cell[i]);

        if (row->cell[i].type >= RN_TEXT &&
            row->cell[i].as.bytes.n >= LARGE_CELL)
            k->look = 1;

        if (err == RN_E_VALUE)
            rn_cell_fail(e, number, i,
                         why_not(&e->schema->col[i], &row->cell[i]));
        if (err < 0)
            return keep(k, err);
    }
    k->group_rows++;
    return group_is_complete(k) ? keep(k, close_group(k)) : RN_OK;
}

static int finish(struct parquet *k)
{
    struct rn_lanes_out o;
    uint64_t head, tail;
    int err = k->group_rows > 0 ? close_group(k) : RN_OK;

    if (err < 0)
        return err;
    open_place(k, &o, RN_LANE_FOOT_HEAD);
    rn_pq_put_head(&o.out, k->e.config, k->e.schema, k->rows, k->groups);
    head = rn_out_total(&o.out);
    err = rn_out_flush(&o.out);
    if (err < 0)
        return err;
    open_place(k, &o, RN_LANE_FOOT);
    rn_pq_put_tail(&o.out, k->e.schema->n, k->left_out);
    tail = rn_out_total(&o.out);
    if (head + k->foot + tail > UINT32_MAX)
        return RN_E_FULL;
    rn_pq_put_end(&o.out, (uint32_t)(head + k->foot + tail));
    return rn_out_flush(&o.out);
}

static int parquet_end(struct rn_encoder *e)
{
    struct parquet *k = (struct parquet *)e;
    int err = k->failed < 0 ? k->failed : keep(k, finish(k));

    e->lanes = NULL;
    k->failed = RN_E_FULL; /* until begin */
    return err;
}

static int parquet_rest(struct rn_encoder *e)
{
    struct parquet *k = (struct parquet *)e;

    return k->failed < 0 ? k->failed : k->group_rows == 0;
}

static void parquet_save(const struct rn_encoder *e, struct rn_record *r)
{
    const struct parquet *k = (const struct parquet *)e;

    rn_record_put(r, k->at, 8);
    rn_record_put(r, k->rows, 8);
    rn_record_put(r, k->foot, 8);
    rn_record_put(r, k->left_out, 8);
    rn_record_put(r, k->groups, 4);
}

static int parquet_restore(struct rn_encoder *e, struct rn_record *r)
{
    struct parquet *k = (struct parquet *)e;

    k->writer.lanes = e->lanes;
    k->failed = RN_OK;
    k->at = rn_record_get(r, 8);
    k->rows = rn_record_get(r, 8);
    k->foot = rn_record_get(r, 8);
    k->left_out = rn_record_get(r, 8);
    k->groups = (uint32_t)rn_record_get(r, 4);
    begin_group(k);
    return r->bad ? RN_E_TORN : RN_OK;
}

static bool parquet_full(const struct rn_encoder *e)
{
    const struct parquet *k = (const struct parquet *)e;

    return k->groups >= GROUPS_MAX || k->foot >= FOOT_MAX;
}

const struct rn_encoder_class rn_encode_parquet = {
    .name = "parquet",
    .suffix = "parquet",
    .mime = "application/vnd.apache.parquet",
    .packs = true,
    .need = parquet_need,
    .open = parquet_open,
    .lanes = parquet_lanes,
    .head = parquet_head,
    .begin_lanes = parquet_begin,
    .row = parquet_row,
    .end = parquet_end,
    .full = parquet_full,
    .rest = parquet_rest,
    .save_most = 4 * 8 + 4,
    .save = parquet_save,
    .restore = parquet_restore,
};
