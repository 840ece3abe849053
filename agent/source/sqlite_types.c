/* source/sqlite_types.c: see source/sqlite_types.h, where the rule is. */
#include "source/sqlite_types.h"

#include <sqlite3.h>
#include <string.h>

#include "row/type.h"

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

static enum rn_type named(const struct words *w)
{
    if (is(w, "UUID") || is(w, "UNIQUEIDENTIFIER"))
        return RN_UUID;
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
    if (type == RN_NULL ||
        (type == RN_DECIMAL && rn_type_digits(w.rest, col) == NULL))
        return false;
    col->type = type;
    col->utc = type == RN_TIMESTAMP;
    col->json = is(&w, "JSON");
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
