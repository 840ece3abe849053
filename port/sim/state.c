/* sim/state.c: a disk with a write cache; see runnel/port.h.
 *
 * A save that returned RN_OK is on the disk. One that was cut, or whose sync
 * failed, leaves there any mix of old and new sectors; what was written and not
 * synced is still read until the power goes. The record's file itself can be
 * lost while it is being made.
 */
#include <stdio.h>
#include <string.h>

#include "sim.h"

#define SECTOR 512u
#define ROOM   ((size_t)96 * 1024) /* of a checkpoint */

/* What a save writes at once: a head that says how much, and the bytes. */
#define HEAD   8u
#define LARGE  (HEAD + ROOM)
#define EXTENT (2 * SIM_SLOT + 2 * LARGE)

static struct {
    bool exists;
    bool locked;
    bool dirty[RN_STATE_SLOTS];  /* cache and disk differ     */
    uint8_t cache[EXTENT];       /* what a read gives         */
    uint8_t disk[EXTENT];        /* what a power cut leaves   */
    size_t used[RN_STATE_SLOTS]; /* bytes ever written there */
} d;

size_t rn_state_room(void)
{
    return ROOM;
}

static size_t place_of(unsigned slot)
{
    RN_ASSERT(slot < RN_STATE_SLOTS);
    return slot < 2 ? slot * SIM_SLOT : 2 * SIM_SLOT + (slot - 2) * LARGE;
}

static size_t most_of(unsigned slot)
{
    return slot < 2 ? RN_STATE_MAX : ROOM;
}

void sim_state_start(void)
{
    d.exists = false;
    d.locked = false;
    for (unsigned i = 0; i < RN_STATE_SLOTS; i++) {
        d.dirty[i] = false;
        d.used[i] = HEAD;
        memset(d.cache + place_of(i), 0, HEAD);
        memset(d.disk + place_of(i), 0, HEAD);
    }
}

uint8_t *sim_state_slot(unsigned slot, size_t *len)
{
    RN_ASSERT(!d.locked);
    *len = d.used[slot];
    return d.cache + place_of(slot);
}

void sim_state_lose(void)
{
    sim_state_start();
}

bool sim_open_state(void)
{
    return d.locked;
}

static void copy_slot(uint8_t *to, const uint8_t *from, unsigned slot)
{
    memcpy(to + place_of(slot), from + place_of(slot), d.used[slot]);
}

void sim_state_power_cut(void)
{
    d.locked = false;
    for (unsigned i = 0; i < RN_STATE_SLOTS; i++) {
        if (d.dirty[i])
            copy_slot(d.cache, d.disk, i);
        d.dirty[i] = false;
    }
}

/* Any mix of old and new, by sector. */
static void tear(unsigned slot)
{
    size_t from = place_of(slot);

    for (size_t at = 0; at < d.used[slot]; at += SECTOR) {
        size_t n = d.used[slot] - at < SECTOR ? d.used[slot] - at : SECTOR;

        if (sim_random() & 1)
            memcpy(d.disk + from + at, d.cache + from + at, n);
    }
}

/* On the disk: nothing, all, or some of what the cache has. */
static void half_write(unsigned slot)
{
    d.dirty[slot] = true;
    switch (sim_random() % 4) {
    case 0:
        break;
    case 1:
        copy_slot(d.disk, d.cache, slot);
        break;
    default:
        tear(slot);
    }
}

static int fail(char *why, const char *text)
{
    if (why)
        (void)snprintf(why, RN_WHY, "%s", text);
    return RN_E_STATE;
}

int rn_state_open(struct rn_state *s, const char *name, bool write, char *why)
{
    bool fails = sim_begin(SIM_STATE_OPEN);
    int err = RN_OK;

    (void)name;
    s->handle = -1;
    if (write && (d.locked || sim_plan()->state_busy))
        err = RN_E_BUSY;
    else if (fails)
        err = fail(why, "opening the state: Input/output error");
    else if (!d.exists && !write)
        err = RN_E_ABSENT;
    /* A cut while the file is made: it is there, or it is not. */
    if (err == RN_OK && !d.exists && (!sim_cuts_during() || sim_random() & 1))
        d.exists = true;
    if (err == RN_OK) {
        d.locked = d.locked || write;
        s->handle = write ? 1 : 0;
    }
    sim_done();
    return err;
}

int rn_state_load(struct rn_state *s, unsigned slot, void *buf, size_t cap)
{
    bool fails = sim_begin(SIM_STATE_LOAD);
    const uint8_t *raw = d.cache + place_of(slot);
    size_t len = 0;

    RN_ASSERT(s->handle >= 0);
    for (unsigned i = 0; i < 4; i++)
        len |= (size_t)raw[4 + i] << (8 * i);
    if (len > most_of(slot))
        len = most_of(slot);
    if (len > d.used[slot] - HEAD) /* a torn head: the file ends here */
        len = d.used[slot] - HEAD;
    if (len > cap)
        len = cap;
    if (!fails)
        memcpy(buf, raw + HEAD, len);
    sim_done();
    return fails ? RN_E_STATE : (int)len;
}

static void write_cache(unsigned slot, const void *buf, size_t len)
{
    uint8_t *raw = d.cache + place_of(slot);

    if (d.used[slot] < HEAD + len) {
        memset(raw + d.used[slot], 0, HEAD + len - d.used[slot]);
        memset(d.disk + place_of(slot) + d.used[slot], 0,
               HEAD + len - d.used[slot]);
        d.used[slot] = HEAD + len;
    }
    if (!d.dirty[slot])
        copy_slot(d.disk, d.cache, slot);
    memcpy(raw, "RNS1", 4);
    for (unsigned i = 0; i < 4; i++)
        raw[4 + i] = (uint8_t)(len >> (8 * i));
    memcpy(raw + HEAD, buf, len);
    d.dirty[slot] = true;
}

int rn_state_save(struct rn_state *s, unsigned slot, const void *buf,
                  size_t len, char *why)
{
    bool fails = sim_begin(SIM_STATE_SAVE);
    int err = RN_OK;

    RN_ASSERT(s->handle == 1 && len <= most_of(slot));
    sim_trace("save %zu bytes in slot %u", len, slot);
    if (fails && sim_plan()->disk == SIM_DISK_REFUSES) {
        err = fail(why, "saving the state: No space left on device");
    } else {
        write_cache(slot, buf, len);
        if (fails)
            err = fail(why, "saving the state: Input/output error");
        if (fails || sim_cuts_during())
            half_write(slot);
        else if (!sim_plan()->state_forgets)
            d.dirty[slot] = false;
    }
    sim_done();
    return err;
}

void rn_state_close(struct rn_state *s)
{
    (void)sim_begin(SIM_STATE_CLOSE);
    if (s->handle == 1)
        d.locked = false;
    s->handle = -1;
    sim_done();
}
