/* tap/place.c: what an image asks of a board (boards/image.h), from files and
 * arguments; and flash, which is a file.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "boards/image.h"
#include "boards/trust_der.h"
#include "lwip/board.h"
#include "runnel/port.h"

#define SECTOR 4608u

const unsigned rn_board_sectors = 2;
const size_t rn_board_sector_size = SECTOR;

static int words;
static char **word;
static _Alignas(16) uint8_t memory[1u << 20];

int main(int argc, char **argv)
{
    words = argc;
    word = argv;
    return image_main();
}

bool image_argument(const char *name, char *to, size_t cap)
{
    size_t len = strlen(name);
    for (int i = 1; i < words; i++) {
        const char *value = word[i] + len + 1;
        if (strncmp(word[i], name, len) != 0 || word[i][len] != '=' ||
            strlen(value) >= cap)
            continue;
        (void)strcpy(to, value);
        return true;
    }
    return false;
}

/* A file named by an option; bytes, 0 when there is none. */
static size_t load(const char *option, void *to, size_t cap)
{
    char path[256];
    if (!image_argument(option, path, sizeof path))
        return 0;
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return 0;
    size_t n = fread(to, 1, cap, f);
    (void)fclose(f);
    return n;
}

const char *image_job(void)
{
    static char text[16384];
    text[load("job", text, sizeof text - 1)] = 0;
    return text;
}

const uint8_t *rn_board_roots(size_t *len)
{
    static uint8_t der[16384];
    *len = load("roots", der, sizeof der);
    return der;
}

void *image_memory(size_t *size)
{
    *size = sizeof memory;
    return memory;
}

size_t image_stack_peak(void)
{
    return 0;
}

static int flash(void)
{
    static int fd = -1;
    char path[256];
    if (fd >= 0 || !image_argument("flash", path, sizeof path))
        return fd;
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && lseek(fd, 0, SEEK_END) == 0) {
        for (unsigned i = 0; i < rn_board_sectors; i++)
            (void)rn_board_flash_erase(i);
    }
    return fd;
}

int rn_board_flash_read(unsigned sector, size_t at, void *buf, size_t len)
{
    off_t from = (off_t)(sector * SECTOR + at);
    return pread(flash(), buf, len, from) == (ssize_t)len ? RN_OK : RN_E_STATE;
}

int rn_board_flash_write(unsigned sector, size_t at, const void *buf,
                         size_t len)
{
    off_t to = (off_t)(sector * SECTOR + at);
    return pwrite(flash(), buf, len, to) == (ssize_t)len ? RN_OK : RN_E_STATE;
}

int rn_board_flash_erase(unsigned sector)
{
    uint8_t erased[SECTOR];
    memset(erased, 0xff, sizeof erased);
    return rn_board_flash_write(sector, 0, erased, sizeof erased);
}
