/* linux/file.c: files for those who have them; see runnel/file.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "linux.h"
#include "runnel/file.h"

#define PIECES 64

static int fail(const char *path, char *why)
{
    int err = errno;
    rn_linux_why(why, path, err);
    switch (err) {
    case ENOENT:
    case ENOTDIR:
        return RN_E_ABSENT;
    case EEXIST:
        return RN_E_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS:
        return RN_E_DENIED;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return RN_E_FULL;
    default:
        return RN_E_STATE;
    }
}

int rn_file_open_read(struct rn_file_handle *f, const char *path, char *why)
{
    f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (f->fd < 0)
        return fail(path, why);
    struct stat st;
    int err = fstat((int)f->fd, &st) < 0 ? errno : 0;
    if (err == 0 && S_ISREG(st.st_mode))
        return RN_OK;
    rn_file_close(f);
    errno = err != 0 ? err : EINVAL;
    return fail(path, why);
}

int rn_file_read_at(struct rn_file_handle *f, uint64_t offset, void *buf,
                    size_t cap)
{
    size_t have = 0;
    while (have < cap) {
        ssize_t got = pread((int)f->fd, (uint8_t *)buf + have, cap - have,
                            (off_t)(offset + have));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail("read", NULL);
        if (got == 0)
            break;
        have += (size_t)got;
    }
    return (int)have;
}

int rn_file_create(struct rn_file_handle *f, const char *path, char *why)
{
    /* No O_APPEND, which sendfile() refuses: nobody else writes to it. */
    f->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    return f->fd < 0 ? fail(path, why) : RN_OK;
}

/* Fill iov from the pieces, `skip` bytes of the first one left out. */
static int gather(struct iovec *iov, const struct rn_bytes *piece,
                  size_t pieces, size_t skip)
{
    int n = 0;
    for (size_t i = 0; i < pieces && n < PIECES; i++) {
        union {
            const uint8_t *from;
            void *to;
        } base = { .from = piece[i].p };
        iov[n].iov_base = (uint8_t *)base.to + skip;
        iov[n].iov_len = piece[i].n - skip;
        skip = 0;
        n++;
    }
    return n;
}

int rn_file_append(struct rn_file_handle *f, const struct rn_bytes *piece,
                   size_t pieces, char *why)
{
    struct iovec iov[PIECES];
    size_t skip = 0;
    for (;;) {
        while (pieces > 0 && skip >= piece->n) {
            skip -= piece->n;
            piece++;
            pieces--;
        }
        if (pieces == 0)
            return RN_OK;
        ssize_t put = writev((int)f->fd, iov, gather(iov, piece, pieces, skip));
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return fail("write", why);
        skip += (size_t)put;
    }
}

/* Through memory, for file systems that sendfile() does not know. */
static ssize_t copy_some(int to, int from, off_t offset, size_t n)
{
    char buf[8192];
    ssize_t got = pread(from, buf, n < sizeof buf ? n : sizeof buf, offset);
    return got > 0 ? write(to, buf, (size_t)got) : got;
}

int64_t rn_file_copy(struct rn_file_handle *to,
                     const struct rn_file_handle *from, uint64_t offset,
                     size_t n, char *why)
{
    bool in_system = true;
    size_t have = 0;
    while (have < n) {
        off_t at = (off_t)(offset + have);
        ssize_t put = in_system
                          ? sendfile((int)to->fd, (int)from->fd, &at, n - have)
                          : copy_some((int)to->fd, (int)from->fd, at, n - have);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && in_system && (errno == EINVAL || errno == ENOSYS)) {
            in_system = false;
            continue;
        }
        if (put < 0)
            return fail("copy", why);
        if (put == 0)
            break;
        have += (size_t)put;
    }
    return (int64_t)have;
}

int rn_file_sync(struct rn_file_handle *f, char *why)
{
    return fsync((int)f->fd) < 0 ? fail("sync", why) : RN_OK;
}

void rn_file_close(struct rn_file_handle *f)
{
    if (f->fd >= 0)
        close((int)f->fd);
    f->fd = -1;
}

/* renameat2(2) and getdents64(2) are called without their wrappers, which musl
 * 1.2.3 doesn't have; nor has it the kernel's headers.
 */
#define NO_REPLACE 1u

/* Some file systems know no RENAME_NOREPLACE; a hard link refuses a taken
 * name just as well, and others know no hard links.
 */
static int rename_new(const char *from, const char *to)
{
    if (syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, NO_REPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    if (link(from, to) < 0)
        return -1;
    return unlink(from);
}

int rn_file_publish(const char *from, const char *to, char *why)
{
    if (rename_new(from, to) < 0)
        return fail(to, why);
    if (rn_linux_sync_parent(to) < 0 || rn_linux_sync_parent(from) < 0)
        return fail(to, why);
    return RN_OK;
}

int rn_file_remove(const char *path, char *why)
{
    return unlink(path) < 0 ? fail(path, why) : RN_OK;
}

/* Remove the files of this list; how many, or -1. */
static int remove_listed(int dir, const char *list, size_t len)
{
    int n = 0;
    for (size_t at = 0; at < len;) {
        const struct dirent64 *e = (const void *)(list + at);
        at += e->d_reclen;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (unlinkat(dir, e->d_name, 0) < 0)
            return -1;
        n++;
    }
    return n;
}

/* What is in it, from the front again after every removal. opendir() would
 * allocate.
 */
static int empty_folder(int dir)
{
    _Alignas(struct dirent64) char list[2048];
    int removed;
    do {
        long len;
        removed = 0;
        if (lseek(dir, 0, SEEK_SET) < 0)
            return -1;
        while (removed == 0 &&
               (len = syscall(SYS_getdents64, dir, list, sizeof list)) != 0)
            removed = len < 0 ? -1 : remove_listed(dir, list, (size_t)len);
    } while (removed > 0);
    return removed;
}

int rn_file_remove_folder(const char *path, char *why)
{
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0)
        return fail(path, why);
    int err = empty_folder(dir) < 0 ? fail(path, why) : RN_OK;
    close(dir);
    if (err == RN_OK && rmdir(path) < 0)
        err = fail(path, why);
    return err;
}

int64_t rn_file_size(const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return fail(path, NULL);
    return S_ISREG(st.st_mode) ? (int64_t)st.st_size : RN_E_STATE;
}

/* One folder: 1 made, 0 there already, or an error. */
static int make_one(const char *path, char *why)
{
    struct stat st;
    if (mkdir(path, 0777) == 0)
        return rn_linux_sync_parent(path) < 0 ? fail(path, why) : 1;
    int err = errno;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return 0;
    errno = err;
    return fail(path, why);
}

int rn_file_make_folders(const char *path, char *why)
{
    char part[1024];
    size_t len = strlen(path);
    if (len >= sizeof part) {
        errno = ENAMETOOLONG;
        return fail(path, why);
    }
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != 0)
            continue;
        memcpy(part, path, i);
        part[i] = 0;
        int err = make_one(part, why);
        if (err < 0)
            return err;
    }
    return RN_OK;
}

static int refuse(int err, const char *path, const char *text, char *why)
{
    if (why != NULL)
        (void)snprintf(why, RN_WHY, "%.90s: %s", path, text);
    return err;
}

int rn_file_load(const char *path, void *buf, size_t cap, bool secret,
                 char *why)
{
    struct rn_file_handle f;
    f.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (f.fd < 0)
        return fail(path, why);
    struct stat st;
    int got;
    if (fstat((int)f.fd, &st) < 0)
        got = fail(path, why);
    else if (!S_ISREG(st.st_mode))
        got = refuse(RN_E_CONFIG, path, "not a regular file", why);
    else if (secret && (st.st_mode & 077) != 0)
        got = refuse(RN_E_DENIED, path,
                     "others may read this secret (chmod 600)", why);
    else if ((uint64_t)st.st_size > cap)
        got = refuse(RN_E_FULL, path, "file too large", why);
    else
        got = rn_file_read_at(&f, 0, buf, cap);
    rn_file_close(&f);
    return got;
}
