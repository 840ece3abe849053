/* encode/avro_schema.c: see encode/avro_schema.h. */
#include "encode/avro_schema.h"

#include "row/number.h"

/* Spellings are not stored: they follow from the column's name and a number.
 * Hashes keep the search for a free one from comparing them all.
 */
struct rn_avro_name {
    uint32_t base;   /* hash of the spelling without a number            */
    uint32_t hash;   /* hash of the spelling                             */
    uint32_t number; /* "_2", "_3" at its end; 0: nothing                */
    bool kept;       /* the column's name is legal and nobody's before it */
};

static bool is_letter(uint8_t c)
{
    return c == '_' || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_legal(struct rn_bytes name)
{
    if (name.n == 0 || !is_letter(name.p[0]))
        return false;
    for (size_t i = 1; i < name.n; i++) {
        if (!is_letter(name.p[i]) && !is_digit(name.p[i]))
            return false;
    }
    return true;
}

/* --------------------------------------------------------------- spelling */

/* Goes through a legal name, byte by byte. */
struct spelling {
    struct rn_bytes name; /* what is left of it */
    bool lead;            /* a '_' comes first */
    uint8_t at, len;      /* in the tail */
    char tail[1 + RN_I64_TEXT];
};

static struct spelling spell(struct rn_bytes name, uint32_t number)
{
    struct spelling s = { .name = name };

    s.lead = name.n == 0 || is_digit(name.p[0]);
    if (number > 0) {
        s.tail[0] = '_';
        s.len = (uint8_t)(1 + rn_format_u64(number, s.tail + 1));
    }
    return s;
}

/* The next byte, or -1 at the end. */
static int next_byte(struct spelling *s)
{
    if (s->lead) {
        s->lead = false;
        return '_';
    }
    while (s->name.n > 0) {
        uint8_t c = *s->name.p;

        s->name.p++;
        s->name.n--;
        if (is_letter(c) || is_digit(c))
            return c;
        if ((c & 0xc0) != 0x80) /* what continues a character is passed over */
            return '_';
    }
    return s->at < s->len ? s->tail[s->at++] : -1;
}

/* FNV-1a: names are short. */
static uint32_t hash_of(struct spelling s)
{
    uint32_t hash = UINT32_C(2166136261);

    for (int c; (c = next_byte(&s)) >= 0;)
        hash = (hash ^ (uint32_t)c) * UINT32_C(16777619);
    return hash;
}

static bool same(struct spelling a, struct spelling b)
{
    for (;;) {
        int c = next_byte(&a);

        if (c != next_byte(&b))
            return false;
        if (c < 0)
            return true;
    }
}

/* ------------------------------------------------------------------ names */

static struct spelling spelled(const struct rn_avro_schema *s, size_t i)
{
    return spell(s->schema->col[i].name, s->name[i].number);
}

/* Whether a column before `end`, or one that keeps its name, is spelled so. */
static bool is_taken(const struct rn_avro_schema *s, size_t end,
                     struct spelling wanted)
{
    uint32_t hash = hash_of(wanted);

    for (size_t i = 0; i < s->schema->n; i++) {
        if (s->name[i].hash != hash || (i >= end && !s->name[i].kept))
            continue;
        if (same(spelled(s, i), wanted))
            return true;
    }
    return false;
}

/* The first number worth a try: those of columns that wanted the same are
 * behind us, so that a thousand of one name take no million looks.
 */
static uint32_t first_number(const struct rn_avro_schema *s, size_t column)
{
    uint32_t last = 1;

    for (size_t i = 0; i < column; i++) {
        if (s->name[i].base == s->name[column].base && s->name[i].number > last)
            last = s->name[i].number;
    }
    return last + 1;
}

static void name_columns(struct rn_avro_schema *s)
{
    const struct rn_col *col = s->schema->col;

    for (size_t i = 0; i < s->schema->n; i++) {
        struct rn_avro_name *name = &s->name[i];

        name->base = name->hash = hash_of(spell(col[i].name, 0));
        name->kept =
            is_legal(col[i].name) && !is_taken(s, 0, spell(col[i].name, 0));
    }
    for (size_t i = 0; i < s->schema->n; i++) {
        struct rn_avro_name *name = &s->name[i];
        uint32_t number = 0;

        if (name->kept)
            continue;
        if (is_taken(s, i, spell(col[i].name, 0)))
            number = first_number(s, i);
        while (number > 0 && is_taken(s, i, spell(col[i].name, number)))
            number++;
        name->number = number;
        name->hash = hash_of(spelled(s, i));
    }
}

/* Types' names cannot be given to something else. */
static bool is_primitive(struct rn_bytes name)
{
    static const char *const word[] = { "null",  "boolean", "int",   "long",
                                        "float", "double",  "bytes", "string" };

    for (size_t i = 0; i < RN_COUNTOF(word); i++) {
        if (rn_bytes_equal(name, rn_bytes_of(word[i])))
            return true;
    }
    return false;
}

/* Cuts the last part, behind the last dot, off a full name. */
static struct rn_bytes last_part(struct rn_bytes *full)
{
    struct rn_bytes part = { full->p + full->n, 0 };

    while (full->n > 0 && full->p[full->n - 1] != '.') {
        part.p--;
        part.n++;
        full->n--;
    }
    full->n -= full->n > 0;
    return part;
}

static int check_record(const struct rn_avro_schema *s, struct rn_error *error)
{
    const char *record = s->config->file.record;
    struct rn_bytes left = rn_bytes_of(record);
    struct rn_bytes part = last_part(&left);
    bool good = is_legal(part) && !is_primitive(part);

    if (record[0] == '\0')
        return RN_OK;
    good = good && record[0] != '.';
    while (good && left.n > 0)
        good = is_legal(last_part(&left));
    if (good)
        return RN_OK;
    return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                   "%s: [file] record: expected letters, digits and '_', no "
                   "digit first and no type's name, with dots between the "
                   "parts of its namespace: com.example.Order",
                   s->config->path);
}

size_t rn_avro_schema_need(size_t columns)
{
    return RN_ROUND(columns * sizeof(struct rn_avro_name));
}

int rn_avro_schema_init(struct rn_avro_schema *s, struct rn_arena *mem,
                        struct rn_error *error)
{
    s->name = RN_TAKE(mem, struct rn_avro_name, s->schema->n);
    if (s->name == NULL)
        return RN_E_FULL;
    name_columns(s);
    return check_record(s, error);
}

/* ------------------------------------------------------------------- text */

static void put(struct rn_out *out, const char *text)
{
    rn_out_put(out, text, strlen(text));
}

static void put_number(struct rn_out *out, unsigned v)
{
    char text[RN_I64_TEXT];

    rn_out_put(out, text, rn_format_u64(v, text));
}

static void put_string(struct rn_out *out, struct rn_bytes t)
{
    static const char digit[] = "0123456789abcdef";

    rn_out_byte(out, '"');
    for (size_t i = 0; i < t.n; i++) {
        uint8_t c = t.p[i];

        if (c < 0x20) {
            put(out, "\\u00");
            rn_out_byte(out, (uint8_t)digit[c >> 4]);
            rn_out_byte(out, (uint8_t)digit[c & 15]);
            continue;
        }
        if (c == '"' || c == '\\')
            rn_out_byte(out, '\\');
        rn_out_byte(out, c);
    }
    rn_out_byte(out, '"');
}

static void put_spelling(struct rn_out *out, struct spelling s)
{
    for (int c; (c = next_byte(&s)) >= 0;)
        rn_out_byte(out, (uint8_t)c);
}

/* Types of one word; NULL for those that need more. */
static const char *plain_type(const struct rn_col *col)
{
    switch (col->type) {
    case RN_BOOL:
        return "\"boolean\"";
    case RN_I64:
        return col->bits > 0 && col->bits <= 32 ? "\"int\"" : "\"long\"";
    case RN_F64:
        return col->bits == 32 ? "\"float\"" : "\"double\"";
    case RN_TEXT:
        return "\"string\"";
    case RN_BLOB:
        return "\"bytes\"";
    default:
        return NULL;
    }
}

static void put_decimal(struct rn_out *out, const struct rn_col *col)
{
    put(out, "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":");
    put_number(out, col->precision);
    put(out, ",\"scale\":");
    put_number(out, col->scale);
    put(out, "}");
}

static void put_type(struct rn_out *out, const struct rn_col *col)
{
    const char *word = plain_type(col);

    if (word != NULL) {
        put(out, word);
    } else if (col->type == RN_DECIMAL) {
        put_decimal(out, col);
    } else if (col->type == RN_DATE) {
        put(out, "{\"type\":\"int\",\"logicalType\":\"date\"}");
    } else if (col->type == RN_UUID) {
        put(out, "{\"type\":\"string\",\"logicalType\":\"uuid\"}");
    } else if (col->type == RN_TIME) {
        put(out, col->millis
                     ? "{\"type\":\"int\",\"logicalType\":\"time-millis\"}"
                     : "{\"type\":\"long\",\"logicalType\":\"time-micros\"}");
    } else {
        RN_ASSERT(col->type == RN_TIMESTAMP);
        put(out, "{\"type\":\"long\",\"logicalType\":\"");
        put(out, col->utc ? "timestamp-" : "local-timestamp-");
        put(out, col->millis ? "millis\"}" : "micros\"}");
    }
}

static void put_field(const struct rn_avro_schema *s, size_t i,
                      struct rn_out *out)
{
    const struct rn_col *col = &s->schema->col[i];

    put(out, i > 0 ? ",{\"name\":\"" : "{\"name\":\"");
    put_spelling(out, spelled(s, i));
    put(out, "\",");
    if (!s->name[i].kept) {
        put(out, "\"doc\":");
        put_string(out, col->name);
        put(out, ",\"runnel.name\":");
        put_string(out, col->name);
        put(out, ",");
    }
    if (col->type == RN_TEXT && col->json)
        put(out, "\"runnel.type\":\"json\",");
    put(out, col->nullable ? "\"type\":[\"null\"," : "\"type\":");
    put_type(out, col);
    put(out, col->nullable ? "],\"default\":null}" : "}");
}

/* "name", and "namespace" or "doc" where there is something to say. */
static void put_record(const struct rn_avro_schema *s, struct rn_out *out)
{
    struct rn_bytes job = rn_bytes_of(s->config->job.name);
    struct rn_bytes space = rn_bytes_of(s->config->file.record);

    put(out, "\"name\":\"");
    if (space.n > 0) {
        struct rn_bytes name = last_part(&space);

        rn_out_put(out, name.p, name.n);
        put(out, "\"");
        if (space.n > 0) {
            put(out, ",\"namespace\":");
            put_string(out, space);
        }
        return;
    }
    put_spelling(out, spell(job, 0));
    put(out, is_primitive(job) ? "_\"" : "\"");
    if (!is_legal(job) || is_primitive(job)) {
        put(out, ",\"doc\":");
        put_string(out, job);
    }
}

void rn_avro_schema_put(const struct rn_avro_schema *s, struct rn_out *out)
{
    put(out, "{\"type\":\"record\",");
    put_record(s, out);
    put(out, ",\"fields\":[");
    for (size_t i = 0; i < s->schema->n; i++)
        put_field(s, i, out);
    put(out, "]}");
}
