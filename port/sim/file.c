/* sim/file.c: a few files in memory, to be read; nothing is ever written. See
 * runnel/file.h.
 */
#include "runnel/file.h"

#include <stdio.h>
#include <string.h>

#include "sim.h"

#define FILES 8
#define NAME  64
#define TEXT  4096

static struct {
    char name[NAME];
    char text[TEXT];
    size_t len;
} files[FILES];

void sim_file_start(void)
{
    for (size_t i = 0; i < FILES; i++)
        files[i].name[0] = 0;
}

static int find(const char *path)
{
    for (int i = 0; i < FILES; i++) {
        if (files[i].name[0] && strcmp(files[i].name, path) == 0)
            return i;
    }
    return -1;
}

void sim_file_set(const char *path, const char *text)
{
    int i = find(path);

    for (int j = 0; i < 0 && text && j < FILES; j++) {
        if (!files[j].name[0])
            i = j;
    }
    if (i < 0)
        return;
    files[i].name[0] = 0;
    if (!text)
        return;
    (void)snprintf(files[i].name, NAME, "%s", path);
    files[i].len = strlen(text);
    RN_ASSERT(files[i].len < TEXT);
    memcpy(files[i].text, text, files[i].len + 1);
}

static int open_file(const char *path, char *why)
{
    int i = sim_begin(SIM_FILE) ? RN_E_STATE : find(path);

    sim_done();
    if (i == -1)
        i = RN_E_ABSENT;
    if (i < 0 && why)
        (void)snprintf(why, RN_WHY, "%.90s: No such file", path);
    return i;
}

int rn_file_open_read(struct rn_file_handle *f, const char *path, char *why)
{
    int i = open_file(path, why);

    f->fd = i < 0 ? -1 : i;
    return i < 0 ? i : RN_OK;
}

int rn_file_read_at(struct rn_file_handle *f, uint64_t offset, void *buf,
                    size_t cap)
{
    bool fails = sim_begin(SIM_FILE);
    size_t len = files[f->fd].len;
    size_t n = offset < len ? len - (size_t)offset : 0;

    if (n > cap)
        n = cap;
    if (!fails)
        memcpy(buf, files[f->fd].text + (n > 0 ? offset : 0), n);
    sim_done();
    return fails ? RN_E_STATE : (int)n;
}

void rn_file_close(struct rn_file_handle *f)
{
    f->fd = -1;
}

int64_t rn_file_size(const char *path)
{
    int i = open_file(path, NULL);

    return i < 0 ? i : (int64_t)files[i].len;
}

int rn_file_load(const char *path, void *buf, size_t cap, bool secret,
                 char *why)
{
    int i = open_file(path, why);

    (void)secret;
    if (i < 0)
        return i;
    if (files[i].len > cap)
        return RN_E_FULL;
    memcpy(buf, files[i].text, files[i].len);
    return (int)files[i].len;
}

/* -- a disk that takes nothing --------------------------------------------- */

static int refuse(char *why)
{
    if (why)
        (void)snprintf(why, RN_WHY, "Read-only file system");
    return RN_E_STATE;
}

int rn_file_create(struct rn_file_handle *f, const char *path, char *why)
{
    (void)path;
    f->fd = -1;
    return refuse(why);
}

int rn_file_append(struct rn_file_handle *f, const struct rn_bytes *piece,
                   size_t pieces, char *why)
{
    (void)f;
    (void)piece;
    (void)pieces;
    return refuse(why);
}

int64_t rn_file_copy(struct rn_file_handle *to,
                     const struct rn_file_handle *from, uint64_t offset,
                     size_t n, char *why)
{
    (void)to;
    (void)from;
    (void)offset;
    (void)n;
    return refuse(why);
}

int rn_file_sync(struct rn_file_handle *f, char *why)
{
    (void)f;
    return refuse(why);
}

int rn_file_publish(const char *from, const char *to, char *why)
{
    (void)from;
    (void)to;
    return refuse(why);
}

int rn_file_remove(const char *path, char *why)
{
    (void)path;
    (void)why;
    return RN_E_ABSENT;
}

int rn_file_remove_folder(const char *path, char *why)
{
    (void)path;
    (void)why;
    return RN_E_ABSENT;
}

int rn_file_make_folders(const char *path, char *why)
{
    (void)path;
    return refuse(why);
}
