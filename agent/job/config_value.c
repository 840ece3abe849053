/* job/config_value.c: a key's text as a value; see job/config_keys.h. */
#include "job/config_keys.h"

#include <string.h>

#include "core/format.h"

_Static_assert(sizeof(enum rn_policy) == sizeof(int),
               "words are stored as int");
_Static_assert(sizeof(unsigned) == sizeof(int), "small numbers too");

struct unit {
    const char *name;
    uint64_t times;
};

/* Largest first: that is how they are looked for when a bound is printed. */
static const struct unit byte_units[] = {
    { "G", UINT64_C(1) << 30 }, { "M", 1 << 20 }, { "K", 1 << 10 }, { "", 1 }
};
static const struct unit time_units[] = { { "d", 86400000 },
                                          { "h", 3600000 },
                                          { "m", 60000 },
                                          { "s", 1000 },
                                          { "ms", 1 } };

static void *member(const struct rn_key *k, struct rn_config *config)
{
    return (char *)config + k->at;
}

/* Digits at the front of *text, which moves past them. */
static int take_number(const char **text, uint64_t *value)
{
    const char *p = *text;

    *value = 0;
    for (; *p >= '0' && *p <= '9'; p++) {
        uint64_t digit = (uint64_t)(*p - '0');
        if (*value > (UINT64_MAX - digit) / 10)
            return RN_E_CONFIG;
        *value = *value * 10 + digit;
    }
    if (p == *text)
        return RN_E_CONFIG;
    *text = p;
    return RN_OK;
}

static int take_unit(const char *text, const struct unit *unit, size_t n,
                     uint64_t *value)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(text, unit[i].name) != 0)
            continue;
        if (*value > UINT64_MAX / unit[i].times)
            return RN_E_CONFIG;
        *value *= unit[i].times;
        return RN_OK;
    }
    return RN_E_CONFIG;
}

static int parse_number(const struct rn_key *k, const char *text,
                        uint64_t *value)
{
    char unit[3];
    int err = take_number(&text, value);

    if (err < 0 || strlen(text) >= sizeof unit)
        return RN_E_CONFIG;
    memcpy(unit, text, strlen(text) + 1);
    if (k->kind == RN_KEY_BYTES) {
        if (unit[0] >= 'a' && unit[0] <= 'z')
            unit[0] = (char)(unit[0] - 'a' + 'A');
        err = take_unit(unit, byte_units, RN_COUNTOF(byte_units), value);
    } else if (k->kind == RN_KEY_TIME && *value != 0) {
        err = take_unit(unit, time_units, RN_COUNTOF(time_units), value);
    } else if (unit[0] != 0) {
        err = RN_E_CONFIG;
    }
    if (err < 0 || *value < k->least || *value > k->most)
        return RN_E_CONFIG;
    return RN_OK;
}

static int set_number(const struct rn_key *k, const char *text,
                      struct rn_config *config)
{
    uint64_t value;
    int err = parse_number(k, text, &value);

    if (err < 0)
        return err;
    if (k->kind == RN_KEY_SMALL) {
        unsigned small = (unsigned)value;
        memcpy(member(k, config), &small, sizeof small);
    } else { /* a time is signed, and far below the sign */
        memcpy(member(k, config), &value, sizeof value);
    }
    return RN_OK;
}

static const struct rn_word *find_word(const struct rn_key *k, const char *text)
{
    for (const struct rn_word *w = k->word; w != NULL && w->word != NULL; w++)
        if (strcmp(w->word, text) == 0)
            return w;
    return NULL;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* A byte above 127 would be half a character, and a line end or NUL would
 * make rows that nothing can read.
 */
static int parse_byte(const struct rn_key *k, const char *text, char *byte)
{
    const struct rn_word *w = find_word(k, text);
    size_t len = strlen(text);
    int value = -1;

    if (w != NULL) {
        *byte = (char)w->value;
        return RN_OK;
    }
    if (len == 1) {
        value = (unsigned char)text[0];
    } else if (len == 4 && text[0] == '\\' && text[1] == 'x') {
        int high = hex_digit(text[2]);
        int low = hex_digit(text[3]);
        value = high < 0 || low < 0 ? -1 : high * 16 + low;
    }
    if (value <= 0 || value > 127 || value == '\n' || value == '\r')
        return RN_E_CONFIG;
    *byte = (char)value;
    return RN_OK;
}

static int set_bool(const struct rn_key *k, const char *text,
                    struct rn_config *config)
{
    bool value = strcmp(text, "true") == 0;

    if (!value && strcmp(text, "false") != 0)
        return RN_E_CONFIG;
    memcpy(member(k, config), &value, sizeof value);
    return RN_OK;
}

static int set_word(const struct rn_key *k, const char *text,
                    struct rn_config *config)
{
    const struct rn_word *w = find_word(k, text);

    if (w == NULL)
        return RN_E_CONFIG;
    memcpy(member(k, config), &w->value, sizeof w->value);
    return RN_OK;
}

int rn_key_set(const struct rn_key *k, const char *text,
               struct rn_config *config)
{
    switch (k->kind) {
    case RN_KEY_BYTE:
        return parse_byte(k, text, member(k, config));
    case RN_KEY_BOOL:
        return set_bool(k, text, config);
    case RN_KEY_WORD:
        return set_word(k, text, config);
    case RN_KEY_BYTES:
    case RN_KEY_COUNT:
    case RN_KEY_SMALL:
    case RN_KEY_TIME:
        return set_number(k, text, config);
    case RN_KEY_NAME:
        if (find_word(k, text) == NULL)
            return RN_E_CONFIG;
        break;
    default:
        break;
    }
    memcpy(member(k, config), &text, sizeof text);
    return RN_OK;
}

const char *rn_key_text(const struct rn_key *k, const struct rn_config *config)
{
    const char *text;

    memcpy(&text, (const char *)config + k->at, sizeof text);
    return text;
}

const char *rn_key_word(const struct rn_key *k, const struct rn_config *config)
{
    int value;

    switch (k->kind) {
    case RN_KEY_TEXT:
    case RN_KEY_NAME:
        return rn_key_text(k, config);
    case RN_KEY_WORD:
        memcpy(&value, (const char *)config + k->at, sizeof value);
        for (const struct rn_word *w = k->word; w->word != NULL; w++)
            if (w->value == value)
                return w->word;
        return "";
    default:
        return "";
    }
}

/* A text that grows in a buffer and is cut at its end. */
struct text {
    char *p;
    size_t cap;
};

static void add(struct text *t, const char *word)
{
    size_t len = strlen(word);

    if (len >= t->cap)
        len = t->cap - 1;
    memcpy(t->p, word, len);
    t->p += len;
    t->cap -= len;
    *t->p = 0;
}

static void add_amount(struct text *t, uint64_t value, const struct unit *unit)
{
    char buf[32];

    while (unit->times > 1 && (value == 0 || value % unit->times != 0))
        unit++;
    (void)rn_format(buf, sizeof buf, "%llu%s",
                    (unsigned long long)(value / unit->times),
                    value == 0 ? "" : unit->name);
    add(t, buf);
}

static void add_words(struct text *t, const struct rn_word *w)
{
    for (const struct rn_word *at = w; at->word != NULL; at++) {
        if (at != w)
            add(t, at[1].word == NULL ? " or " : ", ");
        add(t, at->word);
    }
}

static void add_range(struct text *t, const struct rn_key *k,
                      const struct unit *unit)
{
    add(t, " from ");
    add_amount(t, k->least, unit);
    if (k->most == UINT64_MAX) {
        add(t, " up");
    } else {
        add(t, " to ");
        add_amount(t, k->most, unit);
    }
}

void rn_key_expects(const struct rn_key *k, char *to, size_t cap)
{
    static const struct unit one = { "", 1 };
    struct text t = { to, cap };

    RN_ASSERT(cap > 0);
    to[0] = 0;
    switch (k->kind) {
    case RN_KEY_NAME:
    case RN_KEY_WORD:
        add_words(&t, k->word);
        break;
    case RN_KEY_BYTE:
        add(&t, "one byte, \\xNN, ");
        add_words(&t, k->word);
        break;
    case RN_KEY_BOOL:
        add(&t, "true or false");
        break;
    case RN_KEY_BYTES:
        add(&t, "bytes");
        add_range(&t, k, byte_units);
        break;
    case RN_KEY_TIME:
        add(&t, "a time");
        add_range(&t, k, time_units);
        break;
    case RN_KEY_COUNT:
    case RN_KEY_SMALL:
        add(&t, "a number");
        add_range(&t, k, &one);
        break;
    default:
        add(&t, k->kind == RN_KEY_TEXT ? "text" : "text or file:PATH");
        break;
    }
}
