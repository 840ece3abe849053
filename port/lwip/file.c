/* lwip/file.c: a device without files; see runnel/file.h. What a job names as
 * one is refused in these words.
 */
#include "runnel/file.h"

#include "core/format.h"
#include "runnel/port.h"

static int none(char *why)
{
    if (why != NULL)
        (void)rn_format(why, RN_WHY, "this device has no files");
    return RN_E_ABSENT;
}

int rn_file_open_read(struct rn_file_handle *f, const char *path, char *why)
{
    (void)path;
    f->fd = -1;
    return none(why);
}

int rn_file_read_at(struct rn_file_handle *f, uint64_t offset, void *buf,
                    size_t cap)
{
    (void)f;
    (void)offset;
    (void)buf;
    (void)cap;
    return none(NULL);
}

void rn_file_close(struct rn_file_handle *f)
{
    f->fd = -1;
}

int64_t rn_file_size(const char *path)
{
    (void)path;
    return none(NULL);
}

int rn_file_load(const char *path, void *buf, size_t cap, bool secret,
                 char *why)
{
    (void)path;
    (void)buf;
    (void)cap;
    (void)secret;
    return none(why);
}
