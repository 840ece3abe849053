/* encode/avro.c: Avro object container files.
 *
 *     "Obj" 1 | metadata: avro.schema, avro.codec | marker
 *             | rows, bytes, data, marker | rows, bytes, data, marker | ...
 *
 * Rows are composed in a block of bounded size, which is compressed and written
 * when the next row does not fit. A row that is larger than a whole block is a
 * block of its own and is never in memory twice: it is gone through once for
 * its length, which precedes it, and once more to be written.
 *
 * The marker is what a reader looks for that starts in the middle of a file,
 * as clusters do with large ones. It is chosen by chance for each file, as the
 * format asks: one that followed from the job could be put into a cell by
 * whoever writes to the table, or by chance when the table holds earlier files
 * as blobs, and such a reader would take that place for the end of a block. So
 * two files of the same rows differ in their markers, and in nothing else.
 *
 * Format: Apache Avro 1.11, "Object Container Files".
 */
#include "compress/codec.h"
#include "compress/crc32.h"
#include "core/record.h"
#include "encode/avro_schema.h"
#include "encode/avro_value.h"
#include "encode/list.h"
#include "encode/text.h"
#include "runnel/port.h"

#define KIB(n)    ((size_t)(n) << 10)
#define MARKER    16
#define CRC_BYTES 4

struct avro {
    struct rn_encoder e;
    struct rn_avro_schema schema;
    struct rn_avro_field *field;
    uint8_t *block;
    struct rn_avro_span span; /* what of the block is filled */
    uint64_t rows;            /* in the block */
    uint8_t marker[MARKER];

    /* With a codec only. */
    struct rn_codec *codec;
    struct rn_bytes *piece; /* of a row that is a block of its own */
    uint8_t *packed;
    size_t packed_cap;
};

/* -------------------------------------------------------------- memory */

static size_t share_of(const struct rn_config *config, size_t least,
                       size_t most)
{
    uint64_t share = config->job.memory / 16;

    return share < least ? least : share > most ? most : (size_t)share;
}

/* Bytes of rows in a block. */
static size_t block_size(const struct rn_config *config)
{
    if (config->file.page > 0)
        return (size_t)config->file.page;
    return share_of(config, KIB(4), KIB(256));
}

static size_t codec_budget(const struct rn_config *config)
{
    size_t share = share_of(config, KIB(12), KIB(1024));

    /* What small tables lose is large, and what large ones win is small. */
    if (share < KIB(128))
        share = share < KIB(64) ? 2 * share : KIB(128);
    return share;
}

/* The heads of a row that is a block of its own are composed in the block's
 * memory, all at once when there is a codec.
 */
static size_t block_cap(const struct rn_config *config, size_t columns)
{
    size_t cap = block_size(config), heads = columns * RN_AVRO_HEAD;

    if (rn_codec_for(config->file.compression) != NULL && heads > cap)
        cap = heads;
    return RN_ROUND(cap + RN_AVRO_ROOM);
}

/* One byte more, as a stream's buffer is never left full. */
static size_t packed_cap(const struct rn_codec_class *codec, size_t block)
{
    return RN_ROUND(codec->bound(block) + 1);
}

/* All heads before a tail are one piece, so there are no more of them. */
static size_t most_pieces(size_t columns)
{
    return 2 * columns;
}

static size_t avro_need(const struct rn_config *config, size_t columns)
{
    const struct rn_codec_class *codec = rn_codec_for(config->file.compression);
    size_t block = block_size(config);
    size_t need = RN_ROUND(sizeof(struct avro)) + rn_avro_schema_need(columns) +
                  RN_ROUND(columns * sizeof(struct rn_avro_field)) +
                  block_cap(config, columns);

    if (codec == NULL)
        return need;
    return need + codec->need(block, config->file.level, codec_budget(config)) +
           packed_cap(codec, block) +
           RN_ROUND(most_pieces(columns) * sizeof(struct rn_bytes));
}

/* -------------------------------------------------------------- pieces */

static void put_long(struct rn_out *out, uint64_t v)
{
    uint8_t text[RN_AVRO_ROOM];

    rn_out_put(out, text, (size_t)(rn_avro_long(text, (int64_t)v) - text));
}

static void put_bytes(struct rn_out *out, struct rn_bytes b)
{
    put_long(out, b.n);
    rn_out_put(out, b.p, b.n);
}

static void open_block(struct avro *k, uint64_t rows, uint64_t bytes)
{
    put_long(k->e.out, rows);
    put_long(k->e.out, bytes);
}

static int close_block(struct avro *k)
{
    rn_out_put(k->e.out, k->marker, MARKER);
    k->span.at = k->block;
    k->rows = 0;
    return k->e.out->err;
}

static int discard(struct rn_out *o)
{
    (void)o;
    return RN_OK;
}

/* -------------------------------------------------------------- blocks */

/* Snappy has no checksum of its own, so Avro adds one, of what went in. */
static void put_crc(struct avro *k, const struct rn_bytes *piece, size_t pieces)
{
    uint32_t crc = 0;
    uint8_t text[CRC_BYTES];

    for (size_t i = 0; i < pieces; i++)
        crc = rn_crc32(crc, piece[i].p, piece[i].n);
    for (size_t i = 0; i < CRC_BYTES; i++)
        text[i] = (uint8_t)(crc >> (24 - 8 * i));
    rn_out_put(k->e.out, text, CRC_BYTES);
}

static int pack(struct avro *k, const struct rn_bytes *piece, size_t pieces,
                struct rn_out *to)
{
    int err = k->codec->cls->pack(k->codec, piece, pieces, to);

    if (err == RN_E_FULL) {
        rn_out_fail(k->e.out, err);
        rn_fail(k->e.error, err, RN_AT_AGENT,
                "Avro: %s failed to compress a block; raise job.memory",
                k->codec->cls->name);
    }
    return err;
}

/* What compresses to more than there is memory for is compressed twice. */
static int put_packed(struct avro *k, const struct rn_bytes *piece,
                      size_t pieces, uint64_t rows)
{
    bool snappy = k->codec->cls->kind == RN_COMPRESSION_SNAPPY;
    struct rn_out *out = k->e.out, packed;
    uint64_t bytes, before;
    int err;

    rn_out_init(&packed, k->packed, k->packed_cap, discard);
    err = pack(k, piece, pieces, &packed);
    if (err < 0)
        return err;
    bytes = rn_out_total(&packed);
    open_block(k, rows, bytes + (snappy ? CRC_BYTES : 0));
    before = rn_out_total(out);
    if (packed.total == 0)
        rn_out_put(out, k->packed, packed.len);
    else
        pack(k, piece, pieces, out);
    if (out->err != RN_OK)
        return out->err;
    RN_ASSERT(rn_out_total(out) - before == bytes);
    if (snappy)
        put_crc(k, piece, pieces);
    return close_block(k);
}

static int put_block(struct avro *k)
{
    struct rn_bytes rows = { k->block, (size_t)(k->span.at - k->block) };

    if (k->rows == 0 || k->e.out->err != RN_OK)
        return k->e.out->err;
    if (k->codec != NULL)
        return put_packed(k, &rows, 1, k->rows);
    open_block(k, k->rows, rows.n);
    rn_out_put(k->e.out, rows.p, rows.n);
    return close_block(k);
}

/* ---------------------------------------- a row that is more than a block */

/* Heads one after another in the block's memory, tails where they are. */
static int put_row_packed(struct avro *k, const struct rn_row *row)
{
    uint8_t *from = k->block, *at = from;
    size_t n = 0;

    for (size_t i = 0; i < row->n; i++) {
        struct rn_bytes tail = rn_avro_tail(&k->field[i], &row->cell[i]);

        at = rn_avro_head(&k->field[i], &row->cell[i], at);
        if (at == NULL) {
            k->span.column = i;
            return RN_E_VALUE;
        }
        if (tail.n == 0)
            continue;
        k->piece[n++] = (struct rn_bytes){ from, (size_t)(at - from) };
        k->piece[n++] = tail;
        from = at;
    }
    if (at > from)
        k->piece[n++] = (struct rn_bytes){ from, (size_t)(at - from) };
    return put_packed(k, k->piece, n, 1);
}

/* The bytes of a row; with `out`, which may be NULL, they are written. */
static int64_t stream_row(struct avro *k, const struct rn_row *row,
                          struct rn_out *out)
{
    uint64_t total = 0;

    for (size_t i = 0; i < row->n; i++) {
        struct rn_bytes tail = rn_avro_tail(&k->field[i], &row->cell[i]);
        uint8_t head[RN_AVRO_ROOM];
        uint8_t *end = rn_avro_head(&k->field[i], &row->cell[i], head);

        if (end == NULL) {
            k->span.column = i;
            return RN_E_VALUE;
        }
        total += (size_t)(end - head) + tail.n;
        if (out == NULL)
            continue;
        rn_out_put(out, head, (size_t)(end - head));
        if (tail.n > 0)
            rn_out_put(out, tail.p, tail.n);
    }
    return (int64_t)total;
}

static int put_row_alone(struct avro *k, const struct rn_row *row)
{
    int64_t bytes;

    if (k->codec != NULL)
        return put_row_packed(k, row);
    bytes = stream_row(k, row, NULL);
    if (bytes < 0)
        return (int)bytes;
    open_block(k, 1, (uint64_t)bytes);
    stream_row(k, row, k->e.out);
    return close_block(k);
}

/* ------------------------------------------------------------- the class */

/* The row did not fit what was left of the block. */
static int next_block(struct avro *k, const struct rn_row *row)
{
    int err = put_block(k);

    if (err < 0)
        return err;
    err = rn_avro_row(k->field, row, &k->span);
    if (err == RN_E_FULL)
        return put_row_alone(k, row);
    k->rows += err == RN_OK;
    return err;
}

/* A failure is kept by the stream, which takes nothing more. */
static int avro_row(struct rn_encoder *e, const struct rn_row *row,
                    uint64_t number)
{
    struct avro *k = (struct avro *)e;
    int err;

    RN_ASSERT(row->n == e->schema->n);
    if (e->out->err != RN_OK)
        return e->out->err;
    err = rn_avro_row(k->field, row, &k->span);
    if (err == RN_OK) {
        k->rows++;
        return RN_OK;
    }
    if (err == RN_E_FULL)
        err = next_block(k, row);
    if (err == RN_E_VALUE)
        rn_cell_fail(
            e, number, k->span.column,
            rn_avro_why(&k->field[k->span.column], &row->cell[k->span.column]));
    return err;
}

/* As the format's metadata calls them. */
static struct rn_bytes codec_name(const struct avro *k)
{
    if (k->codec == NULL)
        return RN_STR("null");
    switch (k->codec->cls->kind) {
    case RN_COMPRESSION_DEFLATE:
        return RN_STR("deflate");
    case RN_COMPRESSION_SNAPPY:
        return RN_STR("snappy");
    default:
        return RN_STR("zstandard");
    }
}

static void put_header(struct avro *k)
{
    struct rn_out *out = k->e.out, counter;
    uint8_t nowhere[256];

    rn_out_init(&counter, nowhere, sizeof(nowhere), discard);
    rn_avro_schema_put(&k->schema, &counter);
    rn_out_put(out, "Obj\x01", 4);
    put_long(out, 2); /* entries; a map may come in parts, and 0 ends it */
    put_bytes(out, RN_STR("avro.schema"));
    put_long(out, rn_out_total(&counter));
    rn_avro_schema_put(&k->schema, out);
    put_bytes(out, RN_STR("avro.codec"));
    put_bytes(out, codec_name(k));
    put_long(out, 0);
    rn_out_put(out, k->marker, MARKER);
}

static int avro_begin(struct rn_encoder *e, struct rn_out *out)
{
    struct avro *k = (struct avro *)e;
    int err;

    e->out = out;
    k->span.at = k->block;
    k->rows = 0;
    err = rn_entropy(k->marker, MARKER);
    if (err < 0) {
        rn_out_fail(out, err);
        return rn_fail(e->error, err, RN_AT_AGENT,
                       "Avro: the system gave no random bytes for the "
                       "file's marker");
    }
    put_header(k);
    return out->err;
}

static int avro_end(struct rn_encoder *e)
{
    struct avro *k = (struct avro *)e;
    int err = put_block(k);

    e->out = NULL;
    return err;
}

static int avro_rest(struct rn_encoder *e)
{
    int err = put_block((struct avro *)e);

    return err < 0 ? err : 1;
}

static void avro_save(const struct rn_encoder *e, struct rn_record *r)
{
    rn_record_put_raw(r, ((const struct avro *)e)->marker, MARKER);
}

static int avro_restore(struct rn_encoder *e, struct rn_record *r)
{
    struct avro *k = (struct avro *)e;

    rn_record_get_raw(r, k->marker, MARKER);
    k->span.at = k->block;
    k->rows = 0;
    return r->bad ? RN_E_TORN : RN_OK;
}

static bool take_codec(struct avro *k, struct rn_arena *mem)
{
    const struct rn_config *config = k->e.config;
    const struct rn_codec_class *codec = rn_codec_for(config->file.compression);
    size_t block = block_size(config);

    if (codec == NULL)
        return true;
    if (codec->init(&k->codec, block, config->file.level, codec_budget(config),
                    mem) < 0)
        return false;
    k->packed_cap = packed_cap(codec, block);
    k->packed = RN_TAKE(mem, uint8_t, k->packed_cap);
    k->piece = RN_TAKE(mem, struct rn_bytes, most_pieces(k->e.schema->n));
    return k->packed != NULL && k->piece != NULL;
}

static bool take_memory(struct avro *k, struct rn_arena *mem)
{
    size_t columns = k->e.schema->n;

    k->field = RN_TAKE(mem, struct rn_avro_field, columns);
    k->block = RN_TAKE(mem, uint8_t, block_cap(k->e.config, columns));
    if (k->field == NULL || k->block == NULL)
        return false;
    k->span.limit = k->block + block_size(k->e.config);
    for (size_t i = 0; i < columns; i++)
        rn_avro_field_init(&k->field[i], &k->e.schema->col[i]);
    return take_codec(k, mem);
}

/* The job file's check has seen to it: this is for who calls us otherwise. */
static int check_codec(const struct rn_config *config, struct rn_error *error)
{
    enum rn_compression kind = config->file.compression;
    bool ours = kind == RN_COMPRESSION_NONE || kind == RN_COMPRESSION_DEFLATE ||
                kind == RN_COMPRESSION_SNAPPY || kind == RN_COMPRESSION_ZSTD;

    if (ours && (kind == RN_COMPRESSION_NONE || rn_codec_for(kind) != NULL))
        return RN_OK;
    return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                   "%s: [file] compression: Avro takes null, deflate, snappy "
                   "or zstd, as far as they are in this build",
                   config->path);
}

static int avro_open(const struct rn_config *config,
                     const struct rn_schema *schema, struct rn_arena *mem,
                     struct rn_error *error, struct rn_encoder **encoder)
{
    struct avro *k = RN_TAKE(mem, struct avro, 1);
    int err = k == NULL ? RN_E_FULL : check_codec(config, error);

    *encoder = NULL;
    if (err == RN_OK)
        err = rn_check_names(schema, error);
    if (err == RN_OK) {
        k->e.cls = &rn_encode_avro;
        k->e.config = config;
        k->e.schema = schema;
        k->e.error = error;
        k->schema.config = config;
        k->schema.schema = schema;
        err = rn_avro_schema_init(&k->schema, mem, error);
    }
    if (err == RN_OK && !take_memory(k, mem))
        err = RN_E_FULL;
    if (err == RN_E_FULL)
        return rn_fail(error, RN_E_FULL, RN_AT_AGENT,
                       "no memory is left for the encoder; raise job.memory");
    if (err < 0)
        return err;
    *encoder = &k->e;
    return RN_OK;
}

/* Nobody has registered a media type for these files. "avro/binary", which the
 * format's page on remote calls names, is for messages, and "avro" is no type
 * that RFC 6838 knows.
 */
const struct rn_encoder_class rn_encode_avro = {
    .name = "avro",
    .suffix = "avro",
    .mime = "application/avro",
    .packs = true,
    .need = avro_need,
    .open = avro_open,
    .begin = avro_begin,
    .row = avro_row,
    .end = avro_end,
    .rest = avro_rest,
    .save_most = MARKER,
    .save = avro_save,
    .restore = avro_restore,
};
