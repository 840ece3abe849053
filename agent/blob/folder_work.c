/* blob/folder_work.c: names and working files; see blob/folder.h. */
#include "blob/folder.h"

#include <string.h>

#include "core/format.h"

/* -- names --------------------------------------------------------------- */

static const char *root_of(const struct rn_folder *d)
{
    return strcmp(d->root, "/") == 0 ? "" : d->root;
}

void rn_folder_set_final(struct rn_folder *d, const char *path)
{
    RN_ASSERT(strlen(path) <= RN_BLOB_NAME);
    rn_format(d->final, sizeof d->final, "%s/%s", root_of(d), path);
}

/* The name of an attempt's file is its own already, so the working file needs
 * no other mark, and whoever cleans up after a killed run can tell it.
 */
void rn_folder_set_part(struct rn_folder *d, const char *path)
{
    const char *slash = strrchr(path, '/');
    int dir = slash ? (int)(slash + 1 - path) : 0;

    rn_format(d->part, sizeof d->part, "%s/%.*s.%s.runnel", root_of(d), dir,
              path, path + dir);
}

void rn_folder_set_blocks(struct rn_folder *d, const char *path)
{
    size_t n;

    rn_folder_set_part(d, path);
    n = strlen(d->part);
    rn_format(d->part + n, sizeof d->part - n, ".d");
}

/* -- working files ------------------------------------------------------- */

struct rn_working *rn_folder_find(struct rn_folder *d, const char *path,
                                  const uint8_t nonce[RN_NONCE])
{
    for (size_t i = 0; i < RN_FOLDER_FILES; i++) {
        struct rn_working *w = &d->working[i];
        if (w->used && strcmp(w->path, path) == 0 &&
            memcmp(w->nonce, nonce, RN_NONCE) == 0)
            return w;
    }
    return NULL;
}

void rn_folder_remove_work(struct rn_folder *d, const char *path)
{
    rn_folder_set_blocks(d, path);
    (void)rn_file_remove_folder(d->part, NULL);
    rn_folder_set_part(d, path);
    (void)rn_file_remove(d->part, NULL);
}

void rn_folder_drop(struct rn_folder *d, struct rn_working *w)
{
    rn_file_close(&w->file);
    rn_file_close(&w->block);
    rn_folder_remove_work(d, w->path);
    w->used = false;
}

int rn_folder_claim(struct rn_folder *d, const char *path,
                    const uint8_t nonce[RN_NONCE], struct rn_working **out,
                    char *why)
{
    struct rn_working *w = NULL;
    int err;

    for (size_t i = 0; i < RN_FOLDER_FILES && !w; i++) {
        if (!d->working[i].used)
            w = &d->working[i];
    }
    if (!w) {
        rn_format(why, RN_WHY, "too many unfinished files");
        return RN_E_DENIED;
    }
    rn_folder_set_final(d, path);
    *strrchr(d->final, '/') = 0;
    if (d->final[0] && (err = rn_file_make_folders(d->final, why)) < 0)
        return err;
    rn_folder_remove_work(d, path);
    memset(w, 0, sizeof *w);
    w->file.fd = -1;
    w->block.fd = -1;
    memcpy(w->nonce, nonce, RN_NONCE);
    memcpy(w->path, path, strlen(path) + 1);
    *out = w;
    return RN_OK;
}

int rn_folder_create(struct rn_folder *d, const char *path,
                     const uint8_t nonce[RN_NONCE], struct rn_working **w,
                     char *why)
{
    int err = rn_folder_claim(d, path, nonce, w, why);

    if (err < 0)
        return err;
    rn_folder_set_part(d, path);
    if ((err = rn_file_create(&(*w)->file, d->part, why)) < 0)
        return err;
    (*w)->used = true;
    return RN_OK;
}

int64_t rn_folder_append(struct rn_file_handle *f,
                         const struct rn_http_body *body, char *why)
{
    struct rn_bytes piece[16];
    uint64_t at = 0;

    while (at < body->len) {
        size_t n = body->at(body->ctx, at, piece, RN_COUNTOF(piece));
        int err = rn_file_append(f, piece, n, why);
        if (err < 0)
            return err;
        for (size_t i = 0; i < n; i++)
            at += piece[i].n;
    }
    return (int64_t)at;
}

static void remember(struct rn_folder *d, const struct rn_object *o)
{
    memcpy(d->last_path, o->path, strlen(o->path) + 1);
    d->last_run[0] = 0;
    for (size_t i = 0; i < o->metas; i++) {
        if (strcmp(o->meta[i].name, "runnel_run") == 0)
            rn_format(d->last_run, sizeof d->last_run, "%.39s",
                      o->meta[i].value);
    }
}

int rn_folder_publish(struct rn_folder *d, struct rn_working *w,
                      const struct rn_object *o, char *why)
{
    int err = rn_file_sync(&w->file, why);

    if (err < 0) {
        /* The system may have dropped the pages: never sync this one again. */
        w->err = err;
        return err;
    }
    rn_folder_set_final(d, w->path);
    rn_folder_set_part(d, w->path);
    if ((err = rn_file_publish(d->part, d->final, why)) < 0)
        return err;
    rn_file_close(&w->file);
    w->used = false;
    remember(d, o);
    if (w->apart) { /* blocks that the list did not name */
        rn_folder_set_blocks(d, w->path);
        (void)rn_file_remove_folder(d->part, NULL);
    }
    return RN_OK;
}
