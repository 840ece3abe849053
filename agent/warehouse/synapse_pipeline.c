/* warehouse/synapse_pipeline.c: a pipeline of the workspace loads the run; we
 * start it once and follow it, over HTTPS. For machines without ODBC.
 *
 * The pipeline declares three parameters: run (string), folder (string: where
 * the files are, below store.url) and rows (integer). Whether a run was given
 * to it before is asked of the workspace itself, by the first of them: a lost
 * answer never starts it twice.
 */
#include "warehouse/synapse.h"

#include "core/format.h"
#include "core/log.h"
#include "identity/hash.h"
#include "row/date.h"
#include "runnel/port.h"
#include "warehouse/rest.h"

#include <inttypes.h>
#include <string.h>

#define API     "api-version=2020-12-01"
#define TOKEN   4096u
#define BODY    4096u
#define ANSWER  (48u * 1024)
#define VALUES  2048u
#define ID      64
#define MORE    1024 /* bytes of a continuation token */
#define PAGES   100u /* of 100 runs */
#define POLL_MS 5000
#define ABSENT  6 /* polls for which a new run may not be found yet */

struct rn_syn_pipeline {
    struct rn_rest rest;
    struct rn_escape escape;
    char header[8 + TOKEN];
    char path[512];
    char id[ID]; /* of the pipeline's run */
    char more[MORE];
};

enum state { NONE, WORKING, DONE, ENDED, STRANGE };

static struct rn_rest_options options_of(const struct rn_config *c)
{
    return (struct rn_rest_options){
        .key = "synapse.workspace",
        .base = c->synapse.workspace,
        .allow_http = c->store.allow_http,
        .request_ms = c->store.request_ms,
        .retry_ms = c->store.retry_ms,
        .body = BODY,
        .answer = ANSWER,
        .tokens = VALUES,
    };
}

size_t rn_syn_pipeline_need(const struct rn_config *config)
{
    struct rn_rest_options o = options_of(config);

    return RN_ROUND(sizeof(struct rn_syn_pipeline)) + rn_rest_need(&o);
}

static int set_token(struct rn_syn_pipeline *p, const char *token,
                     struct rn_error *e)
{
    size_t n = strlen(token);
    bool clean = true;

    while (n > 0 && (uint8_t)token[n - 1] <= ' ')
        n--;
    for (size_t i = 0; i < n; i++)
        clean = clean && token[i] > ' ' && token[i] < 0x7f;
    if (n == 0 || n > TOKEN || !clean)
        return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG,
                       "synapse.token: empty, longer than %u bytes, or with "
                       "bytes that no token has",
                       TOKEN);
    rn_format(p->header, sizeof p->header, "Bearer %.*s", (int)n, token);
    p->rest.secret[0] = (struct rn_bytes){ (uint8_t *)p->header + 7, n };
    return RN_OK;
}

int rn_syn_pipeline_open(struct synapse *s, struct rn_arena *mem)
{
    struct rn_syn_pipeline *p = RN_TAKE(mem, struct rn_syn_pipeline, 1);
    struct rn_rest_options o = options_of(s->base.config);
    int err;

    if (!p)
        return rn_fail(s->base.error, RN_E_FULL, RN_AT_AGENT,
                       "no memory left for Synapse");
    s->pipeline = p;
    o.http = s->http;
    err = rn_rest_init(&p->rest, &o, mem, s->base.error);
    return err < 0 ? err
                   : set_token(p, s->base.config->synapse.token, s->base.error);
}

void rn_syn_pipeline_close(struct synapse *s)
{
    if (!s->pipeline)
        return;
    rn_rest_close(&s->pipeline->rest);
    rn_wipe(s->pipeline->header, sizeof s->pipeline->header);
    s->pipeline = NULL;
}

/* ----------------------------------------------------------------- requests */

/* `"name": "text"` with `before` in front. */
static void put_member(struct rn_syn_pipeline *p, struct rn_out *o,
                       const char *before, const char *text)
{
    struct rn_out *inside;

    rn_out_put(o, before, strlen(before));
    rn_out_byte(o, '"');
    inside = rn_escape_open(&p->escape, o);
    rn_out_put(inside, text, strlen(text));
    (void)rn_out_flush(inside);
    rn_out_byte(o, '"');
}

static void put_words(struct rn_out *o, const char *words)
{
    rn_out_put(o, words, strlen(words));
}

static int request(struct rn_syn_pipeline *p, const char *method, bool repeat)
{
    struct rn_rest_call call = {
        .method = method,
        .path = p->path,
        .authorization = p->header,
        .repeat = repeat,
    };

    return rn_rest_do(&p->rest, &call);
}

/* A pipeline's name as part of a path. */
static int set_path(struct rn_syn_pipeline *p, const char *before,
                    const char *name, const char *after)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t n = (size_t)rn_format(p->path, sizeof p->path, "%s", before);

    for (; *name; name++) {
        uint8_t c = (uint8_t)*name;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';

        if (n + 4 + strlen(after) > sizeof p->path)
            return rn_rest_fail(&p->rest, RN_E_CONFIG,
                                "synapse.pipeline: too long");
        if (plain) {
            p->path[n++] = (char)c;
        } else {
            p->path[n++] = '%';
            p->path[n++] = hex[c >> 4];
            p->path[n++] = hex[c & 15];
        }
    }
    rn_format(p->path + n, sizeof p->path - n, "%s", after);
    return RN_OK;
}

static enum state state_of(struct rn_doc *doc, int status)
{
    static const struct {
        const char *word;
        enum state state;
    } known[] = {
        { "Queued", WORKING },    { "InProgress", WORKING },
        { "Canceling", WORKING }, { "Succeeded", DONE },
        { "Failed", ENDED },      { "Cancelled", ENDED },
    };

    for (size_t i = 0; i < RN_COUNTOF(known); i++) {
        if (rn_doc_is(doc, status, known[i].word))
            return known[i].state;
    }
    return STRANGE;
}

/* --------------------------------------------------- was it started before? */

/* 20261122T021500Z-… -> 2026-11-22T02:15:00Z: nobody can have been given a run
 * before it began.
 */
static void since(const char *run, char to[32])
{
    rn_format(to, 32, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", run, run + 4, run + 6,
              run + 9, run + 11, run + 13);
}

static void until(char to[RN_TIMESTAMP_TEXT + 1])
{
    int64_t now = rn_clock_wall();
    int n = rn_format_timestamp((now < 0 ? INT64_C(4102444800000000) : now) /
                                        1000000 * 1000000 +
                                    INT64_C(86400000000),
                                true, to);

    to[n < 0 ? 0 : n] = 0;
}

static void put_query(struct synapse *s, const struct rn_dataset *d)
{
    struct rn_syn_pipeline *p = s->pipeline;
    struct rn_out *o = rn_rest_body(&p->rest);
    char after[32], before[RN_TIMESTAMP_TEXT + 1];

    since(d->run, after);
    until(before);
    put_member(p, o, "{\"lastUpdatedAfter\":", after);
    put_member(p, o, ",\"lastUpdatedBefore\":", before);
    put_member(p, o,
               ",\"filters\":[{\"operand\":\"PipelineName\","
               "\"operator\":\"Equals\",\"values\":[",
               s->base.config->synapse.pipeline);
    put_words(o, "]}]");
    if (p->more[0])
        put_member(p, o, ",\"continuationToken\":", p->more);
    put_words(o, "}");
}

/* The best of this page's runs that have our run; its id into p->id. */
static enum state best_of_page(struct rn_syn_pipeline *p, const char *run,
                               enum state best)
{
    struct rn_doc *doc = &p->rest.doc;
    int at = rn_doc_first(doc, rn_doc_find(doc, 0, "value"));

    for (; at >= 0; at = rn_doc_next(doc, at)) {
        enum state state = state_of(doc, rn_doc_find(doc, at, "status"));

        if (!rn_doc_is(doc, rn_doc_find(doc, at, "parameters.run"), run) ||
            state == ENDED || best == DONE ||
            (best == WORKING && state != DONE))
            continue;
        best = state;
        rn_doc_copy(doc, rn_doc_find(doc, at, "runId"), p->id, ID);
    }
    return best;
}

/* RN_OK with p->more empty on the last page. */
static int next_page(struct rn_syn_pipeline *p)
{
    int at = rn_doc_find(&p->rest.doc, 0, "continuationToken");

    p->more[0] = 0;
    if (!rn_doc_is_string(&p->rest.doc, at))
        return RN_OK;
    if (rn_doc_text(&p->rest.doc, at).n >= MORE)
        return rn_rest_fail(&p->rest, RN_E_FULL,
                            "%s: a continuation token of more than %d bytes",
                            p->rest.place, MORE);
    rn_doc_copy(&p->rest.doc, at, p->more, MORE);
    return RN_OK;
}

static int find_run(struct synapse *s, const struct rn_dataset *d,
                    enum state *best)
{
    struct rn_syn_pipeline *p = s->pipeline;

    *best = NONE;
    p->more[0] = 0;
    for (unsigned page = 0; page < PAGES; page++) {
        int err = set_path(p, "/queryPipelineRuns", "", "?" API);

        put_query(s, d);
        if (err < 0 || (err = request(p, "POST", true)) < 0)
            return err;
        *best = best_of_page(p, d->run, *best);
        if ((err = next_page(p)) < 0 || !p->more[0] || *best == DONE)
            return err;
    }
    return rn_rest_fail(&p->rest, RN_E_PEER,
                        "%s: more than %u pages of runs since this one began",
                        p->rest.place, PAGES);
}

/* -------------------------------------------------------------------- start */

/* The part of a path before its last slash. */
static int folder_of(const struct rn_dataset *d, char to[RN_DATASET_PATH])
{
    int err = d->path(d, 1, to);
    char *slash = err < 0 ? NULL : strrchr(to, '/');

    to[slash ? slash - to : 0] = 0;
    return err < 0 ? err : RN_OK;
}

static int start(struct synapse *s, const struct rn_dataset *d)
{
    struct rn_syn_pipeline *p = s->pipeline;
    char folder[RN_DATASET_PATH], rows[32];
    struct rn_out *o;
    int err = set_path(p, "/pipelines/", s->base.config->synapse.pipeline,
                       "/createRun?" API);

    if (err < 0 || (err = folder_of(d, folder)) < 0)
        return err;
    rn_format(rows, sizeof rows, ",\"rows\":%" PRIu64 "}", d->rows);
    o = rn_rest_body(&p->rest);
    put_member(p, o, "{\"run\":", d->run);
    put_member(p, o, ",\"folder\":", folder);
    put_words(o, rows);
    if ((err = request(p, "POST", false)) < 0)
        return err;
    rn_doc_copy(&p->rest.doc, rn_doc_find(&p->rest.doc, 0, "runId"), p->id, ID);
    if (p->id[0])
        return RN_OK;
    return rn_rest_fail(&p->rest, RN_E_PEER,
                        "%s: createRun answered without a runId",
                        p->rest.place);
}

/* After a lost answer the workspace knows better; its list may lag. */
static int start_once(struct synapse *s, const struct rn_dataset *d,
                      enum state *found)
{
    struct rn_syn_pipeline *p = s->pipeline;

    for (;;) {
        int err = start(s, d);

        if (err == RN_OK || !p->rest.lost)
            return err;
        rn_log(RN_LOG_WARN, "%s: %s; asking whether it was started",
               s->base.place, p->rest.fault.text);
        s->retries++;
        for (unsigned i = 0; i < ABSENT; i++) {
            if ((err = rn_rest_wait(&p->rest, POLL_MS)) < 0 ||
                (err = find_run(s, d, found)) < 0)
                return err;
            if (*found != NONE)
                return RN_OK;
        }
    }
}

/* ------------------------------------------------------------------- follow */

static int ended(struct rn_syn_pipeline *p, enum state state)
{
    char status[32], message[200];
    struct rn_doc *doc = &p->rest.doc;

    rn_doc_copy(doc, rn_doc_find(doc, 0, "status"), status, sizeof status);
    rn_doc_copy(doc, rn_doc_find(doc, 0, "message"), message, sizeof message);
    if (state == ENDED)
        return rn_rest_fail(&p->rest, RN_E_DENIED,
                            "%s: pipeline run %s: %s%s%s", p->rest.place, p->id,
                            status, message[0] ? ": " : "", message);
    return rn_rest_fail(&p->rest, RN_E_PEER,
                        "%s: pipeline run %s has a state that nobody knows: "
                        "\"%s\"",
                        p->rest.place, p->id, status);
}

static int follow(struct rn_syn_pipeline *p)
{
    for (unsigned absent = 0;;) {
        int err = set_path(p, "/pipelineruns/", p->id, "?" API);
        enum state state = WORKING;

        if (err == RN_OK)
            err = request(p, "GET", true);
        if (err == RN_OK)
            state =
                state_of(&p->rest.doc, rn_doc_find(&p->rest.doc, 0, "status"));
        else if (err != RN_E_ABSENT || ++absent > ABSENT)
            return err;
        if (state == DONE)
            return RN_OK;
        if (state != WORKING)
            return ended(p, state);
        if ((err = rn_rest_wait(&p->rest, POLL_MS)) < 0)
            return err;
    }
}

/* What its Copy activities say that they copied; *any: one said it. */
static int count_copied(struct synapse *s, const struct rn_dataset *d,
                        uint64_t *rows, bool *any)
{
    struct rn_syn_pipeline *p = s->pipeline;
    struct rn_doc *doc = &p->rest.doc;
    char tail[ID + 64], after[32], before[RN_TIMESTAMP_TEXT + 1];
    struct rn_out *o = rn_rest_body(&p->rest);
    int err;

    rn_format(tail, sizeof tail, "/pipelineruns/%s/queryActivityruns?" API,
              p->id);
    since(d->run, after);
    until(before);
    put_member(p, o, "{\"lastUpdatedAfter\":", after);
    put_member(p, o, ",\"lastUpdatedBefore\":", before);
    put_words(o, "}");
    err = set_path(p, "/pipelines/", s->base.config->synapse.pipeline, tail);
    if (err < 0 || (err = request(p, "POST", true)) < 0)
        return err;
    for (int at = rn_doc_first(doc, rn_doc_find(doc, 0, "value")); at >= 0;
         at = rn_doc_next(doc, at)) {
        uint64_t copied;

        if (!rn_doc_u64(doc, rn_doc_find(doc, at, "output.rowsCopied"),
                        &copied))
            continue;
        *rows += copied;
        *any = true;
    }
    return RN_OK;
}

/* A pipeline of scripts says no count; then its success is all there is. */
static int compare(struct synapse *s, const struct rn_dataset *d,
                   struct rn_load *result)
{
    struct rn_syn_pipeline *p = s->pipeline;
    uint64_t rows = 0;
    bool any = false;
    int err = count_copied(s, d, &rows, &any);

    if (err < 0)
        return err;
    result->rows = any ? rows : d->rows;
    if (!any)
        rn_log(RN_LOG_WARN, "%s: no activity of the pipeline tells rowsCopied",
               s->base.place);
    if (!any || rows == d->rows)
        return RN_OK;
    return rn_rest_fail(&p->rest, RN_E_INTEGRITY,
                        "%s: pipeline run %s copied %" PRIu64
                        " rows of run %s, which has %" PRIu64,
                        p->rest.place, p->id, rows, d->run, d->rows);
}

static int load(struct synapse *s, const struct rn_dataset *d,
                struct rn_load *result)
{
    enum state found;
    int err = find_run(s, d, &found);

    result->repeated = err == RN_OK && found == DONE;
    if (err == RN_OK && found == NONE)
        err = start_once(s, d, &found);
    if (err < 0)
        return err;
    rn_format(result->statement, sizeof result->statement, "%s",
              s->pipeline->id);
    if ((err = follow(s->pipeline)) < 0)
        return err;
    return compare(s, d, result);
}

int rn_syn_pipeline(struct synapse *s, const struct rn_dataset *d,
                    struct rn_load *result)
{
    struct rn_syn_pipeline *p = s->pipeline;
    int err;

    p->id[0] = 0;
    p->rest.tries = 0;
    p->rest.deadline_ms = s->deadline_ms;
    err = load(s, d, result);
    result->retries = s->retries + p->rest.tries;
    if (err < 0 && p->rest.fault.code == RN_OK)
        return rn_fail(s->base.error, err, RN_AT_WAREHOUSE,
                       "%s: the files have no names", s->base.place);
    return err < 0 ? rn_rest_raise(&p->rest, s->base.error) : RN_OK;
}

/* The pipeline is there and may be seen. */
int rn_syn_pipeline_check(struct synapse *s)
{
    struct rn_syn_pipeline *p = s->pipeline;
    int err =
        set_path(p, "/pipelines/", s->base.config->synapse.pipeline, "?" API);

    p->rest.deadline_ms = s->deadline_ms;
    if (err == RN_OK)
        err = request(p, "GET", true);
    return err < 0 ? rn_rest_raise(&p->rest, s->base.error) : RN_OK;
}
