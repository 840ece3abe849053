/* blob/folder.c: the store that is a folder, for sites without a network.
 *
 *     store.url = file:///mnt/out
 *
 * The promises of runnel/store.h with a file system's means. Blocks are
 * appended to a working file beside the final name, ".NAME.runnel", which
 * readers skip for its dot; publishing syncs it and renames it without
 * replacing. Nothing here is ever ambiguous: what failed was not published.
 *
 * A file system has no block list, so blocks have to be appended in order. The
 * uploader starts them in almost that order; one that comes before its turn
 * waits in the queue. Files of one lane only: blocks of several (Parquet) would
 * have to be put in order at the end, and whoever adds that writer adds that.
 *
 * Metadata has no place in a folder. HEAD answers with the run of the file that
 * this process published last and with "unknown" for any other, so a file that
 * only happens to have the right length is never taken for ours.
 */
#include "blob/answer.h"
#include "blob/url.h"
#include "runnel/file.h"
#include "runnel/port.h"
#include "runnel/store.h"

#include <stdio.h>
#include <string.h>

#define FILES 4 /* worked on at once: one, and those that wait for removal */
#define ROOT  384
#define NAMES (ROOT + RN_BLOB_NAME + 48)

struct working {
    bool used;
    int err; /* of the append that failed, or RN_OK */
    struct rn_file_handle file;
    uint8_t nonce[RN_NONCE];
    uint32_t next; /* sequence of the block that comes next */
    uint64_t len;  /* bytes appended */
    char path[RN_BLOB_NAME + 1];
};

struct folder {
    struct rn_store base; /* first: what callers have */
    struct rn_transfer **queue;
    unsigned queued;
    unsigned slots;
    uint8_t nonce[RN_NONCE]; /* for files without blocks */
    struct working working[FILES];
    char root[ROOT];
    char last_path[RN_BLOB_NAME + 1]; /* published last */
    char last_run[40];
    char final[NAMES]; /* scratch: names being worked with */
    char part[NAMES];
};

static struct folder *folder_of(struct rn_store *s)
{
    return (struct folder *)s;
}

/* One more than there are connections, so that a block that is waited for
 * always gets in.
 */
static unsigned slots_of(const struct rn_config *c)
{
    return c->store.connections + 2;
}

static size_t folder_need(const struct rn_config *c)
{
    return RN_ROUND(sizeof(struct folder)) +
           RN_ROUND(sizeof(struct rn_transfer *) * slots_of(c));
}

static int take_root(struct folder *d, const char *url, struct rn_error *e)
{
    const char *p = url + 7; /* after file:// */
    size_t n;

    if (strncmp(url, "file://", 7) != 0 || p[0] != '/')
        return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG,
                       "store.url: a folder is file:///AND/ITS/PATH");
    n = strlen(p);
    while (n > 1 && p[n - 1] == '/')
        n--;
    if (n >= sizeof d->root)
        return rn_fail(e, RN_E_CONFIG, RN_AT_CONFIG,
                       "store.url: the folder's path is too long");
    memcpy(d->root, p, n);
    d->root[n] = 0;
    snprintf(d->base.place, sizeof d->base.place, "file://%.190s", d->root);
    return RN_OK;
}

static int folder_open(const struct rn_config *config, struct rn_arena *mem,
                       struct rn_error *error, struct rn_store **store)
{
    struct folder *d = RN_TAKE(mem, struct folder, 1);
    char why[RN_WHY] = "";
    int err;

    *store = NULL;
    if (!d ||
        !(d->queue = RN_TAKE(mem, struct rn_transfer *, slots_of(config))))
        return rn_fail(error, RN_E_FULL, RN_AT_AGENT,
                       "no memory left for the store");
    if ((err = take_root(d, config->store.url, error)) < 0)
        return err;
    if (rn_entropy(d->nonce, sizeof d->nonce) < 0)
        return rn_fail(error, RN_E_STATE, RN_AT_AGENT,
                       "no entropy from the machine");
    err = rn_file_make_folders(d->root, why);
    if (err < 0)
        return rn_fail(error, err, RN_AT_STORE,
                       "store.url: cannot make or use the folder: %s", why);
    d->base.cls = &rn_store_folder;
    d->base.error = error;
    d->slots = slots_of(config);
    for (size_t i = 0; i < FILES; i++)
        d->working[i].file.fd = -1;
    *store = &d->base;
    return RN_OK;
}

/* -- names --------------------------------------------------------------- */

static const char *root_of(const struct folder *d)
{
    return strcmp(d->root, "/") == 0 ? "" : d->root;
}

static void set_final(struct folder *d, const char *path)
{
    RN_ASSERT(strlen(path) <= RN_BLOB_NAME);
    snprintf(d->final, sizeof d->final, "%s/%s", root_of(d), path);
}

/* The name of an attempt's file is its own already, so the working file needs
 * no other mark, and whoever cleans up after a killed run can tell it.
 */
static void set_part(struct folder *d, const char *path)
{
    const char *slash = strrchr(path, '/');
    int dir = slash ? (int)(slash + 1 - path) : 0;

    snprintf(d->part, sizeof d->part, "%s/%.*s.%s.runnel", root_of(d), dir,
             path, path + dir);
}

/* -- working files ------------------------------------------------------- */

static struct working *find(struct folder *d, const char *path,
                            const uint8_t nonce[RN_NONCE])
{
    for (size_t i = 0; i < FILES; i++) {
        struct working *w = &d->working[i];
        if (w->used && strcmp(w->path, path) == 0 &&
            memcmp(w->nonce, nonce, RN_NONCE) == 0)
            return w;
    }
    return NULL;
}

static void drop(struct folder *d, struct working *w)
{
    set_part(d, w->path);
    rn_file_close(&w->file);
    (void)rn_file_remove(d->part, NULL);
    w->used = false;
}

static int create(struct folder *d, const char *path,
                  const uint8_t nonce[RN_NONCE], struct working **out,
                  char *why)
{
    struct working *w = NULL;
    int err;

    for (size_t i = 0; i < FILES && !w; i++) {
        if (!d->working[i].used)
            w = &d->working[i];
    }
    if (!w) {
        snprintf(why, RN_WHY, "too many unfinished files");
        return RN_E_DENIED;
    }
    set_final(d, path);
    *strrchr(d->final, '/') = 0;
    if (d->final[0] && (err = rn_file_make_folders(d->final, why)) < 0)
        return err;
    set_part(d, path);
    /* One of this name is what a killed run left of the same file. */
    (void)rn_file_remove(d->part, NULL);
    if ((err = rn_file_create(&w->file, d->part, why)) < 0)
        return err;
    w->used = true;
    w->err = RN_OK;
    w->next = 0;
    w->len = 0;
    memcpy(w->nonce, nonce, RN_NONCE);
    memcpy(w->path, path, strlen(path) + 1);
    *out = w;
    return RN_OK;
}

/* All of a body at the working file's end. A part of it may be there after a
 * failure, so nothing more is ever added to that file.
 */
static int append(struct working *w, const struct rn_http_body *body, char *why)
{
    struct rn_bytes piece[16];
    uint64_t at = 0;

    while (at < body->len) {
        size_t n = body->at(body->ctx, at, piece, RN_COUNTOF(piece));
        int err = rn_file_append(&w->file, piece, n, why);
        if (err < 0) {
            w->err = err;
            return err;
        }
        for (size_t i = 0; i < n; i++)
            at += piece[i].n;
    }
    w->len += at;
    return RN_OK;
}

static void remember(struct folder *d, const struct rn_object *o)
{
    memcpy(d->last_path, o->path, strlen(o->path) + 1);
    d->last_run[0] = 0;
    for (size_t i = 0; i < o->metas; i++) {
        if (strcmp(o->meta[i].name, "runnel_run") == 0)
            snprintf(d->last_run, sizeof d->last_run, "%.39s",
                     o->meta[i].value);
    }
}

/* Sync, rename, forget about it. */
static int publish(struct folder *d, struct working *w,
                   const struct rn_object *o, char *why)
{
    int err = rn_file_sync(&w->file, why);

    if (err < 0) {
        /* The system may have dropped the pages: never sync this one again. */
        w->err = err;
        return err;
    }
    set_final(d, w->path);
    set_part(d, w->path);
    if ((err = rn_file_publish(d->part, d->final, why)) < 0)
        return err;
    rn_file_close(&w->file);
    w->used = false;
    remember(d, o);
    return RN_OK;
}

/* -- operations: RN_E_AGAIN means not yet -------------------------------- */

static int stage(struct folder *d, struct rn_transfer *t, char *why)
{
    struct working *w = find(d, t->object->path, t->id.nonce);
    int err;

    RN_ASSERT(t->id.group == 0 && t->id.lane == 0);
    if (w && w->err < 0) {
        snprintf(why, RN_WHY, "an earlier block could not be written");
        return w->err;
    }
    if (t->id.sequence > (w ? w->next : 0))
        return RN_E_AGAIN;
    if (w && t->id.sequence < w->next)
        return RN_OK; /* staged again; it has been there since */
    if (!w && (err = create(d, t->object->path, t->id.nonce, &w, why)) < 0)
        return err;
    if ((err = append(w, &t->body, why)) < 0)
        return err;
    w->next++;
    return RN_OK;
}

static int put_whole(struct folder *d, struct rn_transfer *t, char *why)
{
    struct working *w = NULL;
    int err = create(d, t->object->path, d->nonce, &w, why);

    if (err < 0)
        return err;
    if ((err = append(w, &t->body, why)) < 0 ||
        (err = publish(d, w, t->object, why)) < 0)
        drop(d, w);
    return err;
}

/* Whether the list names what was staged, in order and nothing else. */
static bool is_whole(const struct working *w, const struct rn_block_list *list)
{
    struct rn_block_id id;

    if (list->n != w->next)
        return false;
    for (uint32_t i = 0; i < list->n; i++) {
        list->id_at(list->ctx, i, &id);
        if (id.sequence != i || id.group != 0 || id.lane != 0 ||
            memcmp(id.nonce, w->nonce, RN_NONCE) != 0)
            return false;
    }
    return true;
}

static int commit(struct folder *d, struct rn_transfer *t, char *why)
{
    struct rn_block_id first = { .sequence = 0 };
    struct working *w = NULL;
    int err;

    memcpy(first.nonce, d->nonce, RN_NONCE);
    if (t->list.n > 0)
        t->list.id_at(t->list.ctx, 0, &first);
    w = find(d, t->object->path, first.nonce);
    if (!w && t->list.n == 0) {
        if ((err = create(d, t->object->path, first.nonce, &w, why)) < 0)
            return err;
    }
    if (w && w->err < 0) {
        snprintf(why, RN_WHY, "a block could not be written");
        return w->err;
    }
    if (!w || !is_whole(w, &t->list)) {
        snprintf(why, RN_WHY, "not all of its blocks are staged");
        return RN_E_STALE;
    }
    if (w->len != t->length) {
        snprintf(why, RN_WHY, "%llu bytes are staged where %llu are meant",
                 (unsigned long long)w->len, (unsigned long long)t->length);
        return RN_E_DENIED;
    }
    return publish(d, w, t->object, why);
}

static int look(struct folder *d, struct rn_transfer *t, char *why)
{
    set_final(d, t->object->path);
    int64_t size = rn_file_size(d->final);
    if (size < 0) {
        snprintf(why, RN_WHY, "%s",
                 size == RN_E_ABSENT ? "there is no such file" : "no file");
        return (int)size;
    }
    bool ours = strcmp(d->last_path, t->object->path) == 0;
    t->found_length = (uint64_t)size;
    snprintf(t->found_run, sizeof t->found_run, "%s",
             ours ? d->last_run : "unknown");
    return RN_OK;
}

static int perform(struct folder *d, struct rn_transfer *t, char *why)
{
    switch (t->op) {
    case RN_OP_STAGE:
        return stage(d, t, why);
    case RN_OP_PUT:
        return put_whole(d, t, why);
    case RN_OP_COMMIT:
        return commit(d, t, why);
    case RN_OP_HEAD:
        return look(d, t, why);
    case RN_OP_DELETE:
        set_final(d, t->object->path);
        set_part(d, t->object->path);
        (void)rn_file_remove(d->part, NULL);
        return rn_file_remove(d->final, why);
    }
    return RN_E_DENIED;
}

/* -- the queue ----------------------------------------------------------- */

static void take_out(struct folder *d, unsigned at)
{
    d->queued--;
    memmove(d->queue + at, d->queue + at + 1,
            (d->queued - at) * sizeof d->queue[0]);
}

static void fail(struct folder *d, struct rn_transfer *t, int err,
                 const char *why)
{
    const char *what = err == RN_E_FULL ? "no space left: "
                       : err == RN_E_EXISTS
                           ? "a file of this name is there already: "
                           : "";

    t->err =
        rn_fail(&t->error, err, RN_AT_STORE, "%s %.100s in %.120s: %s%s",
                rn_op_words(t->op), t->object->path, d->base.place, what, why);
}

/* Try the transfer at this place; true when it is done and taken out. */
static bool try_one(struct folder *d, unsigned at)
{
    struct rn_transfer *t = d->queue[at];
    char why[RN_WHY] = "";
    int err = perform(d, t, why);

    if (err == RN_E_AGAIN) {
        if (t->deadline_ms == 0 || rn_clock_mono() < t->deadline_ms)
            return false;
        snprintf(why, sizeof why, "the block before it never came");
    }
    take_out(d, at);
    t->done = true;
    if (err < 0)
        fail(d, t, err, why);
    return true;
}

static int folder_start(struct rn_store *s, struct rn_transfer *t)
{
    struct folder *d = folder_of(s);

    if (d->queued == d->slots)
        return RN_E_FULL;
    t->done = false;
    t->sent = false;
    t->err = RN_OK;
    rn_error_clear(&t->error);
    t->retry_after_ms = 0;
    t->found_length = 0;
    t->etag[0] = 0;
    t->found_run[0] = 0;
    d->queue[d->queued++] = t;
    return RN_OK;
}

/* In the order in which they came, from the front again after each that was
 * done, because it may be what another waited for.
 */
static int folder_pump(struct rn_store *s, int64_t until_ms)
{
    struct folder *d = folder_of(s);
    int done = 0;

    for (unsigned i = 0; i < d->queued;) {
        if (!try_one(d, i)) {
            i++;
            continue;
        }
        done++;
        i = 0;
    }
    if (done == 0)
        rn_wait(NULL, 0, until_ms);
    return done;
}

static void folder_cancel(struct rn_store *s, struct rn_transfer *t)
{
    struct folder *d = folder_of(s);

    for (unsigned i = 0; i < d->queued; i++) {
        if (d->queue[i] != t)
            continue;
        take_out(d, i);
        t->done = true;
        fail(d, t, RN_E_STOP, "given up");
        return;
    }
}

static int folder_renew(struct rn_store *s)
{
    (void)s;
    return RN_E_AUTH;
}

static void folder_forget(struct rn_store *s, const struct rn_object *object)
{
    struct folder *d = folder_of(s);

    for (size_t i = 0; i < FILES; i++) {
        struct working *w = &d->working[i];
        if (w->used && strcmp(w->path, object->path) == 0)
            drop(d, w);
    }
}

static void folder_close(struct rn_store *s)
{
    struct folder *d = folder_of(s);

    for (size_t i = 0; i < FILES; i++) {
        if (d->working[i].used)
            drop(d, &d->working[i]);
    }
}

const struct rn_store_class rn_store_folder = {
    .name = "folder",
    .need = folder_need,
    .open = folder_open,
    .start = folder_start,
    .pump = folder_pump,
    .cancel = folder_cancel,
    .renew = folder_renew,
    .forget = folder_forget,
    .close = folder_close,
};
