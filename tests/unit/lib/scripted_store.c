/* scripted_store.c: see scripted_store.h. */
#include "lib/scripted_store.h"

#include <stdlib.h>
#include <string.h>

#include "runnel/port.h"

int64_t scripted_now_ms;

int64_t rn_clock_mono(void)
{
    return scripted_now_ms;
}

int64_t rn_clock_wall(void)
{
    return INT64_C(1795315500000000) + scripted_now_ms * 1000;
}

int rn_entropy(void *buf, size_t len)
{
    memset(buf, 0xa5, len);
    return RN_OK;
}

static struct scripted_store *self(struct rn_store *s)
{
    return (struct scripted_store *)(void *)s;
}

static void stage(struct scripted_store *s, struct rn_transfer *t)
{
    unsigned at = 0;
    uint64_t offset = 0;

    while (at < s->blocks && memcmp(&s->block[at].id, &t->id, sizeof t->id))
        at++;
    RN_ASSERT(at < STORE_BLOCKS);
    if (at == s->blocks)
        s->blocks++;
    free(s->block[at].bytes);
    s->block[at].id = t->id;
    s->block[at].len = (size_t)t->body.len;
    s->block[at].bytes = malloc((size_t)t->body.len);
    while (offset < t->body.len) {
        struct rn_bytes piece[3];
        size_t n = t->body.at(t->body.ctx, offset, piece, 3);

        for (size_t i = 0; i < n; i++) {
            memcpy(s->block[at].bytes + offset, piece[i].p, piece[i].n);
            offset += piece[i].n;
        }
    }
}

static void show(struct scripted_store *s, const struct rn_transfer *t)
{
    s->visible = true;
    s->versions++;
    s->run[0] = '\0';
    for (size_t i = 0; i < t->object->metas; i++) {
        if (strcmp(t->object->meta[i].name, "runnel_run") == 0)
            strcpy(s->run, t->object->meta[i].value);
    }
}

static int publish(struct scripted_store *s, const struct rn_transfer *t)
{
    size_t len = 0;

    if (s->visible)
        return RN_E_EXISTS;
    for (uint32_t i = 0; i < t->list.n; i++) {
        struct rn_block_id id;
        unsigned at = 0;

        t->list.id_at(t->list.ctx, i, &id);
        while (at < s->blocks && memcmp(&s->block[at].id, &id, sizeof id))
            at++;
        if (at == s->blocks)
            return RN_E_STALE;
        RN_ASSERT(len + s->block[at].len <= STORE_BYTES);
        memcpy(s->content + len, s->block[at].bytes, s->block[at].len);
        len += s->block[at].len;
    }
    s->length = len;
    s->blocks = 0;
    show(s, t);
    return RN_OK;
}

static int put(struct scripted_store *s, struct rn_transfer *t)
{
    uint64_t offset = 0;

    if (s->visible)
        return RN_E_EXISTS;
    while (offset < t->body.len) {
        struct rn_bytes piece;

        t->body.at(t->body.ctx, offset, &piece, 1);
        memcpy(s->content + offset, piece.p, piece.n);
        offset += piece.n;
    }
    s->length = (size_t)offset;
    show(s, t);
    return RN_OK;
}

static int head(struct scripted_store *s, struct rn_transfer *t)
{
    if (s->hide_head)
        return RN_E_DENIED;
    if (!s->visible)
        return RN_E_ABSENT;
    t->found_length = s->length + (s->lie_length ? 1 : 0);
    memcpy(t->found_run, s->run, sizeof t->found_run);
    strcpy(t->etag, "\"1\"");
    return RN_OK;
}

static int perform(struct scripted_store *s, struct rn_transfer *t)
{
    switch (t->op) {
    case RN_OP_STAGE:
        stage(s, t);
        return RN_OK;
    case RN_OP_PUT:
        return put(s, t);
    case RN_OP_COMMIT:
        return publish(s, t);
    case RN_OP_HEAD:
        return head(s, t);
    default:
        if (!s->visible)
            return RN_E_ABSENT;
        s->visible = false;
        return RN_OK;
    }
}

static void finish(struct scripted_store *s, struct rn_transfer *t)
{
    unsigned call = s->calls[t->op]++;
    struct turn turn = { .err = RN_OK, .applied = true, .sent = true };

    if (call < s->scripted[t->op])
        turn = s->script[t->op][call];
    t->sent = turn.sent;
    t->retry_after_ms = turn.retry_after_ms;
    t->err = turn.err;
    if (turn.later_ms > 0) {
        s->commit_at_ms = scripted_now_ms + turn.later_ms;
        s->late = *t;
    } else if (turn.err == RN_OK || turn.applied) {
        int err = perform(s, t);

        if (turn.err == RN_OK)
            t->err = err;
    }
    if (t->err < 0)
        rn_fail(&t->error, t->err, RN_AT_STORE, "scripted %s",
                rn_err_name(t->err));
    t->done = true;
}

static int start(struct rn_store *store, struct rn_transfer *t)
{
    struct scripted_store *s = self(store);

    if (s->n_under_way == s->connections)
        return RN_E_FULL;
    s->under_way[s->n_under_way++] = t;
    if (s->n_under_way > s->most_at_once)
        s->most_at_once = s->n_under_way;
    return RN_OK;
}

/* A pump that may wait answers one transfer and takes a millisecond; one that
 * may not answers nothing, so that transfers really are under way at once.
 */
static int pump(struct rn_store *store, int64_t until_ms)
{
    struct scripted_store *s = self(store);

    if (s->commit_at_ms && scripted_now_ms >= s->commit_at_ms) {
        s->commit_at_ms = 0;
        perform(s, &s->late);
    }
    if (until_ms <= scripted_now_ms)
        return 0;
    if (s->n_under_way == 0) {
        scripted_now_ms = until_ms;
        return 0;
    }
    scripted_now_ms++;
    finish(s, s->under_way[0]);
    s->n_under_way--;
    memmove(s->under_way, s->under_way + 1,
            s->n_under_way * sizeof s->under_way[0]);
    return 1;
}

static void cancel(struct rn_store *store, struct rn_transfer *t)
{
    struct scripted_store *s = self(store);

    for (unsigned i = 0; i < s->n_under_way; i++) {
        if (s->under_way[i] != t)
            continue;
        s->n_under_way--;
        memmove(s->under_way + i, s->under_way + i + 1,
                (s->n_under_way - i) * sizeof s->under_way[0]);
    }
    t->done = true;
    t->err = RN_E_STOP;
}

static int renew(struct rn_store *store)
{
    struct scripted_store *s = self(store);

    if (s->renewed == s->renewals)
        return RN_E_AUTH;
    s->renewed++;
    return RN_OK;
}

static void forget(struct rn_store *store, const struct rn_object *object)
{
    (void)store;
    (void)object;
}

static const struct rn_store_class class_scripted = {
    .name = "scripted",
    .start = start,
    .pump = pump,
    .cancel = cancel,
    .renew = renew,
    .forget = forget,
};

void scripted_init(struct scripted_store *s, unsigned connections)
{
    memset(s, 0, sizeof *s);
    s->store.cls = &class_scripted;
    strcpy(s->store.place, "scripted");
    s->connections = connections;
    scripted_now_ms = 1000;
}

void scripted_free(struct scripted_store *s)
{
    for (unsigned i = 0; i < STORE_BLOCKS; i++)
        free(s->block[i].bytes);
}

void scripted_turn(struct scripted_store *s, enum rn_op op, struct turn t)
{
    RN_ASSERT(s->scripted[op] < SCRIPT_MAX);
    s->script[op][s->scripted[op]++] = t;
}
