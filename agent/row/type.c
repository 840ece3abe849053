/* row/type.c: see row/type.h. */
#include "row/type.h"

#include <string.h>

#include "core/format.h"
#include "core/nearest.h"
#include "row/decimal.h"
#include "runnel/texts.h"

/* A longer text is no word of ours. */
#define WORD_MAX 32

#define DECIMAL "decimal(p,s) with p from 1 to 38 and s from 0 to p"

/* clang-format off */
const struct rn_type_about rn_types[] = {
    { "bool", "boolean", RN_HELP("true or false"), RN_BOOL, 0, false, false },
    { "int8", "tinyint", RN_HELP("-128 to 127"), RN_I64, 8, false, false },
    { "int16", "smallint", RN_HELP("-32768 to 32767"),
      RN_I64, 16, false, false },
    { "int32", NULL, RN_HELP("-2147483648 to 2147483647"),
      RN_I64, 32, false, false },
    { "int64", "bigint", RN_HELP("signed, 64 bits"), RN_I64, 0, false, false },
    { "float", NULL, RN_HELP("32 bits, the nearest is taken"),
      RN_F64, 32, false, false },
    { "double", NULL, RN_HELP("64 bits"), RN_F64, 0, false, false },
    { "decimal(p,s)", "numeric(p,s)", RN_HELP("p digits, s after the point"),
      RN_DECIMAL, 0, false, false },
    { "date", NULL, RN_HELP("a day"), RN_DATE, 0, false, false },
    { "time", NULL, RN_HELP("a time of day"), RN_TIME, 0, false, false },
    { "timestamp", NULL, RN_HELP("an instant, in UTC"),
      RN_TIMESTAMP, 0, true, false },
    { "timestamp_ntz", NULL, RN_HELP("a local time, no time zone"),
      RN_TIMESTAMP, 0, false, false },
    { "text", "string", RN_HELP("UTF-8"), RN_TEXT, 0, false, false },
    { "json", NULL, RN_HELP("text that is a JSON document"),
      RN_TEXT, 0, false, true },
    { "uuid", NULL, RN_HELP("16 bytes"), RN_UUID, 0, false, false },
    { "blob", "binary", RN_HELP("bytes"), RN_BLOB, 0, false, false },
};
const size_t rn_types_n = RN_COUNTOF(rn_types);

/* Words of other systems that could mean more than one of ours. */
static const struct {
    const char *word;
    const char *instead;
} unclear[] = {
    { "int", RN_ADVICE("int8, int16, int32 or int64") },
    { "integer", RN_ADVICE("int8, int16, int32 or int64") },
    { "real", RN_ADVICE("float or double") },
    { "number", RN_ADVICE(DECIMAL) },
    { "datetime", RN_ADVICE("timestamp (UTC) or timestamp_ntz (local)") },
    { "timestamptz", RN_ADVICE("timestamp") },
    { "timestamp_ltz", RN_ADVICE("timestamp") },
    { "char", RN_ADVICE("text") },
    { "varchar", RN_ADVICE("text") },
    { "nvarchar", RN_ADVICE("text") },
    { "varbinary", RN_ADVICE("blob") },
    { "bytea", RN_ADVICE("blob") },
};
/* clang-format on */

const char *rn_type_name(enum rn_type t)
{
    static const char *const name[] = {
        [RN_NULL] = "null",       [RN_BOOL] = "boolean",
        [RN_I64] = "integer",     [RN_F64] = "double",
        [RN_DECIMAL] = "decimal", [RN_DATE] = "date",
        [RN_TIME] = "time",       [RN_TIMESTAMP] = "timestamp",
        [RN_TEXT] = "text",       [RN_BLOB] = "binary",
        [RN_UUID] = "uuid",
    };

    return (unsigned)t < RN_COUNTOF(name) ? name[t] : "unknown";
}

/* ------------------------------------------------------------------ digits */

static const char *skip_blanks(const char *p)
{
    while (*p == ' ')
        p++;
    return p;
}

/* At most three digits, with the blanks around them; NULL when there are none.
 */
static const char *small_number(const char *p, unsigned *value)
{
    *value = 0;
    p = skip_blanks(p);
    const char *first = p;
    for (; *p >= '0' && *p <= '9' && p - first < 3; p++)
        *value = *value * 10 + (unsigned)(*p - '0');
    return p > first ? skip_blanks(p) : NULL;
}

const char *rn_type_digits(const char *text, struct rn_col *col)
{
    unsigned precision, scale = 0;
    const char *p = *text == '(' ? small_number(text + 1, &precision) : NULL;
    if (p != NULL && *p == ',')
        p = small_number(p + 1, &scale);
    if (p == NULL || *p != ')' || precision < 1 ||
        precision > RN_DECIMAL_DIGITS || scale > precision)
        return NULL;
    col->precision = (uint8_t)precision;
    col->scale = (uint8_t)scale;
    return p + 1;
}

/* ------------------------------------------------------------------- words */

/* The text up to its parenthesis, in small letters; false: too long. */
static bool small_letters(const char *text, char to[WORD_MAX])
{
    size_t n = strcspn(text, "(");
    while (n > 0 && text[n - 1] == ' ')
        n--;
    if (n >= WORD_MAX)
        return false;
    for (size_t i = 0; i < n; i++)
        to[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a'
                                                        : text[i]);
    to[n] = 0;
    return true;
}

/* A listed word without its parenthesis. */
static bool is(const char *word, const char *listed)
{
    size_t n = listed != NULL ? strcspn(listed, "(") : 0;
    return n > 0 && strlen(word) == n && memcmp(word, listed, n) == 0;
}

static const struct rn_type_about *find(const char *word)
{
    for (size_t i = 0; i < RN_COUNTOF(rn_types); i++)
        if (is(word, rn_types[i].word) || is(word, rn_types[i].also))
            return &rn_types[i];
    return NULL;
}

static void nearer(const char *word, const char *listed, unsigned *least,
                   size_t at, size_t *best)
{
    char plain[WORD_MAX];
    if (listed == NULL || !small_letters(listed, plain))
        return;
    unsigned d = rn_distance(word, plain, *least);
    if (d < *least) {
        *least = d;
        *best = at;
    }
}

static const char *meant(const char *word)
{
    unsigned least = rn_distance_fair(word) + 1;
    size_t best = RN_COUNTOF(rn_types);

    for (size_t i = 0; i < RN_COUNTOF(unclear); i++)
        if (strcmp(word, unclear[i].word) == 0)
            return unclear[i].instead;
    for (size_t i = 0; i < RN_COUNTOF(rn_types); i++) {
        nearer(word, rn_types[i].word, &least, i, &best);
        nearer(word, rn_types[i].also, &least, i, &best);
    }
    return best < RN_COUNTOF(rn_types) ? rn_types[best].word : NULL;
}

int rn_type_parse(const char *text, struct rn_col *col, const char **instead)
{
    char word[WORD_MAX];
    const char *rest = text + strcspn(text, "(");
    struct rn_col as = { .name = col->name, .nullable = col->nullable };

    *instead = NULL;
    if (!small_letters(text, word))
        return RN_E_CONFIG;
    const struct rn_type_about *about = find(word);
    if (about == NULL) {
        *instead = meant(word);
        return RN_E_CONFIG;
    }
    if (about->type == RN_DECIMAL)
        rest = rn_type_digits(rest, &as);
    if (rest == NULL || *skip_blanks(rest) != 0) {
        *instead = about->type == RN_DECIMAL ? DECIMAL : about->word;
        return RN_E_CONFIG;
    }
    as.type = about->type;
    as.bits = about->bits;
    as.utc = about->utc;
    as.json = about->json;
    *col = as;
    return RN_OK;
}

const char *rn_type_word(const struct rn_col *col, char to[RN_TYPE_WORD])
{
    uint8_t bits = col->bits == 64 ? 0 : col->bits;
    const char *word = rn_type_name(col->type);

    if (col->type == RN_DECIMAL) {
        (void)rn_format(to, RN_TYPE_WORD, "decimal(%u,%u)", col->precision,
                        col->scale);
        return to;
    }
    for (size_t i = 0; i < RN_COUNTOF(rn_types); i++) {
        const struct rn_type_about *t = &rn_types[i];
        if (t->type == col->type && t->bits == bits && t->json == col->json &&
            (t->type != RN_TIMESTAMP || t->utc == col->utc))
            word = t->word;
    }
    (void)rn_format(to, RN_TYPE_WORD, "%s", word);
    return to;
}
