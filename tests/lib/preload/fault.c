/* preload/fault.c: system calls that fail as FAULT says.
 *
 *     FAULT=pwrite:ENOSPC:3     the third pwrite and all later ones
 *     FAULT=fdatasync:EIO:2:1   the second fdatasync only
 *
 * Calls: pwrite fdatasync fsync writev open renameat2 getrandom. `writev`
 * counts only files, no sockets or pipes; `open` only those that may create.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static int number_of(const char *name)
{
    static const struct {
        const char *name;
        int number;
    } table[] = { { "ENOSPC", ENOSPC }, { "EIO", EIO },
                  { "EROFS", EROFS },   { "EDQUOT", EDQUOT },
                  { "EACCES", EACCES }, { "EINTR", EINTR },
                  { "ENOSYS", ENOSYS }, { "EMFILE", EMFILE } };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strncmp(name, table[i].name, strlen(table[i].name)) == 0)
            return table[i].number;
    return EIO;
}

/* Whether this call shall fail; errno says how. */
static int fails(const char *call)
{
    static int count;
    const char *plan = getenv("FAULT");
    size_t n = strlen(call);
    char name[16] = "";
    int first = 1;
    int times = 0;

    if (!plan || strncmp(plan, call, n) != 0 || plan[n] != ':')
        return 0;
    if (sscanf(plan + n + 1, "%15[A-Z]:%d:%d", name, &first, &times) < 1)
        return 0;
    count++;
    if (count < first || (times > 0 && count >= first + times))
        return 0;
    errno = number_of(name);
    return 1;
}

static int is_file(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    static ssize_t (*real)(int, const void *, size_t, off_t);

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "pwrite");
    return fails("pwrite") ? -1 : real(fd, p, n, at);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off_t at)
{
    return pwrite(fd, p, n, at);
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
    static ssize_t (*real)(int, const struct iovec *, int);

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "writev");
    return is_file(fd) && fails("writev") ? -1 : real(fd, v, n);
}

int fdatasync(int fd)
{
    static int (*real)(int);

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
    return fails("fdatasync") ? -1 : real(fd);
}

int fsync(int fd)
{
    static int (*real)(int);

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "fsync");
    return fails("fsync") ? -1 : real(fd);
}

int renameat2(int a, const char *from, int b, const char *to, unsigned how)
{
    static int (*real)(int, const char *, int, const char *, unsigned);

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "renameat2");
    return fails("renameat2") ? -1 : real(a, from, b, to, how);
}

int open(const char *path, int how, ...)
{
    static int (*real)(const char *, int, ...);
    mode_t mode = 0;
    va_list args;

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "open");
    va_start(args, how);
    if (how & O_CREAT)
        mode = va_arg(args, mode_t);
    va_end(args);
    return (how & O_CREAT) && fails("open") ? -1 : real(path, how, mode);
}

ssize_t getrandom(void *p, size_t n, unsigned flags)
{
    static ssize_t (*real)(void *, size_t, unsigned);

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "getrandom");
    return fails("getrandom") ? -1 : real(p, n, flags);
}
