/* job/validate_compare.c: figures of one place against those of another; see
 * job/validate_parts.h.
 */
#include <string.h>

#include "job/validate_parts.h"
#include "core/format.h"
#include "row/number.h"
#include "row/utf8.h"

/* -- the report ----------------------------------------------------------- */

void rn_shown(struct rn_bytes text, char *to, size_t cap)
{
    uint8_t good[RN_SHOWN * 4];
    size_t all;
    size_t n = text.n < sizeof good / 3 ? text.n : sizeof good / 3;

    /* A character that is cut here is cut below, too. */
    n = rn_utf8_replace((struct rn_bytes){ text.p, n }, good, sizeof good,
                        &all);
    if (n > cap - 1)
        n = rn_utf8_cut((struct rn_bytes){ good, n }, cap - 1);
    for (size_t i = 0; i < n; i++)
        to[i] = (char)(good[i] < 0x20 || good[i] == 0x7f ? '?' : good[i]);
    to[n] = '\0';
}

size_t rn_report_add(struct rn_report *r, const char *name, const char *where)
{
    struct rn_place *p = &r->place[r->places];

    RN_ASSERT(r->places < RN_PLACES);
    memset(p, 0, sizeof *p);
    p->name = name;
    p->asked = 1;
    rn_format(p->where, sizeof p->where, "%s", where);
    return r->places++;
}

enum rn_verdict rn_report_verdict(const struct rn_report *r)
{
    enum rn_verdict verdict = RN_VERDICT_OK;

    if (r->differences > 0)
        return RN_VERDICT_DIFFERENT;
    for (size_t i = 0; i < r->places; i++) {
        if (r->place[i].verdict == RN_VERDICT_FAILED)
            verdict = RN_VERDICT_FAILED;
    }
    return verdict;
}

void rn_report_differs(struct rn_report *r, const struct told *t,
                       const char *value, const char *expected)
{
    struct rn_place *p = &r->place[t->place];
    struct rn_difference *d = &r->difference[r->kept];

    r->differences++;
    p->differences++;
    if (p->verdict == RN_VERDICT_OK)
        p->verdict = RN_VERDICT_DIFFERENT;
    if (r->kept == RN_DIFFERENCES)
        return;
    r->kept++;
    d->place = t->place;
    d->against = t->against;
    d->figure = t->figure;
    d->file = t->file;
    rn_shown(t->of, d->of, sizeof d->of);
    rn_shown(rn_bytes_of(value), d->value, sizeof d->value);
    rn_shown(rn_bytes_of(expected), d->expected, sizeof d->expected);
}

static void digits(uint64_t n, char to[RN_I64_TEXT + 1])
{
    to[rn_format_u64(n, to)] = '\0';
}

void rn_compare_number(struct rn_report *r, const struct told *t,
                       uint64_t value, uint64_t expected)
{
    char is[RN_I64_TEXT + 1], should[RN_I64_TEXT + 1];

    if (value == expected)
        return;
    digits(value, is);
    digits(expected, should);
    rn_report_differs(r, t, is, should);
}

bool rn_expected_rows(const struct rn_report *r, uint64_t *rows,
                      size_t *against)
{
    for (size_t i = 0; i < r->places; i++) {
        if (!r->place[i].has_rows)
            continue;
        *rows = r->place[i].rows;
        *against = i;
        return true;
    }
    return false;
}

void rn_compare_rows(struct rn_report *r, size_t place, uint64_t rows)
{
    struct told t = { .figure = "rows", .place = place };
    uint64_t expected;

    r->place[place].rows = rows;
    if (rn_expected_rows(r, &expected, &t.against))
        rn_compare_number(r, &t, rows, expected);
    r->place[place].has_rows = true;
}

/* -- columns -------------------------------------------------------------- */

/* The next name of a list with commas between, blanks around it left out. */
static struct rn_bytes next_name(const char **list)
{
    const char *p = *list + strspn(*list, " ");
    size_t n = strcspn(p, ",");

    *list = p + n + (p[n] == ',');
    while (n > 0 && p[n - 1] == ' ')
        n--;
    return (struct rn_bytes){ (const uint8_t *)p, n };
}

bool rn_column_wanted(const struct rn_config *config, struct rn_bytes name)
{
    const char *list = config->validate.columns;

    if (strcmp(list, "none") == 0)
        return false;
    if (list[0] == '\0' || strcmp(list, "all") == 0)
        return true;
    while (*list) {
        if (rn_bytes_equal(next_name(&list), name))
            return true;
    }
    return false;
}

static bool has_column(const struct rn_schema *schema, struct rn_bytes name)
{
    for (size_t i = 0; i < schema->n; i++) {
        if (rn_bytes_equal(schema->col[i].name, name))
            return true;
    }
    return false;
}

static int check_names(const struct validate *x)
{
    const char *list = x->config->validate.columns;

    if (list[0] == '\0' || strcmp(list, "all") == 0 ||
        strcmp(list, "none") == 0)
        return RN_OK;
    while (*list) {
        struct rn_bytes name = next_name(&list);
        char shown[RN_SHOWN];

        if (has_column(&x->schema, name))
            continue;
        rn_shown(name, shown, sizeof shown);
        return rn_fail(x->error, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: [validate] columns: the run has no column \"%s\"",
                       x->config->path, shown);
    }
    return RN_OK;
}

int rn_compare_columns(struct validate *x)
{
    int err = check_names(x);

    if (err < 0 || strcmp(x->config->validate.columns, "none") == 0)
        return err;
    x->known = RN_TAKE(x->mem, struct known, x->schema.n);
    if (x->v->targets > 0)
        x->scratch = RN_TAKE(x->mem, struct rn_measure_column, x->schema.n);
    if (!x->known || (x->v->targets > 0 && !x->scratch))
        return rn_fail(x->error, RN_E_FULL, RN_AT_AGENT,
                       "no memory is left to compare %zu columns; raise "
                       "job.memory, or name fewer in [validate] columns",
                       x->schema.n);
    for (size_t i = 0; i < x->schema.n; i++)
        memset(x->known[i].by, NOBODY, sizeof x->known[i].by);
    return RN_OK;
}

/* One figure, as text: the first who knows it says what it should be. */
static bool compare_text(struct validate *x, struct told *t, uint8_t *by,
                         const char *value, char *known)
{
    if (value[0] == '\0')
        return false;
    if (*by == NOBODY) {
        *by = (uint8_t)t->place;
        memcpy(known, value, strlen(value) + 1);
        return false;
    }
    t->against = *by;
    if (strcmp(value, known) != 0)
        rn_report_differs(x->report, t, value, known);
    return true;
}

static bool compare_non_null(struct validate *x, struct told *t,
                             struct known *k, uint64_t value)
{
    if (k->by[FIGURE_NON_NULL] == NOBODY) {
        k->by[FIGURE_NON_NULL] = (uint8_t)t->place;
        k->c.non_null = value;
        return false;
    }
    t->against = k->by[FIGURE_NON_NULL];
    rn_compare_number(x->report, t, value, k->c.non_null);
    return true;
}

void rn_compare_column(struct validate *x, size_t place, size_t column,
                       const struct rn_measure_column *m)
{
    struct rn_bytes name = x->schema.col[column].name;
    struct told t = { "non-null", false, name, place, 0 };
    struct known *k;
    bool any;

    if (!x->known || !m->known || !rn_column_wanted(x->config, name))
        return;
    k = &x->known[column];
    any = compare_non_null(x, &t, k, m->non_null);
    t.figure = "min";
    any |= compare_text(x, &t, &k->by[FIGURE_MIN], m->min, k->c.min);
    t.figure = "max";
    any |= compare_text(x, &t, &k->by[FIGURE_MAX], m->max, k->c.max);
    t.figure = "sum";
    any |= compare_text(x, &t, &k->by[FIGURE_SUM], m->sum, k->c.sum);
    t.figure = "hash";
    any |= compare_text(x, &t, &k->by[FIGURE_HASH], m->hash, k->c.hash);
    x->report->place[place].columns += any;
}
