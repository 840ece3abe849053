/* linux/state.c: four slots in one file; see runnel/port.h.
 *
 *     0            8               8192         8200
 *     | RNS1 len   | record 0 ...  | RNS1 len   | record 1 ...
 *     16 K                         16 K + 512 K
 *     | RNS1 len   | check- 0 ...  | RNS1 len   | point 1 ...
 *
 * `len` is little-endian. Slots lie on pages of their own, so that a save of
 * one never rewrites a sector of the other. A file that has never held a
 * checkpoint ends with record 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linux.h"

#define HEAD   8u
#define STRIDE 8192u
#define ROOM   ((size_t)512 << 10) /* of a checkpoint's slot, head included */

_Static_assert(HEAD + RN_STATE_MAX <= STRIDE, "a slot holds a record");

static const uint8_t magic[4] = { 'R', 'N', 'S', '1' };

size_t rn_state_room(void)
{
    return ROOM - HEAD;
}

static uint64_t place_of(unsigned slot)
{
    RN_ASSERT(slot < RN_STATE_SLOTS);
    return slot < 2 ? (uint64_t)slot * STRIDE
                    : 2 * STRIDE + (uint64_t)(slot - 2) * ROOM;
}

static size_t most_of(unsigned slot)
{
    return slot < 2 ? RN_STATE_MAX : rn_state_room();
}

void rn_linux_why(char *why, const char *what, int err)
{
    if (why != NULL)
        (void)snprintf(why, RN_WHY, "%.90s: %s", what, strerror(err));
}

int rn_linux_sync_parent(const char *path)
{
    char folder[1024] = ".";
    const char *slash = strrchr(path, '/');
    if (slash != NULL) {
        size_t len = slash == path ? 1 : (size_t)(slash - path);
        if (len >= sizeof folder) {
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(folder, path, len);
        folder[len] = 0;
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int err = fsync(fd);
    int keep = errno;
    close(fd);
    errno = keep;
    return err;
}

static int fail(int fd, const char *what, char *why)
{
    rn_linux_why(why, what, errno);
    if (fd >= 0)
        close(fd);
    return RN_E_STATE;
}

static void put_head(uint8_t *to, size_t len)
{
    memcpy(to, magic, sizeof magic);
    for (unsigned i = 0; i < 4; i++)
        to[4 + i] = (uint8_t)(len >> (8 * i));
}

static int write_at(int fd, uint64_t at, const void *buf, size_t len)
{
    const uint8_t *p = buf;
    while (len > 0) {
        ssize_t put = pwrite(fd, p, len, (off_t)at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0) {
            if (put == 0)
                errno = EIO;
            return -1;
        }
        p += put;
        at += (uint64_t)put;
        len -= (size_t)put;
    }
    return 0;
}

static bool has_magic(int fd, unsigned slot)
{
    uint8_t head[HEAD];
    return pread(fd, head, HEAD, (off_t)place_of(slot)) == (ssize_t)HEAD &&
           memcmp(head, magic, sizeof magic) == 0;
}

/* Write two empty slots into a new file, so that ours can be told from a
 * file that someone named by mistake.
 */
static int found(int fd, const char *name)
{
    uint8_t head[HEAD];
    put_head(head, 0);
    if (write_at(fd, 0, head, HEAD) < 0 ||
        write_at(fd, STRIDE, head, HEAD) < 0 || fsync(fd) < 0)
        return -1;
    return rn_linux_sync_parent(name);
}

int rn_state_open(struct rn_state *s, const char *name, bool write, char *why)
{
    s->handle = -1;
    int how = (write ? O_RDWR | O_CREAT : O_RDONLY) | O_NOFOLLOW | O_CLOEXEC |
              O_NONBLOCK;
    int fd = open(name, how, 0600);
    if (fd < 0 && errno == ENOENT && !write) {
        rn_linux_why(why, name, errno);
        return RN_E_ABSENT;
    }
    if (fd < 0)
        return fail(fd, name, why);
    if (write && flock(fd, LOCK_EX | LOCK_NB) < 0) {
        int err = errno;
        (void)fail(fd, name, why);
        return err == EWOULDBLOCK ? RN_E_BUSY : RN_E_STATE;
    }
    struct stat st;
    if (fstat(fd, &st) < 0)
        return fail(fd, name, why);
    if (!S_ISREG(st.st_mode)) {
        errno = EINVAL;
        return fail(fd, name, why);
    }
    if (st.st_size == 0 && write && found(fd, name) < 0)
        return fail(fd, name, why);
    if (st.st_size != 0 && !has_magic(fd, 0) && !has_magic(fd, 1)) {
        close(fd);
        if (why != NULL)
            (void)snprintf(why, RN_WHY, "%.90s: not a state file of runnel",
                           name);
        return RN_E_STATE;
    }
    s->handle = fd;
    return RN_OK;
}

int rn_state_load(struct rn_state *s, unsigned slot, void *buf, size_t cap)
{
    uint8_t head[HEAD];
    ssize_t got;
    off_t at = (off_t)place_of(slot);
    do
        got = pread((int)s->handle, head, HEAD, at);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return RN_E_STATE;
    if (got < (ssize_t)HEAD)
        return 0;
    size_t len = 0;
    for (unsigned i = 0; i < 4; i++)
        len |= (size_t)head[4 + i] << (8 * i);
    /* A torn length gives some bytes; the record's checksum refuses them. */
    if (len > most_of(slot))
        len = most_of(slot);
    if (len > cap)
        len = cap;
    size_t have = 0;
    while (have < len) {
        got = pread((int)s->handle, (uint8_t *)buf + have, len - have,
                    at + (off_t)(HEAD + have));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return RN_E_STATE;
        if (got == 0)
            break;
        have += (size_t)got;
    }
    return (int)have;
}

int rn_state_save(struct rn_state *s, unsigned slot, const void *buf,
                  size_t len, char *why)
{
    uint8_t head[HEAD];
    uint64_t at = place_of(slot);

    RN_ASSERT(len <= most_of(slot));
    put_head(head, len);
    if (write_at((int)s->handle, at + HEAD, buf, len) < 0 ||
        write_at((int)s->handle, at, head, HEAD) < 0 ||
        fdatasync((int)s->handle) < 0) {
        rn_linux_why(why, "saving the state", errno);
        return RN_E_STATE;
    }
    return RN_OK;
}

void rn_state_close(struct rn_state *s)
{
    if (s->handle >= 0)
        close((int)s->handle);
    s->handle = -1;
}
