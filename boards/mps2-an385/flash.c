/* mps2-an385/flash.c: the journal's flash sectors. The emulated board has no
 * flash that outlives it, so a file of the host (argument flash=FILE) stands
 * for one; without it no journal can be kept, and a run is refused.
 *
 * Written as flash is, a page at a time, so that a power cut (killing the
 * emulator) leaves what flash would have: an erased sector, or some pages.
 */
#include <string.h>

#include "mps2.h"
#include "lwip/board.h"
#include "runnel/port.h"

#define SECTOR 4608u /* RN_STATE_MAX and a head, in whole pages */
#define PAGE   256u

_Static_assert(SECTOR % PAGE == 0 && SECTOR >= RN_STATE_MAX + 16,
               "a sector holds a record");

const unsigned rn_board_sectors = 2;
const size_t rn_board_sector_size = SECTOR;

static int flash_file = -1;

static int fill(int file, size_t at, size_t end)
{
    uint8_t page[PAGE];
    memset(page, 0xff, sizeof page);
    for (; at < end; at += PAGE) {
        if (board_host_write(file, at, page, PAGE) != RN_OK)
            return RN_E_STATE;
    }
    return RN_OK;
}

/* Open, or made and erased. */
static int the_file(void)
{
    size_t all = SECTOR * rn_board_sectors;
    if (flash_file >= 0)
        return flash_file;
    char path[200];
    if (!board_argument("flash", path, sizeof path))
        return -1;
    flash_file = board_host_open(path, "r+b");
    if (flash_file < 0)
        flash_file = board_host_open(path, "w+b");
    if (flash_file < 0)
        return -1;
    int64_t have = board_host_size(flash_file);
    if (have < (int64_t)all && fill(flash_file, 0, all) != RN_OK)
        flash_file = -1;
    return flash_file;
}

int rn_board_flash_read(unsigned sector, size_t at, void *buf, size_t len)
{
    int file = the_file();
    RN_ASSERT(sector < rn_board_sectors && at + len <= SECTOR);
    if (file < 0)
        return RN_E_STATE;
    return board_host_read(file, sector * SECTOR + at, buf, len);
}

int rn_board_flash_erase(unsigned sector)
{
    int file = the_file();
    RN_ASSERT(sector < rn_board_sectors);
    if (file < 0)
        return RN_E_STATE;
    return fill(file, sector * SECTOR, (sector + 1) * SECTOR);
}

int rn_board_flash_write(unsigned sector, size_t at, const void *buf,
                         size_t len)
{
    int file = the_file();
    const uint8_t *p = buf;
    RN_ASSERT(sector < rn_board_sectors && at + len <= SECTOR);
    while (file >= 0 && len > 0) {
        size_t n = PAGE - at % PAGE;
        if (n > len)
            n = len;
        if (board_host_write(file, sector * SECTOR + at, p, n) != RN_OK)
            return RN_E_STATE;
        at += n;
        p += n;
        len -= n;
    }
    return file >= 0 ? RN_OK : RN_E_STATE;
}
