/* scripted_store.c: see scripted_store.h. */
#include "lib/scripted_store.h"

#include <stdlib.h>
#include <string.h>

#include "core/crc64.h"
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

/* Waits are always as long; names are never the same. */
int rn_entropy(void *buf, size_t len)
{
    static uint32_t names;

    memset(buf, 0xa5, len);
    if (len > sizeof names) {
        names++;
        memcpy(buf, &names, sizeof names);
    }
    return RN_OK;
}

static struct scripted_store *self(struct rn_store *s)
{
    return (struct scripted_store *)(void *)s;
}

static bool same_id(const struct rn_block_id *a, const struct rn_block_id *b)
{
    return a->group == b->group && a->lane == b->lane &&
           a->sequence == b->sequence &&
           memcmp(a->nonce, b->nonce, sizeof a->nonce) == 0;
}

/* The place of this id in the table, or the empty one where it belongs. */
static struct stored_block *find(struct scripted_store *s,
                                 const struct rn_block_id *id)
{
    uint32_t h = (id->group * 31u + id->lane) * 50021u + id->sequence;

    h *= 2654435761u;
    for (h %= s->room;; h = (h + 1) % s->room) {
        struct stored_block *b = &s->block[h];

        if (!b->bytes || same_id(&b->id, id))
            return b;
    }
}

static void make_room(struct scripted_store *s)
{
    struct stored_block *old = s->block;
    unsigned n = s->room;

    if (s->blocks * 2 < n)
        return;
    s->room = n > 0 ? n * 4 : 64;
    s->block = calloc(s->room, sizeof *s->block);
    for (unsigned i = 0; i < n; i++) {
        if (old[i].bytes)
            *find(s, &old[i].id) = old[i];
    }
    free(old);
}

static void forget_blocks(struct scripted_store *s)
{
    for (unsigned i = 0; i < s->room; i++)
        free(s->block[i].bytes);
    free(s->block);
    s->block = NULL;
    s->room = 0;
    s->blocks = 0;
}

static uint8_t *body_of(const struct rn_transfer *t)
{
    uint8_t *bytes = malloc((size_t)t->body.len + 1);
    uint64_t offset = 0;

    while (offset < t->body.len) {
        struct rn_bytes piece[3];
        size_t n = t->body.at(t->body.ctx, offset, piece, 3);

        for (size_t i = 0; i < n; i++) {
            memcpy(bytes + offset, piece[i].p, piece[i].n);
            offset += piece[i].n;
        }
    }
    return bytes;
}

static void stage(struct scripted_store *s, struct rn_transfer *t)
{
    struct stored_block new = { t->id, body_of(t), (size_t)t->body.len };
    struct stored_block *b;

    RN_ASSERT(t->object->lanes || (t->id.group == 0 && t->id.lane == 0));
    RN_ASSERT(new.len > 0 && rn_crc64(0, new.bytes, new.len) == t->crc64);
    make_room(s);
    b = find(s, &t->id);
    if (b->bytes) {
        s->overwritten++;
        if (b->len != new.len || memcmp(b->bytes, new.bytes, new.len) != 0)
            s->changed = true;
        free(b->bytes);
    } else {
        s->blocks++;
    }
    *b = new;
    if (new.len > s->longest)
        s->longest = new.len;
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

    s->listed = t->list.n;
    if (s->visible)
        return RN_E_EXISTS;
    for (uint32_t i = 0; i < t->list.n; i++) {
        struct rn_block_id id;
        struct stored_block *b;

        t->list.id_at(t->list.ctx, i, &id);
        b = s->room > 0 ? find(s, &id) : NULL;
        if (!b || !b->bytes)
            return RN_E_STALE;
        RN_ASSERT(len + b->len <= STORE_BYTES);
        memcpy(s->content + len, b->bytes, b->len);
        len += b->len;
    }
    s->length = len;
    forget_blocks(s);
    show(s, t);
    return RN_OK;
}

static int put(struct scripted_store *s, struct rn_transfer *t)
{
    uint64_t offset = 0;

    if (s->visible)
        return RN_E_EXISTS;
    RN_ASSERT(t->body.len <= STORE_BYTES);
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
        return RN_E_AUTH;
    if (!s->visible)
        return RN_E_ABSENT;
    t->found_length = s->length + (s->lie_length ? 1 : 0);
    memcpy(t->found_run, s->run, sizeof t->found_run);
    strcpy(t->etag, "\"1\"");
    return RN_OK;
}

static int get(struct scripted_store *s, struct rn_transfer *t)
{
    size_t n;

    if (!s->visible)
        return RN_E_ABSENT;
    n = t->offset < s->length ? s->length - (size_t)t->offset : 0;
    t->got = n < t->cap ? n : t->cap;
    memcpy(t->into, s->content + t->offset, t->got);
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
    case RN_OP_GET:
        return get(s, t);
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
    s->content = malloc(STORE_BYTES);
    scripted_now_ms = 1000;
}

void scripted_free(struct scripted_store *s)
{
    forget_blocks(s);
    free(s->content);
}

void scripted_turn(struct scripted_store *s, enum rn_op op, struct turn t)
{
    RN_ASSERT(s->scripted[op] < SCRIPT_MAX);
    s->script[op][s->scripted[op]++] = t;
}
