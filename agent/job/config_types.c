/* job/config_types.c: [types], whose keys are names of columns; see
 * job/config_reader.h.
 */
#include "job/config_reader.h"

#include <string.h>

#include "core/format.h"
#include "row/type.h"

/* What a value may look like that is repeated in a message: a secret that was
 * wrapped into this section looks otherwise, or is longer.
 */
#define TYPE_SHOWN 24
#define TYPE_BYTES                                                   \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" \
    "_(), "

struct rn_rule_line {
    struct rn_rule_line *next; /* the one before it */
    struct rn_type_rule rule;
    int line;
    char name[];
};

static struct rn_rule_line *find(const struct rn_config_reader *r,
                                 const char *column)
{
    struct rn_rule_line *at = r->rules;

    while (at != NULL && strcmp(at->name, column) != 0)
        at = at->next;
    return at;
}

static int begin(struct rn_config_reader *r, int line, const char *column)
{
    size_t len = strlen(column);
    struct rn_rule_line *rule =
        rn_arena_take(r->mem, 1, sizeof *rule + len + 1);

    if (rule == NULL)
        return rn_config_no_room(r);
    memcpy(rule->name, column, len);
    rule->rule.column = rule->name;
    rule->line = line;
    rule->next = r->rules;
    r->rules = rule;
    r->rules_n++;
    r->rule = rule;
    return RN_OK;
}

int rn_config_rule(struct rn_config_reader *r, int line, const char *column)
{
    r->key_line = line;
    r->rule = find(r, column);
    bool first = r->rule == NULL;
    if (first && begin(r, line, column) < 0)
        return RN_E_CONFIG;

    r->column = (struct rn_key){ .section = RN_TYPES,
                                 .name = rn_config_shown(r->rule->name),
                                 .kind = RN_KEY_TEXT };
    if (!first && r->rule->line != RN_LINE_SET)
        return rn_config_fail(r, line, &r->column,
                              "given twice, first in line %d", r->rule->line);
    /* --set wins over the file, and the last of several over the others. */
    return first || line == RN_LINE_SET;
}

static bool showable(const struct rn_config_reader *r, const char *value)
{
    return strspn(value, TYPE_BYTES) == strlen(value) &&
           strlen(value) <= TYPE_SHOWN && strstr(r->value, "${") == NULL;
}

static int no_type(struct rn_config_reader *r, const char *value,
                   const char *instead)
{
    char list[200] = "";
    bool show = showable(r, value);

    if (instead != NULL && show)
        return rn_config_fail(r, r->key_line, &r->column,
                              "%s: no such type; did you mean %s?", value,
                              instead);
    for (size_t i = 0, n = 0; i < rn_types_n && n < sizeof list; i++)
        n += (size_t)rn_format(list + n, sizeof list - n, "%s%s",
                               i > 0 ? ", " : "", rn_types[i].word);
    if (value[0] == 0)
        value = "is empty";
    else if (!show)
        value = "no type (not shown)";
    return rn_config_fail(r, r->key_line, &r->column, "%s; expected %s", value,
                          list);
}

int rn_config_rule_end(struct rn_config_reader *r)
{
    size_t mark = rn_arena_mark(r->mem);
    const char *value, *file, *instead;

    r->key = &r->column;
    int err = rn_config_text(r, &value, &file);
    r->key = NULL;
    if (err == RN_OK && rn_type_parse(value, &r->rule->rule.as, &instead) < 0)
        err = no_type(r, value, instead);
    rn_arena_rewind(r->mem, mark);
    return err;
}

int rn_config_rules(struct rn_config_reader *r)
{
    size_t i = r->rules_n;
    struct rn_type_rule *all = RN_TAKE(r->mem, struct rn_type_rule, i);

    if (i == 0)
        return RN_OK;
    if (all == NULL)
        return rn_config_no_room(r);
    for (struct rn_rule_line *at = r->rules; at != NULL; at = at->next)
        all[--i] = at->rule;
    r->config->types = all;
    r->config->types_n = r->rules_n;
    return RN_OK;
}
