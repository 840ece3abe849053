/* boards/sqlite_flash_vfs.c: SQLite's file system on a device that has none:
 * databases in flash, read where they stand, by names like "flash:shop".
 *
 * SQLite is built without a system of its own (SQLITE_OS_OTHER) and calls
 * sqlite3_os_init(). A database in flash never changes, so it says it is
 * immutable: SQLite then takes no locks and looks for no journal.
 */
#include "boards/sqlite_flash_vfs.h"

#include <sqlite3.h>
#include <string.h>

#include "runnel/port.h"

#define PREFIX "flash:"

struct flash_file {
    sqlite3_file base;
    const struct rn_flash_database *database;
};

static struct flash_file *of(sqlite3_file *file)
{
    return (struct flash_file *)(void *)file;
}

static int file_close(sqlite3_file *file)
{
    of(file)->database = NULL;
    return SQLITE_OK;
}

/* What is past the end reads as zeros, and SQLite is told so. */
static int file_read(sqlite3_file *file, void *to, int n, sqlite3_int64 at)
{
    const struct rn_flash_database *d = of(file)->database;
    sqlite3_int64 have = d->end - d->begin - at;
    if (have < 0)
        have = 0;
    if (have >= n) {
        memcpy(to, d->begin + at, (size_t)n);
        return SQLITE_OK;
    }
    memcpy(to, d->begin + at, (size_t)have);
    memset((uint8_t *)to + have, 0, (size_t)(n - have));
    return SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *file, const void *p, int n,
                      sqlite3_int64 at)
{
    (void)file, (void)p, (void)n, (void)at;
    return SQLITE_READONLY;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    (void)file, (void)size;
    return SQLITE_READONLY;
}

static int file_sync(sqlite3_file *file, int flags)
{
    (void)file, (void)flags;
    return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    *size = of(file)->database->end - of(file)->database->begin;
    return SQLITE_OK;
}

static int file_lock(sqlite3_file *file, int level)
{
    (void)file, (void)level;
    return SQLITE_OK;
}

static int file_locked(sqlite3_file *file, int *locked)
{
    (void)file;
    *locked = 0;
    return SQLITE_OK;
}

static int file_control(sqlite3_file *file, int what, void *with)
{
    (void)file, (void)what, (void)with;
    return SQLITE_NOTFOUND;
}

static int file_sector(sqlite3_file *file)
{
    (void)file;
    return 512;
}

static int file_traits(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_IMMUTABLE;
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_lock,
    .xCheckReservedLock = file_locked,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
};

static const struct rn_flash_database *find(const char *path)
{
    size_t prefix = strlen(PREFIX);
    if (path == NULL || strncmp(path, PREFIX, prefix) != 0)
        return NULL;
    for (size_t i = 0; i < rn_flash_databases_n; i++) {
        if (strcmp(rn_flash_databases[i].name, path + prefix) == 0)
            return &rn_flash_databases[i];
    }
    return NULL;
}

static int vfs_open(sqlite3_vfs *vfs, sqlite3_filename path, sqlite3_file *file,
                    int flags, int *given)
{
    const struct rn_flash_database *d = find(path);
    (void)vfs;
    file->pMethods = NULL;
    if (d == NULL || (flags & SQLITE_OPEN_MAIN_DB) == 0)
        return SQLITE_CANTOPEN;
    of(file)->database = d;
    file->pMethods = &methods;
    if (given != NULL)
        *given = SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
    (void)vfs, (void)path, (void)sync;
    return SQLITE_IOERR_DELETE;
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *there)
{
    (void)vfs;
    *there = flags == SQLITE_ACCESS_EXISTS && find(path) != NULL;
    return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int cap, char *to)
{
    size_t n = strlen(path);
    (void)vfs;
    if (n >= (size_t)cap)
        return SQLITE_CANTOPEN;
    memcpy(to, path, n + 1);
    return SQLITE_OK;
}

static int vfs_chance(sqlite3_vfs *vfs, int n, char *to)
{
    (void)vfs;
    return rn_entropy(to, (size_t)n) == RN_OK ? n : 0;
}

static int vfs_sleep(sqlite3_vfs *vfs, int us)
{
    (void)vfs;
    (void)rn_wait(NULL, 0, rn_clock_mono() + us / 1000);
    return us;
}

/* Milliseconds since the Julian epoch, noon in Greenwich, 4714 BC. */
static int vfs_time(sqlite3_vfs *vfs, sqlite3_int64 *to)
{
    (void)vfs;
    *to = INT64_C(210866760000000) + rn_clock_wall() / 1000;
    return SQLITE_OK;
}

static int vfs_days(sqlite3_vfs *vfs, double *to)
{
    sqlite3_int64 ms;
    (void)vfs_time(vfs, &ms);
    *to = (double)ms / 86400000.0;
    return SQLITE_OK;
}

static int vfs_last_error(sqlite3_vfs *vfs, int cap, char *to)
{
    (void)vfs, (void)cap, (void)to;
    return 0;
}

int sqlite3_os_init(void)
{
    static sqlite3_vfs vfs = {
        .iVersion = 2,
        .szOsFile = (int)sizeof(struct flash_file),
        .mxPathname = 64,
        .zName = "flash",
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = vfs_chance,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_days,
        .xGetLastError = vfs_last_error,
        .xCurrentTimeInt64 = vfs_time,
    };
    return sqlite3_vfs_register(&vfs, 1);
}

int sqlite3_os_end(void)
{
    return SQLITE_OK;
}
