/* job/config.c: lines of a job file to keys; see job/config.h.
 *
 * inih takes the lines apart; every line passes reader_line() first, which
 * refuses what inih would cut or misread in silence.
 */
#include "job/config.h"

#include <ini.h>
#include <stdarg.h>
#include <string.h>

#include "core/format.h"
#include "core/nearest.h"
#include "job/config_reader.h"
#include "runnel/file.h"
#include "runnel/port.h"

/* How inih was built decides what it does with our lines. */
_Static_assert(INI_USE_STACK == 1, "no allocation");
_Static_assert(INI_HANDLER_LINENO == 1, "messages name the line");
_Static_assert(INI_ALLOW_MULTILINE == 1, "queries go on in indented lines");
_Static_assert(INI_CALL_HANDLER_ON_NEW_SECTION == 1, "sections are checked");

#define FILE_MAX   49152
#define NAME_SHOWN 32
#define NAME_SET   256 /* a column's name may be longer than a key's */

/* ---------------------------------------------------------------- messages */

/* The last bytes of a long path say more than the first. */
static const char *tail(const char *path, size_t most)
{
    size_t len = strlen(path);
    return len <= most ? path : path + (len - most);
}

static void place(const struct rn_config_reader *r, int line,
                  const struct rn_key *k, char *to, size_t cap)
{
    const char *path = tail(r->in->path, 120);

    if (line == RN_LINE_SET && k != NULL)
        (void)rn_format(to, cap, "--set %s.%s", k->section, k->name);
    else if (line == RN_LINE_SET)
        (void)rn_format(to, cap, "--set");
    else if (line > 0 && k != NULL)
        (void)rn_format(to, cap, "%s:%d: [%s] %s", path, line, k->section,
                        k->name);
    else if (line > 0)
        (void)rn_format(to, cap, "%s:%d", path, line);
    else if (k != NULL)
        (void)rn_format(to, cap, "%s: [%s] %s", path, k->section, k->name);
    else
        (void)rn_format(to, cap, "%s", path);
}

int(rn_config_fail)(struct rn_config_reader *r, int line,
                    const struct rn_key *k, const char *fmt, ...)
{
    char where[220];
    char text[300];
    va_list args;

    if (r->fail.code != RN_OK)
        return RN_E_CONFIG;
    va_start(args, fmt);
    (void)rn_vformat(text, sizeof text, fmt, args);
    va_end(args);
    place(r, line, k, where, sizeof where);
    r->fail_line = line;
    return (rn_fail)(&r->fail, RN_E_CONFIG, RN_AT_CONFIG, "%s: %s", where,
                     text);
}

int rn_config_fail_terse(struct rn_config_reader *r, int line,
                         const struct rn_key *k)
{
    char where[220];

    place(r, line, k, where, sizeof where);
    r->fail_line = r->fail.code == RN_OK ? line : r->fail_line;
    return (rn_fail)(&r->fail, RN_E_CONFIG, RN_AT_CONFIG, "%s", where);
}

static bool is_types(const char *section)
{
    return strcmp(section, RN_TYPES) == 0;
}

static bool known_section(const char *section)
{
    if (is_types(section))
        return true;
    for (size_t i = 0; rn_key_section(i) != NULL; i++)
        if (strcmp(rn_key_section(i), section) == 0)
            return true;
    return false;
}

static const char *nearest_section(const char *section)
{
    unsigned least = rn_distance_fair(section) + 1;
    unsigned types = rn_distance(section, RN_TYPES, least);
    const char *best = types < least ? RN_TYPES : NULL;

    least = types < least ? types : least;
    for (size_t i = 0; rn_key_section(i) != NULL; i++) {
        unsigned d = rn_distance(section, rn_key_section(i), least);
        if (d < least) {
            least = d;
            best = rn_key_section(i);
        }
    }
    return best;
}

/* The nearest name in the same section, or the same name in another one. */
static const struct rn_key *nearest_key(const char *section, const char *name)
{
    const struct rn_key *best = NULL;
    unsigned least = rn_distance_fair(name) + 1;

    for (size_t i = 0; i < rn_keys_n; i++) {
        if (strcmp(rn_keys[i].section, section) != 0)
            continue;
        unsigned d = rn_distance(name, rn_keys[i].name, least);
        if (d < least) {
            least = d;
            best = &rn_keys[i];
        }
    }
    for (size_t i = 0; best == NULL && i < rn_keys_n; i++)
        if (strcmp(rn_keys[i].name, name) == 0)
            best = &rn_keys[i];
    return best;
}

static int unknown_section(struct rn_config_reader *r, int line,
                           const char *section)
{
    const struct rn_later *later = rn_later_find(section, NULL, NULL);
    const char *near = nearest_section(section);

    if (later != NULL)
        return rn_config_fail(r, line, NULL, "[%s]: not in this version (%s)",
                              section, later->what);
    if (near != NULL)
        return rn_config_fail(r, line, NULL,
                              "[%s]: no such section; did you mean [%s]?",
                              rn_config_shown(section), near);
    return rn_config_fail(r, line, NULL,
                          "[%s]: no such section (see runnel help keys)",
                          rn_config_shown(section));
}

static int unknown_key(struct rn_config_reader *r, int line,
                       const char *section, const char *name)
{
    const struct rn_later *later = rn_later_find(section, name, NULL);
    const struct rn_key *near = nearest_key(section, name);

    if (later != NULL)
        return rn_config_fail(r, line, NULL,
                              "[%s] %s: not in this version (%s)", section,
                              name, later->what);
    if (near == NULL)
        return rn_config_fail(r, line, NULL,
                              "[%s] %s: no such key (see runnel help keys)",
                              section, rn_config_shown(name));
    if (strcmp(near->section, section) != 0)
        return rn_config_fail(r, line, NULL,
                              "[%s] %s: no such key; it belongs to [%s]",
                              section, rn_config_shown(name), near->section);
    return rn_config_fail(r, line, NULL,
                          "[%s] %s: no such key; did you mean %s?", section,
                          rn_config_shown(name), near->name);
}

/* ------------------------------------------------------------------ values */

/* What came out of a variable, or is no plain word, may be a secret that was
 * given to the wrong key.
 */
static bool showable(const struct rn_config_reader *r, const char *value)
{
    for (const char *p = value; *p != 0; p++)
        if ((unsigned char)*p < 0x20 || *p == '=' || *p == '?')
            return false;
    return strlen(value) <= NAME_SHOWN && strstr(r->value, "${") == NULL;
}

static int bad_value(struct rn_config_reader *r, const char *value)
{
    const struct rn_key *k = r->key;
    const struct rn_later *later = rn_later_find(k->section, k->name, value);
    char expects[160];

    if (later != NULL)
        return rn_config_fail(r, r->key_line, k, "%s: not in this version (%s)",
                              value, later->what);
    rn_key_expects(k, expects, sizeof expects);
    if (value[0] == 0)
        return rn_config_fail(r, r->key_line, k, "is empty; expected %s",
                              expects);
    if (!showable(r, value))
        return rn_config_fail(r, r->key_line, k, "expected %s", expects);
    return rn_config_fail(r, r->key_line, k, "%s: expected %s", value, expects);
}

static void set_member(struct rn_config *config, size_t at, const char *text)
{
    memcpy((char *)config + at, &text, sizeof text);
}

/* The gathered value is complete: give it to the configuration. */
static int settle(struct rn_config_reader *r)
{
    const struct rn_key *k = r->key;
    const char *value;
    const char *file;

    if (k == NULL)
        return RN_OK;
    r->value[r->len] = 0;
    if (k == &r->column) {
        r->key = NULL;
        return rn_config_rule_end(r);
    }
    int err = rn_config_text(r, &value, &file);
    if (err == RN_OK && k->must && value[0] == 0)
        err = rn_config_fail(r, r->key_line, k, "is empty; %s", k->meaning);
    r->hide[k - rn_keys] = !showable(r, value);
    if (err == RN_OK && rn_key_set(k, value, r->config) < 0)
        err = bad_value(r, value);
    if (err == RN_OK && k->file_at != 0)
        set_member(r->config, k->file_at, file);
    r->key = NULL;
    return err;
}

static int gather(struct rn_config_reader *r, const char *value)
{
    size_t len = strlen(value);

    if (r->len + len + 2 > sizeof r->value)
        return rn_config_fail(r, r->key_line, r->key,
                              "longer than %u bytes; use file:PATH",
                              RN_VALUE_MAX - 2);
    memcpy(r->value + r->len, value, len);
    r->len += len;
    return RN_OK;
}

static int begin_key(struct rn_config_reader *r, const struct rn_key *k,
                     int line, const char *value)
{
    r->key = k;
    r->key_line = line;
    r->len = 0;
    return gather(r, value);
}

/* -------------------------------------------------------------- the file */

static int on_section(struct rn_config_reader *r, int line, const char *section)
{
    bool *wanted = rn_section_wanted(r->config, section);

    r->can_go_on = false;
    if (settle(r) < 0)
        return RN_E_CONFIG;
    if (wanted)
        *wanted = true;
    return known_section(section) ? RN_OK : unknown_section(r, line, section);
}

/* An indented line: part of the value above, which may not be what was meant,
 * so only values that are often long have more than one line.
 */
static int on_more(struct rn_config_reader *r, int line, const char *section,
                   const char *value)
{
    if (r->key == NULL) /* the line above was replaced by --set */
        return RN_OK;
    if (r->key->kind != RN_KEY_LONG)
        return rn_config_fail(r, line, NULL,
                              "an indented line continues [%s] %s, which "
                              "takes one line; begin keys in the first column",
                              section, r->key->name);
    return gather(r, "\n") < 0 ? RN_E_CONFIG : gather(r, value);
}

/* A line of [types], or --set for one. */
static int on_rule(struct rn_config_reader *r, int line, const char *column,
                   const char *value)
{
    int wanted = rn_config_rule(r, line, column);

    return wanted > 0 ? begin_key(r, &r->column, line, value) : wanted;
}

static int on_key(struct rn_config_reader *r, int line, const char *section,
                  const char *name, const char *value)
{
    r->can_go_on = name[0] != 0;
    if (settle(r) < 0)
        return RN_E_CONFIG;
    if (section[0] == 0)
        return rn_config_fail(r, line, NULL,
                              "%s: stands before the first [section]",
                              rn_config_shown(name));
    if (is_types(section))
        return on_rule(r, line, name, value);
    const struct rn_key *k = rn_key_find(section, name);
    if (k == NULL)
        return unknown_key(r, line, section, name);
    int *given = &r->line[k - rn_keys];
    if (*given > 0)
        return rn_config_fail(r, line, k, "given twice, first in line %d",
                              *given);
    if (*given == RN_LINE_SET)
        return RN_OK;
    *given = line;
    return begin_key(r, k, line, value);
}

static int on_ini(void *user, const char *section, const char *name,
                  const char *value, int line)
{
    struct rn_config_reader *r = user;
    int err;

    if (r->fail.code != RN_OK)
        return 0;
    if (name == NULL)
        err = on_section(r, line, section);
    else if (r->can_go_on && r->indented)
        err = on_more(r, line, section, value);
    else
        err = on_key(r, line, section, name, value);
    return err == RN_OK;
}

static int check_line(struct rn_config_reader *r, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool end = p[i] == '\n' || (p[i] == '\r' && i + 2 >= len);
        if (end || p[i] == '\t')
            continue;
        if (p[i] == 0)
            return rn_config_fail(r, r->lines, NULL,
                                  "holds a NUL byte; is this a job file?");
        if (p[i] < 0x20 || p[i] == 0x7f)
            return rn_config_fail(r, r->lines, NULL,
                                  "holds a control byte (0x%02x)", p[i]);
    }
    return RN_OK;
}

/* For inih, as fgets(). NULL, which ends the reading, after a failure. */
static char *reader_line(char *to, int cap, void *stream)
{
    struct rn_config_reader *r = stream;
    const uint8_t *p = r->left.p;

    if (r->left.n == 0 || r->fail.code != RN_OK)
        return NULL;
    const uint8_t *end = memchr(p, '\n', r->left.n);
    size_t len = end == NULL ? r->left.n : (size_t)(end - p) + 1;
    r->lines++;
    /* One less than fits: inih takes a full buffer for a cut line. */
    if (len + 2 > (size_t)cap) {
        (void)rn_config_fail(r, r->lines, NULL,
                             "longer than %d bytes; use file:PATH", cap - 2);
        return NULL;
    }
    if (check_line(r, p, len) < 0)
        return NULL;
    memcpy(to, p, len);
    to[len] = 0;
    r->indented = to[0] == ' ' || to[0] == '\t';
    r->left.p += len;
    r->left.n -= len;
    return to;
}

static int read_lines(struct rn_config_reader *r)
{
    int line = ini_parse_stream(reader_line, r, on_ini, r);

    /* inih goes on after a line it could not take apart, so its first failure
     * may be before ours.
     */
    if (line > 0 && (r->fail.code == RN_OK || line < r->fail_line)) {
        rn_error_clear(&r->fail);
        return rn_config_fail(r, line, NULL,
                              "expected [section] or key = value");
    }
    if (r->fail.code != RN_OK)
        return RN_E_CONFIG;
    return settle(r);
}

static int load_file(struct rn_config_reader *r)
{
    const char *path = r->in->path;
    char why[RN_WHY] = "";
    int64_t size = rn_file_size(path);
    size_t cap = size > 0 && size <= FILE_MAX ? (size_t)size : 0;
    uint8_t *to = rn_arena_take(r->mem, 1, cap + 1);
    int got = to == NULL ? RN_E_FULL : rn_file_load(path, to, cap, false, why);

    if (got == RN_E_FULL && size >= 0)
        return rn_config_fail(r, RN_LINE_NONE, NULL,
                              "larger than %d KiB; is this a job file?",
                              FILE_MAX / 1024);
    if (got < 0 && why[0] == 0)
        return rn_config_fail(r, RN_LINE_NONE, NULL, "cannot be read");
    if (got < 0)
        return rn_fail(&r->fail, RN_E_CONFIG, RN_AT_CONFIG, "%s", why);
    r->left = (struct rn_bytes){ to, (size_t)got };
    return RN_OK;
}

/* ------------------------------------------------------------------- --set */

static int split(struct rn_config_reader *r, const char *text, char *section,
                 char *name)
{
    const char *dot = strchr(text, '.');
    const char *equals = strchr(text, '=');

    if (dot == NULL || equals == NULL || dot > equals ||
        dot - text > NAME_SHOWN || equals - dot > NAME_SET)
        return rn_config_fail(r, RN_LINE_SET, NULL,
                              "expected section.key=value");
    memcpy(section, text, (size_t)(dot - text));
    section[dot - text] = 0;
    memcpy(name, dot + 1, (size_t)(equals - dot - 1));
    name[equals - dot - 1] = 0;
    return RN_OK;
}

/* Whoever can run ps sees every argument. */
static bool public_secret(const struct rn_key *k, const char *value)
{
    const char *end = strchr(value, '}');

    if (k->kind != RN_KEY_SECRET || strncmp(value, "file:", 5) == 0)
        return false;
    return strncmp(value, "${", 2) != 0 || end == NULL || end[1] != 0;
}

static int apply_one(struct rn_config_reader *r, const char *text)
{
    char section[NAME_SHOWN + 1];
    char name[NAME_SET + 1];

    if (split(r, text, section, name) < 0)
        return RN_E_CONFIG;
    const char *value = strchr(text, '=') + 1;
    if (!known_section(section))
        return unknown_section(r, RN_LINE_SET, section);
    if (is_types(section))
        return on_rule(r, RN_LINE_SET, name, value) < 0 ? RN_E_CONFIG
                                                        : settle(r);
    const struct rn_key *k = rn_key_find(section, name);
    if (k == NULL)
        return unknown_key(r, RN_LINE_SET, section, name);
    if (public_secret(k, value))
        return rn_config_fail(r, RN_LINE_SET, k,
                              "a command line is public, anyone can list it; "
                              "use file:PATH or ${NAME}");
    r->line[k - rn_keys] = RN_LINE_SET;
    if (begin_key(r, k, RN_LINE_SET, value) < 0)
        return RN_E_CONFIG;
    return settle(r);
}

static int apply_settings(struct rn_config_reader *r)
{
    for (size_t i = 0; i < r->in->sets; i++)
        if (apply_one(r, r->in->set[i].text) < 0)
            return RN_E_CONFIG;
    return RN_OK;
}

static int read_all(struct rn_config_reader *r)
{
    int err = RN_OK;

    rn_config_defaults(r);
    if (r->in->text.p == NULL)
        err = load_file(r);
    if (err == RN_OK)
        err = apply_settings(r);
    if (err == RN_OK)
        err = read_lines(r);
    if (err == RN_OK)
        err = rn_config_rules(r);
    if (err == RN_OK)
        err = rn_config_check(r);
    return err;
}

/* The reader is larger than a small stack; it lies at the arena's end and is
 * gone when the strings at its front are all that is left.
 */
int rn_config_read(const struct rn_config_input *in, struct rn_arena *mem,
                   struct rn_config *config, struct rn_error *error)
{
    const size_t size = RN_ROUND(sizeof(struct rn_config_reader));
    size_t before = mem->used, cap = mem->cap & ~(size_t)(RN_ALIGN - 1);
    struct rn_config_reader *r;
    int err;

    memset(config, 0, sizeof *config);
    config->path = in->path;
    if (cap < before + size)
        return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: %zu bytes are too few to read a job", in->path,
                       cap - before);
    r = (void *)(mem->base + cap - size);
    mem->cap = cap - size;
    memset(r, 0, sizeof *r);
    r->in = in;
    r->mem = mem;
    r->config = config;
    r->left = in->text;
    err = read_all(r);
    mem->cap = cap;
    if (err < 0) /* also where other failures have no texts */
        return (rn_fail)(error, RN_E_CONFIG, RN_AT_CONFIG, "%s", r->fail.text);
    config->bytes = mem->used - before;
    return RN_OK;
}
