/* blob/folder_blocks.c: blocks of several lanes, which come in any order and
 * are put into that of the list at the end; see blob/folder.h.
 *
 * Each is a file of its own in a folder beside the working file, named after
 * its place: ".NAME.runnel.d/GROUP-LANE-SEQUENCE". The commit first looks that
 * all of them are there, then copies one after the other to the working file
 * and removes it at once, so a disk needs room for the file once and not
 * twice. It goes in steps, because a copy of gigabytes has to hear of a stop
 * request too; where it stands is kept in the working entry, so a commit that
 * was cancelled goes on where it was.
 */
#include "blob/folder.h"

#include <string.h>

#include "core/format.h"

/* A step: so many bytes or so many blocks. */
#define STEP_BYTES  (4u << 20)
#define STEP_BLOCKS 256u

/* Into `part`: the name of a block's file. */
static void set_block(struct rn_folder *d, const char *path,
                      const struct rn_block_id *id)
{
    size_t n;

    rn_folder_set_blocks(d, path);
    n = strlen(d->part);
    rn_format(d->part + n, sizeof d->part - n, "/%08lx-%04x-%08lx",
              (unsigned long)id->group, (unsigned)id->lane,
              (unsigned long)id->sequence);
}

/* -- staging ------------------------------------------------------------- */

static int begin(struct rn_folder *d, const struct rn_transfer *t,
                 struct rn_working **w, char *why)
{
    int err = rn_folder_claim(d, t->object->path, t->id.nonce, w, why);

    if (err < 0)
        return err;
    rn_folder_set_blocks(d, t->object->path);
    if ((err = rn_file_make_folders(d->part, why)) < 0)
        return err;
    (*w)->apart = true;
    (*w)->used = true;
    return RN_OK;
}

/* The block's file, written anew when it is staged again. */
static int64_t write_block(struct rn_folder *d, const struct rn_transfer *t,
                           char *why)
{
    struct rn_file_handle f;
    int64_t n;
    int err;

    set_block(d, t->object->path, &t->id);
    err = rn_file_create(&f, d->part, why);
    if (err == RN_E_EXISTS) {
        (void)rn_file_remove(d->part, NULL);
        err = rn_file_create(&f, d->part, why);
    }
    if (err < 0)
        return err;
    n = rn_folder_append(&f, &t->body, why);
    rn_file_close(&f);
    if (n < 0)
        (void)rn_file_remove(d->part, NULL);
    return n;
}

int rn_folder_stage_apart(struct rn_folder *d, struct rn_transfer *t, char *why)
{
    struct rn_working *w = rn_folder_find(d, t->object->path, t->id.nonce);
    int64_t n;
    int err;

    if (w && w->err < 0) {
        rn_format(why, RN_WHY, "an earlier block could not be written");
        return w->err;
    }
    if (!w && (err = begin(d, t, &w, why)) < 0)
        return err;
    if ((n = write_block(d, t, why)) < 0)
        w->err = (int)n;
    return w->err;
}

/* -- the commit ---------------------------------------------------------- */

static int count_step(struct rn_folder *d, struct rn_working *w,
                      const struct rn_transfer *t, char *why)
{
    for (uint32_t i = 0; i < STEP_BLOCKS && w->at < t->list.n; i++) {
        struct rn_block_id id;
        int64_t size = RN_E_ABSENT;

        t->list.id_at(t->list.ctx, w->at, &id);
        if (memcmp(id.nonce, w->nonce, RN_NONCE) == 0) {
            set_block(d, w->path, &id);
            size = rn_file_size(d->part);
        }
        if (size < 0) {
            w->at = 0;
            w->sum = 0;
            rn_format(why, RN_WHY, "not all of its blocks are staged");
            return RN_E_STALE;
        }
        w->sum += (uint64_t)size;
        w->at++;
    }
    return w->at < t->list.n ? RN_FOLDER_MORE : RN_OK;
}

/* All blocks were found: their sum has to be the file's length. */
static int begin_copy(struct rn_folder *d, struct rn_working *w,
                      const struct rn_transfer *t, char *why)
{
    uint64_t sum = w->sum;
    int err;

    w->at = 0;
    w->sum = 0;
    if (sum != t->length) {
        rn_format(why, RN_WHY, "%llu bytes are staged where %llu are meant",
                  (unsigned long long)sum, (unsigned long long)t->length);
        return RN_E_DENIED;
    }
    rn_folder_set_part(d, w->path);
    if ((err = rn_file_create(&w->file, d->part, why)) < 0)
        return err;
    w->counted = true;
    return RN_OK;
}

/* Up to `cap` bytes of the block at hand, which is removed at its end. */
static int64_t copy_block(struct rn_folder *d, struct rn_working *w,
                          const struct rn_transfer *t, size_t cap, char *why)
{
    struct rn_block_id id;
    int64_t n;
    int err;

    t->list.id_at(t->list.ctx, w->at, &id);
    set_block(d, w->path, &id);
    if (w->block.fd < 0 &&
        (err = rn_file_open_read(&w->block, d->part, why)) < 0)
        return err;
    n = rn_file_copy(&w->file, &w->block, w->copied, cap, why);
    if (n < 0)
        return n;
    w->copied += (uint64_t)n;
    w->len += (uint64_t)n;
    if ((uint64_t)n < cap) {
        rn_file_close(&w->block);
        (void)rn_file_remove(d->part, NULL);
        w->copied = 0;
        w->at++;
    }
    return n;
}

static int copy_step(struct rn_folder *d, struct rn_working *w,
                     const struct rn_transfer *t, char *why)
{
    size_t left = STEP_BYTES;

    for (uint32_t i = 0; i < STEP_BLOCKS && left > 0; i++) {
        int64_t n;

        if (w->at == t->list.n)
            return RN_OK;
        n = copy_block(d, w, t, left, why);
        if (n < 0) {
            w->err = (int)n;
            return w->err;
        }
        left -= (size_t)n;
    }
    return RN_FOLDER_MORE;
}

int rn_folder_assemble(struct rn_folder *d, struct rn_working *w,
                       const struct rn_transfer *t, char *why)
{
    int err;

    if (w->next != t->list.n) { /* not the list that was begun with */
        if (w->counted) {
            rn_format(why, RN_WHY, "its blocks are joined already");
            return RN_E_STALE;
        }
        w->next = t->list.n;
        w->at = 0;
        w->sum = 0;
    }
    if (!w->counted) {
        err = count_step(d, w, t, why);
        if (err == RN_OK)
            err = begin_copy(d, w, t, why);
        return err < 0 ? err : RN_FOLDER_MORE;
    }
    err = copy_step(d, w, t, why);
    if (err != RN_OK)
        return err;
    if (w->len != t->length) {
        rn_format(why, RN_WHY, "blocks have changed since they were counted");
        w->err = RN_E_DENIED;
    }
    return w->err;
}
