/* job/manifest.c: see job/manifest.h. */
#include "job/manifest.h"

#include <string.h>

#include "core/crc64.h"
#include "core/base64.h"
#include "core/version.h"
#include "job/config_keys.h"
#include "job/json.h"
#include "row/date.h"
#include "row/number.h"

/* The writer's state between calls is in the struct of the header; a JSON
 * writer that goes on where the last call stopped is made from it.
 */
static struct rn_json resume(const struct rn_manifest_writer *w, unsigned depth)
{
    struct rn_json j;

    rn_json_init(&j, w->out, true);
    j.depth = depth;
    j.list = true;
    j.comma = w->files > 0;
    return j;
}

static void put_moment(struct rn_json *j, const char *key, int64_t us)
{
    char text[RN_TIMESTAMP_TEXT];
    int len = us < 0 ? RN_E_VALUE : rn_format_timestamp(us, true, text);

    rn_json_key(j, key);
    if (len < 0)
        rn_json_null(j);
    else
        rn_json_text(j,
                     (struct rn_bytes){ (const uint8_t *)text, (size_t)len });
}

static void put_named(struct rn_json *j, const char *key, const char *text)
{
    rn_json_key(j, key);
    rn_json_string(j, text);
}

static void put_number(struct rn_json *j, const char *key, uint64_t value)
{
    rn_json_key(j, key);
    rn_json_u64(j, value);
}

/* ---------------------------------------------------------------- format */

static void put_member(struct rn_json *j, const struct rn_key *k,
                       const struct rn_config *config)
{
    const uint8_t *at = (const uint8_t *)config + k->at;
    uint64_t big;
    unsigned small;

    switch (k->kind) {
    case RN_KEY_BOOL:
        rn_json_bool(j, *at != 0);
        break;
    case RN_KEY_BYTE:
        rn_json_text(j, (struct rn_bytes){ at, *at != 0 });
        break;
    case RN_KEY_SMALL:
        memcpy(&small, at, sizeof small);
        rn_json_u64(j, small);
        break;
    case RN_KEY_COUNT:
    case RN_KEY_BYTES:
        memcpy(&big, at, sizeof big);
        rn_json_u64(j, big);
        break;
    default:
        rn_json_string(j, rn_key_word(k, config));
        break;
    }
}

/* A key that only says another one in other words, as quote_all does. */
static bool says_again(const struct rn_key *k)
{
    for (const struct rn_key *other = rn_keys; other < k; other++)
        if (other->at == k->at)
            return true;
    return false;
}

/* Every key of [file] that applies to this job, under its own name: what a
 * reader has to be told to read the files back.
 */
static void put_format(struct rn_json *j, const struct rn_config *config)
{
    rn_json_key(j, "format");
    rn_json_open(j, '{');
    put_named(j, "name", config->file.format);
    for (size_t i = 0; i < rn_keys_n; i++) {
        const struct rn_key *k = &rn_keys[i];
        const struct rn_key *by;
        const char *words;
        if (strcmp(k->section, "file") != 0 || says_again(k) ||
            strcmp(k->name, "format") == 0 ||
            !rn_key_holds(k, config, &by, &words))
            continue;
        rn_json_key(j, k->name);
        put_member(j, k, config);
    }
    rn_json_close(j, '}');
}

/* --------------------------------------------------------------- columns */

static void put_flag(struct rn_json *j, const char *key, bool value)
{
    rn_json_key(j, key);
    rn_json_bool(j, value);
}

void rn_manifest_column(struct rn_json *j, const struct rn_col *c)
{
    rn_json_open(j, '{');
    rn_json_key(j, "name");
    rn_json_text(j, c->name);
    put_named(j, "type", rn_type_name(c->type));
    put_flag(j, "nullable", c->nullable);
    if (c->type == RN_DECIMAL) {
        put_number(j, "precision", c->precision);
        put_number(j, "scale", c->scale);
    }
    if (c->type == RN_TIMESTAMP)
        put_flag(j, "utc", c->utc);
    if (c->bits != 0 && c->bits != 64)
        put_number(j, "bits", c->bits);
    if (c->millis)
        put_flag(j, "millis", true);
    if (c->json)
        put_flag(j, "json", true);
    rn_json_close(j, '}');
}

static void put_columns(struct rn_json *j, const struct rn_schema *schema)
{
    rn_json_key(j, "columns");
    rn_json_open(j, '[');
    for (size_t i = 0; i < schema->n; i++)
        rn_manifest_column(j, &schema->col[i]);
    rn_json_close(j, ']');
}

/* A stream that keeps nothing but the checksum of what goes through it. */
struct summing {
    struct rn_out out; /* first */
    uint64_t crc;
    uint8_t buf[256];
};

static int add_up(struct rn_out *o)
{
    struct summing *s = (struct summing *)(void *)o;

    s->crc = rn_crc64(s->crc, o->buf, o->len);
    return RN_OK;
}

uint64_t rn_manifest_shape(const struct rn_config *config,
                           const struct rn_schema *schema)
{
    struct summing s = { .crc = 0 };
    struct rn_json j;

    rn_out_init(&s.out, s.buf, sizeof s.buf, add_up);
    rn_json_init(&j, &s.out, false);
    rn_json_open(&j, '{');
    put_format(&j, config);
    put_columns(&j, schema);
    rn_json_close(&j, '}');
    rn_out_flush(&s.out);
    return s.crc;
}

int rn_manifest_begin(struct rn_manifest_writer *w,
                      const struct rn_config *config,
                      const struct rn_manifest_head *head, struct rn_out *out)
{
    struct rn_json j;

    w->out = out;
    w->files = 0;
    rn_json_init(&j, out, true);
    rn_json_open(&j, '{');
    put_number(&j, "runnel_manifest", 1);
    put_named(&j, "job", config->job.name);
    put_named(&j, "run", head->run);
    put_moment(&j, "started", head->started_us);
    put_named(&j, "agent", "runnel " RN_VERSION);
    rn_json_key(&j, "source");
    rn_json_open(&j, '{');
    put_named(&j, "kind", config->source.kind);
    put_named(&j, "version", head->source_version);
    rn_json_close(&j, '}');
    put_format(&j, config);
    put_columns(&j, head->schema);
    rn_json_key(&j, "files");
    rn_json_open(&j, '[');
    return out->err;
}

int rn_manifest_file(struct rn_manifest_writer *w,
                     const struct rn_manifest_file *file)
{
    struct rn_json j = resume(w, 2);

    rn_json_open(&j, '{');
    put_named(&j, "name", file->name);
    put_number(&j, "rows", file->rows);
    put_number(&j, "bytes", file->bytes);
    rn_json_key(&j, "crc64");
    rn_json_crc64(&j, file->crc64);
    put_number(&j, "blocks", file->blocks);
    rn_json_close(&j, '}');
    w->files++;
    return w->out->err;
}

/* ------------------------------------------------------------------- end */

static void put_bound(struct rn_json *j, const char *key, struct rn_bytes text,
                      bool is_value)
{
    rn_json_key(j, key);
    if (is_value)
        rn_json_text(j, text);
    else
        rn_json_null(j);
}

/* An empty text is a value only where a column of texts has any. */
static void put_digest(struct rn_json *j, const struct rn_col *col,
                       const struct rn_digest_column *d)
{
    bool texts = col->type == RN_TEXT && d->non_null > 0;
    struct rn_bytes min = { (const uint8_t *)d->min, d->min_len };
    struct rn_bytes max = { (const uint8_t *)d->max, d->max_len };

    rn_json_open(j, '{');
    rn_json_key(j, "column");
    rn_json_text(j, col->name);
    put_number(j, "non_null", d->non_null);
    put_bound(j, "min", min, texts || min.n > 0);
    put_bound(j, "max", max, texts || max.n > 0);
    if (d->min_cut || d->max_cut) {
        rn_json_key(j, "min_cut");
        rn_json_bool(j, d->min_cut);
        rn_json_key(j, "max_cut");
        rn_json_bool(j, d->max_cut);
    }
    put_bound(j, "sum", rn_bytes_of(d->sum), d->sum[0] != 0);
    rn_json_close(j, '}');
}

static void put_digests(struct rn_json *j, const struct rn_manifest_tail *t)
{
    struct rn_digest_column d;

    rn_json_key(j, "digests");
    rn_json_open(j, '[');
    for (size_t i = 0; i < t->schema->n; i++) {
        rn_digest_column(t->digest, i, &d);
        put_digest(j, &t->schema->col[i], &d);
    }
    rn_json_close(j, ']');
}

static void put_watermark(struct rn_json *j, const struct rn_watermark *w)
{
    char text[2 * RN_WATERMARK_MAX];
    struct rn_bytes value = { (const uint8_t *)text, 0 };

    rn_json_key(j, "watermark");
    if (w == NULL || w->type == RN_NULL) {
        rn_json_null(j);
        return;
    }
    if (w->type == RN_F64) {
        value.n = rn_format_f64(w->f64, text);
    } else if (w->type == RN_TEXT) {
        value = (struct rn_bytes){ w->bytes, w->len };
    } else if (w->type == RN_BLOB) {
        rn_hex(w->bytes, w->len, text);
        value.n = (size_t)2 * w->len;
    } else {
        value.n = rn_format_i64(w->i64, text);
    }
    rn_json_open(j, '{');
    put_named(j, "type", rn_type_name(w->type));
    rn_json_key(j, "value");
    rn_json_text(j, value);
    rn_json_close(j, '}');
}

int rn_manifest_end(struct rn_manifest_writer *w,
                    const struct rn_manifest_tail *tail)
{
    struct rn_json j = resume(w, 2);

    rn_json_close(&j, ']');
    put_number(&j, "rows", tail->rows);
    put_number(&j, "bytes", tail->bytes);
    put_digests(&j, tail);
    rn_json_counts(&j, tail->counts);
    put_watermark(&j, tail->watermark);
    put_moment(&j, "finished", tail->finished_us);
    rn_json_close(&j, '}');
    return w->out->err;
}
