/* blob/azure.c: the store that is a container; see runnel/store.h.
 *
 * A slot for each connection holds one transfer: request, answer and the HTTP
 * call between them. Nothing is decided here: request.c says what is sent,
 * answer.c what came of it, and trying again is the uploader's.
 */
#include "blob/answer.h"
#include "blob/request.h"
#include "core/base64.h"
#include "identity/hash.h"
#include "identity/identity.h"
#include "runnel/http.h"
#include "runnel/port.h"
#include "runnel/store.h"

#include <string.h>

#define KEEP_MS 60000 /* the service closes what is idle for minutes */

struct slot {
    struct rn_transfer *t; /* NULL: free */
    struct rn_http_call call;
    struct rn_request request;
    struct rn_answer answer;
};

struct azure {
    struct rn_store base; /* first: what callers have */
    const struct rn_config *config;
    struct rn_blob_service service;
    struct rn_origin origin;
    struct rn_http *http;
    struct slot *slot;
    unsigned slots;
    uint64_t requests;
    int early; /* done before anything was sent, to be counted by pump */
};

static struct azure *azure_of(struct rn_store *s)
{
    return (struct azure *)s;
}

static struct rn_http_options options_of(const struct rn_config *c)
{
    return (struct rn_http_options){
        .connections = c->store.connections,
        .connect_ms = c->store.connect_ms,
        .idle_ms = c->store.idle_ms,
        .keep_ms = KEEP_MS,
        .ca = c->tls.ca,
        .proxy = c->store.proxy,
    };
}

static size_t azure_need(const struct rn_config *config)
{
    struct rn_http_options o = options_of(config);

    return RN_ROUND(sizeof(struct azure)) +
           RN_ROUND(sizeof(struct slot) * config->store.connections) +
           rn_identity_need(config) + rn_http_need(&o);
}

static void azure_memory(const struct rn_store *s, size_t *peak, size_t *cap)
{
    rn_http_memory(((const struct azure *)s)->http, peak, cap);
}

/* A mark that tells this process's requests apart in the service's logs. */
static int choose_client(struct azure *a, struct rn_error *error)
{
    uint8_t raw[4];

    if (rn_entropy(raw, sizeof raw) < 0)
        return rn_fail(error, RN_E_STATE, RN_AT_AGENT,
                       "no entropy from the machine");
    rn_hex(raw, sizeof raw, a->service.client);
    a->service.client[8] = 0;
    return RN_OK;
}

static int open_parts(struct azure *a, struct rn_arena *mem,
                      struct rn_error *error)
{
    const struct rn_config *c = a->config;
    struct rn_blob_url *u = &a->service.url;
    struct rn_http_options o = options_of(c);
    int err = rn_blob_url(c->store.url, c->store.allow_http, u, error);

    if (err < 0)
        return err;
    struct rn_service service;
    memset(&service, 0, sizeof service);
    service.host = u->host;
    service.port = u->port;
    service.tls = u->tls;
    service.account = u->account;
    a->service.checksum = rn_blob_checksum(c->store.checksum, u);
    if ((err = choose_client(a, error)) < 0)
        return err;
    err = rn_identity_open(c, &service, mem, error, &a->service.identity);
    if (err < 0)
        return err;
    err = rn_http_init(&o, mem, error, &a->http);
    if (err < 0)
        rn_identity_close(a->service.identity);
    a->base.http = a->http;
    return err;
}

static int azure_open(const struct rn_config *config, struct rn_arena *mem,
                      struct rn_error *error, struct rn_store **store)
{
    struct azure *a = RN_TAKE(mem, struct azure, 1);

    *store = NULL;
    if (!a || !(a->slot = RN_TAKE(mem, struct slot, config->store.connections)))
        return rn_fail(error, RN_E_FULL, RN_AT_AGENT,
                       "no memory left for the store");
    a->config = config;
    a->slots = config->store.connections;
    int err = open_parts(a, mem, error);
    if (err < 0)
        return err;

    const struct rn_blob_url *u = &a->service.url;
    a->origin.host = u->host;
    a->origin.port = u->port;
    a->origin.tls = u->tls;
    a->base.cls = &rn_store_azure;
    a->base.error = error;
    a->base.warning = a->service.identity->warning;
    a->base.memory = azure_memory;
    memcpy(a->base.place, u->place, sizeof a->base.place);
    *store = &a->base;
    return RN_OK;
}

static int on_header(void *ctx, struct rn_bytes name, struct rn_bytes value)
{
    rn_answer_header(&((struct slot *)ctx)->answer, name, value);
    return RN_OK;
}

static int on_body(void *ctx, struct rn_bytes part)
{
    struct slot *slot = ctx;

    if (slot->t->op == RN_OP_GET)
        return rn_answer_content(&slot->answer, slot->t, part);
    return rn_answer_body(&slot->answer, part);
}

static void set_call(struct azure *a, struct slot *slot)
{
    const struct rn_request *q = &slot->request;
    int64_t deadline = slot->t->deadline_ms;
    int64_t own = rn_clock_mono() + a->config->store.request_ms;

    if (deadline == 0 || (a->config->store.request_ms > 0 && own < deadline))
        deadline = own;
    slot->call = (struct rn_http_call){
        .origin = &a->origin,
        .method = q->method,
        .target = { (const uint8_t *)q->target, q->target_len },
        .header = q->header,
        .headers = q->headers,
        .body = q->body,
        .deadline_ms = deadline,
        .ctx = slot,
        .on_header = on_header,
        .on_body = on_body,
    };
}

static void clear_outcome(struct rn_transfer *t)
{
    t->done = false;
    t->sent = false;
    t->err = RN_OK;
    rn_error_clear(&t->error);
    t->retry_after_ms = 0;
    t->found_length = 0;
    t->got = 0;
    t->etag[0] = 0;
    t->found_run[0] = 0;
}

static int azure_start(struct rn_store *s, struct rn_transfer *t)
{
    struct azure *a = azure_of(s);
    struct slot *slot = a->slot;
    int64_t now_us = rn_clock_wall();

    while (slot < a->slot + a->slots && slot->t)
        slot++;
    if (slot == a->slot + a->slots)
        return RN_E_FULL;
    clear_outcome(t);
    rn_answer_begin(&slot->answer, now_us);
    t->err =
        rn_request_make(&slot->request, &a->service, t, ++a->requests, now_us);
    if (t->err < 0) {
        t->done = true;
        a->early++;
        return RN_OK;
    }
    slot->t = t;
    set_call(a, slot);
    int err = rn_http_start(a->http, &slot->call);
    if (err < 0) {
        slot->t = NULL;
        return err;
    }
    t->work = slot;
    return RN_OK;
}

/* The exchange failed before there was a whole answer. */
static void settle_broken(struct azure *a, struct slot *slot)
{
    struct rn_transfer *t = slot->t;
    const char *why = slot->call.why;

    t->done = true;
    t->sent = slot->call.sent;
    if (!why[0])
        why = slot->call.err == RN_E_AGAIN ? "no answer in time"
                                           : "the connection failed";
    t->err = rn_fail(&t->error, slot->call.err, RN_AT_STORE,
                     "%s %.100s in %.100s: %s", rn_op_words(t->op),
                     t->object->path, a->service.url.place, why);
}

static int azure_pump(struct rn_store *s, int64_t until_ms)
{
    struct azure *a = azure_of(s);
    int done = a->early;

    a->early = 0;
    rn_http_pump(a->http, done > 0 ? 0 : until_ms);
    for (unsigned i = 0; i < a->slots; i++) {
        struct slot *slot = &a->slot[i];
        struct rn_transfer *t = slot->t;
        if (!t || !slot->call.done)
            continue;
        if (slot->call.err < 0)
            settle_broken(a, slot);
        else
            rn_answer_settle(&slot->answer, slot->call.status, &a->service,
                             &slot->request, t);
        t->work = NULL;
        slot->t = NULL;
        done++;
    }
    return done;
}

static void azure_cancel(struct rn_store *s, struct rn_transfer *t)
{
    struct azure *a = azure_of(s);

    for (unsigned i = 0; i < a->slots; i++) {
        struct slot *slot = &a->slot[i];
        if (slot->t != t)
            continue;
        if (!slot->call.done)
            rn_http_cancel(a->http, &slot->call);
        t->sent = slot->call.sent;
        slot->t = NULL;
        t->work = NULL;
        t->done = true;
        t->err =
            rn_fail(&t->error, RN_E_STOP, RN_AT_STORE, "%s %.100s: given up",
                    rn_op_words(t->op), t->object->path);
    }
}

static int azure_renew(struct rn_store *s)
{
    return rn_identity_renew(azure_of(s)->service.identity);
}

/* The service drops uncommitted blocks after a week. */
static void azure_forget(struct rn_store *s, const struct rn_object *object)
{
    (void)s;
    (void)object;
}

static void azure_close(struct rn_store *s)
{
    struct azure *a = azure_of(s);

    rn_http_close(a->http);
    rn_identity_close(a->service.identity);
    /* Targets hold the SAS. */
    for (unsigned i = 0; i < a->slots; i++)
        rn_wipe(&a->slot[i].request, sizeof a->slot[i].request);
}

static bool azure_claims(const char *url)
{
    return strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
}

const struct rn_store_class rn_store_azure = {
    .name = "azure",
    .keeps = true,
    .claims = azure_claims,
    .need = azure_need,
    .open = azure_open,
    .start = azure_start,
    .pump = azure_pump,
    .cancel = azure_cancel,
    .renew = azure_renew,
    .forget = azure_forget,
    .close = azure_close,
};
