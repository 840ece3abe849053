/* job/checkpoint.c: see job/checkpoint.h.
 *
 *     "RNCHECKP"  version u32  length u32 (of all)  agent's version, text
 *     body
 *     crc64       of everything before it
 *
 * What a run goes on with is its own version's business: encoders and lanes
 * change, so a checkpoint of any other is not looked into.
 */
#include "job/checkpoint.h"

#include <string.h>

#include "core/crc64.h"
#include "core/version.h"
#include "job/manifest.h"

#define VERSION 1u
#define TAIL    8u
#define MAGIC   "RNCHECKP"
#define MAGIC_N 8u

#define MARK (1 + 8 + 8 + 2 + RN_WATERMARK_MAX)

size_t rn_checkpoint_need(void)
{
    return MAGIC_N + 4 + 4 + 2 + sizeof RN_VERSION + 2 + RN_RUN_ID + 8 + 8 + 1 +
           4 + 3 * 8 + 5 * 8 + 3 * MARK + 4 + TAIL;
}

static uint64_t add_text(uint64_t crc, const char *text)
{
    return rn_crc64(crc, text, strlen(text) + 1);
}

static uint64_t add_number(uint64_t crc, uint64_t n)
{
    uint8_t text[8];

    for (unsigned i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(n >> (8 * i));
    return rn_crc64(crc, text, sizeof text);
}

uint64_t rn_checkpoint_job(const struct rn_config *config,
                           const struct rn_schema *schema)
{
    uint64_t crc = add_number(0, rn_manifest_shape(config, schema));

    crc = add_text(crc, config->job.name);
    crc = add_text(crc, config->source.kind);
    crc = add_text(crc, config->source.database);
    crc = add_text(crc, config->source.query);
    crc = add_text(crc, config->source.key);
    crc = add_text(crc, config->source.watermark);
    crc = add_text(crc, config->source.watermark_start);
    crc = add_number(crc, config->source.max_cell);
    crc = add_number(crc, (uint64_t)config->source.on_oversize);
    crc = add_number(crc, (uint64_t)config->source.on_mismatch);
    crc = add_number(crc, (uint64_t)config->source.on_bad_text);
    crc = add_text(crc, config->store.url);
    return add_text(crc, config->store.path);
}

static void put_mark(struct rn_record *r, const struct rn_watermark *w)
{
    rn_record_put(r, (uint64_t)w->type, 1);
    rn_record_put(r, (uint64_t)w->i64, 8);
    rn_record_put_f64(r, w->f64);
    rn_record_put_bytes(r, w->bytes, w->len);
}

static void get_mark(struct rn_record *r, struct rn_watermark *w)
{
    uint64_t type = rn_record_get(r, 1);

    if (type > RN_BLOB)
        r->bad = true;
    w->type = (enum rn_type)type;
    w->i64 = (int64_t)rn_record_get(r, 8);
    w->f64 = rn_record_get_f64(r);
    w->len = (uint16_t)rn_record_get_bytes(r, w->bytes, sizeof w->bytes);
}

void rn_checkpoint_begin(struct rn_record *r, const struct rn_checkpoint *c)
{
    rn_record_put_raw(r, MAGIC, MAGIC_N);
    rn_record_put(r, VERSION, 4);
    rn_record_put(r, 0, 4); /* the length, when it is known */
    rn_record_put_text(r, RN_VERSION);
    rn_record_put_text(r, c->run);
    rn_record_put(r, c->number, 8);
    rn_record_put(r, c->job, 8);
    rn_record_put(r, (uint64_t)c->at, 1);
    rn_record_put(r, c->files, 4);
    rn_record_put(r, c->rows, 8);
    rn_record_put(r, c->bytes, 8);
    rn_record_put(r, c->before, 8);
    rn_record_put(r, c->counts.rows, 8);
    rn_record_put(r, c->counts.converted, 8);
    rn_record_put(r, c->counts.nulled, 8);
    rn_record_put(r, c->counts.truncated, 8);
    rn_record_put(r, c->counts.replaced, 8);
    put_mark(r, &c->key);
    put_mark(r, &c->watermark);
    put_mark(r, &c->ceiling);
    rn_record_put(r, c->listed, 4);
}

size_t rn_checkpoint_end(struct rn_record *r)
{
    struct rn_record length;

    if (r->bad || r->cap - r->at < TAIL)
        return 0;
    rn_record_open(&length, r->p + MAGIC_N + 4, 4);
    rn_record_put(&length, r->at + TAIL, 4);
    rn_record_put(r, rn_crc64(0, r->p, r->at), TAIL);
    return r->at;
}

static void get_body(struct rn_record *r, struct rn_checkpoint *c)
{
    uint64_t at;

    rn_record_get_text(r, c->run, sizeof c->run);
    c->number = rn_record_get(r, 8);
    c->job = rn_record_get(r, 8);
    at = rn_record_get(r, 1);
    if (at > RN_MANIFEST_COMPLETE)
        r->bad = true;
    c->at = (enum rn_checkpoint_at)at;
    c->files = (uint32_t)rn_record_get(r, 4);
    c->rows = rn_record_get(r, 8);
    c->bytes = rn_record_get(r, 8);
    c->before = rn_record_get(r, 8);
    c->counts.rows = rn_record_get(r, 8);
    c->counts.converted = rn_record_get(r, 8);
    c->counts.nulled = rn_record_get(r, 8);
    c->counts.truncated = rn_record_get(r, 8);
    c->counts.replaced = rn_record_get(r, 8);
    get_mark(r, &c->key);
    get_mark(r, &c->watermark);
    get_mark(r, &c->ceiling);
    c->listed = (uint32_t)rn_record_get(r, 4);
}

/* The checksum comes before the version, so that a flipped bit is never taken
 * for another version of runnel.
 */
static int check(struct rn_record *r, uint8_t *p, size_t len)
{
    struct rn_record tail;

    rn_record_open(r, p, len);
    if (len < MAGIC_N + 8 + TAIL || memcmp(p, MAGIC, MAGIC_N) != 0)
        return RN_E_TORN;
    rn_record_open(&tail, p + len - TAIL, TAIL);
    if (rn_record_get(&tail, TAIL) != rn_crc64(0, p, len - TAIL))
        return RN_E_TORN;
    r->at = MAGIC_N;
    r->cap = len - TAIL;
    return RN_OK;
}

int rn_checkpoint_read(struct rn_record *r, uint8_t *p, size_t len,
                       struct rn_checkpoint *c)
{
    char version[32];
    int err = check(r, p, len);

    memset(c, 0, sizeof *c);
    if (err < 0)
        return err;
    if (rn_record_get(r, 4) != VERSION)
        return RN_E_DENIED;
    if (rn_record_get(r, 4) != len)
        return RN_E_TORN;
    rn_record_get_text(r, version, sizeof version);
    if (strcmp(version, RN_VERSION) != 0)
        return RN_E_DENIED;
    get_body(r, c);
    return r->bad ? RN_E_TORN : RN_OK;
}
