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
#define SLOTS  2u

static struct {
    bool exists;
    bool locked;
    bool dirty[SLOTS];              /* cache and disk differ            */
    uint8_t cache[SLOTS][SIM_SLOT]; /* what a read gives                */
    uint8_t disk[SLOTS][SIM_SLOT];  /* what a power cut leaves          */
} d;

void sim_state_start(void)
{
    d.exists = false;
    d.locked = false;
    for (unsigned i = 0; i < SLOTS; i++) {
        d.dirty[i] = false;
        memset(d.cache[i], 0, 8);
        memset(d.disk[i], 0, 8);
    }
}

uint8_t *sim_state_slot(unsigned slot)
{
    RN_ASSERT(!d.locked && slot < SLOTS);
    return d.cache[slot];
}

void sim_state_lose(void)
{
    sim_state_start();
}

bool sim_open_state(void)
{
    return d.locked;
}

void sim_state_power_cut(void)
{
    d.locked = false;
    for (unsigned i = 0; i < SLOTS; i++) {
        if (d.dirty[i])
            memcpy(d.cache[i], d.disk[i], SIM_SLOT);
        d.dirty[i] = false;
    }
}

/* Any mix of old and new, by sector. */
static void tear(unsigned slot)
{
    for (size_t at = 0; at < SIM_SLOT; at += SECTOR) {
        size_t n = SIM_SLOT - at < SECTOR ? SIM_SLOT - at : SECTOR;

        if (sim_random() & 1)
            memcpy(d.disk[slot] + at, d.cache[slot] + at, n);
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
        memcpy(d.disk[slot], d.cache[slot], SIM_SLOT);
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
    const uint8_t *raw = d.cache[slot];
    size_t len = 0;

    RN_ASSERT(s->handle >= 0 && slot < SLOTS);
    for (unsigned i = 0; i < 4; i++)
        len |= (size_t)raw[4 + i] << (8 * i);
    if (len > RN_STATE_MAX)
        len = RN_STATE_MAX;
    if (len > cap)
        len = cap;
    if (!fails)
        memcpy(buf, raw + 8, len);
    sim_done();
    return fails ? RN_E_STATE : (int)len;
}

static void write_cache(unsigned slot, const void *buf, size_t len)
{
    uint8_t *raw = d.cache[slot];

    memcpy(raw, "RNS1", 4);
    for (unsigned i = 0; i < 4; i++)
        raw[4 + i] = (uint8_t)(len >> (8 * i));
    memcpy(raw + 8, buf, len);
    d.dirty[slot] = true;
}

int rn_state_save(struct rn_state *s, unsigned slot, const void *buf,
                  size_t len, char *why)
{
    bool fails = sim_begin(SIM_STATE_SAVE);
    int err = RN_OK;

    RN_ASSERT(s->handle == 1 && slot < SLOTS && len <= RN_STATE_MAX);
    sim_trace("save %zu bytes in slot %u", len, slot);
    if (fails && sim_plan()->disk == SIM_DISK_REFUSES) {
        err = fail(why, "saving the state: No space left on device");
    } else {
        if (!d.dirty[slot])
            memcpy(d.disk[slot], d.cache[slot], SIM_SLOT);
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
