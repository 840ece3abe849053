/* blob/folder.h: the pieces of the folder store.
 *
 *   folder.c         the store: its queue, and what each operation means
 *   folder_work.c    names and working files
 *   folder_blocks.c  blocks that come in any order
 *
 * Operations return RN_OK, a code with `why` filled (RN_WHY bytes), or one of
 * the two below when they are not done yet.
 */
#ifndef BLOB_FOLDER_H
#define BLOB_FOLDER_H

#include "blob/url.h"
#include "runnel/file.h"
#include "runnel/port.h"
#include "runnel/store.h"

/* RN_E_AGAIN: something else has to come first. This: a step was made and
 * others follow.
 */
#define RN_FOLDER_MORE 1

#define RN_FOLDER_FILES \
    4 /* worked on at once: one, and those that wait for
                           * removal                                        */
#define RN_FOLDER_ROOT  384
#define RN_FOLDER_NAMES (RN_FOLDER_ROOT + RN_BLOB_NAME + 48)

/* A file that is not published yet. */
struct rn_working {
    bool used;
    int err;                    /* of the write that failed, or RN_OK  */
    struct rn_file_handle file; /* closed while blocks are apart       */
    uint8_t nonce[RN_NONCE];
    uint32_t next; /* sequence of the block that comes next; blocks
                    * apart: how many the list has               */
    uint64_t len;  /* bytes in it */
    char path[RN_BLOB_NAME + 1];

    /* Blocks that come in any order (folder_blocks.c). */
    bool apart;                  /* they are files of their own          */
    bool counted;                /* all are there, with the right length */
    uint32_t at;                 /* of the list: the block at hand       */
    uint64_t sum;                /* bytes of those before it             */
    struct rn_file_handle block; /* being copied                         */
    uint64_t copied;             /* of it                                */
};

struct rn_folder {
    struct rn_store base; /* first: what callers have */
    struct rn_transfer **queue;
    unsigned queued;
    unsigned slots;
    uint8_t nonce[RN_NONCE]; /* for files without blocks */
    struct rn_working working[RN_FOLDER_FILES];
    char root[RN_FOLDER_ROOT];
    char last_path[RN_BLOB_NAME + 1]; /* published last */
    char last_run[40];
    char final[RN_FOLDER_NAMES]; /* scratch: names being worked with */
    char part[RN_FOLDER_NAMES];
};

/* -- folder_work.c ------------------------------------------------------- */

/* Put into `final` or `part`: the name that readers see, that of the working
 * file, and that of the folder of its blocks.
 */
void rn_folder_set_final(struct rn_folder *d, const char *path);
void rn_folder_set_part(struct rn_folder *d, const char *path);
void rn_folder_set_blocks(struct rn_folder *d, const char *path);

struct rn_working *rn_folder_find(struct rn_folder *d, const char *path,
                                  const uint8_t nonce[RN_NONCE]);

/* A place for a new file, and the folder that it goes into. What a killed run
 * left of the same name is removed.
 */
int rn_folder_claim(struct rn_folder *d, const char *path,
                    const uint8_t nonce[RN_NONCE], struct rn_working **w,
                    char *why);

/* The same and its working file, empty. */
int rn_folder_create(struct rn_folder *d, const char *path,
                     const uint8_t nonce[RN_NONCE], struct rn_working **w,
                     char *why);

/* All of a body at a file's end; bytes, or a code with some of it there. */
int64_t rn_folder_append(struct rn_file_handle *f,
                         const struct rn_http_body *body, char *why);

/* Make it durable and give it its name. */
int rn_folder_publish(struct rn_folder *d, struct rn_working *w,
                      const struct rn_object *o, char *why);

/* Remove what there is of working files of this name. */
void rn_folder_remove_work(struct rn_folder *d, const char *path);

void rn_folder_drop(struct rn_folder *d, struct rn_working *w);

/* -- folder_blocks.c ----------------------------------------------------- */

/* STAGE of an object of lanes. */
int rn_folder_stage_apart(struct rn_folder *d, struct rn_transfer *t,
                          char *why);

/* COMMIT, up to publishing: a step towards the whole file. RN_FOLDER_MORE
 * until it is there.
 */
int rn_folder_assemble(struct rn_folder *d, struct rn_working *w,
                       const struct rn_transfer *t, char *why);

#endif
