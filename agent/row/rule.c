/* row/rule.c: see row/rule.h. */
#include "row/rule.h"

#include <string.h>

#include "core/nearest.h"
#include "row/utf8.h"

/* What rn_distance() compares at most. */
#define NEAR_MAX 40

#define SHOWN 60

static const struct rn_col *column_of(const struct rn_type_rule *rule,
                                      const struct rn_col *col, size_t n)
{
    struct rn_bytes name = rn_bytes_of(rule->column);

    for (size_t i = 0; i < n; i++)
        if (rn_bytes_equal(col[i].name, name))
            return &col[i];
    return NULL;
}

/* In small letters: "ID" is nearer to "id" than "it" is. */
static void plain(struct rn_bytes name, char to[NEAR_MAX + 2])
{
    size_t n = name.n <= NEAR_MAX ? name.n : NEAR_MAX + 1;

    for (size_t i = 0; i < n; i++)
        to[i] =
            (char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] - 'A' + 'a'
                                                        : name.p[i]);
    to[n] = 0;
}

static const struct rn_col *nearest(const struct rn_type_rule *rule,
                                    const struct rn_col *col, size_t n)
{
    const struct rn_col *best = NULL;
    char want[NEAR_MAX + 2], have[NEAR_MAX + 2];

    plain(rn_bytes_of(rule->column), want);
    unsigned least = rn_distance_fair(want) + 1;
    for (size_t i = 0; i < n; i++) {
        plain(col[i].name, have);
        unsigned d = rn_distance(want, have, least);
        if (d < least) {
            least = d;
            best = &col[i];
        }
    }
    return best;
}

static int no_column(const struct rn_config *config,
                     const struct rn_type_rule *rule, const struct rn_col *near,
                     struct rn_error *error)
{
    int shown = (int)rn_utf8_cut(rn_bytes_of(rule->column), SHOWN);

    if (near == NULL)
        return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: [types] %.*s: source.query gives no column of "
                       "that name",
                       config->path, shown, rule->column);
    return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                   "%s: [types] %.*s: source.query gives no column of that "
                   "name; did you mean \"%.*s\"?",
                   config->path, shown, rule->column,
                   (int)rn_utf8_cut(near->name, SHOWN),
                   (const char *)near->name.p);
}

bool rn_rule_type(const struct rn_config *config, struct rn_col *col)
{
    for (size_t i = 0; i < config->types_n; i++) {
        const struct rn_type_rule *rule = &config->types[i];
        if (!rn_bytes_equal(rn_bytes_of(rule->column), col->name))
            continue;
        struct rn_col as = rule->as;
        as.name = col->name;
        as.nullable = col->nullable;
        *col = as;
        return true;
    }
    return false;
}

int rn_rule_settle(const struct rn_config *config, struct rn_col *col, size_t n,
                   struct rn_error *error)
{
    bool millis = config->file.timestamps != RN_TIMESTAMPS_MICROS;

    for (size_t i = 0; i < n; i++)
        col[i].millis =
            millis && (col[i].type == RN_TIME || col[i].type == RN_TIMESTAMP);
    for (size_t i = 0; i < config->types_n; i++) {
        const struct rn_type_rule *rule = &config->types[i];
        if (column_of(rule, col, n) == NULL)
            return no_column(config, rule, nearest(rule, col, n), error);
    }
    return RN_OK;
}
