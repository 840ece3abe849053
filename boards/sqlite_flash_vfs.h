/* boards/sqlite_flash_vfs.h: the databases that are linked into an image. */
#ifndef BOARDS_SQLITE_FLASH_VFS_H
#define BOARDS_SQLITE_FLASH_VFS_H

#include "runnel/base.h"

/* [source] database = flash:NAME in a job. */
struct rn_flash_database {
    const char *name;
    const uint8_t *begin;
    const uint8_t *end; /* one past the last byte */
};

/* An image with SQLite defines them. */
extern const struct rn_flash_database rn_flash_databases[];
extern const size_t rn_flash_databases_n;

#endif
