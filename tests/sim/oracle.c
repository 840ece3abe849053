/* sim/oracle.c: see sim/oracle.h. O5 and O7 are watched while the agent runs
 * (sim/life.c).
 */
#include "sim/oracle.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/crc64.h"
#include "sim/read.h"
#include "sim/table.h"

#define CLEAN_S   13 /* to tidy up after a deadline, and to notice it */
#define LONGEST_S (INT64_C(40) * 3600)
#define RETRIES   20000u
#define RUNS      1024

static char wrong[700];
static char seen[640]; /* the first thing that a reader should not have seen */

__attribute__((format(printf, 1, 2))) static const char *say(const char *fmt,
                                                             ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(wrong, sizeof wrong, fmt, args);
    va_end(args);
    return wrong;
}

/* -- runs ------------------------------------------------------------------ */

static bool is_marker(const char *name)
{
    size_t n = strlen(name);

    return n > 9 && strcmp(name + n - 9, "/_SUCCESS") == 0;
}

/* The run's id in a name, or "". */
static void run_of(const char *name, char run[RN_RUN_ID + 1])
{
    const char *at = strstr(name, "Z-");

    run[0] = 0;
    if (!at || at - name < 15 || strlen(at) < 18)
        return;
    memcpy(run, at - 15, RN_RUN_ID);
    run[RN_RUN_ID] = 0;
}

static struct blob *beside(const char *name, const char *file)
{
    const char *slash = strrchr(name, '/');
    char path[BLOB_NAME + 64];

    RN_ASSERT(slash);
    (void)snprintf(path, sizeof path, "%.*s/%s", (int)(slash - name), name,
                   file);
    return blob_find(path);
}

/* -- a manifest ------------------------------------------------------------ */

struct listed {
    char name[80];
    uint64_t rows, bytes, crc;
    uint32_t blocks;
};

static const char *after(const char *p, const char *what)
{
    const char *at = p ? strstr(p, what) : NULL;

    return at ? at + strlen(what) : NULL;
}

/* The next file of the list; false at its end, *p is then NULL if it is
 * broken.
 */
static bool next_listed(const char **p, struct listed *f)
{
    const char *name, *at;
    size_t n;

    while (**p && strchr(" \r\n,", **p))
        ++*p;
    if (**p == ']')
        return false;
    name = after(*p, "\"name\":\"");
    *p = NULL;
    if (!name || (n = strcspn(name, "\"")) >= sizeof f->name)
        return false;
    memcpy(f->name, name, n);
    f->name[n] = 0;
    if (!(at = after(name, "\"rows\":")))
        return false;
    f->rows = strtoull(at, NULL, 10);
    if (!(at = after(at, "\"bytes\":")))
        return false;
    f->bytes = strtoull(at, NULL, 10);
    if (!(at = after(at, "\"crc64\":\"")))
        return false;
    f->crc = strtoull(at, NULL, 16);
    if (!(at = after(at, "\"blocks\":")))
        return false;
    f->blocks = (uint32_t)strtoul(at, NULL, 10);
    *p = strchr(at, '}');
    if (!*p)
        return false;
    ++*p;
    return true;
}

/* The digests say what the rows were: how many are not NULL, and of the ids
 * smallest, largest and sum.
 */
static const char *check_digests(const char *text, uint64_t from, uint64_t next)
{
    static struct table_row row;
    struct rn_col col[TABLE_COLUMNS];
    size_t n = table_schema(col);
    uint64_t count[TABLE_COLUMNS] = { 0 }, sum = 0;
    char want[200];

    for (uint64_t id = from; id < next; id++) {
        table_row(id, &row);
        sum += id;
        for (size_t i = 0; i < n; i++)
            count[i] += row.cell[i].type != RN_NULL;
    }
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(want, sizeof want,
                       "{\"column\":\"%.*s\",\"non_null\":%llu,",
                       (int)col[i].name.n, (const char *)col[i].name.p,
                       (unsigned long long)count[i]);
        if (!strstr(text, want))
            return say("O1: the manifest's digest is not %s", want);
    }
    if (next == from)
        return NULL;
    (void)snprintf(want, sizeof want,
                   "\"min\":\"%llu\",\"max\":\"%llu\",\"sum\":\"%llu\"",
                   (unsigned long long)from, (unsigned long long)next - 1,
                   (unsigned long long)sum);
    return strstr(text, want) ? NULL : say("O1: the manifest has no %s", want);
}

static const char *check_listed(const struct sim_case *c, const char *marker,
                                const struct listed *f, uint64_t *next)
{
    struct read_how how = { c->format ? c->format : "csv",
                            c->compression &&
                                strcmp(c->compression, "gzip") == 0 };
    const struct blob_version *v = blob_visible(beside(marker, f->name));
    uint64_t first = *next;
    const char *err;

    if (strcmp(how.format, "csv") != 0 && strcmp(how.format, "json") != 0)
        how.gzip = false;
    if (!v)
        return say("O3: %s is listed and not there", f->name);
    if (v->len != f->bytes || rn_crc64(0, v->data, v->len) != f->crc ||
        v->blocks != f->blocks)
        return say("O3: %s is not what its manifest says: %zu bytes, %u blocks",
                   f->name, v->len, v->blocks);
    err = read_file(&how, (struct rn_bytes){ v->data, v->len }, next);
    if (err)
        return say("O3: %s: %s", f->name, err);
    if (*next - first != f->rows)
        return say("O1: %s has %llu rows, its manifest says %llu", f->name,
                   (unsigned long long)(*next - first),
                   (unsigned long long)f->rows);
    return NULL;
}

/* A run that readers see: all of it, in order, from row *next on. */
static const char *check_run(const struct sim_case *c,
                             const struct blob *marker, uint64_t *next)
{
    const struct blob_version *v =
        blob_visible(beside(marker->name, "_manifest.json"));
    static char *text; /* static: no leak when a reader leaves early */
    struct listed f;
    const char *p, *err = NULL;
    uint64_t first = *next;

    if (!v)
        return say("O3: %s without a manifest", marker->name);
    free(text);
    text = malloc(v->len + 1);
    RN_ASSERT(text);
    memcpy(text, v->data, v->len);
    text[v->len] = 0;
    p = after(text, "\"files\":[");
    while (!err && p && next_listed(&p, &f))
        err = check_listed(c, marker->name, &f, next);
    if (err)
        return err;
    if (!p || !(p = after(p, "\"rows\":")))
        return say("O3: the manifest beside %s is broken", marker->name);
    if (strtoull(p, NULL, 10) != *next - first)
        return say("O1: the manifest beside %s counts other rows",
                   marker->name);
    return check_digests(p, first, *next);
}

/* -- what readers see while it happens ------------------------------------- */

static const struct sim_case *watched;

static void on_change(struct blob *b, bool visible)
{
    struct blob *marker;

    if (seen[0])
        return;
    if (visible && b->versions > 1 && blob_figures.late == 0)
        (void)snprintf(seen, sizeof seen, "O2: %s was written twice", b->name);
    if (is_marker(b->name)) {
        if (!visible && !watched->may_remove)
            (void)snprintf(seen, sizeof seen, "O8: %s was seen and taken away",
                           b->name);
        if (visible && !blob_visible(beside(b->name, "_manifest.json")))
            (void)snprintf(seen, sizeof seen,
                           "O3: %s is visible before its manifest", b->name);
        return;
    }
    marker = beside(b->name, "_SUCCESS");
    if (blob_visible(marker))
        (void)snprintf(seen, sizeof seen,
                       "O3: %s %s while its _SUCCESS is there", b->name,
                       visible ? "appears" : "goes away");
}

void oracle_start(const struct sim_case *c)
{
    watched = c;
    seen[0] = 0;
    blob_on_change(on_change);
}

/* -- the oracles ----------------------------------------------------------- */

/* Exit 0: this very run is there, with all rows that its query had. */
const char *oracle_1_rows(const struct sim_case *c, const struct life *life)
{
    uint64_t next = 1, rows = life->result.rows;

    if (life->exit != 0)
        return NULL;
    for (size_t i = 0; i < blob_count(); i++) {
        struct blob *b = blob_at(i);
        const char *err;

        if (!is_marker(b->name) || !blob_visible(b) ||
            !strstr(b->name, life->result.run))
            continue;
        if (c->watermark) /* where it begins is checked with all the others */
            return NULL;
        err = check_run(c, b, &next);
        if (err)
            return err;
        if (next - 1 != table.rows || rows != table.rows)
            return say("O1: exit 0 with %llu rows of %llu, %llu reported",
                       (unsigned long long)next - 1,
                       (unsigned long long)table.rows,
                       (unsigned long long)rows);
        return NULL;
    }
    return say("O1: exit 0 and no _SUCCESS of %s", life->result.run);
}

/* No name is given twice, and no run counts twice: by oracle_8. */
const char *oracle_2_once(void)
{
    for (size_t i = 0; i < blob_count(); i++) {
        const struct blob *b = blob_at(i);

        if (b->versions > 1 && blob_figures.late == 0)
            return say("O2: %s was written %zu times", b->name, b->versions);
    }
    return seen[0] ? seen : NULL;
}

const char *oracle_3_complete(const struct sim_case *c)
{
    if (c->watermark) /* by oracle_8, in order */
        return NULL;
    for (size_t i = 0; i < blob_count(); i++) {
        const struct blob *b = blob_at(i);
        uint64_t next = 1;
        const char *err;

        if (!is_marker(b->name) || !blob_visible(b))
            continue;
        err = check_run(c, b, &next);
        if (err)
            return err;
        if (!table_was(next - 1))
            return say("O3: %s has %llu rows, and no query had so many",
                       b->name, (unsigned long long)next - 1);
    }
    return NULL;
}

const char *oracle_4_one_attempt(const struct sim_case *c)
{
    char run[RN_RUN_ID + 1];

    for (size_t i = 0; i < blob_count(); i++) {
        const struct blob *b = blob_at(i);

        run_of(b->name, run);
        for (size_t k = 0; k < b->versions; k++) {
            const struct blob_version *v = &b->version[k];

            if (strcmp(v->run, run) != 0)
                return say("O4: %s says it is of run %s", b->name, v->run);
            if (v->mixed)
                return say("O4: blocks of %s are of two lives", b->name);
            /* Only a run that is gone on with names blocks anew. */
            if (v->blocks > 0 && !c->key &&
                (v->nonces != 1 || strcmp(v->nonce, run + 17) != 0))
                return say("O4: blocks of %s are of attempt %s", b->name,
                           v->nonce);
        }
    }
    return NULL;
}

const char *oracle_6_time(const struct sim_case *c, const struct life *life)
{
    int64_t most =
        c->deadline_s > 0 ? (int64_t)c->deadline_s + CLEAN_S : LONGEST_S;

    if (life->end == SIM_LIVELOCK)
        return say("O6: it never ends: %llu calls",
                   (unsigned long long)life->calls);
    if (life->elapsed_us / 1000000 > most)
        return say("O6: it took %lld s of %lld",
                   (long long)(life->elapsed_us / 1000000), (long long)most);
    if (life->result.retries > RETRIES)
        return say("O6: %llu retries",
                   (unsigned long long)life->result.retries);
    return NULL;
}

static int by_time(const void *a, const void *b)
{
    const struct blob *x = *(struct blob *const *)a;
    const struct blob *y = *(struct blob *const *)b;
    int64_t from = x->version[x->versions - 1].from_us;
    int64_t to = y->version[y->versions - 1].from_us;

    return from < to ? -1 : from > to;
}

/* What all runs together hold for readers who go by _SUCCESS: with a watermark
 * each row once; else each run the whole table.
 */
const char *oracle_8_same_end(const struct sim_case *c)
{
    static struct blob *marker[RUNS];
    size_t n = 0;
    uint64_t next = 1;

    for (size_t i = 0; i < blob_count(); i++) {
        if (is_marker(blob_at(i)->name) && blob_visible(blob_at(i)) && n < RUNS)
            marker[n++] = blob_at(i);
    }
    if (n == 0)
        return say("O8: no run is there");
    if (!c->watermark)
        return NULL;
    qsort(marker, n, sizeof(struct blob *), by_time);
    for (size_t i = 0; i < n; i++) {
        const char *err = check_run(c, marker[i], &next);

        if (err)
            return err;
    }
    if (next - 1 != table.rows)
        return say("O8: %llu rows are there of %llu",
                   (unsigned long long)next - 1,
                   (unsigned long long)table.rows);
    return NULL;
}

static uint64_t exits_of(const struct sim_case *c)
{
    uint64_t allowed = EXIT(0) | fault_exits(fault_hits());

    if (c->exits)
        return c->exits;
    if (c->plan.stop_at > 0 || c->plan.stop_ms > 0 || c->deadline_s > 0)
        allowed |= EXIT_75;
    if (table.failed > 0)
        allowed |= EXIT(3);
    if (c->plan.fail_at > 0)
        allowed |= EXIT_ANY;
    return allowed;
}

const char *oracle_9_exit(const struct sim_case *c, const struct life *life)
{
    uint64_t is = life->exit == 75 ? EXIT_75 : EXIT(life->exit);

    if (life->end == SIM_PANIC)
        return say("O9: broken at %s", sim_panic_text());
    if (life->end != SIM_RETURNED)
        return NULL;
    if (!(exits_of(c) & is))
        return say("O9: exit %d: %s", life->exit, life->error.text);
    if (life->exit != 0 && life->error.text[0] == 0)
        return say("O9: exit %d without a reason", life->exit);
    if (c->says && life->exit != 0 && !strstr(life->error.text, c->says))
        return say("O9: it does not say '%s' but: %s", c->says,
                   life->error.text);
    return NULL;
}

/* Files of runs that are not finished: none, or told of. */
const char *oracle_10_leftovers(const struct sim_case *c)
{
    char run[RN_RUN_ID + 1];

    if (c->may_remove || c->lost_journal)
        return NULL;
    for (size_t i = 0; i < blob_count(); i++) {
        const struct blob *b = blob_at(i);

        if (is_marker(b->name) || !blob_visible(b) ||
            blob_visible(beside(b->name, "_SUCCESS")))
            continue;
        run_of(b->name, run);
        if (!life_reported(run) && blob_figures.late == 0)
            return say("O10: %s is left of a run that nobody finished",
                       b->name);
    }
    return NULL;
}

const char *oracle_life(const struct sim_case *c, const struct life *life,
                        bool faulty)
{
    const char *err = life_complaint();

    if (!err && blob_breach()[0])
        err = say("service: %s", blob_breach());
    if (!err)
        err = seen[0] ? seen : NULL;
    if (!err)
        err = oracle_6_time(c, life);
    if (!err)
        err = oracle_9_exit(c, life);
    if (!err && !faulty && life->end == SIM_RETURNED && life->exit != 0)
        err = say("O8: nothing is wrong any more, and yet exit %d: %s",
                  life->exit, life->error.text);
    if (!err && life->end == SIM_RETURNED)
        err = oracle_1_rows(c, life);
    if (!err)
        err = oracle_2_once();
    if (!err)
        err = oracle_4_one_attempt(c);
    return err;
}

const char *oracle_end(const struct sim_case *c)
{
    const char *err = oracle_3_complete(c);

    if (!err)
        err = oracle_8_same_end(c);
    if (!err)
        err = oracle_10_leftovers(c);
    if (!err && seen[0])
        err = seen;
    return err;
}
