/* source/sqlite_types.c: see source/sqlite_types.h, where the rule is. */
#include "source/sqlite_types.h"

#include <sqlite3.h>
#include <string.h>

#define PRECISION_MAX 38

/* The declared type's words in capitals, without what follows a parenthesis.
 * Longer ones are cut: no rule looks that far.
 */
struct words {
    char text[64];
    const char *rest; /* "(10,2)" or "" */
};

static struct words words_of(const char *declared)
{
    struct words w = { .rest = declared };
    size_t n = 0;
    for (; *w.rest != 0 && *w.rest != '('; w.rest++) {
        char c = *w.rest;
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        if (n < sizeof w.text - 1)
            w.text[n++] = c;
    }
    while (n > 0 && w.text[n - 1] == ' ')
        n--;
    w.text[n] = 0;
    return w;
}

static bool begins(const struct words *w, const char *with)
{
    return strncmp(w->text, with, strlen(with)) == 0;
}

static bool is(const struct words *w, const char *what)
{
    return strcmp(w->text, what) == 0;
}

static bool has(const struct words *w, const char *what)
{
    return strstr(w->text, what) != NULL;
}

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

/* "(p)" or "(p,s)" that a decimal can be. */
static bool decimal(const char *rest, struct rn_col *col)
{
    unsigned precision, scale = 0;
    const char *p = *rest == '(' ? small_number(rest + 1, &precision) : NULL;
    if (p != NULL && *p == ',')
        p = small_number(p + 1, &scale);
    if (p == NULL || *p != ')' || precision < 1 || precision > PRECISION_MAX ||
        scale > precision)
        return false;
    col->precision = (uint8_t)precision;
    col->scale = (uint8_t)scale;
    return true;
}

static enum rn_type named(const struct words *w)
{
    if (is(w, "DATE"))
        return RN_DATE;
    if (is(w, "TIME"))
        return RN_TIME;
    if (begins(w, "DATETIME") || begins(w, "TIMESTAMP"))
        return RN_TIMESTAMP;
    if (begins(w, "BOOL"))
        return RN_BOOL;
    if (begins(w, "DEC") || begins(w, "NUMERIC"))
        return RN_DECIMAL;
    if (has(w, "INT") && !has(w, "POINT") && !begins(w, "INTERVAL"))
        return RN_I64;
    if (has(w, "CHAR") || has(w, "CLOB") || has(w, "TEXT") || is(w, "JSON"))
        return RN_TEXT;
    if (has(w, "BLOB"))
        return RN_BLOB;
    if (has(w, "REAL") || has(w, "FLOA") || has(w, "DOUB"))
        return RN_F64;
    return RN_NULL;
}

bool rn_sqlite_declared(const char *declared, struct rn_col *col)
{
    if (declared == NULL)
        return false;
    struct words w = words_of(declared);
    enum rn_type type = named(&w);
    if (type == RN_NULL || (type == RN_DECIMAL && !decimal(w.rest, col)))
        return false;
    col->type = type;
    col->utc = type == RN_TIMESTAMP;
    return true;
}

enum rn_type rn_sqlite_seen(unsigned seen)
{
    unsigned integer = RN_SQLITE_BIT(SQLITE_INTEGER);
    unsigned real = RN_SQLITE_BIT(SQLITE_FLOAT);
    seen &= ~RN_SQLITE_BIT(SQLITE_NULL);
    if (seen == integer)
        return RN_I64;
    if (seen == real || seen == (integer | real))
        return RN_F64;
    if (seen == RN_SQLITE_BIT(SQLITE_BLOB))
        return RN_BLOB;
    return RN_TEXT;
}

uint8_t rn_sqlite_storage(enum rn_type type)
{
    switch (type) {
    case RN_I64:
        return SQLITE_INTEGER;
    case RN_F64:
        return SQLITE_FLOAT;
    case RN_TEXT:
        return SQLITE_TEXT;
    case RN_BLOB:
        return SQLITE_BLOB;
    default:
        return 0;
    }
}
