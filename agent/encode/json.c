/* encode/json.c: one JSON object a row (RFC 8259), a line each or in an array.
 *
 * Strings are UTF-8 as it came: escaped is only what JSON asks for, quotes,
 * backslashes and control characters. Names are escaped once, when the job is
 * opened; those that find no place in the memory for that are escaped each
 * time, so that long names cost time and never fail.
 */
#include <math.h>

#include "core/record.h"
#include "encode/list.h"
#include "encode/pen.h"
#include "encode/scan.h"
#include "encode/text.h"
#include "row/name.h"

/* `,"name":` ready to be written; in blocks, which copy faster than bytes. */
#define KEY_BLOCK 16
#define KEY_MAX   96
#define KEY_BYTES 32 /* for each column, shared by all */

struct key {
    uint32_t at;
    uint32_t len; /* 0: not prepared */
};

struct json {
    struct rn_encoder e;
    struct rn_scan scan;
    struct key *key; /* the row number's first when there is one */
    uint8_t *keys;
    size_t keys_cap;
    size_t n; /* keys */
    bool counted;
    bool array;
    bool any; /* rows in this file */
    bool failed;
    const char *why;
};

static size_t keys_cap(size_t columns)
{
    return RN_ROUND((columns + 1) * KEY_BYTES + KEY_MAX);
}

static size_t json_need(const struct rn_config *config, size_t columns)
{
    (void)config;
    return RN_ROUND(sizeof(struct json)) +
           RN_ROUND((columns + 1) * sizeof(struct key)) + keys_cap(columns);
}

/* \", \\, \b \f \n \r \t, or \u00XX. Returns the length, six at most. */
static size_t escape(uint8_t c, uint8_t *to)
{
    static const char digit[] = "0123456789abcdef";
    static const char letter[0x20] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'
    };

    to[0] = '\\';
    if (c >= 0x20) {
        to[1] = c;
        return 2;
    }
    if (letter[c]) {
        to[1] = (uint8_t)letter[c];
        return 2;
    }
    memcpy(to + 1, "u00", 3);
    to[4] = (uint8_t)digit[c >> 4];
    to[5] = (uint8_t)digit[c & 15];
    return 6;
}

static void put_string(const struct json *k, struct rn_pen *p,
                       struct rn_bytes t)
{
    rn_pen_byte(p, '"');
    while (t.n > 0) {
        uint8_t text[6];
        size_t n;

        if (rn_pen_room(p) >= t.n) {
            n = rn_scan_copy(&k->scan, p->at, t.p, t.n);
            p->at += n;
        } else {
            n = rn_scan_find(&k->scan, t.p, t.n);
            rn_pen_put(p, t.p, n);
        }
        if (n == t.n)
            break;
        rn_pen_put(p, text, escape(t.p[n], text));
        t.p += n + 1;
        t.n -= n + 1;
    }
    rn_pen_byte(p, '"');
}

static struct rn_bytes name_at(const struct json *k, size_t i)
{
    if (k->counted && i == 0)
        return rn_bytes_of(k->e.config->file.row_number);
    return k->e.schema->col[i - k->counted].name;
}

static void put_key(const struct json *k, struct rn_pen *p, size_t i)
{
    rn_pen_byte(p, i == 0 ? '{' : ',');
    put_string(k, p, name_at(k, i));
    rn_pen_byte(p, ':');
}

/* The key at `to`, which has room for KEY_MAX bytes and may be written beyond
 * the length that is returned.
 */
static size_t copy_key(const struct json *k, size_t i, uint8_t *to)
{
    const uint8_t *from = k->keys + k->key[i].at;
    size_t len = k->key[i].len;

    for (size_t n = 0; n < len; n += KEY_BLOCK)
        memcpy(to + n, from + n, KEY_BLOCK);
    return len;
}

/* Escape each name into the memory for keys while it lasts. */
static void prepare_keys(struct json *k)
{
    size_t used = 0;

    for (size_t i = 0; i < k->n; i++) {
        uint8_t text[KEY_MAX + 1];
        struct rn_out out;
        struct rn_pen p;
        size_t len;

        if (name_at(k, i).n > (KEY_MAX - 4) / 6) {
            struct rn_bytes name = name_at(k, i);

            if (name.n > KEY_MAX - 4 ||
                rn_scan_find(&k->scan, name.p, name.n) < name.n)
                continue;
        }
        rn_out_init(&out, text, sizeof(text), NULL); /* it always fits */
        rn_pen_open(&p, &out);
        put_key(k, &p, i);
        len = (size_t)(p.at - text);
        if (used + RN_ROUND(len) > k->keys_cap)
            continue;
        memcpy(k->keys + used, text, len);
        k->key[i].at = (uint32_t)used;
        k->key[i].len = (uint32_t)len;
        used += RN_ROUND(len);
    }
}

/* Numbers, dates, UUIDs; `quotes` around dates in ISO and around UUIDs. */
static int put_value(struct json *k, struct rn_pen *p, size_t key,
                     const struct rn_col *col, const struct rn_cell *cell)
{
    bool quotes =
        cell->type == RN_UUID ||
        (cell->type >= RN_DATE && k->e.config->file.dates == RN_DATES_ISO);
    uint8_t *from, *to;
    int n;

    if (k->key[key].len == 0)
        put_key(k, p, key);
    from = to = rn_pen_take(p);
    to += copy_key(k, key, to);
    if (quotes)
        *to++ = '"';
    n = rn_value_text(k->e.config, col, cell, (char *)to);
    if (n < 0) {
        k->why = RN_WHY_RANGE;
        return n;
    }
    to += n;
    if (quotes)
        *to++ = '"';
    rn_pen_give(p, from, to);
    return RN_OK;
}

/* The key and a text that needs no escape. */
static void put_plain(const struct json *k, struct rn_pen *p, size_t key,
                      struct rn_bytes text)
{
    uint8_t *from;
    size_t n;

    if (k->key[key].len == 0)
        put_key(k, p, key);
    from = rn_pen_take(p);
    n = copy_key(k, key, from);
    if (text.n > 0)
        memcpy(from + n, text.p, text.n);
    rn_pen_give(p, from, from + n + text.n);
}

static int put_nan(struct json *k, struct rn_pen *p, size_t key, double v)
{
    struct rn_bytes text = rn_nan_text(v);

    switch (k->e.config->file.nan) {
    case RN_NAN_NULL:
        if (k->e.counts)
            k->e.counts->nulled++;
        put_plain(k, p, key, RN_STR("null"));
        return RN_OK;
    case RN_NAN_TEXT:
        put_plain(k, p, key, RN_STR("\""));
        rn_pen_put(p, text.p, text.n);
        rn_pen_byte(p, '"');
        return RN_OK;
    default:
        k->why = RN_WHY_NAN;
        return RN_E_VALUE;
    }
}

static int put_cell(struct json *k, struct rn_pen *p, size_t column,
                    const struct rn_cell *cell)
{
    const struct rn_col *col = &k->e.schema->col[column];
    size_t key = column + k->counted;

    switch (cell->type) {
    case RN_NULL:
        put_plain(k, p, key, RN_STR("null"));
        return RN_OK;
    case RN_BOOL: /* [file] bool is about CSV's words; JSON has its own */
        put_plain(k, p, key, cell->as.i64 ? RN_STR("true") : RN_STR("false"));
        return RN_OK;
    case RN_TEXT:
        put_plain(k, p, key, RN_STR(""));
        put_string(k, p, cell->as.bytes);
        return RN_OK;
    case RN_BLOB:
        put_plain(k, p, key, RN_STR("\""));
        rn_text_blob(p, cell->as.bytes, k->e.config->file.binary);
        rn_pen_byte(p, '"');
        return RN_OK;
    case RN_F64:
        if (!isfinite(cell->as.f64))
            return put_nan(k, p, key, cell->as.f64);
        return put_value(k, p, key, col, cell);
    default:
        return put_value(k, p, key, col, cell);
    }
}

static int json_row(struct rn_encoder *e, const struct rn_row *row,
                    uint64_t number)
{
    struct json *k = (struct json *)e;
    struct rn_cell ordinal = { .type = RN_I64, .as.i64 = (int64_t)number };
    struct rn_pen p;

    RN_ASSERT(row->n == e->schema->n);
    if (k->failed)
        return e->error->code < 0 ? e->error->code : RN_E_VALUE;
    rn_pen_open(&p, e->out);
    if (k->array && k->any)
        rn_pen_put(&p, ",\n", 2);
    else if (k->array)
        rn_pen_put(&p, "[\n", 2);
    k->any = true;
    if (k->counted)
        put_value(k, &p, 0, NULL, &ordinal);
    for (size_t i = 0; i < row->n; i++) {
        if (put_cell(k, &p, i, &row->cell[i]) < 0) {
            k->failed = true;
            return rn_cell_fail(e, number, i, k->why);
        }
    }
    rn_pen_put(&p, "}\n", k->array ? 1 : 2);
    rn_pen_close(&p);
    return e->out->err;
}

static int json_begin(struct rn_encoder *e, struct rn_out *out)
{
    struct json *k = (struct json *)e;

    e->out = out;
    k->any = false;
    k->failed = false;
    return out->err;
}

static int json_end(struct rn_encoder *e)
{
    struct json *k = (struct json *)e;
    int err;

    if (k->array && !k->failed && k->any)
        rn_out_put(e->out, "\n]\n", 3);
    else if (k->array && !k->failed)
        rn_out_put(e->out, "[]\n", 3);
    err = k->failed ? RN_E_VALUE : e->out->err;
    e->out = NULL;
    return err;
}

static void json_save(const struct rn_encoder *e, struct rn_record *r)
{
    rn_record_put_bool(r, ((const struct json *)e)->any);
}

static int json_restore(struct rn_encoder *e, struct rn_record *r)
{
    struct json *k = (struct json *)e;

    k->any = rn_record_get_bool(r);
    k->failed = false;
    return r->bad ? RN_E_TORN : RN_OK;
}

/* Two members of one name: readers keep the first, the last, or complain. */
static int check_unique(const struct json *k)
{
    for (size_t i = 1; i < k->n; i++) {
        struct rn_bytes name = name_at(k, i);

        for (size_t j = 0; j < i; j++) {
            if (rn_bytes_equal(name, name_at(k, j)))
                return rn_fail(k->e.error, RN_E_CONFIG, RN_AT_CONFIG,
                               "%s: two columns are named \"%.*s\", which "
                               "JSON cannot tell apart; rename one with AS in "
                               "source.query",
                               k->e.config->path,
                               (int)rn_utf8_cut(name, RN_NAME_SHOWN),
                               (const char *)name.p);
        }
    }
    return RN_OK;
}

static int json_open(const struct rn_config *config,
                     const struct rn_schema *schema, struct rn_arena *mem,
                     struct rn_error *error, struct rn_encoder **encoder)
{
    static const char stops[] = "\"\\\x1f";
    struct json *k = RN_TAKE(mem, struct json, 1);
    int err;

    *encoder = NULL;
    if (k != NULL) {
        k->keys_cap = keys_cap(schema->n);
        k->key = RN_TAKE(mem, struct key, schema->n + 1);
        k->keys = RN_TAKE(mem, uint8_t, k->keys_cap);
    }
    if (k == NULL || k->key == NULL || k->keys == NULL)
        return rn_fail(error, RN_E_FULL, RN_AT_AGENT,
                       "no memory is left for the encoder; raise job.memory");
    k->e.cls = &rn_encode_json;
    k->e.config = config;
    k->e.schema = schema;
    k->e.error = error;
    k->counted = config->file.row_number[0] != '\0';
    k->array = config->file.shape == RN_SHAPE_ARRAY;
    k->n = schema->n + k->counted;
    rn_scan_init(&k->scan, stops, sizeof(stops) - 1);
    memset(k->scan.stop, 1, 0x20); /* all the control characters */
    err = rn_check_names(schema, error);
    if (err == RN_OK)
        err = check_unique(k);
    if (err < 0)
        return err;
    prepare_keys(k);
    *encoder = &k->e;
    return RN_OK;
}

const struct rn_encoder_class rn_encode_json = {
    .name = "json",
    .suffix = "json",
    .mime = "application/json",
    .need = json_need,
    .open = json_open,
    .begin = json_begin,
    .row = json_row,
    .end = json_end,
    .save_most = 1,
    .save = json_save,
    .restore = json_restore,
};
