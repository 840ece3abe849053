/* job/validate.c: see job/validate.h. */
#include "job/validate.h"

#include <string.h>

#include "core/format.h"
#include "core/log.h"
#include "job/validate_parts.h"
#include "row/measure.h"
#include "row/utf8.h"
#include "runnel/port.h"

/* How soon a target that lags is asked again: doubled each time. */
#define AGAIN_MS      500
#define AGAIN_MOST_MS 10000
#define LOOK_MS       250

/* For the buffers of validate_container.c. */
#define BUFFERS (RN_PATH_MAX + 4096u + 16384u)

size_t rn_validate_need(const struct rn_config *config, size_t columns,
                        size_t names)
{
    size_t n = RN_ROUND(sizeof(struct validate)) + BUFFERS + 4 * RN_ALIGN;

    /* The manifest's columns twice, see manifest_read.h. */
    n += columns * (2 * sizeof(struct rn_col) + RN_ALIGN) + names;
    if (strcmp(config->validate.columns, "none") != 0)
        n +=
            columns * (sizeof(struct known) + sizeof(struct rn_measure_column));
    /* What is read back is given half of what is left. */
    return RN_ROUND(config->validate.read_back ? 2 * n : n);
}

/* -- query and encoder ---------------------------------------------------- */

static void ask_query(struct validate *x)
{
    size_t at;

    if (!x->v->source_rows)
        return;
    at = rn_report_add(x->report, "query", "");
    rn_compare_rows(x->report, at, *x->v->source_rows);
}

static int ask_encoder(struct validate *x)
{
    const struct rn_validate_own *own = x->v->own;
    struct rn_place *p;
    int err;

    x->encoder = rn_report_add(x->report, "encoder", "");
    if (!own)
        return RN_OK; /* the manifest will tell */
    p = &x->report->place[x->encoder];
    p->has_files = true;
    p->files = own->files;
    p->bytes = own->bytes;
    rn_compare_rows(x->report, x->encoder, own->rows);
    x->schema = *own->schema;
    err = rn_compare_columns(x);
    for (size_t i = 0; err == RN_OK && x->known && i < x->schema.n; i++) {
        struct rn_digest_column d;
        struct rn_measure_column m;

        rn_digest_column(own->digest, i, &d);
        rn_measure_digest(&x->schema.col[i], &d, &m);
        rn_compare_column(x, x->encoder, i, &m);
    }
    return err;
}

/* -- a place that cannot be asked ----------------------------------------- */

/* Its own words, although the run's error keeps only the first. */
static void cannot_ask(struct validate *x, size_t place,
                       const struct rn_error *why)
{
    struct rn_place *p = &x->report->place[place];

    p->verdict = RN_VERDICT_FAILED;
    rn_format(p->error, sizeof p->error, "%.*s",
              (int)rn_utf8_cut(rn_bytes_of(why->text), sizeof p->error - 1),
              why->text);
}

static bool ends_all(const struct validate *x)
{
    return x->v->uploader->err != RN_OK || rn_stop_requested();
}

static int ask_container(struct validate *x)
{
    int err;

    x->container =
        rn_report_add(x->report, "container", x->v->uploader->store->place);
    err = rn_validate_container(x);
    if (err < 0)
        cannot_ask(x, x->container, x->error);
    if (err < 0 && !x->v->own) /* the manifest did not tell */
        x->report->place[x->encoder].verdict = RN_VERDICT_FAILED;
    return err;
}

/* -- targets -------------------------------------------------------------- */

static int path_of(const struct rn_dataset *d, uint32_t part,
                   char to[RN_DATASET_PATH])
{
    const struct rn_validation *v = d->ctx;

    return rn_run_path(v->config, v->run, part, v->ext, to);
}

static struct rn_dataset dataset_of(struct validate *x)
{
    const struct rn_validate_own *own = x->v->own;
    const struct rn_manifest_told *told = &x->reader.told;
    size_t n = strlen(x->v->ext);
    union {
        const struct rn_validation *from;
        void *to;
    } ctx = { .from = x->v };

    return (struct rn_dataset){
        .run = x->v->run,
        .schema = &x->schema,
        .files = own ? own->files : told->files,
        .rows = own ? own->rows : told->rows,
        .bytes = own ? own->bytes : told->bytes,
        .gzip = n > 3 && strcmp(x->v->ext + n - 3, ".gz") == 0,
        .path = path_of,
        .ctx = ctx.to,
    };
}

/* Until that time or a stop request. */
static int sleep_until(struct validate *x, int64_t until)
{
    int err = RN_OK;

    for (int64_t now = rn_clock_mono(); now < until && err == RN_OK;
         now = rn_clock_mono())
        err = rn_uploader_pump(x->v->uploader,
                               until - now < LOOK_MS ? until : now + LOOK_MS);
    return err;
}

/* What the target says once it has all rows, or what it said last. */
static int ask_until(struct validate *x, const struct rn_validate_target *t,
                     struct rn_place *p, struct rn_measure *m)
{
    struct rn_dataset d = dataset_of(x);
    int64_t until = rn_clock_mono() + x->config->validate.window_ms;
    int64_t wait = AGAIN_MS;
    uint64_t expected = 0;
    size_t against;
    bool known = rn_expected_rows(x->report, &expected, &against);

    for (p->asked = 1;; p->asked++) {
        m->rows = 0;
        m->column = x->scratch;
        if (x->scratch)
            memset(x->scratch, 0, x->schema.n * sizeof *x->scratch);
        int err = t->measure(t->w, &d, x->scratch != NULL, m);
        int64_t now = rn_clock_mono();
        if (err < 0 || !known || m->rows >= expected || now >= until)
            return err;
        rn_log(RN_LOG_INFO, "%s holds %llu of %llu rows, asked again", t->name,
               (unsigned long long)m->rows, (unsigned long long)expected);
        err = sleep_until(x, until - now < wait ? until : now + wait);
        if (err < 0)
            return err;
        wait = wait < AGAIN_MOST_MS / 2 ? wait * 2 : AGAIN_MOST_MS;
    }
}

static int ask_target(struct validate *x, const struct rn_validate_target *t)
{
    size_t at = rn_report_add(x->report, t->name, t->w->place);
    struct rn_place *p = &x->report->place[at];
    struct rn_error first = *x->error;
    struct rn_measure m;
    int err;

    /* The warehouse writes to the same error; its words are wanted even when
     * an earlier place failed.
     */
    rn_error_clear(x->error);
    err = ask_until(x, t, p, &m);
    if (err == RN_E_ABSENT && x->error->code == RN_OK) {
        /* It only started the load: there is no table that it knows of. */
        x->report->places--;
        *x->error = first;
        return RN_OK;
    }
    if (err < 0) {
        rn_fail(x->error, err, RN_AT_WAREHOUSE, "%s: cannot be asked (%s)",
                t->w->place, rn_err_name(err));
        cannot_ask(x, at, x->error);
    }
    if (first.code != RN_OK)
        *x->error = first;
    if (err < 0)
        return err;
    rn_compare_rows(x->report, at, m.rows);
    for (size_t i = 0; x->scratch && i < x->schema.n; i++)
        rn_compare_column(x, at, i, &x->scratch[i]);
    return RN_OK;
}

/* -- the verdict ---------------------------------------------------------- */

/* "column \"amount\": sum" */
static void name_figure(const struct rn_difference *d, char *to, size_t cap)
{
    if (d->of[0] == '\0')
        rn_format(to, cap, "%s", d->figure);
    else if (d->file)
        rn_format(to, cap, "%s: %s", d->of, d->figure);
    else
        rn_format(to, cap, "column \"%s\": %s", d->of, d->figure);
}

static int say_difference(struct validate *x)
{
    const struct rn_report *r = x->report;
    const struct rn_difference *d = &r->difference[0];
    const char *place = r->place[d->place].name;
    char figure[2 * RN_SHOWN], more[48] = "";

    if (r->differences > 1)
        rn_format(more, sizeof more, ", and %llu more",
                  (unsigned long long)r->differences - 1);
    /* A difference is what this is about; what failed besides is in the report.
     */
    rn_error_clear(x->error);
    if (strcmp(d->figure, RN_FIGURE_FILE) == 0)
        return rn_fail(x->error, RN_E_INTEGRITY, RN_AT_VALIDATE,
                       "run %s differs: %s is absent in %s%s", r->run, d->of,
                       place, more);
    name_figure(d, figure, sizeof figure);
    return rn_fail(x->error, RN_E_INTEGRITY, RN_AT_VALIDATE,
                   "run %s differs: %s: %s has %s, %s has %s%s", r->run, figure,
                   place, d->value, r->place[d->against].name, d->expected,
                   more);
}

static void ask_all(struct validate *x)
{
    int err;

    ask_query(x);
    err = ask_encoder(x);
    if (err == RN_OK)
        err = ask_container(x);
    /* Without any figures there is nothing to compare a target with. */
    if (err < 0 && (!x->v->own || !x->schema.n))
        return;
    for (size_t i = 0; i < x->v->targets && !ends_all(x); i++)
        (void)ask_target(x, &x->v->target[i]);
}

int rn_validate(const struct rn_validation *v, struct rn_arena *mem,
                struct rn_report *report, struct rn_error *error)
{
    size_t mark = rn_arena_mark(mem);
    struct validate *x = RN_TAKE(mem, struct validate, 1);
    int err;

    RN_ASSERT(v->targets <= RN_VALIDATE_TARGETS);
    memset(report, 0, sizeof *report);
    rn_shown(rn_bytes_of(v->config->job.name), report->job, sizeof report->job);
    rn_format(report->run, sizeof report->run, "%s", v->run);
    report->at_us = rn_clock_wall();
    if (!x)
        return rn_fail(error, RN_E_FULL, RN_AT_AGENT,
                       "no memory is left to validate; raise job.memory");
    x->v = v;
    x->config = v->config;
    x->mem = mem;
    x->report = report;
    x->error = error;
    ask_all(x);
    if (report->differences > 0 && error->code != RN_E_STOP)
        err = say_difference(x);
    else
        err = error->code;
    rn_arena_rewind(mem, mark);
    return err;
}
