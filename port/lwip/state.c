/* lwip/state.c: the journal's slots in flash; see runnel/port.h.
 *
 * A slot is a sector: a head of 8 bytes, then the record. Saving erases the
 * sector, writes the record, then the head, so a sector whose head is erased
 * holds nothing, however far a save came before the power went. What else can
 * be torn, the record's own checksum refuses.
 *
 * Slots 0 and 1 are the journal's; a board with two more sectors has room for
 * what a run needs to go on after a power cut.
 *
 * One device has one job, so the record's name chooses nothing.
 */
#include <string.h>

#include "board.h"
#include "core/format.h"
#include "runnel/port.h"

#define HEAD 8u

static const uint8_t magic[4] = { 'R', 'N', 'S', '1' };
static bool is_open;

/* Of the slots behind the journal's two: none on a board of two sectors. */
size_t rn_state_room(void)
{
    return rn_board_sectors >= 4 ? rn_board_sector_size - HEAD : 0;
}

static size_t most_of(unsigned slot)
{
    RN_ASSERT(slot < rn_board_sectors);
    return slot < 2 ? RN_STATE_MAX : rn_state_room();
}

static int fail(char *why, const char *what, unsigned slot)
{
    if (why != NULL)
        (void)rn_format(why, RN_WHY, "flash sector %u: %s", slot, what);
    return RN_E_STATE;
}

/* The length that a sector's head says, 0 when it has none; or RN_E_STATE. */
static int length_of(unsigned slot)
{
    uint8_t head[HEAD];
    if (rn_board_flash_read(slot, 0, head, HEAD) != RN_OK)
        return RN_E_STATE;
    if (memcmp(head, magic, sizeof magic) != 0)
        return 0;
    size_t len = (size_t)head[4] | (size_t)head[5] << 8;
    return (int)(len < most_of(slot) ? len : most_of(slot));
}

int rn_state_open(struct rn_state *s, const char *name, bool write, char *why)
{
    (void)name;
    RN_ASSERT(rn_board_sectors >= 2 &&
              rn_board_sector_size >= HEAD + RN_STATE_MAX);
    s->handle = -1;
    if (is_open)
        return RN_E_BUSY;
    int found = 0;
    for (unsigned slot = 0; slot < 2; slot++) {
        int len = length_of(slot);
        if (len < 0)
            return fail(why, "cannot be read", slot);
        found += len > 0;
    }
    if (found == 0 && !write) {
        if (why != NULL)
            (void)rn_format(why, RN_WHY, "nothing was saved yet");
        return RN_E_ABSENT;
    }
    is_open = true;
    s->handle = 0;
    return RN_OK;
}

int rn_state_load(struct rn_state *s, unsigned slot, void *buf, size_t cap)
{
    RN_ASSERT(s->handle == 0);
    int len = length_of(slot);
    if (len <= 0)
        return len;
    if ((size_t)len > cap)
        len = (int)cap;
    if (rn_board_flash_read(slot, HEAD, buf, (size_t)len) != RN_OK)
        return RN_E_STATE;
    return len;
}

/* Flash wears out, and says so only when it is read. */
static bool holds(unsigned slot, const uint8_t *p, size_t len)
{
    uint8_t part[64];
    for (size_t at = 0; at < len; at += sizeof part) {
        size_t n = len - at < sizeof part ? len - at : sizeof part;
        if (rn_board_flash_read(slot, HEAD + at, part, n) != RN_OK ||
            memcmp(part, p + at, n) != 0)
            return false;
    }
    return true;
}

int rn_state_save(struct rn_state *s, unsigned slot, const void *buf,
                  size_t len, char *why)
{
    RN_ASSERT(s->handle == 0 && len <= most_of(slot));
    uint8_t head[HEAD] = { 0 };
    memcpy(head, magic, sizeof magic);
    head[4] = (uint8_t)len;
    head[5] = (uint8_t)(len >> 8);
    if (rn_board_flash_erase(slot) != RN_OK)
        return fail(why, "cannot be erased", slot);
    if ((len > 0 && rn_board_flash_write(slot, HEAD, buf, len) != RN_OK) ||
        rn_board_flash_write(slot, 0, head, HEAD) != RN_OK)
        return fail(why, "cannot be written", slot);
    if (!holds(slot, buf, len) || length_of(slot) != (int)len)
        return fail(why, "does not keep what is written", slot);
    return RN_OK;
}

void rn_state_close(struct rn_state *s)
{
    if (s->handle == 0)
        is_open = false;
    s->handle = -1;
}
