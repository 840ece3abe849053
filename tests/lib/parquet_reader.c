/* parquet_reader.c: see parquet_reader.h: the footer, and row after row. */
#include "parquet_reader.h"

#include <stdio.h>
#include <stdlib.h>

#include "parquet_reader_chunk.h"
#include "parquet_reader_page.h"
#include "parquet_reader_parts.h"
#include "parquet_reader_value.h"

/* Who is asked for something now: the checks have nobody else to tell. */
static struct pq_reader *asked;

_Noreturn void pq_broken(const char *what)
{
    struct pq_reader *r = asked;
    struct rn_bytes name = { NULL, 0 };
    int n;

    if (r->working < r->schema.n && r->groups.at.p != NULL)
        name = r->col[r->working].name;
    n = snprintf(r->error, sizeof(r->error), "behind row %llu",
                 (unsigned long long)r->given);
    if (name.n > 0)
        n += snprintf(r->error + n, sizeof(r->error) - (size_t)n,
                      ", column \"%.*s\", page %u", (int)(name.n & 0x7f),
                      (const char *)name.p,
                      r->column[r->working].chunk.pages + 1);
    snprintf(r->error + n, sizeof(r->error) - (size_t)n, ": %s", what);
    longjmp(r->trap, 1);
}

void *pq_room(struct pq_buffer *b, size_t n)
{
    if (b->p == NULL || n > b->cap) {
        free(b->p);
        b->cap = n + n / 2 + 64;
        b->p = malloc(b->cap);
        RN_ASSERT(b->p != NULL);
    }
    return b->p;
}

struct rn_bytes pq_slice(const struct pq_reader *r, uint64_t at, uint64_t n)
{
    pq_want(at >= 4 && at <= r->footer && n <= r->footer - at,
            "a place is outside of the file");
    return (struct rn_bytes){ r->file.p + at, (size_t)n };
}

struct pq_list pq_list_of(struct thrift_at at, int id)
{
    struct pq_list list = { .at = thrift_field(at, id) };

    list.left = thrift_list(&list.at);
    list.type = list.at.type <= 2 ? 3 : list.at.type;
    /* A byte each at the least, so that a count is no claim. */
    pq_want(list.left <= (uint64_t)(list.at.end - list.at.p),
            "a list is longer than its file");
    return list;
}

struct thrift_at pq_item(struct pq_list *list)
{
    struct thrift_at item = list->at;

    pq_want(list->left-- > 0, "a list has fewer items");
    item.type = list->at.type = list->type;
    thrift_skip(&list->at);
    return item;
}

uint64_t pq_count(struct thrift_at at, int id)
{
    int64_t n = thrift_field_int(at, id);

    pq_want(n >= 0, "a count or place is negative");
    return (uint64_t)n;
}

/* -------------------------------------------------------------- footer */

struct rn_bytes pq_footer(struct rn_bytes file)
{
    const uint8_t *end;
    size_t n;

    if (file.n < 12 || memcmp(file.p, "PAR1", 4) != 0)
        return (struct rn_bytes){ NULL, 0 };
    end = file.p + file.n - 8;
    if (memcmp(end + 4, "PAR1", 4) != 0)
        return (struct rn_bytes){ NULL, 0 };
    n = end[0] | (size_t)end[1] << 8 | (size_t)end[2] << 16 |
        (size_t)end[3] << 24;
    if (n > file.n - 12)
        return (struct rn_bytes){ NULL, 0 };
    return (struct rn_bytes){ end - n, n };
}

/* Both annotations of an element must say the same: ConvertedType, or -1. */
static void want_converted(struct thrift_at el, int converted)
{
    int64_t found = thrift_has(el, 6) ? thrift_field_int(el, 6) : -1;

    pq_want(found == converted, "a column's two annotations differ");
}

static void decimal_column(struct pq_column *c, struct thrift_at el,
                           struct thrift_at decimal)
{
    uint64_t precision = pq_count(decimal, 2), scale = pq_count(decimal, 1);

    pq_want(precision >= 1 && precision <= 38 && scale <= precision,
            "a decimal of no digits or too many");
    pq_want(pq_count(el, 7) == scale && pq_count(el, 8) == precision,
            "a decimal's two annotations differ");
    pq_want(c->physical != PQ_FIXED || (c->length >= 1 && c->length <= 16),
            "a decimal of other bytes");
    pq_want(c->physical == PQ_INT32 || c->physical == PQ_INT64 ||
                c->physical == PQ_FIXED,
            "a decimal of another type");
    c->col.type = RN_DECIMAL;
    c->col.precision = (uint8_t)precision;
    c->col.scale = (uint8_t)scale;
    want_converted(el, 5);
}

/* A local time has the old annotation as well, which readers of its age take
 * for UTC: that is how the agent writes it.
 */
static void clock_column(struct pq_column *c, struct thrift_at el,
                         struct thrift_at clock, enum rn_type type)
{
    struct thrift_at unit = thrift_field(clock, 2);
    bool millis = thrift_has(unit, 1);

    pq_want(millis || thrift_has(unit, 2), "a time in another unit");
    pq_want(c->physical == (type == RN_TIME && millis ? PQ_INT32 : PQ_INT64),
            "a time of another type");
    c->col.type = type;
    c->col.millis = millis;
    c->col.utc = type == RN_TIMESTAMP && thrift_true(thrift_field(clock, 1));
    want_converted(el, (type == RN_TIME ? 7 : 9) + !millis);
}

static void integer_column(struct pq_column *c, struct thrift_at el,
                           struct thrift_at integer)
{
    int64_t bits = thrift_field_int(integer, 1);

    pq_want(bits == 8 || bits == 16 || bits == 32 || bits == 64,
            "an integer of other bits");
    pq_want(thrift_true(thrift_field(integer, 2)), "an unsigned integer");
    pq_want(c->physical == (bits == 64 ? PQ_INT64 : PQ_INT32),
            "an integer of another type");
    c->col.type = RN_I64;
    c->col.bits = bits == 64 ? 0 : (uint8_t)bits;
    want_converted(el, bits == 8 ? 15 : bits == 16 ? 16 : bits == 32 ? 17 : 18);
}

static void text_column(struct pq_column *c, struct thrift_at el, bool json)
{
    pq_want(c->physical == PQ_BYTE_ARRAY, "a text of another type");
    c->col.type = RN_TEXT;
    c->col.json = json;
    want_converted(el, json ? 19 : 0);
}

static void logical_column(struct pq_column *c, struct thrift_at el)
{
    struct thrift_at logical = thrift_field(el, 10);

    if (thrift_has(logical, 1)) {
        text_column(c, el, false);
    } else if (thrift_has(logical, 12)) {
        text_column(c, el, true);
    } else if (thrift_has(logical, 5)) {
        decimal_column(c, el, thrift_field(logical, 5));
    } else if (thrift_has(logical, 7)) {
        clock_column(c, el, thrift_field(logical, 7), RN_TIME);
    } else if (thrift_has(logical, 8)) {
        clock_column(c, el, thrift_field(logical, 8), RN_TIMESTAMP);
    } else if (thrift_has(logical, 10)) {
        integer_column(c, el, thrift_field(logical, 10));
    } else if (thrift_has(logical, 6)) {
        pq_want(c->physical == PQ_INT32, "a date of another type");
        c->col.type = RN_DATE;
        want_converted(el, 6);
    } else if (thrift_has(logical, 14)) {
        pq_want(c->physical == PQ_FIXED && c->length == 16,
                "a UUID of another type");
        c->col.type = RN_UUID;
        want_converted(el, -1);
    } else {
        pq_broken("a logical type that Runnel does not write");
    }
}

static void plain_column(struct pq_column *c, struct thrift_at el)
{
    static const enum rn_type types[] = {
        [PQ_BOOLEAN] = RN_BOOL, [PQ_INT32] = RN_NULL, [PQ_INT64] = RN_I64,
        [PQ_FLOAT] = RN_F64,    [PQ_DOUBLE] = RN_F64, [PQ_BYTE_ARRAY] = RN_BLOB,
        [PQ_FIXED] = RN_NULL,
    };

    c->col.type = types[c->physical];
    c->col.bits = c->physical == PQ_FLOAT ? 32 : 0;
    pq_want(c->col.type != RN_NULL, "a column says not what it is");
    want_converted(el, -1);
}

static void open_column(struct pq_column *c, struct thrift_at el)
{
    uint64_t physical = pq_count(el, 1), repetition = pq_count(el, 3);

    pq_want(physical <= PQ_FIXED && physical != 3, "a column of no type");
    pq_want(repetition <= 1 && !thrift_has(el, 5), "a column is not flat");
    c->physical = (enum pq_physical)physical;
    c->col.nullable = repetition == 1;
    c->col.name = thrift_bytes(thrift_field(el, 4));
    if (c->physical == PQ_FIXED) {
        uint64_t length = pq_count(el, 2);

        pq_want(length >= 1 && length <= 16, "a column of other bytes");
        c->length = (uint32_t)length;
    }
    if (thrift_has(el, 10))
        logical_column(c, el);
    else
        plain_column(c, el);
}

static void open_schema(struct pq_reader *r, struct thrift_at footer)
{
    struct pq_list list = pq_list_of(footer, 2);
    struct thrift_at root = pq_item(&list);
    size_t n = (size_t)list.left;

    pq_want(n >= 1 && pq_count(root, 5) == n, "a schema is not flat");
    r->column = calloc(n, sizeof(*r->column));
    r->col = calloc(n, sizeof(*r->col));
    RN_ASSERT(r->column != NULL && r->col != NULL);
    for (size_t i = 0; i < n; i++) {
        open_column(&r->column[i], pq_item(&list));
        r->col[i] = r->column[i].col;
    }
    pq_want(pq_list_of(footer, 7).left == n, "columns without an order");
    r->schema = (struct rn_schema){ r->col, n };
}

static void open_file(struct pq_reader *r)
{
    struct rn_bytes b = pq_footer(r->file);
    struct thrift_at footer;
    uint64_t version;

    pq_want(b.n > 0, "not a Parquet file");
    footer = thrift_open(b.p, b.p + b.n);
    r->footer = (uint64_t)(b.p - r->file.p);
    pq_want(thrift_size(footer) == b.n, "the footer has another length");
    version = pq_count(footer, 1);
    pq_want(version == 1 || version == 2, "a version that is not known");
    r->about.version = (int)version;
    r->about.rows = pq_count(footer, 3);
    open_schema(r, footer);
    r->groups = pq_list_of(footer, 4);
    r->about.groups = (uint32_t)r->groups.left;
    pq_want(r->groups.left <= INT16_MAX, "too many row groups");
}

/* ---------------------------------------------------------------- rows */

static void open_group(struct pq_reader *r, struct thrift_at group)
{
    struct pq_list list = pq_list_of(group, 1);
    uint64_t at = pq_count(group, 5), start = at, raw = 0;
    uint64_t ordinal = r->about.groups - r->groups.left - 1;

    r->rows_left = pq_count(group, 3);
    pq_want(r->rows_left > 0, "a row group without rows");
    pq_want(list.left == r->schema.n, "a row group has other columns");
    pq_want(at >= r->end, "row groups overlap");
    pq_want(pq_count(group, 7) == ordinal, "a row group has another number");
    for (size_t i = 0; i < r->schema.n; i++) {
        r->working = i;
        pq_chunk_open(r, &r->column[i], pq_item(&list), at, r->rows_left);
        at = r->column[i].chunk.end;
        raw += pq_count(r->column[i].chunk.meta, 6);
    }
    pq_want(pq_count(group, 2) == raw, "a row group's raw bytes are others");
    pq_want(pq_count(group, 6) == at - start, "a row group's bytes are others");
}

static void end_group(struct pq_reader *r)
{
    for (size_t i = 0; i < r->schema.n; i++) {
        r->working = i;
        pq_chunk_end(r, &r->column[i]);
    }
}

static int next_row(struct pq_reader *r, struct rn_cell *cells)
{
    if (r->rows_left == 0) {
        if (r->groups.left == 0) {
            pq_want(r->given == r->about.rows, "the footer says other rows");
            return 0;
        }
        open_group(r, pq_item(&r->groups));
    }
    for (size_t i = 0; i < r->schema.n; i++) {
        const struct pq_value *v;

        r->working = i;
        v = pq_chunk_next(r, &r->column[i]);
        if (v != NULL)
            pq_cell(&r->column[i], v, &cells[i]);
        else
            cells[i].type = RN_NULL;
    }
    r->given++;
    if (--r->rows_left == 0)
        end_group(r);
    return 1;
}

/* -------------------------------------------------------------- public */

struct pq_reader *pq_open(struct rn_bytes file)
{
    struct pq_reader *r = calloc(1, sizeof(*r));

    RN_ASSERT(r != NULL);
    r->file = file;
    asked = r;
    if (setjmp(r->trap) == 0)
        open_file(r);
    return r;
}

const char *pq_error(const struct pq_reader *r)
{
    return r->error[0] != '\0' ? r->error : NULL;
}

const struct rn_schema *pq_schema(const struct pq_reader *r)
{
    return &r->schema;
}

const struct pq_about *pq_about(const struct pq_reader *r)
{
    return &r->about;
}

int pq_next(struct pq_reader *r, struct rn_cell *cells)
{
    if (r->error[0] != '\0')
        return -1;
    asked = r;
    if (setjmp(r->trap) != 0)
        return -1;
    return next_row(r, cells);
}

static void free_column(struct pq_column *c)
{
    struct pq_buffer *all[] = { &c->chunk.entry_room, &c->chunk.dictionary,
                                &c->page.levels,      &c->page.values,
                                &c->page.numbers,     &c->page.narrow,
                                &c->page.body };

    for (size_t i = 0; i < RN_COUNTOF(all); i++)
        free(all[i]->p);
}

void pq_close(struct pq_reader *r)
{
    for (size_t i = 0; i < r->schema.n; i++)
        free_column(&r->column[i]);
    free(r->column);
    free(r->col);
    free(r);
}
