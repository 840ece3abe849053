/* file.h: files, for the parts that only hosts with a file system have: the
 * folder store, a CA bundle, secrets in files. Defined by port/linux.
 */
#ifndef RUNNEL_FILE_H
#define RUNNEL_FILE_H

#include "runnel/base.h"

struct rn_file_handle {
    intptr_t fd; /* < 0: closed */
};

/* All return RN_OK (or a count) or: RN_E_ABSENT no such file or folder,
 * RN_E_EXISTS taken, RN_E_DENIED no permission, RN_E_FULL no space or quota,
 * RN_E_STATE anything else. `why` (RN_WHY bytes of port.h, may be NULL) gets
 * the system's words.
 */
int rn_file_open_read(struct rn_file_handle *f, const char *path, char *why);

/* Bytes read at `offset`, fewer than cap only at the end, 0 past it. */
int rn_file_read_at(struct rn_file_handle *f, uint64_t offset, void *buf,
                    size_t cap);

/* Create for writing; RN_E_EXISTS when there is one. Mode 0666 less umask. */
int rn_file_create(struct rn_file_handle *f, const char *path, char *why);

/* Write all pieces at the end, or fail. */
int rn_file_append(struct rn_file_handle *f, const struct rn_bytes *piece,
                   size_t pieces, char *why);

/* Copy up to `n` bytes of `from`, from `offset` on, to the end of `to`, inside
 * the system where it can. Bytes copied, fewer only at the end of `from`.
 */
int64_t rn_file_copy(struct rn_file_handle *to,
                     const struct rn_file_handle *from, uint64_t offset,
                     size_t n, char *why);

/* Onto stable storage. */
int rn_file_sync(struct rn_file_handle *f, char *why);

void rn_file_close(struct rn_file_handle *f);

/* Give `from` the name `to` unless it is taken (RN_E_EXISTS), and make the
 * change durable (the folder is synced). Atomic: `to` is there whole or not.
 */
int rn_file_publish(const char *from, const char *to, char *why);

int rn_file_remove(const char *path, char *why);

/* Remove a folder and the files in it, but no folder in it. */
int rn_file_remove_folder(const char *path, char *why);

/* Size in bytes, or RN_E_ABSENT... */
int64_t rn_file_size(const char *path);

/* Make the folder and those above it. */
int rn_file_make_folders(const char *path, char *why);

/* Read a small file whole (a secret): bytes, or an error; RN_E_FULL when it
 * is larger than cap; RN_E_DENIED when `secret` and others than the owner may
 * read it; RN_E_CONFIG when it is no regular file.
 */
int rn_file_load(const char *path, void *buf, size_t cap, bool secret,
                 char *why);

#endif
