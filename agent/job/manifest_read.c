/* job/manifest_read.c: see job/manifest_read.h. */
#include "job/manifest_read.h"

#include <string.h>

#include "row/decimal.h"

/* The manifest is two lists deep at most: members of the whole at depth 1,
 * items of its lists at 3.
 */
#define WHOLE 1
#define LIST  2
#define ITEM  3

enum {
    TOP_VERSION,
    TOP_RUN,
    TOP_FORMAT,
    TOP_COLUMNS,
    TOP_FILES,
    TOP_ROWS,
    TOP_BYTES,
    TOP_DIGESTS,
    TOP_FINISHED,
    TOPS
};
static const char *const tops[] = { "runnel_manifest", "run",     "format",
                                    "columns",         "files",   "rows",
                                    "bytes",           "digests", "finished" };

enum { FORMAT_NAME, FORMAT_COMPRESSION };
static const char *const formats[] = { "name", "compression" };

enum {
    COL_NAME,
    COL_TYPE,
    COL_NULLABLE,
    COL_PRECISION,
    COL_SCALE,
    COL_UTC,
    COL_BITS,
    COL_MILLIS,
    COL_JSON
};
static const char *const cols[] = { "name",      "type",   "nullable",
                                    "precision", "scale",  "utc",
                                    "bits",      "millis", "json" };
#define COL_LEAST (1u << COL_NAME | 1u << COL_TYPE | 1u << COL_NULLABLE)

enum { FILE_NAME, FILE_ROWS, FILE_BYTES, FILE_CRC64, FILE_BLOCKS };
static const char *const files[] = { "name", "rows", "bytes", "crc64",
                                     "blocks" };
#define FILE_LEAST 0x1fu

enum {
    DIGEST_COLUMN,
    DIGEST_NON_NULL,
    DIGEST_MIN,
    DIGEST_MAX,
    DIGEST_MIN_CUT,
    DIGEST_MAX_CUT,
    DIGEST_SUM
};
static const char *const digests[] = { "column",  "non_null", "min", "max",
                                       "min_cut", "max_cut",  "sum" };
#define DIGEST_LEAST                                                  \
    (1u << DIGEST_COLUMN | 1u << DIGEST_NON_NULL | 1u << DIGEST_MIN | \
     1u << DIGEST_MAX | 1u << DIGEST_SUM)

/* -- refusing ------------------------------------------------------------- */

static int torn(struct rn_manifest_reader *r, const char *why)
{
    return rn_fail(r->error, RN_E_TORN, RN_AT_VALIDATE,
                   "%s: the manifest is torn or was changed: %s (byte %llu)",
                   r->place, why, (unsigned long long)r->scan.at);
}

static int foreign(struct rn_manifest_reader *r)
{
    return rn_fail(r->error, RN_E_TORN, RN_AT_VALIDATE,
                   "%s: is no manifest of Runnel", r->place);
}

static bool had(const struct rn_manifest_reader *r, int top)
{
    return (r->seen >> top & 1u) != 0;
}

/* -- values --------------------------------------------------------------- */

struct value {
    enum rn_scan_item item;
    struct rn_bytes text;
};

static bool copy_text(const struct value *v, char *to, size_t cap)
{
    if (v->item != RN_SCAN_STRING || v->text.n >= cap ||
        (v->text.n > 0 && memchr(v->text.p, 0, v->text.n)))
        return false;
    memcpy(to, v->text.p, v->text.n);
    to[v->text.n] = '\0';
    return true;
}

static bool number(const struct value *v, uint64_t most, uint64_t *to)
{
    return v->item == RN_SCAN_NUMBER &&
           rn_json_scan_u64(v->text, to) == RN_OK && *to <= most;
}

static bool small(const struct value *v, uint8_t *to)
{
    uint64_t n;

    if (!number(v, UINT8_MAX, &n))
        return false;
    *to = (uint8_t)n;
    return true;
}

static bool truth(const struct value *v, bool *to)
{
    *to = v->item == RN_SCAN_TRUE;
    return *to || v->item == RN_SCAN_FALSE;
}

static bool crc64(const struct value *v, uint64_t *to)
{
    uint64_t n = 0;

    if (v->item != RN_SCAN_STRING || v->text.n != 16)
        return false;
    for (size_t i = 0; i < 16; i++) {
        uint8_t c = v->text.p[i];
        bool digit = c >= '0' && c <= '9';
        if (!digit && (c < 'a' || c > 'f'))
            return false;
        n = n << 4 | (uint64_t)(digit ? c - '0' : c - 'a' + 10);
    }
    *to = n;
    return true;
}

/* -- columns -------------------------------------------------------------- */

static bool type_of(const struct value *v, enum rn_type *type)
{
    char name[16];

    if (!copy_text(v, name, sizeof name))
        return false;
    for (int t = RN_BOOL; t <= RN_UUID; t++) {
        if (strcmp(name, rn_type_name((enum rn_type)t)) == 0) {
            *type = (enum rn_type)t;
            return true;
        }
    }
    return false;
}

/* The name's room is also the column's, so that neither needs a bound. */
static int column_name(struct rn_manifest_reader *r, const struct value *v)
{
    if (v->item != RN_SCAN_STRING)
        return torn(r, "a column has no name");
    r->record = rn_arena_take(r->mem, sizeof(struct rn_col) + v->text.n, 1);
    if (!r->record)
        return rn_fail(r->error, RN_E_FULL, RN_AT_AGENT,
                       "%s: no memory is left for the columns; raise "
                       "job.memory",
                       r->place);
    if (!r->first)
        r->first = r->record;
    memcpy(r->record + sizeof(struct rn_col), v->text.p, v->text.n);
    r->next.name =
        (struct rn_bytes){ r->record + sizeof(struct rn_col), v->text.n };
    return RN_OK;
}

static int column_value(struct rn_manifest_reader *r, const struct value *v)
{
    struct rn_col *c = &r->next;
    bool good = true;

    switch (r->member) {
    case COL_NAME:
        return column_name(r, v);
    case COL_TYPE:
        good = type_of(v, &c->type);
        break;
    case COL_NULLABLE:
        good = truth(v, &c->nullable);
        break;
    case COL_PRECISION:
        good = small(v, &c->precision);
        break;
    case COL_SCALE:
        good = small(v, &c->scale);
        break;
    case COL_UTC:
        good = truth(v, &c->utc);
        break;
    case COL_BITS:
        good = small(v, &c->bits);
        break;
    case COL_MILLIS:
        good = truth(v, &c->millis);
        break;
    default:
        good = truth(v, &c->json);
        break;
    }
    return good ? RN_OK : torn(r, "a column is no column");
}

static bool is_column(const struct rn_manifest_reader *r)
{
    const struct rn_col *c = &r->next;
    uint32_t digits = 1u << COL_PRECISION | 1u << COL_SCALE;

    if ((r->had & COL_LEAST) != COL_LEAST)
        return false;
    if (c->type == RN_DECIMAL)
        return (r->had & digits) == digits && c->precision >= 1 &&
               c->precision <= RN_DECIMAL_DIGITS && c->scale <= c->precision;
    if (c->type == RN_TIMESTAMP)
        return (r->had >> COL_UTC & 1u) != 0;
    return c->bits == 0 || c->bits == 8 || c->bits == 16 || c->bits == 32;
}

static int end_column(struct rn_manifest_reader *r)
{
    if (!is_column(r))
        return torn(r, "a column is no column");
    memcpy(r->record, &r->next, sizeof r->next);
    r->columns++;
    return RN_OK;
}

/* One after the other, as a schema has them. */
static int end_columns(struct rn_manifest_reader *r)
{
    struct rn_col *col = RN_TAKE(r->mem, struct rn_col, r->columns);
    const uint8_t *p = r->first;

    if (r->columns == 0)
        return torn(r, "it has no columns");
    if (!col)
        return rn_fail(r->error, RN_E_FULL, RN_AT_AGENT,
                       "%s: no memory is left for the columns; raise "
                       "job.memory",
                       r->place);
    for (size_t i = 0; i < r->columns; i++) {
        memcpy(&col[i], p, sizeof col[i]);
        p += RN_ROUND(sizeof col[i] + col[i].name.n);
    }
    r->told.schema = (struct rn_schema){ col, r->columns };
    return RN_OK;
}

/* -- files ---------------------------------------------------------------- */

/* A name in the manifest's own folder and in no other. */
static bool is_file_name(const char *name)
{
    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    for (const char *p = name; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f || *p == '/' || *p == '\\')
            return false;
    }
    return true;
}

static int file_value(struct rn_manifest_reader *r, const struct value *v)
{
    struct rn_manifest_file *f = &r->f;
    uint64_t n = 0;
    bool good = true;

    switch (r->member) {
    case FILE_NAME:
        good = copy_text(v, r->name, sizeof r->name) && is_file_name(r->name);
        f->name = r->name;
        break;
    case FILE_ROWS:
        good = number(v, UINT64_MAX, &f->rows);
        break;
    case FILE_BYTES:
        good = number(v, UINT64_MAX, &f->bytes);
        break;
    case FILE_CRC64:
        good = crc64(v, &f->crc64);
        break;
    default:
        good = number(v, UINT32_MAX, &n);
        f->blocks = (uint32_t)n;
        break;
    }
    return good ? RN_OK : torn(r, "a file is no file");
}

static int end_file(struct rn_manifest_reader *r)
{
    if ((r->had & FILE_LEAST) != FILE_LEAST || r->told.files == UINT32_MAX ||
        r->f.rows > UINT64_MAX - r->rows || r->f.bytes > UINT64_MAX - r->bytes)
        return torn(r, "a file is no file");
    r->told.files++;
    r->rows += r->f.rows;
    r->bytes += r->f.bytes;
    return r->file ? r->file(r->ctx, r->told.files, &r->f) : RN_OK;
}

/* -- digests -------------------------------------------------------------- */

static bool bound(const struct value *v, char to[RN_DIGEST_TEXT], size_t *len)
{
    *len = 0;
    if (v->item == RN_SCAN_NULL)
        return true;
    if (v->item != RN_SCAN_STRING || v->text.n >= RN_DIGEST_TEXT)
        return false;
    memcpy(to, v->text.p, v->text.n);
    to[v->text.n] = '\0';
    *len = v->text.n;
    return true;
}

static bool is_next_column(const struct rn_manifest_reader *r,
                           const struct value *v)
{
    return v->item == RN_SCAN_STRING && r->digests < r->told.schema.n &&
           rn_bytes_equal(r->told.schema.col[r->digests].name, v->text);
}

static int digest_value(struct rn_manifest_reader *r, const struct value *v)
{
    struct rn_digest_column *d = &r->d;
    bool good = true;
    size_t n;

    switch (r->member) {
    case DIGEST_COLUMN:
        good = is_next_column(r, v);
        break;
    case DIGEST_NON_NULL:
        good = number(v, UINT64_MAX, &d->non_null);
        break;
    case DIGEST_MIN:
        good = bound(v, d->min, &d->min_len);
        break;
    case DIGEST_MAX:
        good = bound(v, d->max, &d->max_len);
        break;
    case DIGEST_MIN_CUT:
        good = truth(v, &d->min_cut);
        break;
    case DIGEST_MAX_CUT:
        good = truth(v, &d->max_cut);
        break;
    default:
        good = bound(v, d->sum, &n);
        break;
    }
    return good ? RN_OK : torn(r, "a digest is not that of its column");
}

static int end_digest(struct rn_manifest_reader *r)
{
    size_t column = r->digests;

    if ((r->had & DIGEST_LEAST) != DIGEST_LEAST)
        return torn(r, "a digest is not that of its column");
    r->digests++;
    return r->digest ? r->digest(r->ctx, column, &r->d) : RN_OK;
}

/* -- the whole ------------------------------------------------------------ */

static int version(struct rn_manifest_reader *r, const struct value *v)
{
    uint64_t n;

    if (!number(v, UINT64_MAX, &n) || n == 0)
        return foreign(r);
    if (n > 1)
        return rn_fail(r->error, RN_E_CONFIG, RN_AT_STORE,
                       "%s: was written by a newer Runnel (manifest version "
                       "%llu, this one reads 1)",
                       r->place, (unsigned long long)n);
    return RN_OK;
}

static int whole_value(struct rn_manifest_reader *r, const struct value *v)
{
    bool good = true;

    switch (r->top) {
    case TOP_VERSION:
        return version(r, v);
    case TOP_RUN:
        good = copy_text(v, r->told.run, sizeof r->told.run);
        break;
    case TOP_ROWS:
        good = number(v, UINT64_MAX, &r->told.rows);
        break;
    case TOP_BYTES:
        good = number(v, UINT64_MAX, &r->told.bytes);
        break;
    case TOP_FORMAT:
    case TOP_COLUMNS:
    case TOP_FILES:
    case TOP_DIGESTS:
        good = false;
        break;
    default:
        break;
    }
    return good ? RN_OK : torn(r, tops[r->top]);
}

static int format_value(struct rn_manifest_reader *r, const struct value *v)
{
    struct rn_manifest_told *t = &r->told;
    bool good = true;

    if (r->member == FORMAT_NAME)
        good = copy_text(v, t->format, sizeof t->format);
    else if (r->member == FORMAT_COMPRESSION)
        good = copy_text(v, t->compression, sizeof t->compression);
    return good ? RN_OK : torn(r, "its format");
}

static int value(struct rn_manifest_reader *r, const struct value *v)
{
    if (r->depth == WHOLE)
        return whole_value(r, v);
    if (r->depth == LIST && r->top == TOP_FORMAT)
        return format_value(r, v);
    if (r->depth == LIST &&
        (r->top == TOP_COLUMNS || r->top == TOP_FILES || r->top == TOP_DIGESTS))
        return torn(r, tops[r->top]);
    if (r->depth != ITEM || r->member < 0)
        return RN_OK;
    if (r->top == TOP_COLUMNS)
        return column_value(r, v);
    if (r->top == TOP_FILES)
        return file_value(r, v);
    return r->top == TOP_DIGESTS ? digest_value(r, v) : RN_OK;
}

/* -- keys and brackets ---------------------------------------------------- */

static int place_of(const char *const *names, size_t n, struct rn_bytes key)
{
    for (size_t i = 0; i < n; i++) {
        if (rn_bytes_equal(key, rn_bytes_of(names[i])))
            return (int)i;
    }
    return -1;
}

static int whole_key(struct rn_manifest_reader *r, struct rn_bytes key)
{
    int top = place_of(tops, TOPS, key);

    if (!had(r, TOP_VERSION) && top != TOP_VERSION)
        return foreign(r);
    r->top = top < 0 ? TOPS : top;
    if (top < 0)
        return RN_OK;
    if (had(r, top) || (top == TOP_DIGESTS && !had(r, TOP_COLUMNS)))
        return torn(r, "a member is where it should not be");
    r->seen |= 1u << top;
    return RN_OK;
}

static int key(struct rn_manifest_reader *r, struct rn_bytes text)
{
    if (r->depth == WHOLE)
        return whole_key(r, text);
    if (r->depth == LIST && r->top == TOP_FORMAT)
        r->member = place_of(formats, RN_COUNTOF(formats), text);
    else if (r->depth != ITEM)
        return RN_OK;
    else if (r->top == TOP_COLUMNS)
        r->member = place_of(cols, RN_COUNTOF(cols), text);
    else if (r->top == TOP_FILES)
        r->member = place_of(files, RN_COUNTOF(files), text);
    else if (r->top == TOP_DIGESTS)
        r->member = place_of(digests, RN_COUNTOF(digests), text);
    if (r->member < 0)
        return RN_OK;
    if (r->had >> r->member & 1u)
        return torn(r, "a member is there twice");
    r->had |= 1u << r->member;
    return RN_OK;
}

static bool has_items(const struct rn_manifest_reader *r)
{
    return r->top == TOP_COLUMNS || r->top == TOP_FILES ||
           r->top == TOP_DIGESTS;
}

static int open_bracket(struct rn_manifest_reader *r, bool list)
{
    bool wrong = false;

    r->depth++;
    if (r->depth == WHOLE)
        wrong = list;
    else if (r->depth == LIST)
        wrong = r->top < TOPS &&
                (has_items(r) ? !list : list || r->top != TOP_FORMAT);
    else if (r->depth == ITEM && has_items(r))
        wrong = list;
    /* A member that we know is no list of anything. */
    else if (r->depth == ITEM + 1 && has_items(r))
        wrong = r->member >= 0;
    if (wrong)
        return r->depth == WHOLE ? foreign(r)
                                 : torn(r, "a bracket is out of place");
    if (r->depth == LIST || r->depth == ITEM) {
        r->member = -1;
        r->had = 0;
        memset(&r->next, 0, sizeof r->next);
        memset(&r->f, 0, sizeof r->f);
        memset(&r->d, 0, sizeof r->d);
    }
    return RN_OK;
}

static int close_bracket(struct rn_manifest_reader *r)
{
    unsigned depth = r->depth--;

    if (depth == LIST && r->top == TOP_COLUMNS)
        return end_columns(r);
    if (depth != ITEM)
        return RN_OK;
    if (r->top == TOP_COLUMNS)
        return end_column(r);
    if (r->top == TOP_FILES)
        return end_file(r);
    return r->top == TOP_DIGESTS ? end_digest(r) : RN_OK;
}

static int on_item(void *ctx, enum rn_scan_item item, struct rn_bytes text)
{
    struct rn_manifest_reader *r = ctx;
    const struct value v = { item, text };

    switch (item) {
    case RN_SCAN_OBJECT:
    case RN_SCAN_LIST:
        return open_bracket(r, item == RN_SCAN_LIST);
    case RN_SCAN_CLOSE:
        return close_bracket(r);
    case RN_SCAN_KEY:
        return key(r, text);
    default:
        return value(r, &v);
    }
}

void rn_manifest_read_begin(struct rn_manifest_reader *r)
{
    memset(&r->told, 0, sizeof r->told);
    r->depth = 0;
    r->seen = 0;
    r->top = TOPS;
    r->member = -1;
    r->had = 0;
    r->record = NULL;
    r->first = NULL;
    r->columns = 0;
    r->digests = 0;
    r->rows = 0;
    r->bytes = 0;
    rn_json_scan_begin(&r->scan, on_item, r);
}

/* The scanner's own refusals have no words yet. */
static int settle(struct rn_manifest_reader *r, int err)
{
    if (err == RN_OK || r->scan.why[0] == '\0')
        return err;
    if (!had(r, TOP_VERSION))
        return foreign(r);
    return torn(r, r->scan.why);
}

int rn_manifest_read_feed(struct rn_manifest_reader *r, struct rn_bytes part)
{
    return settle(r, rn_json_scan_feed(&r->scan, part));
}

int rn_manifest_read_end(struct rn_manifest_reader *r)
{
    const struct rn_manifest_told *t = &r->told;
    int err = settle(r, rn_json_scan_end(&r->scan));

    if (err < 0)
        return err;
    if (!had(r, TOP_VERSION))
        return foreign(r);
    if (r->seen != (1u << TOPS) - 1)
        return torn(r, "a member is missing");
    if (t->rows != r->rows || t->bytes != r->bytes)
        return torn(r, "its files do not add up");
    if (r->digests != r->columns)
        return torn(r, "a digest is missing");
    return RN_OK;
}
