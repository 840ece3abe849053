/* blob/folder.c: the store that is a folder, for sites without a network; its
 * pieces are in blob/folder.h.
 *
 *     store.url = file:///mnt/out
 *
 * The promises of runnel/store.h with a file system's means. Blocks are
 * appended to a working file beside the final name, ".NAME.runnel", which
 * readers skip for its dot; publishing syncs it and renames it without
 * replacing. Nothing here is ever ambiguous: what failed was not published.
 *
 * A file system has no block list, so blocks of one lane are appended in order.
 * The uploader starts them in almost that order; one that comes before its turn
 * waits in the queue. Blocks of several lanes come in any order: they are files
 * of their own until the commit (folder_blocks.c).
 *
 * Metadata has no place in a folder. HEAD answers with the run of the file that
 * this process published last and with "unknown" for any other, so a file that
 * only happens to have the right length is never taken for ours.
 */
#include "blob/folder.h"

#include "blob/answer.h"
#include "core/format.h"

#include <string.h>

static struct rn_folder *folder_of(struct rn_store *s)
{
    return (struct rn_folder *)s;
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
    return RN_ROUND(sizeof(struct rn_folder)) +
           RN_ROUND(sizeof(struct rn_transfer *) * slots_of(c));
}

static int take_root(struct rn_folder *d, const char *url, struct rn_error *e)
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
    rn_format(d->base.place, sizeof d->base.place, "file://%.190s", d->root);
    return RN_OK;
}

static int folder_open(const struct rn_config *config, struct rn_arena *mem,
                       struct rn_error *error, struct rn_store **store)
{
    struct rn_folder *d = RN_TAKE(mem, struct rn_folder, 1);
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
    *store = &d->base;
    return RN_OK;
}

/* -- operations ---------------------------------------------------------- */

/* A part of the body may be there after a failure, so nothing more is ever
 * added to that file.
 */
static int append(struct rn_working *w, const struct rn_http_body *body,
                  char *why)
{
    int64_t n = rn_folder_append(&w->file, body, why);

    if (n < 0)
        w->err = (int)n;
    else
        w->len += (uint64_t)n;
    return w->err;
}

static int stage(struct rn_folder *d, struct rn_transfer *t, char *why)
{
    struct rn_working *w = rn_folder_find(d, t->object->path, t->id.nonce);
    int err;

    if (t->object->lanes)
        return rn_folder_stage_apart(d, t, why);
    RN_ASSERT(t->id.group == 0 && t->id.lane == 0);
    if (w && w->err < 0) {
        rn_format(why, RN_WHY, "an earlier block could not be written");
        return w->err;
    }
    if (t->id.sequence > (w ? w->next : 0))
        return RN_E_AGAIN;
    if (w && t->id.sequence < w->next)
        return RN_OK; /* staged again; it has been there since */
    if (!w &&
        (err = rn_folder_create(d, t->object->path, t->id.nonce, &w, why)) < 0)
        return err;
    if ((err = append(w, &t->body, why)) < 0)
        return err;
    w->next++;
    return RN_OK;
}

static int put_whole(struct rn_folder *d, struct rn_transfer *t, char *why)
{
    struct rn_working *w = NULL;
    int err = rn_folder_create(d, t->object->path, d->nonce, &w, why);

    if (err < 0)
        return err;
    if ((err = append(w, &t->body, why)) < 0 ||
        (err = rn_folder_publish(d, w, t->object, why)) < 0)
        rn_folder_drop(d, w);
    return err;
}

/* Whether the list names what was staged, in order and nothing else. */
static bool is_whole(const struct rn_working *w,
                     const struct rn_block_list *list)
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

/* Blocks of one lane are in the working file already. */
static int check_appended(const struct rn_working *w,
                          const struct rn_transfer *t, char *why)
{
    if (!is_whole(w, &t->list)) {
        rn_format(why, RN_WHY, "not all of its blocks are staged");
        return RN_E_STALE;
    }
    if (w->len != t->length) {
        rn_format(why, RN_WHY, "%llu bytes are staged where %llu are meant",
                  (unsigned long long)w->len, (unsigned long long)t->length);
        return RN_E_DENIED;
    }
    return RN_OK;
}

static int commit(struct rn_folder *d, struct rn_transfer *t, char *why)
{
    struct rn_block_id first = { .sequence = 0 };
    struct rn_working *w = NULL;
    int err = RN_OK;

    memcpy(first.nonce, d->nonce, RN_NONCE);
    if (t->list.n > 0)
        t->list.id_at(t->list.ctx, 0, &first);
    w = rn_folder_find(d, t->object->path, first.nonce);
    if (!w && t->list.n == 0)
        err = rn_folder_create(d, t->object->path, first.nonce, &w, why);
    if (err < 0)
        return err;
    if (!w) {
        rn_format(why, RN_WHY, "none of its blocks are staged");
        return RN_E_STALE;
    }
    if (w->err < 0) {
        rn_format(why, RN_WHY, "a block could not be written");
        return w->err;
    }
    err =
        w->apart ? rn_folder_assemble(d, w, t, why) : check_appended(w, t, why);
    return err == RN_OK ? rn_folder_publish(d, w, t->object, why) : err;
}

static int look(struct rn_folder *d, struct rn_transfer *t, char *why)
{
    rn_folder_set_final(d, t->object->path);
    int64_t size = rn_file_size(d->final);
    if (size < 0) {
        rn_format(why, RN_WHY, "%s",
                  size == RN_E_ABSENT ? "there is no such file" : "no file");
        return (int)size;
    }
    bool ours = strcmp(d->last_path, t->object->path) == 0;
    t->found_length = (uint64_t)size;
    rn_format(t->found_run, sizeof t->found_run, "%s",
              ours ? d->last_run : "unknown");
    return RN_OK;
}

/* What rn_file_read_at() can count. */
#define READ_MOST ((size_t)1 << 30)

static int get(struct rn_folder *d, struct rn_transfer *t, char *why)
{
    struct rn_file_handle f;
    int err;

    RN_ASSERT(t->cap > 0);
    rn_folder_set_final(d, t->object->path);
    err = rn_file_open_read(&f, d->final, why);
    if (err < 0)
        return err;
    while (err >= 0 && t->got < t->cap) {
        size_t left = t->cap - t->got;
        err = rn_file_read_at(&f, t->offset + t->got, t->into + t->got,
                              left < READ_MOST ? left : READ_MOST);
        if (err <= 0)
            break;
        t->got += (size_t)err;
    }
    rn_file_close(&f);
    if (err < 0)
        rn_format(why, RN_WHY, "the file cannot be read");
    return err < 0 ? err : RN_OK;
}

static int perform(struct rn_folder *d, struct rn_transfer *t, char *why)
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
    case RN_OP_GET:
        return get(d, t, why);
    case RN_OP_DELETE:
        rn_folder_remove_work(d, t->object->path);
        rn_folder_set_final(d, t->object->path);
        return rn_file_remove(d->final, why);
    }
    return RN_E_DENIED;
}

/* -- the queue ----------------------------------------------------------- */

static void take_out(struct rn_folder *d, unsigned at)
{
    d->queued--;
    memmove(d->queue + at, d->queue + at + 1,
            (d->queued - at) * sizeof d->queue[0]);
}

static void fail(struct rn_folder *d, struct rn_transfer *t, int err,
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

/* Try the transfer at this place; true when it is done and taken out. One
 * that comes along does so on everybody's time: it has no deadline.
 */
static bool try_one(struct rn_folder *d, unsigned at, bool *moved)
{
    struct rn_transfer *t = d->queue[at];
    char why[RN_WHY] = "";
    int err = perform(d, t, why);

    if (err == RN_FOLDER_MORE) {
        *moved = true;
        return false;
    }
    if (err == RN_E_AGAIN) {
        if (t->deadline_ms == 0 || rn_clock_mono() < t->deadline_ms)
            return false;
        rn_format(why, sizeof why, "the block before it never came");
    }
    take_out(d, at);
    t->done = true;
    if (err < 0)
        fail(d, t, err, why);
    return true;
}

static int folder_start(struct rn_store *s, struct rn_transfer *t)
{
    struct rn_folder *d = folder_of(s);

    if (d->queued == d->slots)
        return RN_E_FULL;
    t->done = false;
    t->sent = false;
    t->err = RN_OK;
    rn_error_clear(&t->error);
    t->retry_after_ms = 0;
    t->found_length = 0;
    t->got = 0;
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
    struct rn_folder *d = folder_of(s);
    bool moved = false;
    int done = 0;

    for (unsigned i = 0; i < d->queued;) {
        if (!try_one(d, i, &moved)) {
            i++;
            continue;
        }
        done++;
        i = 0;
    }
    if (done == 0 && !moved)
        rn_wait(NULL, 0, until_ms);
    return done;
}

static void folder_cancel(struct rn_store *s, struct rn_transfer *t)
{
    struct rn_folder *d = folder_of(s);

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
    struct rn_folder *d = folder_of(s);

    for (size_t i = 0; i < RN_FOLDER_FILES; i++) {
        struct rn_working *w = &d->working[i];
        if (w->used && strcmp(w->path, object->path) == 0)
            rn_folder_drop(d, w);
    }
}

static void folder_close(struct rn_store *s)
{
    struct rn_folder *d = folder_of(s);

    for (size_t i = 0; i < RN_FOLDER_FILES; i++) {
        if (d->working[i].used)
            rn_folder_drop(d, &d->working[i]);
    }
}

static bool folder_claims(const char *url)
{
    return strncmp(url, "file://", 7) == 0;
}

const struct rn_store_class rn_store_folder = {
    .name = "folder",
    .claims = folder_claims,
    .need = folder_need,
    .open = folder_open,
    .start = folder_start,
    .pump = folder_pump,
    .cancel = folder_cancel,
    .renew = folder_renew,
    .forget = folder_forget,
    .close = folder_close,
};
