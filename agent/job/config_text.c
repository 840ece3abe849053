/* job/config_text.c: ${NAME} and file:PATH in values; see
 * job/config_reader.h. Texts of errors never hold what a variable or a file
 * holds.
 */
#include "job/config_reader.h"

#include <stdlib.h>
#include <string.h>

#include "runnel/file.h"
#include "runnel/port.h"

#define NAME_MAX_LEN 64
#define SECRET_MAX   16384
#define QUERY_MAX    32768

#define NAME_SHOWN 32

const char *rn_config_shown(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    return len > 0 && len <= NAME_SHOWN && name[len] == 0
               ? name
               : "(not shown, it is no name)";
}

static int fail(struct rn_config_reader *r, const char *text)
{
    return rn_config_fail(r, r->key_line, r->key, "%s", text);
}

int rn_config_no_room(struct rn_config_reader *r)
{
    return rn_config_fail(r, r->key_line, r->key,
                          "the job's values are larger than %u KiB in all",
                          RN_CONFIG_ARENA / 1024);
}

static bool name_byte(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (!first && c >= '0' && c <= '9');
}

/* The variable whose name begins at `p`, after "${"; *end is past the "}". */
static int variable(struct rn_config_reader *r, const char *p, const char **end,
                    const char **value)
{
    char name[NAME_MAX_LEN + 1];
    size_t len = 0;

    while (len < NAME_MAX_LEN && name_byte(p[len], len == 0)) {
        name[len] = p[len];
        len++;
    }
    name[len] = 0;
    if (len == 0 || p[len] != '}')
        return fail(r, "expected ${NAME}, an environment variable; "
                       "write $${ for a literal ${");
    *end = p + len + 1;
    *value = getenv(name);
    if (*value == NULL)
        return rn_config_fail(r, r->key_line, r->key,
                              "environment variable %s is not set", name);
    return RN_OK;
}

static void put(char *to, size_t *len, const char *p, size_t n)
{
    if (to != NULL)
        memcpy(to + *len, p, n);
    *len += n;
}

/* Write what `p` means to `to`, or only measure it when that is NULL. */
static int expand(struct rn_config_reader *r, const char *p, char *to,
                  size_t *len)
{
    *len = 0;
    while (*p != 0) {
        if (strncmp(p, "$${", 3) == 0) {
            put(to, len, "${", 2);
            p += 3;
        } else if (strncmp(p, "${", 2) == 0) {
            const char *value = "";
            int err = variable(r, p + 2, &p, &value);
            if (err < 0)
                return err;
            put(to, len, value, strlen(value));
        } else {
            put(to, len, p, 1);
            p++;
        }
    }
    return RN_OK;
}

static int expanded(struct rn_config_reader *r, const char *raw,
                    const char **value)
{
    size_t len;
    int err = expand(r, raw, NULL, &len);

    if (err < 0)
        return err;
    char *to = rn_arena_take(r->mem, 1, len + 1);
    if (to == NULL)
        return rn_config_no_room(r);
    *value = to;
    return expand(r, raw, to, &len);
}

/* A trailing line end is the editor's, not the secret's. */
static size_t trimmed(const char *p, size_t len)
{
    while (len > 0 && (p[len - 1] == '\n' || p[len - 1] == '\r'))
        len--;
    return len;
}

/* The system's words alone: the path before them is the expanded one, and a
 * variable in it may be a secret that was given to the wrong key.
 */
static const char *words(const char *why, const char *path)
{
    size_t len = strlen(path);

    if (strlen(why) > len && memcmp(why, path, len) == 0 && why[len] == ':')
        return why + len + 1;
    const char *colon = strrchr(why, ':');
    return colon != NULL ? colon + 1 : " cannot be read";
}

static int load(struct rn_config_reader *r, const char *path,
                const char **value)
{
    bool secret = r->key->kind == RN_KEY_SECRET;
    size_t most = secret ? SECRET_MAX : QUERY_MAX;
    int64_t size = rn_file_size(path);
    size_t cap = size > 0 && (uint64_t)size < most ? (size_t)size : 0;
    char why[RN_WHY] = "";
    char *to = rn_arena_take(r->mem, 1, cap + 1);

    if (to == NULL)
        return rn_config_no_room(r);
    int got = rn_file_load(path, to, cap, secret, why);
    if (got == RN_E_FULL)
        return rn_config_fail(r, r->key_line, r->key,
                              "%.150s: larger than %zu KiB", r->value,
                              most / 1024);
    if (got == RN_E_DENIED && secret)
        return rn_config_fail(r, r->key_line, r->key,
                              "%.150s:%s; its owner alone has to be able to "
                              "read it: chmod 600",
                              r->value, words(why, path));
    if (got < 0)
        return rn_config_fail(r, r->key_line, r->key, "%.150s:%s", r->value,
                              words(why, path));
    size_t len = trimmed(to, (size_t)got);
    to[len] = 0;
    if (len == 0 || memchr(to, 0, len) != NULL)
        return rn_config_fail(r, r->key_line, r->key, "%.150s: %s", r->value,
                              len == 0 ? "is empty" : "holds a NUL byte");
    *value = to;
    return RN_OK;
}

/* What a variable or a file brought in must stay one line as well: a line end
 * in a token would begin a header of its own.
 */
static int check_bytes(struct rn_config_reader *r, const char *value)
{
    bool lines = r->key->kind == RN_KEY_LONG;

    for (const char *p = value; *p != 0; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '\t' || (lines && (c == '\n' || c == '\r')))
            continue;
        if (c < 0x20 || c == 0x7f)
            return rn_config_fail(r, r->key_line, r->key,
                                  "holds a control byte (0x%02x)", c);
    }
    return RN_OK;
}

int rn_config_text(struct rn_config_reader *r, const char **value,
                   const char **file)
{
    const char *raw = r->value;
    int err;

    *file = "";
    *value = "";
    if ((r->key->kind == RN_KEY_SECRET || r->key->kind == RN_KEY_LONG) &&
        strncmp(raw, "file:", 5) == 0) {
        err = expanded(r, raw + 5, file);
        if (err == RN_OK)
            err = load(r, *file, value);
    } else {
        err = expanded(r, raw, value);
    }
    return err < 0 ? err : check_bytes(r, *value);
}
